//! Papers: the snapshot of the data from which a paper is made, fixed when it is issued; and the bytes, once they were
//! made.
//!
//! What a paper tells stands in the slice whose paper it is. A paper is drawn by `documents`, which this crate does not
//! know: whoever draws it first hands the bytes back, and they are kept with their hash.

pub mod rows;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::access::secrets::hex;
use crate::catalogue::rows::Centre;
use crate::customers::rows::Party;
use crate::customers::{CustomerView, customer_view};
use crate::papers::rows::Document;
use store::error::Result;
use store::query::*;
use store::rights::Actor;
use store::schema::{centres, documents, journal_subjects, parties};
use store::types::At;
use store::views::Title;
use store::{Conn, Db, Subject, Tx};

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

/// The letterhead of a centre.
///
/// # Errors
/// The store.
pub(crate) fn letterhead(conn: &mut Conn, centre_id: i64) -> Result<Letterhead> {
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

/// A party as papers tell of it.
///
/// # Errors
/// The store.
pub(crate) fn party(conn: &mut Conn, id: i64) -> Result<CustomerView> {
    let row = parties::table.find(id).select(Party::as_select()).first(conn)?;
    customer_view(conn, row)
}

/// A paper that is issued now.
pub(crate) struct NewPaper<'a> {
    pub kind: &'a str,
    pub number: Option<String>,
    pub revision: i64,
    pub centre_id: i64,
    pub subject_id: i64,
    pub language: String,
    pub snapshot: String,
}

/// Issues a paper: what it is made from is fixed.
///
/// # Errors
/// The store.
pub(crate) fn issue(tx: &mut Tx<'_>, paper: NewPaper<'_>) -> Result<()> {
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

/// Public ids of the papers that an entry of the journal issued and nobody has drawn yet.
///
/// # Errors
/// The store.
pub fn undrawn(conn: &mut Conn, journal_id: i64) -> Result<Vec<String>> {
    let of = |kind: &str, ids: Vec<i64>| {
        documents::table
            .filter(documents::subject_kind.eq(kind.to_owned()))
            .filter(documents::subject_id.eq_any(ids))
            .filter(documents::content.is_null())
            .order(documents::id)
            .select(documents::public_id)
    };
    let subjects = journal_subjects::table
        .filter(journal_subjects::journal_id.eq(journal_id))
        .select((journal_subjects::subject_kind, journal_subjects::subject_id))
        .load::<(String, i64)>(conn)?;
    let named = |like: Subject| {
        let alike = subjects.iter().filter(move |(kind, _)| kind == like.kind());
        alike.map(|(_, id)| *id).collect::<Vec<_>>()
    };
    let mut ids = of("invoice", named(Subject::Invoice(0))).load(conn)?;
    ids.extend(of("card", named(Subject::Cover(0))).load::<String>(conn)?);
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
