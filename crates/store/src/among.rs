//! A column that is one of many ids.
//!
//! Diesel's `eq_any` gives a list of each length a text of its own on SQLite, which is compiled at every use. Here the
//! list is one parameter on both engines.

use diesel::backend::Backend;
use diesel::expression::{AppearsOnTable, ValidGrouping, is_aggregate};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::{IsNull, Output, Result as Write, ToSql};
use diesel::sql_types::{Array, BigInt, Bool, Text};
use diesel::sqlite::Sqlite;

use super::query::*;

/// The condition that `column` is one of `ids`.
pub fn among<C>(column: C, ids: Vec<i64>) -> Among<C> {
    Among { column, ids: Ids(ids) }
}

#[derive(Clone, Debug, QueryId)]
pub struct Among<C> {
    column: C,
    ids: Ids,
}

#[derive(Clone, Debug, QueryId)]
struct Ids(Vec<i64>);

impl<C: Expression> Expression for Among<C> {
    type SqlType = Bool;
}

impl<C: ValidGrouping<()>> ValidGrouping<()> for Among<C> {
    type IsAggregate = is_aggregate::No;
}

impl<C: AppearsOnTable<Q>, Q> AppearsOnTable<Q> for Among<C> where Self: Expression {}

impl<C: SelectableExpression<Q>, Q> SelectableExpression<Q> for Among<C> where Self: AppearsOnTable<Q> {}

/// How an engine writes the condition, and how it takes the list.
trait Listed: Backend {
    const BEFORE: &'static str;
    const AFTER: &'static str;
    type List;
}

impl Listed for Pg {
    const BEFORE: &'static str = " = ANY(";
    const AFTER: &'static str = ")";
    type List = Array<BigInt>;
}

impl Listed for Sqlite {
    const BEFORE: &'static str = " IN (SELECT value FROM json_each(";
    const AFTER: &'static str = "))";
    type List = Text;
}

impl ToSql<Array<BigInt>, Pg> for Ids {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> Write {
        ToSql::<Array<BigInt>, Pg>::to_sql(&self.0, out)
    }
}

impl ToSql<Text, Sqlite> for Ids {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> Write {
        out.set_value(serde_json::to_string(&self.0)?);
        Ok(IsNull::No)
    }
}

impl<C, DB> QueryFragment<DB> for Among<C>
where
    C: QueryFragment<DB>,
    DB: Listed + diesel::sql_types::HasSqlType<DB::List>,
    Ids: ToSql<DB::List, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(DB::BEFORE);
        out.push_bind_param(&self.ids)?;
        out.push_sql(DB::AFTER);
        Ok(())
    }
}
