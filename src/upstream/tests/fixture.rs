//! One worker, and servers that do as they are told.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    net::SocketAddr,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Waker},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf},
    net::{TcpListener, TcpStream, UnixStream},
    runtime::Handle,
    task::LocalSet,
};
use tokio_util::task::TaskTracker;

use crate::upstream::{
    Balancer, ClusterId, ClusterSettings, Endpoint, Http1Connection, IdleLimit, NameResolver,
    Protocol, UpstreamOptions, UpstreamSource, Upstreams, pool::IdleShare, worker::WorkerState,
};

pub(in crate::upstream) const SECOND: Duration = Duration::from_secs(1);

pub(in crate::upstream) type ClusterMap = BTreeMap<ClusterId, Arc<ClusterSettings>>;

/// Runs a test as a worker runs: one thread, tasks that stay on it.
pub(in crate::upstream) async fn on_worker<T>(test: impl Future<Output = T>) -> T {
    LocalSet::new().run_until(test).await
}

pub(in crate::upstream) fn resolver() -> NameResolver {
    NameResolver::new(
        Handle::current(),
        TaskTracker::new(),
        Vec::new(),
        fastrand::Rng::with_seed(1),
    )
}

pub(in crate::upstream) fn options() -> UpstreamOptions {
    UpstreamOptions {
        idle_per_endpoint: 32,
        idle_limit: Arc::new(IdleLimit::new(1_024)),
        tasks: TaskTracker::new(),
        random: fastrand::Rng::with_seed(7),
    }
}

pub(in crate::upstream) fn worker() -> Rc<WorkerState> {
    let UpstreamOptions {
        idle_per_endpoint,
        idle_limit,
        tasks,
        random,
    } = options();
    Rc::new(WorkerState::new(
        random,
        IdleShare::new(idle_limit),
        idle_per_endpoint,
        tasks,
    ))
}

pub(in crate::upstream) fn upstreams() -> Upstreams {
    Upstreams::new(options(), resolver())
}

pub(in crate::upstream) fn id(name: &str) -> ClusterId {
    ClusterId(name.into())
}

pub(in crate::upstream) fn settings(name: &str, addresses: &[SocketAddr]) -> ClusterSettings {
    let mut endpoints: Vec<_> = addresses
        .iter()
        .map(|it| Endpoint { address: *it })
        .collect();
    endpoints.sort();
    ClusterSettings {
        id: id(name),
        source: UpstreamSource::Endpoints(endpoints.into()),
        protocol: Protocol::Http1,
        tls: None,
        balancer: Balancer::RoundRobin,
        idle_timeout: Duration::from_secs(60),
    }
}

pub(in crate::upstream) fn clusters(
    settings: impl IntoIterator<Item = ClusterSettings>,
) -> ClusterMap {
    settings
        .into_iter()
        .map(|it| (it.id.clone(), Arc::new(it)))
        .collect()
}

/// A listener and its address.
pub(in crate::upstream) async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Sends a word on the connection and sees it arrive at the server's end.
pub(in crate::upstream) async fn exchange(connection: &mut Http1Connection, peer: &mut TcpStream) {
    connection.stream().write_all(b"ping").await.unwrap();
    let mut word = [0; 4];
    peer.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"ping");
}

/// Waits until there is something to hear from the server: bytes, or the end.
pub(in crate::upstream) async fn heard(connection: &mut Http1Connection) {
    poll_fn(|cx| connection.stream().tcp().poll_read_ready(cx))
        .await
        .unwrap();
}

/// Waits until the other side has closed the connection.
pub(in crate::upstream) async fn closed(peer: &mut TcpStream) {
    assert_eq!(
        peer.read(&mut [0]).await.unwrap_or(0),
        0,
        "there is something to read"
    );
}

/// Whether nothing has been heard from the other side.
pub(in crate::upstream) async fn is_open(peer: &mut TcpStream) -> bool {
    look_at_sockets().await;
    let mut cx = Context::from_waker(Waker::noop());
    let mut byte = [0];
    Pin::new(peer)
        .poll_read(&mut cx, &mut ReadBuf::new(&mut byte))
        .is_pending()
}

/// Waits for what another socket will bring about.
pub(in crate::upstream) async fn until(mut is_so: impl FnMut() -> bool) {
    for _ in 0..10_000 {
        if is_so() {
            return;
        }
        look_at_sockets().await;
    }
    panic!("it never came about");
}

/// Lets the reactor look at every socket: a byte over a fresh pair cannot be read before.
async fn look_at_sockets() {
    let (mut one, mut other) = UnixStream::pair().unwrap();
    one.write_all(b"x").await.unwrap();
    other.read_u8().await.unwrap();
}
