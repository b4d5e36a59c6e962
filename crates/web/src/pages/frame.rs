//! What every page stands in: who is signed in, language, keys of the form, and how an error looks.

use app::access::refused::note_refused;
use app::access::session::{Current, current, touch};
use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use domain::access::Action;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use store::error::Error;
use store::rights::{Actor, Of};
use store::views::Title;
use words::Lang;

use crate::state::App;
use crate::{api, problem};

/// The name of the session's cookie.
pub(crate) fn cookie_name(app: &App) -> &'static str {
    if app.is_secure() { "__Host-zamen" } else { "zamen" }
}

/// A cookie of a request.
pub(crate) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
}

/// The paths that are open to who has a first password to change, or a second factor to set up.
const BEFORE_THE_GATE: [&str; 5] = ["/me", "/me/password", "/me/second-factor", "/sign-out", "/language"];

/// The name of the cookie by which a browser is known in which somebody signed in.
pub(crate) fn device_cookie_name(app: &App) -> &'static str {
    if app.is_secure() { "__Host-zamen-device" } else { "zamen-device" }
}

/// The language that somebody chose who is not signed in, or that their browser asks for.
pub(crate) fn chosen_language(headers: &HeaderMap) -> Lang {
    cookie(headers, "zamen-lang").and_then(|name| Lang::named(&name)).unwrap_or_else(|| problem::language(headers))
}

/// A person who is signed in, and the request that they made.
pub(crate) struct Person {
    pub app: App,
    pub current: Current,
    pub lang: Lang,
    pub token: String,
    /// Path and query, for coming back.
    pub here: String,
}

impl FromRequestParts<App> for Person {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let here = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let lost = || {
            let next = if parts.method == axum::http::Method::GET { here.clone() } else { "/".to_owned() };
            let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", &next).finish();
            Redirect::to(&format!("/sign-in?{query}")).into_response()
        };
        let Some(token) = cookie(&parts.headers, cookie_name(app)) else { return Err(lost()) };
        let (now, sent, address) = (app.db().now(), token.clone(), app.address(parts));
        let mut found = app.look_up(move |conn| current(conn, now, &sent, &address)).await;
        if matches!(&found, Ok(Some(session)) if session.is_note_old) {
            let sent = token.clone();
            // A store that takes no changes can still be read.
            match app.run(move |app| touch(app.db(), &sent)).await {
                Ok(()) | Err(Error::Unavailable(_)) => {}
                Err(error) => found = Err(error),
            }
        }
        match found {
            Ok(Some(current)) => {
                let lang = Lang::named(&current.language).unwrap_or(Lang::Fa);
                app.count_request(&current.actor).map_err(|error| plain_error(lang, &error))?;
                let gated = current.must_change_password || current.must_add_second_factor;
                if gated && !BEFORE_THE_GATE.contains(&parts.uri.path()) {
                    return Err(Redirect::to("/me").into_response());
                }
                Ok(Self { app: app.clone(), current, lang, token, here })
            }
            Ok(None) => Err(lost()),
            Err(error) => Err(plain_error(problem::language(&parts.headers), &error)),
        }
    }
}

/// What was tried with a form that failed: it comes back filled, each fault beside its field.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attempt {
    /// The name of the form: its operation, and which one where a page has several of it.
    pub form: String,
    pub values: Vec<(String, String)>,
    pub faults: Vec<(String, String)>,
    pub message: String,
    pub status: StatusCode,
}

impl Attempt {
    /// What was tried, and what came of it.
    pub fn of(lang: Lang, form: &str, values: Vec<(String, String)>, error: &Error) -> Self {
        let (status, _, message) = problem::told(lang, error);
        let faults = match error {
            Error::Invalid(faults) => {
                faults.iter().map(|fault| (fault.path.clone(), problem::sentence(lang, &fault.reason))).collect()
            }
            _ => Vec::new(),
        };
        // Secrets are typed anew.
        let values =
            values.into_iter().filter(|(name, _)| !name.ends_with("password") && !name.ends_with("pin")).collect();
        Self { form: form.to_owned(), values, faults, message, status }
    }
}

/// What the frame of a page shows.
pub(crate) struct Page {
    pub l: Lang,
    pub title: String,
    pub nav: &'static str,
    pub person: String,
    pub centre: Option<Title>,
    pub csrf: String,
    /// For the forms of this page: sent twice, done once.
    pub key: String,
    pub query: String,
    pub attempt: Option<Attempt>,
    pub actor: Actor,
    /// What the page is about: what the person may do is asked of it.
    pub of: Of,
    /// Where the person works.
    pub today: Date,
    pub has_bar: bool,
}

impl Person {
    /// The frame of a page of this person.
    pub fn page(&self, nav: &'static str, title: String) -> Page {
        Page {
            l: self.lang,
            title,
            nav,
            person: self.current.actor.name.clone(),
            centre: self.current.centre.as_ref().map(|centre| centre.title.clone()),
            csrf: self.current.csrf.clone(),
            key: domain::keys::public_id(self.app.db().random()),
            query: String::new(),
            attempt: None,
            actor: self.current.actor.clone(),
            of: Of::Anything,
            today: self.current.actor.today(self.app.db().now()),
            has_bar: false,
        }
    }

    /// The time zone in which they work.
    pub fn zone(&self) -> &TimeZone {
        &self.current.actor.zone
    }

    /// Reads as this person.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut store::Conn, &Actor) -> store::error::Result<T> + Send + 'static,
    ) -> Result<T, Response> {
        let actor = self.current.actor.clone();
        self.app.read(move |conn| read(conn, &actor)).await.map_err(|error| self.error(&error))
    }

    /// Writes down that an object was read, where its operation asks for that.
    pub async fn note(&self, operation: &'static str, id: String) -> Result<(), Response> {
        let actor = self.current.actor.clone();
        let noted = self
            .app
            .run(move |app| api::named(operation).map_or(Ok(()), |operation| operation.note(app.db(), &actor, &id)));
        noted.await.map_err(|error| self.error(&error))
    }

    /// Writes down, beside the answer, that something was tried which is not theirs.
    pub fn note_refused(&self, error: &Error) {
        if error.is_refusal() {
            let (app, actor) = (self.app.clone(), self.current.actor.clone());
            let path = self.here.split('?').next().unwrap_or_default().to_owned();
            tokio::task::spawn_blocking(move || note_refused(app.db(), &actor, &path));
        }
    }

    /// An error as a page.
    pub fn error(&self, error: &Error) -> Response {
        self.note_refused(error);
        let (status, message) = problem::in_a_sentence(self.lang, error);
        let template = Wrong { p: self.page("", self.lang.t("error-title")), message };
        problem::when_to_try_again((status, html(&template)).into_response(), error)
    }

    /// Whether a form was sent from one of this person's own pages.
    pub fn sent_it(&self, csrf: Option<&str>) -> bool {
        csrf.is_some_and(|sent| {
            sent.len() == self.current.csrf.len()
                && sent.bytes().zip(self.current.csrf.bytes()).fold(0, |odd, (a, b)| odd | (a ^ b)) == 0
        })
    }
}

impl Page {
    pub fn with(mut self, attempt: Option<Attempt>) -> Self {
        self.attempt = attempt;
        self
    }

    /// A page about a thing, of which rights are asked.
    pub fn about(mut self, of: Option<Of>) -> Self {
        self.of = of.unwrap_or(Of::Anything);
        self
    }

    pub fn bar(mut self) -> Self {
        self.has_bar = true;
        self
    }

    fn tried(&self, form: &str) -> Option<&Attempt> {
        self.attempt.as_ref().filter(|attempt| attempt.form == form)
    }

    /// The id of a field of a form, or the name of a form of which a page has several.
    pub fn id(&self, form: impl std::fmt::Display, name: impl std::fmt::Display) -> String {
        format!("{form}-{name}")
    }

    /// What stood in a field of a form that failed, else `default`.
    pub fn value(&self, form: impl AsRef<str>, name: impl AsRef<str>, default: impl AsRef<str>) -> String {
        match self.tried(form.as_ref()) {
            Some(attempt) => attempt
                .values
                .iter()
                .find(|(field, _)| field == name.as_ref())
                .map_or_else(String::new, |(_, value)| value.clone()),
            None => default.as_ref().to_owned(),
        }
    }

    /// Marks the value of a choice that was made in a form that failed, else `default`.
    pub fn chosen(
        &self,
        form: impl AsRef<str>,
        name: impl AsRef<str>,
        value: impl AsRef<str>,
        default: impl AsRef<str>,
    ) -> &'static str {
        if self.value(form, name.as_ref(), default) == value.as_ref() { " selected" } else { "" }
    }

    /// Marks a box that was ticked in a form that failed, else `default`.
    pub fn among(&self, form: &str, name: &str, value: impl AsRef<str>, default: bool) -> &'static str {
        let is_ticked = match self.tried(form) {
            Some(attempt) => attempt.values.iter().any(|(field, ticked)| field == name && ticked == value.as_ref()),
            None => default,
        };
        if is_ticked { " checked" } else { "" }
    }

    /// Opens what a form that failed is folded into; a name that ends in `-` stands for all of its forms.
    pub fn open(&self, form: impl AsRef<str>) -> &'static str {
        let form = form.as_ref();
        let is_tried = self
            .attempt
            .as_ref()
            .is_some_and(|attempt| attempt.form == form || form.ends_with('-') && attempt.form.starts_with(form));
        if is_tried { " open" } else { "" }
    }

    /// What is wrong with a field of a form that failed; empty where nothing is.
    pub fn fault(&self, form: impl AsRef<str>, path: impl AsRef<str>) -> String {
        let path = path.as_ref();
        // A field of a list bears the faults of all its entries.
        let is_of = |at: &str| match path.strip_suffix("[]") {
            Some(list) => at.strip_prefix(list).is_some_and(|rest| rest.is_empty() || rest.starts_with('[')),
            None => at == path,
        };
        self.tried(form.as_ref())
            .and_then(|attempt| attempt.faults.iter().find(|(at, _)| is_of(at)))
            .map_or_else(String::new, |(_, message)| message.clone())
    }

    /// Date and time of an instant, where the person works.
    pub fn at(&self, instant: &Timestamp) -> String {
        self.l.instant(instant, &self.actor.zone)
    }

    /// An amount with the name of the unit in which the house shows amounts.
    pub fn money(&self, amount: &i64) -> String {
        self.l.money(amount, self.actor.unit)
    }

    /// An amount alone.
    pub fn amount(&self, amount: &i64) -> String {
        self.l.amount(amount, self.actor.unit)
    }

    /// A label with the unit of its amounts.
    pub fn in_unit(&self, key: &str) -> String {
        self.l.t1(key, "unit", self.l.unit(self.actor.unit))
    }

    /// Whether a promised day of work that is still open has passed.
    pub fn has_passed(&self, promised_on: &Date, is_open: &bool) -> bool {
        *is_open && *promised_on < self.today
    }

    pub fn can(&self, action: &str) -> bool {
        Action::named(action).is_some_and(|action| self.actor.scope(action).holds(self.of))
    }

    pub fn asset(&self, name: &str) -> String {
        crate::assets::url(name)
    }

    /// A title in the page's language.
    pub fn pick<'a>(&self, title: &'a Title) -> &'a str {
        self.l.pick(&title.fa, &title.en)
    }

    pub fn status(&self) -> StatusCode {
        self.attempt.as_ref().map_or(StatusCode::OK, |attempt| attempt.status)
    }
}

#[derive(Template)]
#[template(path = "wrong.html")]
struct Wrong {
    p: Page,
    message: String,
}

#[derive(Template)]
#[template(path = "wrong_public.html")]
struct WrongPublic {
    l: Lang,
    message: String,
}

/// An error for somebody who is not signed in.
pub(crate) fn plain_error(lang: Lang, error: &Error) -> Response {
    let (status, message) = problem::in_a_sentence(lang, error);
    problem::when_to_try_again((status, html(&WrongPublic { l: lang, message })).into_response(), error)
}

/// The answer to a form that is too large.
pub(crate) fn too_large(lang: Lang) -> Response {
    show(StatusCode::PAYLOAD_TOO_LARGE, &WrongPublic { l: lang, message: lang.t("error-too-large-body") })
}

/// A template as HTML.
pub(crate) fn html(template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => Html(text).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A page with the status of what was tried.
pub(crate) fn show(status: StatusCode, template: &impl Template) -> Response {
    let mut response = html(template);
    if response.status() == StatusCode::OK {
        *response.status_mut() = status;
    }
    response
}

/// A path of our own to go on to; anything else leads home. Browsers read `\` as `/`, leave out ends of lines and tabs,
/// and take what begins with two slashes for another house.
pub(crate) fn local(path: &str) -> &str {
    let is_ours = path.starts_with('/')
        && !path.starts_with("//")
        && !path.chars().any(|letter| letter == '\\' || letter.is_control());
    if is_ours { path } else { "/" }
}

/// Sets a cookie on an answer.
pub(crate) fn set_cookie(response: &mut Response, app: &App, cookie: &str) {
    let secure = if app.is_secure() { "; Secure" } else { "" };
    if let Ok(value) = HeaderValue::from_str(&format!("{cookie}; Path=/; SameSite=Lax{secure}")) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_of_our_own_is_gone_on_to() {
        for path in ["/", "/repairs?is_open=true&stage=ready", "/search?q=\u{6CC}", "/keep/products/0123456789abcdef"] {
            assert_eq!(local(path), path);
        }
        let elsewhere = [
            "",
            "repairs",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "/\t/evil.example",
            "/a\r\nset-cookie: x",
            "/\u{0}",
            "/\u{7F}",
            "/\u{85}",
            " /",
        ];
        for path in elsewhere {
            assert_eq!(local(path), "/", "{path:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_asked_for_leads_to_a_path_that_a_head_can_bear(path in "[/\\\\a-z\\PC\\x00-\\x1f]{0,12}") {
            let path = local(&path);
            proptest::prop_assert!(path.starts_with('/') && !path[1..].starts_with(['/', '\\']));
            proptest::prop_assert!(HeaderValue::from_bytes(path.as_bytes()).is_ok());
        }
    }
}
