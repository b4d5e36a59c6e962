//! The web side as callers see it: every request goes through the whole router, in this process.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]
#![expect(clippy::disallowed_methods, reason = "the cluster to test on is named from outside")]

mod access;
mod agreement;
mod bad_input;
mod cost;
mod forms;
mod house;
mod isolation;
mod limits;
mod money;
mod openapi;
mod personal;
mod rate;
mod rights;
mod second_factor;
mod security_log;
mod store;
mod translations;
