//! The companies of the house: who sells, invoices, makes, insures or pays.

use domain::access::Action;
use domain::identifiers;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::same_version;
use crate::customers::rows::{Party, PartyRole};
use store::error::{Error, Faults, Result};
use store::query::*;
use store::rights::{Actor, Of};
use store::schema::{brands, centres, parties, party_roles};
use store::types::At;
use store::views::{ListQuery, Page, PartyLink};
use store::{Conn, Event, Subject, Tx};

/// A person or company that sells, invoices, answers for a brand or pays for a cover.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveLegalEntity {
    #[schemars(length(min = 1, max = 200), example = &"خدمات سِرمان")]
    pub name: String,
    /// What it is to the installation.
    #[schemars(length(min = 1, max = 10))]
    pub roles: Vec<PartyKind>,
    /// Eleven digits, with their check digit.
    #[schemars(length(max = 30))]
    #[serde(default)]
    pub company_id: Option<String>,
    /// Twelve or fourteen digits.
    #[schemars(length(max = 30))]
    #[serde(default)]
    pub economic_code: Option<String>,
}

domain::words! {
    /// What a company is to the installation.
    PartyKind {
        LegalEntity = "legal_entity",
        Maker = "maker",
        Warrantor = "warrantor",
        Insurer = "insurer",
        Seller = "seller",
        Supplier = "supplier",
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LegalEntityView {
    pub id: String,
    pub name: String,
    pub roles: Vec<PartyKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub economic_code: Option<String>,
    pub version: i64,
    pub is_retired: bool,
}

fn party_view(conn: &mut Conn, row: Party) -> Result<LegalEntityView> {
    let roles =
        party_roles::table.filter(party_roles::party_id.eq(row.id)).select(party_roles::role).load::<String>(conn)?;
    Ok(LegalEntityView {
        id: row.public_id,
        name: row.name,
        roles: roles.iter().filter_map(|role| PartyKind::named(role)).collect(),
        company_id: row.company_id,
        economic_code: row.economic_code,
        version: row.version,
        is_retired: row.retired_at.is_some(),
    })
}

/// Whether a party is one of those that promise, serve or insure; a customer who is nothing else is none.
///
/// # Errors
/// The store.
pub(crate) fn is_company(conn: &mut Conn, party_id: i64) -> Result<bool> {
    let role = party_roles::table
        .filter(party_roles::party_id.eq(party_id))
        .filter(party_roles::role.ne("customer"))
        .select(party_roles::role);
    Ok(role.first::<String>(conn).optional()?.is_some())
}

/// The row of a company by public id.
fn company_row(conn: &mut Conn, public_id: &str) -> Result<Party> {
    let row = parties::table
        .filter(parties::public_id.eq(public_id))
        .select(Party::as_select())
        .first::<Party>(conn)
        .optional()?
        .ok_or(Error::NotFound)?;
    if is_company(conn, row.id)? { Ok(row) } else { Err(Error::NotFound) }
}

/// # Errors
/// `Forbidden`, `NotFound`.
pub fn get_legal_entity(conn: &mut Conn, actor: &Actor, public_id: &str) -> Result<LegalEntityView> {
    actor.may(Action::ViewCatalogue, Of::Anything)?;
    let row = company_row(conn, public_id)?;
    party_view(conn, row)
}

/// # Errors
/// `Forbidden`.
pub fn list_legal_entities(conn: &mut Conn, actor: &Actor, query: &ListQuery) -> Result<Page<LegalEntityView>> {
    actor.may(Action::ViewCatalogue, Of::Anything)?;
    let companies = party_roles::table.filter(party_roles::role.ne("customer")).select(party_roles::party_id);
    let mut select = parties::table
        .filter(parties::id.eq_any(companies))
        .filter(parties::retired_at.is_null())
        .order(parties::id)
        .select(Party::as_select())
        .into_boxed();
    if let Some(after) = &query.after {
        select = select.filter(parties::id.gt(company_row(conn, after)?.id));
    }
    if let Some(q) = query.folded() {
        select = select.filter(parties::name_key.like(store::views::containing(&q)));
    }
    let rows = select.limit(query.limit() + 1).load_boxed::<Party>(conn)?;
    let page = Page::of(rows, query.limit(), |row| row.public_id.clone(), |row| row);
    let items = page.items.into_iter().map(|row| party_view(conn, row)).collect::<Result<_>>()?;
    Ok(Page { items, next: page.next })
}

/// # Errors
/// `Invalid` where a number's check digit is wrong; `Conflict` on another version.
pub fn save_legal_entity(
    tx: &mut Tx<'_>,
    id: Option<(&str, Option<i64>)>,
    command: &SaveLegalEntity,
) -> Result<LegalEntityView> {
    tx.actor.may(Action::KeepOrganisation, Of::All)?;
    let old = id.map(|(public_id, _)| company_row(tx.conn, public_id)).transpose()?;
    if let (Some(old), Some((_, version))) = (&old, id) {
        same_version(old.version, version)?;
    }
    let mut faults = Faults::default();
    faults.check(!command.name.trim().is_empty(), "name", "required");
    faults.check(!command.roles.is_empty(), "roles", "required");
    let company_id = faults.normal(command.company_id.as_deref(), identifiers::company_id, "company_id", "company-id");
    let economic_code =
        faults.normal(command.economic_code.as_deref(), identifiers::economic_code, "economic_code", "economic-code");
    faults.told()?;
    let name_key = domain::text::fold(&command.name);
    let party_id = match &old {
        Some(old) => {
            diesel::update(parties::table.find(old.id))
                .set((
                    parties::name.eq(command.name.trim()),
                    parties::name_key.eq(&name_key),
                    parties::company_id.eq(&company_id),
                    parties::economic_code.eq(&economic_code),
                    parties::version.eq(old.version + 1),
                ))
                .execute(tx.conn)?;
            old.id
        }
        None => {
            let row = Party {
                id: 0,
                public_id: tx.public_id(),
                kind: "company".to_owned(),
                name: command.name.trim().to_owned(),
                name_key,
                national_id: None,
                company_id,
                economic_code,
                language: "fa".to_owned(),
                note: None,
                version: 1,
                created_at: At::from(tx.now),
                retired_at: None,
            };
            diesel::insert_into(parties::table).values(row).returning(parties::id).get_result(tx.conn)?
        }
    };
    diesel::delete(
        party_roles::table.filter(party_roles::party_id.eq(party_id)).filter(party_roles::role.ne("customer")),
    )
    .execute(tx.conn)?;
    let mut roles = command.roles.clone();
    roles.sort_unstable();
    roles.dedup();
    for role in roles {
        diesel::insert_into(party_roles::table)
            .values(PartyRole { party_id, role: role.name().to_owned() })
            .execute(tx.conn)?;
    }
    let event = Event::Saved { what: "legal_entity".to_owned(), code: String::new() };
    tx.record(None, &event, &[Subject::Object("legal_entity", party_id)])?;
    let row = parties::table.find(party_id).select(Party::as_select()).first(tx.conn)?;
    party_view(tx.conn, row)
}

/// # Errors
/// `Forbidden`, `NotFound`, `Conflict` while a centre or a brand in use belongs to it.
pub fn retire_legal_entity(tx: &mut Tx<'_>, public_id: &str, version: Option<i64>) -> Result<LegalEntityView> {
    tx.actor.may(Action::KeepOrganisation, Of::All)?;
    let row = company_row(tx.conn, public_id)?;
    same_version(row.version, version)?;
    let centre = centres::table
        .filter(centres::legal_entity_id.eq(row.id))
        .filter(centres::retired_at.is_null())
        .select(centres::id)
        .first::<i64>(tx.conn)
        .optional()?;
    let brand = brands::table
        .filter(brands::maker_party_id.eq(row.id))
        .filter(brands::retired_at.is_null())
        .select(brands::id)
        .first::<i64>(tx.conn)
        .optional()?;
    if centre.or(brand).is_some() {
        return Err(Error::conflict("still-in-use"));
    }
    diesel::update(parties::table.find(row.id))
        .set((parties::retired_at.eq(Some(At::from(tx.now))), parties::version.eq(row.version + 1)))
        .execute(tx.conn)?;
    let event = Event::Retired { what: "legal_entity".to_owned(), code: String::new() };
    tx.record(None, &event, &[Subject::Object("legal_entity", row.id)])?;
    let row = company_row(tx.conn, public_id)?;
    party_view(tx.conn, row)
}

pub(crate) fn party_link(conn: &mut Conn, id: i64) -> Result<PartyLink> {
    let (id, name) =
        parties::table.find(id).select((parties::public_id, parties::name)).first::<(String, String)>(conn)?;
    Ok(PartyLink { id, name })
}
