use zim_protocol::call::{CallEvent, CallInfo};
use zim_protocol::code::{Code, Fault};
use zim_protocol::frame::{ReplyBody, ServerFrame};
use zim_protocol::id::{CallId, RequestId};
use zim_protocol::session::LoggedIn;

use super::client::{ClientSession, ConnectionEvent, Output, Phase, Session, SessionEvent, put};
use super::link::{Link, expiry, newest_token};
use crate::Millis;
use crate::call::FirstWord;
use crate::table::search;

/// Entries kept back at most. A server sends fewer by far; one that does not is left, and resumed from the start.
const HELD: usize = 4_096;

/// What a new connection brings before it is up to date. Nothing of it reaches the host until all of it is there,
/// and until every request that was sent again has its answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct CatchUp {
    /// The calls that the server was asked about.
    asked: Vec<CallId>,
    epoch: u64,
    cursor: u64,
    /// The snapshot takes the place of what was missed; otherwise the log's entries follow.
    is_snapshot: bool,
    snapshots_left: u32,
    held: Vec<Held>,
    is_complete: bool,
}

/// Something that the server has sent, and when it arrived: the time left counts from there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Held {
    pub at: Millis,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum What {
    Snapshot(CallInfo),
    Event {
        n: u64,
        event: CallEvent,
    },
    /// The log has been read up to here; nothing for the host.
    Passed {
        n: u64,
    },
}

impl CatchUp {
    pub fn new(asked: Vec<CallId>, answer: &LoggedIn, known_epoch: u64) -> CatchUp {
        CatchUp {
            asked,
            epoch: answer.epoch,
            cursor: answer.cursor,
            is_snapshot: answer.epoch != known_epoch || answer.snapshot_calls.is_some(),
            snapshots_left: answer.snapshot_calls.unwrap_or(0),
            held: Vec::new(),
            is_complete: false,
        }
    }
}

impl ClientSession {
    pub(super) fn frame(&mut self, now: Millis, frame: ServerFrame, outputs: &mut Vec<Output>) {
        match frame {
            ServerFrame::Reply { id, body } => self.answered(now, id, Ok(body), outputs),
            ServerFrame::Error { id: Some(id), fault } => self.answered(now, id, Err(fault), outputs),
            ServerFrame::Error { id: None, fault } => self.emit(SessionEvent::Error(fault), outputs),
            ServerFrame::Event { epoch, n, event } => {
                self.log_entry(now, epoch, What::Event { n, event }, outputs);
            }
            ServerFrame::UnknownEvent { epoch, n, .. } => {
                self.unknown_frames = self.unknown_frames.saturating_add(1);
                self.log_entry(now, epoch, What::Passed { n }, outputs);
            }
            ServerFrame::Snapshot(snapshot) => self.snapshot(now, snapshot.call, outputs),
            ServerFrame::CaughtUp { epoch, n } => self.caught_up(now, epoch, n, outputs),
            ServerFrame::TokenWillExpire { seconds } => match &self.phase {
                Phase::LoggedIn(_) => self.emit(SessionEvent::TokenWillExpire { seconds }, outputs),
                Phase::LoggedOut | Phase::LoggingIn(_) | Phase::Destroyed => {}
            },
            ServerFrame::Pong => {}
            ServerFrame::Closing(closing) => self.closing(now, closing, outputs),
            ServerFrame::Unknown { .. } => self.unknown_frames = self.unknown_frames.saturating_add(1),
        }
    }

    /// An answer to the greeting, or to a request in the table. One that nobody waits for is let go.
    fn answered(&mut self, now: Millis, id: RequestId, result: Result<ReplyBody, Fault>, outputs: &mut Vec<Output>) {
        match &mut self.link {
            Link::Greeting { request, asked, .. } if *request == id => {
                let asked = std::mem::take(asked);
                match result {
                    Ok(body) => self.welcomed(now, asked, body, outputs),
                    Err(fault) => self.turned_away(now, fault, outputs),
                }
            }
            Link::Up(_) => {
                if let Some(pending) = self.pending.take(&id) {
                    self.complete(now, pending, result, outputs);
                }
            }
            Link::Down | Link::Waiting { .. } | Link::Opening { .. } | Link::Greeting { .. } => {}
        }
    }

    fn welcomed(&mut self, now: Millis, asked: Vec<CallId>, body: ReplyBody, outputs: &mut Vec<Output>) {
        let (ReplyBody::Login(answer) | ReplyBody::Resume(answer)) = &body else {
            return self.violated(now, "the server has answered the login as if it were another request", outputs);
        };
        let token_expires = expiry(now, answer.token_expires_in_s);
        match &mut self.phase {
            Phase::LoggedOut | Phase::Destroyed => return,
            Phase::LoggingIn(attempt) => {
                let (ticket, credentials) = (attempt.ticket, attempt.credentials.clone());
                let user = credentials.user_id.clone();
                let (id, login_epoch) = (answer.session_id.clone(), answer.login_epoch);
                let session = Session { credentials, id, login_epoch, epoch: 0, cursor: 0, token_expires };
                self.phase = Phase::LoggedIn(session);
                self.left = None;
                self.deliveries.forget_session();
                self.stands(now, asked, answer, 0);
                put(outputs, Output::Complete { ticket, result: Ok(body) });
                for call in self.withdrawn.unheard(&user) {
                    self.tell_withdrawn(call);
                }
            }
            Phase::LoggedIn(session) => {
                let epoch = session.epoch;
                if answer.snapshot_calls.is_none() && (answer.epoch != epoch || answer.cursor > session.cursor) {
                    let message = "the server goes on from where this client has never been, without a snapshot";
                    return self.violated(now, message, outputs);
                }
                if let Some(token) = newest_token(&self.pending, now, session) {
                    session.credentials.token.clone_from(token);
                }
                session.id.clone_from(&answer.session_id);
                session.login_epoch = answer.login_epoch;
                session.token_expires = token_expires;
                if answer.epoch != epoch {
                    self.deliveries.forget_log();
                }
                self.stands(now, asked, answer, epoch);
            }
        }
        self.emit_state(ConnectionEvent::Success, None, outputs);
    }

    fn turned_away(&mut self, now: Millis, fault: Fault, outputs: &mut Vec<Output>) {
        let is_resume = match &self.phase {
            Phase::LoggedIn(_) => true,
            Phase::LoggedOut | Phase::LoggingIn(_) | Phase::Destroyed => false,
        };
        match fault.code {
            // The server would not begin, or is about to go: nothing is wrong with the login.
            Code::SERVER_STOPPING | Code::REQUEST_TIMEOUT => self.give_up(now, fault, outputs),
            Code::KICKED_OUT => self.end(now, fault, ConnectionEvent::KickedOut, outputs),
            Code::TOKEN_EXPIRED => self.end(now, fault, ConnectionEvent::TokenExpired, outputs),
            Code::TOKEN_INVALID | Code::TOKEN_VERSION_ERROR | Code::TOKEN_TIME_IS_TOO_SHORT if is_resume => {
                self.end(now, fault, ConnectionEvent::TokenExpired, outputs);
            }
            Code::INVALID_APP_ID if is_resume => self.end(now, fault, ConnectionEvent::Unregistered, outputs),
            _ if is_resume => self.give_up(now, fault, outputs),
            _ => self.end(now, fault, ConnectionEvent::LoginInterrupted, outputs),
        }
    }

    fn snapshot(&mut self, now: Millis, call: CallInfo, outputs: &mut Vec<Output>) {
        let catch_up = self.link.up_mut().and_then(|up| up.catch_up.as_mut());
        let Some(catch_up) = catch_up.filter(|catch_up| catch_up.snapshots_left > 0) else {
            return self.violated(now, "the server has sent a snapshot that it had not announced", outputs);
        };
        catch_up.snapshots_left -= 1;
        catch_up.held.push(Held { at: now, what: What::Snapshot(call) });
        self.limit_held(now, outputs);
    }

    fn log_entry(&mut self, now: Millis, epoch: u64, what: What, outputs: &mut Vec<Output>) {
        let (known, held) = match (self.link.up_mut(), &self.phase) {
            (Some(up), Phase::LoggedIn(session)) => match &mut up.catch_up {
                Some(catch_up) => (catch_up.epoch, Some(catch_up)),
                None => (session.epoch, None),
            },
            (Some(_) | None, Phase::LoggedOut | Phase::LoggingIn(_) | Phase::LoggedIn(_) | Phase::Destroyed) => {
                return self.violated(now, "the server has sent an event before it has answered the login", outputs);
            }
        };
        if epoch != known {
            let fault = Fault::new(Code::SERVER_DISCONNECT, "the server's past has changed; its state is fetched anew");
            return self.give_up(now, fault, outputs);
        }
        let entry = Held { at: now, what };
        let Some(catch_up) = held else { return self.take(now, entry, &[], outputs) };
        if catch_up.snapshots_left > 0 {
            return self.violated(now, "the server has sent an event before the end of its snapshot", outputs);
        }
        catch_up.held.push(entry);
        self.limit_held(now, outputs);
    }

    fn caught_up(&mut self, now: Millis, epoch: u64, n: u64, outputs: &mut Vec<Output>) {
        self.log_entry(now, epoch, What::Passed { n }, outputs);
        if let Some(catch_up) = self.link.up_mut().and_then(|up| up.catch_up.as_mut()) {
            catch_up.is_complete = true;
        }
    }

    fn limit_held(&mut self, now: Millis, outputs: &mut Vec<Output>) {
        let held = self.link.up().and_then(|up| up.catch_up.as_ref()).map_or(0, |catch_up| catch_up.held.len());
        if held > HELD {
            self.violated(now, "the server sends more events than may be under way at once", outputs);
        }
    }

    /// Once everything that was missed is there, and every result that must come first has come.
    pub(super) fn release_events(&mut self, now: Millis, outputs: &mut Vec<Output>) {
        if self.pending.hold_events() {
            return;
        }
        let Some(up) = self.link.up_mut() else { return };
        let Some(mut catch_up) = up.catch_up.take_if(|catch_up| catch_up.is_complete) else { return };
        if catch_up.is_snapshot {
            if let Some(session) = self.session_mut() {
                session.epoch = catch_up.epoch;
                session.cursor = catch_up.cursor;
            }
            for held in &catch_up.held {
                if let What::Snapshot(info) = &held.what
                    && let Ok(at) = search(&catch_up.asked, &info.call_id)
                {
                    catch_up.asked.remove(at);
                }
            }
            for call in catch_up.asked {
                self.lost(now, &call, outputs);
            }
        }
        let mut held = catch_up.held.into_iter();
        while let Some(next) = held.next() {
            self.take(now, next, held.as_slice(), outputs);
        }
    }

    /// Takes an entry for good; `behind` are those that follow and are known already.
    fn take(&mut self, now: Millis, held: Held, behind: &[Held], outputs: &mut Vec<Output>) {
        let n = held.n();
        if let (Some(n), Some(session)) = (n, self.session_mut()) {
            if n <= session.cursor {
                return;
            }
            session.cursor = n;
        }
        match held.what {
            What::Snapshot(info) => self.learned(now, held.at, FirstWord::Snapshot, info, behind, outputs),
            What::Event { event, .. } => self.happened(now, held.at, event, behind, outputs),
            What::Passed { .. } => {}
        }
        if let Some(n) = n {
            self.deliveries.took(n);
        }
    }
}

impl Held {
    fn n(&self) -> Option<u64> {
        match &self.what {
            What::Event { n, .. } | What::Passed { n } => Some(*n),
            What::Snapshot(_) => None,
        }
    }
}
