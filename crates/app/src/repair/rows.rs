//! Rows of the work on one device, as they are stored. An `id` of 0 is given by the store.

use store::query::*;
use store::rights::Of;
use store::schema::*;
use store::types::{At, Day};

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = repairs, treat_none_as_default_value = false)]
pub struct Repair {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub public_id: String,
    pub reception_id: i64,
    pub ordinal: i64,
    pub number: String,
    pub centre_id: i64,
    pub brand_id: i64,
    pub product_id: i64,
    pub kind_id: i64,
    pub device_id: i64,
    pub customer_id: i64,
    pub section_id: Option<i64>,
    pub place: String,
    pub chart_id: i64,
    pub step: String,
    /// What that step means, where it has a meaning of its own.
    pub stage: Option<String>,
    pub step_since_at: At,
    pub is_open: bool,
    pub assignee_user_id: Option<i64>,
    pub promised_on: Option<Day>,
    pub priority: String,
    pub outcome: Option<String>,
    pub decision_id: Option<i64>,
    pub repeat_of_id: Option<i64>,
    pub handed_over_at: Option<At>,
    pub returned_on: Option<Day>,
    pub occurred_on: Day,
    pub version: i64,
}

impl Repair {
    /// What rights on it are asked about.
    #[must_use]
    pub fn of(&self) -> Of {
        Of::Work(self.centre_id, self.brand_id)
    }
}

/// What was found on a repair.
#[derive(Clone, Debug, Default, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = diagnoses, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct Diagnosis {
    pub repair_id: i64,
    pub fault_id: Option<i64>,
    pub cause_id: Option<i64>,
    /// The component that is affected; None: the device itself.
    pub component_id: Option<i64>,
    pub finding: Option<String>,
    /// None where what was found stands in words of another system alone.
    pub diagnosed_at: Option<At>,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = repair_details, treat_none_as_default_value = false)]
pub struct RepairDetail {
    pub repair_id: i64,
    pub reported_note: Option<String>,
    pub accessories: String,
    pub conditions: String,
    pub meters: String,
    pub passcode: Option<String>,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = reported_faults, treat_none_as_default_value = false)]
pub struct ReportedFault {
    pub repair_id: i64,
    pub fault_id: i64,
    pub position: i64,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = work_lines, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct WorkLine {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub public_id: String,
    pub repair_id: i64,
    pub position: i64,
    pub line_type: String,
    pub product_id: Option<i64>,
    pub service_id: Option<i64>,
    pub item_code: String,
    pub title_fa: String,
    pub title_en: String,
    pub tax_class: String,
    pub quantity_milli: i64,
    pub unit_price_minor: Option<i64>,
    pub amount_minor: Option<i64>,
    pub device_in_id: Option<i64>,
    pub device_out_id: Option<i64>,
    pub disposition: Option<String>,
    pub supplied_by: String,
    pub technician_user_id: Option<i64>,
    pub result: Option<String>,
    pub is_fee: bool,
    pub state: String,
    pub added_at: At,
    pub ended_at: Option<At>,
    pub ended_reason: Option<String>,
    /// Since when a planned part is waited for.
    pub awaited_at: Option<At>,
}

impl WorkLine {
    /// A part that is to be fitted and is not yet.
    #[must_use]
    pub fn is_planned(&self) -> bool {
        self.line_type == "part" && self.state == "open" && self.device_in_id.is_none() && self.device_out_id.is_none()
    }
}

/// Where a line stands apart from its repair: own component, fault and cause. One without any has no row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = line_diagnoses, treat_none_as_default_value = false)]
pub struct LineDiagnosis {
    pub work_line_id: i64,
    pub component_id: Option<i64>,
    pub fault_id: Option<i64>,
    pub cause_id: Option<i64>,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = estimates, treat_none_as_default_value = false)]
pub struct Estimate {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub public_id: String,
    pub repair_id: i64,
    pub revision: i64,
    pub state: String,
    pub made_at: At,
    pub made_by: Option<i64>,
    pub valid_until: Day,
    pub net_minor: i64,
    pub vat_minor: i64,
    pub total_minor: i64,
    pub lines_json: String,
    pub answered_at: Option<At>,
    pub answered_by: Option<i64>,
    pub answer_note: Option<String>,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = agreements, treat_none_as_default_value = false)]
pub struct Agreement {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub repair_id: i64,
    /// None where nothing was asked before.
    pub estimate_id: Option<i64>,
    pub noted_at: At,
    pub noted_by: Option<i64>,
    /// None once the customer was erased.
    pub who: Option<String>,
    pub how: String,
    pub reason: String,
    pub total_minor: i64,
    /// Whose yes it is.
    pub customer_id: Option<i64>,
    /// What it is to, as in an estimate; None of old ones, of which the sum alone is known.
    pub lines_json: Option<String>,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = attachments, treat_none_as_default_value = false)]
pub struct Attachment {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub public_id: String,
    pub repair_id: Option<i64>,
    pub uploaded_by: Option<i64>,
    pub uploaded_at: At,
    pub purpose: String,
    pub media_type: String,
    pub byte_count: i64,
    pub sha256: String,
    pub content: Vec<u8>,
}
