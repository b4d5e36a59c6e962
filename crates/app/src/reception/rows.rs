//! Rows of visits, as they are stored. An `id` of 0 is given by the store.

use store::query::*;
use store::schema::*;
use store::types::{At, Day};

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = receptions, treat_none_as_default_value = false)]
pub struct Reception {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub public_id: String,
    pub number: String,
    pub number_key: String,
    pub tracking_number: String,
    pub centre_id: i64,
    pub customer_id: i64,
    pub receiver_user_id: Option<i64>,
    pub occurred_at: At,
    pub occurred_on: Day,
    pub recorded_at: At,
    pub place: String,
    pub state: String,
    pub note: Option<String>,
    pub revision: i64,
    pub version: i64,
    pub is_import: bool,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = hand_over_codes, treat_none_as_default_value = false)]
pub struct HandOverCode {
    pub reception_id: i64,
    pub code_sealed: String,
    pub sent_at: At,
}
