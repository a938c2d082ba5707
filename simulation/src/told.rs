//! What a host is told, and whether that keeps the promises.

use zim_core::Millis;
use zim_core::call::HostEvent;
use zim_protocol::call::{CallUser, CallUserState};
use zim_protocol::code::Code;
use zim_protocol::id::{CallId, UserId};
use zim_protocol::limits;

use crate::host::{Asked, Check, Host, Known, Ring};
use crate::world::{SLACK_MS, rank};

impl Host {
    /// A callback about a call.
    pub fn told(&mut self, event: &HostEvent) {
        let call = call_of(event).clone();
        if let Err(what) = self.check_event(&call, event) {
            self.world.violated(&self.name, what, Some(&call));
        }
    }

    fn check_event(&mut self, call: &CallId, event: &HostEvent) -> Check {
        if !self.is_logged_in {
            return Err("an event of a call without a session".to_owned());
        }
        if self.withdrawn.contains(call) {
            return Err("an event of a call that was withdrawn".to_owned());
        }
        if self.is_open(call, &[Asked::Invite]) {
            return Err("an event of a call whose invite has no result".to_owned());
        }
        let is_new = !self.known.contains_key(call);
        match event {
            HostEvent::CallInvitationReceived(info) | HostEvent::CallInvitationCreated(info) => {
                if !is_new {
                    return Err("a call is announced twice".to_owned());
                }
                let rings = matches!(event, HostEvent::CallInvitationReceived(_));
                let ring = if rings { self.ring(call, info.remaining_ms)? } else { Ring::None };
                self.known.insert(call.clone(), Known::new(ring));
                self.take(call, &info.users)
            }
            HostEvent::CallUserStateChanged { users, .. } => {
                if users.is_empty() {
                    return Err("a change that changes nothing".to_owned());
                }
                if is_new {
                    self.known.insert(call.clone(), Known::new(Ring::None));
                }
                self.result_comes_first(call, users)?;
                self.take(call, users)?;
                let own = users.iter().find(|row| row.user_id == self.me);
                match own {
                    Some(own) if !own.state.is_pending() => self.silence(call),
                    Some(_) | None => Ok(()),
                }
            }
            HostEvent::CallInvitationCancelled { .. } | HostEvent::CallInvitationTimeout { .. } => {
                match self.known.get(call).map(|known| known.ring) {
                    Some(Ring::Ringing { .. }) => self.silence(call),
                    Some(Ring::Ended) => Err("a ring ends twice".to_owned()),
                    Some(Ring::None) | None => Err("a ring ends that never began".to_owned()),
                }
            }
            HostEvent::CallInvitationAccepted { invitee, .. } => self.answer(call, invitee, CallUserState::Accepted),
            HostEvent::CallInvitationRejected { invitee, .. } => self.answer(call, invitee, CallUserState::Rejected),
            HostEvent::CallInviteesAnsweredTimeout { invitees, .. } => {
                invitees.iter().try_for_each(|invitee| self.answer(call, invitee, CallUserState::Timeout))
            }
        }
    }

    /// It begins to ring.
    fn ring(&mut self, call: &CallId, remaining_ms: Millis) -> Result<Ring, String> {
        let now = self.world.now();
        self.world.count(|stats| stats.rings += 1);
        self.shown.entry(call.clone()).or_default().push(now);
        let until = now + remaining_ms;
        let last = until + limits::RING_GRACE_MS + SLACK_MS;
        let Some(truth) = self.world.truth(call) else { return Err("it rings for a call that is not".to_owned()) };
        if let Some(closed) = truth.closed.get(&self.me).filter(|closed| **closed <= self.calm.greeted_at) {
            return Err(format!("it rings for an invitation that was over at {closed}, before this connection"));
        }
        let deadline = truth.call.row(&self.me).map_or(0, |row| self.world.since_start(row.deadline));
        if self.calm.since.is_some_and(|since| since + SLACK_MS <= now) && until > deadline + SLACK_MS {
            return Err(format!("the time left is told {} ms too long", until - deadline));
        }
        Ok(Ring::Ringing { until: last })
    }

    /// The ring ends, if there is one: not too late.
    fn silence(&mut self, call: &CallId) -> Check {
        let (now, answering) = (self.world.now(), self.is_open(call, &[Asked::Accept, Asked::Reject]));
        let closed = self.world.truth(call).and_then(|truth| truth.closed.get(&self.me).copied());
        let Some(known) = self.known.get_mut(call) else { return Ok(()) };
        let Ring::Ringing { until } = known.ring else { return Ok(()) };
        known.ring = Ring::Ended;
        if now > until && !answering {
            return Err(format!("a ring should have ended by itself {} ms ago at the latest", now - until));
        }
        let Some((closed, since)) = closed.zip(self.calm.since) else { return Ok(()) };
        let due = closed.max(since) + SLACK_MS;
        match self.world.up_since() {
            Some(up_since) if up_since <= since && now > due => {
                Err(format!("a connected device rings for {} ms after the call is over", now - closed.max(since)))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn answer(&mut self, call: &CallId, invitee: &UserId, state: CallUserState) -> Check {
        let Some(known) = self.known.get_mut(call) else { return Err("an answer to an unknown call".to_owned()) };
        if known.told.get(invitee).map(|(told, _)| *told) != Some(state) {
            return Err("an answer is told before the change of state".to_owned());
        }
        match known.answers_told.insert((invitee.clone(), state.into())) {
            true => Ok(()),
            false => Err("an answer is told twice".to_owned()),
        }
    }

    /// The rows go forward, and each is news.
    fn take(&mut self, call: &CallId, users: &[CallUser]) -> Check {
        let truth = self.world.truth(call);
        let Some(known) = self.known.get_mut(call) else { return Ok(()) };
        for row in users {
            let (name, state) = (&row.user_id, row.state.name());
            let told = known.told.insert(name.clone(), (row.state, row.reason));
            if told == Some((row.state, row.reason)) {
                return Err(format!("that {name} is {state} is told twice"));
            }
            if row.reason == Code::ROW_ENDED_LOCALLY {
                continue;
            }
            let before = told.filter(|(_, reason)| *reason != Code::ROW_ENDED_LOCALLY).map(|(state, _)| state);
            if before.is_some_and(|before| rank(before) >= rank(row.state) && before != row.state) {
                return Err(format!("{name} goes back to {state}"));
            }
            let path = truth.as_ref().and_then(|truth| truth.paths.get(name)).map(Vec::as_slice).unwrap_or_default();
            let Some(at) = path.iter().position(|state| *state == row.state) else {
                return Err(format!("{name} is told to be {state}, and is not"));
            };
            let is_loose = known.loose.remove(name);
            let Some(before) = before.and_then(|before| path.iter().position(|state| *state == before)) else {
                continue;
            };
            // Whom nobody has reached is not told so.
            let untold = |state: &CallUserState| *state != CallUserState::NotYetReceived || *name != self.me;
            if !is_loose && path.get(before + 1..at).is_some_and(|between| between.iter().any(untold)) {
                return Err(format!("{name} is told to be {state}, and what came before was not told"));
            }
        }
        Ok(())
    }

    /// No change that this device has caused before its result.
    fn result_comes_first(&self, call: &CallId, users: &[CallUser]) -> Check {
        let Some(own) = users.iter().find(|row| row.user_id == self.me) else { return Ok(()) };
        let truth = self.world.truth(call);
        let here = truth.as_ref().and_then(|truth| truth.call.row(&self.me)).and_then(|row| row.device.as_ref());
        let answer = match own.state {
            CallUserState::Accepted => Asked::Accept,
            CallUserState::Rejected => Asked::Reject,
            _ => return Ok(()),
        };
        let elsewhere = own.reason == Code::ROW_ANSWERED_ELSEWHERE || here != Some(&self.device);
        match !elsewhere && self.answers.get(call) == Some(&1) && self.is_open(call, &[answer]) {
            true => Err("a change comes before the result of the answer that caused it".to_owned()),
            false => Ok(()),
        }
    }
}

fn call_of(event: &HostEvent) -> &CallId {
    match event {
        HostEvent::CallInvitationReceived(info) | HostEvent::CallInvitationCreated(info) => &info.call_id,
        HostEvent::CallInvitationCancelled { call_id, .. }
        | HostEvent::CallInvitationAccepted { call_id, .. }
        | HostEvent::CallInvitationRejected { call_id, .. }
        | HostEvent::CallInvitationTimeout { call_id, .. }
        | HostEvent::CallInviteesAnsweredTimeout { call_id, .. }
        | HostEvent::CallUserStateChanged { call_id, .. } => call_id,
    }
}
