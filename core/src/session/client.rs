use zim_protocol::code::Fault;
use zim_protocol::frame::{ClientFrame, ReplyBody, RequestBody, ServerFrame};
use zim_protocol::session::Credentials;

use crate::Millis;
use crate::call::HostEvent;

/// Names a request of the host until it completes. Made by the driver, never twice.
pub type Ticket = u64;
/// Names one attempt to connect and the connection it became. Grows.
pub type ConnectionId = u64;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientConfig {
    /// Random, different for every client of every process: request IDs are this and a number.
    pub request_prefix: String,
    /// Random: spreads reconnects.
    pub jitter_seed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum ConnectionState { Disconnected = 0, Connecting = 1, Connected = 2, Reconnecting = 3 }

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum ConnectionEvent { Success = 0, ActiveLogin = 1, LoginTimeout = 2, LoginInterrupted = 3, KickedOut = 4, TokenExpired = 5, Unregistered = 6 }

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// The host logs in. Completes when the server has answered, or the time is up.
    Login { ticket: Ticket, timeout_ms: u32, credentials: Credentials },
    /// The host logs out: best effort towards the server, at once towards the host. Every pending request
    /// completes with 6000122.
    Logout,
    /// The host asks for something: `RenewToken`, `UploadLog` or a call operation.
    Request { ticket: Ticket, timeout_ms: u32, body: RequestBody },
    /// The connection asked for with `Output::Open` stands.
    Opened { connection: ConnectionId },
    /// It could not be opened, or has ended. `fault` says why, in words for the host.
    Lost { connection: ConnectionId, fault: Fault },
    Frame { connection: ConnectionId, frame: ServerFrame },
    /// The host's callbacks for the output with this number have returned.
    Delivered { delivery: u64 },
    /// Time has passed.
    Tick,
    /// The client is being destroyed: pending requests complete with 6090008 and nothing more is emitted.
    Destroy,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Output {
    /// Connect to the server; an older connection is closed first.
    Open { connection: ConnectionId },
    Close { connection: ConnectionId },
    Send { connection: ConnectionId, frame: ClientFrame },
    /// The request is over. Exactly once for every ticket.
    Complete { ticket: Ticket, result: Result<ReplyBody, Fault> },
    /// Tell the host, then say `Delivered { delivery }`.
    Emit { delivery: u64, event: SessionEvent },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SessionEvent {
    Call(HostEvent),
    ConnectionStateChanged { state: ConnectionState, event: ConnectionEvent, extended_data: Vec<(String, String)> },
    TokenWillExpire { seconds: u32 },
    /// Something went wrong that belongs to no request.
    Error(Fault),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientSession {
    _private: (),
}

impl ClientSession {
    pub fn new(config: ClientConfig) -> ClientSession {
        let _ = config;
        unimplemented!()
    }

    pub fn state(&self) -> ConnectionState {
        unimplemented!()
    }

    /// Whether requests are taken: logged in, with or without a link right now.
    pub fn is_logged_in(&self) -> bool {
        unimplemented!()
    }

    pub fn handle(&mut self, now: Millis, input: Input, outputs: &mut Vec<Output>) {
        let _ = (now, input, outputs);
        unimplemented!()
    }

    /// When the machine wants a `Tick`.
    pub fn next_deadline(&self) -> Option<Millis> {
        unimplemented!()
    }
}
