//! Taking a second factor into use: the code to be scanned, and the form that shows it was.

use app::access::second_factor::{Offer, TurnOn, offer, turn_on};
use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use store::error::Error;

use super::frame::{Attempt, Page, Person, show as answer};
use super::me::fields_of;
use crate::form::{SmallForm, text};
use crate::problem;
use crate::state::Lane;

#[derive(Template)]
#[template(path = "second_factor.html")]
struct SecondFactor {
    p: Page,
    seed: String,
    /// The picture of the code, as a data URL.
    qr: String,
}

pub(crate) async fn show(person: Person) -> Response {
    if person.current.has_second_factor { Redirect::to("/me").into_response() } else { page(person, None, None) }
}

fn page(person: Person, seed: Option<&str>, attempt: Option<Attempt>) -> Response {
    let drawn = offer(person.app.db(), &person.current.login, seed)
        .and_then(|Offer { address, seed }| Ok((documents::qr_code(&address).map_err(Error::internal)?, seed)));
    match drawn {
        Ok((svg, seed)) => {
            let p = person.page("me", person.lang.t("second-factor")).with(attempt);
            answer(
                p.status(),
                &SecondFactor { p, seed, qr: format!("data:image/svg+xml;base64,{}", STANDARD.encode(svg)) },
            )
        }
        Err(error) => person.error(&error),
    }
}

pub(crate) async fn on(person: Person, SmallForm(fields): SmallForm) -> Response {
    if let Err(response) = fields_of(&person, &fields, &["seed", "code", "password"]) {
        return response;
    }
    let (actor, token) = (person.current.actor.clone(), person.token.clone());
    let command =
        TurnOn { seed: text(&fields, "seed"), code: text(&fields, "code"), password: text(&fields, "password") };
    let seed = command.seed.clone();
    match person.app.run_in(Lane::Passwords, move |app| turn_on(app.db(), &actor, &token, &command)).await {
        Ok(()) => Redirect::to("/me").into_response(),
        Err(error) => {
            let attempt = Attempt::of(person.lang, "second-factor", fields, &error);
            problem::when_to_try_again(page(person, Some(&seed), Some(attempt)), &error)
        }
    }
}
