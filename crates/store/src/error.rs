//! What a person can be told when something cannot be done. One type for all commands, since pages, API, command line
//! and imports present a refusal in the same way: a stable code with arguments, for which `words` has a sentence in
//! each language (a test scans that it has).

use std::borrow::Cow;

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use domain::money::Unit;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a command or query did not do what was asked. The names follow what a person can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not there, or not theirs to see: the same for both.
    #[error("not found")]
    NotFound,
    /// Nobody is signed in.
    #[error("nobody is signed in")]
    Unauthenticated,
    /// The person's roles do not allow it.
    #[error("forbidden: {0}")]
    Forbidden(Reason),
    /// It cannot be done as things stand now.
    #[error("conflict: {0}")]
    Conflict(Reason),
    /// What was entered breaks a rule.
    #[error("invalid: {0:?}")]
    Invalid(Vec<Fault>),
    /// Too many attempts; try again after this many seconds.
    #[error("too many attempts")]
    TooMany { retry_after_seconds: i64 },
    /// It cannot be taken now: the store is `store-full`, `store-read-only` or `store-away`, or so much is asked at
    /// once that we are `busy`. Nothing was written.
    #[error("unavailable: {0}")]
    Unavailable(&'static str),
    /// The store failed.
    #[error("store: {0}")]
    Store(DieselError),
    /// Our fault.
    #[error("internal: {0}")]
    Internal(String),
}

impl Error {
    #[must_use]
    pub fn internal(why: impl std::fmt::Display) -> Self {
        Self::Internal(why.to_string())
    }

    /// One faulty field.
    #[must_use]
    pub fn invalid(path: impl Into<String>, code: &'static str) -> Self {
        Self::Invalid(vec![Fault::new(path, code)])
    }

    #[must_use]
    pub fn conflict(code: &'static str) -> Self {
        Self::Conflict(Reason::new(code))
    }

    /// Whether something was tried that is not there or not theirs, or that they may not do.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::NotFound | Self::Forbidden(_))
    }
}

/// What was named in a command and is not there.
pub trait OrInvalid<T> {
    /// A thing that is not there is a fault of the field that names it; what else went wrong stays what it is.
    fn or_invalid(self, path: impl Into<String>, code: &'static str) -> Result<T>;
    /// None where it is not there.
    fn if_there(self) -> Result<Option<T>>;
}

impl<T> OrInvalid<T> for Result<T> {
    fn or_invalid(self, path: impl Into<String>, code: &'static str) -> Self {
        match self {
            Err(Error::NotFound) => Err(Error::invalid(path, code)),
            other => other,
        }
    }

    fn if_there(self) -> Result<Option<T>> {
        match self {
            Ok(found) => Ok(Some(found)),
            Err(Error::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        match unavailable(&error) {
            Some(code) => {
                tracing::error!(%error, code, "the store cannot be used");
                Self::Unavailable(code)
            }
            None => Self::Store(error),
        }
    }
}

/// Why the store cannot be used, where that lies outside the program. SQLite's result codes FULL, READONLY, IOERR and
/// CANTOPEN and PostgreSQL's disk_full are told by their texts, since Diesel gives no more of them.
fn unavailable(error: &DieselError) -> Option<&'static str> {
    let DieselError::DatabaseError(kind, info) = error else { return None };
    let message = info.message();
    let tells = |texts: &[&str]| texts.iter().any(|text| message.contains(text));
    match kind {
        DatabaseErrorKind::ReadOnlyTransaction => Some("store-read-only"),
        DatabaseErrorKind::ClosedConnection => Some("store-away"),
        _ if tells(&["database or disk is full", "No space left on device"]) => Some("store-full"),
        _ if tells(&["attempt to write a readonly database"]) => Some("store-read-only"),
        _ if tells(&["disk I/O error", "unable to open database file"]) => Some("store-away"),
        _ => None,
    }
}

/// A reason as a code and its arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub code: Cow<'static, str>,
    pub args: Vec<(Cow<'static, str>, Arg)>,
}

impl Reason {
    #[must_use]
    pub fn new(code: &'static str) -> Self {
        Self { code: Cow::Borrowed(code), args: Vec::new() }
    }

    #[must_use]
    pub fn with(mut self, name: &'static str, arg: impl Into<Arg>) -> Self {
        self.args.push((Cow::Borrowed(name), arg.into()));
        self
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.code)
    }
}

/// A field of what was entered, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// As in `devices[0].serial`.
    pub path: String,
    #[serde(flatten)]
    pub reason: Reason,
}

impl Fault {
    #[must_use]
    pub fn new(path: impl Into<String>, code: &'static str) -> Self {
        Self { path: path.into(), reason: Reason::new(code) }
    }

    #[must_use]
    pub fn with(mut self, name: &'static str, arg: impl Into<Arg>) -> Self {
        self.reason = self.reason.with(name, arg);
        self
    }
}

/// An argument of a reason, still without language: how it is shown depends on who reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arg {
    Text(String),
    /// A title in both languages.
    Title {
        fa: String,
        en: String,
    },
    Number(i64),
    /// In minor units, with the name of the unit in which the house shows amounts.
    Money(i64, Cow<'static, str>),
    Date(Date),
    /// A code of a closed list, with the list's name: shown by its translation.
    Word(Cow<'static, str>, String),
}

impl Arg {
    /// A code of a closed list.
    #[must_use]
    pub fn word(list: &'static str, code: impl Into<String>) -> Self {
        Self::Word(Cow::Borrowed(list), code.into())
    }

    /// An amount in minor units, as the house shows amounts.
    #[must_use]
    pub fn money(amount: i64, unit: Unit) -> Self {
        Self::Money(amount, Cow::Borrowed(unit.name))
    }
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}
impl From<String> for Arg {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}
impl From<i64> for Arg {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}
impl From<Date> for Arg {
    fn from(date: Date) -> Self {
        Self::Date(date)
    }
}

/// Gathers the faults of a command, so that all are told at once.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    pub fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// Notes a fault unless `right`.
    pub fn check(&mut self, right: bool, path: &str, code: &'static str) {
        if !right {
            self.add(Fault::new(path, code));
        }
    }

    /// The normal form of an optional entry, or a fault where it has none.
    pub fn normal(
        &mut self,
        entry: Option<&str>,
        rule: impl Fn(&str) -> Option<String>,
        path: &str,
        code: &'static str,
    ) -> Option<String> {
        let entry = entry.map(str::trim).filter(|entry| !entry.is_empty())?;
        let normal = rule(entry);
        self.check(normal.is_some(), path, code);
        normal
    }

    /// # Errors
    /// All the faults gathered.
    pub fn told(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Invalid(self.0)) }
    }
}
