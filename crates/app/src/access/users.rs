//! People who sign in: made, changed, disabled and reset by an administrator.

use domain::access::{Action, Role};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rows::{Membership, User};
use super::session::end_all;
use super::{second_factor, secrets};
use store::error::{Error, Faults, Result};
use store::query::*;
use store::rights::{Actor, Member, Of};
use store::schema::{brands, centres, memberships, repairs, users};
use store::types::At;
use store::views::{ListQuery, Page, containing};
use store::{Conn, Event, Subject, Tx, refer};

/// A person who signs in, with their roles.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveUser {
    /// The name to sign in with.
    #[schemars(length(min = 2, max = 60), example = &"maryam")]
    pub login: String,
    #[schemars(length(min = 1, max = 120), example = &"مریم احمدی")]
    pub name: String,
    #[schemars(regex(pattern = "^(fa|en)$"))]
    #[serde(default)]
    pub language: Option<String>,
    /// A first password, to be changed at the first sign-in. Needed for a new person.
    #[schemars(length(min = 8, max = 200))]
    #[serde(default)]
    pub password: Option<String>,
    #[schemars(length(min = 1, max = 50))]
    pub roles: Vec<SaveMembership>,
}

/// A role in a centre and a brand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveMembership {
    pub role: Role,
    /// Public id of a centre; absent: all.
    #[schemars(length(max = 60))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub centre: Option<String>,
    /// A brand, as `listChoices` names it; absent: all.
    #[schemars(length(max = 200))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
}

/// A first password with its hash: hashing takes long and much memory, and is done before a write begins.
#[derive(Clone, Debug)]
pub struct FirstPassword {
    plain: String,
    hash: String,
}

impl FirstPassword {
    /// # Errors
    /// Where it cannot be hashed.
    pub fn of(plain: String, random: u128) -> Result<Self> {
        let hash = secrets::hash_password(&plain, random)?;
        Ok(Self { plain, hash })
    }
}

/// A person as they are saved, with the first password hashed.
#[derive(Clone, Debug)]
pub struct HashedUser {
    command: SaveUser,
    password: Option<FirstPassword>,
}

impl SaveUser {
    /// # Errors
    /// As `FirstPassword::of`.
    pub fn hashed(mut self, random: u128) -> Result<HashedUser> {
        let password = self.password.take().map(|plain| FirstPassword::of(plain, random)).transpose()?;
        Ok(HashedUser { command: self, password })
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct UserView {
    pub id: String,
    pub login: String,
    pub name: String,
    pub language: String,
    pub is_disabled: bool,
    pub roles: Vec<SaveMembership>,
    pub version: i64,
}

fn view(conn: &mut Conn, row: User) -> Result<UserView> {
    let rows = memberships::table
        .left_join(centres::table.on(memberships::centre_id.eq(centres::id.nullable())))
        .left_join(brands::table.on(memberships::brand_id.eq(brands::id.nullable())))
        .filter(memberships::user_id.eq(row.id))
        .order(memberships::id)
        .select((memberships::role, centres::public_id.nullable(), brands::public_id.nullable()))
        .load::<(String, Option<String>, Option<String>)>(conn)?;
    let roles = rows
        .into_iter()
        .filter_map(|(role, centre, brand)| Some(SaveMembership { role: Role::named(&role)?, centre, brand }))
        .collect();
    Ok(UserView {
        id: row.public_id,
        login: row.login,
        name: row.name,
        language: row.language,
        is_disabled: row.disabled_at.is_some(),
        roles,
        version: row.version,
    })
}

fn by_id(conn: &mut Conn, public_id: &str) -> Result<User> {
    users::table
        .filter(users::public_id.eq(public_id))
        .select(User::as_select())
        .first(conn)
        .optional()?
        .ok_or(Error::NotFound)
}

/// How a person stands to one who keeps access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// All that they may is within where the other keeps access.
    Theirs,
    /// Some of it is.
    Partly,
    Elsewhere,
}

fn standing(conn: &mut Conn, actor: &Actor, row: &User) -> Result<Standing> {
    let rows = memberships::table
        .filter(memberships::user_id.eq(row.id))
        .select(Membership::as_select())
        .load::<Membership>(conn)?;
    let is_mine = |row: &&Membership| {
        Role::named(&row.role)
            .is_some_and(|role| may_give(actor, Member { role, centre_id: row.centre_id, brand_id: row.brand_id }))
    };
    Ok(match rows.iter().filter(is_mine).count() {
        all if all == rows.len() => Standing::Theirs,
        0 => Standing::Elsewhere,
        _ => Standing::Partly,
    })
}

/// The row of a person whose access is the actor's to change as a whole.
///
/// # Errors
/// `NotFound`; `Forbidden` where they may more elsewhere.
fn wholly_theirs(tx: &mut Tx<'_>, public_id: &str) -> Result<User> {
    tx.actor.may(Action::KeepAccess, Of::Anything)?;
    let row = by_id(tx.conn, public_id)?;
    match standing(tx.conn, tx.actor, &row)? {
        Standing::Theirs => Ok(row),
        Standing::Partly => Err(tx.actor.refusal(Action::KeepAccess)),
        Standing::Elsewhere => Err(Error::NotFound),
    }
}

/// # Errors
/// `Forbidden`, `NotFound`.
pub fn get_user(conn: &mut Conn, actor: &Actor, public_id: &str) -> Result<UserView> {
    actor.may(Action::KeepAccess, Of::Anything)?;
    let row = by_id(conn, public_id)?;
    if standing(conn, actor, &row)? == Standing::Elsewhere { Err(Error::NotFound) } else { view(conn, row) }
}

/// # Errors
/// `Forbidden`.
pub fn list_users(conn: &mut Conn, actor: &Actor, query: &ListQuery) -> Result<Page<UserView>> {
    actor.may(Action::KeepAccess, Of::Anything)?;
    let mut select = users::table.order(users::id).select(User::as_select()).limit(query.limit() + 1).into_boxed();
    if !actor.scope(Action::KeepAccess).holds(Of::All) {
        // Few keep access in a part of the house, and few people work there.
        let rows = users::table.order(users::id).select(User::as_select()).load::<User>(conn)?;
        let mut mine = Vec::new();
        for row in rows {
            if standing(conn, actor, &row)? != Standing::Elsewhere {
                mine.push(row.id);
            }
        }
        select = select.filter(users::id.eq_any(mine));
    }
    if let Some(q) = query.folded() {
        let pattern = containing(&q);
        select = select.filter(users::login.like(pattern.clone()).or(users::name.like(pattern)));
    }
    if let Some(after) = &query.after {
        select = select.filter(users::id.gt(by_id(conn, after)?.id));
    }
    let rows = select.load_boxed::<User>(conn)?;
    let page = Page::of(rows, query.limit(), |row| row.public_id.clone(), |row| row);
    let items = page.items.into_iter().map(|row| view(conn, row)).collect::<Result<_>>()?;
    Ok(Page { items, next: page.next })
}

/// Makes a person, or changes one (`id`).
///
/// # Errors
/// `Invalid`, `Conflict` on another version.
pub fn save_user(
    tx: &mut Tx<'_>,
    id: Option<(&str, Option<i64>)>,
    HashedUser { command, password }: &HashedUser,
) -> Result<UserView> {
    tx.actor.may(Action::KeepAccess, Of::Anything)?;
    let old = id.map(|(public_id, _)| wholly_theirs(tx, public_id)).transpose()?;
    if let (Some(old), Some((_, version))) = (&old, id) {
        crate::catalogue::same_version(old.version, version)?;
    }
    let login = domain::text::fold(&command.login).replace(' ', "");
    let mut faults = Faults::default();
    faults.check(login.chars().count() >= 2, "login", "too-short");
    faults.check(domain::text::is_plain_name(&login), "login", "login-letters");
    faults.check(!command.name.trim().is_empty(), "name", "required");
    faults.check(!command.roles.is_empty(), "roles", "required");
    let taken = users::table.filter(users::login.eq(&login)).select(users::id).first::<i64>(tx.conn).optional()?;
    faults.check(taken.is_none() || taken == old.as_ref().map(|old| old.id), "login", "taken");
    match password {
        Some(first) => {
            secrets::check_password(&mut faults, &first.plain, &[&login, &command.name], "password");
            faults.check(old.as_ref().is_none_or(|old| Some(old.id) != tx.actor.user_id), "password", "own-password");
        }
        None => faults.check(old.is_some(), "password", "required"),
    }
    let mut members = Vec::new();
    for (index, role) in command.roles.iter().enumerate() {
        let centre = refer!(faults, tx.conn, centres, role.centre.as_deref(), format!("roles[{index}].centre"));
        let brand = refer!(faults, tx.conn, brands, role.brand.as_deref(), format!("roles[{index}].brand"));
        members.push((role.role, centre, brand));
    }
    faults.told()?;
    // Nobody gives a right beyond where they keep access themselves.
    if members.iter().any(|(role, centre_id, brand_id)| {
        !may_give(tx.actor, Member { role: *role, centre_id: *centre_id, brand_id: *brand_id })
    }) {
        return Err(tx.actor.refusal(Action::KeepAccess));
    }
    let password_hash = password.as_ref().map(|first| first.hash.clone());
    let language = command.language.clone().unwrap_or_else(|| "fa".to_owned());
    let user_id = match &old {
        Some(old) => {
            diesel::update(users::table.find(old.id))
                .set((
                    users::login.eq(&login),
                    users::name.eq(command.name.trim()),
                    users::language.eq(&language),
                    users::version.eq(old.version + 1),
                ))
                .execute(tx.conn)?;
            if let Some(hash) = &password_hash {
                diesel::update(users::table.find(old.id))
                    .set((
                        users::password_hash.eq(hash),
                        users::must_change_password.eq(true),
                        users::pin_hash.eq(None::<String>),
                    ))
                    .execute(tx.conn)?;
                end_all(tx, old.id, None)?;
            }
            old.id
        }
        None => {
            let row = User {
                id: 0,
                public_id: tx.public_id(),
                login: login.clone(),
                name: command.name.trim().to_owned(),
                password_hash: password_hash.unwrap_or_default(),
                pin_hash: None,
                language,
                must_change_password: true,
                version: 1,
                created_at: At::from(tx.now),
                disabled_at: None,
                totp_sealed: None,
                totp_step: None,
            };
            diesel::insert_into(users::table).values(row).returning(users::id).get_result(tx.conn)?
        }
    };
    diesel::delete(memberships::table.filter(memberships::user_id.eq(user_id))).execute(tx.conn)?;
    for (role, centre_id, brand_id) in members {
        diesel::insert_into(memberships::table)
            .values(Membership { id: 0, user_id, role: role.name().to_owned(), centre_id, brand_id })
            .execute(tx.conn)?;
    }
    must_keep_an_administrator(tx.conn)?;
    tx.record(None, &Event::UserSaved { login }, &[Subject::User(user_id)])?;
    let row = users::table.find(user_id).select(User::as_select()).first(tx.conn)?;
    view(tx.conn, row)
}

/// Whether somebody may give a membership, or change whoever has it: they keep access there, and have themselves all
/// that its role may.
fn may_give(actor: &Actor, member: Member) -> bool {
    let rights = Action::ALL.iter().filter(|action| actor.permissions.of(member.role, **action).is_some());
    actor.scope(Action::KeepAccess).includes(member)
        && rights.copied().all(|action| actor.scope(action).includes(member))
}

fn must_keep_an_administrator(conn: &mut Conn) -> Result<()> {
    let left = memberships::table
        .inner_join(users::table.on(users::id.eq(memberships::user_id)))
        .filter(memberships::role.eq(Role::Administrator.name()))
        .filter(memberships::centre_id.is_null())
        .filter(memberships::brand_id.is_null())
        .filter(users::disabled_at.is_null())
        .select(users::id)
        .first::<i64>(conn)
        .optional()?;
    if left.is_some() { Ok(()) } else { Err(Error::conflict("last-administrator")) }
}

/// Disables a person: their sessions and tokens end for good, and their open work goes back to the pool of its centre.
///
/// # Errors
/// `Conflict` for the last administrator.
pub fn disable_user(tx: &mut Tx<'_>, public_id: &str) -> Result<UserView> {
    let row = wholly_theirs(tx, public_id)?;
    diesel::update(users::table.find(row.id))
        .set((users::disabled_at.eq(Some(At::from(tx.now))), users::version.eq(row.version + 1)))
        .execute(tx.conn)?;
    must_keep_an_administrator(tx.conn)?;
    end_all(tx, row.id, None)?;
    let own = repairs::table.filter(repairs::assignee_user_id.eq(row.id)).filter(repairs::is_open.eq(true));
    let returned = diesel::update(own).set(repairs::assignee_user_id.eq(None::<i64>)).execute(tx.conn)?;
    let event = Event::UserDisabled { login: row.login.clone(), returned: i64::try_from(returned).unwrap_or(0) };
    tx.record(None, &event, &[Subject::User(row.id)])?;
    let row = by_id(tx.conn, public_id)?;
    view(tx.conn, row)
}

/// Gives a person a new first password, ends their sessions and tokens, takes their second factor away, and opens the
/// account again if it was disabled.
///
/// # Errors
/// `NotFound`; `Invalid` where the password is too short or easily guessed.
pub fn reset_password(tx: &mut Tx<'_>, public_id: &str, first: &FirstPassword) -> Result<UserView> {
    let row = wholly_theirs(tx, public_id)?;
    let mut faults = Faults::default();
    secrets::check_password(&mut faults, &first.plain, &[&row.login, &row.name], "password");
    // One's own is changed by who knows the old one: neither a token nor a session that somebody left open is that.
    faults.check(Some(row.id) != tx.actor.user_id, "password", "own-password");
    faults.told()?;
    diesel::update(users::table.find(row.id))
        .set((
            users::password_hash.eq(&first.hash),
            users::must_change_password.eq(true),
            users::disabled_at.eq(None::<At>),
            users::version.eq(row.version + 1),
        ))
        .execute(tx.conn)?;
    second_factor::forget(tx, row.id)?;
    // Who knew the password may know the PIN, and by it comes in past the new one.
    diesel::update(users::table.find(row.id)).set(users::pin_hash.eq(None::<String>)).execute(tx.conn)?;
    end_all(tx, row.id, None)?;
    if row.disabled_at.is_some() {
        tx.record(None, &Event::UserEnabled { login: row.login.clone() }, &[Subject::User(row.id)])?;
    }
    tx.record(None, &Event::PasswordReset { login: row.login.clone() }, &[Subject::User(row.id)])?;
    let row = by_id(tx.conn, public_id)?;
    view(tx.conn, row)
}

/// The public id of the person with a login: for the command line.
///
/// # Errors
/// `NotFound`.
pub fn user_id_by_login(conn: &mut Conn, login: &str) -> Result<String> {
    users::table
        .filter(users::login.eq(domain::text::fold(login)))
        .select(users::public_id)
        .first(conn)
        .optional()?
        .ok_or(Error::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::own::{SetPin, set_pin};
    use crate::testing::{House, MANAGER, RECEPTIONIST, in_a_house, told};
    use store::rights::permissions::{ChangePermission, change_permission};

    fn saved(house: &House, by: &str, of: Option<&str>, login: &str, role: SaveMembership) -> String {
        let command = SaveUser {
            login: login.to_owned(),
            name: "-".to_owned(),
            language: None,
            password: (of != Some(by)).then(|| "battery staple".to_owned()),
            roles: vec![role],
        };
        let command = command.hashed(house.db.random()).expect("hashed");
        let id = of.map(|login| house.db.read(|conn| user_id_by_login(conn, login)).expect("a person"));
        told(house.by(by, |tx| save_user(tx, id.as_deref().map(|id| (id, None)), &command)))
    }

    #[test]
    fn nobody_gives_a_role_that_may_more_than_they_nor_changes_who_has_one() {
        in_a_house(|house| {
            let allow = ChangePermission {
                role: Role::CentreManager,
                action: Action::KeepAccess,
                is_allowed: true,
                percent: None,
                amount: None,
            };
            house.write(|tx| change_permission(tx, &allow));
            let here = |role: Role| SaveMembership { role, centre: Some(house.centre.clone()), brand: None };
            assert_eq!(saved(house, MANAGER, None, "new", here(Role::Technician)), "done");
            assert_eq!(saved(house, MANAGER, None, "other", here(Role::Administrator)), "not-your-right-here");
            assert_eq!(saved(house, "admin", None, "chief", here(Role::Administrator)), "done");
            assert_ne!(saved(house, MANAGER, Some("chief"), "chief", here(Role::Technician)), "done");
        });
    }

    #[test]
    fn a_narrow_token_gives_no_role_what_it_may_not_do() {
        in_a_house(|house| {
            let change = |scopes: &[Action]| {
                let token = Actor { is_token: true, scopes: Some(scopes.to_vec()), ..house.person("admin") };
                let allow = ChangePermission {
                    role: Role::Receptionist,
                    action: Action::GiveGoodwill,
                    is_allowed: true,
                    percent: None,
                    amount: None,
                };
                told(house.db.write(&token, |tx| change_permission(tx, &allow)))
            };
            assert_eq!(change(&[Action::KeepAccess]), "not-in-token");
            assert_eq!(change(&[Action::KeepAccess, Action::GiveGoodwill]), "done");
        });
    }

    #[test]
    fn ones_own_password_is_not_reset_and_not_saved() {
        in_a_house(|house| {
            let id = house.db.read(|conn| user_id_by_login(conn, "admin")).expect("a person");
            let first = FirstPassword::of("battery staple".to_owned(), house.db.random()).expect("hashed");
            assert_eq!(told(house.by("admin", |tx| reset_password(tx, &id, &first))), "password: own-password");
            let roles = vec![SaveMembership { role: Role::Administrator, centre: None, brand: None }];
            let command = SaveUser {
                login: "admin".to_owned(),
                name: "-".to_owned(),
                language: None,
                password: Some("battery staple".to_owned()),
                roles,
            };
            let command = command.hashed(house.db.random()).expect("hashed");
            assert_eq!(
                told(house.by("admin", |tx| save_user(tx, Some((&id, None)), &command))),
                "password: own-password"
            );
        });
    }

    #[test]
    fn the_last_who_keeps_everything_stays() {
        in_a_house(|house| {
            let of_a_brand =
                SaveMembership { role: Role::Administrator, centre: None, brand: Some(house.brand.clone()) };
            assert_eq!(saved(house, "admin", Some("admin"), "admin", of_a_brand), "last-administrator");
        });
    }

    #[test]
    fn a_login_is_one_that_nobody_takes_for_another() {
        in_a_house(|house| {
            let here = || SaveMembership { role: Role::Technician, centre: Some(house.centre.clone()), brand: None };
            for login in ["mаryam", "mαryam", "saeеd", "ｍaryam", "ab\u{301}"] {
                assert_eq!(saved(house, "admin", None, login, here()), "login: login-letters", "{login}");
            }
        });
    }

    #[test]
    fn a_new_first_password_takes_the_pin_away() {
        in_a_house(|house| {
            set_pin(
                &house.db,
                &house.person(RECEPTIONIST),
                &SetPin { password: "correct horse".to_owned(), pin: "4711".to_owned() },
            )
            .expect("a PIN");
            let here = SaveMembership { role: Role::Receptionist, centre: Some(house.centre.clone()), brand: None };
            assert_eq!(saved(house, "admin", Some(RECEPTIONIST), RECEPTIONIST, here), "done");
            let pin = house
                .db
                .read(|conn| {
                    Ok(users::table
                        .filter(users::login.eq(RECEPTIONIST))
                        .select(users::pin_hash)
                        .first::<Option<String>>(conn)?)
                })
                .expect("a person");
            assert_eq!(pin, None);
        });
    }
}
