//! Invoices as pages and the API show them.

use domain::access::Action;
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rows::{Invoice, InvoiceLine};
use crate::billing::paid::{PaymentView, payments_of};
use crate::catalogue::legal_entities::party_link;
use crate::papers;
use store::error::{Error, Result};
use store::query::*;
use store::rights::{Actor, Of};
use store::schema::{invoice_lines, invoices, receptions, repairs};
use store::views::{Link, NumberLink, PartyLink, Title};
use store::{Conn, link};

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
