//! The buffers of one exchange, lent by the worker and given back before a connection idles.

use std::{
    cell::{Cell, RefCell},
    hint::black_box,
};

use crate::message::{RequestHead, ResponseHead, Target};

/// First room for what a client sends; heads longer than this grow it.
const REQUEST_ROOM: usize = 16 << 10;
/// First room for what an upstream sends.
pub(super) const RESPONSE_ROOM: usize = 16 << 10;
/// Buffers that have grown beyond this are freed instead of kept.
pub(super) const KEEP_AT_MOST: usize = 128 << 10;
/// Scratches kept by a worker for later use.
const KEEP_SCRATCHES: usize = 64;
/// Of those, how many it keeps although it does not use them.
const KEEP_UNUSED: usize = 4;
/// A block that the allocator keeps pages of its own for.
const BLOCK: usize = 1 << 20;

/// Everything that an exchange writes into.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// What the client sends.
    pub request: RequestHead,
    /// The target, resolved.
    pub target: Target,
    /// Host and port as the upstream is told them.
    pub authority: Vec<u8>,
    /// Our own fields about the client.
    pub forwarded: Vec<u8>,
    /// What the upstream sends.
    pub response: ResponseHead,
    /// What is written: to the upstream first, to the client then.
    pub out: Vec<u8>,
    /// What the client sends after the first read, while a body is on its way.
    pub body: Vec<u8>,
    /// What is written to the upstream while a body is on its way.
    pub pump: Vec<u8>,
}

/// A worker's spare buffers, the one used last on top.
#[derive(Debug, Default)]
#[expect(
    clippy::vec_box,
    reason = "a connection holds the box: it moves as a pointer"
)]
pub(super) struct ScratchPool {
    scratches: RefCell<Vec<Box<Scratch>>>,
    /// The fewest that were there since the last tick: so many were not needed.
    unused: Cell<usize>,
    /// Plain buffers for tunnels.
    pieces: RefCell<Vec<Vec<u8>>>,
}

impl ScratchPool {
    /// A scratch without content.
    pub(super) fn take(&self) -> Box<Scratch> {
        let mut scratches = self.scratches.borrow_mut();
        let kept = scratches.pop();
        self.unused.set(self.unused.get().min(scratches.len()));
        kept.unwrap_or_else(|| {
            let mut scratch = Box::<Scratch>::default();
            scratch.request.buffer.reserve_exact(REQUEST_ROOM);
            scratch.response.buffer.reserve_exact(RESPONSE_ROOM);
            scratch
        })
    }

    /// Takes a scratch back.
    pub(super) fn put(&self, mut scratch: Box<Scratch>) {
        let Scratch {
            request,
            target: _,
            authority,
            forwarded,
            response,
            out,
            body,
            pump,
        } = &mut *scratch;
        request.clear();
        response.clear();
        for buffer in [
            &mut request.buffer,
            &mut response.buffer,
            authority,
            forwarded,
            out,
            body,
            pump,
        ] {
            buffer.clear();
            if buffer.capacity() > KEEP_AT_MOST {
                *buffer = Vec::new();
            }
        }
        let mut pool = self.scratches.borrow_mut();
        if pool.len() < KEEP_SCRATCHES {
            pool.push(scratch);
        }
    }

    /// To be called about once a second: lets go of what a peak has left behind, half of the scratches
    /// that nobody has needed and what the allocator keeps for another peak.
    pub(super) fn tick(&self) {
        let mut scratches = self.scratches.borrow_mut();
        let surplus = self.unused.get().saturating_sub(KEEP_UNUSED).div_ceil(2);
        let kept = scratches.len();
        scratches.drain(..surplus.min(kept));
        self.unused.set(scratches.len());
        self.pieces.borrow_mut().truncate(scratches.len());
        // mimalloc looks for freed memory that is due to the system whenever pages fall free; where
        // nobody asks for anything any more, none do.
        drop(black_box(Vec::<u8>::with_capacity(BLOCK)));
    }

    /// An empty buffer with room for `room` bytes.
    pub(super) fn take_piece(&self, room: usize) -> Vec<u8> {
        self.pieces
            .borrow_mut()
            .pop()
            .unwrap_or_else(|| Vec::with_capacity(room))
    }

    /// Takes a buffer back.
    pub(super) fn put_piece(&self, mut piece: Vec<u8>) {
        let mut pool = self.pieces.borrow_mut();
        if (1..=KEEP_AT_MOST).contains(&piece.capacity()) && pool.len() < KEEP_SCRATCHES {
            piece.clear();
            pool.push(piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_peak_has_left_is_let_go_and_what_is_in_use_is_kept() {
        let pool = ScratchPool::default();
        let peak: Vec<_> = (0..2 * KEEP_SCRATCHES).map(|_| pool.take()).collect();
        peak.into_iter().for_each(|scratch| pool.put(scratch));
        let kept = || pool.scratches.borrow().len();
        assert_eq!(kept(), KEEP_SCRATCHES);
        pool.tick();
        assert_eq!(
            kept(),
            KEEP_SCRATCHES,
            "all were in use within the last second"
        );
        for _ in 0..10 {
            let in_use: Vec<_> = (0..10).map(|_| pool.take()).collect();
            in_use.into_iter().for_each(|scratch| pool.put(scratch));
            pool.tick();
        }
        assert_eq!(kept(), 10 + KEEP_UNUSED);
        (0..10).for_each(|_| pool.tick());
        assert_eq!(kept(), KEEP_UNUSED);
    }
}
