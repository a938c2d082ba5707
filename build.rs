//! Makes the C header from `src/ffi` and compares it with `include/zim.h`, and sets how the shared library is linked.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

/// The files with exported items, in the order in which the header shows them.
const SOURCES: [&str; 11] = [
    "code.rs",
    "error.rs",
    "library.rs",
    "log.rs",
    "handle.rs",
    "life.rs",
    "info.rs",
    "event.rs",
    "delivery.rs",
    "session.rs",
    "push.rs",
];
const LAST_SOURCE: &str = "call.rs";
const HEADER: &str = "include/zim.h";
const UPDATE: &str = "ZIM_UPDATE_HEADER";

fn main() -> ExitCode {
    match header().and_then(|()| link()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("cargo::error={error}");
            ExitCode::FAILURE
        }
    }
}

fn header() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src/ffi");
    println!("cargo::rerun-if-changed=cbindgen.toml");
    println!("cargo::rerun-if-changed={HEADER}");
    println!("cargo::rerun-if-env-changed={UPDATE}");

    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let mut builder = cbindgen::Builder::new().with_config(cbindgen::Config::from_file(root.join("cbindgen.toml"))?);
    for source in SOURCES.into_iter().chain([LAST_SOURCE]) {
        builder = builder.with_src(root.join("src/ffi").join(source));
    }
    let mut text = Vec::new();
    builder.generate()?.write(&mut text);
    let generated = Path::new(&env::var("OUT_DIR")?).join("zim.h");
    fs::write(&generated, &text)?;

    let checked_in = root.join(HEADER);
    if fs::read(&checked_in).is_ok_and(|present| same_text(&present, &text)) {
        return Ok(());
    }
    if env::var_os(UPDATE).is_some_and(|value| value == "1") {
        fs::create_dir_all(root.join("include"))?;
        fs::write(&checked_in, &text)?;
        return Ok(());
    }
    Err(format!(
        "{HEADER} does not match src/ffi. If the change is meant, run `{UPDATE}=1 cargo build` and commit the header; \
         the generated one is {}",
        generated.display()
    )
    .into())
}

/// Equal but for line ends, which a checkout may have changed.
fn same_text(left: &[u8], right: &[u8]) -> bool {
    let without_cr = |text: &[u8]| -> Vec<u8> { text.iter().copied().filter(|byte| *byte != b'\r').collect() };
    without_cr(left) == without_cr(right)
}

fn link() -> Result<(), Box<dyn Error>> {
    match env::var("CARGO_CFG_TARGET_OS")?.as_str() {
        "linux" | "android" => {
            // Threads and thread-local destructors of the library may outlive a dlclose: it stays mapped.
            println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
            println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libzim.so.0");
        }
        "macos" => println!("cargo::rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libzim.dylib"),
        _ => {}
    }
    Ok(())
}
