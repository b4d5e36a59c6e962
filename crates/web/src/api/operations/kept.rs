//! What is kept by forms: organisation, catalogue, staff, customers, users and tokens.

use app::access::log::{ListSecurityLog, SecurityEntry, list_security_log};
use app::access::tokens::{self, CreateToken, TokenView};
use app::access::users::{self, FirstPassword, HashedUser, SaveUser, UserView};
use app::catalogue::faults::{self, SaveCause, SaveFault};
use app::catalogue::installation::{self, ChangeInstallation, InstallationView, SetVatRate};
use app::catalogue::legal_entities::{self as legal, SaveLegalEntity};
use app::catalogue::organisation::{self as org, SaveBrand, SaveCentre, SaveSection};
use app::catalogue::products::{self, ListProducts, ProductView, SaveProduct, SaveProductKind};
use app::catalogue::services::{self, SaveService};
use app::customers::{self, CustomerView, LookUpCustomer, SaveCustomer};
use app::jobs::{ListTasks, TaskView, list_tasks, start_task_again};
use app::personal::erase::{EraseCustomer, Erased, erase_customer};
use app::personal::export::{PersonalData, export_customer};
use app::personal::opened::note_opened;
use app::staff::{self, SaveStaffMember};
use axum::http::Method;
use domain::access::Action as A;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::error::{Error, Result};
use store::rights::permissions;
use store::rights::permissions::{ChangePermission, PermissionView};
use store::views::{ListQuery, Page};

use super::{Done, ID, Listed, title};
use crate::api::{Nothing, Operation, get, prepared, write};

/// A token that was made: its secret is told here and never again.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct NewToken {
    secret: String,
}

/// A first password for somebody.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    #[schemars(length(min = 8, max = 200))]
    password: String,
}

pub(super) fn organisation(out: &mut Vec<Operation>) {
    out.push(get(
        "getInstallation",
        "/installation",
        A::ViewCatalogue,
        "What holds for the whole installation: currency, calendar, VAT.",
        |conn, actor, _, _: Nothing| -> Result<InstallationView> { installation::get_installation(conn, actor) },
    ));
    out.push(write(
        Method::POST,
        "changeInstallation",
        "/installation",
        A::KeepOrganisation,
        "Change in what amounts are shown and typed; the accounts stay in their currency.",
        json!({"money_unit": "toman"}),
        |tx, _, body: ChangeInstallation| -> Result<InstallationView> { installation::change_installation(tx, &body) },
    ));
    out.push(write(
        Method::POST,
        "setVatRate",
        "/installation/vat-rates",
        A::KeepOrganisation,
        "Set the VAT from a day on, or take that day's rate back.",
        json!({"from": "2027-03-21", "percent": 12}),
        |tx, _, body: SetVatRate| -> Result<InstallationView> { installation::set_vat_rate(tx, &body) },
    ));
    kept!(out, "/legal-entities", KeepOrganisation, SaveLegalEntity, json!({"name": "خدمات سِرمان", "roles": ["legal_entity"]}),
        "listLegalEntities" => legal::list_legal_entities, "getLegalEntity" => legal::get_legal_entity, "createLegalEntity", "updateLegalEntity" => legal::save_legal_entity, "retireLegalEntity" => legal::retire_legal_entity, "legal entities");
    kept!(out, "/brands", KeepOrganisation, SaveBrand, json!({"code": "SERMAN", "title": title(), "maker": ID}),
        "listBrands" => org::list_brands, "getBrand" => org::get_brand, "createBrand", "updateBrand" => org::save_brand, "retireBrand" => org::retire_brand, "brands");
    kept!(out, "/centres", KeepOrganisation, SaveCentre, json!({"code": "02", "title": title(), "legal_entity": ID, "diagnosis_fee": 600_000}),
        "listCentres" => org::list_centres, "getCentre" => org::get_centre, "createCentre", "updateCentre" => org::save_centre, "retireCentre" => org::retire_centre, "centres");
    kept!(out, "/sections", KeepOrganisation, SaveSection, json!({"centre": ID, "code": "COOL", "title": title()}),
        "listSections" => org::list_sections, "getSection" => org::get_section, "createSection", "updateSection" => org::save_section, "retireSection" => org::retire_section, "sections");
}

pub(super) fn catalogue(out: &mut Vec<Operation>) {
    kept!(out, "/product-kinds", KeepCatalogue, SaveProductKind, json!({"code": "fridge", "title": title()}),
        "listProductKinds" => products::list_product_kinds, "getProductKind" => products::get_product_kind, "createProductKind", "updateProductKind" => products::save_product_kind, "retireProductKind" => products::retire_product_kind, "kinds of product");
    out.push(get(
        "listProducts",
        "/products",
        A::ViewCatalogue,
        "List products.",
        |conn, actor, _, query: ListProducts| -> Result<Page<ProductView>> {
            products::list_products(conn, actor, &query)
        },
    ));
    kept_one!(out, "/products", ViewCatalogue, KeepCatalogue, SaveProduct, json!({"code": "SRF-7300", "title": title(), "kind": ID, "brand": ID}),
        "getProduct" => products::get_product, "createProduct", "updateProduct" => products::save_product, "retireProduct" => products::retire_product, "products");
    kept!(out, "/services", KeepCatalogue, SaveService, json!({"code": "SVC-COMP", "title": {"fa": "تعویض کمپرسور", "en": "Replace the compressor"}, "line_type": "labour", "price": 24_000_000}),
        "listServices" => services::list_services, "getService" => services::get_service, "createService", "updateService" => services::save_service, "retireService" => services::retire_service, "services");
    kept!(out, "/faults", KeepCatalogue, SaveFault, json!({"code": "C01", "title": {"fa": "خنک نمی‌کند", "en": "Does not cool"}}),
        "listFaults" => faults::list_faults, "getFault" => faults::get_fault, "createFault", "updateFault" => faults::save_fault, "retireFault" => faults::retire_fault, "faults");
    kept!(out, "/causes", KeepCatalogue, SaveCause, json!({"code": "liquid", "title": {"fa": "نفوذ مایعات", "en": "Liquid"}}),
        "listCauses" => faults::list_causes, "getCause" => faults::get_cause, "createCause", "updateCause" => faults::save_cause, "retireCause" => faults::retire_cause, "causes");
}

fn hashed(db: &store::Db, _: &store::rights::Actor, body: SaveUser) -> Result<HashedUser> {
    body.hashed(db.random())
}

pub(super) fn people(out: &mut Vec<Operation>) {
    kept!(out, "/staff", KeepStaff, SaveStaffMember, json!({"centre": ID, "personnel_code": "1042", "name": "سعید مرادی", "specialty": "سردسازی"}),
        "listStaff" => staff::list_staff, "getStaffMember" => staff::get_staff_member, "createStaffMember", "updateStaffMember" => staff::save_staff_member, "retireStaffMember" => staff::retire_staff_member, "staff");
    out.push(get(
        "listCustomers",
        "/customers",
        A::ViewCustomers,
        "List customers that one's centres have dealt with.",
        |conn, actor, _, query: ListQuery| -> Result<Page<CustomerView>> {
            customers::list_customers(conn, actor, &query)
        },
    ));
    kept_one!(out, "/customers", ViewCustomers, KeepCustomers, SaveCustomer, json!({"name": "زهرا کریمی", "phones": ["0912 345 6789"]}),
        "getCustomer" => customers::get_customer, "createCustomer", "updateCustomer" => customers::save_customer, "retireCustomer" => customers::retire_customer, "customers");
    if let Some(read) = out.iter_mut().find(|operation| operation.id == "getCustomer") {
        read.note = Some(note_opened);
    }
    out.push(write(
        Method::POST,
        "lookUpCustomer",
        "/customers/look-up",
        A::ViewCustomers,
        "Open a customer of other centres by an exact number; who did is written down.",
        json!({"number": "09123456789"}),
        |tx, _, body: LookUpCustomer| -> Result<CustomerView> { customers::look_up_customer(tx, &body) },
    ));
    out.push(write(
        Method::POST,
        "exportCustomer",
        "/customers/{id}/export",
        A::KeepPersonalData,
        "Tell all that is kept of a customer; who asked is written down.",
        json!({}),
        |tx, call, _: Nothing| -> Result<PersonalData> { export_customer(tx, call.id()) },
    ));
    out.push(write(
        Method::POST,
        "eraseCustomer",
        "/customers/{id}/erase",
        A::KeepPersonalData,
        "Erase what is kept of a customer as a person. Issued papers stay; it cannot be undone.",
        json!({"reason": "letter 1405/214 of the customer"}),
        |tx, call, body: EraseCustomer| -> Result<Erased> { erase_customer(tx, call.id(), &body) },
    ));
    out.push(get(
        "listUsers",
        "/users",
        A::KeepAccess,
        "List people who sign in.",
        |conn, actor, _, query: ListQuery| -> Result<Page<UserView>> { users::list_users(conn, actor, &query) },
    ));
    let user = || json!({"login": "maryam", "name": "مریم احمدی", "password": "correct horse", "roles": [{"role": "receptionist"}]});
    out.push(
        prepared(
            Method::POST,
            "createUser",
            "/users",
            A::KeepAccess,
            "Make a person who signs in.",
            user(),
            (hashed, |tx, _, body| -> Result<UserView> { users::save_user(tx, None, body) }),
        )
        .hashes()
        .makes(),
    );
    out.push(
        get(
            "getUser",
            "/users/{id}",
            A::KeepAccess,
            "Read a person who signs in.",
            |conn, actor, call, _: Nothing| -> Result<UserView> { users::get_user(conn, actor, call.id()) },
        )
        .versioned(),
    );
    out.push(
        prepared(
            Method::PUT,
            "updateUser",
            "/users/{id}",
            A::KeepAccess,
            "Change a person who signs in.",
            user(),
            (hashed, |tx, call, body| -> Result<UserView> { users::save_user(tx, call.changed(), body) }),
        )
        .hashes()
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
    let reset = prepared(
        Method::POST,
        "resetPassword",
        "/users/{id}/password",
        A::KeepAccess,
        "Give a person a new first password.",
        json!({"password": "correct horse"}),
        (
            |db, _, body: NewPassword| FirstPassword::of(body.password, db.random()),
            |tx, call, first| -> Result<UserView> { users::reset_password(tx, call.id(), first) },
        ),
    );
    out.push(reset.hashes());
    out.push(get(
        "listPermissions",
        "/permissions",
        A::KeepAccess,
        "The table of permissions as it holds now.",
        |conn, _, _, _: Nothing| -> Result<Listed<PermissionView>> { Ok(Listed { items: permissions::table(conn)? }) },
    ));
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
    out.push(get(
        "listSecurityLog",
        "/security-log",
        A::ViewAudit,
        "The security log, newest first: who came in, who was refused, whose rights changed, who was shown what is personal.",
        |conn, actor, _, query: ListSecurityLog| -> Result<Page<SecurityEntry>> { list_security_log(conn, actor, &query) },
    ));
    out.push(get(
        "listTasks",
        "/tasks",
        A::KeepAccess,
        "List what is done beside the pages, queued last first: what waits, what is tried again, and what was parked with its error.",
        |conn, actor, _, query: ListTasks| -> Result<Page<TaskView>> { list_tasks(conn, actor, &query) },
    ));
    out.push(write(
        Method::POST,
        "startTaskAgain",
        "/tasks/{id}/again",
        A::KeepAccess,
        "Start again what was parked.",
        json!({}),
        |tx, call, _: Nothing| -> Result<TaskView> { start_task_again(tx, call.id()) },
    ));
    out.push(get(
        "listTokens",
        "/tokens",
        A::UseSystem,
        "List one's own tokens.",
        |conn, actor, _, _: Nothing| -> Result<Listed<TokenView>> {
            Ok(Listed { items: tokens::list_tokens(conn, actor.user_id.unwrap_or(0))? })
        },
    ));
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
                    return Err(Error::Forbidden(store::error::Reason::new("narrow-token")));
                }
                Ok(NewToken { secret: tokens::create_token(tx, &body)? })
            },
        )
        .secret()
        .makes(),
    );
    out.push(write(
        Method::POST,
        "revokeToken",
        "/tokens/{id}/revoke",
        A::UseSystem,
        "End one of one's own tokens.",
        json!({}),
        |tx, call, _: Nothing| -> Result<Done> {
            tokens::revoke_token(tx, call.id())?;
            Ok(Done { done: true })
        },
    ));
}
