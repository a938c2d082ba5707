//! Where log lines and files go.

use std::ffi::{c_char, c_void};
use std::ptr;
use std::sync::Arc;

use zim_protocol::code::Fault;

use crate::client::{self, Level, LogConfig, LogSink};

use super::arena::{UserData, c_text};
use super::sized::{self, described};
use super::{guard, text};

/// How important a log line is. Passed as `int32_t`.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZIMLogLevel {
    /// What the library does, step by step.
    Debug = 0,
    /// What a user of the app may notice: connected, lost, logged out.
    Info = 1,
    /// Something is not as it should be, and the library goes on.
    Warning = 2,
    /// Something failed.
    Error = 3,
}

/// Where log files are written. Start from `ZIM_LOG_CONFIG_INIT`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ZIMLogConfig {
    /// Size of this struct in bytes; `ZIM_LOG_CONFIG_INIT` sets it.
    pub struct_size: u32,
    /// Folder for the log files, at most 4,096 bytes of UTF-8; made if missing. NULL (the default): no log files.
    pub log_path: *const c_char,
    /// Bytes that the log files may have together: at least 65,536; 0 means 5,242,880 (5 MiB), the default. `zim.log`
    /// that has grown to half of it is put aside as `zim.1.log`, in the place of the former one.
    pub log_size: u64,
}

described!(ZIMLogConfig { struct_size, log_path, log_size });

const LOG_SIZE_DEFAULT: u64 = 5 * 1024 * 1024;
const LOG_SIZE_MIN: u64 = 64 * 1024;

impl sized::HostStruct for ZIMLogConfig {
    const DEFAULT: Self =
        ZIMLogConfig { struct_size: sized::size_of_u32::<Self>(), log_path: ptr::null(), log_size: LOG_SIZE_DEFAULT };
}

/// Where the library keeps what it wants to find again. Start from `ZIM_CACHE_CONFIG_INIT`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ZIMCacheConfig {
    /// Size of this struct in bytes; `ZIM_CACHE_CONFIG_INIT` sets it.
    pub struct_size: u32,
    /// Folder, at most 4,096 bytes of UTF-8; made if missing. NULL (the default): nothing is kept.
    pub cache_path: *const c_char,
}

described!(ZIMCacheConfig { struct_size, cache_path });

impl sized::HostStruct for ZIMCacheConfig {
    const DEFAULT: Self = ZIMCacheConfig { struct_size: sized::size_of_u32::<Self>(), cache_path: ptr::null() };
}

/// Takes one line of the log.
///
/// @param level      A ZIMLogLevel.
/// @param message    The line: UTF-8, without an end of line, without tokens. Valid until the callback returns.
/// @param user_data  What was given to `ZIM_SetLogCallback`.
///
/// Thread: one line at a time. While a client in poll mode lives: inside `ZIM_PollCallbacks` or `ZIM_Destroy` of such a
/// client. Otherwise a client's callback thread; without any client the thread that called the library.
pub type ZIMLogCallback = Option<unsafe extern "C" fn(level: i32, message: *const c_char, user_data: *mut c_void)>;

/// Says where the log files of this process go. Works at once, for all clients.
///
/// @param config  Where; NULL means all defaults: no log files. Copied.
/// @return ZIMErrorCode_Success; ZIMErrorCode_CommonModuleParamsInvalid; another code when the folder cannot be
///         written: the log then stays where it was.
///
/// Thread: any. Blocks for as long as the file system takes to open a file. Makes no callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ZIM_SetLogConfig(config: *const ZIMLogConfig) -> i32 {
    guard::plain(|| {
        // SAFETY: the host promises NULL or a ZIMLogConfig of struct_size bytes, its string NUL-terminated.
        client::set_log_config(unsafe { log_config(config) }?)
    })
}

/// Hands the log lines of this process to the host. Lines wait in a bounded queue until a client's callbacks are
/// made; when it is full (1,000 lines) more are dropped and counted, and a line says how many.
///
/// @param callback   Takes the lines; NULL: none are handed over any more. The former one may still be running on
///                   another thread when this function returns.
/// @param min_level  The least important ZIMLogLevel that is handed over. Not looked at when `callback` is NULL.
/// @param user_data  Handed to the callback. Not touched.
/// @return ZIMErrorCode_Success, or ZIMErrorCode_CommonModuleParamsInvalid for an unknown level.
///
/// Thread: any, also from inside a callback. Does not block. Makes no callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ZIM_SetLogCallback(callback: ZIMLogCallback, min_level: i32, user_data: *mut c_void) -> i32 {
    guard::plain(|| {
        let Some(callback) = callback else {
            client::set_log_callback(None, Level::Error);
            return Ok(());
        };
        let host = UserData::new(ptr::null_mut(), user_data);
        client::set_log_callback(Some(Arc::new(Sink { callback, host })), level(min_level)?);
        Ok(())
    })
}

/// Says where the library keeps what it wants to find again: the name of this device, for clients that are created
/// afterwards without one.
///
/// @param config  Where; NULL means all defaults: nothing is kept. Copied.
/// @return ZIMErrorCode_Success; ZIMErrorCode_CommonModuleParamsInvalid; another code when the folder cannot be
///         written.
///
/// Thread: any. Blocks for as long as the file system takes to make a folder. Makes no callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ZIM_SetCacheConfig(config: *const ZIMCacheConfig) -> i32 {
    guard::plain(|| {
        // SAFETY: the host promises NULL or a ZIMCacheConfig of struct_size bytes.
        let config = unsafe { sized::read_or_default(config) }?;
        // SAFETY: the string of the host's struct is NULL or NUL-terminated.
        let path = unsafe { text::path(config.cache_path, "cache_path") }?;
        client::set_cache_folder(path)
    })
}

/// # Safety
/// NULL or a `ZIMLogConfig` of `struct_size` bytes, its string NUL-terminated.
unsafe fn log_config(config: *const ZIMLogConfig) -> Result<Option<LogConfig>, Fault> {
    // SAFETY: as the caller promises.
    let config = unsafe { sized::read_or_default(config) }?;
    // SAFETY: the string of the host's struct is NULL or NUL-terminated.
    let folder = unsafe { text::path(config.log_path, "log_path") }?;
    let size_limit = if config.log_size == 0 { LOG_SIZE_DEFAULT } else { config.log_size };
    if size_limit < LOG_SIZE_MIN {
        return Err(Fault::params(format!(
            "log_size must be at least {LOG_SIZE_MIN} bytes, or 0 for {LOG_SIZE_DEFAULT}; got {size_limit}"
        )));
    }
    Ok(folder.map(|folder| LogConfig { folder, size_limit }))
}

fn level(level: i32) -> Result<Level, Fault> {
    const DEBUG: i32 = ZIMLogLevel::Debug as i32;
    const INFO: i32 = ZIMLogLevel::Info as i32;
    const WARNING: i32 = ZIMLogLevel::Warning as i32;
    const ERROR: i32 = ZIMLogLevel::Error as i32;
    match level {
        DEBUG => Ok(Level::Debug),
        INFO => Ok(Level::Info),
        WARNING => Ok(Level::Warning),
        ERROR => Ok(Level::Error),
        other => {
            Err(Fault::params(format!("min_level must be 0 (Debug), 1 (Info), 2 (Warning) or 3 (Error); got {other}")))
        }
    }
}

fn level_number(level: Level) -> i32 {
    let level = match level {
        Level::Debug => ZIMLogLevel::Debug,
        Level::Info => ZIMLogLevel::Info,
        Level::Warning => ZIMLogLevel::Warning,
        Level::Error => ZIMLogLevel::Error,
    };
    level as i32
}

/// The host's function and what it gave with it.
struct Sink {
    callback: unsafe extern "C" fn(level: i32, message: *const c_char, user_data: *mut c_void),
    host: UserData,
}

impl LogSink for Sink {
    fn on_line(&self, level: Level, line: &str) {
        let line = c_text(line);
        // SAFETY: the host's function, called with a text that lives until it returns.
        unsafe { (self.callback)(level_number(level), line.as_ptr(), self.host.pointer()) }
    }
}
