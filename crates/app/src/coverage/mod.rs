//! Promises, and who pays for a line of work.
//!
//! Words: a *policy* is the rules as data, in versions that never change once published; a *cover* is any promise that
//! can pay for work on a device; a *claim* is one repair in which a cover pays; a *decision* is what
//! `domain::coverage::decide` answered, kept whole with its case. Invariants: one builder (`case`) makes every case; a
//! reservation stands among the claims like what is spent; an override is a person's decision beside the machine's,
//! never instead of it.

pub mod case;
pub(crate) mod claims;
pub mod covers;
pub mod days;
pub mod decide;
pub mod goodwill;
pub mod meters;
pub(crate) mod new_cover;
pub mod overrides;
pub mod paper;
pub mod policies;
pub mod repair_warranty;
pub mod rows;
pub mod rules;
pub(crate) mod rulings;
pub mod shares;
pub mod view;
