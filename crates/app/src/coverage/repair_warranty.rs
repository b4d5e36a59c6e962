//! The warranty on a repair: opened at hand-over, line by line, by the policy of whoever paid most of the line.

use domain::coverage::{CoverKind, LineType, Policy as Rules};
use jiff::civil::Date;
use serde_json::json;

use super::policies::latest_rules;
use super::rows::{Cover, CoverageShare};
use crate::catalogue::rows::Centre;
use crate::coverage::new_cover::{NewCover, insert};
use crate::coverage::rules::{one_term, rules_of};
use crate::coverage::shares::current_shares;
use crate::repair::rows::{Repair, WorkLine};
use crate::repair::work::charged;
use store::Tx;
use store::error::Result;
use store::query::*;
use store::schema::{covers, devices};

/// Opens the repair warranties of a repair that is handed over on `on`.
///
/// # Errors
/// The store.
pub(crate) fn open(tx: &mut Tx<'_>, repair: &Repair, centre: &Centre, on: Date) -> Result<()> {
    let shares = current_shares(tx.conn, repair)?;
    for line in charged(tx.conn, repair.id)?.into_iter().filter(|line| !line.is_fee) {
        let Some(ruling) = largest(&shares, line.id) else { continue };
        let (rules, payer) = match ruling.cover_id {
            Some(id) => {
                let cover = covers::table.find(id).select(Cover::as_select()).first(tx.conn)?;
                (Some(rules_of(tx.conn, &cover)?), cover.payer_party_id)
            }
            None => match centre.paid_policy_id {
                Some(id) => (latest_rules(tx.conn, id)?, centre.legal_entity_id),
                None => (None, centre.legal_entity_id),
            },
        };
        if let Some(rules) = rules {
            open_one(tx, repair, centre, &line, &rules, payer, on)?;
        }
    }
    Ok(())
}

/// The largest share of a line; of equal ones the first.
fn largest(shares: &[CoverageShare], line_id: i64) -> Option<&CoverageShare> {
    shares
        .iter()
        .filter(|share| share.work_line_id == line_id)
        .reduce(|best, share| if share.amount_minor > best.amount_minor { share } else { best })
}

fn open_one(
    tx: &mut Tx<'_>,
    repair: &Repair,
    centre: &Centre,
    line: &WorkLine,
    rules: &Rules,
    payer: i64,
    on: Date,
) -> Result<()> {
    let Some(warranty) = &rules.repair_warranty else { return Ok(()) };
    let (device_id, term) = match (LineType::named(&line.line_type), line.device_in_id) {
        (Some(LineType::Part), Some(part)) if warranty.part_days > 0 => {
            let serial = devices::table.find(part).select(devices::serial).first::<String>(tx.conn)?;
            (
                part,
                json!({"id": "part", "scope": {"serials": [serial]}, "pays": {"part": 100}, "days": warranty.part_days}),
            )
        }
        (Some(LineType::Labour), _) if warranty.labour_days > 0 => (
            repair.device_id,
            json!({"id": "labour", "only": {"items": [line.item_code]}, "pays": {"labour": 100}, "days": warranty.labour_days}),
        ),
        _ => return Ok(()),
    };
    let payer_party_id = if warranty.payer == "centre" { centre.legal_entity_id } else { payer };
    // A repair that was reopened and handed over again opens anew; the ones from before are void.
    let first = format!("{}#{}", repair.number, line.position);
    let earlier = covers::table
        .filter(covers::kind.eq(CoverKind::RepairWarranty.name()))
        .filter(covers::number.eq(&first).or(covers::number.like(format!("{first}~%"))))
        .count()
        .get_result::<i64>(tx.conn)?;
    let again = if earlier == 0 { String::new() } else { format!("~{}", earlier + 1) };
    insert(
        tx,
        NewCover {
            kind: CoverKind::RepairWarranty,
            number: format!("{first}{again}"),
            device_id,
            policy_version_id: None,
            rules: Some(one_term(&rules.code, &term, None)),
            payer_party_id,
            starts_on: Some(on),
            issued_at: tx.occurred,
            repair_id: None,
            seller: None,
        },
    )?;
    Ok(())
}

/// Voids the repair warranties that a hand-over opened: the repair is taken up again.
///
/// # Errors
/// The store.
pub(crate) fn void(tx: &mut Tx<'_>, repair: &Repair) -> Result<()> {
    let opened = covers::table
        .filter(covers::kind.eq(CoverKind::RepairWarranty.name()))
        .filter(covers::number.like(format!("{}#%", repair.number)));
    diesel::update(opened).set(covers::state.eq("void")).execute(tx.conn)?;
    Ok(())
}
