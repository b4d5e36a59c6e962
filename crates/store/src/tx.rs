//! A write in progress.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::conn::Conn;
use super::events::{Event, OF_SECURITY, Subject};
use super::rows::{JournalEntry, JournalSubject};
use super::schema::{journal, journal_subjects};
use super::types::At;
use super::vault::Vault;
use super::{Db, settings};
use crate::error::{Error, Result};
use crate::query::*;
use crate::rights::Actor;

/// Stands before a secret that is stored sealed.
pub(super) const SEALED: &str = "sealed:";

/// Whether a text was stored sealed.
pub fn is_sealed(stored: &str) -> bool {
    stored.starts_with(SEALED)
}

/// What was stored sealed as `of`; None where it was not, or the key is another one.
pub fn opened(vault: &Vault, stored: &str, of: &str) -> Option<String> {
    String::from_utf8(vault.open(stored.strip_prefix(SEALED)?, of)?).ok()
}

/// What a command works with: the connection in its transaction, who acts, and when.
pub struct Tx<'c> {
    pub conn: &'c mut Conn,
    pub actor: &'c Actor,
    /// The instant of the write: one for all its rows.
    pub now: Timestamp,
    /// When what is written happened; another instant than `now` only in an import of the past.
    pub occurred: Timestamp,
    /// Joins the entries of one write.
    pub correlation: String,
    /// Whether what was written before is kept where the rest is refused.
    pub(super) keeps: bool,
    db: Db,
}

/// Where something happened: in a centre, and for a brand where it is about the work on one device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Where {
    pub centre_id: Option<i64>,
    pub brand_id: Option<i64>,
}

impl From<Option<i64>> for Where {
    fn from(centre_id: Option<i64>) -> Self {
        Self { centre_id, brand_id: None }
    }
}

/// A centre and a brand.
impl From<(i64, i64)> for Where {
    fn from((centre_id, brand_id): (i64, i64)) -> Self {
        Self { centre_id: Some(centre_id), brand_id: Some(brand_id) }
    }
}

impl<'c> Tx<'c> {
    pub(super) fn new(conn: &'c mut Conn, actor: &'c Actor, now: Timestamp, db: &Db) -> Self {
        let correlation = domain::keys::public_id(db.random());
        Self { conn, actor, now, occurred: now, correlation, keeps: false, db: db.clone() }
    }

    /// The date of what happens, where the actor works.
    #[must_use]
    pub fn today(&self) -> Date {
        self.actor.today(self.occurred)
    }

    /// The date of what happens, in the time zone of the centre whose paper or number bears it.
    #[must_use]
    pub fn today_in(&self, time_zone: &str) -> Date {
        local_date(self.occurred, &zone(time_zone))
    }

    #[must_use]
    pub fn public_id(&self) -> String {
        domain::keys::public_id(self.db.random())
    }

    #[must_use]
    pub fn random(&self) -> u128 {
        self.db.random()
    }

    pub fn vault(&self) -> &Vault {
        self.db.vault()
    }

    /// A secret as it is stored, sealed as `of`. What is sealed is listed in `sealed::all`.
    ///
    /// # Errors
    /// `Unavailable` where the store is sealed with another key by now.
    pub fn seal(&mut self, secret: &str, of: &str) -> Result<String> {
        Ok(format!("{SEALED}{}", self.seal_bytes(secret.as_bytes(), of)?))
    }

    /// The same of what is no text, without the mark that it is sealed.
    ///
    /// # Errors
    /// As `seal`.
    pub fn seal_bytes(&mut self, secret: &[u8], of: &str) -> Result<String> {
        if settings::get(self.conn, settings::KEY_CHECK)?.is_some_and(|check| !self.vault().settle(&check)) {
            return Err(Error::Unavailable("key-changed"));
        }
        self.vault().seal(secret, of, [self.random(), self.random()])
    }

    /// A secret that goes to its person and comes back, sealed as `of`: nothing of it is stored.
    ///
    /// # Errors
    /// Where it cannot be sealed.
    pub fn seal_bare(&self, secret: &[u8], of: &str) -> Result<String> {
        self.vault().seal(secret, of, [self.random(), self.random()])
    }

    /// What was stored as `of`: opened where it was sealed, as it is where it was stored before such things were; None
    /// where the key is another one.
    pub fn open(&self, stored: String, of: &str) -> Option<String> {
        if is_sealed(&stored) { opened(self.vault(), &stored, of) } else { Some(stored) }
    }

    /// Whether what is written is a past that is imported: it takes no number from a live series and sends no message.
    #[must_use]
    pub fn is_past(&self) -> bool {
        self.occurred != self.now
    }

    /// Writes what happened into the journal, for each of its subjects, and queues what follows from it.
    ///
    /// # Errors
    /// The store.
    pub fn record(&mut self, place: impl Into<Where>, event: &Event, subjects: &[Subject]) -> Result<i64> {
        let Where { centre_id, brand_id } = place.into();
        let payload = serde_json::to_value(event).map_err(Error::internal)?;
        let kind = payload["event"].as_str().unwrap_or_default().to_owned();
        let entry = JournalEntry {
            id: 0,
            occurred_at: At::from(self.occurred),
            recorded_at: At::from(self.now),
            actor_user_id: self.actor.user_id,
            centre_id,
            address: self.actor.address.clone().filter(|_| OF_SECURITY.contains(&kind.as_str())),
            kind,
            payload: payload.to_string(),
            correlation: self.correlation.clone(),
            brand_id,
        };
        let id =
            diesel::insert_into(journal::table).values(entry).returning(journal::id).get_result::<i64>(self.conn)?;
        let mut seen = Vec::with_capacity(subjects.len());
        for subject in subjects {
            if !seen.contains(subject) {
                seen.push(*subject);
            }
        }
        for subject in seen {
            let row =
                JournalSubject { journal_id: id, subject_kind: subject.kind().to_owned(), subject_id: subject.id() };
            diesel::insert_into(journal_subjects::table).values(row).execute(self.conn)?;
        }
        if !self.is_past() {
            for kind in event.jobs() {
                self.queue(*kind, &id.to_string())?;
            }
        }
        Ok(id)
    }
}

/// A time zone by its IANA name; UTC where the name is not known.
#[must_use]
pub fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// The date at an instant in a time zone.
#[must_use]
pub fn local_date(instant: Timestamp, zone: &TimeZone) -> Date {
    instant.to_zoned_datetime(zone.clone()).date()
}

/// The instant at which a day begins in a time zone.
///
/// # Errors
/// A day at the very ends of time.
pub fn start_of(day: Date, zone: &TimeZone) -> Result<Timestamp> {
    Ok(day
        .to_datetime(jiff::civil::Time::midnight())
        .to_zoned_datetime(zone.clone())
        .map_err(Error::internal)?
        .timestamp())
}

impl<'c> Tx<'c> {
    /// Runs a part of the write in a savepoint: where it fails, only the part is rolled back.
    ///
    /// # Errors
    /// What `work` tells.
    pub fn nested<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.conn.begin_part()?;
        let out = self.within(work);
        if out.is_ok() {
            self.conn.commit()?
        } else {
            self.conn.rollback()?
        }
        out
    }

    /// Runs a part of the write to see what would come of it; whatever it wrote is rolled back.
    ///
    /// # Errors
    /// What `work` tells.
    pub fn tried<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.conn.begin_part()?;
        let out = self.within(work);
        self.conn.rollback()?;
        out
    }

    /// Runs what is a part: nothing within it is kept apart from the rest of it.
    fn within<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let before = std::mem::replace(&mut self.keeps, true);
        let out = work(self);
        self.keeps = before;
        out
    }

    /// Runs `work` as what happened at `occurred` and is recorded now: for an import of the past.
    ///
    /// # Errors
    /// What `work` tells.
    pub fn in_the_past<T>(&mut self, occurred: Timestamp, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let before = std::mem::replace(&mut self.occurred, occurred);
        let out = work(self);
        self.occurred = before;
        out
    }

    /// Keeps what was written so far, even where what comes after is refused: that somebody guessed must be known
    /// though the guess was wrong. Within a part (`nested`, `tried`) it does nothing: who runs such parts counts
    /// for itself.
    ///
    /// # Errors
    /// The store.
    pub fn keep_so_far(&mut self) -> Result<()> {
        if !self.keeps {
            self.conn.begin_part()?;
            self.keeps = true;
        }
        Ok(())
    }

    /// The same write as somebody else: for the demo, where one transaction tells a whole visit.
    pub fn acting<'t>(&'t mut self, actor: &'t Actor) -> Tx<'t> {
        Tx {
            conn: &mut *self.conn,
            actor,
            now: self.now,
            occurred: self.occurred,
            correlation: self.correlation.clone(),
            keeps: true,
            db: self.db.clone(),
        }
    }

    /// Lets time pass within the write: for the demo.
    pub fn later(&mut self, span: jiff::Span) {
        self.now += span;
        self.occurred = self.now;
    }
}
