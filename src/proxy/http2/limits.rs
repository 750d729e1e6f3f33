//! What a client that speaks HTTP/2 may use.

use std::{cell::Cell, rc::Rc, time::Duration};

use h2::server::Builder;

use crate::config::Options;

/// Streams open at once on one connection.
const STREAMS: u32 = 100;

/// Bytes of one request body that may come before they are read. A stream that is forwarded slower
/// than it comes holds this much.
pub(super) const STREAM_WINDOW: u32 = 64 << 10;

/// Bytes of all request bodies of a connection that may come before they are read: enough for a
/// sixth of its streams to stall at once.
pub(super) const CONNECTION_WINDOW: u32 = 1 << 20;

/// Bytes of one answer that wait to be written; what exceeds it waits in its exchange, which stops
/// reading from the upstream.
pub(super) const SEND_BUFFER: usize = 64 << 10;

/// Streams in flight in all connections of one worker; one more is answered 503. An exchange holds
/// some 40 KiB of buffers, and in the worst case a window and a send buffer: 680 MiB in all.
pub(super) const STREAMS_OF_A_WORKER: usize = 4096;

/// Streams that a client may have reset before they were looked at (CVE-2023-44487).
const RESET_BEFORE_ACCEPTED: usize = 20;

/// Streams that may be reset for the client's faults before the connection is ended.
const RESET_FOR_FAULTS: usize = 100;

/// Streams that were reset and are remembered, so that what is still on its way for them is no fault.
const RESET_REMEMBERED: usize = 50;

/// How long they are remembered.
const RESET_MEMORY: Duration = Duration::from_secs(5);

/// What buffering small DATA frames may cost beyond their content, in bytes; frames that are read
/// give theirs back. (Empty ones are counted apart.)
const SMALL_FRAMES: usize = 256 << 10;

/// A connection with streams is asked for a sign of life this often.
pub(super) const PING_INTERVAL: Duration = Duration::from_secs(30);

/// How long that sign may take.
pub(super) const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection may take to end once it carries no stream.
pub(super) const GOODBYE: Duration = Duration::from_secs(2);

/// The engine's settings.
///
/// A head's blocks (HEADERS and CONTINUATION) are limited in number and by the length of the list that
/// they decode to. The engine answers 431 itself beyond twice the limit of the options, and ends the
/// connection beyond eight times; in between the exchange does, and leaves a record.
pub(super) fn builder(options: &Options) -> Builder {
    let list = u32::try_from(options.max_head_bytes.saturating_mul(2)).unwrap_or(u32::MAX);
    let mut builder = Builder::new();
    builder
        .max_concurrent_streams(STREAMS)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buffer_size(SEND_BUFFER)
        .max_header_list_size(list)
        .max_pending_accept_reset_streams(RESET_BEFORE_ACCEPTED)
        .max_local_error_reset_streams(Some(RESET_FOR_FAULTS))
        .max_concurrent_reset_streams(RESET_REMEMBERED)
        .reset_stream_duration(RESET_MEMORY)
        .data_frame_budget(SMALL_FRAMES);
    builder
}

/// Streams in flight on one worker.
#[derive(Clone, Debug, Default)]
pub(in crate::proxy) struct StreamCount(Rc<Cell<usize>>);

impl StreamCount {
    /// Counts one more, as long as the guard lives; whether there is room for it.
    pub(super) fn admit(&self) -> (CountedStream, bool) {
        self.0.set(self.0.get() + 1);
        let room = self.0.get() <= STREAMS_OF_A_WORKER;
        (CountedStream(Rc::clone(&self.0)), room)
    }
}

/// One stream in flight.
#[derive(Debug)]
pub(super) struct CountedStream(Rc<Cell<usize>>);

impl Drop for CountedStream {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}
