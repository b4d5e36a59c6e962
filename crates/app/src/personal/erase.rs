//! Erasing what is kept of a customer as a person.
//!
//! Issued papers stay, since the law wants them kept; so do repairs, devices and the journal, which point to the
//! customer and bear nothing personal (domain rule 6).

use domain::access::Action;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::customers::known_customer;
use crate::customers::rows::Party;
use crate::exchange::forget_files;
use store::error::{Error, Faults, Result};
use store::idempotency::forget_answers;
use store::query::*;
use store::rights::Of;
use store::schema::{
    agreements, attachments, hand_overs, ledger_entries, messages, parties, party_addresses, party_numbers,
    party_phones, party_roles, receptions, repair_details, repairs,
};
use store::search_keys::{Target, put};
use store::types::At;
use store::{Conn, Event, Subject, Tx};

/// Erases what is kept of a customer as a person; it cannot be undone.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EraseCustomer {
    /// Who asked, and how: it stays in the journal. No personal data.
    #[schemars(length(min = 1, max = 500), example = &"letter 1405/214 of the customer")]
    pub reason: String,
}

/// When a customer was erased.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Erased {
    pub id: String,
    #[schemars(with = "String")]
    pub at: Timestamp,
}

/// # Errors
/// `Forbidden`, `NotFound`; `Invalid` without a reason; `Conflict` while work is open or money is owed, and for a party
/// of the installation itself.
pub fn erase_customer(tx: &mut Tx<'_>, public_id: &str, command: &EraseCustomer) -> Result<Erased> {
    tx.actor.may(Action::KeepPersonalData, Of::All)?;
    let row = known_customer(tx.conn, tx.actor, &[Action::KeepPersonalData], public_id)?;
    let mut faults = Faults::default();
    faults.check(!command.reason.trim().is_empty(), "reason", "required");
    faults.told()?;
    may_be_erased(tx.conn, &row)?;
    erase(tx, &row, command.reason.trim())?;
    Ok(Erased { id: row.public_id, at: tx.now })
}

/// Erases whom `may_be_erased` allows.
pub(super) fn erase(tx: &mut Tx<'_>, row: &Party, reason: &str) -> Result<()> {
    // Before the phones go, by which they are found.
    let phones = party_phones::table
        .filter(party_phones::party_id.eq(row.id))
        .select(party_phones::number)
        .load::<String>(tx.conn)?;
    diesel::delete(messages::table.filter(messages::to_number.eq_any(phones))).execute(tx.conn)?;
    diesel::delete(party_phones::table.filter(party_phones::party_id.eq(row.id))).execute(tx.conn)?;
    diesel::delete(party_addresses::table.filter(party_addresses::party_id.eq(row.id))).execute(tx.conn)?;
    diesel::delete(party_numbers::table.filter(party_numbers::party_id.eq(row.id))).execute(tx.conn)?;
    for kind in ["name", "phone", "number"] {
        put(tx.conn, Target::Customer, row.id, kind, &[])?;
    }
    let visits = receptions::table.filter(receptions::customer_id.eq(row.id)).select(receptions::id);
    let work = repairs::table.filter(repairs::customer_id.eq(row.id)).select(repairs::id);
    diesel::update(receptions::table.filter(receptions::customer_id.eq(row.id)))
        .set(receptions::note.eq(None::<String>))
        .execute(tx.conn)?;
    diesel::update(repair_details::table.filter(repair_details::repair_id.eq_any(work)))
        .set((repair_details::reported_note.eq(None::<String>), repair_details::passcode.eq(None::<String>)))
        .execute(tx.conn)?;
    diesel::update(hand_overs::table.filter(hand_overs::reception_id.eq_any(visits)))
        .set((hand_overs::receiver_name.eq(None::<String>), hand_overs::receiver_national_id.eq(None::<String>)))
        .execute(tx.conn)?;
    diesel::update(agreements::table.filter(agreements::repair_id.eq_any(work)))
        .set(agreements::who.eq(None::<String>))
        .execute(tx.conn)?;
    let photos = attachments::table.filter(attachments::repair_id.eq_any(work.nullable()));
    diesel::delete(photos).execute(tx.conn)?;
    forget_answers(tx.conn, &row.public_id)?;
    // Which of their rows are this customer's nobody can tell any more; what is over was imported.
    forget_files(tx.conn, None)?;
    diesel::update(parties::table.find(row.id))
        .set((
            (
                parties::name.eq(NOBODY),
                parties::name_key.eq(ERASED_KEY),
                parties::national_id.eq(None::<String>),
                parties::company_id.eq(None::<String>),
            ),
            (
                parties::economic_code.eq(None::<String>),
                parties::note.eq(None::<String>),
                parties::version.eq(row.version + 1),
            ),
            parties::retired_at.eq(Some(At::from(tx.now))),
        ))
        .execute(tx.conn)?;
    tx.record(None, &Event::CustomerErased { reason: reason.to_owned() }, &[Subject::Customer(row.id)])?;
    Ok(())
}

/// What stands in place of the name of who was erased, in either language.
const NOBODY: &str = "پاک‌شده / erased";

/// What stands in place of the folded name: nobody is found by it.
pub(super) const ERASED_KEY: &str = "";

/// Nothing is open, nothing is owed, and the customer is nothing else for the installation.
pub(super) fn may_be_erased(conn: &mut Conn, row: &Party) -> Result<()> {
    let other_roles = party_roles::table
        .filter(party_roles::party_id.eq(row.id))
        .filter(party_roles::role.ne("customer"))
        .select(party_roles::role)
        .first::<String>(conn);
    if other_roles.optional()?.is_some() {
        return Err(Error::conflict("still-in-use"));
    }
    let open = repairs::table
        .filter(repairs::customer_id.eq(row.id))
        .filter(repairs::is_open.eq(true))
        .select(repairs::id)
        .first::<i64>(conn)
        .optional()?;
    if open.is_some() {
        return Err(Error::conflict("has-open-work"));
    }
    let entries = ledger_entries::table
        .filter(ledger_entries::party_id.eq(row.id))
        .filter(ledger_entries::account.eq("receivable"));
    let entries =
        entries.select((ledger_entries::debit_minor, ledger_entries::credit_minor)).load::<(i64, i64)>(conn)?;
    if entries.iter().map(|(debit, credit)| debit - credit).sum::<i64>() != 0 {
        return Err(Error::conflict("has-open-account"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::customers::{SaveAddress, SaveCustomer, save_customer};
    use crate::personal::export::export_customer;
    use crate::testing::in_a_house;

    #[test]
    fn all_of_a_customer_is_told_and_then_nothing_of_them_is_left_outside_issued_papers() {
        in_a_house(|house| {
            house.at("1405/09/02 08:00");
            let customer = house.by(crate::testing::RECEPTIONIST, |tx| {
                let command = SaveCustomer {
                    name: "زهرا کریمی".to_owned(),
                    phones: vec!["09123456789".to_owned()],
                    addresses: vec![SaveAddress {
                        address: "خیابان مطهری".to_owned(), ..SaveAddress::default()
                    }],
                    national_id: Some("0499370899".to_owned()),
                    subscription: Some("A-7".to_owned()),
                    note: Some("زنگ خراب است".to_owned()),
                    ..SaveCustomer::default()
                };
                save_customer(tx, None, &command)
            });
            let customer = customer.expect("a customer");
            let device = house.device("TV-1", "T-1", "1404/01/15", &[]);
            let visit = house.receive(&customer.id, &[(&device, "no-power")]);
            house.write(|tx| {
                crate::messaging::queue(tx, None, "+989123456789", "زهرا کریمی، دستگاه آماده است", "ready")
            });
            let told = house.write(|tx| export_customer(tx, &customer.id));
            assert_eq!((told.customer.name.as_str(), told.receptions.len(), told.messages.len()), ("زهرا کریمی", 1, 1));
            assert!(told.history.iter().any(|entry| entry.event == "customer_exported"), "who asked is told too");

            let erase = |reason: &str| {
                house.db.write(&house.admin, |tx| {
                    erase_customer(tx, &customer.id, &EraseCustomer { reason: reason.to_owned() })
                })
            };
            assert!(matches!(erase(" "), Err(Error::Invalid(_))));
            assert!(matches!(erase("letter 7"), Err(Error::Conflict(reason)) if reason.code == "has-open-work"));
            let by_reception = house.by(crate::testing::RECEPTIONIST, |tx| {
                erase_customer(tx, &customer.id, &EraseCustomer { reason: "x".to_owned() })
            });
            assert!(matches!(by_reception, Err(Error::Forbidden(_))));
            house.write(|tx| {
                crate::reception::cancel_reception(
                    tx,
                    &visit.id,
                    None,
                    &crate::reception::CancelReception { reason: "no".to_owned() },
                )
            });
            erase("letter 7").expect("erased");

            let left = house.write(|tx| export_customer(tx, &customer.id));
            let text = serde_json::to_string(&left).expect("JSON");
            for personal in ["زهرا", "کریمی", "9123456789", "مطهری", "0499370899", "A-7", "زنگ"] {
                assert!(!text.contains(personal), "{personal} in {text}");
            }
            assert_eq!((left.receptions.len(), left.messages.len(), left.customer.is_retired), (1, 0, true));
            let found = house.db.read(|conn| crate::customers::numbered(conn, "09123456789")).expect("looked up");
            assert_eq!(found, None);
        });
    }
}
