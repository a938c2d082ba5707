//! A store that fails now and then: nothing is forgotten for that.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use zim_core::Millis;
use zim_protocol::id::{CallId, SessionId};
use zim_server::config::Config;
use zim_server::store::{
    BoxFuture, Commit, CommitResult, Key, Loaded, MemoryStore, Page, RequestKey, Store, TimerId, Unavailable, UserKey,
};

use crate::client::{Client, TestServer};

const WORKS: u8 = 0;
/// Nothing is written.
const REFUSES: u8 = 1;
/// The next commit is written, and nobody learns that it was.
const KEEPS_SILENT: u8 = 2;

#[derive(Debug)]
struct Failing {
    inner: MemoryStore,
    mode: AtomicU8,
}

impl Failing {
    fn new() -> Arc<Failing> {
        Arc::new(Failing { inner: MemoryStore::new(), mode: AtomicU8::new(WORKS) })
    }

    fn set(&self, mode: u8) {
        self.mode.store(mode, Ordering::SeqCst);
    }
}

impl Store for Failing {
    fn epoch(&self) -> u64 {
        self.inner.epoch()
    }

    fn now(&self) -> Millis {
        self.inner.now()
    }

    fn load<'a>(
        &'a self,
        keys: &'a [Key],
        request: Option<&'a RequestKey>,
    ) -> BoxFuture<'a, Result<Loaded, Unavailable>> {
        self.inner.load(keys, request)
    }

    fn calls_of<'a>(&'a self, user: &'a UserKey) -> BoxFuture<'a, Result<Vec<CallId>, Unavailable>> {
        self.inner.calls_of(user)
    }

    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<CommitResult, Unavailable>> {
        Box::pin(async move {
            match self.mode.load(Ordering::SeqCst) {
                REFUSES => Err(Unavailable::refused("the test wants it so")),
                KEEPS_SILENT => {
                    self.set(WORKS);
                    self.inner.commit(commit).await?;
                    Err(Unavailable::unknown("the test wants it so"))
                }
                _ => self.inner.commit(commit).await,
            }
        })
    }

    fn log_after<'a>(
        &'a self,
        user: &'a UserKey,
        cursor: u64,
        max: usize,
    ) -> BoxFuture<'a, Result<Option<Page>, Unavailable>> {
        self.inner.log_after(user, cursor, max)
    }

    fn due(&self, now: Millis, max: usize) -> BoxFuture<'_, Result<Vec<(TimerId, Millis)>, Unavailable>> {
        self.inner.due(now, max)
    }

    fn next_due(&self) -> BoxFuture<'_, Result<Option<Millis>, Unavailable>> {
        self.inner.next_due()
    }

    fn sessions(&self) -> BoxFuture<'_, Result<Vec<(UserKey, SessionId)>, Unavailable>> {
        self.inner.sessions()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.inner.close()
    }
}

fn hasty() -> Config {
    Config { heartbeat_interval_ms: 100, heartbeat_timeout_ms: 300, ..Config::dev() }
}

#[tokio::test]
async fn what_was_written_without_anybody_knowing_rings_all_the_same() {
    let store = Failing::new();
    let server = TestServer::over(Config::dev(), store.clone()).await;
    let mut bob = Client::login(&server, "bob").await;
    let mut alice = Client::login(&server, "alice").await;
    store.set(KEEPS_SILENT);
    alice.ask(crate::client::invite("c", &["bob"])).await;
    assert_eq!(bob.told(1).await, ["invited c by alice \"hello\": alice Accepted, bob Inviting"]);
    server.stop().await;
}

#[tokio::test]
async fn a_session_that_ends_while_the_store_fails_is_waited_for_and_then_absent() {
    let store = Failing::new();
    let server = TestServer::over(hasty(), store.clone()).await;
    let mut bob = Client::login(&server, "bob").await;
    bob.ping_every = Some(Duration::from_millis(50));
    let mut alice = Client::login(&server, "alice").await;
    alice.invite("c", &["bob"]).await.unwrap();
    assert_eq!(bob.told(1).await, ["invited c by alice \"hello\": alice Accepted, bob Inviting"]);
    store.set(REFUSES);
    drop(alice);
    // When it has been refused, the end of alice's connection has been as well.
    bob.received("c").await.unwrap_err();
    store.set(WORKS);
    let told = bob.told(1).await;
    assert_eq!(told, ["cancelled c by alice: alice Cancelled 6090103, bob BeCancelled 6090103, ended"]);
    server.stop().await;
}
