//! `CallView`: what one device knows of one call, and what its host has been told.

use zim_protocol::call::{CallChange, CallInfo, CallInvite, CallInvited, CallMode, CallState, CallUser, CallUserState};
use zim_protocol::code::Code;
use zim_protocol::id::{CallId, UserId};
use zim_protocol::limits;

use super::invitation::distinct;
use crate::Millis;

/// An event for the host, as the C and C# surface have it. Times left are whole seconds, rounded up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostEvent {
    CallInvitationReceived(CallInfo),
    CallInvitationCreated(CallInfo),
    CallInvitationCancelled { call_id: CallId, inviter: UserId, extended_data: String, mode: CallMode },
    CallInvitationAccepted { call_id: CallId, invitee: UserId, extended_data: String },
    CallInvitationRejected { call_id: CallId, invitee: UserId, extended_data: String },
    CallInvitationTimeout { call_id: CallId, mode: CallMode },
    CallInviteesAnsweredTimeout { call_id: CallId, invitees: Vec<UserId> },
    CallUserStateChanged { call_id: CallId, users: Vec<CallUser> },
}

/// What a view is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ViewInput {
    Changed(CallChange),
    /// The call as a snapshot has it: the truth, whatever was known before.
    Snapshot(CallInfo),
    /// A snapshot lacks the call although the server was asked for it: the server has forgotten it.
    Lost,
    /// This device has begun to accept or to reject: the ring does not end by itself meanwhile.
    Answering,
    /// What was begun is over. Done: the ring has ended with it.
    Answered {
        done: bool,
    },
    /// The session is over, and not by the host's own wish: a ring must not go on.
    SessionEnded,
    /// Time has passed.
    Tick,
}

/// How a device first hears of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FirstWord {
    Invited,
    Created { by_this_device: bool },
    Snapshot,
}

/// One call on one device.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CallView {
    me: UserId,
    call_id: CallId,
    mode: CallMode,
    caller: UserId,
    inviter: UserId,
    rev: u64,
    /// The rows as the host has been told. `Unknown` for a row that it has not been told of.
    told: Vec<CallUser>,
    ring: Ring,
    /// Own accepts and rejects in flight.
    answering: u32,
    /// The server tells nothing more of this call.
    over: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Ring {
    /// This device does not ring for the call: it is the user's own, or was answered before it was shown.
    Never,
    /// Shown, without an ending so far. Ends by itself at `until`.
    Ringing { until: Millis },
    /// Shown and ended.
    Ended,
}

/// A row that differs from what the host was told, and the state it was told before.
struct News {
    before: CallUserState,
    row: CallUser,
}

impl CallView {
    /// A call that this device did not know. `None` when the host is not to hear of it: an invitation that is over
    /// already, or a call that is no longer the user's concern. The time left in `info` counts from `now`.
    pub fn first(
        now: Millis,
        me: &UserId,
        first: FirstWord,
        info: CallInfo,
        out: &mut Vec<HostEvent>,
    ) -> Option<CallView> {
        let own = info.users.iter().find(|row| row.user_id == *me).map_or(CallUserState::Unknown, |row| row.state);
        let mut view = CallView {
            me: me.clone(),
            call_id: info.call_id.clone(),
            mode: info.mode,
            caller: info.caller.clone(),
            inviter: info.inviter.clone(),
            rev: info.rev,
            told: info.users.clone(),
            ring: Ring::Never,
            answering: 0,
            over: is_over(info.state) || !own.is_participant(),
        };
        let is_mine = view.is_caller();
        match first {
            FirstWord::Created { by_this_device: true } => out.push(view.state_changed(info.users)),
            FirstWord::Created { by_this_device: false } => out.push(HostEvent::CallInvitationCreated(info)),
            FirstWord::Invited | FirstWord::Snapshot if view.over => return None,
            FirstWord::Invited | FirstWord::Snapshot if own.is_pending() => {
                if info.remaining_ms == 0 {
                    return None;
                }
                view.ring = Ring::Ringing { until: end_of_ring(now, info.remaining_ms) };
                out.push(HostEvent::CallInvitationReceived(info));
            }
            FirstWord::Invited | FirstWord::Snapshot if is_mine && !view.is_accepted_by_somebody() => {
                out.push(HostEvent::CallInvitationCreated(info));
            }
            FirstWord::Invited | FirstWord::Snapshot => out.push(view.state_changed(info.users)),
        }
        Some(view)
    }

    /// An own call whose invite has just been answered: its rows exist on the server, and the host hears of them
    /// with the server's next word.
    pub fn requested(me: &UserId, request: &CallInvite, answer: &CallInvited) -> CallView {
        let refused = |user: &UserId| answer.error_users.iter().any(|error| error.user_id == *user);
        let invitees = distinct(&request.invitees).into_iter().filter(|user| *user != me && !refused(user));
        let untold = |user: &UserId| CallUser {
            user_id: user.clone(),
            state: CallUserState::Unknown,
            extended_data: String::new(),
            reason: Code::SUCCESS,
        };
        CallView {
            me: me.clone(),
            call_id: request.call_id.clone(),
            mode: request.mode,
            caller: me.clone(),
            inviter: me.clone(),
            rev: 0,
            told: std::iter::once(me).chain(invitees).map(untold).collect(),
            ring: Ring::Never,
            answering: 0,
            over: false,
        }
    }

    /// The newest change that is known. An event that does not go beyond it tells nothing new.
    pub fn rev(&self) -> u64 {
        self.rev
    }

    /// Shown, and without an ending so far.
    pub fn is_ringing(&self) -> bool {
        match self.ring {
            Ring::Ringing { .. } => true,
            Ring::Never | Ring::Ended => false,
        }
    }

    /// The server tells nothing more of this call: the view can go.
    pub fn is_over(&self) -> bool {
        self.over
    }

    pub fn handle(&mut self, now: Millis, input: ViewInput, out: &mut Vec<HostEvent>) {
        match input {
            ViewInput::Changed(change) => self.changed(change, out),
            ViewInput::Snapshot(info) => self.snapshot(now, info, out),
            ViewInput::Lost => self.lost(out),
            ViewInput::Answering => self.answering += 1,
            ViewInput::Answered { done } => {
                self.answering = self.answering.saturating_sub(1);
                if done && self.is_ringing() {
                    self.ring = Ring::Ended;
                }
            }
            ViewInput::SessionEnded => {
                self.end_ring_here(out);
                self.over = true;
            }
            ViewInput::Tick => {
                if self.next_deadline().is_some_and(|until| until <= now) {
                    self.end_ring_here(out);
                }
            }
        }
    }

    /// When the ring ends by itself. Nothing while an own answer is in flight.
    pub fn next_deadline(&self) -> Option<Millis> {
        match self.ring {
            Ring::Ringing { until } if self.answering == 0 => Some(until),
            Ring::Ringing { .. } | Ring::Never | Ring::Ended => None,
        }
    }

    fn changed(&mut self, change: CallChange, out: &mut Vec<HostEvent>) {
        if change.rev <= self.rev {
            return;
        }
        self.rev = change.rev;
        let by = change.by.unwrap_or_else(|| self.inviter.clone());
        self.over |= change.ended;
        self.told_of(change.users, (by, change.extended_data), out);
    }

    fn snapshot(&mut self, now: Millis, info: CallInfo, out: &mut Vec<HostEvent>) {
        self.rev = info.rev;
        self.mode = info.mode;
        self.over |= is_over(info.state);
        if let Ring::Ringing { until } = &mut self.ring {
            *until = end_of_ring(now, info.remaining_ms).min(*until);
        }
        let by = (self.inviter.clone(), String::new());
        self.told_of(info.users, by, out);
    }

    /// The rows as the server has them now; `by` cancelled, if anybody did.
    fn told_of(&mut self, rows: Vec<CallUser>, by: (UserId, String), out: &mut Vec<HostEvent>) {
        if let Some(own) = rows.iter().find(|row| row.user_id == self.me) {
            self.over |= !own.state.is_participant();
            self.end_ring(own.state, by, out);
        }
        let news = self.news(rows);
        if !news.is_empty() {
            let rows = news.iter().map(|news| news.row.clone()).collect();
            out.push(self.state_changed(rows));
            self.tell_caller(&news, out);
        }
        if self.over && self.is_ringing() {
            self.lost(out);
        }
    }

    /// The ending of a ring, by what has become of the user's own row.
    fn end_ring(&mut self, own: CallUserState, by: (UserId, String), out: &mut Vec<HostEvent>) {
        if !self.is_ringing() {
            return;
        }
        let (call_id, mode) = (self.call_id.clone(), self.mode);
        match own {
            CallUserState::Inviting | CallUserState::Received | CallUserState::NotYetReceived => return,
            CallUserState::BeCancelled => {
                let (inviter, extended_data) = by;
                out.push(HostEvent::CallInvitationCancelled { call_id, inviter, extended_data, mode });
            }
            CallUserState::Timeout => out.push(HostEvent::CallInvitationTimeout { call_id, mode }),
            // The change of state is the ending.
            CallUserState::Unknown
            | CallUserState::Accepted
            | CallUserState::Rejected
            | CallUserState::Cancelled
            | CallUserState::Offline
            | CallUserState::Quit
            | CallUserState::Ended => {}
        }
        self.ring = Ring::Ended;
    }

    /// Takes the rows over and returns those of which the host was told something else.
    fn news(&mut self, rows: Vec<CallUser>) -> Vec<News> {
        let mut news = Vec::new();
        for mut row in rows {
            let Some(told) = self.told.iter_mut().find(|told| told.user_id == row.user_id) else {
                self.told.push(row.clone());
                news.push(News { before: CallUserState::Unknown, row });
                continue;
            };
            // Only the event of the answer itself says where it was given; a snapshot does not take that back.
            if told.state == row.state && told.reason == Code::ROW_ANSWERED_ELSEWHERE {
                row.reason = told.reason;
            }
            if *told != row {
                let before = std::mem::replace(told, row.clone()).state;
                news.push(News { before, row });
            }
        }
        news
    }

    /// What General calls tell the caller of the invitees' answers, beside the change of state.
    fn tell_caller(&self, news: &[News], out: &mut Vec<HostEvent>) {
        match self.mode {
            CallMode::General | CallMode::Unknown if self.is_caller() => {}
            CallMode::General | CallMode::Unknown | CallMode::Advanced => return,
        }
        let newly = |state: CallUserState| {
            news.iter()
                .filter(move |news| news.row.state == state && news.before != state && news.row.user_id != self.me)
                .map(|news| &news.row)
        };
        for row in newly(CallUserState::Accepted) {
            let (invitee, extended_data) = (row.user_id.clone(), row.extended_data.clone());
            out.push(HostEvent::CallInvitationAccepted { call_id: self.call_id.clone(), invitee, extended_data });
        }
        for row in newly(CallUserState::Rejected) {
            let (invitee, extended_data) = (row.user_id.clone(), row.extended_data.clone());
            out.push(HostEvent::CallInvitationRejected { call_id: self.call_id.clone(), invitee, extended_data });
        }
        let invitees: Vec<UserId> = newly(CallUserState::Timeout).map(|row| row.user_id.clone()).collect();
        if !invitees.is_empty() {
            out.push(HostEvent::CallInviteesAnsweredTimeout { call_id: self.call_id.clone(), invitees });
        }
    }

    /// The server no longer knows the call.
    fn lost(&mut self, out: &mut Vec<HostEvent>) {
        self.over = true;
        let mut rows = Vec::new();
        let accepted = self.is_accepted_by_somebody();
        for row in &self.told {
            let untold = row.state == CallUserState::Unknown;
            let concerns = self.is_caller() || row.user_id == self.me;
            let state = match row.user_id == self.caller {
                true if !accepted => CallUserState::Cancelled,
                false if row.state.is_pending() || untold => CallUserState::BeCancelled,
                true | false => continue,
            };
            if concerns {
                rows.push(CallUser { state, reason: Code::ROW_CALL_LOST, ..row.clone() });
            }
        }
        let by = (self.inviter.clone(), String::new());
        self.end_ring(CallUserState::BeCancelled, by, out);
        let rows: Vec<CallUser> = self.news(rows).into_iter().map(|news| news.row).collect();
        if !rows.is_empty() {
            out.push(self.state_changed(rows));
        }
    }

    /// Ends a ring without the server's word.
    fn end_ring_here(&mut self, out: &mut Vec<HostEvent>) {
        if !self.is_ringing() {
            return;
        }
        let by = (self.inviter.clone(), String::new());
        self.end_ring(CallUserState::Timeout, by, out);
        let own = self.told.iter().find(|row| row.user_id == self.me);
        let (state, reason) = (CallUserState::Timeout, Code::ROW_ENDED_LOCALLY);
        let ended = own.map(|row| CallUser { state, reason, ..row.clone() });
        let rows: Vec<CallUser> = self.news(ended.into_iter().collect()).into_iter().map(|news| news.row).collect();
        if !rows.is_empty() {
            out.push(self.state_changed(rows));
        }
    }

    fn is_caller(&self) -> bool {
        self.me == self.caller
    }

    fn is_accepted_by_somebody(&self) -> bool {
        self.told.iter().any(|row| row.user_id != self.caller && row.state == CallUserState::Accepted)
    }

    fn state_changed(&self, users: Vec<CallUser>) -> HostEvent {
        HostEvent::CallUserStateChanged { call_id: self.call_id.clone(), users }
    }
}

fn is_over(state: CallState) -> bool {
    match state {
        CallState::Ended => true,
        CallState::Started | CallState::Unknown => false,
    }
}

fn end_of_ring(now: Millis, remaining_ms: Millis) -> Millis {
    now.saturating_add(remaining_ms).saturating_add(limits::RING_GRACE_MS)
}
