//! Rows of messages, as they are stored. An `id` of 0 is given by the store.

use store::query::*;
use store::schema::*;
use store::types::At;

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = messages, treat_none_as_default_value = false)]
pub struct Message {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub public_id: String,
    pub to_number: String,
    pub body: String,
    pub purpose: String,
    pub state: String,
    pub created_at: At,
    pub sent_at: Option<At>,
    pub failure: Option<String>,
    /// Where it was sent from; None: by the system itself.
    pub centre_id: Option<i64>,
}
