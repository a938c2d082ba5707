use zim_core::session::{ConnectionState, Input};
use zim_protocol::code::Code;
use zim_protocol::frame::{ReplyBody, ServerFrame};
use zim_protocol::session::ClosingReason;

use crate::support::*;

const NOTHING: [&str; 0] = [];

#[test]
fn a_lost_link_comes_back_by_itself() {
    let mut client = Client::connected("bob", 10);
    assert_eq!(client.lost(), ["Reconnecting/LoginInterrupted"]);
    assert_eq!(client.session.state(), ConnectionState::Reconnecting);
    assert!(client.session.is_logged_in());
    let before = client.now;
    assert_eq!(client.next(), ["open 2"]);
    assert!((50..=200).contains(&(client.now - before)));
    assert_eq!(client.opened(), ["2> resume p.i2 10000"]);
    let resume = client.last_resume();
    assert_eq!((resume.session_id.as_str(), resume.login_epoch, resume.cursor), ("s", 5, 10));
    assert_eq!(client.grant(), ["Connected/Success"]);
}

#[test]
fn the_way_back_is_tried_for_ever_and_less_and_less_often() {
    let mut client = Client::connected("bob", 10);
    client.lost();
    let start = client.now;
    for attempt in 2..400 {
        assert_eq!(client.next(), [format!("open {attempt}")]);
        assert_eq!(client.lost(), NOTHING, "the host has been told once");
    }
    let mean = (client.now - start) / 398;
    assert!((3_500..6_500).contains(&mean), "{mean}");
    client.reopen();
    assert_eq!(client.grant(), ["Connected/Success"]);
    client.lost();
    let soon = client.session.next_deadline().unwrap() - client.now;
    client.reopen();
    client.grant();
    for _ in 0..3 {
        client.after(9_000);
        client.frame(ServerFrame::Pong);
    }
    client.lost();
    assert!(client.session.next_deadline().unwrap() - client.now <= 200, "a link that held makes up for the past");
    assert!(soon > 0);
}

#[test]
fn a_client_pings_when_it_has_sent_nothing_for_a_while() {
    let mut client = Client::connected("bob", 0);
    assert_eq!(client.next(), ["1> ping"]);
    assert_eq!(client.now, 11_000);
    client.after(4_000);
    client.request(7, accept("x"));
    client.grant();
    assert_eq!(client.next(), ["1> ping"]);
    assert_eq!(client.now, 25_000, "the request was a sign, too");
}

#[test]
fn a_silent_server_is_left() {
    let mut client = Client::connected("bob", 0);
    let mut outputs = Vec::new();
    while client.session.state() == ConnectionState::Connected {
        outputs = client.next();
    }
    assert_eq!(outputs, ["close 1", "Reconnecting/LoginInterrupted"]);
    assert_eq!(client.now, 36_000);
}

#[test]
fn any_frame_is_a_sign_of_life() {
    for frame in [ServerFrame::Pong, ServerFrame::Unknown { kind: "news".to_owned() }, event(1, invited("x"))] {
        let mut client = Client::connected("bob", 0);
        client.now = 35_999;
        client.frame(frame);
        client.now = 70_998;
        client.handle(Input::Tick);
        assert_eq!(client.session.state(), ConnectionState::Connected);
        client.now = 70_999;
        client.handle(Input::Tick);
        assert_eq!(client.session.state(), ConnectionState::Reconnecting);
    }
}

#[test]
fn heartbeats_are_as_the_server_announces() {
    let mut client = Client::connected("bob", 0);
    client.cut();
    let mut answer = logged_in(0, None);
    (answer.heartbeat_interval_ms, answer.heartbeat_timeout_ms) = (500, 2_000);
    client.answer(Ok(ReplyBody::Resume(answer.clone())));
    client.frame(caught_up(0));
    let before = client.now;
    assert_eq!(client.next(), ["2> ping"]);
    assert_eq!(client.now, before + 500);
    client.cut();
    (answer.heartbeat_interval_ms, answer.heartbeat_timeout_ms) = (0, 0);
    client.answer(Ok(ReplyBody::Resume(answer)));
    assert_eq!(client.session.next_deadline(), None, "0: no heartbeats");
}

#[test]
fn the_servers_last_word() {
    for (reason, code, state) in [
        (ClosingReason::KickedOut, 6090004, "Disconnected/KickedOut"),
        (ClosingReason::TokenExpired, 6000106, "Disconnected/TokenExpired"),
        (ClosingReason::Unregistered, 6000003, "Disconnected/Unregistered"),
    ] {
        let mut client = Client::connected("bob", 0);
        client.frame(event(1, invited("x")));
        client.request(7, accept("x"));
        assert_eq!(
            client.frame(closing(reason)),
            [&format!("7 {code}"), "Timeout x", "S x bob:Timeout", "close 1", state]
        );
        assert_eq!(client.session.next_deadline(), None, "no way back");
        assert_eq!(client.login(9, "bob"), ["Connecting/ActiveLogin", "open 2"]);
    }
    for reason in
        [ClosingReason::ServerStopping, ClosingReason::Idle, ClosingReason::ProtocolError, ClosingReason::Unknown]
    {
        let mut client = Client::connected("bob", 0);
        assert_eq!(client.frame(closing(reason)), ["close 1", "Reconnecting/LoginInterrupted"]);
        client.reopen();
        assert_eq!(client.grant(), ["Connected/Success"]);
    }
}

#[test]
fn a_refused_resume() {
    for (code, state) in [
        (Code::KICKED_OUT, "Disconnected/KickedOut"),
        (Code::TOKEN_EXPIRED, "Disconnected/TokenExpired"),
        (Code::TOKEN_INVALID, "Disconnected/TokenExpired"),
        (Code::TOKEN_VERSION_ERROR, "Disconnected/TokenExpired"),
        (Code::TOKEN_TIME_IS_TOO_SHORT, "Disconnected/TokenExpired"),
        (Code::INVALID_APP_ID, "Disconnected/Unregistered"),
    ] {
        let mut client = Client::connected("bob", 0);
        client.frame(event(1, invited("x")));
        client.request(7, accept("x"));
        client.cut();
        assert_eq!(
            client.answer(Err(fault(code))),
            [&format!("7 {}", code.0), "Timeout x", "S x bob:Timeout", "close 2", state]
        );
        assert_eq!(client.session.next_deadline(), None);
    }
    for code in [Code::SERVER_ERROR, Code::DATABASE_ERROR, Code::SERVER_STOPPING, Code::SERVER_FREQUENCY_LIMIT] {
        let mut client = Client::connected("bob", 0);
        client.cut();
        assert_eq!(client.answer(Err(fault(code))), ["close 2"]);
        client.reopen();
        assert_eq!(client.grant(), ["Connected/Success"]);
    }
}

#[test]
fn errors_without_a_request_reach_the_host() {
    let mut client = Client::connected("bob", 0);
    let error = ServerFrame::Error { id: None, fault: fault(Code::PROTOCOL_ERROR) };
    assert_eq!(client.frame(error), ["Error 6090006"]);
    assert_eq!(client.session.state(), ConnectionState::Connected);
}
