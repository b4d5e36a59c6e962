//! What is done beside the pages: a queue in the store, worked by as many workers as there are, in however many
//! processes.
//!
//! Words: a *job* is a kind of work, with its rule; a *task* is one piece of it, which waits, is in hand, or is parked.
//! A task is claimed by putting off when it is due again, by a short lease that is renewed beside the work for as long as
//! the time limit of its rule allows: what a worker held when it died comes up by itself, soon, and the work must come out
//! the same when it is done twice. Each claim has a number, and who does not hold the last one changes nothing any more.
//! What failed too often is *parked* with its error until a person starts it again; nothing is dropped.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

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
    /// Seconds after which an attempt that did not end is another worker's.
    pub limit: u64,
}

/// How long a claim lasts that is not renewed, in seconds: so long what a worker held stands still when it died.
const LEASE: i64 = 30;

/// How often a claim is renewed.
const BEAT: Duration = Duration::from_secs(10);

/// The longest wait before another attempt, in seconds.
const LONGEST_WAIT: i64 = 3600;

/// What of an error is kept, in characters.
const TOLD: usize = 1000;

/// A task in the hand of a worker.
pub struct Held<'d> {
    db: &'d Db,
    task: Task,
    /// How often it was tried since it last went on.
    attempts: Cell<i64>,
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

    /// Notes that something of it is done for good, so that attempts are counted from here.
    ///
    /// # Errors
    /// The store; `Unavailable` where another worker has it by now, or where nobody wants it any more.
    pub fn went_on(&self) -> Result<()> {
        self.attempts.set(1);
        let went_on = self.db.write(&Actor::system(), |tx| {
            Ok(diesel::update(mine(&self.task)).set(jobs::attempts.eq(1)).execute(tx.conn)?)
        })?;
        if went_on == 1 { Ok(()) } else { Err(Error::Unavailable("taken-over")) }
    }
}

/// Renews a claim for as long as it is the last.
fn renew(db: &Db, task: &Task) -> Result<()> {
    db.write(&Actor::system(), |tx| {
        let due = At::from(tx.now + SignedDuration::from_secs(LEASE));
        Ok(diesel::update(mine(task)).set(jobs::due_at.eq(due)).execute(tx.conn)?)
    })?;
    Ok(())
}

/// A task, as long as this claim of it is the last.
#[diesel::dsl::auto_type(no_type_alias)]
fn mine(task: &Task) -> _ {
    let (id, claim): (i64, i64) = (task.id, task.claim);
    jobs::table.filter(jobs::id.eq(id)).filter(jobs::claim.eq(claim))
}

impl Tx<'_> {
    /// Queues a task that is due at once, as [`Self::queue_at`] tells.
    ///
    /// # Errors
    /// The store.
    pub fn queue(&mut self, kind: Kind, key: &str) -> Result<()> {
        self.queue_at(kind, key, self.now)
    }

    /// Queues a task that is not done before an instant. Where one of its kind with this key waits already, that one does
    /// for both, at the sooner time; one that is in hand, failed or is parked is to be done anew.
    ///
    /// # Errors
    /// The store.
    pub fn queue_at(&mut self, kind: Kind, key: &str, not_before: Timestamp) -> Result<()> {
        let (due, none) = (At::from(not_before), None::<At>);
        let known = named(kind, key).select((jobs::attempts, jobs::due_at)).first::<(i64, At)>(self.conn).optional()?;
        match known {
            Some((0, waits)) if waits.instant() <= not_before => {}
            Some((0, _)) => {
                diesel::update(named(kind, key)).set(jobs::due_at.eq(due)).execute(self.conn)?;
            }
            Some(_) => {
                let anew = (jobs::due_at.eq(due), jobs::attempts.eq(0), jobs::claim.eq(jobs::claim + 1));
                diesel::update(named(kind, key)).set((anew, jobs::parked_at.eq(none))).execute(self.conn)?;
            }
            None => {
                let row = Task {
                    id: 0,
                    public_id: self.public_id(),
                    job: kind.name.to_owned(),
                    key: key.to_owned(),
                    priority: kind.priority,
                    due_at: due,
                    attempts: 0,
                    claim: 0,
                    error: None,
                    parked_at: None,
                    queued_at: At::from(self.now),
                };
                diesel::insert_into(jobs::table).values(row).execute(self.conn)?;
            }
        }
        Ok(())
    }

    /// Takes a task back that nobody wants any more. Who has it in hand goes on with it no further than
    /// [`Held::went_on`].
    ///
    /// # Errors
    /// The store.
    pub fn take_back(&mut self, kind: Kind, key: &str) -> Result<()> {
        diesel::delete(named(kind, key)).execute(self.conn)?;
        Ok(())
    }
}

/// The task of a kind with a key.
#[diesel::dsl::auto_type(no_type_alias)]
fn named<'a>(kind: Kind, key: &'a str) -> _ {
    let name: &'static str = kind.name;
    jobs::table.filter(jobs::job.eq(name)).filter(jobs::key.eq(key))
}

/// Does one task that is due; false where there is none.
///
/// # Errors
/// The store. What the work itself cannot do is written on its task.
pub fn work<C>(db: &Db, jobs: &[Job<C>], with: &C) -> Result<bool> {
    queue_daily(db, jobs)?;
    let Some(task) = claim(db, jobs, None)? else { return Ok(false) };
    let Some(job) = jobs.iter().find(|job| job.kind.name == task.job) else { return Ok(false) };
    attempt(db, job, with, task)?;
    Ok(true)
}

/// Does the task of a job with a key, where it is due; false where it is not.
///
/// # Errors
/// As of [`work`].
pub fn work_on<C>(db: &Db, job: &Job<C>, key: &str, with: &C) -> Result<bool> {
    let Some(task) = claim(db, std::slice::from_ref(job), Some(key))? else { return Ok(false) };
    attempt(db, job, with, task)?;
    Ok(true)
}

/// Tries a task that was claimed, and writes what came of it.
fn attempt<C>(db: &Db, job: &Job<C>, with: &C, task: Task) -> Result<()> {
    let held = Held { db, attempts: Cell::new(task.attempts), task };
    // Of an attempt that did not come to its end nothing was told: too many of those are parked too, with what the last
    // one told that did.
    let ran = if held.task.attempts > job.retry.attempts {
        let told = held.task.error.clone();
        Err(Error::internal(told.unwrap_or_else(|| "no attempt came to its end".to_owned())))
    } else {
        renewed(db, &held.task, Duration::from_secs(job.retry.limit), || {
            // Who panics over one task goes on with the next.
            catch_unwind(AssertUnwindSafe(|| (job.run)(with, &held))).unwrap_or_else(|panic| Err(panicked(&*panic)))
        })
    };
    match ran {
        Ok(()) => db.write(&Actor::system(), |tx| Ok(diesel::delete(mine(&held.task)).execute(tx.conn)?))?,
        Err(error) => failed(db, &held.task, held.attempts.get(), job.retry, &error)?,
    };
    Ok(())
}

/// Works while the claim is renewed beside it, until its time limit is over.
fn renewed<T>(db: &Db, task: &Task, limit: Duration, work: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    std::thread::scope(|threads| {
        let (ended, end) = channel::<()>();
        threads.spawn(move || {
            while began.elapsed() < limit && end.recv_timeout(BEAT) == Err(RecvTimeoutError::Timeout) {
                if let Err(error) = renew(db, task) {
                    tracing::warn!(%error, job = task.job, key = task.key, "a claim could not be renewed");
                }
            }
        });
        let done = work();
        drop(ended);
        done
    })
}

/// What a panic told.
fn panicked(panic: &(dyn Any + Send)) -> Error {
    let told = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    Error::internal(format!("it panicked: {}", told.unwrap_or("without a word")))
}

/// Why a task is parked; None where it is not.
///
/// # Errors
/// The store.
pub fn parked(conn: &mut Conn, kind: Kind, key: &str) -> Result<Option<String>> {
    Ok(named(kind, key)
        .filter(jobs::parked_at.is_not_null())
        .select(jobs::error)
        .first::<Option<String>>(conn)
        .optional()?
        .flatten())
}

/// Claims what is due, of all keys or of one: the most urgent first, then what waited longest.
#[expect(clippy::disallowed_methods, reason = "one engine alone passes over what is locked")]
fn claim<C>(db: &Db, known: &[Job<C>], key: Option<&str>) -> Result<Option<Task>> {
    let names = known.iter().map(|job| job.kind.name).collect::<Vec<_>>();
    let (is_any, key) = (key.is_none(), key.unwrap_or_default());
    let now = At::from(db.now());
    let due = || {
        jobs::table
            .filter(jobs::parked_at.is_null())
            .filter(jobs::due_at.le(now))
            .filter(jobs::job.eq_any(names.clone()))
            .filter(jobs::key.eq(key).or(is_any.into_sql::<diesel::sql_types::Bool>()))
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
        (task.claim, task.attempts) = (task.claim + 1, task.attempts + 1);
        let due = At::from(tx.now + SignedDuration::from_secs(LEASE));
        diesel::update(jobs::table.find(task.id))
            .set((jobs::claim.eq(task.claim), jobs::attempts.eq(task.attempts), jobs::due_at.eq(due)))
            .execute(tx.conn)?;
        Ok(Some(task))
    })
}

/// Writes on a task why it failed, and when it is tried again, if it is.
fn failed(db: &Db, task: &Task, attempts: i64, retry: Retry, error: &Error) -> Result<usize> {
    let is_last = attempts >= retry.attempts;
    tracing::warn!(%error, job = task.job, key = task.key, attempts, is_last, "a task failed");
    let told = error.to_string().chars().take(TOLD).collect::<String>();
    let doubled = retry.first_wait.saturating_mul(1 << (attempts - 1).clamp(0, 20)).min(LONGEST_WAIT);
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
        // A process whose clock is behind does not begin a day again.
        let waits = |conn: &mut Conn, now: Timestamp| -> Result<Option<String>> {
            let (today, last) = (today(conn, now)?, settings::get(conn, &name(kind))?);
            Ok(Some(today).filter(|today| last.as_ref().is_none_or(|last| last < today)))
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
