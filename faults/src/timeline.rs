//! What was the case when: which process was stopped or down, where bytes passed, when the machine was too slow.

use crate::history::Micros;

/// Spans of time in which something was so, in order.
#[derive(Clone, Debug, Default)]
pub struct Spans {
    spans: Vec<(Micros, Micros)>,
    since: Option<Micros>,
}

impl Spans {
    pub fn begin(&mut self, at: Micros) {
        self.since.get_or_insert(at);
    }

    pub fn end(&mut self, at: Micros) {
        if let Some(since) = self.since.take() {
            self.spans.push((since, at));
        }
    }

    pub fn add(&mut self, from: Micros, to: Micros) {
        self.spans.push((from, to));
    }

    /// Whether any of it lies between these two.
    pub fn touches(&self, from: Micros, to: Micros) -> bool {
        self.spans.iter().any(|(begin, end)| *begin < to && *end > from)
    }

    /// `at`, or the end of what was so then.
    pub fn after(&self, at: Micros) -> Micros {
        self.spans.iter().filter(|(begin, end)| *begin <= at && *end > at).map(|(_, end)| *end).max().unwrap_or(at)
    }

    pub fn total_ms(&self) -> u64 {
        self.spans.iter().map(|(begin, end)| (end - begin) / 1_000).sum()
    }
}

#[derive(Clone, Debug, Default)]
pub struct Timeline {
    /// The server's process was not there, or did not listen yet.
    pub server_down: Spans,
    /// The server could not serve: stopped, or without room on its disk.
    pub server_stuck: Spans,
    /// For each worker: it was stopped, or its one thread was held up, as by a `ZIM_Destroy` that says goodbye.
    pub worker_stopped: Vec<Spans>,
    /// For each worker: when it was killed.
    pub worker_killed: Vec<Vec<Micros>>,
    /// The bench itself was late: nobody's fault but the machine's.
    pub starved: Spans,
    /// For each user, up and down: when bytes passed.
    pub passed: Vec<[Vec<Micros>; 2]>,
}

/// How far apart bytes may pass on a connected line. Heartbeats come every 500 ms, and travel a while.
const APART: Micros = 700_000;

impl Timeline {
    /// Whether the user was connected all the time between these two: bytes passed in both directions, the server and
    /// the worker ran, and the machine kept up.
    pub fn connected(&self, user: u32, worker: usize, from: Micros, to: Micros) -> bool {
        let hindered = self.server_down.touches(from, to)
            || self.server_stuck.touches(from, to)
            || self.worker_stopped[worker].touches(from, to)
            || self.starved.touches(from, to);
        !hindered && self.passed[user as usize].iter().all(|passed| passes(passed, from, to))
    }

    /// The first moment after `from` from which the user was connected for `span`, before `to`.
    pub fn connected_for(&self, user: u32, worker: usize, from: Micros, to: Micros, span: Micros) -> Option<Micros> {
        let mut at = from;
        while at + span <= to {
            if self.connected(user, worker, at, at + span) {
                return Some(at);
            }
            at += 50_000;
        }
        None
    }
}

/// Whether there is never a gap that is too long.
fn passes(passed: &[Micros], from: Micros, to: Micros) -> bool {
    let mut last = from;
    let first = passed.partition_point(|at| *at + APART < from);
    let Some(before) = passed.get(first).filter(|at| **at <= from) else { return false };
    last = last.min(*before);
    for at in &passed[first..] {
        if *at > last + APART {
            break;
        }
        last = *at;
        if last >= to {
            return true;
        }
    }
    last + APART >= to
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_connected_while_bytes_pass_often_enough() {
        let passed = [1_000_000, 1_500_000, 2_000_000, 4_000_000];
        assert!(passes(&passed, 1_100_000, 2_100_000));
        assert!(passes(&passed, 1_100_000, 2_700_000));
        assert!(!passes(&passed, 1_100_000, 2_800_000));
        assert!(!passes(&passed, 500_000, 1_200_000));
        assert!(!passes(&passed, 3_000_000, 4_100_000));
        assert!(!passes(&[], 1, 2));
    }

    #[test]
    fn what_is_over_is_waited_for() {
        let mut spans = Spans::default();
        spans.begin(10);
        spans.end(20);
        spans.add(30, 40);
        assert_eq!([5, 10, 15, 20, 35].map(|at| spans.after(at)), [5, 20, 20, 20, 40]);
        assert!(spans.touches(19, 25) && !spans.touches(20, 30));
    }
}
