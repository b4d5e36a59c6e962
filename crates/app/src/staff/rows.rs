//! Rows of the people of a centre, as they are stored. An `id` of 0 is given by the store.

use store::query::*;
use store::schema::*;
use store::types::At;

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = staff, treat_none_as_default_value = false)]
pub struct StaffMember {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub public_id: String,
    pub centre_id: i64,
    pub section_id: Option<i64>,
    pub user_id: Option<i64>,
    pub personnel_code: String,
    pub name: String,
    pub specialty: Option<String>,
    pub phone: Option<String>,
    pub version: i64,
    pub retired_at: Option<At>,
}
