//! Charts and where a case stands on them.
//!
//! Words: a *chart* is a version of steps and transitions, immutable once published; a *move* is one transition that a
//! case took. Invariant (domain rule 7): a case is on exactly one step of one version; every transition is logged with
//! who and when.

pub mod rows;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use domain::workflow::Chart;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::rows::{CaseMove, WorkflowChart};
use store::error::{Error, Result};
use store::query::*;
use store::schema::{case_moves, workflow_charts};
use store::types::At;
use store::views::Title;
use store::{Conn, Tx};

/// The latest version of the chart that repairs run on; the built-in one is stored like any other the first time that
/// it is needed, and as the next version where nobody changed the one of before. Running cases stay on theirs.
///
/// # Errors
/// The store.
pub fn repair_chart(tx: &mut Tx<'_>) -> Result<(i64, Arc<Chart>)> {
    let latest = workflow_charts::table
        .filter(workflow_charts::code.eq(domain::workflow::STANDARD))
        .order(workflow_charts::version.desc())
        .select((workflow_charts::id, workflow_charts::public_id, workflow_charts::version))
        .first::<(i64, String, i64)>(tx.conn)
        .optional()?;
    let mut version = 1;
    if let Some((id, public_id, latest)) = latest {
        let chart = chart_named(tx.conn, &public_id)?;
        if !domain::workflow::is_standard_of_before(&chart) {
            return Ok((id, chart));
        }
        version = latest + 1;
    }
    let chart = domain::workflow::standard();
    Ok((keep(tx, &chart, version)?, Arc::new(chart)))
}

/// Keeps a version of a chart; returns its id.
pub(crate) fn keep(tx: &mut Tx<'_>, chart: &Chart, version: i64) -> Result<i64> {
    let row = WorkflowChart {
        id: 0,
        code: chart.code.clone(),
        version,
        body: serde_json::to_string(chart).map_err(Error::internal)?,
        published_at: At::from(tx.now),
        public_id: tx.public_id(),
    };
    Ok(diesel::insert_into(workflow_charts::table).values(row).returning(workflow_charts::id).get_result(tx.conn)?)
}

/// A stored version of a chart.
///
/// # Errors
/// The store.
pub fn chart(conn: &mut Conn, id: i64) -> Result<Arc<Chart>> {
    let public_id = workflow_charts::table.find(id).select(workflow_charts::public_id).first::<String>(conn)?;
    chart_named(conn, &public_id)
}

/// Charts by their public id, parsed: a published one never changes, and every case asks for it. A public id is random,
/// so that no other store that the process serves, and no chart whose publication was rolled back, has the same.
static PARSED: LazyLock<Mutex<HashMap<String, Arc<Chart>>>> = LazyLock::new(Mutex::default);
/// A house has a handful of charts and versions of them; beyond this all are forgotten and parsed again.
const MOST_PARSED: usize = 200;

/// The same, where its public id was read with what stands on it.
///
/// # Errors
/// The store.
pub(crate) fn chart_named(conn: &mut Conn, public_id: &str) -> Result<Arc<Chart>> {
    let parsed = || PARSED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(chart) = parsed().get(public_id) {
        return Ok(chart.clone());
    }
    let body = workflow_charts::table
        .filter(workflow_charts::public_id.eq(public_id))
        .select(workflow_charts::body)
        .first::<String>(conn)?;
    let chart: Arc<Chart> = Arc::new(domain::workflow::staged(serde_json::from_str(&body).map_err(Error::internal)?));
    let mut parsed = parsed();
    if parsed.len() >= MOST_PARSED {
        parsed.clear();
    }
    parsed.insert(public_id.to_owned(), chart.clone());
    Ok(chart)
}

/// The moves of a repair, oldest first.
///
/// # Errors
/// The store.
pub fn moves_of(conn: &mut Conn, repair_id: i64) -> Result<Vec<CaseMove>> {
    Ok(case_moves::table
        .filter(case_moves::repair_id.eq(repair_id))
        .order(case_moves::id)
        .select(CaseMove::as_select())
        .load(conn)?)
}

/// A step that a case entered, and when.
pub type Entered = (String, At);

/// The steps that a repair entered, the first first: of its moves what its road is made of.
///
/// # Errors
/// The store.
pub fn entered(conn: &mut Conn, repair_id: i64) -> Result<Vec<Entered>> {
    Ok(case_moves::table
        .filter(case_moves::repair_id.eq(repair_id))
        .order(case_moves::id)
        .select((case_moves::to_step, case_moves::moved_at))
        .load(conn)?)
}

/// A step of a case's road: where it was, is, and will go if all goes well.
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

/// What a step of a chart is called; its id where the chart has none of that name.
#[must_use]
pub fn step_title(chart: &Chart, id: &str) -> Title {
    chart.step(id).map_or_else(|| Title::new(id, id), |step| Title::new(&step.title.fa, &step.title.en))
}

/// The road of a case that began at `began` and is on `step`, from the steps that it entered, in order: the steps of
/// the main road and those beside it that it took.
#[must_use]
pub fn road(chart: &Chart, step: &str, began: Timestamp, entered: &[Entered]) -> Vec<RoadStep> {
    let at = chart.steps.iter().position(|known| known.id == step);
    let main = chart.road();
    let mut road = Vec::new();
    for (index, known) in chart.steps.iter().enumerate() {
        let is_start = known.id == chart.start;
        let entered_at = entered.iter().rev().find(|(step, _)| *step == known.id).map(|(_, at)| at.instant());
        let was_before = Some(index) < at && (entered_at.is_some() || is_start);
        let state = match Some(index) == at {
            true => "now",
            false if was_before => "done",
            false if main.iter().any(|main| main.id == known.id) => "ahead",
            false => continue,
        };
        let entered_at = entered_at.or(is_start.then_some(began)).filter(|_| state != "ahead");
        road.push(RoadStep {
            id: known.id.clone(),
            title: Title::new(&known.title.fa, &known.title.en),
            state: state.to_owned(),
            entered_at,
        });
    }
    road
}

#[cfg(test)]
mod tests {
    use domain::workflow::{Chart, Stage, standard};

    use super::*;
    use crate::lookup::{GetTimeline, TimelineEntry, get_timeline};
    use crate::repair::{
        Answer, AwaitPart, FitPart, ListRepairs, MoveRepair, PlanPart, await_part, list_repairs, move_repair, plan_part,
    };
    use crate::testing::{RECEPTIONIST, TECHNICIAN, in_a_house, nonsense, nonsense_chart};
    use crate::tracking::track;
    use store::schema::{cover_claims, repairs};

    /// The built-in chart of before steps had stages.
    fn before() -> Chart {
        let mut chart = standard();
        chart.steps.iter_mut().for_each(|step| step.stage = None);
        for way in &mut chart.transitions {
            way.main = false;
            way.when = match way.id.as_str() {
                "more-found" => Some("customer_share > 0".to_owned()),
                "repaired" => None,
                _ => way.when.take(),
            };
        }
        chart
    }

    #[test]
    fn the_road_is_the_same_on_a_chart_whose_ids_and_titles_mean_nothing() {
        in_a_house(|house| {
            house.write(|tx| keep(tx, &nonsense_chart(), 1));
            house.at("1405/09/02 10:00");
            let customer = house.customer("زهرا کریمی", "09123456789");
            let device = house.device("TV-1", "T-1", "1405/01/15", &[]);
            house.card(&device, "G-1");
            let reception = house.receive(&customer, &[(&device, "no-power")]);
            let repair = reception.repairs[0].id.clone();
            let stands = || {
                let view = house.repair(&repair);
                let stage = Stage::ALL.iter().filter(|stage| {
                    let query = ListRepairs { stage: Some(**stage), ..ListRepairs::default() };
                    let listed = house.db.read(|conn| list_repairs(conn, &house.admin, &query, house.db.now()));
                    listed.expect("listed").items.iter().any(|row| row.id == repair)
                });
                let stage = stage.map(|stage| stage.name()).collect::<Vec<_>>().join(",");
                let next = view.ways.iter().find(|way| way.allowed && way.main).map(|way| way.transition.clone());
                let tracked = track(&house.db, &reception.tracking_number, "127.0.0.1");
                let awaits = tracked.expect("tracked").devices[0].awaits.clone();
                (stage, next, awaits, view.assignee.is_some())
            };
            let at = |stage: &str, next: &str, awaits: &str, is_taken| {
                (stage.to_owned(), (!next.is_empty()).then(|| nonsense(next)), awaits.to_owned(), is_taken)
            };
            let reserved = || {
                let claims = cover_claims::table.filter(cover_claims::state.eq("reserved")).count();
                house.db.read(|conn| Ok(claims.get_result::<i64>(conn)?)).expect("claims")
            };
            assert_eq!(stands(), at("intake", "to-diagnosis", "workshop", false));
            house.go(RECEPTIONIST, &repair, "to-diagnosis");
            house.diagnose(&repair, "no-power", "wear");
            let filter = PlanPart { product: "FILTER-1".to_owned(), is_awaited: true, ..PlanPart::default() };
            let line = house.by(TECHNICIAN, |tx| plan_part(tx, &repair, &filter)).expect("planned");
            house.operation(&repair, "SVC-ANY", None);
            assert_eq!(stands(), at("diagnosis", "", "workshop", false));
            house.estimate(&repair);
            assert_eq!((stands(), reserved()), (at("approval", "", "customer", false), 0));
            house.answer(&repair, Answer::Accepted);
            assert_eq!(stands(), at("work", "", "workshop", false));
            assert!(reserved() > 0, "what covers pay");
            house.go(TECHNICIAN, &repair, "wait-part");
            assert_eq!(stands(), at("parts", "", "part", false));
            let came = AwaitPart { line: line.clone(), is_awaited: false };
            house.by(TECHNICIAN, |tx| await_part(tx, &repair, &came)).expect("came");
            house.fit(&repair, FitPart { line: Some(line.clone()), ..FitPart::default() });
            assert_eq!(stands(), at("work", "repaired", "workshop", true));
            house.finish(&repair);
            assert_eq!(stands(), at("ready", "hand-over", "pick_up", true));
            let told = GetTimeline { subject: "repair".to_owned(), id: repair.clone(), ..Default::default() };
            let told = house.db.read(|conn| get_timeline(conn, &house.admin, &told)).expect("told");
            let is_told = |entry: &TimelineEntry| entry.details["to_title"]["en"] == nonsense("Ready").as_str();
            assert!(told.items.iter().any(is_told), "{:?}", told.items);
            house.at("1405/09/03 12:00");
            house.hand_over(&reception.id, &[]);
            assert_eq!(stands(), at("", "", "nothing", true));
            let findings = house.db.read(crate::check::findings).expect("checked");
            assert!(findings.is_empty(), "{findings:?}");
        });
    }

    #[test]
    fn the_next_built_in_chart_takes_new_cases_and_running_ones_stay_with_the_same_bars() {
        in_a_house(|house| {
            let old = house.write(|tx| keep(tx, &before(), 1));
            house.at("1405/09/02 10:00");
            let customer = house.customer("زهرا کریمی", "09123456789");
            let device = house.device("TV-1", "T-1", "1400/01/15", &[]);
            let repair = house.receive(&customer, &[(&device, "no-power")]).repairs.remove(0).id;
            let versions = || {
                house
                    .db
                    .read(|conn| {
                        Ok(workflow_charts::table
                            .order(workflow_charts::version)
                            .select(workflow_charts::version)
                            .load::<i64>(conn)?)
                    })
                    .expect("charts")
            };
            assert_eq!(versions(), [1, 2]);
            house.write(|tx| repair_chart(tx).map(|_| ()));
            assert_eq!(versions(), [1, 2], "once");

            // A case that runs on the chart of before.
            house.write(|tx| {
                Ok(diesel::update(repairs::table.filter(repairs::public_id.eq(&repair)))
                    .set(repairs::chart_id.eq(old))
                    .execute(tx.conn)?)
            });
            house.go(RECEPTIONIST, &repair, "to-diagnosis");
            house.diagnose(&repair, "no-power", "wear");
            house.operation(&repair, "SVC-ANY", Some(1_000_000));
            house.estimate(&repair);
            house.answer(&repair, Answer::Accepted);
            house.operation(&repair, "SVC-FAN", Some(200_000));
            let ended = house.by(TECHNICIAN, |tx| {
                move_repair(
                    tx,
                    &repair,
                    None,
                    &MoveRepair { transition: "repaired".to_owned(), ..MoveRepair::default() },
                )
            });
            assert!(matches!(ended, Err(Error::Conflict(reason)) if reason.code == "estimate-exceeded"));
        });
    }
}
