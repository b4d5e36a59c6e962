//! The work on one received device: diagnosis, lines of work, estimate, the road to hand-over.
//!
//! Words: a *repair* (repair order) walks a chart; a *work line* is what is charged, whoever pays; *charged* lines are
//! those that were neither declined nor removed. Invariants: coverage is decided again with every change; a fitted part
//! becomes a node of the device's tree and the removed one leaves it in one transaction; nothing changes after
//! hand-over except by reopening.

pub mod agreed;
pub mod assign;
pub mod diagnose;
pub mod estimate;
mod facts;
pub mod fit;
pub mod lines;
pub mod list;
pub mod passcode;
pub(crate) mod past;
pub mod plan;
pub mod road;
pub mod rows;
pub mod view;

pub use agreed::{AgreedBy, NoteAgreement, note_agreement};
pub use assign::{AssignRepair, Assignee, assign_repair, list_assignees};
pub use diagnose::{DiagnoseRepair, diagnose_repair, preview_diagnosis};
pub use estimate::{Answer, AnswerEstimate, MakeEstimate, answer_estimate, estimate_repair};
pub use fit::{Disposition, FitPart, TakePartOut, fit_part, take_part_out};
pub use lines::{AddOperation, ChangeLine, RemoveLine, add_operation, change_line, remove_line};
pub use list::{ListRepairs, RepairRow, list_repairs};
pub use plan::{AwaitPart, PlanPart, await_part, plan_part};
pub use road::{
    AnswerChecklist, ChangePromise, MoveRepair, StepBack, answer_checklist, change_promise, move_repair, step_back,
};
pub use view::{RepairView, get_repair};

use domain::access::Action;

use self::rows::{Repair, WorkLine};
use store::error::{Error, Reason, Result};
use store::query::*;
use store::rights::Actor;
use store::schema::{faults, repairs, reported_faults, work_lines};
use store::{Conn, Tx};

/// A repair that the actor sees, or on which they may do what they ask for.
///
/// # Errors
/// `NotFound`.
pub(crate) fn seen(conn: &mut Conn, actor: &Actor, public_id: &str, action: Action) -> Result<Repair> {
    let row = repairs::table
        .filter(repairs::public_id.eq(public_id))
        .select(Repair::as_select())
        .first::<Repair>(conn)
        .optional()?
        .ok_or(Error::NotFound)?;
    actor.finds(&[Action::ViewWork, action], row.of())?;
    Ok(row)
}

/// A repair that the actor sees and may act on, before hand-over.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Conflict` once it is over.
pub(crate) fn in_hand(tx: &mut Tx<'_>, public_id: &str, action: Action) -> Result<Repair> {
    let row = seen(tx.conn, tx.actor, public_id, action)?;
    tx.actor.may(action, row.of())?;
    not_over(&row)?;
    Ok(row)
}

/// That a repair is not over: nothing changes after hand-over but by reopening it.
///
/// # Errors
/// `Conflict` once it is.
pub(crate) fn not_over(repair: &Repair) -> Result<()> {
    let code = match repair.outcome.as_deref() {
        _ if repair.is_open => return Ok(()),
        Some("cancelled") => "reception-cancelled",
        _ => "already-handed-over",
    };
    Err(Error::Conflict(Reason::new(code).with("number", repair.number.clone())))
}

/// A line of a repair.
///
/// # Errors
/// `NotFound`.
pub(crate) fn line_row(conn: &mut Conn, repair_id: i64, public_id: &str) -> Result<WorkLine> {
    work_lines::table
        .filter(work_lines::public_id.eq(public_id))
        .filter(work_lines::repair_id.eq(repair_id))
        .select(WorkLine::as_select())
        .first(conn)
        .optional()?
        .ok_or(Error::NotFound)
}

/// The codes of the faults that the customer reported, in order.
///
/// # Errors
/// The store.
pub(crate) fn reported_codes(conn: &mut Conn, repair_id: i64) -> Result<Vec<String>> {
    Ok(reported_faults::table
        .inner_join(faults::table.on(faults::id.eq(reported_faults::fault_id)))
        .filter(reported_faults::repair_id.eq(repair_id))
        .order(reported_faults::position)
        .select(faults::code)
        .load(conn)?)
}

/// Notes that a repair changed: its version moves on.
pub(crate) fn touch(tx: &mut Tx<'_>, repair_id: i64) -> Result<()> {
    diesel::update(repairs::table.find(repair_id)).set(repairs::version.eq(repairs::version + 1)).execute(tx.conn)?;
    Ok(())
}
