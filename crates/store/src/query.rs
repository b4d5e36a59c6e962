//! What Diesel's prelude gives, with one change: a statement runs on the engine that it meets, not on the sum of both.
//!
//! Diesel's `MultiConnection` writes the text of a statement in each of its passes, even where the engine has it
//! prepared. A statement whose shape is known when the program is built is compiled for either engine here, and is
//! found among the prepared ones by its type alone (`docs/decisions/0010`).

#![expect(clippy::disallowed_methods, reason = "here is where Diesel's own are called")]

use diesel::backend::Backend;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::query_dsl::methods::{ExecuteDsl, LimitDsl, LoadQuery};
use diesel::serialize::ToSql;
use diesel::sql_types::BigInt;

pub use self::{Columns as SelectableHelper, Run as RunQueryDsl};
pub use diesel::prelude::*;

use super::conn::{Conn, MultiBackend};

/// Runs on the connection that is inside.
macro_rules! on_engine {
    ($conn:ident, $run:expr) => {
        match $conn {
            Conn::Pg($conn) => $run,
            Conn::Sqlite($conn) => $run,
        }
    };
}

/// Diesel's `RunQueryDsl`, for both engines.
pub trait Run: Sized {
    /// # Errors
    /// The store.
    fn load<'q, U>(self, conn: &mut Conn) -> QueryResult<Vec<U>>
    where
        Self: LoadQuery<'q, PgConnection, U> + LoadQuery<'q, SqliteConnection, U>,
    {
        on_engine!(conn, diesel::RunQueryDsl::load(self, conn))
    }

    /// # Errors
    /// The store, or that nothing was found.
    fn get_result<'q, U>(self, conn: &mut Conn) -> QueryResult<U>
    where
        Self: LoadQuery<'q, PgConnection, U> + LoadQuery<'q, SqliteConnection, U>,
    {
        on_engine!(conn, diesel::RunQueryDsl::get_result(self, conn))
    }

    /// # Errors
    /// The store, or that nothing was found.
    fn first<'q, U>(self, conn: &mut Conn) -> QueryResult<U>
    where
        Self: LimitDsl,
        <Self as LimitDsl>::Output: LoadQuery<'q, PgConnection, U> + LoadQuery<'q, SqliteConnection, U>,
    {
        on_engine!(conn, diesel::RunQueryDsl::get_result(self.limit(1), conn))
    }

    /// The number of rows that were written.
    ///
    /// # Errors
    /// The store.
    fn execute(self, conn: &mut Conn) -> QueryResult<usize>
    where
        Self: ExecuteDsl<PgConnection> + ExecuteDsl<SqliteConnection>,
    {
        on_engine!(conn, ExecuteDsl::execute(self, conn))
    }

    /// As `load`, for a statement that takes its shape when it runs (`into_boxed`).
    ///
    /// # Errors
    /// The store.
    fn load_boxed<'q, U>(self, conn: &mut Conn) -> QueryResult<Vec<U>>
    where
        Self: LoadQuery<'q, Conn, U>,
    {
        diesel::RunQueryDsl::load(self, conn)
    }
}

impl<Q: diesel::RunQueryDsl<Conn>> Run for Q {}

/// Diesel's `SelectableHelper`, for both engines: the columns of a row in the order of its fields.
pub trait Columns: Selectable<MultiBackend> {
    #[must_use]
    fn as_select() -> Self::SelectExpression {
        Self::construct_selection()
    }
}

impl<R: Selectable<MultiBackend>> Columns for R {}

/// The columns of a row, as a type.
pub type Selected<R> = <R as Selectable<MultiBackend>>::SelectExpression;

/// An update that points one row at another, in two words around their ids. Diesel compiles an update at every use;
/// this one an engine keeps compiled, by its text.
pub struct Point {
    pub update: &'static str,
    pub to: i64,
    pub of: &'static str,
    pub id: i64,
}

impl diesel::query_builder::QueryId for Point {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl diesel::RunQueryDsl<Conn> for Point {}

impl<DB: Backend> QueryFragment<DB> for Point
where
    i64: ToSql<BigInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql(self.update);
        out.push_bind_param::<BigInt, i64>(&self.to)?;
        out.push_sql(self.of);
        out.push_bind_param::<BigInt, i64>(&self.id)
    }
}
