//! A person's ruling on one line, beside the machine's decision: by right, with a reason, and both are seen for ever.
//!
//! Invariant: a ruling names a cover of the repair's case that could pay when the device was received. What a cover
//! leaves out is what a person rules on: its parts, faults, causes and exclusions, and a start that nobody knows. What is
//! given when its time, its meters or its limits are over is a goodwill, which has limits of its own. Where the cover is
//! suspended or void later, the machine's decision holds again.

use domain::access::Action;
use domain::coverage::{CoverKind, Outcome, barred};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::case::cover_id;
use super::decide::{case_of, decide_repair, work};
use super::rows::{Cover, CoverageOverride};
use crate::coverage::rulings::is_in_force;
use crate::repair::work::{in_hand, line_row, seen};
use store::error::{Arg, Error, Fault, Faults, OrInvalid, Result};
use store::query::*;
use store::rights::Actor;
use store::schema::coverage_overrides;
use store::types::At;
use store::{Conn, Event, Subject, Tx};

/// Lets a cover pay a percentage of a line, or none: then the customer pays it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OverrideCoverage {
    /// Public id of the line.
    #[schemars(length(max = 60))]
    pub line: String,
    /// Public id of the cover that is to pay; absent: the customer.
    #[schemars(length(max = 60))]
    #[serde(default)]
    pub cover: Option<String>,
    #[schemars(range(min = 0, max = 100))]
    #[serde(default)]
    pub percent: Option<i64>,
    #[schemars(length(min = 1, max = 500))]
    pub reason: String,
}

/// A cover that a ruling may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payable {
    /// Its public id.
    pub id: String,
    pub kind: String,
    pub number: String,
}

/// The covers of a repair's case that could pay a line of it, for who may rule on it.
///
/// # Errors
/// `NotFound`.
pub fn payable(conn: &mut Conn, actor: &Actor, repair: &str) -> Result<Vec<Payable>> {
    let repair = seen(conn, actor, repair, Action::OverrideCoverage)?;
    let work = work(conn, repair.id)?;
    let built = case_of(conn, &work)?;
    let mut payable = Vec::new();
    for cover in built.covers.iter().filter(|cover| cover.kind != CoverKind::Goodwill.name() && is_in_force(cover)) {
        if barred(&built.case, &cover_id(cover)).map_err(Error::internal)?.is_none() {
            payable.push(Payable {
                id: cover.public_id.clone(),
                kind: cover.kind.clone(),
                number: cover.number.clone(),
            });
        }
    }
    Ok(payable)
}

/// The cover of this public id among those of the repair's case, with a fault where it cannot pay.
fn could_pay(conn: &mut Conn, repair_id: i64, public_id: &str, faults: &mut Faults) -> Result<Option<Cover>> {
    let work = work(conn, repair_id)?;
    let built = case_of(conn, &work)?;
    let found = built.covers.iter().find(|cover| cover.public_id == public_id);
    match found {
        None => faults.add(Fault::new("cover", "cover-not-of-this")),
        Some(cover) if cover.kind == CoverKind::Goodwill.name() => {
            faults.add(Fault::new("cover", "goodwill-has-limits"))
        }
        Some(cover) if !is_in_force(cover) => faults.add(
            Fault::new("cover", "cover-not-in-force").with("state", Arg::word("cover-state", cover.state.clone())),
        ),
        Some(cover) => match barred(&built.case, &cover_id(cover)).map_err(Error::internal)? {
            None => {}
            Some(Outcome::NotStarted { first_day }) => {
                faults.add(Fault::new("cover", "cover-not-begun").with("day", first_day));
            }
            Some(Outcome::NotInScope) => faults.add(Fault::new("cover", "cover-of-other-parts")),
            Some(Outcome::Expired { last_day }) => {
                faults.add(Fault::new("cover", "cover-over").with("day", last_day));
            }
            Some(Outcome::UsageExceeded { limit, reading, .. }) => {
                faults.add(Fault::new("cover", "cover-beyond-its-meter").with("limit", limit).with("reading", reading));
            }
            Some(_) => faults.add(Fault::new("cover", "cover-used-up")),
        },
    }
    Ok(found.cloned())
}

/// # Errors
/// `Forbidden`, `NotFound`; `Invalid` without a reason or with a cover that cannot pay here; `Conflict` after
/// hand-over.
pub fn override_coverage(tx: &mut Tx<'_>, repair: &str, command: &OverrideCoverage) -> Result<()> {
    let repair = in_hand(tx, repair, Action::OverrideCoverage)?;
    let mut faults = Faults::default();
    let reason = command.reason.trim();
    faults.check(!reason.is_empty(), "reason", "required");
    let line = line_row(tx.conn, repair.id, &command.line).or_invalid("line", "unknown-reference")?;
    faults.check(line.state == "open", "line", "line-ended");
    faults.check(!line.is_fee, "line", "fee-of-the-house");
    let cover = match &command.cover {
        Some(public_id) => could_pay(tx.conn, repair.id, public_id, &mut faults)?,
        None => None,
    };
    faults.check(
        command.cover.is_some() || command.percent.is_none_or(|percent| matches!(percent, 0 | 100)),
        "percent",
        "needs-cover",
    );
    faults.told()?;
    let percent = if cover.is_some() { command.percent.unwrap_or(100) } else { 0 };
    let row = CoverageOverride {
        id: 0,
        work_line_id: line.id,
        cover_id: cover.map(|cover| cover.id),
        percent,
        reason: reason.to_owned(),
        decided_by: tx.actor.user_id.unwrap_or(0),
        decided_at: At::from(tx.occurred),
    };
    diesel::insert_into(coverage_overrides::table).values(row).execute(tx.conn)?;
    let event = Event::CoverageOverridden {
        number: repair.number.clone(),
        item: line.item_code,
        percent,
        reason: reason.to_owned(),
    };
    tx.record(
        (repair.centre_id, repair.brand_id),
        &event,
        &[Subject::Repair(repair.id), Subject::Device(repair.device_id)],
    )?;
    decide_repair(tx, repair.id, "override")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::covers::{ChangeCoverState, change_cover_state};
    use crate::coverage::goodwill::{GiveGoodwill, give_goodwill};
    use crate::testing::{House, RECEPTIONIST, in_a_house, told};
    use domain::coverage::CoverState;
    use store::error::Error;
    use store::schema::covers;

    fn covers_of(house: &House, device: &str) -> Vec<(String, String)> {
        let device = house
            .db
            .read(|conn| crate::devices::get_device(conn, &house.admin, device, house.db.now()))
            .expect("a device");
        device.covers.into_iter().map(|cover| (cover.number, cover.id)).collect()
    }

    fn cover(house: &House, device: &str, number: &str) -> String {
        covers_of(house, device)
            .into_iter()
            .find(|(known, _)| known.starts_with(number))
            .map(|(_, id)| id)
            .expect("a cover")
    }

    #[test]
    fn a_ruling_names_a_cover_of_this_device_and_moment_that_could_pay() {
        in_a_house(|house| {
            house.at("1405/09/02 08:00");
            let customer = house.customer("حسن مرادی", "09121112233");
            let device = house.device("TV-1", "T-1", "1404/01/15", &[]);
            let another = house.device("TV-1", "T-2", "1405/01/24", &[]);
            house.card(&device, "G-1");
            house.card(&another, "G-2");
            house.contract(&device, "K-2", "1405/10/01");
            let repair = house.receive(&customer, &[(&device, "no-power")]).repairs.remove(0).id;
            house.at("1405/09/03 08:00");
            house.contract(&device, "K-1", "1405/09/03");
            house.go(RECEPTIONIST, &repair, "to-diagnosis");
            house.diagnose(&repair, "no-power", "liquid");
            let line = house.operation(&repair, "SVC-ANY", Some(1_000_000));
            let give =
                GiveGoodwill { lines: Vec::new(), percent: 10, max_amount: None, reason: "a good customer".to_owned() };
            house.by(RECEPTIONIST, |tx| give_goodwill(tx, &repair, &give)).expect("given");

            let rule = |cover: &str| {
                let command = OverrideCoverage {
                    line: line.clone(),
                    cover: Some(cover.to_owned()),
                    percent: None,
                    reason: "the maker agreed".to_owned(),
                };
                house.db.write(&house.admin, |tx| override_coverage(tx, &repair, &command))
            };
            let refused = |told: Result<()>| match told {
                Err(Error::Invalid(faults)) if faults[0].path == "cover" => faults[0].reason.code.to_string(),
                other => format!("{other:?}"),
            };
            let card = cover(house, &device, "G-1");
            assert_eq!(refused(rule(&cover(house, &another, "G-2"))), "cover-not-of-this");
            assert_eq!(
                refused(rule(&cover(house, &device, "K-1"))),
                "cover-not-of-this",
                "entered after the device was received"
            );
            assert_eq!(refused(rule("0123456789abcdef")), "cover-not-of-this");
            assert_eq!(refused(rule(&cover(house, &device, "K-2"))), "cover-not-begun");
            let goodwill = house
                .db
                .read(|conn| {
                    Ok(covers::table
                        .filter(covers::kind.eq("goodwill"))
                        .select(covers::public_id)
                        .first::<String>(conn)?)
                })
                .expect("goodwill");
            assert_eq!(refused(rule(&goodwill)), "goodwill-has-limits");
            let turn = |state| {
                house.write(|tx| change_cover_state(tx, &card, &ChangeCoverState { state, reason: "asked".to_owned() }))
            };
            let offered = || house.db.read(|conn| payable(conn, &house.admin, &repair)).expect("covers");
            assert_eq!(offered().into_iter().map(|cover| cover.number).collect::<Vec<_>>(), ["G-1"]);
            turn(CoverState::Suspended);
            assert!(offered().is_empty());
            assert_eq!(refused(rule(&card)), "cover-not-in-force");
            assert_eq!(house.repair(&repair).customer_net, Some(900_000), "nothing was changed by what was refused");

            // A percentage is paid by somebody.
            let half = OverrideCoverage { line: line.clone(), cover: None, percent: Some(50), reason: "-".to_owned() };
            assert_eq!(told(house.write_or(|tx| override_coverage(tx, &repair, &half))), "percent: needs-cover");
            // The policy leaves liquids out, and the maker agreed.
            turn(CoverState::Active);
            rule(&card).expect("ruled");
            assert_eq!(house.repair(&repair).customer_net, Some(0));
            // A ruling that lost its cover makes nobody pay unsaid: what is decided holds again.
            turn(CoverState::Void);
            house.operation(&repair, "SVC-FAN", Some(200_000));
            assert_eq!(house.repair(&repair).customer_net, Some(1_100_000));
        });
    }

    #[test]
    fn what_is_given_when_a_cover_is_over_is_a_goodwill() {
        in_a_house(|house| {
            house.at("1405/09/02 08:00");
            let customer = house.customer("حسن مرادی", "09121112233");
            // The compressor's term goes on for longer, and there is none in a television.
            let device = house.device("TV-1", "T-1", "1402/08/24", &[]);
            house.card(&device, "G-1");
            let repair = house.receive(&customer, &[(&device, "no-power")]).repairs.remove(0).id;
            house.go(RECEPTIONIST, &repair, "to-diagnosis");
            let line = house.operation(&repair, "SVC-ANY", Some(1_000_000));
            let command = OverrideCoverage {
                line,
                cover: Some(cover(house, &device, "G-1")),
                percent: None,
                reason: "nine days".to_owned(),
            };
            let told = told(house.write_or(|tx| override_coverage(tx, &repair, &command)));
            assert_eq!(told, "cover: cover-over");
            let offered = house.db.read(|conn| payable(conn, &house.admin, &repair)).expect("covers");
            assert!(offered.is_empty(), "{offered:?}");
            assert_eq!(house.repair(&repair).customer_net, Some(1_000_000));
        });
    }
}
