//! The cookies of one exchange.

use std::{
    cell::Cell,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use super::{
    binding::{Bound, CookieClient},
    finding::{CookieFinding, CookieFindings},
    settings::CookieIntegrity,
};

/// Longest host that cookies are bound to; the end of a longer one.
const LONGEST_HOST: usize = u8::MAX as usize;

/// The cookies of one exchange: those of the request are checked first, those of its answer are signed
/// then.
#[derive(Debug)]
pub struct CookieExchange {
    pub(super) settings: Arc<CookieIntegrity>,
    host: Box<[u8]>,
    /// What stands for the client in new signatures.
    pub(super) bound: Bound,
    findings: Cell<CookieFindings>,
}

impl CookieExchange {
    /// Of a client's request.
    #[must_use]
    pub fn new(settings: &Arc<CookieIntegrity>, client: &CookieClient<'_>) -> Self {
        let over = client.host.len().saturating_sub(LONGEST_HOST);
        Self {
            settings: Arc::clone(settings),
            host: client.host.get(over..).unwrap_or_default().into(),
            bound: settings.binding.bound(client),
            findings: Cell::default(),
        }
    }

    /// What was found so far.
    #[must_use]
    pub fn findings(&self) -> CookieFindings {
        self.findings.get()
    }

    /// The pattern, as configured, of the first cookie that somebody should know of.
    #[must_use]
    pub fn remarkable_pattern(&self) -> Option<&str> {
        self.settings.pattern(self.findings.get().pattern?)
    }

    pub(super) fn note(&self, finding: CookieFinding, pattern: Option<usize>) {
        let mut findings = self.findings.get();
        findings.add(finding, pattern);
        self.findings.set(findings);
    }

    pub(super) fn host(&self) -> &[u8] {
        &self.host
    }
}

/// Seconds since 1970.
pub(super) fn seconds(now: SystemTime) -> u64 {
    now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// The value without the quotes around it, if it has both.
pub(super) fn unquoted(value: &[u8]) -> Option<&[u8]> {
    value.strip_prefix(b"\"")?.strip_suffix(b"\"")
}
