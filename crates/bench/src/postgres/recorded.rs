//! The statements that our program sends, taken down with their values, so that libpq can be made to send the same.

use std::ffi::CString;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use diesel::connection::{Instrumentation, InstrumentationEvent};

static IS_ON: AtomicBool = AtomicBool::new(false);
static TAKEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// A statement with its values as the server reads them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Statement {
    pub sql: String,
    pub values: Vec<Option<CString>>,
}

struct Ears;

impl Instrumentation for Ears {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { query, .. } = event
            && IS_ON.load(Ordering::Relaxed)
            && let Ok(mut taken) = TAKEN.lock()
        {
            taken.push(query.to_string());
        }
    }
}

/// Lets every connection that is opened from now on be heard.
pub(super) fn listen() -> Result<(), String> {
    diesel::connection::set_default_instrumentation(|| Some(Box::new(Ears))).map_err(crate::told)
}

/// The statements of some work.
pub(super) fn statements_of(work: impl FnOnce() -> Result<(), String>) -> Result<Vec<Statement>, String> {
    IS_ON.store(true, Ordering::Relaxed);
    let done = work();
    IS_ON.store(false, Ordering::Relaxed);
    done?;
    let taken = TAKEN.lock().map_err(crate::told)?.drain(..).collect::<Vec<_>>();
    taken.iter().filter(|text| *text != "SELECT 1").map(|text| parsed(text)).collect()
}

/// From the form in which Diesel tells a query: its text, `-- binds:` and the values as Rust shows them.
fn parsed(text: &str) -> Result<Statement, String> {
    let (sql, values) = text.rsplit_once(" -- binds: ").unwrap_or((text, "[]"));
    let inner = values
        .trim()
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .ok_or_else(|| format!("no values in {text}"))?;
    let values = split(inner)
        .into_iter()
        .map(|value| in_sql(value).map(CString::new).transpose().map_err(crate::told))
        .collect::<Result<_, _>>()?;
    Ok(Statement { sql: sql.trim().to_owned(), values })
}

/// The values of a list: commas within texts, brackets and parentheses do not part them.
fn split(list: &str) -> Vec<&str> {
    let (mut out, mut depth, mut start) = (Vec::new(), 0, 0);
    let (mut in_text, mut is_escaped) = (false, false);
    for (index, ch) in list.char_indices() {
        match ch {
            _ if is_escaped => is_escaped = false,
            '\\' if in_text => is_escaped = true,
            '"' => in_text = !in_text,
            '(' | '[' if !in_text => depth += 1,
            ')' | ']' if !in_text => depth -= 1,
            ',' if !in_text && depth == 0 => {
                out.push(list[start..index].trim());
                start = index + 1;
            }
            _ => {}
        }
    }
    out.extend(Some(list[start..].trim()).filter(|last| !last.is_empty()));
    out
}

/// A value as Rust shows it, as PostgreSQL reads it: `Some("a")` is a, `At(2026-…)` the instant, `[1, 2]` a list,
/// `None` is NULL.
fn in_sql(value: &str) -> Option<String> {
    if value == "None" {
        return None;
    }
    if let Some(text) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        return Some(
            serde_json::from_str(&format!("\"{}\"", text.replace("\\'", "'").replace("\\u{", "\\\\u{")))
                .unwrap_or_else(|_| text.to_owned()),
        );
    }
    if let Some(list) = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return Some(format!("{{{}}}", split(list).into_iter().filter_map(in_sql).collect::<Vec<_>>().join(",")));
    }
    // A name around a value.
    match value.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')) {
        Some(inner) => in_sql(inner),
        None => Some(value.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_they_were_shown() {
        let shown = r#"INSERT INTO "t" VALUES ($1, $2, $3, $4, $5) -- binds: ["a, \"b\" [c", None, Some(At(2026-11-25T01:02:03.5)), [1, 2], Some("x(y")]"#;
        let values = [Some("a, \"b\" [c"), None, Some("2026-11-25T01:02:03.5"), Some("{1,2}"), Some("x(y")]
            .map(|value| value.map(|text| CString::new(text).expect("a text")));
        assert_eq!(
            parsed(shown),
            Ok(Statement { sql: r#"INSERT INTO "t" VALUES ($1, $2, $3, $4, $5)"#.to_owned(), values: values.to_vec() })
        );
        assert_eq!(parsed("COMMIT"), Ok(Statement { sql: "COMMIT".to_owned(), values: Vec::new() }));
    }
}
