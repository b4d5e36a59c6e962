//! Links between rows: what is meant by what stands in a field, and how a row is named to others.
//!
//! A field names a row by its code, its public id, a title that no other has, or both as they are offered:
//! `title · code`. Codes and titles are compared folded: in any letters, digits and spaces.

use domain::text::key;

use crate::views::Title;

/// The code in what a field holds as it was offered, `title · code`.
#[must_use]
pub fn tail(typed: &str) -> &str {
    typed.rsplit_once('·').map_or(typed, |(_, code)| code).trim()
}

/// The one of some rows whose code or, where there is none of that code, whose title is what was typed.
#[must_use]
pub fn meant(typed: &str, rows: &[(i64, String, Title)]) -> Option<i64> {
    let (whole, code) = (key(typed), key(tail(typed)));
    let one = |is: &dyn Fn(&(i64, String, Title)) -> bool| {
        let mut found = rows.iter().filter(|row| is(row));
        found.next().filter(|_| found.next().is_none()).map(|(id, ..)| *id)
    };
    if whole.is_empty() {
        return None;
    }
    one(&|(_, known, _)| key(known) == code)
        .or_else(|| one(&|(_, _, title)| key(&title.fa) == whole || key(&title.en) == whole))
}

/// The id of the row in use that a field means, of a table with codes and titles; None where it means none.
#[macro_export]
macro_rules! named {
    ($conn:expr, $table:ident, $typed:expr) => {{
        let typed: &str = $typed.trim();
        let in_use = || $table::table.filter($table::retired_at.is_null());
        let known = in_use()
            .filter($table::code.eq($crate::links::tail(typed)).or($table::public_id.eq(typed)))
            .order($table::id)
            .select($table::id)
            .first::<i64>($conn)
            .optional()?;
        match known {
            Some(id) => Some(id),
            None if typed.is_empty() => None,
            None => {
                let rows = in_use().select(($table::id, $table::code, ($table::title_fa, $table::title_en))).load::<(
                    i64,
                    String,
                    $crate::views::Title,
                )>(
                    $conn
                )?;
                $crate::links::meant(typed, &rows)
            }
        }
    }};
}

/// The id of the row that an optional field means, or None; a fault where there is no such row in use. A company has no
/// code: it is named by its public id.
#[macro_export]
macro_rules! refer {
    ($faults:expr, $conn:expr, parties, $public_id:expr, $path:expr) => {
        match $public_id {
            None => None,
            Some(public_id) => {
                let found = parties::table
                    .filter(parties::public_id.eq(public_id))
                    .filter(parties::retired_at.is_null())
                    .select(parties::id)
                    .first::<i64>($conn)
                    .optional()?;
                if found.is_none() {
                    $faults.add($crate::error::Fault::new($path, "unknown-reference"));
                }
                found
            }
        }
    };
    ($faults:expr, $conn:expr, $table:ident, $typed:expr, $path:expr) => {
        match $typed {
            None => None,
            Some(typed) => {
                let found = $crate::named!($conn, $table, typed);
                if found.is_none() {
                    $faults.add($crate::error::Fault::new($path, "unknown-reference"));
                }
                found
            }
        }
    };
}

/// The columns of a link to a row of a table that has a code and titles.
#[macro_export]
macro_rules! link_columns {
    ($table:ident) => {
        (
            $crate::schema::$table::public_id,
            $crate::schema::$table::code,
            ($crate::schema::$table::title_fa, $crate::schema::$table::title_en),
        )
    };
}

/// A link to the row with this id in such a table.
#[macro_export]
macro_rules! link {
    ($conn:expr, $table:ident, $id:expr) => {
        $crate::schema::$table::table
            .find($id)
            .select($crate::link_columns!($table))
            .first::<$crate::views::Link>($conn)?
    };
}
