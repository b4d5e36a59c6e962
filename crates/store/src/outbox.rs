//! The outbox: what other parts of the house want to know of an entry of the journal, worked once each.
//!
//! A row is claimed in one transaction and deleted in another after the work; what a worker held when it died is
//! claimed again after a while, so the work itself must come out the same when it is done twice.

use jiff::ToSpan;

use super::schema::{journal_subjects, outbox};
use super::types::At;
use super::{Db, Subject};
use crate::error::Result;
use crate::query::*;
use crate::rights::Actor;

/// After this many seconds what was claimed and not done is claimed again.
const STALE_SECONDS: i64 = 120;

/// A row that this worker holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    id: i64,
    pub journal_id: i64,
    /// Kinds and ids of what the entry is about.
    pub subjects: Vec<(String, i64)>,
}

impl Claimed {
    /// The id of the subject of a kind.
    #[must_use]
    pub fn subjects_of(&self, like: Subject) -> Vec<i64> {
        self.subjects.iter().filter(|(kind, _)| kind == like.kind()).map(|(_, id)| *id).collect()
    }
}

/// Claims the oldest row of a consumer; None where nothing waits.
///
/// # Errors
/// The store.
pub fn claim(db: &Db, consumer: &str) -> Result<Option<Claimed>> {
    let stale = At::from(db.now() - STALE_SECONDS.seconds());
    let waiting = || {
        outbox::table
            .filter(outbox::consumer.eq(consumer))
            .filter(outbox::claimed_at.is_null().or(outbox::claimed_at.lt(stale)))
            .order(outbox::id)
    };
    // Most looks find nothing, and a look should not take the writer.
    if db.read(|conn| Ok(waiting().select(outbox::id).first::<i64>(conn).optional()?))?.is_none() {
        return Ok(None);
    }
    db.write(&Actor::system(), |tx| {
        let Some((id, journal_id)) =
            waiting().select((outbox::id, outbox::journal_id)).first::<(i64, i64)>(tx.conn).optional()?
        else {
            return Ok(None);
        };
        diesel::update(outbox::table.find(id)).set(outbox::claimed_at.eq(Some(At::from(tx.now)))).execute(tx.conn)?;
        let subjects = journal_subjects::table
            .filter(journal_subjects::journal_id.eq(journal_id))
            .select((journal_subjects::subject_kind, journal_subjects::subject_id))
            .load(tx.conn)?;
        Ok(Some(Claimed { id, journal_id, subjects }))
    })
}

/// Ends what was claimed: it is done.
///
/// # Errors
/// The store.
pub fn done(db: &Db, claimed: &Claimed) -> Result<()> {
    db.write(&Actor::system(), |tx| {
        diesel::delete(outbox::table.find(claimed.id)).execute(tx.conn)?;
        Ok(())
    })
}
