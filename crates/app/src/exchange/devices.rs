//! A row as a device with its events, its owner and its card. What is there already stays; what the file knows beside
//! it is added.

use domain::access::Action;
use domain::identifiers;
use domain::text::{fold, key as folded_key};
use jiff::civil::Date;

use super::customers::{NAMESAKES, STRANGER};
use super::table::Row;
use crate::coverage::covers::{IssueCard, issue_card};
use crate::coverage::days::add_device_event;
use crate::customers::{SaveCustomer, is_known_to, save_customer};
use crate::devices::register::product_of_theirs;
use crate::devices::rows::Device;
use crate::devices::{AddDeviceEvent, DeviceEventKind, NewComponent, NewDevice, NewEvent, register_device};
use crate::exchange::done::Done;
use store::Tx;
use store::error::{Error, Fault, Result};
use store::query::*;
use store::schema::{covers, device_events, devices, parties, party_numbers, party_phones, policies};

const EVENTS: [(&str, DeviceEventKind); 5] = [
    ("made_on", DeviceEventKind::Made),
    ("shipped_on", DeviceEventKind::Shipped),
    ("sold_on", DeviceEventKind::Sold),
    ("installed_on", DeviceEventKind::Installed),
    ("activated_on", DeviceEventKind::Activated),
];

pub(super) fn key(row: &Row<'_>) -> Result<String> {
    Ok(format!("{}/{}", folded_key(row.required("product")?), folded_key(row.required("serial")?)))
}

pub(super) fn import(tx: &mut Tx<'_>, row: &Row<'_>, is_trial: bool) -> Result<Done> {
    let product = product_of_theirs(tx, row.required("product")?, "product", Action::KeepDevices)?;
    let serial = row.required("serial")?;
    let mut events = Vec::new();
    for (column, kind) in EVENTS {
        if let Some(on) = row.date(column)? {
            events.push((column, kind, on));
        }
    }
    let starts_on = row.date("card_starts_on")?;
    let known = devices::table
        .filter(devices::brand_id.eq(product.brand_id))
        .filter(devices::serial_key.eq(folded_key(serial)))
        .select(Device::as_select())
        .first::<Device>(tx.conn)
        .optional()?;
    if known.as_ref().is_some_and(|device| device.product_id != product.id) {
        return Err(Error::Invalid(vec![Fault::new("serial", "serial-of-another-product").with("serial", serial)]));
    }
    let mut is_changed = known.is_none();
    let device = match known {
        Some(device) => {
            let there = device_events::table
                .filter(device_events::device_id.eq(device.id))
                .select(device_events::kind)
                .load::<String>(tx.conn)?;
            for (column, kind, on) in
                events.iter().filter(|(_, kind, _)| !there.iter().any(|known| known == kind.name()))
            {
                add_device_event(tx, &device.public_id, &AddDeviceEvent { kind: *kind, on: *on })
                    .map_err(|error| at_column(error, |_| Some(column)))?;
                is_changed = true;
            }
            device
        }
        None => {
            let component = row.text("component_serial").map(|serial| {
                let product =
                    row.text("component_product").ok_or_else(|| Error::invalid("component_product", "required"))?;
                Ok::<_, Error>(NewComponent { product: product.to_owned(), serial: serial.to_owned(), position: None })
            });
            let new = NewDevice {
                product: product.public_id.clone(),
                serial: serial.to_owned(),
                imei: row.owned("imei"),
                tracking_code: row.owned("tracking_code"),
                events: events.iter().map(|(_, kind, on)| NewEvent { kind: *kind, on: *on }).collect(),
                components: component.transpose()?.into_iter().collect(),
                owner: owner(tx, row, is_trial)?,
            };
            let column = |path: &str| {
                events
                    .get(path.strip_prefix("events[")?.split(']').next()?.parse::<usize>().ok()?)
                    .map(|(column, ..)| *column)
            };
            register_device(tx, &new).map_err(|error| at_column(error, column))?
        }
    };
    if card(tx, row, &device, starts_on, &events)? {
        is_changed = true;
    }
    Ok(if is_changed { Done::Written(device.id) } else { Done::Known })
}

/// The error with its faults at the columns of the file in which their values stand.
fn at_column(error: Error, column: impl Fn(&str) -> Option<&'static str>) -> Error {
    match error {
        Error::Invalid(faults) => Error::Invalid(
            faults
                .into_iter()
                .map(|fault| Fault { path: column(&fault.path).map_or(fault.path, str::to_owned), ..fault })
                .collect(),
        ),
        error => error,
    }
}

/// The public id of the owner whom the row names; made where nobody is known by that number.
fn owner(tx: &mut Tx<'_>, row: &Row<'_>, is_trial: bool) -> Result<Option<String>> {
    let mut is_anothers = false;
    if let Some(number) = row.text("owner_subscription") {
        let id = party_numbers::table
            .filter(party_numbers::kind.eq("subscription"))
            .filter(party_numbers::number_key.eq(folded_key(number)));
        let id = id
            .inner_join(parties::table.on(parties::id.eq(party_numbers::party_id)))
            .select((parties::id, parties::public_id))
            .first::<(i64, String)>(tx.conn)
            .optional()?;
        match ours(tx, id.into_iter().collect())? {
            Meant::Theirs if !is_trial => return Err(Error::invalid("owner_subscription", STRANGER)),
            Meant::Theirs => is_anothers = true,
            Meant::Ours(owner) => return Ok(Some(owner)),
            Meant::Nobody => {}
        }
    }
    let Some(name) = row.text("owner_name") else {
        return match row.text("owner_subscription").or_else(|| row.text("owner_phone")) {
            Some(_) => Err(Error::invalid("owner_name", "required")),
            None => Ok(None),
        };
    };
    let phone = match row.text("owner_phone") {
        Some(typed) => Some(identifiers::phone(typed).ok_or_else(|| Error::invalid("owner_phone", "phone"))?),
        None => None,
    };
    if let Some(phone) = &phone {
        let same = party_phones::table.inner_join(parties::table.on(parties::id.eq(party_phones::party_id)));
        let known = same
            .filter(party_phones::number.eq(phone))
            .filter(parties::name_key.eq(fold(name)))
            .order(parties::id)
            .select((parties::id, parties::public_id))
            .limit(NAMESAKES)
            .load::<(i64, String)>(tx.conn)?;
        match ours(tx, known)? {
            Meant::Theirs if !is_trial => return Err(Error::invalid("owner_name", STRANGER)),
            Meant::Ours(owner) => return Ok(Some(owner)),
            Meant::Theirs | Meant::Nobody => {}
        }
    }
    let new = SaveCustomer {
        name: name.to_owned(),
        phones: phone.into_iter().collect(),
        subscription: row.owned("owner_subscription").filter(|_| !is_anothers),
        ..SaveCustomer::default()
    };
    Ok(Some(save_customer(tx, None, &new)?.id))
}

/// Whom a row may mean as the owner.
enum Meant {
    Nobody,
    /// One whom the importer knows, by public id.
    Ours(String),
    /// Customers of others alone.
    Theirs,
}

/// Of those whom a row may mean, the first whom the importer knows.
fn ours(tx: &mut Tx<'_>, known: Vec<(i64, String)>) -> Result<Meant> {
    let mut meant = Meant::Nobody;
    for (id, public_id) in known {
        if is_known_to(tx.conn, tx.actor, &[Action::ViewCustomers, Action::KeepCustomers], id)? {
            return Ok(Meant::Ours(public_id));
        }
        meant = Meant::Theirs;
    }
    Ok(meant)
}

/// Issues the card that the row names, unless the device has it. Returns whether it did.
fn card(
    tx: &mut Tx<'_>,
    row: &Row<'_>,
    device: &Device,
    starts_on: Option<Date>,
    events: &[(&str, DeviceEventKind, Date)],
) -> Result<bool> {
    let Some(number) = row.text("card_number") else { return Ok(false) };
    let same = covers::table
        .filter(covers::kind.eq("card"))
        .filter(covers::number_key.eq(folded_key(number)))
        .select(covers::device_id)
        .first::<i64>(tx.conn)
        .optional()?;
    match same {
        Some(of) if of == device.id => return Ok(false),
        Some(_) => return Err(Error::invalid("card_number", "taken")),
        None => {}
    }
    let policy = match row.text("card_policy") {
        Some(code) => {
            let found = policies::table
                .filter(policies::code.eq(code))
                .filter(policies::retired_at.is_null())
                .select(policies::public_id)
                .first::<String>(tx.conn)
                .optional()?;
            Some(found.ok_or_else(|| Error::invalid("card_policy", "unknown-reference"))?)
        }
        None => None,
    };
    let issued_on = events.iter().find(|(_, kind, _)| *kind == DeviceEventKind::Sold).map(|(.., on)| *on);
    let issue = IssueCard {
        device: device.public_id.clone(),
        policy,
        number: Some(number.to_owned()),
        starts_on,
        seller: row.owned("seller"),
        issued_on,
    };
    issue_card(tx, &issue).map_err(|error| match error {
        Error::Invalid(faults) => Error::Invalid(
            faults.into_iter().map(|fault| Fault { path: format!("card_{}", fault.path), ..fault }).collect(),
        ),
        other => other,
    })?;
    Ok(true)
}
