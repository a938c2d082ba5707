//! The file: made, opened, checked, read. What is wrong with it is said with the way out.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};

use super::super::StoreError;
use super::super::state::Rows;
use super::rows;
use crate::config::Durability;

/// Of the file in the data directory. Beside it SQLite keeps the write-ahead log, under this name and `-wal`.
pub const FILE: &str = "zim.db";
/// Says that a file is ours: "zims".
const APPLICATION: i32 = 0x7a69_6d73;
/// Grows when an older server could not read the file any more.
pub const FORMAT: i32 = 1;
/// The write-ahead log is copied into the file when it has so many pages of 4 KiB.
const CHECKPOINT_PAGES: i32 = 4_000;

const SCHEMA: &str = "
    CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE call (app INTEGER, id TEXT, version INTEGER NOT NULL, keep_until INTEGER, body TEXT NOT NULL,
        PRIMARY KEY (app, id)) STRICT, WITHOUT ROWID;
    CREATE TABLE user (app INTEGER, id TEXT, version INTEGER NOT NULL, keep_until INTEGER, body TEXT NOT NULL,
        PRIMARY KEY (app, id)) STRICT, WITHOUT ROWID;
    CREATE TABLE participant (app INTEGER, user TEXT, call TEXT,
        PRIMARY KEY (app, user, call)) STRICT, WITHOUT ROWID;
    CREATE TABLE timer (kind TEXT, app INTEGER, subject TEXT, session TEXT, at INTEGER NOT NULL,
        PRIMARY KEY (kind, app, subject, session)) STRICT, WITHOUT ROWID;
    CREATE TABLE log_head (app INTEGER, user TEXT, n INTEGER NOT NULL,
        PRIMARY KEY (app, user)) STRICT, WITHOUT ROWID;
    CREATE TABLE log (app INTEGER, user TEXT, n INTEGER, body TEXT NOT NULL,
        PRIMARY KEY (app, user, n)) STRICT, WITHOUT ROWID;
    CREATE TABLE cursor (app INTEGER, user TEXT, session TEXT, n INTEGER NOT NULL,
        PRIMARY KEY (app, user, session)) STRICT, WITHOUT ROWID;
    CREATE TABLE answer (app INTEGER, user TEXT, device TEXT, login_epoch INTEGER, request TEXT,
        until INTEGER NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (app, user, device, login_epoch, request)) STRICT, WITHOUT ROWID;
";

/// An open file.
#[derive(Debug)]
pub struct File {
    pub path: PathBuf,
    pub connection: Connection,
}

impl File {
    /// Opens the file in the directory, or makes both.
    pub fn open(directory: &Path, durability: Durability) -> Result<File, StoreError> {
        fs::create_dir_all(directory).map_err(|error| StoreError::Directory {
            directory: directory.display().to_string(),
            reason: error.to_string(),
        })?;
        let path = directory.join(FILE);
        let fail = |error: rusqlite::Error| explain(&path, &error);
        let connection = Connection::open(&path).map_err(fail)?;
        // What waits for the lock waits for a server that is about to end.
        connection.busy_timeout(Duration::from_secs(2)).map_err(fail)?;
        // One process has the file; another one fails here, not later.
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE").map_err(fail)?;
        let fresh = is_fresh(&connection).map_err(fail)?;
        if !fresh {
            // Before anything is written: what is damaged, or somebody else's, stays as it is.
            check(&path, &connection)?;
        }
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL").map_err(fail)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(fail)?;
        let synchronous = match durability {
            Durability::Full => "FULL",
            Durability::Normal => "NORMAL",
        };
        connection.pragma_update(None, "synchronous", synchronous).map_err(fail)?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES).map_err(fail)?;
        // Takes the lock at once.
        connection.execute_batch("BEGIN EXCLUSIVE").map_err(fail)?;
        if fresh {
            connection.execute_batch(SCHEMA).map_err(fail)?;
            connection.pragma_update(None, "application_id", APPLICATION).map_err(fail)?;
            connection.pragma_update(None, "user_version", FORMAT).map_err(fail)?;
        }
        connection.execute_batch("COMMIT").map_err(fail)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(File { path, connection })
    }

    /// Opens an existing file to look at it. What is in the write-ahead log stays there.
    pub fn look(path: PathBuf) -> Result<File, StoreError> {
        if !path.exists() {
            return Err(StoreError::Missing { path: path.display().to_string() });
        }
        let fail = |error: rusqlite::Error| explain(&path, &error);
        // The log can only be read by those who may write.
        let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(fail)?;
        connection.busy_timeout(Duration::from_secs(2)).map_err(fail)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(fail)?;
        Ok(File { path, connection })
    }

    /// Reads everything.
    pub fn read(&self) -> Result<Rows, StoreError> {
        rows::read(&self.connection).map_err(|error| match error {
            rows::ReadError::Sqlite(error) => explain(&self.path, &error),
            row @ rows::ReadError::Row { .. } => {
                StoreError::Damaged { path: self.path.display().to_string(), reason: row.to_string() }
            }
        })
    }

    pub fn meta(&self, name: &str) -> Result<Option<String>, StoreError> {
        let value = self.connection.query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| row.get(0));
        value.optional().map_err(|error| explain(&self.path, &error))
    }

    pub fn set_meta(&self, name: &str, value: &str) -> Result<(), StoreError> {
        let done = self.connection.execute("INSERT OR REPLACE INTO meta VALUES (?1, ?2)", [name, value]);
        done.map(drop).map_err(|error| explain(&self.path, &error))
    }
}

fn is_fresh(connection: &Connection) -> Result<bool, rusqlite::Error> {
    connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))
}

/// Whether the file is ours, and whole as far as SQLite can tell.
pub fn check(path: &Path, connection: &Connection) -> Result<(), StoreError> {
    check_kind(path, connection)?;
    let found = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    match found {
        Ok(found) if found == "ok" => Ok(()),
        Ok(found) => Err(StoreError::Damaged { path: path.display().to_string(), reason: found }),
        Err(error) => Err(explain(path, &error)),
    }
}

/// Whether no server has the file.
pub fn check_free(file: &File) -> Result<(), StoreError> {
    let read = file.connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()));
    match read.map_err(|error| explain(&file.path, &error)) {
        Err(busy @ StoreError::Busy { .. }) => Err(busy),
        // Others may be of damage, and that is not the question.
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Refuses files of other programs, and of newer servers.
fn check_kind(path: &Path, connection: &Connection) -> Result<(), StoreError> {
    let number = |name: &str| {
        let value = connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i32>(0));
        value.map_err(|error| explain(path, &error))
    };
    let path = path.display().to_string();
    if number("application_id")? != APPLICATION {
        return Err(StoreError::Foreign { path });
    }
    match number("user_version")? {
        FORMAT => Ok(()),
        format => Err(StoreError::Newer { path, format }),
    }
}

/// Which of our errors SQLite's is.
pub fn explain(path: &Path, error: &rusqlite::Error) -> StoreError {
    let path = path.display().to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy { path },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Damaged { path, reason: error.to_string() }
        }
        _ => StoreError::Io { path, reason: Reason(error).to_string() },
    }
}

/// SQLite's words, with what to do where that is known.
pub struct Reason<'a>(pub &'a rusqlite::Error);

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        match self.0.sqlite_error_code() {
            Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => {
                f.write_str(" (is the disk full? The server goes on by itself as soon as it can write again)")
            }
            Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                f.write_str(" (is the directory there, and may the server write to it?)")
            }
            _ => Ok(()),
        }
    }
}
