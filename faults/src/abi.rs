//! The part of `zim.h` that a host of this bench needs, by hand; a test compares it with the header.

use std::ffi::{CStr, CString, c_char, c_void};
use std::path::Path;

macro_rules! structs {
    ($($name:ident { $($field:ident: $kind:ty,)* })*) => {
        $(
            #[repr(C)]
            #[derive(Debug)]
            pub struct $name {
                $(pub $field: $kind,)*
            }
        )*

        /// Size of every struct, and the offset of every field, for the comparison with the header.
        #[cfg(test)]
        fn layouts() -> Vec<(&'static str, usize, Vec<(&'static str, usize)>)> {
            vec![$((
                stringify!($name),
                size_of::<$name>(),
                vec![$((stringify!($field), std::mem::offset_of!($name, $field)),)*],
            ),)*]
        }
    };
}

pub type Text = *const c_char;
/// A `ZIMClient *`: a name, never followed.
pub type Client = *mut c_void;
pub type Data = *mut c_void;
pub type Rows = *const *const ZIMCallUserInfo;

structs! {
    ZIMAppConfig {
        struct_size: u32,
        app_id: u32,
        app_sign: Text,
        server_url: Text,
        device_id: Text,
        callback_mode: i32,
        request_timeout_ms: u32,
        ca_file: Text,
    }
    ZIMLogConfig {
        struct_size: u32,
        log_path: Text,
        log_size: u64,
    }
    ZIMUserInfo {
        struct_size: u32,
        user_id: Text,
        user_name: Text,
        user_avatar_url: Text,
        user_extended_data: Text,
    }
    ZIMError {
        struct_size: u32,
        code: i32,
        message: Text,
    }
    ZIMCallUserInfo {
        struct_size: u32,
        state: i32,
        reason: i32,
        user_id: Text,
        extended_data: Text,
    }
    ZIMCallInvitationReceivedInfo {
        struct_size: u32,
        timeout: i32,
        inviter: Text,
        caller: Text,
        extended_data: Text,
        mode: i32,
        call_user_list_count: u32,
        call_user_list: Rows,
        create_time: i64,
    }
    ZIMCallInvitationCreatedInfo {
        struct_size: u32,
        timeout: i32,
        caller: Text,
        extended_data: Text,
        mode: i32,
        call_user_list_count: u32,
        call_user_list: Rows,
        create_time: i64,
    }
    ZIMCallInvitationAcceptedInfo {
        struct_size: u32,
        invitee: Text,
        extended_data: Text,
    }
    ZIMCallUserStateChangeInfo {
        struct_size: u32,
        call_user_list_count: u32,
        call_user_list: Rows,
    }
    ZIMCallInviteConfig {
        struct_size: u32,
        timeout: u32,
        extended_data: Text,
        push_config: *const c_void,
        mode: i32,
        enable_not_received_check: i32,
    }
    ZIMEventHandler {
        struct_size: u32,
        on_error: Option<extern "C" fn(Client, *const ZIMError, Data)>,
        on_connection_state_changed: Option<extern "C" fn(Client, i32, i32, Text, Data)>,
        on_token_will_expire: Option<extern "C" fn(Client, u32, Data)>,
        on_call_invitation_received: Option<extern "C" fn(Client, *const ZIMCallInvitationReceivedInfo, Text, Data)>,
        on_call_invitation_created: Option<extern "C" fn(Client, *const ZIMCallInvitationCreatedInfo, Text, Data)>,
        on_call_invitation_cancelled: Option<extern "C" fn(Client, *const c_void, Text, Data)>,
        on_call_invitation_accepted: Option<extern "C" fn(Client, *const ZIMCallInvitationAcceptedInfo, Text, Data)>,
        // The same fields as of an accepted one.
        on_call_invitation_rejected: Option<extern "C" fn(Client, *const ZIMCallInvitationAcceptedInfo, Text, Data)>,
        on_call_invitation_timeout: Option<extern "C" fn(Client, *const c_void, Text, Data)>,
        on_call_invitees_answered_timeout: Option<extern "C" fn(Client, *const Text, u32, Text, Data)>,
        on_call_invitation_ended: Option<extern "C" fn(Client, *const c_void, Text, Data)>,
        on_call_user_state_changed: Option<extern "C" fn(Client, *const ZIMCallUserStateChangeInfo, Text, Data)>,
    }
}

pub type Done = extern "C" fn(Client, *const ZIMError, Data);
pub type Sent = extern "C" fn(Client, Text, *const c_void, *const ZIMError, Data);
pub type CancelSent = extern "C" fn(Client, Text, *const c_void, u32, *const ZIMError, Data);
pub type Answered = extern "C" fn(Client, Text, *const ZIMError, Data);

macro_rules! functions {
    ($($field:ident = $symbol:literal: fn($($arg:ty),*) -> $result:ty,)*) => {
        /// The library, loaded. It stays so until the process ends.
        #[derive(Clone, Copy, Debug)]
        pub struct Library {
            $(pub $field: unsafe extern "C" fn($($arg),*) -> $result,)*
        }

        impl Library {
            pub fn load(path: &Path) -> Result<Library, String> {
                let name = CString::new(path.as_os_str().as_encoded_bytes()).map_err(|error| error.to_string())?;
                // SAFETY: loading it runs no code of ours, and `name` is a C string.
                let library = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
                if library.is_null() {
                    // SAFETY: there is a text behind a failure.
                    return Err(unsafe { text(libc::dlerror()) });
                }
                Ok(Library { $($field: {
                    let symbol = concat!($symbol, "\0");
                    // SAFETY: `library` is loaded, and the symbol's name ends with a NUL.
                    let found = unsafe { libc::dlsym(library, symbol.as_ptr().cast()) };
                    if found.is_null() {
                        return Err(format!("{}: no {}", path.display(), $symbol));
                    }
                    // SAFETY: the header declares the function like this.
                    unsafe { std::mem::transmute::<*mut c_void, unsafe extern "C" fn($($arg),*) -> $result>(found) }
                },)* })
            }
        }
    };
}

functions! {
    set_log_config = "ZIM_SetLogConfig": fn(*const ZIMLogConfig) -> i32,
    create = "ZIM_Create": fn(*const ZIMAppConfig, *mut Client) -> i32,
    destroy = "ZIM_Destroy": fn(Client) -> i32,
    set_event_handler = "ZIM_SetEventHandler": fn(Client, *const ZIMEventHandler, Data, *const c_void) -> i32,
    poll_callbacks = "ZIM_PollCallbacks": fn(Client, u32, *mut u32) -> i32,
    login = "ZIM_Login": fn(Client, *const ZIMUserInfo, Text, Done, Data) -> i32,
    logout = "ZIM_Logout": fn(Client) -> i32,
    invite = "ZIM_CallInvite": fn(Client, *const Text, u32, *const ZIMCallInviteConfig, Sent, Data) -> i32,
    cancel = "ZIM_CallCancel": fn(Client, *const Text, u32, Text, *const c_void, CancelSent, Data) -> i32,
    accept = "ZIM_CallAccept": fn(Client, Text, *const c_void, Answered, Data) -> i32,
    reject = "ZIM_CallReject": fn(Client, Text, *const c_void, Answered, Data) -> i32,
}

/// What is behind a text of the library.
///
/// # Safety
/// `text` is a C string that is valid now.
pub unsafe fn text(text: Text) -> String {
    // SAFETY: as the caller promises.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::process::{Command, Stdio};

    /// A C compiler looks at the header, and at our numbers.
    #[test]
    fn the_structs_are_those_of_the_header() {
        let mut program = "#include \"zim.h\"\n".to_owned();
        for (name, size, fields) in super::layouts() {
            writeln!(program, "_Static_assert(sizeof({name}) == {size}, \"{name}\");").unwrap();
            for (field, offset) in fields {
                writeln!(program, "_Static_assert(offsetof({name}, {field}) == {offset}, \"{name}.{field}\");")
                    .unwrap();
            }
        }
        let include = concat!(env!("CARGO_MANIFEST_DIR"), "/../include");
        let arguments = ["-std=c11", "-fsyntax-only", "-I", include, "-x", "c", "-"];
        let mut compiler = Command::new("gcc").args(arguments).stdin(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut compiler.stdin.take().unwrap(), program.as_bytes()).unwrap();
        assert!(compiler.wait().unwrap().success(), "{program}");
    }
}
