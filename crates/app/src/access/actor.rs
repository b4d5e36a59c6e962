//! Who acts, and what they may see and do.

use std::sync::Arc;

use diesel::expression::BoxableExpression;
use diesel::sql_types::Bool;
use domain::access::{Action, Limit, NO_LIMIT, Role};
use domain::money::Unit;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::permissions::Permissions;
use crate::error::{Arg, Error, Reason, Result};
use crate::store::query::*;
use crate::store::schema::{centres, repairs, settings as stored};
use crate::store::{MultiBackend, local_date, settings, zone};

/// A role in a centre and a brand; None: in all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    pub role: Role,
    pub centre_id: Option<i64>,
    pub brand_id: Option<i64>,
}

impl Member {
    fn covers(self, centre: Option<i64>, brand: Option<i64>) -> bool {
        let within = |mine: Option<i64>, asked: Option<i64>| mine.is_none() || asked.is_none() || mine == asked;
        within(self.centre_id, centre) && within(self.brand_id, brand)
    }
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
    /// The actions that a token is made for; None: all that its person may.
    pub scopes: Option<Vec<Action>>,
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
            scopes: None,
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

    /// How far the actor may go with an action in a centre and a brand (None: in any of theirs).
    ///
    /// # Errors
    /// `Forbidden`, naming the roles that may.
    pub fn may(&self, action: Action, centre: Option<i64>, brand: Option<i64>) -> Result<Limit> {
        let in_scope = self.scopes.as_ref().is_none_or(|scopes| scopes.contains(&action));
        let limits = self.members.iter().filter(|member| in_scope && member.covers(centre, brand)).filter_map(|member| self.permissions.of(member.role, action));
        let widest = limits.reduce(|a, b| Limit { percent: a.percent.max(b.percent), amount: a.amount.max(b.amount) });
        widest.ok_or_else(|| {
            let code = if in_scope { "not-your-right" } else { "not-in-token" };
            Error::Forbidden(Reason::new(code).with("action", Arg::word("action", action.name().to_owned())).with("roles", Arg::word("roles", self.permissions.roles_for(action))))
        })
    }

    /// Whether the actor may do this somewhere.
    #[must_use]
    pub fn can(&self, action: Action) -> bool {
        self.may(action, None, None).is_ok()
    }

    /// The names of the roles that the actor has in a centre and a brand.
    #[must_use]
    pub fn roles_in(&self, centre: i64, brand: i64) -> Vec<&'static str> {
        self.members.iter().filter(|member| member.covers(Some(centre), Some(brand))).map(|member| member.role.name()).collect()
    }

    /// Whether the actor sees what belongs to this centre and brand.
    #[must_use]
    pub fn sees(&self, centre: Option<i64>, brand: Option<i64>) -> bool {
        self.members.iter().any(|member| member.covers(centre, brand))
    }

    /// # Errors
    /// `NotFound` where the actor does not see it: the same as if it were not there.
    pub fn must_see(&self, centre: Option<i64>, brand: Option<i64>) -> Result<()> {
        if self.sees(centre, brand) { Ok(()) } else { Err(Error::NotFound) }
    }

    fn sees_all(&self) -> bool {
        self.members.iter().any(|member| member.centre_id.is_none() && member.brand_id.is_none())
    }

    /// The repairs that the actor sees, as a condition of a query; None: all of them.
    #[must_use]
    pub fn sees_repairs(&self) -> Option<Box<dyn BoxableExpression<repairs::table, MultiBackend, SqlType = Bool>>> {
        if self.sees_all() {
            return None;
        }
        type Condition = Box<dyn BoxableExpression<repairs::table, MultiBackend, SqlType = Bool>>;
        let conditions = self.members.iter().map(|member| -> Condition {
            match (member.centre_id, member.brand_id) {
                (Some(centre), Some(brand)) => Box::new(repairs::centre_id.eq(centre).and(repairs::brand_id.eq(brand))),
                (Some(centre), None) => Box::new(repairs::centre_id.eq(centre)),
                (None, brand) => Box::new(repairs::brand_id.eq(brand.unwrap_or(-1))),
            }
        });
        Some(conditions.reduce(|any, one| Box::new(any.or(one))).unwrap_or_else(|| Box::new(repairs::id.eq(-1))))
    }

    /// The centres in which the actor has a role; None: all.
    #[must_use]
    pub fn centre_ids(&self) -> Option<Vec<i64>> {
        self.members.iter().map(|member| member.centre_id).collect()
    }

    /// The brands for which the actor has a role; None: all.
    #[must_use]
    pub fn brand_ids(&self) -> Option<Vec<i64>> {
        self.members.iter().map(|member| member.brand_id).collect()
    }

    /// The centre in which something new is done: the one named, or the one in which the actor works.
    ///
    /// # Errors
    /// `Invalid` where neither is there, `NotFound` where it is not theirs.
    pub fn working_centre(&self, conn: &mut crate::Conn, named: Option<&str>) -> Result<i64> {
        let id = match named {
            Some(public_id) => {
                let id = centres::table.filter(centres::public_id.eq(public_id)).filter(centres::retired_at.is_null()).select(centres::id).first::<i64>(conn).optional()?;
                id.ok_or_else(|| Error::invalid("centre", "unknown-reference"))?
            }
            None => self.centre_id.ok_or_else(|| Error::invalid("centre", "required"))?,
        };
        self.must_see(Some(id), None)?;
        Ok(id)
    }
}

/// Whether a limit allows a percentage and an amount.
#[must_use]
pub fn within(limit: Limit, percent: i64, amount: i64) -> bool {
    limit == NO_LIMIT || (percent <= limit.percent && amount <= limit.amount)
}

#[cfg(test)]
mod tests {
    use crate::store::query::*;
    use domain::time::iso_date;

    use crate::store::schema::centres;
    use crate::testing::{RECEPTIONIST, in_a_house};
    use crate::tracking::track;

    #[test]
    fn a_day_is_that_of_the_centre_where_one_works() {
        in_a_house(|house| {
            let customer = house.customer("زهرا کریمی", "09123456789");
            // Half past ten in the evening of UTC: the next day has begun in Tehran, and is far in New York.
            house.at("1405/09/02 02:00");
            let here = house.device("TV-1", "T-1", "1404/01/15", &[]);
            let received = house.receive(&customer, &[(&here, "no-power")]);
            assert_eq!(Some(received.received_on), iso_date("2026-11-23"));

            house.write(|tx| Ok(diesel::update(centres::table).set(centres::time_zone.eq("America/New_York")).execute(tx.conn)?));
            assert_eq!(Some(house.person(RECEPTIONIST).today(house.db.now())), iso_date("2026-11-22"));
            let there = house.device("TV-1", "T-2", "1404/01/15", &[]);
            let received = house.receive(&customer, &[(&there, "no-power")]);
            assert_eq!(Some(received.received_on), iso_date("2026-11-22"));
            assert_eq!(track(&house.db, &received.tracking_number, "10.0.0.1").expect("tracked").time_zone, "America/New_York");
        });
    }
}
