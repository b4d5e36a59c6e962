//! Rows of imports, as they are stored. An `id` of 0 is given by the store.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::content::byte_count;
use store::query::*;
use store::schema::*;
use store::types::At;

/// All of an import but its file, which is read piece by piece.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = imports, treat_none_as_default_value = false)]
pub struct Import {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub public_id: String,
    pub kind: String,
    pub file_name: String,
    pub sha256: String,
    /// Of its file; 0 where it is kept no more.
    #[diesel(skip_insertion)]
    #[diesel(select_expression = byte_count(imports::content))]
    #[diesel(select_expression_type = byte_count<imports::content>)]
    pub byte_count: i32,
    pub columns_json: String,
    pub is_dry_run: bool,
    pub state: String,
    pub total_count: i64,
    pub done_count: i64,
    pub good_count: i64,
    pub known_count: i64,
    pub bad_count: i64,
    pub centre_id: Option<i64>,
    pub created_by: Option<i64>,
    pub created_at: At,
    pub finished_at: Option<At>,
    pub is_whole: bool,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = import_rows, treat_none_as_default_value = false)]
pub struct ImportRow {
    pub import_kind: String,
    pub row_key: String,
    pub target_id: i64,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = import_problems, treat_none_as_default_value = false)]
pub struct ImportProblem {
    pub import_id: i64,
    pub row_number: i64,
    pub position: i64,
    pub heading: String,
    pub cell: String,
    pub reason: String,
}

/// What the columns of an import are, as they are stored.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Layout {
    pub headings: Vec<String>,
    pub columns: BTreeMap<String, String>,
    /// The first rows, for the eye.
    pub sample: Vec<Vec<String>>,
}
