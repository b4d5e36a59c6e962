//! Payments: in cash, by card or by transfer, whole or part.

use domain::access::Action;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::invoices::invoice_for;
use super::ledger::{Account, Booked, book};
use super::rows::Payment;
use crate::error::{Arg, Error, Fault, Result};
use crate::store::numbering::{self, Series};
use crate::store::query::*;
use crate::store::schema::{centres, invoices, payments};
use crate::store::types::At;
use crate::store::{Conn, Event, Subject, Tx};

domain::words! {
    /// How money comes in.
    Method { Cash = "cash", Card = "card", Transfer = "transfer" }
}

/// Records what was paid of an invoice.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordPayment {
    pub method: Method,
    /// In minor units; absent: all that is open.
    #[schemars(range(min = 1, max = 1_000_000_000_000_000_i64), extend("x-unit" = "money"))]
    #[serde(default)]
    pub amount: Option<i64>,
    /// Number of the card slip or the transfer.
    #[schemars(length(max = 100))]
    #[serde(default)]
    pub reference: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PaymentView {
    pub id: String,
    pub number: String,
    pub method: String,
    pub amount: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    #[schemars(with = "String")]
    pub paid_at: Timestamp,
}

pub(crate) fn payments_of(conn: &mut Conn, invoice_id: i64) -> Result<Vec<PaymentView>> {
    let rows = payments::table.filter(payments::invoice_id.eq(invoice_id)).order(payments::id).select(Payment::as_select()).load::<Payment>(conn)?;
    Ok(rows
        .into_iter()
        .map(|row| PaymentView { id: row.public_id, number: row.number, method: row.method, amount: row.amount_minor, reference: row.reference, paid_at: row.paid_at.instant() })
        .collect())
}

/// # Errors
/// `Forbidden`, `NotFound`; `Invalid` for more than is open; `Conflict` for an internal cost or a counter-document.
pub fn record_payment(tx: &mut Tx<'_>, invoice: &str, command: &RecordPayment) -> Result<PaymentView> {
    let invoice = invoice_for(tx.conn, tx.actor, invoice, Action::RecordPayment)?;
    if !matches!(invoice.kind.as_str(), "service" | "warranty") {
        return Err(Error::conflict("nothing-to-pay"));
    }
    let corrected = invoices::table.filter(invoices::corrects_id.eq(invoice.id)).select(invoices::total_minor).load::<i64>(tx.conn)?.into_iter().sum::<i64>();
    let open = invoice.total_minor + corrected - invoice.paid_minor;
    let amount = command.amount.unwrap_or(open);
    if open <= 0 {
        return Err(Error::conflict("nothing-to-pay"));
    }
    if amount < 1 || amount > open {
        return Err(Error::Invalid(vec![Fault::new("amount", "more-than-open").with("open", Arg::money(open, tx.actor.unit))]));
    }
    let (code, zone) = centres::table.find(invoice.centre_id).select((centres::code, centres::time_zone)).first::<(String, String)>(tx.conn)?;
    let on = tx.today_in(&zone);
    let number = numbering::next(tx, Series::Payment, (invoice.centre_id, &code), on)?;
    let row = Payment {
        id: 0,
        public_id: tx.public_id(),
        number_key: domain::text::key(&number),
        number: number.clone(),
        centre_id: invoice.centre_id,
        party_id: invoice.payer_party_id,
        invoice_id: invoice.id,
        method: command.method.name().to_owned(),
        amount_minor: amount,
        currency: invoice.currency.clone(),
        reference: command.reference.clone(),
        paid_at: At::from(tx.occurred),
        recorded_by: tx.actor.user_id,
    };
    let view = PaymentView { id: row.public_id.clone(), number, method: row.method.clone(), amount, reference: row.reference.clone(), paid_at: tx.occurred };
    let id = diesel::insert_into(payments::table).values(row).returning(payments::id).get_result::<i64>(tx.conn)?;
    diesel::update(invoices::table.find(invoice.id)).set(invoices::paid_minor.eq(invoices::paid_minor + amount)).execute(tx.conn)?;
    let paper = Booked { kind: "payment", id, legal_entity_id: invoice.legal_entity_id, currency: &invoice.currency, on };
    let till = Account::Till(match command.method {
        Method::Cash => "cash",
        Method::Card => "card",
        Method::Transfer => "bank",
    });
    book(tx, &paper, &[(till, amount), (Account::Receivable(invoice.payer_party_id), -amount)])?;
    let event = Event::PaymentRecorded { number: view.number.clone(), method: view.method.clone(), amount };
    tx.record(Some(invoice.centre_id), &event, &[Subject::Invoice(invoice.id), Subject::Customer(invoice.payer_party_id)])?;
    Ok(view)
}
