use zim_core::session::Input;
use zim_protocol::call::{CallEvent, CallUserState, Trigger};
use zim_protocol::code::Code;
use zim_protocol::frame::ReplyBody;

use crate::support::*;

const NOTHING: [&str; 0] = [];

/// bob's phone rings; heartbeats are off, so that nothing but the ring waits for its time.
fn ringing() -> Client {
    let mut client = Client::new();
    client.login(100, "bob");
    client.opened();
    let mut answer = logged_in(0, Some(0));
    (answer.heartbeat_interval_ms, answer.heartbeat_timeout_ms) = (0, 0);
    client.answer(Ok(ReplyBody::Login(answer)));
    client.frame(caught_up(0));
    assert_eq!(client.frame(event(1, invited("x"))), ["Received x 90000"]);
    client
}

fn settled() -> Client {
    let mut client = ringing();
    client.returned();
    client.grant();
    client.after(50);
    client
}

#[test]
fn an_invitation_that_the_host_has_seen_is_received() {
    let mut client = ringing();
    assert_eq!(client.returned(), ["1> call_received p.i2 10000"]);
    assert_eq!(client.grant(), NOTHING);
    client.cut();
    client.grant();
    assert!(!client.sent.iter().skip(3).any(|request| request.body.kind() == "call_received"), "once it is answered");
}

#[test]
fn the_receipt_is_sent_again_until_it_is_answered() {
    let mut client = ringing();
    client.lost();
    client.returned();
    client.reopen();
    let receipt = "2> call_received p.i2 10000";
    assert_eq!(client.answer(Ok(ReplyBody::Resume(logged_in(1, None)))), ["Connected/Success", receipt]);
    client.frame(caught_up(1));
    client.cut();
    let receipt = "3> call_received p.i2 10000";
    assert_eq!(client.answer(Ok(ReplyBody::Resume(logged_in(1, None)))), ["Connected/Success", receipt]);
    assert_eq!(client.answer_to("p.i2", Err(fault(Code::DATABASE_ERROR))), NOTHING);
    client.frame(caught_up(1));
    let before = client.now;
    let outputs = loop {
        let outputs = client.next();
        if outputs.iter().any(|line| line.contains("call_received")) {
            break outputs;
        }
    };
    assert_eq!(outputs, ["3> call_received p.i5 10000"]);
    assert_eq!(client.now, before + 5_000);
    assert_eq!(client.answer(Err(fault(Code::CALL_DOES_NOT_EXIST))), NOTHING);
    client.cut();
    assert_eq!(client.answer(Ok(ReplyBody::Resume(logged_in(1, None)))), ["Connected/Success"]);
}

#[test]
fn a_ring_that_ended_before_the_host_returned_needs_no_receipt() {
    let mut client = ringing();
    client.frame(event(2, cancelled("x", 2)));
    assert_eq!(client.returned(), NOTHING);
}

#[test]
fn a_ring_ends_by_itself_with_or_without_a_link() {
    let mut client = settled();
    assert_eq!(client.session.next_deadline(), Some(1_000 + 91_000));
    assert_eq!(client.next(), ["Timeout x", "S x bob:Timeout"]);

    let mut client = settled();
    client.lost();
    let outputs = loop {
        let outputs = client.next();
        client.lost();
        if client.now >= 92_000 {
            break outputs;
        }
    };
    assert_eq!(client.now, 92_000);
    assert_eq!(outputs, ["Timeout x", "S x bob:Timeout"]);
}

#[test]
fn a_ring_ends_by_itself_while_events_are_held_back() {
    let mut client = settled();
    client.now = 91_000;
    client.request(7, cancel("y"));
    client.resume(1);
    client.frame(event(2, cancelled("x", 2)));
    client.frame(caught_up(2));
    client.after(50);
    client.now = 92_000;
    assert_eq!(client.handle(Input::Tick), ["Timeout x", "S x bob:Timeout"]);
    let rest = client.answer_to("p.7", Ok(done(&cancel("y"))));
    assert_eq!(rest, ["7 ok", "S x bob:BeCancelled carl:BeCancelled"], "the truth, without a second ending");
}

#[test]
fn an_own_answer_in_flight_puts_the_end_off() {
    let mut client = settled();
    client.now = 91_500;
    client.request(7, accept("x"));
    client.after(5_000);
    assert_eq!(client.grant(), ["7 ok"], "the answer is the ending");
    assert_eq!(client.after(60_000), NOTHING);

    let mut client = settled();
    client.now = 91_500;
    client.request(7, accept("x"));
    client.after(5_000);
    let refused = client.answer(Err(fault(Code::CALL_DOES_NOT_EXIST)));
    assert_eq!(refused, ["7 6000276", "Timeout x", "S x bob:Timeout"]);

    let mut client = settled();
    client.now = 91_500;
    client.request(7, accept("x"));
    assert_eq!(client.next(), ["7 6000105", "Timeout x", "S x bob:Timeout"]);
    assert_eq!(client.now, 101_500);
    let accepted = changed("x", 2, Trigger::Accepted, &[("bob", CallUserState::Accepted)]);
    assert_eq!(client.frame(event(2, accepted)), ["S x bob:Accepted"], "it had been done after all");
}

#[test]
fn of_several_rings_the_next_to_end_is_waited_for() {
    let mut client = settled();
    let waits_until = |client: &Client| client.session.next_deadline();
    for (n, call, remaining_ms) in [(2, "y", 20_000), (3, "w", 60_000)] {
        client.frame(event(n, CallEvent::CallInvited(info(call, 1, remaining_ms, RINGING))));
        client.returned();
        client.grant();
    }
    client.after(50);
    assert_eq!(waits_until(&client), Some(client.now - 50 + 21_000), "y");
    client.request(7, accept("y"));
    client.grant();
    assert_eq!(waits_until(&client), Some(client.now - 50 + 61_000), "w, when y is answered");
    client.frame(event(4, cancelled("w", 2)));
    client.returned();
    client.after(50);
    assert_eq!(waits_until(&client), Some(1_000 + 91_000), "x, when w is cancelled");
    client.handle(Input::Logout);
    assert_eq!(waits_until(&client), None);
}

#[test]
fn the_truth_that_a_reconnect_brings_comes_before_the_end_by_time() {
    let mut client = settled();
    client.now = 91_500;
    client.request(7, accept("x"));
    client.resume(1);
    client.frame(event(2, cancelled("x", 2)));
    client.frame(caught_up(2));
    client.after(50);
    client.now = 93_000;
    let refused = client.answer_to("p.7", Err(fault(Code::CALL_DOES_NOT_EXIST)));
    assert_eq!(refused, ["7 6000276", "Cancelled x", "S x bob:BeCancelled carl:BeCancelled"]);
}

#[test]
fn a_host_that_logs_out_hears_the_end_of_its_rings() {
    let mut client = settled();
    assert_eq!(
        client.handle(Input::Logout),
        ["Timeout x", "S x bob:Timeout", "1> logout p.i3 10000", "close 1", "Disconnected/Success"]
    );
}

#[test]
fn a_caller_waits_as_long_as_it_takes() {
    let mut client = Client::connected("alice", 0);
    client.request(7, invite("x"));
    client.grant();
    client.lost();
    for _ in 0..100 {
        let outputs = client.next();
        assert!(outputs.iter().all(|line| line.starts_with("open") || line.starts_with("close")), "{outputs:?}");
    }
    assert!(client.now > 200_000);
}
