//! The two ends of the client's side of an exchange, whatever protocol the client speaks: where the
//! request's body comes from, and where the answer goes to.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use super::{error::ProxyError, scratch::Scratch, ticker::Slot};
use crate::{
    http1::ResponseFraming,
    message::{Fields, ResponseHead},
    policy::BodyLimit,
};

/// How the bytes of a request's body are framed for the upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UpstreamFraming {
    /// As HTTP/1.1 has it: in chunks, trailers included, where no length was given.
    Http1,
    /// Not at all: the upstream's protocol frames them.
    Bare,
}

/// Where a request's body comes from.
pub(super) trait FromClient {
    /// Whether all of it has come, trailers included.
    fn is_done(&self) -> bool;

    /// Body bytes received so far, without framing.
    fn received(&self) -> u64;

    /// Appends to `scratch.out` what came together with the head, and settles how the body may be
    /// and how it is framed.
    fn take_in_hand(
        &mut self,
        limit: BodyLimit,
        framing: UpstreamFraming,
        scratch: &mut Scratch,
    ) -> Result<(), ProxyError>;

    /// Waits for more, for at most `idle`, and appends it to `out`. `room` is where it may be read
    /// to.
    async fn more(
        &mut self,
        room: &mut Vec<u8>,
        out: &mut Vec<u8>,
        slot: &Slot,
        idle: Duration,
    ) -> Result<(), ProxyError>;

    /// The trailer fields, complete once the body is done.
    fn trailers(&self) -> Fields<'_>;
}

/// Where an answer goes to. What is given is gathered in `out` and sent by `flush`.
pub(super) trait ToClient {
    /// Ready once the client has said that it wants no answer any more.
    fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<()>;

    /// Whether the client has gone; asked now and then while an upstream lets it wait.
    fn is_gone(&self) -> bool;

    /// Whether what was given is held back, so that no byte of the final answer has gone out and another
    /// may take its place.
    fn withholds(&self) -> bool {
        false
    }

    /// Sends an interim answer (1xx), if the client can take one.
    async fn interim(&mut self, head: &ResponseHead) -> Result<(), ProxyError>;

    /// Begins the final answer.
    fn begin(
        &mut self,
        head: &ResponseHead,
        framing: &ResponseFraming,
        out: &mut Vec<u8>,
    ) -> Result<(), ProxyError>;

    /// Goes on with bytes of the body.
    fn data(&mut self, data: &[u8], out: &mut Vec<u8>);

    /// Ends the answer.
    fn end(&mut self, trailers: Fields<'_>, out: &mut Vec<u8>);

    /// Sends what was gathered; `out` is empty afterwards.
    async fn flush(&mut self, out: &mut Vec<u8>) -> Result<(), ProxyError>;

    /// Sends the bytes `at` of `buffer` as they are: bytes of a body of known length. Nothing else
    /// waits to be sent. `last`: they end the answer. Leaves `buffer` with whatever content.
    async fn pass(
        &mut self,
        buffer: &mut Vec<u8>,
        at: std::ops::Range<usize>,
        last: bool,
    ) -> Result<(), ProxyError>;

    /// Sends what was gathered, and then what [`Self::pass`] does; `out` is empty afterwards.
    async fn flush_and_pass(
        &mut self,
        out: &mut Vec<u8>,
        buffer: &mut Vec<u8>,
        at: std::ops::Range<usize>,
        last: bool,
    ) -> Result<(), ProxyError>;

    /// Notes that the upstream has broken off with this code, RFC 9113 section 7. A client that
    /// speaks HTTP/2 is told the same.
    fn note_reset(&mut self, code: u32);
}
