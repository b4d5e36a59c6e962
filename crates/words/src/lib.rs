//! The sentences that people read, in each language, and how dates, money and numbers are written in it.
//!
//! Paper and screen say the same thing in the same words: both `web` and `documents` take theirs from here. A message
//! stands in `locales/{fa,en}/<slice>.ftl` (Fluent). Nothing here knows the store or HTTP.
//!
//! To add a sentence: put its key into both languages' file of its slice; a test compares the keys of the two, and
//! another finds every key that a template or the program uses.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use domain::money::{Unit, grouped};
use domain::text::persian_digits;
use domain::time::Calendar;
use domain::{identifiers, numerals, tracking};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use include_dir::{Dir, include_dir};
use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use unic_langid::langid;

static LOCALES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/locales");

/// A language that the product speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lang {
    Fa,
    En,
}

impl Lang {
    /// The language of a name such as `fa`, `fa-IR` or `en-GB`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name.split(['-', '_']).next()?.trim() {
            "fa" => Some(Self::Fa),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Fa => "fa",
            Self::En => "en",
        }
    }

    /// The direction in which it is written.
    #[must_use]
    pub fn dir(self) -> &'static str {
        match self {
            Self::Fa => "rtl",
            Self::En => "ltr",
        }
    }

    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Fa => Self::En,
            Self::En => Self::Fa,
        }
    }

    #[must_use]
    pub fn calendar(self) -> Calendar {
        match self {
            Self::Fa => Calendar::Jalali,
            Self::En => Calendar::Gregorian,
        }
    }

    fn bundle(self) -> &'static FluentBundle<FluentResource> {
        static FA: OnceLock<FluentBundle<FluentResource>> = OnceLock::new();
        static EN: OnceLock<FluentBundle<FluentResource>> = OnceLock::new();
        match self {
            Self::Fa => FA.get_or_init(|| load(self)),
            Self::En => EN.get_or_init(|| load(self)),
        }
    }

    /// Whether there is a message with this key.
    #[must_use]
    pub fn has(self, key: &str) -> bool {
        self.bundle().has_message(key)
    }

    /// A message without arguments. A key that is missing is shown itself.
    #[must_use]
    pub fn t(self, key: &str) -> String {
        self.with(key, &[])
    }

    /// A message with one argument.
    #[must_use]
    pub fn t1(self, key: &str, name: &str, value: impl AsRef<str>) -> String {
        self.with(key, &[(name, value.as_ref())])
    }

    /// A message with two arguments.
    #[must_use]
    pub fn t2(self, key: &str, name: &str, value: impl AsRef<str>, name2: &str, value2: impl AsRef<str>) -> String {
        self.with(key, &[(name, value.as_ref()), (name2, value2.as_ref())])
    }

    /// A message with arguments that are written already.
    #[must_use]
    pub fn with(self, key: &str, args: &[(&str, &str)]) -> String {
        let bundle = self.bundle();
        let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else { return key.to_owned() };
        let mut fluent = FluentArgs::new();
        for (name, value) in args {
            fluent.set(*name, *value);
        }
        bundle.format_pattern(pattern, Some(&fluent), &mut Vec::new()).into_owned()
    }

    /// The word of a closed list: `word-step-ready`; the code itself where there is none.
    #[must_use]
    pub fn word(self, list: &str, code: &str) -> String {
        let key = format!("word-{list}-{}", code.replace('_', "-"));
        if self.has(&key) { self.t(&key) } else { code.to_owned() }
    }

    /// Several words of a list, from codes that are separated by commas.
    #[must_use]
    pub fn words(self, list: &str, codes: &str) -> String {
        codes
            .split(',')
            .filter(|code| !code.is_empty())
            .map(|code| self.word(list, code))
            .collect::<Vec<_>>()
            .join(self.comma())
    }

    /// What stands between the things of a list.
    #[must_use]
    pub fn comma(self) -> &'static str {
        self.pick("، ", ", ")
    }

    /// What somebody said, in the marks of this language.
    #[must_use]
    pub fn quoted(self, text: impl AsRef<str>) -> String {
        let (open, close) = self.pick(("«", "»"), ("“", "”"));
        format!("{open}{}{close}", text.as_ref())
    }

    /// A code or a name that keeps its own direction inside a Persian sentence: without it `1405-02-000500/1` would be
    /// read from its end.
    #[must_use]
    pub fn isolated(self, text: impl AsRef<str>) -> String {
        let (open, close) = self.pick(("\u{2068}", "\u{2069}"), ("", ""));
        format!("{open}{}{close}", text.as_ref())
    }

    /// Digits as this language writes them.
    #[must_use]
    pub fn digits(self, text: impl AsRef<str>) -> String {
        match self {
            Self::Fa => persian_digits(text.as_ref()),
            Self::En => text.as_ref().to_owned(),
        }
    }

    /// A whole number with its thousands grouped.
    #[must_use]
    pub fn number(self, number: &i64) -> String {
        match self {
            Self::Fa => persian_digits(&grouped(*number, "٬")),
            Self::En => grouped(*number, ","),
        }
    }

    /// The name of what amounts are shown and typed in.
    #[must_use]
    pub fn unit(self, unit: Unit) -> String {
        self.word("unit", unit.name)
    }

    /// An amount without the name of its unit.
    #[must_use]
    pub fn amount(self, amount: &i64, unit: Unit) -> String {
        match self {
            Self::Fa => persian_digits(&unit.show(*amount, "٬", '٫')),
            Self::En => unit.show(*amount, ",", '.'),
        }
    }

    /// An amount with the name of its unit.
    #[must_use]
    pub fn money(self, amount: &i64, unit: Unit) -> String {
        self.t2("amount-in", "amount", self.amount(amount, unit), "unit", self.unit(unit))
    }

    /// An amount in words, with the currency; what is less than one of it as a fraction.
    #[must_use]
    pub fn money_in_words(self, amount: i64, unit: Unit) -> String {
        let (whole, minor) = unit.parts(amount);
        let words = |number| match self {
            Self::Fa => numerals::persian(number),
            Self::En => numerals::english(number),
        };
        let whole = self.t2("amount-in", "amount", words(whole), "unit", self.unit(unit));
        match i64::try_from(minor) {
            Ok(minor @ 1..) => self.with(
                &format!("amount-and-{}", unit.digits),
                &[("whole", &whole), ("words", &words(minor)), ("number", &self.number(&minor))],
            ),
            _ => whole,
        }
    }

    /// A quantity in thousandths, without what it does not need behind the point.
    #[must_use]
    pub fn quantity(self, milli: &i64) -> String {
        let text = if milli % 1000 == 0 {
            (milli / 1000).to_string()
        } else {
            format!("{}.{:03}", milli / 1000, milli % 1000).trim_end_matches('0').to_owned()
        };
        self.digits(if self == Self::Fa { text.replace('.', "٫") } else { text })
    }

    /// Thousandths as a percentage.
    #[must_use]
    pub fn permille(self, permille: &i64) -> String {
        let text = format!("{}.{}", permille / 10, permille % 10);
        match self {
            Self::Fa => format!("{}٪", persian_digits(&text.replace('.', "٫"))),
            Self::En => format!("{text}%"),
        }
    }

    #[must_use]
    pub fn percent(self, percent: &i64) -> String {
        match self {
            Self::Fa => format!("{}٪", self.number(percent)),
            Self::En => format!("{percent}%"),
        }
    }

    /// A date in this language's calendar.
    #[must_use]
    pub fn date(self, date: &Date) -> String {
        self.digits(self.calendar().show(*date))
    }

    /// Date and time of an instant at a place.
    #[must_use]
    pub fn instant(self, at: &Timestamp, zone: &TimeZone) -> String {
        let local = at.to_zoned_datetime(zone.clone());
        self.digits(format!("{} {:02}:{:02}", self.calendar().show(local.date()), local.hour(), local.minute()))
    }

    /// A weekday and date, as people say a near day.
    #[must_use]
    pub fn day(self, date: &Date) -> String {
        let weekday = match date.weekday() {
            Weekday::Saturday => "saturday",
            Weekday::Sunday => "sunday",
            Weekday::Monday => "monday",
            Weekday::Tuesday => "tuesday",
            Weekday::Wednesday => "wednesday",
            Weekday::Thursday => "thursday",
            Weekday::Friday => "friday",
        };
        format!("{} {}", self.t(&format!("weekday-{weekday}")), self.date(date))
    }

    /// A phone number of E.164 as people at home write it.
    #[must_use]
    pub fn phone(self, e164: impl AsRef<str>) -> String {
        self.digits(identifiers::show_phone(e164.as_ref()))
    }

    /// A tracking number in groups of four.
    #[must_use]
    pub fn tracking(self, number: impl AsRef<str>) -> String {
        self.digits(tracking::show(number.as_ref()))
    }

    /// The one of a pair that is of this language.
    #[must_use]
    pub fn pick<T>(self, fa: T, en: T) -> T {
        match self {
            Self::Fa => fa,
            Self::En => en,
        }
    }
}

fn load(lang: Lang) -> FluentBundle<FluentResource> {
    let id = match lang {
        Lang::Fa => langid!("fa-IR"),
        Lang::En => langid!("en"),
    };
    let mut bundle = FluentBundle::new_concurrent(vec![id]);
    // Templates isolate what must be isolated; marks of direction inside plain sentences only get in the way of
    // copying.
    bundle.set_use_isolating(false);
    for file in LOCALES.get_dir(lang.code()).map(Dir::files).into_iter().flatten() {
        let text = file.contents_utf8().unwrap_or_default().to_owned();
        let resource = FluentResource::try_new(text).unwrap_or_else(|(resource, _)| resource);
        bundle.add_resource_overriding(resource);
    }
    bundle
}

/// All keys of a language: for the tests that compare and scan.
#[must_use]
pub fn keys(lang: Lang) -> BTreeSet<String> {
    let lines = LOCALES
        .get_dir(lang.code())
        .map(Dir::files)
        .into_iter()
        .flatten()
        .filter_map(|file| file.contents_utf8())
        .flat_map(str::lines);
    lines
        .filter(|line| line.starts_with(|ch: char| ch.is_ascii_alphabetic()))
        .filter_map(|line| line.split_once('='))
        .map(|(key, _)| key.trim().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_the_same_keys() {
        let (fa, en) = (keys(Lang::Fa), keys(Lang::En));
        let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect::<Vec<_>>();
        assert_eq!((only(&fa, &en), only(&en, &fa)), (vec![], vec![]));
        assert!(fa.len() > 100);
    }

    #[test]
    fn every_message_is_a_message() {
        for lang in [Lang::Fa, Lang::En] {
            for file in LOCALES.get_dir(lang.code()).map(Dir::files).into_iter().flatten() {
                let text = file.contents_utf8().expect("UTF-8");
                assert!(FluentResource::try_new(text.to_owned()).is_ok(), "{:?}", file.path());
                // The letters that Arabic keyboards put in place of the Persian ones.
                assert!(!text.contains(['ي', 'ك']), "{:?}", file.path());
            }
        }
    }

    #[test]
    fn every_unit_has_a_name() {
        for unit in Unit::ALL {
            assert!(
                Lang::Fa.has(&format!("word-unit-{}", unit.name)) && Lang::En.has(&format!("word-unit-{}", unit.name)),
                "{}",
                unit.name
            );
        }
    }

    #[test]
    fn numbers_and_dates_are_written_as_the_language_does() {
        assert_eq!(Lang::Fa.money(&5_720_000, Unit::RIAL), "۵٬۷۲۰٬۰۰۰ ریال");
        assert_eq!(Lang::Fa.money(&5_720_005, Unit::TOMAN), "۵۷۲٬۰۰۰٫۵ تومان");
        assert_eq!(Lang::En.money(&5_720_000, Unit::RIAL), "5,720,000 IRR");
        assert_eq!(Lang::Fa.date(&jiff::civil::date(2026, 11, 23)), "۱۴۰۵/۰۹/۰۲");
        assert_eq!(Lang::En.date(&jiff::civil::date(2026, 11, 23)), "2026-11-23");
        assert_eq!(Lang::Fa.quantity(&1500), "۱٫۵");
        assert_eq!(Lang::En.quantity(&2000), "2");
        assert_eq!(Lang::Fa.money_in_words(1403, Unit::RIAL), "هزار و چهارصد و سه ریال");
        let dollar = Unit::named("USD").expect("a unit");
        assert_eq!(Lang::Fa.money_in_words(12_050, dollar), "صد و بیست دلار و پنجاه صدم");
        assert_eq!(Lang::En.money_in_words(12_050, dollar), "one hundred twenty USD and 50/100");
        assert_eq!(Lang::Fa.permille(&615), "۶۱٫۵٪");
    }
}
