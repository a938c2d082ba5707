//! The rules of a call, explored to the end: the real `CallAuthority`, `Inbox`, presence and `ClientSession`s, a
//! network that keeps order on a connection and loses what is under way at a cut, and every order of events.
//!
//! alice calls; bob has one device, carl two. No single scope holds everything at once, so several hold different
//! parts of it, each without a gap. What all of them leave out: lost acknowledgements, callbacks that return late,
//! and heartbeats; scripts and random runs of the session cover those.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod choices;
mod host;
mod server;
mod shared;
mod world;

use std::time::Instant;

use stateright::{Checker, HasDiscoveries, Model};

use choices::Scope;
use host::Asked::{Accept, Reject};
use server::Faults;

/// Explores everything that is possible in a scope.
fn explore(name: &str, scope: Scope) {
    let start = Instant::now();
    let checker = scope.checker().spawn_bfs().join();
    println!(
        "{name}: {} states, {} transitions, at most {} steps, {:.1} s",
        checker.unique_state_count(),
        checker.state_count(),
        checker.max_depth(),
        start.elapsed().as_secs_f32()
    );
    if let Some(path) = checker.discovery("all is well") {
        let problem = path.last_state().problem;
        panic!("{name}: {problem:?} after {:#?}", path.into_actions());
    }
    assert!(checker.is_done());
    checker.assert_properties();
}

/// A server that does something wrong is found out, and by the right rule.
fn finds(expected: &str, scope: Scope) {
    let checker = scope.checker().finish_when(HasDiscoveries::Any).spawn_bfs().join();
    let path = checker.assert_any_discovery("all is well");
    let problem = path.last_state().problem;
    assert_eq!(problem, Some(expected), "after {:#?}", path.into_actions());
}

fn calm() -> Scope {
    Scope {
        callees: vec![("bob", "b", &[Accept])],
        cancels: false,
        cuts: 0,
        expiries: 0,
        receipts: false,
        is_prompt: true,
        faults: Faults::default(),
    }
}

/// Everybody answers, alice may cancel, one link is cut at any moment.
#[test]
fn three_devices_answer_and_a_link_is_cut() {
    explore(
        "three devices answer and a link is cut",
        Scope {
            callees: vec![("bob", "b", &[Accept]), ("carl", "c1", &[Accept]), ("carl", "c2", &[Reject])],
            cancels: true,
            cuts: 1,
            ..calm()
        },
    );
}

/// Two cuts, of one link or of two, among all four devices; one of them answers, alice may cancel.
#[test]
fn two_links_are_cut_while_one_device_answers() {
    explore(
        "two links are cut while one device answers",
        Scope {
            callees: vec![("bob", "b", &[]), ("carl", "c1", &[Accept]), ("carl", "c2", &[])],
            cancels: true,
            cuts: 2,
            ..calm()
        },
    );
}

/// Two cuts among all four devices while a device of each callee answers.
#[test]
fn two_links_are_cut_while_two_users_answer() {
    explore(
        "two links are cut while two users answer",
        Scope {
            callees: vec![("bob", "b", &[Accept]), ("carl", "c1", &[Accept]), ("carl", "c2", &[])],
            cuts: 2,
            ..calm()
        },
    );
}

/// Two cuts while both devices of one user answer, each in its own way.
#[test]
fn two_links_are_cut_while_two_devices_of_a_user_answer() {
    explore(
        "two links are cut while two devices of a user answer",
        Scope { callees: vec![("carl", "c1", &[Accept]), ("carl", "c2", &[Reject])], cancels: true, cuts: 2, ..calm() },
    );
}

/// Nothing is lost, but everything may be under way for any time.
#[test]
fn slow_links() {
    explore(
        "slow links",
        Scope {
            callees: vec![("bob", "b", &[Accept]), ("carl", "c1", &[Accept]), ("carl", "c2", &[Reject])],
            is_prompt: false,
            ..calm()
        },
    );
}

/// Receipts, cuts, and sessions that expire: a lost caller, a callee that comes back too late, snapshots.
#[test]
fn sessions_expire() {
    explore(
        "sessions expire",
        Scope { callees: vec![("bob", "b", &[Accept])], cancels: true, cuts: 2, expiries: 1, receipts: true, ..calm() },
    );
}

#[test]
fn a_server_that_forgets_its_answers_is_found_out() {
    let faults = Faults { forgets_answers: true, ..Faults::default() };
    finds("what was refused has been done", Scope { cuts: 1, faults, ..calm() });
}

#[test]
fn a_server_that_does_not_fence_is_found_out() {
    let faults = Faults { does_not_fence: true, ..Faults::default() };
    finds("a call comes into being after it was withdrawn", Scope { cuts: 1, faults, ..calm() });
}

#[test]
fn ringing_before_the_catch_up_is_found_out() {
    let faults = Faults { calls_caught_up_too_early: true, ..Faults::default() };
    let expected = "an invitation is shown that was over by the end of the catch-up";
    finds(expected, Scope { cuts: 1, cancels: true, faults, ..calm() });
}

#[test]
fn a_server_that_tells_before_it_answers_is_found_out() {
    let faults = Faults { tells_before_it_answers: true, ..Faults::default() };
    finds("an event of a call whose invite has not succeeded", Scope { faults, ..calm() });
}

#[test]
fn a_server_that_forgets_the_snapshot_is_found_out() {
    let faults = Faults { forgets_the_snapshot: true, ..Faults::default() };
    finds("a row is told that the server does not have", Scope { cuts: 1, expiries: 1, faults, ..calm() });
}
