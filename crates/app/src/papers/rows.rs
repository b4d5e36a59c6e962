//! Rows of papers, as they are stored. An `id` of 0 is given by the store.

use store::query::*;
use store::schema::*;
use store::types::At;

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = documents, treat_none_as_default_value = false)]
pub struct Document {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub public_id: String,
    pub kind: String,
    pub number: Option<String>,
    pub revision: i64,
    pub centre_id: i64,
    pub subject_kind: String,
    pub subject_id: i64,
    pub language: String,
    pub snapshot: String,
    pub media_type: Option<String>,
    pub content: Option<Vec<u8>>,
    pub sha256: Option<String>,
    pub issued_at: At,
}
