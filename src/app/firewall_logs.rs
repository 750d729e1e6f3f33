//! Where the firewall's logs go.

use std::{io, sync::Arc, time::Duration};

use crate::{
    cli::{WafAuditLogFormat, WafLogFormat},
    proxy::{AccessLogDestination, AccessLogWriter, AuditLog, FirewallLog},
    waf::{log::Masks, seclang::AuditFormat},
};

/// What is wanted of the firewall's logs.
pub(super) struct FirewallLogSettings {
    pub(super) findings: AccessLogDestination,
    pub(super) format: WafLogFormat,
    pub(super) audit: AccessLogDestination,
    pub(super) audit_format: WafAuditLogFormat,
}

/// The writers of the firewall's logs.
pub(super) struct FirewallLogs {
    findings: Sink,
    format: WafLogFormat,
    audit: Sink,
    /// `None`: there is no audit log.
    audit_format: Option<AuditFormat>,
    /// Takes what is not wanted.
    nowhere: AccessLogWriter,
    masks: Arc<Masks>,
}

/// Where one of the logs goes. Two that go to the same place have one writer, so that lines stay whole.
enum Sink {
    /// With the access log.
    Access,
    /// The audit log, with what is found.
    Findings,
    Own(AccessLogWriter),
}

impl FirewallLogs {
    /// Opens the logs.
    ///
    /// # Errors
    /// When a file cannot be opened or a thread cannot be had.
    pub(super) fn start(
        settings: &FirewallLogSettings,
        access_log: &AccessLogDestination,
    ) -> io::Result<Self> {
        let FirewallLogSettings {
            findings,
            format,
            audit,
            audit_format,
        } = settings;
        let sink = |name, destination: &AccessLogDestination| {
            if destination == access_log {
                return Ok(Sink::Access);
            }
            AccessLogWriter::start_prompt(name, destination).map(Sink::Own)
        };
        let wanted = *audit != AccessLogDestination::Off;
        Ok(Self {
            audit: match audit == findings && wanted {
                true => Sink::Findings,
                false => sink("audit log", audit)?,
            },
            findings: sink("firewall log", findings)?,
            format: *format,
            audit_format: wanted.then_some(match audit_format {
                WafAuditLogFormat::Json => AuditFormat::Json,
                WafAuditLogFormat::Native => AuditFormat::Native,
            }),
            nowhere: AccessLogWriter::start(&AccessLogDestination::Off)?,
            masks: Arc::default(),
        })
    }

    /// What one worker needs of them.
    pub(super) fn worker(&self, access_log: &AccessLogWriter) -> FirewallLog {
        let findings = self.findings(access_log).worker();
        let (events, error_lines) = match self.format {
            WafLogFormat::Json => (findings, None),
            WafLogFormat::Modsecurity => (self.nowhere.worker(), Some(findings)),
        };
        let audit = self.audit_format.map(|format| AuditLog {
            entries: match &self.audit {
                Sink::Access => access_log.worker(),
                Sink::Findings => self.findings(access_log).worker(),
                Sink::Own(own) => own.worker(),
            },
            format,
        });
        FirewallLog {
            events: Some(events),
            error_lines,
            audit,
            masks: Arc::clone(&self.masks),
        }
    }

    fn findings<'a>(&'a self, access_log: &'a AccessLogWriter) -> &'a AccessLogWriter {
        match &self.findings {
            Sink::Own(own) => own,
            Sink::Access | Sink::Findings => access_log,
        }
    }

    /// Opens their files anew.
    pub(super) fn reopen(&self) {
        for own in [&self.findings, &self.audit]
            .into_iter()
            .flat_map(Sink::own)
        {
            own.reopen();
        }
    }

    /// Tell how many lines and entries were dropped so far: of what is found, and of the audit log.
    /// Those that go with another log are counted there.
    pub(super) fn dropped_counters(&self) -> [Box<dyn Fn() -> u64 + Send + Sync>; 2] {
        [&self.findings, &self.audit].map(|sink| match sink {
            Sink::Own(own) => Box::new(own.dropped_counter()) as Box<dyn Fn() -> u64 + Send + Sync>,
            Sink::Access | Sink::Findings => Box::new(|| 0),
        })
    }

    /// Writes what is left; whether all of it was.
    pub(super) fn finish(self, within: Duration) -> bool {
        let own = [self.findings, self.audit];
        let own = own.into_iter().filter_map(|sink| match sink {
            Sink::Own(own) => Some(own),
            Sink::Access | Sink::Findings => None,
        });
        let mut whole = true;
        for own in own {
            // Each has the time, whatever became of the one before.
            whole &= own.finish(within);
        }
        whole
    }
}

impl Sink {
    fn own(&self) -> Option<&AccessLogWriter> {
        match self {
            Self::Own(own) => Some(own),
            Self::Access | Self::Findings => None,
        }
    }
}
