//! What all parts of a run share: its time, its network, what has been seen, and the truth as the server commits it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;
use zim_core::Millis;
use zim_core::call::{Call, Row};
use zim_core::presence::User;
use zim_protocol::call::{CallEvent, CallUserState};
use zim_protocol::id::{CallId, UserId};
use zim_server::store::Append;

use crate::mutation::Mutation;
use crate::network::Network;

/// What the promises allow.
pub const SLACK_MS: Millis = 1_000;

#[derive(Debug)]
pub struct World {
    start: Instant,
    /// The store's clock at the start.
    base: Millis,
    /// From here on nobody does anything more, and everything works.
    pub quiet_at: Millis,
    pub end_at: Millis,
    pub users: Vec<UserId>,
    pub mutation: Option<Mutation>,
    pub network: Network,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    trace: Vec<String>,
    violation: Option<Violation>,
    calls: BTreeMap<CallId, Truth>,
    absent: BTreeMap<UserId, Millis>,
    /// Since when a server runs, while one does.
    up_since: Option<Millis>,
    /// From when to when the server, or the way of a device, did not work. An end that is not known is none.
    outages: Vec<(Option<usize>, Millis, Millis)>,
    last_call: u64,
    stats: Stats,
}

/// How much has happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    pub calls: u64,
    pub rings: u64,
    pub requests: u64,
    pub restarts: u64,
    pub troubles: u64,
}

/// A promise that was not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub at: Millis,
    pub what: String,
    pub call: Option<CallId>,
}

/// A call as the server has it.
#[derive(Clone, Debug)]
pub struct Truth {
    pub call: Arc<Call>,
    pub created_at: Millis,
    /// When each row stopped being pending.
    pub closed: BTreeMap<UserId, Millis>,
    /// The states that each row has been in.
    pub paths: BTreeMap<UserId, Vec<CallUserState>>,
}

impl World {
    pub fn new(
        base: Millis,
        times: (Millis, Millis),
        users: Vec<UserId>,
        mutation: Option<Mutation>,
        network: Network,
    ) -> World {
        let (quiet_at, end_at) = times;
        World { start: Instant::now(), base, quiet_at, end_at, users, mutation, network, seen: Mutex::default() }
    }

    /// Milliseconds since the run began.
    pub fn now(&self) -> Millis {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub fn instant(&self, at: Millis) -> Instant {
        self.start + std::time::Duration::from_millis(at)
    }

    pub fn at(&self, instant: Instant) -> Millis {
        u64::try_from(instant.duration_since(self.start).as_millis()).unwrap_or(u64::MAX)
    }

    /// A time of the store's clock as one of the run.
    pub fn since_start(&self, store: Millis) -> Millis {
        store.saturating_sub(self.base)
    }

    pub fn log(&self, who: &str, what: &str) {
        let now = self.now();
        self.seen().trace.push(format!("{:>5}.{:03} {who:<9} {what}", now / 1_000, now % 1_000));
    }

    /// The first one counts.
    pub fn violated(&self, who: &str, what: impl Into<String>, call: Option<&CallId>) {
        let what = format!("{who}: {}", what.into());
        self.log("VIOLATION", &what);
        let at = self.now();
        self.seen().violation.get_or_insert(Violation { at, what, call: call.cloned() });
    }

    pub fn violation(&self) -> Option<Violation> {
        self.seen().violation.clone()
    }

    pub fn trace(&self) -> Vec<String> {
        self.seen().trace.clone()
    }

    pub fn stats(&self) -> Stats {
        self.seen().stats
    }

    pub fn count(&self, add: impl FnOnce(&mut Stats)) {
        add(&mut self.seen().stats);
    }

    pub fn server_is(&self, up: bool) {
        let now = self.now();
        self.seen().up_since = up.then_some(now);
    }

    /// The way of a device, or the server, does not work for some time.
    pub fn out(&self, device: Option<usize>, from: Millis, to: Millis) {
        self.seen().outages.push((device, from, to));
    }

    /// Nothing was wrong with the server and the device's way.
    pub fn all_was_well(&self, device: usize, from: Millis, to: Millis) -> bool {
        let concerns = |out: Option<usize>| out.is_none_or(|out| out == device);
        !self.seen().outages.iter().any(|(out, begin, end)| concerns(*out) && *begin <= to && *end >= from)
    }

    pub fn up_since(&self) -> Option<Millis> {
        self.seen().up_since
    }

    pub fn truth(&self, call: &CallId) -> Option<Truth> {
        self.seen().calls.get(call).cloned()
    }

    pub fn calls(&self) -> Vec<Truth> {
        self.seen().calls.values().cloned().collect()
    }

    pub fn next_call(&self) -> CallId {
        let mut seen = self.seen();
        seen.last_call += 1;
        CallId::parse(&format!("c{:04}", seen.last_call)).unwrap()
    }

    pub fn user_committed(&self, name: &UserId, user: &User) {
        let now = self.now();
        let was_absent = match user.is_absent() {
            true => {
                !self.seen().absent.contains_key(name) && {
                    self.seen().absent.insert(name.clone(), now);
                    true
                }
            }
            false => self.seen().absent.remove(name).is_some(),
        };
        if was_absent {
            self.log("server", &format!("{name} is {}", if user.is_absent() { "absent" } else { "present" }));
        }
    }

    /// A call as it is now; what was told of it on the way, too: one commit may bring more than one change.
    pub fn call_committed(&self, call: &Arc<Call>, told: &[Append]) {
        let now = self.now();
        let rows: Vec<String> = call.rows.iter().map(|row| format!("{}:{}", row.user, row.state.name())).collect();
        self.log(
            "server",
            &format!("{} rev {} {}{}", call.id, call.rev, rows.join(" "), if call.is_ended() { ", ended" } else { "" }),
        );
        let before = self.seen().calls.get(&call.id).cloned();
        let mut closed = before.as_ref().map(|before| before.closed.clone()).unwrap_or_default();
        let mut paths = before.as_ref().map(|before| before.paths.clone()).unwrap_or_default();
        let on_the_way = told.iter().filter_map(|append| match &append.event {
            CallEvent::CallChanged(change) if change.call_id == call.id => Some(&change.users),
            _ => None,
        });
        let on_the_way = on_the_way.flatten().map(|row| (&row.user_id, row.state));
        for (user, state) in on_the_way.chain(call.rows.iter().map(|row| (&row.user, row.state))) {
            let path: &mut Vec<CallUserState> = paths.entry(user.clone()).or_default();
            if path.last().is_none_or(|last| rank(*last) < rank(state)) {
                path.push(state);
            }
        }
        let created_at = before.as_ref().map_or(now, |before| before.created_at);
        for row in call.invitations().filter(|row| !row.state.is_pending()) {
            closed.entry(row.user.clone()).or_insert(now);
        }
        if before.is_none() {
            self.seen().stats.calls += 1;
        }
        if let Err(what) = self.check_change(now, before.as_ref().map(|before| before.call.as_ref()), call) {
            self.violated("server", what, Some(&call.id));
        }
        self.seen().calls.insert(call.id.clone(), Truth { call: call.clone(), created_at, closed, paths });
    }

    fn check_change(&self, now: Millis, before: Option<&Call>, after: &Call) -> Result<(), String> {
        let Some(before) = before else { return Ok(()) };
        if before.is_ended() {
            return Err("a call changes that has ended".to_owned());
        }
        if after.rev <= before.rev {
            return Err("a call goes back to an earlier revision".to_owned());
        }
        for (old, new) in before.rows.iter().zip(&after.rows) {
            if old.state == new.state {
                continue;
            }
            let caller_leaves = new.user == after.caller && new.state == CallUserState::Cancelled;
            if rank(new.state) <= rank(old.state) || (!old.state.is_pending() && !caller_leaves) {
                return Err(format!("the row of {} goes from {} to {}", new.user, old.state.name(), new.state.name()));
            }
            self.check_time(now, after, new)?;
        }
        Ok(())
    }

    /// What time does to a row happens in time: within a second, or within a second of the server's return.
    fn check_time(&self, now: Millis, call: &Call, row: &Row) -> Result<(), String> {
        let (up_since, absent) = {
            let seen = self.seen();
            (seen.up_since.unwrap_or(0), seen.absent.get(&call.caller).copied())
        };
        let by = |due: Millis| due.max(up_since) + SLACK_MS;
        let due = self.since_start(row.deadline);
        match row.state {
            CallUserState::Timeout if now < due => Err(format!("{} times out {} ms early", row.user, due - now)),
            CallUserState::Timeout if now > by(due) => {
                Err(format!("{} times out {} ms late", row.user, now - due.max(up_since)))
            }
            CallUserState::Timeout => match absent {
                Some(absent) if now > by(absent) && !call.is_accepted_by_somebody() => {
                    Err(format!("the caller is absent since {absent}, and the call was not cancelled"))
                }
                Some(_) | None => Ok(()),
            },
            CallUserState::NotYetReceived => match call.not_received_at.map(|at| self.since_start(at)) {
                Some(due) if now > by(due) => Err(format!("{} is NotYetReceived {} ms late", row.user, now - due)),
                Some(_) | None => Ok(()),
            },
            _ if now > by(due) => Err(format!("{} is {} after the deadline", row.user, row.state.name())),
            _ => Ok(()),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// States only ever go up.
pub fn rank(state: CallUserState) -> u8 {
    match state {
        CallUserState::Unknown => 0,
        CallUserState::Inviting => 1,
        CallUserState::NotYetReceived => 2,
        CallUserState::Received => 3,
        CallUserState::Accepted => 4,
        CallUserState::Rejected
        | CallUserState::Cancelled
        | CallUserState::Offline
        | CallUserState::Timeout
        | CallUserState::Quit
        | CallUserState::Ended
        | CallUserState::BeCancelled => 5,
    }
}
