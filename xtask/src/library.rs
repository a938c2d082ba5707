//! `cargo xtask library`: what a C or C++ project takes from here, in one folder.

use std::path::PathBuf;

use crate::process::Program;
use crate::workspace::{Workspace, read};
use crate::{Failure, Outcome, server};

const NAME: &str = "libzim.so";
/// What programs that were linked with the library ask for: its SONAME.
const VERSIONED_NAME: &str = "libzim.so.0";

/// Where header and libraries were put.
#[derive(Debug)]
pub struct Package {
    pub folder: PathBuf,
    pub include: PathBuf,
    pub libraries: PathBuf,
}

pub fn run(workspace: &Workspace) -> Outcome {
    server::build_library(workspace)?;
    let package = package(workspace)?;
    println!("{}", workspace.short(&package.folder));
    for part in ["include/zim.h", "lib/libzim.so", "lib/libzim.so.0 -> libzim.so", "lib/libzim.a"] {
        println!("  {part}");
    }
    Ok(())
}

/// From a release build that is there.
pub fn package(workspace: &Workspace) -> Outcome<Package> {
    let folder = workspace.target.join("zim");
    let package = Package { include: folder.join("include"), libraries: folder.join("lib"), folder };
    std::fs::create_dir_all(&package.include)?;
    std::fs::create_dir_all(&package.libraries)?;
    std::fs::copy(workspace.path("include/zim.h"), package.include.join("zim.h"))?;
    std::fs::copy(workspace.library(), package.libraries.join(NAME))?;
    let link = package.libraries.join(VERSIONED_NAME);
    if std::fs::symlink_metadata(&link).is_ok() {
        std::fs::remove_file(&link)?;
    }
    std::os::unix::fs::symlink(NAME, &link)?;
    archive(workspace, &package)?;
    Ok(package)
}

/// The static library with nothing to be seen but its own functions. Cargo's shows the whole standard library, which
/// then clashes with that of another Rust library in the same program; so it is linked into one object, and every
/// other name becomes local to it.
fn archive(workspace: &Workspace, package: &Package) -> Outcome {
    let parts = workspace.own("archive")?;
    let list = workspace.path("tests/abi/symbols.txt");
    let symbols = read(&list)?;
    let symbols: Vec<&str> = symbols.split_whitespace().collect();
    if symbols.is_empty() {
        return Err(Failure::new(format!("{} is empty", list.display())));
    }
    let linked = parts.join("linked.o");
    let local = parts.join("zim.o");
    // Without groups: the linker would throw away a local member in favour of another library's.
    let link = Program::new("ld").args(["-r", "--gc-sections", "--force-group-allocation"]);
    let link = link.args(symbols.iter().flat_map(|symbol| ["-u", symbol])).arg("-o").arg(&linked);
    link.arg(workspace.release().join("libzim.a")).run()?;
    let mut keep = std::ffi::OsString::from("--keep-global-symbols=");
    keep.push(&list);
    Program::new("objcopy").arg("--strip-debug").arg(keep).arg(&linked).arg(&local).run()?;
    let archive = package.libraries.join("libzim.a");
    if archive.exists() {
        std::fs::remove_file(&archive)?;
    }
    Program::new("ar").arg("rcs").arg(&archive).arg(&local).run().map(drop)
}
