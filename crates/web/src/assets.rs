//! Files of the pages: style, script, fonts, icons. Their URL bears their hash, so that a browser keeps them for ever.

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

use crate::state::App;

pub(crate) struct Asset {
    pub name: &'static str,
    pub hash: &'static str,
    pub kind: &'static str,
    pub raw: &'static [u8],
    pub brotli: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The URL of an asset.
#[must_use]
pub(crate) fn url(name: &str) -> String {
    let hash = FILES.iter().find(|asset| asset.name == name).map_or("missing", |asset| asset.hash);
    format!("/assets/{hash}/{name}")
}

pub(crate) fn router() -> Router<App> {
    Router::new().route("/assets/{hash}/{name}", get(serve))
}

async fn serve(Path((hash, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let Some(asset) = FILES.iter().find(|asset| asset.name == name && asset.hash == hash) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let takes_brotli = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("br"));
    let is_packed = takes_brotli && asset.brotli.len() < asset.raw.len();
    let mut response = if is_packed { asset.brotli.into_response() } else { asset.raw.into_response() };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    if is_packed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    response
}

/// The viewer of the API's document. It writes styles into the page, which no other page may.
pub(crate) async fn api_docs() -> Response {
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>zamen API</title>\
         <link rel=\"stylesheet\" href=\"{}\"><main id=\"viewer\"></main><script src=\"{}\"></script><script src=\"{}\"></script></html>",
        url("swagger-ui.css"),
        url("swagger-ui.js"),
        url("api-docs.js"),
    );
    let csp = HeaderValue::from_static(
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    );
    ([(header::CONTENT_SECURITY_POLICY, csp)], Html(page)).into_response()
}
