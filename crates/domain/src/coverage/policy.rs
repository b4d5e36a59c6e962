//! A warranty policy as data: the same JSON is edited, imported, published and put into cases.

use std::collections::BTreeMap;

use serde::Serialize;

use super::LineType;
use crate::strict_json::{Json, Malformed, Node, Path, no_double};

/// The rules of a promise.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Policy {
    pub code: String,
    pub version: i64,
    pub start: Start,
    /// Days by which the first day of every term without `after` is delayed.
    pub waiting_days: i64,
    pub terms: Vec<Term>,
    pub exclusions: Vec<Exclusion>,
    /// What the cover does not pay of a case, in minor units.
    pub deductible: i64,
    pub limits: Limits,
    pub extend_by_downtime: Option<Beyond>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub obligation: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repair_warranty: Option<RepairWarranty>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replacement: Option<Replacement>,
}

/// What a repair done under this policy is warranted for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RepairWarranty {
    pub part_days: i64,
    pub labour_days: i64,
    /// `same` as the payer of the work, or `centre`.
    pub payer: String,
}

/// What a device given in exchange inherits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Replacement {
    pub inherit: String,
    pub at_least_days: i64,
}

/// When the promise starts (rule 1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Start {
    pub from: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cap: Option<Cap>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cap {
    pub event: String,
    pub months: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Beyond {
    pub beyond_days: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Limits {
    pub per_months: Option<i64>,
    pub max_claims: Option<i64>,
    pub max_amount: Option<i64>,
}

/// The percentage that a term pays per type of line.
pub type Pays = BTreeMap<LineType, i64>;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Term {
    pub id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only: Option<Only>,
    pub pays: Pays,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_months: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_days: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub months: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<i64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub usage: BTreeMap<String, i64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub pro_rata: bool,
}

/// Where in the device a term holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Scope {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub serials: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
}

/// For which work a term holds; an empty list asks nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Only {
    /// Of one repair, by their ids: for what is given in it, as goodwill is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
}

/// What takes the cover away from a line (rule 5); an empty list asks nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Exclusion {
    pub id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<LineType>,
}

impl Policy {
    /// Reads a policy from JSON text.
    ///
    /// # Errors
    /// The first fault with its path, which begins at the policy (`terms[1].months`).
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let json = Json::parse(text)?;
        Self::read(Node { json: &json, path: &Path::Root })
    }

    pub(super) fn read(node: Node<'_>) -> Result<Self, Malformed> {
        let policy = node.object(
            &[
                "code",
                "version",
                "start",
                "waiting_days",
                "terms",
                "exclusions",
                "deductible",
                "limits",
                "extend_by_downtime",
            ],
            &["title", "obligation", "route", "repair_warranty", "replacement"],
        )?;
        Ok(Self {
            code: policy.get("code", |node| node.text().map(str::to_owned))?,
            version: policy.get("version", |node| node.int(0))?,
            start: policy.get("start", Start::read)?,
            waiting_days: policy.get("waiting_days", |node| node.int(0))?,
            terms: policy.get("terms", |node| {
                let terms = node.list(|_, node| Term::read(node))?;
                no_double(node.path, "id", terms.iter().map(|term| term.id.as_str()))?;
                Ok(terms)
            })?,
            exclusions: policy.get("exclusions", |node| {
                let exclusions = node.list(|_, node| Exclusion::read(node))?;
                no_double(node.path, "id", exclusions.iter().map(|exclusion| exclusion.id.as_str()))?;
                Ok(exclusions)
            })?,
            deductible: policy.get("deductible", |node| node.int(0))?,
            limits: policy.get("limits", Limits::read)?,
            extend_by_downtime: policy.nullable("extend_by_downtime", |node| {
                Ok(Beyond { beyond_days: node.object(&["beyond_days"], &[])?.get("beyond_days", |node| node.int(0))? })
            })?,
            title: policy.optional("title", any)?,
            obligation: policy.optional("obligation", any)?,
            route: policy.optional("route", any)?,
            repair_warranty: policy.optional("repair_warranty", RepairWarranty::read)?.flatten(),
            replacement: policy.optional("replacement", Replacement::read)?.flatten(),
        })
    }
}

/// Any JSON but null: an optional key is left out, and null in its place is malformed.
fn any(node: Node<'_>) -> Result<serde_json::Value, Malformed> {
    if matches!(node.json, Json::Null) { node.wrong("any value but null") } else { Ok(plain(node.json)) }
}

fn plain(json: &Json) -> serde_json::Value {
    match json {
        Json::Null | Json::OtherNumber => serde_json::Value::Null,
        Json::Bool(value) => (*value).into(),
        Json::Int(value) => (*value).into(),
        Json::Text(text) => text.clone().into(),
        Json::List(list) => list.iter().map(plain).collect::<Vec<_>>().into(),
        Json::Object(entries) => {
            entries.iter().map(|(key, value)| (key.clone(), plain(value))).collect::<serde_json::Map<_, _>>().into()
        }
    }
}

impl Start {
    fn read(node: Node<'_>) -> Result<Self, Malformed> {
        let start = node.object(&["from"], &["cap"])?;
        let cap = |node: Node<'_>| {
            let cap = node.object(&["event", "months"], &[])?;
            Ok(Cap {
                event: cap.get("event", |node| node.text().map(str::to_owned))?,
                months: cap.get("months", |node| node.int(0))?,
            })
        };
        Ok(Self { from: start.get("from", |node| node.texts())?, cap: start.optional("cap", cap)? })
    }
}

impl Limits {
    fn read(node: Node<'_>) -> Result<Self, Malformed> {
        let limits = node.object(&["per_months", "max_claims", "max_amount"], &[])?;
        Ok(Self {
            per_months: limits.nullable("per_months", |node| node.int(1))?,
            max_claims: limits.nullable("max_claims", |node| node.int(0))?,
            max_amount: limits.nullable("max_amount", |node| node.int(0))?,
        })
    }
}

impl RepairWarranty {
    /// `decide` ignores this part whatever it is; None where it is not of the form that the app can use.
    #[allow(clippy::unnecessary_wraps)]
    fn read(node: Node<'_>) -> Result<Option<Self>, Malformed> {
        any(node)?;
        let read = || -> Result<Self, Malformed> {
            let warranty = node.object(&["part_days", "labour_days", "payer"], &[])?;
            Ok(Self {
                part_days: warranty.get("part_days", |node| node.int(0))?,
                labour_days: warranty.get("labour_days", |node| node.int(0))?,
                payer: warranty.get("payer", |node| one_of(node, &["same", "centre"]))?,
            })
        };
        Ok(read().ok())
    }
}

impl Replacement {
    #[allow(clippy::unnecessary_wraps)]
    fn read(node: Node<'_>) -> Result<Option<Self>, Malformed> {
        any(node)?;
        let read = || -> Result<Self, Malformed> {
            let replacement = node.object(&["inherit"], &["at_least_days"])?;
            Ok(Self {
                inherit: replacement.get("inherit", |node| one_of(node, &["remaining", "new"]))?,
                at_least_days: replacement.optional("at_least_days", |node| node.int(0))?.unwrap_or(0),
            })
        };
        Ok(read().ok())
    }
}

fn one_of(node: Node<'_>, words: &[&str]) -> Result<String, Malformed> {
    node.word(|word| words.contains(&word).then(|| word.to_owned()), &format!("one of {}", words.join(", ")))
}

impl Term {
    fn read(node: Node<'_>) -> Result<Self, Malformed> {
        let term = node.object(
            &["id", "pays"],
            &["scope", "only", "after_months", "after_days", "months", "days", "usage", "pro_rata"],
        )?;
        if term.has("months") == term.has("days") {
            return Err(Malformed::new(Path::Key(node.path, "months"), "exactly one of months and days"));
        }
        if term.has("after_months") && term.has("after_days") {
            return Err(Malformed::new(
                Path::Key(node.path, "after_months"),
                "only one of after_months and after_days",
            ));
        }
        let count = |key| term.optional(key, |node| node.int(0));
        Ok(Self {
            id: term.get("id", |node| node.text().map(str::to_owned))?,
            scope: term.optional("scope", Scope::read)?,
            only: term.optional("only", Only::read)?,
            pays: term.get("pays", |node| {
                let read = |(name, json): &(String, Json)| {
                    let at = Path::Key(node.path, name);
                    let kind = LineType::named(name).ok_or_else(|| Malformed::new(at, "unknown key"))?;
                    Ok((kind, Node { json, path: &at }.percent()?))
                };
                node.entries()?.iter().map(read).collect()
            })?,
            after_months: count("after_months")?,
            after_days: count("after_days")?,
            months: count("months")?,
            days: count("days")?,
            usage: term.optional("usage", readings)?.unwrap_or_default(),
            pro_rata: term.optional("pro_rata", |node| node.bool())?.unwrap_or(false),
        })
    }
}

/// Usage limits or readings: any metric's name, an integer of at least 0.
pub(super) fn readings(node: Node<'_>) -> Result<BTreeMap<String, i64>, Malformed> {
    node.entries()?
        .iter()
        .map(|(name, json)| Ok((name.clone(), Node { json, path: &Path::Key(node.path, name) }.int(0)?)))
        .collect()
}

/// Lists of texts of which at least one is there and none is empty.
fn some_lists<const N: usize>(
    node: Node<'_>,
    required: &[&str],
    keys: [&str; N],
) -> Result<[Vec<String>; N], Malformed> {
    let object = node.object(required, &keys)?;
    if !keys.iter().any(|key| object.has(key)) {
        return Err(Malformed::new(node.path, "at least one field"));
    }
    let mut lists = [const { Vec::new() }; N];
    for (list, key) in lists.iter_mut().zip(keys) {
        *list = object
            .optional(key, |node| {
                node.texts()
                    .and_then(|texts| if texts.is_empty() { node.wrong("at least one entry") } else { Ok(texts) })
            })?
            .unwrap_or_default();
    }
    Ok(lists)
}

impl Scope {
    fn read(node: Node<'_>) -> Result<Self, Malformed> {
        let [serials, products, kinds] = some_lists(node, &[], ["serials", "products", "kinds"])?;
        Ok(Self { serials, products, kinds })
    }
}

impl Only {
    fn read(node: Node<'_>) -> Result<Self, Malformed> {
        let [lines, items, faults, causes] = some_lists(node, &[], ["lines", "items", "faults", "causes"])?;
        Ok(Self { lines, items, faults, causes })
    }
}

impl Exclusion {
    fn read(node: Node<'_>) -> Result<Self, Malformed> {
        let [causes, faults, items, kinds, _] =
            some_lists(node, &["id"], ["causes", "faults", "items", "kinds", "types"])?;
        let object = node.object(&["id"], &["causes", "faults", "items", "kinds", "types"])?;
        Ok(Self {
            id: object.get("id", |node| node.text().map(str::to_owned))?,
            causes,
            faults,
            items,
            kinds,
            types: object
                .optional("types", |node| node.list(|_, node| node.word(LineType::named, "a type of line")))?
                .unwrap_or_default(),
        })
    }
}
