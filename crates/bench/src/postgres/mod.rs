//! The same work on PostgreSQL, against libpq doing the same statements: those that ours sent are taken down with their
//! values and sent again. What they write is taken back within the transaction, which is then committed with a row of
//! its own: the server does the same work, waits for the disk as ours does, and the statements can be repeated.

mod libpq;
mod recorded;

use std::sync::Arc;

use app::access::session::actor_by_login;
use app::lookup::search;
use app::reception::{CustomerChoice, ReceiveDevice, ReceiveDevices, receive_devices};
use app::repair::{ListRepairs, list_repairs};
use store::Db;
use store::error::Error;
use store::query::*;
use store::rights::Actor;
use store::schema::{device_states, devices, parties, party_roles, receptions, repairs};

use self::libpq::Connection;
use self::recorded::{Statement, statements_of};
use crate::store::{Engine, Wall, copies};
use crate::{Measured, Size, alternating, told};

/// How a rehearsal ends, so that nothing of it stays.
const REHEARSAL: &str = "rehearsal";

/// The highest id of a table.
const HIGHEST: &str = "coalesce((SELECT max(id) FROM %1$I), 1)";

/// The SQL that lets the ids of all tables go on from a number.
fn ids_from(number: &str) -> String {
    format!(
        "DO $$ DECLARE of RECORD; BEGIN \
         FOR of IN SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'id' AND (is_identity = 'YES' OR column_default LIKE 'nextval%') LOOP \
         EXECUTE format('SELECT setval(pg_get_serial_sequence(''%1$I'', ''id''), {number})', of.table_name); END LOOP; END $$"
    )
}

/// A database of its own on a cluster, with many orders in it.
pub(crate) struct Store {
    db: Db,
    receptionist: Actor,
    raw: Connection,
    /// Devices at rest and a customer for receptions; public ids.
    devices: Vec<String>,
    customer: String,
    cluster: String,
    name: String,
}

impl Store {
    pub(crate) fn filled(cluster: &str, size: Size) -> Result<Self, String> {
        recorded::listen()?;
        let name = format!("zamen_bench_{}", std::process::id());
        Connection::open(&format!("{cluster}/postgres"))?.run(&format!("CREATE DATABASE {name}"))?;
        let url = format!("{cluster}/{name}");
        let db = Db::open(&url, Arc::new(Wall), [9; 32], [9; 32]).map_err(told)?;
        db.migrate().map_err(told)?;
        app::demo::fill(&db).map_err(told)?;
        let there = db.read(|conn| Ok(repairs::table.count().get_result::<i64>(conn)?)).map_err(told)?;
        let raw = Connection::open(&url)?;
        raw.run(&copies(Engine::Postgres, (i64::try_from(size.orders).unwrap_or(0) / there).max(1) - 1))?;
        raw.run("CREATE TABLE bench_marks (mark BIGINT)")?;
        let receptionist = db.read(|conn| actor_by_login(conn, "maryam")).map_err(told)?;
        let wanted = i64::try_from(size.batch * (size.rounds + 2)).unwrap_or(i64::MAX);
        let (devices, customer) = db
            .read(|conn| {
                let at_work = repairs::table.filter(repairs::is_open.eq(true)).select(repairs::device_id);
                let at_rest = devices::table
                    .inner_join(device_states::table.on(device_states::device_id.eq(devices::id)))
                    .filter(devices::has_serial.eq(true))
                    .filter(device_states::owner_party_id.is_not_null())
                    .filter(diesel::dsl::not(devices::id.eq_any(at_work)))
                    .order(devices::id.desc())
                    .limit(wanted);
                let customers = parties::table
                    .inner_join(party_roles::table.on(party_roles::party_id.eq(parties::id)))
                    .filter(party_roles::role.eq("customer"));
                Ok((at_rest.select(devices::public_id).load(conn)?, customers.select(parties::public_id).first(conn)?))
            })
            .map_err(told)?;
        Ok(Self { db, receptionist, raw, devices, customer, cluster: cluster.to_owned(), name })
    }

    /// Removes the database.
    pub(crate) fn dropped(self) -> Result<(), String> {
        let (cluster, name) = (self.cluster.clone(), self.name.clone());
        drop(self);
        Connection::open(&format!("{cluster}/postgres"))?.run(&format!("DROP DATABASE {name} WITH (FORCE)"))
    }

    /// Work of ours, `batch` times, against its statements by libpq. The statements are those of a rehearsal, whose
    /// writes come to nothing.
    fn measured(
        &mut self,
        size: Size,
        bar: f64,
        mut work: impl FnMut(&mut Self, bool) -> Result<(), String>,
    ) -> Result<Measured, String> {
        let mut batch = |store: &mut Self, is_rehearsal| (0..size.batch).try_for_each(|_| work(store, is_rehearsal));
        // Numbers and ids of a rehearsal must not be those that are given out afterwards; repeated, its statements meet
        // the ids that they name.
        self.raw.run("UPDATE number_series SET last_number = last_number + 500000")?;
        self.raw.run(&ids_from("10000000"))?;
        let statements = statements_of(|| batch(self, true))?;
        self.raw.run("UPDATE number_series SET last_number = last_number - 500000")?;
        self.raw.run(&ids_from(HIGHEST))?;
        let store = std::cell::RefCell::new(self);
        let (ours, limit) = alternating(
            size.rounds,
            size.batch,
            || batch(&mut store.borrow_mut(), false),
            || store.borrow_mut().raw.all(&statements),
        )?;
        Ok(Measured { ours, limit, bar })
    }
}

impl Connection {
    fn all(&mut self, statements: &[Statement]) -> Result<(), String> {
        let writes = statements.iter().any(|statement| statement.sql.contains("SERIALIZABLE"));
        if writes {
            self.run(&ids_from("10000000"))?;
        }
        let mut is_write = false;
        for statement in statements {
            match statement.sql.as_str() {
                sql if sql.starts_with("BEGIN") => {
                    is_write = sql.contains("SERIALIZABLE");
                    self.run(sql)?;
                    if is_write {
                        self.run("SAVEPOINT work")?;
                    }
                }
                "COMMIT" | "ROLLBACK" if is_write => {
                    self.run("ROLLBACK TO SAVEPOINT work")?;
                    self.run("INSERT INTO bench_marks VALUES (1)")?;
                    self.run("COMMIT")?;
                }
                sql if statement.values.is_empty() && !sql.starts_with("SELECT") => self.run(sql)?,
                _ => self.repeat(statement)?,
            }
        }
        if writes { self.run(&ids_from(HIGHEST)) } else { Ok(()) }
    }
}

pub(crate) fn receive(store: &mut Store, size: Size) -> Result<Measured, String> {
    store.measured(size, 0.5, |store, is_rehearsal| {
        let device = store.devices.pop().ok_or("there are too few devices")?;
        let command = ReceiveDevices {
            centre: None,
            place: None,
            customer: CustomerChoice { id: Some(store.customer.clone()), new: None },
            devices: vec![ReceiveDevice {
                device: Some(device),
                faults: vec!["C01".to_owned()],
                ..ReceiveDevice::default()
            }],
            note: None,
        };
        let done = store.db.write(&store.receptionist, |tx| {
            receive_devices(tx, &command)?;
            if is_rehearsal { Err(Error::conflict(REHEARSAL)) } else { Ok(()) }
        });
        match done {
            Err(Error::Conflict(reason)) if reason.code == REHEARSAL => Ok(()),
            done => done.map_err(told),
        }
    })
}

pub(crate) fn find(store: &mut Store, size: Size) -> Result<Measured, String> {
    let serial = store.db.read(|conn| {
        Ok(devices::table
            .filter(devices::has_serial.eq(true))
            .order(devices::id.desc())
            .select(devices::serial)
            .first::<String>(conn)?)
    });
    let serial = serial.map_err(told)?;
    store.measured(size, 0.3, |store, _| {
        let found = search(&store.db, &store.receptionist, &serial).map_err(told)?;
        if found.hits.is_empty() { Err(format!("{serial} was not found")) } else { Ok(()) }
    })
}

pub(crate) fn tracking(store: &mut Store, size: Size) -> Result<Measured, String> {
    let open = repairs::table
        .inner_join(receptions::table.on(receptions::id.eq(repairs::reception_id)))
        .filter(repairs::is_open.eq(true));
    let number = store
        .db
        .read(|conn| Ok(open.order(repairs::id).select(receptions::tracking_number).first::<String>(conn)?))
        .map_err(told)?;
    store.measured(size, 0.3, |store, _| {
        let now = store.db.now();
        let found = store.db.read(|conn| app::tracking::find(conn, &number, "127.0.0.1", now)).map_err(told)?;
        found.visit.map(|_| ()).ok_or_else(|| format!("{number} was not found"))
    })
}

pub(crate) fn list(store: &mut Store, size: Size) -> Result<Measured, String> {
    store.measured(size, 0.25, |store, _| {
        let query = ListRepairs { step: Some("delivered".to_owned()), limit: Some(50), ..ListRepairs::default() };
        let now = store.db.now();
        store.db.read(|conn| list_repairs(conn, &store.receptionist, &query, now)).map(|_| ()).map_err(told)
    })
}
