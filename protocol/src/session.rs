//! Sessions on the wire: login, resume, and how one ends.

use serde::{Deserialize, Serialize};

use crate::call::{CallInfo, check_text};
use crate::code::{Code, Fault};
use crate::id::{CallId, DeviceId, SessionId, UserId};
use crate::limits;

/// Who is at the other end, and the proof of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub struct Credentials {
    pub app_id: u32,
    pub user_id: UserId,
    pub device_id: DeviceId,
    #[serde(default)]
    pub user_name: String,
    #[serde(default)]
    pub user_avatar_url: String,
    #[serde(default)]
    pub user_extended_data: String,
    #[serde(default)]
    pub token: String,
    /// 64 hex characters, where the app uses it instead of tokens.
    #[serde(default)]
    pub app_sign: String,
    /// Name and version of the client library, for the server's log.
    #[serde(default)]
    pub client: String,
}

impl Credentials {
    pub fn check(&self) -> Result<(), Fault> {
        check_text("user name", &self.user_name, limits::USER_NAME_BYTES)?;
        check_text("user avatar URL", &self.user_avatar_url, limits::USER_PROFILE_BYTES)?;
        check_text("user extended data", &self.user_extended_data, limits::USER_PROFILE_BYTES)?;
        check_text("token", &self.token, limits::TOKEN_BYTES)?;
        check_text("client", &self.client, limits::USER_NAME_BYTES)?;
        if self.app_sign.is_empty()
            || (self.app_sign.len() == 64 && self.app_sign.bytes().all(|b| b.is_ascii_hexdigit()))
        {
            return Ok(());
        }
        Err(Fault::params("app sign must be empty or 64 hexadecimal characters"))
    }
}

/// `login`: this device takes the user over. An earlier session of the user ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub struct Login {
    #[serde(flatten)]
    pub credentials: Credentials,
    /// The session that this client has logged out of and may not have been heard about: it ends first, as by
    /// `logout`.
    #[serde(default)]
    pub logged_out: Option<SessionId>,
}

/// `resume`: this device goes on where its link broke. Never displaces a later login.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub struct Resume {
    #[serde(flatten)]
    pub credentials: Credentials,
    pub session_id: SessionId,
    pub login_epoch: u64,
    /// The epoch that `cursor` belongs to.
    pub epoch: u64,
    /// The last event taken from the log.
    pub cursor: u64,
    /// Calls that the client believes are running, or that an unanswered invite may have made: a snapshot tells of
    /// them even when they are over. At most [`limits::RESUME_CALLS`].
    #[serde(default)]
    pub calls: Vec<CallId>,
}

impl Resume {
    pub fn check(&self) -> Result<(), Fault> {
        self.credentials.check()?;
        let (most, named) = (limits::RESUME_CALLS, self.calls.len());
        if named > most {
            return Err(Fault::params(format!("a resume may name at most {most} calls; got {named}")));
        }
        Ok(())
    }
}

/// The reply to `login` and `resume`. Behind it come `snapshot_calls` snapshot frames (if any), then the
/// events after `cursor`, then one `caught_up` frame.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LoggedIn {
    pub session_id: SessionId,
    /// Grows with every login of the user.
    pub login_epoch: u64,
    /// Names the past of the server's store. When it is another one, numbers of the old one mean nothing.
    pub epoch: u64,
    /// Events of the log follow from here.
    pub cursor: u64,
    /// So many snapshot frames follow: the state of the user's calls takes the place of the events up to
    /// `cursor`. Missing: the log reaches back, and nothing was lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot_calls: Option<u32>,
    pub heartbeat_interval_ms: u32,
    pub heartbeat_timeout_ms: u32,
    /// Seconds until the token expires, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_expires_in_s: Option<u32>,
}

/// `renew_token`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub struct RenewToken {
    pub token: String,
}

impl RenewToken {
    pub fn check(&self) -> Result<(), Fault> {
        check_text("token", &self.token, limits::TOKEN_BYTES)
    }
}

/// The reply to `renew_token`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TokenRenewed {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_expires_in_s: Option<u32>,
}

/// `upload_log`: one part of the client's own log, parts counted from 0.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub struct UploadLog {
    pub part: u32,
    pub parts: u32,
    /// At most [`limits::LOG_PART_BYTES`] bytes.
    pub text: String,
}

impl UploadLog {
    pub fn check(&self) -> Result<(), Fault> {
        let most = limits::LOG_PARTS;
        if self.parts == 0 || self.parts > most || self.part >= self.parts {
            let (part, parts) = (self.part, self.parts);
            return Err(Fault::params(format!(
                "a log has 1 to {most} parts, counted from 0; got part {part} of {parts}"
            )));
        }
        check_text("log part", &self.text, limits::LOG_PART_BYTES)
    }
}

/// A reply that says nothing but "done".
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Done {}

/// A frame of the snapshot: one call. Its `state` is Ended for calls that are over.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Snapshot {
    pub call: CallInfo,
}

/// The server's last word on a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Closing {
    pub reason: ClosingReason,
    pub code: Code,
    pub message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosingReason {
    /// The user has logged in elsewhere. Do not come back.
    KickedOut,
    /// The token has expired. Do not come back without another.
    TokenExpired,
    /// The app or the user was removed. Do not come back.
    Unregistered,
    /// The server is being stopped or upgraded. Come back.
    ServerStopping,
    /// No sign of the client for too long, or it read too slowly. Come back.
    Idle,
    /// The client sent what the protocol does not allow. Come back later.
    ProtocolError,
    /// Anything else. Come back.
    Unknown,
}

impl ClosingReason {
    /// Whether the session is over for good.
    pub fn is_final(self) -> bool {
        match self {
            Self::KickedOut | Self::TokenExpired | Self::Unregistered => true,
            Self::ServerStopping | Self::Idle | Self::ProtocolError | Self::Unknown => false,
        }
    }
}
