//! Products, services, what they cost, and the words for faults and causes.

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
