//! The security log as the API and a page tell it.

use axum::http::{Method, StatusCode};
use serde_json::Value;
use store::events::OF_SECURITY;
use words::Lang;

use crate::house::House;

#[tokio::test]
async fn what_was_refused_is_told_with_who_and_where_to_who_may_look_into_the_log() {
    for house in House::each() {
        let technician = house.token("technician");
        assert_eq!(house.call(Some(&technician), Method::GET, "/invoices", None).await.status, StatusCode::FORBIDDEN);
        assert_eq!(
            house.call(Some(&technician), Method::GET, "/security-log", None).await.status,
            StatusCode::FORBIDDEN
        );

        let administrator = house.token("administrator");
        let log = house
            .call(Some(&administrator), Method::GET, "/security-log?only_refused=true&who=technician", None)
            .await
            .json();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let told = log["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| [text(&entry["what"]), text(&entry["by"]["login"]), text(&entry["details"]["path"])]);
        let expected = ["/api/v1/security-log", "/api/v1/invoices"].map(|path| ["access_refused", "technician", path]);
        assert_eq!(told.collect::<Vec<_>>(), expected);
        assert_eq!(log["items"][0]["is_refused"], true);
        assert_eq!(
            house.call(Some(&administrator), Method::GET, "/security-log?kind=customer_saved", None).await.status,
            StatusCode::UNPROCESSABLE_ENTITY
        );

        let (cookie, _) = house.signed_in("administrator").await;
        assert!(house.page(Some(&cookie), "/keep").await.text.contains("href=\"/keep/security-log\""));
        let page = house.page(Some(&cookie), "/keep/security-log?only_refused=true").await;
        assert!(page.text.contains("/api/v1/invoices"), "{}", page.text);
        let file = house.page(Some(&cookie), "/keep/security-log?who=technician&format=csv").await;
        assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
        assert!(file.text.contains("/api/v1/invoices"), "{}", file.text);
    }
}

#[test]
fn all_that_stands_in_it_has_a_name_and_a_sentence() {
    for (lang, event) in [Lang::Fa, Lang::En]
        .into_iter()
        .flat_map(|lang| OF_SECURITY.iter().map(move |event| (lang, event.replace('_', "-"))))
    {
        assert!(lang.has(&format!("word-security-{event}")) && lang.has(&format!("event-{event}")), "{event}");
    }
}
