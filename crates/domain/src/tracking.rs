//! The tracking number: the customer's public key to a reception. Eleven random digits and a check digit after Damm,
//! which finds every single wrong digit and every pair that was swapped (H. Michael Damm, "Total anti-symmetrische
//! Quasigruppen", 2004). Shown and said as 4-4-4.

use crate::text;

const DAMM: [[u8; 10]; 10] = [
    [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
    [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
    [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
    [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
    [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
    [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
    [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
    [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
    [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
    [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
];

fn interim(digits: &str) -> u8 {
    digits.bytes().fold(0, |interim, byte| DAMM[usize::from(interim)][usize::from(byte - b'0')])
}

/// The tracking number of the first eleven digits of `random`.
#[must_use]
pub fn number(random: u64) -> String {
    let digits = format!("{:011}", random % 100_000_000_000);
    format!("{digits}{}", interim(&digits))
}

/// Reads a tracking number as typed, scanned or spoken: digits of any script, with spaces or dashes. None where the
/// check digit is wrong.
#[must_use]
pub fn parse(typed: &str) -> Option<String> {
    let key = text::key(typed);
    (key.len() == 12 && key.bytes().all(|byte| byte.is_ascii_digit()) && interim(&key) == 0).then_some(key)
}

/// `4821-9035-7716`.
#[must_use]
pub fn show(number: &str) -> String {
    if number.len() == 12 && number.is_ascii() {
        format!("{}-{}-{}", &number[..4], &number[4..8], &number[8..])
    } else {
        number.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn one_wrong_digit_or_swap_is_found(random in any::<u64>(), place in 0_usize..12, add in 1_u8..10) {
            let number = number(random);
            prop_assert_eq!(parse(&text::persian_digits(&show(&number))), Some(number.clone()));
            let mut wrong = number.clone().into_bytes();
            wrong[place] = b'0' + (wrong[place] - b'0' + add) % 10;
            prop_assert_eq!(parse(std::str::from_utf8(&wrong).expect("digits")), None);
            let mut swapped = number.clone().into_bytes();
            if place < 11 && swapped[place] != swapped[place + 1] {
                swapped.swap(place, place + 1);
                prop_assert_eq!(parse(std::str::from_utf8(&swapped).expect("digits")), None);
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,30}") {
            let _ = parse(&text);
            let _ = show(&text);
        }
    }
}
