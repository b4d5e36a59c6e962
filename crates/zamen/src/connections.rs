//! Connections: how many there are, and how long each may keep still. What is asked over them has its limits in `web`.
//!
//! A connection waits for us while a request is being answered; there `web` limits the time. It is we who wait for a
//! head, for the next request, for what is missing of a body, and for the other side to take an answer: these times are
//! limited here (of a body in `web`), for HTTP/1 and HTTP/2 and under TLS alike, and who makes us wait makes room for others. hyper has a time limit of its own for heads, but not for a connection on which nothing
//! was sent yet, nor for HTTP/2, and it takes the time between two requests for one in which a head is read.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::HttpBody;
use axum::http::{Request, Version};
use axum_server::Server;
use axum_server::accept::Accept;
use http_body::{Frame, SizeHint};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

/// How long a head may take: of the first request from when it can be sent, of others from their first byte. (A TLS
/// handshake may take ten seconds as well, which is what axum-server gives it.)
const HEAD: Duration = Duration::from_secs(10);
/// The longest write of HTTP/2 that is no answer: acknowledgements of a dozen pings.
const ACKNOWLEDGED: usize = 256;
/// How long a connection is kept on which nothing is asked. A browser and a proxy reuse theirs within seconds.
const IDLE: Duration = Duration::from_secs(60);
/// How long the other side may take nothing of an answer.
const STILL: Duration = Duration::from_secs(30);
/// The most that a head may take, and of HTTP/1 the most that is read ahead of a body.
const READ_AHEAD: usize = 64 * 1024;
/// What an HTTP/2 connection may send ahead of what is read, and how many requests it may ask at once. A page asks for
/// ten things.
const WINDOW: u32 = 256 * 1024;
const AT_ONCE: u32 = 32;
/// Files that the program opens beside connections: the store's, and those of the program itself.
const SPARE: u64 = 128;

/// Who is in, and how many may be.
pub(crate) struct Doors {
    /// How many connections there may be, and of one sender.
    in_all: usize,
    of_one: usize,
    /// Proxies send for many.
    trusted: Vec<IpAddr>,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    last: u64,
    guests: HashMap<u64, Guest>,
    /// How many each sender has.
    of: HashMap<String, usize>,
}

struct Guest {
    /// The sender; None where it is a proxy that is trusted.
    from: Option<String>,
    talk: Arc<Talk>,
    /// Tells the connection to go.
    go: oneshot::Sender<()>,
}

impl Inside {
    fn leave(&mut self, id: u64) -> Option<Guest> {
        let guest = self.guests.remove(&id)?;
        if let Some(from) = &guest.from
            && let Some(count) = self.of.get_mut(from)
        {
            *count -= 1;
            if *count == 0 {
                self.of.remove(from);
            }
        }
        Some(guest)
    }

    /// Tells the guest to go with whom nothing has moved for longest; whether there is one for whom we are not at work.
    fn send_away(&mut self, which: impl Fn(&Guest) -> bool) -> bool {
        let still = self
            .guests
            .iter()
            .filter(|(_, guest)| which(guest))
            .filter_map(|(id, guest)| Some((guest.talk.still_since()?, *id)));
        let Some(guest) = still.min().and_then(|(_, id)| self.leave(id)) else { return false };
        // Who goes by themselves at this moment does not hear it.
        let _ = guest.go.send(());
        true
    }
}

impl Doors {
    pub(crate) fn new(in_all: usize, of_one: usize, trusted: Vec<IpAddr>) -> Arc<Self> {
        Arc::new(Self { in_all: fitting(in_all), of_one, trusted, inside: Mutex::default() })
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a connection in. Where there is no room, the one that kept still for longest makes it: so half-open
    /// connections, however many, keep nobody out.
    fn enter(self: &Arc<Self>, from: IpAddr) -> Option<(Place, oneshot::Receiver<()>)> {
        let from =
            (!self.trusted.iter().any(|proxy| proxy.to_canonical() == from.to_canonical())).then(|| web::network(from));
        let mut inside = self.inside();
        let has_all = from.as_ref().is_some_and(|from| inside.of.get(from).is_some_and(|count| *count >= self.of_one));
        if has_all && !inside.send_away(|guest| guest.from == from) {
            return None;
        }
        if inside.guests.len() >= self.in_all && !inside.send_away(|_| true) {
            return None;
        }
        inside.last += 1;
        let id = inside.last;
        if let Some(from) = &from {
            *inside.of.entry(from.clone()).or_default() += 1;
        }
        let talk = Arc::new(Talk::new());
        let (go, told) = oneshot::channel();
        inside.guests.insert(id, Guest { from, talk: talk.clone(), go });
        drop(inside);
        Some((Place { doors: self.clone(), id, talk }, told))
    }
}

/// How many connections fit: each takes a file, of which a process may have so many. What the system allows is asked
/// for.
fn fitting(connections: usize) -> usize {
    let wanted = u64::try_from(connections).unwrap_or(u64::MAX).saturating_add(SPARE);
    let limit = getrlimit(Resource::Nofile);
    let Some(current) = limit.current.filter(|current| *current < wanted) else { return connections };
    let most = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    let has = if setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum: limit.maximum }).is_ok() {
        most
    } else {
        current
    };
    let fit = usize::try_from(has.saturating_sub(SPARE)).unwrap_or(connections).max(1);
    if fit < connections {
        tracing::warn!(connections, fit, "the system allows fewer open files than connections are configured");
    }
    fit
}

/// A place inside, until it is dropped.
struct Place {
    doors: Arc<Doors>,
    id: u64,
    talk: Arc<Talk>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.doors.inside().leave(self.id);
    }
}

/// What is going on over a connection.
struct Talk(Mutex<State>);

#[derive(Clone, Copy)]
struct State {
    /// Requests that are being answered, of how many we wait for more of the body, and how many have come.
    answering: usize,
    receiving: usize,
    came: u64,
    is_http2: bool,
    /// When a request came or was answered, some of its body came, or some of an answer was taken.
    moved: Instant,
}

impl State {
    /// Whether the other side waits for us.
    fn is_at_work(self) -> bool {
        self.answering > self.receiving
    }
}

impl Talk {
    fn new() -> Self {
        Self(Mutex::new(State { answering: 0, receiving: 0, came: 0, is_http2: false, moved: Instant::now() }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Since when nothing has moved; None where we are at work.
    fn still_since(&self) -> Option<Instant> {
        let state = self.state();
        (!state.is_at_work()).then_some(state.moved)
    }
}

/// A request that is being answered, until it is dropped.
struct Turn(Arc<Talk>);

impl Turn {
    fn begin(talk: &Arc<Talk>, version: Version) -> Self {
        let mut state = talk.state();
        state.answering += 1;
        state.came += 1;
        state.is_http2 = version == Version::HTTP_2;
        state.moved = Instant::now();
        drop(state);
        Self(talk.clone())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.answering -= 1;
        state.moved = Instant::now();
    }
}

/// The body of a request, which tells when more of it is waited for.
pub(crate) struct Coming<B> {
    inner: B,
    talk: Arc<Talk>,
    is_awaited: bool,
}

impl<B> Coming<B> {
    fn note(&mut self, is_awaited: bool) {
        if self.is_awaited != is_awaited {
            self.is_awaited = is_awaited;
            let mut state = self.talk.state();
            if is_awaited {
                state.receiving += 1;
            } else {
                state.receiving -= 1;
                state.moved = Instant::now();
            }
        }
    }
}

impl<B> Drop for Coming<B> {
    fn drop(&mut self) {
        self.note(false);
    }
}

impl<B: HttpBody + Unpin> HttpBody for Coming<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.get_mut();
        let came = Pin::new(&mut this.inner).poll_frame(context);
        this.note(came.is_pending());
        came
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The service of a connection, which tells when a request is being answered.
#[derive(Clone)]
pub(crate) struct Answering<S> {
    inner: S,
    talk: Arc<Talk>,
}

impl<S, B> tower::Service<Request<B>> for Answering<S>
where
    S: tower::Service<Request<Coming<B>>> + 'static,
    S::Future: Send + 'static,
    B: 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let turn = Turn::begin(&self.talk, request.version());
        let talk = self.talk.clone();
        let answer = self.inner.call(request.map(|inner| Coming { inner, talk, is_awaited: false }));
        Box::pin(async move {
            let _turn = turn;
            answer.await
        })
    }
}

/// A connection that ends where the other side keeps still for too long, or is told to go.
pub(crate) struct Line<I> {
    inner: I,
    place: Place,
    told: oneshot::Receiver<()>,
    is_told: bool,
    /// When the head began that is being sent, and how many requests had come then.
    head: Option<Instant>,
    came: u64,
    alarm: Pin<Box<Sleep>>,
    /// Runs while nothing of an answer is taken.
    stuck: Option<Pin<Box<Sleep>>>,
}

impl<I> Line<I> {
    fn new(inner: I, place: Place, told: oneshot::Receiver<()>) -> Self {
        let now = Instant::now();
        Self {
            inner,
            place,
            told,
            is_told: false,
            head: Some(now),
            came: 0,
            alarm: Box::pin(sleep_until(now + HEAD)),
            stuck: None,
        }
    }

    /// What is going on; a head that has become a request is none any more.
    fn look(&mut self) -> State {
        let state = *self.place.talk.state();
        if state.came != self.came {
            (self.came, self.head) = (state.came, None);
        }
        state
    }

    /// Something came: between two requests of HTTP/1 a head begins. HTTP/2 sends many other things.
    fn heard(&mut self) {
        let state = self.look();
        if state.answering == 0 && !state.is_http2 {
            self.head.get_or_insert_with(Instant::now);
        }
    }

    /// Waits for the other side, as long as it may keep still.
    fn wait(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            self.is_told = self.is_told || Pin::new(&mut self.told).poll(context).is_ready();
            let state = self.look();
            if self.is_told && !state.is_at_work() {
                return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
            }
            let until = if state.answering > 0 {
                // It waits for us, or `web` for its body. We look again in case nobody wakes us when it is answered.
                Instant::now() + IDLE
            } else {
                self.head.map_or(state.moved + IDLE, |began| began + HEAD)
            };
            if until <= Instant::now() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.alarm.as_mut().reset(until);
            if self.alarm.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// Passes on how something that is written fares, as long as the other side takes some of it.
    fn written<T>(&mut self, context: &mut Context<'_>, fared: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if fared.is_ready() {
            self.stuck = None;
            return fared;
        }
        let stuck = self.stuck.get_or_insert_with(|| Box::pin(sleep(STILL)));
        if stuck.as_mut().poll(context).is_ready() {
            Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
        } else {
            Poll::Pending
        }
    }

    /// The same, where it moves something: some of an answer, and not the few bytes by which HTTP/2 says that a ping
    /// came, or it would never be still.
    fn taken(&mut self, context: &mut Context<'_>, fared: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        let is_answer = |written: usize| written > ACKNOWLEDGED || !self.place.talk.state().is_http2;
        if matches!(&fared, Poll::Ready(Ok(written)) if is_answer(*written)) {
            self.place.talk.state().moved = Instant::now();
        }
        self.written(context, fared)
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Line<I> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.inner).poll_read(context, buffer);
        if read.is_pending() {
            return this.wait(context);
        }
        if buffer.filled().len() > before {
            this.heard();
        }
        read
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Line<I> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let fared = Pin::new(&mut this.inner).poll_write(context, bytes);
        this.taken(context, fared)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let fared = Pin::new(&mut this.inner).poll_write_vectored(context, pieces);
        this.taken(context, fared)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let fared = Pin::new(&mut this.inner).poll_flush(context);
        this.written(context, fared)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let fared = Pin::new(&mut this.inner).poll_shutdown(context);
        this.written(context, fared)
    }
}

/// Accepts what comes in through the doors.
#[derive(Clone)]
pub(crate) struct Guarded<A> {
    inner: A,
    doors: Arc<Doors>,
}

impl<A, S> Accept<TcpStream, S> for Guarded<A>
where
    A: Accept<TcpStream, S> + 'static,
    A::Future: Send + 'static,
    S: 'static,
{
    type Stream = Line<A::Stream>;
    type Service = Answering<A::Service>;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let entered = stream.peer_addr().ok().and_then(|peer| self.doors.enter(peer.ip()));
        let entered = entered.map(|(place, told)| (place, told, self.inner.accept(stream, service)));
        Box::pin(async move {
            let (place, mut told, accepting) = entered.ok_or(io::ErrorKind::ConnectionRefused)?;
            let (inner, service) = tokio::select! {
                accepted = accepting => accepted?,
                _ = &mut told => return Err(io::ErrorKind::ConnectionAborted.into()),
            };
            let service = Answering { inner: service, talk: place.talk.clone() };
            Ok::<_, io::Error>((Line::new(inner, place, told), service))
        })
    }
}

/// A server whose connections come in through the doors, and hold no more of what nobody has read than they need.
pub(crate) fn guarded<A>(server: Server<SocketAddr, A>, doors: Arc<Doors>) -> Server<SocketAddr, Guarded<A>> {
    let mut server = server.map(|inner| Guarded { inner, doors });
    server.http_builder().http1().max_buf_size(READ_AHEAD);
    server
        .http_builder()
        .http2()
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .max_concurrent_streams(AT_ONCE);
    server
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
    use tokio::time::timeout;

    use super::*;

    fn line(room: usize) -> (Line<DuplexStream>, DuplexStream) {
        let (place, told) = Doors::new(1, 1, Vec::new()).enter(Ipv4Addr::LOCALHOST.into()).expect("a place");
        let (ours, theirs) = tokio::io::duplex(room);
        (Line::new(ours, place, told), theirs)
    }

    fn begin(line: &Line<DuplexStream>) -> Turn {
        Turn::begin(&line.place.talk, Version::HTTP_11)
    }

    /// How a connection ends, and after how many seconds.
    async fn end(line: &mut Line<DuplexStream>) -> (io::ErrorKind, u64) {
        let begun = Instant::now();
        loop {
            match line.read(&mut [0; 64]).await {
                Ok(0) => panic!("the other side is there"),
                Ok(_) => {}
                Err(error) => return (error.kind(), begun.elapsed().as_secs()),
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_does_not_come_to_its_end_is_not_waited_for() {
        let (mut silent, _other) = line(64);
        assert_eq!(end(&mut silent).await, (io::ErrorKind::TimedOut, 10));

        let (mut dripping, mut other) = line(64);
        tokio::spawn(async move {
            while other.write_all(b"G").await.is_ok() {
                sleep(Duration::from_secs(1)).await;
            }
        });
        assert_eq!(end(&mut dripping).await, (io::ErrorKind::TimedOut, 10));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_asked_nothing_ends_after_a_minute_and_a_later_head_has_its_own_time() {
        let (mut idle, _other) = line(64);
        drop(begin(&idle));
        assert_eq!(end(&mut idle).await, (io::ErrorKind::TimedOut, 60));

        let (mut later, mut other) = line(64);
        drop(begin(&later));
        tokio::spawn(async move {
            sleep(Duration::from_secs(30)).await;
            other.write_all(b"GET /").await.expect("it is open");
            std::future::pending::<()>().await;
        });
        assert_eq!(end(&mut later).await, (io::ErrorKind::TimedOut, 40));
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_an_answer_is_not_sent_away() {
        let (mut line, _other) = line(64);
        let turn = begin(&line);
        assert!(timeout(Duration::from_secs(600), line.read(&mut [0; 64])).await.is_err());
        drop(turn);
        assert_eq!(end(&mut line).await, (io::ErrorKind::TimedOut, 60));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_of_which_nothing_is_taken_is_given_up() {
        let (mut line, mut other) = line(16);
        let begun = Instant::now();
        let writing = async {
            let refused = line.write_all(&[0; 64]).await.expect_err("nobody takes it");
            assert_eq!((refused.kind(), begun.elapsed().as_secs()), (io::ErrorKind::TimedOut, 45));
        };
        let taking = async {
            sleep(Duration::from_secs(15)).await;
            other.read_exact(&mut [0; 16]).await.expect("some of it");
        };
        tokio::join!(writing, taking);
    }

    #[tokio::test(start_paused = true)]
    async fn the_stillest_makes_room_for_who_comes_and_who_is_answered_stays() {
        let doors = Doors::new(3, 2, vec![Ipv4Addr::LOCALHOST.into()]);
        let enter = async |address: &str| {
            sleep(Duration::from_secs(1)).await;
            doors.enter(address.parse().expect("an address"))
        };
        let (first, mut first_told) = enter("2001:db8::1").await.expect("a place");
        let (second, mut second_told) = enter("2001:db8::2").await.expect("a place");
        let answering_first = Turn::begin(&first.talk, Version::HTTP_11);
        let (third, mut third_told) = enter("2001:db8::3").await.expect("the second one's place");
        assert!(first_told.try_recv().is_err() && second_told.try_recv().is_ok());
        let answering_third = Turn::begin(&third.talk, Version::HTTP_11);
        assert!(enter("2001:db8::4").await.is_none(), "both are being answered");

        let (elsewhere, mut elsewhere_told) = enter("2001:db8:0:1::1").await.expect("another network has its own");
        sleep(Duration::from_secs(1)).await;
        drop(answering_first);
        let (proxy, mut proxy_told) = enter("127.0.0.1").await.expect("the place of the stillest of all");
        assert!(elsewhere_told.try_recv().is_ok() && first_told.try_recv().is_err());
        let (proxys_second, _) = enter("127.0.0.1").await.expect("a proxy has as many as there are");
        let (proxys_third, _) = enter("127.0.0.1").await.expect("and makes room itself");
        assert!(first_told.try_recv().is_ok() && proxy_told.try_recv().is_ok() && third_told.try_recv().is_err());

        drop(answering_third);
        drop((first, second, third, elsewhere, proxy, proxys_second, proxys_third));
        let inside = doors.inside();
        assert!(inside.guests.is_empty() && inside.of.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn who_lets_us_wait_for_a_body_makes_room_and_who_was_told_to_go_goes() {
        struct Never;
        impl HttpBody for Never {
            type Data = axum::body::Bytes;
            type Error = io::Error;
            fn poll_frame(
                self: Pin<&mut Self>,
                _: &mut Context<'_>,
            ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
                Poll::Pending
            }
        }
        let doors = Doors::new(1, 1, Vec::new());
        let enter = |address: &str| doors.enter(address.parse().expect("an address"));
        let (place, told) = enter("2001:db8::1").expect("a place");
        let (ours, _theirs) = tokio::io::duplex(64);
        let mut line = Line::new(ours, place, told);
        let _turn = begin(&line);
        assert!(enter("2001:db8::2").is_none(), "it is being answered");
        let mut body = Coming { inner: Never, talk: line.place.talk.clone(), is_awaited: false };
        let waiting = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context));
        assert!(timeout(Duration::from_secs(1), waiting).await.is_err());
        let reading = tokio::spawn(async move { (end(&mut line).await.0, line) });
        tokio::task::yield_now().await;
        let next = enter("2001:db8::2").expect("the place of who lets us wait");
        let (ended, line) = reading.await.expect("it ends");
        assert_eq!(ended, io::ErrorKind::ConnectionAborted);
        drop(body);
        assert!(line.place.talk.state().is_at_work());
        drop(next);
    }
}
