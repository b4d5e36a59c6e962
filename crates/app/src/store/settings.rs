//! What the administrator sets for the whole installation.

use domain::time::Calendar;

use super::conn::Conn;
use super::rows::Setting;
use super::schema::settings;
use crate::error::Result;
use crate::store::query::*;

/// # Errors
/// The store.
pub fn get(conn: &mut Conn, name: &str) -> Result<Option<String>> {
    Ok(settings::table.find(name).select(settings::value).first(conn).optional()?)
}

/// # Errors
/// The store.
pub fn set(conn: &mut Conn, name: &str, value: &str) -> Result<()> {
    diesel::delete(settings::table.find(name)).execute(conn)?;
    diesel::insert_into(settings::table).values(Setting { name: name.to_owned(), value: value.to_owned() }).execute(conn)?;
    Ok(())
}

/// The calendar in which months of policies are counted.
///
/// # Errors
/// The store.
pub fn calendar(conn: &mut Conn) -> Result<Calendar> {
    Ok(get(conn, "calendar")?.as_deref().and_then(Calendar::named).unwrap_or(Calendar::Jalali))
}

/// ISO code of the currency of the accounts.
///
/// # Errors
/// The store.
pub fn currency(conn: &mut Conn) -> Result<String> {
    Ok(get(conn, "currency")?.unwrap_or_else(|| "IRR".to_owned()))
}
