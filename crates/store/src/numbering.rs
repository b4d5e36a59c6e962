//! Document numbers: unbroken per kind, centre and Jalali year (domain rule 6).

use diesel::backend::Backend;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Text};
use domain::time::Calendar;
use jiff::civil::Date;

use super::query::*;
use super::tx::Tx;
use crate::error::Result;

/// What is numbered, and the letter before its numbers; a reception has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Series {
    Reception,
    ServiceInvoice,
    WarrantyInvoice,
    InternalCost,
    CounterDocument,
    Payment,
    Card,
}

impl Series {
    #[must_use]
    pub fn letter(self) -> &'static str {
        match self {
            Self::Reception => "",
            Self::ServiceInvoice => "F",
            Self::WarrantyInvoice => "W",
            Self::InternalCost => "K",
            Self::CounterDocument => "C",
            Self::Payment => "P",
            Self::Card => "G",
        }
    }
}

/// Takes the next number of a series: `F-1405-02-000318` (kind, Jalali year of the centre's local date, centre,
/// number). Taken in the same transaction as the document, so that a rolled back document leaves no gap.
///
/// # Errors
/// The store.
pub fn next(tx: &mut Tx<'_>, series: Series, centre: (i64, &str), on: Date) -> Result<String> {
    let (centre_id, centre_code) = centre;
    let year = i64::from(Calendar::Jalali.fields(on).year);
    let letter = series.letter();
    let number = TakeNumber { kind: letter, centre_id, year }.get_result::<i64>(tx.conn)?;
    let dash = if letter.is_empty() { "" } else { "-" };
    Ok(format!("{letter}{dash}{year}-{centre_code}-{number:06}"))
}

/// Counts a series on, or begins it. Diesel compiles an update at every use, and every document takes a number: so its
/// text stands here.
#[derive(QueryId)]
struct TakeNumber {
    kind: &'static str,
    centre_id: i64,
    year: i64,
}

impl Query for TakeNumber {
    type SqlType = BigInt;
}

impl<C> diesel::RunQueryDsl<C> for TakeNumber {}

impl<DB: Backend> QueryFragment<DB> for TakeNumber
where
    str: ToSql<Text, DB>,
    i64: ToSql<BigInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("INSERT INTO number_series (kind, centre_id, year, last_number) VALUES (");
        out.push_bind_param::<Text, str>(self.kind)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, i64>(&self.centre_id)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, i64>(&self.year)?;
        out.push_sql(", 1) ON CONFLICT (kind, centre_id, year) DO UPDATE SET last_number = number_series.last_number + 1 RETURNING last_number");
        Ok(())
    }
}
