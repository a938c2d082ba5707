//! Copies of the tracked files, to break on purpose.

use std::path::{Path, PathBuf};

use crate::process::Program;
use crate::workspace::Workspace;
use crate::{Failure, Outcome};

/// Every file that git would commit, tracked or new. Names relative to the root.
pub fn files(workspace: &Workspace) -> Outcome<Vec<PathBuf>> {
    let text = Program::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .folder(&workspace.root)
        .output()?;
    let mut files: Vec<PathBuf> = text.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from).collect();
    files.retain(|name| workspace.root.join(name).is_file());
    files.sort();
    files.dedup();
    Ok(files)
}

/// A copy of them all, in an emptied folder of the target folder.
pub fn scratch(workspace: &Workspace, name: &str) -> Outcome<PathBuf> {
    let folder = workspace.own_empty(name)?;
    for file in files(workspace)? {
        let to = folder.join(&file);
        if let Some(parent) = to.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::copy(workspace.root.join(&file), &to).map_err(|e| Failure::new(format!("{}: {e}", file.display())))?;
    }
    Ok(folder)
}

/// The files with this extension below `folder` (relative, "" for all).
pub fn with_extension(workspace: &Workspace, folder: &str, extension: &str) -> Outcome<Vec<PathBuf>> {
    let mut files = files(workspace)?;
    files
        .retain(|name| name.starts_with(Path::new(folder)) && name.extension().is_some_and(|found| found == extension));
    Ok(files)
}
