//! Who opened what is kept of a customer.

use crate::customers::customer_row;
use store::error::{Error, Result};
use store::query::*;
use store::rights::Actor;
use store::schema::{journal, journal_subjects};
use store::types::At;
use store::{Conn, Db, Event, Subject, start_of};

/// How the journal calls that a customer was opened.
pub(crate) const OPENED: &str = "customer_opened";

/// Writes down that a person opened a customer: once a day, so that the journal tells who knows what and not how often
/// they looked.
///
/// A store that takes nothing now does not keep the counter from its customers: then the log tells it.
///
/// # Errors
/// `NotFound`; the store.
pub fn note_opened(db: &Db, actor: &Actor, public_id: &str) -> Result<()> {
    let Some(user_id) = actor.user_id else { return Ok(()) };
    let since = At::from(start_of(actor.today(db.now()), &actor.zone)?);
    let (party_id, is_noted) = db.read(|conn| {
        let party_id = customer_row(conn, public_id)?.id;
        Ok((party_id, is_noted(conn, party_id, user_id, since)?))
    })?;
    if is_noted {
        return Ok(());
    }
    match db.write(actor, |tx| tx.record(actor.centre_id, &Event::CustomerOpened, &[Subject::Customer(party_id)])) {
        Err(Error::Unavailable(code)) => {
            tracing::warn!(code, user_id, customer = public_id, "that a customer was opened could not be written down")
        }
        other => _ = other?,
    }
    Ok(())
}

fn is_noted(conn: &mut Conn, party_id: i64, user_id: i64, since: At) -> Result<bool> {
    let noted = journal_subjects::table
        .inner_join(journal::table.on(journal::id.eq(journal_subjects::journal_id)))
        .filter(journal_subjects::subject_kind.eq(Subject::Customer(0).kind()))
        .filter(journal_subjects::subject_id.eq(party_id))
        .filter(journal::kind.eq(OPENED))
        .filter(journal::actor_user_id.eq(Some(user_id)))
        .filter(journal::recorded_at.ge(since))
        .select(journal::id)
        .first::<i64>(conn)
        .optional()?;
    Ok(noted.is_some())
}

#[cfg(test)]
mod tests {
    use domain::access::Action;

    use super::*;
    use crate::lookup::{GetTimeline, get_timeline};
    use crate::testing::{RECEPTIONIST, in_a_house};

    #[test]
    fn who_opened_a_customer_is_told_once_a_day_to_who_keeps_personal_data() {
        in_a_house(|house| {
            house.at("1405/09/02 08:00");
            let customer = house.customer("زهرا کریمی", "09123456789");
            let receptionist = house.person(RECEPTIONIST);
            let open = || note_opened(&house.db, &receptionist, &customer).expect("noted");
            let told_to = |actor: &Actor| {
                let query =
                    GetTimeline { subject: "customer".to_owned(), id: customer.clone(), ..GetTimeline::default() };
                let told = house.db.read(|conn| get_timeline(conn, actor, &query)).expect("a timeline");
                told.items.into_iter().filter(|entry| entry.event == OPENED).count()
            };
            open();
            open();
            assert_eq!(told_to(&house.admin), 1);
            house.at("1405/09/03 08:00");
            open();
            assert_eq!(told_to(&house.admin), 2);
            assert!(!receptionist.can(Action::KeepPersonalData));
            assert_eq!(told_to(&receptionist), 0, "it is not for everybody to know who looked");
        });
    }
}
