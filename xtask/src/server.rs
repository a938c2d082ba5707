//! A zim-server of our own, on a free port of the loopback address.

use std::fs::File;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::process::{Program, Running};
use crate::workspace::Workspace;
use crate::{Failure, Outcome};

const START: Duration = Duration::from_secs(20);
const STOP: Duration = Duration::from_secs(15);

/// Ends when dropped; `stop` ends it gracefully and checks that.
#[derive(Debug)]
pub struct Server {
    running: Running,
    /// Where clients connect to.
    pub url: String,
    pub log: PathBuf,
    // Kept so that the reading thread's sends do not fail.
    _lines: mpsc::Receiver<String>,
}

impl Server {
    /// Builds the server if needed, starts it in development mode and waits until it listens. `label` names its log.
    pub fn start(workspace: &Workspace, label: &str) -> Outcome<Server> {
        Server::start_program(
            workspace,
            label,
            Program::new(workspace.server()).args(["--dev", "--listen", "127.0.0.1:0"]),
        )
    }

    pub fn start_program(workspace: &Workspace, label: &str, program: Program) -> Outcome<Server> {
        let log = workspace.own("logs")?.join(format!("{label}.server.log"));
        let (mut running, lines) = program.serve(File::create(&log)?)?;
        let deadline = Instant::now() + START;
        loop {
            match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    if let Some((_, url)) = line.split_once("listening on ") {
                        let url = url.split_whitespace().next().unwrap_or_default().to_string();
                        return Ok(Server { running, url, log, _lines: lines });
                    }
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    return Err(Failure::new(format!(
                        "the server did not say that it listens within {} s",
                        START.as_secs()
                    )));
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    let how = running.has_ended().map_or_else(String::new, |status| format!(" ({status})"));
                    let text = std::fs::read_to_string(&log).unwrap_or_default();
                    return Err(Failure::with_text(format!("the server ended before it listened{how}"), text));
                }
            }
        }
    }

    /// Asks the server to stop; an error unless it stops in order and in time.
    pub fn stop(self) -> Outcome {
        let status = self.running.stop(STOP)?;
        if status.success() {
            return Ok(());
        }
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        Err(Failure::with_text(format!("the server did not stop in order: {status}"), text))
    }
}

/// Builds the library and the server in release.
pub fn build(workspace: &Workspace) -> Outcome {
    build_library(workspace)?;
    build_server(workspace)
}

/// The same plain `cargo build --release` that a user of the library types.
pub fn build_library(workspace: &Workspace) -> Outcome {
    Program::cargo().args(["build", "--release"]).folder(&workspace.root).limit(Duration::from_secs(1200)).run()?;
    for name in ["libzim.so", "libzim.a"] {
        let path = workspace.release().join(name);
        if !path.is_file() {
            return Err(Failure::new(format!("`cargo build --release` made no {}", path.display())));
        }
    }
    Ok(())
}

pub fn build_server(workspace: &Workspace) -> Outcome {
    Program::cargo()
        .args(["build", "--release", "-p", "zim-server"])
        .folder(&workspace.root)
        .limit(Duration::from_secs(1200))
        .run()
        .map(drop)
}
