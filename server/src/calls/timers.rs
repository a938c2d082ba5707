//! The one task that does what is due: ticks of calls, ends of sessions, absences.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use zim_core::Millis;
use zim_core::call::{CallAuthority, Input};

use super::{Writes, absence, writes};
use crate::node::Node;
use crate::session;
use crate::store::{CallKey, Commit, CommitResult, Key, TimerId, Unavailable, Versioned};

/// Timers handled before the store is asked again.
const BATCH: usize = 16;
/// How long to wait when the store fails.
const PAUSE: Duration = Duration::from_millis(100);

/// Runs until it is aborted.
pub async fn run(node: Arc<Node>) {
    loop {
        node.alarm.looking();
        match round(&node).await {
            Ok(Next::Now) => tokio::task::yield_now().await,
            Ok(Next::Never) => node.alarm.earlier().await,
            Ok(Next::At(at)) => {
                let wait = Duration::from_millis(at.saturating_sub(node.store.now()));
                tokio::select! {
                    biased;
                    () = node.alarm.earlier() => {}
                    () = sleep(wait) => {}
                }
            }
            Err(unavailable) => {
                tracing::error!(%unavailable, "timers wait");
                sleep(PAUSE).await;
            }
        }
    }
}

enum Next {
    Now,
    At(Millis),
    Never,
}

async fn round(node: &Node) -> Result<Next, Unavailable> {
    let due = node.store.due(node.store.now(), BATCH).await?;
    for (timer, at) in &due {
        handle(node, timer, *at).await?;
    }
    if !due.is_empty() {
        return Ok(Next::Now);
    }
    let next = node.store.next_due().await?;
    node.alarm.sleeping_until(next);
    Ok(next.map_or(Next::Never, Next::At))
}

/// A conflict is left to the next round: the timer is still due then, or somebody else has handled it.
async fn handle(node: &Node, timer: &TimerId, at: Millis) -> Result<(), Unavailable> {
    match timer {
        TimerId::Call(call) => tick(node, timer, at, call).await,
        TimerId::Session(user, session) => session::expire(node, timer, at, user, session).await,
        TimerId::Absent(user) => absence::handle(node, timer, at, user).await,
    }
}

async fn tick(node: &Node, timer: &TimerId, at: Millis, call_key: &CallKey) -> Result<(), Unavailable> {
    let key = Key::Call(call_key.clone());
    let loaded = node.store.load(std::slice::from_ref(&key), None).await?;
    let record = loaded.records.first();
    let version = record.map_or(0, |record| record.version);
    let mut commit = Commit { claim: Some((timer.clone(), at)), expect: vec![(key, version)], ..Commit::default() };
    let mut told = Vec::new();
    match record.and_then(Versioned::call) {
        None => commit.timers.push((timer.clone(), None)),
        Some(before) => {
            let mut authority = CallAuthority::new((**before).clone());
            let mut outputs = Vec::new();
            authority.handle(loaded.now, Input::Tick, &mut outputs);
            let deadline = authority.next_deadline();
            let after = Some(authority);
            Writes { told, .. } = writes(call_key.app, Some(before), deadline, after, outputs, loaded.now, &mut commit);
            commit.timers.push((timer.clone(), deadline.map(|deadline| deadline.max(loaded.now + 1))));
        }
    }
    match node.commit(commit).await? {
        CommitResult::Done(_) => told.iter().for_each(|user| node.registry.wake(user, None)),
        CommitResult::Conflict | CommitResult::AlreadyAnswered(_) => {}
    }
    Ok(())
}
