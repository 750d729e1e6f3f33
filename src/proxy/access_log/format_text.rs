//! A log line as ingress-nginx's `upstreaminfo` has it, so that what reads those reads ours.
//!
//! `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer"
//! "$http_user_agent" $request_length $request_time [$proxy_upstream_name]
//! [$proxy_alternative_upstream_name] $upstream_addr $upstream_response_length
//! $upstream_response_time $upstream_status $req_id`
//!
//! Differences: one upstream address (the one tried last); `$upstream_response_time` ends with the
//! response head; the time is in UTC.

use super::{
    clock::Moment,
    line::{
        Escape, push_address, push_escaped, push_number, push_padded, push_seconds,
        push_socket_address,
    },
};
use crate::proxy::record::{RequestRecord, UpstreamRecord};

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
        peer: _,
        method,
        target,
        host: _,
        version,
        tls: _,
        status: _,
        bytes_received,
        bytes_sent,
        request_id,
        user_agent,
        referer,
        rule,
        series: _,
        upstream,
        cookies: _,
        outcome: _,
    } = record;
    push_address(line, *client);
    line.extend_from_slice(b" - - [");
    line.extend_from_slice(moment.common);
    line.extend_from_slice(b" +0000] \"");
    if !method.is_empty() {
        push_escaped(line, method, TEXT_LIMIT, Escape::Text);
        line.push(b' ');
        push_escaped(line, target, TARGET_LIMIT, Escape::Text);
        line.push(b' ');
        line.extend_from_slice(version.as_str().as_bytes());
    }
    line.extend_from_slice(b"\" ");
    push_padded::<3>(line, record.shown_status().into());
    line.push(b' ');
    push_number(line, *bytes_sent);
    line.extend_from_slice(b" \"");
    push_or_dash(line, referer);
    line.extend_from_slice(b"\" \"");
    push_or_dash(line, user_agent);
    line.extend_from_slice(b"\" ");
    push_number(line, *bytes_received);
    line.push(b' ');
    push_seconds::<3>(line, *duration);
    line.extend_from_slice(b" [");
    match rule {
        Some(rule) if !rule.service.is_empty() => {
            for part in [&rule.object.namespace, &rule.service] {
                push_escaped(line, part.as_bytes(), TEXT_LIMIT, Escape::Text);
                line.push(b'-');
            }
            push_escaped(line, rule.service_port.as_bytes(), TEXT_LIMIT, Escape::Text);
        }
        Some(_) | None => line.push(b'-'),
    }
    line.extend_from_slice(b"] [] ");
    push_upstream(line, upstream.as_ref());
    push_or_dash(line, request_id);
    line.push(b'\n');
}

fn push_upstream(line: &mut Vec<u8>, upstream: Option<&UpstreamRecord>) {
    let Some(upstream) = upstream else {
        line.extend_from_slice(b"- - - - ");
        return;
    };
    let UpstreamRecord {
        address,
        status,
        connect: _,
        head_latency,
        bytes,
        attempts: _,
    } = upstream;
    push_socket_address(line, *address);
    line.push(b' ');
    match head_latency {
        Some(head_latency) => {
            push_number(line, *bytes);
            line.push(b' ');
            push_seconds::<3>(line, *head_latency);
            line.push(b' ');
            push_padded::<3>(line, (*status).into());
            line.push(b' ');
        }
        None => line.extend_from_slice(b"0 - - "),
    }
}

fn push_or_dash(line: &mut Vec<u8>, text: &[u8]) {
    if text.is_empty() {
        line.push(b'-');
    } else {
        push_escaped(line, text, TEXT_LIMIT, Escape::Text);
    }
}
