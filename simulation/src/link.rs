//! A device's connection: what the engine of the library does with a socket.

use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{Sink, Stream as _, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;
use zim_core::session::ConnectionId;
use zim_protocol::code::{Code, Fault};
use zim_protocol::frame::{ClientFrame, ServerFrame};

use crate::network::Stream;
use crate::world::World;

/// A connection that was given up gets this long to bring out its last words.
const FAREWELL: Duration = Duration::from_millis(300);

const REQUEST: &[u8] = b"GET /zim HTTP/1.1\r\nHost: simulation\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: zim.v1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

type Attempt = Pin<Box<dyn Future<Output = std::io::Result<WebSocketStream<Stream>>> + Send>>;

pub struct Link {
    world: Arc<World>,
    device: usize,
    state: State,
}

enum State {
    Idle,
    Connecting { connection: ConnectionId, attempt: Attempt },
    Open { connection: ConnectionId, socket: Box<WebSocketStream<Stream>> },
}

#[derive(Debug)]
pub enum LinkEvent {
    Opened { connection: ConnectionId },
    Lost { connection: ConnectionId, fault: Fault },
    Frame { connection: ConnectionId, frame: ServerFrame },
}

impl Link {
    pub fn new(world: Arc<World>, device: usize) -> Link {
        Link { world, device, state: State::Idle }
    }

    pub fn open(&mut self, connection: ConnectionId) {
        self.say_farewell();
        let (world, device) = (self.world.clone(), self.device);
        let attempt = Box::pin(async move {
            let mut stream = world.network.connect(device).await?;
            stream.write_all(REQUEST).await?;
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await?);
            }
            Ok(WebSocketStream::from_raw_socket(stream, Role::Client, None).await)
        });
        self.state = State::Connecting { connection, attempt };
    }

    /// Ends the connection, after what was sent on it has gone out.
    pub fn close(&mut self, closed: ConnectionId) {
        match &self.state {
            State::Connecting { connection, .. } | State::Open { connection, .. } if *connection == closed => {
                self.say_farewell();
            }
            State::Idle | State::Connecting { .. } | State::Open { .. } => {}
        }
    }

    /// The process is gone, and its sockets with it.
    pub fn vanish(&mut self) {
        self.state = State::Idle;
    }

    pub fn send(&mut self, wanted: ConnectionId, frame: &ClientFrame) {
        if let State::Open { connection, socket } = &mut self.state
            && *connection == wanted
        {
            // What goes wrong here shows when the socket is polled next.
            let _ = Pin::new(&mut **socket).start_send(Message::text(frame.to_json()));
        }
    }

    pub async fn event(&mut self) -> LinkEvent {
        let event = poll_fn(|cx| self.poll(cx)).await;
        match event {
            Some(event) => event,
            None => pending().await,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<LinkEvent>> {
        match &mut self.state {
            State::Idle => Poll::Ready(None),
            State::Connecting { connection, attempt } => {
                let connection = *connection;
                attempt.as_mut().poll(cx).map(|attempted| match attempted {
                    Ok(socket) => {
                        self.state = State::Open { connection, socket: Box::new(socket) };
                        Some(LinkEvent::Opened { connection })
                    }
                    Err(error) => {
                        self.state = State::Idle;
                        let fault = Fault::new(Code::NETWORK_ERROR, error.to_string());
                        Some(LinkEvent::Lost { connection, fault })
                    }
                })
            }
            State::Open { connection, socket } => {
                let connection = *connection;
                let flushed = Pin::new(&mut **socket).poll_flush(cx);
                let lost = match flushed {
                    Poll::Ready(Err(error)) => error.to_string(),
                    Poll::Ready(Ok(())) | Poll::Pending => match Pin::new(&mut **socket).poll_next(cx) {
                        Poll::Pending => return Poll::Pending,
                        Poll::Ready(Some(Ok(Message::Text(text)))) => match ServerFrame::parse(text.as_str()) {
                            Ok(frame) => return Poll::Ready(Some(LinkEvent::Frame { connection, frame })),
                            Err(error) => error.fault.message,
                        },
                        Poll::Ready(Some(Ok(Message::Close(_)))) => {
                            self.say_farewell();
                            "closed".to_owned()
                        }
                        Poll::Ready(Some(Ok(other))) => format!("{other:?}"),
                        Poll::Ready(Some(Err(error))) => error.to_string(),
                        Poll::Ready(None) => "closed".to_owned(),
                    },
                };
                self.state = State::Idle;
                Poll::Ready(Some(LinkEvent::Lost { connection, fault: Fault::new(Code::SERVER_DISCONNECT, lost) }))
            }
        }
    }

    fn say_farewell(&mut self) {
        if let State::Open { mut socket, .. } = std::mem::replace(&mut self.state, State::Idle) {
            tokio::spawn(async move {
                let farewell = async {
                    if socket.close(None).await.is_ok() {
                        while let Some(Ok(_)) = socket.next().await {}
                    }
                };
                // What is not out by now stays.
                let _ = timeout(FAREWELL, farewell).await;
            });
        }
    }
}
