//! The pages of a reception, a device, a card, a customer and an invoice: title with number and state, the next action,
//! facts, history.

use std::collections::{BTreeSet, HashMap};

use app::billing::list::InvoiceRow;
use app::billing::papers::papers_of;
use app::billing::{InvoiceView, ListInvoices, get_account, get_invoice, list_invoices};
use app::coverage::decide::{AskCoverage, Explained, ask_coverage};
use app::coverage::policies::{PolicyView, list_policies};
use app::coverage::view::{CoverView, get_card};
use app::customers::{CustomerView, get_customer};
use app::devices::view::{DeviceRow, PlaceView};
use app::devices::{DeviceView, ListDevices, get_device, list_devices};
use app::lookup::{DeviceOperation, GetTimeline, TimelineEntry, device_operations, get_timeline};
use app::papers::PaperView;
use app::personal::export::export_customer;
use app::reception::view::ReceptionRow;
use app::reception::{ListReceptions, ReceptionView, get_reception, list_receptions};
use app::repair::agreed::Exceeded;
use app::repair::{ListRepairs, RepairRow, get_repair, list_repairs};
use askama::Template;
use axum::Json;
use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use store::rights::Actor;
use store::views::{ListQuery, Title};
use words::Lang;

use super::frame::{Attempt, Page, Person, show};
use super::me::fields_of;
use super::reasons::{Drawing, Verdict, drawing, verdict};
use crate::form::SmallForm;

/// An entry of a timeline as a sentence.
pub(crate) struct Told {
    pub when: String,
    pub by: String,
    pub sentence: String,
}

/// The sentences of a timeline.
pub(crate) fn told(lang: Lang, actor: &Actor, entries: Vec<TimelineEntry>) -> Vec<Told> {
    let told = |entry: TimelineEntry| Told {
        when: lang.instant(&entry.occurred_at, &actor.zone),
        by: entry.by.unwrap_or_default(),
        sentence: sentence(lang, actor, &entry.event, &entry.details),
    };
    entries.into_iter().map(told).collect()
}

/// What of an event is not always there: without it there is a plain sentence.
const MORE: [&str; 7] = ["amount", "total", "customer_before", "serial_in", "serial_out", "percent", "login"];

/// What the step is called to which a repair went.
fn step_of(lang: Lang, details: &serde_json::Value) -> Option<String> {
    let title = serde_json::from_value::<Title>(details.get("to_title")?.clone()).ok()?;
    Some(lang.pick(&title.fa, &title.en).to_owned())
}

/// What happened, as a sentence.
pub(crate) fn sentence(lang: Lang, actor: &Actor, event: &str, details: &serde_json::Value) -> String {
    let mut args = Vec::new();
    if let Some(map) = details.as_object() {
        for (name, value) in map {
            let text = match (name.as_str(), value) {
                ("amount" | "total" | "customer_before" | "customer_after", value) => {
                    lang.money(&value.as_i64().unwrap_or(0), actor.unit)
                }
                ("to", value) => {
                    step_of(lang, details).unwrap_or_else(|| lang.word("step", value.as_str().unwrap_or_default()))
                }
                ("job", value) => lang.word("job", value.as_str().unwrap_or_default()),
                ("whom", value) => lang.word("asked-of", value.as_str().unwrap_or_default()),
                ("role", value) => lang.word("role", value.as_str().unwrap_or_default()),
                ("kind", value) => lang.word("event-kind", value.as_str().unwrap_or_default()),
                ("method", value) => lang.word("method", value.as_str().unwrap_or_default()),
                ("how", value) => lang.word("agreed-by", value.as_str().unwrap_or_default()),
                ("answer", value) => lang.word("answer", value.as_str().unwrap_or_default()),
                ("receiver", value) => lang.word("receiver", value.as_str().unwrap_or_default()),
                ("state", value) => lang.word("cover-state", value.as_str().unwrap_or_default()),
                ("on", value) => {
                    value.as_str().and_then(domain::time::iso_date).map_or_else(String::new, |on| lang.date(&on))
                }
                // Codes keep their own direction inside a Persian sentence.
                (
                    "number" | "item" | "key" | "serial" | "serial_in" | "serial_out" | "by" | "code" | "login"
                    | "path" | "fault" | "cause",
                    serde_json::Value::String(text),
                ) => lang.isolated(text),
                (_, serde_json::Value::String(text)) => text.clone(),
                (_, serde_json::Value::Number(number)) => lang.number(&number.as_i64().unwrap_or(0)),
                _ => "—".to_owned(),
            };
            args.push((name.clone(), text));
        }
    }
    let args = args.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect::<Vec<_>>();
    // Who may not see amounts, or where no serial is, gets the sentence without them.
    let has_more = MORE.iter().any(|name| details.get(name).is_some_and(|value| !value.is_null() && value != ""));
    let key = format!("event-{}", event.replace('_', "-"));
    let plain = format!("{key}-plain");
    let key = if !has_more && lang.has(&plain) { plain } else { key };
    lang.with(&key, &args)
}

fn timeline(subject: &str, id: &str) -> GetTimeline {
    GetTimeline { subject: subject.to_owned(), id: id.to_owned(), after: None, limit: Some(60) }
}

#[derive(Template)]
#[template(path = "reception.html")]
struct ReceptionPage {
    p: Page,
    view: ReceptionView,
    papers: Vec<PaperView>,
    invoices: Vec<InvoiceRow>,
    history: Vec<Told>,
    has_ready: bool,
    /// The ready devices that stay until their customer agrees to what it is now, by the repair's id.
    barred: HashMap<String, Exceeded>,
    /// Whether one of the ready devices may be handed over.
    can_go: bool,
    /// Whether all devices of the visit have left.
    is_over: bool,
}

pub(crate) async fn reception(person: Person, Path(id): Path<String>) -> Response {
    reception_page(person, id, None).await
}

pub(crate) async fn reception_page(person: Person, id: String, attempt: Option<Attempt>) -> Response {
    let now = person.app.db().now();
    let read = person.read(move |conn, actor| {
        let view = get_reception(conn, actor, &id)?;
        let ready =
            view.repairs.iter().filter(|repair| repair.is_ready).map(|repair| repair.id.clone()).collect::<Vec<_>>();
        let mut barred = HashMap::new();
        for repair in &ready {
            barred.extend(get_repair(conn, actor, repair, now)?.exceeded.map(|exceeded| (repair.clone(), exceeded)));
        }
        let papers = papers_of(conn, actor, "reception", &id)?;
        let invoices = if actor.can(domain::access::Action::ViewMoney) {
            list_invoices(conn, actor, &ListInvoices { reception: Some(id.clone()), ..ListInvoices::default() })?.items
        } else {
            Vec::new()
        };
        let history = get_timeline(conn, actor, &timeline("reception", &id))?.items;
        Ok((view, papers, invoices, history, ready, barred))
    });
    match read.await {
        Ok((view, papers, invoices, history, ready, barred)) => {
            let title = format!("{} {}", person.lang.t("reception"), view.number);
            let (has_ready, can_go) = (!ready.is_empty(), ready.len() > barred.len());
            let is_over = view.repairs.iter().all(|repair| !repair.is_open);
            let page = person.page("receptions", title).with(attempt);
            let history = told(person.lang, &person.current.actor, history);
            show(
                page.status(),
                &ReceptionPage { history, p: page, view, papers, invoices, has_ready, barred, can_go, is_over },
            )
        }
        Err(response) => response,
    }
}

#[derive(Template)]
#[template(path = "device.html")]
struct DevicePage {
    p: Page,
    view: DeviceView,
    place: String,
    verdict: Verdict,
    drawing: Option<Drawing>,
    repairs: Vec<RepairRow>,
    operations: Vec<DeviceOperation>,
    history: Vec<Told>,
    /// Published policies of the device's brand or of any, for cards and for other covers.
    policies: Vec<PolicyView>,
    metrics: BTreeSet<String>,
}

/// The meters that are read at a device: those that its covers limit and those that were read before; hours of use
/// where there are none.
fn metrics(asked: &Explained, device: &DeviceView) -> BTreeSet<String> {
    let metrics = asked.metrics.iter().chain(device.meters.keys()).cloned().collect::<BTreeSet<_>>();
    if metrics.is_empty() { BTreeSet::from(["hours".to_owned()]) } else { metrics }
}

fn place(lang: Lang, place: &PlaceView) -> String {
    match place {
        PlaceView::Customer => lang.t("place-customer"),
        PlaceView::Supplier => lang.t("place-supplier"),
        PlaceView::Warrantor => lang.t("place-warrantor"),
        PlaceView::Scrap => lang.t("place-scrap"),
        PlaceView::Shelf { centre } => lang.t1("place-shelf", "centre", lang.pick(&centre.title.fa, &centre.title.en)),
        PlaceView::Bin { centre } => lang.t1("place-bin", "centre", lang.pick(&centre.title.fa, &centre.title.en)),
        PlaceView::Inside { serial, .. } => lang.t1("place-inside", "serial", serial),
    }
}

pub(crate) async fn device(person: Person, Path(id): Path<String>) -> Response {
    device_page(person, id, None).await
}

pub(crate) async fn device_page(person: Person, id: String, attempt: Option<Attempt>) -> Response {
    let now = person.app.db().now();
    let read = person.read(move |conn, actor| {
        let view = get_device(conn, actor, &id, now)?;
        let asked = ask_coverage(conn, actor, &id, now, &AskCoverage::default())?;
        let repairs =
            list_repairs(conn, actor, &ListRepairs { device: Some(id.clone()), ..ListRepairs::default() }, now)?.items;
        let operations = device_operations(conn, actor, &id)?;
        let history = get_timeline(conn, actor, &timeline("device", &id))?.items;
        let mut policies = if actor.can(domain::access::Action::IssueCards) {
            let mut query = ListQuery { limit: Some(200), ..ListQuery::default() };
            let mut all = Vec::new();
            loop {
                let page = list_policies(conn, actor, &query)?;
                all.extend(page.items);
                match page.next {
                    Some(next) => query.after = Some(next),
                    None => break all,
                }
            }
        } else {
            Vec::new()
        };
        policies.retain(|policy| {
            policy.published_version > 0 && policy.brand.as_ref().is_none_or(|brand| brand.id == view.brand.id)
        });
        Ok((view, asked, repairs, operations, history, policies))
    });
    match read.await {
        Ok((view, asked, repairs, operations, history, policies)) => {
            let lang = person.lang;
            let title = format!("{} {}", lang.pick(&view.product.title.fa, &view.product.title.en), view.serial);
            let page = person.page("devices", title).with(attempt);
            let page = DevicePage {
                place: place(lang, &view.place),
                verdict: verdict(lang, &asked),
                drawing: drawing(lang, &asked),
                metrics: metrics(&asked, &view),
                history: told(lang, &person.current.actor, history),
                p: page,
                view,
                repairs,
                operations,
                policies,
            };
            show(page.p.status(), &page)
        }
        Err(response) => response,
    }
}

#[derive(Template)]
#[template(path = "card.html")]
struct CardPage {
    p: Page,
    view: CoverView,
    device: DeviceView,
    verdict: Verdict,
    drawing: Option<Drawing>,
    papers: Vec<PaperView>,
    history: Vec<Told>,
    metrics: BTreeSet<String>,
}

pub(crate) async fn card(person: Person, Path(id): Path<String>) -> Response {
    card_page(person, id, None).await
}

pub(crate) async fn card_page(person: Person, id: String, attempt: Option<Attempt>) -> Response {
    let now = person.app.db().now();
    let read = person.read(move |conn, actor| {
        let view = get_card(conn, actor, &id, now)?;
        let device = get_device(conn, actor, &view.device, now)?;
        let asked = ask_coverage(conn, actor, &view.device, now, &AskCoverage::default())?;
        let papers = papers_of(conn, actor, "card", &id)?;
        let history = get_timeline(conn, actor, &timeline("device", &view.device))?.items;
        Ok((view, device, asked, papers, history))
    });
    match read.await {
        Ok((view, device, asked, papers, history)) => {
            let lang = person.lang;
            let title = format!("{} {}", lang.word("cover-kind", &view.kind), view.number);
            let page = person.page("cards", title).with(attempt);
            let page = CardPage {
                verdict: verdict(lang, &asked),
                drawing: drawing(lang, &asked),
                metrics: metrics(&asked, &device),
                history: told(lang, &person.current.actor, history),
                p: page,
                view,
                device,
                papers,
            };
            show(page.p.status(), &page)
        }
        Err(response) => response,
    }
}

#[derive(Template)]
#[template(path = "customer.html")]
struct CustomerPage {
    p: Page,
    view: CustomerView,
    balance: i64,
    devices: Vec<DeviceRow>,
    receptions: Vec<ReceptionRow>,
    invoices: Vec<InvoiceRow>,
    history: Vec<Told>,
}

pub(crate) async fn customer(person: Person, Path(id): Path<String>) -> Response {
    customer_page(person, id, None).await
}

pub(crate) async fn customer_page(person: Person, id: String, attempt: Option<Attempt>) -> Response {
    let opened = id.clone();
    let read = person.read(move |conn, actor| {
        let view = get_customer(conn, actor, &id)?;
        let receptions =
            list_receptions(conn, actor, &ListReceptions { customer: Some(id.clone()), ..ListReceptions::default() })?
                .items;
        let sees_money = actor.can(domain::access::Action::ViewMoney);
        let invoices = if sees_money {
            list_invoices(conn, actor, &ListInvoices { payer: Some(id.clone()), ..ListInvoices::default() })?.items
        } else {
            Vec::new()
        };
        let balance = if sees_money { get_account(conn, actor, &id)?.owed } else { 0 };
        let devices =
            list_devices(conn, actor, &ListDevices { owner: Some(id.clone()), ..ListDevices::default() })?.items;
        let history = get_timeline(conn, actor, &timeline("customer", &id))?.items;
        Ok((view, balance, devices, receptions, invoices, history))
    });
    match read.await {
        Ok((view, balance, devices, receptions, invoices, history)) => {
            if let Err(response) = person.note("getCustomer", opened).await {
                return response;
            }
            let page = person.page("customers", view.name.clone()).with(attempt);
            show(
                page.status(),
                &CustomerPage {
                    history: told(person.lang, &person.current.actor, history),
                    p: page,
                    view,
                    balance,
                    devices,
                    receptions,
                    invoices,
                },
            )
        }
        Err(response) => response,
    }
}

/// All that is kept of a customer, as a file.
pub(crate) async fn customer_export(person: Person, Path(id): Path<String>, SmallForm(fields): SmallForm) -> Response {
    if let Err(response) = fields_of(&person, &fields, &[]) {
        return response;
    }
    let actor = person.current.actor.clone();
    match person.app.run(move |app| app.db().write(&actor, |tx| export_customer(tx, &id))).await {
        Ok(data) => {
            let disposition = format!("attachment; filename=\"customer-{}.json\"", data.customer.id);
            ([(header::CONTENT_DISPOSITION, disposition)], Json(data)).into_response()
        }
        Err(error) => person.error(&error),
    }
}

#[derive(Template)]
#[template(path = "invoice.html")]
struct InvoicePage {
    p: Page,
    view: InvoiceView,
    open: i64,
    history: Vec<Told>,
}

pub(crate) async fn invoice(person: Person, Path(id): Path<String>) -> Response {
    invoice_page(person, id, None).await
}

pub(crate) async fn invoice_page(person: Person, id: String, attempt: Option<Attempt>) -> Response {
    let read = person.read(move |conn, actor| {
        let view = get_invoice(conn, actor, &id)?;
        let history = get_timeline(conn, actor, &timeline("invoice", &id))?.items;
        Ok((view, history))
    });
    match read.await {
        Ok((view, history)) => {
            let title = format!("{} {}", person.lang.word("invoice-kind", &view.kind), view.number);
            let can_be_paid = matches!(view.kind.as_str(), "service" | "warranty") && view.corrected_by.is_none();
            let open = if can_be_paid { view.total - view.paid } else { 0 };
            let page = person.page("invoices", title).with(attempt);
            show(
                page.status(),
                &InvoicePage { history: told(person.lang, &person.current.actor, history), p: page, view, open },
            )
        }
        Err(response) => response,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_sentence_names_what_is_there_to_name() {
        let told = |event: &str, details: serde_json::Value| sentence(Lang::En, &Actor::system(), event, &details);
        assert_eq!(told("sign_in_failed", json!({"login": "maryam"})), "A sign-in as maryam failed");
        assert_eq!(told("sign_in_failed", json!({"login": ""})), "A sign-in failed");
        assert_eq!(told("access_refused", json!({"path": "/keep/users"})), "Refused: /keep/users");
        assert_eq!(
            told("invoice_issued", json!({"kind": "service", "number": "02-F-1"})),
            "Issued: service invoice 02-F-1"
        );
    }
}
