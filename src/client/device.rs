//! The device's name, which outlives the process when the host names a folder for it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use zim_protocol::code::Fault;
use zim_protocol::id::DeviceId;

use super::name;
use crate::log::{self, Level};

static FOLDER: Mutex<Option<PathBuf>> = Mutex::new(None);

/// The folder in which the library keeps what outlives a process: the device ID. Made when it does not exist. Counts
/// for clients created afterwards. `None`: every client has another device ID.
pub fn set_cache_folder(folder: Option<PathBuf>) -> Result<(), Fault> {
    if let Some(folder) = &folder {
        fs::create_dir_all(folder).map_err(|error| {
            let shown = folder.display();
            Fault::params(format!("the cache folder {shown} cannot be used: {error}; name one that can be written"))
        })?;
    }
    *FOLDER.lock().unwrap_or_else(PoisonError::into_inner) = folder;
    Ok(())
}

/// The device ID of a client whose host gives none.
pub fn device_id() -> Result<DeviceId, Fault> {
    let fresh = DeviceId::parse(&name::unguessable()?)?;
    let folder = FOLDER.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let Some(folder) = folder else { return Ok(fresh) };
    Ok(kept(&folder, &fresh).unwrap_or_else(|error| {
        let shown = folder.display();
        log::write(Level::Warning, format_args!("the device ID cannot be kept in {shown}: {error}"));
        fresh
    }))
}

/// What is kept in the folder, or `fresh` from now on. Processes that do this at the same time agree.
fn kept(folder: &Path, fresh: &DeviceId) -> io::Result<DeviceId> {
    let path = folder.join("device_id");
    if let Some(known) = read(&path)? {
        return Ok(known);
    }
    // Complete before it has its name, and never in the place of another.
    let draft = folder.join(format!("device_id.{fresh}"));
    fs::write(&draft, fresh.as_str())?;
    let linked = fs::hard_link(&draft, &path);
    let named = match linked {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && read(&path)?.is_some() => Ok(()),
        // A file that holds no device ID, or a file system without links.
        Err(_) => fs::rename(&draft, &path),
    };
    // Gone already where it was renamed.
    let _ = fs::remove_file(&draft);
    named?;
    read(&path)?.ok_or_else(|| io::Error::other("the file does not hold what was written to it"))
}

fn read(path: &Path) -> io::Result<Option<DeviceId>> {
    match fs::read(path) {
        Ok(bytes) => Ok(String::from_utf8(bytes).ok().and_then(|text| DeviceId::parse(text.trim()).ok())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("zim-device-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn id(text: &str) -> DeviceId {
        DeviceId::parse(text).unwrap()
    }

    #[test]
    fn the_first_device_id_stays() {
        let folder = folder("first");
        assert_eq!(kept(&folder, &id("one")).unwrap(), id("one"));
        assert_eq!(kept(&folder, &id("two")).unwrap(), id("one"));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::write(folder.join("device_id"), "\n").unwrap();
        assert_eq!(kept(&folder, &id("three")).unwrap(), id("three"));
        assert_eq!(kept(&folder, &id("four")).unwrap(), id("three"));
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn those_who_come_at_the_same_time_agree() {
        let folder = folder("race");
        let ids: Vec<DeviceId> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|number| {
                    scope.spawn({
                        let folder = &folder;
                        move || kept(folder, &id(&format!("d{number}"))).unwrap()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_folder_that_cannot_be_is_refused_with_its_name() {
        let folder = folder("blocked");
        fs::write(folder.join("file"), "").unwrap();
        let fault = set_cache_folder(Some(folder.join("file").join("cache"))).unwrap_err();
        assert!(fault.message.contains("name one that can be written"), "{fault}");
        fs::remove_dir_all(&folder).unwrap();
    }
}
