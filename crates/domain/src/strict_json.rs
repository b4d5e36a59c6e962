//! JSON as the formats of this product want it: every key known, none doubled, integers written as integers, and every fault told with its path
//! (`covers[0].policy.terms[1].months`).

use std::fmt;

use jiff::civil::Date;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::time::iso_date;

/// A fault in a JSON document: where it is, and what is wrong there (for developers; people read a sentence made from the path).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct Malformed {
    pub path: String,
    pub message: String,
}

impl Malformed {
    pub fn new(path: impl fmt::Display, message: impl Into<String>) -> Self {
        Self { path: path.to_string(), message: message.into() }
    }
}

/// A JSON value that remembers doubled keys and whether a number was written as an integer.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    Int(i64),
    /// A number with a point or an exponent, or beyond 64 bits.
    OtherNumber,
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Parses one JSON text.
    ///
    /// # Errors
    /// With the empty path where the text is no JSON.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        serde_json::from_str(text).map_err(|error| Malformed::new("", error.to_string()))
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Json;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a JSON value")
            }
            fn visit_unit<E>(self) -> Result<Json, E> {
                Ok(Json::Null)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
                Ok(Json::Bool(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
                Ok(Json::Int(value))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
                Ok(i64::try_from(value).map_or(Json::OtherNumber, Json::Int))
            }
            fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
                Ok(Json::OtherNumber)
            }
            fn visit_str<E>(self, value: &str) -> Result<Json, E> {
                Ok(Json::Text(value.to_owned()))
            }
            fn visit_string<E>(self, value: String) -> Result<Json, E> {
                Ok(Json::Text(value))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
                let mut out = Vec::new();
                while let Some(item) = list.next_element()? {
                    out.push(item);
                }
                Ok(Json::List(out))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
                let mut out = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    out.push(entry);
                }
                Ok(Json::Object(out))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// Where a value stands, as a chain that costs nothing until it is told.
#[derive(Clone, Copy)]
pub enum Path<'a> {
    Root,
    Key(&'a Path<'a>, &'a str),
    Index(&'a Path<'a>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Key(Path::Root, key) => out.write_str(key),
            Self::Key(parent, key) => write!(out, "{parent}.{key}"),
            Self::Index(parent, index) => write!(out, "{parent}[{index}]"),
        }
    }
}

/// A value and where it stands.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    pub json: &'a Json,
    pub path: &'a Path<'a>,
}

type Read<T> = Result<T, Malformed>;

impl<'a> Node<'a> {
    pub fn wrong<T>(self, expected: &str) -> Read<T> {
        Err(Malformed::new(self.path, format!("expected {expected}")))
    }

    pub fn text(self) -> Read<&'a str> {
        match self.json {
            Json::Text(text) => Ok(text),
            _ => self.wrong("text"),
        }
    }

    pub fn bool(self) -> Read<bool> {
        match self.json {
            Json::Bool(value) => Ok(*value),
            _ => self.wrong("true or false"),
        }
    }

    /// An integer of at least `min`.
    pub fn int(self, min: i64) -> Read<i64> {
        match self.json {
            Json::Int(value) if *value >= min => Ok(*value),
            _ => self.wrong(&format!("an integer of at least {min}")),
        }
    }

    pub fn percent(self) -> Read<i64> {
        match self.json {
            Json::Int(value @ 0..=100) => Ok(*value),
            _ => self.wrong("an integer from 0 to 100"),
        }
    }

    pub fn date(self) -> Read<Date> {
        self.text().ok().and_then(iso_date).map_or_else(|| self.wrong("a date that exists, as YYYY-MM-DD"), Ok)
    }

    /// A word of a closed list, read by `named`.
    pub fn word<T>(self, named: impl Fn(&str) -> Option<T>, list: &str) -> Read<T> {
        self.text().ok().and_then(named).map_or_else(|| self.wrong(list), Ok)
    }

    pub fn list<T>(self, mut item: impl FnMut(usize, Node<'_>) -> Read<T>) -> Read<Vec<T>> {
        let Json::List(list) = self.json else { return self.wrong("a list") };
        list.iter().enumerate().map(|(index, json)| item(index, Node { json, path: &Path::Index(self.path, index) })).collect()
    }

    pub fn texts(self) -> Read<Vec<String>> {
        self.list(|_, node| node.text().map(str::to_owned))
    }

    /// Opens an object whose keys are all in `required` or `optional`, each once, with every required one there.
    pub fn object(self, required: &[&str], optional: &[&str]) -> Read<Object<'a>> {
        let entries = self.entries()?;
        for (key, _) in entries {
            if !required.contains(&key.as_str()) && !optional.contains(&key.as_str()) {
                return Err(Malformed::new(Path::Key(self.path, key), "unknown key"));
            }
        }
        if let Some(missing) = required.iter().find(|key| !entries.iter().any(|(name, _)| name == *key)) {
            return Err(Malformed::new(Path::Key(self.path, missing), "required"));
        }
        Ok(Object { entries, path: self.path })
    }

    /// The entries of an object of any keys, each once.
    pub fn entries(self) -> Read<&'a [(String, Json)]> {
        let Json::Object(entries) = self.json else { return self.wrong("an object") };
        for (index, (key, _)) in entries.iter().enumerate() {
            if entries[..index].iter().any(|(earlier, _)| earlier == key) {
                return Err(Malformed::new(Path::Key(self.path, key), "doubled key"));
            }
        }
        Ok(entries)
    }
}

/// An opened object.
pub struct Object<'a> {
    entries: &'a [(String, Json)],
    path: &'a Path<'a>,
}

impl<'a> Object<'a> {
    /// Reads a key that `object` was told to require.
    pub fn get<T>(&self, key: &str, read: impl FnOnce(Node<'_>) -> Read<T>) -> Read<T> {
        self.optional(key, read)?.ok_or_else(|| Malformed::new(Path::Key(self.path, key), "required"))
    }

    pub fn optional<T>(&self, key: &str, read: impl FnOnce(Node<'_>) -> Read<T>) -> Read<Option<T>> {
        let entry = self.entries.iter().find(|(name, _)| name == key);
        entry.map(|(_, json)| read(Node { json, path: &Path::Key(self.path, key) })).transpose()
    }

    /// Reads a required key whose value may be null.
    pub fn nullable<T>(&self, key: &str, read: impl FnOnce(Node<'_>) -> Read<T>) -> Read<Option<T>> {
        self.get(key, |node| if matches!(node.json, Json::Null) { Ok(None) } else { read(node).map(Some) })
    }

    pub fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(name, _)| name == key)
    }
}

/// Tells the second of two equal ids in a list: at `[index].key`.
pub fn no_double<'t>(path: &Path<'_>, key: &str, ids: impl IntoIterator<Item = &'t str>) -> Read<()> {
    let mut seen = std::collections::HashSet::new();
    for (index, id) in ids.into_iter().enumerate() {
        if !seen.insert(id) {
            return Err(Malformed::new(Path::Key(&Path::Index(path, index), key), format!("\"{id}\" stands here a second time")));
        }
    }
    Ok(())
}
