//! What a request to the API brings, checked: its query or body, the version that it saw, and its key.

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use domain::strict_json;
use serde_json::Value;
use store::error::{Error, Fault, Reason, Result};
use words::Lang;

use super::{Keyed, Operation};
use crate::body::{SMALL, Unread, read};
use crate::form::pairs;
use crate::problem;
use crate::schema::{BOUNDS, from_form, refused};

/// The input of a GET from its query.
///
/// # Errors
/// `Invalid` where a name is given twice or is none of ours.
pub(super) fn query_input(operation: &Operation, query: &str) -> Result<Value> {
    let pairs = pairs(query.as_bytes())?;
    let mut value = from_form(&pairs, operation.input_schema(), &[]).map_err(Error::Invalid)?;
    // What is there and empty is checked like everything else.
    if let Value::Object(map) = &mut value {
        for (name, typed) in &pairs {
            if typed.trim().is_empty() && !name.contains(['.', '[']) {
                map.insert(name.clone(), Value::String(typed.clone()));
            }
        }
    }
    Ok(value)
}

/// The input of what changes something from its body; the answer instead where the body is too large or no JSON.
///
/// # Errors
/// `Invalid` where it is malformed, or breaks the operation's schema.
pub(super) async fn body_input(
    operation: &Operation,
    headers: &HeaderMap,
    body: Body,
    lang: Lang,
) -> Result<Result<Value, Response>> {
    let check = operation.check;
    let bytes = match read(body, operation.max_body).await {
        Ok(bytes) => bytes,
        Err(Unread::TooLarge) => {
            return Ok(Err(problem::of(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-large-body",
                &lang.t("error-too-large-body"),
                Vec::new(),
            )));
        }
        Err(Unread::Broken) => return Err(Error::invalid("", "malformed")),
    };
    if bytes.is_empty() {
        let nothing = Value::Object(serde_json::Map::new());
        return check(&nothing).map(|()| Ok(nothing)).map_err(Error::Invalid);
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !kind.to_ascii_lowercase().starts_with("application/json") {
        return Ok(Err(problem::of(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "json-wanted",
            &lang.t("error-json-wanted"),
            Vec::new(),
        )));
    }
    let is_small = bytes.len() <= SMALL;
    let checked = move || {
        let value = strict_json::value(&bytes, BOUNDS).map_err(|fault| Error::Invalid(vec![refused(fault)]))?;
        check(&value).map_err(Error::Invalid)?;
        Ok(value)
    };
    // What is large takes its time: off the threads that serve everybody.
    if is_small {
        checked().map(Ok)
    } else {
        tokio::task::spawn_blocking(checked).await.map_err(Error::internal)?.map(Ok)
    }
}

/// The version that the caller saw; None where they said none, or any.
///
/// # Errors
/// `Invalid` where it is malformed.
pub(super) fn if_match(headers: &HeaderMap, has_version: bool) -> Result<Option<i64>> {
    match headers.get(header::IF_MATCH) {
        Some(value) if has_version => {
            let text = value.to_str().unwrap_or_default().trim();
            if text == "*" {
                return Ok(None);
            }
            let version = text.trim_start_matches("W/").trim_matches('"').parse::<i64>();
            version.map(Some).map_err(|_| Error::invalid("If-Match", "malformed"))
        }
        _ => Ok(None),
    }
}

/// The key under which a command is done once.
///
/// # Errors
/// `Invalid` where it is malformed, too long, or absent and required.
pub(super) fn idempotency_key(operation: &Operation, headers: &HeaderMap) -> Result<Option<String>> {
    let header = headers.get("idempotency-key");
    let key = header
        .and_then(|value| value.to_str().ok())
        .filter(|key| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic()));
    match (operation.keyed, key) {
        (Keyed::No, _) => Ok(None),
        (_, None) if header.is_some() => Err(Error::invalid("Idempotency-Key", "malformed")),
        (_, Some(key)) if key.len() > 200 => Err(Error::Invalid(vec![Fault {
            path: "Idempotency-Key".to_owned(),
            reason: Reason::new("too-long").with("limit", 200),
        }])),
        (Keyed::Required, None) => Err(Error::invalid("Idempotency-Key", "required")),
        (_, key) => Ok(key.map(str::to_owned)),
    }
}
