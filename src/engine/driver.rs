//! One client's task: carries commands, frames and time to its `ClientSession`, and what that wants to the socket
//! and to the dispatcher.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, WeakUnboundedSender};
use tokio::time::{Instant, sleep_until, timeout};
use zim_core::session::{
    ClientConfig, ClientSession, ConnectionEvent, ConnectionState, Input, Output, SessionEvent, Ticket,
};
use zim_protocol::code::{Code, Fault};
use zim_protocol::frame::{ClientFrame, ReplyBody, RequestBody, ServerFrame};
use zim_protocol::session::{Credentials, Done};

use super::aside;
use super::connect::Connector;
use super::link::{FAREWELL, Link, LinkEvent};
use super::returned::Returned;
use super::status::{Latch, Status};
use super::upload::Upload;
use crate::dispatch::{Completions, Dispatcher, Outcome, QUEUE_EVENTS};
use crate::log::{self, Level};

/// The session's clock counts milliseconds that have passed. What it timed may have begun at the end of one: another
/// is waited for, so that nothing ends before its time.
const TICK: Duration = Duration::from_millis(1);

/// What a client asks of its driver.
#[derive(Debug)]
pub enum Command {
    Login {
        ticket: Ticket,
        timeout_ms: u32,
        credentials: Box<Credentials>,
    },
    Logout,
    Request {
        ticket: Ticket,
        timeout_ms: u32,
        body: Box<RequestBody>,
    },
    UploadLog {
        ticket: Ticket,
        timeout_ms: u32,
    },
    /// The log has been read for an upload.
    LogRead {
        ticket: Ticket,
        timeout_ms: u32,
        text: String,
    },
    /// Callbacks have returned: `Owner::returned` says which.
    Delivered,
    /// Say goodbye and end. What is pending completes with 6090008.
    Destroy,
    /// End without another word to the host, which has been told everything.
    Abandon,
}

/// A client as its driver sees it.
#[derive(Clone)]
pub struct Owner {
    /// For the log.
    pub client: u64,
    pub status: Arc<Status>,
    pub dispatcher: Arc<Dispatcher>,
    pub completions: Arc<Completions>,
    pub returned: Arc<Returned>,
}

pub struct Driver {
    owner: Owner,
    commands: UnboundedReceiver<Command>,
    /// For what the driver asks of others and wants to hear of.
    own: WeakUnboundedSender<Command>,
    session: ClientSession,
    link: Link,
    start: Instant,
    outputs: Vec<Output>,
    /// The last login that the host asked for.
    login: Ticket,
    /// Uploads under way, by the ticket of the part that has been sent.
    uploads: Vec<(Ticket, Upload)>,
    /// Dropped last: when it is, the driver's socket is gone.
    _ending: Ending,
}

impl Driver {
    pub fn new(
        owner: Owner,
        ended: Arc<Latch>,
        config: ClientConfig,
        connector: Connector,
        commands: UnboundedReceiver<Command>,
        own: WeakUnboundedSender<Command>,
    ) -> Driver {
        Driver {
            _ending: Ending { owner: owner.clone(), ended },
            owner,
            commands,
            own,
            session: ClientSession::new(config),
            link: Link::new(connector),
            start: Instant::now(),
            outputs: Vec::new(),
            login: 0,
            uploads: Vec::new(),
        }
    }

    pub async fn run(mut self) {
        let mut sleep = Box::pin(sleep_until(self.start));
        loop {
            // Reading stops while the host does not keep up: the server's log holds what follows, or a snapshot does.
            let paused = self.owner.dispatcher.undelivered() >= QUEUE_EVENTS;
            let deadline = self.session.next_deadline().map(|at| self.start + Duration::from_millis(at) + TICK);
            if let Some(deadline) = deadline.filter(|deadline| *deadline != sleep.deadline()) {
                sleep.as_mut().reset(deadline);
            }
            tokio::select! {
                command = self.commands.recv() => match command {
                    Some(command) => {
                        if !self.command(command).await {
                            break;
                        }
                    }
                    None => break,
                },
                event = self.link.event(!paused) => self.link_event(event),
                () = sleep.as_mut(), if deadline.is_some() => self.feed(Input::Tick),
            }
            if paused {
                self.assume_alive();
            } else {
                self.carry_out();
            }
        }
    }

    /// False when it was the last.
    async fn command(&mut self, command: Command) -> bool {
        match command {
            Command::Login { ticket, timeout_ms, credentials } => {
                self.login = ticket;
                self.feed(Input::Login { ticket, timeout_ms, credentials: *credentials });
            }
            Command::Logout => self.feed(Input::Logout),
            Command::Request { ticket, timeout_ms, body } => {
                self.feed(Input::Request { ticket, timeout_ms, body: *body });
            }
            Command::UploadLog { ticket, timeout_ms } => {
                if let Some(own) = self.own.upgrade() {
                    // Nobody listens any more when the client has been destroyed meanwhile.
                    drop(aside(move || own.send(Command::LogRead { ticket, timeout_ms, text: log::tail() })));
                }
            }
            Command::LogRead { ticket, timeout_ms, text } => self.upload(Upload::new(ticket, timeout_ms, &text)),
            Command::Delivered => {
                for delivery in self.owner.returned.take() {
                    self.feed(Input::Delivered { delivery });
                }
            }
            Command::Destroy => {
                self.feed(Input::Destroy);
                self.carry_out();
                // What of this is not out in time stays.
                let _ = timeout(FAREWELL, self.link.farewells()).await;
                return false;
            }
            Command::Abandon => {
                self.owner.status.end();
                return false;
            }
        }
        true
    }

    fn link_event(&mut self, event: LinkEvent) {
        let client = self.owner.client;
        match event {
            LinkEvent::Opened { connection } => {
                log::write(Level::Info, format_args!("client {client}: connected to {}", self.link.target()));
                self.feed(Input::Opened { connection });
            }
            LinkEvent::Lost { connection, fault } => {
                log::write(Level::Warning, format_args!("client {client}: {fault}"));
                self.feed(Input::Lost { connection, fault });
            }
            LinkEvent::Frame { connection, frame } => {
                if log::enabled(Level::Debug) {
                    log::write(Level::Debug, format_args!("client {client}: received {}", received(&frame)));
                }
                self.feed(Input::Frame { connection, frame });
            }
        }
    }

    fn feed(&mut self, input: Input) {
        let now = self.now();
        self.session.handle(now, input, &mut self.outputs);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// While nothing is read, silence says nothing about the server: whenever the session pings, it hears an answer.
    /// A connection that is really gone shows when it is read again.
    fn assume_alive(&mut self) {
        let pinged = self.outputs.iter().find_map(|output| match output {
            Output::Send { connection, frame: ClientFrame::Ping } => Some(*connection),
            Output::Send { .. }
            | Output::Open { .. }
            | Output::Close { .. }
            | Output::Complete { .. }
            | Output::Emit { .. } => None,
        });
        self.carry_out();
        if let Some(connection) = pinged {
            self.feed(Input::Frame { connection, frame: ServerFrame::Pong });
            self.carry_out();
        }
    }

    fn carry_out(&mut self) {
        while !self.outputs.is_empty() {
            // Seen by the host before it is told.
            self.owner.status.update(self.login, self.session.state());
            for output in std::mem::take(&mut self.outputs) {
                self.output(output);
            }
        }
    }

    fn output(&mut self, output: Output) {
        match output {
            Output::Open { connection } => self.link.open(connection),
            Output::Close { connection } => self.link.close(connection),
            Output::Send { connection, frame } => {
                if log::enabled(Level::Debug) {
                    let client = self.owner.client;
                    log::write(Level::Debug, format_args!("client {client}: sends {}", sent(&frame)));
                }
                self.link.send(connection, &frame);
            }
            Output::Complete { ticket, result } => match self.uploads.iter().position(|(part, _)| *part == ticket) {
                Some(at) => {
                    let (_, upload) = self.uploads.swap_remove(at);
                    self.uploaded(upload, result);
                }
                None => self.complete(ticket, result),
            },
            Output::Emit { delivery, event } => {
                self.note(&event);
                self.owner.dispatcher.push_event(delivery, event);
            }
        }
    }

    fn complete(&self, ticket: Ticket, result: Outcome) {
        if let Err(fault) = &result {
            log::write(Level::Info, format_args!("client {}: request {ticket} failed: {fault}", self.owner.client));
        }
        self.owner.completions.complete(ticket, result);
    }

    /// Sends the next part of a log, or completes the upload.
    fn upload(&mut self, mut upload: Upload) {
        match upload.next() {
            Some(body) => {
                let (ticket, timeout_ms) = (self.owner.completions.ticket(), upload.timeout_ms);
                self.uploads.push((ticket, upload));
                self.feed(Input::Request { ticket, timeout_ms, body });
            }
            None => self.complete(upload.ticket, Ok(ReplyBody::UploadLog(Done {}))),
        }
    }

    fn uploaded(&mut self, upload: Upload, result: Outcome) {
        match result {
            Ok(_) => self.upload(upload),
            Err(fault) => self.complete(upload.ticket, Err(fault)),
        }
    }

    fn note(&self, event: &SessionEvent) {
        let client = self.owner.client;
        match event {
            SessionEvent::ConnectionStateChanged { state, event, extended_data } => {
                let (state, event) = (state_name(*state), event_name(*event));
                let cause = extended_data.iter().find(|(key, _)| key == "message").map_or("", |(_, cause)| cause);
                let colon = if cause.is_empty() { "" } else { ": " };
                log::write(Level::Info, format_args!("client {client}: {state} ({event}){colon}{cause}"));
            }
            SessionEvent::TokenWillExpire { seconds } => {
                log::write(Level::Info, format_args!("client {client}: the token expires in {seconds} s"));
            }
            SessionEvent::Error(fault) => log::write(Level::Warning, format_args!("client {client}: {fault}")),
            SessionEvent::Call(_) => {}
        }
    }
}

/// Tells the client that its driver has ended. When that was an accident, nothing more will be answered.
struct Ending {
    owner: Owner,
    ended: Arc<Latch>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let fault = Fault::new(Code::INTERNAL_ERROR, "the library's engine has failed; please report this");
            self.owner.status.poison();
            self.owner.status.end();
            self.owner.dispatcher.close();
            self.owner.completions.close(&fault);
        }
        self.ended.set();
    }
}

fn state_name(state: ConnectionState) -> &'static str {
    match state {
        ConnectionState::Disconnected => "disconnected",
        ConnectionState::Connecting => "connecting",
        ConnectionState::Connected => "connected",
        ConnectionState::Reconnecting => "reconnecting",
    }
}

fn event_name(event: ConnectionEvent) -> &'static str {
    match event {
        ConnectionEvent::Success => "success",
        ConnectionEvent::ActiveLogin => "login",
        ConnectionEvent::LoginTimeout => "the login's time was up",
        ConnectionEvent::LoginInterrupted => "interrupted",
        ConnectionEvent::KickedOut => "logged in elsewhere",
        ConnectionEvent::TokenExpired => "the token has expired",
        ConnectionEvent::Unregistered => "no longer registered",
    }
}

/// A frame in the log: what it is, never what it carries.
fn sent(frame: &ClientFrame) -> String {
    match frame {
        ClientFrame::Request(request) => format!("{} {}", request.body.kind(), request.id),
        ClientFrame::Ack { n } => format!("ack {n}"),
        ClientFrame::Ping => "ping".to_owned(),
        ClientFrame::Unknown { .. } => "an unknown frame".to_owned(),
    }
}

fn received(frame: &ServerFrame) -> String {
    match frame {
        ServerFrame::Reply { id, .. } => format!("the answer to {id}"),
        ServerFrame::Error { id: Some(id), fault } => format!("the refusal of {id}: {}", fault.code),
        ServerFrame::Error { id: None, fault } => format!("an error: {}", fault.code),
        ServerFrame::Event { n, event, .. } => format!("event {n} of call {}", event.call_id()),
        ServerFrame::UnknownEvent { n, .. } => format!("event {n}, of an unknown kind"),
        ServerFrame::Snapshot(snapshot) => format!("a snapshot of call {}", snapshot.call.call_id),
        ServerFrame::CaughtUp { n, .. } => format!("caught up at {n}"),
        ServerFrame::TokenWillExpire { .. } => "the token's expiry".to_owned(),
        ServerFrame::Pong => "pong".to_owned(),
        ServerFrame::Closing(closing) => format!("closing: {}", closing.code),
        ServerFrame::Unknown { .. } => "an unknown frame".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use zim_protocol::call::CallAnswer;
    use zim_protocol::frame::Request;
    use zim_protocol::id::{CallId, DeviceId, RequestId, UserId};
    use zim_protocol::session::{Closing, ClosingReason, Login};

    use super::*;

    #[test]
    fn frames_are_logged_without_what_they_carry() {
        let id = RequestId::parse("r.1").unwrap();
        let credentials = Credentials {
            app_id: 1,
            user_id: UserId::parse("alice").unwrap(),
            device_id: DeviceId::parse("device").unwrap(),
            user_name: "secret".to_owned(),
            user_avatar_url: "secret".to_owned(),
            user_extended_data: "secret".to_owned(),
            token: "secret".to_owned(),
            app_sign: "secret".to_owned(),
            client: String::new(),
        };
        let answer = CallAnswer { call_id: CallId::parse("call").unwrap(), extended_data: "secret".to_owned() };
        let bodies = [RequestBody::Login(Login { credentials, logged_out: None }), RequestBody::CallAccept(answer)];
        for body in bodies {
            let kind = body.kind();
            let line = sent(&ClientFrame::Request(Request { id: id.clone(), ttl_ms: 1, body }));
            assert_eq!(line, format!("{kind} r.1"));
        }
        let refusal = ServerFrame::Error { id: Some(id), fault: Fault::new(Code::TOKEN_INVALID, "secret") };
        assert_eq!(received(&refusal), "the refusal of r.1: 6000103 NetworkModuleTokenInvalid");
        let closing = Closing { reason: ClosingReason::Idle, code: Code::FAILED, message: "secret".to_owned() };
        assert_eq!(received(&ServerFrame::Closing(closing)), "closing: 1 Failed");
    }
}
