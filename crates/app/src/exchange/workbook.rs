//! The first sheet of an XLSX as rows of cells, within limits: a small file can be made that unpacks to thousands of times its size, and one cell can be
//! put so far away that all before it would not fit anywhere.

use std::io::{Cursor, Read as _, copy, sink};

use calamine::{Data, Reader, Xlsx};
use zip::ZipArchive;

use crate::error::{Error, Result};

/// The most that all parts of a file hold once unpacked, in bytes.
const MAX_UNPACKED: u64 = 512 * 1024 * 1024;
/// The most cells that are kept, those before a filled one included: a million rows of twenty columns.
const MAX_CELLS: usize = 20_000_000;

fn unreadable(_: impl std::fmt::Display) -> Error {
    Error::invalid("file", "file-unreadable")
}

/// # Errors
/// `Invalid` at `file` where it is no workbook, has no sheet, or is too large.
pub(super) fn rows(bytes: &[u8]) -> Result<Vec<Vec<String>>> {
    unpacks_within(bytes, MAX_UNPACKED)?;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(unreadable)?;
    let first = book.sheet_names().into_iter().next().ok_or_else(|| Error::invalid("file", "file-empty"))?;
    let mut cells = book.worksheet_cells_reader(&first).map_err(unreadable)?;
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut room = MAX_CELLS;
    while let Some(found) = cells.next_cell().map_err(unreadable)? {
        let text = text_of(&Data::from(found.get_value().clone()));
        let (Ok(row), Ok(column)) = (usize::try_from(found.get_position().0), usize::try_from(found.get_position().1)) else { continue };
        if text.is_empty() {
            continue;
        }
        let before = (row + 1).saturating_sub(rows.len()) + (column + 1).saturating_sub(rows.get(row).map_or(0, Vec::len));
        room = room.checked_sub(before).ok_or_else(|| Error::invalid("file", "file-too-large"))?;
        if rows.len() <= row {
            rows.resize(row + 1, Vec::new());
        }
        if let Some(cells) = rows.get_mut(row) {
            if cells.len() <= column {
                cells.resize(column + 1, String::new());
            }
            cells[column] = text;
        }
    }
    // A table may begin anywhere on its sheet.
    let indent = rows.iter().filter_map(|row| row.iter().position(|cell| !cell.is_empty())).min().unwrap_or(0);
    for row in rows.iter_mut().filter(|row| !row.is_empty()) {
        row.drain(..indent);
    }
    Ok(rows)
}

/// Unpacks to nowhere: what an archive says of its own size is not believed.
fn unpacks_within(bytes: &[u8], limit: u64) -> Result<()> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(unreadable)?;
    let mut room = limit;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(unreadable)?;
        let size = copy(&mut part.take(room + 1), &mut sink()).map_err(unreadable)?;
        room = room.checked_sub(size).ok_or_else(|| Error::invalid("file", "file-too-large"))?;
    }
    Ok(())
}

fn text_of(data: &Data) -> String {
    match data {
        Data::Empty | Data::Error(_) => String::new(),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        // A number that a spreadsheet keeps as floating point is written without a point where it is whole.
        Data::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.0}"),
        Data::Float(number) => number.to_string(),
        Data::Int(number) => number.to_string(),
        Data::Bool(flag) => flag.to_string(),
        Data::DateTime(at) => {
            let (year, month, day, ..) = at.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::{ProptestConfig, proptest};
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;
    use crate::testing::damages;

    /// A workbook of one sheet: the least that a spreadsheet program would open.
    fn book(sheet: &str) -> Vec<u8> {
        let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
        let relations = "http://schemas.openxmlformats.org/package/2006/relationships";
        let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        let parts = [
            ("[Content_Types].xml", "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>".to_owned()),
            ("_rels/.rels", format!("<Relationships xmlns=\"{relations}\"><Relationship Id=\"a\" Type=\"{office}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>")),
            ("xl/workbook.xml", format!("<workbook xmlns=\"{main}\" xmlns:r=\"{office}\"><sheets><sheet name=\"S\" sheetId=\"1\" r:id=\"b\"/></sheets></workbook>")),
            (
                "xl/_rels/workbook.xml.rels",
                format!("<Relationships xmlns=\"{relations}\"><Relationship Id=\"b\" Type=\"{office}/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>"),
            ),
            ("xl/styles.xml", format!("<styleSheet xmlns=\"{main}\"><cellXfs count=\"2\"><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/></cellXfs></styleSheet>")),
            ("xl/worksheets/sheet1.xml", format!("<worksheet xmlns=\"{main}\"><sheetData>{sheet}</sheetData></worksheet>")),
        ];
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in parts {
            archive.start_file(name, SimpleFileOptions::default()).expect("a part");
            archive.write_all(text.as_bytes()).expect("written");
        }
        archive.finish().expect("a workbook").into_inner()
    }

    const TABLE: &str = "<row r=\"2\"><c r=\"B2\" t=\"inlineStr\"><is><t>کد</t></is></c><c r=\"C2\" t=\"inlineStr\"><is><t>تاریخ</t></is></c></row>\
                         <row r=\"3\"><c r=\"B3\"><v>12500000</v></c><c r=\"C3\" s=\"1\"><v>46349</v></c></row>";

    fn code(read: Result<Vec<Vec<String>>>) -> String {
        match read {
            Err(Error::Invalid(faults)) => faults[0].reason.code.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_table_is_read_wherever_it_begins_on_its_sheet() {
        let read = rows(&book(TABLE)).expect("a table");
        assert_eq!(read, [vec![], vec!["کد".to_owned(), "تاریخ".to_owned()], vec!["12500000".to_owned(), "2026-11-23".to_owned()]]);
    }

    #[test]
    fn what_would_not_fit_is_refused() {
        let far = |cells: usize| (1..=cells).map(|row| format!("<row r=\"{row}\"><c r=\"XFD{row}\"><v>1</v></c></row>")).collect::<String>();
        assert!(rows(&book(&far(2))).is_ok(), "a cell far away alone is none too many");
        assert_eq!(code(rows(&book(&far(1_300)))), "file-too-large");
        let file = book(TABLE);
        let unpacked = |limit| unpacks_within(&file, limit).map(|()| Vec::new());
        assert!(unpacked(100_000).is_ok());
        assert_eq!(code(unpacked(100)), "file-too-large");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn a_workbook_that_was_damaged_brings_nothing_down(damage in damages()) {
            for file in damage.of(book(TABLE)) {
                let _ = rows(&file);
            }
        }

        #[test]
        fn no_sheet_brings_the_reader_down(sheet in "(<row r=\"[0-9]{1,8}\">|<c r=\"[A-Z]{0,4}[0-9]{0,9}\" t=\"[a-z]{0,3}\" s=\"[0-9]{0,3}\">|<v>[-0-9.eE]{0,12}</v>|</c>|</row>|<is><t>x</t></is>){0,12}") {
            let _ = rows(&book(&sheet));
        }
    }
}
