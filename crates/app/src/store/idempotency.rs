//! Requests that were answered: the same key does nothing twice (domain rule 8).

use super::rows::IdempotencyKey;
use super::schema::idempotency_keys;
use super::tx::Tx;
use super::types::At;
use crate::error::{Error, Result};
use crate::store::query::*;

/// The answer that was given to a request with this key, if there was one.
///
/// # Errors
/// `Conflict` where the key was used for another request.
pub fn answered(tx: &mut Tx<'_>, key: &str, request_hash: &str) -> Result<Option<(i64, String)>> {
    let actor = tx.actor.public_id.clone();
    let row = idempotency_keys::table.find((&actor, key)).select(IdempotencyKey::as_select()).first::<IdempotencyKey>(tx.conn).optional()?;
    match row {
        Some(row) if row.request_hash == request_hash => Ok(Some((row.status, row.answer))),
        Some(_) => Err(Error::conflict("key-used-otherwise")),
        None => Ok(None),
    }
}

/// Keeps the answer to a request, in the same transaction as what it did.
///
/// # Errors
/// The store.
pub fn keep(tx: &mut Tx<'_>, key: &str, request_hash: &str, status: i64, answer: &str) -> Result<()> {
    let row = IdempotencyKey {
        actor: tx.actor.public_id.clone(),
        key: key.to_owned(),
        request_hash: request_hash.to_owned(),
        status,
        answer: answer.to_owned(),
        recorded_at: At::from(tx.now),
    };
    diesel::insert_into(idempotency_keys::table).values(row).execute(tx.conn)?;
    Ok(())
}
