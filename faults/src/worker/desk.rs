//! Where a user's callbacks put what they are told. They do nothing else: the host acts on it in its own time.

use std::cell::{Cell, RefCell};

use crate::abi::{
    Client, Data, Library, Rows, Text, ZIMCallInvitationAcceptedInfo, ZIMCallInvitationCreatedInfo,
    ZIMCallInvitationReceivedInfo, ZIMCallUserStateChangeInfo, ZIMError, ZIMEventHandler, text,
};
use crate::history::{Micros, NO_CALL, Row, Verb, What, now};

#[derive(Debug, Default)]
pub struct Desk {
    pub seen: RefCell<Vec<(Micros, What)>>,
    /// Requests that have not completed.
    pub open: Cell<u32>,
}

/// A request under way: what its callback gets as user data.
#[derive(Debug)]
pub struct Request {
    desk: *const Desk,
    verb: Verb,
    tag: u64,
}

impl Desk {
    fn put(&self, what: What) {
        self.seen.borrow_mut().push((now(), what));
    }

    /// User data for a request.
    pub fn request(&self, verb: Verb, tag: u64) -> *mut Request {
        Box::into_raw(Box::new(Request { desk: self, verb, tag }))
    }

    /// What became of handing a request to the library.
    pub fn handed(&self, request: *mut Request, verb: Verb, tag: u64, call: &str, code: i32) {
        if code == 0 {
            self.open.set(self.open.get() + 1);
            self.put(What::Begun { verb, tag, call: call.to_owned() });
        } else {
            // SAFETY: a refused request never calls back, so nobody else gives it back.
            drop(unsafe { Box::from_raw(request) });
            self.put(What::Refused { verb, code });
        }
    }
}

/// The desk behind an event's user data.
fn desk<'a>(data: Data) -> &'a Desk {
    // SAFETY: events are registered with a desk that lives as long as the process.
    unsafe { &*data.cast::<Desk>() }
}

fn completed(call: String, error: *const ZIMError, data: Data) {
    // SAFETY: the user data of a request is a box that is never freed: a second completion would be the very fault
    // that is looked for, and must be told instead of crashing.
    let request = unsafe { &*data.cast::<Request>() };
    // SAFETY: the library hands over an error that is valid now; the desk lives as long as the process.
    let (code, desk) = unsafe { ((*error).code, &*request.desk) };
    desk.open.set(desk.open.get().saturating_sub(1));
    desk.put(What::Completed { verb: request.verb, tag: request.tag, call, code });
}

pub extern "C" fn on_done(_: Client, error: *const ZIMError, data: Data) {
    completed(NO_CALL.to_owned(), error, data);
}

pub extern "C" fn on_answered(_: Client, call: Text, error: *const ZIMError, data: Data) {
    completed(of(call), error, data);
}

pub extern "C" fn on_sent(_: Client, call: Text, _: *const std::ffi::c_void, error: *const ZIMError, data: Data) {
    completed(of(call), error, data);
}

pub extern "C" fn on_cancel_sent(
    _: Client,
    call: Text,
    _: *const std::ffi::c_void,
    _: u32,
    error: *const ZIMError,
    data: Data,
) {
    completed(of(call), error, data);
}

fn of(value: Text) -> String {
    // SAFETY: a text that the library hands to a callback is valid until it returns.
    unsafe { text(value) }
}

/// The number of a user: all are called `u` and their number.
fn user(name: Text) -> u32 {
    of(name).strip_prefix('u').and_then(|number| number.parse().ok()).unwrap_or(u32::MAX)
}

fn rows(rows: Rows, count: u32) -> Vec<Row> {
    // SAFETY: the library hands over so many rows, valid until the callback returns.
    let rows = (0..count as usize).map(|at| unsafe { &**rows.add(at) });
    rows.map(|row| Row { user: user(row.user_id), state: row.state, reason: row.reason }).collect()
}

extern "C" fn on_error(_: Client, error: *const ZIMError, data: Data) {
    // SAFETY: valid until the callback returns.
    desk(data).put(What::Error { code: unsafe { (*error).code } });
}

extern "C" fn on_connection(_: Client, state: i32, event: i32, _: Text, data: Data) {
    desk(data).put(What::Connection { state, event });
}

extern "C" fn on_received(_: Client, info: *const ZIMCallInvitationReceivedInfo, call: Text, data: Data) {
    // SAFETY: valid until the callback returns.
    let info = unsafe { &*info };
    let rows = rows(info.call_user_list, info.call_user_list_count);
    desk(data).put(What::Received { call: of(call), timeout: info.timeout, caller: user(info.caller), rows });
}

extern "C" fn on_created(_: Client, info: *const ZIMCallInvitationCreatedInfo, call: Text, data: Data) {
    // SAFETY: valid until the callback returns.
    let info = unsafe { &*info };
    desk(data).put(What::Created { call: of(call), rows: rows(info.call_user_list, info.call_user_list_count) });
}

extern "C" fn on_cancelled(_: Client, _: *const std::ffi::c_void, call: Text, data: Data) {
    desk(data).put(What::Cancelled { call: of(call) });
}

extern "C" fn on_timeout(_: Client, _: *const std::ffi::c_void, call: Text, data: Data) {
    desk(data).put(What::TimedOut { call: of(call) });
}

extern "C" fn on_accepted(_: Client, info: *const ZIMCallInvitationAcceptedInfo, call: Text, data: Data) {
    // SAFETY: valid until the callback returns.
    desk(data).put(What::Accepted { call: of(call), invitee: user(unsafe { (*info).invitee }) });
}

extern "C" fn on_rejected(_: Client, info: *const ZIMCallInvitationAcceptedInfo, call: Text, data: Data) {
    // SAFETY: valid until the callback returns.
    desk(data).put(What::Rejected { call: of(call), invitee: user(unsafe { (*info).invitee }) });
}

extern "C" fn on_unanswered(_: Client, invitees: *const Text, count: u32, call: Text, data: Data) {
    // SAFETY: the library hands over so many texts, valid until the callback returns.
    let invitees = (0..count as usize).map(|at| user(unsafe { *invitees.add(at) })).collect();
    desk(data).put(What::Unanswered { call: of(call), invitees });
}

extern "C" fn on_states(_: Client, info: *const ZIMCallUserStateChangeInfo, call: Text, data: Data) {
    // SAFETY: valid until the callback returns.
    let info = unsafe { &*info };
    desk(data).put(What::States { call: of(call), rows: rows(info.call_user_list, info.call_user_list_count) });
}

/// Registers all of them.
pub fn register(library: Library, client: Client, desk: &Desk) -> i32 {
    let handler = ZIMEventHandler {
        struct_size: size_of::<ZIMEventHandler>() as u32,
        on_error: Some(on_error),
        on_connection_state_changed: Some(on_connection),
        on_token_will_expire: None,
        on_call_invitation_received: Some(on_received),
        on_call_invitation_created: Some(on_created),
        on_call_invitation_cancelled: Some(on_cancelled),
        on_call_invitation_accepted: Some(on_accepted),
        on_call_invitation_rejected: Some(on_rejected),
        on_call_invitation_timeout: Some(on_timeout),
        on_call_invitees_answered_timeout: Some(on_unanswered),
        on_call_invitation_ended: None,
        on_call_user_state_changed: Some(on_states),
    };
    let data: Data = std::ptr::from_ref(desk).cast_mut().cast();
    // SAFETY: as the header wants it; the desk lives as long as the process.
    unsafe { (library.set_event_handler)(client, &handler, data, std::ptr::null()) }
}
