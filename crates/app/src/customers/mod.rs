//! Customers: people and companies, with their phones, addresses and numbers.
//!
//! Words: a *party* is anybody that the installation deals with; a customer is a party in that role. Invariants: a
//! phone is stored in E.164, an identifier with its check digit verified; what was typed as a name is kept, its folded
//! form is what is searched; personal data stands here and in issued documents only.

pub mod rows;

use domain::access::Action;
use domain::identifiers;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::rows::{Party, PartyAddress, PartyNumber, PartyPhone, PartyRole};
use crate::access::guesses::{self, Tried};
use crate::catalogue::same_version;
use store::error::{Error, Fault, Faults, Result};
use store::query::*;
use store::rights::{Actor, Of};
use store::schema::{
    device_states, journal, journal_subjects, parties, party_addresses, party_numbers, party_phones, party_roles,
    repairs, search_keys,
};
use store::search_keys::{Target, name_keys, put};
use store::types::At;
use store::views::{ListQuery, Page};
use store::{Conn, Event, Subject, Tx};

/// A person or a company that is served.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveCustomer {
    #[schemars(length(min = 1, max = 200), example = &"زهرا کریمی")]
    pub name: String,
    /// Whether it is a company.
    #[serde(default)]
    pub is_company: bool,
    /// The first is the one that is called.
    #[serde(default)]
    #[schemars(length(max = 10), inner(length(max = 30)))]
    pub phones: Vec<String>,
    #[serde(default)]
    #[schemars(length(max = 10))]
    pub addresses: Vec<SaveAddress>,
    /// National ID of a person.
    #[schemars(length(max = 30))]
    #[serde(default)]
    pub national_id: Option<String>,
    /// National ID of a company.
    #[schemars(length(max = 30))]
    #[serde(default)]
    pub company_id: Option<String>,
    #[schemars(length(max = 30))]
    #[serde(default)]
    pub economic_code: Option<String>,
    /// Subscription number: a key of the customer.
    #[schemars(length(max = 60))]
    #[serde(default)]
    pub subscription: Option<String>,
    /// Language of receipts and messages.
    #[schemars(regex(pattern = "^(fa|en)$"))]
    #[serde(default)]
    pub language: Option<String>,
    #[schemars(length(max = 1000))]
    #[serde(default)]
    pub note: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveAddress {
    #[schemars(length(min = 1, max = 300), example = &"خیابان مطهری، پلاک ۱۲")]
    pub address: String,
    #[schemars(length(max = 60))]
    #[serde(default)]
    pub city: Option<String>,
    #[schemars(length(max = 30))]
    #[serde(default)]
    pub postal_code: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerView {
    pub id: String,
    pub name: String,
    pub is_company: bool,
    /// In E.164.
    pub phones: Vec<String>,
    pub addresses: Vec<SaveAddress>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub national_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub economic_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscription: Option<String>,
    pub language: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    pub version: i64,
    pub is_retired: bool,
}

pub(crate) fn customer_view(conn: &mut Conn, row: Party) -> Result<CustomerView> {
    let phones = party_phones::table
        .filter(party_phones::party_id.eq(row.id))
        .order(party_phones::position)
        .select(party_phones::number)
        .load(conn)?;
    let addresses = party_addresses::table
        .filter(party_addresses::party_id.eq(row.id))
        .order(party_addresses::position)
        .select(PartyAddress::as_select())
        .load::<PartyAddress>(conn)?;
    let subscription = party_numbers::table
        .filter(party_numbers::party_id.eq(row.id))
        .filter(party_numbers::kind.eq("subscription"))
        .select(party_numbers::number)
        .first(conn)
        .optional()?;
    Ok(CustomerView {
        id: row.public_id,
        name: row.name,
        is_company: row.kind == "company",
        phones,
        addresses: addresses
            .into_iter()
            .map(|row| SaveAddress { address: row.address, city: row.city, postal_code: row.postal_code })
            .collect(),
        national_id: row.national_id,
        company_id: row.company_id,
        economic_code: row.economic_code,
        subscription,
        language: row.language,
        note: row.note,
        version: row.version,
        is_retired: row.retired_at.is_some(),
    })
}

pub(crate) fn customer_row(conn: &mut Conn, public_id: &str) -> Result<Party> {
    parties::table
        .filter(parties::public_id.eq(public_id))
        .select(Party::as_select())
        .first(conn)
        .optional()?
        .ok_or(Error::NotFound)
}

/// Whether the actor knows a customer by one of these rights (`Guarded` for `parties`).
pub(crate) fn is_known_to(conn: &mut Conn, actor: &Actor, actions: &[Action], party_id: i64) -> Result<bool> {
    let known = parties::table
        .filter(parties::id.eq(party_id))
        .filter(actor.scope_of_any(actions).rows::<parties::table>())
        .select(parties::id)
        .first::<i64>(conn)
        .optional()?;
    Ok(known.is_some())
}

/// The row of a customer whom the actor knows by one of these rights.
///
/// # Errors
/// `NotFound`.
pub(crate) fn known_customer(conn: &mut Conn, actor: &Actor, actions: &[Action], public_id: &str) -> Result<Party> {
    let row = customer_row(conn, public_id)?;
    if is_known_to(conn, actor, actions, row.id)? { Ok(row) } else { Err(Error::NotFound) }
}

/// The row of a customer whom the actor may change: one of theirs, and not one whom they only looked up.
///
/// # Errors
/// `NotFound`; `Conflict` for one whom they know no better.
fn kept_customer(conn: &mut Conn, actor: &Actor, public_id: &str) -> Result<Party> {
    let row = known_customer(conn, actor, &[Action::KeepCustomers], public_id)?;
    if is_kept_by(conn, actor, row.id)? { Ok(row) } else { Err(Error::conflict("customer-elsewhere")) }
}

/// Whether the actor may change a customer.
pub(crate) fn is_kept_by(conn: &mut Conn, actor: &Actor, party_id: i64) -> Result<bool> {
    let kept = parties::table
        .filter(parties::id.eq(party_id))
        .filter(actor.scope(Action::KeepCustomers).kept_customers())
        .select(parties::id);
    Ok(kept.first::<i64>(conn).optional()?.is_some())
}

/// A customer that the actor's centres have dealt with.
///
/// # Errors
/// `Forbidden`, `NotFound`.
pub fn get_customer(conn: &mut Conn, actor: &Actor, public_id: &str) -> Result<CustomerView> {
    actor.may(Action::ViewCustomers, Of::Anything)?;
    let row = known_customer(conn, actor, &[Action::ViewCustomers], public_id)?;
    customer_view(conn, row)
}

/// Customers that the actor's centres have dealt with, newest first; with `q`, those of whose name a word begins with
/// it, or with that exact number.
///
/// # Errors
/// `Forbidden`.
pub fn list_customers(conn: &mut Conn, actor: &Actor, query: &ListQuery) -> Result<Page<CustomerView>> {
    actor.may(Action::ViewCustomers, Of::Anything)?;
    let customers = party_roles::table.filter(party_roles::role.eq("customer")).select(party_roles::party_id);
    let mine = parties::table
        .filter(parties::retired_at.is_null())
        .filter(parties::id.eq_any(customers))
        .filter(actor.scope(Action::ViewCustomers).rows::<parties::table>());
    let mut select = mine.order(parties::id.desc()).select(Party::as_select()).into_boxed();
    if let Some(q) = query.folded() {
        let number = identifiers::phone(&q).unwrap_or_else(|| domain::text::key(&q));
        let keys = search_keys::table
            .filter(search_keys::target_kind.eq(Target::Customer.name()))
            .filter(
                search_keys::key
                    .ge(q.clone())
                    .and(search_keys::key.lt(format!("{q}\u{10FFFF}")))
                    .or(search_keys::key.eq(number)),
            )
            .select(search_keys::target_id);
        select = select.filter(parties::id.eq_any(keys));
    }
    if let Some(after) = &query.after {
        select = select.filter(parties::id.lt(known_customer(conn, actor, &[Action::ViewCustomers], after)?.id));
    }
    let rows = select.limit(query.limit() + 1).load_boxed::<Party>(conn)?;
    let page = Page::of(rows, query.limit(), |row| row.public_id.clone(), |row| row);
    let items = page.items.into_iter().map(|row| customer_view(conn, row)).collect::<Result<_>>()?;
    Ok(Page { items, next: page.next })
}

/// Makes a customer, or changes one.
///
/// # Errors
/// `Invalid` where a phone or an identifier is none; `Conflict` on another version, or for a customer whom one only
/// looked up.
pub fn save_customer(tx: &mut Tx<'_>, id: Option<(&str, Option<i64>)>, command: &SaveCustomer) -> Result<CustomerView> {
    tx.actor.may(Action::KeepCustomers, Of::Anything)?;
    let old = id.map(|(public_id, _)| kept_customer(tx.conn, tx.actor, public_id)).transpose()?;
    if let (Some(old), Some((_, version))) = (&old, id) {
        same_version(old.version, version)?;
    }
    let party_id = write_customer(tx, old.as_ref(), command, "", tx.actor.centre_of(Action::KeepCustomers))?;
    let row = parties::table.find(party_id).select(Party::as_select()).first(tx.conn)?;
    customer_view(tx.conn, row)
}

/// Whether a device of a customer's is in repair where the actor's right does not reach: the code with which it is
/// fetched goes to their first phone.
fn is_served_elsewhere(tx: &mut Tx<'_>, party_id: i64) -> Result<bool> {
    let open = repairs::table.filter(repairs::customer_id.eq(party_id)).filter(repairs::is_open.eq(true));
    let all = open.count().get_result::<i64>(tx.conn)?;
    let reached =
        open.filter(tx.actor.scope_of_any(&[Action::KeepCustomers, Action::Receive]).rows::<repairs::table>());
    Ok(reached.count().get_result::<i64>(tx.conn)? < all)
}

/// Writes a customer's rows; `path` stands before the fields of a fault (`customer.`), and a new one is known in
/// `centre_id` from now on.
pub(crate) fn write_customer(
    tx: &mut Tx<'_>,
    old: Option<&Party>,
    command: &SaveCustomer,
    path: &str,
    centre_id: Option<i64>,
) -> Result<i64> {
    let mut faults = Faults::default();
    let at = |field: &str| format!("{path}{field}");
    faults.check(!command.name.trim().is_empty(), &at("name"), "required");
    let national_id =
        faults.normal(command.national_id.as_deref(), identifiers::national_id, &at("national_id"), "national-id");
    let company_id =
        faults.normal(command.company_id.as_deref(), identifiers::company_id, &at("company_id"), "company-id");
    let economic_code = faults.normal(
        command.economic_code.as_deref(),
        identifiers::economic_code,
        &at("economic_code"),
        "economic-code",
    );
    let mut phones = Vec::new();
    for (index, typed) in command.phones.iter().enumerate().filter(|(_, typed)| !typed.trim().is_empty()) {
        match identifiers::phone(typed) {
            Some(number) if !phones.contains(&number) => phones.push(number),
            Some(_) => {}
            None => faults.add(Fault::new(format!("{path}phones[{index}]"), "phone")),
        }
    }
    let mut addresses = Vec::new();
    for (index, entry) in command.addresses.iter().enumerate().filter(|(_, entry)| !entry.address.trim().is_empty()) {
        let postal_code = faults.normal(
            entry.postal_code.as_deref(),
            identifiers::postal_code,
            &format!("{path}addresses[{index}].postal_code"),
            "postal-code",
        );
        addresses.push(SaveAddress { address: entry.address.trim().to_owned(), city: entry.city.clone(), postal_code });
    }
    faults.told()?;
    if let Some(old) = old
        && phones.first() != first_phone(tx.conn, old.id)?.as_ref()
        && is_served_elsewhere(tx, old.id)?
    {
        return Err(Error::invalid(at("phones[0]"), "reached-elsewhere"));
    }
    // That a number is taken is told when nothing else is wrong, so that asking costs what a try costs.
    let mut faults = Faults::default();
    let subscription = command.subscription.as_deref().map(str::trim).filter(|number| !number.is_empty());
    if let Some(number) = subscription {
        let holder = party_numbers::table
            .filter(party_numbers::kind.eq("subscription"))
            .filter(party_numbers::number_key.eq(domain::text::key(number)))
            .select(party_numbers::party_id)
            .first::<i64>(tx.conn)
            .optional()?;
        let is_taken = holder.is_some() && holder != old.map(|old| old.id);
        let is_ours = match holder {
            Some(holder) => {
                !is_taken || is_known_to(tx.conn, tx.actor, &[Action::ViewCustomers, Action::KeepCustomers], holder)?
            }
            None => false,
        };
        let tried = Tried::look_up(tx.actor);
        if !is_ours {
            guesses::reserve(tx, std::slice::from_ref(&tried))?;
            if !is_taken {
                // It is taken back with what is written: where that is refused, to have asked counts.
                guesses::right(tx, &[tried])?;
            }
        }
        faults.check(!is_taken, &at("subscription"), "taken");
    }
    faults.told()?;

    let name = command.name.trim();
    let language =
        command.language.clone().unwrap_or_else(|| old.map_or_else(|| "fa".to_owned(), |old| old.language.clone()));
    let kind = if command.is_company { "company" } else { "person" };
    let party_id = match old {
        Some(old) => {
            diesel::update(parties::table.find(old.id))
                .set((
                    (
                        parties::kind.eq(kind),
                        parties::name.eq(name),
                        parties::name_key.eq(domain::text::fold(name)),
                        parties::national_id.eq(&national_id),
                    ),
                    (
                        parties::company_id.eq(&company_id),
                        parties::economic_code.eq(&economic_code),
                        parties::language.eq(language),
                        parties::note.eq(&command.note),
                    ),
                    parties::version.eq(old.version + 1),
                ))
                .execute(tx.conn)?;
            diesel::delete(party_phones::table.filter(party_phones::party_id.eq(old.id))).execute(tx.conn)?;
            diesel::delete(party_addresses::table.filter(party_addresses::party_id.eq(old.id))).execute(tx.conn)?;
            diesel::delete(party_numbers::table.filter(party_numbers::party_id.eq(old.id))).execute(tx.conn)?;
            old.id
        }
        None => {
            let row = Party {
                id: 0,
                public_id: tx.public_id(),
                kind: kind.to_owned(),
                name: name.to_owned(),
                name_key: domain::text::fold(name),
                national_id: national_id.clone(),
                company_id: company_id.clone(),
                economic_code: economic_code.clone(),
                language,
                note: command.note.clone(),
                version: 1,
                created_at: At::from(tx.now),
                retired_at: None,
            };
            let id = diesel::insert_into(parties::table).values(row).returning(parties::id).get_result(tx.conn)?;
            diesel::insert_into(party_roles::table)
                .values(PartyRole { party_id: id, role: "customer".to_owned() })
                .execute(tx.conn)?;
            id
        }
    };
    for (position, number) in (0..).zip(&phones) {
        diesel::insert_into(party_phones::table)
            .values(PartyPhone { id: 0, party_id, number: number.clone(), label: None, position })
            .execute(tx.conn)?;
    }
    for (position, entry) in (0..).zip(addresses) {
        let row = PartyAddress {
            id: 0,
            party_id,
            address: entry.address,
            city: entry.city,
            postal_code: entry.postal_code,
            position,
        };
        diesel::insert_into(party_addresses::table).values(row).execute(tx.conn)?;
    }
    if let Some(number) = subscription {
        let row = PartyNumber {
            id: 0,
            party_id,
            kind: "subscription".to_owned(),
            number: number.to_owned(),
            number_key: domain::text::key(number),
        };
        diesel::insert_into(party_numbers::table).values(row).execute(tx.conn)?;
    }
    put(tx.conn, Target::Customer, party_id, "name", &name_keys(name))?;
    put(tx.conn, Target::Customer, party_id, "phone", &phones)?;
    let numbers =
        [national_id, company_id, subscription.map(domain::text::key)].into_iter().flatten().collect::<Vec<_>>();
    put(tx.conn, Target::Customer, party_id, "number", &numbers)?;
    // A change makes a customer known to nobody who did not know them, and is told to everybody who does.
    let (of, event) = if old.is_some() { (None, Event::CustomerChanged) } else { (centre_id, Event::CustomerSaved) };
    tx.record(of, &event, &[Subject::Customer(party_id)])?;
    Ok(party_id)
}

impl From<CustomerView> for SaveCustomer {
    /// The command that would write a customer as they are.
    fn from(view: CustomerView) -> Self {
        let CustomerView {
            name,
            is_company,
            phones,
            addresses,
            national_id,
            company_id,
            economic_code,
            subscription,
            language,
            note,
            ..
        } = view;
        Self {
            name,
            is_company,
            phones,
            addresses,
            national_id,
            company_id,
            economic_code,
            subscription,
            language: Some(language),
            note,
        }
    }
}

/// Puts another phone or another address in the place of a customer's first.
///
/// # Errors
/// `Forbidden`; `Invalid` at `owner_phone` for a customer of other centres alone, and where it is none.
pub(crate) fn change_contact(tx: &mut Tx<'_>, party_id: i64, phone: Option<&str>, address: Option<&str>) -> Result<()> {
    tx.actor.may(Action::KeepCustomers, Of::Anything)?;
    if !is_kept_by(tx.conn, tx.actor, party_id)? {
        return Err(Error::invalid("owner_phone", "owner-elsewhere"));
    }
    let row = parties::table.find(party_id).select(Party::as_select()).first::<Party>(tx.conn)?;
    let mut command = SaveCustomer::from(customer_view(tx.conn, row.clone())?);
    if let Some(typed) = phone {
        let phone = identifiers::phone(typed).ok_or_else(|| Error::invalid("owner_phone", "phone"))?;
        if command.phones.first() != Some(&phone) {
            command.phones.retain(|known| *known != phone);
            command.phones.splice(..command.phones.len().min(1), [phone]);
        }
    }
    if let Some(address) = address {
        let new = SaveAddress { address: address.to_owned(), ..SaveAddress::default() };
        command.addresses.splice(..command.addresses.len().min(1), [new]);
    }
    let written = write_customer(tx, Some(&row), &command, "", tx.actor.centre_of(Action::KeepCustomers));
    written.map(|_| ()).map_err(|error| match error {
        // What was typed is one phone and one address, in fields of their own.
        Error::Invalid(faults) => Error::Invalid(
            faults
                .into_iter()
                .map(|fault| {
                    let path = if fault.path.starts_with("addresses") { "owner_address" } else { "owner_phone" };
                    Fault { path: path.to_owned(), ..fault }
                })
                .collect(),
        ),
        error => error,
    })
}

/// Takes a customer out of use, whom nobody else has served.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Conflict` on another version, or where other centres or brands have served them.
pub fn retire_customer(tx: &mut Tx<'_>, public_id: &str, version: Option<i64>) -> Result<CustomerView> {
    tx.actor.may(Action::KeepCustomers, Of::Anything)?;
    let row = kept_customer(tx.conn, tx.actor, public_id)?;
    same_version(row.version, version)?;
    let noted_in = journal::table
        .inner_join(journal_subjects::table.on(journal_subjects::journal_id.eq(journal::id)))
        .filter(journal_subjects::subject_kind.eq("customer"))
        .filter(journal_subjects::subject_id.eq(row.id))
        .filter(journal::kind.eq("customer_saved"))
        .order(journal::id)
        .select(journal::centre_id)
        .first::<Option<i64>>(tx.conn)
        .optional()?;
    if noted_in.flatten().is_some_and(|centre| !tx.actor.scope(Action::KeepCustomers).holds(Of::Centre(centre))) {
        return Err(Error::conflict("noted-elsewhere"));
    }
    let mine = tx.actor.scope(Action::KeepCustomers).rows::<repairs::table>();
    let elsewhere = repairs::table
        .filter(repairs::customer_id.eq(row.id))
        .filter(diesel::dsl::not(mine))
        .select(repairs::id)
        .first::<i64>(tx.conn)
        .optional()?;
    if elsewhere.is_some() {
        return Err(Error::conflict("served-elsewhere"));
    }
    diesel::update(parties::table.find(row.id))
        .set((parties::retired_at.eq(Some(At::from(tx.now))), parties::version.eq(row.version + 1)))
        .execute(tx.conn)?;
    tx.record(
        None,
        &Event::Retired { what: "customer".to_owned(), code: String::new() },
        &[Subject::Customer(row.id)],
    )?;
    let row = customer_row(tx.conn, public_id)?;
    customer_view(tx.conn, row)
}

/// The customer whom a number that is theirs alone names: a mobile, an identifier, a subscription number. None where
/// there is none, or more than one.
///
/// # Errors
/// The store.
pub(crate) fn numbered(conn: &mut Conn, typed: &str) -> Result<Option<i64>> {
    let mut exact = vec![domain::text::key(typed)];
    exact.extend(identifiers::phone(typed));
    exact.extend(identifiers::national_id(typed));
    let mut found = search_keys::table
        .filter(search_keys::target_kind.eq(Target::Customer.name()))
        .filter(search_keys::kind.ne("name"))
        .filter(search_keys::key.eq_any(exact))
        .select(search_keys::target_id)
        .distinct()
        .limit(2)
        .load::<i64>(conn)?;
    Ok(if found.len() == 1 { found.pop() } else { None })
}

/// The owner of the one device with a serial or another number of its own.
fn owner_of_numbered(conn: &mut Conn, actor: &Actor, typed: &str) -> Result<Option<i64>> {
    let Some(device) = crate::devices::device_numbered(conn, actor, typed)? else { return Ok(None) };
    Ok(device_states::table.find(device.id).select(device_states::owner_party_id).first::<Option<i64>>(conn)?)
}

/// The customer whom somebody names: the public id of one whom they know, or a number that is theirs alone. That one of
/// other centres was named by a number is counted and written down, as looking them up is.
///
/// # Errors
/// `TooMany`; the store.
pub(crate) fn customer_named(tx: &mut Tx<'_>, typed: &str) -> Result<Option<i64>> {
    const BY: [Action; 3] = [Action::ViewCustomers, Action::KeepCustomers, Action::Receive];
    let typed = typed.trim();
    let by_id = parties::table
        .filter(parties::public_id.eq(typed))
        .filter(parties::retired_at.is_null())
        .select(parties::id)
        .first::<i64>(tx.conn)
        .optional()?;
    if let Some(id) = by_id {
        return Ok(if is_known_to(tx.conn, tx.actor, &BY, id)? { Some(id) } else { None });
    }
    match numbered(tx.conn, typed)? {
        Some(id) if is_known_to(tx.conn, tx.actor, &BY, id)? => Ok(Some(id)),
        stranger => {
            // It is written down before it is counted, and kept with the count, whatever becomes of what was asked for.
            if let Some(id) = stranger {
                tx.record(
                    tx.actor.centre_of(Action::ViewCustomers),
                    &Event::CustomerLookedUp,
                    &[Subject::Customer(id)],
                )?;
            }
            guesses::reserve(tx, &[Tried::look_up(tx.actor)])?;
            Ok(stranger)
        }
    }
}

/// Looks a customer of other centres up by a number that is theirs alone.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LookUpCustomer {
    /// A mobile, an identifier or a subscription number; or a number of a device whose owner is meant.
    #[schemars(length(min = 1, max = 100), example = &"09123456789")]
    pub number: String,
}

/// Looks a customer up, and writes down who did. Numbers under which nobody is found cost time.
///
/// # Errors
/// `Forbidden`; `NotFound` where no one customer has this number; `TooMany`.
pub fn look_up_customer(tx: &mut Tx<'_>, command: &LookUpCustomer) -> Result<CustomerView> {
    tx.actor.may(Action::ViewCustomers, Of::Anything)?;
    let tried = [Tried::look_up(tx.actor)];
    guesses::reserve(tx, &tried)?;
    let found = match numbered(tx.conn, &command.number)? {
        Some(id) => Some(id),
        None => owner_of_numbered(tx.conn, tx.actor, &command.number)?,
    };
    let id = found.ok_or(Error::NotFound)?;
    // One's own customers cost nothing; strangers count, found or not.
    if is_known_to(tx.conn, tx.actor, &[Action::ViewCustomers], id)? {
        guesses::right(tx, &tried)?;
    } else {
        tx.record(tx.actor.centre_of(Action::ViewCustomers), &Event::CustomerLookedUp, &[Subject::Customer(id)])?;
    }
    let row = parties::table.find(id).select(Party::as_select()).first(tx.conn)?;
    customer_view(tx.conn, row)
}

/// The first phone of a party, in E.164.
///
/// # Errors
/// The store.
pub fn first_phone(conn: &mut Conn, party_id: i64) -> Result<Option<String>> {
    Ok(party_phones::table
        .filter(party_phones::party_id.eq(party_id))
        .order(party_phones::position)
        .select(party_phones::number)
        .first(conn)
        .optional()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{House, RECEPTIONIST, in_a_house, told};
    use store::rights::Actor;

    /// A receptionist of another centre.
    fn elsewhere(house: &House) -> Actor {
        let mut actor = house.person(RECEPTIONIST);
        actor.members.iter_mut().for_each(|member| member.centre_id = Some(i64::MAX));
        actor.user_id = None;
        actor
    }

    #[test]
    fn who_only_looked_somebody_up_changes_nothing_of_them() {
        in_a_house(|house| {
            house.at("1405/09/02 10:00");
            let customer = house.customer("زهرا کریمی", "09123456789");
            let user_id = house.person(crate::testing::MANAGER).user_id;
            let stranger = Actor { user_id, centre_id: Some(i64::MAX), ..elsewhere(house) };
            let look = LookUpCustomer { number: "09123456789".to_owned() };
            let other = SaveCustomer {
                name: "زهرا کریمی".to_owned(),
                phones: vec!["09350000001".to_owned()],
                ..SaveCustomer::default()
            };
            let change = |by: &Actor| told(house.db.write(by, |tx| save_customer(tx, Some((&customer, None)), &other)));
            house.db.write(&stranger, |tx| look_up_customer(tx, &look)).expect("found");
            assert!(house.db.read(|conn| get_customer(conn, &stranger, &customer)).is_ok(), "shown");
            assert_eq!(change(&stranger), "customer-elsewhere");
            assert_eq!(
                told(house.db.write(&stranger, |tx| retire_customer(tx, &customer, None))),
                "customer-elsewhere"
            );
            assert_eq!(change(&house.person(RECEPTIONIST)), "done");
            // Who keeps the customer from another side does not take them away from who wrote them down.
            let other = house.write(crate::testing::another_centre);
            let mut both = elsewhere(house);
            both.members.iter_mut().for_each(|member| member.centre_id = Some(other));
            house.write(|tx| {
                let id = customer_row(tx.conn, &customer)?.id;
                tx.record(Some(other), &Event::CustomerSaved, &[Subject::Customer(id)]).map(|_| ())
            });
            assert_eq!(told(house.db.write(&both, |tx| retire_customer(tx, &customer, None))), "noted-elsewhere");
            // Whom somebody wrote down where they do not work any more is not theirs.
            let mut moved = house.person(RECEPTIONIST);
            moved.members.iter_mut().for_each(|member| member.centre_id = Some(i64::MAX));
            assert!(matches!(house.db.read(|conn| get_customer(conn, &moved, &customer)), Err(Error::NotFound)));
        });
    }

    #[test]
    fn the_first_phone_of_who_is_served_elsewhere_is_changed_there_and_a_cancelled_visit_served_nobody() {
        in_a_house(|house| {
            house.at("1405/09/02 10:00");
            let customer = house.customer("زهرا کریمی", "09123456789");
            let device = house.device("TV-1", "T-1", "1404/01/15", &[]);
            house.receive(&customer, &[(&device, "no-power")]);
            // Another centre, which has received something of theirs too.
            let other = house.write(crate::testing::another_centre);
            let mut there = house.person(RECEPTIONIST);
            there.members.iter_mut().for_each(|member| member.centre_id = Some(other));
            (there.centre_id, there.user_id) = (Some(other), house.person(crate::testing::TECHNICIAN).user_id);
            let theirs = house.device("TV-1", "T-2", "1404/01/15", &[]);
            let look = LookUpCustomer { number: "09123456789".to_owned() };
            house.db.write(&there, |tx| look_up_customer(tx, &look)).expect("found");
            let visit = house.reception(&customer, &[(&theirs, "no-power")]);
            let visit = house.db.write(&there, |tx| crate::reception::receive_devices(tx, &visit)).expect("received");
            let saved = |phones: &[&str]| {
                let phones = phones.iter().map(|phone| (*phone).to_owned()).collect();
                let command =
                    SaveCustomer { name: "زهرا کریمی".to_owned(), phones, ..SaveCustomer::default() };
                told(house.db.write(&there, |tx| save_customer(tx, Some((&customer, None)), &command)))
            };
            assert_eq!(saved(&["09350000001"]), "phones[0]: reached-elsewhere");
            assert_eq!(saved(&["09350000001", "09123456789"]), "phones[0]: reached-elsewhere");
            assert_eq!(saved(&["09123456789", "09350000001"]), "done");
            // Who knows them too is told that something was changed.
            let history = crate::lookup::GetTimeline {
                subject: "customer".to_owned(),
                id: customer.clone(),
                after: None,
                limit: None,
            };
            let told_here = house
                .db
                .read(|conn| crate::lookup::get_timeline(conn, &house.person(RECEPTIONIST), &history))
                .expect("a history");
            assert!(told_here.items.iter().any(|entry| entry.event == "customer_changed"));
            let off = crate::reception::correct::CancelReception { reason: "-".to_owned() };
            house
                .db
                .write(&there, |tx| crate::reception::correct::cancel_reception(tx, &visit.id, None, &off))
                .expect("cancelled");
            there.user_id = None;
            assert!(matches!(house.db.read(|conn| kept_customer(conn, &there, &customer)), Err(Error::NotFound)));
        });
    }

    #[test]
    fn whether_a_number_is_taken_is_no_free_question() {
        in_a_house(|house| {
            house.at("1405/09/02 10:00");
            let command = SaveCustomer {
                name: "زهرا کریمی".to_owned(),
                subscription: Some("S-1".to_owned()),
                ..SaveCustomer::default()
            };
            house.by(RECEPTIONIST, |tx| save_customer(tx, None, &command)).expect("a customer");
            let stranger = elsewhere(house);
            let save = |command: &SaveCustomer| told(house.db.write(&stranger, |tx| save_customer(tx, None, command)));
            let broken = SaveCustomer { phones: vec!["12".to_owned()], ..command.clone() };
            assert_eq!(save(&broken), "phones[0]: phone", "nothing else is told");
            let asked = (0..200).take_while(|_| save(&command) == "subscription: taken").count();
            assert!((99..=101).contains(&asked), "{asked}");
            let free = SaveCustomer { subscription: Some("S-2".to_owned()), ..command.clone() };
            assert_ne!(save(&free), "done", "who waits is not told that nobody has it");
            // One's own numbers make no room for those of others.
            let keeper = house.person(RECEPTIONIST);
            let look = |number: &str| {
                house
                    .db
                    .write(&keeper, |tx| look_up_customer(tx, &LookUpCustomer { number: number.to_owned() }))
                    .is_ok()
            };
            assert!(!look("09350000001") && !look("09350000002"));
            let wrong =
                || house.db.read(|conn| guesses::wrong(conn, &Tried::look_up(&keeper), house.db.now())).expect("read");
            let id = house
                .db
                .read(|conn| {
                    Ok(parties::table
                        .filter(parties::name.eq("زهرا کریمی"))
                        .select(parties::public_id)
                        .first::<String>(conn)?)
                })
                .expect("a customer");
            for _ in 0..3 {
                assert_eq!(told(house.db.write(&keeper, |tx| save_customer(tx, Some((&id, None)), &command))), "done");
            }
            assert_eq!(wrong(), 2);
        });
    }

    #[test]
    fn strangers_who_are_found_count_as_those_who_are_not_and_ones_own_never() {
        in_a_house(|house| {
            house.at("1405/09/02 10:00");
            house.customer("زهرا کریمی", "09123456789");
            let command = LookUpCustomer { number: "09123456789".to_owned() };
            let look = |actor: &Actor| house.db.write(actor, |tx| look_up_customer(tx, &command).map(|view| view.name));
            let name = |actor: &Actor| {
                house.db.write(actor, |tx| customer_named(tx, "09123456789").map(|found| found.is_some()))
            };
            let (mine, stranger) = (house.person(RECEPTIONIST), elsewhere(house));
            for _ in 0..52 {
                assert_eq!((look(&mine).expect("known"), name(&mine).expect("known")), ("زهرا کریمی".to_owned(), true));
            }
            for _ in 0..50 {
                assert_eq!(
                    (look(&stranger).expect("found"), name(&stranger).expect("found")),
                    ("زهرا کریمی".to_owned(), true)
                );
            }
            look(&stranger).expect("the last");
            assert!(
                matches!(look(&stranger), Err(Error::TooMany { .. }))
                    && matches!(name(&stranger), Err(Error::TooMany { .. }))
            );
        });
    }
}
