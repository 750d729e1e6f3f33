//! A downstream HTTP/2 connection: streams are accepted, each served by a task of its own.

use std::{
    cell::{Cell, RefCell},
    future::{Future, poll_fn},
    pin::pin,
    rc::Rc,
    task::{Context, Poll, Waker, ready},
    time::{Duration, Instant},
};

use bytes::Bytes;
use h2::{
    Ping, PingPong, RecvStream,
    server::{Connection, SendResponse},
};
use http::Request;

use super::{
    exchange,
    gathered::{Flusher, Gathered, gathered},
    limits::{CountedStream, GOODBYE, PING_INTERVAL, PING_TIMEOUT, builder},
    preface::Replayed,
};
use crate::proxy::{forwarded::Peer, ticker::Slot, worker::Worker};

/// Serves a connection until either side wants no more and its streams have ended.
pub(in crate::proxy) async fn serve(worker: Rc<Worker>, stream: Replayed, peer: Peer) {
    let slot = worker.ticker.slot();
    let (stream, flusher) = gathered(stream, Rc::clone(&worker));
    let Some(connection) = shake_hands(&worker, stream, &flusher, &slot).await else {
        return;
    };
    let mut downstream = Downstream {
        streams: Rc::default(),
        peer: Rc::new(peer),
        slot,
        served: 0,
        leaving: false,
        ping: PingState::Idle,
        flusher,
        worker,
    };
    downstream.serve(connection).await;
    // What a client has left behind ends soon, each with its own record.
    poll_fn(|cx| downstream.streams.poll_none(cx)).await;
}

async fn shake_hands(
    worker: &Worker,
    stream: Gathered,
    flusher: &Flusher,
    slot: &Slot,
) -> Option<Connection<Gathered, Bytes>> {
    let handshake = {
        let view = worker.view();
        let options = &view.snapshot.config.options;
        slot.arm(options.head_timeout);
        builder(options).handshake(stream)
    };
    let mut handshake = pin!(handshake);
    poll_fn(|cx| {
        if let Poll::Ready(connection) = handshake.as_mut().poll(cx) {
            return Poll::Ready(connection.ok());
        }
        if matches!(flusher.poll_flush(cx), Poll::Ready(Err(_))) {
            return Poll::Ready(None);
        }
        slot.poll_expired_or_draining(cx).map(|()| None)
    })
    .await
}

/// A connection at work.
struct Downstream {
    worker: Rc<Worker>,
    peer: Rc<Peer>,
    slot: Slot,
    streams: Rc<Streams>,
    served: u64,
    /// Whether the client has been told to open no more streams.
    leaving: bool,
    ping: PingState,
    flusher: Flusher,
}

/// Whether the client is known to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PingState {
    Idle,
    Asked,
}

/// What a connection waits for.
enum Event {
    /// The time has come to look after it, or the worker is on its way out.
    Tick,
    Pong,
    End,
}

impl Downstream {
    async fn serve(&mut self, mut connection: Connection<Gathered, Bytes>) {
        let Some(mut pings) = connection.ping_pong() else {
            return;
        };
        self.slot.arm(self.keep_alive());
        loop {
            let event = poll_fn(|cx| self.poll_event(cx, &mut connection, &mut pings)).await;
            match event {
                Event::Pong => {
                    self.ping = PingState::Idle;
                    self.slot.arm(PING_INTERVAL);
                }
                Event::Tick => {
                    if !self.look_after(&mut connection, &mut pings) {
                        return;
                    }
                }
                Event::End => return,
            }
        }
    }

    /// Starts the streams that come, writes what there is to say, and tells what else there is to do.
    fn poll_event(
        &mut self,
        cx: &mut Context<'_>,
        connection: &mut Connection<Gathered, Bytes>,
        pings: &mut PingPong,
    ) -> Poll<Event> {
        let event = self.poll_engine(cx, connection, pings);
        match self.flusher.poll_flush(cx) {
            Poll::Ready(Err(error)) => {
                tracing::debug!(%error, "HTTP/2 connection of a client broke");
                Poll::Ready(Event::End)
            }
            Poll::Ready(Ok(())) | Poll::Pending => event,
        }
    }

    fn poll_engine(
        &mut self,
        cx: &mut Context<'_>,
        connection: &mut Connection<Gathered, Bytes>,
        pings: &mut PingPong,
    ) -> Poll<Event> {
        loop {
            match connection.poll_accept(cx) {
                Poll::Pending => break,
                Poll::Ready(Some(Ok((request, respond)))) => {
                    self.start(request, respond);
                    if self.is_worn_out() {
                        self.leave(connection);
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    tracing::debug!(%error, "HTTP/2 connection of a client broke");
                    return Poll::Ready(Event::End);
                }
                Poll::Ready(None) => return Poll::Ready(Event::End),
            }
        }
        if self.ping == PingState::Asked && matches!(pings.poll_pong(cx), Poll::Ready(Ok(_))) {
            return Poll::Ready(Event::Pong);
        }
        ready!(if self.leaving {
            self.slot.poll_expired(cx)
        } else {
            self.slot.poll_expired_or_draining(cx)
        });
        Poll::Ready(Event::Tick)
    }

    fn start(&mut self, request: Request<RecvStream>, respond: SendResponse<Bytes>) {
        self.served += 1;
        let (counted, admitted) = self.worker.streams.admit();
        let open = self.streams.open(counted);
        let (worker, peer) = (Rc::clone(&self.worker), Rc::clone(&self.peer));
        tokio::task::spawn_local(async move {
            exchange::serve(worker, peer, request, respond, admitted).await;
            drop(open);
        });
        if self.ping == PingState::Idle && !self.leaving {
            self.slot.arm(PING_INTERVAL);
        }
    }

    /// Whether the connection has served its share.
    fn is_worn_out(&self) -> bool {
        let view = self.worker.view();
        let limit = view.snapshot.config.options.keep_alive_requests;
        limit != 0 && self.served >= limit
    }

    fn keep_alive(&self) -> Duration {
        self.worker.view().snapshot.config.options.keep_alive
    }

    /// Tells the client to open no more streams (GOAWAY); those that are open go on.
    fn leave(&mut self, connection: &mut Connection<Gathered, Bytes>) {
        if !self.leaving {
            self.leaving = true;
            connection.graceful_shutdown();
            self.slot.arm(GOODBYE);
        }
    }

    /// Time has passed, or the worker is on its way out; whether the connection goes on.
    fn look_after(
        &mut self,
        connection: &mut Connection<Gathered, Bytes>,
        pings: &mut PingPong,
    ) -> bool {
        if self.slot.is_aborting() {
            return false;
        }
        if !self.leaving && self.slot.is_draining() {
            self.leave(connection);
            return true;
        }
        match self.streams.idle() {
            None if self.ping == PingState::Asked => return false,
            None => {
                if pings.send_ping(Ping::opaque()).is_ok() {
                    self.ping = PingState::Asked;
                }
                self.slot.arm(PING_TIMEOUT);
            }
            Some(_) if self.leaving => return false,
            Some(idle) => match self.keep_alive().checked_sub(idle) {
                Some(left) if !left.is_zero() => self.slot.arm(left),
                _ => self.leave(connection),
            },
        }
        true
    }
}

/// The streams of a connection that are open.
#[derive(Debug)]
struct Streams {
    open: Cell<usize>,
    idle_since: Cell<Instant>,
    none: RefCell<Option<Waker>>,
}

/// One stream that is open.
struct OpenStream {
    streams: Rc<Streams>,
    _counted: CountedStream,
}

impl Default for Streams {
    fn default() -> Self {
        Self {
            open: Cell::new(0),
            idle_since: Cell::new(Instant::now()),
            none: RefCell::default(),
        }
    }
}

impl Streams {
    fn open(self: &Rc<Self>, counted: CountedStream) -> OpenStream {
        self.open.set(self.open.get() + 1);
        OpenStream {
            streams: Rc::clone(self),
            _counted: counted,
        }
    }

    /// For how long none has been open; `None` while one is.
    fn idle(&self) -> Option<Duration> {
        (self.open.get() == 0).then(|| self.idle_since.get().elapsed())
    }

    fn poll_none(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.open.get() == 0 {
            return Poll::Ready(());
        }
        *self.none.borrow_mut() = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        let Streams {
            open,
            idle_since,
            none,
        } = &*self.streams;
        open.set(open.get() - 1);
        if open.get() == 0 {
            idle_since.set(Instant::now());
            if let Some(waker) = none.borrow_mut().take() {
                waker.wake();
            }
        }
    }
}
