//! A house with life in it, for trying: deterministic, made through the same commands that people use; and its removal.

mod data;
mod house;
mod visits;

use std::sync::{Arc, Mutex};

use domain::access::Action;
use domain::time::plus_days;
use jiff::Timestamp;
use jiff::civil::Date;
use rand::SeedableRng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use self::data::{FIRST, LAST};
use crate::access::session::actor_by_login;
use store::error::{Error, Result};
use store::query::*;
use store::rights::{Actor, Of};
use store::schema::{centres, receptions, repairs};
use store::{Conn, Db, local_date, settings, zone};

/// The password of everybody in the demo.
pub const PASSWORD: &str = "zamen-demo";

/// Names to sign in with, and what they are.
pub const LOGINS: [(&str, &str); 6] = [
    ("maryam", "receptionist"),
    ("saeed", "technician"),
    ("nasrin", "expert"),
    ("laleh", "centre manager"),
    ("kamran", "brand manager"),
    ("admin", "administrator"),
];

/// Receptionist and technician of each centre.
const CREWS: [(&str, &str); 3] = [("maryam", "saeed"), ("mahsa", "davood"), ("parvin", "omid")];

/// Whether the store holds the demo.
///
/// # Errors
/// The store.
pub fn is_demo(conn: &mut Conn) -> Result<bool> {
    Ok(settings::get(conn, "demo")?.is_some())
}

/// Tracking numbers of open visits to try.
///
/// # Errors
/// The store.
pub fn tracking_numbers(conn: &mut Conn) -> Result<Vec<String>> {
    let open = repairs::table.filter(repairs::is_open.eq(true)).select(repairs::reception_id);
    Ok(receptions::table
        .filter(receptions::id.eq_any(open))
        .order(receptions::id.desc())
        .select(receptions::tracking_number)
        .limit(3)
        .load(conn)?)
}

/// Where the demo's centres are.
const ZONE: &str = "Asia/Tehran";

/// A clock that the demo sets.
struct Set(Mutex<Timestamp>);

impl store::Clock for Set {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Fills an empty store. What lies in the past is written with its own days, in order, as it would have happened.
///
/// # Errors
/// The store, or a command that refuses: then the demo is wrong.
pub fn fill(db: &Db) -> Result<()> {
    let now = db.now();
    let mut maker = Maker {
        random: ChaCha8Rng::seed_from_u64(1405),
        now,
        today: local_date(now, &zone(ZONE)),
        made: Made::default(),
    };
    let clock = Arc::new(Set(Mutex::new(now)));
    let past = db.with_clock(clock.clone());
    let set = |at: Timestamp| *clock.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = at;
    set(maker.instant(-760, 8, 0)?);
    past.write(&Actor { zone: zone(ZONE), ..Actor::system() }, |tx| maker.furnish(tx))?;
    let system = past.read(|conn| {
        let first = centres::table.order(centres::id).select(centres::id).first::<i64>(conn)?;
        Actor::system().working_in(conn, Some(first))
    })?;
    past.write(&system, |tx| maker.customers_and_devices(tx))?;
    let crews = past.read(|conn| {
        CREWS
            .iter()
            .map(|(desk, bench)| Ok((actor_by_login(conn, desk)?, actor_by_login(conn, bench)?)))
            .collect::<Result<Vec<_>>>()
    })?;
    for (index, plan) in maker.visits().into_iter().enumerate() {
        set(maker.instant(
            plan.day,
            9 + i8::try_from(index % 7).unwrap_or(0),
            i8::try_from(index * 7 % 60).unwrap_or(0),
        )?);
        let (desk, bench) = &crews[plan.centre];
        past.write(desk, |tx| maker.visit(tx, bench, index, &plan))?;
    }
    db.write(&Actor::system(), |tx| settings::set(tx.conn, "demo", "yes"))
}

/// Removes the demo, all of it: the store is as empty as on its first day.
///
/// # Errors
/// `Forbidden` for anybody but an administrator; `Conflict` where the store holds no demo.
pub fn remove(db: &Db, actor: &Actor) -> Result<()> {
    actor.may(Action::KeepAccess, Of::All)?;
    if !db.read(is_demo)? {
        return Err(Error::conflict("no-demo"));
    }
    db.empty()
}

#[derive(Default)]
struct Made {
    brands: Vec<String>,
    centres: Vec<String>,
    kinds: Vec<String>,
    /// Public id, and which of the kinds.
    products: Vec<(String, usize)>,
    /// Public ids of parts by code.
    parts: Vec<(String, String)>,
    policies: Vec<String>,
    travel: String,
    /// Public ids of device and owner, and which of the kinds.
    devices: Vec<(String, String, usize)>,
}

struct Maker {
    random: ChaCha8Rng,
    now: Timestamp,
    today: Date,
    made: Made,
}

impl Maker {
    fn day(&self, days: i64) -> Date {
        plus_days(self.today, days).unwrap_or(self.today)
    }

    fn instant(&self, days: i64, hour: i8, minute: i8) -> Result<Timestamp> {
        let time = jiff::civil::Time::new(hour, minute, 0, 0).map_err(Error::internal)?;
        Ok(self.day(days).to_datetime(time).to_zoned_datetime(zone(ZONE)).map_err(Error::internal)?.timestamp())
    }

    fn name(&mut self) -> String {
        format!(
            "{} {}",
            FIRST.choose(&mut self.random).unwrap_or(&"زهرا"),
            LAST.choose(&mut self.random).unwrap_or(&"کریمی")
        )
    }
}

#[cfg(test)]
mod tests;
