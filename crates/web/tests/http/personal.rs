//! Personal data on both roads: who may tell and erase it, what stands in the journal, and secrets that are shown and
//! not stored.

use axum::http::{Method, StatusCode, header};
use domain::access::Role;
use serde_json::json;

use crate::house::House;

#[tokio::test]
async fn a_customer_is_told_and_erased_by_who_may_and_who_opened_them_is_written_down() {
    for house in House::each() {
        let [reception, _, _, customer] = house.visit(0, 0, "SN-1001").await;
        let path = format!("/customers/{customer}");
        let (cookie, csrf) = house.signed_in("administrator").await;
        let (others, other_csrf) = house.signed_in("receptionist").await;

        let page = house.page(Some(&others), &path).await;
        assert!(page.status == StatusCode::OK && !page.text.contains("/export"), "what one may not do is not offered");
        let told = house.form(&others, &format!("{path}/export"), &format!("_csrf={other_csrf}")).await;
        assert_eq!(told.status, StatusCode::FORBIDDEN);
        assert_eq!(house.form(&cookie, &format!("{path}/export"), "_csrf=wrong").await.status, StatusCode::FORBIDDEN);
        let told = house.form(&cookie, &format!("{path}/export"), &format!("_csrf={csrf}")).await;
        assert_eq!(
            told.headers[header::CONTENT_DISPOSITION],
            format!("attachment; filename=\"customer-{customer}.json\"")
        );
        assert_eq!(told.json()["customer"]["id"], json!(customer));

        let erase = |reason: &str| format!("_csrf={csrf}&_page={path}&reason={reason}");
        let form = format!("/do/eraseCustomer/{customer}");
        assert_eq!(
            house.form(&others, &form, &format!("_csrf={other_csrf}&reason=letter")).await.status,
            StatusCode::FORBIDDEN
        );
        let open = house.form(&cookie, &form, &erase("letter")).await;
        assert!(
            open.status == StatusCode::CONFLICT && open.text.contains("value=\"letter\""),
            "work is open, and the form is still filled: {}",
            open.text
        );
        let token = house.token("administrator");
        let cancelled = house
            .call(
                Some(&token),
                Method::POST,
                &format!("/receptions/{reception}/cancel"),
                Some(&json!({"reason": "no"})),
            )
            .await;
        assert_eq!(cancelled.status, StatusCode::OK, "{}", cancelled.text);
        assert_eq!(house.form(&cookie, &form, &erase("letter")).await.status, StatusCode::SEE_OTHER);
        assert!(house.page(Some(&cookie), &path).await.text.contains("erased"));

        let told = house
            .call(Some(&token), Method::GET, &format!("/timeline?subject=customer&id={customer}"), None)
            .await
            .json();
        let events = told["items"]
            .as_array()
            .expect("items")
            .iter()
            .map(|entry| (entry["event"].as_str().unwrap_or_default(), entry["by"].as_str().unwrap_or_default()));
        let events = events.collect::<Vec<_>>();
        for one in [
            ("customer_opened", "receptionist"),
            ("customer_opened", "administrator"),
            ("customer_exported", "administrator"),
            ("customer_erased", "administrator"),
        ] {
            assert_eq!(events.iter().filter(|event| **event == one).count(), 1, "{one:?} in {events:?}");
        }
    }
}

#[tokio::test]
async fn personal_data_of_another_centre_stays_there() {
    for house in House::each() {
        let [.., customer] = house.visit(0, 0, "SN-1001").await;
        house.person("karaj", Role::CentreManager, Some(house.centres[1].clone()), None);
        let admin = house.token("administrator");
        let right = json!({"role": "centre_manager", "action": "keep_personal_data", "is_allowed": true});
        let given = house.call(Some(&admin), Method::POST, "/permissions", Some(&right)).await;
        assert_eq!(given.status, StatusCode::OK, "{}", given.text);
        let token = house.token("karaj");
        for (noun, body) in [("export", json!({})), ("erase", json!({"reason": "letter"}))] {
            let answer =
                house.call(Some(&token), Method::POST, &format!("/customers/{customer}/{noun}"), Some(&body)).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{noun}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn a_passcode_is_shown_to_who_works_on_the_device_and_to_nobody_else() {
    for house in House::each() {
        let [.., device, _] = house.visit(0, 0, "SN-1001").await;
        let token = house.token("administrator");
        let customer = house.call(Some(&token), Method::GET, &format!("/devices/{device}"), None).await.json()["owner"]
            ["id"]
            .clone();
        let other = json!({
            "centre": house.centres[0], "customer": {"id": customer},
            "devices": [{"new_device": {"product": "SERMAN-TV", "serial": "SN-9"}, "passcode": "2580", "note": "روشن نمی‌شود"}],
        });
        let made = house.call(Some(&token), Method::POST, "/receptions", Some(&other)).await.json();
        let path = format!("/repairs/{}", made["repairs"][0]["id"].as_str().expect("an id"));
        assert!(!made.to_string().contains("2580"));
        let read = house.call(Some(&house.token("technician")), Method::GET, &path, None).await;
        assert!(read.json()["has_passcode"] == json!(true) && !read.text.contains("2580"));
        let shown = house.call(Some(&house.token("technician")), Method::GET, &format!("{path}/passcode"), None).await;
        assert_eq!(shown.json(), json!({"passcode": "2580"}));
        assert_eq!(
            house.call(Some(&house.token("receptionist")), Method::GET, &format!("{path}/passcode"), None).await.status,
            StatusCode::FORBIDDEN
        );

        let (cookie, csrf) = house.signed_in("technician").await;
        assert!(!house.page(Some(&cookie), &path).await.text.contains("2580"));
        assert!(house.form(&cookie, &format!("{path}/passcode"), &format!("_csrf={csrf}")).await.text.contains("2580"));
        let (cookie, csrf) = house.signed_in("receptionist").await;
        assert!(!house.page(Some(&cookie), &path).await.text.contains("/passcode\""));
        assert_eq!(
            house.form(&cookie, &format!("{path}/passcode"), &format!("_csrf={csrf}")).await.status,
            StatusCode::FORBIDDEN
        );
    }
}

#[tokio::test]
async fn how_long_things_are_kept_is_set_on_its_page_by_who_may() {
    for house in House::each() {
        let (cookie, csrf) = house.signed_in("administrator").await;
        let form = |csrf: &str, photos: &str| {
            format!(
                "_csrf={csrf}&_page=/keep/installation&_key=k-changeInstallation-retention&retention.photos={photos}&retention.messages=12&retention.import_files=3&retention.customers=120"
            )
        };
        let set = house.form(&cookie, "/do/changeInstallation", &form(&csrf, "24")).await;
        assert_eq!(set.status, StatusCode::SEE_OTHER, "{}", set.text);
        let kept = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON")["retention"].clone();
        let token = house.token("administrator");
        let expected = json!({"photos": 24, "messages": 12, "import_files": 3, "customers": 120});
        assert_eq!(kept(&house.call(Some(&token), Method::GET, "/installation", None).await.text), expected);
        let page = house.page(Some(&cookie), "/keep/installation").await.text;
        assert_eq!(
            page.matches("selected").count(),
            page.matches("<select").count(),
            "what is set is what is shown: {page}"
        );

        let wrong = house.form(&cookie, "/do/changeInstallation", &form(&csrf, "9999")).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        let (others, other_csrf) = house.signed_in("receptionist").await;
        assert_eq!(
            house.form(&others, "/do/changeInstallation", &form(&other_csrf, "0")).await.status,
            StatusCode::FORBIDDEN
        );
        assert_eq!(kept(&house.call(Some(&token), Method::GET, "/installation", None).await.text), expected);
    }
}
