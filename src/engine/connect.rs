//! From a URL to a WebSocket: name lookup, TCP, TLS, handshake. Each step says in words for the host what went wrong.
//!
//! Dropping the future that [`Connector::connect`] returns ends the attempt at once. Only a name lookup cannot be
//! ended: it goes on in its thread, and the next attempt waits for the same one instead of starting another.

use std::future::{Future, poll_fn};
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::oneshot::Receiver;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use zim_protocol::code::{Code, Fault};
use zim_protocol::{SUBPROTOCOL, limits};

use super::aside;
use super::target::Target;
use super::trust::Trust;
use super::upgrade::{Refusal, upgrade};

/// One attempt, all steps together.
pub const ATTEMPT: Duration = Duration::from_secs(5);
/// An address gets at least this much of it, so that others have their turn.
const ADDRESS_LEAST: Duration = Duration::from_secs(1);
const BUFFER_BYTES: usize = 4 * 1024;

pub type Socket = WebSocketStream<Stream>;
/// How names become addresses; blocks.
pub type Resolve = fn(&str, u16) -> io::Result<Vec<SocketAddr>>;
type Lookup = Receiver<io::Result<Vec<SocketAddr>>>;

pub struct Connector {
    pub target: Target,
    trust: Trust,
    resolve: Resolve,
    /// A lookup that has not answered yet.
    lookup: Mutex<Option<Lookup>>,
}

/// The system's resolver.
pub fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok((host, port).to_socket_addrs()?.collect())
}

impl Connector {
    pub fn new(target: Target, trust: Trust, resolve: Resolve) -> Connector {
        Connector { target, trust, resolve, lookup: Mutex::new(None) }
    }

    pub async fn connect(self: Arc<Self>) -> Result<Socket, Fault> {
        let deadline = Instant::now() + ATTEMPT;
        let addresses = self.addresses(deadline).await?;
        let tcp = self.tcp(&addresses, deadline).await?;
        // Without it small frames wait for acknowledgements of earlier ones. A socket that refuses works all the same.
        let _ = tcp.set_nodelay(true);
        let stream = match self.target.secure {
            true => Stream::Secure(Box::new(self.tls(tcp, deadline).await?)),
            false => Stream::Plain(tcp),
        };
        self.handshake(stream, deadline).await
    }

    async fn addresses(&self, deadline: Instant) -> Result<Vec<SocketAddr>, Fault> {
        let Target { host, port, .. } = &self.target;
        if let Ok(address) = host.parse() {
            return Ok(vec![SocketAddr::new(address, *port)]);
        }
        let slot = || self.lookup.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = timeout_at(
            deadline,
            poll_fn(|context| {
                let mut slot = slot();
                let running = slot.get_or_insert_with(|| {
                    let (resolve, host, port) = (self.resolve, host.clone(), *port);
                    aside(move || resolve(&host, port))
                });
                Pin::new(running).poll(context)
            }),
        )
        .await;
        let Ok(answer) = answer else {
            return Err(self.unreachable(format_args!(
                "the name {host:?} was not resolved within {} s: check this machine's network and name servers",
                ATTEMPT.as_secs()
            )));
        };
        *slot() = None;
        match answer.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Ok(addresses) if !addresses.is_empty() => Ok(addresses),
            Ok(_) => Err(self.unreachable(format_args!("the name {host:?} has no address"))),
            Err(error) => Err(self.unreachable(format_args!(
                "the name {host:?} cannot be resolved ({error}): check its spelling and this machine's network"
            ))),
        }
    }

    /// The addresses one after the other, until one answers.
    async fn tcp(&self, addresses: &[SocketAddr], deadline: Instant) -> Result<TcpStream, Fault> {
        let mut fault = None;
        for (at, address) in addresses.iter().enumerate() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let others = u32::try_from(addresses.len() - at).unwrap_or(u32::MAX);
            let share = (left / others).max(ADDRESS_LEAST).min(left);
            match timeout_at(Instant::now() + share, TcpStream::connect(*address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => fault = Some(self.unreachable(format_args!("{}", tcp_failure(&error, *address)))),
                Err(_) => {
                    fault = Some(self.unreachable(format_args!(
                        "{address} did not answer within {} ms: a firewall may drop the connection, or the address is \
                         wrong",
                        share.as_millis()
                    )));
                }
            }
        }
        Err(fault.unwrap_or_else(|| self.unreachable(format_args!("there was no time left to connect"))))
    }

    async fn tls(&self, tcp: TcpStream, deadline: Instant) -> Result<TlsStream<TcpStream>, Fault> {
        let trust = self.trust.clone();
        let config = match timeout_at(deadline, aside(move || trust.config())).await {
            Ok(Ok(config)) => config?,
            Ok(Err(error)) => return Err(Fault::new(Code::INTERNAL_ERROR, format!("TLS cannot be set up: {error}"))),
            Err(_) => {
                return Err(self.unreachable(format_args!("this system's certificate authorities are slow to read")));
            }
        };
        let host = self.target.host.clone();
        let name = ServerName::try_from(host)
            .map_err(|_| self.unreachable(format_args!("{:?} is no name a certificate can have", self.target.host)))?;
        match timeout_at(deadline, TlsConnector::from(config).connect(name, tcp)).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(self.unreachable(format_args!("{}", tls_failure(&error)))),
            Err(_) => Err(self.unreachable(format_args!(
                "the server took the connection but did not finish the TLS handshake in time: is it a TLS port?"
            ))),
        }
    }

    async fn handshake(&self, mut stream: Stream, deadline: Instant) -> Result<Socket, Fault> {
        let Target { authority, path, .. } = &self.target;
        let rest = match timeout_at(deadline, upgrade(&mut stream, authority, path, SUBPROTOCOL)).await {
            Ok(Ok(rest)) => rest,
            Ok(Err(refusal)) => return Err(self.not_a_server(&refusal)),
            Err(_) => {
                return Err(self.unreachable(format_args!(
                    "the server took the connection but did not answer the WebSocket handshake in time: is it \
                     zim-server?"
                )));
            }
        };
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER_BYTES)
            .write_buffer_size(BUFFER_BYTES)
            .max_message_size(Some(limits::SERVER_FRAME_BYTES))
            .max_frame_size(Some(limits::SERVER_FRAME_BYTES));
        Ok(WebSocketStream::from_partially_read(stream, rest, Role::Client, Some(config)).await)
    }

    fn not_a_server(&self, refusal: &Refusal) -> Fault {
        let why = match refusal {
            Refusal::Status(..) => {
                format!("it answers \"{refusal}\" instead of opening a WebSocket: check the URL's path")
            }
            Refusal::Subprotocol => {
                format!("it does not speak {SUBPROTOCOL}: a WebSocket server, but not a zim-server of this version")
            }
            Refusal::Closed | Refusal::Io(_) if self.target.secure => {
                format!("it closed the connection during the WebSocket handshake ({refusal})")
            }
            Refusal::Closed | Refusal::Io(_) | Refusal::NotHttp(_) if !self.target.secure => {
                format!("it did not answer the WebSocket handshake properly ({refusal}): does it want wss:// ?")
            }
            Refusal::Closed | Refusal::Io(_) | Refusal::NotHttp(_) | Refusal::Wrong(_) => {
                format!("it did not answer the WebSocket handshake properly ({refusal})")
            }
        };
        Fault::new(Code::NETWORK_SERVER_ERROR, format!("{} is not a working zim-server: {why}", self.target))
    }

    fn unreachable(&self, why: std::fmt::Arguments<'_>) -> Fault {
        Fault::new(Code::NETWORK_ERROR, format!("no connection to {}: {why}", self.target))
    }
}

fn tcp_failure(error: &io::Error, address: SocketAddr) -> String {
    let kind = error.kind();
    if kind == io::ErrorKind::ConnectionRefused {
        return format!("nothing listens on {address}: is zim-server running there, and is the port right?");
    }
    if kind == io::ErrorKind::NetworkUnreachable || kind == io::ErrorKind::HostUnreachable {
        return format!("{address} cannot be reached from here ({error}): check this machine's network");
    }
    format!("{address}: {error}")
}

fn tls_failure(error: &io::Error) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<tokio_rustls::rustls::Error>()) {
        Some(tokio_rustls::rustls::Error::InvalidCertificate(why)) => format!(
            "its certificate was refused: {why:?}. Name its authority with ca_file, or use the name it was made for"
        ),
        Some(tokio_rustls::rustls::Error::InvalidMessage(_)) => {
            "it does not speak TLS: is it a ws:// port, without TLS?".to_owned()
        }
        Some(other) => format!("the TLS handshake failed: {other}"),
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            "it closed the connection during the TLS handshake: is it a ws:// port, without TLS?".to_owned()
        }
        None => format!("the TLS handshake failed: {error}"),
    }
}

/// A connection with or without TLS.
pub enum Stream {
    Plain(TcpStream),
    Secure(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut *self {
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Secure(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut *self {
            Stream::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Secure(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(context),
            Stream::Secure(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Secure(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

/// An attempt under way.
pub type Attempt = Pin<Box<dyn Future<Output = Result<Socket, Fault>> + Send>>;
