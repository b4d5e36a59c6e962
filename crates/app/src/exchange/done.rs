//! What becomes of a row.

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    /// Something was made or changed: the id of what it is about.
    Written(i64),
    /// It was there already, as the row has it.
    Known,
}
