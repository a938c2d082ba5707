use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use zim_protocol::code::{Code, Fault};
use zim_protocol::frame::ReplyBody;
use zim_protocol::session::Done;

use super::*;

/// Longer than anything here takes; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Default)]
struct Told {
    delivered: Mutex<Vec<u64>>,
    panicked: AtomicBool,
}

impl Peer for Told {
    fn delivered(&self, delivery: u64) {
        self.delivered.lock().unwrap().push(delivery);
    }

    fn panicked(&self) {
        self.panicked.store(true, Ordering::SeqCst);
    }
}

struct Bench {
    dispatcher: Arc<Dispatcher>,
    completions: Arc<Completions>,
    told: Arc<Told>,
}

fn bench(mode: CallbackMode) -> Bench {
    static NUMBER: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1_000_000);
    let told = Arc::new(Told::default());
    let peer: Weak<dyn Peer> = Arc::downgrade(&(told.clone() as Arc<dyn Peer>));
    let dispatcher = Dispatcher::new(NUMBER.fetch_add(1, Ordering::SeqCst), mode, peer);
    dispatcher.start().unwrap();
    let completions = Arc::new(Completions::new(dispatcher.clone()));
    Bench { dispatcher, completions, told }
}

impl Bench {
    fn event(&self, number: u32) {
        self.dispatcher.push_event(u64::from(number), SessionEvent::TokenWillExpire { seconds: number });
    }

    fn finish(&self) -> bool {
        self.dispatcher.close();
        self.completions.close(&Fault::new(Code::CLIENT_DESTROYED, "destroyed"));
        self.dispatcher.finish(Instant::now() + Duration::from_millis(300))
    }

    /// Registers a request whose result is sent to `to`.
    fn request(&self, to: &Sender<Outcome>) -> u64 {
        let (ticket, to) = (self.completions.ticket(), to.clone());
        self.completions.register(ticket, Box::new(move |outcome| to.send(outcome).unwrap())).unwrap();
        ticket
    }
}

type Body = Box<dyn Fn(u32) + Send + Sync>;

/// Calls a closure with the number of each event, and says on which thread it was dropped.
struct Calls {
    body: Body,
    dropped: Sender<ThreadId>,
}

impl Handler for Calls {
    fn on_event(&self, event: &SessionEvent) {
        match event {
            SessionEvent::TokenWillExpire { seconds } => (self.body)(*seconds),
            SessionEvent::Call(_) | SessionEvent::ConnectionStateChanged { .. } | SessionEvent::Error(_) => {}
        }
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        let _ = self.dropped.send(thread::current().id());
    }
}

fn calls(body: impl Fn(u32) + Send + Sync + 'static) -> (Arc<Calls>, Receiver<ThreadId>) {
    let (dropped, receiver) = channel();
    (Arc::new(Calls { body: Box::new(body), dropped }), receiver)
}

fn code(outcome: Outcome) -> Code {
    outcome.map_or_else(|fault| fault.code, |_| Code::SUCCESS)
}

#[test]
fn a_thread_makes_all_callbacks_in_order_and_drops_the_handler_last() {
    let bench = bench(CallbackMode::Thread);
    let (seen, receiver) = channel();
    let (handler, dropped) = calls(move |number| seen.send((number, thread::current().id())).unwrap());
    bench.dispatcher.set_handler(Some(handler)).unwrap();
    for number in 0..100 {
        bench.event(number);
    }
    let got: Vec<_> = (0..100).map(|_| receiver.recv_timeout(PATIENCE).unwrap()).collect();
    assert!(got.iter().map(|(number, _)| *number).eq(0..100));
    let by = got[0].1;
    assert!(by != thread::current().id() && got.iter().all(|(_, thread)| *thread == by));
    assert!(bench.finish());
    assert_eq!(dropped.try_recv().unwrap(), by);
    assert_eq!(*bench.told.delivered.lock().unwrap(), (0..100).collect::<Vec<u64>>());
    assert_eq!(bench.dispatcher.undelivered(), 0);
}

#[test]
fn polling_makes_as_many_callbacks_as_asked_for() {
    let bench = bench(CallbackMode::Poll);
    let (seen, receiver) = channel();
    let (handler, _dropped) = calls(move |number| seen.send(number).unwrap());
    bench.dispatcher.set_handler(Some(handler)).unwrap();
    assert_eq!(bench.dispatcher.poll(0).unwrap(), 0);
    for number in 0..5 {
        bench.event(number);
    }
    assert_eq!(bench.dispatcher.undelivered(), 5);
    assert_eq!(bench.dispatcher.poll(2).unwrap(), 2);
    assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [0, 1]);
    assert_eq!(bench.dispatcher.poll(0).unwrap(), 3);
    assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [2, 3, 4]);
    assert_eq!(bench.dispatcher.undelivered(), 0);
    assert!(bench.finish());
    assert_eq!(bench.dispatcher.poll(0).unwrap_err().code, Code::NOT_INIT);
}

#[test]
fn polling_inside_a_callback_or_beside_another_thread_does_nothing() {
    let bench = Arc::new(bench(CallbackMode::Poll));
    let (seen, receiver) = channel();
    let inner = bench.clone();
    let (handler, _dropped) = calls(move |number| {
        let nested = inner.dispatcher.poll(0).unwrap();
        let beside = thread::scope(|scope| scope.spawn(|| inner.dispatcher.poll(0).unwrap()).join().unwrap());
        seen.send((number, nested, beside)).unwrap();
    });
    bench.dispatcher.set_handler(Some(handler)).unwrap();
    bench.event(1);
    bench.event(2);
    assert_eq!(bench.dispatcher.poll(0).unwrap(), 2);
    assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [(1, 0, 0), (2, 0, 0)]);
    // The handler holds the bench, which holds the handler.
    bench.dispatcher.set_handler(None).unwrap();
    assert!(bench.finish());
}

#[test]
fn waiting_ends_with_work_with_time_and_with_the_client() {
    let bench = Arc::new(bench(CallbackMode::Poll));
    assert_eq!(bench.dispatcher.wait(Duration::from_millis(5)).unwrap_err().code, Code::REQUEST_TIMEOUT);
    let waiter = bench.clone();
    let thread = thread::spawn(move || waiter.dispatcher.wait(PATIENCE));
    bench.event(1);
    thread.join().unwrap().unwrap();
    assert_eq!(bench.dispatcher.poll(0).unwrap(), 1);
    let waiter = bench.clone();
    let thread = thread::spawn(move || waiter.dispatcher.wait(PATIENCE));
    bench.dispatcher.close();
    assert_eq!(thread.join().unwrap().unwrap_err().code, Code::NOT_INIT);
    assert!(bench.finish());
}

#[test]
fn a_handler_replaced_inside_its_callback_is_dropped_after_it_on_that_thread() {
    for mode in [CallbackMode::Thread, CallbackMode::Poll] {
        let bench = Arc::new(bench(mode));
        let (second_seen, second) = channel();
        let (next, next_dropped) = calls(move |number| second_seen.send(number).unwrap());
        let next: OnceLock<Arc<Calls>> = OnceLock::from(next);
        let next = Mutex::new(next);
        let alive = Arc::new(AtomicBool::new(false));
        let (inner, inside) = (bench.clone(), alive.clone());
        let (first, first_dropped) = calls(move |_| {
            let next = next.lock().unwrap().take().unwrap();
            inner.dispatcher.set_handler(Some(next)).unwrap();
            inside.store(true, Ordering::SeqCst);
        });
        bench.dispatcher.set_handler(Some(first)).unwrap();
        bench.event(1);
        bench.event(2);
        let poller = match mode {
            CallbackMode::Thread => None,
            CallbackMode::Poll => {
                assert_eq!(bench.dispatcher.poll(0).unwrap(), 2);
                Some(thread::current().id())
            }
        };
        assert_eq!(second.recv_timeout(PATIENCE).unwrap(), 2);
        assert!(alive.load(Ordering::SeqCst));
        let by = first_dropped.recv_timeout(PATIENCE).unwrap();
        match poller {
            Some(poller) => assert_eq!(by, poller),
            None => assert_ne!(by, thread::current().id()),
        }
        assert!(next_dropped.try_recv().is_err());
        assert!(bench.finish());
        assert_eq!(next_dropped.recv_timeout(PATIENCE).unwrap(), by);
    }
}

#[test]
fn a_handler_replaced_while_nobody_polls_is_dropped_at_once_and_a_refused_one_is_told() {
    #[derive(Default)]
    struct Refused(AtomicBool);
    impl Handler for Refused {
        fn on_event(&self, _: &SessionEvent) {}
        fn refused(&self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let bench = bench(CallbackMode::Poll);
    let (handler, dropped) = calls(|_| {});
    bench.dispatcher.set_handler(Some(handler)).unwrap();
    bench.dispatcher.set_handler(None).unwrap();
    assert_eq!(dropped.try_recv().unwrap(), thread::current().id());
    assert!(bench.finish());
    let late = Arc::new(Refused::default());
    assert_eq!(bench.dispatcher.set_handler(Some(late.clone())).unwrap_err().code, Code::NOT_INIT);
    assert!(late.0.load(Ordering::SeqCst));
}

#[test]
fn an_event_without_a_handler_counts_as_delivered() {
    let bench = bench(CallbackMode::Poll);
    bench.event(7);
    assert_eq!(bench.dispatcher.poll(0).unwrap(), 1);
    assert_eq!(*bench.told.delivered.lock().unwrap(), [7]);
    assert!(bench.finish());
}

#[test]
fn a_panicking_callback_is_reported_and_the_next_is_made() {
    for mode in [CallbackMode::Thread, CallbackMode::Poll] {
        let bench = bench(mode);
        let (results, receiver) = channel();
        let (handler, _dropped) = calls(|_| panic!("on purpose"));
        bench.dispatcher.set_handler(Some(handler)).unwrap();
        bench.event(1);
        let ticket = bench.request(&results);
        bench.completions.complete(ticket, Ok(ReplyBody::Logout(Done {})));
        if mode == CallbackMode::Poll {
            assert_eq!(bench.dispatcher.poll(0).unwrap(), 2);
        }
        assert_eq!(code(receiver.recv_timeout(PATIENCE).unwrap()), Code::SUCCESS);
        assert!(bench.told.panicked.load(Ordering::SeqCst));
        assert!(bench.finish());
    }
}

#[test]
fn finishing_runs_pending_results_in_order_and_drops_events() {
    for mode in [CallbackMode::Thread, CallbackMode::Poll] {
        let bench = Arc::new(bench(mode));
        let (results, receiver) = channel();
        let (begun, inside) = channel();
        let (go_on, gate) = channel::<()>();
        let gate = Mutex::new(gate);
        let (handler, dropped) = calls(move |_| {
            begun.send(()).unwrap();
            gate.lock().unwrap().recv_timeout(PATIENCE).unwrap();
        });
        bench.dispatcher.set_handler(Some(handler)).unwrap();
        let tickets: Vec<u64> = (0..3).map(|_| bench.request(&results)).collect();
        if mode == CallbackMode::Thread {
            // One callback is being made; the second event never is.
            bench.event(1);
            inside.recv_timeout(PATIENCE).unwrap();
            go_on.send(()).unwrap();
        }
        bench.dispatcher.close();
        bench.event(2);
        bench.completions.complete(tickets[1], Ok(ReplyBody::Logout(Done {})));
        assert!(bench.finish());
        let codes: Vec<Code> = receiver.try_iter().map(code).collect();
        assert_eq!(codes, [Code::SUCCESS, Code::CLIENT_DESTROYED, Code::CLIENT_DESTROYED]);
        assert!(inside.try_recv().is_err());
        dropped.try_recv().unwrap();
        let late = bench.completions.register(99, Box::new(|_| unreachable!()));
        assert_eq!(late.unwrap_err().code, Code::CLIENT_DESTROYED);
    }
}

#[test]
fn finishing_inside_a_callback_is_nested() {
    for mode in [CallbackMode::Thread, CallbackMode::Poll] {
        let bench = Arc::new(bench(mode));
        let (results, receiver) = channel();
        bench.request(&results);
        let (inner, receiver) = (bench.clone(), Mutex::new(receiver));
        let (seen, inside) = channel();
        let (handler, dropped) = calls(move |_| {
            assert!(inner.finish());
            // The result came before `finish` returned; the handler lives on until its callback is over.
            seen.send((code(receiver.lock().unwrap().try_recv().unwrap()), thread::current().id())).unwrap();
        });
        bench.dispatcher.set_handler(Some(handler)).unwrap();
        bench.event(1);
        if mode == CallbackMode::Poll {
            assert_eq!(bench.dispatcher.poll(0).unwrap(), 1);
        }
        let (code, by) = inside.recv_timeout(PATIENCE).unwrap();
        assert_eq!(code, Code::CLIENT_DESTROYED);
        assert_eq!(dropped.recv_timeout(PATIENCE).unwrap(), by);
    }
}

#[test]
fn a_stuck_callback_is_not_waited_for_and_its_thread_does_the_rest() {
    for mode in [CallbackMode::Thread, CallbackMode::Poll] {
        let bench = Arc::new(bench(mode));
        let (results, receiver) = channel();
        bench.request(&results);
        let (begun, inside) = channel();
        let (go_on, gate) = channel::<()>();
        let gate = Mutex::new(gate);
        let (handler, dropped) = calls(move |_| {
            begun.send(thread::current().id()).unwrap();
            gate.lock().unwrap().recv_timeout(PATIENCE).unwrap();
        });
        bench.dispatcher.set_handler(Some(handler)).unwrap();
        bench.event(1);
        let polling = match mode {
            CallbackMode::Thread => None,
            CallbackMode::Poll => {
                let bench = bench.clone();
                Some(thread::spawn(move || bench.dispatcher.poll(1).unwrap()))
            }
        };
        let stuck = inside.recv_timeout(PATIENCE).unwrap();
        assert!(!bench.finish());
        assert!(receiver.try_recv().is_err());
        go_on.send(()).unwrap();
        assert_eq!(code(receiver.recv_timeout(PATIENCE).unwrap()), Code::CLIENT_DESTROYED);
        assert_eq!(dropped.recv_timeout(PATIENCE).unwrap(), stuck);
        if let Some(polling) = polling {
            polling.join().unwrap();
        }
    }
}

#[test]
fn a_request_that_is_forgotten_completes_with_an_internal_error() {
    let bench = bench(CallbackMode::Poll);
    let (results, receiver) = channel();
    bench.request(&results);
    drop(bench.completions);
    assert_eq!(bench.dispatcher.poll(0).unwrap(), 1);
    assert_eq!(code(receiver.try_recv().unwrap()), Code::INTERNAL_ERROR);
    bench.dispatcher.close();
    assert!(bench.dispatcher.finish(Instant::now() + PATIENCE));
}
