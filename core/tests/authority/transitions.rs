//! One table, `transitions.txt`: what every input does to a call of alice, bob and carol in every state of bob's
//! row, while carol keeps the call going and when nothing but bob's row does.

use std::collections::BTreeMap;

use zim_core::call::{Audience, Call, CallAuthority, Input, Notice};
use zim_protocol::call::CallUserState::{self, *};
use zim_protocol::call::{CallCancel, CallEvent, CallState};
use zim_protocol::code::Code;
use zim_protocol::frame::ReplyBody;

use crate::support::{Outcome, answer, call, cancel, device, handle, invite, user, users};

const TABLE: &str = include_str!("transitions.txt");

const STATES: [CallUserState; 12] = [
    Inviting,
    Received,
    NotYetReceived,
    Accepted,
    Rejected,
    Quit,
    Ended,
    Timeout,
    BeCancelled,
    Cancelled,
    Offline,
    Unknown,
];
const CAROLS: [CallUserState; 3] = [Inviting, Rejected, Accepted];

/// The inputs by their names in the table. `early` is well before, `check` the moment of NotYetReceived, `late` the
/// deadline.
fn run(name: &str, authority: &mut CallAuthority) -> Outcome {
    let (alice, bob, eve, tablet, yes) = (user("alice"), user("bob"), user("eve"), device("tablet"), answer("hello"));
    let withdraw = CallCancel { withdraw: true, ..cancel(&[]) };
    let (all, only_bob, bob_and_eve, only_eve) =
        (cancel(&[]), cancel(&["bob"]), cancel(&["bob", "eve"]), cancel(&["eve"]));
    let (same, other) = (invite(&["bob", "carol"]), invite(&["bob"]));
    let accepted: Vec<_> =
        authority.call().rows.iter().filter(|row| row.state == Accepted).map(|row| row.user.clone()).collect();
    let (everybody, nobody, only_alice) = (accepted.as_slice(), Vec::new(), users(&["alice"]));
    let (input, now) = match name {
        "bob accepts" => (Input::Accept { by: &bob, device: &tablet, request: &yes }, EARLY),
        "bob accepts late" => (Input::Accept { by: &bob, device: &tablet, request: &yes }, LATE),
        "alice accepts" => (Input::Accept { by: &alice, device: &tablet, request: &yes }, EARLY),
        "eve accepts" => (Input::Accept { by: &eve, device: &tablet, request: &yes }, EARLY),
        "bob rejects" => (Input::Reject { by: &bob, device: &tablet, request: &yes }, EARLY),
        "bob rejects late" => (Input::Reject { by: &bob, device: &tablet, request: &yes }, LATE),
        "alice rejects" => (Input::Reject { by: &alice, device: &tablet, request: &yes }, EARLY),
        "eve rejects" => (Input::Reject { by: &eve, device: &tablet, request: &yes }, EARLY),
        "bob has received" => (Input::Received { by: &bob }, EARLY),
        "bob has received late" => (Input::Received { by: &bob }, LATE),
        "alice has received" => (Input::Received { by: &alice }, EARLY),
        "alice cancels all" => (Input::Cancel { by: &alice, request: &all }, EARLY),
        "alice cancels all late" => (Input::Cancel { by: &alice, request: &all }, LATE),
        "alice cancels bob" => (Input::Cancel { by: &alice, request: &only_bob }, EARLY),
        "alice cancels bob, eve" => (Input::Cancel { by: &alice, request: &bob_and_eve }, EARLY),
        "alice cancels eve" => (Input::Cancel { by: &alice, request: &only_eve }, EARLY),
        "bob cancels all" => (Input::Cancel { by: &bob, request: &all }, EARLY),
        "alice withdraws" => (Input::Cancel { by: &alice, request: &withdraw }, EARLY),
        "alice withdraws late" => (Input::Cancel { by: &alice, request: &withdraw }, LATE),
        "eve withdraws" => (Input::Cancel { by: &eve, request: &withdraw }, EARLY),
        "alice invites again" => (Input::Invite { by: &alice, request: &same }, EARLY),
        "alice invites others" => (Input::Invite { by: &alice, request: &other }, EARLY),
        "alice gone, accepted here" => (Input::Absent { user: &alice, present: everybody }, EARLY),
        "alice gone, all gone" => (Input::Absent { user: &alice, present: &nobody }, EARLY),
        "alice gone late" => (Input::Absent { user: &alice, present: &nobody }, LATE),
        "bob gone, alice here" => (Input::Absent { user: &bob, present: &only_alice }, EARLY),
        "bob gone, all gone" => (Input::Absent { user: &bob, present: &nobody }, EARLY),
        "eve gone" => (Input::Absent { user: &eve, present: &nobody }, EARLY),
        "early tick" => (Input::Tick, EARLY),
        "check tick" => (Input::Tick, CHECK),
        "late tick" => (Input::Tick, LATE),
        unknown => panic!("no such input: {unknown}"),
    };
    handle(authority, now, input)
}

const EARLY: u64 = 4_999;
const CHECK: u64 = 5_000;
const LATE: u64 = 90_000;

/// alice's call with these rows, and everything else as such rows would have it.
fn call_with(bob: CallUserState, carol: CallUserState) -> Call {
    let mut call = call(&["bob", "carol"]);
    for (name, state) in [("bob", bob), ("carol", carol)] {
        let row = call.rows.iter_mut().find(|row| row.user == user(name)).unwrap();
        row.state = state;
        row.received = matches!(state, Received | Accepted | Rejected | Quit | Ended);
    }
    if !bob.is_pending() && !carol.is_pending() {
        call.state = CallState::Ended;
    }
    call
}

/// One line's right half: `reply | rows that change | the call | told`.
fn outcome(name: &str, bob: CallUserState, carol: CallUserState) -> String {
    let before = call_with(bob, carol);
    let mut authority = CallAuthority::new(before.clone());
    let outcome = run(name, &mut authority);
    let after = authority.call();

    let reply = match &outcome.reply {
        None => "-".to_owned(),
        Some(Err(fault)) => fault.code.0.to_string(),
        Some(Ok(ReplyBody::CallCancel(done))) => {
            let errors = done.error_users.iter().map(|error| format!(" {}:{}", error.user_id, error.reason.0));
            format!("ok{}", errors.collect::<String>())
        }
        Some(Ok(_)) => "ok".to_owned(),
    };
    let changes: Vec<String> = before
        .rows
        .iter()
        .zip(&after.rows)
        .filter(|(old, new)| old != new)
        .map(|(old, new)| {
            assert_eq!(old.user, new.user);
            let reason = if new.reason == Code::SUCCESS { String::new() } else { format!(" {}", new.reason.0) };
            format!("{} {}{reason}", new.user, new.state.name())
        })
        .collect();
    assert!(after.is_ended() || !before.is_ended(), "over once, over for ever");
    let ends = if after.is_ended() && !before.is_ended() { "ends" } else { "-" };
    check_events(&before, after, &outcome.notices);
    let told: Vec<String> = outcome
        .notices
        .iter()
        .map(|notice| match &notice.audience {
            Audience::All => notice.user.to_string(),
            Audience::Only(device) => format!("{}@{device}", notice.user),
            Audience::Except(device) => format!("{}@not-{device}", notice.user),
        })
        .collect();
    let or_none = |list: Vec<String>, between| if list.is_empty() { "-".to_owned() } else { list.join(between) };
    format!("{reply} | {} | {ends} | {}", or_none(changes, ", "), or_none(told, " "))
}

/// An event carries exactly the rows that changed, as they are now, and the call's number.
fn check_events(before: &Call, after: &Call, notices: &[Notice]) {
    assert_eq!(after.rev, before.rev + u64::from(!notices.is_empty()), "one change, one number");
    assert_eq!(after.rev != before.rev, after != before, "the number grows with the record");
    for notice in notices {
        let CallEvent::CallChanged(change) = &notice.event else { panic!("not a change: {notice:?}") };
        assert_eq!((change.rev, change.ended, notice.deadline), (after.rev, after.is_ended(), None));
        let mut rows = Vec::new();
        for (old, new) in before.rows.iter().zip(&after.rows) {
            let mut row = new.shown();
            if new.user == notice.user {
                match &notice.audience {
                    Audience::Except(_) => row.reason = Code::ROW_ANSWERED_ELSEWHERE,
                    Audience::Only(_) | Audience::All => {}
                }
            }
            if old != new && !(new.user == notice.user && new.state == NotYetReceived) {
                rows.push(row);
            }
        }
        assert_eq!(change.users, rows, "for {}", notice.user);
    }
}

fn states(words: &str) -> Vec<CallUserState> {
    let one = |word: &str| match word {
        "any" => STATES.to_vec(),
        "pending" => vec![Inviting, Received, NotYetReceived],
        "answered" => vec![Accepted, Rejected, Quit, Ended],
        "over" => vec![Timeout, BeCancelled, Cancelled, Offline, Unknown],
        name => vec![*STATES.iter().find(|state| state.name() == name).unwrap_or_else(|| panic!("no state {name}"))],
    };
    words.split_whitespace().flat_map(one).collect()
}

#[test]
fn every_input_in_every_state_does_what_the_table_says() {
    let mut seen: BTreeMap<(&str, CallUserState, CallUserState), usize> = BTreeMap::new();
    let mut wrong = String::new();
    for (at, line) in TABLE.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#')) {
        let cells: Vec<&str> = line.splitn(4, '|').map(str::trim).collect();
        let [name, bobs, carols, expected] = cells[..] else { panic!("line {}: too few cells: {line}", at + 1) };
        let expected: Vec<&str> = expected.split('|').map(str::trim).collect();
        for bob in states(bobs) {
            for carol in states(carols).into_iter().filter(|carol| CAROLS.contains(carol)) {
                if let Some(other) = seen.insert((name, bob, carol), at + 1) {
                    panic!("lines {other} and {}: {name}, bob {bob:?}, carol {carol:?} twice", at + 1);
                }
                let outcome = outcome(name, bob, carol);
                if outcome.split('|').map(str::trim).collect::<Vec<_>>() != expected {
                    wrong += &format!("line {}: {name} | {} | {} | {outcome}\n", at + 1, bob.name(), carol.name());
                }
            }
        }
    }
    assert!(wrong.is_empty(), "the table disagrees; what happens is\n{wrong}");
    let names: std::collections::BTreeSet<&str> = seen.keys().map(|(name, _, _)| *name).collect();
    assert_eq!(names.len(), 31, "an input is missing");
    for name in names {
        for bob in STATES {
            for carol in CAROLS {
                assert!(seen.contains_key(&(name, bob, carol)), "missing: {name}, bob {bob:?}, carol {carol:?}");
            }
        }
    }
}
