//! The host on one device: what it has asked for, what it has been told, and whether that keeps the promises.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use zim_core::Millis;
use zim_core::session::Ticket;
use zim_protocol::call::CallUserState;
use zim_protocol::code::{Code, Fault};
use zim_protocol::frame::ReplyBody;
use zim_protocol::id::{CallId, DeviceId, UserId};

use crate::world::World;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    Login,
    Invite,
    Cancel,
    Accept,
    Reject,
}

#[derive(Debug)]
struct Request {
    asked: Asked,
    call: Option<CallId>,
    expires: Millis,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ring {
    None,
    /// `until`: when it has to end by itself, at the latest: a moment after its time, or when an own answer fails.
    Ringing {
        until: Millis,
    },
    Ended,
}

/// One call in one session of the device.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) ring: Ring,
    pub(crate) told: BTreeMap<UserId, (CallUserState, Code)>,
    pub(crate) answers_told: BTreeSet<(UserId, i32)>,
    /// Rows that a snapshot may have taken further than by one step.
    pub(crate) loose: BTreeSet<UserId>,
}

impl Known {
    pub(crate) fn new(ring: Ring) -> Known {
        Known { ring, told: BTreeMap::new(), answers_told: BTreeSet::new(), loose: BTreeSet::new() }
    }
}

/// How the link is, as far as it matters to what may be expected.
#[derive(Clone, Copy, Debug, Default)]
pub struct Calm {
    /// Connected, and nothing has gone wrong on the way, since then.
    pub since: Option<Millis>,
    /// When the present connection's login or resume was sent.
    pub greeted_at: Millis,
}

#[derive(Debug)]
pub struct Host {
    pub(crate) world: Arc<World>,
    pub name: String,
    pub(crate) me: UserId,
    pub(crate) device: DeviceId,
    requests: BTreeMap<Ticket, Request>,
    last_ticket: Ticket,
    pub(crate) known: BTreeMap<CallId, Known>,
    /// Invites that failed without anybody knowing whether they were done.
    pub(crate) withdrawn: BTreeSet<CallId>,
    /// How often this device has answered a call, in all its lives.
    pub(crate) answers: BTreeMap<CallId, u32>,
    pub is_logged_in: bool,
    pub calm: Calm,
    /// From when to when the device was connected.
    spans: Vec<(Millis, Millis)>,
    /// When it rang.
    pub(crate) shown: BTreeMap<CallId, Vec<Millis>>,
}

/// A connected device rings so long after the invitation, at the latest.
const RINGS_WITHIN_MS: Millis = 1_500;

pub(crate) type Check = Result<(), String>;

impl Host {
    pub fn new(world: Arc<World>, name: String, me: UserId, device: DeviceId) -> Host {
        Host {
            world,
            name,
            me,
            device,
            requests: BTreeMap::new(),
            last_ticket: 0,
            known: BTreeMap::new(),
            withdrawn: BTreeSet::new(),
            answers: BTreeMap::new(),
            is_logged_in: false,
            calm: Calm::default(),
            spans: Vec::new(),
            shown: BTreeMap::new(),
        }
    }

    /// The process is gone.
    pub fn forget(&mut self) {
        self.requests.clear();
        self.known.clear();
        self.withdrawn.clear();
        self.is_logged_in = false;
        self.is_calm_until(self.world.now());
    }

    pub fn ask(&mut self, asked: Asked, call: Option<&CallId>, timeout_ms: u32) -> Ticket {
        self.last_ticket += 1;
        let expires = self.world.now() + Millis::from(timeout_ms);
        self.requests.insert(self.last_ticket, Request { asked, call: call.cloned(), expires });
        self.world.count(|stats| stats.requests += 1);
        if let (Asked::Accept | Asked::Reject, Some(call)) = (asked, call) {
            *self.answers.entry(call.clone()).or_default() += 1;
        }
        self.last_ticket
    }

    /// Rings for the call, and has not answered it.
    pub fn can_answer(&self, call: &CallId) -> bool {
        let rings = self.known.get(call).is_some_and(|known| matches!(known.ring, Ring::Ringing { .. }));
        rings && !self.is_open(call, &[Asked::Accept, Asked::Reject])
    }

    /// Own calls that are not over as far as the host knows.
    pub fn own_calls(&self) -> Vec<CallId> {
        let is_own = |known: &Known| {
            known.ring == Ring::None
                && known.told.get(&self.me).is_some_and(|(state, _)| *state == CallUserState::Accepted)
                && known.told.values().any(|(state, _)| state.is_pending())
        };
        self.known.iter().filter(|(_, known)| is_own(known)).map(|(call, _)| call.clone()).collect()
    }

    pub(crate) fn is_open(&self, call: &CallId, kinds: &[Asked]) -> bool {
        self.requests.values().any(|request| request.call.as_ref() == Some(call) && kinds.contains(&request.asked))
    }

    /// The result callback.
    pub fn completed(&mut self, ticket: Ticket, result: &Result<ReplyBody, Fault>) {
        let Some(request) = self.requests.remove(&ticket) else {
            return self.world.violated(&self.name, format!("request {ticket} completes twice, or never was"), None);
        };
        if let Err(what) = self.check_result(&request, result) {
            self.world.violated(&self.name, what, request.call.as_ref());
        }
        if request.asked == Asked::Login && result.is_ok() {
            self.is_logged_in = true;
            self.known.clear();
        }
    }

    fn check_result(&mut self, request: &Request, result: &Result<ReplyBody, Fault>) -> Check {
        let now = self.world.now();
        if now > request.expires {
            return Err(format!("a request completes {} ms after its time", now - request.expires));
        }
        let Some(call) = &request.call else { return Ok(()) };
        let truth = self.world.truth(call);
        let row = truth.as_ref().and_then(|truth| truth.call.row(&self.me));
        let answered_here =
            |state| row.is_some_and(|row| row.state == state && row.device.as_ref() == Some(&self.device));
        let cancelled = truth
            .as_ref()
            .is_some_and(|truth| truth.call.rows.iter().any(|row| row.reason == Code::ROW_CANCELLED_BY_INVITER));
        let was_done = match request.asked {
            Asked::Login => false,
            Asked::Invite => truth.is_some(),
            Asked::Cancel => cancelled,
            Asked::Accept => answered_here(CallUserState::Accepted),
            Asked::Reject => answered_here(CallUserState::Rejected),
        };
        let once = self.answers.get(call) == Some(&1);
        match result {
            Ok(_) if !was_done => return Err("what has succeeded has not been done".to_owned()),
            Ok(_) => {}
            Err(fault) if is_unknown(fault.code) => {
                if request.asked == Asked::Invite {
                    self.withdrawn.insert(call.clone());
                }
            }
            // A cancellation is asked for more than once; the first may have done it.
            Err(_) if was_done && request.asked != Asked::Cancel && once => {
                return Err("what was refused has been done".to_owned());
            }
            Err(_) if was_done && request.asked == Asked::Invite => {
                return Err("a refused invite has been done".to_owned());
            }
            Err(_) => {}
        }
        match (request.asked, result, self.known.get_mut(call)) {
            (Asked::Accept | Asked::Reject, Ok(_), Some(known)) => {
                if let Ring::Ringing { .. } = known.ring {
                    known.ring = Ring::Ended;
                }
                Ok(())
            }
            (Asked::Accept | Asked::Reject, Err(_), Some(known)) => {
                if let Ring::Ringing { until } = &mut known.ring {
                    *until = now.max(*until);
                }
                Ok(())
            }
            (Asked::Login | Asked::Invite | Asked::Cancel | Asked::Accept | Asked::Reject, _, _) => Ok(()),
        }
    }

    /// A snapshot takes the place of what was missed.
    pub fn snapshot(&mut self) {
        for known in self.known.values_mut() {
            known.loose.extend(known.told.keys().cloned());
        }
    }

    /// Whatever was expected before: connected, and the way works, from then on.
    pub fn is_calm_from(&mut self, from: Millis) {
        if let Some(since) = &mut self.calm.since {
            *since = from.max(*since);
        }
    }

    /// Not any more.
    pub fn is_calm_until(&mut self, until: Millis) {
        if let Some(from) = self.calm.since.take() {
            self.spans.push((from, until));
        }
    }

    /// The session is over: nothing rings any more.
    pub fn disconnected(&mut self) {
        self.is_logged_in = false;
        let ringing = self.known.iter().find(|(_, known)| matches!(known.ring, Ring::Ringing { .. }));
        if let Some((call, _)) = ringing {
            self.world.violated(&self.name, "a ring goes on without a session", Some(call));
        }
        self.known.clear();
    }

    /// When nothing more happens, everybody knows the same.
    pub fn settled(&self) {
        if let Some((ticket, request)) = self.requests.iter().next() {
            let what = format!("request {ticket} ({:?}) never completes", request.asked);
            self.world.violated(&self.name, what, request.call.as_ref());
        }
        for (call, known) in &self.known {
            if let Err(what) = self.agrees(call, known) {
                self.world.violated(&self.name, what, Some(call));
            }
        }
    }

    /// Who is connected, and is invited for longer than a moment, hears it ring.
    pub fn rang(&mut self, device: usize) {
        self.is_calm_until(self.world.now());
        for truth in self.world.calls() {
            let id = &truth.call.id;
            let Some(row) = truth.call.invitations().find(|row| row.user == self.me) else { continue };
            let closed = truth.closed.get(&row.user).copied().unwrap_or(Millis::MAX);
            for (from, to) in &self.spans {
                let begin = truth.created_at.max(*from);
                let end = begin + RINGS_WITHIN_MS;
                let shown = self.shown.get(id).is_some_and(|shown| shown.iter().any(|at| *at <= end));
                if end <= *to && end < closed && !shown && self.world.all_was_well(device, begin, end) {
                    let what = format!("is connected from {from} to {to}, and does not ring");
                    self.world.violated(&self.name, what, Some(id));
                }
            }
        }
    }

    fn agrees(&self, call: &CallId, known: &Known) -> Check {
        if let Ring::Ringing { .. } = known.ring {
            return Err("a ring never ends".to_owned());
        }
        let Some(truth) = self.world.truth(call) else { return Err("a call is told that is not".to_owned()) };
        let told = |user: &UserId| known.told.get(user).map(|(state, _)| *state);
        let Some(own) = truth.call.row(&self.me) else {
            return Err("a call is told that is not the user's".to_owned());
        };
        let all = own.state.is_participant() || truth.call.caller == self.me;
        for row in truth.call.rows.iter().filter(|row| all || row.user == self.me) {
            if told(&row.user) != Some(row.state) {
                let told = told(&row.user).map_or("nothing", CallUserState::name);
                return Err(format!("{} is {} in the end, and {told} was told", row.user, row.state.name()));
            }
        }
        Ok(())
    }
}

/// Failures that leave open whether it was done.
fn is_unknown(code: Code) -> bool {
    [
        Code::REQUEST_TIMEOUT,
        Code::SERVER_DISCONNECT,
        Code::SERVER_ERROR,
        Code::DATABASE_ERROR,
        Code::USER_HAS_ALREADY_LOGGED_OUT,
        Code::KICKED_OUT,
        Code::CLIENT_DESTROYED,
    ]
    .contains(&code)
}
