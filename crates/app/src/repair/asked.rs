//! What the customer is asked to pay of a repair, and the estimate that was put to them last.

use domain::money::percent_of;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rows::{Estimate, Repair, WorkLine};
use crate::catalogue::prices::vat_percent;
use crate::coverage::shares::current_shares;
use crate::repair::work::{Disposition, charged};
use store::Conn;
use store::error::Result;
use store::query::*;
use store::schema::estimates;

/// A line of an estimate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EstimateLine {
    /// Public id of the work line.
    pub line: String,
    pub title: store::views::Title,
    /// What the line costs in all, net.
    pub amount: i64,
    /// What the customer would pay of it, net.
    pub net: i64,
    pub vat: i64,
    /// Whether the part that is there is mended, and no other fitted; absent in old estimates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_mended: Option<bool>,
}

impl EstimateLine {
    pub(super) fn of((line, net, vat): &(WorkLine, i64, i64)) -> Self {
        let title = store::views::Title::new(&line.title_fa, &line.title_en);
        let is_mended = Some(line.disposition.as_deref() == Some(Disposition::Repaired.name()));
        Self {
            line: line.public_id.clone(),
            title,
            amount: line.amount_minor.unwrap_or(0),
            net: *net,
            vat: *vat,
            is_mended,
        }
    }
}

/// What the customer pays of a repair: net and VAT per line.
///
/// # Errors
/// The store.
pub(crate) fn customer_lines(conn: &mut Conn, repair: &Repair, on: Date) -> Result<Vec<(WorkLine, i64, i64)>> {
    let shares = current_shares(conn, repair)?;
    let mut out = Vec::new();
    for line in charged(conn, repair.id)? {
        let net = shares
            .iter()
            .filter(|share| share.work_line_id == line.id && share.cover_id.is_none())
            .map(|share| share.amount_minor)
            .sum::<i64>();
        let vat = percent_of(net, vat_percent(conn, &line.tax_class, on)?);
        out.push((line, net, vat));
    }
    Ok(out)
}

/// The latest estimate of a repair.
///
/// # Errors
/// The store.
pub(crate) fn latest(conn: &mut Conn, repair_id: i64) -> Result<Option<Estimate>> {
    Ok(estimates::table
        .filter(estimates::repair_id.eq(repair_id))
        .order(estimates::revision.desc())
        .select(Estimate::as_select())
        .first(conn)
        .optional()?)
}

/// none, waiting, accepted, declined or expired: the state of the latest estimate on a day.
#[must_use]
pub(crate) fn state(latest: Option<&Estimate>, on: Date) -> &'static str {
    match latest {
        None => "none",
        Some(estimate) => match estimate.state.as_str() {
            "accepted" => "accepted",
            "declined" => "declined",
            "expired" => "expired",
            _ if estimate.valid_until.date() < on => "expired",
            _ => "waiting",
        },
    }
}
