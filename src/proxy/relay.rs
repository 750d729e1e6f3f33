//! An HTTP/1.1 upstream's answer on its way to the client.

use std::{
    cell::Cell,
    future::{Future, poll_fn},
    pin::pin,
    task::{Poll, ready},
    time::{Duration, Instant},
};

use super::{
    account::Account,
    error::ProxyError,
    io::{Fault, Shared, poll_fill},
    scratch::RESPONSE_ROOM,
    sides::ToClient,
    ticker::Slot,
};
use crate::{
    http1::{
        BodyDecoder, BodyLength, ChunkLimits, Decoded, HeadLimits, Parsed, ResponseFraming,
        parse_response, response_framing,
    },
    message::{Fields, Method, ResponseHead, Version},
    policy::Timeouts,
    upstream::{Lease, Outcome, UpstreamStream},
};

/// How often it is looked whether a client that waits is still there.
pub(super) const CLIENT_CHECK: Duration = Duration::from_secs(1);
/// Most room a read is given while a long answer passes.
const MOST_ROOM: usize = 128 << 10;
/// Bytes of a body that are copied behind the head, rather than written from where they are.
const COPIED_AT_MOST: usize = 4 << 10;
/// What an upstream's head may be. Trusted more than a client's: large cookies are common.
pub(super) const LIMITS: HeadLimits = HeadLimits {
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
        /// Whether the upstream's connection can carry another request.
        reusable: bool,
    },
    /// The upstream speaks another protocol from here on, and the client has not been told yet.
    Upgraded,
}

impl Relayed {
    /// The same, but without another request on the upstream's connection where this one was not
    /// sent whole.
    pub(super) fn unless_cut_short(self, sending: &Sending) -> Self {
        match self {
            Self::Answered { reusable } => Self::Answered {
                reusable: reusable && sending.whole.get(),
            },
            Self::Upgraded => Self::Upgraded,
        }
    }
}

/// How far the request has got on its way to the upstream.
#[derive(Debug)]
pub(super) struct Sending {
    /// More of the body may come. Meanwhile the limits of the upload hold, and an upstream that waits
    /// for the rest owes nothing.
    underway: Cell<bool>,
    /// It has ended since it was last asked.
    ended: Cell<bool>,
    /// The client sends nothing before the upstream has said that it may.
    pub awaits_continue: Cell<bool>,
    /// Every byte of the request has gone out. That the client has sent all of it is not enough: a
    /// connection that lacks the end of a body must not carry another request.
    pub whole: Cell<bool>,
}

impl Sending {
    /// A request of which all that was there has gone out; `whole`: that was all of it.
    pub(super) fn new(whole: bool, awaits_continue: bool) -> Self {
        Self {
            underway: Cell::new(!whole),
            ended: Cell::new(false),
            awaits_continue: Cell::new(awaits_continue),
            whole: Cell::new(whole),
        }
    }

    /// A request of which not even that could be sent.
    pub(super) fn cut_short() -> Self {
        Self {
            underway: Cell::new(false),
            ended: Cell::new(false),
            awaits_continue: Cell::new(false),
            whole: Cell::new(false),
        }
    }

    /// Whether more of the body may come.
    pub(super) fn is_underway(&self) -> bool {
        self.underway.get()
    }

    /// No more of the body will be sent.
    pub(super) fn end(&self) {
        self.underway.set(false);
        self.ended.set(true);
    }

    /// Whether the upstream had no reason to speak for all of the time that was waited for it; asked
    /// when that is over.
    pub(super) fn excuses_silence(&self) -> bool {
        let was_underway = self.ended.take() || self.underway.get();
        was_underway && !self.awaits_continue.get()
    }
}

/// An answer at work.
pub(super) struct Relay<'a, 'u, 'e, C> {
    pub client: &'a mut C,
    pub upstream: &'a Shared<'u, UpstreamStream>,
    pub slot: &'a Slot,
    pub asked: Asked,
    pub timeouts: Timeouts,
    /// When the request was ready to be sent.
    pub sent_at: Instant,
    pub lease: &'a Lease,
    pub sending: &'a Sending,
    pub account: &'a mut Account<'e>,
}

impl<C: ToClient> Relay<'_, '_, '_, C> {
    /// Passes the answer on, from its first byte to its last.
    pub(super) async fn run(
        &mut self,
        response: &mut ResponseHead,
        out: &mut Vec<u8>,
    ) -> Result<Relayed, ProxyError> {
        let framing = self.read_head(response).await?;
        let latency = self.account.note_head(response.status, self.sent_at);
        self.lease.report(Outcome::Answered {
            latency,
            status: response.status,
        });
        out.clear();
        if response.status == 101 {
            return Ok(Relayed::Upgraded);
        }
        self.client.begin(response, &framing, out)?;
        let clean = self.body(response, out, framing.body).await?;
        Ok(Relayed::Answered {
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
                    if response.status == 100 {
                        self.sending.awaits_continue.set(false);
                    }
                    self.client.interim(response).await?;
                    response.advance();
                }
                _ => return Ok(framing),
            }
        }
    }

    async fn read_one_head(&mut self, response: &mut ResponseHead) -> Result<(), ProxyError> {
        let limit = self.timeouts.read;
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
            let room = self.first_room(&mut response.buffer);
            match self.read(&mut response.buffer, room).await? {
                Ok(0) | Err(Fault::Gone) => return Err(ProxyError::UpstreamClosed),
                Ok(_) => {
                    self.account.upstream_spoke = true;
                    waited = Duration::ZERO;
                }
                Err(Fault::TimedOut) => {
                    waited += step;
                    if self.sending.excuses_silence() {
                        waited = Duration::ZERO;
                    }
                    if self.client.is_gone() {
                        return Err(ProxyError::ClientGone);
                    }
                    if waited >= limit {
                        return Err(ProxyError::UpstreamTimedOut);
                    }
                }
            }
        }
    }

    /// How much room the first read is given: as much as the last answer of the endpoint took, so that
    /// one of the same length comes at once.
    fn first_room(&self, buffer: &mut Vec<u8>) -> usize {
        let expected = self.lease.last_length().min(MOST_ROOM);
        if buffer.is_empty() && buffer.capacity() < expected {
            buffer.reserve(expected);
        }
        RESPONSE_ROOM
    }

    /// Reads from the upstream for as long as the client wants it.
    async fn read(
        &mut self,
        buffer: &mut Vec<u8>,
        room: usize,
    ) -> Result<Result<usize, Fault>, ProxyError> {
        let Self {
            client,
            upstream,
            slot,
            ..
        } = self;
        poll_fn(|cx| {
            if client.poll_gone(cx).is_ready() {
                return Poll::Ready(Err(ProxyError::ClientGone));
            }
            match poll_fill(&mut **upstream.borrow_mut(), cx, buffer, room) {
                Poll::Ready(Ok(read)) => return Poll::Ready(Ok(Ok(read))),
                Poll::Ready(Err(_)) => return Poll::Ready(Ok(Err(Fault::Gone))),
                Poll::Pending => {}
            }
            ready!(slot.poll_expired(cx));
            Poll::Ready(Ok(Err(Fault::TimedOut)))
        })
        .await
    }

    /// Passes the body on; `out` holds the head and goes out with the first of it. Whether nothing
    /// came beyond the body.
    async fn body(
        &mut self,
        response: &mut ResponseHead,
        out: &mut Vec<u8>,
        length: BodyLength,
    ) -> Result<bool, ProxyError> {
        let mut decoder = BodyDecoder::new(length, ChunkLimits::default());
        if decoder.is_done() {
            self.client.end(Fields::default(), out);
        }
        let sized = decoder.remaining().is_some();
        let rest = response.rest();
        let length = response.head_len + rest.len();
        let mut clean;
        if sized && !decoder.is_done() && rest.len() > COPIED_AT_MOST {
            let Decoded { consumed, data, .. } =
                decoder.decode(rest).map_err(ProxyError::UpstreamBody)?;
            clean = consumed == rest.len();
            self.account.count(data.len());
            self.account.status = response.status;
            self.account.responded |= !self.client.withholds();
            let at = response.head_len + data.start..response.head_len + data.end;
            self.client
                .flush_and_pass(out, &mut response.buffer, at, decoder.is_done())
                .await?;
        } else {
            clean = self.pass(&mut decoder, rest, out)? == rest.len();
            // Up to here a fault in the body is answered 502; from here on it can only break off.
            self.account.status = response.status;
            self.account.responded |= !self.client.withholds();
            self.client.flush(out).await?;
        }
        self.lease
            .note_length(length.saturating_add(left(&decoder)));
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
            self.slot.arm(self.timeouts.read);
            let read = match self.read(buffer, room).await? {
                Ok(read) => read,
                Err(Fault::Gone) => return Err(ProxyError::UpstreamClosed),
                Err(Fault::TimedOut) if self.sending.excuses_silence() => continue,
                Err(Fault::TimedOut) => return Err(ProxyError::UpstreamTimedOut),
            };
            if read == 0 {
                decoder.on_eof().map_err(|_| ProxyError::UpstreamClosed)?;
                self.client.end(Fields::default(), out);
                self.client.flush(out).await?;
                return Ok(false);
            }
            if read == capacity {
                room = (room * 2).min(MOST_ROOM);
            }
            if sized {
                // Every byte is the body's: it goes out from the buffer that it came into.
                let Decoded { consumed, data, .. } =
                    decoder.decode(buffer).map_err(ProxyError::UpstreamBody)?;
                self.account.count(data.len());
                clean = consumed == buffer.len();
                self.client.pass(buffer, data, decoder.is_done()).await?;
            } else {
                let used = self.pass(&mut decoder, buffer, out)?;
                clean = used == buffer.len();
                self.client.flush(out).await?;
            }
            if decoder.is_done() {
                return Ok(clean);
            }
        }
    }

    /// Decodes `input` and gives it to the client; how much was used.
    fn pass(
        &mut self,
        decoder: &mut BodyDecoder,
        input: &[u8],
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
            self.account.count(data.len());
            self.client.data(data, out);
            if done {
                self.client.end(decoder.trailers(), out);
            }
            used += consumed;
            if consumed == 0 {
                break;
            }
        }
        Ok(used)
    }
}

/// Bytes that are to come, as far as that is known.
fn left(decoder: &BodyDecoder) -> usize {
    decoder
        .remaining()
        .map_or(0, |left| usize::try_from(left).unwrap_or(usize::MAX))
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
