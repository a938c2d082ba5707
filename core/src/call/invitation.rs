//! What makes a call: an invite, checked and cleaned.

use zim_protocol::call::{CallInvite, CallMode, CallState, CallUserState, PushConfig, check_text};
use zim_protocol::code::{Code, Fault};
use zim_protocol::id::{DeviceId, UserId};
use zim_protocol::limits;

use super::{Call, Row};
use crate::Millis;

/// An invite whose parameters are as they must be.
pub(super) struct Invitation<'a> {
    caller: &'a UserId,
    request: &'a CallInvite,
    /// Without duplicates and without the caller.
    invitees: Vec<UserId>,
    timeout_s: u32,
}

impl<'a> Invitation<'a> {
    pub fn check(caller: &'a UserId, request: &'a CallInvite) -> Result<Invitation<'a>, Fault> {
        let most = limits::INVITEES;
        let named = request.invitees.len();
        if named > limits::INVITEES_NAMED {
            return Err(too_many(named));
        }
        let invitees: Vec<UserId> =
            distinct(&request.invitees).into_iter().filter(|user| *user != caller).cloned().collect();
        if invitees.is_empty() {
            return Err(Fault::params(format!("invitees: name 1 to {most} users other than yourself; got none")));
        }
        if invitees.len() > most {
            return Err(too_many(invitees.len()));
        }
        let timeout_s = if request.timeout_s == 0 { limits::TIMEOUT_DEFAULT_S } else { request.timeout_s };
        if !limits::TIMEOUT_S.contains(&timeout_s) {
            let (least, most) = (limits::TIMEOUT_S.start(), limits::TIMEOUT_S.end());
            let default = limits::TIMEOUT_DEFAULT_S;
            return Err(Fault::params(format!(
                "timeout must be {least} to {most} s, or 0 for {default} s; got {timeout_s}"
            )));
        }
        match request.mode {
            CallMode::General => {}
            CallMode::Advanced => {
                return Err(Fault::params("mode must be General (0): this version offers General calls only"));
            }
            CallMode::Unknown => {
                return Err(Fault::params("mode is not known; it must be General (0)"));
            }
        }
        check_text("extended data", &request.extended_data, limits::EXTENDED_DATA_BYTES)?;
        request.push.as_ref().map_or(Ok(()), PushConfig::check)?;
        Ok(Invitation { caller, request, invitees, timeout_s })
    }

    /// Whether it was this invite that made `call`.
    pub fn made(&self, call: &Call) -> bool {
        *self.caller == call.caller
            && self.invitees == call.invitees
            && self.timeout_s == call.timeout_s
            && self.request.mode == call.mode
            && self.request.extended_data == call.extended_data
            && self.request.not_received_check == call.not_received_at.is_some()
            && self.request.push == call.push
    }

    /// Unknown users are left out; with nobody else to invite there is no call.
    pub fn begin(self, now: Millis, device: &DeviceId, known: &dyn Fn(&UserId) -> bool) -> Result<Call, Fault> {
        let invited: Vec<&UserId> = self.invitees.iter().filter(|user| known(user)).collect();
        if invited.is_empty() {
            let names: Vec<&str> = self.invitees.iter().map(UserId::as_str).collect();
            let message = format!("none of the invitees has ever logged in: {}", names.join(", "));
            return Err(Fault::new(Code::CALL_INVITE_USER_DOES_NOT_EXIST, message));
        }
        let deadline = now.saturating_add(u64::from(self.timeout_s) * 1_000);
        let row = |user: &UserId, state, device| Row {
            user: user.clone(),
            state,
            extended_data: String::new(),
            reason: Code::SUCCESS,
            inviter: self.caller.clone(),
            deadline,
            device,
            received: false,
        };
        let mut rows = vec![row(self.caller, CallUserState::Accepted, Some(device.clone()))];
        rows.extend(invited.into_iter().map(|user| row(user, CallUserState::Inviting, None)));
        let check = self.request.not_received_check;
        Ok(Call {
            id: self.request.call_id.clone(),
            rev: 1,
            mode: self.request.mode,
            state: CallState::Started,
            caller: self.caller.clone(),
            extended_data: self.request.extended_data.clone(),
            timeout_s: self.timeout_s,
            created_at: now,
            ended_at: None,
            not_received_at: check.then(|| now.saturating_add(limits::NOT_RECEIVED_AFTER_MS)),
            push: self.request.push.clone(),
            invitees: self.invitees.clone(),
            rows,
        })
    }
}

/// The users in the order in which they were named first: at most [`limits::INVITEES_NAMED`], so each is looked for one
/// by one.
pub(super) fn distinct(users: &[UserId]) -> Vec<&UserId> {
    let mut distinct = Vec::new();
    for user in users {
        if !distinct.contains(&user) {
            distinct.push(user);
        }
    }
    distinct
}

fn too_many(named: usize) -> Fault {
    let most = limits::INVITEES;
    Fault::new(Code::CALL_SERVER_ERROR, format!("invitees: at most {most} users at once; got {named}"))
}
