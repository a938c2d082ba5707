//! Random runs against a small server: whatever the network, the clock and the host do, every request completes
//! once, every event is told once and in order, and nothing is acknowledged that the host has not seen.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proptest::prelude::*;
use zim_core::call::HostEvent;
use zim_core::session::{Input, Output, SessionEvent, Ticket};
use zim_protocol::call::CallEvent;
use zim_protocol::code::Code;
use zim_protocol::frame::{ClientFrame, ReplyBody, Request, RequestBody, ServerFrame};
use zim_protocol::id::RequestId;
use zim_protocol::session::LoggedIn;

use crate::support::*;

#[derive(Clone, Copy, Debug)]
enum Step {
    /// The host invites somebody.
    Invite,
    /// The host asks for something else.
    Ask,
    /// Somebody calls.
    Ring,
    /// The server reads a frame.
    Take,
    /// The client reads a frame.
    Read,
    Cut,
    Open,
    /// The host returns from a callback.
    Return,
    Time(u16),
    /// The client's next timer.
    Timer,
    /// The server gives the session up, if it is away.
    Expire,
    /// The server's store starts anew with what it knows.
    NewEpoch,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Invite),
        2 => Just(Step::Ask),
        4 => Just(Step::Ring),
        8 => Just(Step::Take),
        12 => Just(Step::Read),
        2 => Just(Step::Cut),
        5 => Just(Step::Open),
        6 => Just(Step::Return),
        3 => (1u16..4_000).prop_map(Step::Time),
        3 => Just(Step::Timer),
        1 => Just(Step::Expire),
        1 => Just(Step::NewEpoch),
    ]
}

/// A call that lasts longer than any run.
fn lasting(call: &str) -> zim_protocol::call::CallInfo {
    info(call, 1, 1_000_000_000, RINGING)
}

/// One user's server, for one device.
#[derive(Default)]
struct Server {
    epoch: u64,
    session: u64,
    log: Vec<(u64, CallEvent)>,
    head: u64,
    /// Entries up to here are gone.
    trimmed: u64,
    answers: BTreeMap<RequestId, ReplyBody>,
    /// In the order of their making; own ones with `true`.
    calls: Vec<(String, bool)>,
    withdrawn: BTreeSet<String>,
    received: BTreeSet<String>,
    is_attached: bool,
    sent: u64,
}

impl Server {
    fn append(&mut self, event: CallEvent) {
        self.head += 1;
        self.log.push((self.head, event));
    }

    fn take(&mut self, frame: ClientFrame, down: &mut VecDeque<ServerFrame>) {
        let Request { id, body, .. } = match frame {
            ClientFrame::Request(request) => request,
            ClientFrame::Ack { n } => {
                assert!(n <= self.head, "an acknowledgement of what never was");
                self.trimmed = self.trimmed.max(n);
                return;
            }
            ClientFrame::Ping => return down.push_back(ServerFrame::Pong),
            ClientFrame::Unknown { .. } => panic!("an unknown frame"),
        };
        let resume = match &body {
            RequestBody::Login(_) => None,
            RequestBody::Resume(resume) => Some(resume.clone()),
            body => {
                assert!(self.is_attached, "a request before the login");
                let answer = match self.answers.get(&id) {
                    Some(answer) => answer.clone(),
                    None => self.execute(body),
                };
                self.answers.insert(id.clone(), answer.clone());
                down.push_back(ServerFrame::Reply { id, body: answer });
                return self.push(down);
            }
        };
        let same = resume.as_ref().is_some_and(|resume| {
            resume.session_id.as_str() == format!("s{}", self.session)
                && resume.epoch == self.epoch
                && (self.trimmed..=self.head).contains(&resume.cursor)
        });
        let cursor = if same { resume.as_ref().map_or(0, |resume| resume.cursor) } else { self.head };
        let calls: Vec<&String> =
            self.calls.iter().map(|(call, _)| call).filter(|call| !same && !self.withdrawn.contains(*call)).collect();
        let answer = LoggedIn {
            session_id: zim_protocol::id::SessionId::parse(&format!("s{}", self.session)).unwrap(),
            epoch: self.epoch,
            snapshot_calls: (!same).then_some(calls.len() as u32),
            ..logged_in(cursor, None)
        };
        let is_login = resume.is_none();
        let body = if is_login { ReplyBody::Login(answer) } else { ReplyBody::Resume(answer) };
        down.push_back(ServerFrame::Reply { id, body });
        down.extend(calls.into_iter().map(|call| snapshot(self.info(call))));
        self.is_attached = true;
        self.sent = cursor;
        self.push(down);
        down.push_back(ServerFrame::CaughtUp { epoch: self.epoch, n: self.head });
    }

    fn info(&self, call: &str) -> zim_protocol::call::CallInfo {
        let mut info = lasting(call);
        if call.starts_with("own") {
            return info;
        }
        // Somebody else's: the device's user is the one who is called.
        info.caller = user("bob");
        info.users.swap(0, 1);
        info.users[0].state = zim_protocol::call::CallUserState::Accepted;
        info.users[1].state = zim_protocol::call::CallUserState::Inviting;
        info
    }

    /// Reads the log.
    fn push(&mut self, down: &mut VecDeque<ServerFrame>) {
        for (n, event) in self.log.iter().filter(|(n, _)| *n > self.sent) {
            down.push_back(ServerFrame::Event { epoch: self.epoch, n: *n, event: event.clone() });
        }
        self.sent = self.head;
    }

    fn execute(&mut self, body: &RequestBody) -> ReplyBody {
        match body {
            RequestBody::CallInvite(invite) => {
                let call = invite.call_id.as_str().to_owned();
                assert!(!self.withdrawn.contains(&call), "an invite after its withdrawal");
                assert!(!self.calls.iter().any(|(known, _)| *known == call), "an invite is executed twice");
                self.calls.push((call.clone(), true));
                self.append(CallEvent::CallCreated { call: lasting(&call), by_this_device: true });
            }
            RequestBody::CallCancel(cancel) if cancel.withdraw => {
                self.withdrawn.insert(cancel.call_id.as_str().to_owned());
            }
            RequestBody::CallReceived(received) => {
                self.received.insert(received.call_id.as_str().to_owned());
            }
            RequestBody::CallCancel(_) => {}
            other => panic!("nobody has asked for {other:?}"),
        }
        done(body)
    }
}

struct Run {
    client: Client,
    server: Server,
    up: VecDeque<ClientFrame>,
    down: VecDeque<ServerFrame>,
    is_open: bool,
    tickets: Ticket,
    rings: u64,
    results: BTreeMap<Ticket, bool>,
    /// Received and created calls in the order in which the host heard of them.
    shown: Vec<String>,
    /// Deliveries on their way to the host, and the entry of the log that they belong to, if it was one.
    out: VecDeque<(u64, Option<u64>)>,
    acked: u64,
}

impl Run {
    fn new() -> Run {
        let server = Server { epoch: 1, session: 1, ..Server::default() };
        let mut run = Run {
            client: Client::new(),
            server,
            up: VecDeque::new(),
            down: VecDeque::new(),
            is_open: false,
            tickets: 0,
            rings: 0,
            results: BTreeMap::new(),
            shown: Vec::new(),
            out: VecDeque::new(),
            acked: 0,
        };
        run.input(Input::Login { ticket: 0, timeout_ms: 60_000, credentials: credentials("alice") });
        run.open();
        while !run.client.session.is_logged_in() {
            run.take();
            run.read();
        }
        run
    }

    fn input(&mut self, input: Input) {
        self.check_deadline();
        self.client.handle(input);
        for output in self.client.last().to_vec() {
            match output {
                Output::Open { .. } => {}
                Output::Close { connection } => {
                    if connection == self.client.connection {
                        self.gone();
                    }
                }
                Output::Send { frame, .. } => {
                    assert!(self.is_open, "sent without a link");
                    if let ClientFrame::Ack { n } = &frame {
                        assert!(*n > self.acked || self.acked == 0, "acknowledged twice");
                        self.acked = *n;
                        let unseen = self.out.iter().filter_map(|(_, entry)| *entry).find(|entry| entry <= n);
                        assert_eq!(unseen, None, "acknowledged before the host has returned");
                    }
                    self.up.push_back(frame);
                }
                Output::Complete { ticket, result } => {
                    assert_eq!(self.results.insert(ticket, result.is_ok()), None, "{ticket} completes twice");
                    if let Err(fault) = result {
                        assert_eq!(fault.code, Code::REQUEST_TIMEOUT, "{fault}");
                    }
                }
                Output::Emit { delivery, event } => {
                    self.out.push_back((delivery, self.entry_of(&event)));
                    self.told(event);
                }
            }
        }
    }

    /// The entry of the log that tells of the same call.
    fn entry_of(&self, event: &SessionEvent) -> Option<u64> {
        let call = match event {
            SessionEvent::Call(HostEvent::CallInvitationReceived(info)) => &info.call_id,
            SessionEvent::Call(HostEvent::CallUserStateChanged { call_id, .. }) => call_id,
            _ => return None,
        };
        self.server.log.iter().find(|(_, event)| event.call_id() == call).map(|(n, _)| *n)
    }

    /// No timer fires before `next_deadline`, and one does at it.
    fn check_deadline(&self) {
        let Some(at) = self.client.session.next_deadline() else { return };
        let mut outputs = Vec::new();
        if at > self.client.now + 1 {
            self.client.session.clone().handle(at - 1, Input::Tick, &mut outputs);
            assert_eq!(outputs, [], "before {at}");
        }
        let at = at.max(self.client.now);
        let mut later = self.client.session.clone();
        later.handle(at, Input::Tick, &mut outputs);
        assert!(later.next_deadline().is_none_or(|next| next > at), "a timer that never rests");
    }

    fn told(&mut self, event: SessionEvent) {
        let event = match event {
            SessionEvent::Call(event) => event,
            SessionEvent::ConnectionStateChanged { .. } => return,
            SessionEvent::TokenWillExpire { .. } | SessionEvent::Error(_) => panic!("{event:?}"),
        };
        match event {
            HostEvent::CallInvitationReceived(info) => self.shown.push(info.call_id.as_str().to_owned()),
            HostEvent::CallUserStateChanged { call_id, users } => {
                let call = call_id.as_str().to_owned();
                assert_eq!(users.len(), 3, "all rows at once");
                let ticket: Ticket = call.trim_start_matches("own-").parse().unwrap();
                assert_eq!(self.results.get(&ticket), Some(&true), "{call}: the result comes first");
                self.shown.push(call);
            }
            other => panic!("nothing else happens: {other:?}"),
        }
    }

    fn gone(&mut self) {
        self.is_open = false;
        self.server.is_attached = false;
        self.up.clear();
        self.down.clear();
        self.acked = 0;
    }

    fn open(&mut self) {
        if !self.is_open {
            let before = self.client.connection;
            self.input(Input::Tick);
            if self.client.connection == before && self.client.session.is_logged_in() {
                self.timer();
            }
            let connection = self.client.connection;
            self.is_open = true;
            self.input(Input::Opened { connection });
            self.is_open = !self.up.is_empty();
        }
    }

    fn cut(&mut self) {
        if self.is_open {
            self.gone();
            let connection = self.client.connection;
            self.input(Input::Lost { connection, fault: fault(Code::NETWORK_ERROR) });
        }
    }

    fn take(&mut self) {
        if let Some(frame) = self.up.pop_front() {
            self.server.take(frame, &mut self.down);
        }
    }

    fn read(&mut self) {
        if let Some(frame) = self.down.pop_front() {
            let connection = self.client.connection;
            self.input(Input::Frame { connection, frame });
        }
    }

    fn give_back(&mut self) {
        if let Some((delivery, _)) = self.out.pop_front() {
            self.input(Input::Delivered { delivery });
        }
    }

    fn timer(&mut self) {
        if let Some(at) = self.client.session.next_deadline() {
            self.client.now = self.client.now.max(at);
            self.input(Input::Tick);
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Invite => {
                self.tickets += 1;
                let (ticket, timeout_ms) = (self.tickets, 5_000);
                let body = invite(&format!("own-{ticket}"));
                self.input(Input::Request { ticket, timeout_ms, body });
            }
            Step::Ask => {
                self.tickets += 1;
                let (ticket, timeout_ms) = (self.tickets, 20_000);
                self.input(Input::Request { ticket, timeout_ms, body: cancel("other") });
            }
            Step::Ring => {
                self.rings += 1;
                let call = format!("ring-{}", self.rings);
                self.server.calls.push((call.clone(), false));
                self.server.append(CallEvent::CallInvited(self.server.info(&call)));
                if self.server.is_attached {
                    self.server.push(&mut self.down);
                }
            }
            Step::Take => self.take(),
            Step::Read => self.read(),
            Step::Cut => self.cut(),
            Step::Open => self.open(),
            Step::Return => self.give_back(),
            Step::Time(ms) => {
                self.client.now += u64::from(ms);
                self.input(Input::Tick);
            }
            Step::Timer => self.timer(),
            Step::Expire => {
                if !self.server.is_attached {
                    self.server.session += 1;
                    self.server.trimmed = self.server.head;
                }
            }
            Step::NewEpoch => {
                if !self.server.is_attached {
                    self.server.epoch += 1;
                    self.server.log.clear();
                    self.out.iter_mut().for_each(|(_, entry)| *entry = None);
                    (self.server.head, self.server.trimmed) = (0, 0);
                }
            }
        }
    }

    /// The network gets well, the host is quick, and time passes until nothing is open.
    fn settle(&mut self) {
        for _ in 0..40 {
            self.open();
            while !(self.up.is_empty() && self.down.is_empty() && self.out.is_empty()) {
                self.take();
                self.read();
                self.give_back();
            }
            self.client.now += 2_000;
            self.input(Input::Tick);
        }
    }

    fn check(&self) {
        for ticket in 0..=self.tickets {
            assert!(self.results.contains_key(&ticket), "{ticket} never completes");
        }
        let known = |call: &String| !self.server.withdrawn.contains(call);
        let calls: Vec<&String> = self.server.calls.iter().map(|(call, _)| call).filter(|call| known(call)).collect();
        let shown: Vec<&String> = self.shown.iter().collect();
        assert_eq!(shown, calls, "each call is told once, in order");
        for (ticket, is_ok) in &self.results {
            let call = format!("own-{ticket}");
            let is_made = self.server.calls.iter().any(|(made, _)| *made == call);
            assert!(*is_ok || !is_made || self.server.withdrawn.contains(&call), "{call} failed and goes on");
        }
        let rings: BTreeSet<String> = (1..=self.rings).map(|ring| format!("ring-{ring}")).collect();
        assert_eq!(self.server.received, rings, "each invitation that was shown is received");
        assert!(self.client.session.is_logged_in());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn once_and_in_order(steps in prop::collection::vec(step(), 0..250)) {
        let mut run = Run::new();
        for step in steps {
            run.step(step);
        }
        run.settle();
        run.check();
    }
}
