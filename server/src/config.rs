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
    /// And this long from there to a login.
    pub login_timeout_ms: u32,
    /// A connection that does not take what is written to it within this time is closed.
    pub write_timeout_ms: u32,
    /// Connections at once; more are turned away with HTTP status 503.
    pub max_connections: u32,
    /// Where logs that clients upload are kept. Without it they are refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_logs_dir: Option<PathBuf>,
    /// Where calls, users and logs are kept; without it `disk`, and `memory` with `dev`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreKind>,
    /// The directory of the store on disk.
    pub data_dir: PathBuf,
    /// What the store on disk is safe against.
    pub durability: Durability,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreKind {
    /// Outlives the server: a restart loses nothing.
    Disk,
    /// Empty again after a restart.
    Memory,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// Nobody hears of what the disk does not have: safe when the machine goes down.
    Full,
    /// Faster, and safe when the process goes down. The machine may take the last moments with it.
    Normal,
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
    "store",
    "data_dir",
    "durability",
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
            store: None,
            data_dir: PathBuf::from("zim-data"),
            durability: Durability::Full,
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

    pub fn store(&self) -> StoreKind {
        match (self.store, self.dev) {
            (Some(set), _) => set,
            (None, true) => StoreKind::Memory,
            (None, false) => StoreKind::Disk,
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

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../zim-server.example.toml");

    fn environment(name: &str, value: &str) -> Vec<(String, String)> {
        vec![("PATH".to_owned(), "/bin".to_owned()), (name.to_owned(), value.to_owned())]
    }

    fn file(test: &str, text: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("zim-server-config-{}-{test}.toml", std::process::id()));
        std::fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn the_example_is_the_defaults() {
        assert_eq!(toml::from_str::<Config>(EXAMPLE).unwrap(), Config::default());
        // With the keys that have no default, every key is there, and none that does not exist.
        let whole = EXAMPLE
            .replace("# unknown_users", "unknown_users")
            .replace("# client_logs_dir", "client_logs_dir")
            .replace("# store", "store");
        let table: toml::Table = toml::from_str(&whole).unwrap();
        let keys: Vec<&str> = table.keys().map(String::as_str).collect();
        let mut expected = KEYS.to_vec();
        expected.sort_unstable();
        assert_eq!(keys, expected);
        let everything: Config = toml::from_str(&whole).unwrap();
        assert_eq!(toml::Table::try_from(&everything).unwrap().len(), KEYS.len());
        for key in KEYS {
            let explained = EXAMPLE
                .lines()
                .any(|line| line.starts_with(&format!("{key} = ")) || line.starts_with(&format!("# {key} = ")));
            assert!(explained, "{key}");
        }
    }

    #[test]
    fn the_defaults_are_allowed() {
        assert_eq!(Config::default().check(), Ok(()));
        assert_eq!(Config::load(None, &[]), Ok(Config::default()));
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let path = file("wins", "heartbeat_timeout_ms = 40000\nmax_connections = 7\n");
        let config = Config::load(Some(&path), &environment("ZIM_SERVER_MAX_CONNECTIONS", "9")).unwrap();
        assert_eq!((config.heartbeat_timeout_ms, config.max_connections), (40_000, 9));
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn every_key_can_be_set_in_the_environment() {
        for (key, value) in [
            ("listen", "[::1]:9000"),
            ("dev", "true"),
            ("unknown_users", "invite"),
            ("heartbeat_interval_ms", "11"),
            ("heartbeat_timeout_ms", "12"),
            ("handshake_timeout_ms", "13"),
            ("login_timeout_ms", "14"),
            ("write_timeout_ms", "15"),
            ("max_connections", "16"),
            ("client_logs_dir", "logs"),
            ("stop_timeout_ms", "17"),
            ("log", "debug"),
        ] {
            let config = Config::load(None, &environment(&environment_name(key), value)).unwrap();
            let table = toml::Table::try_from(&config).unwrap();
            let set = &table[key];
            assert_eq!(set.as_str().map_or_else(|| set.to_string(), str::to_owned), value, "{key}");
            assert_ne!(config, Config::default(), "{key}");
        }
    }

    #[test]
    fn errors_name_the_key_and_what_is_allowed() {
        for (test, text, expected) in [
            ("unknown", "lisen = \"127.0.0.1:1\"", ["lisen", "expected one of `listen`"]),
            ("type", "max_connections = \"many\"", ["max_connections = \"many\"", "expected u32"]),
            ("range", "max_connections = -1", ["max_connections", "expected u32"]),
            ("variant", "unknown_users = \"ask\"", ["unknown_users", "expected `refuse` or `invite`"]),
            ("address", "listen = \"localhost\"", ["listen", "invalid socket address"]),
            ("syntax", "listen = ", ["line 1", "listen"]),
        ] {
            let path = file(test, text);
            let message = Config::load(Some(&path), &[]).unwrap_err().to_string();
            std::fs::remove_file(&path).unwrap();
            for part in expected.iter().copied().chain([path.display().to_string().as_str()]) {
                assert!(message.contains(part), "{test}: {message}");
            }
        }
        let missing = Config::load(Some(Path::new("/no/such/file.toml")), &[]).unwrap_err().to_string();
        assert!(missing.starts_with("cannot read the configuration file /no/such/file.toml: "), "{missing}");
        let name = "ZIM_SERVER_UNKNOWN_USERS";
        let message = Config::load(None, &environment(name, "ask")).unwrap_err().to_string();
        assert!(message.contains(name) && message.contains("expected `refuse` or `invite`"), "{message}");
    }

    #[test]
    fn values_out_of_range_are_refused() {
        let base = Config::default;
        for (config, expected) in [
            (Config { heartbeat_interval_ms: 0, ..base() }, "heartbeat_interval_ms is 0; allowed is 10 to 600000"),
            (
                Config { heartbeat_timeout_ms: 10_000, ..base() },
                "heartbeat_timeout_ms is 10000; allowed is more than heartbeat_interval_ms, which is 10000",
            ),
            (Config { handshake_timeout_ms: 1, ..base() }, "handshake_timeout_ms is 1; allowed is 10 to 600000"),
            (Config { login_timeout_ms: 700_000, ..base() }, "login_timeout_ms is 700000; allowed is 10 to 600000"),
            (Config { write_timeout_ms: 0, ..base() }, "write_timeout_ms is 0; allowed is 10 to 600000"),
            (Config { max_connections: 0, ..base() }, "max_connections is 0; allowed is 1 to 1000000"),
            (Config { stop_timeout_ms: 600_001, ..base() }, "stop_timeout_ms is 600001; allowed is 0 to 600000"),
        ] {
            assert_eq!(config.check().unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn without_proof_of_identity_only_loopback_is_listened_on() {
        for (address, allowed) in [
            ("127.0.0.1:1", true),
            ("127.8.8.8:1", true),
            ("[::1]:1", true),
            ("[::ffff:127.0.0.1]:1", true),
            ("0.0.0.0:1", false),
            ("[::]:1", false),
            ("192.168.1.5:1", false),
            ("[::ffff:10.0.0.1]:1", false),
        ] {
            let address: SocketAddr = address.parse().unwrap();
            let expected = if allowed { Ok(()) } else { Err(ConfigError::DevOffLoopback(address)) };
            assert_eq!(Config::dev().check_address(address), expected);
            assert_eq!(Config::default().check_address(address), Err(ConfigError::NoVerification));
        }
    }

    #[test]
    fn names_in_the_environment_that_are_no_settings_are_found() {
        let all = [environment("ZIM_SERVER_LISTEN", "x"), environment("ZIM_SERVER_SERVICE_HOST", "10.0.0.1")].concat();
        assert_eq!(unknown_environment(&all), ["ZIM_SERVER_SERVICE_HOST"]);
    }

    #[test]
    fn unknown_users_are_invited_in_development_only() {
        assert_eq!(Config::default().unknown_users(), UnknownUsers::Refuse);
        assert_eq!(Config::dev().unknown_users(), UnknownUsers::Invite);
        let told = Config { unknown_users: Some(UnknownUsers::Refuse), ..Config::dev() };
        assert_eq!(told.unknown_users(), UnknownUsers::Refuse);
    }
}
