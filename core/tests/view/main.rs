//! `CallView`: what a device tells its host, for every role, state and word of the server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::wildcard_enum_match_arm)]

mod support;

use support::*;
use zim_core::call::{FirstWord, ViewInput};

/// What a device hears first, and what it tells.
#[test]
fn first_words() {
    const HERE: FirstWord = FirstWord::Created { by_this_device: true };
    const ELSEWHERE: FirstWord = FirstWord::Created { by_this_device: false };
    let all = "S(alice:Accepted bob:Inviting carl:Inviting)";
    let table: &[(&str, &str, FirstWord, &str, &[&str])] = &[
        ("the device that invited", "alice", HERE, "Accepted Inviting Inviting", &[all]),
        ("the caller's other device", "alice", ELSEWHERE, "Accepted Inviting Inviting", &["Created(90000)"]),
        ("an invitee", "bob", FirstWord::Invited, "Accepted Inviting Inviting", &["Received(90000)"]),
        ("an invitee whose time is up", "bob", FirstWord::Invited, "0 Accepted Inviting Inviting", &[]),
        ("an invitee who has been cancelled", "bob", FirstWord::Invited, "Accepted BeCancelled Inviting", &[]),
        ("an invitee who rejected", "bob", FirstWord::Invited, "Accepted Rejected Inviting", &[]),
        ("an invitation to a call that is over", "bob", FirstWord::Invited, "Ended Accepted Accepted Rejected", &[]),
        (
            "an invitee who has accepted",
            "bob",
            FirstWord::Invited,
            "Accepted Accepted Inviting",
            &["S(alice:Accepted bob:Accepted carl:Inviting)"],
        ),
        ("snapshot: pending", "bob", FirstWord::Snapshot, "Accepted Received Rejected", &["Received(90000)"]),
        ("snapshot: no time left", "bob", FirstWord::Snapshot, "0 Accepted Received Inviting", &[]),
        (
            "snapshot: own call, unanswered",
            "alice",
            FirstWord::Snapshot,
            "Accepted Received Rejected",
            &["Created(90000)"],
        ),
        (
            "snapshot: own call, accepted by somebody",
            "alice",
            FirstWord::Snapshot,
            "Accepted Accepted Inviting",
            &["S(alice:Accepted bob:Accepted carl:Inviting)"],
        ),
        (
            "snapshot: has accepted",
            "carl",
            FirstWord::Snapshot,
            "Accepted Inviting Accepted",
            &["S(alice:Accepted bob:Inviting carl:Accepted)"],
        ),
        ("snapshot: rejected before", "carl", FirstWord::Snapshot, "Accepted Inviting Rejected", &[]),
        ("snapshot: over", "alice", FirstWord::Snapshot, "Ended Cancelled BeCancelled BeCancelled", &[]),
        ("snapshot: over for all", "bob", FirstWord::Snapshot, "Ended Accepted Accepted Timeout", &[]),
        ("snapshot: a stranger", "dora", FirstWord::Snapshot, "Accepted Inviting Inviting", &[]),
    ];
    for (name, me, first, call, expected) in table {
        let (view, told) = first_word(me, *first, call);
        assert_eq!(told, *expected, "{name}");
        assert_eq!(view.is_some(), !expected.is_empty(), "{name}");
    }
}

/// Every state that a device may be in, and everything that it may hear then.
#[test]
fn words_that_follow() {
    use Role::*;
    let table: &[(Role, Word, &[&str])] = &[
        // The device that invited.
        (Caller, changed("received bob:Received"), &["S(bob:Received)"]),
        (Caller, changed("not_received bob:NotYetReceived"), &["S(bob:NotYetReceived)"]),
        (Caller, changed("accepted bob:Accepted"), &["S(bob:Accepted)", "Accepted(bob,bob's)"]),
        (Caller, changed("rejected bob:Rejected"), &["S(bob:Rejected)", "Rejected(bob,bob's)"]),
        (Caller, changed("cancelled bob:BeCancelled"), &["S(bob:BeCancelled)"]),
        (
            Caller,
            changed("cancelled! bob:BeCancelled carl:BeCancelled alice:Cancelled"),
            &["S(bob:BeCancelled carl:BeCancelled alice:Cancelled)", "over"],
        ),
        (Caller, changed("timeout bob:Timeout"), &["S(bob:Timeout)", "AnsweredTimeout(bob)"]),
        (
            Caller,
            changed("timeout! bob:Timeout carl:Timeout"),
            &["S(bob:Timeout carl:Timeout)", "AnsweredTimeout(bob carl)", "over"],
        ),
        (Caller, changed("unknown bob:Received"), &["S(bob:Received)"]),
        (Caller, changed("old bob:Accepted"), &[]),
        (Caller, changed("received bob:Inviting"), &[]),
        (Caller, changed("received"), &[]),
        (
            Caller,
            snapshot("Accepted Accepted Rejected"),
            &["S(bob:Accepted carl:Rejected)", "Accepted(bob,bob's)", "Rejected(carl,carl's)"],
        ),
        (
            Caller,
            snapshot("Ended Accepted Timeout Timeout"),
            &["S(bob:Timeout carl:Timeout)", "AnsweredTimeout(bob carl)", "over"],
        ),
        (Caller, snapshot("Accepted Inviting Inviting"), &[]),
        (
            Caller,
            snapshot("Ended Cancelled BeCancelled BeCancelled"),
            &["S(alice:Cancelled bob:BeCancelled carl:BeCancelled)", "over"],
        ),
        (
            Caller,
            Word::Lost,
            &["S(alice:Cancelled/CallLost bob:BeCancelled/CallLost carl:BeCancelled/CallLost)", "over"],
        ),
        (Caller, Word::SessionEnded, &["over"]),
        (Caller, Word::TickAfterRing, &[]),
        // The same, after bob has accepted.
        (CallerOfAccepted, changed("cancelled! carl:BeCancelled"), &["S(carl:BeCancelled)", "over"]),
        (CallerOfAccepted, changed("accepted! carl:Accepted"), &["S(carl:Accepted)", "Accepted(carl,carl's)", "over"]),
        (CallerOfAccepted, Word::Lost, &["S(carl:BeCancelled/CallLost)", "over"]),
        (CallerOfAccepted, snapshot("Accepted Accepted Inviting"), &[]),
        // The device that invited, before the server's first word after the reply.
        (CallerJustAnswered, snapshot("Accepted Inviting Inviting"), &["S(alice:Accepted bob:Inviting carl:Inviting)"]),
        (
            CallerJustAnswered,
            snapshot("Accepted Accepted Inviting"),
            &["S(alice:Accepted bob:Accepted carl:Inviting)", "Accepted(bob,bob's)"],
        ),
        (
            CallerJustAnswered,
            snapshot("Ended Accepted Timeout Timeout"),
            &["S(alice:Accepted bob:Timeout carl:Timeout)", "AnsweredTimeout(bob carl)", "over"],
        ),
        (
            CallerJustAnswered,
            Word::Lost,
            &["S(alice:Cancelled/CallLost bob:BeCancelled/CallLost carl:BeCancelled/CallLost)", "over"],
        ),
        // An invitee who rings.
        (Ringing, changed("received bob:Received"), &["S(bob:Received)", "rings"]),
        (Ringing, changed("received carl:Received"), &["S(carl:Received)", "rings"]),
        (Ringing, changed("not_received carl:NotYetReceived"), &["S(carl:NotYetReceived)", "rings"]),
        (Ringing, changed("accepted carl:Accepted"), &["S(carl:Accepted)", "rings"]),
        (Ringing, changed("rejected carl:Rejected"), &["S(carl:Rejected)", "rings"]),
        (Ringing, changed("accepted bob:Accepted"), &["S(bob:Accepted)"]),
        (Ringing, changed("accepted bob:Accepted/AnsweredElsewhere"), &["S(bob:Accepted/AnsweredElsewhere)"]),
        (Ringing, changed("rejected bob:Rejected/AnsweredElsewhere"), &["S(bob:Rejected/AnsweredElsewhere)", "over"]),
        (Ringing, changed("cancelled bob:BeCancelled"), &["Cancelled(alice,bye)", "S(bob:BeCancelled)", "over"]),
        (Ringing, changed("cancelled carl:BeCancelled"), &["S(carl:BeCancelled)", "rings"]),
        (
            Ringing,
            changed("cancelled! bob:BeCancelled carl:BeCancelled alice:Cancelled"),
            &["Cancelled(alice,bye)", "S(bob:BeCancelled carl:BeCancelled alice:Cancelled)", "over"],
        ),
        (Ringing, changed("timeout bob:Timeout"), &["Timeout", "S(bob:Timeout)", "over"]),
        (Ringing, changed("timeout! bob:Timeout carl:Timeout"), &["Timeout", "S(bob:Timeout carl:Timeout)", "over"]),
        (Ringing, changed("timeout carl:Timeout"), &["S(carl:Timeout)", "rings"]),
        (Ringing, changed("unknown bob:Quit"), &["S(bob:Quit)", "over"]),
        // An end without a word about the own row: the ring must not outlive the call.
        (
            Ringing,
            changed("cancelled! carl:BeCancelled"),
            &["S(carl:BeCancelled)", "Cancelled(alice,)", "S(bob:BeCancelled/CallLost)", "over"],
        ),
        (Ringing, snapshot("Accepted Received Inviting"), &["S(bob:Received)", "rings"]),
        (Ringing, snapshot("Accepted Accepted Inviting"), &["S(bob:Accepted)"]),
        (Ringing, snapshot("Ended Accepted Timeout Timeout"), &["Timeout", "S(bob:Timeout carl:Timeout)", "over"]),
        (
            Ringing,
            snapshot("Ended Cancelled BeCancelled BeCancelled"),
            &["Cancelled(alice,)", "S(alice:Cancelled bob:BeCancelled carl:BeCancelled)", "over"],
        ),
        (Ringing, Word::Lost, &["Cancelled(alice,)", "S(bob:BeCancelled/CallLost)", "over"]),
        (Ringing, Word::SessionEnded, &["Timeout", "S(bob:Timeout/EndedLocally)", "over"]),
        (Ringing, Word::TickBeforeRingEnds, &["rings"]),
        (Ringing, Word::TickAfterRing, &["Timeout", "S(bob:Timeout/EndedLocally)"]),
        (Ringing, Word::Answering, &["rings"]),
        (Ringing, Word::Answered { done: true }, &[]),
        (Ringing, Word::Answered { done: false }, &["rings"]),
        // The same, with an own answer in flight.
        (RingingAnswering, Word::TickAfterRing, &["rings"]),
        (RingingAnswering, Word::Answered { done: true }, &[]),
        (RingingAnswering, Word::Answered { done: false }, &["rings"]),
        (RingingAnswering, changed("timeout bob:Timeout"), &["Timeout", "S(bob:Timeout)", "over"]),
        (RingingAnswering, changed("accepted bob:Accepted"), &["S(bob:Accepted)"]),
        (RingingAnswering, Word::SessionEnded, &["Timeout", "S(bob:Timeout/EndedLocally)", "over"]),
        // The own answer has been given, the change has not come.
        (JustAnswered, changed("accepted bob:Accepted"), &["S(bob:Accepted)"]),
        (JustAnswered, snapshot("Accepted Accepted Inviting"), &["S(bob:Accepted)"]),
        (JustAnswered, Word::TickAfterRing, &[]),
        (JustAnswered, Word::SessionEnded, &["over"]),
        (JustAnswered, Word::Lost, &["S(bob:BeCancelled/CallLost)", "over"]),
        // The ring has ended by itself: nothing ends it again.
        (EndedHere, changed("accepted bob:Accepted"), &["S(bob:Accepted)"]),
        (EndedHere, changed("cancelled bob:BeCancelled"), &["S(bob:BeCancelled)", "over"]),
        (EndedHere, changed("timeout bob:Timeout/NoAnswer"), &["S(bob:Timeout/NoAnswer)", "over"]),
        (EndedHere, snapshot("Accepted Received Inviting"), &["S(bob:Received)"]),
        (EndedHere, snapshot("Ended Accepted Timeout Timeout"), &["S(bob:Timeout carl:Timeout)", "over"]),
        (EndedHere, Word::Lost, &["over"]),
        (EndedHere, Word::SessionEnded, &["over"]),
        (EndedHere, Word::TickAfterRing, &[]),
        // Accepted here.
        (Accepted_, changed("accepted carl:Accepted"), &["S(carl:Accepted)"]),
        (Accepted_, changed("rejected! carl:Rejected"), &["S(carl:Rejected)", "over"]),
        (Accepted_, changed("timeout! carl:Timeout"), &["S(carl:Timeout)", "over"]),
        (Accepted_, Word::Lost, &["over"]),
        (Accepted_, Word::SessionEnded, &["over"]),
        // Accepted on another device: a snapshot does not take back where.
        (AcceptedElsewhere, snapshot("Accepted Accepted Inviting"), &[]),
        (AcceptedElsewhere, snapshot("Accepted Accepted Rejected"), &["S(carl:Rejected)"]),
    ];
    for (role, word, expected) in table {
        let told = after(*role, word.clone());
        assert_eq!(told, *expected, "{role:?} hears {word:?}");
    }
}

#[test]
fn a_ring_ends_by_itself_one_second_after_its_time() {
    let mut view = ringing();
    assert_eq!(view.next_deadline(), Some(NOW + 91_000));
    assert_eq!(hears(&mut view, NOW + 90_999, ViewInput::Tick), Vec::<String>::new());
    assert_eq!(hears(&mut view, NOW + 91_000, ViewInput::Tick), ["Timeout", "S(bob:Timeout/EndedLocally)"]);
    assert_eq!(view.next_deadline(), None);
}

#[test]
fn an_own_answer_in_flight_puts_the_end_off_until_it_is_over() {
    let mut view = ringing();
    hears(&mut view, NOW, ViewInput::Answering);
    hears(&mut view, NOW, ViewInput::Answering);
    assert_eq!(view.next_deadline(), None);
    hears(&mut view, NOW, ViewInput::Answered { done: false });
    assert_eq!(view.next_deadline(), None);
    assert_eq!(hears(&mut view, NOW + 95_000, ViewInput::Tick), Vec::<String>::new());
    hears(&mut view, NOW + 95_000, ViewInput::Answered { done: false });
    assert_eq!(view.next_deadline(), Some(NOW + 91_000));
    assert_eq!(hears(&mut view, NOW + 95_000, ViewInput::Tick), ["Timeout", "S(bob:Timeout/EndedLocally)"]);
}

#[test]
fn a_snapshot_may_shorten_a_ring_but_not_lengthen_it() {
    let mut view = ringing();
    hears(&mut view, NOW + 1_000, ViewInput::Snapshot(call("95000 Accepted Inviting Inviting", 2)));
    assert_eq!(view.next_deadline(), Some(NOW + 91_000));
    hears(&mut view, NOW + 1_000, ViewInput::Snapshot(call("20000 Accepted Inviting Inviting", 2)));
    assert_eq!(view.next_deadline(), Some(NOW + 22_000));
}

#[test]
fn a_snapshot_is_the_truth_also_when_its_numbers_are_lower() {
    let (view, _) = first_word("alice", FirstWord::Created { by_this_device: true }, "Accepted Inviting Inviting");
    let mut view = view.unwrap();
    hears(&mut view, NOW, ViewInput::Changed(change("accepted bob:Accepted", 7)));
    assert_eq!(view.rev(), 7);
    assert_eq!(hears(&mut view, NOW, ViewInput::Snapshot(call("Accepted Inviting Inviting", 3))), ["S(bob:Inviting)"]);
    assert_eq!(view.rev(), 3);
}

#[test]
fn a_call_just_answered_leaves_out_whom_the_server_refused() {
    let mut view = requested(&["bob", "alice", "dora", "bob"], &["dora"]);
    assert_eq!(
        hears(&mut view, NOW, ViewInput::Lost),
        ["S(alice:Cancelled/CallLost bob:BeCancelled/CallLost)"],
        "neither duplicates nor the caller nor unknown users have a row"
    );
}

#[test]
fn advanced_calls_tell_the_caller_the_change_only() {
    let mut info = call("Accepted Inviting Inviting", 1);
    info.mode = zim_protocol::call::CallMode::Advanced;
    let (view, _) = first_word_of("alice", FirstWord::Created { by_this_device: true }, info);
    let mut view = view.unwrap();
    let told = hears(&mut view, NOW, ViewInput::Changed(change("accepted bob:Accepted", 2)));
    assert_eq!(told, ["S(bob:Accepted)"]);
}

#[test]
fn a_row_that_was_not_there_is_news() {
    let mut view = ringing();
    let told = hears(&mut view, NOW, ViewInput::Changed(change("unknown dora:Inviting", 2)));
    assert_eq!(told, ["S(dora:Inviting)"]);
}

#[test]
fn a_user_who_is_named_twice_is_told_once() {
    let (view, _) = first_word("alice", FirstWord::Created { by_this_device: true }, "Accepted Inviting Inviting");
    let told = hears(&mut view.unwrap(), NOW, ViewInput::Changed(change("rejected bob:Accepted bob:Rejected", 2)));
    assert_eq!(told, ["S(bob:Rejected)", "Rejected(bob,bob's)"]);
}
