//! A Python environment with the `websockets` package, for the client that knows only docs/protocol.md.

use std::path::PathBuf;
use std::time::Duration;

use crate::Outcome;
use crate::process::Program;
use crate::workspace::Workspace;

const PACKAGE: &str = "websockets==15.0.1";

/// The environment's interpreter, made at the first call.
pub fn interpreter(workspace: &Workspace) -> Outcome<PathBuf> {
    let folder = workspace.target.join("xtask").join("python");
    let program = folder.join("bin/python3");
    if folder.join("complete").is_file() {
        return Ok(program);
    }
    let folder = workspace.own_empty("python")?;
    Program::new("python3").args(["-m", "venv"]).arg(&folder).run()?;
    Program::new(&program)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE])
        .limit(Duration::from_secs(300))
        .run()?;
    std::fs::write(folder.join("complete"), PACKAGE)?;
    Ok(program)
}
