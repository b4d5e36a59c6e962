//! Parts: fitted (serial in, serial out, what becomes of the removed one), mended and put back, taken out again.

use domain::access::Action;
use domain::coverage::LineType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::lines::not_agreed_and_done;
use super::road::go_on_by_itself;
use super::rows::{Repair, WorkLine};
use crate::catalogue::prices::{self, Item};
use crate::catalogue::rows::Product;
use crate::coverage::decide::decide_repair;
use crate::devices::register::{insert, product_named, put_in};
use crate::devices::rows::Device;
use crate::devices::tree::{close_edge, root_of, tree};
use crate::devices::{append_event, device_row};
use crate::parts::{Paper, Place, Thing, move_thing, place_of};
use crate::repair::line::{Own, add, blank, check_amount, end, may_price, own, own_of, stand_apart};
use crate::repair::work::{Disposition, SuppliedBy, in_hand, line_row, touch};
use store::error::{Error, Fault, Faults, OrInvalid, Reason, Result};
use store::query::*;
use store::rights::Of;
use store::schema::{device_states, devices, products, repairs, work_lines};
use store::types::At;
use store::{Conn, Event, Subject, Tx};

/// Fits a part, or puts a mended one back.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FitPart {
    /// Public id of the line by which the part was planned; absent: it was not.
    #[schemars(length(max = 60))]
    #[serde(default)]
    pub line: Option<String>,
    /// The part, as `listChoices` names it; not needed where it was planned.
    #[schemars(length(max = 200), example = &"CMP-EM65")]
    #[serde(default)]
    pub product: String,
    /// In thousandths; absent: one.
    #[schemars(range(min = 1, max = 1_000_000_000_i64))]
    #[serde(default)]
    pub quantity_milli: Option<i64>,
    #[schemars(range(min = 0, max = 1_000_000_000_000_000_i64), extend("x-unit" = "money"))]
    #[serde(default)]
    pub unit_price: Option<i64>,
    /// Serial of the part that goes in, where it has one.
    #[schemars(length(max = 80), example = &"CMP-731140")]
    #[serde(default)]
    pub serial_in: Option<String>,
    /// Public id of the component that comes out.
    #[schemars(length(max = 60))]
    #[serde(default)]
    pub component_out: Option<String>,
    /// Its serial, where it was not known to be in the device.
    #[schemars(length(max = 80), example = &"CMP-220981")]
    #[serde(default)]
    pub serial_out: Option<String>,
    /// What becomes of the removed part.
    #[serde(default)]
    pub disposition: Option<Disposition>,
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
    /// What was done, for a part that was mended.
    #[schemars(length(max = 500))]
    #[serde(default)]
    pub result: Option<String>,
}

/// # Errors
/// `Forbidden`, `NotFound`; `Invalid` where the part is none, a serial is somewhere else, or the removed part is not of
/// this device; `Conflict` after hand-over.
pub fn fit_part(tx: &mut Tx<'_>, public_id: &str, command: &FitPart) -> Result<String> {
    let repair = in_hand(tx, public_id, Action::DoWork)?;
    may_price(tx.actor, &repair, command.unit_price)?;
    let planned = match command.line.as_deref().filter(|id| !id.is_empty()) {
        Some(id) => {
            let line = line_row(tx.conn, repair.id, id).or_invalid("line", "unknown-reference")?;
            if !line.is_planned() {
                return Err(Error::invalid("line", "not-planned"));
            }
            Some(line)
        }
        None => None,
    };
    let product = match planned.as_ref().and_then(|line| line.product_id) {
        Some(id) => products::table.find(id).select(Product::as_select()).first(tx.conn)?,
        None => part_named(tx.conn, &command.product)?,
    };
    let mut wrong = Faults::default();
    let quantity_milli = command.quantity_milli.or(planned.as_ref().map(|line| line.quantity_milli)).unwrap_or(1000);
    let supplied_by =
        command.supplied_by.or_else(|| SuppliedBy::named(&planned.as_ref()?.supplied_by)).unwrap_or(SuppliedBy::Centre);
    // What the customer brings costs nothing, what the house gives has its price, whoever was to bring it.
    let is_as_planned = planned.as_ref().is_some_and(|line| line.supplied_by == supplied_by.name());
    let unit_price = match planned.as_ref().filter(|_| command.unit_price.is_none() && is_as_planned) {
        Some(line) => line.unit_price_minor,
        None => price_of(tx.conn, &product, command.unit_price, supplied_by)?,
    };
    let amount = check_amount(&mut wrong, quantity_milli, unit_price);
    let own = own(tx, &repair, None, command.fault.as_deref(), command.cause.as_deref(), &mut wrong)?;
    let out = removed(tx, &repair, &product, command, &mut wrong)?;
    let is_mended = command.disposition == Some(Disposition::Repaired);
    wrong.check(!is_mended || out.is_some(), "component_out", "required");
    wrong.check(!is_mended || command.serial_in.as_deref().is_none_or(str::is_empty), "serial_in", "nothing-goes-in");
    wrong.check(
        !product.is_serialised
            || is_mended
            || command.serial_in.as_deref().is_some_and(|serial| !serial.trim().is_empty()),
        "serial_in",
        "serial-required",
    );
    wrong.check(
        command.serial_in.as_deref().is_none_or(|serial| serial.trim().is_empty() || quantity_milli == 1000),
        "quantity_milli",
        "one-per-serial",
    );
    wrong.told()?;

    let device_in = if is_mended {
        None
    } else {
        Some(put_part_in(tx, &repair, &product, command, out.as_ref(), (quantity_milli, supplied_by))?)
    };
    let line = match planned.clone() {
        Some(line) => line,
        None => blank(tx, &repair, LineType::Part)?,
    };
    let row = WorkLine {
        product_id: Some(product.id),
        item_code: product.code.clone(),
        title_fa: product.title_fa.clone(),
        title_en: product.title_en.clone(),
        tax_class: product.tax_class.clone(),
        quantity_milli,
        unit_price_minor: unit_price,
        amount_minor: amount,
        device_in_id: device_in.as_ref().map(|part| part.id),
        device_out_id: out.as_ref().map(|out| out.id),
        disposition: command.disposition.or(out.as_ref().map(|_| Disposition::Owed)).map(|word| word.name().to_owned()),
        supplied_by: supplied_by.name().to_owned(),
        technician_user_id: tx.actor.user_id,
        result: command.result.clone(),
        awaited_at: None,
        ..line
    };
    let line_id = row.public_id.clone();
    // What comes out is what the line is about.
    let about = |own: Own| Own { component_id: out.as_ref().map(|out| out.id).or(own.component_id), ..own };
    if planned.is_some() {
        let own = own_of(tx.conn, row.id)?;
        stand_apart(tx.conn, row.id, &about(own))?;
        diesel::update(work_lines::table.find(row.id)).set(row).execute(tx.conn)?;
    } else {
        add(tx.conn, row, &about(own))?;
    }
    touch(tx, repair.id)?;
    let shown = |device: &Option<Device>| {
        device.as_ref().filter(|device| device.has_serial).map(|device| device.serial.clone())
    };
    let event = if is_mended {
        Event::PartRepaired { number: repair.number.clone(), item: product.code.clone(), serial: shown(&out) }
    } else {
        Event::PartFitted {
            number: repair.number.clone(),
            item: product.code.clone(),
            serial_in: shown(&device_in),
            serial_out: shown(&out),
        }
    };
    let mut subjects = vec![Subject::Repair(repair.id), Subject::Device(repair.device_id)];
    subjects.extend(device_in.iter().chain(&out).map(|device| Subject::Device(device.id)));
    let journal_id = tx.record((repair.centre_id, repair.brand_id), &event, &subjects)?;
    let today = tx.today();
    let data = serde_json::json!({"repair": repair.id});
    if let Some(part) = &device_in {
        append_event(tx, part.id, "fitted", tx.occurred, today, journal_id, &data)?;
    }
    if let Some(part) = &out {
        append_event(
            tx,
            part.id,
            if is_mended { "repaired" } else { "removed" },
            tx.occurred,
            today,
            journal_id,
            &data,
        )?;
    }
    decide_repair(tx, repair.id, "part")?;
    go_on_by_itself(tx, repair.id)?;
    Ok(line_id)
}

/// The part that a public id or a code names.
///
/// # Errors
/// `Invalid` where there is none, or it is no part.
pub(super) fn part_named(conn: &mut Conn, named: &str) -> Result<Product> {
    let product = product_named(conn, named, "product")?;
    if product.is_part { Ok(product) } else { Err(Error::invalid("product", "not-a-part")) }
}

/// What a part costs the one who pays: as said, nothing where the customer brought it, else as the price list has it.
pub(super) fn price_of(
    conn: &mut Conn,
    product: &Product,
    said: Option<i64>,
    supplied_by: SuppliedBy,
) -> Result<Option<i64>> {
    match said {
        Some(price) if price > 0 && supplied_by == SuppliedBy::Customer => {
            Err(Error::invalid("unit_price", "customers-part"))
        }
        Some(price) => Ok(Some(price)),
        None if supplied_by == SuppliedBy::Customer => Ok(Some(0)),
        None => prices::current(conn, Item::Product(product.id), None),
    }
}

/// The part that comes out: a component of the device's tree, or one that was not known and is registered as it comes
/// out.
fn removed(
    tx: &mut Tx<'_>,
    repair: &Repair,
    product: &Product,
    command: &FitPart,
    wrong: &mut Faults,
) -> Result<Option<Device>> {
    let now = tx.now;
    let root = tree(tx.conn, repair.device_id, now)?;
    let nodes = root.all();
    if let Some(public_id) = command.component_out.as_deref().filter(|id| !id.is_empty()) {
        let device = device_row(tx.conn, public_id).ok();
        let found = device.filter(|device| nodes.iter().skip(1).any(|node| node.device.id == device.id));
        wrong.check(found.is_some(), "component_out", "not-in-device");
        return Ok(found);
    }
    let Some(serial) = command.serial_out.as_deref().map(str::trim).filter(|serial| !serial.is_empty()) else {
        return Ok(None);
    };
    let key = domain::text::key(serial);
    if let Some(node) = nodes.iter().skip(1).find(|node| node.device.serial_key == key) {
        return Ok(Some(node.device.clone()));
    }
    let known = devices::table
        .filter(devices::serial_key.eq(&key))
        .filter(devices::brand_id.eq(product.brand_id))
        .select(devices::id)
        .first::<i64>(tx.conn)
        .optional()?;
    if known.is_some() {
        wrong.add(Fault::new("serial_out", "not-in-device"));
        return Ok(None);
    }
    // It was in the device all along: known from the beginning, so that the question is about it.
    let device = insert(tx, product, Some(serial), "serial_out")?;
    let row = crate::devices::rows::DeviceComponent {
        id: 0,
        parent_id: repair.device_id,
        device_id: device.id,
        position: None,
        since_at: At::from(jiff::Timestamp::UNIX_EPOCH),
        until_at: None,
    };
    diesel::insert_into(store::schema::device_components::table).values(row).execute(tx.conn)?;
    Ok(Some(device))
}

/// Moves the new part into the device and the old one to where it belongs.
fn put_part_in(
    tx: &mut Tx<'_>,
    repair: &Repair,
    product: &Product,
    command: &FitPart,
    out: Option<&Device>,
    (quantity_milli, supplied_by): (i64, SuppliedBy),
) -> Result<Device> {
    let paper = Paper("repair", repair.id);
    let serial = command.serial_in.as_deref().map(str::trim).filter(|serial| !serial.is_empty());
    let known = match serial {
        Some(serial) => devices::table
            .filter(devices::brand_id.eq(product.brand_id))
            .filter(devices::serial_key.eq(domain::text::key(serial)))
            .select(Device::as_select())
            .first::<Device>(tx.conn)
            .optional()?,
        None => None,
    };
    let part = match known {
        Some(part) => {
            // It is a device of its brand.
            tx.actor.may(Action::DoWork, Of::Work(repair.centre_id, part.brand_id))?;
            // It lies in this centre, or is only known so far; it sits in nothing, is in nobody's repair, and is
            // nobody's. What a customer brings is theirs, and with them.
            let place = place_of(tx.conn, part.id)?;
            let is_brought = supplied_by == SuppliedBy::Customer;
            let owner = device_states::table
                .find(part.id)
                .select(device_states::owner_party_id)
                .first::<Option<i64>>(tx.conn)?;
            // Who of the customers has it is told by its owner where its place does not tell.
            let is_here = match place {
                None if is_brought => owner.is_none_or(|owner| owner == repair.customer_id),
                Some(Place::Customer(holder)) => is_brought && holder.or(owner) == Some(repair.customer_id),
                None | Some(Place::Supplier) => !is_brought,
                Some(place) => !is_brought && place == Place::Shelf(repair.centre_id),
            };
            let is_received = repairs::table
                .filter(repairs::device_id.eq(part.id))
                .filter(repairs::is_open.eq(true))
                .select(repairs::id)
                .first::<i64>(tx.conn)
                .optional()?
                .is_some();
            let is_loose = root_of(tx.conn, part.id, tx.now)? == part.id && !is_received;
            let is_free = owner.is_none_or(|owner| owner == repair.customer_id && is_brought);
            if part.product_id != product.id || !is_here || !is_loose || !is_free {
                return Err(Error::Invalid(vec![
                    Fault::new("serial_in", "part-elsewhere").with("serial", part.serial),
                ]));
            }
            part
        }
        None => insert(tx, product, serial, "serial_in")?,
    };
    let thing = Thing { device_id: Some(part.id), product_id: product.id, quantity_milli };
    let brought_from = || match supplied_by {
        SuppliedBy::Customer => Place::Customer(Some(repair.customer_id)),
        SuppliedBy::Centre | SuppliedBy::Warrantor => Place::Shelf(repair.centre_id),
    };
    let from = place_of(tx.conn, part.id)?.unwrap_or_else(brought_from);
    move_thing(tx, thing, from, Place::Inside(repair.device_id), paper)?;
    let mut parent = repair.device_id;
    let mut position = None;
    if let Some(out) = out {
        if let Some((held_by, at)) = close_edge(tx, out.id)? {
            parent = held_by;
            position = at;
        }
        let to = match command.disposition.unwrap_or(Disposition::Owed) {
            Disposition::Returned => Place::Customer(Some(repair.customer_id)),
            Disposition::Scrapped => Place::Scrap,
            Disposition::Kept => Place::Shelf(repair.centre_id),
            Disposition::Owed | Disposition::Repaired => Place::Bin(repair.centre_id),
        };
        let from = place_of(tx.conn, out.id)?.unwrap_or(Place::Inside(parent));
        let old = Thing { device_id: Some(out.id), product_id: out.product_id, quantity_milli: 1000 };
        move_thing(tx, old, from, to, paper)?;
    }
    put_in(tx, parent, part.id, position)?;
    Ok(part)
}

/// Takes out a part that was fitted by mistake: tree, places and lines are as before.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TakePartOut {
    /// Public id of the line.
    #[schemars(length(max = 60))]
    pub line: String,
    #[schemars(length(min = 1, max = 500))]
    pub reason: String,
}

/// # Errors
/// `NotFound`; `Invalid` without a reason or for a line that fitted nothing; `Conflict` where a thing has gone on
/// since, or after hand-over.
pub fn take_part_out(tx: &mut Tx<'_>, public_id: &str, command: &TakePartOut) -> Result<()> {
    let repair = in_hand(tx, public_id, Action::DoWork)?;
    let line = line_row(tx.conn, repair.id, &command.line).or_invalid("line", "unknown-reference")?;
    let mut wrong = Faults::default();
    wrong.check(!command.reason.trim().is_empty(), "reason", "required");
    wrong.check(line.state == "open", "line", "line-ended");
    wrong.check(line.device_in_id.is_some(), "line", "nothing-fitted");
    wrong.told()?;
    not_agreed_and_done(tx, &repair, &line)?;
    let Some(part_id) = line.device_in_id else { return Err(Error::NotFound) };
    let paper = Paper("repair", repair.id);
    let product_of = |tx: &mut Tx<'_>, id: i64| -> Result<i64> {
        Ok(devices::table.find(id).select(devices::product_id).first(tx.conn)?)
    };
    let product_id = product_of(tx, part_id)?;
    let thing = Thing { device_id: Some(part_id), product_id, quantity_milli: line.quantity_milli };
    // What the customer brought goes back to them.
    let is_theirs = line.supplied_by == SuppliedBy::Customer.name();
    let to = if is_theirs { Place::Customer(Some(repair.customer_id)) } else { Place::Shelf(repair.centre_id) };
    move_thing(tx, thing, Place::Inside(repair.device_id), to, paper)?;
    let (parent, position) = close_edge(tx, part_id)?.unwrap_or((repair.device_id, None));
    let mut subjects = vec![Subject::Repair(repair.id), Subject::Device(repair.device_id), Subject::Device(part_id)];
    if let Some(out_id) = line.device_out_id {
        let place = place_of(tx.conn, out_id)?;
        let is_near = matches!(place, Some(Place::Bin(centre) | Place::Shelf(centre)) if centre == repair.centre_id)
            || matches!(place, Some(Place::Scrap | Place::Customer(_)));
        let Some(from) = place.filter(|_| is_near) else {
            return Err(Error::Conflict(Reason::new("device-elsewhere")));
        };
        let product_id = product_of(tx, out_id)?;
        move_thing(
            tx,
            Thing { device_id: Some(out_id), product_id, quantity_milli: 1000 },
            from,
            Place::Inside(parent),
            paper,
        )?;
        put_in(tx, parent, out_id, position)?;
        subjects.push(Subject::Device(out_id));
    }
    end(tx, line.id, "taken_out", command.reason.trim())?;
    touch(tx, repair.id)?;
    let event = Event::PartTakenOut {
        number: repair.number.clone(),
        item: line.item_code,
        reason: command.reason.trim().to_owned(),
    };
    let journal_id = tx.record((repair.centre_id, repair.brand_id), &event, &subjects)?;
    let today = tx.today();
    append_event(tx, part_id, "taken_out", tx.occurred, today, journal_id, &serde_json::json!({"repair": repair.id}))?;
    decide_repair(tx, repair.id, "part taken out")?;
    go_on_by_itself(tx, repair.id)
}

#[cfg(test)]
mod tests;
