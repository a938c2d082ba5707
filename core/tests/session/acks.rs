use zim_core::session::Input;
use zim_protocol::frame::{ReplyBody, ServerFrame};

use crate::support::*;

const NOTHING: [&str; 0] = [];

/// An event of which the host hears nothing.
fn silent(n: u64) -> ServerFrame {
    event(n, cancelled("unknown", 2))
}

#[test]
fn an_event_is_acknowledged_after_the_host_has_returned() {
    let mut client = Client::connected("bob", 10);
    client.after(50);
    client.frame(event(11, invited("x")));
    assert_eq!(client.after(1_000), NOTHING);
    assert_eq!(client.returned(), ["1> call_received p.i2 10000"]);
    assert_eq!(client.session.next_deadline(), Some(client.now + 50));
    assert_eq!(client.next(), ["1> ack 11"]);
}

#[test]
fn what_does_not_concern_the_host_counts_at_once() {
    let mut client = Client::connected("bob", 10);
    client.after(50);
    client.frame(silent(11));
    client.frame(ServerFrame::UnknownEvent { epoch: EPOCH, n: 12, event: "news".to_owned() });
    assert_eq!(client.session.unknown_frames(), 1);
    assert_eq!(client.frame(caught_up(15)), NOTHING, "the log has been read further, with nothing for this device");
    assert_eq!(client.after(49), NOTHING);
    assert_eq!(client.after(1), ["1> ack 15"]);
    assert_eq!(client.after(1_000), NOTHING);
}

#[test]
fn what_follows_a_callback_that_has_not_returned_is_not_acknowledged() {
    let mut client = Client::connected("bob", 10);
    client.after(50);
    client.frame(event(11, invited("x")));
    client.frame(silent(12));
    client.frame(event(13, invited("y")));
    assert_eq!(client.after(1_000), NOTHING);
    let first = client.out.remove(0);
    client.handle(Input::Delivered { delivery: first });
    assert_eq!(client.after(50), ["1> ack 12"]);
    client.returned();
    assert_eq!(client.after(50), ["1> ack 13"]);
}

#[test]
fn acknowledgements_go_together() {
    let mut client = Client::connected("bob", 0);
    client.after(50);
    for n in 1..64 {
        assert_eq!(client.frame(silent(n)), NOTHING);
        client.after(u64::from(n % 2 == 0));
    }
    assert_eq!(client.frame(silent(64)), ["1> ack 64"], "many do not wait");
    client.frame(silent(65));
    client.after(20);
    client.frame(silent(66));
    assert_eq!(client.after(29), NOTHING);
    assert_eq!(client.after(1), ["1> ack 66"], "50 ms after the first");
}

#[test]
fn repeated_entries_are_taken_once() {
    let mut client = Client::connected("bob", 10);
    assert_eq!(client.frame(event(11, invited("x"))).len(), 1);
    assert_eq!(client.frame(event(11, invited("y"))), NOTHING);
    assert_eq!(client.frame(event(3, invited("y"))), NOTHING);
    assert_eq!(client.frame(event(20, invited("y"))).len(), 1, "gaps are entries for other devices");
}

#[test]
fn a_new_connection_hears_the_last_acknowledgement_again() {
    let mut client = Client::connected("bob", 10);
    client.frame(silent(11));
    client.after(50);
    client.resume(11);
    client.frame(caught_up(11));
    assert_eq!(client.after(50), ["2> ack 11"]);
    assert_eq!(client.after(100), NOTHING);
}

#[test]
fn callbacks_that_return_after_a_loss_are_acknowledged_on_the_next_connection() {
    let mut client = Client::connected("bob", 10);
    client.frame(event(11, invited("x")));
    client.lost();
    client.returned();
    assert_ne!(client.session.next_deadline(), Some(client.now + 50), "nothing to say it to");
    client.reopen();
    assert_eq!(client.last_resume().cursor, 11, "taken, whether or not it was acknowledged");
    assert_eq!(
        client.answer(Ok(ReplyBody::Resume(logged_in(11, None)))),
        ["Connected/Success", "2> call_received p.i2 10000"]
    );
    client.frame(caught_up(11));
    client.returned();
    assert_eq!(client.after(50), ["2> ack 11"]);
}

#[test]
fn numbers_of_another_past_are_not_acknowledged() {
    let mut client = Client::connected("bob", 10);
    client.frame(event(11, invited("x")));
    client.cut();
    let mut answer = logged_in(3, Some(1));
    answer.epoch = EPOCH + 1;
    client.answer(Ok(ReplyBody::Resume(answer)));
    client.returned();
    assert_eq!(client.after(50), NOTHING, "11 is a number of the other past");
    client.frame(snapshot(info("x", 1, 80_000, RINGING)));
    client.frame(ServerFrame::CaughtUp { epoch: EPOCH + 1, n: 3 });
    client.returned();
    assert_eq!(client.after(50), NOTHING, "a snapshot needs no acknowledgement");
    client.frame(ServerFrame::Event { epoch: EPOCH + 1, n: 4, event: cancelled("unknown", 2) });
    assert_eq!(client.after(50), ["2> ack 4"]);
}

#[test]
fn what_is_held_back_is_not_acknowledged() {
    let mut client = Client::connected("bob", 0);
    client.after(50);
    client.resume(0);
    client.returned();
    for n in 1..=1_000 {
        assert_eq!(client.frame(silent(n)), NOTHING);
    }
    assert_eq!(client.after(50), NOTHING);
    assert_eq!(client.frame(caught_up(1_000)), ["2> ack 1000"]);
}

#[test]
fn callbacks_of_a_session_that_is_over_hold_nothing_back() {
    let mut client = Client::connected("bob", 0);
    client.frame(event(1, invited("x")));
    client.handle(Input::Logout);
    let old = std::mem::take(&mut client.out);
    client.login(101, "bob");
    client.opened();
    client.grant();
    client.frame(caught_up(0));
    client.returned();
    client.frame(silent(1));
    assert_eq!(client.after(50), ["2> ack 1"]);
    for delivery in old {
        assert_eq!(client.handle(Input::Delivered { delivery }), NOTHING, "no receipt of a ring that is gone");
    }
}
