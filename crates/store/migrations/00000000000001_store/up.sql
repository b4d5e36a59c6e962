CREATE TABLE settings (
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (name)
);

CREATE TABLE journal (
    id {id},
    occurred_at TIMESTAMP NOT NULL,
    recorded_at TIMESTAMP NOT NULL,
    actor_user_id BIGINT,
    centre_id BIGINT,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    correlation TEXT NOT NULL
);
CREATE INDEX journal_centre_id_id_idx ON journal (centre_id, id);

CREATE TABLE journal_subjects (
    journal_id BIGINT NOT NULL REFERENCES journal (id),
    subject_kind TEXT NOT NULL,
    subject_id BIGINT NOT NULL,
    PRIMARY KEY (subject_kind, subject_id, journal_id)
);

CREATE TABLE outbox (
    id {id},
    consumer TEXT NOT NULL,
    journal_id BIGINT NOT NULL REFERENCES journal (id),
    claimed_at TIMESTAMP
);
CREATE INDEX outbox_consumer_id_idx ON outbox (consumer, id);

CREATE TABLE idempotency_keys (
    actor TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    status BIGINT NOT NULL,
    answer TEXT NOT NULL,
    recorded_at TIMESTAMP NOT NULL,
    PRIMARY KEY (actor, key)
);

CREATE TABLE number_series (
    kind TEXT NOT NULL,
    centre_id BIGINT NOT NULL,
    year BIGINT NOT NULL,
    last_number BIGINT NOT NULL,
    PRIMARY KEY (kind, centre_id, year)
);

CREATE TABLE search_keys (
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    target_kind TEXT NOT NULL,
    target_id BIGINT NOT NULL,
    PRIMARY KEY (key, target_kind, target_id, kind)
);
CREATE INDEX search_keys_target_kind_target_id_idx ON search_keys (target_kind, target_id);

CREATE TABLE guesses (
    subject TEXT NOT NULL,
    wrong_count BIGINT NOT NULL,
    blocked_until TIMESTAMP,
    last_at TIMESTAMP NOT NULL,
    PRIMARY KEY (subject)
);

CREATE TABLE parties (
    id {id},
    public_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    national_id TEXT,
    company_id TEXT,
    economic_code TEXT,
    language TEXT NOT NULL,
    note TEXT,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    retired_at TIMESTAMP,
    CONSTRAINT parties_public_id_key UNIQUE (public_id)
);
CREATE INDEX parties_name_key_idx ON parties (name_key);
CREATE INDEX parties_national_id_idx ON parties (national_id);

CREATE TABLE party_roles (
    party_id BIGINT NOT NULL REFERENCES parties (id),
    role TEXT NOT NULL,
    PRIMARY KEY (party_id, role)
);

CREATE TABLE party_phones (
    id {id},
    party_id BIGINT NOT NULL REFERENCES parties (id),
    number TEXT NOT NULL,
    label TEXT,
    position BIGINT NOT NULL
);
CREATE INDEX party_phones_party_id_idx ON party_phones (party_id);
CREATE INDEX party_phones_number_idx ON party_phones (number);

CREATE TABLE party_addresses (
    id {id},
    party_id BIGINT NOT NULL REFERENCES parties (id),
    address TEXT NOT NULL,
    city TEXT,
    postal_code TEXT,
    position BIGINT NOT NULL
);
CREATE INDEX party_addresses_party_id_idx ON party_addresses (party_id);

CREATE TABLE party_numbers (
    id {id},
    party_id BIGINT NOT NULL REFERENCES parties (id),
    kind TEXT NOT NULL,
    number TEXT NOT NULL,
    number_key TEXT NOT NULL,
    CONSTRAINT party_numbers_kind_number_key_key UNIQUE (kind, number_key)
);
CREATE INDEX party_numbers_party_id_idx ON party_numbers (party_id);

CREATE TABLE brands (
    id {id},
    public_id TEXT NOT NULL,
    code TEXT NOT NULL,
    title_fa TEXT NOT NULL,
    title_en TEXT NOT NULL,
    maker_party_id BIGINT NOT NULL REFERENCES parties (id),
    version BIGINT NOT NULL,
    retired_at TIMESTAMP,
    CONSTRAINT brands_public_id_key UNIQUE (public_id),
    CONSTRAINT brands_code_key UNIQUE (code)
);

CREATE TABLE centres (
    id {id},
    public_id TEXT NOT NULL,
    code TEXT NOT NULL,
    title_fa TEXT NOT NULL,
    title_en TEXT NOT NULL,
    legal_entity_id BIGINT NOT NULL REFERENCES parties (id),
    time_zone TEXT NOT NULL,
    phone TEXT,
    address TEXT,
    hours_fa TEXT,
    hours_en TEXT,
    paid_policy_id BIGINT,
    diagnosis_fee_minor BIGINT NOT NULL,
    version BIGINT NOT NULL,
    retired_at TIMESTAMP,
    CONSTRAINT centres_public_id_key UNIQUE (public_id),
    CONSTRAINT centres_code_key UNIQUE (code)
);

CREATE TABLE sections (
    id {id},
    public_id TEXT NOT NULL,
    centre_id BIGINT NOT NULL REFERENCES centres (id),
    code TEXT NOT NULL,
    title_fa TEXT NOT NULL,
    title_en TEXT NOT NULL,
    version BIGINT NOT NULL,
    retired_at TIMESTAMP,
    CONSTRAINT sections_public_id_key UNIQUE (public_id),
    CONSTRAINT sections_centre_id_code_key UNIQUE (centre_id, code)
);

CREATE TABLE users (
    id {id},
    public_id TEXT NOT NULL,
    login TEXT NOT NULL,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    pin_hash TEXT,
    language TEXT NOT NULL,
    must_change_password BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    disabled_at TIMESTAMP,
    CONSTRAINT users_public_id_key UNIQUE (public_id),
    CONSTRAINT users_login_key UNIQUE (login)
);

CREATE TABLE memberships (
    id {id},
    user_id BIGINT NOT NULL REFERENCES users (id),
    role TEXT NOT NULL,
    centre_id BIGINT,
    brand_id BIGINT
);
CREATE INDEX memberships_user_id_idx ON memberships (user_id);

CREATE TABLE sessions (
    id {id},
    token_hash TEXT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id),
    centre_id BIGINT,
    csrf TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    seen_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    CONSTRAINT sessions_token_hash_key UNIQUE (token_hash)
);

CREATE TABLE api_tokens (
    id {id},
    public_id TEXT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id),
    title TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    revoked_at TIMESTAMP,
    CONSTRAINT api_tokens_public_id_key UNIQUE (public_id),
    CONSTRAINT api_tokens_token_hash_key UNIQUE (token_hash)
);

CREATE TABLE permissions (
    role TEXT NOT NULL,
    action TEXT NOT NULL,
    is_allowed BOOLEAN NOT NULL,
    percent BIGINT NOT NULL,
    amount_minor BIGINT NOT NULL,
    PRIMARY KEY (role, action)
);

CREATE TABLE staff (
    id {id},
    public_id TEXT NOT NULL,
    centre_id BIGINT NOT NULL REFERENCES centres (id),
    section_id BIGINT,
    user_id BIGINT,
    personnel_code TEXT NOT NULL,
    name TEXT NOT NULL,
    specialty TEXT,
    phone TEXT,
    version BIGINT NOT NULL,
    retired_at TIMESTAMP,
    CONSTRAINT staff_public_id_key UNIQUE (public_id),
    CONSTRAINT staff_centre_id_personnel_code_key UNIQUE (centre_id, personnel_code)
);

CREATE TABLE product_kinds (
    id {id},
    public_id TEXT NOT NULL,
    parent_id BIGINT,
    code TEXT NOT NULL,
    title_fa TEXT NOT NULL,
    title_en TEXT NOT NULL,
    version BIGINT NOT NULL,
    retired_at TIMESTAMP,
    CONSTRAINT product_kinds_public_id_key UNIQUE (public_id),
    CONSTRAINT product_kinds_code_key UNIQUE (code)
);

CREATE TABLE products (
    id {id},
    public_id TEXT NOT NULL,
    kind_id BIGINT NOT NULL REFERENCES product_kinds (id),
    brand_id BIGINT NOT NULL REFERENCES brands (id),
    code TEXT NOT NULL,
    code_key TEXT NOT NULL,
    title_fa TEXT NOT NULL,
    title_en TEXT NOT NULL,
    gtin TEXT,
    is_serialised BOOLEAN NOT NULL,
    is_warrantied BOOLEAN NOT NULL,
    is_part BOOLEAN NOT NULL,
    tax_class TEXT NOT NULL,
    policy_id BIGINT,
    version BIGINT NOT NULL,
    retired_at TIMESTAMP,
    CONSTRAINT products_public_id_key UNIQUE (public_id),
    CONSTRAINT products_brand_id_code_key_key UNIQUE (brand_id, code_key)
);
CREATE INDEX products_kind_id_idx ON products (kind_id);

CREATE TABLE product_components (
    product_id BIGINT NOT NULL REFERENCES products (id),
    component_id BIGINT NOT NULL REFERENCES products (id),
    position TEXT NOT NULL,
    quantity BIGINT NOT NULL,
    PRIMARY KEY (product_id, component_id, position)
);

CREATE TABLE services (
    id {id},
    public_id TEXT NOT NULL,
    code TEXT NOT NULL,
    line_type TEXT NOT NULL,
    title_fa TEXT NOT NULL,
    title_en TEXT NOT NULL,
    kind_id BIGINT,
    product_id BIGINT,
    standard_minutes BIGINT NOT NULL,
    is_free_once BOOLEAN NOT NULL,
    tax_class TEXT NOT NULL,
    version BIGINT NOT NULL,
    retired_at TIMESTAMP,
    CONSTRAINT services_public_id_key UNIQUE (public_id),
    CONSTRAINT services_code_key UNIQUE (code)
);

CREATE TABLE prices (
    id {id},
    product_id BIGINT,
    service_id BIGINT,
    payer_party_id BIGINT,
    kind_id BIGINT,
    amount_minor BIGINT NOT NULL,
    from_on DATE NOT NULL
);
CREATE INDEX prices_product_id_idx ON prices (product_id);
CREATE INDEX prices_service_id_idx ON prices (service_id);

CREATE TABLE vat_rates (
    tax_class TEXT NOT NULL,
    from_on DATE NOT NULL,
    percent BIGINT NOT NULL,
    PRIMARY KEY (tax_class, from_on)
);

CREATE TABLE faults (
    id {id},
    public_id TEXT NOT NULL,
    parent_id BIGINT,
    code TEXT NOT NULL,
    title_fa TEXT NOT NULL,
    title_en TEXT NOT NULL,
    kind_id BIGINT,
    version BIGINT NOT NULL,
    retired_at TIMESTAMP,
    CONSTRAINT faults_public_id_key UNIQUE (public_id),
    CONSTRAINT faults_code_key UNIQUE (code)
);

CREATE TABLE causes (
    id {id},
    public_id TEXT NOT NULL,
    parent_id BIGINT,
    code TEXT NOT NULL,
    title_fa TEXT NOT NULL,
    title_en TEXT NOT NULL,
    kind_id BIGINT,
    version BIGINT NOT NULL,
    retired_at TIMESTAMP,
    CONSTRAINT causes_public_id_key UNIQUE (public_id),
    CONSTRAINT causes_code_key UNIQUE (code)
);

CREATE TABLE fault_relations (
    reported_fault_id BIGINT NOT NULL REFERENCES faults (id),
    diagnosed_fault_id BIGINT NOT NULL REFERENCES faults (id),
    PRIMARY KEY (reported_fault_id, diagnosed_fault_id)
);

CREATE TABLE policies (
    id {id},
    public_id TEXT NOT NULL,
    code TEXT NOT NULL,
    title_fa TEXT NOT NULL,
    title_en TEXT NOT NULL,
    brand_id BIGINT,
    payer_party_id BIGINT,
    cover_kind TEXT NOT NULL,
    draft TEXT NOT NULL,
    latest_version BIGINT NOT NULL,
    version BIGINT NOT NULL,
    retired_at TIMESTAMP,
    CONSTRAINT policies_public_id_key UNIQUE (public_id),
    CONSTRAINT policies_code_key UNIQUE (code)
);

CREATE TABLE policy_versions (
    id {id},
    policy_id BIGINT NOT NULL REFERENCES policies (id),
    number BIGINT NOT NULL,
    body TEXT NOT NULL,
    published_at TIMESTAMP NOT NULL,
    published_by BIGINT,
    CONSTRAINT policy_versions_policy_id_number_key UNIQUE (policy_id, number)
);

CREATE TABLE devices (
    id {id},
    public_id TEXT NOT NULL,
    product_id BIGINT NOT NULL REFERENCES products (id),
    brand_id BIGINT NOT NULL REFERENCES brands (id),
    serial TEXT NOT NULL,
    serial_key TEXT NOT NULL,
    has_serial BOOLEAN NOT NULL,
    tracking_code TEXT,
    imei TEXT,
    created_at TIMESTAMP NOT NULL,
    CONSTRAINT devices_public_id_key UNIQUE (public_id),
    CONSTRAINT devices_brand_id_serial_key_key UNIQUE (brand_id, serial_key)
);

CREATE TABLE device_events (
    id {id},
    device_id BIGINT NOT NULL REFERENCES devices (id),
    kind TEXT NOT NULL,
    occurred_at TIMESTAMP NOT NULL,
    occurred_on DATE NOT NULL,
    recorded_at TIMESTAMP NOT NULL,
    journal_id BIGINT NOT NULL REFERENCES journal (id),
    data TEXT NOT NULL
);
CREATE INDEX device_events_device_id_occurred_at_idx ON device_events (device_id, occurred_at);

CREATE TABLE device_components (
    id {id},
    parent_id BIGINT NOT NULL REFERENCES devices (id),
    device_id BIGINT NOT NULL REFERENCES devices (id),
    position TEXT,
    since_at TIMESTAMP NOT NULL,
    until_at TIMESTAMP
);
CREATE INDEX device_components_parent_id_idx ON device_components (parent_id);
CREATE INDEX device_components_device_id_idx ON device_components (device_id);

CREATE TABLE device_states (
    device_id BIGINT NOT NULL REFERENCES devices (id),
    owner_party_id BIGINT,
    location_id BIGINT,
    meters TEXT NOT NULL,
    sold_on DATE,
    PRIMARY KEY (device_id)
);
CREATE INDEX device_states_owner_party_id_idx ON device_states (owner_party_id);

CREATE TABLE covers (
    id {id},
    public_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    number TEXT NOT NULL,
    number_key TEXT NOT NULL,
    device_id BIGINT NOT NULL REFERENCES devices (id),
    policy_version_id BIGINT,
    rules TEXT,
    payer_party_id BIGINT NOT NULL REFERENCES parties (id),
    state TEXT NOT NULL,
    starts_on DATE,
    issued_at TIMESTAMP NOT NULL,
    recorded_at TIMESTAMP NOT NULL,
    repair_id BIGINT,
    seller TEXT,
    version BIGINT NOT NULL,
    CONSTRAINT covers_public_id_key UNIQUE (public_id),
    CONSTRAINT covers_kind_number_key_key UNIQUE (kind, number_key)
);
CREATE INDEX covers_device_id_idx ON covers (device_id);
CREATE INDEX covers_repair_id_idx ON covers (repair_id);

CREATE TABLE cover_claims (
    id {id},
    cover_id BIGINT NOT NULL REFERENCES covers (id),
    repair_id BIGINT NOT NULL,
    claimed_on DATE NOT NULL,
    amount_minor BIGINT NOT NULL,
    state TEXT NOT NULL,
    CONSTRAINT cover_claims_cover_id_repair_id_key UNIQUE (cover_id, repair_id)
);
CREATE INDEX cover_claims_repair_id_idx ON cover_claims (repair_id);

CREATE TABLE receptions (
    id {id},
    public_id TEXT NOT NULL,
    number TEXT NOT NULL,
    number_key TEXT NOT NULL,
    tracking_number TEXT NOT NULL,
    centre_id BIGINT NOT NULL REFERENCES centres (id),
    customer_id BIGINT NOT NULL REFERENCES parties (id),
    receiver_user_id BIGINT,
    occurred_at TIMESTAMP NOT NULL,
    occurred_on DATE NOT NULL,
    recorded_at TIMESTAMP NOT NULL,
    place TEXT NOT NULL,
    state TEXT NOT NULL,
    note TEXT,
    revision BIGINT NOT NULL,
    version BIGINT NOT NULL,
    is_import BOOLEAN NOT NULL,
    CONSTRAINT receptions_public_id_key UNIQUE (public_id),
    CONSTRAINT receptions_number_key UNIQUE (number),
    CONSTRAINT receptions_tracking_number_key UNIQUE (tracking_number)
);
CREATE INDEX receptions_centre_id_id_idx ON receptions (centre_id, id);
CREATE INDEX receptions_customer_id_idx ON receptions (customer_id);

CREATE TABLE workflow_charts (
    id {id},
    code TEXT NOT NULL,
    version BIGINT NOT NULL,
    body TEXT NOT NULL,
    published_at TIMESTAMP NOT NULL,
    CONSTRAINT workflow_charts_code_version_key UNIQUE (code, version)
);

CREATE TABLE repairs (
    id {id},
    public_id TEXT NOT NULL,
    reception_id BIGINT NOT NULL REFERENCES receptions (id),
    ordinal BIGINT NOT NULL,
    number TEXT NOT NULL,
    centre_id BIGINT NOT NULL REFERENCES centres (id),
    brand_id BIGINT NOT NULL REFERENCES brands (id),
    product_id BIGINT NOT NULL REFERENCES products (id),
    kind_id BIGINT NOT NULL REFERENCES product_kinds (id),
    device_id BIGINT NOT NULL REFERENCES devices (id),
    customer_id BIGINT NOT NULL REFERENCES parties (id),
    section_id BIGINT,
    place TEXT NOT NULL,
    chart_id BIGINT NOT NULL REFERENCES workflow_charts (id),
    step TEXT NOT NULL,
    step_since_at TIMESTAMP NOT NULL,
    is_open BOOLEAN NOT NULL,
    assignee_user_id BIGINT,
    promised_on DATE,
    priority TEXT NOT NULL,
    outcome TEXT,
    fault_id BIGINT,
    cause_id BIGINT,
    component_id BIGINT,
    finding TEXT,
    diagnosed_at TIMESTAMP,
    decision_id BIGINT,
    repeat_of_id BIGINT,
    handed_over_at TIMESTAMP,
    returned_on DATE,
    occurred_on DATE NOT NULL,
    version BIGINT NOT NULL,
    CONSTRAINT repairs_public_id_key UNIQUE (public_id),
    CONSTRAINT repairs_number_key UNIQUE (number)
);
CREATE INDEX repairs_reception_id_idx ON repairs (reception_id);
CREATE INDEX repairs_device_id_idx ON repairs (device_id);
CREATE INDEX repairs_centre_id_is_open_id_idx ON repairs (centre_id, is_open, id);
CREATE INDEX repairs_assignee_user_id_is_open_idx ON repairs (assignee_user_id, is_open);
CREATE INDEX repairs_kind_id_idx ON repairs (kind_id);
CREATE INDEX repairs_customer_id_idx ON repairs (customer_id);

CREATE TABLE repair_details (
    repair_id BIGINT NOT NULL REFERENCES repairs (id),
    reported_note TEXT,
    accessories TEXT NOT NULL,
    conditions TEXT NOT NULL,
    meters TEXT NOT NULL,
    passcode TEXT,
    PRIMARY KEY (repair_id)
);

CREATE TABLE reported_faults (
    repair_id BIGINT NOT NULL REFERENCES repairs (id),
    fault_id BIGINT NOT NULL REFERENCES faults (id),
    position BIGINT NOT NULL,
    PRIMARY KEY (repair_id, fault_id)
);
CREATE INDEX reported_faults_fault_id_idx ON reported_faults (fault_id);

CREATE TABLE work_lines (
    id {id},
    public_id TEXT NOT NULL,
    repair_id BIGINT NOT NULL REFERENCES repairs (id),
    position BIGINT NOT NULL,
    line_type TEXT NOT NULL,
    product_id BIGINT,
    service_id BIGINT,
    item_code TEXT NOT NULL,
    title_fa TEXT NOT NULL,
    title_en TEXT NOT NULL,
    tax_class TEXT NOT NULL,
    component_id BIGINT,
    quantity_milli BIGINT NOT NULL,
    unit_price_minor BIGINT,
    amount_minor BIGINT,
    has_own_fault BOOLEAN NOT NULL,
    fault_id BIGINT,
    has_own_cause BOOLEAN NOT NULL,
    cause_id BIGINT,
    device_in_id BIGINT,
    device_out_id BIGINT,
    disposition TEXT,
    supplied_by TEXT NOT NULL,
    technician_user_id BIGINT,
    result TEXT,
    is_fee BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    added_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP,
    ended_reason TEXT,
    CONSTRAINT work_lines_public_id_key UNIQUE (public_id)
);
CREATE INDEX work_lines_repair_id_position_idx ON work_lines (repair_id, position);

CREATE TABLE coverage_decisions (
    id {id},
    repair_id BIGINT NOT NULL REFERENCES repairs (id),
    revision BIGINT NOT NULL,
    decided_at TIMESTAMP NOT NULL,
    decided_by BIGINT,
    because TEXT NOT NULL,
    case_json TEXT NOT NULL,
    decision_json TEXT NOT NULL
);
CREATE INDEX coverage_decisions_repair_id_revision_idx ON coverage_decisions (repair_id, revision);

CREATE TABLE coverage_shares (
    id {id},
    decision_id BIGINT NOT NULL REFERENCES coverage_decisions (id),
    repair_id BIGINT NOT NULL REFERENCES repairs (id),
    work_line_id BIGINT NOT NULL REFERENCES work_lines (id),
    cover_id BIGINT,
    payer_party_id BIGINT,
    term TEXT,
    amount_minor BIGINT NOT NULL,
    claim_minor BIGINT NOT NULL,
    override_id BIGINT
);
CREATE INDEX coverage_shares_decision_id_idx ON coverage_shares (decision_id);
CREATE INDEX coverage_shares_repair_id_idx ON coverage_shares (repair_id);

CREATE TABLE coverage_overrides (
    id {id},
    work_line_id BIGINT NOT NULL REFERENCES work_lines (id),
    cover_id BIGINT,
    percent BIGINT NOT NULL,
    reason TEXT NOT NULL,
    decided_by BIGINT NOT NULL,
    decided_at TIMESTAMP NOT NULL
);
CREATE INDEX coverage_overrides_work_line_id_idx ON coverage_overrides (work_line_id);

CREATE TABLE estimates (
    id {id},
    public_id TEXT NOT NULL,
    repair_id BIGINT NOT NULL REFERENCES repairs (id),
    revision BIGINT NOT NULL,
    state TEXT NOT NULL,
    made_at TIMESTAMP NOT NULL,
    made_by BIGINT,
    valid_until DATE NOT NULL,
    net_minor BIGINT NOT NULL,
    vat_minor BIGINT NOT NULL,
    total_minor BIGINT NOT NULL,
    lines_json TEXT NOT NULL,
    answered_at TIMESTAMP,
    answered_by BIGINT,
    answer_note TEXT,
    CONSTRAINT estimates_public_id_key UNIQUE (public_id),
    CONSTRAINT estimates_repair_id_revision_key UNIQUE (repair_id, revision)
);

CREATE TABLE case_moves (
    id {id},
    repair_id BIGINT NOT NULL REFERENCES repairs (id),
    transition TEXT NOT NULL,
    from_step TEXT NOT NULL,
    to_step TEXT NOT NULL,
    moved_at TIMESTAMP NOT NULL,
    moved_by BIGINT,
    note TEXT,
    seconds BIGINT NOT NULL
);
CREATE INDEX case_moves_repair_id_idx ON case_moves (repair_id);

CREATE TABLE checklist_answers (
    repair_id BIGINT NOT NULL REFERENCES repairs (id),
    step TEXT NOT NULL,
    item TEXT NOT NULL,
    answered_at TIMESTAMP NOT NULL,
    answered_by BIGINT,
    PRIMARY KEY (repair_id, step, item)
);

CREATE TABLE attachments (
    id {id},
    public_id TEXT NOT NULL,
    repair_id BIGINT,
    uploaded_by BIGINT,
    uploaded_at TIMESTAMP NOT NULL,
    purpose TEXT NOT NULL,
    media_type TEXT NOT NULL,
    byte_count BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    content {bytes} NOT NULL,
    CONSTRAINT attachments_public_id_key UNIQUE (public_id)
);
CREATE INDEX attachments_repair_id_idx ON attachments (repair_id);

CREATE TABLE locations (
    id {id},
    kind TEXT NOT NULL,
    centre_id BIGINT NOT NULL,
    party_id BIGINT NOT NULL,
    device_id BIGINT NOT NULL,
    CONSTRAINT locations_kind_centre_id_party_id_device_id_key UNIQUE (kind, centre_id, party_id, device_id)
);

CREATE TABLE moves (
    id {id},
    moved_at TIMESTAMP NOT NULL,
    moved_by BIGINT,
    device_id BIGINT,
    product_id BIGINT NOT NULL REFERENCES products (id),
    quantity_milli BIGINT NOT NULL,
    from_location_id BIGINT NOT NULL REFERENCES locations (id),
    to_location_id BIGINT NOT NULL REFERENCES locations (id),
    document_kind TEXT NOT NULL,
    document_id BIGINT NOT NULL
);
CREATE INDEX moves_device_id_id_idx ON moves (device_id, id);
CREATE INDEX moves_to_location_id_idx ON moves (to_location_id);
CREATE INDEX moves_from_location_id_idx ON moves (from_location_id);
CREATE INDEX moves_document_kind_document_id_idx ON moves (document_kind, document_id);

CREATE TABLE documents (
    id {id},
    public_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    number TEXT,
    revision BIGINT NOT NULL,
    centre_id BIGINT NOT NULL REFERENCES centres (id),
    subject_kind TEXT NOT NULL,
    subject_id BIGINT NOT NULL,
    language TEXT NOT NULL,
    snapshot TEXT NOT NULL,
    media_type TEXT,
    content {bytes},
    sha256 TEXT,
    issued_at TIMESTAMP NOT NULL,
    CONSTRAINT documents_public_id_key UNIQUE (public_id)
);
CREATE INDEX documents_subject_kind_subject_id_idx ON documents (subject_kind, subject_id);

CREATE TABLE hand_overs (
    id {id},
    public_id TEXT NOT NULL,
    reception_id BIGINT NOT NULL REFERENCES receptions (id),
    centre_id BIGINT NOT NULL REFERENCES centres (id),
    occurred_at TIMESTAMP NOT NULL,
    occurred_on DATE NOT NULL,
    handed_by BIGINT,
    receiver_kind TEXT NOT NULL,
    receiver_name TEXT,
    receiver_national_id TEXT,
    known_by TEXT,
    CONSTRAINT hand_overs_public_id_key UNIQUE (public_id)
);
CREATE INDEX hand_overs_reception_id_idx ON hand_overs (reception_id);

CREATE TABLE hand_over_repairs (
    hand_over_id BIGINT NOT NULL REFERENCES hand_overs (id),
    repair_id BIGINT NOT NULL REFERENCES repairs (id),
    reopened_at TIMESTAMP,
    PRIMARY KEY (hand_over_id, repair_id)
);
CREATE INDEX hand_over_repairs_repair_id_idx ON hand_over_repairs (repair_id);

CREATE TABLE invoices (
    id {id},
    public_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    number TEXT NOT NULL,
    number_key TEXT NOT NULL,
    centre_id BIGINT NOT NULL REFERENCES centres (id),
    legal_entity_id BIGINT NOT NULL REFERENCES parties (id),
    payer_party_id BIGINT NOT NULL REFERENCES parties (id),
    reception_id BIGINT,
    hand_over_id BIGINT,
    issued_at TIMESTAMP NOT NULL,
    issued_on DATE NOT NULL,
    issued_by BIGINT,
    currency TEXT NOT NULL,
    net_minor BIGINT NOT NULL,
    vat_minor BIGINT NOT NULL,
    total_minor BIGINT NOT NULL,
    paid_minor BIGINT NOT NULL,
    corrects_id BIGINT,
    corrected_by_id BIGINT,
    reason TEXT,
    CONSTRAINT invoices_public_id_key UNIQUE (public_id),
    CONSTRAINT invoices_number_key UNIQUE (number)
);
CREATE INDEX invoices_centre_id_id_idx ON invoices (centre_id, id);
CREATE INDEX invoices_payer_party_id_idx ON invoices (payer_party_id);
CREATE INDEX invoices_hand_over_id_idx ON invoices (hand_over_id);
CREATE INDEX invoices_reception_id_idx ON invoices (reception_id);

CREATE TABLE invoice_lines (
    id {id},
    invoice_id BIGINT NOT NULL REFERENCES invoices (id),
    position BIGINT NOT NULL,
    repair_id BIGINT,
    work_line_id BIGINT,
    line_type TEXT NOT NULL,
    item_code TEXT NOT NULL,
    title_fa TEXT NOT NULL,
    title_en TEXT NOT NULL,
    quantity_milli BIGINT NOT NULL,
    net_minor BIGINT NOT NULL,
    vat_percent BIGINT NOT NULL,
    vat_minor BIGINT NOT NULL,
    total_minor BIGINT NOT NULL,
    internal_account TEXT
);
CREATE INDEX invoice_lines_invoice_id_position_idx ON invoice_lines (invoice_id, position);
CREATE INDEX invoice_lines_work_line_id_idx ON invoice_lines (work_line_id);

CREATE TABLE ledger_entries (
    id {id},
    document_kind TEXT NOT NULL,
    document_id BIGINT NOT NULL,
    legal_entity_id BIGINT NOT NULL REFERENCES parties (id),
    account TEXT NOT NULL,
    party_id BIGINT,
    debit_minor BIGINT NOT NULL,
    credit_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    booked_at TIMESTAMP NOT NULL,
    booked_on DATE NOT NULL
);
CREATE INDEX ledger_entries_document_kind_document_id_idx ON ledger_entries (document_kind, document_id);
CREATE INDEX ledger_entries_party_id_account_idx ON ledger_entries (party_id, account);

CREATE TABLE payments (
    id {id},
    public_id TEXT NOT NULL,
    number TEXT NOT NULL,
    number_key TEXT NOT NULL,
    centre_id BIGINT NOT NULL REFERENCES centres (id),
    party_id BIGINT NOT NULL REFERENCES parties (id),
    invoice_id BIGINT NOT NULL REFERENCES invoices (id),
    method TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    reference TEXT,
    paid_at TIMESTAMP NOT NULL,
    recorded_by BIGINT,
    CONSTRAINT payments_public_id_key UNIQUE (public_id),
    CONSTRAINT payments_number_key UNIQUE (number)
);
CREATE INDEX payments_invoice_id_idx ON payments (invoice_id);
CREATE INDEX payments_party_id_idx ON payments (party_id);

CREATE TABLE messages (
    id {id},
    public_id TEXT NOT NULL,
    to_number TEXT NOT NULL,
    body TEXT NOT NULL,
    purpose TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    sent_at TIMESTAMP,
    failure TEXT,
    CONSTRAINT messages_public_id_key UNIQUE (public_id)
);
CREATE INDEX messages_state_id_idx ON messages (state, id);

CREATE TABLE hand_over_codes (
    reception_id BIGINT NOT NULL REFERENCES receptions (id),
    code_hash TEXT NOT NULL,
    sent_at TIMESTAMP NOT NULL,
    wrong_count BIGINT NOT NULL,
    PRIMARY KEY (reception_id)
);

CREATE TABLE imports (
    id {id},
    public_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    file_name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    content {bytes} NOT NULL,
    columns_json TEXT NOT NULL,
    is_dry_run BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    total_count BIGINT NOT NULL,
    done_count BIGINT NOT NULL,
    good_count BIGINT NOT NULL,
    known_count BIGINT NOT NULL,
    bad_count BIGINT NOT NULL,
    report_json TEXT NOT NULL,
    centre_id BIGINT,
    created_by BIGINT,
    created_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP,
    CONSTRAINT imports_public_id_key UNIQUE (public_id)
);

CREATE TABLE import_rows (
    import_kind TEXT NOT NULL,
    row_key TEXT NOT NULL,
    target_id BIGINT NOT NULL,
    PRIMARY KEY (import_kind, row_key)
);
