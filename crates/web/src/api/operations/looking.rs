//! Search, history, tracking and reports.

use app::catalogue::choices::{Choices, ListChoices, list_choices};
use app::lookup::{self, Found, GetTimeline, TimelineEntry};
use app::reporting::{FailureCauses, FailureRow, failure_causes};
use app::tracking::{TrackView, track};
use axum::http::Method;
use domain::access::Action as A;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::error::Result;
use store::views::Page;

use super::ID;
use crate::api::{Nothing, Operation, get, look, open};

/// What the search box is asked.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Search {
    /// A number, a serial, the beginning of a name.
    #[schemars(length(min = 1, max = 100))]
    q: String,
}

/// Rows of a report.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct FailureReport {
    rows: Vec<FailureRow>,
}

pub(super) fn looking(out: &mut Vec<Operation>) {
    out.push(
        look(
            "search",
            "/search",
            A::ViewWork,
            "The one search box: any number, serial or the beginning of a name.",
            |db, actor, _, query: Search| -> Result<Found> { lookup::search(db, actor, &query.q) },
        )
        .example(json!({"q": "09123456789"})),
    );
    out.push(
        get(
            "listChoices",
            "/choices",
            A::ViewCatalogue,
            "What a field that names a thing may hold: up to twenty rows for words of a title in any order or of a code, what is used most first. A command takes a row's code, and a title that no other has.",
            |conn, actor, _, query: ListChoices| -> Result<Choices> { list_choices(conn, actor, &query) },
        )
        .example(json!({"of": "fault", "q": "cool"})),
    );
    out.push(
        get(
            "getTimeline",
            "/timeline",
            A::ViewWork,
            "What happened to a thing, newest first.",
            |conn, actor, _, query: GetTimeline| -> Result<Page<TimelineEntry>> {
                lookup::get_timeline(conn, actor, &query)
            },
        )
        .example(json!({"subject": "device", "id": ID})),
    );
    out.push(open(
        "trackReception",
        Method::GET,
        "/track/{number}",
        "What a customer sees with the tracking number: steps, no names, no prices.",
        |app, address, call, _: Nothing| -> Result<TrackView> {
            track(app.db(), call.path.get("number").map_or("", String::as_str), address)
        },
    ));
    out.push(get(
        "reportFailureCauses",
        "/reports/failure-causes",
        A::ViewReports,
        "Failures by kind of product or by cause, largest first.",
        |conn, actor, _, query: FailureCauses| -> Result<FailureReport> {
            Ok(FailureReport { rows: failure_causes(conn, actor, &query)? })
        },
    ));
}
