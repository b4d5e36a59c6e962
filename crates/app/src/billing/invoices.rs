//! Invoices: issued from the decided shares, numbered, immutable, corrected by counter-documents.

use domain::access::Action;
use domain::money::percent_of;
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ledger::{Account, Booked, book, income};
use super::papers;
use super::payments::{PaymentView, payments_of};
use super::rows::{Invoice, InvoiceLine};
use crate::catalogue::legal_entities::party_link;
use crate::catalogue::prices::vat_percent;
use crate::catalogue::rows::Centre;
use crate::repair::rows::WorkLine;
use store::error::{Error, Reason, Result};
use store::numbering::Series;
use store::query::*;
use store::rights::{Actor, Of};
use store::schema::{centres, hand_overs, invoice_lines, invoices, receptions, repairs};
use store::search_keys::{Target, add};
use store::types::{At, Day};
use store::views::{Link, NumberLink, Page, PartyLink, Title};
use store::{Conn, Event, Subject, Tx, link, numbering, settings};

/// What an invoice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Service,
    Warranty,
    Internal,
    Counter,
}

impl Kind {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Warranty => "warranty",
            Self::Internal => "internal",
            Self::Counter => "counter",
        }
    }

    fn series(self) -> Series {
        match self {
            Self::Service => Series::ServiceInvoice,
            Self::Warranty => Series::WarrantyInvoice,
            Self::Internal => Series::InternalCost,
            Self::Counter => Series::CounterDocument,
        }
    }
}

/// A line to be invoiced: a work line and the payer's share of it.
pub(crate) struct Due {
    pub line: WorkLine,
    pub net: i64,
    /// For an internal cost: what kind of promise it is.
    pub promise: &'static str,
}

/// For whom an invoice is made, and from what.
pub(crate) struct Bill<'a> {
    pub kind: Kind,
    pub centre: &'a Centre,
    pub payer_id: i64,
    pub reception_id: Option<i64>,
    pub hand_over_id: Option<i64>,
    pub on: Date,
}

/// Issues an invoice: number, lines with VAT, ledger, paper.
pub(crate) fn issue(tx: &mut Tx<'_>, bill: &Bill<'_>, dues: &[Due]) -> Result<Invoice> {
    let currency = settings::money_unit(tx.conn)?.currency.to_owned();
    let mut lines = Vec::with_capacity(dues.len());
    for (position, due) in (1..).zip(dues) {
        // The house's own cost is no sale: no VAT.
        let vat_percent =
            if bill.kind == Kind::Internal { 0 } else { vat_percent(tx.conn, &due.line.tax_class, bill.on)? };
        let vat = percent_of(due.net, vat_percent);
        lines.push(InvoiceLine {
            id: 0,
            invoice_id: 0,
            position,
            repair_id: Some(due.line.repair_id),
            work_line_id: Some(due.line.id),
            line_type: due.line.line_type.clone(),
            item_code: due.line.item_code.clone(),
            title_fa: due.line.title_fa.clone(),
            title_en: due.line.title_en.clone(),
            quantity_milli: due.line.quantity_milli,
            net_minor: due.net,
            vat_percent,
            vat_minor: vat,
            total_minor: due.net + vat,
            internal_account: (bill.kind == Kind::Internal).then(|| due.promise.to_owned()),
        });
    }
    let row = new_invoice(tx, bill, &lines, currency, None, None)?;
    write(tx, row, lines)
}

fn new_invoice(
    tx: &mut Tx<'_>,
    bill: &Bill<'_>,
    lines: &[InvoiceLine],
    currency: String,
    corrects_id: Option<i64>,
    reason: Option<String>,
) -> Result<Invoice> {
    let number = numbering::next(tx, bill.kind.series(), (bill.centre.id, &bill.centre.code), bill.on)?;
    let sum = |pick: fn(&InvoiceLine) -> i64| lines.iter().map(pick).sum::<i64>();
    Ok(Invoice {
        id: 0,
        public_id: tx.public_id(),
        kind: bill.kind.name().to_owned(),
        number_key: domain::text::key(&number),
        number,
        centre_id: bill.centre.id,
        legal_entity_id: bill.centre.legal_entity_id,
        payer_party_id: bill.payer_id,
        reception_id: bill.reception_id,
        hand_over_id: bill.hand_over_id,
        issued_at: At::from(tx.occurred),
        issued_on: bill.on.into(),
        issued_by: tx.actor.user_id,
        currency,
        net_minor: sum(|line| line.net_minor),
        vat_minor: sum(|line| line.vat_minor),
        total_minor: sum(|line| line.total_minor),
        paid_minor: 0,
        corrects_id,
        corrected_by_id: None,
        reason,
    })
}

fn write(tx: &mut Tx<'_>, row: Invoice, lines: Vec<InvoiceLine>) -> Result<Invoice> {
    let id =
        diesel::insert_into(invoices::table).values(row.clone()).returning(invoices::id).get_result::<i64>(tx.conn)?;
    let invoice = Invoice { id, ..row };
    let mut entries = Vec::new();
    let mut subjects = vec![Subject::Invoice(id), Subject::Customer(invoice.payer_party_id)];
    for line in lines {
        entries.push((income(&line.line_type), -line.net_minor));
        entries.push((Account::Vat, -line.vat_minor));
        let owed = match line.internal_account.as_deref() {
            Some("goodwill") => Account::InternalCost("goodwill"),
            Some(_) => Account::InternalCost("repair_warranty"),
            None => Account::Receivable(invoice.payer_party_id),
        };
        entries.push((owed, line.total_minor));
        subjects.extend(line.repair_id.map(Subject::Repair));
        diesel::insert_into(invoice_lines::table).values(InvoiceLine { invoice_id: id, ..line }).execute(tx.conn)?;
    }
    let paper = Booked {
        kind: "invoice",
        id,
        legal_entity_id: invoice.legal_entity_id,
        currency: &invoice.currency,
        on: invoice.issued_on.date(),
    };
    book(tx, &paper, &entries)?;
    add(tx.conn, Target::Invoice, id, "number", std::slice::from_ref(&invoice.number_key))?;
    let event =
        Event::InvoiceIssued { number: invoice.number.clone(), kind: invoice.kind.clone(), total: invoice.total_minor };
    tx.record(Some(invoice.centre_id), &event, &subjects)?;
    papers::issue_invoice(tx, &invoice)?;
    Ok(invoice)
}

/// Corrects an issued invoice as a whole by a counter-document.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectInvoice {
    #[schemars(length(min = 1, max = 500))]
    pub reason: String,
}

/// # Errors
/// `Forbidden`, `NotFound`; `Invalid` without a reason; `Conflict` where it was corrected before or is a
/// counter-document itself.
pub fn correct_invoice(tx: &mut Tx<'_>, public_id: &str, command: &CorrectInvoice) -> Result<InvoiceView> {
    let invoice = invoice_for(tx.conn, tx.actor, public_id, Action::CorrectInvoice)?;
    if command.reason.trim().is_empty() {
        return Err(Error::invalid("reason", "required"));
    }
    let counter = counter(tx, &invoice, None, command.reason.trim())?;
    invoice_view(tx.conn, counter)
}

/// Issues the counter-document of an invoice: of all its lines, or of those of one repair.
pub(crate) fn counter(tx: &mut Tx<'_>, invoice: &Invoice, repair_id: Option<i64>, reason: &str) -> Result<Invoice> {
    if invoice.kind == Kind::Counter.name() {
        return Err(Error::Conflict(Reason::new("is-counter-document").with("number", invoice.number.clone())));
    }
    let before =
        invoices::table.filter(invoices::corrects_id.eq(invoice.id)).select(invoices::id).load::<i64>(tx.conn)?;
    let done = invoice_lines::table
        .filter(invoice_lines::invoice_id.eq_any(before))
        .select(invoice_lines::work_line_id)
        .load::<Option<i64>>(tx.conn)?;
    let rows = invoice_lines::table
        .filter(invoice_lines::invoice_id.eq(invoice.id))
        .order(invoice_lines::position)
        .select(InvoiceLine::as_select())
        .load::<InvoiceLine>(tx.conn)?;
    let lines = rows
        .into_iter()
        .filter(|line| {
            repair_id.is_none_or(|repair| line.repair_id == Some(repair)) && !done.contains(&line.work_line_id)
        })
        .map(|line| InvoiceLine {
            id: 0,
            net_minor: -line.net_minor,
            vat_minor: -line.vat_minor,
            total_minor: -line.total_minor,
            ..line
        })
        .collect::<Vec<_>>();
    if lines.is_empty() {
        return Err(Error::Conflict(Reason::new("corrected-before").with("number", invoice.number.clone())));
    }
    let centre = centres::table.find(invoice.centre_id).select(Centre::as_select()).first::<Centre>(tx.conn)?;
    let on = tx.today_in(&centre.time_zone);
    let bill = Bill {
        kind: Kind::Counter,
        centre: &centre,
        payer_id: invoice.payer_party_id,
        reception_id: invoice.reception_id,
        hand_over_id: invoice.hand_over_id,
        on,
    };
    let row = new_invoice(tx, &bill, &lines, invoice.currency.clone(), Some(invoice.id), Some(reason.to_owned()))?;
    let counter = write(tx, row, lines)?;
    diesel::update(invoices::table.find(invoice.id))
        .set(invoices::corrected_by_id.eq(Some(counter.id)))
        .execute(tx.conn)?;
    let event = Event::InvoiceCorrected {
        number: invoice.number.clone(),
        by: counter.number.clone(),
        reason: reason.to_owned(),
    };
    tx.record(
        Some(invoice.centre_id),
        &event,
        &[Subject::Invoice(invoice.id), Subject::Invoice(counter.id), Subject::Customer(invoice.payer_party_id)],
    )?;
    Ok(counter)
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct InvoiceView {
    pub id: String,
    pub number: String,
    /// service, warranty, internal or counter.
    pub kind: String,
    pub centre: Link,
    pub legal_entity: PartyLink,
    pub payer: PartyLink,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reception: Option<NumberLink>,
    #[schemars(with = "String")]
    pub issued_at: Timestamp,
    #[schemars(with = "String")]
    pub issued_on: Date,
    pub currency: String,
    pub net: i64,
    pub vat: i64,
    pub total: i64,
    pub paid: i64,
    /// The invoice that this counter-document corrects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrects: Option<NumberLink>,
    /// The latest counter-document that corrects this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrected_by: Option<NumberLink>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub lines: Vec<InvoiceLineView>,
    pub payments: Vec<PaymentView>,
    /// Public id of its paper.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct InvoiceLineView {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repair: Option<NumberLink>,
    pub line_type: String,
    pub code: String,
    pub title: Title,
    pub quantity_milli: i64,
    pub net: i64,
    pub vat_percent: i64,
    pub vat: i64,
    pub total: i64,
}

/// An invoice that the actor sees by one of these rights.
///
/// # Errors
/// `NotFound`.
pub(crate) fn seen(conn: &mut Conn, actor: &Actor, public_id: &str, actions: &[Action]) -> Result<Invoice> {
    let row = invoices::table
        .filter(invoices::public_id.eq(public_id))
        .filter(actor.scope_of_any(actions).rows::<invoices::table>());
    row.select(Invoice::as_select()).first(conn).optional()?.ok_or(Error::NotFound)
}

/// An invoice with which the actor may do what they ask for: the right is theirs on all that stands on it.
///
/// # Errors
/// `NotFound`, `Forbidden`.
pub(crate) fn invoice_for(conn: &mut Conn, actor: &Actor, public_id: &str, action: Action) -> Result<Invoice> {
    let row = seen(conn, actor, public_id, &[Action::ViewMoney, action])?;
    seen(conn, actor, public_id, &[action]).map_err(|_| actor.refusal(action))?;
    Ok(row)
}

fn invoice_link(conn: &mut Conn, id: Option<i64>) -> Result<Option<NumberLink>> {
    match id {
        Some(id) => Ok(Some(invoices::table.find(id).select((invoices::public_id, invoices::number)).first(conn)?)),
        None => Ok(None),
    }
}

pub(crate) fn invoice_view(conn: &mut Conn, row: Invoice) -> Result<InvoiceView> {
    let rows = invoice_lines::table
        .filter(invoice_lines::invoice_id.eq(row.id))
        .order(invoice_lines::position)
        .select(InvoiceLine::as_select())
        .load::<InvoiceLine>(conn)?;
    let mut lines = Vec::with_capacity(rows.len());
    for line in rows {
        let repair = match line.repair_id {
            Some(id) => Some(repairs::table.find(id).select((repairs::public_id, repairs::number)).first(conn)?),
            None => None,
        };
        lines.push(InvoiceLineView {
            repair,
            line_type: line.line_type,
            code: line.item_code,
            title: Title::new(line.title_fa, line.title_en),
            quantity_milli: line.quantity_milli,
            net: line.net_minor,
            vat_percent: line.vat_percent,
            vat: line.vat_minor,
            total: line.total_minor,
        });
    }
    let reception = match row.reception_id {
        Some(id) => {
            receptions::table.find(id).select((receptions::public_id, receptions::number)).first(conn).optional()?
        }
        None => None,
    };
    Ok(InvoiceView {
        centre: link!(conn, centres, row.centre_id),
        legal_entity: party_link(conn, row.legal_entity_id)?,
        payer: party_link(conn, row.payer_party_id)?,
        reception,
        corrects: invoice_link(conn, row.corrects_id)?,
        corrected_by: invoice_link(conn, row.corrected_by_id)?,
        payments: payments_of(conn, row.id)?,
        document: papers::document_of(conn, "invoice", row.id)?,
        id: row.public_id,
        number: row.number,
        kind: row.kind,
        issued_at: row.issued_at.instant(),
        issued_on: row.issued_on.date(),
        currency: row.currency,
        net: row.net_minor,
        vat: row.vat_minor,
        total: row.total_minor,
        paid: row.paid_minor,
        reason: row.reason,
        lines,
    })
}

/// # Errors
/// `Forbidden`, `NotFound`.
pub fn get_invoice(conn: &mut Conn, actor: &Actor, public_id: &str) -> Result<InvoiceView> {
    actor.may(Action::ViewMoney, Of::Anything)?;
    let row = seen(conn, actor, public_id, &[Action::ViewMoney])?;
    invoice_view(conn, row)
}

/// How invoices are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ListInvoices {
    #[schemars(regex(pattern = "^[0-9a-z]{16}$"))]
    pub after: Option<String>,
    #[schemars(range(min = 1, max = 200))]
    pub limit: Option<i64>,
    /// service, warranty, internal or counter.
    #[schemars(length(max = 20))]
    pub kind: Option<String>,
    /// Public id of a payer.
    #[schemars(length(max = 60))]
    pub payer: Option<String>,
    /// Public id of a reception.
    #[schemars(length(max = 60))]
    pub reception: Option<String>,
    /// Issued on this day or later.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    pub from: Option<Date>,
    /// Issued on this day or earlier.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    pub to: Option<Date>,
}

/// An invoice in a list.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct InvoiceRow {
    pub id: String,
    pub number: String,
    pub kind: String,
    pub payer: PartyLink,
    #[schemars(with = "String")]
    pub issued_on: Date,
    pub net: i64,
    pub vat: i64,
    pub total: i64,
    pub paid: i64,
    pub is_corrected: bool,
}

/// Invoices of the centres that the actor sees, newest first.
///
/// # Errors
/// `Forbidden`.
pub fn list_invoices(conn: &mut Conn, actor: &Actor, query: &ListInvoices) -> Result<Page<InvoiceRow>> {
    actor.may(Action::ViewMoney, Of::Anything)?;
    let limit = query.limit.unwrap_or(store::PAGE).clamp(1, store::MAX_PAGE);
    let mut select = invoices::table
        .filter(actor.scope(Action::ViewMoney).rows::<invoices::table>())
        .order(invoices::id.desc())
        .select(Invoice::as_select())
        .into_boxed();
    if let Some(kind) = &query.kind {
        select = select.filter(invoices::kind.eq(kind));
    }
    if let Some(payer) = &query.payer {
        let id = crate::customers::customer_row(conn, payer)?.id;
        select = select.filter(invoices::payer_party_id.eq(id));
    }
    if let Some(reception) = &query.reception {
        let id = crate::reception::seen(conn, actor, reception, Action::ViewMoney)?.id;
        select = select.filter(invoices::reception_id.eq(id));
    }
    if let Some(from) = query.from {
        select = select.filter(invoices::issued_on.ge(Day::from(from)));
    }
    if let Some(to) = query.to {
        select = select.filter(invoices::issued_on.le(Day::from(to)));
    }
    if let Some(after) = &query.after {
        select = select.filter(invoices::id.lt(seen(conn, actor, after, &[Action::ViewMoney])?.id));
    }
    let rows = select.limit(limit + 1).load_boxed(conn)?;
    let page = Page::of(rows, limit, |row: &Invoice| row.public_id.clone(), |row| row);
    let items = page
        .items
        .into_iter()
        .map(|row| {
            let payer = party_link(conn, row.payer_party_id)?;
            Ok(InvoiceRow {
                id: row.public_id,
                number: row.number,
                kind: row.kind,
                payer,
                issued_on: row.issued_on.date(),
                net: row.net_minor,
                vat: row.vat_minor,
                total: row.total_minor,
                paid: row.paid_minor,
                is_corrected: row.corrected_by_id.is_some(),
            })
        })
        .collect::<Result<_>>()?;
    Ok(Page { items, next: page.next })
}

/// The invoices of a hand-over.
///
/// # Errors
/// The store.
pub(crate) fn of_hand_over(conn: &mut Conn, hand_over_id: i64) -> Result<Vec<Invoice>> {
    let exists = hand_overs::table.find(hand_over_id).select(hand_overs::id).first::<i64>(conn)?;
    Ok(invoices::table
        .filter(invoices::hand_over_id.eq(exists))
        .filter(invoices::kind.ne("counter"))
        .order(invoices::id)
        .select(Invoice::as_select())
        .load(conn)?)
}
