//! The fault bench. README.md says what it does and how to read what it says.

// A program for tests: what it does not expect ends it, loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::wildcard_enum_match_arm, missing_debug_implementations)]

mod abi;
mod check;
mod faults;
mod history;
mod options;
mod processes;
mod proxy;
mod random;
mod run;
mod timeline;
mod worker;

use std::process::ExitCode;

use options::{HELP, Options};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.first().map(String::as_str) {
        Some("--help" | "-h") => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Some("worker") => worker::run(&arguments[1..]).map(|()| true),
        _ => Options::read(&arguments).and_then(|options| run::run(&options)),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("zim-faults: {error}");
            ExitCode::FAILURE
        }
    }
}
