//! Keeping what the house works with: one list and one form for every kind of thing, made from what its operation asks
//! for.

mod kinds;

use std::collections::HashMap;

use app::lookup::{DeviceOperation, part_uses};
use askama::Template;
use axum::extract::{Path, RawQuery};
use axum::response::Response;
use domain::access::Action;
use serde_json::{Value, json};
use store::error::Error;
use store::rights::Of;
use words::Lang;

use self::kinds::{Field, Input, KINDS, kind};
use super::choices::offered;
use super::frame::{Attempt, Page, Person, html, show};
use crate::api::{self, Call};
use crate::form::{asked, text};

#[derive(Template)]
#[template(path = "keep.html")]
struct Index {
    p: Page,
    kinds: Vec<(String, String)>,
    /// Whether there is a demo that this person can remove.
    can_remove_demo: bool,
    /// Whether the API's document is shown.
    has_api_docs: bool,
}

pub(crate) async fn index(person: Person) -> Response {
    let lang = person.lang;
    let kinds = KINDS.iter().filter(|kind| {
        person.current.actor.can(Action::named(kind.action).unwrap_or(Action::KeepAccess))
            || kind.action != "keep_access"
    });
    let slugs = kinds
        .map(|kind| kind.slug)
        .chain(["installation"])
        .chain(person.current.actor.can(Action::KeepAccess).then_some("permissions"));
    let slugs = slugs.chain(person.current.actor.can(Action::ViewAudit).then_some("security-log"));
    let slugs = slugs.chain(person.current.actor.scope(Action::KeepAccess).holds(Of::All).then_some("tasks"));
    let kinds = slugs.map(|slug| (slug.to_owned(), lang.t(&format!("keep-{slug}")))).collect::<Vec<_>>();
    let can_remove_demo =
        person.current.actor.can(Action::KeepAccess) && person.app.run(|app| Ok(app.is_demo())).await.unwrap_or(false);
    let has_api_docs = !person.app.settings().hides_api_docs;
    html(&Index { p: person.page("keep", lang.t("keep-title")), kinds, can_remove_demo, has_api_docs })
}

/// A row of the list: id, code, title, what tells more.
struct Row {
    id: String,
    code: String,
    title: String,
    detail: String,
}

#[derive(Template)]
#[template(path = "keep_list.html")]
struct List {
    p: Page,
    slug: &'static str,
    rows: Vec<Row>,
    next: String,
    q: String,
    can_keep: bool,
}

fn shown(lang: Lang, value: &Value) -> String {
    match value {
        Value::Object(map) => match (map.get("fa"), map.get("en"), map.get("title"), map.get("name")) {
            (Some(fa), Some(en), ..) => {
                lang.pick(fa.as_str().unwrap_or_default(), en.as_str().unwrap_or_default()).to_owned()
            }
            (.., Some(title), _) => shown(lang, title),
            (.., Some(name)) => shown(lang, name),
            _ => String::new(),
        },
        Value::String(text) => text.clone(),
        Value::Number(number) => lang.number(&number.as_i64().unwrap_or(0)),
        _ => String::new(),
    }
}

fn row(lang: Lang, value: &Value) -> Row {
    let get = |name: &str| value.get(name).map_or_else(String::new, |value| shown(lang, value));
    let first = |names: &[&str]| names.iter().map(|name| get(name)).find(|text| !text.is_empty()).unwrap_or_default();
    let detail = ["kind", "brand", "centre", "parent", "maker", "legal_entity", "specialty", "line_type", "cover_kind"]
        .iter()
        .map(|name| get(name))
        .filter(|text| !text.is_empty())
        .collect::<Vec<_>>()
        .join(" · ");
    Row {
        id: get("id"),
        code: first(&["code", "personnel_code", "login", "serial"]),
        title: first(&["title", "name", "product"]),
        detail,
    }
}

pub(crate) async fn list(person: Person, Path(what): Path<String>, RawQuery(query): RawQuery) -> Response {
    let Some(kind) = kind(&what) else { return person.error(&Error::NotFound) };
    let (q, after) = match asked(query.as_deref(), &["q", "after"]) {
        Ok(fields) => (text(&fields, "q"), text(&fields, "after")),
        Err(error) => return person.error(&error),
    };
    let mut input = json!({});
    for (name, value) in [("q", &q), ("after", &after)] {
        if !value.is_empty() {
            input[name] = value.clone().into();
        }
    }
    let lang = person.lang;
    let now = person.app.db().now();
    let read = person.read(move |conn, actor| {
        let operation = api::named(kind.list).ok_or(Error::NotFound)?;
        operation.check(&input)?;
        operation.read(conn, actor, &Call { path: &HashMap::new(), version: None, now, lang }, &input)
    });
    match read.await {
        Ok(found) => {
            let rows = found["items"]
                .as_array()
                .map(|items| items.iter().map(|item| row(lang, item)).collect())
                .unwrap_or_default();
            let next = found.get("next").and_then(Value::as_str).map_or_else(String::new, |next| {
                let query = form_urlencoded::Serializer::new(String::new())
                    .append_pair("q", &q)
                    .append_pair("after", next)
                    .finish();
                format!("/keep/{what}?{query}")
            });
            let page = person.page("keep", lang.t(&format!("keep-{what}")));
            html(&List { can_keep: page.can(kind.action), p: page, slug: kind.slug, rows, next, q })
        }
        Err(response) => response,
    }
}

/// What can be chosen of each kind of thing: public id and name.
type Options = HashMap<&'static str, Vec<(String, String)>>;

/// What is offered while one types, of the kinds of things of which there may be very many.
fn offered_while_typed(slug: &str) -> Option<&'static str> {
    Some(match slug {
        "brands" => "brand",
        "product-kinds" => "kind",
        "parts" => "part",
        // What a fault or a cause stands under.
        "faults" => "fault_group",
        "causes" => "cause_group",
        _ => return None,
    })
}

/// The kinds of things from a whole list of which a field lets choose.
fn choices_of(field: &Field) -> Vec<&'static str> {
    match field.kind {
        Input::One(slug) | Input::OneOrAll(slug) if offered_while_typed(slug).is_none() => vec![slug],
        Input::Rows(fields) => fields.iter().flat_map(choices_of).collect(),
        _ => Vec::new(),
    }
}

/// The form of one object, as its fields are shown from it.
struct Form<'a> {
    lang: Lang,
    page: &'a Page,
    operation: &'static str,
    object: &'a Value,
    options: &'a Options,
}

impl Form<'_> {
    /// `at` stands before the field's name, where it is a field of a row.
    fn field(&self, field: &Field, label: &str, at: &str) -> Shown {
        let name = if at.is_empty() { field.name.to_owned() } else { format!("{at}.{}", field.name) };
        let (input, mut choices) = match field.kind {
            Input::Text => ("text", Vec::new()),
            Input::Number | Input::Money => ("number", Vec::new()),
            Input::Flag => ("flag", Vec::new()),
            Input::Lines => ("lines", Vec::new()),
            Input::Json => ("json", Vec::new()),
            Input::Rows(_) => ("rows", Vec::new()),
            Input::One(slug) | Input::OneOrAll(slug) if offered_while_typed(slug).is_some() => ("choice", Vec::new()),
            Input::One(slug) | Input::OneOrAll(slug) => ("select", self.options.get(slug).cloned().unwrap_or_default()),
            Input::Word(list, words) => {
                ("select", words.iter().map(|word| ((*word).to_owned(), self.lang.word(list, word))).collect())
            }
        };
        let rows = match field.kind {
            Input::Rows(fields) => {
                let there = value_at(self.object, &name).and_then(Value::as_array).map_or(0, Vec::len);
                (0..there + 2)
                    .map(|index| {
                        fields.iter().map(|field| self.field(field, field.name, &format!("{name}[{index}]"))).collect()
                    })
                    .collect()
            }
            _ => Vec::new(),
        };
        let there = value_at(self.object, &name);
        let kept = match (field.kind, there.and_then(Value::as_i64), there) {
            (Input::Money, Some(amount), _) => self.page.amount(&amount),
            (_, _, Some(link @ Value::Object(_))) if input == "choice" => {
                offered(&shown(self.lang, link), link["code"].as_str().unwrap_or_default())
            }
            _ => shown_at(self.object, &name),
        };
        let value = self.page.value(self.operation, &name, kept);
        // What is chosen stays to be chosen, also where the list is longer than what is offered.
        if input == "select" && !value.is_empty() && !choices.iter().any(|(code, _)| *code == value) {
            let title = value_at(self.object, &name).map_or_else(|| value.clone(), |link| shown(self.lang, link));
            choices.push((value.clone(), title));
        }
        let none = match field.kind {
            Input::OneOrAll(slug) => self.lang.t(&format!("all-{slug}")),
            _ => "—".to_owned(),
        };
        Shown {
            none,
            label: self
                .page
                .in_unit(&format!("field-{}", label.replace(['.', '_'], "-").replace("[]", "").replace("[0]", ""))),
            fault: self.page.fault(self.operation, &name),
            name,
            input,
            of: match field.kind {
                Input::One(slug) | Input::OneOrAll(slug) => offered_while_typed(slug).unwrap_or_default(),
                _ => "",
            },
            value,
            options: choices,
            rows,
        }
    }
}

/// A field as the form shows it.
struct Shown {
    name: String,
    label: String,
    /// text, number, flag, select, choice, lines, json or rows.
    input: &'static str,
    /// What a choice is of.
    of: &'static str,
    value: String,
    options: Vec<(String, String)>,
    /// The choice of none of them.
    none: String,
    fault: String,
    rows: Vec<Vec<Shown>>,
}

#[derive(Template)]
#[template(path = "keep_edit.html")]
struct Edit {
    p: Page,
    slug: &'static str,
    id: String,
    operation: &'static str,
    retire: &'static str,
    version: String,
    fields: Vec<Shown>,
    can_keep: bool,
    is_retired: bool,
    is_policy: bool,
    is_user: bool,
    /// Of a product that is a part: where it was fitted or mended.
    uses: Vec<DeviceOperation>,
}

pub(crate) async fn edit(person: Person, Path((what, id)): Path<(String, String)>) -> Response {
    edit_page(person, what, id, None).await
}

/// What stands at a path of a view.
fn value_at<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let path = name.trim_end_matches("[]").replace("usual.", "");
    let mut found = value;
    for part in path.split(['.', '[']).map(|part| part.trim_end_matches(']')) {
        found = match part.parse::<usize>() {
            Ok(index) => found.get(index)?,
            Err(_) => found.get(part)?,
        };
    }
    Some(found)
}

/// What stands at a path of a view, as a form's field shows it.
fn shown_at(value: &Value, name: &str) -> String {
    let found = value_at(value, name).unwrap_or(&Value::Null);
    match found {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(value) => {
            if *value {
                "true".to_owned()
            } else {
                String::new()
            }
        }
        Value::Object(map) if map.contains_key("id") => map["id"].as_str().unwrap_or_default().to_owned(),
        Value::Array(list) if name.ends_with("[]") => list
            .iter()
            .map(|item| item.get("id").unwrap_or(item).as_str().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
            .join("\n"),
        Value::Array(list) if list.is_empty() => String::new(),
        other => serde_json::to_string_pretty(&for_save(other)).unwrap_or_default(),
    }
}

/// A view's part as a command takes it: a link as its id.
fn for_save(value: &Value) -> Value {
    match value {
        Value::Object(map) if map.contains_key("id") && map.contains_key("title") => map["id"].clone(),
        Value::Object(map) => {
            map.iter().map(|(key, value)| (key.clone(), for_save(value))).collect::<serde_json::Map<_, _>>().into()
        }
        Value::Array(list) => list.iter().map(for_save).collect(),
        other => other.clone(),
    }
}

pub(crate) async fn edit_page(person: Person, what: String, id: String, attempt: Option<Attempt>) -> Response {
    let Some(kind) = kind(&what) else { return person.error(&Error::NotFound) };
    let lang = person.lang;
    let now = person.app.db().now();
    let zone = person.zone().iana_name().unwrap_or("UTC").to_owned();
    let wanted = id.clone();
    let read = person.read(move |conn, actor| {
        let mut path = HashMap::new();
        let object = if wanted == "new" {
            json!({"is_serialised": true, "is_warrantied": true, "language": "fa", "time_zone": zone})
        } else {
            path.insert("id".to_owned(), wanted);
            api::named(kind.get).ok_or(Error::NotFound)?.read(
                conn,
                actor,
                &Call { path: &path, version: None, now, lang },
                &json!({}),
            )?
        };
        let mut options = Options::new();
        for slug in kind.fields.iter().flat_map(choices_of) {
            let list = KINDS
                .iter()
                .find(|kind| kind.slug == slug)
                .and_then(|kind| api::named(kind.list))
                .ok_or(Error::NotFound)?;
            let mut rows = Vec::new();
            let mut query = json!({"limit": 200});
            loop {
                let found =
                    list.read(conn, actor, &Call { path: &HashMap::new(), version: None, now, lang }, &query)?;
                rows.extend(found["items"].as_array().into_iter().flatten().map(|item| row(lang, item)));
                match found["next"].as_str() {
                    Some(next) => query["after"] = json!(next),
                    None => break,
                }
            }
            options.insert(slug, rows.into_iter().map(|row| (row.id, format!("{} {}", row.title, row.code))).collect());
        }
        let is_part =
            kind.slug == "products" && object["is_part"].as_bool().unwrap_or(false) && actor.can(Action::ViewWork);
        let uses = match object["id"].as_str().filter(|_| is_part) {
            Some(product) => part_uses(conn, actor, product)?,
            None => Vec::new(),
        };
        Ok((object, options, uses))
    });
    let (object, options, uses) = match read.await {
        Ok(read) => read,
        Err(response) => return response,
    };
    let is_new = id == "new";
    if !is_new && let Err(response) = person.note(kind.get, id.clone()).await {
        return response;
    }
    let operation = if is_new { kind.create } else { kind.update };
    let title = if is_new { lang.t(&format!("keep-new-{what}")) } else { row(lang, &object).title };
    let page = person.page("keep", title).with(attempt);
    let form = Form { lang, page: &page, operation, object: &object, options: &options };
    let fields = kind.fields.iter().map(|field| form.field(field, field.name, "")).collect();
    let page = Edit {
        slug: kind.slug,
        operation,
        retire: kind.retire,
        version: object.get("version").map_or_else(String::new, ToString::to_string),
        fields,
        can_keep: page.can(kind.action),
        is_retired: object.get("is_retired").or(object.get("is_disabled")).and_then(Value::as_bool).unwrap_or(false),
        is_policy: kind.slug == "policies" && !is_new,
        is_user: kind.slug == "users",
        uses,
        id,
        p: page,
    };
    show(page.p.status(), &page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::from_form;

    /// The names of the fields of a form, those of its first row too.
    fn names(at: &str, fields: &[Field]) -> Vec<String> {
        let below = |field: &Field| if at.is_empty() { field.name.to_owned() } else { format!("{at}.{}", field.name) };
        let name = |field: &Field| match field.kind {
            Input::Rows(inner) => names(&format!("{}[0]", below(field)), inner),
            _ => vec![below(field)],
        };
        fields.iter().flat_map(name).collect()
    }

    #[test]
    fn every_form_of_what_is_kept_sends_only_what_its_operations_name() {
        for kind in KINDS {
            // What is known of a device is written down on its own page.
            let operations = if kind.slug == "devices" { vec![kind.create] } else { vec![kind.create, kind.update] };
            for operation in operations {
                let schema = api::named(operation).expect("an operation").input_schema();
                let fields = names("", kind.fields).into_iter().map(|name| (name, String::new())).collect::<Vec<_>>();
                assert!(from_form(&fields, schema, &[]).is_ok(), "{operation}: {:?}", from_form(&fields, schema, &[]));
            }
        }
    }
}
