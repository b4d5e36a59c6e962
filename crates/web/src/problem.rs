//! How a refusal is answered: RFC 9457 problem details on the API, and the sentence for a reason on both roads.

use std::any::Any;

use axum::Json;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::money::Unit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::error::{Arg, Error, Reason};
use words::Lang;

/// Problem details.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// A stable name of the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    /// A stable code of the reason.
    pub code: String,
    /// A sentence in the caller's language.
    pub detail: String,
    /// The fields that are faulty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
}

/// A faulty field.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct FieldProblem {
    /// As in `devices[0].serial`.
    pub path: String,
    pub code: String,
    /// A sentence in the caller's language.
    pub message: String,
}

/// An argument as a language writes it.
#[must_use]
pub fn written(lang: Lang, arg: &Arg) -> String {
    match arg {
        Arg::Text(text) => lang.isolated(text),
        Arg::Title { fa, en } => lang.pick(fa, en).to_owned(),
        Arg::Number(number) => lang.number(number),
        Arg::Money(i64::MAX, _) => lang.t("no-limit"),
        Arg::Money(amount, unit) => lang.money(amount, Unit::named(unit).unwrap_or(Unit::RIAL)),
        Arg::Date(date) => lang.date(date),
        Arg::Word(list, code) => match list.as_ref() {
            "roles" => lang.words("role", code),
            "condition" => {
                let key = format!("condition-{}", code.chars().filter(char::is_ascii_alphanumeric).collect::<String>());
                if lang.has(&key) { lang.t(&key) } else { code.clone() }
            }
            list => lang.word(list, code),
        },
    }
}

/// The sentence for a reason.
#[must_use]
pub fn sentence(lang: Lang, reason: &Reason) -> String {
    let args = reason.args.iter().map(|(name, arg)| (name.as_ref(), written(lang, arg))).collect::<Vec<_>>();
    let args = args.iter().map(|(name, text)| (*name, text.as_str())).collect::<Vec<_>>();
    lang.with(&format!("error-{}", reason.code), &args)
}

/// Status, code and sentence of an error.
#[must_use]
pub fn told(lang: Lang, error: &Error) -> (StatusCode, String, String) {
    let plain = |status, code: &str| (status, code.to_owned(), lang.t(&format!("error-{code}")));
    match error {
        Error::NotFound => plain(StatusCode::NOT_FOUND, "not-found"),
        Error::Unauthenticated => plain(StatusCode::UNAUTHORIZED, "not-signed-in"),
        Error::Forbidden(reason) => (StatusCode::FORBIDDEN, reason.code.to_string(), sentence(lang, reason)),
        Error::Conflict(reason) => (StatusCode::CONFLICT, reason.code.to_string(), sentence(lang, reason)),
        Error::Invalid(_) => plain(StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
        Error::TooMany { retry_after_seconds } => (
            StatusCode::TOO_MANY_REQUESTS,
            "too-many".to_owned(),
            lang.t1("error-too-many", "seconds", lang.number(retry_after_seconds)),
        ),
        Error::Unavailable(code) => plain(StatusCode::SERVICE_UNAVAILABLE, code),
        Error::Store(_) | Error::Internal(_) => {
            let id =
                domain::keys::public_id(u128::from(rand::random::<u64>()) << 64 | u128::from(rand::random::<u64>()));
            tracing::error!(%error, id, "our fault");
            (StatusCode::INTERNAL_SERVER_ERROR, "our-fault".to_owned(), lang.t1("error-our-fault", "id", id))
        }
    }
}

/// Status and all that is wrong in one text, for a form that shows it in one place.
#[must_use]
pub fn in_a_sentence(lang: Lang, error: &Error) -> (StatusCode, String) {
    let (status, _, message) = told(lang, error);
    match error {
        Error::Invalid(faults) => {
            (status, faults.iter().map(|fault| sentence(lang, &fault.reason)).collect::<Vec<_>>().join(" "))
        }
        _ => (status, message),
    }
}

/// The answer of the API to an error.
#[must_use]
pub fn answer(lang: Lang, error: &Error) -> Response {
    let (status, code, detail) = told(lang, error);
    let errors = match error {
        Error::Invalid(faults) => faults
            .iter()
            .map(|fault| FieldProblem {
                path: fault.path.clone(),
                code: fault.reason.code.to_string(),
                message: sentence(lang, &fault.reason),
            })
            .collect(),
        _ => Vec::new(),
    };
    let mut response = when_to_try_again(of(status, &code, &detail, errors), error);
    if matches!(error, Error::Unauthenticated) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// An answer to an error that passes, with when it does.
#[must_use]
pub fn when_to_try_again(mut response: Response, error: &Error) -> Response {
    let seconds = match error {
        Error::TooMany { retry_after_seconds } => *retry_after_seconds,
        Error::Unavailable("busy") => 5,
        Error::Unavailable(_) => 60,
        _ => return response,
    };
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// Problem details with a status.
#[must_use]
pub fn of(status: StatusCode, code: &str, detail: &str, errors: Vec<FieldProblem>) -> Response {
    let problem = Problem {
        kind: format!("urn:zamen:problem:{code}"),
        title: status.canonical_reason().unwrap_or_default().to_owned(),
        status: status.as_u16(),
        code: code.to_owned(),
        detail: detail.to_owned(),
        errors,
    };
    let mut response = (status, Json(problem)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

/// The language that a caller asks for.
#[must_use]
pub fn language(headers: &HeaderMap) -> Lang {
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted
        .split(',')
        .find_map(|entry| Lang::named(entry.split(';').next().unwrap_or_default().trim()))
        .unwrap_or(Lang::Fa)
}

/// Whether a caller reads pages.
pub(crate) fn wants_page(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
}

/// The answer where nobody else answers, as the caller reads it.
pub(crate) fn refused(lang: Lang, wants_page: bool, error: &Error) -> Response {
    if wants_page { crate::pages::frame::plain_error(lang, error) } else { answer(lang, error) }
}

/// The answer to a path that leads nowhere.
pub(crate) async fn not_found(headers: HeaderMap) -> Response {
    refused(language(&headers), wants_page(&headers), &Error::NotFound)
}

/// The answer where our program broke: an id that is in the log, and nothing of the inside.
pub(crate) fn panicked(reason: Box<dyn Any + Send + 'static>) -> axum::http::Response<Body> {
    let message = reason
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| reason.downcast_ref::<&str>().copied())
        .unwrap_or("a panic");
    answer(Lang::En, &Error::Internal(message.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_keeps_its_direction_inside_a_persian_sentence() {
        let reason = Reason::new("already-handed-over").with("number", "1405-02-000500/1");
        assert!(sentence(Lang::Fa, &reason).contains("\u{2068}1405-02-000500/1\u{2069}"));
        assert!(
            sentence(Lang::En, &reason).contains("1405-02-000500/1")
                && !sentence(Lang::En, &reason).contains('\u{2068}')
        );
    }
}
