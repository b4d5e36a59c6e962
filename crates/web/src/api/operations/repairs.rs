//! Repairs.

use app::billing::{self, ReopenRepair};
use app::coverage::decide::CoverageChange;
use app::coverage::goodwill::{GiveGoodwill, give_goodwill};
use app::coverage::overrides::{OverrideCoverage, override_coverage};
use app::repair::passcode::{PasscodeView, show_passcode};
use app::repair::{
    self, AddOperation, AnswerChecklist, AnswerEstimate, AssignRepair, Assignee, AwaitPart, ChangeLine, ChangePromise,
    DiagnoseRepair, FitPart, ListRepairs, MakeEstimate, MoveRepair, NoteAgreement, PlanPart, RemoveLine, RepairRow,
    RepairView, StepBack, TakePartOut,
};
use axum::http::Method;
use domain::access::Action as A;
use schemars::JsonSchema;
use serde_json::{Value, json};
use store::Tx;
use store::error::Result;
use store::views::Page;

use super::{ID, Listed};
use crate::api::{Call, Nothing, Operation, get, prepared, write};

/// A command on a repair, answered with the repair.
fn on_repair<B>(
    id: &'static str,
    path: &'static str,
    action: A,
    summary: &'static str,
    example: Value,
    run: fn(&mut Tx<'_>, &Call<'_>, B) -> Result<()>,
) -> Operation
where
    B: JsonSchema + serde::de::DeserializeOwned + 'static,
{
    write(Method::POST, id, path, action, summary, example, move |tx, call, body: B| -> Result<RepairView> {
        run(tx, call, body)?;
        repair::get_repair(tx.conn, tx.actor, call.id(), tx.now)
    })
}

pub(super) fn repairs(out: &mut Vec<Operation>) {
    out.push(get(
        "listRepairs",
        "/repairs",
        A::ViewWork,
        "List repairs.",
        |conn, actor, call, query: ListRepairs| -> Result<Page<RepairRow>> {
            repair::list_repairs(conn, actor, &query, call.now)
        },
    ));
    out.push(
        get(
            "getRepair",
            "/repairs/{id}",
            A::ViewWork,
            "Read a repair with its lines, who pays, and the ways out of its step.",
            |conn, actor, call, _: Nothing| -> Result<RepairView> {
                repair::get_repair(conn, actor, call.id(), call.now)
            },
        )
        .versioned(),
    );
    out.push(write(
        Method::GET,
        "getPasscode",
        "/repairs/{id}/passcode",
        A::Diagnose,
        "Read what opens the device; who did is written down. 404 where there is none, or after hand-over.",
        json!({}),
        |tx, call, _: Nothing| -> Result<PasscodeView> { show_passcode(tx, call.id()) },
    ));
    out.push(
        on_repair(
            "diagnoseRepair",
            "/repairs/{id}/diagnose",
            A::Diagnose,
            "Write down what was found.",
            json!({"fault": "C11", "cause": "wear"}),
            |tx, call, body: DiagnoseRepair| repair::diagnose_repair(tx, call.id(), call.version, &body),
        )
        .versioned(),
    );
    out.push(write(
        Method::POST,
        "previewDiagnosis",
        "/repairs/{id}/preview",
        A::Diagnose,
        "What a diagnosis would change in who pays.",
        json!({"fault": "C11", "cause": "liquid"}),
        |tx, call, body: DiagnoseRepair| -> Result<CoverageChange> {
            repair::preview_diagnosis(tx.conn, tx.actor, call.id(), call.now, &body)
        },
    ));
    out.push(
        on_repair(
            "addOperation",
            "/repairs/{id}/operations",
            A::DoWork,
            "Add an operation of the service catalogue.",
            json!({"service": "SVC-COMP"}),
            |tx, call, body: AddOperation| repair::add_operation(tx, call.id(), &body).map(|_| ()),
        )
        .makes(),
    );
    out.push(
        on_repair(
            "planPart",
            "/repairs/{id}/planned-parts",
            A::DoWork,
            "Plan a part: on the estimate, and fitted later.",
            json!({"product": "CMP-EM65"}),
            |tx, call, body: PlanPart| repair::plan_part(tx, call.id(), &body).map(|_| ()),
        )
        .makes(),
    );
    out.push(on_repair(
        "awaitPart",
        "/repairs/{id}/planned-parts/await",
        A::MoveRepair,
        "Say that a planned part is waited for, or that it came.",
        json!({"line": ID, "is_awaited": true}),
        |tx, call, body: AwaitPart| repair::await_part(tx, call.id(), &body),
    ));
    out.push(
        on_repair(
            "fitPart",
            "/repairs/{id}/parts",
            A::DoWork,
            "Fit a part, or put a mended one back.",
            json!({"product": "CMP-EM65", "serial_in": "CMP-731140", "serial_out": "CMP-220981"}),
            |tx, call, body: FitPart| repair::fit_part(tx, call.id(), &body).map(|_| ()),
        )
        .makes(),
    );
    out.push(on_repair(
        "takePartOut",
        "/repairs/{id}/parts/take-out",
        A::DoWork,
        "Take out a part that was fitted by mistake.",
        json!({"line": ID, "reason": "the wrong one"}),
        |tx, call, body: TakePartOut| repair::take_part_out(tx, call.id(), &body),
    ));
    out.push(on_repair(
        "changeLine",
        "/repairs/{id}/lines/change",
        A::DoWork,
        "Change a line's quantity or price.",
        json!({"line": ID, "unit_price": 2_000_000}),
        |tx, call, body: ChangeLine| repair::change_line(tx, call.id(), &body),
    ));
    out.push(on_repair(
        "removeLine",
        "/repairs/{id}/lines/remove",
        A::DoWork,
        "Take back a line that was added by mistake.",
        json!({"line": ID, "reason": "typed twice"}),
        |tx, call, body: RemoveLine| repair::remove_line(tx, call.id(), &body),
    ));
    out.push(on_repair(
        "overrideCoverage",
        "/repairs/{id}/override",
        A::OverrideCoverage,
        "Rule on who pays a line, beside the machine's decision.",
        json!({"line": ID, "cover": ID, "percent": 100, "reason": "the maker agreed"}),
        |tx, call, body: OverrideCoverage| override_coverage(tx, call.id(), &body),
    ));
    out.push(on_repair(
        "giveGoodwill",
        "/repairs/{id}/goodwill",
        A::GiveGoodwill,
        "Give a percentage as goodwill, within the limits of one's role.",
        json!({"percent": 50, "reason": "nine days over"}),
        |tx, call, body: GiveGoodwill| give_goodwill(tx, call.id(), &body),
    ));
    out.push(
        on_repair(
            "estimateRepair",
            "/repairs/{id}/estimates",
            A::Estimate,
            "Make an estimate, or its next revision.",
            json!({"ask": true}),
            |tx, call, body: MakeEstimate| repair::estimate_repair(tx, call.id(), &body),
        )
        .makes()
        .once(),
    );
    out.push(on_repair(
        "answerEstimate",
        "/repairs/{id}/estimates/answer",
        A::AnswerEstimate,
        "Note the customer's answer to the latest estimate.",
        json!({"answer": "accepted", "note": "by telephone"}),
        |tx, call, body: AnswerEstimate| repair::answer_estimate(tx, call.id(), &body),
    ));
    out.push(on_repair(
        "noteAgreement",
        "/repairs/{id}/estimates/agreement",
        A::AnswerEstimate,
        "Note who agreed to more than the estimate said, how and why; it opens the end of work and the hand-over.",
        json!({"who": "Zahra Karimi", "how": "phone", "total": 1_320_000, "reason": "a second leak was found"}),
        |tx, call, body: NoteAgreement| repair::note_agreement(tx, call.id(), &body),
    ));
    out.push(on_repair(
        "answerChecklist",
        "/repairs/{id}/checklist",
        A::MoveRepair,
        "Answer the checklist of the step.",
        json!({"items": ["runs"]}),
        |tx, call, body: AnswerChecklist| repair::answer_checklist(tx, call.id(), &body),
    ));
    out.push(
        prepared(
            Method::POST,
            "moveRepair",
            "/repairs/{id}/moves",
            A::MoveRepair,
            "Take a way out of the step.",
            json!({"transition": "to-diagnosis"}),
            (
                |db, actor, body: MoveRepair| body.confirmed(db, actor),
                |tx, call, body| -> Result<RepairView> {
                    repair::move_repair(tx, call.id(), call.version, body)?;
                    repair::get_repair(tx.conn, tx.actor, call.id(), tx.now)
                },
            ),
        )
        .hashes()
        .versioned(),
    );
    out.push(on_repair(
        "stepBack",
        "/repairs/{id}/back",
        A::ReopenRepair,
        "Go back to the step before, with a reason.",
        json!({"reason": "too early"}),
        |tx, call, body: StepBack| repair::step_back(tx, call.id(), &body),
    ));
    out.push(get(
        "listAssignees",
        "/repairs/{id}/assignees",
        A::MoveRepair,
        "List who may be given a repair.",
        |conn, actor, call, _: Nothing| -> Result<Listed<Assignee>> {
            Ok(Listed { items: repair::list_assignees(conn, actor, call.id())? })
        },
    ));
    out.push(on_repair(
        "assignRepair",
        "/repairs/{id}/assign",
        A::MoveRepair,
        "Give a repair to a person, or back to the pool.",
        json!({"login": "saeed"}),
        |tx, call, body: AssignRepair| repair::assign_repair(tx, call.id(), &body),
    ));
    out.push(on_repair(
        "changePromise",
        "/repairs/{id}/promise",
        A::MoveRepair,
        "Promise another day, with a reason.",
        json!({"promised_on": "2035-01-01", "reason": "the part is late"}),
        |tx, call, body: ChangePromise| repair::change_promise(tx, call.id(), &body),
    ));
    out.push(
        on_repair(
            "reopenRepair",
            "/repairs/{id}/reopen",
            A::ReopenRepair,
            "Take up a repair again after hand-over; its invoices are corrected.",
            json!({"reason": "it hums"}),
            |tx, call, body: ReopenRepair| billing::reopen_repair(tx, call.id(), &body),
        )
        .once(),
    );
}
