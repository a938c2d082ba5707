//! Poll mode: the host's own thread makes the callbacks.

use super::guard;
use super::handle::ZIMClient;

/// Poll mode: makes the callbacks that are due, on this thread. Call it once per frame, or after `ZIM_WaitCallbacks`.
/// Lines for the log callback are handed over here too.
///
/// @param client      A client that was created with ZIMCallbackMode_Poll.
/// @param max         At most this many callbacks; 0 means all that are due.
/// @param dispatched  Receives how many were made; 0 while another thread is inside this function for the same client,
///                    and from inside a callback. May be NULL. Written only on success.
/// @return ZIMErrorCode_Success; ZIMErrorCode_CommonModuleNotInit; ZIMErrorCode_CommonModuleParamsInvalid for a client
///         in thread mode.
///
/// Thread: any. Does not block, apart from the time that the callbacks take. Makes callbacks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ZIM_PollCallbacks(client: *mut ZIMClient, max: u32, dispatched: *mut u32) -> i32 {
    guard::client(client, |zim| {
        let count = zim.poll(max)?;
        if !dispatched.is_null() {
            // SAFETY: not NULL, and the host promises that it can be written.
            unsafe { dispatched.write(count) };
        }
        Ok(())
    })
}

/// Poll mode: waits until `ZIM_PollCallbacks` has something to do.
///
/// @param client      A client that was created with ZIMCallbackMode_Poll.
/// @param timeout_ms  How long to wait at most, in milliseconds; 0 only asks.
/// @return ZIMErrorCode_Success: there is work. ZIMErrorCode_NetworkModuleRequestTimeout: none came in time.
///         ZIMErrorCode_CommonModuleNotInit: no such client, or it was destroyed meanwhile (this wakes at once).
///         ZIMErrorCode_CommonModuleParamsInvalid: the client is in thread mode.
///
/// Thread: any. Blocks, for up to `timeout_ms`. Makes no callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ZIM_WaitCallbacks(client: *mut ZIMClient, timeout_ms: u32) -> i32 {
    guard::client(client, |zim| zim.wait(timeout_ms))
}
