//! The page of a repair: where it stands, what was found, lines with who pays, what the next step needs.

use app::coverage::decide::CoverageChange;
use app::coverage::overrides::payable;
use app::lookup::{GetTimeline, get_timeline};
use app::repair::passcode::show_passcode;
use app::repair::view::{EstimateView, LineView};
use app::repair::{Assignee, DiagnoseRepair, RepairView, get_repair, list_assignees, preview_diagnosis};
use askama::Template;
use axum::extract::{Path, RawQuery};
use axum::response::{IntoResponse, Response};
use domain::access::Action;
use domain::money::Unit;
use store::views::Link;

use super::act::OWN;
use super::choices::offered;
use super::frame::{Attempt, Page, Person, html, show as answer};
use super::me::fields_of;
use super::objects::{Told, told};
use super::reasons::{Why, barred, cover_name, why};
use crate::form::{SmallForm, pairs};
use crate::schema::{from_form, read, shape};

/// A line with who pays, and why.
pub(crate) struct Line {
    pub view: LineView,
    /// Hundredths of the bar that covers pay, and what the customer pays; None for who may not see money there.
    pub covered: Option<i64>,
    pub customer: Option<i64>,
    pub payers: String,
    pub whys: Vec<Why>,
}

impl Line {
    /// The operation that takes it away again.
    fn taken_away_by(&self) -> &'static str {
        if self.view.is_fitted { "takePartOut" } else { "removeLine" }
    }
}

/// A way out of the step.
pub(crate) struct WayOut {
    pub transition: String,
    pub title: String,
    pub allowed: bool,
    /// What comes next: the first allowed way that leads forward.
    pub is_next: bool,
    pub because: Vec<String>,
    pub asks_note: bool,
    pub asks_person: bool,
    pub is_hand_over: bool,
}

#[derive(Template)]
#[template(path = "repair.html")]
struct RepairPage {
    p: Page,
    view: RepairView,
    lines: Vec<Line>,
    ways: Vec<WayOut>,
    /// What was found, as its fields hold it.
    fault: String,
    cause: String,
    history: Vec<Told>,
    covers: Vec<(String, String)>,
    /// The estimate whose answer the person can take down: what comes next follows from it.
    asked: Option<EstimateView>,
    /// To whom the repair can be given, and the login of who has it now.
    people: Vec<Assignee>,
    at_work: String,
    /// What opens the device, once it was asked for.
    passcode: Option<String>,
}

impl RepairPage {
    /// Whether a line is the house's own fee, which nobody declines.
    fn is_fee(&self, line: &str) -> bool {
        self.view.lines.iter().any(|known| known.id == line && known.is_fee)
    }
}

pub(crate) async fn show(person: Person, Path(id): Path<String>) -> Response {
    page(person, id, None).await
}

/// The page with what opens the device; who asked is written down.
pub(crate) async fn passcode(person: Person, Path(id): Path<String>, SmallForm(fields): SmallForm) -> Response {
    if let Err(response) = fields_of(&person, &fields, &[]) {
        return response;
    }
    let (actor, repair) = (person.current.actor.clone(), id.clone());
    match person.app.run(move |app| app.db().write(&actor, |tx| show_passcode(tx, &repair))).await {
        Ok(shown) => render(person, id, None, Some(shown.passcode)).await,
        Err(error) => person.error(&error),
    }
}

pub(crate) async fn page(person: Person, id: String, attempt: Option<Attempt>) -> Response {
    render(person, id, attempt, None).await
}

async fn render(person: Person, id: String, attempt: Option<Attempt>, passcode: Option<String>) -> Response {
    let now = person.app.db().now();
    let lang = person.lang;
    let read = person.read(move |conn, actor| {
        let view = get_repair(conn, actor, &id, now)?;
        let rules = view.is_open && view.of.is_some_and(|of| actor.scope(Action::OverrideCoverage).holds(of));
        let covers = if rules { payable(conn, actor, &id)? } else { Vec::new() };
        let covers = covers
            .into_iter()
            .map(|cover| (cover.id, format!("{} {}", lang.word("cover-kind", &cover.kind), cover.number)))
            .collect();
        let history = get_timeline(
            conn,
            actor,
            &GetTimeline { subject: "repair".to_owned(), id: id.clone(), after: None, limit: Some(60) },
        )?
        .items;
        let people = if view.of.is_some_and(|of| actor.scope(Action::MoveRepair).holds(of)) {
            list_assignees(conn, actor, &id)?
        } else {
            Vec::new()
        };
        Ok((view, covers, history, people))
    });
    let (view, covers, history, people) = match read.await {
        Ok(read) => read,
        Err(response) => return response,
    };
    let lines = view.lines.iter().map(|line| line_of(lang, &view, line)).collect();
    let next = view.ways.iter().find(|way| way.allowed && way.main).map(|way| &way.transition);
    let ways = view
        .ways
        .iter()
        .map(|way| WayOut {
            transition: way.transition.clone(),
            title: lang.pick(&way.title.fa, &way.title.en).to_owned(),
            allowed: way.allowed,
            is_next: next == Some(&way.transition),
            because: way.because.iter().map(|reason| barred(lang, reason)).collect(),
            asks_note: way.asks.iter().any(|need| need == "note"),
            asks_person: way.asks.iter().any(|need| need == "second_person"),
            is_hand_over: way.asks.iter().any(|need| need == "hand_over"),
        })
        .collect();
    let at_work = people
        .iter()
        .find(|person| view.assignee.as_ref() == Some(&person.name))
        .map_or_else(String::new, |person| person.login.clone());
    let can_answer = view.of.is_some_and(|of| person.current.actor.scope(Action::AnswerEstimate).holds(of));
    let asked = view.estimate.clone().filter(|estimate| can_answer && estimate.state == "waiting");
    let page = person.page("repairs", format!("{} {}", lang.t("repair"), view.number)).about(view.of).with(attempt);
    let found = |link: Option<&Link>| {
        link.map_or_else(String::new, |link| offered(lang.pick(&link.title.fa, &link.title.en), &link.code))
    };
    let page = RepairPage {
        history: told(lang, &person.current.actor, history),
        p: page,
        lines,
        ways,
        fault: found(view.fault.as_ref()),
        cause: found(view.cause.as_ref()),
        covers,
        asked,
        people,
        at_work,
        passcode,
        view,
    };
    answer(page.p.status(), &page)
}

fn line_of(lang: words::Lang, view: &RepairView, line: &LineView) -> Line {
    let customer = line
        .amount
        .map(|_| line.shares.iter().filter(|share| share.payer.is_none()).map(|share| share.amount).sum::<i64>());
    let covered = line
        .amount
        .zip(customer)
        .map(|(amount, customer)| if amount > 0 { (amount - customer) * 100 / amount } else { 0 });
    let payers = line.shares.iter().filter_map(|share| share.payer.as_ref().map(|payer| (payer, share)));
    let payers = payers
        .map(|(payer, share)| {
            let cover = share.cover.as_ref().map_or_else(String::new, |number| {
                format!(
                    " · {} {}",
                    lang.word("cover-kind", share.cover_kind.as_deref().unwrap_or_default()),
                    lang.isolated(number)
                )
            });
            format!("{}{cover}", payer.name)
        })
        .collect::<Vec<_>>()
        .join(lang.comma());
    let whys = view.coverage.as_ref().map_or_else(Vec::new, |explained| {
        let decided = explained.decision.lines.iter().find(|decided| decided.id == line.id);
        decided.map_or_else(Vec::new, |decided| {
            decided.considered.iter().map(|considered| why(lang, explained, considered)).collect()
        })
    });
    Line { covered, customer, payers, whys, view: line.clone() }
}

#[derive(Template)]
#[template(path = "preview.html")]
struct Preview {
    l: words::Lang,
    unit: Unit,
    change: CoverageChange,
    reasons: Vec<(String, String)>,
}

/// What a diagnosis would change, while it is typed: a part of the page.
pub(crate) async fn preview(person: Person, Path(id): Path<String>, RawQuery(query): RawQuery) -> Response {
    let Ok(fields) = pairs(query.unwrap_or_default().as_bytes()) else { return "".into_response() };
    let input = from_form(&fields, &shape::<DiagnoseRepair>().schema, &OWN);
    let Ok(command) = input.and_then(|input| read::<DiagnoseRepair>(&input)) else { return "".into_response() };
    let (now, lang, unit) = (person.app.db().now(), person.lang, person.current.actor.unit);
    let found = person.read(move |conn, actor| {
        let view = get_repair(conn, actor, &id, now)?;
        let change = preview_diagnosis(conn, actor, &id, now, &command)?;
        Ok((view, change))
    });
    match found.await {
        Ok((_, change)) if change.lines.is_empty() => "".into_response(),
        Ok((view, change)) => {
            let mut reasons = Vec::new();
            for considered in change.lines.iter().flat_map(|line| &line.considered) {
                let explained = view.coverage.as_ref();
                let name = cover_name(
                    lang,
                    explained.and_then(|explained| explained.covers.get(&considered.cover)),
                    &considered.cover,
                );
                let sentence = super::reasons::outcome(
                    lang,
                    &considered.outcome,
                    explained.map_or(jiff::civil::Date::ZERO, |explained| explained.received),
                );
                if !reasons.contains(&(name.clone(), sentence.clone())) {
                    reasons.push((name, sentence));
                }
            }
            html(&Preview { l: lang, unit, change, reasons })
        }
        // What is typed half is no error yet.
        Err(_) => "".into_response(),
    }
}
