//! Money as integers in the currency's minor unit. IRR has no minor unit: 1 is one Rial; Toman is a way to show and
//! type it.

use crate::text;

/// The largest amount that an entry may bear: 10¹⁵ minor units, so that a percentage of it stays far from overflow.
pub const MAX_AMOUNT: i64 = 1_000_000_000_000_000;

/// `amount` × `percent` / 100, rounded half up (domain rule 2). Amounts may reach 10¹⁵, percent 10,000.
#[must_use]
pub fn percent_of(amount: i64, percent: i64) -> i64 {
    half_up(i128::from(amount) * i128::from(percent), 100)
}

/// Quantity × price of one line, rounded half up; the quantity is in thousandths.
#[must_use]
pub fn line_amount(quantity_milli: i64, unit_price: i64) -> i64 {
    half_up(i128::from(quantity_milli) * i128::from(unit_price), 1000)
}

fn half_up(numerator: i128, denominator: i128) -> i64 {
    let rounded = (numerator * 2 + denominator).div_euclid(denominator * 2);
    i64::try_from(rounded).unwrap_or(if rounded < 0 { i64::MIN } else { i64::MAX })
}

/// An amount with its thousands grouped by `separator`.
#[must_use]
pub fn grouped(amount: i64, separator: &str) -> String {
    let digits = amount.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() * 2);
    if amount < 0 {
        out.push('\u{2212}');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push_str(separator);
        }
        out.push(digit);
    }
    out
}

/// In what people read and type amounts: a currency, or Toman, in which people of Iran speak of Rials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    /// The code of the currency; `toman`.
    pub name: &'static str,
    /// The currency of the accounts, by its code in ISO 4217.
    pub currency: &'static str,
    /// How many digits of an amount in minor units stand behind the point.
    pub digits: u32,
}

const fn currency(code: &'static str, digits: u32) -> Unit {
    Unit { name: code, currency: code, digits }
}

impl Unit {
    pub const RIAL: Self = currency("IRR", 0);
    pub const TOMAN: Self = Self { name: "toman", currency: "IRR", digits: 1 };

    /// All that a house can choose from. Minor units as in ISO 4217; the Rial's hundredth, which nobody has, is left
    /// out.
    pub const ALL: [Self; 26] = [
        Self::RIAL,
        Self::TOMAN,
        currency("AED", 2),
        currency("AFN", 2),
        currency("AMD", 2),
        currency("AZN", 2),
        currency("BHD", 3),
        currency("CNY", 2),
        currency("EUR", 2),
        currency("GBP", 2),
        currency("GEL", 2),
        currency("INR", 2),
        currency("IQD", 3),
        currency("JPY", 0),
        currency("KWD", 3),
        currency("KZT", 2),
        currency("OMR", 3),
        currency("PKR", 2),
        currency("QAR", 2),
        currency("RUB", 2),
        currency("SAR", 2),
        currency("TJS", 2),
        currency("TMT", 2),
        currency("TRY", 2),
        currency("USD", 2),
        currency("UZS", 2),
    ];

    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.name == name)
    }

    /// The whole units of an amount, and its minor ones behind the point.
    #[must_use]
    pub fn parts(self, amount: i64) -> (i64, u64) {
        let one = 10_i64.pow(self.digits);
        (amount / one, (amount % one).unsigned_abs())
    }

    /// An amount with its thousands grouped. A currency shows all its digits behind the point, Toman none that are
    /// zero.
    #[must_use]
    pub fn show(self, amount: i64, separator: &str, point: char) -> String {
        let (whole, minor) = self.parts(amount);
        let sign = if amount < 0 && whole == 0 { "\u{2212}" } else { "" };
        let whole = grouped(whole, separator);
        if self.digits == 0 || (self == Self::TOMAN && minor == 0) {
            return format!("{sign}{whole}");
        }
        format!("{sign}{whole}{point}{minor:0width$}", width = self.digits as usize)
    }

    /// An amount as programs and spreadsheets read it.
    #[must_use]
    pub fn plain(self, amount: i64) -> String {
        self.show(amount, "", '.').replace('\u{2212}', "-")
    }

    /// The amount that was typed, in minor units: digits of any script, grouped or not, `.` or `٫` before what is less
    /// than one. None where it is no amount or finer than the currency.
    #[must_use]
    pub fn read(self, typed: &str) -> Option<i64> {
        let plain = text::fold(typed).replace('٫', ".").replace([',', '٬', '،', ' ', '_', '\''], "");
        let (whole, minor) = plain.split_once('.').unwrap_or((&plain, ""));
        let (kept, zeros) = minor.split_at_checked(self.digits as usize).unwrap_or((minor, ""));
        let is_exact = zeros.bytes().all(|byte| byte == b'0') && kept.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_exact {
            return None;
        }
        format!("{whole}{kept:0<width$}", width = self.digits as usize).parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn halves_go_up() {
        assert_eq!(percent_of(21_000_001, 50), 10_500_001);
        assert_eq!(percent_of(3_000_005, 10), 300_001);
        assert_eq!(percent_of(4, 10), 0);
        assert_eq!(percent_of(MAX_AMOUNT, 100), MAX_AMOUNT);
        assert_eq!(line_amount(1_500, 333), 500);
        assert_eq!(grouped(1_234_567, ","), "1,234,567");
        assert_eq!(grouped(0, ","), "0");
        assert_eq!(grouped(-1000, ","), "\u{2212}1,000");
    }

    #[test]
    fn amounts_are_read_and_shown_in_their_unit() {
        let dollar = Unit::named("USD").expect("a unit");
        let dinar = Unit::named("KWD").expect("a unit");
        for (unit, amount, shown) in [
            (Unit::RIAL, 1_250_000, "1,250,000"),
            (Unit::TOMAN, 1_250_000, "125,000"),
            (Unit::TOMAN, 15_005, "1,500.5"),
            (dollar, 125_050, "1,250.50"),
            (dollar, 5, "0.05"),
            (dollar, -5, "\u{2212}0.05"),
            (dollar, -125_050, "\u{2212}1,250.50"),
            (dinar, 1_000, "1.000"),
        ] {
            assert_eq!(unit.show(amount, ",", '.'), shown);
        }
        assert_eq!(
            (dollar.plain(-125_050), Unit::RIAL.plain(1_250_000)),
            ("-1250.50".to_owned(), "1250000".to_owned())
        );
        for (unit, typed, amount) in [
            (Unit::RIAL, "۱٬۲۵۰٬۰۰۰", Some(1_250_000)),
            (Unit::RIAL, "1250000.0", Some(1_250_000)),
            (Unit::RIAL, "1.5", None),
            (Unit::TOMAN, "۱۵۰۰", Some(15_000)),
            (Unit::TOMAN, "۱۵۰۰٫۵", Some(15_005)),
            (Unit::TOMAN, "1500.55", None),
            (dollar, "1,250.5", Some(125_050)),
            (dollar, "-3", Some(-300)),
            (dollar, ".5", None),
            (dollar, "", None),
            (dollar, "1.2.3", None),
            (dollar, "1.-5", None),
            (dollar, "12 dollars", None),
            (dollar, "99999999999999999999", None),
        ] {
            assert_eq!(unit.read(typed), amount, "{typed} {}", unit.name);
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_as_the_same(amount in 0..=MAX_AMOUNT, index in 0..Unit::ALL.len()) {
            let unit = Unit::ALL[index];
            prop_assert_eq!(unit.read(&unit.show(amount, ",", '.')), Some(amount));
            prop_assert_eq!(unit.read(&text::persian_digits(&unit.show(amount, "٬", '٫'))), Some(amount));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,30}", index in 0..Unit::ALL.len()) {
            let _ = Unit::ALL[index].read(&text);
        }

        #[test]
        fn a_percentage_is_within_half_a_unit(amount in 0..=MAX_AMOUNT, percent in 0_i64..=100) {
            let exact = i128::from(amount) * i128::from(percent);
            let error = i128::from(percent_of(amount, percent)) * 100 - exact;
            prop_assert!((-49..=50).contains(&error));
        }
    }
}
