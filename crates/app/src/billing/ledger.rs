//! The double-entry sub-ledger: few accounts, entries that balance per paper.

use jiff::civil::Date;

use super::rows::LedgerEntry;
use store::Tx;
use store::error::{Error, Result};
use store::query::*;
use store::schema::ledger_entries;
use store::types::At;

/// An account, with the party whose balance it is where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    Receivable(i64),
    Income(&'static str),
    Vat,
    Till(&'static str),
    /// What the house bears: `repair_warranty` or `goodwill`.
    InternalCost(&'static str),
}

impl Account {
    fn name(self) -> String {
        match self {
            Self::Receivable(_) => "receivable".to_owned(),
            Self::Income(kind) => format!("income_{kind}"),
            Self::Vat => "vat".to_owned(),
            Self::Till(kind) => format!("till_{kind}"),
            Self::InternalCost(kind) => format!("internal_{kind}"),
        }
    }

    fn party(self) -> Option<i64> {
        match self {
            Self::Receivable(party) => Some(party),
            _ => None,
        }
    }
}

/// The paper whose entries are booked.
#[derive(Clone, Debug)]
pub struct Booked<'a> {
    pub kind: &'a str,
    pub id: i64,
    pub legal_entity_id: i64,
    pub currency: &'a str,
    pub on: Date,
}

/// Books entries: positive amounts are debits, negative ones credits. They must balance.
///
/// # Errors
/// `Internal` where they do not.
pub fn book(tx: &mut Tx<'_>, paper: &Booked<'_>, entries: &[(Account, i64)]) -> Result<()> {
    let sum = entries.iter().map(|(_, amount)| i128::from(*amount)).sum::<i128>();
    if sum != 0 {
        return Err(Error::Internal(format!("entries of {} {} are off by {sum}", paper.kind, paper.id)));
    }
    for (account, amount) in entries.iter().filter(|(_, amount)| *amount != 0) {
        let row = LedgerEntry {
            id: 0,
            document_kind: paper.kind.to_owned(),
            document_id: paper.id,
            legal_entity_id: paper.legal_entity_id,
            account: account.name(),
            party_id: account.party(),
            debit_minor: (*amount).max(0),
            credit_minor: (-*amount).max(0),
            currency: paper.currency.to_owned(),
            booked_at: At::from(tx.occurred),
            booked_on: paper.on.into(),
        };
        diesel::insert_into(ledger_entries::table).values(row).execute(tx.conn)?;
    }
    Ok(())
}

/// The account of income of a type of line.
#[must_use]
pub fn income(line_type: &str) -> Account {
    Account::Income(match line_type {
        "part" => "part",
        "travel" => "travel",
        "shipping" => "shipping",
        _ => "labour",
    })
}
