//! Tables as files, CSV and XLSX, written row by row: a million rows take as little memory as ten. Numbers are numbers
//! where a column is of them, and everything else is the text that it is: a code keeps its zeros, and no text is a
//! formula.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek};

use rust_xlsxwriter::{Format, Workbook, XlsxError};
use words::Lang;

/// Why a file could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Unwritten {
    /// It has more rows than a sheet of XLSX holds.
    #[error("a sheet holds no more rows")]
    TooLong,
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Csv(#[from] csv::Error),
    #[error(transparent)]
    Xlsx(#[from] XlsxError),
}

/// The kinds of files that a table becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Csv,
    Xlsx,
}

impl Kind {
    /// The kind that a name ending means.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "csv" => Some(Self::Csv),
            "xlsx" => Some(Self::Xlsx),
            _ => None,
        }
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
        }
    }

    /// Its media type.
    #[must_use]
    pub fn media(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

/// The rows that a sheet of XLSX holds (ECMA-376, 18.3.1.73), its head among them.
const MOST_ROWS: u32 = 1_048_576;

/// How wide a column is, in letters.
const WIDTH: f64 = 18.0;

/// A text of CSV that no spreadsheet takes for a formula. In XLSX a text is one by its type.
fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_number(cell) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

/// Whether a text is a number as people write it in digits: what `1E5` or `inf` say is a text.
fn is_number(cell: &str) -> bool {
    let digits = cell.strip_prefix('-').unwrap_or(cell);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    are_digits(whole) && are_digits(part) && digits.len() <= 15
}

/// A table that is being written into a file without a name.
pub struct Sheet {
    into: Into,
    /// Which columns are of numbers.
    numbers: Vec<bool>,
    rows: u32,
}

enum Into {
    Csv(Box<csv::Writer<BufWriter<File>>>),
    Xlsx(Box<Workbook>),
}

impl Sheet {
    /// Begins a table with its head. A CSV begins with a byte-order mark, without which Excel takes it for another
    /// encoding.
    ///
    /// # Errors
    /// Where the file cannot be made.
    pub fn begin(kind: Kind, title: &str, lang: Lang, head: &[String], numbers: &[bool]) -> Result<Self, Unwritten> {
        let into = match kind {
            Kind::Csv => {
                let mut file = BufWriter::new(tempfile::tempfile()?);
                io::Write::write_all(&mut file, "\u{FEFF}".as_bytes())?;
                let mut writer = csv::Writer::from_writer(file);
                writer.write_record(head.iter().map(|cell| harmless(cell)))?;
                Into::Csv(Box::new(writer))
            }
            Kind::Xlsx => {
                let mut book = Box::new(Workbook::new());
                let sheet = book.add_worksheet_with_constant_memory()?;
                let name: String = title.chars().filter(|ch| !"[]:*?/\\".contains(*ch)).take(31).collect();
                sheet.set_name(name)?.set_freeze_panes(1, 0)?;
                if lang == Lang::Fa {
                    sheet.set_right_to_left(true);
                }
                let bold = Format::new().set_bold();
                for (column, cell) in (0_u16..).zip(head) {
                    sheet.set_column_width(column, WIDTH)?.write_string_with_format(0, column, cell, &bold)?;
                }
                Into::Xlsx(book)
            }
        };
        Ok(Self { into, numbers: numbers.to_vec(), rows: 1 })
    }

    /// Writes a row.
    ///
    /// # Errors
    /// Where the file takes no more.
    pub fn row(&mut self, cells: &[String]) -> Result<(), Unwritten> {
        match &mut self.into {
            Into::Csv(writer) => writer.write_record(cells.iter().map(|cell| harmless(cell)))?,
            Into::Xlsx(_) if self.rows >= MOST_ROWS => return Err(Unwritten::TooLong),
            Into::Xlsx(book) => {
                let sheet = book.worksheet_from_index(0)?;
                for ((column, cell), is_of_numbers) in (0_u16..).zip(cells).zip(&self.numbers) {
                    match cell.parse::<f64>() {
                        Ok(number) if *is_of_numbers && is_number(cell) => {
                            sheet.write_number(self.rows, column, number)?;
                        }
                        _ => {
                            sheet.write_string(self.rows, column, cell)?;
                        }
                    }
                }
            }
        }
        self.rows += 1;
        Ok(())
    }

    /// The file, from its beginning.
    ///
    /// # Errors
    /// Where it cannot be written to its end.
    pub fn end(self) -> Result<File, Unwritten> {
        let mut file = match self.into {
            Into::Csv(writer) => {
                let file = writer.into_inner().map_err(|error| error.into_error())?;
                file.into_inner().map_err(io::IntoInnerError::into_error)?
            }
            Into::Xlsx(mut book) => {
                let last = u16::try_from(self.numbers.len().saturating_sub(1)).unwrap_or(u16::MAX);
                book.worksheet_from_index(0)?.autofilter(0, 0, self.rows - 1, last)?;
                let mut file = tempfile::tempfile()?;
                book.save_to_writer(&mut file)?;
                file
            }
        };
        file.rewind()?;
        Ok(file)
    }
}

/// A short table as the bytes of a file; the first row is the head, and what the columns after the first hold are numbers
/// where they look like it.
///
/// # Errors
/// Where the file cannot be made.
pub fn table(kind: Kind, title: &str, lang: Lang, rows: &[Vec<String>]) -> Result<Vec<u8>, Unwritten> {
    let head = rows.first().map_or(&[][..], Vec::as_slice);
    let numbers = (0..head.len()).map(|column| column > 0).collect::<Vec<_>>();
    let mut sheet = Sheet::begin(kind, title, lang, head, &numbers)?;
    rows.iter().skip(1).try_for_each(|row| sheet.row(row))?;
    let mut bytes = Vec::new();
    sheet.end()?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|cell| (*cell).to_owned()).collect()
    }

    #[test]
    fn formulas_are_neutralised_and_numbers_are_not() {
        let rows =
            [row(&["a", "b", "c", "d"]), row(&["=1+1", "-5", "@x", "plain"]), row(&["-1e5", "+98912", "-inf", ""])];
        let bytes = table(Kind::Csv, "گزارش", Lang::Fa, &rows).expect("a table");
        let text = String::from_utf8(bytes).expect("UTF-8");
        assert_eq!(text, "\u{FEFF}a,b,c,d\n'=1+1,-5,'@x,plain\n'-1e5,'+98912,'-inf,\n");
        assert!(table(Kind::Xlsx, "گزارش", Lang::Fa, &rows).is_ok_and(|bytes| bytes.starts_with(b"PK")));
    }

    #[test]
    fn only_digits_are_a_number() {
        for cell in ["0", "12", "-5", "3.50", "0912"] {
            assert!(is_number(cell), "{cell}");
        }
        for cell in ["", "-", "1E5", "inf", "nan", "+98", "1.", ".5", "1234567890123456", "12 000", "۱۲"] {
            assert!(!is_number(cell), "{cell}");
        }
    }
}
