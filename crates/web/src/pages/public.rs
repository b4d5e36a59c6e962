//! The customer's page: no account, no script.

use app::tracking::{Looked, TrackView, find, missed};
use askama::Template;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use words::Lang;

use super::frame::{chosen_language as language, plain_error, show as answer};
use crate::form::{asked, field};
use crate::problem;
use crate::state::App;

#[derive(Template)]
#[template(path = "track.html")]
struct Track {
    l: Lang,
    view: TrackView,
    /// Of the centre.
    zone: jiff::tz::TimeZone,
    here: String,
}

#[derive(Template)]
#[template(path = "track_ask.html")]
struct Ask {
    l: Lang,
    message: String,
}

pub(crate) async fn ask(RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let fields = match asked(query.as_deref(), &["number"]) {
        Ok(fields) => fields,
        Err(error) => return plain_error(language(&headers), &error),
    };
    match field(&fields, "number").map(domain::text::key).filter(|number| !number.is_empty()) {
        Some(number) if number.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            Redirect::to(&format!("/t/{number}")).into_response()
        }
        Some(_) => wrong(language(&headers), StatusCode::NOT_FOUND, "track-not-found"),
        None => answer(StatusCode::OK, &Ask { l: language(&headers), message: String::new() }),
    }
}

fn wrong(lang: Lang, status: StatusCode, key: &str) -> Response {
    answer(status, &Ask { l: lang, message: lang.t(key) })
}

pub(crate) async fn show(State(app): State<App>, Path(number): Path<String>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let lang = language(&parts.headers);
    let address = app.address(&parts);
    let (now, from) = (app.db().now(), address.clone());
    let found = match app.look_up(move |conn| find(conn, &number, &from, now)).await {
        // It is counted before it waits, so that those that come meanwhile wait too.
        Ok(Looked { visit: None, wait }) => {
            let missed = app.run(move |app| Err(missed(app.db(), &address))).await;
            app.keep_back(wait).await.and(missed)
        }
        Ok(Looked { visit: Some(view), wait }) => app.keep_back(wait).await.map(|()| view),
        Err(error) => Err(error),
    };
    match found {
        Ok(view) => {
            let here = format!("/t/{}", view.tracking_number);
            let mut response =
                answer(StatusCode::OK, &Track { l: lang, zone: store::zone(&view.time_zone), view, here });
            response
                .headers_mut()
                .insert(header::HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex"));
            response
        }
        Err(store::error::Error::NotFound) => wrong(lang, StatusCode::NOT_FOUND, "track-not-found"),
        Err(error) => {
            let (status, _, message) = problem::told(lang, &error);
            problem::when_to_try_again(answer(status, &Ask { l: lang, message }), &error)
        }
    }
}
