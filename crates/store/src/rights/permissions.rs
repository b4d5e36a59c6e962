//! The one table of permissions: the defaults of `domain::access` and what the administrator changed.

use std::collections::HashMap;

use domain::access::{Action, Limit, NO_LIMIT, Role, default_permission};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Of;
use crate::error::{Error, Result};
use crate::query::*;
use crate::schema::permissions;
use crate::{Conn, Event, Subject, Tx};

/// What one role may, as it is stored where it differs from the rule of the domain.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = permissions, treat_none_as_default_value = false)]
pub struct Permission {
    pub role: String,
    pub action: String,
    pub is_allowed: bool,
    pub percent: i64,
    pub amount_minor: i64,
}

/// Which role may do what, and how far.
#[derive(Clone, Debug, Default)]
pub struct Permissions {
    changed: HashMap<(Role, Action), Option<Limit>>,
}

impl Permissions {
    /// # Errors
    /// The store.
    pub fn load(conn: &mut Conn) -> Result<Self> {
        let rows = permissions::table.select(Permission::as_select()).load::<Permission>(conn)?;
        let changed = rows.into_iter().filter_map(|row| {
            let limit = row.is_allowed.then_some(Limit { percent: row.percent, amount: row.amount_minor });
            Some(((Role::named(&row.role)?, Action::named(&row.action)?), limit))
        });
        Ok(Self { changed: changed.collect() })
    }

    /// How far a role may go with an action; None: not at all.
    #[must_use]
    pub fn of(&self, role: Role, action: Action) -> Option<Limit> {
        self.changed.get(&(role, action)).copied().unwrap_or_else(|| default_permission(role, action))
    }

    /// The names of the roles that may, separated by commas.
    #[must_use]
    pub fn roles_for(&self, action: Action) -> String {
        Role::ALL
            .iter()
            .filter(|role| self.of(**role, action).is_some())
            .map(|role| role.name())
            .collect::<Vec<_>>()
            .join(",")
    }
}

/// One cell of the table.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PermissionView {
    pub role: Role,
    pub action: Action,
    pub is_allowed: bool,
    /// Of a line; 100: no limit.
    pub percent: i64,
    /// In minor units; absent: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
}

/// The whole table as it holds now.
///
/// # Errors
/// The store.
pub fn table(conn: &mut Conn) -> Result<Vec<PermissionView>> {
    let permissions = Permissions::load(conn)?;
    let cells = Action::ALL.iter().flat_map(|action| Role::ALL.iter().map(|role| (*role, *action)));
    Ok(cells
        .map(|(role, action)| {
            let limit = permissions.of(role, action);
            let Limit { percent, amount } = limit.unwrap_or(NO_LIMIT);
            PermissionView {
                role,
                action,
                is_allowed: limit.is_some(),
                percent,
                amount: (amount != i64::MAX).then_some(amount),
            }
        })
        .collect())
}

/// Changes one cell of the table.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePermission {
    pub role: Role,
    pub action: Action,
    #[serde(default)]
    pub is_allowed: bool,
    #[schemars(range(min = 0, max = 100))]
    #[serde(default)]
    pub percent: Option<i64>,
    #[schemars(range(min = 0, max = 1_000_000_000_000_000_i64), extend("x-unit" = "money"))]
    #[serde(default)]
    pub amount: Option<i64>,
}

/// # Errors
/// `Forbidden`; `Conflict` where the administrators would lock themselves out.
pub fn change_permission(tx: &mut Tx<'_>, command: &ChangePermission) -> Result<()> {
    tx.actor.may(Action::KeepAccess, Of::All)?;
    // Nor does a token that is narrowed give what it may not do.
    tx.actor.may(command.action, Of::All)?;
    if command.role == Role::Administrator && !command.is_allowed {
        return Err(Error::conflict("administrator-keeps-rights"));
    }
    let row = Permission {
        role: command.role.name().to_owned(),
        action: command.action.name().to_owned(),
        is_allowed: command.is_allowed,
        percent: command.percent.unwrap_or(100),
        amount_minor: command.amount.unwrap_or(i64::MAX),
    };
    diesel::delete(permissions::table.find((&row.role, &row.action))).execute(tx.conn)?;
    let event = Event::PermissionChanged { role: row.role.clone(), action: row.action.clone() };
    diesel::insert_into(permissions::table).values(row).execute(tx.conn)?;
    tx.record(None, &event, &[Subject::Object("access", 0)])?;
    Ok(())
}
