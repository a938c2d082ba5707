//! `docs/protocol.md` says what the tests say: its blocks are the golden files, its tables are our tables.

use std::collections::BTreeSet;

use zim_protocol::code::{Code, TABLE};
use zim_protocol::frame::{ClientFrame, REQUEST_KINDS, ServerFrame};
use zim_protocol::{DEFAULT_PORT, PATH, SUBPROTOCOL, limits};

use crate::golden::files;

fn page() -> String {
    let path = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/protocol.md");
    std::fs::read_to_string(path).unwrap()
}

/// A fenced block: the line before its fence, its language, its text.
struct Block {
    before: String,
    language: String,
    text: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    let mut before = "";
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            let (before, language) = (before.to_owned(), language.to_owned());
            blocks.push(Block { before, language, text: text.join("\n") });
        }
        before = line;
    }
    blocks
}

#[test]
fn the_page_embeds_every_golden_file_as_it_is() {
    let files = files();
    let mut embedded = BTreeSet::new();
    for block in blocks(&page()).iter().filter(|block| block.language == "json") {
        let name = block.before.strip_prefix("<!-- golden: ").and_then(|rest| rest.strip_suffix(".json -->"));
        let name = name.unwrap_or_else(|| panic!("a JSON block that no golden file stands for:\n{}", block.text));
        let file = files.get(name).unwrap_or_else(|| panic!("there is no golden file {name}.json"));
        assert_eq!(block.text.trim(), file.trim(), "the page and {name}.json differ");
        embedded.insert(name.to_owned());
    }
    let missing: Vec<&String> = files.keys().filter(|name| !embedded.contains(*name)).collect();
    assert!(missing.is_empty(), "docs/protocol.md lacks {missing:?}");
}

#[test]
fn every_line_of_the_worked_session_is_a_frame() {
    let page = page();
    let (mut sent, mut received) = (0, 0);
    for line in blocks(&page).iter().filter(|block| block.language == "transcript").flat_map(|block| block.text.lines())
    {
        let words: Vec<&str> = line.splitn(3, ' ').collect();
        let (sign, frame) = line.split_once('{').map(|(who, _)| (who.trim_end(), &line[who.len()..])).unwrap();
        assert!(["alice", "bob"].contains(&words[0]), "{line}");
        if sign.ends_with('>') {
            sent += 1;
            let frame = ClientFrame::parse(frame).unwrap_or_else(|error| panic!("{line}: {}", error.fault));
            assert!(!matches!(frame, ClientFrame::Unknown { .. }), "{line}");
        } else {
            received += 1;
            assert!(sign.ends_with('<'), "{line}");
            let frame = ServerFrame::parse(frame).unwrap_or_else(|error| panic!("{line}: {}", error.fault));
            assert!(!matches!(frame, ServerFrame::Unknown { .. } | ServerFrame::UnknownEvent { .. }), "{line}");
        }
    }
    assert!(sent >= 10 && received >= 10, "{sent} sent, {received} received");
}

#[test]
fn the_codes_of_the_page_are_those_of_the_table() {
    let page = page();
    let mut seen = 0;
    for line in page.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, number, name, meaning, _] = cells[..] else { continue };
        let Ok(number) = number.parse::<i32>() else { continue };
        let Some(info) = Code(number).info() else { panic!("no such code: {line}") };
        if number < 6_090_101 && (number == 1 || number > 1_000) {
            assert_eq!((name, meaning), (info.name, info.meaning), "{number}");
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen} codes");
    let reasons = TABLE.iter().filter(|info| info.name.starts_with("CallReason"));
    for reason in reasons.filter(|info| ![Code::ROW_CALL_LOST, Code::ROW_ENDED_LOCALLY].contains(&info.code)) {
        assert!(page.contains(&format!("\n| {} | ", reason.code.0)), "{} is missing", reason.code);
    }
}

fn grouped(number: u64) -> String {
    match number / 1_000 {
        0 => number.to_string(),
        thousands => format!("{},{:03}", grouped(thousands), number % 1_000),
    }
}

#[test]
fn the_limits_of_the_page_are_those_of_the_code() {
    let bytes = |number: usize| format!("{} bytes", grouped(number as u64));
    let range = |range: core::ops::RangeInclusive<u32>, default: u32| {
        let (least, most) = (grouped((*range.start()).into()), grouped((*range.end()).into()));
        format!("{least} to {most}, default {}", grouped(default.into()))
    };
    let table = [
        ("user ID", format!("1 to {}", bytes(limits::USER_ID_BYTES))),
        ("call ID", format!("1 to {}", bytes(limits::CALL_ID_BYTES))),
        ("device ID", format!("1 to {}", bytes(limits::DEVICE_ID_BYTES))),
        ("request ID, session ID", format!("1 to {}", bytes(limits::OPAQUE_ID_BYTES))),
        ("`user_name`, `client`", bytes(limits::USER_NAME_BYTES)),
        ("`user_avatar_url`, `user_extended_data`", bytes(limits::USER_PROFILE_BYTES)),
        ("`extended_data`", bytes(limits::EXTENDED_DATA_BYTES)),
        ("`token`", bytes(limits::TOKEN_BYTES)),
        ("push `title`", bytes(limits::PUSH_TITLE_BYTES)),
        ("push `content`", bytes(limits::PUSH_CONTENT_BYTES)),
        ("push `payload`", bytes(limits::PUSH_PAYLOAD_BYTES)),
        ("push `resources_id`, `thread_id`, `handle_value`", bytes(limits::PUSH_TEXT_BYTES)),
        ("invitees, after cleaning", format!("1 to {}", limits::INVITEES)),
        ("users named in one request", limits::INVITEES_NAMED.to_string()),
        ("`timeout_s`", range(limits::TIMEOUT_S, limits::TIMEOUT_DEFAULT_S)),
        ("`ttl_ms`", range(limits::REQUEST_TTL_MS, limits::REQUEST_TTL_DEFAULT_MS)),
        ("calls named in a resume", limits::RESUME_CALLS.to_string()),
        ("frame from a client", bytes(limits::CLIENT_FRAME_BYTES)),
        ("frame from a server", bytes(limits::SERVER_FRAME_BYTES)),
        ("events beyond the last acknowledged one", limits::EVENT_WINDOW.to_string()),
        ("`heartbeat_interval_ms`, unless announced otherwise", grouped(limits::HEARTBEAT_INTERVAL_MS.into())),
        ("`heartbeat_timeout_ms`, unless announced otherwise", grouped(limits::HEARTBEAT_TIMEOUT_MS.into())),
        ("NotYetReceived after", format!("{} ms", grouped(limits::NOT_RECEIVED_AFTER_MS))),
        ("a ring ends by itself after its deadline", format!("{} ms", grouped(limits::RING_GRACE_MS))),
        ("part of a log", bytes(limits::LOG_PART_BYTES)),
        ("parts of a log", limits::LOG_PARTS.to_string()),
    ];
    let page = page();
    for (what, limit) in table {
        let row = format!("\n| {what} | {limit} |\n");
        assert!(page.contains(&row), "docs/protocol.md lacks {row}");
    }
}

#[test]
fn the_page_names_the_endpoint_and_every_request() {
    let page = page();
    assert!(page.contains(&format!("ws://127.0.0.1:{DEFAULT_PORT}{PATH}")));
    assert!(page.contains(&format!("Sec-WebSocket-Protocol: {SUBPROTOCOL}")));
    for kind in REQUEST_KINDS {
        assert!(page.contains(&format!("`{kind}`")), "{kind}");
    }
}
