//! An upstream's answer on its way to the client.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    time::{Duration, Instant},
};

use tokio::io::Interest;

use super::{
    error::ProxyError,
    exchange::Account,
    head::{BodyMode, ClientHead, write_interim},
    io::{Fault, Shared, fill, write_all},
    scratch::RESPONSE_ROOM,
    ticker::Slot,
    worker::Worker,
};
use crate::{
    http1::{
        BodyDecoder, BodyLength, ChunkLimits, Decoded, HeadLimits, Parsed, ResponseFraming, encode,
        parse_response, response_framing,
    },
    message::{Method, ResponseHead, Version},
    policy::RoutePolicy,
    tls::Stream,
    upstream::{Lease, Outcome, UpstreamStream},
};

/// How often it is looked whether a client that waits is still there.
const CLIENT_CHECK: Duration = Duration::from_secs(1);
/// Most room a read is given while a long answer passes.
const MOST_ROOM: usize = 128 << 10;
/// What an upstream's head may be. Trusted more than a client's: large cookies are common.
const LIMITS: HeadLimits = HeadLimits {
    max_head: 64 << 10,
    max_fields: 200,
    max_target: usize::MAX,
};
/// Interim answers passed on for one request; more is a fault.
const MAX_INTERIM: usize = 16;

/// What the request's head said that its answer depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub method: Method,
    pub version: Version,
    pub websocket: bool,
}

/// How an answer ended that was passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relayed {
    /// It is complete.
    Answered {
        /// Whether the client was told that its connection is closed.
        close: bool,
        /// Whether the upstream's connection can carry another request.
        reusable: bool,
    },
    /// The connection speaks another protocol from here on.
    Upgraded,
}

/// An answer at work.
pub(super) struct Relay<'a, 'c, 'u> {
    pub worker: &'a Worker,
    pub client: &'a Shared<'c, Stream>,
    pub upstream: &'a Shared<'u, UpstreamStream>,
    pub slot: &'a Slot,
    pub asked: Asked,
    pub policy: &'a RoutePolicy,
    pub over_tls: bool,
    pub keep_alive: bool,
    /// When the exchange began.
    pub started: Instant,
    /// When the request was ready to be sent.
    pub sent_at: Instant,
    pub lease: &'a Lease,
    pub account: &'a mut Account,
}

impl Relay<'_, '_, '_> {
    /// Passes the answer on, from its first byte to its last.
    pub(super) async fn run(
        &mut self,
        response: &mut ResponseHead,
        out: &mut Vec<u8>,
    ) -> Result<Relayed, ProxyError> {
        let framing = self.read_head(response).await?;
        let latency = self.sent_at.elapsed();
        if let Some(upstream) = &mut self.account.upstream {
            upstream.status = response.status;
            upstream.head_latency = Some(latency);
        }
        self.lease.report(Outcome::Answered {
            latency,
            status: response.status,
        });
        out.clear();
        if response.status == 101 {
            self.account.status = 101;
            self.account.responded = true;
            write_interim(response, true, out);
            self.send(out).await?;
            return Ok(Relayed::Upgraded);
        }
        let mode = self.body_mode(response, &framing);
        let close = !self.keep_alive || mode == BodyMode::UntilClose || self.slot.is_draining();
        self.write_head(response, &framing, mode, close, out);
        let clean = self.body(response, out, framing.body, mode).await?;
        Ok(Relayed::Answered {
            close,
            reusable: clean && framing.keep_alive,
        })
    }

    /// Reads until the final head has come; interim ones are passed on.
    async fn read_head(
        &mut self,
        response: &mut ResponseHead,
    ) -> Result<ResponseFraming, ProxyError> {
        response.clear();
        let mut interim = 0;
        loop {
            self.read_one_head(response).await?;
            let framing =
                response_framing(response, self.asked.method).map_err(ProxyError::UpstreamHead)?;
            match response.status {
                101 if self.asked.websocket && framing.upgrade => return Ok(framing),
                101 => return Err(ProxyError::UnexpectedInterim),
                100..=199 => {
                    interim += 1;
                    if interim > MAX_INTERIM {
                        return Err(ProxyError::UnexpectedInterim);
                    }
                    if self.asked.version == Version::Http11 {
                        let mut out = Vec::with_capacity(64);
                        write_interim(response, false, &mut out);
                        self.send(&out).await?;
                    }
                    response.advance();
                }
                _ => return Ok(framing),
            }
        }
    }

    async fn read_one_head(&mut self, response: &mut ResponseHead) -> Result<(), ProxyError> {
        let limit = self.policy.timeouts.read;
        let mut waited = Duration::ZERO;
        loop {
            if !response.buffer.is_empty() {
                match parse_response(response, &LIMITS) {
                    Ok(Parsed::Complete) => return Ok(()),
                    Ok(Parsed::Partial) => {}
                    Err(error) => return Err(ProxyError::UpstreamHead(error)),
                }
            }
            let step = CLIENT_CHECK.min(limit.saturating_sub(waited));
            self.slot.arm(step);
            match fill(
                self.upstream,
                &mut response.buffer,
                RESPONSE_ROOM,
                self.slot,
            )
            .await
            {
                Ok(0) | Err(Fault::Gone) => return Err(ProxyError::UpstreamClosed),
                Ok(_) => {
                    self.account.upstream_spoke = true;
                    waited = Duration::ZERO;
                }
                Err(Fault::TimedOut) => {
                    waited += step;
                    self.check_still_wanted()?;
                    if waited >= limit {
                        return Err(ProxyError::UpstreamTimedOut);
                    }
                }
            }
        }
    }

    /// Whether the exchange still has time, and a client. As with nginx, a client that has closed
    /// its side is taken to be gone.
    fn check_still_wanted(&self) -> Result<(), ProxyError> {
        if let Some(limit) = self.policy.timeouts.request
            && self.started.elapsed() >= limit
        {
            return Err(ProxyError::RequestTimedOut);
        }
        let stream = self.client.borrow();
        let mut ready = pin!(stream.tcp().ready(Interest::READABLE));
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        match ready.as_mut().poll(&mut cx) {
            Poll::Ready(Ok(ready)) if !ready.is_read_closed() => Ok(()),
            Poll::Ready(_) => Err(ProxyError::ClientGone),
            Poll::Pending => Ok(()),
        }
    }

    fn body_mode(&self, response: &ResponseHead, framing: &ResponseFraming) -> BodyMode {
        let http10 = self.asked.version == Version::Http10;
        match framing.body {
            BodyLength::Empty
                if self.asked.method == Method::Head || matches!(response.status, 204 | 304) =>
            {
                BodyMode::None
            }
            BodyLength::Empty | BodyLength::Sized(_) => BodyMode::Sized,
            BodyLength::Chunked | BodyLength::UntilClose if http10 => BodyMode::UntilClose,
            BodyLength::Chunked | BodyLength::UntilClose => BodyMode::Chunked,
        }
    }

    fn write_head(
        &self,
        response: &ResponseHead,
        framing: &ResponseFraming,
        mode: BodyMode,
        close: bool,
        out: &mut Vec<u8>,
    ) {
        ClientHead {
            head: response,
            mode,
            close,
            tell_keep_alive: !close && self.asked.version == Version::Http10,
            connection: framing.connection,
            clock: &self.worker.clock,
            hsts: self.policy.hsts.as_ref().filter(|_| self.over_tls),
        }
        .write(out);
    }

    /// Passes the body on; `out` holds the head and goes out with the first of it. Whether nothing
    /// came beyond the body.
    async fn body(
        &mut self,
        response: &mut ResponseHead,
        out: &mut Vec<u8>,
        length: BodyLength,
        mode: BodyMode,
    ) -> Result<bool, ProxyError> {
        let mut decoder = BodyDecoder::new(length, ChunkLimits::default());
        let used = self.pass(&mut decoder, response.rest(), mode, out)?;
        let mut clean = used == response.rest().len();
        // Up to here a fault in the body is answered 502; from here on it can only break off.
        self.account.status = response.status;
        self.account.responded = true;
        self.send(out).await?;
        if decoder.is_done() {
            return Ok(clean);
        }
        let mut room = RESPONSE_ROOM;
        if decoder
            .remaining()
            .is_some_and(|left| left > RESPONSE_ROOM as u64)
        {
            room = MOST_ROOM / 2;
        }
        let buffer = &mut response.buffer;
        loop {
            buffer.clear();
            buffer.reserve(room);
            let capacity = buffer.capacity();
            self.slot.arm(self.policy.timeouts.read);
            let read = match fill(self.upstream, buffer, room, self.slot).await {
                Ok(read) => read,
                Err(Fault::Gone) => return Err(ProxyError::UpstreamClosed),
                Err(Fault::TimedOut) => return Err(ProxyError::UpstreamTimedOut),
            };
            if let Some(limit) = self.policy.timeouts.request
                && self.started.elapsed() >= limit
            {
                return Err(ProxyError::RequestTimedOut);
            }
            if read == 0 {
                decoder.on_eof().map_err(|_| ProxyError::UpstreamClosed)?;
                if mode == BodyMode::Chunked {
                    self.send(encode::LAST_CHUNK).await?;
                }
                return Ok(false);
            }
            if read == capacity {
                room = (room * 2).min(MOST_ROOM);
            }
            if mode == BodyMode::Sized {
                // Every byte is the body's: it goes out from the buffer that it came into.
                let Decoded { consumed, data, .. } =
                    decoder.decode(buffer).map_err(ProxyError::UpstreamBody)?;
                let data = buffer.get(data).unwrap_or_default();
                self.count(data.len());
                clean = consumed == buffer.len();
                self.send(data).await?;
            } else {
                out.clear();
                let used = self.pass(&mut decoder, buffer, mode, out)?;
                clean = used == buffer.len();
                self.send(out).await?;
            }
            if decoder.is_done() {
                return Ok(clean);
            }
        }
    }

    /// Decodes `input` and appends it to `out` in the client's framing; how much was used.
    fn pass(
        &mut self,
        decoder: &mut BodyDecoder,
        input: &[u8],
        mode: BodyMode,
        out: &mut Vec<u8>,
    ) -> Result<usize, ProxyError> {
        let mut used = 0;
        while !decoder.is_done() {
            let rest = input.get(used..).unwrap_or_default();
            let Decoded {
                consumed,
                data,
                done,
            } = decoder.decode(rest).map_err(ProxyError::UpstreamBody)?;
            let data = rest.get(data).unwrap_or_default();
            self.count(data.len());
            if mode != BodyMode::Chunked {
                out.extend_from_slice(data);
            } else if !data.is_empty() {
                encode::write_chunk(data, out);
            }
            if done && mode == BodyMode::Chunked {
                encode::write_trailers(decoder.trailers(), out);
            }
            used += consumed;
            if consumed == 0 {
                break;
            }
        }
        Ok(used)
    }

    fn count(&mut self, bytes: usize) {
        self.account.sent += bytes as u64;
        if let Some(upstream) = &mut self.account.upstream {
            upstream.bytes += bytes as u64;
        }
    }

    async fn send(&self, bytes: &[u8]) -> Result<(), ProxyError> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.slot.arm(self.policy.timeouts.send);
        write_all(self.client, bytes, self.slot)
            .await
            .map_err(|fault| match fault {
                Fault::Gone => ProxyError::ClientGone,
                Fault::TimedOut => ProxyError::ClientStalled,
            })
    }
}

/// Runs `main` with `side` beside it. The end of `main` is the end; an error of `side` ends both.
pub(super) async fn alongside<T>(
    side: impl Future<Output = Result<(), ProxyError>>,
    main: impl Future<Output = Result<T, ProxyError>>,
) -> Result<T, ProxyError> {
    let (mut side, mut main) = (pin!(side), pin!(main));
    let mut side_ended = false;
    poll_fn(|cx| {
        if !side_ended {
            match side.as_mut().poll(cx) {
                Poll::Ready(Ok(())) => side_ended = true,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {}
            }
        }
        main.as_mut().poll(cx)
    })
    .await
}
