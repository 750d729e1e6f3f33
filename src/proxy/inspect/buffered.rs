//! A request's body of which some, or all, was read before it is forwarded.

use std::time::Duration;

use super::budget::Share;
use crate::{
    http1::{BodyLength, encode},
    message::Fields,
    policy::BodyLimit,
    proxy::{
        error::ProxyError,
        scratch::{KEEP_AT_MOST, Scratch},
        sides::{FromClient, UpstreamFraming},
        ticker::Slot,
    },
};

/// Bytes of what was read that are given at once. Up to so many are sent together with the head, and
/// sent again where an attempt fails.
const PIECE: usize = 64 << 10;

/// A request's body, as the upstream gets it.
pub(super) struct Buffered<'a, F> {
    from: &'a mut F,
    /// `None`: nothing was read, and all of it passes as it comes.
    held: Option<Held>,
}

struct Held {
    bytes: Vec<u8>,
    /// What `bytes` draw on, until they are given and let go.
    share: Option<Share>,
    given: usize,
    /// Whether it goes in chunks.
    chunked: bool,
    ended: bool,
}

impl<'a, F: FromClient> Buffered<'a, F> {
    /// `held` was read from `from` already, and draws on its share; `length` is what the head says.
    pub(super) fn new(
        from: &'a mut F,
        held: Option<(Vec<u8>, Option<Share>)>,
        length: BodyLength,
    ) -> Self {
        let held = held.map(|(bytes, share)| Held {
            bytes,
            share,
            given: 0,
            chunked: length == BodyLength::Chunked,
            ended: false,
        });
        Self { from, held }
    }

    /// The buffer, to be used again.
    pub(super) fn into_buffer(self) -> Vec<u8> {
        self.held.map(|held| held.bytes).unwrap_or_default()
    }
}

impl Held {
    fn is_spent(&self) -> bool {
        self.given >= self.bytes.len()
    }

    /// Appends the next piece of what was read, and the end where nothing follows.
    fn give<F: FromClient>(&mut self, from: &F, out: &mut Vec<u8>) {
        let rest = self.bytes.get(self.given..).unwrap_or_default();
        let piece = rest.get(..PIECE).unwrap_or(rest);
        if !self.chunked {
            out.extend_from_slice(piece);
        } else if !piece.is_empty() {
            encode::write_chunk(piece, out);
        }
        self.given += piece.len();
        if self.is_spent() && from.is_done() {
            self.ended = true;
            // The answer may take hours, and the rest of a body is no use to it.
            if self.bytes.capacity() > KEEP_AT_MOST {
                self.bytes = Vec::new();
            }
            self.share = None;
            if self.chunked {
                encode::write_trailers(from.trailers(), out);
            }
        }
    }
}

impl<F: FromClient> FromClient for Buffered<'_, F> {
    fn is_done(&self) -> bool {
        match &self.held {
            None => self.from.is_done(),
            Some(held) => held.ended,
        }
    }

    fn received(&self) -> u64 {
        self.from.received()
    }

    fn take_in_hand(
        &mut self,
        limit: BodyLimit,
        framing: UpstreamFraming,
        scratch: &mut Scratch,
    ) -> Result<(), ProxyError> {
        let Some(held) = &mut self.held else {
            return self.from.take_in_hand(limit, framing, scratch);
        };
        held.chunked &= framing == UpstreamFraming::Http1;
        held.give(self.from, &mut scratch.out);
        Ok(())
    }

    async fn more(
        &mut self,
        room: &mut Vec<u8>,
        out: &mut Vec<u8>,
        slot: &Slot,
        idle: Duration,
    ) -> Result<(), ProxyError> {
        let Some(held) = &mut self.held else {
            return self.from.more(room, out, slot, idle).await;
        };
        if held.is_spent() && !self.from.is_done() {
            held.bytes.clear();
            held.given = 0;
            self.from.more(room, &mut held.bytes, slot, idle).await?;
        }
        held.give(self.from, out);
        Ok(())
    }

    fn trailers(&self) -> Fields<'_> {
        self.from.trailers()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::{net::Ipv4Addr, sync::Arc};

    use super::*;
    use crate::proxy::inspect::budget::Budget;

    /// A client of whose body everything was read.
    struct Read;

    impl FromClient for Read {
        fn is_done(&self) -> bool {
            true
        }

        fn received(&self) -> u64 {
            0
        }

        fn take_in_hand(
            &mut self,
            _: BodyLimit,
            _: UpstreamFraming,
            _: &mut Scratch,
        ) -> Result<(), ProxyError> {
            Ok(())
        }

        async fn more(
            &mut self,
            _: &mut Vec<u8>,
            _: &mut Vec<u8>,
            _: &Slot,
            _: Duration,
        ) -> Result<(), ProxyError> {
            Ok(())
        }

        fn trailers(&self) -> Fields<'_> {
            Fields::default()
        }
    }

    #[test]
    fn a_body_is_counted_until_all_of_it_is_given_and_then_let_go() {
        let half = 3 * PIECE;
        let holder = Arc::new(Budget::new(2 * half)).holder(Ipv4Addr::LOCALHOST.into());
        let mut share = holder.share();
        assert!(share.grow(half));
        let mut read = Read;
        let bytes = vec![b'a'; half];
        let mut body = Buffered::new(&mut read, Some((bytes, Some(share))), BodyLength::Chunked);
        let held = body.held.as_mut().unwrap();
        let mut out = Vec::new();
        for piece in 1..=3 {
            assert!(!held.ended && !holder.share().grow(1), "piece {piece}");
            held.give(&Read, &mut out);
        }
        assert!(held.ended && holder.share().grow(half));
        assert_eq!(held.bytes.capacity(), 0);
        assert!(out.len() > half);
    }
}
