//! One's own page: password, PIN, tokens, another person at the counter; and the phone on the screen.

use app::access::own::{self, ChangePassword, OpenSession, SetPin, open_sessions};
use app::access::second_factor;
use app::access::tokens::{CreateToken, TokenView, list_tokens};
use app::messaging::{MessageView, latest};
use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use domain::access::Action;
use store::error::Error;

use super::frame::{Attempt, Page, Person, html, show as answer};
use crate::form::{SmallForm, field, only, text};
use crate::problem;
use crate::state::Lane;

#[derive(Template)]
#[template(path = "me.html")]
struct Me {
    p: Page,
    tokens: Vec<TokenView>,
    sessions: Vec<OpenSession>,
    has_pin: bool,
    has_second_factor: bool,
    must_add_second_factor: bool,
    secret: String,
    must_change: bool,
    /// What the person may, by name: a token may be for some of it alone.
    actions: Vec<&'static str>,
}

async fn render(person: Person, secret: String, attempt: Option<Attempt>) -> Response {
    let user = person.current.actor.user_id.unwrap_or(0);
    let (now, token) = (person.app.db().now(), person.token.clone());
    let (tokens, sessions) =
        match person.read(move |conn, _| Ok((list_tokens(conn, user)?, open_sessions(conn, user, now, &token)?))).await
        {
            Ok(both) => both,
            Err(response) => return response,
        };
    let actor = &person.current.actor;
    let page = Me {
        actions: Action::ALL.iter().filter(|action| actor.can(**action)).map(|action| action.name()).collect(),
        p: person.page("me", person.lang.t("me-title")).with(attempt),
        tokens,
        sessions,
        has_pin: person.current.has_pin,
        has_second_factor: person.current.has_second_factor,
        must_add_second_factor: person.current.must_add_second_factor,
        secret,
        must_change: person.current.must_change_password,
    };
    answer(page.p.status(), &page)
}

pub(crate) async fn show(person: Person) -> Response {
    render(person, String::new(), None).await
}

/// The page with what was tried in one of its forms.
pub(crate) async fn page(person: Person, form: &str, fields: Vec<(String, String)>, error: &Error) -> Response {
    let attempt = Attempt::of(person.lang, form, fields, error);
    problem::when_to_try_again(render(person, String::new(), Some(attempt)).await, error)
}

/// Checks a form that was sent: from one of this person's own pages, with fields of these names.
pub(super) fn fields_of(person: &Person, fields: &[(String, String)], names: &[&str]) -> Result<(), Response> {
    if !person.sent_it(field(fields, "_csrf")) {
        return Err(person.error(&Error::Forbidden(store::error::Reason::new("not-from-here"))));
    }
    only(fields, &[&["_csrf"][..], names].concat()).map_err(|error| person.error(&error))
}

pub(crate) async fn password(person: Person, SmallForm(fields): SmallForm) -> Response {
    if let Err(response) = fields_of(&person, &fields, &["old_password", "new_password"]) {
        return response;
    }
    let (actor, token) = (person.current.actor.clone(), person.token.clone());
    let command =
        ChangePassword { old_password: text(&fields, "old_password"), new_password: text(&fields, "new_password") };
    match person.app.run_in(Lane::Passwords, move |app| own::change_password(app.db(), &actor, &token, &command)).await
    {
        Ok(()) => Redirect::to("/").into_response(),
        Err(error) => page(person, "password", fields, &error).await,
    }
}

pub(crate) async fn pin(person: Person, SmallForm(fields): SmallForm) -> Response {
    if let Err(response) = fields_of(&person, &fields, &["password", "pin"]) {
        return response;
    }
    let actor = person.current.actor.clone();
    let command = SetPin { password: text(&fields, "password"), pin: text(&fields, "pin") };
    match person.app.run_in(Lane::Passwords, move |app| own::set_pin(app.db(), &actor, &command)).await {
        Ok(()) => Redirect::to("/me").into_response(),
        Err(error) => page(person, "pin", fields, &error).await,
    }
}

/// Ends one's sessions elsewhere.
pub(crate) async fn end_sessions(person: Person, SmallForm(fields): SmallForm) -> Response {
    if let Err(response) = fields_of(&person, &fields, &[]) {
        return response;
    }
    let (actor, token) = (person.current.actor.clone(), person.token.clone());
    match person.app.run(move |app| own::end_other_sessions(app.db(), &actor, &token)).await {
        Ok(()) => Redirect::to("/me").into_response(),
        Err(error) => page(person, "sessions", Vec::new(), &error).await,
    }
}

/// Turns one's second factor off.
pub(crate) async fn second_factor_off(person: Person, SmallForm(fields): SmallForm) -> Response {
    if let Err(response) = fields_of(&person, &fields, &["password"]) {
        return response;
    }
    let (actor, password) = (person.current.actor.clone(), text(&fields, "password"));
    match person.app.run_in(Lane::Passwords, move |app| second_factor::turn_off(app.db(), &actor, &password)).await {
        Ok(()) => Redirect::to("/me").into_response(),
        Err(error) => page(person, "second-factor", fields, &error).await,
    }
}

pub(crate) async fn token(person: Person, SmallForm(fields): SmallForm) -> Response {
    if let Err(response) = fields_of(&person, &fields, &["title", "password", "scopes[]"]) {
        return response;
    }
    let (actor, password) = (person.current.actor.clone(), text(&fields, "password"));
    let named = fields
        .iter()
        .filter(|(name, _)| name == "scopes[]")
        .map(|(_, action)| Action::named(action).ok_or_else(|| Error::invalid("scopes[]", "not-in-list")));
    let scopes = match named.collect::<Result<Vec<_>, _>>() {
        Ok(scopes) => scopes,
        Err(error) => return page(person, "token", fields, &error).await,
    };
    let command = CreateToken { title: text(&fields, "title"), scopes, days: None };
    match person
        .app
        .run_in(Lane::Passwords, move |app| own::create_own_token(app.db(), &actor, &password, &command))
        .await
    {
        Ok(secret) => render(person, secret, None).await,
        Err(error) => page(person, "token", fields, &error).await,
    }
}

#[derive(Template)]
#[template(path = "messages.html")]
struct Messages {
    p: Page,
    items: Vec<MessageView>,
}

/// The phone on the screen: what customers were sent.
pub(crate) async fn messages(person: Person) -> Response {
    let (vault, now) = (person.app.db().vault().clone(), person.app.db().now());
    let items = person.read(move |conn, actor| {
        actor.may(Action::HandOver, store::rights::Of::Anything)?;
        latest(conn, &vault, actor, 30, now)
    });
    match items.await {
        Ok(items) => html(&Messages { p: person.page("messages", person.lang.t("messages-title")), items }),
        Err(response) => response,
    }
}
