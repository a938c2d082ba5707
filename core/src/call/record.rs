//! A call as the server keeps it.

use serde::{Deserialize, Serialize};
use zim_protocol::call::{CallInfo, CallMode, CallState, CallUser, CallUserState, PushConfig};
use zim_protocol::code::Code;
use zim_protocol::id::{CallId, DeviceId, UserId};

use crate::Millis;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Call {
    pub id: CallId,
    /// Grows with every change.
    pub rev: u64,
    pub mode: CallMode,
    pub state: CallState,
    pub caller: UserId,
    pub extended_data: String,
    pub timeout_s: u32,
    pub created_at: Millis,
    pub ended_at: Option<Millis>,
    /// When rows that are still Inviting become NotYetReceived, where asked for.
    pub not_received_at: Option<Millis>,
    pub push: Option<PushConfig>,
    /// What the caller named, cleaned: the same content again gets the first answer again.
    pub invitees: Vec<UserId>,
    /// The caller's row first, then the invitees' in the order in which they were named.
    pub rows: Vec<Row>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Row {
    pub user: UserId,
    pub state: CallUserState,
    pub extended_data: String,
    pub reason: Code,
    /// Who invited this user; the caller for the caller.
    pub inviter: UserId,
    /// When the row times out if it is pending still.
    pub deadline: Millis,
    /// The device that made the last answer.
    pub device: Option<DeviceId>,
    /// Some device of the user has shown the invitation.
    pub received: bool,
}

impl Call {
    pub fn row(&self, user: &UserId) -> Option<&Row> {
        self.rows.iter().find(|row| row.user == *user)
    }

    /// Everybody's row but the caller's.
    pub fn invitations(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.user != self.caller)
    }

    /// The users who are told what happens.
    pub fn participants(&self) -> impl Iterator<Item = &UserId> {
        self.rows.iter().filter(|row| row.state.is_participant()).map(|row| &row.user)
    }

    /// Somebody who was invited has accepted, whatever they did afterwards. The caller's own row does not count.
    pub fn is_accepted_by_somebody(&self) -> bool {
        self.invitations().any(|row| match row.state {
            CallUserState::Accepted | CallUserState::Quit | CallUserState::Ended => true,
            CallUserState::Unknown
            | CallUserState::Inviting
            | CallUserState::Rejected
            | CallUserState::Cancelled
            | CallUserState::Offline
            | CallUserState::Received
            | CallUserState::Timeout
            | CallUserState::NotYetReceived
            | CallUserState::BeCancelled => false,
        })
    }

    pub fn is_ended(&self) -> bool {
        self.state == CallState::Ended
    }

    /// As the rows are, nothing keeps the call going.
    pub fn is_over(&self) -> bool {
        match self.mode {
            CallMode::General => !self.rows.iter().any(|row| row.state.is_pending()),
            CallMode::Advanced | CallMode::Unknown => !self.rows.iter().any(|row| row.state == CallUserState::Accepted),
        }
    }

    /// The whole call as `user` may see it at `now`.
    pub fn info(&self, user: &UserId, now: Millis) -> CallInfo {
        let row = self.row(user);
        CallInfo {
            call_id: self.id.clone(),
            rev: self.rev,
            mode: self.mode,
            state: self.state,
            caller: self.caller.clone(),
            inviter: row.map_or(&self.caller, |row| &row.inviter).clone(),
            extended_data: self.extended_data.clone(),
            created_at: i64::try_from(self.created_at).unwrap_or(i64::MAX),
            timeout_s: self.timeout_s,
            remaining_ms: if self.is_ended() { 0 } else { self.deadline(user).saturating_sub(now) },
            users: self.rows.iter().map(Row::shown).collect(),
        }
    }

    /// When the user's row times out; for the caller, when the last pending row does.
    pub fn deadline(&self, user: &UserId) -> Millis {
        let latest = || self.rows.iter().map(|row| row.deadline).max().unwrap_or(0);
        match self.row(user) {
            Some(row) if row.user != self.caller => row.deadline,
            Some(_) | None => latest(),
        }
    }
}

impl Row {
    pub fn shown(&self) -> CallUser {
        CallUser {
            user_id: self.user.clone(),
            state: self.state,
            extended_data: self.extended_data.clone(),
            reason: self.reason,
        }
    }
}
