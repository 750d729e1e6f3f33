//! What was asked for on the command line, as plain data.

use std::{
    net::{IpAddr, SocketAddr},
    num::NonZeroUsize,
    path::PathBuf,
    time::Duration,
};

use clap_complete::Shell;

use crate::{proxy::AccessLogDestination, telemetry::LogSettings};

/// A command with its settings.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Serve.
    Run(Box<RunSettings>),
    /// Print what is wrong with manifests.
    Check(CheckSettings),
    /// Try the firewall's rules.
    Waf(Box<WafCommand>),
    /// Answer every request with an account of it.
    Echo(EchoSettings),
    /// Print the version.
    Version,
    /// Print a completion script.
    Completions(Shell),
    /// Print a manual page: that of the command of these words, or without any the program's.
    Man(Vec<String>),
}

/// What to read and how to understand it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSettings {
    /// Files and folders of manifests; none where the objects are a cluster's.
    pub paths: Vec<PathBuf>,
    /// A file with the options that ingress-nginx's ConfigMap has.
    pub options: Option<PathBuf>,
    /// The classes that are served; empty: every one.
    pub ingress_classes: Vec<String>,
    /// Namespace and name of the Secret whose certificate is served where no other one is.
    pub default_tls: Option<(String, String)>,
    /// Serve rules whose access-control annotations are not implemented, instead of denying.
    pub permit_unsupported_access_control: bool,
    /// A host belongs to the namespace of the oldest Ingress that has it.
    pub strict_hosts: bool,
    /// The firewall of everything that no policy sets one for.
    pub waf: Option<WafSettings>,
}

/// The firewall that is set without a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WafSettings {
    /// A folder of rules, or `builtin`.
    pub rules: PathBuf,
    /// Whether requests are refused.
    pub mode: WafMode,
}

/// Whether the firewall refuses requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum WafMode {
    /// What rules would refuse is logged, and passes.
    #[default]
    Detect,
    /// Rules are obeyed.
    Block,
}

/// How the firewall's log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum WafLogFormat {
    /// One JSON object an exchange that matched.
    #[default]
    Json,
    /// The lines of ModSecurity's error log.
    Modsecurity,
}

/// How the firewall's audit log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum WafAuditLogFormat {
    /// One JSON object an exchange, as ModSecurity 3 has it.
    #[default]
    Json,
    /// ModSecurity's sections.
    Native,
}

/// A cluster whose objects are served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubernetesSettings {
    /// How to reach its API server; `None`: as a pod in it does.
    pub kubeconfig: Option<PathBuf>,
    /// The namespaces that are watched; empty: every one.
    pub namespaces: Vec<String>,
    /// The controller that IngressClasses name.
    pub controller: String,
    /// What is told as the addresses of Ingresses.
    pub published_as: PublishedAs,
    /// Take the addresses back at the end.
    pub clear_status: bool,
    /// Where replicas agree on who writes; `None`: the pod's namespace.
    pub election_namespace: Option<String>,
    /// The Lease's name.
    pub election_id: String,
    /// Namespace and name of the pod that the process is.
    pub pod: Option<(String, String)>,
    /// Namespace and name of the ConfigMap with options for the whole proxy.
    pub config_map: Option<(String, String)>,
    /// Where the last good objects are kept.
    pub state_dir: Option<PathBuf>,
    /// Whether private keys are kept too.
    pub state_keys: bool,
    /// Reach Services at their cluster IPs.
    pub service_upstream: bool,
    /// The zone that the process runs in.
    pub zone: Option<String>,
    /// The admission webhook; `None`: there is none.
    pub admission: Option<AdmissionSettings>,
}

/// The admission webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdmissionSettings {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where its certificate comes from.
    pub certificate: AdmissionCertificate,
}

/// Where the certificate of the admission webhook comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdmissionCertificate {
    /// These files hold it and its key.
    Files(PathBuf, PathBuf),
    /// The leader makes it.
    Made {
        /// The Secret that it is kept in, where replicas agree on who writes.
        secret: String,
        /// The ValidatingWebhookConfiguration that is told its authority.
        configuration: String,
    },
}

/// Where the addresses of Ingresses come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublishedAs {
    /// Namespace and name of a Service.
    Service(String, String),
    /// These addresses and names.
    Addresses(Vec<String>),
    /// The nodes that the pods of the program run on.
    Nodes,
}

/// Settings of `run`.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSettings {
    /// The cluster to serve; `None`: manifests from disk.
    pub kubernetes: Option<KubernetesSettings>,
    /// What to serve.
    pub source: SourceSettings,
    /// Start built-in backends for the quickstart's Services.
    pub demo: bool,
    /// Plain listeners.
    pub http: Vec<SocketAddr>,
    /// TLS listeners.
    pub https: Vec<SocketAddr>,
    /// Health, readiness and metrics; `None`: not served.
    pub status: Option<SocketAddr>,
    /// Configuration and problems; `None`: not served.
    pub admin: Option<SocketAddr>,
    /// Worker threads.
    pub workers: NonZeroUsize,
    /// Where the access log goes.
    pub access_log: AccessLogDestination,
    /// Where the firewall's log goes.
    pub waf_log: AccessLogDestination,
    /// How it is written there.
    pub waf_log_format: WafLogFormat,
    /// Where the firewall's audit log goes.
    pub waf_audit_log: AccessLogDestination,
    /// How it is written there.
    pub waf_audit_log_format: WafAuditLogFormat,
    /// From not being ready to not accepting any more.
    pub shutdown_delay: Duration,
    /// From not accepting any more to the end, whatever is still open.
    pub shutdown_grace: Duration,
    /// The program's own log.
    pub log: LogSettings,
}

/// Settings of `check`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckSettings {
    /// What to check.
    pub source: SourceSettings,
    /// Whether the firewall of every rule is printed too.
    pub policies: bool,
    /// How problems are printed.
    pub output: OutputFormat,
    /// Whether standard output may be coloured.
    pub color: bool,
}

/// What is done with the firewall's rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WafCommand {
    /// Say what they make of requests.
    Test(WafRequestSettings),
    /// Say why, too.
    Explain {
        /// Of which requests.
        request: WafRequestSettings,
        /// Whether rules are explained that want no line in any log.
        all: bool,
    },
    /// List them.
    Rules(WafRulesSettings),
}

/// Requests to try, and on what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WafRequestSettings {
    /// Policies and rules.
    pub source: SourceSettings,
    /// The file of requests; `-`: standard input.
    pub request: PathBuf,
    /// Whose firewall it is, where that is not the request's to say.
    pub place: WafPlace,
    /// The client's address.
    pub client: IpAddr,
    /// Whether secrets are shown.
    pub unmasked: bool,
    /// How results are printed.
    pub output: OutputFormat,
}

/// Which rules to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WafRulesSettings {
    /// Policies and rules.
    pub source: SourceSettings,
    /// Whose firewall; every one where nothing is said.
    pub place: WafPlace,
    /// How they are printed.
    pub output: OutputFormat,
}

/// What has the firewall in front of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WafPlace {
    /// A host, in lower case.
    pub host: Option<String>,
    /// A path.
    pub path: Option<String>,
}

/// Settings of `echo`.
#[derive(Clone, Debug, PartialEq)]
pub struct EchoSettings {
    /// Where to listen.
    pub listen: Vec<SocketAddr>,
    /// What the backend calls itself in its answers.
    pub name: String,
    /// The program's own log.
    pub log: LogSettings,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum OutputFormat {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}
