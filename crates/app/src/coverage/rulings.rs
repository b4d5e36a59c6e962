//! The rulings of persons on who pays a line, as decisions read them.

use std::collections::HashMap;

use domain::coverage::CoverState;

use super::rows::{Cover, CoverageOverride};
use store::Conn;
use store::error::Result;
use store::query::*;
use store::schema::{coverage_overrides, work_lines};

/// A ruling that holds.
#[derive(Clone, Debug)]
pub(crate) struct Ruling {
    pub id: i64,
    pub cover_id: Option<i64>,
    pub percent: i64,
}

/// The latest ruling on each line of a repair.
pub(crate) fn rulings(conn: &mut Conn, repair_id: i64) -> Result<HashMap<i64, Ruling>> {
    let rows = coverage_overrides::table
        .inner_join(work_lines::table.on(work_lines::id.eq(coverage_overrides::work_line_id)))
        .filter(work_lines::repair_id.eq(repair_id))
        .order(coverage_overrides::id)
        .select(CoverageOverride::as_select())
        .load::<CoverageOverride>(conn)?;
    Ok(rows
        .into_iter()
        .map(|row| (row.work_line_id, Ruling { id: row.id, cover_id: row.cover_id, percent: row.percent }))
        .collect())
}

/// Whether a cover is neither suspended nor void.
pub(super) fn is_in_force(cover: &Cover) -> bool {
    cover.state == CoverState::Active.name()
}
