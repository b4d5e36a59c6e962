//! The rules by which a cover pays: those that it was given, or the version of the policy that it pins.

use domain::coverage::{LineType, Only, Policy as Rules};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::rows::Cover;
use crate::repair::rows::WorkLine;
use store::Conn;
use store::error::{Error, Result};
use store::query::*;
use store::schema::{policies, policy_versions};
use store::views::Title;

/// The version of a policy that a cover pins.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PolicyOf {
    pub id: String,
    pub code: String,
    pub title: Title,
    pub number: i64,
}

/// The policy version that a cover pins.
pub(crate) fn policy_of(conn: &mut Conn, row: &Cover) -> Result<Option<PolicyOf>> {
    Ok(match row.policy_version_id {
        Some(id) => policy_versions::table
            .inner_join(policies::table.on(policies::id.eq(policy_versions::policy_id)))
            .filter(policy_versions::id.eq(id))
            .select((
                policies::public_id,
                policies::code,
                policies::title_fa,
                policies::title_en,
                policy_versions::number,
            ))
            .first::<(String, String, String, String, i64)>(conn)
            .optional()?
            .map(|(id, code, fa, en, number)| PolicyOf { id, code, title: Title { fa, en }, number }),
        None => None,
    })
}

/// A cover's rules: those of the policy version that it pins, or its own.
pub(crate) fn rules_of(conn: &mut Conn, row: &Cover) -> Result<Rules> {
    let pinned = match row.policy_version_id {
        Some(id) => Some(policy_versions::table.find(id).select(policy_versions::body).first::<String>(conn)?),
        None => None,
    };
    rules(row, pinned.as_deref())
}

/// A cover's own rules, or those of the version that it pins.
pub(super) fn rules(row: &Cover, pinned: Option<&str>) -> Result<Rules> {
    let body =
        row.rules.as_deref().or(pinned).ok_or_else(|| Error::internal(format!("cover {} has no rules", row.number)))?;
    Rules::parse(body).map_err(Error::internal)
}

/// What the rules of a gift pay of a line: the percentage.
pub(crate) fn percent_on(rules: &Rules, line: &WorkLine) -> i64 {
    let names = |list: &[String], name: &String| list.is_empty() || list.contains(name);
    let speaks = |only: &Only| names(&only.lines, &line.public_id) && names(&only.items, &line.item_code);
    let terms = rules.terms.iter().filter(|term| term.only.as_ref().is_none_or(speaks));
    terms.filter_map(|term| term.pays.get(&LineType::named(&line.line_type)?)).sum()
}

/// Rules of one term, for a cover that pins no policy: a gift, or the warranty of a repair.
pub(crate) fn one_term(code: &str, term: &serde_json::Value, max_amount: Option<i64>) -> String {
    json!({
        "code": code, "version": 1, "start": {"from": []}, "waiting_days": 0, "terms": [term], "exclusions": [], "deductible": 0,
        "limits": {"per_months": null, "max_claims": null, "max_amount": max_amount}, "extend_by_downtime": null,
    })
    .to_string()
}
