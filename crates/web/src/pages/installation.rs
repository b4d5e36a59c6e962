//! What the administrator keeps for the whole installation: in what amounts are shown, VAT, and who may do what.

use app::catalogue::installation::{InstallationView, get_installation};
use app::personal::retention::Retention;
use askama::Template;
use axum::extract::RawQuery;
use axum::response::Response;
use domain::access::{Action, AskedOf, Role};
use domain::money::Unit;
use store::rights::Of;
use store::rights::permissions::{PermissionView, table};

use super::frame::{Attempt, Page, Person, show as answer};
use crate::form::{asked, text};

#[derive(Template)]
#[template(path = "installation.html")]
struct Installation {
    p: Page,
    view: InstallationView,
    /// Names of the units in which the accounts' currency can be shown.
    units: Vec<&'static str>,
    /// Names of those of whom a second factor can be asked.
    asked_of: Vec<&'static str>,
    kept: Vec<Kept>,
}

/// For how many months a kind is kept, and what can be chosen.
struct Kept {
    name: &'static str,
    months: i64,
    choices: Vec<i64>,
}

/// Months that are offered; another number is set over the API. 0 is for ever.
const MONTHS: [i64; 8] = [0, 3, 6, 12, 24, 36, 60, 120];

fn kept(retention: Retention) -> Vec<Kept> {
    let kinds = [
        ("photos", retention.photos),
        ("messages", retention.messages),
        ("import_files", retention.import_files),
        ("customers", retention.customers),
    ];
    let choices = |months| MONTHS.into_iter().chain((!MONTHS.contains(&months)).then_some(months)).collect();
    kinds.into_iter().map(|(name, months)| Kept { name, months, choices: choices(months) }).collect()
}

pub(crate) async fn show(person: Person) -> Response {
    page(person, None).await
}

/// The page, with what was tried on it.
pub(crate) async fn page(person: Person, attempt: Option<Attempt>) -> Response {
    match person.read(get_installation).await {
        Ok(view) => {
            let units = Unit::ALL.iter().filter(|unit| unit.currency == view.currency).map(|unit| unit.name).collect();
            let p = person.page("keep", person.lang.t("keep-installation")).with(attempt);
            answer(
                p.status(),
                &Installation {
                    p,
                    kept: kept(view.retention),
                    view,
                    units,
                    asked_of: AskedOf::ALL.iter().map(|asked| asked.name()).collect(),
                },
            )
        }
        Err(response) => response,
    }
}

#[derive(Template)]
#[template(path = "permissions.html")]
struct Permissions {
    p: Page,
    role: &'static str,
    roles: Vec<&'static str>,
    rows: Vec<PermissionView>,
}

impl Permissions {
    /// The amount up to which a role may go, as it is typed; empty where there is no limit.
    fn amount(&self, row: &PermissionView) -> String {
        row.amount.map_or_else(String::new, |amount| self.p.amount(&amount))
    }
}

pub(crate) async fn permissions(person: Person, RawQuery(query): RawQuery) -> Response {
    match asked(query.as_deref(), &["role"]) {
        Ok(fields) => permissions_page(person, &text(&fields, "role"), None).await,
        Err(error) => person.error(&error),
    }
}

/// The page of a role, with what was tried on it; of the receptionist where there is no such role.
pub(crate) async fn permissions_page(person: Person, role: &str, attempt: Option<Attempt>) -> Response {
    let role = Role::named(role).unwrap_or(Role::Receptionist);
    let read = person.read(move |conn, actor| {
        actor.may(Action::KeepAccess, Of::All)?;
        Ok(table(conn)?.into_iter().filter(|cell| cell.role == role && cell.action != Action::UseSystem).collect())
    });
    match read.await {
        Ok(rows) => {
            let p = person.page("keep", person.lang.t("keep-permissions")).with(attempt);
            answer(
                p.status(),
                &Permissions { p, role: role.name(), roles: Role::ALL.iter().map(|role| role.name()).collect(), rows },
            )
        }
        Err(response) => response,
    }
}
