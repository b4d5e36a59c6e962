//! Whole numbers in words, as invoices need them.

const SCALE_FA: [&str; 7] = ["", "هزار", "میلیون", "میلیارد", "بیلیون", "بیلیارد", "تریلیون"];
const SCALE_EN: [&str; 7] = ["", "thousand", "million", "billion", "trillion", "quadrillion", "quintillion"];
const HUNDREDS_FA: [&str; 10] = ["", "صد", "دویست", "سیصد", "چهارصد", "پانصد", "ششصد", "هفتصد", "هشتصد", "نهصد"];
const TENS_FA: [&str; 10] = ["", "", "بیست", "سی", "چهل", "پنجاه", "شصت", "هفتاد", "هشتاد", "نود"];
const BELOW_20_FA: [&str; 20] = [
    "",
    "یک",
    "دو",
    "سه",
    "چهار",
    "پنج",
    "شش",
    "هفت",
    "هشت",
    "نه",
    "ده",
    "یازده",
    "دوازده",
    "سیزده",
    "چهارده",
    "پانزده",
    "شانزده",
    "هفده",
    "هجده",
    "نوزده",
];
const TENS_EN: [&str; 10] = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const BELOW_20_EN: [&str; 20] = [
    "",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];

/// `number` in Persian words: 1,403 is «هزار و چهارصد و سه». A single thousand is «هزار», without «یک».
#[must_use]
pub fn persian(number: i64) -> String {
    if number == 0 {
        return "صفر".to_owned();
    }
    let words = groups(number)
        .map(|(scale, group)| match (scale, group) {
            (0, group) => below_1000_persian(group),
            (1, 1) => SCALE_FA[1].to_owned(),
            (scale, group) => format!("{} {}", below_1000_persian(group), SCALE_FA[scale]),
        })
        .collect::<Vec<_>>()
        .join(" و ");
    if number < 0 { format!("منفی {words}") } else { words }
}

/// `number` in English words: 1,403 is "one thousand four hundred three".
#[must_use]
pub fn english(number: i64) -> String {
    if number == 0 {
        return "zero".to_owned();
    }
    let words = groups(number)
        .map(|(scale, group)| {
            if scale == 0 {
                below_1000_english(group)
            } else {
                format!("{} {}", below_1000_english(group), SCALE_EN[scale])
            }
        })
        .collect::<Vec<_>>()
        .join(" ");
    if number < 0 { format!("minus {words}") } else { words }
}

/// The non-zero groups of three digits, highest first, each with its power of a thousand.
fn groups(number: i64) -> impl Iterator<Item = (usize, usize)> {
    let number = number.unsigned_abs();
    (0_u32..7).rev().filter_map(move |scale| {
        let group = usize::try_from(number / 1000_u64.pow(scale) % 1000).unwrap_or(0);
        (group > 0).then_some((scale as usize, group))
    })
}

fn below_1000_persian(group: usize) -> String {
    let rest = group % 100;
    let small = if rest < 20 { [BELOW_20_FA[rest], ""] } else { [TENS_FA[rest / 10], BELOW_20_FA[rest % 10]] };
    [HUNDREDS_FA[group / 100], small[0], small[1]]
        .into_iter()
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" و ")
}

fn below_1000_english(group: usize) -> String {
    let mut words = Vec::new();
    if group >= 100 {
        words.push(format!("{} hundred", BELOW_20_EN[group / 100]));
    }
    let rest = group % 100;
    match (rest / 10, rest % 10) {
        (0 | 1, _) if rest > 0 => words.push(BELOW_20_EN[rest].to_owned()),
        (tens @ 2.., 0) => words.push(TENS_EN[tens].to_owned()),
        (tens @ 2.., ones) => words.push(format!("{}-{}", TENS_EN[tens], BELOW_20_EN[ones])),
        _ => {}
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_said_as_on_invoices() {
        assert_eq!(persian(1_250_000), "یک میلیون و دویست و پنجاه هزار");
        assert_eq!(persian(1_403), "هزار و چهارصد و سه");
        assert_eq!(persian(0), "صفر");
        assert_eq!(persian(5_720_000), "پنج میلیون و هفتصد و بیست هزار");
        assert_eq!(persian(2_001_019), "دو میلیون و هزار و نوزده");
        assert_eq!(english(1_403), "one thousand four hundred three");
        assert_eq!(english(5_720_021), "five million seven hundred twenty thousand twenty-one");
        assert_eq!(english(110), "one hundred ten");
        let _ = (persian(i64::MIN), english(i64::MAX));
    }
}
