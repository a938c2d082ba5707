//! The command line.

use std::path::PathBuf;

pub const HELP: &str = "\
The fault bench: many users of the real library, a proxy, and the real server, with faults at random.

Usage: zim-faults [run | kill-pending] --server FILE --library FILE [OPTIONS]

  --server FILE        zim-server
  --library FILE       libzim.so
  --clock FILE         libzim_faults_clock.so; without it the wall clock does not jump
  --seed N             What is drawn; without it another one each time
  --seconds N          How long faults happen (60)
  --users N            (200)
  --workers N          Processes that the users live in (8)
  --invite-every MS    Mean time between two invitations of a user (6000)
  --durability WORD    full or normal: the server's setting (full)
  --folder FOLDER      Where data, histories and logs go; without it a temporary one, kept when something was violated
  --keep               Keeps the folder in any case
";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// Everything at random.
    Run,
    /// Kills the server in the middle of many pending invitations.
    KillPending,
}

#[derive(Clone, Debug)]
pub struct Options {
    pub scenario: Scenario,
    pub server: PathBuf,
    pub library: PathBuf,
    pub clock: Option<PathBuf>,
    pub seed: u64,
    pub seconds: u64,
    pub users: u32,
    pub workers: u32,
    pub invite_every_ms: u64,
    pub durability: String,
    pub folder: Option<PathBuf>,
    pub keep: bool,
}

impl Options {
    pub fn read(arguments: &[String]) -> Result<Options, String> {
        let mut options = Options {
            scenario: Scenario::Run,
            server: PathBuf::new(),
            library: PathBuf::new(),
            clock: None,
            seed: std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_millis()
                as u64,
            seconds: 60,
            users: 200,
            workers: 8,
            invite_every_ms: 6_000,
            durability: "full".to_owned(),
            folder: None,
            keep: false,
        };
        let mut rest = arguments.iter();
        while let Some(name) = rest.next() {
            match name.as_str() {
                "run" => options.scenario = Scenario::Run,
                "kill-pending" => options.scenario = Scenario::KillPending,
                "--keep" => options.keep = true,
                name => {
                    let value = rest.next().ok_or_else(|| format!("{name} wants a value\n\n{HELP}"))?;
                    options.set(name, value)?;
                }
            }
        }
        for (name, file) in [("--server", &options.server), ("--library", &options.library)] {
            if !file.is_file() {
                return Err(format!("{name}: {} is no file\n\n{HELP}", file.display()));
            }
        }
        if options.users < 4 || options.workers == 0 || options.workers > options.users {
            return Err("at least 4 users, and no more workers than users".to_owned());
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let number = || value.parse::<u64>().map_err(|error| format!("{name} {value}: {error}"));
        match name {
            "--server" => self.server = value.into(),
            "--library" => self.library = value.into(),
            "--clock" => self.clock = Some(value.into()),
            "--seed" => self.seed = number()?,
            "--seconds" => self.seconds = number()?,
            "--users" => self.users = number()? as u32,
            "--workers" => self.workers = number()? as u32,
            "--invite-every" => self.invite_every_ms = number()?,
            "--durability" => self.durability = value.to_owned(),
            "--folder" => self.folder = Some(value.into()),
            _ => return Err(format!("{name} is no option\n\n{HELP}")),
        }
        Ok(())
    }
}
