//! Repairs in lists.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use domain::access::Action;
use domain::workflow::Stage;
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::catalogue::choices::fault_named;
use crate::catalogue::products::kinds_below;
use crate::repair::work::seen;
use crate::workflow::{chart, step_title};
use store::error::{Error, OrInvalid, Result};
use store::query::*;
use store::rights::{Actor, Of};
use store::schema::{brands, devices, diagnoses, parties, products, repairs, users};
use store::types::{At, Day};
use store::views::{Link, Page, PartyLink, Title};
use store::{Conn, among, link_columns};

/// A repair in a list.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RepairRow {
    pub id: String,
    pub number: String,
    pub product: Title,
    pub brand: Link,
    pub serial: String,
    pub device: String,
    pub customer: PartyLink,
    pub step: Title,
    pub step_id: String,
    /// intake, diagnosis, approval, parts, work, check or ready: what the step means, where it has a
    /// meaning; `is_open` tells whether it still stands there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// Whether the device may be fetched.
    pub is_ready: bool,
    #[schemars(with = "String")]
    pub step_since: Timestamp,
    #[schemars(with = "String")]
    pub received_on: Date,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub promised_on: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    pub is_open: bool,
}

/// What a list shows of a repair's own row.
#[derive(Queryable, Selectable)]
#[diesel(table_name = repairs)]
struct Listed {
    id: i64,
    public_id: String,
    number: String,
    brand_id: i64,
    chart_id: i64,
    step: String,
    stage: Option<String>,
    step_since_at: At,
    is_open: bool,
    promised_on: Option<Day>,
    outcome: Option<String>,
    occurred_on: Day,
}

/// A repair with what names it, as it is read: device, product, customer, who works on it.
type Named = (Listed, (String, String), Title, PartyLink, Option<String>);

/// All repairs with what names them: one read, however many there are. Every repair has what is joined from the left.
#[diesel::dsl::auto_type]
fn named() -> _ {
    let repair: Selected<Listed> = Listed::as_select();
    repairs::table
        .left_join(devices::table.on(devices::id.eq(repairs::device_id)))
        .left_join(products::table.on(products::id.eq(repairs::product_id)))
        .left_join(parties::table.on(parties::id.eq(repairs::customer_id)))
        .left_join(users::table.on(users::id.nullable().eq(repairs::assignee_user_id)))
        .select((
            repair,
            (devices::public_id.assume_not_null(), devices::serial.assume_not_null()),
            (products::title_fa.assume_not_null(), products::title_en.assume_not_null()),
            (parties::public_id.assume_not_null(), parties::name.assume_not_null()),
            users::name.nullable(),
        ))
}

fn rows_of(conn: &mut Conn, named: Vec<Named>) -> Result<Vec<RepairRow>> {
    let mut charts = HashMap::new();
    // There are a few brands, however many rows: they are looked up once each.
    let mut ids = named.iter().map(|(row, ..)| row.brand_id).collect::<Vec<_>>();
    ids.sort_unstable();
    ids.dedup();
    let brands = brands::table
        .filter(among(brands::id, ids))
        .select((brands::id, link_columns!(brands)))
        .load::<(i64, Link)>(conn)?;
    let brands = brands.into_iter().collect::<HashMap<_, _>>();
    named
        .into_iter()
        .map(|(row, (device, serial), product, customer, assignee)| {
            let chart = match charts.entry(row.chart_id) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => unknown.insert(chart(conn, row.chart_id)?),
            };
            Ok(RepairRow {
                product,
                brand: brands.get(&row.brand_id).cloned().ok_or(Error::NotFound)?,
                serial,
                device,
                customer,
                step: step_title(chart, &row.step),
                is_ready: row.is_open && chart.hands_over(&row.step),
                step_id: row.step,
                stage: row.stage,
                step_since: row.step_since_at.instant(),
                received_on: row.occurred_on.date(),
                promised_on: Day::shown(row.promised_on),
                assignee,
                id: row.public_id,
                number: row.number,
                outcome: row.outcome,
                is_open: row.is_open,
            })
        })
        .collect()
}

/// The repairs of a visit, in order.
pub(crate) fn repairs_of(conn: &mut Conn, reception_id: i64) -> Result<Vec<RepairRow>> {
    let rows = named().filter(repairs::reception_id.eq(reception_id)).order(repairs::ordinal).load::<Named>(conn)?;
    rows_of(conn, rows)
}

/// How repairs are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ListRepairs {
    #[schemars(regex(pattern = "^[0-9a-z]{16}$"))]
    pub after: Option<String>,
    #[schemars(range(min = 1, max = 200))]
    pub limit: Option<i64>,
    /// Only those that are open, or only those that are over.
    pub is_open: Option<bool>,
    /// What is done with them: those on steps of this stage, that are open where nothing else is said.
    pub stage: Option<Stage>,
    /// Id of a step.
    #[schemars(length(max = 60))]
    pub step: Option<String>,
    /// Public id of a kind of product: of it and of the kinds below.
    #[schemars(length(max = 60))]
    pub kind: Option<String>,
    /// Code of the diagnosed fault.
    #[schemars(length(max = 60))]
    pub fault: Option<String>,
    /// repaired, withdrawn, irreparable, replaced or cancelled.
    #[schemars(length(max = 60))]
    pub outcome: Option<String>,
    /// Public id of a device.
    #[schemars(length(max = 60))]
    pub device: Option<String>,
    /// Only one's own work.
    pub mine: Option<bool>,
    /// Only what is past its promised day, the longest first.
    pub overdue: Option<bool>,
    /// Received on this day or later.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    pub from: Option<Date>,
    /// Received on this day or earlier.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    pub to: Option<Date>,
}

/// Repairs that the actor sees, those received last first; what is past its promised day, the longest first.
///
/// # Errors
/// `Forbidden`; `NotFound` where a filter names nothing.
pub fn list_repairs(conn: &mut Conn, actor: &Actor, query: &ListRepairs, now: Timestamp) -> Result<Page<RepairRow>> {
    actor.may(Action::ViewWork, Of::Anything)?;
    let limit = query.limit.unwrap_or(store::PAGE).clamp(1, store::MAX_PAGE);
    let is_by_promise = query.overdue == Some(true);
    // Which they are is asked by ids alone: a statement that takes its shape from the filters is compiled at every use, and
    // each of its columns costs. What names them is always the same.
    let mut select =
        repairs::table.filter(actor.scope(Action::ViewWork).rows::<repairs::table>()).select(repairs::id).into_boxed();
    if let Some(is_open) = query.is_open {
        select = select.filter(repairs::is_open.eq(is_open));
    }
    if let Some(stage) = query.stage {
        select =
            select.filter(repairs::stage.eq(stage.name())).filter(repairs::is_open.eq(query.is_open.unwrap_or(true)));
    }
    if let Some(step) = &query.step {
        select = select.filter(repairs::step.eq(step));
    }
    if let Some(outcome) = &query.outcome {
        select = select.filter(repairs::outcome.eq(outcome));
    }
    if let Some(kind) = &query.kind {
        let kind = crate::catalogue::products::kind_row(conn, kind)?.id;
        select = select.filter(repairs::kind_id.eq_any(kinds_below(conn, kind)?));
    }
    if let Some(fault) = &query.fault {
        let found = diagnoses::table
            .filter(diagnoses::fault_id.eq(fault_named(conn, fault)?.unwrap_or(-1)))
            .select(diagnoses::repair_id);
        select = select.filter(repairs::id.eq_any(found));
    }
    if let Some(device) = &query.device {
        select = select.filter(
            repairs::device_id.eq(crate::devices::device_row(conn, device).if_there()?.map_or(-1, |device| device.id)),
        );
    }
    if query.mine == Some(true) {
        select = select.filter(repairs::assignee_user_id.eq(actor.user_id.unwrap_or(-1)));
    }
    if is_by_promise {
        let today = Day::from(actor.today(now));
        select = select
            .filter(repairs::is_open.eq(true))
            .filter(repairs::promised_on.lt(today))
            .order((repairs::promised_on.asc(), repairs::id.asc()));
    } else {
        select = select.order((repairs::occurred_on.desc(), repairs::id.desc()));
    }
    if let Some(from) = query.from {
        select = select.filter(repairs::occurred_on.ge(Day::from(from)));
    }
    if let Some(to) = query.to {
        select = select.filter(repairs::occurred_on.le(Day::from(to)));
    }
    if let Some(after) = &query.after {
        let after = seen(conn, actor, after, Action::ViewWork)?;
        // The day alone first, which an index finds; then who is left of that day.
        select = if is_by_promise {
            let promised = after.promised_on.ok_or(Error::NotFound)?;
            let same_day = repairs::promised_on.eq(promised).and(repairs::id.gt(after.id));
            select
                .filter(repairs::promised_on.ge(promised))
                .filter(repairs::promised_on.gt(promised).or(same_day).assume_not_null())
        } else {
            let same_day = repairs::occurred_on.eq(after.occurred_on).and(repairs::id.lt(after.id));
            select
                .filter(repairs::occurred_on.le(after.occurred_on))
                .filter(repairs::occurred_on.lt(after.occurred_on).or(same_day))
        };
    }
    let mut ids = select.limit(limit + 1).load_boxed::<i64>(conn)?;
    let wanted = usize::try_from(limit).unwrap_or(0);
    let has_more = ids.len() > wanted;
    ids.truncate(wanted);
    let mut rows = named().filter(among(repairs::id, ids.clone())).load::<Named>(conn)?;
    rows.sort_by_cached_key(|(row, ..)| ids.iter().position(|id| *id == row.id));
    let items = rows_of(conn, rows)?;
    Ok(Page { next: items.last().filter(|_| has_more).map(|row| row.id.clone()), items })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::in_a_house;

    #[test]
    fn pages_follow_the_day_of_reception_and_leave_nobody_out() {
        in_a_house(|house| {
            house.at("1405/09/02");
            let customer = house.customer("زهرا کریمی", "09123456789");
            // Written in this order; received on these days.
            for (index, day) in
                ["1405/09/02", "1405/08/20", "1405/09/02", "1405/08/20", "1405/09/01"].into_iter().enumerate()
            {
                house.at(day);
                let device = house.device("TV-1", &format!("T-{index}"), "1404/01/15", &[]);
                house.receive(&customer, &[(&device, "no-power")]);
            }
            house.at("1405/09/03");
            let listed = |overdue: Option<bool>| {
                let mut serials = Vec::new();
                let mut query = ListRepairs { limit: Some(2), overdue, ..ListRepairs::default() };
                loop {
                    let page =
                        house.db.read(|conn| list_repairs(conn, &house.admin, &query, house.db.now())).expect("a page");
                    serials.extend(page.items.into_iter().map(|row| row.serial));
                    match page.next {
                        Some(next) => query.after = Some(next),
                        None => return serials,
                    }
                }
            };
            assert_eq!(listed(None), ["T-2", "T-0", "T-4", "T-3", "T-1"]);
            house.at("1405/12/01");
            assert_eq!(listed(Some(true)), ["T-1", "T-3", "T-4", "T-0", "T-2"], "the longest overdue first");
        });
    }
}
