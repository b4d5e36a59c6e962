//! One connection type for both engines, and the pools that hand them out.

use std::time::Duration;

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::r2d2::{self, ManageConnection, R2D2Connection};
use diesel::sqlite::Sqlite;
use diesel::{Connection, ConnectionError, PgConnection, QueryResult, SqliteConnection};

/// A statement of one word that SQLite keeps compiled, as it does every other: every read has two of them. The
/// transaction manager has them compiled anew.
macro_rules! word {
    ($name:ident, $word:literal) => {
        #[derive(diesel::query_builder::QueryId)]
        struct $name;

        impl QueryFragment<Sqlite> for $name {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
                out.push_sql($word);
                Ok(())
            }
        }
    };
}

word!(Begin, "BEGIN");
word!(Commit, "COMMIT");

/// A connection to whichever engine the installation runs on.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    Pg(PgConnection),
    Sqlite(SqliteConnection),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Postgres,
    Sqlite,
}

impl Engine {
    #[must_use]
    pub fn of(url: &str) -> Self {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") { Self::Postgres } else { Self::Sqlite }
    }
}

impl Conn {
    /// Opens one connection, with the settings that the product needs.
    ///
    /// # Errors
    /// Where the engine cannot be reached or the file not opened.
    pub fn open(url: &str) -> Result<Self, ConnectionError> {
        match Engine::of(url) {
            Engine::Postgres => PgConnection::establish(url).map(Self::Pg),
            Engine::Sqlite => {
                let mut conn = SqliteConnection::establish(url)?;
                // FULL: what was answered survives a power cut. 16 MB of cache, memory-mapped reads.
                conn.batch_execute(
                    "PRAGMA busy_timeout = 15000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
                     PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 268435456;",
                )
                .map_err(ConnectionError::CouldntSetupConfiguration)?;
                Ok(Self::Sqlite(conn))
            }
        }
    }

    /// Begins a transaction that behaves as if it ran alone: SQLite's one writer, PostgreSQL's serializable isolation.
    /// On PostgreSQL writers hold a table lock that they share; who asks to be `alone` waits for the others and
    /// keeps new ones out, so that it cannot lose a race. The lock comes before the first query, which is when
    /// PostgreSQL freezes what the transaction sees.
    pub(super) fn begin_write(&mut self, alone: bool) -> QueryResult<()> {
        match self {
            Self::Pg(conn) => {
                let mode = if alone { "EXCLUSIVE" } else { "ROW SHARE" };
                AnsiTransactionManager::begin_transaction_sql(
                    conn,
                    &format!("BEGIN ISOLATION LEVEL SERIALIZABLE; LOCK TABLE settings IN {mode} MODE"),
                )
            }
            Self::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE"),
        }
    }

    /// Begins a transaction in which every read sees the same moment.
    pub(super) fn begin_read(&mut self) -> QueryResult<()> {
        match self {
            Self::Pg(conn) => {
                AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            }
            Self::Sqlite(conn) => conn.execute_returning_count(&Begin).map(|_| ()),
        }
    }

    /// Ends what `begin_read` began. Nothing was written, and a commit has less to look after than a rollback.
    pub(super) fn end_read(&mut self) -> QueryResult<()> {
        match self {
            Self::Pg(_) => self.rollback_all(),
            Self::Sqlite(conn) => conn.execute_returning_count(&Commit).map(|_| ()),
        }
    }

    /// Begins a savepoint within the open transaction.
    pub(super) fn begin_part(&mut self) -> QueryResult<()> {
        <Self as Connection>::TransactionManager::begin_transaction(self)
    }

    pub(super) fn commit(&mut self) -> QueryResult<()> {
        <Self as Connection>::TransactionManager::commit_transaction(self)
    }

    pub(super) fn rollback(&mut self) -> QueryResult<()> {
        <Self as Connection>::TransactionManager::rollback_transaction(self)
    }

    /// Rolls the open transaction back, with the parts of it that are open.
    pub(super) fn rollback_all(&mut self) -> QueryResult<()> {
        let status = <Self as Connection>::TransactionManager::transaction_manager_status_mut(self);
        let depth = status.transaction_depth()?.map_or(1, std::num::NonZeroU32::get);
        (0..depth).try_for_each(|_| self.rollback())
    }
}

/// Makes the connections of a pool.
pub(super) struct Manager {
    pub url: String,
}

impl ManageConnection for Manager {
    type Connection = Conn;
    type Error = r2d2::Error;

    fn connect(&self) -> Result<Conn, r2d2::Error> {
        Conn::open(&self.url).map_err(r2d2::Error::ConnectionError)
    }

    fn is_valid(&self, conn: &mut Conn) -> Result<(), r2d2::Error> {
        conn.ping().map_err(r2d2::Error::QueryError)
    }

    fn has_broken(&self, conn: &mut Conn) -> bool {
        conn.is_broken()
    }
}

pub(super) type Pool = r2d2::Pool<Manager>;

pub(super) fn pool(url: &str, size: u32) -> Result<Pool, r2d2::PoolError> {
    r2d2::Pool::builder()
        .max_size(size)
        .min_idle(Some(0))
        .test_on_check_out(Engine::of(url) == Engine::Postgres)
        .connection_timeout(Duration::from_secs(20))
        .build(Manager { url: url.to_owned() })
}
