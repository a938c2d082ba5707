//! The store on one machine that outlives its process: the state in memory, and SQLite as its log.
//!
//! A commit is decided in memory and then written; nobody hears of it, by an answer or by a read, before it is kept.
//! One thread writes, and everything that waits goes into its next transaction.

pub mod file;
mod rows;
pub mod tools;
mod writer;

use std::future::ready;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::watch;
use zim_core::Millis;
use zim_protocol::id::{CallId, SessionId};

use self::file::File;
use self::writer::{Job, Progress};
use super::state::{Sequence, State};
use super::{
    BoxFuture, Commit, CommitResult, Key, Loaded, Page, RequestKey, Store, StoreError, TimerId, Unavailable, UserKey,
    new_epoch,
};
use crate::clock::{Clock, uptime};
use crate::config::Durability;

#[derive(Debug)]
pub struct SqliteStore {
    clock: Clock,
    epoch: u64,
    path: PathBuf,
    inner: Mutex<Inner>,
    progress: watch::Receiver<Progress>,
    writer: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Inner {
    state: State,
    /// The last commit that was handed to the writer.
    sequence: Sequence,
    /// `None` while the store is being dropped.
    jobs: Option<Sender<Job>>,
}

impl SqliteStore {
    /// Opens the store in this directory, or makes one.
    pub fn open(directory: &Path, durability: Durability) -> Result<SqliteStore, StoreError> {
        let file = File::open(directory, durability)?;
        let rows = file.read()?;
        let clock = go_on(&file, !rows.timers.is_empty())?;
        let state = State::restore(rows);
        let epoch = begin(&file, durability, clock.now())?;
        let (jobs, waiting) = channel();
        let (tell, progress) = watch::channel(Progress::default());
        let File { path, connection } = file;
        let thread = std::thread::Builder::new().name("zim-store".to_owned());
        let writer = thread
            .spawn(move || writer::run(connection, &waiting, &tell))
            .map_err(|error| StoreError::Io { path: path.display().to_string(), reason: error.to_string() })?;
        let inner = Mutex::new(Inner { state, sequence: 0, jobs: Some(jobs) });
        Ok(SqliteStore { clock, epoch, path, inner, progress, writer: Some(writer) })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Nothing below panics while it holds the lock, so a poisoned state is still a whole one.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until the commit of this number is kept, however long the store is stalled.
    async fn kept(&self, sequence: Sequence) -> Result<(), Unavailable> {
        let kept = self.progress.clone().wait_for(|progress| progress.kept >= sequence).await.map(drop);
        kept.map_err(|_| Unavailable::unknown(format!("{}: its writer has ended", self.path.display())))
    }

    /// The same for somebody who reads, and can be told that it does not work now.
    async fn readable(&self, sequence: Sequence) -> Result<(), Unavailable> {
        let reached = |progress: &Progress| progress.kept >= sequence || progress.stalled.is_some();
        let mut progress = self.progress.clone();
        match progress.wait_for(reached).await {
            Ok(progress) if progress.kept >= sequence => Ok(()),
            Ok(progress) => Err(self.refused(progress.stalled.as_deref())),
            Err(_) => Err(self.refused(None)),
        }
    }

    fn refused(&self, why: Option<&str>) -> Unavailable {
        Unavailable::refused(format!("{}: {}", self.path.display(), why.unwrap_or("its writer has ended")))
    }

    /// Transactions written so far, and commits in them: for benchmarks.
    pub fn written(&self) -> (u64, u64) {
        let progress = self.progress.borrow();
        (progress.batches, progress.kept)
    }
}

/// The clock of the store that was opened: while the machine runs, time passes as it did for the server that has kept
/// the deadlines, whatever the wall clock says now. Without deadlines the wall clock counts: it may be right by now.
fn go_on(file: &File, deadlines: bool) -> Result<Clock, StoreError> {
    let (boot, uptime) = (boot(), uptime());
    let (Some(boot), Some(uptime)) = (boot, uptime) else { return Ok(Clock::new()) };
    // What the clock showed when the machine was started, and which start that was.
    let kept = file.meta("clock")?;
    let kept = kept.as_deref().and_then(|kept| kept.split_once(' ')).filter(|(of, _)| deadlines && *of == boot);
    if let Some(zero) = kept.and_then(|(_, zero)| zero.parse::<Millis>().ok()) {
        return Ok(Clock::at(zero.saturating_add(uptime)));
    }
    let clock = Clock::new();
    file.set_meta("clock", &format!("{boot} {}", clock.now().saturating_sub(uptime)))?;
    Ok(clock)
}

/// The epoch of the store that was opened. Another one when what clients have seen may be missing from it.
fn begin(file: &File, durability: Durability, now: Millis) -> Result<u64, StoreError> {
    let known = file.meta("epoch")?.and_then(|epoch| epoch.parse().ok());
    // What the machine had not written when it went down is gone, unless every commit was.
    let (last, boot) = (file.meta("durability")?, boot());
    let may_lack =
        last.as_deref() == Some(durability_name(Durability::Normal)) && (boot.is_none() || file.meta("boot")? != boot);
    let epoch = match known {
        Some(epoch) if !may_lack => epoch,
        Some(_) | None => new_epoch(now),
    };
    file.set_meta("epoch", &epoch.to_string())?;
    file.set_meta("durability", durability_name(durability))?;
    file.set_meta("boot", boot.as_deref().unwrap_or_default())?;
    Ok(epoch)
}

fn durability_name(durability: Durability) -> &'static str {
    match durability {
        Durability::Full => "full",
        Durability::Normal => "normal",
    }
}

/// Names the time since the machine was started.
fn boot() -> Option<String> {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(id.trim().to_owned()).filter(|id| !id.is_empty())
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.inner().jobs = None;
        if let Some(writer) = self.writer.take() {
            // It says itself what it could not write.
            let _ = writer.join();
        }
    }
}

impl Store for SqliteStore {
    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn now(&self) -> Millis {
        self.clock.now()
    }

    fn load<'a>(
        &'a self,
        keys: &'a [Key],
        request: Option<&'a RequestKey>,
    ) -> BoxFuture<'a, Result<Loaded, Unavailable>> {
        let mut newest = 0;
        let inner = self.inner();
        let mut seen = |(value, by)| {
            newest = newest.max(by);
            value
        };
        let records = keys.iter().map(|key| seen(inner.state.versioned(key))).collect();
        let mut loaded = Loaded { now: self.clock.now(), records, answered: None };
        if let Some((answer, by)) = request.and_then(|request| inner.state.answer(request)) {
            newest = newest.max(by);
            loaded.answered = Some(answer);
        }
        Box::pin(async move {
            self.readable(newest).await?;
            Ok(loaded)
        })
    }

    fn calls_of<'a>(&'a self, user: &'a UserKey) -> BoxFuture<'a, Result<Vec<CallId>, Unavailable>> {
        Box::pin(ready(Ok(self.inner().state.calls_of(user))))
    }

    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<CommitResult, Unavailable>> {
        // Nothing is decided any more while nothing can be kept. Timers and acknowledgements tell what has happened
        // anyway; they wait.
        let stalled = self.progress.borrow().stalled.clone().filter(|_| !commit.put.is_empty());
        if let Some(why) = stalled {
            return Box::pin(ready(Err(self.refused(Some(&why)))));
        }
        // Acknowledgements may be lost: the client says again what it has when it resumes.
        let waits = !commit.only_acknowledges();
        let mut inner = self.inner();
        let mut changes = Vec::new();
        let sequence = inner.sequence + 1;
        let (result, by) = inner.state.commit(commit, self.clock.now(), sequence, &mut changes);
        if !changes.is_empty() {
            inner.sequence = sequence;
            // A writer that has ended is found out below, and by every read.
            let _ = inner.jobs.as_ref().map(|jobs| jobs.send(Job { sequence, changes }));
        }
        // What changed nothing needs no writing.
        let by = by.min(inner.sequence);
        Box::pin(async move {
            if waits {
                self.kept(by).await?;
            }
            Ok(result)
        })
    }

    fn log_after<'a>(
        &'a self,
        user: &'a UserKey,
        cursor: u64,
        max: usize,
    ) -> BoxFuture<'a, Result<Option<Page>, Unavailable>> {
        let found = self.inner().state.log_after(user, cursor, max);
        let now = self.clock.now();
        Box::pin(async move {
            let Some((entries, by)) = found else { return Ok(None) };
            self.readable(by).await?;
            Ok(Some(Page { now, entries }))
        })
    }

    fn due(&self, now: Millis, max: usize) -> BoxFuture<'_, Result<Vec<(TimerId, Millis)>, Unavailable>> {
        Box::pin(ready(Ok(self.inner().state.due(now, max))))
    }

    fn next_due(&self) -> BoxFuture<'_, Result<Option<Millis>, Unavailable>> {
        Box::pin(ready(Ok(self.inner().state.next_due())))
    }

    fn sessions(&self) -> BoxFuture<'_, Result<Vec<(UserKey, SessionId)>, Unavailable>> {
        Box::pin(ready(Ok(self.inner().state.sessions())))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            self.inner().jobs = None;
            // Only the writer's end changes nothing any more.
            let mut progress = self.progress.clone();
            while progress.changed().await.is_ok() {}
        })
    }
}

#[cfg(test)]
mod tests;
