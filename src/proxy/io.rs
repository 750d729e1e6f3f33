//! Reading and writing with a time limit on the worker's coarse tick.
//!
//! Both directions of an exchange poll the same two streams, so streams are borrowed for the time of
//! a poll only.

use std::{
    cell::RefCell,
    future::poll_fn,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::io::poll_read_buf;

use super::ticker::Slot;

/// A stream that two futures of one task take turns with.
pub(super) type Shared<'a, S> = RefCell<&'a mut S>;

/// Why reading or writing ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The peer is gone: an error of the socket, or the end where more was due.
    Gone,
    /// The time limit has passed.
    TimedOut,
}

/// The least room that is offered to a read.
const LEAST_ROOM: usize = 2 << 10;

/// Appends what there is to `buffer`, at most its spare capacity; 0 is the end. The capacity grows
/// by `step` when less than 2 KiB are left.
pub(super) fn poll_fill<S: AsyncRead + Unpin>(
    stream: &mut S,
    cx: &mut Context<'_>,
    buffer: &mut Vec<u8>,
    step: usize,
) -> Poll<io::Result<usize>> {
    if buffer.capacity() - buffer.len() < LEAST_ROOM {
        buffer.reserve(step.max(LEAST_ROOM));
    }
    poll_read_buf(Pin::new(stream), cx, buffer)
}

/// See [`poll_fill`]; waits for at most what `slot` was armed with.
pub(super) async fn fill<S: AsyncRead + Unpin>(
    stream: &Shared<'_, S>,
    buffer: &mut Vec<u8>,
    step: usize,
    slot: &Slot,
) -> Result<usize, Fault> {
    poll_fn(|cx| {
        match poll_fill(&mut **stream.borrow_mut(), cx, buffer, step) {
            Poll::Ready(Ok(read)) => return Poll::Ready(Ok(read)),
            Poll::Ready(Err(_)) => return Poll::Ready(Err(Fault::Gone)),
            Poll::Pending => {}
        }
        ready!(slot.poll_expired(cx));
        Poll::Ready(Err(Fault::TimedOut))
    })
    .await
}

/// Writes all of `bytes`, out of TLS's own buffer too; the limit that `slot` was armed with is for the
/// whole of it.
pub(super) async fn write_all<S: AsyncWrite + Unpin>(
    stream: &Shared<'_, S>,
    bytes: &[u8],
    slot: &Slot,
) -> Result<(), Fault> {
    let mut left = bytes;
    poll_fn(|cx| {
        let written = poll_write_all(&mut **stream.borrow_mut(), cx, &mut left);
        match written {
            Poll::Ready(Ok(())) => return Poll::Ready(Ok(())),
            Poll::Ready(Err(_)) => return Poll::Ready(Err(Fault::Gone)),
            Poll::Pending => {}
        }
        ready!(slot.poll_expired(cx));
        Poll::Ready(Err(Fault::TimedOut))
    })
    .await
}

/// Writes `left`, moving its start, and flushes at the end (a no-op for a plain socket).
pub(super) fn poll_write_all<S: AsyncWrite + Unpin>(
    stream: &mut S,
    cx: &mut Context<'_>,
    left: &mut &[u8],
) -> Poll<io::Result<()>> {
    while !left.is_empty() {
        match ready!(Pin::new(&mut *stream).poll_write(cx, left))? {
            0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            written => *left = left.get(written..).unwrap_or_default(),
        }
    }
    Pin::new(stream).poll_flush(cx)
}

/// See [`write_all`]; `head`, then `body`, in one system call where that can be.
pub(super) async fn write_both<S: AsyncWrite + Unpin>(
    stream: &Shared<'_, S>,
    head: &[u8],
    body: &[u8],
    slot: &Slot,
) -> Result<(), Fault> {
    let (mut head, mut body) = (head, body);
    poll_fn(|cx| {
        let stream = &mut **stream.borrow_mut();
        let written = match poll_write_head(stream, cx, &mut head, &mut body) {
            Poll::Ready(Ok(())) => poll_write_all(stream, cx, &mut body),
            other => other,
        };
        match written {
            Poll::Ready(Ok(())) => return Poll::Ready(Ok(())),
            Poll::Ready(Err(_)) => return Poll::Ready(Err(Fault::Gone)),
            Poll::Pending => {}
        }
        ready!(slot.poll_expired(cx));
        Poll::Ready(Err(Fault::TimedOut))
    })
    .await
}

/// Writes `head` and as much of `body` as goes with it.
fn poll_write_head<S: AsyncWrite + Unpin>(
    stream: &mut S,
    cx: &mut Context<'_>,
    head: &mut &[u8],
    body: &mut &[u8],
) -> Poll<io::Result<()>> {
    while !head.is_empty() {
        let both = [IoSlice::new(head), IoSlice::new(body)];
        match ready!(Pin::new(&mut *stream).poll_write_vectored(cx, &both))? {
            0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            written => {
                let of_body = written.saturating_sub(head.len());
                *head = head.get(written..).unwrap_or_default();
                *body = body.get(of_body..).unwrap_or_default();
            }
        }
    }
    Poll::Ready(Ok(()))
}

/// Says that no more will be written: FIN, after TLS's close_notify.
pub(super) async fn shut_down<S: AsyncWrite + Unpin>(
    stream: &Shared<'_, S>,
    slot: &Slot,
) -> Result<(), Fault> {
    poll_fn(|cx| {
        match Pin::new(&mut **stream.borrow_mut()).poll_shutdown(cx) {
            Poll::Ready(Ok(())) => return Poll::Ready(Ok(())),
            Poll::Ready(Err(_)) => return Poll::Ready(Err(Fault::Gone)),
            Poll::Pending => {}
        }
        ready!(slot.poll_expired(cx));
        Poll::Ready(Err(Fault::TimedOut))
    })
    .await
}
