//! The end of a client: bounded, complete, and repeatable without limit.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::Instant;

use zim_protocol::frame::RequestBody;

use super::*;

const BOUND: Duration = Duration::from_secs(1);

/// Destroys, and says how long it took.
fn destroyed(client: &Client) -> (Result<(), Fault>, Duration) {
    let begun = Instant::now();
    let result = client.destroy();
    (result, begun.elapsed())
}

fn expect_quick_end(client: &Client) {
    let (result, took) = destroyed(client);
    result.unwrap();
    assert!(took < BOUND, "{took:?}");
}

#[test]
fn destroying_says_goodbye_and_completes_what_is_pending() {
    for mode in [CallbackMode::Thread, CallbackMode::Poll] {
        let server = Server::start();
        let host = Host::with(AppConfig { callback_mode: mode, ..config(&server.url()) });
        let login = host.login();
        let connection = server.accept_login();
        match mode {
            CallbackMode::Thread => login.recv_timeout(PATIENCE).unwrap().unwrap(),
            CallbackMode::Poll => loop {
                host.client.wait(PATIENCE.as_millis() as u32).unwrap();
                host.client.poll(0).unwrap();
                match login.try_recv() {
                    Ok(result) => break result.unwrap(),
                    Err(_) => continue,
                }
            },
        }
        let done: Vec<_> = (0..3).map(|_| host.invite(&["bob"])).collect();
        for _ in 0..3 {
            connection.request();
        }
        expect_quick_end(&host.client);
        for done in done {
            // Already there: nothing is called back after `destroy` has returned.
            assert_eq!(code(done.try_recv().unwrap().1), Code::CLIENT_DESTROYED);
        }
        // The invitations of unknown outcome are taken back on the way.
        while match connection.request().body {
            RequestBody::CallCancel(cancel) => cancel.withdraw,
            RequestBody::Logout => false,
            other => panic!("{}", other.kind()),
        } {}
        connection.expect_end();
        assert_eq!(code(host.client.destroy()), Code::NOT_INIT);
        assert_eq!(code(host.client.logout()), Code::NOT_INIT);
    }
}

/// A login is under way at `url`; destroying ends it in time.
fn ends_while_connecting(url: &str, ready: impl FnOnce()) {
    let host = Host::new(url);
    let done = host.login();
    ready();
    expect_quick_end(&host.client);
    assert_eq!(code(done.try_recv().unwrap()), Code::CLIENT_DESTROYED);
}

#[test]
fn destroying_does_not_wait_for_a_server_that_answers_nothing() {
    // TLS handshake and WebSocket handshake alike: the connection is taken, and that is all.
    for scheme in ["ws", "wss"] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("{scheme}://{}/zim", listener.local_addr().unwrap());
        let mut taken = None;
        ends_while_connecting(&url, || taken = Some(listener.accept().unwrap()));
    }
}

#[test]
fn destroying_does_not_wait_for_a_connection_that_does_not_come_about() {
    // A listener whose queue is full drops what knocks.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let _inside = runtime.enter();
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let waiting: Vec<_> = (0..100).map_while(|_| knock(address)).collect();
    assert!(waiting.len() < 100, "the queue has no end");
    ends_while_connecting(&format!("ws://{address}/zim"), || {});
}

/// `None` when the connection does not come about.
fn knock(address: SocketAddr) -> Option<std::net::TcpStream> {
    std::net::TcpStream::connect_timeout(&address, Duration::from_millis(300)).ok()
}

#[test]
fn destroying_does_not_wait_for_a_name_that_is_not_resolved() {
    static ASKED: Mutex<u32> = Mutex::new(0);
    static RELEASED: Mutex<bool> = Mutex::new(false);
    static CHANGED: Condvar = Condvar::new();
    fn never(_: &str, _: u16) -> std::io::Result<Vec<SocketAddr>> {
        *ASKED.lock().unwrap() += 1;
        CHANGED.notify_all();
        let released = RELEASED.lock().unwrap();
        drop(CHANGED.wait_timeout_while(released, PATIENCE, |released| !*released).unwrap());
        Err(std::io::Error::other("released"))
    }
    let client = Client::create_with(config("ws://somewhere.test"), never).unwrap();
    let (to, done) = channel();
    client.login(user("alice"), String::new(), Box::new(move |result| to.send(code(result)).unwrap())).unwrap();
    let asked = ASKED.lock().unwrap();
    drop(CHANGED.wait_timeout_while(asked, PATIENCE, |asked| *asked == 0).unwrap());
    expect_quick_end(&client);
    assert_eq!(done.try_recv().unwrap(), Code::CLIENT_DESTROYED);
    *RELEASED.lock().unwrap() = true;
    CHANGED.notify_all();
}

#[test]
fn destroying_with_the_server_gone_ends_in_time() {
    let server = Server::start();
    let (host, connection) = Host::logged_in(&server);
    drop(connection);
    drop(server);
    host.expect_state(ConnectionState::Reconnecting);
    let done = host.invite(&["bob"]);
    expect_quick_end(&host.client);
    assert_eq!(code(done.try_recv().unwrap().1), Code::CLIENT_DESTROYED);
}

#[test]
fn destroying_inside_a_callback_is_nested() {
    for mode in [CallbackMode::Thread, CallbackMode::Poll] {
        let server = Server::start();
        let client = Arc::new(Client::create(AppConfig { callback_mode: mode, ..config(&server.url()) }).unwrap());
        let (to, done) = channel();
        let inner = client.clone();
        let login: Completion<()> = Box::new(move |result| {
            result.unwrap();
            let (pending, completed) = channel();
            let invited: CallCompletion<_> = Box::new(move |_, result| pending.send(code(result)).unwrap());
            inner.call_invite(users(&["bob"]), options(), invited).unwrap();
            let (result, took) = destroyed(&inner);
            to.send((code(result), took, completed.try_recv().unwrap())).unwrap();
        });
        client.login(user("alice"), String::new(), login).unwrap();
        let _connection = server.accept_login();
        if mode == CallbackMode::Poll {
            while client.wait(PATIENCE.as_millis() as u32).is_ok() {
                client.poll(0).unwrap();
            }
        }
        let (ended, took, pending) = done.recv_timeout(PATIENCE).unwrap();
        assert_eq!((ended, pending), (Code::SUCCESS, Code::CLIENT_DESTROYED));
        assert!(took < BOUND, "{took:?}");
    }
}

#[test]
fn a_stuck_callback_is_reported_and_the_rest_happens_when_it_returns() {
    let server = Server::start();
    let client = Client::create(config(&server.url())).unwrap();
    let (begun, inside) = channel();
    let (open, gate) = channel::<()>();
    let stuck: Completion<()> = Box::new(move |_| {
        begun.send(()).unwrap();
        gate.recv_timeout(PATIENCE).unwrap();
    });
    client.login(user("alice"), String::new(), stuck).unwrap();
    let _connection = server.accept_login();
    inside.recv_timeout(PATIENCE).unwrap();
    let (to, done) = channel();
    let invited: CallCompletion<_> = Box::new(move |_, result| to.send(code(result)).unwrap());
    client.call_invite(users(&["bob"]), options(), invited).unwrap();
    let (result, took) = destroyed(&client);
    assert_eq!(code(result), Code::CALLBACK_STILL_RUNNING);
    assert!(took < BOUND + Duration::from_millis(100), "{took:?}");
    assert!(done.try_recv().is_err());
    open.send(()).unwrap();
    assert_eq!(done.recv_timeout(PATIENCE).unwrap(), Code::CLIENT_DESTROYED);
}

#[test]
fn only_one_of_two_destroys_does_it_and_waiting_ends() {
    let server = Server::start();
    let client = Client::create(AppConfig { callback_mode: CallbackMode::Poll, ..config(&server.url()) }).unwrap();
    let (waited, mut codes) = thread::scope(|scope| {
        let waiting = scope.spawn(|| code(client.wait(PATIENCE.as_millis() as u32)));
        let ends: Vec<_> = (0..2).map(|_| scope.spawn(|| code(client.destroy()))).collect();
        let codes: Vec<Code> = ends.into_iter().map(|end| end.join().unwrap()).collect();
        (waiting.join().unwrap(), codes)
    });
    assert_eq!(waited, Code::NOT_INIT);
    codes.sort();
    assert_eq!(codes, [Code::SUCCESS, Code::NOT_INIT]);
}

#[test]
fn a_logout_just_before_still_reaches_the_server() {
    let server = Server::start();
    let (host, connection) = Host::logged_in(&server);
    host.client.logout().unwrap();
    expect_quick_end(&host.client);
    assert!(matches!(connection.request().body, RequestBody::Logout));
    connection.expect_end();
}

#[test]
fn clients_come_and_go_in_many_threads() {
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let server = Server::start();
                for _ in 0..25 {
                    let host = Host::new(&server.url());
                    let done = host.login();
                    let _connection = server.accept_login();
                    done.recv_timeout(PATIENCE).unwrap().unwrap();
                    expect_quick_end(&host.client);
                }
            });
        }
    });
}
