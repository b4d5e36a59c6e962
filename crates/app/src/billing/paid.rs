//! What was paid of an invoice.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rows::Payment;
use store::Conn;
use store::error::Result;
use store::query::*;
use store::schema::payments;

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PaymentView {
    pub id: String,
    pub number: String,
    /// cash, card, transfer, or carried: paid of another invoice of the visit, which was corrected since.
    pub method: String,
    /// In minor units; less than nothing on the invoice from which it was carried over.
    pub amount: i64,
    /// Number of the card slip or the transfer; of the other invoice, where it was carried over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    #[schemars(with = "String")]
    pub paid_at: Timestamp,
}

pub(crate) fn payments_of(conn: &mut Conn, invoice_id: i64) -> Result<Vec<PaymentView>> {
    let rows = payments::table
        .filter(payments::invoice_id.eq(invoice_id))
        .order(payments::id)
        .select(Payment::as_select())
        .load::<Payment>(conn)?;
    Ok(rows
        .into_iter()
        .map(|row| PaymentView {
            id: row.public_id,
            number: row.number,
            method: row.method,
            amount: row.amount_minor,
            reference: row.reference,
            paid_at: row.paid_at.instant(),
        })
        .collect())
}
