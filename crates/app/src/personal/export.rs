//! All that is kept of a customer in one file, as a person may ask for it.

use domain::access::Action;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::billing::account::{AccountView, get_account};
use crate::billing::list::{InvoiceRow, ListInvoices, list_invoices};
use crate::customers::{CustomerView, customer_view, known_customer};
use crate::devices::view::{DeviceRow, ListDevices, list_devices};
use crate::lookup::{GetTimeline, TimelineEntry, get_timeline};
use crate::messaging::MessageView;
use crate::messaging::rows::Message;
use crate::reception::view::{ListReceptions, ReceptionRow, list_receptions};
use store::error::Result;
use store::query::*;
use store::rights::Of;
use store::schema::{messages, party_phones};
use store::views::Page;
use store::{Conn, Event, MAX_PAGE, Subject, Tx};

/// All that is kept of a customer.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PersonalData {
    pub customer: CustomerView,
    pub devices: Vec<DeviceRow>,
    pub receptions: Vec<ReceptionRow>,
    pub invoices: Vec<InvoiceRow>,
    pub account: AccountView,
    pub messages: Vec<MessageView>,
    /// What happened, and who looked at the customer.
    pub history: Vec<TimelineEntry>,
}

/// All pages of a list.
fn all<T>(mut list: impl FnMut(Option<String>) -> Result<Page<T>>) -> Result<Vec<T>> {
    let mut items = Vec::new();
    let mut after = None;
    loop {
        let page = list(after)?;
        items.extend(page.items);
        after = page.next;
        if after.is_none() {
            return Ok(items);
        }
    }
}

/// Gathers all that is kept of a customer, and writes down who did.
///
/// # Errors
/// `Forbidden`, `NotFound`.
pub fn export_customer(tx: &mut Tx<'_>, public_id: &str) -> Result<PersonalData> {
    tx.actor.may(Action::KeepPersonalData, Of::All)?;
    let row = known_customer(tx.conn, tx.actor, &[Action::KeepPersonalData], public_id)?;
    tx.record(None, &Event::CustomerExported, &[Subject::Customer(row.id)])?;
    let (conn, actor) = (&mut *tx.conn, tx.actor);
    let (id, limit) = (|| Some(public_id.to_owned()), Some(MAX_PAGE));
    Ok(PersonalData {
        devices: all(|after| {
            list_devices(conn, actor, &ListDevices { owner: id(), after, limit, ..ListDevices::default() })
        })?,
        receptions: all(|after| {
            list_receptions(conn, actor, &ListReceptions { customer: id(), after, limit, ..ListReceptions::default() })
        })?,
        invoices: all(|after| {
            list_invoices(conn, actor, &ListInvoices { payer: id(), after, limit, ..ListInvoices::default() })
        })?,
        account: get_account(conn, actor, public_id)?,
        messages: messages_to(conn, row.id)?,
        history: all(|after| {
            get_timeline(
                conn,
                actor,
                &GetTimeline { subject: "customer".to_owned(), id: public_id.to_owned(), after, limit },
            )
        })?,
        customer: customer_view(conn, row)?,
    })
}

/// What was sent to a customer's phones.
fn messages_to(conn: &mut Conn, party_id: i64) -> Result<Vec<MessageView>> {
    let phones = party_phones::table
        .filter(party_phones::party_id.eq(party_id))
        .select(party_phones::number)
        .load::<String>(conn)?;
    let rows = messages::table
        .filter(messages::to_number.eq_any(phones))
        .order(messages::id)
        .select(Message::as_select())
        .load::<Message>(conn)?;
    Ok(rows.into_iter().map(MessageView::from).collect())
}
