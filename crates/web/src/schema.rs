//! One check for both roads: the JSON schema of a command, made from its type. A form's fields and a query string become JSON by that schema first.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};

use app::error::{Arg, Fault};
use domain::money::Unit;
use domain::text;
use jsonschema::JsonType;
use jsonschema::Validator;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// A type's schema and what checks values against it; made once per type.
pub struct Shape {
    pub schema: Value,
    validator: Validator,
}

/// The shape of a type.
#[must_use]
pub fn shape<T: JsonSchema + 'static>() -> &'static Shape {
    static SHAPES: OnceLock<Mutex<HashMap<std::any::TypeId, &'static Shape>>> = OnceLock::new();
    let mut shapes = SHAPES.get_or_init(Mutex::default).lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    shapes.entry(std::any::TypeId::of::<T>()).or_insert_with(|| {
        let schema = SchemaSettings::draft2020_12().for_deserialize().into_generator().into_root_schema_for::<T>().to_value();
        let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap_or_else(|error| panic!("the schema of a command is no schema: {error}"));
        // A program has as many of these as it has commands, for as long as it runs.
        Box::leak(Box::new(Shape { schema, validator }))
    })
}

/// Reads a value as a command.
///
/// # Errors
/// All the faults that the schema finds, each with its path.
pub fn read<T: JsonSchema + DeserializeOwned + 'static>(value: &Value) -> Result<T, Vec<Fault>> {
    let shape = shape::<T>();
    let faults = shape.validator.iter_errors(value).flat_map(|error| faults_of(&error, &shape.schema)).collect::<Vec<_>>();
    if !faults.is_empty() {
        return Err(faults);
    }
    serde_path_to_error::deserialize(value).map_err(|error| vec![Fault::new(error.path().to_string().trim_start_matches('.').to_owned(), "malformed")])
}

fn faults_of(error: &jsonschema::ValidationError<'_>, schema: &Value) -> Vec<Fault> {
    let path = dotted(error.instance_path().as_str());
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    let number = |limit: &Value| Arg::Number(limit.as_i64().unwrap_or(0));
    match error.kind() {
        Kind::Required { property } => vec![Fault::new(below(property.as_str().unwrap_or_default()), "required")],
        Kind::AdditionalProperties { unexpected } => unexpected.iter().map(|key| Fault::new(below(key), "unknown-field")).collect(),
        Kind::MinLength { limit: 1 } | Kind::MinItems { limit: 1 } => vec![Fault::new(path, "required")],
        Kind::MinLength { limit } => vec![Fault::new(path, "too-short").with("limit", Arg::Number(i64::try_from(*limit).unwrap_or(0)))],
        Kind::MaxLength { limit } | Kind::MaxItems { limit } => vec![Fault::new(path, "too-long").with("limit", Arg::Number(i64::try_from(*limit).unwrap_or(0)))],
        Kind::Minimum { limit } => vec![Fault::new(path, "too-small").with("limit", number(limit))],
        Kind::Maximum { limit } => vec![Fault::new(path, "too-large").with("limit", number(limit))],
        Kind::Format { format } if format == "date" => vec![Fault::new(path, "date")],
        Kind::Enum { .. } => vec![Fault::new(path, "not-in-list")],
        Kind::OneOfNotValid { context } | Kind::AnyOf { context } => {
            // What may also be absent is meant to be what it is where it is there, and of several alternatives the one that was begun: the faults inside
            // are those to tell.
            let is_absence = |inner: &jsonschema::ValidationError<'_>| matches!(inner.kind(), Kind::Type { kind: TypeKind::Single(JsonType::Null) });
            let meant = context.iter().filter(|branch| !branch.iter().any(is_absence)).collect::<Vec<_>>();
            let was_begun =
                |branch: &&&Vec<_>| branch.iter().any(|inner: &jsonschema::ValidationError<'_>| inner.instance_path().as_str().len() > error.instance_path().as_str().len());
            let inside = if let [only] = meant.as_slice() { Some(*only) } else { meant.iter().filter(was_begun).max_by_key(|branch| branch.len()).copied() };
            match inside {
                Some(branch) => branch.iter().flat_map(|inner| faults_of(inner, schema)).collect(),
                None => vec![Fault::new(path, "not-in-list")],
            }
        }
        Kind::Type { kind } if matches!(kind, TypeKind::Single(JsonType::Integer)) || matches!(kind, TypeKind::Multiple(types) if types.contains(JsonType::Integer)) => {
            // An amount that a person typed is no whole number in every currency; a program sends minor units.
            let is_typed = error.instance().is_string() && at(schema, schema, &segments(&path)).is_some_and(is_money);
            vec![Fault::new(path, if is_typed { "no-amount" } else { "whole-number" })]
        }
        Kind::Pattern { pattern } => match pattern.strip_prefix("^(").and_then(|rest| rest.strip_suffix(")$")).filter(|words| words.contains('|')) {
            Some(words) => vec![Fault::new(path, "one-of").with("words", words.replace('|', ", "))],
            None => vec![malformed(path, schema)],
        },
        _ => vec![Fault::new(path, "malformed")],
    }
}

/// That something is malformed, with an example of right where its type has one.
fn malformed(path: String, schema: &Value) -> Fault {
    let example = at(schema, schema, &segments(&path)).and_then(|field| field.get("examples")?.get(0)?.as_str().map(str::to_owned));
    match example {
        Some(example) => Fault::new(path, "malformed-unlike").with("example", example),
        None => Fault::new(path, "malformed"),
    }
}

/// `/devices/0/serial` as `devices[0].serial`.
fn dotted(pointer: &str) -> String {
    let mut out = String::new();
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        if part.bytes().all(|byte| byte.is_ascii_digit()) {
            out.push_str(&format!("[{part}]"));
        } else {
            if !out.is_empty() {
                out.push('.');
            }
            out.push_str(&part);
        }
    }
    out
}

/// Makes JSON of the fields of a query string, or of a form without amounts, by a schema: `devices[0].faults[]=C01`. Empty fields are left out; digits of
/// any script make a number, a date as a person types it becomes ISO 8601. What cannot be turned stays text, so that the check names it.
#[must_use]
pub fn from_form(pairs: &[(String, String)], schema: &Value) -> Value {
    from_form_in(Unit::RIAL, pairs, schema)
}

/// The same of a form whose amounts were typed in a unit.
#[must_use]
pub fn from_form_in(unit: Unit, pairs: &[(String, String)], schema: &Value) -> Value {
    let mut root = Value::Object(Map::new());
    for (name, typed) in pairs.iter().filter(|(name, typed)| !name.starts_with('_') && !typed.trim().is_empty()) {
        let path = segments(name);
        if path.is_empty() || path.len() > 12 {
            continue;
        }
        // A list that is typed into one field has an entry on each line.
        let is_list = matches!(path.last(), Some(Segment::Next));
        let entries = typed.split(|letter| is_list && matches!(letter, '\n' | '\r')).filter(|entry| !entry.trim().is_empty());
        for entry in entries {
            put(&mut root, &path, leaf(entry, at(schema, schema, &path), unit));
        }
    }
    // Of an object that must be there, and of which nothing was typed, each part is told to be missing, beside its field.
    let requires = |schema: &Value, key: &str| schema.get("required").and_then(Value::as_array).is_some_and(|keys| keys.iter().any(|required| required == key));
    for path in pairs.iter().map(|(name, _)| segments(name)) {
        if let [Segment::Key(object), Segment::Key(part)] = path.as_slice()
            && root.get(object).is_none()
            && requires(schema, object)
            && at(schema, schema, &path[..1]).is_some_and(|inner| requires(inner, part))
        {
            put(&mut root, &path[..1], Value::Object(Map::new()));
        }
    }
    root
}

#[derive(Debug, PartialEq)]
enum Segment {
    Key(String),
    Index(usize),
    Next,
}

fn segments(name: &str) -> Vec<Segment> {
    let mut out = Vec::new();
    for part in name.split('.') {
        let (key, mut rest) = part.find('[').map_or((part, ""), |open| part.split_at(open));
        out.push(Segment::Key(key.to_owned()));
        while let Some(inner) = rest.strip_prefix('[') {
            let Some((index, after)) = inner.split_once(']') else { return Vec::new() };
            match index.parse::<usize>() {
                Ok(index) if index < 1000 => out.push(Segment::Index(index)),
                Ok(_) => return Vec::new(),
                Err(_) if index.is_empty() => out.push(Segment::Next),
                Err(_) => out.push(Segment::Key(index.to_owned())),
            }
            rest = after;
        }
    }
    out
}

/// The schema at a path, through references and alternatives.
fn at<'a>(root: &'a Value, schema: &'a Value, path: &[Segment]) -> Option<&'a Value> {
    let schema = resolve(root, schema);
    let Some((first, rest)) = path.split_first() else { return Some(schema) };
    let direct = match first {
        Segment::Key(key) => schema.get("properties").and_then(|properties| properties.get(key)).or_else(|| schema.get("additionalProperties").filter(|more| more.is_object())),
        Segment::Index(_) | Segment::Next => schema.get("items"),
    };
    if let Some(direct) = direct {
        return at(root, direct, rest);
    }
    let alternatives = ["anyOf", "oneOf", "allOf"].iter().filter_map(|key| schema.get(*key)?.as_array()).flatten();
    alternatives.into_iter().find_map(|alternative| at(root, alternative, path).filter(|found| !found.is_null()))
}

/// Whether a field is an amount: in minor units, but typed in the unit of the house.
fn is_money(schema: &Value) -> bool {
    schema.get("x-unit").is_some_and(|unit| unit == "money")
}

fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    match schema.get("$ref").and_then(Value::as_str).and_then(|reference| root.pointer(reference.strip_prefix('#')?)) {
        Some(target) => target,
        None => schema,
    }
}

fn leaf(typed: &str, schema: Option<&Value>, unit: Unit) -> Value {
    let is = |name: &str| {
        schema.is_some_and(|schema| match schema.get("type") {
            Some(Value::String(kind)) => kind == name,
            Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == name),
            _ => false,
        })
    };
    if schema.is_some_and(is_money) {
        return unit.read(typed).map_or_else(|| Value::String(typed.to_owned()), Value::from);
    }
    if is("integer") {
        return text::whole_number(typed).map_or_else(|| Value::String(typed.to_owned()), Value::from);
    }
    if is("boolean") {
        return match typed {
            "on" | "true" | "1" => Value::Bool(true),
            "off" | "false" | "0" => Value::Bool(false),
            other => Value::String(other.to_owned()),
        };
    }
    if schema.and_then(|schema| schema.get("format")).is_some_and(|format| format == "date") {
        return Value::String(domain::time::typed_date(typed).map_or_else(|| typed.to_owned(), |date| date.to_string()));
    }
    if is("object") || is("array") {
        // A text field that holds JSON (a policy's rules).
        return serde_json::from_str(typed).unwrap_or_else(|_| Value::String(typed.to_owned()));
    }
    if schema.is_some_and(|schema| {
        schema == &Value::Bool(true)
            || schema.as_object().is_some_and(|map| !map.contains_key("type") && !map.contains_key("anyOf") && !map.contains_key("oneOf") && !map.contains_key("enum"))
    }) {
        return serde_json::from_str(typed).unwrap_or_else(|_| Value::String(typed.to_owned()));
    }
    Value::String(typed.to_owned())
}

fn put(node: &mut Value, path: &[Segment], leaf: Value) {
    let Some((first, rest)) = path.split_first() else {
        *node = leaf;
        return;
    };
    match first {
        Segment::Key(key) => {
            if !node.is_object() {
                *node = Value::Object(Map::new());
            }
            if let Value::Object(map) = node {
                put(map.entry(key.clone()).or_insert(Value::Null), rest, leaf);
            }
        }
        Segment::Index(index) => {
            if !node.is_array() {
                *node = Value::Array(Vec::new());
            }
            if let Value::Array(list) = node {
                while list.len() <= *index {
                    list.push(Value::Null);
                }
                put(&mut list[*index], rest, leaf);
            }
        }
        Segment::Next => {
            if !node.is_array() {
                *node = Value::Array(Vec::new());
            }
            if let Value::Array(list) = node {
                list.push(Value::Null);
                if let Some(last) = list.last_mut() {
                    put(last, rest, leaf);
                }
            }
        }
    }
}

/// Takes out what stands empty because a later index was given.
pub fn without_gaps(value: &mut Value) {
    match value {
        Value::Array(list) => {
            list.retain(|item| !item.is_null());
            list.iter_mut().for_each(without_gaps);
        }
        Value::Object(map) => map.values_mut().for_each(without_gaps),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::reception::ReceiveDevices;

    fn pairs(fields: &[(&str, &str)]) -> Vec<(String, String)> {
        fields.iter().map(|(name, typed)| ((*name).to_owned(), (*typed).to_owned())).collect()
    }

    #[test]
    fn a_form_becomes_the_same_json_as_a_body() {
        let fields = pairs(&[
            ("_csrf", "x"),
            ("customer.new.name", "زهرا"),
            ("customer.new.phones[]", "۰۹۱۲\r\n\r\n0213\r\n"),
            ("devices[0].new_device.events[0].type", "sold"),
            ("devices[0].new_device.events[0].on", "۱۴۰۳/۱/۱۵"),
            ("devices[0].meters.hours", "۱٬۲۰۰"),
            ("devices[0].faults[]", "C01"),
            ("devices[0].faults[]", ""),
            ("note", "  "),
        ]);
        let value = from_form(&fields, &shape::<ReceiveDevices>().schema);
        let expected = serde_json::json!({
            "customer": {"new": {"name": "زهرا", "phones": ["۰۹۱۲", "0213"]}},
            "devices": [{"new_device": {"events": [{"type": "sold", "on": "2024-04-03"}]}, "meters": {"hours": 1200}, "faults": ["C01"]}],
        });
        assert_eq!(value, expected);
    }

    #[test]
    fn what_is_missing_is_told_at_its_field() {
        let form = from_form(&pairs(&[("code", "C-1"), ("title.fa", ""), ("title.en", " ")]), &shape::<app::catalogue::faults::SaveFault>().schema);
        let faults = read::<app::catalogue::faults::SaveFault>(&form).expect_err("no title");
        assert_eq!(faults.iter().map(|fault| fault.path.as_str()).collect::<Vec<_>>(), ["title.fa", "title.en"]);
    }

    #[test]
    fn what_may_be_absent_is_told_at_its_fields_where_it_is_there() {
        let owner = |owner: Value| read::<app::devices::register::RecordOnDevice>(&serde_json::json!({"new_owner": owner})).expect_err("faulty").remove(0);
        for (typed, path, code) in [
            (serde_json::json!({"phones": ["09121112233"]}), "new_owner.name", "required"),
            (serde_json::json!({"name": "x", "colour": 1}), "new_owner.colour", "unknown-field"),
            (serde_json::json!("x"), "new_owner", "malformed"),
        ] {
            let fault = owner(typed);
            assert_eq!((fault.path.as_str(), fault.reason.code.as_ref()), (path, code));
        }
    }

    #[test]
    fn amounts_are_typed_in_the_unit_of_the_house() {
        let schema = &shape::<app::billing::payments::RecordPayment>().schema;
        let typed = pairs(&[("amount", "۱٬۵۰۰"), ("method", "cash")]);
        assert_eq!(from_form_in(Unit::TOMAN, &typed, schema)["amount"], 15_000);
        assert_eq!(from_form_in(Unit::RIAL, &typed, schema)["amount"], 1_500);
        let wrong = from_form_in(Unit::RIAL, &pairs(&[("amount", "1.5"), ("method", "cash")]), schema);
        let faults = read::<app::billing::payments::RecordPayment>(&wrong).expect_err("no amount of Rials");
        assert_eq!((faults[0].path.as_str(), faults[0].reason.code.as_ref()), ("amount", "no-amount"));
    }

    #[test]
    fn all_faults_are_told_with_their_paths() {
        let value = serde_json::json!({"devices": [{"faults": ["x"], "promised_on": "tomorrow", "colour": 1}]});
        let mut faults = read::<ReceiveDevices>(&value).expect_err("faulty").into_iter().map(|fault| (fault.path, fault.reason.code)).collect::<Vec<_>>();
        faults.sort();
        let told = faults.iter().map(|(path, code)| (path.as_str(), code.as_ref())).collect::<Vec<_>>();
        assert_eq!(told, [("customer", "required"), ("devices[0].colour", "unknown-field"), ("devices[0].promised_on", "date")]);
    }

    proptest::proptest! {
        #[test]
        fn no_names_of_fields_bring_a_form_down(fields in proptest::collection::vec(("(devices|customer|new|note|x|\\.|\\[|\\]|\\[\\]|[0-9]{1,20}|\\PC){0,8}", "\\PC{0,12}"), 0..8)) {
            let value = from_form(&fields, &shape::<ReceiveDevices>().schema);
            let _ = read::<ReceiveDevices>(&value);
        }
    }
}
