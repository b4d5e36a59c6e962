//! The people of a centre, who do the work and judge it.
//!
//! Words: a *staff member* has a personnel code in a centre and a specialty; one who signs in is tied to a user.
//! Invariant: a personnel code is unique in its centre.

pub mod rows;

use domain::access::Action;
use domain::identifiers;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::rows::StaffMember;
use crate::catalogue::same_version;
use store::error::{Error, Faults, Result};
use store::query::*;
use store::rights::{Actor, Of};
use store::schema::{centres, memberships, sections, staff, users};
use store::types::At;
use store::views::{Link, ListQuery, Page, containing};
use store::{Conn, Event, Subject, Tx, link, refer};

/// Somebody who works at a centre.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveStaffMember {
    /// Public id of the centre.
    #[schemars(length(max = 60))]
    pub centre: String,
    #[schemars(length(min = 1, max = 30), example = &"1042")]
    pub personnel_code: String,
    #[schemars(length(min = 1, max = 120), example = &"سعید مرادی")]
    pub name: String,
    #[schemars(length(max = 120), example = &"سردسازی")]
    #[serde(default)]
    pub specialty: Option<String>,
    #[schemars(length(max = 30))]
    #[serde(default)]
    pub phone: Option<String>,
    /// Public id of a section of the centre.
    #[schemars(length(max = 60))]
    #[serde(default)]
    pub section: Option<String>,
    /// Name with which they sign in.
    #[schemars(length(max = 60))]
    #[serde(default)]
    pub login: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct StaffMemberView {
    pub id: String,
    pub centre: Link,
    pub personnel_code: String,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub specialty: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section: Option<Link>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    pub version: i64,
    pub is_retired: bool,
}

fn view(conn: &mut Conn, row: StaffMember) -> Result<StaffMemberView> {
    let section = match row.section_id {
        Some(id) => Some(link!(conn, sections, id)),
        None => None,
    };
    let login = match row.user_id {
        Some(id) => users::table.find(id).select(users::login).first(conn).optional()?,
        None => None,
    };
    Ok(StaffMemberView {
        id: row.public_id,
        centre: link!(conn, centres, row.centre_id),
        personnel_code: row.personnel_code,
        name: row.name,
        specialty: row.specialty,
        phone: row.phone,
        section,
        login,
        version: row.version,
        is_retired: row.retired_at.is_some(),
    })
}

fn row_of(conn: &mut Conn, actor: &Actor, public_id: &str) -> Result<StaffMember> {
    let mine = staff::table
        .filter(staff::public_id.eq(public_id))
        .filter(actor.scope_of_any(&[Action::ViewCatalogue, Action::KeepStaff]).rows::<staff::table>());
    mine.select(StaffMember::as_select()).first(conn).optional()?.ok_or(Error::NotFound)
}

/// # Errors
/// `Forbidden`, `NotFound`.
pub fn get_staff_member(conn: &mut Conn, actor: &Actor, public_id: &str) -> Result<StaffMemberView> {
    actor.may(Action::ViewCatalogue, Of::Anything)?;
    let row = row_of(conn, actor, public_id)?;
    view(conn, row)
}

/// # Errors
/// `Forbidden`.
pub fn list_staff(conn: &mut Conn, actor: &Actor, query: &ListQuery) -> Result<Page<StaffMemberView>> {
    actor.may(Action::ViewCatalogue, Of::Anything)?;
    let mine = staff::table
        .filter(staff::retired_at.is_null())
        .filter(actor.scope(Action::ViewCatalogue).rows::<staff::table>());
    let mut select = mine.order(staff::id).select(StaffMember::as_select()).into_boxed();
    if let Some(q) = query.q.as_deref().map(str::trim).filter(|q| !q.is_empty()) {
        let pattern = containing(q);
        select = select.filter(staff::name.like(pattern.clone()).or(staff::personnel_code.like(pattern)));
    }
    if let Some(after) = &query.after {
        select = select.filter(staff::id.gt(row_of(conn, actor, after)?.id));
    }
    let rows = select.limit(query.limit() + 1).load_boxed::<StaffMember>(conn)?;
    let page = Page::of(rows, query.limit(), |row| row.public_id.clone(), |row| row);
    let items = page.items.into_iter().map(|row| view(conn, row)).collect::<Result<_>>()?;
    Ok(Page { items, next: page.next })
}

/// # Errors
/// `Invalid`, `Conflict` on another version.
pub fn save_staff_member(
    tx: &mut Tx<'_>,
    id: Option<(&str, Option<i64>)>,
    command: &SaveStaffMember,
) -> Result<StaffMemberView> {
    tx.actor.may(Action::KeepStaff, Of::Anything)?;
    let old = id.map(|(public_id, _)| row_of(tx.conn, tx.actor, public_id)).transpose()?;
    if let Some(old) = &old {
        tx.actor.may(Action::KeepStaff, Of::Centre(old.centre_id))?;
    }
    if let (Some(old), Some((_, version))) = (&old, id) {
        same_version(old.version, version)?;
    }
    let mut faults = Faults::default();
    let personnel_code = domain::text::fold(&command.personnel_code);
    faults.check(!personnel_code.is_empty(), "personnel_code", "required");
    faults.check(!command.name.trim().is_empty(), "name", "required");
    let phone = faults.normal(command.phone.as_deref(), identifiers::phone, "phone", "phone");
    let centre_id = refer!(faults, tx.conn, centres, Some(&command.centre), "centre").unwrap_or_default();
    // Who keeps no staff there learns nothing of who works there.
    if centre_id != 0 {
        tx.actor.may(Action::KeepStaff, Of::Centre(centre_id))?;
    }
    let section_id = refer!(faults, tx.conn, sections, command.section.as_deref(), "section");
    if let Some(section) = section_id {
        let of = sections::table.find(section).select(sections::centre_id).first::<i64>(tx.conn)?;
        faults.check(of == centre_id, "section", "of-another-centre");
    }
    let taken = staff::table
        .filter(staff::centre_id.eq(centre_id))
        .filter(staff::personnel_code.eq(&personnel_code))
        .select(staff::id)
        .first::<i64>(tx.conn)
        .optional()?;
    faults.check(taken.is_none() || taken == old.as_ref().map(|old| old.id), "personnel_code", "taken");
    let mut user_id = None;
    if let Some(login) = command.login.as_deref().filter(|login| !login.trim().is_empty()) {
        user_id = users::table
            .filter(users::login.eq(domain::text::fold(login)))
            .select(users::id)
            .first::<i64>(tx.conn)
            .optional()?;
        // Who keeps one centre's staff names people who work there, and learns nothing of others.
        let here = memberships::table
            .filter(memberships::centre_id.eq(centre_id))
            .filter(memberships::user_id.eq(user_id.unwrap_or(0)));
        let is_here = here.select(memberships::id).first::<i64>(tx.conn).optional()?.is_some();
        let is_linked = user_id.is_some() && user_id == old.as_ref().and_then(|old| old.user_id);
        faults.check(
            user_id.is_some() && (is_here || is_linked || tx.actor.may(Action::KeepStaff, Of::All).is_ok()),
            "login",
            "unknown-reference",
        );
    }
    faults.told()?;
    let event = Event::Saved { what: "staff_member".to_owned(), code: personnel_code.clone() };
    let row = StaffMember {
        id: 0,
        public_id: old.as_ref().map_or_else(|| tx.public_id(), |old| old.public_id.clone()),
        centre_id,
        section_id,
        user_id,
        personnel_code,
        name: command.name.trim().to_owned(),
        specialty: command.specialty.clone(),
        phone,
        version: old.as_ref().map_or(1, |old| old.version + 1),
        retired_at: None,
    };
    let public_id = row.public_id.clone();
    let id = match old {
        Some(old) => {
            diesel::update(staff::table.find(old.id))
                .set((
                    (
                        staff::centre_id.eq(row.centre_id),
                        staff::section_id.eq(row.section_id),
                        staff::user_id.eq(row.user_id),
                        staff::personnel_code.eq(row.personnel_code),
                    ),
                    (
                        staff::name.eq(row.name),
                        staff::specialty.eq(row.specialty),
                        staff::phone.eq(row.phone),
                        staff::version.eq(row.version),
                    ),
                ))
                .execute(tx.conn)?;
            old.id
        }
        None => diesel::insert_into(staff::table).values(row).returning(staff::id).get_result(tx.conn)?,
    };
    tx.record(Some(centre_id), &event, &[Subject::Object("staff_member", id)])?;
    let row = row_of(tx.conn, tx.actor, &public_id)?;
    view(tx.conn, row)
}

/// # Errors
/// `Forbidden`, `NotFound`, `Conflict` on another version.
pub fn retire_staff_member(tx: &mut Tx<'_>, public_id: &str, version: Option<i64>) -> Result<StaffMemberView> {
    let row = row_of(tx.conn, tx.actor, public_id)?;
    tx.actor.may(Action::KeepStaff, Of::Centre(row.centre_id))?;
    same_version(row.version, version)?;
    diesel::update(staff::table.find(row.id))
        .set((staff::retired_at.eq(Some(At::from(tx.now))), staff::version.eq(row.version + 1)))
        .execute(tx.conn)?;
    tx.record(
        Some(row.centre_id),
        &Event::Retired { what: "staff_member".to_owned(), code: row.personnel_code },
        &[Subject::Object("staff_member", row.id)],
    )?;
    let row = row_of(tx.conn, tx.actor, public_id)?;
    view(tx.conn, row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{MANAGER, TECHNICIAN, in_a_house, told};

    #[test]
    fn a_login_is_tied_by_who_keeps_the_staff_of_its_centre() {
        in_a_house(|house| {
            let save = |by: &str, login: &str| {
                let command = SaveStaffMember {
                    centre: house.centre.clone(),
                    personnel_code: login.to_owned(),
                    name: login.to_owned(),
                    specialty: None,
                    phone: None,
                    section: None,
                    login: Some(login.to_owned()),
                };
                told(house.by(by, |tx| save_staff_member(tx, None, &command)))
            };
            assert_eq!(save(MANAGER, TECHNICIAN), "done");
            assert_eq!(
                save(MANAGER, "admin"),
                "login: unknown-reference",
                "who works everywhere is none of this centre's"
            );
            assert_eq!(save(MANAGER, "nobody"), "login: unknown-reference", "and is told as one who is not there");
            assert_eq!(save("admin", "admin"), "done", "by who keeps the staff of all centres");
        });
    }
}
