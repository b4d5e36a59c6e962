//! Visits, the codes by which they end, and what was photographed.

diesel::table! {
    receptions (id) {
        id -> BigInt,
        public_id -> Text,
        number -> Text,
        number_key -> Text,
        tracking_number -> Text,
        centre_id -> BigInt,
        customer_id -> BigInt,
        receiver_user_id -> Nullable<BigInt>,
        occurred_at -> Timestamp,
        occurred_on -> Date,
        recorded_at -> Timestamp,
        place -> Text,
        state -> Text,
        note -> Nullable<Text>,
        revision -> BigInt,
        version -> BigInt,
        is_import -> Bool,
    }
}

diesel::table! {
    hand_over_codes (reception_id) {
        reception_id -> BigInt,
        code_sealed -> Text,
        sent_at -> Timestamp,
    }
}

diesel::table! {
    attachments (id) {
        id -> BigInt,
        public_id -> Text,
        repair_id -> Nullable<BigInt>,
        uploaded_by -> Nullable<BigInt>,
        uploaded_at -> Timestamp,
        purpose -> Text,
        media_type -> Text,
        byte_count -> BigInt,
        sha256 -> Text,
        content -> Binary,
    }
}

diesel::table! {
    reported_faults (repair_id, fault_id) {
        repair_id -> BigInt,
        fault_id -> BigInt,
        position -> BigInt,
    }
}
