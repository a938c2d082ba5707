//! The Rust packages: form, lints, tests.

use std::time::Duration;

use super::{Context, Step};
use crate::Outcome;
use crate::process::Program;

const BUILD_LIMIT: Duration = Duration::from_secs(1200);

pub fn steps() -> Vec<Step> {
    vec![
        Step {
            name: "fmt",
            groups: &["rust"],
            shows: "the Rust code is formatted",
            run: |context| cargo(context, &["fmt", "--all", "--check"]),
        },
        Step {
            name: "clippy",
            groups: &["rust"],
            shows: "no lint complains, in code and tests of every package, with and without the test hooks",
            run: |context| {
                cargo(
                    context,
                    &["clippy", "--workspace", "--all-targets", "--features", "xtask/relay", "--", "-D", "warnings"],
                )?;
                cargo(
                    context,
                    &["clippy", "-p", "zim", "--all-targets", "--features", "test-hooks", "--", "-D", "warnings"],
                )
            },
        },
        Step {
            name: "xtask",
            groups: &["rust"],
            shows: "the reckoning of these commands themselves",
            run: |context| test(context, &["-p", "xtask"]),
        },
        Step {
            name: "protocol",
            groups: &["rust"],
            shows: "wire types: golden files, limits, bad input",
            run: |context| test(context, &["-p", "zim-protocol"]),
        },
        Step {
            name: "core",
            groups: &["rust"],
            shows: "the pure logic: transition tables, properties, the model check in < 3 min and < 8 GiB",
            run: core,
        },
        Step {
            name: "server",
            groups: &["rust"],
            shows: "zim-server: store conformance, connections, presence, deadlines, bad input",
            run: |context| test(context, &["-p", "zim-server"]),
        },
        Step {
            name: "simulation",
            groups: &["rust"],
            shows: "server and clients in virtual time: 2,000 seeds keep every promise, and what breaks one is noticed",
            run: |context| test(context, &["-p", "zim-simulation"]),
        },
        Step {
            name: "client",
            groups: &["rust"],
            shows: "the library's own tests: engine, dispatch, boundary",
            run: |context| test(context, &["-p", "zim"]),
        },
    ]
}

fn cargo(context: &Context, args: &[&str]) -> Outcome<String> {
    context.exec(Program::cargo().args(args).folder(&context.workspace.root).limit(BUILD_LIMIT)).map(|_| String::new())
}

/// What the model check may take, in time (twice what it promises on a quiet machine) and in memory.
const MODEL_LIMIT: Duration = Duration::from_secs(360);
const MODEL_MEMORY: u64 = 8 << 30;

fn core(context: &Context) -> Outcome<String> {
    let root = &context.workspace.root;
    context.exec(Program::cargo().args(["test", "-p", "zim-core", "--no-run"]).folder(root).limit(BUILD_LIMIT))?;
    // What is beyond the limit is refused by the kernel, and the test that asked for it fails.
    let limited = Program::new("prlimit").arg(format!("--as={MODEL_MEMORY}")).arg(env!("CARGO"));
    let ended = context
        .exec(limited.args(["test", "-p", "zim-core", "--", "--show-output"]).folder(root).limit(MODEL_LIMIT))?;
    let scopes =
        ended.text.lines().filter(|line| line.contains(" states, ") && line.contains(" transitions, ")).count();
    if scopes == 0 {
        return Err("the model check printed no number of states".into());
    }
    Ok(format!("{}, {scopes} scopes of the model explored to the end", counted(&ended.text)?))
}

fn test(context: &Context, args: &[&str]) -> Outcome<String> {
    let ended =
        context.exec(Program::cargo().arg("test").args(args).folder(&context.workspace.root).limit(BUILD_LIMIT))?;
    counted(&ended.text)
}

/// How many tests ran; none at all is a failure.
pub fn counted(text: &str) -> Outcome<String> {
    let (mut passed, mut ignored) = (0_u64, 0_u64);
    for line in text.lines().filter_map(|line| line.trim().strip_prefix("test result:")) {
        passed += count_of(line, "passed");
        ignored += count_of(line, "ignored");
    }
    if passed == 0 {
        return Err("no test ran".into());
    }
    if ignored > 0 {
        return Err(crate::Failure::new(format!("{ignored} tests are ignored: each must run or go")));
    }
    Ok(format!("{passed} tests"))
}

/// The number before `word` in "ok. 3 passed; 0 failed; 0 ignored".
fn count_of(line: &str, word: &str) -> u64 {
    let words: Vec<&str> =
        line.split(|c: char| c.is_whitespace() || c == ';').filter(|part| !part.is_empty()).collect();
    words
        .windows(2)
        .find_map(|pair| {
            if let [count, name] = pair
                && *name == word
            {
                count.parse().ok()
            } else {
                None
            }
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runners_closing_line_is_counted() {
        let text = "running 3 tests\ntest result: ok. 3 passed; 0 failed; 0 ignored; 0 measured\n\
                    test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured\n";
        assert_eq!(counted(text).expect("tests ran"), "5 tests");
    }

    #[test]
    fn no_test_at_all_is_a_failure() {
        assert!(counted("test result: ok. 0 passed; 0 failed; 0 ignored").is_err());
        assert!(counted("").is_err());
    }

    #[test]
    fn an_ignored_test_is_a_failure() {
        assert!(counted("test result: ok. 3 passed; 0 failed; 1 ignored").is_err());
    }
}
