//! A repair as pages and the API show it.

use diesel::prelude::*;
use domain::access::Action;
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::diagnose::{WhatIf, what_if};
use super::estimate::{EstimateLine, latest, state};
use super::road::{WayView, answered, customer_total, ways_of};
use super::rows::{Repair, RepairDetail, WorkLine};
use super::seen;
use crate::access::Actor;
use crate::catalogue::organisation::party_link;
use crate::catalogue::products::kinds_below;
use crate::coverage::decide::{Explained, current_shares, held, payer_name};
use crate::coverage::rows::{CoverageOverride, CoverageShare};
use crate::devices::view::{PlaceView, TreeView, place_view};
use crate::error::Result;
use crate::link;
use crate::reception::attachments::{AttachmentView, of_repair};
use crate::reception::repeats;
use crate::store::schema::{coverage_overrides, covers, devices, faults, receptions, repair_details, repairs, reported_faults, users, work_lines};
use crate::store::types::Day;
use crate::store::Conn;
use crate::views::{Link, Page, PartyLink, Title};
use crate::workflow::{chart, moves_of};

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RepairView {
    pub id: String,
    pub number: String,
    pub reception: ReceptionLink,
    pub centre: Link,
    pub brand: Link,
    pub customer: PartyLink,
    pub device: DeviceLink,
    /// workshop or on_site.
    pub place: String,
    pub device_place: PlaceView,
    pub step: StepView,
    /// Every step of the road with when it was entered, for showing where the repair stands.
    pub road: Vec<RoadStep>,
    pub ways: Vec<WayView>,
    pub is_open: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub promised_on: Option<Date>,
    pub reported: Vec<Link>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reported_note: Option<String>,
    pub accessories: Vec<String>,
    pub conditions: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passcode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Link>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Link>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<DeviceLink>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeat: Option<RepeatView>,
    pub lines: Vec<LineView>,
    /// Sums of the charged lines, net, in minor units.
    pub total: i64,
    pub customer_net: i64,
    pub customer_vat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Explained>,
    /// Causes that would take cover away, with what the customer would pay then.
    pub what_if: Vec<WhatIf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimate: Option<EstimateView>,
    pub checklist: Vec<CheckView>,
    pub photos: Vec<AttachmentView>,
    /// Components of the device as it is now, for choosing what comes out.
    pub components: Vec<TreeView>,
    pub version: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReceptionLink {
    pub id: String,
    pub number: String,
    pub tracking_number: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeviceLink {
    pub id: String,
    pub serial: String,
    pub product: Link,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepView {
    pub id: String,
    pub title: Title,
    #[schemars(with = "String")]
    pub since: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoadStep {
    pub id: String,
    pub title: Title,
    /// done, now or ahead.
    pub state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub entered_at: Option<Timestamp>,
}

/// An earlier repair for the same fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RepeatView {
    pub id: String,
    pub number: String,
    /// Days from its hand-over to this reception.
    pub days: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LineView {
    pub id: String,
    /// part, labour, travel or shipping.
    pub line_type: String,
    pub code: String,
    pub title: Title,
    pub quantity_milli: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Link>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Link>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial_in: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial_out: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disposition: Option<String>,
    pub supplied_by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// open, declined, removed or taken_out.
    pub state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_reason: Option<String>,
    pub is_fitted: bool,
    /// A part that is to be fitted and is not yet.
    pub is_planned: bool,
    /// It must come first.
    pub is_awaited: bool,
    pub shares: Vec<ShareView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ruling: Option<RulingView>,
}

/// Who pays how much of a line.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ShareView {
    /// Absent for the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payer: Option<PartyLink>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cover: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cover_kind: Option<String>,
    pub amount: i64,
}

/// A person's ruling on a line, beside what was decided.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RulingView {
    pub by: String,
    pub reason: String,
    pub percent: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct EstimateView {
    pub id: String,
    pub revision: i64,
    /// waiting, accepted, declined, expired or replaced.
    pub state: String,
    #[schemars(with = "String")]
    pub valid_until: Date,
    pub net: i64,
    pub vat: i64,
    /// What the customer is asked to pay, with VAT.
    pub total: i64,
    pub lines: Vec<EstimateLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub answered_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CheckView {
    pub id: String,
    pub title: Title,
    pub is_required: bool,
    pub is_answered: bool,
}

pub(crate) fn device_link(conn: &mut Conn, id: i64) -> Result<DeviceLink> {
    let (public_id, serial, product) = devices::table.find(id).select((devices::public_id, devices::serial, devices::product_id)).first::<(String, String, i64)>(conn)?;
    Ok(DeviceLink { id: public_id, serial, product: link!(conn, products, product) })
}

fn serial_of(conn: &mut Conn, id: Option<i64>) -> Result<Option<String>> {
    let Some(id) = id else { return Ok(None) };
    let (serial, has_serial) = devices::table.find(id).select((devices::serial, devices::has_serial)).first::<(String, bool)>(conn)?;
    Ok(has_serial.then_some(serial))
}

fn line_view(conn: &mut Conn, row: WorkLine, shares: &[CoverageShare]) -> Result<LineView> {
    let mut shown = Vec::new();
    for share in shares.iter().filter(|share| share.work_line_id == row.id) {
        let cover = match share.cover_id {
            Some(id) => Some(covers::table.find(id).select((covers::number, covers::kind)).first::<(String, String)>(conn)?),
            None => None,
        };
        let (cover, cover_kind) = cover.unzip();
        shown.push(ShareView { payer: payer_name(conn, share.payer_party_id)?, cover, cover_kind, amount: share.amount_minor });
    }
    let ruling = coverage_overrides::table
        .filter(coverage_overrides::work_line_id.eq(row.id))
        .order(coverage_overrides::id.desc())
        .select(CoverageOverride::as_select())
        .first(conn)
        .optional()?;
    let ruling = match ruling {
        Some(ruling) => {
            let by = users::table.find(ruling.decided_by).select(users::name).first::<String>(conn).optional()?.unwrap_or_default();
            Some(RulingView { by, reason: ruling.reason, percent: ruling.percent })
        }
        None => None,
    };
    let fault = match row.fault_id {
        Some(id) => Some(link!(conn, faults, id)),
        None => None,
    };
    let cause = match row.cause_id {
        Some(id) => Some(link!(conn, causes, id)),
        None => None,
    };
    Ok(LineView {
        serial_in: serial_of(conn, row.device_in_id)?,
        serial_out: serial_of(conn, row.device_out_id)?,
        is_fitted: row.device_in_id.is_some(),
        is_planned: row.is_planned(),
        is_awaited: row.awaited_at.is_some(),
        id: row.public_id,
        line_type: row.line_type,
        code: row.item_code,
        title: Title::new(row.title_fa, row.title_en),
        quantity_milli: row.quantity_milli,
        unit_price: row.unit_price_minor,
        amount: row.amount_minor,
        fault,
        cause,
        disposition: row.disposition,
        supplied_by: row.supplied_by,
        result: row.result,
        state: row.state,
        ended_reason: row.ended_reason,
        shares: shown,
        ruling,
    })
}

/// # Errors
/// `Forbidden`, `NotFound`.
pub fn get_repair(conn: &mut Conn, actor: &Actor, public_id: &str, now: Timestamp) -> Result<RepairView> {
    actor.may(Action::ViewWork, None, None)?;
    let row = seen(conn, actor, public_id)?;
    repair_view(conn, actor, row, now)
}

pub(crate) fn repair_view(conn: &mut Conn, actor: &Actor, row: Repair, now: Timestamp) -> Result<RepairView> {
    let today = actor.today(now);
    let (id, number, tracking_number) = receptions::table.find(row.reception_id).select((receptions::public_id, receptions::number, receptions::tracking_number)).first(conn)?;
    let chart = chart(conn, row.chart_id)?;
    let moves = moves_of(conn, row.id)?;
    let title = |id: &str| chart.step(id).map_or_else(|| Title::new(id, id), |step| Title::new(&step.title.fa, &step.title.en));
    let mut road = Vec::new();
    let order = chart.steps.iter().map(|step| step.id.as_str()).collect::<Vec<_>>();
    let at = order.iter().position(|id| *id == row.step);
    for step in &chart.steps {
        let entered = moves.iter().rev().find(|row| row.to_step == step.id).map(|row| row.moved_at.instant());
        let is_now = step.id == row.step;
        let is_main = chart.road().iter().any(|main| main.id == step.id);
        let is_before = order.iter().position(|id| *id == step.id) < at;
        let was_there = entered.is_some() || step.id == chart.start;
        if is_now || is_main || (was_there && is_before) {
            let state = if is_now {
                "now"
            } else if was_there && is_before {
                "done"
            } else {
                "ahead"
            };
            road.push(RoadStep { id: step.id.clone(), title: title(&step.id), state: state.to_owned(), entered_at: entered.filter(|_| state != "ahead") });
        }
    }
    let details = repair_details::table.find(row.id).select(RepairDetail::as_select()).first(conn)?;
    let reported = reported_faults::table.filter(reported_faults::repair_id.eq(row.id)).order(reported_faults::position).select(reported_faults::fault_id).load::<i64>(conn)?;
    let reported = reported.into_iter().map(|id| Ok(link!(conn, faults, id))).collect::<Result<_>>()?;
    let repeat = match row.repeat_of_id {
        Some(id) => {
            let (id, number, returned) =
                repairs::table.find(id).select((repairs::public_id, repairs::number, repairs::returned_on)).first::<(String, String, Option<Day>)>(conn)?;
            returned.map(|returned| RepeatView { id, number, days: domain::time::days_between(returned.date(), row.occurred_on.date()) })
        }
        None => None,
    };
    let shares = current_shares(conn, &row)?;
    let lines = work_lines::table.filter(work_lines::repair_id.eq(row.id)).order(work_lines::position).select(WorkLine::as_select()).load(conn)?;
    let total = lines.iter().filter(|line| line.state == "open").filter_map(|line| line.amount_minor).sum();
    let (customer_net, customer_vat) = customer_total(conn, &row, today)?;
    let lines = lines.into_iter().map(|line| line_view(conn, line, &shares)).collect::<Result<_>>()?;
    let assignee = match row.assignee_user_id {
        Some(id) => users::table.find(id).select(users::name).first(conn).optional()?,
        None => None,
    };
    let fault = match row.fault_id {
        Some(id) => Some(link!(conn, faults, id)),
        None => None,
    };
    let cause = match row.cause_id {
        Some(id) => Some(link!(conn, causes, id)),
        None => None,
    };
    let component = match row.component_id {
        Some(id) => Some(device_link(conn, id)?),
        None => None,
    };
    let estimate = match latest(conn, row.id)? {
        Some(estimate) => Some(EstimateView {
            state: state(Some(&estimate), today).to_owned(),
            lines: serde_json::from_str(&estimate.lines_json).unwrap_or_default(),
            id: estimate.public_id,
            revision: estimate.revision,
            valid_until: estimate.valid_until.date(),
            net: estimate.net_minor,
            vat: estimate.vat_minor,
            total: estimate.total_minor,
            answered_at: crate::store::types::At::shown(estimate.answered_at),
            note: estimate.answer_note,
        }),
        None => None,
    };
    let checked = answered(conn, &row)?;
    let checklist = chart.step(&row.step).map(|step| step.checklist.clone()).unwrap_or_default();
    let checklist = checklist
        .into_iter()
        .map(|item| CheckView { is_answered: checked.contains(&item.id), id: item.id, title: Title::new(item.title.fa, item.title.en), is_required: item.required })
        .collect();
    let may_work = actor.may(Action::Diagnose, Some(row.centre_id), Some(row.brand_id)).is_ok();
    Ok(RepairView {
        reception: ReceptionLink { id, number, tracking_number },
        centre: link!(conn, centres, row.centre_id),
        brand: link!(conn, brands, row.brand_id),
        customer: party_link(conn, row.customer_id)?,
        device: device_link(conn, row.device_id)?,
        device_place: place_view(conn, row.device_id)?,
        step: StepView { title: title(&row.step), id: row.step.clone(), since: row.step_since_at.instant() },
        road,
        ways: ways_of(conn, actor, &row, today)?,
        what_if: what_if(conn, &row)?,
        coverage: held(conn, &row)?,
        photos: of_repair(conn, row.id)?,
        components: crate::devices::view::components(conn, row.device_id, now)?,
        id: row.public_id,
        number: row.number,
        place: row.place,
        is_open: row.is_open,
        outcome: row.outcome,
        assignee,
        promised_on: Day::shown(row.promised_on),
        reported,
        reported_note: details.reported_note,
        accessories: serde_json::from_str(&details.accessories).unwrap_or_default(),
        conditions: serde_json::from_str(&details.conditions).unwrap_or_default(),
        passcode: details.passcode.filter(|_| may_work),
        fault,
        cause,
        component,
        finding: row.finding,
        repeat,
        lines,
        total,
        customer_net,
        customer_vat,
        estimate,
        checklist,
        version: row.version,
    })
}

/// A repair in a list.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RepairRow {
    pub id: String,
    pub number: String,
    pub product: Title,
    pub brand: Link,
    pub serial: String,
    pub device: String,
    pub customer: PartyLink,
    pub step: Title,
    pub step_id: String,
    #[schemars(with = "String")]
    pub step_since: Timestamp,
    #[schemars(with = "String")]
    pub received_on: Date,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub promised_on: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    pub is_open: bool,
}

pub(crate) fn repair_rows(conn: &mut Conn, rows: Vec<Repair>) -> Result<Vec<RepairRow>> {
    use crate::store::schema::{brands, parties, products};
    use std::collections::HashMap;
    // One read per table for the page, not one per row.
    let ids = |pick: fn(&Repair) -> i64| {
        let mut ids = rows.iter().map(pick).collect::<Vec<_>>();
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    let devices: HashMap<i64, (String, String)> = devices::table
        .filter(devices::id.eq_any(ids(|row| row.device_id)))
        .select((devices::id, devices::serial, devices::public_id))
        .load::<(i64, String, String)>(conn)?
        .into_iter()
        .map(|(id, serial, public_id)| (id, (serial, public_id)))
        .collect();
    let products: HashMap<i64, Title> = products::table
        .filter(products::id.eq_any(ids(|row| row.product_id)))
        .select((products::id, products::title_fa, products::title_en))
        .load::<(i64, String, String)>(conn)?
        .into_iter()
        .map(|(id, fa, en)| (id, Title { fa, en }))
        .collect();
    let brands: HashMap<i64, Link> = brands::table
        .filter(brands::id.eq_any(ids(|row| row.brand_id)))
        .select((brands::id, brands::public_id, brands::code, brands::title_fa, brands::title_en))
        .load::<(i64, String, String, String, String)>(conn)?
        .into_iter()
        .map(|(key, id, code, fa, en)| (key, Link { id, code, title: Title { fa, en } }))
        .collect();
    let customers: HashMap<i64, PartyLink> = parties::table
        .filter(parties::id.eq_any(ids(|row| row.customer_id)))
        .select((parties::id, parties::public_id, parties::name))
        .load::<(i64, String, String)>(conn)?
        .into_iter()
        .map(|(key, id, name)| (key, PartyLink { id, name }))
        .collect();
    let people: HashMap<i64, String> = users::table
        .filter(users::id.eq_any(rows.iter().filter_map(|row| row.assignee_user_id).collect::<Vec<_>>()))
        .select((users::id, users::name))
        .load::<(i64, String)>(conn)?
        .into_iter()
        .collect();
    let mut charts = HashMap::new();
    for id in ids(|row| row.chart_id) {
        charts.insert(id, chart(conn, id)?);
    }
    Ok(rows
        .into_iter()
        .map(|row| {
            let step = charts
                .get(&row.chart_id)
                .and_then(|chart| chart.step(&row.step))
                .map_or_else(|| Title::new(&row.step, &row.step), |step| Title::new(&step.title.fa, &step.title.en));
            let (serial, device) = devices.get(&row.device_id).cloned().unwrap_or_default();
            RepairRow {
                product: products.get(&row.product_id).cloned().unwrap_or_else(|| Title::new("", "")),
                brand: brands.get(&row.brand_id).cloned().unwrap_or_else(|| Link { id: String::new(), code: String::new(), title: Title::new("", "") }),
                serial,
                device,
                customer: customers.get(&row.customer_id).cloned().unwrap_or_else(|| PartyLink { id: String::new(), name: String::new() }),
                step,
                step_id: row.step,
                step_since: row.step_since_at.instant(),
                received_on: row.occurred_on.date(),
                promised_on: Day::shown(row.promised_on),
                assignee: row.assignee_user_id.and_then(|id| people.get(&id).cloned()),
                id: row.public_id,
                number: row.number,
                outcome: row.outcome,
                is_open: row.is_open,
            }
        })
        .collect())
}

/// How repairs are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ListRepairs {
    #[schemars(regex(pattern = "^[0-9a-z]{16}$"))]
    pub after: Option<String>,
    #[schemars(range(min = 1, max = 200))]
    pub limit: Option<i64>,
    /// Only those that are open, or only those that are over.
    pub is_open: Option<bool>,
    /// Id of a step.
    #[schemars(length(max = 60))]
    pub step: Option<String>,
    /// Public id of a kind of product: of it and of the kinds below.
    pub kind: Option<String>,
    /// Code of the diagnosed fault.
    #[schemars(length(max = 60))]
    pub fault: Option<String>,
    /// repaired, withdrawn, irreparable, replaced or cancelled.
    #[schemars(length(max = 60))]
    pub outcome: Option<String>,
    /// Public id of a device.
    pub device: Option<String>,
    /// Only one's own work.
    pub mine: Option<bool>,
    /// Only what is past its promised day.
    pub overdue: Option<bool>,
    /// Received on this day or later.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    pub from: Option<Date>,
    /// Received on this day or earlier.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    pub to: Option<Date>,
}

/// Repairs that the actor sees, newest first.
///
/// # Errors
/// `Forbidden`; `NotFound` where a filter names nothing.
pub fn list_repairs(conn: &mut Conn, actor: &Actor, query: &ListRepairs, now: Timestamp) -> Result<Page<RepairRow>> {
    actor.may(Action::ViewWork, None, None)?;
    let limit = query.limit.unwrap_or(crate::store::PAGE).clamp(1, crate::store::MAX_PAGE);
    let mut select = repairs::table.order(repairs::id.desc()).select(Repair::as_select()).into_boxed();
    if let Some(condition) = actor.sees_repairs() {
        select = select.filter(condition);
    }
    if let Some(is_open) = query.is_open {
        select = select.filter(repairs::is_open.eq(is_open));
    }
    if let Some(step) = &query.step {
        select = select.filter(repairs::step.eq(step));
    }
    if let Some(outcome) = &query.outcome {
        select = select.filter(repairs::outcome.eq(outcome));
    }
    if let Some(kind) = &query.kind {
        let kind = crate::catalogue::products::kind_row(conn, kind)?.id;
        select = select.filter(repairs::kind_id.eq_any(kinds_below(conn, kind)?));
    }
    if let Some(fault) = &query.fault {
        let id = faults::table.filter(faults::code.eq(fault)).select(faults::id).first::<i64>(conn).optional()?;
        select = select.filter(repairs::fault_id.eq(id.unwrap_or(-1)));
    }
    if let Some(device) = &query.device {
        select = select.filter(repairs::device_id.eq(crate::devices::device_row(conn, device)?.id));
    }
    if query.mine == Some(true) {
        select = select.filter(repairs::assignee_user_id.eq(actor.user_id.unwrap_or(-1)));
    }
    if query.overdue == Some(true) {
        let today = Day::from(actor.today(now));
        select = select.filter(repairs::is_open.eq(true)).filter(repairs::promised_on.lt(today));
    }
    if let Some(from) = query.from {
        select = select.filter(repairs::occurred_on.ge(Day::from(from)));
    }
    if let Some(to) = query.to {
        select = select.filter(repairs::occurred_on.le(Day::from(to)));
    }
    if let Some(after) = &query.after {
        select = select.filter(repairs::id.lt(seen(conn, actor, after)?.id));
    }
    let rows = select.limit(limit + 1).load(conn)?;
    let next = (rows.len() > usize::try_from(limit).unwrap_or(0)).then(|| rows[rows.len() - 2].public_id.clone());
    let mut rows: Vec<Repair> = rows;
    rows.truncate(usize::try_from(limit).unwrap_or(0));
    Ok(Page { items: repair_rows(conn, rows)?, next })
}

/// An earlier repair for the same fault, at the counter, before anything is saved.
///
/// # Errors
/// `NotFound`.
pub fn repeat_at_counter(conn: &mut Conn, actor: &Actor, device: &str, faults_reported: &[String], today: Date) -> Result<Option<RepeatView>> {
    let device = crate::devices::device_row(conn, device)?;
    actor.must_see(None, Some(device.brand_id))?;
    let ids = faults::table.filter(faults::code.eq_any(faults_reported)).select(faults::id).load::<i64>(conn)?;
    let repeat = repeats::earlier_repair(conn, device.id, None, &ids, Some((today, i64::MAX)))?;
    Ok(repeat.map(|repeat| RepeatView { id: repeat.public_id, number: repeat.number, days: repeat.days.unwrap_or(0) }))
}

impl RepairView {
    /// What the customer pays, with VAT.
    #[must_use]
    pub fn customer_gross(&self) -> i64 {
        self.customer_net + self.customer_vat
    }

    /// The code of the diagnosed fault, empty before it is known: for a form's field.
    #[must_use]
    pub fn fault_code(&self) -> &str {
        self.fault.as_ref().map_or("", |fault| &fault.code)
    }

    /// The code of the cause, empty before it is known.
    #[must_use]
    pub fn cause_code(&self) -> &str {
        self.cause.as_ref().map_or("", |cause| &cause.code)
    }

    /// What was found in words, empty where nothing was.
    #[must_use]
    pub fn finding_text(&self) -> &str {
        self.finding.as_deref().unwrap_or("")
    }
}
