//! The road of a case: a chart as data, conditions over the case's facts, and the ways out of a step with their
//! reasons. The format is described in `docs/workflow.md`.

mod chart;
mod condition;
mod moves;

use std::sync::LazyLock;

pub use chart::{
    Assign, Auto, Chart, ChecklistItem, Deadline, Need, Overdue, Stage, Step, StepKind, Title, Transition,
};
pub use condition::{BadCondition, Condition, Fact, Facts};
pub use moves::{Barred, Case, Way, instant, ways};

/// The code of the chart that repairs run on where an administrator has published no other.
pub const STANDARD: &str = "repair-standard";

/// The chart that is built in: one value of the type that an administrator edits.
///
/// # Panics
/// Never: a test reads it.
#[must_use]
pub fn standard() -> Chart {
    serde_json::from_str(include_str!("standard.json")).expect("the built-in chart is a chart")
}

/// A chart of before steps had stages and ways were main, with those of the built-in one: only that was there then, and
/// cases run on it.
#[must_use]
pub fn staged(mut chart: Chart) -> Chart {
    if chart.steps.iter().all(|step| step.stage.is_none()) && !chart.transitions.iter().any(|way| way.main) {
        let known = standard();
        chart.steps.iter_mut().for_each(|step| step.stage = known.stage(&step.id));
        let is_main = |id: &str| known.transitions.iter().any(|way| way.id == id && way.main);
        chart.transitions.iter_mut().for_each(|way| way.main = is_main(&way.id));
    }
    chart
}

/// Whether a chart, `staged`, is the built-in one of before steps had stages: nobody changed it, and the built-in one
/// of now takes its place for new cases.
#[must_use]
pub fn is_standard_of_before(chart: &Chart) -> bool {
    static BEFORE: LazyLock<Chart> = LazyLock::new(|| {
        let mut chart = standard();
        for way in &mut chart.transitions {
            match way.id.as_str() {
                "more-found" => way.when = Some("customer_share > 0".to_owned()),
                "repaired" => way.when = None,
                _ => {}
            }
        }
        chart
    });
    *chart == *BEFORE
}
