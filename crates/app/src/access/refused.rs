//! The security log: what people tried to see or do that is not theirs. It stands in the journal, as every change of
//! access does.

use store::rights::Actor;
use store::{Db, Event, Subject};

/// The longest path that is written down.
const MAX_PATH: usize = 200;

/// Writes down that something was tried and refused. What cannot be written down is told in the log; the answer stays
/// the refusal.
pub fn note_refused(db: &Db, actor: &Actor, path: &str) {
    let event = Event::AccessRefused { path: path.chars().take(MAX_PATH).collect() };
    if let Err(error) = db.write(actor, |tx| tx.record(actor.centre_id, &event, &[Subject::Object("access", 0)])) {
        tracing::warn!(%error, user_id = actor.user_id, path, "a refused access could not be written down");
    }
}
