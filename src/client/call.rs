//! Calls.

use zim_protocol::call::{
    CallAnswer, CallCancel, CallCancelled, CallInvite, CallInvited, CallMode, PushConfig, check_text,
};
use zim_protocol::code::{Code, Fault};
use zim_protocol::frame::{ReplyBody, RequestBody};
use zim_protocol::id::{CallId, UserId};
use zim_protocol::limits;

use super::config::InviteOptions;
use super::{CallCompletion, Client, Shared, unfitting};

impl Client {
    pub fn call_invite(
        &self,
        invitees: Vec<UserId>,
        options: InviteOptions,
        done: CallCompletion<CallInvited>,
    ) -> Result<(), Fault> {
        let shared = &self.shared;
        shared.check()?;
        check_options(&options)?;
        check_invitees(shared, &invitees)?;
        shared.check_logged_in()?;
        let call_id = shared.call_ids.next()?;
        let invite = CallInvite {
            call_id: call_id.clone(),
            invitees,
            timeout_s: options.timeout_s,
            mode: options.mode,
            extended_data: options.extended_data,
            not_received_check: options.not_received_check,
            push: options.push,
        };
        shared.request(RequestBody::CallInvite(invite), move |outcome| {
            done(
                &call_id,
                outcome.and_then(|reply| {
                    if let ReplyBody::CallInvite(invited) = reply { Ok(invited) } else { Err(unfitting()) }
                }),
            );
        })
    }

    /// An empty list means everybody who has not answered.
    pub fn call_cancel(
        &self,
        call: CallId,
        invitees: Vec<UserId>,
        extended_data: String,
        push: Option<PushConfig>,
        done: CallCompletion<CallCancelled>,
    ) -> Result<(), Fault> {
        let shared = &self.shared;
        shared.check()?;
        check_text("extended data", &extended_data, limits::EXTENDED_DATA_BYTES)?;
        push.as_ref().map_or(Ok(()), PushConfig::check)?;
        if invitees.len() > limits::INVITEES_NAMED {
            let (most, named) = (limits::INVITEES_NAMED, invitees.len());
            return Err(Fault::params(format!("a cancellation may name at most {most} users; got {named}")));
        }
        shared.check_logged_in()?;
        let cancel = CallCancel { call_id: call.clone(), invitees, extended_data, push, withdraw: false };
        shared.request(RequestBody::CallCancel(cancel), move |outcome| {
            done(
                &call,
                outcome.and_then(|reply| {
                    if let ReplyBody::CallCancel(cancelled) = reply { Ok(cancelled) } else { Err(unfitting()) }
                }),
            );
        })
    }

    pub fn call_accept(&self, call: CallId, extended_data: String, done: CallCompletion<()>) -> Result<(), Fault> {
        self.answer(call, extended_data, RequestBody::CallAccept, done)
    }

    pub fn call_reject(&self, call: CallId, extended_data: String, done: CallCompletion<()>) -> Result<(), Fault> {
        self.answer(call, extended_data, RequestBody::CallReject, done)
    }

    fn answer(
        &self,
        call: CallId,
        extended_data: String,
        body: fn(CallAnswer) -> RequestBody,
        done: CallCompletion<()>,
    ) -> Result<(), Fault> {
        let shared = &self.shared;
        shared.check()?;
        check_text("extended data", &extended_data, limits::EXTENDED_DATA_BYTES)?;
        shared.check_logged_in()?;
        let answer = CallAnswer { call_id: call.clone(), extended_data };
        shared.request(body(answer), move |outcome| done(&call, outcome.map(|_| ())))
    }
}

fn check_options(options: &InviteOptions) -> Result<(), Fault> {
    if options.timeout_s != 0 && !limits::TIMEOUT_S.contains(&options.timeout_s) {
        let (least, most) = (limits::TIMEOUT_S.start(), limits::TIMEOUT_S.end());
        let (default, given) = (limits::TIMEOUT_DEFAULT_S, options.timeout_s);
        return Err(Fault::params(format!("timeout must be {least} to {most} s, or 0 for {default} s; got {given}")));
    }
    match options.mode {
        CallMode::General => {}
        CallMode::Advanced => {
            return Err(Fault::params("mode must be General (0): this version offers General calls only"));
        }
        CallMode::Unknown => return Err(Fault::params("mode must be General (0)")),
    }
    check_text("extended data", &options.extended_data, limits::EXTENDED_DATA_BYTES)?;
    options.push.as_ref().map_or(Ok(()), PushConfig::check)
}

/// The list is cleaned by the server; what would be left of it can be seen here already.
fn check_invitees(shared: &Shared, named: &[UserId]) -> Result<(), Fault> {
    let most = limits::INVITEES;
    let too_many = |count: usize| {
        Fault::new(Code::CALL_SERVER_ERROR, format!("invitees: at most {most} users at once; got {count}"))
    };
    if named.len() > limits::INVITEES_NAMED {
        return Err(too_many(named.len()));
    }
    let own = shared.user();
    let mut invited: Vec<&UserId> = Vec::with_capacity(named.len());
    for user in named {
        if own.as_ref() != Some(user) && !invited.contains(&user) {
            invited.push(user);
        }
    }
    if invited.is_empty() {
        return Err(Fault::params(format!("invitees: name 1 to {most} users other than yourself; got none")));
    }
    match invited.len() > most {
        true => Err(too_many(invited.len())),
        false => Ok(()),
    }
}
