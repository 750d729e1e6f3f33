//! One attempt at an upstream that speaks HTTP/2.

use std::{
    error::Error as _,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Poll, ready},
    time::{Duration, Instant},
};

use bytes::Bytes;
use h2::Reason;
use http::{HeaderMap, Request, Uri};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming as Answer;

use super::{
    channel::{BodySender, channel},
    fields::{read_response, read_trailers, request_of, trailers_of},
};
use crate::{
    http1::{BodyLength, ResponseFraming, ResponseHeadBuilder, response_framing},
    message::{FieldId, Fields, RequestHead, ResponseHead, TargetError, Version},
    policy::Timeouts,
    proxy::{
        account::Account,
        error::ProxyError,
        relay::{Asked, CLIENT_CHECK, LIMITS, Sending, alongside},
        scratch::Scratch,
        sides::{FromClient, ToClient},
        ticker::Slot,
    },
    upstream::{Http2Stream, Lease, Outcome, RequestBody},
};

/// How much of an answer is gathered before it is sent.
const GATHER: usize = 32 << 10;

/// An attempt at work.
pub(in crate::proxy) struct Http2Attempt<'a, 'e, F, C> {
    pub account: &'a mut Account<'e>,
    pub slot: &'a Slot,
    pub from: &'a mut F,
    pub to: &'a mut C,
    pub asked: Asked,
    pub timeouts: Timeouts,
    /// Whether the upstream is spoken to over TLS.
    pub over_tls: bool,
    /// Whether the client waits for `100 (Continue)`.
    pub awaits_continue: bool,
    pub lease: &'a Lease,
}

impl<F: FromClient, C: ToClient> Http2Attempt<'_, '_, F, C> {
    /// Sends the request and passes the answer on. `scratch.out` holds the head as HTTP/1.1 has it,
    /// `head_len` bytes, and what there is of the body.
    pub(in crate::proxy) async fn run(
        self,
        room: &Http2Stream,
        head_len: usize,
        scratch: &mut Scratch,
    ) -> Result<(), ProxyError> {
        let head = self.head(head_len, scratch)?;
        let Self {
            account,
            slot,
            from,
            to,
            asked,
            timeouts,
            awaits_continue,
            lease,
            ..
        } = self;
        let Scratch {
            response,
            out,
            body,
            pump,
            ..
        } = scratch;
        let in_hand = Bytes::copy_from_slice(out.get(head_len..).unwrap_or_default());
        let sent_at = Instant::now();
        let worker = account.worker;
        let sending = Sending::new(from.is_done(), false);
        let mut relay = Relay {
            account,
            slot,
            to: &mut *to,
            asked,
            timeouts,
            lease,
            sent_at,
            sending: &sending,
        };
        if from.is_done() {
            let trailers = trailers(from.trailers())?;
            let body = whole_body(in_hand, trailers);
            let request = head.map(|()| body);
            return relay.run(room, request, response, out).await;
        }
        if awaits_continue {
            // What the upstream says in between is not heard, so the client is told here.
            let interim = ResponseHeadBuilder::new(response, LIMITS, 100, Version::Http11);
            interim
                .and_then(ResponseHeadBuilder::finish)
                .map_err(ProxyError::UpstreamHead)?;
            relay.to.interim(response).await?;
        }
        let (sender, receiver) = channel(in_hand);
        let request = head.map(|()| Box::pin(receiver) as RequestBody);
        let pump_slot = worker.ticker.slot();
        let pumping = Pump {
            from,
            slot: &pump_slot,
            idle: worker.view().snapshot.config.options.body_idle_timeout,
            send: timeouts.send,
            sending: &sending,
        };
        alongside(
            pumping.run(sender, body, pump),
            relay.run(room, request, response, out),
        )
        .await
    }

    /// The request's head, from the lines that HTTP/1.1 would have.
    fn head(&self, head_len: usize, scratch: &Scratch) -> Result<Request<()>, ProxyError> {
        let Scratch {
            request,
            target,
            authority,
            out,
            ..
        } = scratch;
        let scheme = if self.over_tls { "https" } else { "http" };
        let uri = Uri::builder()
            .scheme(scheme)
            .authority(authority.as_slice())
            .path_and_query(target.path_and_query())
            .build()
            .map_err(|_| ProxyError::RequestTarget(TargetError::Form))?;
        let lines = out.get(..head_len).unwrap_or_default();
        request_of(request.method_bytes(), uri, lines, takes_trailers(request))
            .map_err(ProxyError::RequestHead)
    }
}

/// Whether the client takes trailers (RFC 9110 section 10.1.4).
fn takes_trailers(request: &RequestHead) -> bool {
    request
        .fields()
        .filter(|field| field.id == FieldId::Te)
        .flat_map(|field| field.value.split(|byte| *byte == b','))
        .any(|coding| coding.trim_ascii().eq_ignore_ascii_case(b"trailers"))
}

fn trailers(fields: Fields<'_>) -> Result<Option<HeaderMap>, ProxyError> {
    let trailers = trailers_of(fields).map_err(ProxyError::RequestHead)?;
    Ok((!trailers.is_empty()).then_some(trailers))
}

/// A body of which everything is here.
fn whole_body(data: Bytes, trailers: Option<HeaderMap>) -> RequestBody {
    let body = Full::new(data).map_err(|never| match never {});
    match trailers {
        None => Box::pin(body),
        Some(trailers) => Box::pin(body.with_trailers(std::future::ready(Some(Ok(trailers))))),
    }
}

/// A body on its way.
struct Pump<'a, F> {
    from: &'a mut F,
    slot: &'a Slot,
    idle: Duration,
    send: Duration,
    sending: &'a Sending,
}

impl<F: FromClient> Pump<'_, F> {
    /// Reads the body and sends it on. Ends early, without an error, where the upstream takes no
    /// more: its answer says why.
    async fn run(
        self,
        sender: BodySender,
        room: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> Result<(), ProxyError> {
        let Self {
            from,
            slot,
            idle,
            send,
            sending,
        } = self;
        while !from.is_done() {
            out.clear();
            from.more(room, out, slot, idle).await?;
            if out.is_empty() {
                continue;
            }
            slot.arm(send);
            let taken = poll_fn(|cx| {
                if let Poll::Ready(taken) = sender.poll_ready(cx) {
                    return Poll::Ready(Ok(taken));
                }
                ready!(slot.poll_expired(cx));
                Poll::Ready(Err(ProxyError::UpstreamSendTimedOut))
            });
            if !taken.await? {
                sending.end();
                return Ok(());
            }
            sender.send(Bytes::copy_from_slice(out));
        }
        sending.end();
        sender.finish(trailers(from.trailers())?);
        Ok(())
    }
}

/// An answer at work.
struct Relay<'a, 'e, C> {
    account: &'a mut Account<'e>,
    slot: &'a Slot,
    to: &'a mut C,
    asked: Asked,
    timeouts: Timeouts,
    lease: &'a Lease,
    sent_at: Instant,
    sending: &'a Sending,
}

impl<C: ToClient> Relay<'_, '_, C> {
    async fn run(
        &mut self,
        room: &Http2Stream,
        request: Request<RequestBody>,
        response: &mut ResponseHead,
        out: &mut Vec<u8>,
    ) -> Result<(), ProxyError> {
        let (parts, body) = self.head(room, request).await?.into_parts();
        self.account.upstream_spoke = true;
        let status = parts.status.as_u16();
        let latency = self.account.note_head(status, self.sent_at);
        self.lease.report(Outcome::Answered { latency, status });
        read_response(&parts, LIMITS, response).map_err(ProxyError::UpstreamHead)?;
        drop(parts);
        let framing = self.framing(response)?;
        out.clear();
        self.to.begin(response, &framing, out)?;
        self.body(status, body, out).await
    }

    /// Sends the request and waits for the answer's head.
    async fn head(
        &mut self,
        room: &Http2Stream,
        request: Request<RequestBody>,
    ) -> Result<http::Response<Answer>, ProxyError> {
        let Self {
            slot,
            to,
            timeouts,
            sending,
            ..
        } = self;
        let mut sent = pin!(room.send(request));
        let mut waited = Duration::ZERO;
        loop {
            let step = CLIENT_CHECK.min(timeouts.read.saturating_sub(waited));
            slot.arm(step);
            let come = poll_fn(|cx| {
                if to.poll_gone(cx).is_ready() {
                    return Poll::Ready(Some(Err(ProxyError::ClientGone)));
                }
                if let Poll::Ready(answer) = sent.as_mut().poll(cx) {
                    return Poll::Ready(Some(answer.map_err(|failed| {
                        if failed.unsent.is_some() {
                            ProxyError::UpstreamRefused
                        } else {
                            because(&failed.error)
                        }
                    })));
                }
                ready!(slot.poll_expired(cx));
                Poll::Ready(None)
            });
            if let Some(come) = come.await {
                return come;
            }
            waited += step;
            if sending.excuses_silence() {
                waited = Duration::ZERO;
            }
            if to.is_gone() {
                return Err(ProxyError::ClientGone);
            }
            if waited >= timeouts.read {
                return Err(ProxyError::UpstreamTimedOut);
            }
        }
    }

    /// How long the body is, as far as the head says.
    fn framing(&self, response: &ResponseHead) -> Result<ResponseFraming, ProxyError> {
        let framing =
            response_framing(response, self.asked.method).map_err(ProxyError::UpstreamHead)?;
        let body = match framing.body {
            BodyLength::UntilClose => BodyLength::Chunked,
            told => told,
        };
        Ok(ResponseFraming { body, ..framing })
    }

    /// Passes the body on; what comes at once is sent at once, the head with it.
    async fn body(
        &mut self,
        status: u16,
        mut body: Answer,
        out: &mut Vec<u8>,
    ) -> Result<(), ProxyError> {
        let mut flushed = false;
        loop {
            let frame = match self.next(&mut body, flushed).await? {
                Next::Frame(frame) => frame,
                Next::Later => {
                    self.flush(status, out).await?;
                    flushed = true;
                    continue;
                }
                Next::End => {
                    self.to.end(Fields::default(), out);
                    return self.flush(status, out).await;
                }
            };
            flushed = false;
            match frame.into_data() {
                Ok(data) => {
                    self.account.count(data.len());
                    self.to.data(&data, out);
                    if out.len() >= GATHER {
                        self.flush(status, out).await?;
                    }
                }
                Err(frame) => {
                    // Fields that must not stand there are left out: nobody has acted upon them.
                    let trailers = frame.into_trailers().unwrap_or_default();
                    let trailers =
                        read_trailers(&trailers, |_| false).map_err(ProxyError::UpstreamBody)?;
                    self.to.end(trailers.fields(), out);
                    return self.flush(status, out).await;
                }
            }
        }
    }

    async fn flush(&mut self, status: u16, out: &mut Vec<u8>) -> Result<(), ProxyError> {
        // Up to here a fault is answered 502; from here on the answer can only break off.
        self.account.status = status;
        self.account.responded |= !self.to.withholds();
        self.to.flush(out).await
    }

    /// The next frame, or that there is none yet; waits for it if `wait`.
    async fn next(&mut self, body: &mut Answer, wait: bool) -> Result<Next, ProxyError> {
        let Self {
            slot,
            to,
            timeouts,
            sending,
            ..
        } = self;
        if wait {
            slot.arm(timeouts.read);
        }
        poll_fn(|cx| {
            if to.poll_gone(cx).is_ready() {
                return Poll::Ready(Err(ProxyError::ClientGone));
            }
            match Pin::new(&mut *body).poll_frame(cx) {
                Poll::Ready(None) => return Poll::Ready(Ok(Next::End)),
                Poll::Ready(Some(Ok(frame))) => return Poll::Ready(Ok(Next::Frame(frame))),
                Poll::Ready(Some(Err(error))) => {
                    if let Some(reason) = reason_of(&error) {
                        to.note_reset(reason.into());
                    }
                    return Poll::Ready(Err(ProxyError::UpstreamClosed));
                }
                Poll::Pending if !wait => return Poll::Ready(Ok(Next::Later)),
                Poll::Pending => {}
            }
            ready!(slot.poll_expired(cx));
            Poll::Ready(if sending.excuses_silence() {
                Ok(Next::Later)
            } else {
                Err(ProxyError::UpstreamTimedOut)
            })
        })
        .await
    }
}

/// What comes next of an answer.
enum Next {
    Frame(Frame<Bytes>),
    /// Nothing yet.
    Later,
    End,
}

/// Why no answer came.
fn because(error: &hyper::Error) -> ProxyError {
    match reason_of(error) {
        Some(Reason::REFUSED_STREAM) => ProxyError::UpstreamRefused,
        _ => ProxyError::UpstreamClosed,
    }
}

/// The code that the upstream ended the stream with.
fn reason_of(error: &hyper::Error) -> Option<Reason> {
    let engine = error.source()?.downcast_ref::<h2::Error>()?;
    engine.reason().filter(|_| engine.is_remote())
}
