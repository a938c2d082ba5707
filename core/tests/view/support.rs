//! Calls, changes and host events in short words: `alice` calls `bob` and `carl`.

use zim_core::Millis;
use zim_core::call::{CallView, FirstWord, HostEvent, ViewInput};
use zim_protocol::call::{
    CallChange, CallInfo, CallInvite, CallInvited, CallMode, CallState, CallUser, CallUserState, ErrorUser, Trigger,
};
use zim_protocol::code::{self, Code};
use zim_protocol::id::{CallId, UserId};

pub const NOW: Millis = 1_000_000;

pub fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

fn call_id() -> CallId {
    CallId::parse("call-1").unwrap()
}

fn state(name: &str) -> CallUserState {
    (0..=10).map(CallUserState::from).find(|state| state.name() == name).unwrap_or_else(|| panic!("no state {name}"))
}

/// `bob:Timeout/NoAnswer`
fn row(text: &str) -> CallUser {
    let (name, rest) = text.split_once(':').unwrap();
    let (state_name, reason) = rest.split_once('/').unwrap_or((rest, ""));
    let reason = match reason {
        "" => Code::SUCCESS,
        reason => code::TABLE.iter().find(|row| row.name == format!("CallReason{reason}")).unwrap().code,
    };
    let state = state(state_name);
    let extended_data = match state {
        CallUserState::Accepted | CallUserState::Rejected if name != "alice" => format!("{name}'s"),
        _ => String::new(),
    };
    CallUser { user_id: user(name), state, extended_data, reason }
}

/// `[Ended] [remaining] alice's bob's carl's`
pub fn call(text: &str, rev: u64) -> CallInfo {
    let (mut remaining_ms, mut call_state, mut users) = (90_000, CallState::Started, Vec::new());
    let mut names = ["alice", "bob", "carl"].into_iter();
    for (at, word) in text.split(' ').enumerate() {
        if at == 0 && word == "Ended" {
            call_state = CallState::Ended;
        } else if let Ok(number) = word.parse() {
            remaining_ms = number;
        } else {
            users.push(row(&format!("{}:{word}", names.next().unwrap())));
        }
    }
    CallInfo {
        call_id: call_id(),
        rev,
        mode: CallMode::General,
        state: call_state,
        caller: user("alice"),
        inviter: user("alice"),
        extended_data: String::new(),
        created_at: 0,
        timeout_s: 90,
        remaining_ms,
        users,
    }
}

/// `trigger[!] rows…`; with `!` the call ends. `old` is a change that is known already.
pub fn change(text: &str, rev: u64) -> CallChange {
    let mut words = text.split(' ');
    let first = words.next().unwrap();
    let (ended, name) = (first.ends_with('!'), first.trim_end_matches('!'));
    let (trigger, rev) = match name {
        "received" => (Trigger::Received, rev),
        "not_received" => (Trigger::NotReceived, rev),
        "accepted" => (Trigger::Accepted, rev),
        "rejected" => (Trigger::Rejected, rev),
        "cancelled" => (Trigger::Cancelled, rev),
        "timeout" => (Trigger::Timeout, rev),
        "old" => (Trigger::Accepted, 1),
        _ => (Trigger::Unknown, rev),
    };
    let users: Vec<CallUser> = words.map(row).collect();
    let (by, extended_data) = match trigger {
        Trigger::Cancelled => (Some(user("alice")), "bye".to_owned()),
        Trigger::Timeout | Trigger::NotReceived | Trigger::Unknown => (None, String::new()),
        Trigger::Received | Trigger::Accepted | Trigger::Rejected => {
            (users.first().map(|row| row.user_id.clone()), String::new())
        }
    };
    CallChange { call_id: call_id(), rev, trigger, by, extended_data, users, ended }
}

pub fn requested(named: &[&str], refused: &[&str]) -> CallView {
    let invite = CallInvite {
        call_id: call_id(),
        invitees: named.iter().map(|name| user(name)).collect(),
        timeout_s: 90,
        mode: CallMode::General,
        extended_data: String::new(),
        not_received_check: false,
        push: None,
    };
    let reason = Code::USER_IS_NOT_EXIST;
    let error_users = refused.iter().map(|name| ErrorUser { user_id: user(name), reason }).collect();
    CallView::requested(&user("alice"), &invite, &CallInvited { call_id: call_id(), timeout_s: 90, error_users })
}

#[derive(Clone, Copy, Debug)]
pub enum Role {
    Caller,
    CallerOfAccepted,
    CallerJustAnswered,
    Ringing,
    RingingAnswering,
    JustAnswered,
    EndedHere,
    Accepted_,
    AcceptedElsewhere,
}

#[derive(Clone, Debug)]
pub enum Word {
    Changed(&'static str),
    Snapshot(&'static str),
    Lost,
    SessionEnded,
    Answering,
    Answered { done: bool },
    TickBeforeRingEnds,
    TickAfterRing,
}

pub const fn changed(text: &'static str) -> Word {
    Word::Changed(text)
}

pub const fn snapshot(text: &'static str) -> Word {
    Word::Snapshot(text)
}

pub fn first_word_of(me: &str, first: FirstWord, info: CallInfo) -> (Option<CallView>, Vec<String>) {
    let mut events = Vec::new();
    let view = CallView::first(NOW, &user(me), first, info, &mut events);
    (view, events.iter().map(shown).collect())
}

pub fn first_word(me: &str, first: FirstWord, text: &str) -> (Option<CallView>, Vec<String>) {
    first_word_of(me, first, call(text, 1))
}

pub fn ringing() -> CallView {
    first_word("bob", FirstWord::Invited, "Accepted Inviting Inviting").0.unwrap()
}

pub fn hears(view: &mut CallView, now: Millis, input: ViewInput) -> Vec<String> {
    let mut events = Vec::new();
    view.handle(now, input, &mut events);
    events.iter().map(shown).collect()
}

/// What a device in that role tells its host, and whether it rings or has done with the call afterwards.
pub fn after(role: Role, word: Word) -> Vec<String> {
    let created = || first_word("alice", FirstWord::Created { by_this_device: true }, "Accepted Inviting Inviting");
    let accepted = |text| ViewInput::Changed(change(text, 2));
    let (mut view, before) = match role {
        Role::Caller => (created().0.unwrap(), vec![]),
        Role::CallerOfAccepted => (created().0.unwrap(), vec![accepted("accepted bob:Accepted")]),
        Role::CallerJustAnswered => (requested(&["bob", "carl"], &[]), vec![]),
        Role::Ringing => (ringing(), vec![]),
        Role::RingingAnswering => (ringing(), vec![ViewInput::Answering]),
        Role::JustAnswered => (ringing(), vec![ViewInput::Answering, ViewInput::Answered { done: true }]),
        Role::EndedHere => {
            let mut view = ringing();
            hears(&mut view, NOW + 91_000, ViewInput::Tick);
            (view, vec![])
        }
        Role::Accepted_ => (ringing(), vec![accepted("accepted bob:Accepted")]),
        Role::AcceptedElsewhere => (ringing(), vec![accepted("accepted bob:Accepted/AnsweredElsewhere")]),
    };
    for input in before {
        hears(&mut view, NOW, input);
    }
    assert!(!view.is_over(), "{role:?}");
    let (now, input) = match word {
        Word::Changed(text) => (NOW, ViewInput::Changed(change(text, 3))),
        Word::Snapshot(text) => (NOW, ViewInput::Snapshot(call(text, 3))),
        Word::Lost => (NOW, ViewInput::Lost),
        Word::SessionEnded => (NOW, ViewInput::SessionEnded),
        Word::Answering => (NOW, ViewInput::Answering),
        Word::Answered { done } => (NOW, ViewInput::Answered { done }),
        Word::TickBeforeRingEnds => (NOW + 90_999, ViewInput::Tick),
        Word::TickAfterRing => (NOW + 91_000, ViewInput::Tick),
    };
    let mut told = hears(&mut view, now, input);
    if view.is_ringing() {
        told.push("rings".to_owned());
    }
    if view.is_over() {
        told.push("over".to_owned());
    }
    told
}

fn rows(users: &[CallUser]) -> String {
    let rows: Vec<String> = users
        .iter()
        .map(|row| match row.reason {
            Code::SUCCESS => format!("{}:{}", row.user_id, row.state.name()),
            reason => {
                format!("{}:{}/{}", row.user_id, row.state.name(), reason.name().trim_start_matches("CallReason"))
            }
        })
        .collect();
    rows.join(" ")
}

fn shown(event: &HostEvent) -> String {
    match event {
        HostEvent::CallInvitationReceived(info) => format!("Received({})", info.remaining_ms),
        HostEvent::CallInvitationCreated(info) => format!("Created({})", info.remaining_ms),
        HostEvent::CallInvitationCancelled { inviter, extended_data, .. } => {
            format!("Cancelled({inviter},{extended_data})")
        }
        HostEvent::CallInvitationAccepted { invitee, extended_data, .. } => {
            format!("Accepted({invitee},{extended_data})")
        }
        HostEvent::CallInvitationRejected { invitee, extended_data, .. } => {
            format!("Rejected({invitee},{extended_data})")
        }
        HostEvent::CallInvitationTimeout { .. } => "Timeout".to_owned(),
        HostEvent::CallInviteesAnsweredTimeout { invitees, .. } => {
            let names: Vec<&str> = invitees.iter().map(UserId::as_str).collect();
            format!("AnsweredTimeout({})", names.join(" "))
        }
        HostEvent::CallUserStateChanged { users, .. } => format!("S({})", rows(users)),
    }
}
