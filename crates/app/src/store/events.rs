//! What the journal tells: one variant per thing that happened, named in the past. Personal data never stands here (domain rule 6): an event points to
//! its subjects.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

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
            Self::Device(id) | Self::Customer(id) | Self::Reception(id) | Self::Repair(id) | Self::Cover(id) | Self::Invoice(id) | Self::User(id) | Self::Object(_, id) => id,
        }
    }
}

/// The consumer that draws papers, so that their bytes are there before somebody asks for them.
pub const PAPERS: &str = "papers";

/// Everything that can happen.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    SignedIn,
    SignInFailed { login: String },
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
    RepairMoved { number: String, transition: String, to: String },
    PromiseChanged { number: String, on: Option<Date>, reason: String },
    AttachmentAdded { purpose: String },
    HandedOver { number: String, receiver: String },
    HandOverCodeSent { number: String },
    RepairReopened { number: String, reason: String },
    InvoiceIssued { number: String, kind: String, total: i64 },
    InvoiceCorrected { number: String, by: String, reason: String },
    PaymentRecorded { number: String, method: String, amount: i64 },
    Imported { kind: String, good: i64, bad: i64 },
}

/// What of an entry tells amounts and shares.
pub const MONEY: &[&str] = &["amount", "total", "customer_before", "customer_after", "percent"];

impl Event {
    /// Whether it stands in the security log: who came in, who was refused, whose rights changed, who was shown what is personal.
    #[must_use]
    pub fn is_of_security(&self) -> bool {
        matches!(
            self,
            Self::SignedIn
                | Self::SignInFailed { .. }
                | Self::SignedOut
                | Self::PersonSwitched
                | Self::PasswordChanged
                | Self::PinSet
                | Self::SecondFactorTurnedOn
                | Self::SecondFactorTurnedOff
                | Self::SecondFactorAskedOf { .. }
                | Self::SessionsEnded
                | Self::UserSaved { .. }
                | Self::UserDisabled { .. }
                | Self::UserEnabled { .. }
                | Self::PasswordReset { .. }
                | Self::TokenMade { .. }
                | Self::TokenRevoked { .. }
                | Self::PermissionChanged { .. }
                | Self::AccessRefused { .. }
                | Self::CustomerLookedUp
                | Self::CustomerExported
                | Self::CustomerErased { .. }
                | Self::PasscodeShown { .. }
        )
    }

    /// Who else wants to know: a row in the outbox for each.
    #[must_use]
    pub fn consumers(&self) -> &'static [&'static str] {
        match self {
            Self::InvoiceIssued { .. } | Self::InvoiceCorrected { .. } | Self::CardIssued { .. } => &[PAPERS],
            _ => &[],
        }
    }
}
