//! The safe API behind the C ABI: the same verbs, checked types.

use std::path::PathBuf;
use std::sync::Arc;

use zim_core::session::{ConnectionState, SessionEvent};
use zim_protocol::call::{CallCancelled, CallInvited, CallMode, PushConfig};
use zim_protocol::code::Fault;
use zim_protocol::id::{CallId, DeviceId, UserId};

pub use crate::dispatch::{CallbackMode, Handler};
pub use crate::log::{Level, LogConfig, LogSink, set_log_callback, set_log_config};

#[derive(Clone, Debug)]
pub struct AppConfig {
    pub app_id: u32,
    pub app_sign: Option<String>,
    /// `ws://` or `wss://`; already resolved from the environment or the default by the caller.
    pub server_url: String,
    pub device_id: Option<DeviceId>,
    pub callback_mode: CallbackMode,
    pub request_timeout_ms: u32,
    /// PEM file of the certificate authorities to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
}

#[derive(Clone, Debug)]
pub struct User {
    pub user_id: UserId,
    pub user_name: String,
    pub user_avatar_url: String,
    pub user_extended_data: String,
}

#[derive(Clone, Debug)]
pub struct InviteOptions {
    /// 0 means the default.
    pub timeout_s: u32,
    pub mode: CallMode,
    pub extended_data: String,
    pub not_received_check: bool,
    pub push: Option<PushConfig>,
}

/// Run exactly once, on the dispatching thread, whatever happens.
pub type Completion<T> = Box<dyn FnOnce(Result<T, Fault>) + Send>;
/// The same for operations on a call: failures carry the call ID too.
pub type CallCompletion<T> = Box<dyn FnOnce(&CallId, Result<T, Fault>) + Send>;

/// The folder in which the library keeps what outlives a process: the device ID. `None` forgets it.
pub fn set_cache_folder(folder: Option<PathBuf>) -> Result<(), Fault> {
    let _ = folder;
    Ok(())
}

/// One client. A refusal that can be seen at once is returned at once and the completion is dropped unrun;
/// everything else arrives through the completion.
pub struct Client {
    _private: (),
}

impl Client {
    pub fn create(config: AppConfig) -> Result<Client, Fault> {
        let _ = config;
        unimplemented!()
    }

    pub fn set_handler(&self, handler: Option<Arc<dyn Handler>>) -> Result<(), Fault> {
        let _ = handler;
        unimplemented!()
    }

    pub fn login(&self, user: User, token: String, done: Completion<()>) -> Result<(), Fault> {
        let _ = (user, token, done);
        unimplemented!()
    }

    pub fn logout(&self) -> Result<(), Fault> {
        unimplemented!()
    }

    pub fn renew_token(&self, token: String, done: Completion<()>) -> Result<(), Fault> {
        let _ = (token, done);
        unimplemented!()
    }

    pub fn upload_log(&self, done: Completion<()>) -> Result<(), Fault> {
        let _ = done;
        unimplemented!()
    }

    pub fn connection_state(&self) -> ConnectionState {
        unimplemented!()
    }

    pub fn call_invite(&self, invitees: Vec<UserId>, options: InviteOptions, done: CallCompletion<CallInvited>) -> Result<(), Fault> {
        let _ = (invitees, options, done);
        unimplemented!()
    }

    pub fn call_cancel(
        &self,
        call: CallId,
        invitees: Vec<UserId>,
        extended_data: String,
        push: Option<PushConfig>,
        done: CallCompletion<CallCancelled>,
    ) -> Result<(), Fault> {
        let _ = (call, invitees, extended_data, push, done);
        unimplemented!()
    }

    pub fn call_accept(&self, call: CallId, extended_data: String, done: CallCompletion<()>) -> Result<(), Fault> {
        let _ = (call, extended_data, done);
        unimplemented!()
    }

    pub fn call_reject(&self, call: CallId, extended_data: String, done: CallCompletion<()>) -> Result<(), Fault> {
        let _ = (call, extended_data, done);
        unimplemented!()
    }

    /// Poll mode: makes up to `max` callbacks (0: all) on this thread; how many. 0 while another thread
    /// dispatches, or from inside a callback.
    pub fn poll(&self, max: u32) -> Result<u32, Fault> {
        let _ = max;
        unimplemented!()
    }

    /// Poll mode: waits until there is something to poll. 6000105 when there was nothing in time, 6000002 when the
    /// client was destroyed meanwhile.
    pub fn wait(&self, timeout_ms: u32) -> Result<(), Fault> {
        let _ = timeout_ms;
        unimplemented!()
    }

    /// Best-effort logout, every pending completion run, nothing afterwards. Less than 1 s.
    pub fn destroy(&self) -> Result<(), Fault> {
        unimplemented!()
    }

    /// An internal panic was caught at the boundary: the client refuses everything but `destroy` from now on.
    pub fn poison(&self) {
        unimplemented!()
    }
}
