//! Rows of the journal, the queue of jobs, numbering and search, as they are stored. An `id` of 0 is given by the store.

use crate::query::*;
use crate::schema::*;
use crate::types::At;

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = settings, treat_none_as_default_value = false)]
pub struct Setting {
    pub name: String,
    pub value: String,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = journal, treat_none_as_default_value = false)]
pub struct JournalEntry {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub occurred_at: At,
    pub recorded_at: At,
    pub actor_user_id: Option<i64>,
    pub centre_id: Option<i64>,
    pub kind: String,
    pub payload: String,
    pub correlation: String,
    pub brand_id: Option<i64>,
    pub address: Option<String>,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = journal_subjects, treat_none_as_default_value = false)]
pub struct JournalSubject {
    pub journal_id: i64,
    pub subject_kind: String,
    pub subject_id: i64,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = jobs, treat_none_as_default_value = false)]
pub struct Task {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub public_id: String,
    pub job: String,
    /// What tells it from others of its job.
    pub key: String,
    /// Of what is due the smaller goes first.
    pub priority: i64,
    pub due_at: At,
    pub attempts: i64,
    /// Counts who had it in hand: who does not hold the last claim changes nothing any more.
    pub claim: i64,
    /// Why the last attempt failed.
    pub error: Option<String>,
    pub parked_at: Option<At>,
    pub queued_at: At,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = idempotency_keys, treat_none_as_default_value = false)]
pub struct IdempotencyKey {
    pub actor: String,
    pub key: String,
    pub request_hash: String,
    pub status: i64,
    pub answer: String,
    pub recorded_at: At,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = search_keys, treat_none_as_default_value = false)]
pub struct SearchKey {
    pub key: String,
    pub kind: String,
    pub target_kind: String,
    pub target_id: i64,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = guesses, treat_none_as_default_value = false)]
pub struct Guess {
    pub subject: String,
    pub wrong_count: i64,
    pub blocked_until: Option<At>,
    pub last_at: At,
}
