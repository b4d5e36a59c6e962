//! The work on a device as it is read by all who have to do with it: a repair by who may see it or act on it, its lines.

use domain::access::Action;

use super::rows::{Repair, WorkLine};
use store::error::{Error, Reason, Result};
use store::query::*;
use store::rights::Actor;
use store::schema::{faults, repairs, reported_faults, work_lines};
use store::{Conn, Tx};

domain::words! {
    /// What becomes of a part that was taken out.
    Disposition {
        /// Into the removed-parts bin, owed to whoever pays for the new one.
        Owed = "owed",
        /// Given to the customer.
        Returned = "returned",
        Scrapped = "scrapped",
        /// Kept by the centre.
        Kept = "kept",
        /// Mended, and put back where it was: no other part is fitted.
        Repaired = "repaired",
    }
}

domain::words! {
    /// Who supplied the part that was fitted.
    SuppliedBy { Centre = "centre", Warrantor = "warrantor", Customer = "customer" }
}

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

/// The lines of a repair that are charged, in order.
///
/// # Errors
/// The store.
pub(crate) fn charged(conn: &mut Conn, repair_id: i64) -> Result<Vec<WorkLine>> {
    Ok(work_lines::table
        .filter(work_lines::repair_id.eq(repair_id))
        .filter(work_lines::state.eq("open"))
        .order(work_lines::position)
        .select(WorkLine::as_select())
        .load(conn)?)
}

/// The planned parts of a repair that are not fitted yet.
///
/// # Errors
/// The store.
pub(crate) fn planned(conn: &mut Conn, repair_id: i64) -> Result<Vec<WorkLine>> {
    Ok(charged(conn, repair_id)?.into_iter().filter(WorkLine::is_planned).collect())
}
