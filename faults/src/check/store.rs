//! What the server has kept: every call is over, in its time.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use zim_core::call::Call;
use zim_protocol::call::CallUserState;

use super::{Calls, Inputs, Violation};

/// What a deadline may be missed by.
const GRACE: u64 = 1_000_000;

pub fn read(folder: &Path) -> Result<Calls, String> {
    let path = crate::run::database(folder);
    let read = || -> Result<Vec<(String, String)>, rusqlite::Error> {
        let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let mut statement = connection.prepare("SELECT id, body FROM call")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect()
    };
    let rows = read().map_err(|error| format!("{}: {error}", path.display()))?;
    let mut calls = Calls::new();
    for (id, body) in rows {
        let call: Call = serde_json::from_str(&body).map_err(|error| format!("call {id}: {error}"))?;
        calls.insert(id, call);
    }
    Ok(calls)
}

/// Nothing is left of what is over: no session, no cursor, no timer, nobody's part in a call.
pub fn check_leftovers(folder: &Path, violations: &mut Vec<Violation>) -> Result<(), String> {
    let path = crate::run::database(folder);
    let count = |table: &str| -> Result<u64, rusqlite::Error> {
        let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
    };
    for table in ["participant", "timer", "cursor"] {
        let rows = count(table).map_err(|error| format!("{}: {table}: {error}", path.display()))?;
        if rows > 0 {
            violations.push(Violation::plain(format!("{rows} rows are left in the table {table}")));
        }
    }
    Ok(())
}

pub fn check(inputs: &Inputs<'_>, calls: &Calls, violations: &mut Vec<Violation>, summary: &mut Vec<String>) {
    let mut states: BTreeMap<String, u64> = BTreeMap::new();
    for (id, call) in calls {
        for row in call.invitations() {
            *states.entry(format!("{:?} ({})", row.state, row.reason.name())).or_default() += 1;
            if row.state.is_pending() {
                violations.push(Violation::of(id, format!("{} is pending still", row.user.as_str())));
            }
        }
        let Some(ended_at) = call.ended_at.filter(|_| call.is_ended()) else {
            violations.push(Violation::of(id, "the call is not over"));
            continue;
        };
        let deadline = call.deadline(&call.caller);
        if call.rows.iter().any(|row| row.state == CallUserState::Timeout && ended_at < row.deadline) {
            violations.push(Violation::of(id, format!("timed out {} ms early", deadline.saturating_sub(ended_at))));
        }
        let (ended, due) = (inputs.micros(ended_at), inputs.micros(deadline));
        let late = ended.saturating_sub(possible(inputs, due));
        if late > GRACE {
            violations.push(Violation::of(id, format!("its deadline was missed by {} ms", late / 1_000)));
        }
    }
    summary.insert(0, format!("calls: {}", calls.len()));
    for (state, count) in states {
        summary.push(format!("  {count:>6} {state}"));
    }
}

/// The first moment from `due` on at which the server could do what was due: what comes within the grace of one
/// hindrance after another counts as one.
fn possible(inputs: &Inputs<'_>, due: u64) -> u64 {
    let timeline = &inputs.timeline;
    let mut at = due;
    loop {
        let next = [&timeline.server_down, &timeline.server_stuck, &timeline.starved]
            .into_iter()
            .map(|spans| spans.after(at))
            .max()
            .unwrap_or(at);
        if next == at {
            return at;
        }
        at = next;
    }
}
