//! The end of an inspection: phase 5, the numbers, and the event.

use std::sync::Arc;

use super::{
    Inspection, Uninspected,
    events::Event,
    guard::{Panicked, guarded},
    head::{begin, show_refused},
    inspection::Course,
};
use crate::{
    message::RequestHead,
    proxy::{forwarded::Peer, metrics::FirewallOutcome, record::RequestRecord, worker::Worker},
    snapshot::Firewall,
    waf::Transaction,
};

/// Bytes that are shown of a head that was refused: what a worker looks at in about a millisecond.
pub(super) const REFUSED_HEAD: usize = 12 << 10;

/// Ends the inspection of an exchange that has ended.
pub(in crate::proxy) fn conclude(
    worker: &Worker,
    mut inspection: Box<Inspection>,
    record: &RequestRecord<'_>,
) {
    let mut transaction = inspection.transaction.take();
    if let Some(running) = &mut transaction {
        let ended = worker.transactions.lend(running, |running| {
            let end = || {
                if inspection.status == 0 {
                    let protocol = record.version.as_str().as_bytes();
                    running.response_line(protocol, record.status, b"");
                }
                running.run_logging();
            };
            guarded(end).ok()
        });
        if ended.is_none() {
            inspection.passes(worker, Uninspected::Panicked);
            transaction = None;
        }
    }
    let outcome = match inspection.course {
        Course::Blocked => FirewallOutcome::Blocked,
        Course::Refused => FirewallOutcome::Refused,
        Course::Open => outcome_of(transaction.as_deref()),
    };
    tell(worker, &inspection, transaction, outcome, record);
}

/// Shows a head to the firewall that was refused before it came to a rule, for the record alone: what
/// was answered stands.
pub(in crate::proxy) fn conclude_refused_head(
    worker: &Worker,
    firewall: &Arc<Firewall>,
    peer: &Peer,
    head: &RequestHead,
    record: &RequestRecord<'_>,
) {
    let mut inspection = Inspection::new(firewall);
    let begun = begin(
        &mut inspection,
        worker,
        (peer, record.client),
        record.request_id,
    );
    let panicked = || worker.metrics.pass_uninspected(Uninspected::Panicked);
    if begun == Err(Panicked) {
        return panicked();
    }
    let Some(mut transaction) = inspection.transaction.take() else {
        return;
    };
    let look = |transaction: &mut Transaction| {
        show_refused(transaction, head, REFUSED_HEAD);
        // Most rules about the head stand in phase 2. Verdicts come too late, but a phase is not
        // run after one that has refused.
        if transaction.run_request_head().passes() {
            transaction.run_request_body();
        }
        let protocol = record.version.as_str().as_bytes();
        transaction.response_line(protocol, record.status, b"");
        transaction.run_logging();
    };
    let look = |it: &mut Transaction| guarded(|| look(it)).ok();
    if worker.transactions.lend(&mut transaction, look).is_none() {
        return panicked();
    }
    let outcome = FirewallOutcome::Malformed;
    tell(worker, &inspection, Some(transaction), outcome, record);
}

/// What is said of an exchange that nothing has refused.
pub(super) fn outcome_of(transaction: Option<&Transaction>) -> FirewallOutcome {
    let mut outcome = FirewallOutcome::Passed;
    for found in transaction.iter().flat_map(|it| it.matches()) {
        if found.disruptive {
            return FirewallOutcome::WouldBlock;
        }
        outcome = FirewallOutcome::Matched;
    }
    outcome
}

fn tell(
    worker: &Worker,
    inspection: &Inspection,
    transaction: Option<Box<Transaction>>,
    outcome: FirewallOutcome,
    record: &RequestRecord<'_>,
) {
    let settings = &inspection.firewall.settings;
    let matches = transaction.iter().flat_map(|it| it.matches());
    let rules = matches.map(|found| found.rule.id);
    worker.metrics.inspected(&settings.name, outcome, rules);
    Event {
        inspection,
        outcome,
        record,
        transaction: transaction.as_deref(),
    }
    .write(worker);
    if let Some(transaction) = transaction {
        inspection.give_back(worker, transaction);
    }
}
