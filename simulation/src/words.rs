//! Events in words, for the trace.

use zim_core::call::HostEvent;
use zim_protocol::call::{CallUser, CallUserState};
use zim_protocol::code::Code;

/// An event in a few words.
pub fn described(event: &HostEvent) -> String {
    let rows = |users: &[CallUser]| {
        let row = |row: &CallUser| {
            let reason = if row.reason == Code::SUCCESS { String::new() } else { format!("({})", row.reason.0) };
            format!(" {}:{}{reason}", row.user_id, CallUserState::name(row.state))
        };
        users.iter().map(row).collect::<String>()
    };
    match event {
        HostEvent::CallInvitationReceived(info) => {
            format!("{} RINGS, {} ms left{}", info.call_id, info.remaining_ms, rows(&info.users))
        }
        HostEvent::CallInvitationCreated(info) => format!("{} created{}", info.call_id, rows(&info.users)),
        HostEvent::CallInvitationCancelled { call_id, .. } => format!("{call_id} cancelled"),
        HostEvent::CallInvitationAccepted { call_id, invitee, .. } => format!("{call_id} {invitee} accepted"),
        HostEvent::CallInvitationRejected { call_id, invitee, .. } => format!("{call_id} {invitee} rejected"),
        HostEvent::CallInvitationTimeout { call_id, .. } => format!("{call_id} timed out"),
        HostEvent::CallInviteesAnsweredTimeout { call_id, invitees } => format!("{call_id} {invitees:?} timed out"),
        HostEvent::CallUserStateChanged { call_id, users } => format!("{call_id} S{}", rows(users)),
    }
}
