//! The one builder of cases: from a device and a moment to everything that a decision may look at. Nothing else reads
//! covers to judge.

use std::collections::{BTreeMap, BTreeSet};

use domain::coverage::{
    Case, Claim, CoverKind, CoverState, Downtime, Event, Line, LineType, Question, Term, terms_over_time,
};
use jiff::Timestamp;
use jiff::civil::Date;

use super::rows::Cover;
use crate::coverage::rules::rules;
use crate::devices::tree::{Node, root_of, tree};
use crate::devices::{METER_READ, Reading};
use store::conn::Conn;
use store::error::Result;
use store::query::*;
use store::schema::{cover_claims, covers, device_events, parties, policy_versions, repairs};
use store::settings;
use store::types::{At, Day};

/// A case with what its ids stand for in the store.
pub struct Built {
    pub case: Case,
    /// The covers, in the order of the case.
    pub covers: Vec<Cover>,
    pub tree: Node,
}

/// What is asked about a device.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub fault: Option<String>,
    pub cause: Option<String>,
    pub usage: BTreeMap<String, i64>,
    pub lines: Vec<Line>,
}

/// The id of a cover in a case.
#[must_use]
pub fn cover_id(cover: &Cover) -> String {
    format!("{}:{}", cover.kind, cover.number)
}

/// Builds the case of a device as it stood at `received_at` (`received`: its local date at the centre). `repair_id` is
/// the repair that asks: its own goodwill counts, and its own reservations do not.
///
/// # Errors
/// The store.
pub fn build(
    conn: &mut Conn,
    device_id: i64,
    received_at: Timestamp,
    received: Date,
    repair_id: Option<i64>,
    asked: Asked,
) -> Result<Built> {
    let tree = tree(conn, device_id, received_at)?;
    let nodes = tree.all();
    let device = tree.component();

    let events = device_events::table
        .filter(device_events::device_id.eq(device_id))
        .filter(device_events::occurred_at.le(At::from(received_at)))
        .order(device_events::occurred_at)
        .select((device_events::kind, device_events::occurred_on, device_events::data))
        .load::<(String, Day, String)>(conn)?;
    let readings = events
        .iter()
        .filter(|(kind, ..)| kind == METER_READ)
        .filter_map(|(.., data)| serde_json::from_str::<Reading>(data).ok())
        .collect::<Vec<_>>();
    let events = events.into_iter().map(|(kind, on, _)| Event { kind, date: on.date() }).collect();

    let mut found = Vec::new();
    for node in &nodes {
        let of_node = covers::table
            .inner_join(parties::table.on(parties::id.eq(covers::payer_party_id)))
            .left_join(policy_versions::table.on(policy_versions::id.nullable().eq(covers::policy_version_id)))
            .filter(covers::device_id.eq(node.device.id))
            .filter(
                covers::repair_id
                    .is_null()
                    .and(covers::issued_at.le(At::from(received_at)))
                    .or(covers::repair_id.eq(repair_id.unwrap_or(-1))),
            )
            .select((Cover::as_select(), parties::public_id, policy_versions::body.nullable()));
        found.extend(of_node.load::<(Cover, String, Option<String>)>(conn)?);
    }
    found.sort_unstable_by_key(|(row, ..)| row.id);
    let mut rows = Vec::with_capacity(found.len());
    let mut in_case = Vec::with_capacity(found.len());
    for (row, payer, pinned) in found {
        let mut policy = rules(&row, pinned.as_deref())?;
        // A promise that was given for a component speaks of that component alone.
        if row.device_id != device_id {
            let key = nodes.iter().find(|node| node.device.id == row.device_id).map(|node| node.key.clone());
            for term in policy.terms.iter_mut().filter(|term| term.scope.is_none()) {
                term.scope =
                    key.clone().map(|key| domain::coverage::Scope { serials: vec![key], ..Default::default() });
            }
        }
        let (claims, downtime) = claims_of(conn, row.id, repair_id)?;
        in_case.push(domain::coverage::Cover {
            id: cover_id(&row),
            kind: CoverKind::named(&row.kind).unwrap_or(CoverKind::Card),
            state: CoverState::named(&row.state).unwrap_or(CoverState::Void),
            payer: format!("party:{payer}"),
            starts: Day::shown(row.starts_on),
            claims,
            downtime,
            policy,
        });
        rows.push(row);
    }
    // A meter does not run backwards: what was read last before and is over a limit tells that it is, what was below
    // tells nothing. Who reads less than was read before puts that right, and is asked where they note it
    // (`devices::register::read_meters`).
    let mut usage = asked.usage;
    let limits = |metric: &str| {
        in_case
            .iter()
            .flat_map(|cover| &cover.policy.terms)
            .filter_map(|term| term.usage.get(metric).copied())
            .collect::<Vec<_>>()
    };
    let mut looked_at = BTreeSet::new();
    for Reading { metric, reading, .. } in readings.into_iter().rev() {
        if !looked_at.insert(metric.clone()) {
            continue;
        }
        if !usage.contains_key(&metric) && limits(&metric).iter().any(|limit| reading > *limit) {
            usage.insert(metric, reading);
        }
    }
    let question = Question { received, usage, fault: asked.fault, cause: asked.cause, lines: asked.lines };
    let case = Case {
        case: tree.device.public_id.clone(),
        calendar: settings::calendar(conn)?,
        device,
        events,
        covers: in_case,
        question,
        ..Case::default()
    };
    Ok(Built { case, covers: rows, tree })
}

fn claims_of(conn: &mut Conn, cover_id: i64, but_repair: Option<i64>) -> Result<(Vec<Claim>, Vec<Downtime>)> {
    let rows = cover_claims::table
        .left_join(repairs::table.on(repairs::id.eq(cover_claims::repair_id)))
        .filter(cover_claims::cover_id.eq(cover_id))
        .filter(cover_claims::state.ne("released"))
        .filter(cover_claims::repair_id.ne(but_repair.unwrap_or(0)))
        .order(cover_claims::id)
        .select((
            cover_claims::claimed_on,
            cover_claims::amount_minor,
            repairs::occurred_on.nullable(),
            repairs::returned_on.nullable(),
        ))
        .load::<(Day, i64, Option<Day>, Option<Day>)>(conn)?;
    let claims = rows.iter().map(|(on, amount, ..)| Claim { date: on.date(), amount: *amount }).collect();
    let downtime = rows.iter().filter_map(|(_, _, received, returned)| {
        Some(Downtime { received: received.as_ref()?.date(), returned: returned.as_ref()?.date() })
    });
    Ok((claims, downtime.filter(|repair| repair.returned >= repair.received).collect()))
}

/// The last day of a cover: that of its last term; None where no start is known, or where the cover does not hold.
///
/// # Errors
/// The store.
pub fn last_day(conn: &mut Conn, cover: &Cover, now: Timestamp, today: Date) -> Result<Option<Date>> {
    let root = root_of(conn, cover.device_id, now)?;
    let built = build(conn, root, now, today, cover.repair_id, Asked::default())?;
    let id = cover_id(cover);
    Ok(terms_over_time(&built.case).into_iter().filter(|(cover, ..)| *cover == id).map(|(.., last)| last).max())
}

/// The question at the counter, before anything is priced: a line per type for the device that is asked about, which is
/// the root of the tree or a component, and a part line for each component of it that has a term of its own which the
/// fault may concern.
#[must_use]
pub fn counter_lines(built: &Built, device_id: i64) -> Vec<Line> {
    let all = built.tree.all();
    let asked = all.iter().find(|node| node.device.id == device_id).copied().unwrap_or(&built.tree);
    let is_root = asked.device.id == built.tree.device.id;
    let (item, component) = if is_root { ("", None) } else { (asked.product_code.as_str(), Some(&asked.key)) };
    let mut lines = [LineType::Part, LineType::Labour, LineType::Travel]
        .into_iter()
        .map(|kind| line(kind.name(), kind, item, component.cloned()))
        .collect::<Vec<_>>();
    let fault = built.case.question.fault.as_ref();
    let may_concern = |term: &&Term| {
        term.only
            .as_ref()
            .is_none_or(|only| only.faults.is_empty() || fault.is_none_or(|fault| only.faults.contains(fault)))
    };
    let terms = built.case.covers.iter().flat_map(|cover| &cover.policy.terms).filter(may_concern).collect::<Vec<_>>();
    for node in asked.all().into_iter().skip(1) {
        let has_own_term = terms.iter().filter_map(|term| term.scope.as_ref()).any(|scope| {
            scope.serials.contains(&node.key)
                || scope.products.contains(&node.product_code)
                || node.kinds.iter().any(|kind| scope.kinds.contains(kind))
        });
        if has_own_term {
            lines.push(line(&format!("part:{}", node.key), LineType::Part, &node.product_code, Some(node.key.clone())));
        }
    }
    lines
}

fn line(id: &str, kind: LineType, item: &str, component: Option<String>) -> Line {
    Line { id: id.to_owned(), kind, item: item.to_owned(), component, amount: None, fault: None, cause: None }
}
