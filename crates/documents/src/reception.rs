//! What a customer takes home, what sticks to the goods, and the sheet that stays in the house.

use serde::Serialize;
use words::Lang;

use crate::{DrawError, Format, Head};

/// A reception on paper.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Reception {
    pub head: Head,
    pub number: String,
    pub revision: i64,
    /// In groups of four, in the paper's digits.
    pub tracking: String,
    /// Where the QR code leads.
    pub link: String,
    pub received: String,
    pub receiver: String,
    pub customer: String,
    pub phone: String,
    pub address: String,
    pub note: String,
    pub devices: Vec<Device>,
}

/// A received device on paper.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Device {
    pub number: String,
    pub product: String,
    pub code: String,
    pub brand: String,
    pub serial: String,
    pub faults: Vec<String>,
    pub note: String,
    pub accessories: Vec<String>,
    pub conditions: Vec<String>,
    pub promised: String,
}

/// # Errors
/// Where the paper cannot be drawn.
pub fn draw(paper: &Reception, format: Format, lang: Lang) -> Result<Vec<u8>, DrawError> {
    crate::draw(include_str!("../templates/reception.typ"), paper, format.name(), &paper.link, lang)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paper() -> Reception {
        Reception {
            head: Head {
                centre: "مرکز خدمات ولیعصر".to_owned(),
                legal_entity: "خدمات سِرمان".to_owned(),
                phone: "۰۲۱ ۸۸۷۷۶۶۵۵".to_owned(),
                ..Head::default()
            },
            number: "1405-02-000912".to_owned(),
            revision: 1,
            tracking: "۴۸۲۱-۹۰۳۵-۷۷۱۶".to_owned(),
            link: "http://127.0.0.1:8080/t/482190357716".to_owned(),
            received: "۱۴۰۵/۰۹/۰۲ ۱۰:۴۱".to_owned(),
            receiver: "مریم احمدی".to_owned(),
            customer: "زهرا کریمی".to_owned(),
            phone: "۰۹۱۲ ۳۴۵ ۶۷۸۹".to_owned(),
            devices: vec![Device {
                number: "1405-02-000912/1".to_owned(),
                product: "یخچال‌فریزر".to_owned(),
                code: "SRF-7300".to_owned(),
                serial: "SRF7300-0148812".to_owned(),
                faults: vec!["خنک نمی‌کند".to_owned()],
                accessories: vec!["کارت گارانتی".to_owned()],
                ..Device::default()
            }],
            ..Reception::default()
        }
    }

    #[test]
    fn every_format_is_drawn_in_both_languages() {
        for lang in [Lang::Fa, Lang::En] {
            for format in [Format::ReceiptA5, Format::Receipt80, Format::Receipt58, Format::Label, Format::EntryA4] {
                let pdf = draw(&paper(), format, lang).unwrap_or_else(|error| panic!("{format:?} {lang:?}: {error}"));
                assert!(pdf.starts_with(b"%PDF"), "{format:?}");
            }
        }
    }
}
