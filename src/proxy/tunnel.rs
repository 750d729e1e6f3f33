//! An upgraded connection: bytes both ways until both sides have said all.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    io::{Shared, poll_fill, poll_write_all},
    ticker::Slot,
    worker::Worker,
};

/// How much is carried in one piece.
const PIECE: usize = 16 << 10;

/// The two ends of a tunnel, and what each has already sent.
pub(super) struct Ends<'a, 'c, 'u, C, U> {
    pub client: &'a Shared<'c, C>,
    pub upstream: &'a Shared<'u, U>,
    pub from_client: &'a [u8],
    pub from_upstream: &'a [u8],
}

/// Carries bytes until both sides have ended, one of them breaks, or nothing has moved either way
/// for `idle`. An end of one side is passed on as an end, and the other side goes on. Bytes that go to
/// the client are added to `sent` as they go, since it may be ended at any time.
///
/// Between bytes no buffer is held: one is lent by the worker for the time of a poll.
pub(super) async fn tunnel<C, U>(
    worker: &Worker,
    ends: Ends<'_, '_, '_, C, U>,
    slot: &Slot,
    idle: Duration,
    sent: &mut u64,
) where
    C: AsyncRead + AsyncWrite + Unpin,
    U: AsyncRead + AsyncWrite + Unpin,
{
    let Ends {
        client,
        upstream,
        from_client,
        from_upstream,
    } = ends;
    let mut up = Direction::beginning_with(from_client);
    let mut down = Direction::beginning_with(from_upstream);
    slot.arm(idle);
    poll_fn(|cx| {
        let before = up.carried + down.carried;
        let up_state = up.poll(worker, cx, client, upstream);
        let down_state = down.poll(worker, cx, upstream, client);
        if up.carried + down.carried != before {
            slot.arm(idle);
        }
        *sent += std::mem::take(&mut down.carried);
        match (up_state, down_state) {
            (Poll::Ready(Err(_)), _) | (_, Poll::Ready(Err(_))) => Poll::Ready(()),
            (Poll::Ready(Ok(())), Poll::Ready(Ok(()))) => Poll::Ready(()),
            _ => slot.poll_expired(cx),
        }
    })
    .await;
}

/// One way through a tunnel.
#[derive(Default)]
struct Direction {
    /// What was read and is not yet written, from `sent` on. Empty and without memory while idle.
    held: Vec<u8>,
    sent: usize,
    unflushed: bool,
    ended: bool,
    shut: bool,
    carried: u64,
}

impl Direction {
    fn beginning_with(bytes: &[u8]) -> Self {
        Self {
            held: bytes.to_vec(),
            ..Self::default()
        }
    }

    fn poll<R, W>(
        &mut self,
        worker: &Worker,
        cx: &mut Context<'_>,
        from: &Shared<'_, R>,
        to: &Shared<'_, W>,
    ) -> Poll<io::Result<()>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        loop {
            if self.sent < self.held.len() || self.unflushed {
                let mut left = self.held.get(self.sent..).unwrap_or_default();
                let before = left.len();
                let written = poll_write_all(&mut **to.borrow_mut(), cx, &mut left);
                let moved = before - left.len();
                self.sent += moved;
                self.carried += moved as u64;
                self.unflushed = true;
                ready!(written)?;
                self.unflushed = false;
                worker.scratch.put_piece(std::mem::take(&mut self.held));
                self.sent = 0;
            }
            if self.ended {
                if !self.shut {
                    ready!(Pin::new(&mut **to.borrow_mut()).poll_shutdown(cx))?;
                    self.shut = true;
                }
                return Poll::Ready(Ok(()));
            }
            let mut piece = worker.scratch.take_piece(PIECE);
            match poll_fill(&mut **from.borrow_mut(), cx, &mut piece, PIECE) {
                Poll::Ready(Ok(read)) => {
                    self.ended = read == 0;
                    self.held = piece;
                }
                other => {
                    worker.scratch.put_piece(piece);
                    ready!(other)?;
                }
            }
        }
    }
}
