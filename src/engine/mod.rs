//! The tokio side: sockets, timers, reconnects.
//!
//! One thread with one runtime for all clients of the process, started by the first and stopped after the last. It
//! never calls the host, and never waits for a host thread.

mod connect;
mod driver;
mod link;
mod p256;
mod provider;
mod returned;
mod status;
mod target;
mod trust;
mod upgrade;
mod upload;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle};
use tokio::sync::mpsc::{UnboundedReceiver, WeakUnboundedSender};
use tokio::sync::oneshot;
use zim_core::session::ClientConfig;
use zim_protocol::code::{Code, Fault};

pub use connect::{Connector, Resolve, resolve};
pub use driver::{Command, Owner};
pub use returned::Returned;
pub use status::{Latch, Status};
pub use target::Target;
pub use trust::Trust;

use crate::dispatch::thread;
use crate::log;
use driver::Driver;

/// A stopped engine's threads are waited for so long; one inside a name lookup is left to end by itself.
const STOP: Duration = Duration::from_millis(50);

/// A claim to the engine: it runs as long as somebody has one.
pub struct Engine {
    handle: Handle,
    released: bool,
}

struct Running {
    handle: Handle,
    stop: oneshot::Sender<()>,
    /// Set as the last act of the thread.
    gone: Arc<Latch>,
    thread: JoinHandle<()>,
}

struct Shared {
    claims: usize,
    running: Option<Running>,
}

static SHARED: Mutex<Shared> = Mutex::new(Shared { claims: 0, running: None });

fn shared() -> MutexGuard<'static, Shared> {
    SHARED.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    /// Starts the engine if it does not run. One that is being stopped is not waited for: a new one takes its place.
    pub fn claim() -> Result<Engine, Fault> {
        let mut shared = shared();
        let handle = match &shared.running {
            Some(running) => running.handle.clone(),
            None => {
                let running = start().map_err(|error| {
                    let message = format!("the library's engine cannot start: {error}: too many threads or files?");
                    Fault::new(Code::FAILED, message)
                })?;
                let handle = running.handle.clone();
                shared.running = Some(running);
                handle
            }
        };
        shared.claims += 1;
        Ok(Engine { handle, released: false })
    }

    /// Starts a client's driver. It ends with `Command::Destroy` or `Command::Abandon`, and then sets the latch.
    pub fn drive(
        &self,
        owner: Owner,
        config: ClientConfig,
        connector: Connector,
        commands: UnboundedReceiver<Command>,
        own: WeakUnboundedSender<Command>,
    ) -> Arc<Latch> {
        let ended = Arc::new(Latch::default());
        let driver = Driver::new(owner, ended.clone(), config, connector, commands, own);
        self.handle.spawn(driver.run());
        ended
    }

    /// Gives the claim back; the last one stops the engine, and waits for its thread until `deadline` at most.
    pub fn release(mut self, deadline: Instant) {
        self.let_go(deadline);
    }

    fn let_go(&mut self, deadline: Instant) {
        if std::mem::replace(&mut self.released, true) {
            return;
        }
        let last = {
            let mut shared = shared();
            shared.claims -= 1;
            if shared.claims == 0 { shared.running.take() } else { None }
        };
        let Some(running) = last else { return };
        // A thread that has ended by itself needs no sign.
        let _ = running.stop.send(());
        if running.gone.wait_until(deadline) {
            // What it panicked with, if it did, has been on the standard error output.
            let _ = running.thread.join();
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.let_go(Instant::now() + STOP + STOP);
    }
}

struct SetWhenDropped(Arc<Latch>);

impl Drop for SetWhenDropped {
    fn drop(&mut self) {
        self.0.set();
    }
}

/// Runs what may block on a thread of its own. Nothing arrives when it panics.
fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> oneshot::Receiver<T> {
    let (to, result) = oneshot::channel();
    aside_boxed(Box::new(move || {
        // Nobody waits any more when the client has been destroyed meanwhile.
        let _ = to.send(work());
    }));
    result
}

/// Apart, so that the runtime knows one kind of work only: each kind costs several kilobytes.
fn aside_boxed(work: Box<dyn FnOnce() + Send>) {
    drop(tokio::task::spawn_blocking(work));
}

fn start() -> std::io::Result<Running> {
    let runtime = Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .thread_name("zim-blocking")
        .thread_keep_alive(Duration::from_secs(2))
        .on_thread_start(log::mark_library_thread)
        .build()?;
    let handle = runtime.handle().clone();
    let (stop, stopped) = oneshot::channel();
    let gone = Arc::new(Latch::default());
    let leaving = SetWhenDropped(gone.clone());
    let thread = thread::spawn("zim-engine", move || {
        let _leaving = leaving;
        // A stop that was dropped instead of sent is one too.
        let _ = runtime.block_on(stopped);
        runtime.shutdown_timeout(STOP);
    })?;
    Ok(Running { handle, stop, gone, thread })
}
