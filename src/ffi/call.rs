//! The four operations of a General call.

use std::ffi::{c_char, c_void};
use std::ptr;

use zim_protocol::call::CallMode;
use zim_protocol::code::{Code, Fault};
use zim_protocol::id::{CallId, UserId};
use zim_protocol::limits;

use crate::client::InviteOptions;

use super::arena::{Arena, UserData};
use super::error::ZIMError;
use super::handle::ZIMClient;
use super::info::{ZIMCallInvitationSentInfo, ZIMErrorUserInfo};
use super::push::{self, ZIMPushConfig};
use super::sized::{self, described};
use super::{guard, text};

/// How a call lives. Passed as `int32_t`.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "C reads it")]
pub enum ZIMCallInvitationMode {
    /// A number that this library does not know. Only ever received.
    Unknown = -1,
    /// The call ends by itself as soon as no invitee is pending. The default.
    General = 0,
    /// The call lives until it is ended. This version of the library refuses to make such calls.
    Advanced = 1,
}

/// How to invite. Start from `ZIM_CALL_INVITE_CONFIG_INIT`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ZIMCallInviteConfig {
    /// Size of this struct in bytes; `ZIM_CALL_INVITE_CONFIG_INIT` sets it.
    pub struct_size: u32,
    /// How long the invitation rings, in seconds: 1 to 600; 0 means 90, the default.
    pub timeout: u32,
    /// Data for the invitees: at most 2,048 bytes of UTF-8. NULL (the default) means empty.
    pub extended_data: *const c_char,
    /// Push to invitees who are not online. NULL (the default) means none. Read during the call only.
    pub push_config: *const ZIMPushConfig,
    /// A ZIMCallInvitationMode; ZIMCallInvitationMode_General by default.
    pub mode: i32,
    /// 1 to be told by ZIMCallUserState_NotYetReceived when no device of an invitee has received the invitation after
    /// 5 s; 0 (the default) not to.
    pub enable_not_received_check: i32,
}

described!(ZIMCallInviteConfig { struct_size, timeout, extended_data, push_config, mode, enable_not_received_check });

impl sized::HostStruct for ZIMCallInviteConfig {
    const DEFAULT: Self = ZIMCallInviteConfig {
        struct_size: sized::size_of_u32::<Self>(),
        timeout: limits::TIMEOUT_DEFAULT_S,
        extended_data: ptr::null(),
        push_config: ptr::null(),
        mode: ZIMCallInvitationMode::General as i32,
        enable_not_received_check: 0,
    };
}

/// How to cancel. Start from `ZIM_CALL_CANCEL_CONFIG_INIT`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ZIMCallCancelConfig {
    /// Size of this struct in bytes; `ZIM_CALL_CANCEL_CONFIG_INIT` sets it.
    pub struct_size: u32,
    /// Data for those who were invited: at most 2,048 bytes of UTF-8. NULL (the default) means empty.
    pub extended_data: *const c_char,
    /// Push to those who are not online. NULL (the default) means none. Read during the call only.
    pub push_config: *const ZIMPushConfig,
}

described!(ZIMCallCancelConfig { struct_size, extended_data, push_config });

impl sized::HostStruct for ZIMCallCancelConfig {
    const DEFAULT: Self = ZIMCallCancelConfig {
        struct_size: sized::size_of_u32::<Self>(),
        extended_data: ptr::null(),
        push_config: ptr::null(),
    };
}

/// How to accept. Start from `ZIM_CALL_ACCEPT_CONFIG_INIT`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ZIMCallAcceptConfig {
    /// Size of this struct in bytes; `ZIM_CALL_ACCEPT_CONFIG_INIT` sets it.
    pub struct_size: u32,
    /// Data for the others in the call: at most 2,048 bytes of UTF-8. NULL (the default) means empty.
    pub extended_data: *const c_char,
}

described!(ZIMCallAcceptConfig { struct_size, extended_data });

impl sized::HostStruct for ZIMCallAcceptConfig {
    const DEFAULT: Self = ZIMCallAcceptConfig { struct_size: sized::size_of_u32::<Self>(), extended_data: ptr::null() };
}

/// How to reject. Start from `ZIM_CALL_REJECT_CONFIG_INIT`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ZIMCallRejectConfig {
    /// Size of this struct in bytes; `ZIM_CALL_REJECT_CONFIG_INIT` sets it.
    pub struct_size: u32,
    /// Data for the others in the call: at most 2,048 bytes of UTF-8. NULL (the default) means empty.
    pub extended_data: *const c_char,
}

described!(ZIMCallRejectConfig { struct_size, extended_data });

impl sized::HostStruct for ZIMCallRejectConfig {
    const DEFAULT: Self = ZIMCallRejectConfig { struct_size: sized::size_of_u32::<Self>(), extended_data: ptr::null() };
}

/// How a `ZIM_CallInvite` ended. On success it comes before any event of the call; after a failure no event of the
/// call ever comes.
///
/// @param client     The client.
/// @param call_id    The call's name, made by this client: up to 32 visible ASCII characters. Also there on failure.
/// @param info       Never NULL; empty on failure.
/// @param error      Code and text; never NULL.
/// @param user_data  What was given to `ZIM_CallInvite`.
///
/// Thread: the client's callback thread, or inside `ZIM_PollCallbacks` or `ZIM_Destroy`. All pointers are valid until
/// it returns.
pub type ZIMCallInvitationSentCallback = Option<
    unsafe extern "C" fn(
        client: *mut ZIMClient,
        call_id: *const c_char,
        info: *const ZIMCallInvitationSentInfo,
        error: *const ZIMError,
        user_data: *mut c_void,
    ),
>;

/// How a `ZIM_CallCancel` ended.
///
/// @param client            The client.
/// @param call_id           The call's name.
/// @param error_users       Users who were named and whose invitation could not be cancelled; NULL if there are none.
/// @param error_user_count  How many there are.
/// @param error             Code and text; never NULL.
/// @param user_data         What was given to `ZIM_CallCancel`.
///
/// Thread: the client's callback thread, or inside `ZIM_PollCallbacks` or `ZIM_Destroy`. All pointers are valid until
/// it returns.
pub type ZIMCallCancelSentCallback = Option<
    unsafe extern "C" fn(
        client: *mut ZIMClient,
        call_id: *const c_char,
        error_users: *const *const ZIMErrorUserInfo,
        error_user_count: u32,
        error: *const ZIMError,
        user_data: *mut c_void,
    ),
>;

/// How a `ZIM_CallAccept` ended. If it ended with ZIMErrorCode_NetworkModuleRequestTimeout the outcome is unknown; the
/// truth follows as `on_call_user_state_changed`.
///
/// @param client     The client.
/// @param call_id    The call's name.
/// @param error      Code and text; never NULL.
/// @param user_data  What was given to `ZIM_CallAccept`.
///
/// Thread: the client's callback thread, or inside `ZIM_PollCallbacks` or `ZIM_Destroy`. All pointers are valid until
/// it returns.
pub type ZIMCallAcceptanceSentCallback = Option<
    unsafe extern "C" fn(
        client: *mut ZIMClient,
        call_id: *const c_char,
        error: *const ZIMError,
        user_data: *mut c_void,
    ),
>;

/// How a `ZIM_CallReject` ended. If it ended with ZIMErrorCode_NetworkModuleRequestTimeout the outcome is unknown; the
/// truth follows as `on_call_user_state_changed`.
///
/// @param client     The client.
/// @param call_id    The call's name.
/// @param error      Code and text; never NULL.
/// @param user_data  What was given to `ZIM_CallReject`.
///
/// Thread: the client's callback thread, or inside `ZIM_PollCallbacks` or `ZIM_Destroy`. All pointers are valid until
/// it returns.
pub type ZIMCallRejectionSentCallback = Option<
    unsafe extern "C" fn(
        client: *mut ZIMClient,
        call_id: *const c_char,
        error: *const ZIMError,
        user_data: *mut c_void,
    ),
>;

/// Makes a call and invites users to it. Each invitee who is online gets `on_call_invitation_received` at once, one
/// who is not when they log in before the time is up. The client makes the call's name.
///
/// @param client         The client; must be logged in.
/// @param invitees       The user IDs; each 1 to 32 bytes. Duplicates and the caller are taken out. Must not be NULL.
///                       Copied.
/// @param invitee_count  How many: 1 to 9 after that; more than 100 are refused at once.
/// @param config         How to invite; NULL means all defaults. Copied.
/// @param callback       Told exactly once how it ended, if this function returned Success. Must not be NULL.
/// @param user_data      Handed to the callback. Not touched.
/// @return ZIMErrorCode_Success when the request was taken; ZIMErrorCode_CommonModuleParamsInvalid;
///         ZIMErrorCode_CallModuleServerError for too many invitees; ZIMErrorCode_CommonModuleNotInit;
///         ZIMErrorCode_NetworkModuleUserIsNotLogged.
///
/// Thread: any, also from inside a callback. Does not block.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ZIM_CallInvite(
    client: *mut ZIMClient,
    invitees: *const *const c_char,
    invitee_count: u32,
    config: *const ZIMCallInviteConfig,
    callback: ZIMCallInvitationSentCallback,
    user_data: *mut c_void,
) -> i32 {
    guard::client(client, |zim| {
        let callback = guard::callback(callback)?;
        // SAFETY: the host promises NULL or invitee_count pointers to NUL-terminated strings.
        let invitees = unsafe { user_ids(invitees, invitee_count, Code::CALL_SERVER_ERROR) }?;
        // SAFETY: the host promises NULL or a ZIMCallInviteConfig of struct_size bytes.
        let options = unsafe { invite_options(config) }?;
        let host = UserData::new(client, user_data);
        zim.call_invite(
            invitees,
            options,
            Box::new(move |call, result| {
                let mut arena = Arena::default();
                let call = arena.text(call.as_str());
                let info = arena.sent_info(result.as_ref().ok());
                let error = arena.error(result.as_ref().err());
                // SAFETY: the host's function, called with pointers that live until it returns.
                unsafe { callback(host.client(), call, info, error, host.pointer()) }
            }),
        )
    })
}

/// Takes invitations back. Each user named who is still pending gets `on_call_invitation_cancelled`. The call ends
/// when nobody is pending any more.
///
/// @param client         The client; must be logged in, as the caller.
/// @param invitees       The user IDs; each 1 to 32 bytes. NULL with a count of 0 means everybody who is pending.
///                       Copied.
/// @param invitee_count  How many: 0 to 100.
/// @param call_id        The call's name. Must not be NULL. Copied.
/// @param config         How to cancel; NULL means all defaults. Copied.
/// @param callback       Told exactly once how it ended, if this function returned Success. Must not be NULL.
/// @param user_data      Handed to the callback. Not touched.
/// @return ZIMErrorCode_Success when the request was taken; ZIMErrorCode_CommonModuleParamsInvalid;
///         ZIMErrorCode_CommonModuleNotInit;
///         ZIMErrorCode_NetworkModuleUserIsNotLogged.
///
/// Thread: any, also from inside a callback. Does not block.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ZIM_CallCancel(
    client: *mut ZIMClient,
    invitees: *const *const c_char,
    invitee_count: u32,
    call_id: *const c_char,
    config: *const ZIMCallCancelConfig,
    callback: ZIMCallCancelSentCallback,
    user_data: *mut c_void,
) -> i32 {
    guard::client(client, |zim| {
        let callback = guard::callback(callback)?;
        // SAFETY: the host promises NULL or invitee_count pointers to NUL-terminated strings.
        let invitees = unsafe { user_ids(invitees, invitee_count, Code::PARAMS_INVALID) }?;
        // SAFETY: the host promises NULL or a NUL-terminated string.
        let call = unsafe { call(call_id) }?;
        // SAFETY: the host promises NULL or a ZIMCallCancelConfig of struct_size bytes.
        let config = unsafe { sized::read_or_default(config) }?;
        // SAFETY: the string of the host's struct is NULL or NUL-terminated.
        let extended_data = unsafe { extended_data(config.extended_data) }?;
        // SAFETY: the struct that the host's struct points to is NULL or whole.
        let push = unsafe { push::push_config(config.push_config) }?;
        let host = UserData::new(client, user_data);
        zim.call_cancel(
            call,
            invitees,
            extended_data,
            push,
            Box::new(move |call, result| {
                let mut arena = Arena::default();
                let call = arena.text(call.as_str());
                let users = result.as_ref().map_or(&[][..], |cancelled| &cancelled.error_users);
                let (users, count) = arena.error_users(users);
                let error = arena.error(result.as_ref().err());
                // SAFETY: the host's function, called with pointers that live until it returns.
                unsafe { callback(host.client(), call, users, count, error, host.pointer()) }
            }),
        )
    })
}

/// Accepts an invitation. The caller gets `on_call_invitation_accepted`, the others in the call
/// `on_call_user_state_changed`.
///
/// @param client     The client; must be logged in, as an invitee whose answer is still awaited.
/// @param call_id    The call's name, from `on_call_invitation_received`. Must not be NULL. Copied.
/// @param config     How to accept; NULL means all defaults. Copied.
/// @param callback   Told exactly once how it ended, if this function returned Success:
///                   ZIMErrorCode_CallModuleDoesNotExist when the invitation is over, with its state in the message.
///                   Must not be NULL.
/// @param user_data  Handed to the callback. Not touched.
/// @return ZIMErrorCode_Success when the request was taken; ZIMErrorCode_CommonModuleParamsInvalid;
///         ZIMErrorCode_CommonModuleNotInit; ZIMErrorCode_NetworkModuleUserIsNotLogged.
///
/// Thread: any, also from inside a callback. Does not block.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ZIM_CallAccept(
    client: *mut ZIMClient,
    call_id: *const c_char,
    config: *const ZIMCallAcceptConfig,
    callback: ZIMCallAcceptanceSentCallback,
    user_data: *mut c_void,
) -> i32 {
    guard::client(client, |zim| {
        let callback = guard::callback(callback)?;
        // SAFETY: the host promises NULL or a NUL-terminated string.
        let call = unsafe { call(call_id) }?;
        // SAFETY: the host promises NULL or a ZIMCallAcceptConfig of struct_size bytes.
        let config = unsafe { sized::read_or_default(config) }?;
        // SAFETY: the string of the host's struct is NULL or NUL-terminated.
        let extended_data = unsafe { extended_data(config.extended_data) }?;
        let host = UserData::new(client, user_data);
        zim.call_accept(
            call,
            extended_data,
            Box::new(move |call, result| {
                let mut arena = Arena::default();
                let call = arena.text(call.as_str());
                let error = arena.error(result.as_ref().err());
                // SAFETY: the host's function, called with pointers that live until it returns.
                unsafe { callback(host.client(), call, error, host.pointer()) }
            }),
        )
    })
}

/// Rejects an invitation. The caller gets `on_call_invitation_rejected`, the others in the call
/// `on_call_user_state_changed`.
///
/// @param client     The client; must be logged in, as an invitee whose answer is still awaited.
/// @param call_id    The call's name, from `on_call_invitation_received`. Must not be NULL. Copied.
/// @param config     How to reject; NULL means all defaults. Copied.
/// @param callback   Told exactly once how it ended, if this function returned Success:
///                   ZIMErrorCode_CallModuleDoesNotExist when the invitation is over, with its state in the message.
///                   Must not be NULL.
/// @param user_data  Handed to the callback. Not touched.
/// @return ZIMErrorCode_Success when the request was taken; ZIMErrorCode_CommonModuleParamsInvalid;
///         ZIMErrorCode_CommonModuleNotInit; ZIMErrorCode_NetworkModuleUserIsNotLogged.
///
/// Thread: any, also from inside a callback. Does not block.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ZIM_CallReject(
    client: *mut ZIMClient,
    call_id: *const c_char,
    config: *const ZIMCallRejectConfig,
    callback: ZIMCallRejectionSentCallback,
    user_data: *mut c_void,
) -> i32 {
    guard::client(client, |zim| {
        let callback = guard::callback(callback)?;
        // SAFETY: the host promises NULL or a NUL-terminated string.
        let call = unsafe { call(call_id) }?;
        // SAFETY: the host promises NULL or a ZIMCallRejectConfig of struct_size bytes.
        let config = unsafe { sized::read_or_default(config) }?;
        // SAFETY: the string of the host's struct is NULL or NUL-terminated.
        let extended_data = unsafe { extended_data(config.extended_data) }?;
        let host = UserData::new(client, user_data);
        zim.call_reject(
            call,
            extended_data,
            Box::new(move |call, result| {
                let mut arena = Arena::default();
                let call = arena.text(call.as_str());
                let error = arena.error(result.as_ref().err());
                // SAFETY: the host's function, called with pointers that live until it returns.
                unsafe { callback(host.client(), call, error, host.pointer()) }
            }),
        )
    })
}

/// # Safety
/// NULL, or `count` pointers that are each NULL or a NUL-terminated string.
unsafe fn user_ids(ids: *const *const c_char, count: u32, too_many: Code) -> Result<Vec<UserId>, Fault> {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    if count > limits::INVITEES_NAMED {
        let message = format!("invitee_count must be at most {}; got {count}", limits::INVITEES_NAMED);
        return Err(Fault::new(too_many, message));
    }
    if count > 0 && ids.is_null() {
        return Err(Fault::params(format!("invitees must not be NULL when invitee_count is {count}")));
    }
    let mut users = Vec::with_capacity(count);
    for at in 0..count {
        // SAFETY: within the host's array.
        let id = unsafe { ids.add(at).read() };
        // SAFETY: an entry of the host's array is NULL or NUL-terminated.
        let id = unsafe { text::required(id, &format!("invitees[{at}]"), limits::USER_ID_BYTES) }?;
        users.push(UserId::parse(&id).map_err(|fault| Fault::params(format!("invitees[{at}]: {}", fault.message)))?);
    }
    Ok(users)
}

/// # Safety
/// NULL or a NUL-terminated string.
unsafe fn call(id: *const c_char) -> Result<CallId, Fault> {
    // SAFETY: as the caller promises.
    CallId::parse(&unsafe { text::required(id, "call_id", limits::CALL_ID_BYTES) }?)
}

/// # Safety
/// NULL or a NUL-terminated string.
unsafe fn extended_data(data: *const c_char) -> Result<String, Fault> {
    // SAFETY: as the caller promises.
    unsafe { text::or_empty(data, "extended_data", limits::EXTENDED_DATA_BYTES) }
}

/// # Safety
/// NULL or a `ZIMCallInviteConfig` of `struct_size` bytes; its string NUL-terminated, its push NULL or whole.
unsafe fn invite_options(config: *const ZIMCallInviteConfig) -> Result<InviteOptions, Fault> {
    // SAFETY: as the caller promises.
    let config = unsafe { sized::read_or_default(config) }?;
    Ok(InviteOptions {
        timeout_s: config.timeout,
        mode: call_mode(config.mode)?,
        // SAFETY: the string of the host's struct is NULL or NUL-terminated.
        extended_data: unsafe { extended_data(config.extended_data) }?,
        not_received_check: sized::flag("enable_not_received_check", config.enable_not_received_check)?,
        // SAFETY: the struct that the host's struct points to is NULL or whole.
        push: unsafe { push::push_config(config.push_config) }?,
    })
}

fn call_mode(mode: i32) -> Result<CallMode, Fault> {
    const GENERAL: i32 = ZIMCallInvitationMode::General as i32;
    const ADVANCED: i32 = ZIMCallInvitationMode::Advanced as i32;
    match mode {
        GENERAL => Ok(CallMode::General),
        ADVANCED => Ok(CallMode::Advanced),
        other => Err(Fault::params(format!("mode must be General (0); got {other}"))),
    }
}
