//! The first start of an empty store: legal entity, centre, administrator, calendar and currency.

use domain::access::{Action, NO_LIMIT, Role, default_permission};
use domain::money::Unit;
use domain::time::{Calendar, typed_date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::access::guesses::{Tried, guarded};
use crate::access::secrets::digest;
use crate::access::users::{SaveMembership, SaveUser, save_user};
use crate::catalogue::installation::{SetVatRate, set_vat_rate, unit};
use crate::catalogue::legal_entities::{PartyKind, SaveLegalEntity, save_legal_entity};
use crate::catalogue::organisation::{SaveCentre, save_centre};
use crate::coverage::policies::{SavePolicy, publish_policy, save_policy};
use store::error::{Error, Result};
use store::query::*;
use store::rights::Actor;
use store::rights::permissions::{ChangePermission, change_permission};
use store::schema::users;
use store::views::Title;
use store::{Conn, Db, Tx, settings, zone};

/// What a house needs before the first device can be received.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetUp {
    #[schemars(length(min = 1, max = 200))]
    pub legal_entity: String,
    pub centre: Title,
    #[schemars(length(min = 2, max = 60))]
    pub login: String,
    #[schemars(length(min = 1, max = 120))]
    pub name: String,
    #[schemars(length(min = 8, max = 200))]
    pub password: String,
    #[serde(default)]
    pub calendar: Option<Calendar>,
    /// IANA name of the time zone in which the centre works; absent: that of Iran.
    #[schemars(length(max = 60), example = &"Asia/Tehran")]
    #[serde(default)]
    pub time_zone: Option<String>,
    /// ISO code of the currency of the accounts; `toman`: accounts in Rial, amounts shown and typed in Toman. Absent:
    /// Rial.
    #[schemars(length(max = 10), example = &"toman")]
    #[serde(default)]
    pub money_unit: Option<String>,
}

/// Whether nobody has been here yet.
///
/// # Errors
/// The store.
pub fn is_empty(conn: &mut Conn) -> Result<bool> {
    Ok(users::table.select(users::id).first::<i64>(conn).optional()?.is_none())
}

/// The secret of a first start: who can read what the program prints when it begins is the one to whom the store
/// belongs.
pub struct FirstStart<'a> {
    pub typed: &'a str,
    pub right: &'a str,
    /// From where it was typed.
    pub address: &'a str,
}

/// The first start by somebody who must show that the store is theirs.
///
/// # Errors
/// `Invalid` at `secret` where it is a wrong one; `TooMany`; what `set_up` tells.
pub fn set_up_by_secret(db: &Db, command: &SetUp, secret: &FirstStart<'_>) -> Result<()> {
    let is_right = || digest(&domain::text::key(secret.typed)) == digest(&domain::text::key(secret.right));
    guarded(
        db,
        &Actor::system(),
        &[Tried::first_start(secret.address)],
        is_right,
        Error::invalid("secret", "wrong-secret"),
        |_| Ok(()),
    )?;
    set_up(db, command)
}

/// # Errors
/// `Conflict` where the store is not empty; `Invalid`.
pub fn set_up(db: &Db, command: &SetUp) -> Result<()> {
    let unit = unit(command.money_unit.as_deref().unwrap_or(Unit::RIAL.name))?;
    let time_zone = command.time_zone.as_deref().unwrap_or("Asia/Tehran");
    let actor = Actor { zone: zone(time_zone), ..Actor::system() };
    let user = SaveUser {
        login: command.login.clone(),
        name: command.name.clone(),
        language: None,
        password: Some(command.password.clone()),
        roles: vec![SaveMembership { role: Role::Administrator, centre: None, brand: None }],
    };
    let user = user.hashed(db.random())?;
    db.write(&actor, |tx| {
        if !is_empty(tx.conn)? {
            return Err(Error::conflict("not-empty"));
        }
        settings::set(tx.conn, "calendar", command.calendar.unwrap_or(Calendar::Jalali).name())?;
        settings::set(tx.conn, settings::MONEY_UNIT, unit.name)?;
        if unit.currency == Unit::RIAL.currency {
            vat(tx)?;
        } else {
            no_goodwill_yet(tx)?;
        }
        no_fault_found(tx)?;
        let entity = SaveLegalEntity {
            name: command.legal_entity.clone(),
            roles: vec![PartyKind::LegalEntity],
            company_id: None,
            economic_code: None,
        };
        let legal_entity = save_legal_entity(tx, None, &entity)?.id;
        let paid_policy = paid_policy(tx, &legal_entity)?;
        let centre = SaveCentre {
            code: "01".to_owned(),
            title: command.centre.clone(),
            legal_entity,
            time_zone: Some(time_zone.to_owned()),
            phone: None,
            address: None,
            hours: None,
            paid_policy: Some(paid_policy),
            diagnosis_fee: Some(0),
        };
        save_centre(tx, None, &centre)?;
        let user = save_user(tx, None, &user)?;
        // The password was chosen by its owner a moment ago.
        diesel::update(users::table.filter(users::public_id.eq(user.id)))
            .set(users::must_change_password.eq(false))
            .execute(tx.conn)?;
        Ok(())
    })
}

/// The finding that stands in every catalogue.
pub(crate) fn no_fault_found(tx: &mut Tx<'_>) -> Result<()> {
    use crate::catalogue::faults::{SaveFault, save_fault};
    let fault = SaveFault {
        code: crate::repair::diagnosis::NO_FAULT.to_owned(),
        title: Title::new("ایرادی یافت نشد", "No fault found"),
        parent: None,
        kind: None,
        related: Vec::new(),
    };
    save_fault(tx, None, &fault).map(|_| ())
}

/// The VAT of Iran as dated rates: 9 % before 1403, 10 % since (data that an administrator keeps).
pub(crate) fn vat(tx: &mut Tx<'_>) -> Result<()> {
    for (from, percent) in [("1394/01/01", 9), ("1403/01/01", 10)] {
        let from = typed_date(from).ok_or_else(|| Error::internal("a date that does not exist"))?;
        set_vat_rate(tx, &SetVatRate { from, percent: Some(percent) })?;
    }
    Ok(())
}

/// The limits of goodwill by role are amounts of Rial: in another currency no amount is given before the administrator
/// sets how far each role goes.
fn no_goodwill_yet(tx: &mut Tx<'_>) -> Result<()> {
    let action = Action::GiveGoodwill;
    let limited = Role::ALL
        .iter()
        .filter_map(|role| Some((*role, default_permission(*role, action).filter(|limit| *limit != NO_LIMIT)?)));
    for (role, limit) in limited {
        change_permission(
            tx,
            &ChangePermission { role, action, is_allowed: true, percent: Some(limit.percent), amount: Some(0) },
        )?;
    }
    Ok(())
}

/// What a repair that the customer pays is warranted for: parts and labour for six months, borne by the house.
pub(crate) fn paid_policy(tx: &mut Tx<'_>, payer: &str) -> Result<String> {
    let rules = json!({
        "start": {"from": []}, "waiting_days": 0, "terms": [{"id": "paid", "pays": {"part": 100, "labour": 100}, "days": 0}], "exclusions": [], "deductible": 0,
        "limits": {"per_months": null, "max_claims": null, "max_amount": null}, "extend_by_downtime": null,
        "repair_warranty": {"part_days": 180, "labour_days": 180, "payer": "centre"},
    });
    let command = SavePolicy {
        code: "PAID".to_owned(),
        title: Title::new("تعمیرهای با هزینهٔ مشتری", "Repairs that customers pay"),
        cover_kind: Some(domain::coverage::CoverKind::RepairWarranty),
        brand: None,
        payer: Some(payer.to_owned()),
        rules: Some(rules),
        usual: None,
    };
    let id = save_policy(tx, None, &command)?.id;
    publish_policy(tx, &id)?;
    Ok(id)
}
