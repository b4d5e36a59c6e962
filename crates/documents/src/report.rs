//! A report as a table on A4, its head on every page.

use serde::Serialize;
use words::Lang;

use crate::DrawError;

/// A report on paper.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    pub title: String,
    /// What it was asked for: range, grouping.
    pub about: String,
    /// When it was made.
    pub made: String,
    pub head: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

/// # Errors
/// Where the paper cannot be drawn.
pub fn draw(report: &Report, lang: Lang) -> Result<Vec<u8>, DrawError> {
    crate::draw(include_str!("../templates/report.typ"), report, "report", "", lang)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_report_is_drawn_in_both_languages() {
        for lang in [Lang::Fa, Lang::En] {
            let rows = (0..120).map(|index| vec![format!("ردیف {index}"), index.to_string()]).collect();
            let report = Report {
                title: "علل خرابی".to_owned(),
                head: vec!["شرح".to_owned(), "تعداد".to_owned()],
                rows,
                ..Report::default()
            };
            assert!(draw(&report, lang).expect("drawn").starts_with(b"%PDF"));
        }
    }
}
