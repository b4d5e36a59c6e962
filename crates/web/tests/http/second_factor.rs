//! Signing in with a second factor by the pages, and what goes over TLS only.

use axum::http::{Method, StatusCode, header};
use serde_json::json;
use web::Settings;

use crate::house::{Answer, House};

/// The password of everybody, as a form sends it.
const PASSWORD: &str = "correct+horse";

/// What the phone shows at the noon of the house, so many seconds later.
fn code(seed: &str, later: u64) -> String {
    let secret = totp_rs::Secret::try_from_base32(seed).expect("a seed");
    let noon = "2026-11-23T08:30:00Z".parse::<jiff::Timestamp>().expect("an instant").as_second();
    totp_rs::Builder::new()
        .with_secret(secret)
        .with_account_name("any")
        .build()
        .expect("a factor")
        .generate(u64::try_from(noon).expect("after 1970") + later)
        .to_string()
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.split_once(before).and_then(|(_, rest)| rest.split_once(after)).map(|(found, _)| found).expect(before)
}

fn location(answer: &Answer) -> &str {
    answer.headers.get(header::LOCATION).and_then(|to| to.to_str().ok()).unwrap_or_default()
}

async fn password_alone(house: &House, login: &str) -> (String, String) {
    let form = format!("login={login}&password={PASSWORD}&next=/repairs");
    let answer = house.form("", "/sign-in", &form).await;
    (house.cookie(&answer), location(&answer).to_owned())
}

#[tokio::test]
async fn a_second_factor_from_set_up_to_sign_in() {
    for house in House::each() {
        let (cookie, csrf) = house.signed_in("administrator").await;
        let page = house.page(Some(&cookie), "/me/second-factor").await.text;
        let seed = between(&page, "name=\"seed\" value=\"", "\"").to_owned();
        assert!(page.contains("data:image/svg+xml;base64,"), "a code to scan");
        let form = |code: &str| format!("_csrf={csrf}&seed={seed}&code={code}&password={PASSWORD}");
        let wrong = house.form(&cookie, "/me/second-factor", &form("000000")).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            wrong.text.contains(&seed) && wrong.text.contains("کد درست نیست") && !wrong.text.contains("correct horse"),
            "the same seed, what is wrong, no password: {}",
            wrong.text
        );
        assert_eq!(location(&house.form(&cookie, "/me/second-factor", &form(&code(&seed, 0))).await), "/me");
        assert!(house.page(Some(&cookie), "/me").await.text.contains("/me/second-factor/off"));

        let (half, to) = password_alone(&house, "administrator").await;
        assert_eq!(to, "/sign-in/code?next=%2Frepairs");
        assert_eq!(
            location(&house.page(Some(&half), "/repairs").await),
            "/sign-in?next=%2Frepairs",
            "half signed in opens nothing"
        );
        assert_eq!(house.page(None, &to).await.status, StatusCode::OK);
        let refused = house.form(&half, "/sign-in/code", "code=000000&next=/repairs").await;
        assert!(
            refused.status == StatusCode::UNPROCESSABLE_ENTITY
                && refused.text.contains("کد درست نیست")
                && refused.text.contains("value=\"/repairs\"")
        );
        let opened = house.form(&half, "/sign-in/code", &format!("code={}&next=/repairs", code(&seed, 30))).await;
        assert_eq!(location(&opened), "/repairs");
        let whole = house.cookie(&opened);
        assert_ne!(whole, half, "the secret of the session is another one");
        assert_eq!(house.page(Some(&whole), "/repairs").await.status, StatusCode::OK);
        assert_eq!(
            location(&house.form("", "/sign-in/code", "code=123456").await),
            "/sign-in",
            "a code without a password leads nowhere"
        );
    }
}

#[tokio::test]
async fn who_is_asked_for_a_second_factor_sets_it_up_before_anything_else() {
    for house in House::each() {
        let (cookie, _) = house.signed_in("technician").await;
        let token = house.token("administrator");
        let change = |whom: &'static str| json!({"second_factor": whom});
        let changed = house.call(Some(&token), Method::POST, "/installation", Some(&change("administrators"))).await;
        assert_eq!(changed.json()["second_factor"], "administrators", "{}", changed.text);
        assert_eq!(
            house.page(Some(&cookie), "/repairs").await.status,
            StatusCode::OK,
            "a technician is no administrator"
        );
        // A token opens no more than its person does.
        let refused = house.call(Some(&token), Method::GET, "/repairs", None).await;
        assert_eq!(
            (refused.status, refused.json()["code"].as_str()),
            (StatusCode::FORBIDDEN, Some("second-factor-first"))
        );
        house.write(|tx| store::settings::set(tx.conn, store::settings::SECOND_FACTOR, "everybody"));
        assert_eq!(location(&house.page(Some(&cookie), "/repairs").await), "/me");
        assert!(house.page(Some(&cookie), "/me").await.text.contains("پیش از ادامه آن را راه بیندازید"));
        assert_eq!(house.page(Some(&cookie), "/me/second-factor").await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn one_signs_out_everywhere_else() {
    for house in House::each() {
        let (here, csrf) = house.signed_in("receptionist").await;
        let form = format!("login=receptionist&password={PASSWORD}");
        let there = house.cookie(&house.form("", "/sign-in", &form).await);
        assert_eq!(house.page(Some(&there), "/receive").await.status, StatusCode::OK);
        assert_eq!(location(&house.form(&here, "/me/sessions/end", &format!("_csrf={csrf}")).await), "/me");
        assert_eq!(house.page(Some(&here), "/receive").await.status, StatusCode::OK);
        assert_eq!(house.page(Some(&there), "/receive").await.status, StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn over_tls_browsers_are_bound_to_it() {
    for mut house in House::each() {
        let plain = house.page(None, "/sign-in").await;
        assert!(!plain.headers.contains_key(header::STRICT_TRANSPORT_SECURITY));
        house.serve(Settings { public_url: "https://service.example".to_owned(), ..Settings::default() });
        let page = house.page(None, "/sign-in").await;
        assert_eq!(page.headers[header::STRICT_TRANSPORT_SECURITY], "max-age=31536000");
        let answer = house.form("", "/sign-in", "login=administrator&password=correct+horse").await;
        let cookie = answer.headers[header::SET_COOKIE].to_str().expect("a cookie");
        assert!(
            cookie.starts_with("__Host-zamen=")
                && ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"].iter().all(|word| cookie.contains(word)),
            "{cookie}"
        );
    }
}
