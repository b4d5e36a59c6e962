//! Taking up a repair again that was handed over too early: by right, with a reason. Its invoices are corrected by
//! counter-documents.

use domain::access::Action;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::invoices::{counter, of_hand_over};
use crate::coverage::claims::reserve;
use crate::coverage::repair_warranty;
use crate::devices::append_event;
use crate::parts::{Paper, Place, Thing, move_thing};
use crate::repair::road::log_move;
use crate::repair::rows::Repair;
use crate::repair::work::seen;
use crate::workflow::moves_of;
use store::error::{Error, Reason, Result};
use store::query::*;
use store::schema::{hand_over_repairs, invoice_lines, receptions, repairs};
use store::types::{At, Day};
use store::{Event, Subject, Tx};

/// Takes up a repair again after hand-over.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReopenRepair {
    #[schemars(length(min = 1, max = 500))]
    pub reason: String,
}

/// # Errors
/// `Forbidden`, `NotFound`; `Invalid` without a reason; `Conflict` where it was not handed over, or the device is in
/// the house for another repair.
pub fn reopen_repair(tx: &mut Tx<'_>, public_id: &str, command: &ReopenRepair) -> Result<()> {
    let repair = seen(tx.conn, tx.actor, public_id, Action::ReopenRepair)?;
    tx.actor.may(Action::ReopenRepair, repair.of())?;
    let reason = command.reason.trim();
    if reason.is_empty() {
        return Err(Error::invalid("reason", "required"));
    }
    let hand_over = hand_over_repairs::table
        .filter(hand_over_repairs::repair_id.eq(repair.id))
        .filter(hand_over_repairs::reopened_at.is_null())
        .select(hand_over_repairs::hand_over_id)
        .first::<i64>(tx.conn)
        .optional()?;
    let Some(hand_over_id) = hand_over.filter(|_| !repair.is_open) else {
        return Err(Error::Conflict(Reason::new("not-handed-over").with("number", repair.number)));
    };
    let other = repairs::table
        .filter(repairs::device_id.eq(repair.device_id))
        .filter(repairs::is_open.eq(true))
        .select(repairs::number)
        .first::<String>(tx.conn)
        .optional()?;
    if let Some(number) = other {
        return Err(Error::Conflict(
            Reason::new("already-received").with("number", number).with("serial", String::new()),
        ));
    }
    for invoice in of_hand_over(tx.conn, hand_over_id)? {
        let has_lines = invoice_lines::table
            .filter(invoice_lines::invoice_id.eq(invoice.id))
            .filter(invoice_lines::repair_id.eq(repair.id))
            .select(invoice_lines::id)
            .first::<i64>(tx.conn)
            .optional()?;
        if has_lines.is_some() {
            match counter(tx, &invoice, Some(repair.id), reason) {
                // One that was corrected by hand before needs no further paper.
                Ok(_) | Err(Error::Conflict(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }
    diesel::update(hand_over_repairs::table.find((hand_over_id, repair.id)))
        .set(hand_over_repairs::reopened_at.eq(Some(At::from(tx.occurred))))
        .execute(tx.conn)?;
    if repair.place == "workshop" {
        let thing = Thing { device_id: Some(repair.device_id), product_id: repair.product_id, quantity_milli: 1000 };
        move_thing(tx, thing, Place::Customer(None), Place::Shelf(repair.centre_id), Paper("reopening", repair.id))?;
    }
    let before =
        moves_of(tx.conn, repair.id)?.last().map_or_else(|| repair.step.clone(), |last| last.from_step.clone());
    log_move(tx, &repair, "back", &before, Some(reason))?;
    diesel::update(repairs::table.find(repair.id))
        .set((repairs::is_open.eq(true), repairs::handed_over_at.eq(None::<At>), repairs::returned_on.eq(None::<Day>)))
        .execute(tx.conn)?;
    repair_warranty::void(tx, &repair)?;
    let repair: Repair = repairs::table.find(repair.id).select(Repair::as_select()).first(tx.conn)?;
    if repair.outcome.as_deref() == Some("repaired") {
        reserve(tx, repair.id)?;
    }
    let event = Event::RepairReopened { number: repair.number.clone(), reason: reason.to_owned() };
    let customer = receptions::table.find(repair.reception_id).select(receptions::customer_id).first::<i64>(tx.conn)?;
    let subjects = [
        Subject::Repair(repair.id),
        Subject::Device(repair.device_id),
        Subject::Reception(repair.reception_id),
        Subject::Customer(customer),
    ];
    let journal_id = tx.record((repair.centre_id, repair.brand_id), &event, &subjects)?;
    let today = tx.today();
    append_event(
        tx,
        repair.device_id,
        "received",
        tx.occurred,
        today,
        journal_id,
        &serde_json::json!({"repair": repair.id, "reopened": true}),
    )
}
