//! The proxy: one route for each user, from a port of its own to wherever the server listens now. Each route can
//! delay, stall, throttle, split, swallow one direction, refuse, and be cut.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::spawn_local;
use tokio::time::sleep;

use crate::history::{Micros, now};

pub const UP: usize = 0;
pub const DOWN: usize = 1;

/// How a route behaves now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    /// Each piece of data waits so long.
    pub delay_ms: u64,
    /// Nothing passes, and nothing is lost: it passes when the stall is over.
    pub stall: bool,
    /// Bytes in a second; 0 is no limit.
    pub rate: u64,
    /// Data is written in pieces of at most so many bytes; 0 is as it comes.
    pub piece: usize,
    /// What comes in this direction is swallowed, while TCP stays; for ever, as far as the connection is concerned.
    pub swallow: [bool; 2],
    /// New connections are closed at once.
    pub refuse: bool,
}

/// Counts over all routes.
#[derive(Debug, Default)]
pub struct Counts {
    pub connections: Cell<u64>,
    pub cut: Cell<u64>,
    pub swallowed: Cell<u64>,
    pub refused: Cell<u64>,
}

pub struct Route {
    pub port: u16,
    weather: watch::Sender<Weather>,
    /// Grows with every cut; a connection ends when it has changed.
    cuts: watch::Sender<u64>,
    /// Connections there are now.
    live: Cell<u64>,
    /// When bytes passed in each direction.
    passed: [RefCell<Vec<Micros>>; 2],
}

pub struct Proxy {
    pub routes: Vec<Rc<Route>>,
    /// Where the server listens; 0 while it does not.
    pub target: Rc<Cell<u16>>,
    pub counts: Rc<Counts>,
}

/// Of the times of passing, one in so long is kept.
const GRAIN: Micros = 20_000;

impl Proxy {
    pub async fn start(routes: u32) -> io::Result<Proxy> {
        let target = Rc::new(Cell::new(0));
        let counts = Rc::new(Counts::default());
        let mut proxy = Proxy { routes: Vec::new(), target, counts };
        for _ in 0..routes {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let route = Rc::new(Route {
                port: listener.local_addr()?.port(),
                weather: watch::channel(Weather::default()).0,
                cuts: watch::channel(0).0,
                live: Cell::new(0),
                passed: [RefCell::default(), RefCell::default()],
            });
            proxy.routes.push(route.clone());
            let (target, counts) = (proxy.target.clone(), proxy.counts.clone());
            spawn_local(async move {
                loop {
                    let Ok((client, _)) = listener.accept().await else {
                        sleep(Duration::from_millis(10)).await;
                        continue;
                    };
                    spawn_local(connection(route.clone(), client, target.get(), counts.clone()));
                }
            });
        }
        Ok(proxy)
    }
}

impl Route {
    pub fn weather(&self) -> Weather {
        *self.weather.borrow()
    }

    pub fn set(&self, change: impl FnOnce(&mut Weather)) {
        self.weather.send_modify(change);
    }

    /// Ends every connection. How many there were.
    pub fn cut(&self) -> u64 {
        self.cuts.send_modify(|cuts| *cuts += 1);
        self.live.get()
    }

    /// When bytes passed, up and down.
    pub fn passed(&self) -> [Vec<Micros>; 2] {
        [self.passed[UP].borrow().clone(), self.passed[DOWN].borrow().clone()]
    }

    fn pass(&self, direction: usize) {
        let (mut passed, time) = (self.passed[direction].borrow_mut(), now());
        if passed.last().is_none_or(|last| time >= last + GRAIN) {
            passed.push(time);
        }
    }
}

async fn connection(route: Rc<Route>, mut client: TcpStream, target: u16, counts: Rc<Counts>) {
    let mut cuts = route.cuts.subscribe();
    if route.weather().refuse {
        counts.refused.set(counts.refused.get() + 1);
        return;
    }
    // The server is down: as if nobody listened.
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", target)).await else { return };
    counts.connections.set(counts.connections.get() + 1);
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    route.live.set(route.live.get() + 1);
    let ((from_client, to_client), (from_server, to_server)) = (client.split(), server.split());
    let is_cut = tokio::select! {
        _ = async {
            tokio::join!(
                pump(&route, UP, from_client, to_server, &counts),
                pump(&route, DOWN, from_server, to_client, &counts),
            )
        } => false,
        _ = cuts.changed() => true,
    };
    if is_cut {
        counts.cut.set(counts.cut.get() + 1);
        // A reset, not a farewell.
        let _ = (client.set_zero_linger(), server.set_zero_linger());
    }
    route.live.set(route.live.get() - 1);
}

/// One direction, to its end. An error of the writing side ends it too.
async fn pump(route: &Route, direction: usize, mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, counts: &Counts) {
    let mut weather = route.weather.subscribe();
    let mut buffer = vec![0; 8 * 1024];
    let mut dead = false;
    while let Ok(count) = from.read(&mut buffer).await {
        dead |= route.weather().swallow[direction];
        if dead {
            counts.swallowed.set(counts.swallowed.get() + count as u64);
            if count == 0 {
                // Not even the end is passed on: the other side finds out by itself.
                std::future::pending::<()>().await;
            }
            continue;
        }
        if count == 0 {
            break;
        }
        let mut rest = &buffer[..count];
        let now = route.weather();
        if now.delay_ms > 0 {
            // The delay is the fault.
            sleep(Duration::from_millis(now.delay_ms)).await;
        }
        while !rest.is_empty() {
            if weather.wait_for(|weather| !weather.stall).await.is_err() {
                return;
            }
            let now = route.weather();
            let length = if now.piece > 0 { rest.len().min(now.piece) } else { rest.len() };
            if to.write_all(&rest[..length]).await.is_err() {
                return;
            }
            route.pass(direction);
            rest = &rest[length..];
            match (length as u64 * 1_000_000).checked_div(now.rate) {
                // Being slow is the fault.
                Some(micros) => sleep(Duration::from_micros(micros)).await,
                None => tokio::task::yield_now().await,
            }
        }
    }
    let _ = to.shutdown().await;
}
