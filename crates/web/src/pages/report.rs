//! Reports on the screen: the chart, with the same table beneath it, and both as a file.

use app::reporting::{FailureCauses, FailureRow, FailuresBy, failure_causes as rows_of};
use askama::Template;
use axum::extract::RawQuery;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use documents::sheet::{Kind, Unwritten, table};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use store::error::Error;
use words::Lang;

use super::frame::{Page, Person, html};
use super::lists::filters;
use crate::form::text;

/// A bar of a Pareto chart, in the units of its drawing.
struct Bar {
    x: i64,
    width: i64,
    y: i64,
    height: i64,
    /// Where the cumulated share passes over it.
    line_y: i64,
    middle: i64,
    label: String,
    count: String,
}

/// A Pareto chart: bars by size, and the cumulated share as a line. In Persian it runs from right to left.
struct Pareto {
    bars: Vec<Bar>,
    line: String,
    width: i64,
}

/// Bars that a chart shows; what is smaller stands in the table.
const BARS: usize = 20;
const HEIGHT: i64 = 200;

impl Pareto {
    fn of(lang: Lang, rows: &[FailureRow]) -> Self {
        let shown = &rows[..rows.len().min(BARS)];
        let largest = shown.first().map_or(1, |row| row.repairs.max(1));
        let step = 46;
        let width = step * i64::try_from(shown.len().max(6)).unwrap_or(6) + 50;
        let flip = |x: i64, bar: i64| if lang == Lang::Fa { width - x - bar } else { x };
        let bars = (0..)
            .zip(shown)
            .map(|(index, row)| {
                let (bar, height) = (34, row.repairs * HEIGHT / largest);
                let x = flip(25 + index * step, bar);
                let mut label = lang.pick(&row.title.fa, &row.title.en).chars().take(16).collect::<String>();
                if label.chars().count() == 16 {
                    label.push('…');
                }
                Bar {
                    x,
                    width: bar,
                    y: HEIGHT + 20 - height,
                    height,
                    line_y: HEIGHT + 20 - row.cumulated_permille * HEIGHT / 1000,
                    middle: x + bar / 2,
                    label,
                    count: lang.number(&row.repairs),
                }
            })
            .collect::<Vec<_>>();
        let line = bars.iter().map(|bar| format!("{},{}", bar.middle, bar.line_y)).collect::<Vec<_>>().join(" ");
        Self { bars, line, width }
    }
}

#[derive(Template)]
#[template(path = "failure_causes.html")]
struct Failures {
    p: Page,
    rows: Vec<FailureRow>,
    chart: Pareto,
    by: String,
    from: String,
    to: String,
    query: String,
}

/// The report as a table of texts, its head first: for people, in their language.
#[must_use]
pub fn failures_table(lang: Lang, by: FailuresBy, rows: &[FailureRow]) -> Vec<Vec<String>> {
    let what = if by == FailuresBy::ProductKind { "product-kind" } else { "cause" };
    let head = [what, "repairs", "share", "cumulated"].map(|key| lang.t(key)).to_vec();
    let body = rows.iter().map(|row| {
        vec![
            lang.pick(&row.title.fa, &row.title.en).to_owned(),
            lang.number(&row.repairs),
            lang.permille(&row.share_permille),
            lang.permille(&row.cumulated_permille),
        ]
    });
    std::iter::once(head).chain(body).collect()
}

/// The report on paper.
///
/// # Errors
/// `Internal` where it cannot be drawn.
pub fn failures_pdf(
    lang: Lang,
    query: &FailureCauses,
    rows: &[FailureRow],
    now: Timestamp,
    zone: &TimeZone,
) -> store::error::Result<Vec<u8>> {
    let mut table = failures_table(lang, query.by.unwrap_or(FailuresBy::ProductKind), rows);
    let range = [("from", query.from), ("to", query.to)]
        .into_iter()
        .filter_map(|(key, day)| Some(format!("{} {}", lang.t(key), lang.date(&day?))))
        .collect::<Vec<_>>();
    let head = if table.is_empty() { Vec::new() } else { table.remove(0) };
    let report = documents::report::Report {
        title: lang.t("report-failure-causes"),
        about: range.join(" "),
        made: lang.instant(&now, zone),
        head,
        rows: table,
    };
    documents::report::draw(&report, lang).map_err(store::error::Error::internal)
}

pub(crate) async fn failure_causes(person: Person, RawQuery(query): RawQuery) -> Response {
    let (report, fields) = match filters::<FailureCauses>(&person, query.clone()) {
        Ok(asked) => asked,
        Err(response) => return response,
    };
    let (query, value) = (query.unwrap_or_default(), |name: &str| text(&fields, name));
    let wanted = value("format");
    let by = report.by.unwrap_or(FailuresBy::ProductKind);
    let asked = report.clone();
    let rows = match person.read(move |conn, actor| rows_of(conn, actor, &asked)).await {
        Ok(rows) => rows,
        Err(response) => return response,
    };
    let lang = person.lang;
    if wanted == "pdf" {
        let (now, zone) = (person.app.db().now(), person.zone().clone());
        return match person.app.run(move |_| failures_pdf(lang, &report, &rows, now, &zone)).await {
            Ok(bytes) => file("application/pdf", "failure-causes.pdf", bytes),
            Err(error) => person.error(&error),
        };
    }
    let title = lang.t("report-failure-causes");
    if let Some(kind) = Kind::named(&wanted) {
        let made = person.app.export(&person.current.actor, move |_| {
            table(kind, &title, lang, &failures_table(lang, by, &rows)).map_err(unwritten)
        });
        return match made.await {
            Ok(bytes) => file(kind.media(), &format!("failure-causes.{}", kind.name()), bytes),
            Err(error) => person.error(&error),
        };
    }
    let chart = Pareto::of(lang, &rows);
    html(&Failures {
        p: person.page("reports", lang.t("report-failure-causes")),
        rows,
        chart,
        by: value("by"),
        from: value("from"),
        to: value("to"),
        query,
    })
}

/// Why a table did not become a file.
pub(crate) fn unwritten(why: Unwritten) -> Error {
    match why {
        Unwritten::TooLong => Error::conflict("sheet-too-long"),
        why => Error::internal(why),
    }
}

/// A file for the person to keep.
pub(crate) fn file(kind: &'static str, name: &str, body: impl IntoResponse) -> Response {
    let mut response = body.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""))
        .unwrap_or(HeaderValue::from_static("attachment"));
    response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition);
    response
}
