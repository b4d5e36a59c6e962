//! The search box with an exact serial, against the indexed look-ups that it needs.

use app::lookup::search;
use rusqlite::OptionalExtension;

use crate::store::{Store, raw};
use crate::{Measured, Size, alternating, told};

pub(crate) fn run(store: &mut Store, size: Size) -> Result<Measured, String> {
    let raw = raw(&store.path)?;
    let mut statement =
        raw.prepare("SELECT serial FROM devices WHERE has_serial ORDER BY serial_key LIMIT ?").map_err(told)?;
    let serials = statement
        .query_map([size.batch * 10], |row| row.get::<_, String>(0))
        .map_err(told)?
        .collect::<Result<Vec<_>, _>>()
        .map_err(told)?;
    let (ours, limit) = alternating(
        size.rounds,
        serials.len(),
        || {
            for serial in &serials {
                let found = search(&store.db, &store.receptionist, serial).map_err(told)?;
                if found.hits.is_empty() {
                    return Err(format!("{serial} was not found"));
                }
            }
            Ok(())
        },
        || {
            for serial in &serials {
                let key = domain::text::key(serial);
                let mut keys = raw
                    .prepare_cached("SELECT target_id FROM search_keys WHERE key IN (?, ?) LIMIT 20")
                    .map_err(told)?;
                let id: Option<i64> =
                    keys.query_row([&key, &domain::text::fold(serial)], |row| row.get(0)).optional().map_err(told)?;
                let mut device = raw
                    .prepare_cached("SELECT d.public_id, d.serial, p.title_fa, d.brand_id FROM devices d JOIN products p ON p.id = d.product_id WHERE d.id = ?")
                    .map_err(told)?;
                device.query_row([id], |row| row.get::<_, String>(0)).map_err(told)?;
            }
            Ok(())
        },
    )?;
    Ok(Measured { ours, limit, bar: 0.3 })
}
