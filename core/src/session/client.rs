use zim_protocol::code::{Code, Fault};
use zim_protocol::frame::{ClientFrame, ReplyBody, RequestBody, ServerFrame};
use zim_protocol::id::{SessionId, UserId};
use zim_protocol::session::Credentials;

use super::deliveries::Deliveries;
use super::link::{Link, earliest};
use super::withdrawn::Withdrawn;
use crate::Millis;
use crate::backoff::Backoff;
use crate::call::{CallView, HostEvent};
use crate::pending::PendingRequests;
use crate::table::Table;

/// Names a request of the host until it completes. Made by the driver, never twice.
pub type Ticket = u64;
/// Names one attempt to connect and the connection it became. Grows.
pub type ConnectionId = u64;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientConfig {
    /// Random, different for every client of every process: request IDs are this and a number. Visible ASCII; what
    /// goes beyond 40 characters is left out.
    pub request_prefix: String,
    /// Random: spreads reconnects.
    pub jitter_seed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum ConnectionState {
    Disconnected = 0,
    Connecting = 1,
    Connected = 2,
    Reconnecting = 3,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum ConnectionEvent {
    Success = 0,
    ActiveLogin = 1,
    LoginTimeout = 2,
    LoginInterrupted = 3,
    KickedOut = 4,
    TokenExpired = 5,
    Unregistered = 6,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// The host logs in. Completes when the server has answered, or the time is up.
    Login {
        ticket: Ticket,
        timeout_ms: u32,
        credentials: Credentials,
    },
    /// The host logs out: best effort towards the server, at once towards the host. Every pending request
    /// completes with 6000122.
    Logout,
    /// The host asks for something: `RenewToken`, `UploadLog` or a call operation.
    Request {
        ticket: Ticket,
        timeout_ms: u32,
        body: RequestBody,
    },
    /// The connection asked for with `Output::Open` stands.
    Opened {
        connection: ConnectionId,
    },
    /// It could not be opened, or has ended. `fault` says why, in words for the host.
    Lost {
        connection: ConnectionId,
        fault: Fault,
    },
    Frame {
        connection: ConnectionId,
        frame: ServerFrame,
    },
    /// The host's callbacks for the output with this number have returned.
    Delivered {
        delivery: u64,
    },
    /// Time has passed.
    Tick,
    /// The client is being destroyed: pending requests complete with 6090008 and nothing more is emitted.
    Destroy,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Output {
    /// Connect to the server; an older connection is closed first.
    Open {
        connection: ConnectionId,
    },
    /// End the connection, after what was sent on it before has gone out. Nothing that it brings is wanted any more.
    Close {
        connection: ConnectionId,
    },
    Send {
        connection: ConnectionId,
        frame: ClientFrame,
    },
    /// The request is over. Exactly once for every ticket.
    Complete {
        ticket: Ticket,
        result: Result<ReplyBody, Fault>,
    },
    /// Tell the host, then say `Delivered { delivery }`.
    Emit {
        delivery: u64,
        event: SessionEvent,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SessionEvent {
    Call(HostEvent),
    /// `extended_data`: `code` and `message` of the cause when there is one, otherwise nothing.
    ConnectionStateChanged {
        state: ConnectionState,
        event: ConnectionEvent,
        extended_data: Vec<(String, String)>,
    },
    TokenWillExpire {
        seconds: u32,
    },
    /// Something went wrong that belongs to no request.
    Error(Fault),
}

/// One client of one host. Takes inputs at growing times; every input first lets time pass.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientSession {
    pub(super) request_prefix: String,
    pub(super) phase: Phase,
    pub(super) link: Link,
    pub(super) backoff: Backoff,
    pub(super) last_connection: ConnectionId,
    pub(super) last_internal: u64,
    pub(super) pending: PendingRequests,
    pub(super) deliveries: Deliveries,
    pub(super) views: Table<Box<CallView>>,
    /// When the next of them ends its ring by itself.
    pub(super) next_ring: Option<Millis>,
    pub(super) withdrawn: Withdrawn,
    /// The session that was logged out of last, and whose it was. Its farewell may be lost, or be overtaken by the
    /// next login, which therefore says so again.
    pub(super) left: Option<(UserId, SessionId)>,
    pub(super) unknown_frames: u64,
}

/// What the host has asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    LoggedOut,
    LoggingIn(LoginAttempt),
    LoggedIn(Session),
    Destroyed,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct LoginAttempt {
    pub ticket: Ticket,
    pub expires: Millis,
    pub credentials: Credentials,
    /// Why the last try failed.
    pub cause: Option<Fault>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Session {
    pub credentials: Credentials,
    pub id: SessionId,
    pub login_epoch: u64,
    /// The store's past that `cursor` belongs to; 0 as long as nothing was taken from any.
    pub epoch: u64,
    /// The last entry of the log that was taken.
    pub cursor: u64,
    pub token_expires: Option<Millis>,
}

/// Room for the number behind the prefix in a request ID.
const PREFIX_BYTES: usize = 40;

impl ClientSession {
    pub fn new(config: ClientConfig) -> ClientSession {
        let visible = config.request_prefix.chars().filter(char::is_ascii_graphic);
        ClientSession {
            request_prefix: visible.take(PREFIX_BYTES).collect(),
            phase: Phase::LoggedOut,
            link: Link::Down,
            backoff: Backoff::new(config.jitter_seed),
            last_connection: 0,
            last_internal: 0,
            pending: PendingRequests::default(),
            deliveries: Deliveries::default(),
            views: Table::default(),
            next_ring: None,
            withdrawn: Withdrawn::default(),
            left: None,
            unknown_frames: 0,
        }
    }

    pub fn state(&self) -> ConnectionState {
        match &self.phase {
            Phase::LoggedOut | Phase::Destroyed => ConnectionState::Disconnected,
            Phase::LoggingIn(_) => ConnectionState::Connecting,
            Phase::LoggedIn(_) => match &self.link {
                Link::Up(_) => ConnectionState::Connected,
                Link::Down | Link::Waiting { .. } | Link::Opening { .. } | Link::Greeting { .. } => {
                    ConnectionState::Reconnecting
                }
            },
        }
    }

    /// Whether requests are taken: logged in, with or without a link right now.
    pub fn is_logged_in(&self) -> bool {
        match &self.phase {
            Phase::LoggedIn(_) => true,
            Phase::LoggedOut | Phase::LoggingIn(_) | Phase::Destroyed => false,
        }
    }

    /// How many frames and events of unknown kinds the server has sent.
    pub fn unknown_frames(&self) -> u64 {
        self.unknown_frames
    }

    pub fn handle(&mut self, now: Millis, input: Input, outputs: &mut Vec<Output>) {
        if let Input::Frame { connection, .. } = &input {
            self.heard(now, *connection);
        }
        self.let_time_pass(now, outputs);
        match input {
            Input::Login { ticket, timeout_ms, credentials } => {
                self.login(now, ticket, timeout_ms, credentials, outputs)
            }
            Input::Logout => self.logout(now, outputs),
            Input::Request { ticket, timeout_ms, body } => self.request(now, ticket, timeout_ms, body, outputs),
            Input::Opened { connection } => self.opened(now, connection, outputs),
            Input::Lost { connection, fault } => {
                if self.link.connection() == Some(connection) {
                    self.link_down(now, fault, outputs);
                }
            }
            Input::Frame { connection, frame } => {
                if self.link.connection() == Some(connection) {
                    self.frame(now, frame, outputs);
                }
            }
            Input::Delivered { delivery } => self.delivered(now, delivery, outputs),
            Input::Tick => {}
            Input::Destroy => self.destroy(now, outputs),
        }
        self.settle(now, outputs);
    }

    /// When the machine wants a `Tick`.
    pub fn next_deadline(&self) -> Option<Millis> {
        let login = match &self.phase {
            Phase::LoggingIn(attempt) => Some(attempt.expires),
            Phase::LoggedOut | Phase::LoggedIn(_) | Phase::Destroyed => None,
        };
        let (ack, send) = match &self.link {
            Link::Up(_) => (self.deliveries.next_ack(), self.pending.next_send()),
            Link::Down | Link::Waiting { .. } | Link::Opening { .. } | Link::Greeting { .. } => (None, None),
        };
        earliest(&[login, self.link.next_deadline(), self.pending.next_expiry(), ack, send, self.next_ring])
    }

    /// Everything that is due: results first, then the events they held back, then rings without an ending, then
    /// the link.
    fn let_time_pass(&mut self, now: Millis, outputs: &mut Vec<Output>) {
        self.expire_login(now, outputs);
        while let Some(pending) = self.pending.take_expired(now) {
            self.expired(now, pending, outputs);
        }
        self.settle(now, outputs);
        self.tend_link(now, outputs);
    }

    /// What follows by itself from a change, whatever has changed.
    fn settle(&mut self, now: Millis, outputs: &mut Vec<Output>) {
        self.release_events(now, outputs);
        self.end_rings(now, outputs);
        self.send_pending(now, outputs);
        self.acknowledge(now, outputs);
    }

    fn login(
        &mut self,
        now: Millis,
        ticket: Ticket,
        timeout_ms: u32,
        credentials: Credentials,
        outputs: &mut Vec<Output>,
    ) {
        match &self.phase {
            Phase::LoggedOut => {}
            Phase::LoggingIn(_) | Phase::LoggedIn(_) => {
                let message = "this client is logged in, or logging in, already; log out first";
                let fault = Fault::new(Code::USER_HAS_ALREADY_LOGGED, message);
                return put(outputs, Output::Complete { ticket, result: Err(fault) });
            }
            Phase::Destroyed => {
                return put(outputs, Output::Complete { ticket, result: Err(destroyed()) });
            }
        }
        let expires = now.saturating_add(Millis::from(timeout_ms));
        self.phase = Phase::LoggingIn(LoginAttempt { ticket, expires, credentials, cause: None });
        self.emit_state(ConnectionEvent::ActiveLogin, None, outputs);
        self.open(now, outputs);
    }

    fn expire_login(&mut self, now: Millis, outputs: &mut Vec<Output>) {
        let Phase::LoggingIn(attempt) = &self.phase else { return };
        if now < attempt.expires {
            return;
        }
        let fault = match &self.link {
            Link::Greeting { .. } => {
                let (before, cause) = attempt.cause.as_ref().map_or(("", ""), |cause| ("; before: ", &cause.message));
                let message = format!("the server was reached but has not answered the login in time{before}{cause}");
                Fault::new(Code::REQUEST_TIMEOUT, message)
            }
            Link::Down | Link::Waiting { .. } | Link::Opening { .. } | Link::Up(_) => match &attempt.cause {
                // Something answers there, and it is no zim-server: another network will not help.
                Some(cause) if cause.code == Code::NETWORK_SERVER_ERROR => cause.clone(),
                cause => {
                    let why = cause.as_ref().map_or("no connection was made in time", |cause| &cause.message);
                    Fault::new(Code::NETWORK_ERROR, format!("the server could not be reached: {why}"))
                }
            },
        };
        self.end(now, fault, ConnectionEvent::LoginTimeout, outputs);
    }

    fn logout(&mut self, now: Millis, outputs: &mut Vec<Output>) {
        match &self.phase {
            Phase::LoggedOut | Phase::Destroyed => return,
            Phase::LoggingIn(_) => {}
            Phase::LoggedIn(session) => self.left = Some((session.credentials.user_id.clone(), session.id.clone())),
        }
        let fault = Fault::new(Code::USER_HAS_ALREADY_LOGGED_OUT, "the client was logged out before the answer came");
        self.end(now, fault, ConnectionEvent::Success, outputs);
    }

    fn destroy(&mut self, now: Millis, outputs: &mut Vec<Output>) {
        self.forget_views();
        self.complete_all(now, &destroyed(), outputs);
        self.say_goodbye(now, outputs);
        self.close(outputs);
        self.link = Link::Down;
        self.pending = PendingRequests::default();
        self.phase = Phase::Destroyed;
        self.deliveries = Deliveries::default();
    }

    /// The end of a session, or of the attempt to begin one: results, the endings of rings, then the state.
    pub(super) fn end(&mut self, now: Millis, fault: Fault, event: ConnectionEvent, outputs: &mut Vec<Output>) {
        self.complete_all(now, &fault, outputs);
        self.drop_rings(now, outputs);
        let cause = match event {
            ConnectionEvent::Success => {
                self.say_goodbye(now, outputs);
                None
            }
            ConnectionEvent::ActiveLogin
            | ConnectionEvent::LoginTimeout
            | ConnectionEvent::LoginInterrupted
            | ConnectionEvent::KickedOut
            | ConnectionEvent::TokenExpired
            | ConnectionEvent::Unregistered => Some(&fault),
        };
        self.close(outputs);
        self.link = Link::Down;
        self.pending = PendingRequests::default();
        self.deliveries.forget_log();
        self.backoff.reset();
        self.phase = Phase::LoggedOut;
        self.emit_state(event, cause, outputs);
    }

    /// Tells the host the present state and how it came about.
    pub(super) fn emit_state(&mut self, event: ConnectionEvent, cause: Option<&Fault>, outputs: &mut Vec<Output>) {
        let extended_data = cause.map_or_else(Vec::new, |fault| {
            let code = fault.code.0;
            vec![("code".to_owned(), format!("{code}")), ("message".to_owned(), fault.message.clone())]
        });
        let state = self.state();
        self.emit(SessionEvent::ConnectionStateChanged { state, event, extended_data }, outputs);
    }

    pub(super) fn emit(&mut self, event: SessionEvent, outputs: &mut Vec<Output>) {
        let shows = match &event {
            SessionEvent::Call(HostEvent::CallInvitationReceived(call)) => Some(call.call_id.clone()),
            SessionEvent::Call(_)
            | SessionEvent::ConnectionStateChanged { .. }
            | SessionEvent::TokenWillExpire { .. }
            | SessionEvent::Error(_) => None,
        };
        let delivery = self.deliveries.emitted(shows);
        put(outputs, Output::Emit { delivery, event });
    }

    pub(super) fn session_mut(&mut self) -> Option<&mut Session> {
        match &mut self.phase {
            Phase::LoggedIn(session) => Some(session),
            Phase::LoggedOut | Phase::LoggingIn(_) | Phase::Destroyed => None,
        }
    }
}

/// Kept in one place: an output is large, and a push of one is a hundred bytes of code wherever it stands.
#[inline(never)]
pub(super) fn put(outputs: &mut Vec<Output>, output: Output) {
    outputs.push(output);
}

fn destroyed() -> Fault {
    Fault::new(Code::CLIENT_DESTROYED, "the client was destroyed")
}

impl Phase {
    pub fn credentials(&self) -> Option<&Credentials> {
        match self {
            Phase::LoggingIn(attempt) => Some(&attempt.credentials),
            Phase::LoggedIn(session) => Some(&session.credentials),
            Phase::LoggedOut | Phase::Destroyed => None,
        }
    }
}
