//! A worker: a process with the hosts of several users in it, each a client of the library in poll mode.
//!
//! Lines on standard input: `settle` (begin nothing new, log everybody in), `end`. Lines on standard output: `ready`
//! when everybody has logged in once, `sent` for each invitation that was made, `quiet` when nothing is open.

mod desk;
mod user;

use std::fs::File;
use std::io::{BufRead, BufWriter, Write};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::Duration;

use crate::abi::{Library, ZIMLogConfig};
use crate::history::{Micros, Record, Verb, What, now};
pub use user::REQUEST_TIMEOUT_MS;
use user::User;

/// How often everybody is looked after: a game's frames.
const ROUND: Duration = Duration::from_millis(10);
/// A round that is so late is told: what the machine delays is not the library's doing.
const LATE_MS: u64 = 100;
/// How often `quiet` is said again while it is true.
const QUIET_EVERY: u32 = 10;

/// What the hosts do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Invite, answer, cancel, log out at random.
    Random,
    /// One half of the users invites the other, all at once, so many times each.
    Pending(u32),
}

/// Everything a worker is told at its start.
#[derive(Clone, Debug)]
pub struct Settings {
    pub library: PathBuf,
    pub history: PathBuf,
    pub logs: PathBuf,
    pub seed: u64,
    /// Counts the processes that have had these users.
    pub generation: u32,
    pub manner: Manner,
    /// Mean time between two invitations of a user.
    pub invite_every_ms: u64,
    /// Users of the whole run.
    pub users: u32,
    /// The first of this worker's users.
    pub first: u32,
    /// Where each of this worker's users connects to.
    pub ports: Vec<u16>,
}

impl Settings {
    pub fn arguments(&self) -> Vec<String> {
        let pending = match self.manner {
            Manner::Random => 0,
            Manner::Pending(count) => count,
        };
        let ports: Vec<String> = self.ports.iter().map(u16::to_string).collect();
        vec![
            "worker".to_owned(),
            self.library.display().to_string(),
            self.history.display().to_string(),
            self.logs.display().to_string(),
            self.seed.to_string(),
            self.generation.to_string(),
            pending.to_string(),
            self.invite_every_ms.to_string(),
            self.users.to_string(),
            self.first.to_string(),
            ports.join(","),
        ]
    }

    pub fn read(arguments: &[String]) -> Result<Settings, String> {
        let [library, history, logs, seed, generation, pending, invite_every_ms, users, first, ports] = arguments
        else {
            return Err("a worker is started by the bench".to_owned());
        };
        let number = |text: &String| text.parse::<u64>().map_err(|error| format!("{text}: {error}"));
        let ports = ports.split(',').map(|port| port.parse().map_err(|error| format!("{port}: {error}")));
        Ok(Settings {
            library: library.into(),
            history: history.into(),
            logs: logs.into(),
            seed: number(seed)?,
            generation: number(generation)? as u32,
            manner: match number(pending)? {
                0 => Manner::Random,
                count => Manner::Pending(count as u32),
            },
            invite_every_ms: number(invite_every_ms)?,
            users: number(users)? as u32,
            first: number(first)? as u32,
            ports: ports.collect::<Result<_, _>>()?,
        })
    }
}

pub fn run(arguments: &[String]) -> Result<(), String> {
    let settings = Settings::read(arguments)?;
    let library = Library::load(&settings.library)?;
    let logs = std::ffi::CString::new(settings.logs.as_os_str().as_encoded_bytes()).map_err(|e| e.to_string())?;
    let config = ZIMLogConfig { struct_size: size_of::<ZIMLogConfig>() as u32, log_path: logs.as_ptr(), log_size: 0 };
    // SAFETY: as the header wants it.
    unsafe { (library.set_log_config)(&config) };
    let file = File::create(&settings.history).map_err(|e| format!("{}: {e}", settings.history.display()))?;
    let mut history = BufWriter::new(file);
    let mut users: Vec<User> = (0..settings.ports.len()).map(|at| User::new(library, &settings, at)).collect();
    rounds(&settings, &mut users, &mut history).map_err(|error| error.to_string())
}

fn rounds(settings: &Settings, users: &mut [User], history: &mut BufWriter<File>) -> std::io::Result<()> {
    let commands = commands();
    let mut stdout = std::io::stdout();
    let (mut ready, mut settling, mut quiet_for) = (false, false, 0);
    let mut last = now();
    loop {
        // A frame of a game: waiting is what is shown here.
        std::thread::sleep(ROUND);
        let time = now();
        let late = (time - last).saturating_sub(ROUND.as_micros() as Micros) / 1_000;
        last = time;
        if late >= LATE_MS {
            let what = What::Late { ms: late };
            writeln!(history, "{}", Record { at: time, user: settings.first, life: 0, what })?;
        }
        match commands.try_recv() {
            Ok(line) if line == "settle" => settling = true,
            Err(TryRecvError::Empty) => {}
            // The end, or nobody is there any more who could say it.
            Ok(_) | Err(TryRecvError::Disconnected) => break,
        }
        for user in &mut *users {
            for record in user.round(settling) {
                if matches!(record.what, What::Completed { verb: Verb::Invite, code: 0, .. }) {
                    writeln!(stdout, "sent")?;
                }
                writeln!(history, "{record}")?;
            }
        }
        history.flush()?;
        if !ready && users.iter().all(User::has_been_in) {
            ready = true;
            writeln!(stdout, "ready")?;
        }
        quiet_for = if settling && users.iter().all(User::is_quiet) { quiet_for + 1 } else { 0 };
        if quiet_for > 0 && quiet_for % QUIET_EVERY == 0 {
            writeln!(stdout, "quiet")?;
        }
    }
    for user in users {
        for record in user.leave() {
            writeln!(history, "{record}")?;
        }
    }
    history.flush()
}

fn commands() -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
