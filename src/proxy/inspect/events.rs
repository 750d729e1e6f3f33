//! What is written of an exchange that rules matched, that was refused, or that is to be audited.
//!
//! Invariant: a log that stalls costs lines, which are counted, and never a request's time.

use super::{AuditLog, FirewallLog, Inspection, Uninspected, guard::guarded};
use crate::{
    config::FirewallMode,
    proxy::{
        access_log::{Escape, push_escaped},
        forwarded::write_address,
        metrics::FirewallOutcome,
        record::RequestRecord,
        worker::Worker,
    },
    waf::{
        Transaction,
        log::{self, About, Masks},
        seclang::AuditFormat,
    },
};

/// Longest text shown, in bytes.
const TEXT_LIMIT: usize = 1 << 10;

/// An exchange that has ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event<'a> {
    pub(super) inspection: &'a Inspection,
    pub(super) outcome: FirewallOutcome,
    pub(super) record: &'a RequestRecord<'a>,
    /// What the rules have found.
    pub(super) transaction: Option<&'a Transaction>,
}

impl Event<'_> {
    /// Writes what there is to say to where this worker's events go, and to the error log and the audit
    /// log where these are wanted.
    pub(super) fn write(&self, worker: &Worker) {
        let FirewallLog {
            events,
            error_lines,
            audit,
            masks,
        } = &worker.firewall_log;
        let events = events.as_ref().unwrap_or(&worker.log);
        let Some(transaction) = self.transaction else {
            if self.is_told() {
                events.write_line(|line| write_blind(line, self));
            }
            return;
        };
        let is_event = self.is_told() || transaction.matches().next().is_some();
        let audit = audit
            .as_ref()
            .filter(|_| guarded(|| log::wants_audit(transaction, self.record.status)) == Ok(true));
        if !is_event && audit.is_none() {
            return;
        }
        let rule = self.record.rule;
        let route = rule.map(|rule| rule.object.to_string()).unwrap_or_default();
        let about = self.about(&route);
        if is_event {
            events.write_line(|line| {
                write_whole(line, |line| {
                    log::event(transaction, &about, masks, line);
                });
            });
            if let Some(lines) = error_lines {
                lines.write_line(|line| {
                    write_whole(line, |line| {
                        log::error_lines(transaction, &about, masks, line);
                    });
                });
            }
        }
        if let Some(audit) = audit {
            audit.write(transaction, &about, masks);
        }
    }

    /// Whether it is an event whatever rules have found.
    fn is_told(&self) -> bool {
        let refused = matches!(
            self.outcome,
            FirewallOutcome::Blocked | FirewallOutcome::Refused
        );
        // That a type streams is known and counted; it is no event.
        let uninspected = self.inspection.uninspected;
        refused || uninspected.is_some_and(|reason| reason != Uninspected::Streamed)
    }

    fn about<'b>(&'b self, route: &'b str) -> About<'b> {
        let Inspection {
            firewall,
            uninspected,
            request_body,
            response_body,
            ..
        } = self.inspection;
        let refused = matches!(self.outcome, FirewallOutcome::Refused);
        About {
            status: self.record.status,
            route,
            policy: &firewall.settings.name,
            refused: refused.then_some("uninspected"),
            action: Some(self.outcome.as_str()),
            uninspected: uninspected.map(Uninspected::as_str),
            request_body: request_body.bytes(),
            request_body_cut: request_body.is_cut(),
            response_body: response_body.bytes(),
        }
    }
}

impl AuditLog {
    fn write(&self, transaction: &Transaction, about: &About<'_>, masks: &Masks) {
        self.entries.write_line(|entry| {
            write_whole(entry, |entry| match self.format {
                AuditFormat::Json => log::audit_json(transaction, about, masks, entry),
                AuditFormat::Native => log::audit_native(transaction, about, masks, entry),
            });
        });
    }
}

/// Writes something, or nothing of it where that panics: the log is others' as well.
fn write_whole(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    if guarded(|| write(out)).is_err() {
        out.truncate(start);
    }
}

/// The event of an exchange that no rules were there for. Nothing is said of what was asked for: what
/// of it is secret is for the rules' log to know.
fn write_blind(line: &mut Vec<u8>, event: &Event<'_>) {
    let Event {
        inspection,
        outcome,
        record,
        transaction: _,
    } = event;
    let firewall = &inspection.firewall.settings;
    let uninspected = inspection.uninspected;
    let mode = match firewall.mode {
        FirewallMode::Detect => "detect",
        FirewallMode::Block => "block",
    };
    line.extend_from_slice(br#"{"request_id":""#);
    push_escaped(line, record.request_id, TEXT_LIMIT, Escape::Json);
    line.extend_from_slice(br#"","client":""#);
    write_address(line, record.client);
    for (key, text) in [
        ("host", record.host),
        ("method", record.method),
        ("policy", firewall.name.as_bytes()),
        ("mode", mode.as_bytes()),
        ("action", outcome.as_str().as_bytes()),
        (
            "uninspected",
            uninspected.map_or("", Uninspected::as_str).as_bytes(),
        ),
    ] {
        if !text.is_empty() {
            line.extend_from_slice(br#"",""#);
            line.extend_from_slice(key.as_bytes());
            line.extend_from_slice(br#"":""#);
            push_escaped(line, text, TEXT_LIMIT, Escape::Json);
        }
    }
    line.extend_from_slice(br#"","status":"#);
    line.extend_from_slice(itoa::Buffer::new().format(record.status).as_bytes());
    line.extend_from_slice(b",\"matches\":[]}\n");
}

#[cfg(test)]
mod tests {
    use super::write_whole;

    #[test]
    fn a_panic_leaves_no_half_of_a_line() {
        let mut log = b"a line\n".to_vec();
        write_whole(&mut log, |log| {
            log.extend_from_slice(b"half");
            assert_eq!(1, 2, "this panic is part of the test");
        });
        write_whole(&mut log, |log| log.extend_from_slice(b"another\n"));
        assert_eq!(log, b"a line\nanother\n");
    }
}
