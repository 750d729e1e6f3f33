//! What is written of an exchange that rules matched or that was refused.
//!
//! Invariant: a log that stalls costs lines, which are counted, and never a request's time.

use super::{FirewallLog, Uninspected};
use crate::{
    config::{self, FirewallMode},
    proxy::{
        access_log::{Escape, push_escaped},
        forwarded::write_address,
        metrics::FirewallOutcome,
        record::RequestRecord,
        worker::Worker,
    },
    waf::{
        Transaction,
        log::{self, About},
    },
};

/// Longest text shown, in bytes.
const TEXT_LIMIT: usize = 1 << 10;

/// An exchange of which something is to be said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event<'a> {
    pub(super) firewall: &'a config::Firewall,
    pub(super) outcome: FirewallOutcome,
    /// Why something of it was not inspected.
    pub(super) uninspected: Option<Uninspected>,
    pub(super) record: &'a RequestRecord<'a>,
    /// What the rules have found.
    pub(super) transaction: Option<&'a Transaction>,
}

/// Writes the event to where this worker's events go, and lines of an error log where they are wanted.
pub(super) fn write(worker: &Worker, event: &Event<'_>) {
    let FirewallLog {
        events,
        error_lines,
        masks,
    } = &worker.firewall_log;
    let events = events.as_ref().unwrap_or(&worker.log);
    let Some(transaction) = event.transaction else {
        events.write_line(|line| write_blind(line, event));
        return;
    };
    let refused = matches!(event.outcome, FirewallOutcome::Refused);
    let route = event
        .record
        .rule
        .map(|rule| rule.object.to_string())
        .unwrap_or_default();
    let about = About {
        status: event.record.status,
        route: &route,
        policy: &event.firewall.name,
        refused: refused.then_some("uninspected"),
        action: Some(event.outcome.as_str()),
        uninspected: event.uninspected.map(Uninspected::as_str),
        ..About::default()
    };
    events.write_line(|line| {
        log::event(transaction, &about, masks, line);
    });
    if let Some(lines) = error_lines {
        lines.write_line(|line| log::error_lines(transaction, &about, masks, line));
    }
}

/// The event of an exchange that no rules were there for. Nothing is said of what was asked for: what
/// of it is secret is for the rules' log to know.
fn write_blind(line: &mut Vec<u8>, event: &Event<'_>) {
    let Event {
        firewall,
        outcome,
        uninspected,
        record,
        transaction: _,
    } = event;
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
