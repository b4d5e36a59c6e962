//! The papers of a visit: receipt, label and goods-entry sheet.

use serde::{Deserialize, Serialize};

use crate::customers::CustomerView;
use crate::papers::{Letterhead, NewPaper, issue, letterhead, party};
use crate::reception::rows::Reception;
use crate::reception::view::ReceptionView;
use crate::repair::rows::RepairDetail;
use store::error::{Error, Result};
use store::query::*;
use store::schema::{brands, devices, faults, products, repair_details, repairs, reported_faults};
use store::types::Day;
use store::views::Link;
use store::{Conn, Tx, link_columns};

/// What a reception's papers are made from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReceptionPaper {
    pub letterhead: Letterhead,
    pub customer: CustomerView,
    pub reception: ReceptionView,
    pub devices: Vec<ReceivedDevice>,
}

/// A received device on paper.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReceivedDevice {
    pub number: String,
    pub product: Link,
    pub brand: Link,
    pub serial: String,
    pub faults: Vec<Link>,
    pub note: Option<String>,
    pub accessories: Vec<String>,
    pub conditions: Vec<String>,
    pub promised_on: Option<jiff::civil::Date>,
}

/// Issues a reception's papers (receipt, label, goods-entry sheet), or their next revision.
pub(crate) fn issue_reception(tx: &mut Tx<'_>, row: &Reception, view: &ReceptionView) -> Result<()> {
    let customer = party(tx.conn, row.customer_id)?;
    let language = customer.language.clone();
    let letterhead = letterhead(tx.conn, row.centre_id)?;
    let paper =
        ReceptionPaper { letterhead, customer, reception: view.clone(), devices: received_devices(tx.conn, row.id)? };
    let snapshot = serde_json::to_string(&paper).map_err(Error::internal)?;
    issue(
        tx,
        NewPaper {
            kind: "reception",
            number: Some(row.number.clone()),
            revision: row.revision,
            centre_id: row.centre_id,
            subject_id: row.id,
            language,
            snapshot,
        },
    )
}

/// The devices of a visit as its papers tell of them, in order.
fn received_devices(conn: &mut Conn, reception_id: i64) -> Result<Vec<ReceivedDevice>> {
    let rows = repairs::table
        .inner_join(repair_details::table.on(repair_details::repair_id.eq(repairs::id)))
        .inner_join(devices::table.on(devices::id.eq(repairs::device_id)))
        .inner_join(products::table.on(products::id.eq(repairs::product_id)))
        .inner_join(brands::table.on(brands::id.eq(repairs::brand_id)))
        .filter(repairs::reception_id.eq(reception_id))
        .order(repairs::ordinal)
        .select((
            (repairs::id, repairs::number, repairs::promised_on),
            RepairDetail::as_select(),
            devices::serial,
            link_columns!(products),
            link_columns!(brands),
        ))
        .load::<((i64, String, Option<Day>), RepairDetail, String, Link, Link)>(conn)?;
    let reported = reported_faults::table
        .inner_join(faults::table.on(faults::id.eq(reported_faults::fault_id)))
        .inner_join(repairs::table.on(repairs::id.eq(reported_faults::repair_id)))
        .filter(repairs::reception_id.eq(reception_id))
        .order(reported_faults::position)
        .select((reported_faults::repair_id, link_columns!(faults)))
        .load::<(i64, Link)>(conn)?;
    let device =
        |((id, number, promised_on), details, serial, product, brand): (_, RepairDetail, _, _, _)| ReceivedDevice {
            number,
            product,
            brand,
            serial,
            faults: reported.iter().filter(|(repair, _)| *repair == id).map(|(_, fault)| fault.clone()).collect(),
            note: details.reported_note,
            accessories: serde_json::from_str(&details.accessories).unwrap_or_default(),
            conditions: serde_json::from_str(&details.conditions).unwrap_or_default(),
            promised_on: Day::shown(promised_on),
        };
    Ok(rows.into_iter().map(device).collect())
}
