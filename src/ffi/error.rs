//! `ZIMError`, and the text of a thread's last refusal.

use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char};

use zim_protocol::code::Fault;

use super::arena::c_text;
use super::sized::described;

/// How a request ended, or what went wrong. Handed to callbacks, never NULL there.
///
/// Valid until the callback returns; owned by the library.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ZIMError {
    /// Size of this struct in the library that filled it, in bytes.
    pub struct_size: u32,
    /// One of the ZIMErrorCode constants; 0 is success.
    pub code: i32,
    /// What happened and what to do about it: UTF-8, never NULL, empty on success.
    pub message: *const c_char,
}

described!(ZIMError { struct_size, code, message });

thread_local! {
    static LAST: RefCell<CString> = RefCell::new(CString::default());
}

/// Keeps the refusal's text for this thread.
pub fn remember(fault: &Fault) {
    let text = c_text(&fault.message);
    // While a thread ends its storage may be gone already: then nobody can ask for the text either.
    let _ = LAST.try_with(|last| {
        if let Ok(mut last) = last.try_borrow_mut() {
            *last = text;
        }
    });
}

/// The text of this thread's last refusal; empty if there was none. The pointer holds until the next `remember`.
pub fn last_message() -> *const c_char {
    const NONE: &CStr = c"";
    LAST.try_with(|last| last.try_borrow().map_or(NONE.as_ptr(), |text| text.as_ptr())).unwrap_or(NONE.as_ptr())
}
