//! A request's body on its way from an HTTP/2 client to the upstream.

use std::{
    future::poll_fn,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use h2::RecvStream;

use super::fields::read_trailers;
use crate::{
    http1::{BodyLength, TrailerFields, encode},
    message::Fields,
    policy::BodyLimit,
    proxy::{
        error::ProxyError,
        scratch::Scratch,
        sides::{FromClient, UpstreamFraming},
        ticker::Slot,
    },
};

/// Most bytes that are taken in at once.
const STEP: usize = 16 << 10;

/// A request body and how far it has come.
pub(super) struct Incoming {
    stream: RecvStream,
    /// Whether chunks frame it for the upstream.
    chunked: bool,
    /// Bytes that `Content-Length` still promises.
    left: Option<u64>,
    limit: BodyLimit,
    received: u64,
    data_done: bool,
    done: bool,
    trailers: TrailerFields,
}

impl Incoming {
    pub(super) fn new(stream: RecvStream) -> Self {
        let done = stream.is_end_stream();
        Self {
            stream,
            chunked: false,
            left: None,
            limit: BodyLimit::Unlimited,
            received: 0,
            data_done: done,
            done,
            trailers: TrailerFields::default(),
        }
    }

    /// How long it is, given what `Content-Length` says, if anything.
    pub(super) fn settle(&mut self, announced: BodyLength) -> BodyLength {
        let length = match announced {
            BodyLength::Sized(length) => BodyLength::Sized(length),
            _ if self.done => BodyLength::Empty,
            _ => BodyLength::Chunked,
        };
        self.chunked = length == BodyLength::Chunked;
        self.left = match length {
            BodyLength::Sized(length) => Some(length),
            _ => None,
        };
        length
    }

    /// Takes what has come, up to [`STEP`] bytes, into `out`.
    fn poll_more(
        &mut self,
        cx: &mut Context<'_>,
        out: &mut Vec<u8>,
    ) -> Poll<Result<(), ProxyError>> {
        let begun = out.len();
        while !self.data_done && out.len() - begun < STEP {
            let data = match self.stream.poll_data(cx) {
                Poll::Ready(Some(Ok(data))) => data,
                Poll::Ready(Some(Err(_))) => return Poll::Ready(Err(ProxyError::ClientGone)),
                Poll::Ready(None) => {
                    self.data_done = true;
                    break;
                }
                Poll::Pending if out.len() > begun => return Poll::Ready(Ok(())),
                Poll::Pending => return Poll::Pending,
            };
            // It is copied here, so the client may send as much again; nothing is read before it is
            // written to the upstream.
            let _ = self.stream.flow_control().release_capacity(data.len());
            self.received += data.len() as u64;
            if let Some(left) = &mut self.left {
                // The engine holds streams to their length; the upstream's framing rests on it.
                *left = left
                    .checked_sub(data.len() as u64)
                    .ok_or(ProxyError::ClientGone)?;
            }
            if !self.limit.allows(self.received) {
                return Poll::Ready(Err(ProxyError::BodyTooLong));
            }
            if !self.chunked {
                out.extend_from_slice(&data);
            } else if !data.is_empty() {
                encode::write_chunk(&data, out);
            }
            self.data_done = self.stream.is_end_stream();
        }
        if self.data_done {
            if out.len() > begun && !self.stream.is_end_stream() {
                return Poll::Ready(Ok(()));
            }
            ready!(self.poll_end(cx, out))?;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_end(
        &mut self,
        cx: &mut Context<'_>,
        out: &mut Vec<u8>,
    ) -> Poll<Result<(), ProxyError>> {
        if !self.stream.is_end_stream() {
            match ready!(self.stream.poll_trailers(cx)) {
                Ok(None) => {}
                Ok(Some(trailers)) => {
                    self.trailers =
                        read_trailers(&trailers, |_| true).map_err(ProxyError::RequestBody)?;
                }
                Err(_) => return Poll::Ready(Err(ProxyError::ClientGone)),
            }
        }
        if self.left.is_some_and(|left| left > 0) {
            return Poll::Ready(Err(ProxyError::ClientGone));
        }
        self.done = true;
        if self.chunked {
            encode::write_trailers(self.trailers.fields(), out);
        }
        Poll::Ready(Ok(()))
    }
}

impl FromClient for Incoming {
    fn is_done(&self) -> bool {
        self.done
    }

    fn received(&self) -> u64 {
        self.received
    }

    fn take_in_hand(
        &mut self,
        limit: BodyLimit,
        framing: UpstreamFraming,
        scratch: &mut Scratch,
    ) -> Result<(), ProxyError> {
        self.limit = limit;
        self.chunked &= framing == UpstreamFraming::Http1;
        if self.done {
            return Ok(());
        }
        let mut cx = Context::from_waker(Waker::noop());
        match self.poll_more(&mut cx, &mut scratch.out) {
            Poll::Ready(taken) => taken,
            Poll::Pending => Ok(()),
        }
    }

    async fn more(
        &mut self,
        _: &mut Vec<u8>,
        out: &mut Vec<u8>,
        slot: &Slot,
        idle: Duration,
    ) -> Result<(), ProxyError> {
        slot.arm(idle);
        poll_fn(|cx| {
            if let Poll::Ready(read) = self.poll_more(cx, out) {
                return Poll::Ready(read);
            }
            ready!(slot.poll_expired(cx));
            Poll::Ready(Err(ProxyError::BodyTimedOut))
        })
        .await
    }

    fn trailers(&self) -> Fields<'_> {
        self.trailers.fields()
    }
}
