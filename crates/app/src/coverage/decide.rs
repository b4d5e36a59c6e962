//! Deciding a repair: the case is built, decided, kept whole, and its shares are written for invoices, claims and
//! reports to read.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::access::Action;
use domain::coverage::{Case, Considered, CoverKind, Decision, Line, LineType, decide};
use domain::money::percent_of;
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::case::{Asked, Built, build, counter_lines, cover_id};
use super::claims;
use super::rows::{Cover, CoverageDecision, CoverageShare};
use crate::catalogue::choices::{cause_named, fault_named};
use crate::catalogue::legal_entities::party_link;
use crate::coverage::rules::percent_on;
use crate::coverage::rulings::{Ruling, is_in_force, rulings};
use crate::coverage::shares::current_shares;
use crate::devices::tree::root_of;
use crate::devices::{METER_READ, Reading};
use crate::repair::diagnosis::{cause_code, diagnosis_of, fault_code, line_diagnoses_of};
use crate::repair::rows::{Diagnosis, Repair, WorkLine};
use crate::repair::work::charged;
use store::error::{Error, Result};
use store::query::*;
use store::rights::{Actor, Of};
use store::schema::{coverage_decisions, coverage_shares, device_events, receptions, repair_details, repairs};
use store::types::At;
use store::views::{PartyLink, Title};
use store::{Conn, Event, Subject, Tx};

/// What a cover is called on the screen, beside its id in a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CoverName {
    pub kind: String,
    pub number: String,
    pub payer: PartyLink,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<Title>,
}

/// A decision with the names of the covers that it speaks of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Explained {
    pub decision: Decision,
    pub covers: HashMap<String, CoverName>,
    /// The local date that decided.
    #[schemars(with = "String")]
    pub received: Date,
    /// When each cover's terms hold, for drawing them over time.
    pub bars: Vec<Bar>,
    /// What the covers limit the use by: meters to read.
    pub metrics: BTreeSet<String>,
}

/// A term of a cover over time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bar {
    pub cover: String,
    pub term: String,
    #[schemars(with = "String")]
    pub last_day: Date,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub first_day: Option<Date>,
}

/// A question about a device at the counter: before anything is priced, or about a day.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AskCoverage {
    /// A fault, as `listChoices` names it.
    #[schemars(length(max = 200))]
    #[serde(default)]
    pub fault: Option<String>,
    /// A cause, as `listChoices` names it.
    #[schemars(length(max = 200))]
    #[serde(default)]
    pub cause: Option<String>,
    /// As on this date; absent: today.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    #[serde(default)]
    pub on: Option<Date>,
    /// Readings of its meters now.
    #[schemars(length(max = 10), inner(regex(pattern = "^[a-z]{1,30}=[0-9]{1,12}$")), example = &"hours=1200")]
    #[serde(default)]
    pub usage: Vec<String>,
}

/// The counter's question about a device, answered.
///
/// # Errors
/// `NotFound`; `Forbidden`.
pub fn ask_coverage(
    conn: &mut Conn,
    actor: &Actor,
    device: &str,
    now: jiff::Timestamp,
    question: &AskCoverage,
) -> Result<Explained> {
    actor.may(Action::ViewWork, Of::Anything)?;
    let device = crate::devices::seen(conn, actor, device, &[Action::ViewWork])?;
    let today = actor.today(now);
    let readings = question
        .usage
        .iter()
        .filter_map(|reading| reading.split_once('='))
        .filter_map(|(metric, reading)| Some((metric.to_owned(), reading.parse().ok()?)));
    // A code that the catalogue does not know is asked about as it stands.
    let fault = match &question.fault {
        Some(typed) => {
            let named = fault_named(conn, typed)?;
            fault_code(conn, named)?.or_else(|| Some(typed.clone()))
        }
        None => None,
    };
    let cause = match &question.cause {
        Some(typed) => {
            let named = cause_named(conn, typed)?;
            cause_code(conn, named)?.or_else(|| Some(typed.clone()))
        }
        None => None,
    };
    let asked = Asked { fault, cause, usage: readings.collect(), lines: Vec::new() };
    // The promises of a device hold for what sits in it.
    let root = root_of(conn, device.id, now)?;
    let mut built = build(conn, root, now, question.on.unwrap_or(today), None, asked)?;
    built.case.question.lines = counter_lines(&built, device.id);
    explain(conn, &built)
}

fn explain(conn: &mut Conn, built: &Built) -> Result<Explained> {
    let decision = decide(&built.case).map_err(Error::internal)?;
    explained(conn, decision, &built.case, &built.covers)
}

pub(crate) fn explained(conn: &mut Conn, decision: Decision, case: &Case, rows: &[Cover]) -> Result<Explained> {
    let mut covers = HashMap::new();
    for row in rows {
        let title = super::rules::policy_of(conn, row)?.map(|policy| policy.title);
        let name = CoverName {
            kind: row.kind.clone(),
            number: row.number.clone(),
            payer: party_link(conn, row.payer_party_id)?,
            title,
        };
        covers.insert(cover_id(row), name);
    }
    let terms = case.covers.iter().flat_map(|cover| &cover.policy.terms);
    let metrics = terms.flat_map(|term| term.usage.keys().cloned()).collect();
    Ok(Explained { decision, covers, received: case.question.received, bars: bars(case), metrics })
}

/// Whether a cover of a decision was given away.
pub(crate) fn is_gift(cover: &str) -> bool {
    cover.split_once(':').is_some_and(|(kind, _)| kind == CoverKind::Goodwill.name())
}

impl Explained {
    /// The same for who sees no money: who pays how much, and what was given away, is not for them.
    pub(crate) fn without_money(mut self) -> Self {
        for line in &mut self.decision.lines {
            line.shares.clear();
            line.considered.retain(|considered| !is_gift(&considered.cover));
        }
        self.covers.retain(|cover, _| !is_gift(cover));
        self.bars.retain(|bar| !is_gift(&bar.cover));
        self
    }
}

/// When the terms of the covers hold, as far as their start is known.
fn bars(case: &Case) -> Vec<Bar> {
    domain::coverage::terms_over_time(case)
        .into_iter()
        .map(|(cover, term, first, last)| Bar { cover, term, first_day: Some(first), last_day: last })
        .collect()
}

/// A repair with everything that its case needs.
pub(crate) struct Work {
    pub repair: Repair,
    diagnosis: Diagnosis,
    pub lines: Vec<WorkLine>,
    received_at: Timestamp,
    /// Readings of the device's meters at reception.
    usage: BTreeMap<String, i64>,
}

pub(crate) fn work(conn: &mut Conn, repair_id: i64) -> Result<Work> {
    let (repair, received_at, meters) = repairs::table
        .inner_join(receptions::table.on(receptions::id.eq(repairs::reception_id)))
        .inner_join(repair_details::table.on(repair_details::repair_id.eq(repairs::id)))
        .filter(repairs::id.eq(repair_id))
        .select((Repair::as_select(), receptions::occurred_at, repair_details::meters))
        .first::<(Repair, At, String)>(conn)?;
    let mut usage: BTreeMap<String, i64> = serde_json::from_str(&meters).unwrap_or_default();
    put_right(conn, repair.device_id, received_at, &mut usage)?;
    Ok(Work {
        lines: charged(conn, repair_id)?,
        diagnosis: diagnosis_of(conn, repair_id)?,
        repair,
        received_at: received_at.instant(),
        usage,
    })
}

/// A reading of a reception that was too high is put right by a lower one since, noted by who rules on cover; what others
/// read meanwhile is what the meter shows by then.
fn put_right(conn: &mut Conn, device_id: i64, received_at: At, usage: &mut BTreeMap<String, i64>) -> Result<()> {
    if usage.is_empty() {
        return Ok(());
    }
    let since = device_events::table
        .filter(device_events::device_id.eq(device_id))
        .filter(device_events::kind.eq(METER_READ))
        .filter(device_events::occurred_at.gt(received_at))
        .order((device_events::occurred_at, device_events::id))
        .select(device_events::data)
        .load::<String>(conn)?;
    // The last one holds: what was put right wrongly is put right again.
    let read = since.iter().filter_map(|data| serde_json::from_str::<Reading>(data).ok());
    let last = read.filter(|read| read.is_ruling).map(|read| (read.metric, read.reading)).collect::<BTreeMap<_, _>>();
    for (metric, reading) in last {
        usage.entry(metric).and_modify(|at_reception| *at_reception = reading.min(*at_reception));
    }
    Ok(())
}

/// Builds the case of a repair as it would be with this fault, cause and these lines.
pub(crate) fn case_of(conn: &mut Conn, work: &Work) -> Result<Built> {
    let repair = &work.repair;
    let mut fault = fault_code(conn, work.diagnosis.fault_id)?;
    let cause = cause_code(conn, work.diagnosis.cause_id)?;
    if fault.is_none() {
        fault = crate::repair::work::reported_codes(conn, repair.id)?.into_iter().next();
    }
    let asked = Asked { fault, cause, usage: work.usage.clone(), lines: Vec::new() };
    let mut built = build(conn, repair.device_id, work.received_at, repair.occurred_on.date(), Some(repair.id), asked)?;
    // A line for the device itself names no component, nor does one for a component that sat in it no more.
    let keys =
        built.tree.all().into_iter().skip(1).map(|node| (node.device.id, node.key.clone())).collect::<HashMap<_, _>>();
    let apart = line_diagnoses_of(conn, repair.id)?;
    let mut asked_lines = Vec::with_capacity(work.lines.len());
    for line in work.lines.iter().filter(|line| !line.is_fee) {
        let own = apart.iter().find(|own| own.work_line_id == line.id);
        let own_fault = fault_code(conn, own.and_then(|own| own.fault_id))?;
        let own_cause = cause_code(conn, own.and_then(|own| own.cause_id))?;
        asked_lines.push(Line {
            id: line.public_id.clone(),
            kind: LineType::named(&line.line_type).unwrap_or(LineType::Labour),
            item: line.item_code.clone(),
            component: own.and_then(|own| own.component_id).and_then(|id| keys.get(&id).cloned()),
            amount: line.amount_minor,
            fault: own_fault.map(Some),
            cause: own_cause.map(Some),
        });
    }
    built.case.question.lines = asked_lines;
    built.case.case = repair.number.clone();
    Ok(built)
}

/// Who pays how much of a line, after rulings of persons: cover and payer None for the customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub line_id: i64,
    pub cover_id: Option<i64>,
    pub payer_id: Option<i64>,
    pub term: Option<String>,
    pub amount: i64,
    pub claim: i64,
    pub override_id: Option<i64>,
}

/// The shares of all charged lines.
pub(crate) fn parts(conn: &mut Conn, work: &Work, built: &Built, decision: &Decision) -> Result<Vec<Part>> {
    let rulings = rulings(conn, work.repair.id)?;
    let mut out = Vec::new();
    for line in &work.lines {
        let amount = line.amount_minor.unwrap_or(0);
        let part = |cover: Option<&Cover>, term: Option<String>, amount: i64, override_id: Option<i64>| Part {
            line_id: line.id,
            cover_id: cover.map(|cover| cover.id),
            payer_id: cover.map(|cover| cover.payer_party_id),
            term,
            amount,
            // A part that the warrantor supplied in kind is not owed by it once more.
            claim: if cover.is_some() && line.supplied_by == "warrantor" { 0 } else { amount },
            override_id,
        };
        // A ruling on a cover that was lost since says nothing any more.
        let ruling = rulings.get(&line.id).map(|ruling| {
            (ruling, built.covers.iter().find(|cover| Some(cover.id) == ruling.cover_id && is_in_force(cover)))
        });
        if let Some((Ruling { id, cover_id, percent }, cover)) = ruling
            && (cover_id.is_none() || cover.is_some())
        {
            let paid = if cover.is_some() { percent_of(amount, *percent) } else { 0 };
            if paid > 0 {
                out.push(part(cover, None, paid, Some(*id)));
            }
            // What the house gives away it gives of what a ruling leaves to the customer.
            let mut left = amount - paid;
            for gift in gifts_on(built, decision, &work.lines, &rulings, line) {
                let given = gift.amount.min(left);
                if given > 0 {
                    out.push(part(Some(gift.cover), None, given, None));
                    left -= given;
                }
            }
            if left > 0 {
                out.push(part(None, None, left, Some(*id)));
            }
            continue;
        }
        match decision.lines.iter().find(|decided| decided.id == line.public_id) {
            Some(decided) => {
                for share in &decided.shares {
                    let cover = built.covers.iter().find(|cover| share.cover.as_deref() == Some(&cover_id(cover)));
                    out.push(part(cover, share.term.clone(), share.amount, None));
                }
            }
            // A fee that the house's own rule asks of the customer is no question of cover.
            None if amount > 0 => out.push(part(None, None, amount, None)),
            None => {}
        }
    }
    Ok(out)
}

/// What a gift pays of a line that somebody ruled on.
struct Gift<'b> {
    cover: &'b Cover,
    amount: i64,
}

/// The gifts on a line that somebody ruled on, each up to what the lines before it leave of it: the machine's decision
/// says nothing of such a line.
fn gifts_on<'b>(
    built: &'b Built,
    decision: &Decision,
    lines: &[WorkLine],
    rulings: &HashMap<i64, Ruling>,
    line: &WorkLine,
) -> Vec<Gift<'b>> {
    let in_case = built.covers.iter().zip(&built.case.covers);
    let gifts = in_case.filter(|(row, _)| row.kind == CoverKind::Goodwill.name() && is_in_force(row));
    let of_line = |gift: &(&'b Cover, &domain::coverage::Cover)| {
        let (cover, rules) = (gift.0, &gift.1.policy);
        let id = cover_id(cover);
        let of = |other: &WorkLine| percent_of(other.amount_minor.unwrap_or(0), percent_on(rules, other));
        // What it pays of the other lines: as decided, or, of those that were ruled on before this one, by its percentage.
        let decided = decision
            .lines
            .iter()
            .filter(|decided| lines.iter().any(|line| line.public_id == decided.id && !rulings.contains_key(&line.id)));
        let shares = decided.flat_map(|decided| &decided.shares).filter(|share| share.cover.as_deref() == Some(&id));
        let ruled =
            lines.iter().take_while(|other| other.id != line.id).filter(|other| rulings.contains_key(&other.id));
        let spent = shares.map(|share| share.amount).sum::<i64>() + ruled.map(of).sum::<i64>();
        let most = rules.limits.max_amount.map_or(i64::MAX, |most| (most - spent).max(0));
        Gift { cover, amount: of(line).min(most) }
    };
    gifts.map(|gift| of_line(&gift)).collect()
}

fn customer_sum(parts: &[Part]) -> i64 {
    parts.iter().filter(|part| part.cover_id.is_none()).map(|part| part.amount).sum()
}

/// Decides a repair anew and keeps the decision if it is another one. Returns the customer's share, net.
///
/// # Errors
/// The store.
pub(crate) fn decide_repair(tx: &mut Tx<'_>, repair_id: i64, because: &str) -> Result<i64> {
    let work = work(tx.conn, repair_id)?;
    let built = case_of(tx.conn, &work)?;
    let decision = decide(&built.case).map_err(Error::internal)?;
    let parts = parts(tx.conn, &work, &built, &decision)?;
    let before = current_shares(tx.conn, &work.repair)?;
    let case_json = serde_json::to_string(&built.case).map_err(Error::internal)?;
    let decision_json = serde_json::to_string(&decision).map_err(Error::internal)?;
    let last = coverage_decisions::table
        .filter(coverage_decisions::repair_id.eq(repair_id))
        .order(coverage_decisions::revision.desc())
        .select(CoverageDecision::as_select())
        .first::<CoverageDecision>(tx.conn)
        .optional()?;
    let same_parts = before.len() == parts.len()
        && before.iter().zip(&parts).all(|(row, part)| {
            row.work_line_id == part.line_id
                && row.amount_minor == part.amount
                && row.cover_id == part.cover_id
                && row.override_id == part.override_id
        });
    let customer_after = customer_sum(&parts);
    if last.as_ref().is_some_and(|last| last.case_json == case_json && last.decision_json == decision_json)
        && same_parts
    {
        return Ok(customer_after);
    }
    let row = CoverageDecision {
        id: 0,
        repair_id,
        revision: last.map_or(1, |last| last.revision + 1),
        decided_at: At::from(tx.occurred),
        decided_by: tx.actor.user_id,
        because: because.to_owned(),
        case_json,
        decision_json,
    };
    let decision_id = diesel::insert_into(coverage_decisions::table)
        .values(row)
        .returning(coverage_decisions::id)
        .get_result::<i64>(tx.conn)?;
    for part in &parts {
        let row = CoverageShare {
            id: 0,
            decision_id,
            repair_id,
            work_line_id: part.line_id,
            cover_id: part.cover_id,
            payer_party_id: part.payer_id,
            term: part.term.clone(),
            amount_minor: part.amount,
            claim_minor: part.claim,
            override_id: part.override_id,
        };
        diesel::insert_into(coverage_shares::table).values(row).execute(tx.conn)?;
    }
    Point { update: "UPDATE repairs SET decision_id = ", to: decision_id, of: " WHERE id = ", id: repair_id }
        .execute(tx.conn)?;
    let customer_before = before.iter().filter(|row| row.cover_id.is_none()).map(|row| row.amount_minor).sum::<i64>();
    if customer_before != customer_after {
        let repair = &work.repair;
        let event = Event::CoverageChanged { number: repair.number.clone(), customer_before, customer_after };
        tx.record(
            (repair.centre_id, repair.brand_id),
            &event,
            &[Subject::Repair(repair_id), Subject::Device(repair.device_id), Subject::Customer(repair.customer_id)],
        )?;
    }
    claims::refresh(tx, &work.repair)?;
    Ok(customer_after)
}

/// What a change would do to who pays, before it is saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CoverageChange {
    /// The customer's share now and then, net.
    pub customer_before: i64,
    pub customer_after: i64,
    /// The lines whose payers change.
    pub lines: Vec<LineChange>,
    /// VAT on what the customer would pay.
    pub customer_vat_after: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LineChange {
    pub id: String,
    pub title: Title,
    /// Absent for who may not see money there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_before: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_after: Option<i64>,
    /// Why, by cover.
    pub considered: Vec<Considered>,
}

/// What the shares of a repair would be if it had this fault and cause.
///
/// # Errors
/// The store.
pub(crate) fn preview(
    conn: &mut Conn,
    repair_id: i64,
    fault_id: Option<i64>,
    cause_id: Option<i64>,
    on: Date,
) -> Result<CoverageChange> {
    let mut work = work(conn, repair_id)?;
    let before = current_shares(conn, &work.repair)?;
    work.diagnosis.fault_id = fault_id.or(work.diagnosis.fault_id);
    work.diagnosis.cause_id = cause_id.or(work.diagnosis.cause_id);
    let built = case_of(conn, &work)?;
    let decision = decide(&built.case).map_err(Error::internal)?;
    let after = parts(conn, &work, &built, &decision)?;
    let mut lines = Vec::new();
    let mut customer_vat_after = 0;
    for line in &work.lines {
        let customer_before = before
            .iter()
            .filter(|row| row.work_line_id == line.id && row.cover_id.is_none())
            .map(|row| row.amount_minor)
            .sum::<i64>();
        let customer_after = after
            .iter()
            .filter(|part| part.line_id == line.id && part.cover_id.is_none())
            .map(|part| part.amount)
            .sum::<i64>();
        customer_vat_after +=
            percent_of(customer_after, crate::catalogue::prices::vat_percent(conn, &line.tax_class, on)?);
        if customer_before != customer_after {
            let considered = decision
                .lines
                .iter()
                .find(|decided| decided.id == line.public_id)
                .map(|decided| decided.considered.clone())
                .unwrap_or_default();
            lines.push(LineChange {
                id: line.public_id.clone(),
                title: Title::new(&line.title_fa, &line.title_en),
                customer_before: Some(customer_before),
                customer_after: Some(customer_after),
                considered,
            });
        }
    }
    let customer_before = before.iter().filter(|row| row.cover_id.is_none()).map(|row| row.amount_minor).sum();
    Ok(CoverageChange { customer_before, customer_after: customer_sum(&after), lines, customer_vat_after })
}

/// The decision of a repair that holds, with names; None before anything was asked.
///
/// # Errors
/// The store.
pub(crate) fn held(conn: &mut Conn, repair: &Repair) -> Result<Option<Explained>> {
    let Some(id) = repair.decision_id else { return Ok(None) };
    let (case_json, decision_json) = coverage_decisions::table
        .find(id)
        .select((coverage_decisions::case_json, coverage_decisions::decision_json))
        .first::<(String, String)>(conn)?;
    let case = Case::parse(&case_json).map_err(Error::internal)?;
    let decision: Decision = serde_json::from_str(&decision_json).map_err(Error::internal)?;
    let mut rows = Vec::new();
    for cover in &case.covers {
        use store::schema::covers;
        let (kind, number) = cover.id.split_once(':').unwrap_or_default();
        let key = domain::text::key(number);
        rows.extend(
            covers::table
                .filter(covers::kind.eq(kind))
                .filter(covers::number_key.eq(key))
                .select(Cover::as_select())
                .first(conn)
                .optional()?,
        );
    }
    explained(conn, decision, &case, &rows).map(Some)
}

impl CoverageChange {
    /// What the customer would pay, with VAT.
    #[must_use]
    pub fn customer_gross_after(&self) -> i64 {
        self.customer_after + self.customer_vat_after
    }
}

#[cfg(test)]
mod tests;
