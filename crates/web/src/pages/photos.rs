//! Photos: taken in, re-encoded, shown to those who see their repair.

use std::collections::HashSet;

use app::error::{Arg, Error, Fault};
use app::reception::attachments::{MAX_BYTES, Purpose, add_photo, clean_photo, photo};
use axum::Json;
use axum::extract::{Multipart, Path};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::frame::Person;
use crate::body::{SMALL, Unread, part, said, whole};
use crate::problem;
use crate::state::Lane;

/// The largest form with a photo.
pub(crate) const MOST: usize = MAX_BYTES + SMALL;

pub(crate) async fn upload(person: Person, headers: HeaderMap, mut form: Multipart) -> Response {
    let lang = person.lang;
    let held = match person.app.hold(said(&headers, MOST)).await {
        Ok(held) => held,
        Err(error) => return problem::answer(lang, &error),
    };
    let (mut bytes, mut purpose, mut repair, mut csrf) = (Vec::new(), Purpose::Condition, None, None);
    let mut seen = HashSet::new();
    loop {
        let field = match part(&mut form).await {
            Ok(Some(field)) => field,
            Ok(None) => break,
            Err(unread) => return problem::answer(lang, &told(unread)),
        };
        let name = field.name().unwrap_or_default().to_owned();
        if !seen.insert(name.clone()) {
            return problem::answer(lang, &Error::invalid(name, "given-twice"));
        }
        let content = match whole(field).await {
            Ok(content) => content,
            Err(unread) => return problem::answer(lang, &told(unread)),
        };
        let text = || String::from_utf8_lossy(&content).into_owned();
        match name.as_str() {
            "purpose" => match Purpose::named(&text()) {
                Some(named) => purpose = named,
                None => return problem::answer(lang, &Error::invalid("purpose", "not-in-list")),
            },
            "repair" => repair = Some(text()),
            "_csrf" => csrf = Some(text()),
            "file" => bytes = content,
            _ => return problem::answer(lang, &Error::invalid(name, "unknown-field")),
        }
    }
    if !person.sent_it(csrf.as_deref()) {
        return problem::answer(lang, &Error::Forbidden(app::Reason::new("not-from-here")));
    }
    let actor = person.current.actor.clone();
    let added = person
        .app
        .run_in(Lane::Files, move |app| {
            let _held = held;
            let clean = clean_photo(bytes, "file")?;
            app.db().write(&actor, |tx| add_photo(tx, repair.as_deref(), purpose, clean.clone()))
        })
        .await;
    match added {
        Ok(view) => Json(view).into_response(),
        Err(error) => problem::answer(lang, &error),
    }
}

/// Why the parts of the form could not be read.
fn told(unread: Unread) -> Error {
    match unread {
        Unread::TooLarge => Error::Invalid(vec![Fault::new("file", "photo-too-heavy").with("limit", Arg::Number(i64::try_from(MAX_BYTES / (1024 * 1024)).unwrap_or(0)))]),
        Unread::Broken => Error::invalid("file", "malformed"),
    }
}

pub(crate) async fn show(person: Person, Path(id): Path<String>) -> Response {
    match person.read(move |conn, actor| photo(conn, actor, &id)).await {
        Ok((kind, bytes)) => {
            let mut response = bytes.into_response();
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_str(&kind).unwrap_or(HeaderValue::from_static("application/octet-stream")));
            response.headers_mut().insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("inline"));
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
            response
        }
        Err(response) => response,
    }
}
