//! A registered event handler: events in, calls of the host's functions out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Serialize, Serializer};
use zim_core::call::HostEvent;
use zim_core::session::SessionEvent;
use zim_protocol::call::CallInfo;
use zim_protocol::code::Fault;

use crate::client::Handler;

use super::arena::{Arena, UserData, seconds};
use super::event::{ZIMEventHandler, ZIMFreeUserData};
use super::info::{
    ZIMCallInvitationAcceptedInfo, ZIMCallInvitationCancelledInfo, ZIMCallInvitationCreatedInfo,
    ZIMCallInvitationReceivedInfo, ZIMCallInvitationRejectedInfo, ZIMCallInvitationTimeoutInfo,
    ZIMCallUserStateChangeInfo,
};
use super::sized::size_of_u32;

/// `None` when there is nothing to call and nothing to give back.
pub fn registration(
    functions: Option<ZIMEventHandler>,
    host: UserData,
    free: ZIMFreeUserData,
) -> Option<Arc<dyn Handler>> {
    if functions.is_none() && free.is_none() {
        return None;
    }
    Some(Arc::new(Registration { functions, host, free, owned: AtomicBool::new(true) }))
}

struct Registration {
    functions: Option<ZIMEventHandler>,
    host: UserData,
    free: ZIMFreeUserData,
    /// The user data was taken from the host and has to be given back.
    owned: AtomicBool,
}

impl Handler for Registration {
    fn on_event(&self, event: &SessionEvent) {
        let Some(functions) = &self.functions else { return };
        match event {
            SessionEvent::Call(event) => self.on_call(functions, event),
            SessionEvent::ConnectionStateChanged { state, event, extended_data } => {
                self.on_connection_state(functions, *state as i32, *event as i32, extended_data);
            }
            SessionEvent::TokenWillExpire { seconds } => {
                if let Some(function) = functions.on_token_will_expire {
                    // SAFETY: the host's function.
                    unsafe { function(self.host.client(), *seconds, self.host.pointer()) }
                }
            }
            SessionEvent::Error(fault) => self.on_error(functions, fault),
        }
    }

    fn refused(&self) {
        self.owned.store(false, Ordering::Release);
    }
}

/// Keys and values as one JSON object.
struct ExtendedData<'a>(&'a [(String, String)]);

impl Serialize for ExtendedData<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if let (true, Some(free)) = (self.owned.load(Ordering::Acquire), self.free) {
            // SAFETY: the host's function, given for exactly this.
            unsafe { free(self.host.pointer()) }
        }
    }
}

impl Registration {
    fn on_error(&self, functions: &ZIMEventHandler, fault: &Fault) {
        let Some(function) = functions.on_error else { return };
        let mut arena = Arena::default();
        let error = arena.error(Some(fault));
        // SAFETY: the host's function, called with a pointer that lives until it returns.
        unsafe { function(self.host.client(), error, self.host.pointer()) }
    }

    fn on_connection_state(&self, functions: &ZIMEventHandler, state: i32, event: i32, data: &[(String, String)]) {
        let Some(function) = functions.on_connection_state_changed else { return };
        let mut arena = Arena::default();
        // Texts cannot fail to be written.
        let json = arena.text(&serde_json::to_string(&ExtendedData(data)).unwrap_or_default());
        // SAFETY: the host's function, called with a pointer that lives until it returns.
        unsafe { function(self.host.client(), state, event, json, self.host.pointer()) }
    }

    fn on_call(&self, functions: &ZIMEventHandler, event: &HostEvent) {
        let mut arena = Arena::default();
        match event {
            HostEvent::CallInvitationReceived(call) => {
                let Some(function) = functions.on_call_invitation_received else { return };
                let id = arena.text(call.call_id.as_str());
                let info = received_info(&mut arena, call);
                // SAFETY: the host's function, called with pointers that live until it returns.
                unsafe { function(self.host.client(), info, id, self.host.pointer()) }
            }
            HostEvent::CallInvitationCreated(call) => {
                let Some(function) = functions.on_call_invitation_created else { return };
                let id = arena.text(call.call_id.as_str());
                let info = created_info(&mut arena, call);
                // SAFETY: the host's function, called with pointers that live until it returns.
                unsafe { function(self.host.client(), info, id, self.host.pointer()) }
            }
            HostEvent::CallInvitationCancelled { call_id, inviter, extended_data, mode } => {
                let Some(function) = functions.on_call_invitation_cancelled else { return };
                let id = arena.text(call_id.as_str());
                let info = ZIMCallInvitationCancelledInfo {
                    struct_size: size_of_u32::<ZIMCallInvitationCancelledInfo>(),
                    mode: (*mode).into(),
                    inviter: arena.text(inviter.as_str()),
                    extended_data: arena.text(extended_data),
                };
                // SAFETY: the host's function, called with pointers that live until it returns.
                unsafe { function(self.host.client(), &info, id, self.host.pointer()) }
            }
            HostEvent::CallInvitationAccepted { call_id, invitee, extended_data } => {
                let Some(function) = functions.on_call_invitation_accepted else { return };
                let id = arena.text(call_id.as_str());
                let info = ZIMCallInvitationAcceptedInfo {
                    struct_size: size_of_u32::<ZIMCallInvitationAcceptedInfo>(),
                    invitee: arena.text(invitee.as_str()),
                    extended_data: arena.text(extended_data),
                };
                // SAFETY: the host's function, called with pointers that live until it returns.
                unsafe { function(self.host.client(), &info, id, self.host.pointer()) }
            }
            HostEvent::CallInvitationRejected { call_id, invitee, extended_data } => {
                let Some(function) = functions.on_call_invitation_rejected else { return };
                let id = arena.text(call_id.as_str());
                let info = ZIMCallInvitationRejectedInfo {
                    struct_size: size_of_u32::<ZIMCallInvitationRejectedInfo>(),
                    invitee: arena.text(invitee.as_str()),
                    extended_data: arena.text(extended_data),
                };
                // SAFETY: the host's function, called with pointers that live until it returns.
                unsafe { function(self.host.client(), &info, id, self.host.pointer()) }
            }
            HostEvent::CallInvitationTimeout { call_id, mode } => {
                let Some(function) = functions.on_call_invitation_timeout else { return };
                let id = arena.text(call_id.as_str());
                let struct_size = size_of_u32::<ZIMCallInvitationTimeoutInfo>();
                let info = ZIMCallInvitationTimeoutInfo { struct_size, mode: (*mode).into() };
                // SAFETY: the host's function, called with pointers that live until it returns.
                unsafe { function(self.host.client(), &info, id, self.host.pointer()) }
            }
            HostEvent::CallInviteesAnsweredTimeout { call_id, invitees } => {
                let Some(function) = functions.on_call_invitees_answered_timeout else { return };
                let id = arena.text(call_id.as_str());
                let (invitees, count) = arena.user_ids(invitees);
                // SAFETY: the host's function, called with pointers that live until it returns.
                unsafe { function(self.host.client(), invitees, count, id, self.host.pointer()) }
            }
            HostEvent::CallUserStateChanged { call_id, users } => {
                let Some(function) = functions.on_call_user_state_changed else { return };
                let id = arena.text(call_id.as_str());
                let (call_user_list, call_user_list_count) = arena.users(users);
                let struct_size = size_of_u32::<ZIMCallUserStateChangeInfo>();
                let info = ZIMCallUserStateChangeInfo { struct_size, call_user_list_count, call_user_list };
                // SAFETY: the host's function, called with pointers that live until it returns.
                unsafe { function(self.host.client(), &info, id, self.host.pointer()) }
            }
        }
    }
}

fn received_info(arena: &mut Arena, call: &CallInfo) -> *const ZIMCallInvitationReceivedInfo {
    let (call_user_list, call_user_list_count) = arena.users(&call.users);
    let info = ZIMCallInvitationReceivedInfo {
        struct_size: size_of_u32::<ZIMCallInvitationReceivedInfo>(),
        timeout: seconds_left(call),
        inviter: arena.text(call.inviter.as_str()),
        caller: arena.text(call.caller.as_str()),
        extended_data: arena.text(&call.extended_data),
        mode: call.mode.into(),
        call_user_list_count,
        call_user_list,
        create_time: call.created_at,
    };
    arena.keep(info)
}

fn created_info(arena: &mut Arena, call: &CallInfo) -> *const ZIMCallInvitationCreatedInfo {
    let (call_user_list, call_user_list_count) = arena.users(&call.users);
    let info = ZIMCallInvitationCreatedInfo {
        struct_size: size_of_u32::<ZIMCallInvitationCreatedInfo>(),
        timeout: seconds_left(call),
        caller: arena.text(call.caller.as_str()),
        extended_data: arena.text(&call.extended_data),
        mode: call.mode.into(),
        call_user_list_count,
        call_user_list,
        create_time: call.created_at,
    };
    arena.keep(info)
}

fn seconds_left(call: &CallInfo) -> i32 {
    seconds(call.remaining_ms.div_ceil(1_000))
}
