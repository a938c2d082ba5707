use zim_protocol::call::{CallCancel, CallReceived};
use zim_protocol::code::{Code, Fault};
use zim_protocol::frame::{ClientFrame, ReplyBody, Request, RequestBody};
use zim_protocol::id::{CallId, RequestId};
use zim_protocol::limits;

use super::client::{ClientSession, Output, Phase, Ticket, put};
use super::link::{Link, expiry};
use crate::Millis;
use crate::call::{CallView, ViewInput};
use crate::pending::{Owner, Pending};

/// A server that could not do what the client itself asked for is asked again after this.
const ASK_AGAIN_MS: Millis = 5_000;

impl ClientSession {
    /// The host asks for something.
    pub(super) fn request(
        &mut self,
        now: Millis,
        ticket: Ticket,
        timeout_ms: u32,
        body: RequestBody,
        outputs: &mut Vec<Output>,
    ) {
        let refusal = match &self.phase {
            Phase::LoggedIn(_) => refuse(&body),
            Phase::LoggedOut | Phase::LoggingIn(_) => {
                Some(Fault::new(Code::USER_IS_NOT_LOGGED, "log in first: this client is not logged in"))
            }
            Phase::Destroyed => Some(Fault::new(Code::CLIENT_DESTROYED, "the client was destroyed")),
        };
        let id = match refusal {
            Some(fault) => Err(fault),
            None => self.request_id("", ticket),
        };
        match id {
            Ok(id) => {
                let timeout = timeout_ms.clamp(*limits::REQUEST_TTL_MS.start(), *limits::REQUEST_TTL_MS.end());
                let expires = now.saturating_add(Millis::from(timeout));
                if let Some(call) = answers(&body) {
                    self.tell_view(now, &call.clone(), ViewInput::Answering, outputs);
                }
                self.pending.enter(Pending::new(id, Owner::Host { ticket, expires }, body));
            }
            Err(fault) => put(outputs, Output::Complete { ticket, result: Err(fault) }),
        }
    }

    /// Sends what has not been sent on this connection.
    pub(super) fn send_pending(&mut self, now: Millis, outputs: &mut Vec<Output>) {
        if self.link.up().is_none() {
            return;
        }
        while let Some(request) = self.pending.next_to_send(now) {
            self.send(now, ClientFrame::Request(request), outputs);
        }
    }

    pub(super) fn acknowledge(&mut self, now: Millis, outputs: &mut Vec<Output>) {
        if self.link.up().is_none() {
            return;
        }
        if let Some(n) = self.deliveries.ack(now) {
            self.send(now, ClientFrame::Ack { n }, outputs);
        }
    }

    /// The host's callbacks have returned. An invitation that it has seen counts as received.
    pub(super) fn delivered(&mut self, now: Millis, delivery: u64, outputs: &mut Vec<Output>) {
        let Some(call_id) = self.deliveries.returned(delivery) else { return };
        if self.views.get(&call_id).is_some_and(|view| view.is_ringing()) {
            self.ask(RequestBody::CallReceived(CallReceived { call_id }), 0);
        }
        self.send_pending(now, outputs);
    }

    /// A request has its answer, or will never have one. The result reaches the host before anything that follows.
    pub(super) fn complete(
        &mut self,
        now: Millis,
        pending: Box<Pending>,
        mut result: Result<ReplyBody, Fault>,
        outputs: &mut Vec<Output>,
    ) {
        let kind = pending.body.kind();
        if let Ok(reply) = &result
            && reply_kind(reply) != kind
        {
            let message = format!("the server has answered {kind} with {}", reply_kind(reply));
            result = Err(Fault::new(Code::RSP_PROTO_PARSE_ERROR, message));
        }
        let ticket = match pending.owner {
            Owner::Host { ticket, .. } => ticket,
            Owner::Internal => return self.heard_of(now, pending.body, result.err()),
        };
        match (&pending.body, &result) {
            (RequestBody::CallInvite(invite), Ok(ReplyBody::CallInvite(answer))) => {
                if let Some(credentials) = self.phase.credentials()
                    && self.views.get(&invite.call_id).is_none()
                {
                    let view = CallView::requested(&credentials.user_id, invite, answer);
                    self.views.insert(invite.call_id.clone(), Box::new(view));
                }
            }
            (RequestBody::CallInvite(invite), Err(fault)) if pending.was_sent && is_unknown(fault.code) => {
                self.withdraw(&invite.call_id)
            }
            (RequestBody::RenewToken(renewal), Ok(ReplyBody::RenewToken(renewed))) => {
                if let Some(session) = self.session_mut() {
                    session.credentials.token.clone_from(&renewal.token);
                    session.token_expires = expiry(now, renewed.token_expires_in_s);
                }
            }
            (
                RequestBody::Login(_)
                | RequestBody::Resume(_)
                | RequestBody::Logout
                | RequestBody::RenewToken(_)
                | RequestBody::UploadLog(_)
                | RequestBody::CallInvite(_)
                | RequestBody::CallCancel(_)
                | RequestBody::CallAccept(_)
                | RequestBody::CallReject(_)
                | RequestBody::CallReceived(_),
                Ok(_) | Err(_),
            ) => {}
        }
        let done = result.is_ok();
        put(outputs, Output::Complete { ticket, result });
        if let Some(call) = answers(&pending.body) {
            self.tell_view(now, call, ViewInput::Answered { done }, outputs);
        }
    }

    /// The time that the host gave a request is up.
    pub(super) fn expired(&mut self, now: Millis, pending: Box<Pending>, outputs: &mut Vec<Output>) {
        let message = match (pending.was_sent, &self.link) {
            (false, _) => "there was no link to the server within the request's time; it was not sent",
            (true, Link::Up(_)) => "the server has not answered within the request's time",
            (true, Link::Down | Link::Waiting { .. } | Link::Opening { .. } | Link::Greeting { .. }) => {
                "the link was lost, and did not return within the request's time"
            }
        };
        self.complete(now, pending, Err(Fault::new(Code::REQUEST_TIMEOUT, message)), outputs);
    }

    /// Every ticket that is open completes with `fault`.
    pub(super) fn complete_all(&mut self, now: Millis, fault: &Fault, outputs: &mut Vec<Output>) {
        if let Phase::LoggingIn(attempt) = &self.phase {
            put(outputs, Output::Complete { ticket: attempt.ticket, result: Err(fault.clone()) });
        }
        for pending in self.pending.take_all() {
            match pending.owner {
                Owner::Host { .. } => self.complete(now, pending, Err(fault.clone()), outputs),
                Owner::Internal => {}
            }
        }
    }

    /// Best effort: what the server should know before this client goes.
    pub(super) fn say_goodbye(&mut self, now: Millis, outputs: &mut Vec<Output>) {
        match &self.link {
            Link::Greeting { .. } | Link::Up(_) => {}
            Link::Down | Link::Waiting { .. } | Link::Opening { .. } => return,
        }
        self.send_pending(now, outputs);
        if let Some(id) = self.internal_id() {
            let ttl_ms = limits::REQUEST_TTL_DEFAULT_MS;
            self.send(now, ClientFrame::Request(Request { id, ttl_ms, body: RequestBody::Logout }), outputs);
        }
    }

    /// Nobody knows whether the server has taken the invite; the host was told that it failed.
    fn withdraw(&mut self, call: &CallId) {
        if let Some(credentials) = self.phase.credentials() {
            self.withdrawn.add(call.clone(), credentials.user_id.clone());
            self.views.remove(call);
            self.find_next_ring();
            self.tell_withdrawn(call.clone());
        }
    }

    pub(super) fn tell_withdrawn(&mut self, call_id: CallId) {
        let withdrawal =
            CallCancel { call_id, invitees: Vec::new(), extended_data: String::new(), push: None, withdraw: true };
        self.ask(RequestBody::CallCancel(withdrawal), 0);
    }

    /// A request that nobody waits for, to be sent from `at` on.
    fn ask(&mut self, body: RequestBody, at: Millis) {
        if let Some(id) = self.internal_id() {
            self.pending.enter(Pending::new(id, Owner::Internal, body).not_before(at));
        }
    }

    /// The server has answered what the client itself has asked for.
    fn heard_of(&mut self, now: Millis, body: RequestBody, refusal: Option<Fault>) {
        if refusal.is_some_and(|fault| is_unknown(fault.code) || is_passing(fault.code)) {
            return self.ask(body, now.saturating_add(ASK_AGAIN_MS));
        }
        if let RequestBody::CallCancel(withdrawal) = body {
            self.withdrawn.heard(&withdrawal.call_id);
        }
    }

    /// An ID for a request that the client makes by itself: never one of a ticket's.
    pub(super) fn internal_id(&mut self) -> Option<RequestId> {
        self.last_internal += 1;
        self.request_id("i", self.last_internal).ok()
    }

    fn request_id(&self, kind: &str, number: u64) -> Result<RequestId, Fault> {
        RequestId::parse(&format!("{}.{kind}{number}", self.request_prefix))
            .map_err(|fault| Fault::new(Code::INTERNAL_ERROR, fault.message))
    }
}

/// What is not the host's to ask for.
fn refuse(body: &RequestBody) -> Option<Fault> {
    match body {
        RequestBody::RenewToken(_)
        | RequestBody::UploadLog(_)
        | RequestBody::CallInvite(_)
        | RequestBody::CallCancel(_)
        | RequestBody::CallAccept(_)
        | RequestBody::CallReject(_) => None,
        RequestBody::Login(_) | RequestBody::Resume(_) | RequestBody::Logout | RequestBody::CallReceived(_) => {
            Some(Fault::new(Code::INTERNAL_ERROR, format!("{} is not a request of the host's", body.kind())))
        }
    }
}

/// The call whose invitation a request answers.
fn answers(body: &RequestBody) -> Option<&CallId> {
    match body {
        RequestBody::CallAccept(answer) | RequestBody::CallReject(answer) => Some(&answer.call_id),
        RequestBody::Login(_)
        | RequestBody::Resume(_)
        | RequestBody::Logout
        | RequestBody::RenewToken(_)
        | RequestBody::UploadLog(_)
        | RequestBody::CallInvite(_)
        | RequestBody::CallCancel(_)
        | RequestBody::CallReceived(_) => None,
    }
}

/// Failures that leave open whether the server has done what was asked.
fn is_unknown(code: Code) -> bool {
    matches!(
        code,
        Code::REQUEST_TIMEOUT
            | Code::SERVER_DISCONNECT
            | Code::SERVER_ERROR
            | Code::DATABASE_ERROR
            | Code::RSP_PROTO_PARSE_ERROR
            | Code::USER_HAS_ALREADY_LOGGED_OUT
            | Code::KICKED_OUT
            | Code::TOKEN_EXPIRED
            | Code::INVALID_APP_ID
            | Code::CLIENT_DESTROYED
    )
}

/// Failures after which the same request may succeed.
fn is_passing(code: Code) -> bool {
    matches!(code, Code::SERVER_FREQUENCY_LIMIT | Code::SERVER_STOPPING)
}

fn reply_kind(reply: &ReplyBody) -> &'static str {
    match reply {
        ReplyBody::Login(_) => "login",
        ReplyBody::Resume(_) => "resume",
        ReplyBody::Logout(_) => "logout",
        ReplyBody::RenewToken(_) => "renew_token",
        ReplyBody::UploadLog(_) => "upload_log",
        ReplyBody::CallInvite(_) => "call_invite",
        ReplyBody::CallCancel(_) => "call_cancel",
        ReplyBody::CallAccept(_) => "call_accept",
        ReplyBody::CallReject(_) => "call_reject",
        ReplyBody::CallReceived(_) => "call_received",
    }
}
