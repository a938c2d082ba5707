//! The WebSocket opening handshake, RFC 6455 section 4.1, as this one client needs it. The WebSocket library's own
//! brings a general HTTP library along, a twentieth of the shared library.

use std::fmt;
use std::io;

use data_encoding::BASE64;
use httparse::{EMPTY_HEADER, Header, Response, Status};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// An answer's status line and headers together.
const ANSWER_BYTES: usize = 16 * 1024;
const HEADERS: usize = 128;
const NONCE_BYTES: usize = 16;
/// What a server puts behind the key before it hashes it.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Why an answer opened no WebSocket.
#[derive(Debug)]
pub enum Refusal {
    Io(io::Error),
    /// The end of the stream in mid-answer.
    Closed,
    /// Not an HTTP answer that can be read.
    NotHttp(String),
    /// Another status than 101 Switching Protocols, with the reason that came with it.
    Status(u16, String),
    /// No subprotocol, or another one.
    Subprotocol,
    /// 101, but the rest is not what the RFC asks for.
    Wrong(&'static str),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Io(error) => error.fmt(f),
            Refusal::Closed => f.write_str("the connection ended"),
            Refusal::NotHttp(why) => f.write_str(why),
            Refusal::Status(status, reason) => write!(f, "HTTP {status} {reason}"),
            Refusal::Subprotocol => f.write_str("another subprotocol"),
            Refusal::Wrong(why) => f.write_str(why),
        }
    }
}

/// Asks for a WebSocket and reads the answer. Returns what came behind it.
pub async fn upgrade<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    authority: &str,
    path: &str,
    subprotocol: &str,
) -> Result<Vec<u8>, Refusal> {
    let mut nonce = [0; NONCE_BYTES];
    getrandom::fill(&mut nonce).map_err(|error| Refusal::Io(error.into()))?;
    let key = BASE64.encode(&nonce);
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Protocol: {subprotocol}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.map_err(Refusal::Io)?;
    stream.flush().await.map_err(Refusal::Io)?;
    let mut answer = Vec::with_capacity(1024);
    loop {
        let before = answer.len();
        match stream.read_buf(&mut answer).await {
            Ok(0) => return Err(Refusal::Closed),
            Ok(_) => {}
            Err(error) => return Err(Refusal::Io(error)),
        }
        let full = answer.len() >= ANSWER_BYTES;
        // What comes in single bytes is not parsed anew for each of them.
        if !(full || has_blank_line(answer.get(before.saturating_sub(3)..).unwrap_or_default())) {
            continue;
        }
        if let Some(length) = check(&answer, &key, subprotocol)? {
            return Ok(answer.split_off(length));
        }
        if full {
            return Err(Refusal::NotHttp(format!("its answer has no end within {ANSWER_BYTES} bytes")));
        }
    }
}

fn has_blank_line(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|end| end == b"\n\n") || bytes.windows(3).any(|end| end == b"\n\r\n")
}

/// The length of a good answer; `None` while it is incomplete.
fn check(answer: &[u8], key: &str, subprotocol: &str) -> Result<Option<usize>, Refusal> {
    let mut headers = [EMPTY_HEADER; HEADERS];
    let mut response = Response::new(&mut headers);
    let parsed = response.parse(answer);
    // The status says most, also when what follows it is too much, or wrong.
    if let Some(status) = response.code.filter(|status| *status != 101) {
        // As much of a foreign text as goes into a message.
        let reason = response.reason.unwrap_or_default().chars().take(64).collect();
        return Err(Refusal::Status(status, reason));
    }
    let length = match parsed {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(error) => return Err(Refusal::NotHttp(error.to_string())),
    };
    if response.version != Some(1) {
        return Err(Refusal::Wrong("its answer is not of HTTP/1.1"));
    }
    let headers = &*response.headers;
    if !has_token(headers, "upgrade", "websocket") {
        return Err(Refusal::Wrong("its answer lacks \"Upgrade: websocket\""));
    }
    if !has_token(headers, "connection", "upgrade") {
        return Err(Refusal::Wrong("its answer lacks \"Connection: Upgrade\""));
    }
    if only(headers, "sec-websocket-accept") != Some(accept(key).as_str()) {
        return Err(Refusal::Wrong("its Sec-WebSocket-Accept does not belong to the key that was sent"));
    }
    if values(headers, "sec-websocket-extensions").any(|chosen| !chosen.is_empty()) {
        return Err(Refusal::Wrong("it chose a WebSocket extension, and none was offered"));
    }
    if only(headers, "sec-websocket-protocol") != Some(subprotocol) {
        return Err(Refusal::Subprotocol);
    }
    Ok(Some(length))
}

/// What a server that has read the key answers.
fn accept(key: &str) -> String {
    let text = format!("{key}{GUID}");
    BASE64.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()).as_ref())
}

/// The values of every header of this name; one that is not text counts as empty.
fn values<'a>(headers: &'a [Header<'a>], name: &'a str) -> impl Iterator<Item = &'a str> {
    let named = headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name));
    named.map(|header| std::str::from_utf8(header.value).unwrap_or_default().trim())
}

/// The value of a header that must not come twice.
fn only<'a>(headers: &'a [Header<'a>], name: &'a str) -> Option<&'a str> {
    let mut values = values(headers, name);
    let first = values.next();
    if values.next().is_none() { first } else { None }
}

fn has_token(headers: &[Header<'_>], name: &str, token: &str) -> bool {
    values(headers, name).any(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(token)))
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    /// The example of RFC 6455, section 1.3.
    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
    const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    fn judged(answer: &str) -> String {
        match check(answer.as_bytes(), KEY, "zim.v1") {
            Ok(Some(length)) => format!("good, {} left", answer.len() - length),
            Ok(None) => "incomplete".to_owned(),
            Err(refusal) => format!("{refusal:?}: {refusal}"),
        }
    }

    fn good() -> String {
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n\
             Sec-WebSocket-Accept: {ACCEPT}\r\nSec-WebSocket-Protocol: zim.v1\r\nServer: any\r\n\r\n"
        )
    }

    #[test]
    fn the_answer_to_the_example_is_the_example() {
        assert_eq!(accept(KEY), ACCEPT);
    }

    #[test]
    fn a_good_answer_is_taken_with_what_follows_it() {
        assert_eq!(judged(&good()), "good, 0 left");
        assert_eq!(judged(&format!("{}\u{1}\u{2}", good())), "good, 2 left");
        for end in 0..good().len() {
            assert_eq!(judged(&good()[..end]), "incomplete", "{end}");
        }
    }

    #[test]
    fn every_other_answer_is_refused_with_the_reason() {
        let many = "X: y\r\n".repeat(HEADERS + 1);
        for (from, to, why) in [
            ("HTTP/1.1", "SSH-2.0", "NotHttp"),
            ("HTTP/1.1 101 Switching Protocols", "HTTP/1.1 ten", "NotHttp"),
            ("HTTP/1.1", "HTTP/1.0", "not of HTTP/1.1"),
            ("101 Switching Protocols\r\n", &format!("302 Found\r\n{many}"), "HTTP 302 Found"),
            ("Server: any\r\n", &many, "NotHttp"),
            ("Server: any", "Ser\0ver: any", "NotHttp"),
            ("101 Switching Protocols", "200 OK", "HTTP 200 OK"),
            ("101 Switching Protocols", "503 Service Unavailable", "HTTP 503 Service Unavailable"),
            ("upgrade: WebSocket", "upgrade: h2c", "Upgrade: websocket"),
            ("Upgrade\r\nSec", "close\r\nSec", "Connection: Upgrade"),
            ("Sec-WebSocket-Accept: s", "Sec-WebSocket-Accept: S", "does not belong to the key"),
            ("Sec-WebSocket-Accept", "X-Accept", "does not belong to the key"),
            ("Server: any", "Sec-WebSocket-Accept: other", "does not belong to the key"),
            ("Server: any", "Sec-WebSocket-Extensions: permessage-deflate", "extension"),
            ("zim.v1", "zim.v2", "Subprotocol"),
            ("Sec-WebSocket-Protocol: zim.v1\r\n", "", "Subprotocol"),
        ] {
            let answer = good();
            assert!(answer.contains(from), "{from}");
            let judged = judged(&answer.replacen(from, to, 1));
            assert!(judged.contains(why), "{from} -> {to}: {judged}");
        }
    }

    /// Runs a handshake against a peer that reads the request and answers in these pieces.
    async fn against(pieces: Vec<Vec<u8>>) -> (String, Result<Vec<u8>, Refusal>) {
        let (mut client, mut server) = duplex(64 * 1024);
        let peer = async move {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                assert!(server.read_buf(&mut request).await.unwrap() > 0);
            }
            let request = String::from_utf8(request).unwrap();
            let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap().to_owned();
            for piece in pieces {
                let piece = String::from_utf8(piece).unwrap().replace(ACCEPT, &accept(&key));
                // A client that has seen enough reads no further.
                let _ = server.write_all(piece.as_bytes()).await;
                tokio::task::yield_now().await;
            }
            request
        };
        let client = async move { upgrade(&mut client, "host:1", "/zim?a=b", "zim.v1").await };
        tokio::join!(peer, client)
    }

    #[tokio::test]
    async fn the_request_says_what_the_rfc_asks_for() {
        let (request, result) = against(vec![good().into_bytes()]).await;
        assert_eq!(result.unwrap(), b"");
        let mut lines = request.lines();
        assert_eq!(lines.next(), Some("GET /zim?a=b HTTP/1.1"));
        let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
        assert_eq!(BASE64.decode(key.as_bytes()).unwrap().len(), NONCE_BYTES);
        for line in [
            "Host: host:1",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: zim.v1",
        ] {
            assert!(request.lines().any(|sent| sent == line), "{line}");
        }
    }

    #[tokio::test]
    async fn a_frame_behind_the_answer_is_kept() {
        let (_, result) = against(vec![format!("{}tail", good()).into_bytes()]).await;
        assert_eq!(result.unwrap(), b"tail");
    }

    #[tokio::test]
    async fn a_good_answer_may_come_in_single_bytes() {
        // The peer puts the key's own answer in, which must not be taken apart.
        let answer = good();
        let (head, tail) = answer.split_at(answer.find("Sec-WebSocket-Accept").unwrap());
        let mut pieces: Vec<Vec<u8>> = head.bytes().map(|byte| vec![byte]).collect();
        let end = tail.find("\r\n").unwrap();
        pieces.push(tail.as_bytes()[..end].to_vec());
        pieces.extend(tail.as_bytes()[end..].iter().map(|byte| vec![*byte]));
        assert_eq!(against(pieces).await.1.unwrap(), b"");
    }

    #[tokio::test]
    async fn an_answer_without_an_end_is_given_up() {
        let endless = vec![format!("HTTP/1.1 101 Switching Protocols\r\nX: {}", "y".repeat(ANSWER_BYTES)).into_bytes()];
        let refusal = against(endless).await.1.unwrap_err();
        assert!(matches!(&refusal, Refusal::NotHttp(why) if why.contains("16384 bytes")), "{refusal:?}");
        let refusal = against(vec![good().into_bytes()[..20].to_vec()]).await.1.unwrap_err();
        assert!(matches!(refusal, Refusal::Closed), "{refusal:?}");
    }
}
