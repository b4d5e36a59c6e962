//! The tables as Diesel sees them. Kept in step with `migrations/` by a test that asks both engines for their columns.

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
    outbox (id) {
        id -> BigInt,
        consumer -> Text,
        journal_id -> BigInt,
        claimed_at -> Nullable<Timestamp>,
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

diesel::table! {
    product_kinds (id) {
        id -> BigInt,
        public_id -> Text,
        parent_id -> Nullable<BigInt>,
        code -> Text,
        title_fa -> Text,
        title_en -> Text,
        version -> BigInt,
        retired_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    products (id) {
        id -> BigInt,
        public_id -> Text,
        kind_id -> BigInt,
        brand_id -> BigInt,
        code -> Text,
        code_key -> Text,
        title_fa -> Text,
        title_en -> Text,
        gtin -> Nullable<Text>,
        is_serialised -> Bool,
        is_warrantied -> Bool,
        is_part -> Bool,
        tax_class -> Text,
        policy_id -> Nullable<BigInt>,
        version -> BigInt,
        retired_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    product_components (product_id, component_id, position) {
        product_id -> BigInt,
        component_id -> BigInt,
        position -> Text,
        quantity -> BigInt,
    }
}

diesel::table! {
    services (id) {
        id -> BigInt,
        public_id -> Text,
        code -> Text,
        line_type -> Text,
        title_fa -> Text,
        title_en -> Text,
        kind_id -> Nullable<BigInt>,
        product_id -> Nullable<BigInt>,
        standard_minutes -> BigInt,
        is_free_once -> Bool,
        tax_class -> Text,
        version -> BigInt,
        retired_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    prices (id) {
        id -> BigInt,
        product_id -> Nullable<BigInt>,
        service_id -> Nullable<BigInt>,
        payer_party_id -> Nullable<BigInt>,
        kind_id -> Nullable<BigInt>,
        amount_minor -> BigInt,
        from_on -> Date,
    }
}

diesel::table! {
    vat_rates (tax_class, from_on) {
        tax_class -> Text,
        from_on -> Date,
        percent -> BigInt,
    }
}

diesel::table! {
    faults (id) {
        id -> BigInt,
        public_id -> Text,
        parent_id -> Nullable<BigInt>,
        code -> Text,
        title_fa -> Text,
        title_en -> Text,
        kind_id -> Nullable<BigInt>,
        version -> BigInt,
        retired_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    causes (id) {
        id -> BigInt,
        public_id -> Text,
        parent_id -> Nullable<BigInt>,
        code -> Text,
        title_fa -> Text,
        title_en -> Text,
        kind_id -> Nullable<BigInt>,
        version -> BigInt,
        retired_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    fault_relations (reported_fault_id, diagnosed_fault_id) {
        reported_fault_id -> BigInt,
        diagnosed_fault_id -> BigInt,
    }
}

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
    workflow_charts (id) {
        id -> BigInt,
        code -> Text,
        version -> BigInt,
        body -> Text,
        published_at -> Timestamp,
        public_id -> Text,
    }
}

diesel::table! {
    repairs (id) {
        id -> BigInt,
        public_id -> Text,
        reception_id -> BigInt,
        ordinal -> BigInt,
        number -> Text,
        centre_id -> BigInt,
        brand_id -> BigInt,
        product_id -> BigInt,
        kind_id -> BigInt,
        device_id -> BigInt,
        customer_id -> BigInt,
        section_id -> Nullable<BigInt>,
        place -> Text,
        chart_id -> BigInt,
        step -> Text,
        step_since_at -> Timestamp,
        is_open -> Bool,
        assignee_user_id -> Nullable<BigInt>,
        promised_on -> Nullable<Date>,
        priority -> Text,
        outcome -> Nullable<Text>,
        fault_id -> Nullable<BigInt>,
        cause_id -> Nullable<BigInt>,
        component_id -> Nullable<BigInt>,
        finding -> Nullable<Text>,
        diagnosed_at -> Nullable<Timestamp>,
        decision_id -> Nullable<BigInt>,
        repeat_of_id -> Nullable<BigInt>,
        handed_over_at -> Nullable<Timestamp>,
        returned_on -> Nullable<Date>,
        occurred_on -> Date,
        version -> BigInt,
    }
}

diesel::table! {
    repair_details (repair_id) {
        repair_id -> BigInt,
        reported_note -> Nullable<Text>,
        accessories -> Text,
        conditions -> Text,
        meters -> Text,
        passcode -> Nullable<Text>,
    }
}

diesel::table! {
    reported_faults (repair_id, fault_id) {
        repair_id -> BigInt,
        fault_id -> BigInt,
        position -> BigInt,
    }
}

diesel::table! {
    work_lines (id) {
        id -> BigInt,
        public_id -> Text,
        repair_id -> BigInt,
        position -> BigInt,
        line_type -> Text,
        product_id -> Nullable<BigInt>,
        service_id -> Nullable<BigInt>,
        item_code -> Text,
        title_fa -> Text,
        title_en -> Text,
        tax_class -> Text,
        component_id -> Nullable<BigInt>,
        quantity_milli -> BigInt,
        unit_price_minor -> Nullable<BigInt>,
        amount_minor -> Nullable<BigInt>,
        has_own_fault -> Bool,
        fault_id -> Nullable<BigInt>,
        has_own_cause -> Bool,
        cause_id -> Nullable<BigInt>,
        device_in_id -> Nullable<BigInt>,
        device_out_id -> Nullable<BigInt>,
        disposition -> Nullable<Text>,
        supplied_by -> Text,
        technician_user_id -> Nullable<BigInt>,
        result -> Nullable<Text>,
        is_fee -> Bool,
        state -> Text,
        added_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
        ended_reason -> Nullable<Text>,
        awaited_at -> Nullable<Timestamp>,
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

diesel::table! {
    estimates (id) {
        id -> BigInt,
        public_id -> Text,
        repair_id -> BigInt,
        revision -> BigInt,
        state -> Text,
        made_at -> Timestamp,
        made_by -> Nullable<BigInt>,
        valid_until -> Date,
        net_minor -> BigInt,
        vat_minor -> BigInt,
        total_minor -> BigInt,
        lines_json -> Text,
        answered_at -> Nullable<Timestamp>,
        answered_by -> Nullable<BigInt>,
        answer_note -> Nullable<Text>,
    }
}

diesel::table! {
    agreements (id) {
        id -> BigInt,
        repair_id -> BigInt,
        estimate_id -> Nullable<BigInt>,
        noted_at -> Timestamp,
        noted_by -> Nullable<BigInt>,
        who -> Nullable<Text>,
        how -> Text,
        reason -> Text,
        total_minor -> BigInt,
        customer_id -> Nullable<BigInt>,
        lines_json -> Nullable<Text>,
    }
}

diesel::table! {
    case_moves (id) {
        id -> BigInt,
        repair_id -> BigInt,
        transition -> Text,
        from_step -> Text,
        to_step -> Text,
        moved_at -> Timestamp,
        moved_by -> Nullable<BigInt>,
        note -> Nullable<Text>,
        seconds -> BigInt,
    }
}

diesel::table! {
    checklist_answers (repair_id, step, item) {
        repair_id -> BigInt,
        step -> Text,
        item -> Text,
        answered_at -> Timestamp,
        answered_by -> Nullable<BigInt>,
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
    hand_overs (id) {
        id -> BigInt,
        public_id -> Text,
        reception_id -> BigInt,
        centre_id -> BigInt,
        occurred_at -> Timestamp,
        occurred_on -> Date,
        handed_by -> Nullable<BigInt>,
        receiver_kind -> Text,
        receiver_name -> Nullable<Text>,
        receiver_national_id -> Nullable<Text>,
        known_by -> Nullable<Text>,
    }
}

diesel::table! {
    hand_over_repairs (hand_over_id, repair_id) {
        hand_over_id -> BigInt,
        repair_id -> BigInt,
        reopened_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    invoices (id) {
        id -> BigInt,
        public_id -> Text,
        kind -> Text,
        number -> Text,
        number_key -> Text,
        centre_id -> BigInt,
        legal_entity_id -> BigInt,
        payer_party_id -> BigInt,
        reception_id -> Nullable<BigInt>,
        hand_over_id -> Nullable<BigInt>,
        issued_at -> Timestamp,
        issued_on -> Date,
        issued_by -> Nullable<BigInt>,
        currency -> Text,
        net_minor -> BigInt,
        vat_minor -> BigInt,
        total_minor -> BigInt,
        paid_minor -> BigInt,
        corrects_id -> Nullable<BigInt>,
        corrected_by_id -> Nullable<BigInt>,
        reason -> Nullable<Text>,
    }
}

diesel::table! {
    invoice_lines (id) {
        id -> BigInt,
        invoice_id -> BigInt,
        position -> BigInt,
        repair_id -> Nullable<BigInt>,
        work_line_id -> Nullable<BigInt>,
        line_type -> Text,
        item_code -> Text,
        title_fa -> Text,
        title_en -> Text,
        quantity_milli -> BigInt,
        net_minor -> BigInt,
        vat_percent -> BigInt,
        vat_minor -> BigInt,
        total_minor -> BigInt,
        internal_account -> Nullable<Text>,
    }
}

diesel::table! {
    ledger_entries (id) {
        id -> BigInt,
        document_kind -> Text,
        document_id -> BigInt,
        legal_entity_id -> BigInt,
        account -> Text,
        party_id -> Nullable<BigInt>,
        debit_minor -> BigInt,
        credit_minor -> BigInt,
        currency -> Text,
        booked_at -> Timestamp,
        booked_on -> Date,
    }
}

diesel::table! {
    payments (id) {
        id -> BigInt,
        public_id -> Text,
        number -> Text,
        number_key -> Text,
        centre_id -> BigInt,
        party_id -> BigInt,
        invoice_id -> BigInt,
        method -> Text,
        amount_minor -> BigInt,
        currency -> Text,
        reference -> Nullable<Text>,
        paid_at -> Timestamp,
        recorded_by -> Nullable<BigInt>,
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

diesel::table! {
    hand_over_codes (reception_id) {
        reception_id -> BigInt,
        code_sealed -> Text,
        sent_at -> Timestamp,
    }
}

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

diesel::allow_tables_to_appear_in_same_query!(
    settings,
    journal,
    journal_subjects,
    outbox,
    idempotency_keys,
    number_series,
    search_keys,
    guesses,
    parties,
    party_roles,
    party_phones,
    party_addresses,
    party_numbers,
    brands,
    centres,
    sections,
    users,
    memberships,
    sessions,
    api_tokens,
    permissions,
    staff,
    product_kinds,
    products,
    product_components,
    services,
    prices,
    vat_rates,
    faults,
    causes,
    fault_relations,
    policies,
    policy_versions,
    devices,
    device_events,
    device_components,
    device_states,
    covers,
    cover_claims,
    receptions,
    workflow_charts,
    repairs,
    repair_details,
    reported_faults,
    work_lines,
    coverage_decisions,
    coverage_shares,
    coverage_overrides,
    estimates,
    agreements,
    case_moves,
    checklist_answers,
    attachments,
    locations,
    moves,
    documents,
    hand_overs,
    hand_over_repairs,
    invoices,
    invoice_lines,
    ledger_entries,
    payments,
    messages,
    hand_over_codes,
    imports,
    import_rows,
    import_problems,
);
