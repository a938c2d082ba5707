//! Functions that panic on purpose. Not in the header, and not in a release library: a test declares them itself.

#![expect(clippy::panic, reason = "that is what they are for")]

use std::sync::Arc;

use zim_core::session::SessionEvent;

use crate::client::Handler;

use super::guard;
use super::handle::ZIMClient;

/// Panics inside a call of a function on this client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ZIM_TestPanicInCall(client: *mut ZIMClient) -> i32 {
    guard::client(client, |_| panic!("on purpose, in a call"))
}

/// Panics inside a function that needs no client.
#[unsafe(no_mangle)]
pub extern "C" fn ZIM_TestPanicWithoutClient() -> i32 {
    guard::plain(|| panic!("on purpose, without a client"))
}

/// Panics when this client makes its next event callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ZIM_TestPanicInNextEvent(client: *mut ZIMClient) -> i32 {
    guard::client(client, |zim| zim.set_handler(Some(Arc::new(Panics))))
}

/// Renews the token; panics when this client completes that.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ZIM_TestPanicInCompletion(client: *mut ZIMClient) -> i32 {
    guard::client(client, |zim| zim.renew_token(String::new(), Box::new(|_| panic!("on purpose, in a completion"))))
}

struct Panics;

impl Handler for Panics {
    fn on_event(&self, _: &SessionEvent) {
        panic!("on purpose, in an event");
    }
}
