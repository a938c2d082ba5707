//! The C# binding by its own Makefile, and programs that use it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::Outcome;
use crate::process::Program;
use crate::workspace::Workspace;

/// As the binding's own sources are compiled: the oldest language that users have, and no warning.
const COMPILER_ARGS: &[&str] = &["-nologo", "-langversion:7.2", "-warn:4", "-warnaserror+", "-optimize+"];

/// Where assemblies are built.
pub fn folder(workspace: &Workspace) -> Outcome<PathBuf> {
    workspace.own("csharp")
}

/// One of the Makefile's targets, with the library in `library`.
pub fn make(workspace: &Workspace, target: &str, library: &Path) -> Outcome<Program> {
    let setting = |name: &str, value: &Path| {
        let mut setting = OsString::from(name);
        setting.push("=");
        setting.push(value);
        setting
    };
    let make =
        Program::new("make").args(["--no-print-directory", "-C"]).arg(workspace.path("csharp-bindings")).arg(target);
    Ok(make.arg(setting("OUT", &folder(workspace)?)).arg(setting("LIBDIR", library)))
}

/// Compiles one source with the binding, beside the binding's assembly; the program's path.
pub fn compile(workspace: &Workspace, source: &Path) -> Outcome<(Program, PathBuf)> {
    let folder = folder(workspace)?;
    let name = source.file_stem().unwrap_or(source.as_os_str());
    let program = folder.join(name).with_extension("exe");
    let binding = format!("-r:{}", folder.join("ZIM.dll").display());
    let compiler =
        Program::new("mcs").args(COMPILER_ARGS).arg(binding).arg(format!("-out:{}", program.display())).arg(source);
    Ok((compiler, program))
}
