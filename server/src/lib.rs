//! zim-server: rings users who are logged in through libzim.
//!
//! [`run`] is the whole server. Layers, each knowing only those below it: `transport` (sockets), `session`
//! (who is logged in on which connection), `calls` (requests about calls, timers), `store` (the truth).

mod calls;
mod clock;
pub mod config;
mod node;
mod session;
pub mod store;
mod transport;

use std::future::Future;
use std::io;
use std::sync::Arc;

use thiserror::Error;
use tokio::task::JoinSet;

use crate::config::{Config, ConfigError, StoreKind};
use crate::node::Node;
use crate::store::{MemoryStore, SqliteStore, Store, StoreError, Unavailable};

pub use transport::{Listener, Stream};

/// Why the server could not run.
#[derive(Debug, Error)]
pub enum RunError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("the listener has no address: {0}")]
    Listener(#[from] io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Opens the store that the configuration asks for. Reads it, which takes a while when it is large.
pub fn open_store(config: &Config) -> Result<Arc<dyn Store>, StoreError> {
    match config.store() {
        StoreKind::Memory => Ok(Arc::new(MemoryStore::new())),
        StoreKind::Disk => Ok(Arc::new(SqliteStore::open(&config.data_dir, config.durability)?)),
    }
}

/// Serves on the listener until `shutdown` completes; then tells every client, waits for their connections to
/// close, at most `stop_timeout_ms`, and returns. When it is dropped instead, everything ends at once and nobody is
/// told.
pub async fn run(listener: impl Listener, config: Config, shutdown: impl Future<Output = ()>) -> Result<(), RunError> {
    let store = open_store(&config)?;
    run_with_store(listener, config, store, shutdown).await
}

/// The same over a store of the caller's choice.
pub async fn run_with_store(
    listener: impl Listener,
    config: Config,
    store: Arc<dyn Store>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), RunError> {
    config.check()?;
    config.check_address(listener.local_addr()?)?;
    let node = Arc::new(Node::new(config, store.clone()));
    let sessions = session::wait_for_all(&node).await?;
    if sessions > 0 {
        tracing::info!(sessions, "waiting for the sessions that the store knows");
    }
    let mut timers = JoinSet::new();
    timers.spawn(calls::run_timers(node.clone()));
    transport::serve(listener, node, shutdown).await;
    timers.shutdown().await;
    store.close().await;
    Ok(())
}
