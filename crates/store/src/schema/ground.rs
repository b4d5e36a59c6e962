//! What every slice stands on: settings, journal, jobs, idempotency keys, numbering, search keys, guesses.

diesel::table! {
    settings (name) {
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    journal (id) {
        id -> BigInt,
        occurred_at -> Timestamp,
        recorded_at -> Timestamp,
        actor_user_id -> Nullable<BigInt>,
        centre_id -> Nullable<BigInt>,
        kind -> Text,
        payload -> Text,
        correlation -> Text,
        brand_id -> Nullable<BigInt>,
        address -> Nullable<Text>,
    }
}

diesel::table! {
    journal_subjects (subject_kind, subject_id, journal_id) {
        journal_id -> BigInt,
        subject_kind -> Text,
        subject_id -> BigInt,
    }
}

diesel::table! {
    jobs (id) {
        id -> BigInt,
        public_id -> Text,
        job -> Text,
        key -> Text,
        priority -> BigInt,
        due_at -> Timestamp,
        attempts -> BigInt,
        claim -> BigInt,
        error -> Nullable<Text>,
        parked_at -> Nullable<Timestamp>,
        queued_at -> Timestamp,
    }
}

diesel::table! {
    idempotency_keys (actor, key) {
        actor -> Text,
        key -> Text,
        request_hash -> Text,
        status -> BigInt,
        answer -> Text,
        recorded_at -> Timestamp,
    }
}

diesel::table! {
    number_series (kind, centre_id, year) {
        kind -> Text,
        centre_id -> BigInt,
        year -> BigInt,
        last_number -> BigInt,
    }
}

diesel::table! {
    search_keys (key, target_kind, target_id, kind) {
        key -> Text,
        kind -> Text,
        target_kind -> Text,
        target_id -> BigInt,
    }
}

diesel::table! {
    guesses (subject) {
        subject -> Text,
        wrong_count -> BigInt,
        blocked_until -> Nullable<Timestamp>,
        last_at -> Timestamp,
    }
}
