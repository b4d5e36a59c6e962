//! A device's tree, now or at any past moment.

use domain::coverage::Component;
use jiff::Timestamp;

use super::rows::{Device, DeviceComponent};
use crate::catalogue::products::kind_path;
use store::error::Result;
use store::query::*;
use store::schema::{device_components, devices, products};
use store::types::At;
use store::{Conn, Tx};

/// Levels below a device, at most: a ring in the data must not hold anybody up.
const DEEPEST: usize = 8;

/// A node of the tree, with what names it.
#[derive(Clone, Debug)]
pub struct Node {
    pub device: Device,
    /// What names it in a coverage case: its serial. Two makers may use one serial; the second in a tree is told apart
    /// by its public id.
    pub key: String,
    pub product_code: String,
    pub kinds: Vec<String>,
    pub position: Option<String>,
    pub components: Vec<Node>,
}

/// The tree below a device at an instant.
///
/// # Errors
/// The store.
pub fn tree(conn: &mut Conn, device_id: i64, at: Timestamp) -> Result<Node> {
    let mut tree = node(conn, device_id, None, At::from(at), 0)?;
    tree.tell_apart(&mut Vec::new());
    Ok(tree)
}

fn node(conn: &mut Conn, device_id: i64, position: Option<String>, at: At, depth: usize) -> Result<Node> {
    let (device, product_code, kind_id) = devices::table
        .inner_join(products::table.on(products::id.eq(devices::product_id)))
        .filter(devices::id.eq(device_id))
        .select((Device::as_select(), products::code, products::kind_id))
        .first::<(Device, String, i64)>(conn)?;
    let kinds = kind_path(conn, kind_id)?.into_iter().map(|kind| kind.code).collect();
    let edges = if depth > DEEPEST { Vec::new() } else { edges(conn, device_id, at)? };
    let components = edges
        .into_iter()
        .map(|edge| node(conn, edge.device_id, edge.position, at, depth + 1))
        .collect::<Result<_>>()?;
    Ok(Node { key: device.serial.clone(), device, product_code, kinds, position, components })
}

/// The device in which a component sits at an instant, at the top of the tree; the device itself where it sits in none.
///
/// # Errors
/// The store.
pub fn root_of(conn: &mut Conn, device_id: i64, at: Timestamp) -> Result<i64> {
    let at = At::from(at);
    let mut root = device_id;
    for _ in 0..=DEEPEST {
        let parent = device_components::table
            .filter(device_components::device_id.eq(root))
            .filter(device_components::since_at.le(at))
            .filter(device_components::until_at.is_null().or(device_components::until_at.gt(at)))
            .select(device_components::parent_id);
        match parent.first::<i64>(conn).optional()? {
            Some(parent) => root = parent,
            None => break,
        }
    }
    Ok(root)
}

fn edges(conn: &mut Conn, parent: i64, at: At) -> Result<Vec<DeviceComponent>> {
    Ok(device_components::table
        .filter(device_components::parent_id.eq(parent))
        .filter(device_components::since_at.le(at))
        .filter(device_components::until_at.is_null().or(device_components::until_at.gt(at)))
        .order(device_components::id)
        .select(DeviceComponent::as_select())
        .load(conn)?)
}

impl Node {
    /// All nodes, this one first.
    #[must_use]
    pub fn all(&self) -> Vec<&Self> {
        let mut out = vec![self];
        out.extend(self.components.iter().flat_map(Self::all));
        out
    }

    fn tell_apart(&mut self, seen: &mut Vec<String>) {
        if seen.contains(&self.key) {
            self.key = format!("{}#{}", self.key, self.device.public_id);
        }
        seen.push(self.key.clone());
        self.components.iter_mut().for_each(|node| node.tell_apart(seen));
    }

    /// The tree as a coverage case has it.
    #[must_use]
    pub fn component(&self) -> Component {
        let components = self.components.iter().map(Self::component).collect();
        Component {
            serial: self.key.clone(),
            product: self.product_code.clone(),
            kinds: self.kinds.clone(),
            components,
        }
    }
}

/// Puts a component into a device from now on.
///
/// # Errors
/// The store.
pub(crate) fn open_edge(tx: &mut Tx<'_>, parent_id: i64, device_id: i64, position: Option<String>) -> Result<()> {
    let row =
        DeviceComponent { id: 0, parent_id, device_id, position, since_at: At::from(tx.occurred), until_at: None };
    diesel::insert_into(device_components::table).values(row).execute(tx.conn)?;
    Ok(())
}

/// Takes a component out of its device from now on; tells the device and the position that it had.
///
/// # Errors
/// The store.
pub(crate) fn close_edge(tx: &mut Tx<'_>, device_id: i64) -> Result<Option<(i64, Option<String>)>> {
    let open = device_components::table
        .filter(device_components::device_id.eq(device_id))
        .filter(device_components::until_at.is_null());
    let edge = open.select(DeviceComponent::as_select()).first::<DeviceComponent>(tx.conn).optional()?;
    let Some(edge) = edge else { return Ok(None) };
    diesel::update(device_components::table.find(edge.id))
        .set(device_components::until_at.eq(Some(At::from(tx.occurred))))
        .execute(tx.conn)?;
    Ok(Some((edge.parent_id, edge.position)))
}
