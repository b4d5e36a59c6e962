//! The diagnosis: fault, cause and component; that no fault was found is a finding too.

use domain::access::Action;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::diagnosis::{NO_FAULT, cause_code, cause_named, diagnosis_of, fault_code, fault_named, write_diagnosis};
use super::rows::{Diagnosis, Repair};
use crate::catalogue::same_version;
use crate::coverage::decide::{CoverageChange, decide_repair, is_gift, preview};
use crate::devices::device_row;
use crate::reception::repeats;
use crate::repair::line::component_named;
use crate::repair::work::{in_hand, seen};
use store::error::{Arg, Error, Faults, Reason, Result};
use store::query::*;
use store::rights::Actor;
use store::schema::{causes, repairs, reported_faults};
use store::types::At;
use store::views::Title;
use store::{Conn, Event, Subject, Tx};

/// What the technician found.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiagnoseRepair {
    /// The fault, as `listChoices` names it; absent with `no_fault_found`.
    #[schemars(length(max = 200))]
    #[serde(default)]
    pub fault: Option<String>,
    /// The cause, as `listChoices` names it, where it is known.
    #[schemars(length(max = 200))]
    #[serde(default)]
    pub cause: Option<String>,
    /// Public id of the component that is affected; absent: the device itself.
    #[schemars(length(max = 60))]
    #[serde(default)]
    pub component: Option<String>,
    #[schemars(length(max = 2000))]
    #[serde(default)]
    pub finding: Option<String>,
    #[serde(default)]
    pub no_fault_found: bool,
    /// That a higher share of the customer was seen and is meant.
    #[serde(default)]
    pub accept_coverage_change: bool,
}

struct Found {
    fault_id: Option<i64>,
    cause_id: Option<i64>,
}

fn found(conn: &mut Conn, command: &DiagnoseRepair) -> Result<Found> {
    let mut wrong = Faults::default();
    let typed = if command.no_fault_found { Some(NO_FAULT) } else { command.fault.as_deref() };
    wrong.check(typed.is_some_and(|code| !code.trim().is_empty()), "fault", "required");
    let fault_id = fault_named(conn, typed, &mut wrong)?;
    let cause_id = cause_named(conn, command.cause.as_deref(), &mut wrong)?;
    wrong.told()?;
    Ok(Found { fault_id, cause_id })
}

/// What a diagnosis would change in who pays, before it is saved.
///
/// # Errors
/// `NotFound`; `Invalid` where a code is not known.
pub fn preview_diagnosis(
    conn: &mut Conn,
    actor: &Actor,
    public_id: &str,
    now: jiff::Timestamp,
    command: &DiagnoseRepair,
) -> Result<CoverageChange> {
    let row = seen(conn, actor, public_id, Action::Diagnose)?;
    actor.may(Action::Diagnose, row.of())?;
    let found = found(conn, command)?;
    let mut change = preview(conn, row.id, found.fault_id, found.cause_id, actor.today(now))?;
    if !actor.scope(Action::ViewMoney).holds(row.of()) {
        for line in &mut change.lines {
            line.considered.retain(|considered| !is_gift(&considered.cover));
            (line.customer_before, line.customer_after) = (None, None);
        }
    }
    Ok(change)
}

/// # Errors
/// `Forbidden`, `NotFound`; `Invalid` where a code is not known; `Conflict` where the customer's share would rise and
/// that was not accepted, on another version, or after hand-over.
pub fn diagnose_repair(tx: &mut Tx<'_>, public_id: &str, version: Option<i64>, command: &DiagnoseRepair) -> Result<()> {
    let row = in_hand(tx, public_id, Action::Diagnose)?;
    same_version(row.version, version)?;
    let found = found(tx.conn, command)?;
    let before = diagnosis_of(tx.conn, row.id)?;
    let component_id = match command.component.as_deref().filter(|id| !id.is_empty()) {
        // What was found to be affected may have been taken out since.
        Some(id) if device_row(tx.conn, id).is_ok_and(|device| Some(device.id) == before.component_id) => {
            before.component_id
        }
        Some(id) => Some(component_named(tx, &row, id)?.ok_or_else(|| Error::invalid("component", "not-in-device"))?),
        None => None,
    };
    let change = preview(tx.conn, row.id, found.fault_id, found.cause_id, tx.today())?;
    if change.customer_after > change.customer_before && !command.accept_coverage_change {
        return Err(Error::Conflict(
            Reason::new("coverage-would-change")
                .with("before", Arg::money(change.customer_before, tx.actor.unit))
                .with("after", Arg::money(change.customer_after + change.customer_vat_after, tx.actor.unit)),
        ));
    }
    let reported = reported_faults::table
        .filter(reported_faults::repair_id.eq(row.id))
        .select(reported_faults::fault_id)
        .load::<i64>(tx.conn)?;
    let repeat = repeats::earlier_repair(
        tx.conn,
        row.device_id,
        found.fault_id,
        &reported,
        Some((row.occurred_on.date(), row.id)),
    )?;
    diesel::update(repairs::table.find(row.id))
        .set((repairs::repeat_of_id.eq(repeat.map(|repeat| repeat.repair_id)), repairs::version.eq(row.version + 1)))
        .execute(tx.conn)?;
    let diagnosis = Diagnosis {
        repair_id: row.id,
        fault_id: found.fault_id,
        cause_id: found.cause_id,
        component_id,
        finding: command.finding.clone(),
        diagnosed_at: Some(At::from(tx.occurred)),
    };
    write_diagnosis(tx.conn, diagnosis)?;
    let event = Event::RepairDiagnosed {
        number: row.number.clone(),
        fault: fault_code(tx.conn, found.fault_id)?,
        cause: cause_code(tx.conn, found.cause_id)?,
    };
    tx.record((row.centre_id, row.brand_id), &event, &[Subject::Repair(row.id), Subject::Device(row.device_id)])?;
    decide_repair(tx, row.id, "diagnosis")?;
    Ok(())
}

/// A warning that a cause not yet found would take cover away: for the page, before anything happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WhatIf {
    pub cause: Title,
    /// The customer's share with it, net.
    pub customer: i64,
}

/// The causes that the covers of a repair exclude, with what each would mean.
///
/// # Errors
/// The store.
pub(crate) fn what_if(conn: &mut Conn, repair: &Repair) -> Result<Vec<WhatIf>> {
    if !repair.is_open || diagnosis_of(conn, repair.id)?.cause_id.is_some() {
        return Ok(Vec::new());
    }
    let work = crate::coverage::decide::work(conn, repair.id)?;
    let built = crate::coverage::decide::case_of(conn, &work)?;
    let mut codes = built
        .case
        .covers
        .iter()
        .flat_map(|cover| &cover.policy.exclusions)
        .flat_map(|exclusion| exclusion.causes.clone())
        .collect::<Vec<_>>();
    codes.sort();
    codes.dedup();
    let mut out = Vec::new();
    for code in codes.into_iter().take(6) {
        let cause = causes::table
            .filter(causes::code.eq(&code))
            .select((causes::id, causes::title_fa, causes::title_en))
            .first::<(i64, String, String)>(conn)
            .optional()?;
        if let Some((id, fa, en)) = cause {
            let change = preview(conn, repair.id, None, Some(id), repair.occurred_on.date())?;
            if change.customer_after > change.customer_before {
                out.push(WhatIf { cause: Title { fa, en }, customer: change.customer_after });
            }
        }
    }
    Ok(out)
}
