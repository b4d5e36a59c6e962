//! Covers as pages and the API show them.

use domain::access::Action;
use domain::coverage::{CoverKind, CoverState};
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::case::last_day;
use super::rows::{Cover, CoverClaim};
use crate::catalogue::legal_entities::party_link;
use crate::coverage::rules::{PolicyOf, policy_of};
use store::error::{Error, Result};
use store::query::*;
use store::rights::{Actor, Of};
use store::schema::{cover_claims, covers, devices, repairs};
use store::types::Day;
use store::views::PartyLink;
use store::{Conn, among};

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CoverView {
    pub id: String,
    pub kind: String,
    pub number: String,
    pub state: String,
    /// Serial of the device or component that it is for.
    pub serial: String,
    pub device: String,
    pub payer: PartyLink,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyOf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub starts_on: Option<Date>,
    /// The last day of its last term, as far as its start is known: a promise that was kept to its end is over, though
    /// its state is active.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    pub last_day: Option<Date>,
    /// Whether the last day has passed, where one works.
    pub is_over: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seller: Option<String>,
    pub claims: Vec<ClaimView>,
    pub version: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ClaimView {
    #[schemars(with = "String")]
    pub on: Date,
    /// In minor units; absent for who may not see money where it was claimed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
    /// reserved, spent or released.
    pub state: String,
}

impl CoverView {
    /// How the cover stands, in one word: its state, or that it is over.
    #[must_use]
    pub fn standing(&self) -> &str {
        if self.is_over && self.state == CoverState::Active.name() { "over" } else { &self.state }
    }
}

pub(crate) fn cover_view(conn: &mut Conn, actor: &Actor, row: Cover, now: Timestamp) -> Result<CoverView> {
    let today = actor.today(now);
    let last_day = last_day(conn, &row, now, today)?;
    let money = actor.scope(Action::ViewMoney);
    let claims = cover_claims::table
        .inner_join(repairs::table.on(repairs::id.eq(cover_claims::repair_id)))
        .filter(cover_claims::cover_id.eq(row.id))
        .order(cover_claims::id)
        .select((CoverClaim::as_select(), repairs::centre_id, repairs::brand_id))
        .load::<(CoverClaim, i64, i64)>(conn)?;
    let claim = |(claim, centre, brand): (CoverClaim, i64, i64)| ClaimView {
        on: claim.claimed_on.date(),
        amount: money.holds(Of::Work(centre, brand)).then_some(claim.amount_minor),
        state: claim.state,
    };
    let (serial, device) =
        devices::table.find(row.device_id).select((devices::serial, devices::public_id)).first(conn)?;
    Ok(CoverView {
        payer: party_link(conn, row.payer_party_id)?,
        policy: policy_of(conn, &row)?,
        is_over: last_day.is_some_and(|last| last < today),
        last_day,
        id: row.public_id,
        kind: row.kind,
        number: row.number,
        state: row.state,
        serial,
        device,
        starts_on: Day::shown(row.starts_on),
        seller: row.seller,
        claims: claims.into_iter().map(claim).collect(),
        version: row.version,
    })
}

/// All covers of these devices, oldest first.
///
/// # Errors
/// The store.
pub(crate) fn covers_of(
    conn: &mut Conn,
    actor: &Actor,
    device_ids: Vec<i64>,
    now: Timestamp,
) -> Result<Vec<CoverView>> {
    let rows = covers::table
        .left_join(repairs::table.on(covers::repair_id.eq(repairs::id.nullable())))
        .filter(among(covers::device_id, device_ids))
        .order(covers::id)
        .select((Cover::as_select(), (repairs::centre_id, repairs::brand_id).nullable()))
        .load::<(Cover, Option<(i64, i64)>)>(conn)?;
    // What was given away in a repair is for who sees money there.
    let money = actor.scope(Action::ViewMoney);
    let is_shown = |of: &Option<(i64, i64)>| of.is_none_or(|(centre, brand)| money.holds(Of::Work(centre, brand)));
    let rows = rows.into_iter().filter(|(_, of)| is_shown(of)).map(|(row, _)| row);
    rows.into_iter().map(|row| cover_view(conn, actor, row, now)).collect()
}

pub(crate) fn cover_row(conn: &mut Conn, public_id: &str) -> Result<Cover> {
    covers::table
        .filter(covers::public_id.eq(public_id))
        .select(Cover::as_select())
        .first(conn)
        .optional()?
        .ok_or(Error::NotFound)
}

pub(super) fn brand_of(conn: &mut Conn, device_id: i64) -> Result<i64> {
    Ok(devices::table.find(device_id).select(devices::brand_id).first(conn)?)
}

/// A card of a brand that the actor sees.
///
/// # Errors
/// `Forbidden`, `NotFound` where it is none, or no card.
pub fn get_card(conn: &mut Conn, actor: &Actor, public_id: &str, now: Timestamp) -> Result<CoverView> {
    let row = card_row(conn, actor, public_id)?;
    cover_view(conn, actor, row, now)
}

/// The row of a card of a brand that the actor sees.
///
/// # Errors
/// As `get_card`.
pub(crate) fn card_row(conn: &mut Conn, actor: &Actor, public_id: &str) -> Result<Cover> {
    actor.may(Action::ViewWork, Of::Anything)?;
    let row = cover_row(conn, public_id)?;
    actor.finds(&[Action::ViewWork], Of::InBrand(brand_of(conn, row.device_id)?))?;
    if let Some(of) = of_repair(conn, &row)? {
        actor.finds(&[Action::ViewMoney], of)?;
    }
    Ok(row)
}

/// Of what was given away in a repair, where that is.
pub(super) fn of_repair(conn: &mut Conn, row: &Cover) -> Result<Option<Of>> {
    let Some(id) = row.repair_id else { return Ok(None) };
    let (centre, brand) =
        repairs::table.find(id).select((repairs::centre_id, repairs::brand_id)).first::<(i64, i64)>(conn)?;
    Ok(Some(Of::Work(centre, brand)))
}

/// Cards of the brands that the actor sees, newest first; with `q` those whose number begins with it.
///
/// # Errors
/// `Forbidden`.
pub fn list_cards(
    conn: &mut Conn,
    actor: &Actor,
    query: &store::views::ListQuery,
    now: Timestamp,
) -> Result<store::views::Page<CoverView>> {
    actor.may(Action::ViewWork, Of::Anything)?;
    let mut select = covers::table
        .inner_join(devices::table.on(devices::id.eq(covers::device_id)))
        .filter(actor.scope(Action::ViewWork).rows::<devices::table>())
        .filter(covers::kind.eq(CoverKind::Card.name()))
        .order(covers::id.desc())
        .select(Cover::as_select())
        .into_boxed();
    if let Some(q) = query.q.as_deref().map(domain::text::key).filter(|q| !q.is_empty()) {
        select = select.filter(covers::number_key.ge(q.clone()).and(covers::number_key.lt(format!("{q}\u{10FFFF}"))));
    }
    if let Some(after) = &query.after {
        select = select.filter(covers::id.lt(card_row(conn, actor, after)?.id));
    }
    let rows = select.limit(query.limit() + 1).load_boxed(conn)?;
    let page = store::views::Page::of(rows, query.limit(), |row: &Cover| row.public_id.clone(), |row| row);
    let items = page.items.into_iter().map(|row| cover_view(conn, actor, row, now)).collect::<Result<_>>()?;
    Ok(store::views::Page { items, next: page.next })
}
