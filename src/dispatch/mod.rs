//! The host's callbacks: one queue per client, in order, one at a time, with no lock held.
//!
//! Two ways to make them: a callback thread of the client, or whichever host thread polls. Either way a thread first
//! claims the dispatcher; while it has it, nobody else makes callbacks of this client. The one exception is a
//! `destroy` from inside a callback: it runs the pending completions right there.

mod completion;
mod queue;
pub mod thread;

use zim_core::session::SessionEvent;

pub use completion::{Completions, Outcome};
pub use queue::Dispatcher;

/// Who makes the host's callbacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallbackMode {
    /// A thread of the library, one per client.
    Thread,
    /// Whoever calls `poll`.
    Poll,
}

/// The host's registration. Looked up at each dispatch; dropped on the dispatching thread after the last callback
/// that used it has returned.
pub trait Handler: Send + Sync {
    fn on_event(&self, event: &SessionEvent);

    /// `set_handler` refused this registration and is about to return the reason: what it holds of the host stays
    /// the host's, and must not be released when it is dropped. Nothing was called before.
    fn refused(&self) {}
}

/// Whom the dispatcher tells what became of callbacks.
pub trait Peer: Send + Sync {
    /// The callbacks of this delivery have returned.
    fn delivered(&self, delivery: u64);
    /// A callback panicked instead of returning.
    fn panicked(&self);
}

/// Undelivered events beyond which nothing more is taken from the server.
pub const QUEUE_EVENTS: usize = 1_024;

#[cfg(test)]
mod tests;
