//! How sessions end: by logout, for lack of a sign, or when nobody came back to them.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use zim_core::Millis;
use zim_protocol::id::SessionId;

use crate::calls::{self, ATTEMPTS, Actor};
use crate::node::Node;
use crate::store::{Commit, CommitResult, CursorChange, Key, Put, Record, TimerId, Unavailable, UserKey};

/// How long to wait before a store that has failed is asked again.
const PAUSE: Duration = Duration::from_millis(500);

/// Ends a session now. When it was the user's last one, their calls are told before anything else can happen on this
/// connection: who logs out and in again comes back to none of them. The timer is there in case this node dies first.
pub(super) async fn end(node: &Node, actor: &Actor) -> Result<(), Unavailable> {
    for _ in 0..ATTEMPTS {
        let Some(commit) = ending(node, &actor.user, &actor.session).await? else { return Ok(()) };
        let absence = commit.timers.iter().find_map(|(timer, at)| match timer {
            TimerId::Absent(_) => at.map(|at| (timer.clone(), at)),
            TimerId::Session(..) | TimerId::Call(_) => None,
        });
        match node.commit(commit).await? {
            CommitResult::Done(_) => {
                return match absence {
                    Some((timer, at)) => calls::handle_absence(node, &timer, at, &actor.user).await,
                    None => Ok(()),
                };
            }
            CommitResult::Conflict | CommitResult::AlreadyAnswered(_) => {}
        }
    }
    Err(Unavailable::refused("too many others changed the user's sessions at the same time"))
}

/// The timer of a session is due: nobody resumed it. A conflict is left to the next round of timers.
pub(crate) async fn expire(
    node: &Node,
    timer: &TimerId,
    at: Millis,
    user: &UserKey,
    session: &SessionId,
) -> Result<(), Unavailable> {
    let ending = ending(node, user, session).await?;
    let was_there = ending.is_some();
    let mut commit = ending.unwrap_or_else(|| Commit { timers: vec![(timer.clone(), None)], ..Commit::default() });
    // Whoever resumes the session clears its timer, and then this must not end it.
    commit.claim = Some((timer.clone(), at));
    match node.commit(commit).await? {
        CommitResult::Done(_) if was_there => tracing::info!(app = user.app, user = %user.user, "session expired"),
        CommitResult::Done(_) | CommitResult::Conflict | CommitResult::AlreadyAnswered(_) => {}
    }
    Ok(())
}

/// The link is gone, and the session waits for somebody to resume it: `left_ms` from now.
async fn wait_for_resume(node: &Node, actor: &Actor, left_ms: Millis) -> Result<(), Unavailable> {
    let timer = TimerId::Session(actor.user.clone(), actor.session.clone());
    let timers = vec![(timer, Some(node.store.now() + left_ms))];
    node.commit(Commit { timers, ..Commit::default() }).await?;
    Ok(())
}

/// What becomes of a session whose connection has ended.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rest {
    /// It ends now.
    End,
    /// Until then it waits for somebody to resume it.
    Wait { until: Instant },
}

/// Sees to it however long the store fails: a session that nobody waits for would never end.
pub(super) async fn lay_to_rest(node: &Node, actor: &Actor, rest: Rest) {
    let mut complained = false;
    loop {
        let done = match rest {
            Rest::End => end(node, actor).await,
            Rest::Wait { until } => {
                let left = until.saturating_duration_since(Instant::now());
                wait_for_resume(node, actor, Millis::try_from(left.as_millis()).unwrap_or(Millis::MAX)).await
            }
        };
        let Err(error) = done else { return };
        if !complained {
            tracing::error!(%error, user = %actor.user.user, "the end of a connection waits for the store");
            complained = true;
        }
        sleep(PAUSE).await;
    }
}

/// A server that starts has no connection to any session: each is waited for as after a broken link, from now on. What
/// was left of an earlier wait does not count, because nobody could come back in the meantime.
pub(crate) async fn wait_for_all(node: &Node) -> Result<usize, Unavailable> {
    let until = node.store.now() + Millis::from(node.config.heartbeat_timeout_ms);
    let sessions = node.store.sessions().await?;
    for some in sessions.chunks(1_000) {
        let timer =
            |(user, session): &(UserKey, SessionId)| (TimerId::Session(user.clone(), session.clone()), Some(until));
        node.commit(Commit { timers: some.iter().map(timer).collect(), ..Commit::default() }).await?;
    }
    Ok(sessions.len())
}

/// What ends the session; `None` when it has ended before.
async fn ending(node: &Node, user: &UserKey, session: &SessionId) -> Result<Option<Commit>, Unavailable> {
    let key = Key::User(user.clone());
    let loaded = node.store.load(std::slice::from_ref(&key), None).await?;
    let Some(versioned) = loaded.records.first() else { return Ok(None) };
    let Some(mut record) = versioned.user().map(|record| (**record).clone()) else { return Ok(None) };
    if !record.leave(session) {
        return Ok(None);
    }
    let mut timers = vec![(TimerId::Session(user.clone(), session.clone()), None)];
    if record.is_absent() {
        timers.push((TimerId::Absent(user.clone()), Some(loaded.now)));
    }
    Ok(Some(Commit {
        expect: vec![(key.clone(), versioned.version)],
        put: vec![Put { key, record: Record::User(Arc::new(record)), keep_until: None }],
        timers,
        cursors: vec![CursorChange::Close(user.clone(), session.clone())],
        ..Commit::default()
    }))
}
