//! Answers that are kept.

use crate::testing::in_a_house;
use store::error::Error;
use store::idempotency::*;
use store::query::*;
use store::schema::idempotency_keys;

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
        assert!(matches!(again("open", "other"), Err(Error::Conflict(reason)) if reason.code == "key-used-otherwise"));
        house.write(|tx| forget_answers(tx.conn, "c1"));
        assert!(matches!(again("open", "hash"), Err(Error::Conflict(reason)) if reason.code == "answer-erased"));
        assert!(again("secret", "hash").is_ok());
    });
}
