//! C views of Rust values, for the time of one callback.

use std::any::Any;
use std::ffi::{CString, c_char, c_void};
use std::ptr;

use zim_protocol::call::{CallInvited, CallUser, CallUserState, ErrorUser};
use zim_protocol::code::{Code, Fault};
use zim_protocol::id::UserId;

use super::error::ZIMError;
use super::handle::ZIMClient;
use super::info::{ZIMCallInvitationSentInfo, ZIMCallUserInfo, ZIMErrorUserInfo};
use super::sized::size_of_u32;

/// A NUL-terminated copy. A NUL inside cannot be shown to C; it becomes the replacement character.
pub fn c_text(text: &str) -> CString {
    CString::new(text).or_else(|_| CString::new(text.replace('\0', "\u{fffd}"))).unwrap_or_default()
}

/// What a completion carries to the host's callback: the client's name and the host's own pointer.
#[derive(Clone, Copy, Debug)]
pub struct UserData {
    client: *mut ZIMClient,
    pointer: *mut c_void,
}

// SAFETY: neither is dereferenced here; the host gave the second to be handed to its callback on another thread.
unsafe impl Send for UserData {}
// SAFETY: as above.
unsafe impl Sync for UserData {}

impl UserData {
    pub fn new(client: *mut ZIMClient, pointer: *mut c_void) -> Self {
        Self { client, pointer }
    }

    // By method, so that a closure captures the whole, which is Send, and not a bare pointer in it.
    pub fn client(&self) -> *mut ZIMClient {
        self.client
    }

    pub fn pointer(&self) -> *mut c_void {
        self.pointer
    }
}

/// Owns everything that a callback is shown. Pointers from it hold until it is dropped: each thing is allocated on
/// its own and never moved.
#[derive(Debug, Default)]
pub struct Arena {
    texts: Vec<CString>,
    things: Vec<Box<dyn Any>>,
}

impl Arena {
    pub fn text(&mut self, text: &str) -> *const c_char {
        self.texts.push(c_text(text));
        self.texts.last().map_or(c"".as_ptr(), |text| text.as_ptr())
    }

    pub fn keep<T: 'static>(&mut self, thing: T) -> *const T {
        self.things.push(Box::new(thing));
        self.things.last().and_then(|thing| thing.downcast_ref()).map_or(ptr::null(), ptr::from_ref)
    }

    /// An empty list is NULL.
    fn list<T: 'static>(&mut self, items: Vec<T>) -> (*const T, u32) {
        let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
        let first = self.keep(items.into_boxed_slice());
        // SAFETY: `keep` gives a pointer to what it keeps.
        let items = unsafe { first.as_ref() }.map_or(&[][..], |items| items);
        (if items.is_empty() { ptr::null() } else { items.as_ptr() }, count)
    }

    /// A list of structs is a list of pointers to them.
    fn list_of_pointers<T: 'static>(&mut self, items: Vec<T>) -> (*const *const T, u32) {
        let (first, count) = self.list(items);
        // Pointers into the list: it stays where it is.
        let pointers = (0..count as usize).map(|at| first.wrapping_add(at)).collect();
        self.list::<*const T>(pointers)
    }

    pub fn error(&mut self, fault: Option<&Fault>) -> *const ZIMError {
        let code = fault.map_or(Code::SUCCESS, |fault| fault.code).0;
        let message = self.text(fault.map_or("", |fault| &fault.message));
        self.keep(ZIMError { struct_size: size_of_u32::<ZIMError>(), code, message })
    }

    pub fn user_ids(&mut self, ids: &[UserId]) -> (*const *const c_char, u32) {
        let texts = ids.iter().map(|id| self.text(id.as_str())).collect();
        self.list(texts)
    }

    pub fn users(&mut self, users: &[CallUser]) -> (*const *const ZIMCallUserInfo, u32) {
        let row = |user: &CallUser| ZIMCallUserInfo {
            struct_size: size_of_u32::<ZIMCallUserInfo>(),
            state: user.state.into(),
            reason: user.reason.0,
            user_id: self.text(user.user_id.as_str()),
            extended_data: self.text(&user.extended_data),
        };
        let rows = users.iter().map(row).collect();
        self.list_of_pointers(rows)
    }

    pub fn error_users(&mut self, users: &[ErrorUser]) -> (*const *const ZIMErrorUserInfo, u32) {
        let row = |user: &ErrorUser| ZIMErrorUserInfo {
            struct_size: size_of_u32::<ZIMErrorUserInfo>(),
            reason: u32::try_from(user.reason.0).unwrap_or(0),
            user_id: self.text(user.user_id.as_str()),
        };
        let rows = users.iter().map(row).collect();
        self.list_of_pointers(rows)
    }

    pub fn sent_info(&mut self, invited: Option<&CallInvited>) -> *const ZIMCallInvitationSentInfo {
        let unreached = invited.map_or(&[][..], |invited| &invited.error_users);
        let as_rows: Vec<CallUser> = unreached.iter().map(unreached_row).collect();
        let (error_user_list, error_user_list_count) = self.error_users(unreached);
        let (error_invitees, error_invitees_count) = self.users(&as_rows);
        self.keep(ZIMCallInvitationSentInfo {
            struct_size: size_of_u32::<ZIMCallInvitationSentInfo>(),
            timeout: invited.map_or(0, |invited| seconds(u64::from(invited.timeout_s))),
            error_user_list,
            error_invitees,
            error_user_list_count,
            error_invitees_count,
        })
    }
}

/// A user who has no row, in the form of one.
fn unreached_row(user: &ErrorUser) -> CallUser {
    let (user_id, reason) = (user.user_id.clone(), user.reason);
    CallUser { user_id, state: CallUserState::Unknown, extended_data: String::new(), reason }
}

/// Whole seconds for a field that C has as int32_t.
pub fn seconds(seconds: u64) -> i32 {
    i32::try_from(seconds).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;
    use zim_protocol::id::CallId;

    fn read(text: *const c_char) -> String {
        // SAFETY: the arena's texts are NUL-terminated and live as long as it.
        unsafe { CStr::from_ptr(text) }.to_str().unwrap().to_owned()
    }

    #[test]
    fn a_nul_inside_a_text_is_replaced() {
        assert_eq!(c_text("a\0b").to_str().unwrap(), "a\u{fffd}b");
    }

    #[test]
    fn pointers_hold_while_the_arena_grows() {
        let mut arena = Arena::default();
        let users: Vec<_> = (0..20)
            .map(|number| CallUser {
                user_id: UserId::parse(&format!("user{number}")).unwrap(),
                state: CallUserState::Received,
                extended_data: format!("data {number}"),
                reason: Code::SUCCESS,
            })
            .collect();
        let lists: Vec<_> = (0..20).map(|_| arena.users(&users)).collect();
        for (list, count) in lists {
            for (at, user) in users.iter().enumerate().take(count as usize) {
                // SAFETY: `count` pointers to rows of the arena.
                let row = unsafe { &**list.add(at) };
                assert_eq!(
                    (read(row.user_id), read(row.extended_data)),
                    (user.user_id.to_string(), user.extended_data.clone())
                );
                assert_eq!((row.state, row.struct_size), (5, size_of_u32::<ZIMCallUserInfo>()));
            }
            assert_eq!(count, 20);
        }
    }

    #[test]
    fn a_failed_invitation_shows_an_empty_info() {
        let mut arena = Arena::default();
        // SAFETY: the arena lives.
        let info = unsafe { &*arena.sent_info(None) };
        assert_eq!((info.timeout, info.error_user_list_count, info.error_invitees_count), (0, 0, 0));
        assert!(info.error_user_list.is_null() && info.error_invitees.is_null());
    }

    #[test]
    fn users_who_were_not_reached_are_shown_in_both_forms() {
        let mut arena = Arena::default();
        let nobody = ErrorUser { user_id: UserId::parse("nobody").unwrap(), reason: Code::USER_IS_NOT_EXIST };
        let call_id = CallId::parse("call").unwrap();
        let invited = CallInvited { call_id, timeout_s: 90, error_users: vec![nobody] };
        // SAFETY: the arena lives; so for the two lists, which have one entry each.
        let (info, error, row) = unsafe {
            let info = &*arena.sent_info(Some(&invited));
            (info, &**info.error_user_list, &**info.error_invitees)
        };
        assert_eq!((info.timeout, info.error_user_list_count, info.error_invitees_count), (90, 1, 1));
        assert_eq!((error.reason, read(error.user_id)), (6000011, "nobody".to_owned()));
        assert_eq!((row.reason, row.state, read(row.user_id)), (6000011, -1, "nobody".to_owned()));
    }
}
