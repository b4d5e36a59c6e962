//! Each sees only their own centres and brands, on every road.

use axum::http::{Method, StatusCode};
use domain::access::Role;
use serde_json::json;

use crate::house::House;

#[tokio::test]
async fn another_centres_and_another_brands_person_find_nothing() {
    for house in House::each() {
        house.person("karaj", Role::CentreManager, Some(house.centres[1].clone()), None);
        house.person("parsa", Role::BrandManager, None, Some(house.brands[1].clone()));
        let [reception, repair, device, customer] = house.visit(0, 0, "SN-1001").await;
        let [own_reception, own_repair, ..] = house.visit(1, 1, "SN-2002").await;
        for login in ["karaj", "parsa"] {
            let token = house.token(login);
            let (cookie, csrf) = house.signed_in(login).await;
            for path in [format!("/repairs/{own_repair}"), format!("/receptions/{own_reception}")] {
                assert_eq!(
                    house.call(Some(&token), Method::GET, &path, None).await.status,
                    StatusCode::OK,
                    "{login} {path}"
                );
            }
            let mut hidden = vec![format!("/repairs/{repair}"), format!("/receptions/{reception}")];
            // A device's history is shared by the centres of its brand; its customer only with those who dealt with
            // them.
            hidden.push(if login == "parsa" { format!("/devices/{device}") } else { format!("/customers/{customer}") });
            for path in hidden {
                assert_eq!(
                    house.call(Some(&token), Method::GET, &path, None).await.status,
                    StatusCode::NOT_FOUND,
                    "{login} {path}"
                );
                assert_eq!(house.page(Some(&cookie), &path).await.status, StatusCode::NOT_FOUND, "{login} {path}");
            }
            // Who has the device in hand may look it up by its serial, wherever it was served before; a maker never
            // sees another maker's.
            let found = house.call(Some(&token), Method::GET, "/search?q=SN-1001", None).await.json();
            let kinds = found["hits"]
                .as_array()
                .map(|hits| hits.iter().filter_map(|hit| hit["kind"].as_str()).collect::<Vec<_>>())
                .unwrap_or_default();
            assert_eq!(kinds, if login == "karaj" { vec!["device"] } else { Vec::new() }, "{login}");
            for list in ["/repairs", "/receptions", "/customers"] {
                let answer = house.call(Some(&token), Method::GET, list, None).await;
                assert!(!answer.text.contains("SN-1001"), "{login} {list}");
                assert!(!house.page(Some(&cookie), list).await.text.contains("SN-1001\""), "{login} {list}");
            }
            let tries = [
                ("note", json!({"transition": "to-diagnosis"}), "moves"),
                ("goodwill", json!({"percent": 5, "reason": "x"}), "goodwill"),
                ("promise", json!({"promised_on": "2030-01-01", "reason": "x"}), "promise"),
            ];
            for (_, body, noun) in tries {
                let answer =
                    house.call(Some(&token), Method::POST, &format!("/repairs/{repair}/{noun}"), Some(&body)).await;
                assert!(
                    matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::FORBIDDEN),
                    "{login} {noun}: {}",
                    answer.status
                );
            }
            let form = house
                .form(&cookie, &format!("/do/moveRepair/{repair}"), &format!("_csrf={csrf}&transition=to-diagnosis"))
                .await;
            assert!(matches!(form.status, StatusCode::NOT_FOUND | StatusCode::FORBIDDEN), "{login}: {}", form.status);
            let timeline =
                house.call(Some(&token), Method::GET, &format!("/timeline?subject=repair&id={repair}"), None).await;
            assert!(timeline.status == StatusCode::NOT_FOUND, "{login} {}", timeline.text);
            let report = house.call(Some(&token), Method::GET, "/reports/failure-causes", None).await.json();
            assert_eq!(
                report["rows"]
                    .as_array()
                    .map(|rows| rows.iter().filter_map(|row| row["repairs"].as_i64()).sum::<i64>()),
                Some(1),
                "{login}"
            );
        }
        // A customer of another centre is opened by an exact number, and that is written down.
        let karaj = house.token("karaj");
        let admin = house.token("administrator");
        let phone =
            house.call(Some(&admin), Method::GET, &format!("/customers/{customer}"), None).await.json()["phones"][0]
                .as_str()
                .unwrap()
                .to_owned();
        let found = house
            .call(Some(&karaj), Method::GET, &format!("/search?q={}", phone.replace('+', "%2B")), None)
            .await
            .json();
        assert_eq!((&found["hits"][0]["is_elsewhere"], &found["hits"][0]["title"]), (&json!(true), &json!("")));
        assert_eq!(
            house.call(Some(&karaj), Method::GET, &format!("/customers/{customer}"), None).await.status,
            StatusCode::NOT_FOUND
        );
        assert_eq!(
            house.call(Some(&karaj), Method::POST, "/customers/look-up", Some(&json!({"number": phone}))).await.json()
                ["id"],
            json!(customer)
        );
        assert_eq!(
            house.call(Some(&karaj), Method::GET, &format!("/customers/{customer}"), None).await.status,
            StatusCode::OK
        );
        let timeline = house
            .call(Some(&admin), Method::GET, &format!("/timeline?subject=customer&id={customer}"), None)
            .await
            .json();
        assert!(
            timeline["items"]
                .as_array()
                .unwrap()
                .iter()
                .any(|entry| entry["event"] == "customer_looked_up" && entry["by"] == "karaj")
        );
        let number = house
            .call(Some(&house.token("administrator")), Method::GET, &format!("/receptions/{reception}"), None)
            .await
            .json()["tracking_number"]
            .as_str()
            .unwrap()
            .to_owned();
        let tracked = house.page(None, &format!("/t/{number}")).await;
        assert_eq!(tracked.status, StatusCode::OK);
        assert!(!tracked.text.contains("مشتری SN") && !tracked.text.contains("0912") && !tracked.text.contains("ریال"));
        // What was tried is in the security log, on both roads; the pages write beside their answers.
        let tried = |login: &str| {
            use store::query::*;
            use store::schema::{journal, users};
            let rows = journal::table
                .inner_join(users::table.on(journal::actor_user_id.eq(users::id.nullable())))
                .filter(journal::kind.eq("access_refused"));
            let rows = rows.filter(users::login.eq(login)).select(journal::payload);
            house.db.read(|conn| Ok(rows.load::<String>(conn)?)).expect("the journal")
        };
        for (login, path) in [
            ("karaj", format!("/api/v1/repairs/{repair}")),
            ("karaj", format!("/repairs/{repair}")),
            ("parsa", format!("/devices/{device}")),
        ] {
            let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
            while !tried(login).iter().any(|entry| entry.contains(&format!("\"{path}\""))) {
                assert!(std::time::Instant::now() < until, "{path} as {login} is not in {:?}", tried(login));
                tokio::task::yield_now().await;
            }
        }
    }
}
