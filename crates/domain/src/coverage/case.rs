//! A case: everything that a coverage decision may look at.

use std::collections::{BTreeMap, HashSet};

use jiff::civil::Date;
use serde::Serialize;

use super::Policy;
use super::policy::readings;
use crate::strict_json::{Json, Malformed, Node, Path, no_double};
use crate::time::Calendar;
use crate::words;

words! {
    /// What is charged: a part, labour, travel or shipping.
    LineType { Part = "part", Labour = "labour", Travel = "travel", Shipping = "shipping" }
}

words! {
    /// The kinds of cover, in the default order in which they pay.
    CoverKind {
        Recall = "recall",
        RepairWarranty = "repair_warranty",
        Card = "card",
        Extension = "extension",
        Contract = "contract",
        Coupon = "coupon",
        Goodwill = "goodwill",
    }
}

words! {
    CoverState { Active = "active", Suspended = "suspended", Void = "void" }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Case {
    pub case: String,
    pub calendar: Calendar,
    /// Complete: the kinds that the text does not name stand behind those it names, in the default order.
    pub order: Vec<CoverKind>,
    pub device: Component,
    pub events: Vec<Event>,
    pub covers: Vec<Cover>,
    pub question: Question,
}

/// A node of the device's tree; the device itself is the root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Component {
    pub serial: String,
    pub product: String,
    /// The product's kinds, root first.
    pub kinds: Vec<String>,
    pub components: Vec<Component>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    #[serde(rename = "type")]
    pub kind: String,
    pub date: Date,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cover {
    pub id: String,
    pub kind: CoverKind,
    pub state: CoverState,
    pub payer: String,
    /// Overrides the policy's start rule.
    pub starts: Option<Date>,
    pub claims: Vec<Claim>,
    pub downtime: Vec<Downtime>,
    pub policy: Policy,
}

/// An earlier claim on a cover, in minor units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Claim {
    pub date: Date,
    pub amount: i64,
}

/// An earlier repair under a cover.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Downtime {
    pub received: Date,
    pub returned: Date,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Question {
    /// The local date at the centre.
    pub received: Date,
    pub usage: BTreeMap<String, i64>,
    pub fault: Option<String>,
    pub cause: Option<String>,
    pub lines: Vec<Line>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: LineType,
    pub item: String,
    /// The serial of a node in the tree; None for the device itself.
    pub component: Option<String>,
    /// In minor units; None while it is not priced.
    pub amount: Option<i64>,
    /// The line's own fault, where it has one; Some(None) is "not known".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Option<String>>,
}

/// The name of a case, from JSON that need not be right otherwise. None where it has no name.
#[must_use]
pub fn case_name(text: &str) -> Option<String> {
    let Ok(Json::Object(entries)) = Json::parse(text) else { return None };
    entries.into_iter().find_map(|(key, json)| match json {
        Json::Text(name) if key == "case" => Some(name),
        _ => None,
    })
}

impl Case {
    /// Reads a case from JSON text.
    ///
    /// # Errors
    /// One fault of the text, with its path; the empty path where it is no JSON object.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        Self::read(Node { json: &Json::parse(text)?, path: &Path::Root })
    }

    fn read(node: Node<'_>) -> Result<Self, Malformed> {
        let case = node.object(&["case", "calendar", "device", "events", "covers", "question"], &["order"])?;
        let device = case.get("device", Component::read)?;
        let mut serials = HashSet::new();
        device.no_double_serial(&Path::Key(&Path::Root, "device"), &mut serials)?;
        Ok(Self {
            case: case.get("case", |node| node.text().map(str::to_owned))?,
            calendar: case.get("calendar", |node| node.word(Calendar::named, "jalali or gregorian"))?,
            order: complete(case.optional("order", order)?.unwrap_or_default()),
            events: case.get("events", |node| node.list(|_, node| Event::read(node)))?,
            covers: case.get("covers", |node| {
                let covers = node.list(|_, node| Cover::read(node))?;
                no_double(node.path, "id", covers.iter().map(|cover| cover.id.as_str()))?;
                Ok(covers)
            })?,
            question: case.get("question", |node| Question::read(node, &serials))?,
            device,
        })
    }
}

fn order(node: Node<'_>) -> Result<Vec<CoverKind>, Malformed> {
    let mut seen = HashSet::new();
    node.list(|_, node| {
        let kind = node.word(CoverKind::named, "a kind of cover")?;
        if seen.insert(kind) { Ok(kind) } else { node.wrong("each kind once") }
    })
}

/// Kinds that are not named come after those that are, in the default order.
fn complete(mut named: Vec<CoverKind>) -> Vec<CoverKind> {
    let rest = CoverKind::ALL.iter().filter(|kind| !named.contains(kind)).copied().collect::<Vec<_>>();
    named.extend(rest);
    named
}

impl Default for Case {
    /// An empty case in the Jalali calendar, to be filled by a builder.
    fn default() -> Self {
        let device =
            Component { serial: String::new(), product: String::new(), kinds: Vec::new(), components: Vec::new() };
        let question =
            Question { received: Date::ZERO, usage: BTreeMap::new(), fault: None, cause: None, lines: Vec::new() };
        Self {
            case: String::new(),
            calendar: Calendar::Jalali,
            order: complete(Vec::new()),
            device,
            events: Vec::new(),
            covers: Vec::new(),
            question,
        }
    }
}

impl Component {
    fn read(node: Node<'_>) -> Result<Self, Malformed> {
        let component = node.object(&["serial", "product", "kinds", "components"], &[])?;
        Ok(Self {
            serial: component.get("serial", |node| node.text().map(str::to_owned))?,
            product: component.get("product", |node| node.text().map(str::to_owned))?,
            kinds: component.get("kinds", |node| node.texts())?,
            components: component.get("components", |node| node.list(|_, node| Self::read(node)))?,
        })
    }

    fn no_double_serial(&self, path: &Path<'_>, seen: &mut HashSet<String>) -> Result<(), Malformed> {
        if !seen.insert(self.serial.clone()) {
            return Err(Malformed::new(
                Path::Key(path, "serial"),
                format!("\"{}\" stands here a second time", self.serial),
            ));
        }
        let list = Path::Key(path, "components");
        self.components
            .iter()
            .enumerate()
            .try_for_each(|(index, component)| component.no_double_serial(&Path::Index(&list, index), seen))
    }

    /// The path from this node down to the one that bears `serial`, both included; None where there is no such node.
    #[must_use]
    pub fn path_to(&self, serial: &str) -> Option<Vec<&Self>> {
        if self.serial == serial {
            return Some(vec![self]);
        }
        self.components.iter().find_map(|component| {
            let mut path = component.path_to(serial)?;
            path.insert(0, self);
            Some(path)
        })
    }
}

impl Event {
    fn read(node: Node<'_>) -> Result<Self, Malformed> {
        let event = node.object(&["type", "date"], &[])?;
        Ok(Self {
            kind: event.get("type", |node| node.text().map(str::to_owned))?,
            date: event.get("date", |node| node.date())?,
        })
    }
}

impl Cover {
    fn read(node: Node<'_>) -> Result<Self, Malformed> {
        let cover = node.object(&["id", "kind", "state", "payer", "starts", "claims", "downtime", "policy"], &[])?;
        Ok(Self {
            id: cover.get("id", |node| node.text().map(str::to_owned))?,
            kind: cover.get("kind", |node| node.word(CoverKind::named, "a kind of cover"))?,
            state: cover.get("state", |node| node.word(CoverState::named, "active, suspended or void"))?,
            payer: cover.get("payer", |node| node.text().map(str::to_owned))?,
            starts: cover.nullable("starts", |node| node.date())?,
            claims: cover.get("claims", |node| {
                node.list(|_, node| {
                    let claim = node.object(&["date", "amount"], &[])?;
                    Ok(Claim {
                        date: claim.get("date", |node| node.date())?,
                        amount: claim.get("amount", |node| node.int(0))?,
                    })
                })
            })?,
            downtime: cover.get("downtime", |node| {
                node.list(|_, node| {
                    let repair = node.object(&["received", "returned"], &[])?;
                    let received = repair.get("received", |node| node.date())?;
                    let returned = repair.get("returned", |node| match node.date()? {
                        returned if returned < received => node.wrong("a date not before received"),
                        returned => Ok(returned),
                    })?;
                    Ok(Downtime { received, returned })
                })
            })?,
            policy: cover.get("policy", Policy::read)?,
        })
    }
}

impl Question {
    fn read(node: Node<'_>, serials: &HashSet<String>) -> Result<Self, Malformed> {
        let question = node.object(&["received", "usage", "fault", "cause", "lines"], &[])?;
        Ok(Self {
            received: question.get("received", |node| node.date())?,
            usage: question.get("usage", readings)?,
            fault: question.nullable("fault", |node| node.text().map(str::to_owned))?,
            cause: question.nullable("cause", |node| node.text().map(str::to_owned))?,
            lines: question.get("lines", |node| {
                let lines = node.list(|_, node| Line::read(node, serials))?;
                no_double(node.path, "id", lines.iter().map(|line| line.id.as_str()))?;
                Ok(lines)
            })?,
        })
    }
}

impl Line {
    fn read(node: Node<'_>, serials: &HashSet<String>) -> Result<Self, Malformed> {
        let line = node.object(&["id", "type", "item", "component", "amount"], &["fault", "cause"])?;
        let own = |key| line.has(key).then(|| line.nullable(key, |node| node.text().map(str::to_owned))).transpose();
        Ok(Self {
            id: line.get("id", |node| node.text().map(str::to_owned))?,
            kind: line.get("type", |node| node.word(LineType::named, "part, labour, travel or shipping"))?,
            item: line.get("item", |node| node.text().map(str::to_owned))?,
            component: line.nullable("component", |node| match node.text()? {
                serial if serials.contains(serial) => Ok(serial.to_owned()),
                _ => node.wrong("a serial in the tree"),
            })?,
            amount: line.nullable("amount", |node| node.int(0))?,
            fault: own("fault")?,
            cause: own("cause")?,
        })
    }
}
