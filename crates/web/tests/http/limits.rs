//! What one request may cost, and many at once: others go on.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use base64::Engine as _;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tower::ServiceExt;
use web::api;

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
            let request = Request::post("/sign-in")
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(Body::from(form))
                .unwrap();
            signing_in.spawn(async move { router.oneshot(request).await.unwrap().status() });
        }
        let health = timeout(AT_MOST, house.page(None, "/health")).await.expect("the health page waits");
        assert_eq!(health.status, StatusCode::OK);
        let written =
            timeout(AT_MOST, house.call(Some(&token), Method::POST, "/customers", Some(&json!({"name": "زهرا"}))))
                .await
                .expect("a write waits");
        assert_eq!(written.status, StatusCode::CREATED, "{}", written.text);
        while let Some(status) = signing_in.join_next().await {
            // Of tries that come at once each counts before it is looked at: the later ones are asked to wait.
            assert!(matches!(status.expect("an answer"), StatusCode::SEE_OTHER | StatusCode::TOO_MANY_REQUESTS));
        }
    }
}

/// The head of a JPEG of 20,000 by 20,000 pixels, and nothing of them.
const ENORMOUS: &[u8] = b"\xFF\xD8\xFF\xC0\0\x11\x08\x4E\x20\x4E\x20\x03\x01\x11\0\x02\x11\0\x03\x11\0\xFF\xDA\0\x0C\x03\x01\0\x02\0\x03\0\0\x3F\0";

/// A form with a file, as a browser sends it.
fn with_file(path: &str, cookie: &str, fields: &[(&str, &str)], file: &[u8]) -> Request<Body> {
    let part = |name: &str| format!("--part\r\ncontent-disposition: form-data; name=\"{name}\"");
    let mut body = fields
        .iter()
        .map(|(name, value)| format!("{}\r\n\r\n{value}\r\n", part(name)))
        .collect::<String>()
        .into_bytes();
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
        for (file, code) in
            [(ENORMOUS, "photo-too-large"), (&too_heavy[..], "photo-too-heavy"), (&b"GIF89a"[..], "not-a-photo")]
        {
            let content = base64::engine::general_purpose::STANDARD.encode(file);
            let called = house.call(Some(&token), Method::POST, "/photos", Some(&json!({"content": content}))).await;
            let sent =
                house.send(with_file("/photos", &cookie, &[("_csrf", &csrf), ("purpose", "condition")], file)).await;
            for (answer, path) in [(called, "content"), (sent, "file")] {
                let told = answer.json();
                assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.text);
                assert_eq!(
                    (told["errors"][0]["path"].as_str(), told["errors"][0]["code"].as_str()),
                    (Some(path), Some(code))
                );
            }
        }
    }
}

fn form_to(path: &str, cookie: Option<&str>, fields: String) -> Request<Body> {
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT_LANGUAGE, "en");
    let request = if let Some(cookie) = cookie { request.header(header::COOKIE, cookie) } else { request };
    request.body(Body::from(fields)).unwrap()
}

#[tokio::test]
async fn forms_and_queries_of_strangers_build_nothing_that_they_do_not_name() {
    for house in House::each() {
        let deep = "k%5B999%5D%5B999%5D=x&".repeat(2500);
        for path in ["/setup", "/sign-in", "/sign-in/code", "/language"] {
            let answer = house.send(form_to(path, None, deep.clone())).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}: {}", answer.text);
        }
        for (path, sentence) in [
            ("/sign-in?next=/&next=/", "This is given twice."),
            ("/sign-in?other=1", "This field is not known."),
            ("/t?number=1&number=2", "This is given twice."),
            ("/t?number=%00", "It bears characters"),
        ] {
            let request = Request::get(path).header(header::ACCEPT_LANGUAGE, "en").body(Body::empty()).unwrap();
            let answer = house.send(request).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
            assert!(answer.text.contains(sentence), "{path}: {}", answer.text);
        }
        assert_eq!(
            house.send(form_to("/sign-in", None, format!("login={}", "x".repeat(70_000)))).await.status,
            StatusCode::PAYLOAD_TOO_LARGE
        );
    }
}

#[tokio::test]
async fn what_a_person_sends_is_known_by_its_names_on_both_roads() {
    for house in House::each() {
        let token = house.token("administrator");
        let (cookie, csrf) = house.signed_in("administrator").await;
        let told = async |fields: &str| {
            let answer = house
                .send(form_to(
                    "/do/createFault",
                    Some(&cookie),
                    format!("_csrf={csrf}&_page=/keep/faults/new&{fields}"),
                ))
                .await;
            (answer.status.as_u16(), answer.text)
        };
        let title = "code=F-9&title.fa=f&title.en=f";
        for (fields, status, sentence) in [
            (format!("{title}&colour="), 422, "این مورد شناخته نیست."),
            (format!("{title}&code=F-8"), 422, "دو بار"),
            (format!("{title}&_other=1"), 422, "این مورد شناخته نیست."),
            ("code=F-9&title.fa=%E2%80%AE&title.en=f".to_owned(), 422, "نویسه‌هایی دارد"),
            (format!("{title}&colour={}", "x".repeat(2 * 1024 * 1024)), 413, "The request is too large."),
        ] {
            let (answered, text) = told(&fields).await;
            assert_eq!(answered, status, "{text}");
            assert!(text.contains(sentence), "{sentence}: {text}");
        }
        for (path, status) in [
            ("/repairs?colour=1", 422),
            ("/repairs?step=a&step=b", 422),
            ("/repairs?limit=many", 200),
            ("/keep/faults?x=1", 422),
            ("/receive?x=1", 422),
            ("/search?q=1&q=2", 422),
        ] {
            assert_eq!(house.page(Some(&cookie), path).await.status.as_u16(), status, "{path}");
        }
        let long =
            house.send(form_to("/receive", Some(&cookie), format!("_csrf={csrf}&_key={}", "k".repeat(201)))).await;
        assert!(
            long.status == StatusCode::UNPROCESSABLE_ENTITY && long.text.contains("درست نوشته نشده است."),
            "{}",
            long.text
        );
        let send = async |body: &str| {
            let request = Request::post("/api/v1/customers")
                .header(header::AUTHORIZATION, format!("Bearer {token}"))
                .header(header::CONTENT_TYPE, "application/json");
            let problem = house.send(request.body(Body::from(body.to_owned())).unwrap()).await.json();
            (
                problem["errors"][0]["path"].as_str().unwrap_or_default().to_owned(),
                problem["errors"][0]["code"].as_str().unwrap_or_default().to_owned(),
            )
        };
        for (body, path, code) in [
            (r#"{"name": "a", "name": "b"}"#.to_owned(), "name", "given-twice"),
            (
                r#"{"name": "a", "addresses": [{"address": "x", "address": "y"}]}"#.to_owned(),
                "addresses[0].address",
                "given-twice",
            ),
            (
                format!(r#"{{"name": "a", "phones": [{}]}}"#, vec![r#""1""#; 20_000].join(",")),
                "phones[9997]",
                "too-many-fields",
            ),
            (r#"{"name": "\ud800"}"#.to_owned(), "", "unclean-text"),
            (r#"{"name": "\u0000"}"#.to_owned(), "name", "unclean-text"),
            ("{\"name\": \"\u{200B}\"}".to_owned(), "name", "required"),
            (r#"{"name": "a\nb"}"#.to_owned(), "name", "unclean-text"),
        ] {
            assert_eq!(send(&body).await, (path.to_owned(), code.to_owned()), "{}", &body[..body.len().min(80)]);
        }
    }
}

#[tokio::test]
async fn a_login_and_a_password_have_a_length() {
    for house in House::each() {
        let long = "x".repeat(2_000);
        for (login, password) in [(long.as_str(), "p"), ("receptionist", long.as_str())] {
            let answer = house.send(form_to("/sign-in", None, format!("login={login}&password={password}"))).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
            assert!(answer.text.contains("Longer than"), "{}", answer.text);
        }
    }
}

#[tokio::test]
async fn who_sits_behind_the_address_of_one_who_guesses_gets_his_visit_a_little_later() {
    for house in House::each() {
        let token = house.token("administrator");
        let [reception, ..] = house.visit(0, 0, "SN-1").await;
        let visit = house.call(Some(&token), Method::GET, &format!("/receptions/{reception}"), None).await.json();
        let number = visit["tracking_number"].as_str().expect("a number").to_owned();
        for _ in 0..6 {
            assert_eq!(house.page(None, "/t/12345678901").await.status, StatusCode::NOT_FOUND);
        }
        let begun = std::time::Instant::now();
        let shown = house.page(None, &format!("/t/{number}")).await;
        assert!(shown.status == StatusCode::OK && shown.text.contains(&number), "{}", shown.text);
        assert!(begun.elapsed() >= Duration::from_secs(2), "kept back");
        assert_eq!(
            house.call(None, Method::GET, &format!("/track/{number}"), None).await.status,
            StatusCode::TOO_MANY_REQUESTS,
            "over the API that is said"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_that_are_many_keep_no_write_waiting() {
    for house in House::each() {
        let token = house.token("administrator");
        let mut reading = JoinSet::new();
        for _ in 0..600 {
            let router = house.router();
            let request = Request::get("/api/v1/repairs?limit=200")
                .header(header::AUTHORIZATION, format!("Bearer {token}"))
                .body(Body::empty())
                .unwrap();
            reading.spawn(async move { router.oneshot(request).await.unwrap().status() });
        }
        let written =
            timeout(AT_MOST, house.call(Some(&token), Method::POST, "/customers", Some(&json!({"name": "زهرا"}))))
                .await
                .expect("a write waits");
        assert_eq!(written.status, StatusCode::CREATED, "{}", written.text);
        while let Some(status) = reading.join_next().await {
            assert!(matches!(status.expect("an answer"), StatusCode::OK | StatusCode::TOO_MANY_REQUESTS));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_many_lists_at_once_has_them_one_by_one_and_others_have_theirs() {
    for house in House::each() {
        let (cookie, _) = house.signed_in("receptionist").await;
        let (other, _) = house.signed_in("accountant").await;
        let export = |cookie: &str| {
            let router = house.router();
            let request = Request::get("/repairs?format=xlsx")
                .header(header::COOKIE, cookie.to_owned())
                .body(Body::empty())
                .unwrap();
            async move { router.oneshot(request).await.unwrap() }
        };
        let mut exporting = JoinSet::new();
        for _ in 0..32 {
            exporting.spawn(export(&cookie));
        }
        exporting.spawn(export(&other));
        let (mut written, mut refused) = (0, 0);
        while let Some(answer) = exporting.join_next().await {
            let answer = answer.expect("an answer");
            match answer.status() {
                StatusCode::OK => written += 1,
                StatusCode::TOO_MANY_REQUESTS => {
                    assert_eq!(answer.headers()["retry-after"], "5");
                    refused += 1;
                }
                other => panic!("{other}"),
            }
        }
        assert!(written >= 2 && refused > 0, "{written} written, {refused} refused");
        assert_eq!(export(&cookie).await.status(), StatusCode::OK, "the next one");
    }
}

fn with_id(one: &Value, index: usize) -> Value {
    let mut other = one.clone();
    other["id"] = json!(format!("N{index}"));
    other
}

#[tokio::test]
async fn a_case_asks_about_two_thousand_pairs_of_short_names_and_no_more() {
    for house in House::each() {
        let token = house.token("administrator");
        let example =
            &api::table().iter().find(|operation| operation.id == "decideCoverage").expect("an operation").example;
        // As many as are wanted of the one that stands there.
        let many = |one: &Value, count: usize| (0..count).map(|index| with_id(one, index)).collect::<Vec<_>>();
        let case = |covers: usize, lines: usize| {
            let mut case = example.clone();
            case["covers"] = json!(many(&example["covers"][0], covers));
            case["question"]["lines"] = json!(many(&example["question"]["lines"][0], lines));
            case
        };
        let ask = async |covers, lines| {
            house.call(Some(&token), Method::POST, "/coverage/decide", Some(&case(covers, lines))).await
        };
        assert_eq!(ask(20, 100).await.status, StatusCode::OK);
        let large = ask(20, 101).await;
        assert!(
            large.status == StatusCode::UNPROCESSABLE_ENTITY && large.text.contains("question.lines"),
            "{}",
            large.text
        );
        let mut long = case(1, 1);
        long["covers"][0]["id"] = json!("x".repeat(121));
        assert_eq!(
            house.call(Some(&token), Method::POST, "/coverage/decide", Some(&long)).await.status,
            StatusCode::UNPROCESSABLE_ENTITY
        );
    }
}

#[tokio::test]
async fn a_form_of_a_page_makes_no_secret_and_a_list_shows_no_text_that_turns() {
    for house in House::each() {
        let (cookie, csrf) = house.signed_in("administrator").await;
        assert_eq!(
            house.form(&cookie, "/do/createToken", &format!("_csrf={csrf}&title=x")).await.status,
            StatusCode::NOT_FOUND
        );
        assert_eq!(
            house.page(Some(&cookie), "/customers?q=%E2%80%AEabc").await.status,
            StatusCode::UNPROCESSABLE_ENTITY
        );
    }
}
