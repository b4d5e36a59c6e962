//! Rows of places and moves, as they are stored. An `id` of 0 is given by the store.

use store::query::*;
use store::schema::*;
use store::types::At;

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = locations, treat_none_as_default_value = false)]
pub struct Location {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub kind: String,
    pub centre_id: i64,
    pub party_id: i64,
    pub device_id: i64,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = moves, treat_none_as_default_value = false)]
pub struct Move {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub moved_at: At,
    pub moved_by: Option<i64>,
    pub device_id: Option<i64>,
    pub product_id: i64,
    pub quantity_milli: i64,
    pub from_location_id: i64,
    pub to_location_id: i64,
    pub document_kind: String,
    pub document_id: i64,
}
