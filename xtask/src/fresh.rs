//! The demo as a newcomer meets it: in a clone that has never been built.

use std::time::Duration;

use crate::Outcome;
use crate::process::Program;
use crate::workspace::Workspace;

pub fn run(workspace: &Workspace) -> Outcome {
    let scratch = workspace.own_empty("fresh")?;
    let clone = scratch.join("clone");
    println!("cloning the last commit into {}", workspace.short(&clone));
    Program::new("git").args(["clone", "--quiet", "--no-hardlinks"]).arg(&workspace.root).arg(&clone).run()?;
    Program::new("cargo")
        .args(["xtask", "demo"])
        .folder(&clone)
        .env("CARGO_TARGET_DIR", scratch.join("target"))
        .limit(Duration::from_secs(1800))
        .show()?;
    std::fs::remove_dir_all(&scratch)?;
    println!("the demo ran in a fresh clone");
    Ok(())
}
