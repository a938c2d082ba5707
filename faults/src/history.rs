//! What the hosts have seen and done: one line each, written by the workers, read by the checks.

use std::fmt;

/// Microseconds of CLOCK_MONOTONIC, which all processes of the machine share.
pub type Micros = u64;

pub fn now() -> Micros {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is ours.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    time.tv_sec as u64 * 1_000_000 + time.tv_nsec as u64 / 1_000
}

/// One line. `user` is a user's number, `life` counts the logins of that user in that process, `tag` names a request
/// within the process.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub at: Micros,
    pub user: u32,
    pub life: u32,
    pub what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Login,
    Invite,
    Cancel,
    Accept,
    Reject,
}

/// A user's row as a host was told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub user: u32,
    pub state: i32,
    pub reason: i32,
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A request was taken by the library. `call` is "-" for a login and for an invite, whose name is not known yet.
    Begun {
        verb: Verb,
        tag: u64,
        call: String,
    },
    /// And completed, with this code.
    Completed {
        verb: Verb,
        tag: u64,
        call: String,
        code: i32,
    },
    /// The library did not take it.
    Refused {
        verb: Verb,
        code: i32,
    },
    LoggedOut,
    Destroyed,
    /// A ring begins: seconds left, the caller.
    Received {
        call: String,
        timeout: i32,
        caller: u32,
        rows: Vec<Row>,
    },
    /// An own call, after another login.
    Created {
        call: String,
        rows: Vec<Row>,
    },
    Cancelled {
        call: String,
    },
    TimedOut {
        call: String,
    },
    Accepted {
        call: String,
        invitee: u32,
    },
    Rejected {
        call: String,
        invitee: u32,
    },
    Unanswered {
        call: String,
        invitees: Vec<u32>,
    },
    States {
        call: String,
        rows: Vec<Row>,
    },
    Connection {
        state: i32,
        event: i32,
    },
    /// An error that belongs to no request.
    Error {
        code: i32,
    },
    /// A round of the worker's loop came this many ms late.
    Late {
        ms: u64,
    },
}

impl What {
    /// The call that it is about.
    pub fn call(&self) -> Option<&str> {
        match self {
            What::Begun { call, .. }
            | What::Completed { call, .. }
            | What::Received { call, .. }
            | What::Created { call, .. }
            | What::Cancelled { call }
            | What::TimedOut { call }
            | What::Accepted { call, .. }
            | What::Rejected { call, .. }
            | What::Unanswered { call, .. }
            | What::States { call, .. } => Some(call).filter(|call| *call != NO_CALL).map(String::as_str),
            What::Refused { .. }
            | What::LoggedOut
            | What::Destroyed
            | What::Connection { .. }
            | What::Error { .. }
            | What::Late { .. } => None,
        }
    }
}

pub const NO_CALL: &str = "-";

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.user, self.state, self.reason)
    }
}

fn listed<T: fmt::Display>(list: &[T]) -> String {
    if list.is_empty() {
        return NO_CALL.to_owned();
    }
    list.iter().map(T::to_string).collect::<Vec<_>>().join(",")
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} ", self.at, self.user, self.life)?;
        match &self.what {
            What::Begun { verb, tag, call } => write!(f, "begun {verb:?} {tag} {call}"),
            What::Completed { verb, tag, call, code } => write!(f, "completed {verb:?} {tag} {call} {code}"),
            What::Refused { verb, code } => write!(f, "refused {verb:?} {code}"),
            What::LoggedOut => f.write_str("logged-out"),
            What::Destroyed => f.write_str("destroyed"),
            What::Received { call, timeout, caller, rows } => {
                write!(f, "received {call} {timeout} {caller} {}", listed(rows))
            }
            What::Created { call, rows } => write!(f, "created {call} {}", listed(rows)),
            What::Cancelled { call } => write!(f, "cancelled {call}"),
            What::TimedOut { call } => write!(f, "timed-out {call}"),
            What::Accepted { call, invitee } => write!(f, "accepted {call} {invitee}"),
            What::Rejected { call, invitee } => write!(f, "rejected {call} {invitee}"),
            What::Unanswered { call, invitees } => write!(f, "unanswered {call} {}", listed(invitees)),
            What::States { call, rows } => write!(f, "states {call} {}", listed(rows)),
            What::Connection { state, event } => write!(f, "connection {state} {event}"),
            What::Error { code } => write!(f, "error {code}"),
            What::Late { ms } => write!(f, "late {ms}"),
        }
    }
}

impl Record {
    /// Reads a line; `None` for one that a kill has cut off.
    pub fn parse(line: &str) -> Option<Record> {
        let mut words = line.split(' ');
        let (at, user, life) = (number(words.next())?, number(words.next())?, number(words.next())?);
        let kind = words.next()?;
        let mut word = || words.next().map(str::to_owned);
        let what = match kind {
            "begun" => What::Begun { verb: verb(&word()?)?, tag: number(word().as_deref())?, call: word()? },
            "completed" => What::Completed {
                verb: verb(&word()?)?,
                tag: number(word().as_deref())?,
                call: word()?,
                code: number(word().as_deref())?,
            },
            "refused" => What::Refused { verb: verb(&word()?)?, code: number(word().as_deref())? },
            "logged-out" => What::LoggedOut,
            "destroyed" => What::Destroyed,
            "received" => What::Received {
                call: word()?,
                timeout: number(word().as_deref())?,
                caller: number(word().as_deref())?,
                rows: list(&word()?, row)?,
            },
            "created" => What::Created { call: word()?, rows: list(&word()?, row)? },
            "cancelled" => What::Cancelled { call: word()? },
            "timed-out" => What::TimedOut { call: word()? },
            "accepted" => What::Accepted { call: word()?, invitee: number(word().as_deref())? },
            "rejected" => What::Rejected { call: word()?, invitee: number(word().as_deref())? },
            "unanswered" => What::Unanswered { call: word()?, invitees: list(&word()?, |text| number(Some(text)))? },
            "states" => What::States { call: word()?, rows: list(&word()?, row)? },
            "connection" => What::Connection { state: number(word().as_deref())?, event: number(word().as_deref())? },
            "error" => What::Error { code: number(word().as_deref())? },
            "late" => What::Late { ms: number(word().as_deref())? },
            _ => return None,
        };
        Some(Record { at, user, life, what })
    }
}

fn number<T: std::str::FromStr>(text: Option<&str>) -> Option<T> {
    text?.parse().ok()
}

fn verb(text: &str) -> Option<Verb> {
    [Verb::Login, Verb::Invite, Verb::Cancel, Verb::Accept, Verb::Reject]
        .into_iter()
        .find(|verb| format!("{verb:?}") == text)
}

fn list<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    if text == NO_CALL {
        return Some(Vec::new());
    }
    text.split(',').map(read).collect()
}

fn row(text: &str) -> Option<Row> {
    let mut parts = text.split(':');
    Some(Row { user: number(parts.next())?, state: number(parts.next())?, reason: number(parts.next())? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let row = |user| Row { user, state: 5, reason: 6_090_104 };
        let call = || "c1".to_owned();
        for what in [
            What::Begun { verb: Verb::Invite, tag: 7, call: NO_CALL.to_owned() },
            What::Completed { verb: Verb::Login, tag: 8, call: NO_CALL.to_owned(), code: -1 },
            What::Refused { verb: Verb::Reject, code: 1 },
            What::LoggedOut,
            What::Received { call: call(), timeout: 3, caller: 4, rows: vec![row(4), row(5)] },
            What::Unanswered { call: call(), invitees: vec![1, 2] },
            What::States { call: call(), rows: Vec::new() },
            What::Connection { state: 2, event: 0 },
            What::Late { ms: 12 },
        ] {
            let record = Record { at: 1, user: 2, life: 3, what };
            assert_eq!(Record::parse(&record.to_string()), Some(record));
        }
        assert_eq!(Record::parse("12 3 1 received c1 3"), None);
    }
}
