//! Rows of what is sold, what is done to it, and where, as they are stored. An `id` of 0 is given by the store.

use store::query::*;
use store::schema::*;
use store::types::{At, Day};

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = brands, treat_none_as_default_value = false)]
pub struct Brand {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub public_id: String,
    pub code: String,
    pub title_fa: String,
    pub title_en: String,
    pub maker_party_id: i64,
    pub version: i64,
    pub retired_at: Option<At>,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = centres, treat_none_as_default_value = false)]
pub struct Centre {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub public_id: String,
    pub code: String,
    pub title_fa: String,
    pub title_en: String,
    pub legal_entity_id: i64,
    pub time_zone: String,
    pub phone: Option<String>,
    pub address: Option<String>,
    pub hours_fa: Option<String>,
    pub hours_en: Option<String>,
    pub paid_policy_id: Option<i64>,
    pub diagnosis_fee_minor: i64,
    pub version: i64,
    pub retired_at: Option<At>,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = sections, treat_none_as_default_value = false)]
pub struct Section {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub public_id: String,
    pub centre_id: i64,
    pub code: String,
    pub title_fa: String,
    pub title_en: String,
    pub version: i64,
    pub retired_at: Option<At>,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = product_kinds, treat_none_as_default_value = false)]
pub struct ProductKind {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub public_id: String,
    pub parent_id: Option<i64>,
    pub code: String,
    pub title_fa: String,
    pub title_en: String,
    pub version: i64,
    pub retired_at: Option<At>,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = products, treat_none_as_default_value = false)]
pub struct Product {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub public_id: String,
    pub kind_id: i64,
    pub brand_id: i64,
    pub code: String,
    pub code_key: String,
    pub title_fa: String,
    pub title_en: String,
    pub gtin: Option<String>,
    pub is_serialised: bool,
    pub is_warrantied: bool,
    pub is_part: bool,
    pub tax_class: String,
    pub policy_id: Option<i64>,
    pub version: i64,
    pub retired_at: Option<At>,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = product_components, treat_none_as_default_value = false)]
pub struct ProductComponent {
    pub product_id: i64,
    pub component_id: i64,
    pub position: String,
    pub quantity: i64,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = services, treat_none_as_default_value = false)]
pub struct Service {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub public_id: String,
    pub code: String,
    pub line_type: String,
    pub title_fa: String,
    pub title_en: String,
    pub kind_id: Option<i64>,
    pub product_id: Option<i64>,
    pub standard_minutes: i64,
    pub is_free_once: bool,
    pub tax_class: String,
    pub version: i64,
    pub retired_at: Option<At>,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = prices, treat_none_as_default_value = false)]
pub struct Price {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub product_id: Option<i64>,
    pub service_id: Option<i64>,
    pub payer_party_id: Option<i64>,
    pub kind_id: Option<i64>,
    pub amount_minor: i64,
    pub from_on: Day,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = vat_rates, treat_none_as_default_value = false)]
pub struct VatRate {
    pub tax_class: String,
    pub from_on: Day,
    pub percent: i64,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = faults, treat_none_as_default_value = false)]
pub struct Fault {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub public_id: String,
    pub parent_id: Option<i64>,
    pub code: String,
    pub title_fa: String,
    pub title_en: String,
    pub kind_id: Option<i64>,
    pub version: i64,
    pub retired_at: Option<At>,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = causes, treat_none_as_default_value = false)]
pub struct Cause {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub public_id: String,
    pub parent_id: Option<i64>,
    pub code: String,
    pub title_fa: String,
    pub title_en: String,
    pub kind_id: Option<i64>,
    pub version: i64,
    pub retired_at: Option<At>,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = fault_relations, treat_none_as_default_value = false)]
pub struct FaultRelation {
    pub reported_fault_id: i64,
    pub diagnosed_fault_id: i64,
}
