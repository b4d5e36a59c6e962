//! What the command line does beside serving.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use app::access::session::actor_by_login;
use app::access::tokens::{CreateToken, create_token as make_token};
use app::access::users::{FirstPassword, reset_password as reset, user_id_by_login};
use app::reporting::{FailureCauses, FailuresBy, failure_causes};
use documents::sheet::Kind;
use serde_json::json;
use store::rights::{Actor, permissions};
use store::{Db, backup, private};
use words::Lang;

use crate::config::Config;
use crate::serve::{make_data_folder, open, open_with_any_key};

type Done = Result<ExitCode, String>;

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// `zamen coverage decide`: one case a line in, one decision a line out.
pub(crate) fn decide(cases: &str) -> Done {
    let input: Box<dyn Read> = if cases == "-" {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(cases).map_err(|error| format!("{cases}: {error}"))?)
    };
    let mut reader = BufReader::new(input);
    let mut out = BufWriter::new(io::stdout().lock());
    let mut all_right = true;
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        if reader.read_until(b'\n', &mut bytes).map_err(told)? == 0 {
            break;
        }
        // What is no UTF-8 is no JSON, and the run goes on.
        let line = String::from_utf8_lossy(&bytes);
        if line.trim().is_empty() {
            continue;
        }
        let answer = match domain::coverage::decide_text(&line) {
            Ok(decision) => serde_json::to_string(&decision).map_err(told)?,
            Err(error) => {
                all_right = false;
                json!({"case": domain::coverage::case_name(&line), "error": {"path": error.path, "message": error.message}}).to_string()
            }
        };
        writeln!(out, "{answer}").map_err(told)?;
    }
    out.flush().map_err(told)?;
    Ok(if all_right { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

pub(crate) fn bench(name: Option<&str>, small: bool, cluster: Option<&str>) -> Done {
    if let Some(name) = name.filter(|name| !bench::names().any(|known| bench::is_wanted(known, name))) {
        return Err(format!("\"{name}\" is none of {}", bench::names().collect::<Vec<_>>().join(", ")));
    }
    bench::run(name, if small { bench::Size::SMALL } else { bench::Size::FULL }, cluster)?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn openapi() -> Done {
    println!("{}", serde_json::to_string_pretty(&web::api::openapi::document()).map_err(told)?);
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn migrate(config: &Config) -> Done {
    open(config)?;
    println!("The store's tables are of this version.");
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn check(config: &Config) -> Done {
    tell_findings(&open(config)?)
}

fn tell_findings(db: &Db) -> Done {
    let findings = db.read(app::check::findings).map_err(told)?;
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() {
        println!("What is derived is what is stored.");
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::from(2))
    }
}

pub(crate) fn backup(config: &Config, file: &Path) -> Done {
    let sums = backup::save(&config.database_url(), file)?;
    println!("{}: {sums}", file.display());
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn restore(config: &Config, file: &Path) -> Done {
    make_data_folder(config)?;
    let sums = backup::restore(file, &config.database_url())?;
    println!("{}: {sums}", file.display());
    let db = open_with_any_key(config)?;
    db.forget_check_of_nothing().map_err(told)?;
    if let Err(sentence) = db.settle_key() {
        eprintln!("Before it is served: {sentence}.");
    }
    tell_findings(&db)
}

pub(crate) fn rotate_secrets(config: &Config, drop_unreadable: bool) -> Done {
    let done = open_with_any_key(config)?.rotate_key(drop_unreadable)?;
    println!("{} secrets are sealed with a new key, {} were given up.", done.sealed, done.dropped);
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn report(config: &Config, name: &str, by: &str, format: &str, output: Option<&Path>) -> Done {
    if name != "failure-causes" {
        return Err(format!("there is no report \"{name}\"; there is: failure-causes"));
    }
    let by = FailuresBy::named(by).ok_or_else(|| format!("\"{by}\" is none of product-kind, cause"))?;
    let query = FailureCauses { by: Some(by), from: None, to: None };
    let db = open(config)?;
    let actor = db.read(|conn| Actor::system().working_in(conn, None)).map_err(told)?;
    let rows = db.read(|conn| failure_causes(conn, &actor, &query)).map_err(told)?;
    let head = [
        if by == FailuresBy::ProductKind { "product_kind" } else { "cause" },
        "repairs",
        "title_fa",
        "title_en",
        "share_permille",
        "cumulated_permille",
    ];
    let table = std::iter::once(head.map(str::to_owned).to_vec())
        .chain(rows.iter().map(|row| {
            vec![
                row.code.clone(),
                row.repairs.to_string(),
                row.title.fa.clone(),
                row.title.en.clone(),
                row.share_permille.to_string(),
                row.cumulated_permille.to_string(),
            ]
        }))
        .collect::<Vec<_>>();
    let bytes = match format {
        "csv" => documents::sheet::table(Kind::Csv, "failure-causes", Lang::En, &table).map_err(told)?,
        "json" => serde_json::to_vec_pretty(&rows).map_err(told)?,
        "xlsx" => documents::sheet::table(Kind::Xlsx, "failure-causes", Lang::En, &table).map_err(told)?,
        "pdf" => web::failures_pdf(Lang::En, &query, &rows, db.now(), &actor.zone).map_err(told)?,
        other => return Err(format!("\"{other}\" is none of csv, json, xlsx, pdf")),
    };
    match output {
        Some(path) => {
            let written =
                private::file(path).and_then(|mut file| file.write_all(&bytes).and_then(|()| file.sync_all()));
            written.map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
        }
        None => {
            private::output();
            io::stdout().write_all(&bytes).map_err(told)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn create_token(config: &Config, login: &str, title: &str, days: i64) -> Done {
    let db = open(config)?;
    let actor = db.read(|conn| actor_by_login(conn, login)).map_err(|_| format!("nobody signs in as \"{login}\""))?;
    let command = CreateToken { title: title.to_owned(), scopes: Vec::new(), days: Some(days) };
    private::output();
    println!("{}", db.write(&actor, |tx| make_token(tx, &command)).map_err(told)?);
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn access_table(config: &Config) -> Done {
    for cell in open(config)?.read(permissions::table).map_err(told)? {
        let amount = cell.amount.map_or_else(|| "-".to_owned(), |amount| amount.to_string());
        println!(
            "{}\t{}\t{}\t{}\t{amount}",
            cell.action.name(),
            cell.role.name(),
            if cell.is_allowed { "yes" } else { "no" },
            cell.percent
        );
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn reset_password(config: &Config, login: &str) -> Done {
    let db = open(config)?;
    let mut password = String::new();
    eprint!("New first password for {login}: ");
    io::stdin().read_line(&mut password).map_err(told)?;
    let id = db.read(|conn| user_id_by_login(conn, login)).map_err(|_| format!("nobody signs in as \"{login}\""))?;
    let first = FirstPassword::of(password.trim().to_owned(), db.random()).map_err(told)?;
    db.write(&Actor::system(), |tx| reset(tx, &id, &first))
        .map_err(|_| "the password is shorter than 8 characters".to_owned())?;
    println!("{login} signs in with it and chooses another.");
    Ok(ExitCode::SUCCESS)
}
