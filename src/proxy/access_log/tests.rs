//! What the lines look like.
#![allow(clippy::unwrap_used)]

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::{Duration, Instant, UNIX_EPOCH},
};

use super::{clock::Clock, format_json, format_text};
use crate::{
    config::{ObjectKind, ObjectRef, RuleMeta},
    message::Version,
    proxy::record::{Outcome, Phase, RequestRecord, SeriesId, UpstreamRecord},
};

/// A rule of the quickstart.
pub(in crate::proxy) fn rule() -> RuleMeta {
    RuleMeta {
        object: ObjectRef {
            kind: ObjectKind::Ingress,
            namespace: "default".into(),
            name: "myapp".into(),
        },
        service: "blogservice".into(),
        service_port: "80".into(),
        host: "myapp.com".into(),
        path: "/blog".into(),
    }
}

/// A plain GET that was answered.
pub(in crate::proxy) fn record(rule: Option<&RuleMeta>) -> RequestRecord<'_> {
    RequestRecord {
        received: Instant::now(),
        duration: Duration::from_micros(1_234),
        client: IpAddr::from([192, 0, 2, 7]),
        peer: SocketAddr::from((Ipv4Addr::new(10, 0, 0, 1), 4711)),
        method: b"GET",
        target: b"/blog?a=1",
        host: b"myapp.com",
        version: Version::Http11,
        tls: Some("TLSv1.3"),
        status: 200,
        bytes_received: 96,
        bytes_sent: 512,
        request_id: b"0123456789abcdef",
        user_agent: b"curl/8.5.0",
        referer: b"",
        rule,
        series: SeriesId::UNMATCHED,
        upstream: Some(UpstreamRecord {
            address: SocketAddr::from((Ipv4Addr::new(127, 0, 0, 1), 8081)),
            status: 200,
            connect: None,
            head_latency: Some(Duration::from_micros(987)),
            bytes: 512,
            attempts: 1,
        }),
        cookies: None,
        outcome: Outcome::Completed,
    }
}

type Format = fn(&mut Vec<u8>, super::clock::Moment<'_>, &RequestRecord<'_>);

fn line(format: Format, record: &RequestRecord<'_>) -> String {
    // 2026-11-22T12:00:05.250Z
    let wall = UNIX_EPOCH + Duration::from_millis(1_795_348_805_250);
    let mut clock = Clock::new(record.received, wall);
    let mut line = Vec::new();
    format(&mut line, clock.at(record.received), record);
    String::from_utf8(line).unwrap()
}

#[test]
fn a_json_line_holds_everything_that_is_known_in_a_fixed_order() {
    let rule = rule();
    assert_eq!(
        line(format_json::write, &record(Some(&rule))),
        concat!(
            r#"{"time":"2026-11-22T12:00:05.250Z","client":"192.0.2.7","peer":"10.0.0.1:4711","#,
            r#""method":"GET","host":"myapp.com","target":"/blog?a=1","protocol":"HTTP/1.1","#,
            r#""tls":"TLSv1.3","status":200,"outcome":"completed","duration":0.001234,"#,
            r#""bytes_received":96,"bytes_sent":512,"request_id":"0123456789abcdef","#,
            r#""user_agent":"curl/8.5.0","namespace":"default","ingress":"myapp","#,
            r#""path":"/blog","service":"blogservice","service_port":"80","#,
            r#""upstream_address":"127.0.0.1:8081","upstream_attempts":1,"upstream_status":200,"#,
            r#""upstream_latency":0.000987,"upstream_bytes":512}"#,
            "\n"
        )
    );
}

#[test]
fn a_json_line_is_json_whatever_the_client_sent_and_leaves_out_what_is_not_known() {
    let record = RequestRecord {
        tls: None,
        peer: SocketAddr::from((Ipv4Addr::new(192, 0, 2, 7), 4711)),
        status: 0,
        upstream: None,
        outcome: Outcome::ClientAborted,
        method: b"\x00\xff\"",
        user_agent: b"\xc3\xbc\\\n",
        ..record(None)
    };
    let value: serde_json::Value =
        serde_json::from_str(&line(format_json::write, &record)).unwrap();
    assert_eq!(value["method"], "\u{0}\u{ff}\"");
    assert_eq!(value["user_agent"], "\u{c3}\u{bc}\\\n");
    assert_eq!(value["status"], 499);
    for key in [
        "peer",
        "tls",
        "referer",
        "namespace",
        "service",
        "upstream_address",
    ] {
        assert!(value.get(key).is_none(), "{key}");
    }
}

#[test]
fn a_text_line_is_what_ingress_nginx_writes() {
    let rule = rule();
    let unknown = RequestRecord {
        status: 0,
        outcome: Outcome::TimedOut(Phase::RequestHead),
        method: b"",
        target: b"",
        user_agent: b"",
        upstream: None,
        ..record(None)
    };
    let quoted = RequestRecord {
        user_agent: b"a\"b\xff",
        ..record(Some(&rule))
    };
    for (record, expected) in [
        (
            record(Some(&rule)),
            "192.0.2.7 - - [22/Nov/2026:12:00:05 +0000] \"GET /blog?a=1 HTTP/1.1\" 200 512 \"-\" \
             \"curl/8.5.0\" 96 0.001 [default-blogservice-80] [] 127.0.0.1:8081 512 0.000 200 \
             0123456789abcdef\n",
        ),
        (
            unknown,
            "192.0.2.7 - - [22/Nov/2026:12:00:05 +0000] \"\" 000 512 \"-\" \"-\" 96 0.001 [-] [] \
             - - - - 0123456789abcdef\n",
        ),
        (
            quoted,
            "192.0.2.7 - - [22/Nov/2026:12:00:05 +0000] \"GET /blog?a=1 HTTP/1.1\" 200 512 \"-\" \
             \"a\\x22b\\xFF\" 96 0.001 [default-blogservice-80] [] 127.0.0.1:8081 512 0.000 200 \
             0123456789abcdef\n",
        ),
    ] {
        assert_eq!(line(format_text::write, &record), expected);
    }
}
