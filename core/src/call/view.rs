//! `CallView`: what one device knows of one call, and what its host has been told.

use zim_protocol::call::{CallChange, CallInfo, CallMode, CallUser};
use zim_protocol::id::{CallId, UserId};

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
    /// The call as a snapshot has it.
    Snapshot(CallInfo),
    /// A snapshot lacks the call although the server was asked for it: the server has forgotten it.
    Lost,
    /// The session is over, and not by the host's own wish: a ring must not go on.
    SessionEnded,
    /// Time has passed.
    Tick,
}

/// One call on one device.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CallView {
    // Whatever is needed: identity, rows as told to the host, deadline, whether the ring was shown and has ended,
    // whether this device's own answer is in flight.
    _private: Millis,
}
