//! Charts and where a case stands on them.
//!
//! Words: a *chart* is a version of steps and transitions, immutable once published; a *move* is one transition that a case took. Invariant (domain
//! rule 7): a case is on exactly one step of one version; every transition is logged with who and when.

pub mod rows;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use diesel::prelude::*;
use domain::workflow::Chart;

use self::rows::{CaseMove, WorkflowChart};
use crate::error::{Error, Result};
use crate::store::schema::{case_moves, workflow_charts};
use crate::store::types::At;
use crate::store::{Conn, Tx};

/// The latest version of the chart that repairs run on; the built-in one is stored like any other the first time that it is needed.
///
/// # Errors
/// The store.
pub fn repair_chart(tx: &mut Tx<'_>) -> Result<(i64, Arc<Chart>)> {
    let latest = workflow_charts::table
        .filter(workflow_charts::code.eq(domain::workflow::STANDARD))
        .order(workflow_charts::version.desc())
        .select((workflow_charts::id, workflow_charts::body))
        .first::<(i64, String)>(tx.conn)
        .optional()?;
    if let Some((id, body)) = latest {
        return Ok((id, parsed(body)?));
    }
    let chart = domain::workflow::standard();
    let row = WorkflowChart { id: 0, code: chart.code.clone(), version: 1, body: serde_json::to_string(&chart).map_err(Error::internal)?, published_at: At::from(tx.now) };
    let id = diesel::insert_into(workflow_charts::table).values(row).returning(workflow_charts::id).get_result(tx.conn)?;
    Ok((id, Arc::new(chart)))
}

/// A stored version of a chart.
///
/// # Errors
/// The store.
pub fn chart(conn: &mut Conn, id: i64) -> Result<Arc<Chart>> {
    parsed(workflow_charts::table.find(id).select(workflow_charts::body).first::<String>(conn)?)
}

/// Charts by their text: a published one never changes, and every case asks for it.
static PARSED: LazyLock<Mutex<HashMap<String, Arc<Chart>>>> = LazyLock::new(Mutex::default);
/// A house has a handful of charts and versions of them; beyond this all are forgotten and parsed again.
const MOST_PARSED: usize = 200;

fn parsed(body: String) -> Result<Arc<Chart>> {
    let mut charts = PARSED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(chart) = charts.get(&body) {
        return Ok(chart.clone());
    }
    if charts.len() >= MOST_PARSED {
        charts.clear();
    }
    let chart: Arc<Chart> = Arc::new(serde_json::from_str(&body).map_err(Error::internal)?);
    charts.insert(body, chart.clone());
    Ok(chart)
}

/// The moves of a repair, oldest first.
///
/// # Errors
/// The store.
pub fn moves_of(conn: &mut Conn, repair_id: i64) -> Result<Vec<CaseMove>> {
    Ok(case_moves::table.filter(case_moves::repair_id.eq(repair_id)).order(case_moves::id).select(CaseMove::as_select()).load(conn)?)
}
