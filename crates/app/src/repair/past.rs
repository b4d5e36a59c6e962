//! The end of a repair that another system knew: an import of the past ends what it received, with its own day.

use domain::workflow::StepKind;

use super::diagnosis::write_diagnosis;
use super::road::log_move;
use super::rows::{Diagnosis, Repair};
use crate::parts::{Paper, Place, Thing, move_thing};
use crate::workflow::chart;
use store::Tx;
use store::error::{Error, Result};
use store::query::*;
use store::schema::repairs;
use store::types::{At, Day};

domain::words! {
    /// How a past repair ended.
    PastResult { Repaired = "repaired", Irreparable = "irreparable", Withdrawn = "withdrawn" }
}

/// Ends the repair of a visit that was imported: its device is with its owner again. Returns its id.
///
/// # Errors
/// The store.
pub(crate) fn close_past(
    tx: &mut Tx<'_>,
    reception_id: i64,
    result: Option<PastResult>,
    finding: Option<String>,
) -> Result<i64> {
    let repair = repairs::table
        .filter(repairs::reception_id.eq(reception_id))
        .select(Repair::as_select())
        .first::<Repair>(tx.conn)?;
    let thing = Thing { device_id: Some(repair.device_id), product_id: repair.product_id, quantity_milli: 1000 };
    move_thing(tx, thing, Place::Shelf(repair.centre_id), Place::Customer(None), Paper("import", reception_id))?;
    let chart = chart(tx.conn, repair.chart_id)?;
    let end = chart.steps.iter().find(|step| step.kind == StepKind::End).ok_or(Error::NotFound)?;
    log_move(tx, &repair, "import", &end.id, None)?;
    diesel::update(repairs::table.find(repair.id))
        .set((
            (
                repairs::is_open.eq(false),
                repairs::outcome.eq(result.map(PastResult::name)),
                repairs::promised_on.eq(None::<Day>),
            ),
            (
                repairs::handed_over_at.eq(Some(At::from(tx.occurred))),
                repairs::returned_on.eq(Some(Day::from(tx.today()))),
            ),
        ))
        .execute(tx.conn)?;
    if finding.is_some() {
        write_diagnosis(tx.conn, Diagnosis { repair_id: repair.id, finding, ..Diagnosis::default() })?;
    }
    Ok(repair.id)
}
