//! Structs that grow: the host's may be older or newer than the library's, and `struct_size` says which.

use std::mem::size_of;
use std::ptr;

use zim_protocol::code::Fault;

/// One field of a struct that crosses the boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: &'static str,
    pub offset: usize,
    pub size: usize,
}

impl Field {
    fn end(&self) -> usize {
        self.offset + self.size
    }
}

/// A struct whose layout is known field by field, in order.
pub trait Described {
    const NAME: &'static str;
    const FIELDS: &'static [Field];
}

/// A struct that the host fills. Plain data: every pattern of bytes in every field is a value of it.
pub trait HostStruct: Described + Copy {
    /// What the fields mean that the host's struct does not have.
    const DEFAULT: Self;
}

/// Lists the fields of a struct. One that is left out does not compile.
macro_rules! described {
    ($name:ident { $($field:ident),* $(,)? }) => {
        impl $crate::ffi::sized::Described for $name {
            const NAME: &'static str = stringify!($name);
            const FIELDS: &'static [$crate::ffi::sized::Field] = {
                let _complete = |value: $name| {
                    let $name { $($field: _),* } = value;
                };
                &[$($crate::ffi::sized::Field {
                    name: stringify!($field),
                    offset: ::core::mem::offset_of!($name, $field),
                    size: $crate::ffi::sized::size_of_field(|value: &$name| &value.$field),
                }),*]
            };
        }
    };
}
pub(in crate::ffi) use described;

pub const fn size_of_field<S, F>(_: fn(&S) -> &F) -> usize {
    size_of::<F>()
}

/// `struct_size` of a struct of the library's own.
pub const fn size_of_u32<T>() -> u32 {
    // No struct of the surface comes near this.
    assert!(size_of::<T>() <= SIZE_MAX);
    size_of::<T>() as u32
}

/// A larger `struct_size` is garbage rather than a struct of a later version.
const SIZE_MAX: usize = 4_096;

/// Reads a config; NULL means all defaults.
///
/// # Safety
/// `host` is NULL or points to `struct_size` readable bytes, which begin with `struct_size`.
pub unsafe fn read_or_default<T: HostStruct>(host: *const T) -> Result<T, Fault> {
    if host.is_null() {
        return Ok(T::DEFAULT);
    }
    // SAFETY: as the caller promises.
    unsafe { read(host, T::NAME) }
}

/// Reads a struct that must be there. Nothing beyond `struct_size` is touched.
///
/// # Safety
/// `host` is NULL or points to `struct_size` readable bytes, which begin with `struct_size`.
pub unsafe fn read<T: HostStruct>(host: *const T, what: &str) -> Result<T, Fault> {
    if host.is_null() {
        return Err(Fault::params(format!("{what} must not be NULL")));
    }
    let bytes = host.cast::<u8>();
    // SAFETY: the first four bytes are the struct_size.
    let given = unsafe { bytes.cast::<u32>().read_unaligned() };
    let given = usize::try_from(given).unwrap_or(usize::MAX);
    let known = size_of::<T>();
    if given < size_of::<u32>() || given > SIZE_MAX {
        return Err(Fault::params(format!(
            "struct_size of {what} is {given}; it must be the size of {} in bytes, {known}: start from its _INIT macro",
            T::NAME
        )));
    }
    for at in known..given {
        // SAFETY: below struct_size.
        if unsafe { bytes.add(at).read() } != 0 {
            return Err(Fault::params(format!(
                "{what} is of a later version ({given} bytes; this library knows {known} of {}) and uses a field that \
                 this library does not know",
                T::NAME
            )));
        }
    }
    // A field counts when all of it is there.
    let whole = T::FIELDS.iter().map(Field::end).take_while(|end| *end <= given).last().unwrap_or(0);
    let mut value = T::DEFAULT;
    // SAFETY: `whole` is at most struct_size and at most the size of `value`; any bytes are a value of a HostStruct;
    // the two do not overlap.
    unsafe { ptr::copy_nonoverlapping(bytes, ptr::from_mut(&mut value).cast::<u8>(), whole) };
    Ok(value)
}

/// A boolean of the host's: 0 or 1.
pub fn flag(name: &str, value: i32) -> Result<bool, Fault> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(Fault::params(format!("{name} must be 0 or 1; got {other}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::session::ZIMUserInfo;
    use zim_protocol::code::Code;

    fn sized(struct_size: usize) -> ZIMUserInfo {
        let id = c"alice".as_ptr();
        ZIMUserInfo {
            struct_size: u32::try_from(struct_size).unwrap(),
            user_id: id,
            user_name: id,
            ..ZIMUserInfo::DEFAULT
        }
    }

    fn read_info(info: &ZIMUserInfo) -> Result<ZIMUserInfo, Fault> {
        // SAFETY: every test gives at least struct_size bytes, or a size that is refused before they are read.
        unsafe { read(info, "user") }
    }

    #[test]
    fn a_field_counts_only_when_all_of_it_is_there() {
        let name = std::mem::offset_of!(ZIMUserInfo, user_name);
        let pointer = size_of::<usize>();
        for (size, has_id, has_name) in [
            (4, false, false),
            (name - 1, false, false),
            (name, true, false),
            (name + pointer - 1, true, false),
            (name + pointer, true, true),
        ] {
            let info = read_info(&sized(size)).unwrap();
            assert_eq!((!info.user_id.is_null(), !info.user_name.is_null()), (has_id, has_name), "size {size}");
        }
    }

    #[test]
    fn a_size_that_cannot_be_is_refused() {
        for size in [0, 1, 3, SIZE_MAX + 1, u32::MAX as usize] {
            let fault = read_info(&sized(size)).unwrap_err();
            assert_eq!(fault.code, Code::PARAMS_INVALID);
            assert!(fault.message.contains("struct_size"), "{fault}");
        }
    }

    #[test]
    fn a_later_struct_is_taken_if_what_is_new_in_it_is_zero() {
        #[repr(C)]
        struct Later {
            known: ZIMUserInfo,
            added: [u8; 8],
        }
        let mut later = Later { known: sized(size_of::<Later>()), added: [0; 8] };
        assert!(read_info(&later.known).is_ok());
        later.added[7] = 1;
        // SAFETY: struct_size covers `added`.
        let fault = unsafe { read(ptr::from_ref(&later).cast::<ZIMUserInfo>(), "user") }.unwrap_err();
        assert!(fault.message.contains("later version"), "{fault}");
    }

    #[test]
    fn null_means_defaults_or_is_refused() {
        // SAFETY: NULL is allowed.
        assert!(unsafe { read_or_default::<ZIMUserInfo>(ptr::null()) }.unwrap().user_id.is_null());
        // SAFETY: as above.
        let fault = unsafe { read::<ZIMUserInfo>(ptr::null(), "user") }.unwrap_err();
        assert_eq!(fault.message, "user must not be NULL");
    }
}
