//! Handing devices over: one act for some or all ready devices of a visit. It takes the transition into the end of the
//! chart, moves the devices out of custody, makes one invoice per payer, spends the claims and opens the repair
//! warranties.

use domain::access::Action;
use domain::identifiers;
use domain::workflow::Need;
use jiff::{Timestamp, ToSpan};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::invoices::{Bill, Due, issue, of_hand_over};
use super::payments::carry_over;
use super::rows::{HandOver as HandOverRow, HandOverRepair};
use crate::access::guesses::{self, Tried, may_guess};
use crate::billing::rows::Kind;
use crate::billing::view::{InvoiceView, invoice_view};
use crate::catalogue::rows::Centre;
use crate::coverage::claims::spend;
use crate::coverage::decide::decide_repair;
use crate::coverage::repair_warranty;
use crate::coverage::shares::current_shares;
use crate::customers::first_phone;
use crate::devices::append_event;
use crate::messaging::{CODE_MINUTES, MOST_WRONG, queue_code};
use crate::parts::{Paper, Place, Thing, move_thing};
use crate::reception::partly;
use crate::reception::rows::{HandOverCode, Reception};
use crate::repair::agreed::must_hold;
use crate::repair::road::log_move;
use crate::repair::rows::Repair;
use crate::repair::work::{charged, planned};
use crate::workflow::chart;
use store::error::{Error, Fault, Faults, Reason, Result};
use store::query::*;
use store::schema::{centres, covers, hand_over_codes, hand_over_repairs, hand_overs, repair_details, repairs};
use store::types::{At, Day};
use store::{Event, Subject, Tx, sealed_as};

/// Hands over ready devices of a visit.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HandOver {
    /// Public ids of the repairs; empty: all of the visit that are ready.
    #[schemars(length(max = 50), inner(length(max = 60)))]
    #[serde(default)]
    pub repairs: Vec<String>,
    #[serde(default)]
    pub receiver: Receiver,
}

/// Who takes the devices away.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Receiver {
    /// Name of a representative; absent: the owner.
    #[schemars(length(max = 120))]
    #[serde(default)]
    pub name: Option<String>,
    /// National ID of a representative.
    #[schemars(length(max = 30))]
    #[serde(default)]
    pub national_id: Option<String>,
    /// How they were known.
    #[serde(default)]
    pub known_by: Option<KnownBy>,
    /// The code that was sent to the customer's phone, for `known_by: code`.
    #[schemars(length(max = 12))]
    #[serde(default)]
    pub code: Option<String>,
}

domain::words! {
    /// How who takes a device away was known.
    KnownBy { Receipt = "receipt", Code = "code", Document = "document", InPerson = "in_person" }
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct HandOverView {
    pub id: String,
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// Public ids of the repairs that were handed over.
    pub repairs: Vec<String>,
    pub invoices: Vec<InvoiceView>,
}

/// # Errors
/// `Forbidden`, `NotFound`; `Invalid` where a representative is not named or the code is wrong; `Conflict` where a
/// repair is not ready, or its customer would pay more than he agreed to.
pub fn hand_over(tx: &mut Tx<'_>, reception: &str, command: &HandOver) -> Result<HandOverView> {
    let reception = partly(tx.conn, tx.actor, reception, Action::HandOver)?;
    let centre = centres::table.find(reception.centre_id).select(Centre::as_select()).first::<Centre>(tx.conn)?;
    let on = tx.today_in(&centre.time_zone);
    let going = going(tx, &reception, command)?;
    let row = receiver(tx, &reception, &centre, command, on.into())?;
    let public_id = row.public_id.clone();
    let id = diesel::insert_into(hand_overs::table).values(row).returning(hand_overs::id).get_result::<i64>(tx.conn)?;

    let mut dues: Vec<(Option<i64>, Kind, Vec<Due>)> = Vec::new();
    let mut subjects = vec![Subject::Reception(reception.id), Subject::Customer(reception.customer_id)];
    for repair in &going {
        decide_repair(tx, repair.id, "hand-over")?;
        let repair = repairs::table.find(repair.id).select(Repair::as_select()).first(tx.conn)?;
        must_hold(tx, &repair, on)?;
        gather(tx, &repair, &centre, &mut dues)?;
        diesel::insert_into(hand_over_repairs::table)
            .values(HandOverRepair { hand_over_id: id, repair_id: repair.id, reopened_at: None })
            .execute(tx.conn)?;
        spend(tx, repair.id)?;
        if repair.outcome.as_deref() == Some("repaired") {
            repair_warranty::open(tx, &repair, &centre, on)?;
        }
        leave(tx, &repair, id, on.into())?;
        subjects.extend([Subject::Repair(repair.id), Subject::Device(repair.device_id)]);
    }
    // The customer's invoice first, then the warrantors', then the house's own cost.
    dues.sort_by_key(|(payer, kind, _)| (*kind as u8, payer.unwrap_or(0)));
    for (payer, kind, dues) in dues {
        let bill = Bill {
            kind,
            centre: &centre,
            payer_id: payer.unwrap_or(reception.customer_id),
            reception_id: Some(reception.id),
            hand_over_id: Some(id),
            on,
        };
        let invoice = issue(tx, &bill, &dues)?;
        carry_over(tx, &invoice)?;
    }
    let receiver = if command.receiver.name.is_some() { "representative" } else { "owner" };
    let event = Event::HandedOver { number: reception.number.clone(), receiver: receiver.to_owned() };
    tx.record(Some(reception.centre_id), &event, &subjects)?;
    diesel::delete(hand_over_codes::table.find(reception.id)).execute(tx.conn)?;
    let invoices =
        of_hand_over(tx.conn, id)?.into_iter().map(|row| invoice_view(tx.conn, row)).collect::<Result<_>>()?;
    Ok(HandOverView {
        id: public_id,
        at: tx.occurred,
        repairs: going.into_iter().map(|row| row.public_id).collect(),
        invoices,
    })
}

/// The repairs that go: those named, or all that stand before a hand-over.
fn going(tx: &mut Tx<'_>, reception: &Reception, command: &HandOver) -> Result<Vec<Repair>> {
    let rows = repairs::table
        .filter(repairs::reception_id.eq(reception.id))
        .order(repairs::ordinal)
        .select(Repair::as_select())
        .load::<Repair>(tx.conn)?;
    let mut faults = Faults::default();
    for (index, id) in command.repairs.iter().enumerate() {
        if !rows.iter().any(|row| row.public_id == *id) {
            faults.add(Fault::new(format!("repairs[{index}]"), "unknown-reference"));
        }
    }
    faults.told()?;
    let mut going = Vec::new();
    for row in rows {
        let is_named = command.repairs.contains(&row.public_id);
        if !is_named && !command.repairs.is_empty() {
            continue;
        }
        // Of a visit with devices of several brands each hands out those of their own.
        if let Err(refusal) = tx.actor.may(Action::HandOver, row.of()) {
            if is_named {
                return Err(refusal);
            }
            continue;
        }
        let chart = chart(tx.conn, row.chart_id)?;
        let is_ready = row.is_open && chart.hands_over(&row.step);
        match (is_ready, is_named) {
            (true, _) => {
                if let Some(line) = planned(tx.conn, row.id)?.first() {
                    return Err(Error::Conflict(
                        Reason::new("part-not-fitted").with("number", row.number).with("item", line.item_code.clone()),
                    ));
                }
                going.push(row);
            }
            (false, true) if !row.is_open => {
                return Err(Error::Conflict(Reason::new("already-handed-over").with("number", row.number)));
            }
            (false, true) => return Err(Error::Conflict(Reason::new("not-ready").with("number", row.number))),
            (false, false) => {}
        }
    }
    if going.is_empty() {
        Err(Error::Conflict(Reason::new("nothing-ready").with("number", reception.number.clone())))
    } else {
        Ok(going)
    }
}

fn receiver(
    tx: &mut Tx<'_>,
    reception: &Reception,
    centre: &Centre,
    command: &HandOver,
    on: Day,
) -> Result<HandOverRow> {
    let who = &command.receiver;
    let name = who.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let mut faults = Faults::default();
    let national_id =
        faults.normal(who.national_id.as_deref(), identifiers::national_id, "receiver.national_id", "national-id");
    faults.check(name.is_none() || who.known_by.is_some(), "receiver.known_by", "known-by");
    faults.check(
        name.is_none() || who.known_by == Some(KnownBy::Receipt) || national_id.is_some(),
        "receiver.national_id",
        "required",
    );
    faults.told()?;
    if who.known_by == Some(KnownBy::Code) {
        right_code(tx, reception.id, who.code.as_deref().unwrap_or_default())?;
    }
    Ok(HandOverRow {
        id: 0,
        public_id: tx.public_id(),
        reception_id: reception.id,
        centre_id: centre.id,
        occurred_at: At::from(tx.occurred),
        occurred_on: on,
        handed_by: tx.actor.user_id,
        receiver_kind: if name.is_some() { "representative" } else { "owner" }.to_owned(),
        receiver_name: name.map(str::to_owned),
        receiver_national_id: national_id,
        known_by: who.known_by.map(|known| known.name().to_owned()),
    })
}

/// Sorts the shares of a repair by payer: the customer, warrantors, the serving house itself.
fn gather(
    tx: &mut Tx<'_>,
    repair: &Repair,
    centre: &Centre,
    dues: &mut Vec<(Option<i64>, Kind, Vec<Due>)>,
) -> Result<()> {
    let shares = current_shares(tx.conn, repair)?;
    for line in charged(tx.conn, repair.id)? {
        if line.amount_minor.is_none() {
            return Err(Error::Conflict(Reason::new("line-without-price").with("item", line.item_code)));
        }
        for share in shares.iter().filter(|share| share.work_line_id == line.id) {
            let kind = match share.payer_party_id {
                None => Kind::Service,
                Some(payer) if payer == centre.legal_entity_id => Kind::Internal,
                Some(_) => Kind::Warranty,
            };
            let net = if kind == Kind::Warranty { share.claim_minor } else { share.amount_minor };
            if net == 0 {
                continue;
            }
            let promise = match share.cover_id {
                Some(id) if covers::table.find(id).select(covers::kind).first::<String>(tx.conn)? == "goodwill" => {
                    "goodwill"
                }
                _ => "repair_warranty",
            };
            let due = Due { line: line.clone(), net, promise };
            match dues.iter_mut().find(|(payer, of, _)| *payer == share.payer_party_id && *of == kind) {
                Some((.., list)) => list.push(due),
                None => dues.push((share.payer_party_id, kind, vec![due])),
            }
        }
    }
    Ok(())
}

/// The device leaves: out of custody, onto the end of its chart.
fn leave(tx: &mut Tx<'_>, repair: &Repair, hand_over_id: i64, on: Day) -> Result<()> {
    let chart = chart(tx.conn, repair.chart_id)?;
    let way = chart.ways_out(&repair.step).find(|way| way.needs.contains(&Need::HandOver)).cloned();
    let Some(way) = way else {
        return Err(Error::Conflict(Reason::new("not-ready").with("number", repair.number.clone())));
    };
    log_move(tx, repair, &way.id, &way.to, None)?;
    if repair.place == "workshop" {
        let thing = Thing { device_id: Some(repair.device_id), product_id: repair.product_id, quantity_milli: 1000 };
        move_thing(tx, thing, Place::Shelf(repair.centre_id), Place::Customer(None), Paper("hand_over", hand_over_id))?;
    }
    diesel::update(repairs::table.find(repair.id))
        .set((
            repairs::is_open.eq(false),
            repairs::handed_over_at.eq(Some(At::from(tx.occurred))),
            repairs::returned_on.eq(Some(on)),
            repairs::version.eq(repairs::version + 1),
        ))
        .execute(tx.conn)?;
    // What opened the device is nobody's business any more.
    diesel::update(repair_details::table.find(repair.id))
        .set(repair_details::passcode.eq(None::<String>))
        .execute(tx.conn)?;
    let event = Event::HandedOver { number: repair.number.clone(), receiver: String::new() };
    let journal_id =
        tx.record((repair.centre_id, repair.brand_id), &event, &[Subject::Object("returned", repair.id)])?;
    append_event(
        tx,
        repair.device_id,
        "returned",
        tx.occurred,
        on.date(),
        journal_id,
        &serde_json::json!({"repair": repair.id}),
    )
}

/// Sends a code to the customer's phone, for somebody who comes without the receipt.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendCode {}

/// # Errors
/// `NotFound`; `Conflict` where the customer has no phone; `TooMany` within a minute of the one before.
pub fn send_hand_over_code(tx: &mut Tx<'_>, reception: &str, _: &SendCode) -> Result<()> {
    let reception = partly(tx.conn, tx.actor, reception, Action::HandOver)?;
    let Some(phone) = first_phone(tx.conn, reception.customer_id)? else { return Err(Error::conflict("no-phone")) };
    let last =
        hand_over_codes::table.find(reception.id).select(hand_over_codes::sent_at).first::<At>(tx.conn).optional()?;
    may_guess(last.map(|sent| At::from(sent.instant() + 1.minute())), tx.now)?;
    let code = format!("{:06}", tx.random() % 1_000_000);
    diesel::delete(hand_over_codes::table.find(reception.id)).execute(tx.conn)?;
    guesses::forget(tx, &Tried::hand_over_code(reception.id))?;
    let code_sealed = tx.seal(&code, &sealed_as::hand_over_code(reception.id))?;
    let row = HandOverCode { reception_id: reception.id, code_sealed, sent_at: At::from(tx.now) };
    diesel::insert_into(hand_over_codes::table).values(row).execute(tx.conn)?;
    queue_code(tx, reception.centre_id, &phone, &code, "hand_over_code")?;
    tx.record(
        Some(reception.centre_id),
        &Event::HandOverCodeSent { number: reception.number.clone() },
        &[Subject::Reception(reception.id), Subject::Customer(reception.customer_id)],
    )?;
    Ok(())
}

fn right_code(tx: &mut Tx<'_>, reception_id: i64, typed: &str) -> Result<()> {
    let row = hand_over_codes::table
        .find(reception_id)
        .select(HandOverCode::as_select())
        .first::<HandOverCode>(tx.conn)
        .optional()?;
    let Some(row) = row else { return Err(Error::invalid("receiver.code", "no-code")) };
    let tried = Tried::hand_over_code(reception_id);
    let now = tx.now;
    if guesses::wrong(tx.conn, &tried, now)? >= MOST_WRONG {
        return Err(Error::invalid("receiver.code", "code-used-up"));
    }
    if row.sent_at.instant() + CODE_MINUTES.minutes() < now {
        return Err(Error::invalid("receiver.code", "code-over"));
    }
    let Some(code) = tx.open(row.code_sealed, &sealed_as::hand_over_code(reception_id)) else {
        return Err(Error::invalid("receiver.code", "code-over"));
    };
    // Writes come one after the other, and a right code is used up by nothing that is refused after it.
    if domain::text::digits(typed) == code {
        return Ok(());
    }
    guesses::count(tx, &tried)?;
    Err(Error::invalid("receiver.code", "wrong-code"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{House, RECEPTIONIST, in_a_house, told};

    /// A ready repair whose customer was not asked yet: visit and repair.
    fn ready(house: &House) -> (String, String) {
        house.at("1405/09/02 10:00");
        let customer = house.customer("حسن مرادی", "09121112233");
        let device = house.device("TV-1", "T-1", "1400/08/24", &[]);
        let mut visit = house.receive(&customer, &[(&device, "no-power")]);
        let repair = visit.repairs.remove(0).id;
        house.ready(&repair);
        house.operation(&repair, "SVC-ANY", None);
        (visit.id, repair)
    }

    fn sent(house: &House, visit: &str) -> Result<String> {
        house.by(RECEPTIONIST, |tx| send_hand_over_code(tx, visit, &SendCode {}))?;
        let desk = house.person(RECEPTIONIST);
        let shown = house
            .db
            .read(|conn| crate::messaging::latest(conn, house.db.vault(), &desk, 1, house.db.now()))
            .expect("messages");
        Ok(shown[0].body.clone())
    }

    fn handed(house: &House, visit: &str, code: &str) -> String {
        let receiver = Receiver { known_by: Some(KnownBy::Code), code: Some(code.to_owned()), ..Receiver::default() };
        told(
            house.by(RECEPTIONIST, |tx| {
                hand_over(tx, visit, &HandOver { repairs: Vec::new(), receiver: receiver.clone() })
            }),
        )
    }

    #[test]
    fn a_right_code_is_used_up_by_nothing_and_a_wrong_one_five_times_is() {
        in_a_house(|house| {
            let (visit, repair) = ready(house);
            let code = sent(house, &visit).expect("sent");
            assert!(matches!(sent(house, &visit), Err(Error::TooMany { retry_after_seconds: 1..=60 })));
            for _ in 0..8 {
                assert_eq!(handed(house, &visit, &code), "estimate-exceeded");
            }
            let wrong = if code == "000000" { "000001" } else { "000000" };
            for _ in 0..5 {
                assert_eq!(handed(house, &visit, wrong), "receiver.code: wrong-code");
            }
            assert_eq!(handed(house, &visit, &code), "receiver.code: code-used-up");
            let shown = || {
                let messages = house.by(RECEPTIONIST, |tx| crate::messaging::latest_messages(tx, 9)).expect("messages");
                messages.into_iter().map(|message| message.body).collect::<Vec<_>>()
            };
            assert!(shown().iter().all(|body| !body.contains(&code)), "what opens nothing is not read");
            house.at("1405/09/02 10:30");
            let first = sent(house, &visit).expect("another");
            house.at("1405/09/02 10:31");
            let code = sent(house, &visit).expect("one in its place");
            assert!(first == code || !shown().contains(&first));
            assert!(shown().contains(&code));
            house.agree(&repair);
            house.at("1405/09/02 10:47");
            assert_eq!(handed(house, &visit, &code), "receiver.code: code-over");
            let code = sent(house, &visit).expect("another");
            let listed = || {
                let query = crate::reception::ListReceptions::default();
                let page = house.db.read(|conn| crate::reception::list_receptions(conn, &house.admin, &query));
                page.expect("a list").items.remove(0).state
            };
            assert_eq!(listed(), "open");
            assert_eq!(handed(house, &visit, &code), "done");
            assert_eq!(listed(), "over", "as its page says");
        });
    }
}
