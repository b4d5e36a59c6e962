//! The counter: one page from a number to a printed receipt. The answer about cover appears while the fault is being
//! chosen; what is known already takes the place of what was typed: a device by its serial, a customer by a phone.

use std::collections::BTreeSet;

use app::coverage::decide::{AskCoverage, ask_coverage};
use app::customers::{CustomerView, LookUpCustomer, get_customer, look_up_customer};
use app::devices::{DeviceView, get_device};
use app::lookup::{Hit, look, search};
use app::reception::repeats::{RepeatView, repeat_at_counter};
use app::reception::{ReceiveDevices, receive_devices};
use askama::Template;
use axum::extract::RawQuery;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use domain::access::Action;
use store::error::Error;
use store::idempotency;
use store::idempotency::Given;
use store::rights::{Actor, Of};

use super::act::MAX_KEY;
use super::frame::{Attempt, Page, Person, html, show};
use super::reasons::{Drawing, Verdict, drawing, verdict};
use crate::form::{Fields, Form, asked, pairs};
use crate::schema::{from_form, read, shape, without_gaps};
use crate::state::Lane;

/// The fields that are of the form and not of the visit.
const OWN: [&str; 6] = ["_csrf", "_key", "_add", "_find", "_choose", "_look_up"];

/// A device on the form: known, or to be registered.
struct OnForm {
    index: usize,
    known: Option<DeviceView>,
    /// The faults that were reported, and room for another.
    faults: Vec<String>,
    accessories: Chips,
    conditions: Chips,
    /// Ids of photos that were sent already.
    photos: Vec<String>,
    /// The meters that its covers limit.
    metrics: BTreeSet<String>,
}

/// Words to choose from, those that are chosen, and what was typed beside them.
struct Chips {
    choices: Vec<(String, bool)>,
    other: String,
}

impl Chips {
    fn of(words: &str, chosen: &[String]) -> Self {
        let words = words.split('|').map(|word| word.trim().to_owned()).collect::<Vec<_>>();
        let other =
            chosen.iter().find(|typed| !typed.is_empty() && !words.contains(typed)).cloned().unwrap_or_default();
        Self { choices: words.into_iter().map(|word| (word.clone(), chosen.contains(&word))).collect(), other }
    }
}

#[derive(Template)]
#[template(path = "receive.html")]
struct ReceivePage {
    p: Page,
    devices: Vec<OnForm>,
    customer: Option<CustomerView>,
    /// Customers who are known by the phone that was typed.
    namesakes: Vec<Hit>,
    answers: Vec<Answer>,
}

/// The answer about one device.
struct Answer {
    /// Its place on the form.
    index: usize,
    device: String,
    verdict: Verdict,
    drawing: Option<Drawing>,
    repeat: Option<RepeatView>,
    metrics: BTreeSet<String>,
}

#[derive(Template)]
#[template(path = "answer.html")]
struct AnswerPart {
    l: words::Lang,
    answers: Vec<Answer>,
}

pub(crate) async fn form(person: Person, RawQuery(query): RawQuery) -> Response {
    let opened = match asked(query.as_deref(), &["device", "customer", "serial"]) {
        Ok(opened) => opened,
        Err(error) => return person.error(&error),
    };
    let field = |(name, value): (String, String)| {
        let field = match name.as_str() {
            "device" => "devices[0].device",
            "customer" => "customer.id",
            _ => "devices[0].new_device.serial",
        };
        (field.to_owned(), value)
    };
    page(person, opened.into_iter().map(field).collect(), None).await
}

fn value(fields: &[(String, String)], name: &str) -> Option<String> {
    fields.iter().find(|(field, typed)| field == name && !typed.is_empty()).map(|(_, typed)| typed.clone())
}

fn values(fields: &[(String, String)], name: &str) -> Vec<String> {
    fields.iter().filter(|(field, _)| field == name).map(|(_, typed)| typed.clone()).collect()
}

/// How many devices stand on the form.
fn count(fields: &[(String, String)]) -> usize {
    (0..50)
        .rev()
        .find(|index| fields.iter().any(|(name, _)| name.starts_with(&format!("devices[{index}]."))))
        .map_or(1, |last| last + 1)
}

/// A day that is typed beside a new device is that of its sale; where none is, nothing is told of one.
fn name_sales(fields: &mut Vec<(String, String)>) {
    for index in 0..count(fields) {
        let of = |key: &str| format!("devices[{index}].new_device.events[0].{key}");
        fields.retain(|(name, _)| *name != of("type"));
        if value(fields, &of("on")).is_some_and(|on| !on.trim().is_empty()) {
            fields.push((of("type"), "sold".to_owned()));
        }
    }
}

/// Puts a known device in place of a serial that was typed. Where two products share the serial, a person says which.
fn recognise(conn: &mut store::Conn, actor: &Actor, fields: &mut Vec<(String, String)>) -> store::error::Result<()> {
    for index in 0..count(fields) {
        let (device, new) = (format!("devices[{index}].device"), format!("devices[{index}].new_device."));
        let Some(serial) = value(fields, &format!("{new}serial")).filter(|_| value(fields, &device).is_none()) else {
            continue;
        };
        let mut hits = look(conn, actor, &serial)?.hits;
        hits.retain(|hit| hit.kind == "device" && hit.is_exact);
        if let [known] = hits.as_slice() {
            fields.retain(|(name, _)| !name.starts_with(&new));
            fields.push((device, known.id.clone()));
        }
    }
    Ok(())
}

/// The customers who have the phone that was typed: a person says who stands at the counter, for families share phones.
async fn namesakes(person: &Person, fields: &[(String, String)]) -> Result<Vec<Hit>, Response> {
    let Some(phone) = value(fields, "customer.new.phones[]").filter(|_| value(fields, "customer.id").is_none()) else {
        return Ok(Vec::new());
    };
    let actor = person.current.actor.clone();
    match person.app.run_in(Lane::Reads, move |app| search(app.db(), &actor, &phone)).await {
        Ok(found) => Ok(found.hits.into_iter().filter(|hit| hit.kind == "customer" && hit.is_exact).collect()),
        // Who typed too many numbers of strangers goes on with new customers.
        Err(Error::TooMany { .. }) => Ok(Vec::new()),
        Err(error) => Err(person.error(&error)),
    }
}

/// The page with what stands in its fields.
async fn page(person: Person, mut fields: Vec<(String, String)>, attempt: Option<Attempt>) -> Response {
    let lang = person.lang;
    let namesakes = match namesakes(&person, &fields).await {
        Ok(namesakes) => namesakes,
        Err(response) => return response,
    };
    let now = person.app.db().now();
    let read = person.read(move |conn, actor| {
        actor.may(Action::Receive, Of::Anything)?;
        recognise(conn, actor, &mut fields)?;
        let answers = answers_for(conn, actor, lang, &fields, now)?;
        let mut devices = Vec::new();
        let mut owner = None;
        for index in 0..count(&fields) {
            let known = value(&fields, &format!("devices[{index}].device"))
                .map(|id| get_device(conn, actor, &id, now))
                .transpose()?;
            owner = owner.or(known.as_ref().and_then(|view| view.owner.as_ref()).map(|owner| owner.id.clone()));
            let list = |name: &str| values(&fields, &format!("devices[{index}].{name}[]"));
            devices.push(OnForm {
                index,
                known,
                faults: with_room(reported(&fields, index)),
                accessories: Chips::of(&lang.t("accessory-list"), &list("accessories")),
                conditions: Chips::of(&lang.t("condition-list"), &list("conditions")),
                photos: list("photos"),
                metrics: answers
                    .iter()
                    .find(|answer| answer.index == index)
                    .map(|answer| answer.metrics.clone())
                    .unwrap_or_default(),
            });
        }
        // The owner is asked for where nobody was named yet.
        let named = value(&fields, "customer.id").or(owner.filter(|_| value(&fields, "customer.new.name").is_none()));
        let customer = named
            .map(|id| get_customer(conn, actor, &id))
            .transpose()
            .or_else(|error| if matches!(error, Error::NotFound) { Ok(None) } else { Err(error) })?;
        Ok((fields, devices, answers, customer))
    });
    match read.await {
        Ok((fields, devices, answers, customer)) => {
            let page = person.page("receive", lang.t("receive-title"));
            let mut attempt =
                Attempt { form: "receiveDevices".to_owned(), values: fields, ..attempt.unwrap_or_default() };
            if value(&attempt.values, "_key").is_none() {
                attempt.values.push(("_key".to_owned(), page.key.clone()));
            }
            let page = page.with(Some(attempt)).bar();
            show(page.status(), &ReceivePage { p: page, devices, customer, namesakes, answers })
        }
        Err(response) => response,
    }
}

/// The answers about all devices that are known, with the faults that were chosen.
fn answers_for(
    conn: &mut store::Conn,
    actor: &Actor,
    lang: words::Lang,
    fields: &[(String, String)],
    now: jiff::Timestamp,
) -> store::error::Result<Vec<Answer>> {
    let mut answers = Vec::new();
    for index in 0..count(fields) {
        if let Some(device) = value(fields, &format!("devices[{index}].device")) {
            let faults = reported(fields, index);
            let question = AskCoverage {
                fault: faults.first().cloned(),
                usage: readings(fields, index),
                ..AskCoverage::default()
            };
            let repeat = repeat_at_counter(conn, actor, &device, &faults, actor.today(now))?;
            let explained = ask_coverage(conn, actor, &device, now, &question)?;
            let device = get_device(conn, actor, &device, now)?;
            let device = format!("{} {}", lang.pick(&device.product.title.fa, &device.product.title.en), device.serial);
            answers.push(Answer {
                index,
                device,
                verdict: verdict(lang, &explained),
                drawing: drawing(lang, &explained),
                repeat,
                metrics: explained.metrics,
            });
        }
    }
    Ok(answers)
}

/// The faults that were typed for a device.
fn reported(fields: &[(String, String)], index: usize) -> Vec<String> {
    let mut faults = values(fields, &format!("devices[{index}].faults[]"));
    faults.retain(|typed| !typed.trim().is_empty());
    faults
}

/// The same with a field for another.
fn with_room(mut faults: Vec<String>) -> Vec<String> {
    faults.resize((faults.len() + 1).max(2), String::new());
    faults
}

/// The readings of a device's meters that were typed, as far as they are numbers yet.
fn readings(fields: &[(String, String)], index: usize) -> Vec<String> {
    let of = format!("devices[{index}].meters.");
    let typed =
        fields.iter().filter_map(|(name, typed)| Some((name.strip_prefix(&of)?, domain::text::whole_number(typed)?)));
    typed.map(|(metric, reading)| format!("{metric}={reading}")).collect()
}

/// The answers while the form is being filled: a part of the page.
pub(crate) async fn answer(person: Person, RawQuery(query): RawQuery) -> Response {
    let typed = pairs(query.unwrap_or_default().as_bytes()).map(|mut fields| {
        name_sales(&mut fields);
        fields
    });
    let known = typed.ok().filter(|fields| from_form(fields, &shape::<ReceiveDevices>().schema, &OWN).is_ok());
    let Some(fields) = known else { return "".into_response() };
    let (lang, now) = (person.lang, person.app.db().now());
    match person.read(move |conn, actor| answers_for(conn, actor, lang, &fields, now)).await {
        Ok(answers) => html(&AnswerPart { l: lang, answers }),
        // A fault that is half typed is no answer yet.
        Err(_) => "".into_response(),
    }
}

/// What a button of the form asked for, short of taking the devices in.
enum Wish {
    /// Another device: the same page with one more.
    Add,
    /// What is typed, looked up. Enter does this, as scanners send it.
    Find,
    /// A customer who was offered.
    Choose(String),
    /// A customer of another centre, by the phone that was typed: it is written down.
    LookUp(String),
}

fn wish(fields: &[(String, String)]) -> Option<Wish> {
    let add = value(fields, "_add").map(|_| Wish::Add);
    let find = value(fields, "_find").map(|_| Wish::Find);
    add.or(value(fields, "_choose").map(Wish::Choose)).or(value(fields, "_look_up").map(Wish::LookUp)).or(find)
}

/// The page as it was wished, with everything that stood in it.
async fn granted(person: Person, wish: Wish, mut fields: Fields, is_part: bool) -> Response {
    let mut customer = None;
    match wish {
        Wish::Add => fields.push((format!("devices[{}].new_device.serial", count(&fields)), String::new())),
        Wish::Choose(id) => customer = Some(id),
        Wish::LookUp(number) => {
            let actor = person.current.actor.clone();
            match person
                .app
                .run(move |app| {
                    app.db().write(&actor, |tx| look_up_customer(tx, &LookUpCustomer { number: number.clone() }))
                })
                .await
            {
                Ok(view) => customer = Some(view.id),
                Err(error) => return person.error(&error),
            }
        }
        Wish::Find if is_part => {
            // The page has asked beside the typing: where nothing is known, nothing of it changes.
            let known = {
                let mut fields = fields.clone();
                person.read(move |conn, actor| {
                    let before = fields.len();
                    recognise(conn, actor, &mut fields)?;
                    Ok(fields.len() != before)
                })
            };
            let is_known = match known.await {
                Ok(true) => Ok(true),
                Ok(false) => namesakes(&person, &fields).await.map(|hits| !hits.is_empty()),
                Err(response) => Err(response),
            };
            match is_known {
                Ok(true) => {}
                Ok(false) => return StatusCode::NO_CONTENT.into_response(),
                Err(response) => return response,
            }
        }
        Wish::Find => {}
    }
    if let Some(id) = customer {
        fields.retain(|(name, _)| !name.starts_with("customer."));
        fields.push(("customer.id".to_owned(), id));
    }
    page(person, fields, None).await
}

pub(crate) async fn receive(person: Person, headers: HeaderMap, form: Form) -> Response {
    let Form { mut fields, _held } = form;
    name_sales(&mut fields);
    let field = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone());
    if !person.sent_it(field("_csrf").as_deref()) {
        return person.error(&Error::Forbidden(store::error::Reason::new("not-from-here")));
    }
    let mut input = match from_form(&fields, &shape::<ReceiveDevices>().schema, &OWN) {
        Ok(input) => input,
        Err(faults) => return person.error(&Error::Invalid(faults)),
    };
    if let Some(wish) = wish(&fields) {
        return granted(person, wish, fields, headers.contains_key("hx-request")).await;
    }
    without_gaps(&mut input);
    let key = field("_key").unwrap_or_default();
    if key.len() > MAX_KEY {
        return person.error(&Error::invalid("_key", "malformed"));
    }
    let actor = person.current.actor.clone();
    let received = {
        let input = input.clone();
        person
            .app
            .run(move |app| {
                let command = read::<ReceiveDevices>(&input).map_err(Error::Invalid)?;
                let hash = app::access::secrets::digest(&format!("{input} {}", actor.rights()));
                app.db().write(&actor, |tx| {
                    if let Some((_, id)) = idempotency::answered(tx, &key, &hash)? {
                        return Ok(id);
                    }
                    let view = receive_devices(tx, &command)?;
                    idempotency::keep(tx, &key, &hash, Given { status: 201, body: &view.id, is_secret: false })?;
                    Ok(view.id)
                })
            })
            .await
    };
    match received {
        Ok(id) => Redirect::to(&format!("/receptions/{id}")).into_response(),
        Err(error) => {
            let attempt = Attempt::of(person.lang, "receiveDevices", fields.clone(), &error);
            page(person, fields, Some(attempt)).await
        }
    }
}
