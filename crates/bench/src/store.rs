//! A store with many orders in it: a few are made by commands, the rest are copies of their rows under names of their
//! own.

use std::path::PathBuf;
use std::sync::Arc;

use app::access::session::actor_by_login;
use jiff::Timestamp;
use rusqlite::Connection;
pub(crate) use store::conn::Engine;
use store::rights::Actor;
use store::{Clock, Db};

use crate::told;

pub(crate) struct Wall;

impl Clock for Wall {
    #[expect(clippy::disallowed_methods, reason = "a bench runs at the time on the wall")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

pub(crate) struct Store {
    pub db: Db,
    pub path: PathBuf,
    pub receptionist: Actor,
    pub folder: tempfile::TempDir,
    /// A store with a tenth of the orders, once a bench asked for it.
    pub tenth: Option<Box<Self>>,
}

impl Store {
    /// The demo, and copies of its visits up to a number of orders.
    pub(crate) fn filled(orders: usize) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(told)?;
        let path = folder.path().join("zamen.db");
        let db = Db::open(path.to_str().unwrap_or_default(), Arc::new(Wall), [9; 32], [9; 32]).map_err(told)?;
        db.migrate().map_err(told)?;
        app::demo::fill(&db).map_err(told)?;
        let raw = raw(&path)?;
        let there: i64 = raw.query_row("SELECT count(*) FROM repairs", [], |row| row.get(0)).map_err(told)?;
        let extra = (i64::try_from(orders).unwrap_or(0) / there).max(1) - 1;
        raw.execute_batch(&copies(Engine::Sqlite, extra)).map_err(told)?;
        let receptionist = db.read(|conn| actor_by_login(conn, "maryam")).map_err(told)?;
        Ok(Self { db, path, receptionist, folder, tenth: None })
    }

    /// Makes sure that there is a store of a tenth beside this one of `orders`.
    pub(crate) fn with_tenth(&mut self, orders: usize) -> Result<(), String> {
        if self.tenth.is_none() {
            self.tenth = Some(Box::new(Self::filled(orders / 10)?));
        }
        Ok(())
    }
}

/// The SQL that makes `extra` copies of the rows of the demo's visits, under names of their own.
pub(crate) fn copies(engine: Engine, extra: i64) -> String {
    let (id, numbering) = match engine {
        Engine::Sqlite => ("lower(hex(randomblob(8)))", ""),
        Engine::Postgres => (
            "substr(md5(random()::text), 1, 16)",
            "SELECT setval(pg_get_serial_sequence('devices', 'id'), (SELECT max(id) FROM devices)), \
                    setval(pg_get_serial_sequence('receptions', 'id'), (SELECT max(id) FROM receptions)), \
                    setval(pg_get_serial_sequence('repairs', 'id'), (SELECT max(id) FROM repairs));",
        ),
    };
    format!(
        "BEGIN;
         CREATE TEMP TABLE n(k BIGINT PRIMARY KEY); WITH RECURSIVE c(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM c WHERE k < {extra}) INSERT INTO n SELECT k FROM c WHERE {extra} > 0;
         CREATE TEMP TABLE top AS SELECT (SELECT max(id) FROM devices) AS device, (SELECT max(id) FROM receptions) AS reception, (SELECT max(id) FROM repairs) AS repair;
         INSERT INTO devices SELECT d.id + k * top.device, {id}, product_id, brand_id, serial || 'x' || k, serial_key || 'x' || k, has_serial, tracking_code, imei, created_at FROM devices d, n, top WHERE has_serial;
         INSERT INTO device_states SELECT s.device_id + k * top.device, owner_party_id, NULL, meters, sold_on FROM device_states s JOIN devices d ON d.id = s.device_id AND d.has_serial AND d.id <= (SELECT device FROM top), n, top;
         INSERT INTO search_keys SELECT key || 'x' || k, kind, target_kind, target_id + k * top.device FROM search_keys, n, top WHERE target_kind = 'device' AND kind = 'serial';
         INSERT INTO receptions SELECT r.id + k * top.reception, {id}, number || 'x' || k, number_key || 'x' || k, tracking_number || 'x' || k, centre_id, customer_id, receiver_user_id, occurred_at, occurred_on, recorded_at, place, state, note, revision, version, TRUE FROM receptions r, n, top;
         INSERT INTO repairs (id, public_id, reception_id, ordinal, number, centre_id, brand_id, product_id, kind_id, device_id, customer_id, section_id, place, chart_id, step, stage, step_since_at, is_open, assignee_user_id, promised_on, priority, outcome, decision_id, repeat_of_id, handed_over_at, returned_on, occurred_on, version)
         SELECT r.id + k * top.repair, {id}, reception_id + k * top.reception, ordinal, number || 'x' || k, centre_id, brand_id, product_id, kind_id, device_id + k * top.device, customer_id, section_id, place, chart_id, step, stage, step_since_at, is_open AND k = 0, assignee_user_id, promised_on, priority, outcome, NULL, NULL, handed_over_at, returned_on, occurred_on, version FROM repairs r, n, top;
         INSERT INTO diagnoses (repair_id, fault_id, cause_id, component_id, finding, diagnosed_at)
         SELECT repair_id + k * top.repair, fault_id, cause_id, component_id, finding, diagnosed_at FROM diagnoses, n, top;
         COMMIT; {numbering} ANALYZE;"
    )
}

/// A connection of raw SQLite with the settings of ours.
pub(crate) fn raw(path: &std::path::Path) -> Result<Connection, String> {
    let raw = Connection::open(path).map_err(told)?;
    raw.execute_batch("PRAGMA busy_timeout = 15000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 268435456;")
        .map_err(told)?;
    raw.set_prepared_statement_cache_capacity(200);
    Ok(raw)
}
