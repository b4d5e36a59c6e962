//! What a repair takes of its covers: reserved when the work is agreed, spent at hand-over, given back where the device
//! goes without repair.

use domain::workflow::Stage;

use super::rows::CoverClaim;
use crate::coverage::shares::current_shares;
use crate::repair::rows::Repair;
use store::Tx;
use store::error::Result;
use store::query::*;
use store::schema::{cover_claims, repairs};

/// Whether what covers pay of a repair is reserved where it stands: its work has begun, and nobody gave it up.
#[must_use]
pub(crate) fn reserves(repair: &Repair) -> bool {
    let stage = repair.stage.as_deref().and_then(Stage::named);
    stage.is_some_and(Stage::has_begun) && !matches!(repair.outcome.as_deref(), Some("withdrawn" | "irreparable"))
}

/// Reserves what the covers pay of a repair: when the estimate is accepted, or work under cover begins.
///
/// # Errors
/// The store.
pub(crate) fn reserve(tx: &mut Tx<'_>, repair_id: i64) -> Result<()> {
    set_claims(tx, repair_id, "reserved")
}

/// Spends what was reserved: at hand-over.
///
/// # Errors
/// The store.
pub(crate) fn spend(tx: &mut Tx<'_>, repair_id: i64) -> Result<()> {
    set_claims(tx, repair_id, "spent")
}

/// Gives back what was reserved: the device goes without repair.
///
/// # Errors
/// The store.
pub(crate) fn release(tx: &mut Tx<'_>, repair_id: i64) -> Result<()> {
    diesel::update(cover_claims::table.filter(cover_claims::repair_id.eq(repair_id)))
        .set(cover_claims::state.eq("released"))
        .execute(tx.conn)?;
    Ok(())
}

fn set_claims(tx: &mut Tx<'_>, repair_id: i64, state: &str) -> Result<()> {
    let repair = repairs::table.find(repair_id).select(Repair::as_select()).first(tx.conn)?;
    diesel::delete(cover_claims::table.filter(cover_claims::repair_id.eq(repair_id))).execute(tx.conn)?;
    let mut sums: Vec<(i64, i64)> = Vec::new();
    for share in current_shares(tx.conn, &repair)? {
        if let Some(cover) = share.cover_id {
            match sums.iter_mut().find(|(id, _)| *id == cover) {
                Some((_, sum)) => *sum += share.amount_minor,
                None => sums.push((cover, share.amount_minor)),
            }
        }
    }
    for (cover_id, amount_minor) in sums {
        let row = CoverClaim {
            id: 0,
            cover_id,
            repair_id,
            claimed_on: repair.occurred_on,
            amount_minor,
            state: state.to_owned(),
        };
        diesel::insert_into(cover_claims::table).values(row).execute(tx.conn)?;
    }
    Ok(())
}

/// Lets what is reserved follow a new decision; work that began reserves.
///
/// # Errors
/// The store.
pub(super) fn refresh(tx: &mut Tx<'_>, repair: &Repair) -> Result<()> {
    let reserved = cover_claims::table
        .filter(cover_claims::repair_id.eq(repair.id))
        .filter(cover_claims::state.eq("reserved"))
        .select(cover_claims::id)
        .first::<i64>(tx.conn)
        .optional()?;
    if reserved.is_some() || reserves(repair) { reserve(tx, repair.id) } else { Ok(()) }
}
