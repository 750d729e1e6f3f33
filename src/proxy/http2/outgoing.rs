//! An answer on its way to an HTTP/2 client.

use std::{
    future::poll_fn,
    ops::Range,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use h2::{Reason, SendStream, server::SendResponse};
use http::{HeaderMap, Response};

use super::fields::{response_of, trailers_of};
use crate::{
    http1::{BodyLength, ResponseFraming},
    message::{Fields, ResponseHead},
    policy::{CookieExchange, Hsts},
    proxy::{
        clock::Clock,
        error::ProxyError,
        head::{BodyMode, ClientHead, write_interim},
        sides::ToClient,
        ticker::Slot,
    },
};

/// An answer and how far it has come.
pub(super) struct Outgoing<'a> {
    respond: SendResponse<Bytes>,
    /// Where the body goes, once the head is out.
    stream: Option<SendStream<Bytes>>,
    /// The head, until it is sent.
    head: Option<Response<()>>,
    ended: bool,
    /// Whether the answer is one that has no body (HEAD, 204, 304).
    bodiless: bool,
    trailers: Option<HeaderMap>,
    /// Why the upstream broke off, if it said so.
    broken: Option<Reason>,
    slot: &'a Slot,
    clock: &'a Clock,
    /// Sent where the upstream sent no `Strict-Transport-Security` of its own.
    pub(super) hsts: Option<Hsts>,
    /// Whether answers without a `Server` get one.
    pub(super) names_server: bool,
    /// Signs cookies.
    pub(super) cookies: Option<Rc<CookieExchange>>,
    /// How long the client may take no bytes.
    pub(super) send_timeout: Duration,
}

impl<'a> Outgoing<'a> {
    pub(super) fn new(
        respond: SendResponse<Bytes>,
        slot: &'a Slot,
        clock: &'a Clock,
        send_timeout: Duration,
    ) -> Self {
        Self {
            respond,
            stream: None,
            head: None,
            ended: false,
            bodiless: false,
            trailers: None,
            broken: None,
            slot,
            clock,
            hsts: None,
            names_server: false,
            cookies: None,
            send_timeout,
        }
    }

    /// Sends an answer of our own, written as HTTP/1.1 has it.
    pub(super) async fn answer(&mut self, status: u16, written: &[u8]) -> Result<(), ProxyError> {
        let end_of_head = memchr::memmem::find(written, b"\r\n\r\n").map_or(0, |at| at + 4);
        let (head, body) = written.split_at_checked(end_of_head).unwrap_or_default();
        self.head = Some(response_of(status, head).map_err(ProxyError::UpstreamHead)?);
        self.ended = true;
        self.flush(&mut body.to_vec()).await
    }

    /// Ends the stream for what went wrong.
    pub(super) fn reset(&mut self, error: ProxyError) {
        let reason = self.broken.unwrap_or(match error {
            ProxyError::ClientGone | ProxyError::ClientStalled | ProxyError::Dropped => {
                Reason::CANCEL
            }
            _ => Reason::INTERNAL_ERROR,
        });
        match &mut self.stream {
            Some(stream) => stream.send_reset(reason),
            None => self.respond.send_reset(reason),
        }
    }

    /// Sends `data` as the client has room for it. `last`: nothing follows.
    async fn send(&mut self, mut data: Bytes, last: bool) -> Result<(), ProxyError> {
        let Some(stream) = &mut self.stream else {
            return Err(ProxyError::Internal);
        };
        if data.is_empty() {
            let sent = if last {
                stream.send_data(data, true)
            } else {
                Ok(())
            };
            return sent.map_err(|_| ProxyError::ClientGone);
        }
        while !data.is_empty() {
            stream.reserve_capacity(data.len());
            let mut room = stream.capacity();
            if room == 0 {
                self.slot.arm(self.send_timeout);
                room = poll_fn(|cx| {
                    match stream.poll_capacity(cx) {
                        Poll::Ready(Some(Ok(room))) => return Poll::Ready(Ok(room)),
                        Poll::Ready(Some(Err(_)) | None) => {
                            return Poll::Ready(Err(ProxyError::ClientGone));
                        }
                        Poll::Pending => {}
                    }
                    ready!(self.slot.poll_expired(cx));
                    Poll::Ready(Err(ProxyError::ClientStalled))
                })
                .await?;
            }
            let piece = data.split_to(room.min(data.len()));
            stream
                .send_data(piece, last && data.is_empty())
                .map_err(|_| ProxyError::ClientGone)?;
        }
        Ok(())
    }
}

impl ToClient for Outgoing<'_> {
    fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let reset = match &mut self.stream {
            Some(stream) => stream.poll_reset(cx),
            None => self.respond.poll_reset(cx),
        };
        reset.map(|_| ())
    }

    fn is_gone(&self) -> bool {
        // The client's word is heard when it comes.
        false
    }

    async fn interim(&mut self, head: &ResponseHead) -> Result<(), ProxyError> {
        let mut lines = Vec::with_capacity(64);
        write_interim(head, false, self.cookies.as_deref(), &mut lines);
        let interim = response_of(head.status, &lines).map_err(ProxyError::UpstreamHead)?;
        self.respond
            .send_informational(interim)
            .map_err(|_| ProxyError::ClientGone)
    }

    fn begin(
        &mut self,
        head: &ResponseHead,
        framing: &ResponseFraming,
        out: &mut Vec<u8>,
    ) -> Result<(), ProxyError> {
        self.bodiless = framing.body == BodyLength::Empty;
        let lines = &mut *out;
        lines.clear();
        ClientHead {
            head,
            mode: BodyMode::Sized,
            close: false,
            tell_keep_alive: false,
            connection: framing.connection,
            clock: self.clock,
            hsts: self.hsts.as_ref(),
            names_server: self.names_server,
            cookies: self.cookies.as_deref(),
        }
        .write(lines);
        self.head = Some(response_of(head.status, lines).map_err(ProxyError::UpstreamHead)?);
        lines.clear();
        Ok(())
    }

    fn data(&mut self, data: &[u8], out: &mut Vec<u8>) {
        if !self.bodiless {
            out.extend_from_slice(data);
        }
    }

    fn end(&mut self, trailers: Fields<'_>, _: &mut Vec<u8>) {
        self.ended = true;
        if trailers.clone().next().is_some() {
            self.trailers = trailers_of(trailers).ok();
        }
    }

    async fn flush(&mut self, out: &mut Vec<u8>) -> Result<(), ProxyError> {
        let last = self.ended && self.trailers.is_none();
        if let Some(head) = self.head.take() {
            let alone = last && out.is_empty();
            let stream = self.respond.send_response(head, alone);
            self.stream = Some(stream.map_err(|_| ProxyError::ClientGone)?);
            if alone {
                return Ok(());
            }
        }
        self.send(Bytes::copy_from_slice(out), last).await?;
        out.clear();
        match (self.trailers.take(), &mut self.stream) {
            (Some(trailers), Some(stream)) => stream
                .send_trailers(trailers)
                .map_err(|_| ProxyError::ClientGone),
            _ => Ok(()),
        }
    }

    async fn flush_and_pass(
        &mut self,
        out: &mut Vec<u8>,
        buffer: &mut Vec<u8>,
        at: Range<usize>,
        last: bool,
    ) -> Result<(), ProxyError> {
        self.flush(out).await?;
        self.pass(buffer, at, last).await
    }

    async fn pass(
        &mut self,
        buffer: &mut Vec<u8>,
        at: Range<usize>,
        last: bool,
    ) -> Result<(), ProxyError> {
        let data = Bytes::from(std::mem::take(buffer));
        self.ended = last;
        self.send(data.slice(at), last).await
    }

    fn note_reset(&mut self, code: u32) {
        self.broken = Some(Reason::from(code));
    }
}
