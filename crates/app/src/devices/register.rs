//! Registering a device, and the facts of its life that a person enters.

use std::collections::BTreeMap;

use domain::access::Action;
use domain::identifiers;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::rows::{Device, DeviceState};
use super::tree::{open_edge, root_of};
use super::{METER_READ, Reading, append_event, seen};
use crate::catalogue::choices;
use crate::catalogue::rows::Product;
use crate::customers::{SaveCustomer, change_contact, customer_named, is_known_to, known_customer, write_customer};
use store::error::{Error, Fault, Faults, Reason, Result};
use store::query::*;
use store::rights::Of;
use store::schema::{device_components, device_events, device_states, devices, products, receptions, repairs};
use store::search_keys::{Target, put};
use store::types::{At, Day};
use store::{Event, Subject, Tx, among, start_of};

domain::words! {
    /// Facts of a device's life that a person enters.
    DeviceEventKind {
        Made = "made",
        Shipped = "shipped",
        Sold = "sold",
        Installed = "installed",
        Activated = "activated",
        Scrapped = "scrapped",
    }
}

/// Before this year nothing was made of what is repaired: a day of it was typed in another calendar, or wrongly.
pub(crate) const EARLIEST_YEAR: i16 = 1900;

/// A serialised item in the world.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDevice {
    /// Its product, as `listChoices` names it.
    #[schemars(length(min = 1, max = 200))]
    pub product: String,
    #[schemars(length(min = 1, max = 80), example = &"SRF7300-0148812")]
    pub serial: String,
    /// Fifteen digits of a phone.
    #[schemars(length(max = 30))]
    #[serde(default)]
    pub imei: Option<String>,
    /// The national registry's tracking ID (شناسهٔ رهگیری).
    #[schemars(length(max = 60))]
    #[serde(default)]
    pub tracking_code: Option<String>,
    #[serde(default)]
    #[schemars(length(max = 20))]
    pub events: Vec<NewEvent>,
    #[serde(default)]
    #[schemars(length(max = 50))]
    pub components: Vec<NewComponent>,
    /// Public id of the customer who owns it.
    #[schemars(length(max = 60))]
    #[serde(default)]
    pub owner: Option<String>,
}

/// A fact with its day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEvent {
    #[serde(rename = "type")]
    pub kind: DeviceEventKind,
    /// Not later than today.
    #[schemars(with = "String", extend("format" = "date"), example = &"2024-04-03")]
    pub on: Date,
}

/// A component that the device contains from the beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewComponent {
    /// Its product, as `listChoices` names it.
    #[schemars(length(min = 1, max = 200))]
    pub product: String,
    #[schemars(length(min = 1, max = 80))]
    pub serial: String,
    #[schemars(length(max = 60))]
    #[serde(default)]
    pub position: Option<String>,
}

/// The product that a field means.
///
/// # Errors
/// `Invalid` at `path`.
pub(crate) fn product_named(conn: &mut store::Conn, typed: &str, path: &str) -> Result<Product> {
    let named = choices::product_named(conn, typed)?.ok_or_else(|| Error::invalid(path, "unknown-product"))?;
    Ok(products::table.find(named).select(Product::as_select()).first(conn)?)
}

/// The same of a brand whose devices one registers by a right.
pub(crate) fn product_of_theirs(tx: &mut Tx<'_>, named: &str, path: &str, by: Action) -> Result<Product> {
    let product = product_named(tx.conn, named, path)?;
    if tx.actor.scope(by).holds(Of::InBrand(product.brand_id)) {
        Ok(product)
    } else {
        Err(Error::invalid(path, "unknown-product"))
    }
}

/// Registers a device.
///
/// # Errors
/// `Invalid` where the serial is known already, the product unknown, a date in the future.
pub fn register_device(tx: &mut Tx<'_>, command: &NewDevice) -> Result<Device> {
    tx.actor.may(Action::KeepDevices, Of::Anything)?;
    write_device(tx, command, "", Action::KeepDevices)
}

/// Writes a device's rows by a right; `path` stands before the fields of a fault.
pub(crate) fn write_device(tx: &mut Tx<'_>, command: &NewDevice, path: &str, by: Action) -> Result<Device> {
    let at = |field: &str| format!("{path}{field}");
    let product = product_of_theirs(tx, &command.product, &at("product"), by)?;
    let today = tx.today();
    let mut faults = Faults::default();
    let owner = refer_owner(tx, &mut faults, command.owner.as_deref(), &at("owner"))?;
    let imei = faults.normal(command.imei.as_deref(), identifiers::imei, &at("imei"), "imei");
    let all = command.events.iter().map(|event| (event.kind, event.on)).collect::<Vec<_>>();
    for (index, event) in command.events.iter().enumerate() {
        check_days(&mut faults, event.on, &all, &format!("{path}events[{index}].on"), today);
    }
    faults.told()?;
    let device = insert(tx, &product, Some(&command.serial), &at("serial"))?;
    diesel::update(devices::table.find(device.id))
        .set((devices::imei.eq(&imei), devices::tracking_code.eq(&command.tracking_code)))
        .execute(tx.conn)?;
    let codes =
        [imei, command.tracking_code.as_deref().map(domain::text::key)].into_iter().flatten().collect::<Vec<_>>();
    put(tx.conn, Target::Device, device.id, "code", &codes)?;
    let journal_id =
        tx.record(None, &Event::DeviceRegistered { serial: device.serial.clone() }, &[Subject::Device(device.id)])?;
    for event in &command.events {
        let kind = event.kind.name();
        let occurred = start_of(event.on, &tx.actor.zone)?;
        append_event(tx, device.id, kind, occurred, event.on, journal_id, &json!({}))?;
        if event.kind == DeviceEventKind::Sold {
            note_sale(tx, device.id, event.on)?;
        }
    }
    if let Some(owner) = owner {
        set_owner(tx, device.id, owner)?;
    }
    for (index, component) in command.components.iter().enumerate() {
        let product = product_of_theirs(tx, &component.product, &format!("{path}components[{index}].product"), by)?;
        let part = insert(tx, &product, Some(&component.serial), &format!("{path}components[{index}].serial"))?;
        tx.record(None, &Event::DeviceRegistered { serial: part.serial.clone() }, &[Subject::Device(part.id)])?;
        // A component that was there from the beginning was there before every reception.
        let row = super::rows::DeviceComponent {
            id: 0,
            parent_id: device.id,
            device_id: part.id,
            position: component.position.clone(),
            since_at: At::from(jiff::Timestamp::UNIX_EPOCH),
            until_at: None,
        };
        diesel::insert_into(store::schema::device_components::table).values(row).execute(tx.conn)?;
    }
    Ok(devices::table.find(device.id).select(Device::as_select()).first(tx.conn)?)
}

fn refer_owner(tx: &mut Tx<'_>, faults: &mut Faults, owner: Option<&str>, path: &str) -> Result<Option<i64>> {
    let Some(public_id) = owner else { return Ok(None) };
    match known_customer(tx.conn, tx.actor, &[Action::ViewCustomers, Action::KeepCustomers], public_id) {
        Ok(row) if row.retired_at.is_none() => Ok(Some(row.id)),
        Ok(_) | Err(Error::NotFound) => {
            faults.add(Fault::new(path, "unknown-reference"));
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Adds the row of a device or a part; one without a serial gets a key of our own, so that a repair warranty can be
/// bound to it.
pub(crate) fn insert(tx: &mut Tx<'_>, product: &Product, serial: Option<&str>, path: &str) -> Result<Device> {
    let public_id = tx.public_id();
    let typed = serial.map(str::trim).filter(|serial| !serial.is_empty());
    let (serial, serial_key) = match typed {
        Some(serial) => (serial.to_owned(), domain::text::key(serial)),
        None => (format!("Z-{public_id}"), format!("z{public_id}")),
    };
    if serial_key.is_empty() {
        return Err(Error::invalid(path, "serial"));
    }
    let known = devices::table
        .filter(devices::brand_id.eq(product.brand_id))
        .filter(devices::serial_key.eq(&serial_key))
        .select(devices::id)
        .first::<i64>(tx.conn)
        .optional()?;
    if known.is_some() {
        return Err(Error::Invalid(vec![Fault::new(path, "serial-known").with("serial", serial)]));
    }
    let row = Device {
        id: 0,
        public_id,
        product_id: product.id,
        brand_id: product.brand_id,
        serial,
        serial_key: serial_key.clone(),
        has_serial: typed.is_some(),
        tracking_code: None,
        imei: None,
        created_at: At::from(tx.now),
    };
    let id =
        diesel::insert_into(devices::table).values(row.clone()).returning(devices::id).get_result::<i64>(tx.conn)?;
    let state =
        DeviceState { device_id: id, owner_party_id: None, location_id: None, meters: "{}".to_owned(), sold_on: None };
    diesel::insert_into(device_states::table).values(state).execute(tx.conn)?;
    if typed.is_some() {
        put(tx.conn, Target::Device, id, "serial", &[serial_key])?;
    }
    Ok(Device { id, ..row })
}

/// Makes a customer the owner of a device from now on.
pub(crate) fn set_owner(tx: &mut Tx<'_>, device_id: i64, party_id: i64) -> Result<()> {
    let old =
        device_states::table.find(device_id).select(device_states::owner_party_id).first::<Option<i64>>(tx.conn)?;
    if old == Some(party_id) {
        return Ok(());
    }
    diesel::update(device_states::table.find(device_id))
        .set(device_states::owner_party_id.eq(Some(party_id)))
        .execute(tx.conn)?;
    let mut subjects = vec![Subject::Device(device_id), Subject::Customer(party_id)];
    subjects.extend(old.map(Subject::Customer));
    let journal_id = tx.record(None, &Event::OwnerChanged, &subjects)?;
    let today = tx.today();
    append_event(tx, device_id, "owner_changed", tx.occurred, today, journal_id, &json!({"party": party_id}))
}

/// A fact of a device's life.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddDeviceEvent {
    #[serde(rename = "type")]
    pub kind: DeviceEventKind,
    /// Not later than today.
    #[schemars(with = "String", extend("format" = "date"), example = &"2026-09-01")]
    pub on: Date,
}

/// Writes down a day of a device's life, and tells whether another day of its kind was known.
///
/// # Errors
/// `Invalid` for a day that cannot be; `Conflict` where another centre has the device in repair.
pub(crate) fn write_device_event(tx: &mut Tx<'_>, device: &Device, command: &AddDeviceEvent) -> Result<bool> {
    let kind = command.kind.name();
    let known = device_events::table
        .filter(device_events::device_id.eq(device.id))
        .select((device_events::kind, device_events::occurred_on))
        .load::<(String, Day)>(tx.conn)?;
    let mut all =
        known.iter().filter_map(|(kind, on)| Some((DeviceEventKind::named(kind)?, on.date()))).collect::<Vec<_>>();
    all.push((command.kind, command.on));
    let mut faults = Faults::default();
    check_days(&mut faults, command.on, &all, "on", tx.today());
    faults.told()?;
    is_at_hand(tx, device, Action::KeepDevices)?;
    let journal_id = tx.record(
        None,
        &Event::DeviceEventAdded { kind: kind.to_owned(), on: command.on },
        &[Subject::Device(device.id)],
    )?;
    let occurred = start_of(command.on, &tx.actor.zone)?;
    append_event(tx, device.id, kind, occurred, command.on, journal_id, &json!({}))?;
    if command.kind == DeviceEventKind::Sold {
        note_sale(tx, device.id, command.on)?;
    }
    Ok(known.iter().any(|(known, on)| known == kind && on.date() != command.on))
}

/// What is checked of a day in a device's life: it was not before there were such devices, is over, and nothing was
/// sold before it was made.
fn check_days(faults: &mut Faults, on: Date, all: &[(DeviceEventKind, Date)], path: &str, today: Date) {
    faults.check(on <= today, path, "in-the-future");
    faults.check(on.year() >= EARLIEST_YEAR, path, "too-early");
    let first = |kind: DeviceEventKind| all.iter().filter(|(known, _)| *known == kind).map(|(_, on)| *on).min();
    let is_before = |kind: DeviceEventKind| {
        first(DeviceEventKind::Made)
            .zip(first(kind))
            .is_some_and(|(made, then)| made > then && (on == made || on == then))
    };
    faults.check(
        !is_before(DeviceEventKind::Sold) && !is_before(DeviceEventKind::Installed),
        path,
        "before-it-was-made",
    );
}

/// The day of sale of a device is that of the earliest fact that says so.
fn note_sale(tx: &mut Tx<'_>, device_id: i64, on: Date) -> Result<()> {
    let earlier = device_states::table.find(device_id).select(device_states::sold_on).first::<Option<Day>>(tx.conn)?;
    if earlier.is_none_or(|earlier| earlier.date() > on) {
        diesel::update(device_states::table.find(device_id))
            .set(device_states::sold_on.eq(Some(Day::from(on))))
            .execute(tx.conn)?;
    }
    Ok(())
}

/// What can be written down about a device from its own page or its card's: a new owner, how its owner is reached, a
/// meter, a note.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordOnDevice {
    /// The customer who owns it from now on: public id, or a number that is theirs alone (mobile, national ID,
    /// subscription).
    #[schemars(length(max = 100))]
    #[serde(default)]
    pub owner: Option<String>,
    /// A new customer who owns it from now on, instead.
    #[serde(default)]
    pub new_owner: Option<SaveCustomer>,
    /// A phone in the place of its owner's first.
    #[schemars(length(max = 30))]
    #[serde(default)]
    pub owner_phone: Option<String>,
    /// An address in the place of its owner's first.
    #[schemars(length(max = 300))]
    #[serde(default)]
    pub owner_address: Option<String>,
    /// Readings by metric: hours, km, cycles, pages.
    #[schemars(extend("maxProperties" = 20, "propertyNames" = {"minLength": 1, "maxLength": 60}))]
    #[serde(default)]
    pub meters: BTreeMap<String, i64>,
    #[schemars(length(max = 1000))]
    #[serde(default)]
    pub note: Option<String>,
}

/// Whose a device is and what holds for it is changed by who has it at their counter. While a centre has it in repair,
/// that is nobody elsewhere: who pays follows from both. Otherwise, where it belongs to a customer whom only others
/// know, it is who serves its brand everywhere; at a counter it is received first.
///
/// # Errors
/// `Conflict` where a right does not reach its repair, or its owner.
pub(crate) fn is_at_hand(tx: &mut Tx<'_>, device: &Device, action: Action) -> Result<()> {
    let refused = |code| Err(Error::Conflict(Reason::new(code).with("serial", device.serial.clone())));
    let scope = tx.actor.scope(action);
    let open = open_repairs(tx, device.id)?;
    if !open.iter().all(|open| scope.holds(open.of)) {
        return refused("in-repair-elsewhere");
    }
    if !open.is_empty() || scope.holds(Of::Brand(device.brand_id)) {
        return Ok(());
    }
    let owner = device_states::table
        .find(device.id)
        .select(device_states::owner_party_id)
        .first::<Option<i64>>(tx.conn)
        .optional()?
        .flatten();
    match owner {
        Some(owner) if !is_known_to(tx.conn, tx.actor, &[Action::ViewCustomers, action], owner)? => {
            refused("belongs-elsewhere")
        }
        _ => Ok(()),
    }
}

/// An open repair that a device is of.
pub(crate) struct InRepair {
    pub id: i64,
    pub of: Of,
    pub since: Date,
}

/// The repairs that a device is of: its own, of the one in which it sits, and of the one in which it sat when that was
/// received. What was taken out since is of that repair until it is over, also where it was fitted elsewhere.
///
/// # Errors
/// The store.
pub(crate) fn open_repairs(tx: &mut Tx<'_>, device_id: i64) -> Result<Vec<InRepair>> {
    let mut above = vec![device_id];
    let mut looked_at = 0;
    while looked_at < above.len() {
        let parents = device_components::table
            .filter(device_components::device_id.eq(above[looked_at]))
            .select(device_components::parent_id)
            .load::<i64>(tx.conn)?;
        looked_at += 1;
        for parent in parents {
            if !above.contains(&parent) {
                above.push(parent);
            }
        }
    }
    let open = repairs::table
        .inner_join(receptions::table.on(receptions::id.eq(repairs::reception_id)))
        .filter(among(repairs::device_id, above))
        .filter(repairs::is_open.eq(true))
        .order(repairs::id)
        .select((
            (repairs::id, repairs::device_id),
            (repairs::centre_id, repairs::brand_id),
            repairs::occurred_on,
            receptions::occurred_at,
        ))
        .load::<((i64, i64), (i64, i64), Day, At)>(tx.conn)?;
    let mut of = Vec::new();
    for ((id, root), (centre, brand), on, received_at) in open {
        if root_of(tx.conn, device_id, tx.now)? == root || root_of(tx.conn, device_id, received_at.instant())? == root {
            of.push(InRepair { id, of: Of::Work(centre, brand), since: on.date() });
        }
    }
    Ok(of)
}

/// # Errors
/// `NotFound`; `Invalid` where nothing is written down, or where there is no owner to reach; `Conflict` where another
/// centre has the device in repair.
pub fn record_on_device(tx: &mut Tx<'_>, public_id: &str, command: &RecordOnDevice) -> Result<()> {
    let device = seen(tx.conn, tx.actor, public_id, &[Action::ViewWork, Action::KeepDevices])?;
    tx.actor.may(Action::KeepDevices, Of::InBrand(device.brand_id))?;
    let mut faults = Faults::default();
    let owner = match (command.owner.as_deref().filter(|typed| !typed.trim().is_empty()), &command.new_owner) {
        (Some(typed), _) => {
            let known = customer_named(tx, typed)?;
            faults.check(known.is_some(), "owner", "unknown-customer");
            known
        }
        (None, Some(new)) => {
            tx.actor.may(Action::KeepCustomers, Of::Anything)?;
            Some(write_customer(tx, None, new, "new_owner.", tx.actor.centre_of(Action::KeepCustomers))?)
        }
        (None, None) => None,
    };
    let typed =
        |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let (note, phone, address) = (typed(&command.note), typed(&command.owner_phone), typed(&command.owner_address));
    let reached = phone.is_some() || address.is_some();
    faults.check(owner.is_some() || reached || !command.meters.is_empty() || note.is_some(), "note", "required");
    faults.check(command.meters.values().all(|reading| *reading >= 0), "meters", "not-negative");
    faults.told()?;
    if owner.is_some() || !command.meters.is_empty() {
        is_at_hand(tx, &device, Action::KeepDevices)?;
    }
    if let Some(owner) = owner {
        set_owner(tx, device.id, owner)?;
    }
    if reached {
        let owner =
            device_states::table.find(device.id).select(device_states::owner_party_id).first::<Option<i64>>(tx.conn)?;
        change_contact(
            tx,
            owner.ok_or_else(|| Error::invalid("owner_phone", "no-owner"))?,
            phone.as_deref(),
            address.as_deref(),
        )?;
    }
    read_meters(tx, &device, &command.meters, "meters")?;
    if let Some(note) = note {
        tx.record(None, &Event::NoteAdded { note }, &[Subject::Device(device.id)])?;
    }
    Ok(())
}

/// The most that a meter shows.
const MOST_READ: i64 = 1_000_000_000;

/// Notes the readings of a device's meters; `path` is that of their field. What covers pay follows from them, so that
/// less than was read before is noted by who rules on that.
///
/// # Errors
/// `Invalid` for a meter that runs backwards.
pub(crate) fn read_meters(
    tx: &mut Tx<'_>,
    device: &Device,
    readings: &BTreeMap<String, i64>,
    path: &str,
) -> Result<()> {
    let device_id = device.id;
    if readings.is_empty() {
        return Ok(());
    }
    let text = device_states::table.find(device_id).select(device_states::meters).first::<String>(tx.conn)?;
    let mut meters: BTreeMap<String, i64> = serde_json::from_str(&text).unwrap_or_default();
    if let Some((metric, _)) = readings.iter().find(|(_, reading)| **reading > MOST_READ) {
        return Err(Error::Invalid(vec![
            Fault::new(format!("{path}.{metric}"), "meter-too-large").with("limit", MOST_READ),
        ]));
    }
    let scope = tx.actor.scope(Action::OverrideCoverage);
    let open = open_repairs(tx, device_id)?;
    let rules =
        open.iter().all(|open| scope.holds(open.of)) && (!open.is_empty() || scope.holds(Of::InBrand(device.brand_id)));
    for (metric, reading) in readings {
        if let Some(before) = meters.get(metric).filter(|before| *before > reading && !rules) {
            let fault = Fault::new(format!("{path}.{metric}"), "meter-backwards").with("reading", *before);
            return Err(Error::Invalid(vec![fault]));
        }
        meters.insert(metric.clone(), *reading);
        let journal_id = tx.record(
            None,
            &Event::MeterRead { metric: metric.clone(), reading: *reading },
            &[Subject::Device(device_id)],
        )?;
        let today = tx.today();
        append_event(
            tx,
            device_id,
            METER_READ,
            tx.occurred,
            today,
            journal_id,
            &json!(Reading { metric: metric.clone(), reading: *reading, is_ruling: rules }),
        )?;
    }
    let text = serde_json::to_string(&meters).map_err(Error::internal)?;
    diesel::update(device_states::table.find(device_id)).set(device_states::meters.eq(text)).execute(tx.conn)?;
    Ok(())
}

/// Puts a part that was not there before into a device's tree.
pub(crate) fn put_in(tx: &mut Tx<'_>, parent_id: i64, device_id: i64, position: Option<String>) -> Result<()> {
    open_edge(tx, parent_id, device_id, position)
}

#[cfg(test)]
mod tests {
    use domain::time::typed_date;

    use super::*;
    use crate::catalogue::organisation::{SaveBrand, save_brand};
    use crate::coverage::days::add_device_event;
    use crate::customers::get_customer;
    use crate::devices::get_device;
    use crate::testing::{House, MANAGER, RECEPTIONIST, TECHNICIAN, another_centre, in_a_house, told};
    use store::rights::Actor;
    use store::schema::{brands, journal};

    #[test]
    fn a_new_phone_and_address_take_the_place_of_the_owners_first() {
        in_a_house(|house| {
            house.at("1405/09/02");
            let customer = house.customer("زهرا کریمی", "09123456789");
            let device = house.device("TV-1", "T-1", "1404/01/15", &[]);
            let write =
                |command: &RecordOnDevice| house.db.write(&house.admin, |tx| record_on_device(tx, &device, command));
            let phone =
                |typed: &str| RecordOnDevice { owner_phone: Some(typed.to_owned()), ..RecordOnDevice::default() };
            assert!(
                matches!(write(&phone("09121112233")), Err(Error::Invalid(faults)) if faults[0].reason.code == "no-owner")
            );
            write(&RecordOnDevice { owner: Some(customer.clone()), ..RecordOnDevice::default() }).expect("owned");
            assert!(matches!(write(&phone("12")), Err(Error::Invalid(faults)) if faults[0].path == "owner_phone"));
            for typed in ["09121112233", "۰۹۱۲۱۱۱۲۲۳۳"] {
                write(&phone(typed)).expect("a phone");
            }
            write(&RecordOnDevice {
                owner_address: Some("تهران، خیابان مطهری".to_owned()),
                ..RecordOnDevice::default()
            })
            .expect("an address");
            let view = house.db.read(|conn| get_customer(conn, &house.admin, &customer)).expect("a customer");
            assert_eq!(
                (view.phones, view.addresses.len(), view.addresses[0].address.as_str()),
                (vec!["+989121112233".to_owned()], 1, "تهران، خیابان مطهری")
            );
            assert_eq!(view.name, "زهرا کریمی");
            // Who works elsewhere has not met them.
            house.receive(&customer, &[(&device, "no-power")]);
            let mut elsewhere = house.person(RECEPTIONIST);
            elsewhere.members.iter_mut().for_each(|member| member.centre_id = Some(i64::MAX));
            elsewhere.user_id = None;
            assert!(
                matches!(house.db.write(&elsewhere, |tx| record_on_device(tx, &device, &phone("09121112244"))), Err(Error::Invalid(faults)) if faults[0].reason.code == "owner-elsewhere")
            );
            assert!(matches!(
                house.by(TECHNICIAN, |tx| record_on_device(tx, &device, &phone("09121112244"))),
                Err(Error::Forbidden(_))
            ));
            // A stranger's number is written down as looked up, also where what was asked for is refused.
            let refused = RecordOnDevice {
                owner: Some("09121112233".to_owned()),
                meters: BTreeMap::from([("hours".to_owned(), -1)]),
                ..RecordOnDevice::default()
            };
            assert!(
                matches!(house.db.write(&elsewhere, |tx| record_on_device(tx, &device, &refused)), Err(Error::Invalid(faults)) if faults[0].path == "meters")
            );
            let told = journal::table.filter(journal::kind.eq("customer_looked_up")).count();
            assert_eq!(house.db.read(|conn| Ok(told.get_result::<i64>(conn)?)).expect("read"), 1);
            // Nor is the device at their counter: whose it is stays as it is until it was handed over.
            let anew = RecordOnDevice {
                new_owner: Some(SaveCustomer { name: "علی مرادی".to_owned(), ..SaveCustomer::default() }),
                ..RecordOnDevice::default()
            };
            let told = house.db.write(&elsewhere, |tx| record_on_device(tx, &device, &anew));
            assert!(matches!(told, Err(Error::Conflict(reason)) if reason.code == "in-repair-elsewhere"));
            let sold = AddDeviceEvent { kind: DeviceEventKind::Sold, on: typed_date("1390/01/01").expect("a date") };
            let told = house.db.write(&elsewhere, |tx| add_device_event(tx, &device, &sold));
            assert!(
                matches!(told, Err(Error::Conflict(reason)) if reason.code == "in-repair-elsewhere"),
                "what covers hang on"
            );
            let read =
                RecordOnDevice { meters: BTreeMap::from([("hours".to_owned(), 9_000)]), ..RecordOnDevice::default() };
            assert!(matches!(
                house.db.write(&elsewhere, |tx| record_on_device(tx, &device, &read)),
                Err(Error::Conflict(_))
            ));
            let owner = || {
                house
                    .db
                    .read(|conn| crate::devices::get_device(conn, &house.admin, &device, house.db.now()))
                    .expect("a device")
                    .owner
                    .map(|owner| owner.name)
            };
            assert_eq!(owner().as_deref(), Some("زهرا کریمی"));
            house.by(RECEPTIONIST, |tx| record_on_device(tx, &device, &anew)).expect("where it is");
            assert_eq!(owner().as_deref(), Some("علی مرادی"));
        });
    }

    #[test]
    fn a_component_of_another_brand_is_registered_by_who_may_register_its_devices() {
        in_a_house(|house| {
            house.at("1405/09/02");
            let of_brand = |code: &str| {
                house.write(|tx| {
                    Ok(products::table
                        .filter(products::code.eq(code))
                        .select(products::brand_id)
                        .first::<i64>(tx.conn)?)
                })
            };
            let ours = of_brand("TV-1");
            let other = SaveBrand {
                code: "PARSA".to_owned(),
                title: store::views::Title::new("پارسا", "Parsa"),
                maker: house.maker.clone(),
            };
            house.write(|tx| save_brand(tx, None, &other));
            house.write(|tx| {
                let theirs = brands::table.filter(brands::code.eq("PARSA")).select(brands::id).first::<i64>(tx.conn)?;
                Ok(diesel::update(products::table.filter(products::code.eq("CMP-EM65")))
                    .set(products::brand_id.eq(theirs))
                    .execute(tx.conn)?)
            });
            let mut keeper = house.person(RECEPTIONIST);
            let register = |by: &Actor| {
                let components =
                    vec![NewComponent { product: "CMP-EM65".to_owned(), serial: "C-1".to_owned(), position: None }];
                let device = NewDevice {
                    product: "TV-1".to_owned(),
                    serial: "T-1".to_owned(),
                    components,
                    ..NewDevice::default()
                };
                house.db.write(by, |tx| register_device(tx, &device)).map(|device| device.serial)
            };
            keeper.members.iter_mut().for_each(|member| member.brand_id = Some(ours));
            assert!(
                matches!(register(&keeper), Err(Error::Invalid(faults)) if faults[0].path == "components[0].product")
            );
            keeper.members.iter_mut().for_each(|member| member.brand_id = None);
            assert_eq!(register(&keeper).expect("registered"), "T-1");
        });
    }

    #[test]
    fn the_days_of_a_devices_life_can_be_and_a_known_one_moves_by_a_ruling_during_its_repair() {
        in_a_house(|house| {
            house.at("1405/09/02");
            let day = |on: &str| typed_date(on).expect("a date");
            let device = house.device("TV-1", "T-1", "1404/01/15", &[]);
            let add = |by: &str, kind: DeviceEventKind, on: &str| {
                told(house.by(by, |tx| add_device_event(tx, &device, &AddDeviceEvent { kind, on: day(on) })))
            };
            assert_eq!(add(RECEPTIONIST, DeviceEventKind::Sold, "1250/01/01"), "on: too-early");
            assert_eq!(add(RECEPTIONIST, DeviceEventKind::Made, "1404/02/01"), "on: before-it-was-made");
            assert_eq!(add(RECEPTIONIST, DeviceEventKind::Made, "1403/02/01"), "done");
            assert_eq!(add(RECEPTIONIST, DeviceEventKind::Installed, "1402/01/01"), "on: before-it-was-made");
            let events = [(DeviceEventKind::Made, "1404/01/02"), (DeviceEventKind::Sold, "1404/01/01")]
                .map(|(kind, on)| NewEvent { kind, on: day(on) })
                .to_vec();
            let new =
                NewDevice { product: "TV-1".to_owned(), serial: "T-22".to_owned(), events, ..NewDevice::default() };
            assert_eq!(
                told(house.by(RECEPTIONIST, |tx| register_device(tx, &new))),
                "events[0].on: before-it-was-made, events[1].on: before-it-was-made"
            );
            let customer = house.customer("زهرا کریمی", "09123456789");
            house.receive(&customer, &[(&device, "no-power")]);
            assert_eq!(add(RECEPTIONIST, DeviceEventKind::Sold, "1405/08/01"), "not-your-right");
            assert_eq!(add(RECEPTIONIST, DeviceEventKind::Sold, "1404/01/15"), "done", "as it was known");
            assert_eq!(add(RECEPTIONIST, DeviceEventKind::Installed, "1404/01/20"), "done", "not known before");
            assert_eq!(add(MANAGER, DeviceEventKind::Sold, "1405/08/01"), "done");
        });
    }

    #[test]
    fn a_day_that_moves_what_is_promised_is_a_ruling_whatever_its_kind() {
        in_a_house(|house| {
            house.at("1405/09/02");
            let rules = json!({
                "start": {"from": ["installed", "sold"]}, "waiting_days": 0, "exclusions": [], "deductible": 0,
                "terms": [{"id": "whole", "pays": {"part": 100, "labour": 100}, "months": 12}],
                "limits": {"per_months": null, "max_claims": null, "max_amount": null}, "extend_by_downtime": null,
            });
            let policy = house.write(|tx| {
                let command = crate::coverage::policies::SavePolicy {
                    code: "INST".to_owned(),
                    title: store::views::Title::new("نصب", "Installed"),
                    cover_kind: Some(domain::coverage::CoverKind::Card),
                    brand: None,
                    payer: Some(house.maker.clone()),
                    rules: Some(rules.clone()),
                    usual: None,
                };
                let id = crate::coverage::policies::save_policy(tx, None, &command)?.id;
                crate::coverage::policies::publish_policy(tx, &id).map(|_| id)
            });
            let device = house.device("TV-1", "T-1", "1402/01/15", &[]);
            let card = crate::coverage::covers::IssueCard {
                device: device.clone(),
                policy: Some(policy),
                number: Some("I-1".to_owned()),
                starts_on: None,
                seller: None,
                issued_on: None,
            };
            house.write(|tx| crate::coverage::covers::issue_card(tx, &card));
            let customer = house.customer("زهرا کریمی", "09123456789");
            let installed =
                AddDeviceEvent { kind: DeviceEventKind::Installed, on: typed_date("1405/03/01").expect("a date") };
            let add = |login: &str| told(house.by(login, |tx| add_device_event(tx, &device, &installed)));
            assert_eq!(add(RECEPTIONIST), "not-your-right", "nor before it is received");
            house.receive(&customer, &[(&device, "no-power")]);
            assert_eq!((add(RECEPTIONIST).as_str(), add(MANAGER).as_str()), ("not-your-right", "done"));
        });
    }

    #[test]
    fn what_is_taken_out_of_a_device_in_repair_is_of_that_repair() {
        in_a_house(|house| {
            house.at("1405/09/02");
            let device = house.device("SRF-7300", "F-1", "1395/01/15", &[("CMP-EM65", "C-1")]);
            let customer = house.customer("زهرا کریمی", "09123456789");
            let repair = house.receive(&customer, &[(&device, "no-cooling")]).repairs.remove(0).id;
            house.go(RECEPTIONIST, &repair, "to-diagnosis");
            house.diagnose(&repair, "compressor-seized", "wear");
            let components = house.db.read(|conn| get_device(conn, &house.admin, &device, house.db.now()));
            let old = components.expect("a device").components.remove(0).id;
            let fit = crate::repair::FitPart {
                serial_in: Some("C-2".to_owned()),
                component_out: Some(old.clone()),
                ..House::part("CMP-EM65")
            };
            house.fit(&repair, fit);
            let before = house.repair(&repair).customer_net;
            house.at("1405/09/03");
            let card = crate::coverage::covers::IssueCard {
                device: old.clone(),
                policy: Some(house.gold.clone()),
                number: Some("W-1".to_owned()),
                starts_on: None,
                seller: None,
                issued_on: typed_date("1405/01/01"),
            };
            let issue = |actor: &Actor| {
                told(house.db.write(actor, |tx| crate::coverage::covers::issue_card(tx, &card).map(|_| ())))
            };
            assert_eq!(issue(&house.person(RECEPTIONIST)), "not-your-right");
            let elsewhere = house.write(another_centre);
            let mut there = house.person(RECEPTIONIST);
            there.members.iter_mut().for_each(|member| member.centre_id = Some(elsewhere));
            assert_eq!(issue(&there), "in-repair-elsewhere");
            assert_eq!(house.repair(&repair).customer_net, before);
        });
    }

    #[test]
    fn a_device_of_somebody_whom_only_others_know_is_changed_by_who_has_it_at_the_counter() {
        in_a_house(|house| {
            house.at("1405/09/02");
            let customer = house.customer("زهرا کریمی", "09123456789");
            let device = house.device("TV-1", "T-1", "1404/01/15", &[]);
            let own = RecordOnDevice { owner: Some(customer), ..RecordOnDevice::default() };
            house.by(RECEPTIONIST, |tx| record_on_device(tx, &device, &own)).expect("owned");
            let elsewhere = house.write(another_centre);
            let mut there = house.person(RECEPTIONIST);
            there.members.iter_mut().for_each(|member| member.centre_id = Some(elsewhere));
            (there.centre_id, there.user_id) = (Some(elsewhere), house.person(TECHNICIAN).user_id);
            let record = |actor: &Actor, command: &RecordOnDevice| {
                told(house.db.write(actor, |tx| record_on_device(tx, &device, command)))
            };
            let meters = |reading| RecordOnDevice {
                meters: BTreeMap::from([("hours".to_owned(), reading)]),
                ..RecordOnDevice::default()
            };
            let taken = RecordOnDevice {
                new_owner: Some(SaveCustomer { name: "دیگری".to_owned(), ..SaveCustomer::default() }),
                ..RecordOnDevice::default()
            };
            let scrapped =
                AddDeviceEvent { kind: DeviceEventKind::Scrapped, on: typed_date("1405/09/01").expect("a date") };
            let scrap = |actor: &Actor| told(house.db.write(actor, |tx| add_device_event(tx, &device, &scrapped)));
            for refused in [record(&there, &meters(999_999)), record(&there, &taken), scrap(&there)] {
                assert_eq!(refused, "belongs-elsewhere");
            }
            assert_eq!(record(&house.person(RECEPTIONIST), &meters(100)), "done");
            // Who serves the brand everywhere keeps its devices, whosever they are.
            let mut maker = there.clone();
            maker.members.iter_mut().for_each(|member| member.centre_id = None);
            assert_eq!(record(&maker, &meters(200)), "done");
            // And who has it at the counter received it.
            let visitor = house.customer("دیگری", "09121112233");
            let visit = house.reception(&visitor, &[(&device, "no-power")]);
            let mut both = there.clone();
            both.members.extend(house.person(RECEPTIONIST).members);
            let received = house.db.write(&both, |tx| crate::reception::receive_devices(tx, &visit));
            assert!(received.is_ok(), "{received:?}");
        });
    }

    #[test]
    fn a_new_owner_is_made_by_who_keeps_customers() {
        in_a_house(|house| {
            house.at("1405/09/02");
            let device = house.device("TV-1", "T-1", "1404/01/15", &[]);
            let sold_on = RecordOnDevice {
                new_owner: Some(SaveCustomer { name: "زهرا کریمی".to_owned(), ..SaveCustomer::default() }),
                ..RecordOnDevice::default()
            };
            let by = |scopes: &[Action]| Actor { scopes: Some(scopes.to_vec()), ..house.person(RECEPTIONIST) };
            let write = |by: &Actor| told(house.db.write(by, |tx| record_on_device(tx, &device, &sold_on)));
            assert_eq!(write(&by(&[Action::KeepDevices, Action::ViewWork])), "not-in-token");
            assert_eq!(write(&by(&[Action::KeepDevices, Action::ViewWork, Action::KeepCustomers])), "done");
        });
    }
}
