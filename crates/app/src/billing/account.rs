//! The account of a customer or a warrantor: a view of one account of the ledger, with the entries that make its
//! balance.

use domain::access::Action;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rows::LedgerEntry;
use crate::catalogue::legal_entities::party_link;
use crate::customers::{customer_row, is_known_to};
use store::Conn;
use store::error::{Error, Result};
use store::query::*;
use store::rights::{Actor, Of};
use store::schema::{invoices, ledger_entries, party_roles, payments};
use store::views::PartyLink;

/// What a party owes for what the reader sees, and why. Amounts in minor units.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AccountView {
    pub party: PartyLink,
    /// What is owed to the house; below 0 the house owes.
    pub owed: i64,
    pub entries: Vec<AccountEntry>,
}

/// An entry of the account, oldest first.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AccountEntry {
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// invoice or payment.
    pub document: String,
    pub number: String,
    pub debit: i64,
    pub credit: i64,
    /// What was owed after it.
    pub owed: i64,
}

/// # Errors
/// `Forbidden`, `NotFound`.
pub fn get_account(conn: &mut Conn, actor: &Actor, party: &str) -> Result<AccountView> {
    actor.may(Action::ViewMoney, Of::Anything)?;
    let row = customer_row(conn, party)?;
    // Makers, insurers and the like are no secret; what they owe is told as far as its invoices are.
    let is_company = party_roles::table
        .filter(party_roles::party_id.eq(row.id))
        .filter(party_roles::role.ne("customer"))
        .select(party_roles::role);
    if is_company.first::<String>(conn).optional()?.is_none()
        && !is_known_to(conn, actor, &[Action::ViewMoney], row.id)?
    {
        return Err(Error::NotFound);
    }
    let party_id = row.id;
    let rows = ledger_entries::table
        .filter(actor.scope(Action::ViewMoney).rows::<ledger_entries::table>())
        .filter(ledger_entries::party_id.eq(party_id))
        .filter(ledger_entries::account.eq("receivable"))
        .order(ledger_entries::id)
        .select(LedgerEntry::as_select())
        .load::<LedgerEntry>(conn)?;
    let mut owed = 0;
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows {
        owed += row.debit_minor - row.credit_minor;
        let (document, number) = if row.document_kind == "payment" {
            ("payment", payments::table.find(row.document_id).select(payments::number).first::<String>(conn)?)
        } else {
            ("invoice", invoices::table.find(row.document_id).select(invoices::number).first::<String>(conn)?)
        };
        entries.push(AccountEntry {
            at: row.booked_at.instant(),
            document: document.to_owned(),
            number,
            debit: row.debit_minor,
            credit: row.credit_minor,
            owed,
        });
    }
    Ok(AccountView { party: party_link(conn, party_id)?, owed, entries })
}
