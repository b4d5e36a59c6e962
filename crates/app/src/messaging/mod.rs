//! Messages to customers: a row per message with its state. Which route they take is the installation's; without one
//! they stand on the screen.
//!
//! Invariant: a code that opens something is stored sealed, and shown to who may send one at its centre.

pub mod rows;

use domain::access::Action;
use jiff::{Timestamp, ToSpan};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::rows::Message;
use crate::access::guesses::{Tried, wrong};
use store::error::Result;
use store::query::*;
use store::rights::Actor;
use store::schema::{hand_over_codes, messages};
use store::types::At;
use store::{Conn, Tx, Vault, is_sealed, opened, sealed_as};

/// For how long a code holds that was sent to a phone.
pub(crate) const CODE_MINUTES: i64 = 15;

/// Wrong codes after which it holds no more.
pub(crate) const MOST_WRONG: i64 = 5;

/// Puts a message into the queue.
///
/// # Errors
/// The store.
pub fn queue(tx: &mut Tx<'_>, centre_id: Option<i64>, to: &str, body: &str, purpose: &str) -> Result<()> {
    let public_id = tx.public_id();
    insert(tx, public_id, centre_id, to, body.to_owned(), purpose)
}

/// Puts a message that bears a code into the queue.
///
/// # Errors
/// `Unavailable` where it cannot be sealed; the store.
pub fn queue_code(tx: &mut Tx<'_>, centre_id: i64, to: &str, body: &str, purpose: &str) -> Result<()> {
    let public_id = tx.public_id();
    let sealed = tx.seal(body, &sealed_as::message(&public_id))?;
    insert(tx, public_id, Some(centre_id), to, sealed, purpose)
}

fn insert(
    tx: &mut Tx<'_>,
    public_id: String,
    centre_id: Option<i64>,
    to: &str,
    body: String,
    purpose: &str,
) -> Result<()> {
    let row = Message {
        id: 0,
        public_id,
        to_number: to.to_owned(),
        body,
        purpose: purpose.to_owned(),
        state: "shown".to_owned(),
        created_at: At::from(tx.now),
        sent_at: None,
        failure: None,
        centre_id,
    };
    diesel::insert_into(messages::table).values(row).execute(tx.conn)?;
    Ok(())
}

/// A message as the phone on the screen shows it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct MessageView {
    /// In E.164.
    pub to: String,
    /// A code in it is shown to who may send one at the centre that sent it, as dots elsewhere.
    pub body: String,
    pub purpose: String,
    #[schemars(with = "String")]
    pub at: Timestamp,
}

/// What is shown of a code that is not theirs to see.
const HIDDEN: &str = "••••••";

/// A message for somebody to whom no code is shown.
impl From<Message> for MessageView {
    fn from(row: Message) -> Self {
        let body = if is_sealed(&row.body) { HIDDEN.to_owned() } else { row.body };
        Self { to: row.to_number, body, purpose: row.purpose, at: row.created_at.instant() }
    }
}

/// The latest messages of the centres in which the actor hands over for every brand, with the codes in them that still
/// hold: they may send one.
///
/// # Errors
/// The store.
pub fn latest(conn: &mut Conn, vault: &Vault, actor: &Actor, limit: i64, now: Timestamp) -> Result<Vec<MessageView>> {
    let mine = messages::table.filter(actor.scope(Action::HandOver).rows::<messages::table>());
    let rows = mine.order(messages::id.desc()).limit(limit).select(Message::as_select()).load::<Message>(conn)?;
    let mut shown = Vec::with_capacity(rows.len());
    for row in rows {
        let is_young = row.created_at.instant() + CODE_MINUTES.minutes() >= now;
        let mut code = if is_young { opened(vault, &row.body, &sealed_as::message(&row.public_id)) } else { None };
        if let Some(sent) = &code
            && !holds(conn, vault, sent, row.created_at, now)?
        {
            code = None;
        }
        let view = MessageView::from(row);
        shown.push(MessageView { body: code.unwrap_or(view.body), ..view });
    }
    Ok(shown)
}

/// Whether a code that was sent at an instant still opens something: no other was sent in its place, nothing was handed
/// over by it, and it was not guessed at too often.
fn holds(conn: &mut Conn, vault: &Vault, code: &str, sent_at: At, now: Timestamp) -> Result<bool> {
    let open = hand_over_codes::table
        .filter(hand_over_codes::sent_at.eq(sent_at))
        .select((hand_over_codes::reception_id, hand_over_codes::code_sealed))
        .load::<(i64, String)>(conn)?;
    let of = |(reception_id, sealed): &(i64, String)| {
        opened(vault, sealed, &sealed_as::hand_over_code(*reception_id)).as_deref() == Some(code)
    };
    match open.iter().find(|row| of(row)) {
        Some((reception_id, _)) => Ok(wrong(conn, &Tried::hand_over_code(*reception_id), now)? < MOST_WRONG),
        None => Ok(false),
    }
}

/// The latest messages, within a write.
///
/// # Errors
/// The store.
pub fn latest_messages(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<MessageView>> {
    let vault = tx.vault().clone();
    latest(tx.conn, &vault, tx.actor, limit, tx.now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::hand_over::{KnownBy, SendCode};
    use crate::billing::{HandOver, Receiver, hand_over, send_hand_over_code};
    use crate::testing::{RECEPTIONIST, TECHNICIAN, in_a_house};
    use store::error::Error;
    use store::schema::{hand_over_codes, journal};

    #[test]
    fn a_code_is_sealed_shown_to_who_may_send_it_and_holds_for_a_quarter_of_an_hour() {
        in_a_house(|house| {
            house.at("1405/09/02 08:00");
            let customer = house.customer("زهرا کریمی", "09123456789");
            let device = house.device("TV-1", "T-1", "1404/01/15", &[]);
            let visit = house.receive(&customer, &[(&device, "no-power")]);
            let send = || house.by(RECEPTIONIST, |tx| send_hand_over_code(tx, &visit.id, &SendCode {})).expect("sent");
            let shown = |actor: &Actor| {
                house
                    .db
                    .read(|conn| latest(conn, house.db.vault(), actor, 1, house.db.now()))
                    .expect("messages")
                    .pop()
                    .map_or_else(String::new, |message| message.body)
            };
            send();
            let code = shown(&house.person(RECEPTIONIST));
            assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
            assert_eq!(house.by(RECEPTIONIST, |tx| latest_messages(tx, 1)).expect("a message").remove(0).body, code);
            let mut elsewhere = house.person(RECEPTIONIST);
            elsewhere.members.iter_mut().for_each(|member| member.centre_id = Some(i64::MAX));
            assert_eq!([shown(&elsewhere), shown(&house.person(TECHNICIAN))], ["", ""]);
            let told = house.write(|tx| crate::personal::export::export_customer(tx, &customer));
            assert_eq!(told.messages[0].body, HIDDEN);

            let stored = house.db.read(|conn| {
                let mut stored = messages::table.select(messages::body).load::<String>(conn)?;
                stored.extend(hand_over_codes::table.select(hand_over_codes::code_sealed).load::<String>(conn)?);
                stored.extend(journal::table.select(journal::payload).load::<String>(conn)?);
                Ok(stored)
            });
            let guessed = crate::access::secrets::digest(&code);
            assert!(
                stored.expect("rows").iter().all(|text| !text.contains(&code) && *text != guessed),
                "neither in clear nor to be guessed"
            );

            let by_code = HandOver {
                repairs: Vec::new(),
                receiver: Receiver {
                    name: Some("علی".to_owned()),
                    national_id: Some("0499370899".to_owned()),
                    known_by: Some(KnownBy::Code),
                    code: Some(code),
                },
            };
            let take = || house.by(RECEPTIONIST, |tx| hand_over(tx, &visit.id, &by_code));
            house.ready(&visit.repairs[0].id);
            house.at("1405/09/02 08:16");
            assert!(matches!(take(), Err(Error::Invalid(faults)) if faults[0].reason.code == "code-over"));
            house.at("1405/09/02 08:14");
            take().expect("handed over");
        });
    }
}
