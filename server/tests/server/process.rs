//! The program itself: command line, signals, logs, and what it does when the system runs short.

use std::net::SocketAddr;
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::{Instant, timeout};
use zim_protocol::call::PushConfig;
use zim_protocol::frame::RequestBody;
use zim_protocol::session::{Login, RenewToken};

use crate::client::{Client, PATIENCE, answer, cancel, invitation};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_zim-server");

pub struct Program {
    child: Child,
    pub address: SocketAddr,
    stderr: BufReader<ChildStderr>,
    /// What has been read of its log.
    log: String,
}

impl Program {
    pub async fn start(arguments: &[&str]) -> Program {
        let mut command = Command::new(PROGRAM);
        command.args(["--dev", "--listen", "127.0.0.1:0"]).args(arguments);
        Program::spawn(command).await
    }

    pub async fn spawn(mut command: Command) -> Program {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        timeout(PATIENCE, stdout.read_line(&mut line)).await.unwrap().unwrap();
        let address = line.strip_prefix("listening on ws://").and_then(|line| line.strip_suffix("/zim\n"));
        let address = address.unwrap_or_else(|| panic!("{line:?}")).parse().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Program { child, address, stderr, log: String::new() }
    }

    /// Waits for a line with this in it.
    pub async fn logged(&mut self, text: &str) {
        while !self.log.contains(text) {
            let read = timeout(PATIENCE, self.stderr.read_line(&mut self.log)).await;
            assert!(read.expect("is logged").unwrap() > 0, "the log has ended: {}", self.log);
        }
    }

    pub async fn signal(&self, name: &str) {
        let pid = self.pid();
        assert!(Command::new("kill").args([name, &pid]).status().await.unwrap().success());
    }

    /// Waits for the end; returns the log, and for how long it took.
    pub async fn end(mut self) -> (String, Duration) {
        let start = Instant::now();
        timeout(PATIENCE, self.stderr.read_to_string(&mut self.log)).await.expect("ends").unwrap();
        let status = timeout(PATIENCE, self.child.wait()).await.expect("ends").unwrap();
        assert!(status.success(), "{status:?}: {}", self.log);
        assert!(!self.log.contains("panicked"), "{}", self.log);
        (self.log, start.elapsed())
    }

    /// Kills it, and waits until it is gone.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    pub fn pid(&self) -> String {
        self.child.id().unwrap().to_string()
    }

    /// The peak of its resident memory, in KiB.
    fn peak_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id().unwrap())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

pub async fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).envs(environment.iter().copied()).stdin(Stdio::null()).kill_on_drop(true);
    timeout(PATIENCE, command.output()).await.unwrap().unwrap()
}

#[tokio::test]
async fn signals_stop_it_gracefully() {
    for signal in ["-TERM", "-INT"] {
        let program = Program::start(&[]).await;
        let mut alice = Client::login_at(program.address, "alice").await;
        program.signal(signal).await;
        assert_eq!(alice.told(1).await, ["closing server_stopping"]);
        assert_eq!(alice.read().await.unwrap_err(), "4004");
        drop(alice);
        let (log, took) = program.end().await;
        assert!(took < Duration::from_secs(5), "{took:?}");
        assert!(log.contains("DEVELOPMENT MODE"), "{log}");
        assert!(log.contains("stopped"), "{log}");
    }
}

#[tokio::test]
async fn a_client_that_does_not_go_does_not_hold_it_up() {
    let program = Program::start(&[]).await;
    let mut stuck = Vec::new();
    for number in 0..20 {
        stuck.push(Client::login_at(program.address, &format!("user{number}")).await);
    }
    stuck.push(Client::connect_to(program.address, "silent", "phone").await);
    let _half = TcpStream::connect(program.address).await.unwrap();
    program.signal("-TERM").await;
    let (_, took) = program.end().await;
    assert!(took < Duration::from_secs(7), "{took:?}");
}

#[tokio::test]
async fn it_says_why_it_does_not_start() {
    for (arguments, environment, parts) in [
        (vec![], vec![], ["cannot check tokens yet", "zim-server --dev"]),
        (vec!["--listen", "127.0.0.1:0"], vec![], ["cannot check tokens yet", "zim-server --dev"]),
        (vec!["--dev", "--listen", "0.0.0.0:0"], vec![], ["loopback address only", "--listen 127.0.0.1:8790"]),
        (vec!["--dev"], vec![("ZIM_SERVER_LISTEN", "[::]:0")], ["loopback address only", "[::]:0"]),
        (vec!["--dev"], vec![("ZIM_SERVER_LOGIN_TIMEOUT_MS", "1")], ["login_timeout_ms is 1", "10 to 600000"]),
        (vec!["--dev", "--log", "loud"], vec![], ["log is \"loud\"", "error, warn, info, debug, trace"]),
        (vec!["--dev", "--listen", "here"], vec![], ["--listen <ADDRESS>", "invalid socket address"]),
        (vec!["--dev", "--config", "/no/such/file"], vec![], ["/no/such/file", "No such file"]),
    ] {
        let output = run(&arguments, &environment).await;
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        assert_eq!(output.stdout, b"", "{arguments:?}");
        for part in parts {
            assert!(message.contains(part), "{arguments:?} {environment:?}: {message}");
        }
    }
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = run(&["--dev", "--listen", &address], &[]).await;
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains(&format!("cannot listen on {address}: ")), "{message}");
}

#[tokio::test]
async fn help_tells_a_newcomer_what_to_do() {
    let output = run(&["--help"], &[]).await;
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).unwrap();
    for part in [
        "zim-server --dev",
        "ws://127.0.0.1:8790/zim",
        "--config",
        "zim-server.example.toml",
        "ZIM_SERVER_LISTEN",
        "SIGTERM",
    ] {
        assert!(help.contains(part), "{part}: {help}");
    }
}

#[tokio::test]
async fn the_log_tells_what_happens_and_keeps_what_is_private() {
    let program = Program::start(&["--log", "trace"]).await;
    let mut alice = Client::connect_to(program.address, "alice", "phone").await;
    alice.credentials.token = "PRIVATE-token".to_owned();
    alice.credentials.user_name = "PRIVATE-name".to_owned();
    alice.credentials.user_extended_data = "PRIVATE-profile".to_owned();
    let login = RequestBody::Login(Login { credentials: alice.credentials.clone(), logged_out: None });
    alice.request(login.clone()).await.unwrap();
    alice.request(RequestBody::RenewToken(RenewToken { token: "PRIVATE-renewed".to_owned() })).await.unwrap();
    let mut bob = Client::login_at(program.address, "bob").await;
    let mut call = invitation("c", &["bob", "carol"]);
    call.extended_data = "PRIVATE-data".to_owned();
    let payload = "PRIVATE-payload".to_owned();
    call.push = Some(PushConfig { title: "PRIVATE-title".to_owned(), payload, ..PushConfig::default() });
    alice.request(RequestBody::CallInvite(call)).await.unwrap();
    bob.request(RequestBody::CallAccept(answer("c", "PRIVATE-answer"))).await.unwrap();
    let RequestBody::CallCancel(mut cancellation) = cancel("c", &[]) else { panic!() };
    cancellation.extended_data = "PRIVATE-cancel".to_owned();
    alice.request(RequestBody::CallCancel(cancellation)).await.unwrap();
    // Also of what is refused.
    let wide = answer("c", &"PRIVATE-".repeat(1_000));
    alice.request(RequestBody::CallAccept(wide)).await.unwrap_err();
    for text in [
        "{\"PRIVATE",
        "{\"kind\":\"login\",\"id\":\"r\",\"data\":{\"token\":[\"PRIVATE\"]}}",
        "{\"kind\":\"x\",\"data\":\"PRIVATE\"}",
    ] {
        alice.send_text(text).await;
    }
    alice.request(login).await.unwrap_err();
    alice.request(RequestBody::Logout).await.unwrap();
    drop((alice, bob));
    program.signal("-TERM").await;
    let (log, _) = program.end().await;
    for part in ["logged in", "user=alice", "device=phone", "call_invite", "call_accept", "logged out", "lost"] {
        assert!(log.contains(part), "{part}: {log}");
    }
    assert!(!log.contains("PRIVATE"), "{log}");
}

#[tokio::test]
async fn it_lives_on_when_file_descriptors_run_out() {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 40; exec \"$0\" --dev --listen 127.0.0.1:0", PROGRAM]);
    let mut program = Program::spawn(command).await;
    let mut crowd = Vec::new();
    for _ in 0..60 {
        crowd.push(TcpStream::connect(program.address).await.unwrap());
    }
    program.logged("cannot accept connections for now").await;
    // Of these some wait in the kernel's queue: until others go.
    let mut last = crowd.pop().unwrap();
    last.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    drop(crowd);
    let mut words = String::new();
    timeout(PATIENCE, last.read_to_string(&mut words)).await.unwrap().unwrap();
    assert!(words.contains("This is zim-server"), "{words}");
    drop(Client::login_at(program.address, "alice").await);
    program.signal("-TERM").await;
    let (log, _) = program.end().await;
    assert_eq!(log.matches("cannot accept connections for now").count(), 1, "{log}");
}

#[tokio::test]
async fn peers_that_send_much_take_little_memory() {
    let program = Program::start(&["--log", "error"]).await;
    let before = program.peak_kib();
    let mut peers = Vec::new();
    for number in 0..200 {
        let mut peer = Client::connect_to(program.address, "mallory", "phone").await;
        let stream = peer.ws.get_mut();
        // A frame of the largest size, all but its last byte; or the header of one that is far too large, and then
        // as much as is taken.
        let (length, bytes) = if number % 2 == 0 { (0xffff, 0xfffe) } else { (u64::MAX >> 1, 1 << 20) };
        let mut header = vec![0x81, 0xff];
        header.extend(u64::to_be_bytes(length));
        header.extend([0; 4]);
        stream.write_all(&header).await.unwrap();
        // It may be closed while this is written.
        let _ = timeout(PATIENCE, stream.write_all(&vec![b'x'; bytes])).await.unwrap();
        peers.push(peer);
    }
    drop(Client::login_at(program.address, "alice").await);
    let grown = program.peak_kib() - before;
    assert!(grown < 64 * 1024, "{grown} KiB for {} peers", peers.len());
    drop(peers);
    program.signal("-TERM").await;
    program.end().await;
}
