//! Invoices: issued from the decided shares, numbered, immutable, corrected by counter-documents.

use domain::access::Action;
use domain::money::percent_of;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ledger::{Account, Booked, book, income};
use super::paper;
use super::rows::{Invoice, InvoiceLine};
use crate::billing::rows::Kind;
use crate::billing::view::{InvoiceView, invoice_for, invoice_view};
use crate::catalogue::prices::vat_percent;
use crate::catalogue::rows::Centre;
use crate::repair::rows::WorkLine;
use store::error::{Error, Reason, Result};
use store::query::*;
use store::schema::{centres, hand_overs, invoice_lines, invoices};
use store::search_keys::{Target, add};
use store::types::At;
use store::{Conn, Event, Subject, Tx, numbering, settings};

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
    paper::issue_invoice(tx, &invoice)?;
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
