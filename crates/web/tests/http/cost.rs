//! How many statements a page costs: as many with a large catalogue as with a small one.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::{Method, StatusCode};
use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use serde_json::json;

use crate::house::House;

/// Statements of all connections since it was last asked.
static STATEMENTS: AtomicUsize = AtomicUsize::new(0);

fn counting() -> Option<Box<dyn Instrumentation>> {
    Some(Box::new(|event: InstrumentationEvent<'_>| {
        if matches!(event, InstrumentationEvent::StartQuery { .. }) {
            STATEMENTS.fetch_add(1, Ordering::Relaxed);
        }
    }))
}

#[tokio::test]
async fn a_page_costs_as_many_statements_however_large_the_catalogue_is() {
    set_default_instrumentation(counting).expect("counted");
    for house in House::each() {
        let [reception, repair, device, customer] = house.visit(0, 0, "SN-1001").await;
        let (cookie, _) = house.signed_in("administrator").await;
        let paths = [
            "/receive".to_owned(),
            "/repairs".to_owned(),
            format!("/repairs/{repair}"),
            format!("/receptions/{reception}"),
            format!("/devices/{device}"),
            format!("/customers/{customer}"),
        ];
        let cost = async |path: &str| {
            STATEMENTS.store(0, Ordering::Relaxed);
            let page = house.page(Some(&cookie), path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            STATEMENTS.load(Ordering::Relaxed)
        };
        let mut before = Vec::new();
        for path in &paths {
            cost(path).await;
            before.push((path.clone(), cost(path).await));
        }
        let token = house.token("administrator");
        for index in 0..30 {
            let fault = json!({"code": format!("F-{index}"), "title": {"fa": format!("ایراد {index}"), "en": format!("Fault {index}")}});
            let made = house.call(Some(&token), Method::POST, "/faults", Some(&fault)).await;
            assert_eq!(made.status, StatusCode::CREATED);
        }
        let mut after = Vec::new();
        for path in &paths {
            after.push((path.clone(), cost(path).await));
        }
        assert_eq!(before, after);
    }
}
