//! What raises the customer's sum above his yes is said on the page of the repair and over the API, and opened by a
//! form.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::House;

#[tokio::test]
async fn a_sum_above_the_yes_is_said_with_both_sums_and_opened_by_who_notes_the_agreement() {
    for house in House::each() {
        let [reception, repair, ..] = house.visit(0, 0, "T-1").await;
        let token = house.token("administrator");
        let post = async |path: String, body: Value| house.call(Some(&token), Method::POST, &path, Some(&body)).await;
        let title = json!({"fa": "الف", "en": "A"});
        for (path, body) in [
            ("/faults", json!({"code": "C01", "title": title})),
            ("/causes", json!({"code": "worn", "title": title})),
            ("/services", json!({"code": "S-1", "title": title, "line_type": "labour", "price": 1_000_000})),
        ] {
            assert_eq!(post(path.to_owned(), body).await.status, StatusCode::CREATED, "{path}");
        }
        let on = |noun: &str| format!("/repairs/{repair}/{noun}");
        for (noun, body) in [
            ("moves", json!({"transition": "to-diagnosis"})),
            ("diagnose", json!({"fault": "C01", "cause": "worn", "accept_coverage_change": true})),
            ("operations", json!({"service": "S-1"})),
            ("estimates", json!({"ask": true})),
            ("estimates/answer", json!({"answer": "accepted"})),
        ] {
            let answer = post(on(noun), body).await;
            assert!(answer.status.is_success(), "{noun}: {}", answer.text);
        }
        let after = post(on("operations"), json!({"service": "S-1", "unit_price": 200_000, "accept_warnings": true}))
            .await
            .json();
        assert_eq!(
            (&after["exceeded"], &after["estimate"]["state"]),
            (&json!({"accepted": 1_100_000, "now": 1_320_000}), &json!("exceeded"))
        );
        let ended = post(on("moves"), json!({"transition": "repaired"})).await;
        let told = ended.json();
        assert_eq!((ended.status, told["code"].as_str()), (StatusCode::CONFLICT, Some("estimate-exceeded")));
        let detail = told["detail"].as_str().expect("a sentence");
        assert!(
            ["1,100,000", "1,320,000", "new estimate", "who agreed"].iter().all(|part| detail.contains(part)),
            "{detail}"
        );

        let (cookie, csrf) = house.signed_in("administrator").await;
        let here = format!("/repairs/{repair}");
        let page = house.page(Some(&cookie), &here).await.text;
        assert!(
            ["۱٬۱۰۰٬۰۰۰", "۱٬۳۲۰٬۰۰۰", "موافقت کرده و جمع آن‌ها اکنون", "/do/noteAgreement/"]
                .iter()
                .all(|part| page.contains(part)),
            "{page}"
        );
        let form = |who: &str| {
            format!(
                "_csrf={csrf}&_page={here}&_key=k{who}-noteAgreement&who={who}&how=in_person&total=%DB%B1%D9%AC%DB%B3%DB%B2%DB%B0%D9%AC%DB%B0%DB%B0%DB%B0&reason=leak"
            )
        };
        let empty = house.form(&cookie, &format!("/do/noteAgreement/{repair}"), &form("")).await;
        assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
        let noted = house.form(&cookie, &format!("/do/noteAgreement/{repair}"), &form("Zahra")).await;
        assert_eq!(noted.status, StatusCode::SEE_OTHER, "{}", noted.text);
        let page = house.page(Some(&cookie), &here).await.text;
        assert!(
            page.contains("Zahra") && page.contains("حضوری") && !page.contains("موافقت کرده و جمع آن‌ها اکنون"),
            "{page}"
        );
        assert_eq!(post(on("moves"), json!({"transition": "repaired"})).await.status, StatusCode::OK);

        // On the shelf: who stands at the counter reads it before the device is handed over, not after the button.
        assert_eq!(post(on("checklist"), json!({"items": ["runs"]})).await.status, StatusCode::OK);
        assert_eq!(post(on("moves"), json!({"transition": "passed"})).await.status, StatusCode::OK);
        let counter = format!("/receptions/{reception}");
        let (button, told) = ("data-main", "موافقت کرده و جمع آن‌ها اکنون");
        let page = house.page(Some(&cookie), &counter).await.text;
        assert!(page.contains(button) && !page.contains(told), "{page}");
        assert!(
            post(on("operations"), json!({"service": "S-1", "unit_price": 100_000, "accept_warnings": true}))
                .await
                .status
                .is_success()
        );
        let page = house.page(Some(&cookie), &counter).await.text;
        assert!(
            page.contains(told) && page.contains(&format!("href=\"/repairs/{repair}\"")) && !page.contains(button),
            "{page}"
        );
        assert_eq!(
            post(
                on("estimates/agreement"),
                json!({"who": "Zahra", "how": "phone", "total": 1_430_000, "reason": "leak"})
            )
            .await
            .status,
            StatusCode::OK
        );
        assert!(house.page(Some(&cookie), &counter).await.text.contains(button));
    }
}
