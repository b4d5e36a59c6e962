//! Parties: customers, legal entities, makers, insurers.

diesel::table! {
    parties (id) {
        id -> BigInt,
        public_id -> Text,
        kind -> Text,
        name -> Text,
        name_key -> Text,
        national_id -> Nullable<Text>,
        company_id -> Nullable<Text>,
        economic_code -> Nullable<Text>,
        language -> Text,
        note -> Nullable<Text>,
        version -> BigInt,
        created_at -> Timestamp,
        retired_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    party_roles (party_id, role) {
        party_id -> BigInt,
        role -> Text,
    }
}

diesel::table! {
    party_phones (id) {
        id -> BigInt,
        party_id -> BigInt,
        number -> Text,
        label -> Nullable<Text>,
        position -> BigInt,
    }
}

diesel::table! {
    party_addresses (id) {
        id -> BigInt,
        party_id -> BigInt,
        address -> Text,
        city -> Nullable<Text>,
        postal_code -> Nullable<Text>,
        position -> BigInt,
    }
}

diesel::table! {
    party_numbers (id) {
        id -> BigInt,
        party_id -> BigInt,
        kind -> Text,
        number -> Text,
        number_key -> Text,
    }
}
