//! The road of a repair: every way out of its step with the reasons, taking one, stepping back.

use domain::access::Action;
use domain::workflow::{Barred, Case, Fact, Need, Stage, Transition, Way, instant, ways};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::agreed::{exceeded, must_hold};
use super::facts::{facts, has};
use super::rows::Repair;
use crate::access::guesses::{self, Tried};
use crate::access::secrets::verify_password;
use crate::catalogue::same_version;
use crate::coverage::claims::{release, reserve, reserves};
use crate::repair::asked::customer_lines;
use crate::repair::ends::charges;
use crate::repair::line::drop_planned;
use crate::repair::work::{in_hand, touch};
use crate::workflow::rows::{CaseMove, ChecklistAnswer};
use crate::workflow::{chart, moves_of, step_title};
use store::error::{Arg, Error, Faults, Reason, Result};
use store::query::*;
use store::rights::Actor;
use store::schema::{case_moves, checklist_answers, memberships, repairs, users};
use store::types::{At, Day};
use store::{Conn, Db, Event, Subject, Tx};

/// Takes a way out of the step.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveRepair {
    /// Id of the transition.
    #[schemars(length(min = 1, max = 60), example = &"to-diagnosis")]
    pub transition: String,
    #[schemars(length(max = 1000))]
    #[serde(default)]
    pub note: Option<String>,
    /// A second person who confirms, where the chart wants one: name and PIN.
    #[schemars(length(max = 100))]
    #[serde(default)]
    pub second_login: Option<String>,
    #[schemars(length(max = 12))]
    #[serde(default)]
    pub second_pin: Option<String>,
    /// Who that is, once the PIN was compared (`confirmed`).
    #[serde(skip)]
    pub second_person: Option<i64>,
}

/// A step back, by right and with a reason.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepBack {
    #[schemars(length(min = 1, max = 500))]
    pub reason: String,
}

/// Answers a point of the step's checklist.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerChecklist {
    /// Ids of the points that are true; those left out are not.
    #[schemars(length(max = 100), inner(length(max = 60)))]
    pub items: Vec<String>,
}

/// Another promised day, with the reason for it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePromise {
    #[schemars(with = "String", extend("format" = "date"))]
    pub promised_on: Date,
    #[schemars(length(min = 1, max = 500))]
    pub reason: String,
}

/// A way out of the step, as pages and the API show it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct WayView {
    pub transition: String,
    pub title: store::views::Title,
    pub to: String,
    /// Whether it leads forward: the first of these that is allowed is what comes next.
    pub main: bool,
    pub allowed: bool,
    /// Why it is barred.
    pub because: Vec<BarredView>,
    /// What must come with it: note, second_person, hand_over.
    pub asks: Vec<String>,
}

/// A reason for which a way is barred.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BarredView {
    Role {
        roles: Vec<String>,
    },
    Condition {
        when: String,
        facts: Vec<FactView>,
    },
    Needs {
        need: String,
    },
    /// The customer would pay more than he agreed to.
    Exceeded,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct FactView {
    pub name: String,
    pub value: String,
}

fn shown(fact: &Fact) -> String {
    match fact {
        Fact::Int(value) => value.to_string(),
        Fact::Text(text) => text.clone(),
        Fact::Bool(value) => value.to_string(),
        Fact::Texts(list) => list.join(", "),
    }
}

/// All ways out of a repair's step, for an actor.
///
/// # Errors
/// The store.
pub(crate) fn ways_of(conn: &mut Conn, actor: &Actor, repair: &Repair, today: Date) -> Result<Vec<WayView>> {
    if !repair.is_open {
        return Ok(Vec::new());
    }
    let chart = chart(conn, repair.chart_id)?;
    let case = Case { step: &repair.step, facts: facts(conn, repair, today)?, has: has(conn, repair, &chart, today)? };
    let roles = actor.roles_in(repair.centre_id, repair.brand_id);
    let is_exceeded = exceeded(conn, repair, today)?.is_some();
    let sees_sums = sees_sums(actor, repair);
    Ok(ways(&chart, &case, &roles)
        .iter()
        .map(|way| way_view(way, is_exceeded && (charges(&chart, way.transition) || asks_for_yes(way)), sees_sums))
        .collect())
}

/// The facts that are amounts.
const SUMS: [&str; 3] = ["customer_share", "warrantor_share", "total"];

/// Whether an actor is told what the customer of a repair is asked to pay: who sees money there, makes the estimate, or
/// finds what it follows from.
pub(super) fn sees_sums(actor: &Actor, repair: &Repair) -> bool {
    actor.scope_of_any(&[Action::ViewMoney, Action::Estimate, Action::Diagnose]).holds(repair.of())
}

/// Whether a way is barred because the estimate is not accepted as it is now.
fn asks_for_yes(way: &Way<'_>) -> bool {
    way.because.iter().any(|barred| matches!(barred, Barred::Condition { when, .. } if when.contains("accepted")))
}

fn way_view(way: &Way<'_>, is_exceeded: bool, sees_sums: bool) -> WayView {
    // Charts may say the same by a condition of theirs.
    let is_told = |barred: &&Barred| {
        !(is_exceeded
            && matches!(barred, Barred::Condition { when, .. } if when.contains("exceeded") || when.contains("accepted")))
    };
    let because = way.because.iter().filter(is_told).map(|barred| match barred {
        Barred::Role(roles) => BarredView::Role { roles: roles.clone() },
        Barred::Condition { when, facts } => BarredView::Condition {
            when: when.clone(),
            facts: facts
                .iter()
                .filter(|(name, _)| sees_sums || !SUMS.contains(&name.as_str()))
                .map(|(name, fact)| FactView { name: name.clone(), value: shown(fact) })
                .collect(),
        },
        Barred::Needs(need) => BarredView::Needs { need: need.name().to_owned() },
    });
    WayView {
        transition: way.transition.id.clone(),
        title: store::views::Title::new(&way.transition.title.fa, &way.transition.title.en),
        to: way.transition.to.clone(),
        main: way.transition.main,
        allowed: way.allowed && !is_exceeded,
        because: because.chain(is_exceeded.then_some(BarredView::Exceeded)).collect(),
        asks: way.asks.iter().map(|need| need.name().to_owned()).collect(),
    }
}

/// # Errors
/// `NotFound`; `Forbidden` and `Conflict` with the first reason for which the way is barred; `Invalid` where a note or
/// a second person is missing.
pub fn move_repair(tx: &mut Tx<'_>, public_id: &str, version: Option<i64>, command: &MoveRepair) -> Result<()> {
    let repair = in_hand(tx, public_id, Action::MoveRepair)?;
    same_version(repair.version, version)?;
    let today = tx.today();
    let chart = chart(tx.conn, repair.chart_id)?;
    let case =
        Case { step: &repair.step, facts: facts(tx.conn, &repair, today)?, has: has(tx.conn, &repair, &chart, today)? };
    let roles = tx.actor.roles_in(repair.centre_id, repair.brand_id);
    let ways = ways(&chart, &case, &roles);
    let Some(way) = ways.iter().find(|way| way.transition.id == command.transition) else {
        return Err(Error::Conflict(Reason::new("no-such-way").with("transition", command.transition.clone())));
    };
    if charges(&chart, way.transition) && !way.because.iter().any(|barred| matches!(barred, Barred::Role(_))) {
        must_hold(tx, &repair, today)?;
    }
    if let Some(barred) = way.because.first() {
        return Err(refusal(barred));
    }
    let note = command.note.as_deref().map(str::trim).filter(|note| !note.is_empty());
    if way.asks.contains(&Need::HandOver) {
        return Err(Error::conflict("by-hand-over"));
    }
    if way.asks.contains(&Need::Note) && note.is_none() {
        return Err(Error::invalid("note", "required"));
    }
    if way.asks.contains(&Need::SecondPerson) {
        second_person(tx, &repair, command)?;
    }
    take(tx, &repair, way.transition, note)?;
    go_on_by_itself(tx, repair.id)
}

fn refusal(barred: &Barred) -> Error {
    match barred {
        Barred::Role(roles) => {
            Error::Forbidden(Reason::new("way-by-role").with("roles", Arg::word("roles", roles.join(","))))
        }
        Barred::Condition { when, .. } => {
            Error::Conflict(Reason::new("way-by-condition").with("condition", Arg::word("condition", when.clone())))
        }
        Barred::Needs(need) => {
            Error::Conflict(Reason::new("way-needs").with("need", Arg::word("need", need.name().to_owned())))
        }
    }
}

impl MoveRepair {
    /// The same, after the second person's PIN was compared where one was typed: that takes long, and is done before
    /// the write begins.
    ///
    /// # Errors
    /// `Invalid` where name and PIN do not belong together; `TooMany` after too many wrong ones.
    pub fn confirmed(mut self, db: &Db, actor: &Actor) -> Result<Self> {
        let login = self.second_login.as_deref().map(domain::text::fold).filter(|login| !login.is_empty());
        let (Some(login), Some(pin)) = (login, self.second_pin.as_deref().map(domain::text::digits)) else {
            return Ok(self);
        };
        let found = db.read(|conn| {
            let row = users::table
                .filter(users::login.eq(&login))
                .filter(users::disabled_at.is_null())
                .select((users::id, users::pin_hash));
            Ok(row.first::<(i64, Option<String>)>(conn).optional()?)
        })?;
        let (id, hash) = found.unzip();
        let is_right = || verify_password(&pin, hash.flatten().as_deref());
        guesses::guarded(
            db,
            actor,
            &Tried::pin(&login, actor),
            is_right,
            Error::invalid("second_pin", "wrong-pin"),
            |_| Ok(()),
        )?;
        self.second_person = id;
        Ok(self)
    }
}

/// Another person than the actor, known by PIN, who works where the repair is.
fn second_person(tx: &mut Tx<'_>, repair: &Repair, command: &MoveRepair) -> Result<()> {
    let mut wrong = Faults::default();
    wrong.check(
        command.second_login.as_deref().is_some_and(|login| !login.trim().is_empty()),
        "second_login",
        "second-person",
    );
    wrong.check(command.second_pin.is_some(), "second_pin", "required");
    wrong.told()?;
    let id = command
        .second_person
        .filter(|id| Some(*id) != tx.actor.user_id)
        .ok_or_else(|| Error::invalid("second_pin", "second-person"))?;
    let works_here = memberships::table
        .filter(memberships::user_id.eq(id))
        .filter(memberships::centre_id.is_null().or(memberships::centre_id.eq(repair.centre_id).assume_not_null()))
        .filter(memberships::brand_id.is_null().or(memberships::brand_id.eq(repair.brand_id).assume_not_null()));
    works_here
        .select(memberships::id)
        .first::<i64>(tx.conn)
        .optional()?
        .map(|_| ())
        .ok_or_else(|| Error::conflict("works-elsewhere"))
}

fn take(tx: &mut Tx<'_>, repair: &Repair, transition: &Transition, note: Option<&str>) -> Result<()> {
    log_move(tx, repair, &transition.id, &transition.to, note)?;
    if let Some(outcome) = &transition.outcome {
        diesel::update(repairs::table.find(repair.id)).set(repairs::outcome.eq(Some(outcome))).execute(tx.conn)?;
        if matches!(outcome.as_str(), "withdrawn" | "irreparable") {
            drop_planned(tx, repair, outcome)?;
            release(tx, repair.id)?;
        }
    }
    reserve_where_it_stands(tx, repair.id)?;
    // Who takes a case out of the pool by working on it has it.
    // Who notes the customer's yes at the counter does not take the work for it.
    let does_it = tx.actor.user_id.is_some() && tx.actor.scope(Action::DoWork).holds(repair.of());
    let stage = chart(tx.conn, repair.chart_id)?.stage(&transition.to);
    if repair.assignee_user_id.is_none() && does_it && stage.is_some_and(Stage::is_worked_on) {
        diesel::update(repairs::table.find(repair.id))
            .set(repairs::assignee_user_id.eq(tx.actor.user_id))
            .execute(tx.conn)?;
    }
    Ok(())
}

/// Reserves what covers pay of a repair that reached a step on which the work has begun.
fn reserve_where_it_stands(tx: &mut Tx<'_>, repair_id: i64) -> Result<()> {
    let repair = repairs::table.find(repair_id).select(Repair::as_select()).first::<Repair>(tx.conn)?;
    if reserves(&repair) { reserve(tx, repair_id) } else { Ok(()) }
}

/// Writes a move: from the step on which the repair stands to another.
pub(crate) fn log_move(tx: &mut Tx<'_>, repair: &Repair, transition: &str, to: &str, note: Option<&str>) -> Result<()> {
    let chart = chart(tx.conn, repair.chart_id)?;
    let seconds = tx.occurred.as_second() - repair.step_since_at.instant().as_second();
    let row = CaseMove {
        id: 0,
        repair_id: repair.id,
        transition: transition.to_owned(),
        from_step: repair.step.clone(),
        to_step: to.to_owned(),
        moved_at: At::from(tx.occurred),
        moved_by: tx.actor.user_id,
        note: note.map(str::to_owned),
        seconds: seconds.max(0),
    };
    diesel::insert_into(case_moves::table).values(row).execute(tx.conn)?;
    diesel::update(repairs::table.find(repair.id))
        .set((
            repairs::step.eq(to),
            repairs::stage.eq(chart.stage(to).map(Stage::name)),
            repairs::step_since_at.eq(At::from(tx.occurred)),
            repairs::version.eq(repairs::version + 1),
        ))
        .execute(tx.conn)?;
    let event = Event::RepairMoved {
        number: repair.number.clone(),
        transition: transition.to_owned(),
        to: to.to_owned(),
        to_title: Some(step_title(&chart, to)),
    };
    tx.record(
        (repair.centre_id, repair.brand_id),
        &event,
        &[Subject::Repair(repair.id), Subject::Device(repair.device_id), Subject::Customer(repair.customer_id)],
    )?;
    Ok(())
}

/// Takes the transitions that are taken by themselves, as long as there are any.
pub(crate) fn go_on_by_itself(tx: &mut Tx<'_>, repair_id: i64) -> Result<()> {
    // A published chart has no loop of these; the bound is for charts that were never checked.
    for _ in 0..8 {
        let repair = repairs::table.find(repair_id).select(Repair::as_select()).first::<Repair>(tx.conn)?;
        let today = tx.today();
        let chart = chart(tx.conn, repair.chart_id)?;
        let case = Case {
            step: &repair.step,
            facts: facts(tx.conn, &repair, today)?,
            has: has(tx.conn, &repair, &chart, today)?,
        };
        match instant(&chart, &case) {
            Some(transition) if !charges(&chart, transition) || exceeded(tx.conn, &repair, today)?.is_none() => {
                take(tx, &repair, transition, None)?
            }
            _ => return Ok(()),
        }
    }
    Ok(())
}

/// Takes the way on which the customer is asked, from wherever the repair stands.
pub(crate) fn ask_the_customer(tx: &mut Tx<'_>, repair_id: i64, note: Option<&str>) -> Result<()> {
    let repair = repairs::table.find(repair_id).select(Repair::as_select()).first::<Repair>(tx.conn)?;
    let chart = chart(tx.conn, repair.chart_id)?;
    let way = chart.ways_out(&repair.step).find(|way| way.needs.contains(&Need::Estimate)).map(|way| way.id.clone());
    match way {
        Some(transition) => move_repair(
            tx,
            &repair.public_id,
            None,
            &MoveRepair { transition, note: note.map(str::to_owned), ..MoveRepair::default() },
        ),
        None => Ok(()),
    }
}

/// Takes the way on which a declined device goes to its owner, where the step has one.
pub(crate) fn withdraw(tx: &mut Tx<'_>, repair_id: i64) -> Result<()> {
    let repair = repairs::table.find(repair_id).select(Repair::as_select()).first::<Repair>(tx.conn)?;
    let chart = chart(tx.conn, repair.chart_id)?;
    let way = chart.ways_out(&repair.step).find(|way| way.outcome.as_deref() == Some("withdrawn")).cloned();
    if let Some(way) = way {
        take(tx, &repair, &way, None)?;
    }
    Ok(())
}

/// Back to the step before, for those with the right to reopen.
///
/// # Errors
/// `Forbidden`, `NotFound`; `Invalid` without a reason; `Conflict` on the first step or after hand-over.
pub fn step_back(tx: &mut Tx<'_>, public_id: &str, command: &StepBack) -> Result<()> {
    let repair = in_hand(tx, public_id, Action::ReopenRepair)?;
    let reason = command.reason.trim();
    if reason.is_empty() {
        return Err(Error::invalid("reason", "required"));
    }
    let moves = moves_of(tx.conn, repair.id)?;
    // The step before is the one from which this one was entered, going back over what was gone back already.
    let mut road = vec![moves.first().map_or(repair.step.clone(), |first| first.from_step.clone())];
    for row in &moves {
        if row.transition == "back" {
            road.pop();
        } else {
            road.push(row.to_step.clone());
        }
    }
    let Some(before) = (road.len() >= 2).then(|| road[road.len() - 2].clone()) else {
        return Err(Error::conflict("first-step"));
    };
    log_move(tx, &repair, "back", &before, Some(reason))?;
    diesel::update(repairs::table.find(repair.id)).set(repairs::outcome.eq(None::<String>)).execute(tx.conn)?;
    reserve_where_it_stands(tx, repair.id)
}

/// # Errors
/// `NotFound`; `Invalid` where a point is not of the step's list.
pub fn answer_checklist(tx: &mut Tx<'_>, public_id: &str, command: &AnswerChecklist) -> Result<()> {
    let repair = in_hand(tx, public_id, Action::MoveRepair)?;
    let chart = chart(tx.conn, repair.chart_id)?;
    let points = chart.step(&repair.step).map(|step| step.checklist.clone()).unwrap_or_default();
    let mut wrong = Faults::default();
    for (index, item) in command.items.iter().enumerate() {
        wrong.check(points.iter().any(|point| point.id == *item), &format!("items[{index}]"), "unknown-reference");
    }
    wrong.told()?;
    diesel::delete(
        checklist_answers::table
            .filter(checklist_answers::repair_id.eq(repair.id))
            .filter(checklist_answers::step.eq(&repair.step)),
    )
    .execute(tx.conn)?;
    let mut items = command.items.clone();
    items.sort();
    items.dedup();
    for item in items {
        let row = ChecklistAnswer {
            repair_id: repair.id,
            step: repair.step.clone(),
            item,
            answered_at: At::from(tx.occurred),
            answered_by: tx.actor.user_id,
        };
        diesel::insert_into(checklist_answers::table).values(row).execute(tx.conn)?;
    }
    touch(tx, repair.id)?;
    tx.record(
        (repair.centre_id, repair.brand_id),
        &Event::Saved { what: "checklist".to_owned(), code: repair.step.clone() },
        &[Subject::Repair(repair.id)],
    )?;
    Ok(())
}

/// # Errors
/// `NotFound`; `Invalid` without a reason or for a day that is past.
pub fn change_promise(tx: &mut Tx<'_>, public_id: &str, command: &ChangePromise) -> Result<()> {
    let repair = in_hand(tx, public_id, Action::MoveRepair)?;
    let mut wrong = Faults::default();
    wrong.check(!command.reason.trim().is_empty(), "reason", "required");
    wrong.check(command.promised_on >= tx.today(), "promised_on", "in-the-past");
    wrong.told()?;
    diesel::update(repairs::table.find(repair.id))
        .set((repairs::promised_on.eq(Some(Day::from(command.promised_on))), repairs::version.eq(repair.version + 1)))
        .execute(tx.conn)?;
    let event = Event::PromiseChanged {
        number: repair.number.clone(),
        on: Some(command.promised_on),
        reason: command.reason.trim().to_owned(),
    };
    tx.record(
        (repair.centre_id, repair.brand_id),
        &event,
        &[Subject::Repair(repair.id), Subject::Customer(repair.customer_id)],
    )?;
    Ok(())
}

/// The customer's total of a repair on a day: net and VAT.
///
/// # Errors
/// The store.
pub(crate) fn customer_total(conn: &mut Conn, repair: &Repair, today: Date) -> Result<(i64, i64)> {
    let lines = customer_lines(conn, repair, today)?;
    Ok(lines.iter().fold((0, 0), |(sum, tax), (_, net, vat)| (sum + net, tax + vat)))
}

#[cfg(test)]
mod tests {
    use domain::access::Role;

    use super::*;
    use crate::access::own::{SetPin, set_pin};
    use crate::access::users::{SaveMembership, SaveUser, save_user};
    use crate::catalogue::organisation::{SaveBrand, save_brand};
    use crate::testing::{House, MANAGER, RECEPTIONIST, TECHNICIAN, in_a_house};
    use store::views::Title;

    #[test]
    fn a_second_person_works_where_the_repair_is() {
        in_a_house(|house: &House| {
            house.at("1405/09/02");
            let customer = house.customer("زهرا کریمی", "09123456789");
            let device = house.device("TV-1", "T-1", "1404/01/15", &[]);
            let repair = house.receive(&customer, &[(&device, "no-power")]).repairs.remove(0).id;
            house.go(RECEPTIONIST, &repair, "to-diagnosis");
            house.diagnose(&repair, "no-power", "wear");
            let brand = house
                .write(|tx| {
                    save_brand(
                        tx,
                        None,
                        &SaveBrand {
                            code: "PARSA".to_owned(),
                            title: Title::new("پارسا", "Parsa"),
                            maker: house.maker.clone(),
                        },
                    )
                })
                .id;
            let role = SaveMembership { role: Role::Expert, centre: None, brand: Some(brand) };
            let user = SaveUser {
                login: "parvin".to_owned(),
                name: "-".to_owned(),
                language: None,
                password: Some("correct horse".to_owned()),
                roles: vec![role],
            };
            let user = user.hashed(house.db.random()).expect("hashed");
            house.write(|tx| save_user(tx, None, &user));
            for login in ["parvin", MANAGER] {
                set_pin(
                    &house.db,
                    &house.person(login),
                    &SetPin { password: "correct horse".to_owned(), pin: "4711".to_owned() },
                )
                .expect("a PIN");
            }
            let confirmed_by = |login: &str| {
                let command = MoveRepair {
                    transition: "no-repair".to_owned(),
                    note: Some("beyond repair".to_owned()),
                    second_login: Some(login.to_owned()),
                    second_pin: Some("4711".to_owned()),
                    second_person: None,
                };
                let command = command.confirmed(&house.db, &house.person(TECHNICIAN)).expect("the PIN is right");
                house.by(TECHNICIAN, |tx| move_repair(tx, &repair, None, &command))
            };
            assert!(matches!(confirmed_by("parvin"), Err(Error::Conflict(reason)) if reason.code == "works-elsewhere"));
            confirmed_by(MANAGER).expect("confirmed");
        });
    }
}
