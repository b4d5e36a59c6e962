//! A store that cannot take what is sent: a clear answer on both roads, what was typed stays, and reading goes on.

use axum::http::{Method, StatusCode};
use diesel::connection::SimpleConnection;
use serde_json::json;

use crate::house::House;

fn pragma(house: &House, text: &str) {
    house.write(|tx| Ok(tx.conn.batch_execute(text)?));
}

#[tokio::test]
async fn a_full_store_is_told_on_both_roads_and_nothing_typed_is_lost() {
    let house = House::on_sqlite("IRR");
    let token = house.token("administrator");
    let (cookie, csrf) = house.signed_in("administrator").await;
    // The least that can be set is the size that the file has; a note fills what room is left in it.
    pragma(&house, "PRAGMA max_page_count = 1");
    let body = json!({"name": "زهرا کریمی", "note": "x".repeat(1000)});
    let mut sent = 0;
    let refused = loop {
        let answer = house.call(Some(&token), Method::POST, "/customers", Some(&body)).await;
        sent += 1;
        if answer.status != StatusCode::CREATED || sent > 500 {
            break answer;
        }
    };
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE, "{}", refused.text);
    assert_eq!(
        (refused.json()["code"].as_str(), refused.headers["retry-after"].to_str().ok()),
        (Some("store-full"), Some("60"))
    );
    assert!(refused.json()["detail"].as_str().is_some_and(|detail| detail.contains("disk is full")));

    let form = |index: usize| {
        let title = "y".repeat(100);
        format!(
            "_csrf={csrf}&_page=/keep/services/new&_next=/keep/services/{{id}}&code=S-77-{index}&title.fa={title}&title.en={title}&line_type=labour"
        )
    };
    let mut index = 0;
    let page = loop {
        let page = house.form(&cookie, "/do/createService", &form(index)).await;
        if page.status != StatusCode::SEE_OTHER || index > 500 {
            break page;
        }
        index += 1;
    };
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        page.text.contains("دیسک انبار داده پر است") && page.text.contains(&format!("S-77-{index}")),
        "{}",
        page.text
    );
    assert_eq!(house.page(Some(&cookie), "/keep/services").await.status, StatusCode::OK, "reading goes on");

    pragma(&house, "PRAGMA max_page_count = 1000000");
    assert_eq!(house.call(Some(&token), Method::POST, "/customers", Some(&body)).await.status, StatusCode::CREATED);
    assert_eq!(house.form(&cookie, "/do/createService", &form(index)).await.status, StatusCode::SEE_OTHER);
}
