//! What a store on one machine knows: compared, changed and read in memory. What has changed is told to a journal.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use zim_core::Millis;
use zim_core::inbox::{Entry, Inbox};
use zim_protocol::id::{CallId, SessionId};

use super::{
    Answer, Commit, CommitResult, Committed, CursorChange, IndexChange, Key, REMEMBER_MS, Record, RequestKey, TimerId,
    UserKey, Versioned,
};

/// So much is forgotten with every commit: more than one brings in, and little enough to hold nobody up.
const FORGET_AT_ONCE: usize = 32;

/// Numbers the commits that a journal has to keep; 0 before the first.
pub type Sequence = u64;

/// One row of the state, as it is from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Put(Key, Kept),
    Forget(Key),
    Participant(UserKey, CallId),
    NoParticipant(UserKey, CallId),
    Timer(TimerId, Option<Millis>),
    /// The number of the newest entry of the user's log.
    Head(UserKey, u64),
    Entry(UserKey, Entry),
    /// The user's log begins with this number.
    Begins(UserKey, u64),
    Cursor(UserKey, SessionId, Option<u64>),
    /// To be forgotten at a time.
    Answer(RequestKey, Millis, Answer),
    ForgetAnswer(RequestKey),
}

/// Hears of every change, in order.
pub trait Journal {
    fn note(&mut self, change: impl FnOnce() -> Change);
}

/// For a store that keeps nothing beyond its process.
impl Journal for () {
    fn note(&mut self, _: impl FnOnce() -> Change) {}
}

impl Journal for Vec<Change> {
    fn note(&mut self, change: impl FnOnce() -> Change) {
        self.push(change());
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub version: u64,
    pub record: Record,
    pub keep_until: Option<Millis>,
}

/// With the number of the commit that wrote it last: what is read must not be told before that one is kept.
#[derive(Clone, Debug)]
struct Written<T> {
    value: T,
    by: Sequence,
}

#[derive(Clone, Debug, Default)]
pub struct State {
    records: HashMap<Key, Written<Kept>>,
    /// When records with an end may be forgotten.
    expiries: BTreeSet<(Millis, Key)>,
    calls_of: HashMap<UserKey, BTreeSet<CallId>>,
    timers: HashMap<TimerId, Millis>,
    schedule: BTreeSet<(Millis, TimerId)>,
    inboxes: HashMap<UserKey, Written<Inbox>>,
    answers: HashMap<RequestKey, Written<Answer>>,
    /// The remembered requests in the order in which they are forgotten.
    answered: VecDeque<(Millis, RequestKey)>,
}

/// The state as its rows tell it, to begin with.
#[derive(Debug, Default)]
pub struct Rows {
    pub records: Vec<(Key, Kept)>,
    pub participants: Vec<(UserKey, CallId)>,
    pub timers: Vec<(TimerId, Millis)>,
    pub heads: Vec<(UserKey, u64)>,
    /// In the order of their numbers.
    pub entries: Vec<(UserKey, Entry)>,
    pub cursors: Vec<(UserKey, SessionId, u64)>,
    /// In the order in which they are to be forgotten.
    pub answers: Vec<(RequestKey, Millis, Answer)>,
}

impl State {
    pub fn restore(rows: Rows) -> State {
        let mut state = State::default();
        for (key, kept) in rows.records {
            if let Some(until) = kept.keep_until {
                state.expiries.insert((until, key.clone()));
            }
            state.records.insert(key, Written { value: kept, by: 0 });
        }
        for (user, call) in rows.participants {
            state.calls_of.entry(user).or_default().insert(call);
        }
        for (timer, at) in rows.timers {
            state.schedule.insert((at, timer.clone()));
            state.timers.insert(timer, at);
        }
        let mut entries: HashMap<UserKey, VecDeque<Entry>> = HashMap::new();
        for (user, entry) in rows.entries {
            entries.entry(user).or_default().push_back(entry);
        }
        let mut cursors: HashMap<UserKey, BTreeMap<SessionId, u64>> = HashMap::new();
        for (user, session, cursor) in rows.cursors {
            cursors.entry(user).or_default().insert(session, cursor);
        }
        for (user, head) in rows.heads {
            let (entries, cursors) = (entries.remove(&user), cursors.remove(&user));
            let inbox = Inbox::restore(head, entries.unwrap_or_default(), cursors.unwrap_or_default());
            state.inboxes.insert(user, Written { value: inbox, by: 0 });
        }
        for (request, until, answer) in rows.answers {
            state.answered.push_back((until, request.clone()));
            state.answers.insert(request, Written { value: answer, by: 0 });
        }
        state
    }

    /// The record, and which commit wrote it.
    pub fn versioned(&self, key: &Key) -> (Versioned, Sequence) {
        match self.records.get(key) {
            Some(Written { value, by }) => {
                (Versioned { version: value.version, record: Some(value.record.clone()) }, *by)
            }
            None => (Versioned::default(), 0),
        }
    }

    /// The remembered answer, and which commit wrote it.
    pub fn answer(&self, request: &RequestKey) -> Option<(Answer, Sequence)> {
        self.answers.get(request).map(|written| (written.value.clone(), written.by))
    }

    pub fn calls_of(&self, user: &UserKey) -> Vec<CallId> {
        self.calls_of.get(user).map(|calls| calls.iter().cloned().collect()).unwrap_or_default()
    }

    /// Entries of the user's log behind `cursor`, and which commit wrote the newest one of the log.
    pub fn log_after(&self, user: &UserKey, cursor: u64, max: usize) -> Option<(Vec<Entry>, Sequence)> {
        let Written { value, by } = self.inboxes.get(user)?;
        Some((value.after(cursor)?.take(max).cloned().collect(), *by))
    }

    pub fn due(&self, now: Millis, max: usize) -> Vec<(TimerId, Millis)> {
        let due = self.schedule.iter().take_while(|(at, _)| *at <= now).take(max);
        due.map(|(at, timer)| (timer.clone(), *at)).collect()
    }

    pub fn next_due(&self) -> Option<Millis> {
        self.schedule.first().map(|(at, _)| *at)
    }

    /// Every session of every user.
    pub fn sessions(&self) -> Vec<(UserKey, SessionId)> {
        let mut sessions = Vec::new();
        for (key, written) in &self.records {
            if let (Key::User(key), Record::User(user)) = (key, &written.value.record) {
                sessions.extend(user.sessions.iter().map(|session| (key.clone(), session.id.clone())));
            }
        }
        sessions
    }

    /// Compares, and writes if all preconditions hold. Returns also which commit must have been kept before anybody
    /// may hear of the result.
    pub fn commit(
        &mut self,
        commit: Commit,
        now: Millis,
        by: Sequence,
        journal: &mut impl Journal,
    ) -> (CommitResult, Sequence) {
        // A resent request learns its answer even when the records have moved on since.
        if let Some(written) = commit.unanswered.as_ref().and_then(|request| self.answers.get(request)) {
            return (CommitResult::AlreadyAnswered(written.value.clone()), written.by);
        }
        if commit.claim.as_ref().is_some_and(|(timer, at)| self.timers.get(timer) != Some(at)) {
            return (CommitResult::Conflict, 0);
        }
        let current = |key: &Key| self.records.get(key).map_or(0, |written| written.value.version);
        match commit.expect.iter().all(|(key, version)| current(key) == *version) {
            true => (CommitResult::Done(self.write(commit, now, by, journal)), by),
            false => (CommitResult::Conflict, 0),
        }
    }

    fn write(&mut self, commit: Commit, now: Millis, by: Sequence, journal: &mut impl Journal) -> Committed {
        self.forget(now, journal);
        for put in commit.put {
            self.put(put.key, put.record, put.keep_until, by, journal);
        }
        for change in commit.index {
            self.change_index(change, journal);
        }
        for (timer, at) in commit.timers {
            self.set_timer(timer, at, journal);
        }
        for append in commit.append {
            let Some(written) = self.inboxes.get_mut(&append.user) else { continue };
            let before = written.value.first();
            let n = written.value.append(append.audience, append.deadline, append.event);
            written.by = by;
            let inbox = &written.value;
            journal.note(|| Change::Head(append.user.clone(), n));
            if let Some(entry) = inbox.last() {
                journal.note(|| Change::Entry(append.user.clone(), entry.clone()));
            }
            note_beginning(inbox, before, &append.user, journal);
        }
        let mut committed = Committed::default();
        for change in commit.cursors {
            self.change_cursor(change, &mut committed, journal);
        }
        if let Some((request, answer)) = commit.remember {
            let until = now + REMEMBER_MS;
            journal.note(|| Change::Answer(request.clone(), until, answer.clone()));
            self.answered.push_back((until, request.clone()));
            self.answers.insert(request, Written { value: answer, by });
        }
        committed
    }

    fn put(&mut self, key: Key, record: Record, keep_until: Option<Millis>, by: Sequence, journal: &mut impl Journal) {
        if let Some(until) = keep_until {
            self.expiries.insert((until, key.clone()));
        }
        let before = self.records.get(&key).map(|written| &written.value);
        let version = before.map_or(0, |before| before.version) + 1;
        if let Some(until) = before.and_then(|before| before.keep_until).filter(|until| Some(*until) != keep_until) {
            self.expiries.remove(&(until, key.clone()));
        }
        let kept = Kept { version, record, keep_until };
        journal.note(|| Change::Put(key.clone(), kept.clone()));
        self.records.insert(key, Written { value: kept, by });
    }

    fn change_index(&mut self, change: IndexChange, journal: &mut impl Journal) {
        match change {
            IndexChange::Add(user, call) => {
                journal.note(|| Change::Participant(user.clone(), call.clone()));
                self.calls_of.entry(user).or_default().insert(call);
            }
            IndexChange::Remove(user, call) => {
                if let Some(calls) = self.calls_of.get_mut(&user) {
                    calls.remove(&call);
                    if calls.is_empty() {
                        self.calls_of.remove(&user);
                    }
                }
                journal.note(|| Change::NoParticipant(user, call));
            }
        }
    }

    fn set_timer(&mut self, timer: TimerId, at: Option<Millis>, journal: &mut impl Journal) {
        let before = match at {
            Some(at) => self.timers.insert(timer.clone(), at),
            None => self.timers.remove(&timer),
        };
        if before == at {
            return;
        }
        journal.note(|| Change::Timer(timer.clone(), at));
        if let Some(before) = before {
            // The schedule's key owns its timer, so looking one up takes a copy.
            self.schedule.remove(&(before, timer.clone()));
        }
        if let Some(at) = at {
            self.schedule.insert((at, timer));
        }
    }

    fn change_cursor(&mut self, change: CursorChange, committed: &mut Committed, journal: &mut impl Journal) {
        let (user, session) = match &change {
            CursorChange::Open(user, session) => {
                self.inboxes.entry(user.clone()).or_insert_with(|| {
                    journal.note(|| Change::Head(user.clone(), 0));
                    Written { value: Inbox::default(), by: 0 }
                });
                (user, session)
            }
            CursorChange::Close(user, session) | CursorChange::Acknowledge(user, session, _) => (user, session),
        };
        let Some(Written { value: inbox, .. }) = self.inboxes.get_mut(user) else { return };
        let (first, cursor) = (inbox.first(), inbox.cursor(session));
        match &change {
            CursorChange::Open(..) => committed.opened_at.push(inbox.open(session.clone())),
            CursorChange::Close(..) => inbox.close(session),
            CursorChange::Acknowledge(_, _, n) => inbox.acknowledge(session, *n),
        }
        if inbox.cursor(session) != cursor {
            journal.note(|| Change::Cursor(user.clone(), session.clone(), inbox.cursor(session)));
        }
        note_beginning(inbox, first, user, journal);
    }

    /// Drops what has been kept long enough.
    fn forget(&mut self, now: Millis, journal: &mut impl Journal) {
        for _ in 0..FORGET_AT_ONCE {
            if self.answered.front().is_none_or(|(until, _)| *until > now) {
                break;
            }
            if let Some((_, request)) = self.answered.pop_front() {
                self.answers.remove(&request);
                journal.note(|| Change::ForgetAnswer(request));
            }
        }
        for _ in 0..FORGET_AT_ONCE {
            if self.expiries.first().is_none_or(|(until, _)| *until > now) {
                break;
            }
            if let Some((_, key)) = self.expiries.pop_first() {
                self.records.remove(&key);
                journal.note(|| Change::Forget(key));
            }
        }
    }

    /// Nothing is left of what ends or is forgotten: for tests.
    #[cfg(test)]
    pub fn sizes(&self) -> Sizes {
        Sizes {
            answers: self.answers.len() + self.answered.len(),
            expiries: self.expiries.len(),
            timers: self.timers.len() + self.schedule.len(),
            participants: self.calls_of.len(),
        }
    }
}

#[cfg(test)]
#[derive(Debug, PartialEq, Eq)]
pub struct Sizes {
    pub answers: usize,
    pub expiries: usize,
    pub timers: usize,
    pub participants: usize,
}

fn note_beginning(inbox: &Inbox, before: u64, user: &UserKey, journal: &mut impl Journal) {
    if inbox.first() != before {
        journal.note(|| Change::Begins(user.clone(), inbox.first()));
    }
}
