//! A device: a real `ClientSession`, its connection, and a host that does what chance tells it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use tokio::time::sleep_until;
use zim_core::Millis;
use zim_core::call::HostEvent;
use zim_core::session::{ClientSession, ConnectionState, Input, Output, SessionEvent};
use zim_protocol::code::Code;
use zim_protocol::frame::{ClientFrame, ReplyBody, ServerFrame};
use zim_protocol::id::{DeviceId, UserId};
use zim_protocol::session::LoggedIn;

use crate::host::Host;
use crate::link::{Link, LinkEvent};
use crate::mutation::Mutation;
use crate::rng::Rng;
use crate::user::Plan;
use crate::words::described;
use crate::world::World;

pub const APP: u32 = 1;

pub struct Device {
    pub(crate) index: usize,
    pub(crate) user: UserId,
    pub(crate) id: DeviceId,
    pub(crate) world: Arc<World>,
    pub(crate) rng: Rng,
    link: Link,
    /// The process; `None` while there is none.
    pub(crate) session: Option<ClientSession>,
    /// What the process's clock said when the run began.
    pub(crate) clock: Millis,
    pub(crate) host: Host,
    outputs: Vec<Output>,
    /// Callbacks that return later, in order.
    returns: VecDeque<(Millis, u64)>,
    pub(crate) plans: BTreeMap<(Millis, u64), Plan>,
    pub(crate) last_plan: u64,
    /// How often this host looks around.
    pub(crate) pace_ms: Millis,
    slow_host: bool,
    pub(crate) lives: u32,
}

impl Device {
    pub fn new(world: Arc<World>, index: usize, user: UserId, number: u32, seed: u64) -> Device {
        let name = format!("{user}/{number}");
        let id = DeviceId::parse(&name).unwrap();
        let mut rng = Rng::new(seed, 1_000 + index as u64);
        let mut device = Device {
            index,
            user: user.clone(),
            id: id.clone(),
            rng: rng.clone(),
            link: Link::new(world.clone(), index),
            session: None,
            clock: 0,
            host: Host::new(world.clone(), name, user, id),
            outputs: Vec::new(),
            returns: VecDeque::new(),
            plans: BTreeMap::new(),
            last_plan: 0,
            pace_ms: 1_000 << rng.within(0..=4),
            slow_host: rng.percent(10),
            lives: 0,
            world,
        };
        // A second device of a user comes later, and drives the first one out.
        let first = device.rng.within(0..=if number == 1 { 2_000 } else { 60_000 });
        device.plan(first, Plan::Look);
        device
    }

    /// Until the end of the run.
    pub async fn run(mut self) -> Device {
        while self.world.now() < self.world.end_at && self.world.violation().is_none() {
            let wake = self.world.instant(self.next_wake());
            tokio::select! {
                biased;
                event = self.link.event() => self.link_event(event),
                () = sleep_until(wake) => {}
            }
            self.catch_up_with_time();
        }
        self
    }

    /// The last look.
    pub fn settled(&mut self) {
        self.look_at_the_way();
        self.host.settled();
        self.host.rang(self.index);
    }

    /// How much the session remembers, roughly.
    pub fn size(&self) -> usize {
        self.session.as_ref().map_or(0, |session| format!("{session:?}").len())
    }

    pub fn is_connected(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.state() == ConnectionState::Connected)
    }

    pub fn is_logged_in(&self) -> bool {
        self.session.as_ref().is_some_and(ClientSession::is_logged_in)
    }

    pub fn name(&self) -> &str {
        &self.host.name
    }

    pub fn user(&self) -> &UserId {
        &self.user
    }

    pub fn destroy(&mut self) {
        self.feed(Input::Destroy);
        self.die();
    }

    fn next_wake(&self) -> Millis {
        let tick = self.session.as_ref().and_then(ClientSession::next_deadline).map(|at| at.saturating_sub(self.clock));
        let returns = self.returns.front().map(|(at, _)| *at);
        let plan = self.plans.first_key_value().map(|((at, _), _)| *at);
        [tick, returns, plan].into_iter().flatten().min().unwrap_or(Millis::MAX).min(self.world.end_at)
    }

    fn catch_up_with_time(&mut self) {
        let now = self.world.now();
        while let Some((_, delivery)) = self.returns.front().copied().filter(|(at, _)| *at <= now) {
            self.returns.pop_front();
            self.feed(Input::Delivered { delivery });
        }
        while let Some(plan) = self.plans.first_entry().filter(|plan| plan.key().0 <= now) {
            let plan = plan.remove();
            self.carry_out(plan);
        }
        self.feed(Input::Tick);
    }

    fn link_event(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Opened { connection } => {
                self.host.calm.greeted_at = self.world.now();
                self.feed(Input::Opened { connection });
            }
            LinkEvent::Lost { connection, fault } => {
                self.log(&format!("lost: {}", fault.message));
                self.feed(Input::Lost { connection, fault });
            }
            LinkEvent::Frame { connection, frame } => {
                let caught_up = match &frame {
                    ServerFrame::Event { .. } if self.is(Mutation::SkipsEvents) && self.rng.percent(2) => return,
                    ServerFrame::Reply { body: ReplyBody::Resume(resumed), .. }
                        if self.is(Mutation::RingsBeforeTheCatchUp) && resumed.snapshot_calls.is_none() =>
                    {
                        Some(ServerFrame::CaughtUp { epoch: resumed.epoch, n: resumed.cursor })
                    }
                    _ => None,
                };
                if let ServerFrame::Reply {
                    body: ReplyBody::Resume(LoggedIn { snapshot_calls: Some(_), .. }), ..
                } = &frame
                {
                    self.host.snapshot();
                }
                self.feed(Input::Frame { connection, frame });
                if let Some(frame) = caught_up {
                    self.feed(Input::Frame { connection, frame });
                }
            }
        }
    }

    pub(crate) fn feed(&mut self, input: Input) {
        self.look_at_the_way();
        let Some(session) = &mut self.session else { return };
        session.handle(self.world.now() + self.clock, input, &mut self.outputs);
        for output in std::mem::take(&mut self.outputs) {
            self.output(output);
        }
        self.look_at_the_way();
    }

    fn output(&mut self, output: Output) {
        match output {
            Output::Open { connection } => self.link.open(connection),
            Output::Close { connection } => self.link.close(connection),
            Output::Send { frame: ClientFrame::Ack { .. }, .. } if self.is(Mutation::ForgetsAcknowledgements) => {}
            Output::Send { connection, frame } => self.link.send(connection, &frame),
            Output::Complete { ticket, result } => {
                if self.is(Mutation::DropsCompletions) && self.rng.percent(2) {
                    return;
                }
                let outcome = result.as_ref().map_or_else(|fault| fault.to_string(), |_| "done".to_owned());
                self.log(&format!("request {ticket}: {outcome}"));
                self.host.completed(ticket, &result);
            }
            Output::Emit { delivery, event } => {
                let now = self.world.now();
                let delay = if self.slow_host { self.rng.mostly_short(3_000) } else { self.rng.mostly_short(30) };
                let at = self.returns.back().map_or(now, |(last, _)| now.max(*last)) + delay;
                self.returns.push_back((at, delivery));
                self.told(event);
            }
        }
    }

    fn told(&mut self, event: SessionEvent) {
        match event {
            SessionEvent::Call(event) => {
                let ends_here = match &event {
                    HostEvent::CallInvitationTimeout { .. } => true,
                    HostEvent::CallUserStateChanged { users, .. } => {
                        users.iter().any(|row| row.reason == Code::ROW_ENDED_LOCALLY)
                    }
                    _ => false,
                };
                if ends_here && self.is(Mutation::RingsForEver) && !self.is_connected() {
                    return;
                }
                self.log(&described(&event));
                self.host.told(&event);
                if self.is(Mutation::TellsTwice) && self.rng.percent(2) {
                    self.host.told(&event);
                }
                if let HostEvent::CallInvitationReceived(info) = event {
                    self.decide(info.call_id, info.remaining_ms);
                }
            }
            SessionEvent::ConnectionStateChanged { state, event, .. } => {
                self.log(&format!("{state:?} ({event:?})"));
                match state {
                    ConnectionState::Connected => self.host.calm.since = Some(self.world.now()),
                    ConnectionState::Disconnected => {
                        self.host.is_calm_until(self.world.now());
                        self.host.disconnected();
                    }
                    ConnectionState::Connecting | ConnectionState::Reconnecting => {
                        self.host.is_calm_until(self.world.now())
                    }
                }
            }
            SessionEvent::TokenWillExpire { .. } => {}
            SessionEvent::Error(fault) => {
                self.world.violated(
                    &self.host.name,
                    format!("the server does not keep to the protocol: {fault}"),
                    None,
                );
            }
        }
    }

    /// What was wrong on the way lately counts against what may be expected.
    fn look_at_the_way(&mut self) {
        let (since, broken_at) = self.world.network.well(self.index);
        match broken_at {
            Some(at) => self.host.is_calm_until(self.world.at(at)),
            None => self.host.is_calm_from(self.world.at(since)),
        }
    }

    pub(crate) fn die(&mut self) {
        self.look_at_the_way();
        self.session = None;
        self.link.vanish();
        self.returns.clear();
        self.plans.retain(|_, plan| matches!(plan, Plan::Look));
        self.host.forget();
    }

    fn is(&self, mutation: Mutation) -> bool {
        self.world.mutation == Some(mutation)
    }

    pub(crate) fn log(&self, what: &str) {
        self.world.log(&self.host.name, what);
    }
}
