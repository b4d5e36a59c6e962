//! What is sold: kinds of product as a tree, products, and their components.

use domain::access::Action;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rows::{Price, Product, ProductComponent, ProductKind};
use super::{check_code_and_title, code, entity, prices, same_version};
use store::error::{Error, Fault, Faults, Result};
use store::query::*;
use store::rights::Of;
use store::schema::{brands, policies, product_components, product_kinds, products, search_keys};
use store::search_keys::{Target, name_keys, put};
use store::views::{Link, ListQuery, Page, Title};
use store::{Conn, Event, Subject, Tx, link, refer};

/// A kind in the tree of kinds.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveProductKind {
    #[schemars(length(min = 1, max = 60), example = &"fridge")]
    pub code: String,
    pub title: Title,
    /// The kind above, as `listChoices` names it; absent at the root.
    #[schemars(length(max = 200))]
    #[serde(default)]
    pub parent: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ProductKindView {
    pub id: String,
    pub code: String,
    pub title: Title,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<Link>,
    pub version: i64,
    pub is_retired: bool,
}

fn kind_view(conn: &mut Conn, row: ProductKind) -> Result<ProductKindView> {
    let parent = match row.parent_id {
        Some(id) => Some(link!(conn, product_kinds, id)),
        None => None,
    };
    Ok(ProductKindView {
        id: row.public_id,
        code: row.code,
        title: Title::new(row.title_fa, row.title_en),
        parent,
        version: row.version,
        is_retired: row.retired_at.is_some(),
    })
}

entity!(product_kinds: ProductKind => ProductKindView by kind_view, "product_kind", keep KeepCatalogue of |_| Of::All, list_product_kinds, get_product_kind, kind_row, retire_product_kind);

/// # Errors
/// `Invalid` where the kind would stand below itself; `Conflict` on another version.
pub fn save_product_kind(
    tx: &mut Tx<'_>,
    id: Option<(&str, Option<i64>)>,
    command: &SaveProductKind,
) -> Result<ProductKindView> {
    tx.actor.may(Action::KeepCatalogue, Of::All)?;
    let old = id.map(|(public_id, _)| kind_row(tx.conn, public_id)).transpose()?;
    if let (Some(old), Some((_, version))) = (&old, id) {
        same_version(old.version, version)?;
    }
    let code = code(&command.code);
    let mut faults = Faults::default();
    check_code_and_title!(faults, tx.conn, product_kinds, code, command.title, old.as_ref().map(|old| old.id));
    let parent_id = refer!(faults, tx.conn, product_kinds, command.parent.as_deref(), "parent");
    if let (Some(old), Some(parent)) = (&old, parent_id) {
        let above = kind_path(tx.conn, parent)?;
        faults.check(!above.iter().any(|kind| kind.id == old.id), "parent", "below-itself");
    }
    faults.told()?;
    let public_id = old.as_ref().map_or_else(|| tx.public_id(), |old| old.public_id.clone());
    let (fa, en) = (command.title.fa.trim().to_owned(), command.title.en.trim().to_owned());
    let event = Event::Saved { what: "product_kind".to_owned(), code: code.clone() };
    let id = match old {
        Some(old) => {
            diesel::update(product_kinds::table.find(old.id))
                .set((
                    product_kinds::code.eq(code),
                    product_kinds::title_fa.eq(fa),
                    product_kinds::title_en.eq(en),
                    product_kinds::parent_id.eq(parent_id),
                    product_kinds::version.eq(old.version + 1),
                ))
                .execute(tx.conn)?;
            old.id
        }
        None => {
            let row = ProductKind {
                id: 0,
                public_id: public_id.clone(),
                parent_id,
                code,
                title_fa: fa,
                title_en: en,
                version: 1,
                retired_at: None,
            };
            diesel::insert_into(product_kinds::table).values(row).returning(product_kinds::id).get_result(tx.conn)?
        }
    };
    tx.record(None, &event, &[Subject::Object("product_kind", id)])?;
    let row = kind_row(tx.conn, &public_id)?;
    kind_view(tx.conn, row)
}

/// A kind and all above it, root first.
///
/// # Errors
/// The store.
pub(crate) fn kind_path(conn: &mut Conn, id: i64) -> Result<Vec<ProductKind>> {
    let mut path = Vec::new();
    let mut next = Some(id);
    // A tree deeper than this is none.
    while let Some(id) = next.filter(|_| path.len() < 32) {
        let kind = product_kinds::table.find(id).select(ProductKind::as_select()).first::<ProductKind>(conn)?;
        next = kind.parent_id;
        path.push(kind);
    }
    path.reverse();
    Ok(path)
}

/// A kind and all below it.
///
/// # Errors
/// The store.
pub(crate) fn kinds_below(conn: &mut Conn, id: i64) -> Result<Vec<i64>> {
    let all =
        product_kinds::table.select((product_kinds::id, product_kinds::parent_id)).load::<(i64, Option<i64>)>(conn)?;
    let mut below = vec![id];
    let mut at = 0;
    while at < below.len() {
        let parent = below[at];
        below.extend(all.iter().filter(|(kind, above)| *above == Some(parent) && *kind != id).map(|(kind, _)| *kind));
        at += 1;
    }
    Ok(below)
}

/// What is sold, or fitted: a model with its code.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveProduct {
    #[schemars(length(min = 1, max = 60), example = &"SRF-7300")]
    pub code: String,
    pub title: Title,
    /// Its kind, as `listChoices` names it.
    #[schemars(length(max = 200))]
    pub kind: String,
    /// Its brand, as `listChoices` names it.
    #[schemars(length(max = 200))]
    pub brand: String,
    /// 8, 12, 13 or 14 digits.
    #[schemars(length(max = 30))]
    #[serde(default)]
    pub gtin: Option<String>,
    /// Whether each piece has a serial.
    #[serde(default = "yes")]
    pub is_serialised: bool,
    /// Whether a warranty is promised for it.
    #[serde(default = "yes")]
    pub is_warrantied: bool,
    /// Whether it is fitted or consumed in repairs.
    #[serde(default)]
    pub is_part: bool,
    /// Class of the VAT rates.
    #[schemars(regex(pattern = "^(standard|exempt)$"))]
    #[serde(default)]
    pub tax_class: Option<String>,
    /// What a customer pays, net, in minor units.
    #[schemars(range(min = 0, max = 1_000_000_000_000_000_i64), extend("x-unit" = "money"))]
    #[serde(default)]
    pub price: Option<i64>,
    /// Public id of the policy of its cards.
    #[schemars(length(max = 200))]
    #[serde(default)]
    pub policy: Option<String>,
    #[schemars(length(max = 100))]
    #[serde(default)]
    pub components: Vec<SaveComponent>,
}

fn yes() -> bool {
    true
}

/// A sub-assembly of a product.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveComponent {
    /// Public id of a product.
    #[schemars(length(max = 200))]
    pub product: String,
    #[schemars(length(max = 60))]
    #[serde(default)]
    pub position: Option<String>,
    #[schemars(range(min = 1, max = 1000))]
    #[serde(default)]
    pub quantity: Option<i64>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ProductView {
    pub id: String,
    pub code: String,
    pub title: Title,
    pub kind: Link,
    pub brand: Link,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gtin: Option<String>,
    pub is_serialised: bool,
    pub is_warrantied: bool,
    pub is_part: bool,
    pub tax_class: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<Link>,
    pub components: Vec<ComponentView>,
    pub version: i64,
    pub is_retired: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ComponentView {
    pub product: Link,
    pub position: String,
    pub quantity: i64,
}

fn product_view(conn: &mut Conn, row: Product) -> Result<ProductView> {
    let policy = match row.policy_id {
        Some(id) => Some(link!(conn, policies, id)),
        None => None,
    };
    let rows = product_components::table
        .filter(product_components::product_id.eq(row.id))
        .order(product_components::position)
        .select(ProductComponent::as_select())
        .load::<ProductComponent>(conn)?;
    let components = rows
        .into_iter()
        .map(|component| {
            Ok(ComponentView {
                product: link!(conn, products, component.component_id),
                position: component.position,
                quantity: component.quantity,
            })
        })
        .collect::<Result<_>>()?;
    Ok(ProductView {
        kind: link!(conn, product_kinds, row.kind_id),
        brand: link!(conn, brands, row.brand_id),
        price: prices::current(conn, prices::Item::Product(row.id), None)?,
        id: row.public_id,
        code: row.code,
        title: Title::new(row.title_fa, row.title_en),
        gtin: row.gtin,
        is_serialised: row.is_serialised,
        is_warrantied: row.is_warrantied,
        is_part: row.is_part,
        tax_class: row.tax_class,
        policy,
        components,
        version: row.version,
        is_retired: row.retired_at.is_some(),
    })
}

/// # Errors
/// `NotFound`.
pub(crate) fn product_row(conn: &mut Conn, public_id: &str) -> Result<Product> {
    products::table
        .filter(products::public_id.eq(public_id))
        .select(Product::as_select())
        .first(conn)
        .optional()?
        .ok_or(Error::NotFound)
}

/// # Errors
/// `Forbidden`, `NotFound`.
pub fn get_product(conn: &mut Conn, actor: &store::rights::Actor, public_id: &str) -> Result<ProductView> {
    actor.may(Action::ViewCatalogue, Of::Anything)?;
    let row = product_row(conn, public_id)?;
    Ok(priced(actor, product_view(conn, row)?))
}

/// A product as the actor sees it: what it costs is for who sees money, or keeps prices.
fn priced(actor: &store::rights::Actor, view: ProductView) -> ProductView {
    ProductView { price: view.price.filter(|_| prices::are_seen_by(actor)), ..view }
}

/// How the products are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ListProducts {
    /// Beginning of the code, of the GTIN or of a word of the title.
    #[schemars(length(max = 100))]
    pub q: Option<String>,
    #[schemars(regex(pattern = "^[0-9a-z]{16}$"))]
    pub after: Option<String>,
    #[schemars(range(min = 1, max = 200))]
    pub limit: Option<i64>,
    /// Public id of a kind: products of it and of the kinds below.
    #[schemars(length(max = 60))]
    pub kind: Option<String>,
    /// Public id of a brand.
    #[schemars(length(max = 60))]
    pub brand: Option<String>,
    /// Only what is fitted or consumed, or only what is not.
    pub is_part: Option<bool>,
}

/// # Errors
/// `Forbidden`; `NotFound` where `after` is not of this list.
pub fn list_products(conn: &mut Conn, actor: &store::rights::Actor, query: &ListProducts) -> Result<Page<ProductView>> {
    actor.may(Action::ViewCatalogue, Of::Anything)?;
    let base = ListQuery { q: query.q.clone(), after: query.after.clone(), limit: query.limit };
    let mut select = products::table
        .filter(products::retired_at.is_null())
        .order(products::id)
        .select(Product::as_select())
        .into_boxed();
    if let Some(q) = base.folded() {
        let hits = search_keys::table
            .filter(search_keys::target_kind.eq(Target::Product.name()))
            .filter(search_keys::key.ge(q.clone()).and(search_keys::key.lt(format!("{q}\u{10FFFF}"))))
            .select(search_keys::target_id);
        select = select.filter(products::id.eq_any(hits));
    }
    if let Some(kind) = &query.kind {
        let kind = kind_row(conn, kind)?.id;
        select = select.filter(products::kind_id.eq_any(kinds_below(conn, kind)?));
    }
    if let Some(brand) = &query.brand {
        let brand = super::organisation::brand_row(conn, brand)?.id;
        select = select.filter(products::brand_id.eq(brand));
    }
    if let Some(is_part) = query.is_part {
        select = select.filter(products::is_part.eq(is_part));
    }
    if let Some(after) = &query.after {
        select = select.filter(products::id.gt(product_row(conn, after)?.id));
    }
    let rows = select.limit(base.limit() + 1).load_boxed::<Product>(conn)?;
    let page = Page::of(rows, base.limit(), |row| row.public_id.clone(), |row| row);
    let items = page.items.into_iter().map(|row| Ok(priced(actor, product_view(conn, row)?))).collect::<Result<_>>()?;
    Ok(Page { items, next: page.next })
}

/// # Errors
/// `Invalid`, `Conflict` on another version.
pub fn save_product(tx: &mut Tx<'_>, id: Option<(&str, Option<i64>)>, command: &SaveProduct) -> Result<ProductView> {
    tx.actor.may(Action::KeepCatalogue, Of::Anything)?;
    let old = id.map(|(public_id, _)| product_row(tx.conn, public_id)).transpose()?;
    if let Some(old) = &old {
        tx.actor.may(Action::KeepCatalogue, Of::Brand(old.brand_id))?;
    }
    if let (Some(old), Some((_, version))) = (&old, id) {
        same_version(old.version, version)?;
    }
    let code = code(&command.code);
    let code_key = domain::text::key(&code);
    let mut faults = Faults::default();
    faults.check(!code_key.is_empty(), "code", "required");
    faults.check(!command.title.fa.trim().is_empty(), "title.fa", "required");
    faults.check(!command.title.en.trim().is_empty(), "title.en", "required");
    let kind_id = refer!(faults, tx.conn, product_kinds, Some(&command.kind), "kind").unwrap_or_default();
    let brand_id = refer!(faults, tx.conn, brands, Some(&command.brand), "brand").unwrap_or_default();
    let policy_id = refer!(faults, tx.conn, policies, command.policy.as_deref(), "policy");
    let policy_of = match policy_id {
        Some(id) => policies::table.find(id).select(policies::brand_id).first::<Option<i64>>(tx.conn)?,
        None => None,
    };
    faults.check(policy_of.is_none_or(|theirs| theirs == brand_id), "policy", "policy-of-another-brand");
    let gtin = faults.normal(command.gtin.as_deref(), gtin, "gtin", "gtin");
    let taken = products::table
        .filter(products::brand_id.eq(brand_id))
        .filter(products::code_key.eq(&code_key))
        .select(products::id)
        .first::<i64>(tx.conn)
        .optional()?;
    faults.check(taken.is_none() || taken == old.as_ref().map(|old| old.id), "code", "taken");
    let mut components = Vec::new();
    for (index, component) in command.components.iter().enumerate() {
        let path = format!("components[{index}].product");
        if let Some(component_id) = refer!(faults, tx.conn, products, Some(&component.product), path.clone()) {
            if old.as_ref().is_some_and(|old| old.id == component_id) {
                faults.add(Fault::new(path, "below-itself"));
            }
            let position = component.position.clone().unwrap_or_else(|| (index + 1).to_string());
            components.push((component_id, position, component.quantity.unwrap_or(1)));
        }
    }
    faults.told()?;
    tx.actor.may(Action::KeepCatalogue, Of::Brand(brand_id))?;
    let row = Product {
        id: 0,
        public_id: old.as_ref().map_or_else(|| tx.public_id(), |old| old.public_id.clone()),
        kind_id,
        brand_id,
        code: code.clone(),
        code_key,
        title_fa: command.title.fa.trim().to_owned(),
        title_en: command.title.en.trim().to_owned(),
        gtin: gtin.clone(),
        is_serialised: command.is_serialised,
        is_warrantied: command.is_warrantied,
        is_part: command.is_part,
        tax_class: command.tax_class.clone().unwrap_or_else(|| "standard".to_owned()),
        policy_id,
        version: old.as_ref().map_or(1, |old| old.version + 1),
        retired_at: None,
    };
    let public_id = row.public_id.clone();
    let mut words = name_keys(&row.title_fa);
    words.extend(name_keys(&row.title_en));
    let id = match &old {
        Some(old) => {
            diesel::update(products::table.find(old.id))
                .set((
                    (
                        products::kind_id.eq(row.kind_id),
                        products::brand_id.eq(row.brand_id),
                        products::code.eq(row.code),
                        products::code_key.eq(row.code_key),
                    ),
                    (
                        products::title_fa.eq(row.title_fa),
                        products::title_en.eq(row.title_en),
                        products::gtin.eq(row.gtin),
                        products::tax_class.eq(row.tax_class),
                    ),
                    (
                        products::is_serialised.eq(row.is_serialised),
                        products::is_warrantied.eq(row.is_warrantied),
                        products::is_part.eq(row.is_part),
                    ),
                    (products::policy_id.eq(row.policy_id), products::version.eq(row.version)),
                ))
                .execute(tx.conn)?;
            old.id
        }
        None => diesel::insert_into(products::table).values(row).returning(products::id).get_result(tx.conn)?,
    };
    diesel::delete(product_components::table.filter(product_components::product_id.eq(id))).execute(tx.conn)?;
    for (component_id, position, quantity) in components {
        diesel::insert_into(product_components::table)
            .values(ProductComponent { product_id: id, component_id, position, quantity })
            .execute(tx.conn)?;
    }
    if let Some(price) = command.price {
        prices::set(
            tx,
            Price {
                id: 0,
                product_id: Some(id),
                service_id: None,
                payer_party_id: None,
                kind_id: None,
                amount_minor: price,
                from_on: tx.today().into(),
            },
        )?;
    }
    put(tx.conn, Target::Product, id, "code", &[domain::text::key(&code), domain::text::fold(&code)])?;
    put(tx.conn, Target::Product, id, "title", &words)?;
    put(tx.conn, Target::Product, id, "gtin", &gtin.into_iter().collect::<Vec<_>>())?;
    tx.record(None, &Event::Saved { what: "product".to_owned(), code }, &[Subject::Object("product", id)])?;
    let row = product_row(tx.conn, &public_id)?;
    product_view(tx.conn, row)
}

/// Digits of a GTIN with a right check digit (GS1 General Specifications, 7.9).
fn gtin(typed: &str) -> Option<String> {
    let digits = domain::text::key(typed);
    if !matches!(digits.len(), 8 | 12 | 13 | 14) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let sum = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(index, byte)| u32::from(byte - b'0') * if index % 2 == 1 { 3 } else { 1 })
        .sum::<u32>();
    (sum % 10 == 0).then_some(digits)
}

/// # Errors
/// `Forbidden`, `NotFound`, `Conflict` on another version.
pub fn retire_product(tx: &mut Tx<'_>, public_id: &str, version: Option<i64>) -> Result<ProductView> {
    let row = product_row(tx.conn, public_id)?;
    tx.actor.may(Action::KeepCatalogue, Of::Brand(row.brand_id))?;
    same_version(row.version, version)?;
    let now = store::types::At::from(tx.now);
    diesel::update(products::table.find(row.id))
        .set((products::retired_at.eq(Some(now)), products::version.eq(row.version + 1)))
        .execute(tx.conn)?;
    tx.record(
        None,
        &Event::Retired { what: "product".to_owned(), code: row.code },
        &[Subject::Object("product", row.id)],
    )?;
    let row = product_row(tx.conn, public_id)?;
    product_view(tx.conn, row)
}
