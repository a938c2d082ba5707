//! `CallAuthority`: decides what happens to one call. The server owns the truth, and this is where it is made.

use zim_protocol::call::{
    CallAnswer, CallAnswered, CallCancel, CallCancelled, CallChange, CallEvent, CallInvite, CallInvited, CallState,
    CallUser, CallUserState, ErrorUser, PushConfig, Trigger, check_text,
};
use zim_protocol::code::{Code, Fault};
use zim_protocol::frame::ReplyBody;
use zim_protocol::id::{CallId, DeviceId, UserId};
use zim_protocol::limits;

use super::invitation::{Invitation, distinct};
use super::{Call, Row};
use crate::Millis;

/// The truth about one call. Made from the stored record, asked, and taken apart again; the driver stores the
/// record when its `rev` has grown.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CallAuthority {
    call: Call,
}

/// What can happen to a call that exists.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Input<'a> {
    /// An invite with this call's ID, by whomever.
    Invite {
        by: &'a UserId,
        request: &'a CallInvite,
    },
    Cancel {
        by: &'a UserId,
        request: &'a CallCancel,
    },
    Accept {
        by: &'a UserId,
        device: &'a DeviceId,
        request: &'a CallAnswer,
    },
    Reject {
        by: &'a UserId,
        device: &'a DeviceId,
        request: &'a CallAnswer,
    },
    /// A device of the user has shown the invitation.
    Received {
        by: &'a UserId,
    },
    /// The user has no resumable session any more. `present`: those with an Accepted row who have one.
    Absent {
        user: &'a UserId,
        present: &'a [UserId],
    },
    /// Time has passed. Every other input does this first, too.
    Tick,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Output {
    /// To whoever asked. At most one per input; none for `Absent` and `Tick`. Notices before it tell what time
    /// alone has done; notices behind it tell what the request did.
    Reply(Result<ReplyBody, Fault>),
    Notify(Notice),
}

/// An entry for a user's log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Notice {
    pub user: UserId,
    pub audience: Audience,
    /// Where the event carries the time left, what it is measured against whenever it is sent.
    pub deadline: Option<Millis>,
    pub event: CallEvent,
}

/// Which devices of the user an entry is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    All,
    Only(DeviceId),
    Except(DeviceId),
}

impl Audience {
    pub fn includes(&self, device: &DeviceId) -> bool {
        match self {
            Audience::All => true,
            Audience::Only(only) => only == device,
            Audience::Except(except) => except != device,
        }
    }
}

/// What an operation does to the call, beside the rows it changes.
#[derive(Clone, Copy)]
struct Deed<'a> {
    now: Millis,
    trigger: Trigger,
    by: Option<&'a UserId>,
    /// The device that answers: the user's other devices learn that the answer was given elsewhere.
    device: Option<&'a DeviceId>,
    extended_data: &'a str,
    /// Why the caller's row becomes Cancelled, should this end a call that nobody accepted.
    cancels: Option<Code>,
}

impl CallAuthority {
    pub fn new(call: Call) -> CallAuthority {
        CallAuthority { call }
    }

    /// Makes a call, or refuses to. `known` tells whether the server knows a user.
    /// The outputs start with the reply in both cases.
    pub fn create(
        now: Millis,
        by: &UserId,
        device: &DeviceId,
        request: &CallInvite,
        known: &dyn Fn(&UserId) -> bool,
        outputs: &mut Vec<Output>,
    ) -> Option<CallAuthority> {
        let authority = match Invitation::check(by, request).and_then(|invitation| invitation.begin(now, device, known))
        {
            Ok(call) => CallAuthority { call },
            Err(fault) => {
                outputs.push(Output::Reply(Err(fault)));
                return None;
            }
        };
        let call = &authority.call;
        outputs.push(Output::Reply(Ok(ReplyBody::CallInvite(first_answer(call)))));
        for row in &call.rows {
            let info = call.info(&row.user, now);
            let notice = |audience, event| {
                let deadline = Some(call.deadline(&row.user));
                Output::Notify(Notice { user: row.user.clone(), audience, deadline, event })
            };
            if row.user == *by {
                let here = CallEvent::CallCreated { call: info.clone(), by_this_device: true };
                let elsewhere = CallEvent::CallCreated { call: info, by_this_device: false };
                outputs.push(notice(Audience::Only(device.clone()), here));
                outputs.push(notice(Audience::Except(device.clone()), elsewhere));
            } else {
                outputs.push(notice(Audience::All, CallEvent::CallInvited(info)));
            }
        }
        Some(authority)
    }

    /// The answer to a request about a call that does not exist; `None` for inputs that nobody waits for, and for
    /// an invite, which [`CallAuthority::create`] answers.
    pub fn unknown(input: &Input<'_>) -> Option<Result<ReplyBody, Fault>> {
        let refusal = |id: &CallId| Fault::new(Code::CALL_DOES_NOT_EXIST, format!("there is no call {id}"));
        match input {
            Input::Cancel { request, .. } if request.withdraw => Some(Ok(cancelled(&request.call_id, Vec::new()))),
            Input::Cancel { request, .. } => Some(Err(refusal(&request.call_id))),
            Input::Accept { request, .. } | Input::Reject { request, .. } => Some(Err(refusal(&request.call_id))),
            Input::Received { .. } => Some(Err(Fault::new(Code::CALL_DOES_NOT_EXIST, "there is no such call"))),
            Input::Invite { .. } | Input::Absent { .. } | Input::Tick => None,
        }
    }

    pub fn call(&self) -> &Call {
        &self.call
    }

    pub fn into_call(self) -> Call {
        self.call
    }

    /// Decides at `now`: deadlines that have passed count first, whether or not a `Tick` has said so. The call may
    /// therefore have changed even when the request is refused: compare `rev`.
    pub fn handle(&mut self, now: Millis, input: Input<'_>, outputs: &mut Vec<Output>) {
        self.expire(now, outputs);
        let at = outputs.len();
        let reply = match input {
            Input::Invite { by, request } => self.invite(by, request).map(ReplyBody::CallInvite),
            Input::Cancel { by, request } => self.cancel(now, by, request, outputs),
            Input::Accept { by, device, request } => self
                .answer(now, by, device, request, Answer::Accept, outputs)
                .map(|()| ReplyBody::CallAccept(CallAnswered { call_id: self.call.id.clone() })),
            Input::Reject { by, device, request } => self
                .answer(now, by, device, request, Answer::Reject, outputs)
                .map(|()| ReplyBody::CallReject(CallAnswered { call_id: self.call.id.clone() })),
            Input::Received { by } => self
                .received(now, by, outputs)
                .map(|()| ReplyBody::CallReceived(CallAnswered { call_id: self.call.id.clone() })),
            Input::Absent { user, present } => return self.absent(now, user, present, outputs),
            Input::Tick => return,
        };
        outputs.insert(at, Output::Reply(reply));
    }

    /// When the call wants a `Tick`; `None` once it is over.
    pub fn next_deadline(&self) -> Option<Millis> {
        if self.call.is_ended() {
            return None;
        }
        let deadlines = self.call.rows.iter().filter(|row| row.state.is_pending()).map(|row| row.deadline);
        let unheard = self.call.rows.iter().any(|row| row.state == CallUserState::Inviting);
        let check = self.call.not_received_at.filter(|_| unheard);
        deadlines.chain(check).min()
    }

    /// The call ID is taken. The caller with the same content hears the first answer again, also when the call is
    /// over by now.
    fn invite(&self, by: &UserId, request: &CallInvite) -> Result<CallInvited, Fault> {
        let invitation = Invitation::check(by, request)?;
        if invitation.made(&self.call) {
            return Ok(first_answer(&self.call));
        }
        let whose =
            if *by == self.call.caller { "an earlier call of yours with other content" } else { "another call" };
        Err(Fault::new(
            Code::CALL_ALREADY_EXISTS,
            format!("call ID {} is taken by {whose}; use a new one", self.call.id),
        ))
    }

    fn answer(
        &mut self,
        now: Millis,
        by: &UserId,
        device: &DeviceId,
        request: &CallAnswer,
        answer: Answer,
        outputs: &mut Vec<Output>,
    ) -> Result<(), Fault> {
        check_text("extended data", &request.extended_data, limits::EXTENDED_DATA_BYTES)?;
        let state = self.invited(by)?.state;
        if !state.is_pending() {
            let name = state.name();
            return Err(Fault::new(
                Code::CALL_DOES_NOT_EXIST,
                format!("call {} is over for you: your invitation is {name} already", self.call.id),
            ));
        }
        let (trigger, state, reason) = match answer {
            Answer::Accept => (Trigger::Accepted, CallUserState::Accepted, Code::SUCCESS),
            Answer::Reject => (Trigger::Rejected, CallUserState::Rejected, Code::ROW_DECLINED),
        };
        let extended_data = request.extended_data.as_str();
        let deed = Deed { now, trigger, by: Some(by), device: Some(device), extended_data, cancels: None };
        self.change(deed, outputs, |row| {
            if row.user != *by {
                return false;
            }
            row.state = state;
            row.reason = reason;
            row.extended_data = extended_data.to_owned();
            row.device = Some(device.clone());
            row.received = true;
            true
        });
        Ok(())
    }

    fn received(&mut self, now: Millis, by: &UserId, outputs: &mut Vec<Output>) -> Result<(), Fault> {
        self.invited(by)?;
        let deed =
            Deed { now, trigger: Trigger::Received, by: Some(by), device: None, extended_data: "", cancels: None };
        self.change(deed, outputs, |row| {
            let news = row.user == *by && row.state.is_pending() && row.state != CallUserState::Received;
            if news {
                row.state = CallUserState::Received;
                row.received = true;
            }
            news
        });
        Ok(())
    }

    fn cancel(
        &mut self,
        now: Millis,
        by: &UserId,
        request: &CallCancel,
        outputs: &mut Vec<Output>,
    ) -> Result<ReplyBody, Fault> {
        check_text("extended data", &request.extended_data, limits::EXTENDED_DATA_BYTES)?;
        request.push.as_ref().map_or(Ok(()), PushConfig::check)?;
        if request.invitees.len() > limits::INVITEES_NAMED {
            let (most, named) = (limits::INVITEES_NAMED, request.invitees.len());
            return Err(Fault::params(format!("a cancellation may name at most {most} users; got {named}")));
        }
        let call = &self.call;
        let is_caller = *by == call.caller;
        if !is_caller && !call.invitations().any(|row| row.inviter == *by) {
            let message = format!("only who invited may cancel; you have invited nobody to call {}", call.id);
            return Err(Fault::new(Code::CALL_IS_NOT_INVITOR, message));
        }
        let mine = |row: &Row| is_caller || row.inviter == *by;
        let named: Vec<&UserId> = match request.withdraw || request.invitees.is_empty() {
            true => call.invitations().filter(|row| mine(row)).map(|row| &row.user).collect(),
            false => distinct(&request.invitees),
        };
        let mut targets = Vec::new();
        let mut error_users = Vec::new();
        for user in named {
            match call.invitations().find(|row| row.user == *user && mine(row)) {
                Some(row) if row.state.is_pending() => targets.push(user.clone()),
                row => {
                    let reason = row.map_or(Code::CALL_IS_NOT_INVITEE, |row| not_cancellable(row.state));
                    error_users.push(ErrorUser { user_id: user.clone(), reason });
                }
            }
        }
        if targets.is_empty() && !request.withdraw {
            return Err(self.nothing_to_cancel(&error_users));
        }
        let deed = Deed {
            now,
            trigger: Trigger::Cancelled,
            by: Some(by),
            device: None,
            extended_data: &request.extended_data,
            cancels: is_caller.then_some(Code::ROW_CANCELLED_BY_INVITER),
        };
        self.change(deed, outputs, |row| {
            let cancelled = targets.contains(&row.user);
            if cancelled {
                row.state = CallUserState::BeCancelled;
                row.reason = Code::ROW_CANCELLED_BY_INVITER;
            }
            cancelled
        });
        if request.withdraw || request.invitees.is_empty() {
            error_users.clear();
        }
        Ok(cancelled(&self.call.id, error_users))
    }

    fn nothing_to_cancel(&self, errors: &[ErrorUser]) -> Fault {
        let id = &self.call.id;
        let mut states = String::new();
        for error in errors {
            let state = self.call.row(&error.user_id).map_or("not in the call", |row| row.state.name());
            states.push_str(&format!("{}{} is {state}", if states.is_empty() { "" } else { ", " }, error.user_id));
        }
        if errors.iter().any(|error| error.reason == Code::CALL_CANCEL_ERROR) {
            return Fault::new(Code::CALL_CANCEL_ERROR, format!("call {id} has been answered already: {states}"));
        }
        Fault::new(Code::CALL_DOES_NOT_EXIST, format!("no invitation of call {id} is left to cancel: {states}"))
    }

    /// A user is gone. Who is pending needs somebody to be called by: the caller until somebody has accepted, from
    /// then on anyone whose row is Accepted.
    fn absent(&mut self, now: Millis, user: &UserId, present: &[UserId], outputs: &mut Vec<Output>) {
        let accepted =
            |call: &Call, user: &UserId| call.row(user).is_some_and(|row| row.state == CallUserState::Accepted);
        if !accepted(&self.call, user) {
            return;
        }
        let reason = if !self.call.is_accepted_by_somebody() {
            Code::ROW_CALLER_LEFT
        } else if present.iter().any(|other| other != user && accepted(&self.call, other)) {
            return;
        } else {
            Code::ROW_ALL_LEFT
        };
        let caller = self.call.caller.clone();
        let deed = Deed {
            now,
            trigger: Trigger::Cancelled,
            by: Some(&caller),
            device: None,
            extended_data: "",
            cancels: Some(reason),
        };
        self.change(deed, outputs, |row| {
            let pending = row.state.is_pending();
            if pending {
                row.state = CallUserState::BeCancelled;
                row.reason = reason;
            }
            pending
        });
    }

    /// What time alone does to the call.
    fn expire(&mut self, now: Millis, outputs: &mut Vec<Output>) {
        let deed = Deed { now, trigger: Trigger::Timeout, by: None, device: None, extended_data: "", cancels: None };
        self.change(deed, outputs, |row| {
            let due = row.state.is_pending() && row.deadline <= now;
            if due {
                row.state = CallUserState::Timeout;
                row.reason = if row.received { Code::ROW_NO_ANSWER } else { Code::ROW_NOT_REACHED };
            }
            due
        });
        if self.call.not_received_at.is_none_or(|at| now < at) {
            return;
        }
        let deed =
            Deed { now, trigger: Trigger::NotReceived, by: None, device: None, extended_data: "", cancels: None };
        self.change(deed, outputs, |row| {
            let unheard = row.state == CallUserState::Inviting;
            if unheard {
                row.state = CallUserState::NotYetReceived;
            }
            unheard
        });
    }

    /// The row of a user who was invited; never the caller's.
    fn invited(&self, user: &UserId) -> Result<&Row, Fault> {
        self.call.invitations().find(|row| row.user == *user).ok_or_else(|| {
            Fault::new(Code::CALL_IS_NOT_INVITEE, format!("{user} is not invited to call {}", self.call.id))
        })
    }

    /// The one place where a call changes: `edit` says of each row whether it did. One change, one `rev`, one event
    /// for each party.
    fn change(&mut self, deed: Deed<'_>, outputs: &mut Vec<Output>, mut edit: impl FnMut(&mut Row) -> bool) {
        let call = &mut self.call;
        let before: Vec<UserId> = call.participants().cloned().collect();
        let mut changed: Vec<UserId> = Vec::new();
        for row in &mut call.rows {
            if edit(row) {
                changed.push(row.user.clone());
            }
        }
        if changed.is_empty() {
            return;
        }
        call.rev += 1;
        if call.is_over() {
            call.state = CallState::Ended;
            call.ended_at = Some(deed.now);
            if let Some(reason) = deed.cancels.filter(|_| !call.is_accepted_by_somebody()) {
                changed.push(call.caller.clone());
                let caller = call.caller.clone();
                if let Some(row) = call.rows.iter_mut().find(|row| row.user == caller) {
                    row.state = CallUserState::Cancelled;
                    row.reason = reason;
                    row.extended_data = deed.extended_data.to_owned();
                }
            }
        }
        let rows: Vec<CallUser> = call.rows.iter().filter(|row| changed.contains(&row.user)).map(Row::shown).collect();
        for user in call.rows.iter().filter(|row| row.state.is_participant() || before.contains(&row.user)) {
            tell(call, &deed, &user.user, &rows, outputs);
        }
    }
}

#[derive(Clone, Copy)]
enum Answer {
    Accept,
    Reject,
}

/// Puts the change into the log of one party.
fn tell(call: &Call, deed: &Deed<'_>, user: &UserId, rows: &[CallUser], outputs: &mut Vec<Output>) {
    let mut push = |audience, users: Vec<CallUser>| {
        let change = CallChange {
            call_id: call.id.clone(),
            rev: call.rev,
            trigger: deed.trigger,
            by: deed.by.cloned(),
            extended_data: deed.extended_data.to_owned(),
            users,
            ended: call.is_ended(),
        };
        let event = CallEvent::CallChanged(change);
        outputs.push(Output::Notify(Notice { user: user.clone(), audience, deadline: None, event }));
    };
    match deed.device {
        Some(device) if deed.by == Some(user) => {
            push(Audience::Only(device.clone()), rows.to_vec());
            let mut elsewhere = rows.to_vec();
            for row in elsewhere.iter_mut().filter(|row| row.user_id == *user) {
                row.reason = Code::ROW_ANSWERED_ELSEWHERE;
            }
            push(Audience::Except(device.clone()), elsewhere);
        }
        // Whom nobody has reached is not told so.
        Some(_) | None if deed.trigger == Trigger::NotReceived => {
            let others: Vec<CallUser> = rows.iter().filter(|row| row.user_id != *user).cloned().collect();
            if !others.is_empty() {
                push(Audience::All, others);
            }
        }
        Some(_) | None => push(Audience::All, rows.to_vec()),
    }
}

fn first_answer(call: &Call) -> CallInvited {
    let unknown = call.invitees.iter().filter(|user| call.row(user).is_none());
    let error_users =
        unknown.map(|user| ErrorUser { user_id: user.clone(), reason: Code::USER_IS_NOT_EXIST }).collect();
    CallInvited { call_id: call.id.clone(), timeout_s: call.timeout_s, error_users }
}

fn cancelled(id: &CallId, error_users: Vec<ErrorUser>) -> ReplyBody {
    ReplyBody::CallCancel(CallCancelled { call_id: id.clone(), error_users })
}

/// Why a row that is not pending cannot be cancelled: answered, or over.
fn not_cancellable(state: CallUserState) -> Code {
    match state {
        CallUserState::Accepted | CallUserState::Rejected | CallUserState::Quit | CallUserState::Ended => {
            Code::CALL_CANCEL_ERROR
        }
        CallUserState::Unknown
        | CallUserState::Inviting
        | CallUserState::Cancelled
        | CallUserState::Offline
        | CallUserState::Received
        | CallUserState::Timeout
        | CallUserState::NotYetReceived
        | CallUserState::BeCancelled => Code::CALL_DOES_NOT_EXIST,
    }
}
