//! The store in memory: fast, and empty again after a restart.

use std::future::ready;
use std::sync::{Mutex, MutexGuard, PoisonError};

use zim_core::Millis;
use zim_protocol::id::{CallId, SessionId};

use super::state::State;
use super::{
    BoxFuture, Commit, CommitResult, Key, Loaded, Page, RequestKey, Store, TimerId, Unavailable, UserKey, new_epoch,
};
use crate::clock::Clock;

/// One lock over everything: a commit holds it for a few microseconds, and never across an await.
#[derive(Debug)]
pub struct MemoryStore {
    clock: Clock,
    epoch: u64,
    state: Mutex<State>,
}

impl MemoryStore {
    pub fn new() -> MemoryStore {
        let clock = Clock::new();
        MemoryStore { clock, epoch: new_epoch(clock.now()), state: Mutex::default() }
    }

    /// Another store that holds what this one holds now, with the same clock and the same past.
    pub fn copy(&self) -> MemoryStore {
        MemoryStore { clock: self.clock, epoch: self.epoch, state: Mutex::new(self.state().clone()) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing below panics while it holds the lock, so a poisoned state is still a whole one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        MemoryStore::new()
    }
}

impl Store for MemoryStore {
    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn now(&self) -> Millis {
        self.clock.now()
    }

    fn load<'a>(
        &'a self,
        keys: &'a [Key],
        request: Option<&'a RequestKey>,
    ) -> BoxFuture<'a, Result<Loaded, Unavailable>> {
        let state = self.state();
        let records = keys.iter().map(|key| state.versioned(key).0).collect();
        let answered = request.and_then(|request| state.answer(request)).map(|(answer, _)| answer);
        Box::pin(ready(Ok(Loaded { now: self.clock.now(), records, answered })))
    }

    fn calls_of<'a>(&'a self, user: &'a UserKey) -> BoxFuture<'a, Result<Vec<CallId>, Unavailable>> {
        Box::pin(ready(Ok(self.state().calls_of(user))))
    }

    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<CommitResult, Unavailable>> {
        let (result, _) = self.state().commit(commit, self.clock.now(), 0, &mut ());
        Box::pin(ready(Ok(result)))
    }

    fn log_after<'a>(
        &'a self,
        user: &'a UserKey,
        cursor: u64,
        max: usize,
    ) -> BoxFuture<'a, Result<Option<Page>, Unavailable>> {
        let entries = self.state().log_after(user, cursor, max);
        Box::pin(ready(Ok(entries.map(|(entries, _)| Page { now: self.clock.now(), entries }))))
    }

    fn due(&self, now: Millis, max: usize) -> BoxFuture<'_, Result<Vec<(TimerId, Millis)>, Unavailable>> {
        Box::pin(ready(Ok(self.state().due(now, max))))
    }

    fn next_due(&self) -> BoxFuture<'_, Result<Option<Millis>, Unavailable>> {
        Box::pin(ready(Ok(self.state().next_due())))
    }

    fn sessions(&self) -> BoxFuture<'_, Result<Vec<(UserKey, SessionId)>, Unavailable>> {
        Box::pin(ready(Ok(self.state().sessions())))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(ready(()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::advance;

    use super::*;
    use crate::store::conformance::{self, accepted, call_key, call_record, request};
    use crate::store::{Committed, ENDED_CALL_MS, IndexChange, Put, REMEMBER_MS};

    conformance::suite!(new_store);

    fn new_store() -> MemoryStore {
        MemoryStore::new()
    }

    async fn written(store: &MemoryStore, commit: Commit) {
        assert_eq!(store.commit(commit).await, Ok(CommitResult::Done(Committed::default())));
    }

    #[tokio::test(start_paused = true)]
    async fn answers_are_forgotten_when_nobody_asks_any_more() {
        let store = MemoryStore::new();
        for number in 0..100 {
            let remember = Some((request(&format!("r{number}")), accepted()));
            written(&store, Commit { remember, ..Commit::default() }).await;
        }
        advance(Duration::from_millis(REMEMBER_MS - 1)).await;
        written(&store, Commit::default()).await;
        assert_eq!(store.load(&[], Some(&request("r0"))).await.unwrap().answered, Some(accepted()));
        advance(Duration::from_millis(1)).await;
        // A little with every commit.
        for _ in 0..4 {
            written(&store, Commit::default()).await;
        }
        assert_eq!(store.state().sizes().answers, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn ended_calls_are_kept_for_a_day() {
        let store = MemoryStore::new();
        let put = |id: &str, keep_until| Commit {
            put: vec![Put { key: Key::Call(call_key(id)), record: call_record(id, 1), keep_until }],
            ..Commit::default()
        };
        let end = store.now() + ENDED_CALL_MS;
        written(&store, put("live", None)).await;
        written(&store, put("ended", Some(end))).await;
        // One that is written again later is kept longer, and one that lives again stays.
        written(&store, put("later", Some(end))).await;
        written(&store, put("later", Some(end + 1_000))).await;
        written(&store, put("revived", Some(end))).await;
        written(&store, put("revived", None)).await;
        let versions = async || {
            let keys = ["live", "ended", "later", "revived"].map(|id| Key::Call(call_key(id)));
            let loaded = store.load(&keys, None).await.unwrap();
            loaded.records.iter().map(|record| record.version).collect::<Vec<_>>()
        };
        advance(Duration::from_millis(ENDED_CALL_MS - 1)).await;
        written(&store, Commit::default()).await;
        assert_eq!(versions().await, [1, 1, 2, 2]);
        advance(Duration::from_millis(1)).await;
        written(&store, Commit::default()).await;
        assert_eq!(versions().await, [1, 0, 2, 2]);
        advance(Duration::from_millis(1_000)).await;
        written(&store, Commit::default()).await;
        assert_eq!(versions().await, [1, 0, 0, 2]);
        assert_eq!(store.state().sizes().expiries, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_left_of_what_was_cleared() {
        let store = MemoryStore::new();
        let timer = TimerId::Call(call_key("c"));
        let user = request("r").user;
        let index = |add: bool| match add {
            true => IndexChange::Add(user.clone(), call_key("c").call),
            false => IndexChange::Remove(user.clone(), call_key("c").call),
        };
        for at in [Some(1), Some(2), None] {
            let timers = vec![(timer.clone(), at)];
            written(&store, Commit { timers, index: vec![index(at.is_some())], ..Commit::default() }).await;
        }
        let sizes = store.state().sizes();
        assert_eq!((sizes.timers, sizes.participants), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn two_stores_of_one_moment_have_two_pasts() {
        let epochs: std::collections::BTreeSet<u64> = (0..20).map(|_| MemoryStore::new().epoch()).collect();
        assert!(epochs.len() > 10, "{epochs:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_clock_is_the_wall_s_and_goes_with_tokio_s() {
        let store = MemoryStore::new();
        let start = store.now();
        assert!(start > 1_600_000_000_000);
        advance(Duration::from_millis(1_500)).await;
        assert_eq!(store.now() - start, 1_500);
    }
}
