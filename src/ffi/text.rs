//! Strings of the host.

use std::ffi::c_char;
use std::path::PathBuf;
use std::slice;

use zim_protocol::code::Fault;

/// Longest path that is taken.
const PATH_BYTES: usize = 4_096;

/// A text that must be there.
///
/// # Safety
/// `text` is NULL, or NUL-terminated or at least `max_bytes + 1` readable bytes long.
pub unsafe fn required(text: *const c_char, what: &str, max_bytes: usize) -> Result<String, Fault> {
    // SAFETY: as the caller promises.
    unsafe { optional(text, what, max_bytes) }?
        .ok_or_else(|| Fault::params(format!("{what} is required; it must not be NULL")))
}

/// A text for which NULL means an empty one.
///
/// # Safety
/// As for [`required`].
pub unsafe fn or_empty(text: *const c_char, what: &str, max_bytes: usize) -> Result<String, Fault> {
    // SAFETY: as the caller promises.
    Ok(unsafe { optional(text, what, max_bytes) }?.unwrap_or_default())
}

/// A text for which NULL means none. At most `max_bytes + 1` bytes of it are touched.
///
/// # Safety
/// As for [`required`].
pub unsafe fn optional(text: *const c_char, what: &str, max_bytes: usize) -> Result<Option<String>, Fault> {
    if text.is_null() {
        return Ok(None);
    }
    let bytes = text.cast::<u8>();
    let mut length = 0;
    // SAFETY: every byte up to the terminating NUL, or the one after the longest text, may be read.
    while unsafe { bytes.add(length).read() } != 0 {
        length += 1;
        if length > max_bytes {
            return Err(Fault::params(format!("{what} is too long; it must be at most {max_bytes} bytes of UTF-8")));
        }
    }
    // SAFETY: just walked over.
    let bytes = unsafe { slice::from_raw_parts(bytes, length) };
    match str::from_utf8(bytes) {
        Ok(text) => Ok(Some(text.to_owned())),
        Err(error) => {
            Err(Fault::params(format!("{what} is not valid UTF-8; it goes wrong at byte {}", error.valid_up_to())))
        }
    }
}

/// A path for which NULL means none.
///
/// # Safety
/// As for [`required`].
pub unsafe fn path(text: *const c_char, what: &str) -> Result<Option<PathBuf>, Fault> {
    // SAFETY: as the caller promises.
    let path = unsafe { optional(text, what, PATH_BYTES) }?;
    match path {
        Some(path) if path.is_empty() => Err(Fault::params(format!("{what} must not be empty; NULL means none"))),
        Some(path) => Ok(Some(PathBuf::from(path))),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ptr;

    fn read(bytes: &[u8], max_bytes: usize) -> Result<String, String> {
        // SAFETY: the tests' texts are NUL-terminated or longer than allowed.
        unsafe { required(bytes.as_ptr().cast(), "name", max_bytes) }.map_err(|fault| fault.message)
    }

    #[test]
    fn null_not_utf8_and_too_long_are_told_apart() {
        // SAFETY: NULL is allowed.
        let null = unsafe { required(ptr::null(), "name", 4) }.unwrap_err();
        assert_eq!(null.message, "name is required; it must not be NULL");
        assert_eq!(read(b"ab\xff\0", 4).unwrap_err(), "name is not valid UTF-8; it goes wrong at byte 2");
        assert_eq!(read(b"abcde", 4).unwrap_err(), "name is too long; it must be at most 4 bytes of UTF-8");
        assert_eq!(read("äö\0".as_bytes(), 4).unwrap(), "äö");
        assert_eq!(read(b"\0", 4).unwrap(), "");
    }
}
