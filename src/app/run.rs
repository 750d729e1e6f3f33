//! `run`: the way up, and the way down.

use std::{
    io::Write,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::Context;
use prometheus::Registry;
use tokio::{runtime::Runtime, sync::oneshot};

use super::{
    admission::Webhook,
    demo,
    firewall_logs::{FirewallLogSettings, FirewallLogs},
    kubernetes::{Cluster, ClusterOptions, Outcomes},
    options::{FollowedOptions, OptionsSource, ReadOptions},
    pressure,
    serving::{self, Publisher, Workers},
    sources,
};
use crate::{
    admin::{
        self, AdminEndpoints, BuildInfo, ConfigMetrics, DroppedLines, Endpoints, ProcessMetrics,
        Status, StatusEndpoints,
    },
    cli::{KubernetesSettings, RunSettings},
    control::{
        Store, View,
        admission::JudgeSettings,
        reconcile::reconcile,
        source::files::FileSource,
        status::Outcome,
        translate::{TranslateSettings, Translator},
    },
    proxy::{AccessLogWriter, Limits, Metrics},
    shutdown::{EndSignals, Ended, ReopenSignals, Schedule, Shutdown, Stage},
    snapshot::CompiledSets,
    telemetry,
};

/// How long the last lines of the access log may take to be written.
const LOG_GRACE: Duration = Duration::from_secs(5);

/// Serves until a signal asks to end.
///
/// # Errors
/// When something cannot be started: a socket, a file of options, a thread.
pub(super) fn run(settings: RunSettings) -> anyhow::Result<()> {
    let RunSettings {
        kubernetes,
        source,
        demo,
        http,
        https,
        status: status_address,
        admin: admin_address,
        workers,
        access_log,
        waf_log,
        waf_log_format,
        waf_audit_log,
        waf_audit_log_format,
        shutdown_delay,
        shutdown_grace,
        log,
    } = settings;
    telemetry::start(&log).context("cannot start logging")?;
    let options = ReadOptions::read(source.options.as_deref())?;
    let runtime = control_runtime()?;
    let shutdown = Shutdown::new();
    let status = Arc::new(Status::default());
    let metrics = Metrics::new();
    let log = AccessLogWriter::start(&access_log).context("cannot open the access log")?;
    let of_firewall = FirewallLogSettings {
        findings: waf_log,
        format: waf_log_format,
        audit: waf_audit_log,
        audit_format: waf_audit_log_format,
    };
    let firewall_logs = FirewallLogs::start(&of_firewall, &access_log)
        .context("cannot open the firewall's logs")?;
    let registry = registry(&metrics, &status, (&log, &firewall_logs))?;

    let mut translating = sources::translate_settings(&source, options.options.clone());
    sources::require_rules(&translating)?;
    let options = Arc::new(FollowedOptions::new(options));
    if demo {
        translating.stand_ins = demo::start(runtime.handle(), &shutdown)?;
    }
    let sockets = serving::bind(&http, &https, workers)?;
    let (http, https) = (sockets.first_http(), sockets.first_https());
    translating.https_port = https.map(|address| address.port());
    let publisher = Publisher::new(Arc::clone(&status), metrics.clone(), &sockets)?;
    let limits = Arc::new(Limits::default());
    let workers = Workers::start(
        sockets,
        &publisher,
        (&log, &firewall_logs, &metrics, &shutdown),
        &limits,
        runtime.handle(),
    )?;

    let store = Arc::new(Store::default());
    let cluster = match &kubernetes {
        Some(settings) => Some(Cluster::prepare(
            settings,
            &mut translating,
            runtime.handle(),
        )?),
        None => None,
    };
    if let Some(cluster) = &cluster {
        registry.register(Box::new(cluster.metrics()))?;
    }
    let outcomes = cluster.as_ref().map(Cluster::outcomes);
    let watch = match &kubernetes {
        Some(_) => None,
        None => Some(
            FileSource::new(source.paths)
                .watch(Arc::clone(&store))
                .context("cannot watch the manifests")?,
        ),
    };
    let options_source = match &kubernetes {
        Some(settings) => {
            OptionsSource::Cluster(Box::new(ClusterOptions::new(settings.config_map.as_ref())))
        }
        None => OptionsSource::File(Arc::clone(&options)),
    };
    let rules_watch = translating
        .rule_folders
        .watch(Arc::clone(&store))
        .context("cannot watch the firewall's rules")?;
    let webhook = match (&kubernetes, &cluster) {
        (Some(settings), Some(cluster)) => {
            let judging = judging(settings, (&store, &translating), publisher.compiled_sets());
            let webhook = settings.admission.as_ref();
            webhook
                .map(|it| Webhook::start(it, judging, cluster, &shutdown))
                .transpose()?
        }
        _ => None,
    };
    if let Some(webhook) = &webhook {
        registry.register(Box::new(webhook.metrics()))?;
    }
    let (published, first) = oneshot::channel();
    let configuring = start_configuring(
        Arc::clone(&store),
        translating,
        options_source,
        publisher,
        (&shutdown, Arc::clone(&status)),
        (published, outcomes),
    )?;
    let judging = runtime.block_on(async {
        let mut listeners = tokio::task::JoinSet::new();
        let on_status: Arc<dyn Endpoints> = Arc::new(StatusEndpoints {
            status: Arc::clone(&status),
            metrics: registry,
        });
        let on_admin: Arc<dyn Endpoints> = Arc::new(AdminEndpoints {
            status: Arc::clone(&status),
        });
        for (address, endpoints) in [(status_address, on_status), (admin_address, on_admin)] {
            let Some(address) = address else { continue };
            let listener = tokio::net::TcpListener::bind(address)
                .await
                .with_context(|| format!("cannot listen on {address}"))?;
            tracing::info!(address = %listener.local_addr()?, "telling how it is");
            listeners.spawn(admin::serve(listener, endpoints));
        }
        let (_reviewing, judging) = match webhook {
            Some(webhook) => webhook.listen().await.map(|(a, b)| (Some(a), Some(b)))?,
            None => (None, None),
        };
        let cluster = cluster.map(|cluster| cluster.follow(&store));
        let mut signals = EndSignals::listen()?;
        let mut reopen = ReopenSignals::listen()?;
        let announce = async {
            match first.await {
                Ok(Err(error)) => return error,
                Ok(Ok(())) if demo => {
                    // Without a terminal nobody is there to try it.
                    let _ = std::io::stderr().write_all(demo::hints(http, https).as_bytes());
                }
                Ok(Ok(())) | Err(_) => {}
            }
            std::future::pending().await
        };
        let reopening = async {
            loop {
                reopen.next().await;
                log.reopen();
                firewall_logs.reopen();
            }
        };
        let following = async {
            if let Some(path) = source.options {
                options.follow(path, Arc::clone(&store)).await;
            }
            std::future::pending::<()>().await;
        };
        let pressure = async {
            pressure::watch(limits).await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = signals.next() => {}
            error = announce => return Err(error),
            () = reopening => {}
            () = following => {}
            () = pressure => {}
        }
        status.start_draining();
        let schedule = Schedule {
            delay: shutdown_delay,
            grace: shutdown_grace,
        };
        let telling = async {
            match cluster {
                Some(cluster) => Some(cluster.finish().await),
                None => None,
            }
        };
        let (ended, _cluster) = tokio::join!(shutdown.run(schedule, signals.next()), telling);
        tracing::info!(how = ?ended, "ended");
        if ended == Ended::GraceOver {
            tracing::warn!("some exchanges were aborted when the grace was over");
        }
        anyhow::Ok(judging)
    })?;
    drop(watch);
    drop(rules_watch);
    workers.join();
    // Its thread looks at the stage, which is past its end now.
    let _ = configuring.join();
    if let Some(judging) = judging {
        // So does this one.
        let _ = judging.join();
    }
    if !firewall_logs.finish(LOG_GRACE) {
        tracing::warn!("the last lines of the firewall's logs were not written");
    }
    if !log.finish(LOG_GRACE) {
        tracing::warn!("the last lines of the access log were not written");
    }
    Ok(())
}

fn control_runtime() -> anyhow::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("control")
        .enable_all()
        .build()
        .context("cannot start the control runtime")
}

fn registry(
    metrics: &Metrics,
    status: &Arc<Status>,
    (log, firewall_logs): (&AccessLogWriter, &FirewallLogs),
) -> anyhow::Result<Registry> {
    let registry = Registry::new();
    registry.register(Box::new(metrics.clone()))?;
    let [findings, audit] = firewall_logs.dropped_counters();
    registry.register(Box::new(ConfigMetrics::new(
        Arc::clone(status),
        DroppedLines {
            access: Box::new(log.dropped_counter()),
            findings,
            audit,
        },
    )))?;
    registry.register(Box::new(ProcessMetrics::new()))?;
    registry.register(Box::new(BuildInfo::new()))?;
    Ok(registry)
}

/// What the admission webhook goes by.
fn judging(
    settings: &KubernetesSettings,
    (store, translating): (&Arc<Store>, &TranslateSettings),
    sets: CompiledSets,
) -> JudgeSettings {
    let mut options = ClusterOptions::new(settings.config_map.as_ref());
    JudgeSettings {
        store: Arc::clone(store),
        translating: translating.clone(),
        options: Box::new(move |objects| options.of(objects).options),
        sets,
        namespaces: settings.namespaces.clone(),
    }
}

/// Starts the thread that turns what the store holds into what is served. Translation and compilation
/// may take a while with many objects; they keep nobody waiting there.
fn start_configuring(
    store: Arc<Store>,
    translating: TranslateSettings,
    mut options: OptionsSource,
    mut publisher: Publisher,
    (shutdown, status): (&Shutdown, Arc<Status>),
    (published, outcomes): (oneshot::Sender<anyhow::Result<()>>, Option<Outcomes>),
) -> anyhow::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut stage = shutdown.watch();
    let mut published = Some(published);
    let shown = Arc::clone(&status);
    let settled = move |view: &View| {
        if let (Some(outcomes), Some(published)) = (&outcomes, shown.published()) {
            outcomes.send_replace(Some(Arc::new(Outcome {
                objects: view.objects.clone(),
                problems: Arc::clone(&published.problems),
                is_stale: view.stale.is_some(),
            })));
        }
    };
    let work = move || {
        let mut translator = Translator::new(translating);
        let reconciling = reconcile(
            store,
            move |objects| {
                let ReadOptions { options, problems } = options.of(objects);
                translator.follow(options);
                let mut translation = translator.translate(objects);
                translation.problems.extend(problems);
                translation
            },
            move |reconciled| {
                // Only the first one can fail.
                let done = publisher.publish(reconciled);
                if let Some(published) = published.take() {
                    // Nobody waits for it any more when the process is on its way down.
                    let _ = published.send(done);
                }
            },
            settled,
        );
        let following = catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(async {
                tokio::select! {
                    never = reconciling => match never {},
                    () = stage.reached(Stage::Aborted) => {}
                }
            });
        }));
        if following.is_err() {
            status.publish_failed();
            tracing::error!("changes are not followed any more; what was published last is served");
        }
    };
    thread::Builder::new()
        .name("configuration".into())
        .spawn(work)
        .context("cannot start the configuration thread")
}
