//! Where connections come from.

use std::fmt::Debug;
use std::future::Future;
use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

/// What a connection runs over: ordered bytes in both directions.
pub trait Stream: AsyncRead + AsyncWrite + Debug + Send + Sync + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Debug + Send + Sync + Unpin + 'static> Stream for T {}

/// Brings new connections: a socket that listens, or anything that makes streams.
pub trait Listener: Send {
    type Stream: Stream;

    /// Where clients connect to.
    fn local_addr(&self) -> io::Result<SocketAddr>;

    /// The next connection, and whose it is. Cancelling loses none.
    fn accept(&self) -> impl Future<Output = io::Result<(Self::Stream, SocketAddr)>> + Send;
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    fn local_addr(&self) -> io::Result<SocketAddr> {
        TcpListener::local_addr(self)
    }

    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = TcpListener::accept(self).await?;
        // Frames are small and each is waited for.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        Ok((stream, peer))
    }
}
