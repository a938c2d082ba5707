//! How a client reads what a server sends.
//!
//! Of each object the numbers come first and what owns memory comes last: then little has to be thrown away where a field
//! is wrong, and the code that does it is in the library once for every field.

use crate::call::{
    CallAnswered, CallCancelled, CallChange, CallEvent, CallInfo, CallInvited, CallMode, CallState, CallUser,
    CallUserState, ErrorUser, Trigger,
};
use crate::code::{Code, Fault};
use crate::frame::{FrameError, ReplyBody, ServerFrame, shown};
use crate::id::{CallId, RequestId, SessionId, UserId};
use crate::json::{Fields, Json, Wrong, refusal};
use crate::session::{Closing, ClosingReason, Done, LoggedIn, Snapshot, TokenRenewed};

/// Every key that is read below, at any depth. What is not in here is not even kept until it is looked for.
const KNOWN: &str = "kind id epoch n event of data session_id login_epoch cursor snapshot_calls heartbeat_interval_ms \
    heartbeat_timeout_ms token_expires_in_s seconds call_id rev mode state caller inviter extended_data created_at \
    timeout_s remaining_ms users error_users user_id trigger by ended by_this_device call reason code message";

fn is_known(key: &str) -> bool {
    KNOWN.split(' ').any(|known| known == key)
}

/// The keys of the envelope, all of them right.
struct Envelope<'j> {
    kind: &'j str,
    id: Option<RequestId>,
    epoch: Option<u64>,
    n: Option<u64>,
    event: Option<&'j str>,
    of: Option<&'j str>,
    /// Looked into where the kind needs it only.
    data: Option<&'j Json<'j>>,
}

impl ServerFrame {
    /// Reads a frame that the transport has already limited to [`crate::limits::SERVER_FRAME_BYTES`].
    // Not inlined, as some below: within each other, and within the loop of the engine, they take a tenth more.
    #[inline(never)]
    pub fn parse(text: &str) -> Result<ServerFrame, FrameError> {
        let json = Json::object(text, is_known).map_err(|detail| {
            // Who waits for the answer hears of it, if that much can be read.
            let id = Json::object(text, |key| key == "id").ok().and_then(|json| id(json.fields()?));
            FrameError::envelope(id, &detail)
        })?;
        let fields = json.fields().unwrap_or_default();
        let envelope = Envelope::read(fields).map_err(|wrong| FrameError::envelope(id(fields), &wrong.message))?;
        envelope.frame().map_err(|wrong| FrameError { id: envelope.id, fault: *wrong })
    }
}

/// What can be saved of an envelope that is wrong elsewhere.
fn id(fields: Fields<'_>) -> Option<RequestId> {
    fields.optional_id("id", RequestId::parse).ok().flatten()
}

impl<'j> Envelope<'j> {
    fn read(fields: Fields<'j>) -> Result<Envelope<'j>, Wrong> {
        Ok(Envelope {
            kind: fields.text("kind")?,
            epoch: fields.optional_u64("epoch")?,
            n: fields.optional_u64("n")?,
            event: fields.optional_text("event")?,
            of: fields.optional_text("of")?,
            data: fields.optional("data")?,
            id: fields.optional_id("id", RequestId::parse)?,
        })
    }

    #[inline(never)]
    fn frame(&self) -> Result<ServerFrame, Wrong> {
        Ok(match self.kind {
            "reply" => {
                let id = self.id.clone().ok_or_else(|| self.missing("id"))?;
                ServerFrame::Reply { id, body: self.reply()? }
            }
            "error" => ServerFrame::Error { fault: self.data(fault)?, id: self.id.clone() },
            "event" => return self.event(),
            "snapshot" => ServerFrame::Snapshot(self.data(snapshot)?),
            "caught_up" => {
                let (epoch, n) = self.position()?;
                ServerFrame::CaughtUp { epoch, n }
            }
            "token_will_expire" => ServerFrame::TokenWillExpire { seconds: self.data(|data| data.u32("seconds"))? },
            "pong" => ServerFrame::Pong,
            "closing" => ServerFrame::Closing(self.data(closing)?),
            unknown => ServerFrame::Unknown { kind: shown(unknown) },
        })
    }

    #[inline(never)]
    fn reply(&self) -> Result<ReplyBody, Wrong> {
        Ok(match self.of {
            Some("login") => ReplyBody::Login(self.data(logged_in)?),
            Some("resume") => ReplyBody::Resume(self.data(logged_in)?),
            Some("logout") => ReplyBody::Logout(Done {}),
            Some("renew_token") => ReplyBody::RenewToken(self.data(token_renewed)?),
            Some("upload_log") => ReplyBody::UploadLog(Done {}),
            Some("call_invite") => ReplyBody::CallInvite(self.data(call_invited)?),
            Some("call_cancel") => ReplyBody::CallCancel(self.data(call_cancelled)?),
            Some("call_accept") => ReplyBody::CallAccept(self.data(call_answered)?),
            Some("call_reject") => ReplyBody::CallReject(self.data(call_answered)?),
            Some("call_received") => ReplyBody::CallReceived(self.data(call_answered)?),
            Some(unknown) => {
                return Err(refusal(format!("a reply to an unknown request kind {:?}", shown(unknown))));
            }
            None => return Err(self.missing("of")),
        })
    }

    #[inline(never)]
    fn event(&self) -> Result<ServerFrame, Wrong> {
        let (epoch, n) = self.position()?;
        let event = match self.event {
            Some("call_invited") => CallEvent::CallInvited(self.data(call_info)?),
            Some("call_created") => CallEvent::CallCreated {
                by_this_device: self.data(|data| data.flag("by_this_device"))?,
                call: self.data(call_info)?,
            },
            Some("call_changed") => CallEvent::CallChanged(self.data(call_change)?),
            Some(unknown) => return Ok(ServerFrame::UnknownEvent { epoch, n, event: shown(unknown) }),
            None => return Err(self.missing("event")),
        };
        Ok(ServerFrame::Event { epoch, n, event })
    }

    fn position(&self) -> Result<(u64, u64), Wrong> {
        let epoch = self.epoch.ok_or_else(|| self.missing("epoch"))?;
        let n = self.n.ok_or_else(|| self.missing("n"))?;
        Ok((epoch, n))
    }

    fn data<T>(&self, read: fn(Fields<'j>) -> Result<T, Wrong>) -> Result<T, Wrong> {
        read(self.fields()?).map_err(|wrong| self.wrong(&wrong))
    }

    fn fields(&self) -> Result<Fields<'j>, Wrong> {
        let data = self.data.ok_or_else(|| self.missing("data"))?;
        data.fields().ok_or_else(|| refusal(format!("the data of {:?} must be a JSON object", self.kind)))
    }

    fn wrong(&self, wrong: &Fault) -> Wrong {
        refusal(format!("the data of {:?} is not right: {}", self.kind, wrong.message))
    }

    fn missing(&self, key: &str) -> Wrong {
        refusal(format!("a frame of kind {:?} needs the key {key:?}", shown(self.kind)))
    }
}

fn fault(data: Fields<'_>) -> Result<Fault, Wrong> {
    Ok(Fault { code: Code(data.i32("code")?), message: data.string("message")? })
}

fn logged_in(data: Fields<'_>) -> Result<LoggedIn, Wrong> {
    Ok(LoggedIn {
        login_epoch: data.u64("login_epoch")?,
        epoch: data.u64("epoch")?,
        cursor: data.u64("cursor")?,
        snapshot_calls: data.optional_u32("snapshot_calls")?,
        heartbeat_interval_ms: data.u32("heartbeat_interval_ms")?,
        heartbeat_timeout_ms: data.u32("heartbeat_timeout_ms")?,
        token_expires_in_s: data.optional_u32("token_expires_in_s")?,
        session_id: data.id("session_id", SessionId::parse)?,
    })
}

fn token_renewed(data: Fields<'_>) -> Result<TokenRenewed, Wrong> {
    Ok(TokenRenewed { token_expires_in_s: data.optional_u32("token_expires_in_s")? })
}

fn call_invited(data: Fields<'_>) -> Result<CallInvited, Wrong> {
    Ok(CallInvited {
        timeout_s: data.u32("timeout_s")?,
        call_id: data.id("call_id", CallId::parse)?,
        error_users: data.list_or_empty("error_users", error_user)?,
    })
}

fn call_cancelled(data: Fields<'_>) -> Result<CallCancelled, Wrong> {
    Ok(CallCancelled {
        call_id: data.id("call_id", CallId::parse)?,
        error_users: data.list_or_empty("error_users", error_user)?,
    })
}

fn call_answered(data: Fields<'_>) -> Result<CallAnswered, Wrong> {
    Ok(CallAnswered { call_id: data.id("call_id", CallId::parse)? })
}

fn error_user(data: Fields<'_>) -> Result<ErrorUser, Wrong> {
    Ok(ErrorUser { reason: Code(data.i32("reason")?), user_id: data.id("user_id", UserId::parse)? })
}

fn call_info(data: Fields<'_>) -> Result<CallInfo, Wrong> {
    Ok(CallInfo {
        rev: data.u64("rev")?,
        mode: CallMode::from(data.i32("mode")?),
        state: CallState::from(data.i32("state")?),
        created_at: data.i64("created_at")?,
        timeout_s: data.u32("timeout_s")?,
        remaining_ms: data.u64("remaining_ms")?,
        call_id: data.id("call_id", CallId::parse)?,
        caller: data.id("caller", UserId::parse)?,
        inviter: data.id("inviter", UserId::parse)?,
        extended_data: data.text_or_empty("extended_data")?,
        users: data.list("users", call_user)?,
    })
}

fn call_user(data: Fields<'_>) -> Result<CallUser, Wrong> {
    Ok(CallUser {
        state: CallUserState::from(data.i32("state")?),
        reason: Code(data.i32_or_zero("reason")?),
        user_id: data.id("user_id", UserId::parse)?,
        extended_data: data.text_or_empty("extended_data")?,
    })
}

fn call_change(data: Fields<'_>) -> Result<CallChange, Wrong> {
    Ok(CallChange {
        rev: data.u64("rev")?,
        trigger: match data.text("trigger")? {
            "received" => Trigger::Received,
            "not_received" => Trigger::NotReceived,
            "accepted" => Trigger::Accepted,
            "rejected" => Trigger::Rejected,
            "cancelled" => Trigger::Cancelled,
            "timeout" => Trigger::Timeout,
            _ => Trigger::Unknown,
        },
        ended: data.flag_or_false("ended")?,
        call_id: data.id("call_id", CallId::parse)?,
        by: data.optional_id("by", UserId::parse)?,
        extended_data: data.text_or_empty("extended_data")?,
        users: data.list("users", call_user)?,
    })
}

fn snapshot(data: Fields<'_>) -> Result<Snapshot, Wrong> {
    Ok(Snapshot { call: call_info(data.object("call")?)? })
}

fn closing(data: Fields<'_>) -> Result<Closing, Wrong> {
    Ok(Closing {
        reason: match data.text("reason")? {
            "kicked_out" => ClosingReason::KickedOut,
            "token_expired" => ClosingReason::TokenExpired,
            "unregistered" => ClosingReason::Unregistered,
            "server_stopping" => ClosingReason::ServerStopping,
            "idle" => ClosingReason::Idle,
            "protocol_error" => ClosingReason::ProtocolError,
            _ => ClosingReason::Unknown,
        },
        code: Code(data.i32("code")?),
        message: data.string("message")?,
    })
}
