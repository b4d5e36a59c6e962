//! Requests that were answered: the same key does nothing twice (domain rule 8).

use super::conn::Conn;
use super::rows::IdempotencyKey;
use super::schema::idempotency_keys;
use super::sealed_as;
use super::tx::Tx;
use super::types::At;
use crate::error::{Error, Result};
use crate::store::query::*;

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
pub(crate) fn forget_answers(conn: &mut Conn, public_id: &str) -> Result<()> {
    let told = idempotency_keys::table.filter(idempotency_keys::answer.like(format!("%{public_id}%")));
    diesel::update(told).set(idempotency_keys::answer.eq("")).execute(conn)?;
    Ok(())
}

/// Deletes some of the answers that were given before an instant, and tells how many.
///
/// # Errors
/// The store.
pub(crate) fn delete_answers(conn: &mut Conn, before: At, limit: i64) -> Result<i64> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::in_a_house;

    #[test]
    fn an_answer_is_given_again_a_secret_one_is_sealed_and_an_erased_one_does_nothing_twice() {
        in_a_house(|house| {
            let stored = |key: &str| {
                house.write(|tx| {
                    Ok(idempotency_keys::table
                        .filter(idempotency_keys::key.eq(key))
                        .select(idempotency_keys::answer)
                        .first::<String>(tx.conn)?)
                })
            };
            house.write(|tx| {
                keep(tx, "open", "hash", Given { status: 201, body: "{\"customer\":\"c1\"}", is_secret: false })
            });
            house.write(|tx| {
                keep(tx, "secret", "hash", Given { status: 201, body: "{\"secret\":\"s1\"}", is_secret: true })
            });
            assert!(stored("open").contains("c1") && !stored("secret").contains("s1"));
            let again = |key: &str, hash: &str| house.db.write(&house.admin, |tx| answered(tx, key, hash));
            assert_eq!(again("open", "hash").expect("answered"), Some((201, "{\"customer\":\"c1\"}".to_owned())));
            assert_eq!(again("secret", "hash").expect("answered"), Some((201, "{\"secret\":\"s1\"}".to_owned())));
            assert_eq!(again("new", "hash").expect("not yet"), None);
            assert!(
                matches!(again("open", "other"), Err(Error::Conflict(reason)) if reason.code == "key-used-otherwise")
            );
            house.write(|tx| forget_answers(tx.conn, "c1"));
            assert!(matches!(again("open", "hash"), Err(Error::Conflict(reason)) if reason.code == "answer-erased"));
            assert!(again("secret", "hash").is_ok());
        });
    }
}
