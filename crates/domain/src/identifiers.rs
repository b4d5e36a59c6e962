//! Iranian identifiers: checked and brought to one form. Sources: the check-digit rule and the place codes as published
//! of the civil registry (national ID), the registration office (company ID), ISO 13616 (Sheba), ISO/IEC 7812 (cards,
//! IMEI).

use crate::text;

/// The codes of the places of registration, the first three digits of a national ID, that have been given out: ranges,
/// both ends included.
const PLACES: [(u32, u32); 48] = [
    (1, 8),
    (11, 11),
    (15, 15),
    (20, 20),
    (25, 25),
    (31, 32),
    (37, 38),
    (41, 45),
    (48, 49),
    (51, 53),
    (55, 65),
    (67, 70),
    (72, 79),
    (81, 94),
    (96, 98),
    (105, 106),
    (108, 129),
    (136, 138),
    (145, 146),
    (149, 150),
    (152, 155),
    (157, 175),
    (181, 200),
    (202, 203),
    (205, 206),
    (208, 209),
    (211, 230),
    (236, 259),
    (261, 275),
    (279, 280),
    (282, 299),
    (302, 325),
    (330, 339),
    (341, 359),
    (361, 362),
    (364, 367),
    (369, 373),
    (375, 387),
    (392, 407),
    (412, 413),
    (416, 428),
    (431, 432),
    (436, 462),
    (464, 472),
    (481, 732),
    (775, 775),
    (778, 778),
    (986, 986),
];

/// The ten digits of a national ID (کد ملی): place of registration, a number of six digits there, check digit. Eight or
/// nine digits may be typed without the leading zeros.
#[must_use]
pub fn national_id(typed: &str) -> Option<String> {
    let digits = only_digits(typed)?;
    if !(8..=10).contains(&digits.len()) {
        return None;
    }
    let id = format!("{digits:0>10}");
    let values = id.bytes().map(|byte| u32::from(byte - b'0')).collect::<Vec<_>>();
    let place = values[0] * 100 + values[1] * 10 + values[2];
    let is_given_out = PLACES.iter().any(|(first, last)| (*first..=*last).contains(&place))
        && values[3..9].iter().any(|value| *value != 0);
    if !is_given_out || values.iter().all(|value| *value == values[0]) {
        return None;
    }
    let rest = (0..9).zip((2..=10).rev()).map(|(index, weight)| values[index] * weight).sum::<u32>() % 11;
    let check = if rest < 2 { rest } else { 11 - rest };
    (check == values[9]).then_some(id)
}

/// The eleven digits of a company ID (شناسهٔ ملی).
#[must_use]
pub fn company_id(typed: &str) -> Option<String> {
    let digits = only_digits(typed)?;
    if digits.len() != 11 || digits[3..9].bytes().all(|byte| byte == b'0') {
        return None;
    }
    let values = digits.bytes().map(|byte| u32::from(byte - b'0')).collect::<Vec<_>>();
    let tens = values[9] + 2;
    const WEIGHTS: [u32; 10] = [29, 27, 23, 19, 17, 29, 27, 23, 19, 17];
    let sum = WEIGHTS.iter().zip(&values).map(|(weight, value)| weight * (value + tens)).sum::<u32>();
    (sum % 11 % 10 == values[10]).then_some(digits)
}

/// The twelve or fourteen digits of an economic code (no public checksum).
#[must_use]
pub fn economic_code(typed: &str) -> Option<String> {
    only_digits(typed).filter(|digits| matches!(digits.len(), 12 | 14))
}

/// The ten digits of a postal code: no zero at the start.
#[must_use]
pub fn postal_code(typed: &str) -> Option<String> {
    only_digits(typed).filter(|digits| digits.len() == 10 && !digits.starts_with('0'))
}

/// The sixteen digits of a bank card (Luhn).
#[must_use]
pub fn bank_card(typed: &str) -> Option<String> {
    only_digits(typed).filter(|digits| digits.len() == 16 && !digits.starts_with("00") && luhn(digits))
}

/// The fifteen digits of an IMEI (Luhn).
#[must_use]
pub fn imei(typed: &str) -> Option<String> {
    only_digits(typed).filter(|digits| digits.len() == 15 && luhn(digits))
}

/// A Sheba (IBAN of Iran): `IR` and 24 digits, modulo 97.
#[must_use]
pub fn sheba(typed: &str) -> Option<String> {
    let key = text::key(typed).to_uppercase();
    let digits = key.strip_prefix("IR").unwrap_or(&key);
    if digits.len() != 24 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // The country's letters count as 18 and 27, and stand behind the account with the check digits.
    let rest = digits[2..]
        .bytes()
        .chain(*b"1827")
        .chain(digits[..2].bytes())
        .fold(0, |rest, byte| (rest * 10 + u32::from(byte - b'0')) % 97);
    (rest == 1).then(|| format!("IR{digits}"))
}

/// A phone number in E.164. Iranian mobiles and landlines may be typed as 0912…, +98…, 0098…, 98… or 912…, with spaces,
/// dashes and digits of any script; another country's number needs its + or 00.
#[must_use]
pub fn phone(typed: &str) -> Option<String> {
    let folded = text::fold(typed);
    let kept = folded.chars().filter(|ch| !matches!(ch, ' ' | '-' | '(' | ')' | '.' | '/' | '–')).collect::<String>();
    let (international, digits) = match kept.strip_prefix('+') {
        Some(rest) => (true, rest),
        None => kept.strip_prefix("00").map_or((false, kept.as_str()), |rest| (true, rest)),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let national = match digits {
        _ if international && !digits.starts_with("98") => {
            return ((8..=15).contains(&digits.len()) && !digits.starts_with('0')).then(|| format!("+{digits}"));
        }
        _ if digits.starts_with("98") && digits.len() == 12 => &digits[2..],
        _ if international => return None,
        _ => digits.strip_prefix('0').unwrap_or(digits),
    };
    // Mobiles are 9 and nine digits; landlines two digits of area and eight of the number.
    (national.len() == 10 && !national.starts_with('0')).then(|| format!("+98{national}"))
}

/// As `phone`, where only a mobile will do.
#[must_use]
pub fn mobile(typed: &str) -> Option<String> {
    phone(typed).filter(|number| !number.starts_with("+98") || number.starts_with("+989"))
}

/// A number of E.164 as people at home write it: 0912 345 6789.
#[must_use]
pub fn show_phone(e164: &str) -> String {
    match e164.strip_prefix("+98") {
        Some(rest) if rest.len() == 10 && rest.starts_with('9') => {
            format!("0{} {} {}", &rest[..3], &rest[3..6], &rest[6..])
        }
        Some(rest) if rest.len() == 10 => format!("0{} {}", &rest[..2], &rest[2..]),
        _ => e164.to_owned(),
    }
}

fn luhn(digits: &str) -> bool {
    let sum = digits.bytes().rev().enumerate().fold(0, |sum, (index, byte)| {
        let value = u32::from(byte - b'0') * if index % 2 == 1 { 2 } else { 1 };
        sum + value / 10 + value % 10
    });
    sum % 10 == 0
}

fn only_digits(typed: &str) -> Option<String> {
    let key = text::key(typed);
    (!key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit())).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn identifiers_agree_with_the_vectors() {
        let Ok(text) =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/iran/identifiers.json"))
        else {
            println!("named skip: the vectors of identifiers are not on this machine");
            return;
        };
        let vectors: serde_json::Value = serde_json::from_str(&text).expect("vectors are JSON");
        type Rule = fn(&str) -> Option<String>;
        let rules: [(&str, Rule); 4] =
            [("national_id", national_id), ("legal_id", company_id), ("card", bank_card), ("sheba", sheba)];
        for (kind, rule) in rules {
            for vector in vectors[kind].as_array().expect("a list") {
                let number = vector["in"].as_str().expect("a number");
                assert_eq!(rule(number).is_some(), vector["valid"].as_bool().expect("valid"), "{kind} {number}");
            }
        }
    }

    #[test]
    fn phones_come_in_every_dress() {
        for typed in [
            "09123456789",
            "+98 912 345 6789",
            "0098-912-345-6789",
            "989123456789",
            "9123456789",
            "۰۹۱۲ ۳۴۵ ۶۷۸۹",
            "٠٩١٢٣٤٥٦٧٨٩",
        ] {
            assert_eq!(mobile(typed).as_deref(), Some("+989123456789"), "{typed}");
        }
        assert_eq!(phone("021-88776655").as_deref(), Some("+982188776655"));
        assert_eq!(mobile("021-88776655"), None);
        assert_eq!(phone("+44 20 7946 0958").as_deref(), Some("+442079460958"));
        for wrong in ["", "0912345678", "091234567890", "phone", "+98 12", "00000000000"] {
            assert_eq!(phone(wrong), None, "{wrong}");
        }
        assert_eq!(show_phone("+989123456789"), "0912 345 6789");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,30}") {
            for rule in [national_id, company_id, economic_code, postal_code, bank_card, imei, sheba, phone, mobile] {
                let _ = rule(&text);
            }
        }
    }
}
