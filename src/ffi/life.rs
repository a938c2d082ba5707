//! Clients: made, found, destroyed.

use std::ffi::c_char;
use std::ptr;

use zim_protocol::code::Fault;
use zim_protocol::id::DeviceId;
use zim_protocol::limits;

use crate::client::{AppConfig, CallbackMode, Client};

use super::handle::{self, ZIMClient};
use super::sized::{self, described};
use super::{guard, text};

/// Who makes the callbacks of a client. Passed as `int32_t`.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZIMCallbackMode {
    /// A thread of the library's own, one per client. The default in C.
    Thread = 0,
    /// Whichever thread calls `ZIM_PollCallbacks`: what game engines want. No thread of the library ever enters the
    /// host.
    Poll = 1,
}

/// What `ZIM_Create` needs to know. Start from `ZIM_APP_CONFIG_INIT`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ZIMAppConfig {
    /// Size of this struct in bytes; `ZIM_APP_CONFIG_INIT` sets it.
    pub struct_size: u32,
    /// The app, as the server knows it. A development server takes any number.
    pub app_id: u32,
    /// Secret of the app: 64 hex characters. NULL (the default): none; users log in with a token.
    pub app_sign: *const c_char,
    /// Address of the server, "ws://host:port/path" or "wss://host:port/path", at most 2,048 bytes. NULL (the
    /// default): the environment variable ZIM_SERVER_URL, and without it "ws://127.0.0.1:8790/zim", which is where
    /// `zim-server --dev` listens.
    pub server_url: *const c_char,
    /// Name of this device: 1 to 64 visible ASCII characters, the same whenever the app runs on it. NULL (the
    /// default): made once and kept in the folder of `ZIM_SetCacheConfig`; without such a folder random for each
    /// client.
    pub device_id: *const c_char,
    /// A ZIMCallbackMode; ZIMCallbackMode_Thread by default.
    pub callback_mode: i32,
    /// How long a request waits for its answer, in milliseconds: 1 to 60,000; 0 means 10,000, the default.
    pub request_timeout_ms: u32,
    /// PEM file of the certificate authorities that a wss:// server is checked against, at most 4,096 bytes of UTF-8.
    /// NULL (the default): those of the system.
    pub ca_file: *const c_char,
}

described!(ZIMAppConfig {
    struct_size,
    app_id,
    app_sign,
    server_url,
    device_id,
    callback_mode,
    request_timeout_ms,
    ca_file
});

impl sized::HostStruct for ZIMAppConfig {
    const DEFAULT: Self = ZIMAppConfig {
        struct_size: sized::size_of_u32::<Self>(),
        app_id: 0,
        app_sign: ptr::null(),
        server_url: ptr::null(),
        device_id: ptr::null(),
        callback_mode: ZIMCallbackMode::Thread as i32,
        request_timeout_ms: limits::REQUEST_TTL_DEFAULT_MS,
        ca_file: ptr::null(),
    };
}

const SERVER_URL_VARIABLE: &str = "ZIM_SERVER_URL";
const SERVER_URL_DEFAULT: &str = "ws://127.0.0.1:8790/zim";
const SERVER_URL_BYTES: usize = 2_048;
const APP_SIGN_CHARACTERS: usize = 64;

/// Creates a client. As many as you like can live in one process. No connection is made before `ZIM_Login`.
///
/// @param config  What the client needs to know; NULL means all defaults. Copied.
/// @param out     Receives the handle; written only on success. Must not be NULL. The handle is the host's until it
///                is given to `ZIM_Destroy`.
/// @return ZIMErrorCode_Success, or ZIMErrorCode_CommonModuleParamsInvalid for a bad config or a NULL `out`.
///
/// Thread: any. Does not block. Makes no callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ZIM_Create(config: *const ZIMAppConfig, out: *mut *mut ZIMClient) -> i32 {
    guard::plain(|| {
        if out.is_null() {
            return Err(Fault::params("out must not be NULL: the handle is written there"));
        }
        // SAFETY: the host promises NULL or a ZIMAppConfig of struct_size bytes whose strings are NUL-terminated.
        let (config, origin) = unsafe { app_config(config) }?;
        let client = Client::create(config).map_err(|fault| Fault { message: fault.message + origin, ..fault })?;
        let client = handle::insert(client)?;
        // SAFETY: not NULL, and the host promises that it can be written.
        unsafe { out.write(client) };
        Ok(())
    })
}

/// The oldest client that lives: the only one, in a program that has one.
///
/// @return A handle that still belongs to whoever created it, or NULL if no client lives.
///
/// Thread: any. Does not block. Makes no callback.
#[unsafe(no_mangle)]
pub extern "C" fn ZIM_GetInstance() -> *mut ZIMClient {
    guard::value(ptr::null_mut(), handle::oldest)
}

/// Destroys a client: logs out if logged in (best effort, at most 300 ms), completes every pending request with
/// ZIMErrorCode_SDKModuleClientDestroyed (thread mode: on the callback thread; poll mode: on this thread; from inside
/// a callback: nested in it), drops undelivered events, gives back the event handler's user data, and frees
/// everything. After it has returned no callback of this client ever runs. The handle is void from the first moment:
/// every function refuses it, also inside those last callbacks.
///
/// @param client  The client. NULL, or one that was destroyed already, is refused and harms nothing.
/// @return ZIMErrorCode_Success; ZIMErrorCode_CommonModuleNotInit for no such client;
///         ZIMErrorCode_SDKModuleCallbackStillRunning if after 1 s another thread is still inside a callback: the
///         rest happens when that callback returns, and until then the host must keep alive what the callbacks use.
///
/// Thread: any, also from inside a callback. Blocks for less than 1 s, whatever the network does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ZIM_Destroy(client: *mut ZIMClient) -> i32 {
    guard::plain(|| handle::remove(client)?.destroy())
}

/// # Safety
/// NULL or a `ZIMAppConfig` of `struct_size` bytes, its strings NUL-terminated.
unsafe fn app_config(config: *const ZIMAppConfig) -> Result<(AppConfig, &'static str), Fault> {
    // SAFETY: as the caller promises.
    let config = unsafe { sized::read_or_default(config) }?;
    // SAFETY: the strings of the host's struct are NULL or NUL-terminated.
    let app_sign = unsafe { text::optional(config.app_sign, "app_sign", APP_SIGN_CHARACTERS) }?;
    // SAFETY: as above.
    let server_url = unsafe { text::optional(config.server_url, "server_url", SERVER_URL_BYTES) }?;
    // SAFETY: as above.
    let device_id = unsafe { text::optional(config.device_id, "device_id", limits::DEVICE_ID_BYTES) }?;
    // SAFETY: as above.
    let ca_file = unsafe { text::path(config.ca_file, "ca_file") }?;
    let (server_url, origin) = self::server_url(server_url)?;
    let config = AppConfig {
        app_id: config.app_id,
        app_sign,
        server_url,
        device_id: device_id.map(|id| DeviceId::parse(&id)).transpose()?,
        callback_mode: callback_mode(config.callback_mode)?,
        request_timeout_ms: config.request_timeout_ms,
        ca_file,
    };
    Ok((config, origin))
}

/// The address, and where it comes from if not from the config, in words for a refusal.
fn server_url(configured: Option<String>) -> Result<(String, &'static str), Fault> {
    if let Some(url) = configured {
        return Ok((url, ""));
    }
    let Some(url) = std::env::var_os(SERVER_URL_VARIABLE).filter(|url| !url.is_empty()) else {
        return Ok((SERVER_URL_DEFAULT.to_owned(), ""));
    };
    let not_text = |_| Fault::params("the environment variable ZIM_SERVER_URL is not valid UTF-8");
    let origin = " (the server URL comes from the environment variable ZIM_SERVER_URL)";
    Ok((url.into_string().map_err(not_text)?, origin))
}

fn callback_mode(mode: i32) -> Result<CallbackMode, Fault> {
    const THREAD: i32 = ZIMCallbackMode::Thread as i32;
    const POLL: i32 = ZIMCallbackMode::Poll as i32;
    match mode {
        THREAD => Ok(CallbackMode::Thread),
        POLL => Ok(CallbackMode::Poll),
        other => Err(Fault::params(format!("callback_mode must be 0 (Thread) or 1 (Poll); got {other}"))),
    }
}
