//! What a client tells the host unasked.

use std::ffi::{c_char, c_void};

use zim_protocol::code::Fault;

use super::arena::UserData;
use super::error::ZIMError;
use super::handle::ZIMClient;
use super::info::{
    ZIMCallInvitationAcceptedInfo, ZIMCallInvitationCancelledInfo, ZIMCallInvitationCreatedInfo,
    ZIMCallInvitationEndedInfo, ZIMCallInvitationReceivedInfo, ZIMCallInvitationRejectedInfo,
    ZIMCallInvitationTimeoutInfo, ZIMCallUserStateChangeInfo,
};
use super::sized::{self, described};
use super::{guard, handler};

/// Gives back the user data of a registration.
///
/// @param user_data  What was registered.
///
/// Thread: run exactly once, after the last callback that used it has returned, on the client's callback thread; in
/// poll mode inside `ZIM_PollCallbacks`, `ZIM_SetEventHandler` or `ZIM_Destroy`.
pub type ZIMFreeUserData = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

/// The functions that a client calls when something happens. Start from `ZIM_EVENT_HANDLER_INIT`. Any of them may be
/// NULL: such an event is dropped. `client` is the client to which it happened, `call_id` the name of the call,
/// `user_data` what was given to `ZIM_SetEventHandler`. Pointers are never NULL and valid until the function returns.
///
/// Thread: all callbacks of one client, results included, are made one at a time and in order, on the client's
/// callback thread; in poll mode inside `ZIM_PollCallbacks`. No lock is held: every ZIM_ function may be called from
/// inside. A callback that takes long holds up the following ones, and nothing else. It must return: a C++ exception
/// or a longjmp must not leave it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ZIMEventHandler {
    /// Size of this struct in bytes; `ZIM_EVENT_HANDLER_INIT` sets it.
    pub struct_size: u32,
    /// Something went wrong that belongs to no request.
    pub on_error: Option<unsafe extern "C" fn(client: *mut ZIMClient, error: *const ZIMError, user_data: *mut c_void)>,
    /// The connection changed: `state` is a ZIMConnectionState, `event` a ZIMConnectionEvent, `extended_data_json` a
    /// JSON object, mostly "{}".
    pub on_connection_state_changed: Option<
        unsafe extern "C" fn(
            client: *mut ZIMClient,
            state: i32,
            event: i32,
            extended_data_json: *const c_char,
            user_data: *mut c_void,
        ),
    >,
    /// The token expires in this many seconds; renew it with `ZIM_RenewToken`.
    pub on_token_will_expire:
        Option<unsafe extern "C" fn(client: *mut ZIMClient, seconds: u32, user_data: *mut c_void)>,
    /// This user is invited: ring. Ends with `ZIM_CallAccept`, `ZIM_CallReject`, `on_call_invitation_cancelled`,
    /// `on_call_invitation_timeout`, or `on_call_user_state_changed` that shows the own row answered on another
    /// device.
    pub on_call_invitation_received: Option<
        unsafe extern "C" fn(
            client: *mut ZIMClient,
            info: *const ZIMCallInvitationReceivedInfo,
            call_id: *const c_char,
            user_data: *mut c_void,
        ),
    >,
    /// This user has made a call on another device, or before this login.
    pub on_call_invitation_created: Option<
        unsafe extern "C" fn(
            client: *mut ZIMClient,
            info: *const ZIMCallInvitationCreatedInfo,
            call_id: *const c_char,
            user_data: *mut c_void,
        ),
    >,
    /// To an invitee: the invitation was taken back; stop ringing.
    pub on_call_invitation_cancelled: Option<
        unsafe extern "C" fn(
            client: *mut ZIMClient,
            info: *const ZIMCallInvitationCancelledInfo,
            call_id: *const c_char,
            user_data: *mut c_void,
        ),
    >,
    /// To the caller: an invitee has accepted.
    pub on_call_invitation_accepted: Option<
        unsafe extern "C" fn(
            client: *mut ZIMClient,
            info: *const ZIMCallInvitationAcceptedInfo,
            call_id: *const c_char,
            user_data: *mut c_void,
        ),
    >,
    /// To the caller: an invitee has declined.
    pub on_call_invitation_rejected: Option<
        unsafe extern "C" fn(
            client: *mut ZIMClient,
            info: *const ZIMCallInvitationRejectedInfo,
            call_id: *const c_char,
            user_data: *mut c_void,
        ),
    >,
    /// To an invitee: the time is up; stop ringing.
    pub on_call_invitation_timeout: Option<
        unsafe extern "C" fn(
            client: *mut ZIMClient,
            info: *const ZIMCallInvitationTimeoutInfo,
            call_id: *const c_char,
            user_data: *mut c_void,
        ),
    >,
    /// To the caller: these invitees have not answered in time; all who ran out of time at once, in one event.
    pub on_call_invitees_answered_timeout: Option<
        unsafe extern "C" fn(
            client: *mut ZIMClient,
            invitees: *const *const c_char,
            invitee_count: u32,
            call_id: *const c_char,
            user_data: *mut c_void,
        ),
    >,
    /// A call in Advanced mode was ended.
    pub on_call_invitation_ended: Option<
        unsafe extern "C" fn(
            client: *mut ZIMClient,
            info: *const ZIMCallInvitationEndedInfo,
            call_id: *const c_char,
            user_data: *mut c_void,
        ),
    >,
    /// Users of a call have changed their state. To everybody in the call, once per change, with all that changed.
    pub on_call_user_state_changed: Option<
        unsafe extern "C" fn(
            client: *mut ZIMClient,
            info: *const ZIMCallUserStateChangeInfo,
            call_id: *const c_char,
            user_data: *mut c_void,
        ),
    >,
}

described!(ZIMEventHandler {
    struct_size,
    on_error,
    on_connection_state_changed,
    on_token_will_expire,
    on_call_invitation_received,
    on_call_invitation_created,
    on_call_invitation_cancelled,
    on_call_invitation_accepted,
    on_call_invitation_rejected,
    on_call_invitation_timeout,
    on_call_invitees_answered_timeout,
    on_call_invitation_ended,
    on_call_user_state_changed
});

impl sized::HostStruct for ZIMEventHandler {
    const DEFAULT: Self = ZIMEventHandler {
        struct_size: sized::size_of_u32::<Self>(),
        on_error: None,
        on_connection_state_changed: None,
        on_token_will_expire: None,
        on_call_invitation_received: None,
        on_call_invitation_created: None,
        on_call_invitation_cancelled: None,
        on_call_invitation_accepted: None,
        on_call_invitation_rejected: None,
        on_call_invitation_timeout: None,
        on_call_invitees_answered_timeout: None,
        on_call_invitation_ended: None,
        on_call_user_state_changed: None,
    };
}

/// Says which functions are called when something happens. It replaces the former handler, from the next event on, and
/// does not wait: when another thread is just inside a function of the former one, that function finishes.
///
/// @param client          The client.
/// @param handler         The functions; NULL: none. Copied.
/// @param user_data       Handed to each of them. Not touched.
/// @param free_user_data  Gives `user_data` back: run exactly once, after the last callback that used it has returned.
///                        NULL if it need not be given back. When this function is refused, it is not run and the user
///                        data stays with the host.
/// @return ZIMErrorCode_Success; ZIMErrorCode_CommonModuleParamsInvalid; ZIMErrorCode_CommonModuleNotInit.
///
/// Thread: any, also from inside a callback. Does not block. Makes no callback but, in poll mode, `free_user_data`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ZIM_SetEventHandler(
    client: *mut ZIMClient,
    handler: *const ZIMEventHandler,
    user_data: *mut c_void,
    free_user_data: ZIMFreeUserData,
) -> i32 {
    guard::client(client, |zim| {
        // SAFETY: the host promises NULL or a ZIMEventHandler of struct_size bytes.
        let functions = unsafe { functions(handler) }?;
        let host = UserData::new(client, user_data);
        zim.set_handler(handler::registration(functions, host, free_user_data))
    })
}

/// # Safety
/// NULL or a `ZIMEventHandler` of `struct_size` bytes.
unsafe fn functions(handler: *const ZIMEventHandler) -> Result<Option<ZIMEventHandler>, Fault> {
    if handler.is_null() {
        return Ok(None);
    }
    // SAFETY: as the caller promises.
    unsafe { sized::read(handler, "handler") }.map(Some)
}
