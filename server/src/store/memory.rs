//! The store in memory: fast, and empty again after a restart.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::future::ready;
use std::sync::{Mutex, MutexGuard, PoisonError};

use zim_core::Millis;
use zim_core::inbox::Inbox;
use zim_protocol::id::CallId;

use super::{
    Answer, BoxFuture, Commit, CommitResult, Committed, CursorChange, IndexChange, Key, Loaded, Page, REMEMBER_MS,
    Record, RequestKey, Store, TimerId, Unavailable, UserKey, Versioned,
};
use crate::clock::Clock;

/// So much is forgotten with every commit: more than one brings in, and little enough to hold nobody up.
const FORGET_AT_ONCE: usize = 32;

/// One lock over everything: a commit holds it for a few microseconds, and never across an await.
#[derive(Debug)]
pub struct MemoryStore {
    clock: Clock,
    epoch: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    records: HashMap<Key, Kept>,
    /// When records with an end may be forgotten.
    expiries: BTreeSet<(Millis, Key)>,
    calls_of: HashMap<UserKey, BTreeSet<CallId>>,
    timers: HashMap<TimerId, Millis>,
    schedule: BTreeSet<(Millis, TimerId)>,
    inboxes: HashMap<UserKey, Inbox>,
    answers: HashMap<RequestKey, Answer>,
    /// The remembered requests in the order in which they are forgotten.
    answered: VecDeque<(Millis, RequestKey)>,
}

#[derive(Debug)]
struct Kept {
    version: u64,
    record: Record,
    keep_until: Option<Millis>,
}

impl MemoryStore {
    pub fn new() -> MemoryStore {
        let clock = Clock::new();
        // Another epoch for every store, also for two that start in the same millisecond; below 2^53, so that
        // clients in every language can hold it.
        let mut salt = [0; 2];
        let salt = match getrandom::fill(&mut salt) {
            Ok(()) => u16::from_le_bytes(salt),
            Err(_) => 0,
        };
        MemoryStore { clock, epoch: (clock.now() << 10) | u64::from(salt & 0x3ff), state: Mutex::default() }
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
        let records = keys.iter().map(|key| state.versioned(key)).collect();
        let answered = request.and_then(|request| state.answers.get(request)).cloned();
        Box::pin(ready(Ok(Loaded { now: self.clock.now(), records, answered })))
    }

    fn calls_of<'a>(&'a self, user: &'a UserKey) -> BoxFuture<'a, Result<Vec<CallId>, Unavailable>> {
        let calls = self.state().calls_of.get(user).map(|calls| calls.iter().cloned().collect()).unwrap_or_default();
        Box::pin(ready(Ok(calls)))
    }

    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<CommitResult, Unavailable>> {
        let mut state = self.state();
        let result = match state.check(&commit) {
            Ok(()) => CommitResult::Done(state.write(commit, self.clock.now())),
            Err(refusal) => refusal,
        };
        Box::pin(ready(Ok(result)))
    }

    fn log_after<'a>(
        &'a self,
        user: &'a UserKey,
        cursor: u64,
        max: usize,
    ) -> BoxFuture<'a, Result<Option<Page>, Unavailable>> {
        let state = self.state();
        let entries = state.inboxes.get(user).and_then(|inbox| inbox.after(cursor));
        let page = entries.map(|entries| Page { now: self.clock.now(), entries: entries.take(max).cloned().collect() });
        Box::pin(ready(Ok(page)))
    }

    fn due(&self, now: Millis, max: usize) -> BoxFuture<'_, Result<Vec<(TimerId, Millis)>, Unavailable>> {
        let state = self.state();
        let due = state.schedule.iter().take_while(|(at, _)| *at <= now).take(max);
        let due = due.map(|(at, timer)| (timer.clone(), *at)).collect();
        Box::pin(ready(Ok(due)))
    }

    fn next_due(&self) -> BoxFuture<'_, Result<Option<Millis>, Unavailable>> {
        let next = self.state().schedule.first().map(|(at, _)| *at);
        Box::pin(ready(Ok(next)))
    }
}

impl State {
    fn versioned(&self, key: &Key) -> Versioned {
        match self.records.get(key) {
            Some(kept) => Versioned { version: kept.version, record: Some(kept.record.clone()) },
            None => Versioned::default(),
        }
    }

    fn check(&self, commit: &Commit) -> Result<(), CommitResult> {
        // A resent request learns its answer even when the records have moved on since.
        if let Some(answer) = commit.unanswered.as_ref().and_then(|request| self.answers.get(request)) {
            return Err(CommitResult::AlreadyAnswered(answer.clone()));
        }
        if commit.claim.as_ref().is_some_and(|(timer, at)| self.timers.get(timer) != Some(at)) {
            return Err(CommitResult::Conflict);
        }
        let current = |key: &Key| self.records.get(key).map_or(0, |kept| kept.version);
        match commit.expect.iter().all(|(key, version)| current(key) == *version) {
            true => Ok(()),
            false => Err(CommitResult::Conflict),
        }
    }

    fn write(&mut self, commit: Commit, now: Millis) -> Committed {
        self.forget(now);
        for put in commit.put {
            self.put(put.key, put.record, put.keep_until);
        }
        for change in commit.index {
            self.change_index(change);
        }
        for (timer, at) in commit.timers {
            self.set_timer(timer, at);
        }
        for append in commit.append {
            if let Some(inbox) = self.inboxes.get_mut(&append.user) {
                inbox.append(append.audience, append.deadline, append.event);
            }
        }
        let mut committed = Committed::default();
        for change in commit.cursors {
            self.change_cursor(change, &mut committed);
        }
        if let Some((request, answer)) = commit.remember {
            self.answered.push_back((now + REMEMBER_MS, request.clone()));
            self.answers.insert(request, answer);
        }
        committed
    }

    fn put(&mut self, key: Key, record: Record, keep_until: Option<Millis>) {
        if let Some(until) = keep_until {
            self.expiries.insert((until, key.clone()));
        }
        match self.records.get_mut(&key) {
            Some(kept) => {
                if let Some(until) = kept.keep_until.filter(|_| kept.keep_until != keep_until) {
                    self.expiries.remove(&(until, key));
                }
                *kept = Kept { version: kept.version + 1, record, keep_until };
            }
            None => {
                self.records.insert(key, Kept { version: 1, record, keep_until });
            }
        }
    }

    fn change_index(&mut self, change: IndexChange) {
        match change {
            IndexChange::Add(user, call) => {
                self.calls_of.entry(user).or_default().insert(call);
            }
            IndexChange::Remove(user, call) => {
                if let Some(calls) = self.calls_of.get_mut(&user) {
                    calls.remove(&call);
                    if calls.is_empty() {
                        self.calls_of.remove(&user);
                    }
                }
            }
        }
    }

    fn set_timer(&mut self, timer: TimerId, at: Option<Millis>) {
        let before = match at {
            Some(at) => self.timers.insert(timer.clone(), at),
            None => self.timers.remove(&timer),
        };
        if before == at {
            return;
        }
        if let Some(before) = before {
            // The schedule's key owns its timer, so looking one up takes a copy.
            self.schedule.remove(&(before, timer.clone()));
        }
        if let Some(at) = at {
            self.schedule.insert((at, timer));
        }
    }

    fn change_cursor(&mut self, change: CursorChange, committed: &mut Committed) {
        match change {
            CursorChange::Open(user, session) => {
                committed.opened_at.push(self.inboxes.entry(user).or_default().open(session));
            }
            CursorChange::Close(user, session) => {
                if let Some(inbox) = self.inboxes.get_mut(&user) {
                    inbox.close(&session);
                }
            }
            CursorChange::Acknowledge(user, session, n) => {
                if let Some(inbox) = self.inboxes.get_mut(&user) {
                    inbox.acknowledge(&session, n);
                }
            }
        }
    }

    /// Drops what has been kept long enough.
    fn forget(&mut self, now: Millis) {
        for _ in 0..FORGET_AT_ONCE {
            if self.answered.front().is_none_or(|(until, _)| *until > now) {
                break;
            }
            if let Some((_, request)) = self.answered.pop_front() {
                self.answers.remove(&request);
            }
        }
        for _ in 0..FORGET_AT_ONCE {
            if self.expiries.first().is_none_or(|(until, _)| *until > now) {
                break;
            }
            if let Some((_, key)) = self.expiries.pop_first() {
                self.records.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::advance;

    use super::*;
    use crate::store::conformance::{self, accepted, call_key, call_record, request};
    use crate::store::{ENDED_CALL_MS, Put};

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
        let state = store.state();
        assert_eq!((state.answers.len(), state.answered.len()), (0, 0));
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
        assert!(store.state().expiries.is_empty());
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
        let state = store.state();
        assert_eq!((state.timers.len(), state.schedule.len(), state.calls_of.len()), (0, 0, 0));
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
