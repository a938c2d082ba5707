//! The server and the workers as processes: started, stopped for a while, killed. None outlives the bench.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;
use tokio::task::spawn_local;
use tokio::time::timeout;

use crate::options::Options;

/// What any step of a process may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// One process of ours.
#[derive(Debug)]
pub struct Process {
    child: Child,
    pub pid: i32,
}

impl Process {
    fn spawn(command: &mut Command) -> Result<Process, String> {
        command.kill_on_drop(true);
        // SAFETY: both calls are allowed between fork and exec. A write beyond the limit of a file's size fails
        // instead of ending the process; and the process ends when the bench does, however that ends.
        unsafe {
            command.pre_exec(|| {
                libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                Ok(())
            });
        }
        let child = command.spawn().map_err(|error| format!("{:?}: {error}", command.as_std().get_program()))?;
        let pid = child.id().ok_or("a process that has just been started has no ID")? as i32;
        Ok(Process { child, pid })
    }

    pub fn signal(&self, signal: i32) {
        // SAFETY: the child has not been waited for, so the ID is still its own.
        unsafe { libc::kill(self.pid, signal) };
    }

    pub async fn kill(&mut self) -> Result<(), String> {
        self.signal(libc::SIGKILL);
        self.ended().await.map(drop)
    }

    pub async fn ended(&mut self) -> Result<std::process::ExitStatus, String> {
        let status = timeout(PATIENCE, self.child.wait()).await.map_err(|_| "a process does not end".to_owned())?;
        status.map_err(|error| error.to_string())
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> Option<String> {
        self.child.try_wait().ok().flatten().map(|status| status.to_string())
    }

    /// A line of `/proc/PID/status`, in KiB.
    pub fn memory_kib(&self, key: &str) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(key));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    }

    /// The most bytes that a file of this process may have; `None` for no limit.
    pub fn limit_files(&self, bytes: Option<u64>) {
        let limit = libc::rlimit { rlim_cur: bytes.unwrap_or(libc::RLIM_INFINITY), rlim_max: libc::RLIM_INFINITY };
        // SAFETY: the limit is ours, and nothing is asked back.
        unsafe { libc::prlimit(self.pid, libc::RLIMIT_FSIZE, &limit, std::ptr::null_mut()) };
    }
}

const DAY_MS: i64 = 24 * 3_600_000;

/// The clock of the processes that have it preloaded.
#[derive(Clone, Debug)]
pub struct WallClock {
    library: Option<PathBuf>,
    file: PathBuf,
}

impl WallClock {
    pub async fn new(options: &Options, folder: &Path) -> Result<WallClock, String> {
        let clock = WallClock { library: options.clock.clone(), file: folder.join("clock") };
        clock.shift(DAY_MS)?;
        if clock.jumps() {
            clock.check().await?;
        }
        clock.shift(0)?;
        Ok(clock)
    }

    /// A clock that did not jump would pass every check.
    async fn check(&self) -> Result<(), String> {
        let mut command = Command::new("date");
        command.arg("+%s");
        self.apply(&mut command);
        let output = command.output().await.map_err(|error| format!("date: {error}"))?;
        let shown: i64 = String::from_utf8_lossy(&output.stdout).trim().parse().unwrap_or(0);
        let right = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs();
        match shown.abs_diff(right as i64 + DAY_MS / 1_000) < 60 {
            true => Ok(()),
            false => Err(format!("the clock does not jump: {}", String::from_utf8_lossy(&output.stderr))),
        }
    }

    pub fn jumps(&self) -> bool {
        self.library.is_some()
    }

    /// Moves the wall clocks of all processes that far from the right time.
    pub fn shift(&self, ms: i64) -> Result<(), String> {
        // In place: the processes have the file mapped.
        let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(&self.file);
        let written = file.as_mut().map_err(|error| error.to_string())?.write_all(&ms.to_ne_bytes());
        written.map_err(|error| error.to_string())
    }

    fn apply(&self, command: &mut Command) {
        if let Some(library) = &self.library {
            command.env("LD_PRELOAD", library).env("ZIM_FAULTS_CLOCK", &self.file);
        }
    }
}

/// A running server, and where it listens.
#[derive(Debug)]
pub struct Server {
    pub process: Process,
    pub port: u16,
}

impl Server {
    /// Starts the program over the data that is there and waits until it listens.
    pub async fn start(options: &Options, folder: &Path, clock: &WallClock) -> Result<Server, String> {
        let mut command = Command::new(&options.server);
        command.args(["--dev", "--listen", "127.0.0.1:0", "--log", "info", "--data-dir"]).arg(folder.join("data"));
        command.env("ZIM_SERVER_HEARTBEAT_INTERVAL_MS", "500").env("ZIM_SERVER_HEARTBEAT_TIMEOUT_MS", "1750");
        command.env("ZIM_SERVER_DURABILITY", &options.durability);
        clock.apply(&mut command);
        // Through a pipe: the limit of file sizes is for the store.
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = Process::spawn(&mut command)?;
        let log = OpenOptions::new().create(true).append(true).open(folder.join("server.log"));
        let mut log = log.map_err(|error| error.to_string())?;
        let mut lines = BufReader::new(process.child.stderr.take().ok_or("no stderr")?).lines();
        spawn_local(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let _ = writeln!(log, "{} {line}", crate::history::now());
            }
        });
        let mut line = String::new();
        let mut stdout = BufReader::new(process.child.stdout.take().ok_or("no stdout")?);
        let read = timeout(PATIENCE, stdout.read_line(&mut line)).await;
        let port = line.trim().strip_suffix("/zim").and_then(|line| line.rsplit(':').next()?.parse().ok());
        match (read, port) {
            (Ok(Ok(_)), Some(port)) => Ok(Server { process, port }),
            (read, _) => Err(format!("the server does not listen: {read:?} {line:?} {:?}", process.has_ended())),
        }
    }
}

/// A running worker. Its users go on in the next one when it is killed.
#[derive(Debug)]
pub struct Worker {
    pub process: Process,
    input: ChildStdin,
    /// What it says, line by line.
    pub said: mpsc::UnboundedReceiver<String>,
}

impl Worker {
    pub fn start(settings: &crate::worker::Settings, log: &Path, clock: &WallClock) -> Result<Worker, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let log = File::options().create(true).append(true).open(log).map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        command.args(settings.arguments()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        clock.apply(&mut command);
        let mut process = Process::spawn(&mut command)?;
        let input = process.child.stdin.take().ok_or("no stdin")?;
        let mut lines = BufReader::new(process.child.stdout.take().ok_or("no stdout")?).lines();
        let (sender, said) = mpsc::unbounded_channel();
        spawn_local(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Worker { process, input, said })
    }

    pub async fn tell(&mut self, line: &str) -> Result<(), String> {
        self.input
            .write_all(format!("{line}\n").as_bytes())
            .await
            .map_err(|error| format!("a worker has gone: {error}"))
    }

    /// Waits until it says this.
    pub async fn says(&mut self, what: &str, limit: Duration) -> Result<(), String> {
        let wait = async {
            while let Some(line) = self.said.recv().await {
                if line == what {
                    return true;
                }
            }
            false
        };
        match timeout(limit, wait).await {
            Ok(true) => Ok(()),
            Ok(false) => Err("a worker has ended by itself; see its log".to_owned()),
            Err(_) => Err(format!("a worker has not become `{what}` within {} s", limit.as_secs())),
        }
    }
}
