//! What was found: of a repair, and of a line that stands apart from it.

use super::rows::{Diagnosis, LineDiagnosis};
use crate::catalogue::choices;
use store::Conn;
use store::error::{Faults, Result};
use store::query::*;
use store::schema::{causes, diagnoses, faults, line_diagnoses, work_lines};

/// The code under which "no fault found" stands in the catalogue.
pub const NO_FAULT: &str = "NFF";

/// What was found on a repair; nothing is in it before.
///
/// # Errors
/// The store.
pub(crate) fn diagnosis_of(conn: &mut Conn, repair_id: i64) -> Result<Diagnosis> {
    let found = diagnoses::table.find(repair_id).select(Diagnosis::as_select()).first(conn).optional()?;
    Ok(found.unwrap_or_else(|| Diagnosis { repair_id, ..Diagnosis::default() }))
}

/// Writes what was found in place of what stood there.
///
/// # Errors
/// The store.
pub(super) fn write_diagnosis(conn: &mut Conn, diagnosis: Diagnosis) -> Result<()> {
    let known = diagnoses::table.find(diagnosis.repair_id);
    if diesel::update(known).set(diagnosis.clone()).execute(conn)? == 0 {
        diesel::insert_into(diagnoses::table).values(diagnosis).execute(conn)?;
    }
    Ok(())
}

/// What was found of the lines of a repair that stand apart from it.
///
/// # Errors
/// The store.
pub(crate) fn line_diagnoses_of(conn: &mut Conn, repair_id: i64) -> Result<Vec<LineDiagnosis>> {
    Ok(line_diagnoses::table
        .inner_join(work_lines::table.on(work_lines::id.eq(line_diagnoses::work_line_id)))
        .filter(work_lines::repair_id.eq(repair_id))
        .select(LineDiagnosis::as_select())
        .load(conn)?)
}

/// The fault in use that a field means; None where nothing was typed.
///
/// # Errors
/// The store; what is wrong with it is added to the faults.
pub(super) fn fault_named(conn: &mut Conn, typed: Option<&str>, wrong: &mut Faults) -> Result<Option<i64>> {
    let Some(typed) = typed.filter(|typed| !typed.trim().is_empty()) else { return Ok(None) };
    let id = choices::fault_named(conn, typed)?;
    wrong.check(id.is_some(), "fault", "unknown-fault");
    Ok(id)
}

/// The cause in use that a field means, as [`fault_named`] tells a fault.
///
/// # Errors
/// The store; what is wrong with it is added to the faults.
pub(super) fn cause_named(conn: &mut Conn, typed: Option<&str>, wrong: &mut Faults) -> Result<Option<i64>> {
    let Some(typed) = typed.filter(|typed| !typed.trim().is_empty()) else { return Ok(None) };
    let id = choices::cause_named(conn, typed)?;
    wrong.check(id.is_some(), "cause", "unknown-cause");
    Ok(id)
}

/// The code of a fault.
///
/// # Errors
/// The store.
pub(crate) fn fault_code(conn: &mut Conn, id: Option<i64>) -> Result<Option<String>> {
    id.map(|id| Ok(faults::table.find(id).select(faults::code).first(conn)?)).transpose()
}

/// The code of a cause.
///
/// # Errors
/// The store.
pub(crate) fn cause_code(conn: &mut Conn, id: Option<i64>) -> Result<Option<String>> {
    id.map(|id| Ok(causes::table.find(id).select(causes::code).first(conn)?)).transpose()
}
