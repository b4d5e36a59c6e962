//! When a cover's terms are in force (rules 1 to 3), and which claims count (rule 8).

use jiff::civil::Date;

use super::case::{Case, Cover};
use super::policy::Term;
use crate::strict_json::Malformed;
use crate::time::{Calendar, days_between, plus_days};

/// A term's first and last day, after waiting and downtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Period {
    pub first: Date,
    pub last: Date,
}

impl Period {
    pub fn holds_on(self, day: Date) -> bool {
        self.first <= day && day <= self.last
    }
}

/// Where in the case a period that leaves the years 1 to 9999 stands.
pub(super) struct Out {
    pub cover: usize,
    pub at: String,
}

impl From<Out> for Malformed {
    fn from(out: Out) -> Self {
        Self::new(format!("covers[{}].policy.{}", out.cover, out.at), "a period that leaves the years 1 to 9999")
    }
}

/// Rule 1: the day on which a cover starts, if that is known.
pub(super) fn start(case: &Case, index: usize, cover: &Cover) -> Result<Option<Date>, Out> {
    if cover.starts.is_some() {
        return Ok(cover.starts);
    }
    let earliest = |kind: &str| case.events.iter().filter(|event| event.kind == kind).map(|event| event.date).min();
    let Some(start) = cover.policy.start.from.iter().find_map(|kind| earliest(kind)) else { return Ok(None) };
    let Some(cap) = &cover.policy.start.cap else { return Ok(Some(start)) };
    let Some(event) = earliest(&cap.event) else { return Ok(Some(start)) };
    let cap =
        case.calendar.plus_months(event, cap.months).ok_or(Out { cover: index, at: "start.cap.months".to_owned() })?;
    Ok(Some(start.min(cap)))
}

/// Rules 2 and 3: the first and the last day of one term of a cover that starts on `start`.
pub(super) fn period(calendar: Calendar, cover: &Cover, index: usize, term: usize, start: Date) -> Result<Period, Out> {
    let out = |key: &str| Out { cover: index, at: format!("terms[{term}].{key}") };
    let rule: &Term = &cover.policy.terms[term];
    let first = match (rule.after_months.unwrap_or(0), rule.after_days.unwrap_or(0)) {
        (0, 0) => {
            plus_days(start, cover.policy.waiting_days).ok_or(Out { cover: index, at: "waiting_days".to_owned() })?
        }
        (0, days) => plus_days(start, days).and_then(|day| plus_days(day, 1)).ok_or_else(|| out("after_days"))?,
        (months, _) => {
            calendar.plus_months(start, months).and_then(|day| plus_days(day, 1)).ok_or_else(|| out("after_months"))?
        }
    };
    let mut last = match (rule.months, rule.days) {
        (Some(months), _) => calendar.plus_months(start, months).ok_or_else(|| out("months"))?,
        (None, days) => plus_days(start, days.unwrap_or(0)).ok_or_else(|| out("days"))?,
    };
    if let Some(extend) = &cover.policy.extend_by_downtime {
        let mut repairs = cover.downtime.iter().collect::<Vec<_>>();
        repairs.sort_by_key(|repair| repair.received);
        for repair in repairs {
            if repair.received <= last {
                let days = days_between(repair.received, repair.returned).saturating_sub(extend.beyond_days).max(0);
                last =
                    plus_days(last, days).ok_or_else(|| out(if rule.months.is_some() { "months" } else { "days" }))?;
            }
        }
    }
    Ok(Period { first, last })
}

/// Rule 8: how many earlier claims count on `received`, and their sum.
pub(super) fn counting_claims(case: &Case, index: usize, cover: &Cover, start: Date) -> Result<(i64, i64), Out> {
    let received = case.question.received;
    let window = match cover.policy.limits.per_months {
        None => None,
        Some(_) if received < start => return Ok((0, 0)),
        Some(months) => Some(
            limit_period(case.calendar, start, months, received)
                .ok_or(Out { cover: index, at: "limits.per_months".to_owned() })?,
        ),
    };
    let counted = cover
        .claims
        .iter()
        .filter(|claim| window.is_none_or(|window| window.first <= claim.date && claim.date <= window.last));
    Ok(counted.fold((0, 0_i64), |(count, sum), claim| (count + 1, sum.saturating_add(claim.amount))))
}

/// The period of `per_months` months, counted from `start`, in which `received` lies.
fn limit_period(calendar: Calendar, start: Date, per_months: i64, received: Date) -> Option<Period> {
    let (from, to) = (calendar.fields(start), calendar.fields(received));
    let months = i64::from(to.year - from.year) * 12 + i64::from(to.month) - i64::from(from.month);
    // The right period is this one or its neighbour, since a month's last day may stand in for a day that it does not
    // have.
    let mut k = (months / per_months - 1).max(0);
    let mut first = if k == 0 { start } else { plus_days(calendar.plus_months(start, k * per_months)?, 1)? };
    loop {
        let last = calendar.plus_months(start, (k + 1).checked_mul(per_months)?)?;
        if received <= last {
            return Some(Period { first, last });
        }
        first = plus_days(last, 1)?;
        k += 1;
    }
}
