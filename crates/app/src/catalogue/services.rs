//! The services offered: what is done to a product, or to all of a kind.

use domain::access::Action;
use domain::coverage::LineType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rows::{Price, Service};
use super::{check_code_and_title, code, entity, prices, same_version};
use store::error::{Faults, Result};
use store::query::*;
use store::rights::{Actor, Of};
use store::schema::{product_kinds, products, services};
use store::views::{Link, ListQuery, Page, Title};
use store::{Conn, Event, Subject, Tx, link, refer};

/// A service with its price and standard time, for a kind of product or one product; for all where neither is named.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveService {
    #[schemars(length(min = 1, max = 60), example = &"SVC-COMP")]
    pub code: String,
    pub title: Title,
    /// Labour, travel or shipping.
    pub line_type: LineType,
    /// Public id of a kind: it fits this and the kinds below.
    #[schemars(length(max = 200))]
    #[serde(default)]
    pub kind: Option<String>,
    /// The only product that it fits, as `listChoices` names it.
    #[schemars(length(max = 200))]
    #[serde(default)]
    pub product: Option<String>,
    #[schemars(range(min = 0, max = 10_000))]
    #[serde(default)]
    pub standard_minutes: Option<i64>,
    /// Whether a device gets it free of charge once (an installation).
    #[serde(default)]
    pub is_free_once: bool,
    #[schemars(regex(pattern = "^(standard|exempt)$"))]
    #[serde(default)]
    pub tax_class: Option<String>,
    /// What a customer pays, net, in minor units.
    #[schemars(range(min = 0, max = 1_000_000_000_000_000_i64), extend("x-unit" = "money"))]
    #[serde(default)]
    pub price: Option<i64>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ServiceView {
    pub id: String,
    pub code: String,
    pub title: Title,
    pub line_type: LineType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Link>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<Link>,
    pub standard_minutes: i64,
    pub is_free_once: bool,
    pub tax_class: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<i64>,
    pub version: i64,
    pub is_retired: bool,
}

fn service_view(conn: &mut Conn, row: Service) -> Result<ServiceView> {
    let kind = match row.kind_id {
        Some(id) => Some(link!(conn, product_kinds, id)),
        None => None,
    };
    let product = match row.product_id {
        Some(id) => Some(link!(conn, products, id)),
        None => None,
    };
    Ok(ServiceView {
        price: prices::current(conn, prices::Item::Service(row.id), None)?,
        id: row.public_id,
        code: row.code,
        title: Title::new(row.title_fa, row.title_en),
        line_type: LineType::named(&row.line_type).unwrap_or(LineType::Labour),
        kind,
        product,
        standard_minutes: row.standard_minutes,
        is_free_once: row.is_free_once,
        tax_class: row.tax_class,
        version: row.version,
        is_retired: row.retired_at.is_some(),
    })
}

entity!(services: Service => ServiceView by service_view, "service", keep KeepCatalogue of |_| Of::All, list_priced, get_priced, service_row, retire_service);

fn seen(actor: &Actor, view: ServiceView) -> ServiceView {
    ServiceView { price: view.price.filter(|_| prices::are_seen_by(actor)), ..view }
}

/// A service; what it costs is told to who sees money, or keeps prices.
///
/// # Errors
/// `Forbidden`, `NotFound`.
pub fn get_service(conn: &mut Conn, actor: &Actor, public_id: &str) -> Result<ServiceView> {
    Ok(seen(actor, get_priced(conn, actor, public_id)?))
}

/// The services, as `get_service` tells them.
///
/// # Errors
/// `Forbidden`; `NotFound` where `after` is not of this list.
pub fn list_services(conn: &mut Conn, actor: &Actor, query: &ListQuery) -> Result<Page<ServiceView>> {
    let page = list_priced(conn, actor, query)?;
    Ok(Page { items: page.items.into_iter().map(|view| seen(actor, view)).collect(), next: page.next })
}

/// # Errors
/// `Invalid`, `Conflict` on another version.
pub fn save_service(tx: &mut Tx<'_>, id: Option<(&str, Option<i64>)>, command: &SaveService) -> Result<ServiceView> {
    tx.actor.may(Action::KeepCatalogue, Of::All)?;
    let old = id.map(|(public_id, _)| service_row(tx.conn, public_id)).transpose()?;
    if let (Some(old), Some((_, version))) = (&old, id) {
        same_version(old.version, version)?;
    }
    let code = code(&command.code);
    let mut faults = Faults::default();
    check_code_and_title!(faults, tx.conn, services, code, command.title, old.as_ref().map(|old| old.id));
    faults.check(command.line_type != LineType::Part, "line_type", "not-a-service");
    let kind_id = refer!(faults, tx.conn, product_kinds, command.kind.as_deref(), "kind");
    let product_id = refer!(faults, tx.conn, products, command.product.as_deref(), "product");
    faults.told()?;
    let row = Service {
        id: 0,
        public_id: old.as_ref().map_or_else(|| tx.public_id(), |old| old.public_id.clone()),
        code: code.clone(),
        line_type: command.line_type.name().to_owned(),
        title_fa: command.title.fa.trim().to_owned(),
        title_en: command.title.en.trim().to_owned(),
        kind_id,
        product_id,
        standard_minutes: command.standard_minutes.unwrap_or(0),
        is_free_once: command.is_free_once,
        tax_class: command.tax_class.clone().unwrap_or_else(|| "standard".to_owned()),
        version: old.as_ref().map_or(1, |old| old.version + 1),
        retired_at: None,
    };
    let public_id = row.public_id.clone();
    let id = match old {
        Some(old) => {
            diesel::update(services::table.find(old.id))
                .set((
                    (
                        services::code.eq(row.code),
                        services::line_type.eq(row.line_type),
                        services::title_fa.eq(row.title_fa),
                        services::title_en.eq(row.title_en),
                    ),
                    (
                        services::kind_id.eq(row.kind_id),
                        services::product_id.eq(row.product_id),
                        services::standard_minutes.eq(row.standard_minutes),
                    ),
                    (
                        services::is_free_once.eq(row.is_free_once),
                        services::tax_class.eq(row.tax_class),
                        services::version.eq(row.version),
                    ),
                ))
                .execute(tx.conn)?;
            old.id
        }
        None => diesel::insert_into(services::table).values(row).returning(services::id).get_result(tx.conn)?,
    };
    if let Some(price) = command.price {
        prices::set(
            tx,
            Price {
                id: 0,
                product_id: None,
                service_id: Some(id),
                payer_party_id: None,
                kind_id: None,
                amount_minor: price,
                from_on: tx.today().into(),
            },
        )?;
    }
    tx.record(None, &Event::Saved { what: "service".to_owned(), code }, &[Subject::Object("service", id)])?;
    let row = service_row(tx.conn, &public_id)?;
    service_view(tx.conn, row)
}
