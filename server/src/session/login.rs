//! Login and resume: who takes the user over, and what they are told first.

use std::sync::Arc;

use zim_core::call::Call;
use zim_core::presence::{Admission, Session, User};
use zim_protocol::call::CallInfo;
use zim_protocol::code::{Code, Fault};
use zim_protocol::id::{CallId, SessionId};
use zim_protocol::session::{Credentials, Login, Resume};

use super::end::end;
use super::identity;
use super::registry::Live;
use crate::calls::{ATTEMPTS, Actor};
use crate::node::Node;
use crate::store::{
    CallKey, Commit, CommitResult, CursorChange, Key, Put, Record, TimerId, Unavailable, UserKey, Versioned,
};

/// A session, and what its client is told before anything else.
#[derive(Debug)]
pub(super) struct Admitted {
    pub actor: Actor,
    pub login_epoch: u64,
    /// Events of the log follow from here.
    pub cursor: u64,
    /// The calls that take the place of the events up to there; `None` when the log reaches back.
    pub snapshot: Option<Vec<CallInfo>>,
    pub token_expires_in_s: Option<u32>,
}

/// `login`: takes the user over.
pub(super) async fn login(node: &Node, live: &Arc<Live>, request: &Login) -> Result<Admitted, Fault> {
    let credentials = &request.credentials;
    let token_expires_in_s = identity::verify(&node.config)?;
    if let Some(left) = &request.logged_out {
        leave(node, live, credentials, left).await.map_err(|error| unavailable(&error))?;
    }
    let id = new_session_id()?;
    let actor = Actor { user: user_key(credentials), device: credentials.device_id.clone(), session: id.clone() };
    // Known here before the commit: whoever displaces this session right behind it must find the connection.
    node.registry.take_over(&actor.user, &id, live);
    let decide = |record: &mut User, now| record.login(now, node.devices, id.clone(), credentials.device_id.clone());
    let admitted = admit(node, credentials, &actor, decide).await;
    let result = match admitted {
        Ok(Some(session)) => finish(node, actor.clone(), session, &[]).await,
        Ok(None) => Err(kicked_out()),
        Err(fault) => Err(fault),
    };
    if let Err(fault) = &result {
        forsake(node, live, &actor, fault);
    }
    result.map(|admitted| Admitted { token_expires_in_s, ..admitted })
}

/// Ends a session whose logout may be under way still on another connection, or lost with it.
async fn leave(node: &Node, live: &Arc<Live>, by: &Credentials, left: &SessionId) -> Result<(), Unavailable> {
    let actor = Actor { user: user_key(by), device: by.device_id.clone(), session: left.clone() };
    if let Some(former) = node.registry.take_over(&actor.user, left, live) {
        former.fence().await;
    }
    let ended = end(node, &actor).await;
    match &ended {
        Ok(()) => node.registry.release(&actor.user, left, live),
        Err(_) => live.leave_behind(actor),
    }
    ended
}

/// `resume`: goes on where the link broke.
pub(super) async fn resume(node: &Node, live: &Arc<Live>, request: &Resume) -> Result<Admitted, Fault> {
    let credentials = &request.credentials;
    let token_expires_in_s = identity::verify(&node.config)?;
    let user = user_key(credentials);
    let device = credentials.device_id.clone();
    let old = Session { id: request.session_id.clone(), device: device.clone(), login_epoch: request.login_epoch };
    let old_actor = Actor { user: user.clone(), device: device.clone(), session: old.id.clone() };
    // From here on the former connection executes nothing more: what it is told now is what it was told last.
    if let Some(former) = node.registry.take_over(&user, &old.id, live) {
        former.fence().await;
    }
    let result = go_on(node, live, request, &old, &old_actor).await;
    match &result {
        Ok(admitted) if admitted.actor.session == old.id => {}
        Ok(_) => node.registry.release(&user, &old.id, live),
        // The session may be there still, and its former connection has left it to this one.
        Err(fault) => forsake(node, live, &old_actor, fault),
    }
    result.map(|admitted| Admitted { token_expires_in_s, ..admitted })
}

async fn go_on(
    node: &Node,
    live: &Arc<Live>,
    request: &Resume,
    old: &Session,
    old_actor: &Actor,
) -> Result<Admitted, Fault> {
    if let Some(admitted) = replay(node, request, old, old_actor).await.map_err(|error| unavailable(&error))? {
        return Ok(admitted);
    }
    let fresh = new_session_id()?;
    let fresh_actor = Actor { session: fresh.clone(), ..old_actor.clone() };
    node.registry.take_over(&fresh_actor.user, &fresh, live);
    let decide = |record: &mut User, now| record.resume(now, node.devices, old, fresh.clone());
    let result = match admit(node, &request.credentials, &fresh_actor, decide).await {
        Ok(Some(session)) => {
            let actor = Actor { session: session.id.clone(), ..old_actor.clone() };
            finish(node, actor, session, &request.calls).await
        }
        Ok(None) => Err(kicked_out()),
        Err(fault) => Err(fault),
    };
    match &result {
        Ok(admitted) if admitted.actor.session == fresh => {}
        Ok(_) => node.registry.release(&fresh_actor.user, &fresh, live),
        Err(fault) => forsake(node, live, &fresh_actor, fault),
    }
    result
}

/// Nobody was let in. When the store has failed the session may be there all the same: then it stays with this
/// connection, and waits for its client as soon as that has ended.
fn forsake(node: &Node, live: &Arc<Live>, actor: &Actor, fault: &Fault) {
    match fault.code {
        Code::KICKED_OUT => node.registry.release(&actor.user, &actor.session, live),
        _ => live.leave_behind(actor.clone()),
    }
}

/// The session is there, and the log reaches back to the client's cursor: nothing was lost.
async fn replay(node: &Node, request: &Resume, old: &Session, actor: &Actor) -> Result<Option<Admitted>, Unavailable> {
    if request.epoch != node.store.epoch() || node.store.log_after(&actor.user, request.cursor, 0).await?.is_none() {
        return Ok(None);
    }
    let key = Key::User(actor.user.clone());
    for _ in 0..ATTEMPTS {
        let loaded = node.store.load(std::slice::from_ref(&key), None).await?;
        let Some(versioned) = loaded.records.first() else { return Ok(None) };
        let session = versioned.user().and_then(|user| user.session(&old.id));
        let Some(session) = session.filter(|session| session.device == old.device) else { return Ok(None) };
        let commit = Commit {
            expect: vec![(key.clone(), versioned.version)],
            timers: vec![(TimerId::Session(actor.user.clone(), session.id.clone()), None)],
            cursors: vec![CursorChange::Acknowledge(actor.user.clone(), session.id.clone(), request.cursor)],
            ..Commit::default()
        };
        match node.commit(commit).await? {
            CommitResult::Done(_) => {
                return Ok(Some(Admitted {
                    actor: actor.clone(),
                    login_epoch: session.login_epoch,
                    cursor: request.cursor,
                    snapshot: None,
                    token_expires_in_s: None,
                }));
            }
            CommitResult::Conflict | CommitResult::AlreadyAnswered(_) => {}
        }
    }
    Ok(None)
}

/// A session of the user's record, and where its log begins.
struct Opened {
    id: SessionId,
    login_epoch: u64,
    cursor: u64,
}

/// Lets the user's record decide, and writes what it decided. `None`: a later login has displaced this one.
async fn admit(
    node: &Node,
    credentials: &Credentials,
    actor: &Actor,
    decide: impl Fn(&mut User, u64) -> Admission,
) -> Result<Option<Opened>, Fault> {
    let user = &actor.user;
    let key = Key::User(user.clone());
    for _ in 0..ATTEMPTS {
        let loaded = node.store.load(std::slice::from_ref(&key), None).await.map_err(|error| unavailable(&error))?;
        let before = loaded.records.first();
        let mut record = before.and_then(Versioned::user).map(|record| (**record).clone()).unwrap_or_default();
        let (session, displaced) = match decide(&mut record, loaded.now) {
            Admission::New { session, displaced } => (session, displaced),
            Admission::Resumed { session } => (session, Vec::new()),
            Admission::KickedOut => return Ok(None),
        };
        record.name.clone_from(&credentials.user_name);
        record.avatar_url.clone_from(&credentials.user_avatar_url);
        record.extended_data.clone_from(&credentials.user_extended_data);
        let mut commit = Commit {
            expect: vec![(key.clone(), before.map_or(0, |before| before.version))],
            put: vec![Put { key: key.clone(), record: Record::User(Arc::new(record)), keep_until: None }],
            timers: vec![(TimerId::Session(user.clone(), session.id.clone()), None)],
            ..Commit::default()
        };
        for gone in &displaced {
            commit.timers.push((TimerId::Session(user.clone(), gone.id.clone()), None));
            commit.cursors.push(CursorChange::Close(user.clone(), gone.id.clone()));
        }
        commit.cursors.push(CursorChange::Open(user.clone(), session.id.clone()));
        let committed = node.commit(commit).await.inspect_err(|error| {
            // They may be displaced, or not: they learn it when they come back.
            for gone in displaced.iter().filter(|_| error.outcome_unknown) {
                node.registry.send_back(user, &gone.id);
            }
        });
        match committed.map_err(|error| unavailable(&error))? {
            CommitResult::Done(committed) => {
                for gone in &displaced {
                    node.registry.kick_out(user, &gone.id);
                }
                let cursor = committed.opened_at.first().copied().unwrap_or(0);
                return Ok(Some(Opened { id: session.id, login_epoch: session.login_epoch, cursor }));
            }
            CommitResult::Conflict | CommitResult::AlreadyAnswered(_) => {}
        }
    }
    Err(Fault::new(Code::SERVER_ERROR, "too many others logged this user in at the same time; try again"))
}

/// Takes the snapshot. It is read after the log was opened, so whatever it lacks is in the log.
async fn finish(node: &Node, actor: Actor, opened: Opened, asked: &[CallId]) -> Result<Admitted, Fault> {
    let calls = snapshot(node, &actor.user, asked).await.map_err(|error| unavailable(&error))?;
    Ok(Admitted {
        actor,
        login_epoch: opened.login_epoch,
        cursor: opened.cursor,
        snapshot: Some(calls),
        token_expires_in_s: None,
    })
}

/// Every live call in which the user takes part, and those asked for in which they have a row.
async fn snapshot(node: &Node, user: &UserKey, asked: &[CallId]) -> Result<Vec<CallInfo>, Unavailable> {
    let mut ids = node.store.calls_of(user).await?;
    for id in asked {
        if !ids.contains(id) {
            ids.push(id.clone());
        }
    }
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<Key> = ids.into_iter().map(|call| Key::Call(CallKey { app: user.app, call })).collect();
    let loaded = node.store.load(&keys, None).await?;
    let calls = loaded.records.iter().filter_map(Versioned::call);
    let seen = |call: &&Arc<Call>| call.row(&user.user).is_some();
    Ok(calls.filter(seen).map(|call| call.info(&user.user, loaded.now)).collect())
}

fn user_key(credentials: &Credentials) -> UserKey {
    UserKey { app: credentials.app_id, user: credentials.user_id.clone() }
}

/// 128 random bits: nobody guesses the session of somebody else.
fn new_session_id() -> Result<SessionId, Fault> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits)
        .map_err(|error| Fault::new(Code::SERVER_ERROR, format!("the system has no random numbers: {error}")))?;
    let text: String = bits.iter().map(|byte| format!("{byte:02x}")).collect();
    SessionId::parse(&text)
}

pub(super) fn kicked_out() -> Fault {
    Fault::new(Code::KICKED_OUT, "this user has logged in on another device since")
}

pub(super) fn unavailable(error: &Unavailable) -> Fault {
    Fault::new(Code::DATABASE_ERROR, error.to_string())
}
