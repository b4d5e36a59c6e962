//! What a customer sees with nothing but the tracking number: steps, and what is awaited. No personal data, no prices.
//!
//! Invariants: a wrong number never reveals whether there is such a visit, and costs time per address; where many
//! guess, only wrong ones wait for each other; a visit is shown until 90 days after its last hand-over.

use domain::time::days_between;
use domain::workflow::Stage;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use store::query::*;
use store::rights::Actor;

use crate::access::guesses::{Tried, count, reserve, wait};
use crate::workflow::{RoadStep, chart_named, entered, road, step_title};
use store::error::{Error, Result};
use store::schema::{brands, centres, estimates, guesses, products, receptions, repairs, workflow_charts};
use store::types::{At, Day};
use store::views::Title;
use store::{Conn, Db, local_date, zone};

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
    pub road: Vec<RoadStep>,
}

/// Looks a visit up by its tracking number as typed, for a stranger at `address`.
///
/// # Errors
/// `NotFound` for a wrong number, a cancelled visit and one that is long over; `TooMany` after too many wrong ones.
pub fn track(db: &Db, typed: &str, address: &str) -> Result<TrackView> {
    let Looked { visit, wait } = db.read(|conn| find(conn, typed, address, db.now()))?;
    if wait > 0 {
        return Err(Error::TooMany { retry_after_seconds: wait });
    }
    visit.ok_or_else(|| missed(db, address))
}

/// What was found under a number.
#[derive(Clone, Debug)]
pub struct Looked {
    pub visit: Option<TrackView>,
    /// Seconds that the answer is kept back, because too many wrong numbers came from this address: whoever sent them,
    /// and whoever else is behind it.
    pub wait: i64,
}

/// The first half of `track`: what is there, if anything; nothing is written.
///
/// # Errors
/// The store.
pub fn find(conn: &mut Conn, typed: &str, address: &str, now: Timestamp) -> Result<Looked> {
    let rows = match domain::tracking::parse(typed) {
        Some(number) => repairs_of(conn, &number, address)?,
        None => Vec::new(),
    };
    Ok(match rows.first() {
        Some(&(_, blocked_until, ..)) => Looked { visit: view(conn, rows, now)?, wait: wait(blocked_until, now) },
        None => Looked { visit: None, wait: wait(Tried::tracking(address).blocked_until(conn)?, now) },
    })
}

/// The other half: counts a number under which nothing was found, and tells so. What is found costs nothing, whoever
/// else guesses: of eleven random digits one in a million is a visit, and each of those who miss waits for itself;
/// where many miss at once, they wait for each other too.
pub fn missed(db: &Db, address: &str) -> Error {
    let counted = db.write(&Actor::system(), |tx| {
        // The address waits for it also where all of them wait already.
        count(tx, &Tried::tracking(address))?;
        reserve(tx, &[Tried::tracking_of_all()])
    });
    counted.err().unwrap_or(Error::NotFound)
}

/// Of a repair, what its customer's page is made of.
#[derive(Queryable, Selectable)]
#[diesel(table_name = repairs)]
struct Tracked {
    id: i64,
    step: String,
    step_since_at: At,
    is_open: bool,
    outcome: Option<String>,
    returned_on: Option<Day>,
}

/// Of a visit and its centre, what its customer's page is made of.
type Visit = (String, At, Title, String, Option<String>, (Option<String>, Option<String>));

/// A repair of a visit; until when numbers from an address are not looked at; product and brand of the device; the
/// chart by its public id.
type Row = (Visit, Option<At>, Tracked, Title, Title, String);

/// The repairs of a visit that is open, and all else that its page needs of each: one read, since this page is the one
/// that most people look at.
fn repairs_of(conn: &mut Conn, number: &str, address: &str) -> Result<Vec<Row>> {
    Ok(receptions::table
        .inner_join(centres::table.on(centres::id.eq(receptions::centre_id)))
        .inner_join(repairs::table.on(repairs::reception_id.eq(receptions::id)))
        .inner_join(products::table.on(products::id.eq(repairs::product_id)))
        .inner_join(brands::table.on(brands::id.eq(repairs::brand_id)))
        .inner_join(workflow_charts::table.on(workflow_charts::id.eq(repairs::chart_id)))
        .filter(receptions::tracking_number.eq(number))
        .filter(receptions::state.eq("open"))
        .order(repairs::ordinal)
        .select((
            (
                receptions::tracking_number,
                receptions::occurred_at,
                (centres::title_fa, centres::title_en),
                centres::time_zone,
                centres::phone,
                (centres::hours_fa, centres::hours_en),
            ),
            guesses::table.find(Tried::tracking(address).subject()).select(guesses::blocked_until).single_value(),
            Tracked::as_select(),
            (products::title_fa, products::title_en),
            (brands::title_fa, brands::title_en),
            workflow_charts::public_id,
        ))
        .load(conn)?)
}

fn view(conn: &mut Conn, rows: Vec<Row>, now: Timestamp) -> Result<Option<TrackView>> {
    let Some((visit, ..)) = rows.first() else { return Ok(None) };
    let (tracking_number, received_at, centre, time_zone, phone, (hours_fa, hours_en)) = visit.clone();
    let today = local_date(now, &zone(&time_zone));
    let is_over = |row: &Tracked| {
        !row.is_open && Day::shown(row.returned_on).is_none_or(|returned| days_between(returned, today) > SHOWN_DAYS)
    };
    if rows.iter().all(|(_, _, row, ..)| is_over(row)) {
        return Ok(None);
    }
    let mut devices = Vec::with_capacity(rows.len());
    for (_, _, row, product, brand, chart) in rows {
        let chart = chart_named(conn, &chart)?;
        let road = road(&chart, &row.step, received_at.instant(), &entered(conn, row.id)?);
        devices.push(TrackedDevice {
            product,
            brand,
            step_title: step_title(&chart, &row.step),
            since: row.step_since_at.instant(),
            awaits: awaited(conn, &row, chart.stage(&row.step))?.to_owned(),
            road,
            step: row.step,
            outcome: row.outcome,
        });
    }
    Ok(Some(TrackView {
        tracking_number,
        centre,
        time_zone,
        phone,
        hours: hours_fa.zip(hours_en).map(|(fa, en)| Title { fa, en }),
        devices,
    }))
}

/// What a repair waits for, in the customer's eyes.
fn awaited(conn: &mut Conn, row: &Tracked, stage: Option<Stage>) -> Result<&'static str> {
    Ok(match stage {
        Some(Stage::Approval) => {
            let waiting = estimates::table
                .filter(estimates::repair_id.eq(row.id))
                .filter(estimates::state.eq("waiting"))
                .select(estimates::id);
            if waiting.first::<i64>(conn).optional()?.is_some() { "customer" } else { "workshop" }
        }
        Some(Stage::Parts) => "part",
        Some(Stage::Ready) => "pick_up",
        _ if row.is_open => "workshop",
        _ => "nothing",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::in_a_house;

    #[test]
    fn numbers_that_are_tried_at_once_all_count_and_the_address_is_slowed_not_barred() {
        in_a_house(|house| {
            house.at("1405/09/02 10:00");
            let customer = house.customer("زهرا کریمی", "09123456789");
            let device = house.device("TV-1", "T-1", "1404/01/15", &[]);
            let number = house.receive(&customer, &[(&device, "no-power")]).tracking_number;
            let look = |typed: &str| {
                house
                    .db
                    .read(|conn| {
                        find(conn, typed, "10.0.0.1", house.db.now()).map(|found| (found.visit.is_some(), found.wait))
                    })
                    .expect("looked at")
            };
            // All are looked at before the first of them is counted.
            for _ in 0..20 {
                assert_eq!(look("123456789012"), (false, 0));
            }
            for _ in 0..20 {
                assert!(matches!(missed(&house.db, "10.0.0.1"), Error::NotFound));
            }
            house.at("1405/09/02 10:00");
            let (is_there, wait) = look(&number);
            assert!(is_there && (51..=60).contains(&wait), "as after twenty, not after six: {wait}");
            assert!(matches!(look("not a number"), (false, 51..=60)));
            assert!(
                matches!(track(&house.db, &number, "10.0.0.1"), Err(Error::TooMany { .. })),
                "over the API that is said"
            );
            house.at("1405/09/02 10:02");
            assert_eq!(look(&number), (true, 0), "a minute at most");
        });
    }

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
            let is_full = |index: &u32| {
                matches!(
                    track(&house.db, "not a number", &format!("10.1.{}.{}", index / 200, index % 200)),
                    Err(Error::TooMany { .. })
                )
            };
            let missed_before = (0..2_000).find(is_full).expect("full");
            assert!(missed_before >= 590, "many may miss: {missed_before}");
            let Err(Error::TooMany { retry_after_seconds }) = track(&house.db, "123456789012", "10.0.0.3") else {
                panic!("not limited")
            };
            assert!((1..=60).contains(&retry_after_seconds));
            assert!(
                track(&house.db, &number, "10.0.0.3").is_ok(),
                "who has a number is not kept out by those who guess"
            );
            for _ in 0..20 {
                assert!(matches!(missed(&house.db, "10.0.0.9"), Error::TooMany { .. }));
            }
            let waits = house.db.read(|conn| find(conn, &number, "10.0.0.9", house.db.now())).expect("looked at").wait;
            assert!(waits > 50, "an address waits for its own, also while all of them wait: {waits}");
            house.at("1405/09/02 10:02");
            assert!(matches!(track(&house.db, "123456789012", "10.0.0.4"), Err(Error::NotFound)));
        });
    }
}
