//! A reception as pages and the API show it.

use domain::access::Action;
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rows::Reception;
use super::seen;
use crate::catalogue::legal_entities::party_link;
use crate::repair::list::{RepairRow, repairs_of};
use store::error::Result;
use store::query::*;
use store::rights::{Actor, Of};
use store::schema::{centres, parties, receptions, repairs, users};
use store::views::{Link, Page, PartyLink};
use store::{Conn, link_columns};

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ReceptionView {
    pub id: String,
    pub number: String,
    /// Twelve digits, the customer's key to the visit.
    pub tracking_number: String,
    pub centre: Link,
    pub customer: PartyLink,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receiver: Option<String>,
    #[schemars(with = "String")]
    pub received_at: Timestamp,
    #[schemars(with = "String")]
    pub received_on: Date,
    /// workshop or on_site.
    pub place: String,
    /// open or cancelled.
    pub state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// How often it was corrected, and its receipt issued anew.
    pub revision: i64,
    pub repairs: Vec<RepairRow>,
    /// Whether devices of other brands came with these, which the reader does not see: then its papers are not theirs
    /// to print, nor is it theirs to cancel.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_part: bool,
    pub version: i64,
}

pub(crate) fn reception_view(conn: &mut Conn, row: Reception) -> Result<ReceptionView> {
    let (centre, customer, receiver) = receptions::table
        .inner_join(centres::table.on(centres::id.eq(receptions::centre_id)))
        .inner_join(parties::table.on(parties::id.eq(receptions::customer_id)))
        .left_join(users::table.on(users::id.nullable().eq(receptions::receiver_user_id)))
        .filter(receptions::id.eq(row.id))
        .select((link_columns!(centres), (parties::public_id, parties::name), users::name.nullable()))
        .first::<(Link, PartyLink, Option<String>)>(conn)?;
    Ok(ReceptionView {
        centre,
        customer,
        repairs: repairs_of(conn, row.id)?,
        is_part: false,
        id: row.public_id,
        number: row.number,
        tracking_number: row.tracking_number,
        receiver,
        received_at: row.occurred_at.instant(),
        received_on: row.occurred_on.date(),
        place: row.place,
        state: row.state,
        note: row.note,
        revision: row.revision,
        version: row.version,
    })
}

/// # Errors
/// `Forbidden`, `NotFound`.
pub fn get_reception(conn: &mut Conn, actor: &Actor, public_id: &str) -> Result<ReceptionView> {
    actor.may(Action::ViewWork, Of::Anything)?;
    let row = seen(conn, actor, public_id, Action::ViewWork)?;
    part_of(conn, actor, row)
}

/// A visit as the actor sees it: of devices of several brands each sees those of their own.
pub(crate) fn part_of(conn: &mut Conn, actor: &Actor, row: Reception) -> Result<ReceptionView> {
    let mine = repairs::table
        .filter(repairs::reception_id.eq(row.id))
        .filter(actor.scope(Action::ViewWork).rows::<repairs::table>())
        .select(repairs::public_id)
        .load::<String>(conn)?;
    let mut view = reception_view(conn, row)?;
    let all = view.repairs.len();
    view.repairs.retain(|repair| mine.contains(&repair.id));
    view.is_part = view.repairs.len() < all;
    Ok(view)
}

/// How receptions are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ListReceptions {
    #[schemars(regex(pattern = "^[0-9a-z]{16}$"))]
    pub after: Option<String>,
    #[schemars(range(min = 1, max = 200))]
    pub limit: Option<i64>,
    /// Received on this day or later.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    pub from: Option<Date>,
    /// Received on this day or earlier.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    pub to: Option<Date>,
    /// Public id of a customer.
    #[schemars(length(max = 60))]
    pub customer: Option<String>,
}

/// A reception in a list.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ReceptionRow {
    pub id: String,
    pub number: String,
    pub customer: PartyLink,
    #[schemars(with = "String")]
    pub received_at: Timestamp,
    pub place: String,
    /// open, over (nothing of it is in hand any more) or cancelled.
    pub state: String,
    /// Devices of the visit.
    pub devices: i64,
}

/// Receptions of the centres that the actor sees, newest first.
///
/// # Errors
/// `Forbidden`.
pub fn list_receptions(conn: &mut Conn, actor: &Actor, query: &ListReceptions) -> Result<Page<ReceptionRow>> {
    actor.may(Action::ViewWork, Of::Anything)?;
    let limit = query.limit.unwrap_or(store::PAGE).clamp(1, store::MAX_PAGE);
    let scope = actor.scope(Action::ViewWork);
    let mut select = receptions::table
        .filter(scope.rows::<receptions::table>())
        .order(receptions::id.desc())
        .select(Reception::as_select())
        .into_boxed();
    if let Some(from) = query.from {
        select = select.filter(receptions::occurred_on.ge(store::types::Day::from(from)));
    }
    if let Some(to) = query.to {
        select = select.filter(receptions::occurred_on.le(store::types::Day::from(to)));
    }
    if let Some(customer) = &query.customer {
        let id =
            crate::customers::known_customer(conn, actor, &[Action::ViewWork, Action::ViewCustomers], customer)?.id;
        select = select.filter(receptions::customer_id.eq(id));
    }
    if let Some(after) = &query.after {
        select = select.filter(receptions::id.lt(seen(conn, actor, after, Action::ViewWork)?.id));
    }
    let rows = select.limit(limit + 1).load_boxed(conn)?;
    let page = Page::of(rows, limit, |row: &Reception| row.public_id.clone(), |row| row);
    let items = page
        .items
        .into_iter()
        .map(|row| {
            let are_open = repairs::table
                .filter(repairs::reception_id.eq(row.id))
                .filter(scope.rows::<repairs::table>())
                .select(repairs::is_open)
                .load::<bool>(conn)?;
            let is_over = row.state == "open" && !are_open.contains(&true);
            let customer = party_link(conn, row.customer_id)?;
            Ok(ReceptionRow {
                id: row.public_id,
                number: row.number,
                customer,
                received_at: row.occurred_at.instant(),
                place: row.place,
                state: if is_over { "over".to_owned() } else { row.state },
                devices: i64::try_from(are_open.len()).unwrap_or(i64::MAX),
            })
        })
        .collect::<Result<_>>()?;
    Ok(Page { items, next: page.next })
}
