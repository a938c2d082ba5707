//! The table and the file.

use std::path::Path;

use serde_json::{Value, json};

use super::stats::{self, Ratio};
use crate::workspace::write;
use crate::{Failure, Outcome};

/// One figure, and what it is compared with.
#[derive(Debug)]
struct Row {
    name: &'static str,
    floor: &'static str,
    unit: &'static str,
    ours: Vec<f64>,
    floors: Vec<f64>,
    ratio: Ratio,
    /// The ratio that must not be exceeded.
    limit: Option<f64>,
}

#[derive(Debug)]
pub struct Report {
    pairs: usize,
    rows: Vec<Row>,
    notes: Vec<(&'static str, Value)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// Even the upper end of the interval keeps to the limit.
    Holds,
    /// The limit lies within the interval.
    Undecided,
    /// Even the lower end exceeds it.
    Missed,
}

impl Verdict {
    fn of(ratio: Ratio, limit: f64) -> Verdict {
        if ratio.high <= limit {
            Verdict::Holds
        } else if ratio.low <= limit {
            Verdict::Undecided
        } else {
            Verdict::Missed
        }
    }

    fn word(self) -> &'static str {
        match self {
            Verdict::Holds => "holds",
            Verdict::Undecided => "undecided",
            Verdict::Missed => "MISSED",
        }
    }
}

impl Report {
    pub fn new(pairs: usize) -> Report {
        Report { pairs, rows: Vec::new(), notes: Vec::new() }
    }

    /// One figure of each round, ours and the floor's in the same order.
    pub fn add(
        &mut self,
        name: &'static str,
        floor: &'static str,
        unit: &'static str,
        ours: Vec<f64>,
        floors: Vec<f64>,
        limit: Option<f64>,
    ) {
        let ratio = stats::ratio(&ours, &floors);
        self.rows.push(Row { name, floor, unit, ours, floors, ratio, limit });
    }

    pub fn note(&mut self, name: &'static str, value: impl Into<Value>) {
        self.notes.push((name, value.into()));
    }

    pub fn print(&self) {
        println!(
            "\nMedians of {} rounds, ours and the floor in turns. Quote the ratios: the rest is this machine's.\n",
            self.pairs
        );
        println!(
            "{:<34} {:<38} {:>6}  {:<15} {:>12} {:>12}",
            "what", "beside", "ratio", "95 % interval", "ours", "floor"
        );
        for row in &self.rows {
            let interval = format!("{:.2} to {:.2}", row.ratio.low, row.ratio.high);
            let ours = format!("{:.1} {}", stats::median(&row.ours), row.unit);
            let floor = format!("{:.1} {}", stats::median(&row.floors), row.unit);
            let goal = row.limit.map_or_else(String::new, |limit| {
                format!("  goal ≤ {limit}: {}", Verdict::of(row.ratio, limit).word())
            });
            println!(
                "{:<34} {:<38} {:>6.2}  {interval:<15} {ours:>12} {floor:>12}{goal}",
                row.name, row.floor, row.ratio.median
            );
        }
        for (name, value) in &self.notes {
            println!("{name}: {value}");
        }
    }

    pub fn save(&self, file: &Path) -> Outcome {
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                json!({
                    "name": row.name,
                    "floor": row.floor,
                    "unit": row.unit,
                    "ratio": { "median": row.ratio.median, "low": row.ratio.low, "high": row.ratio.high },
                    "ours": row.ours,
                    "floors": row.floors,
                    "limit": row.limit,
                    "verdict": row.limit.map(|limit| Verdict::of(row.ratio, limit).word()),
                })
            })
            .collect();
        let notes: serde_json::Map<String, Value> =
            self.notes.iter().map(|(name, value)| ((*name).to_string(), value.clone())).collect();
        let json = json!({ "version": 1, "pairs": self.pairs, "rows": rows, "notes": notes });
        write(file, &format!("{json:#}\n"))
    }

    /// An error if a goal was missed beyond doubt.
    pub fn verdict(&self) -> Outcome {
        let missed: Vec<&str> = self
            .rows
            .iter()
            .filter(|row| row.limit.is_some_and(|limit| Verdict::of(row.ratio, limit) == Verdict::Missed))
            .map(|row| row.name)
            .collect();
        if missed.is_empty() { Ok(()) } else { Err(Failure::new(format!("goals missed: {}", missed.join(", ")))) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_looks_at_the_whole_interval() {
        let ratio = Ratio { median: 1.9, low: 1.7, high: 2.1 };
        assert_eq!(Verdict::of(ratio, 2.2), Verdict::Holds);
        assert_eq!(Verdict::of(ratio, 2.0), Verdict::Undecided);
        assert_eq!(Verdict::of(ratio, 1.5), Verdict::Missed);
    }

    #[test]
    fn only_a_goal_missed_beyond_doubt_fails() {
        let mut report = Report::new(3);
        report.add("a", "b", "ns", vec![3.0, 3.0, 3.0], vec![1.0, 1.0, 1.0], None);
        assert!(report.verdict().is_ok());
        report.add("c", "d", "ns", vec![3.0, 3.0, 3.0], vec![1.0, 1.0, 1.0], Some(2.0));
        assert!(report.verdict().is_err());
    }
}
