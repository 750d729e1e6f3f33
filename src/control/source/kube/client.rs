//! Connections to the API server.

use std::{path::Path, time::Duration};

use kube::{
    Config,
    client::ClientBuilder,
    config::{InClusterError, KubeConfigOptions, Kubeconfig, KubeconfigError},
};
use thiserror::Error;
use tower::{Layer, limit::RateLimitLayer};

/// A connection to an API server; cheap to clone.
pub type Client = kube::Client;

const CONNECT: Duration = Duration::from_secs(5);
/// An answer or a watch that says nothing for so long is dead: bookmarks come every minute.
const SILENCE: Duration = Duration::from_secs(130);
/// Requests a second, all together: so that no fault of ours or of the server's becomes a flood.
const REQUESTS: u64 = 100;
/// Requests a second of one watch: kube begins a watch anew at once when it ends, and a page of a list
/// is a request too.
const REQUESTS_OF_WATCH: u64 = 10;

/// Why there is no way to the API server.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// The file that tells how is of no use.
    #[error("the kubeconfig {path}: {error}")]
    Kubeconfig {
        /// The file.
        path: String,
        /// What is wrong with it.
        #[source]
        error: KubeconfigError,
    },
    /// The process is in no pod.
    #[error("this is no pod of a cluster, and there is no --kubeconfig: {0}")]
    InCluster(#[from] InClusterError),
    /// The client cannot be made, for example because of a certificate that cannot be read.
    #[error("{0}")]
    Client(#[from] kube::Error),
}

/// Prepares requests to the API server that `kubeconfig` names, or to that of the cluster which the
/// process runs in. Whether it answers shows later. Needs a running runtime.
///
/// # Errors
/// When it cannot be told where it is or how to prove who asks.
pub async fn connect(kubeconfig: Option<&Path>) -> Result<Client, ConnectError> {
    let mut config = match kubeconfig {
        Some(path) => {
            let fault = |error| ConnectError::Kubeconfig {
                path: path.display().to_string(),
                error,
            };
            let read = Kubeconfig::read_from(path).map_err(fault)?;
            let options = KubeConfigOptions::default();
            Config::from_custom_kubeconfig(read, &options)
                .await
                .map_err(fault)?
        }
        None => Config::incluster()?,
    };
    config.connect_timeout = Some(CONNECT);
    config.read_timeout = Some(SILENCE);
    config.reset_reader_on_write = true;
    // Whoever asks has a back-off of their own.
    config.default_retry = false;
    // The client would take a provider of its own choice; an error means that there is one already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let limit = RateLimitLayer::new(REQUESTS, Duration::from_secs(1));
    Ok(ClientBuilder::try_from(config)?.with_layer(&limit).build())
}

/// The same connection for one watch, which cannot ask more often than it should.
pub(super) fn of_one_watch(client: &Client) -> Client {
    let inner = client.clone();
    let service = tower::service_fn(move |request| {
        let client = inner.clone();
        async move { client.send(request).await }
    });
    let limit = RateLimitLayer::new(REQUESTS_OF_WATCH, Duration::from_secs(1));
    Client::new(limit.layer(service), client.default_namespace())
}
