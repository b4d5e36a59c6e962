//! Goodwill: a cover given in a repair, from the day of reception, within the limits of the giver's role. The serving house bears it.

use domain::access::{Action, Role};
use domain::coverage::CoverKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::covers::{NewCover, insert, one_term};
use super::decide::decide_repair;
use crate::access::{Actor, actor_within};
use crate::error::{Arg, Error, Faults, Reason, Result};
use crate::repair::{in_hand, line_row};
use crate::store::query::*;
use crate::store::schema::{centres, covers};
use crate::store::{Event, Subject, Tx};

/// Gives a percentage of some lines as goodwill.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GiveGoodwill {
    /// Public ids of the lines; empty: all that are charged.
    #[serde(default)]
    pub lines: Vec<String>,
    #[schemars(range(min = 1, max = 100))]
    pub percent: i64,
    /// The most that is given, in minor units; absent: the giver's limit.
    #[schemars(range(min = 1, max = 1_000_000_000_000_000_i64), extend("x-unit" = "money"))]
    #[serde(default)]
    pub max_amount: Option<i64>,
    #[schemars(length(min = 1, max = 500))]
    pub reason: String,
}

/// # Errors
/// `Forbidden` beyond the giver's limit, with who could; `Invalid` without a reason; `Conflict` after hand-over.
pub fn give_goodwill(tx: &mut Tx<'_>, repair: &str, command: &GiveGoodwill) -> Result<()> {
    let repair = in_hand(tx, repair, Action::GiveGoodwill)?;
    let limit = tx.actor.may(Action::GiveGoodwill, repair.of())?;
    let mut faults = Faults::default();
    faults.check((1..=100).contains(&command.percent), "percent", "percent");
    faults.check(!command.reason.trim().is_empty(), "reason", "required");
    let mut lines = Vec::new();
    for (index, id) in command.lines.iter().enumerate() {
        match line_row(tx.conn, repair.id, id) {
            Ok(line) => lines.push(line),
            Err(Error::NotFound) => faults.add(crate::Fault::new(format!("lines[{index}]"), "unknown-reference")),
            Err(error) => return Err(error),
        }
    }
    faults.told()?;
    if lines.is_empty() {
        lines = crate::repair::lines::charged(tx.conn, repair.id)?;
    }
    let lines = lines.into_iter().filter(|line| !line.is_fee).collect::<Vec<_>>();
    if lines.is_empty() {
        return Err(Error::invalid("lines", "required"));
    }
    let wanted = lines.iter().map(|line| domain::money::percent_of(line.amount_minor.unwrap_or(0), command.percent)).sum::<i64>();
    let amount = command.max_amount.map_or(wanted, |max| max.min(wanted));
    if !actor_within(limit, command.percent, amount) {
        return Err(Error::Forbidden(
            Reason::new("goodwill-limit")
                .with("percent", limit.percent)
                .with("amount", Arg::money(limit.amount, tx.actor.unit))
                .with("roles", Arg::word("roles", who_could(tx.actor, command.percent, amount))),
        ));
    }
    let payer_party_id = centres::table.find(repair.centre_id).select(centres::legal_entity_id).first::<i64>(tx.conn)?;
    let given = covers::table.filter(covers::repair_id.eq(repair.id)).filter(covers::kind.eq(CoverKind::Goodwill.name())).count().get_result::<i64>(tx.conn)?;
    let mut items = lines.iter().map(|line| line.item_code.clone()).collect::<Vec<_>>();
    items.sort();
    items.dedup();
    let pays = json!({"part": command.percent, "labour": command.percent, "travel": command.percent, "shipping": command.percent});
    let term = json!({"id": "goodwill", "only": {"items": items}, "pays": pays, "days": 0});
    let number = format!("{}-{}", repair.number, given + 1);
    let max_amount = command.max_amount.unwrap_or(limit.amount).min(limit.amount);
    let cover = insert(
        tx,
        NewCover {
            kind: CoverKind::Goodwill,
            number,
            device_id: repair.device_id,
            policy_version_id: None,
            rules: Some(one_term("GOODWILL", &term, (max_amount != i64::MAX).then_some(max_amount))),
            payer_party_id,
            starts_on: Some(repair.occurred_on.date()),
            issued_at: tx.occurred,
            repair_id: Some(repair.id),
            seller: None,
        },
    )?;
    let event = Event::GoodwillGiven { number: repair.number.clone(), percent: command.percent, amount, reason: command.reason.trim().to_owned() };
    tx.record((repair.centre_id, repair.brand_id), &event, &[Subject::Repair(repair.id), Subject::Device(repair.device_id), Subject::Cover(cover.id)])?;
    decide_repair(tx, repair.id, "goodwill")?;
    Ok(())
}

/// The roles that may give this much.
fn who_could(actor: &Actor, percent: i64, amount: i64) -> String {
    let may = |role: &&Role| actor.permissions.of(**role, Action::GiveGoodwill).is_some_and(|limit| actor_within(limit, percent, amount));
    Role::ALL.iter().filter(may).map(|role| role.name()).collect::<Vec<_>>().join(",")
}
