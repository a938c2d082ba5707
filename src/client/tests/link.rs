//! Connecting, losing the link, and coming back.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Instant;

use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use zim_protocol::call::CallInvited;
use zim_protocol::frame::{ClientFrame, RequestBody, ServerFrame};

use super::server::Manners;
use super::*;

/// How a login with little time fails at this URL.
fn failed_login(url: &str) -> Fault {
    let host = Host::with(AppConfig { request_timeout_ms: 700, ..config(url) });
    let fault = host.login().recv_timeout(PATIENCE).unwrap().unwrap_err();
    assert_eq!(host.client.connection_state(), ConnectionState::Disconnected);
    fault
}

fn unused_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn a_server_that_cannot_be_reached_is_named_with_the_reason() {
    let port = unused_port();
    let fault = failed_login(&format!("ws://127.0.0.1:{port}/zim?key=secret"));
    assert_eq!(fault.code, Code::NETWORK_ERROR, "{fault}");
    assert!(fault.message.contains(&format!("ws://127.0.0.1:{port}/zim: nothing listens on")), "{fault}");
    assert!(!fault.message.contains("secret"), "{fault}");

    let fault = failed_login("ws://no-such-host.invalid/zim");
    assert_eq!(fault.code, Code::NETWORK_ERROR, "{fault}");
    assert!(fault.message.contains("\"no-such-host.invalid\" cannot be resolved"), "{fault}");
}

#[test]
fn a_server_that_is_no_zim_server_is_named_with_the_reason() {
    let other = Server::with(Manners { subprotocol: None, status: None }, None);
    let fault = failed_login(&other.url());
    assert!(fault.message.contains("does not speak zim.v1"), "{fault}");
    let other = Server::with(Manners { subprotocol: None, status: Some(404) }, None);
    let fault = failed_login(&other.url());
    assert!(fault.message.contains("HTTP 404 Not Found") && fault.message.contains("path"), "{fault}");

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/zim", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 1_024]);
            let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n\r\n");
        }
    });
    let fault = failed_login(&url);
    assert!(fault.message.contains("is not a working zim-server"), "{fault}");
}

#[test]
fn a_lost_link_comes_back_and_requests_are_sent_again() {
    let server = Server::start();
    let (host, connection) = Host::logged_in(&server);
    let done = host.invite(&["bob"]);
    let first = connection.request();
    drop(connection);
    let why = host.expect_state(ConnectionState::Reconnecting);
    assert!(why.contains(&server.url()), "{why}");
    assert_eq!(host.client.connection_state(), ConnectionState::Reconnecting);
    // Taken while there is no link.
    let later = host.invite(&["carol"]);

    let connection = server.accept();
    let resume = connection.welcome();
    assert!(matches!(resume.body, RequestBody::Resume(_)));
    host.expect_state(ConnectionState::Connected);
    let again = connection.request();
    assert_eq!((&again.id, &again.body), (&first.id, &first.body));
    let second = connection.request();
    for request in [&again, &second] {
        let RequestBody::CallInvite(invite) = &request.body else { panic!("{}", request.body.kind()) };
        let reply = CallInvited { call_id: invite.call_id.clone(), timeout_s: 90, error_users: Vec::new() };
        connection.reply(request, ReplyBody::CallInvite(reply));
    }
    done.recv_timeout(PATIENCE).unwrap().1.unwrap();
    later.recv_timeout(PATIENCE).unwrap().1.unwrap();
}

#[test]
fn the_reason_of_a_close_reaches_the_host() {
    let server = Server::start();
    let (host, connection) = Host::logged_in(&server);
    let frame = CloseFrame { code: CloseCode::Restart, reason: "upgrade".into() };
    connection.send_raw(Message::Close(Some(frame)));
    let why = host.expect_state(ConnectionState::Reconnecting);
    assert!(why.contains("closed the connection (1012: upgrade)"), "{why}");
    server.accept_login();
    host.expect_state(ConnectionState::Connected);
}

#[test]
fn a_server_that_breaks_the_protocol_is_left_and_tried_again() {
    let server = Server::start();
    let (host, mut connection) = Host::logged_in(&server);
    for (message, says) in [
        (Message::text("no json"), "one JSON object"),
        (Message::text("{\"kind\":\"event\",\"epoch\":7}"), "needs the key"),
        (Message::text("[".repeat(100_000)), "one JSON object"),
        (Message::binary(vec![1, 2, 3]), "a binary frame of 3 bytes"),
        (Message::text("x".repeat(2_000_000)), "too large"),
    ] {
        connection.send_raw(message);
        let why = host.expect_state(ConnectionState::Reconnecting);
        assert!(why.contains("what the protocol does not allow") && why.contains(says), "{why}");
        connection = server.accept_login();
        host.expect_state(ConnectionState::Connected);
    }
    // An answer that cannot be read ends its request only.
    let done = host.invite(&["bob"]);
    let request = connection.request();
    let wrong = format!("{{\"kind\":\"reply\",\"id\":\"{}\",\"of\":\"call_invite\",\"data\":7}}", request.id);
    connection.send_raw(Message::text(wrong));
    let fault = done.recv_timeout(PATIENCE).unwrap().1.unwrap_err();
    assert_eq!(fault.code, Code::RSP_PROTO_PARSE_ERROR, "{fault}");
    assert_eq!(host.client.connection_state(), ConnectionState::Connected);
}

#[test]
fn a_silent_link_is_pinged_and_then_given_up() {
    let server = Server::start();
    let host = Host::new(&server.url());
    let done = host.login();
    let connection = server.accept();
    connection.welcome_with(|answer| {
        answer.heartbeat_interval_ms = 50;
        answer.heartbeat_timeout_ms = 300;
    });
    done.recv_timeout(PATIENCE).unwrap().unwrap();
    host.expect_state(ConnectionState::Connecting);
    host.expect_state(ConnectionState::Connected);
    for _ in 0..10 {
        assert_eq!(connection.frame(), ClientFrame::Ping);
        connection.send(&ServerFrame::Pong);
    }
    let why = host.expect_state(ConnectionState::Reconnecting);
    assert!(why.contains("nothing was heard of the server for 300 ms"), "{why}");
}

#[test]
fn a_request_without_an_answer_ends_in_time() {
    let server = Server::start();
    let host = Host::with(AppConfig { request_timeout_ms: 300, ..config(&server.url()) });
    let done = host.login();
    let connection = server.accept_login();
    done.recv_timeout(PATIENCE).unwrap().unwrap();
    let begun = Instant::now();
    let done = host.invite(&["bob"]);
    connection.request();
    let fault = done.recv_timeout(PATIENCE).unwrap().1.unwrap_err();
    assert_eq!(fault.code, Code::REQUEST_TIMEOUT, "{fault}");
    assert!(begun.elapsed() >= Duration::from_millis(300));
}
