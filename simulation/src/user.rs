//! What the user of a device does, as chance tells them.

use zim_core::Millis;
use zim_core::session::{ClientConfig, ClientSession, ConnectionState, Input};
use zim_protocol::call::{CallAnswer, CallCancel, CallInvite, CallMode};
use zim_protocol::frame::RequestBody;
use zim_protocol::id::{CallId, UserId};
use zim_protocol::session::Credentials;

use crate::device::{APP, Device};
use crate::host::Asked;

/// What a host will do at a time.
#[derive(Debug)]
pub enum Plan {
    /// Look around, and do something.
    Look,
    Accept(CallId),
    Reject(CallId),
}

impl Device {
    /// It rings: what will the user do?
    pub(crate) fn decide(&mut self, call: CallId, remaining_ms: Millis) {
        let later = self.rng.mostly_short(remaining_ms + 2_000);
        match self.rng.within(0..=9) {
            0..5 => self.plan(later, Plan::Accept(call)),
            5..7 => self.plan(later, Plan::Reject(call)),
            _ => {}
        }
    }

    pub(crate) fn plan(&mut self, later: Millis, plan: Plan) {
        self.last_plan += 1;
        self.plans.insert((self.world.now() + later, self.last_plan), plan);
    }

    pub(crate) fn carry_out(&mut self, plan: Plan) {
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
}
