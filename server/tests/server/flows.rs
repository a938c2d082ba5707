//! The life of General calls: who is told what, in which order.

use zim_protocol::call::{CallCancelled, CallInvited, CallState, ErrorUser};
use zim_protocol::code::Code;
use zim_protocol::frame::{ReplyBody, RequestBody};
use zim_protocol::session::Login;
use zim_server::config::{Config, UnknownUsers};

use crate::client::{Client, TestServer, call_id, invitation, invite, rows, user_id, withdraw};

const RINGING: &str = "alice Accepted, bob Inviting, carol Inviting";

/// Alice, who rings Bob and Carol in the call `c`; all three have been told.
async fn three(server: &TestServer) -> (Client, Client, Client) {
    let mut alice = Client::login(server, "alice").await;
    let mut bob = Client::login(server, "bob").await;
    let mut carol = Client::login(server, "carol").await;
    let reply = alice.invite("c", &["bob", "carol"]).await.unwrap();
    let expected = CallInvited { call_id: call_id("c"), timeout_s: 60, error_users: vec![] };
    assert_eq!(reply, ReplyBody::CallInvite(expected));
    assert_eq!(alice.told(1).await, [format!("created c here: {RINGING}")]);
    for invitee in [&mut bob, &mut carol] {
        assert_eq!(invitee.told(1).await, [format!("invited c by alice \"hello\": {RINGING}")]);
    }
    (alice, bob, carol)
}

/// Everything that each has been told since, to the end.
async fn all_told<const N: usize>(server: &TestServer, clients: [&mut Client; N]) -> [Vec<String>; N] {
    let mut zoe = Client::login(server, "zoe").await;
    let names: Vec<String> = clients.iter().map(|client| client.name.clone()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    zoe.invite("end", &names).await.unwrap();
    let mut told = [const { Vec::new() }; N];
    for (client, told) in clients.into_iter().zip(&mut told) {
        *told = client.told_until_call("end").await;
    }
    told
}

#[tokio::test]
async fn everybody_answers() {
    let server = TestServer::dev().await;
    let (mut alice, mut bob, mut carol) = three(&server).await;
    bob.received("c").await.unwrap();
    // Again: nothing new.
    bob.received("c").await.unwrap();
    carol.received("c").await.unwrap();
    bob.accept("c").await.unwrap();
    carol.reject("c").await.unwrap();
    let expected = [
        "received c by bob: bob Received",
        "received c by carol: carol Received",
        "accepted c by bob \"yes\": bob Accepted",
        "rejected c by carol \"no\": carol Rejected 6090106, ended",
    ];
    for told in all_told(&server, [&mut alice, &mut bob, &mut carol]).await {
        assert_eq!(told, expected);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_reply_comes_before_the_events_it_causes() {
    let server = TestServer::dev().await;
    let mut alice = Client::login(&server, "alice").await;
    let mut bob = Client::login(&server, "bob").await;
    alice.ask(invite("c", &["bob"])).await;
    assert_eq!(alice.told(2).await, ["reply call_invite", "created c here: alice Accepted, bob Inviting"]);
    assert_eq!(bob.told(1).await, ["invited c by alice \"hello\": alice Accepted, bob Inviting"]);
    bob.ask(RequestBody::CallAccept(crate::client::answer("c", ""))).await;
    assert_eq!(bob.told(2).await, ["reply call_accept", "accepted c by bob: bob Accepted, ended"]);
    server.stop().await;
}

#[tokio::test]
async fn one_invitation_is_taken_back_and_then_the_other() {
    let server = TestServer::dev().await;
    let (mut alice, mut bob, mut carol) = three(&server).await;
    let reply = alice.cancel("c", &["bob", "dave"]).await.unwrap();
    let error_users = vec![ErrorUser { user_id: user_id("dave"), reason: Code::CALL_IS_NOT_INVITEE }];
    assert_eq!(reply, ReplyBody::CallCancel(CallCancelled { call_id: call_id("c"), error_users }));
    alice.cancel("c", &[]).await.unwrap();
    let first = "cancelled c by alice \"sorry\": bob BeCancelled 6090102";
    let second = "cancelled c by alice \"sorry\": alice Cancelled 6090102, carol BeCancelled 6090102, ended";
    let [alice, bob, carol] = all_told(&server, [&mut alice, &mut bob, &mut carol]).await;
    assert_eq!(alice, [first, second]);
    assert_eq!(bob, [first]);
    assert_eq!(carol, [first, second]);
    server.stop().await;
}

#[tokio::test]
async fn those_who_time_out_at_once_do_so_in_one_event() {
    let server = TestServer::dev().await;
    let mut alice = Client::login(&server, "alice").await;
    let mut bob = Client::login(&server, "bob").await;
    let mut request = invitation("c", &["bob", "carol"]);
    request.timeout_s = 1;
    alice.request(RequestBody::CallInvite(request)).await.unwrap();
    alice.told(1).await;
    bob.told(1).await;
    bob.received("c").await.unwrap();
    let expected = ["received c by bob: bob Received", "timeout c: bob Timeout 6090104, carol Timeout 6090105, ended"];
    assert_eq!(alice.told(2).await, expected);
    assert_eq!(bob.told(2).await, expected);
    let late = bob.accept("c").await.unwrap_err();
    assert_eq!(late.code, Code::CALL_DOES_NOT_EXIST);
    assert!(late.message.contains("Timeout"), "{late}");
    server.stop().await;
}

#[tokio::test]
async fn nobody_has_received_it_for_five_seconds() {
    let server = TestServer::dev().await;
    let mut alice = Client::login(&server, "alice").await;
    let mut bob = Client::login(&server, "bob").await;
    let mut request = invitation("c", &["bob", "carol"]);
    request.not_received_check = true;
    alice.request(RequestBody::CallInvite(request)).await.unwrap();
    alice.told(1).await;
    bob.told(1).await;
    bob.received("c").await.unwrap();
    assert_eq!(alice.told(2).await, ["received c by bob: bob Received", "not_received c: carol NotYetReceived"]);
    assert_eq!(bob.told(2).await, ["received c by bob: bob Received", "not_received c: carol NotYetReceived"]);
    // Whoever logs in still rings, can receive it, and can answer.
    let (mut carol, snapshot) = Client::login_on(&server, "carol", "phone").await;
    assert_eq!(rows(&snapshot[0].users), "alice Accepted, bob Received, carol NotYetReceived");
    carol.received("c").await.unwrap();
    carol.accept("c").await.unwrap();
    assert_eq!(
        alice.told(2).await,
        ["received c by carol: carol Received", "accepted c by carol \"yes\": carol Accepted"]
    );
    server.stop().await;
}

#[tokio::test]
async fn an_absent_invitee_logs_in_in_time() {
    let server = TestServer::dev().await;
    let mut alice = Client::login(&server, "alice").await;
    alice.invite("c", &["bob"]).await.unwrap();
    alice.told(1).await;
    let (mut bob, snapshot) = Client::login_on(&server, "bob", "phone").await;
    assert_eq!(snapshot.len(), 1);
    let call = &snapshot[0];
    assert_eq!((call.call_id.as_str(), call.inviter.as_str(), call.state), ("c", "alice", CallState::Started));
    assert!(call.remaining_ms > 40_000 && call.remaining_ms <= 60_000, "{}", call.remaining_ms);
    assert_eq!(rows(&call.users), "alice Accepted, bob Inviting");
    bob.accept("c").await.unwrap();
    assert_eq!(alice.told(1).await, ["accepted c by bob \"yes\": bob Accepted, ended"]);
    // The call is over: the next login does not hear of it.
    Client::login(&server, "bob").await;
    server.stop().await;
}

#[tokio::test]
async fn a_caller_logs_out_before_anybody_has_accepted() {
    let server = TestServer::dev().await;
    let (mut alice, mut bob, mut carol) = three(&server).await;
    bob.reject("c").await.unwrap();
    alice.request(RequestBody::Logout).await.unwrap();
    let [bob, carol] = all_told(&server, [&mut bob, &mut carol]).await;
    assert_eq!(bob, ["rejected c by bob \"no\": bob Rejected 6090106"]);
    assert_eq!(
        carol,
        [
            "rejected c by bob \"no\": bob Rejected 6090106",
            "cancelled c by alice: alice Cancelled 6090103, carol BeCancelled 6090103, ended",
        ]
    );
    server.stop().await;
}

/// Also on a machine where the timers are slow: the answer to the logout means that the calls have been told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_logs_out_and_in_again_comes_back_to_no_call() {
    let server = TestServer::dev().await;
    let mut bob = Client::login(&server, "bob").await;
    for round in 0..200 {
        // `login` checks that the snapshot is empty.
        let mut alice = Client::login(&server, "alice").await;
        let call = format!("c{round}");
        alice.invite(&call, &["bob"]).await.unwrap();
        alice.request(RequestBody::Logout).await.unwrap();
        assert_eq!(
            bob.told(2).await[1],
            format!("cancelled {call} by alice: alice Cancelled 6090103, bob BeCancelled 6090103, ended")
        );
        bob.acknowledge().await;
    }
    server.stop().await;
}

/// Its logout is on the way still when the next login is there already.
#[tokio::test]
async fn a_login_that_names_the_session_logged_out_of_ends_it_first() {
    let server = TestServer::dev().await;
    let (mut alice, mut bob, _carol) = three(&server).await;
    let mut again = Client::connect(&server, "alice", "alice").await;
    let logged_out = alice.session.as_ref().map(|session| session.session_id.clone());
    let login = Login { credentials: again.credentials.clone(), logged_out };
    let Ok(ReplyBody::Login(reply)) = again.request(RequestBody::Login(login)).await else { panic!("refused") };
    assert_eq!(reply.snapshot_calls, Some(0), "the call was over before the login was answered");
    let [bob] = all_told(&server, [&mut bob]).await;
    assert_eq!(
        bob,
        ["cancelled c by alice: alice Cancelled 6090103, bob BeCancelled 6090103, carol BeCancelled 6090103, ended"]
    );
    assert_eq!(alice.read().await.unwrap_err(), "1000");
    server.stop().await;
}

#[tokio::test]
async fn a_call_rings_on_while_somebody_who_has_accepted_is_there() {
    let server = TestServer::dev().await;
    let (mut alice, mut bob, mut carol) = three(&server).await;
    bob.accept("c").await.unwrap();
    alice.request(RequestBody::Logout).await.unwrap();
    // What the first departure does is over before the second one happens.
    let [after_alice] = all_told(&server, [&mut carol]).await;
    assert_eq!(after_alice, ["accepted c by bob \"yes\": bob Accepted"]);
    bob.request(RequestBody::Logout).await.unwrap();
    assert_eq!(carol.told(1).await, ["cancelled c by alice: carol BeCancelled 6090107, ended"]);
    server.stop().await;
}

#[tokio::test]
async fn unknown_users_are_refused_where_the_server_is_told_so() {
    let server = TestServer::start(Config { unknown_users: Some(UnknownUsers::Refuse), ..Config::dev() }).await;
    let mut alice = Client::login(&server, "alice").await;
    let mut bob = Client::login(&server, "bob").await;
    bob.request(RequestBody::Logout).await.unwrap();
    let fault = alice.invite("none", &["carol", "dave"]).await.unwrap_err();
    assert_eq!(fault.code, Code::CALL_INVITE_USER_DOES_NOT_EXIST);
    let ReplyBody::CallInvite(reply) = alice.invite("c", &["carol", "bob"]).await.unwrap() else { panic!() };
    assert_eq!(reply.error_users, [ErrorUser { user_id: user_id("carol"), reason: Code::USER_IS_NOT_EXIST }]);
    assert_eq!(alice.told(1).await, ["created c here: alice Accepted, bob Inviting"]);
    server.stop().await;
}

#[tokio::test]
async fn refusals_have_their_codes() {
    let server = TestServer::dev().await;
    let (mut alice, mut bob, _carol) = three(&server).await;
    let mut dave = Client::login(&server, "dave").await;
    let nine: Vec<String> = (0..10).map(|number| format!("user{number}")).collect();
    let nine: Vec<&str> = nine.iter().map(String::as_str).collect();
    let mut long = invitation("x", &["bob"]);
    long.timeout_s = 601;
    let mut wide = invitation("x", &["bob"]);
    wide.extended_data = "x".repeat(2_049);
    for (fault, expected) in [
        (alice.invite("x", &["alice"]).await, Code::PARAMS_INVALID),
        (alice.invite("x", &nine).await, Code::CALL_SERVER_ERROR),
        (alice.request(RequestBody::CallInvite(long)).await, Code::PARAMS_INVALID),
        (alice.request(RequestBody::CallInvite(wide)).await, Code::PARAMS_INVALID),
        (alice.invite("c", &["bob"]).await, Code::CALL_ALREADY_EXISTS),
        (dave.invite("c", &["bob", "carol"]).await, Code::CALL_ALREADY_EXISTS),
        (dave.accept("c").await, Code::CALL_IS_NOT_INVITEE),
        (alice.accept("c").await, Code::CALL_IS_NOT_INVITEE),
        (dave.cancel("c", &[]).await, Code::CALL_IS_NOT_INVITOR),
        (bob.cancel("c", &[]).await, Code::CALL_IS_NOT_INVITOR),
        (dave.accept("unknown").await, Code::CALL_DOES_NOT_EXIST),
        (dave.reject("unknown").await, Code::CALL_DOES_NOT_EXIST),
        (dave.received("unknown").await, Code::CALL_DOES_NOT_EXIST),
        (dave.cancel("unknown", &[]).await, Code::CALL_DOES_NOT_EXIST),
    ] {
        assert_eq!(fault.unwrap_err().code, expected);
    }
    bob.accept("c").await.unwrap();
    assert_eq!(bob.accept("c").await.unwrap_err().code, Code::CALL_DOES_NOT_EXIST);
    assert_eq!(alice.cancel("c", &["bob"]).await.unwrap_err().code, Code::CALL_CANCEL_ERROR);
    // The same call again gets the first answer again.
    alice.invite("c", &["bob", "carol"]).await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn a_withdrawal_takes_back_what_there_is_and_never_fails() {
    let server = TestServer::dev().await;
    let mut alice = Client::login(&server, "alice").await;
    let mut bob = Client::login(&server, "bob").await;
    let reply = alice.request(withdraw("never-made")).await.unwrap();
    let expected = CallCancelled { call_id: call_id("never-made"), error_users: vec![] };
    assert_eq!(reply, ReplyBody::CallCancel(expected));
    alice.invite("c", &["bob"]).await.unwrap();
    alice.request(withdraw("c")).await.unwrap();
    alice.request(withdraw("c")).await.unwrap();
    let [bob] = all_told(&server, [&mut bob]).await;
    let cancelled = "cancelled c by alice: alice Cancelled 6090102, bob BeCancelled 6090102, ended";
    assert_eq!(bob, ["invited c by alice \"hello\": alice Accepted, bob Inviting", cancelled]);
    server.stop().await;
}
