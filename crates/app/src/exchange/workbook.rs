//! The first sheet of an XLSX, row by row. A small file can be made that unpacks to thousands of times its size, that
//! names one long text from a million cells, or that tells of more than there is; so every piece of XML is measured
//! while it is read, and what is kept of it is counted before it is kept.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Seek};

use jiff::Span;
use jiff::civil::date;
use quick_xml::events::{BytesRef, BytesStart, Event};
use zip::ZipArchive;
use zip::read::ZipFile;

use crate::exchange::lines::{Lines, MAX_CELL, MAX_COLUMNS, cell_too_long, too_large, too_wide, unreadable};
use store::error::{Error, Result};

/// The most that a sheet unpacks to, in bytes, and what every other part does.
const MAX_SHEET: u64 = 128 * 1024 * 1024;
const MAX_SHARED: u64 = 64 * 1024 * 1024;
const MAX_PART: u64 = 4 * 1024 * 1024;
/// The most that one tag or one text takes, in bytes of XML: a cell of the longest text, each character written by its
/// number.
const MAX_PIECE: u64 = 512 * 1024;
/// How deep elements stand in one another.
const MAX_DEPTH: usize = 64;
/// Files within the archive.
const MAX_FILES: usize = 4096;
/// The texts that cells share, all in all in bytes, and how many there are.
const MAX_SHARED_TEXT: usize = 32 * 1024 * 1024;
const MAX_SHARED_TEXTS: usize = 1_000_000;
/// Formats of cells and of numbers, as many as Excel allows.
const MAX_FORMATS: usize = 65_000;
/// Rows of a sheet, as many as Excel allows.
const MAX_ROWS: usize = 1_048_576;
/// The last day that Excel knows, 9999-12-31.
const LAST_DAY: f64 = 2_958_465.0;

/// Reads bytes, and counts those of the piece that is being read.
struct Measured<B> {
    bytes: B,
    piece: u64,
    all: u64,
    most: u64,
    is_over: bool,
}

impl<B: BufRead> Read for Measured<B> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(out)?;
        self.consume(count);
        Ok(count)
    }
}

impl<B: BufRead> BufRead for Measured<B> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.piece > MAX_PIECE || self.all > self.most {
            self.is_over = true;
            return Err(io::Error::other("a part of the workbook is too large"));
        }
        self.bytes.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.bytes.consume(count);
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        (self.piece, self.all) = (self.piece.saturating_add(count), self.all.saturating_add(count));
    }
}

/// A part of the archive, as pieces of XML.
struct Part<'z, R: Read> {
    xml: quick_xml::Reader<Measured<BufReader<ZipFile<'z, R>>>>,
    depth: usize,
}

impl<'z, R: Read + Seek> Part<'z, R> {
    /// None where the archive has none of this name, in whatever case it is written.
    fn open(archive: &'z mut ZipArchive<R>, name: &str, most: u64) -> Result<Option<Self>> {
        let is_it = |found: Cow<'_, str>| found.replace('\\', "/").eq_ignore_ascii_case(name);
        let Some(index) = archive.file_names().position(|found| found.is_ok_and(is_it)) else { return Ok(None) };
        let bytes = BufReader::new(archive.by_index(index).map_err(unreadable)?);
        let mut xml = quick_xml::Reader::from_reader(Measured { bytes, piece: 0, all: 0, most, is_over: false });
        let config = xml.config_mut();
        config.check_end_names = false;
        config.expand_empty_elements = true;
        Ok(Some(Self { xml, depth: 0 }))
    }

    fn required(archive: &'z mut ZipArchive<R>, name: &str) -> Result<Self> {
        Self::open(archive, name, MAX_PART)?.ok_or_else(|| unreadable(name))
    }

    /// The next piece, in `piece`.
    fn next<'p>(&mut self, piece: &'p mut Vec<u8>) -> Result<Event<'p>> {
        piece.clear();
        self.xml.get_mut().piece = 0;
        match self.xml.read_event_into(piece) {
            Ok(event) => {
                match &event {
                    Event::Start(_) => self.depth += 1,
                    Event::End(_) => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                }
                if self.depth > MAX_DEPTH { Err(too_large()) } else { Ok(event) }
            }
            Err(_) if self.xml.get_ref().is_over => Err(too_large()),
            Err(error) => Err(unreadable(error)),
        }
    }

    /// Calls `each` for every beginning of an element, to the end of the part.
    fn elements(&mut self, mut each: impl FnMut(&str, &BytesStart<'_>) -> Result<()>) -> Result<()> {
        let mut piece = Vec::new();
        loop {
            match self.next(&mut piece)? {
                Event::Start(element) => each(element.local_name().as_ref(), &element)?,
                Event::Eof => return Ok(()),
                _ => {}
            }
        }
    }

    /// Adds the texts of all elements of a name, up to the end of the element that bears them. A `t` has its ends
    /// trimmed unless it says otherwise; how it is pronounced (`rPh`) is no part of it.
    fn texts(&mut self, of: &str, end: &str, piece: &mut Vec<u8>, out: &mut String) -> Result<()> {
        let begin = out.len();
        let (mut is_in, mut is_spoken, mut is_kept, mut from) = (false, false, true, begin);
        loop {
            match self.next(piece)? {
                Event::Start(element) => match element.local_name().as_ref() {
                    "rPh" => is_spoken = true,
                    name if name == of && !is_spoken => {
                        is_kept = of != "t" || attribute(&element, "space")?.is_some_and(|space| space == "preserve");
                        (is_in, from) = (true, out.len());
                    }
                    _ => {}
                },
                Event::End(element) => match element.local_name().as_ref() {
                    "rPh" => is_spoken = false,
                    name if name == end => return Ok(()),
                    name if name == of && is_in => {
                        is_in = false;
                        let typed =
                            if is_kept { &out[from..] } else { out[from..].trim_matches([' ', '\t', '\r', '\n']) };
                        if typed.len() < out.len() - from || typed.contains("_x") {
                            let typed = unescaped(typed);
                            out.truncate(from);
                            out.push_str(&typed);
                        }
                    }
                    _ => {}
                },
                Event::Text(text) if is_in => out.push_str(&text.xml10_content()),
                Event::CData(text) if is_in => out.push_str(&text.xml10_content()),
                Event::GeneralRef(reference) if is_in => out.push(letter(&reference)?),
                Event::Eof => return Err(unreadable("it ends too soon")),
                _ => {}
            }
            // A character has at most four bytes.
            if out.len() - begin > 4 * MAX_CELL {
                return Err(cell_too_long());
            }
        }
    }
}

/// The value of an attribute, whatever stands before the colon of its name.
fn attribute(element: &BytesStart<'_>, name: &str) -> Result<Option<String>> {
    for attribute in element.attributes().with_checks(false) {
        let attribute = attribute.map_err(unreadable)?;
        let key: &str = attribute.key.as_ref();
        if key == name || key.rsplit_once(':').is_some_and(|(_, local)| local == name) {
            return Ok(Some(quick_xml::escape::unescape(&attribute.value).map_err(unreadable)?.into_owned()));
        }
    }
    Ok(None)
}

/// What `&amp;` or `&#1740;` stands for.
fn letter(reference: &BytesRef<'_>) -> Result<char> {
    let name: &str = reference.as_ref();
    let named = quick_xml::escape::resolve_xml_entity(name).and_then(|text| text.chars().next());
    match named {
        Some(letter) => Ok(letter),
        None => reference.resolve_char_ref().map_err(unreadable)?.ok_or_else(|| unreadable(name)),
    }
}

/// Text in which a spreadsheet wrote characters that XML cannot hold as `_x000D_`, in units of UTF-16.
fn unescaped(text: &str) -> String {
    let mut units = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(place) = rest.find("_x") {
        let hex = rest.get(place + 2..place + 6).filter(|hex| {
            hex.bytes().all(|byte| byte.is_ascii_hexdigit()) && rest.get(place + 6..place + 7) == Some("_")
        });
        match hex.and_then(|hex| u16::from_str_radix(hex, 16).ok()) {
            Some(unit) => {
                units.extend(rest[..place].encode_utf16());
                units.push(unit);
                rest = &rest[place + 7..];
            }
            None => {
                units.extend(rest[..place + 2].encode_utf16());
                rest = &rest[place + 2..];
            }
        }
    }
    units.extend(rest.encode_utf16());
    String::from_utf16_lossy(&units)
}

/// The texts that cells share, one behind the other.
#[derive(Default)]
struct Shared {
    text: String,
    ends: Vec<usize>,
}

impl Shared {
    fn read<R: Read + Seek>(mut part: Part<'_, R>) -> Result<Self> {
        let mut shared = Self::default();
        let (mut piece, mut inner) = (Vec::new(), Vec::new());
        loop {
            let is_text = match part.next(&mut piece)? {
                Event::Start(element) => element.local_name().as_ref() == "si",
                Event::Eof => return Ok(shared),
                _ => false,
            };
            if is_text {
                part.texts("t", "si", &mut inner, &mut shared.text)?;
                shared.ends.push(shared.text.len());
                if shared.text.len() > MAX_SHARED_TEXT || shared.ends.len() > MAX_SHARED_TEXTS {
                    return Err(too_large());
                }
            }
        }
    }

    fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let begin = index.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.text.get(begin..end)
    }
}

/// A workbook that was opened.
pub(super) struct Book<R> {
    archive: ZipArchive<R>,
    /// The name of its first sheet's part.
    sheet: String,
    shared: Shared,
    /// Whether numbers of each format of cells are dates.
    dates: Vec<bool>,
    /// Whether days are counted from 1904 on.
    from_1904: bool,
}

impl<R: Read + Seek> Book<R> {
    /// # Errors
    /// `Invalid` at `file` where it is no workbook, has no sheet, or is too large.
    pub(super) fn open(file: R) -> Result<Self> {
        let mut archive = ZipArchive::new(file).map_err(unreadable)?;
        let mut document = None;
        Part::required(&mut archive, "_rels/.rels")?.elements(|name, element| {
            if name == "Relationship"
                && attribute(element, "Type")?.is_some_and(|kind| kind.ends_with("/officeDocument"))
            {
                document = attribute(element, "Target")?;
            }
            Ok(())
        })?;
        let document = document.ok_or_else(|| unreadable("no workbook"))?;
        let document = document.strip_prefix('/').unwrap_or(&document);
        let (folder, name) =
            document.rsplit_once('/').map_or((String::new(), document), |(folder, name)| (format!("{folder}/"), name));

        let (mut first, mut from_1904) = (None, false);
        Part::required(&mut archive, document)?.elements(|name, element| {
            match name {
                "sheet" if first.is_none() => first = attribute(element, "id")?,
                "workbookPr" => {
                    from_1904 =
                        attribute(element, "date1904")?.map_or(from_1904, |value| value == "1" || value == "true")
                }
                _ => {}
            }
            Ok(())
        })?;
        let first = first.ok_or_else(|| Error::invalid("file", "file-empty"))?;
        let mut sheet = None;
        Part::required(&mut archive, &format!("{folder}_rels/{name}.rels"))?.elements(|name, element| {
            if name == "Relationship" && attribute(element, "Id")?.as_ref() == Some(&first) {
                sheet = attribute(element, "Target")?;
            }
            Ok(())
        })?;
        let sheet = sheet.ok_or_else(|| unreadable("no sheet"))?;
        let sheet = sheet.strip_prefix('/').map_or_else(|| format!("{folder}{sheet}"), str::to_owned);

        let dates = match Part::open(&mut archive, &format!("{folder}styles.xml"), MAX_PART)? {
            Some(part) => dates(part)?,
            None => Vec::new(),
        };
        let shared = match Part::open(&mut archive, &format!("{folder}sharedStrings.xml"), MAX_SHARED)? {
            Some(part) => Shared::read(part)?,
            None => Shared::default(),
        };
        Ok(Self { archive, sheet, shared, dates, from_1904 })
    }

    /// The rows of its first sheet, from the first on.
    ///
    /// # Errors
    /// `Invalid` at `file` where there is none.
    pub(super) fn sheet(&mut self) -> Result<Sheet<'_, R>> {
        let part = Part::open(&mut self.archive, &self.sheet, MAX_SHEET)?.ok_or_else(|| unreadable("no sheet"))?;
        let (piece, inner, typed) = (Vec::new(), Vec::new(), String::new());
        Ok(Sheet {
            part,
            shared: &self.shared,
            dates: &self.dates,
            from_1904: self.from_1904,
            rows: 0,
            column: 0,
            is_over: false,
            piece,
            inner,
            typed,
        })
    }
}

/// Whether an archive has no more files than a workbook can have: of each its directory keeps a head, which begins with
/// these letters.
pub(super) fn has_few_files(bytes: &[u8]) -> bool {
    bytes.windows(4).filter(|window| *window == b"PK\x01\x02").take(MAX_FILES + 1).count() <= MAX_FILES
}

/// Which formats of cells show a number as a date.
fn dates<R: Read + Seek>(mut part: Part<'_, R>) -> Result<Vec<bool>> {
    let mut numbers = HashMap::new();
    let mut cells = Vec::new();
    let mut is_of_cells = false;
    part.elements(|name, element| {
        match name {
            "numFmt" => {
                if let (Some(id), Some(format)) = (attribute(element, "numFmtId")?, attribute(element, "formatCode")?) {
                    numbers.insert(id, shows_date(&format));
                }
            }
            "cellStyleXfs" => is_of_cells = false,
            "cellXfs" => is_of_cells = true,
            "xf" if is_of_cells => {
                let id = attribute(element, "numFmtId")?.unwrap_or_default();
                cells.push(
                    numbers
                        .get(&id)
                        .copied()
                        .unwrap_or_else(|| matches!(id.parse::<u16>(), Ok(14..=22 | 27..=36 | 45..=47 | 50..=58))),
                );
            }
            "cellStyles" | "dxfs" => is_of_cells = false,
            _ => {}
        }
        if numbers.len() > MAX_FORMATS || cells.len() > MAX_FORMATS { Err(too_large()) } else { Ok(()) }
    })?;
    Ok(cells)
}

/// Whether a format shows a number as a date or a time: its first section has letters of one, not as text between
/// quotes, not after a sign that makes the next letter text, and not within brackets, but for a span of time as in
/// `[hh]`.
fn shows_date(format: &str) -> bool {
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        match letter.to_ascii_lowercase() {
            '\\' | '_' | '*' => {
                letters.next();
            }
            '"' => {
                letters.by_ref().find(|letter| *letter == '"');
            }
            '[' => {
                let inside = letters
                    .by_ref()
                    .take_while(|letter| *letter != ']')
                    .map(|letter| letter.to_ascii_lowercase())
                    .collect::<String>();
                if ['h', 'm', 's'].iter().any(|unit| !inside.is_empty() && inside.chars().all(|letter| letter == *unit))
                {
                    return true;
                }
            }
            ';' => return false,
            'd' | 'm' | 'y' | 'h' | 's' => return true,
            _ => {}
        }
    }
    false
}

/// What a cell holds, as its attribute `t` says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Shared,
    Inline,
    Flag,
    Wrong,
    Text,
    Number,
    Unsaid,
}

/// What the tag of a cell says.
struct Head {
    column: Option<usize>,
    format: usize,
    kind: Kind,
}

impl Head {
    fn of(element: &BytesStart<'_>) -> Result<Self> {
        let mut head = Self { column: None, format: 0, kind: Kind::Unsaid };
        for attribute in element.attributes().with_checks(false) {
            let attribute = attribute.map_err(unreadable)?;
            let value: &str = &attribute.value;
            match attribute.key.as_ref() {
                "r" => head.column = Some(column_of(value)?),
                "s" => head.format = value.parse().unwrap_or(0),
                "t" => {
                    head.kind = match value {
                        "s" => Kind::Shared,
                        "inlineStr" | "is" => Kind::Inline,
                        "b" => Kind::Flag,
                        "e" => Kind::Wrong,
                        "str" | "d" => Kind::Text,
                        "n" => Kind::Number,
                        other => return Err(unreadable(other)),
                    };
                }
                _ => {}
            }
        }
        Ok(head)
    }
}

/// The column of `AB12`, the first being 0.
fn column_of(place: &str) -> Result<usize> {
    let letters = place.bytes().take_while(u8::is_ascii_alphabetic).collect::<Vec<_>>();
    match letters.len() {
        1..=3 => Ok(letters
            .iter()
            .fold(0, |column, letter| column * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1)
            - 1),
        _ => Err(unreadable(place)),
    }
}

/// The rows of a sheet.
pub(super) struct Sheet<'b, R: Read> {
    part: Part<'b, R>,
    shared: &'b Shared,
    dates: &'b [bool],
    from_1904: bool,
    rows: usize,
    column: usize,
    is_over: bool,
    // What is read into, so that not every cell takes memory anew.
    piece: Vec<u8>,
    inner: Vec<u8>,
    typed: String,
}

enum Met {
    Row,
    Cell(Head),
    EndOfRow,
    EndOfSheet,
    Other,
}

impl<R: Read + Seek> Lines for Sheet<'_, R> {
    fn next(&mut self, line: &mut Vec<String>) -> Result<bool> {
        line.clear();
        while !self.is_over {
            let met = match self.part.next(&mut self.piece)? {
                Event::Start(element) => match element.local_name().as_ref() {
                    "row" => Met::Row,
                    "c" => Met::Cell(Head::of(&element)?),
                    _ => Met::Other,
                },
                Event::End(element) => match element.local_name().as_ref() {
                    "row" => Met::EndOfRow,
                    "sheetData" => Met::EndOfSheet,
                    _ => Met::Other,
                },
                Event::Eof => return Err(unreadable("it ends too soon")),
                _ => Met::Other,
            };
            match met {
                Met::Row => {
                    (self.rows, self.column) = (self.rows + 1, 0);
                    if self.rows > MAX_ROWS {
                        return Err(too_large());
                    }
                }
                Met::Cell(head) => self.cell(&head, line)?,
                Met::EndOfRow => return Ok(true),
                Met::EndOfSheet => self.is_over = true,
                Met::Other => {}
            }
        }
        Ok(false)
    }
}

impl<R: Read + Seek> Sheet<'_, R> {
    fn cell(&mut self, head: &Head, line: &mut Vec<String>) -> Result<()> {
        let column = head.column.unwrap_or(self.column);
        self.column = column + 1;
        self.typed.clear();
        self.part.texts(if head.kind == Kind::Inline { "t" } else { "v" }, "c", &mut self.inner, &mut self.typed)?;
        let typed = self.typed.as_str();
        let shown = match head.kind {
            _ if typed.is_empty() => Cow::Borrowed(""),
            Kind::Wrong => Cow::Borrowed(""),
            Kind::Inline | Kind::Text => Cow::Borrowed(typed),
            Kind::Shared => Cow::Borrowed(
                typed.parse().ok().and_then(|index| self.shared.get(index)).ok_or_else(|| unreadable(typed))?,
            ),
            Kind::Flag => match typed.trim() {
                "0" | "false" | "FALSE" => Cow::Borrowed("false"),
                "1" | "true" | "TRUE" => Cow::Borrowed("true"),
                other => return Err(unreadable(other)),
            },
            Kind::Number | Kind::Unsaid => match typed.parse::<f64>() {
                Ok(number) if self.dates.get(head.format).copied().unwrap_or(false) => {
                    Cow::Owned(day_of(number, self.from_1904))
                }
                // A number that a spreadsheet keeps as floating point is written without a point where it is whole.
                Ok(number) if number.fract() == 0.0 && number.abs() < 1e15 => Cow::Owned(format!("{number:.0}")),
                Ok(number) => Cow::Owned(number.to_string()),
                Err(_) if head.kind == Kind::Unsaid => Cow::Borrowed(typed),
                Err(error) => return Err(unreadable(error)),
            },
        };
        if shown.is_empty() {
            return Ok(());
        }
        if column >= MAX_COLUMNS {
            return Err(too_wide());
        }
        if line.len() <= column {
            line.resize(column + 1, String::new());
        }
        line[column] = shown.into_owned();
        Ok(())
    }
}

/// The day that a spreadsheet counts as a number. Before March of 1900 it counts a day more than there was.
fn day_of(number: f64, from_1904: bool) -> String {
    let days = number.floor().clamp(0.0, LAST_DAY) as i64;
    let first = match (from_1904, days) {
        (true, _) => date(1904, 1, 1),
        (false, ..60) => date(1899, 12, 31),
        (false, _) => date(1899, 12, 30),
    };
    first.checked_add(Span::new().days(days)).map_or_else(|_| String::new(), |day| day.to_string())
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use calamine::{Data, Reader as _, Xlsx};
    use proptest::prelude::{ProptestConfig, proptest};
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::super::table::{self, Table};
    use super::*;
    use crate::testing::damages;

    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";

    /// A workbook of one sheet: the least that a spreadsheet program would open, with some texts that cells share.
    fn book_with(sheet: &str, shared: &str) -> Vec<u8> {
        let relations = "http://schemas.openxmlformats.org/package/2006/relationships";
        let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        let formats = "<numFmts><numFmt numFmtId=\"164\" formatCode=\"yyyy\\-mm\\-dd;@\"/><numFmt numFmtId=\"165\" formatCode=\"#,##0&quot; days&quot;\"/></numFmts>\
                       <cellStyleXfs><xf numFmtId=\"14\"/></cellStyleXfs>\
                       <cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"164\"><alignment/></xf><xf numFmtId=\"165\"/></cellXfs>";
        let parts = [
            (
                "[Content_Types].xml",
                "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>".to_owned(),
            ),
            (
                "_rels/.rels",
                format!(
                    "<Relationships xmlns=\"{relations}\"><Relationship Id=\"a\" Type=\"{office}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
                ),
            ),
            (
                "xl/workbook.xml",
                format!(
                    "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{office}\"><sheets><sheet name=\"S\" sheetId=\"1\" r:id=\"b\"/></sheets></workbook>"
                ),
            ),
            (
                "xl/_rels/workbook.xml.rels",
                format!(
                    "<Relationships xmlns=\"{relations}\"><Relationship Id=\"b\" Type=\"{office}/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>"
                ),
            ),
            ("xl/styles.xml", format!("<styleSheet xmlns=\"{MAIN}\">{formats}</styleSheet>")),
            ("xl/sharedStrings.xml", format!("<sst xmlns=\"{MAIN}\">{shared}</sst>")),
            (
                "xl/worksheets/sheet1.xml",
                format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{sheet}</sheetData></worksheet>"),
            ),
        ];
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in parts {
            archive.start_file(name, SimpleFileOptions::default()).expect("a part");
            archive.write_all(text.as_bytes()).expect("written");
        }
        archive.finish().expect("a workbook").into_inner()
    }

    fn book(sheet: &str) -> Vec<u8> {
        book_with(sheet, "")
    }

    const TABLE: &str = "<row r=\"2\"><c r=\"B2\" t=\"inlineStr\"><is><t>کد</t></is></c><c r=\"C2\" t=\"inlineStr\"><is><t>تاریخ</t></is></c></row>\
                         <row r=\"3\"><c r=\"B3\"><v>12500000</v></c><c r=\"C3\" s=\"1\"><v>46349</v></c></row>";

    fn code(read: Result<Table>) -> String {
        match read {
            Err(Error::Invalid(faults)) => faults[0].reason.code.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_table_is_read_wherever_it_begins_on_its_sheet() {
        let read = table::read(&book(TABLE)).expect("a table");
        let expected = Table {
            headings: vec!["کد".to_owned(), "تاریخ".to_owned()],
            rows: vec![vec!["12500000".to_owned(), "2026-11-23".to_owned()]],
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn cells_are_read_as_another_reader_reads_them() {
        let shared = "<si><t>  A&amp;B&#1740; </t></si><si><r><t xml:space=\"preserve\">two </t></r><r><t>parts</t></r><rPh><t>spoken</t></rPh></si><si/><si><t>a_x000D_b_x005F_x000D_</t></si>";
        let sheet = "<row><c t=\"s\"><v>0</v></c><c t=\"s\"><v>1</v></c><c t=\"s\"><v>2</v></c><c t=\"s\"><v>3</v></c><c t=\"b\"><v>1</v></c><c t=\"e\"><v>#N/A</v></c></row>\
                     <row r=\"2\"><c r=\"A2\" s=\"2\"><v>59</v></c><c r=\"B2\" s=\"2\"><v>61.75</v></c><c r=\"C2\" s=\"3\"><v>7</v></c><c r=\"D2\"><f>1/4</f><v>0.25</v></c>\
                     <c r=\"E2\" t=\"str\"><f>A1</f><v>f&lt;1</v></c><c r=\"F2\" t=\"inlineStr\"><is><t>in line</t></is></c><c r=\"G2\" s=\"1\"/></row>";
        let file = book_with(sheet, shared);
        let mut other: Xlsx<_> = Xlsx::new(Cursor::new(file.as_slice())).expect("a workbook");
        let shown = |cell: &Data| match cell {
            Data::Empty | Data::Error(_) => String::new(),
            Data::DateTime(at) => {
                let (year, month, day, ..) = at.to_ymd_hms_milli();
                format!("{year:04}-{month:02}-{day:02}")
            }
            other => other.to_string(),
        };
        let expected = other
            .worksheet_range("S")
            .expect("a sheet")
            .rows()
            .map(|row| row.iter().map(shown).collect::<Vec<_>>())
            .collect::<Vec<_>>();
        let mut opened = Book::open(Cursor::new(file.as_slice())).expect("a workbook");
        let mut lines = opened.sheet().expect("a sheet");
        let mut line = Vec::new();
        for mut row in expected {
            assert!(lines.next(&mut line).expect("a row"));
            // Behind the last filled cell there are none.
            row.truncate(row.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1));
            assert_eq!(line, row);
        }
        assert!(!lines.next(&mut line).expect("the end"));
    }

    #[test]
    fn formats_of_dates_are_told_from_those_of_numbers() {
        for format in ["yyyy-mm-dd", "[$-409]d/m/yy", "[h]:mm", "0\"x\" hh", "[>=100][s].00"] {
            assert!(shows_date(format), "{format}");
        }
        for format in ["General", "#,##0.00", "0.0\" days\"", "\\d0", "#,##0_m", "[Red]0;yyyy", "0*y", ""] {
            assert!(!shows_date(format), "{format}");
        }
        assert_eq!(
            [day_of(1.0, false), day_of(61.0, false), day_of(0.0, true), day_of(f64::NAN, false)],
            ["1900-01-01", "1900-03-01", "1904-01-01", "1899-12-31"]
        );
    }

    #[test]
    fn what_would_not_fit_is_refused_before_it_takes_the_memory() {
        let text = "x".repeat(30_000);
        let rows = |count: usize, cell: &str| format!("<row>{cell}</row>").repeat(count);
        // Each is a file of some hundred kilobytes.
        let far = "<c r=\"XFD1\"><v>1</v></c>";
        assert_eq!(code(table::read(&book(&rows(1, far)))), "file-too-wide");
        assert!(
            table::read(&book(&rows(1, "<c r=\"A1\"><v>1</v></c><c r=\"XFD1\" s=\"1\"/>"))).is_ok(),
            "a far cell that is empty is none"
        );
        let named_again = book_with(&rows(5_000, "<c t=\"s\"><v>0</v></c>"), &format!("<si><t>{text}</t></si>"));
        assert_eq!(code(table::read(&named_again)), "file-too-large");
        assert_eq!(
            code(table::read(&book_with(TABLE, &format!("<si><t>{text}</t></si>").repeat(1_200)))),
            "file-too-large"
        );
        assert_eq!(code(table::read(&book_with(TABLE, &"<si/>".repeat(MAX_SHARED_TEXTS + 1)))), "file-too-large");
        let long = "x".repeat(40_000);
        assert_eq!(
            code(table::read(&book(&rows(1, &format!("<c t=\"inlineStr\"><is><t>{long}</t></is></c>"))))),
            "file-cell-too-long"
        );
        let endless = "x".repeat(1_000_000);
        assert_eq!(code(table::read(&book(&rows(1, &format!("<c t=\"str\"><v>{endless}</v></c>"))))), "file-too-large");
        assert_eq!(code(table::read(&book(&rows(1, &format!("<c r=\"{endless}\"/>"))))), "file-too-large");
        assert_eq!(code(table::read(&book(&"<a>".repeat(1_000)))), "file-too-large");
        assert!(
            table::read(&book_with(TABLE, "</sst><sst uniqueCount=\"99999999999999\">")).is_ok(),
            "what it says of its size is not believed"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn a_workbook_that_was_damaged_brings_nothing_down(damage in damages()) {
            for file in damage.of(book_with(TABLE, "<si><t>x</t></si>")) {
                let _ = table::read(&file);
            }
        }

        #[test]
        fn no_sheet_brings_the_reader_down(sheet in "(<row r=\"[0-9]{1,8}\">|<c r=\"[A-Z]{0,4}[0-9]{0,9}\" t=\"[a-z]{0,3}\" s=\"[0-9]{0,3}\">|<v>[-0-9.eE]{0,12}</v>|</c>|</row>|<is><t>x</t></is>){0,12}") {
            let _ = table::read(&book(&sheet));
        }
    }
}
