//! Links between rows: what a public id in a command names, and how a row is named to others.

/// The id of the row that an optional public id names, or None; a fault where there is no such row in use.
#[macro_export]
macro_rules! refer {
    ($faults:expr, $conn:expr, $table:ident, $public_id:expr, $path:expr) => {
        match $public_id {
            None => None,
            Some(public_id) => {
                let found = $table::table
                    .filter($table::public_id.eq(public_id))
                    .filter($table::retired_at.is_null())
                    .select($table::id)
                    .first::<i64>($conn)
                    .optional()?;
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
