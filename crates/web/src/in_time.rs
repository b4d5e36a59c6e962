//! How long a request may take.

use std::time::Duration;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use store::error::Error;
use tokio::time::timeout;

use crate::body::{TOGETHER, content_length};
use crate::problem;

/// What a request gets, from its head to the head of its answer. All that is waited for on the way has shorter limits
/// of its own.
const IN_ALL: Duration = Duration::from_secs(120);
/// The slowest line, in bytes a second, over which a file is sent: a request gets a second more for each so many. A
/// photo of 12 MB may take a minute and a half longer, the largest file of an import eight minutes. What is made for
/// the caller, as an export, gets no more than any page.
const PACE: usize = 128 * 1024;

/// How long a request with a body of so many bytes may take.
fn limit(bytes: usize) -> Duration {
    IN_ALL + Duration::from_secs(u64::try_from(bytes.min(TOGETHER) / PACE).unwrap_or(0))
}

/// Gives up a request that takes too long. What was begun for it off the threads that serve comes to its end all the
/// same: the answer says so. What does not say how long its body is gets no more for it.
pub(crate) async fn in_time(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let (lang, wants_page, limit) =
        (problem::language(headers), problem::wants_page(headers), limit(content_length(headers).unwrap_or(0)));
    match timeout(limit, next.run(request)).await {
        Ok(answer) => answer,
        Err(_) => problem::refused(lang, wants_page, &Error::Unavailable("took-too-long")),
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::http::{StatusCode, header};
    use axum::middleware::from_fn;
    use axum::routing::post;
    use tokio::time::Instant;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_sends_a_file_gets_the_time_that_it_takes_and_nobody_waits_for_ever() {
        let router = Router::new().route("/", post(std::future::pending::<()>)).layer(from_fn(in_time));
        for (length, seconds) in [(None, 120), (Some("65536"), 120), (Some("2097152"), 136), (Some("99999999999"), 632)]
        {
            let mut request = Request::post("/").body(Body::empty()).expect("a request");
            if let Some(length) = length {
                request.headers_mut().insert(header::CONTENT_LENGTH, length.parse().expect("a header"));
            }
            let begun = Instant::now();
            let answer = router.clone().oneshot(request).await.expect("an answer");
            assert_eq!(
                (answer.status(), begun.elapsed().as_secs()),
                (StatusCode::SERVICE_UNAVAILABLE, seconds),
                "{length:?}"
            );
            assert!(answer.headers().contains_key(header::RETRY_AFTER));
        }
    }
}
