//! Payments: in cash, by card or by transfer, whole or part.

use domain::access::Action;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ledger::{Account, Booked, book};
use super::rows::{Invoice, Payment};
use crate::billing::paid::PaymentView;
use crate::billing::view::invoice_for;
use store::error::{Arg, Error, Fault, Result};
use store::numbering::Series;
use store::query::*;
use store::schema::{centres, invoices, payments};
use store::types::At;
use store::{Conn, Event, Subject, Tx, numbering};

domain::words! {
    /// How money comes in.
    Method { Cash = "cash", Card = "card", Transfer = "transfer" }
}

/// What was paid of another invoice, and is paid of this one now: by no hand.
const CARRIED: &str = "carried";

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

/// # Errors
/// `Forbidden`, `NotFound`; `Invalid` for more than is open; `Conflict` for an internal cost or a counter-document.
pub fn record_payment(tx: &mut Tx<'_>, invoice: &str, command: &RecordPayment) -> Result<PaymentView> {
    let invoice = invoice_for(tx.conn, tx.actor, invoice, Action::RecordPayment)?;
    if !matches!(invoice.kind.as_str(), "service" | "warranty") {
        return Err(Error::conflict("nothing-to-pay"));
    }
    let open = open_of(tx.conn, &invoice)?;
    let amount = command.amount.unwrap_or(open);
    if open <= 0 {
        return Err(Error::conflict("nothing-to-pay"));
    }
    if amount < 1 || amount > open {
        return Err(Error::Invalid(vec![
            Fault::new("amount", "more-than-open").with("open", Arg::money(open, tx.actor.unit)),
        ]));
    }
    let (row, on) = write(tx, &invoice, command.method.name(), amount, command.reference.clone())?;
    let view = PaymentView {
        id: row.public_id,
        number: row.number,
        method: row.method,
        amount,
        reference: row.reference,
        paid_at: tx.occurred,
    };
    let paper = Booked {
        kind: "payment",
        id: row.id,
        legal_entity_id: invoice.legal_entity_id,
        currency: &invoice.currency,
        on,
    };
    let till = Account::Till(match command.method {
        Method::Cash => "cash",
        Method::Card => "card",
        Method::Transfer => "bank",
    });
    book(tx, &paper, &[(till, amount), (Account::Receivable(invoice.payer_party_id), -amount)])?;
    let event = Event::PaymentRecorded { number: view.number.clone(), method: view.method.clone(), amount };
    tx.record(
        Some(invoice.centre_id),
        &event,
        &[Subject::Invoice(invoice.id), Subject::Customer(invoice.payer_party_id)],
    )?;
    Ok(view)
}

/// What is still to be paid of an invoice; less than nothing where more was paid than it comes to since it was
/// corrected.
fn open_of(conn: &mut Conn, invoice: &Invoice) -> Result<i64> {
    let corrected = invoices::table
        .filter(invoices::corrects_id.eq(invoice.id))
        .select(invoices::total_minor)
        .load::<i64>(conn)?
        .into_iter()
        .sum::<i64>();
    Ok(invoice.total_minor + corrected - invoice.paid_minor)
}

/// Writes a payment of an invoice, with its number and on the centre's day.
fn write(
    tx: &mut Tx<'_>,
    invoice: &Invoice,
    method: &str,
    amount: i64,
    reference: Option<String>,
) -> Result<(Payment, Date)> {
    let (code, zone) =
        centres::table
            .find(invoice.centre_id)
            .select((centres::code, centres::time_zone))
            .first::<(String, String)>(tx.conn)?;
    let on = tx.today_in(&zone);
    let number = numbering::next(tx, Series::Payment, (invoice.centre_id, &code), on)?;
    let row = Payment {
        id: 0,
        public_id: tx.public_id(),
        number_key: domain::text::key(&number),
        number,
        centre_id: invoice.centre_id,
        party_id: invoice.payer_party_id,
        invoice_id: invoice.id,
        method: method.to_owned(),
        amount_minor: amount,
        currency: invoice.currency.clone(),
        reference,
        paid_at: At::from(tx.occurred),
        recorded_by: tx.actor.user_id,
    };
    let id =
        diesel::insert_into(payments::table).values(row.clone()).returning(payments::id).get_result::<i64>(tx.conn)?;
    diesel::update(invoices::table.find(invoice.id))
        .set(invoices::paid_minor.eq(invoices::paid_minor + amount))
        .execute(tx.conn)?;
    Ok((Payment { id, ..row }, on))
}

/// What was paid of an invoice of this visit that was corrected since, as after a reopening, is paid of the one that
/// takes its place: from the one paper to the other, and nobody pays twice. What is owed in all stays as it is, so that
/// nothing is booked.
///
/// # Errors
/// The store.
pub(super) fn carry_over(tx: &mut Tx<'_>, invoice: &Invoice) -> Result<()> {
    let earlier = invoices::table
        .filter(invoices::reception_id.eq(invoice.reception_id))
        .filter(invoices::payer_party_id.eq(invoice.payer_party_id))
        .filter(invoices::kind.eq(&invoice.kind))
        .filter(invoices::legal_entity_id.eq(invoice.legal_entity_id))
        .filter(invoices::currency.eq(&invoice.currency))
        .filter(invoices::id.lt(invoice.id))
        .order(invoices::id)
        .select(Invoice::as_select())
        .load::<Invoice>(tx.conn)?;
    let mut open = invoice.total_minor;
    for old in earlier {
        let amount = open.min(-open_of(tx.conn, &old)?);
        if amount > 0 {
            write(tx, &old, CARRIED, -amount, Some(invoice.number.clone()))?;
            write(tx, invoice, CARRIED, amount, Some(old.number.clone()))?;
            let event = Event::PaymentCarried { from: old.number.clone(), to: invoice.number.clone(), amount };
            tx.record(
                Some(invoice.centre_id),
                &event,
                &[Subject::Invoice(old.id), Subject::Invoice(invoice.id), Subject::Customer(invoice.payer_party_id)],
            )?;
            open -= amount;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::reopen::{ReopenRepair, reopen_repair};
    use crate::testing::{MANAGER, RECEPTIONIST, in_a_house, told};

    #[test]
    fn what_was_paid_before_a_repair_was_reopened_is_not_paid_again() {
        in_a_house(|house| {
            house.at("1405/09/02 10:00");
            let customer = house.customer("حسن مرادی", "09121112233");
            let device = house.device("TV-1", "T-1", "1400/08/24", &[]);
            let mut visit = house.receive(&customer, &[(&device, "no-power")]);
            let repair = visit.repairs.remove(0).id;
            house.ready(&repair);
            house.operation(&repair, "SVC-ANY", Some(1_000_000));
            house.agree(&repair);
            let first = house.hand_over(&visit.id, &[]).invoices.remove(0);
            let pay = |id: &str, amount: Option<i64>| {
                told(house.by(RECEPTIONIST, |tx| {
                    record_payment(tx, id, &RecordPayment { method: Method::Card, amount, reference: None })
                }))
            };
            assert_eq!(pay(&first.id, Some(900_000)), "done");
            let again = ReopenRepair { reason: "it hums".to_owned() };
            house.by(MANAGER, |tx| reopen_repair(tx, &repair, &again)).expect("reopened");
            let line = house.operation(&repair, "SVC-FAN", Some(200_000));
            house.agree(&repair);
            let second = house.hand_over(&visit.id, &[]).invoices.remove(0);
            assert_eq!((second.total, second.paid), (1_320_000, 900_000), "{line}");
            assert_eq!(pay(&second.id, Some(420_001)), "amount: more-than-open");
            assert_eq!(pay(&second.id, None), "done");
            assert_eq!(pay(&first.id, None), "nothing-to-pay");
            assert!(house.db.read(crate::check::findings).expect("checked").is_empty());
        });
    }
}
