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
    /// A log as it was: entries in order, the last of them `head`.
    pub fn restore(head: u64, entries: VecDeque<Entry>, cursors: BTreeMap<SessionId, u64>) -> Inbox {
        Inbox { head, entries, cursors }
    }

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
        if let Some(cursor) = self.cursors.get_mut(session)
            && n > *cursor
            && n <= head
        {
            *cursor = n;
            self.trim();
        }
    }

    /// What the session has acknowledged.
    pub fn cursor(&self, session: &SessionId) -> Option<u64> {
        self.cursors.get(session).copied()
    }

    /// The number of the oldest entry that is kept; the next one's when none is.
    pub fn first(&self) -> u64 {
        (self.head + 1).saturating_sub(self.entries.len() as u64)
    }

    /// The newest entry, if it is kept.
    pub fn last(&self) -> Option<&Entry> {
        self.entries.back()
    }

    /// The entries behind `cursor`, in order; `None` when the log does not reach back that far, or `cursor` lies
    /// ahead of it: a snapshot must take their place.
    pub fn after(&self, cursor: u64) -> Option<impl Iterator<Item = &Entry>> {
        let first = self.first();
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use zim_protocol::call::{CallChange, Trigger};
    use zim_protocol::id::{CallId, DeviceId};

    use super::*;

    fn session(name: &str) -> SessionId {
        SessionId::parse(name).unwrap()
    }

    fn event(rev: u64) -> CallEvent {
        CallEvent::CallChanged(CallChange {
            call_id: CallId::parse("c").unwrap(),
            rev,
            trigger: Trigger::Timeout,
            by: None,
            extended_data: String::new(),
            users: Vec::new(),
            ended: false,
        })
    }

    fn append(inbox: &mut Inbox, count: usize) {
        for _ in 0..count {
            let n = inbox.head() + 1;
            assert_eq!(inbox.append(Audience::All, None, event(n)), n);
        }
    }

    fn after(inbox: &Inbox, cursor: u64) -> Option<Vec<u64>> {
        inbox.after(cursor).map(|entries| entries.map(|entry| entry.n).collect())
    }

    #[test]
    fn without_sessions_nothing_is_kept_but_the_number() {
        let mut inbox = Inbox::default();
        append(&mut inbox, 3);
        assert_eq!((inbox.head(), after(&inbox, 3), after(&inbox, 2)), (3, Some(vec![]), None));
        assert_eq!(inbox.open(session("s")), 3);
        append(&mut inbox, 2);
        assert_eq!(after(&inbox, 3), Some(vec![4, 5]));
        inbox.close(&session("s"));
        assert_eq!((inbox.head(), after(&inbox, 3), after(&inbox, 5)), (5, None, Some(vec![])));
    }

    #[test]
    fn an_entry_stays_until_the_slowest_session_has_it() {
        let mut inbox = Inbox::default();
        inbox.open(session("fast"));
        inbox.open(session("slow"));
        append(&mut inbox, 4);
        inbox.acknowledge(&session("fast"), 4);
        assert_eq!(after(&inbox, 0), Some(vec![1, 2, 3, 4]));
        inbox.acknowledge(&session("slow"), 2);
        assert_eq!((after(&inbox, 1), after(&inbox, 2)), (None, Some(vec![3, 4])));
        inbox.close(&session("slow"));
        assert_eq!((after(&inbox, 3), after(&inbox, 4)), (None, Some(vec![])));
    }

    #[test]
    fn an_acknowledgement_never_goes_back_nor_ahead_nor_to_strangers() {
        let mut inbox = Inbox::default();
        inbox.open(session("s"));
        append(&mut inbox, 5);
        for (n, cursor) in [(3, 3), (2, 3), (6, 3), (u64::MAX, 3), (5, 5)] {
            inbox.acknowledge(&session("s"), n);
            assert_eq!(inbox.cursor(&session("s")), Some(cursor), "after {n}");
        }
        inbox.acknowledge(&session("stranger"), 1);
        assert_eq!(inbox.cursor(&session("stranger")), None);
    }

    #[test]
    fn a_session_that_falls_behind_the_bound_needs_a_snapshot() {
        let mut inbox = Inbox::default();
        inbox.open(session("away"));
        append(&mut inbox, INBOX_ENTRIES);
        assert_eq!(after(&inbox, 0).unwrap().len(), INBOX_ENTRIES);
        append(&mut inbox, 1);
        assert_eq!((after(&inbox, 0), after(&inbox, 1).unwrap().len()), (None, INBOX_ENTRIES));
        assert_eq!((after(&inbox, inbox.head() + 1), after(&inbox, u64::MAX)), (None, None));
    }

    #[test]
    fn an_entry_carries_what_it_was_given() {
        let mut inbox = Inbox::default();
        inbox.open(session("s"));
        let audience = Audience::Except(DeviceId::parse("phone").unwrap());
        inbox.append(audience.clone(), Some(9), event(1));
        let entry = inbox.after(0).unwrap().next().unwrap().clone();
        assert_eq!(entry, Entry { n: 1, audience, deadline: Some(9), event: event(1) });
    }

    #[derive(Clone, Debug)]
    enum Op {
        Append(usize),
        Open(u8),
        Close(u8),
        Acknowledge(u8, u64),
    }

    fn op() -> impl Strategy<Value = Op> {
        prop_oneof![
            3 => prop_oneof![5 => 0..4_usize, 1 => 0..700_usize].prop_map(Op::Append),
            1 => (0..3_u8).prop_map(Op::Open),
            1 => (0..3_u8).prop_map(Op::Close),
            3 => (0..3_u8, 0..1_500_u64).prop_map(|(who, n)| Op::Acknowledge(who, n)),
        ]
    }

    /// The same, told simply: how far the log has come, how far it is gone, and who is where.
    #[derive(Default)]
    struct Naive {
        head: u64,
        gone: u64,
        cursors: Vec<(u8, u64)>,
    }

    impl Naive {
        fn run(&mut self, op: &Op) {
            match op {
                Op::Append(count) => self.head += *count as u64,
                Op::Open(who) => {
                    self.cursors.retain(|(other, _)| other != who);
                    self.cursors.push((*who, self.head));
                }
                Op::Close(who) => self.cursors.retain(|(other, _)| other != who),
                Op::Acknowledge(who, n) => {
                    for (other, cursor) in &mut self.cursors {
                        if other == who && *n <= self.head {
                            *cursor = (*cursor).max(*n);
                        }
                    }
                }
            }
            let slowest = self.cursors.iter().map(|(_, cursor)| *cursor).min().unwrap_or(self.head);
            self.gone = self.gone.max(slowest).max(self.head.saturating_sub(INBOX_ENTRIES as u64));
        }

        fn after(&self, cursor: u64) -> Option<Vec<u64>> {
            (self.gone..=self.head).contains(&cursor).then(|| (cursor + 1..=self.head).collect())
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

        #[test]
        fn the_log_is_what_the_simple_telling_says(ops in prop::collection::vec(op(), 0..30), probe in 0..2_000_u64) {
            let (mut inbox, mut naive) = (Inbox::default(), Naive::default());
            let name = |who: &u8| session(&format!("s{who}"));
            for op in &ops {
                match op {
                    Op::Append(count) => append(&mut inbox, *count),
                    Op::Open(who) => prop_assert_eq!(inbox.open(name(who)), inbox.head()),
                    Op::Close(who) => inbox.close(&name(who)),
                    Op::Acknowledge(who, n) => inbox.acknowledge(&name(who), *n),
                }
                naive.run(op);
                prop_assert_eq!(inbox.head(), naive.head);
                for cursor in [probe, naive.gone.saturating_sub(1), naive.gone, naive.head, naive.head + 1] {
                    prop_assert_eq!(after(&inbox, cursor), naive.after(cursor), "after {}", cursor);
                }
                for who in 0..3 {
                    let expected = naive.cursors.iter().find(|(other, _)| *other == who).map(|(_, cursor)| *cursor);
                    prop_assert_eq!(inbox.cursor(&name(&who)), expected);
                    if let Some(cursor) = expected {
                        let reaches = naive.head - cursor <= INBOX_ENTRIES as u64;
                        prop_assert_eq!(inbox.after(cursor).is_some(), reaches, "only the bound takes what is needed");
                    }
                }
            }
            let kept: Inbox = serde_json::from_str(&serde_json::to_string(&inbox).unwrap()).unwrap();
            prop_assert_eq!(kept, inbox);
        }
    }
}
