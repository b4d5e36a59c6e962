//! Pages and REST API over `app`, side by side: both turn a request into the same command and show the same view.
//!
//! Nothing here knows SQL or a rule. A form's fields become the same JSON as the API's body (`schema::from_form`,
//! guided by the command's JSON schema), so that both roads are checked by the same schema and the same command.
//!
//! To add an operation of the API: one entry in `api::operations`, with an example; route, OpenAPI, checks and the test
//! of routes by roles follow from the entry. To add a page: a function in its module of `pages`, a template that bears
//! its name, its keys in both languages.

#![expect(clippy::needless_pass_by_value, reason = "extractors are taken by value")]
#![expect(clippy::result_large_err, reason = "a response is the other way in which a page can end")]

pub mod api;
mod assets;
mod body;
mod form;
mod in_time;
mod origin;
mod pages;
mod paths;
pub mod problem;
pub mod schema;
mod state;

pub use origin::network;
pub use pages::papers::draw_issued;
pub use pages::report::failures_pdf;
pub use state::{App, Lane, Settings};

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, Response, header};
use axum::middleware::from_fn;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;

/// What a page may load and do: nothing from elsewhere, no script or style inside the page.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'";

/// The whole of the web side.
pub fn router(app: App) -> Router {
    let mut headers = vec![
        (header::CONTENT_SECURITY_POLICY, CSP),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    if app.is_secure() {
        // Where pages come over TLS, a browser that was here once asks for nothing else for a year.
        headers.push((header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"));
    }
    let headers: Arc<[_]> = headers.into();
    let layers = ServiceBuilder::new()
        .map_response(move |answer| with(&headers, answer))
        .layer(CatchPanicLayer::custom(problem::panicked));
    let has_docs = !app.settings().hides_api_docs;
    Router::new()
        .merge(pages::router())
        .merge(assets::router())
        .nest("/api", api::router(has_docs))
        .fallback(problem::not_found)
        .layer(DefaultBodyLimit::max(body::ORDINARY))
        .layer(from_fn(paths::visible))
        .layer(from_fn(in_time::in_time))
        .layer(layers)
        .with_state(app)
}

/// An answer with the headers that every answer has, but for those that it brings itself. In one place: a layer for
/// each costs every page.
fn with<B>(headers: &[(HeaderName, &'static str)], mut answer: Response<B>) -> Response<B> {
    answer.headers_mut().reserve(headers.len());
    for (name, value) in headers {
        answer.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    answer
}
