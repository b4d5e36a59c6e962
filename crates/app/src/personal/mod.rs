//! What is kept of customers as people: who opened it, a copy of it, its erasure, and for how long things are kept.

pub mod erase;
pub mod export;
pub mod opened;
pub mod retention;
