//! Back for the same fault: an earlier repair of the device with the same diagnosed fault; before diagnosis, one whose
//! diagnosed fault belongs to a reported one.

use domain::access::Action;
use domain::time::days_between;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::catalogue::choices::fault_named;
use store::Conn;
use store::error::Result;
use store::query::*;
use store::rights::{Actor, Of};
use store::schema::{diagnoses, fault_relations, repairs, reported_faults};
use store::types::Day;

/// An earlier repair for the same fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RepeatView {
    pub id: String,
    pub number: String,
    /// Days from its hand-over to this reception.
    pub days: i64,
}

/// The earlier repair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeat {
    pub repair_id: i64,
    pub public_id: String,
    pub number: String,
    pub returned_on: Date,
    /// Days from its hand-over to `on`, where that is given.
    pub days: Option<i64>,
}

/// The latest earlier repair of a device for the same fault, if there is one.
///
/// # Errors
/// The store.
pub fn earlier_repair(
    conn: &mut Conn,
    device_id: i64,
    diagnosed: Option<i64>,
    reported: &[i64],
    on: Option<(Date, i64)>,
) -> Result<Option<Repeat>> {
    let same = match diagnosed {
        Some(diagnosed) => vec![diagnosed],
        None => {
            let mut same = reported.to_vec();
            for fault in reported {
                let related = fault_relations::table
                    .filter(fault_relations::reported_fault_id.eq(fault))
                    .select(fault_relations::diagnosed_fault_id);
                same.extend(related.load::<i64>(conn)?);
            }
            same
        }
    };
    let earlier = repairs::table
        .left_join(diagnoses::table.on(diagnoses::repair_id.eq(repairs::id)))
        .filter(repairs::device_id.eq(device_id))
        .filter(repairs::is_open.eq(false))
        .filter(repairs::returned_on.is_not_null())
        .order(repairs::id.desc())
        .select((
            repairs::id,
            repairs::public_id,
            repairs::number,
            repairs::returned_on,
            diagnoses::fault_id.nullable(),
        ))
        .limit(50)
        .filter(repairs::id.lt(on.map_or(i64::MAX, |(_, own)| own)))
        .load::<(i64, String, String, Option<Day>, Option<i64>)>(conn)?;
    for (repair_id, public_id, number, returned, fault) in earlier {
        let is_same = match fault {
            Some(fault) => same.contains(&fault),
            None => {
                let then = reported_faults::table
                    .filter(reported_faults::repair_id.eq(repair_id))
                    .select(reported_faults::fault_id)
                    .load::<i64>(conn)?;
                then.iter().any(|fault| reported.contains(fault))
            }
        };
        if let (true, Some(returned)) = (is_same, returned) {
            let days = on.map(|(on, _)| days_between(returned.date(), on));
            return Ok(Some(Repeat { repair_id, public_id, number, returned_on: returned.date(), days }));
        }
    }
    Ok(None)
}

/// An earlier repair for the same fault, at the counter, before anything is saved.
///
/// # Errors
/// `NotFound`.
pub fn repeat_at_counter(
    conn: &mut Conn,
    actor: &Actor,
    device: &str,
    faults_reported: &[String],
    today: Date,
) -> Result<Option<RepeatView>> {
    let device = crate::devices::device_row(conn, device)?;
    actor.finds(&[Action::ViewWork, Action::Receive], Of::InBrand(device.brand_id))?;
    let mut ids = Vec::with_capacity(faults_reported.len());
    for typed in faults_reported {
        ids.extend(fault_named(conn, typed)?);
    }
    if ids.is_empty() {
        return Ok(None);
    }
    let repeat = earlier_repair(conn, device.id, None, &ids, Some((today, i64::MAX)))?;
    Ok(repeat.map(|repeat| RepeatView { id: repeat.public_id, number: repeat.number, days: repeat.days.unwrap_or(0) }))
}
