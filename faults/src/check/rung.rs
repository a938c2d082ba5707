//! Who is connected hears it ring: at most a second after the invitation was made, or after the link came back.

use std::collections::BTreeMap;

use super::book::{Book, Life};
use super::{Calls, Inputs, Violation};
use crate::history::{Micros, Verb, What};

const SECOND: Micros = 1_000_000;
/// What a worker's round and its thread may take.
const SLACK: Micros = 200_000;

pub fn check(
    inputs: &Inputs<'_>,
    book: &Book,
    calls: &Calls,
    settled: &BTreeMap<(String, u32), Micros>,
    violations: &mut Vec<Violation>,
    summary: &mut Vec<String>,
) {
    let mut lives: BTreeMap<u32, Vec<&Life>> = BTreeMap::new();
    let mut rung: BTreeMap<(&str, u32), Micros> = BTreeMap::new();
    for life in &book.lives {
        lives.entry(life.user).or_default().push(life);
        for record in &life.records {
            if let What::Received { call, .. } = &record.what {
                let first = rung.entry((call, life.user)).or_insert(record.at);
                *first = record.at.min(*first);
            }
        }
    }
    let (mut judged, mut slowest) = (0_u64, 0);
    for (id, call) in calls {
        for row in call.invitations() {
            let user = row.user.as_str().trim_start_matches('u').parse().unwrap_or(u32::MAX);
            let Some(over) = settled.get(&(id.clone(), user)).copied() else { continue };
            let made = inputs.micros(call.created_at);
            let heard = rung.get(&(id.as_str(), user)).copied();
            for life in lives.get(&user).into_iter().flatten() {
                let Some(since) = logged_in(life) else { continue };
                let (from, to) = (made.max(since), over.min(life.ended_at).min(heard.unwrap_or(Micros::MAX)));
                let (worker, span) = (inputs.worker_of(user), SECOND + SLACK);
                if inputs.timeline.connected_for(user, worker, from, to, span).is_some() {
                    let what = if heard.is_some() { "heard it ring too late" } else { "never heard it ring" };
                    violations.push(Violation::of(id, format!("u{user}: connected, and {what}")));
                }
                if let Some(heard) = heard.filter(|heard| from <= *heard && *heard <= life.ended_at)
                    && inputs.timeline.connected(user, worker, from, heard)
                {
                    judged += 1;
                    slowest = slowest.max(heard - from);
                }
            }
        }
    }
    summary.push(format!(
        "  {judged} times the invitee was connected all the time, and heard it ring after at most {} ms",
        slowest / 1_000
    ));
}

fn logged_in(life: &Life) -> Option<Micros> {
    let done = |what: &What| matches!(what, What::Completed { verb: Verb::Login, code: 0, .. });
    life.records.iter().find(|record| done(&record.what)).map(|record| record.at)
}
