//! The program's own log: what it does, to standard error.
//!
//! Invariant: nothing but the access log is written about a single request above `debug`. Non-goal:
//! the access log itself; that is `proxy`'s.

use std::{io, str::FromStr};

use tracing_subscriber::{
    EnvFilter,
    fmt::{self, format::FmtSpan},
    layer::SubscriberExt,
    util::{SubscriberInitExt, TryInitError},
};

/// How the program's own log is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// What is logged.
    pub filter: LogFilter,
    /// In which form.
    pub format: LogFormat,
    /// Whether the text form is coloured.
    pub color: bool,
}

/// The form of the program's own log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// A level, or comma-separated `TARGET=LEVEL`; known to be one that can be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilter(String);

impl FromStr for LogFilter {
    type Err = tracing_subscriber::filter::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        EnvFilter::try_new(text).map(|_| Self(text.to_owned()))
    }
}

/// Crates whose words are not passed on unless they are asked for: they log answers of the API server that
/// they cannot read, whole, which may be Secrets, and every try while it is away. What matters of it is
/// said by `control`.
const QUIET: &str = "kube_client=off,kube_runtime=off";

/// Starts logging for the whole process; fails if that was done before.
pub fn start(settings: &LogSettings) -> Result<(), TryInitError> {
    let LogSettings {
        filter: LogFilter(filter),
        format,
        color,
    } = settings;
    let filter = EnvFilter::new(format!("{QUIET},{filter}"));
    let registry = tracing_subscriber::registry().with(filter);
    let layer = fmt::layer()
        .with_writer(io::stderr)
        .with_span_events(FmtSpan::NONE);
    match format {
        LogFormat::Text => registry.with(layer.with_ansi(*color)).try_init(),
        LogFormat::Json => registry
            .with(layer.json().flatten_event(true).with_ansi(false))
            .try_init(),
    }
}
