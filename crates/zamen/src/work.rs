//! What goes on beside the pages: imports that wait, the papers that were issued, and what is kept too long. Nothing is
//! kept in memory, so other workers, here and in other processes, may take over at any moment.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use app::exchange;
use app::personal::retention;
use store::events::PAPERS;
use store::jobs::{Job, Retry, work};
use web::App;

/// How an import is tried. It goes on batch by batch, and a file may be large.
pub(crate) const IMPORT_RETRY: Retry = Retry { attempts: 8, first_wait: 15, limit: 6 * 3600 };

/// All that is done beside the pages. A kind more is a line more; what takes long stands first.
const JOBS: &[Job<App>] = &[
    Job { kind: exchange::IMPORT, retry: IMPORT_RETRY, is_daily: false, run: |_, task| exchange::run_task(task) },
    Job {
        kind: PAPERS,
        retry: Retry { attempts: 5, first_wait: 10, limit: 120 },
        is_daily: false,
        run: web::draw_issued,
    },
    Job {
        kind: retention::SWEEP,
        retry: Retry { attempts: 8, first_wait: 60, limit: 1800 },
        is_daily: true,
        run: |app, _| retention::sweep(app.db()),
    },
];

/// What each worker does: one does all, and the other leaves what takes long to it, so that papers wait for no import.
const WORKERS: [&[Job<App>]; 2] = [JOBS, JOBS.split_at(1).1];

/// How long is waited for what is in hand when the program ends; what is not done then is done by the next.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a worker that found nothing waits before it looks again.
const REST: Duration = Duration::from_millis(500);

/// Workers on threads of their own, until they are dropped.
pub(crate) struct Workers(Vec<Worker>);

struct Worker {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Workers {
    pub(crate) fn start(app: &App) -> Self {
        let worker = |jobs| {
            let (stop, stopped) = channel();
            let app = app.clone();
            Worker { stop: Some(stop), thread: Some(std::thread::spawn(move || go_on(&app, jobs, &stopped))) }
        };
        Self(WORKERS.map(worker).into())
    }
}

impl Drop for Workers {
    /// Lets what is in hand come to its end.
    fn drop(&mut self) {
        self.0.iter_mut().for_each(|worker| drop(worker.stop.take()));
        let began = Instant::now();
        for thread in self.0.iter_mut().filter_map(|worker| worker.thread.take()) {
            while !thread.is_finished() && began.elapsed() < PATIENCE {
                std::thread::sleep(Duration::from_millis(20));
            }
            if thread.is_finished() {
                let _ = thread.join();
            }
        }
    }
}

fn go_on(app: &App, jobs: &[Job<App>], stopped: &Receiver<()>) {
    loop {
        let rest = match work(app.db(), jobs, app) {
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
