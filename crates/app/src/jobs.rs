//! What is done beside the pages, as the administrator sees it: what waits, what failed and why, and starting again what
//! was parked. The queue itself is the store's.

use domain::access::Action;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use store::error::{Error, Result};
use store::query::*;
use store::rights::{Actor, Of};
use store::rows::Task;
use store::schema::jobs;
use store::types::At;
use store::views::Page;
use store::{Conn, Event, Subject, Tx};

domain::words! {
    /// Where a task stands.
    TaskState {
        /// It was not tried yet.
        Waiting = "waiting",
        /// It is in hand, or is tried again after an attempt that failed.
        Tried = "tried",
        /// It failed too often, and waits for a person.
        Parked = "parked",
    }
}

/// A task beside the pages.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TaskView {
    pub id: String,
    /// papers, import, sweep, …
    pub job: String,
    /// What tells it from others of its job.
    pub key: String,
    pub state: TaskState,
    pub attempts: i64,
    /// Why the last attempt failed, in the words of the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[schemars(with = "String")]
    pub queued_at: Timestamp,
    /// When it is tried, or tried again; absent where it is parked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub due_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub parked_at: Option<Timestamp>,
}

/// How tasks are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ListTasks {
    /// Only those that stand there.
    pub state: Option<TaskState>,
    /// The `next` of the page before.
    #[schemars(regex(pattern = "^[0-9]{1,18}$"))]
    pub after: Option<String>,
    #[schemars(range(min = 1, max = 200))]
    pub limit: Option<i64>,
}

/// Tasks, those queued last first, for who keeps the whole installation.
///
/// # Errors
/// `Forbidden`.
pub fn list_tasks(conn: &mut Conn, actor: &Actor, query: &ListTasks) -> Result<Page<TaskView>> {
    actor.may(Action::KeepAccess, Of::All)?;
    let limit = query.limit.unwrap_or(store::PAGE).clamp(1, store::MAX_PAGE);
    let after = query.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(i64::MAX);
    let mut select =
        jobs::table.filter(jobs::id.lt(after)).order(jobs::id.desc()).select(Task::as_select()).into_boxed();
    select = match query.state {
        None => select,
        Some(TaskState::Parked) => select.filter(jobs::parked_at.is_not_null()),
        Some(TaskState::Tried) => select.filter(jobs::parked_at.is_null()).filter(jobs::attempts.gt(0)),
        Some(TaskState::Waiting) => select.filter(jobs::parked_at.is_null()).filter(jobs::attempts.eq(0)),
    };
    let rows = select.limit(limit + 1).load_boxed::<Task>(conn)?;
    Ok(Page::of(rows, limit, |row| row.id.to_string(), task_view))
}

fn task_view(row: Task) -> TaskView {
    TaskView {
        id: row.public_id,
        job: row.job,
        key: row.key,
        state: match row.parked_at {
            Some(_) => TaskState::Parked,
            None if row.attempts > 0 => TaskState::Tried,
            None => TaskState::Waiting,
        },
        attempts: row.attempts,
        error: row.error,
        queued_at: row.queued_at.instant(),
        due_at: row.parked_at.is_none().then(|| row.due_at.instant()),
        parked_at: row.parked_at.map(|at| at.instant()),
    }
}

/// Starts a parked task again, as if it had not been tried.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Conflict` where it is not parked.
pub fn start_task_again(tx: &mut Tx<'_>, id: &str) -> Result<TaskView> {
    tx.actor.may(Action::KeepAccess, Of::All)?;
    let task =
        jobs::table.filter(jobs::public_id.eq(id)).select(Task::as_select()).first::<Task>(tx.conn).optional()?;
    let task = task.ok_or(Error::NotFound)?;
    if task.parked_at.is_none() {
        return Err(Error::conflict("not-parked"));
    }
    diesel::update(jobs::table.find(task.id))
        .set((jobs::due_at.eq(At::from(tx.now)), jobs::attempts.eq(0), jobs::parked_at.eq(None::<At>)))
        .execute(tx.conn)?;
    let event = Event::TaskStartedAgain { job: task.job.clone(), key: task.key.clone() };
    tx.record(None, &event, &[Subject::Object("task", task.id)])?;
    Ok(task_view(jobs::table.find(task.id).select(Task::as_select()).first::<Task>(tx.conn)?))
}
