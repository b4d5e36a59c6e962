//! Finding things again: the one search box, and the timelines of devices, customers and repairs.
//!
//! Invariants: an exact number opens at once; a prefix is a range on one index; customers of other centres are found by an exact number only, and that
//! is written down.

mod operations;

pub use operations::{DeviceOperation, device_operations, part_uses};

use domain::access::Action;
use domain::{identifiers, tracking};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::Actor;
use crate::customers::is_known_to;
use crate::error::{Error, Result};
use crate::store::Conn;
use crate::store::query::*;
use crate::store::schema::{covers, devices, invoices, journal, journal_subjects, parties, products, receptions, repairs, search_keys, users};
use crate::store::search_keys::Target;
use crate::views::{Page, Title};

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hit {
    /// device, customer, cover, reception, repair, invoice or product.
    pub kind: String,
    pub id: String,
    /// Its number, serial, code or name.
    pub title: String,
    /// What tells it from others of the same title.
    pub detail: String,
    /// Of a device or a product: the product's title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<Title>,
    /// Whether what was typed is exactly a key of it.
    pub is_exact: bool,
    /// A customer of other centres alone, found by an exact number: nothing is shown until the look-up is written down (`lookUpCustomer`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_elsewhere: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Found {
    pub hits: Vec<Hit>,
}

/// How many hits the box shows.
const HITS: i64 = 20;

/// Finds by any number or the beginning of a name, typed in any digits or scanned.
///
/// # Errors
/// `Forbidden`.
pub fn search(conn: &mut Conn, actor: &Actor, typed: &str) -> Result<Found> {
    actor.may(Action::ViewWork, None, None)?;
    // A QR of ours and a GS1 Digital Link end in the number that they stand for.
    let typed = typed.trim().rsplit_once("/t/").map_or(typed, |(_, number)| number);
    let typed = typed.rsplit_once("/21/").map_or(typed, |(_, serial)| serial);
    let folded = domain::text::fold(typed);
    let key = domain::text::key(typed);
    if key.is_empty() {
        return Ok(Found { hits: Vec::new() });
    }
    let mut exact = vec![key.clone(), folded.clone()];
    exact.extend(identifiers::phone(typed));
    exact.extend(identifiers::national_id(typed));
    exact.extend(tracking::parse(typed));
    exact.sort();
    exact.dedup();
    let mut rows = search_keys::table
        .filter(search_keys::key.eq_any(&exact))
        .select((search_keys::target_kind, search_keys::target_id, search_keys::kind))
        .limit(HITS)
        .load::<(String, i64, String)>(conn)?
        .into_iter()
        .map(|(kind, id, key)| (kind, id, if key == "name" { Match::Name } else { Match::Number }))
        .collect::<Vec<_>>();
    if rows.is_empty() && key.chars().count() >= 2 {
        for prefix in [&key, &folded] {
            let more = search_keys::table
                .filter(search_keys::key.ge(prefix.clone()))
                .filter(search_keys::key.lt(format!("{prefix}\u{10FFFF}")))
                .order(search_keys::key)
                .select((search_keys::target_kind, search_keys::target_id))
                .limit(HITS)
                .load::<(String, i64)>(conn)?;
            rows.extend(more.into_iter().map(|(kind, id)| (kind, id, Match::Beginning)));
        }
    }
    let mut hits: Vec<Hit> = Vec::new();
    for (kind, id, by) in rows {
        if let Some(hit) = hit(conn, actor, &kind, id, by)?
            && !hits.contains(&hit)
        {
            hits.push(hit);
        }
    }
    Ok(Found { hits })
}

/// What of a thing was typed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Match {
    Number,
    Name,
    Beginning,
}

fn hit(conn: &mut Conn, actor: &Actor, kind: &str, id: i64, by: Match) -> Result<Option<Hit>> {
    let new = |public_id: String, title: String, detail: String| Hit {
        kind: kind.to_owned(),
        id: public_id,
        title,
        detail,
        product: None,
        is_exact: by != Match::Beginning,
        is_elsewhere: false,
    };
    let of_product = |public_id: String, title: String, product: Title| Hit { product: Some(product), ..new(public_id, title, String::new()) };
    Ok(match kind {
        k if k == Target::Device.name() => {
            let row = devices::table
                .inner_join(products::table.on(products::id.eq(devices::product_id)))
                .filter(devices::id.eq(id))
                .select((devices::public_id, devices::serial, (products::title_fa, products::title_en), devices::brand_id))
                .first::<(String, String, Title, i64)>(conn)?;
            actor.sees(None, Some(row.3)).then(|| of_product(row.0, row.1, row.2))
        }
        k if k == Target::Customer.name() => {
            let row = parties::table.find(id).select((parties::public_id, parties::name, parties::retired_at)).first::<(String, String, Option<crate::store::types::At>)>(conn)?;
            let phone = crate::customers::first_phone(conn, id)?.unwrap_or_default();
            if !actor.can(Action::ViewCustomers) || row.2.is_some() {
                return Ok(None);
            }
            match (is_known_to(conn, actor, id)?, by) {
                (true, _) => Some(new(row.0, row.1, identifiers::show_phone(&phone))),
                (false, Match::Number) => Some(Hit { is_elsewhere: true, ..new(row.0, String::new(), String::new()) }),
                (false, _) => None,
            }
        }
        k if k == Target::Cover.name() => {
            let row = covers::table
                .inner_join(devices::table.on(devices::id.eq(covers::device_id)))
                .filter(covers::id.eq(id))
                .select((covers::public_id, covers::number, devices::serial, devices::brand_id))
                .first::<(String, String, String, i64)>(conn)?;
            actor.sees(None, Some(row.3)).then(|| new(row.0, row.1, row.2))
        }
        k if k == Target::Reception.name() => {
            let row = receptions::table
                .inner_join(parties::table.on(parties::id.eq(receptions::customer_id)))
                .filter(receptions::id.eq(id))
                .select((receptions::public_id, receptions::number, parties::name, receptions::centre_id))
                .first::<(String, String, String, i64)>(conn)?;
            actor.sees(Some(row.3), None).then(|| new(row.0, row.1, row.2))
        }
        k if k == Target::Repair.name() => {
            let row = repairs::table
                .inner_join(devices::table.on(devices::id.eq(repairs::device_id)))
                .filter(repairs::id.eq(id))
                .select((repairs::public_id, repairs::number, devices::serial, repairs::centre_id, repairs::brand_id))
                .first::<(String, String, String, i64, i64)>(conn)?;
            actor.sees(Some(row.3), Some(row.4)).then(|| new(row.0, row.1, row.2))
        }
        k if k == Target::Invoice.name() => {
            let row = invoices::table
                .inner_join(parties::table.on(parties::id.eq(invoices::payer_party_id)))
                .filter(invoices::id.eq(id))
                .select((invoices::public_id, invoices::number, parties::name, invoices::centre_id))
                .first::<(String, String, String, i64)>(conn)?;
            (actor.can(Action::ViewMoney) && actor.sees(Some(row.3), None)).then(|| new(row.0, row.1, row.2))
        }
        k if k == Target::Product.name() => {
            let row = products::table.find(id).select((products::public_id, products::code, (products::title_fa, products::title_en))).first::<(String, String, Title)>(conn)?;
            Some(of_product(row.0, row.1, row.2))
        }
        _ => None,
    })
}

/// An entry of a timeline.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TimelineEntry {
    /// What happened, named in the past.
    pub event: String,
    #[schemars(with = "String")]
    pub occurred_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    pub details: serde_json::Value,
}

/// Whose timeline is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetTimeline {
    /// device, customer, repair, reception, cover or invoice.
    #[schemars(regex(pattern = "^(device|customer|repair|reception|cover|invoice)$"))]
    pub subject: String,
    /// Its public id.
    #[schemars(regex(pattern = "^[0-9a-z]{16}$"))]
    pub id: String,
    /// The `next` of the page before.
    #[schemars(regex(pattern = "^[0-9]{1,18}$"))]
    #[serde(default)]
    pub after: Option<String>,
    #[schemars(range(min = 1, max = 200))]
    #[serde(default)]
    pub limit: Option<i64>,
}

/// What happened to a thing, newest first, complete to the operation.
///
/// # Errors
/// `Forbidden`, `NotFound`.
pub fn get_timeline(conn: &mut Conn, actor: &Actor, query: &GetTimeline) -> Result<Page<TimelineEntry>> {
    actor.may(Action::ViewWork, None, None)?;
    let id = &query.id;
    let subject_id = match query.subject.as_str() {
        "device" => {
            let row = crate::devices::device_row(conn, id)?;
            actor.must_see(None, Some(row.brand_id))?;
            row.id
        }
        "customer" => {
            crate::customers::get_customer(conn, actor, id)?;
            crate::customers::customer_row(conn, id)?.id
        }
        "repair" => crate::repair::seen(conn, actor, id)?.id,
        "reception" => {
            crate::reception::get_reception(conn, actor, id)?;
            crate::reception::reception_row(conn, id)?.id
        }
        "cover" => crate::coverage::covers::card_row(conn, actor, id)?.id,
        "invoice" => {
            actor.may(Action::ViewMoney, None, None)?;
            crate::billing::invoices::invoice_row(conn, actor, id)?.id
        }
        _ => return Err(Error::invalid("subject", "unknown-reference")),
    };
    let limit = query.limit.unwrap_or(crate::store::PAGE).clamp(1, crate::store::MAX_PAGE);
    let select = journal_subjects::table
        .inner_join(journal::table.on(journal::id.eq(journal_subjects::journal_id)))
        .left_join(users::table.on(journal::actor_user_id.eq(users::id.nullable())))
        .filter(journal_subjects::subject_kind.eq(&query.subject))
        .filter(journal_subjects::subject_id.eq(subject_id))
        .order(journal::id.desc())
        .select((journal::id, journal::kind, journal::payload, journal::occurred_at, users::name.nullable()))
        .limit(limit + 1);
    // Who looked at a customer is for who keeps personal data.
    let hidden = if actor.can(Action::KeepPersonalData) { "" } else { crate::personal::opened::OPENED };
    let after = query.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(i64::MAX);
    let rows = select.filter(journal::kind.ne(hidden)).filter(journal::id.lt(after)).load::<(i64, String, String, crate::store::types::At, Option<String>)>(conn)?;
    let sees_money = actor.can(Action::ViewMoney);
    Ok(Page::of(
        rows,
        limit,
        |row| row.0.to_string(),
        |(_, event, payload, at, by)| {
            let mut details: serde_json::Value = serde_json::from_str(&payload).unwrap_or_default();
            if let Some(map) = details.as_object_mut() {
                map.remove("event");
                if !sees_money {
                    for key in ["amount", "total", "customer_before", "customer_after"] {
                        map.remove(key);
                    }
                }
            }
            TimelineEntry { event, occurred_at: at.instant(), by, details }
        },
    ))
}
