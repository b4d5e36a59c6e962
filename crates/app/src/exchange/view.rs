//! Imports as pages, API and command line show them.

use std::collections::BTreeMap;

use domain::access::Action;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rows::{Import, ImportProblem};
use crate::exchange::rows::Layout;
use store::error::{Error, Reason, Result};
use store::query::*;
use store::rights::{Actor, Of};
use store::schema::{import_problems, imports};
use store::types::At;
use store::views::{ListQuery, Page};
use store::{Conn, MAX_PAGE, PAGE};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImportView {
    pub id: String,
    pub kind: String,
    pub file_name: String,
    /// draft (its columns are being chosen), queued, running, done, refused (all or nothing, and a row was bad),
    /// failed (our fault) or cancelled.
    pub state: String,
    pub is_dry_run: bool,
    pub is_whole: bool,
    pub headings: Vec<String>,
    /// Which heading stands for which column.
    pub columns: BTreeMap<String, String>,
    /// Whether the file is still kept: only then it can be run again.
    pub has_file: bool,
    /// The first rows of the file.
    pub sample: Vec<Vec<String>>,
    pub total: i64,
    pub done: i64,
    /// Rows that were written, or would be.
    pub good: i64,
    /// Rows that were there already and change nothing.
    pub known: i64,
    pub bad: i64,
    #[schemars(with = "String")]
    pub created_at: Timestamp,
    #[schemars(with = "Option<String>")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
}

/// What is wrong with a cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImportProblemView {
    /// Number of the row in the file, the headings being row 1.
    pub row: i64,
    /// The heading of its column, or the name of the column where it has none.
    pub column: String,
    pub cell: String,
    pub code: String,
    #[serde(skip)]
    pub reason: Option<Reason>,
}

/// Which problems of an import are listed.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ListProblems {
    /// Only those of rows after this one.
    #[schemars(range(min = 0, max = 2_000_000_000))]
    pub after_row: Option<i64>,
    #[schemars(range(min = 1, max = 200))]
    pub limit: Option<i64>,
}

pub(super) fn import_view(_: &mut Conn, row: Import) -> Result<ImportView> {
    let layout: Layout = serde_json::from_str(&row.columns_json).map_err(Error::internal)?;
    Ok(ImportView {
        id: row.public_id,
        kind: row.kind,
        file_name: row.file_name,
        state: row.state,
        is_dry_run: row.is_dry_run,
        is_whole: row.is_whole,
        headings: layout.headings,
        columns: layout.columns,
        has_file: row.byte_count > 0,
        sample: layout.sample,
        total: row.total_count,
        done: row.done_count,
        good: row.good_count,
        known: row.known_count,
        bad: row.bad_count,
        created_at: row.created_at.instant(),
        finished_at: At::shown(row.finished_at),
    })
}

/// An import of the actor's own, or any for who sees everything.
pub(super) fn import_row(conn: &mut Conn, actor: &Actor, public_id: &str) -> Result<Import> {
    let mine = imports::table
        .filter(imports::public_id.eq(public_id))
        .filter(actor.scope(Action::Import).rows::<imports::table>());
    mine.select(Import::as_select()).first(conn).optional()?.ok_or(Error::NotFound)
}

/// # Errors
/// `Forbidden`, `NotFound`.
pub fn get_import(conn: &mut Conn, actor: &Actor, public_id: &str) -> Result<ImportView> {
    actor.may(Action::Import, Of::Anything)?;
    let row = import_row(conn, actor, public_id)?;
    import_view(conn, row)
}

/// Imports, newest first: one's own, or all for who sees everything.
///
/// # Errors
/// `Forbidden`; `NotFound` where `after` is not of this list.
pub fn list_imports(conn: &mut Conn, actor: &Actor, query: &ListQuery) -> Result<Page<ImportView>> {
    actor.may(Action::Import, Of::Anything)?;
    let mut select = imports::table
        .filter(actor.scope(Action::Import).rows::<imports::table>())
        .order(imports::id.desc())
        .select(Import::as_select())
        .into_boxed();
    if let Some(after) = &query.after {
        select = select.filter(imports::id.lt(import_row(conn, actor, after)?.id));
    }
    let rows = select.limit(query.limit() + 1).load_boxed::<Import>(conn)?;
    let page = Page::of(rows, query.limit(), |row| row.public_id.clone(), |row| row);
    let items = page.items.into_iter().map(|row| import_view(conn, row)).collect::<Result<_>>()?;
    Ok(Page { items, next: page.next })
}

/// The problems of an import, in the order of its rows. A page ends with the last problem of a row.
///
/// # Errors
/// `Forbidden`, `NotFound`.
pub fn list_import_problems(
    conn: &mut Conn,
    actor: &Actor,
    public_id: &str,
    query: &ListProblems,
) -> Result<Page<ImportProblemView>> {
    actor.may(Action::Import, Of::Anything)?;
    let import = import_row(conn, actor, public_id)?;
    let limit = query.limit.unwrap_or(PAGE).clamp(1, MAX_PAGE);
    let rows_wanted = import_problems::table
        .filter(import_problems::import_id.eq(import.id))
        .filter(import_problems::row_number.gt(query.after_row.unwrap_or(0)))
        .select(import_problems::row_number)
        .distinct()
        .order(import_problems::row_number)
        .limit(limit + 1)
        .load::<i64>(conn)?;
    let has_more = rows_wanted.len() > usize::try_from(limit).unwrap_or(0);
    let last = rows_wanted.iter().take(usize::try_from(limit).unwrap_or(0)).next_back().copied().unwrap_or(0);
    let rows = import_problems::table
        .filter(import_problems::import_id.eq(import.id))
        .filter(import_problems::row_number.gt(query.after_row.unwrap_or(0)))
        .filter(import_problems::row_number.le(last))
        .order((import_problems::row_number, import_problems::position))
        .select(ImportProblem::as_select())
        .load(conn)?;
    let items = rows.into_iter().map(problem_view).collect::<Result<_>>()?;
    Ok(Page { items, next: has_more.then(|| last.to_string()) })
}

fn problem_view(row: ImportProblem) -> Result<ImportProblemView> {
    let reason: Reason = serde_json::from_str(&row.reason).map_err(Error::internal)?;
    Ok(ImportProblemView {
        row: row.row_number,
        column: row.heading,
        cell: row.cell,
        code: reason.code.to_string(),
        reason: Some(reason),
    })
}
