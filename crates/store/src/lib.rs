//! The store: connections to either engine, transactions with their journal, the queue of jobs, numbering, search keys.
//!
//! Words: a *write* is one transaction with its journal entries and tasks, all or nothing (domain rule 8); a
//! *read* sees one moment. Both are opened here and nowhere else.

pub mod among;
pub mod backup;
pub mod conn;
pub mod error;
pub mod events;
pub mod gate;
pub mod idempotency;
pub mod jobs;
mod key_file;
pub mod links;
pub mod migrations;
pub mod numbering;
pub mod private;
pub mod query;
pub mod rights;
pub mod rows;
pub mod schema;
mod sealed;
pub mod sealed_as;
pub mod search_keys;
pub mod settings;
mod tx;
pub mod types;
mod vault;
pub mod views;

use std::sync::{Arc, Mutex};

use diesel::connection::SimpleConnection;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_migrations::MigrationHarness;
use jiff::Timestamp;
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;

pub use among::among;
pub use conn::{Conn, Engine, MultiBackend};
pub use events::{Event, Subject};
pub use key_file::KeyFile;
pub use sealed::Rotated;
pub use tx::{Tx, Where, is_sealed, local_date, opened, start_of, zone};
pub use vault::Vault;

use crate::error::{Error, Result};
use crate::migrations::Migrations;
use crate::query::*;
use crate::rights::Actor;

/// How often a write that lost against another is tried again beside the others, and how often alone.
const ATTEMPTS: u32 = 4;
const ATTEMPTS_ALONE: u32 = 4;

/// Tells the time. A parameter, so that a test or a demo can stand at any instant.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

/// How many may read at once.
pub const READERS: usize = 8;

/// The store of an installation.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    engine: Engine,
    writers: conn::Pool,
    readers: conn::Pool,
    clock: Arc<dyn Clock>,
    random: Mutex<ChaCha20Rng>,
    vault: Vault,
}

impl Db {
    /// Opens the store at `url`: a PostgreSQL URL, or the path of an SQLite file. `seed` feeds ids, tracking numbers
    /// and tokens; `vault` seals the secrets that are stored.
    ///
    /// # Errors
    /// Where the store cannot be reached.
    pub fn open(url: &str, clock: Arc<dyn Clock>, seed: [u8; 32], vault: impl Into<Vault>) -> Result<Self> {
        let engine = Engine::of(url);
        let pool = |size: usize| conn::pool(url, u32::try_from(size).unwrap_or(u32::MAX)).map_err(Error::internal);
        let (writers, readers) = match engine {
            Engine::Sqlite => (pool(1)?, pool(READERS)?),
            Engine::Postgres => (pool(8)?, pool(READERS)?),
        };
        Ok(Self(Arc::new(Inner {
            engine,
            writers,
            readers,
            clock,
            random: Mutex::new(ChaCha20Rng::from_seed(seed)),
            vault: vault.into(),
        })))
    }

    #[must_use]
    pub fn engine(&self) -> Engine {
        self.0.engine
    }

    #[must_use]
    pub fn now(&self) -> Timestamp {
        // Microseconds are what the store keeps; what a command computes must be what it reads back.
        Timestamp::from_microsecond(self.0.clock.now().as_microsecond()).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// A random number for a token or an id.
    #[must_use]
    pub fn random(&self) -> u128 {
        let mut random = self.0.random.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        u128::from(random.next_u64()) << 64 | u128::from(random.next_u64())
    }

    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.0.vault
    }

    /// The same store with another clock: for filling a demo's past.
    #[must_use]
    pub fn with_clock(&self, clock: Arc<dyn Clock>) -> Self {
        let inner = &self.0;
        let random = Mutex::new(ChaCha20Rng::seed_from_u64(1405));
        Self(Arc::new(Inner {
            engine: inner.engine,
            writers: inner.writers.clone(),
            readers: inner.readers.clone(),
            clock,
            random,
            vault: inner.vault.clone(),
        }))
    }

    /// Brings the tables up to this version of the program. Returns the names of the migrations that were run.
    ///
    /// # Errors
    /// Where a migration fails.
    pub fn migrate(&self) -> Result<Vec<String>> {
        let mut conn = self.0.writers.get().map_err(Error::internal)?;
        let ran = match &mut *conn {
            Conn::Pg(conn) => migrate(conn, Migrations(Engine::Postgres)),
            Conn::Sqlite(conn) => migrate(conn, Migrations(Engine::Sqlite)),
        };
        ran.map_err(Error::internal)
    }

    /// Deletes every row of every table, in one transaction: for the removal of the demo.
    ///
    /// # Errors
    /// The store.
    pub fn empty(&self) -> Result<()> {
        let mut conn = idle(&self.0.writers)?;
        let (before, after) = match &*conn {
            // Nothing is left that could refer to anything; looking for it row by row would take minutes.
            Conn::Sqlite(_) => ("PRAGMA foreign_keys = OFF", "PRAGMA foreign_keys = ON"),
            Conn::Pg(_) => ("SELECT 1", "SELECT 1"),
        };
        let names = backup::tables(&mut conn)?;
        let emptied = match &*conn {
            Conn::Sqlite(_) => names.iter().map(|name| format!("DELETE FROM {name};")).collect::<String>(),
            Conn::Pg(_) => format!("TRUNCATE {} RESTART IDENTITY", names.join(", ")),
        };
        conn.batch_execute(before)?;
        let open = OpenTransaction::begin(&mut conn, |conn| conn.begin_write(false))?;
        let done = open.conn.batch_execute(&emptied);
        match done {
            Ok(()) => open.commit()?,
            Err(error) => {
                open.rollback()?;
                return Err(error.into());
            }
        }
        Ok(conn.batch_execute(after)?)
    }

    /// Runs statements of the engine's own on a connection that writes, for tests of a store that takes nothing.
    ///
    /// # Errors
    /// The store.
    #[cfg(debug_assertions)]
    pub fn tell_writer(&self, statements: &str) -> Result<()> {
        Ok(idle(&self.0.writers)?.batch_execute(statements)?)
    }

    /// Reads, all at one moment.
    ///
    /// # Errors
    /// What `read` tells, or the store.
    pub fn read<T>(&self, read: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
        read_with(&mut *idle(&self.0.readers)?, read)
    }

    /// Reads as `read` does, where that is over sooner than it could be handed to another thread: the store is
    /// embedded, and a connection is idle.
    ///
    /// # Errors
    /// Gives `read` back where it would have to wait.
    pub fn read_at_once<T, F: FnOnce(&mut Conn) -> Result<T>>(&self, read: F) -> std::result::Result<Result<T>, F> {
        if self.0.engine != Engine::Sqlite {
            return Err(read);
        }
        match self.0.readers.try_get() {
            Some(mut conn) => Ok(read_with(&mut conn, read)),
            None => Err(read),
        }
    }

    /// Writes as `actor`: one transaction, tried again where another won.
    ///
    /// # Errors
    /// What `write` tells; then nothing was written.
    pub fn write<T>(&self, actor: &Actor, mut write: impl FnMut(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            match self.write_once(actor, attempt > ATTEMPTS, &mut write) {
                Err(Error::Store(error)) if attempt < ATTEMPTS + ATTEMPTS_ALONE && lost_a_race(&error) => {
                    // Those who lost together should not meet again.
                    let wait = self.random() as u64 % (u64::from(attempt) * 4);
                    std::thread::sleep(std::time::Duration::from_millis(wait));
                }
                other => return other,
            }
        }
    }

    fn write_once<T>(&self, actor: &Actor, alone: bool, write: &mut impl FnMut(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        let mut conn = idle(&self.0.writers)?;
        let open = OpenTransaction::begin(&mut conn, |conn| conn.begin_write(alone))?;
        let mut tx = Tx::new(open.conn, actor, self.now(), self);
        let out = write(&mut tx);
        let keeps = tx.keeps;
        match out {
            Ok(out) => {
                if keeps {
                    open.conn.commit()?;
                }
                open.commit()?;
                Ok(out)
            }
            // The store has done nothing wrong: what was to be kept is.
            Err(error) if keeps && !matches!(error, Error::Store(_) | Error::Unavailable(_)) => {
                open.conn.rollback()?;
                open.commit()?;
                Err(error)
            }
            Err(error) => {
                // A store that is full may have rolled back by itself; what was wrong first is what is told.
                if let Err(again) = open.rollback() {
                    tracing::warn!(%again, "a write that failed could not be rolled back");
                }
                Err(error)
            }
        }
    }
}

/// A connection of a pool; waits for one.
fn idle(pool: &conn::Pool) -> Result<diesel::r2d2::PooledConnection<conn::Manager>> {
    pool.get().map_err(|error| {
        tracing::error!(%error, "the store cannot be reached");
        Error::Unavailable("store-away")
    })
}

fn read_with<T>(conn: &mut Conn, read: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
    conn.begin_read()?;
    let open = OpenRead(conn);
    read(open.0)
}

/// A reading transaction, ended when it is dropped, by a panic too.
struct OpenRead<'c>(&'c mut Conn);

impl Drop for OpenRead<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.0.end_read() {
            tracing::error!(%error, "a transaction could not be ended");
        }
    }
}

/// A transaction that is rolled back when it is dropped, by a panic too.
struct OpenTransaction<'c> {
    conn: &'c mut Conn,
    is_open: bool,
}

impl<'c> OpenTransaction<'c> {
    fn begin(conn: &'c mut Conn, begin: impl FnOnce(&mut Conn) -> QueryResult<()>) -> QueryResult<Self> {
        begin(conn)?;
        Ok(Self { conn, is_open: true })
    }

    fn commit(mut self) -> QueryResult<()> {
        self.is_open = false;
        self.conn.commit()
    }

    fn rollback(mut self) -> QueryResult<()> {
        self.is_open = false;
        self.conn.rollback_all()
    }
}

impl Drop for OpenTransaction<'_> {
    fn drop(&mut self) {
        if self.is_open
            && let Err(error) = self.conn.rollback_all()
        {
            tracing::error!(%error, "a transaction could not be rolled back");
        }
    }
}

/// Whether a write failed only because another came first. PostgreSQL tells a lost insert of the same key as a unique
/// violation.
fn lost_a_race(error: &DieselError) -> bool {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::SerializationFailure | DatabaseErrorKind::UniqueViolation, _) => {
            true
        }
        DieselError::DatabaseError(_, info) => {
            let message = info.message();
            message.contains("deadlock detected") || message.contains("database is locked")
        }
        _ => false,
    }
}

fn migrate<C>(
    conn: &mut C,
    migrations: Migrations,
) -> std::result::Result<Vec<String>, Box<dyn std::error::Error + Send + Sync>>
where
    C: MigrationHarness<C::Backend> + Connection,
{
    Ok(conn.run_pending_migrations(migrations)?.iter().map(ToString::to_string).collect())
}

/// The rows that a list shows at most, and when asked for none.
pub const MAX_PAGE: i64 = 200;
pub const PAGE: i64 = 50;
