//! The workers, their sockets, and the publishing of snapshots to them.

use std::{
    collections::BTreeSet,
    io,
    net::SocketAddr,
    num::NonZeroUsize,
    sync::Arc,
    thread::{self, JoinHandle},
    time::SystemTime,
};

use anyhow::Context;
use arc_swap::ArcSwap;
use tokio::runtime::Handle;

use super::firewall_logs::FirewallLogs;
use crate::{
    admin::{Published, Status},
    config::{Options, Problem},
    control::reconcile::{self, Reconciled},
    proxy::{
        AccessLogWriter, BUFFERED_BYTES, Inspectors, Limits, Listener, Metrics, Opening,
        WorkerParts, run_worker,
    },
    shutdown::Shutdown,
    snapshot::{CompiledSets, Compiler, SnapshotHandle},
    tls::{Certificate, ServerAcceptor, ServerResolver},
    upstream::{IdleLimit, NameResolver, UpstreamOptions},
};

/// Idle connections to upstreams that the process keeps at the most.
const IDLE_UPSTREAM_CONNECTIONS: usize = 16_384;

/// Listening sockets, one of each address for each worker.
pub(super) struct Sockets {
    workers: Vec<Vec<Bound>>,
}

struct Bound {
    listener: Listener,
    address: SocketAddr,
    tls: bool,
}

/// Binds every address once for each worker, so that the kernel spreads connections over them.
///
/// # Errors
/// When an address is taken, or not this machine's.
pub(super) fn bind(
    http: &[SocketAddr],
    https: &[SocketAddr],
    workers: NonZeroUsize,
) -> anyhow::Result<Sockets> {
    let mut wanted: Vec<(SocketAddr, bool)> = Vec::new();
    wanted.extend(http.iter().map(|address| (*address, false)));
    wanted.extend(https.iter().map(|address| (*address, true)));
    let mut of_workers = Vec::with_capacity(workers.get());
    for _ in 0..workers.get() {
        let mut bound = Vec::with_capacity(wanted.len());
        for (address, tls) in &mut wanted {
            let listener =
                Listener::bind(*address).with_context(|| format!("cannot listen on {address}"))?;
            // With port 0 the kernel has chosen one, which the other workers share.
            *address = listener.local_addr()?;
            bound.push(Bound {
                listener,
                address: *address,
                tls: *tls,
            });
        }
        of_workers.push(bound);
    }
    Ok(Sockets {
        workers: of_workers,
    })
}

impl Sockets {
    /// The first plain address.
    pub(super) fn first_http(&self) -> Option<SocketAddr> {
        self.addresses()
            .find(|(_, tls)| !tls)
            .map(|(address, _)| address)
    }

    /// The first TLS address.
    pub(super) fn first_https(&self) -> Option<SocketAddr> {
        self.addresses()
            .find(|(_, tls)| *tls)
            .map(|(address, _)| address)
    }

    fn opening(&self) -> io::Result<Opening> {
        let bound = self.workers.iter().flatten();
        Opening::of(bound.map(|bound| &bound.listener))
    }

    fn addresses(&self) -> impl Iterator<Item = (SocketAddr, bool)> {
        self.workers
            .first()
            .into_iter()
            .flatten()
            .map(|bound| (bound.address, bound.tls))
    }
}

/// Compiles configurations and shows them to the workers and to those who look.
pub(super) struct Publisher {
    compiler: Compiler,
    snapshots: SnapshotHandle,
    resolver: Arc<ServerResolver>,
    status: Arc<Status>,
    metrics: Metrics,
    /// Opens the listeners when the first configuration is served.
    opening: Opening,
    /// The addresses that are not listened on yet, and whether over TLS.
    closed: Vec<(SocketAddr, bool)>,
    /// What was logged of rules, without places.
    logged: BTreeSet<Problem>,
}

impl Publisher {
    /// What publishes to those who serve on these sockets.
    ///
    /// # Errors
    /// When no descriptor is left.
    pub(super) fn new(
        status: Arc<Status>,
        metrics: Metrics,
        sockets: &Sockets,
    ) -> anyhow::Result<Self> {
        let opening = sockets.opening().context("cannot share the sockets")?;
        let self_signed = Arc::new(Certificate::self_signed());
        let of_rules = metrics.clone();
        let compiler = Compiler::new(self_signed, Box::new(move |meta| of_rules.series(meta).0));
        let empty = compiler.empty();
        Ok(Self {
            resolver: Arc::new(ServerResolver::new(Arc::clone(&empty.certificates))),
            snapshots: Arc::new(ArcSwap::new(empty)),
            compiler,
            status,
            metrics,
            opening,
            closed: sockets.addresses().collect(),
            logged: BTreeSet::new(),
        })
    }

    /// Compiles a configuration that is new and gives it to the workers; shows it and its problems. The
    /// first one opens the listeners.
    ///
    /// # Errors
    /// When an address cannot be listened on.
    pub(super) fn publish(&mut self, reconciled: Reconciled) -> anyhow::Result<()> {
        let Reconciled {
            generation,
            config,
            problems,
            stale,
        } = reconciled;
        let shown = self
            .status
            .published()
            .filter(|before| before.generation == generation);
        let is_new = shown.is_none();
        if is_new {
            let snapshot = self.compiler.compile(generation, Arc::clone(&config));
            self.resolver.publish(Arc::clone(&snapshot.certificates));
            self.snapshots.store(snapshot);
            self.metrics.follow(Arc::clone(&config));
        }
        self.open()?;
        // What is wrong with rules shows when they are compiled.
        let of_rules = self.compiler.problems();
        if is_new {
            reconcile::log_changes(&mut self.logged, of_rules);
        }
        let problems: Arc<[Problem]> = problems.iter().chain(of_rules).cloned().collect();
        let count = problems.len();
        self.status.publish(Published {
            generation,
            at: shown.map_or_else(SystemTime::now, |before| before.at),
            config,
            problems,
            firewalls: self.compiler.firewall_states(),
            stale,
        });
        // Last, so that whoever reads it finds everything as it says.
        if is_new {
            tracing::info!(generation, problems = count, "serving a new configuration");
        }
        Ok(())
    }

    /// The rule sets of the firewalls that are in force.
    pub(super) fn compiled_sets(&self) -> CompiledSets {
        self.compiler.compiled_sets()
    }

    /// Has connections come in, if they do not yet.
    fn open(&mut self) -> anyhow::Result<()> {
        self.opening.open().context("cannot listen")?;
        for (address, tls) in self.closed.drain(..) {
            tracing::info!(%address, tls, "listening");
        }
        Ok(())
    }
}

/// The running workers.
pub(super) struct Workers(Vec<JoinHandle<()>>);

impl Workers {
    /// Starts a thread for each worker's sockets.
    ///
    /// # Errors
    /// When TLS or a thread cannot be had.
    pub(super) fn start(
        sockets: Sockets,
        publisher: &Publisher,
        (log, firewall_logs, metrics, shutdown): (
            &AccessLogWriter,
            &FirewallLogs,
            &Metrics,
            &Shutdown,
        ),
        limits: &Arc<Limits>,
        control: &Handle,
    ) -> anyhow::Result<Self> {
        let tls = ServerAcceptor::new(&publisher.resolver)?;
        let mut random = fastrand::Rng::new();
        let names = NameResolver::new(
            control.clone(),
            shutdown.tasks().clone(),
            sockets.addresses().map(|(address, _)| address).collect(),
            random.fork(),
        );
        let idle_limit = Arc::new(IdleLimit::new(IDLE_UPSTREAM_CONNECTIONS));
        let count = NonZeroUsize::new(sockets.workers.len()).unwrap_or(NonZeroUsize::MIN);
        let inspectors = Inspectors::start(count, BUFFERED_BYTES)
            .context("cannot start threads for inspections")?;
        let mut threads = Vec::with_capacity(sockets.workers.len());
        for (number, bound) in sockets.workers.into_iter().enumerate() {
            let listeners = bound.into_iter().map(
                |Bound {
                     listener,
                     tls: is_tls,
                     ..
                 }| {
                    if is_tls {
                        listener.with_tls(tls.clone())
                    } else {
                        listener
                    }
                },
            );
            let parts = WorkerParts {
                snapshots: Arc::clone(&publisher.snapshots),
                listeners: listeners.collect(),
                opened: publisher.opening.watch(),
                upstreams: UpstreamOptions {
                    idle_per_endpoint: Options::default().upstream_idle_connections,
                    idle_limit: Arc::clone(&idle_limit),
                    tasks: shutdown.tasks().clone(),
                    random: random.fork(),
                },
                names: names.clone(),
                log: log.worker(),
                metrics: metrics.worker(),
                inspectors: inspectors.clone(),
                firewall_log: firewall_logs.worker(log),
                limits: Arc::clone(limits),
                stage: shutdown.watch(),
                tasks: shutdown.tasks().clone(),
            };
            let work = move || {
                if let Err(error) = run_worker(parts) {
                    tracing::error!(%error, "a worker cannot run");
                }
            };
            let thread = thread::Builder::new()
                .name(format!("worker-{number}"))
                .spawn(work);
            threads.push(thread.context("cannot start a worker")?);
        }
        Ok(Self(threads))
    }

    /// Waits for their end.
    pub(super) fn join(self) {
        for thread in self.0 {
            if thread.join().is_err() {
                tracing::error!("a worker has ended in a panic");
            }
        }
    }
}
