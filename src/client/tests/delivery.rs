//! Callbacks: polling, back-pressure, panics, log lines.

use std::sync::Mutex;
use std::thread;

use zim_core::call::HostEvent;
use zim_protocol::call::{CallEvent, CallInfo, CallState, CallUser, CallUserState};
use zim_protocol::frame::{ClientFrame, RequestBody, ServerFrame};

use super::*;
use crate::dispatch::QUEUE_EVENTS;

fn polled(url: &str) -> AppConfig {
    AppConfig { callback_mode: CallbackMode::Poll, ..config(url) }
}

/// Polls until `done` says so.
fn poll_until(client: &Client, mut done: impl FnMut() -> bool) {
    while !done() {
        client.wait(PATIENCE.as_millis() as u32).unwrap();
        client.poll(0).unwrap();
    }
}

fn invitation(number: u64) -> ServerFrame {
    let row = |name: &str, state| CallUser {
        user_id: UserId::parse(name).unwrap(),
        state,
        extended_data: String::new(),
        reason: Code::SUCCESS,
    };
    let call = CallInfo {
        call_id: CallId::parse(&format!("call{number}")).unwrap(),
        rev: 1,
        mode: CallMode::General,
        state: CallState::Started,
        caller: UserId::parse("bob").unwrap(),
        inviter: UserId::parse("bob").unwrap(),
        extended_data: String::new(),
        created_at: 0,
        timeout_s: 600,
        remaining_ms: 600_000,
        users: vec![row("bob", CallUserState::Accepted), row("alice", CallUserState::Inviting)],
    };
    ServerFrame::Event { epoch: 7, n: number, event: CallEvent::CallInvited(call) }
}

#[test]
fn a_polled_client_calls_back_on_the_polling_thread_only() {
    let server = Server::start();
    let client = Client::create(polled(&server.url())).unwrap();
    let here = thread::current().id();
    let (to, done) = channel();
    let on = move |result: Result<(), Fault>| to.send((result.is_ok(), thread::current().id())).unwrap();
    client.login(user("alice"), String::new(), Box::new(on)).unwrap();
    let connection = server.accept_login();
    let mut got = None;
    poll_until(&client, || {
        got = got.or(done.try_recv().ok());
        got.is_some()
    });
    assert_eq!(got, Some((true, here)));
    drop(connection);
    assert_eq!(code(client.wait(PATIENCE.as_millis() as u32)), Code::SUCCESS);
    client.destroy().unwrap();
    assert_eq!(code(client.poll(0)), Code::NOT_INIT);
    assert_eq!(code(client.wait(1)), Code::NOT_INIT);
}

#[test]
fn a_client_with_a_thread_is_not_polled() {
    let client = Client::create(config("ws://127.0.0.1:1")).unwrap();
    assert_eq!(code(client.poll(0)), Code::PARAMS_INVALID);
    assert_eq!(code(client.wait(0)), Code::PARAMS_INVALID);
}

#[test]
fn a_full_queue_stops_reading_and_the_link_holds() {
    let server = Server::start();
    let client = Client::create(polled(&server.url())).unwrap();
    let done = Arc::new(Mutex::new(false));
    let seen = done.clone();
    client.login(user("alice"), String::new(), Box::new(move |result| *seen.lock().unwrap() = result.is_ok())).unwrap();
    let connection = server.accept();
    connection.welcome_with(|answer| {
        answer.heartbeat_interval_ms = 50;
        answer.heartbeat_timeout_ms = 1_000;
    });
    poll_until(&client, || *done.lock().unwrap());
    let (to, events) = channel();
    client.set_handler(Some(Arc::new(ToChannel(to)))).unwrap();
    let sent = QUEUE_EVENTS as u64 + 500;
    for number in 1..=sent {
        connection.send(&invitation(number));
    }
    while client.shared.dispatcher.undelivered() < QUEUE_EVENTS {
        thread::yield_now();
    }
    // Far longer than the server may be silent: the client neither takes more nor gives the link up.
    let mut pings = 0;
    while pings < 40 {
        match connection.frame() {
            ClientFrame::Ping => pings += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(client.shared.dispatcher.undelivered(), QUEUE_EVENTS);
    assert_eq!(client.connection_state(), ConnectionState::Connected);
    let mut received = Vec::new();
    poll_until(&client, || {
        received.extend(events.try_iter().filter_map(|event| match event {
            SessionEvent::Call(HostEvent::CallInvitationReceived(call)) => Some(call.call_id.to_string()),
            _ => None,
        }));
        received.len() as u64 >= sent
    });
    assert!(received.into_iter().eq((1..=sent).map(|number| format!("call{number}"))));
    // Delivered is acknowledged, and each invitation's receipt reported.
    let (mut acknowledged, mut receipts) = (0, 0);
    while acknowledged < sent || receipts < sent {
        match connection.frame() {
            ClientFrame::Ack { n } => acknowledged = n,
            ClientFrame::Request(request) => {
                assert!(matches!(request.body, RequestBody::CallReceived(_)));
                receipts += 1;
            }
            ClientFrame::Ping => connection.send(&ServerFrame::Pong),
            ClientFrame::Unknown { .. } => {}
        }
    }
}

#[test]
fn an_event_is_acknowledged_after_its_callback_has_returned() {
    struct Gate(Mutex<Receiver<()>>, Sender<()>);
    impl Handler for Gate {
        fn on_event(&self, event: &SessionEvent) {
            if let SessionEvent::Call(_) = event {
                self.1.send(()).unwrap();
                self.0.lock().unwrap().recv_timeout(PATIENCE).unwrap();
            }
        }
    }
    let server = Server::start();
    let (host, connection) = Host::logged_in(&server);
    let (open, gate) = channel();
    let (begun, inside) = channel();
    host.client.set_handler(Some(Arc::new(Gate(Mutex::new(gate), begun)))).unwrap();
    connection.send(&invitation(1));
    inside.recv_timeout(PATIENCE).unwrap();
    connection.expect_nothing_for(Duration::from_millis(200));
    open.send(()).unwrap();
    let frames = [connection.frame(), connection.frame()];
    let is_receipt = |frame: &ClientFrame| matches!(frame, ClientFrame::Request(request) if matches!(request.body, RequestBody::CallReceived(_)));
    assert!(frames.contains(&ClientFrame::Ack { n: 1 }) && frames.iter().any(is_receipt), "{frames:?}");
}

#[test]
fn a_panicking_callback_poisons_the_client_and_everything_completes() {
    for mode in [CallbackMode::Thread, CallbackMode::Poll] {
        let server = Server::start();
        let client = Client::create(AppConfig { callback_mode: mode, ..config(&server.url()) }).unwrap();
        let (to, done) = channel();
        let pending = to.clone();
        let poisons: Completion<()> = Box::new(move |result| {
            to.send(code(result)).unwrap();
            panic!("on purpose");
        });
        client.login(user("alice"), String::new(), poisons).unwrap();
        let connection = server.accept();
        let login = connection.welcome();
        assert_eq!(login.body.kind(), "login");
        match mode {
            CallbackMode::Thread => {
                assert_eq!(done.recv_timeout(PATIENCE).unwrap(), Code::SUCCESS);
                connection.expect_end();
            }
            CallbackMode::Poll => {
                while done.try_recv().is_err() {
                    client.wait(PATIENCE.as_millis() as u32).unwrap();
                    client.poll(1).unwrap();
                }
            }
        }
        while !client.shared.status.is_poisoned() {
            thread::yield_now();
        }
        let late: Completion<()> = Box::new(move |result| pending.send(code(result)).unwrap());
        assert_eq!(code(client.login(user("alice"), String::new(), late)), Code::CLIENT_POISONED);
        assert_eq!(code(client.logout()), Code::CLIENT_POISONED);
        assert_eq!(code(client.set_handler(None)), Code::CLIENT_POISONED);
        assert_eq!(code(client.poll(0)), Code::CLIENT_POISONED);
        client.destroy().unwrap();
        assert_eq!(code(client.destroy()), Code::NOT_INIT);
    }
}

#[test]
fn poison_completes_what_is_pending() {
    let server = Server::start();
    let (host, connection) = Host::logged_in(&server);
    let done = host.invite(&["bob"]);
    connection.request();
    host.client.poison();
    assert_eq!(code(done.recv_timeout(PATIENCE).unwrap().1), Code::CLIENT_POISONED);
    connection.expect_end();
    assert_eq!(host.client.connection_state(), ConnectionState::Disconnected);
}
