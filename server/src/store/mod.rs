//! Where the truth is kept: calls, users, their logs, timers and remembered answers.
//!
//! A store compares, keeps, numbers and orders; it decides nothing. Every change is one atomic [`Store::commit`] of
//! preconditions and writes. Whoever meets a conflict loads again and decides again.

#[cfg(test)]
mod conformance;
mod memory;
mod sqlite;
mod state;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use thiserror::Error;
use zim_core::Millis;
use zim_core::call::{Audience, Call};
use zim_core::inbox::Entry;
use zim_core::presence::User;
use zim_protocol::call::CallEvent;
use zim_protocol::code::Fault;
use zim_protocol::frame::ReplyBody;
use zim_protocol::id::{CallId, DeviceId, RequestId, SessionId, UserId};

pub use memory::MemoryStore;
pub use sqlite::SqliteStore;
pub use sqlite::file::FORMAT;
pub use sqlite::tools;

pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A user of one app.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserKey {
    pub app: u32,
    pub user: UserId,
}

/// A call of one app.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallKey {
    pub app: u32,
    pub call: CallId,
}

/// Names a record.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    Call(CallKey),
    User(UserKey),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    Call(Arc<Call>),
    User(Arc<User>),
}

/// A record and its version: 0 for one that does not exist, growing by one with every put.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Versioned {
    pub version: u64,
    pub record: Option<Record>,
}

impl Versioned {
    pub fn call(&self) -> Option<&Arc<Call>> {
        match &self.record {
            Some(Record::Call(call)) => Some(call),
            Some(Record::User(_)) | None => None,
        }
    }

    pub fn user(&self) -> Option<&Arc<User>> {
        match &self.record {
            Some(Record::User(user)) => Some(user),
            Some(Record::Call(_)) | None => None,
        }
    }
}

/// A request as the server remembers it: unique for user, device and login. The epoch of the login stays the same
/// when a session is resumed or replaced after it has expired, so what is sent again is found; a program that counts
/// its requests from 1 each time it starts never hears an answer to the one before it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestKey {
    pub user: UserKey,
    pub device: DeviceId,
    pub login_epoch: u64,
    pub request: RequestId,
}

/// What was answered to a request.
pub type Answer = Result<ReplyBody, Fault>;

/// Something that is to happen at a time.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TimerId {
    /// The call wants a tick.
    Call(CallKey),
    /// The session is no longer resumable.
    Session(UserKey, SessionId),
    /// The user has no session left, and their calls must hear of it.
    Absent(UserKey),
}

/// A record to write. What has a `keep_until` is forgotten some time after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put {
    pub key: Key,
    pub record: Record,
    pub keep_until: Option<Millis>,
}

/// A change of the index of live calls by participant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexChange {
    Add(UserKey, CallId),
    Remove(UserKey, CallId),
}

/// An entry for a user's log. For users without a session nothing is kept: a login starts from a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    pub user: UserKey,
    pub audience: Audience,
    pub deadline: Option<Millis>,
    pub event: CallEvent,
}

/// A change of what a session has of its user's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CursorChange {
    /// The session begins, or begins anew, at the head of the log as this commit leaves it.
    Open(UserKey, SessionId),
    Close(UserKey, SessionId),
    /// Entries up to the number have been delivered.
    Acknowledge(UserKey, SessionId, u64),
}

/// One atomic change. First all preconditions are compared; if one fails nothing is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commit {
    /// The records are still of these versions.
    pub expect: Vec<(Key, u64)>,
    /// The timer is still set to this time: whoever handles a timer makes sure that nobody else has.
    pub claim: Option<(TimerId, Millis)>,
    /// The request has not been answered yet.
    pub unanswered: Option<RequestKey>,
    pub put: Vec<Put>,
    pub index: Vec<IndexChange>,
    /// Sets a timer, or with `None` clears it.
    pub timers: Vec<(TimerId, Option<Millis>)>,
    pub append: Vec<Append>,
    pub cursors: Vec<CursorChange>,
    /// Kept for at least [`REMEMBER_MS`].
    pub remember: Option<(RequestKey, Answer)>,
}

impl Commit {
    /// Nothing but what sessions have taken of their logs.
    pub fn only_acknowledges(&self) -> bool {
        let Commit { expect, claim, unanswered, put, index, timers, append, cursors, remember } = self;
        expect.is_empty()
            && claim.is_none()
            && unanswered.is_none()
            && put.is_empty()
            && index.is_empty()
            && timers.is_empty()
            && append.is_empty()
            && remember.is_none()
            && cursors.iter().all(|change| matches!(change, CursorChange::Acknowledge(..)))
    }
}

/// Answers are remembered for this long: longer than any client still asks for one.
pub const REMEMBER_MS: Millis = 120_000;
/// Ended calls are kept for this long, so that late requests get the right refusal.
pub const ENDED_CALL_MS: Millis = 24 * 60 * 60 * 1_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitResult {
    /// Written.
    Done(Committed),
    /// A version or a claim did not hold; nothing was written.
    Conflict,
    /// The request has been answered before, like this; nothing was written.
    AlreadyAnswered(Answer),
}

/// What a commit has led to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// For every opened cursor, in order: the number of the newest entry of that user's log.
    pub opened_at: Vec<u64>,
}

/// Records as they were at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    pub now: Millis,
    /// In the order of the keys.
    pub records: Vec<Versioned>,
    /// The remembered answer to the request that was asked about.
    pub answered: Option<Answer>,
}

/// A part of a user's log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    pub now: Millis,
    pub entries: Vec<Entry>,
}

/// The store cannot be reached or has failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unavailable {
    pub reason: String,
    /// Whether a commit was written is not known; otherwise nothing was.
    pub outcome_unknown: bool,
}

impl Unavailable {
    /// Nothing was written.
    pub fn refused(reason: impl Into<String>) -> Unavailable {
        Unavailable { reason: reason.into(), outcome_unknown: false }
    }

    /// What was to be written may be, or not.
    pub fn unknown(reason: impl Into<String>) -> Unavailable {
        Unavailable { reason: reason.into(), outcome_unknown: true }
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store is unavailable: {}", self.reason)
    }
}

impl std::error::Error for Unavailable {}

/// Why a store cannot be opened, and what to do.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum StoreError {
    #[error(
        "the data directory {directory} cannot be used: {reason}; name one that the server may write to with data_dir"
    )]
    Directory { directory: String, reason: String },
    #[error("there is no store: {path} does not exist")]
    Missing { path: String },
    #[error("{path} is in use by another process; two servers cannot share a data directory")]
    Busy { path: String },
    #[error("{path} is not the store of a zim-server; name another data_dir, or move the file away")]
    Foreign { path: String },
    #[error(
        "{path} was written by a newer zim-server: it has format {format}, and this one knows up to {known}; start that \
         version again, or name another data_dir", known = FORMAT
    )]
    Newer { path: String, format: i32 },
    #[error(
        "{path} is damaged: {reason}. Nothing was changed. \"zim-server store repair\" keeps the file under another \
         name and saves what can be read; \"zim-server store export\" prints it"
    )]
    Damaged { path: String, reason: String },
    #[error("{path}: {reason}")]
    Io { path: String, reason: String },
}

/// What every store can do. An implementation must pass the conformance suite beside this file.
pub trait Store: fmt::Debug + Send + Sync {
    /// Names the past of this store: another number after anything was forgotten.
    fn epoch(&self) -> u64;

    /// The clock that all deadlines of this store are measured by: Unix milliseconds.
    fn now(&self) -> Millis;

    /// Reads records, and the remembered answer to a request, at one moment.
    fn load<'a>(
        &'a self,
        keys: &'a [Key],
        request: Option<&'a RequestKey>,
    ) -> BoxFuture<'a, Result<Loaded, Unavailable>>;

    /// The live calls in which the user is a participant, in the order of their IDs.
    fn calls_of<'a>(&'a self, user: &'a UserKey) -> BoxFuture<'a, Result<Vec<CallId>, Unavailable>>;

    /// Completes when what was written will not be lost any more.
    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<CommitResult, Unavailable>>;

    /// Up to `max` entries of the user's log behind `cursor`; `None` when the log does not reach back that far.
    fn log_after<'a>(
        &'a self,
        user: &'a UserKey,
        cursor: u64,
        max: usize,
    ) -> BoxFuture<'a, Result<Option<Page>, Unavailable>>;

    /// Up to `max` timers that are due at `now`, the earliest first. They stay set.
    fn due(&self, now: Millis, max: usize) -> BoxFuture<'_, Result<Vec<(TimerId, Millis)>, Unavailable>>;

    /// When the earliest timer is due.
    fn next_due(&self) -> BoxFuture<'_, Result<Option<Millis>, Unavailable>>;

    /// Every session of every user: for a server that starts, and has no connection to any of them yet.
    fn sessions(&self) -> BoxFuture<'_, Result<Vec<(UserKey, SessionId)>, Unavailable>>;

    /// The last thing that is asked of it: what waits to be written is, or cannot be.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// Another number for every past, also for two that begin in the same millisecond; below 2^53, so that clients in
/// every language can hold it.
fn new_epoch(now: Millis) -> u64 {
    let mut salt = [0; 2];
    let salt = match getrandom::fill(&mut salt) {
        Ok(()) => u16::from_le_bytes(salt),
        Err(_) => 0,
    };
    (now << 10) | u64::from(salt & 0x3ff)
}
