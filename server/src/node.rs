//! One server process: what its connections share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;
use zim_core::Millis;
use zim_core::presence::DevicePolicy;

use crate::config::Config;
use crate::session::Registry;
use crate::store::{Commit, CommitResult, Store, Unavailable, UserKey};

/// Shared by every connection and by the timer task.
#[derive(Debug)]
pub struct Node {
    pub config: Config,
    pub store: Arc<dyn Store>,
    pub registry: Registry,
    pub alarm: Alarm,
    pub devices: DevicePolicy,
}

impl Node {
    pub fn new(config: Config, store: Arc<dyn Store>) -> Node {
        Node { config, store, registry: Registry::default(), alarm: Alarm::default(), devices: DevicePolicy::Single }
    }

    /// Commits, and wakes the timer task when a timer was set to ring before the next one it knows of. Whoever commits
    /// wakes those whose logs have grown, unless nobody knows whether they have: that is done here.
    pub async fn commit(&self, commit: Commit) -> Result<CommitResult, Unavailable> {
        let earliest = commit.timers.iter().filter_map(|(_, at)| *at).min();
        let told: Vec<UserKey> = commit.append.iter().map(|append| append.user.clone()).collect();
        let result = self.store.commit(commit).await;
        match (&result, earliest) {
            (Ok(CommitResult::Done(_)), Some(at)) => self.alarm.set(at),
            (Ok(CommitResult::Done(_) | CommitResult::Conflict | CommitResult::AlreadyAnswered(_)), _) => {}
            (Err(error), at) if error.outcome_unknown => {
                at.into_iter().for_each(|at| self.alarm.set(at));
                told.iter().for_each(|user| self.registry.wake(user, None));
            }
            (Err(_), _) => {}
        }
        result
    }
}

/// Tells the timer task of timers that are due before the one it sleeps for.
#[derive(Debug)]
pub struct Alarm {
    /// When the task will look next; `Millis::MAX` while it is awake, so that everything wakes it once more.
    next: AtomicU64,
    earlier: Notify,
}

impl Alarm {
    pub fn set(&self, at: Millis) {
        if at < self.next.load(Ordering::SeqCst) {
            self.earlier.notify_one();
        }
    }

    /// The task is awake, and about to ask the store for what is due.
    pub fn looking(&self) {
        self.next.store(Millis::MAX, Ordering::SeqCst);
    }

    /// The task will look again at `at`.
    pub fn sleeping_until(&self, at: Option<Millis>) {
        self.next.store(at.unwrap_or(Millis::MAX), Ordering::SeqCst);
    }

    pub async fn earlier(&self) {
        self.earlier.notified().await;
    }
}

impl Default for Alarm {
    fn default() -> Self {
        Alarm { next: AtomicU64::new(Millis::MAX), earlier: Notify::new() }
    }
}
