//! The one thread that writes. Whatever has come in while it wrote goes into its next transaction.
//!
//! When a write fails nothing is lost: the batch stays, and is tried again until it succeeds. Until then the store
//! is stalled and takes nothing new.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::watch;

use super::super::state::{Change, Sequence};
use super::file::Reason;
use super::rows;

/// Transactions are no larger than this many commits, so that the first of them does not wait long.
const BATCH: usize = 1_024;
/// How often a write that failed is tried again.
const RETRY: Duration = Duration::from_millis(250);
/// After this long without a commit the file is tidied.
const IDLE: Duration = Duration::from_secs(1);
/// Pages given back to the file system at once.
const VACUUM_PAGES: u32 = 256;

/// One commit's changes.
#[derive(Debug)]
pub struct Job {
    pub sequence: Sequence,
    pub changes: Vec<Change>,
}

/// How far the file is behind the memory.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// Commits up to this one are kept.
    pub kept: Sequence,
    /// Why nothing can be written now.
    pub stalled: Option<Arc<str>>,
    /// Transactions so far.
    pub batches: u64,
}

/// Runs until the store is dropped and everything is written, or cannot be.
pub fn run(mut connection: Connection, jobs: &Receiver<Job>, progress: &watch::Sender<Progress>) {
    let mut batch = Vec::new();
    let mut tidy = false;
    let (mut commits, mut largest) = (0, 0);
    loop {
        let first = match tidy {
            true => jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
            false => jobs.recv_timeout(IDLE),
        };
        match first {
            Ok(job) => batch.push(job),
            Err(RecvTimeoutError::Timeout) => {
                tidy = tidied(&connection);
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
        let mut ended = false;
        while batch.len() < BATCH {
            match jobs.try_recv() {
                Ok(job) => batch.push(job),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => {
                    ended = true;
                    break;
                }
            }
        }
        tidy = false;
        if !keep(&mut connection, &batch, progress, jobs, ended) {
            return;
        }
        (commits, largest) = (commits + batch.len(), largest.max(batch.len()));
        batch.clear();
    }
    let transactions = progress.borrow().batches;
    tracing::info!(commits, transactions, largest, "closing the store");
    // What is left in the write-ahead log is copied at the next start otherwise.
    if let Err((_, error)) = connection.close() {
        tracing::warn!(%error, "the store could not be closed properly; nothing is lost");
    }
}

/// Writes the batch, however often it takes. False when the store has been dropped and it cannot be written.
fn keep(
    connection: &mut Connection,
    batch: &[Job],
    progress: &watch::Sender<Progress>,
    jobs: &Receiver<Job>,
    ended: bool,
) -> bool {
    let mut failing: Option<Instant> = None;
    loop {
        match write(connection, batch) {
            Ok(()) => {
                if let Some(since) = failing {
                    let ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
                    tracing::info!(ms, "the store can be written again, and nothing was lost");
                }
                progress.send_modify(|progress| {
                    progress.kept = batch.last().map_or(progress.kept, |job| job.sequence);
                    progress.stalled = None;
                    progress.batches += 1;
                });
                return true;
            }
            Err(error) => {
                let reason = Reason(&error).to_string();
                if failing.is_none() {
                    failing = Some(Instant::now());
                    tracing::error!(reason, "the store cannot be written; requests are refused until it can");
                }
                progress.send_modify(|progress| progress.stalled = Some(reason.into()));
                if ended || gone(jobs) {
                    tracing::error!(
                        commits = batch.len(),
                        "stopped without what could not be written; nobody was told of it"
                    );
                    return false;
                }
                std::thread::sleep(RETRY);
            }
        }
    }
}

/// Whether the store has been dropped. What is still in the channel was refused as well.
fn gone(jobs: &Receiver<Job>) -> bool {
    loop {
        match jobs.try_recv() {
            Ok(_) => {}
            Err(TryRecvError::Empty) => return false,
            Err(TryRecvError::Disconnected) => return true,
        }
    }
}

fn write(connection: &mut Connection, batch: &[Job]) -> Result<(), rusqlite::Error> {
    let transaction = connection.transaction()?;
    for change in batch.iter().flat_map(|job| &job.changes) {
        rows::write(&transaction, change)?;
    }
    transaction.commit()
}

/// Makes the file smaller when much of it is empty. True when there is nothing left to do.
pub fn tidied(connection: &Connection) -> bool {
    let number = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, u32>(0));
    match (number("freelist_count"), number("page_count")) {
        (Ok(free), Ok(all)) if free > VACUUM_PAGES && free > all / 4 => {
            let done =
                connection.prepare(&format!("PRAGMA incremental_vacuum({VACUUM_PAGES})")).and_then(|mut vacuum| {
                    let mut rows = vacuum.query([])?;
                    while rows.next()?.is_some() {}
                    Ok(())
                });
            done.is_err()
        }
        _ => {
            // Behind the last commit: so that the next start has little to copy.
            let copied = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            if let Err(error) = copied {
                tracing::debug!(%error, "the write-ahead log was not copied");
            }
            true
        }
    }
}
