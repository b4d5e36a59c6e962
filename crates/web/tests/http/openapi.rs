//! The OpenAPI document: what it promises, with examples that hold.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use serde_json::Value;
use web::{Settings, api};

use crate::house::House;

/// What integrators were promised by name.
const PROMISED: &str = "listCentres getCentre createCentre updateCentre retireCentre listSections getSection createSection updateSection retireSection \
    listStaff getStaffMember createStaffMember updateStaffMember retireStaffMember listProductKinds getProductKind createProductKind updateProductKind retireProductKind \
    listProducts getProduct createProduct updateProduct retireProduct listServices getService createService updateService retireService listFaults getFault createFault updateFault retireFault \
    listCauses getCause createCause updateCause retireCause listCustomers getCustomer createCustomer updateCustomer retireCustomer listPolicies getPolicy createPolicy updatePolicy retirePolicy \
    listDevices getDevice createDevice updateDevice retireDevice listCards getCard createCard updateCard retireCard \
    decideCoverage publishPolicy addDeviceEvent addCover receiveDevices listReceptions getReception correctReception cancelReception listRepairs getRepair diagnoseRepair addOperation fitPart takePartOut \
    overrideCoverage giveGoodwill estimateRepair answerEstimate moveRepair handOver reopenRepair listInvoices getInvoice recordPayment correctInvoice search getTimeline trackReception getDocument startImport getImport";

#[test]
fn every_operation_that_was_promised_is_there_once() {
    let document = api::openapi::document();
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            ids.push(
                operation["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} has no id")).to_owned(),
            );
            assert!(
                operation["summary"].as_str().is_some_and(|summary| summary.ends_with('.')),
                "{method} {path} has no sentence"
            );
        }
    }
    let unique = ids.iter().map(String::as_str).collect::<BTreeSet<_>>();
    assert_eq!(unique.len(), ids.len(), "an id stands twice");
    let missing = PROMISED.split_whitespace().filter(|id| !unique.contains(id)).collect::<Vec<_>>();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_example_holds() {
    let wrong = api::table()
        .iter()
        .filter_map(|operation| operation.check_example().err().map(|faults| format!("{}: {faults:?}", operation.id)))
        .collect::<Vec<_>>();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let document = api::openapi::document();
    for methods in document["paths"].as_object().unwrap().values().filter_map(Value::as_object) {
        for (method, operation) in methods.iter().filter(|(method, _)| *method != "get") {
            assert!(
                operation["requestBody"]["content"]["application/json"]["examples"]["usual"]["value"].is_object(),
                "{method} {}",
                operation["operationId"]
            );
        }
        for parameter in methods
            .values()
            .flat_map(|operation| operation["parameters"].as_array().into_iter().flatten())
            .filter(|parameter| parameter["required"] == true)
        {
            assert!(!parameter["example"].is_null(), "{parameter} has no example");
        }
    }
}

#[tokio::test]
async fn the_document_and_its_viewer_are_there_unless_they_are_hidden() {
    let mut house = House::on_sqlite("IRR");
    let (cookie, _) = house.signed_in("administrator").await;
    for (hides_api_docs, status) in [(false, StatusCode::OK), (true, StatusCode::NOT_FOUND)] {
        house.serve(Settings { hides_api_docs, ..Settings::default() });
        for path in ["/api/docs", "/api/v1/openapi.json"] {
            assert_eq!(house.page(None, path).await.status, status, "{path}");
        }
        let index = house.page(Some(&cookie), "/keep").await;
        assert_eq!((index.status, index.text.contains("/api/docs")), (StatusCode::OK, !hides_api_docs));
    }
    // What it describes is there all the same.
    let token = house.token("administrator");
    assert_eq!(house.call(Some(&token), axum::http::Method::GET, "/centres", None).await.status, StatusCode::OK);
}

/// The list of operations as integrators see it: a change of it is a change of the API, and is made knowingly
/// (`UPDATE_SNAPSHOTS=1`).
#[test]
#[expect(clippy::disallowed_methods, reason = "the one who runs the test says whether to write")]
fn the_list_of_operations_is_as_it_was() {
    let list = api::table()
        .iter()
        .map(|operation| format!("{:4} /api/v1{} {}\n", operation.method.as_str(), operation.path, operation.id))
        .collect::<String>();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/http/operations.txt");
    if std::env::var("UPDATE_SNAPSHOTS").is_ok() {
        std::fs::write(path, &list).expect("written");
    }
    let known = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(list, known, "the API changed: if it should have, run again with UPDATE_SNAPSHOTS=1");
}

/// What takes any JSON, within the bounds of a body: the domain reads it key by key.
const ANYTHING: &[&str] = &["createPolicy.rules", "updatePolicy.rules", "decideCoverage"];

/// Notes what of a schema has no limit: texts without a length, lists and maps without a number, objects that take what
/// they do not name.
fn unbounded(root: &Value, schema: &Value, path: &str, out: &mut Vec<String>) {
    if ANYTHING.contains(&path) {
        return;
    }
    let Some(map) = schema.as_object() else {
        out.push(format!("{path}: anything"));
        return;
    };
    let is = |kind: &str| match map.get("type") {
        Some(Value::String(one)) => one == kind,
        Some(Value::Array(all)) => all.iter().any(|one| one == kind),
        _ => false,
    };
    let has = |key: &str| map.contains_key(key);
    if is("string") && !["maxLength", "pattern", "enum", "format", "const"].iter().any(|key| has(key)) {
        out.push(format!("{path}: a text of any length"));
    }
    if is("array") && !has("maxItems") {
        out.push(format!("{path}: a list of any length"));
    }
    if is("object") {
        match map.get("additionalProperties") {
            Some(Value::Bool(false)) => {}
            Some(Value::Object(_)) if has("maxProperties") && has("propertyNames") => {}
            _ => out.push(format!("{path}: fields of any name")),
        }
    }
    if let Some(reference) = map.get("$ref").and_then(Value::as_str) {
        unbounded(root, root.pointer(reference.trim_start_matches('#')).expect("what is referred to"), path, out);
    }
    for (name, field) in map.get("properties").and_then(Value::as_object).into_iter().flatten() {
        unbounded(root, field, &format!("{path}.{name}"), out);
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = map.get(key).filter(|inner| inner.is_object()) {
            unbounded(root, inner, &format!("{path}[]"), out);
        }
    }
    for alternative in ["anyOf", "oneOf", "allOf"].iter().filter_map(|key| map.get(*key)?.as_array()).flatten() {
        unbounded(root, alternative, path, out);
    }
}

#[test]
fn everything_that_is_sent_has_a_limit() {
    let mut without = Vec::new();
    for operation in api::table() {
        let schema = operation.input_schema();
        unbounded(schema, schema, operation.id, &mut without);
    }
    assert!(without.is_empty(), "{}", without.join("\n"));
}
