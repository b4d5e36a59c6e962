//! The chart itself, in the form in which it is edited, stored and exchanged.

use serde::{Deserialize, Serialize};

/// A chart of steps and transitions for one kind of case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chart {
    pub code: String,
    pub case_kind: String,
    pub title: Title,
    /// The step on which a case begins.
    pub start: String,
    pub steps: Vec<Step>,
    pub transitions: Vec<Transition>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Title {
    pub fa: String,
    pub en: String,
}

/// Work: somebody does it; wait: for the customer, a part or a time; end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepKind {
    Work,
    Wait,
    End,
}

crate::words! {
    /// What a step means to the program, whatever its id is. An end has none.
    Stage {
        Intake = "intake",
        Diagnosis = "diagnosis",
        /// The customer is asked.
        Approval = "approval",
        /// A part is waited for.
        Parts = "parts",
        Work = "work",
        Check = "check",
        Ready = "ready",
    }
}

impl Stage {
    /// Whether the work has begun: what covers pay is reserved from then on.
    #[must_use]
    pub fn has_begun(self) -> bool {
        matches!(self, Self::Work | Self::Parts | Self::Check)
    }

    /// Whether who takes a case onto such a step works on it, and so takes it out of the pool.
    #[must_use]
    pub fn is_worked_on(self) -> bool {
        matches!(self, Self::Work | Self::Check)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub id: String,
    pub kind: StepKind,
    pub title: Title,
    /// Absent: no special meaning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assign: Option<Assign>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Deadline>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overdue: Option<Overdue>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checklist: Vec<ChecklistItem>,
}

/// Who gets a case that enters the step: `pool`, `least_loaded`, `by_skill`, `same_as:STEP` or `person:CODE`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Assign(pub String);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deadline {
    pub hours: i64,
    /// `working` or `wall`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overdue {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remind: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalate_to: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_hours: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChecklistItem {
    pub id: String,
    pub title: Title,
    #[serde(default)]
    pub required: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transition {
    pub id: String,
    pub from: String,
    pub to: String,
    pub title: Title,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// A condition over the case's facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Need>,
    /// Written on the repair when the transition is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// The way forward: the one primary button where it is allowed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub main: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub does: Vec<serde_json::Value>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub auto: Auto,
}

/// Whether a transition is taken by itself, at once or after some hours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Auto {
    At(bool),
    After {
        after_hours: i64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        clock: Option<String>,
    },
}

impl Default for Auto {
    fn default() -> Self {
        Self::At(false)
    }
}

fn is_false(auto: &Auto) -> bool {
    matches!(auto, Auto::At(false))
}

/// What must be there before a transition is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    Note,
    Attachment,
    Checklist,
    Fault,
    Cause,
    Estimate,
    PartRequestsClosed,
    SecondPerson,
    HandOver,
}

impl Need {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Attachment => "attachment",
            Self::Checklist => "checklist",
            Self::Fault => "fault",
            Self::Cause => "cause",
            Self::Estimate => "estimate",
            Self::PartRequestsClosed => "part_requests_closed",
            Self::SecondPerson => "second_person",
            Self::HandOver => "hand_over",
        }
    }
}

impl Transition {
    /// Whether it ends the work: the device was repaired.
    #[must_use]
    pub fn ends_work(&self) -> bool {
        self.outcome.as_deref() == Some("repaired")
    }
}

impl Chart {
    #[must_use]
    pub fn step(&self, id: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }

    /// What a step means; None for an end, and for a step without a meaning of its own.
    #[must_use]
    pub fn stage(&self, id: &str) -> Option<Stage> {
        self.step(id).filter(|step| step.kind != StepKind::End).and_then(|step| step.stage)
    }

    /// Whether a device leaves from a step.
    #[must_use]
    pub fn hands_over(&self, step: &str) -> bool {
        self.ways_out(step).any(|way| way.needs.contains(&Need::HandOver))
    }

    pub fn ways_out<'a>(&'a self, step: &'a str) -> impl Iterator<Item = &'a Transition> {
        self.transitions.iter().filter(move |transition| transition.from == step)
    }

    /// The steps of the main road from the start to an end, for showing where a case stands: the shortest way, counting
    /// a wait for a part or an answer only where the case is on it.
    #[must_use]
    pub fn road(&self) -> Vec<&Step> {
        self.steps.iter().filter(|step| step.kind != StepKind::Wait || self.hands_over(&step.id)).collect()
    }
}
