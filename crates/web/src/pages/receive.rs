//! The counter: one page from a number to a printed receipt. The answer about cover appears while the fault is being chosen.

use app::catalogue::faults::list_faults;
use app::catalogue::products::{ListProducts, list_products};
use app::coverage::decide::{AskCoverage, ask_coverage};
use app::customers::{CustomerView, get_customer};
use app::devices::{DeviceView, get_device};
use app::error::Error;
use app::reception::{ReceiveDevices, receive_devices};
use app::repair::view::{RepeatView, repeat_at_counter};
use app::store::idempotency;
use app::views::ListQuery;
use askama::Template;
use axum::body::Bytes;
use axum::extract::{Query, RawQuery};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::frame::{Attempt, Page, Person, html, show};
use super::reasons::{Drawing, Verdict, drawing, verdict};
use super::repair::Choice;
use crate::api::pairs;
use crate::schema::{from_form, read, shape, without_gaps};

/// A device on the form: known, or to be registered.
struct OnForm {
    index: usize,
    known: Option<DeviceView>,
    serial: String,
}

#[derive(Template)]
#[template(path = "receive.html")]
struct ReceivePage {
    p: Page,
    devices: Vec<OnForm>,
    customer: Option<CustomerView>,
    faults: Vec<Choice>,
    products: Vec<Choice>,
    accessories: Vec<String>,
    conditions: Vec<String>,
    answers: Vec<Answer>,
}

/// The answer about one device.
struct Answer {
    verdict: Verdict,
    drawing: Option<Drawing>,
    repeat: Option<RepeatView>,
}

#[derive(Template)]
#[template(path = "answer.html")]
struct AnswerPart {
    l: words::Lang,
    answer: Answer,
}

/// How the page is opened.
#[derive(Default, serde::Deserialize)]
pub(crate) struct Opened {
    device: Option<String>,
    customer: Option<String>,
    serial: Option<String>,
}

pub(crate) async fn form(person: Person, Query(opened): Query<Opened>) -> Response {
    let mut fields = Vec::new();
    fields.extend(opened.device.map(|id| ("devices[0].device".to_owned(), id)));
    fields.extend(opened.customer.map(|id| ("customer.id".to_owned(), id)));
    fields.extend(opened.serial.map(|serial| ("devices[0].new_device.serial".to_owned(), serial)));
    page(person, fields, None).await
}

/// The page with what stands in its fields.
async fn page(person: Person, fields: Vec<(String, String)>, attempt: Option<Attempt>) -> Response {
    let lang = person.lang;
    let now = person.app.db().now();
    let value = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone());
    let count = (0..50).rev().find(|index| fields.iter().any(|(name, _)| name.starts_with(&format!("devices[{index}].")))).map_or(1, |last| last + 1);
    let known = (0..count).map(|index| value(&format!("devices[{index}].device"))).collect::<Vec<_>>();
    let serials = (0..count).map(|index| value(&format!("devices[{index}].new_device.serial")).unwrap_or_default()).collect::<Vec<_>>();
    let faults_chosen = (0..count).map(|index| value(&format!("devices[{index}].faults[]"))).collect::<Vec<_>>();
    let customer = value("customer.id");
    let read = person.read(move |conn, actor| {
        actor.may(domain::access::Action::Receive, None, None)?;
        let choice = |code: String, title: app::views::Title| Choice { title: lang.pick(&title.fa, &title.en).to_owned(), code };
        let faults = list_faults(conn, actor, &ListQuery { limit: Some(200), ..ListQuery::default() })?
            .items
            .into_iter()
            .filter(|row| row.parent.is_some() || row.kind.is_some())
            .map(|row| choice(row.code, row.title))
            .collect::<Vec<_>>();
        let products = list_products(conn, actor, &ListProducts { is_part: Some(false), limit: Some(200), ..ListProducts::default() })?
            .items
            .into_iter()
            .map(|row| choice(row.code, row.title))
            .collect::<Vec<_>>();
        let mut devices = Vec::new();
        let mut answers = Vec::new();
        let mut owner = None;
        for (index, (id, serial)) in known.into_iter().zip(serials).enumerate() {
            let view = id.map(|id| get_device(conn, actor, &id, now)).transpose()?;
            if let Some(view) = &view {
                owner = owner.or(view.owner.as_ref().map(|owner| owner.id.clone()));
                let fault = faults_chosen.get(index).cloned().flatten();
                answers.push(answer_for(conn, actor, lang, &view.id, fault, now)?);
            }
            devices.push(OnForm { index, known: view, serial });
        }
        let customer =
            customer.or(owner).map(|id| get_customer(conn, actor, &id)).transpose().or_else(|error| if matches!(error, Error::NotFound) { Ok(None) } else { Err(error) })?;
        Ok((faults, products, devices, answers, customer))
    });
    match read.await {
        Ok((faults, products, devices, answers, customer)) => {
            let list = |key: &str| lang.t(key).split('|').map(|word| word.trim().to_owned()).collect();
            let page = person.page("receive", lang.t("receive-title")).with(attempt).bar();
            show(page.status(), &ReceivePage { accessories: list("accessory-list"), conditions: list("condition-list"), p: page, devices, customer, faults, products, answers })
        }
        Err(response) => response,
    }
}

fn answer_for(conn: &mut app::Conn, actor: &app::access::Actor, lang: words::Lang, device: &str, fault: Option<String>, now: jiff::Timestamp) -> app::Result<Answer> {
    let today = app::store::local_date(now, "Asia/Tehran");
    let repeat = match &fault {
        Some(fault) => repeat_at_counter(conn, actor, device, std::slice::from_ref(fault), today)?,
        None => None,
    };
    let explained = ask_coverage(conn, actor, device, now, &AskCoverage { fault, ..AskCoverage::default() })?;
    Ok(Answer { verdict: verdict(lang, &explained), drawing: drawing(lang, &explained), repeat })
}

/// The answer about the first known device, while the form is being filled: a part of the page.
pub(crate) async fn answer(person: Person, RawQuery(query): RawQuery) -> Response {
    let fields = pairs(query.unwrap_or_default().as_bytes());
    let value = |name: &str| fields.iter().find(|(field, typed)| field == name && !typed.is_empty()).map(|(_, typed)| typed.clone());
    let Some(device) = value("devices[0].device") else { return "".into_response() };
    let fault = value("devices[0].faults[]");
    let (lang, now) = (person.lang, person.app.db().now());
    match person.read(move |conn, actor| answer_for(conn, actor, lang, &device, fault, now)).await {
        Ok(answer) => html(&AnswerPart { l: lang, answer }),
        Err(_) => "".into_response(),
    }
}

pub(crate) async fn receive(person: Person, body: Bytes) -> Response {
    let mut fields = pairs(&body);
    let field = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone());
    if !person.sent_it(field("_csrf").as_deref()) {
        return person.error(&Error::Forbidden(app::Reason::new("not-from-here")));
    }
    if field("_add").is_some() {
        // Another device: the same page with one more, nothing lost.
        let count = (0..50).find(|index| !fields.iter().any(|(name, _)| name.starts_with(&format!("devices[{index}].")))).unwrap_or(1);
        fields.push((format!("devices[{count}].new_device.serial"), String::new()));
        let attempt = Attempt { operation: "receiveDevices".to_owned(), values: fields.clone(), status: StatusCode::OK, ..Attempt::default() };
        return page(person, fields, Some(attempt)).await;
    }
    let mut input = from_form(&fields, &shape::<ReceiveDevices>().schema);
    without_gaps(&mut input);
    let key = field("_key").unwrap_or_default();
    let actor = person.current.actor.clone();
    let received = {
        let input = input.clone();
        person
            .app
            .run(move |app| {
                let command = read::<ReceiveDevices>(&input).map_err(Error::Invalid)?;
                let hash = app::access::secrets::digest(&input.to_string());
                app.db().write(&actor, |tx| {
                    if let Some((_, id)) = idempotency::answered(tx, &key, &hash)? {
                        return Ok(id);
                    }
                    let view = receive_devices(tx, &command)?;
                    idempotency::keep(tx, &key, &hash, 201, &view.id)?;
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
