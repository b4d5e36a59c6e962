//! A row as a product: made, or changed where the file says otherwise; its kind and its brand are made where they are
//! new.

use domain::access::Action;
use domain::text::{fold, key as folded_key};

use super::table::Row;
use crate::catalogue::legal_entities::{PartyKind, SaveLegalEntity, save_legal_entity};
use crate::catalogue::organisation::{SaveBrand, save_brand};
use crate::catalogue::products::{
    SaveComponent, SaveProduct, SaveProductKind, get_product, save_product, save_product_kind,
};
use crate::exchange::done::Done;
use store::Tx;
use store::error::{Error, Result};
use store::query::*;
use store::rights::Of;
use store::schema::{brands, policies, product_kinds, products};
use store::views::Title;

pub(super) fn key(row: &Row<'_>) -> Result<String> {
    Ok(format!("{}/{}", fold(row.required("brand")?), folded_key(row.required("code")?)))
}

pub(super) fn import(tx: &mut Tx<'_>, row: &Row<'_>) -> Result<Done> {
    let (code, title_fa) = (row.required("code")?, row.required("title_fa")?);
    let brand = brand_named(tx, row.required("brand")?)?;
    let kind = kind_named(tx, row.required("kind")?)?;
    let policy = match row.text("policy") {
        Some(code) => {
            let found = policies::table
                .filter(policies::code.eq(code))
                .filter(policies::retired_at.is_null())
                .select(policies::public_id)
                .first::<String>(tx.conn)
                .optional()?;
            Some(found.ok_or_else(|| Error::invalid("policy", "unknown-reference"))?)
        }
        None => None,
    };
    let title = Title::new(title_fa, row.text("title_en").unwrap_or(title_fa));
    let known = products::table
        .inner_join(brands::table.on(brands::id.eq(products::brand_id)))
        .filter(brands::public_id.eq(&brand))
        .filter(products::code_key.eq(folded_key(code)))
        .select((products::public_id, products::id))
        .first::<(String, i64)>(tx.conn)
        .optional()?;
    let old = match &known {
        Some((public_id, _)) => Some(get_product(tx.conn, tx.actor, public_id)?),
        None => None,
    };
    let wanted = SaveProduct {
        code: code.to_owned(),
        title,
        kind,
        brand,
        gtin: row.owned("gtin").or_else(|| old.as_ref()?.gtin.clone()),
        is_serialised: row.flag("is_serialised")?.or_else(|| Some(old.as_ref()?.is_serialised)).unwrap_or(true),
        is_warrantied: old.as_ref().is_none_or(|old| old.is_warrantied),
        is_part: row.flag("is_part")?.or_else(|| Some(old.as_ref()?.is_part)).unwrap_or(false),
        tax_class: row.owned("tax_class").or_else(|| Some(old.as_ref()?.tax_class.clone())),
        price: row.money("price")?.or_else(|| old.as_ref()?.price),
        policy: policy.or_else(|| Some(old.as_ref()?.policy.as_ref()?.id.clone())),
        components: Vec::new(),
    };
    let Some(old) = old else {
        let made = save_product(tx, None, &wanted)?;
        return Ok(Done::Written(
            products::table.filter(products::public_id.eq(made.id)).select(products::id).first(tx.conn)?,
        ));
    };
    let components = old.components.iter().map(|part| SaveComponent {
        product: part.product.id.clone(),
        position: Some(part.position.clone()),
        quantity: Some(part.quantity),
    });
    let wanted = SaveProduct { components: components.collect(), ..wanted };
    let is_same = old.title == wanted.title
        && old.kind.id == wanted.kind
        && old.gtin.as_deref().map(folded_key) == wanted.gtin.as_deref().map(folded_key)
        && (old.is_serialised, old.is_part, old.price) == (wanted.is_serialised, wanted.is_part, wanted.price)
        && Some(&old.tax_class) == wanted.tax_class.as_ref()
        && old.policy.as_ref().map(|policy| &policy.id) == wanted.policy.as_ref();
    if is_same {
        return Ok(Done::Known);
    }
    save_product(tx, Some((&old.id, None)), &wanted)?;
    Ok(Done::Written(known.map_or(0, |(_, id)| id)))
}

/// The public id of the brand that a code or a title names; made, with a maker of the same name, where it is new.
pub(super) fn brand_named(tx: &mut Tx<'_>, typed: &str) -> Result<String> {
    let named = brands::code.eq(typed).or(brands::title_fa.eq(typed)).or(brands::title_en.eq(typed));
    let found = brands::table
        .filter(named)
        .select((brands::public_id, brands::id))
        .order(brands::id)
        .first::<(String, i64)>(tx.conn)
        .optional()?;
    if let Some((public_id, id)) = found {
        return if tx.actor.scope(Action::Import).holds(Of::InBrand(id)) {
            Ok(public_id)
        } else {
            Err(Error::invalid("brand", "unknown-reference"))
        };
    }
    let maker = SaveLegalEntity {
        name: typed.to_owned(),
        roles: vec![PartyKind::Maker],
        company_id: None,
        economic_code: None,
    };
    let maker = save_legal_entity(tx, None, &maker)?.id;
    Ok(save_brand(tx, None, &SaveBrand { code: typed.to_owned(), title: Title::new(typed, typed), maker })?.id)
}

/// The public id of the kind that a code or a title names; made, at the root of the tree, where it is new.
fn kind_named(tx: &mut Tx<'_>, typed: &str) -> Result<String> {
    let named =
        product_kinds::code.eq(typed).or(product_kinds::title_fa.eq(typed)).or(product_kinds::title_en.eq(typed));
    let found = product_kinds::table
        .filter(named)
        .select(product_kinds::public_id)
        .order(product_kinds::id)
        .first::<String>(tx.conn)
        .optional()?;
    match found {
        Some(public_id) => Ok(public_id),
        None => Ok(save_product_kind(
            tx,
            None,
            &SaveProductKind { code: typed.to_owned(), title: Title::new(typed, typed), parent: None },
        )?
        .id),
    }
}
