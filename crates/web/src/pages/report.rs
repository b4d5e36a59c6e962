//! Reports on the screen: the chart, with the same table beneath it.

use app::reporting::{FailureCauses, FailureRow, failure_causes as rows_of};
use askama::Template;
use axum::extract::RawQuery;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::frame::{Page, Person, html};
use crate::api::pairs;
use crate::schema::{from_form, read, shape};

#[derive(Template)]
#[template(path = "failure_causes.html")]
struct Failures {
    p: Page,
    rows: Vec<FailureRow>,
    largest: i64,
    by: String,
    from: String,
    to: String,
    query: String,
}

pub(crate) async fn failure_causes(person: Person, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let fields = pairs(query.as_bytes());
    let value = |name: &str| fields.iter().find(|(field, _)| field == name).map_or_else(String::new, |(_, value)| value.clone());
    let wanted = value("format");
    let asked = fields.iter().filter(|(name, _)| name != "format").cloned().collect::<Vec<_>>();
    let report: FailureCauses = read(&from_form(&asked, &shape::<FailureCauses>().schema)).unwrap_or_default();
    let rows = match person.read(move |conn, actor| rows_of(conn, actor, &report)).await {
        Ok(rows) => rows,
        Err(response) => return response,
    };
    let lang = person.lang;
    let table = || {
        let head = ["product_kind", "title", "repairs", "share", "cumulated"].map(str::to_owned).to_vec();
        let body = rows.iter().map(|row| {
            vec![row.code.clone(), lang.pick(&row.title.fa, &row.title.en).to_owned(), row.repairs.to_string(), row.share_permille.to_string(), row.cumulated_permille.to_string()]
        });
        std::iter::once(head).chain(body).collect::<Vec<_>>()
    };
    match wanted.as_str() {
        "csv" => file("text/csv; charset=utf-8", "failure-causes.csv", documents::sheet::csv(&table())),
        "xlsx" => match documents::sheet::xlsx(&lang.t("report-failure-causes"), &table(), lang) {
            Ok(bytes) => file("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "failure-causes.xlsx", bytes),
            Err(error) => person.error(&app::Error::internal(error)),
        },
        _ => {
            let largest = rows.first().map_or(1, |row| row.repairs.max(1));
            html(&Failures { p: person.page("reports", lang.t("report-failure-causes")), rows, largest, by: value("by"), from: value("from"), to: value("to"), query })
        }
    }
}

/// A file for the person to keep.
pub(crate) fn file(kind: &'static str, name: &'static str, bytes: Vec<u8>) -> Response {
    let mut response = bytes.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")).unwrap_or(HeaderValue::from_static("attachment"));
    response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition);
    response
}
