//! What is in the rows of the file, read and written.

use std::fmt;

use rusqlite::types::ToSql;
use rusqlite::{Connection, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zim_core::Millis;
use zim_core::inbox::Entry;
use zim_protocol::code::Fault;
use zim_protocol::id::{CallId, DeviceId, RequestId, SessionId, UserId};

use super::super::state::{Change, Kept, Rows};
use super::super::{Answer, CallKey, Key, Record, RequestKey, TimerId, UserKey};

#[derive(Debug)]
pub enum ReadError {
    Sqlite(rusqlite::Error),
    /// A row that SQLite gives and that makes no sense.
    Row {
        table: &'static str,
        reason: String,
    },
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Sqlite(error) => error.fmt(f),
            ReadError::Row { table, reason } => write!(f, "a row of the table {table} cannot be read: {reason}"),
        }
    }
}

impl From<rusqlite::Error> for ReadError {
    fn from(error: rusqlite::Error) -> Self {
        ReadError::Sqlite(error)
    }
}

/// Everything; or nothing, when one row cannot be read.
pub fn read(connection: &Connection) -> Result<Rows, ReadError> {
    let mut rows = Rows::default();
    for table in TABLES {
        each(connection, table, "", &mut |row| (table.take)(row, &mut rows))?;
    }
    Ok(rows)
}

/// What can be read, and what is wrong with the rest.
pub fn salvage(connection: &Connection) -> (Rows, Vec<String>) {
    let (mut rows, mut problems) = (Rows::default(), Vec::new());
    for table in TABLES {
        // Behind a page that cannot be read one gets by coming from the other end.
        for order in ["", " DESC"] {
            let mut unread = Vec::new();
            let done = each(connection, table, order, &mut |row| {
                if let Err(reason) = (table.take)(row, &mut rows) {
                    unread.push(format!("a row of the table {}: {reason}", table.name));
                }
                Ok(())
            });
            problems.append(&mut unread);
            match done {
                Ok(()) => break,
                Err(error) => problems.push(format!("the table {}{}: {error}", table.name, order.to_lowercase())),
            }
        }
    }
    (rows, problems)
}

type Take = fn(&Columns<'_, '_>, &mut Rows) -> Result<(), String>;

/// A table: its columns, what its rows are ordered by, and how one is read.
struct Table {
    name: &'static str,
    columns: &'static str,
    order: &'static [&'static str],
    take: Take,
}

const TABLES: &[Table] = &[
    Table {
        name: "call",
        columns: "app, id, version, keep_until, body",
        order: &["app", "id"],
        take: |row, rows| {
            let call = CallKey { app: row.app(0)?, call: row.id(1, CallId::parse)? };
            rows.records.push((Key::Call(call), row.kept(2, |body| Ok(Record::Call(json(body)?)))?));
            Ok(())
        },
    },
    Table {
        name: "user",
        columns: "app, id, version, keep_until, body",
        order: &["app", "id"],
        take: |row, rows| {
            rows.records.push((Key::User(row.user(0)?), row.kept(2, |body| Ok(Record::User(json(body)?)))?));
            Ok(())
        },
    },
    Table {
        name: "participant",
        columns: "app, user, call",
        order: &["app", "user", "call"],
        take: |row, rows| {
            rows.participants.push((row.user(0)?, row.id(2, CallId::parse)?));
            Ok(())
        },
    },
    Table {
        name: "timer",
        columns: "app, subject, session, kind, at",
        order: &["kind", "app", "subject", "session"],
        take: |row, rows| {
            let timer = match row.text(3)?.as_str() {
                CALL => TimerId::Call(CallKey { app: row.app(0)?, call: row.id(1, CallId::parse)? }),
                SESSION => TimerId::Session(row.user(0)?, row.id(2, SessionId::parse)?),
                ABSENT => TimerId::Absent(row.user(0)?),
                kind => return Err(format!("a timer of the kind {kind:?}")),
            };
            rows.timers.push((timer, row.number(4)?));
            Ok(())
        },
    },
    Table {
        name: "log_head",
        columns: "app, user, n",
        order: &["app", "user"],
        take: |row, rows| {
            rows.heads.push((row.user(0)?, row.number(2)?));
            Ok(())
        },
    },
    Table {
        name: "log",
        columns: "app, user, body",
        order: &["app", "user", "n"],
        take: |row, rows| {
            rows.entries.push((row.user(0)?, json::<Entry>(&row.text(2)?)?));
            Ok(())
        },
    },
    Table {
        name: "cursor",
        columns: "app, user, session, n",
        order: &["app", "user", "session"],
        take: |row, rows| {
            rows.cursors.push((row.user(0)?, row.id(2, SessionId::parse)?, row.number(3)?));
            Ok(())
        },
    },
    Table {
        name: "answer",
        columns: "app, user, device, login_epoch, request, until, body",
        order: &["until"],
        take: |row, rows| {
            let request = RequestKey {
                user: row.user(0)?,
                device: row.id(2, DeviceId::parse)?,
                login_epoch: row.number(3)?,
                request: row.id(4, RequestId::parse)?,
            };
            rows.answers.push((request, row.number(5)?, json::<Answer>(&row.text(6)?)?));
            Ok(())
        },
    },
];

fn each(
    connection: &Connection,
    table: &Table,
    direction: &str,
    take: &mut dyn FnMut(&Columns<'_, '_>) -> Result<(), String>,
) -> Result<(), ReadError> {
    let order: Vec<String> = table.order.iter().map(|column| format!("{column}{direction}")).collect();
    let sql = format!("SELECT {} FROM {} ORDER BY {}", table.columns, table.name, order.join(", "));
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        take(&Columns(row)).map_err(|reason| ReadError::Row { table: table.name, reason })?;
    }
    Ok(())
}

struct Columns<'a, 'b>(&'a Row<'b>);

impl Columns<'_, '_> {
    fn text(&self, at: usize) -> Result<String, String> {
        self.0.get(at).map_err(shown)
    }

    fn number(&self, at: usize) -> Result<u64, String> {
        self.0.get(at).map_err(shown)
    }

    fn app(&self, at: usize) -> Result<u32, String> {
        self.0.get(at).map_err(shown)
    }

    fn id<T>(&self, at: usize, parse: fn(&str) -> Result<T, Fault>) -> Result<T, String> {
        parse(&self.text(at)?).map_err(|fault| fault.message)
    }

    /// App and user, in this column and the next.
    fn user(&self, at: usize) -> Result<UserKey, String> {
        Ok(UserKey { app: self.app(at)?, user: self.id(at + 1, UserId::parse)? })
    }

    /// Version, end and body, in this column and the next two.
    fn kept(&self, at: usize, record: fn(&str) -> Result<Record, String>) -> Result<Kept, String> {
        let keep_until: Option<Millis> = self.0.get(at + 1).map_err(shown)?;
        Ok(Kept { version: self.number(at)?, keep_until, record: record(&self.text(at + 2)?)? })
    }
}

fn shown(error: impl fmt::Display) -> String {
    error.to_string()
}

fn json<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(shown)
}

const CALL: &str = "call";
const SESSION: &str = "session";
const ABSENT: &str = "absent";

/// Kind, app, subject and session of a timer.
fn timer_key(timer: &TimerId) -> (&'static str, u32, &str, &str) {
    match timer {
        TimerId::Call(CallKey { app, call }) => (CALL, *app, call.as_str(), ""),
        TimerId::Session(UserKey { app, user }, session) => (SESSION, *app, user.as_str(), session.as_str()),
        TimerId::Absent(UserKey { app, user }) => (ABSENT, *app, user.as_str(), ""),
    }
}

/// Writes one change, inside the transaction of its batch.
pub fn write(connection: &Connection, change: &Change) -> Result<(), rusqlite::Error> {
    match change {
        Change::Put(Key::Call(CallKey { app, call }), kept) => put(connection, "call", *app, call.as_str(), kept),
        Change::Put(Key::User(UserKey { app, user }), kept) => put(connection, "user", *app, user.as_str(), kept),
        Change::Forget(Key::Call(CallKey { app, call })) => {
            run(connection, "DELETE FROM call WHERE app = ?1 AND id = ?2", params![app, call.as_str()])
        }
        Change::Forget(Key::User(UserKey { app, user })) => {
            run(connection, "DELETE FROM user WHERE app = ?1 AND id = ?2", params![app, user.as_str()])
        }
        Change::Participant(UserKey { app, user }, call) => {
            let sql = "INSERT OR IGNORE INTO participant VALUES (?1, ?2, ?3)";
            run(connection, sql, params![app, user.as_str(), call.as_str()])
        }
        Change::NoParticipant(UserKey { app, user }, call) => {
            let sql = "DELETE FROM participant WHERE app = ?1 AND user = ?2 AND call = ?3";
            run(connection, sql, params![app, user.as_str(), call.as_str()])
        }
        Change::Timer(timer, at) => {
            let (kind, app, subject, session) = timer_key(timer);
            match at {
                Some(at) => {
                    let sql = "INSERT OR REPLACE INTO timer VALUES (?1, ?2, ?3, ?4, ?5)";
                    run(connection, sql, params![kind, app, subject, session, at])
                }
                None => {
                    let sql = "DELETE FROM timer WHERE kind = ?1 AND app = ?2 AND subject = ?3 AND session = ?4";
                    run(connection, sql, params![kind, app, subject, session])
                }
            }
        }
        Change::Head(UserKey { app, user }, n) => {
            run(connection, "INSERT OR REPLACE INTO log_head VALUES (?1, ?2, ?3)", params![app, user.as_str(), n])
        }
        Change::Entry(UserKey { app, user }, entry) => {
            let sql = "INSERT OR REPLACE INTO log VALUES (?1, ?2, ?3, ?4)";
            run(connection, sql, params![app, user.as_str(), entry.n, text(entry)?])
        }
        Change::Begins(UserKey { app, user }, n) => {
            let sql = "DELETE FROM log WHERE app = ?1 AND user = ?2 AND n < ?3";
            run(connection, sql, params![app, user.as_str(), n])
        }
        Change::Cursor(UserKey { app, user }, session, Some(n)) => {
            let sql = "INSERT OR REPLACE INTO cursor VALUES (?1, ?2, ?3, ?4)";
            run(connection, sql, params![app, user.as_str(), session.as_str(), n])
        }
        Change::Cursor(UserKey { app, user }, session, None) => {
            let sql = "DELETE FROM cursor WHERE app = ?1 AND user = ?2 AND session = ?3";
            run(connection, sql, params![app, user.as_str(), session.as_str()])
        }
        Change::Answer(request, until, answer) => {
            let RequestKey { user: UserKey { app, user }, device, login_epoch, request } = request;
            let sql = "INSERT OR REPLACE INTO answer VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
            let (user, device, request) = (user.as_str(), device.as_str(), request.as_str());
            run(connection, sql, params![app, user, device, login_epoch, request, until, text(answer)?])
        }
        Change::ForgetAnswer(request) => {
            let RequestKey { user: UserKey { app, user }, device, login_epoch, request } = request;
            let sql = "DELETE FROM answer WHERE app = ?1 AND user = ?2 AND device = ?3 AND login_epoch = ?4 AND \
                       request = ?5";
            run(connection, sql, params![app, user.as_str(), device.as_str(), login_epoch, request.as_str()])
        }
    }
}

fn put(connection: &Connection, table: &'static str, app: u32, id: &str, kept: &Kept) -> Result<(), rusqlite::Error> {
    let body = match &kept.record {
        Record::Call(call) => text(&**call)?,
        Record::User(user) => text(&**user)?,
    };
    let sql = match table {
        "call" => "INSERT OR REPLACE INTO call VALUES (?1, ?2, ?3, ?4, ?5)",
        _ => "INSERT OR REPLACE INTO user VALUES (?1, ?2, ?3, ?4, ?5)",
    };
    run(connection, sql, params![app, id, kept.version, kept.keep_until, body])
}

fn run(connection: &Connection, sql: &str, values: &[&dyn ToSql]) -> Result<(), rusqlite::Error> {
    connection.prepare_cached(sql)?.execute(values).map(drop)
}

fn text(value: &impl Serialize) -> Result<String, rusqlite::Error> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}
