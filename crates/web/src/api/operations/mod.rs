//! The table of operations. Resources are plural nouns by public id; what people do is a POST on a noun below them.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::Operation;

macro_rules! kept {
    ($out:ident, $path:literal, $keep:ident, $save:ty, $example:expr, $list:literal => $list_fn:expr, $get:literal => $get_fn:expr, $create:literal, $update:literal => $save_fn:expr, $retire:literal => $retire_fn:expr, $noun:literal) => {
        $out.push(get($list, $path, A::ViewCatalogue, concat!("List ", $noun, "."), |conn, actor, _, query: ListQuery| $list_fn(conn, actor, &query)));
        kept_one!($out, $path, ViewCatalogue, $keep, $save, $example, $get => $get_fn, $create, $update => $save_fn, $retire => $retire_fn, $noun);
    };
}

macro_rules! kept_one {
    ($out:ident, $path:literal, $view:ident, $keep:ident, $save:ty, $example:expr, $get:literal => $get_fn:expr, $create:literal, $update:literal => $save_fn:expr, $retire:literal => $retire_fn:expr, $noun:literal) => {
        $out.push(
            write(
                Method::POST,
                $create,
                $path,
                A::$keep,
                concat!("Make one of the ", $noun, "."),
                $example,
                |tx, call, body: $save| $save_fn(tx, call.changed(), &body),
            )
            .makes(),
        );
        $out.push(
            get(
                $get,
                concat!($path, "/{id}"),
                A::$view,
                concat!("Read one of the ", $noun, "."),
                |conn, actor, call, _: Nothing| $get_fn(conn, actor, call.id()),
            )
            .versioned(),
        );
        $out.push(
            write(
                Method::PUT,
                $update,
                concat!($path, "/{id}"),
                A::$keep,
                concat!("Change one of the ", $noun, "."),
                $example,
                |tx, call, body: $save| $save_fn(tx, call.changed(), &body),
            )
            .versioned(),
        );
        $out.push(
            write(
                Method::POST,
                $retire,
                concat!($path, "/{id}/retire"),
                A::$keep,
                concat!("Take one of the ", $noun, " out of use; what refers to it keeps it."),
                json!({}),
                |tx, call, _: Nothing| $retire_fn(tx, call.id(), call.version),
            )
            .versioned(),
        );
    };
}

// Below the macros, which they use.
mod exchange;
mod kept;
mod looking;
mod money;
mod promises;
mod repairs;
mod visits;

/// What is done with nothing to answer.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
struct Done {
    done: bool,
}

/// A list without pages.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Listed<T> {
    items: Vec<T>,
}

fn title() -> Value {
    json!({"fa": "یخچال", "en": "Fridge"})
}

const ID: &str = "0123456789abcdef";

/// All operations.
#[must_use]
pub fn all() -> Vec<Operation> {
    let mut out = Vec::new();
    kept::organisation(&mut out);
    kept::catalogue(&mut out);
    kept::people(&mut out);
    promises::promises(&mut out);
    visits::visits(&mut out);
    repairs::repairs(&mut out);
    visits::photos(&mut out);
    money::messages(&mut out);
    money::money(&mut out);
    looking::looking(&mut out);
    exchange::exchange(&mut out);
    out
}
