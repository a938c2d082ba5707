//! Everything at once: devices with the real `ClientSession`, their hosts, the network, the server, the time.

use std::collections::BTreeMap;

use stateright::{Model, Property};
use zim_core::Millis;
use zim_core::session::{ClientConfig, ClientSession, ConnectionState, Input, Output, SessionEvent};
use zim_protocol::call::{CallAnswer, CallCancel, CallInvite, CallMode, CallUserState};
use zim_protocol::code::{Code, Fault};
use zim_protocol::frame::{ClientFrame, ReplyBody, RequestBody, ServerFrame};
use zim_protocol::id::{CallId, DeviceId, UserId};
use zim_protocol::session::Credentials;

use crate::host::{Asked, Ending, Host, Outcome, Ring};
use crate::server::{Faults, Server, Taken, Wire, is_answer};
use crate::shared::Shared;

/// The invitation rings for 1 s; the ring ends by itself 1 s later.
const RING_S: u32 = 1;
/// An invite may fail while the invitation rings.
const INVITE_TIMEOUT_MS: u32 = 500;
/// An answer may be in flight for longer than the ring.
const ANSWER_TIMEOUT_MS: u32 = 5_000;
/// The moments at which something happens by itself: the invite times out, the invitation does, the ring does, and
/// everything else has.
const MOMENTS: [Millis; 4] = [500, 1_000, 2_000, 9_000];
/// How long an acknowledgement waits for company.
const ACK_AFTER_MS: Millis = 50;

/// What may happen.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Whom alice calls: name, device, what they may do.
    pub callees: Vec<(&'static str, &'static str, &'static [Asked])>,
    pub cancels: bool,
    /// Links that may be cut altogether.
    pub cuts: u8,
    /// Sessions that may expire while their device is away.
    pub expiries: u8,
    /// Receipts go over the network like any request; otherwise they are taken without effect.
    pub receipts: bool,
    /// A connected device reads at once what its host cannot race with: everything but the end of its ring. A link
    /// that comes back reaches the server at once. Otherwise any frame may be under way for any time.
    pub is_prompt: bool,
    pub faults: Faults,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// The host asks for something.
    Ask(usize, Asked),
    /// The server takes a request off a connection of the device: the oldest that still lives, or a newer one.
    Take(usize, usize),
    /// The device reads what comes next.
    Read(usize),
    Cut(usize),
    Reconnect(usize),
    /// The server's timer fires.
    Timer,
    /// The server gives a device up that is away.
    Expire(usize),
    /// What was under way on connections that are gone never arrives.
    Lose(usize),
    /// Nothing happens until something happens by itself.
    Wait,
}

#[derive(Clone, Debug, PartialEq, Hash)]
pub struct World {
    now: Millis,
    server: Shared<Server>,
    devices: Vec<Shared<Device>>,
    cuts: u8,
    expiries: u8,
    /// A device whose turn it still is.
    turn: Turn,
    pub problem: Option<&'static str>,
}

/// Steps of one device that nothing else can tell apart from later ones are taken at once: a request reaches the
/// server, or is overtaken by what its own device does or by time, before anybody else does anything; and so does
/// the answer to it on its way back. Any other order of the same steps ends in the same state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Turn {
    Anybody,
    Asked(usize),
    Answered(usize),
    /// The link is gone: what was under way has still arrived, or is lost.
    Gone(usize),
    /// A host without a link has asked.
    AskedAway(usize),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Device {
    session: ClientSession,
    host: Host,
    /// Connections whose requests may still reach the server, oldest first; the last is the client's own if it has
    /// one.
    wires: Vec<Wire>,
    /// The connection that the client has.
    live: Option<u64>,
    /// The connection that the client wants.
    opening: Option<u64>,
    /// The newest entry of the log that the client has read on this connection, and that the server knew of when
    /// it answered it.
    read: u64,
    head: u64,
    /// The client has taken a snapshot.
    resumed_afresh: bool,
}

fn call_id() -> CallId {
    CallId::parse("call").expect("a short name")
}

impl Device {
    fn is_connected(&self) -> bool {
        self.session.state() == ConnectionState::Connected
    }

    fn live_wire(&mut self) -> Option<&mut Wire> {
        let live = self.live?;
        self.wires.iter_mut().find(|wire| wire.connection == live)
    }

    fn live(&self) -> Option<&Wire> {
        let live = self.live?;
        self.wires.iter().find(|wire| wire.connection == live)
    }
}

impl World {
    fn new(scope: &Scope) -> World {
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

    fn blame(&mut self, check: Result<(), &'static str>) {
        if let (Err(problem), None) = (check, self.problem) {
            self.problem = Some(problem);
        }
    }

    /// Hands an input to a device's session; does what it asks for, the host's callbacks included.
    fn input(&mut self, at: usize, scope: &Scope, input: Input) {
        self.input_at(at, scope, self.now, input);
        let device = self.devices[at].get();
        let ack_at = self.now + ACK_AFTER_MS;
        if device.is_connected() && device.session.next_deadline() == Some(ack_at) {
            self.input_at(at, scope, ack_at, Input::Tick);
        }
    }

    fn input_at(&mut self, at: usize, scope: &Scope, now: Millis, input: Input) {
        let mut inputs = vec![input];
        while let Some(input) = (!inputs.is_empty()).then(|| inputs.remove(0)) {
            let mut outputs = Vec::new();
            self.devices[at].change(|device| device.session.handle(now, input, &mut outputs));
            for output in outputs {
                inputs.extend(self.output(at, scope, output));
            }
        }
    }

    fn output(&mut self, at: usize, scope: &Scope, output: Output) -> Option<Input> {
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

    fn send(&mut self, at: usize, scope: &Scope, connection: u64, frame: ClientFrame) -> Option<Input> {
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
    fn open(&mut self, at: usize, scope: &Scope) {
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

    fn cut(&mut self, at: usize, scope: &Scope) {
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
    fn take(&mut self, at: usize, wire: usize, scope: &Scope) {
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
            let is_live = device.live == Some(connection);
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
            is_live
        });
    }

    /// What the device would read next: what is on its way, or else what the server would send next. So a reply may
    /// overtake events that it has nothing to do with, as it does when the server reads the log after replying.
    fn next_frame(&self, at: usize) -> Option<(ServerFrame, bool)> {
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

    fn can_read(&self, at: usize) -> bool {
        self.next_frame(at).is_some()
    }

    fn read(&mut self, at: usize, scope: &Scope) {
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

    fn ask(&mut self, at: usize, asked: Asked, scope: &Scope) {
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

    /// When something happens by itself next.
    fn next_moment(&self) -> Option<Millis> {
        let server = self.server.get();
        let hosts = || self.devices.iter().map(|device| &device.get().host);
        let inviting = hosts().any(|host| host.outcome(Asked::Invite) == Some(Outcome::Open));
        let pending = server.call.as_ref().is_some_and(|call| !call.is_ended());
        let ringing = hosts().any(|host| host.ring == Ring::Ringing);
        let waiting = hosts().any(|host| host.results.values().any(|outcome| *outcome == Outcome::Open));
        let matters = [inviting, inviting || pending, ringing || inviting, waiting];
        let later = MOMENTS.into_iter().zip(matters).filter(|(at, _)| *at > self.now);
        later.filter(|(_, matters)| *matters).map(|(at, _)| at).next()
    }

    /// Whether a device has no way to the server that the server knows of.
    fn is_away(&self, at: usize) -> bool {
        let device = self.devices[at].get();
        device.live.is_none() && device.wires.is_empty()
    }

    fn actions(&self, scope: &Scope, actions: &mut Vec<Action>) {
        if self.devices[0].get().host.outcome(Asked::Invite).is_none() {
            return actions.push(Action::Ask(0, Asked::Invite));
        }
        match self.turn {
            Turn::Asked(at) => {
                self.take_actions(at, actions);
                self.own_actions(at, scope, actions);
            }
            Turn::Answered(at) => self.own_actions(at, scope, actions),
            Turn::Gone(at) => {
                self.take_actions(at, actions);
                actions.push(Action::Lose(at));
            }
            Turn::AskedAway(at) => actions.push(Action::Reconnect(at)),
            Turn::Anybody => {
                // Nothing that others do depends on when these are read; only a cut of their own can prevent it.
                let at_once = |at: &usize| self.reads_at_once(*at, scope);
                if let Some(at) = (0..self.devices.len()).find(at_once) {
                    return self.own_actions(at, scope, actions);
                }
                for at in 0..self.devices.len() {
                    self.ask_actions(at, scope, actions);
                    self.take_actions(at, actions);
                    self.own_actions(at, scope, actions);
                    self.away_actions(at, actions);
                }
                if self.server.get().is_due(self.now) {
                    actions.push(Action::Timer);
                }
            }
        }
        let is_under_way = match self.turn {
            Turn::Asked(_) | Turn::Answered(_) => scope.is_prompt,
            Turn::Gone(_) | Turn::AskedAway(_) | Turn::Anybody => false,
        };
        if self.next_moment().is_some() && !is_under_way {
            actions.push(Action::Wait);
        }
    }

    /// What the host of a device may ask for.
    fn may_ask<'a>(&self, at: usize, scope: &Scope) -> &'a [Asked] {
        let host = &self.devices[at].get().host;
        match at {
            0 => match host.outcome(Asked::Invite) == Some(Outcome::Done) && host.outcome(Asked::Cancel).is_none() {
                true if scope.cancels && self.now < 1_000 => &[Asked::Cancel],
                true | false => &[],
            },
            _ => match host.ring == Ring::Ringing && host.results.is_empty() {
                true => scope.callees[at - 1].2,
                false => &[],
            },
        }
    }

    fn reads_at_once(&self, at: usize, scope: &Scope) -> bool {
        let Some((frame, _)) = self.next_frame(at) else { return false };
        let host = &self.devices[at].get().host;
        if !scope.is_prompt {
            return self.cuts == 0 && self.is_done(at, scope);
        }
        let may_end_ring = match &frame {
            ServerFrame::Event { event, .. } => is_answer(&host.me, event),
            ServerFrame::CaughtUp { .. } => true,
            ServerFrame::Reply { .. }
            | ServerFrame::Error { .. }
            | ServerFrame::UnknownEvent { .. }
            | ServerFrame::Snapshot(_)
            | ServerFrame::TokenWillExpire { .. }
            | ServerFrame::Pong
            | ServerFrame::Closing(_)
            | ServerFrame::Unknown { .. } => false,
        };
        !(may_end_ring && host.ring == Ring::Ringing)
    }

    /// The host has no more to ask and waits for nothing; nothing that it reads and no time can change that.
    fn is_done(&self, at: usize, scope: &Scope) -> bool {
        let host = &self.devices[at].get().host;
        let is_over = match host.ring {
            Ring::Ended(_) => true,
            Ring::NotShown => at == 0,
            Ring::Ringing => false,
        };
        is_over && self.may_ask(at, scope).is_empty() && host.results.values().all(|outcome| *outcome != Outcome::Open)
    }

    fn ask_actions(&self, at: usize, scope: &Scope, actions: &mut Vec<Action>) {
        actions.extend(self.may_ask(at, scope).iter().map(|asked| Action::Ask(at, *asked)));
    }

    fn take_actions(&self, at: usize, actions: &mut Vec<Action>) {
        let wires = self.devices[at].get().wires.iter().enumerate();
        actions.extend(wires.filter(|(_, wire)| !wire.up.is_empty()).map(|(wire, _)| Action::Take(at, wire)));
    }

    fn own_actions(&self, at: usize, scope: &Scope, actions: &mut Vec<Action>) {
        let can_read = self.can_read(at);
        if can_read {
            actions.push(Action::Read(at));
        }
        // A cut that loses nothing is as good as a device that is slow, up to the moment when there is something.
        let loses = can_read || self.devices[at].get().live().is_some_and(|wire| !wire.up.is_empty());
        if self.cuts > 0 && self.devices[at].get().live.is_some() && (loses || !scope.is_prompt) {
            actions.push(Action::Cut(at));
        }
    }

    fn away_actions(&self, at: usize, actions: &mut Vec<Action>) {
        let host = &self.devices[at].get().host;
        if self.devices[at].get().live.is_none() {
            actions.push(Action::Reconnect(at));
        }
        let session = self.server.get().session_of(&host.me, &host.device);
        if self.expiries > 0 && self.is_away(at) && session.is_some() {
            actions.push(Action::Expire(at));
        }
    }

    fn step(&mut self, action: Action, scope: &Scope) {
        let turn = std::mem::replace(&mut self.turn, Turn::Anybody);
        match action {
            Action::Ask(at, asked) => {
                self.ask(at, asked, scope);
                self.turn = match self.devices[at].get().live() {
                    Some(wire) if !wire.up.is_empty() => Turn::Asked(at),
                    Some(_) => Turn::Anybody,
                    None => Turn::AskedAway(at),
                };
            }
            Action::Lose(at) => {
                self.devices[at].change(|device| device.wires.retain(|wire| Some(wire.connection) == device.live));
            }
            Action::Take(at, wire) => {
                self.take(at, wire, scope);
                let device = self.devices[at].get();
                if device.live().is_some_and(|wire| !wire.down.is_empty()) {
                    self.turn = Turn::Answered(at);
                } else if turn == Turn::Gone(at) && !device.wires.is_empty() {
                    self.turn = turn;
                }
            }
            Action::Read(at) => {
                self.read(at, scope);
                let reads_on = self.devices[at].get().live().is_some_and(|wire| !wire.down.is_empty());
                if reads_on && turn == Turn::Answered(at) {
                    self.turn = turn;
                }
            }
            Action::Cut(at) => {
                self.cuts -= 1;
                self.cut(at, scope);
                if scope.is_prompt && !self.devices[at].get().wires.is_empty() {
                    self.turn = Turn::Gone(at);
                }
            }
            Action::Reconnect(at) => {
                self.open(at, scope);
                if scope.is_prompt {
                    let wire = self.devices[at].get().wires.len() - 1;
                    self.take(at, wire, scope);
                }
            }
            Action::Timer => {
                let now = self.now;
                self.server.change(|server| server.tick(now));
            }
            Action::Expire(at) => {
                self.expiries -= 1;
                let (now, host) = (self.now, &self.devices[at].get().host);
                let (me, name) = (host.me.clone(), host.device.clone());
                self.server.change(|server| {
                    if let Some(session) = server.session_of(&me, &name) {
                        server.expire(now, &me, &session);
                    }
                });
            }
            Action::Wait => {
                self.now = self.next_moment().unwrap_or(self.now);
                for at in 0..self.devices.len() {
                    self.input(at, scope, Input::Tick);
                }
            }
        }
        if self.server.get().made_after_withdrawal {
            self.blame(Err("a call comes into being after it was withdrawn"));
        }
        self.forget();
    }

    /// What can no longer make a difference must not tell states apart: an invitation is shown once, and then it
    /// does not matter any more what was known when.
    fn forget(&mut self) {
        let caller = self.devices[0].get().host.me.clone();
        for device in &mut self.devices {
            let host = &device.get().host;
            let is_over = host.ring != Ring::NotShown || host.me == caller;
            if is_over && (device.get().read, device.get().head) != (0, 0) {
                device.change(|device| (device.read, device.head) = (0, 0));
            }
        }
        let ended_at = self.server.get().call.as_ref().and_then(|call| call.ended_at);
        if ended_at.is_some_and(|at| at > 0) {
            self.server.change(Server::forget_the_end);
        }
        let users: Vec<UserId> = self.server.get().users.keys().cloned().collect();
        for user in users {
            let mut devices = self.devices.iter().map(Shared::get).filter(|device| device.host.me == user);
            let is_over = devices.all(|device| device.host.ring != Ring::NotShown);
            if is_over && self.server.get().users[&user].answered_with.is_some_and(|n| n > 0) {
                self.server.change(|server| server.forget_when(&user));
            }
        }
    }

    /// Nothing more happens: everybody is connected, everything has been read.
    fn settled(&self) -> Result<(), &'static str> {
        let server = self.server.get();
        for device in &self.devices {
            let device = device.get();
            if !device.is_connected() {
                return Err("a device does not come back");
            }
            device.host.settled(server.call.as_ref())?;
        }
        let alice = self.devices[0].get().host.outcome(Asked::Invite);
        if server.call.as_ref().is_some_and(|call| !call.is_ended()) {
            return Err("a call goes on for ever");
        }
        if alice == Some(Outcome::Done) && server.call.is_none() {
            return Err("a call that was made does not exist");
        }
        Ok(())
    }

    /// The device is up to date, and its host has heard nothing of a call that is over.
    fn is_withheld(&self, at: usize) -> bool {
        let device = self.devices[at].get();
        let is_over = self.server.get().call.as_ref().is_some_and(|call| call.is_ended());
        is_over && device.is_connected() && !self.can_read(at) && device.host.told.is_empty()
    }

    fn some_host(&self, test: impl Fn(&Host) -> bool) -> bool {
        self.devices.iter().any(|device| test(&device.get().host))
    }
}

impl Model for Scope {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(self)]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        if world.problem.is_none() {
            world.actions(self, actions);
        }
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut next = world.clone();
        next.step(action, self);
        if next.problem.is_none() {
            let mut actions = Vec::new();
            next.actions(self, &mut actions);
            if actions.iter().all(|action| matches!(action, Action::Cut(_))) {
                let check = next.settled();
                next.blame(check);
            }
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Scope>> {
        let mut properties = vec![Property::<Scope>::always("all is well", |_, world| world.problem.is_none())];
        if self.faults == Faults::default() {
            properties.extend(seen(self));
        }
        properties
    }
}

/// What must be seen to happen, or the model proves nothing.
fn seen(scope: &Scope) -> Vec<Property<Scope>> {
    let mut seen = vec![
        Property::<Scope>::sometimes("an own answer ends a ring", |_, world| {
            world.some_host(|host| host.ring == Ring::Ended(Ending::OwnAnswer))
        }),
        Property::<Scope>::sometimes("a ring times out by the server's word", |_, world| {
            world.some_host(|host| host.ring == Ring::Ended(Ending::Timeout) && !host.ended_here)
        }),
        Property::<Scope>::sometimes("a ring ends by itself", |_, world| world.some_host(|host| host.ended_here)),
        Property::<Scope>::sometimes("an answer is refused", |_, world| {
            world.some_host(|host| host.outcome(Asked::Accept) == Some(Outcome::Refused))
        }),
        Property::<Scope>::sometimes("an invitation is withheld", |_, world| {
            (1..world.devices.len()).any(|at| world.is_withheld(at))
        }),
    ];
    if scope.cuts > 0 {
        seen.push(Property::<Scope>::sometimes("an invite is withdrawn", |_, world| world.server.get().withdrawn));
        seen.push(Property::<Scope>::sometimes("an answer of unknown outcome was done", |_, world| {
            world.some_host(|host| {
                host.outcome(Asked::Accept) == Some(Outcome::Unknown) && host.own_row() == Some(CallUserState::Accepted)
            })
        }));
    }
    if scope.cancels {
        seen.push(Property::<Scope>::sometimes("a ring is cancelled", |_, world| {
            world.some_host(|host| host.ring == Ring::Ended(Ending::Cancelled))
        }));
    }
    if scope.expiries > 0 {
        seen.push(Property::<Scope>::sometimes("a snapshot is taken", |_, world| {
            world.devices.iter().any(|device| device.get().resumed_afresh)
        }));
    }
    let users: BTreeMap<_, usize> = scope.callees.iter().fold(BTreeMap::new(), |mut users, (name, _, _)| {
        *users.entry(*name).or_default() += 1;
        users
    });
    if users.values().any(|devices| *devices > 1) {
        seen.push(Property::<Scope>::sometimes("a ring is answered elsewhere", |_, world| {
            world.some_host(|host| host.ring == Ring::Ended(Ending::Elsewhere))
        }));
    }
    seen
}
