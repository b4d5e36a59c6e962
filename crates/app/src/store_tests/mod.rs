//! What the store keeps to, seen with all slices over it.

mod actor;
mod idempotency;
mod jobs;
mod refusals;
mod scope;
mod sealed;
