//! Devices: serialised items with their tree, owner, events and place.
//!
//! Words: a *device* can contain component devices; a *device event* is one fact of its life. Invariants: a serial is
//! unique at its brand; facts are appended, and owner, place, meters and tree are derived from them in the same
//! transaction (`zamen check` compares); a fitted part becomes a node of the tree.

pub mod register;
pub mod rows;
pub mod tree;
pub mod view;

pub use register::{
    AddDeviceEvent, DeviceEventKind, NewComponent, NewDevice, NewEvent, RecordOnDevice, record_on_device,
    register_device,
};
pub use view::{DeviceView, ListDevices, get_device, list_devices};

use domain::access::Action;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use self::rows::{Device, DeviceEvent};
use store::error::{Error, Result};
use store::query::*;
use store::rights::{Actor, Of};
use store::schema::{device_events, devices, search_keys};
use store::search_keys::Target;
use store::types::At;
use store::{Conn, Tx};

/// # Errors
/// `NotFound`.
pub(crate) fn device_row(conn: &mut Conn, public_id: &str) -> Result<Device> {
    devices::table
        .filter(devices::public_id.eq(public_id))
        .select(Device::as_select())
        .first(conn)
        .optional()?
        .ok_or(Error::NotFound)
}

/// The device that a public id, a serial or another number of it names, of those that the actor sees. None where there
/// is none, or more than one.
///
/// # Errors
/// The store.
pub(crate) fn device_named(conn: &mut Conn, actor: &Actor, typed: &str) -> Result<Option<Device>> {
    let mine = devices::table
        .filter(devices::public_id.eq(typed.trim()))
        .filter(actor.scope(Action::ViewWork).rows::<devices::table>());
    match mine.select(Device::as_select()).first::<Device>(conn).optional()? {
        Some(device) => Ok(Some(device)),
        None => device_numbered(conn, actor, typed),
    }
}

/// The same by a number alone.
///
/// # Errors
/// The store.
pub(crate) fn device_numbered(conn: &mut Conn, actor: &Actor, typed: &str) -> Result<Option<Device>> {
    let numbered = search_keys::table
        .filter(search_keys::target_kind.eq(Target::Device.name()))
        .filter(search_keys::key.eq(domain::text::key(typed.trim())))
        .select(search_keys::target_id);
    let mine = devices::table
        .filter(devices::id.eq_any(numbered))
        .filter(actor.scope(Action::ViewWork).rows::<devices::table>());
    let mut found = mine.limit(2).select(Device::as_select()).load::<Device>(conn)?;
    Ok(if found.len() == 1 { found.pop() } else { None })
}

/// A device of a brand in which the actor has a part, by one of these rights: what was done to it is visible to every
/// centre that may serve it.
///
/// # Errors
/// `NotFound`.
pub(crate) fn seen(conn: &mut Conn, actor: &Actor, public_id: &str, actions: &[Action]) -> Result<Device> {
    let row = device_row(conn, public_id)?;
    actor.finds(actions, Of::InBrand(row.brand_id))?;
    Ok(row)
}

/// The event that a meter was read, and what it tells.
pub(crate) const METER_READ: &str = "meter_read";

#[derive(Serialize, Deserialize)]
pub(crate) struct Reading {
    pub metric: String,
    pub reading: i64,
    /// Whether who rules on cover noted it: then it puts right what was read at a reception before. Where nothing is told
    /// of it, it was noted when nobody else could note less than a meter showed.
    #[serde(default = "of_who_rules")]
    pub is_ruling: bool,
}

fn of_who_rules() -> bool {
    true
}

/// Appends a fact to a device's life.
///
/// # Errors
/// The store.
pub(crate) fn append_event(
    tx: &mut Tx<'_>,
    device_id: i64,
    kind: &str,
    occurred_at: Timestamp,
    occurred_on: Date,
    journal_id: i64,
    data: &serde_json::Value,
) -> Result<()> {
    let row = DeviceEvent {
        id: 0,
        device_id,
        kind: kind.to_owned(),
        occurred_at: At::from(occurred_at),
        occurred_on: occurred_on.into(),
        recorded_at: At::from(tx.now),
        journal_id,
        data: data.to_string(),
    };
    diesel::insert_into(device_events::table).values(row).execute(tx.conn)?;
    Ok(())
}
