//! A small server around the real `CallAuthority`, `Inbox` and `User`: one call, everything in memory.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use zim_core::Millis;
use zim_core::call::{Call, CallAuthority, Input, Output};
use zim_core::inbox::Inbox;
use zim_core::presence::{Admission, DevicePolicy, Session, User};
use zim_protocol::call::{CallEvent, CallUserState};
use zim_protocol::code::{Code, Fault};
use zim_protocol::frame::{ReplyBody, Request, RequestBody, ServerFrame};
use zim_protocol::id::{DeviceId, RequestId, SessionId, UserId};
use zim_protocol::session::{LoggedIn, Resume, Snapshot};

const EPOCH: u64 = 1;
const POLICY: DevicePolicy = DevicePolicy::Multi { most: 10 };

/// What the server may be made to do wrong, for tests of the model itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Faults {
    /// A request that is sent again is executed again.
    pub forgets_answers: bool,
    /// A resume is answered while the frames of the old connection may still be executed.
    pub does_not_fence: bool,
    /// The client is told that it is up to date before it is.
    pub calls_caught_up_too_early: bool,
    /// The log is read before the reply is written.
    pub tells_before_it_answers: bool,
    /// A resume of a session that is gone goes on without a snapshot.
    pub forgets_the_snapshot: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Server {
    pub users: BTreeMap<UserId, Record>,
    pub call: Option<Call>,
    answers: BTreeMap<(DeviceId, RequestId), Result<ReplyBody, Fault>>,
    sessions: u32,
    /// The caller has taken the call back.
    pub withdrawn: bool,
    /// A call came into being after it had been taken back.
    pub made_after_withdrawal: bool,
    faults: Faults,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Record {
    pub user: User,
    pub inbox: Inbox,
    /// The entry of the log with which the user's own row was no longer pending.
    pub answered_with: Option<u64>,
}

/// The server's end of a connection that has been answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attached {
    pub session: SessionId,
    /// Entries up to here have been sent.
    pub sent: u64,
    /// The newest entry when the connection was answered.
    pub head: u64,
}

/// What became of a frame.
pub enum Taken {
    /// The connection is answered: what it is to be sent.
    Greeted(Attached, Vec<ServerFrame>),
    Answered(ServerFrame),
    /// The session is gone, and with it the connection.
    Refused,
}

impl Server {
    pub fn new(faults: Faults) -> Server {
        Server {
            users: BTreeMap::new(),
            call: None,
            answers: BTreeMap::new(),
            sessions: 0,
            withdrawn: false,
            made_after_withdrawal: false,
            faults,
        }
    }

    /// Takes one request off a connection.
    pub fn take(
        &mut self,
        now: Millis,
        by: &UserId,
        device: &DeviceId,
        attached: Option<&Attached>,
        request: Request,
    ) -> Taken {
        let Request { id, body, .. } = request;
        match &body {
            RequestBody::Login(_) => {
                let fresh = self.fresh_session();
                let record = self.users.entry(by.clone()).or_default();
                let admission = record.user.login(now, POLICY, fresh, device.clone());
                self.greet(now, by, id, admission, None)
            }
            RequestBody::Resume(resume) => {
                let fresh = self.fresh_session();
                let old =
                    Session { id: resume.session_id.clone(), device: device.clone(), login_epoch: resume.login_epoch };
                let admission = self.record(by).user.resume(now, POLICY, &old, fresh);
                self.greet(now, by, id, admission, Some(resume.clone()))
            }
            RequestBody::Logout
            | RequestBody::RenewToken(_)
            | RequestBody::UploadLog(_)
            | RequestBody::CallInvite(_)
            | RequestBody::CallCancel(_)
            | RequestBody::CallAccept(_)
            | RequestBody::CallReject(_)
            | RequestBody::CallReceived(_) => {
                let present = attached.is_some_and(|on| self.users[by].user.session(&on.session).is_some());
                if !present {
                    return Taken::Refused;
                }
                let key = (device.clone(), id.clone());
                let remembered = self.answers.get(&key).filter(|_| !self.faults.forgets_answers).cloned();
                let answer = remembered.unwrap_or_else(|| self.execute(now, by, device, &body));
                self.answers.insert(key, answer.clone());
                Taken::Answered(match answer {
                    Ok(body) => ServerFrame::Reply { id, body },
                    Err(fault) => ServerFrame::Error { id: Some(id), fault },
                })
            }
        }
    }

    fn greet(
        &mut self,
        now: Millis,
        by: &UserId,
        id: RequestId,
        admission: Admission,
        resume: Option<Resume>,
    ) -> Taken {
        let (session, is_new) = match admission {
            Admission::New { session, displaced } => {
                for other in displaced {
                    self.record(by).inbox.close(&other.id);
                }
                self.record(by).inbox.open(session.id.clone());
                (session, true)
            }
            Admission::Resumed { session } => (session, false),
            Admission::KickedOut => return Taken::Refused,
        };
        let record = &self.users[by];
        let head = record.inbox.head();
        let entries = resume.as_ref().filter(|resume| resume.epoch == EPOCH && !is_new).and_then(|resume| {
            let behind = record.inbox.after(resume.cursor)?;
            Some((resume.cursor, behind.filter(|entry| entry.audience.includes(&session.device)).cloned().collect()))
        });
        let (cursor, replay): (u64, Vec<_>) = entries.clone().unwrap_or((head, Vec::new()));
        let mut calls = Vec::new();
        if entries.is_none() && !(self.faults.forgets_the_snapshot && resume.is_some()) {
            let asked: BTreeSet<_> = resume.iter().flat_map(|resume| resume.calls.iter()).collect();
            calls.extend(self.call.iter().filter(|call| match call.row(by) {
                Some(row) => asked.contains(&call.id) || (!call.is_ended() && row.state.is_participant()),
                None => false,
            }));
        }
        let answer = LoggedIn {
            session_id: session.id.clone(),
            login_epoch: session.login_epoch,
            epoch: EPOCH,
            cursor,
            snapshot_calls: entries.is_none().then_some(calls.len() as u32),
            heartbeat_interval_ms: 0,
            heartbeat_timeout_ms: 0,
            token_expires_in_s: None,
        };
        let body = if resume.is_some() { ReplyBody::Resume(answer) } else { ReplyBody::Login(answer) };
        let mut frames = vec![ServerFrame::Reply { id, body }];
        frames.extend(calls.into_iter().map(|call| ServerFrame::Snapshot(Snapshot { call: call.info(by, now) })));
        let caught_up = ServerFrame::CaughtUp { epoch: EPOCH, n: head };
        if self.faults.calls_caught_up_too_early {
            frames.push(ServerFrame::CaughtUp { epoch: EPOCH, n: cursor });
        }
        for entry in replay {
            frames.push(sent(now, entry.n, entry.deadline, entry.event));
        }
        if !self.faults.calls_caught_up_too_early {
            frames.push(caught_up);
        }
        Taken::Greeted(Attached { session: session.id, sent: head, head }, frames)
    }

    /// The next entry for a device, if there is one.
    pub fn next_event(&self, now: Millis, by: &UserId, device: &DeviceId, sent_up_to: u64) -> Option<ServerFrame> {
        let mut behind = self.users[by].inbox.after(sent_up_to).expect("nothing is trimmed before it was acknowledged");
        let entry = behind.find(|entry| entry.audience.includes(device))?.clone();
        Some(sent(now, entry.n, entry.deadline, entry.event))
    }

    pub fn acknowledge(&mut self, by: &UserId, session: &SessionId, n: u64) {
        self.record(by).inbox.acknowledge(session, n);
    }

    /// What the clock has to say, if anything.
    pub fn is_due(&self, now: Millis) -> bool {
        let due = |call: &Call| CallAuthority::new(call.clone()).next_deadline().is_some_and(|at| at <= now);
        self.call.as_ref().is_some_and(due)
    }

    pub fn tick(&mut self, now: Millis) {
        self.with_call(now, Input::Tick);
    }

    /// The device has been away for too long.
    pub fn expire(&mut self, now: Millis, by: &UserId, session: &SessionId) {
        let record = self.record(by);
        record.user.leave(session);
        record.inbox.close(session);
        if !record.user.is_absent() {
            return;
        }
        let accepted = |row: &&zim_core::call::Row| row.state == CallUserState::Accepted;
        let rows = self.call.iter().flat_map(|call| call.rows.iter());
        let present: Vec<UserId> = rows
            .filter(accepted)
            .filter(|row| !self.users[&row.user].user.is_absent())
            .map(|row| row.user.clone())
            .collect();
        self.with_call(now, Input::Absent { user: by, present: &present });
    }

    pub fn session_of(&self, by: &UserId, device: &DeviceId) -> Option<SessionId> {
        let sessions = &self.users[by].user.sessions;
        sessions.iter().find(|session| session.device == *device).map(|session| session.id.clone())
    }

    /// It does not matter any more with which entry the user's row was no longer pending.
    pub fn forget_when(&mut self, user: &UserId) {
        self.record(user).answered_with = Some(0);
    }

    /// Nor does it ever matter when the call ended.
    pub fn forget_the_end(&mut self) {
        if let Some(at) = self.call.as_mut().and_then(|call| call.ended_at.as_mut()) {
            *at = 0;
        }
    }

    fn execute(&mut self, now: Millis, by: &UserId, device: &DeviceId, body: &RequestBody) -> Result<ReplyBody, Fault> {
        let input = match body {
            RequestBody::CallInvite(request) => {
                if self.call.is_none() {
                    let mut outputs = Vec::new();
                    let made = CallAuthority::create(now, by, device, request, &|_| true, &mut outputs);
                    self.made_after_withdrawal |= self.withdrawn;
                    return self.store(made, outputs).expect("a request is answered");
                }
                Input::Invite { by, request }
            }
            RequestBody::CallCancel(request) => {
                self.withdrawn |= request.withdraw;
                Input::Cancel { by, request }
            }
            RequestBody::CallAccept(request) => Input::Accept { by, device, request },
            RequestBody::CallReject(request) => Input::Reject { by, device, request },
            RequestBody::CallReceived(_) => Input::Received { by },
            RequestBody::Login(_)
            | RequestBody::Resume(_)
            | RequestBody::Logout
            | RequestBody::RenewToken(_)
            | RequestBody::UploadLog(_) => return Err(Fault::new(Code::FAILED, "not in this model")),
        };
        self.with_call(now, input).expect("a request is answered")
    }

    /// Decides, stores, tells.
    fn with_call(&mut self, now: Millis, input: Input<'_>) -> Option<Result<ReplyBody, Fault>> {
        let Some(call) = &self.call else { return CallAuthority::unknown(&input) };
        let mut authority = CallAuthority::new(call.clone());
        let mut outputs = Vec::new();
        authority.handle(now, input, &mut outputs);
        self.store(Some(authority), outputs)
    }

    fn store(&mut self, authority: Option<CallAuthority>, outputs: Vec<Output>) -> Option<Result<ReplyBody, Fault>> {
        self.call = authority.map(CallAuthority::into_call);
        let mut reply = None;
        for output in outputs {
            match output {
                Output::Reply(result) => reply = Some(result),
                Output::Notify(notice) => {
                    let record = self.users.entry(notice.user.clone()).or_default();
                    let over = is_answer(&notice.user, &notice.event);
                    let n = record.inbox.append(notice.audience, notice.deadline, notice.event);
                    if over && record.answered_with.is_none() {
                        record.answered_with = Some(n);
                    }
                }
            }
        }
        reply
    }

    fn record(&mut self, user: &UserId) -> &mut Record {
        self.users.entry(user.clone()).or_default()
    }

    fn fresh_session(&mut self) -> SessionId {
        self.sessions += 1;
        SessionId::parse(&format!("s{}", self.sessions)).expect("a short name")
    }
}

/// The user's own row is not pending any more with this.
pub fn is_answer(user: &UserId, event: &CallEvent) -> bool {
    match event {
        CallEvent::CallChanged(change) => {
            change.users.iter().any(|row| row.user_id == *user && !row.state.is_pending())
        }
        CallEvent::CallInvited(_) | CallEvent::CallCreated { .. } => false,
    }
}

fn sent(now: Millis, n: u64, deadline: Option<Millis>, mut event: CallEvent) -> ServerFrame {
    event.set_remaining_ms(deadline.map_or(0, |at| at.saturating_sub(now)));
    ServerFrame::Event { epoch: EPOCH, n, event }
}

/// One connection, as the network has it. After a cut what the client has sent may still arrive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Wire {
    pub connection: u64,
    pub up: VecDeque<Request>,
    pub down: VecDeque<ServerFrame>,
    pub attached: Option<Attached>,
}
