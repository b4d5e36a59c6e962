//! Who pays for a line of work, and why.
//!
//! `Case::parse` reads and checks a case, `decide` answers it: a pure function whose answer for the same case is the same for ever. The format, the
//! ten rules and the outcomes are described in `docs/coverage.md`; the numbers in the comments of this module are its rules.

mod case;
mod decide;
mod decision;
mod periods;
mod policy;

pub use case::{Case, Claim, Component, Cover, CoverKind, CoverState, Downtime, Event, Line, LineType, Question, case_name};
pub use decide::{decide, terms_over_time};
pub use decision::{CUSTOMER, Considered, DecidedLine, Decision, Outcome, Share};
pub use policy::{Cap, Exclusion, Limits, Only, Pays, Policy, RepairWarranty, Replacement, Scope, Start, Term};

/// Reads a case from JSON and decides it.
///
/// # Errors
/// The first fault found in a malformed case.
pub fn decide_text(text: &str) -> Result<Decision, crate::strict_json::Malformed> {
    decide(&Case::parse(text)?)
}

#[cfg(test)]
mod tests;
