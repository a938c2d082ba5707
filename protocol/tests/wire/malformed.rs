//! What a peer may send instead of a frame: each gets its error, and nothing panics.

use serde_json::{Value, json};
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
        (&deep, "not an object"),
    ];
    for (text, words) in table {
        assert_refused(text, ClientFrame::parse(text).unwrap_err(), None, BAD_FRAME, words);
        assert_refused(text, ServerFrame::parse(text).unwrap_err(), None, BAD_FRAME, words);
    }
}

#[test]
fn frames_whose_envelope_is_wrong_on_either_side() {
    // What the server says of it, and what the client says.
    let number = "\"n\" must be a whole number from 0 to 18446744073709551615; got ";
    let fraction = format!("{number}a number with a fraction");
    let table = [
        ("{}", "missing field `kind`", "\"kind\" is missing"),
        (r#"{"id":"r.1x","Kind":"ping"}"#, "missing field `kind`", "\"kind\" is missing"),
        (r#"{"kind":null}"#, "expected", "\"kind\" must be a string; got null"),
        (r#"{"kind":7}"#, "expected", "\"kind\" must be a string; got 7"),
        (r#"{"kind":["ping"]}"#, "expected", "\"kind\" must be a string; got a list"),
        (r#"{"kind":"ping","kind":"ping"}"#, "duplicate field `kind`", "\"kind\" is there twice"),
        (r#"{"kind":"ack","n":-1}"#, "expected u64", &format!("{number}-1")),
        (r#"{"kind":"ack","n":1.5}"#, "expected u64", &fraction),
        (r#"{"id":"r.1x","kind":"ack","n":1.5}"#, "expected u64", &fraction),
        (r#"{"kind":"ack","n":"1"}"#, "expected u64", &format!("{number}a string")),
        (r#"{"kind":"ack","n":18446744073709551616}"#, "expected u64", &fraction),
        (r#"{"kind":"ack","n":1e400}"#, "out of range", "out of range"),
        (r#"{"kind":"ack","n":1e400,"id":"r.1x"}"#, "out of range", "out of range"),
        (r#"{"kind":"ack","id":7}"#, "expected a string, the request ID", "\"id\" must be a string; got 7"),
        (r#"{"kind":"ack","id":"a b"}"#, "request ID must be 1 to 64", "\"id\": request ID must be 1 to 64"),
        (r#"{"kind":"ack","id":"r.1","id":"r.2"}"#, "duplicate field `id`", "\"id\" is there twice"),
        (r#"{"kind":"ack","id":"r.1x","data":{},"data":{}}"#, "duplicate field `data`", "\"data\" is there twice"),
    ];
    for (text, to_client, to_server) in table {
        // The request can still be told.
        let id = text.contains("r.1x").then_some("r.1x");
        assert_refused(text, ClientFrame::parse(text).unwrap_err(), id, BAD_FRAME, to_client);
        assert_refused(text, ServerFrame::parse(text).unwrap_err(), id, BAD_FRAME, to_server);
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
    assert_refused(&in_event, ServerFrame::parse(&in_event).unwrap_err(), None, BAD_DATA, "is missing");
    // Under keys that are read, the depth is bounded.
    let in_users = format!(r#"{{"kind":"snapshot","id":"r.1","data":{{"call":{{"users":{deep}}}}}}}"#);
    assert_refused(&in_users, ServerFrame::parse(&in_users).unwrap_err(), Some("r.1"), BAD_FRAME, "recursion limit");
    let in_calls = format!("{}1{}", r#"{"call":"#.repeat(100_000), "}".repeat(100_000));
    assert_refused(&in_calls, ServerFrame::parse(&in_calls).unwrap_err(), None, BAD_FRAME, "recursion limit");
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
            "the data of \"reply\" is not right: \"login_epoch\" is missing",
        ),
        (r#"{"kind":"error","id":"r.1"}"#.to_owned(), Some("r.1"), "needs the key \"data\""),
        (
            r#"{"kind":"error","data":{"code":"x","message":""}}"#.to_owned(),
            None,
            "\"code\" must be a whole number from -2147483648 to 2147483647; got a string",
        ),
        (r#"{"kind":"event","n":2,"event":"call_changed","data":{}}"#.to_owned(), None, "needs the key \"epoch\""),
        (r#"{"kind":"event","epoch":1,"event":"call_changed","data":{}}"#.to_owned(), None, "needs the key \"n\""),
        (r#"{"kind":"event","epoch":1,"n":2,"data":{}}"#.to_owned(), None, "needs the key \"event\""),
        (event("call_changed", "{}"), None, "\"rev\" is missing"),
        (event("call_changed", r#"{"call_id":"c","rev":1,"users":[]}"#), None, "\"trigger\" is missing"),
        (
            event("call_changed", r#"{"call_id":"c","rev":-1,"trigger":"timeout","users":[]}"#),
            None,
            "\"rev\" must be a whole number from 0",
        ),
        (
            event("call_changed", r#"{"call_id":"c","rev":1,"trigger":7,"users":[]}"#),
            None,
            "\"trigger\" must be a string; got 7",
        ),
        (
            event("call_invited", &info(r#"{"user_id":"b","state":"1"}"#, "")),
            None,
            "\"users\": \"state\" must be a whole number",
        ),
        (event("call_created", &info(user, "")), None, "\"by_this_device\" is missing"),
        (
            event("call_created", &info(user, r#","by_this_device":1"#)),
            None,
            "\"by_this_device\" must be true or false; got 1",
        ),
        (
            event("call_created", &info(user, r#","by_this_device":true,"caller":"b""#)),
            None,
            "\"caller\" is there twice",
        ),
        (event("call_invited", &info(r#"{"user_id":"b","state":1,"reason":null}"#, "")), None, "\"reason\" must be"),
        (
            event("call_invited", &info(r#"{"user_id":"a,b","state":1}"#, "")),
            None,
            "\"user_id\": user ID must be 1 to 32",
        ),
        (event("call_invited", &info(r#"["b",1]"#, "")), None, "\"users\" must be an object; got a list"),
        (
            event("call_invited", &info("", r#","extended_data":null"#)),
            None,
            "\"extended_data\" must be a string; got null",
        ),
        (
            event("call_changed", r#"{"call_id":"c","rev":1,"trigger":"timeout","users":{}}"#),
            None,
            "\"users\" must be a list",
        ),
        (event("call_changed", "7"), None, "the data of \"event\" must be a JSON object"),
        (event("call_changed", "[]"), None, "the data of \"event\" must be a JSON object"),
        (r#"{"kind":"snapshot","data":{"call":[]}}"#.to_owned(), None, "\"call\" must be an object; got a list"),
        (r#"{"kind":"snapshot","data":{}}"#.to_owned(), None, "\"call\" is missing"),
        (r#"{"kind":"caught_up","epoch":1}"#.to_owned(), None, "needs the key \"n\""),
        (
            r#"{"kind":"token_will_expire","data":{"seconds":-1}}"#.to_owned(),
            None,
            "\"seconds\" must be a whole number from 0 to 4294967295; got -1",
        ),
        (r#"{"kind":"closing","data":{"reason":"idle"}}"#.to_owned(), None, "\"code\" is missing"),
    ];
    for (text, id, words) in table {
        assert_refused(&text, ServerFrame::parse(&text).unwrap_err(), id, BAD_DATA, words);
    }
}

/// The places of all keys of all objects, as JSON pointers.
fn keys(value: &Value, at: &str) -> Vec<String> {
    match value {
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, value)| {
                let at = format!("{at}/{key}");
                let below = keys(value, &at);
                std::iter::once(at).chain(below)
            })
            .collect(),
        Value::Array(list) => {
            list.iter().enumerate().flat_map(|(i, value)| keys(value, &format!("{at}/{i}"))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

#[test]
fn every_key_of_a_server_frame_is_named_when_its_value_is_of_the_wrong_type() {
    let mut named = 0;
    for (name, text) in crate::golden::files() {
        let frame: Value = serde_json::from_str(&text).unwrap();
        if ServerFrame::parse(&text).is_ok_and(|frame| matches!(frame, ServerFrame::Unknown { .. })) {
            continue; // a client's frame
        }
        for place in keys(&frame, "") {
            if place == "/data" && frame["data"] == json!({}) {
                continue; // a reply that says nothing but "done"
            }
            let mut wrong = frame.clone();
            *wrong.pointer_mut(&place).unwrap() = json!([[]]);
            let error = ServerFrame::parse(&wrong.to_string()).expect_err(&format!("{name}: {place}"));
            let words = match place.rsplit_once('/').unwrap() {
                ("", "data") => "must be a JSON object".to_owned(),
                (_, key) => format!("{key:?}"),
            };
            assert!(error.fault.message.contains(&words), "{name}: {place}: {}", error.fault);
            named += 1;
        }
    }
    assert!(named > 200, "{named}");
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
        let mut data = json!({ "app_id": 1, "user_id": "a", "device_id": "d" });
        data[key] = text.into();
        json!({ "kind": "login", "id": "r.1", "data": data }).to_string()
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
        let data = json!({
            "app_id": 1, "user_id": "a", "device_id": "d",
            "session_id": "s", "login_epoch": 1, "epoch": 1, "cursor": 0, "calls": calls
        });
        check(&json!({ "kind": "resume", "id": "r.1", "data": data }).to_string())
    };
    assert_eq!(resume(100), Ok(()));
    assert!(resume(101).unwrap_err().message.contains("at most 100 calls; got 101"));
}

/// Else one frame would take forty times its length in memory.
#[test]
fn a_frame_of_too_many_small_values_is_refused_with_its_id() {
    let lists =
        format!("{{\"kind\":\"reply\",\"id\":\"r.1\",\"of\":\"logout\",\"data\":[{}0]}}", "[0],".repeat(100_000));
    let keys = format!("{{\"id\":\"r.1\",\"kind\":\"pong\",\"data\":{{{}\"a\":0}}}}", "\"\":0,".repeat(100_000));
    for text in [lists, keys] {
        let error = ServerFrame::parse(&text).unwrap_err();
        assert_eq!(error.id.map(|id| id.to_string()).as_deref(), Some("r.1"));
        assert!(error.fault.message.contains("more than 16384 values"), "{}", error.fault);
    }
    // Skipped values do not count.
    let skipped = format!("{{\"kind\":\"pong\",\"later\":[{}0]}}", "[0],".repeat(100_000));
    assert_eq!(ServerFrame::parse(&skipped).unwrap(), ServerFrame::Pong);
}
