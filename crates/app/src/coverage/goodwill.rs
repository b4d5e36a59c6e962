//! Goodwill: a cover given in a repair, from the day of reception, within the limits of the giver's role. The serving
//! house bears it.
//!
//! Invariant: what anybody gave before on a line and in the repair counts, so that a limit is not passed in small steps
//! or by several people.

use std::collections::HashMap;

use domain::access::{Action, Role};
use domain::coverage::{CoverKind, CoverState, Policy};
use domain::money::percent_of;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::decide::decide_repair;
use super::rows::Cover;
use crate::coverage::new_cover::{NewCover, insert};
use crate::coverage::rules::{one_term, percent_on, rules_of};
use crate::coverage::shares::current_shares;
use crate::repair::rows::{Repair, WorkLine};
use crate::repair::work::{charged, in_hand, line_row};
use store::error::{Arg, Error, Faults, Reason, Result};
use store::query::*;
use store::rights::{Actor, within};
use store::schema::{centres, covers};
use store::{Conn, Event, Subject, Tx};

/// Gives a percentage of some lines as goodwill.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GiveGoodwill {
    /// Public ids of the lines; empty: all that are charged.
    #[schemars(length(max = 200), inner(length(max = 60)))]
    #[serde(default)]
    pub lines: Vec<String>,
    #[schemars(range(min = 1, max = 100))]
    pub percent: i64,
    /// The most that is given, in minor units; absent: what the percentage comes to now. What becomes dearer later is
    /// given no more of.
    #[schemars(range(min = 1, max = 1_000_000_000_000_000_i64), extend("x-unit" = "money"))]
    #[serde(default)]
    pub max_amount: Option<i64>,
    #[schemars(length(min = 1, max = 500))]
    pub reason: String,
}

/// What others than goodwill leave of each line to the customer.
struct Left(HashMap<i64, i64>);

impl Left {
    fn of(conn: &mut Conn, repair: &Repair, lines: &[WorkLine]) -> Result<Self> {
        let gifts = covers::table
            .filter(covers::repair_id.eq(repair.id))
            .filter(covers::kind.eq(CoverKind::Goodwill.name()))
            .select(covers::id)
            .load::<i64>(conn)?;
        let mut left = lines.iter().map(|line| (line.id, line.amount_minor.unwrap_or(0))).collect::<HashMap<_, _>>();
        for share in current_shares(conn, repair)?
            .iter()
            .filter(|share| share.cover_id.is_some_and(|cover| !gifts.contains(&cover)))
        {
            if let Some(rest) = left.get_mut(&share.work_line_id) {
                *rest -= share.amount_minor;
            }
        }
        Ok(Self(left))
    }

    /// What a percentage of some lines comes to: no more than there is left to give.
    fn given(&self, lines: &[WorkLine], percent: impl Fn(&WorkLine) -> i64) -> i64 {
        let left = |line: &WorkLine| self.0.get(&line.id).copied().unwrap_or(0).max(0);
        lines.iter().map(|line| percent_of(line.amount_minor.unwrap_or(0), percent(line)).min(left(line))).sum()
    }
}

/// The goodwill that was given in a repair, with its rules.
fn given_in(conn: &mut Conn, repair_id: i64) -> Result<Vec<(Cover, Policy)>> {
    let rows = covers::table
        .filter(covers::repair_id.eq(repair_id))
        .filter(covers::kind.eq(CoverKind::Goodwill.name()))
        .filter(covers::state.ne(CoverState::Void.name()))
        .select(Cover::as_select())
        .load::<Cover>(conn)?;
    rows.into_iter().map(|row| rules_of(conn, &row).map(|rules| (row, rules))).collect()
}

/// # Errors
/// `Forbidden` beyond the giver's limit, with who could; `Invalid` without a reason, or where nothing is left to give;
/// `Conflict` for a line without a price, or after hand-over.
pub fn give_goodwill(tx: &mut Tx<'_>, repair: &str, command: &GiveGoodwill) -> Result<()> {
    let repair = in_hand(tx, repair, Action::GiveGoodwill)?;
    let limits = tx.actor.limits(Action::GiveGoodwill, repair.of()).collect::<Vec<_>>();
    let mut faults = Faults::default();
    faults.check((1..=100).contains(&command.percent), "percent", "percent");
    faults.check(!command.reason.trim().is_empty(), "reason", "required");
    let mut lines = Vec::new();
    for (index, id) in command.lines.iter().enumerate() {
        match line_row(tx.conn, repair.id, id) {
            Ok(line) if lines.iter().any(|known: &WorkLine| known.id == line.id) => {}
            Ok(line) => lines.push(line),
            Err(Error::NotFound) => {
                faults.add(store::error::Fault::new(format!("lines[{index}]"), "unknown-reference"))
            }
            Err(error) => return Err(error),
        }
    }
    faults.told()?;
    let all = charged(tx.conn, repair.id)?.into_iter().filter(|line| !line.is_fee).collect::<Vec<_>>();
    let lines = if command.lines.is_empty() { all.clone() } else { lines };
    let lines = lines.into_iter().filter(|line| all.iter().any(|open| open.id == line.id)).collect::<Vec<_>>();
    if lines.is_empty() {
        return Err(Error::invalid("lines", "required"));
    }
    let left = Left::of(tx.conn, &repair, &all)?;
    // A gift is worth what it is of its lines when it is given: what becomes dearer is ruled on anew.
    let wanted = left.given(&lines, |_| command.percent);
    if let Some(line) = lines.iter().find(|line| line.amount_minor.is_none()) {
        return Err(Error::Conflict(Reason::new("line-without-price").with("item", line.item_code.clone())));
    }
    if wanted == 0 {
        return Err(Error::invalid("lines", "nothing-to-give"));
    }
    let amount = command.max_amount.map_or(wanted, |max| max.min(wanted));
    let given = given_in(tx.conn, repair.id)?;
    let percent_before =
        lines.iter().map(|line| given.iter().map(|(_, rules)| percent_on(rules, line)).sum::<i64>()).max().unwrap_or(0);
    let worth = given
        .iter()
        .map(|(_, rules)| {
            left.given(&all, |line| percent_on(rules, line)).min(rules.limits.max_amount.unwrap_or(i64::MAX))
        })
        .collect::<Vec<_>>();
    let amount_before = worth.iter().sum::<i64>();
    let (percent_after, amount_after) = (percent_before + command.percent, amount_before + amount);
    if !limits.iter().any(|limit| within(*limit, percent_after, amount_after)) {
        let widest = limits
            .into_iter()
            .max_by_key(|limit| (limit.percent, limit.amount))
            .ok_or_else(|| tx.actor.refusal(Action::GiveGoodwill))?;
        return Err(Error::Forbidden(
            Reason::new("goodwill-limit")
                .with("percent", widest.percent)
                .with("amount", Arg::money(widest.amount, tx.actor.unit))
                .with("roles", Arg::word("roles", who_could(tx.actor, percent_after, amount_after))),
        ));
    }
    for ((cover, _), worth) in given.iter().zip(worth) {
        hold_at(tx, cover, worth)?;
    }
    let payer_party_id =
        centres::table.find(repair.centre_id).select(centres::legal_entity_id).first::<i64>(tx.conn)?;
    let before = covers::table
        .filter(covers::repair_id.eq(repair.id))
        .filter(covers::kind.eq(CoverKind::Goodwill.name()))
        .count()
        .get_result::<i64>(tx.conn)?;
    let pays = json!({"part": command.percent, "labour": command.percent, "travel": command.percent, "shipping": command.percent});
    let ids = lines.iter().map(|line| &line.public_id).collect::<Vec<_>>();
    let term = json!({"id": "goodwill", "only": {"lines": ids}, "pays": pays, "days": 0});
    let number = format!("{}-{}", repair.number, before + 1);
    let cover = insert(
        tx,
        NewCover {
            kind: CoverKind::Goodwill,
            number,
            device_id: repair.device_id,
            policy_version_id: None,
            rules: Some(one_term("GOODWILL", &term, Some(amount))),
            payer_party_id,
            starts_on: Some(repair.occurred_on.date()),
            issued_at: tx.occurred,
            repair_id: Some(repair.id),
            seller: None,
        },
    )?;
    let event = Event::GoodwillGiven {
        number: repair.number.clone(),
        percent: command.percent,
        amount,
        reason: command.reason.trim().to_owned(),
    };
    tx.record(
        (repair.centre_id, repair.brand_id),
        &event,
        &[Subject::Repair(repair.id), Subject::Device(repair.device_id), Subject::Cover(cover.id)],
    )?;
    decide_repair(tx, repair.id, "goodwill")?;
    Ok(())
}

/// Holds a gift at what it is worth when another is given beside it: what all of them may come to, whatever prices do
/// later, stays within the limit of one giver.
fn hold_at(tx: &mut Tx<'_>, cover: &Cover, worth: i64) -> Result<()> {
    let Some(rules) = &cover.rules else { return Ok(()) };
    let mut rules: serde_json::Value = serde_json::from_str(rules).map_err(Error::internal)?;
    rules["limits"]["max_amount"] = json!(worth);
    diesel::update(covers::table.find(cover.id)).set(covers::rules.eq(Some(rules.to_string()))).execute(tx.conn)?;
    Ok(())
}

/// The roles that may give this much.
fn who_could(actor: &Actor, percent: i64, amount: i64) -> String {
    let may = |role: &&Role| {
        actor.permissions.of(**role, Action::GiveGoodwill).is_some_and(|limit| within(limit, percent, amount))
    };
    Role::ALL.iter().filter(may).map(|role| role.name()).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::covers::{ChangeCoverState, change_cover_state};
    use crate::coverage::overrides::{OverrideCoverage, override_coverage};
    use crate::coverage::view::get_card;
    use crate::testing::{House, MANAGER, RECEPTIONIST, TECHNICIAN, another_centre, in_a_house};
    use store::rights::Member;
    use store::rights::permissions::{ChangePermission, change_permission};
    use store::schema::work_lines;

    /// A repair that the customer pays, with these operations; the receptionist may give up to 10 % and 5,000,000, the
    /// manager up to 50 % and 20,000,000.
    fn charged_with(house: &House, operations: &[(&str, i64)]) -> String {
        house.at("1405/09/03");
        let customer = house.customer("حسن مرادی", "09121112233");
        let device = house.device("TV-1", "T-1", "1400/08/24", &[]);
        let repair = house.receive(&customer, &[(&device, "no-power")]).repairs.remove(0).id;
        house.go(RECEPTIONIST, &repair, "to-diagnosis");
        house.diagnose(&repair, "no-power", "burnt");
        for (service, price) in operations {
            house.operation(&repair, service, Some(*price));
        }
        repair
    }

    fn give(house: &House, login: &str, repair: &str, lines: &[String], percent: i64) -> Result<()> {
        let command = GiveGoodwill { lines: lines.to_vec(), percent, max_amount: None, reason: "nine days".to_owned() };
        house.by(login, |tx| give_goodwill(tx, repair, &command))
    }

    fn is_refused(told: &Result<()>) -> bool {
        matches!(told, Err(Error::Forbidden(reason)) if reason.code == "goodwill-limit")
    }

    #[test]
    fn a_gift_is_for_what_it_was_given_for_and_not_for_what_comes_later() {
        in_a_house(|house| {
            let repair = charged_with(house, &[("SVC-ANY", 1_000_000), ("SVC-FAN", 500_000)]);
            let first = house.repair(&repair).lines.remove(0).id;
            give(house, MANAGER, &repair, &[first], 40).expect("within");
            assert_eq!(house.repair(&repair).customer_net, Some(1_100_000));
            house.operation(&repair, "SVC-ANY", Some(1_000_000));
            assert_eq!(house.repair(&repair).customer_net, Some(2_100_000), "what is noted later is paid");
            // What was given away is for who sees money.
            let gifts = |login: &str| {
                let view = house
                    .db
                    .read(|conn| crate::repair::get_repair(conn, &house.person(login), &repair, house.db.now()));
                view.expect("a repair").coverage.expect("decided").covers.len()
            };
            assert_eq!((gifts(MANAGER), gifts(TECHNICIAN)), (1, 0));
            let device = house.repair(&repair).device.id;
            let of_device = |login: &str| {
                let view = house
                    .db
                    .read(|conn| crate::devices::get_device(conn, &house.person(login), &device, house.db.now()));
                view.expect("a device").covers.len()
            };
            assert_eq!((of_device(MANAGER), of_device(TECHNICIAN)), (1, 0));
            let told = |login: &str| {
                let query = crate::lookup::GetTimeline {
                    subject: "repair".to_owned(),
                    id: repair.clone(),
                    ..Default::default()
                };
                let entries = house.db.read(|conn| crate::lookup::get_timeline(conn, &house.person(login), &query));
                let entries = entries.expect("a timeline").items.into_iter();
                entries.filter(|entry| entry.details.to_string().contains("nine days")).count()
            };
            assert_eq!((told(MANAGER), told(TECHNICIAN)), (1, 0));
        });
    }

    #[test]
    fn a_gift_that_was_taken_back_is_not_given_by_taking_that_back() {
        in_a_house(|house| {
            let repair = charged_with(house, &[("SVC-ANY", 1_000_000)]);
            give(house, RECEPTIONIST, &repair, &[], 10).expect("within");
            let gift = house
                .db
                .read(|conn| {
                    Ok(covers::table
                        .filter(covers::kind.eq("goodwill"))
                        .select(covers::public_id)
                        .first::<String>(conn)?)
                })
                .expect("a gift");
            let turn = |state| {
                house.write_or(|tx| {
                    change_cover_state(tx, &gift, &ChangeCoverState { state, reason: "-".to_owned() }).map(|_| ())
                })
            };
            // By who may give it there, and not by who keeps the brand's promises elsewhere.
            let elsewhere = house.write(another_centre);
            let members = vec![Member { role: Role::BrandManager, centre_id: Some(elsewhere), brand_id: None }];
            let there = Actor { members, ..house.admin.clone() };
            let void = ChangeCoverState { state: CoverState::Void, reason: "-".to_owned() };
            let told = house.db.write(&there, |tx| change_cover_state(tx, &gift, &void).map(|_| ()));
            assert!(matches!(told, Err(Error::Forbidden(_) | Error::NotFound)), "{told:?}");
            let card = |login: &str| house.db.read(|conn| get_card(conn, &house.person(login), &gift, house.db.now()));
            assert!(card(RECEPTIONIST).is_ok() && matches!(card(TECHNICIAN), Err(Error::NotFound)));
            house.by(RECEPTIONIST, |tx| change_cover_state(tx, &gift, &void).map(|_| ())).expect("taken back");
            give(house, RECEPTIONIST, &repair, &[], 10).expect("another");
            assert!(
                matches!(turn(CoverState::Active), Err(Error::Invalid(faults)) if faults[0].reason.code == "goodwill-has-limits")
            );
            assert_eq!(house.repair(&repair).customer_net, Some(900_000));
        });
    }

    #[test]
    fn what_no_role_may_give_two_of_them_do_not() {
        in_a_house(|house| {
            let repair = charged_with(house, &[("SVC-ANY", 90_000_000)]);
            // The receptionist much of little, the technician little of much.
            for (role, percent, amount) in [(Role::Receptionist, 100, Some(1_000_000)), (Role::Technician, 10, None)] {
                let allow = ChangePermission {
                    role,
                    action: Action::GiveGoodwill,
                    is_allowed: true,
                    percent: Some(percent),
                    amount,
                };
                house.write(|tx| change_permission(tx, &allow));
            }
            let mut both = house.person(RECEPTIONIST);
            both.members.extend(house.person(TECHNICIAN).members);
            let gift = |percent: i64| {
                let command = GiveGoodwill { lines: Vec::new(), percent, max_amount: None, reason: "-".to_owned() };
                house.db.write(&both, |tx| give_goodwill(tx, &repair, &command))
            };
            assert!(is_refused(&gift(100)));
            gift(10).expect("as a technician");
        });
    }

    #[test]
    fn what_a_ruling_leaves_to_the_customer_may_be_given_away_before_and_after_it() {
        in_a_house(|house| {
            let repair = charged_with(house, &[("SVC-ANY", 1_000_000), ("SVC-FAN", 500_000)]);
            let line = |index: usize| house.repair(&repair).lines[index].id.clone();
            let rule = |index: usize| {
                let command =
                    OverrideCoverage { line: line(index), cover: None, percent: None, reason: "-".to_owned() };
                house.write(|tx| override_coverage(tx, &repair, &command));
            };
            rule(0);
            give(house, MANAGER, &repair, &[line(0)], 40).expect("within");
            assert_eq!(house.repair(&repair).customer_net, Some(1_100_000));
            give(house, MANAGER, &repair, &[line(1)], 20).expect("within");
            assert_eq!(house.repair(&repair).customer_net, Some(1_000_000));
            rule(1);
            assert_eq!(house.repair(&repair).customer_net, Some(1_000_000), "a gift outlives a ruling");
            assert!(house.db.read(crate::check::findings).expect("checked").is_empty());
        });
    }

    #[test]
    fn a_gift_is_of_priced_lines_each_once() {
        in_a_house(|house| {
            let repair = charged_with(house, &[("SVC-ANY", 1_000_000)]);
            let line = house.repair(&repair).lines[0].id.clone();
            give(house, MANAGER, &repair, &[line.clone(), line.clone()], 10).expect("within");
            let change = crate::repair::ChangeLine { line, quantity_milli: None, unit_price: Some(2_000_000) };
            house.by(MANAGER, |tx| crate::repair::change_line(tx, &repair, &change)).expect("a price");
            assert_eq!(house.repair(&repair).customer_net, Some(1_900_000), "what it was worth when it was given");
            let unpriced = house.operation(&repair, "SVC-ANY", None);
            house.write(|tx| {
                let line = work_lines::table.filter(work_lines::public_id.eq(&unpriced));
                let none = (work_lines::unit_price_minor.eq(None::<i64>), work_lines::amount_minor.eq(None::<i64>));
                Ok(diesel::update(line).set(none).execute(tx.conn)?)
            });
            let told = give(house, MANAGER, &repair, &[unpriced], 10);
            assert!(matches!(&told, Err(Error::Conflict(reason)) if reason.code == "line-without-price"), "{told:?}");
        });
    }

    #[test]
    fn what_somebody_may_give_elsewhere_is_not_given_here() {
        in_a_house(|house| {
            let repair = charged_with(house, &[("SVC-ANY", 1_000_000)]);
            let elsewhere = house.write(another_centre);
            let mut both = house.person(RECEPTIONIST);
            both.members.push(Member { role: Role::CentreManager, centre_id: Some(elsewhere), brand_id: None });
            let gift = |percent: i64| {
                let command = GiveGoodwill { lines: Vec::new(), percent, max_amount: None, reason: "-".to_owned() };
                house.db.write(&both, |tx| give_goodwill(tx, &repair, &command))
            };
            assert!(is_refused(&gift(11)), "a manager there, a receptionist here");
            gift(10).expect("as a receptionist");
        });
    }

    #[test]
    fn small_gifts_and_a_later_price_pass_no_limit() {
        in_a_house(|house| {
            let repair = charged_with(house, &[("SVC-ANY", 100_000)]);
            for _ in 0..5 {
                give(house, RECEPTIONIST, &repair, &[], 1).expect("within");
            }
            let line = house.repair(&repair).lines.remove(0).id;
            let change = crate::repair::ChangeLine { line, quantity_milli: None, unit_price: Some(900_000_000) };
            house.by(MANAGER, |tx| crate::repair::change_line(tx, &repair, &change)).expect("a price");
            let given = 900_000_000 - house.repair(&repair).customer_net.expect("a sum");
            assert!(given <= 5_000_000, "{given}");
        });
    }

    #[test]
    fn small_gifts_add_up_on_a_line() {
        in_a_house(|house| {
            let repair = charged_with(house, &[("SVC-ANY", 1_000_000)]);
            give(house, RECEPTIONIST, &repair, &[], 6).expect("within");
            assert!(is_refused(&give(house, RECEPTIONIST, &repair, &[], 6)));
            give(house, RECEPTIONIST, &repair, &[], 4).expect("to the limit");
            assert!(is_refused(&give(house, RECEPTIONIST, &repair, &[], 1)));
            assert_eq!(house.repair(&repair).customer_net, Some(900_000));
            // Who may give more gives what is left of their own limit.
            assert!(is_refused(&give(house, MANAGER, &repair, &[], 41)));
            give(house, MANAGER, &repair, &[], 40).expect("within");
            assert_eq!(house.repair(&repair).customer_net, Some(500_000));
        });
    }

    #[test]
    fn amounts_add_up_in_a_repair_and_a_gift_is_worth_what_it_is_of_its_lines() {
        in_a_house(|house| {
            let repair =
                charged_with(house, &[("SVC-ANY", 30_000_000), ("SVC-FAN", 20_000_000), ("SVC-BOARD", 10_000_000)]);
            let line = |index: usize| house.repair(&repair).lines[index].id.clone();
            give(house, RECEPTIONIST, &repair, &[line(0)], 10).expect("3,000,000");
            give(house, RECEPTIONIST, &repair, &[line(1)], 10).expect("and 2,000,000");
            assert!(is_refused(&give(house, RECEPTIONIST, &repair, &[line(2)], 10)), "a million more");
            assert_eq!(house.repair(&repair).customer_net, Some(55_000_000));

            let twice = charged_with_another(house);
            let lines = house.repair(&twice).lines.into_iter().map(|line| line.id).collect::<Vec<_>>();
            assert!(is_refused(&give(house, RECEPTIONIST, &twice, &lines, 10)), "6,000,000");
            give(house, RECEPTIONIST, &twice, &lines[..1], 10).expect("3,000,000");
            assert_eq!(
                house.repair(&twice).customer_net,
                Some(57_000_000),
                "of two lines of one service one was meant"
            );
        });
    }

    #[test]
    fn what_the_maker_pays_is_no_gift() {
        in_a_house(|house| {
            house.at("1405/09/03");
            let customer = house.customer("حسن مرادی", "09121112233");
            let device = house.device("TV-1", "T-1", "1405/01/15", &[]);
            house.card(&device, "G-1");
            let repair = house.receive(&customer, &[(&device, "no-power")]).repairs.remove(0).id;
            house.go(RECEPTIONIST, &repair, "to-diagnosis");
            house.diagnose(&repair, "no-power", "burnt");
            house.operation(&repair, "SVC-ANY", Some(100_000_000));
            let view = house.repair(&repair);
            assert_eq!(view.customer_net, Some(0), "the card pays");
            house.operation(&repair, "SVC-TRAVEL", Some(4_000_000));
            assert_eq!(house.repair(&repair).customer_net, Some(4_000_000), "and not the way");
            give(house, RECEPTIONIST, &repair, &[], 10).expect("400,000 and not ten millions");
            assert_eq!(house.repair(&repair).customer_net, Some(3_600_000));
        });
    }

    /// Another repair with one service twice, at 30,000,000 each.
    fn charged_with_another(house: &House) -> String {
        let customer = house.customer("مینا رستمی", "09121112234");
        let device = house.device("TV-1", "T-2", "1400/08/24", &[]);
        let repair = house.receive(&customer, &[(&device, "no-power")]).repairs.remove(0).id;
        house.go(RECEPTIONIST, &repair, "to-diagnosis");
        house.diagnose(&repair, "no-power", "burnt");
        house.operation(&repair, "SVC-ANY", Some(30_000_000));
        house.operation(&repair, "SVC-ANY", Some(30_000_000));
        repair
    }

    #[test]
    fn of_many_who_give_at_once_no_more_than_the_limit_comes() {
        in_a_house(|house| {
            let repair = charged_with(house, &[("SVC-ANY", 1_000_000)]);
            let told = std::thread::scope(|threads| {
                let hands = [0; 4].map(|_| threads.spawn(|| give(house, RECEPTIONIST, &repair, &[], 10)));
                hands.map(|hand| hand.join().expect("a hand"))
            });
            assert_eq!(told.iter().filter(|told| told.is_ok()).count(), 1, "{told:?}");
            assert!(told.iter().filter(|told| told.is_err()).all(is_refused), "{told:?}");
            assert_eq!(house.repair(&repair).customer_net, Some(900_000));
        });
    }
}
