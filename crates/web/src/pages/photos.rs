//! Photos: taken in, re-encoded, shown to those who see their repair.

use app::error::Error;
use app::reception::attachments::{Purpose, add_photo, clean_photo, photo};
use axum::Json;
use axum::extract::{Multipart, Path};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::frame::Person;
use crate::problem;

pub(crate) async fn upload(person: Person, mut form: Multipart) -> Response {
    let lang = person.lang;
    let (mut bytes, mut purpose, mut repair, mut csrf) = (Vec::new(), Purpose::Condition, None, None);
    loop {
        match form.next_field().await {
            Ok(Some(field)) => {
                let name = field.name().unwrap_or_default().to_owned();
                let Ok(content) = field.bytes().await else { return problem::answer(lang, &Error::invalid("file", "file-too-large")) };
                let text = || String::from_utf8_lossy(&content).into_owned();
                match name.as_str() {
                    "file" => bytes = content.to_vec(),
                    "purpose" => purpose = Purpose::named(&text()).unwrap_or(Purpose::Condition),
                    "repair" => repair = Some(text()),
                    "_csrf" => csrf = Some(text()),
                    _ => {}
                }
            }
            Ok(None) => break,
            Err(_) => return problem::answer(lang, &Error::invalid("file", "malformed")),
        }
    }
    if !person.sent_it(csrf.as_deref()) {
        return problem::answer(lang, &Error::Forbidden(app::Reason::new("not-from-here")));
    }
    let actor = person.current.actor.clone();
    let added = person
        .app
        .run(move |app| {
            let clean = clean_photo(&bytes)?;
            app.db().write(&actor, |tx| add_photo(tx, repair.as_deref(), purpose, clean.clone()))
        })
        .await;
    match added {
        Ok(view) => Json(view).into_response(),
        Err(error) => problem::answer(lang, &error),
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
