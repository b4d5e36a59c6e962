//! What is sold, what is done to it, and where: legal entities, brands, centres, sections, kinds of product, products,
//! services, prices, faults and causes.
//!
//! Each thing has `Save…` (make it, or change it at the version that was seen), a view, a list, and *retire*: nothing
//! with history is deleted. Codes are unique; a title stands in both languages.

pub mod choices;
pub mod faults;
pub mod installation;
pub mod legal_entities;
pub mod organisation;
pub mod prices;
pub mod products;
pub mod rows;
pub mod services;

use store::error::{Error, Reason, Result};

/// # Errors
/// `Conflict` where somebody else changed the object since the version that was seen.
pub fn same_version(stored: i64, seen: Option<i64>) -> Result<()> {
    match seen {
        Some(seen) if seen != stored => Err(Error::Conflict(Reason::new("changed-meanwhile"))),
        _ => Ok(()),
    }
}

/// Normal form of a code: without outer blanks, Latin digits, as typed otherwise.
pub(crate) fn code(typed: &str) -> String {
    typed
        .trim()
        .chars()
        .map(|ch| if ch.is_numeric() { domain::text::digits(&ch.to_string()).chars().next().unwrap_or(ch) } else { ch })
        .collect()
}

/// List, get and retire for a table that has a code, titles, a version and `retired_at`. `$of` tells what the right to
/// keep a row is asked about.
macro_rules! entity {
    ($table:ident: $row:ident => $view:ident by $shape:ident, $what:literal, keep $keep:ident of $of:expr, $list:ident, $get:ident, $row_of:ident, $retire:ident) => {
        /// # Errors
        /// `NotFound`.
        pub(crate) fn $row_of(conn: &mut store::Conn, public_id: &str) -> store::error::Result<$row> {
            $table::table
                .filter($table::public_id.eq(public_id))
                .select($row::as_select())
                .first(conn)
                .optional()?
                .ok_or(store::error::Error::NotFound)
        }

        /// # Errors
        /// `Forbidden`, `NotFound`.
        pub fn $get(
            conn: &mut store::Conn,
            actor: &store::rights::Actor,
            public_id: &str,
        ) -> store::error::Result<$view> {
            actor.may(domain::access::Action::ViewCatalogue, store::rights::Of::Anything)?;
            let row = $row_of(conn, public_id)?;
            $shape(conn, row)
        }

        /// Those in use, oldest first.
        ///
        /// # Errors
        /// `Forbidden`; `NotFound` where `after` is not of this list.
        pub fn $list(
            conn: &mut store::Conn,
            actor: &store::rights::Actor,
            query: &store::views::ListQuery,
        ) -> store::error::Result<store::views::Page<$view>> {
            actor.may(domain::access::Action::ViewCatalogue, store::rights::Of::Anything)?;
            let mut select = $table::table
                .filter($table::retired_at.is_null())
                .order($table::id)
                .select($row::as_select())
                .into_boxed();
            if let Some(after) = &query.after {
                select = select.filter($table::id.gt($row_of(conn, after)?.id));
            }
            let rows = match query.folded() {
                None => select.limit(query.limit() + 1).load_boxed(conn)?,
                // A catalogue is small enough to be folded as it is read; the first page of hits is all that is kept.
                Some(q) => {
                    let hits = |row: &$row| {
                        [&row.code, &row.title_fa, &row.title_en]
                            .into_iter()
                            .any(|text| domain::text::fold(text).contains(&q))
                    };
                    let rows: Vec<$row> = select.load_boxed(conn)?;
                    rows.into_iter().filter(hits).take(usize::try_from(query.limit() + 1).unwrap_or(0)).collect()
                }
            };
            let page = store::views::Page::of(rows, query.limit(), |row| row.public_id.clone(), |row| row);
            let items = page.items.into_iter().map(|row| $shape(conn, row)).collect::<store::error::Result<_>>()?;
            Ok(store::views::Page { items, next: page.next })
        }

        /// Takes it out of use; what refers to it keeps it.
        ///
        /// # Errors
        /// `Forbidden`, `NotFound`, `Conflict` on another version.
        pub fn $retire(tx: &mut store::Tx<'_>, public_id: &str, version: Option<i64>) -> store::error::Result<$view> {
            let row = $row_of(tx.conn, public_id)?;
            let of: fn(&$row) -> store::rights::Of = $of;
            tx.actor.may(domain::access::Action::$keep, of(&row))?;
            $crate::catalogue::same_version(row.version, version)?;
            diesel::update($table::table.find(row.id))
                .set(($table::retired_at.eq(Some(store::types::At::from(tx.now))), $table::version.eq(row.version + 1)))
                .execute(tx.conn)?;
            let event = store::Event::Retired { what: $what.to_owned(), code: row.code.clone() };
            tx.record(None, &event, &[store::Subject::Object($what, row.id)])?;
            let row = $row_of(tx.conn, public_id)?;
            $shape(tx.conn, row)
        }
    };
}
pub(crate) use entity;

/// Checks what every thing of the catalogue has: a code that no other in use has, and both titles.
macro_rules! check_code_and_title {
    ($faults:expr, $conn:expr, $table:ident, $code:expr, $title:expr, $own:expr) => {
        $faults.check(!$code.is_empty() && $code.chars().count() <= 60, "code", "required");
        $faults.check(!$title.fa.trim().is_empty(), "title.fa", "required");
        $faults.check(!$title.en.trim().is_empty(), "title.en", "required");
        let taken = $table::table.filter($table::code.eq(&$code)).select($table::id).first::<i64>($conn).optional()?;
        $faults.check(taken.is_none() || taken == $own, "code", "taken");
    };
}
pub(crate) use check_code_and_title;
