//! The work on one received device: diagnosis, lines of work, estimate, the road to hand-over.
//!
//! Words: a *repair* (repair order) walks a chart; a *work line* is what is charged, whoever pays; *charged* lines are
//! those that were neither declined nor removed. Invariants: coverage is decided again with every change; a fitted part
//! becomes a node of the device's tree and the removed one leaves it in one transaction; nothing changes after
//! hand-over except by reopening.

pub mod agreed;
pub mod agreement;
pub mod asked;
pub mod assign;
pub mod diagnose;
pub(crate) mod diagnosis;
mod ends;
pub mod estimate;
mod facts;
pub mod fit;
pub mod line;
pub mod lines;
pub mod list;
pub mod passcode;
pub(crate) mod past;
pub mod plan;
pub mod road;
pub mod rows;
pub mod view;
pub mod work;

pub use agreement::{AgreedBy, NoteAgreement, note_agreement};
pub use assign::{AssignRepair, Assignee, assign_repair, list_assignees};
pub use diagnose::{DiagnoseRepair, diagnose_repair, preview_diagnosis};
pub use estimate::{Answer, AnswerEstimate, MakeEstimate, answer_estimate, estimate_repair};
pub use fit::{FitPart, TakePartOut, fit_part, take_part_out};
pub use lines::{AddOperation, ChangeLine, RemoveLine, add_operation, change_line, remove_line};
pub use list::{ListRepairs, RepairRow, list_repairs};
pub use plan::{AwaitPart, PlanPart, await_part, plan_part};
pub use road::{
    AnswerChecklist, ChangePromise, MoveRepair, StepBack, answer_checklist, change_promise, move_repair, step_back,
};
pub use view::{RepairView, get_repair};
pub use work::Disposition;
