//! Dates as people count them: month arithmetic in both calendars, Jalali fields of a date, and dates as they are
//! typed.

use icu_calendar::Date as IcuDate;
use icu_calendar::cal::Persian;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text;

/// The calendar in which months are counted and a person reads dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Calendar {
    /// The Solar Hijri calendar of Iran.
    Jalali,
    /// The calendar of ISO 8601.
    Gregorian,
}

/// A date's year, month (1–12) and day (1–31) in some calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields {
    pub year: i32,
    pub month: u8,
    pub day: u8,
}

impl Calendar {
    /// Reads a calendar's name as it stands in policies and settings.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "jalali" => Some(Self::Jalali),
            "gregorian" => Some(Self::Gregorian),
            _ => None,
        }
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Jalali => "jalali",
            Self::Gregorian => "gregorian",
        }
    }

    /// The fields of `date` in this calendar.
    #[must_use]
    pub fn fields(self, date: Date) -> Fields {
        match self {
            Self::Gregorian => Fields {
                year: i32::from(date.year()),
                month: date.month().unsigned_abs(),
                day: date.day().unsigned_abs(),
            },
            Self::Jalali => {
                let day = to_persian(date);
                Fields { year: day.year().extended_year(), month: day.month().ordinal, day: day.day_of_month().0 }
            }
        }
    }

    /// The date that has these fields in this calendar, if there is one within the years 1 to 9999 (Gregorian).
    #[must_use]
    pub fn date(self, fields: Fields) -> Option<Date> {
        let date = match self {
            Self::Gregorian => Date::new(
                i16::try_from(fields.year).ok()?,
                i8::try_from(fields.month).ok()?,
                i8::try_from(fields.day).ok()?,
            )
            .ok()?,
            Self::Jalali => from_persian(IcuDate::try_new_persian(fields.year, fields.month, fields.day).ok()?)?,
        };
        (date.year() >= 1).then_some(date)
    }

    /// The last day of a period of `months` months that starts on `start`: the day that bears the same number that many
    /// months later, or the last day of that month where it has no such day. None where that leaves the years 1 to
    /// 9999.
    #[must_use]
    pub fn plus_months(self, start: Date, months: i64) -> Option<Date> {
        let from = self.fields(start);
        let index = (i64::from(from.year) * 12 + i64::from(from.month) - 1).checked_add(months)?;
        let year = i32::try_from(index.div_euclid(12)).ok().filter(|year| (-1000..=10_000).contains(year))?;
        let month = u8::try_from(index.rem_euclid(12)).ok()? + 1;
        let day = from.day.min(self.days_in_month(year, month)?);
        self.date(Fields { year, month, day })
    }

    /// How many days a month of this calendar has.
    #[must_use]
    pub fn days_in_month(self, year: i32, month: u8) -> Option<u8> {
        match self {
            Self::Gregorian => Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, 1)
                .ok()
                .map(|date| date.days_in_month().unsigned_abs()),
            Self::Jalali => match month {
                1..=6 => Some(31),
                7..=11 => Some(30),
                12 => IcuDate::try_new_persian(year, 12, 1).ok().map(|date| date.days_in_month()),
                _ => None,
            },
        }
    }

    /// `date` as digits with slashes in Jalali (1405/09/02) and as ISO 8601 in Gregorian (2026-11-23), in ASCII digits.
    #[must_use]
    pub fn show(self, date: Date) -> String {
        let Fields { year, month, day } = self.fields(date);
        match self {
            Self::Jalali => format!("{year:04}/{month:02}/{day:02}"),
            Self::Gregorian => format!("{year:04}-{month:02}-{day:02}"),
        }
    }
}

fn to_persian(date: Date) -> IcuDate<Persian> {
    let iso = IcuDate::try_new_iso(i32::from(date.year()), date.month().unsigned_abs(), date.day().unsigned_abs())
        .expect("every jiff date is an ISO date");
    iso.to_calendar(Persian::new())
}

fn from_persian(date: IcuDate<Persian>) -> Option<Date> {
    let iso = date.to_calendar(icu_calendar::cal::Iso);
    Date::new(
        i16::try_from(iso.year().extended_year()).ok()?,
        i8::try_from(iso.month().ordinal).ok()?,
        i8::try_from(iso.day_of_month().0).ok()?,
    )
    .ok()
}

/// Reads `YYYY-MM-DD` and nothing else (ISO 8601, years 1 to 9999).
#[must_use]
pub fn iso_date(text: &str) -> Option<Date> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let number = |range: std::ops::Range<usize>| {
        bytes[range]
            .iter()
            .try_fold(0_i16, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i16::from(byte - b'0')))
    };
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    if year == 0 {
        return None;
    }
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// Reads a date as a person types it: 1405/9/2, ۱۴۰۵/۰۹/۰۲, 1405-09-02 or 2026-11-23, with digits of any script. A year
/// below 1700 is Jalali.
#[must_use]
pub fn typed_date(text: &str) -> Option<Date> {
    let folded = text::fold(text);
    let mut parts = folded.trim().split(['/', '-', '.']);
    let mut next = || parts.next()?.trim().parse::<i32>().ok();
    let (year, month, day) = (next()?, next()?, next()?);
    if parts.next().is_some() {
        return None;
    }
    let calendar = if year < 1700 { Calendar::Jalali } else { Calendar::Gregorian };
    calendar.date(Fields { year, month: u8::try_from(month).ok()?, day: u8::try_from(day).ok()? })
}

/// Whole days from `from` to `to`, negative where `to` is earlier.
#[must_use]
pub fn days_between(from: Date, to: Date) -> i64 {
    day_number(to) - day_number(from)
}

/// `date` moved by `days`, if that stays within the years 1 to 9999.
#[must_use]
pub fn plus_days(date: Date, days: i64) -> Option<Date> {
    // 4,000,000 days are more than all of the years 1 to 9999; jiff refuses spans far beyond them.
    if !(-4_000_000..=4_000_000).contains(&days) {
        return None;
    }
    let moved = date.checked_add(jiff::Span::new().days(days)).ok()?;
    (moved.year() >= 1).then_some(moved)
}

/// Days since 0000-03-01 (proleptic Gregorian; the era algorithm of Howard Hinnant's `days_from_civil`).
fn day_number(date: Date) -> i64 {
    let (year, month, day) = (i64::from(date.year()), i64::from(date.month()), i64::from(date.day()));
    let year = if month <= 2 { year - 1 } else { year };
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year.div_euclid(400) * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn months_end_as_the_vectors_say() {
        let Ok(text) =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/iran/periods.json"))
        else {
            println!("named skip: the vectors of month arithmetic are not on this machine");
            return;
        };
        let vectors: serde_json::Value = serde_json::from_str(&text).expect("vectors are JSON");
        let periods = vectors["periods"].as_array().expect("a list of periods");
        assert!(periods.len() > 50);
        for period in periods {
            let start = iso_date(period["start"].as_str().expect("start")).expect("a date");
            let months = period["months"].as_i64().expect("months");
            let date = |key: &str| iso_date(period[key].as_str().expect("a date"));
            assert_eq!(Calendar::Jalali.plus_months(start, months), date("last_day_jalali_calendar"), "{period}");
            assert_eq!(Calendar::Gregorian.plus_months(start, months), date("last_day_gregorian_calendar"), "{period}");
            assert_eq!(Calendar::Jalali.show(start), period["start_jalali"].as_str().expect("start_jalali"));
        }
    }

    #[test]
    fn dates_are_read_as_people_type_them() {
        let day = Date::constant(2026, 11, 23);
        for typed in ["1405/9/2", "۱۴۰۵/۰۹/۰۲", "2026-11-23", " 1405-09-02 ", "٢٠٢٦/١١/٢٣"] {
            assert_eq!(typed_date(typed), Some(day), "{typed}");
        }
        for wrong in ["", "1405/13/01", "1405/12/30", "1405/9", "1405/9/2/1", "tomorrow", "2026-02-29"] {
            assert_eq!(typed_date(wrong), None, "{wrong}");
        }
        assert_eq!(iso_date("2026-1-03"), None);
        assert_eq!(iso_date("0000-01-03"), None);
    }

    proptest! {
        #[test]
        fn typed_dates_never_panic(text in "\\PC{0,24}") {
            let _ = typed_date(&text);
            let _ = iso_date(&text);
        }

        #[test]
        fn fields_lead_back_to_the_date(days in 0_i64..3_650_000) {
            let date = plus_days(Date::constant(1, 1, 1), days).expect("within range");
            for calendar in [Calendar::Jalali, Calendar::Gregorian] {
                prop_assert_eq!(calendar.date(calendar.fields(date)), Some(date));
            }
            prop_assert_eq!(days_between(Date::constant(1, 1, 1), date), days);
        }

        #[test]
        fn month_arithmetic_never_panics(days in 0_i64..3_650_000, months in any::<i64>()) {
            let date = plus_days(Date::constant(1, 1, 1), days).expect("within range");
            let _ = Calendar::Jalali.plus_months(date, months);
            let _ = Calendar::Gregorian.plus_months(date, months);
        }
    }
}
