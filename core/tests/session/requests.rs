use zim_core::session::{Input, Output};
use zim_protocol::call::{CallUserState, Trigger};
use zim_protocol::code::Code;
use zim_protocol::frame::{ReplyBody, ServerFrame};

use crate::support::*;

const NOTHING: [&str; 0] = [];

#[test]
fn a_request_and_its_answer() {
    let mut client = Client::connected("bob", 0);
    assert_eq!(client.request(7, accept("x")), ["1> call_accept p.7 10000"]);
    assert_eq!(client.grant(), ["7 ok"]);
    assert_eq!(client.grant(), NOTHING, "a second answer is nobody's");
    client.request(8, accept("x"));
    assert_eq!(client.answer(Err(fault(Code::CALL_DOES_NOT_EXIST))), ["8 6000276"]);
    assert_eq!(client.answer_to("q.99", Ok(done(&accept("x")))), NOTHING);
}

#[test]
fn answers_come_in_any_order() {
    let mut client = Client::connected("bob", 0);
    client.request(7, accept("x"));
    client.request(8, cancel("y"));
    assert_eq!(client.answer_to("p.8", Ok(done(&cancel("y")))), ["8 ok"]);
    assert_eq!(client.answer_to("p.7", Ok(done(&accept("x")))), ["7 ok"]);
}

#[test]
fn an_answer_of_another_kind_is_a_fault() {
    let mut client = Client::connected("bob", 0);
    client.request(7, accept("x"));
    assert_eq!(client.answer(Ok(done(&cancel("x")))), ["7 6000109"]);
}

#[test]
fn a_request_expires() {
    let mut client = Client::connected("bob", 0);
    client.request(7, accept("x"));
    assert_eq!(client.after(9_999), NOTHING);
    assert_eq!(client.session.next_deadline(), Some(client.now + 1));
    assert_eq!(client.after(1), ["7 6000105", "1> ping"]);
    assert_eq!(client.grant(), NOTHING, "too late");
}

#[test]
fn times_are_kept_within_what_the_protocol_allows() {
    let mut client = Client::connected("bob", 0);
    for (timeout_ms, ttl) in [(0, 1), (1, 1), (60_000, 60_000), (u32::MAX, 60_000)] {
        let ticket = u64::from(timeout_ms);
        let sent = client.handle(Input::Request { ticket, timeout_ms, body: accept("x") });
        assert_eq!(sent, [format!("1> call_accept p.{ticket} {ttl}")]);
    }
}

#[test]
fn a_request_made_without_a_link_waits_for_the_next() {
    let mut client = Client::connected("bob", 0);
    assert_eq!(client.lost(), ["Reconnecting/LoginInterrupted"]);
    assert_eq!(client.request(7, accept("x")), NOTHING);
    client.reopen();
    client.now += 100;
    let left = 10_000 - (client.now - 1_000);
    let resumed = client.answer(Ok(ReplyBody::Resume(logged_in(0, None))));
    assert_eq!(resumed, ["Connected/Success".to_owned(), format!("2> call_accept p.7 {left}")]);
    assert_eq!(client.grant(), ["7 ok"]);
}

#[test]
fn a_request_that_never_found_a_link_expires_too() {
    let mut client = Client::connected("bob", 0);
    client.lost();
    client.request(7, accept("x"));
    loop {
        let outputs = client.next();
        client.lost();
        if client.now == 11_000 {
            assert_eq!(outputs[0], "7 6000105");
            break;
        }
        assert!(client.now < 11_000 && !outputs[0].starts_with('7'), "{outputs:?}");
    }
}

#[test]
fn an_unanswered_request_is_sent_again_under_its_id() {
    let mut client = Client::connected("bob", 0);
    client.request(7, accept("x"));
    client.request(8, cancel("y"));
    client.resume(0);
    let times: Vec<(String, u32)> =
        client.sent.iter().map(|request| (request.id.to_string(), request.ttl_ms)).collect();
    let left = u32::try_from(11_000 - client.now).unwrap();
    assert!(left < 10_000);
    assert_eq!(times[1..3], [("p.7".to_owned(), 10_000), ("p.8".to_owned(), 10_000)]);
    assert_eq!(times[4..], [("p.7".to_owned(), left), ("p.8".to_owned(), left)]);
    assert_eq!(client.answer_to("p.8", Ok(done(&cancel("y")))), ["8 ok"]);
    client.resume(0);
    assert_eq!(client.sent.last().unwrap().id.as_str(), "p.7", "and no more p.8");
    assert_eq!(client.answer_to("p.7", Ok(done(&accept("x")))), ["7 ok"]);
}

#[test]
fn results_come_before_the_events_that_a_reconnect_replays() {
    let mut client = Client::connected("bob", 0);
    client.frame(event(1, invited("x")));
    client.request(7, accept("x"));
    client.resume(1);
    let accepted = changed("x", 2, Trigger::Accepted, &[("bob", CallUserState::Accepted)]);
    assert_eq!(client.frame(event(2, accepted)), NOTHING);
    assert_eq!(client.frame(caught_up(2)), NOTHING, "everything is there, but the result is not");
    let more = changed("x", 3, Trigger::Received, &[("carl", CallUserState::Received)]);
    assert_eq!(client.frame(event(3, more)), NOTHING, "nothing overtakes");
    assert_eq!(client.answer_to("p.7", Ok(done(&accept("x")))), ["7 ok", "S x bob:Accepted", "S x carl:Received"]);
}

#[test]
fn a_result_that_does_not_come_holds_events_back_until_its_time_is_up() {
    let mut client = Client::connected("bob", 0);
    client.frame(event(1, invited("x")));
    client.request(7, cancel("y"));
    client.resume(1);
    client.frame(event(2, changed("x", 2, Trigger::Received, &[("carl", CallUserState::Received)])));
    client.frame(caught_up(2));
    client.now = 10_999;
    assert_eq!(client.handle(Input::Tick), NOTHING);
    client.now = 11_000;
    assert_eq!(client.handle(Input::Tick)[..2], ["7 6000105", "S x carl:Received"]);
}

#[test]
fn a_request_that_was_never_sent_holds_nothing_back() {
    let mut client = Client::connected("bob", 0);
    client.frame(event(1, invited("x")));
    client.lost();
    client.request(7, cancel("y"));
    client.reopen();
    client.answer(Ok(ReplyBody::Resume(logged_in(1, None))));
    client.request(8, cancel("z"));
    client.frame(event(2, changed("x", 2, Trigger::Received, &[("carl", CallUserState::Received)])));
    assert_eq!(client.frame(caught_up(2)), ["S x carl:Received"]);
}

#[test]
fn the_answer_to_a_request_of_an_earlier_connection_does_not_count_there() {
    let mut client = Client::connected("bob", 0);
    client.request(7, accept("x"));
    client.lost();
    let id = client.sent.last().unwrap().id.clone();
    let late = Input::Frame { connection: 1, frame: ServerFrame::Reply { id, body: done(&accept("x")) } };
    assert_eq!(client.handle(late), NOTHING);
    client.reopen();
    client.answer(Ok(ReplyBody::Resume(logged_in(0, None))));
    assert_eq!(client.answer_to("p.7", Ok(done(&accept("x")))), ["7 ok"]);
}

#[test]
fn faults_say_what_happened() {
    let mut client = Client::connected("bob", 0);
    let message = |client: &Client| match &client.last()[0] {
        Output::Complete { result: Err(fault), .. } => fault.message.clone(),
        other => panic!("{other:?}"),
    };
    client.request(7, accept("x"));
    client.after(10_000);
    assert!(message(&client).contains("has not answered"), "{}", message(&client));
    client.request(8, accept("x"));
    client.lost();
    client.request(9, accept("x"));
    client.after(10_000);
    assert!(message(&client).contains("link was lost"), "{}", message(&client));
    let Output::Complete { result: Err(fault), .. } = &client.last()[1] else { panic!("{:?}", client.last()) };
    assert!(fault.message.contains("not sent"), "{fault}");
}
