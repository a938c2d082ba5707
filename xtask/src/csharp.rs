//! Compiling C# programs together with the binding's sources.

use std::path::{Path, PathBuf};

use crate::Outcome;
use crate::process::Program;
use crate::workspace::Workspace;

/// The oldest language that users have, and no warning.
const COMPILER_ARGS: &[&str] = &["-langversion:7.2", "-unsafe+", "-warnaserror+", "-nologo", "-optimize+"];

/// The binding's sources, in the order of their names.
pub fn sources(workspace: &Workspace) -> Outcome<Vec<PathBuf>> {
    let mut open = vec![workspace.path("csharp-bindings/Runtime")];
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder)?.flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "cs") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// `program`.exe from these sources and the binding's, by Mono's compiler.
pub fn compile(workspace: &Workspace, program: &Path, own: &[PathBuf]) -> Outcome<Program> {
    let out = format!("-out:{}", program.display());
    Ok(Program::new("mcs").args(COMPILER_ARGS).arg(out).args(own).args(sources(workspace)?))
}
