//! Whatever can be said comes out as it went in, and whatever comes in cannot hurt.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};
use zim_protocol::call::{
    CallAnswer, CallAnswered, CallCancel, CallCancelled, CallChange, CallEvent, CallInfo, CallInvite, CallInvited,
    CallMode, CallReceived, CallState, CallUser, CallUserState, ErrorUser, PushConfig, Trigger, VoipConfig,
};
use zim_protocol::code::{Code, Fault};
use zim_protocol::frame::{ClientFrame, ReplyBody, Request, RequestBody, ServerFrame};
use zim_protocol::id::{CallId, DeviceId, RequestId, SessionId, UserId};
use zim_protocol::session::{
    Closing, ClosingReason, Credentials, Done, LoggedIn, Login, RenewToken, Resume, Snapshot, TokenRenewed, UploadLog,
};

fn user_id() -> impl Strategy<Value = UserId> {
    r"[a-zA-Z0-9 !#$%&()+\-:;<=.>?@\[\]^_{}|~]{1,32}".prop_map(|text| UserId::parse(&text).unwrap())
}

fn call_id() -> impl Strategy<Value = CallId> {
    "[!-~]{1,32}".prop_map(|text| CallId::parse(&text).unwrap())
}

fn request_id() -> impl Strategy<Value = RequestId> {
    "[!-~]{1,64}".prop_map(|text| RequestId::parse(&text).unwrap())
}

fn session_id() -> impl Strategy<Value = SessionId> {
    "[!-~]{1,64}".prop_map(|text| SessionId::parse(&text).unwrap())
}

/// Any text at all: quotes, line ends, NUL, emoji.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), ".{0,40}", any::<String>()]
}

fn state() -> impl Strategy<Value = CallUserState> {
    (-1..=10_i32).prop_map(CallUserState::from)
}

fn code() -> impl Strategy<Value = Code> {
    prop_oneof![Just(Code::SUCCESS), any::<i32>().prop_map(Code)]
}

fn row() -> impl Strategy<Value = CallUser> {
    (user_id(), state(), text(), code()).prop_map(|(user_id, state, extended_data, reason)| CallUser {
        user_id,
        state,
        extended_data,
        reason,
    })
}

fn error_users() -> impl Strategy<Value = Vec<ErrorUser>> {
    vec((user_id(), code()).prop_map(|(user_id, reason)| ErrorUser { user_id, reason }), 0..4)
}

fn push() -> impl Strategy<Value = PushConfig> {
    let voip = (any::<i32>(), text(), any::<bool>()).prop_map(|(handle_type, handle_value, has_video)| VoipConfig {
        handle_type,
        handle_value,
        has_video,
    });
    ((text(), text(), text(), text(), text()), any::<bool>(), any::<i32>(), option::of(voip)).prop_map(
        |((title, content, payload, resources_id, thread_id), enable_badge, badge_increment, voip)| PushConfig {
            title,
            content,
            payload,
            resources_id,
            thread_id,
            enable_badge,
            badge_increment,
            voip,
        },
    )
}

fn credentials() -> impl Strategy<Value = Credentials> {
    let device = "[!-~]{1,64}".prop_map(|text| DeviceId::parse(&text).unwrap());
    ((any::<u32>(), user_id(), device), (text(), text(), text()), (text(), text(), text())).prop_map(
        |(
            (app_id, user_id, device_id),
            (user_name, user_avatar_url, user_extended_data),
            (token, app_sign, client),
        )| {
            Credentials {
                app_id,
                user_id,
                device_id,
                user_name,
                user_avatar_url,
                user_extended_data,
                token,
                app_sign,
                client,
            }
        },
    )
}

fn resume() -> impl Strategy<Value = Resume> {
    (credentials(), session_id(), any::<u64>(), any::<u64>(), any::<u64>(), vec(call_id(), 0..4)).prop_map(
        |(credentials, session_id, login_epoch, epoch, cursor, calls)| Resume {
            credentials,
            session_id,
            login_epoch,
            epoch,
            cursor,
            calls,
        },
    )
}

fn invite() -> impl Strategy<Value = CallInvite> {
    (call_id(), vec(user_id(), 0..12), any::<u32>(), -1..=1_i32, text(), any::<bool>(), option::of(push())).prop_map(
        |(call_id, invitees, timeout_s, mode, extended_data, not_received_check, push)| CallInvite {
            call_id,
            invitees,
            timeout_s,
            mode: CallMode::from(mode),
            extended_data,
            not_received_check,
            push,
        },
    )
}

fn cancel() -> impl Strategy<Value = CallCancel> {
    (call_id(), vec(user_id(), 0..12), text(), option::of(push()), any::<bool>()).prop_map(
        |(call_id, invitees, extended_data, push, withdraw)| CallCancel {
            call_id,
            invitees,
            extended_data,
            push,
            withdraw,
        },
    )
}

fn answer() -> impl Strategy<Value = CallAnswer> {
    (call_id(), text()).prop_map(|(call_id, extended_data)| CallAnswer { call_id, extended_data })
}

fn body() -> impl Strategy<Value = RequestBody> {
    prop_oneof![
        (credentials(), any::<bool>()).prop_map(|(credentials, again)| {
            let logged_out = again.then(|| SessionId::parse("session").unwrap());
            RequestBody::Login(Login { credentials, logged_out })
        }),
        resume().prop_map(RequestBody::Resume),
        Just(RequestBody::Logout),
        text().prop_map(|token| RequestBody::RenewToken(RenewToken { token })),
        (any::<u32>(), any::<u32>(), text()).prop_map(|(part, parts, text)| RequestBody::UploadLog(UploadLog {
            part,
            parts,
            text
        })),
        invite().prop_map(RequestBody::CallInvite),
        cancel().prop_map(RequestBody::CallCancel),
        answer().prop_map(RequestBody::CallAccept),
        answer().prop_map(RequestBody::CallReject),
        call_id().prop_map(|call_id| RequestBody::CallReceived(CallReceived { call_id })),
    ]
}

fn client_frame() -> impl Strategy<Value = ClientFrame> {
    prop_oneof![
        10 => (request_id(), 1..=60_000_u32, body())
            .prop_map(|(id, ttl_ms, body)| ClientFrame::Request(Request { id, ttl_ms, body })),
        1 => any::<u64>().prop_map(|n| ClientFrame::Ack { n }),
        1 => Just(ClientFrame::Ping),
        1 => "x.{0,60}".prop_map(|kind| ClientFrame::Unknown { kind }),
    ]
}

fn info() -> impl Strategy<Value = CallInfo> {
    let who = (user_id(), user_id(), vec(row(), 0..11));
    let how = (-1..=1_i32, prop_oneof![Just(-1), 1..=2_i32], text());
    (call_id(), any::<u64>(), who, how, any::<i64>(), any::<u32>(), any::<u64>()).prop_map(
        |(
            call_id,
            rev,
            (caller, inviter, users),
            (mode, state, extended_data),
            created_at,
            timeout_s,
            remaining_ms,
        )| {
            CallInfo {
                call_id,
                rev,
                mode: CallMode::from(mode),
                state: CallState::from(state),
                caller,
                inviter,
                extended_data,
                created_at,
                timeout_s,
                remaining_ms,
                users,
            }
        },
    )
}

fn trigger() -> impl Strategy<Value = Trigger> {
    prop::sample::select(vec![
        Trigger::Received,
        Trigger::NotReceived,
        Trigger::Accepted,
        Trigger::Rejected,
        Trigger::Cancelled,
        Trigger::Timeout,
        Trigger::Unknown,
    ])
}

fn event() -> impl Strategy<Value = CallEvent> {
    let change = (call_id(), any::<u64>(), trigger(), option::of(user_id()), text(), vec(row(), 0..11), any::<bool>());
    prop_oneof![
        info().prop_map(CallEvent::CallInvited),
        (info(), any::<bool>()).prop_map(|(call, by_this_device)| CallEvent::CallCreated { call, by_this_device }),
        change.prop_map(|(call_id, rev, trigger, by, extended_data, users, ended)| {
            CallEvent::CallChanged(CallChange { call_id, rev, trigger, by, extended_data, users, ended })
        }),
    ]
}

fn logged_in() -> impl Strategy<Value = LoggedIn> {
    let numbers = (any::<u64>(), any::<u64>(), any::<u64>());
    (session_id(), numbers, option::of(any::<u32>()), any::<u32>(), any::<u32>(), option::of(any::<u32>())).prop_map(
        |(session_id, (login_epoch, epoch, cursor), snapshot_calls, interval, timeout, token_expires_in_s)| LoggedIn {
            session_id,
            login_epoch,
            epoch,
            cursor,
            snapshot_calls,
            heartbeat_interval_ms: interval,
            heartbeat_timeout_ms: timeout,
            token_expires_in_s,
        },
    )
}

fn reply() -> impl Strategy<Value = ReplyBody> {
    let done = || call_id().prop_map(|call_id| CallAnswered { call_id });
    prop_oneof![
        logged_in().prop_map(ReplyBody::Login),
        logged_in().prop_map(ReplyBody::Resume),
        Just(ReplyBody::Logout(Done {})),
        option::of(any::<u32>())
            .prop_map(|token_expires_in_s| ReplyBody::RenewToken(TokenRenewed { token_expires_in_s })),
        Just(ReplyBody::UploadLog(Done {})),
        (call_id(), any::<u32>(), error_users()).prop_map(|(call_id, timeout_s, error_users)| {
            ReplyBody::CallInvite(CallInvited { call_id, timeout_s, error_users })
        }),
        (call_id(), error_users())
            .prop_map(|(call_id, error_users)| ReplyBody::CallCancel(CallCancelled { call_id, error_users })),
        done().prop_map(ReplyBody::CallAccept),
        done().prop_map(ReplyBody::CallReject),
        done().prop_map(ReplyBody::CallReceived),
    ]
}

fn closing() -> impl Strategy<Value = Closing> {
    let reason = prop::sample::select(vec![
        ClosingReason::KickedOut,
        ClosingReason::TokenExpired,
        ClosingReason::Unregistered,
        ClosingReason::ServerStopping,
        ClosingReason::Idle,
        ClosingReason::ProtocolError,
        ClosingReason::Unknown,
    ]);
    (reason, code(), text()).prop_map(|(reason, code, message)| Closing { reason, code, message })
}

fn fault() -> impl Strategy<Value = Fault> {
    (code(), text()).prop_map(|(code, message)| Fault { code, message })
}

fn server_frame() -> impl Strategy<Value = ServerFrame> {
    prop_oneof![
        4 => (request_id(), reply()).prop_map(|(id, body)| ServerFrame::Reply { id, body }),
        4 => (any::<u64>(), any::<u64>(), event()).prop_map(|(epoch, n, event)| ServerFrame::Event { epoch, n, event }),
        1 => (option::of(request_id()), fault()).prop_map(|(id, fault)| ServerFrame::Error { id, fault }),
        1 => (any::<u64>(), any::<u64>(), "x.{0,60}")
            .prop_map(|(epoch, n, event)| ServerFrame::UnknownEvent { epoch, n, event }),
        1 => info().prop_map(|call| ServerFrame::Snapshot(Snapshot { call })),
        1 => (any::<u64>(), any::<u64>()).prop_map(|(epoch, n)| ServerFrame::CaughtUp { epoch, n }),
        1 => any::<u32>().prop_map(|seconds| ServerFrame::TokenWillExpire { seconds }),
        1 => Just(ServerFrame::Pong),
        1 => closing().prop_map(ServerFrame::Closing),
        1 => "x.{0,60}".prop_map(|kind| ServerFrame::Unknown { kind }),
    ]
}

/// A golden frame with one piece cut out, doubled or replaced.
fn damaged() -> impl Strategy<Value = String> {
    let files: Vec<String> = crate::golden::files().into_values().collect();
    let piece = prop_oneof!["[\\[\\]{}\",:0-9a-z\\\\ .-]{0,6}", Just("null".to_owned()), any::<String>()];
    (prop::sample::select(files), any::<prop::sample::Index>(), 0..12_usize, piece).prop_map(
        |(text, at, length, piece)| {
            let characters: Vec<char> = text.chars().collect();
            let from = at.index(characters.len());
            let to = (from + length).min(characters.len());
            characters[..from].iter().copied().chain(piece.chars()).chain(characters[to..].iter().copied()).collect()
        },
    )
}

/// What goes into a frame, with one value of its `data` replaced or taken away.
fn with_wrong_data(json: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let value = prop::sample::select(vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1.0),
        json!(i32::MAX),
        json!(1_u64 << 31),
        json!(1_u64 << 32),
        json!(i64::MIN),
        json!(1_u64 << 63),
        json!(u64::MAX),
        json!(1e300),
        json!(""),
        json!("alice"),
        json!("accepted"),
        json!([]),
        json!({}),
    ]);
    let place = prop::sample::select(vec!["/data", "/data/users/0", "/data/error_users/0"]);
    (json, place, any::<prop::sample::Index>(), option::of(value)).prop_map(|(mut json, place, at, value)| {
        let Some(object) = json.pointer_mut(place).and_then(Value::as_object_mut) else { return json };
        let optional = ["extended_data", "by", "ended", "reason", "token_expires_in_s"].map(str::to_owned);
        let keys: Vec<String> = object.keys().cloned().chain(optional).collect();
        match value {
            Some(value) => object.insert(at.get(&keys).clone(), value),
            None => object.remove(at.get(&keys)),
        };
        json
    })
}

/// The text of a frame with these keys beside those of the envelope.
fn in_frame(json: Value, mut envelope: Value) -> String {
    envelope.as_object_mut().unwrap().extend(json.as_object().unwrap().clone());
    envelope.to_string()
}

proptest! {
    #[test]
    fn client_frames_come_out_as_they_went_in(frame in client_frame()) {
        let text = frame.to_json();
        prop_assert!(!text.contains('\n'), "one frame, one line");
        prop_assert_eq!(ClientFrame::parse(&text), Ok(frame));
    }

    #[test]
    fn server_frames_come_out_as_they_went_in(frame in server_frame()) {
        let text = frame.to_json();
        prop_assert!(!text.contains('\n'), "one frame, one line");
        prop_assert_eq!(ServerFrame::parse(&text), Ok(frame));
    }

    #[test]
    fn events_survive_being_kept(event in event()) {
        let text = serde_json::to_string(&event).unwrap();
        prop_assert_eq!(serde_json::from_str::<CallEvent>(&text).unwrap(), event);
    }

    #[test]
    fn both_readers_of_an_event_agree(json in with_wrong_data(event().prop_map(|event| json!(event)))) {
        let kept = serde_json::from_value::<CallEvent>(json.clone());
        match ServerFrame::parse(&in_frame(json, json!({ "kind": "event", "epoch": 1, "n": 2 }))) {
            Ok(frame) => prop_assert_eq!(frame, ServerFrame::Event { epoch: 1, n: 2, event: kept.unwrap() }),
            Err(error) => prop_assert!(kept.is_err(), "{}", error.fault),
        }
    }

    #[test]
    fn both_readers_of_a_reply_agree(json in with_wrong_data(reply().prop_map(|body| json!(body)))) {
        let kept = serde_json::from_value::<ReplyBody>(json.clone());
        let id = RequestId::parse("r.1").unwrap();
        match ServerFrame::parse(&in_frame(json, json!({ "kind": "reply", "id": "r.1" }))) {
            Ok(frame) => prop_assert_eq!(frame, ServerFrame::Reply { id, body: kept.unwrap() }),
            Err(error) => prop_assert!(kept.is_err(), "{}", error.fault),
        }
    }

    #[test]
    fn both_readers_of_a_fault_agree(json in with_wrong_data(fault().prop_map(|fault| json!({ "data": fault })))) {
        let kept = serde_json::from_value::<Fault>(json["data"].clone());
        match ServerFrame::parse(&in_frame(json, json!({ "kind": "error" }))) {
            Ok(frame) => prop_assert_eq!(frame, ServerFrame::Error { id: None, fault: kept.unwrap() }),
            Err(error) => prop_assert!(kept.is_err(), "{}", error.fault),
        }
    }

    #[test]
    fn damage_is_an_error_or_a_frame_that_can_be_said_again(text in damaged()) {
        if let Ok(frame) = ClientFrame::parse(&text) {
            prop_assert_eq!(ClientFrame::parse(&frame.to_json()), Ok(frame));
        }
        if let Ok(frame) = ServerFrame::parse(&text) {
            prop_assert_eq!(ServerFrame::parse(&frame.to_json()), Ok(frame));
        }
    }

    #[test]
    fn noise_is_refused(text in any::<String>()) {
        prop_assert!(ClientFrame::parse(&text).is_err());
        prop_assert!(ServerFrame::parse(&text).is_err());
    }
}
