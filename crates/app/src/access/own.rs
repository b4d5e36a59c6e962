//! What people keep of their own account: password, PIN, language, the centre they work in, and where they are signed
//! in.

use domain::access::Action;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

use super::guesses::{Tried, guarded};
use super::secrets::{self, digest, still, verify_password};
use super::session::end_all;
use super::tokens::{CreateToken, create_token};
use store::error::{Error, Faults, Result};
use store::query::*;
use store::rights::Actor;
use store::schema::{sessions, users};
use store::types::At;
use store::{Conn, Db, Event, Subject};

/// A new password of one's own.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    #[schemars(length(min = 1, max = 200))]
    pub old_password: String,
    #[schemars(length(min = 8, max = 200))]
    pub new_password: String,
}

/// Changes one's own password, and ends one's other sessions and one's tokens.
///
/// # Errors
/// `Invalid` where the old one is wrong, or the new one too short or easily guessed.
pub fn change_password(db: &Db, actor: &Actor, token: &str, command: &ChangePassword) -> Result<()> {
    let user_id = actor.user_id.ok_or(Error::Unauthenticated)?;
    let (login, hash) = db.read(|conn| {
        Ok(users::table.find(user_id).select((users::login, users::password_hash)).first::<(String, String)>(conn)?)
    })?;
    let mut faults = Faults::default();
    secrets::check_password(&mut faults, &command.new_password, &[&login, &actor.name], "new_password");
    faults.check(command.new_password != command.old_password, "new_password", "same-password");
    faults.told()?;
    let new = secrets::hash_password(&command.new_password, db.random())?;
    let is_right = || verify_password(&command.old_password, Some(&hash));
    guarded(
        db,
        actor,
        &[Tried::password_again(user_id)],
        is_right,
        Error::invalid("old_password", "wrong-password"),
        |tx| {
            still(tx, user_id, &hash)?;
            diesel::update(users::table.find(user_id))
                .set((users::password_hash.eq(&new), users::must_change_password.eq(false)))
                .execute(tx.conn)?;
            end_all(tx, user_id, Some(token))?;
            tx.record(None, &Event::PasswordChanged, &[Subject::User(user_id)])?;
            Ok(())
        },
    )
}

/// A PIN of one's own, four to twelve digits. It opens the account at a counter and confirms in one's name, so whoever
/// sets it knows the password.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPin {
    #[schemars(length(min = 1, max = 200))]
    pub password: String,
    #[schemars(length(min = 4, max = 12))]
    pub pin: String,
}

/// # Errors
/// `Invalid` where it is no PIN, or the password is wrong.
pub fn set_pin(db: &Db, actor: &Actor, command: &SetPin) -> Result<()> {
    let user_id = actor.user_id.ok_or(Error::Unauthenticated)?;
    let pin = domain::text::digits(&command.pin);
    if !(4..=12).contains(&pin.len()) || pin.len() != domain::text::key(&command.pin).len() {
        return Err(Error::invalid("pin", "pin-digits"));
    }
    if is_run(&pin) {
        return Err(Error::invalid("pin", "pin-too-common"));
    }
    let password =
        db.read(|conn| Ok(users::table.find(user_id).select(users::password_hash).first::<String>(conn)?))?;
    let hash = secrets::hash_password(&pin, db.random())?;
    let is_right = || verify_password(&command.password, Some(&password));
    guarded(
        db,
        actor,
        &[Tried::password_again(user_id)],
        is_right,
        Error::invalid("password", "wrong-password"),
        |tx| {
            still(tx, user_id, &password)?;
            diesel::update(users::table.find(user_id)).set(users::pin_hash.eq(Some(&hash))).execute(tx.conn)?;
            tx.record(None, &Event::PinSet, &[Subject::User(user_id)])?;
            Ok(())
        },
    )
}

/// Whether each digit is as far from the one before: 1111, 1234, 9876, 2468.
fn is_run(pin: &str) -> bool {
    let digits = pin.bytes().collect::<Vec<_>>();
    let steps = digits.windows(2).map(|pair| i16::from(pair[1]) - i16::from(pair[0])).collect::<Vec<_>>();
    steps.windows(2).all(|pair| pair[0] == pair[1])
}

/// Makes a token for who knows the password: it opens as much as they may, for as long as it holds.
///
/// # Errors
/// `Invalid` where the password is wrong, and as `create_token`.
pub fn create_own_token(db: &Db, actor: &Actor, password: &str, command: &CreateToken) -> Result<String> {
    let user_id = actor.user_id.ok_or(Error::Unauthenticated)?;
    let hash = db.read(|conn| Ok(users::table.find(user_id).select(users::password_hash).first::<String>(conn)?))?;
    let is_right = || verify_password(password, Some(&hash));
    guarded(
        db,
        actor,
        &[Tried::password_again(user_id)],
        is_right,
        Error::invalid("password", "wrong-password"),
        |tx| {
            still(tx, user_id, &hash)?;
            create_token(tx, command)
        },
    )
}

/// The language of one's pages.
///
/// # Errors
/// `Invalid` where it is neither fa nor en.
pub fn change_language(db: &Db, actor: &Actor, language: &str) -> Result<()> {
    if !matches!(language, "fa" | "en") {
        return Err(Error::invalid("language", "unknown-language"));
    }
    let user_id = actor.user_id.ok_or(Error::Unauthenticated)?;
    db.write(actor, |tx| {
        diesel::update(users::table.find(user_id)).set(users::language.eq(language)).execute(tx.conn)?;
        Ok(())
    })
}

/// The centre in which one works from now on.
///
/// # Errors
/// `NotFound` where it is not one's own.
pub fn change_centre(db: &Db, actor: &Actor, token: &str, centre: &str) -> Result<()> {
    db.write(actor, |tx| {
        let centre_id = tx.actor.working_centre(tx.conn, Some(centre), Action::UseSystem)?;
        diesel::update(sessions::table.filter(sessions::token_hash.eq(digest(token))))
            .set(sessions::centre_id.eq(Some(centre_id)))
            .execute(tx.conn)?;
        Ok(())
    })
}

/// One of the places where a person is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenSession {
    pub opened_at: Timestamp,
    /// To within ten minutes.
    pub seen_at: Timestamp,
    /// Whether it is the one that asks.
    pub is_this: bool,
}

/// Where a person is signed in, the latest first.
///
/// # Errors
/// The store.
pub fn open_sessions(conn: &mut Conn, user_id: i64, now: Timestamp, token: &str) -> Result<Vec<OpenSession>> {
    let rows = sessions::table
        .filter(sessions::user_id.eq(user_id))
        .filter(sessions::awaits_code.eq(false))
        .filter(sessions::expires_at.gt(At::from(now)))
        .order(sessions::seen_at.desc())
        .select((sessions::created_at, sessions::seen_at, sessions::token_hash))
        .load::<(At, At, String)>(conn)?;
    let this = digest(token);
    Ok(rows
        .into_iter()
        .map(|(opened, seen, hash)| OpenSession {
            opened_at: opened.instant(),
            seen_at: seen.instant(),
            is_this: hash == this,
        })
        .collect())
}

/// Ends all of a person's sessions but the one that asks.
///
/// # Errors
/// The store.
pub fn end_other_sessions(db: &Db, actor: &Actor, token: &str) -> Result<()> {
    let user_id = actor.user_id.ok_or(Error::Unauthenticated)?;
    db.write(actor, |tx| {
        diesel::delete(
            sessions::table.filter(sessions::user_id.eq(user_id)).filter(sessions::token_hash.ne(digest(token))),
        )
        .execute(tx.conn)?;
        tx.record(None, &Event::SessionsEnded, &[Subject::User(user_id)])?;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{House, RECEPTIONIST, in_a_house, told};

    #[test]
    fn a_new_password_is_another_one_and_no_name_of_its_person() {
        in_a_house(|house| {
            let change = |old: &str, new: &str| {
                let command = ChangePassword { old_password: old.to_owned(), new_password: new.to_owned() };
                change_password(&house.db, &house.person(RECEPTIONIST), "", &command)
            };
            assert_eq!(told(change("correct horse", "correct horse")), "new_password: same-password");
            assert_eq!(told(change("correct horse", "maryam12")), "new_password: password-too-common");
            assert_eq!(told(change("wrong", "battery staple")), "old_password: wrong-password");
            change("correct horse", "battery staple").expect("changed");
            assert_eq!(told(change("correct horse", "staple battery")), "old_password: wrong-password");
        });
    }

    #[test]
    fn what_was_compared_before_a_reset_opens_nothing_after_it() {
        in_a_house(|house| {
            let person = house.person(RECEPTIONIST);
            let id = person.user_id.expect("a person");
            let hash = house
                .db
                .read(|conn| Ok(users::table.find(id).select(users::password_hash).first::<String>(conn)?))
                .expect("a hash");
            let reset = || {
                house.write(|tx| {
                    Ok(diesel::update(users::table.find(id))
                        .set(users::password_hash.eq("another"))
                        .execute(tx.conn)?)
                });
                true
            };
            let wrong = Error::invalid("password", "wrong-password");
            let result =
                guarded(&house.db, &person, &[Tried::password_again(id)], reset, wrong, |tx| still(tx, id, &hash));
            assert!(matches!(result, Err(Error::Unauthenticated)));
        });
    }

    #[test]
    fn a_pin_is_set_by_who_knows_the_password_and_guessing_it_costs_time() {
        in_a_house(|house| {
            let set = |house: &House, password: &str, pin: &str| {
                let command = SetPin { password: password.to_owned(), pin: pin.to_owned() };
                set_pin(&house.db, &house.person(RECEPTIONIST), &command)
            };
            assert_eq!(told(set(house, "correct horse", "12 a")), "pin: pin-digits");
            for run in ["1111", "1234", "98765", "2468", "۰۰۰۰"] {
                assert_eq!(told(set(house, "correct horse", run)), "pin: pin-too-common", "{run}");
            }
            set(house, "correct horse", "۴۷۱۱").expect("set");
            for _ in 0..6 {
                assert_eq!(told(set(house, "wrong", "4711")), "password: wrong-password");
            }
            assert!(matches!(set(house, "correct horse", "4711"), Err(Error::TooMany { .. })));
        });
    }
}
