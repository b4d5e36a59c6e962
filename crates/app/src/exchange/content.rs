//! The file of an import as it is stored: read piece by piece, so that no more of it is held than a piece.

use std::io::{self, Read};

pub(super) use self::sql::{byte_count, piece};
use store::Db;
use store::query::*;
use store::schema::imports;

/// Functions of both engines.
mod sql {

    use diesel::sql_types::{Binary, Integer};

    diesel::define_sql_function! {
        /// So many bytes from a place on, the first being 1.
        #[sql_name = "substr"]
        fn piece(content: Binary, from: Integer, most: Integer) -> Binary;
    }

    diesel::define_sql_function! {
        /// How many bytes there are; no engine reads them for that.
        #[sql_name = "length"]
        fn byte_count(content: Binary) -> Integer;
    }
}

/// The bytes that are fetched at once.
const PIECE: i32 = 4 * 1024 * 1024;

/// Reads the file of an import from its beginning.
pub(super) struct Stored<'d> {
    db: &'d Db,
    import_id: i64,
    piece: Vec<u8>,
    read: usize,
    next: i32,
    is_last: bool,
}

impl<'d> Stored<'d> {
    pub(super) fn new(db: &'d Db, import_id: i64) -> Self {
        Self { db, import_id, piece: Vec::new(), read: 0, next: 1, is_last: false }
    }
}

impl Read for Stored<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.read == self.piece.len() && !self.is_last {
            let (id, from) = (self.import_id, self.next);
            let fetched = self.db.read(|conn| {
                Ok(imports::table.find(id).select(piece(imports::content, from, PIECE)).first::<Vec<u8>>(conn)?)
            });
            (self.piece, self.read) = (fetched.map_err(io::Error::other)?, 0);
            self.next += PIECE;
            self.is_last = i32::try_from(self.piece.len()).is_ok_and(|length| length < PIECE);
        }
        let left = &self.piece[self.read..];
        let count = left.len().min(out.len());
        out[..count].copy_from_slice(&left[..count]);
        self.read += count;
        Ok(count)
    }
}
