//! Short ways to say who asks for what.

use zim_core::Millis;
use zim_core::call::{Call, CallAuthority, Input, Notice, Output};
use zim_protocol::call::{CallAnswer, CallCancel, CallInvite, CallMode};
use zim_protocol::code::Fault;
use zim_protocol::frame::ReplyBody;
use zim_protocol::id::{CallId, DeviceId, UserId};

pub fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

pub fn users(names: &[&str]) -> Vec<UserId> {
    names.iter().map(|name| user(name)).collect()
}

pub fn device(name: &str) -> DeviceId {
    DeviceId::parse(name).unwrap()
}

pub fn call_id() -> CallId {
    CallId::parse("call-1").unwrap()
}

pub fn invite(invitees: &[&str]) -> CallInvite {
    CallInvite {
        call_id: call_id(),
        invitees: users(invitees),
        timeout_s: 0,
        mode: CallMode::General,
        extended_data: "room 7".to_owned(),
        not_received_check: true,
        push: None,
    }
}

pub fn answer(extended_data: &str) -> CallAnswer {
    CallAnswer { call_id: call_id(), extended_data: extended_data.to_owned() }
}

pub fn cancel(invitees: &[&str]) -> CallCancel {
    CallCancel {
        call_id: call_id(),
        invitees: users(invitees),
        extended_data: "sorry".to_owned(),
        push: None,
        withdraw: false,
    }
}

/// What an input has led to: the answer, if any, and the entries for logs.
#[derive(Debug, Default)]
pub struct Outcome {
    pub reply: Option<Result<ReplyBody, Fault>>,
    pub notices: Vec<Notice>,
}

impl Outcome {
    fn of(outputs: Vec<Output>) -> Outcome {
        let mut outcome = Outcome::default();
        for output in outputs {
            match output {
                Output::Reply(reply) => {
                    assert!(outcome.reply.is_none(), "two replies to one input");
                    outcome.reply = Some(reply);
                }
                Output::Notify(notice) => outcome.notices.push(notice),
            }
        }
        outcome
    }
}

/// alice, on her phone, invites; everybody is known but those whose names start with "x".
pub fn create(now: Millis, request: &CallInvite) -> (Option<CallAuthority>, Outcome) {
    let mut outputs = Vec::new();
    let known = |user: &UserId| !user.as_str().starts_with('x');
    let authority = CallAuthority::create(now, &user("alice"), &device("phone"), request, &known, &mut outputs);
    assert!(matches!(outputs.first(), Some(Output::Reply(_))), "the reply comes first");
    (authority, Outcome::of(outputs))
}

pub fn handle(authority: &mut CallAuthority, now: Millis, input: Input<'_>) -> Outcome {
    let mut outputs = Vec::new();
    authority.handle(now, input, &mut outputs);
    Outcome::of(outputs)
}

/// A call of alice's with these invitees, as it is right after the invite at time 0.
pub fn call(invitees: &[&str]) -> Call {
    create(0, &invite(invitees)).0.unwrap().into_call()
}
