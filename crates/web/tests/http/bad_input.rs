//! Bad input: the field, what is wrong and an example of right, in the caller's language; nothing is saved.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};
use store::query::*;
use store::schema::journal;

use crate::house::{Answer, House};

const ID: &str = "0123456789abcdef";

/// A request, and what must come back: status, path of the field, code.
struct Bad(&'static str, &'static str, Value, u16, &'static str, &'static str);

fn cases(house: &House, device: &str, repair: &str) -> Vec<Bad> {
    let receive =
        |device: Value| json!({"centre": house.centres[0], "customer": {"new": {"name": "زهرا"}}, "devices": [device]});
    let customer = |field: &str, value: Value| {
        let mut body = json!({"name": "زهرا کریمی"});
        body[field] = value;
        body
    };
    let on = |noun: &str| Box::leak(format!("/repairs/{repair}/{noun}").into_boxed_str()) as &'static str;
    let of_device = |noun: &str| Box::leak(format!("/devices/{device}{noun}").into_boxed_str()) as &'static str;
    let known = json!({"device": device, "note": "x"});
    vec![
        Bad("POST", "/customers", json!({}), 422, "name", "required"),
        Bad("POST", "/customers", customer("name", json!("   ")), 422, "name", "required"),
        Bad("POST", "/customers", customer("name", json!("x".repeat(201))), 422, "name", "too-long"),
        Bad("POST", "/customers", customer("name", json!(7)), 422, "name", "malformed"),
        Bad("POST", "/customers", customer("phones", json!(["0912"])), 422, "phones[0]", "phone"),
        Bad("POST", "/customers", customer("phones", json!(["09123456789", "۰۹۱۲۳۴۵۶۷۸"])), 422, "phones[1]", "phone"),
        Bad("POST", "/customers", customer("national_id", json!("0499370898")), 422, "national_id", "national-id"),
        Bad("POST", "/customers", customer("national_id", json!("1111111111")), 422, "national_id", "national-id"),
        Bad("POST", "/customers", customer("company_id", json!("10380284791")), 422, "company_id", "company-id"),
        Bad("POST", "/customers", customer("economic_code", json!("123")), 422, "economic_code", "economic-code"),
        Bad(
            "POST",
            "/customers",
            json!({"name": "x", "addresses": [{"address": "y", "postal_code": "0123456789"}]}),
            422,
            "addresses[0].postal_code",
            "postal-code",
        ),
        Bad("POST", "/customers", customer("colour", json!("blue")), 422, "colour", "unknown-field"),
        Bad("POST", "/customers", customer("language", json!("de")), 422, "language", "one-of"),
        Bad(
            "POST",
            "/receptions",
            json!({"customer": {"new": {"name": "x"}}, "devices": []}),
            422,
            "devices",
            "required",
        ),
        Bad("POST", "/receptions", json!({"customer": {}, "devices": [known]}), 422, "centre", "required"),
        Bad(
            "POST",
            "/receptions",
            json!({"centre": house.centres[0], "customer": {}, "devices": [known]}),
            422,
            "customer",
            "customer-required",
        ),
        Bad(
            "POST",
            "/receptions",
            json!({"centre": house.centres[0], "customer": {"id": ID}, "devices": [known]}),
            422,
            "customer.id",
            "unknown-reference",
        ),
        Bad("POST", "/receptions", receive(json!({"note": "x"})), 422, "devices[0].device", "device-required"),
        Bad(
            "POST",
            "/receptions",
            receive(json!({"device": ID, "note": "x"})),
            422,
            "devices[0].device",
            "unknown-reference",
        ),
        Bad(
            "POST",
            "/receptions",
            receive(json!({"new_device": {"product": "NONE", "serial": "1"}, "note": "x"})),
            422,
            "devices[0].new_device.product",
            "unknown-product",
        ),
        Bad(
            "POST",
            "/receptions",
            receive(json!({"new_device": {"product": "SERMAN-TV", "serial": "- -"}, "note": "x"})),
            422,
            "devices[0].new_device.serial",
            "serial",
        ),
        Bad(
            "POST",
            "/receptions",
            receive(json!({"new_device": {"product": "SERMAN-TV", "serial": "sn 1"}, "note": "x"})),
            422,
            "devices[0].new_device.serial",
            "serial-known",
        ),
        Bad(
            "POST",
            "/receptions",
            receive(
                json!({"new_device": {"product": "SERMAN-TV", "serial": "N-1", "imei": "123456789012345"}, "note": "x"}),
            ),
            422,
            "devices[0].new_device.imei",
            "imei",
        ),
        Bad(
            "POST",
            "/receptions",
            receive(
                json!({"new_device": {"product": "SERMAN-TV", "serial": "N-1", "events": [{"type": "sold", "on": "2030-01-01"}]}, "note": "x"}),
            ),
            422,
            "devices[0].new_device.events[0].on",
            "in-the-future",
        ),
        Bad(
            "POST",
            "/receptions",
            receive(
                json!({"new_device": {"product": "SERMAN-TV", "serial": "N-1", "events": [{"type": "sold", "on": "2026-02-30"}]}, "note": "x"}),
            ),
            422,
            "devices[0].new_device.events[0].on",
            "date",
        ),
        Bad(
            "POST",
            "/receptions",
            receive(json!({"new_device": {"product": "SERMAN-TV", "serial": "N-1"}})),
            422,
            "devices[0].faults",
            "fault-required",
        ),
        Bad(
            "POST",
            "/receptions",
            receive(json!({"new_device": {"product": "SERMAN-TV", "serial": "N-1"}, "faults": ["none"]})),
            422,
            "devices[0].faults[0]",
            "unknown-fault",
        ),
        Bad(
            "POST",
            "/receptions",
            receive(
                json!({"new_device": {"product": "SERMAN-TV", "serial": "N-1"}, "note": "x", "promised_on": "2020-01-01"}),
            ),
            422,
            "devices[0].promised_on",
            "in-the-past",
        ),
        Bad(
            "POST",
            "/receptions",
            receive(
                json!({"new_device": {"product": "SERMAN-TV", "serial": "N-1"}, "note": "x", "meters": {"hours": -1}}),
            ),
            422,
            "devices[0].meters",
            "not-negative",
        ),
        Bad("POST", "/receptions", receive(json!({"device": device, "note": "x"})), 409, "", "already-received"),
        Bad("POST", on("diagnose"), json!({"fault": "none"}), 422, "fault", "unknown-fault"),
        Bad("POST", on("operations"), json!({"service": "none"}), 422, "service", "unknown-service"),
        Bad("POST", on("operations"), json!({"service": "x", "quantity_milli": 0}), 422, "quantity_milli", "too-small"),
        Bad("POST", on("operations"), json!({"service": "x", "unit_price": -5}), 422, "unit_price", "too-small"),
        Bad("POST", on("operations"), json!({"service": "x", "unit_price": 1.5}), 422, "unit_price", "whole-number"),
        Bad("POST", on("operations"), json!({"service": "x", "unit_price": "12e3"}), 422, "unit_price", "no-amount"),
        Bad("POST", on("parts"), json!({"product": "none"}), 422, "product", "unknown-product"),
        Bad("POST", on("moves"), json!({"transition": "fly"}), 409, "", "no-such-way"),
        Bad("POST", on("moves"), json!({"transition": ""}), 422, "transition", "required"),
        Bad("POST", on("estimates"), json!({}), 409, "", "nothing-to-estimate"),
        Bad("POST", on("estimates"), json!({"valid_until": "2020-01-01"}), 422, "valid_until", "in-the-past"),
        Bad("POST", on("estimates/answer"), json!({"answer": "perhaps"}), 422, "answer", "not-in-list"),
        Bad("POST", on("estimates/answer"), json!({"answer": "accepted"}), 409, "", "no-estimate"),
        Bad("POST", on("goodwill"), json!({"percent": 101, "reason": "x"}), 422, "percent", "too-large"),
        Bad("POST", on("goodwill"), json!({"percent": 5, "reason": ""}), 422, "reason", "required"),
        Bad("POST", on("promise"), json!({"promised_on": "1405/09/31", "reason": "x"}), 422, "promised_on", "date"),
        Bad("POST", on("reopen"), json!({"reason": "x"}), 409, "", "not-handed-over"),
        Bad("POST", on("promise"), json!({"promised_on": "9999-12-31", "reason": "x"}), 422, "promised_on", "too-late"),
        Bad("POST", of_device("/events"), json!({"type": "sold", "on": "1404-01-15"}), 422, "on", "too-early"),
        Bad("PUT", of_device(""), json!({"meters": {"ho\nurs": 1}}), 422, "meters", "unclean-text"),
        Bad("PUT", of_device(""), json!({"meters": {" hours": 1}}), 422, "meters", "unclean-text"),
        Bad("POST", of_device("/events"), json!({"type": "stolen", "on": "2026-01-01"}), 422, "type", "not-in-list"),
        Bad(
            "POST",
            of_device("/covers"),
            json!({"kind": "card", "number": "K", "policy": ID}),
            422,
            "kind",
            "cover-kind",
        ),
        Bad("POST", "/cards", json!({"device": ID}), 422, "device", "unknown-reference"),
        Bad(
            "POST",
            "/products",
            json!({"code": "P", "title": {"fa": "پ", "en": "P"}, "kind": ID, "brand": ID}),
            422,
            "kind",
            "unknown-reference",
        ),
        Bad(
            "POST",
            "/products",
            json!({"code": "P", "title": {"fa": "پ", "en": "P"}, "kind": ID, "brand": ID, "gtin": "6260000000001"}),
            422,
            "gtin",
            "gtin",
        ),
        Bad(
            "POST",
            "/centres",
            json!({"code": "toolong", "title": {"fa": "م", "en": "C"}, "legal_entity": ID}),
            422,
            "code",
            "malformed-unlike",
        ),
        Bad(
            "POST",
            "/centres",
            json!({"code": "09", "title": {"fa": "م", "en": "C"}, "legal_entity": ID, "time_zone": "Mars/Olympus"}),
            422,
            "time_zone",
            "time-zone",
        ),
        Bad(
            "POST",
            "/policies",
            json!({"code": "G", "title": {"fa": "گ", "en": "G"}, "rules": {"terms": []}}),
            422,
            "rules.start",
            "policy-malformed",
        ),
        Bad(
            "POST",
            "/users",
            json!({"login": "x1", "name": "x", "password": "short", "roles": [{"role": "receptionist"}]}),
            422,
            "password",
            "too-short",
        ),
        Bad(
            "POST",
            "/users",
            json!({"login": "x1", "name": "x", "password": "password1", "roles": [{"role": "receptionist"}]}),
            422,
            "password",
            "password-too-common",
        ),
        Bad(
            "POST",
            "/users",
            json!({"login": "x1", "name": "x", "password": "correct horse", "roles": [{"role": "king"}]}),
            422,
            "roles[0].role",
            "not-in-list",
        ),
        Bad(
            "POST",
            "/imports",
            json!({"kind": "customers", "file_name": "x.csv", "content": "%%%"}),
            422,
            "content",
            "base64",
        ),
        Bad(
            "POST",
            "/imports",
            json!({"kind": "customers", "file_name": "x.csv", "content": "eA=="}),
            422,
            "columns.name",
            "column-required",
        ),
        Bad("GET", "/repairs?limit=1000", json!(null), 422, "limit", "too-large"),
        Bad("GET", "/repairs?after=x", json!(null), 422, "after", "malformed"),
        Bad("GET", "/search?q=", json!(null), 422, "q", "required"),
        Bad("GET", "/timeline?subject=moon&id=0123456789abcdef", json!(null), 422, "subject", "one-of"),
    ]
}

#[tokio::test]
async fn each_is_told_in_both_languages_and_saves_nothing() {
    for house in House::each() {
        let [_, repair, device, _] = house.visit(0, 0, "SN-1").await;
        let token = house.token("administrator");
        let entries = || house.db.read(|conn| Ok(journal::table.count().get_result::<i64>(conn)?)).unwrap();
        let before = entries();
        let mut wrong = Vec::new();
        let mut codes = BTreeSet::new();
        let cases = cases(&house, &device, &repair);
        assert!(cases.len() >= 40);
        for Bad(method, path, body, status, at, code) in &cases {
            let mut told = Vec::new();
            for lang in ["fa", "en"] {
                let answer = ask(&house, &token, method, path, body, lang).await;
                let problem = answer.json();
                let (found, message) = match problem["errors"].as_array().filter(|_| *status == 422) {
                    Some(errors) => {
                        let error = errors.iter().find(|error| error["path"] == *at && error["code"] == *code);
                        (
                            error.is_some(),
                            error.map_or(String::new(), |error| {
                                error["message"].as_str().unwrap_or_default().to_owned()
                            }),
                        )
                    }
                    None => (problem["code"] == *code, problem["detail"].as_str().unwrap_or_default().to_owned()),
                };
                if answer.status.as_u16() != *status || !found {
                    wrong.push(format!("{method} {path} {body}: {} {}", answer.status, answer.text));
                }
                told.push(message);
            }
            codes.insert(*code);
            let is_persian = told[0].chars().any(|ch| ('آ'..='ی').contains(&ch));
            if !is_persian
                || told[1].is_empty()
                || told[1].chars().any(|ch| ('آ'..='ی').contains(&ch))
                || told[0] == told[1]
            {
                wrong.push(format!("{method} {path} {body}: {told:?}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert_eq!(entries(), before, "something was saved");
        assert!(codes.len() > 25, "{codes:?}");
    }
}

async fn ask(house: &House, token: &str, method: &str, path: &str, body: &Value, lang: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(format!("/api/v1{path}"))
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::ACCEPT_LANGUAGE, lang)
        .header(header::CONTENT_TYPE, "application/json")
        .header("idempotency-key", format!("k{}", house.db.random()));
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    house.send(request.body(body).unwrap()).await
}

#[tokio::test]
async fn what_is_no_json_too_much_or_without_a_key_is_told_as_such() {
    for house in House::each() {
        let token = house.token("administrator");
        let send = async |kind: &str, key: Option<&str>, body: Body| {
            let mut request = Request::post("/api/v1/receptions")
                .header(header::AUTHORIZATION, format!("Bearer {token}"))
                .header(header::CONTENT_TYPE, kind);
            if let Some(key) = key {
                request = request.header("idempotency-key", key);
            }
            house.send(request.body(body).unwrap()).await
        };
        let status =
            |answer: &Answer| (answer.status.as_u16(), answer.json()["code"].as_str().unwrap_or_default().to_owned());
        assert_eq!(status(&send("application/json", Some("k"), Body::from("{")).await), (422, "invalid".to_owned()));
        assert_eq!(
            status(&send("application/json", Some("k"), Body::from("\u{0}")).await),
            (422, "invalid".to_owned())
        );
        assert_eq!(status(&send("text/plain", Some("k"), Body::from("{}")).await), (415, "json-wanted".to_owned()));
        assert_eq!(
            status(&send("application/json", Some("k"), Body::from(vec![b' '; 3 * 1024 * 1024])).await),
            (413, "too-large-body".to_owned())
        );
        let body = json!({"centre": house.centres[0], "customer": {"new": {"name": "x"}}, "devices": [{"new_device": {"product": "SERMAN-TV", "serial": "K-1"}, "note": "x"}]})
            .to_string();
        assert_eq!(
            status(&send("application/json", None, Body::from(body.clone())).await),
            (422, "invalid".to_owned())
        );
        let first = send("application/json", Some("once"), Body::from(body.clone())).await;
        let again = send("application/json", Some("once"), Body::from(body.clone())).await;
        assert_eq!(
            (first.status, again.status, &first.text),
            (StatusCode::CREATED, StatusCode::CREATED, &again.text),
            "the same key does nothing twice"
        );
        let other = body.replace("K-1", "K-2");
        assert_eq!(
            status(&send("application/json", Some("once"), Body::from(other)).await),
            (409, "key-used-otherwise".to_owned())
        );
        let version = house.call(Some(&token), Method::DELETE, "/receptions", None).await;
        assert_eq!(version.status, StatusCode::METHOD_NOT_ALLOWED);
    }
}

#[tokio::test]
async fn a_change_of_a_version_that_is_gone_is_told_and_a_stranger_who_guesses_waits() {
    for house in House::each() {
        let token = house.token("administrator");
        let made = house.call(Some(&token), Method::POST, "/customers", Some(&json!({"name": "زهرا"}))).await.json();
        let path = format!("/api/v1/customers/{}", made["id"].as_str().unwrap());
        let put = async |version: &str| {
            let request = Request::put(path.as_str())
                .header(header::AUTHORIZATION, format!("Bearer {token}"))
                .header(header::CONTENT_TYPE, "application/json")
                .header(header::IF_MATCH, version);
            house.send(request.body(Body::from(json!({"name": "زهرا کریمی"}).to_string())).unwrap()).await.status
        };
        assert_eq!(put("\"1\"").await, StatusCode::OK);
        assert_eq!(put("\"1\"").await, StatusCode::PRECONDITION_FAILED);
        assert_eq!(put("\"two\"").await, StatusCode::UNPROCESSABLE_ENTITY);
        let guess = async || {
            let form = Request::post("/sign-in")
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(Body::from("login=administrator&password=guess"))
                .unwrap();
            house.send(form).await.status
        };
        let mut last = StatusCode::OK;
        for _ in 0..8 {
            last = guess().await;
        }
        assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    }
}

#[tokio::test]
async fn a_form_that_fails_comes_back_filled_with_each_fault_beside_its_field() {
    for house in House::each() {
        let (cookie, csrf) = house.signed_in("receptionist").await;
        let fields = format!(
            "_csrf={csrf}&_key=k&customer.new.name=%3Cb%3E%D8%B2%D9%87%D8%B1%D8%A7&customer.new.phones%5B%5D=0912&devices%5B0%5D.new_device.serial=X-1&devices%5B0%5D.new_device.product=NONE"
        );
        let answer = house.form(&cookie, "/receive", &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text.contains("value=\"&#60;b&#62;زهرا\""), "what was typed stands there, and is no markup");
        assert!(answer.text.contains("role=\"alert\"") && answer.text.contains("aria-invalid=\"true\""));
        assert!(answer.text.contains("مانند ۰۹۱۲۳۴۵۶۷۸۹"), "an example of right");
    }
}

#[tokio::test]
async fn a_list_is_a_file_of_the_kinds_that_there_are() {
    for house in House::each() {
        let (cookie, _) = house.signed_in("receptionist").await;
        for (format, status) in [("csv", StatusCode::OK), ("xlsx", StatusCode::OK), ("doc", StatusCode::NOT_FOUND)] {
            let answer = house.page(Some(&cookie), &format!("/customers?format={format}")).await;
            assert_eq!(answer.status, status, "{format}");
        }
    }
}

#[tokio::test]
async fn a_list_as_a_file_has_every_row_and_comes_in_again() {
    use tower::ServiceExt as _;

    for house in House::each() {
        let token = house.token("receptionist");
        // More than two pages of it, with what a spreadsheet would make something else of.
        for index in 0..405 {
            let customer = json!({"name": format!("=نام {index}"), "phones": [format!("0912{index:07}")], "subscription": format!("0{index}E5")});
            let made = house.call(Some(&token), Method::POST, "/customers", Some(&customer)).await;
            assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        }
        let (cookie, _) = house.signed_in("receptionist").await;
        let csv = house.page(Some(&cookie), "/customers?format=csv").await.text;
        assert!(csv.starts_with('\u{FEFF}'));
        assert_eq!(csv.lines().count(), 406);
        assert!(csv.contains("'=نام 7,") && csv.contains(",07E5,"), "codes are as they were stored");
        let request = Request::get("/customers?format=xlsx").header(header::COOKIE, &cookie);
        let answer = house.router().oneshot(request.body(Body::empty()).expect("a request")).await.expect("an answer");
        let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX).await.expect("a file");
        for (name, bytes) in [("customers.xlsx", bytes.to_vec()), ("customers.csv", csv.into_bytes())] {
            let file = app::exchange::read_file(name, bytes).expect("a table");
            let kept = house.db.write(&store::rights::Actor::system(), |tx| {
                app::exchange::keep_file(tx, app::exchange::ImportKind::Customers, &file, None)
            });
            let sample = kept.expect("kept").sample;
            for wanted in ["=نام 404", "0404E5"] {
                assert!(sample.iter().flatten().any(|cell| cell == wanted), "{name}: {sample:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_path_with_what_cannot_be_seen_leads_nowhere() {
    for house in House::each() {
        let token = house.token("administrator");
        let (cookie, _) = house.signed_in("administrator").await;
        for id in ["%00", "%0a", "a%00b"] {
            for path in ["/repairs", "/devices", "/customers", "/invoices"] {
                let told = house.call(Some(&token), Method::GET, &format!("{path}/{id}"), None).await;
                assert_eq!(told.status, StatusCode::NOT_FOUND, "{path}: {}", told.text);
                let page = house.page(Some(&cookie), &format!("{path}/{id}")).await;
                assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}: {}", page.text);
            }
            let moved = json!({"transition": "to-diagnosis"});
            let told = house.call(Some(&token), Method::POST, &format!("/repairs/{id}/moves"), Some(&moved)).await;
            assert_eq!(told.status, StatusCode::NOT_FOUND, "{}", told.text);
        }
    }
}
