//! An invoice on paper.

use serde::{Deserialize, Serialize};

use crate::billing::rows::Invoice;
use crate::billing::view::invoice_view;
use crate::customers::CustomerView;
use crate::papers::{Letterhead, NewPaper, issue, letterhead, party};
use store::Tx;
use store::error::{Error, Result};
use store::query::*;
use store::schema::{devices, invoice_lines, products, repairs};
use store::views::Title;

/// What an invoice is made from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InvoicePaper {
    pub letterhead: Letterhead,
    pub payer: CustomerView,
    pub invoice: super::InvoiceView,
    /// Number and device of each repair on it.
    pub repairs: Vec<(String, Title, String)>,
}

/// Issues an invoice on paper.
pub(crate) fn issue_invoice(tx: &mut Tx<'_>, row: &Invoice) -> Result<()> {
    let payer = party(tx.conn, row.payer_party_id)?;
    let language = payer.language.clone();
    let invoice = invoice_view(tx.conn, row.clone())?;
    // Of a visit that others pay for too, the repairs that stand on this invoice: its payer sees nobody else's device.
    let billed = invoice_lines::table.filter(invoice_lines::invoice_id.eq(row.id)).select(invoice_lines::repair_id);
    let repairs = repairs::table
        .inner_join(products::table.on(products::id.eq(repairs::product_id)))
        .inner_join(devices::table.on(devices::id.eq(repairs::device_id)))
        .filter(repairs::id.nullable().eq_any(billed))
        .order(repairs::ordinal)
        .select((repairs::number, (products::title_fa, products::title_en), devices::serial))
        .load::<(String, Title, String)>(tx.conn)?;
    let paper = InvoicePaper { letterhead: letterhead(tx.conn, row.centre_id)?, payer, invoice, repairs };
    let snapshot = serde_json::to_string(&paper).map_err(Error::internal)?;
    issue(
        tx,
        NewPaper {
            kind: "invoice",
            number: Some(row.number.clone()),
            revision: 1,
            centre_id: row.centre_id,
            subject_id: row.id,
            language,
            snapshot,
        },
    )
}
