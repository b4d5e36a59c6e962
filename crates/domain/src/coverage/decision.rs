//! What `decide` answers: codes, dates and amounts. The sentences are made from them where a person's language is
//! known.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The payer of what no cover pays.
pub const CUSTOMER: &str = "customer";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Decision {
    pub case: String,
    pub lines: Vec<DecidedLine>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DecidedLine {
    pub id: String,
    /// Sum to the line's amount; the customer's share stands last.
    pub shares: Vec<Share>,
    /// One entry per cover, in the order of the case.
    pub considered: Vec<Considered>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Share {
    pub payer: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cover: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<String>,
    /// In minor units, above 0.
    pub amount: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Considered {
    pub cover: String,
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What came of a cover on a line: the first of these that holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    Void,
    Suspended,
    StartUnknown,
    ClaimsUsedUp,
    Excluded {
        exclusion: String,
    },
    NotInScope,
    NotStarted {
        #[schemars(with = "String")]
        first_day: Date,
    },
    Expired {
        #[schemars(with = "String")]
        last_day: Date,
    },
    UsageExceeded {
        metric: String,
        limit: i64,
        reading: i64,
    },
    NothingLeft {
        term: String,
        percent: i64,
        #[schemars(with = "String")]
        last_day: Date,
    },
    Pays {
        term: String,
        percent: i64,
        #[schemars(with = "String")]
        last_day: Date,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unverified_usage: Vec<String>,
    },
}

impl DecidedLine {
    /// What the customer pays of this line.
    #[must_use]
    pub fn customer_amount(&self) -> i64 {
        self.shares.iter().filter(|share| share.cover.is_none()).map(|share| share.amount).sum()
    }
}
