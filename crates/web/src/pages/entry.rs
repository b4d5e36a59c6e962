//! Signing in and out, language, centre, switching the person; the first start.

use app::access::own;
use app::access::second_factor::enter_code;
use app::access::session::{self, Browser, Opened, SignIn, SwitchPerson};
use app::setup::{FirstStart, SetUp, is_empty, set_up_by_secret};
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use domain::money::Unit;
use store::error::{Error, Fault};
use words::Lang;

use super::frame::{
    Person, chosen_language, cookie, cookie_name, device_cookie_name, local, plain_error, set_cookie, show,
};
use super::me::fields_of;
use crate::form::{SmallForm, asked, field, only, text};
use crate::origin::is_from_elsewhere;
use crate::problem;
use crate::schema::{from_form, read, shape};
use crate::state::{App, Lane};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    l: Lang,
    next: String,
    login: String,
    message: String,
    is_demo: bool,
}

#[derive(Template)]
#[template(path = "setup.html")]
struct SetupPage {
    l: Lang,
    units: [Unit; Unit::ALL.len()],
    values: Vec<(String, String)>,
    faults: Vec<(String, String)>,
}

impl SetupPage {
    fn of(l: Lang, values: Vec<(String, String)>, faults: Vec<(String, String)>) -> Self {
        Self { l, units: Unit::ALL, values, faults }
    }

    fn value(&self, name: &str) -> &str {
        self.values.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value)
    }

    fn fault(&self, path: &str) -> &str {
        self.faults.iter().find(|(at, _)| at == path).map_or("", |(_, message)| message)
    }
}

/// Where signing in leads on to.
fn next_of(query: Option<String>) -> store::error::Result<String> {
    let fields = asked(query.as_deref(), &["next"])?;
    Ok(field(&fields, "next").map_or("/", local).to_owned())
}

pub(crate) async fn form(State(app): State<App>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let lang = chosen_language(&headers);
    let next = match next_of(query) {
        Ok(next) => next,
        Err(error) => return plain_error(lang, &error),
    };
    let is_demo = match app.run(|app| Ok((app.db().read(is_empty)?, app.is_demo()))).await {
        Ok((true, _)) => return Redirect::to("/setup").into_response(),
        Ok((false, is_demo)) => is_demo,
        Err(error) => return plain_error(lang, &error),
    };
    let page = SignInPage { l: lang, next, login: String::new(), message: String::new(), is_demo };
    show(StatusCode::OK, &page)
}

pub(crate) async fn sign_in(State(app): State<App>, parts: Parts, SmallForm(fields): SmallForm) -> Response {
    let lang = chosen_language(&parts.headers);
    let address = app.address(&parts);
    // A page of another site cannot sign somebody in.
    if is_from_elsewhere(&parts, &app.settings().public_url, app.is_proxied(&parts)) {
        return plain_error(lang, &Error::Forbidden(store::error::Reason::new("not-from-here")));
    }
    if let Err(error) = only(&fields, &["login", "password", "next"]) {
        return plain_error(lang, &error);
    }
    let next = local(field(&fields, "next").unwrap_or_default()).to_owned();
    let command = SignIn { login: text(&fields, "login"), password: text(&fields, "password") };
    for (field, typed, limit) in [("login", &command.login, 100), ("password", &command.password, 200)] {
        if typed.chars().count() > limit {
            return plain_error(
                lang,
                &Error::Invalid(vec![store::error::Fault::new(field, "too-long").with("limit", limit.to_string())]),
            );
        }
    }
    let login = command.login.clone();
    let browser = browser(&app, &parts.headers, address);
    let opened = app.run_in(Lane::Passwords, move |app| session::sign_in(app.db(), &command, &browser)).await;
    match opened {
        Ok(opened) => enter(&app, &opened, &next),
        Err(error) => {
            let (status, message) = problem::in_a_sentence(lang, &error);
            let is_demo = app.run(|app| Ok(app.is_demo())).await.unwrap_or(false);
            let page = SignInPage { l: lang, next, login, message, is_demo };
            problem::when_to_try_again(show(status, &page), &error)
        }
    }
}

/// The browser that a request comes from.
fn browser(app: &App, headers: &HeaderMap, address: String) -> Browser {
    Browser { address, device: cookie(headers, device_cookie_name(app)), session: cookie(headers, cookie_name(app)) }
}

/// Gives the browser what opens a session, and leads on.
fn enter(app: &App, opened: &Opened, next: &str) -> Response {
    let asked = form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
    let to = match opened {
        Opened { awaits_code: true, .. } => format!("/sign-in/code?{asked}"),
        Opened { must_change_password: true, .. } => "/me".to_owned(),
        _ => next.to_owned(),
    };
    with_session(Redirect::to(&to).into_response(), app, opened)
}

/// An answer that gives the browser its session, and by what it is known from now on.
fn with_session(mut response: Response, app: &App, opened: &Opened) -> Response {
    set_cookie(&mut response, app, &format!("{}={}; HttpOnly; Max-Age=604800", cookie_name(app), opened.token));
    if let Some(device) = &opened.device {
        set_cookie(&mut response, app, &format!("{}={device}; HttpOnly; Max-Age=31536000", device_cookie_name(app)));
    }
    response
}

#[derive(Template)]
#[template(path = "sign_in_code.html")]
struct CodePage {
    l: Lang,
    next: String,
    message: String,
}

/// The second half of signing in, for who has a second factor.
pub(crate) async fn code_form(RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let lang = chosen_language(&headers);
    match next_of(query) {
        Ok(next) => show(StatusCode::OK, &CodePage { l: lang, next, message: String::new() }),
        Err(error) => plain_error(lang, &error),
    }
}

pub(crate) async fn code(State(app): State<App>, parts: Parts, SmallForm(fields): SmallForm) -> Response {
    let lang = chosen_language(&parts.headers);
    if let Err(error) = only(&fields, &["code", "next"]) {
        return plain_error(lang, &error);
    }
    let next = local(field(&fields, "next").unwrap_or_default()).to_owned();
    let (browser, code) = (browser(&app, &parts.headers, app.address(&parts)), text(&fields, "code"));
    match app.run(move |app| enter_code(app.db(), &browser, &code)).await {
        Ok(opened) => enter(&app, &opened, &next),
        Err(Error::Unauthenticated) => Redirect::to("/sign-in").into_response(),
        Err(error) => {
            let (status, message) = problem::in_a_sentence(lang, &error);
            problem::when_to_try_again(show(status, &CodePage { l: lang, next, message }), &error)
        }
    }
}

pub(crate) async fn sign_out(person: Person, SmallForm(fields): SmallForm) -> Response {
    if let Err(response) = fields_of(&person, &fields, &[]) {
        return response;
    }
    let (actor, token) = (person.current.actor.clone(), person.token.clone());
    if let Err(error) = person.app.run(move |app| session::sign_out(app.db(), &actor, &token)).await {
        return person.error(&error);
    }
    let mut response = Redirect::to("/sign-in").into_response();
    set_cookie(&mut response, &person.app, &format!("{}=; HttpOnly; Max-Age=0", cookie_name(&person.app)));
    response
}

/// Switches the language and stays on the page, signed in or not.
pub(crate) async fn language(State(app): State<App>, headers: HeaderMap, SmallForm(fields): SmallForm) -> Response {
    if let Err(error) = only(&fields, &["_csrf", "language", "back"]) {
        return plain_error(chosen_language(&headers), &error);
    }
    let named = field(&fields, "language").and_then(Lang::named);
    let Some(lang) = named else { return plain_error(Lang::Fa, &Error::invalid("language", "unknown-language")) };
    let back = local(field(&fields, "back").unwrap_or_default()).to_owned();
    if let Some(token) = cookie(&headers, cookie_name(&app)) {
        let csrf = text(&fields, "_csrf");
        let changed = app
            .run(move |app| match app.db().read(|conn| session::current(conn, app.db().now(), &token, ""))? {
                Some(current) if current.csrf == csrf => own::change_language(app.db(), &current.actor, lang.code()),
                _ => Ok(()),
            })
            .await;
        if let Err(error) = changed {
            return plain_error(lang, &error);
        }
    }
    let mut response = Redirect::to(&back).into_response();
    set_cookie(&mut response, &app, &format!("zamen-lang={}; Max-Age=31536000", lang.code()));
    response
}

/// Works in another of one's centres from now on.
pub(crate) async fn centre(person: Person, SmallForm(fields): SmallForm) -> Response {
    if let Err(response) = fields_of(&person, &fields, &["centre", "back"]) {
        return response;
    }
    let (actor, token, centre) = (person.current.actor.clone(), person.token.clone(), text(&fields, "centre"));
    match person.app.run(move |app| own::change_centre(app.db(), &actor, &token, &centre)).await {
        Ok(()) => Redirect::to(local(field(&fields, "back").unwrap_or("/"))).into_response(),
        Err(error) => person.error(&error),
    }
}

/// Another person at the same counter, by PIN.
pub(crate) async fn switch(person: Person, SmallForm(fields): SmallForm) -> Response {
    if let Err(response) = fields_of(&person, &fields, &["login", "pin", "back"]) {
        return response;
    }
    let (actor, token) = (person.current.actor.clone(), person.token.clone());
    let command = SwitchPerson { login: text(&fields, "login"), pin: text(&fields, "pin") };
    match person
        .app
        .run_in(Lane::Passwords, move |app| session::switch_person(app.db(), &actor, &token, &command))
        .await
    {
        Ok(opened) => with_session(
            Redirect::to(local(field(&fields, "back").unwrap_or("/"))).into_response(),
            &person.app,
            &opened,
        ),
        Err(error) => super::me::page(person, "switch", fields, &error).await,
    }
}

/// The first start of an empty store.
pub(crate) async fn setup_form(State(app): State<App>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let lang = chosen_language(&headers);
    let secret = match asked(query.as_deref(), &["secret"]) {
        Ok(fields) => text(&fields, "secret"),
        Err(error) => return plain_error(lang, &error),
    };
    let fields = vec![("time_zone".to_owned(), "Asia/Tehran".to_owned()), ("_secret".to_owned(), secret)];
    match app.run(|app| app.db().read(is_empty)).await {
        Ok(true) => show(StatusCode::OK, &SetupPage::of(lang, fields, Vec::new())),
        Ok(false) => Redirect::to("/sign-in").into_response(),
        Err(error) => plain_error(lang, &error),
    }
}

pub(crate) async fn setup(State(app): State<App>, parts: Parts, SmallForm(fields): SmallForm) -> Response {
    let lang = chosen_language(&parts.headers);
    let input = from_form(&fields, &shape::<SetUp>().schema, &["_secret"]);
    let (address, typed) = (app.address(&parts), text(&fields, "_secret"));
    let done = app
        .run_in(Lane::Passwords, move |app| {
            let command = input.and_then(|input| read::<SetUp>(&input)).map_err(Error::Invalid)?;
            set_up_by_secret(
                app.db(),
                &command,
                &FirstStart { typed: &typed, right: app.first_start(), address: &address },
            )
        })
        .await;
    match done {
        Ok(()) => Redirect::to("/sign-in").into_response(),
        Err(Error::Invalid(faults)) => {
            let told = |fault: &Fault| (fault.path.clone(), problem::sentence(lang, &fault.reason));
            show(StatusCode::UNPROCESSABLE_ENTITY, &SetupPage::of(lang, fields, faults.iter().map(told).collect()))
        }
        Err(error) => plain_error(lang, &error),
    }
}

/// Whether the store answers.
pub(crate) async fn health(State(app): State<App>) -> Response {
    match app.run(|app| app.db().read(is_empty)).await {
        Ok(_) => "ok\n".into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n").into_response(),
    }
}

/// Removes the demo and leads to the first start of an empty store.
pub(crate) async fn remove_demo(person: Person, SmallForm(fields): SmallForm) -> Response {
    if let Err(response) = fields_of(&person, &fields, &["sure"]) {
        return response;
    }
    if field(&fields, "sure").is_none() {
        return Redirect::to("/keep").into_response();
    }
    let actor = person.current.actor.clone();
    match person.app.run(move |app| app::demo::remove(app.db(), &actor)).await {
        Ok(()) => Redirect::to(&person.app.first_start_path()).into_response(),
        Err(error) => person.error(&error),
    }
}
