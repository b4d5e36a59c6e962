//! `zamen import`: a file from the command line, with its progress and its report.

use std::cell::Cell;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use app::catalogue::organisation::centre_by_code;
use app::exchange::{
    IMPORT, ImportKind, ListProblems, RunImport, get_import, keep_file, list_import_problems, read_file, run,
    run_import,
};
use store::jobs::{Job, Retry, parked, work_on};
use store::rights::Actor;
use words::Lang;

use crate::config::Config;
use crate::serve::open;
use crate::work::IMPORT_RETRY;

/// How many twentieths of the import of this command were told.
struct Ours {
    shown: Cell<i64>,
}

/// How long is waited before another look whether it is over, in other hands.
const GLANCE: Duration = Duration::from_millis(200);

/// Who asked sees at once why it failed; others' imports are left to the workers of a server.
const JOB: Job<Ours> = Job {
    kind: IMPORT,
    retry: Retry { attempts: 1, ..IMPORT_RETRY },
    is_daily: false,
    run: |ours, task| {
        run(task.db(), task.key(), &mut |now| {
            let twentieths = now.done * 20 / now.total.max(1);
            if twentieths > ours.shown.replace(twentieths) {
                eprintln!("{} of {} rows", now.done, now.total);
            }
            task.went_on()
        })
    },
};

pub(crate) fn import(
    config: &Config,
    kind: &str,
    file: &Path,
    centre: Option<&str>,
    how: RunImport,
) -> Result<ExitCode, String> {
    let kinds = || ImportKind::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ");
    let kind = ImportKind::named(kind).ok_or_else(|| format!("\"{kind}\" is none of {}", kinds()))?;
    let bytes = std::fs::read(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    let name = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let db = open(config)?;
    let system = Actor::system();
    let centre = match centre {
        Some(code) => Some(
            db.read(|conn| centre_by_code(conn, code))
                .map_err(|_| format!("there is no centre with the code \"{code}\""))?,
        ),
        None => None,
    };
    let file = read_file(&name, bytes).map_err(|error| told(&error))?;
    let kept = db.write(&system, |tx| {
        let kept = keep_file(tx, kind, &file, centre.as_deref())?;
        run_import(tx, &kept.id, &how)
    });
    let kept = kept.map_err(|error| told(&error))?;
    drop(file);
    let ours = Ours { shown: Cell::new(0) };
    // Where a server runs on this store too, its workers may be sooner.
    let view = loop {
        work_on(&db, &JOB, &kept.id, &ours).map_err(|error| error.to_string())?;
        let parked = db.read(|conn| parked(conn, IMPORT, &kept.id)).map_err(|error| error.to_string())?;
        if let Some(error) = parked {
            return Err(error);
        }
        let view = db.read(|conn| get_import(conn, &system, &kept.id)).map_err(|error| error.to_string())?;
        if !matches!(view.state.as_str(), "queued" | "running") {
            break view;
        }
        std::thread::sleep(GLANCE);
    };
    let mut query = ListProblems { after_row: None, limit: Some(200) };
    loop {
        let page =
            db.read(|conn| list_import_problems(conn, &system, &kept.id, &query)).map_err(|error| error.to_string())?;
        for problem in page.items {
            let sentence =
                problem.reason.as_ref().map_or_else(String::new, |reason| web::problem::sentence(Lang::En, reason));
            println!("row {}\t{}\t{}\t{sentence}", problem.row, problem.column, problem.cell);
        }
        match page.next.and_then(|next| next.parse().ok()) {
            Some(next) => query.after_row = Some(next),
            None => break,
        }
    }
    let trial = if view.is_dry_run { " Nothing was written: this was a trial." } else { "" };
    println!(
        "{}: {} rows, {} written, {} known already, {} bad.{trial}",
        view.state, view.total, view.good, view.known, view.bad
    );
    Ok(if view.bad > 0 || view.state != "done" { ExitCode::from(2) } else { ExitCode::SUCCESS })
}

fn told(error: &store::error::Error) -> String {
    match error {
        store::error::Error::Invalid(faults) => faults
            .iter()
            .map(|fault| format!("{}: {}", fault.path, web::problem::sentence(Lang::En, &fault.reason)))
            .collect::<Vec<_>>()
            .join("\n"),
        other => other.to_string(),
    }
}
