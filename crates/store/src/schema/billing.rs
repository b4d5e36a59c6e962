//! Hand-overs, invoices, payments, the ledger.

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
