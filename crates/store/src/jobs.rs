//! What is done beside the pages: a queue in the store, worked by as many workers as there are, in however many
//! processes.
//!
//! Words: a *job* is a kind of work, with its rule; a *task* is one piece of it, which waits, is in hand, or is parked.
//! A task is claimed by putting off when it is due again, so that what a worker held when it died comes up by itself: the
//! work must come out the same when it is done twice. Each claim has a number, and who does not hold the last one changes
//! nothing any more. What failed too often is *parked* with its error until a person starts it again; nothing is dropped.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::{SignedDuration, Timestamp};

use super::conn::Conn;
use super::schema::{centres, jobs};
use super::types::At;
use super::{Db, Tx, local_date, settings, zone};
use crate::error::{Error, Result};
use crate::query::*;
use crate::rights::Actor;
use crate::rows::Task;

/// A kind of work, by name, as who queues it knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    pub name: &'static str,
    /// Of what is due the smaller goes first.
    pub priority: i64,
}

/// A kind of work with its rule, as who does it knows it. What it works with is `C`.
pub struct Job<C: 'static> {
    pub kind: Kind,
    pub retry: Retry,
    /// Whether a task of it becomes due with each new day of the installation.
    pub is_daily: bool,
    /// Does it. Done twice it must come out the same.
    pub run: fn(&C, &Held<'_>) -> Result<()>,
}

/// How often something is tried, and when again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// After so many attempts it is parked.
    pub attempts: i64,
    /// Seconds before the second attempt; each further wait is twice as long, an hour at most, and up to half of it
    /// longer, so that what failed together is not tried together.
    pub first_wait: i64,
    /// Seconds after which an attempt that did not end is another worker's, unless it is held for longer.
    pub limit: i64,
}

/// The longest wait before another attempt, in seconds.
const LONGEST_WAIT: i64 = 3600;

/// What of an error is kept, in characters.
const TOLD: usize = 1000;

/// A task in the hand of a worker.
pub struct Held<'d> {
    db: &'d Db,
    task: Task,
    limit: i64,
    /// When it was claimed, or held.
    since: Cell<Timestamp>,
}

impl Held<'_> {
    #[must_use]
    pub fn db(&self) -> &Db {
        self.db
    }

    /// What tells this task from others of its job.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.task.key
    }

    /// Holds it for another time limit, once half of the last one is over: for work that goes on.
    ///
    /// # Errors
    /// The store; `Unavailable` where another worker has it by now.
    pub fn hold(&self) -> Result<()> {
        let now = self.db.now();
        if now.duration_since(self.since.get()).as_secs() * 2 < self.limit {
            return Ok(());
        }
        self.since.set(now);
        let due = now + SignedDuration::from_secs(self.limit);
        let held = self.db.write(&Actor::system(), |tx| {
            Ok(diesel::update(mine(&self.task)).set(jobs::due_at.eq(At::from(due))).execute(tx.conn)?)
        })?;
        if held == 1 { Ok(()) } else { Err(Error::Unavailable("taken-over")) }
    }
}

/// A task, as long as this claim of it is the last.
#[diesel::dsl::auto_type(no_type_alias)]
fn mine(task: &Task) -> _ {
    let (id, claim): (i64, i64) = (task.id, task.claim);
    jobs::table.filter(jobs::id.eq(id)).filter(jobs::claim.eq(claim))
}

impl Tx<'_> {
    /// Queues a task. Where one of its kind with this key waits already, that one does for both; one that is in hand, failed
    /// or is parked is to be done anew.
    ///
    /// # Errors
    /// The store.
    pub fn queue(&mut self, kind: Kind, key: &str) -> Result<()> {
        let (now, none) = (At::from(self.now), None::<At>);
        let known = jobs::table.filter(jobs::job.eq(kind.name)).filter(jobs::key.eq(key));
        let tried = known.select(jobs::attempts).first::<i64>(self.conn).optional()?;
        if tried.is_some_and(|attempts| attempts > 0) {
            let anew = (jobs::due_at.eq(now), jobs::attempts.eq(0), jobs::claim.eq(jobs::claim + 1));
            diesel::update(known).set((anew, jobs::parked_at.eq(none))).execute(self.conn)?;
        }
        if tried.is_none() {
            let row = Task {
                id: 0,
                public_id: self.public_id(),
                job: kind.name.to_owned(),
                key: key.to_owned(),
                priority: kind.priority,
                due_at: now,
                attempts: 0,
                claim: 0,
                error: None,
                parked_at: None,
                queued_at: now,
            };
            diesel::insert_into(jobs::table).values(row).execute(self.conn)?;
        }
        Ok(())
    }
}

/// Does one task that is due; false where there is none.
///
/// # Errors
/// The store. What the work itself cannot do is written on its task.
pub fn work<C>(db: &Db, jobs: &[Job<C>], with: &C) -> Result<bool> {
    queue_daily(db, jobs)?;
    let Some(task) = claim(db, jobs)? else { return Ok(false) };
    let Some(job) = jobs.iter().find(|job| job.kind.name == task.job) else { return Ok(false) };
    let held = Held { db, task, limit: job.retry.limit, since: Cell::new(db.now()) };
    // Of an attempt that did not come to its end nothing was told: too many of those are parked too.
    let ran = if held.task.attempts > job.retry.attempts {
        Err(Error::internal("no attempt came to its end"))
    } else {
        // Who panics over one task goes on with the next.
        let ran = catch_unwind(AssertUnwindSafe(|| (job.run)(with, &held)));
        ran.unwrap_or_else(|_| Err(Error::internal("it panicked")))
    };
    match ran {
        Ok(()) => db.write(&Actor::system(), |tx| Ok(diesel::delete(mine(&held.task)).execute(tx.conn)?))?,
        Err(error) => failed(db, &held.task, job.retry, &error)?,
    };
    Ok(true)
}

/// Why a task is parked; None where it is not.
///
/// # Errors
/// The store.
pub fn parked(conn: &mut Conn, kind: Kind, key: &str) -> Result<Option<String>> {
    let parked =
        jobs::table.filter(jobs::job.eq(kind.name)).filter(jobs::key.eq(key)).filter(jobs::parked_at.is_not_null());
    Ok(parked.select(jobs::error).first::<Option<String>>(conn).optional()?.flatten())
}

/// Claims what is due: the most urgent first, then what waited longest.
#[expect(clippy::disallowed_methods, reason = "one engine alone passes over what is locked")]
fn claim<C>(db: &Db, known: &[Job<C>]) -> Result<Option<Task>> {
    let names = known.iter().map(|job| job.kind.name).collect::<Vec<_>>();
    let now = At::from(db.now());
    let due = || {
        jobs::table
            .filter(jobs::parked_at.is_null())
            .filter(jobs::due_at.le(now))
            .filter(jobs::job.eq_any(names.clone()))
            .order((jobs::priority, jobs::due_at, jobs::id))
            .select(Task::as_select())
            .limit(1)
    };
    // Most looks find nothing, and a look should not take the writer.
    if db.read(|conn| Ok(due().first::<Task>(conn).optional()?))?.is_none() {
        return Ok(None);
    }
    db.write(&Actor::system(), |tx| {
        // What another worker is about to claim is passed over.
        let next = match tx.conn {
            Conn::Pg(conn) => {
                diesel::RunQueryDsl::get_result::<Task>(due().for_update().skip_locked(), conn).optional()?
            }
            Conn::Sqlite(_) => due().first::<Task>(tx.conn).optional()?,
        };
        let Some(mut task) = next else { return Ok(None) };
        let limit = known.iter().find(|job| job.kind.name == task.job).map_or(0, |job| job.retry.limit);
        (task.claim, task.attempts) = (task.claim + 1, task.attempts + 1);
        let due = At::from(tx.now + SignedDuration::from_secs(limit));
        diesel::update(jobs::table.find(task.id))
            .set((jobs::claim.eq(task.claim), jobs::attempts.eq(task.attempts), jobs::due_at.eq(due)))
            .execute(tx.conn)?;
        Ok(Some(task))
    })
}

/// Writes on a task why it failed, and when it is tried again, if it is.
fn failed(db: &Db, task: &Task, retry: Retry, error: &Error) -> Result<usize> {
    let is_last = task.attempts >= retry.attempts;
    tracing::warn!(%error, job = task.job, key = task.key, attempt = task.attempts, is_last, "a task failed");
    let told = error.to_string().chars().take(TOLD).collect::<String>();
    let doubled = retry.first_wait.saturating_mul(1 << (task.attempts - 1).clamp(0, 20)).min(LONGEST_WAIT);
    let jitter = i64::try_from(db.random() % 1024).unwrap_or(0) * doubled / 2048;
    db.write(&Actor::system(), |tx| {
        let due = At::from(tx.now + SignedDuration::from_secs(doubled + jitter));
        let parked = is_last.then(|| At::from(tx.now));
        let told = (jobs::due_at.eq(due), jobs::error.eq(Some(&told)), jobs::parked_at.eq(parked));
        Ok(diesel::update(mine(task)).set(told).execute(tx.conn)?)
    })
}

/// Queues what becomes due with each new day of the installation: once, however many processes look.
fn queue_daily<C>(db: &Db, known: &[Job<C>]) -> Result<()> {
    let name = |kind: Kind| format!("daily:{}", kind.name);
    for kind in known.iter().filter(|job| job.is_daily).map(|job| job.kind) {
        let waits = |conn: &mut Conn, now: Timestamp| -> Result<Option<String>> {
            let today = today(conn, now)?;
            Ok(Some(today).filter(|today| settings::get(conn, &name(kind)).ok().flatten().as_ref() != Some(today)))
        };
        if db.read(|conn| waits(conn, db.now()))?.is_some() {
            db.write(&Actor::system(), |tx| {
                let Some(today) = waits(tx.conn, tx.now)? else { return Ok(()) };
                settings::set(tx.conn, &name(kind), &today)?;
                tx.queue(kind, &today)
            })?;
        }
    }
    Ok(())
}

/// The day of the installation: that of its first centre.
fn today(conn: &mut Conn, now: Timestamp) -> Result<String> {
    let first = centres::table.order(centres::id).select(centres::time_zone).first::<String>(conn).optional()?;
    Ok(local_date(now, &zone(first.as_deref().unwrap_or("UTC"))).to_string())
}
