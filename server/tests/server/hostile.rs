//! Peers that send what they should not: a clear error or a closed connection, and the server goes on.

use futures_util::SinkExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use zim_protocol::code::Code;
use zim_protocol::frame::ServerFrame;
use zim_protocol::limits;
use zim_server::config::Config;

use crate::client::{Client, PATIENCE, TestServer};

/// As deep as a frame can be.
fn deep(opening: &str, closing: &str) -> String {
    let depth = 60_000 / (opening.len() + closing.len());
    format!("{}{}", opening.repeat(depth), closing.repeat(depth))
}

/// Texts that are no frame, or not a right one, and the code of the answer.
fn wrong_texts() -> Vec<(String, Code)> {
    let protocol = Code::PROTOCOL_ERROR;
    let params = Code::PARAMS_INVALID;
    let mut texts: Vec<(String, Code)> = [
        ("", protocol),
        (" ", protocol),
        ("{", protocol),
        ("}", protocol),
        ("null", protocol),
        ("true", protocol),
        ("42", protocol),
        ("\"kind\"", protocol),
        ("[]", protocol),
        ("[{\"kind\":\"ping\"}]", protocol),
        ("{}", protocol),
        ("{\"kind\":\"ping\"", protocol),
        ("{\"kind\":\"ping\"} trailing", protocol),
        ("{\"kind\":null}", protocol),
        ("{\"kind\":1}", protocol),
        ("{\"kind\":[\"ping\"]}", protocol),
        ("{\"kind\":\"ping\",\"kind\":\"ping\"}", protocol),
        ("{\"kind\":\"\\ud800\"}", protocol),
        ("{\"kind\":\"ping\"\u{0}}", protocol),
        ("{'kind':'ping'}", protocol),
        ("{\"kind\":\"ack\"}", params),
        ("{\"kind\":\"ack\",\"n\":-1}", protocol),
        ("{\"kind\":\"ack\",\"n\":1.5}", protocol),
        ("{\"kind\":\"ack\",\"n\":99999999999999999999}", protocol),
        ("{\"kind\":\"ack\",\"n\":1e999}", protocol),
        ("{\"kind\":\"login\"}", params),
        ("{\"kind\":\"login\",\"id\":\"\"}", protocol),
        ("{\"kind\":\"login\",\"id\":7}", protocol),
        ("{\"kind\":\"login\",\"id\":\"a b\"}", protocol),
        ("{\"kind\":\"login\",\"id\":\"r\"}", params),
        ("{\"kind\":\"login\",\"id\":\"r\",\"data\":null}", params),
        ("{\"kind\":\"login\",\"id\":\"r\",\"data\":[]}", params),
        ("{\"kind\":\"login\",\"id\":\"r\",\"data\":{}}", params),
        ("{\"kind\":\"login\",\"id\":\"r\",\"ttl_ms\":0,\"data\":{\"app_id\":1,\"user_id\":\"a\",\"device_id\":\"d\"}}", params),
        ("{\"kind\":\"login\",\"id\":\"r\",\"ttl_ms\":60001,\"data\":{\"app_id\":1,\"user_id\":\"a\",\"device_id\":\"d\"}}", params),
        ("{\"kind\":\"login\",\"id\":\"r\",\"ttl_ms\":-1,\"data\":{\"app_id\":1,\"user_id\":\"a\",\"device_id\":\"d\"}}", protocol),
        ("{\"kind\":\"login\",\"id\":\"r\",\"data\":{\"app_id\":-1,\"user_id\":\"a\",\"device_id\":\"d\"}}", params),
        ("{\"kind\":\"login\",\"id\":\"r\",\"data\":{\"app_id\":4294967296,\"user_id\":\"a\",\"device_id\":\"d\"}}", params),
        ("{\"kind\":\"login\",\"id\":\"r\",\"data\":{\"app_id\":1,\"user_id\":\"\",\"device_id\":\"d\"}}", params),
        ("{\"kind\":\"login\",\"id\":\"r\",\"data\":{\"app_id\":1,\"user_id\":\"a,b\",\"device_id\":\"d\"}}", params),
        ("{\"kind\":\"login\",\"id\":\"r\",\"data\":{\"app_id\":1,\"user_id\":\"a\",\"device_id\":\"d d\"}}", params),
        ("{\"kind\":\"login\",\"id\":\"r\",\"data\":{\"app_id\":1,\"user_id\":\"a\",\"device_id\":\"d\",\"app_sign\":\"x\"}}", params),
        ("{\"kind\":\"resume\",\"id\":\"r\",\"data\":{\"app_id\":1,\"user_id\":\"a\",\"device_id\":\"d\"}}", params),
        ("{\"kind\":\"dance\",\"id\":\"r\"}", params),
        ("{\"kind\":\"reply\",\"id\":\"r\"}", params),
        ("{\"kind\":\"call_invite\",\"id\":\"r\",\"data\":{\"call_id\":\"c\",\"invitees\":\"bob\"}}", params),
        ("{\"kind\":\"call_invite\",\"id\":\"r\",\"data\":{\"call_id\":\"c\",\"invitees\":[\"b/b\"]}}", params),
        ("{\"kind\":\"call_invite\",\"id\":\"r\",\"data\":{\"call_id\":\"c\",\"invitees\":[\"b\"],\"timeout_s\":\"9\"}}", params),
        ("{\"kind\":\"call_accept\",\"id\":\"r\",\"data\":{\"call_id\":\"\"}}", params),
    ]
    .into_iter()
    .map(|(text, code)| (text.to_owned(), code))
    .collect();
    let long = "a".repeat(33);
    texts.push((deep("[", "]"), protocol));
    texts.push((deep("{\"kind\":", "}"), protocol));
    texts.push((format!("{{\"kind\":\"login\",\"id\":\"r\",\"data\":{}}}", deep("[", "]")), params));
    texts.push((
        format!("{{\"kind\":\"login\",\"id\":\"r\",\"data\":{}1{}}}", "{\"a\":".repeat(9_000), "}".repeat(9_000)),
        params,
    ));
    texts.push((format!("{{\"kind\":\"{}\",\"id\":\"r\"}}", "k".repeat(60_000)), params));
    texts.push((format!("{{\"kind\":\"ping\",\"id\":\"{}\"}}", "i".repeat(65)), protocol));
    let data = format!("{{\"app_id\":1,\"user_id\":\"{long}\",\"device_id\":\"d\"}}");
    texts.push((format!("{{\"kind\":\"login\",\"id\":\"r\",\"data\":{data}}}"), params));
    let wide = "t".repeat(limits::TOKEN_BYTES + 1);
    let data = format!("{{\"app_id\":1,\"user_id\":\"a\",\"device_id\":\"d\",\"token\":\"{wide}\"}}");
    texts.push((format!("{{\"kind\":\"login\",\"id\":\"r\",\"data\":{data}}}"), params));
    texts
}

#[tokio::test]
async fn every_wrong_text_is_answered_and_nothing_else_happens() {
    let server = TestServer::dev().await;
    let mut client = Client::connect(&server, "mallory", "d").await;
    for (number, (text, code)) in wrong_texts().into_iter().enumerate() {
        // A connection is closed after too many of them.
        if number % 10 == 9 {
            client = Client::connect(&server, "mallory", "d").await;
        }
        let shown: String = text.chars().take(80).collect();
        client.send_text(text).await;
        let ServerFrame::Error { fault, .. } = client.next().await else { panic!("{shown}") };
        assert_eq!(fault.code, code, "{shown}: {fault}");
        assert!(fault.message.len() < 1_000, "{shown}: {}", fault.message.len());
        client.send_text("{\"kind\":\"ping\"}").await;
        assert_eq!(client.told(1).await, ["pong"], "{shown}");
    }
    server.stop().await;
}

#[tokio::test]
async fn what_may_be_ignored_is_ignored() {
    let server = TestServer::dev().await;
    let mut client = Client::login(&server, "alice").await;
    for text in [
        "{\"kind\":\"later_invention\"}".to_owned(),
        format!("{{\"kind\":\"later_invention\",\"data\":{}}}", deep("[", "]")),
        "{\"kind\":\"ack\",\"n\":18446744073709551615}".to_owned(),
        "{\"kind\":\"ack\",\"n\":0}".to_owned(),
        format!("{{\"kind\":\"ack\",\"n\":0,\"invention\":{}}}", deep("[", "]")),
    ] {
        client.send_text(text).await;
    }
    client.send_text("{\"kind\":\"ping\",\"invention\":[1,2,{\"x\":null}]}").await;
    assert_eq!(client.told(1).await, ["pong"]);
    server.stop().await;
}

#[tokio::test]
async fn too_many_wrong_frames_close_the_connection() {
    let server = TestServer::dev().await;
    let mut client = Client::connect(&server, "mallory", "d").await;
    for _ in 0..17 {
        client.send_text("nonsense").await;
    }
    for _ in 0..17 {
        assert_eq!(client.told(1).await, ["error 6090006"]);
    }
    assert_eq!(client.told(1).await, ["closing protocol_error"]);
    assert_eq!(client.read().await.unwrap_err(), "4006");
    server.stop().await;
}

#[tokio::test]
async fn binary_frames_are_refused() {
    let server = TestServer::dev().await;
    let mut client = Client::login(&server, "alice").await;
    client.ws.send(Message::binary(&b"{\"kind\":\"ping\"}"[..])).await.unwrap();
    let ServerFrame::Error { id: None, fault } = client.next().await else { panic!() };
    assert_eq!(fault.code, Code::PROTOCOL_ERROR);
    assert!(fault.message.contains("text frames"), "{fault}");
    server.stop().await;
}

#[tokio::test]
async fn pings_of_the_websocket_itself_are_answered() {
    let server = TestServer::dev().await;
    let mut stream = raw(&server).await;
    stream.write_all(&masked(0x89, b"are you there")).await.unwrap();
    let mut answer = [0; 15];
    timeout(PATIENCE, stream.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(&answer, b"\x8a\x0dare you there");
    drop(stream);
    server.stop().await;
}

/// A WebSocket as bare bytes, behind its handshake.
async fn raw(server: &TestServer) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = "GET /zim HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: zim.v1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(PATIENCE, stream.read_u8()).await.unwrap().unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "));
    stream
}

fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match u16::try_from(payload.len()).unwrap() {
        short @ 0..126 => frame.push(0x80 | short as u8),
        long => {
            frame.push(0x80 | 126);
            frame.extend(long.to_be_bytes());
        }
    }
    // A mask of zeros leaves the payload as it is.
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

/// Everything that the server still sends, to the end of the connection.
async fn last_words(stream: &mut TcpStream) -> Vec<u8> {
    let mut words = Vec::new();
    let mut part = [0; 1024];
    // A reset is an end, too.
    while let Ok(read @ 1..) = timeout(PATIENCE, stream.read(&mut part)).await.expect("is closed") {
        words.extend(&part[..read]);
    }
    words
}

fn close_code(words: &[u8]) -> Option<u16> {
    let at = words.windows(2).rposition(|pair| pair[0] == 0x88)?;
    Some(u16::from_be_bytes([*words.get(at + 2)?, *words.get(at + 3)?]))
}

#[tokio::test]
async fn bytes_that_are_no_websocket_end_the_connection() {
    let server = TestServer::dev().await;
    let header = |first: u8, length: u64| {
        let mut header = vec![first, 0xff];
        header.extend(length.to_be_bytes());
        header.extend([0; 4]);
        header
    };
    let fragments: Vec<u8> = std::iter::once(masked(0x01, &[b'x'; 60_000]))
        .chain((0..10).map(|_| masked(0x00, &[b'x'; 1_000])))
        .flatten()
        .collect();
    for (what, bytes, code) in [
        ("one byte too many", header(0x81, limits::CLIENT_FRAME_BYTES as u64 + 1), 1009),
        ("the largest length there is", header(0x81, u64::MAX), 1009),
        ("a large binary frame", header(0x82, 1 << 40), 1009),
        ("fragments without end", fragments, 1009),
        ("not masked", b"\x81\x0f{\"kind\":\"ping\"}".to_vec(), 4006),
        ("reserved bits", masked(0xf1, b"{}"), 4006),
        ("an unknown opcode", masked(0x83, b"{}"), 4006),
        ("an unknown control opcode", masked(0x8b, b""), 4006),
        ("a fragmented ping", masked(0x09, b""), 4006),
        ("a long ping", masked(0x89, &[0; 126]), 4006),
        ("a continuation of nothing", masked(0x80, b"{}"), 4006),
        ("a fragment in a fragment", [masked(0x01, b"{"), masked(0x01, b"{")].concat(), 4006),
        ("not UTF-8", masked(0x81, b"{\"kind\":\"p\xffng\"}"), 4006),
        ("noise", (0..200_u32).map(|n| (n * 7919 % 251) as u8 | 0x40).collect(), 4006),
    ] {
        let mut stream = raw(&server).await;
        stream.write_all(&bytes).await.unwrap();
        let words = last_words(&mut stream).await;
        assert_eq!(close_code(&words), Some(code), "{what}: {:?}", String::from_utf8_lossy(&words));
        let explained = String::from_utf8_lossy(&words).contains("\"reason\":\"protocol_error\"");
        assert_eq!(explained, code == 4006, "{what}");
    }
    let mut alice = Client::login(&server, "alice").await;
    alice.invite("c", &["bob"]).await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn half_a_frame_is_waited_for_until_the_login_is_overdue() {
    let server = TestServer::start(Config { login_timeout_ms: 100, ..Config::dev() }).await;
    let whole = masked(0x81, b"{\"kind\":\"ping\"}");
    for length in 1..whole.len() {
        // Cut off in the middle: the server only has to survive it.
        let mut stream = raw(&server).await;
        stream.write_all(&whole[..length]).await.unwrap();
    }
    let mut stream = raw(&server).await;
    stream.write_all(&whole[..whole.len() - 1]).await.unwrap();
    let words = last_words(&mut stream).await;
    assert_eq!(close_code(&words), Some(4005), "{:?}", String::from_utf8_lossy(&words));
    server.stop().await;
}

#[tokio::test]
async fn requests_that_are_no_websocket_are_answered_in_plain_text() {
    let server = TestServer::start(Config { handshake_timeout_ms: 200, ..Config::dev() }).await;
    let huge = format!("GET /zim HTTP/1.1\r\nX: {}", "x".repeat(20_000));
    let many = format!("GET /zim HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(100));
    for (request, status, hint) in [
        ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK", "This is zim-server. Clients connect to /zim"),
        ("GET /zimmer HTTP/1.1\r\nHost: x\r\n\r\n", "404 Not Found", "Clients connect to /zim by WebSocket"),
        ("GET /zim HTTP/1.1\r\nHost: x\r\n\r\n", "426 Upgrade Required", "/zim is a WebSocket endpoint"),
        ("DELETE /zim HTTP/1.1\r\nHost: x\r\n\r\n", "405 Method Not Allowed", "GET"),
        ("\x16\x03\x01\x02\x00\x01\x00\x01\n\r\n\r\n", "400 Bad Request", "not HTTP"),
        ("EHLO mail.example\r\n\r\n", "400 Bad Request", "not HTTP"),
        (&huge, "431 Request Header", "too large"),
        (&many, "400 Bad Request", "too many headers"),
    ] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        // The server may hang up before it has all of it.
        let _ = stream.write_all(request.as_bytes()).await;
        let words = String::from_utf8(last_words(&mut stream).await).unwrap();
        assert!(words.starts_with(&format!("HTTP/1.1 {status}")), "{request:.40}: {words}");
        assert!(words.contains(hint), "{request:.40}: {words}");
    }
    // Half a request, and none at all: closed without a word.
    for request in ["GET /zim HT", ""] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        assert_eq!(last_words(&mut stream).await, b"", "{request}");
    }
    server.stop().await;
}

#[tokio::test]
async fn connections_beyond_the_limit_are_turned_away() {
    let server = TestServer::start(Config { max_connections: 2, ..Config::dev() }).await;
    let first = Client::login(&server, "alice").await;
    let _second = Client::login(&server, "bob").await;
    let mut third = TcpStream::connect(server.address).await.unwrap();
    let words = String::from_utf8(last_words(&mut third).await).unwrap();
    assert!(words.starts_with("HTTP/1.1 503 Service Unavailable"), "{words}");
    // A place that is given back is taken again.
    drop(first);
    let start = tokio::time::Instant::now();
    loop {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        if last_words(&mut stream).await.starts_with(b"HTTP/1.1 200") {
            break;
        }
        assert!(start.elapsed() < PATIENCE);
    }
    server.stop().await;
}
