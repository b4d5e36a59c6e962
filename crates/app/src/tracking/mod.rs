//! What a customer sees with nothing but the tracking number: steps, and what is awaited. No personal data, no prices.
//!
//! Invariants: a wrong number never reveals whether there is such a visit, and costs time per address and for all together; a visit is shown until 90
//! days after its last hand-over.

use diesel::prelude::*;
use domain::time::days_between;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::Actor;

use crate::access::session::{count_wrong, not_blocked};
use crate::catalogue::rows::Centre;
use crate::error::{Error, Result};
use crate::reception::rows::Reception;
use crate::repair::rows::Repair;
use crate::store::rows::Guess;
use crate::store::schema::{brands, centres, estimates, guesses, products, receptions, repairs};
use crate::store::types::{At, Day};
use crate::store::{Conn, Db, Tx, local_date, zone};
use crate::views::Title;
use crate::workflow::{chart, moves_of};

/// Days after the last hand-over for which a visit is shown.
const SHOWN_DAYS: i64 = 90;

/// A visit as its customer sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrackView {
    pub tracking_number: String,
    pub centre: Title,
    /// IANA name of the time zone in which the centre works.
    pub time_zone: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<Title>,
    pub devices: Vec<TrackedDevice>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrackedDevice {
    pub product: Title,
    pub brand: Title,
    /// Id of the step: a page has a sentence for each of the standard ones.
    pub step: String,
    pub step_title: Title,
    #[schemars(with = "String")]
    pub since: Timestamp,
    /// customer, part, workshop, pick_up or nothing.
    pub awaits: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    pub road: Vec<TrackedStep>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrackedStep {
    pub title: Title,
    /// done, now or ahead.
    pub state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub at: Option<Timestamp>,
}

/// Looks a visit up by its tracking number as typed, for a stranger at `address`.
///
/// # Errors
/// `NotFound` for a wrong number, a cancelled visit and one that is long over; `TooMany` after too many wrong ones.
pub fn track(db: &Db, typed: &str, address: &str) -> Result<TrackView> {
    let subject = format!("track:{address}");
    let found = db.read(|conn| {
        not_blocked(conn, &subject, db.now())?;
        not_crowded(conn, db.now())?;
        match domain::tracking::parse(typed) {
            Some(number) => view(conn, &number, db.now()),
            None => Ok(None),
        }
    })?;
    match found {
        Some(view) => Ok(view),
        None => {
            db.write(&Actor::system(), |tx| {
                count_wrong(tx, &subject)?;
                count_for_all(tx)
            })?;
            Err(Error::NotFound)
        }
    }
}

/// The row in which wrong numbers of all strangers together are counted, by the minute.
const ALL: &str = "track:*";
/// Wrong numbers of all strangers together in one minute, after which all wait for the next: with eleven random digits, a hundred years of this find one
/// visit in a thousand.
const MOST_PER_MINUTE: i64 = 600;

/// # Errors
/// `TooMany` while too many wrong numbers came in this minute, from wherever.
fn not_crowded(conn: &mut Conn, now: Timestamp) -> Result<()> {
    let row = guesses::table.find(ALL).select(Guess::as_select()).first(conn).optional()?;
    let minute = now.as_second().div_euclid(60);
    match row {
        Some(row) if row.last_at.instant().as_second().div_euclid(60) == minute && row.wrong_count >= MOST_PER_MINUTE => {
            Err(Error::TooMany { retry_after_seconds: 60 - now.as_second().rem_euclid(60) })
        }
        _ => Ok(()),
    }
}

fn count_for_all(tx: &mut Tx<'_>) -> Result<()> {
    let old = guesses::table.find(ALL).select(Guess::as_select()).first(tx.conn).optional()?;
    let minute = |at: Timestamp| at.as_second().div_euclid(60);
    let before = old.filter(|old| minute(old.last_at.instant()) == minute(tx.now)).map_or(0, |old| old.wrong_count);
    let row = Guess { subject: ALL.to_owned(), wrong_count: before + 1, blocked_until: None, last_at: At::from(tx.now) };
    diesel::delete(guesses::table.find(ALL)).execute(tx.conn)?;
    diesel::insert_into(guesses::table).values(row).execute(tx.conn)?;
    Ok(())
}

fn view(conn: &mut Conn, number: &str, now: Timestamp) -> Result<Option<TrackView>> {
    let reception = receptions::table.filter(receptions::tracking_number.eq(number)).filter(receptions::state.eq("open")).select(Reception::as_select()).first(conn).optional()?;
    let Some(reception) = reception else { return Ok(None) };
    let centre = centres::table.find(reception.centre_id).select(Centre::as_select()).first(conn)?;
    let today = local_date(now, &zone(&centre.time_zone));
    let rows = repairs::table.filter(repairs::reception_id.eq(reception.id)).order(repairs::ordinal).select(Repair::as_select()).load(conn)?;
    let is_over = |row: &Repair| !row.is_open && Day::shown(row.returned_on).is_none_or(|returned| days_between(returned, today) > SHOWN_DAYS);
    if rows.iter().all(is_over) {
        return Ok(None);
    }
    let devices = rows.into_iter().map(|row| tracked(conn, &row)).collect::<Result<_>>()?;
    Ok(Some(TrackView {
        tracking_number: reception.tracking_number,
        centre: Title::new(centre.title_fa, centre.title_en),
        time_zone: centre.time_zone,
        phone: centre.phone,
        hours: centre.hours_fa.zip(centre.hours_en).map(|(fa, en)| Title { fa, en }),
        devices,
    }))
}

fn tracked(conn: &mut Conn, row: &Repair) -> Result<TrackedDevice> {
    let chart = chart(conn, row.chart_id)?;
    let moves = moves_of(conn, row.id)?;
    let product = products::table.find(row.product_id).select((products::title_fa, products::title_en)).first::<(String, String)>(conn)?;
    let brand = brands::table.find(row.brand_id).select((brands::title_fa, brands::title_en)).first::<(String, String)>(conn)?;
    let at = chart.steps.iter().position(|step| step.id == row.step);
    let mut road = Vec::new();
    for (index, step) in chart.steps.iter().enumerate() {
        let entered = moves.iter().rev().find(|row| row.to_step == step.id).map(|row| row.moved_at.instant());
        let is_main = chart.road().iter().any(|main| main.id == step.id);
        let is_now = Some(index) == at;
        let was_there = entered.is_some() || step.id == chart.start;
        if is_now || is_main || (was_there && Some(index) < at) {
            let state = if is_now {
                "now"
            } else if was_there && Some(index) < at {
                "done"
            } else {
                "ahead"
            };
            let since = if step.id == chart.start && entered.is_none() { moves.first().map_or(Some(row.step_since_at), |_| None) } else { None };
            road.push(TrackedStep {
                title: Title::new(&step.title.fa, &step.title.en),
                state: state.to_owned(),
                at: if state == "ahead" { None } else { entered.or(since.map(|at| at.instant())) },
            });
        }
    }
    let step_title = chart.step(&row.step).map_or_else(|| Title::new(&row.step, &row.step), |step| Title::new(&step.title.fa, &step.title.en));
    let waiting = estimates::table.filter(estimates::repair_id.eq(row.id)).filter(estimates::state.eq("waiting")).select(estimates::id).first::<i64>(conn).optional()?;
    let awaits = match row.step.as_str() {
        "approval" if waiting.is_some() => "customer",
        "part" => "part",
        "ready" => "pick_up",
        _ if row.is_open => "workshop",
        _ => "nothing",
    };
    Ok(TrackedDevice {
        product: Title::new(product.0, product.1),
        brand: Title::new(brand.0, brand.1),
        step: row.step.clone(),
        step_title,
        since: row.step_since_at.instant(),
        awaits: awaits.to_owned(),
        outcome: row.outcome.clone(),
        road,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::in_a_house;

    #[test]
    fn wrong_numbers_cost_time_for_each_address_and_for_all_together() {
        in_a_house(|house| {
            house.at("1405/09/02");
            let customer = house.customer("زهرا کریمی", "09123456789");
            let device = house.device("TV-1", "T-1", "1404/01/15", &[]);
            let number = house.receive(&customer, &[(&device, "no-power")]).tracking_number;
            for _ in 0..6 {
                assert!(matches!(track(&house.db, "123456789012", "10.0.0.1"), Err(Error::NotFound)));
            }
            assert!(matches!(track(&house.db, &number, "10.0.0.1"), Err(Error::TooMany { .. })));
            assert!(track(&house.db, &number, "10.0.0.2").is_ok());
            for index in 0..MOST_PER_MINUTE {
                let _ = track(&house.db, "not a number", &format!("10.1.{}.{}", index / 200, index % 200));
            }
            let Err(Error::TooMany { retry_after_seconds }) = track(&house.db, &number, "10.0.0.3") else { panic!("not limited") };
            assert!((1..=60).contains(&retry_after_seconds));
            house.at("1405/09/02 10:02");
            assert!(track(&house.db, &number, "10.0.0.3").is_ok());
        });
    }
}
