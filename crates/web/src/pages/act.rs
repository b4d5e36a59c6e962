//! Every form of a page: its fields become the body of an operation of the API, and the operation is run. What fails
//! comes back on the same page.

use std::collections::HashMap;

use axum::extract::Path;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use store::error::Error;

use super::frame::{Attempt, Person, local};
use super::{imports, installation, keep, objects, repair};
use crate::api::{self, Call};
use crate::form::{Form, field};
use crate::problem;
use crate::schema::{from_form_in, without_gaps};

/// The fields that are of the form and not of what it does.
pub(super) const OWN: [&str; 5] = ["_csrf", "_key", "_page", "_next", "_version"];

/// The longest key of a form.
pub(super) const MAX_KEY: usize = 200;

pub(crate) async fn act(person: Person, Path(path): Path<HashMap<String, String>>, form: Form) -> Response {
    let Form { fields, _held } = form;
    let field = |name: &str| field(&fields, name);
    if !person.sent_it(field("_csrf")) {
        return person.error(&Error::Forbidden(store::error::Reason::new("not-from-here")));
    }
    let name = path.get("operation").map_or("", String::as_str);
    let Some(operation) = api::named(name).filter(|operation| operation.method != Method::GET && !operation.is_secret)
    else {
        return person.error(&Error::NotFound);
    };
    let page = field("_page").unwrap_or("/").to_owned();
    let next = field("_next").map(|next| local(next).to_owned());
    let version = field("_version").and_then(|version| version.parse().ok());
    let key = field("_key").map(str::to_owned);
    // The key of a form bears its name.
    let form = field("_key").and_then(|key| key.split_once('-')).map_or(name, |(_, form)| form).to_owned();
    let (actor, lang) = (person.current.actor.clone(), person.lang);
    let made = operation.may(&actor).and_then(|()| match &key {
        Some(key) if key.len() > MAX_KEY => Err(Error::invalid("_key", "malformed")),
        _ => from_form_in(actor.unit, &fields, operation.input_schema(), &OWN).map_err(Error::Invalid),
    });
    let done = match made {
        Ok(mut input) => {
            without_gaps(&mut input);
            let work = person.app.run_in(operation.lane, move |app| {
                operation.check(&input)?;
                let call = Call { path: &path, version, now: app.db().now(), lang };
                operation.write(app, &actor, &call, key.as_deref(), &input)
            });
            work.await
        }
        Err(error) => Err(error),
    };
    match done {
        Ok((_, value)) => {
            let made = value.get("id").and_then(serde_json::Value::as_str).unwrap_or_default();
            let to = next.unwrap_or_else(|| local(&page).to_owned()).replace("{id}", made);
            Redirect::to(&to).into_response()
        }
        Err(error) => {
            if problem::told(lang, &error).0 == StatusCode::NOT_FOUND {
                return person.error(&error);
            }
            let attempt = Attempt::of(lang, &form, fields, &error);
            person.note_refused(&error);
            problem::when_to_try_again(again(person, &page, attempt).await, &error)
        }
    }
}

/// The page that a form stood on, with what was tried.
async fn again(person: Person, page: &str, attempt: Attempt) -> Response {
    let path = page.split('?').next().unwrap_or_default();
    let mut parts = path.trim_start_matches('/').split('/');
    let (kind, id) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default().to_owned());
    match kind {
        "repairs" => repair::page(person, id, Some(attempt)).await,
        "receptions" => objects::reception_page(person, id, Some(attempt)).await,
        "devices" => objects::device_page(person, id, Some(attempt)).await,
        "cards" => objects::card_page(person, id, Some(attempt)).await,
        "customers" => objects::customer_page(person, id, Some(attempt)).await,
        "imports" => imports::import_page(person, id, Some(attempt)).await,
        "invoices" => objects::invoice_page(person, id, Some(attempt)).await,
        "keep" if id == "installation" => installation::page(person, Some(attempt)).await,
        "keep" if id == "permissions" => {
            let role = page.split_once("role=").map_or("", |(_, role)| role).to_owned();
            installation::permissions_page(person, &role, Some(attempt)).await
        }
        "keep" => {
            let object = parts.next().unwrap_or("new").to_owned();
            keep::edit_page(person, id, object, Some(attempt)).await
        }
        _ => {
            let message = std::iter::once(attempt.message)
                .chain(attempt.faults.into_iter().map(|(_, message)| message))
                .collect::<Vec<_>>()
                .join(" ");
            let mut response = person.error(&Error::NotFound);
            *response.status_mut() = attempt.status;
            tracing::debug!(message, "a form failed away from its page");
            response
        }
    }
}
