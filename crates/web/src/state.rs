//! What every handler works with.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::request::Parts;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use store::error::{Error, Result};
use store::rights::Actor;
use store::{Conn, Db};
use tokio::sync::Semaphore;

use crate::body::{Held, SMALL, TOGETHER};
use crate::origin::{network, sender};

/// How long an answer is kept back, and how many at once: of the connections that there may be, few are taken by who
/// guesses.
const LONGEST_KEPT_BACK: Duration = Duration::from_secs(10);
const MOST_KEPT_BACK: usize = 64;

/// How the installation is reached.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// What links and QR codes begin with, without a slash at the end.
    pub public_url: String,
    /// Addresses of proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// How many requests one person, with all their pages and tokens, may send in a minute; None: as many as they
    /// like.
    pub requests_per_minute: Option<NonZeroU32>,
    /// Whether the API's document and its viewer are not there.
    pub hides_api_docs: bool,
}

/// What a request takes much of, beside the store: it waits for its turn with its own kind (`store::gate`).
///
/// What is run off the threads that serve has 512 threads (tokio's own number). Of those that wait for a gate, only so
/// many may stand on them as a lane has places; the others wait without a thread. So however many
/// read, write, sign in or send files at once, more than a hundred threads are left for what does not wait here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lane {
    /// Nothing but a thread: of those that wait for the one writer of the store, so many that others have threads.
    #[default]
    Ordinary,
    /// A connection to read by.
    Reads,
    /// Passwords and PINs are hashed.
    Passwords,
    /// A file is read or decoded.
    Files,
    /// A whole list is read and written as a file.
    Exports,
}

impl Lane {
    const ORDINARY: usize = 256;
    const PASSWORDS: usize = 64;
    const FILES: usize = 8;
    /// What takes a core for as long as it is at work.
    const EXPORTS: usize = 1;
    /// How long a request waits for a place.
    const PATIENCE: Duration = Duration::from_secs(30);
}

/// The application's state, shared by all requests.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    db: Db,
    settings: Settings,
    /// The secret by which somebody shows that an empty store is theirs.
    first_start: String,
    /// What of that each person, by id, has left.
    rate: Option<DefaultKeyedRateLimiter<i64>>,
    ordinary: Arc<Semaphore>,
    passwords: Arc<Semaphore>,
    files: Arc<Semaphore>,
    exports: Arc<Semaphore>,
    /// Who has a list written or waits for it, by id.
    exporting: Mutex<HashSet<i64>>,
    reads: Arc<Semaphore>,
    kept_back: Semaphore,
    /// Room for bodies, in kilobytes.
    bodies: Arc<Semaphore>,
}

impl App {
    #[must_use]
    pub fn new(db: Db, settings: Settings) -> Self {
        let rate = settings.requests_per_minute.map(|most| RateLimiter::keyed(Quota::per_minute(most)));
        let first_start = domain::keys::public_id(db.random());
        let ordinary = Arc::new(Semaphore::new(Lane::ORDINARY));
        let (passwords, files) = (Arc::new(Semaphore::new(Lane::PASSWORDS)), Arc::new(Semaphore::new(Lane::FILES)));
        let (reads, bodies) = (Arc::new(Semaphore::new(store::READERS)), Arc::new(Semaphore::new(TOGETHER / 1024)));
        let (exports, kept_back) = (Arc::new(Semaphore::new(Lane::EXPORTS)), Semaphore::new(MOST_KEPT_BACK));
        Self(Arc::new(Inner {
            db,
            settings,
            first_start,
            rate,
            ordinary,
            passwords,
            files,
            exports,
            exporting: Mutex::default(),
            reads,
            kept_back,
            bodies,
        }))
    }

    #[must_use]
    pub fn db(&self) -> &Db {
        &self.0.db
    }

    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The secret of a first start: for who reads what the program prints, and for the administrator who emptied the
    /// store.
    #[must_use]
    pub fn first_start(&self) -> &str {
        &self.0.first_start
    }

    /// The path of the first start, with its secret.
    #[must_use]
    pub fn first_start_path(&self) -> String {
        format!("/setup?secret={}", self.0.first_start)
    }

    /// Whether the store holds the demo: then the sign-in page tells the names, and an administrator can remove it.
    #[must_use]
    pub fn is_demo(&self) -> bool {
        self.db().read(app::demo::is_demo).unwrap_or(false)
    }

    /// Whether pages are served over TLS, so that cookies may be bound to it.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.0.settings.public_url.starts_with("https://")
    }

    /// Counts a request of a person, on both roads alike.
    ///
    /// # Errors
    /// `TooMany` where they sent too many in the last minute.
    pub fn count_request(&self, actor: &Actor) -> Result<()> {
        let (Some(rate), Some(user_id)) = (&self.0.rate, actor.user_id) else { return Ok(()) };
        rate.check_key(&user_id).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            Error::TooMany { retry_after_seconds: i64::try_from(wait.as_secs()).unwrap_or(i64::MAX).saturating_add(1) }
        })
    }

    /// Runs something that waits for the store, off the threads that serve.
    ///
    /// # Errors
    /// What `work` tells.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce(&Self) -> Result<T> + Send + 'static) -> Result<T> {
        let app = self.clone();
        tokio::task::spawn_blocking(move || work(&app)).await.map_err(Error::internal)?
    }

    /// Runs something as `run` does, in its turn.
    ///
    /// # Errors
    /// What `work` tells; `Unavailable` where its turn did not come.
    pub async fn run_in<T: Send + 'static>(
        &self,
        lane: Lane,
        work: impl FnOnce(&Self) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        match lane {
            Lane::Ordinary => self.run_at(&self.0.ordinary, work).await,
            Lane::Reads => self.run_at(&self.0.reads, work).await,
            Lane::Passwords => self.run_at(&self.0.passwords, work).await,
            Lane::Files => self.run_at(&self.0.files, work).await,
            Lane::Exports => self.run_at(&self.0.exports, work).await,
        }
    }

    /// Writes a whole list as a file, in its turn. A person has one turn at a time, so that nobody holds the only place.
    ///
    /// # Errors
    /// What `work` tells; `TooMany` where this person's last one is not written yet; `Unavailable` where its turn did
    /// not come.
    pub(crate) async fn export<T: Send + 'static>(
        &self,
        actor: &Actor,
        work: impl FnOnce(&Self) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let turn = Turn::take(self, actor.user_id.unwrap_or(0))?;
        self.run_in(Lane::Exports, move |app| {
            let done = work(app);
            drop(turn);
            done
        })
        .await
    }

    /// Reads from the store, off the threads that serve. As many read at once as there are connections: who waits for
    /// one waits without a thread.
    ///
    /// # Errors
    /// What `read` tells; `Unavailable` where its turn did not come.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.run_at(&self.0.reads, move |app| app.db().read(read)).await
    }

    /// Runs something when there is a place for it.
    async fn run_at<T: Send + 'static>(
        &self,
        places: &Arc<Semaphore>,
        work: impl FnOnce(&Self) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let came = tokio::time::timeout(Lane::PATIENCE, places.clone().acquire_owned()).await;
        let place = came.map_err(|_| Error::Unavailable("busy"))?.map_err(Error::internal)?;
        // The place is left when the work is over, also where nobody waits for it any more.
        self.run(move |app| {
            let done = work(app);
            drop(place);
            done
        })
        .await
    }

    /// Waits for room for a body of so many bytes; small ones need none. It is asked for when it is known who sends, so
    /// that no stranger holds it.
    ///
    /// # Errors
    /// `Unavailable` where there was none in time.
    pub(crate) async fn hold(&self, bytes: usize) -> Result<Held> {
        if bytes <= SMALL {
            return Ok(None);
        }
        let room = u32::try_from(bytes.min(TOGETHER).div_ceil(1024)).unwrap_or(u32::MAX);
        let came = tokio::time::timeout(Lane::PATIENCE, self.0.bodies.clone().acquire_many_owned(room)).await;
        Ok(Some(came.map_err(|_| Error::Unavailable("busy"))?.map_err(Error::internal)?))
    }

    /// Looks up by a key: in place where that is sooner done than handed over, off the threads that serve where it
    /// would wait.
    ///
    /// # Errors
    /// What `read` tells.
    pub async fn look_up<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        match self.db().read_at_once(read) {
            Ok(found) => found,
            Err(read) => self.read(read).await,
        }
    }

    /// Keeps an answer back for some seconds, ten at most, right or wrong: whoever guesses numbers is slowed, and who
    /// sits behind the same address still gets his.
    ///
    /// # Errors
    /// `TooMany` where so many are kept back that there is no room for more.
    pub(crate) async fn keep_back(&self, seconds: i64) -> Result<()> {
        if seconds <= 0 {
            return Ok(());
        }
        let place = self.0.kept_back.try_acquire().map_err(|_| Error::TooMany { retry_after_seconds: seconds })?;
        tokio::time::sleep(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)).min(LONGEST_KEPT_BACK)).await;
        drop(place);
        Ok(())
    }

    /// Whether a request came through a proxy, as far as one can see: one that is trusted, or a program of this machine.
    pub(crate) fn is_proxied(&self, parts: &Parts) -> bool {
        let is_proxy = |peer: IpAddr| peer.is_loopback() || self.0.settings.trusted_proxies.contains(&peer);
        peer(parts).map(|peer| peer.to_canonical()).is_some_and(is_proxy)
    }

    /// Where a request comes from, as what counts as one sender.
    #[must_use]
    pub fn address(&self, parts: &Parts) -> String {
        peer(parts).map_or_else(
            || "unknown".to_owned(),
            |peer| network(sender(peer, &parts.headers, &self.0.settings.trusted_proxies)),
        )
    }
}

/// Who is at the other end of a connection.
fn peer(parts: &Parts) -> Option<IpAddr> {
    parts.extensions.get::<axum::extract::ConnectInfo<SocketAddr>>().map(|info| info.0.ip())
}

/// A person's turn to have a list written, until it is dropped.
struct Turn {
    app: App,
    user_id: i64,
}

impl Turn {
    /// In how many seconds to ask again: most lists are written in less.
    const NEXT: i64 = 5;

    fn take(app: &App, user_id: i64) -> Result<Self> {
        let is_free = app.0.exporting.lock().unwrap_or_else(PoisonError::into_inner).insert(user_id);
        if is_free {
            Ok(Self { app: app.clone(), user_id })
        } else {
            Err(Error::TooMany { retry_after_seconds: Self::NEXT })
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.app.0.exporting.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.user_id);
    }
}
