//! What a peer may send instead of a frame: each gets its error, and nothing panics.

use zim_protocol::code::Code;
use zim_protocol::frame::{ClientFrame, FrameError, ServerFrame};
use zim_protocol::limits;

const BAD_FRAME: Code = Code::PROTOCOL_ERROR;
const BAD_DATA: Code = Code::PARAMS_INVALID;

fn assert_refused(text: &str, error: FrameError, id: Option<&str>, code: Code, words: &str) {
    let shown: String = text.chars().take(200).collect();
    assert_eq!(error.id.as_ref().map(|id| id.as_str()), id, "{shown}: {}", error.fault);
    assert_eq!(error.fault.code, code, "{shown}: {}", error.fault);
    assert!(error.fault.message.contains(words), "{shown}: {}", error.fault);
    assert!(error.fault.message.len() < 1_000, "{shown}: a message of {} bytes", error.fault.message.len());
}

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

/// A `call_invite` with this list and these further keys in its data.
fn invite(invitees: &str, more: &str) -> String {
    format!(r#"{{"kind":"call_invite","id":"r.1","data":{{"call_id":"c","invitees":{invitees}{more}}}}}"#)
}

#[test]
fn frames_that_cannot_be_read_at_all() {
    let deep = nested(100_000);
    let table = [
        ("", "not an object"),
        ("   ", "not an object"),
        ("null", "not an object"),
        ("\"ping\"", "not an object"),
        ("42", "not an object"),
        (r#"["ping", null, null, null, null, null, null, null]"#, "not an object"),
        ("{", "EOF"),
        (r#"{"kind":"ping""#, "EOF"),
        (r#"{"kind":"ping"}{"kind":"ping"}"#, "trailing characters"),
        (r#"{'kind':'ping'}"#, "key must be a string"),
        (r#"{"kind":"ping",}"#, "trailing comma"),
        ("{\"kind\":\"pi\nng\"}", "control character"),
        (r#"{"kind":"\ud800"}"#, "hex escape"),
        ("{}", "missing field `kind`"),
        (r#"{"id":"r.1x","Kind":"ping"}"#, "missing field `kind`"),
        (r#"{"kind":null}"#, "expected"),
        (r#"{"kind":7}"#, "expected"),
        (r#"{"kind":["ping"]}"#, "expected"),
        (r#"{"kind":"ping","kind":"ping"}"#, "duplicate field `kind`"),
        (r#"{"kind":"ack","n":-1}"#, "expected u64"),
        (r#"{"kind":"ack","n":1.5}"#, "expected u64"),
        (r#"{"kind":"ack","n":"1"}"#, "expected u64"),
        (r#"{"kind":"ack","n":18446744073709551616}"#, "expected u64"),
        (r#"{"kind":"ack","n":1e400}"#, "out of range"),
        (&deep, "not an object"),
    ];
    for (text, words) in table {
        let from_client = ClientFrame::parse(text).unwrap_err();
        let from_server = ServerFrame::parse(text).unwrap_err();
        assert_eq!(from_client, from_server);
        if !text.contains("r.1x") {
            assert_refused(text, from_client, None, BAD_FRAME, words);
        } else {
            // The request can still be told.
            assert_refused(text, from_client, Some("r.1x"), BAD_FRAME, words);
        }
    }
}

#[test]
fn requests_whose_envelope_is_wrong() {
    let long = "i".repeat(65);
    let long = format!(r#"{{"kind":"logout","id":"{long}"}}"#);
    let table = [
        (r#"{"kind":"logout"}"#, None, BAD_DATA, "needs the key \"id\""),
        (r#"{"kind":"logout","id":null}"#, None, BAD_DATA, "needs the key \"id\""),
        (r#"{"kind":"logout","id":""}"#, None, BAD_FRAME, "request ID must be 1 to 64 visible ASCII characters"),
        (r#"{"kind":"logout","id":"a b"}"#, None, BAD_FRAME, "request ID must be 1 to 64"),
        (&long, None, BAD_FRAME, "request ID must be 1 to 64"),
        (r#"{"kind":"logout","id":7}"#, None, BAD_FRAME, "expected a string, the request ID"),
        (r#"{"kind":"logout","id":"r.1","id":"r.2"}"#, None, BAD_FRAME, "duplicate field `id`"),
        (r#"{"kind":"logout","id":"r.1","ttl_ms":0}"#, Some("r.1"), BAD_DATA, "ttl_ms must be 1 to 60000; got 0"),
        (
            r#"{"kind":"logout","id":"r.1","ttl_ms":60001}"#,
            Some("r.1"),
            BAD_DATA,
            "ttl_ms must be 1 to 60000; got 60001",
        ),
        (r#"{"kind":"logout","id":"r.1","ttl_ms":-5}"#, Some("r.1"), BAD_FRAME, "expected u32"),
        (r#"{"kind":"logout","id":"r.1","ttl_ms":4294967296}"#, Some("r.1"), BAD_FRAME, "expected u32"),
        (r#"{"kind":"logout","id":"r.1","ttl_ms":"soon"}"#, Some("r.1"), BAD_FRAME, "expected u32"),
        (
            r#"{"kind":"dance","id":"r.1"}"#,
            Some("r.1"),
            BAD_DATA,
            "unknown request kind \"dance\"; known are login, resume",
        ),
        (r#"{"kind":"","id":"r.1"}"#, Some("r.1"), BAD_DATA, "unknown request kind \"\""),
        (r#"{"kind":"ack"}"#, None, BAD_DATA, "needs the key \"n\""),
        (r#"{"kind":"ack","n":null}"#, None, BAD_DATA, "needs the key \"n\""),
    ];
    for (text, id, code, words) in table {
        assert_refused(text, ClientFrame::parse(text).unwrap_err(), id, code, words);
    }
}

#[test]
fn requests_whose_data_is_wrong() {
    let deep = nested(100_000);
    let deep_list = invite(&deep, "");
    let many = format!("[{}]", vec!["\"u\""; 5_000].join(","));
    let long_user = invite(&format!("[\"{}\"]", "u".repeat(33)), "");
    let table = [
        (r#"{"kind":"call_invite","id":"r.1"}"#.to_owned(), "needs the key \"data\""),
        (r#"{"kind":"call_invite","id":"r.1","data":null}"#.to_owned(), "needs the key \"data\""),
        (r#"{"kind":"call_invite","id":"r.1","data":7}"#.to_owned(), "must be a JSON object"),
        (r#"{"kind":"call_invite","id":"r.1","data":["c",["bob"]]}"#.to_owned(), "must be a JSON object"),
        (r#"{"kind":"call_invite","id":"r.1","data":{}}"#.to_owned(), "missing field `call_id`"),
        (r#"{"kind":"call_invite","id":"r.1","data":{"call_id":"c"}}"#.to_owned(), "missing field `invitees`"),
        (invite("\"bob\"", ""), "expected a sequence"),
        (invite("null", ""), "expected a sequence"),
        (invite("[null]", ""), "expected a string, the user ID"),
        (invite("[\"a,b\"]", ""), "user ID must be 1 to 32 bytes"),
        (invite("[\"\"]", ""), "got an empty text"),
        (long_user, "user ID must be 1 to 32 bytes"),
        (deep_list, "expected a string, the user ID"),
        (invite("[]", r#","call_id":"d""#), "duplicate field `call_id`"),
        (invite("[]", r#","timeout_s":-1"#), "expected u32"),
        (invite("[]", r#","timeout_s":99999999999"#), "expected u32"),
        (invite("[]", r#","timeout_s":1.5"#), "expected u32"),
        (invite("[]", r#","timeout_s":null"#), "expected u32"),
        (invite("[]", r#","mode":"general""#), "expected i32"),
        (invite("[]", r#","mode":1e9999"#), "out of range"),
        (invite("[]", r#","extended_data":null"#), "expected a string"),
        (invite("[]", r#","extended_data":{"a":1}"#), "expected a string"),
        (invite("[]", r#","not_received_check":1"#), "expected a boolean"),
        (invite("[]", r#","push":"loud""#), "expected struct PushConfig"),
        (invite("[]", r#","push":{"badge_increment":3000000000}"#), "expected i32"),
        (invite("[]", r#","push":{"voip":{"has_video":"yes"}}"#), "expected a boolean"),
        (r#"{"kind":"call_accept","id":"r.1","data":{"call_id":""}}"#.to_owned(), "call ID must be 1 to 32"),
        (r#"{"kind":"call_accept","id":"r.1","data":{"call_id":"ü"}}"#.to_owned(), "call ID must be 1 to 32"),
        (r#"{"kind":"login","id":"r.1","data":{"app_id":1,"user_id":"a"}}"#.to_owned(), "missing field `device_id`"),
        (
            r#"{"kind":"login","id":"r.1","data":{"app_id":-1,"user_id":"a","device_id":"d"}}"#.to_owned(),
            "expected u32",
        ),
        (
            r#"{"kind":"login","id":"r.1","data":{"app_id":1,"app_id":1,"user_id":"a","device_id":"d"}}"#.to_owned(),
            "duplicate field `app_id`",
        ),
        (
            r#"{"kind":"resume","id":"r.1","data":{"app_id":1,"user_id":"a","device_id":"d"}}"#.to_owned(),
            "missing field `session_id`",
        ),
        (r#"{"kind":"renew_token","id":"r.1","data":{"token":["t"]}}"#.to_owned(), "expected a string"),
        (r#"{"kind":"upload_log","id":"r.1","data":{"part":0,"parts":1}}"#.to_owned(), "missing field `text`"),
    ];
    for (text, words) in table {
        assert_refused(&text, ClientFrame::parse(&text).unwrap_err(), Some("r.1"), BAD_DATA, words);
    }
    // Too many names are no damage to the frame: the call's rules refuse them.
    assert!(ClientFrame::parse(&invite(&many, "")).is_ok());
}

#[test]
fn nesting_costs_no_stack_wherever_it_hides() {
    let deep = nested(limits::SERVER_FRAME_BYTES / 2);
    let unknown_key = format!(r#"{{"kind":"ping","later":{deep}}}"#);
    assert_eq!(ClientFrame::parse(&unknown_key), Ok(ClientFrame::Ping));
    assert_eq!(ServerFrame::parse(&unknown_key), Ok(ServerFrame::Unknown { kind: "ping".to_owned() }));
    let in_data = invite("[\"bob\"]", &format!(r#","later":{deep}"#));
    assert!(ClientFrame::parse(&in_data).is_ok());
    // Where keys are gathered from two structs the depth is bounded instead.
    let in_login =
        format!(r#"{{"kind":"login","id":"r.1","data":{{"app_id":1,"user_id":"a","device_id":"d","later":{deep}}}}}"#);
    assert_refused(&in_login, ClientFrame::parse(&in_login).unwrap_err(), Some("r.1"), BAD_DATA, "recursion limit");
    let objects = format!("{}1{}", r#"{"a":"#.repeat(100_000), "}".repeat(100_000));
    assert_eq!(ClientFrame::parse(&objects).unwrap_err().fault.code, BAD_FRAME);
    let in_event = format!(r#"{{"kind":"event","epoch":1,"n":1,"event":"call_created","data":{objects}}}"#);
    assert_refused(&in_event, ServerFrame::parse(&in_event).unwrap_err(), None, BAD_DATA, "missing field");
}

#[test]
fn server_frames_that_are_wrong() {
    let user = r#"{"user_id":"bob","state":1}"#;
    let info = |rows: &str, more: &str| {
        format!(
            r#"{{"call_id":"c","rev":1,"mode":0,"state":1,"caller":"a","inviter":"a","created_at":0,"timeout_s":1,"remaining_ms":0,"users":[{rows}]{more}}}"#
        )
    };
    let event =
        |event: &str, data: &str| format!(r#"{{"kind":"event","epoch":1,"n":2,"event":"{event}","data":{data}}}"#);
    let table = [
        (r#"{"kind":"reply","of":"logout","data":{}}"#.to_owned(), None, "needs the key \"id\""),
        (r#"{"kind":"reply","id":"r.1","data":{}}"#.to_owned(), Some("r.1"), "needs the key \"of\""),
        (
            r#"{"kind":"reply","id":"r.1","of":"dance","data":{}}"#.to_owned(),
            Some("r.1"),
            "unknown request kind \"dance\"",
        ),
        (r#"{"kind":"reply","id":"r.1","of":"call_accept"}"#.to_owned(), Some("r.1"), "needs the key \"data\""),
        (
            r#"{"kind":"reply","id":"r.1","of":"login","data":{"session_id":"s"}}"#.to_owned(),
            Some("r.1"),
            "missing field",
        ),
        (r#"{"kind":"error","id":"r.1"}"#.to_owned(), Some("r.1"), "needs the key \"data\""),
        (r#"{"kind":"error","data":{"code":"x","message":""}}"#.to_owned(), None, "expected i32"),
        (r#"{"kind":"event","n":2,"event":"call_changed","data":{}}"#.to_owned(), None, "needs the key \"epoch\""),
        (r#"{"kind":"event","epoch":1,"event":"call_changed","data":{}}"#.to_owned(), None, "needs the key \"n\""),
        (r#"{"kind":"event","epoch":1,"n":2,"data":{}}"#.to_owned(), None, "needs the key \"event\""),
        (event("call_changed", "{}"), None, "missing field `call_id`"),
        (event("call_changed", r#"{"call_id":"c","rev":1,"users":[]}"#), None, "missing field `trigger`"),
        (event("call_changed", r#"{"call_id":"c","rev":-1,"trigger":"timeout","users":[]}"#), None, "expected u64"),
        (event("call_changed", r#"{"call_id":"c","rev":1,"trigger":7,"users":[]}"#), None, "expected"),
        (event("call_invited", &info(r#"{"user_id":"b","state":"1"}"#, "")), None, "expected i32"),
        (event("call_created", &info(user, "")), None, "missing field `by_this_device`"),
        (event("call_created", &info(user, r#","by_this_device":1"#)), None, "expected a boolean"),
        (r#"{"kind":"snapshot","data":{}}"#.to_owned(), None, "missing field `call`"),
        (r#"{"kind":"caught_up","epoch":1}"#.to_owned(), None, "needs the key \"n\""),
        (r#"{"kind":"token_will_expire","data":{"seconds":-1}}"#.to_owned(), None, "expected u32"),
        (r#"{"kind":"closing","data":{"reason":"idle"}}"#.to_owned(), None, "missing field `code`"),
    ];
    for (text, id, words) in table {
        assert_refused(&text, ServerFrame::parse(&text).unwrap_err(), id, BAD_DATA, words);
    }
}

#[test]
fn what_is_new_to_this_side_is_no_error() {
    use zim_protocol::call::{CallEvent, CallMode, CallState, CallUserState, Trigger};
    use zim_protocol::session::ClosingReason;

    let parse = |text: &str| ServerFrame::parse(text).unwrap();
    let long = "k".repeat(5_000);
    assert_eq!(parse(&format!(r#"{{"kind":"{long}"}}"#)), ServerFrame::Unknown { kind: "k".repeat(64) });
    let unknown = ClientFrame::parse(&format!(r#"{{"kind":"{long}"}}"#)).unwrap();
    assert_eq!(unknown, ClientFrame::Unknown { kind: "k".repeat(64) });
    assert_eq!(
        parse(r#"{"kind":"event","epoch":1,"n":2,"event":"call_moved","data":{"any":[1,2]}}"#),
        ServerFrame::UnknownEvent { epoch: 1, n: 2, event: "call_moved".to_owned() }
    );
    let changed = parse(
        r#"{"kind":"event","epoch":1,"n":2,"event":"call_changed",
            "data":{"call_id":"c","rev":2,"trigger":"moved","users":[{"user_id":"bob","state":77,"reason":123}]}}"#,
    );
    let ServerFrame::Event { event: CallEvent::CallChanged(change), .. } = changed else { panic!("{changed:?}") };
    assert_eq!(change.trigger, Trigger::Unknown);
    assert_eq!((change.users[0].state, change.users[0].reason), (CallUserState::Unknown, Code(123)));
    let snapshot = parse(
        r#"{"kind":"snapshot","data":{"call":{"call_id":"c","rev":1,"mode":5,"state":9,"caller":"a","inviter":"a",
            "created_at":0,"timeout_s":1,"remaining_ms":0,"users":[]}}}"#,
    );
    let ServerFrame::Snapshot(snapshot) = snapshot else { panic!("{snapshot:?}") };
    assert_eq!((snapshot.call.mode, snapshot.call.state), (CallMode::Unknown, CallState::Unknown));
    let closing = parse(r#"{"kind":"closing","data":{"reason":"moved","code":6090099,"message":""}}"#);
    let ServerFrame::Closing(closing) = closing else { panic!("{closing:?}") };
    assert_eq!((closing.reason, closing.reason.is_final()), (ClosingReason::Unknown, false));
}

#[test]
fn texts_beyond_their_limits_are_named_with_the_limit() {
    use zim_protocol::frame::RequestBody;

    let login = |key: &str, text: &str| {
        let mut data = serde_json::json!({ "app_id": 1, "user_id": "a", "device_id": "d" });
        data[key] = text.into();
        serde_json::json!({ "kind": "login", "id": "r.1", "data": data }).to_string()
    };
    let check = |text: &str| match ClientFrame::parse(text).unwrap() {
        ClientFrame::Request(request) => request.body.check(),
        ClientFrame::Ack { .. } | ClientFrame::Ping | ClientFrame::Unknown { .. } => panic!("no request: {text}"),
    };
    for (key, limit) in [
        ("user_name", limits::USER_NAME_BYTES),
        ("user_avatar_url", limits::USER_PROFILE_BYTES),
        ("user_extended_data", limits::USER_PROFILE_BYTES),
        ("token", limits::TOKEN_BYTES),
        ("client", limits::USER_NAME_BYTES),
    ] {
        assert_eq!(check(&login(key, &"x".repeat(limit))), Ok(()), "{key}");
        let fault = check(&login(key, &"x".repeat(limit + 1))).unwrap_err();
        assert!(fault.code == BAD_DATA && fault.message.contains(&limit.to_string()), "{key}: {fault}");
    }
    assert_eq!(check(&login("app_sign", &"aF".repeat(32))), Ok(()));
    for wrong in ["a".repeat(63), "g".repeat(64)] {
        assert!(check(&login("app_sign", &wrong)).unwrap_err().message.contains("64 hexadecimal"));
    }
    let log = |part: u32, parts: u32, bytes: usize| {
        let text = "l".repeat(bytes);
        RequestBody::UploadLog(zim_protocol::session::UploadLog { part, parts, text }).check().is_ok()
    };
    assert!(log(0, 1, limits::LOG_PART_BYTES) && log(15, 16, 0));
    assert!(!log(0, 1, limits::LOG_PART_BYTES + 1) && !log(0, 0, 0) && !log(1, 1, 0) && !log(0, 17, 0));
    let resume = |calls: usize| {
        let calls: Vec<String> = (0..calls).map(|i| format!("c{i}")).collect();
        let data = serde_json::json!({
            "app_id": 1, "user_id": "a", "device_id": "d",
            "session_id": "s", "login_epoch": 1, "epoch": 1, "cursor": 0, "calls": calls
        });
        check(&serde_json::json!({ "kind": "resume", "id": "r.1", "data": data }).to_string())
    };
    assert_eq!(resume(100), Ok(()));
    assert!(resume(101).unwrap_err().message.contains("at most 100 calls; got 101"));
}
