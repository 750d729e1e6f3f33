//! A request's body on its way from an HTTP/1.1 client to the upstream.

use std::time::Duration;

use super::{
    error::ProxyError,
    io::{Fault, Shared, fill},
    scratch::Scratch,
    sides::{FromClient, UpstreamFraming},
    ticker::Slot,
};
use crate::{
    http1::{BodyDecoder, BodyLength, ChunkLimits, Decoded, encode},
    message::{Fields, RequestHead},
    policy::BodyLimit,
    tls::Stream,
};

/// Most bytes that one read from the client takes in.
const READ_STEP: usize = 16 << 10;

/// A request body: how far it has come, and what of the buffers it has used.
pub(super) struct Incoming<'a, 's> {
    client: &'a Shared<'s, Stream>,
    /// `None` where no framing could be told, and after a fault.
    decoder: Option<BodyDecoder>,
    chunked: bool,
    limit: BodyLimit,
    received: u64,
    /// Bytes after the head, in the head's buffer, that belonged to the body.
    used_of_head: usize,
    /// Bytes in `Scratch::body` that belonged to the body; what follows is the next request.
    /// `None` where nothing was read there.
    used_of_body: Option<usize>,
}

impl<'a, 's> Incoming<'a, 's> {
    /// The body of a request whose framing is not known: never done.
    pub(super) fn unknown(client: &'a Shared<'s, Stream>) -> Self {
        Self {
            client,
            decoder: None,
            chunked: false,
            limit: BodyLimit::Unlimited,
            received: 0,
            used_of_head: 0,
            used_of_body: None,
        }
    }

    /// It has turned out to be of this length.
    pub(super) fn set_length(&mut self, length: BodyLength) {
        self.decoder = Some(BodyDecoder::new(length, ChunkLimits::default()));
        self.chunked = length == BodyLength::Chunked;
    }

    /// Skips what came together with the head; whether the body has ended with it, so that the
    /// connection can carry another request although this one is not forwarded.
    pub(super) fn skip_in_hand(&mut self, request: &RequestHead) -> bool {
        if self.decoder.is_none() {
            return false;
        }
        if self.used_of_head == 0
            && let Ok(used) = self.decode(request.rest(), &mut Vec::new())
        {
            self.used_of_head = used;
        }
        self.is_done()
    }

    /// Decodes `input`, appends it to `out` in the upstream's framing and returns how much was used.
    /// After a fault the framing is not known any more: what follows may be anything.
    fn decode(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<usize, ProxyError> {
        let Some(mut decoder) = self.decoder.take() else {
            return Ok(0);
        };
        let mut used = 0;
        while !decoder.is_done() {
            let rest = input.get(used..).unwrap_or_default();
            let Decoded {
                consumed,
                data,
                done,
            } = decoder.decode(rest).map_err(ProxyError::RequestBody)?;
            let data = rest.get(data).unwrap_or_default();
            self.received += data.len() as u64;
            if !self.limit.allows(self.received) {
                return Err(ProxyError::BodyTooLong);
            }
            if !self.chunked {
                out.extend_from_slice(data);
            } else if !data.is_empty() {
                encode::write_chunk(data, out);
            }
            used += consumed;
            if done && self.chunked {
                encode::write_trailers(decoder.trailers(), out);
            }
            if consumed == 0 {
                break;
            }
        }
        self.decoder = Some(decoder);
        Ok(used)
    }

    /// Leaves in `scratch.request` what the client has sent beyond this request.
    pub(super) fn leave_the_rest(self, scratch: &mut Scratch) {
        let Scratch { request, body, .. } = scratch;
        request.head_len += self.used_of_head;
        request.advance();
        if let Some(used) = self.used_of_body {
            request
                .buffer
                .extend_from_slice(body.get(used..).unwrap_or_default());
        }
    }
}

impl FromClient for Incoming<'_, '_> {
    fn is_done(&self) -> bool {
        self.decoder.as_ref().is_some_and(BodyDecoder::is_done)
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
        let Scratch { request, out, .. } = scratch;
        self.used_of_head = self.decode(request.rest(), out)?;
        Ok(())
    }

    async fn more(
        &mut self,
        room: &mut Vec<u8>,
        out: &mut Vec<u8>,
        slot: &Slot,
        idle: Duration,
    ) -> Result<(), ProxyError> {
        room.clear();
        self.used_of_body = Some(0);
        slot.arm(idle);
        match fill(self.client, room, READ_STEP, slot).await {
            Ok(0) | Err(Fault::Gone) => return Err(ProxyError::ClientGone),
            Ok(_) => {}
            Err(Fault::TimedOut) => return Err(ProxyError::BodyTimedOut),
        }
        self.used_of_body = Some(self.decode(room, out)?);
        Ok(())
    }

    fn trailers(&self) -> Fields<'_> {
        self.decoder
            .as_ref()
            .map(BodyDecoder::trailers)
            .unwrap_or_default()
    }
}
