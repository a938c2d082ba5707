//! What always holds, whoever asks for what and when.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use zim_core::Millis;
use zim_core::call::{Call, CallAuthority, Input, Notice};
use zim_protocol::call::{CallAnswer, CallCancel, CallEvent, CallInvite, CallUser, CallUserState, Trigger};
use zim_protocol::code::Code;
use zim_protocol::id::{DeviceId, UserId};

use crate::support::{Outcome, answer, call_id, cancel, create, device, handle, invite, user, users};

/// Everybody who may turn up; alice calls, eve is invited to nothing.
const NAMES: [&str; 5] = ["alice", "bob", "carol", "dave", "eve"];
const DEVICES: [&str; 2] = ["phone", "tablet"];

#[derive(Clone, Debug)]
enum Op {
    Accept(usize, usize),
    Reject(usize, usize),
    Received(usize),
    Cancel {
        by: usize,
        named: Vec<usize>,
        withdraw: bool,
    },
    /// Who is gone, and which of the others are there.
    Absent(usize, [bool; 5]),
    InviteAgain {
        by: usize,
        other_content: bool,
    },
    Tick,
}

fn op() -> impl Strategy<Value = Op> {
    let who = 0..NAMES.len();
    let named = prop::collection::vec(who.clone(), 0..4);
    prop_oneof![
        4 => (who.clone(), 0..2_usize).prop_map(|(who, device)| Op::Accept(who, device)),
        4 => (who.clone(), 0..2_usize).prop_map(|(who, device)| Op::Reject(who, device)),
        4 => who.clone().prop_map(Op::Received),
        2 => (who.clone(), named, prop::bool::weighted(0.2))
            .prop_map(|(by, named, withdraw)| Op::Cancel { by, named, withdraw }),
        2 => (who.clone(), any::<[bool; 5]>()).prop_map(|(who, present)| Op::Absent(who, present)),
        1 => (who, any::<bool>()).prop_map(|(by, other_content)| Op::InviteAgain { by, other_content }),
        3 => Just(Op::Tick),
    ]
}

fn pause() -> impl Strategy<Value = Millis> {
    prop_oneof![4 => 0..20_u64, 3 => 0..3_000_u64, 1 => 0..40_000_u64]
}

fn run(authority: &mut CallAuthority, now: Millis, op: &Op, first: &CallInvite) -> Outcome {
    let name = |i: &usize| user(NAMES[*i]);
    match op {
        Op::Accept(who, at) => {
            let (by, device) = (name(who), device(DEVICES[*at]));
            handle(authority, now, Input::Accept { by: &by, device: &device, request: &answer("yes") })
        }
        Op::Reject(who, at) => {
            let (by, device) = (name(who), device(DEVICES[*at]));
            let request = CallAnswer { call_id: call_id(), extended_data: "no".to_owned() };
            handle(authority, now, Input::Reject { by: &by, device: &device, request: &request })
        }
        Op::Received(who) => handle(authority, now, Input::Received { by: &name(who) }),
        Op::Cancel { by, named, withdraw } => {
            let names: Vec<&str> = named.iter().map(|i| NAMES[*i]).collect();
            let request = CallCancel { withdraw: *withdraw, ..cancel(&names) };
            handle(authority, now, Input::Cancel { by: &name(by), request: &request })
        }
        Op::Absent(who, here) => {
            let accepted = authority.call().rows.iter().filter(|row| row.state == CallUserState::Accepted);
            let present: Vec<UserId> = accepted
                .filter(|row| NAMES.iter().zip(here).any(|(name, here)| *here && row.user.as_str() == *name))
                .map(|row| row.user.clone())
                .collect();
            handle(authority, now, Input::Absent { user: &name(who), present: &present })
        }
        Op::InviteAgain { by, other_content } => {
            let timeout_s = first.timeout_s + u32::from(*other_content);
            let request = CallInvite { timeout_s, ..first.clone() };
            handle(authority, now, Input::Invite { by: &name(by), request: &request })
        }
        Op::Tick => handle(authority, now, Input::Tick),
    }
}

/// What one device knows by folding the events of its user's log.
#[derive(Default)]
struct Follower {
    rev: u64,
    rows: BTreeMap<UserId, CallUser>,
    told_of_the_end: u32,
}

impl Follower {
    fn take(&mut self, event: &CallEvent) {
        assert!(event.rev() > self.rev, "a log tells of each change once, in order");
        self.rev = event.rev();
        let rows = match event {
            CallEvent::CallInvited(call) | CallEvent::CallCreated { call, .. } => &call.users,
            CallEvent::CallChanged(change) => {
                assert_eq!(self.told_of_the_end, 0, "nothing happens after the end");
                self.told_of_the_end += u32::from(change.ended);
                &change.users
            }
        };
        self.rows.extend(rows.iter().map(|row| (row.user_id.clone(), row.clone())));
    }
}

/// Everything a run has produced, checked while it is being produced.
struct Watch {
    first: CallInvite,
    authority: CallAuthority,
    followers: BTreeMap<(UserId, DeviceId), Follower>,
    /// For every invitee: what has decided about them.
    decisions: BTreeMap<UserId, Vec<Trigger>>,
    endings: u32,
    /// Who has confirmed receipt.
    reached: BTreeSet<UserId>,
}

impl Watch {
    fn new(now: Millis, first: CallInvite) -> Watch {
        let (authority, outcome) = create(now, &first);
        let followers = NAMES
            .iter()
            .flat_map(|name| DEVICES.iter().map(|at| ((user(name), device(at)), Follower::default())))
            .collect();
        let mut watch = Watch {
            first,
            authority: authority.unwrap(),
            followers,
            decisions: BTreeMap::new(),
            endings: 0,
            reached: BTreeSet::new(),
        };
        watch.deliver(&outcome.notices);
        watch
    }

    fn deliver(&mut self, notices: &[Notice]) {
        for notice in notices {
            for ((user, device), follower) in &mut self.followers {
                if *user == notice.user && notice.audience.includes(device) {
                    follower.take(&notice.event);
                }
            }
        }
    }

    fn step(&mut self, now: Millis, op: &Op) {
        let before = self.authority.call().clone();
        let outcome = run(&mut self.authority, now, op, &self.first);
        let after = self.authority.call().clone();
        self.check_reply(op, &after, &outcome);
        self.check_record(now, &before, &after);
        self.check_changes(&before, &after, &outcome.notices);
        self.deliver(&outcome.notices);
    }

    fn check_reply(&self, op: &Op, after: &Call, outcome: &Outcome) {
        let state = |who: &usize| after.row(&user(NAMES[*who])).map(|row| row.state);
        match (op, &outcome.reply) {
            (Op::Absent(..) | Op::Tick, None) => {}
            (Op::Absent(..) | Op::Tick, Some(reply)) => panic!("nobody has asked: {reply:?}"),
            (op, None) => panic!("no reply to {op:?}"),
            (Op::Accept(who, _), Some(Ok(_))) => assert_eq!(state(who), Some(CallUserState::Accepted)),
            (Op::Reject(who, _), Some(Ok(_))) => assert_eq!(state(who), Some(CallUserState::Rejected)),
            (Op::Cancel { by, .. }, Some(Ok(_))) => assert_eq!(NAMES[*by], "alice"),
            (Op::Received(_) | Op::InviteAgain { .. }, Some(Ok(_))) => {}
            (_, Some(Err(fault))) => assert!(!fault.message.is_empty() && fault.code.info().is_some(), "{fault}"),
        }
    }

    fn check_record(&self, now: Millis, before: &Call, after: &Call) {
        assert_eq!(before.rev == after.rev, before == after, "rev grows whenever the record changes");
        for (old, new) in before.rows.iter().zip(&after.rows) {
            assert_eq!(old.user, new.user);
            let is_caller = old.user == before.caller;
            if old.state.is_pending() {
                assert!(!is_caller);
                assert_ne!(new.state, CallUserState::Cancelled, "an invitee never cancels");
            } else if old != new {
                let ends = is_caller && new.state == CallUserState::Cancelled && after.is_ended();
                assert!(ends && !after.is_accepted_by_somebody(), "{old:?} became {new:?}");
            }
            assert!(!(new.state.is_pending() && new.deadline <= now), "pending behind its deadline: {new:?}");
            assert_ne!((new.state.is_pending(), new.reason == Code::SUCCESS), (true, false));
        }
        assert_eq!(before.rows.len(), after.rows.len());
        assert!(after.is_ended() || !before.is_ended());
        assert_eq!(after.is_ended(), !after.rows.iter().any(|row| row.state.is_pending()));
        assert_eq!(after.is_ended(), after.ended_at.is_some());
        match self.authority.next_deadline() {
            Some(at) => assert!(!after.is_ended() && at > now, "next at {at}, now {now}"),
            None => assert!(after.is_ended()),
        }
        let kept: Call = serde_json::from_str(&serde_json::to_string(after).unwrap()).unwrap();
        assert_eq!(kept, *after, "a record survives being kept");
    }

    fn check_changes(&mut self, before: &Call, after: &Call, notices: &[Notice]) {
        let mut by_rev: BTreeMap<u64, Vec<&CallEvent>> = BTreeMap::new();
        for notice in notices {
            by_rev.entry(notice.event.rev()).or_default().push(&notice.event);
        }
        let revs: Vec<u64> = by_rev.keys().copied().collect();
        assert_eq!(revs, (before.rev + 1..=after.rev).collect::<Vec<_>>(), "one number for each change");
        for events in by_rev.values() {
            let CallEvent::CallChanged(change) = events[0] else { panic!("not a change") };
            self.endings += u32::from(change.ended);
            let mut changed: BTreeMap<&UserId, CallUserState> = BTreeMap::new();
            for event in events {
                let CallEvent::CallChanged(other) = event else { panic!("not a change") };
                assert_eq!((other.trigger, other.ended, &other.by), (change.trigger, change.ended, &change.by));
                for row in &other.users {
                    assert_eq!(*changed.entry(&row.user_id).or_insert(row.state), row.state, "one truth for everybody");
                }
            }
            for (user, state) in changed {
                if change.trigger == Trigger::Received {
                    self.reached.insert(user.clone());
                }
                if !state.is_pending() && *user != after.caller {
                    self.decisions.entry(user.clone()).or_default().push(change.trigger);
                }
            }
        }
    }

    /// The call is over: everybody has one fate, and everybody concerned knows all of them.
    fn check_end(&self) {
        let call = self.authority.call();
        assert!(call.is_ended());
        assert_eq!(self.endings, 1, "ended exactly once");
        for row in call.invitations() {
            let reached = self.reached.contains(&row.user);
            let (trigger, words, reasons): (_, _, &[Code]) = match row.state {
                CallUserState::Accepted => (Trigger::Accepted, "yes", &[Code::SUCCESS]),
                CallUserState::Rejected => (Trigger::Rejected, "no", &[Code::ROW_DECLINED]),
                CallUserState::Timeout if reached => (Trigger::Timeout, "", &[Code::ROW_NO_ANSWER]),
                CallUserState::Timeout => (Trigger::Timeout, "", &[Code::ROW_NOT_REACHED]),
                CallUserState::BeCancelled => (
                    Trigger::Cancelled,
                    "",
                    &[Code::ROW_CANCELLED_BY_INVITER, Code::ROW_CALLER_LEFT, Code::ROW_ALL_LEFT],
                ),
                CallUserState::Unknown
                | CallUserState::Inviting
                | CallUserState::Cancelled
                | CallUserState::Offline
                | CallUserState::Received
                | CallUserState::Quit
                | CallUserState::Ended
                | CallUserState::NotYetReceived => panic!("no end for an invitee: {row:?}"),
            };
            assert_eq!(self.decisions[&row.user], [trigger], "exactly one winner");
            assert_eq!(row.extended_data, words, "what {} sent last", row.user);
            assert!(reasons.contains(&row.reason), "{row:?}");
        }
        for ((user, device), follower) in &self.followers {
            let Some(own) = call.row(user) else {
                assert!(follower.rows.is_empty(), "{user} has no part in the call");
                continue;
            };
            if own.state == CallUserState::Accepted {
                assert_eq!(follower.told_of_the_end, 1, "{user} is in the call to its end");
            }
            if follower.told_of_the_end == 1 {
                let known: Vec<_> = call.rows.iter().map(|row| follower.rows[&row.user].clone()).collect();
                let mut truth: Vec<_> = call.rows.iter().map(|row| row.shown()).collect();
                let answered_elsewhere = own.device.as_ref().is_some_and(|at| at != device);
                for row in truth.iter_mut().filter(|row| row.user_id == *user && *user != call.caller) {
                    if answered_elsewhere {
                        row.reason = Code::ROW_ANSWERED_ELSEWHERE;
                    }
                }
                assert_eq!(known, truth, "what {user} knows on {device}");
            }
            // Whoever left earlier knows their own fate at least.
            assert_eq!(follower.rows[user].state, own.state);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_there_is_one_winner_and_everybody_hears_of_it(
        invitees in 1..=3_usize,
        timeout_s in prop_oneof![1..10_u32, Just(60), Just(600)],
        not_received_check in any::<bool>(),
        ops in prop::collection::vec((pause(), op()), 0..40),
    ) {
        let first = CallInvite { timeout_s, not_received_check, ..invite(&NAMES[1..=invitees]) };
        let mut now = 1_700_000_000_000;
        let mut watch = Watch::new(now, first);
        for (pause, op) in &ops {
            now += pause;
            watch.step(now, op);
        }
        // Time alone ends every call, by its own timer.
        while let Some(at) = watch.authority.next_deadline() {
            now = at;
            watch.step(now, &Op::Tick);
        }
        watch.check_end();
        // And after the end nothing changes any more.
        let end = watch.authority.call().clone();
        for (pause, op) in &ops {
            now += pause;
            watch.step(now, op);
        }
        prop_assert_eq!(watch.authority.call(), &end);
    }

    #[test]
    fn an_invite_is_cleaned_and_judged_as_the_rules_say(
        named in prop::collection::vec(
            prop_oneof![Just("alice".to_owned()), "[uvx][0-9]".prop_map(|name| name)], 0..40),
        timeout_s in prop_oneof![3 => 0..=600_u32, 1 => 601..u32::MAX],
    ) {
        let names: Vec<&str> = named.iter().map(String::as_str).collect();
        let mut others: Vec<&str> = Vec::new();
        for name in &names {
            if *name != "alice" && !others.contains(name) {
                others.push(name);
            }
        }
        let known: Vec<&str> = others.iter().filter(|name| !name.starts_with('x')).copied().collect();
        let expected = match (others.len(), timeout_s) {
            (0, _) => Some(Code::PARAMS_INVALID),
            (10.., _) => Some(Code::CALL_SERVER_ERROR),
            (_, 601..) => Some(Code::PARAMS_INVALID),
            _ if known.is_empty() => Some(Code::CALL_INVITE_USER_DOES_NOT_EXIST),
            _ => None,
        };
        let (authority, outcome) = create(7, &CallInvite { timeout_s, ..invite(&names) });
        prop_assert_eq!(outcome.reply.unwrap().err().map(|fault| fault.code), expected);
        prop_assert_eq!(authority.is_some(), expected.is_none());
        if let Some(authority) = authority {
            let invited: Vec<UserId> = authority.call().invitations().map(|row| row.user.clone()).collect();
            prop_assert_eq!(invited, users(&known));
            let length = if timeout_s == 0 { 90_000 } else { u64::from(timeout_s) * 1_000 };
            prop_assert_eq!(authority.next_deadline(), Some(7 + length.min(5_000)));
        }
    }
}
