//! Prior knowledge: a connection in the clear whose first bytes are HTTP/2's (RFC 9113 section 3.3).

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::tls::Stream;

/// What a client that speaks HTTP/2 says first, RFC 9113 section 3.4.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What the first bytes of a connection say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::proxy) enum Preface {
    /// It is HTTP/2.
    Whole,
    /// It may become HTTP/2.
    Part,
    /// It is something else.
    None,
}

/// Looks at the first bytes of a connection.
pub(in crate::proxy) fn preface_in(bytes: &[u8]) -> Preface {
    if bytes.starts_with(PREFACE) {
        Preface::Whole
    } else if PREFACE.starts_with(bytes) {
        Preface::Part
    } else {
        Preface::None
    }
}

/// A stream of which some bytes were read already; they are read again first.
#[derive(Debug)]
pub(in crate::proxy) struct Replayed {
    first: Box<[u8]>,
    read: usize,
    stream: Stream,
}

impl Replayed {
    /// `first`, then what `stream` gives.
    pub(in crate::proxy) fn new(first: &[u8], stream: Stream) -> Self {
        Self {
            first: first.into(),
            read: 0,
            stream,
        }
    }
}

impl AsyncRead for Replayed {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self {
            first,
            read,
            stream,
        } = self.get_mut();
        let left = first.get(*read..).unwrap_or_default();
        if left.is_empty() {
            return Pin::new(stream).poll_read(cx, buf);
        }
        let length = left.len().min(buf.remaining());
        buf.put_slice(left.get(..length).unwrap_or_default());
        *read += length;
        if *read == first.len() {
            *first = Box::default();
            *read = 0;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Replayed {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_preface_is_http2_and_a_part_may_become_it() {
        for (bytes, expected) in [
            (&b""[..], Preface::Part),
            (b"P", Preface::Part),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r", Preface::Part),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Preface::Whole),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0", Preface::Whole),
            (b"POST / HTTP/1.1", Preface::None),
            (b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", Preface::None),
            (b"GET", Preface::None),
        ] {
            assert_eq!(preface_in(bytes), expected);
        }
    }
}
