//! What a connection has to say in one turn of its task, said in one write.
//!
//! The engine writes and flushes frame by frame; what many streams answer at once would be as many
//! system calls. So its flushes do nothing, and the connection's task flushes when the engine is done.
//! Large frames go at once, with what waits before them: to copy them costs more than a call.
//!
//! Invariant: after every turn what was gathered is on its way, or the task is woken when it can be; no
//! buffer is held without content. Non-goal: what the frames say.

use std::{
    cell::RefCell,
    io::{self, IoSlice},
    mem,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use smallvec::SmallVec;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::preface::Replayed;
use crate::proxy::worker::Worker;

/// Once so much waits, it is written before more is taken.
const ENOUGH: usize = 64 << 10;

/// Longer frames are not gathered.
const COPIED_AT_MOST: usize = 4 << 10;

/// Pieces that the engine writes at a time: the head and the data of a frame.
const PIECES: usize = 8;

/// The engine's end.
pub(super) struct Gathered(Rc<RefCell<Shared>>);

/// The task's end.
pub(super) struct Flusher(Rc<RefCell<Shared>>);

struct Shared {
    stream: Replayed,
    worker: Rc<Worker>,
    waiting: Vec<u8>,
    /// How much of it is written.
    written: usize,
}

/// Both ends of `stream`.
pub(super) fn gathered(stream: Replayed, worker: Rc<Worker>) -> (Gathered, Flusher) {
    let shared = Rc::new(RefCell::new(Shared {
        stream,
        worker,
        waiting: Vec::new(),
        written: 0,
    }));
    (Gathered(Rc::clone(&shared)), Flusher(shared))
}

impl Flusher {
    /// Writes what was gathered.
    pub(super) fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.borrow_mut().poll_drain(cx)
    }
}

impl Shared {
    /// Takes `bufs`; how much of them.
    fn poll_take(&mut self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let length: usize = bufs.iter().map(|buf| buf.len()).sum();
        if length > COPIED_AT_MOST {
            return self.poll_write_through(cx, bufs);
        }
        if self.waiting.len() - self.written >= ENOUGH {
            ready!(self.poll_drain(cx))?;
        }
        if self.waiting.capacity() == 0 {
            self.waiting = self.worker.scratch.take_piece(ENOUGH / 4);
        }
        bufs.iter()
            .for_each(|buf| self.waiting.extend_from_slice(buf));
        Poll::Ready(Ok(length))
    }

    /// Writes what waits and then `bufs`, as far as that goes; how much of them.
    fn poll_write_through(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        loop {
            let waiting = self.waiting.get(self.written..).unwrap_or_default();
            let mut all = SmallVec::<[IoSlice<'_>; PIECES]>::new();
            if !waiting.is_empty() {
                all.push(IoSlice::new(waiting));
            }
            all.extend(bufs.iter().take(PIECES - 1).map(|buf| IoSlice::new(buf)));
            let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, &all))?;
            let of_bufs = written.saturating_sub(waiting.len());
            drop(all);
            self.written += written - of_bufs;
            if of_bufs > 0 || written == 0 {
                self.release();
                return Poll::Ready(Ok(of_bufs));
            }
        }
    }

    /// Gives the buffer back once nothing waits.
    fn release(&mut self) {
        if self.written == self.waiting.len() {
            self.worker.scratch.put_piece(mem::take(&mut self.waiting));
            self.written = 0;
        }
    }

    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(left @ [_, ..]) = self.waiting.get(self.written..) {
            match ready!(Pin::new(&mut self.stream).poll_write(cx, left))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                length => self.written += length,
            }
        }
        self.release();
        Pin::new(&mut self.stream).poll_flush(cx)
    }
}

impl AsyncRead for Gathered {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0.borrow_mut().stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Gathered {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.borrow_mut().poll_take(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.borrow_mut().poll_take(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut shared = self.0.borrow_mut();
        ready!(shared.poll_drain(cx))?;
        Pin::new(&mut shared.stream).poll_shutdown(cx)
    }
}
