//! Forms and queries: read within limits, each name once, before anything is done with them.

use std::collections::HashSet;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::response::Response;
use store::error::{Error, Fault, Result};
use words::Lang;

use crate::body::{Held, ORDINARY, SMALL, Unread, length, read};
use crate::pages::frame::{chosen_language, plain_error, too_large};
use crate::state::App;

/// Names and what was typed for them, in their order.
pub(crate) type Fields = Vec<(String, String)>;

/// Fields of one form or query.
const MAX_FIELDS: usize = 5000;
/// Characters of a field of a form that is no operation's, whose schema would say it.
const MAX_TEXT: usize = 4000;

/// Names and values of a form or a query string.
///
/// # Errors
/// `Invalid` where there are too many.
pub(crate) fn pairs(text: &[u8]) -> Result<Fields> {
    let mut fields = Vec::new();
    for (name, value) in form_urlencoded::parse(text) {
        if fields.len() == MAX_FIELDS {
            return Err(Error::invalid("", "too-many-fields"));
        }
        fields.push((name.into_owned(), value.into_owned()));
    }
    Ok(fields)
}

/// The names that stand there twice. Only a list, whose name ends in `[]`, is one name for several values; who names
/// another thing twice means neither.
pub(crate) fn doubled(fields: &[(String, String)]) -> Vec<Fault> {
    let mut seen = HashSet::with_capacity(fields.len());
    let twice = fields.iter().filter(|(name, _)| !name.ends_with("[]") && !seen.insert(name.as_str()));
    twice.map(|(name, _)| Fault::new(name.clone(), "given-twice")).collect()
}

/// Checks a form or query that is no operation's: it has fields of these names only, each once, and in them what can be
/// text.
///
/// # Errors
/// `Invalid` with what is wrong at each.
pub(crate) fn only(fields: &[(String, String)], names: &[&str]) -> Result<()> {
    let mut faults = doubled(fields);
    for (name, typed) in fields {
        if !names.contains(&name.as_str()) {
            faults.push(Fault::new(name.clone(), "unknown-field"));
        } else if typed.chars().count() > MAX_TEXT {
            faults.push(Fault::new(name.clone(), "too-long").with("limit", i64::try_from(MAX_TEXT).unwrap_or(0)));
        } else if !domain::text::is_clean(typed) {
            faults.push(Fault::new(name.clone(), "unclean-text"));
        }
    }
    faults.truncate(crate::schema::MAX_FAULTS);
    if faults.is_empty() { Ok(()) } else { Err(Error::Invalid(faults)) }
}

/// The fields of a query that has these names only.
///
/// # Errors
/// As `only`.
pub(crate) fn asked(query: Option<&str>, names: &[&str]) -> Result<Fields> {
    let fields = pairs(query.unwrap_or_default().as_bytes())?;
    only(&fields, names)?;
    Ok(fields)
}

/// What stands in a field.
pub(crate) fn field<'f>(fields: &'f [(String, String)], name: &str) -> Option<&'f str> {
    fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
}

/// The same as text of its own; empty where there is none.
pub(crate) fn text(fields: &[(String, String)], name: &str) -> String {
    field(fields, name).unwrap_or_default().to_owned()
}

/// A form with a few fields, which anybody may send.
pub(crate) struct SmallForm(pub Fields);

impl FromRequest<App> for SmallForm {
    type Rejection = Response;

    async fn from_request(request: Request, _: &App) -> Result<Self, Response> {
        let lang = chosen_language(request.headers());
        fields(request.into_body(), SMALL, lang).await.map(Self)
    }
}

/// The form of an operation. It comes behind the person who sends it, for it may be large: the room that it takes is
/// held with it.
pub(crate) struct Form {
    pub fields: Fields,
    pub _held: Held,
}

impl FromRequest<App> for Form {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let lang = chosen_language(request.headers());
        let body = request.into_body();
        // It is held as it came, by its names, and as the value that is made of it.
        let room = length(&body, ORDINARY).saturating_mul(3);
        let held = app.hold(room).await.map_err(|error| plain_error(lang, &error))?;
        Ok(Self { fields: fields(body, ORDINARY, lang).await?, _held: held })
    }
}

async fn fields(body: Body, most: usize, lang: Lang) -> Result<Fields, Response> {
    match read(body, most).await {
        Ok(bytes) => pairs(&bytes).map_err(|error| plain_error(lang, &error)),
        Err(Unread::TooLarge) => Err(too_large(lang)),
        Err(Unread::Broken) => Err(plain_error(lang, &Error::invalid("", "malformed"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(query: &str) -> Vec<(String, String)> {
        match asked(Some(query), &["q", "list[]"]) {
            Ok(_) => Vec::new(),
            Err(Error::Invalid(faults)) => {
                faults.into_iter().map(|fault| (fault.path, fault.reason.code.into_owned())).collect()
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_query_has_the_names_that_are_known_each_once() {
        let fault = |path: &str, code: &str| vec![(path.to_owned(), code.to_owned())];
        assert!(told("q=a&list[]=1&list[]=1").is_empty() && told("").is_empty());
        assert_eq!(told("q=a&q=a"), fault("q", "given-twice"));
        assert_eq!(told("q=a&z=b"), fault("z", "unknown-field"));
        assert_eq!(told("q=%00"), fault("q", "unclean-text"));
        assert_eq!(told(&format!("q={}", "x".repeat(4001))), fault("q", "too-long"));
        assert_eq!(told(&"a&".repeat(5001)), fault("", "too-many-fields"));
    }
}
