//! Statements by libpq itself, prepared once and with all values as text: the least that a program must do on
//! PostgreSQL.

#![expect(unsafe_code, reason = "libpq is a library of C; this file is all that touches it")]

use std::collections::HashMap;
use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr;

use super::recorded::Statement;
use crate::told;

pub(super) struct Connection {
    conn: *mut pq_sys::PGconn,
    /// The names of the statements that were prepared.
    prepared: HashMap<String, CString>,
}

impl Connection {
    pub(super) fn open(url: &str) -> Result<Self, String> {
        let url = CString::new(url).map_err(told)?;
        // SAFETY: the text ends with a zero and outlives the call.
        let conn = unsafe { pq_sys::PQconnectdb(url.as_ptr()) };
        let this = Self { conn, prepared: HashMap::new() };
        // SAFETY: `conn` was made above and is closed by `drop` alone.
        let status = unsafe { pq_sys::PQstatus(conn) };
        if status == pq_sys::ConnStatusType::CONNECTION_OK {
            Ok(this)
        } else {
            Err("libpq cannot reach the cluster".to_owned())
        }
    }

    /// Runs statements without values, several at once where they stand so.
    pub(super) fn run(&self, sql: &str) -> Result<(), String> {
        let text = CString::new(sql).map_err(told)?;
        // SAFETY: the connection is open, the text outlives the call.
        self.done(unsafe { pq_sys::PQexec(self.conn, text.as_ptr()) }, sql)
    }

    /// Runs a statement that was recorded, and fetches what it answers.
    pub(super) fn repeat(&mut self, statement: &Statement) -> Result<(), String> {
        let name = match self.prepared.get(&statement.sql) {
            Some(name) => name.clone(),
            None => {
                let name = CString::new(format!("s{}", self.prepared.len())).map_err(told)?;
                let sql = CString::new(statement.sql.as_str()).map_err(told)?;
                // SAFETY: both texts outlive the call; without types libpq lets the server tell them.
                self.done(
                    unsafe { pq_sys::PQprepare(self.conn, name.as_ptr(), sql.as_ptr(), 0, ptr::null()) },
                    &statement.sql,
                )?;
                self.prepared.insert(statement.sql.clone(), name.clone());
                name
            }
        };
        let values = statement
            .values
            .iter()
            .map(|value| value.as_ref().map_or(ptr::null(), |value| value.as_ptr()))
            .collect::<Vec<*const c_char>>();
        let count = c_int::try_from(values.len()).map_err(told)?;
        // SAFETY: as many values as `count` says, each null or a text that `statement` keeps.
        self.done(
            unsafe {
                pq_sys::PQexecPrepared(self.conn, name.as_ptr(), count, values.as_ptr(), ptr::null(), ptr::null(), 0)
            },
            &statement.sql,
        )
    }

    fn done(&self, result: *mut pq_sys::PGresult, sql: &str) -> Result<(), String> {
        use pq_sys::ExecStatusType::{PGRES_COMMAND_OK, PGRES_TUPLES_OK};
        // SAFETY: the result was made a moment ago and is cleared here alone; its message is copied before.
        unsafe {
            let status = pq_sys::PQresultStatus(result);
            let message = CStr::from_ptr(pq_sys::PQresultErrorMessage(result)).to_string_lossy().into_owned();
            pq_sys::PQclear(result);
            if matches!(status, PGRES_COMMAND_OK | PGRES_TUPLES_OK) {
                Ok(())
            } else {
                Err(format!("{message}in {sql}"))
            }
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: nobody else closes it, and nothing uses it afterwards.
        unsafe { pq_sys::PQfinish(self.conn) }
    }
}
