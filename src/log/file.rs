//! Log files: `zim.log`, and `zim.1.log` with what was written before it. One folder belongs to one process.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use zim_protocol::code::{Code, Fault};

use super::LogConfig;

const SIZE_DEFAULT: u64 = 5 * 1024 * 1024;
/// Smaller limits would put a file aside with every few lines.
const SIZE_LEAST: u64 = 16 * 1024;

pub struct RotatingFile {
    current: PathBuf,
    former: PathBuf,
    /// Of one file.
    limit: u64,
    /// Missing while the file cannot be opened; tried again with every line.
    file: Option<File>,
    written: u64,
}

impl RotatingFile {
    pub fn open(config: &LogConfig) -> Result<RotatingFile, Fault> {
        let folder = &config.folder;
        fs::create_dir_all(folder).map_err(|error| refused(folder, &error))?;
        let together = if config.size_limit == 0 { SIZE_DEFAULT } else { config.size_limit.max(SIZE_LEAST) };
        let (current, former) = (folder.join("zim.log"), folder.join("zim.1.log"));
        let (file, written) = append(&current).map_err(|error| refused(&current, &error))?;
        Ok(RotatingFile { current, former, limit: together / 2, file: Some(file), written })
    }

    /// A line that cannot be written is lost: there is nowhere to say so, and the host's work goes on.
    pub fn write(&mut self, line: &str) {
        let needed = line.len() as u64 + 1;
        if self.written > 0 && self.written + needed > self.limit {
            self.file = None;
            if fs::rename(&self.current, &self.former).is_err() {
                // The limit holds even where the folder does not allow renaming.
                let _ = File::create(&self.current);
            }
        }
        if self.file.is_none()
            && let Ok((file, written)) = append(&self.current)
        {
            self.file = Some(file);
            self.written = written;
        }
        let Some(file) = &mut self.file else { return };
        // One write for the whole line: another writer's lines are not torn.
        let mut bytes = Vec::with_capacity(line.len() + 1);
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
        match file.write_all(&bytes) {
            Ok(()) => self.written += needed,
            Err(_) => self.file = None,
        }
    }

    /// Newest first.
    pub fn paths(&self) -> [PathBuf; 2] {
        [self.current.clone(), self.former.clone()]
    }
}

/// The last `most` bytes of the files together, of which the newest is named first.
pub fn tail(paths: &[PathBuf], most: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for path in paths {
        let mut older = end_of(path, most - bytes.len()).unwrap_or_default();
        older.append(&mut bytes);
        bytes = older;
        if bytes.len() >= most {
            break;
        }
    }
    bytes
}

fn end_of(path: &Path, most: usize) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(most as u64)))?;
    let mut bytes = Vec::new();
    file.take(most as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn append(path: &Path) -> std::io::Result<(File, u64)> {
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    let length = file.metadata()?.len();
    Ok((file, length))
}

fn refused(path: &Path, error: &std::io::Error) -> Fault {
    let message =
        format!("the log cannot be written to {}: {error}; name a folder that can be written", path.display());
    Fault::new(Code::PARAMS_INVALID, message)
}
