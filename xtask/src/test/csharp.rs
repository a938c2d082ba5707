//! The C# binding on Mono and on CoreCLR, against a real server and the real library.

use std::path::Path;
use std::time::Duration;

use super::{Context, Step, hooks};
use crate::{Failure, Outcome, csharp, setup};

const LIMIT: Duration = Duration::from_secs(900);

pub fn steps() -> Vec<Step> {
    vec![
        Step {
            name: "csharp-build",
            groups: &["csharp"],
            shows: "the binding and its samples compile as C# 7.2 without a warning",
            run: |context| {
                context
                    .exec(csharp::make(context.workspace, "all", &context.workspace.release())?)
                    .map(|_| String::new())
            },
        },
        Step {
            name: "csharp-mono",
            groups: &["csharp"],
            shows: "C# on Mono: users' code, life, sessions, calls, delivery, domain unload",
            run: |context| {
                context.library()?;
                make(context, "test-mono", &context.workspace.release())
            },
        },
        Step {
            name: "csharp-coreclr",
            groups: &["csharp"],
            shows: "the same assembly on CoreCLR",
            run: |context| {
                context.library()?;
                make(context, "test-coreclr", &context.workspace.release())
            },
        },
        Step {
            name: "csharp-panic",
            groups: &["csharp", "panic"],
            shows: "a panic inside the library reaches C# as an error, on Mono and on CoreCLR",
            run: |context| {
                let library = hooks::library(context)?;
                let on_mono = make(context, "panic-mono", &library)?;
                let on_coreclr = make(context, "panic-coreclr", &library)?;
                Ok(format!("Mono: {on_mono}; CoreCLR: {on_coreclr}"))
            },
        },
    ]
}

/// Runs one of the Makefile's tests against a server of its own; how many passed.
fn make(context: &Context, target: &str, library: &Path) -> Outcome<String> {
    let dotnet = setup::dotnet(context.workspace)?;
    let server = context.start_server()?;
    let make = csharp::make(context.workspace, target, library)?.arg(format!("DOTNET={}", dotnet.display()));
    let make = make.env("ZIM_SERVER_URL", &server.url).env("DOTNET_CLI_TELEMETRY_OPTOUT", "1").limit(LIMIT);
    let ended = context.exec(make)?;
    server.stop()?;
    let closing = ended.text.lines().rev().find(|line| line.contains(" passed, "));
    closing
        .map(|line| line.trim().to_string())
        .ok_or_else(|| Failure::with_text("it did not say how many tests passed", ended.text))
}
