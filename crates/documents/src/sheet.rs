//! Tables as files: CSV and XLSX. A cell that a spreadsheet would take for a formula is neutralised.

use rust_xlsxwriter::{Format, Workbook, XlsxError};
use words::Lang;

/// A text that no spreadsheet takes for a formula.
fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<f64>().is_err() {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

/// A table as CSV; the first row is the head. It begins with a byte-order mark, without which Excel takes it for another
/// encoding.
#[must_use]
pub fn csv(rows: &[Vec<String>]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer("\u{FEFF}".as_bytes().to_vec());
    for row in rows {
        // Writing into memory does not fail.
        let _ = writer.write_record(row.iter().map(|cell| harmless(cell)));
    }
    writer.into_inner().unwrap_or_default()
}

/// A table as XLSX; the first row is the head, and numbers are numbers.
///
/// # Errors
/// Where the file cannot be made.
pub fn xlsx(title: &str, rows: &[Vec<String>], lang: Lang) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let name: String = title.chars().filter(|ch| !"[]:*?/\\".contains(*ch)).take(31).collect();
    sheet.set_name(name)?;
    if lang == Lang::Fa {
        sheet.set_right_to_left(true);
    }
    let head = Format::new().set_bold();
    for (row, cells) in (0_u32..).zip(rows) {
        for (column, cell) in (0_u16..).zip(cells) {
            match cell.parse::<f64>() {
                _ if row == 0 => sheet.write_with_format(row, column, cell, &head)?,
                Ok(number) if cell.len() < 15 && !cell.starts_with('0') => sheet.write(row, column, number)?,
                _ => sheet.write(row, column, harmless(cell))?,
            };
        }
    }
    book.save_to_buffer()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_neutralised_and_numbers_are_not() {
        let text =
            String::from_utf8(csv(&[vec!["=1+1".to_owned(), "-5".to_owned(), "@x".to_owned(), "plain".to_owned()]]))
                .expect("UTF-8");
        assert_eq!(text, "\u{FEFF}'=1+1,-5,'@x,plain\n");
        assert!(xlsx("گزارش", &[vec!["a".to_owned()], vec!["=1".to_owned()]], Lang::Fa).is_ok());
    }
}
