//! What opens the device that is being repaired: sealed while it is kept, shown to who works on it, and every look at
//! it stands in the journal.

use domain::access::Action;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::repair::work::seen;
use store::error::{Error, Result};
use store::query::*;
use store::schema::repair_details;
use store::{Event, Subject, Tx, sealed_as};

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PasscodeView {
    pub passcode: String,
}

/// A passcode as it is stored with the repair of this public id.
///
/// # Errors
/// `Unavailable` where the store is sealed with another key by now.
pub(crate) fn seal(tx: &mut Tx<'_>, repair: &str, passcode: &str) -> Result<String> {
    tx.seal(passcode, &sealed_as::passcode(repair))
}

/// Shows the passcode to who works on the device, and writes down that they saw it.
///
/// # Errors
/// `Forbidden`; `NotFound` where there is none; `Conflict` where the key of secrets is another one than when it was
/// sealed.
pub fn show_passcode(tx: &mut Tx<'_>, public_id: &str) -> Result<PasscodeView> {
    let row = seen(tx.conn, tx.actor, public_id, Action::Diagnose)?;
    tx.actor.may(Action::Diagnose, row.of())?;
    let stored = repair_details::table
        .find(row.id)
        .select(repair_details::passcode)
        .first::<Option<String>>(tx.conn)?
        .ok_or(Error::NotFound)?;
    let passcode =
        tx.open(stored, &sealed_as::passcode(public_id)).ok_or_else(|| Error::conflict("passcode-unreadable"))?;
    tx.record((row.centre_id, row.brand_id), &Event::PasscodeShown { number: row.number }, &[Subject::Repair(row.id)])?;
    Ok(PasscodeView { passcode })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reception::receive_devices;
    use crate::repair::Answer;
    use crate::testing::{RECEPTIONIST, TECHNICIAN, in_a_house};

    #[test]
    fn a_passcode_is_sealed_shown_to_who_works_on_the_device_and_gone_at_hand_over() {
        in_a_house(|house| {
            house.at("1405/09/02 08:00");
            let customer = house.customer("زهرا کریمی", "09123456789");
            let device = house.device("TV-1", "T-1", "1404/01/15", &[]);
            let mut command = house.reception(&customer, &[(&device, "no-power")]);
            command.devices[0].passcode = Some("۲۵۸۰".to_owned());
            let visit = house.by(RECEPTIONIST, |tx| receive_devices(tx, &command)).expect("received");
            let id = visit.repairs[0].id.clone();
            let stored = || {
                house
                    .db
                    .read(|conn| {
                        Ok(repair_details::table.select(repair_details::passcode).first::<Option<String>>(conn)?)
                    })
                    .expect("a row")
            };
            assert!(stored().is_some_and(|text| !text.contains("۲۵۸۰")));
            let show = |login: &str| house.by(login, |tx| show_passcode(tx, &id));
            assert_eq!(show(TECHNICIAN).expect("shown").passcode, "۲۵۸۰");
            assert!(matches!(show(RECEPTIONIST), Err(Error::Forbidden(_))));
            let told = house.db.read(|conn| {
                let query =
                    crate::lookup::GetTimeline { subject: "repair".to_owned(), id: id.clone(), ..Default::default() };
                crate::lookup::get_timeline(conn, &house.admin, &query)
            });
            assert_eq!(told.expect("a timeline").items[0].event, "passcode_shown");

            house.go(RECEPTIONIST, &id, "to-diagnosis");
            house.diagnose(&id, "no-power", "wear");
            house.operation(&id, "SVC-FAN", None);
            house.estimate(&id);
            house.answer(&id, Answer::Accepted);
            house.finish(&id);
            house.hand_over(&visit.id, &[&id]);
            assert_eq!(stored(), None);
            assert!(matches!(show(TECHNICIAN), Err(Error::NotFound)));
        });
    }
}
