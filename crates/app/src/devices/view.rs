//! A device as pages and the API show it.

use std::collections::BTreeMap;

use domain::access::Action;
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rows::{Device, DeviceEvent, DeviceState};
use super::seen;
use super::tree::{Node, tree};
use crate::catalogue::legal_entities::party_link;
use crate::coverage::view::{CoverView, covers_of};
use crate::customers::is_known_to;
use crate::parts::{Place, place_of};
use store::error::Result;
use store::query::*;
use store::rights::{Actor, Of};
use store::schema::{
    device_components, device_events, device_states, devices, repairs, search_keys, users, work_lines,
};
use store::search_keys::Target;
use store::types::At;
use store::views::{Link, NumberLink, Page, PartyLink};
use store::{Conn, link};

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DeviceView {
    pub id: String,
    pub product: Link,
    pub brand: Link,
    pub serial: String,
    /// False for a part that stands under a key of our own.
    pub has_serial: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imei: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub sold_on: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<PartyLink>,
    /// Whether it has an owner whom only other centres know: told to who looks them up by a number (`lookUpCustomer`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub owner_is_elsewhere: bool,
    pub place: PlaceView,
    pub meters: BTreeMap<String, i64>,
    pub components: Vec<TreeView>,
    /// What sat in it, or in a component of it, and was taken out, newest first.
    pub removed: Vec<RemovedView>,
    pub events: Vec<EventView>,
    pub covers: Vec<CoverView>,
}

/// Where a device is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PlaceView {
    Customer,
    Supplier,
    Warrantor,
    Scrap,
    Shelf { centre: Link },
    Bin { centre: Link },
    Inside { serial: String, id: String },
}

/// A component device.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TreeView {
    pub id: String,
    pub product: Link,
    pub serial: String,
    pub has_serial: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
    /// The repair in which it came; absent where it was in the device from the beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fitted: Option<WorkLink>,
    pub components: Vec<TreeView>,
}

/// A component that is no longer there.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RemovedView {
    pub id: String,
    pub product: Link,
    pub serial: String,
    pub has_serial: bool,
    #[schemars(with = "String")]
    pub removed_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed: Option<WorkLink>,
}

/// The repair in which a component came or left, and by whom.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct WorkLink {
    pub repair: NumberLink,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct EventView {
    #[serde(rename = "type")]
    pub kind: String,
    #[schemars(with = "String")]
    pub on: Date,
}

pub(crate) fn place_view(conn: &mut Conn, device_id: i64) -> Result<PlaceView> {
    Ok(match place_of(conn, device_id)? {
        None | Some(Place::Customer(_)) => PlaceView::Customer,
        Some(Place::Supplier) => PlaceView::Supplier,
        Some(Place::Warrantor(_)) => PlaceView::Warrantor,
        Some(Place::Scrap) => PlaceView::Scrap,
        Some(Place::Shelf(centre)) => PlaceView::Shelf { centre: link!(conn, centres, centre) },
        Some(Place::Bin(centre)) => PlaceView::Bin { centre: link!(conn, centres, centre) },
        Some(Place::Inside(device)) => {
            let (serial, id) = devices::table.find(device).select((devices::serial, devices::public_id)).first(conn)?;
            PlaceView::Inside { serial, id }
        }
    })
}

fn tree_view(conn: &mut Conn, node: &Node) -> Result<TreeView> {
    Ok(TreeView {
        id: node.device.public_id.clone(),
        product: link!(conn, products, node.device.product_id),
        serial: node.device.serial.clone(),
        has_serial: node.device.has_serial,
        position: node.position.clone(),
        fitted: work_on(conn, node.device.id, true)?,
        components: node.components.iter().map(|node| tree_view(conn, node)).collect::<Result<_>>()?,
    })
}

/// The latest work that put a component into a device, or took it out.
fn work_on(conn: &mut Conn, component_id: i64, has_come: bool) -> Result<Option<WorkLink>> {
    let lines = work_lines::table
        .filter(work_lines::device_in_id.eq(component_id).or(work_lines::device_out_id.eq(component_id)))
        .filter(work_lines::state.eq("open"))
        .order(work_lines::id.desc())
        .select((work_lines::device_in_id, work_lines::repair_id, work_lines::technician_user_id))
        .load::<(Option<i64>, i64, Option<i64>)>(conn)?;
    let line = lines.into_iter().find(|(put_in, ..)| (*put_in == Some(component_id)) == has_come);
    let Some((_, repair_id, user_id)) = line else { return Ok(None) };
    let repair =
        repairs::table.find(repair_id).select((repairs::public_id, repairs::number)).first::<NumberLink>(conn)?;
    let by =
        users::table.filter(users::id.nullable().eq(user_id)).select(users::name).first::<String>(conn).optional()?;
    Ok(Some(WorkLink { repair, by }))
}

fn removed(conn: &mut Conn, parents: &[i64]) -> Result<Vec<RemovedView>> {
    let rows = device_components::table
        .inner_join(devices::table.on(devices::id.eq(device_components::device_id)))
        .filter(device_components::parent_id.eq_any(parents))
        .filter(device_components::until_at.is_not_null())
        .order(device_components::id.desc())
        .select((Device::as_select(), device_components::until_at.assume_not_null()))
        .limit(100)
        .load::<(Device, At)>(conn)?;
    let shown = rows.into_iter().map(|(row, until)| {
        Ok(RemovedView {
            product: link!(conn, products, row.product_id),
            removed: work_on(conn, row.id, false)?,
            removed_at: until.instant(),
            id: row.public_id,
            serial: row.serial,
            has_serial: row.has_serial,
        })
    });
    shown.collect()
}

pub(crate) fn device_view(conn: &mut Conn, actor: &Actor, row: Device, now: jiff::Timestamp) -> Result<DeviceView> {
    let state = device_states::table.find(row.id).select(DeviceState::as_select()).first::<DeviceState>(conn)?;
    let root = tree(conn, row.id, now)?;
    let components = root.components.iter().map(|node| tree_view(conn, node)).collect::<Result<_>>()?;
    let (owner, owner_is_elsewhere) = owner(conn, actor, state.owner_party_id)?;
    let events = device_events::table
        .filter(device_events::device_id.eq(row.id))
        .order((device_events::occurred_at, device_events::id))
        .select(DeviceEvent::as_select())
        .load::<DeviceEvent>(conn)?;
    let node_ids = root.all().iter().map(|node| node.device.id).collect::<Vec<_>>();
    Ok(DeviceView {
        product: link!(conn, products, row.product_id),
        brand: link!(conn, brands, row.brand_id),
        place: place_view(conn, row.id)?,
        removed: removed(conn, &node_ids)?,
        covers: covers_of(conn, actor, node_ids, now)?,
        id: row.public_id,
        serial: row.serial,
        has_serial: row.has_serial,
        imei: row.imei,
        tracking_code: row.tracking_code,
        sold_on: store::types::Day::shown(state.sold_on),
        owner,
        owner_is_elsewhere,
        meters: serde_json::from_str(&state.meters).unwrap_or_default(),
        components,
        events: events.into_iter().map(|event| EventView { kind: event.kind, on: event.occurred_on.date() }).collect(),
    })
}

/// The owner of a device where the actor knows them, and whether there is one whom they could know, and do not.
fn owner(conn: &mut Conn, actor: &Actor, party_id: Option<i64>) -> Result<(Option<PartyLink>, bool)> {
    let Some(id) = party_id else { return Ok((None, false)) };
    if is_known_to(conn, actor, &[Action::ViewCustomers], id)? {
        Ok((Some(party_link(conn, id)?), false))
    } else {
        Ok((None, actor.can(Action::ViewCustomers)))
    }
}

/// A device of a brand that the actor sees: what was done to it is visible to every centre that may serve it.
///
/// # Errors
/// `Forbidden`, `NotFound`.
pub fn get_device(conn: &mut Conn, actor: &Actor, public_id: &str, now: jiff::Timestamp) -> Result<DeviceView> {
    actor.may(Action::ViewWork, Of::Anything)?;
    let row = seen(conn, actor, public_id, &[Action::ViewWork])?;
    device_view(conn, actor, row, now)
}

/// A device in a list.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DeviceRow {
    pub id: String,
    pub product: Link,
    pub serial: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub sold_on: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<PartyLink>,
}

/// How the devices are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ListDevices {
    /// The beginning of a serial, an IMEI or a tracking ID.
    #[schemars(length(max = 100))]
    pub q: Option<String>,
    #[schemars(regex(pattern = "^[0-9a-z]{16}$"))]
    pub after: Option<String>,
    #[schemars(range(min = 1, max = 200))]
    pub limit: Option<i64>,
    /// Public id of the customer who owns them.
    #[schemars(regex(pattern = "^[0-9a-z]{16}$"))]
    pub owner: Option<String>,
}

/// Devices with a serial of the brands that the actor sees, newest first.
///
/// # Errors
/// `Forbidden`.
pub fn list_devices(conn: &mut Conn, actor: &Actor, query: &ListDevices) -> Result<Page<DeviceRow>> {
    actor.may(Action::ViewWork, Of::Anything)?;
    let mut select = devices::table
        .inner_join(device_states::table.on(device_states::device_id.eq(devices::id)))
        .filter(actor.scope(Action::ViewWork).rows::<devices::table>())
        .filter(devices::has_serial.eq(true))
        .order(devices::id.desc())
        .select((Device::as_select(), DeviceState::as_select()))
        .into_boxed();
    if let Some(q) = query.q.as_deref().map(domain::text::key).filter(|q| !q.is_empty()) {
        let hits = search_keys::table
            .filter(search_keys::target_kind.eq(Target::Device.name()))
            .filter(search_keys::key.ge(q.clone()).and(search_keys::key.lt(format!("{q}\u{10FFFF}"))))
            .select(search_keys::target_id);
        select = select.filter(devices::id.eq_any(hits));
    }
    if let Some(owner) = &query.owner {
        let owner = crate::customers::known_customer(conn, actor, &[Action::ViewCustomers], owner)?;
        select = select.filter(device_states::owner_party_id.eq(owner.id));
    }
    if let Some(after) = &query.after {
        select = select.filter(devices::id.lt(seen(conn, actor, after, &[Action::ViewWork])?.id));
    }
    let limit = query.limit.unwrap_or(store::PAGE).clamp(1, store::MAX_PAGE);
    let rows = select.limit(limit + 1).load_boxed::<(Device, DeviceState)>(conn)?;
    let page = Page::of(rows, limit, |(row, _)| row.public_id.clone(), |row| row);
    let items = page
        .items
        .into_iter()
        .map(|(row, state)| {
            let (owner, _) = owner(conn, actor, state.owner_party_id)?;
            let product = link!(conn, products, row.product_id);
            Ok(DeviceRow {
                id: row.public_id,
                product,
                serial: row.serial,
                sold_on: store::types::Day::shown(state.sold_on),
                owner,
            })
        })
        .collect::<Result<_>>()?;
    Ok(Page { items, next: page.next })
}

/// The components of a device as it is now.
pub(crate) fn components(conn: &mut Conn, device_id: i64, now: jiff::Timestamp) -> Result<Vec<TreeView>> {
    let root = tree(conn, device_id, now)?;
    root.components.iter().map(|node| tree_view(conn, node)).collect()
}
