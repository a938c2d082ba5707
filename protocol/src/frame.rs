//! The envelope: one JSON object a text frame, adjacently tagged by `kind` (and `event`, `of`).
//!
//! The server reads and writes here, with derived code. The client does it in `read` and `write`, in less code: the size
//! of its library counts.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::call::{
    CallAnswer, CallAnswered, CallCancel, CallCancelled, CallEvent, CallInvite, CallInvited, CallReceived,
};
use crate::code::{Code, Fault};
use crate::id::RequestId;
use crate::limits;
use crate::session::{Closing, Done, LoggedIn, Login, RenewToken, Resume, Snapshot, TokenRenewed, UploadLog};

/// What a client sends.
#[expect(clippy::large_enum_variant, reason = "taken apart as soon as it is read; nearly every one is a request")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ClientFrame {
    Request(Request),
    /// Events up to `n` have been delivered to the host.
    Ack {
        n: u64,
    },
    Ping,
    /// A kind without an `id` that this side does not know: counted, otherwise ignored.
    Unknown {
        kind: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    pub id: RequestId,
    /// How long the client will still wait, measured when it sends. The server does not start the request later.
    pub ttl_ms: u32,
    pub body: RequestBody,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RequestBody {
    Login(Login),
    Resume(Resume),
    Logout,
    RenewToken(RenewToken),
    UploadLog(UploadLog),
    CallInvite(CallInvite),
    CallCancel(CallCancel),
    CallAccept(CallAnswer),
    CallReject(CallAnswer),
    CallReceived(CallReceived),
}

impl RequestBody {
    /// The request's `kind` on the wire.
    pub fn kind(&self) -> &'static str {
        match self {
            RequestBody::Login(_) => "login",
            RequestBody::Resume(_) => "resume",
            RequestBody::Logout => "logout",
            RequestBody::RenewToken(_) => "renew_token",
            RequestBody::UploadLog(_) => "upload_log",
            RequestBody::CallInvite(_) => "call_invite",
            RequestBody::CallCancel(_) => "call_cancel",
            RequestBody::CallAccept(_) => "call_accept",
            RequestBody::CallReject(_) => "call_reject",
            RequestBody::CallReceived(_) => "call_received",
        }
    }

    /// Refuses what is beyond its limits whatever the state of things. Requests about calls are judged with the call.
    pub fn check(&self) -> Result<(), Fault> {
        match self {
            RequestBody::Login(login) => login.credentials.check(),
            RequestBody::Resume(resume) => resume.check(),
            RequestBody::RenewToken(renewal) => renewal.check(),
            RequestBody::UploadLog(part) => part.check(),
            RequestBody::Logout
            | RequestBody::CallInvite(_)
            | RequestBody::CallCancel(_)
            | RequestBody::CallAccept(_)
            | RequestBody::CallReject(_)
            | RequestBody::CallReceived(_) => Ok(()),
        }
    }
}

/// Every request kind, for messages.
pub const REQUEST_KINDS: &[&str] = &[
    "login",
    "resume",
    "logout",
    "renew_token",
    "upload_log",
    "call_invite",
    "call_cancel",
    "call_accept",
    "call_reject",
    "call_received",
];

/// What a server sends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ServerFrame {
    /// The answer to the request of this ID.
    Reply {
        id: RequestId,
        body: ReplyBody,
    },
    /// The refusal of the request of this ID; without an ID, of a frame that could not be read.
    Error {
        id: Option<RequestId>,
        fault: Fault,
    },
    /// Entry `n` of the user's log.
    Event {
        epoch: u64,
        n: u64,
        event: CallEvent,
    },
    /// Entry `n` of the user's log is of a kind that this side does not know: it counts as taken, and is counted.
    UnknownEvent {
        epoch: u64,
        n: u64,
        event: String,
    },
    Snapshot(Snapshot),
    /// Everything up to `n` has been sent; what follows is new.
    CaughtUp {
        epoch: u64,
        n: u64,
    },
    TokenWillExpire {
        seconds: u32,
    },
    Pong,
    Closing(Closing),
    /// A kind that this side does not know: counted, otherwise ignored.
    Unknown {
        kind: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "of", content = "data", rename_all = "snake_case")]
pub enum ReplyBody {
    Login(LoggedIn),
    Resume(LoggedIn),
    Logout(Done),
    RenewToken(TokenRenewed),
    UploadLog(Done),
    CallInvite(CallInvited),
    CallCancel(CallCancelled),
    CallAccept(CallAnswered),
    CallReject(CallAnswered),
    CallReceived(CallAnswered),
}

/// A frame that could not be taken: what to tell the sender, and of which request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameError {
    pub id: Option<RequestId>,
    pub fault: Fault,
}

impl FrameError {
    pub(crate) fn envelope(id: Option<RequestId>, detail: &str) -> FrameError {
        let message = format!("a frame must be one JSON object with a \"kind\": {detail}");
        FrameError { id, fault: Fault::new(Code::PROTOCOL_ERROR, message) }
    }
}

/// Every key that the envelope of a client's frame may have. Unknown keys are ignored.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    id: Option<RequestId>,
    ttl_ms: Option<u32>,
    n: Option<u64>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

/// What can be saved of an envelope that is wrong elsewhere.
#[derive(Deserialize)]
struct OnlyId {
    id: Option<RequestId>,
}

#[derive(Serialize)]
struct OutFrame<'a, T: Serialize> {
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RequestId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a T>,
}

impl<'a, T: Serialize> OutFrame<'a, T> {
    fn new(kind: &'a str, data: Option<&'a T>) -> Self {
        OutFrame { kind, id: None, epoch: None, n: None, event: None, data }
    }

    fn json(&self) -> String {
        // Our own types have string keys and no fallible serializers, so this cannot fail; an empty object is
        // a frame that the other side answers with an error rather than a panic here.
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned())
    }
}

impl ClientFrame {
    /// Reads a frame that the transport has already limited to [`limits::CLIENT_FRAME_BYTES`].
    pub fn parse(text: &str) -> Result<ClientFrame, FrameError> {
        let envelope = Envelope::parse(text)?;
        let kind = envelope.kind.as_ref();
        match kind {
            "ping" => return Ok(ClientFrame::Ping),
            "ack" => {
                let n = envelope.n.ok_or_else(|| envelope.missing("n"))?;
                return Ok(ClientFrame::Ack { n });
            }
            _ => {}
        }
        if envelope.id.is_none() {
            return match REQUEST_KINDS.contains(&kind) {
                true => Err(envelope.missing("id")),
                false => Ok(ClientFrame::Unknown { kind: shown(kind) }),
            };
        }
        let body = match kind {
            "login" => RequestBody::Login(envelope.data()?),
            "resume" => RequestBody::Resume(envelope.data()?),
            "logout" => RequestBody::Logout,
            "renew_token" => RequestBody::RenewToken(envelope.data()?),
            "upload_log" => RequestBody::UploadLog(envelope.data()?),
            "call_invite" => RequestBody::CallInvite(envelope.data()?),
            "call_cancel" => RequestBody::CallCancel(envelope.data()?),
            "call_accept" => RequestBody::CallAccept(envelope.data()?),
            "call_reject" => RequestBody::CallReject(envelope.data()?),
            "call_received" => RequestBody::CallReceived(envelope.data()?),
            unknown => {
                let (unknown, known) = (shown(unknown), REQUEST_KINDS.join(", "));
                return Err(envelope.error(format!("unknown request kind {unknown:?}; known are {known}")));
            }
        };
        let ttl_ms = envelope.ttl_ms.unwrap_or(limits::REQUEST_TTL_DEFAULT_MS);
        if !limits::REQUEST_TTL_MS.contains(&ttl_ms) {
            let (least, most) = (limits::REQUEST_TTL_MS.start(), limits::REQUEST_TTL_MS.end());
            return Err(envelope.error(format!("ttl_ms must be {least} to {most}; got {ttl_ms}")));
        }
        match envelope.id {
            Some(id) => Ok(ClientFrame::Request(Request { id, ttl_ms, body })),
            None => Err(envelope.missing("id")),
        }
    }
}

impl ServerFrame {
    pub fn to_json(&self) -> String {
        match self {
            ServerFrame::Reply { id, body } => reply_json(id, body),
            ServerFrame::Error { id, fault } => {
                OutFrame { id: id.as_ref(), ..OutFrame::new("error", Some(fault)) }.json()
            }
            ServerFrame::Event { epoch, n, event } => event_json(*epoch, *n, event),
            ServerFrame::UnknownEvent { epoch, n, event } => {
                OutFrame::<()> { epoch: Some(*epoch), n: Some(*n), event: Some(event), ..OutFrame::new("event", None) }
                    .json()
            }
            ServerFrame::Snapshot(data) => OutFrame::new("snapshot", Some(data)).json(),
            ServerFrame::CaughtUp { epoch, n } => {
                OutFrame::<()> { epoch: Some(*epoch), n: Some(*n), ..OutFrame::new("caught_up", None) }.json()
            }
            ServerFrame::TokenWillExpire { seconds } => {
                OutFrame::new("token_will_expire", Some(&Expiry { seconds: *seconds })).json()
            }
            ServerFrame::Pong => OutFrame::<()>::new("pong", None).json(),
            ServerFrame::Closing(data) => OutFrame::new("closing", Some(data)).json(),
            ServerFrame::Unknown { kind } => OutFrame::<()>::new(kind, None).json(),
        }
    }
}

#[derive(Serialize)]
struct Expiry {
    seconds: u32,
}

/// The tag of an adjacently tagged enum beside the envelope's own keys.
#[derive(Serialize)]
struct Tagged<'a, T: Serialize> {
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RequestId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<u64>,
    #[serde(flatten)]
    tagged: &'a T,
}

fn reply_json(id: &RequestId, body: &ReplyBody) -> String {
    let frame = Tagged { kind: "reply", id: Some(id), epoch: None, n: None, tagged: body };
    serde_json::to_string(&frame).unwrap_or_else(|_| "{}".to_owned())
}

fn event_json(epoch: u64, n: u64, event: &CallEvent) -> String {
    let frame = Tagged { kind: "event", id: None, epoch: Some(epoch), n: Some(n), tagged: event };
    serde_json::to_string(&frame).unwrap_or_else(|_| "{}".to_owned())
}

impl<'a> Envelope<'a> {
    fn parse(text: &'a str) -> Result<Envelope<'a>, FrameError> {
        // Derived code would take an array for the keys in their order.
        if !text.trim_start().starts_with('{') {
            return Err(FrameError::envelope(None, "this is not an object"));
        }
        serde_json::from_str(text).map_err(|error| {
            // Whoever sent it learns which request it was, if that much can be read.
            let id = serde_json::from_str::<OnlyId>(text).ok().and_then(|only| only.id);
            FrameError::envelope(id, &error.to_string())
        })
    }

    fn error(&self, message: String) -> FrameError {
        FrameError { id: self.id.clone(), fault: Fault::params(message) }
    }

    fn missing(&self, key: &str) -> FrameError {
        let kind = shown(&self.kind);
        self.error(format!("a frame of kind {kind:?} needs the key {key:?}"))
    }

    fn data<T: DeserializeOwned>(&self) -> Result<T, FrameError> {
        let data = self.data.ok_or_else(|| self.missing("data"))?;
        if !data.get().starts_with('{') {
            let kind = shown(&self.kind);
            return Err(self.error(format!("the data of {kind:?} must be a JSON object")));
        }
        serde_json::from_str(data.get()).map_err(|error| {
            let kind = shown(&self.kind);
            self.error(format!("the data of {kind:?} is not right: {error}"))
        })
    }
}

/// As much of a foreign word as goes into messages and counters.
pub(crate) fn shown(word: &str) -> String {
    word.chars().take(64).collect()
}
