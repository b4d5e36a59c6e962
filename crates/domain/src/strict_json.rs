//! JSON as the formats of this product want it: every key known, none doubled, integers written as integers, and every
//! fault told with its path (`covers[0].policy.terms[1].months`). JSON that is checked by a schema afterwards is read
//! by `value`, within bounds.

use std::cell::{Cell, RefCell};
use std::fmt;

use jiff::civil::Date;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::time::iso_date;

/// A fault in a JSON document: where it is, and what is wrong there (for developers; people read a sentence made from
/// the path).
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
        list.iter()
            .enumerate()
            .map(|(index, json)| item(index, Node { json, path: &Path::Index(self.path, index) }))
            .collect()
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
            return Err(Malformed::new(
                Path::Key(&Path::Index(path, index), key),
                format!("\"{id}\" stands here a second time"),
            ));
        }
    }
    Ok(())
}

/// How much a JSON text from outside may hold.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Values, those inside others counted too.
    pub nodes: usize,
    /// How deep they stand in one another.
    pub depth: usize,
}

/// Why a JSON text from outside is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    NotJson,
    DoubledKey,
    /// Half a character, written as an escape.
    HalfCharacter,
    TooMuch,
}

/// Where in a JSON text from outside something is why it is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub path: String,
    pub fault: Fault,
}

/// Reads a JSON text from outside, every key once, within bounds: what is beyond them is not built.
///
/// # Errors
/// What stands in its way first; at the empty path where the text is no JSON.
pub fn value(text: &[u8], bounds: Bounds) -> Result<Value, Refused> {
    let reading = Reading { nodes: Cell::new(bounds.nodes), refused: RefCell::new(None) };
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let read = Within { reading: &reading, path: &Path::Root, depth: bounds.depth }.deserialize(&mut deserializer);
    read.and_then(|value| deserializer.end().map(|()| value)).map_err(|error| {
        let fault = if error.to_string().contains("hex escape") { Fault::HalfCharacter } else { Fault::NotJson };
        reading.refused.into_inner().unwrap_or(Refused { path: String::new(), fault })
    })
}

/// What is left of the bounds, and what was refused.
struct Reading {
    nodes: Cell<usize>,
    refused: RefCell<Option<Refused>>,
}

/// A value that is about to be read.
#[derive(Clone, Copy)]
struct Within<'a> {
    reading: &'a Reading,
    path: &'a Path<'a>,
    depth: usize,
}

impl Within<'_> {
    fn refuse<E: serde::de::Error>(&self, path: impl fmt::Display, fault: Fault) -> E {
        *self.reading.refused.borrow_mut() = Some(Refused { path: path.to_string(), fault });
        E::custom("refused")
    }
}

impl<'de> DeserializeSeed<'de> for Within<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self.reading.nodes.get().checked_sub(1) {
            Some(left) if self.depth > 0 => self.reading.nodes.set(left),
            _ => return Err(self.refuse(self.path, Fault::TooMuch)),
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Within<'_> {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }
    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }
    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut out = Vec::new();
        while let Some(item) =
            list.next_element_seed(Within { path: &Path::Index(self.path, out.len()), depth: self.depth - 1, ..self })?
        {
            out.push(item);
        }
        Ok(Value::Array(out))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut out = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let path = Path::Key(self.path, &key);
            if out.contains_key(&key) {
                return Err(self.refuse(path, Fault::DoubledKey));
            }
            let value = map.next_value_seed(Within { path: &path, depth: self.depth - 1, ..self })?;
            out.insert(key, value);
        }
        Ok(Value::Object(out))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOUNDS: Bounds = Bounds { nodes: 100, depth: 8 };

    fn refused(text: &str) -> (String, Fault) {
        let refused = value(text.as_bytes(), BOUNDS).expect_err("refused");
        (refused.path, refused.fault)
    }

    #[test]
    fn what_stands_in_the_way_is_told_with_its_path() {
        assert_eq!(
            value(br#"{"a": [1, 1.5, "x", null, true]}"#, BOUNDS),
            Ok(serde_json::json!({"a": [1, 1.5, "x", null, true]}))
        );
        assert_eq!(refused(r#"{"a": [{"b": 1, "b": 2}]}"#), ("a[0].b".to_owned(), Fault::DoubledKey));
        assert_eq!(refused(&format!("[{}]", "0,".repeat(200))), ("[99]".to_owned(), Fault::TooMuch));
        assert_eq!(refused(&"[".repeat(100_000)).1, Fault::TooMuch);
        assert_eq!(refused(r#""\ud800""#), (String::new(), Fault::HalfCharacter));
        for text in ["", "{", "[1] 2", "nul"] {
            assert_eq!(refused(text), (String::new(), Fault::NotJson), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_is_what_another_reader_reads(text in "([\\[\\]{},:]|\"[a-c]\"|[0-9]{1,3}|null|-|\\.|e){0,12}") {
            if let Ok(read) = value(text.as_bytes(), BOUNDS) {
                prop_assert_eq!(Some(read), serde_json::from_str::<Value>(&text).ok());
            }
        }

        #[test]
        fn no_bytes_bring_it_down(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = value(&bytes, BOUNDS);
        }
    }
}
