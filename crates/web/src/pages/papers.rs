//! Papers as PDF: drawn from the snapshot that was fixed when they were issued; an invoice's and a card's bytes are
//! kept once they were drawn.

use app::billing::paper::InvoicePaper;
use app::billing::papers::get_document;
use app::coverage::paper::CardPaper;
use app::papers::{keep, undrawn};
use app::reception::paper::ReceptionPaper;
use axum::extract::{Path, RawQuery};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use documents::{Format, card, invoice, reception};
use domain::money::Unit;
use store::error::{Error, Result};
use store::jobs::Held;
use store::rights::Actor;
use words::Lang;

use super::frame::Person;
use crate::form::{asked, field};
use crate::state::App;

/// Draws a paper, or gives the bytes that were drawn before.
///
/// # Errors
/// `NotFound`, `Forbidden`; `Internal` where it cannot be drawn.
pub(crate) fn draw(app: &App, actor: &Actor, id: &str, format: Option<&str>) -> Result<(String, Vec<u8>)> {
    const PDF: &str = "application/pdf";
    let paper = app.db().read(|conn| get_document(conn, actor, id))?;
    if let Some(content) = paper.content {
        return Ok((PDF.to_owned(), content));
    }
    let lang = Lang::named(&paper.language).unwrap_or(Lang::Fa);
    let link = |number: &str| format!("{}/t/{number}", app.settings().public_url);
    let drawn = match paper.kind.as_str() {
        "reception" => {
            let data: ReceptionPaper = serde_json::from_str(&paper.snapshot).map_err(Error::internal)?;
            let format = format.and_then(Format::named).unwrap_or(Format::ReceiptA5);
            return reception_pdf(&data, lang, format, &link(&data.reception.tracking_number))
                .map(|bytes| (PDF.to_owned(), bytes));
        }
        "card" => {
            let data: CardPaper = serde_json::from_str(&paper.snapshot).map_err(Error::internal)?;
            card_pdf(&data, lang, &format!("{}/cards/{}", app.settings().public_url, data.card.id))?
        }
        _ => {
            let data: InvoicePaper = serde_json::from_str(&paper.snapshot).map_err(Error::internal)?;
            invoice_pdf(&data, lang)?
        }
    };
    keep(app.db(), id, PDF, &drawn)?;
    Ok((PDF.to_owned(), drawn))
}

/// Draws what an entry of the journal issued, before somebody asks for it.
///
/// # Errors
/// The store; `Internal` where a paper cannot be drawn.
pub fn draw_issued(app: &App, task: &Held<'_>) -> Result<()> {
    let entry = task.key().parse::<i64>().map_err(Error::internal)?;
    let ids = app.db().read(|conn| undrawn(conn, entry))?;
    ids.iter().try_for_each(|id| draw(app, &Actor::system(), id, None).map(|_| ()))
}

fn reception_pdf(data: &ReceptionPaper, lang: Lang, format: Format, link: &str) -> Result<Vec<u8>> {
    let pick = |title: &store::views::Title| lang.pick(&title.fa, &title.en).to_owned();
    let devices = data
        .devices
        .iter()
        .map(|device| reception::Device {
            number: device.number.clone(),
            product: pick(&device.product.title),
            code: device.product.code.clone(),
            brand: pick(&device.brand.title),
            serial: device.serial.clone(),
            faults: device.faults.iter().map(|fault| pick(&fault.title)).collect(),
            note: device.note.clone().unwrap_or_default(),
            accessories: device.accessories.clone(),
            conditions: device.conditions.clone(),
            promised: device.promised_on.map_or_else(String::new, |on| lang.day(&on)),
        })
        .collect();
    let paper = reception::Reception {
        head: head(&data.letterhead, lang),
        number: data.reception.number.clone(),
        revision: data.reception.revision,
        tracking: lang.tracking(&data.reception.tracking_number),
        link: link.to_owned(),
        received: lang.instant(&data.reception.received_at, &store::zone(&data.letterhead.time_zone)),
        receiver: data.reception.receiver.clone().unwrap_or_default(),
        customer: data.customer.name.clone(),
        phone: data.customer.phones.first().map_or_else(String::new, |phone| lang.phone(phone)),
        address: data.customer.addresses.first().map_or_else(String::new, |address| address.address.clone()),
        note: data.reception.note.clone().unwrap_or_default(),
        devices,
    };
    reception::draw(&paper, format, lang).map_err(Error::internal)
}

fn head(letterhead: &app::papers::Letterhead, lang: Lang) -> documents::Head {
    documents::Head {
        centre: lang.pick(&letterhead.centre.fa, &letterhead.centre.en).to_owned(),
        legal_entity: letterhead.legal_entity.clone(),
        company_id: lang.digits(letterhead.company_id.as_deref().unwrap_or_default()),
        economic_code: lang.digits(letterhead.economic_code.as_deref().unwrap_or_default()),
        phone: letterhead.phone.as_deref().map_or_else(String::new, |phone| lang.phone(phone)),
        address: letterhead.address.clone().unwrap_or_default(),
        hours: letterhead.hours.as_ref().map_or_else(String::new, |hours| lang.pick(&hours.fa, &hours.en).to_owned()),
    }
}

fn card_pdf(data: &CardPaper, lang: Lang, link: &str) -> Result<Vec<u8>> {
    let pick = |title: &store::views::Title| lang.pick(&title.fa, &title.en).to_owned();
    let terms = data
        .terms
        .iter()
        .map(|term| {
            let pays = term
                .pays
                .iter()
                .map(|(kind, percent)| format!("{} {}", lang.word("line-type", kind.name()), lang.percent(percent)))
                .collect::<Vec<_>>();
            let length = match (term.months, term.days) {
                (Some(months), _) => lang.t1("months", "count", lang.number(&months)),
                (None, days) => lang.t1("days", "count", lang.number(&days.unwrap_or(0))),
            };
            card::Term {
                what: term.kind.as_ref().map_or_else(|| lang.t("whole-device"), pick),
                pays: pays.join(lang.comma()),
                length,
                until: term.last_day.map_or_else(|| lang.t("paper-from-sale"), |day| lang.date(&day)),
            }
        })
        .collect();
    let paper = card::Card {
        number: data.card.number.clone(),
        brand: pick(&data.brand.title),
        product: pick(&data.product.title),
        code: data.product.code.clone(),
        serial: data.card.serial.clone(),
        payer: data.card.payer.name.clone(),
        issued: lang.date(&data.issued_on),
        seller: data.card.seller.clone().unwrap_or_default(),
        link: link.to_owned(),
        terms,
    };
    card::draw(&paper, lang).map_err(Error::internal)
}

fn invoice_pdf(data: &InvoicePaper, lang: Lang) -> Result<Vec<u8>> {
    let view = &data.invoice;
    // A paper speaks of the currency of the accounts, also where people speak of Toman.
    let unit = Unit::named(&view.currency).unwrap_or(Unit::RIAL);
    let lines = view
        .lines
        .iter()
        .map(|line| invoice::Line {
            title: lang.pick(&line.title.fa, &line.title.en).to_owned(),
            code: line.code.clone(),
            repair: line.repair.as_ref().map_or_else(String::new, |repair| repair.number.clone()),
            quantity: lang.quantity(&line.quantity_milli),
            net: lang.amount(&line.net, unit),
            vat: lang.amount(&line.vat, unit),
            total: lang.amount(&line.total, unit),
        })
        .collect();
    let paper = invoice::Invoice {
        head: head(&data.letterhead, lang),
        kind: view.kind.clone(),
        number: view.number.clone(),
        issued: lang.date(&view.issued_on),
        payer: data.payer.name.clone(),
        payer_id: lang
            .digits(data.payer.national_id.as_ref().or(data.payer.company_id.as_ref()).cloned().unwrap_or_default()),
        payer_code: lang.digits(data.payer.economic_code.as_deref().unwrap_or_default()),
        payer_address: data.payer.addresses.first().map_or_else(String::new, |address| address.address.clone()),
        payer_phone: data.payer.phones.first().map_or_else(String::new, |phone| lang.phone(phone)),
        corrects: view.corrects.as_ref().map_or_else(String::new, |other| other.number.clone()),
        reason: view.reason.clone().unwrap_or_default(),
        devices: data
            .repairs
            .iter()
            .map(|(number, title, serial)| (number.clone(), lang.pick(&title.fa, &title.en).to_owned(), serial.clone()))
            .collect(),
        unit: lang.unit(unit),
        net: lang.amount(&view.net, unit),
        vat: lang.amount(&view.vat, unit),
        total: lang.amount(&view.total, unit),
        words: lang.money_in_words(view.total, unit),
        lines,
    };
    invoice::draw(&paper, lang).map_err(Error::internal)
}

pub(crate) async fn show(person: Person, Path(id): Path<String>, RawQuery(query): RawQuery) -> Response {
    let fields = match asked(query.as_deref(), &["format"]) {
        Ok(fields) => fields,
        Err(error) => return person.error(&error),
    };
    let actor = person.current.actor.clone();
    match person.app.run(move |app| draw(app, &actor, &id, field(&fields, "format"))).await {
        Ok((kind, bytes)) => {
            let mut response = bytes.into_response();
            response.headers_mut().insert(
                header::CONTENT_TYPE,
                HeaderValue::from_str(&kind).unwrap_or(HeaderValue::from_static("application/pdf")),
            );
            response.headers_mut().insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("inline"));
            response
        }
        Err(error) => person.error(&error),
    }
}
