//! A file as rows of cells, one after another: CSV in UTF-8 or UTF-16 (comma, semicolon or tab), and the first sheet of
//! an XLSX.
//!
//! No more of a file is held than a row, and of a workbook its bytes and the texts that its cells share. What a cell, a
//! row and a file may be is limited, so that a file costs what it weighs, and not what it names.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Cursor, Read};

use csv::StringRecord;
use domain::time::typed_date;
use jiff::civil::Date;

use super::columns::longest;
use super::workbook::{Book, has_few_files};
use crate::exchange::lines::{Lines, MAX_CELL, MAX_COLUMNS, cell_too_long, too_large, too_wide, unreadable};
use store::error::{Error, Fault, Faults, Result};

/// The largest file that is read, in bytes: a million rows of devices with their cards and owners.
pub const MAX_FILE: usize = 64 * 1024 * 1024;
/// The largest workbook: it is held while its rows are read, and packed it holds as much as a text of several times its
/// size.
const MAX_WORKBOOK: usize = 16 * 1024 * 1024;
/// Bytes of a row, and of the texts of all cells: one that stands in several cells counts in each.
const MAX_ROW: usize = 4 * 1024 * 1024;
const MAX_TEXT: usize = 128 * 1024 * 1024;
/// What is looked at to tell what stands between cells, in bytes.
const BEGINNING: u64 = 64 * 1024;
/// Rows that are kept for the eye; characters of their cells, and of headings.
const SAMPLE: usize = 5;
const SHORT: usize = 200;

/// What went wrong while reading, where our own readers said it.
fn told(error: io::Error) -> Error {
    error.downcast::<Error>().unwrap_or_else(unreadable)
}

/// The rows of a file from its headings on. Lines in which nothing stands are passed over.
pub struct Rows<'f> {
    lines: &'f mut dyn Lines,
    row: Vec<String>,
    text: usize,
}

impl Rows<'_> {
    /// The next row; None at the end.
    ///
    /// # Errors
    /// `Invalid` at `file` where it cannot be read or is too large.
    pub fn read(&mut self) -> Result<Option<&[String]>> {
        while self.lines.next(&mut self.row)? {
            let bytes = self.row.iter().map(String::len).sum::<usize>();
            self.text = self.text.saturating_add(bytes);
            if bytes > MAX_ROW || self.text > MAX_TEXT {
                return Err(too_large());
            }
            if self.row.len() > MAX_COLUMNS {
                return Err(too_wide());
            }
            if self.row.iter().any(|cell| cell.len() > MAX_CELL && cell.chars().count() > MAX_CELL) {
                return Err(cell_too_long());
            }
            if self.row.iter().any(|cell| !cell.trim().is_empty()) {
                return Ok(Some(self.row.as_slice()));
            }
        }
        Ok(None)
    }
}

/// Opens a file by what it is, not by what it is called, and has its rows read.
///
/// # Errors
/// `Invalid` at `file` where it is no text and no workbook, or too large; what `each` tells.
pub fn with_rows<T>(file: impl Read, each: impl FnOnce(&mut Rows<'_>) -> Result<T>) -> Result<T> {
    let mut file = BufReader::new(file);
    let is_workbook = file.fill_buf().map_err(told)?.starts_with(b"PK");
    if is_workbook {
        let mut bytes = Vec::new();
        file.take(u64::try_from(MAX_WORKBOOK).unwrap_or(u64::MAX) + 1).read_to_end(&mut bytes).map_err(told)?;
        if bytes.len() > MAX_WORKBOOK || !has_few_files(&bytes) {
            return Err(too_large());
        }
        let mut book = Book::open(Cursor::new(bytes))?;
        let mut sheet = book.sheet()?;
        each(&mut Rows { lines: &mut sheet, row: Vec::new(), text: 0 })
    } else {
        let mut text = Text::open(file)?;
        each(&mut Rows { lines: &mut text, row: Vec::new(), text: 0 })
    }
}

/// How a file looks: its headings, the first rows below them with their cells cut short, and how many rows there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Glance {
    pub headings: Vec<String>,
    pub sample: Vec<Vec<String>>,
    pub rows: usize,
}

/// A heading as it is known by.
pub(super) fn heading(cell: &str) -> String {
    cell.trim().chars().take(SHORT).collect()
}

/// Reads a whole file and keeps how it looks.
///
/// # Errors
/// `Invalid` at `file` where it is empty, too large, no text and no workbook.
pub fn glance(file: impl Read) -> Result<Glance> {
    with_rows(file, |rows| {
        let Some(headings) = rows.read()? else { return Err(Error::invalid("file", "file-empty")) };
        let filled = |row: &[String]| row.iter().position(|cell| !cell.is_empty()).unwrap_or(usize::MAX);
        let mut indent = filled(headings);
        let mut glance = Glance { headings: headings.iter().map(|cell| heading(cell)).collect(), ..Glance::default() };
        while let Some(row) = rows.read()? {
            indent = indent.min(filled(row));
            glance.rows += 1;
            if glance.rows <= SAMPLE {
                glance.sample.push(row.iter().map(|cell| cell.chars().take(SHORT).collect()).collect());
            }
        }
        // A table may begin anywhere on its sheet.
        for row in std::iter::once(&mut glance.headings).chain(&mut glance.sample) {
            row.drain(..indent.min(row.len()));
        }
        Ok(glance)
    })
}

/// A file of text as records.
struct Text<'f> {
    reader: csv::Reader<Measured<Box<dyn Read + 'f>>>,
    record: StringRecord,
}

/// Reads bytes, and counts those of the record that is being read.
struct Measured<R> {
    bytes: R,
    record: usize,
}

impl<R: Read> Read for Measured<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.record > MAX_ROW {
            return Err(io::Error::other(too_large()));
        }
        let count = self.bytes.read(out)?;
        self.record += count;
        Ok(count)
    }
}

impl<'f> Text<'f> {
    fn open(mut file: impl BufRead + 'f) -> Result<Self> {
        let wide: Option<fn([u8; 2]) -> u16> = match file.fill_buf().map_err(told)? {
            [0xFF, 0xFE, ..] => Some(u16::from_le_bytes),
            [0xFE, 0xFF, ..] => Some(u16::from_be_bytes),
            _ => None,
        };
        let mut text: Box<dyn Read + 'f> = match wide {
            Some(unit) => {
                file.consume(2);
                Box::new(Wide { file, unit, text: Vec::new(), read: 0 })
            }
            None => Box::new(file),
        };
        let mut beginning = Vec::new();
        text.by_ref().take(BEGINNING).read_to_end(&mut beginning).map_err(told)?;
        while beginning.starts_with("\u{FEFF}".as_bytes()) {
            beginning.drain(..3);
        }
        let first = beginning.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let count = |mark: u8| first.iter().filter(|byte| **byte == mark).count();
        let delimiter =
            [b',', b';', b'\t'].into_iter().max_by_key(|mark| (count(*mark), *mark == b',')).unwrap_or(b',');
        let bytes: Box<dyn Read + 'f> = Box::new(Cursor::new(beginning).chain(text));
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(Measured { bytes, record: 0 });
        Ok(Self { reader, record: StringRecord::new() })
    }
}

impl Lines for Text<'_> {
    fn next(&mut self, line: &mut Vec<String>) -> Result<bool> {
        let is_there = self.reader.read_record(&mut self.record).map_err(|error| match error.into_kind() {
            csv::ErrorKind::Io(error) => told(error),
            csv::ErrorKind::Utf8 { .. } => Error::invalid("file", "file-encoding"),
            _ => unreadable("no records"),
        })?;
        self.reader.get_mut().record = 0;
        if self.record.len() > MAX_COLUMNS {
            return Err(too_wide());
        }
        line.resize(self.record.len(), String::new());
        for (place, cell) in line.iter_mut().zip(&self.record) {
            if cell.contains('\0') {
                return Err(unreadable("no text"));
            }
            place.clear();
            place.push_str(unmarked(cell));
        }
        Ok(is_there)
    }
}

/// A text without the mark by which a CSV keeps spreadsheets from taking it for a formula, as ours do.
fn unmarked(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => text,
        _ => cell,
    }
}

/// Text in units of two bytes, as UTF-8.
struct Wide<R> {
    file: R,
    unit: fn([u8; 2]) -> u16,
    text: Vec<u8>,
    read: usize,
}

impl<R: Read> Wide<R> {
    /// The next unit; None at the end, where a single byte may be left.
    fn next(&mut self) -> io::Result<Option<u16>> {
        let mut pair = [0; 2];
        match self.file.read_exact(&mut pair) {
            Ok(()) => Ok(Some((self.unit)(pair))),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl<R: Read> Read for Wide<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.read == self.text.len() {
            self.text.clear();
            self.read = 0;
            while self.text.len() < 8192 {
                let Some(first) = self.next()? else { break };
                // A letter beyond the first 65,536 is written as two units.
                let second = if matches!(first, 0xD800..=0xDBFF) { self.next()? } else { None };
                for letter in char::decode_utf16(std::iter::once(first).chain(second)) {
                    let letter = letter.map_err(|_| io::Error::other(Error::invalid("file", "file-encoding")))?;
                    self.text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                }
            }
        }
        let left = &self.text[self.read..];
        let count = left.len().min(out.len());
        out[..count].copy_from_slice(&left[..count]);
        self.read += count;
        Ok(count)
    }
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

    /// # Errors
    /// `Invalid` at each column in which stands what is no text that a person means, or more than fits.
    pub fn must_be_clean(&self) -> Result<()> {
        let mut faults = Faults::default();
        for (column, cell) in &self.cells {
            faults.check(domain::text::is_clean(cell), column, "unclean-text");
            let limit = longest(column);
            if cell.chars().nth(limit).is_some() {
                faults.add(Fault::new(*column, "too-long").with("limit", limit.to_string()));
            }
        }
        faults.told()
    }

    /// What stands in a column; None where nothing is to be seen.
    #[must_use]
    pub fn text(&self, column: &str) -> Option<&'t str> {
        self.cells.get(column).copied().filter(|cell| domain::text::has_visible(cell))
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
        plain
            .parse::<i64>()
            .ok()
            .filter(|amount| *amount >= 0)
            .map(Some)
            .ok_or_else(|| Error::invalid(column, "whole-number"))
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

/// What a file holds: its headings, and the rows below them.
#[cfg(test)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    pub headings: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

/// Reads a file, and keeps all of it.
#[cfg(test)]
pub fn read(file: &[u8]) -> Result<Table> {
    let Glance { headings, .. } = glance(file)?;
    with_rows(file, |rows| {
        let before = rows.read()?.map_or(0, |row| row.len().saturating_sub(headings.len()));
        let mut all = Vec::new();
        while let Some(row) = rows.read()? {
            all.push(row.iter().skip(before).cloned().collect());
        }
        Ok(Table { headings, rows: all })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_looked_at_without_being_kept() {
        let long = "x".repeat(300);
        let rows = (0..40).map(|row| format!("\n{row},{long}\n,\n")).collect::<String>();
        let seen = glance(format!("a,b{rows}").as_bytes()).expect("a table");
        assert_eq!((seen.headings, seen.rows), (vec!["a".to_owned(), "b".to_owned()], 40));
        assert_eq!(seen.sample, (0..5).map(|row| vec![row.to_string(), "x".repeat(200)]).collect::<Vec<_>>());
    }

    #[test]
    fn a_text_that_would_not_fit_is_refused() {
        let code = |text: &str| match glance(text.as_bytes()) {
            Err(Error::Invalid(faults)) => faults[0].reason.code.to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!(code(&",x".repeat(1001)), "file-too-wide");
        assert!(glance("x,".repeat(999).as_bytes()).is_ok());
        assert_eq!(code(&"\u{1F600}".repeat(32_768)), "file-cell-too-long");
        assert!(glance("\u{1F600}".repeat(32_767).as_bytes()).is_ok());
        assert_eq!(code(&format!("a\n\"{}", "x\n".repeat(3 * 1024 * 1024))), "file-too-large");
    }

    #[test]
    fn letters_of_two_units_are_read_and_halves_of_them_are_not() {
        let wide = |text: &[u16]| text.iter().flat_map(|unit| unit.to_be_bytes()).collect::<Vec<_>>();
        let whole = "\u{FEFF}a\u{1F600}b\n1".encode_utf16().collect::<Vec<_>>();
        assert_eq!(read(&wide(&whole)).expect("a table").headings, ["a\u{1F600}b"]);
        for half in [&[0xFEFF, 0x61, 0xD83D][..], &[0xFEFF, 0xD83D, 0x61], &[0xFEFF, 0xDE00, 0x61]] {
            assert!(
                matches!(read(&wide(half)), Err(Error::Invalid(faults)) if faults[0].reason.code == "file-encoding"),
                "{half:x?}"
            );
        }
    }

    fn places(names: &[&str]) -> BTreeMap<String, usize> {
        names.iter().enumerate().map(|(index, name)| ((*name).to_owned(), index)).collect()
    }

    #[test]
    fn text_is_read_in_its_usual_dresses() {
        let expected = Table {
            headings: vec!["کد".to_owned(), "نام".to_owned()],
            rows: vec![vec!["A, 1".to_owned(), "یخچال".to_owned()]],
        };
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
        let cells = ["\u{200B}", "a\u{202E}"].map(str::to_owned);
        let row = Row::new(&cells, &places);
        assert!(row.text("a").is_none() && row.required("a").is_err());
        assert!(
            matches!(row.must_be_clean(), Err(Error::Invalid(faults)) if faults == [Fault::new("b", "unclean-text")])
        );
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_bring_the_reader_down(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400), mark in proptest::sample::select(vec![&b""[..], b"PK\x03\x04", b"\xFF\xFE", b"\xFE\xFF", b"a,b\n\""])) {
            let _ = read(&[mark, &bytes].concat());
        }
    }
}
