//! Lines of work: operations, and what all lines share.

use domain::access::Action;
use domain::coverage::LineType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::agreed::agreed_lines;
use super::road::go_on_by_itself;
use super::rows::{Repair, WorkLine};
use crate::catalogue::choices::service_named;
use crate::catalogue::prices::{self, Item};
use crate::catalogue::products::kind_path;
use crate::catalogue::rows::Service;
use crate::coverage::decide::decide_repair;
use crate::repair::line::{add, blank, check_amount, end, may_price, own};
use crate::repair::work::{SuppliedBy, in_hand, line_row, touch};
use store::error::{Error, Faults, OrInvalid, Reason, Result};
use store::query::*;
use store::rights::Actor;
use store::schema::{repairs, services, work_lines};
use store::{Conn, Event, Subject, Tx};

/// Adds an operation of the service catalogue.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddOperation {
    /// A service, as `listChoices` names it.
    #[schemars(length(min = 1, max = 200), example = &"SVC-COMP")]
    pub service: String,
    /// In thousandths; absent: one.
    #[schemars(range(min = 1, max = 1_000_000_000_i64))]
    #[serde(default)]
    pub quantity_milli: Option<i64>,
    /// Net, in minor units; absent: from the price list.
    #[schemars(range(min = 0, max = 1_000_000_000_000_000_i64), extend("x-unit" = "money"))]
    #[serde(default)]
    pub unit_price: Option<i64>,
    /// Public id of the component device that the line is about.
    #[schemars(length(max = 60))]
    #[serde(default)]
    pub component: Option<String>,
    /// The line's own fault, as `listChoices` names it.
    #[schemars(length(max = 200))]
    #[serde(default)]
    pub fault: Option<String>,
    /// The line's own cause, as `listChoices` names it.
    #[schemars(length(max = 200))]
    #[serde(default)]
    pub cause: Option<String>,
    #[schemars(length(max = 500))]
    #[serde(default)]
    pub result: Option<String>,
    /// That a warning (done a short while ago, free one used up) was seen.
    #[serde(default)]
    pub accept_warnings: bool,
}

/// The house's own fee follows from its rule: nobody types it, and who rules on what is covered takes it off.
///
/// # Errors
/// `Forbidden` to others, and for a change.
fn may_waive(actor: &Actor, repair: &Repair, line: &WorkLine, is_taken_off: bool) -> Result<()> {
    let rules = || actor.scope(Action::OverrideCoverage).holds(repair.of());
    if !line.is_fee || is_taken_off && rules() {
        Ok(())
    } else {
        Err(Error::Forbidden(Reason::new("fee-of-the-house")))
    }
}

/// What the customer agreed to pay of a line that is done; 0 where it is not, or they did not.
fn agreed_and_done(tx: &mut Tx<'_>, repair: &Repair, line: &WorkLine) -> Result<i64> {
    let today = tx.today();
    if !super::ends::is_worked(tx.conn, repair)? {
        return Ok(0);
    }
    Ok(agreed_lines(tx.conn, repair, today)?.remove(&line.public_id).unwrap_or(0))
}

fn back_to_work_first(line: &WorkLine) -> Error {
    Error::Conflict(Reason::new("back-to-work-first").with("item", line.item_code.clone()))
}

/// What the customer agreed to and is done is taken back by nobody: what the house gives up then is goodwill, and what
/// was noted wrongly goes back to work.
///
/// # Errors
/// `Conflict` for such a line.
pub(super) fn not_agreed_and_done(tx: &mut Tx<'_>, repair: &Repair, line: &WorkLine) -> Result<()> {
    if agreed_and_done(tx, repair, line)? == 0 { Ok(()) } else { Err(back_to_work_first(line)) }
}

/// # Errors
/// `Forbidden`, `NotFound`; `Invalid` where the service does not fit the product or a value is out of range; `Conflict`
/// with a warning that was not accepted, or after hand-over.
pub fn add_operation(tx: &mut Tx<'_>, public_id: &str, command: &AddOperation) -> Result<String> {
    let repair = in_hand(tx, public_id, Action::DoWork)?;
    may_price(tx.actor, &repair, command.unit_price)?;
    let named = service_named(tx.conn, &command.service)?;
    let Some(id) = named else { return Err(Error::invalid("service", "unknown-service")) };
    let service = services::table.find(id).select(Service::as_select()).first::<Service>(tx.conn)?;
    let mut wrong = Faults::default();
    wrong.check(fits(tx.conn, &service, &repair)?, "service", "service-does-not-fit");
    let quantity_milli = command.quantity_milli.unwrap_or(1000);
    let unit_price = match command.unit_price {
        Some(price) => Some(price),
        None => prices::current(tx.conn, Item::Service(service.id), None)?,
    };
    let amount = check_amount(&mut wrong, quantity_milli, unit_price);
    let own =
        own(tx, &repair, command.component.as_deref(), command.fault.as_deref(), command.cause.as_deref(), &mut wrong)?;
    wrong.told()?;
    if !command.accept_warnings
        && let Some(reason) = warning(tx.conn, &service, &repair)?
    {
        return Err(Error::Conflict(reason));
    }
    let row = WorkLine {
        line_type: service.line_type.clone(),
        service_id: Some(service.id),
        item_code: service.code.clone(),
        title_fa: service.title_fa,
        title_en: service.title_en,
        tax_class: service.tax_class,
        quantity_milli,
        unit_price_minor: unit_price,
        amount_minor: amount,
        result: command.result.clone(),
        ..blank(tx, &repair, LineType::Labour)?
    };
    let id = row.public_id.clone();
    add(tx.conn, row, &own)?;
    touch(tx, repair.id)?;
    let event = Event::OperationAdded { number: repair.number.clone(), item: service.code };
    tx.record(
        (repair.centre_id, repair.brand_id),
        &event,
        &[Subject::Repair(repair.id), Subject::Device(repair.device_id)],
    )?;
    decide_repair(tx, repair.id, "operation")?;
    Ok(id)
}

/// Whether a service is meant for a repair's product: for it, for a kind above it, or for all.
fn fits(conn: &mut Conn, service: &Service, repair: &Repair) -> Result<bool> {
    if let Some(product) = service.product_id {
        return Ok(product == repair.product_id);
    }
    match service.kind_id {
        Some(kind) => Ok(kind_path(conn, repair.kind_id)?.iter().any(|above| above.id == kind)),
        None => Ok(true),
    }
}

/// What should be seen before a service is done once more: its free one is used up, or it was done within its repair
/// warranty.
fn warning(conn: &mut Conn, service: &Service, repair: &Repair) -> Result<Option<Reason>> {
    let earlier = work_lines::table
        .inner_join(repairs::table.on(repairs::id.eq(work_lines::repair_id)))
        .filter(repairs::device_id.eq(repair.device_id))
        .filter(work_lines::service_id.eq(service.id))
        .filter(work_lines::state.eq("open"))
        .filter(repairs::id.ne(repair.id))
        .filter(repairs::returned_on.is_not_null())
        .order(repairs::id.desc())
        .select((repairs::number, repairs::returned_on))
        .first::<(String, Option<store::types::Day>)>(conn)
        .optional()?;
    let Some((number, Some(returned))) = earlier else { return Ok(None) };
    if service.is_free_once {
        return Ok(Some(Reason::new("free-service-used").with("number", number).with("on", returned.date())));
    }
    let key = domain::text::key(&format!("{number}#"));
    let covers = store::schema::covers::table;
    use store::schema::covers as c;
    let holds = covers
        .filter(c::kind.eq("repair_warranty"))
        .filter(c::state.eq("active"))
        .filter(c::number_key.like(format!("{key}%")))
        .select(c::id)
        .first::<i64>(conn)
        .optional()?;
    let days = domain::time::days_between(returned.date(), repair.occurred_on.date());
    Ok((holds.is_some() && days <= 180)
        .then(|| Reason::new("repeats-operation").with("number", number).with("days", days)))
}

/// Changes a line's quantity or price.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeLine {
    /// Public id of the line.
    #[schemars(length(max = 60))]
    pub line: String,
    #[schemars(range(min = 1, max = 1_000_000_000_i64))]
    #[serde(default)]
    pub quantity_milli: Option<i64>,
    #[schemars(range(min = 0, max = 1_000_000_000_000_000_i64), extend("x-unit" = "money"))]
    #[serde(default)]
    pub unit_price: Option<i64>,
}

/// # Errors
/// `Forbidden`, also for a fee of the house; `NotFound`; `Invalid` where a value is out of range; `Conflict` after
/// hand-over.
pub fn change_line(tx: &mut Tx<'_>, public_id: &str, command: &ChangeLine) -> Result<()> {
    let repair = in_hand(tx, public_id, Action::DoWork)?;
    may_price(tx.actor, &repair, command.unit_price)?;
    let line = line_row(tx.conn, repair.id, &command.line).or_invalid("line", "unknown-reference")?;
    let quantity_milli = command.quantity_milli.unwrap_or(line.quantity_milli);
    let unit_price = command.unit_price.or(line.unit_price_minor);
    let mut wrong = Faults::default();
    let amount = check_amount(&mut wrong, quantity_milli, unit_price);
    wrong.check(line.state == "open", "line", "line-ended");
    wrong.check(
        line.supplied_by != SuppliedBy::Customer.name() || unit_price.is_none_or(|price| price == 0),
        "unit_price",
        "customers-part",
    );
    wrong.told()?;
    may_waive(tx.actor, &repair, &line, false)?;
    let agreed = agreed_and_done(tx, &repair, &line)?;
    diesel::update(work_lines::table.find(line.id))
        .set((
            work_lines::quantity_milli.eq(quantity_milli),
            work_lines::unit_price_minor.eq(unit_price),
            work_lines::amount_minor.eq(amount),
        ))
        .execute(tx.conn)?;
    touch(tx, repair.id)?;
    let event = Event::PriceChanged { number: repair.number.clone(), item: line.item_code.clone() };
    tx.record((repair.centre_id, repair.brand_id), &event, &[Subject::Repair(repair.id)])?;
    decide_repair(tx, repair.id, "price")?;
    // What went up is put back; of what was agreed to nothing is given up so.
    let repair = repairs::table.find(repair.id).select(Repair::as_select()).first(tx.conn)?;
    if agreed_and_done(tx, &repair, &line)? < agreed { Err(back_to_work_first(&line)) } else { Ok(()) }
}

/// Takes back a line that was added by mistake. A fitted part is taken out instead.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveLine {
    /// Public id of the line.
    #[schemars(length(max = 60))]
    pub line: String,
    #[schemars(length(min = 1, max = 500))]
    pub reason: String,
}

/// # Errors
/// `NotFound`; `Forbidden` for a fee of the house to who may not rule on what is covered; `Invalid` without a reason;
/// `Conflict` for a part that is fitted, or after hand-over.
pub fn remove_line(tx: &mut Tx<'_>, public_id: &str, command: &RemoveLine) -> Result<()> {
    let repair = in_hand(tx, public_id, Action::DoWork)?;
    let line = line_row(tx.conn, repair.id, &command.line).or_invalid("line", "unknown-reference")?;
    let mut wrong = Faults::default();
    wrong.check(!command.reason.trim().is_empty(), "reason", "required");
    wrong.check(line.state == "open", "line", "line-ended");
    wrong.told()?;
    may_waive(tx.actor, &repair, &line, true)?;
    not_agreed_and_done(tx, &repair, &line)?;
    if line.line_type == LineType::Part.name() && line.device_in_id.is_some() {
        return Err(Error::Conflict(Reason::new("take-it-out").with("item", line.item_code)));
    }
    end(tx, line.id, "removed", command.reason.trim())?;
    touch(tx, repair.id)?;
    let event = Event::LineRemoved {
        number: repair.number.clone(),
        item: line.item_code,
        reason: command.reason.trim().to_owned(),
    };
    tx.record(
        (repair.centre_id, repair.brand_id),
        &event,
        &[Subject::Repair(repair.id), Subject::Device(repair.device_id)],
    )?;
    decide_repair(tx, repair.id, "line removed")?;
    go_on_by_itself(tx, repair.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repair::plan::{PlanPart, plan_part};
    use crate::repair::{FitPart, fit_part};
    use crate::testing::{House, MANAGER, RECEPTIONIST, TECHNICIAN, in_a_house};

    #[test]
    fn a_price_is_set_by_who_is_shown_prices_on_every_road() {
        in_a_house(|house| {
            house.at("1405/09/02");
            let customer = house.customer("حسن مرادی", "09121112233");
            let device = house.device("TV-1", "T-1", "1400/08/24", &[]);
            let repair = house.receive(&customer, &[(&device, "no-power")]).repairs.remove(0).id;
            house.go(RECEPTIONIST, &repair, "to-diagnosis");
            let line = house.operation(&repair, "SVC-ANY", None);
            let set = |login: &str, price: Option<i64>| {
                let operation = AddOperation {
                    service: "SVC-FAN".to_owned(),
                    quantity_milli: None,
                    unit_price: price,
                    component: None,
                    fault: None,
                    cause: None,
                    result: None,
                    accept_warnings: true,
                };
                let change = ChangeLine { line: line.clone(), quantity_milli: Some(2_000), unit_price: price };
                let plan = PlanPart { product: "FAN-1".to_owned(), unit_price: price, ..PlanPart::default() };
                let fit = FitPart { unit_price: price, ..House::part("FAN-1") };
                [
                    house.by(login, |tx| add_operation(tx, &repair, &operation).map(|_| ())),
                    house.by(login, |tx| change_line(tx, &repair, &change)),
                    house.by(login, |tx| plan_part(tx, &repair, &plan).map(|_| ())),
                    house.by(login, |tx| fit_part(tx, &repair, &fit).map(|_| ())),
                ]
            };
            for told in set(TECHNICIAN, Some(1)) {
                assert!(matches!(told, Err(Error::Forbidden(_))), "{told:?}");
            }
            for told in set(TECHNICIAN, None).into_iter().chain(set(MANAGER, Some(1))) {
                told.expect("written");
            }
        });
    }
}
