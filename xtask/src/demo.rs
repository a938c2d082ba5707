//! `cargo xtask demo`: the life of several invitations, on screen.

use std::time::{Duration, Instant};

use crate::process::Program;
use crate::server::{self, Server};
use crate::workspace::Workspace;
use crate::{Outcome, setup};

pub fn run(workspace: &Workspace) -> Outcome {
    play(workspace, &mut |line| println!("{line}"))
}

/// Builds what is needed and plays; every line goes to `say`.
pub fn play(workspace: &Workspace, say: &mut dyn FnMut(&str)) -> Outcome {
    setup::programs()?;
    say("Building the library and the server; the first time takes some minutes.");
    server::build(workspace)?;
    let build = workspace.own("examples-c")?;
    let program = build.join("call_demo");
    Program::new("make")
        .args(["--no-print-directory", "-C"])
        .arg(workspace.path("examples-c"))
        .arg(format!("LIBDIR={}", workspace.release().display()))
        .arg(format!("BUILD={}", build.display()))
        .arg(&program)
        .run()?;

    let server = Server::start(workspace, "demo")?;
    say(&format!("The server listens on {} (its log: {}).", server.url, workspace.short(&server.log)));
    say("Now a C program, examples-c/call_demo.c, plays both sides with libzim.so.");
    say("");
    let began = Instant::now();
    let demo = Program::new(&program).env("ZIM_SERVER_URL", &server.url).limit(Duration::from_secs(120));
    let line = demo.line();
    demo.stream(say)?.success(&line)?;
    let took = began.elapsed();
    server.stop()?;
    say("");
    say(&format!(
        "The demo ended well: every invitation went as told, in {:.1} s, and the server stopped in order.",
        took.as_secs_f64()
    ));
    say(
        "Next: two terminals of your own with examples-c/caller.c and callee.c; README.md shows thirty lines of C and C#.",
    );
    Ok(())
}
