//! One file for every kind of frame: what it means, and that we write it the same way.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;
use zim_protocol::call::{
    CallAnswer, CallAnswered, CallCancel, CallCancelled, CallChange, CallEvent, CallInfo, CallInvite, CallInvited,
    CallMode, CallReceived, CallState, CallUser, CallUserState, ErrorUser, PushConfig, Trigger, VoipConfig,
};
use zim_protocol::code::{Code, Fault};
use zim_protocol::frame::{ClientFrame, REQUEST_KINDS, ReplyBody, Request, RequestBody, ServerFrame};
use zim_protocol::id::{CallId, DeviceId, RequestId, SessionId, UserId};
use zim_protocol::session::{
    Closing, ClosingReason, Credentials, Done, LoggedIn, Login, RenewToken, Resume, Snapshot, TokenRenewed, UploadLog,
};

/// Every golden file by its name without `.json`.
pub fn files() -> BTreeMap<String, String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(&path).unwrap())
        })
        .collect()
}

fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

fn call_id() -> CallId {
    CallId::parse("01KANT3P7XQ4T9V7M3R5N1C0BW").unwrap()
}

fn alices(number: u32) -> RequestId {
    RequestId::parse(&format!("k7Q2mB9x.{number}")).unwrap()
}

fn bobs(number: u32) -> RequestId {
    RequestId::parse(&format!("p3Xw8LrT.{number}")).unwrap()
}

fn session(name: &str) -> SessionId {
    SessionId::parse(name).unwrap()
}

fn credentials() -> Credentials {
    Credentials {
        app_id: 1,
        user_id: user("alice"),
        device_id: DeviceId::parse("alice-phone").unwrap(),
        user_name: "Alice".to_owned(),
        user_avatar_url: String::new(),
        user_extended_data: String::new(),
        token: "04AAAAAGVT...".to_owned(),
        app_sign: String::new(),
        client: "my-client 1.0".to_owned(),
    }
}

fn request(id: RequestId, body: RequestBody) -> ClientFrame {
    ClientFrame::Request(Request { id, ttl_ms: 10_000, body })
}

fn invite() -> CallInvite {
    CallInvite {
        call_id: call_id(),
        invitees: vec![user("bob"), user("carol"), user("dave")],
        timeout_s: 60,
        mode: CallMode::General,
        extended_data: "video".to_owned(),
        not_received_check: true,
        push: Some(PushConfig {
            title: "Alice is calling".to_owned(),
            content: "Video call".to_owned(),
            payload: "{\"room\":7}".to_owned(),
            resources_id: String::new(),
            thread_id: "calls".to_owned(),
            enable_badge: true,
            badge_increment: 1,
            voip: Some(VoipConfig { handle_type: 1, handle_value: "alice".to_owned(), has_video: true }),
        }),
    }
}

fn answer(extended_data: &str) -> CallAnswer {
    CallAnswer { call_id: call_id(), extended_data: extended_data.to_owned() }
}

fn client_frames() -> Vec<(&'static str, ClientFrame)> {
    let login = Credentials {
        user_avatar_url: "https://example.com/a.png".to_owned(),
        user_extended_data: "{\"level\":7}".to_owned(),
        ..credentials()
    };
    let by_sign = Credentials {
        user_name: String::new(),
        token: String::new(),
        client: String::new(),
        app_sign: "0123456789abcdef".repeat(4),
        ..credentials()
    };
    let resume = Resume {
        credentials: credentials(),
        session_id: session("9fJ2kQ8vT1xWn4Zb7LpR"),
        login_epoch: 1_795_392_000_000,
        epoch: 8_413_720_951,
        cursor: 17,
        calls: vec![call_id()],
    };
    let cancel = CallCancel {
        call_id: call_id(),
        invitees: vec![user("bob"), user("carol")],
        extended_data: "never mind".to_owned(),
        push: None,
        withdraw: false,
    };
    let withdraw = CallCancel { invitees: Vec::new(), extended_data: String::new(), withdraw: true, ..cancel.clone() };
    let log = UploadLog { part: 0, parts: 2, text: "12:00:01 connected\n".to_owned() };
    let renew = RenewToken { token: "04AAAAAGVU...".to_owned() };
    vec![
        ("login", request(alices(1), RequestBody::Login(Login { credentials: login.clone(), logged_out: None }))),
        ("login_app_sign", request(alices(1), RequestBody::Login(Login { credentials: by_sign, logged_out: None }))),
        ("resume", request(alices(9), RequestBody::Resume(resume))),
        ("logout", request(alices(8), RequestBody::Logout)),
        ("renew_token", request(alices(7), RequestBody::RenewToken(renew))),
        ("upload_log", request(alices(6), RequestBody::UploadLog(log))),
        ("call_invite", request(alices(2), RequestBody::CallInvite(invite()))),
        ("call_cancel", request(alices(3), RequestBody::CallCancel(cancel))),
        ("call_cancel_withdraw", request(alices(4), RequestBody::CallCancel(withdraw))),
        ("call_accept", request(bobs(2), RequestBody::CallAccept(answer("on my way")))),
        ("call_reject", request(bobs(2), RequestBody::CallReject(answer("busy")))),
        ("call_received", request(bobs(1), RequestBody::CallReceived(CallReceived { call_id: call_id() }))),
        ("ack", ClientFrame::Ack { n: 18 }),
        ("ping", ClientFrame::Ping),
    ]
}

fn row(name: &str, state: CallUserState, extended_data: &str, reason: Code) -> CallUser {
    CallUser { user_id: user(name), state, extended_data: extended_data.to_owned(), reason }
}

fn info() -> CallInfo {
    CallInfo {
        call_id: call_id(),
        rev: 1,
        mode: CallMode::General,
        state: CallState::Started,
        caller: user("alice"),
        inviter: user("alice"),
        extended_data: "video".to_owned(),
        created_at: 1_795_392_012_345,
        timeout_s: 60,
        remaining_ms: 60_000,
        users: vec![
            row("alice", CallUserState::Accepted, "", Code::SUCCESS),
            row("bob", CallUserState::Inviting, "", Code::SUCCESS),
            row("carol", CallUserState::Inviting, "", Code::SUCCESS),
        ],
    }
}

fn event(n: u64, event: CallEvent) -> ServerFrame {
    ServerFrame::Event { epoch: 8_413_720_951, n, event }
}

fn change(rev: u64, trigger: Trigger, by: &str, extended_data: &str, users: Vec<CallUser>) -> CallChange {
    let by = (!by.is_empty()).then(|| user(by));
    CallChange { call_id: call_id(), rev, trigger, by, extended_data: extended_data.to_owned(), users, ended: false }
}

fn changed(n: u64, change: CallChange) -> ServerFrame {
    event(n, CallEvent::CallChanged(change))
}

fn last(n: u64, change: CallChange) -> ServerFrame {
    event(n, CallEvent::CallChanged(CallChange { ended: true, ..change }))
}

fn logged_in() -> LoggedIn {
    LoggedIn {
        session_id: session("9fJ2kQ8vT1xWn4Zb7LpR"),
        login_epoch: 1_795_392_000_000,
        epoch: 8_413_720_951,
        cursor: 17,
        snapshot_calls: None,
        heartbeat_interval_ms: 10_000,
        heartbeat_timeout_ms: 35_000,
        token_expires_in_s: None,
    }
}

fn replies() -> Vec<(&'static str, ServerFrame)> {
    let login = LoggedIn { snapshot_calls: Some(0), token_expires_in_s: Some(3_600), ..logged_in() };
    let replaced = LoggedIn {
        session_id: session("Zb7LpR9fJ2kQ8vT1xWn4"),
        epoch: 2_207_165_043,
        cursor: 3,
        snapshot_calls: Some(1),
        ..logged_in()
    };
    let unknown = ErrorUser { user_id: user("dave"), reason: Code::USER_IS_NOT_EXIST };
    let answered = ErrorUser { user_id: user("carol"), reason: Code::CALL_CANCEL_ERROR };
    let invited = CallInvited { call_id: call_id(), timeout_s: 60, error_users: vec![unknown] };
    let cancelled = CallCancelled { call_id: call_id(), error_users: vec![answered] };
    let done = || CallAnswered { call_id: call_id() };
    let reply = |id, body| ServerFrame::Reply { id, body };
    vec![
        ("reply_login", reply(alices(1), ReplyBody::Login(login))),
        ("reply_resume", reply(alices(9), ReplyBody::Resume(logged_in()))),
        ("reply_resume_snapshot", reply(alices(9), ReplyBody::Resume(replaced))),
        ("reply_logout", reply(alices(8), ReplyBody::Logout(Done {}))),
        (
            "reply_renew_token",
            reply(alices(7), ReplyBody::RenewToken(TokenRenewed { token_expires_in_s: Some(86_400) })),
        ),
        ("reply_upload_log", reply(alices(6), ReplyBody::UploadLog(Done {}))),
        ("reply_call_invite", reply(alices(2), ReplyBody::CallInvite(invited))),
        ("reply_call_cancel", reply(alices(3), ReplyBody::CallCancel(cancelled))),
        ("reply_call_accept", reply(bobs(2), ReplyBody::CallAccept(done()))),
        ("reply_call_reject", reply(bobs(2), ReplyBody::CallReject(done()))),
        ("reply_call_received", reply(bobs(1), ReplyBody::CallReceived(done()))),
    ]
}

fn events() -> Vec<(&'static str, ServerFrame)> {
    use CallUserState::{Accepted, BeCancelled, Cancelled, NotYetReceived, Received, Rejected, Timeout};
    let created = CallEvent::CallCreated { call: info(), by_this_device: true };
    let yes = |reason| vec![row("bob", Accepted, "on my way", reason)];
    let gone = vec![
        row("alice", Cancelled, "never mind", Code::ROW_CANCELLED_BY_INVITER),
        row("bob", BeCancelled, "", Code::ROW_CANCELLED_BY_INVITER),
        row("carol", BeCancelled, "", Code::ROW_CANCELLED_BY_INVITER),
    ];
    let late = vec![row("bob", Timeout, "", Code::ROW_NO_ANSWER), row("carol", Timeout, "", Code::ROW_NOT_REACHED)];
    let ringing = vec![row("bob", Received, "", Code::SUCCESS)];
    let unheard = vec![row("carol", NotYetReceived, "", Code::SUCCESS)];
    let no = vec![row("carol", Rejected, "busy", Code::ROW_DECLINED)];
    let elsewhere = yes(Code::ROW_ANSWERED_ELSEWHERE);
    vec![
        ("event_call_invited", event(4, CallEvent::CallInvited(CallInfo { remaining_ms: 59_950, ..info() }))),
        ("event_call_created", event(18, created)),
        ("event_call_changed_received", changed(20, change(2, Trigger::Received, "bob", "", ringing))),
        ("event_call_changed_not_received", changed(21, change(3, Trigger::NotReceived, "", "", unheard))),
        (
            "event_call_changed_accepted",
            changed(22, change(4, Trigger::Accepted, "bob", "on my way", yes(Code::SUCCESS))),
        ),
        (
            "event_call_changed_accepted_elsewhere",
            changed(7, change(4, Trigger::Accepted, "bob", "on my way", elsewhere)),
        ),
        ("event_call_changed_rejected", last(23, change(5, Trigger::Rejected, "carol", "busy", no))),
        ("event_call_changed_cancelled", last(9, change(4, Trigger::Cancelled, "alice", "never mind", gone))),
        ("event_call_changed_timeout", last(9, change(4, Trigger::Timeout, "", "", late))),
    ]
}

fn server_frames() -> Vec<(&'static str, ServerFrame)> {
    let mut snapshot = CallInfo { rev: 2, remaining_ms: 41_200, ..info() };
    snapshot.users[1].state = CallUserState::Received;
    let refused = Fault::new(Code::CALL_SERVER_ERROR, "invitees: at most 9 users at once; got 12");
    let unreadable = "a frame must be one JSON object with a \"kind\": this is not an object";
    let closing = Closing {
        reason: ClosingReason::KickedOut,
        code: Code::KICKED_OUT,
        message: "the user has logged in on another device".to_owned(),
    };
    let mut frames = replies();
    frames.extend(events());
    frames.extend([
        ("error", ServerFrame::Error { id: Some(alices(2)), fault: refused }),
        ("error_unreadable", ServerFrame::Error { id: None, fault: Fault::new(Code::PROTOCOL_ERROR, unreadable) }),
        ("snapshot", ServerFrame::Snapshot(Snapshot { call: snapshot })),
        ("caught_up", ServerFrame::CaughtUp { epoch: 8_413_720_951, n: 23 }),
        ("token_will_expire", ServerFrame::TokenWillExpire { seconds: 30 }),
        ("pong", ServerFrame::Pong),
        ("closing", ServerFrame::Closing(closing)),
    ]);
    frames
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The text without the white space between its tokens.
fn on_one_line(text: &str) -> String {
    let (mut quoted, mut escaped) = (false, false);
    let mut kept = String::new();
    for c in text.chars() {
        if quoted || !c.is_whitespace() {
            kept.push(c);
        }
        quoted ^= c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
    }
    kept
}

#[test]
fn every_golden_file_means_what_it_should_and_is_written_the_same_way() {
    let mut files = files();
    for (name, frame) in client_frames() {
        let text = files.remove(name).unwrap_or_else(|| panic!("{name}.json is missing"));
        assert_eq!(ClientFrame::parse(&text).as_ref(), Ok(&frame), "{name}");
        assert_eq!(frame.to_json(), on_one_line(&text), "{name}");
    }
    for (name, frame) in server_frames() {
        let text = files.remove(name).unwrap_or_else(|| panic!("{name}.json is missing"));
        assert_eq!(ServerFrame::parse(&text).as_ref(), Ok(&frame), "{name}");
        assert_eq!(frame.to_json(), on_one_line(&text), "{name}");
    }
    // One is written longer than it may be read.
    let minimal = files.remove("call_invite_minimal").unwrap();
    let defaults = CallInvite {
        invitees: vec![user("bob")],
        timeout_s: 0,
        extended_data: String::new(),
        not_received_check: false,
        push: None,
        ..invite()
    };
    assert_eq!(ClientFrame::parse(&minimal), Ok(request(alices(2), RequestBody::CallInvite(defaults))));
    assert!(files.is_empty(), "files that nobody expects: {:?}", files.keys());
}

#[test]
fn every_request_kind_has_its_files() {
    let files = files();
    for kind in REQUEST_KINDS {
        assert!(files.contains_key(*kind), "{kind}.json");
        assert!(files.contains_key(&format!("reply_{kind}")), "reply_{kind}.json");
        let frame = ClientFrame::parse(&files[*kind]).unwrap();
        assert!(matches!(frame, ClientFrame::Request(request) if request.body.kind() == *kind));
    }
}

/// Adds a key that nobody knows to every object in the value.
fn grown(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut map: serde_json::Map<String, Value> =
                map.iter().map(|(key, value)| (key.clone(), grown(value))).collect();
            map.insert("from_the_future".to_owned(), serde_json::json!({ "deep": [1, { "deeper": null }] }));
            Value::Object(map)
        }
        Value::Array(list) => Value::Array(list.iter().map(grown).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

#[test]
fn unknown_keys_are_ignored_everywhere() {
    let files = files();
    let grown = |name: &str| grown(&value(&files[name])).to_string();
    assert!(grown("ping").contains("from_the_future"));
    for (name, frame) in client_frames() {
        assert_eq!(ClientFrame::parse(&grown(name)), Ok(frame), "{name}");
    }
    for (name, frame) in server_frames() {
        assert_eq!(ServerFrame::parse(&grown(name)), Ok(frame), "{name}");
    }
}
