//! The web side as callers see it: every request goes through the whole router, in this process.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

mod access;
mod bad_input;
mod forms;
mod house;
mod isolation;
mod money;
mod openapi;
mod personal;
mod second_factor;
mod store;
mod translations;
