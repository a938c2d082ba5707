//! One WebSocket: text frames in and out, small buffers, and nothing that waits for ever.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use zim_protocol::limits;

use super::Stream;

/// Of these there is one per connection, for as long as it lives.
const READ_BUFFER_BYTES: usize = 1024;
/// Frames collect up to here before they are written without a flush.
const WRITE_BUFFER_BYTES: usize = 4 * 1024;
/// So many frames are read ahead while a request waits for the store or a write for the peer.
const READ_AHEAD: usize = 32;
/// A peer that is being closed has this long to take the last word.
const LINGER: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub struct Socket<S> {
    ws: WebSocketStream<S>,
    write_timeout: Duration,
    /// What was read before it was asked for.
    ahead: VecDeque<(Instant, Incoming)>,
    last_sign: Instant,
}

/// What came in.
#[derive(Debug)]
pub enum Incoming {
    Text(Utf8Bytes),
    /// A binary frame: nothing of `zim.v1` is one.
    Binary,
    /// A ping or pong of the WebSocket itself: a sign of life.
    Sign,
    End(End),
}

/// Why nothing more will come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The peer closed it, or the link broke.
    Gone,
    /// A frame was larger than [`limits::CLIENT_FRAME_BYTES`].
    TooBig,
    /// It is not a WebSocket any more.
    Broken(String),
    /// The peer does not take what it is sent.
    Stuck,
}

impl Incoming {
    fn is_end(&self) -> bool {
        match self {
            Incoming::End(_) => true,
            Incoming::Text(_) | Incoming::Binary | Incoming::Sign => false,
        }
    }
}

impl<S: Stream> Socket<S> {
    /// `rest` is what was read behind the handshake.
    pub async fn new(stream: S, rest: Vec<u8>, write_timeout: Duration) -> Socket<S> {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(WRITE_BUFFER_BYTES)
            .max_message_size(Some(limits::CLIENT_FRAME_BYTES))
            .max_frame_size(Some(limits::CLIENT_FRAME_BYTES));
        let ws = WebSocketStream::from_partially_read(stream, rest, Role::Server, Some(config)).await;
        Socket { ws, write_timeout, ahead: VecDeque::new(), last_sign: Instant::now() }
    }

    /// The next thing to come in, and when it did. Cancelling loses nothing.
    pub async fn read(&mut self) -> (Instant, Incoming) {
        if let Some(first) = self.ahead.pop_front() {
            return first;
        }
        poll_fn(|cx| self.poll_read(cx)).await
    }

    /// When the last frame came in, read or not; at first, when the connection began.
    pub fn last_sign(&self) -> Instant {
        self.last_sign
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<(Instant, Incoming)> {
        self.ws.poll_next_unpin(cx).map(|message| {
            let incoming = match message {
                Some(Ok(Message::Text(text))) => Incoming::Text(text),
                Some(Ok(Message::Binary(_))) => Incoming::Binary,
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Incoming::Sign,
                Some(Ok(Message::Close(_))) | None => Incoming::End(End::Gone),
                Some(Err(error)) => Incoming::End(End::of(&error)),
            };
            let now = Instant::now();
            if !incoming.is_end() {
                self.last_sign = now;
            }
            (now, incoming)
        })
    }

    /// Goes on reading, up to a limit, while something else is waited for.
    fn read_ahead(&mut self, cx: &mut Context<'_>) {
        while self.ahead.len() < READ_AHEAD && !self.ahead.back().is_some_and(|(_, last)| last.is_end()) {
            match self.poll_read(cx) {
                Poll::Ready(incoming) => self.ahead.push_back(incoming),
                Poll::Pending => return,
            }
        }
    }

    /// Waits for something, and reads ahead meanwhile: what comes in gets its time, and pings go on.
    pub async fn reading_ahead<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|cx| match work.as_mut().poll(cx) {
            Poll::Ready(done) => Poll::Ready(done),
            Poll::Pending => {
                self.read_ahead(cx);
                Poll::Pending
            }
        })
        .await
    }

    /// Puts a frame into the buffer; [`Socket::flush`] sends it off.
    pub fn feed(&mut self, text: String) -> Result<(), End> {
        // Never waits: what the kernel does not take stays in the buffer until the flush.
        self.ws.start_send_unpin(Message::text(text)).map_err(|error| End::of(&error))
    }

    /// Writes everything that was fed. `before_waiting` runs once: behind a flush that went through at once, or
    /// before one that has to wait.
    pub async fn flush(&mut self, before_waiting: impl FnOnce()) -> Result<(), End> {
        let mut before_waiting = Some(before_waiting);
        let mut run_once = move || before_waiting.take().map(|run| run());
        let first = poll_fn(|cx| Poll::Ready(self.ws.poll_flush_unpin(cx))).await;
        run_once();
        match first {
            Poll::Ready(result) => return result.map_err(|error| End::of(&error)),
            Poll::Pending => {}
        }
        let write_timeout = self.write_timeout;
        let flushed = poll_fn(|cx| match self.ws.poll_flush_unpin(cx) {
            Poll::Ready(result) => Poll::Ready(result),
            Poll::Pending => {
                self.read_ahead(cx);
                Poll::Pending
            }
        });
        match timeout(write_timeout, flushed).await {
            Ok(result) => result.map_err(|error| End::of(&error)),
            Err(_) => Err(End::Stuck),
        }
    }

    /// Says goodbye and waits a moment for the peer to take it.
    pub async fn close(mut self, code: u16, reason: &'static str) {
        let frame = CloseFrame { code: CloseCode::from(code), reason: Utf8Bytes::from_static(reason) };
        let goodbye = async {
            if self.ws.send(Message::Close(Some(frame))).await.is_err() {
                return;
            }
            let stream = self.ws.get_mut();
            if stream.shutdown().await.is_err() {
                return;
            }
            // What the peer is still sending is read and dropped: closing on unread bytes would reset the
            // connection, and the goodbye could be lost with it.
            let mut dropped = [0; 512];
            while let Ok(1..) = stream.read(&mut dropped).await {}
        };
        // A peer that does not take it is cut off.
        let _ = timeout(LINGER, goodbye).await;
    }
}

impl End {
    fn of(error: &Error) -> End {
        match error {
            Error::Capacity(_) => End::TooBig,
            // The peer has closed, one way or the other; it wants nothing more.
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake | ProtocolError::SendAfterClosing) => End::Gone,
            Error::Protocol(error) => End::Broken(error.to_string()),
            Error::Utf8(_) => End::Broken("a text frame must be UTF-8".to_owned()),
            Error::ConnectionClosed
            | Error::AlreadyClosed
            | Error::Io(_)
            | Error::WriteBufferFull(_)
            | Error::AttackAttempt
            | Error::Url(_)
            | Error::Http(_)
            | Error::HttpFormat(_)
            | Error::Tls(_) => End::Gone,
        }
    }
}
