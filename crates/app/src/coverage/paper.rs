//! A card on paper.

use serde::{Deserialize, Serialize};

use crate::coverage::rows::Cover;
use crate::coverage::view::cover_view;
use crate::papers::{NewPaper, issue};
use store::error::{Error, Result};
use store::query::*;
use store::schema::{centres, devices};
use store::views::{Link, Title};
use store::{Tx, link};

/// What a card is made from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CardPaper {
    pub card: crate::coverage::view::CoverView,
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

/// Issues a card on paper.
pub(crate) fn issue_card(tx: &mut Tx<'_>, row: &Cover) -> Result<()> {
    let (product, brand) = devices::table
        .find(row.device_id)
        .select((devices::product_id, devices::brand_id))
        .first::<(i64, i64)>(tx.conn)?;
    let rules = crate::coverage::rules::rules_of(tx.conn, row)?;
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
    issue(
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
