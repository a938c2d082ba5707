//! The header and the documents say what the protocol's tables say.

use zim_core::session::{ConnectionEvent, ConnectionState};
use zim_protocol::call::{CallMode, CallState, CallUserState};
use zim_protocol::code::TABLE;

use super::{assert_checked_in, text};
use crate::ffi::code::ZIMErrorCode;

/// Name, number and documentation of each enumerator whose name starts with `prefix`.
fn enumerators(header: &str, prefix: &str) -> Vec<(String, i32, String)> {
    let mut found = Vec::new();
    let mut comment = Vec::new();
    for line in header.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("* ") {
            comment.push(text.to_owned());
        } else if let Some((name, number)) = line.strip_suffix(',').and_then(|line| line.split_once(" = ")) {
            if let Some(name) = name.strip_prefix(prefix) {
                found.push((name.to_owned(), number.parse().unwrap(), comment.join(" ")));
            }
            comment.clear();
        } else if line == "/**" {
            comment.clear();
        }
    }
    found
}

fn names_and_numbers(prefix: &str) -> Vec<(String, i32)> {
    let header = text("include/zim.h");
    enumerators(&header, prefix).into_iter().map(|(name, number, _)| (name, number)).collect()
}

#[test]
fn error_codes_are_those_of_the_table() {
    let header = enumerators(&text("include/zim.h"), "ZIMErrorCode_");
    let table: Vec<_> = TABLE.iter().map(|row| (row.name.to_owned(), row.code.0, row.meaning.to_owned())).collect();
    assert_eq!(header, table);
    assert_eq!(ZIMErrorCode::CallModuleDoesNotExist as i32, 6000276);
}

#[test]
fn enumerations_have_the_numbers_of_the_protocol() {
    for (name, number) in names_and_numbers("ZIMCallUserState_") {
        let state = CallUserState::from(number);
        assert_eq!((format!("{state:?}"), i32::from(state)), (name, number));
    }
    for (name, number) in names_and_numbers("ZIMCallInvitationMode_") {
        assert_eq!(format!("{:?}", CallMode::from(number)), name);
    }
    for (name, number) in names_and_numbers("ZIMCallState_") {
        assert_eq!(format!("{:?}", CallState::from(number)), name);
    }
    let states = [
        ConnectionState::Disconnected,
        ConnectionState::Connecting,
        ConnectionState::Connected,
        ConnectionState::Reconnecting,
    ];
    assert_eq!(names_and_numbers("ZIMConnectionState_"), states.map(|state| (format!("{state:?}"), state as i32)));
    let events = [
        ConnectionEvent::Success,
        ConnectionEvent::ActiveLogin,
        ConnectionEvent::LoginTimeout,
        ConnectionEvent::LoginInterrupted,
        ConnectionEvent::KickedOut,
        ConnectionEvent::TokenExpired,
        ConnectionEvent::Unregistered,
    ];
    assert_eq!(names_and_numbers("ZIMConnectionEvent_"), events.map(|event| (format!("{event:?}"), event as i32)));
    assert_eq!(names_and_numbers("ZIMCallUserState_").len(), 12);
    assert_eq!(names_and_numbers("ZIMCallInvitationMode_").len(), 3);
    assert_eq!(names_and_numbers("ZIMCallState_").len(), 3);
}

#[test]
fn every_item_of_the_header_is_documented() {
    let header = text("include/zim.h");
    let lines: Vec<_> = header.lines().collect();
    let mut items = 0;
    for (at, line) in lines.iter().enumerate() {
        let item = ["typedef struct ", "typedef void ", "enum ", "ZIM_API", "#define ZIM_"];
        let macro_body = *line == "#define ZIM_H" || line.starts_with("#define ZIM_API");
        if item.iter().any(|start| line.starts_with(start)) && !macro_body {
            items += 1;
            assert!(lines[at - 1].trim_end().ends_with("*/"), "not documented: {line}");
        }
    }
    assert!(items > 70, "{items}");
}

#[test]
fn every_function_says_its_thread() {
    let header = text("include/zim.h");
    for comment in header.split("/**").skip(1) {
        let (comment, code) = comment.split_once("*/").unwrap();
        if code.trim_start().starts_with("ZIM_API") || code.trim_start().starts_with("typedef void") {
            assert!(comment.contains("Thread: "), "{}", code.lines().take(3).collect::<String>());
        }
    }
}

#[test]
fn the_page_of_errors_lists_the_table() {
    let mut rows = String::from("| code | name | meaning |\n|---|---|---|\n");
    for row in TABLE {
        rows += &format!("| {} | `{}` | {} |\n", row.code.0, row.name, row.meaning);
    }
    let (begin, end) = ("<!-- table: begin -->\n", "<!-- table: end -->\n");
    let page = text("docs/errors.md");
    let (before, rest) = page.split_once(begin).expect("a mark for the beginning of the table");
    let (_, after) = rest.split_once(end).expect("a mark for the end of the table");
    assert_checked_in("docs/errors.md", &[before, begin, &rows, end, after].concat());
}

#[test]
fn the_page_of_threads_has_a_row_for_everything() {
    let header = text("include/zim.h");
    let mut wanted: Vec<String> = text("tests/abi/symbols.txt").lines().map(str::to_owned).collect();
    let callback_types = header.lines().filter_map(|line| line.strip_prefix("typedef void (*")?.split(')').next());
    wanted.extend(callback_types.map(str::to_owned));
    let members = header.lines().filter_map(|line| line.trim().strip_prefix("void (*on_")?.split(')').next());
    wanted.extend(members.map(|name| format!("on_{name}")));
    let page = text("docs/threads.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let mut rows: Vec<String> = rows.map(str::to_owned).collect();
    wanted.sort_unstable();
    rows.sort_unstable();
    assert_eq!(rows, wanted);
    assert!(rows.len() > 40, "{rows:?}");
}
