//! Rules that the sources of this folder keep.

use std::fs;

use super::{file, text};

/// The files of `src/ffi`, without its tests.
fn sources() -> Vec<(String, String)> {
    let folder = file("src/ffi");
    let entries = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|end| end == "rs")).collect();
    assert!(files.len() > 10, "{files:?}");
    files.iter().map(|path| (path.display().to_string(), fs::read_to_string(path).unwrap())).collect()
}

/// The name and the body of each function that C can call.
fn exported() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (path, source) in sources() {
        let mut rest = source.as_str();
        while let Some(at) = rest.find("#[unsafe(no_mangle)]") {
            rest = &rest[at + "#[unsafe(no_mangle)]".len()..];
            let signature = rest.trim_start();
            let known = ["pub extern \"C\" fn ", "pub unsafe extern \"C\" fn "];
            let named = known.iter().find_map(|start| signature.strip_prefix(start));
            let named = named.unwrap_or_else(|| panic!("{path}: exported, but not a plain function: {signature:.80}"));
            let name = named.split('(').next().unwrap();
            let open = named.find("{\n").unwrap();
            let close = named.find("\n}\n").unwrap();
            found.push((name.to_owned(), named[open + 1..close].trim().to_owned()));
        }
    }
    found
}

#[test]
fn every_exported_function_is_one_guarded_expression() {
    let exported = exported();
    assert!(exported.len() > 20, "{exported:?}");
    for (name, body) in exported {
        let guards = ["guard::plain(", "guard::client(", "guard::client_value(", "guard::value("];
        assert!(guards.iter().any(|guard| body.starts_with(guard)), "{name} lacks the guard: {body}");
        // Nothing before it, and nothing after the parenthesis that closes it.
        let mut depth = 0;
        let end = body.char_indices().find_map(|(at, c)| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            (c == ')' && depth == 0).then_some(at + 1)
        });
        assert_eq!(end, Some(body.len()), "{name} does something outside its guard: {body}");
    }
}

#[test]
fn what_is_exported_is_what_the_list_says() {
    let mut names: Vec<_> = exported().into_iter().map(|(name, _)| name).collect();
    names.retain(|name| !name.starts_with("ZIM_Test"));
    names.sort();
    assert_eq!(names, text("tests/abi/symbols.txt").lines().collect::<Vec<_>>());
}

#[test]
fn nothing_is_exported_by_a_macro_or_under_another_name() {
    for (path, source) in sources() {
        for forbidden in ["export_name", "#[no_mangle]", "unsafe(no_mangle)] $", "link_section"] {
            assert!(!source.contains(forbidden), "{path}: {forbidden}");
        }
    }
}
