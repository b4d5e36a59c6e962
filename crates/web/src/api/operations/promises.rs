//! Policies, devices and their covers.

use app::coverage::covers::{AddCover, ChangeCoverState, IssueCard};
use app::coverage::days::add_device_event;
use app::coverage::decide::{AskCoverage, Explained, ask_coverage};
use app::coverage::meters::record_on_device;
use app::coverage::policies::{self, PolicyView, SavePolicy};
use app::coverage::view::CoverView;
use app::coverage::{covers, view};
use app::devices::view::DeviceRow;
use app::devices::{self, AddDeviceEvent, DeviceView, ListDevices, NewDevice, RecordOnDevice};
use app::lookup::{self, DeviceOperation};
use axum::http::Method;
use domain::access::Action as A;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::Tx;
use store::error::{Error, Result};
use store::views::{ListQuery, Page};

use super::ID;
use crate::api::{Call, Nothing, Operation, answers, get, write};

/// A device's operations.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Operations {
    items: Vec<DeviceOperation>,
}

/// A case as `docs/coverage.md` describes it, checked by the same reader as `zamen coverage decide`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
struct AnyCase(#[schemars(with = "serde_json::Map<String, Value>")] Value);

pub(super) fn promises(out: &mut Vec<Operation>) {
    kept!(out, "/policies", KeepPolicies, SavePolicy, json!({"code": "GOLD", "title": {"fa": "طلایی", "en": "Gold"}, "usual": {"months": 36, "components": [{"kind": "compressor", "months": 60}], "excluded_causes": ["liquid"]}}),
        "listPolicies" => policies::list_policies, "getPolicy" => policies::get_policy, "createPolicy", "updatePolicy" => policies::save_policy, "retirePolicy" => policies::retire_policy, "warranty policies");
    out.push(
        write(
            Method::POST,
            "publishPolicy",
            "/policies/{id}/publish",
            A::KeepPolicies,
            "Publish the draft as the next version, which never changes.",
            json!({}),
            |tx, call, _: Nothing| -> Result<PolicyView> { policies::publish_policy(tx, call.id()) },
        )
        .once(),
    );
    out.push(answers(
        "decideCoverage",
        "/coverage/decide",
        A::ViewWork,
        "Decide a case: who pays for each line, and why.",
        case_example(),
        |body: AnyCase| -> Result<domain::coverage::Decision> {
            domain::coverage::decide_sent(&body.0.to_string()).map_err(|error| {
                Error::Invalid(vec![
                    store::error::Fault::new(error.path, "case-malformed").with("message", error.message),
                ])
            })
        },
    ));
    out.push(get(
        "listDevices",
        "/devices",
        A::ViewWork,
        "List devices.",
        |conn, actor, _, query: ListDevices| -> Result<Page<DeviceRow>> { devices::list_devices(conn, actor, &query) },
    ));
    out.push(
        write(
            Method::POST,
            "createDevice",
            "/devices",
            A::KeepDevices,
            "Register a device.",
            json!({"product": "SRF-7300", "serial": "SRF7300-0148812", "events": [{"type": "sold", "on": "2024-04-03"}]}),
            |tx, _, body: NewDevice| -> Result<DeviceView> {
                let row = devices::register_device(tx, &body)?;
                devices::get_device(tx.conn, tx.actor, &row.public_id, tx.now)
            },
        )
        .makes(),
    );
    out.push(get(
        "getDevice",
        "/devices/{id}",
        A::ViewWork,
        "Read a device with its tree, covers and events.",
        |conn, actor, call, _: Nothing| -> Result<DeviceView> { devices::get_device(conn, actor, call.id(), call.now) },
    ));
    out.push(write(
        Method::PUT,
        "updateDevice",
        "/devices/{id}",
        A::KeepDevices,
        "Write down a new owner, meters or a note.",
        json!({"meters": {"hours": 1200}}),
        record,
    ));
    out.push(write(
        Method::POST,
        "retireDevice",
        "/devices/{id}/retire",
        A::KeepDevices,
        "Note that a device was scrapped today.",
        json!({}),
        |tx, call, _: Nothing| -> Result<DeviceView> {
            let event = AddDeviceEvent { kind: devices::DeviceEventKind::Scrapped, on: tx.today() };
            add_device_event(tx, call.id(), &event)?;
            devices::get_device(tx.conn, tx.actor, call.id(), tx.now)
        },
    ));
    out.push(
        write(
            Method::POST,
            "addDeviceEvent",
            "/devices/{id}/events",
            A::KeepDevices,
            "Add a fact of a device's life.",
            json!({"type": "installed", "on": "2024-04-05"}),
            |tx, call, body: AddDeviceEvent| -> Result<DeviceView> {
                add_device_event(tx, call.id(), &body)?;
                devices::get_device(tx.conn, tx.actor, call.id(), tx.now)
            },
        )
        .makes(),
    );
    out.push(
        write(
            Method::POST,
            "addCover",
            "/devices/{id}/covers",
            A::IssueCards,
            "Enter a promise of another kind than a card.",
            json!({"kind": "contract", "number": "K-1209", "policy": ID}),
            |tx, call, body: AddCover| -> Result<CoverView> { covers::add_cover(tx, call.id(), &body) },
        )
        .makes(),
    );
    out.push(get(
        "askCoverage",
        "/devices/{id}/coverage",
        A::ViewWork,
        "The counter's question: what is covered, before anything is priced.",
        |conn, actor, call, query: AskCoverage| -> Result<Explained> {
            ask_coverage(conn, actor, call.id(), call.now, &query)
        },
    ));
    out.push(get(
        "listPartUses",
        "/products/{id}/uses",
        A::ViewWork,
        "The devices into which a part was fitted, or on which it was repaired and put back.",
        |conn, actor, call, _: Nothing| -> Result<Operations> {
            Ok(Operations { items: lookup::part_uses(conn, actor, call.id())? })
        },
    ));
    out.push(get(
        "listDeviceOperations",
        "/devices/{id}/operations",
        A::ViewWork,
        "All operations on a device, those that no warranty paid included.",
        |conn, actor, call, _: Nothing| -> Result<Operations> {
            Ok(Operations { items: lookup::device_operations(conn, actor, call.id())? })
        },
    ));
    out.push(get(
        "listCards",
        "/cards",
        A::ViewWork,
        "List warranty cards.",
        |conn, actor, call, query: ListQuery| -> Result<Page<CoverView>> {
            view::list_cards(conn, actor, &query, call.now)
        },
    ));
    out.push(
        write(
            Method::POST,
            "createCard",
            "/cards",
            A::IssueCards,
            "Issue a warranty card for a device.",
            json!({"device": ID, "number": "G-884213"}),
            |tx, _, body: IssueCard| -> Result<CoverView> { covers::issue_card(tx, &body) },
        )
        .makes()
        .once(),
    );
    out.push(
        get(
            "getCard",
            "/cards/{id}",
            A::ViewWork,
            "Read a warranty card.",
            |conn, actor, call, _: Nothing| -> Result<CoverView> { view::get_card(conn, actor, call.id(), call.now) },
        )
        .versioned(),
    );
    out.push(write(
        Method::PUT,
        "updateCard",
        "/cards/{id}",
        A::KeepPolicies,
        "Suspend a card, take it back into force, or void it.",
        json!({"state": "suspended", "reason": "stolen"}),
        |tx, call, body: ChangeCoverState| -> Result<CoverView> { covers::change_cover_state(tx, call.id(), &body) },
    ));
    out.push(write(
        Method::POST,
        "retireCard",
        "/cards/{id}/retire",
        A::KeepPolicies,
        "Void a card, with a reason.",
        json!({"reason": "issued by mistake"}),
        |tx, call, body: store::views::WithReason| -> Result<CoverView> {
            covers::change_cover_state(
                tx,
                call.id(),
                &ChangeCoverState { state: domain::coverage::CoverState::Void, reason: body.reason },
            )
        },
    ));
}

fn record(tx: &mut Tx<'_>, call: &Call<'_>, body: RecordOnDevice) -> Result<DeviceView> {
    record_on_device(tx, call.id(), &body)?;
    devices::get_device(tx.conn, tx.actor, call.id(), tx.now)
}

fn case_example() -> Value {
    json!({
        "case": "c-001", "calendar": "jalali",
        "device": {"serial": "D1", "product": "FRZ-700", "kinds": ["appliance", "fridge"], "components": []},
        "events": [{"type": "sold", "date": "2024-03-20"}],
        "covers": [{"id": "card:G-1", "kind": "card", "state": "active", "payer": "maker:ACME", "starts": null, "claims": [], "downtime": [], "policy": {
            "code": "GOLD", "version": 1, "start": {"from": ["sold"]}, "waiting_days": 0, "terms": [{"id": "whole", "pays": {"part": 100, "labour": 100}, "months": 24}],
            "exclusions": [], "deductible": 0, "limits": {"per_months": null, "max_claims": null, "max_amount": null}, "extend_by_downtime": null}}],
        "question": {"received": "2025-01-10", "usage": {}, "fault": null, "cause": null, "lines": [{"id": "1", "type": "part", "item": "DOOR", "component": null, "amount": 1_000_000}]},
    })
}
