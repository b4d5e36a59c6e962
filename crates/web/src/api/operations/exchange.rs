//! Imports.

use app::exchange::{self, CancelImport, ImportProblemView, ImportView, ListProblems, RunImport, StartImport};
use axum::http::Method;
use domain::access::Action as A;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use store::error::Result;
use store::views::{ListQuery, Page};

use crate::api::{Nothing, Operation, get, make_of_file, write};

/// A problem of an import with its sentence.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Problem {
    #[serde(flatten)]
    problem: ImportProblemView,
    /// In the caller's language.
    message: String,
}

pub(super) fn exchange(out: &mut Vec<Operation>) {
    out.push(get(
        "listImports",
        "/imports",
        A::Import,
        "List imports, newest first.",
        |conn, actor, _, query: ListQuery| -> Result<Page<ImportView>> { exchange::list_imports(conn, actor, &query) },
    ));
    out.push(
        make_of_file(
            "startImport",
            "/imports",
            A::Import,
            "Import a file of products, customers, devices or Open Repair Data; it runs on by itself.",
            json!({"kind": "customers", "file_name": "customers.csv", "content": "bmFtZSxwaG9uZQpaYWhyYSBLYXJpbWksMDkxMjM0NTY3ODkK", "is_dry_run": true}),
            |_, mut body: StartImport| Ok((exchange::file_of(&mut body)?, body)),
            |tx, _, (file, body)| -> Result<ImportView> { exchange::start_import(tx, body, file) },
        )
        .takes_file(exchange::MAX_SENT),
    );
    out.push(get(
        "getImport",
        "/imports/{id}",
        A::Import,
        "Read an import with its progress.",
        |conn, actor, call, _: Nothing| -> Result<ImportView> { exchange::get_import(conn, actor, call.id()) },
    ));
    out.push(get(
        "listImportProblems",
        "/imports/{id}/problems",
        A::Import,
        "What is wrong, by row and column; `next` is the `after_row` of the page that follows.",
        |conn, actor, call, query: ListProblems| -> Result<Page<Problem>> {
            let page = exchange::list_import_problems(conn, actor, call.id(), &query)?;
            let told = |problem: ImportProblemView| Problem {
                message: problem
                    .reason
                    .as_ref()
                    .map_or_else(String::new, |reason| crate::problem::sentence(call.lang, reason)),
                problem,
            };
            Ok(Page { items: page.items.into_iter().map(told).collect(), next: page.next })
        },
    ));
    out.push(write(
        Method::POST,
        "runImport",
        "/imports/{id}/runs",
        A::Import,
        "Run an import that is kept, with other columns or for good after it was tried.",
        json!({"columns": {"name": "نام", "phone": "موبایل"}, "is_whole": true}),
        |tx, call, body: RunImport| -> Result<ImportView> { exchange::run_import(tx, call.id(), &body) },
    ));
    out.push(write(
        Method::POST,
        "cancelImport",
        "/imports/{id}/cancel",
        A::Import,
        "Stop an import; what it wrote stays.",
        json!({}),
        |tx, call, _: CancelImport| -> Result<ImportView> { exchange::cancel_import(tx, call.id()) },
    ));
}
