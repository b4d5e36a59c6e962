//! Who acts, and the one place where what they see and do is narrowed (domain rule 9).
//!
//! Words: a *membership* is a role in a centre (or all) and a brand (or all); the *actor* is who acts now; a *scope* is
//! the pairs of centre and brand in which the actor holds a right.
//! Invariant: no query returns a row outside the actor's memberships; a refusal says what would be needed.

mod actor;
pub mod permissions;
pub mod scope;

pub use actor::{Actor, Member, within};
pub use scope::{Of, Scope};
