//! Visits and photos.

use app::billing::{self, HandOver, HandOverView, SendCode};
use app::reception::attachments::{self, AttachmentView, Purpose, add_photo, clean_photo, photo};
use app::reception::view::ReceptionRow;
use app::reception::{self, CancelReception, CorrectReception, ListReceptions, ReceiveDevices, ReceptionView};
use axum::http::Method;
use base64::Engine as _;
use domain::access::Action as A;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use store::error::{Error, Result};
use store::views::Page;

use super::{Done, ID};
use crate::api::{Nothing, Operation, file, get, make_of_file, write};

/// A photo to be kept.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AddPhoto {
    /// JPEG, PNG or WebP in base64; it is encoded anew, without what the camera wrote beside it.
    #[schemars(length(min = 1, max = 20_000_000))]
    content: String,
    #[serde(default)]
    purpose: Option<Purpose>,
    /// Public id of the repair that it is of; absent: of one that is about to be received.
    #[schemars(length(max = 60))]
    #[serde(default)]
    repair: Option<String>,
}

pub(super) fn visits(out: &mut Vec<Operation>) {
    out.push(
        write(
            Method::POST,
            "receiveDevices",
            "/receptions",
            A::Receive,
            "Take in the devices of one visit.",
            json!({"customer": {"new": {"name": "زهرا کریمی", "phones": ["09123456789"]}}, "devices": [{"device": ID, "faults": ["C01"], "accessories": ["کارت گارانتی"]}]}),
            |tx, _, body: ReceiveDevices| -> Result<ReceptionView> { reception::receive_devices(tx, &body) },
        )
        .makes()
        .once(),
    );
    out.push(get(
        "listReceptions",
        "/receptions",
        A::ViewWork,
        "List receptions.",
        |conn, actor, _, query: ListReceptions| -> Result<Page<ReceptionRow>> {
            reception::list_receptions(conn, actor, &query)
        },
    ));
    out.push(
        get(
            "getReception",
            "/receptions/{id}",
            A::ViewWork,
            "Read a reception.",
            |conn, actor, call, _: Nothing| -> Result<ReceptionView> {
                reception::get_reception(conn, actor, call.id())
            },
        )
        .versioned(),
    );
    out.push(
        write(
            Method::POST,
            "correctReception",
            "/receptions/{id}/correct",
            A::CorrectReception,
            "Put right a wrong customer or device.",
            json!({"customer": ID, "reason": "another Zahra"}),
            |tx, call, body: CorrectReception| -> Result<ReceptionView> {
                reception::correct_reception(tx, call.id(), call.version, &body)
            },
        )
        .versioned()
        .once(),
    );
    out.push(
        write(
            Method::POST,
            "cancelReception",
            "/receptions/{id}/cancel",
            A::CorrectReception,
            "Cancel a reception; its number stays.",
            json!({"reason": "typed twice"}),
            |tx, call, body: CancelReception| -> Result<ReceptionView> {
                reception::cancel_reception(tx, call.id(), call.version, &body)
            },
        )
        .versioned(),
    );
    out.push(write(
        Method::POST,
        "sendHandOverCode",
        "/receptions/{id}/code",
        A::HandOver,
        "Send a code to the customer's phone, for somebody without the receipt.",
        json!({}),
        |tx, call, body: SendCode| -> Result<Done> {
            billing::send_hand_over_code(tx, call.id(), &body)?;
            Ok(Done { done: true })
        },
    ));
    out.push(
        write(
            Method::POST,
            "handOver",
            "/receptions/{id}/hand-over",
            A::HandOver,
            "Hand over ready devices of a visit and make the invoices.",
            json!({"receiver": {}}),
            |tx, call, body: HandOver| -> Result<HandOverView> { billing::hand_over(tx, call.id(), &body) },
        )
        .makes()
        .once(),
    );
}

pub(super) fn photos(out: &mut Vec<Operation>) {
    out.push(
        make_of_file(
            "addPhoto",
            "/photos",
            A::MoveRepair,
            "Keep a photo of a repair, or of a device that is about to be received.",
            json!({"content": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "purpose": "finding"}),
            |_, mut body: AddPhoto| {
                let bytes = base64::engine::general_purpose::STANDARD.decode(std::mem::take(&mut body.content).trim()).map_err(|_| Error::invalid("content", "base64"))?;
                Ok((clean_photo(bytes, "content")?, body))
            },
            |tx, _, (photo, body)| -> Result<AttachmentView> { add_photo(tx, body.repair.as_deref(), body.purpose.unwrap_or(Purpose::Condition), photo.clone()) },
        )
        .takes_file(attachments::MAX_BYTES),
    );
    out.push(
        file(
            "getPhoto",
            "/photos/{id}",
            A::ViewWork,
            "A photo, for those who see its repair.",
            |app, actor, call, _: Nothing| app.db().read(|conn| photo(conn, actor, call.id())),
        )
        .answers_photo(),
    );
}
