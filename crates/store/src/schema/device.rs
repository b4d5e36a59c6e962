//! Devices, what happened to them, what sits in what.

diesel::table! {
    devices (id) {
        id -> BigInt,
        public_id -> Text,
        product_id -> BigInt,
        brand_id -> BigInt,
        serial -> Text,
        serial_key -> Text,
        has_serial -> Bool,
        tracking_code -> Nullable<Text>,
        imei -> Nullable<Text>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    device_events (id) {
        id -> BigInt,
        device_id -> BigInt,
        kind -> Text,
        occurred_at -> Timestamp,
        occurred_on -> Date,
        recorded_at -> Timestamp,
        journal_id -> BigInt,
        data -> Text,
    }
}

diesel::table! {
    device_components (id) {
        id -> BigInt,
        parent_id -> BigInt,
        device_id -> BigInt,
        position -> Nullable<Text>,
        since_at -> Timestamp,
        until_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    device_states (device_id) {
        device_id -> BigInt,
        owner_party_id -> Nullable<BigInt>,
        location_id -> Nullable<BigInt>,
        meters -> Text,
        sold_on -> Nullable<Date>,
    }
}
