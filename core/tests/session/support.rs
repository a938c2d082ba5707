//! One client under test. Outputs are compared as short lines:
//!
//! * `open 1`, `close 1`
//! * `1> call_accept p.7 10000`: sent on connection 1; the ID of a request and the time it is still waited for
//! * `7 ok`, `7 6000105`: the request of ticket 7 is over
//! * `Connected/Success`, `Received x1`, `S x1 bob:Received`: told to the host

use zim_core::Millis;
use zim_core::call::HostEvent;
use zim_core::session::{ClientConfig, ClientSession, ConnectionId, Input, Output, SessionEvent, Ticket};
use zim_protocol::call::{
    CallAnswer, CallAnswered, CallCancel, CallChange, CallEvent, CallInfo, CallInvite, CallInvited, CallMode,
    CallState, CallUser, CallUserState, Trigger,
};
use zim_protocol::code::{Code, Fault};
use zim_protocol::frame::{ClientFrame, ReplyBody, Request, RequestBody, ServerFrame};
use zim_protocol::id::{CallId, DeviceId, RequestId, SessionId, UserId};
use zim_protocol::session::{Closing, ClosingReason, Credentials, LoggedIn, Resume, Snapshot};

pub const EPOCH: u64 = 77;

pub struct Client {
    pub session: ClientSession,
    pub now: Millis,
    /// Deliveries that the host has not returned from.
    pub out: Vec<u64>,
    /// The last connection that was asked for.
    pub connection: ConnectionId,
    /// Requests as they were sent, newest last.
    pub sent: Vec<Request>,
    last: Vec<Output>,
}

pub fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

pub fn call_id(name: &str) -> CallId {
    CallId::parse(name).unwrap()
}

pub fn credentials(name: &str) -> Credentials {
    Credentials {
        app_id: 1,
        user_id: user(name),
        device_id: DeviceId::parse("phone").unwrap(),
        user_name: String::new(),
        user_avatar_url: String::new(),
        user_extended_data: String::new(),
        token: "first".to_owned(),
        app_sign: String::new(),
        client: String::new(),
    }
}

/// The answer to a login: session `s`, nothing missed, the usual heartbeats.
pub fn logged_in(cursor: u64, snapshot_calls: Option<u32>) -> LoggedIn {
    LoggedIn {
        session_id: SessionId::parse("s").unwrap(),
        login_epoch: 5,
        epoch: EPOCH,
        cursor,
        snapshot_calls,
        heartbeat_interval_ms: 10_000,
        heartbeat_timeout_ms: 35_000,
        token_expires_in_s: None,
    }
}

/// `alice` invites `bob` and `carl`; their rows.
pub fn info(call: &str, rev: u64, remaining_ms: u64, rows: [CallUserState; 3]) -> CallInfo {
    let users = ["alice", "bob", "carl"].into_iter().zip(rows).map(|(name, state)| row(name, state)).collect();
    CallInfo {
        call_id: call_id(call),
        rev,
        mode: CallMode::General,
        state: CallState::Started,
        caller: user("alice"),
        inviter: user("alice"),
        extended_data: String::new(),
        created_at: 0,
        timeout_s: 90,
        remaining_ms,
        users,
    }
}

fn row(name: &str, state: CallUserState) -> CallUser {
    CallUser { user_id: user(name), state, extended_data: String::new(), reason: Code::SUCCESS }
}

pub const RINGING: [CallUserState; 3] = [CallUserState::Accepted, CallUserState::Inviting, CallUserState::Inviting];

/// An invitation of 90 s.
pub fn invited(call: &str) -> CallEvent {
    CallEvent::CallInvited(info(call, 1, 90_000, RINGING))
}

pub fn changed(call: &str, rev: u64, trigger: Trigger, rows: &[(&str, CallUserState)]) -> CallEvent {
    CallEvent::CallChanged(CallChange {
        call_id: call_id(call),
        rev,
        trigger,
        by: None,
        extended_data: String::new(),
        users: rows.iter().map(|(name, state)| row(name, *state)).collect(),
        ended: false,
    })
}

/// Everybody who is pending is cancelled.
pub fn cancelled(call: &str, rev: u64) -> CallEvent {
    let gone = CallUserState::BeCancelled;
    changed(call, rev, Trigger::Cancelled, &[("bob", gone), ("carl", gone)])
}

pub fn event(n: u64, event: CallEvent) -> ServerFrame {
    ServerFrame::Event { epoch: EPOCH, n, event }
}

pub fn caught_up(n: u64) -> ServerFrame {
    ServerFrame::CaughtUp { epoch: EPOCH, n }
}

pub fn snapshot(call: CallInfo) -> ServerFrame {
    ServerFrame::Snapshot(Snapshot { call })
}

pub fn closing(reason: ClosingReason) -> ServerFrame {
    ServerFrame::Closing(Closing { reason, code: Code::SERVER_STOPPING, message: "for a reason".to_owned() })
}

pub fn fault(code: Code) -> Fault {
    Fault::new(code, "because")
}

pub fn invite(call: &str) -> RequestBody {
    RequestBody::CallInvite(CallInvite {
        call_id: call_id(call),
        invitees: vec![user("bob"), user("carl")],
        timeout_s: 90,
        mode: CallMode::General,
        extended_data: String::new(),
        not_received_check: false,
        push: None,
    })
}

pub fn accept(call: &str) -> RequestBody {
    RequestBody::CallAccept(CallAnswer { call_id: call_id(call), extended_data: String::new() })
}

pub fn cancel(call: &str) -> RequestBody {
    RequestBody::CallCancel(CallCancel {
        call_id: call_id(call),
        invitees: Vec::new(),
        extended_data: String::new(),
        push: None,
        withdraw: false,
    })
}

/// The answers of a server that does as it is asked.
pub fn done(body: &RequestBody) -> ReplyBody {
    let answered = |answer: &CallAnswer| CallAnswered { call_id: answer.call_id.clone() };
    match body {
        RequestBody::CallInvite(invite) => ReplyBody::CallInvite(CallInvited {
            call_id: invite.call_id.clone(),
            timeout_s: invite.timeout_s,
            error_users: Vec::new(),
        }),
        RequestBody::CallCancel(cancel) => ReplyBody::CallCancel(zim_protocol::call::CallCancelled {
            call_id: cancel.call_id.clone(),
            error_users: Vec::new(),
        }),
        RequestBody::CallAccept(answer) => ReplyBody::CallAccept(answered(answer)),
        RequestBody::CallReject(answer) => ReplyBody::CallReject(answered(answer)),
        RequestBody::CallReceived(call) => ReplyBody::CallReceived(CallAnswered { call_id: call.call_id.clone() }),
        RequestBody::RenewToken(_) => {
            ReplyBody::RenewToken(zim_protocol::session::TokenRenewed { token_expires_in_s: Some(600) })
        }
        RequestBody::UploadLog(_) => ReplyBody::UploadLog(zim_protocol::session::Done {}),
        RequestBody::Logout => ReplyBody::Logout(zim_protocol::session::Done {}),
        RequestBody::Login(_) => ReplyBody::Login(logged_in(0, Some(0))),
        RequestBody::Resume(resume) => ReplyBody::Resume(logged_in(resume.cursor, None)),
    }
}

impl Client {
    pub fn new() -> Client {
        let config = ClientConfig { request_prefix: "p".to_owned(), jitter_seed: 1 };
        let session = ClientSession::new(config);
        Client { session, now: 1_000, out: Vec::new(), connection: 0, sent: Vec::new(), last: Vec::new() }
    }

    /// Logged in, caught up at `cursor`, the host back from every callback.
    pub fn connected(name: &str, cursor: u64) -> Client {
        let mut client = Client::new();
        client.login(100, name);
        client.opened();
        client.answer(Ok(ReplyBody::Login(logged_in(cursor, Some(0)))));
        client.frame(caught_up(cursor));
        client.returned();
        client
    }

    /// The link has been lost and is open again; `resume` has been sent.
    pub fn cut(&mut self) {
        self.lost();
        self.reopen();
    }

    /// Waits for the next attempt to connect, and has it succeed.
    pub fn reopen(&mut self) {
        let before = self.connection;
        while self.connection == before {
            self.next();
        }
        self.opened();
    }

    /// The link has been lost, and resumed from where it was; nothing was missed up to `cursor`.
    pub fn resume(&mut self, cursor: u64) {
        self.cut();
        self.answer(Ok(ReplyBody::Resume(logged_in(cursor, None))));
    }

    pub fn handle(&mut self, input: Input) -> Vec<String> {
        let mut outputs = Vec::new();
        self.session.handle(self.now, input, &mut outputs);
        for output in &outputs {
            match output {
                Output::Emit { delivery, .. } => self.out.push(*delivery),
                Output::Open { connection } => self.connection = *connection,
                Output::Send { frame: ClientFrame::Request(request), .. } => self.sent.push(request.clone()),
                Output::Send { .. } | Output::Close { .. } | Output::Complete { .. } => {}
            }
        }
        let lines = outputs.iter().map(shown).collect();
        self.last = outputs;
        lines
    }

    /// The outputs of the last input as they are.
    pub fn last(&self) -> &[Output] {
        &self.last
    }

    pub fn login(&mut self, ticket: Ticket, name: &str) -> Vec<String> {
        self.handle(Input::Login { ticket, timeout_ms: 10_000, credentials: credentials(name) })
    }

    pub fn request(&mut self, ticket: Ticket, body: RequestBody) -> Vec<String> {
        self.handle(Input::Request { ticket, timeout_ms: 10_000, body })
    }

    pub fn opened(&mut self) -> Vec<String> {
        let connection = self.connection;
        self.handle(Input::Opened { connection })
    }

    pub fn lost(&mut self) -> Vec<String> {
        let connection = self.connection;
        self.handle(Input::Lost { connection, fault: fault(Code::NETWORK_ERROR) })
    }

    pub fn frame(&mut self, frame: ServerFrame) -> Vec<String> {
        let connection = self.connection;
        self.handle(Input::Frame { connection, frame })
    }

    /// The server's answer to the last request.
    pub fn answer(&mut self, result: Result<ReplyBody, Fault>) -> Vec<String> {
        let id = self.sent.last().unwrap().id.clone();
        self.answer_to(id.as_str(), result)
    }

    pub fn answer_to(&mut self, id: &str, result: Result<ReplyBody, Fault>) -> Vec<String> {
        let id = RequestId::parse(id).unwrap();
        self.frame(match result {
            Ok(body) => ServerFrame::Reply { id, body },
            Err(fault) => ServerFrame::Error { id: Some(id), fault },
        })
    }

    /// The server does what the last request asks for.
    pub fn grant(&mut self) -> Vec<String> {
        let body = done(&self.sent.last().unwrap().body);
        self.answer(Ok(body))
    }

    /// The host returns from every callback.
    pub fn returned(&mut self) -> Vec<String> {
        let out = std::mem::take(&mut self.out);
        out.into_iter().flat_map(|delivery| self.handle(Input::Delivered { delivery })).collect()
    }

    pub fn after(&mut self, ms: Millis) -> Vec<String> {
        self.now += ms;
        self.handle(Input::Tick)
    }

    /// Lets time pass up to what the machine waits for.
    pub fn next(&mut self) -> Vec<String> {
        self.now = self.session.next_deadline().expect("the machine waits for nothing").max(self.now);
        self.handle(Input::Tick)
    }

    pub fn last_resume(&self) -> &Resume {
        let resumes = self.sent.iter().rev().filter_map(|request| match &request.body {
            RequestBody::Resume(resume) => Some(resume),
            _ => None,
        });
        resumes.into_iter().next().unwrap()
    }
}

fn shown(output: &Output) -> String {
    match output {
        Output::Open { connection } => format!("open {connection}"),
        Output::Close { connection } => format!("close {connection}"),
        Output::Send { connection, frame } => match frame {
            ClientFrame::Request(Request { id, ttl_ms, body }) => {
                let withdraw = match body {
                    RequestBody::CallCancel(cancel) if cancel.withdraw => " withdraw",
                    _ => "",
                };
                format!("{connection}> {} {id} {ttl_ms}{withdraw}", body.kind())
            }
            ClientFrame::Ack { n } => format!("{connection}> ack {n}"),
            ClientFrame::Ping => format!("{connection}> ping"),
            ClientFrame::Unknown { kind } => format!("{connection}> {kind}"),
        },
        Output::Complete { ticket, result: Ok(_) } => format!("{ticket} ok"),
        Output::Complete { ticket, result: Err(fault) } => format!("{ticket} {}", fault.code.0),
        Output::Emit { event, .. } => match event {
            SessionEvent::ConnectionStateChanged { state, event, .. } => format!("{state:?}/{event:?}"),
            SessionEvent::TokenWillExpire { seconds } => format!("TokenWillExpire {seconds}"),
            SessionEvent::Error(fault) => format!("Error {}", fault.code.0),
            SessionEvent::Call(event) => told(event),
        },
    }
}

fn told(event: &HostEvent) -> String {
    match event {
        HostEvent::CallInvitationReceived(call) => format!("Received {} {}", call.call_id, call.remaining_ms),
        HostEvent::CallInvitationCreated(call) => format!("Created {} {}", call.call_id, call.remaining_ms),
        HostEvent::CallInvitationCancelled { call_id, .. } => format!("Cancelled {call_id}"),
        HostEvent::CallInvitationAccepted { call_id, invitee, .. } => format!("Accepted {call_id} {invitee}"),
        HostEvent::CallInvitationRejected { call_id, invitee, .. } => format!("Rejected {call_id} {invitee}"),
        HostEvent::CallInvitationTimeout { call_id, .. } => format!("Timeout {call_id}"),
        HostEvent::CallInviteesAnsweredTimeout { call_id, invitees } => {
            let names: Vec<&str> = invitees.iter().map(UserId::as_str).collect();
            format!("AnsweredTimeout {call_id} {}", names.join(" "))
        }
        HostEvent::CallUserStateChanged { call_id, users } => {
            let rows: Vec<String> = users.iter().map(|row| format!("{}:{}", row.user_id, row.state.name())).collect();
            format!("S {call_id} {}", rows.join(" "))
        }
    }
}
