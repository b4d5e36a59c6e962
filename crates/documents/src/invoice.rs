//! Invoices, internal cost and counter-documents.

use serde::Serialize;
use words::Lang;

use crate::{DrawError, Head};

/// An invoice on paper.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Invoice {
    pub head: Head,
    /// service, warranty, internal or counter.
    pub kind: String,
    pub number: String,
    pub issued: String,
    pub payer: String,
    pub payer_id: String,
    pub payer_code: String,
    pub payer_address: String,
    pub payer_phone: String,
    pub corrects: String,
    pub reason: String,
    /// Number, product and serial of each repair.
    pub devices: Vec<(String, String, String)>,
    pub lines: Vec<Line>,
    /// The name of the currency.
    pub unit: String,
    pub net: String,
    pub vat: String,
    pub total: String,
    pub words: String,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct Line {
    pub title: String,
    pub code: String,
    pub repair: String,
    pub quantity: String,
    pub net: String,
    pub vat: String,
    pub total: String,
}

/// # Errors
/// Where the paper cannot be drawn.
pub fn draw(paper: &Invoice, lang: Lang) -> Result<Vec<u8>, DrawError> {
    crate::draw(include_str!("../templates/invoice.typ"), paper, "invoice", "", lang)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_drawn_in_both_languages() {
        for lang in [Lang::Fa, Lang::En] {
            for kind in ["service", "warranty", "internal", "counter"] {
                let invoice = Invoice {
                    kind: kind.to_owned(),
                    number: "F-1405-02-000318".to_owned(),
                    lines: vec![Line { title: "کمپرسور".to_owned(), ..Line::default() }],
                    ..Invoice::default()
                };
                assert!(draw(&invoice, lang).expect("drawn").starts_with(b"%PDF"));
            }
        }
    }
}
