//! Whether an exchange is logged.

use crate::waf::{
    Transaction,
    operators::{Caches, CompileEnv, Limits, Operator, OperatorError},
    seclang::{AuditMode, NoFiles},
};

/// Statuses, 100 to 999.
const FIRST: u16 = 100;
const COUNT: usize = 900;

/// The statuses that `SecAuditLogRelevantStatus` matches: its pattern is asked about each of them once,
/// when rules are compiled, so that nothing is searched when an exchange ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RelevantStatus(Box<[bool]>);

impl RelevantStatus {
    /// The statuses that a regular expression matches.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) fn matching(pattern: &[u8]) -> Result<Self, OperatorError> {
        let (mut slots, mut warnings) = (0, Vec::new());
        let mut env = CompileEnv {
            files: &NoFiles,
            from: "",
            limits: Limits::default(),
            slots: &mut slots,
            warnings: &mut warnings,
        };
        let operator = Operator::compile("rx", pattern, &mut env)?;
        let mut caches = Caches::default();
        let statuses = (FIRST..).take(COUNT).map(|status| {
            let text = status.to_string();
            operator
                .evaluate(text.as_bytes(), pattern, &mut caches, None)
                .matched
        });
        Ok(Self(statuses.collect()))
    }

    /// Whether a status is among them.
    pub fn has(&self, status: u16) -> bool {
        let place = status.checked_sub(FIRST);
        let place = place.and_then(|place| self.0.get(usize::from(place)));
        place.copied().unwrap_or_default()
    }
}

/// Whether an exchange that ended with `status` belongs in the audit log: `SecAuditEngine`,
/// `ctl:auditEngine`, and where only relevant ones do, `SecAuditLogRelevantStatus` and the rules that
/// matched.
pub fn wants_audit(transaction: &Transaction, status: u16) -> bool {
    match transaction.audit_mode() {
        AuditMode::On => true,
        AuditMode::Off => false,
        AuditMode::RelevantOnly => {
            let relevant = &transaction.policy().settings().audit_relevant_status;
            transaction.audit_asked() || relevant.has(status)
        }
    }
}
