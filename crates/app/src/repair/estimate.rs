//! The estimate: a priced proposal with a validity, and what the customer answers.

use domain::access::Action;
use domain::coverage::LineType;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::agreed::agreed_lines;
use super::diagnosis::diagnosis_of;
use super::road;
use super::rows::{Estimate, Repair, WorkLine};
use crate::coverage::claims::{release, reserve};
use crate::coverage::decide::decide_repair;
use crate::repair::asked::{EstimateLine, customer_lines, latest, state};
use crate::repair::line::{Own, add, blank, end};
use crate::repair::work::{charged, in_hand, touch};
use store::error::{Error, Fault, Faults, Reason, Result};
use store::query::*;
use store::schema::{centres, estimates, repairs, work_lines};
use store::types::At;
use store::{Event, Subject, Tx};

/// Makes an estimate of what the customer would pay, from the lines as they are.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MakeEstimate {
    /// Last day on which it can be accepted; absent: a week from today.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    #[serde(default)]
    pub valid_until: Option<Date>,
    /// Whether the repair goes to waiting for the customer at once.
    #[serde(default)]
    pub ask: bool,
    /// For the step, where the chart wants one.
    #[schemars(length(max = 500))]
    #[serde(default)]
    pub note: Option<String>,
}

/// # Errors
/// `NotFound`, `Forbidden`; `Invalid` for a day that is past; `Conflict` where a line has no price or there is nothing
/// to estimate.
pub fn estimate_repair(tx: &mut Tx<'_>, public_id: &str, command: &MakeEstimate) -> Result<()> {
    let repair = in_hand(tx, public_id, Action::Estimate)?;
    let zone = centres::table.find(repair.centre_id).select(centres::time_zone).first::<String>(tx.conn)?;
    let today = tx.today_in(&zone);
    let valid_until = command.valid_until.unwrap_or_else(|| domain::time::plus_days(today, 7).unwrap_or(today));
    if valid_until < today {
        return Err(Error::invalid("valid_until", "in-the-past"));
    }
    decide_repair(tx, repair.id, "estimate")?;
    let repair = repairs::table.find(repair.id).select(Repair::as_select()).first(tx.conn)?;
    let rows = customer_lines(tx.conn, &repair, today)?;
    if rows.is_empty() {
        return Err(Error::conflict("nothing-to-estimate"));
    }
    if let Some((line, ..)) = rows.iter().find(|(line, ..)| line.amount_minor.is_none()) {
        return Err(Error::Conflict(Reason::new("line-without-price").with("item", line.item_code.clone())));
    }
    let lines = rows.iter().map(EstimateLine::of).collect::<Vec<_>>();
    let (net, vat) = lines.iter().fold((0, 0), |(net, vat), line| (net + line.net, vat + line.vat));
    let last = latest(tx.conn, repair.id)?;
    // An estimate that is still waiting is replaced by its revision.
    if let Some(last) = last.as_ref().filter(|last| last.state == "waiting") {
        diesel::update(estimates::table.find(last.id)).set(estimates::state.eq("replaced")).execute(tx.conn)?;
    }
    let revision = last.map_or(1, |last| last.revision + 1);
    let row = Estimate {
        id: 0,
        public_id: tx.public_id(),
        repair_id: repair.id,
        revision,
        state: "waiting".to_owned(),
        made_at: At::from(tx.occurred),
        made_by: tx.actor.user_id,
        valid_until: valid_until.into(),
        net_minor: net,
        vat_minor: vat,
        total_minor: net + vat,
        lines_json: serde_json::to_string(&lines).map_err(Error::internal)?,
        answered_at: None,
        answered_by: None,
        answer_note: None,
    };
    diesel::insert_into(estimates::table).values(row).execute(tx.conn)?;
    touch(tx, repair.id)?;
    let event = Event::EstimateMade { number: repair.number.clone(), revision, total: net + vat };
    tx.record(
        (repair.centre_id, repair.brand_id),
        &event,
        &[Subject::Repair(repair.id), Subject::Device(repair.device_id), Subject::Customer(repair.customer_id)],
    )?;
    if command.ask {
        road::ask_the_customer(tx, repair.id, command.note.as_deref())?;
    }
    Ok(())
}

domain::words! {
    /// What the customer says to an estimate.
    Answer { Accepted = "accepted", Declined = "declined" }
}

/// Notes the customer's answer to the latest estimate: to the whole, or by line.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerEstimate {
    pub answer: Answer,
    /// Public ids of the lines that are declined while the rest is accepted.
    #[schemars(length(max = 200), inner(length(max = 60)))]
    #[serde(default)]
    pub declined_lines: Vec<String>,
    /// How the answer came.
    #[schemars(length(max = 500), example = &"by telephone")]
    #[serde(default)]
    pub note: Option<String>,
}

/// # Errors
/// `Forbidden`, `NotFound`; `Invalid` where a line is not of the estimate; `Conflict` where none waits for an answer,
/// or what was agreed to before and is done would be declined.
pub fn answer_estimate(tx: &mut Tx<'_>, public_id: &str, command: &AnswerEstimate) -> Result<()> {
    let repair = in_hand(tx, public_id, Action::AnswerEstimate)?;
    let zone = centres::table.find(repair.centre_id).select(centres::time_zone).first::<String>(tx.conn)?;
    let latest = latest(tx.conn, repair.id)?;
    match state(latest.as_ref(), tx.today_in(&zone)) {
        "waiting" => {}
        "expired" => return Err(Error::conflict("estimate-expired")),
        "none" => return Err(Error::conflict("no-estimate")),
        _ => return Err(Error::conflict("estimate-answered")),
    }
    let Some(estimate) = latest else { return Err(Error::conflict("no-estimate")) };
    let (fees, rows) = charged(tx.conn, repair.id)?.into_iter().partition::<Vec<_>, _>(|row| row.is_fee);
    let mut wrong = Faults::default();
    let mut declined = Vec::new();
    for (index, id) in command.declined_lines.iter().enumerate() {
        match rows.iter().find(|row| row.public_id == *id) {
            Some(row) => declined.push(row.id),
            None if fees.iter().any(|fee| fee.public_id == *id) => {
                wrong.add(Fault::new(format!("declined_lines[{index}]"), "fee-of-the-house"))
            }
            None => wrong.add(Fault::new(format!("declined_lines[{index}]"), "unknown-reference")),
        }
    }
    wrong.told()?;
    declined.sort_unstable();
    declined.dedup();
    let all = command.answer == Answer::Declined || !rows.is_empty() && declined.len() == rows.len();
    let today = tx.today_in(&zone);
    if super::ends::is_worked(tx.conn, &repair)? {
        // Nobody says no to what is done, or takes a yes back: what the house gives up then is goodwill.
        let agreed = agreed_lines(tx.conn, &repair, today)?;
        let ended = super::ends::worked_since(tx.conn, &repair)?;
        for row in rows.iter().filter(|row| all || declined.contains(&row.id)) {
            let is_done = ended.is_some_and(|at| row.added_at.instant() <= at);
            let code = if agreed.contains_key(&row.public_id) {
                Some("agreed-and-done")
            } else {
                is_done.then_some("done-already")
            };
            if let Some(code) = code {
                return Err(Error::Conflict(Reason::new(code).with("item", row.item_code.clone())));
            }
        }
    }
    let answer = if all { Answer::Declined } else { Answer::Accepted };
    diesel::update(estimates::table.find(estimate.id))
        .set((
            estimates::state.eq(answer.name()),
            estimates::answered_at.eq(Some(At::from(tx.occurred))),
            estimates::answered_by.eq(tx.actor.user_id),
            estimates::answer_note.eq(&command.note),
        ))
        .execute(tx.conn)?;
    let event = Event::EstimateAnswered {
        number: repair.number.clone(),
        revision: estimate.revision,
        answer: answer.name().to_owned(),
    };
    tx.record(
        (repair.centre_id, repair.brand_id),
        &event,
        &[Subject::Repair(repair.id), Subject::Device(repair.device_id), Subject::Customer(repair.customer_id)],
    )?;
    for row in rows.iter().filter(|row| all || declined.contains(&row.id)) {
        if row.device_in_id.is_some() {
            return Err(Error::Conflict(Reason::new("take-it-out").with("item", row.item_code.clone())));
        }
        end(tx, row.id, "declined", command.note.as_deref().unwrap_or(""))?;
    }
    if all {
        release(tx, repair.id)?;
        if diagnosis_of(tx.conn, repair.id)?.fault_id.is_some() && estimate.total_minor > 0 {
            charge_diagnosis(tx, &repair)?;
        }
    }
    decide_repair(tx, repair.id, "answer")?;
    if !all {
        reserve(tx, repair.id)?;
    }
    touch(tx, repair.id)?;
    if all { road::withdraw(tx, repair.id) } else { road::go_on_by_itself(tx, repair.id) }
}

/// The fee for a diagnosis whose estimate was declined: the house's rule, the customer pays it, once, and not again
/// where somebody took it off.
fn charge_diagnosis(tx: &mut Tx<'_>, repair: &Repair) -> Result<()> {
    let fee = centres::table.find(repair.centre_id).select(centres::diagnosis_fee_minor).first::<i64>(tx.conn)?;
    let before = work_lines::table
        .filter(work_lines::repair_id.eq(repair.id))
        .filter(work_lines::is_fee.eq(true))
        .select(work_lines::id)
        .first::<i64>(tx.conn)
        .optional()?;
    if fee == 0 || before.is_some() {
        return Ok(());
    }
    let row = WorkLine {
        item_code: "DIAGNOSIS".to_owned(),
        title_fa: "هزینهٔ عیب‌یابی".to_owned(),
        title_en: "Diagnosis fee".to_owned(),
        unit_price_minor: Some(fee),
        amount_minor: Some(fee),
        technician_user_id: None,
        is_fee: true,
        ..blank(tx, repair, LineType::Labour)?
    };
    add(tx.conn, row, &Own::default())
}
