//! The library as a whole: version, names of codes, the last refusal's text.

use std::ffi::{CString, c_char};

use once_cell::sync::Lazy;
use zim_protocol::code::{Code, TABLE};

use super::{error, guard};

/// Version of the ABI that this header describes. It grows by one when a function or a field is added; nothing is
/// ever removed or changed. Compare it with what `ZIM_GetAbiVersion` returns: a library with an equal or greater
/// number has everything that this header declares.
pub const ZIM_ABI_VERSION: u32 = 1;

const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");

/// Names with their terminating NUL, in the order of `TABLE`.
static NAMES: Lazy<Vec<CString>> = Lazy::new(|| TABLE.iter().map(|row| super::arena::c_text(row.name)).collect());

/// The version of the library, as in "0.1.0".
///
/// @return A static string; never NULL, never freed.
///
/// Thread: any. Does not block. Makes no callback.
#[unsafe(no_mangle)]
pub extern "C" fn ZIM_GetVersion() -> *const c_char {
    guard::value(c"".as_ptr(), || VERSION.as_ptr().cast())
}

/// The version of the ABI that the loaded library has; see `ZIM_ABI_VERSION`.
///
/// @return A number that is at least 1.
///
/// Thread: any. Does not block. Makes no callback.
#[unsafe(no_mangle)]
pub extern "C" fn ZIM_GetAbiVersion() -> u32 {
    guard::value(ZIM_ABI_VERSION, || ZIM_ABI_VERSION)
}

/// The name of an error code: "CommonModuleParamsInvalid" for 6000001.
///
/// @param code  Any number.
/// @return A static string; "Unknown" for a number that is no error code. Never NULL, never freed.
///
/// Thread: any. Does not block. Makes no callback.
#[unsafe(no_mangle)]
pub extern "C" fn ZIM_ErrorName(code: i32) -> *const c_char {
    guard::value(c"Unknown".as_ptr(), || {
        let at = TABLE.binary_search_by_key(&Code(code), |row| row.code);
        at.ok().and_then(|at| NAMES.get(at)).map_or(c"Unknown".as_ptr(), |name| name.as_ptr())
    })
}

/// Says in words why the last ZIM_ function that this thread called and that was refused, was refused: which
/// parameter, and what is allowed. A function that succeeds leaves the text as it is.
///
/// @return UTF-8; an empty string if no function was refused on this thread. Never NULL, never freed. Valid until
///         this thread's next call of a ZIM_ function other than this one.
///
/// Thread: any; each has its own text. Does not block. Makes no callback.
#[unsafe(no_mangle)]
pub extern "C" fn ZIM_GetLastErrorMessage() -> *const c_char {
    guard::value(c"".as_ptr(), error::last_message)
}
