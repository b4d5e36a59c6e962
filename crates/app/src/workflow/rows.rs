//! Rows of charts and where a case stands, as they are stored. An `id` of 0 is given by the store.

use store::query::*;
use store::schema::*;
use store::types::At;

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = workflow_charts, treat_none_as_default_value = false)]
pub struct WorkflowChart {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub code: String,
    pub version: i64,
    pub body: String,
    pub published_at: At,
    pub public_id: String,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = case_moves, treat_none_as_default_value = false)]
pub struct CaseMove {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub repair_id: i64,
    pub transition: String,
    pub from_step: String,
    pub to_step: String,
    pub moved_at: At,
    pub moved_by: Option<i64>,
    pub note: Option<String>,
    pub seconds: i64,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = checklist_answers, treat_none_as_default_value = false)]
pub struct ChecklistAnswer {
    pub repair_id: i64,
    pub step: String,
    pub item: String,
    pub answered_at: At,
    pub answered_by: Option<i64>,
}
