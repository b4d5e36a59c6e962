//! What people can do, over the store.
//!
//! A slice is a folder: its rows, its commands (`f(&mut Tx, command)`, one file per thing a person can do) and its
//! queries (`f(&mut Conn, …)`). Pages, API, command line, imports and workers all call these; none has rules of its
//! own. Nothing here knows HTTP, HTML or a sentence that a person reads: a refusal is a code with its arguments
//! (`error::Reason`), which `words` turns into a sentence.
//!
//! To add a command: one file in its slice with the command's struct (the JSON schema of the API and the form of the
//! page are made from it), the function that checks `tx.actor`, asks `domain`, writes rows and one
//! `tx.record(Event::…)`, and tests that go through commands only.

pub mod access;
pub mod billing;
pub mod catalogue;
pub mod check;
pub mod coverage;
pub mod customers;
pub mod demo;
pub mod devices;
pub mod exchange;
pub mod jobs;
pub mod lookup;
pub mod messaging;
pub mod papers;
pub mod parts;
pub mod personal;
pub mod reception;
pub mod repair;
pub mod reporting;
pub mod setup;
pub mod staff;
pub mod tracking;
pub mod workflow;

#[cfg(test)]
mod concurrency;
#[cfg(test)]
mod migrations;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod store_tests;
#[cfg(test)]
mod testing;
