//! Who pays how much of a repair, as it was decided last.

use super::rows::CoverageShare;
use crate::repair::rows::Repair;
use store::Conn;
use store::error::Result;
use store::query::*;
use store::schema::{coverage_shares, parties};
use store::views::PartyLink;

/// The shares of a repair's current decision, in order.
///
/// # Errors
/// The store.
pub(crate) fn current_shares(conn: &mut Conn, repair: &Repair) -> Result<Vec<CoverageShare>> {
    let Some(decision_id) = repair.decision_id else { return Ok(Vec::new()) };
    Ok(coverage_shares::table
        .filter(coverage_shares::decision_id.eq(decision_id))
        .order(coverage_shares::id)
        .select(CoverageShare::as_select())
        .load(conn)?)
}

/// The name of a payer as a share tells it.
///
/// # Errors
/// The store.
pub(crate) fn payer_name(conn: &mut Conn, payer_id: Option<i64>) -> Result<Option<PartyLink>> {
    match payer_id {
        Some(id) => {
            let (id, name) = parties::table.find(id).select((parties::public_id, parties::name)).first(conn)?;
            Ok(Some(PartyLink { id, name }))
        }
        None => Ok(None),
    }
}
