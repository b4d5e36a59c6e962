//! Rows of promises and who pays, as they are stored. An `id` of 0 is given by the store.

use store::query::*;
use store::schema::*;
use store::types::{At, Day};

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = policies, treat_none_as_default_value = false)]
pub struct Policy {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub public_id: String,
    pub code: String,
    pub title_fa: String,
    pub title_en: String,
    pub brand_id: Option<i64>,
    pub payer_party_id: Option<i64>,
    pub cover_kind: String,
    pub draft: String,
    pub latest_version: i64,
    pub version: i64,
    pub retired_at: Option<At>,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = policy_versions, treat_none_as_default_value = false)]
pub struct PolicyVersion {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub policy_id: i64,
    pub number: i64,
    pub body: String,
    pub published_at: At,
    pub published_by: Option<i64>,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = covers, treat_none_as_default_value = false)]
pub struct Cover {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub public_id: String,
    pub kind: String,
    pub number: String,
    pub number_key: String,
    pub device_id: i64,
    pub policy_version_id: Option<i64>,
    pub rules: Option<String>,
    pub payer_party_id: i64,
    pub state: String,
    pub starts_on: Option<Day>,
    pub issued_at: At,
    pub recorded_at: At,
    pub repair_id: Option<i64>,
    pub seller: Option<String>,
    pub version: i64,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = cover_claims, treat_none_as_default_value = false)]
pub struct CoverClaim {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub cover_id: i64,
    pub repair_id: i64,
    pub claimed_on: Day,
    pub amount_minor: i64,
    pub state: String,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = coverage_decisions, treat_none_as_default_value = false)]
pub struct CoverageDecision {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub repair_id: i64,
    pub revision: i64,
    pub decided_at: At,
    pub decided_by: Option<i64>,
    pub because: String,
    pub case_json: String,
    pub decision_json: String,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = coverage_shares, treat_none_as_default_value = false)]
pub struct CoverageShare {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub decision_id: i64,
    pub repair_id: i64,
    pub work_line_id: i64,
    pub cover_id: Option<i64>,
    pub payer_party_id: Option<i64>,
    pub term: Option<String>,
    pub amount_minor: i64,
    pub claim_minor: i64,
    pub override_id: Option<i64>,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = coverage_overrides, treat_none_as_default_value = false)]
pub struct CoverageOverride {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub work_line_id: i64,
    pub cover_id: Option<i64>,
    pub percent: i64,
    pub reason: String,
    pub decided_by: i64,
    pub decided_at: At,
}
