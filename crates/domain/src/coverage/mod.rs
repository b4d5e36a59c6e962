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

/// How many pairs of a line and a term that might pay for it are looked at for somebody who sends a case: each may be told of in the answer.
const MOST_CONSIDERED: usize = 10_000;

/// Reads a case from JSON and decides it.
///
/// # Errors
/// The first fault found in a malformed case, or that it asks about too much at once.
pub fn decide_text(text: &str) -> Result<Decision, crate::strict_json::Malformed> {
    let case = Case::parse(text)?;
    let terms = case.covers.iter().map(|cover| cover.policy.terms.len().max(1)).sum::<usize>();
    if terms.saturating_mul(case.question.lines.len()) > MOST_CONSIDERED {
        return Err(crate::strict_json::Malformed::new(
            "question.lines",
            format!("together with the terms of all covers no more than {MOST_CONSIDERED} pairs are decided at once"),
        ));
    }
    decide(&case)
}

#[cfg(test)]
mod tests;
