//! Money as integers in the currency's minor unit. IRR has no minor unit: 1 is one Rial; Toman is a way to show it.

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
pub fn grouped(amount: i64, separator: char) -> String {
    let digits = amount.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() * 2);
    if amount < 0 {
        out.push('\u{2212}');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(separator);
        }
        out.push(digit);
    }
    out
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
        assert_eq!(grouped(1_234_567, ','), "1,234,567");
        assert_eq!(grouped(0, ','), "0");
        assert_eq!(grouped(-1000, ','), "\u{2212}1,000");
    }

    proptest! {
        #[test]
        fn a_percentage_is_within_half_a_unit(amount in 0..=MAX_AMOUNT, percent in 0_i64..=100) {
            let exact = i128::from(amount) * i128::from(percent);
            let error = i128::from(percent_of(amount, percent)) * 100 - exact;
            prop_assert!((-49..=50).contains(&error));
        }
    }
}
