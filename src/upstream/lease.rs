//! One attempt at one endpoint.

use std::{net::SocketAddr, rc::Rc, time::Duration};

use tokio::time::timeout;

use super::{
    connect::ConnectError, connection::Http1Connection, endpoint::LiveEndpoint, http2::Http2Stream,
};

/// One attempt at one endpoint, counted as its load until it is dropped.
///
/// Keep it until the response body has ended, so that the load is true.
#[derive(Debug)]
pub struct Lease {
    endpoint: Rc<LiveEndpoint>,
}

/// How an attempt went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A response head came.
    Answered {
        /// From the first byte sent to the response head.
        latency: Duration,
        /// The status; 502, 503 and 504 count as failures, and no other does.
        status: u16,
    },
    /// No connection; see [`ConnectError::blames_endpoint`].
    ConnectFailed,
    /// The connection broke, or what came was not HTTP. Not for a reused connection that was closed
    /// before a response byte: that one was stale, which is nobody's fault.
    Broken,
    /// Too late.
    TimedOut,
}

impl Lease {
    pub(super) fn new(endpoint: Rc<LiveEndpoint>) -> Self {
        endpoint.in_flight.set(endpoint.in_flight.get() + 1);
        Self { endpoint }
    }

    /// The endpoint's address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.endpoint.address
    }

    /// An idle connection, the one used last, that its server has not closed as far as this worker
    /// has heard. Costs no system call while there is nothing to hear.
    #[inline]
    #[must_use]
    pub fn checkout(&self) -> Option<Http1Connection> {
        self.endpoint.checkout()
    }

    /// A new HTTP/1.1 connection, with TLS where the cluster has it; `limit` is for all of it.
    ///
    /// # Errors
    /// Any [`ConnectError`]; nothing has been reported for it.
    pub async fn connect(&self, limit: Duration) -> Result<Http1Connection, ConnectError> {
        let endpoint = &self.endpoint;
        let stream = timeout(limit, endpoint.transport.connect(endpoint.address)).await;
        Ok(endpoint.adopt(stream.map_err(|_| ConnectError::TimedOut)??))
    }

    /// Room for one more stream on an HTTP/2 connection, new if need be; `limit` is for all of it.
    ///
    /// # Errors
    /// Any [`ConnectError`]; nothing has been reported for it.
    pub async fn http2(&self, limit: Duration) -> Result<Http2Stream, ConnectError> {
        let stream = self.endpoint.http2.stream(&self.endpoint, limit).await?;
        self.endpoint.watch();
        Ok(stream)
    }

    /// Gives an HTTP/1.1 connection back after an exchange that ended well on both sides, with
    /// nothing left to read. It is kept for the next one, or closed if the endpoint has left, if
    /// enough are kept, or if bytes came that belong to no response.
    #[inline]
    pub fn give_back(&self, connection: Http1Connection) {
        self.endpoint.give_back(connection);
    }

    /// Notes how long an answer is in bytes, head and body, as far as it said.
    #[inline]
    pub fn note_length(&self, bytes: usize) {
        self.endpoint.last_length.set(bytes);
    }

    /// How long the endpoint's last answer was: the next one may be as long.
    #[inline]
    #[must_use]
    pub fn last_length(&self) -> usize {
        self.endpoint.last_length.get()
    }

    /// Says how the attempt went, once.
    #[inline]
    pub fn report(&self, outcome: Outcome) {
        self.endpoint.report(outcome);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.endpoint
            .in_flight
            .set(self.endpoint.in_flight.get() - 1);
    }
}
