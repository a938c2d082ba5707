//! One connection: reads frames, executes requests one after the other, and sends what its user's log holds.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use zim_protocol::code::{Code, Fault};
use zim_protocol::frame::{ClientFrame, ReplyBody, Request, RequestBody, ServerFrame};
use zim_protocol::id::RequestId;
use zim_protocol::session::{Closing, ClosingReason, Done, LoggedIn, Snapshot, TokenRenewed};

use super::end::Rest;
use super::log::LogPosition;
use super::login::{self, Admitted, kicked_out, unavailable};
use super::registry::{Gate, Live, Order};
use super::{end, identity, upload};
use crate::calls::{self, Actor, Operation, Outcome};
use crate::node::Node;
use crate::store::{Answer, Commit, CursorChange, RequestKey, Unavailable, UserKey};
use crate::transport::{End, Incoming, Socket, Stream};

/// Frames that were not understood before a connection is closed; every request that was gives one back.
const MALFORMED: u32 = 16;
/// Events read from the store, and frames written, at once.
const PAGE: usize = 32;

/// One connection, from the WebSocket handshake to its end.
#[derive(Debug)]
pub struct Connection<S> {
    node: Arc<Node>,
    socket: Socket<S>,
    live: Arc<Live>,
    link: Option<Box<Link>>,
    opened: Instant,
    malformed: u32,
}

/// What a connection is once somebody has logged in.
#[derive(Debug)]
struct Link {
    actor: Actor,
    login_epoch: u64,
    log: LogPosition,
}

/// How a connection ends.
#[derive(Debug)]
enum Farewell {
    /// The peer is gone already, or takes nothing: the session waits for somebody to resume it.
    Lost,
    /// The client has logged out.
    LoggedOut,
    /// The session goes on over another connection.
    MakeWay,
    TooBig,
    /// With a last word.
    Closing(Closing),
    /// No sign for too long: the session ends with the connection.
    Silent,
}

/// What executing a request has led to.
#[derive(Debug)]
enum Effect {
    Answer {
        answer: Answer,
        /// Users whose logs have grown.
        told: Vec<UserKey>,
    },
    /// Somebody is logged in now.
    Welcome(Box<Admitted>),
    /// This answer is the last thing that the connection says, beside its farewell.
    End { answer: Answer, farewell: Farewell },
    /// Nobody knows the answer.
    Unanswered(Farewell),
}

impl Effect {
    fn answer(answer: Answer) -> Effect {
        Effect::Answer { answer, told: Vec::new() }
    }

    fn admission(admitted: Result<Admitted, Fault>) -> Effect {
        match admitted {
            Ok(admitted) => Effect::Welcome(Box::new(admitted)),
            Err(fault) if fault.code == Code::KICKED_OUT => {
                Effect::End { answer: Err(fault), farewell: Farewell::kicked_out() }
            }
            Err(fault) => Effect::answer(Err(fault)),
        }
    }
}

impl Farewell {
    fn closing(reason: ClosingReason, code: Code, message: impl Into<String>) -> Farewell {
        Farewell::Closing(Closing { reason, code, message: message.into() })
    }

    fn kicked_out() -> Farewell {
        let fault = kicked_out();
        Farewell::closing(ClosingReason::KickedOut, fault.code, fault.message)
    }

    fn protocol_error(message: impl Into<String>) -> Farewell {
        Farewell::closing(ClosingReason::ProtocolError, Code::PROTOCOL_ERROR, message)
    }

    fn store_failed(error: &Unavailable) -> Farewell {
        tracing::error!(%error, "a connection is closed");
        Farewell::closing(ClosingReason::Idle, Code::DATABASE_ERROR, error.to_string())
    }
}

impl From<End> for Farewell {
    fn from(end: End) -> Self {
        match end {
            End::Gone | End::Stuck => Farewell::Lost,
            End::TooBig => Farewell::TooBig,
            End::Broken(what) => Farewell::protocol_error(what),
        }
    }
}

impl<S: Stream> Connection<S> {
    pub fn new(node: Arc<Node>, socket: Socket<S>, live: Arc<Live>) -> Connection<S> {
        Connection { node, socket, live, link: None, opened: Instant::now(), malformed: 0 }
    }

    /// Lives until the connection has ended and everything about it is settled.
    pub async fn run(mut self) {
        let farewell = match self.live().await {
            Ok(never) => match never {},
            Err(farewell) => farewell,
        };
        Box::pin(self.depart(farewell)).await;
    }

    async fn live(&mut self) -> Result<std::convert::Infallible, Farewell> {
        let mut alarm = std::pin::pin!(sleep_until(self.give_up_at()));
        let mut log_first = false;
        loop {
            // By turns: a user to whom much happens must be heard, too. What is done about something has a box of its
            // own while it lasts: most connections do nothing most of the time, and each would carry the room for
            // every step of every request.
            log_first = !log_first;
            tokio::select! {
                biased;
                () = self.live.woken(), if log_first => Box::pin(self.woken()).await?,
                () = &mut alarm => {
                    let at = self.give_up_at();
                    if at <= Instant::now() {
                        return Err(self.fallen_silent());
                    }
                    alarm.as_mut().reset(at);
                }
                (at, incoming) = self.socket.read() => {
                    Box::pin(self.receive(at, incoming)).await?;
                    // A login may have brought it forward; every other sign only puts it off, which can wait.
                    let at = self.give_up_at();
                    if at < alarm.deadline() {
                        alarm.as_mut().reset(at);
                    }
                }
                () = self.live.woken(), if !log_first => Box::pin(self.woken()).await?,
            }
        }
    }

    /// There may be something new in the log, or an order.
    async fn woken(&mut self) -> Result<(), Farewell> {
        self.obey()?;
        self.send_what_is_new().await
    }

    /// When the connection is given up unless something happens: a login at first, then any sign.
    fn give_up_at(&self) -> Instant {
        let (since, limit) = match self.link {
            Some(_) => (self.socket.last_sign(), self.node.config.heartbeat_timeout_ms),
            None => (self.opened, self.node.config.login_timeout_ms),
        };
        since + Duration::from_millis(limit.into())
    }

    fn fallen_silent(&self) -> Farewell {
        match self.link {
            Some(_) => Farewell::Silent,
            None => {
                let limit = self.node.config.login_timeout_ms;
                let message = format!("nobody logged in on this connection within {limit} ms");
                Farewell::closing(ClosingReason::Idle, Code::USER_IS_NOT_LOGGED, message)
            }
        }
    }

    fn obey(&self) -> Result<(), Farewell> {
        match self.live.order() {
            None => Ok(()),
            Some(Order::KickOut) => Err(Farewell::kicked_out()),
            Some(Order::MakeWay) => Err(Farewell::MakeWay),
            Some(Order::Stop) => {
                let message = "the server is stopping; connect again in a moment";
                Err(Farewell::closing(ClosingReason::ServerStopping, Code::SERVER_STOPPING, message))
            }
        }
    }

    async fn receive(&mut self, at: Instant, incoming: Incoming) -> Result<(), Farewell> {
        match incoming {
            Incoming::Text(text) => self.take(at, text.as_str()).await,
            Incoming::Binary => {
                let message = "zim.v1 has text frames only; this one was binary";
                self.refuse(None, Fault::new(Code::PROTOCOL_ERROR, message)).await
            }
            Incoming::Sign => Ok(()),
            Incoming::End(end) => Err(end.into()),
        }
    }

    async fn take(&mut self, at: Instant, text: &str) -> Result<(), Farewell> {
        match ClientFrame::parse(text) {
            Ok(ClientFrame::Request(request)) => {
                self.malformed = self.malformed.saturating_sub(1);
                self.execute(at, request).await
            }
            Ok(ClientFrame::Ack { n }) => self.acknowledge(n).await,
            Ok(ClientFrame::Ping) => {
                self.feed(&ServerFrame::Pong)?;
                Ok(self.socket.flush(|| ()).await?)
            }
            Ok(ClientFrame::Unknown { kind }) => {
                tracing::debug!(kind, "ignored a frame of an unknown kind");
                Ok(())
            }
            Err(error) => self.refuse(error.id, error.fault).await,
        }
    }

    /// Answers a frame that cannot be taken; after too many of them, hangs up.
    async fn refuse(&mut self, id: Option<RequestId>, fault: Fault) -> Result<(), Farewell> {
        self.malformed += 1;
        tracing::debug!(code = fault.code.0, count = self.malformed, "refused a frame");
        let farewell = (self.malformed > MALFORMED).then(|| Farewell::protocol_error("too many frames made no sense"));
        self.feed(&ServerFrame::Error { id, fault })?;
        self.socket.flush(|| ()).await?;
        farewell.map_or(Ok(()), Err)
    }

    async fn acknowledge(&mut self, n: u64) -> Result<(), Farewell> {
        let Some(link) = &mut self.link else { return Ok(()) };
        let Some(done) = link.log.acknowledge(n) else { return Ok(()) };
        let cursors = vec![CursorChange::Acknowledge(link.actor.user.clone(), link.actor.session.clone(), done)];
        let commit = self.node.commit(Commit { cursors, ..Commit::default() });
        self.socket.reading_ahead(commit).await.map_err(|error| Farewell::store_failed(&error))?;
        // The window has moved: there may be more to send.
        self.send_what_is_new().await
    }

    /// Executes one request, answers it, sends what it has caused here, and only then wakes the others.
    async fn execute(&mut self, at: Instant, request: Request) -> Result<(), Farewell> {
        let kind = request.body.kind();
        let live = self.live.clone();
        let gate = live.gate.lock().await;
        if *gate == Gate::Closed {
            return Err(Farewell::MakeWay);
        }
        let done = if at.elapsed() > Duration::from_millis(request.ttl_ms.into()) {
            let ttl_ms = request.ttl_ms;
            let message = format!("{kind} waited longer than the {ttl_ms} ms it was good for, and was not started");
            Effect::answer(Err(Fault::new(Code::REQUEST_TIMEOUT, message)))
        } else {
            self.perform(&request).await
        };
        // Whoever takes the session over waits for what was executed, not for a peer that takes nothing.
        drop(gate);
        let id = request.id;
        match done {
            Effect::Answer { answer, told } => self.answer(id, kind, answer, told).await,
            Effect::Welcome(admitted) => {
                let body = match request.body {
                    RequestBody::Resume(_) => ReplyBody::Resume,
                    RequestBody::Login(_)
                    | RequestBody::Logout
                    | RequestBody::RenewToken(_)
                    | RequestBody::UploadLog(_)
                    | RequestBody::CallInvite(_)
                    | RequestBody::CallCancel(_)
                    | RequestBody::CallAccept(_)
                    | RequestBody::CallReject(_)
                    | RequestBody::CallReceived(_) => ReplyBody::Login,
                };
                self.welcome(id, kind, *admitted, body).await
            }
            Effect::End { answer, farewell } => {
                self.feed(&reply(id, answer))?;
                Err(farewell)
            }
            Effect::Unanswered(farewell) => Err(farewell),
        }
    }

    /// Does what is asked; nothing is written to the socket here.
    async fn perform(&mut self, request: &Request) -> Effect {
        if let Err(fault) = request.body.check() {
            return Effect::answer(Err(fault));
        }
        let Connection { node, socket, live, link, .. } = self;
        let operation = match &request.body {
            RequestBody::Login(_) | RequestBody::Resume(_) if link.is_some() => {
                let fault =
                    Fault::new(Code::USER_HAS_ALREADY_LOGGED, "somebody is logged in on this connection already");
                return Effect::answer(Err(fault));
            }
            RequestBody::Login(login) => {
                return Effect::admission(socket.reading_ahead(login::login(node, live, login)).await);
            }
            RequestBody::Resume(resume) => {
                return Effect::admission(socket.reading_ahead(login::resume(node, live, resume)).await);
            }
            RequestBody::Logout => {
                let answer = Ok(ReplyBody::Logout(Done {}));
                let Some(link) = link else { return Effect::End { answer, farewell: Farewell::LoggedOut } };
                return match socket.reading_ahead(end::end(node, &link.actor)).await {
                    Ok(()) => Effect::End { answer, farewell: Farewell::LoggedOut },
                    Err(error) => Effect::answer(Err(unavailable(&error))),
                };
            }
            RequestBody::RenewToken(_) => {
                let renewed = link.as_ref().ok_or_else(not_logged_in).and_then(|_| identity::verify(&node.config));
                return Effect::answer(
                    renewed.map(|token_expires_in_s| ReplyBody::RenewToken(TokenRenewed { token_expires_in_s })),
                );
            }
            RequestBody::UploadLog(part) => {
                let Some(link) = link else { return Effect::answer(Err(not_logged_in())) };
                let work = upload::take(node, &link.actor, request_key(link, &request.id), part);
                return Effect::answer(socket.reading_ahead(work).await);
            }
            RequestBody::CallInvite(invite) => Operation::Invite(invite),
            RequestBody::CallCancel(cancel) => Operation::Cancel(cancel),
            RequestBody::CallAccept(answer) => Operation::Accept(answer),
            RequestBody::CallReject(answer) => Operation::Reject(answer),
            RequestBody::CallReceived(received) => Operation::Received(received),
        };
        let Some(link) = link else { return Effect::answer(Err(not_logged_in())) };
        let key = request_key(link, &request.id);
        let work = calls::execute(node, &link.actor, link.login_epoch, &key, operation);
        match socket.reading_ahead(work).await {
            Ok(Outcome::Answered { answer, told }) => Effect::Answer { answer, told },
            Ok(Outcome::SessionGone { kicked_out: true }) => {
                Effect::End { answer: Err(kicked_out()), farewell: Farewell::kicked_out() }
            }
            Ok(Outcome::SessionGone { kicked_out: false }) => {
                let fault = Fault::new(Code::SESSION_EXPIRED, "this session has ended; connect again");
                let farewell = Farewell::closing(ClosingReason::Idle, fault.code, fault.message.clone());
                Effect::End { answer: Err(fault), farewell }
            }
            // No answer is better than a wrong one: the client asks again on its next connection.
            Err(error) if error.outcome_unknown => Effect::Unanswered(Farewell::store_failed(&error)),
            Err(error) => Effect::answer(Err(unavailable(&error))),
        }
    }

    /// The reply first, then what the log has for this device, then the others are woken: behind the write, and
    /// not behind a peer that does not read.
    async fn answer(
        &mut self,
        id: RequestId,
        kind: &'static str,
        answer: Answer,
        told: Vec<UserKey>,
    ) -> Result<(), Farewell> {
        let code = answer.as_ref().map_or_else(|fault| fault.code.0, |_| 0);
        tracing::debug!(kind, code, "answered");
        let sent = self.reply_and_log(id, answer).await;
        let (node, live) = (self.node.clone(), self.live.clone());
        let wake = || told.iter().for_each(|user| node.registry.wake(user, Some(&live)));
        match sent {
            Ok(()) => Ok(self.socket.flush(wake).await?),
            // What was committed is true, whatever has become of this connection.
            Err(farewell) => {
                wake();
                Err(farewell)
            }
        }
    }

    async fn reply_and_log(&mut self, id: RequestId, answer: Answer) -> Result<(), Farewell> {
        self.feed(&reply(id, answer))?;
        self.send_log().await
    }

    /// Answers a login or a resume: the reply, the snapshot, the log up to now, `caught_up`.
    async fn welcome(
        &mut self,
        id: RequestId,
        kind: &'static str,
        admitted: Admitted,
        body: fn(LoggedIn) -> ReplyBody,
    ) -> Result<(), Farewell> {
        let Admitted { actor, login_epoch, cursor, snapshot, token_expires_in_s } = admitted;
        let replayed = snapshot.is_none();
        tracing::info!(kind, app = actor.user.app, user = %actor.user.user, device = %actor.device, replayed, "logged in");
        let config = &self.node.config;
        let logged_in = LoggedIn {
            session_id: actor.session.clone(),
            login_epoch,
            epoch: self.node.store.epoch(),
            cursor,
            snapshot_calls: snapshot.as_ref().map(|calls| u32::try_from(calls.len()).unwrap_or(u32::MAX)),
            heartbeat_interval_ms: config.heartbeat_interval_ms,
            heartbeat_timeout_ms: config.heartbeat_timeout_ms,
            token_expires_in_s,
        };
        self.link = Some(Box::new(Link { actor, login_epoch, log: LogPosition::new(cursor) }));
        self.feed(&ServerFrame::Reply { id, body: body(logged_in) })?;
        for (number, call) in snapshot.into_iter().flatten().enumerate() {
            if number % PAGE == PAGE - 1 {
                self.socket.flush(|| ()).await?;
            }
            self.feed(&ServerFrame::Snapshot(Snapshot { call }))?;
        }
        self.send_log().await?;
        Ok(self.socket.flush(|| ()).await?)
    }

    async fn send_what_is_new(&mut self) -> Result<(), Farewell> {
        self.send_log().await?;
        Ok(self.socket.flush(|| ()).await?)
    }

    /// Feeds what the log has behind the last event sent, as far as the window allows.
    async fn send_log(&mut self) -> Result<(), Farewell> {
        let Connection { node, socket, link: Some(link), .. } = self else { return Ok(()) };
        loop {
            let room = link.log.room().min(PAGE);
            if room == 0 {
                return Ok(());
            }
            let page = node.store.log_after(&link.actor.user, link.log.seen(), room);
            let page = socket.reading_ahead(page).await.map_err(|error| Farewell::store_failed(&error))?;
            let Some(page) = page else {
                let message = "this connection has fallen too far behind; connect again for a snapshot";
                return Err(Farewell::closing(ClosingReason::Idle, Code::NETWORK_COMMON_ERROR, message));
            };
            let more = page.entries.len() == room;
            let epoch = node.store.epoch();
            for entry in page.entries {
                if !entry.audience.includes(&link.actor.device) {
                    link.log.passed(entry.n);
                    continue;
                }
                let mut event = entry.event;
                event.set_remaining_ms(entry.deadline.map_or(0, |deadline| deadline.saturating_sub(page.now)));
                socket.feed(ServerFrame::Event { epoch, n: entry.n, event }.to_json())?;
                link.log.sent(entry.n);
            }
            if !more {
                if link.log.catch_up() {
                    socket.feed(ServerFrame::CaughtUp { epoch, n: link.log.seen() }.to_json())?;
                }
                return Ok(());
            }
            socket.flush(|| ()).await?;
        }
    }

    fn feed(&mut self, frame: &ServerFrame) -> Result<(), Farewell> {
        Ok(self.socket.feed(frame.to_json())?)
    }

    /// Settles what becomes of the session, then says goodbye.
    async fn depart(mut self, farewell: Farewell) {
        self.settle(&farewell).await;
        let closing = match farewell {
            Farewell::Lost => return,
            Farewell::LoggedOut => {
                return self.say_goodbye(None, 1000, "logged out").await;
            }
            Farewell::MakeWay => return self.say_goodbye(None, 1000, "resumed on another connection").await,
            Farewell::TooBig => return self.say_goodbye(None, 1009, "frame too big").await,
            Farewell::Closing(closing) => closing,
            Farewell::Silent => Closing {
                reason: ClosingReason::Idle,
                code: Code::SESSION_EXPIRED,
                message: format!("no sign of the client for {} ms", self.node.config.heartbeat_timeout_ms),
            },
        };
        let (code, text) = match closing.reason {
            ClosingReason::KickedOut => (4001, "kicked_out"),
            ClosingReason::TokenExpired => (4002, "token_expired"),
            ClosingReason::Unregistered => (4003, "unregistered"),
            ClosingReason::ServerStopping => (4004, "server_stopping"),
            ClosingReason::Idle => (4005, "idle"),
            ClosingReason::ProtocolError | ClosingReason::Unknown => (4006, "protocol_error"),
        };
        self.say_goodbye(Some(closing), code, text).await;
    }

    /// Ends the session, or gives it the time it has to be resumed in: unless another connection has it by now. The same
    /// for what was left behind. The gate is held meanwhile: whoever resumes a session finds this done, and undoes it.
    async fn settle(&mut self, farewell: &Farewell) {
        let Connection { node, socket, live, link, .. } = self;
        let mut gate = live.gate.lock().await;
        let was_closed = std::mem::replace(&mut *gate, Gate::Closed) == Gate::Closed;
        let timeout = Duration::from_millis(node.config.heartbeat_timeout_ms.into());
        let wait = Rest::Wait { until: socket.last_sign() + timeout };
        if let Some(Link { actor, .. }) = link.take().as_deref() {
            let rest = match farewell {
                Farewell::LoggedOut => None,
                Farewell::Silent => Some(Rest::End),
                Farewell::Closing(closing) if closing.reason.is_final() => None,
                Farewell::Closing(_) | Farewell::Lost | Farewell::TooBig | Farewell::MakeWay => Some(wait),
            };
            if let Some(rest) = rest.filter(|_| !was_closed) {
                end::lay_to_rest(node, actor, rest).await;
            }
            node.registry.release(&actor.user, &actor.session, live);
            tracing::info!(app = actor.user.app, user = %actor.user.user, why = farewell.name(), "connection ended");
        }
        for actor in live.take_left_behind() {
            if node.registry.holds(&actor.user, &actor.session, live) {
                end::lay_to_rest(node, &actor, wait).await;
                node.registry.release(&actor.user, &actor.session, live);
            }
        }
    }

    async fn say_goodbye(mut self, closing: Option<Closing>, code: u16, reason: &'static str) {
        let last_word = closing.map(|closing| ServerFrame::Closing(closing).to_json());
        if last_word.is_some_and(|text| self.socket.feed(text).is_err()) {
            return;
        }
        self.socket.close(code, reason).await;
    }
}

impl Farewell {
    /// For the server's log.
    fn name(&self) -> &'static str {
        match self {
            Farewell::Lost => "lost",
            Farewell::LoggedOut => "logged out",
            Farewell::MakeWay => "resumed elsewhere",
            Farewell::TooBig => "frame too big",
            Farewell::Silent => "no sign of life",
            Farewell::Closing(closing) => match closing.reason {
                ClosingReason::KickedOut => "kicked out",
                ClosingReason::TokenExpired => "token expired",
                ClosingReason::Unregistered => "unregistered",
                ClosingReason::ServerStopping => "server stopping",
                ClosingReason::Idle => "idle",
                ClosingReason::ProtocolError => "protocol error",
                ClosingReason::Unknown => "closed",
            },
        }
    }
}

fn reply(id: RequestId, answer: Answer) -> ServerFrame {
    match answer {
        Ok(body) => ServerFrame::Reply { id, body },
        Err(fault) => ServerFrame::Error { id: Some(id), fault },
    }
}

fn request_key(link: &Link, request: &RequestId) -> RequestKey {
    RequestKey {
        user: link.actor.user.clone(),
        device: link.actor.device.clone(),
        login_epoch: link.login_epoch,
        request: request.clone(),
    }
}

fn not_logged_in() -> Fault {
    Fault::new(Code::USER_IS_NOT_LOGGED, "log in on this connection first")
}
