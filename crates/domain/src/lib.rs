//! The rules of after-sales service as pure functions and types.
//!
//! What stands here knows no clock, no randomness, no database, no HTTP and no sentence that a person reads: an
//! instant, a random number or a stored row comes in as an argument, and what goes out is a value or a code that
//! `words` turns into a sentence.
//!
//! To add a rule: write it as a function of its inputs in the module that bears its word of the glossary, state its
//! source in the docstring, test it beside itself, and call it from a command in `app`.

mod macros;

pub mod access;
pub mod coverage;
pub mod identifiers;
pub mod keys;
pub mod money;
pub mod numerals;
pub mod strict_json;
pub mod text;
pub mod time;
pub mod tracking;
pub mod workflow;
