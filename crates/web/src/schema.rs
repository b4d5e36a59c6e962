//! One check for both roads: the JSON schema of a command, made from its type. A form's fields and a query string
//! become JSON by that schema first.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};

use domain::money::Unit;
use domain::strict_json::{self, Bounds};
use domain::text;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::{JsonType, Validator};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use store::error::{Arg, Fault};

use crate::form::doubled;

/// How much may be sent at once, but for a file: values, those inside others counted, and how deep they stand in one
/// another.
pub(crate) const BOUNDS: Bounds = Bounds { nodes: 10_000, depth: 32 };
/// Faults that are told at once; nobody reads more.
pub(crate) const MAX_FAULTS: usize = 100;

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
        let schema =
            SchemaSettings::draft2020_12().for_deserialize().into_generator().into_root_schema_for::<T>().to_value();
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .build(&schema)
            .unwrap_or_else(|error| panic!("the schema of a command is no schema: {error}"));
        // A program has as many of these as it has commands, for as long as it runs.
        Box::leak(Box::new(Shape { schema, validator }))
    })
}

/// Reads a value as a command.
///
/// # Errors
/// All the faults that the schema finds, each with its path, and the texts that are none.
pub fn read<T: JsonSchema + DeserializeOwned + 'static>(value: &Value) -> Result<T, Vec<Fault>> {
    let shape = shape::<T>();
    let mut faults = Vec::new();
    texts(&shape.schema, Some(&shape.schema), value, "", &mut faults);
    faults
        .extend(shape.validator.iter_errors(value).take(MAX_FAULTS).flat_map(|error| faults_of(&error, &shape.schema)));
    faults.truncate(MAX_FAULTS);
    if !faults.is_empty() {
        return Err(faults);
    }
    serde_path_to_error::deserialize(value)
        .map_err(|error| vec![Fault::new(error.path().to_string().trim_start_matches('.').to_owned(), "malformed")])
}

fn is_date(schema: &Value) -> bool {
    schema.get("format").is_some_and(|format| format == "date")
}

/// Whether a text is a line: names, codes and numbers are; notes and addresses, which may be longer, may have several.
fn is_one_line(schema: Option<&Value>) -> bool {
    schema.and_then(|schema| schema.get("maxLength")).and_then(Value::as_u64).is_some_and(|most| most <= 200)
}

/// The years of which people of this trade mean a day: another was typed in another calendar, or wrongly.
const EARLIEST: i16 = 1900;
const LATEST: i16 = 2200;

/// Notes the texts of a value that hide what they are, and those of which nothing is to be seen where something must.
fn texts(root: &Value, schema: Option<&Value>, value: &Value, path: &str, faults: &mut Vec<Fault>) {
    match value {
        Value::String(typed) if !text::is_clean(typed) || is_one_line(schema) && typed.contains(['\n', '\r', '\t']) => {
            faults.push(Fault::new(path, "unclean-text"))
        }
        Value::String(typed) => {
            if schema.is_some_and(is_date)
                && let Ok(date) = typed.parse::<jiff::civil::Date>()
            {
                if date.year() < EARLIEST {
                    faults.push(Fault::new(path, "too-early"));
                } else if date.year() > LATEST {
                    faults.push(Fault::new(path, "too-late"));
                }
            }
            let must_be_seen = schema
                .and_then(|schema| schema.get("minLength"))
                .and_then(Value::as_u64)
                .is_some_and(|least| least > 0);
            if must_be_seen && !typed.is_empty() && !text::has_visible(typed) {
                faults.push(Fault::new(path, "required"));
            }
        }
        Value::Array(list) => {
            let items = schema.and_then(|schema| at(root, schema, &[Segment::Next]));
            for (index, item) in list.iter().enumerate() {
                texts(root, items, item, &format!("{path}[{index}]"), faults);
            }
        }
        Value::Object(map) => {
            for (key, inner) in map {
                if !text::is_clean(key) || key.trim() != key || key.contains(['\n', '\r', '\t']) || key.is_empty() {
                    faults.push(Fault::new(path, "unclean-text"));
                }
                let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let field = schema.and_then(|schema| at(root, schema, &[Segment::Key(key.clone())]));
                texts(root, field, inner, &below, faults);
            }
        }
        _ => {}
    }
}

/// What is wrong with a JSON text from outside, at its path.
pub(crate) fn refused(refused: strict_json::Refused) -> Fault {
    let code = match refused.fault {
        strict_json::Fault::NotJson => "malformed",
        strict_json::Fault::DoubledKey => "given-twice",
        strict_json::Fault::HalfCharacter => "unclean-text",
        strict_json::Fault::TooMuch => "too-many-fields",
    };
    Fault::new(refused.path, code)
}

fn faults_of(error: &jsonschema::ValidationError<'_>, schema: &Value) -> Vec<Fault> {
    let path = dotted(error.instance_path().as_str());
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    let number = |limit: &Value| Arg::Number(limit.as_i64().unwrap_or(0));
    match error.kind() {
        Kind::Required { property } => vec![Fault::new(below(property.as_str().unwrap_or_default()), "required")],
        Kind::AdditionalProperties { unexpected } => {
            unexpected.iter().map(|key| Fault::new(below(key), "unknown-field")).collect()
        }
        Kind::MinLength { limit: 1 } | Kind::MinItems { limit: 1 } => vec![Fault::new(path, "required")],
        Kind::MinLength { limit } => {
            vec![Fault::new(path, "too-short").with("limit", Arg::Number(i64::try_from(*limit).unwrap_or(0)))]
        }
        Kind::MaxLength { limit } | Kind::MaxItems { limit } | Kind::MaxProperties { limit } => {
            vec![Fault::new(path, "too-long").with("limit", Arg::Number(i64::try_from(*limit).unwrap_or(0)))]
        }
        Kind::Minimum { limit } => vec![Fault::new(path, "too-small").with("limit", number(limit))],
        Kind::Maximum { limit } => vec![Fault::new(path, "too-large").with("limit", number(limit))],
        Kind::Format { format } if format == "date" => vec![Fault::new(path, "date")],
        Kind::Enum { .. } => vec![Fault::new(path, "not-in-list")],
        Kind::OneOfNotValid { context } | Kind::AnyOf { context } => {
            // What may also be absent is meant to be what it is where it is there, and of several alternatives the one
            // that was begun: the faults inside are those to tell.
            let is_absence = |inner: &jsonschema::ValidationError<'_>| {
                matches!(inner.kind(), Kind::Type { kind: TypeKind::Single(JsonType::Null) })
            };
            let meant = context.iter().filter(|branch| !branch.iter().any(is_absence)).collect::<Vec<_>>();
            let was_begun = |branch: &&&Vec<_>| {
                branch.iter().any(|inner: &jsonschema::ValidationError<'_>| {
                    inner.instance_path().as_str().len() > error.instance_path().as_str().len()
                })
            };
            let inside = if let [only] = meant.as_slice() {
                Some(*only)
            } else {
                meant.iter().filter(was_begun).max_by_key(|branch| branch.len()).copied()
            };
            match inside {
                Some(branch) => branch.iter().flat_map(|inner| faults_of(inner, schema)).collect(),
                None => vec![Fault::new(path, "not-in-list")],
            }
        }
        Kind::Type { kind }
            if matches!(kind, TypeKind::Single(JsonType::Integer))
                || matches!(kind, TypeKind::Multiple(types) if types.contains(JsonType::Integer)) =>
        {
            // An amount that a person typed is no whole number in every currency; a program sends minor units.
            let is_typed = error.instance().is_string() && at(schema, schema, &segments(&path)).is_some_and(is_money);
            vec![Fault::new(path, if is_typed { "no-amount" } else { "whole-number" })]
        }
        Kind::Pattern { pattern } => match pattern
            .strip_prefix("^(")
            .and_then(|rest| rest.strip_suffix(")$"))
            .filter(|words| words.contains('|'))
        {
            Some(words) => vec![Fault::new(path, "one-of").with("words", words.replace('|', ", "))],
            None => vec![malformed(path, schema)],
        },
        _ => vec![Fault::new(path, "malformed")],
    }
}

/// That something is malformed, with an example of right where its type has one.
fn malformed(path: String, schema: &Value) -> Fault {
    let example = at(schema, schema, &segments(&path))
        .and_then(|field| field.get("examples")?.get(0)?.as_str().map(str::to_owned));
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

/// Makes JSON of the fields of a query string, or of a form without amounts, by a schema: `devices[0].faults[]=C01`.
/// Empty fields are left out; digits of any script make a number, a date as a person types it becomes ISO 8601. What
/// cannot be turned stays text, so that the check names it. `own` are the fields that are of the form and not of what
/// it makes.
///
/// # Errors
/// The fields that the schema does not name, those that are named twice, and what is more than may be: then nothing is
/// built.
pub fn from_form(fields: &[(String, String)], schema: &Value, own: &[&str]) -> Result<Value, Vec<Fault>> {
    from_form_in(Unit::RIAL, fields, schema, own)
}

/// The same of a form whose amounts were typed in a unit.
///
/// # Errors
/// As `from_form`.
pub fn from_form_in(
    unit: Unit,
    fields: &[(String, String)],
    schema: &Value,
    own: &[&str],
) -> Result<Value, Vec<Fault>> {
    let mut faults = doubled(fields);
    let mut known = Vec::with_capacity(fields.len());
    for (name, typed) in fields.iter().filter(|(name, _)| !own.contains(&name.as_str())) {
        let path = segments(name);
        match at(schema, schema, &path).filter(|_| (1..=12).contains(&path.len())) {
            Some(field) => known.push((name, path, field, typed)),
            None => faults.push(Fault::new(name.clone(), "unknown-field")),
        }
    }
    if !faults.is_empty() {
        faults.truncate(MAX_FAULTS);
        return Err(faults);
    }
    let mut root = Value::Object(Map::new());
    let mut room = BOUNDS.nodes;
    for (name, path, field, typed) in &known {
        // A list that is typed into one field has an entry on each line.
        let is_list = matches!(path.last(), Some(Segment::Next));
        let entries =
            typed.split(|letter| is_list && matches!(letter, '\n' | '\r')).filter(|entry| !entry.trim().is_empty());
        for entry in entries {
            let leaf = leaf(entry, field, unit, &mut room).map_err(|fault| {
                let inside = format!("{name}.{}", fault.path);
                vec![Fault { path: inside.trim_end_matches('.').to_owned(), reason: fault.reason }]
            })?;
            put(&mut root, path, leaf, &mut room).map_err(|code| vec![Fault::new(name.as_str(), code)])?;
        }
    }
    // Of an object that must be there, and of which nothing was typed, each part is told to be missing, beside its
    // field.
    let requires = |schema: &Value, key: &str| {
        schema.get("required").and_then(Value::as_array).is_some_and(|keys| keys.iter().any(|required| required == key))
    };
    for (_, path, ..) in &known {
        if let [Segment::Key(object), Segment::Key(part)] = path.as_slice()
            && root.get(object).is_none()
            && requires(schema, object)
            && at(schema, schema, &path[..1]).is_some_and(|inner| requires(inner, part))
        {
            put(&mut root, &path[..1], Value::Object(Map::new()), &mut room)
                .map_err(|code| vec![Fault::new(object.as_str(), code)])?;
        }
    }
    Ok(root)
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
        Segment::Key(key) => schema
            .get("properties")
            .and_then(|properties| properties.get(key))
            .or_else(|| schema.get("additionalProperties").filter(|more| more.is_object())),
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

/// What was typed, as its field takes it.
fn leaf(typed: &str, schema: &Value, unit: Unit, room: &mut usize) -> Result<Value, Fault> {
    let is = |name: &str| match schema.get("type") {
        Some(Value::String(kind)) => kind == name,
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == name),
        _ => false,
    };
    let as_typed = || Value::String(typed.to_owned());
    if is_money(schema) {
        return Ok(unit.read(typed).map_or_else(as_typed, Value::from));
    }
    if is("integer") {
        // A percentage is typed with its sign, before it or after it.
        let percent = schema.get("maximum").filter(|most| **most == 100).map(|_| typed.trim().trim_matches(['%', '٪']));
        return Ok(text::whole_number(percent.unwrap_or(typed)).map_or_else(as_typed, Value::from));
    }
    if is("boolean") {
        return Ok(match typed {
            "on" | "true" | "1" => Value::Bool(true),
            "off" | "false" | "0" => Value::Bool(false),
            _ => as_typed(),
        });
    }
    if is_date(schema) {
        return Ok(Value::String(
            domain::time::typed_date(typed).map_or_else(|| typed.to_owned(), |date| date.to_string()),
        ));
    }
    let is_anything = schema == &Value::Bool(true)
        || schema
            .as_object()
            .is_some_and(|map| !["type", "anyOf", "oneOf", "enum"].iter().any(|key| map.contains_key(*key)));
    if is("object") || is("array") || is_anything {
        // A text field that holds JSON (a policy's rules).
        return match strict_json::value(typed.as_bytes(), Bounds { nodes: *room, ..BOUNDS }) {
            Ok(value) => {
                *room = room.saturating_sub(nodes(&value));
                Ok(value)
            }
            Err(strict_json::Refused { fault: strict_json::Fault::NotJson, .. }) => Ok(as_typed()),
            Err(fault) => Err(refused(fault)),
        };
    }
    Ok(as_typed())
}

fn nodes(value: &Value) -> usize {
    1 + match value {
        Value::Array(list) => list.iter().map(nodes).sum(),
        Value::Object(map) => map.values().map(nodes).sum(),
        _ => 0,
    }
}

/// Takes room for one more value.
fn take(room: &mut usize) -> Result<(), &'static str> {
    *room = room.checked_sub(1).ok_or("too-many-fields")?;
    Ok(())
}

/// Puts a leaf where it belongs, making what it stands in. Where something stands already, something was named twice.
fn put(node: &mut Value, path: &[Segment], leaf: Value, room: &mut usize) -> Result<(), &'static str> {
    let Some((first, rest)) = path.split_first() else {
        if !node.is_null() {
            return Err("given-twice");
        }
        *node = leaf;
        return Ok(());
    };
    if node.is_null() {
        *node = if matches!(first, Segment::Key(_)) { Value::Object(Map::new()) } else { Value::Array(Vec::new()) };
    }
    let below = match (first, node) {
        (Segment::Key(key), Value::Object(map)) => {
            if !map.contains_key(key) {
                take(room)?;
            }
            map.entry(key.clone()).or_insert(Value::Null)
        }
        (Segment::Index(_) | Segment::Next, Value::Array(list)) => {
            let place = if let Segment::Index(index) = first { *index } else { list.len() };
            while list.len() <= place {
                take(room)?;
                list.push(Value::Null);
            }
            &mut list[place]
        }
        _ => return Err("given-twice"),
    };
    put(below, rest, leaf, room)
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
        let value = from_form(&fields, &shape::<ReceiveDevices>().schema, &["_csrf"]).expect("known fields");
        let expected = serde_json::json!({
            "customer": {"new": {"name": "زهرا", "phones": ["۰۹۱۲", "0213"]}},
            "devices": [{"new_device": {"events": [{"type": "sold", "on": "2024-04-03"}]}, "meters": {"hours": 1200}, "faults": ["C01"]}],
        });
        assert_eq!(value, expected);
    }

    #[test]
    fn a_percentage_is_typed_with_its_sign() {
        use app::coverage::goodwill::GiveGoodwill;
        for typed in ["25", "۲۵٪", "٪ ۲۵", "25 %"] {
            let fields = pairs(&[("percent", typed), ("reason", "x")]);
            let value = from_form(&fields, &shape::<GiveGoodwill>().schema, &[]).expect("known fields");
            assert_eq!(value["percent"], 25, "{typed}");
        }
    }

    #[test]
    fn what_is_missing_is_told_at_its_field() {
        let form = from_form(
            &pairs(&[("code", "C-1"), ("title.fa", ""), ("title.en", " ")]),
            &shape::<app::catalogue::faults::SaveFault>().schema,
            &[],
        )
        .expect("known fields");
        let faults = read::<app::catalogue::faults::SaveFault>(&form).expect_err("no title");
        assert_eq!(faults.iter().map(|fault| fault.path.as_str()).collect::<Vec<_>>(), ["title.fa", "title.en"]);
    }

    #[test]
    fn what_may_be_absent_is_told_at_its_fields_where_it_is_there() {
        let owner = |owner: Value| {
            read::<app::devices::register::RecordOnDevice>(&serde_json::json!({"new_owner": owner}))
                .expect_err("faulty")
                .remove(0)
        };
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
        let made =
            |unit: Unit, typed: &[(String, String)]| from_form_in(unit, typed, schema, &[]).expect("known fields");
        assert_eq!(made(Unit::TOMAN, &typed)["amount"], 15_000);
        assert_eq!(made(Unit::RIAL, &typed)["amount"], 1_500);
        let wrong = made(Unit::RIAL, &pairs(&[("amount", "1.5"), ("method", "cash")]));
        let faults = read::<app::billing::payments::RecordPayment>(&wrong).expect_err("no amount of Rials");
        assert_eq!((faults[0].path.as_str(), faults[0].reason.code.as_ref()), ("amount", "no-amount"));
    }

    #[test]
    fn all_faults_are_told_with_their_paths() {
        let value = serde_json::json!({"devices": [{"faults": ["x"], "promised_on": "tomorrow", "colour": 1}]});
        let mut faults = read::<ReceiveDevices>(&value)
            .expect_err("faulty")
            .into_iter()
            .map(|fault| (fault.path, fault.reason.code))
            .collect::<Vec<_>>();
        faults.sort();
        let told = faults.iter().map(|(path, code)| (path.as_str(), code.as_ref())).collect::<Vec<_>>();
        assert_eq!(
            told,
            [("customer", "required"), ("devices[0].colour", "unknown-field"), ("devices[0].promised_on", "date")]
        );
    }

    fn refusals(fields: &[(&str, &str)]) -> Vec<(String, String)> {
        let faults = from_form(&pairs(fields), &shape::<ReceiveDevices>().schema, &["_csrf"]).expect_err("refused");
        faults.into_iter().map(|fault| (fault.path, fault.reason.code.into_owned())).collect()
    }

    #[test]
    fn a_form_builds_nothing_but_what_its_schema_names() {
        let one = |path: &str, code: &str| vec![(path.to_owned(), code.to_owned())];
        assert_eq!(refusals(&[("_csrf", "x"), ("note", "n"), ("colour", "")]), one("colour", "unknown-field"));
        for name in [
            "k[999][999]",
            "devices[0].new_device.colour",
            "devices[1000].note",
            "note.x",
            "note[0]",
            "_page",
            "customer..id",
            "devices[0",
            "",
        ] {
            assert_eq!(refusals(&[(name, "x")]), one(name, "unknown-field"));
        }
        assert_eq!(refusals(&[("note", "a"), ("note", "a")]), one("note", "given-twice"));
        // The same thing under two names.
        for (first, second) in [
            ("devices[0].note", "devices[00].note"),
            ("customer", "customer.id"),
            ("devices[0].faults[]", "devices[0].faults[0]"),
        ] {
            assert_eq!(refusals(&[(first, "x"), (second, "x")]).remove(0).1, "given-twice", "{first} {second}");
        }
        let many = (0..20)
            .map(|index| (format!("devices[999].new_device.components[{}].position", 999 - index), "x".to_owned()))
            .collect::<Vec<_>>();
        let wide = (0..20)
            .map(|index| (format!("devices[{index}].new_device.components[999].position"), "x".to_owned()))
            .collect::<Vec<_>>();
        assert!(from_form(&many, &shape::<ReceiveDevices>().schema, &[]).is_ok());
        let faults = from_form(&wide, &shape::<ReceiveDevices>().schema, &[]).expect_err("too many");
        assert_eq!(faults[0].reason.code, "too-many-fields");
    }

    #[test]
    fn json_within_a_field_has_every_key_once() {
        let schema = &shape::<app::coverage::policies::SavePolicy>().schema;
        let made = |rules: &str| from_form(&pairs(&[("rules", rules)]), schema, &[]);
        assert_eq!(made("{\"terms\": []}").expect("JSON")["rules"], serde_json::json!({"terms": []}));
        assert_eq!(made("{").expect("text")["rules"], "{", "what is no JSON is named by the check");
        let faults = made("{\"terms\": [{\"months\": 1, \"months\": 2}]}").expect_err("twice");
        assert_eq!((faults[0].path.as_str(), faults[0].reason.code.as_ref()), ("rules.terms[0].months", "given-twice"));
        assert_eq!(made(&"[".repeat(1000)).expect_err("too deep")[0].reason.code, "too-many-fields");
    }

    #[test]
    fn a_text_that_hides_what_it_is_or_shows_nothing_is_told() {
        let saved = |value: Value| {
            read::<app::customers::SaveCustomer>(&value).map(|_| ()).map_err(|mut faults| faults.remove(0))
        };
        let told = |value: Value| saved(value).map_err(|fault| (fault.path, fault.reason.code.into_owned()));
        let fault = |path: &str, code: &str| Err((path.to_owned(), code.to_owned()));
        assert_eq!(told(serde_json::json!({"name": "زهرا\u{200C}کریمی"})), Ok(()));
        assert_eq!(told(serde_json::json!({"name": "a\u{0}"})), fault("name", "unclean-text"));
        assert_eq!(
            told(serde_json::json!({"name": "x", "addresses": [{"address": "\u{202E}x"}]})),
            fault("addresses[0].address", "unclean-text")
        );
        assert_eq!(told(serde_json::json!({"name": "\u{200B}\u{2060}"})), fault("name", "required"));
        let meters = read::<app::devices::register::RecordOnDevice>(&serde_json::json!({"meters": {"hours\u{0}": 1}}))
            .expect_err("no metric");
        assert!(meters.iter().any(|fault| fault.path == "meters" && fault.reason.code == "unclean-text"));
    }

    proptest::proptest! {
        #[test]
        fn no_names_of_fields_bring_a_form_down(fields in proptest::collection::vec(("(devices|customer|new|note|x|\\.|\\[|\\]|\\[\\]|[0-9]{1,20}|\\PC){0,8}", "\\PC{0,12}"), 0..8)) {
            if let Ok(value) = from_form(&fields, &shape::<ReceiveDevices>().schema, &[]) {
                let _ = read::<ReceiveDevices>(&value);
            }
        }
    }
}
