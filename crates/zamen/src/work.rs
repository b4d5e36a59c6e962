//! What goes on beside the pages: imports that wait, the papers that were issued, and what is kept too long. Each look
//! finds the oldest thing to do; nothing is kept in memory, so another process may take over at any moment.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use store::events::PAPERS;
use store::outbox;
use web::App;

/// How long a worker that found nothing waits before it looks again.
const REST: Duration = Duration::from_millis(500);

/// A worker of its own thread, until it is dropped.
pub(crate) struct Worker {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    pub(crate) fn start(app: App) -> Self {
        let (stop, stopped) = channel();
        Self { stop: Some(stop), thread: Some(std::thread::spawn(move || work(&app, &stopped))) }
    }
}

impl Drop for Worker {
    /// Lets what is in hand come to its end.
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// How often is looked whether what is kept too long was deleted today.
const SWEEP: Duration = Duration::from_secs(3600);

fn work(app: &App, stopped: &Receiver<()>) {
    let mut swept: Option<Instant> = None;
    loop {
        if swept.is_none_or(|at| at.elapsed() > SWEEP) {
            swept = Some(Instant::now());
            if let Err(error) = app::personal::retention::sweep(app.db()) {
                tracing::warn!(%error, "what is kept too long could not be deleted");
            }
        }
        let rest = match once(app) {
            Ok(true) => Duration::ZERO,
            Ok(false) => REST,
            Err(error) => {
                tracing::warn!(%error, "the worker could not go on");
                REST * 10
            }
        };
        match stopped.recv_timeout(rest) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Does one thing; false where nothing waits.
fn once(app: &App) -> store::error::Result<bool> {
    if let Some(claimed) = outbox::claim(app.db(), PAPERS)? {
        match web::draw_issued(app, &claimed) {
            // A paper that cannot be drawn now is drawn when somebody asks for it, and the error is told then.
            Err(store::error::Error::Internal(error)) => {
                tracing::error!(%error, journal = claimed.journal_id, "a paper could not be drawn")
            }
            other => other?,
        }
        outbox::done(app.db(), &claimed)?;
        return Ok(true);
    }
    app::exchange::resume(app.db())
}
