//! What was done: all operations and parts on a device, and all devices in which a part was fitted or mended.

use domain::access::Action;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::repair::rows::WorkLine;
use crate::repair::view::DeviceLink;
use store::error::{Error, Result};
use store::query::*;
use store::rights::{Actor, Of, Scope};
use store::schema::{coverage_shares, devices, products, repairs, work_lines};
use store::types::Day;
use store::views::Title;
use store::{Conn, link};

/// An operation or a part on a device, whoever paid.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DeviceOperation {
    pub repair: String,
    pub repair_number: String,
    pub device: DeviceLink,
    #[schemars(with = "String")]
    pub on: Date,
    pub line_type: String,
    pub code: String,
    pub title: Title,
    /// Whether a cover paid at least part of it; absent for who may not see money where it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_covered: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial_in: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial_out: Option<String>,
    /// What became of the removed part: owed, returned, scrapped, kept, or repaired and put back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disposition: Option<String>,
}

/// Lines of a list, at most.
const MOST: i64 = 500;

/// All operations on a device, those that no warranty paid included, newest first.
///
/// # Errors
/// `Forbidden`, `NotFound`.
pub fn device_operations(conn: &mut Conn, actor: &Actor, device: &str) -> Result<Vec<DeviceOperation>> {
    actor.may(Action::ViewWork, Of::Anything)?;
    let row = crate::devices::seen(conn, actor, device, &[Action::ViewWork])?;
    let rows = work_lines::table
        .inner_join(repairs::table.on(repairs::id.eq(work_lines::repair_id)))
        .filter(repairs::device_id.eq(row.id))
        .filter(work_lines::state.eq("open"))
        .filter(work_lines::is_fee.eq(false))
        .order((repairs::id.desc(), work_lines::position))
        .select(Done::as_select())
        .limit(MOST)
        .load::<Done>(conn)?;
    let money = actor.scope(Action::ViewMoney);
    rows.into_iter().map(|row| row.shown(conn, &money)).collect()
}

/// The devices into which a part was fitted, or on which it was repaired and put back, in repairs that the actor sees,
/// newest first.
///
/// # Errors
/// `Forbidden`, `NotFound`.
pub fn part_uses(conn: &mut Conn, actor: &Actor, product: &str) -> Result<Vec<DeviceOperation>> {
    actor.may(Action::ViewWork, Of::Anything)?;
    let product_id = products::table
        .filter(products::public_id.eq(product))
        .select(products::id)
        .first::<i64>(conn)
        .optional()?
        .ok_or(Error::NotFound)?;
    let rows = work_lines::table
        .inner_join(repairs::table.on(repairs::id.eq(work_lines::repair_id)))
        .filter(work_lines::product_id.eq(product_id))
        .filter(work_lines::state.eq("open"))
        // What is only planned was not fitted yet.
        .filter(work_lines::device_in_id.is_not_null().or(work_lines::device_out_id.is_not_null()))
        .filter(actor.scope(Action::ViewWork).rows::<repairs::table>())
        .order(work_lines::id.desc())
        .select(Done::as_select())
        .limit(MOST)
        .load::<Done>(conn)?;
    let money = actor.scope(Action::ViewMoney);
    rows.into_iter().map(|row| row.shown(conn, &money)).collect()
}

/// A line with what tells of its repair.
#[derive(Queryable, Selectable)]
#[diesel(table_name = work_lines)]
struct Done {
    #[diesel(embed)]
    line: WorkLine,
    #[diesel(select_expression = (repairs::public_id, repairs::number, repairs::device_id, repairs::occurred_on, repairs::decision_id))]
    repair: (String, String, i64, Day, Option<i64>),
    /// Where it was done: centre and brand.
    #[diesel(select_expression = (repairs::centre_id, repairs::brand_id))]
    of: (i64, i64),
}

impl Done {
    fn shown(self, conn: &mut Conn, money: &Scope) -> Result<DeviceOperation> {
        let Self { line, repair: (repair, repair_number, device_id, on, decision_id), of: (centre, brand) } = self;
        let covered = coverage_shares::table
            .filter(coverage_shares::work_line_id.eq(line.id))
            .filter(coverage_shares::decision_id.eq(decision_id.unwrap_or(0)))
            .filter(coverage_shares::cover_id.is_not_null())
            .select(coverage_shares::id)
            .first::<i64>(conn)
            .optional()?;
        let (id, serial, product_id) = devices::table
            .find(device_id)
            .select((devices::public_id, devices::serial, devices::product_id))
            .first::<(String, String, i64)>(conn)?;
        let device = DeviceLink { id, serial, product: link!(conn, products, product_id) };
        let mut serial = |id: Option<i64>| -> Result<Option<String>> {
            match id {
                Some(id) => Ok(devices::table
                    .find(id)
                    .filter(devices::has_serial.eq(true))
                    .select(devices::serial)
                    .first(conn)
                    .optional()?),
                None => Ok(None),
            }
        };
        Ok(DeviceOperation {
            serial_in: serial(line.device_in_id)?,
            serial_out: serial(line.device_out_id)?,
            repair,
            repair_number,
            device,
            on: on.date(),
            line_type: line.line_type,
            code: line.item_code,
            title: Title::new(line.title_fa, line.title_en),
            is_covered: money.holds(Of::Work(centre, brand)).then_some(covered.is_some()),
            disposition: line.disposition,
        })
    }
}
