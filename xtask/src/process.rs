//! Programs that we run. None outlives us: not when a step fails, not at a time limit, not at Ctrl-C.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::{Failure, Outcome};

/// What a program may take unless it says otherwise.
const LIMIT: Duration = Duration::from_secs(600);
/// After a program has ended its output must be closed within this time, or it left a process behind.
const CLOSING: Duration = Duration::from_secs(5);

/// A program to run, with everything it needs to know.
#[derive(Debug)]
pub struct Program {
    command: Command,
    name: String,
    limit: Duration,
}

/// How a program ended, and all that it said (both streams, in the order of writing).
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub text: String,
}

impl Program {
    pub fn new(program: impl AsRef<OsStr>) -> Program {
        let program = program.as_ref();
        let name = Path::new(program).file_name().unwrap_or(program).to_string_lossy().into_owned();
        let mut command = Command::new(program);
        for (key, value) in inherited() {
            match value {
                Some(value) => command.env(key, value),
                None => command.env_remove(key),
            };
        }
        // Logs are read as text.
        command.env("CARGO_TERM_COLOR", "never").env("NO_COLOR", "1");
        command.stdin(Stdio::null());
        Program { command, name, limit: LIMIT }
    }

    pub fn cargo() -> Program {
        Program::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")))
    }

    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Program {
        self.command.arg(arg);
        self
    }

    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Program {
        self.command.args(args);
        self
    }

    pub fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Program {
        self.command.env(key, value);
        self
    }

    pub fn folder(mut self, folder: impl AsRef<Path>) -> Program {
        self.command.current_dir(folder);
        self
    }

    pub fn limit(mut self, limit: Duration) -> Program {
        self.limit = limit;
        self
    }

    /// The command as a person would type it.
    pub fn line(&self) -> String {
        let mut line = self.name.clone();
        for arg in self.command.get_args() {
            line.push(' ');
            line.push_str(&arg.to_string_lossy());
        }
        line
    }

    /// Runs to the end; every line goes to `sink` as it comes.
    pub fn stream(mut self, sink: &mut dyn FnMut(&str)) -> Outcome<Ended> {
        let started = Instant::now();
        let (reader, writer) = std::io::pipe()?;
        self.command.stdout(writer.try_clone()?).stderr(writer);
        let mut running = Running::start(&mut self.command, &self.name)?;
        // The command still holds the writing ends of the pipe.
        let Program { command, name, limit } = self;
        drop(command);
        let (lines, inbox) = mpsc::channel();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(reader);
            let mut line = Vec::new();
            while matches!(reader.read_until(b'\n', &mut line), Ok(count) if count > 0) {
                let text = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_string();
                line.clear();
                if lines.send(text).is_err() {
                    break;
                }
            }
        });
        let mut text = String::new();
        let mut ended_at = None;
        loop {
            match inbox.recv_timeout(Duration::from_millis(100)) {
                Ok(line) => {
                    sink(&line);
                    text.push_str(&line);
                    text.push('\n');
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
            if started.elapsed() > limit {
                return Err(Failure::with_text(
                    format!("{name} was still running after {} s and was ended", limit.as_secs()),
                    text,
                ));
            }
            if ended_at.is_none() && running.child.try_wait()?.is_some() {
                ended_at = Some(Instant::now());
            }
            if ended_at.is_some_and(|at| at.elapsed() > CLOSING) {
                return Err(Failure::with_text(
                    format!("{name} ended but left a process behind that holds its output open"),
                    text,
                ));
            }
        }
        let status = running.child.wait()?;
        Ok(Ended { status, text })
    }

    /// Runs to the end, silently; an error unless it succeeds.
    pub fn run(self) -> Outcome<Ended> {
        let line = self.line();
        self.stream(&mut |_| {})?.success(&line)
    }

    /// Standard output alone, of a program that succeeds.
    pub fn output(mut self) -> Outcome<String> {
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let line = self.line();
        let output = self.command.output().map_err(|e| missing(&self.name, &e))?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(Failure::with_text(format!("`{line}` failed: {}", output.status), text));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs on our own terminal; an error unless it succeeds.
    pub fn show(mut self) -> Outcome {
        self.command.stdout(Stdio::inherit()).stderr(Stdio::inherit());
        let line = self.line();
        let mut running = Running::start(&mut self.command, &self.name)?;
        let started = Instant::now();
        loop {
            if let Some(status) = running.child.try_wait()? {
                return if status.success() { Ok(()) } else { Err(Failure::new(format!("`{line}` failed: {status}"))) };
            }
            if started.elapsed() > self.limit {
                return Err(Failure::new(format!(
                    "`{line}` was still running after {} s and was ended",
                    self.limit.as_secs()
                )));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Starts a program that goes on beside us. It ends with us, also when we are killed: the kernel sees to it.
    pub fn serve(mut self, log: File) -> Outcome<(Running, mpsc::Receiver<String>)> {
        if on_path("setpriv") {
            let mut command = Command::new("setpriv");
            command.args(["--pdeathsig", "KILL", "--"]).arg(self.command.get_program()).args(self.command.get_args());
            for (key, value) in self.command.get_envs() {
                match value {
                    Some(value) => command.env(key, value),
                    None => command.env_remove(key),
                };
            }
            if let Some(folder) = self.command.get_current_dir() {
                command.current_dir(folder);
            }
            command.stdin(Stdio::null());
            self.command = command;
        }
        let (reader, writer) = std::io::pipe()?;
        self.command.stdout(writer.try_clone()?).stderr(writer);
        let running = Running::start(&mut self.command, &self.name)?;
        drop(self.command);
        let (lines, inbox) = mpsc::channel();
        std::thread::spawn(move || {
            let mut log = log;
            for line in BufReader::new(reader).lines().map_while(Result::ok) {
                // The log is for reading after a failure; a full disk shows elsewhere.
                let _ = writeln!(log, "{line}");
                let _ = lines.send(line);
            }
        });
        Ok((running, inbox))
    }
}

impl Ended {
    pub fn success(self, line: &str) -> Outcome<Ended> {
        if self.status.success() {
            return Ok(self);
        }
        Err(Failure::with_text(format!("`{line}` failed: {}", self.status), self.text))
    }
}

/// A child that ends, with everything it started, when this is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
}

impl Running {
    fn start(command: &mut Command, name: &str) -> Outcome<Running> {
        Ok(Running { child: command.spawn().map_err(|e| missing(name, &e))? })
    }

    /// Asks it to end and waits; how it ended. An error if it does not in time.
    pub fn stop(mut self, limit: Duration) -> Outcome<ExitStatus> {
        signal("TERM", &[self.child.id()]);
        let started = Instant::now();
        while started.elapsed() < limit {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err(Failure::new(format!(
            "process {} did not end within {} s of being asked to",
            self.child.id(),
            limit.as_secs()
        )))
    }

    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        let mut pids = descendants(self.child.id());
        pids.push(self.child.id());
        signal("KILL", &pids);
        let _ = self.child.wait();
    }
}

/// Ctrl-C and a polite request to end: everything that we started ends before we do.
pub fn end_children_with_us() -> Outcome {
    ctrlc::set_handler(|| {
        signal("KILL", &descendants(std::process::id()));
        std::process::exit(130);
    })
    .map_err(|e| Failure::new(format!("cannot watch for signals: {e}")))
}

fn signal(name: &str, pids: &[u32]) {
    if pids.is_empty() {
        return;
    }
    // A process that has just ended by itself makes `kill` complain: nothing is lost.
    let _ = Command::new("kill")
        .arg(format!("-{name}"))
        .args(pids.iter().map(u32::to_string))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

/// Every process below `root`, from the kernel's table of parents.
fn descendants(root: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        // "pid (name) state parent …"; the name may hold blanks and brackets.
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse::<u32>().ok());
        if let Some(parent) = parent {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = Vec::new();
    let mut open = vec![root];
    while let Some(pid) = open.pop() {
        let below = children.remove(&pid).unwrap_or_default();
        found.extend(&below);
        open.extend(below);
    }
    found
}

/// What `cargo run` put into our environment and our children must not see: its variables make build scripts run
/// again, its library path would find a debug `libzim.so`.
fn inherited() -> Vec<(OsString, Option<OsString>)> {
    const OWN: [&str; 5] =
        ["CARGO_MANIFEST_", "CARGO_PKG_", "CARGO_BIN_NAME", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE"];
    let mut changes = Vec::new();
    for (key, _) in std::env::vars_os() {
        if key.to_str().is_some_and(|name| OWN.iter().any(|own| name.starts_with(own))) {
            changes.push((key, None));
        }
    }
    if let Some(paths) = std::env::var_os("LD_LIBRARY_PATH") {
        let exe = std::env::current_exe().unwrap_or_default();
        let built = exe.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        let kept = std::env::split_paths(&paths).filter(|path| {
            !path.starts_with(&built)
                && !path.components().any(|part| part.as_os_str() == "rustlib" || part.as_os_str() == "toolchains")
        });
        let kept: Vec<PathBuf> = kept.filter(|path| !path.as_os_str().is_empty()).collect();
        let value = if kept.is_empty() { None } else { std::env::join_paths(kept).ok() };
        changes.push((OsString::from("LD_LIBRARY_PATH"), value));
    }
    changes
}

pub fn on_path(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|paths| std::env::split_paths(&paths).any(|folder| folder.join(program).is_file()))
}

fn missing(name: &str, error: &std::io::Error) -> Failure {
    if error.kind() == std::io::ErrorKind::NotFound {
        return Failure::new(format!("{name} was not found; `cargo xtask setup` installs what is needed"));
    }
    Failure::new(format!("{name} could not be started: {error}"))
}
