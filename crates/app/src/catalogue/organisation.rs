//! Who serves: brands, centres and their sections.

use domain::access::Action;
use domain::identifiers;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::legal_entities::party_link;
use super::rows::{Brand, Centre, Section};
use super::{check_code_and_title, code, entity, same_version};
use store::error::{Error, Faults, Result};
use store::query::*;
use store::rights::Of;
use store::schema::{brands, centres, parties, policies, sections};
use store::views::{Link, ListQuery, Page, PartyLink, Title};
use store::{Conn, Event, Subject, Tx, link, refer};

/// A brand and the maker who answers for it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveBrand {
    #[schemars(length(min = 1, max = 60), example = &"SERMAN")]
    pub code: String,
    pub title: Title,
    /// Public id of a legal entity.
    #[schemars(length(max = 60))]
    pub maker: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct BrandView {
    pub id: String,
    pub code: String,
    pub title: Title,
    pub maker: PartyLink,
    pub version: i64,
    pub is_retired: bool,
}

fn brand_view(conn: &mut Conn, row: Brand) -> Result<BrandView> {
    Ok(BrandView {
        id: row.public_id,
        code: row.code,
        title: Title::new(row.title_fa, row.title_en),
        maker: party_link(conn, row.maker_party_id)?,
        version: row.version,
        is_retired: row.retired_at.is_some(),
    })
}

entity!(brands: Brand => BrandView by brand_view, "brand", keep KeepOrganisation of |_| Of::All, list_brands, get_brand, brand_row, retire_brand);

/// # Errors
/// `Invalid`, `Conflict` on another version.
pub fn save_brand(tx: &mut Tx<'_>, id: Option<(&str, Option<i64>)>, command: &SaveBrand) -> Result<BrandView> {
    tx.actor.may(Action::KeepOrganisation, Of::All)?;
    let old = id.map(|(public_id, _)| brand_row(tx.conn, public_id)).transpose()?;
    if let (Some(old), Some((_, version))) = (&old, id) {
        same_version(old.version, version)?;
    }
    let code = code(&command.code);
    let mut faults = Faults::default();
    check_code_and_title!(faults, tx.conn, brands, code, command.title, old.as_ref().map(|old| old.id));
    let maker = refer!(faults, tx.conn, parties, Some(&command.maker), "maker");
    faults.told()?;
    let row = Brand {
        id: 0,
        public_id: old.as_ref().map_or_else(|| tx.public_id(), |old| old.public_id.clone()),
        code,
        title_fa: command.title.fa.trim().to_owned(),
        title_en: command.title.en.trim().to_owned(),
        maker_party_id: maker.unwrap_or_default(),
        version: old.as_ref().map_or(1, |old| old.version + 1),
        retired_at: None,
    };
    let id = match old {
        Some(old) => {
            diesel::update(brands::table.find(old.id))
                .set((
                    brands::code.eq(&row.code),
                    brands::title_fa.eq(&row.title_fa),
                    brands::title_en.eq(&row.title_en),
                    brands::maker_party_id.eq(row.maker_party_id),
                    brands::version.eq(row.version),
                ))
                .execute(tx.conn)?;
            old.id
        }
        None => diesel::insert_into(brands::table).values(row.clone()).returning(brands::id).get_result(tx.conn)?,
    };
    tx.record(
        None,
        &Event::Saved { what: "brand".to_owned(), code: row.code.clone() },
        &[Subject::Object("brand", id)],
    )?;
    let row = brand_row(tx.conn, &row.public_id)?;
    brand_view(tx.conn, row)
}

/// A service centre of a legal entity.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveCentre {
    /// Stands in document numbers: two to four digits or letters.
    #[schemars(regex(pattern = "^[0-9A-Za-z]{2,4}$"), example = &"02")]
    pub code: String,
    pub title: Title,
    /// Public id of a legal entity.
    #[schemars(length(max = 60))]
    pub legal_entity: String,
    /// IANA name.
    #[schemars(length(max = 60), example = &"Asia/Tehran")]
    #[serde(default)]
    pub time_zone: Option<String>,
    #[schemars(length(max = 30))]
    #[serde(default)]
    pub phone: Option<String>,
    #[schemars(length(max = 300))]
    #[serde(default)]
    pub address: Option<String>,
    /// Opening hours, as customers read them.
    #[serde(default)]
    pub hours: Option<Title>,
    /// Public id of the policy for repairs that customers pay.
    #[schemars(length(max = 60))]
    #[serde(default)]
    pub paid_policy: Option<String>,
    /// What a diagnosis costs when the estimate is declined, net, in minor units.
    #[schemars(range(min = 0, max = 1_000_000_000_000_000_i64), extend("x-unit" = "money"))]
    #[serde(default)]
    pub diagnosis_fee: Option<i64>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CentreView {
    pub id: String,
    pub code: String,
    pub title: Title,
    pub legal_entity: PartyLink,
    pub time_zone: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<Title>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid_policy: Option<Link>,
    pub diagnosis_fee: i64,
    pub version: i64,
    pub is_retired: bool,
}

fn centre_view(conn: &mut Conn, row: Centre) -> Result<CentreView> {
    let paid_policy = match row.paid_policy_id {
        Some(id) => Some(link!(conn, policies, id)),
        None => None,
    };
    Ok(CentreView {
        id: row.public_id,
        code: row.code,
        title: Title::new(row.title_fa, row.title_en),
        legal_entity: party_link(conn, row.legal_entity_id)?,
        time_zone: row.time_zone,
        phone: row.phone,
        address: row.address,
        hours: row.hours_fa.zip(row.hours_en).map(|(fa, en)| Title { fa, en }),
        paid_policy,
        diagnosis_fee: row.diagnosis_fee_minor,
        version: row.version,
        is_retired: row.retired_at.is_some(),
    })
}

entity!(centres: Centre => CentreView by centre_view, "centre", keep KeepOrganisation of |_| Of::All, list_all_centres, get_any_centre, centre_row, retire_centre);

/// The centres that the actor sees.
///
/// # Errors
/// `Forbidden`.
pub fn list_centres(conn: &mut Conn, actor: &store::rights::Actor, query: &ListQuery) -> Result<Page<CentreView>> {
    let mine = actor.scope(Action::ViewCatalogue);
    if mine.holds(Of::All) {
        return list_all_centres(conn, actor, query);
    }
    actor.may(Action::ViewCatalogue, Of::Anything)?;
    let rows = centres::table
        .filter(mine.rows::<centres::table>())
        .filter(centres::retired_at.is_null())
        .order(centres::id)
        .select(Centre::as_select())
        .load(conn)?;
    let items = rows.into_iter().map(|row| centre_view(conn, row)).collect::<Result<_>>()?;
    Ok(Page { items, next: None })
}

/// # Errors
/// `Forbidden`, `NotFound` where it is not theirs to see.
pub fn get_centre(conn: &mut Conn, actor: &store::rights::Actor, public_id: &str) -> Result<CentreView> {
    let row = centre_row(conn, public_id)?;
    actor.finds(&[Action::ViewCatalogue], Of::InCentre(row.id))?;
    get_any_centre(conn, actor, public_id)
}

/// # Errors
/// `Invalid`, `Conflict` on another version.
pub fn save_centre(tx: &mut Tx<'_>, id: Option<(&str, Option<i64>)>, command: &SaveCentre) -> Result<CentreView> {
    let old = id.map(|(public_id, _)| centre_row(tx.conn, public_id)).transpose()?;
    tx.actor.may(Action::KeepOrganisation, old.as_ref().map_or(Of::All, |old| Of::Centre(old.id)))?;
    if let (Some(old), Some((_, version))) = (&old, id) {
        same_version(old.version, version)?;
    }
    let code = code(&command.code);
    let time_zone = command
        .time_zone
        .clone()
        .or_else(|| old.as_ref().map(|old| old.time_zone.clone()))
        .unwrap_or_else(|| tx.actor.zone.iana_name().unwrap_or("UTC").to_owned());
    let mut faults = Faults::default();
    check_code_and_title!(faults, tx.conn, centres, code, command.title, old.as_ref().map(|old| old.id));
    faults.check(
        (2..=4).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        "code",
        "centre-code",
    );
    faults.check(TimeZone::get(&time_zone).is_ok(), "time_zone", "time-zone");
    let phone = faults.normal(command.phone.as_deref(), identifiers::phone, "phone", "phone");
    let legal_entity = refer!(faults, tx.conn, parties, Some(&command.legal_entity), "legal_entity");
    let paid_policy_id = refer!(faults, tx.conn, policies, command.paid_policy.as_deref(), "paid_policy");
    faults.told()?;
    // Whose books a centre writes, and by which code its numbers go, is a matter of the house.
    if old.as_ref().is_some_and(|old| Some(old.legal_entity_id) != legal_entity || old.code != code) {
        tx.actor.may(Action::KeepOrganisation, Of::All)?;
    }
    let row = Centre {
        id: 0,
        public_id: old.as_ref().map_or_else(|| tx.public_id(), |old| old.public_id.clone()),
        code,
        title_fa: command.title.fa.trim().to_owned(),
        title_en: command.title.en.trim().to_owned(),
        legal_entity_id: legal_entity.unwrap_or_default(),
        time_zone,
        phone,
        address: command.address.clone(),
        hours_fa: command.hours.as_ref().map(|hours| hours.fa.clone()),
        hours_en: command.hours.as_ref().map(|hours| hours.en.clone()),
        paid_policy_id,
        diagnosis_fee_minor: command.diagnosis_fee.unwrap_or(0),
        version: old.as_ref().map_or(1, |old| old.version + 1),
        retired_at: None,
    };
    let public_id = row.public_id.clone();
    let event = Event::Saved { what: "centre".to_owned(), code: row.code.clone() };
    let id = match old {
        Some(old) => {
            diesel::update(centres::table.find(old.id))
                .set((
                    (
                        centres::code.eq(row.code),
                        centres::title_fa.eq(row.title_fa),
                        centres::title_en.eq(row.title_en),
                        centres::legal_entity_id.eq(row.legal_entity_id),
                    ),
                    (
                        centres::time_zone.eq(row.time_zone),
                        centres::phone.eq(row.phone),
                        centres::address.eq(row.address),
                        centres::hours_fa.eq(row.hours_fa),
                        centres::hours_en.eq(row.hours_en),
                    ),
                    (
                        centres::paid_policy_id.eq(row.paid_policy_id),
                        centres::diagnosis_fee_minor.eq(row.diagnosis_fee_minor),
                        centres::version.eq(row.version),
                    ),
                ))
                .execute(tx.conn)?;
            old.id
        }
        None => diesel::insert_into(centres::table).values(row).returning(centres::id).get_result(tx.conn)?,
    };
    tx.record(Some(id), &event, &[Subject::Object("centre", id)])?;
    let row = centre_row(tx.conn, &public_id)?;
    centre_view(tx.conn, row)
}

/// A department inside a centre.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveSection {
    /// Public id of its centre.
    #[schemars(length(max = 60))]
    pub centre: String,
    #[schemars(length(min = 1, max = 60), example = &"COOL")]
    pub code: String,
    pub title: Title,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SectionView {
    pub id: String,
    pub centre: Link,
    pub code: String,
    pub title: Title,
    pub version: i64,
    pub is_retired: bool,
}

fn section_view(conn: &mut Conn, row: Section) -> Result<SectionView> {
    Ok(SectionView {
        id: row.public_id,
        centre: link!(conn, centres, row.centre_id),
        code: row.code,
        title: Title::new(row.title_fa, row.title_en),
        version: row.version,
        is_retired: row.retired_at.is_some(),
    })
}

entity!(sections: Section => SectionView by section_view, "section", keep KeepOrganisation of |row: &Section| Of::Centre(row.centre_id), list_all_sections, get_any_section, section_row, retire_section);

/// # Errors
/// `Forbidden`, `NotFound` where its centre is not theirs to see.
pub fn get_section(conn: &mut Conn, actor: &store::rights::Actor, public_id: &str) -> Result<SectionView> {
    let row = section_row(conn, public_id)?;
    actor.finds(&[Action::ViewCatalogue], Of::InCentre(row.centre_id))?;
    get_any_section(conn, actor, public_id)
}

/// The sections of the centres that the actor sees.
///
/// # Errors
/// `Forbidden`.
pub fn list_sections(conn: &mut Conn, actor: &store::rights::Actor, query: &ListQuery) -> Result<Page<SectionView>> {
    let mine = actor.scope(Action::ViewCatalogue);
    if mine.holds(Of::All) {
        return list_all_sections(conn, actor, query);
    }
    actor.may(Action::ViewCatalogue, Of::Anything)?;
    let rows = sections::table
        .filter(mine.rows::<sections::table>())
        .filter(sections::retired_at.is_null())
        .order(sections::id)
        .select(Section::as_select())
        .load(conn)?;
    let items = rows.into_iter().map(|row| section_view(conn, row)).collect::<Result<_>>()?;
    Ok(Page { items, next: None })
}

/// # Errors
/// `Invalid`, `Conflict` on another version.
pub fn save_section(tx: &mut Tx<'_>, id: Option<(&str, Option<i64>)>, command: &SaveSection) -> Result<SectionView> {
    tx.actor.may(Action::KeepOrganisation, Of::Anything)?;
    let old = id.map(|(public_id, _)| section_row(tx.conn, public_id)).transpose()?;
    if let Some(old) = &old {
        tx.actor.may(Action::KeepOrganisation, Of::Centre(old.centre_id))?;
    }
    if let (Some(old), Some((_, version))) = (&old, id) {
        same_version(old.version, version)?;
    }
    let code = code(&command.code);
    let mut faults = Faults::default();
    faults.check(!code.is_empty(), "code", "required");
    faults.check(!command.title.fa.trim().is_empty(), "title.fa", "required");
    faults.check(!command.title.en.trim().is_empty(), "title.en", "required");
    let centre_id = refer!(faults, tx.conn, centres, Some(&command.centre), "centre").unwrap_or_default();
    let taken = sections::table
        .filter(sections::centre_id.eq(centre_id))
        .filter(sections::code.eq(&code))
        .select(sections::id)
        .first::<i64>(tx.conn)
        .optional()?;
    faults.check(taken.is_none() || taken == old.as_ref().map(|old| old.id), "code", "taken");
    faults.told()?;
    tx.actor.may(Action::KeepOrganisation, Of::Centre(centre_id))?;
    let public_id = old.as_ref().map_or_else(|| tx.public_id(), |old| old.public_id.clone());
    let (fa, en) = (command.title.fa.trim().to_owned(), command.title.en.trim().to_owned());
    let event = Event::Saved { what: "section".to_owned(), code: code.clone() };
    let id = match old {
        Some(old) => {
            diesel::update(sections::table.find(old.id))
                .set((
                    sections::centre_id.eq(centre_id),
                    sections::code.eq(code),
                    sections::title_fa.eq(fa),
                    sections::title_en.eq(en),
                    sections::version.eq(old.version + 1),
                ))
                .execute(tx.conn)?;
            old.id
        }
        None => {
            let row = Section {
                id: 0,
                public_id: public_id.clone(),
                centre_id,
                code,
                title_fa: fa,
                title_en: en,
                version: 1,
                retired_at: None,
            };
            diesel::insert_into(sections::table).values(row).returning(sections::id).get_result(tx.conn)?
        }
    };
    tx.record(Some(centre_id), &event, &[Subject::Object("section", id)])?;
    let row = section_row(tx.conn, &public_id)?;
    section_view(tx.conn, row)
}

/// The public id of the centre with a code: for the command line.
///
/// # Errors
/// `NotFound`.
pub fn centre_by_code(conn: &mut Conn, code: &str) -> Result<String> {
    centres::table
        .filter(centres::code.eq(code))
        .select(centres::public_id)
        .first(conn)
        .optional()?
        .ok_or(Error::NotFound)
}
