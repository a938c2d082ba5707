//! The safe API behind the C ABI: the same verbs, checked types.
//!
//! A refusal that can be seen at once is returned at once and the completion is dropped unrun; everything else
//! arrives through the completion. What is seen at once follows the order of the host's own calls: after `logout`
//! has returned, the client is not logged in; after `login` has returned it is not yet, until the completion runs.

mod call;
mod config;
mod device;
mod life;
mod name;
mod session;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use zim_protocol::code::{Code, Fault};
use zim_protocol::frame::RequestBody;
use zim_protocol::id::{CallId, DeviceId, UserId};

pub use crate::dispatch::{CallbackMode, Handler};
pub use crate::log::{Level, LogConfig, LogSink, set_log_callback, set_log_config};
pub use config::{AppConfig, InviteOptions, User};
pub use device::set_cache_folder;

use crate::dispatch::{Completions, Dispatcher, Outcome, Peer};
use crate::engine::{Command, Returned, Status};
use crate::log;
use life::Life;
use name::CallIds;

/// Run exactly once, on the dispatching thread, whatever happens.
pub type Completion<T> = Box<dyn FnOnce(Result<T, Fault>) + Send>;
/// The same for operations on a call: failures carry the call ID too.
pub type CallCompletion<T> = Box<dyn FnOnce(&CallId, Result<T, Fault>) + Send>;

/// One client. Every method may be called from any thread, also from inside a callback, and none but `wait` and
/// `destroy` blocks.
pub struct Client {
    shared: Arc<Shared>,
    life: Mutex<Option<Life>>,
}

/// What the client's own threads need of it too.
struct Shared {
    /// For the log.
    number: u64,
    app_id: u32,
    app_sign: String,
    device_id: DeviceId,
    request_timeout_ms: u32,
    status: Arc<Status>,
    destroyed: AtomicBool,
    /// Who logged in last.
    user: Mutex<Option<UserId>>,
    call_ids: CallIds,
    dispatcher: Arc<Dispatcher>,
    completions: Arc<Completions>,
    returned: Arc<Returned>,
    commands: UnboundedSender<Command>,
}

impl Client {
    /// The former handler is dropped once no callback uses it any more, on the thread that makes callbacks.
    pub fn set_handler(&self, handler: Option<Arc<dyn Handler>>) -> Result<(), Fault> {
        if let Err(fault) = self.shared.check() {
            if let Some(handler) = handler {
                handler.refused();
            }
            return Err(fault);
        }
        self.shared.dispatcher.set_handler(handler)
    }

    /// Poll mode: makes up to `max` callbacks (0: all that wait now) on this thread; how many. 0 while another
    /// thread dispatches, or from inside a callback.
    pub fn poll(&self, max: u32) -> Result<u32, Fault> {
        self.shared.check()?;
        self.polled()?;
        self.shared.dispatcher.poll(max)
    }

    /// Poll mode: waits until there is something to poll. 6000105 when there was nothing in time, 6000002 when the
    /// client was destroyed meanwhile.
    pub fn wait(&self, timeout_ms: u32) -> Result<(), Fault> {
        self.shared.check()?;
        self.polled()?;
        let waited = self.shared.dispatcher.wait(Duration::from_millis(timeout_ms.into()));
        // The dispatcher is closed for both reasons; this tells them apart.
        self.shared.check()?;
        waited
    }

    /// Refused after an internal error, and after `destroy`.
    pub fn usable(&self) -> Result<(), Fault> {
        self.shared.check()
    }

    /// An internal panic was caught at the boundary: the client refuses everything but `destroy` from now on.
    pub fn poison(&self) {
        self.shared.poison();
    }

    fn polled(&self) -> Result<(), Fault> {
        match self.shared.dispatcher.mode() {
            CallbackMode::Poll => Ok(()),
            CallbackMode::Thread => {
                Err(Fault::params("this client makes its callbacks on its own thread: create it in poll mode to poll"))
            }
        }
    }
}

impl Shared {
    /// Whether the client may be used.
    fn check(&self) -> Result<(), Fault> {
        if self.destroyed.load(Ordering::Acquire) {
            return Err(Fault::new(Code::NOT_INIT, "this client was destroyed"));
        }
        match self.status.is_poisoned() {
            true => Err(poisoned()),
            false => Ok(()),
        }
    }

    fn check_logged_in(&self) -> Result<(), Fault> {
        match self.status.is_logged_in() {
            true => Ok(()),
            false => Err(Fault::new(Code::USER_IS_NOT_LOGGED, "log in first, and wait for the login's result")),
        }
    }

    /// Hands a request to the engine. Taken, it completes.
    fn request(&self, body: RequestBody, run: impl FnOnce(Outcome) + Send + 'static) -> Result<(), Fault> {
        let ticket = self.completions.ticket();
        self.completions.register(ticket, Box::new(run))?;
        let timeout_ms = self.request_timeout_ms;
        self.command(Command::Request { ticket, timeout_ms, body: Box::new(body) });
        Ok(())
    }

    /// An engine that is gone has completed, or is about to complete, whatever was registered.
    fn command(&self, command: Command) {
        let _ = self.commands.send(command);
    }

    fn user(&self) -> MutexGuard<'_, Option<UserId>> {
        self.user.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poison(&self) {
        if !self.status.poison() {
            return;
        }
        log::write(Level::Error, format_args!("client {}: an internal error made it unusable", self.number));
        self.status.end();
        self.dispatcher.close();
        self.completions.close(&poisoned());
        self.command(Command::Abandon);
    }
}

impl Peer for Shared {
    fn delivered(&self, delivery: u64) {
        if self.returned.add(delivery) {
            self.command(Command::Delivered);
        }
    }

    fn panicked(&self) {
        self.poison();
    }
}

fn poisoned() -> Fault {
    Fault::new(Code::CLIENT_POISONED, "an internal error made this client unusable: destroy it and create another")
}

/// The session lets no answer of another kind than the question through.
fn unfitting() -> Fault {
    Fault::new(Code::INTERNAL_ERROR, "an answer of another kind than the question; please report this")
}

#[cfg(test)]
mod tests;
