//! The host on one device: what it has been told, and whether that makes sense.

use std::collections::BTreeMap;

use zim_core::call::{Call, HostEvent};
use zim_protocol::call::{CallUser, CallUserState};
use zim_protocol::code::{Code, Fault};
use zim_protocol::frame::ReplyBody;
use zim_protocol::id::{DeviceId, UserId};

/// What the host has asked for, each at most once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Asked {
    Invite,
    Cancel,
    Accept,
    Reject,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    Open,
    Done,
    /// The server has said no.
    Refused,
    /// Nobody knows.
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ring {
    NotShown,
    Ringing,
    Ended(Ending),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    OwnAnswer,
    Cancelled,
    Timeout,
    /// By the change of the own row alone.
    Elsewhere,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Host {
    pub me: UserId,
    pub device: DeviceId,
    pub results: BTreeMap<Asked, Outcome>,
    pub ring: Ring,
    pub told: BTreeMap<UserId, (CallUserState, Code)>,
    /// Callbacks about each invitee's answer that the caller has had.
    answers_told: BTreeMap<UserId, CallUserState>,
    pub ended_here: bool,
}

type Check = Result<(), &'static str>;

impl Host {
    pub fn new(me: UserId, device: DeviceId) -> Host {
        Host {
            me,
            device,
            results: BTreeMap::new(),
            ring: Ring::NotShown,
            told: BTreeMap::new(),
            answers_told: BTreeMap::new(),
            ended_here: false,
        }
    }

    pub fn outcome(&self, asked: Asked) -> Option<Outcome> {
        self.results.get(&asked).copied()
    }

    /// An accept or a reject has no result yet.
    fn is_answering(&self) -> bool {
        [Asked::Accept, Asked::Reject].iter().any(|asked| self.outcome(*asked) == Some(Outcome::Open))
    }

    pub fn own_row(&self) -> Option<CallUserState> {
        self.told.get(&self.me).map(|(state, _)| *state)
    }

    /// The result callback.
    pub fn completed(&mut self, asked: Asked, result: &Result<ReplyBody, Fault>, call: Option<&Call>) -> Check {
        let outcome = match result {
            Ok(_) => Outcome::Done,
            Err(fault) if fault.code == Code::REQUEST_TIMEOUT => Outcome::Unknown,
            Err(_) => Outcome::Refused,
        };
        if self.results.insert(asked, outcome) != Some(Outcome::Open) {
            return Err("a request completes twice");
        }
        let row = call.and_then(|call| call.row(&self.me));
        let answered_here =
            |state| row.is_some_and(|row| row.state == state && row.device.as_ref() == Some(&self.device));
        let cancelled =
            call.is_some_and(|call| call.rows.iter().any(|row| row.reason == Code::ROW_CANCELLED_BY_INVITER));
        let was_done = match asked {
            Asked::Invite => false,
            Asked::Accept => answered_here(CallUserState::Accepted),
            Asked::Reject => answered_here(CallUserState::Rejected),
            Asked::Cancel => cancelled,
        };
        match (asked, outcome) {
            (_, Outcome::Refused) if was_done => Err("what was refused has been done"),
            (Asked::Accept | Asked::Reject | Asked::Cancel, Outcome::Done) if !was_done => {
                Err("what has succeeded has not been done")
            }
            (Asked::Accept | Asked::Reject, Outcome::Done) => {
                if self.ring == Ring::Ringing {
                    self.ring = Ring::Ended(Ending::OwnAnswer);
                }
                Ok(())
            }
            (Asked::Invite | Asked::Cancel | Asked::Accept | Asked::Reject, _) => Ok(()),
        }
    }

    /// A callback about the call. `is_over`: by what the server had sent on this connection, or had known when it
    /// answered it, the user's own row is not pending any more.
    pub fn told(&mut self, event: &HostEvent, is_over: bool, call: Option<&Call>) -> Check {
        let is_caller = call.is_some_and(|call| call.caller == self.me);
        if is_caller && self.outcome(Asked::Invite) != Some(Outcome::Done) {
            return Err("an event of a call whose invite has not succeeded");
        }
        match event {
            HostEvent::CallInvitationReceived(info) => {
                if self.ring != Ring::NotShown || !self.told.is_empty() {
                    return Err("an invitation is shown twice");
                }
                if is_over {
                    return Err("an invitation is shown that was over by the end of the catch-up");
                }
                self.ring = Ring::Ringing;
                self.take(&info.users, call)
            }
            HostEvent::CallInvitationCreated(_) => Err("there is no other device of the caller"),
            HostEvent::CallInvitationCancelled { .. } => self.end(Ending::Cancelled),
            HostEvent::CallInvitationTimeout { .. } => self.end(Ending::Timeout),
            HostEvent::CallInvitationAccepted { invitee, .. } => self.answer_told(invitee, CallUserState::Accepted),
            HostEvent::CallInvitationRejected { invitee, .. } => self.answer_told(invitee, CallUserState::Rejected),
            HostEvent::CallInviteesAnsweredTimeout { invitees, .. } => {
                invitees.iter().try_for_each(|invitee| self.answer_told(invitee, CallUserState::Timeout))
            }
            HostEvent::CallUserStateChanged { users, .. } => {
                if users.is_empty() {
                    return Err("a change that changes nothing");
                }
                self.result_comes_first(users, call)?;
                self.take(users, call)?;
                let own = users.iter().find(|row| row.user_id == self.me);
                if own.is_some_and(|row| !row.state.is_pending()) && self.ring == Ring::Ringing {
                    self.ring = Ring::Ended(Ending::Elsewhere);
                }
                Ok(())
            }
        }
    }

    fn end(&mut self, ending: Ending) -> Check {
        match self.ring {
            Ring::NotShown => Err("an ending without a ring"),
            Ring::Ended(_) => Err("a second ending"),
            Ring::Ringing => {
                self.ring = Ring::Ended(ending);
                Ok(())
            }
        }
    }

    fn answer_told(&mut self, invitee: &UserId, state: CallUserState) -> Check {
        if self.told.get(invitee).map(|(told, _)| *told) != Some(state) {
            return Err("an answer is told before the change of state");
        }
        match self.answers_told.insert(invitee.clone(), state) {
            None => Ok(()),
            Some(_) => Err("an answer is told twice"),
        }
    }

    /// The rows go forward, and each is news.
    fn take(&mut self, users: &[CallUser], call: Option<&Call>) -> Check {
        for row in users {
            let told = self.told.insert(row.user_id.clone(), (row.state, row.reason));
            if told == Some((row.state, row.reason)) {
                return Err("a row is told twice");
            }
            if row.reason == Code::ROW_ENDED_LOCALLY {
                self.ended_here = true;
                continue;
            }
            let before = told.filter(|(_, reason)| *reason != Code::ROW_ENDED_LOCALLY).map(|(state, _)| state);
            // A device that has ended its ring by itself may hear that the row is pending still, or was answered.
            if before.is_some_and(|before| rank(before) >= rank(row.state) && before != row.state) {
                return Err("a row goes back");
            }
            let truth = call.and_then(|call| call.row(&row.user_id)).map(|row| row.state);
            if truth.is_none_or(|truth| rank(truth) < rank(row.state)) {
                return Err("a row is told that the server does not have");
            }
        }
        Ok(())
    }

    /// The result callback always comes first: no change that this device has caused before its result.
    fn result_comes_first(&self, users: &[CallUser], call: Option<&Call>) -> Check {
        let own = call.and_then(|call| call.row(&self.me));
        let by_this_device =
            own.is_some_and(|row| row.device.as_ref() == Some(&self.device) && row.state != CallUserState::Unknown);
        for row in users {
            let is_answer = row.user_id == self.me
                && (row.state == CallUserState::Accepted || row.state == CallUserState::Rejected)
                && row.reason != Code::ROW_ANSWERED_ELSEWHERE;
            let is_caller = call.is_some_and(|call| call.caller == self.me);
            if is_answer && !is_caller && by_this_device && self.is_answering() {
                return Err("a change comes before the result of the answer that caused it");
            }
            let cancels = row.reason == Code::ROW_CANCELLED_BY_INVITER && is_caller;
            if cancels && self.outcome(Asked::Cancel) == Some(Outcome::Open) {
                return Err("a change comes before the result of the cancellation that caused it");
            }
        }
        Ok(())
    }

    /// When nothing more happens, everybody knows the same.
    pub fn settled(&self, call: Option<&Call>) -> Check {
        if self.results.values().any(|outcome| *outcome == Outcome::Open) {
            return Err("a request never completes");
        }
        if self.ring == Ring::Ringing {
            return Err("a ring never ends");
        }
        let Some(call) = call else {
            return if self.told.is_empty() { Ok(()) } else { Err("a call is told that does not exist") };
        };
        let own = call.row(&self.me).map(|row| row.state);
        let invited = self.outcome(Asked::Invite) == Some(Outcome::Done);
        if self.told.is_empty() {
            return if invited { Err("the caller does not know its call") } else { Ok(()) };
        }
        if self.own_row() != own {
            return Err("the device and the server disagree about the own row");
        }
        if own.is_some_and(CallUserState::is_participant) || call.caller == self.me {
            let known =
                |row: &zim_core::call::Row| self.told.get(&row.user).map(|(state, _)| *state) == Some(row.state);
            if !call.rows.iter().all(known) {
                return Err("a participant and the server disagree");
            }
        }
        Ok(())
    }
}

/// States only ever go up.
fn rank(state: CallUserState) -> u8 {
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
