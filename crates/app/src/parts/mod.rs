//! Where things are: one ledger of moves from place to place, for devices, serialised parts and quantities.
//!
//! Words: a *place* is outside (customer, supplier, maker, scrap) or inside (a centre's shelf or removed-parts bin,
//! inside a device). Invariants (domain rule 5): a device changes place only by a move; it is in one place, that of its
//! last move; a move never makes or loses anything.

pub mod rows;

use self::rows::{Location, Move};
use store::error::{Error, Reason, Result};
use store::query::*;
use store::schema::{device_states, locations, moves};
use store::types::At;
use store::{Conn, Tx};

/// Where something can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Customer(Option<i64>),
    Supplier,
    Warrantor(i64),
    Scrap,
    /// The shelf of a centre: devices in custody, parts in stock.
    Shelf(i64),
    /// The bin of a centre for parts that were taken out and are owed to somebody.
    Bin(i64),
    /// Inside a device.
    Inside(i64),
}

impl Place {
    /// Kind, centre, party and device of the location's row; 0 where it has none, so that the row is unique on both
    /// engines.
    fn parts(self) -> (&'static str, i64, i64, i64) {
        match self {
            Self::Customer(party) => ("customer", 0, party.unwrap_or(0), 0),
            Self::Supplier => ("supplier", 0, 0, 0),
            Self::Warrantor(party) => ("warrantor", 0, party, 0),
            Self::Scrap => ("scrap", 0, 0, 0),
            Self::Shelf(centre) => ("shelf", centre, 0, 0),
            Self::Bin(centre) => ("bin", centre, 0, 0),
            Self::Inside(device) => ("device", 0, 0, device),
        }
    }

    fn of(row: &Location) -> Self {
        match row.kind.as_str() {
            "shelf" => Self::Shelf(row.centre_id),
            "bin" => Self::Bin(row.centre_id),
            "warrantor" => Self::Warrantor(row.party_id),
            "device" => Self::Inside(row.device_id),
            "supplier" => Self::Supplier,
            "scrap" => Self::Scrap,
            _ => Self::Customer((row.party_id != 0).then_some(row.party_id)),
        }
    }
}

fn location_id(conn: &mut Conn, place: Place) -> Result<i64> {
    let (kind, centre_id, party_id, device_id) = place.parts();
    let found = locations::table
        .filter(locations::kind.eq(kind))
        .filter(locations::centre_id.eq(centre_id))
        .filter(locations::party_id.eq(party_id))
        .filter(locations::device_id.eq(device_id))
        .select(locations::id)
        .first(conn)
        .optional()?;
    if let Some(id) = found {
        return Ok(id);
    }
    let row = Location { id: 0, kind: kind.to_owned(), centre_id, party_id, device_id };
    Ok(diesel::insert_into(locations::table).values(row).returning(locations::id).get_result(conn)?)
}

/// What is moved.
#[derive(Clone, Copy, Debug)]
pub struct Thing {
    /// The device or serialised part; None for a quantity.
    pub device_id: Option<i64>,
    pub product_id: i64,
    pub quantity_milli: i64,
}

/// The paper by which something moves.
#[derive(Clone, Copy, Debug)]
pub struct Paper(pub &'static str, pub i64);

/// Moves a thing. A device must be where it is taken from.
///
/// # Errors
/// `Conflict` where a device is somewhere else.
pub fn move_thing(tx: &mut Tx<'_>, thing: Thing, from: Place, to: Place, paper: Paper) -> Result<()> {
    if let Some(device_id) = thing.device_id {
        let at = place_of(tx.conn, device_id)?;
        let is_there = match (at, from) {
            (None, _) => true,
            // Who of the customers has it is told by its owner, not by its place.
            (Some(Place::Customer(_)), Place::Customer(_)) => true,
            (Some(at), from) => at == from,
        };
        if !is_there {
            return Err(Error::Conflict(Reason::new("device-elsewhere")));
        }
    }
    let from_location_id = location_id(tx.conn, from)?;
    let to_location_id = location_id(tx.conn, to)?;
    let row = Move {
        id: 0,
        moved_at: At::from(tx.occurred),
        moved_by: tx.actor.user_id,
        device_id: thing.device_id,
        product_id: thing.product_id,
        quantity_milli: thing.quantity_milli,
        from_location_id,
        to_location_id,
        document_kind: paper.0.to_owned(),
        document_id: paper.1,
    };
    diesel::insert_into(moves::table).values(row).execute(tx.conn)?;
    if let Some(device_id) = thing.device_id {
        Point {
            update: "UPDATE device_states SET location_id = ",
            to: to_location_id,
            of: " WHERE device_id = ",
            id: device_id,
        }
        .execute(tx.conn)?;
    }
    Ok(())
}

/// Where a device is; None where nothing is known of it.
///
/// # Errors
/// The store.
pub fn place_of(conn: &mut Conn, device_id: i64) -> Result<Option<Place>> {
    let row = device_states::table
        .inner_join(locations::table.on(device_states::location_id.eq(locations::id.nullable())))
        .filter(device_states::device_id.eq(device_id))
        .select(Location::as_select())
        .first(conn)
        .optional()?;
    Ok(row.as_ref().map(Place::of))
}
