//! A line of work as it is written, whatever it charges.

use domain::access::Action;
use domain::coverage::LineType;
use domain::money::line_amount;

use super::diagnosis::{cause_named, fault_named};
use super::rows::{LineDiagnosis, Repair, WorkLine};
use crate::coverage::decide::decide_repair;
use crate::devices::tree::tree;
use crate::repair::work::planned;
use store::error::{Faults, Result};
use store::query::*;
use store::rights::Actor;
use store::schema::{line_diagnoses, work_lines};
use store::types::At;
use store::{Conn, Tx};

/// The largest quantity on a line: a million.
pub const MAX_QUANTITY: i64 = 1_000_000_000;

/// Where a line stands apart from the repair: own component, fault and cause, as ids.
#[derive(Clone, Copy, Default)]
pub(crate) struct Own {
    pub component_id: Option<i64>,
    pub fault_id: Option<i64>,
    pub cause_id: Option<i64>,
}

/// A line of a repair, of one piece, added now by the actor: the rest is filled in by who adds it.
pub(crate) fn blank(tx: &mut Tx<'_>, repair: &Repair, line_type: LineType) -> Result<WorkLine> {
    Ok(WorkLine {
        id: 0,
        public_id: tx.public_id(),
        repair_id: repair.id,
        position: next_position(tx.conn, repair.id)?,
        line_type: line_type.name().to_owned(),
        product_id: None,
        service_id: None,
        item_code: String::new(),
        title_fa: String::new(),
        title_en: String::new(),
        tax_class: "standard".to_owned(),
        quantity_milli: 1000,
        unit_price_minor: None,
        amount_minor: None,
        device_in_id: None,
        device_out_id: None,
        disposition: None,
        supplied_by: "centre".to_owned(),
        technician_user_id: tx.actor.user_id,
        result: None,
        is_fee: false,
        state: "open".to_owned(),
        added_at: At::from(tx.occurred),
        ended_at: None,
        ended_reason: None,
        awaited_at: None,
    })
}

/// Writes a new line, and where it stands apart.
///
/// # Errors
/// The store.
pub(super) fn add(conn: &mut Conn, line: WorkLine, own: &Own) -> Result<()> {
    let id = diesel::insert_into(work_lines::table).values(line).returning(work_lines::id).get_result::<i64>(conn)?;
    stand_apart(conn, id, own)
}

/// Where a line stands apart from its repair.
///
/// # Errors
/// The store.
pub(super) fn own_of(conn: &mut Conn, work_line_id: i64) -> Result<Own> {
    let row = line_diagnoses::table.find(work_line_id).select(LineDiagnosis::as_select()).first(conn).optional()?;
    let own =
        |row: LineDiagnosis| Own { component_id: row.component_id, fault_id: row.fault_id, cause_id: row.cause_id };
    Ok(row.map(own).unwrap_or_default())
}

/// Writes where a line stands apart from its repair, in place of what stood there.
///
/// # Errors
/// The store.
pub(super) fn stand_apart(conn: &mut Conn, work_line_id: i64, own: &Own) -> Result<()> {
    let Own { component_id, fault_id, cause_id } = *own;
    diesel::delete(line_diagnoses::table.find(work_line_id)).execute(conn)?;
    if component_id.or(fault_id).or(cause_id).is_some() {
        let row = LineDiagnosis { work_line_id, component_id, fault_id, cause_id };
        diesel::insert_into(line_diagnoses::table).values(row).execute(conn)?;
    }
    Ok(())
}

/// The device or the component of it that a public id names, of those that a repair is about.
///
/// # Errors
/// The store.
pub(super) fn component_named(tx: &mut Tx<'_>, repair: &Repair, id: &str) -> Result<Option<i64>> {
    let now = tx.now;
    let root = tree(tx.conn, repair.device_id, now)?;
    Ok(root.all().into_iter().find(|node| node.device.public_id == id).map(|node| node.device.id))
}

/// What was typed of it; a component is one of the device that is repaired.
pub(crate) fn own(
    tx: &mut Tx<'_>,
    repair: &Repair,
    component: Option<&str>,
    fault: Option<&str>,
    cause: Option<&str>,
    wrong: &mut Faults,
) -> Result<Own> {
    let component_id = match component.filter(|id| !id.is_empty()) {
        Some(id) => {
            let found = component_named(tx, repair, id)?;
            wrong.check(found.is_some(), "component", "not-in-device");
            found
        }
        None => None,
    };
    let fault_id = fault_named(tx.conn, fault, wrong)?;
    let cause_id = cause_named(tx.conn, cause, wrong)?;
    Ok(Own { component_id, fault_id, cause_id })
}

fn next_position(conn: &mut Conn, repair_id: i64) -> Result<i64> {
    let last = work_lines::table
        .filter(work_lines::repair_id.eq(repair_id))
        .order(work_lines::position.desc())
        .select(work_lines::position)
        .first::<i64>(conn)
        .optional()?;
    Ok(last.unwrap_or(0) + 1)
}

/// A price is set by who is shown it: who may see money where the work is.
///
/// # Errors
/// `Forbidden` where one was typed.
pub(super) fn may_price(actor: &Actor, repair: &Repair, typed: Option<i64>) -> Result<()> {
    if typed.is_some() { actor.may(Action::ViewMoney, repair.of()) } else { Ok(()) }
}

/// What is checked of a price and a quantity.
pub(crate) fn check_amount(wrong: &mut Faults, quantity_milli: i64, unit_price: Option<i64>) -> Option<i64> {
    wrong.check((1..=MAX_QUANTITY).contains(&quantity_milli), "quantity_milli", "quantity");
    wrong.check(
        unit_price.is_none_or(|price| (0..=domain::money::MAX_AMOUNT).contains(&price)),
        "unit_price",
        "amount",
    );
    let amount = unit_price.map(|price| line_amount(quantity_milli, price));
    wrong.check(amount.is_none_or(|amount| amount <= domain::money::MAX_AMOUNT), "unit_price", "amount");
    amount
}

pub(crate) fn end(tx: &mut Tx<'_>, line_id: i64, state: &str, reason: &str) -> Result<()> {
    diesel::update(work_lines::table.find(line_id))
        .set((
            work_lines::state.eq(state),
            work_lines::ended_at.eq(Some(At::from(tx.occurred))),
            work_lines::ended_reason.eq(Some(reason)),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// Drops what was planned: the device goes without it.
///
/// # Errors
/// The store.
pub(crate) fn drop_planned(tx: &mut Tx<'_>, repair: &Repair, why: &str) -> Result<()> {
    let rows = planned(tx.conn, repair.id)?;
    for row in &rows {
        end(tx, row.id, "removed", why)?;
    }
    if rows.is_empty() { Ok(()) } else { decide_repair(tx, repair.id, why).map(|_| ()) }
}
