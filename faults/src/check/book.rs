//! The histories of all hosts, cut into lives: from one login to the next.

use std::path::PathBuf;

use super::Inputs;
use crate::history::{Micros, Record, What};

/// How a life ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Its host logged out or destroyed the client, or its session ended.
    Left,
    /// Its process was killed.
    Killed,
    /// It was there when the run ended, and all was quiet.
    Stayed,
}

/// What a host saw from one login to the next.
#[derive(Debug)]
pub struct Life {
    pub user: u32,
    pub generation: u32,
    pub life: u32,
    pub records: Vec<Record>,
    pub end: End,
    pub ended_at: Micros,
}

#[derive(Debug)]
pub struct Book {
    pub lives: Vec<Life>,
    /// Of each process of a worker, whether it was killed: what it had begun need not have completed.
    pub processes: Vec<(Vec<Record>, bool)>,
    pub start: Micros,
}

impl Book {
    pub fn read(inputs: &mut Inputs<'_>) -> Result<Book, String> {
        let mut book = Book { lives: Vec::new(), processes: Vec::new(), start: Micros::MAX };
        for (worker, kills) in inputs.timeline.worker_killed.clone().iter().enumerate() {
            for generation in 0..=kills.len() {
                let path = inputs.folder.join(format!("worker{worker}-{generation}.history"));
                let records = read(&path)?;
                let killed_at = kills.get(generation).copied();
                for record in &records {
                    if let What::Late { ms } = record.what {
                        inputs.timeline.worker_stopped[worker].add(record.at - ms * 1_000, record.at);
                    }
                }
                book.start = records.first().map_or(book.start, |record| book.start.min(record.at));
                book.lives(inputs, worker, generation as u32, &records, killed_at);
                book.processes.push((records, killed_at.is_some()));
            }
        }
        Ok(book)
    }

    fn lives(
        &mut self,
        inputs: &Inputs<'_>,
        worker: usize,
        generation: u32,
        records: &[Record],
        killed_at: Option<Micros>,
    ) {
        let first = worker as u32 * inputs.share;
        for user in first..(first + inputs.share).min(inputs.users) {
            let own: Vec<&Record> = records
                .iter()
                .filter(|record| record.user == user && !matches!(record.what, What::Late { .. }))
                .collect();
            let lives = own.chunk_by(|one, other| one.life == other.life);
            let count = lives.clone().count();
            for (at, records) in lives.enumerate() {
                let last_of_all = at + 1 == count;
                let left = records.iter().any(|record| matches!(record.what, What::LoggedOut));
                let (end, ended_at) = match (last_of_all, killed_at) {
                    (true, Some(killed_at)) => (End::Killed, killed_at),
                    (true, None) if !left => (End::Stayed, records[records.len() - 1].at),
                    _ => (End::Left, leaving(records)),
                };
                let records: Vec<Record> = records.iter().copied().cloned().collect();
                let life = records[0].life;
                self.lives.push(Life { user, generation, life, records, end, ended_at });
            }
        }
    }
}

/// When the host left: from then on nothing rings.
fn leaving(records: &[&Record]) -> Micros {
    let left = records.iter().find(|record| matches!(record.what, What::LoggedOut | What::Destroyed));
    left.unwrap_or(&records[records.len() - 1]).at
}

fn read(path: &PathBuf) -> Result<Vec<Record>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut records = Vec::new();
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let whole = line.ends_with('\n');
        match Record::parse(line.trim_end()) {
            Some(record) if whole => records.push(record),
            // The kill came in the middle of a line.
            _ if lines.peek().is_none() && !whole => {}
            _ => return Err(format!("{}: cannot read {line:?}", path.display())),
        }
    }
    Ok(records)
}
