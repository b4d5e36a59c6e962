//! Imports: files, their rows, what was wrong with them.

diesel::table! {
    imports (id) {
        id -> BigInt,
        public_id -> Text,
        kind -> Text,
        file_name -> Text,
        sha256 -> Text,
        content -> Binary,
        columns_json -> Text,
        is_dry_run -> Bool,
        state -> Text,
        total_count -> BigInt,
        done_count -> BigInt,
        good_count -> BigInt,
        known_count -> BigInt,
        bad_count -> BigInt,
        centre_id -> Nullable<BigInt>,
        created_by -> Nullable<BigInt>,
        created_at -> Timestamp,
        finished_at -> Nullable<Timestamp>,
        is_whole -> Bool,
    }
}

diesel::table! {
    import_rows (import_kind, row_key) {
        import_kind -> Text,
        row_key -> Text,
        target_id -> BigInt,
    }
}

diesel::table! {
    import_problems (import_id, row_number, position) {
        import_id -> BigInt,
        row_number -> BigInt,
        position -> BigInt,
        heading -> Text,
        cell -> Text,
        reason -> Text,
    }
}
