//! The fault bench, for a minute.

use std::time::Duration;

use super::{Context, Step};
use crate::{Failure, Outcome, faults};

const LIMIT: Duration = Duration::from_secs(300);

pub fn steps() -> Vec<Step> {
    vec![
        Step {
            name: "faults",
            groups: &[],
            shows: "200 users, broken links, killed processes, full disks, jumping clocks: every promise holds for a minute",
            run: |context| run(context, "run"),
        },
        Step {
            name: "faults-pending",
            groups: &["faults"],
            shows: "a server killed in the middle of 1,000 pending invitations: all ring, are answered or time out",
            run: |context| run(context, "kill-pending"),
        },
    ]
}

fn run(context: &Context, scenario: &str) -> Outcome<String> {
    context.library()?;
    context.server()?;
    faults::build(context.workspace)?;
    let text = context.exec(faults::program(context.workspace).arg(scenario).limit(LIMIT))?.text;
    // The last line has the seed and the counts.
    let last = text.lines().last().filter(|line| line.starts_with("seed "));
    last.map(str::to_owned).ok_or_else(|| Failure::with_text("the bench did not say how it ended", text.clone()))
}
