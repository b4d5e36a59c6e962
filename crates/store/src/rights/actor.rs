//! Who acts, and what they may see and do.

use std::sync::Arc;

use domain::access::{Action, Limit, NO_LIMIT, Role};
use domain::money::Unit;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::permissions::Permissions;
use super::scope::{Of, Scope};
use crate::error::{Arg, Error, Reason, Result};
use crate::query::*;
use crate::schema::{centres, settings as stored};
use crate::{local_date, settings, zone};

/// A role in a centre and a brand; None: in all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    pub role: Role,
    pub centre_id: Option<i64>,
    pub brand_id: Option<i64>,
}

/// Who acts: a person at a page, a token of a person, or the system itself.
#[derive(Clone, Debug)]
pub struct Actor {
    pub user_id: Option<i64>,
    pub public_id: String,
    pub name: String,
    pub members: Vec<Member>,
    /// The centre in which they work now.
    pub centre_id: Option<i64>,
    /// The time zone of that centre; that of the house's first centre where they work in none.
    pub zone: TimeZone,
    /// In what the house shows and types amounts.
    pub unit: Unit,
    /// Whether a token acts for the person: it makes no token, and ends none.
    pub is_token: bool,
    /// The actions that a token is made for; None: all that its person may.
    pub scopes: Option<Vec<Action>>,
    /// From where they act, for the security log.
    pub address: Option<String>,
    pub permissions: Arc<Permissions>,
}

impl Actor {
    /// The system itself, which knows no place: workers, sessions, the first start.
    #[must_use]
    pub fn system() -> Self {
        let member = Member { role: Role::Administrator, centre_id: None, brand_id: None };
        Self {
            user_id: None,
            public_id: String::new(),
            name: String::new(),
            members: vec![member],
            centre_id: None,
            zone: TimeZone::UTC,
            unit: Unit::RIAL,
            is_token: false,
            scopes: None,
            address: None,
            permissions: Arc::default(),
        }
    }

    /// The same actor, working in a centre, by that centre's clock; in none: by the clock of the house's first centre.
    ///
    /// # Errors
    /// The store.
    pub fn working_in(mut self, conn: &mut crate::Conn, centre_id: Option<i64>) -> Result<Self> {
        let unit = stored::table.filter(stored::name.eq(settings::MONEY_UNIT)).select(stored::value).single_value();
        let zones = centres::table.order(centres::id).select((centres::time_zone, unit));
        let found = match centre_id {
            Some(id) => zones.filter(centres::id.eq(id)).first::<(String, Option<String>)>(conn).optional()?,
            None => zones.first(conn).optional()?,
        };
        self.centre_id = centre_id;
        if let Some((time_zone, unit)) = found {
            self.zone = zone(&time_zone);
            self.unit = settings::unit_named(unit);
        }
        Ok(self)
    }

    /// The date at an instant, where the actor works.
    #[must_use]
    pub fn today(&self, now: Timestamp) -> Date {
        local_date(now, &self.zone)
    }

    /// The memberships whose role allows an action, if the token does.
    fn members_who_may(&self, action: Action) -> impl Iterator<Item = (Member, Limit)> {
        let in_token = self.scopes.as_ref().is_none_or(|scopes| scopes.contains(&action));
        self.members
            .iter()
            .filter(move |_| in_token)
            .filter_map(move |member| Some((*member, self.permissions.of(member.role, action)?)))
    }

    /// Where the actor has a right: what they see and do by it.
    #[must_use]
    pub fn scope(&self, action: Action) -> Scope {
        self.scope_of_any(&[action])
    }

    /// Where the actor has one of these rights.
    #[must_use]
    pub fn scope_of_any(&self, actions: &[Action]) -> Scope {
        Scope::new(
            self.user_id,
            actions.iter().flat_map(|action| self.members_who_may(*action)).map(|(member, _)| member).collect(),
        )
    }

    /// Whether the actor may do this.
    ///
    /// # Errors
    /// `Forbidden`, naming the roles that may.
    pub fn may(&self, action: Action, of: Of) -> Result<()> {
        if self.limits(action, of).next().is_some() { Ok(()) } else { Err(self.refusal(action)) }
    }

    /// How far the actor may go with an action, by each role that allows it: what no one of them allows, two of them do
    /// not.
    pub fn limits(&self, action: Action, of: Of) -> impl Iterator<Item = Limit> {
        self.members_who_may(action).filter(move |(member, _)| member.reaches(of)).map(|(_, limit)| limit)
    }

    /// That the actor may not do this, or not here, and who may.
    pub fn refusal(&self, action: Action) -> Error {
        let code = match &self.scopes {
            Some(scopes) if !scopes.contains(&action) => "not-in-token",
            _ if self.can(action) => "not-your-right-here",
            _ => "not-your-right",
        };
        Error::Forbidden(
            Reason::new(code)
                .with("action", Arg::word("action", action.name().to_owned()))
                .with("roles", Arg::word("roles", self.permissions.roles_for(action))),
        )
    }

    /// The centre in which something is noted that is done by a right: the one in which the actor works, where it
    /// reaches that, else the first that it does.
    #[must_use]
    pub fn centre_of(&self, action: Action) -> Option<i64> {
        let here = self.centre_id.filter(|centre| self.scope(action).holds(Of::InCentre(*centre)));
        here.or_else(|| self.members_who_may(action).find_map(|(member, _)| member.centre_id)).or(self.centre_id)
    }

    /// What the actor is, each time as often as somewhere.
    pub fn roles(&self) -> impl Iterator<Item = Role> {
        self.members.iter().map(|member| member.role)
    }

    /// Whether the actor may do this somewhere.
    #[must_use]
    pub fn can(&self, action: Action) -> bool {
        self.members_who_may(action).next().is_some()
    }

    /// Whether the actor finds something, because one of these rights reaches it.
    ///
    /// # Errors
    /// `NotFound` where none does: the same as if it were not there.
    pub fn finds(&self, actions: &[Action], of: Of) -> Result<()> {
        if self.scope_of_any(actions).holds(of) { Ok(()) } else { Err(Error::NotFound) }
    }

    /// What the actor may see and do, in one text: an answer that was kept is given again only while it is the same.
    #[must_use]
    pub fn rights(&self) -> String {
        let reach = |action: &Action| {
            (
                action.name(),
                self.members_who_may(*action)
                    .map(|(member, _)| (member.centre_id, member.brand_id))
                    .collect::<Vec<_>>(),
            )
        };
        format!("{:?}", Action::ALL.iter().map(reach).collect::<Vec<_>>())
    }

    /// The names of the roles that the actor has in a centre and a brand.
    #[must_use]
    pub fn roles_in(&self, centre: i64, brand: i64) -> Vec<&'static str> {
        self.members
            .iter()
            .filter(|member| member.reaches(Of::Work(centre, brand)))
            .map(|member| member.role.name())
            .collect()
    }

    /// The centre in which something new is done by a right: the one named, or the one in which the actor works.
    ///
    /// # Errors
    /// `Invalid` where neither is there, `NotFound` where the right does not reach it.
    pub fn working_centre(&self, conn: &mut crate::Conn, named: Option<&str>, action: Action) -> Result<i64> {
        let id = match named {
            Some(public_id) => {
                let id = centres::table
                    .filter(centres::public_id.eq(public_id))
                    .filter(centres::retired_at.is_null())
                    .select(centres::id)
                    .first::<i64>(conn)
                    .optional()?;
                id.ok_or_else(|| Error::invalid("centre", "unknown-reference"))?
            }
            None => self.centre_id.ok_or_else(|| Error::invalid("centre", "required"))?,
        };
        self.finds(&[action], Of::InCentre(id))?;
        Ok(id)
    }
}

/// Whether a limit allows a percentage and an amount.
#[must_use]
pub fn within(limit: Limit, percent: i64, amount: i64) -> bool {
    limit == NO_LIMIT || (percent <= limit.percent && amount <= limit.amount)
}
