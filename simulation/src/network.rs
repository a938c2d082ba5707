//! The network: ordered streams of bytes that take their time, break, and fall silent.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, Sleep, sleep, sleep_until};
use zim_server::Listener;

use crate::rng::Rng;

/// What a direction holds before its writer has to wait.
const ROOM_BYTES: usize = 64 * 1024;

/// One direction of a connection.
#[derive(Debug)]
struct Pipe {
    /// What is under way, and when it arrives.
    chunks: VecDeque<(Instant, Vec<u8>)>,
    bytes: usize,
    latency_ms: u64,
    jitter_ms: u64,
    rng: Rng,
    /// Nothing arrives before this.
    stalled_until: Instant,
    /// The writer has finished, or is gone; or the connection was cut. When the reader learns of it.
    end: Option<(Instant, End)>,
    /// What is written is lost, and nobody notices.
    is_dead: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The writer has said that it is done.
    Finished,
    /// There is nobody at the other end any more.
    Gone,
    /// The connection was cut.
    Reset,
}

impl Pipe {
    fn new(rng: &mut Rng) -> Pipe {
        let (latency_ms, jitter_ms) = (rng.mostly_short(80), rng.mostly_short(40));
        Pipe {
            chunks: VecDeque::new(),
            bytes: 0,
            latency_ms,
            jitter_ms,
            rng: Rng::new(rng.next(), 1),
            stalled_until: Instant::now(),
            end: None,
            is_dead: false,
            reader: None,
            writer: None,
        }
    }

    fn arrival(&mut self) -> Instant {
        let delay = Duration::from_millis(self.latency_ms + self.rng.within(0..=self.jitter_ms));
        let due = (Instant::now() + delay).max(self.stalled_until);
        self.chunks.back().map_or(due, |(last, _)| due.max(*last))
    }

    /// The reader is told behind what is under way.
    fn end(&mut self, end: End) {
        if !self.is_dead && self.end.is_none_or(|(_, known)| known == End::Finished) {
            self.end = Some((self.arrival(), end));
        }
        self.wake();
    }

    /// A part of what is under way is lost, from its end.
    fn lose_tail(&mut self) {
        let keep = self.rng.below(self.chunks.len() + 1);
        self.chunks.truncate(keep);
        self.bytes = self.chunks.iter().map(|(_, chunk)| chunk.len()).sum();
    }

    fn stall(&mut self, until: Instant) {
        self.stalled_until = self.stalled_until.max(until);
        for (due, _) in &mut self.chunks {
            *due = (*due).max(until);
        }
        if let Some((due, _)) = &mut self.end {
            *due = (*due).max(until);
        }
    }

    fn has_ended(&self) -> Option<End> {
        self.end.filter(|(due, _)| *due <= Instant::now()).map(|(_, end)| end)
    }

    fn wake(&mut self) {
        self.reader.take().into_iter().chain(self.writer.take()).for_each(Waker::wake);
    }
}

type Shared = Arc<Mutex<Pipe>>;

/// One end of a connection.
#[derive(Debug)]
pub struct Stream {
    read: Shared,
    write: Shared,
    arrival: Pin<Box<Sleep>>,
}

impl Stream {
    fn new(read: Shared, write: Shared) -> Stream {
        Stream { read, write, arrival: Box::pin(sleep(Duration::ZERO)) }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Stream { read, arrival, .. } = self.get_mut();
        loop {
            let mut guard = lock(read);
            let pipe = &mut *guard;
            let now = Instant::now();
            let next = match (pipe.chunks.front_mut(), pipe.end) {
                (Some((due, chunk)), _) if *due <= now => {
                    let taken = chunk.len().min(buf.remaining());
                    buf.put_slice(&chunk[..taken]);
                    chunk.drain(..taken);
                    if chunk.is_empty() {
                        pipe.chunks.pop_front();
                    }
                    pipe.bytes -= taken;
                    if let Some(writer) = pipe.writer.take() {
                        writer.wake();
                    }
                    return Poll::Ready(Ok(()));
                }
                (None, Some((due, end))) if due <= now => {
                    return Poll::Ready(match end {
                        End::Finished | End::Gone => Ok(()),
                        End::Reset => Err(io::ErrorKind::ConnectionReset.into()),
                    });
                }
                (Some((due, _)), _) => Some(*due),
                (None, Some((due, _))) => Some(due),
                (None, None) => None,
            };
            pipe.reader = Some(cx.waker().clone());
            drop(guard);
            let Some(next) = next else { return Poll::Pending };
            if arrival.deadline() != next {
                arrival.as_mut().reset(next);
            }
            if arrival.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match lock(&self.read).has_ended() {
            Some(End::Gone | End::Reset) => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            Some(End::Finished) | None => {}
        }
        let mut pipe = lock(&self.write);
        if pipe.end.is_some() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let taken = bytes.len().min(ROOM_BYTES.saturating_sub(pipe.bytes));
        if taken == 0 {
            pipe.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        pipe.bytes += taken;
        if !pipe.is_dead {
            let due = pipe.arrival();
            pipe.chunks.push_back((due, bytes[..taken].to_vec()));
            if let Some(reader) = pipe.reader.take() {
                reader.wake();
            }
        }
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        lock(&self.write).end(End::Finished);
        Poll::Ready(Ok(()))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        lock(&self.write).end(End::Gone);
    }
}

/// What may happen to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Both ends learn of it; what was under way is lost from somewhere on.
    Cut,
    /// The client learns of it, the server does not.
    CutUnnoticed,
    /// What the client sends is lost, and nobody learns of it.
    DeafServer,
    DeafClient,
    /// Nothing gets through any more, and nobody learns of it.
    Silent,
    /// Everything comes, later.
    Stall {
        ms: u64,
    },
}

/// The way between one device and the server.
#[derive(Debug)]
struct Way {
    /// To the server, and from it.
    wire: Option<(Shared, Shared)>,
    /// No connection comes about before this.
    blocked_until: Instant,
    /// The present connection has carried everything in time since then, or will from then on.
    well_since: Instant,
    /// Since then it does not carry everything any more.
    broken_at: Option<Instant>,
    rng: Rng,
}

/// All ways to the server.
#[derive(Debug)]
pub struct Network {
    ways: Vec<Mutex<Way>>,
    server: Mutex<Option<UnboundedSender<Stream>>>,
}

impl Network {
    pub fn new(seed: u64, devices: usize) -> Network {
        let now = Instant::now();
        let way = |n: usize| {
            let rng = Rng::new(seed, 100 + n as u64);
            Mutex::new(Way { wire: None, blocked_until: now, well_since: now, broken_at: None, rng })
        };
        Network { ways: (0..devices).map(way).collect(), server: Mutex::new(None) }
    }

    /// A server listens from now on.
    pub fn listen(&self) -> Door {
        let (sender, receiver) = unbounded_channel();
        *lock(&self.server) = Some(sender);
        Door { arrivals: tokio::sync::Mutex::new(receiver) }
    }

    /// Nobody listens any more.
    pub fn close_door(&self) {
        *lock(&self.server) = None;
    }

    pub async fn connect(&self, device: usize) -> io::Result<Stream> {
        let (delay, blocked_until) = {
            let mut way = lock(&self.ways[device]);
            (way.rng.mostly_short(200), way.blocked_until)
        };
        sleep(Duration::from_millis(delay)).await;
        if blocked_until > Instant::now() {
            // Packets that vanish: the client has to lose its patience by itself.
            sleep_until(blocked_until).await;
            return Err(io::ErrorKind::TimedOut.into());
        }
        let server = lock(&self.server);
        let Some(server) = server.as_ref() else { return Err(io::ErrorKind::ConnectionRefused.into()) };
        let mut way = lock(&self.ways[device]);
        let up = Arc::new(Mutex::new(Pipe::new(&mut way.rng)));
        let down = Arc::new(Mutex::new(Pipe::new(&mut way.rng)));
        way.wire = Some((up.clone(), down.clone()));
        way.well_since = Instant::now();
        way.broken_at = None;
        if server.send(Stream::new(up.clone(), down.clone())).is_err() {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        Ok(Stream::new(down, up))
    }

    /// Something happens to the device's connection, if it has one.
    pub fn trouble(&self, device: usize, trouble: Trouble) {
        let mut way = lock(&self.ways[device]);
        let Some((up, down)) = way.wire.clone() else { return };
        let now = Instant::now();
        match trouble {
            Trouble::Stall { ms } => way.well_since = way.well_since.max(now + Duration::from_millis(ms)),
            Trouble::Cut | Trouble::CutUnnoticed | Trouble::DeafServer | Trouble::DeafClient | Trouble::Silent => {
                way.broken_at.get_or_insert(now);
            }
        }
        let (mut up, mut down) = (lock(&up), lock(&down));
        match trouble {
            Trouble::Cut => {
                for pipe in [&mut up, &mut down] {
                    pipe.lose_tail();
                    pipe.end(End::Reset);
                }
            }
            Trouble::CutUnnoticed => {
                up.lose_tail();
                up.is_dead = true;
                down.lose_tail();
                down.end(End::Reset);
                down.is_dead = true;
            }
            Trouble::DeafServer => {
                up.lose_tail();
                up.is_dead = true;
            }
            Trouble::DeafClient => {
                down.lose_tail();
                down.is_dead = true;
            }
            Trouble::Silent => {
                for pipe in [&mut up, &mut down] {
                    pipe.lose_tail();
                    pipe.is_dead = true;
                }
            }
            Trouble::Stall { ms } => {
                let until = Instant::now() + Duration::from_millis(ms);
                up.stall(until);
                down.stall(until);
            }
        }
    }

    /// Since when the device's connection carries everything in time, which may lie ahead; and when it broke.
    pub fn well(&self, device: usize) -> (Instant, Option<Instant>) {
        let way = lock(&self.ways[device]);
        (way.well_since, way.broken_at)
    }

    /// The device gets no connection for so long.
    pub fn block(&self, device: usize, ms: u64) {
        lock(&self.ways[device]).blocked_until = Instant::now() + Duration::from_millis(ms);
    }
}

/// Where connections reach the server.
#[derive(Debug)]
pub struct Door {
    arrivals: tokio::sync::Mutex<UnboundedReceiver<Stream>>,
}

impl Listener for Door {
    type Stream = Stream;

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(SocketAddr::from(([127, 0, 0, 1], 1)))
    }

    async fn accept(&self) -> io::Result<(Stream, SocketAddr)> {
        match self.arrivals.lock().await.recv().await {
            Some(stream) => Ok((stream, self.local_addr()?)),
            None => std::future::pending().await,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
