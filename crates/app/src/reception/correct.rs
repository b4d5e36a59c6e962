//! Putting a reception right: another customer, another device, or the whole of it cancelled. It corrects and never
//! erases.

use domain::access::Action;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::paper::issue_reception;
use super::receive::ReceptionPlace;
use super::rows::Reception;
use super::view::{ReceptionView, reception_view};
use super::{reception_row, wholly};
use crate::catalogue::same_version;
use crate::coverage::claims::release;
use crate::coverage::decide::decide_repair;
use crate::customers::customer_named;
use crate::devices::tree::tree;
use crate::devices::{append_event, device_named};
use crate::parts::{Paper, Place, Thing, move_thing};
use crate::repair::agreed::end_estimates_of_another;
use crate::repair::diagnosis::diagnosis_of;
use crate::repair::rows::Repair;
use store::error::{Error, Faults, Reason, Result};
use store::query::*;
use store::rights::Of;
use store::schema::{covers, device_events, device_states, journal, journal_subjects, products, receptions, repairs};
use store::{Event, Subject, Tx, among};

/// Corrects a reception that was written for a wrong customer or a wrong device.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectReception {
    /// The right customer: public id, or a number that is theirs alone (mobile, national ID, subscription).
    #[schemars(length(max = 100))]
    #[serde(default)]
    pub customer: Option<String>,
    /// Public id of the repair whose device is wrong …
    #[schemars(length(max = 100))]
    #[serde(default)]
    pub repair: Option<String>,
    /// … and the right device: public id, serial, IMEI or another number that is its alone.
    #[schemars(length(max = 100))]
    #[serde(default)]
    pub device: Option<String>,
    #[schemars(length(min = 1, max = 500))]
    pub reason: String,
}

/// Cancels a reception that should not have been.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelReception {
    #[schemars(length(min = 1, max = 500), example = &"typed twice")]
    pub reason: String,
}

/// A visit that is open with all its repairs, of one who may correct it.
fn open_visit(tx: &mut Tx<'_>, public_id: &str, version: Option<i64>) -> Result<(Reception, Vec<Repair>)> {
    let (reception, rows) = wholly(tx, public_id, Action::CorrectReception)?;
    same_version(reception.version, version)?;
    if reception.state != "open" {
        return Err(Error::Conflict(Reason::new("reception-cancelled").with("number", reception.number.clone())));
    }
    match rows.iter().find(|row| !row.is_open) {
        Some(row) => Err(Error::Conflict(Reason::new("already-handed-over").with("number", row.number.clone()))),
        None => Ok((reception, rows)),
    }
}

/// # Errors
/// `Forbidden`, `NotFound`; `Invalid` without a reason or anything to correct; `Conflict` after hand-over.
pub fn correct_reception(
    tx: &mut Tx<'_>,
    public_id: &str,
    version: Option<i64>,
    command: &CorrectReception,
) -> Result<ReceptionView> {
    let (reception, rows) = open_visit(tx, public_id, version)?;
    let mut faults = Faults::default();
    let reason = command.reason.trim();
    faults.check(!reason.is_empty(), "reason", "required");
    faults.check(command.customer.is_some() || command.device.is_some(), "customer", "nothing-to-correct");
    faults.check(command.device.is_none() || command.repair.is_some(), "repair", "required");
    let customer = match command.customer.as_deref() {
        Some(typed) => {
            let known = customer_named(tx, typed)?;
            faults.check(known.is_some(), "customer", "unknown-customer");
            known
        }
        None => None,
    };
    faults.told()?;
    let revision = reception.revision + 1;
    let mut subjects = vec![Subject::Reception(reception.id), Subject::Customer(reception.customer_id)];
    subjects.extend(rows.iter().map(|row| Subject::Repair(row.id)));

    if let Some(customer_id) = customer.filter(|id| *id != reception.customer_id) {
        diesel::update(receptions::table.find(reception.id))
            .set(receptions::customer_id.eq(customer_id))
            .execute(tx.conn)?;
        diesel::update(repairs::table.filter(repairs::reception_id.eq(reception.id)))
            .set(repairs::customer_id.eq(customer_id))
            .execute(tx.conn)?;
        end_estimates_of_another(tx, rows.iter().map(|row| row.id).collect())?;
        // A device that became the wrong customer's by this reception alone becomes the right one's.
        let theirs = rows.iter().map(|row| row.device_id).collect::<Vec<_>>();
        let came_by_it = device_events::table
            .filter(device_events::kind.eq("owner_changed"))
            .filter(device_events::occurred_at.eq(reception.occurred_at))
            .select(device_events::device_id);
        let wrong = device_states::table
            .filter(device_states::device_id.eq_any(theirs))
            .filter(device_states::device_id.eq_any(came_by_it))
            .filter(device_states::owner_party_id.eq(reception.customer_id))
            .select(device_states::device_id);
        for device_id in wrong.load::<i64>(tx.conn)? {
            crate::devices::register::set_owner(tx, device_id, customer_id)?;
        }
        subjects.push(Subject::Customer(customer_id));
    }
    if let (Some(repair), Some(device)) = (&command.repair, &command.device) {
        let row = rows
            .iter()
            .find(|row| row.public_id == *repair)
            .ok_or_else(|| Error::invalid("repair", "unknown-reference"))?;
        subjects.extend(exchange_device(tx, &reception, row, device)?);
    }
    diesel::update(receptions::table.find(reception.id))
        .set((receptions::revision.eq(revision), receptions::version.eq(reception.version + 1)))
        .execute(tx.conn)?;
    let event = Event::ReceptionCorrected { number: reception.number.clone(), reason: reason.to_owned(), revision };
    tx.record(Some(reception.centre_id), &event, &subjects)?;
    let reception = reception_row(tx.conn, public_id)?;
    let view = reception_view(tx.conn, reception.clone())?;
    issue_reception(tx, &reception, &view)?;
    Ok(view)
}

/// Whether something was promised for a device, or for a component of it, since a visit was received, or changed since, as
/// if it had been there before: it would pay for that visit.
fn was_promised_since(tx: &mut Tx<'_>, reception: &Reception, device_id: i64) -> Result<bool> {
    let received_at = reception.occurred_at;
    let root = tree(tx.conn, device_id, received_at.instant())?;
    let nodes = root.all().iter().map(|node| node.device.id).collect::<Vec<_>>();
    let promised = covers::table
        .inner_join(journal_subjects::table.on(journal_subjects::subject_id.eq(covers::id)))
        .inner_join(journal::table.on(journal::id.eq(journal_subjects::journal_id)))
        .filter(journal_subjects::subject_kind.eq("cover"))
        .filter(among(covers::device_id, nodes))
        .filter(covers::repair_id.is_null())
        .filter(covers::issued_at.le(received_at))
        .filter(journal::recorded_at.gt(reception.recorded_at))
        .select(covers::id)
        .first::<i64>(tx.conn)
        .optional()?;
    Ok(promised.is_some())
}

fn exchange_device(tx: &mut Tx<'_>, reception: &Reception, row: &Repair, device: &str) -> Result<[Subject; 2]> {
    let may = tx.actor.scope(Action::CorrectReception);
    let device = device_named(tx.conn, tx.actor, device)?
        .filter(|device| may.holds(Of::Work(reception.centre_id, device.brand_id)));
    let device = device.ok_or_else(|| Error::invalid("device", "unknown-device"))?;
    let busy = repairs::table
        .filter(repairs::device_id.eq(device.id))
        .filter(repairs::is_open.eq(true))
        .select(repairs::number)
        .first::<String>(tx.conn)
        .optional()?;
    if let Some(number) = busy {
        return Err(Error::Conflict(
            Reason::new("already-received").with("number", number).with("serial", device.serial),
        ));
    }
    if diagnosis_of(tx.conn, row.id)?.diagnosed_at.is_some() {
        return Err(Error::Conflict(Reason::new("already-diagnosed").with("number", row.number.clone())));
    }
    if was_promised_since(tx, reception, device.id)? {
        tx.actor.may(Action::OverrideCoverage, Of::Work(reception.centre_id, device.brand_id))?;
    }
    let kind_id = products::table.find(device.product_id).select(products::kind_id).first::<i64>(tx.conn)?;
    if reception.place == ReceptionPlace::Workshop.name() {
        let paper = Paper("reception", reception.id);
        let old = Thing { device_id: Some(row.device_id), product_id: row.product_id, quantity_milli: 1000 };
        move_thing(tx, old, Place::Shelf(row.centre_id), Place::Customer(None), paper)?;
        let new = Thing { device_id: Some(device.id), product_id: device.product_id, quantity_milli: 1000 };
        move_thing(tx, new, Place::Customer(None), Place::Shelf(row.centre_id), paper)?;
    }
    diesel::update(repairs::table.find(row.id))
        .set((
            repairs::device_id.eq(device.id),
            repairs::product_id.eq(device.product_id),
            repairs::brand_id.eq(device.brand_id),
            repairs::kind_id.eq(kind_id),
            repairs::version.eq(row.version + 1),
        ))
        .execute(tx.conn)?;
    let journal_id = tx.record(
        (row.centre_id, row.brand_id),
        &Event::NoteAdded { note: String::new() },
        &[Subject::Object("received", row.id)],
    )?;
    append_event(
        tx,
        device.id,
        "received",
        reception.occurred_at.instant(),
        reception.occurred_on.date(),
        journal_id,
        &serde_json::json!({"repair": row.id}),
    )?;
    append_event(
        tx,
        row.device_id,
        "reception_withdrawn",
        tx.occurred,
        tx.today(),
        journal_id,
        &serde_json::json!({"repair": row.id}),
    )?;
    decide_repair(tx, row.id, "correction")?;
    Ok([Subject::Device(row.device_id), Subject::Device(device.id)])
}

/// # Errors
/// `Forbidden`, `NotFound`; `Invalid` without a reason; `Conflict` after hand-over or once work is charged.
pub fn cancel_reception(
    tx: &mut Tx<'_>,
    public_id: &str,
    version: Option<i64>,
    command: &CancelReception,
) -> Result<ReceptionView> {
    let (reception, rows) = open_visit(tx, public_id, version)?;
    let reason = command.reason.trim();
    if reason.is_empty() {
        return Err(Error::invalid("reason", "required"));
    }
    let mut subjects = vec![Subject::Reception(reception.id), Subject::Customer(reception.customer_id)];
    for row in &rows {
        if !crate::repair::work::charged(tx.conn, row.id)?.is_empty() {
            return Err(Error::Conflict(Reason::new("has-lines").with("number", row.number.clone())));
        }
        if reception.place == ReceptionPlace::Workshop.name() {
            let thing = Thing { device_id: Some(row.device_id), product_id: row.product_id, quantity_milli: 1000 };
            move_thing(
                tx,
                thing,
                Place::Shelf(row.centre_id),
                Place::Customer(None),
                Paper("reception", reception.id),
            )?;
        }
        release(tx, row.id)?;
        subjects.extend([Subject::Repair(row.id), Subject::Device(row.device_id)]);
    }
    diesel::update(repairs::table.filter(repairs::reception_id.eq(reception.id)))
        .set((
            repairs::is_open.eq(false),
            repairs::outcome.eq(Some("cancelled")),
            repairs::assignee_user_id.eq(None::<i64>),
        ))
        .execute(tx.conn)?;
    diesel::update(receptions::table.find(reception.id))
        .set((receptions::state.eq("cancelled"), receptions::version.eq(reception.version + 1)))
        .execute(tx.conn)?;
    let event = Event::ReceptionCancelled { number: reception.number.clone(), reason: reason.to_owned() };
    tx.record(Some(reception.centre_id), &event, &subjects)?;
    let reception = reception_row(tx.conn, public_id)?;
    reception_view(tx.conn, reception)
}

#[cfg(test)]
mod tests {
    use domain::coverage::CoverKind;
    use domain::time::typed_date;

    use super::*;
    use crate::coverage::covers::{AddCover, add_cover};
    use crate::testing::{RECEPTIONIST, in_a_house};

    #[test]
    fn a_device_that_was_somebodys_before_stays_theirs_when_the_customer_is_corrected() {
        in_a_house(|house| {
            house.at("1405/09/02 08:00");
            let (theirs, new) =
                (house.customer("زهرا کریمی", "09123456789"), house.customer("علی مرادی", "09121112233"));
            let (owned, loose) =
                (house.device("TV-1", "T-1", "1404/01/15", &[]), house.device("TV-1", "T-2", "1404/01/15", &[]));
            let mine = crate::devices::RecordOnDevice { owner: Some(theirs.clone()), ..Default::default() };
            house.write(|tx| crate::devices::record_on_device(tx, &owned, &mine));
            let visit = house.receive(&theirs, &[(&owned, "no-power"), (&loose, "no-power")]);
            let command = CorrectReception {
                customer: Some(new.clone()),
                repair: None,
                device: None,
                reason: "another brought them".to_owned(),
            };
            house.by(RECEPTIONIST, |tx| correct_reception(tx, &visit.id, None, &command)).expect("corrected");
            let owner = |device: &str| {
                let view =
                    |conn: &mut store::Conn| crate::devices::get_device(conn, &house.admin, device, house.db.now());
                house.db.read(view).expect("a device").owner.map(|owner| owner.id)
            };
            assert_eq!((owner(&owned), owner(&loose)), (Some(theirs), Some(new)));
        });
    }

    #[test]
    fn a_device_is_exchanged_by_the_serial_that_stands_on_it() {
        in_a_house(|house| {
            house.at("1405/09/02 08:00");
            let customer = house.customer("زهرا کریمی", "09123456789");
            let wrong = house.device("TV-1", "T-100", "1404/01/15", &[]);
            let right = house.device("TV-1", "T-200", "1404/01/15", &[]);
            let visit = house.receive(&customer, &[(&wrong, "no-power")]);
            let repair = visit.repairs[0].id.clone();
            let correct = |typed: &str| {
                let command = CorrectReception {
                    customer: None,
                    repair: Some(repair.clone()),
                    device: Some(typed.to_owned()),
                    reason: "the label of another".to_owned(),
                };
                house.by(RECEPTIONIST, |tx| correct_reception(tx, &visit.id, None, &command))
            };
            assert!(
                matches!(correct("T-999"), Err(Error::Invalid(faults)) if faults[0].path == "device" && faults[0].reason.code == "unknown-device")
            );
            assert_eq!(correct("t ۲۰۰").expect("corrected").revision, 2);
            assert_eq!(house.repair(&repair).device.id, right);
            let place = |device: &str| {
                house
                    .db
                    .read(|conn| crate::devices::get_device(conn, &house.admin, device, house.db.now()))
                    .expect("a device")
                    .place
            };
            assert!(matches!(place(&right), crate::devices::view::PlaceView::Shelf { .. }), "it is here");
            assert!(matches!(place(&wrong), crate::devices::view::PlaceView::Customer), "the other never was");
            assert_eq!(correct(&wrong).expect("by its id too").revision, 3);
            // What is promised from now on pays nothing of it; what was said to be of before would: by who rules on that.
            house.at("1405/09/02 12:00");
            house.card(&right, "W-1");
            assert_eq!(correct(&right).expect("a card of today").revision, 4);
            assert_eq!(correct(&wrong).expect("and back").revision, 5);
            let before = AddCover {
                kind: CoverKind::Contract,
                number: "K-9".to_owned(),
                policy: house.policy("TRAVEL-HALF"),
                payer: None,
                starts_on: typed_date("1405/01/15"),
                issued_on: typed_date("1405/01/15"),
            };
            house.write(|tx| add_cover(tx, &right, &before));
            assert!(matches!(correct(&right), Err(Error::Forbidden(_))));
        });
    }
}
