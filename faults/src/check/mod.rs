//! What must hold, compared with what the hosts have seen and with what the server has kept.

mod book;
mod outcomes;
mod requests;
mod rings;
mod rung;
mod store;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use zim_core::call::Call;

use crate::history::Micros;
use crate::timeline::Timeline;
use book::Book;

/// Shown in full; more are counted.
const SHOWN: usize = 12;

pub struct Inputs<'a> {
    pub folder: &'a Path,
    pub users: u32,
    /// Users of each worker.
    pub share: u32,
    pub timeline: Timeline,
    /// What the server's clock is ahead of ours.
    pub offset_ms: i64,
    pub peaks: Peaks,
    /// So many invitations were pending, and must have gone on through the kills.
    pub pending: Option<u32>,
}

impl Inputs<'_> {
    pub fn worker_of(&self, user: u32) -> usize {
        (user / self.share) as usize
    }

    /// A time of the server's clock.
    pub fn micros(&self, server_ms: u64) -> Micros {
        u64::try_from(server_ms as i64 - self.offset_ms).unwrap_or(0) * 1_000
    }
}

/// The most memory that the last server and a worker had.
#[derive(Clone, Copy, Debug)]
pub struct Peaks {
    pub server_kib: u64,
    pub worker_kib: u64,
}

/// The calls that the server has kept.
pub type Calls = BTreeMap<String, Call>;

pub struct Violation {
    pub message: String,
    /// The call that it is about.
    pub call: Option<String>,
}

impl Violation {
    pub fn plain(message: impl Into<String>) -> Violation {
        Violation { message: message.into(), call: None }
    }

    pub fn of(call: &str, message: impl Into<String>) -> Violation {
        Violation { message: message.into(), call: Some(call.to_owned()) }
    }
}

pub struct Findings {
    pub violations: Vec<Violation>,
    pub calls: usize,
    summary: Vec<String>,
    /// For each violation that is shown: the history of its call.
    histories: Vec<String>,
}

pub fn check(inputs: &mut Inputs<'_>) -> Result<Findings, String> {
    let book = Book::read(inputs)?;
    let inputs = &*inputs;
    let calls = store::read(inputs.folder)?;
    let mut violations = Vec::new();
    let mut summary = Vec::new();
    requests::check(inputs, &book, &mut violations, &mut summary);
    store::check_leftovers(inputs.folder, &mut violations)?;
    store::check(inputs, &calls, &mut violations, &mut summary);
    outcomes::check(&book, &calls, &mut violations, &mut summary);
    rings::check(inputs, &book, &calls, &mut violations, &mut summary);
    memory(inputs, &calls, &mut violations, &mut summary);
    if let Some(count) = inputs.pending {
        outcomes::check_pending(&book, &calls, count as usize, &mut violations);
    }
    let start = book.start;
    let shown = violations.iter().take(SHOWN);
    let histories = shown.map(|violation| history(&violation.call, &book, &calls, start)).collect();
    Ok(Findings { violations, calls: calls.len(), summary, histories })
}

/// A server may have so much beside what it needs for each user and each call that it remembers.
const SERVER_KIB: u64 = 64 * 1024;
const USER_KIB: u64 = 64;
const CALL_KIB: u64 = 24;
/// A worker's users, their connections, and the program itself.
const WORKER_KIB: u64 = 32 * 1024;
const CLIENT_KIB: u64 = 512;

fn memory(inputs: &Inputs<'_>, calls: &Calls, violations: &mut Vec<Violation>, summary: &mut Vec<String>) {
    let Peaks { server_kib, worker_kib } = inputs.peaks;
    summary.push(format!("memory: the last server at most {server_kib} KiB, a worker at most {worker_kib} KiB"));
    let most = SERVER_KIB + USER_KIB * u64::from(inputs.users) + CALL_KIB * calls.len() as u64;
    if server_kib > most {
        violations.push(Violation::plain(format!("the server had {server_kib} KiB, more than {most}")));
    }
    let most = WORKER_KIB + CLIENT_KIB * u64::from(inputs.share);
    if worker_kib > most {
        violations.push(Violation::plain(format!("a worker had {worker_kib} KiB, more than {most}")));
    }
}

/// Everything that anybody saw of the call, and how the server has kept it.
fn history(call: &Option<String>, book: &Book, calls: &Calls, start: Micros) -> String {
    let Some(id) = call else { return String::new() };
    let mut lines = Vec::new();
    for life in &book.lives {
        for record in life.records.iter().filter(|record| record.what.call() == Some(id)) {
            let seconds = record.at.saturating_sub(start) as f64 / 1e6;
            let words: Vec<String> = record.to_string().split(' ').skip(3).map(str::to_owned).collect();
            let who = format!("u{} (process {}, login {})", record.user, life.generation, life.life);
            lines.push((record.at, format!("      {seconds:>9.3} s  {who:<28} {}", words.join(" "))));
        }
    }
    lines.sort();
    let mut text: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
    match calls.get(id) {
        Some(call) => {
            let rows = call.rows.iter().map(|row| format!("{}={:?}({})", row.user.as_str(), row.state, row.reason.0));
            let (created, ended) = (call.created_at, call.ended_at);
            text.push(format!(
                "      the server: {:?} {}, created {created}, ended {ended:?}, rev {}",
                call.state,
                rows.collect::<Vec<_>>().join(" "),
                call.rev
            ));
        }
        None => text.push("      the server does not know it".to_owned()),
    }
    text.join("\n")
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (violation, history) in self.violations.iter().zip(&self.histories) {
            let call = violation.call.as_ref().map_or(String::new(), |call| format!(" [call {call}]"));
            writeln!(f, "VIOLATION: {}{call}", violation.message)?;
            if !history.is_empty() {
                writeln!(f, "{history}")?;
            }
        }
        if self.violations.len() > self.histories.len() {
            writeln!(f, "and {} more violations:", self.violations.len() - self.histories.len())?;
            for violation in self.violations.iter().skip(self.histories.len()).take(200) {
                writeln!(f, "  {} {}", violation.message, violation.call.as_deref().unwrap_or_default())?;
            }
        }
        f.write_str(&self.summary.join("\n"))
    }
}
