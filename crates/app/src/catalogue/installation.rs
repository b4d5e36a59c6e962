//! What holds for the whole installation: in what amounts are shown and typed, and the tax on them.

use domain::access::{Action, AskedOf};
use domain::money::Unit;
use domain::time::Calendar;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rows::VatRate;
use crate::personal::retention::Retention;
use store::error::{Error, Result};
use store::query::*;
use store::rights::{Actor, Of};
use store::schema::vat_rates;
use store::types::Day;
use store::{Conn, Event, Subject, Tx, settings};

/// The tax class of everything that is not exempt.
pub const STANDARD: &str = "standard";

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct InstallationView {
    /// In which the months of policies are counted.
    pub calendar: Calendar,
    /// ISO code of the currency of the accounts.
    pub currency: String,
    /// In what people see and type amounts: the currency's code, or `toman`. Amounts of this API are in minor units of
    /// the currency, whatever it is.
    pub money_unit: String,
    /// Of whom a code of six digits is asked beside the password.
    pub second_factor: AskedOf,
    /// For how long things are kept that tell of people.
    pub retention: Retention,
    /// Of what is not exempt, the latest first.
    pub vat_rates: Vec<VatRateView>,
}

/// The VAT from a day on, until the next rate begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VatRateView {
    #[schemars(with = "String", extend("format" = "date"), example = &"2027-03-21")]
    pub from: Date,
    pub percent: i64,
}

/// # Errors
/// `Forbidden`.
pub fn get_installation(conn: &mut Conn, actor: &Actor) -> Result<InstallationView> {
    actor.may(Action::ViewCatalogue, Of::Anything)?;
    let unit = settings::money_unit(conn)?;
    let rates = vat_rates::table
        .filter(vat_rates::tax_class.eq(STANDARD))
        .order(vat_rates::from_on.desc())
        .select(VatRate::as_select())
        .load::<VatRate>(conn)?;
    let vat_rates =
        rates.into_iter().map(|rate| VatRateView { from: rate.from_on.date(), percent: rate.percent }).collect();
    Ok(InstallationView {
        calendar: settings::calendar(conn)?,
        currency: unit.currency.to_owned(),
        money_unit: unit.name.to_owned(),
        second_factor: settings::second_factor(conn)?,
        retention: Retention::set(conn)?,
        vat_rates,
    })
}

/// Changes what holds for the installation; what is absent stays as it is.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeInstallation {
    /// In what amounts are shown and typed; the accounts stay in their currency.
    #[schemars(length(max = 10), example = &"toman")]
    #[serde(default)]
    pub money_unit: Option<String>,
    /// Of whom a code of six digits is asked beside the password. Who has none yet sets one up before anything else.
    #[serde(default)]
    pub second_factor: Option<AskedOf>,
    /// For how long things are kept that tell of people; all kinds at once.
    #[serde(default)]
    pub retention: Option<Retention>,
}

/// The unit of a name that was given.
///
/// # Errors
/// `Invalid` where there is none of this name.
pub(crate) fn unit(name: &str) -> Result<Unit> {
    Unit::named(name).ok_or_else(|| Error::invalid("money_unit", "not-in-list"))
}

/// # Errors
/// `Forbidden`; `Invalid`; `Conflict` where the accounts are in another currency.
pub fn change_installation(tx: &mut Tx<'_>, command: &ChangeInstallation) -> Result<InstallationView> {
    tx.actor.may(Action::KeepOrganisation, Of::All)?;
    let subjects = [Subject::Object("installation", 0)];
    if let Some(name) = &command.money_unit {
        let unit = unit(name)?;
        if unit.currency != settings::money_unit(tx.conn)?.currency {
            return Err(Error::conflict("accounts-in-another-currency"));
        }
        settings::set(tx.conn, settings::MONEY_UNIT, unit.name)?;
        tx.record(None, &Event::MoneyUnitChanged { unit: unit.name.to_owned() }, &subjects)?;
    }
    if let Some(whom) = command.second_factor {
        settings::set(tx.conn, settings::SECOND_FACTOR, whom.name())?;
        tx.record(None, &Event::SecondFactorAskedOf { whom: whom.name().to_owned() }, &subjects)?;
    }
    if let Some(retention) = command.retention {
        settings::set(tx.conn, settings::RETENTION, &serde_json::to_string(&retention).map_err(Error::internal)?)?;
        tx.record(None, &Event::RetentionChanged, &subjects)?;
    }
    get_installation(tx.conn, tx.actor)
}

/// Sets the VAT from a day on. Bills that were issued stay as they are; what is open is billed by the rate of its day.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetVatRate {
    #[schemars(with = "String", extend("format" = "date"), example = &"2027-03-21")]
    pub from: Date,
    /// Absent: no rate begins on that day any more.
    #[schemars(range(min = 0, max = 100))]
    #[serde(default)]
    pub percent: Option<i64>,
}

/// # Errors
/// `Forbidden`.
pub fn set_vat_rate(tx: &mut Tx<'_>, command: &SetVatRate) -> Result<InstallationView> {
    tx.actor.may(Action::KeepOrganisation, Of::All)?;
    let from_on = Day::from(command.from);
    diesel::delete(vat_rates::table.filter(vat_rates::tax_class.eq(STANDARD)).filter(vat_rates::from_on.eq(from_on)))
        .execute(tx.conn)?;
    if let Some(percent) = command.percent {
        diesel::insert_into(vat_rates::table)
            .values(VatRate { tax_class: STANDARD.to_owned(), from_on, percent })
            .execute(tx.conn)?;
    }
    tx.record(
        None,
        &Event::VatRateSet { on: command.from, percent: command.percent },
        &[Subject::Object("installation", 0)],
    )?;
    get_installation(tx.conn, tx.actor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::in_a_house;

    #[test]
    fn amounts_are_shown_in_toman_and_a_rate_begins_on_its_day() {
        in_a_house(|house| {
            let percent = |on: &str| {
                let on = on.parse::<Date>().expect("a date");
                house.db.read(|conn| crate::catalogue::prices::vat_percent(conn, STANDARD, on)).expect("a rate")
            };
            let set = |from: &str, percent| SetVatRate { from: from.parse().expect("a date"), percent };
            let view = house.write(|tx| set_vat_rate(tx, &set("2027-03-21", Some(12))));
            assert_eq!((percent("2027-03-20"), percent("2027-03-21"), view.vat_rates[0].percent), (10, 12, 12));
            house.write(|tx| set_vat_rate(tx, &set("2027-03-21", Some(11))));
            assert_eq!(percent("2027-03-21"), 11);
            house.write(|tx| set_vat_rate(tx, &set("2027-03-21", None)));
            assert_eq!(percent("2027-03-21"), 10);
            let to = |unit: &str| ChangeInstallation { money_unit: Some(unit.to_owned()), ..Default::default() };
            let view = house.write(|tx| change_installation(tx, &to("toman")));
            assert_eq!((view.currency.as_str(), view.money_unit.as_str()), ("IRR", "toman"));
            let other =
                house.db.write(&house.admin, |tx| change_installation(tx, &to("USD"))).expect_err("another currency");
            assert!(matches!(other, Error::Conflict(reason) if reason.code == "accounts-in-another-currency"));
            let none = house.db.write(&house.admin, |tx| change_installation(tx, &to("XXX"))).expect_err("no unit");
            assert!(matches!(none, Error::Invalid(faults) if faults[0].path == "money_unit"));
        });
    }
}
