//! Workers: connections are accepted and started, and ended in order at shutdown.

use std::{
    cell::{Cell, RefCell},
    io,
    net::SocketAddr,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::LocalSet,
};
use tokio_util::task::TaskTracker;

use super::{
    access_log::AccessLog,
    connection,
    inspect::{FirewallLog, Inspectors},
    limits::{Limits, Place},
    listener::{Listener, Opened},
    metrics::{Counter, Gauge, WorkerMetrics},
    worker::Worker,
};
use crate::{
    shutdown::{Stage, StageWatch},
    snapshot::Snapshot,
    tls::ServerAcceptor,
    upstream::{NameResolver, UpstreamOptions, Upstreams},
};

/// How long accepting pauses when the process has no descriptor left, even after spare ones were
/// given up.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long exchanges that are aborted have to be recorded; none of them waits for anything.
const LAST_RECORDS: Duration = Duration::from_millis(500);

/// Everything that one worker is made of.
pub struct WorkerParts {
    /// Where the snapshot of the moment is.
    pub snapshots: Arc<ArcSwap<Snapshot>>,
    /// Its listeners; the kernel spreads connections over the workers' sockets of one address.
    pub listeners: Vec<Listener>,
    /// When they are opened.
    pub opened: Opened,
    /// How upstreams are connected to.
    pub upstreams: UpstreamOptions,
    /// Resolves the names of upstreams, for all workers.
    pub names: NameResolver,
    /// Its access log.
    pub log: AccessLog,
    /// Its share of the metrics.
    pub metrics: WorkerMetrics,
    /// What its inspections share with other workers'.
    pub inspectors: Inspectors,
    /// Where it writes what the firewall has found.
    pub firewall_log: FirewallLog,
    /// Limits for the whole process.
    pub limits: Arc<Limits>,
    /// How far the process is on its way down.
    pub stage: StageWatch,
    /// Counts the worker until it has ended.
    pub tasks: TaskTracker,
}

/// Runs a worker on this thread until shutdown has ended.
///
/// # Errors
/// When no runtime can be had, or a socket cannot be registered with it.
pub fn run_worker(parts: WorkerParts) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    LocalSet::new().block_on(&runtime, serve(parts))
}

async fn serve(parts: WorkerParts) -> io::Result<()> {
    let WorkerParts {
        snapshots,
        listeners,
        mut opened,
        upstreams,
        names,
        log,
        metrics,
        inspectors,
        firewall_log,
        limits,
        mut stage,
        tasks,
    } = parts;
    let _counted = tasks.token();
    let worker = Worker::new(
        snapshots,
        Upstreams::new(upstreams, names),
        log,
        metrics,
        limits,
        (inspectors, firewall_log),
    );
    let connections = Rc::new(Connections::default());
    let clock = {
        let worker = Rc::clone(&worker);
        tokio::task::spawn_local(async move { worker.run_clock().await })
    };
    let mut accepting = Vec::with_capacity(listeners.len());
    let is_open = tokio::select! {
        biased;
        () = opened.wait() => true,
        () = stage.reached(Stage::Draining) => false,
    };
    let listeners = listeners.into_iter().filter(|_| is_open);
    for Listener { socket, tls } in listeners {
        let acceptor = Acceptor {
            worker: Rc::clone(&worker),
            listener: TcpListener::from_std(socket)?,
            tls,
            connections: Rc::clone(&connections),
            spare: RefCell::new(spare_descriptor()),
        };
        accepting.push(tokio::task::spawn_local(acceptor.run(stage.clone())));
    }
    stage.reached(Stage::Draining).await;
    for task in accepting {
        let _ = task.await;
    }
    worker.ticker.start_draining();
    tokio::select! {
        () = connections.ended() => {}
        () = stage.reached(Stage::Aborted) => {
            worker.ticker.start_aborting();
            // Connections that wait for a handshake are still there afterwards, and end with the worker.
            let _ = tokio::time::timeout(LAST_RECORDS, connections.ended()).await;
        }
    }
    clock.abort();
    Ok(())
}

/// The connections that are open on a worker.
#[derive(Default)]
struct Connections {
    open: Cell<usize>,
    none: Notify,
}

impl Connections {
    async fn ended(&self) {
        while self.open.get() > 0 {
            self.none.notified().await;
        }
    }

    fn open(self: &Rc<Self>) -> OpenConnection {
        self.open.set(self.open.get() + 1);
        OpenConnection(Rc::clone(self))
    }
}

struct OpenConnection(Rc<Connections>);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.open.set(self.0.open.get() - 1);
        if self.0.open.get() == 0 {
            self.0.none.notify_one();
        }
    }
}

/// One listener at work.
struct Acceptor {
    worker: Rc<Worker>,
    listener: TcpListener,
    tls: Option<ServerAcceptor>,
    connections: Rc<Connections>,
    /// A descriptor to give up when there is no other, so that a waiting client can be told.
    spare: RefCell<Option<std::fs::File>>,
}

impl Acceptor {
    /// Accepts until draining begins, then takes what the kernel has already queued and ends.
    async fn run(self, mut stage: StageWatch) {
        loop {
            let accepted = tokio::select! {
                biased;
                () = stage.reached(Stage::Draining) => break,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, address)) => self.start(stream, address),
                Err(error) => self.recover(&error).await,
            }
        }
        while let Some(Ok((stream, address))) = now(self.listener.accept()).await {
            self.start(stream, address);
        }
    }

    fn start(&self, stream: TcpStream, address: SocketAddr) {
        let at_most = self.worker.view().snapshot.config.options.max_connections;
        let Some(place) = self.worker.limits.admit(at_most) else {
            self.shed(&stream);
            return;
        };
        let Self {
            worker,
            tls,
            connections,
            ..
        } = self;
        let open = connections.open();
        tokio::task::spawn_local(run_connection(
            Rc::clone(worker),
            stream,
            address,
            tls.clone(),
            place,
            open,
        ));
    }

    /// Answers 503 without reading; a TLS client sees a closed connection.
    fn shed(&self, stream: &TcpStream) {
        self.worker.metrics.count(Counter::RefusedByLimit);
        if self.tls.is_none() {
            let _ = stream.try_write(
                b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\
                  Connection: close\r\n\r\n",
            );
        }
    }

    /// After a failed accept. Most errors are the client's (it went away); where descriptors have
    /// run out, idle upstream connections and the spare descriptor are given up.
    async fn recover(&self, error: &io::Error) {
        const ENFILE: i32 = 23;
        const EMFILE: i32 = 24;
        if !matches!(error.raw_os_error(), Some(ENFILE | EMFILE)) {
            return;
        }
        tracing::error!(%error, "no descriptor is left; new connections are refused");
        self.worker.upstreams.close_idle();
        drop(self.spare.borrow_mut().take());
        if let Some(Ok((stream, _))) = now(self.listener.accept()).await {
            self.shed(&stream);
        }
        *self.spare.borrow_mut() = spare_descriptor();
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}

async fn run_connection(
    worker: Rc<Worker>,
    stream: TcpStream,
    address: SocketAddr,
    tls: Option<ServerAcceptor>,
    place: Place,
    open: OpenConnection,
) {
    let (counter, gauge) = match tls {
        None => (Counter::HttpConnections, Gauge::HttpConnections),
        Some(_) => (Counter::HttpsConnections, Gauge::HttpsConnections),
    };
    worker.metrics.count(counter);
    worker.metrics.raise(gauge);
    connection::run(&worker, stream, address, tls, place).await;
    worker.metrics.lower(gauge);
    drop(open);
}

fn spare_descriptor() -> Option<std::fs::File> {
    std::fs::File::open("/dev/null").ok()
}

/// What a future gives at once, if anything.
async fn now<T>(future: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        output = future => Some(output),
        () = std::future::ready(()) => None,
    }
}
