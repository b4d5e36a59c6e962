//! A person's ruling on one line, beside the machine's decision: by right, with a reason, and both are seen for ever.

use std::collections::HashMap;

use domain::access::Action;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::covers::cover_row;
use super::decide::decide_repair;
use super::rows::CoverageOverride;
use crate::error::{Faults, OrInvalid, Result};
use crate::repair::{in_hand, line_row};
use crate::store::query::*;
use crate::store::schema::{coverage_overrides, devices, work_lines};
use crate::store::types::At;
use crate::store::{Conn, Event, Subject, Tx};

/// Lets a cover pay a percentage of a line, or none: then the customer pays it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OverrideCoverage {
    /// Public id of the line.
    pub line: String,
    /// Public id of the cover that is to pay; absent: the customer.
    #[serde(default)]
    pub cover: Option<String>,
    #[schemars(range(min = 0, max = 100))]
    #[serde(default)]
    pub percent: Option<i64>,
    #[schemars(length(min = 1, max = 500))]
    pub reason: String,
}

/// A ruling that holds.
#[derive(Clone, Debug)]
pub(crate) struct Ruling {
    pub id: i64,
    pub cover_id: Option<i64>,
    pub percent: i64,
}

/// The latest ruling on each line of a repair.
pub(crate) fn rulings(conn: &mut Conn, repair_id: i64) -> Result<HashMap<i64, Ruling>> {
    let rows = coverage_overrides::table
        .inner_join(work_lines::table.on(work_lines::id.eq(coverage_overrides::work_line_id)))
        .filter(work_lines::repair_id.eq(repair_id))
        .order(coverage_overrides::id)
        .select(CoverageOverride::as_select())
        .load::<CoverageOverride>(conn)?;
    Ok(rows.into_iter().map(|row| (row.work_line_id, Ruling { id: row.id, cover_id: row.cover_id, percent: row.percent })).collect())
}

/// # Errors
/// `Forbidden`, `NotFound`; `Invalid` without a reason or with a cover of another device; `Conflict` after hand-over.
pub fn override_coverage(tx: &mut Tx<'_>, repair: &str, command: &OverrideCoverage) -> Result<()> {
    let repair = in_hand(tx, repair, Action::OverrideCoverage)?;
    let mut faults = Faults::default();
    let reason = command.reason.trim();
    faults.check(!reason.is_empty(), "reason", "required");
    let line = line_row(tx.conn, repair.id, &command.line).or_invalid("line", "unknown-reference")?;
    let cover = match &command.cover {
        Some(public_id) => Some(cover_row(tx.conn, public_id).or_invalid("cover", "unknown-reference")?),
        None => None,
    };
    if let Some(cover) = &cover {
        let brand = devices::table.find(cover.device_id).select(devices::brand_id).first::<i64>(tx.conn)?;
        faults.check(cover.device_id == repair.device_id || brand == repair.brand_id, "cover", "unknown-reference");
    }
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
    let event = Event::CoverageOverridden { number: repair.number.clone(), item: line.item_code, percent, reason: reason.to_owned() };
    tx.record((repair.centre_id, repair.brand_id), &event, &[Subject::Repair(repair.id), Subject::Device(repair.device_id)])?;
    decide_repair(tx, repair.id, "override")?;
    Ok(())
}
