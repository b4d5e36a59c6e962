//! Who sends too much waits, on both roads, and nobody else does.

use std::num::NonZeroU32;

use axum::http::{Method, StatusCode};
use web::Settings;

use crate::house::House;

#[tokio::test]
async fn who_sends_too_many_requests_is_told_when_to_go_on() {
    for mut house in House::each() {
        let (cookie, _) = house.signed_in("receptionist").await;
        let (token, other) = (house.token("receptionist"), house.token("accountant"));
        house.serve(Settings { requests_per_minute: NonZeroU32::new(3), ..Settings::default() });
        assert_eq!(house.page(Some(&cookie), "/repairs").await.status, StatusCode::OK);
        for _ in 0..2 {
            assert_eq!(house.call(Some(&token), Method::GET, "/centres", None).await.status, StatusCode::OK);
        }
        let call = house.call(Some(&token), Method::GET, "/centres", None).await;
        let page = house.page(Some(&cookie), "/repairs").await;
        for refused in [&call, &page] {
            assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "{}", refused.text);
            let wait = refused.headers["retry-after"].to_str().expect("seconds").parse::<u32>().expect("a number");
            assert!((1..=21).contains(&wait), "a third of a minute, not {wait}");
        }
        assert_eq!(call.json()["code"], "too-many");
        assert!(page.text.contains("ثانیهٔ دیگر"), "{}", page.text);
        assert_eq!(
            house.call(Some(&other), Method::GET, "/centres", None).await.status,
            StatusCode::OK,
            "another person"
        );
    }
}
