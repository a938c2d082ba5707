//! The store of a simulated server: takes its time, and outlives the server.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::sleep;
use zim_core::Millis;
use zim_protocol::id::{CallId, SessionId};
use zim_server::store::{
    BoxFuture, Commit, CommitResult, Key, Loaded, MemoryStore, Page, Put, Record, RequestKey, Store, TimerId,
    Unavailable, UserKey,
};

use crate::mutation::Mutation;
use crate::rng::Rng;
use crate::world::World;

/// With [`Mutation::LosesCommits`]: what is committed so long before a kill is lost.
const LOST_MS: Millis = 2_000;
/// With [`Mutation::IsLate`].
const LATE_MS: Millis = 3_000;

/// What a crash keeps is what was written when it came. A commit that is under way then has been written or not; a
/// server that is killed drops it in either state.
#[derive(Debug)]
pub struct SimulatedStore {
    world: Arc<World>,
    inner: Mutex<Arc<MemoryStore>>,
    /// The store as it was a while ago.
    earlier: Mutex<Option<(Millis, MemoryStore)>>,
    rng: Mutex<Rng>,
    /// Of a thousand operations so many fail, until it is quiet.
    failures: u64,
}

/// How an operation goes wrong.
enum Failure {
    /// It was not done.
    Refused,
    /// It was done, and nobody knows.
    Unknown,
}

impl SimulatedStore {
    pub fn new(world: Arc<World>, inner: MemoryStore, seed: u64) -> SimulatedStore {
        let mut rng = Rng::new(seed, 2);
        let failures = [0, 0, 0, 20][rng.below(4)];
        let (inner, rng) = (Mutex::new(Arc::new(inner)), Mutex::new(rng));
        SimulatedStore { world, inner, earlier: Mutex::new(None), rng, failures }
    }

    pub fn inner(&self) -> Arc<MemoryStore> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The server was killed.
    pub fn crashed(&self) {
        if let Some((_, earlier)) = self.earlier.lock().unwrap_or_else(PoisonError::into_inner).take() {
            *self.inner.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(earlier);
        }
    }

    async fn pause(&self) {
        let ms = {
            let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
            match rng.within(0..=99) {
                0..80 => 0,
                80..98 => rng.within(1..=3),
                _ => rng.within(4..=80),
            }
        };
        if ms > 0 {
            sleep(Duration::from_millis(ms)).await;
        }
    }

    fn failure(&self) -> Option<Failure> {
        if self.failures == 0 || self.world.now() >= self.world.quiet_at {
            return None;
        }
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        let fails = rng.within(1..=1_000) <= self.failures;
        fails.then(|| if rng.percent(50) { Failure::Refused } else { Failure::Unknown })
    }

    /// For what only reads.
    async fn may_fail(&self) -> Result<(), Unavailable> {
        self.pause().await;
        match self.failure() {
            Some(Failure::Refused | Failure::Unknown) => Err(Unavailable::refused("simulated")),
            None => Ok(()),
        }
    }

    fn is(&self, mutation: Mutation) -> bool {
        self.world.mutation == Some(mutation)
    }

    fn remember_for_a_crash(&self) {
        if !self.is(Mutation::LosesCommits) {
            return;
        }
        let (now, inner) = (self.world.now(), self.inner());
        let mut earlier = self.earlier.lock().unwrap_or_else(PoisonError::into_inner);
        if earlier.as_ref().is_none_or(|(at, _)| at + LOST_MS < now) {
            *earlier = Some((now, inner.copy()));
        }
    }
}

impl Store for SimulatedStore {
    fn epoch(&self) -> u64 {
        self.inner().epoch()
    }

    fn now(&self) -> Millis {
        self.inner().now()
    }

    fn load<'a>(
        &'a self,
        keys: &'a [Key],
        request: Option<&'a RequestKey>,
    ) -> BoxFuture<'a, Result<Loaded, Unavailable>> {
        let request = request.filter(|_| !self.is(Mutation::AnswersTwice));
        Box::pin(async move {
            self.may_fail().await?;
            self.inner().load(keys, request).await
        })
    }

    fn calls_of<'a>(&'a self, user: &'a UserKey) -> BoxFuture<'a, Result<Vec<CallId>, Unavailable>> {
        Box::pin(async move {
            self.may_fail().await?;
            self.inner().calls_of(user).await
        })
    }

    fn commit(&self, mut commit: Commit) -> BoxFuture<'_, Result<CommitResult, Unavailable>> {
        if self.is(Mutation::AnswersTwice) {
            commit.unanswered = None;
        }
        if self.is(Mutation::OverlooksAbsence) {
            commit.timers.retain(|(timer, _)| !matches!(timer, TimerId::Absent(_)));
        }
        Box::pin(async move {
            self.pause().await;
            let failure = self.failure();
            if let Some(Failure::Refused) = failure {
                self.world.log("store", "refuses a commit");
                return Err(Unavailable::refused("simulated"));
            }
            self.remember_for_a_crash();
            let (put, append) = (commit.put.clone(), commit.append.clone());
            let result = self.inner().commit(commit).await?;
            if let CommitResult::Done(_) = &result {
                for Put { key, record, .. } in &put {
                    match (key, record) {
                        (_, Record::Call(call)) => self.world.call_committed(call, &append),
                        (Key::User(user), Record::User(record)) => self.world.user_committed(&user.user, record),
                        (Key::Call(_), Record::User(_)) => {}
                    }
                }
            }
            self.pause().await;
            match failure {
                Some(Failure::Unknown) => {
                    self.world.log("store", "does not say whether a commit was written");
                    Err(Unavailable::unknown("simulated"))
                }
                Some(Failure::Refused) | None => Ok(result),
            }
        })
    }

    fn log_after<'a>(
        &'a self,
        user: &'a UserKey,
        cursor: u64,
        max: usize,
    ) -> BoxFuture<'a, Result<Option<Page>, Unavailable>> {
        Box::pin(async move {
            self.may_fail().await?;
            self.inner().log_after(user, cursor, max).await
        })
    }

    fn due(&self, now: Millis, max: usize) -> BoxFuture<'_, Result<Vec<(TimerId, Millis)>, Unavailable>> {
        let late = if self.is(Mutation::IsLate) { LATE_MS } else { 0 };
        Box::pin(async move {
            self.may_fail().await?;
            self.inner().due(now.saturating_sub(late), max).await
        })
    }

    fn next_due(&self) -> BoxFuture<'_, Result<Option<Millis>, Unavailable>> {
        let late = if self.is(Mutation::IsLate) { LATE_MS } else { 0 };
        Box::pin(async move {
            self.may_fail().await?;
            Ok(self.inner().next_due().await?.map(|at| at + late))
        })
    }

    fn sessions(&self) -> BoxFuture<'_, Result<Vec<(UserKey, SessionId)>, Unavailable>> {
        Box::pin(async move {
            self.may_fail().await?;
            match self.is(Mutation::WaitsForNobody) {
                true => Ok(Vec::new()),
                false => self.inner().sessions().await,
            }
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}
