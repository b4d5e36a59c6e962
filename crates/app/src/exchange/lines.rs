//! A table as it is read, line by line, whatever file it stands in.

use store::error::{Error, Fault, Result};

/// Columns, as many as anybody has; characters of a cell, as many as Excel allows.
pub(super) const MAX_COLUMNS: usize = 1000;

pub(super) const MAX_CELL: usize = 32_767;

pub(super) fn unreadable(_: impl std::fmt::Display) -> Error {
    Error::invalid("file", "file-unreadable")
}

pub(super) fn too_large() -> Error {
    Error::invalid("file", "file-too-large")
}

pub(super) fn too_wide() -> Error {
    Error::Invalid(vec![Fault::new("file", "file-too-wide").with("limit", 1000)])
}

pub(super) fn cell_too_long() -> Error {
    Error::Invalid(vec![Fault::new("file", "file-cell-too-long").with("limit", 32_767)])
}

/// The lines of a file, each into the same place.
pub(super) trait Lines {
    /// False at the end.
    fn next(&mut self, line: &mut Vec<String>) -> Result<bool>;
}
