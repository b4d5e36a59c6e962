//! Who pays for a line of work, and why.
//!
//! `Case::parse` reads and checks a case, `decide` answers it: a pure function whose answer for the same case is the
//! same for ever. The format, the ten rules and the outcomes are described in `docs/coverage.md`; the numbers in the
//! comments of this module are its rules.

mod case;
mod decide;
mod decision;
mod periods;
mod policy;

use crate::strict_json::Malformed;
pub use case::{
    Case, Claim, Component, Cover, CoverKind, CoverState, Downtime, Event, Line, LineType, Question, case_name,
};
pub use decide::{barred, decide, terms_over_time};
pub use decision::{CUSTOMER, Considered, DecidedLine, Decision, Outcome, Share};
pub use policy::{Cap, Exclusion, Limits, Only, Pays, Policy, RepairWarranty, Replacement, Scope, Start, Term};

/// Reads a case from JSON and decides it.
///
/// # Errors
/// The first fault found in a malformed case.
pub fn decide_text(text: &str) -> Result<Decision, Malformed> {
    decide(&Case::parse(text)?)
}

/// How many pairs of a line and a term that might pay for it are decided at once for somebody who sends a case: each
/// may be told of in the answer.
const MOST_PAIRS: usize = 2_000;
/// The longest name of a line, a cover or a term, in bytes: the answer bears them with each pair.
const LONGEST_NAME: usize = 120;

/// The same for somebody who sends a case, and who asks about no more than is answered at once.
///
/// # Errors
/// As `decide_text`, and where it asks about too much.
pub fn decide_sent(text: &str) -> Result<Decision, Malformed> {
    let case = Case::parse(text)?;
    let covers = case
        .covers
        .iter()
        .flat_map(|cover| [&cover.id, &cover.payer].into_iter().chain(cover.policy.terms.iter().map(|term| &term.id)));
    let lines = case.question.lines.iter().flat_map(|line| [&line.id, &line.item]);
    if covers.chain(lines).any(|name| name.len() > LONGEST_NAME) {
        return Err(Malformed::new(
            "case",
            format!("names of covers, payers, terms, lines and items have no more than {LONGEST_NAME} bytes"),
        ));
    }
    let terms = case.covers.iter().map(|cover| cover.policy.terms.len().max(1)).sum::<usize>();
    if terms.saturating_mul(case.question.lines.len()) > MOST_PAIRS {
        return Err(Malformed::new(
            "question.lines",
            format!("together with the terms of all covers no more than {MOST_PAIRS} pairs are decided at once"),
        ));
    }
    decide(&case)
}

#[cfg(test)]
mod tests;
