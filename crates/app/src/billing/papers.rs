//! Papers: the snapshot of the data from which a paper is made, fixed when it is issued; and the bytes, once they were
//! made.
//!
//! A paper is drawn by `documents`, which this crate does not know: whoever draws it first hands the bytes back, and
//! they are kept with their hash.

use domain::access::Action;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::invoices::invoice_view;
use super::rows::{Document, Invoice};
use crate::access::secrets::hex;
use crate::catalogue::rows::Centre;
use crate::coverage::covers::cover_view;
use crate::coverage::rows::Cover;
use crate::customers::rows::Party;
use crate::customers::{CustomerView, customer_view};
use crate::reception::rows::Reception;
use crate::reception::view::ReceptionView;
use crate::repair::rows::RepairDetail;
use store::error::{Error, Result};
use store::outbox::Claimed;
use store::query::*;
use store::rights::{Actor, Of};
use store::schema::{
    brands, centres, covers, devices, documents, faults, invoice_lines, invoices, parties, products, receptions,
    repair_details, repairs, reported_faults,
};
use store::types::{At, Day};
use store::views::{Link, Title};
use store::{Conn, Db, Subject, Tx, link, link_columns};

/// The letterhead: who issues the paper.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Letterhead {
    pub centre: Title,
    pub centre_code: String,
    pub legal_entity: String,
    pub company_id: Option<String>,
    pub economic_code: Option<String>,
    pub phone: Option<String>,
    pub address: Option<String>,
    pub hours: Option<Title>,
    pub time_zone: String,
}

/// What a reception's papers are made from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReceptionPaper {
    pub letterhead: Letterhead,
    pub customer: CustomerView,
    pub reception: ReceptionView,
    pub devices: Vec<ReceivedDevice>,
}

/// A received device on paper.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReceivedDevice {
    pub number: String,
    pub product: Link,
    pub brand: Link,
    pub serial: String,
    pub faults: Vec<Link>,
    pub note: Option<String>,
    pub accessories: Vec<String>,
    pub conditions: Vec<String>,
    pub promised_on: Option<jiff::civil::Date>,
}

/// What a card is made from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CardPaper {
    pub card: crate::coverage::covers::CoverView,
    pub product: Link,
    pub brand: Link,
    pub issued_on: jiff::civil::Date,
    /// Term, first and last day, as far as they are known.
    pub terms: Vec<CardTerm>,
}

/// A term as a card tells it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CardTerm {
    pub id: String,
    pub pays: domain::coverage::Pays,
    pub kind: Option<Title>,
    pub months: Option<i64>,
    pub days: Option<i64>,
    pub last_day: Option<jiff::civil::Date>,
}

/// What an invoice is made from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InvoicePaper {
    pub letterhead: Letterhead,
    pub payer: CustomerView,
    pub invoice: super::InvoiceView,
    /// Number and device of each repair on it.
    pub repairs: Vec<(String, Title, String)>,
}

fn letterhead(conn: &mut Conn, centre_id: i64) -> Result<Letterhead> {
    let (centre, party) = centres::table
        .inner_join(parties::table.on(parties::id.eq(centres::legal_entity_id)))
        .filter(centres::id.eq(centre_id))
        .select((Centre::as_select(), Party::as_select()))
        .first::<(Centre, Party)>(conn)?;
    Ok(Letterhead {
        centre: Title::new(&centre.title_fa, &centre.title_en),
        centre_code: centre.code.clone(),
        legal_entity: party.name,
        company_id: party.company_id,
        economic_code: party.economic_code,
        phone: centre.phone.clone(),
        address: centre.address.clone(),
        hours: centre.hours_fa.clone().zip(centre.hours_en.clone()).map(|(fa, en)| Title { fa, en }),
        time_zone: centre.time_zone.clone(),
    })
}

fn party(conn: &mut Conn, id: i64) -> Result<CustomerView> {
    let row = parties::table.find(id).select(Party::as_select()).first(conn)?;
    customer_view(conn, row)
}

struct NewPaper<'a> {
    kind: &'a str,
    number: Option<String>,
    revision: i64,
    centre_id: i64,
    subject_id: i64,
    language: String,
    snapshot: String,
}

fn insert(tx: &mut Tx<'_>, paper: NewPaper<'_>) -> Result<()> {
    let row = Document {
        id: 0,
        public_id: tx.public_id(),
        kind: paper.kind.to_owned(),
        number: paper.number,
        revision: paper.revision,
        centre_id: paper.centre_id,
        subject_kind: paper.kind.to_owned(),
        subject_id: paper.subject_id,
        language: paper.language,
        snapshot: paper.snapshot,
        media_type: None,
        content: None,
        sha256: None,
        issued_at: At::from(tx.occurred),
    };
    diesel::insert_into(documents::table).values(row).execute(tx.conn)?;
    Ok(())
}

/// Issues a reception's papers (receipt, label, goods-entry sheet), or their next revision.
pub(crate) fn issue_reception(tx: &mut Tx<'_>, row: &Reception, view: &ReceptionView) -> Result<()> {
    let customer = party(tx.conn, row.customer_id)?;
    let language = customer.language.clone();
    let letterhead = letterhead(tx.conn, row.centre_id)?;
    let paper =
        ReceptionPaper { letterhead, customer, reception: view.clone(), devices: received_devices(tx.conn, row.id)? };
    let snapshot = serde_json::to_string(&paper).map_err(Error::internal)?;
    insert(
        tx,
        NewPaper {
            kind: "reception",
            number: Some(row.number.clone()),
            revision: row.revision,
            centre_id: row.centre_id,
            subject_id: row.id,
            language,
            snapshot,
        },
    )
}

/// The devices of a visit as its papers tell of them, in order.
fn received_devices(conn: &mut Conn, reception_id: i64) -> Result<Vec<ReceivedDevice>> {
    let rows = repairs::table
        .inner_join(repair_details::table.on(repair_details::repair_id.eq(repairs::id)))
        .inner_join(devices::table.on(devices::id.eq(repairs::device_id)))
        .inner_join(products::table.on(products::id.eq(repairs::product_id)))
        .inner_join(brands::table.on(brands::id.eq(repairs::brand_id)))
        .filter(repairs::reception_id.eq(reception_id))
        .order(repairs::ordinal)
        .select((
            (repairs::id, repairs::number, repairs::promised_on),
            RepairDetail::as_select(),
            devices::serial,
            link_columns!(products),
            link_columns!(brands),
        ))
        .load::<((i64, String, Option<Day>), RepairDetail, String, Link, Link)>(conn)?;
    let reported = reported_faults::table
        .inner_join(faults::table.on(faults::id.eq(reported_faults::fault_id)))
        .inner_join(repairs::table.on(repairs::id.eq(reported_faults::repair_id)))
        .filter(repairs::reception_id.eq(reception_id))
        .order(reported_faults::position)
        .select((reported_faults::repair_id, link_columns!(faults)))
        .load::<(i64, Link)>(conn)?;
    let device =
        |((id, number, promised_on), details, serial, product, brand): (_, RepairDetail, _, _, _)| ReceivedDevice {
            number,
            product,
            brand,
            serial,
            faults: reported.iter().filter(|(repair, _)| *repair == id).map(|(_, fault)| fault.clone()).collect(),
            note: details.reported_note,
            accessories: serde_json::from_str(&details.accessories).unwrap_or_default(),
            conditions: serde_json::from_str(&details.conditions).unwrap_or_default(),
            promised_on: Day::shown(promised_on),
        };
    Ok(rows.into_iter().map(device).collect())
}

/// Issues a card on paper.
pub(crate) fn issue_card(tx: &mut Tx<'_>, row: &Cover) -> Result<()> {
    let (product, brand) = devices::table
        .find(row.device_id)
        .select((devices::product_id, devices::brand_id))
        .first::<(i64, i64)>(tx.conn)?;
    let rules = crate::coverage::covers::rules_of(tx.conn, row)?;
    let today = tx.today();
    let now = tx.now;
    let built = crate::coverage::case::build(
        tx.conn,
        row.device_id,
        now,
        today,
        None,
        crate::coverage::case::Asked::default(),
    )?;
    let periods = domain::coverage::terms_over_time(&built.case);
    let id = crate::coverage::case::cover_id(row);
    let mut terms = Vec::new();
    for term in &rules.terms {
        use store::schema::product_kinds;
        let code = term.scope.as_ref().and_then(|scope| scope.kinds.first());
        let kind = match code {
            Some(code) => product_kinds::table
                .filter(product_kinds::code.eq(code))
                .select((product_kinds::title_fa, product_kinds::title_en))
                .first::<(String, String)>(tx.conn)
                .optional()?
                .map(|(fa, en)| Title { fa, en }),
            None => None,
        };
        let last_day =
            periods.iter().find(|(cover, name, ..)| *cover == id && *name == term.id).map(|(.., last)| *last);
        terms.push(CardTerm {
            id: term.id.clone(),
            pays: term.pays.clone(),
            kind,
            months: term.months,
            days: term.days,
            last_day,
        });
    }
    let paper = CardPaper {
        card: cover_view(tx.conn, tx.actor, row.clone(), tx.now)?,
        product: link!(tx.conn, products, product),
        brand: link!(tx.conn, brands, brand),
        issued_on: today,
        terms,
    };
    let centre_id = match tx.actor.centre_id {
        Some(id) => Some(id),
        None => centres::table.order(centres::id).select(centres::id).first(tx.conn).optional()?,
    };
    // Without any centre there is nobody yet whose paper it would be.
    let Some(centre_id) = centre_id else { return Ok(()) };
    let snapshot = serde_json::to_string(&paper).map_err(Error::internal)?;
    insert(
        tx,
        NewPaper {
            kind: "card",
            number: Some(row.number.clone()),
            revision: 1,
            centre_id,
            subject_id: row.id,
            language: "fa".to_owned(),
            snapshot,
        },
    )
}

/// Issues an invoice on paper.
pub(crate) fn issue_invoice(tx: &mut Tx<'_>, row: &Invoice) -> Result<()> {
    let payer = party(tx.conn, row.payer_party_id)?;
    let language = payer.language.clone();
    let invoice = invoice_view(tx.conn, row.clone())?;
    // Of a visit that others pay for too, the repairs that stand on this invoice: its payer sees nobody else's device.
    let billed = invoice_lines::table.filter(invoice_lines::invoice_id.eq(row.id)).select(invoice_lines::repair_id);
    let repairs = repairs::table
        .inner_join(products::table.on(products::id.eq(repairs::product_id)))
        .inner_join(devices::table.on(devices::id.eq(repairs::device_id)))
        .filter(repairs::id.nullable().eq_any(billed))
        .order(repairs::ordinal)
        .select((repairs::number, (products::title_fa, products::title_en), devices::serial))
        .load::<(String, Title, String)>(tx.conn)?;
    let paper = InvoicePaper { letterhead: letterhead(tx.conn, row.centre_id)?, payer, invoice, repairs };
    let snapshot = serde_json::to_string(&paper).map_err(Error::internal)?;
    insert(
        tx,
        NewPaper {
            kind: "invoice",
            number: Some(row.number.clone()),
            revision: 1,
            centre_id: row.centre_id,
            subject_id: row.id,
            language,
            snapshot,
        },
    )
}

/// The public id of the latest paper of a thing.
pub(crate) fn document_of(conn: &mut Conn, kind: &str, subject_id: i64) -> Result<Option<String>> {
    Ok(documents::table
        .filter(documents::subject_kind.eq(kind))
        .filter(documents::subject_id.eq(subject_id))
        .order(documents::id.desc())
        .select(documents::public_id)
        .first(conn)
        .optional()?)
}

/// A paper that can be drawn.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PaperView {
    pub id: String,
    /// reception, card or invoice.
    pub kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    pub revision: i64,
    pub language: String,
    #[serde(skip)]
    pub snapshot: String,
    #[serde(skip)]
    pub content: Option<Vec<u8>>,
}

/// Whether somebody is shown the sheet of a visit, which tells of all its devices and where the customer lives: who
/// sees them all, and the customer.
fn sees_sheet(conn: &mut Conn, actor: &Actor, reception: &str) -> Result<bool> {
    let is_part = crate::reception::get_reception(conn, actor, reception)?.is_part;
    Ok(!is_part && crate::reception::partly(conn, actor, reception, Action::ViewCustomers).is_ok())
}

/// A paper, for those who see what it is about.
///
/// # Errors
/// `Forbidden`, `NotFound`.
pub fn get_document(conn: &mut Conn, actor: &Actor, public_id: &str) -> Result<PaperView> {
    let row = documents::table
        .filter(documents::public_id.eq(public_id))
        .select(Document::as_select())
        .first::<Document>(conn)
        .optional()?
        .ok_or(Error::NotFound)?;
    match row.kind.as_str() {
        "invoice" => {
            actor.may(Action::ViewMoney, Of::Anything)?;
            let invoice = invoices::table.find(row.subject_id).select(invoices::public_id).first::<String>(conn)?;
            super::invoices::seen(conn, actor, &invoice, &[Action::ViewMoney])?;
        }
        "reception" => {
            let reception =
                receptions::table.find(row.subject_id).select(receptions::public_id).first::<String>(conn)?;
            if !sees_sheet(conn, actor, &reception)? {
                return Err(Error::NotFound);
            }
        }
        "card" => {
            let cover = covers::table.find(row.subject_id).select(covers::public_id).first::<String>(conn)?;
            crate::coverage::covers::card_row(conn, actor, &cover)?;
        }
        _ => return Err(Error::NotFound),
    }
    Ok(PaperView {
        id: row.public_id,
        kind: row.kind,
        number: row.number,
        revision: row.revision,
        language: row.language,
        snapshot: row.snapshot,
        content: row.content,
    })
}

/// The papers of a thing that the actor sees, newest first; none of a visit of which they see a part alone.
///
/// # Errors
/// `Forbidden`, `NotFound`.
pub fn papers_of(conn: &mut Conn, actor: &Actor, kind: &str, subject: &str) -> Result<Vec<PaperView>> {
    let subject_id = match kind {
        "reception" if !sees_sheet(conn, actor, subject)? => return Ok(Vec::new()),
        "reception" => crate::reception::reception_row(conn, subject)?.id,
        "invoice" => super::invoices::seen(conn, actor, subject, &[Action::ViewMoney])?.id,
        _ => crate::coverage::covers::card_row(conn, actor, subject)?.id,
    };
    let rows = documents::table
        .filter(documents::subject_kind.eq(kind))
        .filter(documents::subject_id.eq(subject_id))
        .order(documents::id.desc())
        .select((documents::public_id, documents::kind, documents::number, documents::revision, documents::language))
        .load::<(String, String, Option<String>, i64, String)>(conn)?;
    Ok(rows
        .into_iter()
        .map(|(id, kind, number, revision, language)| PaperView {
            id,
            kind,
            number,
            revision,
            language,
            snapshot: String::new(),
            content: None,
        })
        .collect())
}

/// Public ids of the papers that an entry of the journal issued and nobody has drawn yet.
///
/// # Errors
/// The store.
pub fn undrawn(conn: &mut Conn, claimed: &Claimed) -> Result<Vec<String>> {
    let of = |kind: &str, ids: Vec<i64>| {
        documents::table
            .filter(documents::subject_kind.eq(kind.to_owned()))
            .filter(documents::subject_id.eq_any(ids))
            .filter(documents::content.is_null())
            .order(documents::id)
            .select(documents::public_id)
    };
    let mut ids = of("invoice", claimed.subjects_of(Subject::Invoice(0))).load(conn)?;
    ids.extend(of("card", claimed.subjects_of(Subject::Cover(0))).load::<String>(conn)?);
    Ok(ids)
}

/// Keeps the bytes of a paper that was drawn for the first time; a paper that has bytes keeps them.
///
/// # Errors
/// The store.
pub fn keep(db: &Db, public_id: &str, media_type: &str, content: &[u8]) -> Result<()> {
    let sha256 = hex(&Sha256::digest(content));
    db.write(&Actor::system(), |tx| {
        diesel::update(
            documents::table.filter(documents::public_id.eq(public_id)).filter(documents::content.is_null()),
        )
        .set((
            documents::media_type.eq(Some(media_type)),
            documents::content.eq(Some(content)),
            documents::sha256.eq(Some(&sha256)),
        ))
        .execute(tx.conn)?;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::in_a_house;

    #[test]
    fn an_invoice_tells_of_the_devices_that_stand_on_it_alone() {
        in_a_house(|house| {
            house.at("1405/09/02");
            let customer = house.customer("حسن مرادی", "09121112233");
            let devices = ["T-1", "T-2"].map(|serial| house.device("TV-1", serial, "1400/08/24", &[]));
            let visit = house.receive(&customer, &[(&devices[0], "no-power"), (&devices[1], "no-power")]);
            for repair in &visit.repairs {
                house.ready(&repair.id);
                house.operation(&repair.id, "SVC-ANY", None);
                house.agree(&repair.id);
            }
            for (repair, [told, untold]) in visit.repairs.iter().zip([["T-1", "T-2"], ["T-2", "T-1"]]) {
                let invoice = house.hand_over(&visit.id, &[&repair.id]).invoices.remove(0);
                let paper = house
                    .db
                    .read(|conn| get_document(conn, &house.admin, invoice.document.as_deref().unwrap_or_default()))
                    .expect("a paper");
                let paper: InvoicePaper = serde_json::from_str(&paper.snapshot).expect("a snapshot");
                let serials = paper.repairs.iter().map(|(_, _, serial)| serial.as_str()).collect::<Vec<_>>();
                assert!(serials == [told] && !serials.contains(&untold), "{serials:?}");
            }
        });
    }
}
