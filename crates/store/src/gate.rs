//! Gates before work that takes much memory or long: hashing a password, decoding a photo, reading a sheet. Behind each
//! stand a few hands, threads of its own; who comes waits until one is free. However many ask at once, no more is
//! worked on than there are hands.
//!
//! The hands are threads of their own, since an allocator keeps back, for each thread, some of what the thread once
//! held: work that runs on whatever thread its request has would leave its memory on all of them, one after another.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::error::{Error, Result};

type Work = Box<dyn FnOnce() + Send>;

/// A gate, for as long as the program runs.
pub struct Gate {
    name: &'static str,
    hands: usize,
    inside: Mutex<Inside>,
    came: Condvar,
}

/// What waits behind a gate, and who works there.
struct Inside {
    waiting: VecDeque<Work>,
    hands: usize,
    idle: usize,
}

/// Work until a hand takes it, and where its answer comes.
struct Asked<F, T> {
    work: Arc<Mutex<Option<F>>>,
    answer: Receiver<thread::Result<T>>,
}

impl Gate {
    /// A gate with so many hands; each is a thread that begins when it is needed first.
    #[must_use]
    pub const fn new(name: &'static str, hands: usize) -> Self {
        Self {
            name,
            hands,
            inside: Mutex::new(Inside { waiting: VecDeque::new(), hands: 0, idle: 0 }),
            came: Condvar::new(),
        }
    }

    /// Does work, and waits for it as long as it takes.
    pub fn pass<T: Send + 'static>(&'static self, work: impl FnOnce() -> T + Send + 'static) -> T {
        wait(&self.ask(work).answer)
    }

    /// Does work that must begin within a time.
    ///
    /// # Errors
    /// `Unavailable` where no hand was free in that time; then nothing was done.
    pub fn pass_within<T: Send + 'static>(
        &'static self,
        patience: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let asked = self.ask(work);
        match asked.answer.recv_timeout(patience) {
            Ok(done) => Ok(done.unwrap_or_else(|panic| resume_unwind(panic))),
            // What no hand has taken yet is taken back.
            Err(RecvTimeoutError::Timeout) if lock(&asked.work).take().is_some() => Err(Error::Unavailable("busy")),
            Err(_) => Ok(wait(&asked.answer)),
        }
    }

    fn ask<T: Send + 'static, F: FnOnce() -> T + Send + 'static>(&'static self, work: F) -> Asked<F, T> {
        let (tell, answer) = channel();
        let asked = Asked { work: Arc::new(Mutex::new(Some(work))), answer };
        let taken = asked.work.clone();
        let begin = move || {
            let work = lock(&taken).take();
            if let Some(work) = work {
                // Who asked may be gone.
                let _ = tell.send(catch_unwind(AssertUnwindSafe(work)));
            }
        };
        let mut inside = lock(&self.inside);
        inside.waiting.push_back(Box::new(begin));
        if inside.waiting.len() <= inside.idle || inside.hands == self.hands {
            self.came.notify_one();
            return asked;
        }
        inside.hands += 1;
        let began = thread::Builder::new().name(self.name.to_owned()).spawn(move || self.lend_a_hand());
        if began.is_err() {
            inside.hands -= 1;
            // The system has no thread for us: where there is no other hand, it is done here.
            let left = if inside.hands == 0 { inside.waiting.pop_back() } else { None };
            drop(inside);
            if let Some(work) = left {
                work();
            }
        }
        asked
    }

    fn lend_a_hand(&self) {
        let mut inside = lock(&self.inside);
        loop {
            while let Some(work) = inside.waiting.pop_front() {
                drop(inside);
                work();
                inside = lock(&self.inside);
            }
            inside.idle += 1;
            inside = self
                .came
                .wait_while(inside, |inside| inside.waiting.is_empty())
                .unwrap_or_else(PoisonError::into_inner);
            inside.idle -= 1;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The answer of work that begins at some time. A panic there is one here.
fn wait<T>(answer: &Receiver<thread::Result<T>>) -> T {
    match answer.recv() {
        Ok(done) => done.unwrap_or_else(|panic| resume_unwind(panic)),
        Err(gone) => panic!("nobody works behind the gate: {gone}"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn as_many_work_at_once_as_there_are_hands_and_no_more() {
        static TWO: Gate = Gate::new("two", 2);
        static INSIDE: AtomicUsize = AtomicUsize::new(0);
        static MOST: AtomicUsize = AtomicUsize::new(0);
        let pair = Arc::new(Barrier::new(2));
        let callers = (0..12).map(|number| {
            let pair = pair.clone();
            thread::spawn(move || {
                TWO.pass(move || {
                    MOST.fetch_max(INSIDE.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    // Nobody leaves alone: two are inside together.
                    pair.wait();
                    INSIDE.fetch_sub(1, Ordering::SeqCst);
                    number
                })
            })
        });
        let callers = callers.collect::<Vec<_>>();
        let answers = callers.into_iter().map(|caller| caller.join().expect("an answer")).collect::<Vec<_>>();
        assert_eq!(answers, (0..12).collect::<Vec<_>>());
        assert_eq!(MOST.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn who_waits_too_long_is_told_and_what_broke_breaks_nothing_else() {
        static ONE: Gate = Gate::new("one", 1);
        let (begun, has_begun) = channel();
        let (go, told) = channel::<()>();
        let first = thread::spawn(move || {
            ONE.pass(move || {
                begun.send(()).expect("somebody waits");
                told.recv().expect("told to go on");
            })
        });
        has_begun.recv().expect("inside");
        let refused = ONE.pass_within(Duration::from_millis(1), || -> u8 { panic!("it was taken back") });
        assert!(matches!(refused, Err(Error::Unavailable("busy"))), "{refused:?}");
        go.send(()).expect("it waits");
        first.join().expect("done");
        let broken = catch_unwind(|| ONE.pass(|| -> u8 { panic!("broken") }));
        assert!(broken.is_err());
        assert_eq!(ONE.pass_within(Duration::from_secs(60), || 7).expect("room again"), 7);
    }
}
