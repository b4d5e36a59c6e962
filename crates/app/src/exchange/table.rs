//! A file as rows of cells: CSV in UTF-8 or UTF-16 (comma, semicolon or tab), and the first sheet of an XLSX.

use std::collections::BTreeMap;

use domain::time::typed_date;
use jiff::civil::Date;

use super::workbook;
use crate::error::{Error, Fault, Reason, Result};

/// The largest file that is read, in bytes.
pub const MAX_FILE: usize = 64 * 1024 * 1024;

/// What a file holds: its headings, and the rows below them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    pub headings: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

/// Reads a file by what it is, not by what it is called.
///
/// # Errors
/// `Invalid` at `file` where it is empty, too large, no text and no workbook.
pub fn read(bytes: &[u8]) -> Result<Table> {
    if bytes.len() > MAX_FILE {
        return Err(Error::Invalid(vec![Fault { path: "file".to_owned(), reason: Reason::new("file-too-large") }]));
    }
    let mut lines = if bytes.starts_with(b"PK") { workbook::rows(bytes)? } else { text(bytes)? };
    lines.retain(|line| line.iter().any(|cell| !cell.trim().is_empty()));
    if lines.is_empty() {
        return Err(Error::invalid("file", "file-empty"));
    }
    let headings = lines.remove(0).into_iter().map(|heading| heading.trim().to_owned()).collect();
    Ok(Table { headings, rows: lines })
}

fn text(bytes: &[u8]) -> Result<Vec<Vec<String>>> {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair)).collect::<Vec<_>>();
        String::from_utf16(&units).map_err(|_| Error::invalid("file", "file-encoding"))
    };
    let text = match bytes {
        [0xFF, 0xFE, rest @ ..] => wide(rest, u16::from_le_bytes)?,
        [0xFE, 0xFF, rest @ ..] => wide(rest, u16::from_be_bytes)?,
        _ => String::from_utf8(bytes.to_vec()).map_err(|_| Error::invalid("file", "file-encoding"))?,
    };
    let text = text.trim_start_matches('\u{FEFF}');
    if text.contains('\0') {
        return Err(Error::invalid("file", "file-unreadable"));
    }
    let first = text.lines().next().unwrap_or_default();
    let count = |mark: char| first.matches(mark).count();
    let delimiter = [',', ';', '\t'].into_iter().max_by_key(|mark| (count(*mark), *mark == ',')).unwrap_or(',');
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(u8::try_from(delimiter).unwrap_or(b',')).from_reader(text.as_bytes());
    reader.records().map(|record| record.map(|record| record.iter().map(str::to_owned).collect()).map_err(|_| Error::invalid("file", "file-unreadable"))).collect()
}

/// One row, its cells by the names of their columns.
#[derive(Clone, Debug)]
pub struct Row<'t> {
    cells: BTreeMap<&'t str, &'t str>,
}

impl<'t> Row<'t> {
    /// `places` tells for each column at which cell it stands.
    #[must_use]
    pub fn new(cells: &'t [String], places: &'t BTreeMap<String, usize>) -> Self {
        let cell = |place: usize| cells.get(place).map_or("", |cell| cell.trim());
        Self { cells: places.iter().map(|(name, place)| (name.as_str(), cell(*place))).collect() }
    }

    /// What stands in a column; None where nothing does.
    #[must_use]
    pub fn text(&self, column: &str) -> Option<&'t str> {
        self.cells.get(column).copied().filter(|cell| !cell.is_empty())
    }

    #[must_use]
    pub fn owned(&self, column: &str) -> Option<String> {
        self.text(column).map(str::to_owned)
    }

    /// # Errors
    /// `Invalid` at the column where nothing stands there.
    pub fn required(&self, column: &str) -> Result<&'t str> {
        self.text(column).ok_or_else(|| Error::invalid(column, "required"))
    }

    /// A date as people and spreadsheets write it, in either calendar.
    ///
    /// # Errors
    /// `Invalid` at the column.
    pub fn date(&self, column: &str) -> Result<Option<Date>> {
        // A spreadsheet's date may bring a time with it.
        let typed = self.text(column).map(|typed| typed.split(['T', ' ']).next().unwrap_or_default());
        typed.map(|typed| typed_date(typed).ok_or_else(|| Error::invalid(column, "date"))).transpose()
    }

    /// An amount: whole, its digits of any script, grouped or not.
    ///
    /// # Errors
    /// `Invalid` at the column.
    pub fn money(&self, column: &str) -> Result<Option<i64>> {
        let Some(typed) = self.text(column) else { return Ok(None) };
        let plain = domain::text::fold(typed).replace([',', '٬', '،', ' ', '\''], "");
        plain.parse::<i64>().ok().filter(|amount| *amount >= 0).map(Some).ok_or_else(|| Error::invalid(column, "whole-number"))
    }

    /// Yes or no, in either language.
    ///
    /// # Errors
    /// `Invalid` at the column.
    pub fn flag(&self, column: &str) -> Result<Option<bool>> {
        let Some(typed) = self.text(column) else { return Ok(None) };
        match domain::text::fold(typed).as_str() {
            "1" | "yes" | "y" | "true" | "بله" | "بلی" | "اری" | "دارد" | "است" => Ok(Some(true)),
            "0" | "no" | "n" | "false" | "خیر" | "نه" | "ندارد" | "نیست" => Ok(Some(false)),
            _ => Err(Error::invalid(column, "yes-or-no")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(names: &[&str]) -> BTreeMap<String, usize> {
        names.iter().enumerate().map(|(index, name)| ((*name).to_owned(), index)).collect()
    }

    #[test]
    fn text_is_read_in_its_usual_dresses() {
        let expected = Table { headings: vec!["کد".to_owned(), "نام".to_owned()], rows: vec![vec!["A, 1".to_owned(), "یخچال".to_owned()]] };
        assert_eq!(read("\u{FEFF}کد,نام\r\n\"A, 1\",یخچال\r\n\r\n".as_bytes()).expect("comma"), expected);
        assert_eq!(read("کد;نام\nA, 1;یخچال\n".as_bytes()).expect("semicolon"), expected);
        let wide = "\u{FEFF}کد\tنام\nA, 1\tیخچال".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        assert_eq!(read(&wide).expect("UTF-16"), expected);
    }

    #[test]
    fn what_is_no_table_is_told_as_such() {
        let code = |bytes: &[u8]| match read(bytes) {
            Err(Error::Invalid(faults)) => faults[0].reason.code.to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!(code(b""), "file-empty");
        assert_eq!(code(b" \n ,, \n"), "file-empty");
        assert_eq!(code(&[b'a', 0xC7, 0xED, b'\n']), "file-encoding");
        assert_eq!(code(b"PK\x03\x04 no workbook"), "file-unreadable");
        assert_eq!(code(b"\x89PNG\0\0"), "file-encoding");
    }

    #[test]
    fn cells_are_read_as_people_write_them() {
        let cells = ["۱۴۰۵/۹/۲", "2026-11-23T00:00:00", "۱۲٬۵۰۰٬۰۰۰", "بلی", "1.5"].map(str::to_owned);
        let places = places(&["a", "b", "c", "d", "e"]);
        let row = Row::new(&cells, &places);
        assert_eq!(row.date("a").expect("a date"), row.date("b").expect("a date"));
        assert_eq!(row.money("c").expect("money"), Some(12_500_000));
        assert_eq!(row.flag("d").expect("a flag"), Some(true));
        assert!(row.money("e").is_err() && row.flag("e").is_err() && row.date("e").is_err());
        assert_eq!(row.text("f"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_bring_the_reader_down(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400), mark in proptest::sample::select(vec![&b""[..], b"PK\x03\x04", b"\xFF\xFE", b"\xFE\xFF", b"a,b\n\""])) {
            let _ = read(&[mark, &bytes].concat());
        }
    }
}
