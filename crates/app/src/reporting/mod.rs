//! Reports: lists of figures over the store, each the same on page, API and command line.

use domain::access::Action;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use store::Conn;
use store::error::Result;
use store::query::*;
use store::rights::{Actor, Of};
use store::schema::{causes, diagnoses, product_kinds, repairs};
use store::types::Day;
use store::views::Title;

domain::words! {
    /// By what failures are counted.
    FailuresBy { ProductKind = "product-kind", Cause = "cause" }
}

/// Causes of failure over a range of days.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FailureCauses {
    /// By kind of product, or by cause.
    pub by: Option<FailuresBy>,
    /// Received on this day or later.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    pub from: Option<Date>,
    /// Received on this day or earlier.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    pub to: Option<Date>,
}

/// A row of a Pareto list, largest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailureRow {
    pub code: String,
    pub title: Title,
    pub repairs: i64,
    /// Of the repairs counted, in thousandths.
    pub share_permille: i64,
    /// Of this row and all above it.
    pub cumulated_permille: i64,
}

/// # Errors
/// `Forbidden`.
pub fn failure_causes(conn: &mut Conn, actor: &Actor, query: &FailureCauses) -> Result<Vec<FailureRow>> {
    actor.may(Action::ViewReports, Of::Anything)?;
    let mut select = repairs::table
        .left_join(diagnoses::table.on(diagnoses::repair_id.eq(repairs::id)))
        .filter(actor.scope(Action::ViewReports).rows::<repairs::table>())
        .select((repairs::kind_id, diagnoses::cause_id.nullable()))
        .into_boxed();
    select = select.filter(repairs::outcome.is_null().or(repairs::outcome.ne("cancelled")));
    if let Some(from) = query.from {
        select = select.filter(repairs::occurred_on.ge(Day::from(from)));
    }
    if let Some(to) = query.to {
        select = select.filter(repairs::occurred_on.le(Day::from(to)));
    }
    let by_kind = query.by.unwrap_or(FailuresBy::ProductKind) == FailuresBy::ProductKind;
    let mut counts = std::collections::HashMap::<Option<i64>, i64>::new();
    for (kind, cause) in select.load_boxed::<(i64, Option<i64>)>(conn)? {
        *counts.entry(if by_kind { Some(kind) } else { cause }).or_default() += 1;
    }
    let names = if by_kind {
        product_kinds::table
            .select((product_kinds::id, product_kinds::code, product_kinds::title_fa, product_kinds::title_en))
            .load::<(i64, String, String, String)>(conn)?
    } else {
        causes::table.select((causes::id, causes::code, causes::title_fa, causes::title_en)).load::<(
            i64,
            String,
            String,
            String,
        )>(conn)?
    };
    let total = counts.values().sum::<i64>().max(1);
    let mut rows = counts
        .into_iter()
        .map(|(id, repairs)| {
            let name = names.iter().find(|(known, ..)| Some(*known) == id);
            let (code, title) = name.map_or_else(
                || (String::new(), Title::new("نامشخص", "Not known")),
                |(_, code, fa, en)| (code.clone(), Title::new(fa, en)),
            );
            FailureRow { code, title, repairs, share_permille: repairs * 1000 / total, cumulated_permille: 0 }
        })
        .collect::<Vec<_>>();
    rows.sort_by(|a, b| b.repairs.cmp(&a.repairs).then_with(|| a.code.cmp(&b.code)));
    let mut sum = 0;
    for row in &mut rows {
        sum += row.repairs;
        row.cumulated_permille = sum * 1000 / total;
    }
    Ok(rows)
}
