//! The C# binding on Mono and on CoreCLR, against a real server and the real library.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Context, Step, hooks, tree};
use crate::process::Program;
use crate::workspace::write;
use crate::{Failure, Outcome, csharp, setup};

const LIMIT: Duration = Duration::from_secs(600);

pub fn steps() -> Vec<Step> {
    vec![
        Step {
            name: "csharp-build",
            groups: &["csharp"],
            shows: "the binding, its tests and its samples compile as C# 7.2 without a warning",
            run: |context| build(context).map(|_| String::new()),
        },
        Step {
            name: "csharp-mono",
            groups: &["csharp"],
            shows: "C# on Mono: users' code, life, sessions, calls, delivery, domain unload",
            run: |context| {
                context.library()?;
                play(context, mono(&build(context)?), &context.workspace.release())
            },
        },
        Step {
            name: "csharp-coreclr",
            groups: &["csharp"],
            shows: "the same assembly on CoreCLR",
            run: |context| {
                context.library()?;
                let program = coreclr(context, &build(context)?)?;
                play(context, program, &context.workspace.release())
            },
        },
        Step {
            name: "csharp-panic",
            groups: &["csharp", "panic"],
            shows: "a panic inside the library reaches C# as an error, on Mono and on CoreCLR",
            run: |context| {
                let library = hooks::library(context)?;
                let tests = build(context)?;
                let on_mono = play(context, mono(&tests).arg("panic"), &library)?;
                let on_coreclr = play(context, coreclr(context, &tests)?.arg("panic"), &library)?;
                Ok(format!("Mono: {on_mono}; CoreCLR: {on_coreclr}"))
            },
        },
    ]
}

/// The tests as one assembly; compiled anew each time, which takes two seconds.
fn build(context: &Context) -> Outcome<PathBuf> {
    let workspace = context.workspace;
    let folder = workspace.own("csharp")?;
    let tests = folder.join("ZIMTests.exe");
    context.exec(csharp::compile(workspace, &tests, &own(context, "csharp-bindings/Tests")?)?)?;
    for sample in samples(context)? {
        let name = sample.file_name().map_or_else(String::new, |name| format!("{}.exe", name.to_string_lossy()));
        let sources = own(context, &sample.to_string_lossy())?;
        context.exec(csharp::compile(workspace, &folder.join(name), &sources)?)?;
    }
    Ok(tests)
}

fn own(context: &Context, folder: &str) -> Outcome<Vec<PathBuf>> {
    let found = tree::with_extension(context.workspace, folder, "cs")?;
    if found.is_empty() {
        return Err(Failure::new(format!("{folder} has no C# source")));
    }
    Ok(found.into_iter().map(|file| context.workspace.root.join(file)).collect())
}

/// Folders of samples that run without Unity.
fn samples(context: &Context) -> Outcome<Vec<PathBuf>> {
    let mut folders: Vec<PathBuf> = tree::with_extension(context.workspace, "csharp-bindings/Samples", "cs")?
        .iter()
        .filter_map(|file| file.parent().map(Path::to_path_buf))
        .collect();
    folders.dedup();
    Ok(folders)
}

fn mono(assembly: &Path) -> Program {
    Program::new("mono").arg("--debug").arg(assembly)
}

/// The assembly that Mono's compiler made, run by CoreCLR.
fn coreclr(context: &Context, assembly: &Path) -> Outcome<Program> {
    let dotnet = setup::dotnet(context.workspace)?;
    let config = assembly.with_extension("runtimeconfig.json");
    let framework = r#"{ "name": "Microsoft.NETCore.App", "version": "3.1.0" }"#;
    let text = format!(
        r#"{{ "runtimeOptions": {{ "framework": {framework}, "configProperties": {{ "System.Globalization.Invariant": true }} }} }}"#
    );
    write(&config, &text)?;
    Ok(Program::new(dotnet).args(["exec", "--runtimeconfig"]).arg(config).arg(assembly))
}

/// Runs the tests against a server of their own; how many passed.
fn play(context: &Context, program: Program, library: &Path) -> Outcome<String> {
    let server = context.start_server()?;
    let program = program.env("ZIM_SERVER_URL", &server.url).env("LD_LIBRARY_PATH", library);
    let ended = context.exec(program.env("DOTNET_CLI_TELEMETRY_OPTOUT", "1").limit(LIMIT))?;
    server.stop()?;
    let closing = ended
        .text
        .lines()
        .rev()
        .find(|line| line.ends_with(" failed"))
        .unwrap_or("it did not say how many tests passed");
    Ok(closing.to_string())
}
