//! What the customer said yes to, and what it is now: nobody is charged what he was not asked (domain rule 12).
//!
//! Invariant: where the customer's part, with VAT and without the house's own fees, is above what he agreed to of that
//! work, neither the work is ended nor the device handed over until he accepts a new estimate, or somebody notes who
//! agreed, how and why. Who was never asked agreed to nothing; who agreed to other work agreed to that alone, even
//! where the sum is the same.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rows::{Agreement, Estimate, Repair, WorkLine};
use crate::repair::asked::{EstimateLine, customer_lines, latest, state};
use store::error::{Arg, Error, Reason, Result};
use store::query::*;
use store::schema::{agreements, estimates, work_lines};
use store::{Conn, Tx};

/// What the customer agreed to, and what it is now: more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Exceeded {
    /// Of the work as it is now, with VAT and without the house's own fees, in minor units; 0 where the estimate was
    /// declined, or nothing was asked.
    pub accepted: i64,
    pub now: i64,
}

/// Who agreed to more than the estimate said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgreementView {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// phone, in_person, message or other.
    pub how: String,
    pub reason: String,
    /// The sum that was agreed to, with VAT and without the house's own fees.
    pub total: i64,
    #[schemars(with = "String")]
    pub at: Timestamp,
}

/// The estimate that was answered last.
pub(super) fn answered(conn: &mut Conn, repair_id: i64) -> Result<Option<Estimate>> {
    Ok(estimates::table
        .filter(estimates::repair_id.eq(repair_id))
        .filter(estimates::state.eq("accepted").or(estimates::state.eq("declined")))
        .order(estimates::revision.desc())
        .select(Estimate::as_select())
        .first(conn)
        .optional()?)
}

/// The latest agreement of the customer beyond an estimate; without one, where nothing was asked. That of another,
/// whose repair it was thought to be, is none.
fn agreement(conn: &mut Conn, repair: &Repair, estimate_id: Option<i64>) -> Result<Option<Agreement>> {
    let theirs = agreements::table
        .filter(agreements::repair_id.eq(repair.id))
        .filter(agreements::customer_id.eq(repair.customer_id));
    let newest_first = theirs.order(agreements::id.desc()).select(Agreement::as_select());
    Ok(newest_first.load::<Agreement>(conn)?.into_iter().find(|row| row.estimate_id == estimate_id))
}

/// The same as it is shown.
///
/// # Errors
/// The store.
pub(super) fn agreement_view(conn: &mut Conn, repair: &Repair, estimate_id: i64) -> Result<Option<AgreementView>> {
    let view = |row: Agreement| AgreementView {
        who: row.who,
        how: row.how,
        reason: row.reason,
        total: row.total_minor,
        at: row.noted_at.instant(),
    };
    Ok(agreement(conn, repair, Some(estimate_id))?.map(view))
}

/// What the customer agreed to, as it was told.
enum Told {
    Work(Vec<EstimateLine>),
    /// Of old agreements the sum alone is known.
    Sum(i64),
}

/// What the customer agreed to; no work where they declined, or were not asked.
fn told_work(conn: &mut Conn, repair: &Repair) -> Result<Told> {
    let estimate = answered(conn, repair.id)?;
    let told = match (agreement(conn, repair, estimate.as_ref().map(|estimate| estimate.id))?, estimate) {
        (Some(Agreement { lines_json: None, total_minor, .. }), _) => return Ok(Told::Sum(total_minor)),
        (Some(Agreement { lines_json: Some(lines), .. }), _) => lines,
        (None, Some(estimate)) if estimate.state == "accepted" => estimate.lines_json,
        (None, _) => return Ok(Told::Work(Vec::new())),
    };
    Ok(Told::Work(serde_json::from_str(&told).map_err(Error::internal)?))
}

/// Of the work that is charged, that which the customer agreed to: as it was told, and as it is now. A yes is to the
/// work that was told: with a line that is gone it is gone too, and not there for another; a line that was taken back
/// and noted again, and a part that was planned and is fitted, is the same work. To mend a part is other work than to
/// fit a new one.
fn agreed_work(
    conn: &mut Conn,
    repair: &Repair,
    told: Vec<EstimateLine>,
    mut now: Vec<EstimateLine>,
) -> Result<Vec<(EstimateLine, EstimateLine)>> {
    let rows = work_lines::table
        .filter(work_lines::repair_id.eq(repair.id))
        .select(WorkLine::as_select())
        .load::<WorkLine>(conn)?;
    let row = |line: &EstimateLine| rows.iter().find(|row| row.public_id == line.line);
    // What was declined of it, and what the house asks by its own rule, is no part of the yes.
    let is_part = |line: &EstimateLine| row(line).is_some_and(|row| row.state != "declined" && !row.is_fee);
    // Of what was told before it was written down, the line itself tells.
    let is_same_work =
        |told: &EstimateLine, now: &EstimateLine| told.is_mended.is_none() || told.is_mended == now.is_mended;
    let (mut pairs, mut gone) = (Vec::new(), Vec::new());
    for line in told.into_iter().filter(is_part) {
        match now.iter().position(|charged| charged.line == line.line && is_same_work(&line, charged)) {
            Some(at) => pairs.push((line, now.remove(at))),
            None => gone.push(line),
        }
    }
    for line in gone {
        let item = row(&line).map(|row| &row.item_code);
        if let Some(at) = now
            .iter()
            .position(|charged| row(charged).map(|row| &row.item_code) == item && is_same_work(&line, charged))
        {
            pairs.push((line, now.remove(at)));
        }
    }
    Ok(pairs)
}

/// What the customer agreed to pay of each line, with VAT, by the line's public id: nobody agreed to more for a line
/// than was told of it, whatever another costs less, nor pays more than it costs.
///
/// # Errors
/// The store.
pub(super) fn agreed_lines(conn: &mut Conn, repair: &Repair, on: Date) -> Result<HashMap<String, i64>> {
    let Told::Work(told) = told_work(conn, repair)? else { return Ok(HashMap::new()) };
    let now = asked(conn, repair, on)?;
    let pairs = agreed_work(conn, repair, told, now)?.into_iter();
    let of_each = pairs.map(|(told, now)| ((told.net + told.vat).min(now.net + now.vat), now.line));
    Ok(of_each.filter(|(sum, _)| *sum > 0).map(|(sum, line)| (line, sum)).collect())
}

/// What the customer would pay on a day, without the house's own fees.
pub(super) fn asked(conn: &mut Conn, repair: &Repair, on: Date) -> Result<Vec<EstimateLine>> {
    Ok(customer_lines(conn, repair, on)?.iter().filter(|(line, ..)| !line.is_fee).map(EstimateLine::of).collect())
}

/// What the customer agreed to and what it is on a day, where it is more; None once the repair is over.
///
/// # Errors
/// The store.
pub(crate) fn exceeded(conn: &mut Conn, repair: &Repair, on: Date) -> Result<Option<Exceeded>> {
    if !repair.is_open {
        return Ok(None);
    }
    let lines = asked(conn, repair, on)?;
    let now = lines.iter().map(|line| line.net + line.vat).sum::<i64>();
    let accepted = match told_work(conn, repair)? {
        Told::Work(_) => agreed_lines(conn, repair, on)?.values().sum(),
        Told::Sum(total) => total,
    };
    Ok((now > accepted).then_some(Exceeded { accepted, now }))
}

/// The same where it is told: who was never asked may still be, until the work could end.
///
/// # Errors
/// The store.
pub(super) fn told(conn: &mut Conn, repair: &Repair, on: Date) -> Result<Option<Exceeded>> {
    let sums = exceeded(conn, repair, on)?;
    let is_told = sums.is_some() && (answered(conn, repair.id)?.is_some() || super::ends::may_end(conn, repair)?);
    Ok(sums.filter(|_| is_told))
}

/// The state of the latest estimate on a day, as charts read it: none, waiting, accepted, declined, expired or
/// exceeded.
///
/// # Errors
/// The store.
pub(super) fn standing(conn: &mut Conn, repair: &Repair, on: Date) -> Result<&'static str> {
    Ok(match state(latest(conn, repair.id)?.as_ref(), on) {
        "accepted" if exceeded(conn, repair, on)?.is_some() => "exceeded",
        other => other,
    })
}

/// Bars what would charge the customer more than he agreed to.
///
/// # Errors
/// `Conflict` with both sums, and what opens it.
pub(crate) fn must_hold(tx: &mut Tx<'_>, repair: &Repair, on: Date) -> Result<()> {
    let Some(Exceeded { accepted, now }) = exceeded(tx.conn, repair, on)? else { return Ok(()) };
    let reason = Reason::new("estimate-exceeded").with("number", repair.number.clone());
    Err(Error::Conflict(
        reason.with("accepted", Arg::money(accepted, tx.actor.unit)).with("now", Arg::money(now, tx.actor.unit)),
    ))
}

/// Estimates end that were put to somebody whose repair it was not: their yes binds nobody else.
///
/// # Errors
/// The store.
pub(crate) fn end_estimates_of_another(tx: &mut Tx<'_>, repair_ids: Vec<i64>) -> Result<()> {
    let theirs = estimates::table
        .filter(estimates::repair_id.eq_any(repair_ids))
        .filter(estimates::state.eq_any(["waiting", "accepted"]));
    diesel::update(theirs).set(estimates::state.eq("expired")).execute(tx.conn)?;
    Ok(())
}

#[cfg(test)]
mod tests;
