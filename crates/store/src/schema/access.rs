//! Who may come in, and what they may do.

diesel::table! {
    users (id) {
        id -> BigInt,
        public_id -> Text,
        login -> Text,
        name -> Text,
        password_hash -> Text,
        pin_hash -> Nullable<Text>,
        language -> Text,
        must_change_password -> Bool,
        version -> BigInt,
        created_at -> Timestamp,
        disabled_at -> Nullable<Timestamp>,
        totp_sealed -> Nullable<Text>,
        totp_step -> Nullable<BigInt>,
    }
}

diesel::table! {
    memberships (id) {
        id -> BigInt,
        user_id -> BigInt,
        role -> Text,
        centre_id -> Nullable<BigInt>,
        brand_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    sessions (id) {
        id -> BigInt,
        token_hash -> Text,
        user_id -> BigInt,
        centre_id -> Nullable<BigInt>,
        csrf -> Text,
        created_at -> Timestamp,
        seen_at -> Timestamp,
        expires_at -> Timestamp,
        awaits_code -> Bool,
    }
}

diesel::table! {
    api_tokens (id) {
        id -> BigInt,
        public_id -> Text,
        user_id -> BigInt,
        title -> Text,
        token_hash -> Text,
        scopes -> Text,
        created_at -> Timestamp,
        expires_at -> Timestamp,
        revoked_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    permissions (role, action) {
        role -> Text,
        action -> Text,
        is_allowed -> Bool,
        percent -> BigInt,
        amount_minor -> BigInt,
    }
}
