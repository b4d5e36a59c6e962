//! The REST API: a table of operations (`operations`), from which routes, checks and the OpenAPI document (`openapi`)
//! are made.

pub mod openapi;
pub mod operations;
mod request;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use app::access::refused::note_refused;
use app::access::secrets::hex;
use app::access::session::token_actor;
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use domain::access::Action;
use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};
use store::error::{Error, Fault, Result};
use store::idempotency::Given;
use store::rights::{Actor, Of};
use store::{Conn, Db, Tx, idempotency};
use words::Lang;

use self::request::{body_input, idempotency_key, if_match, query_input};
use crate::body::{ORDINARY, SMALL, length};
use crate::problem;
use crate::schema::{read, shape};
use crate::state::{App, Lane};

/// What an operation is called with, beside its body.
pub struct Call<'a> {
    /// The parts of the path by name.
    pub path: &'a HashMap<String, String>,
    /// The version of the object that was seen (`If-Match`).
    pub version: Option<i64>,
    pub now: Timestamp,
    pub lang: Lang,
}

impl Call<'_> {
    /// The public id in the path.
    #[must_use]
    pub fn id(&self) -> &str {
        self.path.get("id").map_or("", String::as_str)
    }

    /// For commands that make a thing without an id, or change one with it.
    #[must_use]
    pub fn changed(&self) -> Option<(&str, Option<i64>)> {
        self.path.get("id").map(|id| (id.as_str(), self.version))
    }
}

type ReadFn = Box<dyn Fn(&mut Conn, &Actor, &Call<'_>, &Value) -> Result<Value> + Send + Sync>;
type LookFn = Box<dyn Fn(&Db, &Actor, &Call<'_>, &Value) -> Result<Value> + Send + Sync>;
/// What is done within a write; it is done again where another write won.
type InWrite<'a> = Box<dyn FnMut(&mut Tx<'_>) -> Result<Value> + 'a>;
/// Gets ready for a write: what takes long or much is done here, before the write begins, and what is left is handed
/// on.
type WriteFn = Box<dyn for<'a> Fn(&'a Db, &'a Actor, &'a Call<'a>, &'a Value) -> Result<InWrite<'a>> + Send + Sync>;
type OpenFn = Box<dyn Fn(&App, &str, &Call<'_>, &Value) -> Result<Value> + Send + Sync>;
type NoteFn = fn(&Db, &Actor, &str) -> Result<()>;
type BytesFn = Box<dyn Fn(&App, &Actor, &Call<'_>, &Value) -> Result<Bytes> + Send + Sync>;

/// What an operation does.
enum Does {
    Read(ReadFn),
    /// Reads, and counts what was looked for.
    Look(LookFn),
    Write(WriteFn),
    /// For anybody, without a token; gets the caller's address.
    Open(OpenFn),
    /// Answers with a file.
    Bytes(BytesFn),
}

/// Which headers an operation knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyed {
    No,
    Accepted,
    /// It makes a document: a repeated request must not make two.
    Required,
}

/// One operation of the API.
pub struct Operation {
    pub id: &'static str,
    pub method: Method,
    pub path: &'static str,
    /// What the caller must be allowed to do; None: anybody.
    pub action: Option<Action>,
    pub summary: &'static str,
    pub status: StatusCode,
    pub keyed: Keyed,
    pub has_version: bool,
    /// The largest body that it reads, in bytes.
    pub max_body: usize,
    /// With whom it waits for its turn.
    pub lane: Lane,
    /// The type of the file that it answers with, where it does.
    pub media: &'static str,
    /// An example of the body or of the query.
    pub example: Value,
    input: fn(&mut SchemaGenerator) -> Schema,
    input_raw: fn() -> &'static Value,
    check: fn(&Value) -> Result<(), Vec<Fault>>,
    output: Option<fn(&mut SchemaGenerator) -> Schema>,
    does: Does,
    /// What it answers is a secret, and is stored sealed where it is stored.
    pub is_secret: bool,
    /// Writes down that the object of this public id was read.
    note: Option<NoteFn>,
}

/// No body, or no query.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

fn check<T: JsonSchema + DeserializeOwned + 'static>(value: &Value) -> Result<(), Vec<Fault>> {
    read::<T>(value).map(|_| ())
}

fn typed<T: JsonSchema + DeserializeOwned + 'static>(value: &Value) -> Result<T> {
    read::<T>(value).map_err(Error::Invalid)
}

fn json(value: impl Serialize) -> Result<Value> {
    serde_json::to_value(value).map_err(Error::internal)
}

/// An operation that reads.
pub fn get<Q, A>(
    id: &'static str,
    path: &'static str,
    action: Action,
    summary: &'static str,
    run: fn(&mut Conn, &Actor, &Call<'_>, Q) -> Result<A>,
) -> Operation
where
    Q: JsonSchema + DeserializeOwned + 'static,
    A: JsonSchema + Serialize + 'static,
{
    operation::<Q>(
        id,
        Method::GET,
        path,
        Some(action),
        summary,
        Some(|generator| generator.subschema_for::<A>()),
        Does::Read(Box::new(move |conn, actor, call, query| json(run(conn, actor, call, typed::<Q>(query)?)?))),
    )
}

/// An operation that reads, and counts what was looked for.
pub fn look<Q, A>(
    id: &'static str,
    path: &'static str,
    action: Action,
    summary: &'static str,
    run: fn(&Db, &Actor, &Call<'_>, Q) -> Result<A>,
) -> Operation
where
    Q: JsonSchema + DeserializeOwned + 'static,
    A: JsonSchema + Serialize + 'static,
{
    let does = Does::Look(Box::new(move |db, actor, call, query| json(run(db, actor, call, typed::<Q>(query)?)?)));
    operation::<Q>(id, Method::GET, path, Some(action), summary, Some(|generator| generator.subschema_for::<A>()), does)
}

/// An operation that answers what is sent to it, and neither reads nor writes: it takes as long as it takes, beside the
/// store.
pub fn answers<B, A>(
    id: &'static str,
    path: &'static str,
    action: Action,
    summary: &'static str,
    example: Value,
    run: fn(B) -> Result<A>,
) -> Operation
where
    B: JsonSchema + DeserializeOwned + 'static,
    A: JsonSchema + Serialize + 'static,
{
    let does = Does::Look(Box::new(move |_, _, _, body| json(run(typed::<B>(body)?)?)));
    let mut operation = operation::<B>(
        id,
        Method::POST,
        path,
        Some(action),
        summary,
        Some(|generator| generator.subschema_for::<A>()),
        does,
    );
    operation.example = example;
    operation.lane = Lane::Files;
    operation
}

/// An operation that changes something.
pub fn write<B, A, F>(
    method: Method,
    id: &'static str,
    path: &'static str,
    action: Action,
    summary: &'static str,
    example: Value,
    run: F,
) -> Operation
where
    B: JsonSchema + DeserializeOwned + 'static,
    A: JsonSchema + Serialize + 'static,
    F: Fn(&mut Tx<'_>, &Call<'_>, B) -> Result<A> + Send + Sync + 'static,
{
    let run = Arc::new(run);
    let does = writes(move |_, _, call, body| {
        let run = run.clone();
        Ok(Box::new(move |tx: &mut Tx<'_>| json(run(tx, call, typed::<B>(body)?)?)))
    });
    let mut operation = operation::<B>(
        id,
        method.clone(),
        path,
        Some(action),
        summary,
        Some(|generator| generator.subschema_for::<A>()),
        does,
    );
    operation.example = example;
    operation.keyed = if method == Method::POST { Keyed::Accepted } else { Keyed::No };
    operation
}

/// An operation in two steps: the first does what takes long or much memory, before the write begins, and the second
/// writes what came of it.
pub fn prepared<B, P, A, R, F>(
    method: Method,
    id: &'static str,
    path: &'static str,
    action: Action,
    summary: &'static str,
    example: Value,
    (ready, run): (R, F),
) -> Operation
where
    B: JsonSchema + DeserializeOwned + 'static,
    P: 'static,
    A: JsonSchema + Serialize + 'static,
    R: Fn(&Db, &Actor, B) -> Result<P> + Send + Sync + 'static,
    F: Fn(&mut Tx<'_>, &Call<'_>, &P) -> Result<A> + Send + Sync + 'static,
{
    let run = Arc::new(run);
    let does = writes(move |db, actor, call, body| {
        let (run, prepared) = (run.clone(), ready(db, actor, typed::<B>(body)?)?);
        Ok(Box::new(move |tx: &mut Tx<'_>| json(run(tx, call, &prepared)?)))
    });
    let mut operation = operation::<B>(
        id,
        method.clone(),
        path,
        Some(action),
        summary,
        Some(|generator| generator.subschema_for::<A>()),
        does,
    );
    operation.example = example;
    operation.keyed = if method == Method::POST { Keyed::Accepted } else { Keyed::No };
    operation
}

/// An operation that makes something of a file, which is decoded or read in its turn with other files.
pub fn make_of_file<B, P, A, R, F>(
    id: &'static str,
    path: &'static str,
    action: Action,
    summary: &'static str,
    example: Value,
    ready: R,
    run: F,
) -> Operation
where
    B: JsonSchema + DeserializeOwned + 'static,
    P: 'static,
    A: JsonSchema + Serialize + 'static,
    R: Fn(&Db, B) -> Result<P> + Send + Sync + 'static,
    F: Fn(&mut Tx<'_>, &Call<'_>, &P) -> Result<A> + Send + Sync + 'static,
{
    let mut operation = prepared(
        Method::POST,
        id,
        path,
        action,
        summary,
        example,
        (move |db: &Db, _: &Actor, body| ready(db, body), run),
    )
    .makes();
    operation.lane = Lane::Files;
    operation
}

fn writes(
    ready: impl for<'a> Fn(&'a Db, &'a Actor, &'a Call<'a>, &'a Value) -> Result<InWrite<'a>> + Send + Sync + 'static,
) -> Does {
    Does::Write(Box::new(ready))
}

/// An operation for anybody.
pub fn open<Q, A>(
    id: &'static str,
    method: Method,
    path: &'static str,
    summary: &'static str,
    run: fn(&App, &str, &Call<'_>, Q) -> Result<A>,
) -> Operation
where
    Q: JsonSchema + DeserializeOwned + 'static,
    A: JsonSchema + Serialize + 'static,
{
    operation::<Q>(
        id,
        method,
        path,
        None,
        summary,
        Some(|generator| generator.subschema_for::<A>()),
        Does::Open(Box::new(move |app, address, call, query| json(run(app, address, call, typed::<Q>(query)?)?))),
    )
}

/// A file: its media type and its bytes.
type Bytes = (String, Vec<u8>);

/// An operation that answers with a file.
pub fn file<Q>(
    id: &'static str,
    path: &'static str,
    action: Action,
    summary: &'static str,
    run: fn(&App, &Actor, &Call<'_>, Q) -> Result<Bytes>,
) -> Operation
where
    Q: JsonSchema + DeserializeOwned + 'static,
{
    operation::<Q>(
        id,
        Method::GET,
        path,
        Some(action),
        summary,
        None,
        Does::Bytes(Box::new(move |app, actor, call, query| run(app, actor, call, typed::<Q>(query)?))),
    )
}

fn operation<I: JsonSchema + DeserializeOwned + 'static>(
    id: &'static str,
    method: Method,
    path: &'static str,
    action: Option<Action>,
    summary: &'static str,
    output: Option<fn(&mut SchemaGenerator) -> Schema>,
    does: Does,
) -> Operation {
    Operation {
        id,
        method,
        path,
        action,
        summary,
        status: StatusCode::OK,
        keyed: Keyed::No,
        has_version: false,
        max_body: ORDINARY,
        lane: Lane::Ordinary,
        media: "application/pdf",
        example: Value::Null,
        input: |generator| generator.subschema_for::<I>(),
        input_raw: || &shape::<I>().schema,
        check: check::<I>,
        output,
        does,
        is_secret: false,
        note: None,
    }
}

impl Operation {
    /// It makes something: answered with 201.
    #[must_use]
    pub fn makes(mut self) -> Self {
        self.status = StatusCode::CREATED;
        self
    }

    /// It makes a document: needs an `Idempotency-Key`.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.keyed = Keyed::Required;
        self
    }

    /// It takes `If-Match` and answers with an `ETag`.
    #[must_use]
    pub fn versioned(mut self) -> Self {
        self.has_version = true;
        self
    }

    /// It hashes a password or a PIN, in its turn with others.
    #[must_use]
    pub fn hashes(mut self) -> Self {
        self.lane = Lane::Passwords;
        self
    }

    /// It answers with a secret.
    #[must_use]
    pub fn secret(mut self) -> Self {
        self.is_secret = true;
        self
    }

    /// The file that it answers with is a photo.
    #[must_use]
    pub fn answers_photo(mut self) -> Self {
        self.media = "image/jpeg";
        self
    }

    /// The largest file that it takes, in bytes: it comes in base64, four characters for three bytes, within some JSON.
    #[must_use]
    pub fn takes_file(mut self, max: usize) -> Self {
        self.max_body = max.div_ceil(3) * 4 + SMALL;
        self
    }

    /// An example of its query.
    #[must_use]
    pub fn example(mut self, example: Value) -> Self {
        self.example = example;
        self
    }

    /// Checks what was sent against its schema.
    ///
    /// # Errors
    /// The faults that the schema finds.
    pub fn check(&self, input: &Value) -> Result<()> {
        (self.check)(input).map_err(Error::Invalid)
    }

    /// The schema of its body or query.
    #[must_use]
    pub fn input_schema(&self) -> &'static Value {
        (self.input_raw)()
    }

    /// Whether somebody may do it at all, somewhere: asked before anything is made of what they send.
    ///
    /// # Errors
    /// `Forbidden`.
    pub fn may(&self, actor: &Actor) -> Result<()> {
        self.action.map_or(Ok(()), |action| actor.may(action, Of::Anything))
    }

    /// Reads, for the API and for pages alike.
    ///
    /// # Errors
    /// What the query tells.
    pub fn read(&self, conn: &mut Conn, actor: &Actor, call: &Call<'_>, input: &Value) -> Result<Value> {
        let Does::Read(run) = &self.does else { return Err(Error::NotFound) };
        if let Some(action) = self.action {
            actor.may(action, Of::Anything)?;
        }
        run(conn, actor, call, input)
    }

    /// Writes down that an object was read, where that is asked for: after `read`, by pages and the API alike.
    ///
    /// # Errors
    /// The store.
    pub fn note(&self, db: &Db, actor: &Actor, id: &str) -> Result<()> {
        self.note.map_or(Ok(()), |note| note(db, actor, id))
    }

    /// Does what changes something, once for each key: for the API and for the forms of pages alike.
    ///
    /// # Errors
    /// What the command tells; then nothing was written.
    pub fn write(
        &self,
        app: &App,
        actor: &Actor,
        call: &Call<'_>,
        key: Option<&str>,
        input: &Value,
    ) -> Result<(StatusCode, Value)> {
        let Does::Write(ready) = &self.does else { return Err(Error::NotFound) };
        if let Some(action) = self.action {
            actor.may(action, Of::Anything)?;
        }
        // An answer that was kept is for who may see now what they saw then.
        let hash = request_hash(&format!("{} {:?} {} ", self.id, call.path.get("id"), actor.rights()), input)?;
        let mut run = ready(app.db(), actor, call, input)?;
        app.db().write(actor, |tx| {
            if let Some(key) = key
                && let Some((status, answer)) = idempotency::answered(tx, key, &hash)?
            {
                let status = u16::try_from(status)
                    .ok()
                    .and_then(|status| StatusCode::from_u16(status).ok())
                    .unwrap_or(StatusCode::OK);
                return Ok((status, serde_json::from_str(&answer).map_err(Error::internal)?));
            }
            let value = run(tx)?;
            if let Some(key) = key {
                let given = Given {
                    status: i64::from(self.status.as_u16()),
                    body: &value.to_string(),
                    is_secret: self.is_secret,
                };
                idempotency::keep(tx, key, &hash, given)?;
            }
            Ok((self.status, value))
        })
    }

    /// Checks its example against its own schema.
    ///
    /// # Errors
    /// The faults that the schema finds.
    pub fn check_example(&self) -> Result<(), Vec<Fault>> {
        let example = if self.example.is_null() { Value::Object(serde_json::Map::new()) } else { self.example.clone() };
        (self.check)(&example)
    }
}

/// By what a request is known when it is sent again. Its JSON is not written out for that: it may hold a file.
fn request_hash(what: &str, input: &Value) -> Result<String> {
    struct Digesting(Sha256);
    impl std::io::Write for Digesting {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.update(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut digesting = Digesting(Sha256::new_with_prefix(what));
    serde_json::to_writer(&mut digesting, input).map_err(Error::internal)?;
    Ok(hex(&digesting.0.finalize()))
}

/// The operation with an id.
#[must_use]
pub fn named(id: &str) -> Option<&'static Arc<Operation>> {
    table().iter().find(|operation| operation.id == id)
}

/// The operations, once.
pub fn table() -> &'static [Arc<Operation>] {
    static TABLE: OnceLock<Vec<Arc<Operation>>> = OnceLock::new();
    TABLE.get_or_init(|| operations::all().into_iter().map(Arc::new).collect())
}

/// The routes of the API, with the document and its viewer where they are shown.
pub(crate) fn router(has_docs: bool) -> Router<App> {
    let mut by_path: Vec<(&str, MethodRouter<App>)> = Vec::new();
    for operation in table() {
        let serve = {
            let operation = operation.clone();
            move |State(app): State<App>, Path(path): Path<HashMap<String, String>>, request: Request| {
                serve(operation.clone(), app, path, request)
            }
        };
        let filter = MethodFilter::try_from(operation.method.clone()).unwrap_or(MethodFilter::GET);
        match by_path.iter().position(|(path, _)| *path == operation.path) {
            Some(index) => {
                let (path, routes) = by_path.swap_remove(index);
                by_path.push((path, routes.on(filter, serve)));
            }
            None => by_path.push((operation.path, on(filter, serve))),
        }
    }
    let mut router = Router::new();
    for (path, routes) in by_path {
        router = router.route(&format!("/v1{path}"), routes.fallback(wrong_method));
    }
    if has_docs {
        router = router
            .route("/v1/openapi.json", axum::routing::get(openapi::serve))
            .route("/docs", axum::routing::get(crate::assets::api_docs));
    }
    router
}

async fn wrong_method(headers: HeaderMap) -> Response {
    problem::of(
        StatusCode::METHOD_NOT_ALLOWED,
        "method-not-allowed",
        &problem::language(&headers).t("error-method-not-allowed"),
        Vec::new(),
    )
}

async fn serve(operation: Arc<Operation>, app: App, path: HashMap<String, String>, request: Request) -> Response {
    let lang = problem::language(request.headers());
    match answer(operation, app, path, request, lang).await {
        Ok(response) => response,
        Err(error) => problem::answer(lang, &error),
    }
}

async fn answer(
    operation: Arc<Operation>,
    app: App,
    path: HashMap<String, String>,
    request: Request,
    lang: Lang,
) -> Result<Response> {
    let (parts, body) = request.into_parts();
    let address = app.address(&parts);
    let actor = match operation.action {
        None => None,
        Some(action) => {
            let token = parts
                .headers
                .get(header::AUTHORIZATION)
                .and_then(|value| value.to_str().ok())
                .and_then(|value| value.strip_prefix("Bearer "))
                .map(str::to_owned);
            let token = token.ok_or(Error::Unauthenticated)?;
            let now = app.db().now();
            let from = address.clone();
            let actor =
                app.look_up(move |conn| token_actor(conn, now, &token, &from)).await?.ok_or(Error::Unauthenticated)?;
            app.count_request(&actor)?;
            if let Err(error) = actor.may(action, Of::Anything) {
                return Err(refused(&app, actor, parts.uri.path(), error).await);
            }
            Some(actor)
        }
    };
    // A file within JSON stands beside its text for a while.
    let copies = if operation.lane == Lane::Files { 2 } else { 1 };
    // Nothing is read of what comes with a question.
    let room =
        if operation.method == Method::GET { 0 } else { length(&body, operation.max_body).saturating_mul(copies) };
    let held = app.hold(room).await?;
    let input = if operation.method == Method::GET {
        let input = query_input(&operation, parts.uri.query().unwrap_or_default())?;
        operation.check(&input)?;
        input
    } else {
        match body_input(&operation, &parts.headers, body, lang).await? {
            Ok(value) => value,
            Err(response) => return Ok(response),
        }
    };
    let version = if_match(&parts.headers, operation.has_version)?;
    let key = idempotency_key(&operation, &parts.headers)?;
    let lane =
        if operation.method == Method::GET && operation.lane == Lane::Ordinary { Lane::Reads } else { operation.lane };
    let (db_app, who) = (app.clone(), actor.clone());
    let ran = app
        .run_in(lane, move |app| {
            let _held = held;
            let call = Call { path: &path, version, now: app.db().now(), lang };
            match (&operation.does, &actor) {
                (Does::Read(run), Some(actor)) => {
                    let value = app.db().read(|conn| run(conn, actor, &call, &input))?;
                    operation.note(app.db(), actor, call.id())?;
                    Ok(Ran::Json(operation.status, value))
                }
                (Does::Look(run), Some(actor)) => Ok(Ran::Json(operation.status, run(app.db(), actor, &call, &input)?)),
                (Does::Open(run), _) => Ok(Ran::Json(operation.status, run(&db_app, &address, &call, &input)?)),
                (Does::Bytes(run), Some(actor)) => {
                    run(&db_app, actor, &call, &input).map(|(kind, bytes)| Ran::Bytes(kind, bytes))
                }
                (Does::Write(_), Some(actor)) => {
                    let (status, value) = operation.write(app, actor, &call, key.as_deref(), &input)?;
                    Ok(Ran::Json(status, value))
                }
                (_, None) => Err(Error::Unauthenticated),
            }
        })
        .await;
    match ran {
        Ok(Ran::Json(status, value)) => {
            let tag = value
                .get("version")
                .and_then(Value::as_i64)
                .and_then(|version| HeaderValue::from_str(&format!("\"{version}\"")).ok());
            let mut response = (status, axum::Json(value)).into_response();
            if let Some(tag) = tag {
                response.headers_mut().insert(header::ETAG, tag);
            }
            Ok(response)
        }
        Ok(Ran::Bytes(kind, bytes)) => {
            let kind = HeaderValue::from_str(&kind).map_err(Error::internal)?;
            Ok(([(header::CONTENT_TYPE, kind)], bytes).into_response())
        }
        // Somebody who said which version they saw is told that it is not the one.
        Err(Error::Conflict(reason)) if version.is_some() && reason.code == "changed-meanwhile" => Ok(problem::of(
            StatusCode::PRECONDITION_FAILED,
            &reason.code,
            &problem::sentence(lang, &reason),
            Vec::new(),
        )),
        Err(error) => match who {
            Some(actor) => Err(refused(&app, actor, parts.uri.path(), error).await),
            None => Err(error),
        },
    }
}

/// The error, after it was written down where something was tried that is not theirs.
async fn refused(app: &App, actor: Actor, path: &str, error: Error) -> Error {
    if !error.is_refusal() {
        return error;
    }
    // The router of the API sees its paths without their beginning.
    let path = format!("/api{path}");
    let noted = app.run(move |app| {
        note_refused(app.db(), &actor, &path);
        Ok(())
    });
    noted.await.err().unwrap_or(error)
}

enum Ran {
    Json(StatusCode, Value),
    Bytes(String, Vec<u8>),
}
