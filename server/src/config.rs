//! The server's configuration: one struct with defaults, filled from a file and from the environment.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use zim_protocol::{DEFAULT_PORT, limits};

/// Names in the environment start with this: `ZIM_SERVER_LISTEN` for `listen`.
pub const ENVIRONMENT_PREFIX: &str = "ZIM_SERVER_";

/// Everything that can be set. `server/zim-server.example.toml` explains every key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where clients connect to. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Any user and any token are accepted, on a loopback address only.
    pub dev: bool,
    /// What becomes of invitees who have never logged in; without it `refuse`, and `invite` with `dev`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown_users: Option<UnknownUsers>,
    /// Announced to clients: how often they ping when they have nothing else to say.
    pub heartbeat_interval_ms: u32,
    /// After this long without a sign of it a device counts as offline.
    pub heartbeat_timeout_ms: u32,
    /// A new connection has this long for its HTTP request.
    pub handshake_timeout_ms: u32,
    /// And this long from there to its login.
    pub login_timeout_ms: u32,
    /// A connection that takes nothing off its socket for this long is closed.
    pub write_timeout_ms: u32,
    /// Connections at once; more are turned away with HTTP status 503.
    pub max_connections: u32,
    /// Where logs that clients upload are kept. Without it they are refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_logs_dir: Option<PathBuf>,
    /// When the server stops, connections have this long to take their last frames.
    pub stop_timeout_ms: u32,
    /// What is logged: `error`, `warn`, `info`, `debug`, `trace`, or by module as in `warn,zim_server::calls=debug`.
    pub log: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownUsers {
    /// They come back in the answer's error list.
    Refuse,
    /// They are treated as users who are offline.
    Invite,
}

/// Every key, in the order of the struct.
pub const KEYS: &[&str] = &[
    "listen",
    "dev",
    "unknown_users",
    "heartbeat_interval_ms",
    "heartbeat_timeout_ms",
    "handshake_timeout_ms",
    "login_timeout_ms",
    "write_timeout_ms",
    "max_connections",
    "client_logs_dir",
    "stop_timeout_ms",
    "log",
];

#[derive(Debug, Error, PartialEq, Eq)]
pub enum ConfigError {
    #[error("cannot read the configuration file {path}: {reason}")]
    File { path: String, reason: String },
    #[error("{path}: {reason}")]
    Content { path: String, reason: String },
    #[error("{name} in the environment: {reason}")]
    Environment { name: String, reason: String },
    #[error("{key} is {value}; allowed is {allowed}")]
    Value { key: &'static str, value: String, allowed: String },
    #[error(
        "dev accepts any user without proof, so it works on a loopback address only, and {0} is none: \
         anyone who reaches it could ring and answer as anybody. Listen on 127.0.0.1 or [::1] instead, \
         for example --listen 127.0.0.1:{port}", port = DEFAULT_PORT
    )]
    DevOffLoopback(SocketAddr),
    #[error(
        "this server cannot check tokens yet, so it does not start without --dev: anyone could log in as anybody. \
         For development on this machine run: zim-server --dev"
    )]
    NoVerification,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            listen: SocketAddr::from(([127, 0, 0, 1], DEFAULT_PORT)),
            dev: false,
            unknown_users: None,
            heartbeat_interval_ms: limits::HEARTBEAT_INTERVAL_MS,
            heartbeat_timeout_ms: limits::HEARTBEAT_TIMEOUT_MS,
            handshake_timeout_ms: 10_000,
            login_timeout_ms: 10_000,
            write_timeout_ms: 10_000,
            max_connections: 10_000,
            client_logs_dir: None,
            stop_timeout_ms: 5_000,
            log: "info".to_owned(),
        }
    }
}

impl Config {
    /// What `--dev` starts with.
    pub fn dev() -> Config {
        Config { dev: true, ..Config::default() }
    }

    /// Reads the file, if any, and then the environment, which wins.
    pub fn load(file: Option<&Path>, environment: &[(String, String)]) -> Result<Config, ConfigError> {
        let mut table = toml::Table::new();
        let mut shown = "the environment".to_owned();
        if let Some(path) = file {
            shown = path.display().to_string();
            let text = std::fs::read_to_string(path)
                .map_err(|error| ConfigError::File { path: shown.clone(), reason: error.to_string() })?;
            // Read as a whole first: that names the line of what is wrong.
            let _: Config = toml::from_str(&text).map_err(|error| ConfigError::content(&shown, &error))?;
            table = toml::from_str(&text).map_err(|error| ConfigError::content(&shown, &error))?;
        }
        for (name, text) in environment {
            let Some(key) = KEYS.iter().find(|key| environment_name(key) == *name) else { continue };
            table.insert((*key).to_owned(), typed(text));
            let one = toml::Table::from_iter([((*key).to_owned(), typed(text))]);
            one.try_into::<Config>()
                .map_err(|error| ConfigError::Environment { name: name.clone(), reason: error.message().to_owned() })?;
        }
        let config: Config = table.try_into().map_err(|error| ConfigError::content(&shown, &error))?;
        Ok(config)
    }

    /// Compares every value with what is allowed.
    pub fn check(&self) -> Result<(), ConfigError> {
        within("heartbeat_interval_ms", self.heartbeat_interval_ms, 10, 600_000)?;
        within("heartbeat_timeout_ms", self.heartbeat_timeout_ms, 20, 3_600_000)?;
        if self.heartbeat_timeout_ms <= self.heartbeat_interval_ms {
            return Err(ConfigError::Value {
                key: "heartbeat_timeout_ms",
                value: self.heartbeat_timeout_ms.to_string(),
                allowed: format!("more than heartbeat_interval_ms, which is {}", self.heartbeat_interval_ms),
            });
        }
        within("handshake_timeout_ms", self.handshake_timeout_ms, 10, 600_000)?;
        within("login_timeout_ms", self.login_timeout_ms, 10, 600_000)?;
        within("write_timeout_ms", self.write_timeout_ms, 10, 600_000)?;
        within("max_connections", self.max_connections, 1, 1_000_000)?;
        within("stop_timeout_ms", self.stop_timeout_ms, 0, 600_000)?;
        Ok(())
    }

    /// Whether the server may listen there as it is configured.
    pub fn check_address(&self, address: SocketAddr) -> Result<(), ConfigError> {
        if !self.dev {
            return Err(ConfigError::NoVerification);
        }
        match address.ip().to_canonical().is_loopback() {
            true => Ok(()),
            false => Err(ConfigError::DevOffLoopback(address)),
        }
    }

    pub fn unknown_users(&self) -> UnknownUsers {
        match (self.unknown_users, self.dev) {
            (Some(set), _) => set,
            (None, true) => UnknownUsers::Invite,
            (None, false) => UnknownUsers::Refuse,
        }
    }
}

/// What the key is called in the environment.
pub fn environment_name(key: &str) -> String {
    format!("{ENVIRONMENT_PREFIX}{}", key.to_ascii_uppercase())
}

/// Names in the environment that look like settings and are none. They are reported, not refused: orchestrators
/// put names of their own there for a service called `zim-server`.
pub fn unknown_environment(environment: &[(String, String)]) -> Vec<&str> {
    let names = environment.iter().map(|(name, _)| name.as_str());
    names
        .filter(|name| name.starts_with(ENVIRONMENT_PREFIX) && !KEYS.iter().any(|key| environment_name(key) == *name))
        .collect()
}

/// A text of the environment as TOML would have it.
fn typed(text: &str) -> toml::Value {
    match (text.parse::<i64>(), text.parse::<bool>()) {
        (Ok(number), _) => toml::Value::Integer(number),
        (Err(_), Ok(truth)) => toml::Value::Boolean(truth),
        (Err(_), Err(_)) => toml::Value::String(text.to_owned()),
    }
}

fn within<T: PartialOrd + fmt::Display + Copy>(
    key: &'static str,
    value: T,
    least: T,
    most: T,
) -> Result<(), ConfigError> {
    if value >= least && value <= most {
        return Ok(());
    }
    Err(ConfigError::Value { key, value: value.to_string(), allowed: format!("{least} to {most}") })
}

impl ConfigError {
    fn content(path: &str, error: &toml::de::Error) -> ConfigError {
        ConfigError::Content { path: path.to_owned(), reason: error.to_string().trim_end().to_owned() }
    }
}
