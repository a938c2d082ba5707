//! `CallView`: what one device knows of one call, and what its host has been told.

use zim_protocol::call::{CallChange, CallInfo, CallInvite, CallInvited, CallMode, CallState, CallUser, CallUserState};
use zim_protocol::code::Code;
use zim_protocol::id::{CallId, UserId};
use zim_protocol::limits;

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

/// A row of which the host was told something else: where it is in `told`, and its state before.
struct News {
    at: usize,
    before: CallUserState,
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
        let event = match first {
            FirstWord::Created { by_this_device: false } => HostEvent::CallInvitationCreated(info),
            FirstWord::Invited | FirstWord::Snapshot if view.over => return None,
            FirstWord::Invited | FirstWord::Snapshot if own.is_pending() => {
                if info.remaining_ms == 0 {
                    return None;
                }
                view.ring = Ring::Ringing { until: end_of_ring(now, info.remaining_ms) };
                HostEvent::CallInvitationReceived(info)
            }
            FirstWord::Invited | FirstWord::Snapshot if view.is_caller() && !view.is_accepted_by_somebody() => {
                HostEvent::CallInvitationCreated(info)
            }
            FirstWord::Created { by_this_device: true } | FirstWord::Invited | FirstWord::Snapshot => {
                view.state_changed(view.told.clone())
            }
        };
        put(out, event);
        Some(view)
    }

    /// An own call whose invite has just been answered: its rows exist on the server, and the host hears of them
    /// with the server's next word.
    pub fn requested(me: &UserId, request: &CallInvite, answer: &CallInvited) -> CallView {
        let untold = |user: &UserId| CallUser {
            user_id: user.clone(),
            state: CallUserState::Unknown,
            extended_data: String::new(),
            reason: Code::SUCCESS,
        };
        let mut told = vec![untold(me)];
        for user in &request.invitees {
            let refused = answer.error_users.iter().any(|error| error.user_id == *user);
            if !refused && !told.iter().any(|row| row.user_id == *user) {
                told.push(untold(user));
            }
        }
        CallView {
            me: me.clone(),
            call_id: request.call_id.clone(),
            mode: request.mode,
            caller: me.clone(),
            inviter: me.clone(),
            rev: 0,
            told,
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
        self.over |= change.ended;
        self.told_of(change.users, change.by.as_ref(), &change.extended_data, out);
    }

    fn snapshot(&mut self, now: Millis, info: CallInfo, out: &mut Vec<HostEvent>) {
        self.rev = info.rev;
        self.mode = info.mode;
        self.over |= is_over(info.state);
        if let Ring::Ringing { until } = &mut self.ring {
            *until = end_of_ring(now, info.remaining_ms).min(*until);
        }
        self.told_of(info.users, None, "", out);
    }

    /// The rows as the server has them now. If anybody cancelled it was `by`, otherwise the inviter, with these words.
    fn told_of(&mut self, rows: Vec<CallUser>, by: Option<&UserId>, words: &str, out: &mut Vec<HostEvent>) {
        if let Some(own) = rows.iter().find(|row| row.user_id == self.me) {
            self.over |= !own.state.is_participant();
            self.end_ring(own.state, by, words, out);
        }
        self.tell(rows, out);
        if self.over && self.is_ringing() {
            self.lost(out);
        }
    }

    /// The ending of a ring, by what has become of the user's own row.
    fn end_ring(&mut self, own: CallUserState, by: Option<&UserId>, words: &str, out: &mut Vec<HostEvent>) {
        if !self.is_ringing() {
            return;
        }
        match own {
            CallUserState::Inviting | CallUserState::Received | CallUserState::NotYetReceived => return,
            CallUserState::BeCancelled => {
                let (call_id, inviter) = (self.call_id.clone(), by.unwrap_or(&self.inviter).clone());
                let (extended_data, mode) = (words.to_owned(), self.mode);
                put(out, HostEvent::CallInvitationCancelled { call_id, inviter, extended_data, mode });
            }
            CallUserState::Timeout => {
                put(out, HostEvent::CallInvitationTimeout { call_id: self.call_id.clone(), mode: self.mode });
            }
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

    /// Takes the rows over and tells the host of those of which it was told something else.
    fn tell(&mut self, rows: Vec<CallUser>, out: &mut Vec<HostEvent>) {
        let mut news = Vec::new();
        for mut row in rows {
            let known = self.told.iter_mut().enumerate().find(|(_, told)| told.user_id == row.user_id);
            let Some((at, told)) = known else {
                news.push(News { at: self.told.len(), before: CallUserState::Unknown });
                self.told.push(row);
                continue;
            };
            // Only the event of the answer itself says where it was given; a snapshot does not take that back.
            if told.state == row.state && told.reason == Code::ROW_ANSWERED_ELSEWHERE {
                row.reason = told.reason;
            }
            if *told != row {
                // Once a user, however often a server names them.
                if !news.iter().any(|other: &News| other.at == at) {
                    news.push(News { at, before: told.state });
                }
                *told = row;
            }
        }
        let mut users = Vec::new();
        for news in &news {
            users.extend(self.told.get(news.at).cloned());
        }
        if !users.is_empty() {
            put(out, self.state_changed(users));
            self.tell_caller(&news, out);
        }
    }

    /// What General calls tell the caller of the invitees' answers, beside the change of state.
    fn tell_caller(&self, news: &[News], out: &mut Vec<HostEvent>) {
        match self.mode {
            CallMode::General | CallMode::Unknown if self.is_caller() => {}
            CallMode::General | CallMode::Unknown | CallMode::Advanced => return,
        }
        let mut invitees = Vec::new();
        for state in [CallUserState::Accepted, CallUserState::Rejected, CallUserState::Timeout] {
            for news in news {
                let row = self.told.get(news.at).filter(|row| row.state == state && row.user_id != self.me);
                let Some(row) = row.filter(|_| news.before != state) else { continue };
                let (call_id, invitee) = (self.call_id.clone(), row.user_id.clone());
                let extended_data = row.extended_data.clone();
                let event = if state == CallUserState::Accepted {
                    HostEvent::CallInvitationAccepted { call_id, invitee, extended_data }
                } else if state == CallUserState::Rejected {
                    HostEvent::CallInvitationRejected { call_id, invitee, extended_data }
                } else {
                    invitees.push(invitee);
                    continue;
                };
                put(out, event);
            }
        }
        if !invitees.is_empty() {
            put(out, HostEvent::CallInviteesAnsweredTimeout { call_id: self.call_id.clone(), invitees });
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
        self.end_ring(CallUserState::BeCancelled, None, "", out);
        self.tell(rows, out);
    }

    /// Ends a ring without the server's word.
    fn end_ring_here(&mut self, out: &mut Vec<HostEvent>) {
        if !self.is_ringing() {
            return;
        }
        self.end_ring(CallUserState::Timeout, None, "", out);
        let mut rows = Vec::new();
        if let Some(own) = self.told.iter().find(|row| row.user_id == self.me) {
            let (state, reason) = (CallUserState::Timeout, Code::ROW_ENDED_LOCALLY);
            rows.push(CallUser { state, reason, ..own.clone() });
        }
        self.tell(rows, out);
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

/// Kept in one place: an event is large, and a push of one is a hundred bytes of code wherever it stands.
#[inline(never)]
fn put(out: &mut Vec<HostEvent>, event: HostEvent) {
    out.push(event);
}
