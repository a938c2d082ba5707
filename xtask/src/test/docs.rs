//! The words: links lead somewhere, examples compile and run, tables agree with the code.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Context, Step, tree};
use crate::process::Program;
use crate::workspace::{Workspace, read, write};
use crate::{Failure, Outcome, csharp, library};

pub fn steps() -> Vec<Step> {
    vec![
        Step {
            name: "links",
            groups: &["docs"],
            shows: "every link of every page leads to a file that is there, and to a heading that it has",
            run: links,
        },
        Step {
            name: "tables",
            groups: &["docs"],
            shows: "error codes, functions and events in the pages are those of the code",
            run: tables,
        },
        Step {
            name: "rustdoc",
            groups: &["docs"],
            shows: "the Rust documentation builds without a warning",
            run: |context| {
                let args = ["doc", "--workspace", "--no-deps", "--document-private-items"];
                let program =
                    Program::cargo().args(args).env("RUSTDOCFLAGS", "-D warnings").folder(&context.workspace.root);
                context.exec(program).map(|_| String::new())
            },
        },
        Step {
            name: "form",
            groups: &["docs"],
            shows: "no stub, no ignored test, no waiting by sleeping, no path of one machine, no overlong file",
            run: form,
        },
        Step {
            name: "readme-c",
            groups: &["docs", "c"],
            shows: "the README's C program compiles without a warning and rings",
            run: readme_c,
        },
        Step {
            name: "readme-csharp",
            groups: &["docs", "csharp"],
            shows: "the README's C# program compiles and rings, on Mono",
            run: readme_csharp,
        },
    ]
}

fn links(context: &Context) -> Outcome<String> {
    let workspace = context.workspace;
    let mut bad = Vec::new();
    let mut count = 0_usize;
    for page in tree::with_extension(workspace, "", "md")? {
        let text = read(&workspace.root.join(&page))?;
        for link in links_of(&text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            count += 1;
            let (file, heading) =
                link.split_once('#').map_or((link.as_str(), None), |(file, heading)| (file, Some(heading)));
            let target = if file.is_empty() {
                workspace.root.join(&page)
            } else {
                workspace.root.join(page.parent().unwrap_or(Path::new(""))).join(file)
            };
            if !target.exists() {
                bad.push(format!("{}: {link}", page.display()));
            } else if let Some(heading) = heading
                && target.extension().is_some_and(|extension| extension == "md")
                && !anchors(&read(&target)?).contains(heading)
            {
                bad.push(format!("{}: {link} (no such heading)", page.display()));
            }
        }
    }
    if !bad.is_empty() {
        return Err(Failure::new(format!("links that lead nowhere:\n  {}", bad.join("\n  "))));
    }
    Ok(format!("{count} links"))
}

/// Targets of `[text](target)` outside code.
fn links_of(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        // Between odd backticks is code.
        let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
        for part in prose.split("](").skip(1) {
            if let Some((target, _)) = part.split_once(')') {
                found.push(target.split_whitespace().next().unwrap_or_default().to_string());
            }
        }
    }
    found
}

/// The anchors that a page's headings have where such pages are shown.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut in_code = false;
    let mut found = BTreeSet::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code || !line.starts_with('#') {
            continue;
        }
        let heading = line.trim_start_matches('#').trim().to_lowercase();
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        found.insert(kept.map(|c| if c == ' ' { '-' } else { c }).collect());
    }
    found
}

fn tables(context: &Context) -> Outcome<String> {
    let workspace = context.workspace;
    let mut bad = Vec::new();
    let codes = codes(&read(&workspace.path("protocol/src/code.rs"))?);
    if codes.len() < 20 {
        return Err("protocol/src/code.rs was not understood: too few codes".into());
    }
    let page = read(&workspace.path("docs/errors.md"))?;
    let header = read(&workspace.path("include/zim.h"))?;
    let csharp = read(&workspace.path("csharp-bindings/Runtime/ZIMErrorCode.cs"))?;
    for (name, number) in &codes {
        if !page.lines().any(|line| line.contains(&format!("`{name}`")) && line.contains(number.as_str())) {
            bad.push(format!("docs/errors.md lacks {number} `{name}`"));
        }
        if !spaceless(&header).contains(&format!("ZIMErrorCode_{name}={number}")) {
            bad.push(format!("include/zim.h lacks ZIMErrorCode_{name} = {number}"));
        }
        if !spaceless(&csharp).contains(&format!("{name}={number}")) {
            bad.push(format!("ZIMErrorCode.cs lacks {name} = {number}"));
        }
    }
    let functions: Vec<String> = read(&workspace.path("tests/abi/symbols.txt"))?.lines().map(str::to_string).collect();
    let events = event_members(&header);
    if events.is_empty() {
        return Err("include/zim.h shows no event".into());
    }
    let threads = read(&workspace.path("docs/threads.md"))?;
    for name in functions.iter().chain(&events) {
        if !threads.contains(name.as_str()) {
            bad.push(format!("docs/threads.md does not name {name}"));
        }
    }
    if !bad.is_empty() {
        return Err(Failure::new(format!("the tables differ:\n  {}", bad.join("\n  "))));
    }
    Ok(format!("{} codes, {} functions, {} events", codes.len(), functions.len(), events.len()))
}

fn spaceless(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// Rows `CONST Name = number, "meaning";` of the one table.
fn codes(source: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for line in source.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let [constant, name, "=", number, ..] = words.as_slice()
            && constant.chars().all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit())
            && let Some(number) = number.strip_suffix(',')
            && number.parse::<i32>().is_ok()
        {
            found.push((name.to_string(), number.to_string()));
        }
    }
    found
}

/// `on_…` members of the handler struct.
fn event_members(header: &str) -> BTreeSet<String> {
    let body = header.split_once("typedef struct ZIMEventHandler {").map_or("", |(_, after)| after);
    let body = body.split_once("} ZIMEventHandler").map_or("", |(body, _)| body);
    let words = body.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("on_")).map(str::to_string).collect()
}

const STUBS: &[&str] = &["todo!(", "unimplemented!(", "#[ignore", "NotImplementedException", "FIXME", "TODO"];
const SLEEPS: &[&str] = &["thread::sleep", "time::sleep(", "Thread.Sleep", "usleep(", "nanosleep(", " sleep("];
/// The lines where time itself is what is shown: a game's frames; a store that is slower than a request's time to live.
const MAY_SLEEP: &[(&str, &str)] = &[
    ("examples-c/poll_loop.c", "nanosleep("),
    ("server/tests/server/sessions.rs", "time::sleep(Duration::from_millis(300)).await;"),
];
const LONGEST: usize = 600;

fn form(context: &Context) -> Outcome<String> {
    let workspace = context.workspace;
    let mut bad = Vec::new();
    let files = tree::files(workspace)?;
    for file in &files {
        let Ok(text) = std::fs::read_to_string(workspace.root.join(file)) else { continue };
        let name = file.to_string_lossy();
        let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let code = matches!(extension, "rs" | "cs" | "c" | "h" | "py");
        let tests = name.contains("tests")
            || name.contains("Tests")
            || name.starts_with("examples-c")
            || name.starts_with("csharp-bindings");
        // This file names what it looks for.
        let own = name == "xtask/src/test/docs.rs";
        for (number, line) in text.lines().enumerate() {
            let mut found = Vec::new();
            let tests = tests && !MAY_SLEEP.iter().any(|(file, part)| *file == name && line.contains(part));
            if code && !own {
                found.extend(STUBS.iter().filter(|stub| line.contains(**stub)).map(|stub| format!("stub: {stub}")));
                found.extend(
                    SLEEPS
                        .iter()
                        .filter(|sleep| tests && line.contains(**sleep))
                        .map(|sleep| format!("sleeps: {sleep}")),
                );
            }
            if extension != "lock" && machine_path(line) {
                found.push("a path of one machine".to_string());
            }
            bad.extend(found.into_iter().map(|what| format!("{name}:{}: {what}", number + 1)));
        }
        let lines = text.lines().count();
        if extension == "rs" && lines > LONGEST {
            bad.push(format!("{name}: {lines} lines; more than {LONGEST} hold more than one thing"));
        }
    }
    if !bad.is_empty() {
        return Err(Failure::new(format!("{} places:\n  {}", bad.len(), bad.join("\n  "))));
    }
    Ok(format!("{} files", files.len()))
}

fn machine_path(line: &str) -> bool {
    ["work", "farm", "root", "home"].iter().any(|folder| {
        let path = format!("/{folder}/");
        line.match_indices(&path).any(|(at, _)| {
            let before = line.split_at(at).0.chars().next_back();
            !before.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '}' | ')' | '*'))
        })
    })
}

/// The README's one code block in `language` that holds `mark`.
fn readme_block(workspace: &Workspace, language: &str, mark: &str) -> Outcome<String> {
    let text = read(&workspace.path("README.md"))?;
    let fence = format!("```{language}\n");
    let blocks = text.split(fence.as_str()).skip(1).filter_map(|part| part.split_once("```")).map(|(block, _)| block);
    let found: Vec<&str> = blocks.filter(|block| block.contains(mark)).collect();
    match found.as_slice() {
        [block] => Ok((*block).to_string()),
        other => Err(Failure::new(format!("README.md has {} {language} blocks with `{mark}`, not one", other.len()))),
    }
}

/// What both programs of the README must say.
const STORY: [&str; 3] = ["alice rings bob", "bob picks up", "accepted"];

fn told(text: &str) -> Outcome<String> {
    match STORY.iter().find(|part| !text.contains(**part)) {
        None => Ok(String::new()),
        Some(part) => Err(Failure::with_text(format!("the README's program ran but did not say `{part}`"), text)),
    }
}

fn readme_c(context: &Context) -> Outcome<String> {
    context.library()?;
    let workspace = context.workspace;
    let folder = workspace.own_empty("readme-c")?;
    write(&folder.join("ring.c"), &readme_block(workspace, "c", "int main")?)?;
    let program = folder.join("ring");
    let package = library::package(workspace)?;
    let args = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wno-unused-parameter", "ring.c", "-I"];
    let compile = Program::new("gcc").args(args).arg(&package.include).arg(package.libraries.join("libzim.a"));
    context.exec(compile.args(["-o", "ring"]).folder(&folder))?;
    let server = context.start_server()?;
    let ended = context.exec(Program::new(&program).env("ZIM_SERVER_URL", &server.url))?;
    server.stop()?;
    told(&ended.text)
}

fn readme_csharp(context: &Context) -> Outcome<String> {
    context.library()?;
    let workspace = context.workspace;
    let folder = workspace.own_empty("readme-csharp")?;
    write(&folder.join("Ring.cs"), &readme_block(workspace, "csharp", "static int Main")?)?;
    context.exec(csharp::make(workspace, "all", &workspace.release())?)?;
    let (compiler, program) = csharp::compile(workspace, &folder.join("Ring.cs"))?;
    context.exec(compiler)?;
    let server = context.start_server()?;
    let run = Program::new("mono").arg(program).env("ZIM_SERVER_URL", &server.url);
    let ended = context.exec(run.env("LD_LIBRARY_PATH", workspace.release()))?;
    server.stop()?;
    told(&ended.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_in_code_are_not_links() {
        assert_eq!(links_of("see [a](b.md#c) and `[x](y)`\n```\n[p](q)\n```\n[d](e)"), ["b.md#c", "e"]);
    }

    #[test]
    fn headings_become_anchors() {
        let found = anchors("# One: two\n```\n# not this\n```\n## a-b_c `D`\n");
        assert!(found.contains("one-two") && found.contains("a-b_c-d"));
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn the_table_of_codes_is_read() {
        let rows = codes("    SUCCESS Success = 0, \"done\";\n    let x = 1,\n    FAILED Failed = 1, \"no\";");
        assert_eq!(rows, [("Success".to_string(), "0".to_string()), ("Failed".to_string(), "1".to_string())]);
    }

    #[test]
    fn a_path_of_one_machine_is_told_from_a_relative_one() {
        let path = |folder: &str| format!("{}{folder}/x", "/");
        assert!(machine_path(&format!("see {}", path("work"))));
        assert!(!machine_path(&format!("see net{}", path("work"))));
    }
}
