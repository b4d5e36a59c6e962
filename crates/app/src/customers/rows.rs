//! Rows of people and companies, as they are stored. An `id` of 0 is given by the store.

use store::query::*;
use store::schema::*;
use store::types::At;

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = parties, treat_none_as_default_value = false)]
pub struct Party {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub public_id: String,
    pub kind: String,
    pub name: String,
    pub name_key: String,
    pub national_id: Option<String>,
    pub company_id: Option<String>,
    pub economic_code: Option<String>,
    pub language: String,
    pub note: Option<String>,
    pub version: i64,
    pub created_at: At,
    pub retired_at: Option<At>,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = party_roles, treat_none_as_default_value = false)]
pub struct PartyRole {
    pub party_id: i64,
    pub role: String,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = party_phones, treat_none_as_default_value = false)]
pub struct PartyPhone {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub party_id: i64,
    pub number: String,
    pub label: Option<String>,
    pub position: i64,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = party_addresses, treat_none_as_default_value = false)]
pub struct PartyAddress {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub party_id: i64,
    pub address: String,
    pub city: Option<String>,
    pub postal_code: Option<String>,
    pub position: i64,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = party_numbers, treat_none_as_default_value = false)]
pub struct PartyNumber {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub party_id: i64,
    pub kind: String,
    pub number: String,
    pub number_key: String,
}
