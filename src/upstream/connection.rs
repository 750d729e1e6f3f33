//! A connection to an endpoint that speaks HTTP/1.1.
//!
//! Invariant: an idle connection holds no buffer of ours, and is reused only while its server has
//! neither closed it nor sent a byte on it. Non-goal: what is read and written; that is the proxy's.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use tokio::{
    io::{AsyncBufRead, AsyncRead, AsyncWrite, Interest, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

use super::clock::Nanos;

/// A byte stream to an endpoint.
#[derive(Debug)]
pub enum UpstreamStream {
    /// In the clear.
    Tcp(TcpStream),
    /// Over TLS; boxed, since a session is some kilobytes.
    Tls(Box<TlsStream<TcpStream>>),
}

impl UpstreamStream {
    /// Ready when a read would give bytes, the end or an error, without a buffer to read into.
    ///
    /// # Errors
    /// Those of the socket and of TLS.
    #[inline]
    pub fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => stream.poll_read_ready(cx),
            Self::Tls(stream) => Pin::new(&mut **stream).poll_fill_buf(cx).map_ok(|_| ()),
        }
    }

    /// The socket underneath.
    #[must_use]
    pub fn tcp(&self) -> &TcpStream {
        match self {
            Self::Tcp(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }
}

impl AsyncRead for UpstreamStream {
    #[inline]
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(&mut **stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for UpstreamStream {
    #[inline]
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(&mut **stream).poll_write(cx, buf),
        }
    }

    #[inline]
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Self::Tls(stream) => Pin::new(&mut **stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    #[inline]
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(&mut **stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(&mut **stream).poll_shutdown(cx),
        }
    }
}

/// One connection, in use by one exchange or idle in its endpoint's pool.
#[derive(Debug)]
pub struct Http1Connection {
    stream: UpstreamStream,
    reused: bool,
    /// The endpoint that it leads to; a number that no other endpoint of the worker has.
    pub(super) endpoint: u64,
    /// When it was last given back, by the coarse clock.
    pub(super) idle_since: Nanos,
}

impl Http1Connection {
    pub(super) fn new(stream: UpstreamStream, endpoint: u64, now: Nanos) -> Self {
        Self {
            stream,
            reused: false,
            endpoint,
            idle_since: now,
        }
    }

    /// The stream to read from and write to.
    #[inline]
    pub fn stream(&mut self) -> &mut UpstreamStream {
        &mut self.stream
    }

    /// The stream alone, for an upgrade: it will not be given back.
    #[must_use]
    pub fn into_stream(self) -> UpstreamStream {
        self.stream
    }

    /// Whether an exchange was made on it before. If it turns out closed before a response byte
    /// then it was stale, which is nobody's fault: no failure to report, nothing off the retry
    /// budget.
    #[must_use]
    pub fn is_reused(&self) -> bool {
        self.reused
    }

    pub(super) fn rest(&mut self, now: Nanos) {
        self.reused = true;
        self.idle_since = now;
    }

    /// Whether the next exchange may use it: its server has neither closed it nor sent anything.
    ///
    /// Goes by the readiness that the reactor has cached, and costs a system call only if that says
    /// readable, which may be left over from a read that took exactly what there was.
    #[inline]
    pub(super) fn is_fresh(&mut self) -> bool {
        match &mut self.stream {
            UpstreamStream::Tcp(stream) => is_would_block(stream.try_read(&mut [0])),
            UpstreamStream::Tls(stream) => {
                let (socket, _) = stream.get_ref();
                is_would_block(socket.try_io(Interest::READABLE, || Ok(()))) || has_no_data(stream)
            }
        }
    }

    /// Whether bytes beyond the last response have been decrypted already.
    pub(super) fn has_surplus(&mut self) -> bool {
        let UpstreamStream::Tls(stream) = &mut self.stream else {
            return false;
        };
        let (_, session) = stream.get_mut();
        !session
            .process_new_packets()
            .is_ok_and(|state| state.plaintext_bytes_to_read() == 0 && !state.peer_has_closed())
    }
}

fn is_would_block<T>(result: io::Result<T>) -> bool {
    result.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

/// Whether what can be read is TLS's own, such as a session ticket.
#[cold]
fn has_no_data(stream: &mut TlsStream<TcpStream>) -> bool {
    let mut cx = Context::from_waker(Waker::noop());
    Pin::new(stream).poll_fill_buf(&mut cx).is_pending()
}
