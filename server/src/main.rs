//! `zim-server`: reads the command line and the configuration, and runs the server until a signal.

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;
use zim_server::config::{self, Config, StoreKind};
use zim_server::store::tools::{self, Contents, Repaired};

/// Rings users who are logged in through libzim, the library of call invitations.
///
/// To try it on this machine, run "zim-server --dev" and point clients at ws://127.0.0.1:8790/zim.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER_HELP, max_term_width = 100)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,

    /// For development: accept any user and any token. Works on loopback addresses only, where nobody else can
    /// reach the server
    #[arg(long)]
    dev: bool,

    /// Address and port that clients connect to, as in 127.0.0.1:8790 or [::1]:8790; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,

    /// Configuration file (TOML); zim-server.example.toml explains every key
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Keep calls, users and logs in this directory, so that a restart loses nothing (also with --dev)
    #[arg(long, value_name = "DIRECTORY")]
    data_dir: Option<PathBuf>,

    /// What is logged to stderr: error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL")]
    log: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Look at the store on disk, while no server uses it
    #[command(subcommand)]
    Store(StoreCommand),
}

#[derive(Debug, Subcommand)]
enum StoreCommand {
    /// Say whether the store is whole, and what it holds
    Check(StoreArguments),
    /// Print everything that can be read: calls, users, waiting events and timers, one JSON object a line
    Export(StoreArguments),
    /// Put a damaged store aside under another name, and make a new one of what can be read of it
    Repair(StoreArguments),
}

#[derive(Debug, Args)]
struct StoreArguments {
    /// The directory of the store; without it, what the configuration says
    #[arg(long, value_name = "DIRECTORY")]
    data_dir: Option<PathBuf>,

    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

const AFTER_HELP: &str = "\
Every key of the configuration file can also be set in the environment, as ZIM_SERVER_ and the key in capitals: \
ZIM_SERVER_LISTEN, ZIM_SERVER_HEARTBEAT_TIMEOUT_MS, ... The command line wins over the environment, and the \
environment over the file.

Once it takes connections, the server prints one line to stdout: listening on ws://ADDRESS/zim
SIGINT (Ctrl-C) and SIGTERM stop it gracefully: clients are told, and reconnect by themselves.";

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match &arguments.command {
        Some(Command::Store(command)) => look(command),
        None => start(arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("zim-server: {message}");
            ExitCode::FAILURE
        }
    }
}

fn environment() -> Vec<(String, String)> {
    let names = std::env::vars_os();
    names.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect()
}

fn look(command: &StoreCommand) -> Result<(), String> {
    let (StoreCommand::Check(arguments) | StoreCommand::Export(arguments) | StoreCommand::Repair(arguments)) = command;
    let directory = match &arguments.data_dir {
        Some(directory) => directory.clone(),
        None => {
            let config = Config::load(arguments.config.as_deref(), &environment());
            config.map_err(|error| error.to_string())?.data_dir
        }
    };
    let shown = directory.display();
    let mut stdout = std::io::stdout().lock();
    let printed = match command {
        StoreCommand::Check(_) => {
            let Contents { calls, live, users, events } =
                tools::check(&directory).map_err(|error| error.to_string())?;
            writeln!(stdout, "{shown} is whole: {calls} calls ({live} live), {users} users, {events} waiting events")
        }
        StoreCommand::Export(_) => {
            let problems = tools::export(&directory, &mut stdout).map_err(|error| error.to_string())?;
            problems.iter().for_each(|problem| eprintln!("zim-server: not read: {problem}"));
            if !problems.is_empty() {
                return Err(format!("{shown} is damaged, and this is what could be read of it"));
            }
            Ok(())
        }
        StoreCommand::Repair(_) => match tools::repair(&directory).map_err(|error| error.to_string())? {
            None => writeln!(stdout, "{shown} is whole; nothing was changed"),
            Some(Repaired { former, contents, problems }) => {
                let Contents { calls, live, users, .. } = contents;
                problems.iter().for_each(|problem| eprintln!("zim-server: not saved: {problem}"));
                writeln!(
                    stdout,
                    "saved {calls} calls ({live} live) and {users} users; the damaged file is now {}",
                    former.display()
                )
            }
        },
    };
    printed.map_err(|error| format!("cannot write: {error}"))
}

fn start(arguments: Arguments) -> Result<(), String> {
    let environment = environment();
    let mut config = Config::load(arguments.config.as_deref(), &environment).map_err(|error| error.to_string())?;
    config.dev |= arguments.dev;
    config.listen = arguments.listen.unwrap_or(config.listen);
    if let Some(directory) = arguments.data_dir {
        config.data_dir = directory;
        config.store = Some(StoreKind::Disk);
    }
    config.log = arguments.log.unwrap_or(config.log);
    config.check().map_err(|error| error.to_string())?;
    config.check_address(config.listen).map_err(|error| error.to_string())?;
    start_log(&config.log)?;
    for name in config::unknown_environment(&environment) {
        tracing::warn!(name, "ignored a name in the environment that is no setting");
    }
    let runtime = tokio::runtime::Runtime::new().map_err(|error| format!("cannot start: {error}"))?;
    let result = runtime.block_on(serve(config));
    // What still runs has had its time.
    runtime.shutdown_background();
    result
}

fn start_log(levels: &str) -> Result<(), String> {
    // A word that is no level would pass for the name of a module.
    let known =
        levels.split(',').all(|part| part.rsplit('=').next().is_some_and(|level| LevelFilter::from_str(level).is_ok()));
    let filter = Targets::from_str(levels).ok().filter(|_| known).ok_or_else(|| {
        format!("log is {levels:?}; allowed is error, warn, info, debug, trace, or by module as in warn,zim_server::calls=debug")
    })?;
    let lines =
        tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();
    Ok(())
}

async fn serve(config: Config) -> Result<(), String> {
    let store = zim_server::open_store(&config).map_err(|error| error.to_string())?;
    if config.store() == StoreKind::Disk {
        tracing::info!(data_dir = %config.data_dir.display(), epoch = store.epoch(), "opened the store");
    }
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}; --listen sets another address", config.listen))?;
    let address = listener.local_addr().map_err(|error| format!("cannot listen on {}: {error}", config.listen))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| format!("cannot wait for SIGINT: {error}"))?;
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| format!("cannot wait for SIGTERM: {error}"))?;
    let shutdown = async {
        tokio::select! {
            _ = interrupt.recv() => tracing::info!("SIGINT"),
            _ = terminate.recv() => tracing::info!("SIGTERM"),
        }
    };
    if config.dev {
        tracing::warn!("DEVELOPMENT MODE: any user and any token are accepted. Nobody but this machine can connect.");
    }
    let mut stdout = std::io::stdout();
    writeln!(stdout, "listening on ws://{address}{}", zim_protocol::PATH)
        // Whoever waits for the line gets it even when stdout is a pipe.
        .and_then(|()| stdout.flush())
        .map_err(|error| format!("cannot write to stdout: {error}"))?;
    zim_server::run_with_store(listener, config, store, shutdown).await.map_err(|error| error.to_string())?;
    tracing::info!("stopped");
    Ok(())
}
