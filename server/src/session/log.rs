//! A connection's place in its user's log: what was sent, what was acknowledged, how much more may be sent.

use std::collections::VecDeque;

use zim_protocol::limits;

/// How far a connection has come.
#[derive(Debug)]
pub struct LogPosition {
    /// Everything up to here was sent, or is for other devices.
    seen: u64,
    /// The numbers of the events that were sent and not acknowledged yet.
    unacknowledged: VecDeque<u64>,
    acknowledged: u64,
    /// The window begins to count: before, a client holds events back and cannot acknowledge them.
    caught_up: bool,
}

impl LogPosition {
    pub fn new(cursor: u64) -> LogPosition {
        LogPosition { seen: cursor, unacknowledged: VecDeque::new(), acknowledged: cursor, caught_up: false }
    }

    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// Everything there was has been sent. True the first time.
    pub fn catch_up(&mut self) -> bool {
        !std::mem::replace(&mut self.caught_up, true)
    }

    /// How many more events may be sent now.
    pub fn room(&self) -> usize {
        let window = usize::try_from(limits::EVENT_WINDOW).unwrap_or(usize::MAX);
        match self.caught_up {
            true => window.saturating_sub(self.unacknowledged.len()),
            false => window,
        }
    }

    pub fn sent(&mut self, n: u64) {
        self.seen = n;
        self.unacknowledged.push_back(n);
    }

    /// The entry is for other devices.
    pub fn passed(&mut self, n: u64) {
        self.seen = n;
    }

    /// The client has everything up to `n`. Returns up to where the store may forget for this session, when that
    /// has grown: no further than the client says, which is where it would resume from.
    pub fn acknowledge(&mut self, n: u64) -> Option<u64> {
        while self.unacknowledged.front().is_some_and(|sent| *sent <= n) {
            self.unacknowledged.pop_front();
        }
        let done = n.min(self.seen);
        let grown = done > self.acknowledged;
        self.acknowledged = self.acknowledged.max(done);
        grown.then_some(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_counts_sent_events_from_the_catching_up_on() {
        let window = limits::EVENT_WINDOW;
        let mut log = LogPosition::new(10);
        for n in 11..=10 + window {
            log.sent(n);
        }
        assert_eq!(log.room(), window as usize);
        assert!(log.catch_up());
        assert!(!log.catch_up());
        assert_eq!(log.room(), 0);
        assert_eq!(log.acknowledge(20), Some(20));
        assert_eq!(log.room(), 10);
    }

    #[test]
    fn an_acknowledgement_counts_as_far_as_the_client_has_come() {
        let mut log = LogPosition::new(0);
        log.sent(1);
        log.passed(2);
        log.sent(3);
        log.passed(4);
        assert_eq!(log.acknowledge(1), Some(1));
        assert_eq!(log.acknowledge(3), Some(3));
        assert_eq!(log.acknowledge(2), None);
        assert_eq!(log.acknowledge(99), Some(4));
        assert_eq!(log.acknowledge(99), None);
        assert_eq!(log.seen(), 4);
    }
}
