//! The arguments of `run` that are about a cluster.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;

use super::{
    settings::{AdmissionCertificate, AdmissionSettings, KubernetesSettings, PublishedAs},
    values,
};

/// What is set where nothing else is said: the name by which IngressClasses know the program.
const CONTROLLER: &str = "portcullis.dev/ingress-controller";

#[derive(Args, Debug)]
#[command(next_help_heading = "In a cluster")]
pub(super) struct KubernetesArguments {
    /// Serve the objects of a cluster: the one that the process runs in, unless --kubeconfig is given
    #[arg(long, conflicts_with_all = ["filename", "config", "demo"])]
    kubernetes: bool,
    /// How to reach the API server
    #[arg(long, value_name = "FILE", conflicts_with = "filename")]
    kubeconfig: Option<PathBuf>,
    /// A namespace to watch; may be repeated [default: every one]
    #[arg(long, value_name = "NAMESPACE", conflicts_with = "filename")]
    namespace: Vec<String>,
    /// Serve the classes whose IngressClass names this controller
    #[arg(long, value_name = "NAME", default_value = CONTROLLER)]
    controller: String,
    /// The Service whose addresses are told as those of Ingresses
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = values::namespaced_name,
        conflicts_with_all = ["filename", "publish_address"])]
    publish_service: Option<(String, String)>,
    /// An address or a name to tell as that of Ingresses; may be repeated
    #[arg(long, value_name = "ADDRESS", conflicts_with = "filename")]
    publish_address: Vec<String>,
    /// Take the addresses back from Ingresses at the end
    #[arg(long, conflicts_with = "filename")]
    clear_status: bool,
    /// Where replicas agree on who writes [default: the namespace of the pod]
    #[arg(long, value_name = "NAMESPACE", conflicts_with = "filename")]
    election_namespace: Option<String>,
    /// The name of the Lease with which they do
    #[arg(long, value_name = "NAME", default_value = "portcullis-leader")]
    election_id: String,
    /// The pod that the process is [default: $POD_NAMESPACE/$POD_NAME]
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = values::namespaced_name,
        conflicts_with = "filename")]
    pod: Option<(String, String)>,
    /// A ConfigMap with options for the whole proxy, under the keys of ingress-nginx's
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = values::namespaced_name,
        conflicts_with = "filename")]
    configmap: Option<(String, String)>,
    /// Where the last good objects are kept, for a start while the API server is away
    #[arg(long, value_name = "DIR", conflicts_with = "filename")]
    state_dir: Option<PathBuf>,
    /// Keep private keys there too; without them such a start refuses TLS handshakes
    #[arg(long, requires = "state_dir")]
    state_keys: bool,
    /// Send requests to Services' cluster IPs, where pods' addresses cannot be reached
    #[arg(long, conflicts_with = "filename")]
    service_upstream: bool,
    /// The zone that the process runs in, for EndpointSlices' hints
    #[arg(long, value_name = "ZONE", conflicts_with = "filename")]
    zone: Option<String>,
    /// Where to listen for admission reviews of Ingresses and policies, over TLS [default: nowhere]
    #[arg(long, value_name = "ADDR", conflicts_with = "filename")]
    admission: Option<SocketAddr>,
    /// The certificate to listen with [default: one that the leader makes]
    #[arg(
        long,
        value_name = "FILE",
        requires = "admission",
        requires = "admission_key"
    )]
    admission_cert: Option<PathBuf>,
    /// Its key
    #[arg(long, value_name = "FILE", requires = "admission_cert")]
    admission_key: Option<PathBuf>,
    /// The Secret that the leader keeps its certificate in, beside the Lease
    #[arg(long, value_name = "NAME", default_value = "portcullis-admission")]
    admission_secret: String,
    /// The ValidatingWebhookConfiguration that the leader tells of it
    #[arg(long, value_name = "NAME", default_value = "portcullis-admission")]
    admission_configuration: String,
}

impl KubernetesArguments {
    pub(super) fn into_settings(self) -> Option<KubernetesSettings> {
        let Self {
            kubernetes,
            kubeconfig,
            namespace,
            controller,
            publish_service,
            publish_address,
            clear_status,
            election_namespace,
            election_id,
            pod,
            configmap,
            state_dir,
            state_keys,
            service_upstream,
            zone,
            admission,
            admission_cert,
            admission_key,
            admission_secret,
            admission_configuration,
        } = self;
        let certificate = match admission_cert.zip(admission_key) {
            Some((certificate, key)) => AdmissionCertificate::Files(certificate, key),
            None => AdmissionCertificate::Made {
                secret: admission_secret,
                configuration: admission_configuration,
            },
        };
        let published_as = match publish_service {
            Some((namespace, name)) => PublishedAs::Service(namespace, name),
            None if publish_address.is_empty() => PublishedAs::Nodes,
            None => PublishedAs::Addresses(publish_address),
        };
        kubernetes.then(|| KubernetesSettings {
            kubeconfig,
            namespaces: namespace,
            controller,
            published_as,
            clear_status,
            election_namespace,
            election_id,
            pod: pod.or_else(own_pod),
            config_map: configmap,
            state_dir,
            state_keys,
            service_upstream,
            zone: zone.filter(|zone| !zone.is_empty()),
            admission: admission.map(|address| AdmissionSettings {
                address,
                certificate,
            }),
        })
    }
}

/// As the downward API tells it, under the names that ingress-nginx's manifests use.
#[allow(
    clippy::disallowed_methods,
    reason = "this is where the environment is read"
)]
fn own_pod() -> Option<(String, String)> {
    let namespace = std::env::var("POD_NAMESPACE").ok()?;
    let name = std::env::var("POD_NAME").ok()?;
    (!namespace.is_empty() && !name.is_empty()).then_some((namespace, name))
}
