//! Every way out of a step, and why a barred one is barred.

use super::chart::{Auto, Chart, Need, Transition};
use super::condition::{Condition, Fact, Facts};

/// A case that stands on a step, as far as the ways out of it ask.
pub struct Case<'a> {
    pub step: &'a str,
    pub facts: Facts,
    /// The needs of a transition that are met already. Note, second person and hand-over come with the move itself.
    pub has: Vec<Need>,
}

/// A way out of the step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way<'a> {
    pub transition: &'a Transition,
    pub allowed: bool,
    /// Why not; empty where it is allowed.
    pub because: Vec<Barred>,
    /// What must come with the move: a note, a second person, a hand-over.
    pub asks: Vec<Need>,
}

/// A reason for which a way is barred.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Barred {
    /// None of the person's roles may take it; these may.
    Role(Vec<String>),
    /// The condition does not hold; the facts that it read, as they are.
    Condition { when: String, facts: Vec<(String, Fact)> },
    /// This is needed still.
    Needs(Need),
}

/// All the ways out of the step on which `case` stands, for a person with `roles`.
#[must_use]
pub fn ways<'a>(chart: &'a Chart, case: &Case<'_>, roles: &[&str]) -> Vec<Way<'a>> {
    let step_roles = chart.step(case.step).map_or(&[][..], |step| &step.roles);
    let out = chart.transitions.iter().filter(|transition| transition.from == case.step);
    out.map(|transition| {
        let mut because = Vec::new();
        let may = if transition.roles.is_empty() { step_roles } else { &transition.roles };
        if !may.is_empty() && !roles.iter().any(|role| may.iter().any(|name| name == role) || OVERSEERS.contains(role))
        {
            because.push(Barred::Role(may.to_vec()));
        }
        because.extend(barred_by_condition(chart, transition, &case.facts));
        let (asks, needs): (Vec<_>, Vec<_>) =
            transition.needs.iter().partition(|need| matches!(need, Need::Note | Need::SecondPerson | Need::HandOver));
        because.extend(needs.into_iter().filter(|need| !case.has.contains(need)).map(Barred::Needs));
        Way { transition, allowed: because.is_empty(), because, asks }
    })
    .collect()
}

/// Those who may act on every step of their centres.
const OVERSEERS: [&str; 2] = ["administrator", "centre_manager"];

fn barred_by_condition(chart: &Chart, transition: &Transition, facts: &Facts) -> Option<Barred> {
    let when = transition.when.as_ref()?;
    let condition = Condition::parse(when, &chart.case_kind).ok();
    if condition.as_ref().is_some_and(|condition| condition.holds(facts)) {
        return None;
    }
    let reads = condition
        .iter()
        .flat_map(Condition::reads)
        .filter_map(|name| Some((name.to_owned(), facts.get(name)?.clone())))
        .collect();
    Some(Barred::Condition { when: when.clone(), facts: reads })
}

/// The transition that a case takes by itself at once, if there is one.
#[must_use]
pub fn instant<'a>(chart: &'a Chart, case: &Case<'_>) -> Option<&'a Transition> {
    let mut out = chart.transitions.iter().filter(|transition| transition.from == case.step);
    out.find(|transition| {
        matches!(transition.auto, Auto::At(true))
            && barred_by_condition(chart, transition, &case.facts).is_none()
            && transition.needs.iter().all(|need| case.has.contains(need))
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Stage, StepKind, is_standard_of_before, staged, standard};
    use super::*;

    fn on<'a>(step: &'a str, facts: &[(&'static str, Fact)], has: &[Need]) -> Case<'a> {
        Case { step, facts: facts.iter().cloned().collect(), has: has.to_vec() }
    }

    fn allowed(case: &Case<'_>, role: &str) -> Vec<String> {
        ways(&standard(), case, &[role])
            .into_iter()
            .filter(|way| way.allowed)
            .map(|way| way.transition.id.clone())
            .collect()
    }

    fn case(name: &str) -> String {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/cases/workflow/");
        std::fs::read_to_string(format!("{folder}{name}")).expect("a case")
    }

    #[test]
    fn the_standard_chart_is_the_published_one() {
        let text = case("standard.json");
        fn absent(value: serde_json::Value) -> serde_json::Value {
            match value {
                serde_json::Value::Object(map) => map
                    .into_iter()
                    .map(|(key, value)| (key, absent(value)))
                    .filter(|(_, value)| {
                        !value.is_null() && *value != serde_json::json!([]) && *value != serde_json::json!(false)
                    })
                    .collect::<serde_json::Map<_, _>>()
                    .into(),
                serde_json::Value::Array(list) => list.into_iter().map(absent).collect(),
                other => other,
            }
        }
        let published = absent(serde_json::from_str(&text).expect("JSON"));
        assert_eq!(absent(serde_json::to_value(standard()).expect("JSON")), published);
    }

    #[test]
    fn every_condition_of_the_standard_chart_is_one() {
        let chart = standard();
        for when in chart.transitions.iter().filter_map(|transition| transition.when.as_deref()) {
            Condition::parse(when, &chart.case_kind).unwrap_or_else(|error| panic!("{when}: {error}"));
        }
        assert_eq!(chart.steps.iter().filter(|step| step.kind == StepKind::End).count(), 1);
        assert_eq!(chart.road().first().map(|step| step.id.as_str()), Some("received"));
        assert_eq!(chart.road().last().map(|step| step.id.as_str()), Some("delivered"));
    }

    #[test]
    fn a_way_is_barred_by_role_condition_and_needs() {
        let facts = [("customer_share", 0.into()), ("estimate", "none".into())];
        let case = on("diagnosis", &facts, &[Need::Fault, Need::Cause]);
        assert_eq!(allowed(&case, "technician"), ["free", "no-repair"]);
        assert_eq!(allowed(&case, "centre_manager"), ["free", "no-repair"]);
        assert!(allowed(&case, "storekeeper").is_empty());
        let chart = standard();
        let barred = ways(&chart, &on("diagnosis", &facts, &[]), &["storekeeper"]);
        assert_eq!(barred[0].because[0], Barred::Role(vec!["technician".to_owned()]));
        assert_eq!(
            barred[0].because[1],
            Barred::Condition {
                when: "customer_share > 0".to_owned(),
                facts: vec![("customer_share".to_owned(), 0.into())]
            }
        );
        assert_eq!(barred[0].because[2], Barred::Needs(Need::Fault));
    }

    #[test]
    fn a_step_has_a_stage_of_the_list_or_none_and_a_chart_of_before_is_read_on() {
        let chart = standard();
        let stages = chart.steps.iter().map(|step| step.stage).collect::<Vec<_>>();
        let all =
            [Stage::Intake, Stage::Diagnosis, Stage::Approval, Stage::Work, Stage::Parts, Stage::Check, Stage::Ready]
                .map(Some);
        assert_eq!(stages, [all.as_slice(), &[None]].concat());
        assert!(
            chart.ways_out("ready").all(|way| way.main)
                && !chart.ways_out("approval").any(|way| way.main && way.id == "declined")
        );
        let names = |are: fn(Stage) -> bool| {
            Stage::ALL.iter().filter(|stage| are(**stage)).map(|stage| stage.name()).collect::<Vec<_>>()
        };
        assert_eq!(names(Stage::has_begun), ["parts", "work", "check"]);
        assert_eq!(names(Stage::is_worked_on), ["work", "check"]);
        let text = serde_json::to_string(&chart).expect("JSON");
        let wrong = text.replace("\"stage\":\"check\"", "\"stage\":\"checking\"");
        assert!(wrong != text && serde_json::from_str::<Chart>(&wrong).is_err());
        let before = text
            .replace(",\"main\":true", "")
            .replace(",\"when\":\"estimate != 'exceeded'\"", "")
            .replace("estimate == 'exceeded' || ", "");
        let before = all.iter().flatten().fold(before, |text, stage| {
            text.replace(&format!(",\"stage\":{}", serde_json::to_string(stage).expect("a stage")), "")
        });
        let before = staged(serde_json::from_str::<Chart>(&before).expect("a chart"));
        assert_eq!(before.steps, chart.steps);
        assert!(is_standard_of_before(&before) && !is_standard_of_before(&chart));
    }

    #[test]
    fn work_ends_only_within_what_was_accepted() {
        let on_repair = |estimate: &str| {
            let facts = [("estimate", estimate.into()), ("customer_share", 5.into()), ("parts_waiting", 0.into())];
            on("repair", &facts, &[Need::Cause, Need::PartRequestsClosed])
        };
        assert_eq!(allowed(&on_repair("accepted"), "technician"), ["repaired"]);
        assert!(allowed(&on_repair("exceeded"), "technician").is_empty());
        assert!(standard().ways_out("repair").filter(|way| way.ends_work()).all(|way| way.id == "repaired"));
    }

    #[test]
    fn an_accepted_estimate_moves_by_itself() {
        let chart = standard();
        assert_eq!(
            instant(&chart, &on("approval", &[("estimate", "accepted".into())], &[])).map(|way| way.id.as_str()),
            Some("accepted")
        );
        assert_eq!(instant(&chart, &on("approval", &[("estimate", "waiting".into())], &[])), None);
    }
}
