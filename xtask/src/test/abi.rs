//! The library as foreign programs see it: size, header, symbols.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::{Context, Step, tree};
use crate::process::Program;
use crate::workspace::{read, write};
use crate::{Failure, Outcome};

/// Of the stripped shared library.
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
            run: library,
        },
        Step {
            name: "header",
            groups: &["abi"],
            shows: "zim.h alone and twice is clean as C99, C11, C17, C++17, all warnings as errors",
            run: header,
        },
        Step {
            name: "lists",
            groups: &["abi"],
            shows: "header, exported symbols, symbols.txt and DllImports are one list; nothing else is exported",
            run: lists,
        },
        Step {
            name: "static",
            groups: &["abi"],
            shows: "libzim.a links beside another Rust static library, in both orders",
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

fn library(context: &Context) -> Outcome<String> {
    context.library()?;
    let size = stripped_size(context)?;
    if size > SIZE_LIMIT {
        return Err(Failure::new(format!("the stripped library has {size} bytes, more than {SIZE_LIMIT}")));
    }
    Ok(format!("{:.2} MB of at most {:.1}", size as f64 / 1e6, SIZE_LIMIT as f64 / 1e6))
}

fn stripped_size(context: &Context) -> Outcome<u64> {
    let stripped = context.workspace.own("abi")?.join("libzim.stripped.so");
    context.exec(Program::new("strip").arg("-o").arg(&stripped).arg(context.workspace.library()))?;
    Ok(std::fs::metadata(&stripped)?.len())
}

fn header(context: &Context) -> Outcome<String> {
    let workspace = context.workspace;
    let folder = workspace.own("abi")?;
    let include = workspace.path("include");
    let forms = [("gcc", "c", "c99"), ("gcc", "c", "c11"), ("gcc", "c", "c17"), ("g++", "c++", "c++17")];
    // Alone, as the first thing in a file; and twice.
    for (name, text) in [("alone", "#include \"zim.h\"\n"), ("twice", "#include \"zim.h\"\n#include \"zim.h\"\n")] {
        let source = folder.join(format!("{name}.h.txt"));
        write(&source, &format!("{text}extern int zim_header_is_fine;\nint zim_header_is_fine = 1;\n"))?;
        for (compiler, language, standard) in forms {
            let args = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-x", language];
            let program = Program::new(compiler).arg(format!("-std={standard}")).args(args);
            context.exec(program.arg("-I").arg(&include).arg(&source))?;
        }
    }
    Ok("C99, C11, C17, C++17".to_string())
}

fn lists(context: &Context) -> Outcome<String> {
    let workspace = context.workspace;
    context.library()?;
    let header = declared(&read(&workspace.path("include/zim.h"))?);
    let written: BTreeSet<String> = read(&workspace.path("tests/abi/symbols.txt"))?
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_string)
        .collect();
    let exported = exported(context, &workspace.library())?;
    let mut imported = BTreeSet::new();
    for file in tree::with_extension(workspace, "csharp-bindings/Runtime", "cs")? {
        imported.extend(dll_imports(&read(&workspace.root.join(file))?));
    }
    if header.is_empty() {
        return Err("include/zim.h declares no function".into());
    }
    for (name, list) in
        [("exported symbols", &exported), ("tests/abi/symbols.txt", &written), ("DllImports", &imported)]
    {
        let lacks: Vec<&String> = header.difference(list).collect();
        let more: Vec<&String> = list.difference(&header).collect();
        if !lacks.is_empty() || !more.is_empty() {
            return Err(Failure::new(format!("{name} against include/zim.h: missing {lacks:?}, too many {more:?}")));
        }
    }
    Ok(format!("{} functions", header.len()))
}

/// Everything that the library exports, of whatever kind.
pub fn exported(context: &Context, library: &Path) -> Outcome<BTreeSet<String>> {
    let text = context.exec(Program::new("nm").args(["-D", "--defined-only", "--format=posix"]).arg(library))?.text;
    Ok(text
        .lines()
        .filter(|line| !line.starts_with('$'))
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_string)
        .collect())
}

/// The functions that a header declares: names of ours followed by a bracket, outside comments and macros.
fn declared(header: &str) -> BTreeSet<String> {
    let mut code = String::new();
    let mut rest = header;
    while let Some((before, comment)) = rest.split_once("/*") {
        code.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    code.push_str(rest);
    let lines = code.lines().filter(|line| !line.trim_start().starts_with('#'));
    let code = lines.map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    called(&code)
}

/// The native functions that a C# source imports.
fn dll_imports(source: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for part in source.split("[DllImport").skip(1) {
        let declaration = part.split(';').next().unwrap_or_default();
        found.extend(called(declaration));
    }
    found
}

/// Names that start with `ZIM_` and are followed by an opening bracket.
fn called(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut rest = code;
    while let Some(at) = rest.find("ZIM_") {
        let (before, from) = rest.split_at(at);
        let end = from.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(from.len());
        let (name, after) = from.split_at(end);
        let starts = !before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        if starts && after.trim_start().starts_with('(') {
            found.insert(name.to_string());
        }
        rest = after;
    }
    found
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
    let ours = workspace.release().join("libzim.a");
    let theirs = folder.join("libneighbour.a");
    let system = ["-lpthread", "-ldl", "-lm", "-lgcc_s"];
    for (name, first, second) in [("zim-first", &ours, &theirs), ("zim-last", &theirs, &ours)] {
        let program = folder.join(name);
        let linked =
            Program::new("gcc").args(["-Wall", "-Wextra", "-Werror", "-std=c11", "-o"]).arg(&program).arg("-I");
        context.exec(
            linked.arg(workspace.path("include")).arg("both.c").arg(first).arg(second).args(system).folder(&folder),
        )?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_told_from_comments_macros_and_types() {
        let header = "#define ZIM_INIT(x) {0}\n/* ZIM_Old(void) */\nint32_t ZIM_Create(const ZIMAppConfig *c);\n\
                      // ZIM_Note(\nconst char *ZIM_GetVersion (void);\ntypedef void (*ZIMDone)(void);\nint NOT_ZIM_This(void);\n";
        assert_eq!(declared(header).into_iter().collect::<Vec<_>>(), ["ZIM_Create", "ZIM_GetVersion"]);
    }

    #[test]
    fn imports_are_read_from_attributes() {
        let source = "[DllImport(Lib, CallingConvention = CallingConvention.Cdecl)]\n internal static extern int ZIM_Create(ref A a, out IntPtr b);\n\
                      void F() { ZIM_NotImported(); }\n";
        assert_eq!(dll_imports(source).into_iter().collect::<Vec<_>>(), ["ZIM_Create"]);
    }
}
