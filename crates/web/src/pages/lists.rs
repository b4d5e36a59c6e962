//! Lists: the first page of somebody's day, the search box's hits, and each kind of object. Filters stand in the URL;
//! the next page is found by key.

use app::access::log::{ListSecurityLog, SecurityEntry, list_security_log};
use app::billing::list::InvoiceRow;
use app::billing::{ListInvoices, list_invoices};
use app::coverage::view::{CoverView, list_cards};
use app::customers::{CustomerView, LookUpCustomer, list_customers, look_up_customer};
use app::devices::view::DeviceRow;
use app::devices::{ListDevices, list_devices};
use app::jobs::{ListTasks, TaskView, list_tasks};
use app::lookup::{Hit, search as find};
use app::reception::view::ReceptionRow;
use app::reception::{ListReceptions, list_receptions};
use app::repair::{ListRepairs, RepairRow, list_repairs};
use askama::Template;
use axum::body::Body;
use axum::extract::RawQuery;
use axum::response::{IntoResponse, Redirect, Response};
use documents::sheet::{Kind, Sheet};
use domain::money::Unit;
use domain::workflow::Stage;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use store::error::Error;
use store::events::OF_SECURITY;
use store::gate::Gate;
use store::rights::Actor;
use store::views::{ListQuery, Page as Rows};
use tokio_util::io::ReaderStream;
use words::Lang;

use super::frame::{Page, Person, html};
use super::objects::sentence;
use super::report::{file, unwritten};
use crate::api;
use crate::form::{Fields, asked, pairs, text};
use crate::schema::{from_form, read, shape};
use crate::state::Lane;

/// What stands in the URL of a list and is no filter: the file that is wanted.
const OWN: [&str; 1] = ["format"];

/// The filters of a list from its URL; what cannot be read is left out, so that a link that is old still shows the
/// list. A filter that there is not, that stands there twice, or that is not what it looks like, is told.
pub(crate) fn filters<T: JsonSchema + DeserializeOwned + Default + 'static>(
    person: &Person,
    query: Option<String>,
) -> Result<(T, Fields), Response> {
    let found = pairs(query.unwrap_or_default().as_bytes()).and_then(|fields| {
        let value = from_form(&fields, &shape::<T>().schema, &OWN).map_err(Error::Invalid)?;
        match read(&value) {
            Err(faults) if faults.iter().any(|fault| fault.reason.code == "unclean-text") => {
                Err(Error::Invalid(faults))
            }
            read => Ok((read.unwrap_or_default(), fields)),
        }
    });
    found.map_err(|error| person.error(&error))
}

/// A row as the cells of a file.
trait Cells {
    /// Keys of the headings.
    const HEAD: &'static [&'static str];
    /// Those of them under which numbers stand.
    const NUMBERS: &'static [&'static str] = &[];
    fn cells(&self, lang: Lang, actor: &Actor) -> Vec<String>;
}

fn day(lang: Lang, day: Option<jiff::civil::Date>) -> String {
    day.map_or_else(String::new, |day| lang.date(&day))
}

impl Cells for RepairRow {
    const HEAD: &'static [&'static str] =
        &["number", "device", "serial", "customer", "step", "received", "promised", "assignee", "outcome"];
    fn cells(&self, lang: Lang, _: &Actor) -> Vec<String> {
        let pick = |title: &store::views::Title| lang.pick(&title.fa, &title.en).to_owned();
        let outcome = self.outcome.as_ref().map_or_else(String::new, |outcome| lang.word("outcome", outcome));
        vec![
            self.number.clone(),
            pick(&self.product),
            self.serial.clone(),
            self.customer.name.clone(),
            pick(&self.step),
            lang.date(&self.received_on),
            day(lang, self.promised_on),
            self.assignee.clone().unwrap_or_default(),
            outcome,
        ]
    }
}

impl Cells for ReceptionRow {
    const HEAD: &'static [&'static str] = &["number", "customer", "received", "devices", "state"];
    const NUMBERS: &'static [&'static str] = &["devices"];
    fn cells(&self, lang: Lang, actor: &Actor) -> Vec<String> {
        vec![
            self.number.clone(),
            self.customer.name.clone(),
            lang.instant(&self.received_at, &actor.zone),
            self.devices.to_string(),
            lang.word("reception-state", &self.state),
        ]
    }
}

impl Cells for DeviceRow {
    const HEAD: &'static [&'static str] = &["product", "code", "serial", "sold-on", "owner"];
    fn cells(&self, lang: Lang, _: &Actor) -> Vec<String> {
        let owner = self.owner.as_ref().map_or_else(String::new, |owner| owner.name.clone());
        vec![
            lang.pick(&self.product.title.fa, &self.product.title.en).to_owned(),
            self.product.code.clone(),
            self.serial.clone(),
            day(lang, self.sold_on),
            owner,
        ]
    }
}

impl Cells for CoverView {
    const HEAD: &'static [&'static str] = &["number", "serial", "policy", "until", "state"];
    fn cells(&self, lang: Lang, _: &Actor) -> Vec<String> {
        let policy = self
            .policy
            .as_ref()
            .map_or_else(String::new, |policy| lang.pick(&policy.title.fa, &policy.title.en).to_owned());
        vec![
            self.number.clone(),
            self.serial.clone(),
            policy,
            day(lang, self.last_day),
            lang.word("cover-state", self.standing()),
        ]
    }
}

impl Cells for CustomerView {
    const HEAD: &'static [&'static str] = &["name", "phone", "subscription", "address"];
    fn cells(&self, _: Lang, _: &Actor) -> Vec<String> {
        let phones =
            self.phones.iter().map(|phone| domain::identifiers::show_phone(phone)).collect::<Vec<_>>().join(" / ");
        let addresses = self.addresses.iter().map(|entry| entry.address.clone()).collect::<Vec<_>>().join(" / ");
        vec![self.name.clone(), phones, self.subscription.clone().unwrap_or_default(), addresses]
    }
}

impl Cells for InvoiceRow {
    const HEAD: &'static [&'static str] =
        &["number", "kind", "payer", "issued", "currency", "net", "vat", "total", "paid"];
    const NUMBERS: &'static [&'static str] = &["net", "vat", "total", "paid"];
    fn cells(&self, lang: Lang, actor: &Actor) -> Vec<String> {
        let unit = Unit::named(actor.unit.currency).unwrap_or(Unit::RIAL);
        let sums = [self.net, self.vat, self.total, self.paid].map(|sum| unit.plain(sum));
        let what = [
            self.number.clone(),
            lang.word("invoice-kind", &self.kind),
            self.payer.name.clone(),
            lang.date(&self.issued_on),
            unit.name.to_owned(),
        ];
        what.into_iter().chain(sums).collect()
    }
}

impl Cells for SecurityEntry {
    const HEAD: &'static [&'static str] = &["when", "log-who", "what", "log-from-where", "log-refused"];
    fn cells(&self, lang: Lang, actor: &Actor) -> Vec<String> {
        let by = self.by.as_ref().map_or_else(String::new, |by| format!("{} ({})", by.name, by.login));
        let refused = lang.t(if self.is_refused { "yes" } else { "no" });
        vec![
            lang.instant(&self.at, &actor.zone),
            by,
            sentence(lang, actor, &self.what, &self.details),
            self.address.clone().unwrap_or_default(),
            refused,
        ]
    }
}

/// Lists become files on a thread of its own, which keeps what they took.
static EXPORTING: Gate = Gate::new("exports", 1);

/// The whole list that a page shows a part of, as the file that is wanted; None where a page is.
async fn exported<T, Q>(
    person: &Person,
    fields: &[(String, String)],
    name: &'static str,
    title: &str,
    list: impl Fn(&mut store::Conn, &store::rights::Actor, &Q) -> store::error::Result<Rows<T>> + Send + 'static,
) -> Option<Response>
where
    T: Cells + Send + 'static,
    Q: JsonSchema + DeserializeOwned + Default + 'static,
{
    let wanted = fields.iter().find(|(name, _)| name == "format").map(|(_, value)| value.clone())?;
    let Some(kind) = Kind::named(&wanted) else { return Some(person.error(&Error::NotFound)) };
    let asked = fields
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "format" | "after" | "limit"))
        .cloned()
        .collect::<Vec<_>>();
    let (lang, actor, title) = (person.lang, person.current.actor.clone(), title.to_owned());
    let made = person.app.export(&person.current.actor, move |app| {
        let db = app.db().clone();
        EXPORTING.pass(move || {
            let head = T::HEAD.iter().map(|key| lang.t(key)).collect::<Vec<_>>();
            let numbers = T::HEAD.iter().map(|key| T::NUMBERS.contains(key)).collect::<Vec<_>>();
            let mut sheet = Sheet::begin(kind, &title, lang, &head, &numbers).map_err(unwritten)?;
            db.read(|conn| {
                let mut after = None;
                loop {
                    let mut fields = asked.clone();
                    fields.push(("limit".to_owned(), "200".to_owned()));
                    fields.extend(after.take().map(|after| ("after".to_owned(), after)));
                    let query: Q = read(&from_form(&fields, &shape::<Q>().schema, &OWN).map_err(Error::Invalid)?)
                        .unwrap_or_default();
                    let page = list(conn, &actor, &query)?;
                    for row in &page.items {
                        sheet.row(&row.cells(lang, &actor)).map_err(unwritten)?;
                    }
                    match page.next {
                        Some(next) => after = Some(next),
                        None => return Ok(()),
                    }
                }
            })?;
            sheet.end().map_err(unwritten)
        })
    });
    Some(match made.await {
        Ok(made) => {
            let stream = ReaderStream::new(tokio::fs::File::from_std(made));
            file(kind.media(), &format!("{name}.{}", kind.name()), Body::from_stream(stream))
        }
        Err(error) => person.error(&error),
    })
}

/// What a list page shows beside its rows.
pub(crate) struct Shown {
    /// The URL of the next page; empty on the last.
    pub next: String,
    /// The URL of the first page, where this is another.
    pub first: String,
    /// The URL of the whole list as a file, without the format.
    pub export: String,
    pub fields: Vec<(String, String)>,
}

impl Shown {
    pub(crate) fn of(person: &Person, next: Option<&String>, fields: Vec<(String, String)>) -> Self {
        let path = person.here.split('?').next().unwrap_or("/").to_owned();
        let url = |after: Option<&String>| {
            let mut query = form_urlencoded::Serializer::new(String::new());
            for (name, value) in fields.iter().filter(|(name, value)| name != "after" && !value.is_empty()) {
                query.append_pair(name, value);
            }
            if let Some(after) = after {
                query.append_pair("after", after);
            }
            format!("{path}?{}", query.finish())
        };
        let is_first = !fields.iter().any(|(name, _)| name == "after");
        Self {
            next: next.map_or_else(String::new, |next| url(Some(next))),
            first: if is_first { String::new() } else { url(None) },
            export: url(None),
            fields: fields.clone(),
        }
    }

    /// Whether the list is narrowed by anything.
    pub fn is_narrowed(&self) -> bool {
        self.fields.iter().any(|(name, value)| !matches!(name.as_str(), "after" | "limit") && !value.is_empty())
    }

    /// What stands in a filter.
    pub fn value(&self, name: &str) -> &str {
        self.fields.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value.as_str())
    }
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    p: Page,
    mine: Vec<RepairRow>,
    ready: Vec<RepairRow>,
    overdue: Vec<RepairRow>,
    pool: Vec<RepairRow>,
}

pub(crate) async fn home(person: Person) -> Response {
    let now = person.app.db().now();
    let rows = person.read(move |conn, actor| {
        let mut list = |query: ListRepairs| list_repairs(conn, actor, &query, now).map(|page| page.items);
        let ten = Some(10);
        let mine = list(ListRepairs { mine: Some(true), is_open: Some(true), limit: ten, ..ListRepairs::default() })?;
        let ready = list(ListRepairs { stage: Some(Stage::Ready), limit: ten, ..ListRepairs::default() })?;
        let overdue = list(ListRepairs { overdue: Some(true), limit: ten, ..ListRepairs::default() })?;
        let pool = list(ListRepairs { stage: Some(Stage::Diagnosis), limit: ten, ..ListRepairs::default() })?;
        Ok((mine, ready, overdue, pool))
    });
    match rows.await {
        Ok((mine, ready, overdue, pool)) => {
            html(&Home { p: person.page("home", person.lang.t("home-title")), mine, ready, overdue, pool })
        }
        Err(response) => response,
    }
}

#[derive(Template)]
#[template(path = "search.html")]
struct Search {
    p: Page,
    hits: Vec<Hit>,
}

/// The page that a hit opens.
pub(crate) fn target(hit: &Hit) -> String {
    let folder = match hit.kind.as_str() {
        "cover" => "cards",
        "product" => "keep/products",
        "repair" => "repairs",
        "reception" => "receptions",
        "invoice" => "invoices",
        "customer" => "customers",
        _ => "devices",
    };
    format!("/{folder}/{}", hit.id)
}

pub(crate) async fn search(person: Person, RawQuery(query): RawQuery) -> Response {
    let q = match asked(query.as_deref(), &["q"]) {
        Ok(fields) => text(&fields, "q"),
        Err(error) => return person.error(&error),
    };
    let typed = q.clone();
    let actor = person.current.actor.clone();
    let found = match person.app.run_in(Lane::Reads, move |app| find(app.db(), &actor, &typed)).await {
        Ok(found) => found,
        Err(error) => return person.error(&error),
    };
    if let [only] = found.hits.as_slice()
        && only.is_elsewhere
    {
        let (actor, number) = (person.current.actor.clone(), q.clone());
        let looked_up = person
            .app
            .run(move |app| {
                app.db().write(&actor, |tx| look_up_customer(tx, &LookUpCustomer { number: number.clone() }))
            })
            .await;
        return match looked_up {
            Ok(view) => Redirect::to(&format!("/customers/{}", view.id)).into_response(),
            Err(error) => person.error(&error),
        };
    }
    let exact = found.hits.iter().filter(|hit| hit.is_exact).collect::<Vec<_>>();
    if let [only] = exact.as_slice() {
        return Redirect::to(&target(only)).into_response();
    }
    let mut page = person.page("search", person.lang.t("search-title"));
    page.query = q;
    html(&Search { p: page, hits: found.hits })
}

#[derive(Template)]
#[template(path = "repairs.html")]
struct Repairs {
    p: Page,
    rows: Vec<RepairRow>,
    shown: Shown,
}

pub(crate) async fn repairs(person: Person, RawQuery(query): RawQuery) -> Response {
    let (filters, fields) = match filters::<ListRepairs>(&person, query) {
        Ok(asked) => asked,
        Err(response) => return response,
    };
    let now = person.app.db().now();
    if let Some(file) = exported(
        &person,
        &fields,
        "repairs",
        &person.lang.t("repairs-title"),
        move |conn, actor, query: &ListRepairs| list_repairs(conn, actor, query, now),
    )
    .await
    {
        return file;
    }
    match person.read(move |conn, actor| list_repairs(conn, actor, &filters, now)).await {
        Ok(Rows { items, next }) => html(&Repairs {
            shown: Shown::of(&person, next.as_ref(), fields),
            p: person.page("repairs", person.lang.t("repairs-title")),
            rows: items,
        }),
        Err(response) => response,
    }
}

#[derive(Template)]
#[template(path = "receptions.html")]
struct Receptions {
    p: Page,
    rows: Vec<ReceptionRow>,
    shown: Shown,
}

pub(crate) async fn receptions(person: Person, RawQuery(query): RawQuery) -> Response {
    let (filters, fields) = match filters::<ListReceptions>(&person, query) {
        Ok(asked) => asked,
        Err(response) => return response,
    };
    if let Some(file) =
        exported(&person, &fields, "receptions", &person.lang.t("receptions-title"), list_receptions).await
    {
        return file;
    }
    match person.read(move |conn, actor| list_receptions(conn, actor, &filters)).await {
        Ok(Rows { items, next }) => html(&Receptions {
            shown: Shown::of(&person, next.as_ref(), fields),
            p: person.page("receptions", person.lang.t("receptions-title")),
            rows: items,
        }),
        Err(response) => response,
    }
}

#[derive(Template)]
#[template(path = "devices.html")]
struct Devices {
    p: Page,
    rows: Vec<DeviceRow>,
    shown: Shown,
}

pub(crate) async fn devices(person: Person, RawQuery(query): RawQuery) -> Response {
    let (filters, fields) = match filters::<ListDevices>(&person, query) {
        Ok(asked) => asked,
        Err(response) => return response,
    };
    if let Some(file) = exported(&person, &fields, "devices", &person.lang.t("devices-title"), list_devices).await {
        return file;
    }
    match person.read(move |conn, actor| list_devices(conn, actor, &filters)).await {
        Ok(Rows { items, next }) => html(&Devices {
            shown: Shown::of(&person, next.as_ref(), fields),
            p: person.page("devices", person.lang.t("devices-title")),
            rows: items,
        }),
        Err(response) => response,
    }
}

#[derive(Template)]
#[template(path = "cards.html")]
struct Cards {
    p: Page,
    rows: Vec<CoverView>,
    shown: Shown,
}

pub(crate) async fn cards(person: Person, RawQuery(query): RawQuery) -> Response {
    let now = person.app.db().now();
    let (filters, fields) = match filters::<ListQuery>(&person, query) {
        Ok(asked) => asked,
        Err(response) => return response,
    };
    if let Some(file) =
        exported(&person, &fields, "cards", &person.lang.t("cards-title"), move |conn, actor, query: &ListQuery| {
            list_cards(conn, actor, query, now)
        })
        .await
    {
        return file;
    }
    match person.read(move |conn, actor| list_cards(conn, actor, &filters, now)).await {
        Ok(Rows { items, next }) => html(&Cards {
            shown: Shown::of(&person, next.as_ref(), fields),
            p: person.page("cards", person.lang.t("cards-title")),
            rows: items,
        }),
        Err(response) => response,
    }
}

#[derive(Template)]
#[template(path = "customers.html")]
struct Customers {
    p: Page,
    rows: Vec<CustomerView>,
    shown: Shown,
}

pub(crate) async fn customers(person: Person, RawQuery(query): RawQuery) -> Response {
    let (filters, fields) = match filters::<ListQuery>(&person, query) {
        Ok(asked) => asked,
        Err(response) => return response,
    };
    if let Some(file) = exported(&person, &fields, "customers", &person.lang.t("customers-title"), list_customers).await
    {
        return file;
    }
    match person.read(move |conn, actor| list_customers(conn, actor, &filters)).await {
        Ok(Rows { items, next }) => html(&Customers {
            shown: Shown::of(&person, next.as_ref(), fields),
            p: person.page("customers", person.lang.t("customers-title")),
            rows: items,
        }),
        Err(response) => response,
    }
}

#[derive(Template)]
#[template(path = "invoices.html")]
struct Invoices {
    p: Page,
    rows: Vec<InvoiceRow>,
    shown: Shown,
}

pub(crate) async fn invoices(person: Person, RawQuery(query): RawQuery) -> Response {
    let (filters, fields) = match filters::<ListInvoices>(&person, query) {
        Ok(asked) => asked,
        Err(response) => return response,
    };
    if let Some(file) = exported(&person, &fields, "invoices", &person.lang.t("invoices-title"), list_invoices).await {
        return file;
    }
    match person.read(move |conn, actor| list_invoices(conn, actor, &filters)).await {
        Ok(Rows { items, next }) => html(&Invoices {
            shown: Shown::of(&person, next.as_ref(), fields),
            p: person.page("invoices", person.lang.t("invoices-title")),
            rows: items,
        }),
        Err(response) => response,
    }
}

#[derive(Template)]
#[template(path = "tasks.html")]
struct Tasks {
    p: Page,
    rows: Vec<TaskView>,
    shown: Shown,
}

pub(crate) async fn tasks(person: Person, RawQuery(query): RawQuery) -> Response {
    let (filters, fields) = match filters::<ListTasks>(&person, query) {
        Ok(both) => both,
        Err(response) => return response,
    };
    match person.read(move |conn, actor| list_tasks(conn, actor, &filters)).await {
        Ok(Rows { items, next }) => html(&Tasks {
            shown: Shown::of(&person, next.as_ref(), fields),
            p: person.page("keep", person.lang.t("keep-tasks")),
            rows: items,
        }),
        Err(response) => response,
    }
}

#[derive(Template)]
#[template(path = "security_log.html")]
struct SecurityLog {
    p: Page,
    rows: Vec<SecurityEntry>,
    kinds: Vec<&'static str>,
    shown: Shown,
}

impl SecurityLog {
    fn sentence(&self, row: &SecurityEntry) -> String {
        let told = sentence(self.p.l, &self.p.actor, &row.what, &row.details);
        // What a refused form would have done is told in words too.
        let form = row
            .details
            .get("path")
            .and_then(serde_json::Value::as_str)
            .and_then(|path| path.strip_prefix("/do/")?.split('/').next());
        match form.and_then(api::named).and_then(|operation| operation.action) {
            Some(action) => format!("{told} ({})", self.p.l.word("action", action.name())),
            None => told,
        }
    }
}

pub(crate) async fn security_log(person: Person, RawQuery(query): RawQuery) -> Response {
    let (filters, fields) = match filters::<ListSecurityLog>(&person, query) {
        Ok(both) => both,
        Err(response) => return response,
    };
    let title = person.lang.t("keep-security-log");
    if let Some(file) = exported(&person, &fields, "security-log", &title, list_security_log).await {
        return file;
    }
    match person.read(move |conn, actor| list_security_log(conn, actor, &filters)).await {
        Ok(Rows { items, next }) => html(&SecurityLog {
            shown: Shown::of(&person, next.as_ref(), fields),
            p: person.page("keep", title),
            rows: items,
            kinds: OF_SECURITY.to_vec(),
        }),
        Err(response) => response,
    }
}
