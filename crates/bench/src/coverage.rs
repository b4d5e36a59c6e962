//! Deciding coverage, against parsing the same cases as JSON.

use std::hint::black_box;

use domain::coverage::{Case, decide};

use crate::store::Store;
use crate::{Measured, Size, alternating, told};

/// Cases in the shape that the counter asks: a tree, several covers, lines of each type.
fn cases() -> Vec<String> {
    (0..64_u32)
        .map(|index| {
            let months = 12 + index % 48;
            serde_json::json!({
                "case": format!("c-{index}"), "calendar": "jalali",
                "device": {"serial": "D1", "product": "FRZ-700", "kinds": ["appliance", "fridge"], "components": [{"serial": "C9", "product": "COMP-1", "kinds": ["part", "compressor"], "components": []}]},
                "events": [{"type": "shipped", "date": "2024-02-01"}, {"type": "sold", "date": "2024-03-20"}],
                "covers": [
                    {"id": "card:G-1", "kind": "card", "state": "active", "payer": "maker:ACME", "starts": null, "claims": [{"date": "2024-05-11", "amount": 1_200_000}], "downtime": [],
                     "policy": {"code": "GOLD", "version": 3, "start": {"from": ["installed", "sold"]}, "waiting_days": 0,
                        "terms": [{"id": "whole", "pays": {"part": 100, "labour": 100}, "months": months}, {"id": "compressor", "scope": {"kinds": ["compressor"]}, "pays": {"part": 100}, "months": 120}],
                        "exclusions": [{"id": "liquid", "causes": ["liquid"]}], "deductible": 0, "limits": {"per_months": null, "max_claims": null, "max_amount": null}, "extend_by_downtime": null}},
                    {"id": "contract:K-1", "kind": "contract", "state": "active", "payer": "insurer:MEHR", "starts": "2024-06-01", "claims": [], "downtime": [],
                     "policy": {"code": "HALF", "version": 1, "start": {"from": ["sold"]}, "waiting_days": 0, "terms": [{"id": "travel", "pays": {"travel": 50}, "months": 24}],
                        "exclusions": [], "deductible": 0, "limits": {"per_months": 12, "max_claims": 4, "max_amount": null}, "extend_by_downtime": null}}],
                "question": {"received": "2025-01-10", "usage": {"hours": 1200}, "fault": "no-cooling", "cause": "seized", "lines": [
                    {"id": "1", "type": "part", "item": "COMP-1", "component": "C9", "amount": 12_000_000}, {"id": "2", "type": "labour", "item": "SVC", "component": null, "amount": 3_000_000},
                    {"id": "3", "type": "travel", "item": "TRV", "component": null, "amount": 1_000_000}]}
            })
            .to_string()
        })
        .collect()
}

pub(crate) fn run(_: &mut Store, size: Size) -> Result<Measured, String> {
    let texts = cases();
    let parsed =
        texts.iter().map(|text| Case::parse(text).map_err(|fault| fault.path)).collect::<Result<Vec<_>, _>>()?;
    let times = size.batch;
    let (ours, limit) = alternating(
        size.rounds,
        times * texts.len(),
        || {
            for case in parsed.iter().cycle().take(times * parsed.len()) {
                black_box(decide(black_box(case)).map_err(|fault| fault.path)?);
            }
            Ok(())
        },
        || {
            for text in texts.iter().cycle().take(times * texts.len()) {
                black_box(serde_json::from_str::<serde_json::Value>(black_box(text)).map_err(told)?);
            }
            Ok(())
        },
    )?;
    // Half of the time that parsing takes is the bar: twice as fast.
    Ok(Measured { ours, limit, bar: 2.0 })
}
