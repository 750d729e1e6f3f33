//! A request's body on its way from the client to the upstream.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    error::ProxyError,
    io::{Fault, Shared, fill, write_all},
    scratch::Scratch,
    ticker::Slot,
};
use crate::{
    http1::{BodyDecoder, BodyLength, ChunkLimits, Decoded, encode},
    message::RequestHead,
    policy::BodyLimit,
};

/// Most bytes that one read from the client takes in.
const READ_STEP: usize = 16 << 10;

/// Time limits of a body on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct PumpLimits {
    /// Between two reads from the client.
    pub idle: Duration,
    /// For one write to the upstream.
    pub send: Duration,
}

/// A request body: how far it has come, and what of the buffers it has used.
#[derive(Debug)]
pub(super) struct Incoming {
    /// `None` where no framing could be told.
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

impl Incoming {
    /// The body of a request whose framing is not known: never done.
    pub(super) fn unknown() -> Self {
        Self {
            decoder: None,
            chunked: false,
            limit: BodyLimit::Unlimited,
            received: 0,
            used_of_head: 0,
            used_of_body: None,
        }
    }

    /// A body of this length.
    pub(super) fn new(length: BodyLength) -> Self {
        Self {
            decoder: Some(BodyDecoder::new(length, ChunkLimits::default())),
            chunked: length == BodyLength::Chunked,
            ..Self::unknown()
        }
    }

    /// Whether all of it has come.
    pub(super) fn is_done(&self) -> bool {
        self.decoder.as_ref().is_some_and(BodyDecoder::is_done)
    }

    /// Body bytes received so far, without framing.
    pub(super) const fn received(&self) -> u64 {
        self.received
    }

    /// Appends to `scratch.out` what came together with the head.
    pub(super) fn take_in_hand(
        &mut self,
        limit: BodyLimit,
        scratch: &mut Scratch,
    ) -> Result<(), ProxyError> {
        self.limit = limit;
        let Scratch { request, out, .. } = scratch;
        self.used_of_head = self.pass(request.rest(), out)?;
        Ok(())
    }

    /// Skips what came together with the head; whether the body has ended with it, so that the
    /// connection can carry another request although this one is not forwarded.
    pub(super) fn skip_in_hand(&mut self, request: &RequestHead) -> bool {
        if self.decoder.is_none() {
            return false;
        }
        if self.used_of_head == 0
            && let Ok(used) = self.pass(request.rest(), &mut Vec::new())
        {
            self.used_of_head = used;
        }
        self.is_done()
    }

    /// Decodes `input`, appends it to `out` in the upstream's framing and returns how much was used.
    fn pass(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<usize, ProxyError> {
        let Some(decoder) = &mut self.decoder else {
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
        Ok(used)
    }

    /// Reads the rest of the body and sends it on. Ends early, without an error, where the upstream
    /// takes no more: its answer says why.
    ///
    /// # Errors
    /// What is the client's fault; nothing more may be sent to the upstream then.
    pub(super) async fn pump<C, U>(
        &mut self,
        client: &Shared<'_, C>,
        upstream: &Shared<'_, U>,
        body: &mut Vec<u8>,
        out: &mut Vec<u8>,
        slot: &Slot,
        limits: PumpLimits,
    ) -> Result<(), ProxyError>
    where
        C: AsyncRead + Unpin,
        U: AsyncWrite + Unpin,
    {
        while !self.is_done() {
            body.clear();
            self.used_of_body = Some(0);
            slot.arm(limits.idle);
            match fill(client, body, READ_STEP, slot).await {
                Ok(0) | Err(Fault::Gone) => return Err(ProxyError::ClientGone),
                Ok(_) => {}
                Err(Fault::TimedOut) => return Err(ProxyError::BodyTimedOut),
            }
            out.clear();
            self.used_of_body = Some(self.pass(body, out)?);
            slot.arm(limits.send);
            match write_all(upstream, out, slot).await {
                Ok(()) => {}
                Err(Fault::Gone) => return Ok(()),
                Err(Fault::TimedOut) => return Err(ProxyError::UpstreamSendTimedOut),
            }
        }
        Ok(())
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
