//! A cover as it is written.

use domain::coverage::{CoverKind, CoverState};
use jiff::civil::Date;

use super::rows::Cover;
use store::Tx;
use store::error::Result;
use store::query::*;
use store::schema::covers;
use store::search_keys::{Target, put};
use store::types::{At, Day};

/// What a cover is made of.
pub(crate) struct NewCover {
    pub kind: CoverKind,
    pub number: String,
    pub device_id: i64,
    pub policy_version_id: Option<i64>,
    pub rules: Option<String>,
    pub payer_party_id: i64,
    pub starts_on: Option<Date>,
    pub issued_at: jiff::Timestamp,
    pub repair_id: Option<i64>,
    pub seller: Option<String>,
}

pub(crate) fn insert(tx: &mut Tx<'_>, new: NewCover) -> Result<Cover> {
    let row = Cover {
        id: 0,
        public_id: tx.public_id(),
        kind: new.kind.name().to_owned(),
        number_key: domain::text::key(&new.number),
        number: new.number,
        device_id: new.device_id,
        policy_version_id: new.policy_version_id,
        rules: new.rules,
        payer_party_id: new.payer_party_id,
        state: CoverState::Active.name().to_owned(),
        starts_on: new.starts_on.map(Day::from),
        issued_at: At::from(new.issued_at),
        recorded_at: At::from(tx.now),
        repair_id: new.repair_id,
        seller: new.seller,
        version: 1,
    };
    let id = diesel::insert_into(covers::table).values(row.clone()).returning(covers::id).get_result(tx.conn)?;
    if !matches!(new.kind, CoverKind::Goodwill | CoverKind::RepairWarranty) {
        put(tx.conn, Target::Cover, id, new.kind.name(), std::slice::from_ref(&row.number_key))?;
    }
    Ok(Cover { id, ..row })
}
