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
use jiff::civil::{self, Date};

use super::conn::MultiBackend;

/// How a type of ours is kept: as what it wraps, on either engine and on the sum of both. SQLite keeps texts, as Diesel
/// writes them; Diesel reads them by trying one form after the other, which a list of instants feels, and jiff's parser
/// knows the one at once.
macro_rules! kept {
    ($ours:ident, $sql:ty, $wrapped:ty, $text:ty) => {
        impl FromSql<$sql, Pg> for $ours {
            fn from_sql(bytes: <Pg as Backend>::RawValue<'_>) -> Read<Self> {
                <$wrapped as FromSql<$sql, Pg>>::from_sql(bytes).map(Self)
            }
        }

        impl FromSql<$sql, Sqlite> for $ours {
            fn from_sql(bytes: <Sqlite as Backend>::RawValue<'_>) -> Read<Self> {
                Ok(Self::from(<String as FromSql<sql_types::Text, Sqlite>>::from_sql(bytes)?.parse::<$text>()?))
            }
        }

        impl FromSql<$sql, MultiBackend> for $ours {
            fn from_sql(bytes: <MultiBackend as Backend>::RawValue<'_>) -> Read<Self> {
                bytes.from_sql::<Self, $sql>()
            }
        }

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

impl From<civil::DateTime> for At {
    fn from(utc: civil::DateTime) -> Self {
        let (date, time) = (Day::from(utc.date()).0, utc.time());
        let part = |value: i8| u32::from(value.unsigned_abs());
        Self(
            date.and_hms_nano_opt(
                part(time.hour()),
                part(time.minute()),
                part(time.second()),
                time.subsec_nanosecond().unsigned_abs(),
            )
            .unwrap_or_default(),
        )
    }
}

impl At {
    #[must_use]
    pub fn instant(self) -> Timestamp {
        Timestamp::from_microsecond(self.0.and_utc().timestamp_micros()).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

kept!(At, sql_types::Timestamp, NaiveDateTime, civil::DateTime);

/// A local date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, FromSqlRow, AsExpression)]
#[diesel(sql_type = sql_types::Date)]
pub struct Day(NaiveDate);

impl From<Date> for Day {
    fn from(date: Date) -> Self {
        let days = NaiveDate::from_ymd_opt(
            i32::from(date.year()),
            u32::from(date.month().unsigned_abs()),
            u32::from(date.day().unsigned_abs()),
        );
        Self(days.unwrap_or_default())
    }
}

impl Day {
    #[must_use]
    pub fn date(self) -> Date {
        let part = |value: u32| i8::try_from(value).unwrap_or(1);
        Date::new(i16::try_from(self.0.year()).unwrap_or(1), part(self.0.month()), part(self.0.day()))
            .unwrap_or(Date::ZERO)
    }
}

kept!(Day, sql_types::Date, NaiveDate, Date);
