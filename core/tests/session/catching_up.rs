use zim_core::session::Input;
use zim_protocol::call::{CallEvent, CallState, CallUserState, Trigger};
use zim_protocol::frame::{ReplyBody, ServerFrame};
use zim_protocol::id::SessionId;

use crate::support::*;

const NOTHING: [&str; 0] = [];

/// The answer to a resume: a snapshot, and `cursor` behind it.
fn fresh(client: &mut Client, cursor: u64, calls: u32) {
    client.cut();
    client.answer(Ok(ReplyBody::Resume(logged_in(cursor, Some(calls)))));
    client.returned();
}

#[test]
fn a_device_catches_up_before_it_rings() {
    let mut client = Client::connected("bob", 10);
    client.resume(10);
    assert_eq!(client.last_resume().cursor, 10);
    assert_eq!(client.last_resume().epoch, EPOCH);
    assert_eq!(client.frame(event(11, invited("over"))), NOTHING);
    assert_eq!(client.frame(event(12, invited("here"))), NOTHING);
    assert_eq!(client.frame(event(13, cancelled("over", 2))), NOTHING);
    client.now += 2_000;
    assert_eq!(client.frame(caught_up(13)), ["Received here 88000"], "the time left counts from its arrival");
    assert_eq!(client.frame(event(14, invited("live"))), ["Received live 90000"]);
}

#[test]
fn an_invitation_whose_time_ran_out_meanwhile_is_withheld_with_all_that_follows() {
    let mut client = Client::connected("bob", 10);
    client.resume(10);
    client.frame(event(11, CallEvent::CallInvited(info("x", 1, 1_500, RINGING))));
    client.after(1_500);
    assert_eq!(client.frame(caught_up(11)), NOTHING);
    let received = changed("x", 2, Trigger::Received, &[("carl", CallUserState::Received)]);
    assert_eq!(client.frame(event(12, received)), NOTHING);
    assert_eq!(client.frame(event(13, cancelled("x", 3))), NOTHING);
}

#[test]
fn an_invitation_answered_on_another_device_is_a_running_call() {
    let mut client = Client::connected("bob", 10);
    client.resume(10);
    client.frame(event(11, invited("x")));
    client.frame(event(12, changed("x", 2, Trigger::Accepted, &[("bob", CallUserState::Accepted)])));
    client.frame(event(13, changed("x", 3, Trigger::Received, &[("carl", CallUserState::Received)])));
    assert_eq!(client.frame(caught_up(13)), ["S x alice:Accepted bob:Accepted carl:Received"]);
    let rejected = changed("x", 4, Trigger::Rejected, &[("carl", CallUserState::Rejected)]);
    assert_eq!(client.frame(event(14, rejected)), ["S x carl:Rejected"]);
}

#[test]
fn a_ring_that_was_shown_gets_its_ending_from_the_log() {
    let mut client = Client::connected("bob", 10);
    client.frame(event(11, invited("x")));
    client.resume(11);
    client.frame(event(12, changed("x", 2, Trigger::Received, &[("carl", CallUserState::Received)])));
    client.frame(event(13, cancelled("x", 3)));
    assert_eq!(
        client.frame(caught_up(13)),
        ["S x carl:Received", "Cancelled x", "S x bob:BeCancelled carl:BeCancelled"]
    );
}

#[test]
fn the_callers_other_device_hears_every_event_in_order() {
    let mut client = Client::connected("alice", 10);
    client.resume(10);
    let call = info("x", 1, 90_000, RINGING);
    client.frame(event(11, CallEvent::CallCreated { call, by_this_device: false }));
    client.frame(event(12, changed("x", 2, Trigger::Accepted, &[("bob", CallUserState::Accepted)])));
    assert_eq!(client.frame(caught_up(12)), ["Created x 90000", "S x bob:Accepted", "Accepted x bob"]);
}

#[test]
fn a_first_login_takes_a_snapshot() {
    let mut client = Client::new();
    client.login(1, "bob");
    client.opened();
    client.answer(Ok(ReplyBody::Login(logged_in(40, Some(3)))));
    let mut own = info("own", 2, 50_000, RINGING);
    own.caller = user("bob");
    (own.users[0].state, own.users[1].state) = (CallUserState::Received, CallUserState::Accepted);
    client.frame(snapshot(own));
    client.frame(snapshot(info("ring", 1, 30_000, RINGING)));
    let mut running = info("runs", 4, 0, RINGING);
    running.users[1].state = CallUserState::Accepted;
    client.frame(snapshot(running));
    client.frame(event(41, cancelled("gone", 3)));
    assert_eq!(
        client.frame(caught_up(41)),
        ["Created own 50000", "Received ring 30000", "S runs alice:Accepted bob:Accepted carl:Inviting"]
    );
}

#[test]
fn an_invitation_of_the_snapshot_may_be_over_by_the_end_of_the_log() {
    let mut client = Client::new();
    client.login(1, "bob");
    client.opened();
    client.answer(Ok(ReplyBody::Login(logged_in(40, Some(1)))));
    client.frame(snapshot(info("x", 3, 30_000, RINGING)));
    client.frame(event(41, cancelled("x", 3)));
    client.frame(event(42, cancelled("x", 4)));
    assert_eq!(client.frame(caught_up(42)), NOTHING);
}

#[test]
fn a_snapshot_tells_the_difference() {
    let mut client = Client::connected("bob", 10);
    client.frame(event(11, invited("cancelled")));
    client.frame(event(12, invited("lost")));
    client.frame(event(13, invited("same")));
    client.cut();
    let asked: Vec<&str> = client.last_resume().calls.iter().map(|call| call.as_str()).collect();
    assert_eq!(asked, ["same", "lost", "cancelled"]);
    client.answer(Ok(ReplyBody::Resume(logged_in(30, Some(3)))));
    let mut over = info("cancelled", 3, 0, RINGING);
    over.state = CallState::Ended;
    over.users[0].state = CallUserState::Cancelled;
    over.users[1].state = CallUserState::BeCancelled;
    client.frame(snapshot(over));
    client.frame(snapshot(info("same", 1, 60_000, RINGING)));
    client.frame(snapshot(info("unheard", 1, 60_000, RINGING)));
    assert_eq!(
        client.frame(caught_up(30)),
        [
            "Cancelled lost",
            "S lost bob:BeCancelled",
            "Cancelled cancelled",
            "S cancelled alice:Cancelled bob:BeCancelled",
            "Received unheard 60000"
        ]
    );
    assert_eq!(client.frame(event(20, cancelled("same", 2))), NOTHING, "in the snapshot already");
    assert_eq!(client.frame(event(31, cancelled("same", 2))).len(), 2);
}

#[test]
fn events_that_the_snapshot_has_already_tell_nothing() {
    let mut client = Client::connected("alice", 0);
    client.request(7, invite("x"));
    client.grant();
    fresh(&mut client, 5, 1);
    let mut call = info("x", 3, 60_000, RINGING);
    call.users[1].state = CallUserState::Accepted;
    client.frame(snapshot(call));
    client.frame(event(6, changed("x", 3, Trigger::Accepted, &[("bob", CallUserState::Accepted)])));
    assert_eq!(client.frame(caught_up(6)), ["S x alice:Accepted bob:Accepted carl:Inviting", "Accepted x bob"]);
}

#[test]
fn a_call_made_after_the_snapshot_was_taken_is_not_lost() {
    let mut client = Client::connected("alice", 0);
    client.request(7, invite("x"));
    fresh(&mut client, 5, 0);
    assert_eq!(client.answer_to("p.7", Ok(done(&invite("x")))), ["7 ok"]);
    let call = info("x", 1, 90_000, RINGING);
    client.frame(event(6, CallEvent::CallCreated { call, by_this_device: true }));
    assert_eq!(client.frame(caught_up(6)), ["S x alice:Accepted bob:Inviting carl:Inviting"]);
}

#[test]
fn a_catch_up_that_is_cut_begins_again_from_the_same_place() {
    let mut client = Client::connected("bob", 10);
    client.frame(event(11, invited("x")));
    client.cut();
    let mut answer = logged_in(30, Some(1));
    answer.session_id = SessionId::parse("s2").unwrap();
    client.answer(Ok(ReplyBody::Resume(answer)));
    client.frame(snapshot(info("y", 1, 60_000, RINGING)));
    client.cut();
    let resume = client.last_resume();
    assert_eq!((resume.session_id.as_str(), resume.epoch, resume.cursor), ("s2", EPOCH, 11));
    client.answer(Ok(ReplyBody::Resume(logged_in(11, None))));
    client.frame(event(12, cancelled("x", 2)));
    assert_eq!(client.frame(caught_up(12)), ["Cancelled x", "S x bob:BeCancelled carl:BeCancelled"]);
}

#[test]
fn a_first_snapshot_that_was_cut_is_asked_for_again() {
    let mut client = Client::new();
    client.login(1, "bob");
    client.opened();
    client.answer(Ok(ReplyBody::Login(logged_in(40, Some(1)))));
    client.cut();
    assert_eq!((client.last_resume().epoch, client.last_resume().cursor), (0, 0), "of no past at all");
    assert_eq!(
        client.answer(Ok(ReplyBody::Resume(logged_in(0, None)))),
        ["Error 6090006", "close 2"],
        "there is nothing to go on from"
    );
}

#[test]
fn a_server_whose_past_has_changed_is_asked_for_a_snapshot() {
    let mut client = Client::connected("bob", 10);
    client.frame(event(11, invited("x")));
    let other = ServerFrame::Event { epoch: EPOCH + 1, n: 2, event: cancelled("x", 2) };
    assert_eq!(client.frame(other), ["close 1", "Reconnecting/LoginInterrupted"]);
    client.reopen();
    let mut answer = logged_in(2, Some(1));
    answer.epoch = EPOCH + 1;
    client.answer(Ok(ReplyBody::Resume(answer)));
    let mut call = info("x", 1, 0, RINGING);
    call.state = CallState::Ended;
    call.users[1].state = CallUserState::Timeout;
    client.frame(snapshot(call));
    assert_eq!(client.frame(ServerFrame::CaughtUp { epoch: EPOCH + 1, n: 2 }), ["Timeout x", "S x bob:Timeout"]);
    client.cut();
    assert_eq!((client.last_resume().epoch, client.last_resume().cursor), (EPOCH + 1, 2));
}

#[test]
fn what_the_protocol_does_not_allow_ends_the_connection() {
    let cases: Vec<(&str, Vec<ServerFrame>)> = vec![
        (
            "a snapshot beyond the announced ones",
            vec![
                snapshot(info("a", 1, 1, RINGING)),
                snapshot(info("b", 1, 1, RINGING)),
                snapshot(info("c", 1, 1, RINGING)),
            ],
        ),
        ("an event before the end of the snapshot", vec![snapshot(info("a", 1, 1, RINGING)), event(31, invited("x"))]),
        ("the end before the end of the snapshot", vec![snapshot(info("a", 1, 1, RINGING)), caught_up(30)]),
    ];
    for (name, frames) in cases {
        let mut client = Client::connected("bob", 10);
        fresh(&mut client, 30, 2);
        let mut outputs = Vec::new();
        for frame in frames {
            outputs = client.frame(frame);
        }
        assert_eq!(outputs, ["Error 6090006", "close 2", "Reconnecting/LoginInterrupted"], "{name}");
        client.reopen();
    }

    let mut client = Client::connected("bob", 10);
    assert_eq!(client.frame(snapshot(info("a", 1, 1, RINGING))).len(), 3, "a snapshot out of the blue");

    let mut client = Client::new();
    client.login(1, "bob");
    client.opened();
    assert_eq!(client.frame(event(1, invited("x"))), ["Error 6090006", "close 1"], "an event before the answer");

    let mut client = Client::connected("bob", 10);
    client.cut();
    let skipped = client.answer(Ok(ReplyBody::Resume(logged_in(12, None))));
    assert_eq!(skipped, ["Error 6090006", "close 2"], "entries are missing");
}

#[test]
fn a_flood_is_not_kept() {
    let mut client = Client::connected("bob", 0);
    client.resume(0);
    for n in 1..=4_096 {
        assert!(!client.frame(event(n, cancelled("x", n))).iter().any(|line| line.starts_with("close")), "{n}");
    }
    assert_eq!(client.frame(event(4_097, invited("x"))), ["Error 6090006", "close 2", "Reconnecting/LoginInterrupted"]);
    client.reopen();
    assert_eq!(client.last_resume().cursor, 0);
}

#[test]
fn at_most_a_hundred_calls_are_asked_for_the_newest() {
    let mut client = Client::connected("bob", 0);
    for n in 1..=120 {
        client.frame(event(n, invited(&format!("call-{n:03}"))));
    }
    client.cut();
    let calls = &client.last_resume().calls;
    assert_eq!(calls.len(), 100);
    assert!(calls.contains(&call_id("call-120")) && !calls.contains(&call_id("call-020")));
}

#[test]
fn frames_of_an_earlier_connection_are_nobodys() {
    let mut client = Client::connected("bob", 0);
    client.resume(0);
    for frame in [event(1, invited("x")), caught_up(9), ServerFrame::Pong, snapshot(info("x", 1, 1, RINGING))] {
        assert_eq!(client.handle(Input::Frame { connection: 1, frame }), NOTHING);
    }
    assert_eq!(client.handle(Input::Opened { connection: 1 }), NOTHING);
    let fault = fault(zim_protocol::code::Code::NETWORK_ERROR);
    assert_eq!(client.handle(Input::Lost { connection: 1, fault }), NOTHING);
}

#[test]
fn a_call_that_came_and_went_before_its_invite_was_answered() {
    let mut client = Client::connected("alice", 0);
    client.request(7, invite("x"));
    client.cut();
    assert_eq!(client.last_resume().calls, [call_id("x")], "the invite may have made it");
    client.answer(Ok(ReplyBody::Resume(logged_in(5, Some(1)))));
    let mut call = info("x", 2, 0, RINGING);
    call.state = CallState::Ended;
    call.users[0].state = CallUserState::Cancelled;
    (call.users[1].state, call.users[2].state) = (CallUserState::BeCancelled, CallUserState::BeCancelled);
    client.frame(snapshot(call));
    client.frame(caught_up(5));
    assert_eq!(
        client.answer_to("p.7", Ok(done(&invite("x")))),
        ["7 ok", "S x alice:Cancelled bob:BeCancelled carl:BeCancelled"]
    );
}
