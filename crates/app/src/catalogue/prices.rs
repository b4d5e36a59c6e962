//! What things cost, and the tax on it: dated, so that a past bill stays right.

use domain::access::Action;
use jiff::civil::Date;

use super::rows::Price;
use store::error::Result;
use store::query::*;
use store::rights::Actor;
use store::schema::{prices, vat_rates};
use store::types::Day;
use store::{Conn, Tx};

/// What has a price.
#[derive(Clone, Copy, Debug)]
pub enum Item {
    Product(i64),
    Service(i64),
}

/// The price that holds now for a payer, or the general one; None where there is none.
///
/// # Errors
/// The store.
pub fn current(conn: &mut Conn, item: Item, payer: Option<i64>) -> Result<Option<i64>> {
    let mut select = prices::table
        .order((prices::from_on.desc(), prices::id.desc()))
        .select((prices::payer_party_id, prices::amount_minor))
        .into_boxed();
    select = match item {
        Item::Product(id) => select.filter(prices::product_id.eq(id)),
        Item::Service(id) => select.filter(prices::service_id.eq(id)),
    };
    let rows = select.load_boxed::<(Option<i64>, i64)>(conn)?;
    let of = |wanted: Option<i64>| rows.iter().find(|(payer, _)| *payer == wanted).map(|(_, amount)| *amount);
    Ok(payer.and_then(|payer| of(Some(payer))).or_else(|| of(None)))
}

/// Whether an actor is told what things cost: who sees money anywhere, or keeps the catalogue.
#[must_use]
pub(crate) fn are_seen_by(actor: &Actor) -> bool {
    actor.can(Action::ViewMoney) || actor.can(Action::KeepCatalogue)
}

/// Sets a price from a day on, where it differs from the one that holds.
///
/// # Errors
/// The store.
pub fn set(tx: &mut Tx<'_>, price: Price) -> Result<()> {
    let item = price.product_id.map_or(Item::Service(price.service_id.unwrap_or(0)), Item::Product);
    if current(tx.conn, item, price.payer_party_id)? != Some(price.amount_minor) {
        diesel::insert_into(prices::table).values(price).execute(tx.conn)?;
    }
    Ok(())
}

/// The VAT in percent of a tax class on a day: the latest rate that had begun by then; 0 where none had.
///
/// # Errors
/// The store.
pub fn vat_percent(conn: &mut Conn, tax_class: &str, on: Date) -> Result<i64> {
    let rate = vat_rates::table
        .filter(vat_rates::tax_class.eq(tax_class))
        .filter(vat_rates::from_on.le(Day::from(on)))
        .order(vat_rates::from_on.desc())
        .select(vat_rates::percent)
        .first(conn)
        .optional()?;
    Ok(rate.unwrap_or(0))
}
