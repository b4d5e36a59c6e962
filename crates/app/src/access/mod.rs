//! People who use the system: signing in and out, their roles in centres and brands, tokens, and the one place where
//! what they see is narrowed.
//!
//! Words: a *user* is somebody who signs in; a *membership* is a role in a centre (or all) and a brand (or all); the
//! *actor* is who acts now. Invariants: no query returns a row outside the actor's memberships; a refusal says what
//! would be needed; a password, PIN or token is stored only as a hash.

pub mod guesses;
pub mod log;
pub mod own;
pub mod refused;
pub mod rows;
pub mod second_factor;
pub mod secrets;
pub mod session;
pub mod tokens;
pub mod users;
