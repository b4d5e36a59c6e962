//! Every route as every role and as a stranger, compared with the table of permissions.

use axum::http::StatusCode;
use domain::access::{Action, Role, default_permission};
use serde_json::json;
use web::api;

use crate::house::House;

/// The pages that are read, with what one must be allowed to do; None: everybody who signed in.
const PAGES: &[(&str, Option<Action>)] = &[
    ("/", Some(Action::ViewWork)),
    ("/me", None),
    ("/me/second-factor", None),
    ("/keep", None),
    ("/keep/installation", Some(Action::ViewCatalogue)),
    ("/keep/permissions", Some(Action::KeepAccess)),
    ("/keep/security-log", Some(Action::ViewAudit)),
    ("/keep/tasks", Some(Action::KeepAccess)),
    ("/search", Some(Action::ViewWork)),
    ("/receive", Some(Action::Receive)),
    ("/receive/answer", None),
    ("/receptions", Some(Action::ViewWork)),
    ("/repairs", Some(Action::ViewWork)),
    ("/devices", Some(Action::ViewWork)),
    ("/cards", Some(Action::ViewWork)),
    ("/customers", Some(Action::ViewCustomers)),
    ("/invoices", Some(Action::ViewMoney)),
    ("/imports", Some(Action::Import)),
    ("/reports/failure-causes", Some(Action::ViewReports)),
    ("/messages", Some(Action::HandOver)),
    ("/keep/users", Some(Action::KeepAccess)),
    ("/keep/products", Some(Action::ViewCatalogue)),
];

/// Pages of one object, forms and what strangers may open: tried by their own tests.
const ELSEWHERE: &[&str] = &[
    "/sign-in",
    "/sign-in/code",
    "/sign-out",
    "/language",
    "/centre",
    "/switch",
    "/setup",
    "/health",
    "/me/password",
    "/me/pin",
    "/me/tokens",
    "/me/sessions/end",
    "/me/second-factor/off",
    "/choices",
    "/receptions/{id}",
    "/repairs/{id}",
    "/repairs/{id}/passcode",
    "/repairs/{id}/preview",
    "/devices/{id}",
    "/cards/{id}",
    "/customers/{id}",
    "/customers/{id}/export",
    "/invoices/{id}",
    "/documents/{id}",
    "/photos",
    "/photos/{id}",
    "/imports/{id}",
    "/imports/{id}/progress",
    "/imports/{id}/problems.csv",
    "/keep/{what}",
    "/keep/{what}/{id}",
    "/do/{operation}",
    "/do/{operation}/{id}",
    "/t",
    "/t/{number}",
    "/demo/remove",
];

/// What no token does: a person does it on their own page.
const BY_PERSONS_ALONE: [&str; 2] = ["createToken", "revokeToken"];

fn allowed(role: Role, action: Option<Action>) -> bool {
    action.is_none_or(|action| default_permission(role, action).is_some())
}

#[tokio::test]
async fn every_operation_as_every_role_and_as_a_stranger() {
    for house in House::each() {
        let mut wrong = Vec::new();
        for role in Role::ALL {
            // Where a right holds is tried by `rights`; here each role holds everywhere.
            let login = format!("every-{}", role.name());
            house.person(&login, *role, None, None);
            let token = house.token(&login);
            for operation in api::table() {
                let path = operation
                    .path
                    .replace("{id}", "0123456789abcdef")
                    .replace("{kind}", "invoice")
                    .replace("{number}", "482190357716");
                let is_get = operation.method == axum::http::Method::GET;
                let query = if is_get { query(&operation.example) } else { String::new() };
                let body = if operation.example.is_null() { json!({}) } else { operation.example.clone() };
                let answer = house
                    .call(Some(&token), operation.method.clone(), &format!("{path}{query}"), (!is_get).then_some(&body))
                    .await;
                let may = allowed(*role, operation.action) && !BY_PERSONS_ALONE.contains(&operation.id);
                if (answer.status != StatusCode::FORBIDDEN) != may
                    || answer.status == StatusCode::UNAUTHORIZED
                    || answer.status.is_server_error()
                {
                    wrong.push(format!("{} as {}: {} {}", operation.id, role.name(), answer.status, answer.text));
                }
            }
        }
        for operation in api::table() {
            let path = operation
                .path
                .replace("{id}", "0123456789abcdef")
                .replace("{kind}", "invoice")
                .replace("{number}", "482190357716");
            for token in [None, Some("zmn_guessed")] {
                let answer = house.call(token, operation.method.clone(), &path, Some(&json!({}))).await;
                if (answer.status == StatusCode::UNAUTHORIZED) != operation.action.is_some() {
                    wrong.push(format!("{} as a stranger: {}", operation.id, answer.status));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

fn query(example: &serde_json::Value) -> String {
    let pairs = example
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()))
        .collect::<Vec<_>>();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

#[tokio::test]
async fn every_page_and_form_as_every_role_and_as_a_stranger() {
    for house in House::each() {
        let mut wrong = Vec::new();
        for role in Role::ALL {
            let login = format!("every-{}", role.name());
            house.person(&login, *role, None, None);
            let (cookie, csrf) = house.signed_in(&login).await;
            for (path, action) in PAGES {
                let answer = house.page(Some(&cookie), path).await;
                let expected = if allowed(*role, *action) { StatusCode::OK } else { StatusCode::FORBIDDEN };
                if answer.status != expected {
                    wrong.push(format!("{path} as {}: {}", role.name(), answer.status));
                }
            }
            for operation in api::table().iter().filter(|operation| operation.method != axum::http::Method::GET) {
                let id = if operation.path.contains("{id}") { "/0123456789abcdef" } else { "" };
                let answer = house
                    .form(
                        &cookie,
                        &format!("/do/{}{id}", operation.id),
                        &format!("_csrf={csrf}&{}", fields("", &operation.example)),
                    )
                    .await;
                if (answer.status == StatusCode::FORBIDDEN) == allowed(*role, operation.action)
                    || answer.status.is_server_error()
                {
                    wrong.push(format!("the form of {} as {}: {}", operation.id, role.name(), answer.status));
                }
            }
            let forged = house.form(&cookie, "/do/createCustomer", "_csrf=guessed&name=X").await;
            assert_eq!(forged.status, StatusCode::FORBIDDEN, "a form that was not sent from here");
        }
        for (path, _) in PAGES {
            let answer = house.page(None, path).await;
            if answer.status != StatusCode::SEE_OTHER
                || !answer.headers["location"].to_str().unwrap().starts_with("/sign-in")
            {
                wrong.push(format!("{path} as a stranger: {}", answer.status));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

/// An example as the fields of a form.
fn fields(path: &str, value: &serde_json::Value) -> String {
    use serde_json::Value;
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Null => String::new(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| fields(&below(key), value))
            .filter(|text| !text.is_empty())
            .collect::<Vec<_>>()
            .join("&"),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .map(|(index, value)| fields(&format!("{path}[{index}]"), value))
            .collect::<Vec<_>>()
            .join("&"),
        Value::String(text) => form_urlencoded::Serializer::new(String::new()).append_pair(path, text).finish(),
        other => form_urlencoded::Serializer::new(String::new()).append_pair(path, &other.to_string()).finish(),
    }
}

/// A page that is added must be tried by the test above, or stand among those that are tried elsewhere.
#[test]
fn no_page_is_forgotten() {
    let source = include_str!("../../src/pages/mod.rs");
    let routes = source.split(".route(\"").skip(1).filter_map(|rest| rest.split('"').next());
    let missing = routes
        .filter(|route| !PAGES.iter().any(|(path, _)| path == route) && !ELSEWHERE.contains(route))
        .collect::<Vec<_>>();
    assert!(missing.is_empty(), "{missing:?}");
}
