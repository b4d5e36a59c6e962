//! Papers and sheets: data in, bytes out. PDFs through typst, spreadsheets through rust_xlsxwriter.
//!
//! Nothing here knows the store or HTTP. A paper's data is a struct of texts that are written in the paper's language
//! already; its labels come from `words`. To add a paper: its struct and `draw` in a module, its template in
//! `templates/`, its labels in both languages' `documents.ftl`.

pub mod card;
pub mod invoice;
pub mod reception;
pub mod report;
pub mod sheet;

use std::collections::BTreeMap;

use qrcode::QrCode;
use qrcode::render::svg;
use serde::Serialize;
use typst::foundations::{Dict, IntoValue};
use typst_as_lib::TypstEngine;
use typst_layout::PagedDocument;
use words::Lang;

/// Why a paper could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("a paper could not be drawn: {0}")]
pub struct DrawError(String);

impl DrawError {
    fn of(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// What a reception's papers look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    ReceiptA5,
    /// A receipt on a roll of 80 mm.
    Receipt80,
    /// A receipt on a roll of 58 mm.
    Receipt58,
    /// A label of 60 × 40 mm for each device.
    Label,
    /// The goods-entry sheet.
    EntryA4,
}

impl Format {
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "receipt-a5" => Some(Self::ReceiptA5),
            "receipt-80" => Some(Self::Receipt80),
            "receipt-58" => Some(Self::Receipt58),
            "label" => Some(Self::Label),
            "entry-a4" => Some(Self::EntryA4),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::ReceiptA5 => "receipt-a5",
            Self::Receipt80 => "receipt-80",
            Self::Receipt58 => "receipt-58",
            Self::Label => "label",
            Self::EntryA4 => "entry-a4",
        }
    }
}

/// The letterhead.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Head {
    pub centre: String,
    pub legal_entity: String,
    pub company_id: String,
    pub economic_code: String,
    pub phone: String,
    pub address: String,
    pub hours: String,
}

static FONTS: [&[u8]; 2] = [
    include_bytes!(concat!(env!("OUT_DIR"), "/Vazirmatn-Regular.ttf")),
    include_bytes!(concat!(env!("OUT_DIR"), "/Vazirmatn-Bold.ttf")),
];

/// What every template gets beside its own data.
#[derive(Serialize)]
struct Given<'a, T> {
    d: &'a T,
    t: BTreeMap<String, String>,
    lang: &'static str,
    format: &'a str,
    qr: String,
}

/// A QR code as SVG, without the quiet zone that belongs around it.
///
/// # Errors
/// Where the text is too long for one.
pub fn qr_code(text: &str) -> Result<String, DrawError> {
    Ok(QrCode::new(text.as_bytes())
        .map_err(DrawError::of)?
        .render::<svg::Color<'_>>()
        .quiet_zone(false)
        .min_dimensions(200, 200)
        .build())
}

/// Draws a template with its data.
fn draw<T: Serialize>(
    template: &'static str,
    data: &T,
    format: &str,
    link: &str,
    lang: Lang,
) -> Result<Vec<u8>, DrawError> {
    let labels = words::keys(lang)
        .into_iter()
        .filter_map(|key| Some((key.strip_prefix("paper-")?.to_owned(), lang.t(&key))))
        .collect();
    let qr = if link.is_empty() { String::new() } else { qr_code(link)? };
    let given = Given { d: data, t: labels, lang: lang.code(), format, qr };
    let mut inputs = Dict::new();
    inputs.insert("data".into(), serde_json::to_string(&given).map_err(DrawError::of)?.into_value());
    let engine = TypstEngine::builder().main_file(template).fonts(FONTS).build();
    let document: PagedDocument =
        engine.compile_with_input(inputs).output.map_err(|error| DrawError(format!("{error:?}")))?;
    typst_pdf::pdf(&document, &typst_pdf::PdfOptions::default()).map_err(|errors| DrawError(format!("{errors:?}")))
}
