//! What a field that names a thing of the catalogue offers while one types: a part of the page.

use app::catalogue::choices::{Choice, ListChoices, list_choices};
use askama::Template;
use axum::extract::RawQuery;
use axum::response::Response;
use store::error::Error;
use words::Lang;

use super::frame::{Person, html};
use crate::form::pairs;
use crate::schema::{from_form, read, shape};

/// The most letters that a field takes.
const MOST: usize = 200;

/// A row of the list beneath a field.
struct Row {
    /// What the field holds when it is chosen.
    value: String,
    title: String,
    group: String,
    code: String,
}

#[derive(Template)]
#[template(path = "choices.html")]
struct Rows {
    l: Lang,
    rows: Vec<Row>,
}

/// What a field holds of a thing that was chosen: its title and its code, by which it is found again.
pub(crate) fn offered(title: &str, code: &str) -> String {
    let both = format!("{title} · {code}");
    if both.chars().count() > MOST { code.to_owned() } else { both }
}

pub(crate) async fn offer(person: Person, RawQuery(query): RawQuery) -> Response {
    let asked = pairs(query.unwrap_or_default().as_bytes())
        .and_then(|fields| from_form(&fields, &shape::<ListChoices>().schema, &[]).map_err(Error::Invalid))
        .and_then(|value| read::<ListChoices>(&value).map_err(Error::Invalid));
    let asked = match asked {
        Ok(asked) => asked,
        Err(error) => return person.error(&error),
    };
    let lang = person.lang;
    // A product that is half typed narrows nothing yet.
    let found = person.read(move |conn, actor| match list_choices(conn, actor, &asked) {
        Err(Error::Invalid(_)) => list_choices(conn, actor, &ListChoices { product: None, ..asked }),
        found => found,
    });
    let row = |Choice { code, title, group }: Choice| {
        let title = lang.pick(title.fa, title.en);
        Row {
            value: offered(&title, &code),
            group: group.map(|of| lang.pick(of.fa, of.en)).unwrap_or_default(),
            title,
            code,
        }
    };
    match found.await {
        Ok(found) => html(&Rows { l: lang, rows: found.choices.into_iter().map(row).collect() }),
        Err(response) => response,
    }
}
