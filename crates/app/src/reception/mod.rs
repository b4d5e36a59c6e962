//! Visits: who came, with what, and what the house promised.
//!
//! Words: a *reception* is one visit with one or many received devices; on site nothing comes into custody. Invariants:
//! time and receiver are set by the system; a reception's number stays in its series, cancelled or not; a correction
//! keeps number and tracking number and makes a new revision of the receipt.

pub mod attachments;
pub mod correct;
pub mod paper;
pub mod receive;
pub mod repeats;
pub mod rows;
pub mod view;

pub use correct::{CancelReception, CorrectReception, cancel_reception, correct_reception};
pub use receive::{CustomerChoice, ReceiveDevice, ReceiveDevices, ReceptionPlace, receive_devices};
pub use view::{ListReceptions, ReceptionView, get_reception, list_receptions};

use domain::access::Action;

use self::rows::Reception;
use crate::repair::rows::Repair;
use store::error::{Error, Result};
use store::query::*;
use store::rights::Actor;
use store::schema::{receptions, repairs};
use store::{Conn, Tx};

/// # Errors
/// `NotFound`.
pub(crate) fn reception_row(conn: &mut Conn, public_id: &str) -> Result<Reception> {
    receptions::table
        .filter(receptions::public_id.eq(public_id))
        .select(Reception::as_select())
        .first(conn)
        .optional()?
        .ok_or(Error::NotFound)
}

/// A visit of which the actor sees a part, or on a part of which they may do what they ask for.
///
/// # Errors
/// `NotFound`.
pub(crate) fn seen(conn: &mut Conn, actor: &Actor, public_id: &str, action: Action) -> Result<Reception> {
    let row = receptions::table
        .filter(receptions::public_id.eq(public_id))
        .filter(actor.scope_of_any(&[Action::ViewWork, action]).rows::<receptions::table>());
    row.select(Reception::as_select()).first(conn).optional()?.ok_or(Error::NotFound)
}

/// A visit of which a part is theirs to do this with.
///
/// # Errors
/// `NotFound`, `Forbidden`.
pub(crate) fn partly(conn: &mut Conn, actor: &Actor, public_id: &str, action: Action) -> Result<Reception> {
    let row = seen(conn, actor, public_id, action)?;
    let theirs = receptions::table
        .filter(receptions::id.eq(row.id))
        .filter(actor.scope(action).rows::<receptions::table>())
        .select(receptions::id);
    theirs.first::<i64>(conn).optional()?.map(|_| row).ok_or_else(|| actor.refusal(action))
}

/// A visit that the actor may change as a whole, with its repairs: the right is theirs on each.
///
/// # Errors
/// `NotFound`, `Forbidden`.
pub(crate) fn wholly(tx: &mut Tx<'_>, public_id: &str, action: Action) -> Result<(Reception, Vec<Repair>)> {
    let row = seen(tx.conn, tx.actor, public_id, action)?;
    let rows = repairs::table
        .filter(repairs::reception_id.eq(row.id))
        .order(repairs::ordinal)
        .select(Repair::as_select())
        .load::<Repair>(tx.conn)?;
    for repair in &rows {
        tx.actor.may(action, repair.of())?;
    }
    Ok((row, rows))
}
