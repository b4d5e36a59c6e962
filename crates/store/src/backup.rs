//! A copy of the whole store in one file, taken while it is served, and a store made from such a copy.
//!
//! Each engine copies itself: SQLite by `VACUUM INTO`, PostgreSQL by its own `pg_dump` and `pg_restore`; both see one
//! moment. Photos and papers stand in the store, so the file is all but the key of secrets, which is kept apart
//! (`vault`).

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::Command;

use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{Connection, SqliteConnection};

use super::query::*;
use super::{Conn, Engine, private};

/// What is counted of a store, to be compared with what is counted of its copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sums {
    /// Tables with their rows, by name.
    pub rows: Vec<(String, i64)>,
    /// What was ever booked on the debit side, in minor units.
    pub booked: i64,
}

impl fmt::Display for Sums {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |name: &str| self.rows.iter().find(|(table, _)| table == name).map_or(0, |(_, rows)| *rows);
        let all = self.rows.iter().map(|(_, rows)| rows).sum::<i64>();
        write!(
            out,
            "{} receptions, {} repairs, {} invoices, {} journal entries, {} booked, {all} rows in {} tables",
            of("receptions"),
            of("repairs"),
            of("invoices"),
            of("journal"),
            self.booked,
            self.rows.len()
        )
    }
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = Nullable<BigInt>)]
    number: Option<i64>,
}

/// The names of the tables of a store, but for those of the migrations.
pub(super) fn tables(conn: &mut Conn) -> QueryResult<Vec<String>> {
    let list = match conn {
        Conn::Sqlite(_) => {
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
        }
        Conn::Pg(_) => {
            "SELECT table_name::text COLLATE \"C\" AS name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1"
        }
    };
    Ok(diesel::sql_query(list)
        .load::<Name>(conn)?
        .into_iter()
        .map(|table| table.name)
        .filter(|name| !name.starts_with("__diesel"))
        .collect())
}

fn number(conn: &mut Conn, query: &str) -> QueryResult<i64> {
    Ok(diesel::sql_query(query).get_result::<Number>(conn)?.number.unwrap_or(0))
}

/// Counts a store, all at one moment.
fn sums(conn: &mut Conn) -> QueryResult<Sums> {
    let names = tables(conn)?;
    let rows = names
        .into_iter()
        .map(|name| number(conn, &format!("SELECT count(*) AS number FROM {name}")).map(|rows| (name, rows)))
        .collect::<QueryResult<_>>()?;
    let booked = number(conn, "SELECT CAST(sum(debit_minor) AS bigint) AS number FROM ledger_entries")?;
    Ok(Sums { rows, booked })
}

fn told(error: impl fmt::Display) -> String {
    error.to_string()
}

/// A new file that nobody else may read: a copy holds people's names and numbers.
fn new_file(path: &Path) -> Result<File, String> {
    private::file(path).map_err(|error| format!("{} cannot be made: {error}", path.display()))
}

/// Copies the store at `url` into a new file, which must not be there yet, and counts what was copied.
///
/// # Errors
/// A sentence: the file is there already, the disk is full, a program of PostgreSQL is missing.
pub fn save(url: &str, file: &Path) -> Result<Sums, String> {
    drop(new_file(file)?);
    let saved = match Engine::of(url) {
        Engine::Sqlite => save_sqlite(url, file),
        Engine::Postgres => save_postgres(url, file),
    };
    if saved.is_err() {
        // Half a copy is none.
        let _ = std::fs::remove_file(file);
    }
    saved
}

fn save_sqlite(url: &str, file: &Path) -> Result<Sums, String> {
    if !Path::new(url).exists() {
        return Err(format!("there is no store at {url}"));
    }
    let mut conn = Conn::open(url).map_err(told)?;
    conn.batch_execute(&format!("VACUUM INTO '{}'", file.display().to_string().replace('\'', "''"))).map_err(told)?;
    // What was written is on the disk before it is called a copy.
    File::open(file).and_then(|file| file.sync_all()).map_err(told)?;
    let copy = SqliteConnection::establish(&file.display().to_string()).map_err(told)?;
    sums(&mut Conn::Sqlite(copy)).map_err(told)
}

fn save_postgres(url: &str, file: &Path) -> Result<Sums, String> {
    let mut conn = Conn::open(url).map_err(told)?;
    conn.begin_read().map_err(told)?;
    // The copy and the count see the same moment.
    let snapshot =
        diesel::sql_query("SELECT pg_export_snapshot() AS name").get_result::<Name>(&mut conn).map_err(told)?.name;
    run("pg_dump", url, |command| {
        command.args(["--format=custom", "--no-owner", "--no-privileges", "--snapshot", &snapshot, "--file"]).arg(file)
    })?;
    let counted = sums(&mut conn).map_err(told)?;
    conn.rollback().map_err(told)?;
    Ok(counted)
}

/// Makes a store at `url`, where none is, from a copy, and counts it.
///
/// # Errors
/// A sentence: it is no copy, one of the other engine, or a store is there already.
pub fn restore(file: &Path, url: &str) -> Result<Sums, String> {
    let mut head = [0; 16];
    let read = File::open(file)
        .and_then(|mut file| file.read(&mut head))
        .map_err(|error| format!("{}: {error}", file.display()))?;
    let made_by = match &head[..read] {
        head if head.starts_with(b"SQLite format 3\0") => Engine::Sqlite,
        head if head.starts_with(b"PGDMP") => Engine::Postgres,
        _ => return Err(format!("{} is no copy of a store", file.display())),
    };
    if made_by != Engine::of(url) {
        return Err(format!(
            "{} is a copy of a store of {made_by:?}; it can be restored into such a store only",
            file.display()
        ));
    }
    match made_by {
        Engine::Sqlite => restore_sqlite(file, url),
        Engine::Postgres => restore_postgres(file, url),
    }
}

fn restore_sqlite(file: &Path, url: &str) -> Result<Sums, String> {
    if let Some(there) =
        ["", "-wal", "-shm"].map(|ending| format!("{url}{ending}")).into_iter().find(|path| Path::new(path).exists())
    {
        return Err(format!("{there} is there already; a copy is restored where no store is"));
    }
    // The store is there when the whole of it is there and sound.
    let part = format!("{url}.part");
    let restored =
        copied(file, Path::new(&part)).and_then(|sums| std::fs::rename(&part, url).map_err(told).map(|()| sums));
    if restored.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    restored
}

fn copied(file: &Path, part: &Path) -> Result<Sums, String> {
    let mut source = File::open(file).map_err(told)?;
    let mut target = new_file(part)?;
    std::io::copy(&mut source, &mut target).and_then(|_| target.sync_all()).map_err(told)?;
    let damaged = |why: String| format!("the copy is damaged: {why}");
    let mut conn = Conn::Sqlite(SqliteConnection::establish(&part.display().to_string()).map_err(told)?);
    let found = diesel::sql_query("SELECT integrity_check AS name FROM pragma_integrity_check")
        .load::<Name>(&mut conn)
        .map_err(|error| damaged(error.to_string()))?;
    match found.iter().find(|row| row.name != "ok") {
        Some(row) => Err(damaged(row.name.clone())),
        None => sums(&mut conn).map_err(told),
    }
}

fn restore_postgres(file: &Path, url: &str) -> Result<Sums, String> {
    let mut conn = Conn::open(url).map_err(told)?;
    if !tables(&mut conn).map_err(told)?.is_empty() {
        return Err("there is a store in that database already; a copy is restored into an empty one".to_owned());
    }
    // An empty name is the one of the environment.
    run("pg_restore", url, |command| {
        command
            .args(["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges", "--dbname", ""])
            .arg(file)
    })?;
    sums(&mut conn).map_err(told)
}

/// Runs a program of PostgreSQL on the database at `url`. The parts of the URL go by the environment, where other
/// people's `ps` does not show the password.
fn run(program: &str, url: &str, with: impl FnOnce(&mut Command) -> &mut Command) -> Result<(), String> {
    let parsed = url::Url::parse(url).map_err(|error| format!("the store's URL is none: {error}"))?;
    let plain = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let mut command = Command::new(program);
    with(&mut command);
    let parts = [
        ("PGHOST", parsed.host_str().map(plain)),
        ("PGPORT", parsed.port().map(|port| port.to_string())),
        ("PGUSER", Some(plain(parsed.username())).filter(|user| !user.is_empty())),
        ("PGPASSWORD", parsed.password().map(plain)),
        ("PGDATABASE", Some(plain(parsed.path().trim_start_matches('/'))).filter(|name| !name.is_empty())),
    ];
    command.envs(parts.into_iter().filter_map(|(name, value)| Some((name, value?))));
    command.envs(parsed.query_pairs().map(|(name, value)| (format!("PG{}", name.to_uppercase()), value.into_owned())));
    match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(format!(
            "the program {program} of PostgreSQL is missing. On Debian or Ubuntu: apt-get install postgresql-client"
        )),
        Err(error) => Err(format!("{program}: {error}")),
    }
}
