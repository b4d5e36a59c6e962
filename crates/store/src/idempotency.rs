//! Requests that were answered: the same key does nothing twice (domain rule 8).

use super::conn::Conn;
use super::rows::IdempotencyKey;
use super::schema::idempotency_keys;
use super::sealed_as;
use super::tx::Tx;
use super::types::At;
use crate::error::{Error, Result};
use crate::query::*;

/// What a request is answered with.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// The HTTP status.
    pub status: i64,
    pub body: &'a str,
    /// It tells a secret, and is stored sealed.
    pub is_secret: bool,
}

/// The status and body of the answer that was given to a request with this key, if there was one.
///
/// # Errors
/// `Conflict` where the key was used for another request, or the answer was erased with the customer of whom it told.
pub fn answered(tx: &mut Tx<'_>, key: &str, request_hash: &str) -> Result<Option<(i64, String)>> {
    let actor = tx.actor.public_id.clone();
    let row = idempotency_keys::table
        .find((&actor, key))
        .select(IdempotencyKey::as_select())
        .first::<IdempotencyKey>(tx.conn)
        .optional()?;
    match row {
        Some(row) if row.answer.is_empty() => Err(Error::conflict("answer-erased")),
        Some(row) if row.request_hash == request_hash => {
            let answer =
                tx.open(row.answer, &sealed_as::answer(&actor, key)).ok_or_else(|| Error::conflict("answer-erased"))?;
            Ok(Some((row.status, answer)))
        }
        Some(_) => Err(Error::conflict("key-used-otherwise")),
        None => Ok(None),
    }
}

/// Keeps the answer to a request, in the same transaction as what it did.
///
/// # Errors
/// The store.
pub fn keep(
    tx: &mut Tx<'_>,
    key: &str,
    request_hash: &str,
    Given { status, body, is_secret }: Given<'_>,
) -> Result<()> {
    let actor = tx.actor.public_id.clone();
    let answer = if is_secret { tx.seal(body, &sealed_as::answer(&actor, key))? } else { body.to_owned() };
    let row = IdempotencyKey {
        actor,
        key: key.to_owned(),
        request_hash: request_hash.to_owned(),
        status,
        answer,
        recorded_at: At::from(tx.now),
    };
    diesel::insert_into(idempotency_keys::table).values(row).execute(tx.conn)?;
    Ok(())
}

/// Erases the answers that tell of a customer. Their keys stay, so that nothing is done twice.
///
/// # Errors
/// The store.
pub fn forget_answers(conn: &mut Conn, public_id: &str) -> Result<()> {
    let told = idempotency_keys::table.filter(idempotency_keys::answer.like(format!("%{public_id}%")));
    diesel::update(told).set(idempotency_keys::answer.eq("")).execute(conn)?;
    Ok(())
}

/// Deletes some of the answers that were given before an instant, and tells how many.
///
/// # Errors
/// The store.
pub fn delete_answers(conn: &mut Conn, before: At, limit: i64) -> Result<i64> {
    let old = idempotency_keys::table
        .filter(idempotency_keys::recorded_at.lt(before))
        .select((idempotency_keys::actor, idempotency_keys::key))
        .limit(limit)
        .load::<(String, String)>(conn)?;
    for (actor, key) in &old {
        diesel::delete(idempotency_keys::table.find((actor, key))).execute(conn)?;
    }
    Ok(i64::try_from(old.len()).unwrap_or(i64::MAX))
}
