//! Rows of papers and money, as they are stored. An `id` of 0 is given by the store.

use store::numbering::Series;
use store::query::*;
use store::schema::*;
use store::types::{At, Day};

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

    pub(super) fn series(self) -> Series {
        match self {
            Self::Service => Series::ServiceInvoice,
            Self::Warranty => Series::WarrantyInvoice,
            Self::Internal => Series::InternalCost,
            Self::Counter => Series::CounterDocument,
        }
    }
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = hand_overs, treat_none_as_default_value = false)]
pub struct HandOver {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub public_id: String,
    pub reception_id: i64,
    pub centre_id: i64,
    pub occurred_at: At,
    pub occurred_on: Day,
    pub handed_by: Option<i64>,
    pub receiver_kind: String,
    pub receiver_name: Option<String>,
    pub receiver_national_id: Option<String>,
    pub known_by: Option<String>,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = hand_over_repairs, treat_none_as_default_value = false)]
pub struct HandOverRepair {
    pub hand_over_id: i64,
    pub repair_id: i64,
    pub reopened_at: Option<At>,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = invoices, treat_none_as_default_value = false)]
pub struct Invoice {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub public_id: String,
    pub kind: String,
    pub number: String,
    pub number_key: String,
    pub centre_id: i64,
    pub legal_entity_id: i64,
    pub payer_party_id: i64,
    pub reception_id: Option<i64>,
    pub hand_over_id: Option<i64>,
    pub issued_at: At,
    pub issued_on: Day,
    pub issued_by: Option<i64>,
    pub currency: String,
    pub net_minor: i64,
    pub vat_minor: i64,
    pub total_minor: i64,
    pub paid_minor: i64,
    pub corrects_id: Option<i64>,
    pub corrected_by_id: Option<i64>,
    pub reason: Option<String>,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = invoice_lines, treat_none_as_default_value = false)]
pub struct InvoiceLine {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub invoice_id: i64,
    pub position: i64,
    pub repair_id: Option<i64>,
    pub work_line_id: Option<i64>,
    pub line_type: String,
    pub item_code: String,
    pub title_fa: String,
    pub title_en: String,
    pub quantity_milli: i64,
    pub net_minor: i64,
    pub vat_percent: i64,
    pub vat_minor: i64,
    pub total_minor: i64,
    pub internal_account: Option<String>,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = ledger_entries, treat_none_as_default_value = false)]
pub struct LedgerEntry {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub document_kind: String,
    pub document_id: i64,
    pub legal_entity_id: i64,
    pub account: String,
    pub party_id: Option<i64>,
    pub debit_minor: i64,
    pub credit_minor: i64,
    pub currency: String,
    pub booked_at: At,
    pub booked_on: Day,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = payments, treat_none_as_default_value = false)]
pub struct Payment {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub public_id: String,
    pub number: String,
    pub number_key: String,
    pub centre_id: i64,
    pub party_id: i64,
    pub invoice_id: i64,
    pub method: String,
    pub amount_minor: i64,
    pub currency: String,
    pub reference: Option<String>,
    pub paid_at: At,
    pub recorded_by: Option<i64>,
}
