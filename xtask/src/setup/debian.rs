//! Programs from the system's packages. Debian and Ubuntu: installed; elsewhere: named.

use std::path::Path;
use std::time::Duration;

use crate::process::{Program, on_path};
use crate::{Failure, Outcome};

/// How we know that something is there.
#[derive(Clone, Copy, Debug)]
enum Sign {
    Program(&'static str),
    File(&'static str),
    /// A program that must also succeed with these arguments.
    Works(&'static str, &'static [&'static str]),
}

#[derive(Clone, Copy, Debug)]
struct Need {
    sign: Sign,
    package: &'static str,
    why: &'static str,
}

const NEEDS: &[Need] = &[
    Need { sign: Sign::Program("git"), package: "git", why: "the list of tracked files" },
    Need { sign: Sign::Program("gcc"), package: "gcc", why: "the C examples and tests" },
    Need { sign: Sign::Program("g++"), package: "g++", why: "the header as C++" },
    Need { sign: Sign::File("/usr/include/stdio.h"), package: "libc6-dev", why: "the C examples and tests" },
    Need { sign: Sign::Program("make"), package: "make", why: "the C examples and tests" },
    Need { sign: Sign::Program("cmake"), package: "cmake", why: "the C examples by CMake" },
    Need { sign: Sign::Program("nm"), package: "binutils", why: "the list of exported symbols" },
    Need { sign: Sign::Program("setpriv"), package: "util-linux", why: "a server that ends with us" },
    Need { sign: Sign::Program("prlimit"), package: "util-linux", why: "the model check's limit of memory" },
    Need { sign: Sign::Program("valgrind"), package: "valgrind", why: "the C tests under valgrind" },
    Need { sign: Sign::Program("mcs"), package: "mono-mcs", why: "the C# compiler" },
    Need { sign: Sign::Program("mono"), package: "mono-runtime", why: "C# on Mono" },
    Need {
        sign: Sign::File("/usr/lib/mono/4.5/System.Core.dll"),
        package: "libmono-system-core4.0-cil",
        why: "C# on Mono",
    },
    Need { sign: Sign::Program("python3"), package: "python3", why: "the Python client and the CoreCLR package" },
    Need {
        sign: Sign::Works("python3", &["-m", "pip", "--version"]),
        package: "python3-pip",
        why: "packages from PyPI",
    },
    Need {
        sign: Sign::Works("python3", &["-c", "import venv, ensurepip"]),
        package: "python3-venv",
        why: "the Python client",
    },
];

fn is_there(sign: Sign) -> bool {
    match sign {
        Sign::Program(name) => on_path(name),
        Sign::File(path) => Path::new(path).exists(),
        Sign::Works(name, args) => on_path(name) && Program::new(name).args(args).output().is_ok(),
    }
}

/// Installs what is missing, and says so; says nothing when nothing is.
pub fn install(say: &mut dyn FnMut(&str)) -> Outcome {
    let missing: Vec<Need> = NEEDS.iter().copied().filter(|need| !is_there(need.sign)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
    let list =
        missing.iter().map(|need| format!("  {:<28} for {}", need.package, need.why)).collect::<Vec<_>>().join("\n");
    let Some(root) = as_root() else {
        return Err(Failure::new(format!(
            "these are missing (names of Debian packages):\n{list}\n\
             Install them with your system's packages; on Debian and Ubuntu:\n  sudo apt-get install {}",
            packages.join(" ")
        )));
    };
    say(&format!("installing with apt-get:\n{list}"));
    apt(root, &["update"])?;
    let mut args = vec!["install", "--yes", "--no-install-recommends"];
    args.extend(&packages);
    apt(root, &args)?;
    match missing.iter().find(|need| !is_there(need.sign)) {
        None => Ok(()),
        Some(need) => {
            Err(Failure::new(format!("{} was installed but is still not found ({:?})", need.package, need.sign)))
        }
    }
}

/// How apt-get can be run here: plainly as root, by sudo without a password, or not at all.
fn as_root() -> Option<&'static [&'static str]> {
    if !on_path("apt-get") {
        return None;
    }
    if Program::new("id").arg("-u").output().is_ok_and(|id| id.trim() == "0") {
        return Some(&["apt-get"]);
    }
    if on_path("sudo") && Program::new("sudo").args(["-n", "true"]).output().is_ok() {
        return Some(&["sudo", "-n", "apt-get"]);
    }
    None
}

fn apt(root: &[&str], args: &[&str]) -> Outcome {
    let (program, before) = root.split_first().ok_or("no apt-get")?;
    Program::new(program)
        .args(before)
        .args(args)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .limit(Duration::from_secs(900))
        .run()
        .map(drop)
}
