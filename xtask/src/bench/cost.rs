//! What one call and one callback cost the host's thread, in C and on Mono.

use std::path::PathBuf;

use super::{Bench, Report, named};
use crate::process::Program;
use crate::server::Server;
use crate::{Outcome, csharp};

pub fn measure(bench: &Bench, report: &mut Report) -> Outcome {
    let rounds = bench.effort.pairs.to_string();
    let server = Server::start(bench.workspace, "bench-cost")?;
    println!("cost of a call and of a callback: C");
    let c = bench.client(bench.program("cost")).args([&server.url, &rounds]).run()?.text;
    report.add(
        "ZIM_CallInvite, C",
        "the texts handed to another thread",
        "ns",
        named(&c, "invite")?,
        named(&c, "bare-hand-over")?,
        None,
    );
    report.add(
        "a callback, C",
        "a C function pointer",
        "ns",
        named(&c, "callback")?,
        named(&c, "bare-callback")?,
        None,
    );

    println!("cost of a call and of a callback: Mono");
    let mono = bench.client(PathBuf::from("mono")).arg(compile_mono(bench)?).args([&server.url, &rounds]);
    let mono = mono
        .env("LD_LIBRARY_PATH", std::env::join_paths([&bench.package.libraries, &bench.folder]).unwrap_or_default());
    let mono = mono.run()?.text;
    report.add(
        "CallInvite, Mono",
        "an empty P/Invoke with the texts",
        "ns",
        named(&mono, "invite")?,
        named(&mono, "bare-call")?,
        None,
    );
    report.add(
        "a callback, Mono",
        "a native call of a delegate",
        "ns",
        named(&mono, "callback")?,
        named(&mono, "bare-callback")?,
        None,
    );
    server.stop()
}

fn compile_mono(bench: &Bench) -> Outcome<PathBuf> {
    Program::new("gcc")
        .args(["-std=c11", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-shared", "-fPIC", "-o"])
        .arg(bench.program("libbare.so"))
        .arg(bench.source("bare.c"))
        .run()?;
    csharp::make(bench.workspace, "all", &bench.workspace.release())?.run()?;
    let (compiler, program) = csharp::compile(bench.workspace, &bench.source("Cost.cs"))?;
    compiler.run()?;
    Ok(program)
}
