//! From `create` to `destroy`.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::unbounded_channel;
use zim_core::session::ClientConfig;
use zim_protocol::code::{Code, Fault};

use super::config::AppConfig;
use super::name::{self, CallIds};
use super::{Client, Shared, device};
use crate::dispatch::{Completions, Dispatcher, Peer};
use crate::engine::{Command, Connector, Engine, Latch, Owner, Resolve, Returned, Status, resolve};
use crate::log::{self, Level};

/// The engine says goodbye to the server in less.
const GOODBYE: Duration = Duration::from_millis(350);
/// From the beginning of `destroy`: then the engine's thread is not waited for any more.
const ENGINE_GONE: Duration = Duration::from_millis(500);
/// From the beginning of `destroy`: then a callback of another thread is not waited for any more.
const CALLBACKS_OVER: Duration = Duration::from_millis(900);

/// What ends with the client.
pub struct Life {
    engine: Engine,
    /// Set when the client's driver has ended.
    ended: Arc<Latch>,
}

impl Client {
    pub fn create(config: AppConfig) -> Result<Client, Fault> {
        Client::create_with(config, resolve)
    }

    pub(super) fn create_with(config: AppConfig, resolve: Resolve) -> Result<Client, Fault> {
        static CLIENTS: AtomicU64 = AtomicU64::new(1);
        let checked = config.check()?;
        let session = ClientConfig { request_prefix: name::unguessable()?, jitter_seed: name::random_number()? };
        let device_id = config.device_id.map_or_else(device::device_id, Ok)?;
        let number = CLIENTS.fetch_add(1, Ordering::Relaxed);
        let url = checked.target.to_string();
        let (commands, receiver) = unbounded_channel();
        let shared = Arc::new_cyclic(|shared: &Weak<Shared>| {
            let peer: Weak<dyn Peer> = shared.clone();
            let dispatcher = Dispatcher::new(number, config.callback_mode, peer);
            Shared {
                number,
                app_id: config.app_id,
                app_sign: config.app_sign.unwrap_or_default(),
                device_id,
                request_timeout_ms: checked.request_timeout_ms,
                status: Arc::new(Status::default()),
                destroyed: AtomicBool::new(false),
                user: Mutex::new(None),
                call_ids: CallIds::default(),
                returned: Arc::new(Returned::default()),
                completions: Arc::new(Completions::new(dispatcher.clone())),
                dispatcher,
                commands,
            }
        });
        let engine = Engine::claim()?;
        shared.dispatcher.start().map_err(|error| {
            Fault::new(Code::FAILED, format!("the client's callback thread cannot start: {error}: too many threads?"))
        })?;
        let owner = Owner {
            client: number,
            status: shared.status.clone(),
            dispatcher: shared.dispatcher.clone(),
            completions: shared.completions.clone(),
            returned: shared.returned.clone(),
        };
        let connector = Connector::new(checked.target, checked.trust, resolve);
        let own = shared.commands.downgrade();
        let ended = engine.drive(owner, session, connector, receiver, own);
        log::write(Level::Info, format_args!("client {number}: created for {url}, device {}", shared.device_id));
        Ok(Client { shared, life: Mutex::new(Some(Life { engine, ended })) })
    }

    /// Best-effort logout, every pending completion run, nothing afterwards. Less than 1 s. 6090001 when another
    /// thread is stuck inside a callback: the rest happens when that callback returns.
    pub fn destroy(&self) -> Result<(), Fault> {
        let begun = Instant::now();
        let shared = &self.shared;
        if shared.destroyed.swap(true, Ordering::AcqRel) {
            return Err(Fault::new(Code::NOT_INIT, "this client was destroyed"));
        }
        shared.status.end();
        shared.dispatcher.close();
        let life = self.life.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(life) = &life {
            shared.command(Command::Destroy);
            life.ended.wait_until(begun + GOODBYE);
        }
        let fault = Fault::new(Code::CLIENT_DESTROYED, "the client was destroyed before the request was answered");
        shared.completions.close(&fault);
        log::write(Level::Info, format_args!("client {}: destroyed", shared.number));
        if let Some(life) = life {
            life.engine.release(begun + ENGINE_GONE);
        }
        match shared.dispatcher.finish(begun + CALLBACKS_OVER) {
            true => Ok(()),
            false => {
                let message =
                    "another thread is still inside a callback of this client; the rest is done when it returns";
                log::write(Level::Warning, format_args!("client {}: {message}", shared.number));
                Err(Fault::new(Code::CALLBACK_STILL_RUNNING, message))
            }
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // One that was destroyed says so, and one that cannot be has said so in the log.
        let _ = self.destroy();
    }
}
