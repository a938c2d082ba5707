//! Logging in and out, and the connection.

use std::ffi::{c_char, c_void};
use std::ptr;

use zim_protocol::code::Fault;
use zim_protocol::id::UserId;
use zim_protocol::limits;

use crate::client::User;

use super::arena::{self, Arena, UserData};
use super::error::ZIMError;
use super::handle::ZIMClient;
use super::sized::{self, described};
use super::{guard, text};

/// State of the connection to the server. Passed as `int32_t`.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "C reads it")]
pub enum ZIMConnectionState {
    /// Not logged in.
    Disconnected = 0,
    /// Logging in.
    Connecting = 1,
    /// Logged in and connected.
    Connected = 2,
    /// Logged in; the connection was lost and is being made again, for as long as it takes. Requests may be made:
    /// they wait for the connection.
    Reconnecting = 3,
}

/// Why the state of the connection changed. Passed as `int32_t`.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "C reads it")]
pub enum ZIMConnectionEvent {
    /// It worked: connected, or logged out as asked.
    Success = 0,
    /// The host has called `ZIM_Login`.
    ActiveLogin = 1,
    /// The login did not finish in time.
    LoginTimeout = 2,
    /// The login was refused, or the connection was lost.
    LoginInterrupted = 3,
    /// The same user has logged in elsewhere. The client does not reconnect.
    KickedOut = 4,
    /// The token has expired. The client does not reconnect.
    TokenExpired = 5,
    /// The server no longer knows the app or the user. The client does not reconnect.
    Unregistered = 6,
}

/// The user who logs in. Start from `ZIM_USER_INFO_INIT`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ZIMUserInfo {
    /// Size of this struct in bytes; `ZIM_USER_INFO_INIT` sets it.
    pub struct_size: u32,
    /// Who it is: 1 to 32 bytes of ASCII letters, digits, blank and ! # $ % & ( ) + - : ; < = . > ? @ [ ] ^ _ { } | ~
    /// Required.
    pub user_id: *const c_char,
    /// Name to show: at most 256 bytes of UTF-8. NULL (the default) means none.
    pub user_name: *const c_char,
    /// Address of a picture: at most 2,048 bytes of UTF-8. NULL (the default) means none.
    pub user_avatar_url: *const c_char,
    /// Whatever the app wants to keep with the user: at most 2,048 bytes of UTF-8. NULL (the default) means none.
    pub user_extended_data: *const c_char,
}

described!(ZIMUserInfo { struct_size, user_id, user_name, user_avatar_url, user_extended_data });

impl sized::HostStruct for ZIMUserInfo {
    const DEFAULT: Self = ZIMUserInfo {
        struct_size: sized::size_of_u32::<Self>(),
        user_id: ptr::null(),
        user_name: ptr::null(),
        user_avatar_url: ptr::null(),
        user_extended_data: ptr::null(),
    };
}

/// How a `ZIM_Login` ended.
///
/// @param client     The client.
/// @param error      Code and text; never NULL. Success: logged in and connected.
///                   ZIMErrorCode_NetworkModuleNetworkError: the server could not be reached within the request's
///                   time, for the reason in the message.
/// @param user_data  What was given to `ZIM_Login`.
///
/// Thread: the client's callback thread, or inside `ZIM_PollCallbacks` or `ZIM_Destroy`. All pointers are valid until
/// it returns.
pub type ZIMLoggedInCallback =
    Option<unsafe extern "C" fn(client: *mut ZIMClient, error: *const ZIMError, user_data: *mut c_void)>;

/// How a `ZIM_RenewToken` ended.
///
/// @param client     The client.
/// @param token      The token that was given to `ZIM_RenewToken`.
/// @param error      Code and text; never NULL.
/// @param user_data  What was given to `ZIM_RenewToken`.
///
/// Thread: the client's callback thread, or inside `ZIM_PollCallbacks` or `ZIM_Destroy`. All pointers are valid until
/// it returns.
pub type ZIMTokenRenewedCallback = Option<
    unsafe extern "C" fn(client: *mut ZIMClient, token: *const c_char, error: *const ZIMError, user_data: *mut c_void),
>;

/// How a `ZIM_UploadLog` ended.
///
/// @param client     The client.
/// @param error      Code and text; never NULL.
/// @param user_data  What was given to `ZIM_UploadLog`.
///
/// Thread: the client's callback thread, or inside `ZIM_PollCallbacks` or `ZIM_Destroy`. All pointers are valid until
/// it returns.
pub type ZIMLogUploadedCallback =
    Option<unsafe extern "C" fn(client: *mut ZIMClient, error: *const ZIMError, user_data: *mut c_void)>;

/// Logs a user in and connects. It goes on trying until the request's time is up. Once it has succeeded the client
/// keeps the connection by itself, and makes it again whenever it is lost.
///
/// @param client     The client.
/// @param user       Who logs in. Must not be NULL. Copied.
/// @param token      The user's token: at most 8,192 bytes of UTF-8. NULL means none. Copied.
/// @param callback   Told exactly once how it ended, if this function returned Success. Must not be NULL.
/// @param user_data  Handed to the callback. Not touched.
/// @return ZIMErrorCode_Success when the request was taken; ZIMErrorCode_CommonModuleParamsInvalid;
///         ZIMErrorCode_CommonModuleNotInit; ZIMErrorCode_NetworkModuleUserHasAlreadyLogged when this client is
///         logged in or logging in.
///
/// Thread: any, also from inside a callback. Does not block.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ZIM_Login(
    client: *mut ZIMClient,
    user: *const ZIMUserInfo,
    token: *const c_char,
    callback: ZIMLoggedInCallback,
    user_data: *mut c_void,
) -> i32 {
    guard::client(client, |zim| {
        let callback = guard::callback(callback)?;
        // SAFETY: the host promises NULL or a ZIMUserInfo of struct_size bytes whose strings are NUL-terminated.
        let user = unsafe { user_info(user) }?;
        // SAFETY: the host promises NULL or a NUL-terminated string.
        let token = unsafe { text::or_empty(token, "token", limits::TOKEN_BYTES) }?;
        let host = UserData::new(client, user_data);
        zim.login(
            user,
            token,
            Box::new(move |result| {
                let mut arena = Arena::default();
                let error = arena.error(result.as_ref().err());
                // SAFETY: the host's function, called with pointers that live until it returns.
                unsafe { callback(host.client(), error, host.pointer()) }
            }),
        )
    })
}

/// Logs out: at once for the host, as well as possible for the server. Pending requests complete with
/// ZIMErrorCode_NetworkModuleUserHasAlreadyLoggedOut, and `on_connection_state_changed` reports Disconnected with
/// Success. A call of this user that nobody has accepted is cancelled by the server; if the word of the logout is lost, at
/// the next login of this client, or when the session expires. A ring that was shown here ends with
/// `on_call_invitation_timeout` and `on_call_user_state_changed`; the next login rings again if the call is still on.
///
/// @param client  The client.
/// @return ZIMErrorCode_Success; ZIMErrorCode_CommonModuleNotInit; ZIMErrorCode_NetworkModuleUserIsNotLogged.
///
/// Thread: any, also from inside a callback. Does not block.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ZIM_Logout(client: *mut ZIMClient) -> i32 {
    guard::client(client, |zim| zim.logout())
}

/// Replaces the token of the session, before it expires.
///
/// @param client     The client.
/// @param token      The new token: at most 8,192 bytes of UTF-8. Must not be NULL. Copied.
/// @param callback   Told exactly once how it ended, if this function returned Success. Must not be NULL.
/// @param user_data  Handed to the callback. Not touched.
/// @return ZIMErrorCode_Success when the request was taken; ZIMErrorCode_CommonModuleParamsInvalid;
///         ZIMErrorCode_CommonModuleNotInit; ZIMErrorCode_NetworkModuleUserIsNotLogged.
///
/// Thread: any, also from inside a callback. Does not block.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ZIM_RenewToken(
    client: *mut ZIMClient,
    token: *const c_char,
    callback: ZIMTokenRenewedCallback,
    user_data: *mut c_void,
) -> i32 {
    guard::client(client, |zim| {
        let callback = guard::callback(callback)?;
        // SAFETY: the host promises NULL or a NUL-terminated string.
        let token = unsafe { text::required(token, "token", limits::TOKEN_BYTES) }?;
        let shown = arena::c_text(&token);
        let host = UserData::new(client, user_data);
        zim.renew_token(
            token,
            Box::new(move |result| {
                let mut arena = Arena::default();
                let error = arena.error(result.as_ref().err());
                // SAFETY: the host's function, called with pointers that live until it returns.
                unsafe { callback(host.client(), shown.as_ptr(), error, host.pointer()) }
            }),
        )
    })
}

/// The state of the connection right now.
///
/// @param client  The client.
/// @return A ZIMConnectionState (0 to 3), or an error code, all of which are above 6000000:
///         ZIMErrorCode_CommonModuleNotInit for no such client.
///
/// Thread: any, also from inside a callback. Does not block. Makes no callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ZIM_GetConnectionState(client: *mut ZIMClient) -> i32 {
    guard::client_value(client, |zim| Ok(zim.connection_state() as i32))
}

/// Sends the library's log of this process to the server, if the server takes logs.
///
/// @param client     The client.
/// @param callback   Told exactly once how it ended, if this function returned Success;
///                   ZIMErrorCode_CommonModuleUploadLogError when the server refused it. Must not be NULL.
/// @param user_data  Handed to the callback. Not touched.
/// @return ZIMErrorCode_Success when the request was taken; ZIMErrorCode_CommonModuleParamsInvalid;
///         ZIMErrorCode_CommonModuleNotInit; ZIMErrorCode_NetworkModuleUserIsNotLogged.
///
/// Thread: any, also from inside a callback. Does not block.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ZIM_UploadLog(
    client: *mut ZIMClient,
    callback: ZIMLogUploadedCallback,
    user_data: *mut c_void,
) -> i32 {
    guard::client(client, |zim| {
        let callback = guard::callback(callback)?;
        let host = UserData::new(client, user_data);
        zim.upload_log(Box::new(move |result| {
            let mut arena = Arena::default();
            let error = arena.error(result.as_ref().err());
            // SAFETY: the host's function, called with pointers that live until it returns.
            unsafe { callback(host.client(), error, host.pointer()) }
        }))
    })
}

/// # Safety
/// NULL or a `ZIMUserInfo` of `struct_size` bytes, its strings NUL-terminated.
unsafe fn user_info(user: *const ZIMUserInfo) -> Result<User, Fault> {
    // SAFETY: as the caller promises.
    let user = unsafe { sized::read(user, "user") }?;
    // SAFETY: the strings of the host's struct are NULL or NUL-terminated.
    let user_id = unsafe { text::required(user.user_id, "user_id", limits::USER_ID_BYTES) }?;
    // SAFETY: as above.
    let user_name = unsafe { text::or_empty(user.user_name, "user_name", limits::USER_NAME_BYTES) }?;
    // SAFETY: as above.
    let avatar = unsafe { text::or_empty(user.user_avatar_url, "user_avatar_url", limits::USER_PROFILE_BYTES) }?;
    // SAFETY: as above.
    let data = unsafe { text::or_empty(user.user_extended_data, "user_extended_data", limits::USER_PROFILE_BYTES) }?;
    Ok(User { user_id: UserId::parse(&user_id)?, user_name, user_avatar_url: avatar, user_extended_data: data })
}
