//! Persian and Latin text: folding for search and for keys, digits, sorting; and what is no text that a person means.

use std::cmp::Ordering;

use icu_collator::options::CollatorOptions;
use icu_collator::{Collator, CollatorBorrowed};
use icu_locale_core::locale;

/// The form in which two spellings of one word are equal: Arabic letters become the Persian ones, digits of any script
/// become ASCII, Latin letters become lower case; tatweel, harakat, ZWNJ, direction marks and whatever else is not seen
/// go, white space becomes single spaces. For search and for keys only: what a person typed is kept for display.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for ch in text.chars() {
        match ch {
            'ي' | 'ى' | 'ئ' => out.push('ی'),
            'ك' => out.push('ک'),
            'ة' | 'ۀ' => out.push('ه'),
            'أ' | 'إ' | 'ٱ' => out.push('ا'),
            'ؤ' => out.push('و'),
            // tatweel, harakat and the hamza above
            '\u{0640}' | '\u{064B}'..='\u{065F}' | '\u{0670}' => {}
            _ if is_invisible(ch) => {}
            _ if ch.is_whitespace() || ch.is_control() => {
                if !out.is_empty() && !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            _ => match digit(ch) {
                Some(value) => out.push(char::from(b'0' + value)),
                None => out.extend(ch.to_lowercase()),
            },
        }
    }
    if out.ends_with(' ') {
        out.pop();
    }
    out
}

/// The key of a number that people copy, scan or say (serial, card, document number): folded, without spaces, dashes,
/// slashes, dots and underscores.
#[must_use]
pub fn key(text: &str) -> String {
    fold(text).chars().filter(|ch| !matches!(ch, ' ' | '-' | '/' | '.' | '_' | '–' | '—')).collect()
}

/// The digits in `text`, of any script, as ASCII; everything else is dropped.
#[must_use]
pub fn digits(text: &str) -> String {
    text.chars().filter_map(digit).map(|value| char::from(b'0' + value)).collect()
}

fn digit(ch: char) -> Option<u8> {
    let base = match ch {
        '0'..='9' => '0',
        '۰'..='۹' => '۰',
        '٠'..='٩' => '٠',
        '０'..='９' => '０',
        _ => return None,
    };
    u8::try_from(u32::from(ch) - u32::from(base)).ok()
}

/// A whole number as a person types it, in any digits and with marks between thousands; None where it is none.
#[must_use]
pub fn whole_number(typed: &str) -> Option<i64> {
    fold(typed).replace([',', '٬', '،', ' ', '_'], "").parse().ok()
}

/// `text` with its ASCII digits as Persian ones.
#[must_use]
pub fn persian_digits(text: &str) -> String {
    text.chars()
        .map(|ch| {
            if ch.is_ascii_digit() {
                char::from_u32(u32::from('۰') + u32::from(ch) - u32::from('0')).unwrap_or(ch)
            } else {
                ch
            }
        })
        .collect()
}

/// Whether text is what it looks like: no control characters but ends of lines and tabs, none that turn the direction
/// of what follows (U+202A to 202E, U+2066 to 2069) or end its line unseen (2028, 2029), no tags (E0000 to E0FFF), none
/// that Unicode keeps from being characters. Marks of direction and joiners may stand anywhere: Persian is written with
/// them.
#[must_use]
pub fn is_clean(text: &str) -> bool {
    text.chars().all(|ch| match ch {
        '\n' | '\r' | '\t' => true,
        '\u{2028}'..='\u{202E}'
        | '\u{2066}'..='\u{2069}'
        | '\u{FDD0}'..='\u{FDEF}'
        | '\u{FFF9}'..='\u{FFFB}'
        | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}' => false,
        _ => !ch.is_control() && u32::from(ch) & 0xFFFE != 0xFFFE,
    })
}

/// Whether a character shows nothing where it stands: joiners, marks of direction, selectors, fillers, tags.
fn is_invisible(ch: char) -> bool {
    matches!(ch,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FFF9}'..='\u{FFFB}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Whether anything of a text is to be seen.
#[must_use]
pub fn has_visible(text: &str) -> bool {
    let is_blank = |ch: char| {
        ch.is_whitespace()
            || ch.is_control()
            // Marks that stand upon a letter, without one.
            || matches!(ch, '\u{300}'..='\u{36F}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5BD}' | '\u{610}'..='\u{61A}' | '\u{64B}'..='\u{65F}' | '\u{670}'
                | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}')
            || is_invisible(ch)
    };
    !text.chars().all(is_blank)
}

/// Whether all letters of a name are of one script, so that none stands for one that looks the same in another. Digits
/// and marks are of all.
#[must_use]
pub fn is_of_one_script(name: &str) -> bool {
    let mut scripts = name.chars().filter_map(script);
    let first = scripts.next();
    scripts.all(|script| Some(script) == first)
}

/// Whether a name is one that nobody can take for another: letters of one script and digits, with `.`, `-`, `_`, `@`
/// and `+` between them; no marks on letters, and no other widths of them.
#[must_use]
pub fn is_plain_name(name: &str) -> bool {
    let is_plain = |ch: char| {
        (ch.is_alphanumeric() && !matches!(ch, '\u{FB00}'..='\u{FFEF}')) || matches!(ch, '.' | '-' | '_' | '@' | '+')
    };
    name.chars().all(is_plain) && is_of_one_script(name)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    Arabic,
    Cyrillic,
    Greek,
    Other,
}

/// The script of a letter, by the blocks of Unicode; None where it is no letter.
fn script(ch: char) -> Option<Script> {
    ch.is_alphabetic().then_some(match ch {
        'a'..='z'
        | 'A'..='Z'
        | '\u{AA}'
        | '\u{BA}'
        | '\u{C0}'..='\u{2AF}'
        | '\u{1E00}'..='\u{1EFF}'
        | '\u{2C60}'..='\u{2C7F}'
        | '\u{A720}'..='\u{A7FF}'
        | '\u{AB30}'..='\u{AB64}'
        | '\u{FB00}'..='\u{FB06}'
        | '\u{FF21}'..='\u{FF3A}'
        | '\u{FF41}'..='\u{FF5A}' => Script::Latin,
        '\u{600}'..='\u{6FF}'
        | '\u{750}'..='\u{77F}'
        | '\u{870}'..='\u{8FF}'
        | '\u{FB50}'..='\u{FDFF}'
        | '\u{FE70}'..='\u{FEFF}' => Script::Arabic,
        '\u{400}'..='\u{52F}' | '\u{1C80}'..='\u{1C8F}' | '\u{2DE0}'..='\u{2DFF}' | '\u{A640}'..='\u{A69F}' => {
            Script::Cyrillic
        }
        '\u{370}'..='\u{3FF}' | '\u{1F00}'..='\u{1FFF}' => Script::Greek,
        _ => Script::Other,
    })
}

/// The order in which a Persian list is sorted (آ ا ب پ … ه ی; Latin after its own order), as ICU's collation for `fa`
/// has it.
#[must_use]
pub fn compare(left: &str, right: &str) -> Ordering {
    thread_local! {
        static COLLATOR: Option<CollatorBorrowed<'static>> = Collator::try_new(locale!("fa").into(), CollatorOptions::default()).ok();
    }
    COLLATOR
        .with(|collator| collator.as_ref().map_or_else(|| left.cmp(right), |collator| collator.compare(left, right)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_whole_number_is_read_in_any_digits() {
        assert_eq!(["1200", "۱٬۲۰۰", "1,200", "١٢٠٠", " 1 200 "].map(whole_number), [Some(1200); 5]);
        assert_eq!(["", "many", "1.5", "99999999999999999999"].map(whole_number), [None; 4]);
    }

    #[test]
    fn spellings_of_one_word_fold_to_one() {
        assert_eq!(fold("  كريمي\u{200C}هاي ۱۲۳ "), "کریمیهای 123");
        assert_eq!(fold("خانۀ مؤذّن"), "خانه موذن");
        assert_eq!(fold("خانهٔ"), "خانه");
        assert_eq!(fold("SRF-7300"), "srf-7300");
        assert_eq!(key("SRF 7300–01/٤"), "srf7300014");
        assert_eq!(key("S\u{AD}R\u{E0041}F\u{2060}1\u{FE0F}"), "srf1", "what is not seen makes no other number");
        assert_eq!(digits("+98 (912) ۳۴۵-67"), "9891234567");
        assert_eq!(persian_digits("1405/09/02"), "۱۴۰۵/۰۹/۰۲");
    }

    #[test]
    fn text_that_hides_what_it_is_is_told() {
        for clean in
            ["زهرا کریمی", "می\u{200C}رود", "خانه\u{200D}ها", "A\u{200F}1", "two\nlines\r\n\tmore", "\u{1F600}", ""]
        {
            assert!(is_clean(clean), "{clean:?}");
        }
        for unclean in [
            "a\0",
            "\u{7}",
            "\u{7F}",
            "\u{85}",
            "\u{202E}cod.exe",
            "\u{2066}x",
            "\u{2069}",
            "a\u{2028}b",
            "S\u{E0041}",
            "\u{FFF9}",
            "\u{FDD0}",
            "\u{FFFE}",
            "\u{1FFFF}",
        ] {
            assert!(!is_clean(unclean), "{unclean:?}");
        }
        assert!(
            [
                "",
                " ",
                "\u{200C}\u{200D}",
                "\u{2060}\u{FEFF}",
                "\u{3164}",
                "\t\u{AD}\u{E0020}",
                "\u{301}",
                "\u{64E}\u{651}"
            ]
            .iter()
            .all(|text| !has_visible(text))
        );
        assert!(["a", "۱", "-", " \u{200C}ی"].iter().all(|text| has_visible(text)));
    }

    #[test]
    fn letters_of_two_scripts_make_no_name() {
        for name in ["maryam", "مریم۲", "müller-2", "иван", "άλφα", "123", "名前", ""] {
            assert!(is_of_one_script(name), "{name}");
        }
        // The first letter of each looks Latin.
        for name in ["аdmin", "οscar", "admіn", "مریمx", "名a"] {
            assert!(!is_of_one_script(name) && !is_plain_name(name), "{name}");
        }
        assert!(["maryam", "مریم۲", "müller-2", "reza.k@shop+1"].into_iter().all(is_plain_name));
        assert!(
            ["ｍaryam", "ab\u{301}", "ﻣﺮﻳﻢ", "a b", "a/b", "a\u{200C}b"].into_iter().all(|name| !is_plain_name(name))
        );
    }

    #[test]
    fn sorting_follows_the_persian_alphabet() {
        let mut words =
            vec!["یزد", "پارس", "آبان", "گرگان", "کاشان", "ژاله", "بابل", "زنجان", "هرات", "وحید", "چابهار", "اراک"];
        words.sort_by(|left, right| compare(left, right));
        assert_eq!(
            words,
            ["آبان", "اراک", "بابل", "پارس", "چابهار", "زنجان", "ژاله", "کاشان", "گرگان", "وحید", "هرات", "یزد"]
        );
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,40}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }
    }
}
