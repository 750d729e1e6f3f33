//! Phase 1: the head, as it came.

use std::{net::IpAddr, time::SystemTime};

use super::{
    Inspection, Uninspected,
    guard::{Panicked, guarded},
    work::Work,
};
use crate::{
    message::RequestHead,
    proxy::{
        account::Account,
        error::ProxyError,
        forwarded::{Peer, write_address},
        worker::Worker,
    },
    waf::{Exchange, RequestLine, Transaction},
};

/// Shows the head of a request to the exchange's firewall; `alone`: no body is looked at, and phase 2
/// follows at once.
pub(in crate::proxy) async fn inspect_head(
    account: &mut Account<'_>,
    head: &RequestHead,
    alone: bool,
) -> Result<(), ProxyError> {
    let Some(mut inspection) = account.inspection.take() else {
        return Ok(());
    };
    let address = account.peer.client.ip();
    let address = account.client.map_or(address, |client| client.address);
    let limit = account.rule.as_ref();
    let limit = limit.and_then(|rule| rule.policy.timeouts.request);
    inspection.client = address;
    inspection.deadline = limit.and_then(|limit| account.started.checked_add(limit));
    let begun = begin(
        &mut inspection,
        account.worker,
        (account.peer, address),
        account.request_id(head),
    );
    let worker = account.worker;
    let inspection = account.inspection.insert(inspection);
    if begun == Err(Panicked) {
        return inspection.panicked(worker);
    }
    if inspection.transaction.is_none() {
        return inspection.lacks(worker, Uninspected::NoRules, ProxyError::NoRules);
    }
    inspection.ask(worker, |transaction| show(transaction, head))?;
    let length = head.head_len;
    inspection
        .run(worker, Work::RequestHead { length, alone })
        .await
        .map(|_| ())
}

/// Takes a transaction and begins the exchange, if there are rules.
pub(super) fn begin(
    inspection: &mut Inspection,
    worker: &Worker,
    (peer, client): (&Peer, IpAddr),
    id: &[u8],
) -> Result<(), Panicked> {
    let Some(policy) = &inspection.firewall.policy else {
        return Ok(());
    };
    let mut addresses = Vec::with_capacity(32);
    write_address(&mut addresses, client);
    let end = addresses.len();
    write_address(&mut addresses, peer.server.ip().to_canonical());
    let (client, server) = addresses.split_at_checked(end).unwrap_or_default();
    let exchange = Exchange {
        client,
        client_port: peer.client.port(),
        server,
        server_port: peer.server.port(),
        id,
        at: SystemTime::now(),
    };
    let transaction = guarded(|| {
        let mut transaction = worker.transactions.take(policy);
        transaction.begin(policy, &exchange);
        transaction
    })?;
    inspection.transaction = Some(transaction);
    Ok(())
}

/// Shows a head as it came.
pub(super) fn show(transaction: &mut Transaction, head: &RequestHead) {
    let start = head.method_span.start as usize;
    let line = line_of(head.buffer.get(start..).unwrap_or_default());
    let version = (head.target_span.end as usize + 1).saturating_sub(start);
    transaction.request_line(&RequestLine {
        line,
        method: head.method_bytes(),
        target: head.target(),
        protocol: line.get(version..).unwrap_or_default(),
    });
    for field in head.fields() {
        transaction.request_header(field.name, field.value);
    }
}

/// Shows a head that was refused, as far as it was read: the first line, whatever it is, and the
/// fields before the fault, `most` bytes in all.
pub(super) fn show_refused(transaction: &mut Transaction, head: &RequestHead, most: usize) {
    let is_blank = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let start = head.buffer.iter().position(|byte| !is_blank(byte));
    let text = start.and_then(|start| head.buffer.get(start..));
    let text = text.unwrap_or_default();
    let line = line_of(text.get(..most).unwrap_or(text));
    let (method, rest) = split_at_blank(line, memchr::memchr(b' ', line));
    let (target, protocol) = match memchr::memrchr(b' ', rest) {
        Some(at) if rest.get(at..).is_some_and(|it| it.starts_with(b" HTTP/")) => {
            split_at_blank(rest, Some(at))
        }
        _ => (rest, &b""[..]),
    };
    transaction.request_line(&RequestLine {
        line,
        method,
        target,
        protocol,
    });
    let mut shown = line.len();
    for field in head.fields() {
        shown += field.name.len() + field.value.len();
        if shown > most {
            break;
        }
        transaction.request_header(field.name, field.value);
    }
}

/// The line that `text` begins with, without its end.
fn line_of(text: &[u8]) -> &[u8] {
    let end = memchr::memchr(b'\n', text).unwrap_or(text.len());
    let line = text.get(..end).unwrap_or_default();
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// What is before the blank at this place and what is after it.
fn split_at_blank(text: &[u8], at: Option<usize>) -> (&[u8], &[u8]) {
    let Some(at) = at else {
        return (text, b"");
    };
    let (before, after) = text.split_at_checked(at).unwrap_or_default();
    (before, after.get(1..).unwrap_or_default())
}
