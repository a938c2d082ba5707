//! The HTTP request that a connection starts with.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use zim_protocol::{PATH, SUBPROTOCOL};

use super::Stream;

/// The longest request head that is read.
const HEAD_BYTES: usize = 8 * 1024;
const HEADERS: usize = 64;

/// How a connection's first request was answered.
#[derive(Debug)]
pub enum Handshake {
    /// It is a WebSocket now. What was read behind the request belongs to it.
    Done { rest: Vec<u8> },
    /// It was answered and is to be closed.
    Refused { status: u16 },
    /// It went away, or took too long.
    Lost,
}

/// Reads the request and answers it.
pub async fn shake(stream: &mut impl Stream, limit: Duration) -> Handshake {
    match timeout(limit, read_and_answer(stream)).await {
        Ok(Ok(handshake)) => handshake,
        Ok(Err(_)) | Err(_) => Handshake::Lost,
    }
}

async fn read_and_answer(stream: &mut impl Stream) -> std::io::Result<Handshake> {
    let mut head = Vec::with_capacity(1024);
    loop {
        if stream.read_buf(&mut head).await? == 0 {
            return Ok(Handshake::Lost);
        }
        let answer = match judge(&head) {
            Verdict::Incomplete if head.len() < HEAD_BYTES => continue,
            Verdict::Incomplete => {
                Refusal::new(431, "Request Header Fields Too Large", "The request head is too large.")
            }
            Verdict::Accept { accept_key, read } => {
                let response = format!(
                    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                     Sec-WebSocket-Accept: {accept_key}\r\nSec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n"
                );
                stream.write_all(response.as_bytes()).await?;
                return Ok(Handshake::Done { rest: head.split_off(read) });
            }
            Verdict::Refuse(refusal) => refusal,
        };
        refuse(stream, &answer).await?;
        return Ok(Handshake::Refused { status: answer.status });
    }
}

/// Answers a connection that cannot be served, and closes it.
pub async fn turn_away(stream: &mut impl Stream) {
    let refusal =
        Refusal::new(503, "Service Unavailable", "This server has as many connections as it takes. Try again.");
    // It may be gone already: then nobody waits for the answer.
    let _ = timeout(Duration::from_secs(1), refuse(stream, &refusal)).await;
}

async fn refuse(stream: &mut impl Stream, refusal: &Refusal) -> std::io::Result<()> {
    let body = &refusal.text;
    let upgrade =
        if refusal.status == 426 { "Connection: Upgrade\r\nUpgrade: websocket\r\n" } else { "Connection: close\r\n" };
    let response = format!(
        "HTTP/1.1 {} {}\r\n{upgrade}Content-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\r\n{body}\n",
        refusal.status,
        refusal.phrase,
        body.len() + 1
    );
    stream.write_all(response.as_bytes()).await?;
    stream.shutdown().await
}

enum Verdict {
    Incomplete,
    Accept { accept_key: String, read: usize },
    Refuse(Refusal),
}

struct Refusal {
    status: u16,
    phrase: &'static str,
    text: String,
}

impl Refusal {
    fn new(status: u16, phrase: &'static str, text: impl Into<String>) -> Refusal {
        Refusal { status, phrase, text: text.into() }
    }

    fn bad(text: impl Into<String>) -> Verdict {
        Verdict::Refuse(Refusal::new(400, "Bad Request", text))
    }
}

fn judge(head: &[u8]) -> Verdict {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let read = match request.parse(head) {
        Ok(httparse::Status::Complete(read)) => read,
        Ok(httparse::Status::Partial) => return Verdict::Incomplete,
        Err(error) => return Refusal::bad(format!("This is not HTTP as zim-server reads it: {error}.")),
    };
    if request.method != Some("GET") {
        let text = "zim-server answers GET requests only.";
        return Verdict::Refuse(Refusal::new(405, "Method Not Allowed", text));
    }
    match request.path.unwrap_or_default().split('?').next().unwrap_or_default() {
        PATH => {}
        "/" => {
            let text =
                format!("This is zim-server. Clients connect to {PATH} by WebSocket, subprotocol {SUBPROTOCOL}.");
            return Verdict::Refuse(Refusal::new(200, "OK", text));
        }
        _ => {
            let text = format!("Nothing is here. Clients connect to {PATH} by WebSocket, subprotocol {SUBPROTOCOL}.");
            return Verdict::Refuse(Refusal::new(404, "Not Found", text));
        }
    }
    let lists = |name: &str, wanted: &str| has_token(request.headers, name, wanted);
    if !lists("connection", "upgrade") || !lists("upgrade", "websocket") {
        let text = format!("{PATH} is a WebSocket endpoint, subprotocol {SUBPROTOCOL}.");
        return Verdict::Refuse(Refusal::new(426, "Upgrade Required", text));
    }
    if request.version != Some(1) {
        return Refusal::bad("A WebSocket needs HTTP/1.1.");
    }
    if !lists("sec-websocket-version", "13") {
        let text = "Only version 13 of the WebSocket protocol is spoken here (Sec-WebSocket-Version: 13).";
        return Refusal::bad(text);
    }
    if !lists("sec-websocket-protocol", SUBPROTOCOL) {
        return Refusal::bad(format!(
            "zim-server speaks the subprotocol {SUBPROTOCOL}; offer it (Sec-WebSocket-Protocol: {SUBPROTOCOL})."
        ));
    }
    let key = values(request.headers, "sec-websocket-key").next();
    match key {
        // 16 bytes in base64.
        Some(key) if key.len() == 24 && key.ends_with("==") => {
            Verdict::Accept { accept_key: derive_accept_key(key.as_bytes()), read }
        }
        Some(_) | None => Refusal::bad("Sec-WebSocket-Key must be 16 bytes in base64."),
    }
}

fn values<'a>(headers: &'a [httparse::Header<'a>], name: &'a str) -> impl Iterator<Item = &'a str> {
    let named = headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name));
    named.filter_map(|header| std::str::from_utf8(header.value).ok()).map(str::trim)
}

fn has_token(headers: &[httparse::Header<'_>], name: &str, wanted: &str) -> bool {
    values(headers, name).flat_map(|value| value.split(',')).any(|token| token.trim().eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(head: &str) -> String {
        match judge(head.as_bytes()) {
            Verdict::Incomplete => "incomplete".to_owned(),
            Verdict::Accept { accept_key, read } => format!("{accept_key} {}", read == head.len()),
            Verdict::Refuse(refusal) => format!("{} {}", refusal.status, refusal.text),
        }
    }

    const GOOD: &str = "GET /zim HTTP/1.1\r\nHost: x\r\nconnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: other, zim.v1\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

    #[test]
    fn the_handshake_of_the_rfc_is_accepted() {
        assert_eq!(verdict(GOOD), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo= true");
        assert_eq!(verdict(&GOOD.replace("/zim", "/zim?trace=1")), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo= true");
    }

    #[test]
    fn every_refusal_says_what_is_expected() {
        for (head, expected) in [
            (GOOD.replace("/zim", "/"), "200 This is zim-server."),
            (GOOD.replace("/zim", "/other"), "404 Nothing is here."),
            (GOOD.replace("GET", "POST"), "405 zim-server answers GET"),
            (GOOD.replace("Upgrade: WebSocket", "Upgrade: h2c"), "426 /zim is a WebSocket endpoint"),
            (GOOD.replace("HTTP/1.1", "HTTP/1.0"), "400 A WebSocket needs HTTP/1.1"),
            (GOOD.replace("13", "8"), "400 Only version 13"),
            (GOOD.replace("zim.v1", "zim.v9"), "400 zim-server speaks the subprotocol zim.v1"),
            (GOOD.replace("dGhl", ""), "400 Sec-WebSocket-Key"),
            ("\u{16}\u{3}\u{1} not http at all\r\n\r\n".to_owned(), "400 This is not HTTP"),
            ("GET /zim HT".to_owned(), "incomplete"),
        ] {
            assert!(verdict(&head).starts_with(expected), "{head:?} gave {}", verdict(&head));
        }
    }
}
