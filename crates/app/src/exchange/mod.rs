//! Data from elsewhere: products, customers, devices and past repairs from CSV and XLSX.
//!
//! Words: an *import* is one file with the columns it was mapped to; a *problem* is what is wrong with one cell.
//! Invariants: every row is written by the same commands that people use, each in its own savepoint; a row is done once
//! only, however often its file is sent (`import_rows`); a batch is one transaction with its progress, so that an
//! import goes on where it stood; with *all or nothing* a single bad row leaves nothing. A file is stored as it
//! came; it is read outside a write, row by row, and never held as rows.
//!
//! To add a kind: its columns in `columns`, a file of its own with one function from a row to a command, an arm in
//! `run::one`.

pub mod columns;
mod content;
mod customers;
mod devices;
mod done;
mod lines;
mod open_repair;
mod products;
pub mod rows;
mod run;
mod start;
pub mod table;
mod view;
mod workbook;

pub use columns::ImportKind;
pub use run::{IMPORT, Progress, run, run_task};
pub(crate) use start::forget_files;
pub use start::{
    CancelImport, MAX_SENT, RunImport, SentFile, StartImport, cancel_import, file_of, keep_file, read_file, run_import,
    start_import,
};
pub use view::{ImportProblemView, ImportView, ListProblems, get_import, list_import_problems, list_imports};

#[cfg(test)]
mod tests;
