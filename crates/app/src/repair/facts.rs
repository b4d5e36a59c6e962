//! What the chart may ask of a repair: the facts that conditions read, and the needs of transitions that it meets.

use domain::workflow::{Chart, Fact, Facts, Need};
use jiff::civil::Date;

use super::agreed::standing;
use super::diagnosis::{NO_FAULT, cause_code, diagnosis_of, fault_code};
use super::rows::Repair;
use crate::catalogue::products::kind_path;
use crate::coverage::shares::current_shares;
use crate::repair::work::{planned, reported_codes};
use store::Conn;
use store::error::Result;
use store::query::*;
use store::schema::{
    attachments, brands, centres, checklist_answers, coverage_overrides, parties, products, repair_details, repairs,
    sections, work_lines,
};
use store::types::Day;

/// The facts of a repair that conditions read.
pub(super) fn facts(conn: &mut Conn, repair: &Repair, today: Date) -> Result<Facts> {
    let shares = current_shares(conn, repair)?;
    let customer_share =
        shares.iter().filter(|share| share.cover_id.is_none()).map(|share| share.amount_minor).sum::<i64>();
    let total = shares.iter().map(|share| share.amount_minor).sum::<i64>();
    let reported = reported_codes(conn, repair.id)?.len();
    let kinds = kind_path(conn, repair.kind_id)?.into_iter().map(|kind| kind.code).collect();
    let diagnosis = diagnosis_of(conn, repair.id)?;
    let fault = fault_code(conn, diagnosis.fault_id)?.unwrap_or_default();
    let cause = cause_code(conn, diagnosis.cause_id)?.unwrap_or_default();
    let section = match repair.section_id {
        Some(id) => sections::table.find(id).select(sections::code).first::<String>(conn)?,
        None => String::new(),
    };
    let repeat_days = match repair.repeat_of_id {
        Some(id) => {
            let returned = repairs::table.find(id).select(repairs::returned_on).first::<Option<Day>>(conn)?;
            returned.map_or(-1, |returned| domain::time::days_between(returned.date(), repair.occurred_on.date()))
        }
        None => -1,
    };
    let photos = attachments::table.filter(attachments::repair_id.eq(repair.id)).count().get_result::<i64>(conn)?;
    let overridden = coverage_overrides::table
        .inner_join(work_lines::table.on(work_lines::id.eq(coverage_overrides::work_line_id)))
        .filter(work_lines::repair_id.eq(repair.id))
        .select(coverage_overrides::id)
        .first::<i64>(conn)
        .optional()?;
    let coverage = match (customer_share, total - customer_share) {
        (0, 1..) => "full",
        (_, 1..) => "part",
        _ => "none",
    };
    let text = |text: String| Fact::Text(text);
    let estimate = standing(conn, repair, today)?;
    // What was reported in words counts as one more than what was reported in codes.
    let in_words =
        repair_details::table.find(repair.id).select(repair_details::reported_note).first::<Option<String>>(conn)?;
    let waiting = planned(conn, repair.id)?.iter().filter(|line| line.awaited_at.is_some()).count();
    let waiting = i64::try_from(waiting).unwrap_or(0);
    let reported = i64::try_from(reported).unwrap_or(0) + i64::from(in_words.is_some());
    Ok(Facts::from([
        ("reported_faults", reported.into()),
        ("customer_share", customer_share.into()),
        ("warrantor_share", (total - customer_share).into()),
        ("total", total.into()),
        ("parts_waiting", waiting.into()),
        ("repeat_days", repeat_days.into()),
        ("age_days", domain::time::days_between(repair.occurred_on.date(), today).into()),
        ("photos", photos.into()),
        ("fault", text(fault)),
        ("cause", text(cause)),
        ("product", text(products::table.find(repair.product_id).select(products::code).first(conn)?)),
        ("brand", text(brands::table.find(repair.brand_id).select(brands::code).first(conn)?)),
        ("coverage", coverage.into()),
        ("estimate", estimate.into()),
        ("place", text(repair.place.clone())),
        ("priority", text(repair.priority.clone())),
        ("centre", text(centres::table.find(repair.centre_id).select(centres::code).first(conn)?)),
        ("section", text(section)),
        ("customer_kind", text(parties::table.find(repair.customer_id).select(parties::kind).first(conn)?)),
        ("outcome", text(repair.outcome.clone().unwrap_or_default())),
        ("diagnosed", diagnosis.diagnosed_at.is_some().into()),
        ("overridden", overridden.is_some().into()),
        ("loaner_out", false.into()),
        ("kinds", Fact::Texts(kinds)),
    ]))
}

/// The needs of transitions that a repair meets.
pub(super) fn has(conn: &mut Conn, repair: &Repair, chart: &Chart, today: Date) -> Result<Vec<Need>> {
    let mut has = Vec::new();
    if planned(conn, repair.id)?.is_empty() {
        has.push(Need::PartRequestsClosed);
    }
    let diagnosis = diagnosis_of(conn, repair.id)?;
    let fault = fault_code(conn, diagnosis.fault_id)?;
    if fault.is_some() {
        has.push(Need::Fault);
    }
    // That no fault was found needs no cause.
    if diagnosis.cause_id.is_some() || fault.as_deref() == Some(NO_FAULT) {
        has.push(Need::Cause);
    }
    if matches!(standing(conn, repair, today)?, "waiting" | "accepted") {
        has.push(Need::Estimate);
    }
    let photo = attachments::table
        .filter(attachments::repair_id.eq(repair.id))
        .select(attachments::id)
        .first::<i64>(conn)
        .optional()?;
    if photo.is_some() {
        has.push(Need::Attachment);
    }
    let answered = answered(conn, repair)?;
    let required = chart.step(&repair.step).map(|step| step.checklist.as_slice()).unwrap_or_default();
    if required.iter().filter(|item| item.required).all(|item| answered.contains(&item.id)) {
        has.push(Need::Checklist);
    }
    Ok(has)
}

/// The points of the step's checklist that were answered since the step was entered.
pub(crate) fn answered(conn: &mut Conn, repair: &Repair) -> Result<Vec<String>> {
    Ok(checklist_answers::table
        .filter(checklist_answers::repair_id.eq(repair.id))
        .filter(checklist_answers::step.eq(&repair.step))
        .filter(checklist_answers::answered_at.ge(repair.step_since_at))
        .select(checklist_answers::item)
        .load(conn)?)
}
