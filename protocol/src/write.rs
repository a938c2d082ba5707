//! How a client writes what it sends.
//!
//! Every struct is taken apart by name: a field that nobody writes does not compile.

use crate::call::{CallAnswer, CallCancel, CallInvite, CallReceived, PushConfig, VoipConfig};
use crate::frame::{ClientFrame, Request, RequestBody};
use crate::json::ObjectWriter;
use crate::session::{Credentials, Login, RenewToken, Resume, UploadLog};

impl ClientFrame {
    pub fn to_json(&self) -> String {
        let mut frame = ObjectWriter::default();
        match self {
            ClientFrame::Request(request) => return request.to_json(),
            ClientFrame::Ack { n } => {
                frame.text("kind", "ack");
                frame.u64("n", *n);
            }
            ClientFrame::Ping => frame.text("kind", "ping"),
            ClientFrame::Unknown { kind } => frame.text("kind", kind),
        }
        frame.end()
    }
}

impl Request {
    pub fn to_json(&self) -> String {
        let Request { id, ttl_ms, body } = self;
        let mut frame = ObjectWriter::default();
        frame.text("kind", body.kind());
        frame.text("id", id.as_str());
        frame.u64("ttl_ms", (*ttl_ms).into());
        let mut data = ObjectWriter::default();
        match body {
            RequestBody::Login(body) => login(&mut data, body),
            RequestBody::Resume(body) => resume(&mut data, body),
            RequestBody::Logout => return frame.end(),
            RequestBody::RenewToken(RenewToken { token }) => data.text("token", token),
            RequestBody::UploadLog(body) => upload_log(&mut data, body),
            RequestBody::CallInvite(body) => call_invite(&mut data, body),
            RequestBody::CallCancel(body) => call_cancel(&mut data, body),
            RequestBody::CallAccept(body) | RequestBody::CallReject(body) => call_answer(&mut data, body),
            RequestBody::CallReceived(CallReceived { call_id }) => data.text("call_id", call_id.as_str()),
        }
        frame.object("data", data);
        frame.end()
    }
}

fn credentials(data: &mut ObjectWriter, body: &Credentials) {
    let Credentials {
        app_id,
        user_id,
        device_id,
        user_name,
        user_avatar_url,
        user_extended_data,
        token,
        app_sign,
        client,
    } = body;
    data.u64("app_id", (*app_id).into());
    data.text("user_id", user_id.as_str());
    data.text("device_id", device_id.as_str());
    data.text_unless_empty("user_name", user_name);
    data.text_unless_empty("user_avatar_url", user_avatar_url);
    data.text_unless_empty("user_extended_data", user_extended_data);
    data.text_unless_empty("token", token);
    data.text_unless_empty("app_sign", app_sign);
    data.text_unless_empty("client", client);
}

fn login(data: &mut ObjectWriter, body: &Login) {
    let Login { credentials: who, logged_out } = body;
    credentials(data, who);
    if let Some(session) = logged_out {
        data.text("logged_out", session.as_str());
    }
}

fn resume(data: &mut ObjectWriter, body: &Resume) {
    let Resume { credentials: who, session_id, login_epoch, epoch, cursor, calls } = body;
    credentials(data, who);
    data.text("session_id", session_id.as_str());
    data.u64("login_epoch", *login_epoch);
    data.u64("epoch", *epoch);
    data.u64("cursor", *cursor);
    if !calls.is_empty() {
        data.texts("calls", &mut calls.iter().map(|call| call.as_str()));
    }
}

fn upload_log(data: &mut ObjectWriter, body: &UploadLog) {
    let UploadLog { part, parts, text } = body;
    data.u64("part", (*part).into());
    data.u64("parts", (*parts).into());
    data.text("text", text);
}

fn call_invite(data: &mut ObjectWriter, body: &CallInvite) {
    let CallInvite { call_id, invitees, timeout_s, mode, extended_data, not_received_check, push } = body;
    data.text("call_id", call_id.as_str());
    data.texts("invitees", &mut invitees.iter().map(|user| user.as_str()));
    data.u64("timeout_s", (*timeout_s).into());
    data.i64("mode", i32::from(*mode).into());
    data.text_unless_empty("extended_data", extended_data);
    data.flag_if_set("not_received_check", *not_received_check);
    if let Some(config) = push {
        data.object("push", push_config(config));
    }
}

fn call_cancel(data: &mut ObjectWriter, body: &CallCancel) {
    let CallCancel { call_id, invitees, extended_data, push, withdraw } = body;
    data.text("call_id", call_id.as_str());
    data.texts("invitees", &mut invitees.iter().map(|user| user.as_str()));
    data.text_unless_empty("extended_data", extended_data);
    if let Some(config) = push {
        data.object("push", push_config(config));
    }
    data.flag_if_set("withdraw", *withdraw);
}

fn call_answer(data: &mut ObjectWriter, body: &CallAnswer) {
    let CallAnswer { call_id, extended_data } = body;
    data.text("call_id", call_id.as_str());
    data.text_unless_empty("extended_data", extended_data);
}

fn push_config(config: &PushConfig) -> ObjectWriter {
    let PushConfig { title, content, payload, resources_id, thread_id, enable_badge, badge_increment, voip } = config;
    let mut push = ObjectWriter::default();
    push.text("title", title);
    push.text("content", content);
    push.text("payload", payload);
    push.text("resources_id", resources_id);
    push.text("thread_id", thread_id);
    push.flag("enable_badge", *enable_badge);
    push.i64("badge_increment", (*badge_increment).into());
    if let Some(VoipConfig { handle_type, handle_value, has_video }) = voip {
        let mut voip = ObjectWriter::default();
        voip.i64("handle_type", (*handle_type).into());
        voip.text("handle_value", handle_value);
        voip.flag("has_video", *has_video);
        push.object("voip", voip);
    }
    push
}
