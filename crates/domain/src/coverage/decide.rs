//! The decision itself: rules 4 to 10.

use jiff::civil::Date;

use super::case::{Case, Component, Cover, CoverState, Line};
use super::decision::{CUSTOMER, Considered, DecidedLine, Decision, Outcome, Share};
use super::periods::{Out, Period, counting_claims, period, start};
use super::policy::{Exclusion, Only, Scope, Term};
use crate::money::percent_of;
use crate::strict_json::Malformed;
use crate::time::days_between;

/// Who pays for each line of the case, and why.
///
/// # Errors
/// Where a period of the case leaves the years 1 to 9999.
pub fn decide(case: &Case) -> Result<Decision, Malformed> {
    let mut covers = case
        .covers
        .iter()
        .enumerate()
        .map(|(index, cover)| Standing::of(case, index, cover))
        .collect::<Result<Vec<_>, Out>>()?;
    let lines = case.question.lines.iter().map(|line| decide_line(case, &mut covers, line)).collect();
    Ok(Decision { case: case.case.clone(), lines })
}

/// A cover as it stands in this case: its periods, and what is left of its deductible and limit while the lines are
/// walked.
struct Standing<'a> {
    cover: &'a Cover,
    /// What keeps it from every line, if anything does.
    barred: Option<Outcome>,
    /// One per term; empty where the start is unknown.
    periods: Vec<Period>,
    deductible_left: i64,
    limit_left: Option<i64>,
}

impl<'a> Standing<'a> {
    fn of(case: &Case, index: usize, cover: &'a Cover) -> Result<Self, Out> {
        let mut standing = Self {
            cover,
            barred: None,
            periods: Vec::new(),
            deductible_left: cover.policy.deductible,
            limit_left: None,
        };
        let start = start(case, index, cover)?;
        let mut used_up = false;
        if let Some(start) = start {
            standing.periods = (0..cover.policy.terms.len())
                .map(|term| period(case.calendar, cover, index, term, start))
                .collect::<Result<_, _>>()?;
            let (count, sum) = counting_claims(case, index, cover, start)?;
            used_up = cover.policy.limits.max_claims.is_some_and(|max| count >= max);
            standing.limit_left = cover.policy.limits.max_amount.map(|max| max.saturating_sub(sum).max(0));
        }
        standing.barred = match cover.state {
            CoverState::Void => Some(Outcome::Void),
            CoverState::Suspended => Some(Outcome::Suspended),
            CoverState::Active if start.is_none() => Some(Outcome::StartUnknown),
            CoverState::Active if used_up => Some(Outcome::ClaimsUsedUp),
            CoverState::Active => None,
        };
        Ok(standing)
    }
}

/// A line with what the rules look at: the path to its component, and the fault and cause that hold for it.
struct Asked<'a> {
    line: &'a Line,
    path: Vec<&'a Component>,
    fault: Option<&'a str>,
    cause: Option<&'a str>,
}

/// The term that would pay.
struct Winner<'a> {
    term: &'a Term,
    percent: i64,
    last_day: Date,
}

fn decide_line(case: &Case, covers: &mut [Standing<'_>], line: &Line) -> DecidedLine {
    let question = &case.question;
    let asked = Asked {
        line,
        path: line
            .component
            .as_ref()
            .and_then(|serial| case.device.path_to(serial))
            .unwrap_or_else(|| vec![&case.device]),
        fault: line.fault.as_ref().unwrap_or(&question.fault).as_deref(),
        cause: line.cause.as_ref().unwrap_or(&question.cause).as_deref(),
    };
    let mut considered = Vec::with_capacity(covers.len());
    let mut payers = Vec::with_capacity(covers.len());
    for (index, standing) in covers.iter().enumerate() {
        let outcome = match judge(case, standing, &asked) {
            Err(outcome) => outcome,
            Ok(winner) => {
                let outcome = Outcome::NothingLeft {
                    term: winner.term.id.clone(),
                    percent: winner.percent,
                    last_day: winner.last_day,
                };
                payers.push((index, winner));
                outcome
            }
        };
        considered.push(Considered { cover: standing.cover.id.clone(), outcome });
    }

    // Rule 6: by kind, then the best for the customer, then the one that ends first, then by id.
    let rank = |index: usize| case.order.iter().position(|kind| *kind == covers[index].cover.kind);
    payers.sort_by(|(left, a), (right, b)| {
        rank(*left)
            .cmp(&rank(*right))
            .then(b.percent.cmp(&a.percent))
            .then(a.last_day.cmp(&b.last_day))
            .then_with(|| covers[*left].cover.id.cmp(&covers[*right].cover.id))
    });

    let mut shares = Vec::new();
    let mut left = line.amount.unwrap_or(0);
    for (index, winner) in payers {
        let standing = &mut covers[index];
        let pays = match line.amount {
            // Rule 10: a question only.
            None => winner.percent > 0 && standing.limit_left != Some(0),
            Some(amount) => {
                let paid = pay(standing, left, percent_of(amount, winner.percent));
                left -= paid;
                if paid > 0 {
                    shares.push(Share {
                        payer: standing.cover.payer.clone(),
                        cover: Some(standing.cover.id.clone()),
                        term: Some(winner.term.id.clone()),
                        amount: paid,
                    });
                }
                paid > 0
            }
        };
        if pays {
            let metrics =
                winner.term.usage.keys().filter(|metric| !question.usage.contains_key(*metric)).cloned().collect();
            considered[index].outcome = Outcome::Pays {
                term: winner.term.id.clone(),
                percent: winner.percent,
                last_day: winner.last_day,
                unverified_usage: metrics,
            };
        }
    }
    if left > 0 {
        shares.push(Share { payer: CUSTOMER.to_owned(), cover: None, term: None, amount: left });
    }
    DecidedLine { id: line.id.clone(), shares, considered }
}

/// Rules 6 to 8: what a cover pays of what is left of a line.
fn pay(standing: &mut Standing<'_>, left: i64, share: i64) -> i64 {
    let mut paid = left.min(share);
    let withheld = paid.min(standing.deductible_left);
    standing.deductible_left -= withheld;
    paid -= withheld;
    if let Some(limit) = &mut standing.limit_left {
        paid = paid.min(*limit);
        *limit -= paid;
    }
    paid
}

/// Which term of a cover would pay for a line, or the outcome that says why none does.
fn judge<'a>(case: &Case, standing: &Standing<'a>, asked: &Asked<'_>) -> Result<Winner<'a>, Outcome> {
    if let Some(barred) = &standing.barred {
        return Err(barred.clone());
    }
    let policy = &standing.cover.policy;
    if let Some(exclusion) = policy.exclusions.iter().find(|exclusion| excludes(exclusion, asked)) {
        return Err(Outcome::Excluded { exclusion: exclusion.id.clone() });
    }

    let competing = policy.terms.iter().zip(&standing.periods).filter_map(|(term, period)| {
        let specificity = specificity(term.scope.as_ref(), &asked.path)?;
        let names_type = term.pays.contains_key(&asked.line.kind);
        (names_type && term.only.as_ref().is_none_or(|only| holds(only, asked))).then_some((specificity, term, *period))
    });
    let competing = competing.collect::<Vec<_>>();
    let Some(highest) = competing.iter().map(|(specificity, ..)| *specificity).max() else {
        return Err(Outcome::NotInScope);
    };
    let speaking = competing
        .into_iter()
        .filter(|(specificity, ..)| *specificity == highest)
        .map(|(_, term, period)| (term, period))
        .collect::<Vec<_>>();

    let received = case.question.received;
    let best = |within_usage: bool| {
        let in_force = speaking.iter().filter(|(_, period)| period.holds_on(received));
        let usable = in_force.filter(|(term, _)| !within_usage || exceeded(case, term).is_none());
        let winners = usable.map(|(term, period)| Winner {
            term,
            percent: percentage(term, *period, asked, received),
            last_day: period.last,
        });
        winners.min_by(|a, b| {
            b.percent.cmp(&a.percent).then(b.last_day.cmp(&a.last_day)).then_with(|| a.term.id.cmp(&b.term.id))
        })
    };
    if let Some(winner) = best(true) {
        return Ok(winner);
    }
    if let Some((metric, limit, reading)) = best(false).and_then(|winner| exceeded(case, winner.term)) {
        return Err(Outcome::UsageExceeded { metric: metric.to_owned(), limit, reading });
    }
    Err(outside(speaking.iter().map(|(_, period)| period), received))
}

/// Why a cover could pay no line of a case, whatever the line is: it is void, suspended or used up, or none of its terms
/// that speak of the device or of something in it holds on the day of reception within its meters. None where it could; one whose start nobody knows could.
///
/// # Errors
/// Where a period of the case leaves the years 1 to 9999.
pub fn barred(case: &Case, cover: &str) -> Result<Option<Outcome>, Malformed> {
    let Some((index, cover)) = case.covers.iter().enumerate().find(|(_, known)| known.id == cover) else {
        return Ok(None);
    };
    let standing = Standing::of(case, index, cover)?;
    match standing.barred {
        Some(Outcome::StartUnknown) => return Ok(None),
        Some(barred) => return Ok(Some(barred)),
        None if standing.limit_left == Some(0) => return Ok(Some(Outcome::ClaimsUsedUp)),
        None => {}
    }
    let received = case.question.received;
    let is_of_this = |term: &Term| term.scope.as_ref().is_none_or(|scope| speaks_of(scope, &case.device));
    let terms = cover.policy.terms.iter().zip(&standing.periods).filter(|(term, _)| is_of_this(term));
    if terms.clone().next().is_none() {
        return Ok(Some(Outcome::NotInScope));
    }
    let mut beyond = None;
    for (term, period) in terms.clone() {
        if period.holds_on(received) {
            let Some((metric, limit, reading)) = exceeded(case, term) else { return Ok(None) };
            beyond = beyond.or(Some(Outcome::UsageExceeded { metric: metric.to_owned(), limit, reading }));
        }
    }
    Ok(Some(beyond.unwrap_or_else(|| outside(terms.map(|(_, period)| period), received))))
}

/// Whether a scope names a device or something in it.
fn speaks_of(scope: &Scope, device: &Component) -> bool {
    specificity(Some(scope), &[device]).is_some() || device.components.iter().any(|inner| speaks_of(scope, inner))
}

/// Whether none of some periods has begun, or the last of those that have is over.
fn outside<'a>(periods: impl Iterator<Item = &'a Period> + Clone, received: Date) -> Outcome {
    let begun = periods.clone().filter(|period| period.first <= received).map(|period| period.last).max();
    match begun {
        Some(last_day) => Outcome::Expired { last_day },
        None => Outcome::NotStarted { first_day: periods.map(|period| period.first).min().unwrap_or(received) },
    }
}

/// The first metric, by name, whose reading is above the term's limit.
fn exceeded<'a>(case: &Case, term: &'a Term) -> Option<(&'a str, i64, i64)> {
    term.usage.iter().find_map(|(metric, limit)| {
        let reading = *case.question.usage.get(metric)?;
        (reading > *limit).then_some((metric.as_str(), *limit, reading))
    })
}

fn percentage(term: &Term, period: Period, asked: &Asked<'_>, received: Date) -> i64 {
    let percent = term.pays.get(&asked.line.kind).copied().unwrap_or(0);
    if term.pro_rata {
        percent * (days_between(received, period.last) + 1) / (days_between(period.first, period.last) + 1)
    } else {
        percent
    }
}

/// Depth of the node; 3 for a serial, 2 for a product, 1 for a kind; position of the kind. (−1, 0, 0) without a scope.
type Specificity = (i64, u8, usize);

/// How closely a scope speaks of the component at the end of `path`; None where it does not.
fn specificity(scope: Option<&Scope>, path: &[&Component]) -> Option<Specificity> {
    let Some(scope) = scope else { return Some((-1, 0, 0)) };
    // The deepest node that matches counts, whatever else matches above it.
    path.iter().enumerate().rev().find_map(|(depth, node)| {
        let depth = i64::try_from(depth).unwrap_or(i64::MAX);
        if scope.serials.contains(&node.serial) {
            return Some((depth, 3, 0));
        }
        if scope.products.contains(&node.product) {
            return Some((depth, 2, 0));
        }
        node.kinds.iter().rposition(|kind| scope.kinds.contains(kind)).map(|position| (depth, 1, position))
    })
}

/// Whether a list that asks something names the value; null is named by nothing.
fn names(list: &[String], value: Option<&str>) -> bool {
    list.is_empty() || value.is_some_and(|value| list.iter().any(|entry| entry == value))
}

fn holds(only: &Only, asked: &Asked<'_>) -> bool {
    names(&only.lines, Some(&asked.line.id))
        && names(&only.items, Some(&asked.line.item))
        && names(&only.faults, asked.fault)
        && names(&only.causes, asked.cause)
}

fn excludes(exclusion: &Exclusion, asked: &Asked<'_>) -> bool {
    names(&exclusion.causes, asked.cause)
        && names(&exclusion.faults, asked.fault)
        && names(&exclusion.items, Some(&asked.line.item))
        && (exclusion.kinds.is_empty()
            || asked.path.iter().any(|node| node.kinds.iter().any(|kind| exclusion.kinds.contains(kind))))
        && (exclusion.types.is_empty() || exclusion.types.contains(&asked.line.kind))
}

/// When the terms of each cover hold: cover, term, first and last day, as far as the cover's start is known. For
/// drawing them over time.
#[must_use]
pub fn terms_over_time(case: &Case) -> Vec<(String, String, Date, Date)> {
    let mut out = Vec::new();
    for (index, cover) in case.covers.iter().enumerate().filter(|(_, cover)| cover.state == CoverState::Active) {
        if let Ok(standing) = Standing::of(case, index, cover) {
            let terms =
                cover.policy.terms.iter().zip(standing.periods).filter(|(_, period)| period.first <= period.last);
            out.extend(terms.map(|(term, period)| (cover.id.clone(), term.id.clone(), period.first, period.last)));
        }
    }
    out
}
