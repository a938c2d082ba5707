//! Where the server is: a checked `ws://` or `wss://` URL.

use std::fmt;

use tokio_tungstenite::tungstenite::http::Uri;
use zim_protocol::code::Fault;

/// What a URL may look like, for messages.
const FORM: &str = "ws://host[:port][/path] or wss://host[:port][/path]";

#[derive(Clone, Debug)]
pub struct Target {
    pub uri: Uri,
    /// A name or an address, without the brackets of an IPv6 address.
    pub host: String,
    pub port: u16,
    pub secure: bool,
    /// Without the query, which may hold a secret.
    shown: String,
}

impl Target {
    /// A URL without a path gets the one that zim-server listens on.
    pub fn parse(url: &str) -> Result<Target, Fault> {
        if url.len() > 2_048 {
            return Err(Fault::params(format!("server URL must be at most 2048 bytes; got {}", url.len())));
        }
        let refused = |why: &str| Fault::params(format!("server URL must be {FORM}; {why}"));
        let rest = match url.split_once("://") {
            Some((_, rest)) => rest,
            None => return Err(refused("it has no \"://\"")),
        };
        let secure = match url.get(..url.len() - rest.len()).map(str::to_ascii_lowercase).as_deref() {
            Some("ws://") => false,
            Some("wss://") => true,
            Some(_) | None => return Err(refused("its scheme is another one")),
        };
        if rest.contains('#') {
            return Err(refused("it must not have a #fragment"));
        }
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(refused("it must not have a user name or password: log in with a token instead"));
        }
        let behind = rest.get(authority.len()..).unwrap_or_default();
        let path = if behind.starts_with('/') { "" } else { zim_protocol::PATH };
        let scheme = if secure { "wss" } else { "ws" };
        let uri: Uri = format!("{scheme}://{authority}{path}{behind}")
            .parse()
            .map_err(|error| refused(&format!("it cannot be read as a URL: {error}")))?;
        let host = uri.host().unwrap_or_default();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).to_owned();
        if host.is_empty() {
            return Err(refused("it names no host"));
        }
        let named = authority.rsplit_once(':').filter(|(_, port)| !port.contains(']')).map(|(_, port)| port);
        let port = match named {
            Some(port) => port.parse().ok().filter(|port| *port > 0),
            None => Some(if secure { 443 } else { 80 }),
        };
        let Some(port) = port else { return Err(refused("its port must be 1 to 65535")) };
        let shown = format!("{scheme}://{authority}{}", uri.path());
        Ok(Target { uri, host, port, secure, shown })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        for (url, host, port, secure, shown, path) in [
            ("ws://127.0.0.1:8790/zim", "127.0.0.1", 8790, false, "ws://127.0.0.1:8790/zim", "/zim"),
            ("ws://localhost:1", "localhost", 1, false, "ws://localhost:1/zim", "/zim"),
            ("WSS://Example.org", "Example.org", 443, true, "wss://Example.org/zim", "/zim"),
            ("ws://[::1]:80/", "::1", 80, false, "ws://[::1]:80/", "/"),
            ("ws://[::1]", "::1", 80, false, "ws://[::1]/zim", "/zim"),
            ("wss://a.b/c/d?key=secret", "a.b", 443, true, "wss://a.b/c/d", "/c/d?key=secret"),
            ("wss://a.b?key=secret", "a.b", 443, true, "wss://a.b/zim", "/zim?key=secret"),
        ] {
            let target = Target::parse(url).unwrap();
            assert_eq!((target.host.as_str(), target.port, target.secure), (host, port, secure), "{url}");
            assert_eq!(target.to_string(), shown);
            assert_eq!(target.uri.path_and_query().unwrap().as_str(), path);
        }
    }

    #[test]
    fn a_wrong_url_is_refused_with_the_reason() {
        for (url, why) in [
            ("", "no \"://\""),
            ("localhost:8790", "no \"://\""),
            ("http://localhost", "scheme"),
            ("://", "scheme"),
            ("ws://", "cannot be read"),
            ("ws:///zim", "cannot be read"),
            ("ws://a b/", "cannot be read"),
            ("ws://user:secret@host/", "user name or password"),
            ("ws://host/#part", "#fragment"),
            ("ws://host:0/", "1 to 65535"),
            ("ws://host:99999/", "1 to 65535"),
            ("ws://host:/", "1 to 65535"),
            ("ws://héé/", "cannot be read"),
        ] {
            let fault = Target::parse(url).unwrap_err();
            assert!(fault.message.contains("ws://host[:port][/path]"), "{url}: {fault}");
            assert!(fault.message.contains(why), "{url}: {fault}");
            assert!(!fault.message.contains("secret"), "{fault}");
        }
        assert!(Target::parse(&format!("ws://{}", "a".repeat(3_000))).unwrap_err().message.contains("2048"));
    }
}
