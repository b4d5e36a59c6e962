//! Documents as they were issued, and messages.

diesel::table! {
    documents (id) {
        id -> BigInt,
        public_id -> Text,
        kind -> Text,
        number -> Nullable<Text>,
        revision -> BigInt,
        centre_id -> BigInt,
        subject_kind -> Text,
        subject_id -> BigInt,
        language -> Text,
        snapshot -> Text,
        media_type -> Nullable<Text>,
        content -> Nullable<Binary>,
        sha256 -> Nullable<Text>,
        issued_at -> Timestamp,
    }
}

diesel::table! {
    messages (id) {
        id -> BigInt,
        public_id -> Text,
        to_number -> Text,
        body -> Text,
        purpose -> Text,
        state -> Text,
        created_at -> Timestamp,
        sent_at -> Nullable<Timestamp>,
        failure -> Nullable<Text>,
        centre_id -> Nullable<BigInt>,
    }
}
