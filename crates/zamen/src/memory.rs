//! How memory goes back to the system.
//!
//! The allocator of GNU takes large pieces from the system and gives them back when they are freed, but raises what it
//! calls large with each that it frees, up to 32 MB. From then on a file of 24 MB is kept by whatever thread held it,
//! one thread after another: sixty-four of them left half a gigabyte behind.

#![expect(unsafe_code, reason = "mallopt is of C; this file is all that touches it")]

/// The smallest piece that goes back at once, in bytes.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE: i32 = 1024 * 1024;

/// Fixes what is large. Called before any other thread runs.
pub(crate) fn give_back_large_pieces() {
    // SAFETY: `mallopt` changes one number of the allocator, which no other thread uses yet.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
    }
}
