//! Files from elsewhere: taken in, their columns chosen, tried, imported, with what was wrong by row and column.

use app::exchange::table::MAX_FILE;
use app::exchange::{
    ImportKind, ImportView, ListProblems, get_import, keep_file, list_import_problems, list_imports, read_file,
};
use askama::Template;
use axum::extract::{Multipart, Path, RawQuery};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use documents::sheet::{Kind, table};
use store::error::Error;
use store::views::{ListQuery, Page as Rows};

use super::frame::{Attempt, Page, Person, html, show};
use super::lists::{Shown, filters};
use super::report::{file, unwritten};
use crate::body::{Part, Parts, SMALL, Unread, said};
use crate::problem;
use crate::state::{App, Lane};

#[derive(Template)]
#[template(path = "imports.html")]
struct Imports {
    p: Page,
    kinds: &'static [ImportKind],
    rows: Vec<ImportView>,
    shown: Shown,
}

pub(crate) async fn list(person: Person, RawQuery(query): RawQuery) -> Response {
    list_page(person, query, None).await
}

async fn list_page(person: Person, query: Option<String>, attempt: Option<Attempt>) -> Response {
    let (query, fields) = match filters::<ListQuery>(&person, query) {
        Ok(asked) => asked,
        Err(response) => return response,
    };
    match person.read(move |conn, actor| list_imports(conn, actor, &query)).await {
        Ok(Rows { items, next }) => {
            let page = person.page("keep", person.lang.t("imports-title")).with(attempt);
            show(
                page.status(),
                &Imports {
                    shown: Shown::of(&person, next.as_ref(), fields),
                    p: page,
                    kinds: ImportKind::ALL,
                    rows: items,
                },
            )
        }
        Err(response) => response,
    }
}

/// The largest form with a file.
pub(crate) const MOST: usize = MAX_FILE + SMALL;

/// Takes a file in and leads to the page on which its columns are chosen.
pub(crate) async fn upload(person: Person, headers: HeaderMap, form: Multipart) -> Response {
    // Who may not import takes no room from those who may.
    if let Err(error) = person.current.actor.may(domain::access::Action::Import, store::rights::Of::Anything) {
        return person.error(&error);
    }
    let held = match person.app.hold(said(&headers, MOST)).await {
        Ok(held) => held,
        Err(error) => return person.error(&error),
    };
    let mut sent = Parts::default();
    let read = sent.read(form, &["_csrf", "kind", "file"], told).await;
    let kind = sent.text("kind").unwrap_or_default();
    let kept = match read {
        Ok(()) if !person.sent_it(sent.text("_csrf").as_deref()) => {
            return person.error(&Error::Forbidden(store::error::Reason::new("not-from-here")));
        }
        Ok(()) => {
            let (actor, kind) = (person.current.actor.clone(), kind.clone());
            let work = move |app: &App| {
                let _held = held;
                let kind = ImportKind::named(&kind).ok_or_else(|| Error::invalid("kind", "not-in-list"))?;
                let Part { file_name, content } = sent.take("file");
                let file = read_file(&file_name, content)?;
                app.db().write(&actor, |tx| keep_file(tx, kind, &file, None))
            };
            person.app.run_in(Lane::Files, work).await
        }
        Err(error) => Err(error),
    };
    match kept {
        Ok(view) => Redirect::to(&format!("/imports/{}", view.id)).into_response(),
        Err(error @ Error::Invalid(_)) => {
            let attempt = Attempt::of(person.lang, "keepFile", vec![("kind".to_owned(), kind)], &error);
            list_page(person, None, Some(attempt)).await
        }
        Err(error) => person.error(&error),
    }
}

/// Why the parts of the form could not be read.
fn told(unread: Unread) -> Error {
    match unread {
        Unread::TooLarge => Error::invalid("file", "file-too-large"),
        Unread::Broken => Error::invalid("file", "malformed"),
    }
}

/// A column as the form shows it.
struct Column {
    name: &'static str,
    label: String,
    is_required: bool,
    heading: String,
    fault: String,
}

#[derive(Template)]
#[template(path = "import.html")]
struct Import {
    p: Page,
    here: String,
    view: ImportView,
    columns: Vec<Column>,
    problems: Vec<(i64, String, String, String)>,
    is_running: bool,
    /// Whether the last run was a trial that found its columns: then the next step is to import.
    was_tried: bool,
}

pub(crate) async fn one(person: Person, Path(id): Path<String>) -> Response {
    import_page(person, id, None).await
}

pub(crate) async fn import_page(person: Person, id: String, attempt: Option<Attempt>) -> Response {
    let lang = person.lang;
    let here = format!("/imports/{id}");
    let read = person.read(move |conn, actor| {
        let view = get_import(conn, actor, &id)?;
        let problems = list_import_problems(conn, actor, &id, &ListProblems { after_row: None, limit: Some(100) })?;
        Ok((view, problems.items))
    });
    let (view, problems) = match read.await {
        Ok(read) => read,
        Err(response) => return response,
    };
    let page = person.page("keep", view.file_name.clone()).with(attempt);
    let kind = ImportKind::named(&view.kind).unwrap_or(ImportKind::Products);
    let columns = kind
        .columns()
        .iter()
        .map(|column| {
            let field = format!("columns.{}", column.name);
            let stored = view.columns.get(column.name).map_or("", String::as_str);
            let label = format!("column-{}", column.name.replace('_', "-"));
            Column {
                name: column.name,
                label: if lang.has(&label) { lang.t(&label) } else { column.name.to_owned() },
                is_required: column.is_required,
                heading: page.value("runImport", &field, stored),
                fault: page.fault("runImport", &field),
            }
        })
        .collect();
    let sentence = |reason: Option<store::error::Reason>| {
        reason.map_or_else(String::new, |reason| problem::sentence(lang, &reason))
    };
    let problems = problems
        .into_iter()
        .map(|problem| (problem.row, problem.column, problem.cell, sentence(problem.reason)))
        .collect();
    let (is_running, was_tried) = (is_running(&view), view.is_dry_run && view.state == "done");
    show(page.status(), &Import { p: page, here, view, columns, problems, is_running, was_tried })
}

fn is_running(view: &ImportView) -> bool {
    matches!(view.state.as_str(), "queued" | "running")
}

#[derive(Template)]
#[template(path = "import_progress.html")]
struct Progress {
    p: Page,
    view: ImportView,
    is_running: bool,
}

/// The bar alone, asked for again while it runs; at the end the whole page is loaded anew.
pub(crate) async fn progress(person: Person, Path(id): Path<String>) -> Response {
    match person.read(move |conn, actor| get_import(conn, actor, &id)).await {
        Ok(view) => {
            let is_running = is_running(&view);
            let mut response = html(&Progress { p: person.page("keep", String::new()), view, is_running });
            if !is_running {
                response.headers_mut().insert("hx-refresh", axum::http::HeaderValue::from_static("true"));
            }
            response
        }
        Err(response) => response,
    }
}

/// All that is wrong, as a file.
pub(crate) async fn problems(person: Person, Path(id): Path<String>) -> Response {
    let lang = person.lang;
    let read = person.read(move |conn, actor| {
        let mut query = ListProblems { after_row: None, limit: Some(200) };
        let mut all = Vec::new();
        loop {
            let page = list_import_problems(conn, actor, &id, &query)?;
            all.extend(page.items);
            match page.next.and_then(|next| next.parse().ok()) {
                Some(next) => query.after_row = Some(next),
                None => return Ok(all),
            }
        }
    });
    match read.await {
        Ok(all) => {
            let head = ["import-row", "import-column", "import-cell", "reason"].map(|key| lang.t(key)).to_vec();
            let rows = all.into_iter().map(|problem| {
                let message = problem.reason.map_or_else(String::new, |reason| problem::sentence(lang, &reason));
                vec![problem.row.to_string(), problem.column, problem.cell, message]
            });
            let rows = std::iter::once(head).chain(rows).collect::<Vec<_>>();
            match table(Kind::Csv, "problems", lang, &rows) {
                Ok(bytes) => file(Kind::Csv.media(), "problems.csv", bytes),
                Err(error) => person.error(&unwritten(error)),
            }
        }
        Err(response) => response,
    }
}
