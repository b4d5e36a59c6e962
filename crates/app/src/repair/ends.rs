//! When the work on a repair ends, as its chart has it.

use domain::workflow::{Chart, Need, Stage, Transition};
use jiff::Timestamp;

use super::rows::Repair;
use crate::workflow::rows::CaseMove;
use crate::workflow::{chart, moves_of};
use store::Conn;
use store::error::Result;

/// Whether a way is barred while the customer would pay more than he agreed to: it ends the work, or hands over, or
/// tells the customer to come for what was repaired.
pub(super) fn charges(chart: &Chart, way: &Transition) -> bool {
    let is_fetched = || way.outcome.is_none() && chart.stage(&way.to) == Some(Stage::Ready);
    way.ends_work() || way.needs.contains(&Need::HandOver) || is_fetched()
}

/// Whether the work on a repair is done: it was ended, and is checked or waits to be fetched. What goes home without it
/// waits to be fetched too.
///
/// # Errors
/// The store.
pub(super) fn is_worked(conn: &mut Conn, repair: &Repair) -> Result<bool> {
    let chart = chart(conn, repair.chart_id)?;
    let is_ended = repair.outcome.as_deref() == Some("repaired");
    Ok(is_ended && matches!(chart.stage(&repair.step), Some(Stage::Check | Stage::Ready)))
}

/// When the work ended on a repair that is worked, if it was: it may be fetched because the customer said no.
///
/// # Errors
/// The store.
pub(super) fn worked_since(conn: &mut Conn, repair: &Repair) -> Result<Option<Timestamp>> {
    let chart = chart(conn, repair.chart_id)?;
    let ends = |row: &CaseMove| chart.transitions.iter().any(|way| way.id == row.transition && way.ends_work());
    Ok(moves_of(conn, repair.id)?.iter().rfind(|row| ends(row)).map(|row| row.moved_at.instant()))
}

/// Whether the step of a repair has a way on which the work ends or the device goes home.
///
/// # Errors
/// The store.
pub(super) fn may_end(conn: &mut Conn, repair: &Repair) -> Result<bool> {
    let chart = chart(conn, repair.chart_id)?;
    Ok(chart.ways_out(&repair.step).any(|way| charges(&chart, way)))
}
