//! What each option comes to.
#![allow(clippy::unwrap_used)]

use std::{collections::BTreeSet, time::Duration};

use super::{GlobalOptions, options_from_config_map, table::TABLE};
use crate::{
    config::{AccessLogFormat, ObjectKind, ObjectRef, Problem},
    message::Slashes,
    policy::BodyLimit,
    upstream::Balancer,
};

fn read(kind: ObjectKind, data: &[(&str, &str)]) -> (GlobalOptions, Vec<Problem>) {
    let object = ObjectRef {
        kind,
        namespace: "".into(),
        name: "options".into(),
    };
    let data = data
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    options_from_config_map(object, None, &data.collect())
}

fn read_one(key: &str, value: &str) -> GlobalOptions {
    let (options, problems) = read(ObjectKind::File, &[(key, value)]);
    assert_eq!(problems, [], "{key}: {value}");
    options
}

/// One key with a value, and a change to the defaults that it comes to.
type Case = (&'static str, &'static str, fn(&mut GlobalOptions));

#[test]
fn a_supported_key_changes_what_it_says_and_nothing_else() {
    let cases: &[Case] = &[
        ("ssl-redirect", "false", |o| {
            o.options.defaults.https_redirect = None
        }),
        ("force-ssl-redirect", "true", |o| {
            o.options.force_https_redirect = true
        }),
        ("http-redirect-code", "301", |o| {
            o.https_redirect.status = 301;
            o.options.defaults.https_redirect = Some(o.https_redirect);
        }),
        ("https-port", "8443", |o| {
            o.https_redirect.port = 8443;
            o.options.defaults.https_redirect = Some(o.https_redirect);
        }),
        ("use-port-in-redirects", "true", |o| {
            o.port_in_redirects = true
        }),
        ("no-tls-redirect-locations", "/a, /b", |o| {
            o.no_https_redirect = vec!["/a".into(), "/b".into()];
        }),
        ("no-auth-locations", "/a", |o| {
            o.no_login = vec!["/a".into()]
        }),
        ("hsts", "false", |o| o.options.defaults.hsts = None),
        ("hsts-max-age", "60", |o| {
            o.options.defaults.hsts.as_mut().unwrap().max_age = 60;
        }),
        ("hsts-include-subdomains", "false", |o| {
            o.options.defaults.hsts.as_mut().unwrap().include_subdomains = false;
        }),
        ("hsts-preload", "true", |o| {
            o.options.defaults.hsts.as_mut().unwrap().preload = true;
        }),
        ("proxy-body-size", "8m", |o| {
            o.options.defaults.body_limit = BodyLimit::Bytes(8 << 20);
        }),
        ("proxy-connect-timeout", "7", |o| {
            o.options.defaults.timeouts.connect = Duration::from_secs(7);
        }),
        ("proxy-read-timeout", "7", |o| {
            o.options.defaults.timeouts.read = Duration::from_secs(7);
        }),
        ("proxy-send-timeout", "7", |o| {
            o.options.defaults.timeouts.send = Duration::from_secs(7);
        }),
        ("request-timeout", "7", |o| {
            o.options.defaults.timeouts.request = Some(Duration::from_secs(7));
        }),
        ("request-timeout", "0", |_| {}),
        ("merge-slashes", "false", |o| {
            o.options.slashes = Slashes::Keep
        }),
        ("client-header-timeout", "7", |o| {
            o.options.head_timeout = Duration::from_secs(7)
        }),
        ("client-body-timeout", "7", |o| {
            o.options.body_idle_timeout = Duration::from_secs(7)
        }),
        ("firewall-body-timeout", "7", |o| {
            o.options.held_body_timeout = Duration::from_secs(7)
        }),
        ("large-client-header-buffers", "8 16k", |o| {
            o.options.max_head_bytes = 128 << 10;
            o.options.max_target_bytes = 16 << 10;
        }),
        ("enable-underscores-in-headers", "true", |o| {
            o.options.underscores_in_headers = true
        }),
        ("use-http2", "false", |o| o.options.http2 = false),
        ("keep-alive", "0", |o| o.options.keep_alive = Duration::ZERO),
        ("keep-alive-requests", "0", |o| {
            o.options.keep_alive_requests = 1
        }),
        ("keep-alive-requests", "1000", |o| {
            o.options.keep_alive_requests = 1000
        }),
        ("upstream-keepalive-connections", "9", |o| {
            o.options.upstream_idle_connections = 9
        }),
        ("upstream-keepalive-timeout", "9", |o| {
            o.options.upstream_idle_timeout = Duration::from_secs(9);
        }),
        ("load-balance", "ewma", |o| o.balancer = Balancer::Ewma),
        ("compute-full-forwarded-for", "true", |o| {
            o.options.client_address.compute_full_forwarded_for = true;
        }),
        ("proxy-real-ip-cidr", "10.0.0.0/8, 192.0.2.1", |o| {
            o.options.client_address.trusted = vec![
                "10.0.0.0/8".parse().unwrap(),
                "192.0.2.1/32".parse().unwrap(),
            ];
        }),
        ("disable-access-log", "true", |o| {
            o.options.access_log = None
        }),
        ("disable-http-access-log", "true", |o| {
            o.options.access_log = None
        }),
    ];
    for (key, value, change) in cases {
        let mut expected = GlobalOptions::default();
        change(&mut expected);
        assert_eq!(read_one(key, value), expected, "{key}: {value}");
    }
}

#[test]
fn whoever_is_believed_has_to_be_named_or_everybody_is() {
    for key in ["use-forwarded-headers", "use-proxy-protocol"] {
        let (options, problems) = read(ObjectKind::File, &[(key, "true")]);
        assert_eq!(options.options.client_address.trusted.len(), 2, "{key}");
        let [problem] = problems.as_slice() else {
            panic!("{problems:?}");
        };
        assert_eq!(problem.field, key);
        let named = [(key, "true"), ("proxy-real-ip-cidr", "10.0.0.0/8")];
        let (options, problems) = read(ObjectKind::File, &named);
        assert_eq!(
            options.options.client_address.trusted,
            ["10.0.0.0/8".parse().unwrap()]
        );
        assert_eq!(problems, []);
    }
}

#[test]
fn a_log_format_is_ingress_nginxs_or_a_problem() {
    let (options, problems) = read(ObjectKind::File, &[("log-format-upstream", "$status")]);
    assert_eq!(options.options.access_log, Some(AccessLogFormat::Text));
    assert_eq!(problems.len(), 1);
    let off = [
        ("disable-access-log", "true"),
        ("log-format-upstream", "$status"),
    ];
    assert_eq!(read(ObjectKind::File, &off).0.options.access_log, None);
}

#[test]
fn what_cannot_be_used_is_said_and_leaves_the_default() {
    let cases = [
        (
            "proxy-body-size",
            "lots",
            "\"lots\" is not a size, such as 8m, 512k or 1g",
        ),
        (
            "proxy-read-timeout",
            "1m",
            "\"1m\" is not a whole number of seconds",
        ),
        ("https-port", "0", "\"0\" is not a port"),
        (
            "http-redirect-code",
            "303",
            "\"303\" is not one of 301, 302, 307 and 308",
        ),
        (
            "large-client-header-buffers",
            "4",
            "\"4\" is not a number of buffers and their size",
        ),
        (
            "large-client-header-buffers",
            "64 1m",
            "\"64 1m\" is more than 1 MiB for one request's head",
        ),
        (
            "proxy-real-ip-cidr",
            "all",
            "\"all\" is not a list of ranges",
        ),
        ("hsts", "yes", "\"yes\" is neither true nor false"),
        ("use-gzip", "true", "use-gzip is not supported yet"),
        (
            "proxy-body-sice",
            "8m",
            "there is no such option; did you mean proxy-body-size?",
        ),
        ("anything", "8m", "there is no such option"),
    ];
    for (key, value, message) in cases {
        let (options, problems) = read(ObjectKind::ConfigMap, &[(key, value)]);
        assert_eq!(options, GlobalOptions::default(), "{key}");
        let [problem] = problems.as_slice() else {
            panic!("{key}: {problems:?}");
        };
        assert_eq!(problem.field, format!("data[\"{key}\"]"));
        assert_eq!(problem.message, message);
        assert!(!problem.consequence.is_empty());
    }
}

#[test]
fn every_key_has_one_row() {
    let names: Vec<&str> = TABLE
        .iter()
        .flat_map(|rows| rows.iter())
        .map(|row| row.name)
        .collect();
    let distinct: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(names.len(), distinct.len());
    // As many as ingress-nginx 1.15 has, and some that it has retired.
    assert!(names.len() >= 190, "{}", names.len());
}
