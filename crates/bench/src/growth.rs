//! What a person waits for must not grow with the store: the same reads in a store, and in one with a tenth of its
//! orders.

use app::lookup::search;
use app::repair::{ListRepairs, list_repairs};
use app::tracking::track;
use domain::workflow::Stage;

use crate::store::{Store, raw};
use crate::{Measured, Size, alternating, told};

/// A read that somebody waits for, and the names that it needs in a store.
pub(crate) type Read = fn(&Store, &Names) -> Result<(), String>;

/// What exists in a store.
pub(crate) struct Names {
    serial: String,
    tracking: String,
}

/// The newest repairs.
pub(crate) fn newest(store: &Store, _: &Names) -> Result<(), String> {
    listed(store, ListRepairs::default())
}

/// The repairs at a stage at which few are.
pub(crate) fn rare_step(store: &Store, _: &Names) -> Result<(), String> {
    listed(store, ListRepairs { stage: Some(Stage::Check), ..ListRepairs::default() })
}

/// What is past its promised day.
pub(crate) fn overdue(store: &Store, _: &Names) -> Result<(), String> {
    listed(store, ListRepairs { overdue: Some(true), ..ListRepairs::default() })
}

/// What was received in one month of long ago: more than a page of it, in either store.
pub(crate) fn month(store: &Store, _: &Names) -> Result<(), String> {
    let today = store.receptionist.today(store.db.now());
    let ago = |days: i64| domain::time::plus_days(today, -days);
    listed(store, ListRepairs { from: ago(690), to: ago(660), ..ListRepairs::default() })
}

/// The search box with an exact serial.
pub(crate) fn exact(store: &Store, names: &Names) -> Result<(), String> {
    found(store, &names.serial)
}

/// The search box with the beginning of a serial.
pub(crate) fn beginning(store: &Store, names: &Names) -> Result<(), String> {
    found(store, &names.serial[..names.serial.len() - 1])
}

/// The customer's page.
pub(crate) fn tracking(store: &Store, names: &Names) -> Result<(), String> {
    track(&store.db, &names.tracking, "127.0.0.1").map(|_| ()).map_err(told)
}

fn listed(store: &Store, query: ListRepairs) -> Result<(), String> {
    store.db.read(|conn| list_repairs(conn, &store.receptionist, &query, store.db.now())).map(|_| ()).map_err(told)
}

fn found(store: &Store, typed: &str) -> Result<(), String> {
    match search(&store.db, &store.receptionist, typed).map_err(told)?.hits.is_empty() {
        true => Err(format!("{typed} was not found")),
        false => Ok(()),
    }
}

/// A read in the store against the same read in one of a tenth: a read that does not grow is about as fast in both.
pub(crate) fn run(store: &mut Store, size: Size, read: Read) -> Result<Measured, String> {
    store.with_tenth(size.orders)?;
    let tenth = store.tenth.as_deref().ok_or("there is no smaller store")?;
    let sides = (names(store)?, names(tenth)?);
    let again = |store: &Store, names: &Names| (0..size.batch).try_for_each(|_| read(store, names));
    let (ours, limit) = alternating(size.rounds, size.batch, || again(store, &sides.0), || again(tenth, &sides.1))?;
    Ok(Measured { ours, limit, bar: 0.5 })
}

fn names(store: &Store) -> Result<Names, String> {
    let raw = raw(&store.path)?;
    let text = |sql: &str| raw.query_row(sql, [], |row| row.get::<_, String>(0)).map_err(told);
    Ok(Names {
        serial: text("SELECT serial FROM devices WHERE has_serial ORDER BY id LIMIT 1")?,
        tracking: text(
            "SELECT tracking_number FROM receptions r WHERE length(tracking_number) = 12 AND EXISTS (SELECT 1 FROM repairs WHERE reception_id = r.id AND is_open) ORDER BY id LIMIT 1",
        )?,
    })
}
