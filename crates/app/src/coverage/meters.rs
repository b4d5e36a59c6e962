//! What is noted of a device with the readings of its meters, on which covers depend.

use super::decide::decide_repair;
use crate::devices::tree::root_of;
use crate::devices::{self, RecordOnDevice, device_row};
use store::Tx;
use store::error::Result;
use store::query::*;
use store::schema::repairs;

/// Notes something of a device; its repair is decided anew by readings that were put right.
///
/// # Errors
/// As `devices::record_on_device`.
pub fn record_on_device(tx: &mut Tx<'_>, public_id: &str, command: &RecordOnDevice) -> Result<()> {
    devices::record_on_device(tx, public_id, command)?;
    if command.meters.is_empty() {
        return Ok(());
    }
    let device = device_row(tx.conn, public_id)?;
    let root = root_of(tx.conn, device.id, tx.now)?;
    let open = repairs::table.filter(repairs::device_id.eq(root)).filter(repairs::is_open.eq(true));
    match open.select(repairs::id).first::<i64>(tx.conn).optional()? {
        Some(repair) => decide_repair(tx, repair, "meter").map(|_| ()),
        None => Ok(()),
    }
}
