//! A user's log of events on the server: numbered, ordered, bounded, trimmed by what the slowest device has.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use zim_protocol::call::CallEvent;
use zim_protocol::id::SessionId;

use crate::Millis;
use crate::call::Audience;

/// Entries kept for sessions that are slow or away. What falls out is made good by a snapshot.
pub const INBOX_ENTRIES: usize = 1_024;

/// One event. `deadline` is what the time left is measured against whenever the entry is sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Entry {
    pub n: u64,
    pub audience: Audience,
    pub deadline: Option<Millis>,
    pub event: CallEvent,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Inbox {
    head: u64,
    entries: VecDeque<Entry>,
    /// What each session has acknowledged. Without sessions nothing is kept: a login starts from a snapshot.
    cursors: BTreeMap<SessionId, u64>,
}

impl Inbox {
    /// The number of the newest entry there has been; 0 before the first.
    pub fn head(&self) -> u64 {
        self.head
    }

    /// Numbers an entry and keeps it as long as some session may want it.
    pub fn append(&mut self, audience: Audience, deadline: Option<Millis>, event: CallEvent) -> u64 {
        self.head += 1;
        self.entries.push_back(Entry { n: self.head, audience, deadline, event });
        self.trim();
        self.head
    }

    /// A session begins at the head. Returns where that is.
    pub fn open(&mut self, session: SessionId) -> u64 {
        self.cursors.insert(session, self.head);
        self.trim();
        self.head
    }

    pub fn close(&mut self, session: &SessionId) {
        self.cursors.remove(session);
        self.trim();
    }

    /// Entries up to `n` have been delivered to the session's host. Going back, or past the head, does nothing.
    pub fn acknowledge(&mut self, session: &SessionId, n: u64) {
        let head = self.head;
        if let Some(cursor) = self.cursors.get_mut(session) {
            if n > *cursor && n <= head {
                *cursor = n;
                self.trim();
            }
        }
    }

    /// What the session has acknowledged.
    pub fn cursor(&self, session: &SessionId) -> Option<u64> {
        self.cursors.get(session).copied()
    }

    /// The entries behind `cursor`, in order; `None` when the log does not reach back that far, or `cursor` lies
    /// ahead of it: a snapshot must take their place.
    pub fn after(&self, cursor: u64) -> Option<impl Iterator<Item = &Entry>> {
        let first = self.head - self.entries.len() as u64 + 1;
        if cursor > self.head || cursor + 1 < first {
            return None;
        }
        let skip = usize::try_from(cursor + 1 - first).unwrap_or(usize::MAX);
        Some(self.entries.iter().skip(skip))
    }

    fn trim(&mut self) {
        let needed = self.cursors.values().min().copied().unwrap_or(self.head);
        while self.entries.front().is_some_and(|entry| entry.n <= needed) || self.entries.len() > INBOX_ENTRIES {
            self.entries.pop_front();
        }
    }
}
