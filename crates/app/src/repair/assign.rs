//! Who works on a repair: a person, or the pool.

use domain::access::{Action, Role};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::session;
use crate::repair::work::{in_hand, seen};
use store::error::{Error, OrInvalid, Result};
use store::query::*;
use store::rights::Actor;
use store::rights::permissions::Permissions;
use store::schema::{memberships, repairs, users};
use store::{Conn, Event, Subject, Tx};

/// Gives a repair to a person of its centre, or back to the pool.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignRepair {
    /// Name with which they sign in; absent: the pool.
    #[schemars(length(max = 100))]
    #[serde(default)]
    pub login: Option<String>,
}

/// # Errors
/// `NotFound`; `Invalid` where the person is not of the repair's centre.
pub fn assign_repair(tx: &mut Tx<'_>, public_id: &str, command: &AssignRepair) -> Result<()> {
    let repair = in_hand(tx, public_id, Action::MoveRepair)?;
    let assignee = match command.login.as_deref().filter(|login| !login.trim().is_empty()) {
        Some(login) => {
            let person = session::actor_by_login(tx.conn, login).or_invalid("login", "unknown-reference")?;
            if !person.scope(Action::DoWork).holds(repair.of()) {
                return Err(Error::invalid("login", "unknown-reference"));
            }
            person.user_id
        }
        None => None,
    };
    diesel::update(repairs::table.find(repair.id))
        .set((repairs::assignee_user_id.eq(assignee), repairs::version.eq(repair.version + 1)))
        .execute(tx.conn)?;
    tx.record(
        (repair.centre_id, repair.brand_id),
        &Event::Saved { what: "assignee".to_owned(), code: repair.number.clone() },
        &[Subject::Repair(repair.id)],
    )?;
    Ok(())
}

/// Somebody to whom a repair can be given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Assignee {
    pub login: String,
    pub name: String,
}

/// Who may work on a repair where it is, by name.
///
/// # Errors
/// `Forbidden`, `NotFound`.
pub fn list_assignees(conn: &mut Conn, actor: &Actor, public_id: &str) -> Result<Vec<Assignee>> {
    let repair = seen(conn, actor, public_id, Action::MoveRepair)?;
    actor.may(Action::MoveRepair, repair.of())?;
    let permissions = Permissions::load(conn)?;
    let workers = Role::ALL
        .iter()
        .filter(|role| permissions.of(**role, Action::DoWork).is_some())
        .map(|role| role.name())
        .collect::<Vec<_>>();
    let there = memberships::table
        .filter(memberships::role.eq_any(workers))
        .filter(memberships::centre_id.is_null().or(memberships::centre_id.eq(repair.centre_id)))
        .filter(memberships::brand_id.is_null().or(memberships::brand_id.eq(repair.brand_id)))
        .select(memberships::user_id);
    let people = users::table
        .filter(users::disabled_at.is_null())
        .filter(users::id.eq_any(there))
        .order(users::name)
        .select((users::login, users::name));
    Ok(people.load::<(String, String)>(conn)?.into_iter().map(|(login, name)| Assignee { login, name }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{RECEPTIONIST, TECHNICIAN, in_a_house};

    #[test]
    fn work_is_given_to_who_may_do_it_and_back_to_the_pool() {
        in_a_house(|house| {
            house.at("1405/09/02 08:00");
            let customer = house.customer("زهرا کریمی", "09123456789");
            let device = house.device("TV-1", "T-1", "1404/01/15", &[]);
            let repair = house.receive(&customer, &[(&device, "no-power")]).repairs[0].id.clone();
            let offered =
                house.db.read(|conn| list_assignees(conn, &house.person(RECEPTIONIST), &repair)).expect("people");
            let logins = offered.iter().map(|person| person.login.as_str()).collect::<Vec<_>>();
            assert!(logins.contains(&TECHNICIAN) && !logins.contains(&RECEPTIONIST), "{logins:?}");
            let give = |login: Option<&str>| {
                house.by(RECEPTIONIST, |tx| {
                    assign_repair(tx, &repair, &AssignRepair { login: login.map(str::to_owned) })
                })
            };
            give(Some(TECHNICIAN)).expect("given");
            assert_eq!(house.repair(&repair).assignee, Some(house.person(TECHNICIAN).name));
            give(Some("")).expect("back");
            assert_eq!(house.repair(&repair).assignee, None);
            assert!(matches!(give(Some("nobody")), Err(Error::Invalid(faults)) if faults[0].path == "login"));
        });
    }
}
