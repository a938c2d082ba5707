//! What callbacks are told about calls. All of it is owned by the library and valid until the callback returns.

use std::ffi::c_char;

use super::sized::described;

/// State of one call. Passed as `int32_t`.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "C reads it")]
pub enum ZIMCallState {
    /// A number that this library does not know.
    Unknown = -1,
    Started = 1,
    Ended = 2,
}

/// State of one user in a call. Passed as `int32_t`.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "C reads it")]
pub enum ZIMCallUserState {
    /// A number that this library does not know.
    Unknown = -1,
    /// Invited. Pending: can be accepted, rejected, cancelled, or time out.
    Inviting = 0,
    /// Has accepted. The caller is in this state from the start.
    Accepted = 1,
    /// Has declined.
    Rejected = 2,
    /// The caller: has cancelled the call, or was lost, before anyone accepted.
    Cancelled = 3,
    /// Not used.
    Offline = 4,
    /// Invited, and some device of the user has received the invitation. Pending.
    Received = 5,
    /// Did not answer in time.
    Timeout = 6,
    /// Was in the call and has left it.
    Quit = 7,
    /// Has ended the call.
    Ended = 8,
    /// Invited, and no device of the user has received the invitation after 5 s; see `enable_not_received_check`.
    /// Pending.
    NotYetReceived = 9,
    /// The invitation was taken back.
    BeCancelled = 10,
}

/// One user of a call.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ZIMCallUserInfo {
    /// Size of this struct in the library that filled it, in bytes.
    pub struct_size: u32,
    /// A ZIMCallUserState.
    pub state: i32,
    /// Why the user is in this state: 0 or a ZIMErrorCode, mostly one of the ZIMErrorCode_CallReason constants.
    pub reason: i32,
    /// Who it is. Never NULL.
    pub user_id: *const c_char,
    /// What the user sent with their last answer. Never NULL.
    pub extended_data: *const c_char,
}

described!(ZIMCallUserInfo { struct_size, state, reason, user_id, extended_data });

/// A user whom an operation could not reach.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ZIMErrorUserInfo {
    /// Size of this struct in the library that filled it, in bytes.
    pub struct_size: u32,
    /// Why, a ZIMErrorCode: 6000011 unknown user, 6000271 has answered already, 6000276 over, 6000274 not in the call.
    pub reason: u32,
    /// Who it is. Never NULL.
    pub user_id: *const c_char,
}

described!(ZIMErrorUserInfo { struct_size, reason, user_id });

/// What `ZIM_CallInvite` has achieved.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ZIMCallInvitationSentInfo {
    /// Size of this struct in the library that filled it, in bytes.
    pub struct_size: u32,
    /// How long the invitation rings, in seconds; 0 on failure.
    pub timeout: i32,
    /// Users who could not be invited; NULL if there are none.
    pub error_user_list: *const *const ZIMErrorUserInfo,
    /// The same users as rows, with state ZIMCallUserState_Unknown; NULL if there are none.
    pub error_invitees: *const *const ZIMCallUserInfo,
    /// How many entries `error_user_list` has.
    pub error_user_list_count: u32,
    /// How many entries `error_invitees` has.
    pub error_invitees_count: u32,
}

described!(ZIMCallInvitationSentInfo {
    struct_size,
    timeout,
    error_user_list,
    error_invitees,
    error_user_list_count,
    error_invitees_count
});

/// An invitation to this user.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ZIMCallInvitationReceivedInfo {
    /// Size of this struct in the library that filled it, in bytes.
    pub struct_size: u32,
    /// How long it still rings, in seconds, rounded up.
    pub timeout: i32,
    /// Who invited this user. Never NULL.
    pub inviter: *const c_char,
    /// Who made the call. Never NULL.
    pub caller: *const c_char,
    /// What the caller sent with the invitation. Never NULL.
    pub extended_data: *const c_char,
    /// A ZIMCallInvitationMode.
    pub mode: i32,
    /// How many entries `call_user_list` has.
    pub call_user_list_count: u32,
    /// Everybody in the call, the caller first.
    pub call_user_list: *const *const ZIMCallUserInfo,
    /// When the call was made: Unix milliseconds by the server's clock.
    pub create_time: i64,
}

described!(ZIMCallInvitationReceivedInfo {
    struct_size,
    timeout,
    inviter,
    caller,
    extended_data,
    mode,
    call_user_list_count,
    call_user_list,
    create_time
});

/// A call that this user has made on another device.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ZIMCallInvitationCreatedInfo {
    /// Size of this struct in the library that filled it, in bytes.
    pub struct_size: u32,
    /// How long it still rings, in seconds, rounded up.
    pub timeout: i32,
    /// Who made the call: this user. Never NULL.
    pub caller: *const c_char,
    /// What was sent with the invitation. Never NULL.
    pub extended_data: *const c_char,
    /// A ZIMCallInvitationMode.
    pub mode: i32,
    /// How many entries `call_user_list` has.
    pub call_user_list_count: u32,
    /// Everybody in the call, the caller first.
    pub call_user_list: *const *const ZIMCallUserInfo,
    /// When the call was made: Unix milliseconds by the server's clock.
    pub create_time: i64,
}

described!(ZIMCallInvitationCreatedInfo {
    struct_size,
    timeout,
    caller,
    extended_data,
    mode,
    call_user_list_count,
    call_user_list,
    create_time
});

/// An invitation that was taken back.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ZIMCallInvitationCancelledInfo {
    /// Size of this struct in the library that filled it, in bytes.
    pub struct_size: u32,
    /// A ZIMCallInvitationMode.
    pub mode: i32,
    /// Who took it back. Never NULL.
    pub inviter: *const c_char,
    /// What they sent with it. Never NULL.
    pub extended_data: *const c_char,
}

described!(ZIMCallInvitationCancelledInfo { struct_size, mode, inviter, extended_data });

/// An invitation that was accepted.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ZIMCallInvitationAcceptedInfo {
    /// Size of this struct in the library that filled it, in bytes.
    pub struct_size: u32,
    /// Who accepted. Never NULL.
    pub invitee: *const c_char,
    /// What they sent with it. Never NULL.
    pub extended_data: *const c_char,
}

described!(ZIMCallInvitationAcceptedInfo { struct_size, invitee, extended_data });

/// An invitation that was declined.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ZIMCallInvitationRejectedInfo {
    /// Size of this struct in the library that filled it, in bytes.
    pub struct_size: u32,
    /// Who declined. Never NULL.
    pub invitee: *const c_char,
    /// What they sent with it. Never NULL.
    pub extended_data: *const c_char,
}

described!(ZIMCallInvitationRejectedInfo { struct_size, invitee, extended_data });

/// An invitation to this user that was not answered in time.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ZIMCallInvitationTimeoutInfo {
    /// Size of this struct in the library that filled it, in bytes.
    pub struct_size: u32,
    /// A ZIMCallInvitationMode.
    pub mode: i32,
}

described!(ZIMCallInvitationTimeoutInfo { struct_size, mode });

/// A call in Advanced mode that was ended.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ZIMCallInvitationEndedInfo {
    /// Size of this struct in the library that filled it, in bytes.
    pub struct_size: u32,
    /// A ZIMCallInvitationMode.
    pub mode: i32,
    /// Who made the call. Never NULL.
    pub caller: *const c_char,
    /// Who ended it. Never NULL.
    pub operated_user_id: *const c_char,
    /// What they sent with it. Never NULL.
    pub extended_data: *const c_char,
    /// When it ended: Unix milliseconds by the server's clock.
    pub end_time: i64,
}

described!(ZIMCallInvitationEndedInfo { struct_size, mode, caller, operated_user_id, extended_data, end_time });

/// Users of a call whose state has changed.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ZIMCallUserStateChangeInfo {
    /// Size of this struct in the library that filled it, in bytes.
    pub struct_size: u32,
    /// How many entries `call_user_list` has.
    pub call_user_list_count: u32,
    /// The users whose state has changed, and only they.
    pub call_user_list: *const *const ZIMCallUserInfo,
}

described!(ZIMCallUserStateChangeInfo { struct_size, call_user_list_count, call_user_list });
