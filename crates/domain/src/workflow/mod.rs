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

/// Whether a chart is the built-in one of before steps had stages: nobody changed it, and the built-in one of now takes
/// its place for new cases.
#[must_use]
pub fn is_standard_of_before(chart: &Chart) -> bool {
    static BEFORE: LazyLock<Chart> = LazyLock::new(|| {
        let mut chart = standard();
        chart.steps.iter_mut().for_each(|step| step.stage = None);
        for way in &mut chart.transitions {
            way.main = false;
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
