//! Signing in and out, switching the person at a shared counter, and who a session or a token stands for.

use std::sync::Arc;

use domain::access::{Action, AskedOf, Role};
use jiff::{Timestamp, ToSpan};
use schemars::JsonSchema;
use serde::Deserialize;

use super::guesses::{Place, Tried, guarded, reserve, right};
use super::rows::{ApiToken, Membership, Session, User};
use super::secrets::{self, digest, still, verify_password};
use store::error::{Error, Fault, Reason, Result};
use store::query::*;
use store::rights::permissions::Permissions;
use store::rights::{Actor, Member, Of};
use store::schema::{api_tokens, centres, memberships, sessions, settings as stored, users};
use store::types::At;
use store::views::Link;
use store::{Conn, Db, Event, Subject, Tx, link_columns, settings};

/// How long a session lives without being used, and at most.
const IDLE_HOURS: i64 = 12;
/// How old the note of a session's last use may be: a page that is only read should write once in a while, not each
/// time.
const NOTE_MINUTES: i64 = 10;
const MAX_HOURS: i64 = 24 * 7;
/// How long a right password waits for its code.
const CODE_MINUTES: i64 = 5;

/// The browser in which somebody signs in.
#[derive(Clone, Debug, Default)]
pub struct Browser {
    pub address: String,
    /// What a browser keeps of a person who signed in there before (`Opened::device`).
    pub device: Option<String>,
    /// The secret of the session that is open there.
    pub session: Option<String>,
}

impl Browser {
    /// Where the tries of a person are counted: by the browser where they signed in there before.
    pub(super) fn place(&self, db: &Db, user: Option<&User>) -> Place {
        let is_theirs = |device: &&String| user.is_some_and(|user| db.vault().open(device, &device_of(user)).is_some());
        Place {
            address: self.address.clone(),
            device: self.device.as_ref().filter(is_theirs).map(|device| digest(device)),
        }
    }

    /// Somebody of whom it is not known yet who they are.
    pub(super) fn visitor(&self) -> Actor {
        Actor { address: Some(self.address.clone()), ..Actor::system() }
    }
}

/// Of what a browser was known: of a person with this password and this second factor. With another it is a new one.
fn device_of(user: &User) -> String {
    format!("device:{}:{}", user.public_id, digest(&format!("{} {:?}", user.password_hash, user.totp_sealed)))
}

/// A name and a password.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    #[schemars(length(min = 1, max = 100))]
    pub login: String,
    #[schemars(length(min = 1, max = 200))]
    pub password: String,
}

/// A session that was opened: its secrets go to the person's browser and nowhere else.
pub struct Opened {
    pub token: String,
    /// By which the browser is known when this person signs in again: others who guess at them do not keep them out
    /// there. None before the second factor: who knows the password alone would get room for more guesses with
    /// each sign-in.
    pub device: Option<String>,
    pub must_change_password: bool,
    /// Whether the session opens nothing before the code of the second factor was given (`second_factor::enter_code`).
    pub awaits_code: bool,
}

/// Opens a session, and ends the one that was open in this browser.
///
/// # Errors
/// `Invalid` where name and password do not belong together; `TooMany` after too many wrong ones.
pub fn sign_in(db: &Db, command: &SignIn, browser: &Browser) -> Result<Opened> {
    let login = domain::text::fold(&command.login);
    let user = db.read(|conn| {
        Ok(users::table.filter(users::login.eq(&login)).select(User::as_select()).first::<User>(conn).optional()?)
    })?;
    let tries = Tried::password(&login, &browser.place(db, user.as_ref()));
    let actor = Actor { user_id: user.as_ref().map(|user| user.id), ..browser.visitor() };
    let hash = user.as_ref().filter(|user| user.disabled_at.is_none()).map(|user| user.password_hash.as_str());
    // Of what was typed only the name of somebody who is there is written down: others are passwords in the wrong
    // field.
    let event = Event::SignInFailed { login: user.as_ref().map_or_else(String::new, |user| user.login.clone()) };
    let failed = |tx: &mut Tx<'_>| tx.record(None, &event, &[Subject::Object("access", 0)]).map(|_| ());
    db.write(&actor, |tx| reserve(tx, &tries))?;
    // A name that nobody has takes as long.
    let is_right = verify_password(&command.password, hash);
    match user.as_ref().filter(|_| is_right) {
        Some(user) => db.write(&actor, |tx| {
            still(tx, user.id, &user.password_hash)?;
            right(tx, &tries)?;
            end_session(tx.conn, browser.session.as_deref())?;
            open(tx, user, None, user.totp_sealed.is_some())
        }),
        None => {
            db.write(&Actor { user_id: None, ..actor }, failed)?;
            Err(Error::Invalid(vec![Fault::new("password", "wrong-login")]))
        }
    }
}

/// Opens a session in a centre (None: the first of theirs), or one that awaits the code of the second factor.
pub(super) fn open(tx: &mut Tx<'_>, user: &User, centre_id: Option<i64>, awaits_code: bool) -> Result<Opened> {
    let token = secrets::token([tx.random(), tx.random()]);
    let csrf = secrets::token([tx.random(), tx.random()]);
    let first_centre = memberships::table
        .filter(memberships::user_id.eq(user.id))
        .filter(memberships::centre_id.is_not_null())
        .order(memberships::id)
        .select(memberships::centre_id);
    let mut centre_id = match centre_id {
        Some(id) => Some(id),
        None => first_centre.first::<Option<i64>>(tx.conn).optional()?.flatten(),
    };
    if centre_id.is_none() {
        centre_id = centres::table
            .filter(centres::retired_at.is_null())
            .order(centres::id)
            .select(centres::id)
            .first(tx.conn)
            .optional()?;
    }
    let row = Session {
        id: 0,
        token_hash: digest(&token),
        user_id: user.id,
        centre_id,
        csrf,
        created_at: At::from(tx.now),
        seen_at: At::from(tx.now),
        expires_at: At::from(if awaits_code { tx.now + CODE_MINUTES.minutes() } else { tx.now + MAX_HOURS.hours() }),
        awaits_code,
    };
    diesel::insert_into(sessions::table).values(row).execute(tx.conn)?;
    if !awaits_code {
        tx.record(None, &Event::SignedIn, &[Subject::User(user.id)])?;
    }
    let device = if awaits_code { None } else { Some(tx.seal_bare(b"known", &device_of(user))?) };
    Ok(Opened { token, device, must_change_password: user.must_change_password, awaits_code })
}

/// Ends a session with this secret; whether there was one.
pub(super) fn end_session(conn: &mut Conn, token: Option<&str>) -> Result<bool> {
    let Some(token) = token else { return Ok(false) };
    Ok(diesel::delete(sessions::table.filter(sessions::token_hash.eq(digest(token)))).execute(conn)? > 0)
}

/// Ends a person's sessions, but the one with this secret, and their tokens, for good: what opened before opens nothing
/// any more.
pub(super) fn end_all(tx: &mut Tx<'_>, user_id: i64, but: Option<&str>) -> Result<()> {
    let kept = but.map(digest).unwrap_or_default();
    diesel::delete(sessions::table.filter(sessions::user_id.eq(user_id)).filter(sessions::token_hash.ne(kept)))
        .execute(tx.conn)?;
    let live = api_tokens::table.filter(api_tokens::user_id.eq(user_id)).filter(api_tokens::revoked_at.is_null());
    diesel::update(live).set(api_tokens::revoked_at.eq(Some(At::from(tx.now)))).execute(tx.conn)?;
    Ok(())
}

/// A session as a request meets it.
#[derive(Clone, Debug)]
pub struct Current {
    pub actor: Actor,
    pub csrf: String,
    pub login: String,
    pub language: String,
    pub must_change_password: bool,
    pub has_pin: bool,
    pub has_second_factor: bool,
    /// Whether the installation asks for a second factor that this person does not have yet.
    pub must_add_second_factor: bool,
    /// The centre in which the person works now, by title.
    pub centre: Option<Link>,
    /// Whether it is time to note that the session is in use (`touch`).
    pub is_note_old: bool,
}

/// Who a session's token stands for; None where there is no such session, or it is over.
///
/// # Errors
/// The store.
pub fn current(conn: &mut Conn, now: Timestamp, token: &str, address: &str) -> Result<Option<Current>> {
    let asked_of = stored::table.filter(stored::name.eq(settings::SECOND_FACTOR)).select(stored::value).single_value();
    let row = sessions::table
        .inner_join(users::table.on(users::id.eq(sessions::user_id)))
        .left_join(centres::table.on(sessions::centre_id.eq(centres::id.nullable())))
        .filter(sessions::token_hash.eq(digest(token)))
        .filter(sessions::awaits_code.eq(false))
        .filter(users::disabled_at.is_null())
        .select((Session::as_select(), User::as_select(), asked_of, link_columns!(centres).nullable()))
        .first::<(Session, User, Option<String>, Option<Link>)>(conn)
        .optional()?;
    let Some((session, user, asked_of, centre)) = row else { return Ok(None) };
    if session.expires_at.instant() < now || session.seen_at.instant() + IDLE_HOURS.hours() < now {
        return Ok(None);
    }
    let actor = Actor { address: Some(address.to_owned()), ..actor_of(conn, &user, session.centre_id)? };
    // Who was moved meanwhile works elsewhere.
    let centre = match actor.centre_id {
        id if id == session.centre_id => centre,
        Some(id) => centres::table.find(id).select(link_columns!(centres)).first::<Link>(conn).optional()?,
        None => None,
    };
    let is_note_old = session.seen_at.instant() + NOTE_MINUTES.minutes() < now;
    let has_second_factor = user.totp_sealed.is_some();
    let is_asked = AskedOf::of_setting(asked_of.as_deref()).asks(actor.roles());
    Ok(Some(Current {
        must_add_second_factor: is_asked && !has_second_factor,
        has_second_factor,
        is_note_old,
        actor,
        csrf: session.csrf,
        login: user.login,
        language: user.language,
        must_change_password: user.must_change_password,
        has_pin: user.pin_hash.is_some(),
        centre,
    }))
}

/// Notes that a session is in use, so that it does not end while somebody works.
///
/// # Errors
/// The store.
pub fn touch(db: &Db, token: &str) -> Result<()> {
    db.write(&Actor::system(), |tx| {
        diesel::update(sessions::table.filter(sessions::token_hash.eq(digest(token))))
            .set(sessions::seen_at.eq(At::from(tx.now)))
            .execute(tx.conn)?;
        Ok(())
    })
}

/// The actor of a user, working in a centre; where none is named, in the first of theirs.
fn actor_of(conn: &mut Conn, user: &User, centre_id: Option<i64>) -> Result<Actor> {
    let rows = memberships::table
        .filter(memberships::user_id.eq(user.id))
        .select(Membership::as_select())
        .load::<Membership>(conn)?;
    let members = rows.into_iter().filter_map(|row| {
        Some(Member { role: Role::named(&row.role)?, centre_id: row.centre_id, brand_id: row.brand_id })
    });
    let members = members.collect::<Vec<_>>();
    // Who does not work there any more works elsewhere.
    let centre_id = centre_id.filter(|centre| members.iter().any(|member| member.reaches(Of::InCentre(*centre))));
    let centre_id = centre_id.or_else(|| members.iter().find_map(|member| member.centre_id));
    let actor = Actor {
        user_id: Some(user.id),
        public_id: user.public_id.clone(),
        name: user.name.clone(),
        members,
        permissions: Arc::new(Permissions::load(conn)?),
        ..Actor::system()
    };
    actor.working_in(conn, centre_id)
}

/// Who an API token stands for; None where there is no such token, or it is over.
///
/// # Errors
/// `Forbidden` while its person has a first password to change or a second factor to set up; the store.
pub fn token_actor(conn: &mut Conn, now: Timestamp, token: &str, address: &str) -> Result<Option<Actor>> {
    let asked_of = stored::table.filter(stored::name.eq(settings::SECOND_FACTOR)).select(stored::value).single_value();
    let row = api_tokens::table
        .inner_join(users::table.on(users::id.eq(api_tokens::user_id)))
        .filter(api_tokens::token_hash.eq(digest(token)))
        .filter(api_tokens::revoked_at.is_null())
        .filter(users::disabled_at.is_null())
        .select((ApiToken::as_select(), User::as_select(), asked_of))
        .first::<(ApiToken, User, Option<String>)>(conn)
        .optional()?;
    let Some((token, user, asked_of)) = row.filter(|(token, ..)| token.expires_at.instant() > now) else {
        return Ok(None);
    };
    let mut actor = Actor { is_token: true, address: Some(address.to_owned()), ..actor_of(conn, &user, None)? };
    if user.must_change_password {
        return Err(Error::Forbidden(Reason::new("password-first")));
    }
    if user.totp_sealed.is_none() && AskedOf::of_setting(asked_of.as_deref()).asks(actor.roles()) {
        return Err(Error::Forbidden(Reason::new("second-factor-first")));
    }
    if token.scopes != "*" {
        actor.scopes = Some(token.scopes.split(',').filter_map(Action::named).collect());
    }
    Ok(Some(actor))
}

/// The actor of a user, by login: for the command line and tests.
///
/// # Errors
/// `NotFound`.
pub fn actor_by_login(conn: &mut Conn, login: &str) -> Result<Actor> {
    let user = users::table
        .filter(users::login.eq(domain::text::fold(login)))
        .filter(users::disabled_at.is_null())
        .select(User::as_select())
        .first(conn)
        .optional()?;
    actor_of(conn, &user.ok_or(Error::NotFound)?, None)
}

/// The actor of a user, by id: for work that goes on after its page was closed.
///
/// # Errors
/// `NotFound` where the person was disabled meanwhile.
pub(crate) fn actor_by_id(conn: &mut Conn, user_id: i64) -> Result<Actor> {
    let user = users::table
        .find(user_id)
        .filter(users::disabled_at.is_null())
        .select(User::as_select())
        .first(conn)
        .optional()?;
    actor_of(conn, &user.ok_or(Error::NotFound)?, None)
}

/// Ends a session.
///
/// # Errors
/// The store.
pub fn sign_out(db: &Db, actor: &Actor, token: &str) -> Result<()> {
    db.write(actor, |tx| {
        diesel::delete(sessions::table.filter(sessions::token_hash.eq(digest(token)))).execute(tx.conn)?;
        if let Some(user_id) = tx.actor.user_id {
            tx.record(None, &Event::SignedOut, &[Subject::User(user_id)])?;
        }
        Ok(())
    })
}

/// Another person at the same counter, by PIN. What stands on the screen stays.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SwitchPerson {
    #[schemars(length(min = 1, max = 100))]
    pub login: String,
    #[schemars(length(min = 4, max = 12))]
    pub pin: String,
}

/// Opens a session of another person at the same counter, in place of the one that is open there.
///
/// # Errors
/// `Invalid` where name and PIN do not belong together; `TooMany` after too many wrong ones; `Conflict` for who has a
/// second factor, or does not work at this centre.
pub fn switch_person(db: &Db, actor: &Actor, token: &str, command: &SwitchPerson) -> Result<Opened> {
    let login = domain::text::fold(&command.login);
    let user = db.read(|conn| {
        Ok(users::table
            .filter(users::login.eq(&login))
            .filter(users::disabled_at.is_null())
            .select(User::as_select())
            .first::<User>(conn)
            .optional()?)
    })?;
    let pin = domain::text::digits(&command.pin);
    let is_right = || verify_password(&pin, user.as_ref().and_then(|user| user.pin_hash.as_deref()));
    guarded(db, actor, &Tried::pin(&login, actor), is_right, Error::invalid("pin", "wrong-pin"), |tx| {
        let user = user.as_ref().ok_or(Error::NotFound)?;
        still(tx, user.id, &user.password_hash)?;
        // A PIN is less than what this person asks for.
        if user.totp_sealed.is_some() {
            return Err(Error::conflict("second-factor-signs-in"));
        }
        let other = actor_of(tx.conn, user, tx.actor.centre_id)?;
        if tx.actor.centre_id.is_some_and(|centre| !other.scope(Action::UseSystem).holds(Of::InCentre(centre))) {
            return Err(Error::conflict("works-elsewhere"));
        }
        end_session(tx.conn, Some(token))?;
        tx.record(None, &Event::PersonSwitched, &[Subject::User(user.id)])?;
        let other = Actor { address: tx.actor.address.clone(), ..other };
        let centre_id = tx.actor.centre_id;
        let opened = open(&mut tx.acting(&other), user, centre_id, false)?;
        // It is the counter's browser: a PIN is less than what makes it known as theirs.
        Ok(Opened { device: None, ..opened })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::own::{SetPin, set_pin};
    use crate::testing::{RECEPTIONIST, TECHNICIAN, in_a_house};

    #[test]
    fn a_browser_is_known_by_a_password_and_by_that_one_alone() {
        in_a_house(|house| {
            let sign_in = |login: &str| {
                sign_in(
                    &house.db,
                    &SignIn { login: login.to_owned(), password: "correct horse".to_owned() },
                    &Browser::default(),
                )
                .expect("signed in")
            };
            let device = sign_in(TECHNICIAN).device;
            let saeed = || {
                house
                    .db
                    .read(|conn| {
                        Ok(users::table
                            .filter(users::login.eq(TECHNICIAN))
                            .select(User::as_select())
                            .first::<User>(conn)?)
                    })
                    .expect("a person")
            };
            let is_known = |user: &User| {
                Browser { device: device.clone(), ..Browser::default() }.place(&house.db, Some(user)).device.is_some()
            };
            assert!(is_known(&saeed()));
            set_pin(
                &house.db,
                &house.person(TECHNICIAN),
                &SetPin { password: "correct horse".to_owned(), pin: "4711".to_owned() },
            )
            .expect("a PIN");
            let desk = sign_in(RECEPTIONIST);
            let switch = SwitchPerson { login: TECHNICIAN.to_owned(), pin: "4711".to_owned() };
            assert_eq!(
                switch_person(&house.db, &house.person(RECEPTIONIST), &desk.token, &switch).expect("switched").device,
                None,
                "it is the counter's"
            );
            assert!(is_known(&saeed()));
            assert!(!is_known(&User { totp_sealed: Some("a second factor".to_owned()), ..saeed() }));
            assert!(!is_known(&User { password_hash: "another".to_owned(), ..saeed() }));
        });
    }

    #[test]
    fn who_was_moved_works_where_they_belong_from_the_next_page_on() {
        in_a_house(|house| {
            let opened = sign_in(
                &house.db,
                &SignIn { login: RECEPTIONIST.to_owned(), password: "correct horse".to_owned() },
                &Browser::default(),
            )
            .expect("signed in");
            let centre = || {
                house
                    .db
                    .read(|conn| current(conn, house.db.now(), &opened.token, ""))
                    .expect("read")
                    .expect("a session")
            };
            let title = || centre().centre.map(|centre| centre.title.fa);
            assert_eq!(title().as_deref(), Some("مرکز خدمات ولیعصر"));
            let other = house.write(crate::testing::another_centre);
            house.write(|tx| {
                Ok(diesel::update(memberships::table).set(memberships::centre_id.eq(Some(other))).execute(tx.conn)?)
            });
            assert_eq!((centre().actor.centre_id, title().as_deref()), (Some(other), Some("دیگری")));
        });
    }
}
