//! Every sentence that a template or the program asks for is there in both languages, and none is there for nothing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use words::{Lang, keys};

/// Beginnings of keys that are put together from a code at run time.
const COMPOSED: &[&str] = &[
    "word-",
    "event-",
    "field-",
    "keep-",
    "column-",
    "condition-",
    "nav-",
    "weekday-",
    "outcome-",
    "verdict-",
    "way-",
    "paper-",
    "doc-",
    "report-",
    "awaits-",
    "why-",
    "term-",
    "amount-and-",
    "all-",
];

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        match path.extension().and_then(|extension| extension.to_str()) {
            _ if path.is_dir() => files(&path, out),
            Some("rs" | "html" | "typ") => out.push(path),
            _ => {}
        }
    }
}

/// Texts of the program, without its tests.
fn sources() -> Vec<(PathBuf, String)> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut paths = Vec::new();
    for name in ["app", "documents", "domain", "store", "web", "words", "zamen"] {
        for folder in ["src", "templates"] {
            let folder = crates.join(name).join(folder);
            if folder.exists() {
                files(&folder, &mut paths);
            }
        }
    }
    paths.into_iter().map(|path| (path.clone(), std::fs::read_to_string(&path).expect("a text"))).collect()
}

/// The first literal of each call of a function.
fn literals<'t>(text: &'t str, call: &str) -> Vec<&'t str> {
    text.split(call).skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next()).collect()
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[test]
fn every_sentence_that_is_asked_for_is_there() {
    let known = keys(Lang::Fa);
    let mut missing = BTreeSet::new();
    for (path, text) in sources() {
        for call in [".t(", ".t1(", ".t2(", "lang.with("] {
            for key in literals(&text, call).into_iter().filter(|key| is_key(key)) {
                if !known.contains(key) {
                    missing.insert(format!("{key} ({})", path.display()));
                }
            }
        }
        // Reasons of refusals.
        for call in ["Reason::new(", "Error::conflict("] {
            for code in literals(&text, call).into_iter().filter(|code| is_key(code)) {
                if !known.contains(&format!("error-{code}")) && !path.ends_with("error.rs") {
                    missing.insert(format!("error-{code} ({})", path.display()));
                }
            }
        }
        for call in ["Error::invalid(", "Fault::new(", ".check(", ".normal("] {
            for rest in text.split(call).skip(1) {
                let Some(code) = second_literal(rest) else { continue };
                if is_key(code) && !known.contains(&format!("error-{code}")) {
                    missing.insert(format!("error-{code} ({})", path.display()));
                }
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.into_iter().collect::<Vec<_>>().join("\n"));
}

/// The last literal among the arguments of a call: where the code of a fault stands.
fn second_literal(rest: &str) -> Option<&str> {
    let mut depth = 0;
    let mut end = rest.len();
    let mut in_text = false;
    for (index, byte) in rest.bytes().enumerate() {
        match byte {
            b'"' => in_text = !in_text,
            b'(' | b'[' | b'{' if !in_text => depth += 1,
            b')' | b']' | b'}' if !in_text => {
                if depth == 0 {
                    end = index;
                    break;
                }
                depth -= 1;
            }
            _ => {}
        }
    }
    let arguments = rest.get(..end)?.trim_end().trim_end_matches(',');
    let before = arguments.strip_suffix('"')?;
    before.rsplit('"').next()
}

#[test]
fn no_sentence_is_there_for_nothing() {
    let all = sources().into_iter().map(|(_, text)| text).collect::<Vec<_>>();
    let is_used = |key: &str| all.iter().any(|text| text.contains(&format!("\"{key}\"")));
    let unused = keys(Lang::Fa)
        .into_iter()
        .filter(|key| !COMPOSED.iter().any(|prefix| key.starts_with(prefix)))
        .filter(|key| !is_used(key) && !key.strip_prefix("error-").is_some_and(is_used))
        .collect::<Vec<_>>();
    assert!(unused.is_empty(), "{}", unused.join("\n"));
}
