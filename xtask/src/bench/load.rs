//! Size of the library, and how long it takes to load and to create a client.

use super::{Bench, Report, named};
use crate::Outcome;
use crate::process::Program;

/// Each is a process of its own.
const ROUNDS: usize = 21;

pub fn measure(bench: &Bench, report: &mut Report) -> Outcome {
    let workspace = bench.workspace;
    let stripped = bench.program("libzim.stripped.so");
    Program::new("strip").arg("-o").arg(&stripped).arg(workspace.library()).run()?;
    let empty = bench.program("libempty.so");
    Program::new("gcc").args(["-shared", "-fPIC", "-x", "c", "/dev/null", "-o"]).arg(&empty).run()?;
    let size = std::fs::metadata(&stripped)?.len();
    report.note("stripped library, bytes", size);

    println!("time to load and to create");
    let mut text = String::new();
    for _ in 0..ROUNDS {
        text.push_str(&bench.client(bench.program("load")).arg(workspace.library()).arg(&empty).run()?.text);
    }
    report.add(
        "loading the library",
        "loading an empty library",
        "ns",
        named(&text, "load")?,
        named(&text, "bare-load")?,
        None,
    );
    report.add(
        "ZIM_Create, the first client",
        "starting two empty threads",
        "ns",
        named(&text, "create")?,
        named(&text, "bare-create")?,
        None,
    );
    Ok(())
}
