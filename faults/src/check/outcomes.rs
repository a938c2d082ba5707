//! Each event comes once and in order, each call has one outcome, and everybody knows the same one.

use std::collections::{BTreeMap, BTreeSet};

use zim_core::call::Call;
use zim_protocol::call::CallUserState;

use super::book::{Book, End, Life};
use super::{Calls, Violation};
use crate::history::{Record, Row, Verb, What};

const ACCEPTED: i32 = 1;
const REJECTED: i32 = 2;
const TIMEOUT: i32 = 6;
const BE_CANCELLED: i32 = 10;
pub const ENDED_LOCALLY: i32 = 6_090_109;
/// CommonModuleIMDatabaseError: what a server without room on its disk says.
const REFUSED_BY_STORE: i32 = 6_000_008;

/// How far a row has come: it never goes back.
fn rank(state: i32) -> u32 {
    match state {
        -1 => 0,
        0 => 1,
        9 => 2,
        5 => 3,
        _ => 4,
    }
}

fn is_final(state: i32) -> bool {
    rank(state) == 4
}

/// What a host knows of one call in one life.
#[derive(Debug, Default)]
struct Known {
    rows: BTreeMap<u32, Row>,
    /// The invite succeeded, or the call was shown in another way.
    begun: bool,
    rung: u32,
    endings: u32,
    /// Events at the caller, for each invitee.
    told: BTreeMap<(u32, i32), u32>,
    last_state_records: u32,
}

pub fn check(book: &Book, calls: &Calls, violations: &mut Vec<Violation>, summary: &mut Vec<String>) {
    let (mut events, mut lives, mut unknown, mut complete) = (0_u64, 0_u64, 0_u64, 0_u64);
    for life in &book.lives {
        lives += 1;
        let mut known: BTreeMap<&str, Known> = BTreeMap::new();
        let mut failed: BTreeSet<&str> = BTreeSet::new();
        for record in &life.records {
            let Some(id) = record.what.call() else { continue };
            events += 1;
            let call = known.entry(id).or_default();
            let mut wrong = Vec::new();
            follow(life, call, record, &mut wrong);
            match &record.what {
                What::Completed { verb: Verb::Invite, code, .. } if *code != 0 => {
                    unknown += 1;
                    if *code == REFUSED_BY_STORE && calls.contains_key(id) {
                        wrong.push("an invite that was refused for the store, and was kept".to_owned());
                    }
                    failed.insert(id);
                }
                What::Completed { verb, code: 0, .. } => done(life, *verb, calls.get(id), &mut wrong),
                What::Begun { .. } | What::Completed { .. } => {}
                _ if failed.contains(id) => wrong.push("an event of a call whose invite had failed".to_owned()),
                _ if !calls.contains_key(id) => {
                    wrong.push("an event of a call that the server has not kept".to_owned())
                }
                _ => {}
            }
            if let (What::States { rows, .. }, Some(call)) = (&record.what, calls.get(id)) {
                wrong.extend(rows.iter().filter_map(|row| contradiction(row, call)));
            }
            violations.extend(wrong.into_iter().map(|what| Violation::of(id, format!("u{}: {what}", life.user))));
        }
        for (id, known) in known {
            let mut wrong = Vec::new();
            counted(&known, &mut wrong);
            if life.end == End::Stayed
                && let Some(call) = calls.get(id)
                && !failed.contains(id)
            {
                complete += u64::from(known.begun);
                at_the_end(life, &known, call, &mut wrong);
            }
            violations.extend(wrong.into_iter().map(|what| Violation::of(id, format!("u{}: {what}", life.user))));
        }
    }
    summary.push(format!(
        "hosts: {lives} logins, {events} results and events of calls, {unknown} invites that failed, \
         {complete} calls known to the end"
    ));
}

/// One record more.
fn follow(life: &Life, known: &mut Known, record: &Record, wrong: &mut Vec<String>) {
    match &record.what {
        What::Completed { verb: Verb::Invite, code: 0, .. } => {
            if known.last_state_records > 0 {
                wrong.push("an event came before the result of the invite".to_owned());
            }
            known.begun = true;
        }
        What::Created { rows, .. } => {
            if known.begun {
                wrong.push("created, and known already".to_owned());
            }
            known.begun = true;
            known.rows = rows.iter().map(|row| (row.user, row.clone())).collect();
        }
        What::Received { rows, .. } => {
            known.rung += 1;
            if known.rung > 1 {
                wrong.push("rang twice in one login".to_owned());
            }
            known.begun = true;
            known.rows = rows.iter().map(|row| (row.user, row.clone())).collect();
        }
        What::Cancelled { .. } | What::TimedOut { .. } => {
            known.endings += 1;
            if known.rung == 0 {
                wrong.push("the end of a ring that never was".to_owned());
            }
            if known.endings > 1 {
                wrong.push("a ring ended twice".to_owned());
            }
        }
        What::Accepted { invitee, .. } => *known.told.entry((*invitee, ACCEPTED)).or_default() += 1,
        What::Rejected { invitee, .. } => *known.told.entry((*invitee, REJECTED)).or_default() += 1,
        What::Unanswered { invitees, .. } => {
            for invitee in invitees {
                *known.told.entry((*invitee, TIMEOUT)).or_default() += 1;
            }
        }
        What::States { rows, .. } => {
            known.last_state_records += 1;
            known.begun = true;
            for row in rows {
                stepped(life, known.rows.insert(row.user, row.clone()), row, wrong);
            }
        }
        _ => {}
    }
}

/// Whether the row may follow what the host knew of it.
fn stepped(life: &Life, before: Option<Row>, row: &Row, wrong: &mut Vec<String>) {
    let Some(before) = before else { return };
    // What the device has decided by itself gives way to the truth.
    let own_word = before.reason == ENDED_LOCALLY && before.user == life.user;
    if before == *row {
        wrong.push(format!("told twice that u{} is {} ({})", row.user, row.state, row.reason));
    } else if !own_word && rank(row.state) <= rank(before.state) {
        // The caller's row is Accepted from the start, and may become Cancelled.
        let callers = before.state == ACCEPTED && row.state == 3;
        if !callers {
            wrong.push(format!(
                "u{} was {} ({}) and then {} ({})",
                row.user, before.state, before.reason, row.state, row.reason
            ));
        }
    }
}

/// An outcome that a host was told, and that is not the one that the server has kept.
fn contradiction(row: &Row, call: &Call) -> Option<String> {
    let name = format!("u{}", row.user);
    let Some(kept) = call.rows.iter().find(|kept| kept.user.as_str() == name) else {
        return Some(format!("told of {name}, who is not in the call"));
    };
    let callers = kept.user == call.caller && row.state == ACCEPTED;
    if !is_final(row.state) || row.reason == ENDED_LOCALLY || callers || number(kept.state) == row.state {
        return None;
    }
    Some(format!("told that {name} is {}, and the server has kept {:?}", row.state, kept.state))
}

fn number(state: CallUserState) -> i32 {
    i32::from(state)
}

/// A request that succeeded, and what is left of it.
fn done(life: &Life, verb: Verb, call: Option<&Call>, wrong: &mut Vec<String>) {
    let Some(call) = call else {
        return wrong.push(format!("{verb:?} succeeded, and the server has not kept the call"));
    };
    let name = format!("u{}", life.user);
    let own = call.rows.iter().find(|row| row.user.as_str() == name).map(|row| number(row.state));
    let right = match verb {
        Verb::Accept => own == Some(ACCEPTED),
        Verb::Reject => own == Some(REJECTED),
        Verb::Invite => call.caller.as_str() == name,
        Verb::Cancel => call.invitations().any(|row| number(row.state) == BE_CANCELLED),
        Verb::Login => true,
    };
    if !right {
        wrong.push(format!("{verb:?} succeeded, and the server has kept something else"));
    }
}

/// The caller's events, each once, beside the change of state.
fn counted(known: &Known, wrong: &mut Vec<String>) {
    for ((invitee, state), count) in &known.told {
        let told = known.rows.get(invitee).map(|row| row.state);
        if *count != 1 || told != Some(*state) {
            wrong.push(format!("{count} events that u{invitee} is {state}, and the row is {told:?}"));
        }
    }
}

/// A host that was there to the end knows everything that concerns it.
fn at_the_end(life: &Life, known: &Known, call: &Call, wrong: &mut Vec<String>) {
    let name = format!("u{}", life.user);
    let Some(own) = call.rows.iter().find(|row| row.user.as_str() == name).filter(|_| known.begun) else { return };
    let is_caller = own.user == call.caller;
    // Who has declined, was cancelled, or timed out is told of that and of nothing after it.
    let concerned = is_caller || number(own.state) == ACCEPTED;
    for kept in call.rows.iter().filter(|kept| concerned || kept.user == own.user) {
        let user: u32 = kept.user.as_str().trim_start_matches('u').parse().unwrap_or(u32::MAX);
        let row = known.rows.get(&user);
        let (state, reason) = (number(kept.state), kept.reason.0);
        // A caller who has seen no change of the own row knows it to be Accepted.
        let silent = is_caller && kept.user == own.user && row.is_none() && state == ACCEPTED;
        if !silent && row.is_none_or(|row| row.state != state || row.reason != reason) {
            wrong.push(format!(
                "knows {row:?} of u{user} at the end, and the server has kept {:?} ({reason})",
                kept.state
            ));
        }
        let event = [ACCEPTED, REJECTED, TIMEOUT].contains(&state) && kept.user != call.caller && is_caller;
        // A caller who logged in later may have learned it with the first word.
        if event && known.last_state_records > 0 && !known.told.contains_key(&(user, state)) && known.rows.len() > 1 {
            let first_word = row.is_none();
            if !first_word && begun_here(life, call) {
                wrong.push(format!("was not told by an event of its own that u{user} is {state}"));
            }
        }
    }
}

/// The invite's result came in this life.
fn begun_here(life: &Life, call: &Call) -> bool {
    life.records.iter().any(|record| {
        matches!(&record.what, What::Completed { verb: Verb::Invite, code: 0, call: id, .. } if id == call.id.as_str())
    })
}

/// Of so many invitations that were pending when the server was killed, each has gone on.
pub fn check_pending(book: &Book, calls: &Calls, count: usize, violations: &mut Vec<Violation>) {
    let mut made = BTreeSet::new();
    let mut rung = BTreeSet::new();
    let mut plans: BTreeMap<&str, i32> = BTreeMap::new();
    for record in book.processes.iter().flat_map(|(records, _)| records) {
        match &record.what {
            What::Completed { verb: Verb::Invite, code: 0, call, .. } => drop(made.insert(call.as_str())),
            What::Received { call, .. } => drop(rung.insert(call.as_str())),
            What::Begun { verb: Verb::Accept, call, .. } => drop(plans.insert(call, ACCEPTED)),
            What::Begun { verb: Verb::Reject, call, .. } => drop(plans.insert(call, REJECTED)),
            _ => {}
        }
    }
    if made.len() != count || calls.len() != count {
        violations.push(Violation::plain(format!("{} of {count} invitations made, {} kept", made.len(), calls.len())));
    }
    for (id, call) in calls {
        let wanted = plans.get(id.as_str()).copied().unwrap_or(TIMEOUT);
        let states: Vec<i32> = call.invitations().map(|row| number(row.state)).collect();
        if states != [wanted] {
            violations.push(Violation::of(id, format!("would have become {wanted}, and is {states:?}")));
        }
        if !rung.contains(id.as_str()) {
            violations.push(Violation::of(id, "never rang"));
        }
    }
}
