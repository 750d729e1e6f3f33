//! What the workers' inspections share.

use std::{io, net::IpAddr, num::NonZeroUsize, sync::Arc, time::Instant};

use super::{
    budget::{Budget, Holder},
    threads::Threads,
};
use crate::{
    proxy::{access_log::AccessLog, worker::Worker},
    waf::{log::Masks, seclang::AuditFormat},
};

/// Bytes of bodies that the process holds for inspection at the most: 256 MiB.
pub const BUFFERED_BYTES: usize = 256 << 20;

/// What inspections need, shared by all workers. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Inspectors {
    budget: Arc<Budget>,
    pub(super) threads: Arc<Threads>,
}

impl Inspectors {
    /// A client, as what it has held counts.
    pub(super) fn holder(&self, client: IpAddr) -> Holder {
        self.budget.holder(client)
    }

    /// Starts the threads for inspections that take long, half as many as there are workers. `buffered`
    /// is how many bytes of bodies may be held at once, usually [`BUFFERED_BYTES`].
    ///
    /// # Errors
    /// When a thread cannot be had.
    pub fn start(workers: NonZeroUsize, buffered: usize) -> io::Result<Self> {
        let threads = NonZeroUsize::new(workers.get() / 2).unwrap_or(NonZeroUsize::MIN);
        Ok(Self {
            budget: Arc::new(Budget::new(buffered)),
            threads: Arc::new(Threads::start(threads)?),
        })
    }

    /// Lets go of what was learnt about rules that nobody has any more.
    pub(in crate::proxy) fn forget_gone(&self) {
        self.threads.forget_gone();
    }
}

/// What bodies are kept out of for the audit log, if there is one.
pub(super) fn keep(worker: &Worker, holder: &Holder) -> Option<Holder> {
    worker.firewall_log.audit.as_ref()?;
    Some(holder.clone())
}

/// Where one worker writes what the firewall has found.
#[derive(Debug, Default)]
pub struct FirewallLog {
    /// Events, JSON, one a line. `None`: they stand in the access log.
    pub events: Option<AccessLog>,
    /// Lines as ModSecurity writes them to the error log, one a rule that matched. `None`: they are not
    /// written.
    pub error_lines: Option<AccessLog>,
    /// Entries about exchanges as a whole, where rules want them. `None`: they are not written.
    pub audit: Option<AuditLog>,
    /// What neither shows.
    pub masks: Arc<Masks>,
}

/// Where one worker writes entries of the audit log.
#[derive(Debug)]
pub struct AuditLog {
    /// Takes the entries.
    pub entries: AccessLog,
    /// How they are written.
    pub format: AuditFormat,
}

impl FirewallLog {
    /// Hands over lines that have waited long enough; called several times a second.
    pub(in crate::proxy) fn tick(&self, now: Instant) {
        let Self {
            events,
            error_lines,
            audit,
            masks: _,
        } = self;
        let audit = audit.as_ref().map(|audit| &audit.entries);
        for log in [events.as_ref(), error_lines.as_ref(), audit]
            .into_iter()
            .flatten()
        {
            log.tick(now);
        }
    }
}
