//! What was asked for on the command line, as plain data.

use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf, time::Duration};

use clap_complete::Shell;

use crate::{proxy::AccessLogDestination, telemetry::LogSettings};

/// A command with its settings.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Serve.
    Run(Box<RunSettings>),
    /// Print what is wrong with manifests.
    Check(CheckSettings),
    /// Answer every request with an account of it.
    Echo(EchoSettings),
    /// Print the version.
    Version,
    /// Print a completion script.
    Completions(Shell),
    /// Print a manual page: the program's, or that of one of its commands.
    Man(Option<String>),
}

/// What to read and how to understand it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSettings {
    /// Files and folders of manifests; at least one.
    pub paths: Vec<PathBuf>,
    /// A file with the options that ingress-nginx's ConfigMap has.
    pub options: Option<PathBuf>,
    /// The classes that are served; empty: every one.
    pub ingress_classes: Vec<String>,
    /// Namespace and name of the Secret whose certificate is served where no other one is.
    pub default_tls: Option<(String, String)>,
    /// Serve rules whose access-control annotations are not implemented, instead of denying.
    pub permit_unsupported_access_control: bool,
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

/// Settings of `run`.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSettings {
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
