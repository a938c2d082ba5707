//! A server for tests: takes WebSockets on a port of its own, and does what the test says.

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio_tungstenite::accept_hdr_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request as Handshake, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;
use zim_protocol::SUBPROTOCOL;
use zim_protocol::code::{Code, Fault};
use zim_protocol::frame::{ClientFrame, ReplyBody, Request, RequestBody, ServerFrame};
use zim_protocol::id::SessionId;
use zim_protocol::session::LoggedIn;

use super::PATIENCE;

/// How the server answers handshakes.
#[derive(Clone, Copy, Default)]
pub struct Manners {
    pub subprotocol: Option<&'static str>,
    pub status: Option<u16>,
}

pub struct Server {
    pub address: SocketAddr,
    connections: Receiver<Connection>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// One accepted WebSocket. Dropped, it is cut without a word.
pub struct Connection {
    frames: Receiver<ClientFrame>,
    orders: UnboundedSender<Order>,
}

enum Order {
    Send(Message),
}

impl Server {
    pub fn start() -> Server {
        Server::with(Manners { subprotocol: Some(SUBPROTOCOL), status: None }, None)
    }

    pub fn with(manners: Manners, tls: Option<tokio_rustls::TlsAcceptor>) -> Server {
        let (connected, connections) = channel();
        let (stop, stopped) = oneshot::channel();
        let (told, address) = channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                told.send(listener.local_addr().unwrap()).unwrap();
                tokio::select! {
                    _ = stopped => {}
                    () = accept(listener, manners, tls, connected) => {}
                }
            });
        });
        let address = address.recv_timeout(PATIENCE).unwrap();
        Server { address, connections, stop: Some(stop), thread: Some(thread) }
    }

    pub fn url(&self) -> String {
        format!("ws://{}/zim", self.address)
    }

    pub fn accept(&self) -> Connection {
        self.connections.recv_timeout(PATIENCE).unwrap()
    }

    /// Accepts, and answers the login.
    pub fn accept_login(&self) -> Connection {
        let connection = self.accept();
        connection.welcome();
        connection
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept(
    listener: TcpListener,
    manners: Manners,
    tls: Option<tokio_rustls::TlsAcceptor>,
    connected: Sender<Connection>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).unwrap();
        let connected = connected.clone();
        match tls.clone() {
            Some(tls) => tokio::spawn(async move {
                if let Ok(stream) = tls.accept(stream).await {
                    serve(stream, manners, connected).await;
                }
            }),
            None => tokio::spawn(serve(stream, manners, connected)),
        };
    }
}

#[expect(clippy::result_large_err, reason = "the library's type")]
async fn serve<S: AsyncRead + AsyncWrite + Unpin>(stream: S, manners: Manners, connected: Sender<Connection>) {
    let answer = move |_: &Handshake, mut response: Response| {
        if let Some(status) = manners.status {
            let mut refusal = ErrorResponse::new(None);
            *refusal.status_mut() = status.try_into().unwrap();
            return Err(refusal);
        }
        if let Some(subprotocol) = manners.subprotocol {
            response.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static(subprotocol));
        }
        Ok(response)
    };
    let Ok(mut socket) = accept_hdr_async(stream, answer).await else { return };
    let (orders, mut receiver): (_, UnboundedReceiver<Order>) = unbounded_channel();
    let (frame, frames) = channel();
    if connected.send(Connection { frames, orders }).is_err() {
        return;
    }
    loop {
        tokio::select! {
            order = receiver.recv() => match order {
                Some(Order::Send(message)) => {
                    if socket.send(message).await.is_err() {
                        return;
                    }
                }
                None => return,
            },
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => {
                    let read = ClientFrame::parse(text.as_str()).unwrap();
                    if frame.send(read).is_err() {
                        return;
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
        }
    }
}

impl Connection {
    pub fn frame(&self) -> ClientFrame {
        self.frames.recv_timeout(PATIENCE).unwrap()
    }

    pub fn request(&self) -> Request {
        match self.frame() {
            ClientFrame::Request(request) => request,
            other => panic!("a request was expected; got {other:?}"),
        }
    }

    /// Nothing more comes: the client has closed.
    pub fn expect_end(&self) {
        assert_eq!(self.frames.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected));
    }

    pub fn expect_nothing_for(&self, time: Duration) {
        assert_eq!(self.frames.recv_timeout(time), Err(RecvTimeoutError::Timeout));
    }

    /// Answers a login or a resume with a session that has seen nothing.
    pub fn welcome(&self) -> Request {
        self.welcome_with(|_| {})
    }

    pub fn welcome_with(&self, change: impl FnOnce(&mut LoggedIn)) -> Request {
        let request = self.request();
        let mut answer = LoggedIn {
            session_id: SessionId::parse("session").unwrap(),
            login_epoch: 1,
            epoch: 7,
            cursor: 0,
            snapshot_calls: Some(0),
            heartbeat_interval_ms: 10_000,
            heartbeat_timeout_ms: 35_000,
            token_expires_in_s: None,
        };
        change(&mut answer);
        let (epoch, cursor) = (answer.epoch, answer.cursor);
        let body = match &request.body {
            RequestBody::Login(_) => ReplyBody::Login(answer),
            RequestBody::Resume(_) => ReplyBody::Resume(answer),
            other => panic!("a login was expected; got {}", other.kind()),
        };
        self.reply(&request, body);
        self.send(&ServerFrame::CaughtUp { epoch, n: cursor });
        request
    }

    pub fn reply(&self, request: &Request, body: ReplyBody) {
        self.send(&ServerFrame::Reply { id: request.id.clone(), body });
    }

    pub fn refuse(&self, request: &Request, code: Code, message: &str) {
        self.send(&ServerFrame::Error { id: Some(request.id.clone()), fault: Fault::new(code, message) });
    }

    pub fn send(&self, frame: &ServerFrame) {
        self.send_raw(Message::text(frame.to_json()));
    }

    pub fn send_raw(&self, message: Message) {
        self.orders.send(Order::Send(message)).unwrap();
    }
}
