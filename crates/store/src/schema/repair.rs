//! Repairs: their work, what was asked and answered, the steps they took.

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
        stage -> Nullable<Text>,
        step_since_at -> Timestamp,
        is_open -> Bool,
        assignee_user_id -> Nullable<BigInt>,
        promised_on -> Nullable<Date>,
        priority -> Text,
        outcome -> Nullable<Text>,
        decision_id -> Nullable<BigInt>,
        repeat_of_id -> Nullable<BigInt>,
        handed_over_at -> Nullable<Timestamp>,
        returned_on -> Nullable<Date>,
        occurred_on -> Date,
        version -> BigInt,
    }
}

diesel::table! {
    diagnoses (repair_id) {
        repair_id -> BigInt,
        fault_id -> Nullable<BigInt>,
        cause_id -> Nullable<BigInt>,
        component_id -> Nullable<BigInt>,
        finding -> Nullable<Text>,
        diagnosed_at -> Nullable<Timestamp>,
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
        quantity_milli -> BigInt,
        unit_price_minor -> Nullable<BigInt>,
        amount_minor -> Nullable<BigInt>,
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
    line_diagnoses (work_line_id) {
        work_line_id -> BigInt,
        component_id -> Nullable<BigInt>,
        fault_id -> Nullable<BigInt>,
        cause_id -> Nullable<BigInt>,
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
