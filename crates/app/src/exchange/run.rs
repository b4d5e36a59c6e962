//! Running an import: batch by batch, each one transaction with its progress, each row in a savepoint of its own.

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use super::columns::ImportKind;
use super::content::Stored;
use super::open_repair::Shelf;
use super::rows::{Import, ImportProblem, ImportRow};
use super::table::{Row, Rows, heading, with_rows};
use super::{customers, devices, open_repair, products};
use crate::access::guesses::{Tried, count, may_guess};
use crate::access::session::actor_by_id;
use crate::exchange::done::Done;
use crate::exchange::rows::Layout;
use store::error::{Error, Fault, Reason, Result};
use store::jobs::{Held, Kind};
use store::query::*;
use store::rights::Actor;
use store::schema::{import_problems, import_rows, imports};
use store::types::At;
use store::{Db, Event, Subject, Tx};

/// Rows of a batch, and the bytes of their cells at which it ends before.
const BATCH: usize = 100;
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// Rows of one import that count as looked up at most: more than these make nobody wait longer.
const MOST_COUNTED: i64 = 200;

/// Problems that are kept of one import; more than these nobody reads, and the counts go on.
const MAX_PROBLEMS: i64 = 10_000;

/// How far an import is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub total: i64,
    pub done: i64,
    pub good: i64,
    pub known: i64,
    pub bad: i64,
}

impl Progress {
    fn of(import: &Import) -> Self {
        Self {
            total: import.total_count,
            done: import.done_count,
            good: import.good_count,
            known: import.known_count,
            bad: import.bad_count,
        }
    }

    fn add(&mut self, outcome: &Outcome) {
        self.done += 1;
        match outcome {
            Outcome::Done(Done::Written(_)) => self.good += 1,
            Outcome::Done(Done::Known) => self.known += 1,
            Outcome::Bad(_) => self.bad += 1,
        }
    }
}

enum Outcome {
    Done(Done),
    Bad(Vec<Fault>),
}

/// Runs imports: before papers, because somebody waits for them.
pub const IMPORT: Kind = Kind { name: "import", priority: 10 };

/// Runs the import of a task; each batch of it is done for good.
///
/// # Errors
/// The store; `Unavailable` where another worker runs it by now. What an import itself cannot do is written on it.
pub fn run_task(task: &Held<'_>) -> Result<()> {
    run(task.db(), task.key(), &mut |_| task.went_on())
}

/// Runs an import that is queued, or goes on with one that was interrupted; does nothing with one that is over.
///
/// # Errors
/// The store, and what `told` tells. What an import itself cannot do is written on it.
pub fn run(db: &Db, public_id: &str, told: &mut dyn FnMut(Progress) -> Result<()>) -> Result<()> {
    let import = db.read(|conn| {
        Ok(imports::table.filter(imports::public_id.eq(public_id)).select(Import::as_select()).first::<Import>(conn)?)
    })?;
    if !is_on(&import.state) {
        return Ok(());
    }
    let ran = Runner::new(db, import.clone()).and_then(|mut runner| runner.run(told));
    match ran {
        // What the store could not take is taken up again.
        Err(error @ (Error::Store(_) | Error::Unavailable(_))) => Err(error),
        Err(Error::TooMany { .. }) => db.write(&Actor::system(), |tx| too_many_strangers(tx, import.id)),
        Err(error) => {
            tracing::error!(%error, import = public_id, "an import failed");
            end(db, &import, "failed")
        }
        Ok(()) => Ok(()),
    }
}

/// Whether an import of this state is to be run, or run on.
fn is_on(state: &str) -> bool {
    matches!(state, "queued" | "running")
}

/// Stops where an import is not to be run any more: it was cancelled meanwhile, or came to its end in other hands.
fn still_on(tx: &mut Tx<'_>, import_id: i64) -> Result<bool> {
    Ok(is_on(&imports::table.find(import_id).select(imports::state).first::<String>(tx.conn)?))
}

fn end(db: &Db, import: &Import, state: &str) -> Result<()> {
    db.write(&Actor::system(), |tx| end_in(tx, import, state))
}

/// Ends an import in the write to which its last rows belong.
fn end_in(tx: &mut Tx<'_>, import: &Import, state: &str) -> Result<()> {
    let running = imports::table.find(import.id).filter(imports::state.eq("running").or(imports::state.eq("queued")));
    let ended = diesel::update(running)
        .set((imports::state.eq(state), imports::finished_at.eq(Some(At::from(tx.now)))))
        .execute(tx.conn)?;
    if ended == 1 && state == "done" && !import.is_dry_run {
        let (good, bad) = imports::table
            .find(import.id)
            .select((imports::good_count, imports::bad_count))
            .first::<(i64, i64)>(tx.conn)?;
        tx.record(
            import.centre_id,
            &Event::Imported { kind: import.kind.clone(), good, bad },
            &[Subject::Object("import", import.id)],
        )?;
    }
    Ok(())
}

/// Tells that the rows from here on are not looked at, because too many customers of others were met.
fn too_many_strangers(tx: &mut Tx<'_>, import_id: i64) -> Result<()> {
    let (done, state) =
        imports::table.find(import_id).select((imports::done_count, imports::state)).first::<(i64, String)>(tx.conn)?;
    if !is_on(&state) {
        return Ok(());
    }
    let reason = serde_json::to_string(&Reason::new("too-many-strangers")).map_err(Error::internal)?;
    let row = ImportProblem {
        import_id,
        row_number: done + 2,
        position: 0,
        heading: String::new(),
        cell: String::new(),
        reason,
    };
    diesel::insert_into(import_problems::table).values(row).execute(tx.conn)?;
    let ended = (
        imports::bad_count.eq(imports::bad_count + 1),
        imports::state.eq("refused"),
        imports::finished_at.eq(Some(At::from(tx.now))),
    );
    diesel::update(imports::table.find(import_id)).set(ended).execute(tx.conn)?;
    Ok(())
}

/// Some rows of a file, the number of the first counted from 0.
struct Batch {
    first: usize,
    rows: Vec<Vec<String>>,
}

impl Batch {
    /// The rows that come next; none at the end.
    fn read(rows: &mut Rows<'_>, first: usize) -> Result<Self> {
        let mut batch = Self { first, rows: Vec::with_capacity(BATCH) };
        let mut bytes = 0;
        while batch.rows.len() < BATCH && bytes < BATCH_BYTES {
            let Some(row) = rows.read()? else { break };
            bytes += row.iter().map(String::len).sum::<usize>();
            batch.rows.push(row.to_vec());
        }
        Ok(batch)
    }
}

struct Runner<'d> {
    db: &'d Db,
    import: Import,
    kind: ImportKind,
    actor: Actor,
    columns: BTreeMap<String, String>,
    /// Where each column stands; known when the headings were read.
    places: BTreeMap<String, usize>,
    /// Keys of the rows that were tried, of which nothing is written: no more than a number of each is kept.
    seen: HashSet<u64>,
    number: RandomState,
}

impl<'d> Runner<'d> {
    fn new(db: &'d Db, import: Import) -> Result<Self> {
        let kind = ImportKind::named(&import.kind).ok_or_else(|| Error::internal("an import of no kind"))?;
        let layout: Layout = serde_json::from_str(&import.columns_json).map_err(Error::internal)?;
        let actor = match import.created_by {
            Some(user) => db.read(|conn| actor_by_id(conn, user))?,
            None => db.read(|conn| Actor::system().working_in(conn, import.centre_id))?,
        };
        Ok(Self {
            db,
            kind,
            actor,
            columns: layout.columns,
            places: BTreeMap::new(),
            import,
            seen: HashSet::new(),
            number: RandomState::new(),
        })
    }

    /// Reads the file from its headings on, which tell where each column stands.
    fn file<T>(&mut self, each: impl FnOnce(&mut Self, &mut Rows<'_>) -> Result<T>) -> Result<T> {
        with_rows(Stored::new(self.db, self.import.id), |rows| {
            let headings = rows.read()?.map_or_else(Vec::new, |row| row.iter().map(|cell| heading(cell)).collect());
            let place = |wanted: &String| headings.iter().position(|known| known == wanted);
            self.places =
                self.columns.iter().filter_map(|(name, heading)| Some((name.clone(), place(heading)?))).collect();
            each(self, rows)
        })
    }

    fn run(&mut self, told: &mut dyn FnMut(Progress) -> Result<()>) -> Result<()> {
        // All or nothing: tried first, so that nobody waits for a transaction that will be rolled back.
        let is_tried = self.import.is_dry_run || self.import.is_whole;
        let Some(progress) = self.file(|runner, rows| runner.batches(rows, is_tried, told))? else { return Ok(()) };
        if self.import.is_whole && progress.bad > 0 {
            return end(self.db, &self.import, "refused");
        }
        if self.import.is_whole && !self.import.is_dry_run && !(self.has_no_strangers()? && self.whole()?) {
            return end(self.db, &self.import, "refused");
        }
        end(self.db, &self.import, "done")
    }

    /// The batches from where the import stands on; None where it was stopped meanwhile.
    fn batches(
        &mut self,
        rows: &mut Rows<'_>,
        is_tried: bool,
        told: &mut dyn FnMut(Progress) -> Result<()>,
    ) -> Result<Option<Progress>> {
        let mut progress = Progress::of(&self.import);
        for _ in 0..progress.done {
            if rows.read()?.is_none() {
                break;
            }
        }
        loop {
            let batch = Batch::read(rows, usize::try_from(progress.done).unwrap_or(0))?;
            if batch.rows.is_empty() {
                return Ok(Some(progress));
            }
            let Some(next) = self.batch(&batch, progress, is_tried)? else { return Ok(None) };
            progress = next;
            told(progress)?;
        }
    }

    /// One batch and its progress; None where the import was stopped meanwhile.
    fn batch(&mut self, batch: &Batch, before: Progress, is_tried: bool) -> Result<Option<Progress>> {
        let tried = Tried::look_up(&self.actor);
        if matches!(self.kind, ImportKind::Customers | ImportKind::Devices) {
            may_guess(self.db.read(|conn| tried.blocked_until(conn))?, self.db.now())?;
        }
        let written = self.db.write(&self.actor, |tx| {
            if !still_on(tx, self.import.id)? {
                return Ok(None);
            }
            let mut progress = before;
            let mut strangers = 0;
            let (outcomes, keys) =
                if is_tried { tx.tried(|tx| self.rows(tx, batch, true))? } else { self.rows(tx, batch, false)? };
            for (offset, outcome) in outcomes.iter().enumerate() {
                progress.add(outcome);
                if let Outcome::Bad(faults) = outcome
                    && progress.bad <= MAX_PROBLEMS
                {
                    self.note(tx, batch.first + offset, &batch.rows[offset], faults)?;
                }
                strangers += usize::from(matches!(outcome, Outcome::Bad(faults) if is_of_strangers(faults)));
            }
            diesel::update(imports::table.find(self.import.id))
                .set((
                    imports::state.eq("running"),
                    imports::done_count.eq(progress.done),
                    imports::good_count.eq(progress.good),
                    imports::known_count.eq(progress.known),
                    imports::bad_count.eq(progress.bad),
                ))
                .execute(tx.conn)?;
            Ok(Some((progress, keys, strangers)))
        })?;
        let Some((progress, keys, strangers)) = written else { return Ok(None) };
        self.seen.extend(keys);
        if strangers > 0 {
            self.db.write(&self.actor, |tx| (0..strangers).try_for_each(|_| count(tx, &tried)))?;
        }
        Ok(Some(progress))
    }

    /// Looks for customers of others among the rows that were tried, batch by batch: true where there are none. Each is
    /// told and counted as one who is looked up, and so is each whom nobody knows: that the import is refused tells of
    /// them too.
    fn has_no_strangers(&mut self) -> Result<bool> {
        let (db, actor) = (self.db, self.actor.clone());
        // All rows were right when they were tried: what was noted since is of a run that was interrupted here.
        db.write(&actor, |tx| {
            let noted = import_problems::table.filter(import_problems::import_id.eq(self.import.id));
            Ok(diesel::delete(noted).execute(tx.conn)?)
        })?;
        let (looked_up, strangers) = self.file(|runner, rows| {
            let (mut first, mut looked_up, mut strangers) = (0, 0, 0);
            loop {
                let batch = Batch::read(rows, first)?;
                if batch.rows.is_empty() {
                    return Ok((looked_up, strangers));
                }
                first += batch.rows.len();
                may_guess(db.read(|conn| Tried::look_up(&actor).blocked_until(conn))?, db.now())?;
                db.write(&actor, |tx| {
                    if !still_on(tx, runner.import.id)? {
                        return Ok(());
                    }
                    let (outcomes, _) = tx.tried(|tx| runner.rows(tx, &batch, false))?;
                    for (offset, outcome) in outcomes.iter().enumerate() {
                        match outcome {
                            Outcome::Done(Done::Written(_)) => looked_up += 1,
                            Outcome::Done(Done::Known) => {}
                            Outcome::Bad(faults) => {
                                strangers += 1;
                                runner.note(tx, batch.first + offset, &batch.rows[offset], faults)?;
                                count(tx, &Tried::look_up(&actor))?;
                            }
                        }
                    }
                    Ok(())
                })?;
            }
        })?;
        if strangers == 0 {
            return Ok(true);
        }
        db.write(&actor, |tx| {
            (0..looked_up.min(MOST_COUNTED)).try_for_each(|_| count(tx, &Tried::look_up(&actor)))?;
            diesel::update(imports::table.find(self.import.id))
                .set((
                    imports::good_count.eq(imports::good_count - strangers),
                    imports::bad_count.eq(imports::bad_count + strangers),
                ))
                .execute(tx.conn)?;
            Ok(())
        })?;
        Ok(false)
    }

    /// All rows in one transaction, after they were tried: false where a row was refused, because somebody was faster
    /// since the trial.
    fn whole(&mut self) -> Result<bool> {
        let (db, actor) = (self.db, self.actor.clone());
        let mut refused = None;
        let written = db.write(&actor, |tx| {
            refused = None;
            if !still_on(tx, self.import.id)? {
                return Ok(false);
            }
            self.file(|runner, rows| {
                let mut first = 0;
                loop {
                    let batch = Batch::read(rows, first)?;
                    if batch.rows.is_empty() {
                        return Ok(());
                    }
                    first += batch.rows.len();
                    for (offset, outcome) in runner.rows(tx, &batch, false)?.0.into_iter().enumerate() {
                        if let Outcome::Bad(faults) = outcome {
                            refused = Some((batch.first + offset, batch.rows[offset].clone(), faults));
                            return Err(Error::conflict("changed-meanwhile"));
                        }
                    }
                }
            })?;
            // With its rows, so that who takes it over finds both or neither.
            end_in(tx, &self.import, "done")?;
            Ok(true)
        });
        let Some((index, row, faults)) = refused else { return written };
        db.write(&actor, |tx| {
            self.note(tx, index, &row, &faults)?;
            diesel::update(imports::table.find(self.import.id))
                .set((imports::good_count.eq(imports::good_count - 1), imports::bad_count.eq(imports::bad_count + 1)))
                .execute(tx.conn)?;
            if is_of_strangers(&faults) { count(tx, &Tried::look_up(&actor)) } else { Ok(()) }
        })?;
        Ok(false)
    }

    /// What becomes of some rows, and the keys of those that were tried first.
    fn rows(&self, tx: &mut Tx<'_>, batch: &Batch, is_trial: bool) -> Result<(Vec<Outcome>, HashSet<u64>)> {
        let mut shelf = Shelf::default();
        let mut outcomes = Vec::with_capacity(batch.rows.len());
        let mut keys = HashSet::new();
        for cells in &batch.rows {
            let row = Row::new(cells, &self.places);
            let mut ran = tx.nested(|tx| one(tx, self.kind, &self.import, &row, &mut shelf, is_trial));
            if matches!(&ran, Err(error) if means_stranger(error)) {
                // What would be wrong with the row of nobody is told of one who means a stranger, and no more.
                let of_nobody = tx.tried(|tx| {
                    Ok(tx.nested(|tx| one(tx, self.kind, &self.import, &row, &mut Shelf::default(), true)).err())
                });
                if let Some(error) = of_nobody? {
                    ran = Err(error);
                }
            }
            let outcome = match ran {
                Ok((Done::Written(_), key)) if is_trial && !self.is_new(&mut keys, &key) => Outcome::Done(Done::Known),
                Ok((done, _)) => Outcome::Done(done),
                Err(Error::Invalid(faults)) => Outcome::Bad(faults),
                Err(Error::Conflict(reason) | Error::Forbidden(reason)) => {
                    Outcome::Bad(vec![Fault { path: String::new(), reason }])
                }
                Err(Error::NotFound) => Outcome::Bad(vec![Fault::new("", "unknown-reference")]),
                Err(error) => return Err(error),
            };
            if matches!(outcome, Outcome::Bad(_)) {
                // What was made on the way for this row is not there any more.
                shelf = Shelf::default();
            }
            outcomes.push(outcome);
        }
        Ok((outcomes, keys))
    }

    /// Whether a row of this key was not tried yet, in the batches before or in this one, whose keys are gathered.
    fn is_new(&self, keys: &mut HashSet<u64>, key: &str) -> bool {
        let number = self.number.hash_one(key);
        !self.seen.contains(&number) && keys.insert(number)
    }

    /// Writes down what is wrong with a row.
    fn note(&self, tx: &mut Tx<'_>, index: usize, row: &[String], faults: &[Fault]) -> Result<()> {
        let cells = Row::new(row, &self.places);
        for (position, fault) in (0..).zip(faults) {
            let column = column_of(&fault.path);
            let row = ImportProblem {
                import_id: self.import.id,
                row_number: i64::try_from(index).unwrap_or(0) + 2,
                position,
                heading: self.columns.get(column).cloned().unwrap_or_else(|| column.to_owned()),
                cell: cells.text(column).unwrap_or_default().chars().take(200).collect(),
                reason: serde_json::to_string(&fault.reason).map_err(Error::internal)?,
            };
            diesel::insert_into(import_problems::table).values(row).execute(tx.conn)?;
        }
        Ok(())
    }
}

/// Whether an error says that a row means a customer of others alone.
fn means_stranger(error: &Error) -> bool {
    match error {
        Error::Conflict(reason) => reason.code == customers::STRANGER,
        Error::Invalid(faults) => is_of_strangers(faults),
        _ => false,
    }
}

/// Whether a row means a customer of others alone.
fn is_of_strangers(faults: &[Fault]) -> bool {
    faults.iter().any(|fault| fault.reason.code == customers::STRANGER)
}

/// One row: what became of it, and the key by which it is known from now on.
///
/// A trial costs nothing and leaves nothing, so it tells nothing of whom others know: they are as unknown to it.
fn one(
    tx: &mut Tx<'_>,
    kind: ImportKind,
    import: &Import,
    row: &Row<'_>,
    shelf: &mut Shelf,
    is_trial: bool,
) -> Result<(Done, String)> {
    row.must_be_clean()?;
    let key = match kind {
        ImportKind::Products => products::key(row)?,
        ImportKind::Customers => customers::key(row)?,
        ImportKind::Devices => devices::key(row)?,
        ImportKind::OpenRepair => open_repair::key(row)?,
    };
    let known =
        import_rows::table.find((kind.name(), &key)).select(import_rows::target_id).first::<i64>(tx.conn).optional()?;
    let done = match kind {
        ImportKind::Products => products::import(tx, row)?,
        ImportKind::Customers => customers::import(tx, row, known, is_trial)?,
        ImportKind::Devices => devices::import(tx, row, is_trial)?,
        ImportKind::OpenRepair if known.is_some() => Done::Known,
        ImportKind::OpenRepair => open_repair::import(tx, import, row, shelf)?,
    };
    if let (Done::Written(target_id), None) = (done, known) {
        let row = ImportRow { import_kind: kind.name().to_owned(), row_key: key.clone(), target_id };
        diesel::insert_into(import_rows::table).values(row).execute(tx.conn)?;
    }
    Ok((done, key))
}

/// The column that the path of a command's fault stands for.
fn column_of(path: &str) -> &str {
    match path {
        "phones[0]" | "new.phones[0]" => "phone",
        "phones[1]" => "phone2",
        "title.fa" => "title_fa",
        "title.en" => "title_en",
        "components[0].product" => "component_product",
        "components[0].serial" => "component_serial",
        _ => path.rsplit(['.', ']']).next().unwrap_or(path),
    }
}
