//! Where things lie: the repository, Cargo's target folder, what the builds make.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::process::Program;
use crate::{Failure, Outcome};

#[derive(Debug)]
pub struct Workspace {
    pub root: PathBuf,
    /// Cargo's target folder, wherever the user's settings put it.
    pub target: PathBuf,
}

impl Workspace {
    pub fn find() -> Outcome<Workspace> {
        // Set by `cargo run`; the other is where this program was built.
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest.parent().ok_or("the xtask package has no parent folder")?.to_path_buf();
        let text = Program::cargo().args(["metadata", "--no-deps", "--format-version", "1"]).folder(&root).output()?;
        let metadata: Value = serde_json::from_str(&text).map_err(|e| Failure::new(format!("cargo metadata: {e}")))?;
        let target =
            metadata.get("target_directory").and_then(Value::as_str).ok_or("cargo metadata names no target folder")?;
        Ok(Workspace { root, target: PathBuf::from(target) })
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Folder of the release builds, where `libzim.so` lies.
    pub fn release(&self) -> PathBuf {
        self.target.join("release")
    }

    pub fn library(&self) -> PathBuf {
        self.release().join("libzim.so")
    }

    pub fn server(&self) -> PathBuf {
        self.release().join("zim-server")
    }

    /// A folder of our own below the target folder; made if it is missing.
    pub fn own(&self, name: &str) -> Outcome<PathBuf> {
        let folder = self.target.join("xtask").join(name);
        std::fs::create_dir_all(&folder).map_err(|e| Failure::new(format!("{}: {e}", folder.display())))?;
        Ok(folder)
    }

    /// The same, emptied.
    pub fn own_empty(&self, name: &str) -> Outcome<PathBuf> {
        let folder = self.target.join("xtask").join(name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder).map_err(|e| Failure::new(format!("{}: {e}", folder.display())))?;
        }
        self.own(name)
    }

    /// `path` as a person in the repository would write it.
    pub fn short(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }
}

pub fn read(path: &Path) -> Outcome<String> {
    std::fs::read_to_string(path).map_err(|e| Failure::new(format!("{}: {e}", path.display())))
}

pub fn write(path: &Path, text: &str) -> Outcome {
    std::fs::write(path, text).map_err(|e| Failure::new(format!("{}: {e}", path.display())))
}
