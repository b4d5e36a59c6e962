//! A day in a device's life, from which promises begin.
//!
//! Invariant: another day than was known moves what is promised for a device, and so who pays, as a ruling does: by the
//! same right, where the device is in repair or, while it is in none, for its brand. The first day that is known of a
//! promise's start is only written down, but for a device in repair whose day was known before.

use domain::access::Action;
use domain::coverage::terms_over_time;
use jiff::civil::Date;

use super::case::{Asked, build};
use crate::devices::register::{open_repairs, write_device_event};
use crate::devices::tree::root_of;
use crate::devices::{AddDeviceEvent, seen};
use store::Tx;
use store::error::Result;
use store::rights::Of;

/// # Errors
/// `NotFound`; `Forbidden` where the day moves what is promised; `Invalid` for a day that cannot be; `Conflict`
/// where another centre has the device in repair.
pub fn add_device_event(tx: &mut Tx<'_>, public_id: &str, command: &AddDeviceEvent) -> Result<()> {
    let device = seen(tx.conn, tx.actor, public_id, &[Action::ViewWork, Action::KeepDevices])?;
    tx.actor.may(Action::KeepDevices, Of::InBrand(device.brand_id))?;
    let open = open_repairs(tx, device.id)?;
    let before = periods(tx, device.id)?;
    let was_known = write_device_event(tx, &device, command)?;
    let after = periods(tx, device.id)?;
    let is_moved = before.iter().any(|period| !after.contains(period));
    if is_moved && open.is_empty() {
        tx.actor.may(Action::OverrideCoverage, Of::InBrand(device.brand_id))?;
    }
    if is_moved || was_known {
        open.iter().try_for_each(|open| tx.actor.may(Action::OverrideCoverage, open.of))?;
    }
    Ok(())
}

/// When what is promised for a device holds, as far as that is known.
fn periods(tx: &mut Tx<'_>, device_id: i64) -> Result<Vec<(String, String, Date, Date)>> {
    let (now, today) = (tx.now, tx.today());
    let root = root_of(tx.conn, device_id, now)?;
    Ok(terms_over_time(&build(tx.conn, root, now, today, None, Asked::default())?.case))
}
