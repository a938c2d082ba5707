//! `cargo xtask faults`: the fault bench, with everything that it needs built first.

use std::time::Duration;

use crate::process::Program;
use crate::workspace::Workspace;
use crate::{Failure, Outcome, server};

/// Beside the time of the faults themselves: starting, healing, checking.
const AROUND: Duration = Duration::from_secs(300);

pub fn run(workspace: &Workspace, args: &[String]) -> Outcome {
    server::build(workspace)?;
    build(workspace)?;
    program(workspace).args(args).limit(AROUND + seconds(args)?).show()
}

/// How long the faults are to go on.
fn seconds(args: &[String]) -> Outcome<Duration> {
    let value = args.iter().position(|arg| arg == "--seconds").map(|at| args.get(at + 1).map_or("", String::as_str));
    let seconds = value.unwrap_or("60").parse().map_err(|_| Failure::new("--seconds wants a number"))?;
    Ok(Duration::from_secs(seconds))
}

pub fn build(workspace: &Workspace) -> Outcome {
    let build = Program::cargo().args(["build", "-p", "zim-faults"]).folder(&workspace.root);
    build.limit(Duration::from_secs(1200)).run().map(drop)
}

/// The bench, with the programs of the release build.
pub fn program(workspace: &Workspace) -> Program {
    let built = workspace.target.join("debug");
    let program = Program::new(built.join("zim-faults")).arg("--server").arg(workspace.server());
    let program = program.arg("--library").arg(workspace.library());
    program.arg("--clock").arg(built.join("libzim_faults_clock.so"))
}
