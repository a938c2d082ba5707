use zim_core::session::Input;
use zim_protocol::call::CallEvent;
use zim_protocol::code::Code;
use zim_protocol::frame::ReplyBody;
use zim_protocol::session::ClosingReason;

use crate::support::*;

const NOTHING: [&str; 0] = [];

fn created(n: u64) -> zim_protocol::frame::ServerFrame {
    let call = info("x", 1, 90_000, RINGING);
    event(n, CallEvent::CallCreated { call, by_this_device: true })
}

/// alice's invite has run out of time; the withdrawal is under way.
fn expired() -> Client {
    let mut client = Client::connected("alice", 0);
    client.request(7, invite("x"));
    assert_eq!(client.after(10_000), ["7 6000105", "1> call_cancel p.i2 10000 withdraw", "1> ping"][..2]);
    client
}

#[test]
fn an_invite_that_nobody_answers_is_taken_back() {
    let mut client = expired();
    assert_eq!(client.frame(created(1)), NOTHING, "the host has been told that it failed");
    assert_eq!(client.grant(), NOTHING);
    assert_eq!(client.frame(event(2, cancelled("x", 2))), NOTHING);
    client.resume(2);
    assert_eq!(client.sent.last().unwrap().body.kind(), "resume", "once it is answered");
}

#[test]
fn a_withdrawal_is_repeated_until_it_is_answered() {
    let mut client = expired();
    client.resume(0);
    let again = client.sent.last().unwrap();
    assert_eq!((again.id.as_str(), again.body.kind()), ("p.i2", "call_cancel"));
    client.frame(caught_up(0));
    client.answer(Err(fault(Code::SERVER_ERROR)));
    let before = client.now;
    while client.sent.last().unwrap().id.as_str() == "p.i2" {
        client.next();
    }
    assert_eq!(client.sent.last().unwrap().body.kind(), "call_cancel");
    assert_eq!(client.now, before + 5_000);
    client.answer(Err(fault(Code::CALL_IS_NOT_INVITOR)));
    client.resume(0);
    assert_eq!(client.sent.last().unwrap().body.kind(), "resume", "no more than that can be done");
}

#[test]
fn an_invite_that_expires_without_a_link_is_taken_back_after_it() {
    let mut client = Client::connected("alice", 0);
    client.request(7, invite("x"));
    client.lost();
    while client.now < 11_000 {
        client.next();
        client.lost();
    }
    client.reopen();
    let resumed = client.answer(Ok(ReplyBody::Resume(logged_in(0, Some(1)))));
    assert_eq!(resumed.len(), 2);
    assert!(resumed[1].ends_with(" 10000 withdraw"), "{resumed:?}");
    client.frame(snapshot(info("x", 1, 80_000, RINGING)));
    assert_eq!(client.frame(caught_up(0)), NOTHING);
}

#[test]
fn an_invite_that_was_never_sent_needs_no_withdrawal() {
    let mut client = Client::connected("alice", 0);
    client.lost();
    client.request(7, invite("x"));
    while client.now < 11_000 {
        client.next();
        client.lost();
    }
    client.reopen();
    assert_eq!(client.answer(Ok(ReplyBody::Resume(logged_in(0, None)))), ["Connected/Success"]);
}

#[test]
fn faults_that_leave_the_outcome_open_withdraw_and_refusals_do_not() {
    for code in [Code::SERVER_ERROR, Code::DATABASE_ERROR, Code::REQUEST_TIMEOUT, Code::SERVER_DISCONNECT] {
        let mut client = Client::connected("alice", 0);
        client.request(7, invite("x"));
        let outputs = client.answer(Err(fault(code)));
        assert_eq!(outputs, [&format!("7 {}", code.0), "1> call_cancel p.i2 10000 withdraw"]);
    }
    for code in [Code::CALL_ALREADY_EXISTS, Code::PARAMS_INVALID, Code::CALL_INVITE_USER_DOES_NOT_EXIST] {
        let mut client = Client::connected("alice", 0);
        client.request(7, invite("x"));
        assert_eq!(client.answer(Err(fault(code))), [format!("7 {}", code.0)]);
    }
}

#[test]
fn logging_out_takes_an_unanswered_invite_back() {
    let mut client = Client::connected("alice", 0);
    client.request(7, invite("x"));
    assert_eq!(
        client.handle(Input::Logout),
        ["7 6000122", "1> call_cancel p.i2 10000 withdraw", "1> logout p.i3 10000", "close 1", "Disconnected/Success"]
    );
    client.login(8, "alice");
    client.opened();
    assert_eq!(
        client.grant(),
        ["8 ok", "Connected/Success", "2> call_cancel p.i5 10000 withdraw"],
        "the first may not have arrived"
    );
}

#[test]
fn a_kick_takes_an_unanswered_invite_back_at_the_next_login_of_the_same_user() {
    let mut client = Client::connected("alice", 0);
    client.request(7, invite("x"));
    client.frame(closing(ClosingReason::KickedOut));
    client.login(8, "bob");
    client.opened();
    assert_eq!(client.grant(), ["8 ok", "Connected/Success"], "not bob's");
    client.handle(Input::Logout);
    client.login(9, "alice");
    client.opened();
    let outputs = client.answer(Ok(ReplyBody::Login(logged_in(0, Some(1)))));
    assert_eq!(outputs[..2], ["9 ok", "Connected/Success"]);
    assert!(outputs[2].ends_with("10000 withdraw"), "{outputs:?}");
    client.frame(snapshot(info("x", 1, 80_000, RINGING)));
    assert_eq!(client.frame(caught_up(0)), NOTHING);
    client.grant();
    client.handle(Input::Logout);
    client.login(10, "alice");
    client.opened();
    assert_eq!(client.grant(), ["10 ok", "Connected/Success"]);
}

#[test]
fn a_late_answer_to_a_withdrawn_invite_changes_nothing() {
    let mut client = expired();
    assert_eq!(client.answer_to("p.7", Ok(done(&invite("x")))), NOTHING);
    assert_eq!(client.frame(created(1)), NOTHING);
}
