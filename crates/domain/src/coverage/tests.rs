//! The public cases to the letter, and what is true of every case.

use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::strict_json::Malformed;

fn cases(name: &str) -> String {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/cases")).join(name);
    std::fs::read_to_string(path).expect("cases")
}

#[test]
fn public_cases_are_decided_to_the_letter() {
    let (given, expected) = (cases("coverage-public.jsonl"), cases("coverage-public.expected.jsonl"));
    let mut count = 0;
    for (case, expected) in given.lines().zip(expected.lines()) {
        let decision = decide_text(case).unwrap_or_else(|error| panic!("{error} in {case}"));
        let expected: Value = serde_json::from_str(expected).expect("an expected decision");
        assert_eq!(serde_json::to_value(&decision).expect("JSON"), expected, "{case}");
        let again: Decision = serde_json::from_value(expected).expect("a decision reads back");
        assert_eq!(again, decision);
        count += 1;
    }
    assert!(count > 100, "only {count} cases");
}

#[test]
fn malformed_cases_are_told_with_their_paths() {
    let (given, expected) = (cases("coverage-malformed.jsonl"), cases("coverage-malformed.expected.jsonl"));
    for (case, expected) in given.lines().filter(|line| !line.trim().is_empty()).zip(expected.lines()) {
        let Malformed { path, .. } = decide_text(case).expect_err(case);
        assert_eq!(
            json!({"case": case_name(case), "path": path}),
            serde_json::from_str::<Value>(expected).expect("JSON"),
            "{case}"
        );
    }
}

#[test]
fn a_case_reads_back_as_it_was_written() {
    let given = cases("coverage-public.jsonl");
    for line in given.lines() {
        let case = Case::parse(line).expect("a case");
        assert_eq!(Case::parse(&serde_json::to_string(&case).expect("JSON")).as_ref(), Ok(&case), "{line}");
    }
}

/// A policy of a few terms over the tree of `tree()`, with exclusions, limits and a deductible.
fn policy() -> impl Strategy<Value = Value> {
    let pays = prop_oneof![
        Just(json!({"part": 100, "labour": 100})),
        Just(json!({"part": 50})),
        (0..=100).prop_map(|percent| json!({"part": percent, "labour": 100 - percent}))
    ];
    let scope = prop_oneof![3 => Just(None), 1 => Just(Some(json!({"kinds": ["compressor"]}))), 1 => Just(Some(json!({"serials": ["C9"]}))), 1 => Just(Some(json!({"products": ["BAT-2"]})))];
    let term = (pays, scope, 0..48_i64, 0..24_i64, any::<bool>(), proptest::option::of(0..4000_i64)).prop_map(
        |(pays, scope, months, after, pro_rata, hours)| {
            let mut term = json!({"id": "", "pays": pays, "months": months, "pro_rata": pro_rata});
            if let Some(scope) = scope {
                term["scope"] = scope;
            }
            if after > 0 {
                term["after_months"] = after.into();
            }
            if let Some(hours) = hours {
                term["usage"] = json!({"hours": hours});
            }
            term
        },
    );
    let limits =
        (proptest::option::of(1..24_i64), proptest::option::of(0..4_i64), proptest::option::of(0..3_000_000_i64));
    (proptest::collection::vec(term, 0..4), any::<bool>(), 0..500_000_i64, limits, 0..60_i64, proptest::option::of(0..20_i64)).prop_map(
        |(mut terms, excludes, deductible, (per_months, max_claims, max_amount), waiting, beyond)| {
            for (index, term) in terms.iter_mut().enumerate() {
                term["id"] = format!("t{index}").into();
            }
            json!({
                "code": "P", "version": 1, "start": {"from": ["sold"]}, "waiting_days": waiting, "terms": terms,
                "exclusions": if excludes { json!([{"id": "liquid", "causes": ["liquid"]}]) } else { json!([]) },
                "deductible": deductible, "limits": {"per_months": per_months, "max_claims": max_claims, "max_amount": max_amount},
                "extend_by_downtime": beyond.map(|days| json!({"beyond_days": days})),
            })
        },
    )
}

fn tree() -> Value {
    json!({"serial": "D1", "product": "FRZ-700", "kinds": ["appliance", "fridge"], "components": [
        {"serial": "C9", "product": "COMP-1", "kinds": ["part", "compressor"], "components": []},
        {"serial": "B2", "product": "BAT-2", "kinds": ["part", "battery"], "components": []}]})
}

fn state_name(state: usize) -> &'static str {
    ["suspended", "void"].get(state).unwrap_or(&"active")
}

fn component_serial(component: usize) -> Option<&'static str> {
    [None, Some("C9"), Some("B2")][component]
}

prop_compose! {
    fn case()(
        policies in proptest::collection::vec((policy(), 0..CoverKind::ALL.len(), 0..8_usize), 0..5),
        lines in proptest::collection::vec((0..4_usize, 0..3_usize, prop_oneof![1 => Just(None), 6 => (0..5_000_000_i64).prop_map(Some), 1 => Just(Some(1_000_000_000_000_000))], any::<bool>()), 0..6),
        day in 0..2000_i64,
        wet in any::<bool>(),
        hours in proptest::option::of(0..5000_i64),
    ) -> Value {
        let covers = policies.into_iter().enumerate().map(|(index, (policy, kind, state))| json!({
            "id": format!("c{index}"), "kind": CoverKind::ALL[kind].name(), "state": state_name(state), "payer": format!("p{index}"),
            "starts": null, "policy": policy,
            "claims": [{"date": "2024-06-01", "amount": 400_000}, {"date": "2025-01-05", "amount": 900_000}],
            "downtime": [{"received": "2024-07-01", "returned": "2024-08-20"}],
        })).collect::<Vec<_>>();
        let lines = lines.into_iter().enumerate().map(|(index, (kind, component, amount, own))| {
            let mut line = json!({"id": index.to_string(), "type": LineType::ALL[kind].name(), "item": "X", "component": component_serial(component), "amount": amount});
            if own {
                line["cause"] = "liquid".into();
            }
            line
        }).collect::<Vec<_>>();
        let received = crate::time::plus_days(jiff::civil::date(2024, 3, 20), day).expect("a date");
        json!({"case": "p", "calendar": "jalali", "device": tree(), "events": [{"type": "sold", "date": "2024-03-20"}], "covers": covers,
            "question": {"received": received, "usage": hours.map_or(json!({}), |hours| json!({"hours": hours})), "fault": null, "cause": wet.then_some("liquid"), "lines": lines}})
    }
}

/// Any JSON of a few levels.
fn anything() -> impl Strategy<Value = Value> {
    let word = prop_oneof!["[a-z_]{1,12}", "\\PC{0,8}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let entries = proptest::collection::vec(("[a-z_]{1,12}", inner.clone()), 0..4);
        prop_oneof![
            proptest::collection::vec(inner, 0..4).prop_map(Value::from),
            entries.prop_map(|entries| Value::Object(entries.into_iter().collect()))
        ]
    })
}

/// Puts another value in a place; all that there are have a number.
fn put(value: &mut Value, place: &mut usize, other: &Value) {
    let is_here = *place == 0;
    *place = place.wrapping_sub(1);
    match value {
        _ if is_here => value.clone_from(other),
        Value::Array(list) => list.iter_mut().for_each(|value| put(value, place, other)),
        Value::Object(map) => map.values_mut().for_each(|value| put(value, place, other)),
        _ => {}
    }
}

fn read(case: &Value) -> Case {
    Case::parse(&case.to_string()).unwrap_or_else(|error| panic!("{error} in {case}"))
}

fn customer(decision: &Decision) -> i64 {
    decision.lines.iter().map(DecidedLine::customer_amount).sum()
}

proptest! {
    #[test]
    fn shares_sum_to_the_amount(case in case()) {
        let case = read(&case);
        let decision = decide(&case).expect("decided");
        for (line, decided) in case.question.lines.iter().zip(&decision.lines) {
            prop_assert_eq!(decided.shares.iter().map(|share| share.amount).sum::<i64>(), line.amount.unwrap_or(0));
            prop_assert!(decided.shares.iter().all(|share| share.amount > 0));
            prop_assert_eq!(decided.considered.len(), case.covers.len());
        }
    }

    #[test]
    fn a_cover_that_is_barred_pays_no_line(case in case()) {
        let case = read(&case);
        let decision = decide(&case).expect("decided");
        for cover in &case.covers {
            if barred(&case, &cover.id).expect("a period").is_some() {
                let pays = |line: &DecidedLine| line.shares.iter().any(|share| share.cover.as_ref() == Some(&cover.id));
                prop_assert!(!decision.lines.iter().any(pays), "{}", cover.id);
            }
        }
    }

    #[test]
    fn the_order_of_covers_does_not_change_the_shares(case in case()) {
        let case = read(&case);
        let mut turned = case.clone();
        turned.covers.reverse();
        let shares = |case: &Case| decide(case).expect("decided").lines.into_iter().map(|line| line.shares).collect::<Vec<_>>();
        prop_assert_eq!(shares(&case), shares(&turned));
    }

    #[test]
    fn a_line_does_not_depend_on_lines_after_it(case in case(), keep in 0..6_usize) {
        let case = read(&case);
        let mut shorter = case.clone();
        shorter.question.lines.truncate(keep);
        let (all, some) = (decide(&case).expect("decided"), decide(&shorter).expect("decided"));
        prop_assert_eq!(&all.lines[..some.lines.len()], &some.lines[..]);
    }

    /// Where no cover has a deductible or an amount limit (rules 7 and 8 make what is left for later lines depend on what earlier ones used), a
    /// further cover never raises the customer's share of any line: rule 6 lets each cover pay min(what is left, its own share), and for a new cover
    /// at any place of the order the sum of what is paid is min(amount, sum of the shares), which only grows.
    #[test]
    fn a_further_cover_never_raises_the_customers_share(case in case(), more in policy(), kind in 0..CoverKind::ALL.len()) {
        let mut case = read(&case);
        for cover in &mut case.covers {
            cover.policy.deductible = 0;
            cover.policy.limits.max_amount = None;
        }
        let before = decide(&case).expect("decided");
        let policy = Policy { deductible: 0, limits: Limits { max_amount: None, ..Limits::default() }, ..Policy::parse(&more.to_string()).expect("a policy") };
        case.covers.push(Cover {
            id: "more".to_owned(), kind: CoverKind::ALL[kind], state: CoverState::Active, payer: "more".to_owned(), starts: None, claims: Vec::new(), downtime: Vec::new(), policy,
        });
        let after = decide(&case).expect("decided");
        for (before, after) in before.lines.iter().zip(&after.lines) {
            prop_assert!(after.customer_amount() <= before.customer_amount());
        }
    }

    /// With deductibles and amount limits, what still holds for the whole case: a further cover that comes last in the order leaves every earlier
    /// cover's shares as they were, so that the customer never pays more.
    #[test]
    fn a_further_cover_at_the_end_never_raises_what_the_customer_pays(case in case(), more in policy()) {
        let mut case = read(&case);
        for cover in &mut case.covers {
            if cover.kind == CoverKind::Goodwill {
                cover.kind = CoverKind::Card;
            }
        }
        let before = customer(&decide(&case).expect("decided"));
        case.covers.push(Cover {
            id: "more".to_owned(), kind: CoverKind::Goodwill, state: CoverState::Active, payer: "more".to_owned(), starts: None, claims: Vec::new(), downtime: Vec::new(),
            policy: Policy::parse(&more.to_string()).expect("a policy"),
        });
        prop_assert!(customer(&decide(&case).expect("decided")) <= before);
    }

    #[test]
    fn extreme_numbers_and_dates_do_not_panic(
        case in case(), months in prop_oneof![Just(i64::MAX), Just(120_000_i64), any::<u32>().prop_map(i64::from)], year in 1..=9999_i16, amount in any::<i64>(),
    ) {
        let mut case = case;
        case["question"]["received"] = format!("{year:04}-12-31").into();
        case["events"][0]["date"] = format!("{:04}-01-01", 10_000 - year).into();
        if let Some(cover) = case["covers"].as_array_mut().and_then(|covers| covers.first_mut()) {
            cover["policy"]["limits"]["per_months"] = months.max(1).into();
            cover["policy"]["waiting_days"] = months.into();
            cover["claims"][0]["amount"] = amount.saturating_abs().into();
            if let Some(term) = cover["policy"]["terms"].as_array_mut().and_then(|terms| terms.first_mut()) {
                term["months"] = months.into();
            }
        }
        if let Some(line) = case["question"]["lines"].as_array_mut().and_then(|lines| lines.first_mut()) {
            line["amount"] = amount.saturating_abs().into();
        }
        let _ = decide_text(&case.to_string());
    }

    #[test]
    fn another_value_in_any_place_of_a_case_or_a_policy_is_told_or_taken(mut case in case(), mut place in 0..200_usize, other in anything()) {
        put(&mut case, &mut place, &other);
        let _ = decide_text(&case.to_string());
        for policy in [&other, &case["covers"][0]["policy"]] {
            let _ = Policy::parse(&policy.to_string());
        }
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,60}") {
        let _ = decide_text(&text);
        let _ = case_name(&text);
    }
}
