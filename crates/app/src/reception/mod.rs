//! Visits: who came, with what, and what the house promised.
//!
//! Words: a *reception* is one visit with one or many received devices; on site nothing comes into custody. Invariants: time and receiver are set by
//! the system; a reception's number stays in its series, cancelled or not; a correction keeps number and tracking number and makes a new revision of
//! the receipt.

pub mod attachments;
pub mod correct;
pub mod receive;
pub mod repeats;
pub mod rows;
pub mod view;

pub use correct::{CancelReception, CorrectReception, cancel_reception, correct_reception};
pub use receive::{CustomerChoice, ReceiveDevice, ReceiveDevices, ReceptionPlace, receive_devices};
pub use view::{ListReceptions, ReceptionView, get_reception, list_receptions};

use self::rows::Reception;
use crate::error::{Error, Result};
use crate::store::Conn;
use crate::store::query::*;
use crate::store::schema::receptions;

/// # Errors
/// `NotFound`.
pub(crate) fn reception_row(conn: &mut Conn, public_id: &str) -> Result<Reception> {
    receptions::table.filter(receptions::public_id.eq(public_id)).select(Reception::as_select()).first(conn).optional()?.ok_or(Error::NotFound)
}
