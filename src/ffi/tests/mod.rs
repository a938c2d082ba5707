//! What must be equal: the sources of this folder, the header, the tables of the protocol, the documents.

mod header;
mod layout;
mod sources;

use std::fs;
use std::path::PathBuf;

/// A file of the repository.
fn file(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn text(path: &str) -> String {
    let path = file(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Compares a checked-in file with what it should be; `ZIM_UPDATE_HEADER=1` replaces it.
fn assert_checked_in(path: &str, wanted: &str) {
    if std::env::var("ZIM_UPDATE_HEADER").is_ok_and(|value| value == "1") {
        fs::write(file(path), wanted).unwrap();
    }
    let present = text(path);
    let first = present.lines().zip(wanted.lines()).find(|(present, wanted)| present != wanted);
    assert!(
        present == wanted,
        "{path} is stale; first difference: {first:?}. `ZIM_UPDATE_HEADER=1 cargo test -p zim` replaces it"
    );
}
