//! What every exported function does first: no panic leaves the library, every refusal leaves its text.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use zim_protocol::code::{Code, Fault};

use crate::client::Client;

use super::error;
use super::handle::{self, ZIMClient};

/// A function that needs no client.
pub fn plain(body: impl FnOnce() -> Result<(), Fault>) -> i32 {
    code(caught(body).unwrap_or_else(Err))
}

/// A function of a client. A panic makes the client refuse everything but its destruction.
pub fn client(handle: *mut ZIMClient, body: impl FnOnce(&Client) -> Result<(), Fault>) -> i32 {
    client_value(handle, |client| body(client).map(|()| Code::SUCCESS.0))
}

/// The same for a function that returns a number of its own on success.
pub fn client_value(handle: *mut ZIMClient, body: impl FnOnce(&Client) -> Result<i32, Fault>) -> i32 {
    let mut found = None;
    let result = caught(|| {
        let client = found.insert(handle::find(handle)?);
        client.usable()?;
        body(client)
    });
    let result = result.unwrap_or_else(|fault| {
        if let Some(client) = &found {
            // It panicked once; if it does so again there is nothing left to be done about it.
            let _ = caught(|| client.poison());
        }
        Err(fault)
    });
    result.unwrap_or_else(|fault| code(Err(fault)))
}

/// A function that cannot fail; `fallback` is what it returns if it panics all the same.
pub fn value<T>(fallback: T, body: impl FnOnce() -> T) -> T {
    caught(body).unwrap_or(fallback)
}

/// A completion callback must be there: without it nobody would learn the outcome.
pub fn callback<F>(callback: Option<F>) -> Result<F, Fault> {
    callback.ok_or_else(|| Fault::params("callback must not be NULL: it tells how the request ended"))
}

fn code(result: Result<(), Fault>) -> i32 {
    match result {
        Ok(()) => Code::SUCCESS.0,
        Err(fault) => {
            error::remember(&fault);
            fault.code.0
        }
    }
}

fn caught<T>(body: impl FnOnce() -> T) -> Result<T, Fault> {
    // What a panic may leave half done belongs to the client, which is not used again.
    catch_unwind(AssertUnwindSafe(body)).map_err(|payload| {
        Fault::new(Code::INTERNAL_ERROR, format!("internal error, please report it: {}", said(payload.as_ref())))
    })
}

fn said(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("panic without a message")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    fn last() -> String {
        // SAFETY: a NUL-terminated string of this thread.
        unsafe { CStr::from_ptr(error::last_message()) }.to_str().unwrap().to_owned()
    }

    #[test]
    fn a_panic_becomes_a_code_and_a_text() {
        assert_eq!(plain(|| panic!("the {} broke", "pump")), Code::INTERNAL_ERROR.0);
        assert_eq!(last(), "internal error, please report it: the pump broke");
        assert_eq!(value(7, || panic!("again")), 7);
    }

    #[test]
    fn a_refusal_leaves_its_text_and_a_success_does_not_touch_it() {
        assert_eq!(plain(|| Err(Fault::params("no"))), Code::PARAMS_INVALID.0);
        assert_eq!(plain(|| Ok(())), Code::SUCCESS.0);
        assert_eq!(last(), "no");
    }
}
