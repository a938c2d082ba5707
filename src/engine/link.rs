//! The one connection of a client, and those that are on their way out.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{Sink, Stream, StreamExt};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use zim_core::session::ConnectionId;
use zim_protocol::code::{Code, Fault};
use zim_protocol::frame::{ClientFrame, ServerFrame};

use super::connect::{Attempt, Connector, Socket};
use super::target::Target;

/// A connection that was given up gets this long to bring out its last words.
pub const FAREWELL: Duration = Duration::from_millis(300);

pub struct Link {
    connector: Arc<Connector>,
    state: State,
    farewells: Vec<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

enum State {
    Idle,
    Connecting { connection: ConnectionId, attempt: Attempt },
    Open(Box<Open>),
}

struct Open {
    connection: ConnectionId,
    socket: Socket,
    /// Frames have been written that may still be in the buffer.
    unflushed: bool,
    /// Writing has failed.
    broken: Option<Fault>,
}

#[derive(Debug)]
pub enum LinkEvent {
    Opened { connection: ConnectionId },
    Lost { connection: ConnectionId, fault: Fault },
    Frame { connection: ConnectionId, frame: ServerFrame },
}

impl Link {
    pub fn new(connector: Connector) -> Link {
        Link { connector: Arc::new(connector), state: State::Idle, farewells: Vec::new() }
    }

    pub fn target(&self) -> &Target {
        &self.connector.target
    }

    /// Begins to connect; an older connection ends.
    pub fn open(&mut self, connection: ConnectionId) {
        self.say_farewell();
        let attempt = Box::pin(self.connector.clone().connect());
        self.state = State::Connecting { connection, attempt };
    }

    /// Ends the connection, after what was sent on it has gone out.
    pub fn close(&mut self, connection: ConnectionId) {
        if self.connection() == Some(connection) {
            self.say_farewell();
        }
    }

    /// Queues a frame; `event` brings it out.
    pub fn send(&mut self, connection: ConnectionId, frame: &ClientFrame) {
        let State::Open(open) = &mut self.state else { return };
        if open.connection != connection {
            return;
        }
        open.unflushed = true;
        if let Err(error) = Pin::new(&mut open.socket).start_send(Message::text(frame.to_json())) {
            open.broken = Some(lost(&self.connector.target, &error));
        }
    }

    /// The next thing that happens. Frames are taken only with `read`; what was sent goes out in any case.
    pub async fn event(&mut self, read: bool) -> LinkEvent {
        poll_fn(|context| self.poll(context, read)).await
    }

    /// Until the last words of every former connection are out, or their time is up.
    pub async fn farewells(&mut self) {
        poll_fn(|context| {
            self.poll_farewells(context);
            if self.farewells.is_empty() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    fn connection(&self) -> Option<ConnectionId> {
        match &self.state {
            State::Idle => None,
            State::Connecting { connection, .. } => Some(*connection),
            State::Open(open) => Some(open.connection),
        }
    }

    fn poll(&mut self, context: &mut Context<'_>, read: bool) -> Poll<LinkEvent> {
        self.poll_farewells(context);
        let (connection, ending) = match &mut self.state {
            State::Idle => return Poll::Pending,
            State::Connecting { connection, attempt } => {
                let connection = *connection;
                match attempt.as_mut().poll(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(socket)) => {
                        let open = Open { connection, socket, unflushed: false, broken: None };
                        self.state = State::Open(Box::new(open));
                        return Poll::Ready(LinkEvent::Opened { connection });
                    }
                    Poll::Ready(Err(fault)) => {
                        self.state = State::Idle;
                        return Poll::Ready(LinkEvent::Lost { connection, fault });
                    }
                }
            }
            State::Open(open) => {
                let polled = open.poll(context, read, &self.connector.target);
                match polled {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(frame)) => {
                        return Poll::Ready(LinkEvent::Frame { connection: open.connection, frame });
                    }
                    Poll::Ready(Err(ending)) => (open.connection, ending),
                }
            }
        };
        match ending.polite {
            true => self.say_farewell(),
            false => self.state = State::Idle,
        }
        Poll::Ready(LinkEvent::Lost { connection, fault: ending.fault })
    }

    fn poll_farewells(&mut self, context: &mut Context<'_>) {
        self.farewells.retain_mut(|farewell| farewell.as_mut().poll(context).is_pending());
    }

    /// Lets go of the connection. Closing a socket with unread bytes would make the kernel throw away what the other
    /// side has not read yet: so it is read to its end.
    fn say_farewell(&mut self) {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Idle | State::Connecting { .. } => {}
            State::Open(mut open) => self.farewells.push(Box::pin(async move {
                let farewell = async {
                    if open.socket.close(None).await.is_ok() {
                        while let Some(Ok(_)) = open.socket.next().await {}
                    }
                };
                // What is not out by now stays.
                let _ = timeout(FAREWELL, farewell).await;
            })),
        }
    }
}

struct Ending {
    fault: Fault,
    /// The connection still works: it is closed as the protocol wants it.
    polite: bool,
}

impl Open {
    fn poll(&mut self, context: &mut Context<'_>, read: bool, target: &Target) -> Poll<Result<ServerFrame, Ending>> {
        if let Some(fault) = self.broken.take() {
            return Poll::Ready(Err(Ending { fault, polite: false }));
        }
        if self.unflushed {
            match Pin::new(&mut self.socket).poll_flush(context) {
                Poll::Pending => {}
                Poll::Ready(Ok(())) => self.unflushed = false,
                Poll::Ready(Err(error)) => {
                    return Poll::Ready(Err(Ending { fault: lost(target, &error), polite: false }));
                }
            }
        }
        if !read {
            return Poll::Pending;
        }
        loop {
            let message = match Pin::new(&mut self.socket).poll_next(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(message))) => message,
                Poll::Ready(Some(Err(error))) => {
                    return Poll::Ready(Err(Ending { fault: lost(target, &error), polite: false }));
                }
                Poll::Ready(None) => {
                    return Poll::Ready(Err(Ending { fault: lost(target, &Error::ConnectionClosed), polite: false }));
                }
            };
            match message {
                Message::Text(text) => return Poll::Ready(read_frame(target, text.as_str())),
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
                Message::Binary(bytes) => {
                    let what = format!("a binary frame of {} bytes", bytes.len());
                    return Poll::Ready(Err(Ending { fault: broken_rule(target, &what), polite: true }));
                }
                Message::Close(frame) => {
                    return Poll::Ready(Err(Ending { fault: closed(target, frame.as_ref()), polite: true }));
                }
            }
        }
    }
}

/// An answer that cannot be read is the end of its request; anything else that cannot be read, of the connection.
fn read_frame(target: &Target, text: &str) -> Result<ServerFrame, Ending> {
    ServerFrame::parse(text).or_else(|error| match error.id {
        Some(id) => {
            let message = format!("the answer of {target} cannot be understood: {}", error.fault.message);
            Ok(ServerFrame::Error { id: Some(id), fault: Fault::new(Code::RSP_PROTO_PARSE_ERROR, message) })
        }
        None => Err(Ending { fault: broken_rule(target, &error.fault.message), polite: true }),
    })
}

fn broken_rule(target: &Target, what: &str) -> Fault {
    Fault::new(Code::PROTOCOL_ERROR, format!("{target} sent what the protocol does not allow: {what}"))
}

fn closed(target: &Target, frame: Option<&CloseFrame>) -> Fault {
    let why = match frame {
        Some(frame) if !frame.reason.is_empty() => format!(" ({}: {})", u16::from(frame.code), frame.reason.as_str()),
        Some(frame) => format!(" ({})", u16::from(frame.code)),
        None => String::new(),
    };
    Fault::new(Code::SERVER_DISCONNECT, format!("{target} closed the connection{why}"))
}

#[allow(clippy::wildcard_enum_match_arm, reason = "the kinds depend on the library's features")]
fn lost(target: &Target, error: &Error) -> Fault {
    match error {
        Error::Capacity(why) => broken_rule(target, &format!("a frame that is too large: {why}")),
        Error::Utf8(_) | Error::AttackAttempt => broken_rule(target, &error.to_string()),
        Error::ConnectionClosed | Error::AlreadyClosed => {
            Fault::new(Code::SERVER_DISCONNECT, format!("{target} closed the connection"))
        }
        _ => Fault::new(Code::SERVER_DISCONNECT, format!("the connection to {target} was lost: {error}")),
    }
}
