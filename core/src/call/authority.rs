//! `CallAuthority`: decides what happens to one call. The server owns the truth, and this is where it is made.

use zim_protocol::call::{CallAnswer, CallCancel, CallEvent, CallInvite};
use zim_protocol::code::Fault;
use zim_protocol::frame::ReplyBody;
use zim_protocol::id::{DeviceId, UserId};

use super::Call;
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
    Invite { by: &'a UserId, request: &'a CallInvite },
    Cancel { by: &'a UserId, request: &'a CallCancel },
    Accept { by: &'a UserId, device: &'a DeviceId, request: &'a CallAnswer },
    Reject { by: &'a UserId, device: &'a DeviceId, request: &'a CallAnswer },
    /// A device of the user has shown the invitation.
    Received { by: &'a UserId },
    /// The user has no resumable session any more. `present`: those with an Accepted row who have one.
    Absent { user: &'a UserId, present: &'a [UserId] },
    /// Time has passed. Every other input does this first, too.
    Tick,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Output {
    /// To whoever asked. At most one per input; none for `Absent` and `Tick`.
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
        let _ = (now, by, device, request, known, outputs);
        unimplemented!()
    }

    pub fn call(&self) -> &Call {
        &self.call
    }

    pub fn into_call(self) -> Call {
        self.call
    }

    pub fn handle(&mut self, now: Millis, input: Input<'_>, outputs: &mut Vec<Output>) {
        let _ = (now, input, outputs);
        unimplemented!()
    }

    /// When the call wants a `Tick`; `None` once it is over.
    pub fn next_deadline(&self) -> Option<Millis> {
        unimplemented!()
    }
}
