//! How fast the real thing is, as a ratio to the least that any program must do: the same rows written by raw SQLite,
//! the same bytes served by a bare handler, the same look-up by a prepared statement, the same JSON parsed. Both sides
//! run in one process, alternating, in rounds; medians are printed as `name  ours  limit  ratio`. Absolute times say
//! what the machine is; only ratios are judged.
//!
//! To add one: a module with a function that returns `Measured`, and a line in `ALL`.

mod coverage;
mod growth;
mod http;
mod postgres;
mod process;
mod receive;
mod search;
mod store;

use std::time::{Duration, Instant};

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Orders in the store.
    pub orders: usize,
    pub rounds: usize,
    /// Work of one round.
    pub batch: usize,
}

impl Size {
    /// What the bars are about.
    pub const FULL: Self = Self { orders: 200_000, rounds: 5, batch: 300 };
    /// To see that every bench still works.
    pub const SMALL: Self = Self { orders: 2_000, rounds: 1, batch: 20 };
}

/// Ours and the limit, per piece of work.
pub struct Measured {
    pub ours: Duration,
    pub limit: Duration,
    /// The bar: limit ÷ ours at least this.
    pub bar: f64,
}

type Bench = fn(&mut store::Store, Size) -> Result<Measured, String>;

const ALL: [(&str, Bench); 14] = [
    ("receive", receive::run),
    ("coverage", coverage::run),
    ("search", search::run),
    ("tracking", http::tracking),
    ("list", http::list),
    ("memory", process::memory),
    ("start", process::start),
    ("growth-newest", |store, size| growth::run(store, size, growth::newest)),
    ("growth-step", |store, size| growth::run(store, size, growth::rare_step)),
    ("growth-overdue", |store, size| growth::run(store, size, growth::overdue)),
    ("growth-month", |store, size| growth::run(store, size, growth::month)),
    ("growth-exact", |store, size| growth::run(store, size, growth::exact)),
    ("growth-prefix", |store, size| growth::run(store, size, growth::beginning)),
    ("growth-track", |store, size| growth::run(store, size, growth::tracking)),
];

/// Whether a bench is meant by a word: its name, or the beginning of it up to a dash.
#[must_use]
pub fn is_wanted(name: &str, word: &str) -> bool {
    name == word || name.split('-').next() == Some(word)
}

type OnPostgres = fn(&mut postgres::Store, Size) -> Result<Measured, String>;

/// Those that need a cluster.
const ON_POSTGRES: [(&str, OnPostgres); 4] = [
    ("postgres-receive", postgres::receive),
    ("postgres-search", postgres::find),
    ("postgres-tracking", postgres::tracking),
    ("postgres-list", postgres::list),
];

/// Names of all benches.
pub fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|(name, _)| *name).chain(ON_POSTGRES.iter().map(|(name, _)| *name))
}

/// Runs one bench, those whose name begins with a word, or all, and prints a line for each. `cluster`: the URL of a
/// PostgreSQL cluster without a database; those that need one make a database of their own on it, and are left out
/// where none is named.
///
/// # Errors
/// A sentence about what could not be measured.
pub fn run(wanted: Option<&str>, size: Size, cluster: Option<&str>) -> Result<(), String> {
    let is_wanted = |name: &str| wanted.is_none_or(|wanted| is_wanted(name, wanted));
    println!("{:<18} {:>14} {:>14} {:>7} {:>6}", "name", "ours", "limit", "ratio", "bar");
    if ALL.iter().any(|(name, _)| is_wanted(name)) {
        let mut store = store::Store::filled(size.orders)?;
        for (name, bench) in ALL.iter().filter(|(name, _)| is_wanted(name)) {
            print(name, &bench(&mut store, size)?);
        }
    }
    if ON_POSTGRES.iter().any(|(name, _)| is_wanted(name)) {
        match cluster {
            Some(cluster) => {
                let mut store = postgres::Store::filled(cluster, size)?;
                let done: Result<(), String> =
                    ON_POSTGRES.iter().filter(|(name, _)| is_wanted(name)).try_for_each(|(name, bench)| {
                        print(name, &bench(&mut store, size)?);
                        Ok(())
                    });
                store.dropped()?;
                done?;
            }
            None => println!("left out: those on PostgreSQL, for which no cluster is named"),
        }
    }
    Ok(())
}

fn print(name: &str, measured: &Measured) {
    let ratio = measured.limit.as_secs_f64() / measured.ours.as_secs_f64();
    println!(
        "{name:<18} {:>14} {:>14} {ratio:>7.2} {:>6.2}",
        shown(measured.ours),
        shown(measured.limit),
        measured.bar
    );
}

fn shown(time: Duration) -> String {
    format!("{:.2} µs", time.as_secs_f64() * 1e6)
}

/// Runs both sides in turn and takes the medians, per piece of work.
fn alternating(
    rounds: usize,
    batch: usize,
    mut ours: impl FnMut() -> Result<(), String>,
    mut limit: impl FnMut() -> Result<(), String>,
) -> Result<(Duration, Duration), String> {
    let mut times = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        times.0.push(timed(&mut ours)?);
        times.1.push(timed(&mut limit)?);
    }
    let median = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2] / u32::try_from(batch.max(1)).unwrap_or(1)
    };
    Ok((median(times.0), median(times.1)))
}

fn timed(work: &mut impl FnMut() -> Result<(), String>) -> Result<Duration, String> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed())
}

/// Any error as a sentence.
fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}
