//! `cargo xtask test`: every check, named and timed.

mod abi;
mod c;
mod csharp;
mod docs;
mod faults;
mod hooks;
mod python;
mod rust;
mod tree;

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::Write;
use std::time::{Duration, Instant};

use crate::process::{Ended, Program};
use crate::workspace::Workspace;
use crate::{Failure, Outcome, demo, server, setup};

/// One check. `groups` are further names by which it can be chosen.
struct Step {
    name: &'static str,
    groups: &'static [&'static str],
    shows: &'static str,
    run: fn(&Context) -> Outcome<String>,
}

/// In the order of running: what is quick to fail comes first, and each build is made once for all that need it.
fn steps() -> Vec<Step> {
    let mut steps = vec![Step {
        name: "tools",
        groups: &[],
        shows: "every program that the checks need is there, or was installed",
        run: |_| setup::programs().map(|()| String::new()),
    }];
    steps.extend(rust::steps());
    steps.extend(abi::steps());
    steps.extend(c::steps());
    steps.extend(csharp::steps());
    steps.extend(python::steps());
    steps.extend(faults::steps());
    steps.extend(docs::steps());
    steps.push(Step {
        name: "demo",
        groups: &[],
        shows: "the demo ends well",
        run: |context| demo::play(context.workspace, &mut |line| context.note(line)).map(|()| String::new()),
    });
    steps
}

/// What a check works with.
struct Context<'a> {
    workspace: &'a Workspace,
    verbose: bool,
    log: RefCell<Option<File>>,
    /// Closing lines of test runners, for the end of the whole run.
    summaries: RefCell<Vec<String>>,
    step: Cell<&'static str>,
    library: RefCell<Option<Result<(), String>>>,
    server: RefCell<Option<Result<(), String>>>,
}

impl Context<'_> {
    /// Runs a program; its output goes to the step's log. An error unless it succeeds.
    fn exec(&self, program: Program) -> Outcome<Ended> {
        let line = program.line();
        self.exec_any(program)?.success(&line)
    }

    /// The same for a program that may fail.
    fn exec_any(&self, program: Program) -> Outcome<Ended> {
        self.note(&format!("$ {}", program.line()));
        program.stream(&mut |line| self.note(line))
    }

    /// One line for the step's log.
    fn note(&self, line: &str) {
        if self.verbose {
            println!("    {line}");
        }
        if is_summary(line) {
            self.summaries.borrow_mut().push(format!("{:<16} {}", self.step.get(), line.trim()));
        }
        if let Some(log) = self.log.borrow_mut().as_mut() {
            // The log is a help, not a result.
            let _ = writeln!(log, "{line}");
        }
    }

    /// The release library, built once a run.
    fn library(&self) -> Outcome {
        once(&self.library, "the library does not build", || server::build_library(self.workspace))
    }

    /// The release server, built once a run.
    fn server(&self) -> Outcome {
        once(&self.server, "the server does not build", || server::build_server(self.workspace))
    }

    /// A server started for this check.
    fn start_server(&self) -> Outcome<server::Server> {
        self.server()?;
        server::Server::start(self.workspace, self.step.get())
    }
}

fn once(state: &RefCell<Option<Result<(), String>>>, message: &str, build: impl FnOnce() -> Outcome) -> Outcome {
    if let Some(known) = state.borrow().as_ref() {
        return known.clone().map_err(Failure::new);
    }
    let built = build();
    *state.borrow_mut() = Some(built.as_ref().map(|_| ()).map_err(|_| message.to_string()));
    built
}

/// A line with which a test runner closes.
fn is_summary(line: &str) -> bool {
    let line = line.trim();
    line.starts_with("test result:")
        || (line.contains(" passed") && line.contains(" failed") && line.starts_with(|c: char| c.is_ascii_digit()))
}

pub fn run(workspace: &Workspace, args: &[String]) -> Outcome {
    let mut verbose = false;
    let mut names: Vec<&str> = Vec::new();
    let all = steps();
    for arg in args {
        match arg.as_str() {
            "--verbose" => verbose = true,
            "--list" => {
                list(&all);
                return Ok(());
            }
            name if all.iter().any(|step| step.name == name || step.groups.contains(&name)) => names.push(name),
            other => {
                return Err(Failure::new(format!(
                    "there is no check `{other}`; `cargo xtask test --list` names them all"
                )));
            }
        }
    }
    // Chosen checks need their tools too.
    let chosen: Vec<&Step> = all
        .iter()
        .filter(|step| {
            names.is_empty()
                || step.name == "tools"
                || names.iter().any(|name| step.name == *name || step.groups.contains(name))
        })
        .collect();
    run_steps(workspace, &chosen, verbose)
}

fn list(steps: &[Step]) {
    for step in steps {
        let groups = if step.groups.is_empty() { String::new() } else { format!("  [{}]", step.groups.join(", ")) };
        println!("{:<16} {}{groups}", step.name, step.shows);
    }
}

fn run_steps(workspace: &Workspace, steps: &[&Step], verbose: bool) -> Outcome {
    let context = Context {
        workspace,
        verbose,
        log: RefCell::new(None),
        summaries: RefCell::new(Vec::new()),
        step: Cell::new("tools"),
        library: RefCell::new(None),
        server: RefCell::new(None),
    };
    let logs = workspace.own("logs")?;
    let started = Instant::now();
    let mut rows: Vec<(&'static str, Duration, bool, String)> = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        println!("[{:>2}/{}] {:<16} {}", index + 1, steps.len(), step.name, step.shows);
        let log = logs.join(format!("{}.log", step.name));
        *context.log.borrow_mut() = Some(File::create(&log)?);
        context.step.set(step.name);
        let began = Instant::now();
        let result = (step.run)(&context);
        let took = began.elapsed();
        let good = result.is_ok();
        let note = match result {
            Ok(note) => note,
            Err(failure) => {
                failure.print();
                println!("        the whole log: {}", workspace.short(&log));
                failure.message.lines().next().unwrap_or_default().to_string()
            }
        };
        let word = if good { "ok" } else { "FAILED" };
        println!(
            "        {word} in {:.1} s{}",
            took.as_secs_f64(),
            if good && !note.is_empty() { format!(": {note}") } else { String::new() }
        );
        rows.push((step.name, took, good, note));
    }
    println!();
    for line in context.summaries.borrow().iter() {
        println!("{line}");
    }
    println!();
    for (name, took, good, note) in &rows {
        println!("{:<7} {name:<16} {:>7.1} s  {note}", if *good { "ok" } else { "FAILED" }, took.as_secs_f64());
    }
    let failed = rows.iter().filter(|(_, _, good, _)| !good).count();
    println!("total {:.1} s", started.elapsed().as_secs_f64());
    // The last line, alone: this is what is looked for.
    println!("{} passed, {failed} failed", rows.len() - failed);
    if failed == 0 { Ok(()) } else { Err(Failure::new("")) }
}
