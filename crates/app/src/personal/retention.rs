//! For how long things are kept that tell of people: a rule per kind that the administrator sets, and a sweep once a
//! day that deletes what is older.
//!
//! Issued papers, repairs, devices and the journal are none of these kinds: the law and the promises need them.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::erase::{ERASED_KEY, erase, may_be_erased};
use crate::access::guesses;
use crate::coverage::case::last_day;
use crate::coverage::rows::Cover;
use crate::customers::rows::Party;
use crate::exchange::forget_files;
use store::error::{Error, Result};
use store::jobs::Kind;
use store::query::*;
use store::rights::Actor;
use store::schema::{
    attachments, covers, device_states, messages, parties, party_roles, receptions, repairs, sessions,
};
use store::types::At;
use store::{Conn, Db, Event, Subject, Tx, idempotency, settings};

/// For how many months each kind is kept; 0: for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Photos of devices and their papers, after the repair is over.
    #[schemars(range(min = 0, max = 240), example = &24)]
    pub photos: i64,
    /// What was sent to customers.
    #[schemars(range(min = 0, max = 240), example = &12)]
    pub messages: i64,
    /// Files of imports; what was imported stays.
    #[schemars(range(min = 0, max = 240), example = &3)]
    pub import_files: i64,
    /// Customers who did not come since, who own nothing that is still under a promise, and who owe nothing: they are
    /// erased.
    #[schemars(range(min = 0, max = 240), example = &120)]
    pub customers: i64,
}

impl Default for Retention {
    /// Until an administrator decides, nothing that was entered by hand is deleted.
    fn default() -> Self {
        Self { photos: 0, messages: 0, import_files: 3, customers: 0 }
    }
}

impl Retention {
    /// The rules that are set.
    ///
    /// # Errors
    /// The store.
    pub fn set(conn: &mut Conn) -> Result<Self> {
        Ok(settings::get(conn, settings::RETENTION)?
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default())
    }
}

/// Days for which the answer to a request with an `Idempotency-Key` is kept.
pub const ANSWER_DAYS: i64 = 90;
/// Days after which a photo that was uploaded and belongs to no repair is deleted.
const LOOSE_PHOTO_DAYS: i64 = 2;
/// Days after which the count of a guess is forgotten, if nobody guessed again: the most patient of them has long
/// forgiven all.
const GUESS_DAYS: i64 = 7;
/// Rows of a batch, which is one transaction: others write between two.
const BATCH: i64 = 200;

/// Deletes what is older than its kind is kept: with each new day.
pub const SWEEP: Kind = Kind { name: "sweep", priority: 90 };

/// Deletes what is older than its kind is kept.
///
/// # Errors
/// The store.
pub fn sweep(db: &Db) -> Result<()> {
    let now = db.now();
    let kept = db.read(Retention::set)?;
    let days_ago =
        |days: i64| -> Result<At> { Ok(At::from(now.checked_sub((days * 24).hours()).map_err(Error::internal)?)) };
    let (loose, answers) = (days_ago(LOOSE_PHOTO_DAYS)?, days_ago(ANSWER_DAYS)?);
    in_batches(db, |tx| delete_photos(tx.conn, Whose::Nobodys, loose))?;
    in_batches(db, |tx| idempotency::delete_answers(tx.conn, answers, BATCH))?;
    let counted = days_ago(GUESS_DAYS)?.instant();
    db.write(&Actor::system(), |tx| guesses::delete_old(tx.conn, counted))?;
    db.write(&Actor::system(), |tx| {
        Ok(diesel::delete(sessions::table.filter(sessions::expires_at.lt(At::from(tx.now)))).execute(tx.conn)?)
    })?;

    let (mut photos, mut sent, mut files, mut customers) = (0, 0, 0, 0);
    if let Some(before) = months_ago(now, kept.photos)? {
        photos = in_batches(db, |tx| delete_photos(tx.conn, Whose::EndedRepairs, before))?;
    }
    if let Some(before) = months_ago(now, kept.messages)? {
        sent = in_batches(db, |tx| delete_messages(tx.conn, before))?;
    }
    if let Some(before) = months_ago(now, kept.import_files)? {
        files = db.write(&Actor::system(), |tx| forget_files(tx.conn, Some(before)))?;
    }
    if let Some(before) = months_ago(now, kept.customers)? {
        customers = erase_customers(db, before)?;
    }
    db.write(&Actor::system(), |tx| {
        if photos + sent + files + customers > 0 {
            tx.record(
                None,
                &Event::OldDataDeleted { photos, messages: sent, files, customers },
                &[Subject::Object("installation", 0)],
            )?;
        }
        Ok(())
    })
}

/// The instant before which a kind is not kept; None where it is kept for ever.
fn months_ago(now: Timestamp, months: i64) -> Result<Option<At>> {
    if months == 0 {
        return Ok(None);
    }
    let then = now.to_zoned_datetime(TimeZone::UTC).checked_sub(months.months()).map_err(Error::internal)?;
    Ok(Some(At::from(then.timestamp())))
}

/// Does a batch after the other until one finds nothing. Returns how much was done.
fn in_batches(db: &Db, batch: impl Fn(&mut Tx<'_>) -> Result<i64>) -> Result<i64> {
    let mut all = 0;
    loop {
        let done = db.write(&Actor::system(), &batch)?;
        if done == 0 {
            return Ok(all);
        }
        all += done;
    }
}

/// Whose photos are meant.
#[derive(Clone, Copy)]
enum Whose {
    /// Uploaded beforehand, and then nothing was received.
    Nobodys,
    EndedRepairs,
}

fn delete_photos(conn: &mut Conn, whose: Whose, before: At) -> Result<i64> {
    let old = attachments::table
        .left_join(repairs::table.on(attachments::repair_id.eq(repairs::id.nullable())))
        .select(attachments::id)
        .limit(BATCH);
    let old = match whose {
        Whose::Nobodys => old
            .filter(attachments::repair_id.is_null())
            .filter(attachments::uploaded_at.lt(before))
            .load::<i64>(conn)?,
        Whose::EndedRepairs => {
            old.filter(repairs::is_open.eq(false)).filter(repairs::step_since_at.lt(before)).load::<i64>(conn)?
        }
    };
    diesel::delete(attachments::table.filter(attachments::id.eq_any(&old))).execute(conn)?;
    Ok(i64::try_from(old.len()).unwrap_or(i64::MAX))
}

fn delete_messages(conn: &mut Conn, before: At) -> Result<i64> {
    let old =
        messages::table.filter(messages::created_at.lt(before)).select(messages::id).limit(BATCH).load::<i64>(conn)?;
    diesel::delete(messages::table.filter(messages::id.eq_any(&old))).execute(conn)?;
    Ok(i64::try_from(old.len()).unwrap_or(i64::MAX))
}

/// Erases the customers who were not seen since, in the order in which they were made.
fn erase_customers(db: &Db, before: At) -> Result<i64> {
    let (mut erased, mut after) = (0, 0);
    loop {
        let old = db.read(|conn| {
            let came = receptions::table.filter(receptions::occurred_at.ge(before)).select(receptions::customer_id);
            let old =
                parties::table
                    .filter(parties::id.gt(after))
                    .filter(parties::created_at.lt(before))
                    .filter(parties::name_key.ne(ERASED_KEY))
                    .filter(parties::id.eq_any(
                        party_roles::table.filter(party_roles::role.eq("customer")).select(party_roles::party_id),
                    ))
                    .filter(parties::id.ne_all(came))
                    .order(parties::id)
                    .limit(BATCH);
            Ok(old.select(Party::as_select()).load::<Party>(conn)?)
        })?;
        let Some(last) = old.last() else { return Ok(erased) };
        after = last.id;
        for party in old {
            erased += i64::from(db.write(&Actor::system(), |tx| erase_if_done_with(tx, &party))?);
        }
    }
}

/// Erases a customer, unless work is open, money is owed, or one of their devices is under a promise still. Returns
/// whether it did.
fn erase_if_done_with(tx: &mut Tx<'_>, party: &Party) -> Result<bool> {
    match may_be_erased(tx.conn, party) {
        Err(Error::Conflict(_)) => return Ok(false),
        other => other?,
    }
    let promises = covers::table
        .inner_join(device_states::table.on(device_states::device_id.eq(covers::device_id)))
        .filter(device_states::owner_party_id.eq(Some(party.id)))
        .filter(covers::state.eq("active"))
        .select(Cover::as_select())
        .load::<Cover>(tx.conn)?;
    for cover in promises {
        // Where no start is known yet, the promise has still to begin.
        if last_day(tx.conn, &cover, tx.now, tx.today())?.is_none_or(|last| last >= tx.today()) {
            return Ok(false);
        }
    }
    erase(tx, party, "retention")?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::installation::{ChangeInstallation, change_installation};
    use crate::customers::get_customer;
    use crate::reception::attachments::{Purpose, add_photo};
    use crate::testing::{RECEPTIONIST, in_a_house};
    use store::schema::guesses as guesses_of_all;

    #[test]
    fn what_is_older_than_its_kind_is_kept_is_deleted_and_nothing_else_is() {
        in_a_house(|house| {
            house.at("1405/01/10 09:00");
            let gone = house.customer("زهرا کریمی", "09123456789");
            let promised = house.customer("آرش فرهادی", "09123456780");
            let came = house.customer("مینا رستمی", "09123456781");
            let television = house.device("TV-1", "T-1", "1404/01/15", &[]);
            let owned = house.device("TV-1", "T-2", "1405/01/05", &[]);
            house.card(&owned, "C-2");
            let mine = crate::devices::RecordOnDevice { owner: Some(promised.clone()), ..Default::default() };
            house.write(|tx| crate::devices::record_on_device(tx, &owned, &mine));
            let visit = house.receive(&came, &[(&television, "no-power")]);
            let repair = visit.repairs[0].id.clone();
            house.write(|tx| add_photo(tx, Some(&repair), Purpose::Condition, vec![1]));
            house.write(|tx| add_photo(tx, None, Purpose::Condition, vec![2]));
            house.write(|tx| crate::messaging::queue(tx, None, "+989123456781", "old", "ready"));
            let photos =
                || house.db.read(|conn| Ok(attachments::table.count().get_result::<i64>(conn)?)).expect("photos");
            let messages =
                || house.db.read(|conn| Ok(messages::table.count().get_result::<i64>(conn)?)).expect("messages");
            let name = |id: &str| house.db.read(|conn| get_customer(conn, &house.admin, id)).expect("a customer").name;

            let tried = |count: i64| {
                house
                    .db
                    .read(|conn| Ok(guesses_of_all::table.count().get_result::<i64>(conn)? == count))
                    .expect("counts")
            };
            house.at("1405/08/02 09:00");
            let _ = crate::tracking::missed(&house.db, "10.0.0.1");
            house.at("1405/08/04 09:00");
            let _ = crate::tracking::missed(&house.db, "10.0.0.2");
            assert!(tried(3), "two addresses, and all together");
            house.at("1405/08/10 09:00");
            sweep(&house.db).expect("swept");
            assert!(tried(2), "the one of more than a week ago is gone");
            assert_eq!((photos(), messages()), (1, 1), "what belongs to no repair goes, the rest has no rule yet");
            let rules = Retention { photos: 6, messages: 6, import_files: 3, customers: 6 };
            let change = ChangeInstallation { retention: Some(rules), ..ChangeInstallation::default() };
            assert!(house.by(RECEPTIONIST, |tx| change_installation(tx, &change)).is_err());
            assert_eq!(house.write(|tx| change_installation(tx, &change)).retention, rules);
            house.at("1405/08/11 09:00");
            sweep(&house.db).expect("swept");
            assert_eq!((photos(), messages()), (1, 0), "the repair is still open");
            assert_ne!(name(&gone), "زهرا کریمی");
            assert_eq!(name(&promised), "آرش فرهادی", "a device of hers is under a card");
            assert_eq!(name(&came), "مینا رستمی", "work is open");

            house.write(|tx| {
                crate::reception::cancel_reception(
                    tx,
                    &visit.id,
                    None,
                    &crate::reception::CancelReception { reason: "no".to_owned() },
                )
            });
            house.at("1406/03/01 09:00");
            sweep(&house.db).expect("swept");
            assert_eq!(photos(), 0);
            assert_ne!(name(&came), "مینا رستمی");
            assert_eq!(name(&promised), "آرش فرهادی");
            house.at("1420/01/01 09:00");
            sweep(&house.db).expect("swept");
            assert_ne!(name(&promised), "آرش فرهادی", "the card is over");
        });
    }
}
