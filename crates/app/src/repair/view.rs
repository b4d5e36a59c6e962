//! A repair as pages and the API show it.

use domain::access::Action;
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::agreed::{AgreementView, Exceeded, agreement_view, standing, told};
use super::diagnose::{WhatIf, what_if};
use super::diagnosis::{diagnosis_of, line_diagnoses_of};
use super::facts::answered;
use super::road::{WayView, customer_total, sees_sums, ways_of};
use super::rows::{LineDiagnosis, Repair, RepairDetail, WorkLine};
use crate::catalogue::legal_entities::party_link;
use crate::coverage::decide::{Explained, held};
use crate::coverage::rows::{CoverageOverride, CoverageShare};
use crate::coverage::shares::{current_shares, payer_name};
use crate::devices::view::{PlaceView, TreeView, place_view};
use crate::reception::attachments::{AttachmentView, of_repair};
use crate::reception::repeats::RepeatView;
use crate::repair::asked::{EstimateLine, latest};
use crate::repair::work::seen;
use crate::workflow::{RoadStep, chart, entered, road, step_title};
use store::error::Result;
use store::query::*;
use store::rights::{Actor, Of};
use store::schema::{
    coverage_overrides, covers, devices, receptions, repair_details, repairs, reported_faults, users, work_lines,
};
use store::types::{At, Day};
use store::views::{Link, PartyLink, Title};
use store::{Conn, link};

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RepairView {
    /// What rights on it are asked about.
    #[serde(skip)]
    pub of: Option<Of>,
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
    /// Whether a passcode of the device is kept that the actor may see: `getPasscode`.
    pub has_passcode: bool,
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
    /// Sum of the charged lines, net, in minor units; absent for who may not see money there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<i64>,
    /// What the customer pays, net, and the VAT on it; absent for who may neither see money there nor make an
    /// estimate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_net: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_vat: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Explained>,
    /// Causes that would take cover away, with what the customer would pay then.
    pub what_if: Vec<WhatIf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimate: Option<EstimateView>,
    /// Where the customer's part is above what he agreed to: the end of work and the hand-over wait until he accepts a
    /// new estimate, or somebody notes who agreed (`noteAgreement`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exceeded: Option<Exceeded>,
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

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LineView {
    pub id: String,
    /// part, labour, travel or shipping.
    pub line_type: String,
    pub code: String,
    pub title: Title,
    pub quantity_milli: i64,
    /// Net, in minor units; absent before it is priced, and for who may not see money there.
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
    /// The house's own fee, which follows from its rule.
    pub is_fee: bool,
    pub shares: Vec<ShareView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ruling: Option<RulingView>,
}

/// Who pays how much of a line, for who may see money there.
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
    /// waiting, accepted, declined, expired or exceeded: accepted, and the customer would pay more by now.
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
    /// Who agreed to more than it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreement: Option<AgreementView>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CheckView {
    pub id: String,
    pub title: Title,
    pub is_required: bool,
    pub is_answered: bool,
}

pub(crate) fn device_link(conn: &mut Conn, id: i64) -> Result<DeviceLink> {
    let (public_id, serial, product) = devices::table
        .find(id)
        .select((devices::public_id, devices::serial, devices::product_id))
        .first::<(String, String, i64)>(conn)?;
    Ok(DeviceLink { id: public_id, serial, product: link!(conn, products, product) })
}

fn serial_of(conn: &mut Conn, id: Option<i64>) -> Result<Option<String>> {
    let Some(id) = id else { return Ok(None) };
    let (serial, has_serial) =
        devices::table.find(id).select((devices::serial, devices::has_serial)).first::<(String, bool)>(conn)?;
    Ok(has_serial.then_some(serial))
}

fn line_view(
    conn: &mut Conn,
    row: WorkLine,
    own: Option<&LineDiagnosis>,
    shares: &[CoverageShare],
    sees_money: bool,
) -> Result<LineView> {
    let mut shown = Vec::new();
    for share in shares.iter().filter(|share| share.work_line_id == row.id) {
        let cover = match share.cover_id {
            Some(id) => {
                Some(covers::table.find(id).select((covers::number, covers::kind)).first::<(String, String)>(conn)?)
            }
            None => None,
        };
        let (cover, cover_kind) = cover.unzip();
        shown.push(ShareView {
            payer: payer_name(conn, share.payer_party_id)?,
            cover,
            cover_kind,
            amount: share.amount_minor,
        });
    }
    let ruling = coverage_overrides::table
        .filter(coverage_overrides::work_line_id.eq(row.id))
        .order(coverage_overrides::id.desc())
        .select(CoverageOverride::as_select())
        .first::<CoverageOverride>(conn)
        .optional()?;
    let ruling = match ruling.filter(|_| sees_money) {
        Some(ruling) => {
            let by = users::table
                .find(ruling.decided_by)
                .select(users::name)
                .first::<String>(conn)
                .optional()?
                .unwrap_or_default();
            Some(RulingView { by, reason: ruling.reason, percent: ruling.percent })
        }
        None => None,
    };
    let fault = match own.and_then(|own| own.fault_id) {
        Some(id) => Some(link!(conn, faults, id)),
        None => None,
    };
    let cause = match own.and_then(|own| own.cause_id) {
        Some(id) => Some(link!(conn, causes, id)),
        None => None,
    };
    Ok(LineView {
        serial_in: serial_of(conn, row.device_in_id)?,
        serial_out: serial_of(conn, row.device_out_id)?,
        is_fitted: row.device_in_id.is_some(),
        is_planned: row.is_planned(),
        is_awaited: row.awaited_at.is_some(),
        is_fee: row.is_fee,
        id: row.public_id,
        line_type: row.line_type,
        code: row.item_code,
        title: Title::new(row.title_fa, row.title_en),
        quantity_milli: row.quantity_milli,
        unit_price: row.unit_price_minor.filter(|_| sees_money),
        amount: row.amount_minor.filter(|_| sees_money),
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
    actor.may(Action::ViewWork, Of::Anything)?;
    let row = seen(conn, actor, public_id, Action::ViewWork)?;
    repair_view(conn, actor, row, now)
}

pub(crate) fn repair_view(conn: &mut Conn, actor: &Actor, row: Repair, now: Timestamp) -> Result<RepairView> {
    let today = actor.today(now);
    let (id, number, tracking_number, received_at) = receptions::table
        .find(row.reception_id)
        .select((receptions::public_id, receptions::number, receptions::tracking_number, receptions::occurred_at))
        .first::<(String, String, String, At)>(conn)?;
    let chart = chart(conn, row.chart_id)?;
    let road = road(&chart, &row.step, received_at.instant(), &entered(conn, row.id)?);
    let details = repair_details::table.find(row.id).select(RepairDetail::as_select()).first::<RepairDetail>(conn)?;
    let reported = reported_faults::table
        .filter(reported_faults::repair_id.eq(row.id))
        .order(reported_faults::position)
        .select(reported_faults::fault_id)
        .load::<i64>(conn)?;
    let reported = reported.into_iter().map(|id| Ok(link!(conn, faults, id))).collect::<Result<_>>()?;
    let repeat = match row.repeat_of_id {
        Some(id) => {
            let (id, number, returned) = repairs::table
                .find(id)
                .select((repairs::public_id, repairs::number, repairs::returned_on))
                .first::<(String, String, Option<Day>)>(conn)?;
            returned.map(|returned| RepeatView {
                id,
                number,
                days: domain::time::days_between(returned.date(), row.occurred_on.date()),
            })
        }
        None => None,
    };
    // Prices and shares are for who sees money where the work is; what the customer is asked also for who makes the
    // estimate, or finds what it follows from.
    let sees_money = actor.scope(Action::ViewMoney).holds(row.of());
    let sees_sums = sees_sums(actor, &row);
    let shares = if sees_money { current_shares(conn, &row)? } else { Vec::new() };
    let lines = work_lines::table
        .filter(work_lines::repair_id.eq(row.id))
        .order(work_lines::position)
        .select(WorkLine::as_select())
        .load::<WorkLine>(conn)?;
    let total =
        sees_money.then(|| lines.iter().filter(|line| line.state == "open").filter_map(|line| line.amount_minor).sum());
    let (customer_net, customer_vat) = if sees_sums { Some(customer_total(conn, &row, today)?) } else { None }.unzip();
    let apart = line_diagnoses_of(conn, row.id)?;
    let shown = |line: WorkLine| {
        let own = apart.iter().find(|own| own.work_line_id == line.id);
        line_view(conn, line, own, &shares, sees_money)
    };
    let lines = lines.into_iter().map(shown).collect::<Result<_>>()?;
    let assignee = match row.assignee_user_id {
        Some(id) => users::table.find(id).select(users::name).first(conn).optional()?,
        None => None,
    };
    let diagnosis = diagnosis_of(conn, row.id)?;
    let fault = match diagnosis.fault_id {
        Some(id) => Some(link!(conn, faults, id)),
        None => None,
    };
    let cause = match diagnosis.cause_id {
        Some(id) => Some(link!(conn, causes, id)),
        None => None,
    };
    let component = match diagnosis.component_id {
        Some(id) => Some(device_link(conn, id)?),
        None => None,
    };
    let estimate = match latest(conn, row.id)?.filter(|_| sees_sums) {
        Some(estimate) => Some(EstimateView {
            state: standing(conn, &row, today)?.to_owned(),
            agreement: agreement_view(conn, &row, estimate.id)?,
            lines: if sees_money { serde_json::from_str(&estimate.lines_json).unwrap_or_default() } else { Vec::new() },
            id: estimate.public_id,
            revision: estimate.revision,
            valid_until: estimate.valid_until.date(),
            net: estimate.net_minor,
            vat: estimate.vat_minor,
            total: estimate.total_minor,
            answered_at: store::types::At::shown(estimate.answered_at),
            note: estimate.answer_note,
        }),
        None => None,
    };
    let coverage = held(conn, &row)?.map(|held| if sees_money { held } else { held.without_money() });
    let checked = answered(conn, &row)?;
    let checklist = chart.step(&row.step).map(|step| step.checklist.clone()).unwrap_or_default();
    let checklist = checklist
        .into_iter()
        .map(|item| CheckView {
            is_answered: checked.contains(&item.id),
            id: item.id,
            title: Title::new(item.title.fa, item.title.en),
            is_required: item.required,
        })
        .collect();
    let may_work = actor.may(Action::Diagnose, row.of()).is_ok();
    Ok(RepairView {
        of: Some(row.of()),
        reception: ReceptionLink { id, number, tracking_number },
        centre: link!(conn, centres, row.centre_id),
        brand: link!(conn, brands, row.brand_id),
        customer: party_link(conn, row.customer_id)?,
        device: device_link(conn, row.device_id)?,
        device_place: place_view(conn, row.device_id)?,
        step: StepView {
            title: step_title(&chart, &row.step),
            id: row.step.clone(),
            since: row.step_since_at.instant(),
        },
        road,
        ways: ways_of(conn, actor, &row, today)?,
        exceeded: if sees_sums { told(conn, &row, today)? } else { None },
        what_if: if sees_sums { what_if(conn, &row)? } else { Vec::new() },
        coverage,
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
        has_passcode: may_work && details.passcode.is_some(),
        fault,
        cause,
        component,
        finding: diagnosis.finding,
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

impl RepairView {
    /// What the customer pays, with VAT, for who may know it.
    #[must_use]
    pub fn customer_gross(&self) -> Option<i64> {
        Some(self.customer_net? + self.customer_vat?)
    }

    /// What the customer pays now, with VAT, where it is another sum than the latest estimate says.
    #[must_use]
    pub fn other_than_asked(&self) -> Option<i64> {
        let asked = self.estimate.as_ref()?.total;
        self.customer_gross().filter(|now| *now != asked)
    }

    /// What was found in words, empty where nothing was.
    #[must_use]
    pub fn finding_text(&self) -> &str {
        self.finding.as_deref().unwrap_or("")
    }
}
