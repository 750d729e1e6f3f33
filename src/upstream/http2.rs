//! HTTP/2 connections to one endpoint, shared by many streams.
//!
//! Invariant: a connection carries at most the streams that its server allows and [`MOST_STREAMS`];
//! when all are full another is made, up to [`MOST_CONNECTIONS`]. Non-goal: heads and bodies.

use std::{
    cell::{Cell, RefCell},
    fmt,
    future::poll_fn,
    pin::{Pin, pin},
    rc::Rc,
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use hyper::{
    body::Incoming,
    client::conn::http2::{Builder, SendRequest},
    rt::Executor,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout_at},
};
use tokio_util::task::TaskTracker;

use super::{clock::Nanos, connect::ConnectError, endpoint::LiveEndpoint, worker::WorkerState};

/// What a request body fails with.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// A request body on its way to an endpoint; it stays in its worker.
pub type RequestBody = Pin<Box<dyn http_body::Body<Data = Bytes, Error = BodyError>>>;

/// The most streams on one connection, whatever its server allows.
pub(super) const MOST_STREAMS: usize = 100;

/// The most connections to one endpoint from one worker; past that streams wait in line.
pub(super) const MOST_CONNECTIONS: usize = 8;

/// What the server may send on one stream and on one connection before it is read, in bytes.
const WINDOWS: (u32, u32) = (256 << 10, 1 << 20);

/// The most bytes of one stream that wait to be written.
const SEND_BUFFER: usize = 256 << 10;

/// The largest response head, in bytes as RFC 9113 section 6.5.2 counts them.
const LARGEST_HEAD: u32 = 64 << 10;

/// A ping after so long without a frame while there are streams; no answer in so long ends them.
const PING: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(10));

/// The connections of one endpoint.
#[derive(Debug, Default)]
pub(super) struct Http2Pool {
    connections: RefCell<Vec<Rc<Connection>>>,
    /// Held while one stream connects for all that wait.
    connecting: Mutex<()>,
}

#[derive(Debug)]
struct Connection {
    sender: SendRequest<RequestBody>,
    streams: Cell<usize>,
    /// What the server allows; kept by the connection's task.
    limit: Rc<Cell<usize>>,
    idle_since: Cell<Nanos>,
}

/// Room for one stream on a connection. Keep it until the response body has ended, so that the
/// number of streams is true.
#[derive(Debug)]
pub struct Http2Stream {
    connection: Rc<Connection>,
    worker: Rc<WorkerState>,
}

/// Why there is no response.
#[derive(thiserror::Error)]
#[error("the HTTP/2 exchange failed: {error}")]
pub struct Http2Error {
    /// What went wrong.
    #[source]
    pub error: hyper::Error,
    /// The request, if nothing of it was sent: it may be tried elsewhere, whatever its method.
    pub unsent: Option<Request<RequestBody>>,
}

impl fmt::Debug for Http2Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http2Error")
            .field("error", &self.error)
            .field("is_unsent", &self.unsent.is_some())
            .finish()
    }
}

impl Http2Stream {
    /// Sends the request and waits for the response head.
    ///
    /// # Errors
    /// The connection or the stream broke.
    pub async fn send(
        &self,
        request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, Box<Http2Error>> {
        let sent = self.connection.sender.clone().try_send_request(request);
        sent.await.map_err(|mut failed| {
            let unsent = failed.take_message();
            Box::new(Http2Error {
                error: failed.into_error(),
                unsent,
            })
        })
    }
}

impl Drop for Http2Stream {
    fn drop(&mut self) {
        let left = self.connection.streams.get() - 1;
        self.connection.streams.set(left);
        if left == 0 {
            self.connection.idle_since.set(self.worker.clock.coarse());
        }
    }
}

impl Http2Pool {
    /// Room for a stream, on a new connection if need be.
    pub(super) async fn stream(
        &self,
        endpoint: &LiveEndpoint,
        limit: Duration,
    ) -> Result<Http2Stream, ConnectError> {
        if let Some(connection) = self.with_room() {
            return Ok(Http2Stream::new(connection, endpoint));
        }
        let end = Instant::now() + limit;
        let _turn = timeout_at(end, self.connecting.lock())
            .await
            .map_err(|_| ConnectError::TimedOut)?;
        if let Some(connection) = self.with_room().or_else(|| self.least_full()) {
            return Ok(Http2Stream::new(connection, endpoint));
        }
        let connection = timeout_at(end, connect(endpoint))
            .await
            .map_err(|_| ConnectError::TimedOut)??;
        if !endpoint.is_drained() {
            self.connections.borrow_mut().push(Rc::clone(&connection));
        }
        Ok(Http2Stream::new(connection, endpoint))
    }

    /// The first connection with room: later ones fall idle and are closed.
    fn with_room(&self) -> Option<Rc<Connection>> {
        let mut connections = self.connections.borrow_mut();
        connections.retain(|connection| !connection.sender.is_closed());
        let has_room = |it: &&Rc<Connection>| it.streams.get() < it.limit.get();
        connections.iter().find(has_room).cloned()
    }

    /// Where a stream waits in line once there are as many connections as there may be.
    fn least_full(&self) -> Option<Rc<Connection>> {
        let connections = self.connections.borrow();
        if connections.len() < MOST_CONNECTIONS {
            return None;
        }
        connections
            .iter()
            .min_by_key(|connection| connection.streams.get())
            .cloned()
    }

    /// Closes what has carried no stream for `timeout`; `false` if nothing is left.
    pub(super) fn sweep(&self, now: Nanos, timeout: Nanos) -> bool {
        let mut connections = self.connections.borrow_mut();
        connections.retain(|connection| {
            let idle = now.saturating_sub(connection.idle_since.get());
            !connection.sender.is_closed() && (connection.streams.get() > 0 || idle < timeout)
        });
        !connections.is_empty()
    }

    /// Closes what carries no stream.
    pub(super) fn close_idle(&self) {
        self.connections
            .borrow_mut()
            .retain(|connection| connection.streams.get() > 0);
    }

    /// Gives no connection to a new stream; each closes when its last stream has ended.
    pub(super) fn drain(&self) {
        self.connections.borrow_mut().clear();
    }

    pub(super) fn len(&self) -> usize {
        self.connections.borrow().len()
    }
}

impl Http2Stream {
    fn new(connection: Rc<Connection>, endpoint: &LiveEndpoint) -> Self {
        connection.streams.set(connection.streams.get() + 1);
        Self {
            connection,
            worker: Rc::clone(&endpoint.worker),
        }
    }
}

async fn connect(endpoint: &LiveEndpoint) -> Result<Rc<Connection>, ConnectError> {
    let stream = endpoint.transport.connect(endpoint.address).await?;
    let tasks = &endpoint.worker.tasks;
    let (sender, connection) = Builder::new(LocalTasks::new(tasks.clone()))
        .timer(TokioTimer::new())
        .initial_stream_window_size(WINDOWS.0)
        .initial_connection_window_size(WINDOWS.1)
        .max_send_buf_size(SEND_BUFFER)
        .max_header_list_size(LARGEST_HEAD)
        .keep_alive_interval(PING.0)
        .keep_alive_timeout(PING.1)
        .handshake::<_, RequestBody>(TokioIo::new(stream))
        .await
        .map_err(|error| ConnectError::Failed(std::io::Error::other(error)))?;
    let allowed = Rc::new(Cell::new(MOST_STREAMS));
    let limit = Rc::clone(&allowed);
    tasks.spawn_local(async move {
        let mut connection = pin!(connection);
        let ended = poll_fn(|cx| {
            let polled = connection.as_mut().poll(cx);
            if polled.is_pending() {
                limit.set(connection.current_max_send_streams().clamp(1, MOST_STREAMS));
            }
            polled
        });
        if let Err(error) = ended.await {
            tracing::debug!(%error, "HTTP/2 connection to an endpoint broke");
        }
    });
    Ok(Rc::new(Connection {
        sender,
        streams: Cell::new(0),
        limit: allowed,
        idle_since: Cell::new(endpoint.worker.clock.coarse()),
    }))
}

/// Runs hyper's tasks on this worker, where they are counted.
#[derive(Clone, Debug)]
pub(super) struct LocalTasks(TaskTracker);

impl LocalTasks {
    pub(super) fn new(tasks: TaskTracker) -> Self {
        Self(tasks)
    }
}

impl<F: Future<Output = ()> + 'static> Executor<F> for LocalTasks {
    fn execute(&self, task: F) {
        self.0.spawn_local(task);
    }
}
