//! Call requests: load, let [`CallAuthority`] decide, commit, and on a conflict do it all again.

mod absence;
mod timers;

use std::sync::Arc;

use zim_core::Millis;
use zim_core::call::{Call, CallAuthority, Input, Output};
use zim_core::presence::User;
use zim_protocol::call::{CallAnswer, CallCancel, CallInvite, CallReceived};
use zim_protocol::code::{Code, Fault};
use zim_protocol::id::{CallId, DeviceId, SessionId, UserId};
use zim_protocol::limits;

use crate::config::UnknownUsers;
use crate::node::Node;
use crate::store::{
    Answer, Append, CallKey, Commit, CommitResult, ENDED_CALL_MS, IndexChange, Key, Loaded, Put, Record, RequestKey,
    TimerId, Unavailable, UserKey, Versioned,
};

pub(crate) use absence::handle as handle_absence;
pub use timers::run as run_timers;

/// Conflicts in a row before a request is given up: far more than all parties of one call can cause.
pub(crate) const ATTEMPTS: u32 = 200;

/// Who asks: a session of a user on a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    pub user: UserKey,
    pub device: DeviceId,
    pub session: SessionId,
}

/// What can be asked of a call.
#[derive(Clone, Copy, Debug)]
pub enum Operation<'a> {
    Invite(&'a CallInvite),
    Cancel(&'a CallCancel),
    Accept(&'a CallAnswer),
    Reject(&'a CallAnswer),
    Received(&'a CallReceived),
}

impl Operation<'_> {
    fn call_id(&self) -> &CallId {
        match self {
            Operation::Invite(request) => &request.call_id,
            Operation::Cancel(request) => &request.call_id,
            Operation::Accept(request) | Operation::Reject(request) => &request.call_id,
            Operation::Received(request) => &request.call_id,
        }
    }
}

/// What became of a request.
#[derive(Debug)]
pub enum Outcome {
    Answered {
        answer: Answer,
        /// Users whose logs have grown.
        told: Vec<UserKey>,
    },
    /// The session is not in the user's record any more.
    SessionGone { kicked_out: bool },
}

/// Executes one request: exactly once, however often it is sent.
pub async fn execute(
    node: &Node,
    actor: &Actor,
    login_epoch: u64,
    request: &RequestKey,
    operation: Operation<'_>,
) -> Result<Outcome, Unavailable> {
    let app = actor.user.app;
    let call_key = Key::Call(CallKey { app, call: operation.call_id().clone() });
    let mut keys = vec![Key::User(actor.user.clone()), call_key.clone()];
    if let (Operation::Invite(invite), UnknownUsers::Refuse) = (operation, node.config.unknown_users()) {
        let named = invite.invitees.iter().take(limits::INVITEES_NAMED);
        keys.extend(named.map(|user| Key::User(UserKey { app, user: user.clone() })));
    }
    for _ in 0..ATTEMPTS {
        let loaded = node.store.load(&keys, Some(request)).await?;
        if let Some(answer) = loaded.answered {
            return Ok(Outcome::Answered { answer, told: Vec::new() });
        }
        let user = loaded.records.first().and_then(Versioned::user);
        if user.and_then(|user| user.session(&actor.session)).is_none() {
            let kicked_out = user.is_some_and(|user| user.login_epoch > login_epoch);
            return Ok(Outcome::SessionGone { kicked_out });
        }
        let call = loaded.records.get(1).and_then(Versioned::call);
        let mut outputs = Vec::new();
        let (before_deadline, after) = decide(node, actor, operation, call, &loaded, &mut outputs);
        let mut commit = Commit::default();
        let Writes { answer, told } =
            writes(app, call.map(Arc::as_ref), before_deadline, after, outputs, loaded.now, &mut commit);
        let answer = answer
            .unwrap_or_else(|| Err(Fault::new(Code::SERVER_ERROR, "the request was not decided; please report it")));
        if commit.put.is_empty() {
            // Nothing was changed: a refusal, or a repetition that has no effect.
            return Ok(Outcome::Answered { answer, told });
        }
        let versions = loaded.records.iter().map(|record| record.version);
        commit.expect = keys.iter().cloned().zip(versions).collect();
        commit.unanswered = Some(request.clone());
        commit.remember = Some((request.clone(), answer.clone()));
        match node.commit(commit).await? {
            CommitResult::Done(_) => return Ok(Outcome::Answered { answer, told }),
            CommitResult::AlreadyAnswered(answer) => return Ok(Outcome::Answered { answer, told: Vec::new() }),
            CommitResult::Conflict => {}
        }
    }
    let fault = Fault::new(Code::SERVER_ERROR, "too many others changed this call at the same time; try again");
    Ok(Outcome::Answered { answer: Err(fault), told: Vec::new() })
}

/// Asks the authority. Returns the call's next deadline before, and the call after; none when there is no call.
fn decide(
    node: &Node,
    actor: &Actor,
    operation: Operation<'_>,
    call: Option<&Arc<Call>>,
    loaded: &Loaded,
    outputs: &mut Vec<Output>,
) -> (Option<Millis>, Option<CallAuthority>) {
    let by = &actor.user.user;
    let device = &actor.device;
    let now = loaded.now;
    let input = match operation {
        Operation::Invite(request) => match call {
            Some(_) => Input::Invite { by, request },
            None => {
                let known = |user: &UserId| is_known(node, loaded, request, user);
                return (None, CallAuthority::create(now, by, device, request, &known, outputs));
            }
        },
        Operation::Cancel(request) => Input::Cancel { by, request },
        Operation::Accept(request) => Input::Accept { by, device, request },
        Operation::Reject(request) => Input::Reject { by, device, request },
        Operation::Received(_) => Input::Received { by },
    };
    let Some(call) = call else {
        outputs.extend(CallAuthority::unknown(&input).map(Output::Reply));
        return (None, None);
    };
    let mut authority = CallAuthority::new(Call::clone(call));
    let before_deadline = authority.next_deadline();
    authority.handle(now, input, outputs);
    (before_deadline, Some(authority))
}

fn is_known(node: &Node, loaded: &Loaded, request: &CallInvite, user: &UserId) -> bool {
    match node.config.unknown_users() {
        UnknownUsers::Invite => true,
        UnknownUsers::Refuse => {
            // Their records were loaded behind the caller's and the call's, in the order in which they are named.
            let mut named = request.invitees.iter().zip(loaded.records.iter().skip(2));
            let record = named.find(|(invitee, _)| *invitee == user).and_then(|(_, record)| record.user());
            record.is_some_and(|user: &Arc<User>| user.known)
        }
    }
}

struct Writes {
    answer: Option<Answer>,
    told: Vec<UserKey>,
}

/// Turns a decision into writes. The commit stays as it is when nothing has changed.
fn writes(
    app: u32,
    before: Option<&Call>,
    before_deadline: Option<Millis>,
    after: Option<CallAuthority>,
    outputs: Vec<Output>,
    now: Millis,
    commit: &mut Commit,
) -> Writes {
    let mut result = Writes { answer: None, told: Vec::new() };
    for output in outputs {
        match output {
            Output::Reply(answer) => result.answer = Some(answer),
            Output::Notify(notice) => {
                let user = UserKey { app, user: notice.user };
                if !result.told.contains(&user) {
                    result.told.push(user.clone());
                }
                let (audience, deadline, event) = (notice.audience, notice.deadline, notice.event);
                commit.append.push(Append { user, audience, deadline, event });
            }
        }
    }
    let Some(authority) = after else { return result };
    let deadline = authority.next_deadline();
    let after = authority.into_call();
    if before.is_some_and(|before| before.rev == after.rev) {
        return result;
    }
    let user = |user: &UserId| UserKey { app, user: user.clone() };
    let id = || after.id.clone();
    for gone in participants(before).filter(|gone| !participants(Some(&after)).any(|still| still == *gone)) {
        commit.index.push(IndexChange::Remove(user(gone), id()));
    }
    for new in participants(Some(&after)).filter(|new| !participants(before).any(|already| already == *new)) {
        commit.index.push(IndexChange::Add(user(new), id()));
    }
    if deadline != before_deadline {
        // Never in the past: whatever the reason, the timer task must not spin on one call.
        let at = deadline.map(|at| at.max(now + 1));
        commit.timers.push((TimerId::Call(CallKey { app, call: id() }), at));
    }
    let keep_until = after.ended_at.map(|ended| ended + ENDED_CALL_MS);
    let key = Key::Call(CallKey { app, call: id() });
    commit.put.push(Put { key, record: Record::Call(Arc::new(after)), keep_until });
    result
}

/// The users whom a live call concerns; nobody once it is over.
pub(crate) fn participants(call: Option<&Call>) -> impl Iterator<Item = &UserId> {
    let live = call.filter(|call| !call.is_ended());
    live.into_iter().flat_map(|call| &call.rows).filter(|row| row.state.is_participant()).map(|row| &row.user)
}
