//! A downstream HTTP/1.1 connection: heads are read, exchanges served in turn, idle time spent
//! without a buffer.

use std::{cell::RefCell, future::poll_fn, pin::pin, rc::Rc, task::Poll, time::Duration};

use super::{
    error::ProxyError,
    exchange::{Exchange, Next},
    forwarded::Peer,
    http2::{self, Preface, Replayed, preface_in},
    io::{self, Fault, Shared, poll_fill},
    panic::catch_panic,
    scratch::Scratch,
    ticker::Slot,
    worker::Worker,
};
use crate::{
    http1::{HeadLimits, Parsed, parse_request},
    tls::Stream,
};

/// How long a closing connection waits for the client to stop sending, so that the last answer is
/// not lost to a reset.
const LINGER: Duration = Duration::from_secs(2);
/// How much a closing connection reads at most before it stops waiting.
const LINGER_BYTES: usize = 1 << 20;
/// How much room a read is given while a head is incomplete.
const HEAD_STEP: usize = 8 << 10;

/// One downstream connection.
pub(super) struct Downstream {
    worker: Rc<Worker>,
    stream: Stream,
    peer: Peer,
    slot: Slot,
    served: u64,
}

impl Downstream {
    pub(super) fn new(worker: Rc<Worker>, stream: Stream, peer: Peer) -> Self {
        let slot = worker.ticker.slot();
        Self {
            worker,
            stream,
            peer,
            slot,
            served: 0,
        }
    }

    /// Serves until either side wants no more.
    pub(super) async fn serve(mut self) {
        let mut carried = None;
        loop {
            let Some(mut scratch) = self.await_request(carried.take()).await else {
                self.close().await;
                return;
            };
            if self.served == 0 && self.begins_as_http2(&mut scratch).await {
                let Self {
                    worker,
                    stream,
                    peer,
                    ..
                } = self;
                let stream = Replayed::new(&scratch.request.buffer, stream);
                worker.scratch.put(scratch);
                Box::pin(http2::serve(worker, stream, peer)).await;
                return;
            }
            self.served += 1;

            let next = self.serve_one(&mut scratch).await;
            let stay = next == Next::Another && !self.is_worn_out();
            if stay && !scratch.request.buffer.is_empty() {
                carried = Some(scratch);
                continue;
            }
            self.worker.scratch.put(scratch);
            match next {
                Next::Another if stay => {}
                Next::Another | Next::Close => {
                    self.close().await;
                    return;
                }
                Next::Linger => {
                    Box::pin(self.linger()).await;
                    return;
                }
                Next::Abort => return,
            }
        }
    }

    /// Whether the client speaks HTTP/2 without having asked (prior knowledge), which is known once
    /// its first bytes are whole.
    async fn begins_as_http2(&mut self, scratch: &mut Scratch) -> bool {
        let buffer = &mut scratch.request.buffer;
        if self.peer.tls.is_some() || !self.worker.view().snapshot.config.options.http2 {
            return false;
        }
        loop {
            match preface_in(buffer) {
                Preface::Whole => return true,
                Preface::None => return false,
                Preface::Part => {}
            }
            // The limit of the head has been running since the connection was accepted.
            let shared = RefCell::new(&mut self.stream);
            match io::fill(&shared, buffer, HEAD_STEP, &self.slot).await {
                Ok(1..) => {}
                Ok(0) | Err(_) => return false,
            }
        }
    }

    /// Whether the connection has served its share.
    fn is_worn_out(&self) -> bool {
        let limit = self
            .worker
            .view()
            .snapshot
            .config
            .options
            .keep_alive_requests;
        limit != 0 && self.served >= limit
    }

    /// Waits for the first bytes of a request; `None` if none will come. Between requests no buffer
    /// is held: one is lent for the time of a poll and kept only if bytes came.
    async fn await_request(&mut self, carried: Option<Box<Scratch>>) -> Option<Box<Scratch>> {
        if carried.is_some() {
            return carried;
        }
        let Self {
            worker,
            stream,
            peer: _,
            slot,
            served,
        } = self;
        let options = Rc::clone(&worker.view());
        let options = &options.snapshot.config.options;
        slot.arm(if *served == 0 {
            options.head_timeout
        } else {
            options.keep_alive
        });
        poll_fn(|cx| {
            let mut scratch = worker.scratch.take();
            match poll_fill(stream, cx, &mut scratch.request.buffer, HEAD_STEP) {
                Poll::Ready(Ok(0) | Err(_)) => {
                    worker.scratch.put(scratch);
                    Poll::Ready(None)
                }
                Poll::Ready(Ok(_)) => Poll::Ready(Some(scratch)),
                Poll::Pending => {
                    worker.scratch.put(scratch);
                    slot.poll_expired_or_draining(cx).map(|()| None)
                }
            }
        })
        .await
    }

    async fn serve_one(&mut self, scratch: &mut Scratch) -> Next {
        let Self {
            worker,
            stream,
            peer,
            slot,
            served,
        } = self;
        let shared = RefCell::new(stream);
        let last = {
            let limit = worker.view().snapshot.config.options.keep_alive_requests;
            limit != 0 && *served >= limit
        };
        let head = read_head(worker, &shared, slot, scratch).await;
        let head = match head {
            Ok(()) => Ok(()),
            Err(None) => return Next::Abort,
            Err(Some(error)) => Err(error),
        };
        let mut exchange = Exchange::new(worker, &shared, peer, slot, last);
        let run = catch_panic(pin!(exchange.run(head, scratch))).await;
        match run {
            Some(next) => next,
            None => Box::pin(exchange.after_panic(scratch)).await,
        }
    }

    /// Closes in order: TLS's close_notify, then FIN.
    async fn close(&mut self) {
        self.slot.arm(LINGER);
        let _ = io::shut_down(&RefCell::new(&mut self.stream), &self.slot).await;
    }

    /// Closes while the client may still be sending: what it sends is read and thrown away for a
    /// while, since closing a socket with unread bytes resets the connection and with it the answer.
    async fn linger(&mut self) {
        self.close().await;
        let mut scratch = self.worker.scratch.take();
        let shared = RefCell::new(&mut self.stream);
        let mut thrown_away = 0;
        while thrown_away < LINGER_BYTES {
            scratch.body.clear();
            match io::fill(&shared, &mut scratch.body, HEAD_STEP, &self.slot).await {
                Ok(0) | Err(_) => break,
                Ok(read) => thrown_away += read,
            }
        }
        self.worker.scratch.put(scratch);
    }
}

/// Reads the rest of a head whose first bytes have come. `Err(None)`: the client is gone and there is
/// nobody to answer.
async fn read_head(
    worker: &Worker,
    stream: &Shared<'_, Stream>,
    slot: &Slot,
    scratch: &mut Scratch,
) -> Result<(), Option<ProxyError>> {
    let (limits, timeout) = {
        let view = worker.view();
        let options = &view.snapshot.config.options;
        let limits = HeadLimits {
            max_head: options.max_head_bytes,
            max_fields: options.max_fields,
            max_target: options.max_target_bytes,
        };
        (limits, options.head_timeout)
    };
    let mut armed = false;
    loop {
        match parse_request(&mut scratch.request, &limits) {
            Ok(Parsed::Complete) => return Ok(()),
            Ok(Parsed::Partial) => {}
            Err(error) => return Err(Some(ProxyError::RequestHead(error))),
        }
        if !armed {
            slot.arm(timeout);
            armed = true;
        }
        match io::fill(stream, &mut scratch.request.buffer, HEAD_STEP, slot).await {
            Ok(0) | Err(Fault::Gone) => return Err(None),
            Ok(_) => {}
            Err(Fault::TimedOut) => return Err(Some(ProxyError::HeadTimedOut)),
        }
    }
}
