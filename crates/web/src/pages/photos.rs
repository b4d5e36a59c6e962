//! Photos: taken in, re-encoded, shown to those who see their repair.

use app::reception::attachments::{AttachmentView, MAX_BYTES, Purpose, add_photo, clean_photo, photo};
use axum::Json;
use axum::extract::{Multipart, Path};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use store::error::{Arg, Error, Fault};

use super::frame::Person;
use crate::body::{Parts, SMALL, Unread, said};
use crate::problem;
use crate::state::{App, Lane};

/// The largest form with a photo.
pub(crate) const MOST: usize = MAX_BYTES + SMALL;

pub(crate) async fn upload(person: Person, headers: HeaderMap, form: Multipart) -> Response {
    match add(&person, &headers, form).await {
        Ok(view) => Json(view).into_response(),
        Err(error) => problem::answer(person.lang, &error),
    }
}

async fn add(person: &Person, headers: &HeaderMap, form: Multipart) -> store::error::Result<AttachmentView> {
    let held = person.app.hold(said(headers, MOST)).await?;
    let mut sent = Parts::default();
    sent.read(form, &["_csrf", "purpose", "repair", "file"], told).await?;
    if !person.sent_it(sent.text("_csrf").as_deref()) {
        return Err(Error::Forbidden(store::error::Reason::new("not-from-here")));
    }
    let purpose = match sent.text("purpose") {
        Some(name) => Purpose::named(&name).ok_or_else(|| Error::invalid("purpose", "not-in-list"))?,
        None => Purpose::Condition,
    };
    let actor = person.current.actor.clone();
    let work = move |app: &App| {
        let _held = held;
        let clean = clean_photo(sent.take("file").content, "file")?;
        app.db().write(&actor, |tx| add_photo(tx, sent.text("repair").as_deref(), purpose, clean.clone()))
    };
    person.app.run_in(Lane::Files, work).await
}

/// Why the parts of the form could not be read.
fn told(unread: Unread) -> Error {
    match unread {
        Unread::TooLarge => Error::Invalid(vec![
            Fault::new("file", "photo-too-heavy")
                .with("limit", Arg::Number(i64::try_from(MAX_BYTES / (1024 * 1024)).unwrap_or(0))),
        ]),
        Unread::Broken => Error::invalid("file", "malformed"),
    }
}

pub(crate) async fn show(person: Person, Path(id): Path<String>) -> Response {
    match person.read(move |conn, actor| photo(conn, actor, &id)).await {
        Ok((kind, bytes)) => {
            let mut response = bytes.into_response();
            response.headers_mut().insert(
                header::CONTENT_TYPE,
                HeaderValue::from_str(&kind).unwrap_or(HeaderValue::from_static("application/octet-stream")),
            );
            response.headers_mut().insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("inline"));
            response
                .headers_mut()
                .insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
            response
        }
        Err(response) => response,
    }
}
