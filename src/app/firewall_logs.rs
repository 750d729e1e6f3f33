//! Where the firewall's log goes.

use std::{io, sync::Arc, time::Duration};

use crate::{
    cli::WafLogFormat,
    proxy::{AccessLogDestination, AccessLogWriter, FirewallLog},
    waf::log::Masks,
};

/// The writer of the firewall's log.
pub(super) struct FirewallLogs {
    /// `None`: it goes where the access log goes, and is written with it, line by line.
    own: Option<AccessLogWriter>,
    /// Takes what is not wanted.
    nowhere: AccessLogWriter,
    format: WafLogFormat,
    masks: Arc<Masks>,
}

impl FirewallLogs {
    /// Opens the log.
    ///
    /// # Errors
    /// When a file cannot be opened or a thread cannot be had.
    pub(super) fn start(
        destination: &AccessLogDestination,
        format: WafLogFormat,
        access_log: &AccessLogDestination,
    ) -> io::Result<Self> {
        let own = match destination {
            same if same == access_log => None,
            other => Some(AccessLogWriter::start(other)?),
        };
        Ok(Self {
            own,
            nowhere: AccessLogWriter::start(&AccessLogDestination::Off)?,
            format,
            masks: Arc::default(),
        })
    }

    /// What one worker needs of it.
    pub(super) fn worker(&self, access_log: &AccessLogWriter) -> FirewallLog {
        let log = self.own.as_ref().unwrap_or(access_log).worker();
        let masks = Arc::clone(&self.masks);
        match self.format {
            WafLogFormat::Json => FirewallLog {
                events: Some(log),
                error_lines: None,
                masks,
            },
            WafLogFormat::Modsecurity => FirewallLog {
                events: Some(self.nowhere.worker()),
                error_lines: Some(log),
                masks,
            },
        }
    }

    /// Opens its file anew.
    pub(super) fn reopen(&self) {
        if let Some(own) = &self.own {
            own.reopen();
        }
    }

    /// Writes what is left; whether all of it was.
    pub(super) fn finish(self, within: Duration) -> bool {
        self.own.is_none_or(|own| own.finish(within))
    }
}
