//! What was promised, and what was decided by it.

diesel::table! {
    policies (id) {
        id -> BigInt,
        public_id -> Text,
        code -> Text,
        title_fa -> Text,
        title_en -> Text,
        brand_id -> Nullable<BigInt>,
        payer_party_id -> Nullable<BigInt>,
        cover_kind -> Text,
        draft -> Text,
        latest_version -> BigInt,
        version -> BigInt,
        retired_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    policy_versions (id) {
        id -> BigInt,
        policy_id -> BigInt,
        number -> BigInt,
        body -> Text,
        published_at -> Timestamp,
        published_by -> Nullable<BigInt>,
    }
}

diesel::table! {
    covers (id) {
        id -> BigInt,
        public_id -> Text,
        kind -> Text,
        number -> Text,
        number_key -> Text,
        device_id -> BigInt,
        policy_version_id -> Nullable<BigInt>,
        rules -> Nullable<Text>,
        payer_party_id -> BigInt,
        state -> Text,
        starts_on -> Nullable<Date>,
        issued_at -> Timestamp,
        recorded_at -> Timestamp,
        repair_id -> Nullable<BigInt>,
        seller -> Nullable<Text>,
        version -> BigInt,
    }
}

diesel::table! {
    cover_claims (id) {
        id -> BigInt,
        cover_id -> BigInt,
        repair_id -> BigInt,
        claimed_on -> Date,
        amount_minor -> BigInt,
        state -> Text,
    }
}

diesel::table! {
    coverage_decisions (id) {
        id -> BigInt,
        repair_id -> BigInt,
        revision -> BigInt,
        decided_at -> Timestamp,
        decided_by -> Nullable<BigInt>,
        because -> Text,
        case_json -> Text,
        decision_json -> Text,
    }
}

diesel::table! {
    coverage_shares (id) {
        id -> BigInt,
        decision_id -> BigInt,
        repair_id -> BigInt,
        work_line_id -> BigInt,
        cover_id -> Nullable<BigInt>,
        payer_party_id -> Nullable<BigInt>,
        term -> Nullable<Text>,
        amount_minor -> BigInt,
        claim_minor -> BigInt,
        override_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    coverage_overrides (id) {
        id -> BigInt,
        work_line_id -> BigInt,
        cover_id -> Nullable<BigInt>,
        percent -> BigInt,
        reason -> Text,
        decided_by -> BigInt,
        decided_at -> Timestamp,
    }
}
