//! What can be guessed (passwords, PINs, codes, numbers), and what a guess costs. Every try is counted here, as a wrong
//! one and before it is looked at, so that tries that come at once all count; a right one is taken back.
//!
//! A try is counted for the thing guessed at from one place, and, more patiently, for the thing from all places and for
//! the place with all things: so it is the guesser who waits. The person who was guessed at goes on from another
//! address, or from a browser in which they signed in before; many who share an address wait for seconds at most.

use jiff::{Timestamp, ToSpan};

use store::error::{Error, Result};
use store::query::*;
use store::rights::Actor;
use store::rows::Guess;
use store::schema::guesses;
use store::types::At;
use store::{Conn, Db, Event, Subject, Tx};

/// One count that a try raises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tried {
    subject: String,
    rule: Rule,
}

/// How patient a count is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rule {
    /// Wrong tries that cost nothing; each further one doubles the wait.
    free: i64,
    /// The longest wait, in seconds.
    longest: i64,
    /// Seconds after which one wrong try is forgiven.
    forgiven_after: i64,
    /// Whether a right try shows that the wrong ones were its maker's own, and clears them.
    is_own: bool,
}

/// One person, or one thing, from one place.
const STRICT: Rule = Rule { free: 5, longest: 3600, forgiven_after: 3600, is_own: true };
/// One person or thing from all places together: as many tries as no person needs.
const FROM_ANYWHERE: Rule = Rule { free: 50, longest: 60, forgiven_after: 600, is_own: false };
/// One person from all browsers in which they signed in before: who collects those waits like anybody.
const FROM_KNOWN: Rule = Rule { free: 20, longest: 600, forgiven_after: 600, is_own: false };
/// One place with all that it tries: there may be many people behind it.
const OF_A_PLACE: Rule = Rule { free: 30, longest: 30, forgiven_after: 60, is_own: false };
/// Numbers of visits from an address, behind which there may be many customers.
const TRACKING: Rule = Rule { free: 5, longest: 60, forgiven_after: 600, is_own: false };
/// Numbers of visits from all addresses together: sixty a minute miss for as long as they like, and ten minutes' worth
/// of them at once.
const TRACKING_OF_ALL: Rule = Rule { free: 600, longest: 60, forgiven_after: 1, is_own: false };
/// Numbers of customers that one person looks for: somebody at a counter types many that are new.
const LOOK_UPS: Rule = Rule { free: 100, longest: 600, forgiven_after: 120, is_own: false };

/// Where somebody signs in: their address, and the browser where it is one in which the person signed in before
/// (`Device`).
#[derive(Clone, Debug, Default)]
pub struct Place {
    pub address: String,
    pub device: Option<String>,
}

impl Tried {
    fn new(subject: String, rule: Rule) -> Self {
        Self { subject, rule }
    }

    /// A secret of a person, with which they sign in: from a browser of theirs only what came from there, and from
    /// others of theirs, counts.
    fn to_sign_in(what: &str, login: &str, place: &Place) -> Vec<Self> {
        match &place.device {
            // What was typed stands last: no login is the name of another count.
            Some(device) => vec![
                Self::new(format!("{what}#{device}:{login}"), STRICT),
                Self::new(format!("{what}#*:{login}"), FROM_KNOWN),
            ],
            None => vec![
                Self::new(format!("{what}@{}:{login}", place.address), STRICT),
                Self::new(format!("{what}:{login}"), FROM_ANYWHERE),
                Self::new(format!("address:{}", place.address), OF_A_PLACE),
            ],
        }
    }

    /// A password at sign-in.
    pub(super) fn password(login: &str, place: &Place) -> Vec<Self> {
        Self::to_sign_in("password", login, place)
    }

    /// The code of a second factor.
    pub(super) fn code(login: &str, place: &Place) -> Vec<Self> {
        Self::to_sign_in("code", login, place)
    }

    /// The password of who is signed in, asked for again.
    pub(super) fn password_again(user_id: i64) -> Self {
        Self::new(format!("again:{user_id}"), STRICT)
    }

    /// The PIN of another person, typed in somebody's session.
    pub(crate) fn pin(login: &str, by: &Actor) -> [Self; 3] {
        let person = &by.public_id;
        [
            Self::new(format!("pin@{person}:{login}"), STRICT),
            Self::new(format!("pin:{login}"), FROM_ANYWHERE),
            Self::new(format!("pins:{person}"), OF_A_PLACE),
        ]
    }

    /// The code that a customer got for a hand-over; the code itself ends after five wrong ones.
    pub(crate) fn hand_over_code(reception_id: i64) -> Self {
        Self::new(format!("hand-over:{reception_id}"), STRICT)
    }

    /// A number of a customer whom only others know.
    pub(crate) fn look_up(by: &Actor) -> Self {
        Self::new(format!("look-up:{}", by.user_id.unwrap_or(0)), LOOK_UPS)
    }

    /// The number of a visit, from an address.
    pub(crate) fn tracking(address: &str) -> Self {
        Self::new(format!("track:{address}"), TRACKING)
    }

    /// The number of a visit, from wherever.
    pub(crate) fn tracking_of_all() -> Self {
        Self::new("track".to_owned(), TRACKING_OF_ALL)
    }

    /// The secret of the first start.
    pub(crate) fn first_start(address: &str) -> Self {
        Self::new(format!("first-start:{address}"), STRICT)
    }
}

impl Tried {
    /// Under what it is counted.
    pub(crate) fn subject(self) -> String {
        self.subject
    }

    /// Until when it is not looked at, if it was tried too often.
    ///
    /// # Errors
    /// The store.
    pub(crate) fn blocked_until(&self, conn: &mut Conn) -> Result<Option<At>> {
        Ok(self.counted(conn)?.and_then(|guess| guess.blocked_until))
    }

    fn counted(&self, conn: &mut Conn) -> Result<Option<Guess>> {
        Ok(guesses::table.find(&self.subject).select(Guess::as_select()).first::<Guess>(conn).optional()?)
    }
}

impl Rule {
    /// The wrong tries of a count that are not forgiven yet, and since when one is on its way to be.
    fn left(self, counted: Option<&Guess>, now: Timestamp) -> (i64, Timestamp) {
        let Some(guess) = counted else { return (0, now) };
        let since = guess.last_at.instant();
        let forgiven = (now.as_second() - since.as_second()).max(0) / self.forgiven_after;
        if forgiven >= guess.wrong_count {
            (0, now)
        } else {
            (guess.wrong_count - forgiven, since + (forgiven * self.forgiven_after).seconds())
        }
    }

    /// Seconds to wait after so many wrong tries.
    fn wait(self, wrong: i64) -> i64 {
        let over = wrong - self.free;
        if over > 0 { (1_i64 << over.min(12)).min(self.longest) } else { 0 }
    }
}

fn write(tx: &mut Tx<'_>, tried: &Tried, (wrong_count, since): (i64, Timestamp), wait: i64) -> Result<()> {
    diesel::delete(guesses::table.find(&tried.subject)).execute(tx.conn)?;
    if wrong_count > 0 {
        let blocked_until = (wait > 0).then(|| At::from(tx.now + wait.seconds()));
        let row = Guess { subject: tried.subject.clone(), wrong_count, blocked_until, last_at: At::from(since) };
        diesel::insert_into(guesses::table).values(row).execute(tx.conn)?;
    }
    Ok(())
}

/// Counts a try before it is looked at, and keeps that it was made whatever comes of it (`Tx::keep_so_far`).
///
/// # Errors
/// `TooMany` while one of its counts must wait; then nothing was counted.
pub(crate) fn reserve(tx: &mut Tx<'_>, tries: &[Tried]) -> Result<()> {
    let mut counts = Vec::with_capacity(tries.len());
    for tried in tries {
        let guess = tried.counted(tx.conn)?;
        may_guess(guess.as_ref().and_then(|guess| guess.blocked_until), tx.now)?;
        counts.push(tried.rule.left(guess.as_ref(), tx.now));
    }
    for (tried, (wrong, since)) in tries.iter().zip(counts) {
        write(tx, tried, (wrong + 1, since), tried.rule.wait(wrong + 1))?;
    }
    tx.keep_so_far()
}

/// Counts a try that was looked at already, and was wrong, and keeps that whatever comes of it. Of tries that came at
/// once each counts, also those that came before the first of them was counted.
///
/// # Errors
/// The store.
pub(crate) fn count(tx: &mut Tx<'_>, tried: &Tried) -> Result<()> {
    let (wrong, since) = tried.rule.left(tried.counted(tx.conn)?.as_ref(), tx.now);
    write(tx, tried, (wrong + 1, since), tried.rule.wait(wrong + 1))?;
    tx.keep_so_far()
}

/// Takes a try back that was right.
///
/// # Errors
/// The store.
pub(crate) fn right(tx: &mut Tx<'_>, tries: &[Tried]) -> Result<()> {
    for tried in tries {
        let (wrong, since) = tried.rule.left(tried.counted(tx.conn)?.as_ref(), tx.now);
        write(tx, tried, (if tried.rule.is_own { 0 } else { wrong - 1 }, since), 0)?;
    }
    Ok(())
}

/// How often a thing was tried wrongly of late.
pub(crate) fn wrong(conn: &mut Conn, tried: &Tried, now: Timestamp) -> Result<i64> {
    let guess = tried.counted(conn)?;
    Ok(tried.rule.left(guess.as_ref(), now).0)
}

/// Forgets what was tried, because what it was tried at is another one now.
pub(crate) fn forget(tx: &mut Tx<'_>, tried: &Tried) -> Result<()> {
    let now = tx.now;
    write(tx, tried, (0, now), 0)
}

/// Deletes counts of which nothing is left: nobody tried for a week.
///
/// # Errors
/// The store.
pub(crate) fn delete_old(conn: &mut Conn, before: Timestamp) -> Result<usize> {
    Ok(diesel::delete(guesses::table.filter(guesses::last_at.lt(At::from(before)))).execute(conn)?)
}

/// A secret that is compared outside the write, since that takes long: the try is counted first, then `is_right` is
/// asked, then a right one is taken back together with what `then` writes.
///
/// # Errors
/// `TooMany`; `wrong` where it is not right; what `then` tells.
pub(crate) fn guarded<T>(
    db: &Db,
    actor: &Actor,
    tries: &[Tried],
    is_right: impl FnOnce() -> bool,
    wrong: Error,
    mut then: impl FnMut(&mut Tx<'_>) -> Result<T>,
) -> Result<T> {
    db.write(actor, |tx| reserve(tx, tries))?;
    if !is_right() {
        db.write(actor, |tx| tx.record(None, &Event::SecretRefused, &[Subject::Object("access", 0)]).map(|_| ()))?;
        return Err(wrong);
    }
    db.write(actor, |tx| {
        right(tx, tries)?;
        then(tx)
    })
}

/// Seconds until then; 0 where nothing is blocked.
pub(crate) fn wait(blocked_until: Option<At>, now: Timestamp) -> i64 {
    blocked_until.map_or(0, |until| (until.instant().as_second() - now.as_second()).max(0))
}

/// # Errors
/// `TooMany` until then.
pub(crate) fn may_guess(blocked_until: Option<At>, now: Timestamp) -> Result<()> {
    match wait(blocked_until, now) {
        0 => Ok(()),
        retry_after_seconds => Err(Error::TooMany { retry_after_seconds }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{House, RECEPTIONIST, in_a_house};

    fn place(address: &str) -> Place {
        Place { address: address.to_owned(), device: None }
    }

    fn wait_of(house: &House, tried: &Tried) -> i64 {
        house.db.read(|conn| Ok(wait(tried.blocked_until(conn)?, house.db.now()))).expect("read")
    }

    #[test]
    fn what_is_forgiven_is_not_lost_with_the_next_try() {
        in_a_house(|house| {
            house.at("1405/09/02 00:00");
            let tried = Tried::look_up(&house.person(RECEPTIONIST));
            let rule = LOOK_UPS;
            assert_eq!((rule.free, rule.forgiven_after), (100, 120));
            // One in less than two minutes, a whole shift long: half a minute is left over each time.
            for minute in 0..300 {
                house.at(&format!("1405/09/02 {:02}:{:02}", minute / 60 + 1, minute % 60));
                house.write(|tx| reserve(tx, std::slice::from_ref(&tried)));
                house.write(|tx| if minute % 2 == 0 { right(tx, std::slice::from_ref(&tried)) } else { Ok(()) });
            }
            assert!(house.db.read(|conn| super::wrong(conn, &tried, house.db.now())).expect("read") < 10);
        });
    }

    #[test]
    fn who_collects_known_browsers_waits_and_so_does_who_tries_the_pins_of_many() {
        in_a_house(|house| {
            house.at("1405/09/02 00:00");
            let known = |number: usize| {
                Tried::password("maryam", &Place { address: String::new(), device: Some(format!("browser {number}")) })
            };
            let made = (0..60)
                .take_while(|number| house.db.write(&house.admin, |tx| reserve(tx, &known(number / 3))).is_ok())
                .count();
            assert_eq!(made, 21, "as many as no person types wrongly in browsers of theirs");
            assert!(
                house.db.write(&house.admin, |tx| reserve(tx, &Tried::password("maryam", &place("10.0.0.1")))).is_ok(),
                "from elsewhere it is another matter"
            );
            let by = house.person(RECEPTIONIST);
            let made = (0..60)
                .take_while(|number| {
                    house.db.write(&by, |tx| reserve(tx, &Tried::pin(&format!("person {number}"), &by))).is_ok()
                })
                .count();
            assert_eq!(made, 31);
        });
    }

    #[test]
    fn no_login_is_the_name_of_another_count() {
        in_a_house(|house| {
            let theirs = Tried::password("maryam", &place("10.0.0.1"));
            for number in 0..80 {
                let typed = ["maryam@10.0.0.1", "@10.0.0.1:maryam", "maryam/known"][number % 3];
                let _ = house.db.write(&house.admin, |tx| {
                    reserve(tx, &Tried::password(typed, &place(&format!("10.1.0.{number}"))))
                });
            }
            assert!(theirs.iter().all(|tried| wait_of(house, tried) == 0));
            let known = Tried::password("maryam", &Place { address: String::new(), device: Some("known".to_owned()) });
            assert!(known.iter().all(|tried| wait_of(house, tried) == 0));
        });
    }
}
