//! Many at once: one winner, one answer for every request, and both sides agree.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::watch;
use zim_protocol::call::{CallEvent, CallReceived, CallUser, CallUserState};
use zim_protocol::code::Code;
use zim_protocol::frame::{ClientFrame, ReplyBody, Request, RequestBody, ServerFrame};
use zim_protocol::id::{CallId, RequestId};

use crate::client::{Client, TestServer, answer, call_id, cancel, invitation, user_id};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_an_accept_and_a_cancel_at_once_one_wins() {
    let server = TestServer::dev().await;
    let mut alice = Client::login(&server, "alice").await;
    let mut bob = Client::login(&server, "bob").await;
    let mut accepted = 0;
    const ROUNDS: u32 = 400;
    for round in 0..ROUNDS {
        let call = format!("c{round}");
        alice.invite(&call, &["bob"]).await.unwrap();
        alice.told(1).await;
        bob.told(1).await;
        // Whoever is first to send has the better chance.
        let (cancelled, answered) = match round % 2 {
            0 => tokio::join!(biased; alice.cancel(&call, &[]), bob.accept(&call)),
            _ => {
                let (answered, cancelled) = tokio::join!(biased; bob.accept(&call), alice.cancel(&call, &[]));
                (cancelled, answered)
            }
        };
        let expected = match (&cancelled, &answered) {
            (Ok(_), Err(late)) => {
                assert_eq!(late.code, Code::CALL_DOES_NOT_EXIST);
                format!("cancelled {call} by alice \"sorry\": alice Cancelled 6090102, bob BeCancelled 6090102, ended")
            }
            (Err(late), Ok(_)) => {
                assert_eq!(late.code, Code::CALL_CANCEL_ERROR);
                accepted += 1;
                format!("accepted {call} by bob \"yes\": bob Accepted, ended")
            }
            (cancelled, answered) => panic!("round {round}: {cancelled:?}, {answered:?}"),
        };
        assert_eq!(alice.told(1).await, [expected.as_str()]);
        assert_eq!(bob.told(1).await, [expected.as_str()]);
        alice.acknowledge().await;
        bob.acknowledge().await;
    }
    assert!(accepted > 0 && accepted < ROUNDS, "{accepted} of {ROUNDS} accepted");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_link_that_breaks_in_the_middle_of_a_request_loses_and_doubles_nothing() {
    let server = TestServer::dev().await;
    let mut alice = Client::login(&server, "alice").await;
    let mut bob = Client::login(&server, "bob").await;
    const ROUNDS: u32 = 60;
    for round in 0..ROUNDS {
        let id = RequestId::parse(&format!("invite{round}")).unwrap();
        let body = RequestBody::CallInvite(invitation(&format!("c{round}"), &["bob"]));
        let request = ClientFrame::Request(Request { id: id.clone(), ttl_ms: 10_000, body });
        // The answer is not read: the server has executed it, is about to, or never sees it.
        alice.send(&request).await;
        if round % 3 == 0 {
            alice.ws.get_mut().set_zero_linger().unwrap();
        }
        alice.resume(&server, &[]).await.unwrap();
        alice.send(&request).await;
        alice.answer(&id).await.unwrap();
        let created = format!("created c{round} here: alice Accepted, bob Inviting");
        let mut told = Vec::new();
        while !told.contains(&created) {
            told.extend(alice.told(1).await);
        }
        assert_eq!(told.iter().filter(|told| **told == created).count(), 1, "{told:?}");
        alice.queue.clear();
        alice.acknowledge().await;
    }
    for round in 0..ROUNDS {
        assert_eq!(bob.event().await.call_id().as_str(), format!("c{round}"));
    }
    server.stop().await;
}

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// What one party knows of its calls, from events alone.
#[derive(Default)]
struct Knowledge {
    rows: BTreeMap<CallId, BTreeMap<String, CallUserState>>,
    revs: BTreeMap<CallId, u64>,
    ended: BTreeSet<CallId>,
}

impl Knowledge {
    fn learn(&mut self, event: &CallEvent) {
        let (users, ended): (&[CallUser], bool) = match event {
            CallEvent::CallInvited(call) | CallEvent::CallCreated { call, .. } => {
                assert!(!self.rows.contains_key(&call.call_id), "{} twice", call.call_id);
                (&call.users, false)
            }
            CallEvent::CallChanged(change) => (&change.users, change.ended),
        };
        let id = event.call_id().clone();
        let last = self.revs.insert(id.clone(), event.rev());
        assert!(last.is_none_or(|last| last < event.rev()), "{id}: rev {} after {last:?}", event.rev());
        assert!(!self.ended.contains(&id), "{id}: an event behind the end");
        let rows = self.rows.entry(id.clone()).or_default();
        rows.extend(users.iter().map(|user| (user.user_id.to_string(), user.state)));
        if ended {
            self.ended.insert(id);
        }
    }
}

/// A client whose requests are all counted.
struct Party {
    client: Client,
    knowledge: Knowledge,
    waiting: BTreeMap<RequestId, (CallId, &'static str)>,
    /// What was asked and answered with success.
    done: Vec<(CallId, &'static str)>,
    answers: u64,
    requests: u64,
}

impl Party {
    async fn new(server: &TestServer, name: &str) -> Party {
        Party {
            client: Client::login(server, name).await,
            knowledge: Knowledge::default(),
            waiting: BTreeMap::new(),
            done: Vec::new(),
            answers: 0,
            requests: 0,
        }
    }

    async fn ask(&mut self, call: &str, what: &'static str, body: RequestBody) {
        let id = self.client.ask(body).await;
        self.requests += 1;
        self.waiting.insert(id, (call_id(call), what));
    }

    /// Takes one frame; returns the call that rings with it.
    async fn step(&mut self) -> Option<CallId> {
        match self.client.next().await {
            ServerFrame::Reply { id, body } => {
                let (call, what) = self.waiting.remove(&id).expect("one answer for every request");
                let fits = match body {
                    ReplyBody::CallInvite(_) => "invite",
                    ReplyBody::CallCancel(_) => "cancel",
                    ReplyBody::CallAccept(_) => "accept",
                    ReplyBody::CallReject(_) => "reject",
                    ReplyBody::CallReceived(_) => "received",
                    other => panic!("{other:?}"),
                };
                assert_eq!(what, fits);
                self.done.push((call, what));
                self.answers += 1;
                None
            }
            ServerFrame::Error { id, fault } => {
                let (call, what) = self.waiting.remove(&id.unwrap()).expect("one answer for every request");
                let expected = [Code::CALL_DOES_NOT_EXIST, Code::CALL_CANCEL_ERROR];
                assert!(what != "invite" && expected.contains(&fault.code), "{what} {call}: {fault}");
                self.answers += 1;
                None
            }
            ServerFrame::Event { event, n, .. } => {
                self.knowledge.learn(&event);
                if n % 16 == 0 {
                    self.client.acknowledge().await;
                }
                match event {
                    CallEvent::CallInvited(call) => Some(call.call_id),
                    CallEvent::CallCreated { .. } | CallEvent::CallChanged(_) => None,
                }
            }
            other => panic!("{other:?}"),
        }
    }
}

const CALLERS: u64 = 10;
const CALLS_EACH: u64 = 200;
const CALLEES: u64 = 12;

async fn call_around(mut party: Party, number: u64) -> Party {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ (number + 1));
    let mut made = 0;
    while made < CALLS_EACH || (party.knowledge.ended.len() as u64) < CALLS_EACH || !party.waiting.is_empty() {
        // A few calls at a time.
        if made < CALLS_EACH && made < party.knowledge.ended.len() as u64 + 8 {
            let call = format!("c{number}.{made}");
            made += 1;
            let invitees: BTreeSet<String> =
                (0..=dice.roll(3)).map(|_| format!("callee{}", dice.roll(CALLEES))).collect();
            let invitees: Vec<&str> = invitees.iter().map(String::as_str).collect();
            let mut request = invitation(&call, &invitees);
            request.timeout_s = 1;
            party.ask(&call, "invite", RequestBody::CallInvite(request)).await;
            match dice.roll(4) {
                0 => party.ask(&call, "cancel", cancel(&call, &[])).await,
                1 => party.ask(&call, "cancel", cancel(&call, &invitees[..1])).await,
                _ => {}
            }
            continue;
        }
        party.step().await;
    }
    party
}

async fn answer_around(mut party: Party, number: u64, mut over: watch::Receiver<bool>) -> Party {
    let mut dice = Dice(0xd1b5_4a32_d192_ed03 ^ (number + 1));
    loop {
        let ringing = tokio::select! {
            ringing = party.step() => ringing,
            _ = over.wait_for(|over| *over) => break,
        };
        let Some(call) = ringing else { continue };
        let received = RequestBody::CallReceived(CallReceived { call_id: call.clone() });
        let call = call.as_str();
        if dice.roll(2) == 0 {
            party.ask(call, "received", received).await;
        }
        match dice.roll(8) {
            0..=2 => party.ask(call, "accept", RequestBody::CallAccept(answer(call, "yes"))).await,
            3..=5 => party.ask(call, "reject", RequestBody::CallReject(answer(call, "no"))).await,
            // Twice: the second one is late.
            6 => {
                party.ask(call, "accept", RequestBody::CallAccept(answer(call, "yes"))).await;
                party.ask(call, "reject", RequestBody::CallReject(answer(call, "no"))).await;
            }
            _ => {}
        }
    }
    // The last answers and events: everything before this invitation of one's own making.
    let end = format!("end{number}");
    party.ask(&end, "invite", RequestBody::CallInvite(invitation(&end, &["nobody"]))).await;
    while !party.knowledge.rows.contains_key(&call_id(&end)) || !party.waiting.is_empty() {
        party.step().await;
    }
    party
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_thousand_calls_answered_at_random() {
    let server = TestServer::dev().await;
    let (over, is_over) = watch::channel(false);
    let mut callees = Vec::new();
    for number in 0..CALLEES {
        let party = Party::new(&server, &format!("callee{number}")).await;
        callees.push(tokio::spawn(answer_around(party, number, is_over.clone())));
    }
    let mut callers = Vec::new();
    for number in 0..CALLERS {
        let party = Party::new(&server, &format!("caller{number}")).await;
        callers.push(tokio::spawn(call_around(party, number)));
    }
    let mut truth = BTreeMap::new();
    for caller in callers {
        let party = caller.await.unwrap();
        assert_eq!(party.answers, party.requests);
        assert_eq!(party.knowledge.ended.len() as u64, CALLS_EACH);
        truth.extend(party.knowledge.rows);
    }
    assert_eq!(truth.len() as u64, CALLERS * CALLS_EACH);
    over.send(true).unwrap();
    let mut outcomes: BTreeMap<&str, u32> = BTreeMap::new();
    for callee in callees {
        let party = callee.await.unwrap();
        assert_eq!(party.answers, party.requests);
        let me = user_id(&party.client.name).to_string();
        for (call, rows) in &party.knowledge.rows {
            let Some(known_to_caller) = truth.get(call) else { continue };
            let mine = rows[&me];
            assert_eq!(mine, known_to_caller[&me], "{call} {me}");
            assert!(!mine.is_pending(), "{call} {me} {mine:?}");
            *outcomes.entry(mine.name()).or_default() += 1;
        }
        for (call, what) in &party.done {
            let Some(known_to_caller) = truth.get(call) else { continue };
            let state = known_to_caller[&me];
            match *what {
                "accept" => assert_eq!(state, CallUserState::Accepted, "{call} {me}"),
                "reject" => assert_eq!(state, CallUserState::Rejected, "{call} {me}"),
                _ => assert_eq!(*what, "received"),
            }
        }
    }
    // Every way to end has been gone.
    for way in ["Accepted", "Rejected", "BeCancelled", "Timeout"] {
        assert!(outcomes.get(way).is_some_and(|count| *count > 20), "{outcomes:?}");
    }
    server.stop().await;
}
