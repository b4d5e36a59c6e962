//! What one request may cost, and many at once: others go on.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tower::ServiceExt;

use crate::house::{House, PASSWORD};

/// How long somebody else waits at most while much is worked on.
const AT_MOST: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_who_sign_in_at_once_keep_nobody_else_waiting() {
    for house in House::each() {
        let token = house.token("administrator");
        let mut signing_in = JoinSet::new();
        for _ in 0..64 {
            let router = house.router();
            let form = format!("login=receptionist&password={}", PASSWORD.replace(' ', "+"));
            let request = Request::post("/sign-in").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(Body::from(form)).unwrap();
            signing_in.spawn(async move { router.oneshot(request).await.unwrap().status() });
        }
        let health = timeout(AT_MOST, house.page(None, "/health")).await.expect("the health page waits");
        assert_eq!(health.status, StatusCode::OK);
        let written = timeout(AT_MOST, house.call(Some(&token), Method::POST, "/customers", Some(&json!({"name": "زهرا"})))).await.expect("a write waits");
        assert_eq!(written.status, StatusCode::CREATED, "{}", written.text);
        while let Some(status) = signing_in.join_next().await {
            assert_eq!(status.expect("an answer"), StatusCode::SEE_OTHER);
        }
    }
}
