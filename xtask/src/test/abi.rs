//! The library as foreign programs see it: size, header, symbols.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::{Context, Step, tree};
use crate::process::Program;
use crate::workspace::{read, write};
use crate::{Failure, Outcome, library};

/// Of the stripped shared library.
/// `docs/adr/0006-the-size-of-the-library.md` says what it is made of.
const SIZE_LIMIT: u64 = 1_600_000;

pub fn steps() -> Vec<Step> {
    vec![
        Step {
            name: "layers",
            groups: &["abi"],
            shows: "no package depends on one it may not know; the root package uses what it names",
            run: layers,
        },
        Step {
            name: "library",
            groups: &["abi"],
            shows: "a plain `cargo build --release` makes the library; stripped it is at most 1.6 MB",
            run: size,
        },
        Step {
            name: "abi",
            groups: &[],
            shows: "four equal lists, no test hooks, layouts in C and C++, the header as C99, C11, C17, C++17",
            run: |context| {
                context.library()?;
                let make =
                    Program::new("make").args(["--no-print-directory", "-C"]).arg(context.workspace.path("tests/abi"));
                let make = make.arg("check").arg(format!("LIBDIR={}", context.workspace.release().display()));
                context.exec(make.arg(format!("BUILD={}", context.workspace.own("abi")?.display())))?;
                Ok(String::new())
            },
        },
        Step {
            name: "static",
            groups: &["abi"],
            shows: "the packaged libzim.a shows its own functions only and links beside another Rust static library, in both orders",
            run: static_library,
        },
        Step {
            name: "stale-header",
            groups: &["abi"],
            shows: "an export that the header lacks fails the build (in a scratch copy)",
            run: stale_header,
        },
        Step {
            name: "server-build",
            groups: &[],
            shows: "the release server builds",
            run: |context| context.server().map(|()| String::new()),
        },
    ]
}

/// Which packages each package must not reach by normal dependencies.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("zim-protocol", &["tokio", "zim-core", "zim", "zim-server", "getrandom", "rand"]),
    ("zim-core", &["tokio", "zim", "zim-server", "getrandom", "rand"]),
    ("zim", &["zim-server", "clap", "tracing-subscriber", "toml", "rusqlite", "redis", "hyper", "axum"]),
    ("zim-server", &["zim", "cbindgen"]),
];

/// What the root package is asked to use for real.
const USED: &[(&str, &str)] = &[
    ("cbindgen", "build.rs"),
    ("tokio", "src"),
    ("serde_json", "src"),
    ("tokio_tungstenite", "src"),
    ("once_cell", "src"),
    ("libc", "src"),
];

fn layers(context: &Context) -> Outcome<String> {
    let workspace = context.workspace;
    for (package, forbidden) in FORBIDDEN {
        let args = ["tree", "-p", package, "-e", "normal", "--prefix", "none", "--format", "{p}"];
        let text = context.exec(Program::cargo().args(args).folder(&workspace.root))?.text;
        let reached: BTreeSet<&str> = text.lines().filter_map(|line| line.split_whitespace().next()).collect();
        if !reached.contains(package) {
            return Err(Failure::new(format!("`cargo tree -p {package}` does not even name {package}")));
        }
        if let Some(bad) = forbidden.iter().find(|name| reached.contains(**name)) {
            return Err(Failure::new(format!("{package} must not depend on {bad}")));
        }
    }
    for (name, place) in USED {
        let uses = format!("{name}::");
        let mut sources = tree::with_extension(workspace, place, "rs")?;
        sources.push(place.into());
        let used = sources.iter().filter(|file| workspace.root.join(file).is_file()).any(|file| {
            std::fs::read_to_string(workspace.root.join(file))
                .is_ok_and(|text| text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(&uses)))
        });
        if !used {
            return Err(Failure::new(format!("the root package names {name} but {place} never uses it")));
        }
    }
    let manifest = context
        .exec(Program::cargo().args(["metadata", "--no-deps", "--format-version", "1"]).folder(&workspace.root))?;
    let kinds = library_kinds(&manifest.text).ok_or("cargo metadata does not show the root package's library")?;
    if kinds != ["cdylib", "staticlib"] {
        return Err(Failure::new(format!(
            "the library is built as {kinds:?}; with rlib among them Cargo skips link-time optimization"
        )));
    }
    Ok(String::new())
}

fn library_kinds(metadata: &str) -> Option<Vec<String>> {
    let json: Value = metadata.lines().find_map(|line| serde_json::from_str(line).ok())?;
    let package = json
        .get("packages")?
        .as_array()?
        .iter()
        .find(|package| package.get("name").and_then(Value::as_str) == Some("zim"))?;
    let targets = package.get("targets")?.as_array()?;
    let library = targets.iter().find(|target| target.get("name").and_then(Value::as_str) == Some("zim"))?;
    let kinds = library.get("kind")?.as_array()?;
    Some(kinds.iter().filter_map(Value::as_str).map(str::to_string).collect())
}

fn size(context: &Context) -> Outcome<String> {
    context.library()?;
    let size = stripped_size(context)?;
    if size > SIZE_LIMIT {
        return Err(Failure::new(format!("the stripped library has {size} bytes, more than {SIZE_LIMIT}")));
    }
    Ok(format!("{:.3} MB of at most {:.1}", size as f64 / 1e6, SIZE_LIMIT as f64 / 1e6))
}

fn stripped_size(context: &Context) -> Outcome<u64> {
    let stripped = context.workspace.own("abi")?.join("libzim.stripped.so");
    context.exec(Program::new("strip").arg("-o").arg(&stripped).arg(context.workspace.library()))?;
    Ok(std::fs::metadata(&stripped)?.len())
}

/// Another library of the same kind, with the same standard library inside, using threads, memory and panics.
const NEIGHBOUR: &str = r#"
#[unsafe(no_mangle)]
pub extern "C" fn neighbour_answer() -> i32 {
    let caught = std::panic::catch_unwind(|| {
        let words: Vec<String> = (0..4).map(|n| format!("{n}")).collect();
        let count = std::thread::spawn(move || words.len()).join().unwrap_or(0);
        if count == 4 { std::panic::resume_unwind(Box::new(42_i32)); }
        0
    });
    match caught { Ok(n) => n, Err(e) => e.downcast_ref::<i32>().copied().unwrap_or(-1) }
}
"#;

const BOTH: &str = r#"
#include "zim.h"
#include <string.h>
extern int neighbour_answer(void);
int main(void) {
  ZIMAppConfig config = ZIM_APP_CONFIG_INIT;
  ZIMClient *client = NULL;
  config.app_id = 1;
  if (neighbour_answer() != 42) return 1;
  if (strlen(ZIM_GetVersion()) == 0) return 2;
  if (ZIM_Create(&config, &client) != 0) return 3;
  if (ZIM_Destroy(client) != 0) return 4;
  return 0;
}
"#;

fn static_library(context: &Context) -> Outcome<String> {
    context.library()?;
    let workspace = context.workspace;
    let folder = workspace.own_empty("static")?;
    write(&folder.join("neighbour.rs"), NEIGHBOUR)?;
    write(&folder.join("both.c"), BOTH)?;
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let built = Program::new(rustc)
        .args(["--edition", "2024", "--crate-type", "staticlib", "-O", "--print", "native-static-libs", "neighbour.rs"])
        .folder(&folder);
    context.exec(built)?;
    let package = library::package(workspace)?;
    let ours = package.libraries.join("libzim.a");
    let shown = context.exec(Program::new("nm").args(["-g", "--defined-only", "--format=posix"]).arg(&ours))?.text;
    let names = shown
        .lines()
        .filter(|line| line.split_whitespace().count() > 1)
        .filter_map(|line| line.split_whitespace().next());
    if let Some(foreign) = names.filter(|name| !name.starts_with('$')).find(|name| !name.starts_with("ZIM_")) {
        return Err(Failure::new(format!("libzim.a shows {foreign}, which is not its own")));
    }
    let theirs = folder.join("libneighbour.a");
    for (name, first, second) in [("zim-first", &ours, &theirs), ("zim-last", &theirs, &ours)] {
        let program = folder.join(name);
        let linked =
            Program::new("gcc").args(["-Wall", "-Wextra", "-Werror", "-std=c11", "-o"]).arg(&program).arg("-I");
        context.exec(linked.arg(&package.include).arg("both.c").arg(first).arg(second).folder(&folder))?;
        context.exec(Program::new(&program))?;
    }
    Ok(String::new())
}

fn stale_header(context: &Context) -> Outcome<String> {
    let copy = tree::scratch(context.workspace, "stale-header")?;
    let check = || {
        Program::cargo()
            .args(["check", "-p", "zim"])
            .folder(&copy)
            .env("CARGO_TARGET_DIR", &context.workspace.target)
            .limit(Duration::from_secs(600))
    };
    // As it is, it builds.
    context.exec(check())?;
    let module = copy.join("src/ffi/library.rs");
    let header = copy.join("include/zim.h");
    let before = read(&header)?;
    let added = "\n/// Added to make the header stale.\n#[unsafe(no_mangle)]\npub extern \"C\" fn ZIM_StaleHeader() -> i32 {\n    0\n}\n";
    write(&module, &format!("{}{added}", read(&module)?))?;
    let ended = context.exec_any(check())?;
    if ended.status.success() {
        return Err("a build with a stale header succeeded".into());
    }
    if !ended.text.contains("ZIM_UPDATE_HEADER=1") {
        return Err(Failure::with_text("the build failed, but not with the word about the header", ended.text));
    }
    if read(&header)? != before {
        return Err("the failed build changed include/zim.h".into());
    }
    context.exec(check().env("ZIM_UPDATE_HEADER", "1"))?;
    if !read(&header)?.contains("ZIM_StaleHeader") {
        return Err("ZIM_UPDATE_HEADER=1 did not renew include/zim.h".into());
    }
    context.exec(check())?;
    std::fs::remove_dir_all(&copy)?;
    Ok(String::new())
}
