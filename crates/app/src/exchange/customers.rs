//! A row as a customer, known again by subscription, identifier, or phone with name.

use domain::access::Action;
use domain::identifiers;
use domain::text::{fold, key as folded_key};

use super::table::Row;
use crate::customers::rows::Party;
use crate::customers::{CustomerView, SaveAddress, SaveCustomer, customer_view, is_kept_by, save_customer};
use crate::exchange::done::Done;
use store::Tx;
use store::error::{Error, Result};
use store::query::*;
use store::rights::Of;
use store::schema::{parties, party_numbers, party_phones};

/// People of one name and one phone who are looked at.
pub(super) const NAMESAKES: i64 = 20;

/// The code of a row that means a customer of other centres alone: each counts as one who is looked up.
pub(super) const STRANGER: &str = "customer-elsewhere";

pub(super) fn key(row: &Row<'_>) -> Result<String> {
    let name = fold(row.required("name")?);
    let number = |column: &str| row.text(column).map(|typed| format!("{column}:{}", folded_key(typed)));
    Ok(number("subscription").or_else(|| number("national_id")).or_else(|| number("company_id")).unwrap_or_else(|| {
        let phone = row.text("phone").map(|typed| identifiers::phone(typed).unwrap_or_else(|| folded_key(typed)));
        format!("{name}|{}|{}", phone.unwrap_or_default(), fold(row.text("address").unwrap_or_default()))
    }))
}

pub(super) fn import(tx: &mut Tx<'_>, row: &Row<'_>, known: Option<i64>, is_trial: bool) -> Result<Done> {
    // Whom the house knows is told to who keeps customers alone.
    tx.actor.may(Action::KeepCustomers, Of::Anything)?;
    let name = row.required("name")?;
    let old = match known {
        Some(id) => Some(id),
        None => find(tx, row, name)?,
    };
    let is_anothers = match old {
        Some(id) => !is_kept_by(tx.conn, tx.actor, id)?,
        None => false,
    };
    if is_anothers && !is_trial {
        return Err(Error::conflict(STRANGER));
    }
    let old = match old.filter(|_| !is_anothers) {
        Some(id) => {
            let party = parties::table.find(id).select(Party::as_select()).first(tx.conn)?;
            Some((id, customer_view(tx.conn, party)?))
        }
        None => None,
    };
    let before = old.as_ref().map(|(_, view)| saved(view)).unwrap_or_default();
    let phones = [row.text("phone"), row.text("phone2")].into_iter().flatten().map(str::to_owned).collect::<Vec<_>>();
    let address = row.text("address").map(|address| SaveAddress {
        address: address.to_owned(),
        city: row.owned("city"),
        postal_code: row.owned("postal_code"),
    });
    let wanted = SaveCustomer {
        name: name.to_owned(),
        is_company: row.flag("is_company")?.unwrap_or(before.is_company || row.text("company_id").is_some()),
        phones: if phones.is_empty() { before.phones.clone() } else { phones },
        addresses: address.map_or_else(|| before.addresses.clone(), |address| vec![address]),
        national_id: row.owned("national_id").or_else(|| before.national_id.clone()),
        company_id: row.owned("company_id").or_else(|| before.company_id.clone()),
        economic_code: row.owned("economic_code").or_else(|| before.economic_code.clone()),
        // What another has is not taken again by the trial of a row that may mean them.
        subscription: row.owned("subscription").filter(|_| !is_anothers).or_else(|| before.subscription.clone()),
        language: row.owned("language").or_else(|| before.language.clone()),
        note: row.owned("note").or_else(|| before.note.clone()),
    };
    let Some((id, view)) = old else {
        let made = save_customer(tx, None, &wanted)?;
        return Ok(Done::Written(
            parties::table.filter(parties::public_id.eq(made.id)).select(parties::id).first(tx.conn)?,
        ));
    };
    if normal(&before) == normal(&wanted) {
        return Ok(Done::Known);
    }
    save_customer(tx, Some((&view.id, None)), &wanted)?;
    Ok(Done::Written(id))
}

/// The customer whom the row means, by what no two customers share.
fn find(tx: &mut Tx<'_>, row: &Row<'_>, name: &str) -> Result<Option<i64>> {
    if let Some(number) = row.text("subscription") {
        let same = party_numbers::table
            .filter(party_numbers::kind.eq("subscription"))
            .filter(party_numbers::number_key.eq(folded_key(number)));
        return Ok(same.select(party_numbers::party_id).first(tx.conn).optional()?);
    }
    if let Some(number) = row.text("national_id").and_then(identifiers::national_id) {
        return Ok(parties::table
            .filter(parties::national_id.eq(number))
            .select(parties::id)
            .first(tx.conn)
            .optional()?);
    }
    let Some(phone) = row.text("phone").and_then(identifiers::phone) else { return Ok(None) };
    let same = party_phones::table.inner_join(parties::table.on(parties::id.eq(party_phones::party_id)));
    let namesakes = same
        .filter(party_phones::number.eq(phone))
        .filter(parties::name_key.eq(fold(name)))
        .order(parties::id)
        .limit(NAMESAKES)
        .select(parties::id);
    let namesakes = namesakes.load::<i64>(tx.conn)?;
    // One's own before those of others.
    for id in &namesakes {
        if is_kept_by(tx.conn, tx.actor, *id)? {
            return Ok(Some(*id));
        }
    }
    Ok(namesakes.first().copied())
}

fn saved(view: &CustomerView) -> SaveCustomer {
    SaveCustomer {
        name: view.name.clone(),
        is_company: view.is_company,
        phones: view.phones.clone(),
        addresses: view.addresses.clone(),
        national_id: view.national_id.clone(),
        company_id: view.company_id.clone(),
        economic_code: view.economic_code.clone(),
        subscription: view.subscription.clone(),
        language: Some(view.language.clone()),
        note: view.note.clone(),
    }
}

/// What two ways of writing one customer have in common.
fn normal(customer: &SaveCustomer) -> SaveCustomer {
    let number = |typed: &Option<String>| typed.as_deref().map(folded_key);
    SaveCustomer {
        phones: customer
            .phones
            .iter()
            .map(|phone| identifiers::phone(phone).unwrap_or_else(|| phone.clone()))
            .collect(),
        national_id: number(&customer.national_id),
        company_id: number(&customer.company_id),
        economic_code: number(&customer.economic_code),
        language: Some(customer.language.clone().unwrap_or_else(|| "fa".to_owned())),
        addresses: customer
            .addresses
            .iter()
            .map(|entry| SaveAddress { postal_code: number(&entry.postal_code), ..entry.clone() })
            .collect(),
        ..customer.clone()
    }
}
