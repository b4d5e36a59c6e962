//! The OpenAPI 3.1 document, made from the table of operations.

use axum::Json;
use axum::http::Method;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::{Keyed, Operation, table};
use crate::problem::Problem;

/// The document.
#[must_use]
pub fn document() -> Value {
    let mut generator = SchemaSettings::draft2020_12()
        .with(|settings| settings.definitions_path = "/components/schemas".into())
        .for_deserialize()
        .into_generator();
    let problem = generator.subschema_for::<Problem>().to_value();
    let mut paths = Map::new();
    for operation in table() {
        let entry = paths.entry(format!("/api/v1{}", operation.path)).or_insert_with(|| json!({}));
        let described = describe(operation, &mut generator, &problem);
        if let Some(map) = entry.as_object_mut() {
            map.insert(operation.method.as_str().to_lowercase(), described);
        }
    }
    let schemas = generator.take_definitions(true);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "zamen",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "After-sales service and warranty. Amounts are integers in the currency's minor unit (IRR has none); times are UTC; dates are ISO 8601. Tokens are made on a person's own page or by `zamen token create`.",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    })
}

fn describe(operation: &Operation, generator: &mut schemars::SchemaGenerator, problem: &Value) -> Value {
    let mut out = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [operation.path.split('/').nth(1).unwrap_or_default()],
    });
    let mut parameters = path_parameters(operation.path);
    let input = (operation.input)(generator).to_value();
    if operation.method == Method::GET {
        parameters.extend(query_parameters(operation));
    } else {
        let example = if operation.example.is_null() { json!({}) } else { operation.example.clone() };
        out["requestBody"] = json!({"required": true, "content": {"application/json": {"schema": input, "examples": {"usual": {"value": example}}}}});
    }
    match operation.keyed {
        Keyed::No => {}
        keyed => parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": keyed == Keyed::Required, "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
            "example": "2f1c8a5e", "description": "A repeated request with the same key does nothing twice and is answered alike.",
        })),
    }
    if operation.has_version && operation.method != Method::GET {
        parameters.push(json!({
            "name": "If-Match", "in": "header", "required": false, "schema": {"type": "string", "pattern": "^\"[0-9]{1,9}\"$"}, "example": "\"1\"",
            "description": "The version that was seen: another person's change since then is answered with 412.",
        }));
    }
    out["parameters"] = Value::Array(parameters);
    if operation.action.is_none() {
        out["security"] = json!([]);
    }
    let success = match operation.output {
        Some(output) => {
            let schema = output(generator).to_value();
            let mut answer = json!({"description": "Done.", "content": {"application/json": {"schema": schema}}});
            if operation.has_version {
                answer["headers"] =
                    json!({"ETag": {"schema": {"type": "string"}, "description": "The version, for If-Match."}});
            }
            answer
        }
        None => {
            json!({"description": "The file.", "content": {operation.media: {"schema": {"type": "string", "contentMediaType": operation.media}}}})
        }
    };
    let mut responses = Map::new();
    responses.insert(operation.status.as_u16().to_string(), success);
    let mut refusals = vec![
        ("404", "Not there, or not yours to see."),
        ("422", "Malformed: each field with its path and what is wrong."),
    ];
    if operation.action.is_some() {
        refusals.extend([("401", "No token, or one that is over."), ("403", "Not allowed, with who may.")]);
    }
    if operation.method != Method::GET {
        refusals.extend([
            ("409", "Not possible as things stand, with the reason."),
            ("413", "Too large."),
            ("415", "JSON is wanted."),
        ]);
    }
    if operation.has_version && operation.method != Method::GET {
        refusals.push(("412", "Changed by somebody else since the version that was seen."));
    }
    refusals.push(("429", "Too many requests or wrong guesses; Retry-After tells the seconds to wait."));
    refusals.push(("503", "The store cannot be reached, is full or takes no changes, or too much is asked at once; nothing was saved. Retry-After tells the seconds to wait."));
    for (status, description) in refusals {
        responses.insert(
            status.to_owned(),
            json!({"description": description, "content": {"application/problem+json": {"schema": problem}}}),
        );
    }
    out["responses"] = Value::Object(responses);
    out
}

fn path_parameters(path: &str) -> Vec<Value> {
    path.split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| {
            let (schema, example) = match name {
                "number" => (json!({"type": "string", "minLength": 1, "maxLength": 40}), "482190357716"),
                "kind" => (json!({"type": "string", "enum": ["reception", "card", "invoice"]}), "invoice"),
                _ => (json!({"type": "string", "pattern": "^[0-9a-z]{16}$"}), "0123456789abcdef"),
            };
            json!({"name": name, "in": "path", "required": true, "schema": schema, "example": example})
        })
        .collect()
}

fn query_parameters(operation: &Operation) -> Vec<Value> {
    let schema = (operation.input_raw)();
    let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let properties = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    properties
        .into_iter()
        .map(|(name, mut property)| {
            let description = property.as_object_mut().and_then(|map| map.remove("description")).unwrap_or(Value::Null);
            // Absent is the only way to say nothing in a query.
            if let Some(kinds) = property.get("type").and_then(Value::as_array) {
                let kind = kinds.iter().find(|kind| *kind != "null").cloned().unwrap_or(Value::Null);
                property["type"] = kind;
            }
            if let Some(map) = property.as_object_mut() {
                map.remove("default");
            }
            if let Some(list) = property.get_mut("enum").and_then(Value::as_array_mut) {
                list.retain(|word| !word.is_null());
            }
            if let Some(alternatives) = property.get("anyOf").and_then(Value::as_array) {
                let kept = alternatives.iter().find(|alternative| alternative.get("type").is_none_or(|kind| kind != "null")).cloned();
                property = kept.unwrap_or(property);
            }
            // A list is one name given several times.
            let name = if property.get("type").is_some_and(|kind| kind == "array") { format!("{name}[]") } else { name };
            let mut parameter = json!({"name": name, "in": "query", "required": required.iter().any(|key| *key == *name), "schema": property});
            if !description.is_null() {
                parameter["description"] = description;
            }
            if let Some(example) = operation.example.get(&name) {
                parameter["example"] = example.clone();
            }
            parameter
        })
        .collect()
}

/// The document over HTTP.
pub(super) async fn serve() -> Json<Value> {
    Json(document())
}
