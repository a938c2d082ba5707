//! The project's own commands. `cargo xtask --help` names them.

mod bench;
mod csharp;
mod demo;
mod faults;
mod fresh;
mod library;
mod process;
mod server;
mod setup;
mod test;
mod workspace;

use std::process::ExitCode;

use workspace::Workspace;

const HELP: &str = "\
cargo xtask: everything a person runs in this repository

Usage: cargo xtask <COMMAND>

Commands:
  setup            Installs what the other commands need (Debian, Ubuntu), or says what to install
  demo             Builds library and server, starts the server, and shows the life of several invitations
  test [NAME...]   Runs every check, or only those named; `cargo xtask test --list` names them
  library          Builds the library and puts header, shared and static library into one folder
  bench            Measures calls, callbacks, latency beside a bare relay, size and load time
  faults           Runs the fault bench: `--seconds N --users N --seed N`; faults/README.md says what it checks
  fresh            Clones the repository into a scratch folder and runs the demo there

demo and test install missing tools by themselves, as `setup` does.
Options of test:
  --list           Names the checks and says what each one shows
  --verbose        Shows the output of every check, not only of those that fail
Options of bench:
  --quick          Fewer rounds: to try it out, not to quote it
";

/// What went wrong, and what the failing program said.
#[derive(Debug)]
pub struct Failure {
    pub message: String,
    pub text: String,
}

pub type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    pub fn new(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), text: String::new() }
    }

    pub fn with_text(message: impl Into<String>, text: impl Into<String>) -> Failure {
        Failure { message: message.into(), text: text.into() }
    }

    /// The end of what the program said, then what went wrong. Nothing if that has been said already.
    pub fn print(&self) {
        let lines: Vec<&str> = self.text.lines().collect();
        let kept = lines.get(lines.len().saturating_sub(SHOWN_LINES)..).unwrap_or_default();
        if kept.len() < lines.len() {
            println!("    … {} lines before", lines.len() - kept.len());
        }
        for line in kept {
            println!("    {line}");
        }
        if !self.message.is_empty() {
            println!("error: {}", self.message);
        }
    }
}

/// How much of a failing program's output is shown.
const SHOWN_LINES: usize = 200;

impl From<&str> for Failure {
    fn from(message: &str) -> Failure {
        Failure::new(message)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        Failure::new(error.to_string())
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match command(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print();
            ExitCode::FAILURE
        }
    }
}

fn command(args: &[String]) -> Outcome {
    let (name, rest) = match args.split_first() {
        None => ("--help", args),
        Some((name, rest)) => (name.as_str(), rest),
    };
    if name == "--help" || name == "-h" || name == "help" || rest.iter().any(|arg| arg == "--help" || arg == "-h") {
        print!("{HELP}");
        return Ok(());
    }
    process::end_children_with_us()?;
    let workspace = Workspace::find()?;
    match name {
        "setup" => no_more(rest).and_then(|()| setup::run(&workspace)),
        "demo" => no_more(rest).and_then(|()| demo::run(&workspace)),
        "test" => test::run(&workspace, rest),
        "library" => no_more(rest).and_then(|()| library::run(&workspace)),
        "bench" => bench::run(&workspace, rest),
        "faults" => faults::run(&workspace, rest),
        "fresh" => no_more(rest).and_then(|()| fresh::run(&workspace)),
        other => Err(Failure::new(format!("there is no command `{other}`\n\n{HELP}"))),
    }
}

fn no_more(rest: &[String]) -> Outcome {
    match rest.first() {
        None => Ok(()),
        Some(arg) => Err(Failure::new(format!("`{arg}` is not an option of this command; see `cargo xtask --help`"))),
    }
}
