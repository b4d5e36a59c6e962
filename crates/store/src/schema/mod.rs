//! The tables as Diesel sees them, by area. A test compares them with what the migrations make on each engine, column by
//! column.

mod access;
mod billing;
mod catalogue;
mod coverage;
mod device;
mod exchange;
mod ground;
mod organisation;
mod papers;
mod parts;
mod party;
mod reception;
mod repair;

pub use access::*;
pub use billing::*;
pub use catalogue::*;
pub use coverage::*;
pub use device::*;
pub use exchange::*;
pub use ground::*;
pub use organisation::*;
pub use papers::*;
pub use parts::*;
pub use party::*;
pub use reception::*;
pub use repair::*;

diesel::allow_tables_to_appear_in_same_query!(
    settings,
    journal,
    journal_subjects,
    jobs,
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
    diagnoses,
    repair_details,
    reported_faults,
    work_lines,
    line_diagnoses,
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
