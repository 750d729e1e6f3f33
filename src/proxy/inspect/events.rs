//! What is written of an exchange that rules matched or that was refused.
//!
//! Invariant: a log that stalls costs lines, which are counted, and never a request's time.

use super::Uninspected;
use crate::{
    config::{self, FirewallMode},
    proxy::{
        access_log::{Escape, push_escaped},
        forwarded::write_address,
        metrics::FirewallOutcome,
        record::RequestRecord,
        worker::Worker,
    },
    waf::Transaction,
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

/// Writes the event to where this worker's events go.
pub(super) fn write(worker: &Worker, event: &Event<'_>) {
    let log = worker.firewall_log.events.as_ref().unwrap_or(&worker.log);
    log.write_line(|line| write_json(line, event));
}

fn write_json(line: &mut Vec<u8>, event: &Event<'_>) {
    let Event {
        firewall,
        outcome,
        uninspected,
        record,
        transaction,
    } = event;
    let mode = match firewall.mode {
        FirewallMode::Detect => "detect",
        FirewallMode::Block => "block",
    };
    line.extend_from_slice(br#"{"event":"firewall","request_id":""#);
    push_escaped(line, record.request_id, TEXT_LIMIT, Escape::Json);
    line.extend_from_slice(br#"","client":""#);
    write_address(line, record.client);
    for (key, text) in [
        ("method", record.method),
        ("host", record.host),
        ("target", record.target),
        ("firewall", firewall.name.as_bytes()),
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
    line.extend_from_slice(br#","rules":["#);
    let matches = transaction.iter().flat_map(|it| it.matches());
    for (place, found) in matches.enumerate() {
        if place > 0 {
            line.push(b',');
        }
        line.extend_from_slice(br#"{"id":"#);
        line.extend_from_slice(itoa::Buffer::new().format(found.rule.id).as_bytes());
        line.extend_from_slice(br#","msg":""#);
        push_escaped(line, found.msg, TEXT_LIMIT, Escape::Json);
        line.extend_from_slice(br#"","variable":""#);
        push_escaped(line, found.variable, TEXT_LIMIT, Escape::Json);
        line.extend_from_slice(br#""}"#);
    }
    line.extend_from_slice(b"]}\n");
}
