//! Why a cover pays or does not, in one sentence, from the codes of a decision.

use app::coverage::decide::{CoverName, Explained};
use app::repair::road::BarredView;
use domain::coverage::{Considered, LineType, Outcome};
use domain::time::days_between;
use jiff::civil::Date;
use words::Lang;

/// One cover in the list of reasons.
pub(crate) struct Why {
    /// y: pays all; p: part; n: nothing.
    pub mark: &'static str,
    pub icon: &'static str,
    pub name: String,
    pub sentence: String,
    pub percent: String,
}

/// The answer in words: a heading, its tone, and the reasons.
pub(crate) struct Verdict {
    pub tone: &'static str,
    pub icon: &'static str,
    pub heading: String,
    pub whys: Vec<Why>,
}

/// What a cover is called: its policy's title or its kind, and its number.
pub(crate) fn cover_name(lang: Lang, name: Option<&CoverName>, id: &str) -> String {
    match name {
        Some(cover) => {
            let title = cover.title.as_ref().map_or_else(
                || lang.word("cover-kind", &cover.kind),
                |title| lang.pick(&title.fa, &title.en).to_owned(),
            );
            format!("{title} {}", lang.isolated(&cover.number))
        }
        None => id.to_owned(),
    }
}

/// The sentence for what came of a cover on a line.
pub(crate) fn outcome(lang: Lang, outcome: &Outcome, received: Date) -> String {
    let days = |from: Date, to: Date| lang.number(&days_between(from, to));
    match outcome {
        Outcome::Void => lang.t("outcome-void"),
        Outcome::Suspended => lang.t("outcome-suspended"),
        Outcome::StartUnknown => lang.t("outcome-start-unknown"),
        Outcome::ClaimsUsedUp => lang.t("outcome-claims-used-up"),
        Outcome::Excluded { exclusion } => lang.t1("outcome-excluded", "exclusion", lang.word("exclusion", exclusion)),
        Outcome::NotInScope => lang.t("outcome-not-in-scope"),
        Outcome::NotStarted { first_day } => lang.t1("outcome-not-started", "day", lang.date(first_day)),
        Outcome::Expired { last_day } => {
            lang.t2("outcome-expired", "days", days(*last_day, received), "day", lang.date(last_day))
        }
        Outcome::UsageExceeded { metric, limit, reading } => lang.with(
            "outcome-usage-exceeded",
            &[
                ("metric", &lang.word("metric", metric)),
                ("limit", &lang.number(limit)),
                ("reading", &lang.number(reading)),
            ],
        ),
        Outcome::NothingLeft { .. } => lang.t("outcome-nothing-left"),
        Outcome::Pays { last_day, unverified_usage, .. } => {
            let sentence = lang.t2("outcome-pays", "day", lang.date(last_day), "days", days(received, *last_day));
            if unverified_usage.is_empty() {
                return sentence;
            }
            let metrics = unverified_usage
                .iter()
                .map(|metric| lang.word("metric", metric))
                .collect::<Vec<_>>()
                .join(lang.comma());
            format!("{sentence} {}", lang.t1("outcome-unverified", "metrics", metrics))
        }
    }
}

fn percent_of(considered: &Considered) -> Option<i64> {
    match considered.outcome {
        Outcome::Pays { percent, .. } => Some(percent),
        _ => None,
    }
}

/// The counter's answer: what parts and labour cost the customer, before anything is priced.
pub(crate) fn verdict(lang: Lang, explained: &Explained) -> Verdict {
    let best = |kind: LineType| {
        let line = explained.decision.lines.iter().find(|line| line.id == kind.name());
        line.and_then(|line| line.considered.iter().filter_map(percent_of).max()).unwrap_or(0)
    };
    let (part, labour) = (best(LineType::Part), best(LineType::Labour));
    // A component may have a cover of its own.
    let pays_something = explained
        .decision
        .lines
        .iter()
        .flat_map(|line| &line.considered)
        .filter_map(percent_of)
        .any(|percent| percent > 0);
    let (tone, icon, key) = match (part, labour) {
        (100, 100) => ("", "shield-check", "verdict-all"),
        (100, _) => ("partly", "circle-half-2", "verdict-parts"),
        (_, 100) => ("partly", "circle-half-2", "verdict-labour"),
        (0, 0) if !pays_something => ("not", "circle-x", "verdict-none"),
        _ => ("partly", "circle-half-2", "verdict-some"),
    };
    // Each cover once: what it says on the first line on which it pays, else on the first line.
    let mut whys = Vec::new();
    for considered in explained.decision.lines.first().map(|line| line.considered.as_slice()).unwrap_or_default() {
        let said = explained
            .decision
            .lines
            .iter()
            .flat_map(|line| &line.considered)
            .filter(|other| other.cover == considered.cover);
        // Of equals the last wins: from behind, that is the first line.
        let best = said.rev().max_by_key(|other| percent_of(other).unwrap_or(-1)).unwrap_or(considered);
        whys.push(why(lang, explained, best));
    }
    Verdict { tone, icon, heading: lang.t(key), whys }
}

/// A cover's entry in a list of reasons.
pub(crate) fn why(lang: Lang, explained: &Explained, considered: &Considered) -> Why {
    let percent = percent_of(considered);
    let (mark, icon) = match percent {
        Some(100) => ("y", "circle-check"),
        Some(1..) => ("p", "circle-half-2"),
        _ => ("n", "circle-x"),
    };
    Why {
        mark,
        icon,
        name: cover_name(lang, explained.covers.get(&considered.cover), &considered.cover),
        sentence: outcome(lang, &considered.outcome, explained.received),
        percent: percent.map_or_else(String::new, |percent| lang.percent(&percent)),
    }
}

/// A bar of the drawing of covers over time, in hundredths of its width.
pub(crate) struct Drawn {
    pub x: i64,
    pub width: i64,
    pub y: i64,
    pub label: String,
    pub is_over: bool,
}

/// The drawing: bars, the years beneath, and where today is.
pub(crate) struct Drawing {
    pub bars: Vec<Drawn>,
    pub years: Vec<(i64, String)>,
    pub today: i64,
    pub height: i64,
}

/// Covers as bars over time. In Persian time runs from right to left.
pub(crate) fn drawing(lang: Lang, explained: &Explained) -> Option<Drawing> {
    let first = explained.bars.iter().filter_map(|bar| bar.first_day).min()?.min(explained.received);
    let last = explained.bars.iter().map(|bar| bar.last_day).max()?.max(explained.received);
    let span = days_between(first, last).max(1);
    let place = |date: Date| days_between(first, date).clamp(0, span) * 340 / span + 10;
    let flip = |x: i64, width: i64| if lang == Lang::Fa { 360 - x - width } else { x };
    let mut bars = Vec::new();
    for (row, bar) in (0..).zip(explained.bars.iter().take(8)) {
        let from = place(bar.first_day.unwrap_or(first));
        let width = (place(bar.last_day) - from).max(3);
        let cover = explained.covers.get(&bar.cover);
        let name = cover.map_or_else(
            || bar.cover.clone(),
            |cover| format!("{} {}", lang.word("cover-kind", &cover.kind), lang.word("term", &bar.term)),
        );
        bars.push(Drawn {
            x: flip(from, width),
            width,
            y: row * 26 + 14,
            label: format!("{name} – {}", lang.date(&bar.last_day)),
            is_over: bar.last_day < explained.received,
        });
    }
    let calendar = lang.calendar();
    let (from, to) = (calendar.fields(first).year, calendar.fields(last).year);
    let step = ((to - from) / 6 + 1).max(1);
    let years = (from + 1..=to).step_by(usize::try_from(step).unwrap_or(1)).filter_map(|year| {
        let date = calendar.date(domain::time::Fields { year, month: 1, day: 1 })?;
        Some((flip(place(date), 0), lang.digits(year.to_string())))
    });
    let height = i64::try_from(bars.len()).unwrap_or(0) * 26 + 34;
    Some(Drawing { years: years.collect(), today: flip(place(explained.received), 0), height, bars })
}

/// Why a way out of a step is barred.
pub(crate) fn barred(lang: Lang, barred: &BarredView) -> String {
    match barred {
        BarredView::Role { roles } => lang.t1("barred-role", "roles", lang.words("role", &roles.join(","))),
        BarredView::Condition { when, .. } => {
            let key = format!("condition-{}", when.chars().filter(char::is_ascii_alphanumeric).collect::<String>());
            if lang.has(&key) { lang.t(&key) } else { when.clone() }
        }
        BarredView::Needs { need } => lang.t1("barred-needs", "need", lang.word("need", need)),
        BarredView::Exceeded => lang.t("barred-exceeded"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use domain::coverage::{Case, decide};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cover_that_ended_says_so_and_not_that_travel_is_beyond_it() {
        let lines = ["part", "labour", "travel"]
            .map(|kind| json!({"id": kind, "type": kind, "item": "", "component": null, "amount": null}));
        let case = json!({
            "case": "x", "calendar": "gregorian",
            "device": {"serial": "D1", "product": "TV-1", "kinds": ["tv"], "components": []},
            "events": [{"type": "sold", "date": "2020-01-01"}],
            "covers": [{"id": "card:G-1", "kind": "card", "state": "active", "payer": "maker:ACME", "starts": null, "claims": [], "downtime": [],
                "policy": {"code": "GOLD", "version": 1, "start": {"from": ["sold"]}, "waiting_days": 0, "terms": [{"id": "whole", "pays": {"part": 100, "labour": 100}, "months": 12}],
                    "exclusions": [], "deductible": 0, "limits": {"per_months": null, "max_claims": null, "max_amount": null}, "extend_by_downtime": null}}],
            "question": {"received": "2025-01-10", "usage": {}, "fault": null, "cause": null, "lines": lines}
        });
        let case = Case::parse(&case.to_string()).expect("a case");
        let explained = Explained {
            decision: decide(&case).expect("a decision"),
            covers: HashMap::new(),
            metrics: Default::default(),
            received: case.question.received,
            bars: Vec::new(),
        };
        let shown = verdict(Lang::En, &explained);
        assert_eq!(shown.heading, Lang::En.t("verdict-none"));
        assert!(shown.whys[0].sentence.starts_with("Ended "), "{}", shown.whys[0].sentence);
    }
}
