//! Results on their way to the host: each request completes exactly once, whatever happens.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zim_core::session::Ticket;
use zim_protocol::code::{Code, Fault};
use zim_protocol::frame::ReplyBody;

use super::queue::Dispatcher;

pub type Outcome = Result<ReplyBody, Fault>;
pub type Run = Box<dyn FnOnce(Outcome) + Send>;

/// The requests of one client that have not completed.
pub struct Completions {
    dispatcher: Arc<Dispatcher>,
    next: AtomicU64,
    state: Mutex<State>,
}

struct State {
    /// Why no more are taken.
    closed: Option<Fault>,
    /// In the order of their tickets, which is the one in which they were asked; the oldest are answered first.
    pending: VecDeque<(Ticket, Completer)>,
}

impl Completions {
    pub fn new(dispatcher: Arc<Dispatcher>) -> Completions {
        let state = State { closed: None, pending: VecDeque::new() };
        Completions { dispatcher, next: AtomicU64::new(1), state: Mutex::new(state) }
    }

    /// A ticket that no request has had.
    pub fn ticket(&self) -> Ticket {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Takes a request: from now on it completes. Refused, `run` is dropped unrun.
    pub fn register(&self, ticket: Ticket, run: Run) -> Result<(), Fault> {
        let mut state = self.lock();
        if let Some(fault) = &state.closed {
            return Err(fault.clone());
        }
        let completer = Completer { run: Some(run), dispatcher: self.dispatcher.clone() };
        // Near the end: two threads may register in another order than they took their tickets in.
        let at = state.pending.partition_point(|(known, _)| *known < ticket);
        state.pending.insert(at, (ticket, completer));
        Ok(())
    }

    /// Queues the result, if the request has not completed yet.
    pub fn complete(&self, ticket: Ticket, outcome: Outcome) {
        // Queued under the lock: once `close` has been here, everything is in the queue.
        let mut state = self.lock();
        if let Ok(at) = state.pending.binary_search_by_key(&ticket, |(known, _)| *known)
            && let Some((_, completer)) = state.pending.remove(at)
        {
            completer.complete(outcome);
        }
    }

    /// Completes whatever is pending, and takes no more. The first reason stays.
    pub fn close(&self, fault: &Fault) {
        let mut state = self.lock();
        state.closed.get_or_insert_with(|| fault.clone());
        for (_, completer) in std::mem::take(&mut state.pending) {
            completer.complete(Err(fault.clone()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Cannot be lost: dropped by whatever accident, it completes with an internal error.
struct Completer {
    run: Option<Run>,
    dispatcher: Arc<Dispatcher>,
}

impl Completer {
    fn complete(mut self, outcome: Outcome) {
        if let Some(run) = self.run.take() {
            self.dispatcher.push_completion(run, outcome);
        }
    }
}

impl Drop for Completer {
    fn drop(&mut self) {
        if let Some(run) = self.run.take() {
            let fault = Fault::new(Code::INTERNAL_ERROR, "the library lost this request; please report this");
            self.dispatcher.push_completion(run, Err(fault));
        }
    }
}
