//! Somebody notes that the customer agreed to more than the estimate said.

use domain::access::Action;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::agreed::{Exceeded, answered, asked, exceeded};
use super::road;
use super::rows::{Agreement, Repair};
use crate::coverage::decide::decide_repair;
use crate::repair::asked::{latest, state};
use crate::repair::work::{in_hand, touch};
use store::error::{Arg, Error, Faults, Reason, Result};
use store::query::*;
use store::schema::{agreements, centres, repairs};
use store::types::At;
use store::{Event, Subject, Tx};

domain::words! {
    /// How somebody agreed.
    AgreedBy { Phone = "phone", InPerson = "in_person", Message = "message", Other = "other" }
}

/// Notes that the customer agreed to the sum as it is now, above the estimate that was answered, or without any.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteAgreement {
    /// Who agreed: the customer, or who speaks for them.
    #[schemars(length(min = 1, max = 120))]
    pub who: String,
    pub how: AgreedBy,
    /// The sum that they agreed to, with VAT and without the house's own fees, as it was told (`exceeded.now`).
    #[schemars(range(min = 0, max = 1_000_000_000_000_000_i64), extend("x-unit" = "money"), example = &1_320_000)]
    pub total: i64,
    /// Why it is more than was accepted. No personal data: it stands in the journal.
    #[schemars(length(min = 1, max = 500), example = &"a second leak was found")]
    pub reason: String,
}

/// # Errors
/// `Forbidden`, `NotFound`; `Invalid` where it is not said who or why; `Conflict` where an estimate waits, the sum is
/// not above it, or another by now.
pub fn note_agreement(tx: &mut Tx<'_>, public_id: &str, command: &NoteAgreement) -> Result<()> {
    let repair = in_hand(tx, public_id, Action::AnswerEstimate)?;
    let (who, reason) = (command.who.trim(), command.reason.trim());
    let mut wrong = Faults::default();
    wrong.check(!who.is_empty(), "who", "required");
    wrong.check(!reason.is_empty(), "reason", "required");
    wrong.told()?;
    let zone = centres::table.find(repair.centre_id).select(centres::time_zone).first::<String>(tx.conn)?;
    let today = tx.today_in(&zone);
    // What he agrees to is what it is now.
    decide_repair(tx, repair.id, "agreement")?;
    let repair = repairs::table.find(repair.id).select(Repair::as_select()).first::<Repair>(tx.conn)?;
    let estimate = answered(tx.conn, repair.id)?;
    if state(latest(tx.conn, repair.id)?.as_ref(), today) == "waiting" {
        return Err(Error::conflict("estimate-waits"));
    }
    let Some(Exceeded { now, .. }) = exceeded(tx.conn, &repair, today)? else {
        return Err(Error::conflict("not-exceeded"));
    };
    if now != command.total {
        return Err(Error::Conflict(Reason::new("agreed-to-other-sum").with("now", Arg::money(now, tx.actor.unit))));
    }
    let lines = asked(tx.conn, &repair, today)?;
    let row = Agreement {
        id: 0,
        repair_id: repair.id,
        estimate_id: estimate.map(|estimate| estimate.id),
        noted_at: At::from(tx.occurred),
        noted_by: tx.actor.user_id,
        who: Some(who.to_owned()),
        how: command.how.name().to_owned(),
        reason: reason.to_owned(),
        total_minor: now,
        customer_id: Some(repair.customer_id),
        lines_json: Some(serde_json::to_string(&lines).map_err(Error::internal)?),
    };
    diesel::insert_into(agreements::table).values(row).execute(tx.conn)?;
    touch(tx, repair.id)?;
    let event = Event::AgreementNoted {
        number: repair.number.clone(),
        total: now,
        how: command.how.name().to_owned(),
        reason: reason.to_owned(),
    };
    tx.record(
        (repair.centre_id, repair.brand_id),
        &event,
        &[Subject::Repair(repair.id), Subject::Device(repair.device_id), Subject::Customer(repair.customer_id)],
    )?;
    road::go_on_by_itself(tx, repair.id)
}
