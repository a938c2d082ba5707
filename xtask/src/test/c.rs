//! C programs against the library, with a server of their own: examples and tests.

use std::path::Path;
use std::time::Duration;

use super::{Context, Step, hooks};
use crate::Outcome;
use crate::process::Program;

const LIMIT: Duration = Duration::from_secs(900);

pub fn steps() -> Vec<Step> {
    vec![
        Step {
            name: "examples-make",
            groups: &["c", "examples"],
            shows: "the C examples build by make and end as they should",
            run: |context| make(context, "examples-c", "test", &context.workspace.release()),
        },
        Step {
            name: "examples-cmake",
            groups: &["c", "examples"],
            shows: "the C examples build by CMake and end as they should",
            run: cmake,
        },
        Step {
            name: "c",
            groups: &[],
            shows: "bad input, loading, destruction, threads, 1,000 life cycles, 10,000 random invitations",
            run: |context| make(context, "tests/c", "test", &context.workspace.release()),
        },
        Step {
            name: "c-asan",
            groups: &["c"],
            shows: "the same, shorter, with the address and undefined-behaviour sanitizers",
            run: |context| make(context, "tests/c", "test-asan", &context.workspace.release()),
        },
        Step {
            name: "c-valgrind",
            groups: &["c"],
            shows: "the same, shorter, under valgrind",
            run: |context| make(context, "tests/c", "test-valgrind", &context.workspace.release()),
        },
        Step {
            name: "c-panic",
            groups: &["c", "panic"],
            shows: "a panic inside the library reaches C as an error code",
            run: |context| make(context, "tests/c", "test-panic", &hooks::library(context)?),
        },
    ]
}

/// One target of one of the Makefiles, with the library in `library`.
fn make(context: &Context, folder: &str, target: &str, library: &Path) -> Outcome<String> {
    context.library()?;
    context.server()?;
    let workspace = context.workspace;
    let build = workspace.own(&folder.replace('/', "-"))?;
    let program = Program::new("make").args(["--no-print-directory", "-C"]).arg(workspace.path(folder)).arg(target);
    let program = program
        .arg(format!("LIBDIR={}", library.display()))
        .arg(format!("HOOKS_LIBDIR={}", library.display()))
        .arg(format!("SERVER={}", workspace.server().display()))
        .arg(format!("BUILD={}", build.display()));
    context.exec(program.limit(LIMIT))?;
    Ok(String::new())
}

fn cmake(context: &Context) -> Outcome<String> {
    context.library()?;
    context.server()?;
    let workspace = context.workspace;
    let build = workspace.own_empty("examples-cmake")?;
    let configure = Program::new("cmake").arg("-S").arg(workspace.path("examples-c")).arg("-B").arg(&build);
    context.exec(configure.arg(format!("-DZIM_LIBRARY_DIR={}", workspace.release().display())))?;
    context.exec(Program::new("cmake").arg("--build").arg(&build))?;
    let run = Program::new("sh").arg(workspace.path("tests/c/with_server.sh")).arg(workspace.server());
    context.exec(run.arg("sh").arg(workspace.path("examples-c/run_all.sh")).arg(&build).limit(LIMIT))?;
    Ok(String::new())
}
