//! The admission webhook: a thread that judges, and the tasks that take reviews in.

use std::{
    net::SocketAddr,
    sync::Arc,
    thread::{self, JoinHandle},
    time::SystemTime,
};

use anyhow::Context;
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

use super::kubernetes::Cluster;
use crate::{
    cli::{AdmissionCertificate, AdmissionSettings},
    control::{
        admission::{
            self, Desk, FileCertificate, Issuer, Judge, JudgeSettings, ShownCertificate, Waiting,
        },
        metrics::AdmissionMetrics,
    },
    shutdown::{Shutdown, Stage},
};

/// A webhook that judges, and does not listen yet.
pub(super) struct Webhook {
    address: SocketAddr,
    source: CertificateSource,
    shown: ShownCertificate,
    desk: Desk,
    judging: JoinHandle<()>,
}

enum CertificateSource {
    Files(FileCertificate),
    Made(Issuer, watch::Receiver<bool>),
}

impl Webhook {
    /// Starts the thread that judges.
    ///
    /// # Errors
    /// A certificate that is given cannot be used, or the system gives no thread.
    pub(super) fn start(
        settings: &AdmissionSettings,
        judging: JudgeSettings,
        cluster: &Cluster,
        shutdown: &Shutdown,
    ) -> anyhow::Result<Self> {
        let AdmissionSettings {
            address,
            certificate,
        } = settings;
        let shown = ShownCertificate::default();
        let source = match certificate {
            AdmissionCertificate::Files(certificate, key) => {
                let files = FileCertificate {
                    certificate: certificate.clone(),
                    key: key.clone(),
                };
                files
                    .show(&shown)
                    .context("the certificate of the admission webhook")?;
                CertificateSource::Files(files)
            }
            AdmissionCertificate::Made {
                secret,
                configuration,
            } => {
                let (client, namespace, leads) = cluster.for_issuer();
                let issuer = Issuer {
                    client,
                    namespace,
                    secret: secret.clone(),
                    configuration: configuration.clone(),
                    clock: Arc::new(SystemTime::now),
                };
                CertificateSource::Made(issuer, leads)
            }
        };
        let (desk, waiting) = admission::desk();
        Ok(Self {
            address: *address,
            source,
            shown,
            desk,
            judging: start_judging(judging, waiting, shutdown)?,
        })
    }

    /// How reviews end, as metrics.
    pub(super) fn metrics(&self) -> AdmissionMetrics {
        AdmissionMetrics::new(Arc::clone(self.desk.counts()), self.shown.clone())
    }

    /// Takes reviews in until what it gives is dropped, and gives the thread to wait for at the end.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub(super) async fn listen(self) -> anyhow::Result<(JoinSet<()>, JoinHandle<()>)> {
        let Self {
            address,
            source,
            shown,
            desk,
            judging,
        } = self;
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address}"))?;
        tracing::info!(address = %listener.local_addr()?, "reviewing");
        let mut tasks = JoinSet::new();
        let shows = shown.clone();
        match source {
            CertificateSource::Files(files) => {
                tasks.spawn(async move { match files.follow(shows).await {} });
            }
            CertificateSource::Made(issuer, leads) => {
                tasks.spawn(async move { match issuer.run(leads, shows).await {} });
            }
        }
        tasks.spawn(async move {
            match admission::serve(listener, &shown, desk).await {
                Ok(never) => match never {},
                Err(error) => tracing::error!(%error, "there are no admission reviews"),
            }
        });
        Ok((tasks, judging))
    }
}

fn start_judging(
    settings: JudgeSettings,
    waiting: Waiting,
    shutdown: &Shutdown,
) -> anyhow::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut stage = shutdown.watch();
    let work = move || {
        runtime.block_on(async {
            tokio::select! {
                never = admission::attend(Judge::new(settings), waiting) => match never {},
                () = stage.reached(Stage::Aborted) => {}
            }
        });
    };
    thread::Builder::new()
        .name("admission".into())
        .spawn(work)
        .context("cannot start the admission thread")
}
