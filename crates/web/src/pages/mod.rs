//! Pages, by slice. Each is a function that reads a view and renders the template of its name; every form of a page
//! posts to `act`, which runs the same operation as the API.

mod act;
pub(crate) mod choices;
mod entry;
pub(crate) mod frame;
mod imports;
mod installation;
mod keep;
mod lists;
mod me;
mod objects;
pub(crate) mod papers;
mod photos;
mod public;
mod reasons;
mod receive;
mod repair;
pub(crate) mod report;
mod second_factor;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::state::App;

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/", get(lists::home))
        .route("/sign-in", get(entry::form).post(entry::sign_in))
        .route("/sign-in/code", get(entry::code_form).post(entry::code))
        .route("/sign-out", post(entry::sign_out))
        .route("/language", post(entry::language))
        .route("/centre", post(entry::centre))
        .route("/switch", post(entry::switch))
        .route("/demo/remove", post(entry::remove_demo))
        .route("/setup", get(entry::setup_form).post(entry::setup))
        .route("/health", get(entry::health))
        .route("/me", get(me::show))
        .route("/me/password", post(me::password))
        .route("/me/pin", post(me::pin))
        .route("/me/tokens", post(me::token))
        .route("/me/sessions/end", post(me::end_sessions))
        .route("/me/second-factor", get(second_factor::show).post(second_factor::on))
        .route("/me/second-factor/off", post(me::second_factor_off))
        .route("/messages", get(me::messages))
        .route("/search", get(lists::search))
        .route("/choices", get(choices::offer))
        .route("/receive", get(receive::form).post(receive::receive))
        .route("/receive/answer", get(receive::answer))
        .route("/receptions", get(lists::receptions))
        .route("/receptions/{id}", get(objects::reception))
        .route("/repairs", get(lists::repairs))
        .route("/repairs/{id}", get(repair::show))
        .route("/repairs/{id}/passcode", post(repair::passcode))
        .route("/repairs/{id}/preview", get(repair::preview))
        .route("/devices", get(lists::devices))
        .route("/devices/{id}", get(objects::device))
        .route("/cards", get(lists::cards))
        .route("/cards/{id}", get(objects::card))
        .route("/customers", get(lists::customers))
        .route("/customers/{id}", get(objects::customer))
        .route("/customers/{id}/export", post(objects::customer_export))
        .route("/invoices", get(lists::invoices))
        .route("/invoices/{id}", get(objects::invoice))
        .route("/documents/{id}", get(papers::show))
        .route("/photos", post(photos::upload).layer(DefaultBodyLimit::max(photos::MOST)))
        .route("/photos/{id}", get(photos::show))
        .route("/reports/failure-causes", get(report::failure_causes))
        .route("/imports", get(imports::list).merge(post(imports::upload).layer(DefaultBodyLimit::max(imports::MOST))))
        .route("/imports/{id}", get(imports::one))
        .route("/imports/{id}/progress", get(imports::progress))
        .route("/imports/{id}/problems.csv", get(imports::problems))
        .route("/keep", get(keep::index))
        .route("/keep/installation", get(installation::show))
        .route("/keep/permissions", get(installation::permissions))
        .route("/keep/security-log", get(lists::security_log))
        .route("/keep/tasks", get(lists::tasks))
        .route("/keep/{what}", get(keep::list))
        .route("/keep/{what}/{id}", get(keep::edit))
        .route("/do/{operation}", post(act::act))
        .route("/do/{operation}/{id}", post(act::act))
        .route("/t", get(public::ask))
        .route("/t/{number}", get(public::show))
}
