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
    idle: RefCell<IdlePool>,
    idle_timeout: Cell<Duration>,
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
            latency: Latency::new(Instant::now()),
            measured: Cell::new(false),
            idle: RefCell::default(),
            idle_timeout: Cell::new(Duration::ZERO),
            drained: Cell::new(false),
            watched: Cell::new(false),
        }
    }

    /// What may change while the endpoint stays: the idle timeout, and whether latency counts.
    pub(super) fn adapt(&self, idle_timeout: Duration, measured: bool) {
        self.idle_timeout.set(idle_timeout);
        self.measured.set(measured);
    }

    #[inline]
    pub(super) fn is_available(&self) -> bool {
        !self.health.is_ejected() && !self.drained.get()
    }

    pub(super) fn is_drained(&self) -> bool {
        self.drained.get()
    }

    /// The wait that one more request should expect, in seconds.
    pub(super) fn wait(&self, now: Instant) -> f64 {
        self.latency.wait(self.in_flight.get(), now)
    }

    pub(super) fn idle_connections(&self) -> usize {
        self.idle.borrow().len()
    }

    pub(super) fn adopt(&self, stream: super::UpstreamStream) -> Http1Connection {
        Http1Connection::new(stream, self.number, self.worker.clock.now())
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
        connection.rest(self.worker.clock.now());
        let most = self.worker.idle_per_endpoint;
        self.idle
            .borrow_mut()
            .push(connection, most, &self.worker.idle);
        self.watch();
    }

    pub(super) fn report(self: &Rc<Self>, outcome: Outcome) {
        match outcome {
            Outcome::Answered { latency, status } => {
                let in_trouble = matches!(status, 502..=504);
                if in_trouble {
                    self.failed(Instant::now());
                } else {
                    self.health.succeeded();
                }
                if self.measured.get() {
                    self.measure(latency, in_trouble || status >= 500);
                }
            }
            Outcome::ConnectFailed | Outcome::Broken | Outcome::TimedOut => {
                let now = Instant::now();
                self.failed(now);
                if self.measured.get() {
                    self.latency.failed(now);
                }
            }
        }
    }

    fn measure(&self, latency: Duration, in_trouble: bool) {
        let now = Instant::now();
        if in_trouble {
            self.latency.answered_in_trouble(latency, now);
        } else {
            self.latency.answered(latency, now);
        }
    }

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
        let timeout = self.idle_timeout.get();
        let mut idle = self.idle.borrow_mut();
        idle.sweep(now, timeout, &self.worker.idle);
        let http2 = self.http2.sweep(now, timeout);
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
