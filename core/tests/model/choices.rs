//! What may happen in a world, and what must hold whatever does.

use std::collections::BTreeMap;

use stateright::{Model, Property};
use zim_core::Millis;
use zim_core::session::Input;
use zim_protocol::call::CallUserState;
use zim_protocol::frame::ServerFrame;
use zim_protocol::id::UserId;

use crate::host::{Asked, Ending, Host, Outcome, Ring};
use crate::server::{Faults, Server, is_answer};
use crate::shared::Shared;
use crate::world::World;

/// The moments at which something happens by itself: the invite times out, the invitation does, the ring does, and
/// everything else has.
const MOMENTS: [Millis; 4] = [500, 1_000, 2_000, 9_000];

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
    /// On a link that stands nothing is under way while time passes; a device reads at once what its host cannot
    /// race with, which is everything but the end of its ring; a resume reaches the server at once; a link is cut
    /// when that loses or delays something. Otherwise any frame may be under way for any time.
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

/// Steps of one device that nothing else can tell apart from later ones are taken at once: a request reaches the
/// server, or is overtaken by what its own device does or by time, before anybody else does anything; and so does
/// the answer to it on its way back. Any other order of the same steps ends in a state that is reached this way, too:
/// a host asks as late as it can, and what others do does not depend on what is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Turn {
    Anybody,
    Asked(usize),
    Answered(usize),
    /// The link is gone: what was under way has still arrived, or is lost.
    Gone(usize),
    /// A host without a link has asked.
    AskedAway(usize),
}

impl World {
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
