//! What the journal tells: one variant per thing that happened, named in the past. Personal data never stands here
//! (domain rule 6): an event points to its subjects.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::jobs::Kind;
use crate::views::Title;

/// What an event is about: an entry stands in the timeline of each of its subjects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    Device(i64),
    Customer(i64),
    Reception(i64),
    Repair(i64),
    Cover(i64),
    Invoice(i64),
    User(i64),
    Object(&'static str, i64),
}

impl Subject {
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Device(_) => "device",
            Self::Customer(_) => "customer",
            Self::Reception(_) => "reception",
            Self::Repair(_) => "repair",
            Self::Cover(_) => "cover",
            Self::Invoice(_) => "invoice",
            Self::User(_) => "user",
            Self::Object(kind, _) => kind,
        }
    }

    #[must_use]
    pub fn id(self) -> i64 {
        match self {
            Self::Device(id)
            | Self::Customer(id)
            | Self::Reception(id)
            | Self::Repair(id)
            | Self::Cover(id)
            | Self::Invoice(id)
            | Self::User(id)
            | Self::Object(_, id) => id,
        }
    }
}

/// Draws papers, so that their bytes are there before somebody asks for them.
pub const PAPERS: Kind = Kind { name: "papers", priority: 50 };

/// Everything that can happen. What was added later is absent in what was written before.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    SignedIn,
    SignInFailed { login: String },
    SecretRefused,
    SignedOut,
    PersonSwitched,
    PasswordChanged,
    PinSet,
    SecondFactorTurnedOn,
    SecondFactorTurnedOff,
    SecondFactorAskedOf { whom: String },
    SessionsEnded,
    UserSaved { login: String },
    UserDisabled { login: String, returned: i64 },
    UserEnabled { login: String },
    PasswordReset { login: String },
    TokenMade { title: String },
    TokenRevoked { title: String },
    PermissionChanged { role: String, action: String },
    MoneyUnitChanged { unit: String },
    VatRateSet { on: Date, percent: Option<i64> },
    AccessRefused { path: String },
    SecretsSealedAnew { sealed: i64, dropped: i64 },
    Saved { what: String, code: String },
    Retired { what: String, code: String },
    PolicyPublished { code: String, number: i64 },
    CustomerSaved,
    CustomerChanged,
    CustomerLookedUp,
    CustomerOpened,
    CustomerExported,
    CustomerErased { reason: String },
    RetentionChanged,
    OldDataDeleted { photos: i64, messages: i64, files: i64, customers: i64 },
    DeviceRegistered { serial: String },
    DeviceEventAdded { kind: String, on: Date },
    OwnerChanged,
    MeterRead { metric: String, reading: i64 },
    NoteAdded { note: String },
    CardIssued { number: String },
    CoverAdded { kind: String, number: String },
    CoverStateChanged { number: String, state: String },
    DevicesReceived { number: String, devices: i64 },
    ReceptionCorrected { number: String, reason: String, revision: i64 },
    ReceptionCancelled { number: String, reason: String },
    RepairDiagnosed { number: String, fault: Option<String>, cause: Option<String> },
    OperationAdded { number: String, item: String },
    PartPlanned { number: String, item: String },
    PartAwaited { number: String, item: String },
    PartCame { number: String, item: String },
    PartFitted { number: String, item: String, serial_in: Option<String>, serial_out: Option<String> },
    PartRepaired { number: String, item: String, serial: Option<String> },
    PartTakenOut { number: String, item: String, reason: String },
    LineRemoved { number: String, item: String, reason: String },
    PriceChanged { number: String, item: String },
    CoverageChanged { number: String, customer_before: i64, customer_after: i64 },
    CoverageOverridden { number: String, item: String, percent: i64, reason: String },
    GoodwillGiven { number: String, percent: i64, amount: i64, reason: String },
    EstimateMade { number: String, revision: i64, total: i64 },
    EstimateAnswered { number: String, revision: i64, answer: String },
    AgreementNoted { number: String, total: i64, how: String, reason: String },
    PasscodeShown { number: String },
    RepairMoved { number: String, transition: String, to: String, to_title: Option<Title> },
    PromiseChanged { number: String, on: Option<Date>, reason: String },
    AttachmentAdded { purpose: String },
    HandedOver { number: String, receiver: String },
    HandOverCodeSent { number: String },
    RepairReopened { number: String, reason: String },
    InvoiceIssued { number: String, kind: String, total: i64 },
    InvoiceCorrected { number: String, by: String, reason: String },
    PaymentCarried { from: String, to: String, amount: i64 },
    PaymentRecorded { number: String, method: String, amount: i64 },
    Imported { kind: String, good: i64, bad: i64 },
    TaskStartedAgain { job: String, key: String },
}

/// What stands in the security log, by name: who came in, who was refused, whose rights changed, who was shown what is
/// personal.
pub const OF_SECURITY: &[&str] = &[
    "signed_in",
    SIGN_IN_FAILED,
    SECRET_REFUSED,
    "signed_out",
    "person_switched",
    "password_changed",
    "pin_set",
    "second_factor_turned_on",
    "second_factor_turned_off",
    "second_factor_asked_of",
    "sessions_ended",
    "user_saved",
    "user_disabled",
    "user_enabled",
    "password_reset",
    "token_made",
    "token_revoked",
    "permission_changed",
    ACCESS_REFUSED,
    "secrets_sealed_anew",
    "customer_looked_up",
    "customer_exported",
    "customer_erased",
    "passcode_shown",
];

/// What of that was refused.
pub const REFUSED: [&str; 3] = [SIGN_IN_FAILED, SECRET_REFUSED, ACCESS_REFUSED];
pub const SIGN_IN_FAILED: &str = "sign_in_failed";
const SECRET_REFUSED: &str = "secret_refused";
const ACCESS_REFUSED: &str = "access_refused";

/// Of a gift its reason tells too.
pub const GIFT: &str = "goodwill_given";

/// What of an entry somebody wrote in words of their own.
pub const WORDS: &[&str] = &["reason", "note"];

/// What of an entry tells amounts and shares.
pub const MONEY: &[&str] = &["amount", "total", "customer_before", "customer_after", "percent"];

impl Event {
    /// What follows from it beside the pages: a task of each, by the entry's id.
    #[must_use]
    pub fn jobs(&self) -> &'static [Kind] {
        match self {
            Self::InvoiceIssued { .. } | Self::InvoiceCorrected { .. } | Self::CardIssued { .. } => &[PAPERS],
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_security_log_lists_names_of_events_that_there_are() {
        for name in OF_SECURITY {
            // What a name lacks is a field of it, unless there is no such name.
            let told = serde_json::from_value::<Event>(serde_json::json!({"event": name}));
            assert!(told.is_ok() || told.is_err_and(|error| error.to_string().starts_with("missing field")), "{name}");
        }
        assert!(REFUSED.iter().all(|name| OF_SECURITY.contains(name)));
        let failed = serde_json::to_value(Event::SignInFailed { login: "maryam".to_owned() }).expect("JSON");
        assert_eq!(failed["event"], SIGN_IN_FAILED);
        assert!(
            serde_json::from_value::<Event>(serde_json::json!({"event": "signed_up"}))
                .is_err_and(|error| error.to_string().starts_with("unknown variant"))
        );
    }
}
