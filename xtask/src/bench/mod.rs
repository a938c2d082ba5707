//! `cargo xtask bench`: what a call, a callback and an invitation cost, each beside the least that could do the same.

mod cost;
mod durable;
mod latency;
mod load;
mod report;
mod stats;

use std::path::PathBuf;
use std::time::Duration;

use crate::library::{self, Package};
use crate::process::Program;
use crate::workspace::Workspace;
use crate::{Failure, Outcome, server, setup};

use report::Report;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
struct Effort {
    /// Rounds of ours and the floor in turns.
    pairs: usize,
    /// Invitations in a round.
    count: u32,
}

const FULL: Effort = Effort { pairs: 9, count: 1_000 };
const QUICK: Effort = Effort { pairs: 3, count: 200 };

/// The programs of the bench, built, and where they lie.
struct Bench<'a> {
    workspace: &'a Workspace,
    folder: PathBuf,
    package: Package,
    effort: Effort,
}

pub fn run(workspace: &Workspace, args: &[String]) -> Outcome {
    let mut effort = FULL;
    for arg in args {
        match arg.as_str() {
            "--quick" => effort = QUICK,
            other => {
                return Err(Failure::new(format!("`{other}` is not an option of bench; see `cargo xtask --help`")));
            }
        }
    }
    let report = measure(workspace, effort)?;
    report.print();
    let file = workspace.target.join("bench").join("bench.json");
    report.save(&file)?;
    println!("\nall figures: {}", workspace.short(&file));
    report.verdict()
}

fn measure(workspace: &Workspace, effort: Effort) -> Outcome<Report> {
    setup::programs()?;
    println!("building the library, the server, the bare relay and the bench's programs");
    server::build(workspace)?;
    Program::cargo()
        .args(["build", "--release", "-p", "xtask", "--features", "relay", "--bin", "bench-relay"])
        .folder(&workspace.root)
        .limit(Duration::from_secs(1200))
        .run()?;
    let folder = workspace.target.join("bench");
    std::fs::create_dir_all(&folder)?;
    let bench = Bench { workspace, folder, package: library::package(workspace)?, effort };
    bench.compile("latency", &["-lzim", "-pthread"])?;
    bench.compile("cost", &["-lzim", "-pthread"])?;
    bench.compile("load", &["-ldl", "-pthread"])?;
    bench.compile_from(workspace.path("tests/c"), "test_random", &["-lzim", "-pthread"])?;
    let mut report = Report::new(effort.pairs);
    latency::measure(&bench, &mut report)?;
    durable::measure(&bench, &mut report)?;
    cost::measure(&bench, &mut report)?;
    load::measure(&bench, &mut report)?;
    Ok(report)
}

impl Bench<'_> {
    fn source(&self, name: &str) -> PathBuf {
        self.workspace.path("xtask/bench").join(name)
    }

    fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Compiles one C program of the bench as a user would: optimized, linked to the shared library.
    fn compile(&self, name: &str, libraries: &[&str]) -> Outcome {
        self.compile_from(self.workspace.path("xtask/bench"), name, libraries)
    }

    fn compile_from(&self, folder: PathBuf, name: &str, libraries: &[&str]) -> Outcome {
        Program::new("gcc")
            .args(["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I"])
            .arg(&self.package.include)
            .arg("-o")
            .arg(self.program(name))
            .arg(folder.join(format!("{name}.c")))
            .arg("-L")
            .arg(&self.package.libraries)
            .args(libraries)
            .run()
            .map(drop)
    }

    /// A program of the bench, on a core of its own if there are two: the servers have the other.
    fn client(&self, program: PathBuf) -> Program {
        pinned(1, program).env("LD_LIBRARY_PATH", &self.package.libraries).limit(Duration::from_secs(300))
    }
}

/// `program` on one core, where the machine has more than one.
fn pinned(core: usize, program: PathBuf) -> Program {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    if cores < 2 || !crate::process::on_path("taskset") {
        return Program::new(program);
    }
    Program::new("taskset").args(["--cpu-list", &core.to_string()]).arg(program)
}

/// The numbers of lines `NAME NUMBER` with this name.
fn named(text: &str, name: &str) -> Outcome<Vec<f64>> {
    let values: Vec<f64> = text
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter(|(found, _)| *found == name)
        .filter_map(|(_, value)| value.parse().ok())
        .collect();
    if values.is_empty() {
        return Err(Failure::with_text(format!("the bench program printed no `{name}`"), text));
    }
    Ok(values)
}
