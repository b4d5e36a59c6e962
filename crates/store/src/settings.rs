//! What the administrator sets for the whole installation.

use domain::access::AskedOf;
use domain::money::Unit;
use domain::time::Calendar;

use super::conn::Conn;
use super::rows::Setting;
use super::schema::settings;
use crate::error::Result;
use crate::query::*;

/// The name of the setting that `money_unit` reads.
pub const MONEY_UNIT: &str = "money_unit";

/// The name of the setting that says who must have a second factor.
pub const SECOND_FACTOR: &str = "second_factor";

/// The name of the setting that says for how long things are kept.
pub const RETENTION: &str = "retention";

/// The name of the setting by which the right key of secrets is known (`sealed`).
pub(super) const KEY_CHECK: &str = "key_check";

/// # Errors
/// The store.
pub fn get(conn: &mut Conn, name: &str) -> Result<Option<String>> {
    Ok(settings::table.find(name).select(settings::value).first(conn).optional()?)
}

/// # Errors
/// The store.
pub fn set(conn: &mut Conn, name: &str, value: &str) -> Result<()> {
    diesel::delete(settings::table.find(name)).execute(conn)?;
    diesel::insert_into(settings::table)
        .values(Setting { name: name.to_owned(), value: value.to_owned() })
        .execute(conn)?;
    Ok(())
}

/// # Errors
/// The store.
pub(super) fn forget(conn: &mut Conn, name: &str) -> Result<()> {
    diesel::delete(settings::table.find(name)).execute(conn)?;
    Ok(())
}

/// The calendar in which months of policies are counted.
///
/// # Errors
/// The store.
pub fn calendar(conn: &mut Conn) -> Result<Calendar> {
    Ok(get(conn, "calendar")?.as_deref().and_then(Calendar::named).unwrap_or(Calendar::Jalali))
}

/// In what the house shows and types amounts, and so the currency of its accounts.
///
/// # Errors
/// The store.
pub fn money_unit(conn: &mut Conn) -> Result<Unit> {
    Ok(unit_named(get(conn, MONEY_UNIT)?))
}

/// Of whom a second factor is asked.
///
/// # Errors
/// The store.
pub fn second_factor(conn: &mut Conn) -> Result<AskedOf> {
    Ok(AskedOf::of_setting(get(conn, SECOND_FACTOR)?.as_deref()))
}

/// The unit of a setting; Rial where nothing is set.
pub fn unit_named(name: Option<String>) -> Unit {
    name.as_deref().and_then(Unit::named).unwrap_or(Unit::RIAL)
}
