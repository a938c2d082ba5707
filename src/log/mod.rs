//! The library's log: rotating files, the host's callback, and a tail that can be uploaded.

use std::path::PathBuf;
use std::sync::Arc;

use zim_protocol::code::Fault;

/// How much a line matters. Ascending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum Level {
    Debug = 0,
    Info = 1,
    Warning = 2,
    Error = 3,
}

/// Where log files go.
#[derive(Clone, Debug)]
pub struct LogConfig {
    /// The folder; made when it does not exist.
    pub folder: PathBuf,
    /// A file that has grown to this size is put aside as `zim.1.log`; 0 means the default of 5 MB.
    pub size_limit: u64,
}

/// The host's log callback.
pub trait LogSink: Send + Sync {
    fn on_line(&self, level: Level, line: &str);
}

/// `None` stops writing to files.
pub fn set_log_config(config: Option<LogConfig>) -> Result<(), Fault> {
    let _ = config;
    Ok(())
}

/// `None` stops the callbacks. Lines below `min_level` are not handed over.
pub fn set_log_callback(sink: Option<Arc<dyn LogSink>>, min_level: Level) {
    let _ = (sink, min_level);
}
