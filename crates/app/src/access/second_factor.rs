//! The second factor beside the password: a code of six digits that changes every thirty seconds (TOTP, RFC 6238), from
//! an app on the person's phone.
//!
//! Its seed is stored sealed (`store::Vault`), a code is taken once (RFC 6238, 5.2), and wrong codes cost time like
//! wrong passwords. Who lost the phone is reset by an administrator, or on the command line.

use schemars::JsonSchema;
use serde::Deserialize;
use totp_rs::{Builder, Secret, Totp};

use super::guesses::{Tried, guarded, reserve, right};
use super::rows::User;
use super::secrets::{digest, still, verify_password};
use super::session::{Browser, Opened, end_session, open};
use store::error::{Error, Faults, Result};
use store::query::*;
use store::rights::Actor;
use store::schema::{sessions, users};
use store::types::At;
use store::{Db, Event, Subject, Tx, sealed_as};

fn totp(seed: &[u8], login: &str) -> Result<Totp> {
    // A colon divides issuer and account in the address.
    let account = login.replace(':', "");
    Builder::new()
        .with_secret(Secret::from(seed))
        .with_issuer(Some("zamen"))
        .with_account_name(account)
        .build()
        .map_err(Error::internal)
}

/// A seed that an app can take: as an address for a QR code, and in letters to be typed.
#[derive(Clone, Debug)]
pub struct Offer {
    pub address: String,
    pub seed: String,
}

/// The offer of a seed, of a new one where none is named.
///
/// # Errors
/// `Invalid` where the seed is none.
pub fn offer(db: &Db, login: &str, seed: Option<&str>) -> Result<Offer> {
    let secret = match seed {
        Some(seed) => seed_of(seed)?,
        None => [db.random().to_be_bytes(), db.random().to_be_bytes()].concat()[..20].to_vec(),
    };
    let totp = totp(&secret, login)?;
    Ok(Offer { address: totp.to_url().map_err(Error::internal)?, seed: totp.secret().to_base32() })
}

fn seed_of(seed: &str) -> Result<Vec<u8>> {
    let secret = Secret::try_from_base32(seed).map_err(|_| Error::invalid("seed", "malformed"))?.as_ref().to_vec();
    // RFC 4226, 4: a secret of at least 128 bits.
    if secret.len() < 16 {
        return Err(Error::invalid("seed", "malformed"));
    }
    Ok(secret)
}

/// Takes a seed that was offered into use: with a first code, which shows that the app has it, and the password.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TurnOn {
    #[schemars(length(min = 16, max = 100))]
    pub seed: String,
    #[schemars(length(min = 6, max = 12))]
    pub code: String,
    #[schemars(length(min = 1, max = 200))]
    pub password: String,
}

fn own(db: &Db, actor: &Actor) -> Result<User> {
    let user_id = actor.user_id.ok_or(Error::Unauthenticated)?;
    db.read(|conn| Ok(users::table.find(user_id).select(User::as_select()).first(conn)?))
}

/// The step of a code that is right at an instant and was not taken before.
fn step_of(totp: &Totp, code: &str, now: jiff::Timestamp, last: Option<i64>) -> Option<i64> {
    let step = totp.check(&domain::text::digits(code.trim()), u64::try_from(now.as_second()).unwrap_or(0))?;
    i64::try_from(step).ok().filter(|step| last.is_none_or(|last| *step > last))
}

/// Turns one's second factor on and ends one's other sessions.
///
/// # Errors
/// `Invalid` where password or code is wrong.
pub fn turn_on(db: &Db, actor: &Actor, token: &str, command: &TurnOn) -> Result<()> {
    let user = own(db, actor)?;
    let seed = seed_of(&command.seed)?;
    let step = step_of(&totp(&seed, &user.login)?, &command.code, db.now(), None);
    let mut faults = Faults::default();
    faults.check(step.is_some(), "code", "wrong-code");
    faults.told()?;
    let is_right = || verify_password(&command.password, Some(&user.password_hash));
    guarded(
        db,
        actor,
        &[Tried::password_again(user.id)],
        is_right,
        Error::invalid("password", "wrong-password"),
        |tx| {
            still(tx, user.id, &user.password_hash)?;
            let sealed = tx.seal_bytes(&seed, &sealed_as::second_factor(&user.public_id))?;
            diesel::update(users::table.find(user.id))
                .set((users::totp_sealed.eq(Some(&sealed)), users::totp_step.eq(step)))
                .execute(tx.conn)?;
            diesel::delete(
                sessions::table.filter(sessions::user_id.eq(user.id)).filter(sessions::token_hash.ne(digest(token))),
            )
            .execute(tx.conn)?;
            tx.record(None, &Event::SecondFactorTurnedOn, &[Subject::User(user.id)])?;
            Ok(())
        },
    )
}

/// Turns one's second factor off.
///
/// # Errors
/// `Invalid` where the password is wrong.
pub fn turn_off(db: &Db, actor: &Actor, password: &str) -> Result<()> {
    let user = own(db, actor)?;
    let is_right = || verify_password(password, Some(&user.password_hash));
    guarded(
        db,
        actor,
        &[Tried::password_again(user.id)],
        is_right,
        Error::invalid("password", "wrong-password"),
        |tx| {
            still(tx, user.id, &user.password_hash)?;
            forget(tx, user.id)?;
            tx.record(None, &Event::SecondFactorTurnedOff, &[Subject::User(user.id)])?;
            Ok(())
        },
    )
}

/// Takes a person's second factor away.
pub(super) fn forget(tx: &mut Tx<'_>, user_id: i64) -> Result<()> {
    diesel::update(users::table.find(user_id))
        .set((users::totp_sealed.eq(None::<String>), users::totp_step.eq(None::<i64>)))
        .execute(tx.conn)?;
    Ok(())
}

/// The second half of signing in: the session that awaits a code gives way to one that is open.
///
/// # Errors
/// `Unauthenticated` where no session awaits one any more; `Invalid` where the code is wrong or was taken before;
/// `TooMany`; `Conflict` where the seed cannot be read, because the key of secrets is another one.
pub fn enter_code(db: &Db, browser: &Browser, code: &str) -> Result<Opened> {
    let token = browser.session.as_deref().unwrap_or_default();
    let user = db.read(|conn| {
        let waiting = sessions::table
            .inner_join(users::table.on(users::id.eq(sessions::user_id)))
            .filter(sessions::token_hash.eq(digest(token)))
            .filter(sessions::awaits_code.eq(true))
            .filter(sessions::expires_at.gt(At::from(db.now())))
            .filter(users::disabled_at.is_null())
            .select(User::as_select());
        waiting.first::<User>(conn).optional()?.ok_or(Error::Unauthenticated)
    })?;
    let Some(sealed) = &user.totp_sealed else { return Err(Error::Unauthenticated) };
    let seed = db
        .vault()
        .open(sealed, &sealed_as::second_factor(&user.public_id))
        .ok_or_else(|| Error::conflict("second-factor-unreadable"))?;
    let totp = totp(&seed, &user.login)?;
    let actor = Actor { user_id: Some(user.id), ..browser.visitor() };
    let tries = Tried::code(&user.login, &browser.place(db, Some(&user)));
    let opened = db.write(&actor, |tx| {
        reserve(tx, &tries)?;
        // Read again within the write: of two who send the same code at once, one is late.
        let last = users::table.find(user.id).select(users::totp_step).first::<Option<i64>>(tx.conn)?;
        let Some(step) = step_of(&totp, code, tx.now, last) else {
            tx.record(None, &Event::SignInFailed { login: user.login.clone() }, &[Subject::User(user.id)])?;
            return Ok(None);
        };
        right(tx, &tries)?;
        diesel::update(users::table.find(user.id)).set(users::totp_step.eq(Some(step))).execute(tx.conn)?;
        // A reset ends what was on its way.
        if !end_session(tx.conn, Some(token))? {
            return Err(Error::Unauthenticated);
        }
        open(tx, &user, None, false).map(Some)
    })?;
    opened.ok_or_else(|| Error::invalid("code", "wrong-code"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::own::{SetPin, set_pin};
    use crate::access::session::{SignIn, SwitchPerson, current, sign_in, switch_person};
    use crate::access::users::{FirstPassword, reset_password, user_id_by_login};
    use crate::testing::{House, MANAGER, RECEPTIONIST, in_a_house};

    const PASSWORD: &str = "correct horse";

    /// What the phone shows, so many seconds from now.
    fn code(house: &House, seed: &str, later: i64) -> String {
        let now = u64::try_from(house.db.now().as_second() + later).expect("after 1970");
        totp(&seed_of(seed).expect("a seed"), "any").expect("a factor").generate(now).to_string()
    }

    fn browser(opened: Option<&Opened>) -> Browser {
        Browser {
            address: "10.0.0.1".to_owned(),
            device: opened.and_then(|opened| opened.device.clone()),
            session: opened.map(|opened| opened.token.clone()),
        }
    }

    fn with_password(house: &House, login: &str) -> Opened {
        sign_in(&house.db, &SignIn { login: login.to_owned(), password: PASSWORD.to_owned() }, &browser(None))
            .expect("signed in")
    }

    fn opens(house: &House, opened: &Opened) -> bool {
        house
            .db
            .read(|conn| current(conn, house.db.now(), &opened.token, "10.0.0.1"))
            .expect("a session or none")
            .is_some()
    }

    fn refused(error: Option<Error>) -> String {
        match error {
            Some(Error::Invalid(faults)) => {
                faults.iter().map(|fault| format!("{}: {}", fault.path, fault.reason)).collect::<Vec<_>>().join(", ")
            }
            Some(other) => other.to_string(),
            None => String::new(),
        }
    }

    #[test]
    fn a_password_alone_opens_nothing_once_there_is_a_second_factor() {
        in_a_house(|house| {
            house.at("1405/09/02 08:00");
            let manager = house.person(MANAGER);
            let elsewhere = with_password(house, MANAGER);
            let here = with_password(house, MANAGER);
            let seed = offer(&house.db, MANAGER, None).expect("an offer").seed;
            let on = |code: String, password: &str| {
                turn_on(
                    &house.db,
                    &manager,
                    &here.token,
                    &TurnOn { seed: seed.clone(), code, password: password.to_owned() },
                )
            };
            assert_eq!(refused(on("000000".to_owned(), "wrong").err()), "code: wrong-code");
            assert_eq!(refused(on(code(house, &seed, 0), "wrong").err()), "password: wrong-password");
            on(code(house, &seed, 0), PASSWORD).expect("turned on");
            assert!(opens(house, &here) && !opens(house, &elsewhere), "other sessions end");
            let sealed = house
                .db
                .read(|conn| {
                    Ok(users::table
                        .filter(users::login.eq(MANAGER))
                        .select(users::totp_sealed)
                        .first::<Option<String>>(conn)?)
                })
                .expect("read");
            assert!(sealed.is_some_and(|sealed| !sealed.contains(&seed)));

            let half = with_password(house, MANAGER);
            assert!(half.awaits_code && !opens(house, &half));
            assert_eq!(
                refused(enter_code(&house.db, &browser(Some(&half)), &code(house, &seed, 0)).err()),
                "code: wrong-code",
                "a code is taken once"
            );
            let whole = enter_code(&house.db, &browser(Some(&half)), &code(house, &seed, 30)).expect("the next code");
            assert!(opens(house, &whole) && !opens(house, &half));
            assert_eq!(
                refused(enter_code(&house.db, &browser(Some(&half)), &code(house, &seed, 30)).err()),
                "nobody is signed in"
            );

            // Guessing codes costs time, and a right password does not win it back.
            for _ in 0..6 {
                let half = with_password(house, MANAGER);
                assert_eq!(refused(enter_code(&house.db, &browser(Some(&half)), "000000").err()), "code: wrong-code");
            }
            let half = with_password(house, MANAGER);
            assert_eq!(
                refused(enter_code(&house.db, &browser(Some(&half)), &code(house, &seed, 30)).err()),
                "too many attempts"
            );

            // The half that waited too long is over.
            let half = with_password(house, MANAGER);
            house.at("1405/09/02 10:00");
            assert_eq!(
                refused(enter_code(&house.db, &browser(Some(&half)), &code(house, &seed, 0)).err()),
                "nobody is signed in"
            );
            let half = with_password(house, MANAGER);
            enter_code(&house.db, &browser(Some(&half)), &code(house, &seed, 0)).expect("time was waited for");
        });
    }

    #[test]
    fn a_pin_is_less_than_a_second_factor_and_a_reset_takes_it_away() {
        in_a_house(|house| {
            house.at("1405/09/02 08:00");
            let manager = house.person(MANAGER);
            set_pin(&house.db, &manager, &SetPin { password: PASSWORD.to_owned(), pin: "4711".to_owned() })
                .expect("a PIN");
            let counter = with_password(house, RECEPTIONIST);
            let switch = || {
                switch_person(
                    &house.db,
                    &house.person(RECEPTIONIST),
                    &counter.token,
                    &SwitchPerson { login: MANAGER.to_owned(), pin: "4711".to_owned() },
                )
            };
            let seed = offer(&house.db, MANAGER, None).expect("an offer").seed;
            turn_on(
                &house.db,
                &manager,
                "",
                &TurnOn { seed: seed.clone(), code: code(house, &seed, 0), password: PASSWORD.to_owned() },
            )
            .expect("turned on");
            assert_eq!(refused(switch().err()), "conflict: second-factor-signs-in");
            assert_eq!(refused(turn_off(&house.db, &manager, "wrong").err()), "password: wrong-password");
            for seed in ["", "A", "AAAAAAAAAAAAAAAA", "not base32 at all"] {
                let command =
                    TurnOn { seed: seed.to_owned(), code: "123456".to_owned(), password: PASSWORD.to_owned() };
                assert_eq!(refused(turn_on(&house.db, &manager, "", &command).err()), "seed: malformed", "{seed:?}");
            }
            house.write(|tx| {
                let id = user_id_by_login(tx.conn, MANAGER)?;
                reset_password(tx, &id, &FirstPassword::of(PASSWORD.to_owned(), tx.random())?)
            });
            assert!(!with_password(house, MANAGER).awaits_code);
            assert_eq!(refused(switch().err()), "pin: wrong-pin", "who knew the password may have known the PIN");
            set_pin(&house.db, &manager, &SetPin { password: PASSWORD.to_owned(), pin: "4711".to_owned() })
                .expect("a PIN");
            switch().expect("switched");
        });
    }
}
