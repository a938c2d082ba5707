//! A server to test, and a client that speaks `zim.v1` and nothing more.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use zim_protocol::call::{CallAnswer, CallCancel, CallEvent, CallInfo, CallInvite, CallMode, CallReceived, CallUser};
use zim_protocol::code::Fault;
use zim_protocol::frame::{ClientFrame, ReplyBody, Request, RequestBody, ServerFrame};
use zim_protocol::id::{CallId, DeviceId, RequestId, UserId};
use zim_protocol::session::{Credentials, LoggedIn, Login, Resume};
use zim_server::config::Config;
use zim_server::store::{MemoryStore, Store};
use zim_server::{RunError, run_with_store};

/// Nothing here takes this long; what does has failed.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub const APP: u32 = 1;

pub struct TestServer {
    pub address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), RunError>>,
}

impl TestServer {
    pub async fn dev() -> TestServer {
        TestServer::start(Config::dev()).await
    }

    pub async fn start(config: Config) -> TestServer {
        TestServer::over(config, Arc::new(MemoryStore::new())).await
    }

    pub async fn over(config: Config, store: Arc<dyn Store>) -> TestServer {
        watch_for_panics();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async {
            // Either told, or the test is over.
            let _ = stopped.await;
        };
        let task = tokio::spawn(run_with_store(listener, config, store, shutdown));
        TestServer { address, stop, task }
    }

    pub async fn stop(self) {
        self.stop.send(()).unwrap();
        timeout(PATIENCE, self.task).await.expect("stops in time").unwrap().unwrap();
        let panics = PANICS.lock().unwrap();
        assert!(panics.is_empty(), "the server has panicked: {panics:?}");
    }
}

/// Panics in the server's own tasks, which would otherwise only close a connection.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn watch_for_panics() {
    static WATCH: Once = Once::new();
    WATCH.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            // A test that fails panics as well.
            if !place.contains("tests/server/") {
                PANICS.lock().unwrap_or_else(PoisonError::into_inner).push(place);
            }
            usual(panic);
        }));
    });
}

pub type Ws = WebSocketStream<TcpStream>;

pub struct Client {
    pub ws: Ws,
    pub name: String,
    pub credentials: Credentials,
    pub session: Option<LoggedIn>,
    /// The last event taken.
    pub cursor: u64,
    /// Frames that came while a reply was waited for.
    pub queue: VecDeque<ServerFrame>,
    /// Pings this often while it waits, and does not mention the answers.
    pub ping_every: Option<Duration>,
    next_request: u64,
}

impl Client {
    /// Connects, and says nothing.
    pub async fn connect(server: &TestServer, user: &str, device: &str) -> Client {
        Client::connect_to(server.address, user, device).await
    }

    /// The same where only the address is known.
    pub async fn connect_to(address: SocketAddr, user: &str, device: &str) -> Client {
        let stream = TcpStream::connect(address).await.unwrap();
        Client {
            ws: upgrade(stream, address).await,
            name: user.to_owned(),
            credentials: credentials(user, device),
            session: None,
            cursor: 0,
            queue: VecDeque::new(),
            ping_every: None,
            next_request: 0,
        }
    }

    /// Connects, logs in and has caught up. The device is called as the user.
    pub async fn login(server: &TestServer, user: &str) -> Client {
        let (client, snapshot) = Client::login_on(server, user, user).await;
        assert!(snapshot.is_empty(), "{snapshot:?}");
        client
    }

    /// The same from a device of its own; returns the snapshot, too.
    pub async fn login_on(server: &TestServer, user: &str, device: &str) -> (Client, Vec<CallInfo>) {
        Client::login_to(server.address, user, device).await
    }

    pub async fn login_at(address: SocketAddr, user: &str) -> Client {
        Client::login_to(address, user, user).await.0
    }

    pub async fn login_to(address: SocketAddr, user: &str, device: &str) -> (Client, Vec<CallInfo>) {
        let mut client = Client::connect_to(address, user, device).await;
        let body = RequestBody::Login(Login { credentials: client.credentials.clone(), logged_out: None });
        let snapshot = client.enter(body).await.unwrap();
        (client, snapshot)
    }

    /// Goes on with the session on a new connection. The old one stays as it is, in the returned client's place.
    pub async fn resume(&mut self, server: &TestServer, calls: &[&str]) -> Result<Vec<CallInfo>, Fault> {
        self.resume_at(server.address, calls).await
    }

    pub async fn resume_at(&mut self, address: SocketAddr, calls: &[&str]) -> Result<Vec<CallInfo>, Fault> {
        let stream = TcpStream::connect(address).await.unwrap();
        self.ws = upgrade(stream, address).await;
        self.queue.clear();
        let body = self.resume_body(calls);
        self.enter(body).await
    }

    pub fn resume_body(&self, calls: &[&str]) -> RequestBody {
        let session = self.session.clone().unwrap();
        RequestBody::Resume(Resume {
            credentials: self.credentials.clone(),
            session_id: session.session_id,
            login_epoch: session.login_epoch,
            epoch: session.epoch,
            cursor: self.cursor,
            calls: calls.iter().map(|call| call_id(call)).collect(),
        })
    }

    /// Logs in or resumes, and reads the snapshot. With a snapshot also up to `caught_up`; without one the
    /// replayed events wait in the queue, and `caught_up` behind them.
    async fn enter(&mut self, body: RequestBody) -> Result<Vec<CallInfo>, Fault> {
        let session = match self.request(body).await? {
            ReplyBody::Login(session) | ReplyBody::Resume(session) => session,
            other => panic!("{other:?}"),
        };
        let mut calls = Vec::new();
        for _ in 0..session.snapshot_calls.unwrap_or(0) {
            match self.next().await {
                ServerFrame::Snapshot(snapshot) => calls.push(snapshot.call),
                other => panic!("{other:?}"),
            }
        }
        if session.snapshot_calls.is_some() {
            self.cursor = session.cursor;
            let caught_up = ServerFrame::CaughtUp { epoch: session.epoch, n: session.cursor };
            assert_eq!(self.next().await, caught_up);
        }
        self.session = Some(session);
        Ok(calls)
    }

    pub async fn send(&mut self, frame: &ClientFrame) {
        timeout(PATIENCE, self.ws.send(Message::text(frame.to_json()))).await.expect("takes frames").unwrap();
    }

    pub async fn send_text(&mut self, text: impl Into<String>) {
        timeout(PATIENCE, self.ws.send(Message::text(text.into()))).await.expect("takes frames").unwrap();
    }

    /// Sends a request with an ID of its own.
    pub async fn ask(&mut self, body: RequestBody) -> RequestId {
        self.next_request += 1;
        let id = RequestId::parse(&format!("r{}", self.next_request)).unwrap();
        self.send(&ClientFrame::Request(Request { id: id.clone(), ttl_ms: 10_000, body })).await;
        id
    }

    /// Sends a request and waits for its answer; what comes before is kept.
    pub async fn request(&mut self, body: RequestBody) -> Result<ReplyBody, Fault> {
        let id = self.ask(body).await;
        self.answer(&id).await
    }

    pub async fn answer(&mut self, wanted: &RequestId) -> Result<ReplyBody, Fault> {
        let mut before = VecDeque::new();
        loop {
            let answer = match self.next().await {
                ServerFrame::Reply { id, body } if id == *wanted => Ok(body),
                ServerFrame::Error { id: Some(id), fault } if id == *wanted => Err(fault),
                other => {
                    before.push_back(other);
                    continue;
                }
            };
            while let Some(frame) = before.pop_back() {
                self.queue.push_front(frame);
            }
            return answer;
        }
    }

    /// The next frame, in order; panics when the connection has ended.
    pub async fn next(&mut self) -> ServerFrame {
        match self.queue.pop_front() {
            Some(frame) => frame,
            None => self.read().await.unwrap_or_else(|end| panic!("{}: the connection has ended: {end}", self.name)),
        }
    }

    /// Reads a frame off the socket, or how the connection has ended.
    pub async fn read(&mut self) -> Result<ServerFrame, String> {
        let start = Instant::now();
        loop {
            let wait = self.ping_every.unwrap_or(PATIENCE);
            let Ok(message) = timeout(wait, self.ws.next()).await else {
                assert!(start.elapsed() < PATIENCE, "{}: nothing came", self.name);
                self.send(&ClientFrame::Ping).await;
                continue;
            };
            match message {
                Some(Ok(Message::Text(text))) => {
                    let frame = ServerFrame::parse(&text).unwrap();
                    if self.ping_every.is_some() && frame == ServerFrame::Pong {
                        continue;
                    }
                    if let ServerFrame::Event { n, .. } = &frame {
                        assert!(*n > self.cursor, "{}: event {n} after {}", self.name, self.cursor);
                        self.cursor = *n;
                    }
                    return Ok(frame);
                }
                Some(Ok(Message::Close(Some(close)))) => return Err(u16::from(close.code).to_string()),
                Some(Ok(Message::Close(None))) => return Err("closed".to_owned()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(other)) => panic!("{other:?}"),
                Some(Err(error)) => return Err(error.to_string()),
                None => return Err("end".to_owned()),
            }
        }
    }

    /// The next frame, which is an event.
    pub async fn event(&mut self) -> CallEvent {
        match self.next().await {
            ServerFrame::Event { event, .. } => event,
            other => panic!("{}: expected an event, got {other:?}", self.name),
        }
    }

    /// The next `count` frames in short.
    pub async fn told(&mut self, count: usize) -> Vec<String> {
        let mut told = Vec::new();
        for _ in 0..count {
            told.push(short(&self.next().await));
        }
        told
    }

    pub async fn acknowledge(&mut self) {
        self.send(&ClientFrame::Ack { n: self.cursor }).await;
    }

    /// What came since, up to and without an invitation to the call `end`: with it as the last event of the log
    /// that proves that nothing else came.
    pub async fn told_until_call(&mut self, end: &str) -> Vec<String> {
        let mut told = Vec::new();
        loop {
            let frame = self.next().await;
            match &frame {
                ServerFrame::Event { event, .. } if event.call_id().as_str() == end => return told,
                _ => told.push(short(&frame)),
            }
        }
    }

    pub async fn invite(&mut self, call: &str, invitees: &[&str]) -> Result<ReplyBody, Fault> {
        self.request(invite(call, invitees)).await
    }

    pub async fn accept(&mut self, call: &str) -> Result<ReplyBody, Fault> {
        self.request(RequestBody::CallAccept(answer(call, "yes"))).await
    }

    pub async fn reject(&mut self, call: &str) -> Result<ReplyBody, Fault> {
        self.request(RequestBody::CallReject(answer(call, "no"))).await
    }

    pub async fn received(&mut self, call: &str) -> Result<ReplyBody, Fault> {
        self.request(RequestBody::CallReceived(CallReceived { call_id: call_id(call) })).await
    }

    pub async fn cancel(&mut self, call: &str, invitees: &[&str]) -> Result<ReplyBody, Fault> {
        self.request(cancel(call, invitees)).await
    }
}

pub async fn upgrade(stream: TcpStream, address: SocketAddr) -> Ws {
    stream.set_nodelay(true).unwrap();
    let mut request = format!("ws://{address}/zim").into_client_request().unwrap();
    request.headers_mut().insert("Sec-WebSocket-Protocol", "zim.v1".parse().unwrap());
    let (ws, response) = timeout(PATIENCE, tokio_tungstenite::client_async(request, stream)).await.unwrap().unwrap();
    assert_eq!(response.headers()["Sec-WebSocket-Protocol"], "zim.v1");
    ws
}

pub fn credentials(user: &str, device: &str) -> Credentials {
    Credentials {
        app_id: APP,
        user_id: user_id(user),
        device_id: DeviceId::parse(device).unwrap(),
        user_name: String::new(),
        user_avatar_url: String::new(),
        user_extended_data: String::new(),
        token: String::new(),
        app_sign: String::new(),
        client: "test".to_owned(),
    }
}

pub fn user_id(user: &str) -> UserId {
    UserId::parse(user).unwrap()
}

pub fn call_id(call: &str) -> CallId {
    CallId::parse(call).unwrap()
}

/// An invitation for a minute.
pub fn invite(call: &str, invitees: &[&str]) -> RequestBody {
    RequestBody::CallInvite(invitation(call, invitees))
}

pub fn invitation(call: &str, invitees: &[&str]) -> CallInvite {
    CallInvite {
        call_id: call_id(call),
        invitees: invitees.iter().map(|user| user_id(user)).collect(),
        timeout_s: 60,
        mode: CallMode::General,
        extended_data: "hello".to_owned(),
        not_received_check: false,
        push: None,
    }
}

pub fn cancel(call: &str, invitees: &[&str]) -> RequestBody {
    RequestBody::CallCancel(CallCancel {
        call_id: call_id(call),
        invitees: invitees.iter().map(|user| user_id(user)).collect(),
        extended_data: "sorry".to_owned(),
        push: None,
        withdraw: false,
    })
}

pub fn withdraw(call: &str) -> RequestBody {
    RequestBody::CallCancel(CallCancel {
        call_id: call_id(call),
        invitees: Vec::new(),
        extended_data: String::new(),
        push: None,
        withdraw: true,
    })
}

pub fn answer(call: &str, extended_data: &str) -> CallAnswer {
    CallAnswer { call_id: call_id(call), extended_data: extended_data.to_owned() }
}

/// A frame in a few words, without numbers and times.
pub fn short(frame: &ServerFrame) -> String {
    match frame {
        ServerFrame::Event { event, .. } => match event {
            CallEvent::CallInvited(call) => {
                format!(
                    "invited {} by {} \"{}\": {}",
                    call.call_id,
                    call.inviter,
                    call.extended_data,
                    rows(&call.users)
                )
            }
            CallEvent::CallCreated { call, by_this_device } => {
                let place = if *by_this_device { "here" } else { "elsewhere" };
                format!("created {} {place}: {}", call.call_id, rows(&call.users))
            }
            CallEvent::CallChanged(change) => {
                let by = change.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
                let ended = if change.ended { ", ended" } else { "" };
                let trigger = serde_json::to_value(change.trigger).unwrap();
                let trigger = trigger.as_str().unwrap();
                let data = &change.extended_data;
                let data = if data.is_empty() { String::new() } else { format!(" \"{data}\"") };
                format!("{trigger} {}{by}{data}: {}{ended}", change.call_id, rows(&change.users))
            }
        },
        ServerFrame::Reply { body, .. } => {
            let body = serde_json::to_value(body).unwrap();
            format!("reply {}", body["of"].as_str().unwrap())
        }
        ServerFrame::Error { fault, .. } => format!("error {}", fault.code.0),
        ServerFrame::CaughtUp { .. } => "caught up".to_owned(),
        ServerFrame::Pong => "pong".to_owned(),
        ServerFrame::Closing(closing) => {
            format!("closing {}", serde_json::to_value(closing.reason).unwrap().as_str().unwrap())
        }
        other => format!("{other:?}"),
    }
}

pub fn rows(users: &[CallUser]) -> String {
    let rows = users.iter().map(|user| {
        let reason = if user.reason.is_success() { String::new() } else { format!(" {}", user.reason.0) };
        format!("{} {}{reason}", user.user_id, user.state.name())
    });
    rows.collect::<Vec<_>>().join(", ")
}
