//! Covers: cards that are issued, and promises of other kinds that are entered.

use domain::access::Action;
use domain::coverage::{CoverKind, CoverState};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::decide::decide_repair;
use super::paper;
use super::policies::{Names, latest, may_promise_for, policy_row};
use super::rows::{Cover, Policy};
use super::view::of_repair;
use crate::catalogue::legal_entities::is_company;
use crate::coverage::new_cover::{NewCover, insert};
use crate::coverage::view::{CoverView, brand_of, cover_row, cover_view};
use crate::devices::register::{EARLIEST_YEAR, is_at_hand, open_repairs};
use crate::devices::rows::Device;
use store::error::{Error, Fault, Faults, OrInvalid, Result};
use store::numbering::Series;
use store::query::*;
use store::rights::Of;
use store::schema::{centres, covers, parties, policies, products};
use store::{Event, Subject, Tx, numbering, refer};

/// Issues a warranty card for a device.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueCard {
    /// Public id of the device.
    #[schemars(length(max = 60))]
    pub device: String,
    /// Public id of the policy; absent: that of the product.
    #[schemars(length(max = 60))]
    #[serde(default)]
    pub policy: Option<String>,
    /// The number printed on the card; absent: the next of the series.
    #[schemars(length(max = 60), example = &"G-884213")]
    #[serde(default)]
    pub number: Option<String>,
    /// First day, where it is not that of the policy's event.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    #[serde(default)]
    pub starts_on: Option<Date>,
    /// Who sold the device.
    #[schemars(length(max = 120))]
    #[serde(default)]
    pub seller: Option<String>,
    /// The day on which the promise was given, if that was before today.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    #[serde(default)]
    pub issued_on: Option<Date>,
}

/// Enters a promise of another kind: contract, extension, coupon, recall …
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddCover {
    pub kind: CoverKind,
    #[schemars(length(min = 1, max = 60), example = &"K-1209")]
    pub number: String,
    /// Public id of a published policy.
    #[schemars(length(max = 60))]
    pub policy: String,
    /// Public id of who pays; absent: the policy's payer.
    #[schemars(length(max = 60))]
    #[serde(default)]
    pub payer: Option<String>,
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    #[serde(default)]
    pub starts_on: Option<Date>,
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    #[serde(default)]
    pub issued_on: Option<Date>,
}

/// # Errors
/// `NotFound`; `Invalid` where the policy is not published or the number taken; `Conflict` where the device has a card
/// that holds.
pub fn issue_card(tx: &mut Tx<'_>, command: &IssueCard) -> Result<CoverView> {
    let device = crate::devices::seen(tx.conn, tx.actor, &command.device, &[Action::ViewWork, Action::IssueCards])
        .or_invalid("device", "unknown-reference")?;
    tx.actor.may(Action::IssueCards, Of::InBrand(device.brand_id))?;
    let active = covers::table
        .filter(covers::device_id.eq(device.id))
        .filter(covers::kind.eq(CoverKind::Card.name()))
        .filter(covers::state.eq(CoverState::Active.name()))
        .select(covers::number)
        .first::<String>(tx.conn)
        .optional()?;
    if let Some(number) = active {
        return Err(Error::Conflict(store::error::Reason::new("has-card").with("number", number)));
    }
    let own = products::table.find(device.product_id).select(products::policy_id).first::<Option<i64>>(tx.conn)?;
    let policy = match (&command.policy, own) {
        (Some(public_id), _) => policy_row(tx.conn, public_id).or_invalid("policy", "unknown-reference")?,
        (None, Some(id)) => policies::table.find(id).select(Policy::as_select()).first(tx.conn)?,
        (None, None) => return Err(Error::invalid("policy", "required")),
    };
    let number = match command.number.as_deref().map(str::trim).filter(|number| !number.is_empty()) {
        Some(number) => number.to_owned(),
        None => {
            let centre_id = tx.actor.working_centre(tx.conn, None, Action::IssueCards)?;
            let (code, zone) =
                centres::table
                    .find(centre_id)
                    .select((centres::code, centres::time_zone))
                    .first::<(String, String)>(tx.conn)?;
            let today = tx.today_in(&zone);
            numbering::next(tx, Series::Card, (centre_id, &code), today)?
        }
    };
    let issued = Entered {
        kind: CoverKind::Card,
        number,
        starts_on: command.starts_on,
        issued_on: command.issued_on,
        seller: command.seller.clone(),
        payer: None,
    };
    let cover = enter(tx, &device, &policy, issued)?;
    let event = Event::CardIssued { number: cover.number.clone() };
    tx.record(None, &event, &[Subject::Device(device.id), Subject::Cover(cover.id)])?;
    paper::issue_card(tx, &cover)?;
    cover_view(tx.conn, tx.actor, cover, tx.now)
}

/// # Errors
/// As `issue_card`.
pub fn add_cover(tx: &mut Tx<'_>, device: &str, command: &AddCover) -> Result<CoverView> {
    let device = crate::devices::seen(tx.conn, tx.actor, device, &[Action::ViewWork, Action::IssueCards])?;
    tx.actor.may(Action::IssueCards, Of::InBrand(device.brand_id))?;
    let mut faults = Faults::default();
    faults.check(
        !matches!(command.kind, CoverKind::Card | CoverKind::Goodwill | CoverKind::RepairWarranty),
        "kind",
        "cover-kind",
    );
    let payer = refer!(faults, tx.conn, parties, command.payer.as_deref(), "payer");
    faults.told()?;
    let policy = policy_row(tx.conn, &command.policy).or_invalid("policy", "unknown-reference")?;
    // Who pays is said by the policy; another payer by who keeps the brand's policies.
    if payer.is_some() && policy.payer_party_id.is_some() && payer != policy.payer_party_id {
        tx.actor.may(Action::KeepPolicies, Of::Brand(device.brand_id))?;
    }
    let entered = Entered {
        kind: command.kind,
        number: command.number.trim().to_owned(),
        starts_on: command.starts_on,
        issued_on: command.issued_on,
        seller: None,
        payer,
    };
    let cover = enter(tx, &device, &policy, entered)?;
    let event = Event::CoverAdded { kind: cover.kind.clone(), number: cover.number.clone() };
    tx.record(None, &event, &[Subject::Device(device.id), Subject::Cover(cover.id)])?;
    cover_view(tx.conn, tx.actor, cover, tx.now)
}

/// A promise that is entered while the device is in repair, as one that was given before, moves who pays for what is
/// done: as a ruling does, and by the same right.
///
/// # Errors
/// `Forbidden`.
fn may_date_back(tx: &mut Tx<'_>, device: &Device, issued_on: Date) -> Result<()> {
    let open = open_repairs(tx, device.id)?;
    let mut before = open.iter().filter(|open| issued_on <= open.since);
    before.try_for_each(|open| tx.actor.may(Action::OverrideCoverage, open.of))
}

struct Entered {
    kind: CoverKind,
    number: String,
    starts_on: Option<Date>,
    issued_on: Option<Date>,
    seller: Option<String>,
    payer: Option<i64>,
}

/// Years from now within which a promise begins: one that begins later was typed in another calendar, or wrongly.
const LATEST_START: i16 = 50;

fn enter(tx: &mut Tx<'_>, device: &Device, policy: &Policy, entered: Entered) -> Result<Cover> {
    let mut faults = Faults::default();
    faults.check(policy.brand_id.is_none_or(|brand| brand == device.brand_id), "policy", "policy-of-another-brand");
    faults.check(policy.cover_kind == entered.kind.name(), "policy", "cover-kind-of-policy");
    is_at_hand(tx, device, Action::IssueCards)?;
    let version = latest(tx.conn, policy.id)?;
    faults.check(version.is_some(), "policy", "policy-not-published");
    let payer = entered.payer.or(policy.payer_party_id);
    faults.check(payer.is_some(), "payer", "required");
    if let Some(payer) = payer {
        faults.check(is_company(tx.conn, payer)?, "payer", "no-payer-of-promises");
        let names = match policy.payer_party_id {
            Some(said) if said == payer => Names::AsItsPolicy,
            Some(_) => Names::Policy,
            None => Names::Promise,
        };
        let scope = tx.actor.scope(Action::IssueCards);
        may_promise_for(tx.conn, &scope, (payer, Some(device.brand_id)), names)?;
    }
    if let Some(on) = entered.issued_on {
        may_date_back(tx, device, on)?;
    }
    let today = tx.today();
    for (on, path) in [(entered.issued_on, "issued_on"), (entered.starts_on, "starts_on")] {
        faults.check(on.is_none_or(|on| on.year() >= EARLIEST_YEAR), path, "too-early");
        faults.check(on.is_none_or(|on| on.year() <= today.year() + LATEST_START), path, "too-late");
    }
    faults.check(entered.issued_on.is_none_or(|on| on <= today), "issued_on", "in-the-future");
    let number_key = domain::text::key(&entered.number);
    faults.check(!number_key.is_empty(), "number", "required");
    let known = covers::table
        .filter(covers::kind.eq(entered.kind.name()))
        .filter(covers::number_key.eq(&number_key))
        .select(covers::id)
        .first::<i64>(tx.conn)
        .optional()?;
    if known.is_some() {
        faults.add(Fault::new("number", "taken"));
    }
    faults.told()?;
    let issued_at = match entered.issued_on {
        Some(on) => store::start_of(on, &tx.actor.zone)?.min(tx.occurred),
        None => tx.occurred,
    };
    insert(
        tx,
        NewCover {
            kind: entered.kind,
            number: entered.number,
            device_id: device.id,
            policy_version_id: version.map(|version| version.id),
            rules: None,
            payer_party_id: payer.unwrap_or_default(),
            starts_on: entered.starts_on,
            issued_at,
            repair_id: None,
            seller: entered.seller,
        },
    )
}

/// Suspends a cover, takes it back into force, or voids it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeCoverState {
    pub state: CoverState,
    #[schemars(length(min = 1, max = 500))]
    pub reason: String,
}

/// # Errors
/// `Forbidden`, `NotFound`; `Invalid` without a reason.
pub fn change_cover_state(tx: &mut Tx<'_>, public_id: &str, command: &ChangeCoverState) -> Result<CoverView> {
    let row = cover_row(tx.conn, public_id)?;
    let brand = brand_of(tx.conn, row.device_id)?;
    match of_repair(tx.conn, &row)? {
        // What was given away is taken back by who may give it there.
        Some(of) => {
            tx.actor.finds(&[Action::ViewMoney], of)?;
            tx.actor.may(Action::GiveGoodwill, of)?;
        }
        None => {
            tx.actor.finds(&[Action::ViewWork, Action::KeepPolicies], Of::InBrand(brand))?;
            tx.actor.may(Action::KeepPolicies, Of::Brand(brand))?;
        }
    }
    if command.reason.trim().is_empty() {
        return Err(Error::invalid("reason", "required"));
    }
    // What was taken back left room for another gift.
    if row.kind == CoverKind::Goodwill.name() && row.state == CoverState::Void.name() {
        return Err(Error::invalid("state", "goodwill-has-limits"));
    }
    diesel::update(covers::table.find(row.id))
        .set((covers::state.eq(command.state.name()), covers::version.eq(row.version + 1)))
        .execute(tx.conn)?;
    let event = Event::CoverStateChanged { number: row.number.clone(), state: command.state.name().to_owned() };
    tx.record(None, &event, &[Subject::Device(row.device_id), Subject::Cover(row.id)])?;
    tx.record(None, &Event::NoteAdded { note: command.reason.trim().to_owned() }, &[Subject::Cover(row.id)])?;
    let row = cover_row(tx.conn, public_id)?;
    // Who pays for work that is open may be another now.
    for open in open_repairs(tx, row.device_id)? {
        decide_repair(tx, open.id, "cover")?;
    }
    cover_view(tx.conn, tx.actor, row, tx.now)
}

#[cfg(test)]
mod tests {
    use domain::time::typed_date;

    use super::*;
    use crate::testing::{House, MANAGER, RECEPTIONIST, in_a_house, told};

    #[test]
    fn a_promise_begins_in_a_year_that_can_be() {
        in_a_house(|house| {
            house.at("1405/09/02 10:00");
            let device = house.device("TV-1", "T-1", "1404/08/24", &[]);
            let date = |on: &str| domain::time::iso_date(on).expect("a date");
            for (starts, issued, answer) in [
                (Some("9999-12-31"), None, "starts_on: too-late"),
                (Some("1800-01-01"), None, "starts_on: too-early"),
                (None, Some("1404-08-24"), "issued_on: too-early"),
                (Some("2030-01-01"), Some("2026-01-01"), "done"),
            ] {
                let (starts_on, issued_on) = (starts.map(date), issued.map(date));
                let card = IssueCard {
                    device: device.clone(),
                    policy: Some(house.gold.clone()),
                    number: Some("G-1".to_owned()),
                    starts_on,
                    seller: None,
                    issued_on,
                };
                assert_eq!(told(house.by(MANAGER, |tx| issue_card(tx, &card))), answer);
            }
        });
    }

    #[test]
    fn a_promise_that_is_dated_back_while_the_device_is_in_repair_is_a_ruling() {
        in_a_house(|house| {
            house.at("1405/09/02 10:00");
            let customer = house.customer("حسن مرادی", "09121112233");
            let device = house.device("TV-1", "T-1", "1404/08/24", &[]);
            let card = |number: &str, issued: Option<&str>| IssueCard {
                device: device.clone(),
                policy: Some(house.gold.clone()),
                number: Some(number.to_owned()),
                starts_on: None,
                seller: None,
                issued_on: issued.and_then(typed_date),
            };
            house.receive(&customer, &[(&device, "no-power")]);
            house.at("1405/09/04 10:00");
            let issue = |login: &str, card: IssueCard| told(house.by(login, |tx| issue_card(tx, &card)));
            for day in ["1404/08/24", "1405/09/02"] {
                assert_eq!(issue(RECEPTIONIST, card("G-1", Some(day))), "not-your-right", "{day}");
            }
            let mut elsewhere = house.person(MANAGER);
            elsewhere.members.iter_mut().for_each(|member| member.centre_id = Some(i64::MAX));
            assert_eq!(
                told(house.db.write(&elsewhere, |tx| issue_card(tx, &card("G-1", None)))),
                "in-repair-elsewhere"
            );
            assert_eq!(issue(MANAGER, card("G-2", Some("1404/08/24"))), "done");
            // What is promised from now on pays for nothing that came before, and anybody at the counter enters it.
            let other = house.device("TV-1", "T-2", "1404/08/24", &[]);
            house.receive(&customer, &[(&other, "no-power")]);
            assert_eq!(issue(RECEPTIONIST, IssueCard { device: other, ..card("G-3", None) }), "done");
        });
    }

    #[test]
    fn a_cover_is_of_the_kind_of_its_policy_and_paid_by_whom_that_names() {
        in_a_house(|house: &House| {
            house.at("1405/09/02 10:00");
            let customer = house.customer("حسن مرادی", "09121112233");
            let device = house.device("TV-1", "T-1", "1404/08/24", &[]);
            let policy = house.policy("TRAVEL-HALF");
            let add = |login: &str, kind: CoverKind, payer: Option<&str>, number: &str| {
                let command = AddCover {
                    kind,
                    number: number.to_owned(),
                    policy: policy.clone(),
                    payer: payer.map(str::to_owned),
                    starts_on: None,
                    issued_on: None,
                };
                told(house.by(login, |tx| add_cover(tx, &device, &command)))
            };
            assert_eq!(add(RECEPTIONIST, CoverKind::Recall, None, "R-1"), "policy: cover-kind-of-policy");
            assert_eq!(add(RECEPTIONIST, CoverKind::Contract, Some(&house.maker), "K-1"), "not-your-right");
            assert_eq!(add("admin", CoverKind::Contract, Some(&customer), "K-1"), "payer: no-payer-of-promises");
            assert_eq!(add(RECEPTIONIST, CoverKind::Contract, Some(&house.insurer), "K-1"), "done");
            assert_eq!(add("admin", CoverKind::Contract, Some(&house.maker), "K-2"), "done");
        });
    }
}
