//! The keys by which the one search box finds things: folded, in one table with one index, so that a prefix is a range
//! on both engines.

use super::conn::Conn;
use super::rows::SearchKey;
use super::schema::search_keys;
use crate::error::Result;
use crate::query::*;

/// What a key opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    Device,
    Customer,
    Cover,
    Reception,
    Repair,
    Invoice,
    Product,
}

impl Target {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Customer => "customer",
            Self::Cover => "cover",
            Self::Reception => "reception",
            Self::Repair => "repair",
            Self::Invoice => "invoice",
            Self::Product => "product",
        }
    }
}

/// Puts a key of a thing in place of those of the same kind that it had.
///
/// # Errors
/// The store.
pub fn put(conn: &mut Conn, target: Target, id: i64, kind: &str, keys: &[String]) -> Result<()> {
    let old = search_keys::table
        .filter(search_keys::target_kind.eq(target.name()))
        .filter(search_keys::target_id.eq(id))
        .filter(search_keys::kind.eq(kind));
    diesel::delete(old).execute(conn)?;
    add(conn, target, id, kind, keys)
}

/// Adds keys of a thing that is new.
///
/// # Errors
/// The store.
pub fn add(conn: &mut Conn, target: Target, id: i64, kind: &str, keys: &[String]) -> Result<()> {
    let mut rows: Vec<SearchKey> = Vec::with_capacity(keys.len());
    for key in keys.iter().filter(|key| !key.is_empty()) {
        if !rows.iter().any(|row| row.key == *key) {
            rows.push(SearchKey {
                key: key.clone(),
                kind: kind.to_owned(),
                target_kind: target.name().to_owned(),
                target_id: id,
            });
        }
    }
    for row in rows {
        diesel::insert_into(search_keys::table).values(row).execute(conn)?;
    }
    Ok(())
}

/// The keys of a name: the whole, and each word with what follows it, so that a search that begins with any word finds
/// it.
#[must_use]
pub fn name_keys(name: &str) -> Vec<String> {
    let folded = domain::text::fold(name);
    let starts = std::iter::once(0).chain(folded.match_indices(' ').map(|(index, _)| index + 1));
    starts.map(|start| folded[start..].to_owned()).collect()
}
