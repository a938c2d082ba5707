use zim_protocol::code::{Code, Fault};
use zim_protocol::frame::{ClientFrame, Request, RequestBody};
use zim_protocol::id::{CallId, RequestId};
use zim_protocol::limits;
use zim_protocol::session::{Closing, ClosingReason, LoggedIn, Login, Resume};

use super::client::{ClientSession, ConnectionEvent, ConnectionId, Output, Phase, Session, put};
use super::inbound::CatchUp;
use crate::Millis;
use crate::pending::PendingRequests;
use crate::table::search;

/// A connection that does not stand, or is not answered, after this long is given up.
const GREETING_MS: Millis = 10_000;
/// A link that has held this long makes the next failure a first one.
const STEADY_MS: Millis = 10_000;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Link {
    Down,
    /// Until the next attempt.
    Waiting {
        until: Millis,
    },
    Opening {
        connection: ConnectionId,
        give_up_at: Millis,
    },
    /// `login` or `resume` has been sent.
    Greeting {
        connection: ConnectionId,
        request: RequestId,
        give_up_at: Millis,
        /// The calls that the client knew when it asked.
        asked: Vec<CallId>,
    },
    Up(Up),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Up {
    pub connection: ConnectionId,
    pub since: Millis,
    pub heartbeat: Heartbeat,
    /// Events are kept back until everything that was missed is there.
    pub catch_up: Option<CatchUp>,
}

/// Signs of life in both directions. `None` where the server has announced 0: no such clock.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Heartbeat {
    interval: Millis,
    timeout: Millis,
    ping_at: Option<Millis>,
    silent_at: Option<Millis>,
}

impl Heartbeat {
    fn new(now: Millis, answer: &LoggedIn) -> Heartbeat {
        let (interval, timeout) = (answer.heartbeat_interval_ms.into(), answer.heartbeat_timeout_ms.into());
        let mut heartbeat = Heartbeat { interval, timeout, ping_at: None, silent_at: None };
        heartbeat.sent(now);
        heartbeat.heard(now);
        heartbeat
    }

    fn sent(&mut self, now: Millis) {
        self.ping_at = (self.interval > 0).then(|| now.saturating_add(self.interval));
    }

    fn heard(&mut self, now: Millis) {
        self.silent_at = (self.timeout > 0).then(|| now.saturating_add(self.timeout));
    }
}

impl Link {
    /// The connection that is wanted.
    pub fn connection(&self) -> Option<ConnectionId> {
        match self {
            Link::Down | Link::Waiting { .. } => None,
            Link::Opening { connection, .. } | Link::Greeting { connection, .. } => Some(*connection),
            Link::Up(up) => Some(up.connection),
        }
    }

    pub fn next_deadline(&self) -> Option<Millis> {
        match self {
            Link::Down => None,
            Link::Waiting { until } => Some(*until),
            Link::Opening { give_up_at, .. } | Link::Greeting { give_up_at, .. } => Some(*give_up_at),
            Link::Up(up) => earliest(&[up.heartbeat.ping_at, up.heartbeat.silent_at]),
        }
    }

    pub fn up(&self) -> Option<&Up> {
        match self {
            Link::Up(up) => Some(up),
            Link::Down | Link::Waiting { .. } | Link::Opening { .. } | Link::Greeting { .. } => None,
        }
    }

    pub fn up_mut(&mut self) -> Option<&mut Up> {
        match self {
            Link::Up(up) => Some(up),
            Link::Down | Link::Waiting { .. } | Link::Opening { .. } | Link::Greeting { .. } => None,
        }
    }
}

impl ClientSession {
    pub(super) fn open(&mut self, now: Millis, outputs: &mut Vec<Output>) {
        self.last_connection += 1;
        let connection = self.last_connection;
        self.link = Link::Opening { connection, give_up_at: now.saturating_add(GREETING_MS) };
        put(outputs, Output::Open { connection });
    }

    pub(super) fn opened(&mut self, now: Millis, opened: ConnectionId, outputs: &mut Vec<Output>) {
        match &self.link {
            Link::Opening { connection, .. } if *connection == opened => {}
            Link::Down | Link::Waiting { .. } | Link::Opening { .. } | Link::Greeting { .. } | Link::Up(_) => return,
        }
        let asked = self.views.calls().to_vec();
        let (body, ttl) = match &self.phase {
            Phase::LoggedOut | Phase::Destroyed => return,
            Phase::LoggingIn(attempt) => {
                let credentials = attempt.credentials.clone();
                let same = self.left.as_ref().filter(|(user, _)| *user == credentials.user_id);
                let logged_out = same.map(|(_, session)| session.clone());
                let login = Login { credentials, logged_out };
                (RequestBody::Login(login), attempt.expires.saturating_sub(now).min(GREETING_MS))
            }
            Phase::LoggedIn(session) => {
                let mut credentials = session.credentials.clone();
                if let Some(token) = newest_token(&self.pending, now, session) {
                    credentials.token.clone_from(token);
                }
                let resume = Resume {
                    credentials,
                    session_id: session.id.clone(),
                    login_epoch: session.login_epoch,
                    epoch: session.epoch,
                    cursor: session.cursor,
                    calls: self.calls_in_question(&asked),
                };
                (RequestBody::Resume(resume), GREETING_MS)
            }
        };
        let Some(request) = self.internal_id() else { return };
        let give_up_at = now.saturating_add(GREETING_MS);
        self.link = Link::Greeting { connection: opened, request: request.clone(), give_up_at, asked };
        let ttl_ms = u32::try_from(ttl).unwrap_or(limits::REQUEST_TTL_DEFAULT_MS).max(*limits::REQUEST_TTL_MS.start());
        self.send(now, ClientFrame::Request(Request { id: request, ttl_ms, body }), outputs);
    }

    /// The calls that a snapshot is to tell of, over or not: those that are known, and those that an unanswered
    /// invite may have made. The newest, if there are too many.
    fn calls_in_question(&self, known: &[CallId]) -> Vec<CallId> {
        let mut calls = known.to_vec();
        for pending in self.pending.iter().filter(|pending| pending.was_sent) {
            if let RequestBody::CallInvite(invite) = &pending.body
                && let Err(at) = search(&calls, &invite.call_id)
            {
                calls.insert(at, invite.call_id.clone());
            }
        }
        calls.reverse();
        calls.truncate(limits::RESUME_CALLS);
        calls
    }

    /// The server has taken `login` or `resume`.
    pub(super) fn stands(&mut self, now: Millis, asked: Vec<CallId>, answer: &LoggedIn, known_epoch: u64) {
        let Some(connection) = self.link.connection() else { return };
        let heartbeat = Heartbeat::new(now, answer);
        let catch_up = Some(CatchUp::new(asked, answer, known_epoch));
        self.link = Link::Up(Up { connection, since: now, heartbeat, catch_up });
        self.pending.reconnected();
        self.deliveries.reconnected();
    }

    pub(super) fn send(&mut self, now: Millis, frame: ClientFrame, outputs: &mut Vec<Output>) {
        let Some(connection) = self.link.connection() else { return };
        if let Some(up) = self.link.up_mut() {
            up.heartbeat.sent(now);
        }
        put(outputs, Output::Send { connection, frame });
    }

    /// Any frame is a sign of life.
    pub(super) fn heard(&mut self, now: Millis, connection: ConnectionId) {
        if let Some(up) = self.link.up_mut().filter(|up| up.connection == connection) {
            up.heartbeat.heard(now);
        }
    }

    /// What is due on the link.
    pub(super) fn tend_link(&mut self, now: Millis, outputs: &mut Vec<Output>) {
        match &self.link {
            Link::Waiting { until } if *until <= now => self.open(now, outputs),
            Link::Opening { give_up_at, .. } if *give_up_at <= now => {
                let fault = Fault::new(Code::NETWORK_ERROR, "the connection did not stand in time");
                self.give_up(now, fault, outputs);
            }
            Link::Greeting { give_up_at, .. } if *give_up_at <= now => {
                let fault = Fault::new(Code::REQUEST_TIMEOUT, "the server did not answer the login in time");
                self.give_up(now, fault, outputs);
            }
            Link::Up(up) if up.heartbeat.silent_at.is_some_and(|at| at <= now) => {
                let message = format!("nothing was heard of the server for {} ms", up.heartbeat.timeout);
                self.give_up(now, Fault::new(Code::SERVER_DISCONNECT, message), outputs);
            }
            Link::Up(up) if up.heartbeat.ping_at.is_some_and(|at| at <= now) => {
                self.send(now, ClientFrame::Ping, outputs);
            }
            Link::Down | Link::Waiting { .. } | Link::Opening { .. } | Link::Greeting { .. } | Link::Up(_) => {}
        }
    }

    /// The server's last word on the connection.
    pub(super) fn closing(&mut self, now: Millis, closing: Closing, outputs: &mut Vec<Output>) {
        let message = closing.message;
        match closing.reason {
            ClosingReason::KickedOut => {
                self.end(now, Fault::new(Code::KICKED_OUT, message), ConnectionEvent::KickedOut, outputs);
            }
            ClosingReason::TokenExpired => {
                self.end(now, Fault::new(Code::TOKEN_EXPIRED, message), ConnectionEvent::TokenExpired, outputs);
            }
            ClosingReason::Unregistered => {
                self.end(now, Fault::new(Code::INVALID_APP_ID, message), ConnectionEvent::Unregistered, outputs);
            }
            ClosingReason::ServerStopping
            | ClosingReason::Idle
            | ClosingReason::ProtocolError
            | ClosingReason::Unknown => self.give_up(now, Fault::new(closing.code, message), outputs),
        }
    }

    /// The server does what the protocol does not allow: another connection may do better.
    pub(super) fn violated(&mut self, now: Millis, what: &str, outputs: &mut Vec<Output>) {
        let fault = Fault::new(Code::PROTOCOL_ERROR, what);
        self.emit(super::SessionEvent::Error(fault.clone()), outputs);
        self.give_up(now, fault, outputs);
    }

    /// Ends the connection and comes back.
    pub(super) fn give_up(&mut self, now: Millis, fault: Fault, outputs: &mut Vec<Output>) {
        self.close(outputs);
        self.link_down(now, fault, outputs);
    }

    pub(super) fn close(&self, outputs: &mut Vec<Output>) {
        if let Some(connection) = self.link.connection() {
            put(outputs, Output::Close { connection });
        }
    }

    /// There is no connection any more; another follows after a while, for ever, unless nobody wants one.
    pub(super) fn link_down(&mut self, now: Millis, fault: Fault, outputs: &mut Vec<Output>) {
        let was_up = self.link.up().map(|up| up.since);
        if was_up.is_some_and(|since| now.saturating_sub(since) >= STEADY_MS) {
            self.backoff.reset();
        }
        let wanted = match &mut self.phase {
            Phase::LoggedOut | Phase::Destroyed => false,
            Phase::LoggingIn(attempt) => {
                attempt.cause = Some(fault.clone());
                true
            }
            Phase::LoggedIn(_) => true,
        };
        self.link = match wanted {
            true => Link::Waiting { until: now.saturating_add(self.backoff.next_wait()) },
            false => Link::Down,
        };
        if was_up.is_some() && wanted {
            self.emit_state(ConnectionEvent::LoginInterrupted, Some(&fault), outputs);
        }
    }
}

/// A token that has run out is of no use: one that the host has brought since, and that no server has seen yet, may be.
pub(super) fn newest_token<'a>(pending: &'a PendingRequests, now: Millis, session: &Session) -> Option<&'a String> {
    let mut token = None;
    if session.token_expires.is_some_and(|at| at <= now) {
        for request in pending.iter() {
            if let RequestBody::RenewToken(renewal) = &request.body {
                token = Some(&renewal.token);
            }
        }
    }
    token
}

/// When a token expires that has so many seconds left.
pub(super) fn expiry(now: Millis, seconds: Option<u32>) -> Option<Millis> {
    seconds.map(|left| now.saturating_add(Millis::from(left) * 1_000))
}

/// The first of the times that there are.
pub(super) fn earliest(times: &[Option<Millis>]) -> Option<Millis> {
    times.iter().flatten().min().copied()
}
