//! What outlives the server's process: it is killed, or its disk is full, and nothing is lost.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::Command;
use zim_core::call::Call;
use zim_protocol::call::{CallState, CallUserState};
use zim_protocol::code::{Code, Fault};
use zim_protocol::frame::{ClientFrame, ReplyBody, Request, RequestBody, ServerFrame};
use zim_protocol::id::RequestId;
use zim_protocol::session::Login;

use crate::client::{Client, invitation, invite, short, upgrade};
use crate::process::{PROGRAM, Program, run};

fn command(data: &TempDir, listen: &str) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(["--dev", "--listen", listen, "--data-dir"]).arg(data.path());
    command
}

async fn start(data: &TempDir) -> Program {
    Program::spawn(command(data, "127.0.0.1:0")).await
}

/// Kills the server and starts it again at the same address.
async fn restart(program: Program, data: &TempDir) -> Program {
    let address = program.address.to_string();
    program.kill().await;
    Program::spawn(command(data, &address)).await
}

async fn login(address: SocketAddr, user: &str) -> Client {
    let mut client = Client::login_at(address, user).await;
    client.ping_every = Some(Duration::from_millis(200));
    client
}

#[tokio::test]
async fn a_killed_server_goes_on_where_it_was() {
    let data = TempDir::new().unwrap();
    let program = start(&data).await;
    let address = program.address;
    let (mut alice, mut bob) = (login(address, "alice").await, login(address, "bob").await);
    alice.invite("c", &["bob", "carol"]).await.unwrap();
    assert_eq!(alice.told(1).await, ["created c here: alice Accepted, bob Inviting, carol Inviting"]);
    // Bob has not heard of it, as far as the server knows.
    let program = restart(program, &data).await;
    assert!(alice.resume_at(address, &["c"]).await.unwrap().is_empty());
    assert_eq!(alice.told(1).await, ["caught up"]);
    assert!(bob.resume_at(address, &[]).await.unwrap().is_empty());
    let told = bob.told(2).await;
    assert_eq!(told[1], "caught up");
    assert_eq!(told[0], "invited c by alice \"hello\": alice Accepted, bob Inviting, carol Inviting");
    bob.accept("c").await.unwrap();
    assert_eq!(alice.told(1).await, ["accepted c by bob \"yes\": bob Accepted"]);
    // Carol was offline all the time.
    let (mut carol, snapshot) = Client::login_to(address, "carol", "carol").await;
    assert_eq!(snapshot.len(), 1);
    assert!(snapshot[0].remaining_ms > 0 && snapshot[0].remaining_ms < 60_000, "{}", snapshot[0].remaining_ms);
    carol.reject("c").await.unwrap();
    assert_eq!(alice.told(1).await, ["rejected c by carol \"no\": carol Rejected 6090106, ended"]);
    drop((alice, bob, carol));
    program.signal("-TERM").await;
    program.end().await;
}

#[tokio::test]
async fn what_was_said_before_the_kill_is_not_said_again() {
    let data = TempDir::new().unwrap();
    let program = start(&data).await;
    let address = program.address;
    let (mut alice, mut bob) = (login(address, "alice").await, login(address, "bob").await);
    for call in ["c1", "c2"] {
        alice.invite(call, &["bob"]).await.unwrap();
        alice.told(1).await;
        bob.told(1).await;
    }
    bob.accept("c1").await.unwrap();
    bob.told(1).await;
    alice.told(1).await;
    let program = restart(program, &data).await;
    alice.resume_at(address, &[]).await.unwrap();
    assert_eq!(alice.told(1).await, ["caught up"]);
    bob.resume_at(address, &[]).await.unwrap();
    assert_eq!(bob.told(1).await, ["caught up"]);
    bob.accept("c2").await.unwrap();
    assert_eq!(alice.told(1).await, ["accepted c2 by bob \"yes\": bob Accepted, ended"]);
    program.kill().await;
}

#[tokio::test]
async fn a_request_sent_again_to_the_next_process_is_answered_and_not_done_again() {
    let data = TempDir::new().unwrap();
    let program = start(&data).await;
    let address = program.address;
    let mut alice = login(address, "alice").await;
    let again = ClientFrame::Request(Request {
        id: RequestId::parse("once").unwrap(),
        ttl_ms: 10_000,
        body: invite("c", &["bob"]),
    });
    alice.send(&again).await;
    let first = alice.answer(&RequestId::parse("once").unwrap()).await.unwrap();
    alice.told(1).await;
    // Somebody answers, so that doing it again would be refused.
    let mut bob = Client::login_to(address, "bob", "bob").await.0;
    bob.reject("c").await.unwrap();
    alice.told(1).await;
    let program = restart(program, &data).await;
    alice.resume_at(address, &[]).await.unwrap();
    assert_eq!(alice.told(1).await, ["caught up"]);
    alice.send(&again).await;
    assert_eq!(alice.answer(&RequestId::parse("once").unwrap()).await.unwrap(), first);
    assert!(matches!(first, ReplyBody::CallInvite(_)));
    program.kill().await;
}

#[tokio::test]
async fn a_caller_has_the_ordinary_time_to_come_back_and_is_missed_once_otherwise() {
    let data = TempDir::new().unwrap();
    // Long enough for a resume on a busy machine, short enough to wait for.
    let hasty = |listen: &str| {
        let mut command = command(&data, listen);
        command.env("ZIM_SERVER_HEARTBEAT_INTERVAL_MS", "200").env("ZIM_SERVER_HEARTBEAT_TIMEOUT_MS", "2000");
        command
    };
    let program = Program::spawn(hasty("127.0.0.1:0")).await;
    let address = program.address;
    let (mut alice, mut bob) = (login(address, "alice").await, login(address, "bob").await);
    let mut dave = login(address, "dave").await;
    for (caller, call) in [(&mut alice, "stays"), (&mut dave, "goes")] {
        caller.invite(call, &["bob"]).await.unwrap();
        caller.told(1).await;
        bob.told(1).await;
    }
    program.kill().await;
    let program = Program::spawn(hasty(&address.to_string())).await;
    alice.resume_at(address, &[]).await.unwrap();
    bob.resume_at(address, &[]).await.unwrap();
    assert_eq!(bob.told(1).await, ["caught up"]);
    assert_eq!(alice.told(1).await, ["caught up"]);
    // Dave never comes back.
    let told = tokio::select! {
        told = bob.told(1) => told,
        // She keeps her link alive, and is told nothing.
        frame = alice.next() => panic!("{frame:?}"),
    };
    assert_eq!(told, ["cancelled goes by dave: dave Cancelled 6090103, bob BeCancelled 6090103, ended"]);
    program.kill().await;
    let program = Program::spawn(hasty(&address.to_string())).await;
    alice.resume_at(address, &[]).await.unwrap();
    bob.resume_at(address, &[]).await.unwrap();
    assert_eq!(bob.told(1).await, ["caught up"]);
    bob.accept("stays").await.unwrap();
    assert_eq!(bob.told(1).await, ["accepted stays by bob \"yes\": bob Accepted, ended"]);
    program.kill().await;
}

#[tokio::test]
async fn a_displaced_device_stays_displaced() {
    let data = TempDir::new().unwrap();
    let program = start(&data).await;
    let address = program.address;
    let mut phone = Client::login_to(address, "alice", "phone").await.0;
    // The phone is away while the tablet logs in, so nobody tells it.
    phone.ws = upgrade(TcpStream::connect(address).await.unwrap(), address).await;
    let (mut tablet, _) = Client::login_to(address, "alice", "tablet").await;
    let program = restart(program, &data).await;
    tablet.resume_at(address, &[]).await.unwrap();
    assert_eq!(tablet.told(1).await, ["caught up"]);
    let fault = phone.resume_at(address, &[]).await.unwrap_err();
    assert_eq!(fault.code, Code::KICKED_OUT, "{fault}");
    // And the tablet has not been disturbed by it.
    tablet.invite("c", &["bob"]).await.unwrap();
    program.kill().await;
}

/// Changes the file while no server uses it.
fn edit(data: &Path, sql: &str) {
    rusqlite::Connection::open(data.join("zim.db")).unwrap().execute_batch(sql).unwrap();
}

#[tokio::test]
async fn a_deadline_that_passed_while_nobody_was_there_is_kept_at_the_start() {
    let data = TempDir::new().unwrap();
    let program = start(&data).await;
    let address = program.address;
    let (mut alice, mut bob) = (login(address, "alice").await, login(address, "bob").await);
    for call in ["first", "second"] {
        alice.invite(call, &["bob"]).await.unwrap();
        alice.told(1).await;
        bob.told(1).await;
    }
    program.kill().await;
    // As if the server had been away for longer than the call.
    edit(
        data.path(),
        "UPDATE timer SET at = at - 3600000 WHERE kind = 'call' AND subject = 'first';
         UPDATE call SET body = json_set(body, '$.rows[1].deadline', json_extract(body, '$.rows[1].deadline') - 3600000)
             WHERE id = 'first';",
    );
    let program = Program::spawn(command(&data, &address.to_string())).await;
    alice.resume_at(address, &[]).await.unwrap();
    let mut told = alice.told(2).await;
    told.sort();
    assert_eq!(told, ["caught up", "timeout first: bob Timeout 6090105, ended"]);
    // The other one goes on.
    bob.resume_at(address, &[]).await.unwrap();
    bob.told(2).await;
    bob.accept("second").await.unwrap();
    program.kill().await;
}

/// What the store holds, by call: the state of its second row.
async fn outcomes(data: &TempDir) -> BTreeMap<String, (CallState, CallUserState)> {
    let output = run(&["store", "export", "--data-dir", data.path().to_str().unwrap()], &[]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines
        .filter(|line| line["kind"] == "call")
        .map(|line| {
            let call: Call = serde_json::from_value(line["call"].clone()).unwrap();
            (call.id.to_string(), (call.state, call.rows[1].state))
        })
        .collect()
}

#[tokio::test]
async fn a_thousand_pending_invitations_go_on() {
    const CALLS: usize = 1_000;
    let data = TempDir::new().unwrap();
    // Many commits one after the other; what the process does not lose is what matters here.
    let program = |listen: &str| {
        let mut command = command(&data, listen);
        command.env("ZIM_SERVER_DURABILITY", "normal");
        Program::spawn(command)
    };
    let server = program("127.0.0.1:0").await;
    let address = server.address;
    let mut alice = login(address, "alice").await;
    let request = |number: usize| {
        let mut call = invitation(&format!("c{number}"), &["bob"]);
        // A tenth of them run out of time before long.
        call.timeout_s = if number.is_multiple_of(10) { 3 } else { 60 };
        Request {
            id: RequestId::parse(&format!("r{number}")).unwrap(),
            ttl_ms: 10_000,
            body: RequestBody::CallInvite(call),
        }
    };
    for number in 0..CALLS {
        alice.send(&ClientFrame::Request(request(number))).await;
    }
    // Killed while they are on their way in: some have been answered, and others are not there yet.
    alice.answer(&request(300).id).await.unwrap();
    server.kill().await;
    let server = program(&address.to_string()).await;
    alice.resume_at(address, &[]).await.unwrap();
    // What has no answer is sent again, and what has one as well: each is done once.
    for number in 0..CALLS {
        alice.send(&ClientFrame::Request(request(number))).await;
        alice.answer(&request(number).id).await.unwrap();
        alice.queue.clear();
        alice.acknowledge().await;
    }
    let (mut bob, snapshot) = Client::login_to(address, "bob", "bob").await;
    bob.ping_every = Some(Duration::from_millis(200));
    let soon = snapshot.iter().filter(|call| call.timeout_s == 3).count();
    assert_eq!(snapshot.len() - soon, CALLS * 9 / 10);
    server.kill().await;
    let server = program(&address.to_string()).await;
    bob.resume_at(address, &[]).await.unwrap();
    alice.resume_at(address, &[]).await.unwrap();
    for number in (0..CALLS).filter(|number| number % 10 != 0) {
        let call = format!("c{number}");
        if number % 3 == 0 {
            bob.reject(&call).await.unwrap()
        } else {
            bob.accept(&call).await.unwrap()
        };
        bob.queue.clear();
        bob.acknowledge().await;
    }
    // The last one to end by itself: behind it nothing is pending.
    let mut ended = String::new();
    while !ended.starts_with("timeout c990") {
        ended = match alice.next().await {
            frame @ ServerFrame::Event { .. } => short(&frame),
            _ => continue,
        };
        alice.acknowledge().await;
    }
    server.signal("-TERM").await;
    server.end().await;
    let outcomes = outcomes(&data).await;
    assert_eq!(outcomes.len(), CALLS);
    for number in 0..CALLS {
        let expected = match number {
            _ if number % 10 == 0 => CallUserState::Timeout,
            _ if number % 3 == 0 => CallUserState::Rejected,
            _ => CallUserState::Accepted,
        };
        assert_eq!(outcomes[&format!("c{number}")], (CallState::Ended, expected), "c{number}");
    }
}

/// Lets the process write files no larger than this; `unlimited` makes room again.
async fn limit_files(program: &Program, bytes: &str) {
    let limit = format!("--fsize={bytes}:unlimited");
    assert!(Command::new("prlimit").args(["--pid", &program.pid(), &limit]).status().await.unwrap().success());
}

#[tokio::test]
async fn a_full_disk_is_said_and_waited_for() {
    let data = TempDir::new().unwrap();
    let mut plain = Command::new("sh");
    // Without the signal writing fails as on a full disk.
    plain
        .args(["-c", "trap '' XFSZ; exec \"$0\" --dev --listen 127.0.0.1:0 --data-dir \"$1\"", PROGRAM])
        .arg(data.path());
    let mut program = Program::spawn(plain).await;
    let address = program.address;
    let mut alice = login(address, "alice").await;
    alice.invite("before", &["bob"]).await.unwrap();
    limit_files(&program, "1").await;
    // The first one finds out. It was decided and waits for room: its answer comes when it is kept.
    let waiting = alice.ask(invite("waits", &["bob"])).await;
    program.logged("the store cannot be written").await;
    // Others are told at once.
    let fault = refused_login(address).await;
    assert_eq!(fault.code, Code::DATABASE_ERROR, "{fault}");
    assert!(fault.message.contains("is the disk full"), "{fault}");
    limit_files(&program, "unlimited").await;
    assert!(matches!(alice.answer(&waiting).await.unwrap(), ReplyBody::CallInvite(_)));
    program.logged("the store can be written again").await;
    alice.invite("after", &["bob"]).await.unwrap();
    program.kill().await;
    let outcomes = outcomes(&data).await;
    assert_eq!(outcomes.keys().collect::<Vec<_>>(), ["after", "before", "waits"]);
}

async fn refused_login(address: SocketAddr) -> Fault {
    let mut carol = Client::connect_to(address, "carol", "phone").await;
    let body = RequestBody::Login(Login { credentials: carol.credentials.clone(), logged_out: None });
    carol.request(body).await.unwrap_err()
}

#[tokio::test]
async fn a_store_that_cannot_be_opened_is_explained() {
    let data = TempDir::new().unwrap();
    let program = start(&data).await;
    let directory = data.path().to_str().unwrap();
    for arguments in [
        vec!["--dev", "--listen", "127.0.0.1:0", "--data-dir", directory],
        vec!["store", "check", "--data-dir", directory],
        vec!["store", "export", "--data-dir", directory],
        vec!["store", "repair", "--data-dir", directory],
    ] {
        let output = run(&arguments, &[]).await;
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && message.contains("in use by another process"), "{arguments:?}: {message}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
    program.kill().await;
    let file = data.path().join("zim.db");
    std::fs::write(&file, vec![0x5a; 8_192]).unwrap();
    let output = run(&["--dev", "--listen", "127.0.0.1:0", "--data-dir", directory], &[]).await;
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && message.contains("is damaged") && message.contains("store repair"),
        "{message}"
    );
    let output = run(&["store", "repair", "--data-dir", directory], &[]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.contains("saved 0 calls") && text.contains("zim.db.damaged-"), "{text}");
    let output = run(&["store", "check", "--data-dir", directory], &[]).await;
    assert!(output.status.success());
}
