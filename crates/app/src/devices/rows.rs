//! Rows of devices and their life, as they are stored. An `id` of 0 is given by the store.

use store::query::*;
use store::schema::*;
use store::types::{At, Day};

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = devices, treat_none_as_default_value = false)]
pub struct Device {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub public_id: String,
    pub product_id: i64,
    pub brand_id: i64,
    pub serial: String,
    pub serial_key: String,
    pub has_serial: bool,
    pub tracking_code: Option<String>,
    pub imei: Option<String>,
    pub created_at: At,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = device_events, treat_none_as_default_value = false)]
pub struct DeviceEvent {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub device_id: i64,
    pub kind: String,
    pub occurred_at: At,
    pub occurred_on: Day,
    pub recorded_at: At,
    pub journal_id: i64,
    pub data: String,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = device_components, treat_none_as_default_value = false)]
pub struct DeviceComponent {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub parent_id: i64,
    pub device_id: i64,
    pub position: Option<String>,
    pub since_at: At,
    pub until_at: Option<At>,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = device_states, treat_none_as_default_value = false)]
pub struct DeviceState {
    pub device_id: i64,
    pub owner_party_id: Option<i64>,
    pub location_id: Option<i64>,
    pub meters: String,
    pub sold_on: Option<Day>,
}
