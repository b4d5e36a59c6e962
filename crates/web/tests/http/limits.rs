//! What one request may cost, and many at once: others go on.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use base64::Engine as _;
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

/// The head of a JPEG of 20,000 by 20,000 pixels, and nothing of them.
const ENORMOUS: &[u8] = b"\xFF\xD8\xFF\xC0\0\x11\x08\x4E\x20\x4E\x20\x03\x01\x11\0\x02\x11\0\x03\x11\0\xFF\xDA\0\x0C\x03\x01\0\x02\0\x03\0\0\x3F\0";

/// A form with a file, as a browser sends it.
fn with_file(path: &str, cookie: &str, fields: &[(&str, &str)], file: &[u8]) -> Request<Body> {
    let part = |name: &str| format!("--part\r\ncontent-disposition: form-data; name=\"{name}\"");
    let mut body = fields.iter().map(|(name, value)| format!("{}\r\n\r\n{value}\r\n", part(name))).collect::<String>().into_bytes();
    body.extend(format!("{}; filename=\"file\"\r\n\r\n", part("file")).bytes());
    body.extend_from_slice(file);
    body.extend(b"\r\n--part--\r\n");
    Request::post(path)
        .header(header::COOKIE, cookie)
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=part")
        .header(header::CONTENT_LENGTH, body.len())
        .body(Body::from(body))
        .unwrap()
}

#[tokio::test]
async fn a_photo_that_is_too_large_is_told_so_on_both_roads() {
    for house in House::each() {
        let token = house.token("receptionist");
        let (cookie, csrf) = house.signed_in("receptionist").await;
        let too_heavy = vec![0; 12 * 1024 * 1024 + 1];
        for (file, code) in [(ENORMOUS, "photo-too-large"), (&too_heavy[..], "photo-too-heavy"), (&b"GIF89a"[..], "not-a-photo")] {
            let content = base64::engine::general_purpose::STANDARD.encode(file);
            let called = house.call(Some(&token), Method::POST, "/photos", Some(&json!({"content": content}))).await;
            let sent = house.send(with_file("/photos", &cookie, &[("_csrf", &csrf), ("purpose", "condition")], file)).await;
            for (answer, path) in [(called, "content"), (sent, "file")] {
                let told = answer.json();
                assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.text);
                assert_eq!((told["errors"][0]["path"].as_str(), told["errors"][0]["code"].as_str()), (Some(path), Some(code)));
            }
        }
    }
}
