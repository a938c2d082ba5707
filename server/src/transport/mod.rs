//! From the listener to WebSockets.

mod handshake;
mod listener;
mod socket;

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::node::Node;
use crate::session::Connection;

pub use handshake::{Handshake, shake, turn_away};
pub use listener::{Listener, Stream};
pub use socket::{End, Incoming, Socket};

/// After a failed accept the server waits this long: what is missing (file descriptors, memory) must be given
/// back by others first.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// What is short may be so many times a second, and is worth a line in the log only now and then.
const COMPLAINT_INTERVAL: Duration = Duration::from_secs(10);

/// Takes connections until the shutdown, then sees them off. Whoever drops this ends every connection at once.
pub async fn serve<L: Listener>(listener: L, node: Arc<Node>, shutdown: impl Future<Output = ()>) {
    let mut shutdown = pin!(shutdown);
    let places = Arc::new(Semaphore::new(node.config.max_connections as usize));
    let mut complained: Option<Instant> = None;
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                tracing::debug!(%peer, "connected");
                match places.clone().try_acquire_owned() {
                    Ok(place) => drop(connections.spawn(connection(stream, node.clone(), place))),
                    Err(_) => {
                        tracing::warn!(
                            limit = node.config.max_connections,
                            "turned a connection away: max_connections"
                        );
                        drop(connections.spawn(async move {
                            let mut stream = stream;
                            turn_away(&mut stream).await;
                        }));
                    }
                }
            }
            // The peer changed its mind between its request and our accept.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                if complained.is_none_or(|at| at.elapsed() > COMPLAINT_INTERVAL) {
                    tracing::error!(%error, "cannot accept connections for now; trying on");
                    complained = Some(Instant::now());
                }
                tokio::select! {
                    biased;
                    () = &mut shutdown => break,
                    () = sleep(ACCEPT_PAUSE) => {}
                }
            }
        }
    }
    drop(listener);
    tracing::info!(connections = node.registry.connections(), "stopping");
    node.registry.stop();
    let limit = Duration::from_millis(node.config.stop_timeout_ms.into());
    if timeout(limit, places.acquire_many(node.config.max_connections)).await.is_err() {
        tracing::warn!(
            connections = node.registry.connections(),
            "stopped with connections that did not close in time"
        );
    }
}

async fn connection<S: Stream>(mut stream: S, node: Arc<Node>, place: OwnedSemaphorePermit) {
    let live = node.registry.enter();
    let limit = Duration::from_millis(node.config.handshake_timeout_ms.into());
    let handshake = tokio::select! {
        biased;
        handshake = shake(&mut stream, limit) => handshake,
        () = live.woken() => Handshake::Lost,
    };
    match handshake {
        Handshake::Done { rest } => {
            let write_timeout = Duration::from_millis(node.config.write_timeout_ms.into());
            let socket = Socket::new(stream, rest, write_timeout).await;
            Box::pin(Connection::new(node.clone(), socket, live.clone()).run()).await;
        }
        Handshake::Refused { status } => tracing::debug!(status, "answered a request that is no WebSocket"),
        Handshake::Lost => tracing::debug!("no request came"),
    }
    node.registry.leave(&live);
    drop(place);
}
