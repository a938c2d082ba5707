//! Each accepted request completes once, and in its time.

use std::collections::BTreeMap;

use super::book::Book;
use super::{Inputs, Violation};
use crate::history::{Verb, What};
use crate::worker::REQUEST_TIMEOUT_MS;

/// What a completion may come late, beside its own time.
const GRACE: u64 = 1_000_000;

pub fn check(inputs: &Inputs<'_>, book: &Book, violations: &mut Vec<Violation>, summary: &mut Vec<String>) {
    let (mut begun_count, mut refused, mut cut_off) = (0, 0_u64, 0);
    let mut codes: BTreeMap<(String, i32), u64> = BTreeMap::new();
    for (records, killed) in &book.processes {
        let mut open = BTreeMap::new();
        for record in records {
            match &record.what {
                What::Begun { verb, tag, call } => {
                    begun_count += 1;
                    open.insert((record.user, *tag), (record.at, *verb, call.clone(), 0));
                }
                What::Refused { .. } => refused += 1,
                What::Completed { verb, tag, call, code } => {
                    *codes.entry((format!("{verb:?}"), *code)).or_default() += 1;
                    let Some((at, _, _, count)) = open.get_mut(&(record.user, *tag)) else {
                        let message = format!("{verb:?} of u{} completed without having begun", record.user);
                        violations.push(Violation::of(call, message));
                        continue;
                    };
                    *count += 1;
                    if *count > 1 {
                        violations.push(Violation::of(call, format!("{verb:?} of u{} completed twice", record.user)));
                    }
                    let worker = inputs.worker_of(record.user);
                    let due = *at + u64::from(REQUEST_TIMEOUT_MS) * 1_000 + GRACE;
                    let stopped = inputs.timeline.worker_stopped[worker].touches(*at, record.at);
                    if record.at > due && !stopped && !inputs.timeline.starved.touches(*at, record.at) {
                        let ms = (record.at - *at) / 1_000;
                        violations.push(Violation::of(call, format!("{verb:?} of u{} took {ms} ms", record.user)));
                    }
                }
                _ => {}
            }
        }
        for ((user, _), (_, verb, call, count)) in open {
            match (count, killed) {
                (0, false) => violations.push(Violation::of(&call, format!("{verb:?} of u{user} never completed"))),
                (0, true) => cut_off += 1,
                _ => {}
            }
        }
    }
    summary.push(format!("requests: {begun_count} begun, {refused} not taken, {cut_off} open in a killed worker"));
    for verb in [Verb::Login, Verb::Invite, Verb::Accept, Verb::Reject, Verb::Cancel] {
        let verb = format!("{verb:?}");
        let found: Vec<String> = codes
            .iter()
            .filter(|((of, _), _)| *of == verb)
            .map(|((_, code), count)| format!("{code}: {count}"))
            .collect();
        summary.push(format!("  {verb:<7} {}", found.join(", ")));
    }
}
