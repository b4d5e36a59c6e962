//! The list of invoices.

use domain::access::Action;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rows::Invoice;
use crate::billing::view::seen;
use crate::catalogue::legal_entities::party_link;
use store::Conn;
use store::error::{OrInvalid, Result};
use store::query::*;
use store::rights::{Actor, Of};
use store::schema::invoices;
use store::types::Day;
use store::views::{Page, PartyLink};

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
        // Whom nobody knows pays as little as somebody who is none of the actor's.
        let id = crate::customers::customer_row(conn, payer).if_there()?.map_or(-1, |party| party.id);
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
