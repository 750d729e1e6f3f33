//! A log line as a JSON object.
//!
//! Keys stand in a fixed order; those that say nothing are left out.

use super::{
    clock::Moment,
    line::{
        Escape, push_address, push_escaped, push_number, push_padded, push_seconds,
        push_socket_address,
    },
};
use crate::{
    config::RuleMeta,
    proxy::record::{CookieRecord, RequestRecord, UpstreamRecord},
};

/// Longest target shown, in bytes.
const TARGET_LIMIT: usize = 8 << 10;
/// Longest other text shown, in bytes.
const TEXT_LIMIT: usize = 1 << 10;

/// Appends the line, its line feed included.
pub(super) fn write(line: &mut Vec<u8>, moment: Moment<'_>, record: &RequestRecord<'_>) {
    let RequestRecord {
        received: _,
        duration,
        client,
        peer,
        method,
        target,
        host,
        version,
        tls,
        status: _,
        bytes_received,
        bytes_sent,
        request_id,
        user_agent,
        referer,
        rule,
        series: _,
        upstream,
        cookies,
        outcome,
    } = record;
    line.extend_from_slice(br#"{"time":""#);
    line.extend_from_slice(moment.iso);
    line.push(b'.');
    push_padded::<3>(line, moment.millis);
    line.extend_from_slice(br#"Z","client":""#);
    push_address(line, *client);
    if peer.ip() != *client {
        line.extend_from_slice(br#"","peer":""#);
        push_socket_address(line, *peer);
    }
    push_text(line, br#"","method":""#, method, TEXT_LIMIT);
    push_text(line, br#"","host":""#, host, TEXT_LIMIT);
    push_text(line, br#"","target":""#, target, TARGET_LIMIT);
    line.extend_from_slice(br#"","protocol":""#);
    line.extend_from_slice(version.as_str().as_bytes());
    if let Some(tls) = tls {
        line.extend_from_slice(br#"","tls":""#);
        line.extend_from_slice(tls.as_bytes());
    }
    line.extend_from_slice(br#"","status":"#);
    push_number(line, record.shown_status().into());
    line.extend_from_slice(br#","outcome":""#);
    line.extend_from_slice(outcome.as_str().as_bytes());
    line.extend_from_slice(br#"","duration":"#);
    push_seconds::<6>(line, *duration);
    line.extend_from_slice(br#","bytes_received":"#);
    push_number(line, *bytes_received);
    line.extend_from_slice(br#","bytes_sent":"#);
    push_number(line, *bytes_sent);
    push_text(line, br#","request_id":""#, request_id, TEXT_LIMIT);
    if !user_agent.is_empty() {
        push_text(line, br#"","user_agent":""#, user_agent, TEXT_LIMIT);
    }
    if !referer.is_empty() {
        push_text(line, br#"","referer":""#, referer, TEXT_LIMIT);
    }
    line.push(b'"');
    if let Some(rule) = rule {
        push_rule(line, rule);
    }
    if let Some(upstream) = upstream {
        push_upstream(line, upstream);
    }
    if let Some(cookies) = cookies.filter(|it| it.findings.are_remarkable()) {
        push_cookies(line, &cookies);
    }
    line.extend_from_slice(b"}\n");
}

fn push_rule(line: &mut Vec<u8>, rule: &RuleMeta) {
    let RuleMeta {
        object,
        service,
        service_port,
        host: _,
        path,
    } = rule;
    push_text(
        line,
        br#","namespace":""#,
        object.namespace.as_bytes(),
        TEXT_LIMIT,
    );
    push_text(
        line,
        br#"","ingress":""#,
        object.name.as_bytes(),
        TEXT_LIMIT,
    );
    push_text(line, br#"","path":""#, path.as_bytes(), TEXT_LIMIT);
    if !service.is_empty() {
        push_text(line, br#"","service":""#, service.as_bytes(), TEXT_LIMIT);
        push_text(
            line,
            br#"","service_port":""#,
            service_port.as_bytes(),
            TEXT_LIMIT,
        );
    }
    line.push(b'"');
}

fn push_upstream(line: &mut Vec<u8>, upstream: &UpstreamRecord) {
    let UpstreamRecord {
        address,
        status,
        connect,
        head_latency,
        bytes,
        attempts,
    } = upstream;
    line.extend_from_slice(br#","upstream_address":""#);
    push_socket_address(line, *address);
    line.extend_from_slice(br#"","upstream_attempts":"#);
    push_number(line, (*attempts).into());
    if let Some(connect) = connect {
        line.extend_from_slice(br#","upstream_connect":"#);
        push_seconds::<6>(line, *connect);
    }
    if let Some(head_latency) = head_latency {
        line.extend_from_slice(br#","upstream_status":"#);
        push_number(line, (*status).into());
        line.extend_from_slice(br#","upstream_latency":"#);
        push_seconds::<6>(line, *head_latency);
        line.extend_from_slice(br#","upstream_bytes":"#);
        push_number(line, *bytes);
    }
}

/// No name and no value: both may be the client's.
fn push_cookies(line: &mut Vec<u8>, cookies: &CookieRecord<'_>) {
    let CookieRecord { findings, pattern } = cookies;
    let pattern = pattern.unwrap_or_default();
    push_text(
        line,
        br#","cookies":{"pattern":""#,
        pattern.as_bytes(),
        TEXT_LIMIT,
    );
    line.push(b'"');
    for (finding, count) in findings.iter().filter(|(it, _)| it.is_remarkable()) {
        line.extend_from_slice(br#",""#);
        line.extend_from_slice(finding.as_str().as_bytes());
        line.extend_from_slice(br#"":"#);
        push_number(line, count.into());
    }
    line.push(b'}');
}

#[inline]
fn push_text(line: &mut Vec<u8>, key: &[u8], text: &[u8], limit: usize) {
    line.extend_from_slice(key);
    push_escaped(line, text, limit, Escape::Json);
}
