//! What happens to the calls of a user who has no session left.

use std::sync::Arc;

use zim_core::Millis;
use zim_core::call::{Call, CallAuthority, Input};
use zim_protocol::call::CallUserState;
use zim_protocol::id::CallId;

use super::{ATTEMPTS, Writes, writes};
use crate::node::Node;
use crate::store::{CallKey, Commit, CommitResult, Key, TimerId, Unavailable, UserKey, Versioned};

/// Tells every call of the user, then clears the timer. Whoever logs in meanwhile is present again: what was told
/// by then stands, the rest is left alone.
pub(crate) async fn handle(node: &Node, timer: &TimerId, at: Millis, user: &UserKey) -> Result<(), Unavailable> {
    for call in node.store.calls_of(user).await? {
        tell(node, user, &call).await?;
    }
    // Somebody who came and went again in between has set the timer anew, and the claim fails.
    let claim = Some((timer.clone(), at));
    node.commit(Commit { claim, timers: vec![(timer.clone(), None)], ..Commit::default() }).await?;
    Ok(())
}

async fn tell(node: &Node, user: &UserKey, call: &CallId) -> Result<(), Unavailable> {
    let app = user.app;
    let mut keys = vec![Key::User(user.clone()), Key::Call(CallKey { app, call: call.clone() })];
    for _ in 0..ATTEMPTS {
        let loaded = node.store.load(&keys, None).await?;
        let absent = loaded.records.first().and_then(Versioned::user).is_none_or(|user| user.is_absent());
        let Some(before) = loaded.records.get(1).and_then(Versioned::call).filter(|_| absent) else { return Ok(()) };
        // Whether the others are there is part of the decision, so their records are read at the same moment.
        let others: Vec<Key> = accepted_others(before, user).collect();
        if keys.get(2..) != Some(others.as_slice()) {
            keys.truncate(2);
            keys.extend(others);
            continue;
        }
        let present: Vec<_> = accepted_others_present(before, user, &loaded.records).collect();
        let mut authority = CallAuthority::new(Call::clone(before));
        let before_deadline = authority.next_deadline();
        let mut outputs = Vec::new();
        authority.handle(loaded.now, Input::Absent { user: &user.user, present: &present }, &mut outputs);
        let versions = loaded.records.iter().map(|record| record.version);
        let mut commit = Commit { expect: keys.iter().cloned().zip(versions).collect(), ..Commit::default() };
        let Writes { told, .. } =
            writes(app, Some(before), before_deadline, Some(authority), outputs, loaded.now, &mut commit);
        if commit.put.is_empty() {
            return Ok(());
        }
        match node.commit(commit).await? {
            CommitResult::Done(_) => {
                told.iter().for_each(|user| node.registry.wake(user, None));
                return Ok(());
            }
            CommitResult::Conflict | CommitResult::AlreadyAnswered(_) => {}
        }
    }
    tracing::error!(%call, "gave up telling a call of an absence: too many others changed it at the same time");
    Ok(())
}

fn accepted_others(call: &Arc<Call>, absent: &UserKey) -> impl Iterator<Item = Key> {
    let accepted = call.rows.iter().filter(|row| row.state == CallUserState::Accepted && row.user != absent.user);
    accepted.map(|row| Key::User(UserKey { app: absent.app, user: row.user.clone() }))
}

fn accepted_others_present<'a>(
    call: &'a Arc<Call>,
    absent: &'a UserKey,
    records: &'a [Versioned],
) -> impl Iterator<Item = zim_protocol::id::UserId> + 'a {
    let accepted = call.rows.iter().filter(|row| row.state == CallUserState::Accepted && row.user != absent.user);
    let with_records = accepted.zip(records.iter().skip(2));
    with_records
        .filter(|(_, record)| record.user().is_some_and(|user| !user.is_absent()))
        .map(|(row, _)| row.user.clone())
}
