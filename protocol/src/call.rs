//! Calls on the wire: states, rows, the requests about a call and the events of one.

use serde::{Deserialize, Serialize};

use crate::code::{Code, Fault};
use crate::id::{CallId, UserId};
use crate::limits;

macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $number:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(from = "i32", into = "i32")]
        #[repr(i32)]
        pub enum $name { $($(#[$vdoc])* $variant = $number),* }

        impl From<i32> for $name {
            fn from(number: i32) -> Self {
                match number {
                    $($number => Self::$variant,)*
                    _ => Self::Unknown,
                }
            }
        }

        impl From<$name> for i32 {
            fn from(value: $name) -> i32 {
                value as i32
            }
        }
    };
}

numbered! {
    /// How a call lives. A number that is not known reads as `Unknown`.
    CallMode { Unknown = -1, /// Ends by itself as soon as no invitee is pending.
        General = 0, /// Lives until it is ended, or until no row is Accepted.
        Advanced = 1 }
}
numbered! {
    CallState { Unknown = -1, Started = 1, Ended = 2 }
}
numbered! {
    CallUserState {
        Unknown = -1, Inviting = 0, Accepted = 1, Rejected = 2, Cancelled = 3, Offline = 4, Received = 5,
        Timeout = 6, Quit = 7, Ended = 8, NotYetReceived = 9, BeCancelled = 10,
    }
}

impl CallUserState {
    /// Can still be accepted, rejected, cancelled or time out.
    pub fn is_pending(self) -> bool {
        match self {
            Self::Inviting | Self::Received | Self::NotYetReceived => true,
            Self::Unknown
            | Self::Accepted
            | Self::Rejected
            | Self::Cancelled
            | Self::Offline
            | Self::Timeout
            | Self::Quit
            | Self::Ended
            | Self::BeCancelled => false,
        }
    }

    /// Pending or Accepted: the user is told what happens in the call.
    pub fn is_participant(self) -> bool {
        self.is_pending() || self == Self::Accepted
    }

    /// The name used in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "Unknown",
            Self::Inviting => "Inviting",
            Self::Accepted => "Accepted",
            Self::Rejected => "Rejected",
            Self::Cancelled => "Cancelled",
            Self::Offline => "Offline",
            Self::Received => "Received",
            Self::Timeout => "Timeout",
            Self::Quit => "Quit",
            Self::Ended => "Ended",
            Self::NotYetReceived => "NotYetReceived",
            Self::BeCancelled => "BeCancelled",
        }
    }
}

/// One user's entry in a call's list.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CallUser {
    pub user_id: UserId,
    pub state: CallUserState,
    /// What the user sent with their last answer.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub extended_data: String,
    /// Why the row is in this state: 0, or one of the `CallReason…` codes.
    #[serde(default = "no_reason", skip_serializing_if = "is_no_reason")]
    pub reason: Code,
}

fn no_reason() -> Code {
    Code::SUCCESS
}

fn is_no_reason(reason: &Code) -> bool {
    reason.is_success()
}

fn is_false(value: &bool) -> bool {
    !value
}

/// A user whom an operation could not reach, and why.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ErrorUser {
    pub user_id: UserId,
    pub reason: Code,
}

/// What a push to an absent callee shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct PushConfig {
    pub title: String,
    pub content: String,
    pub payload: String,
    pub resources_id: String,
    pub thread_id: String,
    pub enable_badge: bool,
    pub badge_increment: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voip: Option<VoipConfig>,
}

impl PushConfig {
    pub fn check(&self) -> Result<(), Fault> {
        check_text("push title", &self.title, limits::PUSH_TITLE_BYTES)?;
        check_text("push content", &self.content, limits::PUSH_CONTENT_BYTES)?;
        check_text("push payload", &self.payload, limits::PUSH_PAYLOAD_BYTES)?;
        check_text("push resources ID", &self.resources_id, limits::PUSH_TEXT_BYTES)?;
        check_text("push thread ID", &self.thread_id, limits::PUSH_TEXT_BYTES)?;
        match &self.voip {
            Some(voip) => check_text("VoIP handle value", &voip.handle_value, limits::PUSH_TEXT_BYTES),
            None => Ok(()),
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct VoipConfig {
    /// Generic 1, PhoneNumber 2, EmailAddress 3.
    pub handle_type: i32,
    pub handle_value: String,
    pub has_video: bool,
}

/// `call_invite`: asks users to join a new call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub struct CallInvite {
    pub call_id: CallId,
    /// As the host named them; the server cleans the list.
    pub invitees: Vec<UserId>,
    /// Seconds; 0 or missing means [`limits::TIMEOUT_DEFAULT_S`].
    #[serde(default)]
    pub timeout_s: u32,
    #[serde(default = "general")]
    pub mode: CallMode,
    #[serde(default)]
    pub extended_data: String,
    /// Ask for NotYetReceived after [`limits::NOT_RECEIVED_AFTER_MS`].
    #[serde(default)]
    pub not_received_check: bool,
    #[serde(default)]
    pub push: Option<PushConfig>,
}

fn general() -> CallMode {
    CallMode::General
}

/// `call_cancel`: takes invitations back.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub struct CallCancel {
    pub call_id: CallId,
    /// Empty means everybody who is pending.
    #[serde(default)]
    pub invitees: Vec<UserId>,
    #[serde(default)]
    pub extended_data: String,
    #[serde(default)]
    pub push: Option<PushConfig>,
    /// The client gave up waiting for the answer to its invite of this call, and takes it back unseen.
    #[serde(default)]
    pub withdraw: bool,
}

/// `call_accept` and `call_reject`: answers an invitation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub struct CallAnswer {
    pub call_id: CallId,
    #[serde(default)]
    pub extended_data: String,
}

/// `call_received`: this device has shown the invitation to its user.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub struct CallReceived {
    pub call_id: CallId,
}

/// The reply to `call_invite`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CallInvited {
    pub call_id: CallId,
    pub timeout_s: u32,
    #[serde(default)]
    pub error_users: Vec<ErrorUser>,
}

/// The reply to `call_cancel`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CallCancelled {
    pub call_id: CallId,
    /// Named users whose invitation could not be cancelled, and why.
    #[serde(default)]
    pub error_users: Vec<ErrorUser>,
}

/// The reply to `call_accept`, `call_reject` and `call_received`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CallAnswered {
    pub call_id: CallId,
}

/// A whole call as one user may see it: in `call_invited` and `call_created` events and in snapshots.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CallInfo {
    pub call_id: CallId,
    /// Grows with every change of the call. An event whose `rev` is not above the one already known tells nothing new.
    pub rev: u64,
    pub mode: CallMode,
    pub state: CallState,
    pub caller: UserId,
    /// Who invited the user that this is sent to; the caller for the caller.
    pub inviter: UserId,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub extended_data: String,
    /// Unix milliseconds by the server's clock; for show only.
    pub created_at: i64,
    pub timeout_s: u32,
    /// Milliseconds until the deadline, measured when this is sent.
    pub remaining_ms: u64,
    /// Every row, the caller's first.
    pub users: Vec<CallUser>,
}

/// One change of a call, with all rows that it changed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CallChange {
    pub call_id: CallId,
    /// The call's `rev` after this change.
    pub rev: u64,
    pub trigger: Trigger,
    /// Who acted: the one who answered or cancelled; absent for deadlines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub extended_data: String,
    pub users: Vec<CallUser>,
    /// The call is over with this change.
    #[serde(default, skip_serializing_if = "is_false")]
    pub ended: bool,
}

/// What changed a call. One that is not known reads as `Unknown`: the rows still count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    Received,
    NotReceived,
    Accepted,
    Rejected,
    Cancelled,
    Timeout,
    #[serde(other)]
    Unknown,
}

/// An event of a call, in a user's log.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
pub enum CallEvent {
    /// To an invitee: ring.
    CallInvited(CallInfo),
    /// To the caller. On the device that sent the invite it follows the reply and means that the rows exist;
    /// on the caller's other devices it announces the call. `by_this_device` tells them apart.
    CallCreated {
        #[serde(flatten)]
        call: CallInfo,
        by_this_device: bool,
    },
    /// To every participant.
    CallChanged(CallChange),
}

impl CallEvent {
    pub fn call_id(&self) -> &CallId {
        match self {
            CallEvent::CallInvited(call) | CallEvent::CallCreated { call, .. } => &call.call_id,
            CallEvent::CallChanged(change) => &change.call_id,
        }
    }

    pub fn rev(&self) -> u64 {
        match self {
            CallEvent::CallInvited(call) | CallEvent::CallCreated { call, .. } => call.rev,
            CallEvent::CallChanged(change) => change.rev,
        }
    }

    /// Sets the time left, which is measured anew whenever the event is sent.
    pub fn set_remaining_ms(&mut self, remaining_ms: u64) {
        match self {
            CallEvent::CallInvited(call) | CallEvent::CallCreated { call, .. } => call.remaining_ms = remaining_ms,
            CallEvent::CallChanged(_) => {}
        }
    }
}

/// Refuses a text that is longer than allowed; the message names it and the limit.
pub fn check_text(what: &str, text: &str, max_bytes: usize) -> Result<(), Fault> {
    if text.len() <= max_bytes {
        return Ok(());
    }
    Err(Fault::params(format!("{what} must be at most {max_bytes} bytes of UTF-8; got {}", text.len())))
}
