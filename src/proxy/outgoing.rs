//! An answer on its way to an HTTP/1 client.

use std::{
    future::Future,
    ops::Range,
    pin::pin,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::io::Interest;

use super::{
    clock::Clock,
    error::ProxyError,
    head::{BodyMode, ClientHead, write_interim},
    io::{Fault, Shared, write_all, write_both},
    relay::Asked,
    sides::ToClient,
    ticker::Slot,
};
use crate::{
    http1::{BodyLength, ResponseFraming, encode},
    message::{Fields, Method, ResponseHead, Version},
    policy::{CookieExchange, Hsts},
    tls::Stream,
};

/// What an answer to an HTTP/1 client depends on besides the upstream.
pub(super) struct Outgoing<'a, 's> {
    pub client: &'a Shared<'s, Stream>,
    pub slot: &'a Slot,
    pub clock: &'a Clock,
    pub asked: Asked,
    pub hsts: Option<Hsts>,
    pub names_server: bool,
    /// Signs cookies.
    pub cookies: Option<Rc<CookieExchange>>,
    /// How long the client may take no bytes.
    pub send_timeout: Duration,
    /// Whether the connection may carry another request; false once the client has been told that
    /// it is closed.
    pub keep_alive: bool,
    pub mode: BodyMode,
}

impl Outgoing<'_, '_> {
    fn body_mode(&self, status: u16, framing: &ResponseFraming) -> BodyMode {
        let http10 = self.asked.version == Version::Http10;
        match framing.body {
            BodyLength::Empty
                if self.asked.method == Method::Head || matches!(status, 204 | 304) =>
            {
                BodyMode::None
            }
            BodyLength::Empty | BodyLength::Sized(_) => BodyMode::Sized,
            BodyLength::Chunked | BodyLength::UntilClose if http10 => BodyMode::UntilClose,
            BodyLength::Chunked | BodyLength::UntilClose => BodyMode::Chunked,
        }
    }

    async fn send(&self, bytes: &[u8]) -> Result<(), ProxyError> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.slot.arm(self.send_timeout);
        write_all(self.client, bytes, self.slot)
            .await
            .map_err(client_fault)
    }
}

fn client_fault(fault: Fault) -> ProxyError {
    match fault {
        Fault::Gone => ProxyError::ClientGone,
        Fault::TimedOut => ProxyError::ClientStalled,
    }
}

impl ToClient for Outgoing<'_, '_> {
    #[inline]
    fn poll_gone(&mut self, _: &mut Context<'_>) -> Poll<()> {
        // Only a read would tell, and it would take what may be the next request.
        Poll::Pending
    }

    /// As with nginx, a client that has closed its side is taken to be gone.
    fn is_gone(&self) -> bool {
        let stream = self.client.borrow();
        let mut ready = pin!(stream.tcp().ready(Interest::READABLE));
        let mut cx = Context::from_waker(Waker::noop());
        match ready.as_mut().poll(&mut cx) {
            Poll::Ready(Ok(ready)) => ready.is_read_closed(),
            Poll::Ready(Err(_)) => true,
            Poll::Pending => false,
        }
    }

    async fn interim(&mut self, head: &ResponseHead) -> Result<(), ProxyError> {
        if self.asked.version != Version::Http11 {
            return Ok(());
        }
        let mut out = Vec::with_capacity(64);
        write_interim(head, false, self.cookies.as_deref(), &mut out);
        self.send(&out).await
    }

    fn begin(
        &mut self,
        head: &ResponseHead,
        framing: &ResponseFraming,
        out: &mut Vec<u8>,
    ) -> Result<(), ProxyError> {
        self.mode = self.body_mode(head.status, framing);
        self.keep_alive &= self.mode != BodyMode::UntilClose && !self.slot.is_draining();
        ClientHead {
            head,
            mode: self.mode,
            close: !self.keep_alive,
            tell_keep_alive: self.keep_alive && self.asked.version == Version::Http10,
            connection: framing.connection,
            clock: self.clock,
            hsts: self.hsts.as_ref(),
            names_server: self.names_server,
            cookies: self.cookies.as_deref(),
        }
        .write(out);
        Ok(())
    }

    #[inline]
    fn data(&mut self, data: &[u8], out: &mut Vec<u8>) {
        if self.mode == BodyMode::None {
            // An answer without a body (204, 304) that comes with one all the same: what the client
            // would read as its next answer is dropped.
        } else if self.mode != BodyMode::Chunked {
            out.extend_from_slice(data);
        } else if !data.is_empty() {
            encode::write_chunk(data, out);
        }
    }

    fn end(&mut self, trailers: Fields<'_>, out: &mut Vec<u8>) {
        if self.mode == BodyMode::Chunked {
            encode::write_trailers(trailers, out);
        }
    }

    async fn flush(&mut self, out: &mut Vec<u8>) -> Result<(), ProxyError> {
        self.send(out).await?;
        out.clear();
        Ok(())
    }

    async fn flush_and_pass(
        &mut self,
        out: &mut Vec<u8>,
        buffer: &mut Vec<u8>,
        at: Range<usize>,
        _last: bool,
    ) -> Result<(), ProxyError> {
        let data = buffer.get(at).unwrap_or_default();
        self.slot.arm(self.send_timeout);
        write_both(self.client, out, data, self.slot)
            .await
            .map_err(client_fault)?;
        out.clear();
        Ok(())
    }

    async fn pass(
        &mut self,
        buffer: &mut Vec<u8>,
        at: Range<usize>,
        _last: bool,
    ) -> Result<(), ProxyError> {
        self.send(buffer.get(at).unwrap_or_default()).await
    }

    fn note_reset(&mut self, _: u32) {}
}
