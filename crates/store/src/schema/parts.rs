//! Where things are, and how they came there.

diesel::table! {
    locations (id) {
        id -> BigInt,
        kind -> Text,
        centre_id -> BigInt,
        party_id -> BigInt,
        device_id -> BigInt,
    }
}

diesel::table! {
    moves (id) {
        id -> BigInt,
        moved_at -> Timestamp,
        moved_by -> Nullable<BigInt>,
        device_id -> Nullable<BigInt>,
        product_id -> BigInt,
        quantity_milli -> BigInt,
        from_location_id -> BigInt,
        to_location_id -> BigInt,
        document_kind -> Text,
        document_id -> BigInt,
    }
}
