//! One endpoint as one worker knows it: load, latency, health, connections.
//!
//! Invariant: its connections were all made with its transport, so a changed protocol or TLS setting
//! needs another endpoint. Non-goal: which cluster it is in; a cluster's successors share it.

use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    rc::Rc,
    time::Duration,
};

use tokio::time::Instant;

use super::{
    balancer::Latency,
    clock::{Nanos, nanos},
    connection::Http1Connection,
    health::{EjectionShare, Health},
    http2::Http2Pool,
    lease::Outcome,
    pool::IdlePool,
    transport::Transport,
    worker::WorkerState,
};

/// An endpoint that is, or was, a member of a cluster.
#[derive(Debug)]
pub(super) struct LiveEndpoint {
    pub(super) address: SocketAddr,
    pub(super) transport: Rc<Transport>,
    pub(super) worker: Rc<WorkerState>,
    pub(super) http2: Http2Pool,
    pub(super) in_flight: Cell<u32>,
    number: u64,
    ejections: Rc<EjectionShare>,
    health: Health,
    latency: Latency,
    measured: Cell<bool>,
    /// Of the last answer, in bytes.
    pub(super) last_length: Cell<usize>,
    idle: RefCell<IdlePool>,
    idle_timeout: Cell<Nanos>,
    drained: Cell<bool>,
    watched: Cell<bool>,
}

impl LiveEndpoint {
    pub(super) fn new(
        address: SocketAddr,
        transport: &Rc<Transport>,
        ejections: &Rc<EjectionShare>,
        worker: &Rc<WorkerState>,
    ) -> Self {
        Self {
            address,
            transport: Rc::clone(transport),
            http2: Http2Pool::default(),
            in_flight: Cell::new(0),
            number: worker.next_number(),
            worker: Rc::clone(worker),
            ejections: Rc::clone(ejections),
            health: Health::default(),
            latency: Latency::default(),
            measured: Cell::new(false),
            last_length: Cell::new(0),
            idle: RefCell::default(),
            idle_timeout: Cell::new(0),
            drained: Cell::new(false),
            watched: Cell::new(false),
        }
    }

    /// What may change while the endpoint stays: the idle timeout, and whether latency counts.
    pub(super) fn adapt(&self, idle_timeout: Duration, measured: bool) {
        self.idle_timeout.set(nanos(idle_timeout));
        self.measured.set(measured);
    }

    #[inline]
    pub(super) fn is_available(&self) -> bool {
        !self.health.is_ejected() && !self.drained.get()
    }

    pub(super) fn is_drained(&self) -> bool {
        self.drained.get()
    }

    /// The wait that one more request should expect, in nanoseconds.
    #[inline]
    pub(super) fn wait(&self, now: Nanos) -> f64 {
        self.latency.wait(self.in_flight.get(), now)
    }

    pub(super) fn idle_connections(&self) -> usize {
        self.idle.borrow().len()
    }

    pub(super) fn adopt(&self, stream: super::UpstreamStream) -> Http1Connection {
        Http1Connection::new(stream, self.number, self.worker.clock.coarse())
    }

    #[inline]
    pub(super) fn checkout(&self) -> Option<Http1Connection> {
        self.idle.borrow_mut().pop(&self.worker.idle)
    }

    #[inline]
    pub(super) fn give_back(self: &Rc<Self>, mut connection: Http1Connection) {
        let belongs = connection.endpoint == self.number;
        if !belongs || self.drained.get() || connection.has_surplus() {
            return;
        }
        connection.rest(self.worker.clock.coarse());
        let most = self.worker.idle_per_endpoint.get();
        self.idle
            .borrow_mut()
            .push(connection, most, &self.worker.idle);
        self.watch();
    }

    #[inline]
    pub(super) fn report(self: &Rc<Self>, outcome: Outcome) {
        match outcome {
            Outcome::Answered { latency, status } if status < 500 => {
                self.health.succeeded();
                if self.measured.get() {
                    self.latency
                        .answered(nanos(latency), self.worker.clock.precise());
                }
            }
            Outcome::Answered { latency, status } => self.answered_in_trouble(latency, status),
            Outcome::ConnectFailed | Outcome::Broken | Outcome::TimedOut => {
                self.failed(Instant::now());
                if self.measured.get() {
                    self.latency.failed(self.worker.clock.precise());
                }
            }
        }
    }

    #[cold]
    fn answered_in_trouble(self: &Rc<Self>, latency: Duration, status: u16) {
        if matches!(status, 502..=504) {
            self.failed(Instant::now());
        } else {
            self.health.succeeded();
        }
        if self.measured.get() {
            self.latency
                .answered_in_trouble(nanos(latency), self.worker.clock.precise());
        }
    }

    #[cold]
    fn failed(self: &Rc<Self>, now: Instant) {
        if !self.drained.get() && self.health.failed(now, &self.ejections) {
            tracing::warn!(
                cluster = %self.ejections.cluster(), endpoint = %self.address,
                "an endpoint is left out for a while after repeated failures"
            );
            self.watch();
        }
    }

    /// Has the worker's sweep look at it.
    #[inline]
    pub(super) fn watch(self: &Rc<Self>) {
        if !self.watched.replace(true) {
            self.worker.watch(Rc::clone(self));
        }
    }

    /// Looks after idle connections and the ejection; `false` if there is nothing more to look at.
    pub(super) fn sweep(&self, now: Instant) -> bool {
        let (timeout, at) = (self.idle_timeout.get(), self.worker.clock.coarse());
        let mut idle = self.idle.borrow_mut();
        idle.sweep(at, timeout, &self.worker.idle);
        let http2 = self.http2.sweep(at, timeout);
        self.health.sweep(now, &self.ejections);
        let busy = idle.len() > 0 || http2 || self.health.is_ejected();
        self.watched.set(busy);
        busy
    }

    pub(super) fn close_idle(&self) {
        self.idle.borrow_mut().clear(&self.worker.idle);
        self.http2.close_idle();
    }

    /// It has left its cluster: idle connections are closed, those in use end with their exchange.
    pub(super) fn drain(&self) {
        self.drained.set(true);
        self.idle.borrow_mut().clear(&self.worker.idle);
        self.http2.drain();
        self.health.readmit(&self.ejections);
    }
}

impl Drop for LiveEndpoint {
    fn drop(&mut self) {
        self.idle.borrow_mut().clear(&self.worker.idle);
    }
}
