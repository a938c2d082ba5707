//! Login, kick, resume, presence, the window of the log, and how a server stops.

use std::sync::Arc;
use std::time::Duration;

use futures_util::SinkExt;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use zim_protocol::call::CallState;
use zim_protocol::code::Code;
use zim_protocol::frame::{ClientFrame, ReplyBody, Request, RequestBody, ServerFrame};
use zim_protocol::id::{CallId, RequestId, SessionId};
use zim_protocol::limits;
use zim_protocol::session::{Login, RenewToken, TokenRenewed};
use zim_server::config::Config;
use zim_server::store::{
    BoxFuture, Commit, CommitResult, Key, Loaded, MemoryStore, Page, RequestKey, Store, TimerId, Unavailable, UserKey,
};

use crate::client::{Client, PATIENCE, TestServer, answer, invite, rows, upgrade};

/// A server that gives lost devices up soon.
fn hasty() -> Config {
    Config { heartbeat_interval_ms: 50, heartbeat_timeout_ms: 300, ..Config::dev() }
}

#[tokio::test]
async fn login_announces_the_heartbeat_and_grows_the_epoch() {
    let server = TestServer::start(hasty()).await;
    let first = Client::login(&server, "alice").await.session.unwrap();
    let second = Client::login(&server, "alice").await.session.unwrap();
    assert_eq!((first.heartbeat_interval_ms, first.heartbeat_timeout_ms), (50, 300));
    assert_eq!(first.token_expires_in_s, None);
    assert!(second.login_epoch > first.login_epoch);
    assert_eq!(second.epoch, first.epoch);
    assert_ne!(second.session_id, first.session_id);
    server.stop().await;
}

#[tokio::test]
async fn only_who_is_logged_in_may_ask_and_only_once() {
    let server = TestServer::dev().await;
    let mut alice = Client::connect(&server, "alice", "phone").await;
    let renew = || RequestBody::RenewToken(RenewToken { token: "t".to_owned() });
    for body in [invite("c", &["bob"]), renew(), RequestBody::CallAccept(answer("c", ""))] {
        assert_eq!(alice.request(body).await.unwrap_err().code, Code::USER_IS_NOT_LOGGED);
    }
    let login =
        || RequestBody::Login(Login { credentials: crate::client::credentials("alice", "phone"), logged_out: None });
    alice.request(login()).await.unwrap();
    assert_eq!(alice.request(login()).await.unwrap_err().code, Code::USER_HAS_ALREADY_LOGGED);
    let renewed = ReplyBody::RenewToken(TokenRenewed { token_expires_in_s: None });
    assert_eq!(alice.request(renew()).await.unwrap(), renewed);
    alice.request(RequestBody::Logout).await.unwrap();
    assert_eq!(alice.read().await.unwrap_err(), "1000");
    server.stop().await;
}

#[tokio::test]
async fn a_later_login_kicks_the_earlier_one_out() {
    let server = TestServer::dev().await;
    let mut phone = Client::login_on(&server, "alice", "phone").await.0;
    phone.invite("c", &["bob"]).await.unwrap();
    phone.told(1).await;
    let (mut tablet, snapshot) = Client::login_on(&server, "alice", "tablet").await;
    // Being kicked is not being absent: the call goes on, and the new device hears of it.
    assert_eq!(rows(&snapshot[0].users), "alice Accepted, bob Inviting");
    let ServerFrame::Closing(closing) = phone.next().await else { panic!() };
    assert_eq!(closing.code, Code::KICKED_OUT);
    assert_eq!(phone.read().await.unwrap_err(), "4001");
    let refused = phone.resume(&server, &[]).await.unwrap_err();
    assert_eq!(refused.code, Code::KICKED_OUT);
    assert_eq!(phone.told(1).await, ["closing kicked_out"]);
    assert_eq!(phone.read().await.unwrap_err(), "4001");
    tablet.cancel("c", &[]).await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn a_resumed_session_gets_every_event_behind_its_cursor() {
    let server = TestServer::dev().await;
    let mut alice = Client::login(&server, "alice").await;
    let mut bob = Client::login(&server, "bob").await;
    alice.invite("c1", &["bob"]).await.unwrap();
    bob.told(1).await;
    let session = bob.session.clone().unwrap();
    bob.ws.close(None).await.unwrap();
    alice.cancel("c1", &[]).await.unwrap();
    alice.invite("c2", &["bob"]).await.unwrap();
    let snapshot = bob.resume(&server, &["c1"]).await.unwrap();
    assert!(snapshot.is_empty());
    let resumed = bob.session.clone().unwrap();
    assert_eq!((resumed.session_id, resumed.login_epoch), (session.session_id, session.login_epoch));
    assert_eq!(resumed.snapshot_calls, None);
    assert_eq!(resumed.cursor, 1);
    assert_eq!(
        bob.told(3).await,
        [
            "cancelled c1 by alice \"sorry\": alice Cancelled 6090102, bob BeCancelled 6090102, ended",
            "invited c2 by alice \"hello\": alice Accepted, bob Inviting",
            "caught up",
        ]
    );
    bob.accept("c2").await.unwrap();
    assert_eq!(bob.told(1).await, ["accepted c2 by bob \"yes\": bob Accepted, ended"]);
    server.stop().await;
}

#[tokio::test]
async fn a_resume_takes_the_session_from_a_connection_that_still_stands() {
    let server = TestServer::dev().await;
    let mut alice = Client::login(&server, "alice").await;
    let stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let former = std::mem::replace(&mut alice.ws, upgrade(stream, server.address).await);
    let body = alice.resume_body(&[]);
    alice.request(body).await.unwrap();
    // What the former connection sends now is not executed.
    let mut late = Client::connect(&server, "alice", "alice").await;
    late.ws = former;
    let request = Request { id: RequestId::parse("late").unwrap(), ttl_ms: 10_000, body: invite("late", &["bob"]) };
    let sent = late.ws.send(Message::text(ClientFrame::Request(request).to_json())).await;
    // It may be closed by now.
    drop(sent);
    let end = loop {
        match late.read().await {
            Ok(frame) => assert!(matches!(frame, ServerFrame::CaughtUp { .. }), "{frame:?}"),
            Err(end) => break end,
        }
    };
    assert_eq!(end, "1000");
    let fault = alice.cancel("late", &[]).await.unwrap_err();
    assert_eq!(fault.code, Code::CALL_DOES_NOT_EXIST);
    server.stop().await;
}

#[tokio::test]
async fn a_request_that_is_sent_again_is_executed_once() {
    let server = TestServer::dev().await;
    let mut alice = Client::login(&server, "alice").await;
    let mut bob = Client::login(&server, "bob").await;
    alice.invite("c", &["bob", "carol"]).await.unwrap();
    bob.told(1).await;
    for round in 0..20 {
        // The link breaks before the answer is read: it may or may not have been executed.
        let body = RequestBody::CallAccept(answer("c", "once"));
        let request = Request { id: RequestId::parse("accept").unwrap(), ttl_ms: 10_000, body };
        bob.send(&ClientFrame::Request(request.clone())).await;
        bob.resume(&server, &[]).await.unwrap();
        bob.send(&ClientFrame::Request(request.clone())).await;
        bob.answer(&request.id).await.unwrap_or_else(|fault| panic!("round {round}: {fault}"));
        // On the same connection, too.
        bob.send(&ClientFrame::Request(request.clone())).await;
        bob.answer(&request.id).await.unwrap();
        bob.queue.clear();
    }
    let [told] = [alice.told(2).await];
    assert_eq!(told[1], "accepted c by bob \"once\": bob Accepted");
    alice.cancel("c", &["carol"]).await.unwrap();
    assert_eq!(alice.told(1).await, ["cancelled c by alice \"sorry\": carol BeCancelled 6090102, ended"]);
    server.stop().await;
}

#[tokio::test]
async fn a_log_that_does_not_reach_back_is_made_good_by_a_snapshot() {
    let server = TestServer::dev().await;
    let mut alice = Client::login(&server, "alice").await;
    let mut bob = Client::login(&server, "bob").await;
    alice.invite("ended", &["bob"]).await.unwrap();
    alice.invite("rings", &["bob"]).await.unwrap();
    bob.told(2).await;
    let session = bob.session.clone().unwrap();
    bob.ws.close(None).await.unwrap();
    alice.cancel("ended", &[]).await.unwrap();
    // More than a log holds: each of these is two events for Bob.
    for number in 0..520 {
        let call = format!("n{number}");
        alice.invite(&call, &["bob"]).await.unwrap();
        alice.cancel(&call, &[]).await.unwrap();
        alice.acknowledge().await;
        alice.queue.clear();
    }
    let snapshot = bob.resume(&server, &["ended", "unknown"]).await.unwrap();
    let resumed = bob.session.clone().unwrap();
    assert_eq!((resumed.session_id, resumed.epoch), (session.session_id, session.epoch));
    let told: Vec<_> = snapshot.iter().map(|call| (call.call_id.as_str(), call.state)).collect();
    assert_eq!(told, [("rings", CallState::Started), ("ended", CallState::Ended)]);
    assert_eq!(resumed.cursor, 2 + 1 + 2 * 520);
    // And from here on every event comes again.
    alice.cancel("rings", &[]).await.unwrap();
    assert_eq!(
        bob.told(1).await,
        ["cancelled rings by alice \"sorry\": alice Cancelled 6090102, bob BeCancelled 6090102, ended"]
    );
    server.stop().await;
}

#[tokio::test]
async fn another_store_gives_the_session_a_new_start() {
    let first = TestServer::dev().await;
    let mut bob = Client::login(&first, "bob").await;
    first.stop().await;
    let second = TestServer::dev().await;
    let old = bob.session.clone().unwrap();
    let snapshot = bob.resume(&second, &["forgotten"]).await.unwrap();
    assert!(snapshot.is_empty());
    let new = bob.session.clone().unwrap();
    assert_ne!(new.epoch, old.epoch);
    assert_ne!(new.session_id, old.session_id);
    assert_eq!((new.login_epoch, new.snapshot_calls), (old.login_epoch, Some(0)));
    second.stop().await;
}

#[tokio::test]
async fn of_two_devices_the_later_login_wins_also_when_the_server_has_forgotten_both() {
    let first = TestServer::dev().await;
    let mut phone = Client::login_on(&first, "alice", "phone").await.0;
    let mut tablet = Client::login_on(&first, "alice", "tablet").await.0;
    first.stop().await;
    let second = TestServer::dev().await;
    phone.resume(&second, &[]).await.unwrap();
    tablet.resume(&second, &[]).await.unwrap();
    assert_eq!(phone.told(1).await, ["closing kicked_out"]);
    assert_eq!(phone.read().await.unwrap_err(), "4001");
    assert_eq!(phone.resume(&second, &[]).await.unwrap_err().code, Code::KICKED_OUT);
    second.stop().await;
}

#[tokio::test]
async fn a_lost_caller_is_waited_for_and_then_absent() {
    let server = TestServer::start(hasty()).await;
    let mut bob = Client::login(&server, "bob").await;
    bob.ping_every = Some(Duration::from_millis(50));
    let mut alice = Client::login(&server, "alice").await;
    let invited = Instant::now();
    alice.invite("c", &["bob"]).await.unwrap();
    drop(alice);
    assert_eq!(
        bob.told(2).await,
        [
            "invited c by alice \"hello\": alice Accepted, bob Inviting",
            "cancelled c by alice: alice Cancelled 6090103, bob BeCancelled 6090103, ended",
        ]
    );
    assert!(invited.elapsed() >= Duration::from_millis(299), "{:?}", invited.elapsed());
    server.stop().await;
}

#[tokio::test]
async fn a_lost_caller_who_comes_back_in_time_has_lost_nothing() {
    let server = TestServer::start(hasty()).await;
    let mut alice = Client::login(&server, "alice").await;
    let session = alice.session.clone().unwrap();
    alice.invite("c", &["bob"]).await.unwrap();
    alice.told(1).await;
    // For longer than a lost device is waited for.
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(700) {
        alice.ws.close(None).await.unwrap();
        alice.resume(&server, &["c"]).await.unwrap();
        assert_eq!(alice.told(1).await, ["caught up"]);
    }
    assert_eq!(alice.session.clone().unwrap().session_id, session.session_id);
    alice.cancel("c", &[]).await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn a_silent_device_is_closed_and_its_session_ends() {
    let server = TestServer::start(hasty()).await;
    let mut bob = Client::login(&server, "bob").await;
    bob.ping_every = Some(Duration::from_millis(50));
    let mut alice = Client::login(&server, "alice").await;
    let session = alice.session.clone().unwrap();
    alice.invite("c", &["bob"]).await.unwrap();
    let invited = Instant::now();
    let (alice_s, bob_s) = tokio::join!(alice.told(2), bob.told(2));
    assert!(invited.elapsed() < Duration::from_secs(5), "{:?}", invited.elapsed());
    assert_eq!(alice_s, ["created c here: alice Accepted, bob Inviting", "closing idle"]);
    assert_eq!(alice.read().await.unwrap_err(), "4005");
    assert_eq!(bob_s[1], "cancelled c by alice: alice Cancelled 6090103, bob BeCancelled 6090103, ended");
    // Nobody has logged in since: the device goes on, with a new session.
    let snapshot = alice.resume(&server, &["c"]).await.unwrap();
    assert_eq!((snapshot.len(), snapshot[0].state), (1, CallState::Ended));
    let new = alice.session.clone().unwrap();
    assert_ne!(new.session_id, session.session_id);
    assert_eq!(new.login_epoch, session.login_epoch);
    server.stop().await;
}

#[tokio::test]
async fn whoever_does_not_log_in_is_closed() {
    let server = TestServer::start(Config { login_timeout_ms: 100, ..Config::dev() }).await;
    let mut nobody = Client::connect(&server, "nobody", "phone").await;
    // Signs of life are not enough.
    nobody.ping_every = Some(Duration::from_millis(10));
    let ServerFrame::Closing(closing) = nobody.next().await else { panic!() };
    assert_eq!(closing.code, Code::USER_IS_NOT_LOGGED);
    assert!(closing.message.contains("100 ms"), "{}", closing.message);
    assert_eq!(nobody.read().await.unwrap_err(), "4005");
    server.stop().await;
}

#[tokio::test]
async fn a_device_that_acknowledges_nothing_gets_a_window_of_events_and_every_reply() {
    let server = TestServer::dev().await;
    let mut alice = Client::login(&server, "alice").await;
    let mut bob = Client::login(&server, "bob").await;
    let window = usize::try_from(limits::EVENT_WINDOW).unwrap();
    let calls = window + 100;
    for number in 0..calls {
        alice.invite(&format!("c{number}"), &["bob"]).await.unwrap();
        alice.acknowledge().await;
        alice.queue.clear();
    }
    for number in 0..window {
        assert_eq!(bob.event().await.call_id().as_str(), format!("c{number}"));
    }
    bob.send(&ClientFrame::Ping).await;
    assert_eq!(bob.told(1).await, ["pong"]);
    bob.accept("c0").await.unwrap();
    assert!(bob.queue.is_empty(), "{:?}", bob.queue);
    bob.acknowledge().await;
    for number in window..calls {
        assert_eq!(bob.event().await.call_id().as_str(), format!("c{number}"));
    }
    assert_eq!(bob.told(1).await, ["accepted c0 by bob \"yes\": bob Accepted, ended"]);
    server.stop().await;
}

#[tokio::test]
async fn a_device_that_reads_nothing_is_cut_off_and_may_resume() {
    let server = TestServer::start(Config { write_timeout_ms: 200, ..Config::dev() }).await;
    let mut alice = Client::login(&server, "alice").await;
    // Small buffers in the kernel, so that few events fill them.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 * 1024).unwrap();
    let mut bob = Client::connect(&server, "bob", "bob").await;
    bob.ws = upgrade(socket.connect(server.address).await.unwrap(), server.address).await;
    let login = RequestBody::Login(Login { credentials: bob.credentials.clone(), logged_out: None });
    let ReplyBody::Login(session) = bob.request(login).await.unwrap() else { panic!() };
    assert_eq!(bob.told(1).await, ["caught up"]);
    bob.session = Some(session);
    let many: Vec<String> = (0..8).map(|number| format!("user{number}")).collect();
    let mut invitees: Vec<&str> = many.iter().map(String::as_str).collect();
    invitees.push("bob");
    let wide = "x".repeat(limits::EXTENDED_DATA_BYTES);
    // Far more bytes than the kernel keeps on both sides. It acknowledges them, so the window is not what stops them.
    let calls = 16 * 256;
    for number in 0..calls {
        let mut call = crate::client::invitation(&format!("n{number}"), &invitees);
        call.extended_data.clone_from(&wide);
        alice.request(RequestBody::CallInvite(call)).await.unwrap();
        alice.acknowledge().await;
        alice.queue.clear();
        if number % 256 == 0 && bob.ws.send(Message::text(ClientFrame::Ack { n: number }.to_json())).await.is_err() {
            break;
        }
    }
    // It was cut off: what it reads now ends.
    let end = loop {
        match bob.read().await {
            Ok(_) => {}
            Err(end) => break end,
        }
    };
    assert!(!end.is_empty());
    // The log has gone on without it; a snapshot makes that good.
    let snapshot = bob.resume(&server, &[]).await.unwrap();
    assert!(snapshot.len() > 1_000, "{}", snapshot.len());
    server.stop().await;
}

#[tokio::test]
async fn a_stopping_server_says_so_to_everybody() {
    let server = TestServer::dev().await;
    let mut alice = Client::login(&server, "alice").await;
    let mut nobody = Client::connect(&server, "nobody", "phone").await;
    let stopping = tokio::spawn(server.stop());
    for client in [&mut alice, &mut nobody] {
        assert_eq!(client.told(1).await, ["closing server_stopping"]);
        assert_eq!(client.read().await.unwrap_err(), "4004");
    }
    drop((alice, nobody));
    tokio::time::timeout(PATIENCE, stopping).await.unwrap().unwrap();
}

/// A store that takes its time to read a request called `slow`.
#[derive(Debug)]
struct SlowStore(MemoryStore);

impl Store for SlowStore {
    fn epoch(&self) -> u64 {
        self.0.epoch()
    }

    fn now(&self) -> u64 {
        self.0.now()
    }

    fn load<'a>(
        &'a self,
        keys: &'a [Key],
        request: Option<&'a RequestKey>,
    ) -> BoxFuture<'a, Result<Loaded, Unavailable>> {
        let slow = request.is_some_and(|request| request.request.as_str() == "slow");
        Box::pin(async move {
            if slow {
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
            self.0.load(keys, request).await
        })
    }

    fn calls_of<'a>(&'a self, user: &'a UserKey) -> BoxFuture<'a, Result<Vec<CallId>, Unavailable>> {
        self.0.calls_of(user)
    }

    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<CommitResult, Unavailable>> {
        self.0.commit(commit)
    }

    fn log_after<'a>(
        &'a self,
        user: &'a UserKey,
        cursor: u64,
        max: usize,
    ) -> BoxFuture<'a, Result<Option<Page>, Unavailable>> {
        self.0.log_after(user, cursor, max)
    }

    fn due(&self, now: u64, max: usize) -> BoxFuture<'_, Result<Vec<(TimerId, u64)>, Unavailable>> {
        self.0.due(now, max)
    }

    fn next_due(&self) -> BoxFuture<'_, Result<Option<u64>, Unavailable>> {
        self.0.next_due()
    }

    fn sessions(&self) -> BoxFuture<'_, Result<Vec<(UserKey, SessionId)>, Unavailable>> {
        self.0.sessions()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.0.close()
    }
}

#[tokio::test]
async fn a_request_that_nobody_waits_for_any_more_is_not_started() {
    let server = TestServer::over(Config::dev(), Arc::new(SlowStore(MemoryStore::new()))).await;
    let mut alice = Client::login(&server, "alice").await;
    let request = |id: &str, ttl_ms, call: &str| {
        ClientFrame::Request(Request { id: RequestId::parse(id).unwrap(), ttl_ms, body: invite(call, &["bob"]) })
    };
    alice.send(&request("slow", 10_000, "c1")).await;
    alice.send(&request("late", 50, "c2")).await;
    alice.send(&request("good", 10_000, "c3")).await;
    assert_eq!(
        alice.told(5).await,
        [
            "reply call_invite",
            "created c1 here: alice Accepted, bob Inviting",
            "error 6000105",
            "reply call_invite",
            "created c3 here: alice Accepted, bob Inviting",
        ]
    );
    assert_eq!(alice.cancel("c2", &[]).await.unwrap_err().code, Code::CALL_DOES_NOT_EXIST);
    server.stop().await;
}
