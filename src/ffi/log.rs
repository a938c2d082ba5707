//! Where log lines and files go.

use std::ffi::{c_char, c_void};
use std::path::PathBuf;
use std::ptr;
use std::sync::Arc;

use zim_protocol::code::Fault;

use super::arena::c_text;
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
    /// A log file, `zim.log`, that has grown to this many bytes is put aside as `zim.1.log` in the place of the former
    /// one: at least 65,536; 0 means 5,242,880 (5 MiB), the default.
    pub log_size: u64,
}

described!(ZIMLogConfig { struct_size, log_path, log_size });

const LOG_SIZE_DEFAULT: u64 = 5 * 1024 * 1024;
const LOG_SIZE_MIN: u64 = 64 * 1024;

impl sized::HostStruct for ZIMLogConfig {
    const DEFAULT: Self = ZIMLogConfig {
        struct_size: sized::size_of_u32::<Self>(),
        log_path: ptr::null(),
        log_size: LOG_SIZE_DEFAULT,
    };
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
pub type ZIMLogCallback =
    Option<unsafe extern "C" fn(level: i32, message: *const c_char, user_data: *mut c_void)>;

/// Says where the log files of this process go. Works at once, for all clients.
///
/// @param config  Where; NULL means all defaults: no log files. Copied.
/// @return ZIMErrorCode_Success, or ZIMErrorCode_CommonModuleParamsInvalid, also when the folder cannot be written.
///
/// Thread: any. Blocks for as long as the file system takes to open a file. Makes no callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ZIM_SetLogConfig(config: *const ZIMLogConfig) -> i32 {
    guard::plain(|| {
        // SAFETY: the host promises NULL or a ZIMLogConfig of struct_size bytes.
        let config = unsafe { sized::read_or_default(config) }?;
        // SAFETY: the string of the host's struct is NULL or NUL-terminated.
        let path = unsafe { text::optional(config.log_path, "log_path", text::PATH_BYTES) }?;
        crate::log::set_files(path.map(PathBuf::from), log_size(config.log_size)?)
    })
}

/// Hands the log lines of this process to the host. Lines wait in a bounded queue until a client's callbacks are
/// made; when it is full (1,000 lines) more are dropped and counted, and a line says how many.
///
/// @param callback   Takes the lines; NULL: none are handed over any more. It may still be running on another thread
///                   when this function returns.
/// @param min_level  The least important ZIMLogLevel that is handed over. Not looked at when `callback` is NULL.
/// @param user_data  Handed to the callback. Not touched.
/// @return ZIMErrorCode_Success, or ZIMErrorCode_CommonModuleParamsInvalid for an unknown level.
///
/// Thread: any, also from inside a callback. Does not block. Makes no callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ZIM_SetLogCallback(
    callback: ZIMLogCallback,
    min_level: i32,
    user_data: *mut c_void,
) -> i32 {
    guard::plain(|| crate::log::set_callback(sink(callback, min_level, user_data)?))
}

/// Says where the library keeps what it wants to find again: the name of this device, for clients that are created
/// afterwards without one.
///
/// @param config  Where; NULL means all defaults: nothing is kept. Copied.
/// @return ZIMErrorCode_Success, or ZIMErrorCode_CommonModuleParamsInvalid, also when the folder cannot be written.
///
/// Thread: any. Blocks for as long as the file system takes to make a folder. Makes no callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ZIM_SetCacheConfig(config: *const ZIMCacheConfig) -> i32 {
    guard::plain(|| {
        // SAFETY: the host promises NULL or a ZIMCacheConfig of struct_size bytes.
        let config = unsafe { sized::read_or_default(config) }?;
        // SAFETY: the string of the host's struct is NULL or NUL-terminated.
        let path = unsafe { text::optional(config.cache_path, "cache_path", text::PATH_BYTES) }?;
        crate::log::set_cache_dir(path.map(PathBuf::from))
    })
}
