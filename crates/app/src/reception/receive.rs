//! Receiving devices: one visit, one or many devices, in one transaction.

use std::collections::BTreeMap;

use domain::access::Action;
use jiff::civil::{Date, Weekday};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::paper::issue_reception;
use super::rows::Reception;
use super::view::{ReceptionView, reception_view};
use super::{attachments, repeats};
use crate::catalogue::choices::fault_named;
use crate::catalogue::rows::Centre;
use crate::coverage::decide::decide_repair;
use crate::customers::{SaveCustomer, known_customer, write_customer};
use crate::devices::register::{read_meters, set_owner, write_device};
use crate::devices::rows::Device;
use crate::devices::tree::root_of;
use crate::devices::{NewDevice, append_event, device_row};
use crate::parts::{Paper, Place, Thing, move_thing};
use crate::repair::passcode::seal;
use crate::repair::rows::{Repair, RepairDetail, ReportedFault};
use crate::workflow;
use store::error::{Error, Fault, Faults, OrInvalid, Reason, Result};
use store::numbering::Series;
use store::query::*;
use store::rights::Of;
use store::schema::{
    centres, device_states, devices, products, receptions, repair_details, repairs, reported_faults, sections,
};
use store::search_keys::{Target, add};
use store::types::{At, Day};
use store::{Event, Subject, Tx, numbering, refer};

domain::words! {
    /// Where the work is done: on site nothing comes into custody.
    ReceptionPlace { Workshop = "workshop", OnSite = "on_site" }
}

/// Takes in the devices of one visit. Time, receiver and numbers are set by the system.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiveDevices {
    /// Public id of the centre; absent: the one in which the receiver works.
    #[schemars(length(max = 60))]
    #[serde(default)]
    pub centre: Option<String>,
    #[serde(default)]
    pub place: Option<ReceptionPlace>,
    pub customer: CustomerChoice,
    #[schemars(length(min = 1, max = 50))]
    pub devices: Vec<ReceiveDevice>,
    #[schemars(length(max = 1000))]
    #[serde(default)]
    pub note: Option<String>,
}

/// A customer who is known, or one who is made on the way.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerChoice {
    /// Public id of a known customer.
    #[schemars(length(max = 60))]
    #[serde(default)]
    pub id: Option<String>,
    /// A new one, instead.
    #[serde(default)]
    pub new: Option<SaveCustomer>,
}

/// One device of the visit.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiveDevice {
    /// Public id of a known device.
    #[schemars(length(max = 60))]
    #[serde(default)]
    pub device: Option<String>,
    /// An unknown one, registered on the way.
    #[serde(default)]
    pub new_device: Option<NewDevice>,
    /// The faults that the customer reports, as `listChoices` names them.
    #[serde(default)]
    #[schemars(length(max = 10), inner(length(max = 200)))]
    pub faults: Vec<String>,
    /// In the customer's words.
    #[schemars(length(max = 2000), example = &"از دیروز کمپرسور مدام کار می‌کند.")]
    #[serde(default)]
    pub note: Option<String>,
    /// What came with it.
    #[serde(default)]
    #[schemars(length(max = 30), inner(length(min = 1, max = 100)))]
    pub accessories: Vec<String>,
    /// How it looks.
    #[serde(default)]
    #[schemars(length(max = 30), inner(length(min = 1, max = 100)))]
    pub conditions: Vec<String>,
    /// Public ids of photos that were uploaded before.
    #[serde(default)]
    #[schemars(length(max = 30), inner(length(max = 60)))]
    pub photos: Vec<String>,
    /// Readings of its meters.
    #[schemars(extend("maxProperties" = 20, "propertyNames" = {"minLength": 1, "maxLength": 60}))]
    #[serde(default)]
    pub meters: BTreeMap<String, i64>,
    /// Public id of the section that gets it.
    #[schemars(length(max = 60))]
    #[serde(default)]
    pub section: Option<String>,
    /// Absent: by rule from kind and load.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    #[serde(default)]
    pub promised_on: Option<Date>,
    /// What opens the device (PIN, pattern): shown to those who work on it, wiped at hand-over.
    #[schemars(length(max = 100))]
    #[serde(default)]
    pub passcode: Option<String>,
}

/// # Errors
/// `Invalid` with the path of each faulty field; `Conflict` where a device is in the house already.
pub fn receive_devices(tx: &mut Tx<'_>, command: &ReceiveDevices) -> Result<ReceptionView> {
    let reception = write_reception(tx, command)?;
    let view = reception_view(tx.conn, reception.clone())?;
    issue_reception(tx, &reception, &view)?;
    Ok(view)
}

/// Writes the visit, without its paper: what is imported from the past has none.
pub(crate) fn write_reception(tx: &mut Tx<'_>, command: &ReceiveDevices) -> Result<Reception> {
    let centre_id = tx.actor.working_centre(tx.conn, command.centre.as_deref(), Action::Receive)?;
    let centre = centres::table.find(centre_id).select(Centre::as_select()).first::<Centre>(tx.conn)?;
    let today = tx.today_in(&centre.time_zone);
    if command.devices.is_empty() {
        return Err(Error::invalid("devices", "required"));
    }
    let customer_id = choose_customer(tx, &command.customer, centre_id)?;
    let number = if tx.is_past() {
        // A past that is imported takes no number from a live series.
        format!("X-{}", tx.public_id())
    } else {
        numbering::next(tx, Series::Reception, (centre.id, &centre.code), today)?
    };
    let row = Reception {
        id: 0,
        public_id: tx.public_id(),
        number_key: domain::text::key(&number),
        number,
        tracking_number: domain::tracking::number(u64::try_from(tx.random() >> 64).unwrap_or(0)),
        centre_id,
        customer_id,
        receiver_user_id: tx.actor.user_id,
        occurred_at: At::from(tx.occurred),
        occurred_on: today.into(),
        recorded_at: At::from(tx.now),
        place: command.place.unwrap_or(ReceptionPlace::Workshop).name().to_owned(),
        state: "open".to_owned(),
        note: command.note.clone(),
        revision: 1,
        version: 1,
        is_import: tx.is_past(),
    };
    let id =
        diesel::insert_into(receptions::table).values(row.clone()).returning(receptions::id).get_result(tx.conn)?;
    let reception = Reception { id, ..row };
    add(tx.conn, Target::Reception, id, "number", std::slice::from_ref(&reception.number_key))?;
    add(tx.conn, Target::Reception, id, "tracking", std::slice::from_ref(&reception.tracking_number))?;

    let mut subjects = vec![Subject::Reception(id), Subject::Customer(customer_id)];
    for (index, device) in command.devices.iter().enumerate() {
        let (repair_id, device_id) = receive_one(tx, &reception, &centre, index, device, today)?;
        subjects.extend([Subject::Repair(repair_id), Subject::Device(device_id)]);
    }
    let event = Event::DevicesReceived {
        number: reception.number.clone(),
        devices: i64::try_from(command.devices.len()).unwrap_or(0),
    };
    tx.record(Some(centre_id), &event, &subjects)?;
    Ok(reception)
}

fn choose_customer(tx: &mut Tx<'_>, choice: &CustomerChoice, centre_id: i64) -> Result<i64> {
    match (&choice.id, &choice.new) {
        (Some(public_id), None) => {
            let row = known_customer(tx.conn, tx.actor, &[Action::ViewCustomers, Action::Receive], public_id)
                .or_invalid("customer.id", "unknown-reference")?;
            if row.retired_at.is_some() { Err(Error::invalid("customer.id", "unknown-reference")) } else { Ok(row.id) }
        }
        (None, Some(new)) => write_customer(tx, None, new, "customer.new.", Some(centre_id)),
        _ => Err(Error::invalid("customer", "customer-required")),
    }
}

fn receive_one(
    tx: &mut Tx<'_>,
    reception: &Reception,
    centre: &Centre,
    index: usize,
    command: &ReceiveDevice,
    today: Date,
) -> Result<(i64, i64)> {
    let at = |field: &str| format!("devices[{index}].{field}");
    let device: Device = match (&command.device, &command.new_device) {
        (Some(public_id), None) => device_row(tx.conn, public_id).or_invalid(at("device"), "unknown-reference")?,
        (None, Some(new)) => write_device(tx, new, &at("new_device."), Action::Receive)?,
        _ => return Err(Error::invalid(at("device"), "device-required")),
    };
    if !tx.actor.scope(Action::Receive).holds(Of::Work(centre.id, device.brand_id)) {
        return Err(Error::invalid(at("device"), "unknown-reference"));
    }
    not_in_the_house(tx, &device)?;
    not_in_anothers(tx, &device, reception.customer_id, &at("device"))?;
    let mut wrong = Faults::default();
    let mut reported = Vec::new();
    for (position, code) in command.faults.iter().enumerate() {
        match fault_named(tx.conn, code)? {
            Some(id) if !reported.contains(&id) => reported.push(id),
            Some(_) => {}
            None => wrong.add(Fault::new(at(&format!("faults[{position}]")), "unknown-fault")),
        }
    }
    let note = command.note.as_deref().map(str::trim).filter(|note| !note.is_empty());
    wrong.check(!reported.is_empty() || note.is_some(), &at("faults"), "fault-required");
    wrong.check(command.promised_on.is_none_or(|on| on >= today), &at("promised_on"), "in-the-past");
    wrong.check(command.meters.values().all(|reading| *reading >= 0), &at("meters"), "not-negative");
    let section_id = refer!(wrong, tx.conn, sections, command.section.as_deref(), at("section"));
    if let Some(id) = section_id {
        let of = sections::table.find(id).select(sections::centre_id).first::<i64>(tx.conn)?;
        wrong.check(of == centre.id, &at("section"), "of-another-centre");
    }
    wrong.told()?;

    let ordinal = i64::try_from(index).unwrap_or(0) + 1;
    let (chart_id, chart) = workflow::repair_chart(tx)?;
    let product_id = device.product_id;
    let (kind_id, owner) = device_states::table
        .inner_join(devices::table.on(devices::id.eq(device_states::device_id)))
        .inner_join(products::table.on(products::id.eq(devices::product_id)))
        .filter(device_states::device_id.eq(device.id))
        .select((products::kind_id, device_states::owner_party_id))
        .first::<(i64, Option<i64>)>(tx.conn)?;
    let repeat = repeats::earlier_repair(tx.conn, device.id, None, &reported, None)?;
    let row = Repair {
        id: 0,
        public_id: tx.public_id(),
        reception_id: reception.id,
        ordinal,
        number: format!("{}/{ordinal}", reception.number),
        centre_id: centre.id,
        brand_id: device.brand_id,
        product_id,
        kind_id,
        device_id: device.id,
        customer_id: reception.customer_id,
        section_id,
        place: reception.place.clone(),
        chart_id,
        stage: chart.stage(&chart.start).map(|stage| stage.name().to_owned()),
        step: chart.start.clone(),
        step_since_at: At::from(tx.occurred),
        is_open: true,
        assignee_user_id: None,
        promised_on: Some(command.promised_on.map_or_else(|| promised_day(tx, centre.id, today), Ok)?.into()),
        priority: "normal".to_owned(),
        outcome: None,
        decision_id: None,
        repeat_of_id: repeat.map(|repeat| repeat.repair_id),
        handed_over_at: None,
        returned_on: None,
        occurred_on: Day::from(today),
        version: 1,
    };
    let number = row.number.clone();
    let passcode = command.passcode.as_deref().map(|passcode| seal(tx, &row.public_id, passcode)).transpose()?;
    let repair_id =
        diesel::insert_into(repairs::table).values(row).returning(repairs::id).get_result::<i64>(tx.conn)?;
    let json = |list: &Vec<String>| serde_json::to_string(list).map_err(Error::internal);
    let details = RepairDetail {
        repair_id,
        reported_note: note.map(str::to_owned),
        accessories: json(&command.accessories)?,
        conditions: json(&command.conditions)?,
        meters: serde_json::to_string(&command.meters).map_err(Error::internal)?,
        passcode,
    };
    diesel::insert_into(repair_details::table).values(details).execute(tx.conn)?;
    for (position, fault_id) in (0..).zip(reported) {
        diesel::insert_into(reported_faults::table)
            .values(ReportedFault { repair_id, fault_id, position })
            .execute(tx.conn)?;
    }
    attachments::tie(tx, &command.photos, repair_id, &at("photos"))?;
    add(tx.conn, Target::Repair, repair_id, "number", &[domain::text::key(&number)])?;
    read_meters(tx, &device, &command.meters, &at("meters"))?;
    if owner.is_none() {
        set_owner(tx, device.id, reception.customer_id)?;
    }
    if reception.place == ReceptionPlace::Workshop.name() {
        let thing = Thing { device_id: Some(device.id), product_id, quantity_milli: 1000 };
        move_thing(tx, thing, Place::Customer(None), Place::Shelf(centre.id), Paper("reception", reception.id))?;
    }
    let event = Event::DevicesReceived { number, devices: 1 };
    let journal_id = tx.record((centre.id, device.brand_id), &event, &[Subject::Object("received", repair_id)])?;
    append_event(tx, device.id, "received", tx.occurred, today, journal_id, &serde_json::json!({"repair": repair_id}))?;
    decide_repair(tx, repair_id, "reception")?;
    Ok((repair_id, device.id))
}

/// # Errors
/// `Conflict` where a repair of the device is open somewhere.
fn not_in_the_house(tx: &mut Tx<'_>, device: &Device) -> Result<()> {
    let open = repairs::table
        .filter(repairs::device_id.eq(device.id))
        .filter(repairs::is_open.eq(true))
        .select(repairs::number)
        .first::<String>(tx.conn)
        .optional()?;
    match open {
        Some(number) => {
            let serial = devices::table.find(device.id).select(devices::serial).first::<String>(tx.conn)?;
            Err(Error::Conflict(Reason::new("already-received").with("number", number).with("serial", serial)))
        }
        None => Ok(()),
    }
}

/// The promised day by rule: five working days (Friday is off), and one more for every twenty repairs that are open in
/// the centre, twenty at most.
fn promised_day(tx: &mut Tx<'_>, centre_id: i64, today: Date) -> Result<Date> {
    let open = repairs::table
        .filter(repairs::centre_id.eq(centre_id))
        .filter(repairs::is_open.eq(true))
        .count()
        .get_result::<i64>(tx.conn)?;
    let mut left = 5 + (open / 20).min(15);
    let mut day = today;
    while left > 0 {
        day = day.tomorrow().map_err(Error::internal)?;
        if day.weekday() != Weekday::Friday {
            left -= 1;
        }
    }
    Ok(day)
}

/// What sits in somebody's device is theirs with it: nobody else brings it.
///
/// # Errors
/// `Invalid` for a component of another's device.
fn not_in_anothers(tx: &mut Tx<'_>, device: &Device, customer_id: i64, path: &str) -> Result<()> {
    let root = root_of(tx.conn, device.id, tx.now)?;
    if root == device.id {
        return Ok(());
    }
    let owner = device_states::table.find(root).select(device_states::owner_party_id).first::<Option<i64>>(tx.conn)?;
    if owner.is_none_or(|owner| owner == customer_id) {
        Ok(())
    } else {
        Err(Error::invalid(path, "in-anothers-device"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::organisation::{SaveSection, save_section};
    use crate::testing::{RECEPTIONIST, another_centre, in_a_house, told};
    use store::schema::centres;

    #[test]
    fn a_section_is_one_of_the_centre_that_receives() {
        in_a_house(|house| {
            house.at("1405/09/02");
            let other = house.write(another_centre);
            let other = house
                .db
                .read(|conn| Ok(centres::table.find(other).select(centres::public_id).first::<String>(conn)?))
                .expect("a centre");
            let title = store::views::Title::new("سرما", "Cooling");
            let section = house
                .write(|tx| {
                    save_section(
                        tx,
                        None,
                        &SaveSection { centre: other.clone(), code: "COOL".to_owned(), title: title.clone() },
                    )
                })
                .id;
            let customer = house.customer("زهرا کریمی", "09123456789");
            let device = house.device("TV-1", "T-1", "1404/01/15", &[]);
            let mut command = house.reception(&customer, &[(&device, "no-power")]);
            command.devices[0].section = Some(section);
            assert_eq!(
                told(house.by(RECEPTIONIST, |tx| receive_devices(tx, &command))),
                "devices[0].section: of-another-centre"
            );
        });
    }

    #[test]
    fn what_sits_in_somebodys_device_is_brought_by_nobody_else() {
        in_a_house(|house| {
            house.at("1405/09/02");
            let (owner, other) =
                (house.customer("زهرا کریمی", "09123456789"), house.customer("علی مرادی", "09121112233"));
            let fridge = house.device("SRF-7300", "F-1", "1404/01/15", &[("CMP-EM65", "C-1")]);
            let mine = crate::devices::RecordOnDevice { owner: Some(owner.clone()), ..Default::default() };
            house.write(|tx| crate::devices::record_on_device(tx, &fridge, &mine));
            let compressor = house
                .db
                .read(|conn| {
                    Ok(devices::table
                        .filter(devices::serial.eq("C-1"))
                        .select(devices::public_id)
                        .first::<String>(conn)?)
                })
                .expect("a component");
            let receive = |customer: &str| {
                told(house.by(RECEPTIONIST, |tx| {
                    receive_devices(tx, &house.reception(customer, &[(&compressor, "no-power")]))
                }))
            };
            assert_eq!(receive(&other), "devices[0].device: in-anothers-device");
            assert_eq!(receive(&owner), "done");
        });
    }
}
