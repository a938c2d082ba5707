//! The queue, and the threads that work on it.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{JoinHandle, ThreadId};
use std::time::{Duration, Instant};

use zim_core::session::SessionEvent;
use zim_protocol::code::{Code, Fault};

use super::completion::{Outcome, Run};
use super::{CallbackMode, Handler, Peer, thread};
use crate::log::{DESK, Outlet, Taker};

/// Log lines handed over before the next look at events and results.
const LINES_AT_ONCE: u32 = 64;

pub struct Dispatcher {
    client: u64,
    mode: CallbackMode,
    peer: Weak<dyn Peer>,
    state: Mutex<State>,
    /// There is something to do: for the callback thread, or for those inside `wait`.
    work: Condvar,
    /// The dispatcher was given back, or its thread has left.
    idle: Condvar,
    /// Events in the queue and in the callback being made.
    undelivered: AtomicUsize,
}

struct State {
    phase: Phase,
    queue: VecDeque<Item>,
    handler: Option<Arc<dyn Handler>>,
    /// Replaced handlers, to be dropped by whoever makes callbacks, between two of them.
    retired: Vec<Arc<dyn Handler>>,
    /// The thread that makes callbacks now.
    claimed: Option<ThreadId>,
    /// The callback being made uses a handler.
    in_event: bool,
    /// Log lines wait for the callback thread.
    lines: bool,
    /// Threads that sleep until there is work.
    sleepers: u32,
    thread: Option<JoinHandle<()>>,
    thread_lives: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// Events are dropped, results still come.
    Closing,
    /// What is in the queue is all there is. Whoever has the dispatcher last runs it.
    Closed,
}

enum Item {
    Event { delivery: u64, event: SessionEvent },
    Completion { run: Run, outcome: Outcome },
}

impl Dispatcher {
    /// In thread mode, `start` follows.
    pub fn new(client: u64, mode: CallbackMode, peer: Weak<dyn Peer>) -> Arc<Dispatcher> {
        let state = State {
            phase: Phase::Open,
            queue: VecDeque::new(),
            handler: None,
            retired: Vec::new(),
            claimed: None,
            in_event: false,
            lines: false,
            sleepers: 0,
            thread: None,
            thread_lives: false,
        };
        Arc::new(Dispatcher {
            client,
            mode,
            peer,
            state: Mutex::new(state),
            work: Condvar::new(),
            idle: Condvar::new(),
            undelivered: AtomicUsize::new(0),
        })
    }

    /// Starts the callback thread, where there is to be one, and takes log lines.
    pub fn start(self: &Arc<Self>) -> std::io::Result<()> {
        let taker = match self.mode {
            CallbackMode::Thread => {
                let dispatcher = self.clone();
                self.lock().thread_lives = true;
                let spawned = thread::spawn("zim-callback", move || dispatcher.work_through());
                let mut state = self.lock();
                match spawned {
                    Ok(thread) => state.thread = Some(thread),
                    Err(error) => {
                        state.thread_lives = false;
                        return Err(error);
                    }
                }
                Taker::Thread
            }
            CallbackMode::Poll => Taker::Poll,
        };
        let outlet: Arc<dyn Outlet> = self.clone();
        DESK.register(self.client, taker, Arc::downgrade(&outlet));
        Ok(())
    }

    pub fn mode(&self) -> CallbackMode {
        self.mode
    }

    /// Events that the host has not been through with.
    pub fn undelivered(&self) -> usize {
        self.undelivered.load(Ordering::Acquire)
    }

    pub fn push_event(&self, delivery: u64, event: SessionEvent) {
        let mut state = self.lock();
        match state.phase {
            Phase::Open => {}
            Phase::Closing | Phase::Closed => return,
        }
        self.undelivered.fetch_add(1, Ordering::AcqRel);
        state.queue.push_back(Item::Event { delivery, event });
        self.wake(&state);
    }

    pub fn push_completion(&self, run: Run, outcome: Outcome) {
        let mut state = self.lock();
        state.queue.push_back(Item::Completion { run, outcome });
        self.wake(&state);
    }

    /// Replaces the handler. The former one is dropped between two callbacks, on the thread that makes them.
    pub fn set_handler(&self, handler: Option<Arc<dyn Handler>>) -> Result<(), Fault> {
        let mut state = self.lock();
        match state.phase {
            Phase::Open => {}
            Phase::Closing | Phase::Closed => {
                drop(state);
                if let Some(handler) = handler {
                    handler.refused();
                }
                return Err(destroyed());
            }
        }
        let Some(former) = std::mem::replace(&mut state.handler, handler) else { return Ok(()) };
        state.retired.push(former);
        match self.mode {
            CallbackMode::Thread => self.wake(&state),
            CallbackMode::Poll if state.claimed.is_none() => {
                self.claim(&mut state);
                let (state, _) = self.turn(state, 0);
                drop(self.give_back(state));
            }
            // Whoever has the dispatcher drops it.
            CallbackMode::Poll => {}
        }
        Ok(())
    }

    /// Makes up to `max` callbacks (0: all that wait now) on this thread; how many. None while another thread does,
    /// or from inside a callback.
    pub fn poll(&self, max: u32) -> Result<u32, Fault> {
        let mut state = self.lock();
        match state.phase {
            Phase::Open => {}
            Phase::Closing | Phase::Closed => return Err(destroyed()),
        }
        if state.claimed.is_some() {
            return Ok(0);
        }
        self.claim(&mut state);
        let limit = if max == 0 { u32::try_from(state.queue.len()).unwrap_or(u32::MAX) } else { max };
        let (state, mut made) = self.turn(state, limit);
        drop(state);
        let room = if max == 0 { u32::MAX } else { max.saturating_sub(made) };
        made += DESK.hand_over(Taker::Poll, room).handed;
        drop(self.give_back(self.lock()));
        Ok(made)
    }

    /// Waits until `poll` would find something.
    pub fn wait(&self, timeout: Duration) -> Result<(), Fault> {
        // A time beyond the clock's end is no limit.
        let deadline = Instant::now().checked_add(timeout);
        let mut state = self.lock();
        loop {
            match state.phase {
                Phase::Open => {}
                Phase::Closing | Phase::Closed => return Err(destroyed()),
            }
            if !state.queue.is_empty() || DESK.has_lines() {
                return Ok(());
            }
            let left = deadline.map_or(Duration::from_secs(3_600), |at| at.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Err(Fault::new(Code::REQUEST_TIMEOUT, "no callback came within the time to wait"));
            }
            state = self.sleep(state, Some(left));
        }
    }

    /// Drops events, now and from now on, and ends every `wait`.
    pub fn close(&self) {
        let mut state = self.lock();
        match state.phase {
            Phase::Open => state.phase = Phase::Closing,
            Phase::Closing | Phase::Closed => return,
        }
        let before = state.queue.len();
        state.queue.retain(|item| match item {
            Item::Event { .. } => false,
            Item::Completion { .. } => true,
        });
        self.undelivered.fetch_sub(before - state.queue.len(), Ordering::AcqRel);
        self.wake(&state);
    }

    /// Runs what is left in the queue and drops the handler: on the callback thread, or on this one. Everything that
    /// will ever be in the queue is in it. False when another thread is still inside a callback at `deadline`: then
    /// that thread does the rest when its callback returns.
    pub fn finish(&self, deadline: Instant) -> bool {
        let mut state = self.lock();
        state.phase = Phase::Closed;
        self.wake(&state);
        if state.claimed == Some(std::thread::current().id()) {
            self.finish_inside(state);
            return true;
        }
        let (finished, thread) = match self.mode {
            CallbackMode::Thread => {
                let mut state = self.wait_idle(state, deadline, |state| !state.thread_lives);
                (!state.thread_lives, state.thread.take())
            }
            CallbackMode::Poll => {
                let mut state = self.wait_idle(state, deadline, |state| state.claimed.is_none());
                if state.claimed.is_some() {
                    (false, None)
                } else {
                    self.claim(&mut state);
                    let (state, _) = self.turn(state, 0);
                    drop(state);
                    DESK.hand_over(Taker::Poll, u32::MAX);
                    drop(self.give_back(self.lock()));
                    (true, None)
                }
            }
        };
        DESK.unregister(self.client);
        if finished && let Some(thread) = thread {
            // Its last act was to say that it leaves.
            let _ = thread.join();
        }
        finished
    }

    /// From inside a callback: the rest is run here, nested; what the callback itself uses is dropped after it.
    fn finish_inside<'a>(&'a self, mut state: MutexGuard<'a, State>) {
        // The thread cannot wait for itself.
        drop(state.thread.take());
        let in_event = state.in_event;
        let (mut state, _) = self.turn(state, 0);
        let handler = if in_event { None } else { state.handler.take() };
        state.in_event = in_event;
        drop(state);
        self.release(handler.into_iter().collect());
        match self.mode {
            CallbackMode::Poll => {
                DESK.hand_over(Taker::Poll, u32::MAX);
            }
            CallbackMode::Thread => {}
        }
        DESK.unregister(self.client);
    }

    /// The callback thread.
    fn work_through(&self) {
        let mut state = self.lock();
        loop {
            let idle = state.queue.is_empty() && state.retired.is_empty() && !state.lines;
            match state.phase {
                Phase::Open | Phase::Closing if idle => {
                    state = self.sleep(state, None);
                    continue;
                }
                Phase::Open | Phase::Closing | Phase::Closed => {}
            }
            self.claim(&mut state);
            (state, _) = self.turn(state, u32::MAX);
            let last = match state.phase {
                Phase::Open | Phase::Closing => false,
                Phase::Closed => true,
            };
            if std::mem::take(&mut state.lines) || last {
                drop(state);
                let more = DESK.hand_over(Taker::Thread, LINES_AT_ONCE).more;
                state = self.lock();
                state.lines |= more;
            }
            state = self.give_back(state);
            if last {
                break;
            }
        }
        state.thread_lives = false;
        self.idle.notify_all();
    }

    fn claim(&self, state: &mut State) {
        state.claimed = Some(std::thread::current().id());
    }

    /// Makes up to `limit` callbacks, or as many as there are once the client is closed, and drops replaced handlers.
    /// The dispatcher has been claimed.
    fn turn<'a>(&'a self, mut state: MutexGuard<'a, State>, limit: u32) -> (MutexGuard<'a, State>, u32) {
        let mut made = 0;
        loop {
            if !state.in_event && !state.retired.is_empty() {
                let retired = std::mem::take(&mut state.retired);
                drop(state);
                self.release(retired);
                state = self.lock();
                continue;
            }
            let limited = match state.phase {
                Phase::Open | Phase::Closing => made >= limit,
                Phase::Closed => false,
            };
            if limited {
                break;
            }
            let Some(item) = state.queue.pop_front() else { break };
            let in_event = state.in_event;
            let handler = match &item {
                Item::Event { .. } => state.handler.clone(),
                Item::Completion { .. } => None,
            };
            state.in_event |= handler.is_some();
            drop(state);
            self.make(item, handler);
            made += 1;
            state = self.lock();
            state.in_event = in_event;
        }
        (state, made)
    }

    /// One callback.
    fn make(&self, item: Item, handler: Option<Arc<dyn Handler>>) {
        match item {
            Item::Event { delivery, event } => {
                if let Some(handler) = handler {
                    self.guarded(|| handler.on_event(&event));
                    self.guarded(|| drop(handler));
                }
                self.undelivered.fetch_sub(1, Ordering::AcqRel);
                if let Some(peer) = self.peer.upgrade() {
                    peer.delivered(delivery);
                }
            }
            Item::Completion { run, outcome } => self.guarded(|| run(outcome)),
        }
    }

    /// Drops handlers; what their host does then is a callback too.
    fn release(&self, handlers: Vec<Arc<dyn Handler>>) {
        for handler in handlers {
            self.guarded(|| drop(handler));
        }
    }

    fn guarded(&self, callback: impl FnOnce()) {
        if catch_unwind(AssertUnwindSafe(callback)).is_err()
            && let Some(peer) = self.peer.upgrade()
        {
            peer.panicked();
        }
    }

    /// Ends a claim. Whoever had the dispatcher last drops the handler of a closed client.
    fn give_back<'a>(&'a self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        if state.phase == Phase::Closed {
            // The client may have been closed since the last look.
            (state, _) = self.turn(state, 0);
            if let Some(handler) = state.handler.take() {
                drop(state);
                self.release(vec![handler]);
                state = self.lock();
            }
        }
        state.claimed = None;
        self.idle.notify_all();
        state
    }

    fn wait_idle<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        deadline: Instant,
        done: impl Fn(&State) -> bool,
    ) -> MutexGuard<'a, State> {
        while !done(&state) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self.idle.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state
    }

    fn sleep<'a>(&'a self, mut state: MutexGuard<'a, State>, most: Option<Duration>) -> MutexGuard<'a, State> {
        state.sleepers += 1;
        state = match most {
            Some(most) => self.work.wait_timeout(state, most).unwrap_or_else(PoisonError::into_inner).0,
            None => self.work.wait(state).unwrap_or_else(PoisonError::into_inner),
        };
        state.sleepers -= 1;
        state
    }

    fn wake(&self, state: &State) {
        if state.sleepers > 0 {
            self.work.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outlet for Dispatcher {
    fn lines_wait(&self) -> bool {
        let mut state = self.lock();
        state.lines = true;
        self.wake(&state);
        state.claimed.is_none() && state.phase != Phase::Closed
    }
}

fn destroyed() -> Fault {
    Fault::new(Code::NOT_INIT, "this client was destroyed")
}
