//! The library with functions that panic on purpose, for the tests of the boundary.

use std::path::PathBuf;
use std::time::Duration;

use super::Context;
use crate::Outcome;
use crate::process::Program;

/// Folder of a library built with the feature `test-hooks`.
pub fn library(context: &Context) -> Outcome<PathBuf> {
    let workspace = context.workspace;
    let program = Program::cargo().args(["build", "-p", "zim", "--features", "test-hooks"]).folder(&workspace.root);
    context.exec(program.limit(Duration::from_secs(900)))?;
    // A copy: the next plain build replaces the original.
    let folder = workspace.own("hooks")?;
    for name in ["libzim.so", "libzim.a"] {
        std::fs::copy(workspace.target.join("debug").join(name), folder.join(name))?;
    }
    Ok(folder)
}
