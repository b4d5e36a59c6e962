//! Brands, centres, their sections and their staff.

diesel::table! {
    brands (id) {
        id -> BigInt,
        public_id -> Text,
        code -> Text,
        title_fa -> Text,
        title_en -> Text,
        maker_party_id -> BigInt,
        version -> BigInt,
        retired_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    centres (id) {
        id -> BigInt,
        public_id -> Text,
        code -> Text,
        title_fa -> Text,
        title_en -> Text,
        legal_entity_id -> BigInt,
        time_zone -> Text,
        phone -> Nullable<Text>,
        address -> Nullable<Text>,
        hours_fa -> Nullable<Text>,
        hours_en -> Nullable<Text>,
        paid_policy_id -> Nullable<BigInt>,
        diagnosis_fee_minor -> BigInt,
        version -> BigInt,
        retired_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    sections (id) {
        id -> BigInt,
        public_id -> Text,
        centre_id -> BigInt,
        code -> Text,
        title_fa -> Text,
        title_en -> Text,
        version -> BigInt,
        retired_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    staff (id) {
        id -> BigInt,
        public_id -> Text,
        centre_id -> BigInt,
        section_id -> Nullable<BigInt>,
        user_id -> Nullable<BigInt>,
        personnel_code -> Text,
        name -> Text,
        specialty -> Nullable<Text>,
        phone -> Nullable<Text>,
        version -> BigInt,
        retired_at -> Nullable<Timestamp>,
    }
}
