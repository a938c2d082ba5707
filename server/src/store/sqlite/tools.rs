//! What an operator does with a store whose server does not run: check it, print it, save what is left of it.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use zim_core::Millis;
use zim_core::call::CallAuthority;
use zim_protocol::limits;

use super::super::state::{Change, Kept, Rows};
use super::super::{CallKey, Key, Record, StoreError, TimerId, UserKey};
use super::file::{self, FILE, File, explain};
use super::{begin, rows};
use crate::calls::participants;
use crate::config::Durability;

/// What a store holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    pub calls: usize,
    /// Of the calls, those that have not ended.
    pub live: usize,
    pub users: usize,
    /// Events that wait for a device.
    pub events: usize,
}

impl Contents {
    fn of(rows: &Rows) -> Contents {
        let mut contents = Contents { events: rows.entries.len(), ..Contents::default() };
        for (_, kept) in &rows.records {
            match &kept.record {
                Record::Call(call) => {
                    contents.calls += 1;
                    contents.live += usize::from(!call.is_ended());
                }
                Record::User(_) => contents.users += 1,
            }
        }
        contents
    }
}

/// Whether the store is whole, and what it holds.
pub fn check(directory: &Path) -> Result<Contents, StoreError> {
    let file = File::look(directory.join(FILE))?;
    file::check(&file.path, &file.connection)?;
    Ok(Contents::of(&file.read()?))
}

/// Prints what can be read, one JSON object a line. Returns what cannot.
pub fn export(directory: &Path, to: &mut dyn Write) -> Result<Vec<String>, ToolError> {
    let file = File::look(directory.join(FILE))?;
    file::check_free(&file)?;
    let (rows, problems) = rows::salvage(&file.connection);
    let mut line = |value: Value| writeln!(to, "{value}");
    for (key, Kept { version, record, keep_until }) in &rows.records {
        let head = json!({ "version": version, "keep_until": keep_until });
        match (key, record) {
            (Key::Call(CallKey { app, .. }), Record::Call(call)) => {
                line(json!({ "kind": "call", "app": app, "stored": head, "call": call }))?;
            }
            (Key::User(UserKey { app, user }), Record::User(record)) => {
                line(json!({ "kind": "user", "app": app, "user_id": user, "stored": head, "user": record }))?;
            }
            (Key::Call(_), Record::User(_)) | (Key::User(_), Record::Call(_)) => {}
        }
    }
    for (UserKey { app, user }, entry) in &rows.entries {
        line(json!({ "kind": "event", "app": app, "user_id": user, "entry": entry }))?;
    }
    for (timer, at) in &rows.timers {
        line(match timer {
            TimerId::Call(CallKey { app, call }) => json!({ "kind": "timer", "app": app, "call_id": call, "at": at }),
            TimerId::Session(UserKey { app, user }, session) => {
                json!({ "kind": "timer", "app": app, "user_id": user, "session_id": session, "at": at })
            }
            TimerId::Absent(UserKey { app, user }) => {
                json!({ "kind": "timer", "app": app, "user_id": user, "absent": true, "at": at })
            }
        })?;
    }
    Ok(problems)
}

/// Why a tool could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
}

/// What a repair has done.
#[derive(Debug)]
pub struct Repaired {
    /// Where the damaged file is now.
    pub former: PathBuf,
    pub contents: Contents,
    pub problems: Vec<String>,
}

/// Puts the file aside and makes another with what can be read of it: calls, users and remembered answers. Clients
/// begin anew from that. Nothing happens to a store that is whole.
pub fn repair(directory: &Path) -> Result<Option<Repaired>, ToolError> {
    match check(directory) {
        Ok(_) => return Ok(None),
        Err(StoreError::Damaged { .. }) => {}
        Err(other) => return Err(other.into()),
    }
    let now = now();
    let (path, former) = (directory.join(FILE), directory.join(format!("{FILE}.damaged-{now}")));
    // The write-ahead log belongs to its file by name.
    let log = |path: &Path| PathBuf::from(format!("{}-wal", path.display()));
    fs::rename(&path, &former)?;
    if log(&path).exists() {
        fs::rename(log(&path), log(&former))?;
    }
    let (rows, problems) = match File::look(former.clone()) {
        Ok(file) => rows::salvage(&file.connection),
        Err(error) => (Rows::default(), vec![error.to_string()]),
    };
    let contents = Contents { events: 0, ..Contents::of(&rows) };
    let file = File::open(directory, Durability::Full)?;
    let failed = |error: rusqlite::Error| explain(&file.path, &error);
    let transaction = file.connection.unchecked_transaction().map_err(failed)?;
    for change in rebuilt(rows, now) {
        rows::write(&transaction, &change).map_err(failed)?;
    }
    transaction.commit().map_err(failed)?;
    // With an epoch of its own: what clients have seen may be missing.
    begin(&file, Durability::Full, now)?;
    Ok(Some(Repaired { former, contents, problems }))
}

/// Only the records are taken over; what follows from them is worked out again, and logs begin anew.
fn rebuilt(rows: Rows, now: Millis) -> Vec<Change> {
    // Whoever was there gets the ordinary time to come back, also when the record that says so is lost.
    let back_by = now + Millis::from(limits::HEARTBEAT_TIMEOUT_MS);
    let mut changes = Vec::new();
    let absent: HashMap<&UserKey, bool> = rows
        .records
        .iter()
        .filter_map(|(key, kept)| match (key, &kept.record) {
            (Key::User(key), Record::User(user)) => Some((key, user.is_absent())),
            (Key::User(_) | Key::Call(_), Record::User(_) | Record::Call(_)) => None,
        })
        .collect();
    for (key, kept) in &rows.records {
        changes.push(Change::Put(key.clone(), kept.clone()));
        let (Key::Call(key), Record::Call(call)) = (key, &kept.record) else { continue };
        for user in participants(Some(call)) {
            let user = UserKey { app: key.app, user: user.clone() };
            if absent.get(&user).is_none_or(|absent| *absent) {
                changes.push(Change::Timer(TimerId::Absent(user.clone()), Some(back_by)));
            }
            changes.push(Change::Participant(user, call.id.clone()));
        }
        if let Some(at) = CallAuthority::new((**call).clone()).next_deadline() {
            changes.push(Change::Timer(TimerId::Call(key.clone()), Some(at)));
        }
    }
    let answers = rows.answers.into_iter();
    changes.extend(answers.map(|(request, until, answer)| Change::Answer(request, until, answer)));
    changes
}

fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}
