//! The table of operations. Resources are plural nouns by public id; what people do is a POST on a noun below them.

use app::Tx;
use app::access::permissions::{ChangePermission, PermissionView};
use app::access::tokens::{CreateToken, TokenView};
use app::access::users::{SaveUser, UserView};
use app::access::{permissions, tokens, users};
use app::billing::invoices::InvoiceRow;
use app::billing::papers::{PaperView, papers_of};
use app::billing::payments::PaymentView;
use app::billing::{self, AccountView, CorrectInvoice, HandOver, HandOverView, InvoiceView, ListInvoices, RecordPayment, ReopenRepair, SendCode};
use app::catalogue::faults::{self, SaveCause, SaveFault};
use app::catalogue::organisation::{self as org, SaveBrand, SaveCentre, SaveLegalEntity, SaveSection};
use app::catalogue::products::{self, ListProducts, ProductView, SaveProduct, SaveProductKind};
use app::catalogue::services::{self, SaveService};
use app::coverage::covers::{self, AddCover, ChangeCoverState, CoverView, IssueCard};
use app::coverage::decide::{AskCoverage, CoverageChange, Explained, ask_coverage};
use app::coverage::goodwill::{GiveGoodwill, give_goodwill};
use app::coverage::overrides::{OverrideCoverage, override_coverage};
use app::coverage::policies::{self, PolicyView, SavePolicy};
use app::customers::{self, CustomerView, LookUpCustomer, SaveCustomer};
use app::devices::view::DeviceRow;
use app::devices::{self, AddDeviceEvent, DeviceView, ListDevices, NewDevice, RecordOnDevice};
use app::error::{Error, Result};
use app::exchange::{self, CancelImport, ImportProblemView, ImportView, ListProblems, RunImport, StartImport};
use app::lookup::{self, DeviceOperation, Found, GetTimeline, TimelineEntry};
use app::messaging::MessageView;
use app::reception::attachments::{AttachmentView, Purpose, add_photo, clean_photo, photo};
use app::reception::view::ReceptionRow;
use app::reception::{self, CancelReception, CorrectReception, ListReceptions, ReceiveDevices, ReceptionView};
use app::repair::{
    self, AddOperation, AnswerChecklist, AnswerEstimate, AssignRepair, AwaitPart, ChangeLine, ChangePromise, DiagnoseRepair, FitPart, ListRepairs, MakeEstimate, MoveRepair,
    PlanPart, RemoveLine, RepairRow, RepairView, StepBack, TakePartOut,
};
use app::reporting::{FailureCauses, FailureRow, failure_causes};
use app::staff::{self, SaveStaffMember};
use app::tracking::{TrackView, track};
use app::views::{ListQuery, Page};
use axum::http::Method;
use base64::Engine as _;
use domain::access::Action as A;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Call, Nothing, Operation, file, get, open, write};

/// What the search box is asked.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Search {
    /// A number, a serial, the beginning of a name.
    #[schemars(length(min = 1, max = 100))]
    q: String,
}

/// The format of a paper.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct DocumentFormat {
    /// For a reception: receipt-a5 (default), receipt-80, receipt-58, label or entry-a4.
    #[schemars(regex(pattern = "^(receipt-a5|receipt-80|receipt-58|label|entry-a4|page)$"))]
    format: Option<String>,
}

/// A token that was made: its secret is told here and never again.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct NewToken {
    secret: String,
}

/// What is done with nothing to answer.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
struct Done {
    done: bool,
}

/// A first password for somebody.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    #[schemars(length(min = 8, max = 200))]
    password: String,
}

/// Rows of a report.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct FailureReport {
    rows: Vec<FailureRow>,
}

/// A device's operations.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Operations {
    items: Vec<DeviceOperation>,
}

/// A list without pages.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Listed<T> {
    items: Vec<T>,
}

/// A case as `docs/coverage.md` describes it, checked by the same reader as `zamen coverage decide`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
struct AnyCase(#[schemars(with = "serde_json::Map<String, Value>")] Value);

fn title() -> Value {
    json!({"fa": "یخچال", "en": "Fridge"})
}

const ID: &str = "0123456789abcdef";

macro_rules! kept {
    ($out:ident, $path:literal, $keep:ident, $save:ty, $example:expr, $list:literal => $list_fn:expr, $get:literal => $get_fn:expr, $create:literal, $update:literal => $save_fn:expr, $retire:literal => $retire_fn:expr, $noun:literal) => {
        $out.push(get($list, $path, A::ViewCatalogue, concat!("List ", $noun, "."), |conn, actor, _, query: ListQuery| $list_fn(conn, actor, &query)));
        kept_one!($out, $path, ViewCatalogue, $keep, $save, $example, $get => $get_fn, $create, $update => $save_fn, $retire => $retire_fn, $noun);
    };
}

macro_rules! kept_one {
    ($out:ident, $path:literal, $view:ident, $keep:ident, $save:ty, $example:expr, $get:literal => $get_fn:expr, $create:literal, $update:literal => $save_fn:expr, $retire:literal => $retire_fn:expr, $noun:literal) => {
        $out.push(
            write(Method::POST, $create, $path, A::$keep, concat!("Make one of the ", $noun, "."), $example, |tx, call, body: $save| $save_fn(tx, call.changed(), &body)).makes(),
        );
        $out.push(
            get($get, concat!($path, "/{id}"), A::$view, concat!("Read one of the ", $noun, "."), |conn, actor, call, _: Nothing| $get_fn(conn, actor, call.id())).versioned(),
        );
        $out.push(
            write(Method::PUT, $update, concat!($path, "/{id}"), A::$keep, concat!("Change one of the ", $noun, "."), $example, |tx, call, body: $save| {
                $save_fn(tx, call.changed(), &body)
            })
            .versioned(),
        );
        $out.push(
            write(
                Method::POST,
                $retire,
                concat!($path, "/{id}/retire"),
                A::$keep,
                concat!("Take one of the ", $noun, " out of use; what refers to it keeps it."),
                json!({}),
                |tx, call, _: Nothing| $retire_fn(tx, call.id(), call.version),
            )
            .versioned(),
        );
    };
}

/// A command on a repair, answered with the repair.
fn on_repair<B>(id: &'static str, path: &'static str, action: A, summary: &'static str, example: Value, run: fn(&mut Tx<'_>, &Call<'_>, B) -> Result<()>) -> Operation
where
    B: JsonSchema + serde::de::DeserializeOwned + 'static,
{
    write(Method::POST, id, path, action, summary, example, move |tx, call, body: B| -> Result<RepairView> {
        run(tx, call, body)?;
        repair::get_repair(tx.conn, tx.actor, call.id(), tx.now)
    })
}

/// All operations.
#[must_use]
pub fn all() -> Vec<Operation> {
    let mut out = Vec::new();
    organisation(&mut out);
    catalogue(&mut out);
    people(&mut out);
    promises(&mut out);
    visits(&mut out);
    repairs(&mut out);
    photos(&mut out);
    messages(&mut out);
    money(&mut out);
    looking(&mut out);
    exchange(&mut out);
    out
}

fn organisation(out: &mut Vec<Operation>) {
    kept!(out, "/legal-entities", KeepOrganisation, SaveLegalEntity, json!({"name": "خدمات سِرمان", "roles": ["legal_entity"]}),
        "listLegalEntities" => org::list_legal_entities, "getLegalEntity" => org::get_legal_entity, "createLegalEntity", "updateLegalEntity" => org::save_legal_entity, "retireLegalEntity" => org::retire_legal_entity, "legal entities");
    kept!(out, "/brands", KeepOrganisation, SaveBrand, json!({"code": "SERMAN", "title": title(), "maker": ID}),
        "listBrands" => org::list_brands, "getBrand" => org::get_brand, "createBrand", "updateBrand" => org::save_brand, "retireBrand" => org::retire_brand, "brands");
    kept!(out, "/centres", KeepOrganisation, SaveCentre, json!({"code": "02", "title": title(), "legal_entity": ID, "diagnosis_fee": 600_000}),
        "listCentres" => org::list_centres, "getCentre" => org::get_centre, "createCentre", "updateCentre" => org::save_centre, "retireCentre" => org::retire_centre, "centres");
    kept!(out, "/sections", KeepOrganisation, SaveSection, json!({"centre": ID, "code": "COOL", "title": title()}),
        "listSections" => org::list_sections, "getSection" => org::get_section, "createSection", "updateSection" => org::save_section, "retireSection" => org::retire_section, "sections");
}

fn catalogue(out: &mut Vec<Operation>) {
    kept!(out, "/product-kinds", KeepCatalogue, SaveProductKind, json!({"code": "fridge", "title": title()}),
        "listProductKinds" => products::list_product_kinds, "getProductKind" => products::get_product_kind, "createProductKind", "updateProductKind" => products::save_product_kind, "retireProductKind" => products::retire_product_kind, "kinds of product");
    out.push(get("listProducts", "/products", A::ViewCatalogue, "List products.", |conn, actor, _, query: ListProducts| -> Result<Page<ProductView>> {
        products::list_products(conn, actor, &query)
    }));
    kept_one!(out, "/products", ViewCatalogue, KeepCatalogue, SaveProduct, json!({"code": "SRF-7300", "title": title(), "kind": ID, "brand": ID}),
        "getProduct" => products::get_product, "createProduct", "updateProduct" => products::save_product, "retireProduct" => products::retire_product, "products");
    kept!(out, "/services", KeepCatalogue, SaveService, json!({"code": "SVC-COMP", "title": {"fa": "تعویض کمپرسور", "en": "Replace the compressor"}, "line_type": "labour", "price": 24_000_000}),
        "listServices" => services::list_services, "getService" => services::get_service, "createService", "updateService" => services::save_service, "retireService" => services::retire_service, "services");
    kept!(out, "/faults", KeepCatalogue, SaveFault, json!({"code": "C01", "title": {"fa": "خنک نمی‌کند", "en": "Does not cool"}}),
        "listFaults" => faults::list_faults, "getFault" => faults::get_fault, "createFault", "updateFault" => faults::save_fault, "retireFault" => faults::retire_fault, "faults");
    kept!(out, "/causes", KeepCatalogue, SaveCause, json!({"code": "liquid", "title": {"fa": "نفوذ مایعات", "en": "Liquid"}}),
        "listCauses" => faults::list_causes, "getCause" => faults::get_cause, "createCause", "updateCause" => faults::save_cause, "retireCause" => faults::retire_cause, "causes");
}

fn people(out: &mut Vec<Operation>) {
    kept!(out, "/staff", KeepStaff, SaveStaffMember, json!({"centre": ID, "personnel_code": "1042", "name": "سعید مرادی", "specialty": "سردسازی"}),
        "listStaff" => staff::list_staff, "getStaffMember" => staff::get_staff_member, "createStaffMember", "updateStaffMember" => staff::save_staff_member, "retireStaffMember" => staff::retire_staff_member, "staff");
    out.push(get(
        "listCustomers",
        "/customers",
        A::ViewCustomers,
        "List customers that one's centres have dealt with.",
        |conn, actor, _, query: ListQuery| -> Result<Page<CustomerView>> { customers::list_customers(conn, actor, &query) },
    ));
    kept_one!(out, "/customers", ViewCustomers, KeepCustomers, SaveCustomer, json!({"name": "زهرا کریمی", "phones": ["0912 345 6789"]}),
        "getCustomer" => customers::get_customer, "createCustomer", "updateCustomer" => customers::save_customer, "retireCustomer" => customers::retire_customer, "customers");
    out.push(write(
        Method::POST,
        "lookUpCustomer",
        "/customers/look-up",
        A::ViewCustomers,
        "Open a customer of other centres by an exact number; who did is written down.",
        json!({"number": "09123456789"}),
        |tx, _, body: LookUpCustomer| -> Result<CustomerView> { customers::look_up_customer(tx, &body) },
    ));
    out.push(get("listUsers", "/users", A::KeepAccess, "List people who sign in.", |conn, actor, _, query: ListQuery| -> Result<Page<UserView>> {
        users::list_users(conn, actor, &query)
    }));
    let user = || json!({"login": "maryam", "name": "مریم احمدی", "password": "correct horse", "roles": [{"role": "receptionist"}]});
    out.push(
        write(Method::POST, "createUser", "/users", A::KeepAccess, "Make a person who signs in.", user(), |tx, _, body: SaveUser| -> Result<UserView> {
            users::save_user(tx, None, &body)
        })
        .makes(),
    );
    out.push(
        get("getUser", "/users/{id}", A::KeepAccess, "Read a person who signs in.", |conn, actor, call, _: Nothing| -> Result<UserView> {
            users::get_user(conn, actor, call.id())
        })
        .versioned(),
    );
    out.push(
        write(Method::PUT, "updateUser", "/users/{id}", A::KeepAccess, "Change a person who signs in.", user(), |tx, call, body: SaveUser| -> Result<UserView> {
            users::save_user(tx, call.changed(), &body)
        })
        .versioned(),
    );
    out.push(write(
        Method::POST,
        "disableUser",
        "/users/{id}/disable",
        A::KeepAccess,
        "Disable a person; their open work goes back to the pool.",
        json!({}),
        |tx, call, _: Nothing| -> Result<UserView> { users::disable_user(tx, call.id()) },
    ));
    out.push(write(
        Method::POST,
        "resetPassword",
        "/users/{id}/password",
        A::KeepAccess,
        "Give a person a new first password.",
        json!({"password": "correct horse"}),
        |tx, call, body: NewPassword| -> Result<UserView> { users::reset_password(tx, call.id(), &body.password) },
    ));
    out.push(get("listPermissions", "/permissions", A::KeepAccess, "The table of permissions as it holds now.", |conn, _, _, _: Nothing| -> Result<Listed<PermissionView>> {
        Ok(Listed { items: permissions::table(conn)? })
    }));
    out.push(write(
        Method::POST,
        "changePermission",
        "/permissions",
        A::KeepAccess,
        "Change one cell of the table of permissions.",
        json!({"role": "receptionist", "action": "give_goodwill", "is_allowed": true, "percent": 10, "amount": 5_000_000}),
        |tx, _, body: ChangePermission| -> Result<Done> {
            permissions::change_permission(tx, &body)?;
            Ok(Done { done: true })
        },
    ));
    out.push(get("listTokens", "/tokens", A::UseSystem, "List one's own tokens.", |conn, actor, _, _: Nothing| -> Result<Listed<TokenView>> {
        Ok(Listed { items: tokens::list_tokens(conn, actor.user_id.unwrap_or(0))? })
    }));
    out.push(
        write(
            Method::POST,
            "createToken",
            "/tokens",
            A::UseSystem,
            "Make a token for oneself; never with more than one's own rights.",
            json!({"title": "accounting", "days": 30}),
            |tx, _, body: CreateToken| -> Result<NewToken> {
                // A token that is narrowed must not make itself a wider one.
                if tx.actor.scopes.is_some() {
                    return Err(Error::Forbidden(app::Reason::new("narrow-token")));
                }
                Ok(NewToken { secret: tokens::create_token(tx, &body)? })
            },
        )
        .makes(),
    );
    out.push(write(Method::POST, "revokeToken", "/tokens/{id}/revoke", A::UseSystem, "End one of one's own tokens.", json!({}), |tx, call, _: Nothing| -> Result<Done> {
        tokens::revoke_token(tx, call.id())?;
        Ok(Done { done: true })
    }));
}

fn promises(out: &mut Vec<Operation>) {
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
    out.push(write(
        Method::POST,
        "decideCoverage",
        "/coverage/decide",
        A::ViewWork,
        "Decide a case: who pays for each line, and why.",
        case_example(),
        |_, _, body: AnyCase| -> Result<domain::coverage::Decision> {
            domain::coverage::decide_text(&body.0.to_string()).map_err(|error| Error::Invalid(vec![app::Fault::new(error.path, "case-malformed").with("message", error.message)]))
        },
    ));
    out.push(get("listDevices", "/devices", A::ViewWork, "List devices.", |conn, actor, _, query: ListDevices| -> Result<Page<DeviceRow>> {
        devices::list_devices(conn, actor, &query)
    }));
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
    out.push(get("getDevice", "/devices/{id}", A::ViewWork, "Read a device with its tree, covers and events.", |conn, actor, call, _: Nothing| -> Result<DeviceView> {
        devices::get_device(conn, actor, call.id(), call.now)
    }));
    out.push(write(Method::PUT, "updateDevice", "/devices/{id}", A::KeepDevices, "Write down a new owner, meters or a note.", json!({"meters": {"hours": 1200}}), record));
    out.push(write(
        Method::POST,
        "retireDevice",
        "/devices/{id}/retire",
        A::KeepDevices,
        "Note that a device was scrapped today.",
        json!({}),
        |tx, call, _: Nothing| -> Result<DeviceView> {
            let event = AddDeviceEvent { kind: devices::DeviceEventKind::Scrapped, on: tx.today() };
            devices::add_device_event(tx, call.id(), &event)?;
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
                devices::add_device_event(tx, call.id(), &body)?;
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
        |conn, actor, call, query: AskCoverage| -> Result<Explained> { ask_coverage(conn, actor, call.id(), call.now, &query) },
    ));
    out.push(get(
        "listDeviceOperations",
        "/devices/{id}/operations",
        A::ViewWork,
        "All operations on a device, those that no warranty paid included.",
        |conn, actor, call, _: Nothing| -> Result<Operations> { Ok(Operations { items: lookup::device_operations(conn, actor, call.id())? }) },
    ));
    out.push(get("listCards", "/cards", A::ViewWork, "List warranty cards.", |conn, actor, _, query: ListQuery| -> Result<Page<CoverView>> {
        covers::list_cards(conn, actor, &query)
    }));
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
        get("getCard", "/cards/{id}", A::ViewWork, "Read a warranty card.", |conn, actor, call, _: Nothing| -> Result<CoverView> { covers::get_card(conn, actor, call.id()) })
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
        |tx, call, body: app::views::WithReason| -> Result<CoverView> {
            covers::change_cover_state(tx, call.id(), &ChangeCoverState { state: domain::coverage::CoverState::Void, reason: body.reason })
        },
    ));
}

fn record(tx: &mut Tx<'_>, call: &Call<'_>, body: RecordOnDevice) -> Result<DeviceView> {
    devices::record_on_device(tx, call.id(), &body)?;
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

fn visits(out: &mut Vec<Operation>) {
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
    out.push(get("listReceptions", "/receptions", A::ViewWork, "List receptions.", |conn, actor, _, query: ListReceptions| -> Result<Page<ReceptionRow>> {
        reception::list_receptions(conn, actor, &query)
    }));
    out.push(
        get("getReception", "/receptions/{id}", A::ViewWork, "Read a reception.", |conn, actor, call, _: Nothing| -> Result<ReceptionView> {
            reception::get_reception(conn, actor, call.id())
        })
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
            |tx, call, body: CorrectReception| -> Result<ReceptionView> { reception::correct_reception(tx, call.id(), call.version, &body) },
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
            |tx, call, body: CancelReception| -> Result<ReceptionView> { reception::cancel_reception(tx, call.id(), call.version, &body) },
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

fn repairs(out: &mut Vec<Operation>) {
    out.push(get("listRepairs", "/repairs", A::ViewWork, "List repairs.", |conn, actor, call, query: ListRepairs| -> Result<Page<RepairRow>> {
        repair::list_repairs(conn, actor, &query, call.now)
    }));
    out.push(
        get(
            "getRepair",
            "/repairs/{id}",
            A::ViewWork,
            "Read a repair with its lines, who pays, and the ways out of its step.",
            |conn, actor, call, _: Nothing| -> Result<RepairView> { repair::get_repair(conn, actor, call.id(), call.now) },
        )
        .versioned(),
    );
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
        |tx, call, body: DiagnoseRepair| -> Result<CoverageChange> { repair::preview_diagnosis(tx.conn, tx.actor, call.id(), call.now, &body) },
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
        on_repair("estimateRepair", "/repairs/{id}/estimates", A::Estimate, "Make an estimate, or its next revision.", json!({"ask": true}), |tx, call, body: MakeEstimate| {
            repair::estimate_repair(tx, call.id(), &body)
        })
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
        "answerChecklist",
        "/repairs/{id}/checklist",
        A::MoveRepair,
        "Answer the checklist of the step.",
        json!({"items": ["runs"]}),
        |tx, call, body: AnswerChecklist| repair::answer_checklist(tx, call.id(), &body),
    ));
    out.push(
        on_repair("moveRepair", "/repairs/{id}/moves", A::MoveRepair, "Take a way out of the step.", json!({"transition": "to-diagnosis"}), |tx, call, body: MoveRepair| {
            repair::move_repair(tx, call.id(), call.version, &body)
        })
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
    #[serde(default)]
    repair: Option<String>,
}

fn messages(out: &mut Vec<Operation>) {
    out.push(get(
        "listMessages",
        "/messages",
        A::HandOver,
        "The latest messages to customers: without a route they stand on the screen.",
        |conn, _, _, _: Nothing| -> Result<Listed<MessageView>> { Ok(Listed { items: app::messaging::latest(conn, 30)? }) },
    ));
}

fn photos(out: &mut Vec<Operation>) {
    out.push(
        write(
            Method::POST,
            "addPhoto",
            "/photos",
            A::ViewWork,
            "Keep a photo of a repair, or of a device that is about to be received.",
            json!({"content": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "purpose": "finding"}),
            |tx, _, body: AddPhoto| -> Result<AttachmentView> {
                let bytes = base64::engine::general_purpose::STANDARD.decode(body.content.trim()).map_err(|_| Error::invalid("content", "base64"))?;
                let photo = clean_photo(&bytes).map_err(|_| Error::invalid("content", "not-a-photo"))?;
                add_photo(tx, body.repair.as_deref(), body.purpose.unwrap_or(Purpose::Condition), photo)
            },
        )
        .makes()
        .takes_file(),
    );
    out.push(
        file("getPhoto", "/photos/{id}", A::ViewWork, "A photo, for those who see its repair.", |app, actor, call, _: Nothing| app.db().read(|conn| photo(conn, actor, call.id())))
            .answers_photo(),
    );
}

fn money(out: &mut Vec<Operation>) {
    out.push(get(
        "getCustomerAccount",
        "/customers/{id}/account",
        A::ViewMoney,
        "What a customer owes, with the entries that make it.",
        |conn, actor, call, _: Nothing| -> Result<AccountView> { billing::get_account(conn, actor, call.id()) },
    ));
    out.push(get("listInvoices", "/invoices", A::ViewMoney, "List invoices.", |conn, actor, _, query: ListInvoices| -> Result<Page<InvoiceRow>> {
        billing::list_invoices(conn, actor, &query)
    }));
    out.push(get("getInvoice", "/invoices/{id}", A::ViewMoney, "Read an invoice.", |conn, actor, call, _: Nothing| -> Result<InvoiceView> {
        billing::get_invoice(conn, actor, call.id())
    }));
    out.push(
        write(
            Method::POST,
            "recordPayment",
            "/invoices/{id}/payments",
            A::RecordPayment,
            "Record what was paid of an invoice.",
            json!({"method": "card", "amount": 5_720_000}),
            |tx, call, body: RecordPayment| -> Result<PaymentView> { billing::record_payment(tx, call.id(), &body) },
        )
        .makes()
        .once(),
    );
    out.push(
        write(
            Method::POST,
            "correctInvoice",
            "/invoices/{id}/correct",
            A::CorrectInvoice,
            "Correct an invoice by a counter-document.",
            json!({"reason": "a wrong price"}),
            |tx, call, body: CorrectInvoice| -> Result<InvoiceView> { billing::correct_invoice(tx, call.id(), &body) },
        )
        .makes()
        .once(),
    );
    out.push(get(
        "listDocuments",
        "/documents/of/{kind}/{id}",
        A::ViewWork,
        "The papers of a reception, a card or an invoice, newest first.",
        |conn, actor, call, _: Nothing| -> Result<Listed<PaperView>> {
            let kind = call.path.get("kind").map_or("", String::as_str);
            let items = papers_of(conn, kind, call.id())?;
            // Who may not read the paper itself does not learn of it.
            items.first().map(|paper| billing::papers::get_document(conn, actor, &paper.id)).transpose()?;
            Ok(Listed { items })
        },
    ));
    out.push(file("getDocument", "/documents/{id}", A::ViewWork, "A paper as PDF.", |app, actor, call, query: DocumentFormat| {
        crate::pages::papers::draw(app, actor, call.id(), query.format.as_deref())
    }));
}

fn looking(out: &mut Vec<Operation>) {
    out.push(
        get("search", "/search", A::ViewWork, "The one search box: any number, serial or the beginning of a name.", |conn, actor, _, query: Search| -> Result<Found> {
            lookup::search(conn, actor, &query.q)
        })
        .example(json!({"q": "09123456789"})),
    );
    out.push(
        get("getTimeline", "/timeline", A::ViewWork, "What happened to a thing, newest first.", |conn, actor, _, query: GetTimeline| -> Result<Page<TimelineEntry>> {
            lookup::get_timeline(conn, actor, &query)
        })
        .example(json!({"subject": "device", "id": ID})),
    );
    out.push(open(
        "trackReception",
        Method::GET,
        "/track/{number}",
        "What a customer sees with the tracking number: steps, no names, no prices.",
        |app, address, call, _: Nothing| -> Result<TrackView> { track(app.db(), call.path.get("number").map_or("", String::as_str), address) },
    ));
    out.push(get(
        "reportFailureCauses",
        "/reports/failure-causes",
        A::ViewReports,
        "Failures by kind of product or by cause, largest first.",
        |conn, actor, _, query: FailureCauses| -> Result<FailureReport> { Ok(FailureReport { rows: failure_causes(conn, actor, &query)? }) },
    ));
}

/// A problem of an import with its sentence.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Problem {
    #[serde(flatten)]
    problem: ImportProblemView,
    /// In the caller's language.
    message: String,
}

fn exchange(out: &mut Vec<Operation>) {
    out.push(get("listImports", "/imports", A::Import, "List imports, newest first.", |conn, actor, _, query: ListQuery| -> Result<Page<ImportView>> {
        exchange::list_imports(conn, actor, &query)
    }));
    out.push(
        write(
            Method::POST,
            "startImport",
            "/imports",
            A::Import,
            "Import a file of products, customers, devices or Open Repair Data; it runs on by itself.",
            json!({"kind": "customers", "file_name": "customers.csv", "content": "bmFtZSxwaG9uZQpaYWhyYSBLYXJpbWksMDkxMjM0NTY3ODkK", "is_dry_run": true}),
            |tx, _, body: StartImport| -> Result<ImportView> { exchange::start_import(tx, &body) },
        )
        .makes()
        .takes_file(),
    );
    out.push(get("getImport", "/imports/{id}", A::Import, "Read an import with its progress.", |conn, actor, call, _: Nothing| -> Result<ImportView> {
        exchange::get_import(conn, actor, call.id())
    }));
    out.push(get(
        "listImportProblems",
        "/imports/{id}/problems",
        A::Import,
        "What is wrong, by row and column; `next` is the `after_row` of the page that follows.",
        |conn, actor, call, query: ListProblems| -> Result<Page<Problem>> {
            let page = exchange::list_import_problems(conn, actor, call.id(), &query)?;
            let told =
                |problem: ImportProblemView| Problem { message: problem.reason.as_ref().map_or_else(String::new, |reason| crate::problem::sentence(call.lang, reason)), problem };
            Ok(Page { items: page.items.into_iter().map(told).collect(), next: page.next })
        },
    ));
    out.push(write(
        Method::POST,
        "runImport",
        "/imports/{id}/runs",
        A::Import,
        "Run an import that is kept, with other columns or for good after it was tried.",
        json!({"columns": {"name": "نام", "phone": "موبایل"}, "is_whole": true}),
        |tx, call, body: RunImport| -> Result<ImportView> { exchange::run_import(tx, call.id(), &body) },
    ));
    out.push(write(
        Method::POST,
        "cancelImport",
        "/imports/{id}/cancel",
        A::Import,
        "Stop an import; what it wrote stays.",
        json!({}),
        |tx, call, _: CancelImport| -> Result<ImportView> { exchange::cancel_import(tx, call.id()) },
    ));
}
