//! A proxy in this process, upstreams that follow a script, and clients that say exactly what they
//! are told to: all over real sockets.

use std::{
    io::{self, Read, Write},
    net::{self, SocketAddr, TcpListener, TcpStream},
    num::NonZeroUsize,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use arc_swap::ArcSwap;
use portcullis::{
    config::{
        Action, ClusterMap, Config, Firewall, Forward, ObjectKind, ObjectRef, Options, Route, Rule,
        RuleMeta,
    },
    message::HostMatch,
    policy::RoutePolicy,
    proxy::{
        AccessLogDestination, AccessLogWriter, AuditLog, BUFFERED_BYTES, FirewallLog, Inspectors,
        Limits, Listener, Metrics, Opening, WorkerParts, run_worker,
    },
    routing::{Match, PathMatch},
    shutdown::{Ended, Schedule, Shutdown},
    snapshot::{Compiler, Snapshot},
    tls::{Certificate, ServerAcceptor, ServerResolver},
    upstream::{
        Balancer, ClusterId, ClusterSettings, Endpoint, IdleLimit, NameResolver, Protocol,
        UpstreamOptions, UpstreamSource,
    },
    waf::seclang::AuditFormat,
};
use tokio_util::task::TaskTracker;

/// How long a test waits for what must come: never so long but where it does not come at all, however
/// busy the machine is.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A proxy with one worker.
pub(crate) struct TestProxy {
    pub(crate) address: SocketAddr,
    pub(crate) limits: Arc<Limits>,
    pub(crate) metrics: Metrics,
    snapshots: Arc<ArcSwap<Snapshot>>,
    compiler: Mutex<Compiler>,
    opening: Opening,
    shutdown: Shutdown,
    worker: Option<JoinHandle<()>>,
    /// The access log's writer, and the audit log's.
    log: Option<(AccessLogWriter, AccessLogWriter)>,
    log_path: tempfile::TempPath,
    audit_path: tempfile::TempPath,
    runtime: tokio::runtime::Runtime,
}

/// What not every proxy of a test has.
pub(crate) struct Build<'a> {
    pub(crate) address: &'a str,
    /// Whether it serves over TLS, with a self-made certificate.
    pub(crate) tls: bool,
    /// Bytes for bodies that are held.
    pub(crate) buffered: usize,
    /// How its audit log is written, if it has one.
    pub(crate) audit: Option<AuditFormat>,
}

impl Default for Build<'_> {
    fn default() -> Self {
        Self {
            address: "127.0.0.1:0",
            tls: false,
            buffered: BUFFERED_BYTES,
            audit: None,
        }
    }
}

impl TestProxy {
    pub(crate) fn start(config: Config) -> Self {
        Build::default().closed(config).open()
    }

    pub(crate) fn open(mut self) -> Self {
        self.opening.open().unwrap();
        self
    }
}

impl Build<'_> {
    pub(crate) fn start(self, config: Config) -> TestProxy {
        self.closed(config).open()
    }

    /// A proxy that takes no connections before it is opened.
    pub(crate) fn closed(self, config: Config) -> TestProxy {
        let Self {
            address,
            tls,
            buffered,
            audit,
        } = self;
        let metrics = Metrics::new();
        let series = metrics.clone();
        let mut compiler = Compiler::new(
            Arc::new(Certificate::self_signed()),
            Box::new(move |meta| series.series(meta).0),
        );
        let snapshots = Arc::new(ArcSwap::new(compiler.compile(1, Arc::new(config))));
        let mut listener = Listener::bind(address.parse().unwrap()).unwrap();
        let opening = Opening::of([&listener]).unwrap();
        if tls {
            let store = Arc::clone(&snapshots.load().certificates);
            let resolver = Arc::new(ServerResolver::new(store));
            listener = listener.with_tls(ServerAcceptor::new(&resolver).unwrap());
        }
        let address = listener.local_addr().unwrap();
        let shutdown = Shutdown::new();
        let log_path = tempfile::NamedTempFile::new().unwrap().into_temp_path();
        let log =
            AccessLogWriter::start(&AccessLogDestination::File(log_path.to_path_buf())).unwrap();
        let limits = Arc::new(Limits::default());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let audit_path = tempfile::NamedTempFile::new().unwrap().into_temp_path();
        let audit_to = AccessLogDestination::File(audit_path.to_path_buf());
        let audit_log = AccessLogWriter::start_prompt("audit log", &audit_to).unwrap();
        let parts = WorkerParts {
            snapshots: Arc::clone(&snapshots),
            listeners: vec![listener],
            opened: opening.watch(),
            upstreams: UpstreamOptions {
                idle_per_endpoint: 64,
                idle_limit: Arc::new(IdleLimit::new(1024)),
                tasks: TaskTracker::new(),
                random: fastrand::Rng::with_seed(7),
            },
            names: NameResolver::new(
                runtime.handle().clone(),
                TaskTracker::new(),
                vec![address],
                fastrand::Rng::with_seed(7),
            ),
            log: log.worker(),
            metrics: metrics.worker(),
            inspectors: Inspectors::start(NonZeroUsize::MIN, buffered).unwrap(),
            firewall_log: FirewallLog {
                audit: audit.map(|format| AuditLog {
                    entries: audit_log.worker(),
                    format,
                }),
                ..FirewallLog::default()
            },
            limits: Arc::clone(&limits),
            stage: shutdown.watch(),
            tasks: shutdown.tasks().clone(),
        };
        let worker = std::thread::spawn(move || run_worker(parts).unwrap());
        TestProxy {
            address,
            limits,
            metrics,
            snapshots,
            compiler: Mutex::new(compiler),
            opening,
            shutdown,
            worker: Some(worker),
            log: Some((log, audit_log)),
            log_path,
            audit_path,
            runtime,
        }
    }
}

impl TestProxy {
    pub(crate) fn publish(&self, config: Config) {
        self.snapshots
            .store(self.compiler.lock().unwrap().compile(2, Arc::new(config)));
    }

    /// A client's connection.
    pub(crate) fn connect(&self) -> Client {
        Client::to(self.address)
    }

    /// Sends bytes on a connection of their own, closes the sending side, and returns all that comes.
    pub(crate) fn ask(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut client = self.connect();
        client.send(bytes);
        client.rest()
    }

    /// Has other exchanges served by the one worker, so many that one which is under way has gone as far
    /// as it can without anything else from outside.
    pub(crate) fn settle(&self) {
        for _ in 0..20 {
            let answer =
                self.ask("GET /nowhere HTTP/1.1\r\nHost: nobody\r\nConnection: close\r\n\r\n");
            assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
        }
    }

    /// Shuts down at once and returns the access log.
    pub(crate) fn into_log(self) -> String {
        self.into_logs().0
    }

    /// The same, and the audit log.
    pub(crate) fn into_logs(mut self) -> (String, String) {
        self.stop();
        let (log, audit) = self.log.take().unwrap();
        assert!(log.finish(PATIENCE) && audit.finish(PATIENCE));
        let read = |path| std::fs::read_to_string(path).unwrap();
        (read(&self.log_path), read(&self.audit_path))
    }

    /// Shuts down in order, in so much time.
    pub(crate) fn shut_down(mut self, delay: Duration, grace: Duration) -> Ended {
        let schedule = Schedule { delay, grace };
        let ended = self
            .runtime
            .block_on(self.shutdown.run(schedule, std::future::pending()));
        self.worker.take().unwrap().join().unwrap();
        ended
    }

    fn stop(&mut self) {
        if let Some(worker) = self.worker.take() {
            let schedule = Schedule {
                delay: Duration::ZERO,
                grace: Duration::ZERO,
            };
            self.runtime
                .block_on(self.shutdown.run(schedule, std::future::pending()));
            worker.join().unwrap();
        }
    }
}

impl Drop for TestProxy {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.stop();
        }
    }
}

/// One connection of a client.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    unread: Vec<u8>,
}

impl Client {
    pub(crate) fn to(address: SocketAddr) -> Self {
        Self::new(TcpStream::connect(address).unwrap())
    }

    pub(crate) fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            unread: Vec::new(),
        }
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        // A proxy that has refused may have closed already.
        let _ = self.stream.write_all(bytes.as_ref());
    }

    /// Everything until the other side closes.
    pub(crate) fn rest(&mut self) -> String {
        let mut bytes = std::mem::take(&mut self.unread);
        // A reset after the answer is an end, too.
        let _ = self.stream.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Everything up to and including `mark`.
    pub(crate) fn until(&mut self, mark: &str) -> String {
        loop {
            let text = &self.unread;
            if let Some(at) = text.windows(mark.len()).position(|w| w == mark.as_bytes()) {
                let rest = self.unread.split_off(at + mark.len());
                let head = std::mem::replace(&mut self.unread, rest);
                return String::from_utf8_lossy(&head).into_owned();
            }
            let mut piece = [0; 4096];
            let read = self.stream.read(&mut piece).unwrap_or(0);
            assert!(
                read > 0,
                "the other side closed before {mark:?}; it said {:?}",
                String::from_utf8_lossy(&self.unread)
            );
            self.unread.extend_from_slice(&piece[..read]);
        }
    }

    /// A response with `Content-Length`, or without a body: its head and its body.
    pub(crate) fn response(&mut self) -> (String, String) {
        let head = self.until("\r\n\r\n");
        let body = self.exactly(content_length(&head));
        (head, body)
    }

    pub(crate) fn exactly(&mut self, length: usize) -> String {
        String::from_utf8(self.exactly_bytes(length)).unwrap()
    }

    pub(crate) fn exactly_bytes(&mut self, length: usize) -> Vec<u8> {
        let bytes = self.bytes_at_most(length);
        assert_eq!(bytes.len(), length, "the other side closed within a body");
        bytes
    }

    /// So many bytes, or fewer if the other side closes.
    pub(crate) fn at_most(&mut self, length: usize) -> String {
        String::from_utf8(self.bytes_at_most(length)).unwrap()
    }

    fn bytes_at_most(&mut self, length: usize) -> Vec<u8> {
        while self.unread.len() < length {
            let mut piece = [0; 4096];
            let read = self.stream.read(&mut piece).unwrap_or(0);
            if read == 0 {
                break;
            }
            self.unread.extend_from_slice(&piece[..read]);
        }
        let rest = self.unread.split_off(length.min(self.unread.len()));
        std::mem::replace(&mut self.unread, rest)
    }

    /// The head of the next request; `None` at the end.
    pub(crate) fn head(&mut self) -> Option<String> {
        if self.unread.is_empty() {
            let mut byte = [0; 1];
            if self.stream.read(&mut byte).unwrap_or(0) == 0 {
                return None;
            }
            self.unread.push(byte[0]);
        }
        Some(self.until("\r\n\r\n"))
    }

    pub(crate) fn finish_sending(&self) {
        // The other side may have gone already, and that is for the test to see.
        if let Err(error) = self.stream.shutdown(net::Shutdown::Write) {
            assert_eq!(error.kind(), io::ErrorKind::NotConnected);
        }
    }

    /// Waits until the other side closes; whether it does, without having said more.
    pub(crate) fn is_closed(&mut self) -> bool {
        let is_silence = |error: &io::Error| {
            matches!(
                error.kind(),
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
            )
        };
        match self.stream.read(&mut [0; 1]) {
            Ok(read) => read == 0 && self.unread.is_empty(),
            Err(error) => !is_silence(&error) && self.unread.is_empty(),
        }
    }
}

/// An upstream whose connections are each served by a script on a thread of its own.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Upstream {
    /// `script` is given each connection and its number, from 0.
    pub(crate) fn scripted(script: impl Fn(Client, usize) + Send + Sync + 'static) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").unwrap(), script)
    }

    /// The same, on a listener of the test's own making.
    pub(crate) fn on(
        listener: TcpListener,
        script: impl Fn(Client, usize) + Send + Sync + 'static,
    ) -> Self {
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let (script, counted) = (Arc::new(script), Arc::clone(&connections));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                let number = counted.fetch_add(1, Ordering::SeqCst);
                let script = Arc::clone(&script);
                std::thread::spawn(move || script(Client::new(stream), number));
            }
        });
        Self {
            address,
            connections,
        }
    }

    /// Answers every request with 200 and an account of what came: the head, then the body.
    pub(crate) fn mirror() -> Self {
        Self::scripted(|mut connection, _| {
            while let Some((head, body)) = read_request(&mut connection) {
                let account = format!("{head}{body}");
                let length = account.len();
                let body = if head.starts_with("HEAD ") {
                    ""
                } else {
                    &account
                };
                connection.send(format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}"
                ));
            }
        })
    }

    /// Answers every request with these bytes.
    pub(crate) fn answering(answer: &'static str) -> Self {
        Self::scripted(move |mut connection, _| {
            while read_request(&mut connection).is_some() {
                connection.send(answer);
            }
        })
    }

    /// How many connections were made to it.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// The next request: its head and its body as framed on the wire; `None` at the end.
pub(crate) fn read_request(connection: &mut Client) -> Option<(String, String)> {
    let head = connection.head()?;
    let lower = head.to_ascii_lowercase();
    let body = if lower.contains("transfer-encoding: chunked") {
        read_chunks(connection)
    } else {
        connection.exactly(content_length(&head))
    };
    Some((head, body))
}

/// What `Content-Length` says; 0 without one.
pub(crate) fn content_length(head: &str) -> usize {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, value)| value.trim().parse().unwrap())
}

/// Chunks and trailers, as they came.
fn read_chunks(connection: &mut Client) -> String {
    let mut body = String::new();
    loop {
        let line = connection.until("\r\n");
        body += &line;
        let length = usize::from_str_radix(line.trim_end(), 16).unwrap();
        if length == 0 {
            break;
        }
        body += &connection.exactly(length + 2);
    }
    loop {
        let line = connection.until("\r\n");
        body += &line;
        if line == "\r\n" {
            return body;
        }
    }
}

/// A configuration in the making.
#[derive(Default)]
pub(crate) struct Plan {
    pub(crate) options: Options,
    pub(crate) certificate_hosts: Vec<HostMatch>,
    /// The firewall of rules that are added from here on.
    pub(crate) firewall: Option<Arc<Firewall>>,
    default_firewall: Option<Arc<Firewall>>,
    routes: Vec<Route>,
    clusters: ClusterMap,
}

impl Plan {
    /// Everything goes to one upstream.
    pub(crate) fn to(upstream: &Upstream) -> Config {
        let mut plan = Self::default();
        plan.route("", "/", RoutePolicy::default(), &[upstream.address]);
        plan.config()
    }

    /// Rules that are added are behind this firewall.
    pub(crate) fn behind(firewall: Firewall) -> Self {
        Self {
            firewall: Some(Arc::new(firewall)),
            ..Self::default()
        }
    }

    /// Requests that no rule is for fall under this firewall.
    pub(crate) fn falling_under(firewall: Firewall) -> Self {
        Self {
            default_firewall: Some(Arc::new(firewall)),
            ..Self::default()
        }
    }

    /// Everything goes to these addresses, under this policy.
    pub(crate) fn with(policy: RoutePolicy, addresses: &[SocketAddr]) -> Self {
        let mut plan = Self::default();
        plan.route("", "/", policy, addresses);
        plan
    }

    pub(crate) fn route(
        &mut self,
        host: &str,
        prefix: &str,
        policy: RoutePolicy,
        to: &[SocketAddr],
    ) {
        self.route_over(Protocol::Http1, host, prefix, policy, to);
    }

    /// The same, to upstreams that speak this protocol.
    pub(crate) fn route_over(
        &mut self,
        protocol: Protocol,
        host: &str,
        prefix: &str,
        policy: RoutePolicy,
        to: &[SocketAddr],
    ) {
        let id = ClusterId(format!("default/{host}{prefix}").into());
        let mut endpoints: Vec<_> = to
            .iter()
            .map(|address| Endpoint { address: *address })
            .collect();
        endpoints.sort();
        let settings = ClusterSettings {
            id: id.clone(),
            source: UpstreamSource::Endpoints(endpoints.into()),
            protocol,
            tls: None,
            balancer: Balancer::RoundRobin,
            idle_timeout: Duration::from_secs(60),
        };
        self.clusters.insert(id.clone(), Arc::new(settings));
        let action = Action::Forward(Forward {
            cluster: id,
            cluster_over_tls: None,
        });
        self.rule(host, prefix, policy, action);
    }

    pub(crate) fn rule(&mut self, host: &str, prefix: &str, policy: RoutePolicy, action: Action) {
        let object = ObjectRef {
            kind: ObjectKind::Ingress,
            namespace: "default".into(),
            name: format!("test-{}", self.routes.len()).into(),
        };
        let meta = RuleMeta {
            object: object.clone(),
            service: "service".into(),
            service_port: "80".into(),
            host: host.into(),
            path: prefix.into(),
        };
        self.routes.push(Route {
            object,
            hosts: vec![if host.is_empty() {
                HostMatch::Any
            } else {
                HostMatch::Exact(host.into())
            }],
            rules: vec![Rule {
                matches: vec![Match::path(PathMatch::Prefix(prefix.into()))],
                policy: Arc::new(policy),
                firewall: self.firewall.clone(),
                action,
                meta: Arc::new(meta),
            }],
        });
    }

    pub(crate) fn config(self) -> Config {
        Config {
            routes: self.routes.into_iter().map(Arc::new).collect(),
            clusters: self.clusters,
            default_firewall: self.default_firewall,
            options: Arc::new(self.options),
            certificate_hosts: self.certificate_hosts,
            refused_hosts: Vec::new(),
            ..Config::default()
        }
    }
}
