//! `zim-server`: reads the command line and the configuration, and runs the server until a signal.

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

use clap::Parser;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;
use zim_server::config::{self, Config, StoreKind};

/// Rings users who are logged in through libzim, the library of call invitations.
///
/// To try it on this machine, run "zim-server --dev" and point clients at ws://127.0.0.1:8790/zim.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER_HELP, max_term_width = 100)]
struct Arguments {
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

const AFTER_HELP: &str = "\
Every key of the configuration file can also be set in the environment, as ZIM_SERVER_ and the key in capitals: \
ZIM_SERVER_LISTEN, ZIM_SERVER_HEARTBEAT_TIMEOUT_MS, ... The command line wins over the environment, and the \
environment over the file.

Once it takes connections, the server prints one line to stdout: listening on ws://ADDRESS/zim
SIGINT (Ctrl-C) and SIGTERM stop it gracefully: clients are told, and reconnect by themselves.";

fn main() -> ExitCode {
    match start(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("zim-server: {message}");
            ExitCode::FAILURE
        }
    }
}

fn start(arguments: Arguments) -> Result<(), String> {
    let environment: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
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
