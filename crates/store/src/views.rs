//! Shapes that many slices show: titles, links, pages of a list, and the words of closed lists that the store keeps as
//! text.

use diesel::prelude::Queryable;
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::types::{At, Day};

/// A title in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Title {
    /// In Persian.
    #[schemars(length(min = 1, max = 200), example = &"یخچال‌فریزر")]
    pub fa: String,
    /// In English.
    #[schemars(length(min = 1, max = 200), example = &"Fridge-freezer")]
    pub en: String,
}

impl Title {
    #[must_use]
    pub fn new(fa: impl Into<String>, en: impl Into<String>) -> Self {
        Self { fa: fa.into(), en: en.into() }
    }
}

/// Another object, as a list or a page names it: read from its public id, its code and its titles as a pair.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Serialize, Deserialize, JsonSchema)]
pub struct Link {
    pub id: String,
    pub code: String,
    pub title: Title,
}

/// A person or company, as others name it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Serialize, Deserialize, JsonSchema)]
pub struct PartyLink {
    pub id: String,
    pub name: String,
}

/// A document or a repair, as others name it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Serialize, Deserialize, JsonSchema)]
pub struct NumberLink {
    pub id: String,
    pub number: String,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// What to send as `after` for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Of rows read with a limit of `limit` + 1: whether there is a next page, without counting.
    #[must_use]
    pub fn of<R>(mut rows: Vec<R>, limit: i64, key: impl Fn(&R) -> String, view: impl FnMut(R) -> T) -> Self {
        let limit = usize::try_from(limit).unwrap_or(0);
        let next = (rows.len() > limit).then(|| rows.get(limit.saturating_sub(1)).map(&key)).flatten();
        rows.truncate(limit);
        Self { items: rows.into_iter().map(view).collect(), next }
    }
}

/// How a list is asked for: filters of its own beside these.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ListQuery {
    /// Part of a name or the beginning of a code or number.
    #[schemars(length(max = 100))]
    pub q: Option<String>,
    /// The `next` of the page before.
    #[schemars(regex(pattern = "^[0-9a-z]{16}$"))]
    pub after: Option<String>,
    /// Rows on a page.
    #[schemars(range(min = 1, max = 200))]
    pub limit: Option<i64>,
}

impl ListQuery {
    #[must_use]
    pub fn limit(&self) -> i64 {
        self.limit.unwrap_or(crate::PAGE).clamp(1, crate::MAX_PAGE)
    }

    /// What is searched, folded; None where nothing is.
    #[must_use]
    pub fn folded(&self) -> Option<String> {
        self.q.as_deref().map(domain::text::fold).filter(|q| !q.is_empty())
    }
}

/// A change that says which version of the object it saw.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WithReason {
    /// Why, for those who read the history.
    #[schemars(length(min = 1, max = 500), example = &"typed twice")]
    pub reason: String,
}

/// A pattern for `LIKE` that finds `text` anywhere. What belongs to the language of patterns becomes "any one
/// character", which matches itself.
#[must_use]
pub fn containing(text: &str) -> String {
    format!("%{}%", text.replace(['\\', '%'], "_"))
}

impl At {
    /// For an optional instant of a view.
    #[must_use]
    pub fn shown(at: Option<Self>) -> Option<Timestamp> {
        at.map(Self::instant)
    }
}

impl Day {
    #[must_use]
    pub fn shown(day: Option<Self>) -> Option<Date> {
        day.map(Self::date)
    }
}
