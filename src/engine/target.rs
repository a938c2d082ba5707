//! Where the server is: a checked `ws://` or `wss://` URL.

use std::fmt;
use std::net::Ipv6Addr;

use zim_protocol::code::Fault;

/// What a URL may look like, for messages.
const FORM: &str = "ws://host[:port][/path] or wss://host[:port][/path]";

#[derive(Clone, Debug)]
pub struct Target {
    /// Host and port as they were written.
    pub authority: String,
    /// Path and query.
    pub path: String,
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
        let (authority, behind) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(refused("it must not have a user name or password: log in with a token instead"));
        }
        if !behind.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(refused("its path must be of visible ASCII characters: others are written as %XX"));
        }
        let (host, port) = match authority.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')) {
            Some((host, port)) => (host, port_number(port)),
            None => (authority, Some(if secure { 443 } else { 80 })),
        };
        let host = check_host(host).map_err(|why| refused(&why))?;
        let Some(port) = port else { return Err(refused("its port must be 1 to 65535")) };
        let path = if behind.starts_with('/') { "" } else { zim_protocol::PATH };
        let path = format!("{path}{behind}");
        let scheme = if secure { "wss" } else { "ws" };
        let shown = format!("{scheme}://{authority}{}", path.split('?').next().unwrap_or_default());
        Ok(Target { authority: authority.to_owned(), path, host: host.to_owned(), port, secure, shown })
    }
}

fn port_number(text: &str) -> Option<u16> {
    // Parsing would also take a sign.
    text.parse().ok().filter(|port| *port > 0 && text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The host without the brackets of an IPv6 address, or what is wrong with it.
fn check_host(host: &str) -> Result<&str, String> {
    if host.is_empty() {
        return Err("it names no host".to_owned());
    }
    if let Some(inner) = host.strip_prefix('[') {
        let address = inner.strip_suffix(']').filter(|inner| inner.parse::<Ipv6Addr>().is_ok());
        return address.ok_or_else(|| "what it has in brackets is no IPv6 address".to_owned());
    }
    match host.chars().find(|c| !c.is_ascii_alphanumeric() && !"-._".contains(*c)) {
        None => Ok(host),
        Some(':') => Err("an IPv6 address goes in brackets, as in [::1]".to_owned()),
        Some(wrong) => Err(format!("its host may have ASCII letters, digits, \"-\", \".\" and \"_\"; got {wrong:?}")),
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
            assert_eq!(target.path, path);
        }
    }

    #[test]
    fn a_wrong_url_is_refused_with_the_reason() {
        for (url, why) in [
            ("", "no \"://\""),
            ("localhost:8790", "no \"://\""),
            ("http://localhost", "scheme"),
            ("://", "scheme"),
            ("ws://", "names no host"),
            ("ws:///zim", "names no host"),
            ("ws://:80/zim", "names no host"),
            ("ws://a b/", "got ' '"),
            ("ws://a\r\nb/", "got '\\r'"),
            ("ws://host/a b", "%XX"),
            ("ws://host/?a=\r\nX: y", "%XX"),
            ("ws://::1/", "goes in brackets"),
            ("ws://[::1", "in brackets is no IPv6 address"),
            ("ws://[::1]x:80/", "in brackets is no IPv6 address"),
            ("ws://[host]/", "in brackets is no IPv6 address"),
            ("ws://user:secret@host/", "user name or password"),
            ("ws://host/#part", "#fragment"),
            ("ws://host:0/", "1 to 65535"),
            ("ws://host:99999/", "1 to 65535"),
            ("ws://host:/", "1 to 65535"),
            ("ws://[::1]:0/", "1 to 65535"),
            ("ws://host:+1/", "1 to 65535"),
            ("ws://héé/", "got 'é'"),
        ] {
            let fault = Target::parse(url).unwrap_err();
            assert!(fault.message.contains("ws://host[:port][/path]"), "{url}: {fault}");
            assert!(fault.message.contains(why), "{url}: {fault}");
            assert!(!fault.message.contains("secret"), "{fault}");
        }
        assert!(Target::parse(&format!("ws://{}", "a".repeat(3_000))).unwrap_err().message.contains("2048"));
    }
}
