//! No ring outlives its call by more than a second on a connected client, nor its own time by more than a second on
//! any.

use std::collections::BTreeMap;

use super::book::{Book, End, Life};
use super::{Calls, Inputs, Violation};
use crate::history::{Micros, Row, Verb, What};

const SECOND: Micros = 1_000_000;
/// What a worker's round and its thread may take.
const SLACK: Micros = 200_000;

#[derive(Debug)]
struct Ring {
    shown: Micros,
    timeout_s: u64,
    /// Own answers under way: from, to.
    answers: Vec<(u64, Micros, Micros)>,
    ended: Option<Micros>,
}

pub fn check(
    inputs: &Inputs<'_>,
    book: &Book,
    calls: &Calls,
    violations: &mut Vec<Violation>,
    summary: &mut Vec<String>,
) {
    let settled = settled(inputs, book, calls);
    let (mut count, mut judged, mut latest) = (0_u64, 0_u64, 0);
    for life in &book.lives {
        for (id, ring) in rings(life) {
            count += 1;
            let worker = inputs.worker_of(life.user);
            let ended = ring.ended.unwrap_or(life.ended_at);
            if ring.ended.is_none() && life.end == End::Stayed {
                violations.push(Violation::of(id, format!("u{}: rings for ever", life.user)));
                continue;
            }
            let late = ended.saturating_sub(allowed(inputs, worker, &ring));
            if late > 0 {
                let message = format!("u{}: rang {} ms beyond its own time", life.user, late / 1_000);
                violations.push(Violation::of(id, message));
            }
            let Some(over) = settled.get(&(id.to_owned(), life.user)).copied().filter(|over| *over < ended) else {
                continue;
            };
            let from = over.max(ring.shown);
            if inputs.timeline.connected(life.user, worker, from, ended) {
                judged += 1;
                latest = latest.max(ended.saturating_sub(from));
            }
            let to = ended.saturating_sub(SLACK);
            if inputs.timeline.connected_for(life.user, worker, from, to, SECOND).is_some() {
                let ms = (ended - over) / 1_000;
                let message = format!("u{}: connected, and rang {ms} ms longer than its call", life.user);
                violations.push(Violation::of(id, message));
            }
        }
    }
    summary.push(format!(
        "rings: {count}; of those that ended by the server's word {judged} were connected all the time, and ended at \
         most {} ms after it",
        latest / 1_000
    ));
    super::rung::check(inputs, book, calls, &settled, violations, summary);
}

/// When a ring must have ended: a second after its time, unless its own answer is under way or the process does not
/// run.
fn allowed(inputs: &Inputs<'_>, worker: usize, ring: &Ring) -> Micros {
    let mut at = ring.shown + ring.timeout_s * SECOND + SECOND;
    loop {
        let answered = ring.answers.iter().filter(|(_, from, to)| *from <= at && *to > at).map(|(_, _, to)| *to).max();
        let next = answered.unwrap_or(at);
        let next = inputs.timeline.worker_stopped[worker].after(next);
        let next = inputs.timeline.starved.after(next);
        if next == at {
            return at + SLACK;
        }
        at = next;
    }
}

fn rings(life: &Life) -> BTreeMap<&str, Ring> {
    let mut rings: BTreeMap<&str, Ring> = BTreeMap::new();
    for record in life.records.iter().filter(|record| record.at <= life.ended_at) {
        let Some(id) = record.what.call() else { continue };
        if let What::Received { timeout, .. } = &record.what {
            let timeout_s = u64::try_from(*timeout).unwrap_or(0);
            rings.entry(id).or_insert(Ring { shown: record.at, timeout_s, answers: Vec::new(), ended: None });
        }
        let Some(ring) = rings.get_mut(id) else { continue };
        match &record.what {
            What::Begun { verb: Verb::Accept | Verb::Reject, tag, .. } => {
                ring.answers.push((*tag, record.at, Micros::MAX / 2));
            }
            What::Completed { verb: Verb::Accept | Verb::Reject, tag, code, .. } => {
                if let Some(answer) = ring.answers.iter_mut().find(|answer| answer.0 == *tag) {
                    answer.2 = record.at;
                }
                if *code == 0 {
                    ring.ended.get_or_insert(record.at);
                }
            }
            What::Cancelled { .. } | What::TimedOut { .. } => drop(ring.ended.get_or_insert(record.at)),
            // Answered on another device, or by an answer whose own result was lost.
            What::States { rows, .. } if rows.iter().any(|row| row.user == life.user && is_answered(row)) => {
                ring.ended.get_or_insert(record.at);
            }
            _ => {}
        }
    }
    rings
}

fn is_answered(row: &Row) -> bool {
    row.state == 1 || row.state == 2
}

/// For each invitation when it was over, by the first word of it that anybody heard, or by the server's own note.
fn settled(inputs: &Inputs<'_>, book: &Book, calls: &Calls) -> BTreeMap<(String, u32), Micros> {
    let mut settled: BTreeMap<(String, u32), Micros> = BTreeMap::new();
    for (id, call) in calls {
        let Some(ended) = call.ended_at else { continue };
        for row in call.invitations() {
            let user = row.user.as_str().trim_start_matches('u').parse().unwrap_or(u32::MAX);
            settled.insert((id.clone(), user), inputs.micros(ended));
        }
    }
    for record in book.lives.iter().flat_map(|life| &life.records) {
        if let What::States { call, rows } = &record.what {
            for row in rows.iter().filter(|row| ![0, 5, 9, -1].contains(&row.state)) {
                if row.reason != super::outcomes::ENDED_LOCALLY
                    && let Some(over) = settled.get_mut(&(call.clone(), row.user))
                {
                    *over = record.at.min(*over);
                }
            }
        }
    }
    settled
}
