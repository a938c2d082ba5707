//! Lines on their way to the host's log callback.
//!
//! Lines are queued and handed over by whoever makes callbacks anyway:
//! * while a client in poll mode lives, only from inside that client's `poll` (and `destroy`): no thread of the
//!   library ever enters such a host, also when another client of the process is in thread mode;
//! * otherwise on the callback thread of some client;
//! * without any client, in the call of the host that made the line.
//!
//! One line at a time, in order, with no lock held.

use std::cell::Cell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::{Level, LogSink};

/// Lines that wait for a host that does not take them; more are dropped and counted.
const WAITING_MOST: usize = 1_000;

/// How often one call of the host goes back for more lines.
const CALL_TURNS: u32 = 16;

/// Somebody who makes callbacks, and is told that lines wait.
pub trait Outlet: Send + Sync {
    /// Wakes the outlet. False when it is busy, and will look for lines by itself when it is done.
    fn lines_wait(&self) -> bool;
}

/// Who hands lines over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taker {
    /// A host thread inside `poll` or `destroy` of a client in poll mode.
    Poll,
    /// A callback thread.
    Thread,
    /// A host thread in some other call.
    Call,
}

/// What one turn of handing over came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    pub handed: u32,
    /// Lines are left, and it falls to this taker to come again.
    pub more: bool,
}

pub struct Desk {
    state: Mutex<State>,
    /// How many lines wait, readable under anybody's lock.
    waiting: AtomicUsize,
    /// The lowest level that the sink takes; above every level without a sink.
    wanted: AtomicI32,
}

struct State {
    sink: Option<Arc<dyn LogSink>>,
    lines: VecDeque<(Level, String)>,
    dropped: u64,
    /// Somebody hands lines over right now.
    running: bool,
    /// Replaced while in use.
    retired: Vec<Arc<dyn LogSink>>,
    outlets: Vec<Registered>,
}

struct Registered {
    client: u64,
    taker: Taker,
    outlet: Weak<dyn Outlet>,
}

/// The process's.
pub static DESK: Desk = Desk::new();

thread_local! {
    static IS_LIBRARY_THREAD: Cell<bool> = const { Cell::new(false) };
}

/// Says that the current thread belongs to the library and must not enter the host by itself.
pub fn mark_library_thread() {
    IS_LIBRARY_THREAD.set(true);
}

impl Desk {
    pub const fn new() -> Desk {
        Desk {
            state: Mutex::new(State {
                sink: None,
                lines: VecDeque::new(),
                dropped: 0,
                running: false,
                retired: Vec::new(),
                outlets: Vec::new(),
            }),
            waiting: AtomicUsize::new(0),
            wanted: AtomicI32::new(i32::MAX),
        }
    }

    /// Whether the host's callback takes lines of this level.
    pub fn wants(&self, level: Level) -> bool {
        level as i32 >= self.wanted.load(Ordering::Relaxed)
    }

    /// Whether lines wait to be handed over.
    pub fn has_lines(&self) -> bool {
        self.waiting.load(Ordering::Acquire) > 0
    }

    pub fn set_sink(&self, sink: Option<Arc<dyn LogSink>>, min_level: Level) {
        let mut state = self.lock();
        let wanted = if sink.is_some() { min_level as i32 } else { i32::MAX };
        self.wanted.store(wanted, Ordering::Relaxed);
        if sink.is_none() {
            state.lines.clear();
            state.dropped = 0;
            self.waiting.store(0, Ordering::Release);
        }
        let old = std::mem::replace(&mut state.sink, sink);
        if state.running {
            state.retired.extend(old);
            return;
        }
        drop(state);
        drop(old);
    }

    /// The client makes callbacks from now on.
    pub fn register(&self, client: u64, taker: Taker, outlet: Weak<dyn Outlet>) {
        self.lock().outlets.push(Registered { client, taker, outlet });
    }

    /// The client makes none any more. Lines that still wait are handed over by others, or by the current thread.
    pub fn unregister(&self, client: u64) {
        self.lock().outlets.retain(|known| known.client != client);
        self.offer();
    }

    pub fn push(&self, level: Level, line: String) {
        {
            let mut state = self.lock();
            if state.sink.is_none() {
                return;
            }
            if state.lines.len() >= WAITING_MOST {
                state.dropped += 1;
                return;
            }
            state.lines.push_back((level, line));
            self.waiting.store(state.lines.len(), Ordering::Release);
        }
        self.offer();
    }

    /// Makes up to `most` callbacks on the current thread, for lines that wait now; none while another thread does, or
    /// where the taker may not.
    pub fn hand_over(&self, taker: Taker, most: u32) -> Turn {
        if !self.has_lines() {
            return Turn::default();
        }
        let mut state = self.lock();
        let may = match taker {
            Taker::Poll => true,
            Taker::Thread => state.outlets.iter().all(|known| known.taker != Taker::Poll),
            Taker::Call => state.outlets.is_empty(),
        };
        if !may || state.running {
            return Turn::default();
        }
        state.running = true;
        // A host that makes lines inside its log callback does not stay in here for ever. One more tells of dropped ones.
        let most = most.min(u32::try_from(state.lines.len()).unwrap_or(u32::MAX).saturating_add(1));
        let mut handed = 0;
        while handed < most {
            let Some((level, line)) = state.lines.pop_front() else { break };
            if state.lines.is_empty() && state.dropped > 0 {
                let text = super::line::compose(
                    Level::Warning,
                    format_args!("{} log lines were dropped: the host took them too slowly", state.dropped),
                );
                state.dropped = 0;
                state.lines.push_back((Level::Warning, text));
            }
            self.waiting.store(state.lines.len(), Ordering::Release);
            let Some(sink) = state.sink.clone() else { continue };
            drop(state);
            let harmless = catch_unwind(AssertUnwindSafe(|| sink.on_line(level, &line))).is_ok();
            drop(sink);
            if !harmless {
                // There is no client to answer for it; a callback that panicked is not called again.
                self.set_sink(None, Level::Error);
            }
            handed += 1;
            let retired = std::mem::take(&mut self.lock().retired);
            drop(retired);
            state = self.lock();
        }
        state.running = false;
        Turn { handed, more: !state.lines.is_empty() }
    }

    /// Finds somebody to hand the lines over.
    fn offer(&self) {
        if !self.has_lines() {
            return;
        }
        let outlets: Vec<(Taker, Arc<dyn Outlet>)> = {
            let state = self.lock();
            state.outlets.iter().filter_map(|known| Some((known.taker, known.outlet.upgrade()?))).collect()
        };
        if outlets.is_empty() {
            // Again for what other threads have added meanwhile: they have left it to this one.
            let mut turns = 0..CALL_TURNS;
            while !IS_LIBRARY_THREAD.get() && turns.next().is_some() && self.hand_over(Taker::Call, u32::MAX).more {}
            return;
        }
        let mut polled = false;
        for (_, outlet) in outlets.iter().filter(|(taker, _)| *taker == Taker::Poll) {
            polled = true;
            outlet.lines_wait();
        }
        if !polled {
            // The first that is idle does it; if all are busy, whoever is done first.
            let _ = outlets.iter().any(|(_, outlet)| outlet.lines_wait());
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Kept {
        lines: Mutex<Vec<String>>,
    }

    impl LogSink for Kept {
        fn on_line(&self, _: Level, line: &str) {
            self.lines.lock().unwrap().push(line.to_owned());
        }
    }

    impl Kept {
        fn taken(&self) -> Vec<String> {
            std::mem::take(&mut self.lines.lock().unwrap())
        }
    }

    struct Idle;

    impl Outlet for Idle {
        fn lines_wait(&self) -> bool {
            true
        }
    }

    fn desk() -> (Desk, Arc<Kept>) {
        let (desk, sink) = (Desk::new(), Arc::new(Kept::default()));
        desk.set_sink(Some(sink.clone()), Level::Info);
        (desk, sink)
    }

    #[test]
    fn without_a_client_a_line_is_handed_over_in_the_call_that_made_it() {
        let (desk, sink) = desk();
        desk.push(Level::Info, "one".to_owned());
        assert_eq!(sink.taken(), ["one"]);
    }

    #[test]
    fn without_a_client_a_thread_of_the_library_leaves_its_lines_to_the_host() {
        let (desk, sink) = desk();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                mark_library_thread();
                desk.push(Level::Info, "one".to_owned());
            });
        });
        assert!(sink.taken().is_empty());
        desk.push(Level::Info, "two".to_owned());
        assert_eq!(sink.taken(), ["one", "two"]);
    }

    #[test]
    fn a_polled_client_keeps_lines_away_from_threads() {
        let (desk, sink) = desk();
        let outlet: Arc<dyn Outlet> = Arc::new(Idle);
        desk.register(1, Taker::Poll, Arc::downgrade(&outlet));
        desk.register(2, Taker::Thread, Arc::downgrade(&outlet));
        desk.push(Level::Warning, "one".to_owned());
        desk.push(Level::Warning, "two".to_owned());
        assert_eq!(desk.hand_over(Taker::Thread, 10), Turn::default());
        assert_eq!(desk.hand_over(Taker::Call, 10), Turn::default());
        assert_eq!(desk.hand_over(Taker::Poll, 1), Turn { handed: 1, more: true });
        assert_eq!(sink.taken(), ["one"]);
        desk.unregister(1);
        assert_eq!(desk.hand_over(Taker::Thread, 10), Turn { handed: 1, more: false });
        assert_eq!(sink.taken(), ["two"]);
    }

    #[test]
    fn lines_beyond_the_limit_are_counted() {
        let (desk, sink) = desk();
        let outlet: Arc<dyn Outlet> = Arc::new(Idle);
        desk.register(1, Taker::Poll, Arc::downgrade(&outlet));
        for number in 0..WAITING_MOST + 7 {
            desk.push(Level::Info, number.to_string());
        }
        assert_eq!(desk.hand_over(Taker::Poll, u32::MAX).handed as usize, WAITING_MOST + 1);
        let lines = sink.taken();
        assert_eq!(lines[WAITING_MOST - 1], "999");
        assert!(lines[WAITING_MOST].ends_with("7 log lines were dropped: the host took them too slowly"), "{lines:?}");
    }

    #[test]
    fn a_sink_that_panics_is_not_called_again() {
        struct Panics;
        impl LogSink for Panics {
            fn on_line(&self, _: Level, _: &str) {
                panic!("on purpose");
            }
        }
        let desk = Desk::new();
        desk.set_sink(Some(Arc::new(Panics)), Level::Debug);
        desk.push(Level::Info, "one".to_owned());
        assert!(!desk.wants(Level::Error));
        desk.push(Level::Info, "two".to_owned());
        assert!(!desk.has_lines());
    }

    #[test]
    fn a_sink_may_replace_itself() {
        struct Once {
            desk: &'static Desk,
            next: Mutex<Option<Arc<Kept>>>,
        }
        impl LogSink for Once {
            fn on_line(&self, _: Level, _: &str) {
                let next = self.next.lock().unwrap().take();
                self.desk.set_sink(next.map(|next| next as Arc<dyn LogSink>), Level::Info);
            }
        }
        static OWN: Desk = Desk::new();
        let next = Arc::new(Kept::default());
        let once = Arc::new(Once { desk: &OWN, next: Mutex::new(Some(next.clone())) });
        let gone = Arc::downgrade(&once);
        OWN.set_sink(Some(once), Level::Info);
        OWN.push(Level::Info, "one".to_owned());
        assert!(gone.upgrade().is_none());
        OWN.push(Level::Info, "two".to_owned());
        assert_eq!(next.taken(), ["two"]);
    }
}
