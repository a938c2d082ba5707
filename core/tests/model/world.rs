//! Everything at once: devices with the real `ClientSession`, their hosts, the network, the server, the time.

use zim_core::Millis;
use zim_core::session::{ClientConfig, ClientSession, ConnectionState, Input, Output, SessionEvent};
use zim_protocol::call::{CallAnswer, CallCancel, CallInvite, CallMode};
use zim_protocol::code::{Code, Fault};
use zim_protocol::frame::{ClientFrame, ReplyBody, RequestBody, ServerFrame};
use zim_protocol::id::{CallId, DeviceId, UserId};
use zim_protocol::session::Credentials;

use crate::choices::{Scope, Turn};
use crate::host::{Asked, Host, Outcome};
use crate::server::{Server, Taken, Wire};
use crate::shared::Shared;

/// The invitation rings for 1 s; the ring ends by itself 1 s later.
const RING_S: u32 = 1;
/// An invite may fail while the invitation rings.
const INVITE_TIMEOUT_MS: u32 = 500;
/// An answer may be in flight for longer than the ring.
const ANSWER_TIMEOUT_MS: u32 = 5_000;
/// How long an acknowledgement waits for company.
const ACK_AFTER_MS: Millis = 50;

#[derive(Clone, Debug, PartialEq, Hash)]
pub struct World {
    pub now: Millis,
    pub server: Shared<Server>,
    pub devices: Vec<Shared<Device>>,
    pub cuts: u8,
    pub expiries: u8,
    /// A device whose turn it still is.
    pub turn: Turn,
    pub problem: Option<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Device {
    pub session: ClientSession,
    pub host: Host,
    /// Connections whose requests may still reach the server, oldest first; the last is the client's own if it has
    /// one.
    pub wires: Vec<Wire>,
    /// The connection that the client has.
    pub live: Option<u64>,
    /// The connection that the client wants.
    pub opening: Option<u64>,
    /// The newest entry of the log that the client has read on this connection, and that the server knew of when
    /// it answered it.
    pub read: u64,
    pub head: u64,
    /// The client has taken a snapshot.
    pub resumed_afresh: bool,
}

fn call_id() -> CallId {
    CallId::parse("call").expect("a short name")
}

impl Device {
    pub fn is_connected(&self) -> bool {
        self.session.state() == ConnectionState::Connected
    }

    pub fn live_wire(&mut self) -> Option<&mut Wire> {
        let live = self.live?;
        self.wires.iter_mut().find(|wire| wire.connection == live)
    }

    pub fn live(&self) -> Option<&Wire> {
        let live = self.live?;
        self.wires.iter().find(|wire| wire.connection == live)
    }
}

impl World {
    pub fn new(scope: &Scope) -> World {
        let alice = ("alice", "a", &[] as &[Asked]);
        let devices = std::iter::once(&alice).chain(&scope.callees).enumerate().map(|(at, (name, device, _))| {
            let config = ClientConfig { request_prefix: (*device).to_owned(), jitter_seed: at as u64 };
            let (me, device) = (UserId::parse(name).expect("a name"), DeviceId::parse(device).expect("a name"));
            Shared::new(Device {
                session: ClientSession::new(config),
                host: Host::new(me, device),
                wires: Vec::new(),
                live: None,
                opening: None,
                read: 0,
                head: 0,
                resumed_afresh: false,
            })
        });
        let mut world = World {
            now: 0,
            server: Shared::new(Server::new(scope.faults)),
            devices: devices.collect(),
            cuts: scope.cuts,
            expiries: scope.expiries,
            turn: Turn::Anybody,
            problem: None,
        };
        for at in 0..world.devices.len() {
            let host = &world.devices[at].get().host;
            let credentials = Credentials {
                app_id: 1,
                user_id: host.me.clone(),
                device_id: host.device.clone(),
                user_name: String::new(),
                user_avatar_url: String::new(),
                user_extended_data: String::new(),
                token: String::new(),
                app_sign: String::new(),
                client: String::new(),
            };
            world.input(at, scope, Input::Login { ticket: 0, timeout_ms: 10_000, credentials });
            world.open(at, scope);
            world.take(at, 0, scope);
            while world.can_read(at) {
                world.read(at, scope);
            }
            assert!(world.devices[at].get().is_connected());
        }
        world
    }

    pub fn blame(&mut self, check: Result<(), &'static str>) {
        if let (Err(problem), None) = (check, self.problem) {
            self.problem = Some(problem);
        }
    }

    /// Hands an input to a device's session; does what it asks for, the host's callbacks included.
    pub fn input(&mut self, at: usize, scope: &Scope, input: Input) {
        self.input_at(at, scope, self.now, input);
        let device = self.devices[at].get();
        let ack_at = self.now + ACK_AFTER_MS;
        if device.is_connected() && device.session.next_deadline() == Some(ack_at) {
            self.input_at(at, scope, ack_at, Input::Tick);
        }
    }

    pub fn input_at(&mut self, at: usize, scope: &Scope, now: Millis, input: Input) {
        let mut inputs = vec![input];
        while let Some(input) = (!inputs.is_empty()).then(|| inputs.remove(0)) {
            let mut outputs = Vec::new();
            self.devices[at].change(|device| device.session.handle(now, input, &mut outputs));
            for output in outputs {
                inputs.extend(self.output(at, scope, output));
            }
        }
    }

    pub fn output(&mut self, at: usize, scope: &Scope, output: Output) -> Option<Input> {
        match output {
            Output::Open { connection } => {
                self.devices[at].change(|device| device.opening = Some(connection));
                None
            }
            Output::Close { connection } => {
                self.devices[at].change(|device| {
                    if device.live == Some(connection) {
                        device.live = None;
                    }
                    device.opening = device.opening.filter(|opening| *opening != connection);
                });
                None
            }
            Output::Send { connection, frame } => self.send(at, scope, connection, frame),
            Output::Complete { ticket, result } => {
                let asked = match ticket {
                    1 => Asked::Invite,
                    2 => Asked::Cancel,
                    3 => Asked::Accept,
                    4 => Asked::Reject,
                    _ => return None,
                };
                let call = self.server.get().call.clone();
                let check = self.devices[at].change(|device| device.host.completed(asked, &result, call.as_ref()));
                self.blame(check);
                None
            }
            Output::Emit { delivery, event } => {
                match event {
                    SessionEvent::Call(event) => {
                        let server = self.server.get();
                        let device = self.devices[at].get();
                        let answered_with = server.users[&device.host.me].answered_with;
                        let is_over = answered_with.is_some_and(|n| n <= device.read.max(device.head));
                        let call = server.call.clone();
                        let check = self.devices[at].change(|device| device.host.told(&event, is_over, call.as_ref()));
                        self.blame(check);
                    }
                    SessionEvent::Error(_) => self.blame(Err("the client takes the server for broken")),
                    SessionEvent::ConnectionStateChanged { .. } | SessionEvent::TokenWillExpire { .. } => {}
                }
                Some(Input::Delivered { delivery })
            }
        }
    }

    pub fn send(&mut self, at: usize, scope: &Scope, connection: u64, frame: ClientFrame) -> Option<Input> {
        match frame {
            // Acknowledgements only let the log forget; they arrive at once or not at all.
            ClientFrame::Ack { n } => {
                let device = self.devices[at].get();
                if let Some(on) = device.live().and_then(|wire| wire.attached.clone()) {
                    let me = device.host.me.clone();
                    self.server.change(|server| server.acknowledge(&me, &on.session, n));
                }
                None
            }
            ClientFrame::Request(request) => {
                if let (RequestBody::CallReceived(call), false) = (&request.body, scope.receipts) {
                    let body =
                        ReplyBody::CallReceived(zim_protocol::call::CallAnswered { call_id: call.call_id.clone() });
                    return Some(Input::Frame { connection, frame: ServerFrame::Reply { id: request.id, body } });
                }
                self.devices[at].change(|device| {
                    if let Some(wire) = device.live_wire() {
                        wire.up.push_back(request);
                    }
                });
                None
            }
            ClientFrame::Ping | ClientFrame::Unknown { .. } => {
                self.blame(Err("a heartbeat although there are none"));
                None
            }
        }
    }

    /// The connection that the client wants stands.
    pub fn open(&mut self, at: usize, scope: &Scope) {
        if self.devices[at].get().opening.is_none() {
            let until = self.devices[at].get().session.next_deadline().expect("a client that is away comes back");
            self.input_at(at, scope, until, Input::Tick);
        }
        let connection = self.devices[at].change(|device| {
            let connection = device.opening.take()?;
            device.wires.push(Wire { connection, ..Wire::default() });
            device.live = Some(connection);
            Some(connection)
        });
        match connection {
            Some(connection) => self.input(at, scope, Input::Opened { connection }),
            None => self.blame(Err("a client that is away does not come back")),
        }
    }

    pub fn cut(&mut self, at: usize, scope: &Scope) {
        let connection = self.devices[at].change(|device| {
            if let Some(wire) = device.live_wire() {
                wire.down.clear();
            }
            device.wires.retain(|wire| !wire.up.is_empty());
            device.live.take()
        });
        if let Some(connection) = connection {
            let fault = Fault::new(Code::NETWORK_ERROR, "cut");
            self.input(at, scope, Input::Lost { connection, fault });
        }
    }

    /// The server takes the first request off one of the device's connections.
    pub fn take(&mut self, at: usize, wire: usize, scope: &Scope) {
        let now = self.now;
        let (me, name) = (self.devices[at].get().host.me.clone(), self.devices[at].get().host.device.clone());
        let (request, attached, connection) = self.devices[at].change(|device| {
            let wire = &mut device.wires[wire];
            (wire.up.pop_front(), wire.attached.clone(), wire.connection)
        });
        let Some(request) = request else { return };
        let taken = self.server.change(|server| server.take(now, &me, &name, attached.as_ref(), request));
        let server = self.server.get();
        let unsent = |mut sent: u64| {
            std::iter::from_fn(move || {
                let frame = server.next_event(now, &me, &name, sent)?;
                if let ServerFrame::Event { n, .. } = &frame {
                    sent = *n;
                }
                Some(frame)
            })
        };
        self.devices[at].change(|device| {
            let wire = &mut device.wires[wire];
            match taken {
                Taken::Greeted(attached, frames) => {
                    wire.attached = Some(attached);
                    wire.down.extend(frames);
                    // From here on nothing of an earlier connection is executed.
                    if !scope.faults.does_not_fence {
                        device.wires.retain(|wire| wire.connection >= connection);
                    }
                }
                Taken::Answered(frame) => {
                    if let Some(on) = wire.attached.as_mut().filter(|_| scope.faults.tells_before_it_answers) {
                        wire.down.extend(unsent(on.sent));
                        on.sent = server.users[&device.host.me].inbox.head();
                    }
                    wire.down.push_back(frame);
                }
                Taken::Refused => wire.up.clear(),
            }
            for wire in device.wires.iter_mut().filter(|wire| Some(wire.connection) != device.live) {
                wire.down.clear();
            }
            device.wires.retain(|wire| Some(wire.connection) == device.live || !wire.up.is_empty());
        });
    }

    /// What the device would read next: what is on its way, or else what the server would send next. So a reply may
    /// overtake events that it has nothing to do with, as it does when the server reads the log after replying.
    pub fn next_frame(&self, at: usize) -> Option<(ServerFrame, bool)> {
        let device = self.devices[at].get();
        let wire = device.live()?;
        if let Some(frame) = wire.down.front() {
            return Some((frame.clone(), false));
        }
        let on = wire.attached.as_ref()?;
        let host = &device.host;
        let frame = self.server.get().next_event(self.now, &host.me, &host.device, on.sent)?;
        Some((frame, true))
    }

    pub fn can_read(&self, at: usize) -> bool {
        self.next_frame(at).is_some()
    }

    pub fn read(&mut self, at: usize, scope: &Scope) {
        let Some((frame, is_from_log)) = self.next_frame(at) else { return };
        let connection = self.devices[at].change(|device| {
            let head = device.live().and_then(|wire| wire.attached.as_ref()).map_or(0, |on| on.head);
            match &frame {
                ServerFrame::Event { n, .. } | ServerFrame::CaughtUp { n, .. } => device.read = *n,
                ServerFrame::Reply { body: ReplyBody::Login(answer) | ReplyBody::Resume(answer), .. } => {
                    (device.read, device.head) = (answer.cursor, head);
                }
                ServerFrame::Snapshot(_) => device.resumed_afresh = true,
                ServerFrame::Reply { .. }
                | ServerFrame::Error { .. }
                | ServerFrame::UnknownEvent { .. }
                | ServerFrame::TokenWillExpire { .. }
                | ServerFrame::Pong
                | ServerFrame::Closing(_)
                | ServerFrame::Unknown { .. } => {}
            }
            let read_now = device.read;
            let has_begun = device.is_connected();
            let wire = device.live_wire()?;
            if let Some(on) = wire.attached.as_mut().filter(|_| has_begun) {
                on.head = 0;
            }
            match (is_from_log, &mut wire.attached) {
                (true, Some(on)) => on.sent = read_now,
                (true, None) | (false, _) => drop(wire.down.pop_front()),
            }
            device.live
        });
        if let Some(connection) = connection {
            self.input(at, scope, Input::Frame { connection, frame });
        }
    }

    pub fn ask(&mut self, at: usize, asked: Asked, scope: &Scope) {
        self.devices[at].change(|device| device.host.results.insert(asked, Outcome::Open));
        let answer = || CallAnswer { call_id: call_id(), extended_data: String::new() };
        let (ticket, timeout_ms, body) = match asked {
            Asked::Invite => {
                let mut invitees: Vec<UserId> =
                    self.devices.iter().skip(1).map(|device| device.get().host.me.clone()).collect();
                invitees.dedup();
                let invite = CallInvite {
                    call_id: call_id(),
                    invitees,
                    timeout_s: RING_S,
                    mode: CallMode::General,
                    extended_data: String::new(),
                    not_received_check: false,
                    push: None,
                };
                (1, INVITE_TIMEOUT_MS, RequestBody::CallInvite(invite))
            }
            Asked::Cancel => {
                let cancel = CallCancel {
                    call_id: call_id(),
                    invitees: Vec::new(),
                    extended_data: String::new(),
                    push: None,
                    withdraw: false,
                };
                (2, ANSWER_TIMEOUT_MS, RequestBody::CallCancel(cancel))
            }
            Asked::Accept => (3, ANSWER_TIMEOUT_MS, RequestBody::CallAccept(answer())),
            Asked::Reject => (4, ANSWER_TIMEOUT_MS, RequestBody::CallReject(answer())),
        };
        self.input(at, scope, Input::Request { ticket, timeout_ms, body });
    }
}
