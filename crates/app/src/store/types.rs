//! Instants, days and documents as the store keeps them.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime};
use diesel::backend::Backend;
use diesel::deserialize::{FromSql, FromSqlRow, Result as Read};
use diesel::expression::AsExpression;
use diesel::pg::Pg;
use diesel::serialize::{IsNull, Output, Result as Write, ToSql};
use diesel::sql_types;
use diesel::sqlite::Sqlite;
use jiff::Timestamp;
use jiff::civil::Date;

use super::conn::MultiBackend;

/// How a type of ours is bound: as what it wraps, on either engine and on the sum of both.
macro_rules! binds {
    ($ours:ident, $sql:ty) => {
        impl ToSql<$sql, Pg> for $ours {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> Write {
                ToSql::<$sql, Pg>::to_sql(&self.0, out)
            }
        }

        impl ToSql<$sql, Sqlite> for $ours {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> Write {
                ToSql::<$sql, Sqlite>::to_sql(&self.0, out)
            }
        }

        impl ToSql<$sql, MultiBackend> for $ours {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> Write {
                out.set_value((<$sql>::default(), &self.0));
                Ok(IsNull::No)
            }
        }
    };
}

/// An instant, UTC, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, FromSqlRow, AsExpression)]
#[diesel(sql_type = sql_types::Timestamp)]
pub struct At(NaiveDateTime);

impl From<Timestamp> for At {
    fn from(instant: Timestamp) -> Self {
        Self(DateTime::from_timestamp_micros(instant.as_microsecond()).unwrap_or_default().naive_utc())
    }
}

impl At {
    #[must_use]
    pub fn instant(self) -> Timestamp {
        Timestamp::from_microsecond(self.0.and_utc().timestamp_micros()).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

impl<DB: Backend> FromSql<sql_types::Timestamp, DB> for At
where
    NaiveDateTime: FromSql<sql_types::Timestamp, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> Read<Self> {
        NaiveDateTime::from_sql(bytes).map(Self)
    }
}

binds!(At, sql_types::Timestamp);

/// A local date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, FromSqlRow, AsExpression)]
#[diesel(sql_type = sql_types::Date)]
pub struct Day(NaiveDate);

impl From<Date> for Day {
    fn from(date: Date) -> Self {
        let days = NaiveDate::from_ymd_opt(i32::from(date.year()), u32::from(date.month().unsigned_abs()), u32::from(date.day().unsigned_abs()));
        Self(days.unwrap_or_default())
    }
}

impl Day {
    #[must_use]
    pub fn date(self) -> Date {
        let part = |value: u32| i8::try_from(value).unwrap_or(1);
        Date::new(i16::try_from(self.0.year()).unwrap_or(1), part(self.0.month()), part(self.0.day())).unwrap_or(Date::ZERO)
    }
}

impl<DB: Backend> FromSql<sql_types::Date, DB> for Day
where
    NaiveDate: FromSql<sql_types::Date, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> Read<Self> {
        NaiveDate::from_sql(bytes).map(Self)
    }
}

binds!(Day, sql_types::Date);
