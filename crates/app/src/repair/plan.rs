//! Parts that are planned: on the estimate, asked about, waited for, and fitted later.

use domain::access::Action;
use domain::coverage::LineType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fit::{part_named, price_of};
use super::road::go_on_by_itself;
use super::rows::WorkLine;
use crate::coverage::decide::decide_repair;
use crate::repair::line::{add, blank, check_amount, may_price, own};
use crate::repair::work::{SuppliedBy, in_hand, line_row, touch};
use store::error::{Error, Faults, OrInvalid, Result};
use store::query::*;
use store::schema::work_lines;
use store::types::At;
use store::{Event, Subject, Tx};

/// Plans a part: it is priced and decided like one that is fitted, and nothing moves yet.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanPart {
    /// The part, as `listChoices` names it.
    #[schemars(length(min = 1, max = 200), example = &"CMP-EM65")]
    pub product: String,
    /// In thousandths; absent: one.
    #[schemars(range(min = 1, max = 1_000_000_000_i64))]
    #[serde(default)]
    pub quantity_milli: Option<i64>,
    /// Net, in minor units; absent: from the price list.
    #[schemars(range(min = 0, max = 1_000_000_000_000_000_i64), extend("x-unit" = "money"))]
    #[serde(default)]
    pub unit_price: Option<i64>,
    /// Public id of the component that it will replace.
    #[schemars(length(max = 60))]
    #[serde(default)]
    pub component: Option<String>,
    #[serde(default)]
    pub supplied_by: Option<SuppliedBy>,
    /// The line's own fault, as `listChoices` names it.
    #[schemars(length(max = 200))]
    #[serde(default)]
    pub fault: Option<String>,
    /// The line's own cause, as `listChoices` names it.
    #[schemars(length(max = 200))]
    #[serde(default)]
    pub cause: Option<String>,
    /// Whether it must come first.
    #[serde(default)]
    pub is_awaited: bool,
}

/// Says that a planned part is waited for, or that it came.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AwaitPart {
    /// Public id of the line.
    #[schemars(length(max = 60))]
    pub line: String,
    pub is_awaited: bool,
}

/// # Errors
/// `Forbidden`, `NotFound`; `Invalid` where the part is none or a value is out of range; `Conflict` after hand-over.
pub fn plan_part(tx: &mut Tx<'_>, public_id: &str, command: &PlanPart) -> Result<String> {
    let repair = in_hand(tx, public_id, Action::DoWork)?;
    may_price(tx.actor, &repair, command.unit_price)?;
    let product = part_named(tx.conn, &command.product)?;
    let mut wrong = Faults::default();
    let supplied_by = command.supplied_by.unwrap_or(SuppliedBy::Centre);
    let quantity_milli = command.quantity_milli.unwrap_or(1000);
    let unit_price_minor = price_of(tx.conn, &product, command.unit_price, supplied_by)?;
    let amount_minor = check_amount(&mut wrong, quantity_milli, unit_price_minor);
    let own =
        own(tx, &repair, command.component.as_deref(), command.fault.as_deref(), command.cause.as_deref(), &mut wrong)?;
    wrong.told()?;
    let row = WorkLine {
        product_id: Some(product.id),
        item_code: product.code.clone(),
        title_fa: product.title_fa,
        title_en: product.title_en,
        tax_class: product.tax_class,
        quantity_milli,
        unit_price_minor,
        amount_minor,
        supplied_by: supplied_by.name().to_owned(),
        awaited_at: command.is_awaited.then(|| At::from(tx.occurred)),
        ..blank(tx, &repair, LineType::Part)?
    };
    let id = row.public_id.clone();
    add(tx.conn, row, &own)?;
    touch(tx, repair.id)?;
    let event = Event::PartPlanned { number: repair.number.clone(), item: product.code };
    tx.record(
        (repair.centre_id, repair.brand_id),
        &event,
        &[Subject::Repair(repair.id), Subject::Device(repair.device_id)],
    )?;
    decide_repair(tx, repair.id, "part")?;
    Ok(id)
}

/// # Errors
/// `Forbidden`, `NotFound`; `Invalid` where the line plans no part; `Conflict` after hand-over.
pub fn await_part(tx: &mut Tx<'_>, public_id: &str, command: &AwaitPart) -> Result<()> {
    let repair = in_hand(tx, public_id, Action::MoveRepair)?;
    let line = line_row(tx.conn, repair.id, &command.line).or_invalid("line", "unknown-reference")?;
    if !line.is_planned() {
        return Err(Error::invalid("line", "not-planned"));
    }
    let at = command.is_awaited.then(|| At::from(tx.occurred));
    diesel::update(work_lines::table.find(line.id)).set(work_lines::awaited_at.eq(at)).execute(tx.conn)?;
    touch(tx, repair.id)?;
    let (number, item) = (repair.number.clone(), line.item_code);
    let event = if command.is_awaited { Event::PartAwaited { number, item } } else { Event::PartCame { number, item } };
    tx.record(
        (repair.centre_id, repair.brand_id),
        &event,
        &[Subject::Repair(repair.id), Subject::Device(repair.device_id)],
    )?;
    go_on_by_itself(tx, repair.id)
}
