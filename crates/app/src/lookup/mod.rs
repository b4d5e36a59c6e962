//! Finding things again: the one search box, and the timelines of devices, customers and repairs.
//!
//! Invariants: an exact number opens at once; a prefix is a range on one index; customers of other centres are found by
//! an exact number only, and that is written down.

mod operations;

pub use operations::{DeviceOperation, device_operations, part_uses};

use std::collections::BTreeSet;

use domain::access::Action;
use domain::{identifiers, tracking};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::guesses::{Tried, may_guess, reserve};
use store::error::{Error, Result};
use store::events::{GIFT, MONEY, WORDS};
use store::query::*;
use store::rights::{Actor, Of, Scope};
use store::schema::{
    covers, devices, invoices, journal, journal_subjects, parties, products, receptions, repairs, search_keys, users,
};
use store::search_keys::Target;
use store::views::{Page, Title};
use store::{Conn, Db, among};

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
    /// A customer of other centres alone, found by an exact number: nothing is shown until the look-up is written down
    /// (`lookUpCustomer`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_elsewhere: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Found {
    pub hits: Vec<Hit>,
}

/// How many hits the box shows.
const HITS: i64 = 20;

/// How many keys are looked at for them, and how many at once: what others have in common with what was typed.
const LOOKED_AT: i64 = 4_000;
const LOOKED_AT_ONCE: i64 = 500;

/// Finds by any number or the beginning of a name, typed in any digits or scanned. Numbers of customers whom the actor
/// does not know are counted, so that nobody learns by trying who is served elsewhere.
///
/// # Errors
/// `Forbidden`; `TooMany` after too many numbers of strangers.
pub fn search(db: &Db, actor: &Actor, typed: &str) -> Result<Found> {
    let found = db.read(|conn| look(conn, actor, typed))?;
    let is_customers = is_customers(&domain::text::key(meant(typed)));
    let is_known = found.hits.iter().any(|hit| hit.kind == Target::Customer.name() && !hit.is_elsewhere);
    let tried = Tried::look_up(actor);
    if found.hits.iter().any(|hit| hit.is_elsewhere) || is_customers && !is_known {
        db.write(actor, |tx| reserve(tx, std::slice::from_ref(&tried)))?;
    } else if found.hits.is_empty() {
        // Who must wait for strangers is not told of which number there is none.
        may_guess(db.read(|conn| tried.blocked_until(conn))?, db.now())?;
    }
    Ok(found)
}

/// Whether a number, folded as it is looked up, is one by which a customer is known: a phone or a national ID. By others
/// strangers are looked up where each try counts (`lookUpCustomer`): a search for a serial that finds nothing costs
/// nothing, and so tells nothing of them.
fn is_customers(key: &str) -> bool {
    identifiers::phone(key).is_some() || identifiers::national_id(key).is_some()
}

/// The number that is meant: a QR of ours and a GS1 Digital Link end in what they stand for.
fn meant(typed: &str) -> &str {
    let typed = typed.trim().rsplit_once("/t/").map_or(typed, |(_, number)| number);
    typed.rsplit_once("/21/").map_or(typed, |(_, serial)| serial)
}

/// The same, for what is no customer.
///
/// # Errors
/// `Forbidden`.
pub fn look(conn: &mut Conn, actor: &Actor, typed: &str) -> Result<Found> {
    actor.may(Action::ViewWork, Of::Anything)?;
    let typed = meant(typed);
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
    let mut hits: Vec<Hit> = Vec::new();
    // One after the other: a list of keys would be another statement for each length of it.
    for wanted in &exact {
        let more = seen(conn, actor, |conn, from, count| {
            let rows = search_keys::table
                .filter(search_keys::key.eq(wanted))
                .order((search_keys::kind, search_keys::target_kind, search_keys::target_id))
                .select((search_keys::target_kind, search_keys::target_id, search_keys::kind))
                .offset(from)
                .limit(count)
                .load::<(String, i64, String)>(conn)?;
            let by = |key: String| if key == "name" { Match::Name } else { Match::Number };
            Ok(rows.into_iter().map(|(kind, id, key)| (kind, id, by(key))).collect())
        })?;
        add(&mut hits, more);
    }
    // Where one's own has the number, nobody is told of others who have it too.
    let is_own = |hit: &Hit| hit.kind == Target::Customer.name() && !hit.is_elsewhere;
    if !is_customers(&key) || hits.iter().any(is_own) {
        hits.retain(|hit| !hit.is_elsewhere);
    }
    if hits.is_empty() && key.chars().count() >= 2 {
        let mut prefixes = vec![&key, &folded];
        prefixes.dedup();
        for prefix in prefixes {
            let more = seen(conn, actor, |conn, from, count| {
                let rows = search_keys::table
                    .filter(search_keys::key.ge(prefix.clone()))
                    .filter(search_keys::key.lt(format!("{prefix}\u{10FFFF}")))
                    .order((search_keys::key, search_keys::kind, search_keys::target_kind, search_keys::target_id))
                    .select((search_keys::target_kind, search_keys::target_id))
                    .offset(from)
                    .limit(count)
                    .load::<(String, i64)>(conn)?;
                Ok(rows.into_iter().map(|(kind, id)| (kind, id, Match::Beginning)).collect())
            })?;
            add(&mut hits, more);
        }
    }
    Ok(Found { hits })
}

/// Adds what was not found before, up to what the box shows.
fn add(hits: &mut Vec<Hit>, more: Vec<Hit>) {
    for hit in more {
        if !hits.contains(&hit) {
            hits.push(hit);
        }
    }
    hits.truncate(usize::try_from(HITS).unwrap_or(0));
}

/// A key that was found: kind and id of what it is of, and what of that was typed.
type Key = (String, i64, Match);

/// The first of what is found that the actor sees: what is of others takes no place among them. `read` gives so many
/// keys from a place on.
fn seen(conn: &mut Conn, actor: &Actor, read: impl Fn(&mut Conn, i64, i64) -> Result<Vec<Key>>) -> Result<Vec<Hit>> {
    let wanted = usize::try_from(HITS).unwrap_or(0);
    let mut hits: Vec<Hit> = Vec::new();
    let (mut from, mut count) = (0, HITS);
    while from < LOOKED_AT && hits.len() < wanted {
        let keys = read(conn, from, count)?;
        let is_last = i64::try_from(keys.len()).unwrap_or(0) < count;
        let strangers = strangers_among(conn, actor, &keys)?;
        for (kind, id, by) in keys {
            if let Some(hit) = hit(conn, actor, &kind, id, by, &strangers)?
                && !hits.contains(&hit)
            {
                hits.push(hit);
            }
        }
        if is_last {
            break;
        }
        // Where the first are not enough, the rest is looked at in greater pieces.
        (from, count) = (from + count, LOOKED_AT_ONCE);
    }
    hits.truncate(wanted);
    Ok(hits)
}

/// Those of the customers who were found whom the actor does not know.
fn strangers_among(conn: &mut Conn, actor: &Actor, keys: &[Key]) -> Result<BTreeSet<i64>> {
    let customers = keys.iter().filter(|(kind, ..)| kind == Target::Customer.name()).map(|(_, id, _)| *id);
    let customers = customers.collect::<BTreeSet<_>>();
    if customers.is_empty() {
        return Ok(customers);
    }
    let known = parties::table
        .filter(among(parties::id, customers.iter().copied().collect()))
        .filter(actor.scope(Action::ViewCustomers).rows::<parties::table>())
        .select(parties::id)
        .load::<i64>(conn)?;
    Ok(customers.into_iter().filter(|id| !known.contains(id)).collect())
}

/// What of a thing was typed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Match {
    Number,
    Name,
    Beginning,
}

fn hit(
    conn: &mut Conn,
    actor: &Actor,
    kind: &str,
    id: i64,
    by: Match,
    strangers: &BTreeSet<i64>,
) -> Result<Option<Hit>> {
    let new = |public_id: String, title: String, detail: String| Hit {
        kind: kind.to_owned(),
        id: public_id,
        title,
        detail,
        product: None,
        is_exact: by != Match::Beginning,
        is_elsewhere: false,
    };
    let sees = actor.scope(Action::ViewWork);
    let of_product = |public_id: String, title: String, product: Title| Hit {
        product: Some(product),
        ..new(public_id, title, String::new())
    };
    Ok(match kind {
        k if k == Target::Device.name() => {
            let row = devices::table
                .inner_join(products::table.on(products::id.eq(devices::product_id)))
                .filter(devices::id.eq(id))
                .select((
                    devices::public_id,
                    devices::serial,
                    (products::title_fa, products::title_en),
                    devices::brand_id,
                ))
                .first::<(String, String, Title, i64)>(conn)?;
            sees.holds(Of::InBrand(row.3)).then(|| of_product(row.0, row.1, row.2))
        }
        // Of a stranger a beginning or a name tells nothing.
        k if k == Target::Customer.name() && by != Match::Number && strangers.contains(&id) => None,
        k if k == Target::Customer.name() => {
            let row = parties::table
                .find(id)
                .select((parties::public_id, parties::name, parties::retired_at))
                .first::<(String, String, Option<store::types::At>)>(conn)?;
            if !actor.can(Action::ViewCustomers) || row.2.is_some() {
                return Ok(None);
            }
            match (!strangers.contains(&id), by) {
                (true, _) => {
                    let phone = crate::customers::first_phone(conn, id)?.unwrap_or_default();
                    Some(new(row.0, row.1, identifiers::show_phone(&phone)))
                }
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
            sees.holds(Of::InBrand(row.3)).then(|| new(row.0, row.1, row.2))
        }
        k if k == Target::Reception.name() => {
            let row = receptions::table
                .inner_join(parties::table.on(parties::id.eq(receptions::customer_id)))
                .filter(receptions::id.eq(id))
                .filter(sees.rows::<receptions::table>())
                .select((receptions::public_id, receptions::number, parties::name))
                .first::<(String, String, String)>(conn)
                .optional()?;
            row.map(|row| new(row.0, row.1, row.2))
        }
        k if k == Target::Repair.name() => {
            let row = repairs::table
                .inner_join(devices::table.on(devices::id.eq(repairs::device_id)))
                .filter(repairs::id.eq(id))
                .filter(sees.rows::<repairs::table>())
                .select((repairs::public_id, repairs::number, devices::serial))
                .first::<(String, String, String)>(conn)
                .optional()?;
            row.map(|row| new(row.0, row.1, row.2))
        }
        k if k == Target::Invoice.name() => {
            let row = invoices::table
                .inner_join(parties::table.on(parties::id.eq(invoices::payer_party_id)))
                .filter(invoices::id.eq(id))
                .filter(actor.scope(Action::ViewMoney).rows::<invoices::table>())
                .select((invoices::public_id, invoices::number, parties::name))
                .first::<(String, String, String)>(conn)
                .optional()?;
            row.map(|row| new(row.0, row.1, row.2))
        }
        k if k == Target::Product.name() => {
            let row = products::table
                .find(id)
                .select((products::public_id, products::code, (products::title_fa, products::title_en)))
                .first::<(String, String, Title)>(conn)?;
            Some(of_product(row.0, row.1, row.2))
        }
        _ => None,
    })
}

/// An entry as it is read: what happened, when, by whom, in which centre and for which brand.
type Entry = (i64, (String, String), store::types::At, Option<String>, (Option<i64>, Option<i64>));

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
    actor.may(Action::ViewWork, Of::Anything)?;
    let id = &query.id;
    // Of a customer's visits each sees those of their own; a device's history is one for all who serve it.
    let told = match query.subject.as_str() {
        "customer" => actor.scope(Action::ViewCustomers),
        "reception" => actor.scope(Action::ViewWork),
        _ => Scope::everything(),
    };
    let subject_id = match query.subject.as_str() {
        "device" => crate::devices::seen(conn, actor, id, &[Action::ViewWork])?.id,
        "customer" => {
            crate::customers::get_customer(conn, actor, id)?;
            crate::customers::customer_row(conn, id)?.id
        }
        "repair" => crate::repair::work::seen(conn, actor, id, Action::ViewWork)?.id,
        "reception" => crate::reception::seen(conn, actor, id, Action::ViewWork)?.id,
        "cover" => crate::coverage::view::card_row(conn, actor, id)?.id,
        "invoice" => {
            actor.may(Action::ViewMoney, Of::Anything)?;
            crate::billing::view::seen(conn, actor, id, &[Action::ViewMoney])?.id
        }
        _ => return Err(Error::invalid("subject", "unknown-reference")),
    };
    let limit = query.limit.unwrap_or(store::PAGE).clamp(1, store::MAX_PAGE);
    let select = journal_subjects::table
        .inner_join(journal::table.on(journal::id.eq(journal_subjects::journal_id)))
        .left_join(users::table.on(journal::actor_user_id.eq(users::id.nullable())))
        .filter(journal_subjects::subject_kind.eq(&query.subject))
        .filter(journal_subjects::subject_id.eq(subject_id))
        .order(journal::id.desc())
        .select((
            journal::id,
            (journal::kind, journal::payload),
            journal::occurred_at,
            users::name.nullable(),
            (journal::centre_id, journal::brand_id),
        ))
        .limit(limit + 1);
    // Who looked at a customer is for who keeps personal data.
    let hidden =
        if actor.may(Action::KeepPersonalData, Of::All).is_ok() { "" } else { crate::personal::opened::OPENED };
    let after = query.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(i64::MAX);
    let rows = select
        .filter(told.rows::<journal::table>())
        .filter(journal::kind.ne(hidden))
        .filter(journal::id.lt(after))
        .load::<Entry>(conn)?;
    let foreign = if query.subject == "customer" { of_foreign_visits(conn, &told, &rows)? } else { BTreeSet::new() };
    let (money, work) = (actor.scope(Action::ViewMoney), actor.scope(Action::ViewWork));
    let Page { items, next } = Page::of(
        rows,
        limit,
        |row| row.0.to_string(),
        |(id, (event, payload), at, by, (centre_id, brand_id))| {
            let mut details: serde_json::Value = serde_json::from_str(&payload).unwrap_or_default();
            if let Some(map) = details.as_object_mut() {
                map.remove("event");
                // What was done is for all who see the thing; who paid and how much for those alone who see money
                // there.
                if !money.holds_wholly(centre_id, brand_id) {
                    let is_of_money = |key: &str| MONEY.contains(&key) || event == GIFT && key == "reason";
                    map.retain(|key, _| !is_of_money(key));
                }
                // What people of other centres wrote in words of their own is theirs.
                if centre_id.is_some() && !work.holds_wholly(centre_id, brand_id) {
                    for (_, told) in map.iter_mut().filter(|(key, _)| WORDS.contains(&key.as_str())) {
                        *told = serde_json::Value::Null;
                    }
                }
            }
            (!foreign.contains(&id)).then_some(TimelineEntry { event, occurred_at: at.instant(), by, details })
        },
    );
    Ok(Page { items: items.into_iter().flatten().collect(), next })
}

/// The entries about a visit or an invoice that a scope does not reach. A visit may be of several brands, so its
/// entries bear none.
fn of_foreign_visits(conn: &mut Conn, scope: &Scope, rows: &[Entry]) -> Result<BTreeSet<i64>> {
    let entries = rows.iter().map(|row| row.0).collect::<Vec<_>>();
    let about = |kind: &'static str| {
        journal_subjects::table
            .filter(journal_subjects::journal_id.eq_any(entries.clone()))
            .filter(journal_subjects::subject_kind.eq(kind))
    };
    let about = |conn: &mut Conn, kind| {
        about(kind).select((journal_subjects::journal_id, journal_subjects::subject_id)).load::<(i64, i64)>(conn)
    };
    let (of_visits, of_invoices) = (about(conn, "reception")?, about(conn, "invoice")?);
    let ids = |pairs: &[(i64, i64)]| pairs.iter().map(|(_, subject)| *subject).collect::<Vec<_>>();
    let visits = receptions::table
        .filter(receptions::id.eq_any(ids(&of_visits)))
        .filter(scope.rows::<receptions::table>())
        .select(receptions::id)
        .load::<i64>(conn)?;
    let invoices = invoices::table
        .filter(invoices::id.eq_any(ids(&of_invoices)))
        .filter(scope.rows::<invoices::table>())
        .select(invoices::id)
        .load::<i64>(conn)?;
    let foreign = |pairs: Vec<(i64, i64)>, seen: Vec<i64>| {
        pairs.into_iter().filter(move |(_, subject)| !seen.contains(subject)).map(|(entry, _)| entry)
    };
    Ok(foreign(of_visits, visits).chain(foreign(of_invoices, invoices)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::customers::{SaveCustomer, save_customer};
    use crate::testing::{House, RECEPTIONIST, TECHNICIAN, another_centre, in_a_house};

    /// The receptionist of another centre.
    fn elsewhere(house: &House) -> Actor {
        let other = house.write(another_centre);
        let mut actor = house.person(RECEPTIONIST);
        actor.members.iter_mut().for_each(|member| member.centre_id = Some(other));
        (actor.centre_id, actor.user_id) = (Some(other), house.person(TECHNICIAN).user_id);
        actor
    }

    #[test]
    fn a_number_of_a_stranger_counts_however_it_is_written() {
        in_a_house(|house| {
            house.at("1405/09/02");
            let them = SaveCustomer {
                name: "زهرا کریمی".to_owned(),
                phones: vec!["09123456789".to_owned()],
                subscription: Some("SB-7".to_owned()),
                ..SaveCustomer::default()
            };
            house.by(RECEPTIONIST, |tx| save_customer(tx, None, &them)).expect("a customer");
            let elsewhere = elsewhere(house);
            let found = |typed: &str| search(&house.db, &elsewhere, typed).expect("searched").hits.len();
            let counted = || {
                let tried = Tried::look_up(&elsewhere);
                house.db.read(|conn| crate::access::guesses::wrong(conn, &tried, house.db.now())).expect("read")
            };
            for (at, typed) in
                ["09123456789", "+98912_3456789", "+98912—345_6789", "+98913_3456789"].into_iter().enumerate()
            {
                assert_eq!(
                    (found(typed), counted()),
                    (usize::from(at < 3), i64::try_from(at).expect("few") + 1),
                    "{typed}"
                );
            }
            // By other numbers nobody is told of strangers here, nor hidden by them.
            assert_eq!((found("SB-7"), found("SB-8"), counted()), (0, 0, 4));
            house.device("TV-1", "SB-71", "1405/01/15", &[]);
            assert_eq!((found("SB-7"), counted()), (1, 4), "what begins with it");
        });
    }

    #[test]
    fn what_is_of_others_takes_no_place_among_what_is_found_and_hides_nothing() {
        in_a_house(|house| {
            house.at("1405/09/02");
            for number in 0..45 {
                house.customer(&format!("کریمی {number}"), &format!("0912345{number:04}"));
            }
            house.customer("رستمی", "09120000001");
            let actor = elsewhere(house);
            let keep = |name: &str, phone: &str| {
                let command =
                    SaveCustomer { name: name.to_owned(), phones: vec![phone.to_owned()], ..SaveCustomer::default() };
                house.db.write(&actor, |tx| save_customer(tx, None, &command)).expect("a customer");
            };
            keep("کریمی‌نیا", "09350000001");
            keep("رستمی‌فر", "09350000002");
            let found = |typed: &str| {
                let found = search(&house.db, &actor, typed).expect("searched");
                found.hits.into_iter().map(|hit| (hit.title, hit.is_elsewhere)).collect::<Vec<_>>()
            };
            assert_eq!(found("کریمی"), [("کریمی‌نیا".to_owned(), false)]);
            assert_eq!(
                found("رستمی"),
                [("رستمی‌فر".to_owned(), false)],
                "a stranger's whole name hides none of one's own"
            );
            // Whose number one's own has too, is not told.
            assert_eq!(found("09120000001"), [(String::new(), true)]);
            keep("سارا", "09120000001");
            assert_eq!(found("09120000001"), [("سارا".to_owned(), false)]);
        });
    }
}
