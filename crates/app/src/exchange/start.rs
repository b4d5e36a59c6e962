//! Starting an import: the file is kept with the columns that it is mapped to; a worker takes it up.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use domain::access::Action;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::columns::ImportKind;
use super::content::byte_count;
use super::rows::Import;
use super::table::{self, Glance, MAX_FILE};
use super::view::{ImportView, import_row, import_view};
use crate::access::secrets::hex;
use crate::exchange::lines::too_large;
use crate::exchange::rows::Layout;
use crate::exchange::run::IMPORT;
use store::error::{Error, Fault, Faults, Result};
use store::gate::Gate;
use store::query::*;
use store::rights::Of;
use store::schema::{centres, import_problems, imports};
use store::types::At;
use store::{Conn, Event, Subject, Tx, refer};

/// The largest file that is sent within JSON. Its text, its value and its bytes are held beside each other for a while;
/// a larger one comes by the page, where it comes as it is, or by the command line.
pub const MAX_SENT: usize = 24 * 1024 * 1024;
/// The same in characters of base64.
const MAX_CONTENT: u32 = 32 * 1024 * 1024;

/// One file is looked at at a time; the others wait as bytes, and none of them within a write.
static READING: Gate = Gate::new("sheets", 1);
const PATIENCE: Duration = Duration::from_secs(30);

/// Takes in a file and starts to import it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StartImport {
    pub kind: ImportKind,
    #[schemars(length(min = 1, max = 200), example = &"products.csv")]
    pub file_name: String,
    /// The file, CSV or XLSX, in base64.
    #[schemars(length(min = 1, max = MAX_CONTENT))]
    pub content: String,
    /// Which heading of the file stands for which column; absent: as the headings tell.
    #[schemars(extend("maxProperties" = 100, "propertyNames" = {"maxLength": 60}, "additionalProperties" = {"type": "string", "maxLength": 200}))]
    #[serde(default)]
    pub columns: Option<BTreeMap<String, String>>,
    /// Only tell what would happen.
    #[serde(default)]
    pub is_dry_run: bool,
    /// All or nothing: a single bad row, and nothing is written.
    #[serde(default)]
    pub is_whole: bool,
    /// Public id of the centre in which past repairs stand; absent: one made for them.
    #[schemars(length(max = 60))]
    #[serde(default)]
    pub centre: Option<String>,
}

/// How an import that is kept is run: after its columns were chosen, or for good after it was tried.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunImport {
    /// Which heading of the file stands for which column; absent: as before.
    #[schemars(extend("maxProperties" = 100, "propertyNames" = {"maxLength": 60}, "additionalProperties" = {"type": "string", "maxLength": 200}))]
    #[serde(default)]
    pub columns: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pub is_dry_run: bool,
    #[serde(default)]
    pub is_whole: bool,
}

/// Stops an import; what it wrote stays.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelImport {}

/// A file that was sent, and how it looks.
pub struct SentFile {
    name: String,
    glance: Glance,
    sha256: String,
    content: Vec<u8>,
}

/// Reads a file that was sent. It takes long: it is done before the write begins.
///
/// # Errors
/// `Invalid` where the file cannot be read, or is too large; `Unavailable` where too many wait.
pub fn read_file(name: &str, content: Vec<u8>) -> Result<SentFile> {
    if content.len() > MAX_FILE {
        return Err(too_large());
    }
    let name = name.trim().chars().take(200).collect();
    READING.pass_within(PATIENCE, move || {
        let glance = table::glance(content.as_slice())?;
        Ok(SentFile { name, glance, sha256: hex(&Sha256::digest(&content)), content })
    })?
}

/// The file within a command, read; the command is left without it.
///
/// # Errors
/// As `read_file`.
pub fn file_of(command: &mut StartImport) -> Result<SentFile> {
    let text = std::mem::take(&mut command.content);
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(text.trim())
        .map_err(|_| Error::invalid("content", "base64"))?;
    drop(text);
    read_file(&command.file_name, bytes)
}

/// # Errors
/// `Invalid` where a column that is needed stands nowhere.
pub fn start_import(tx: &mut Tx<'_>, command: &StartImport, file: &SentFile) -> Result<ImportView> {
    let view = keep_file(tx, command.kind, file, command.centre.as_deref())?;
    let run =
        RunImport { columns: command.columns.clone(), is_dry_run: command.is_dry_run, is_whole: command.is_whole };
    run_import(tx, &view.id, &run)
}

/// Keeps a file as it came, with its columns as the headings tell them; nothing is imported yet.
///
/// # Errors
/// `Forbidden`; `Invalid` where the centre is not there.
pub fn keep_file(tx: &mut Tx<'_>, kind: ImportKind, file: &SentFile, centre: Option<&str>) -> Result<ImportView> {
    tx.actor.may(Action::Import, Of::Anything)?;
    let mut faults = Faults::default();
    let centre_id = refer!(faults, tx.conn, centres, centre.filter(|id| !id.is_empty()), "centre");
    faults.told()?;
    if let Some(centre_id) = centre_id {
        tx.actor.may(Action::Import, Of::Centre(centre_id))?;
    }
    let Glance { headings, sample, rows } = file.glance.clone();
    let layout = Layout { columns: kind.guess(&headings), sample, headings };
    let row = Import {
        id: 0,
        public_id: tx.public_id(),
        kind: kind.name().to_owned(),
        file_name: file.name.clone(),
        sha256: file.sha256.clone(),
        byte_count: i32::try_from(file.content.len()).unwrap_or(i32::MAX),
        columns_json: serde_json::to_string(&layout).map_err(Error::internal)?,
        is_dry_run: false,
        state: "draft".to_owned(),
        total_count: i64::try_from(rows).unwrap_or(i64::MAX),
        done_count: 0,
        good_count: 0,
        known_count: 0,
        bad_count: 0,
        centre_id,
        created_by: tx.actor.user_id,
        created_at: At::from(tx.now),
        finished_at: None,
        is_whole: false,
    };
    let stored = (row.clone(), imports::content.eq(file.content.as_slice()));
    let id = diesel::insert_into(imports::table).values(stored).returning(imports::id).get_result::<i64>(tx.conn)?;
    tx.record(
        centre_id,
        &Event::Saved { what: "import".to_owned(), code: row.file_name.clone() },
        &[Subject::Object("import", id)],
    )?;
    import_view(tx.conn, Import { id, ..row })
}

/// Puts an import that is kept into the queue, from its beginning.
///
/// # Errors
/// `NotFound`; `Conflict` while it runs, or where its file is kept no more; `Invalid` where a column that is needed
/// stands nowhere.
pub fn run_import(tx: &mut Tx<'_>, public_id: &str, command: &RunImport) -> Result<ImportView> {
    tx.actor.may(Action::Import, Of::Anything)?;
    let row = import_row(tx.conn, tx.actor, public_id)?;
    if matches!(row.state.as_str(), "queued" | "running") {
        return Err(Error::conflict("import-runs"));
    }
    if row.byte_count == 0 {
        return Err(Error::conflict("import-file-gone"));
    }
    let kind = ImportKind::named(&row.kind).ok_or_else(|| Error::internal("an import of no kind"))?;
    // It is run with all that its person may: so a token may start what it may do itself.
    let missing =
        tx.actor.scopes.as_ref().and_then(|scopes| kind.does().iter().find(|action| !scopes.contains(action)));
    if let Some(action) = missing {
        return Err(tx.actor.refusal(*action));
    }
    let mut layout: Layout = serde_json::from_str(&row.columns_json).map_err(Error::internal)?;
    if let Some(columns) = &command.columns {
        layout.columns = columns
            .iter()
            .filter(|(_, heading)| !heading.is_empty())
            .map(|(name, heading)| (name.clone(), heading.clone()))
            .collect();
    }
    let mut faults = Faults::default();
    for (name, heading) in &layout.columns {
        faults.check(
            kind.columns().iter().any(|column| column.name == name),
            &format!("columns.{name}"),
            "unknown-field",
        );
        if !layout.headings.contains(heading) {
            faults.add(Fault::new(format!("columns.{name}"), "no-such-heading").with("heading", heading.as_str()));
        }
    }
    for column in kind.columns().iter().filter(|column| column.is_required) {
        faults.check(layout.columns.contains_key(column.name), &format!("columns.{}", column.name), "column-required");
    }
    faults.told()?;
    let columns_json = serde_json::to_string(&layout).map_err(Error::internal)?;
    diesel::delete(import_problems::table.filter(import_problems::import_id.eq(row.id))).execute(tx.conn)?;
    diesel::update(imports::table.find(row.id))
        .set((
            (
                imports::columns_json.eq(columns_json),
                imports::is_dry_run.eq(command.is_dry_run),
                imports::is_whole.eq(command.is_whole),
                imports::state.eq("queued"),
            ),
            (
                imports::done_count.eq(0),
                imports::good_count.eq(0),
                imports::known_count.eq(0),
                imports::bad_count.eq(0),
            ),
            imports::finished_at.eq(None::<At>),
        ))
        .execute(tx.conn)?;
    tx.queue(IMPORT, public_id)?;
    let row = import_row(tx.conn, tx.actor, public_id)?;
    import_view(tx.conn, row)
}

/// # Errors
/// `NotFound`; `Conflict` where it is over.
pub fn cancel_import(tx: &mut Tx<'_>, public_id: &str) -> Result<ImportView> {
    tx.actor.may(Action::Import, Of::Anything)?;
    let row = import_row(tx.conn, tx.actor, public_id)?;
    if !matches!(row.state.as_str(), "draft" | "queued" | "running") {
        return Err(Error::conflict("import-over"));
    }
    diesel::update(imports::table.find(row.id))
        .set((imports::state.eq("cancelled"), imports::finished_at.eq(Some(At::from(tx.now)))))
        .execute(tx.conn)?;
    tx.take_back(IMPORT, &row.public_id)?;
    let row = import_row(tx.conn, tx.actor, public_id)?;
    import_view(tx.conn, row)
}

/// Empties the files of imports and what their pages show of them: of all that are over, or of those that were made
/// before an instant, begun or not.
///
/// # Errors
/// The store.
pub(crate) fn forget_files(conn: &mut Conn, before: Option<At>) -> Result<i64> {
    let mut old = imports::table
        .filter(imports::state.ne_all(["queued", "running"]))
        .filter(byte_count(imports::content).gt(0))
        .select((imports::id, imports::columns_json))
        .into_boxed();
    old = match before {
        Some(before) => old.filter(imports::created_at.lt(before)),
        None => old.filter(imports::state.ne("draft")),
    };
    let old = old.load_boxed::<(i64, String)>(conn)?;
    for (id, columns) in &old {
        let layout = Layout { sample: Vec::new(), ..serde_json::from_str(columns).map_err(Error::internal)? };
        let columns = serde_json::to_string(&layout).map_err(Error::internal)?;
        diesel::update(imports::table.find(id))
            .set((imports::content.eq(Vec::new()), imports::columns_json.eq(columns)))
            .execute(conn)?;
        diesel::update(import_problems::table.filter(import_problems::import_id.eq(id)))
            .set(import_problems::cell.eq(""))
            .execute(conn)?;
    }
    Ok(i64::try_from(old.len()).unwrap_or(i64::MAX))
}
