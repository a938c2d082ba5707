//! The library's log: rotating files, the host's callback, and a tail that can be uploaded.
//!
//! Process-wide, because a process has one log. A line names the client it belongs to. Lines never contain tokens,
//! app signs or extended data. [`write()`] takes locks and may write to a file: it is called with no other lock held.

mod file;
mod handover;
mod line;
mod ring;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zim_protocol::code::Fault;
use zim_protocol::limits;

pub use handover::{DESK, Outlet, Taker, mark_library_thread};

use file::RotatingFile;
use ring::Ring;

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
    /// What `zim.log` and `zim.1.log` may take together, in bytes; 0 means the default of 5 MiB. The older half is
    /// dropped when it is used up.
    pub size_limit: u64,
}

/// The host's log callback.
pub trait LogSink: Send + Sync {
    fn on_line(&self, level: Level, line: &str);
}

/// `None` stops writing to files.
pub fn set_log_config(config: Option<LogConfig>) -> Result<(), Fault> {
    let file = config.map(|config| RotatingFile::open(&config)).transpose()?;
    keep().file = file;
    Ok(())
}

/// `None` stops the callbacks. Lines below `min_level` are not handed over. A line that another thread is handing
/// over right now may still reach the former sink.
pub fn set_log_callback(sink: Option<Arc<dyn LogSink>>, min_level: Level) {
    DESK.set_sink(sink, min_level);
}

/// Whether anybody takes lines of this level, so that costly ones need not be put together.
pub fn enabled(level: Level) -> bool {
    level >= KEPT || DESK.wants(level)
}

/// Writes one line. Control characters in it become blanks: an entry is always one line.
pub fn write(level: Level, text: fmt::Arguments<'_>) {
    if !enabled(level) {
        return;
    }
    let line = line::compose(level, text);
    if level >= KEPT {
        let mut kept = keep();
        kept.ring.push(&line);
        if let Some(file) = &mut kept.file {
            file.write(&line);
        }
    }
    if DESK.wants(level) {
        DESK.push(level, line);
    }
}

/// The newest lines, at most as much as an upload may carry. Reads files: not for a thread that is waited for.
pub fn tail() -> String {
    let most = limits::LOG_PART_BYTES * limits::LOG_PARTS as usize;
    let files = keep().file.as_ref().map(RotatingFile::paths);
    let bytes = match files {
        Some(paths) => file::tail(&paths, most),
        None => keep().ring.bytes(),
    };
    line::clean(&String::from_utf8_lossy(&bytes), most)
}

/// Lines of this level and above go to the file and can be uploaded.
const KEPT: Level = Level::Info;

struct Kept {
    file: Option<RotatingFile>,
    ring: Ring,
}

static KEEP: Mutex<Kept> = Mutex::new(Kept { file: None, ring: Ring::new() });

fn keep() -> MutexGuard<'static, Kept> {
    KEEP.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
