//! A device: a real `ClientSession`, its connection, and a host that does what chance tells it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use tokio::time::sleep_until;
use zim_core::Millis;
use zim_core::call::HostEvent;
use zim_core::session::{ClientConfig, ClientSession, ConnectionState, Input, Output, SessionEvent};
use zim_protocol::call::{CallAnswer, CallCancel, CallInvite, CallMode, CallUserState};
use zim_protocol::code::Code;
use zim_protocol::frame::{ClientFrame, ReplyBody, RequestBody, ServerFrame};
use zim_protocol::id::{CallId, DeviceId, UserId};
use zim_protocol::session::{Credentials, LoggedIn};

use crate::host::{Asked, Host};
use crate::link::{Link, LinkEvent};
use crate::mutation::Mutation;
use crate::rng::Rng;
use crate::world::World;

pub const APP: u32 = 1;

/// What a host will do at a time.
#[derive(Debug)]
enum Plan {
    /// Look around, and do something.
    Look,
    Accept(CallId),
    Reject(CallId),
}

pub struct Device {
    index: usize,
    user: UserId,
    id: DeviceId,
    world: Arc<World>,
    rng: Rng,
    link: Link,
    /// The process; `None` while there is none.
    session: Option<ClientSession>,
    /// What the process's clock said when the run began.
    clock: Millis,
    host: Host,
    outputs: Vec<Output>,
    /// Callbacks that return later, in order.
    returns: VecDeque<(Millis, u64)>,
    plans: BTreeMap<(Millis, u64), Plan>,
    last_plan: u64,
    /// How often this host looks around.
    pace_ms: Millis,
    slow_host: bool,
    lives: u32,
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
        while let Some((_, delivery)) = self.returns.pop_front_if(|(at, _)| *at <= now) {
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

    fn feed(&mut self, input: Input) {
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

    /// It rings: what will the user do?
    fn decide(&mut self, call: CallId, remaining_ms: Millis) {
        let later = self.rng.mostly_short(remaining_ms + 2_000);
        match self.rng.within(0..=9) {
            0..5 => self.plan(later, Plan::Accept(call)),
            5..7 => self.plan(later, Plan::Reject(call)),
            _ => {}
        }
    }

    fn plan(&mut self, later: Millis, plan: Plan) {
        self.last_plan += 1;
        self.plans.insert((self.world.now() + later, self.last_plan), plan);
    }

    fn carry_out(&mut self, plan: Plan) {
        if self.world.now() >= self.world.quiet_at {
            return;
        }
        let answer = |call_id: &CallId| CallAnswer { call_id: call_id.clone(), extended_data: String::new() };
        match plan {
            Plan::Accept(call) if self.host.can_answer(&call) => {
                self.ask(Asked::Accept, &call, RequestBody::CallAccept(answer(&call)));
            }
            Plan::Reject(call) if self.host.can_answer(&call) => {
                self.ask(Asked::Reject, &call, RequestBody::CallReject(answer(&call)));
            }
            Plan::Accept(_) | Plan::Reject(_) => {}
            Plan::Look => {
                self.act();
                let pause = 200 + self.rng.within(0..=self.pace_ms * 2);
                self.plan(pause, Plan::Look);
            }
        }
    }

    fn act(&mut self) {
        let Some(session) = &self.session else {
            self.begin();
            return self.login();
        };
        if !session.is_logged_in() {
            if session.state() == ConnectionState::Disconnected && self.rng.percent(60) {
                self.login();
            }
            return;
        }
        match self.rng.within(0..=99) {
            0..45 => self.invite(),
            45..65 => self.cancel(),
            65..70 => {
                self.log("logs out");
                self.feed(Input::Logout);
            }
            70..72 => {
                self.log("is destroyed");
                self.feed(Input::Destroy);
                self.die();
            }
            72..75 => {
                self.log("vanishes");
                self.die();
            }
            _ => {}
        }
    }

    /// A process starts.
    fn begin(&mut self) {
        self.lives += 1;
        self.clock = self.rng.within(0..=1_000_000);
        let request_prefix = format!("{}-{}-", self.index, self.lives);
        self.session = Some(ClientSession::new(ClientConfig { request_prefix, jitter_seed: self.rng.next() }));
    }

    fn die(&mut self) {
        self.look_at_the_way();
        self.session = None;
        self.link.vanish();
        self.returns.clear();
        self.plans.retain(|_, plan| matches!(plan, Plan::Look));
        self.host.forget();
    }

    fn login(&mut self) {
        let credentials = Credentials {
            app_id: APP,
            user_id: self.user.clone(),
            device_id: self.id.clone(),
            user_name: String::new(),
            user_avatar_url: String::new(),
            user_extended_data: String::new(),
            token: String::new(),
            app_sign: String::new(),
            client: String::new(),
        };
        let timeout_ms = 1_000 << self.rng.within(0..=4);
        let ticket = self.host.ask(Asked::Login, None, timeout_ms);
        self.log(&format!("request {ticket}: login"));
        self.feed(Input::Login { ticket, timeout_ms, credentials });
    }

    fn invite(&mut self) {
        let mut invitees: Vec<UserId> = self.world.users.iter().filter(|user| **user != self.user).cloned().collect();
        let keep = 1 + self.rng.below(invitees.len());
        while invitees.len() > keep {
            let gone = self.rng.below(invitees.len());
            invitees.remove(gone);
        }
        let call_id = self.world.next_call();
        let body = RequestBody::CallInvite(CallInvite {
            call_id: call_id.clone(),
            invitees,
            timeout_s: 1 + self.rng.mostly_short(39) as u32,
            mode: CallMode::General,
            extended_data: String::new(),
            not_received_check: self.rng.percent(30),
            push: None,
        });
        self.ask(Asked::Invite, &call_id, body);
    }

    fn cancel(&mut self) {
        let calls = self.host.own_calls();
        if calls.is_empty() {
            return;
        }
        let call_id = calls[self.rng.below(calls.len())].clone();
        let mut invitees = Vec::new();
        if self.rng.percent(30) {
            invitees.push(self.world.users[self.rng.below(self.world.users.len())].clone());
        }
        let extended_data = String::new();
        let cancel = CallCancel { call_id: call_id.clone(), invitees, extended_data, push: None, withdraw: false };
        self.ask(Asked::Cancel, &call_id, RequestBody::CallCancel(cancel));
    }

    fn ask(&mut self, asked: Asked, call: &CallId, body: RequestBody) {
        let timeout_ms = 500 << self.rng.within(0..=5);
        let ticket = self.host.ask(asked, Some(call), timeout_ms);
        self.log(&format!("request {ticket}: {} {call}", body.kind()));
        self.feed(Input::Request { ticket, timeout_ms, body });
    }

    fn is(&self, mutation: Mutation) -> bool {
        self.world.mutation == Some(mutation)
    }

    fn log(&self, what: &str) {
        self.world.log(&self.host.name, what);
    }
}

/// An event in a few words.
fn described(event: &HostEvent) -> String {
    let rows = |users: &[zim_protocol::call::CallUser]| {
        let row = |row: &zim_protocol::call::CallUser| {
            let reason = if row.reason == Code::SUCCESS { String::new() } else { format!("({})", row.reason.0) };
            format!(" {}:{}{reason}", row.user_id, CallUserState::name(row.state))
        };
        users.iter().map(row).collect::<String>()
    };
    match event {
        HostEvent::CallInvitationReceived(info) => {
            format!("{} RINGS, {} ms left{}", info.call_id, info.remaining_ms, rows(&info.users))
        }
        HostEvent::CallInvitationCreated(info) => format!("{} created{}", info.call_id, rows(&info.users)),
        HostEvent::CallInvitationCancelled { call_id, .. } => format!("{call_id} cancelled"),
        HostEvent::CallInvitationAccepted { call_id, invitee, .. } => format!("{call_id} {invitee} accepted"),
        HostEvent::CallInvitationRejected { call_id, invitee, .. } => format!("{call_id} {invitee} rejected"),
        HostEvent::CallInvitationTimeout { call_id, .. } => format!("{call_id} timed out"),
        HostEvent::CallInviteesAnsweredTimeout { call_id, invitees } => format!("{call_id} {invitees:?} timed out"),
        HostEvent::CallUserStateChanged { call_id, users } => format!("{call_id} S{}", rows(users)),
    }
}
