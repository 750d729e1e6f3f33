//! The table as a whole, and values that need more than a row of a fixture.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use super::{read, table::TABLE};
use crate::{
    config::{ObjectKind, ObjectRef, Severity},
    control::translate::{
        access_control::{self, Guard},
        report::Reporter,
        rows,
    },
};

#[test]
fn every_annotation_of_ingress_nginx_has_one_row() {
    let names: Vec<&str> = TABLE
        .iter()
        .flat_map(|rows| rows.iter())
        .map(|row| row.name)
        .collect();
    let distinct: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(names.len(), distinct.len());
    // 136 names and two aliases.
    assert_eq!(names.len(), 138);
}

#[test]
fn a_name_that_is_nearly_right_is_recognised() {
    let cases = [
        ("proxy-body-sise", Some("proxy-body-size")),
        ("ssl_redirect", Some("ssl-redirect")),
        ("SSL-redirect", None),
        ("whitelist-source-ranges", Some("whitelist-source-range")),
        ("x", None),
        ("", None),
    ];
    for (name, expected) in cases {
        assert_eq!(rows::nearest(TABLE, name), expected, "{name}");
    }
}

#[test]
fn an_annotation_without_effect_is_reported_whatever_its_value() {
    for row in TABLE.iter().flat_map(|rows| rows.iter()) {
        // What a Secret's name names is looked at later, and any text can be SecLang: what is wrong
        // with it shows when it is compiled.
        if matches!(row.name, "auth-tls-secret" | "modsecurity-snippet") {
            continue;
        }
        let object = ObjectRef {
            kind: ObjectKind::Ingress,
            namespace: "default".into(),
            name: "a".into(),
        };
        let mut reporter = Reporter::new(object, None);
        let key = format!("nginx.ingress.kubernetes.io/{}", row.name);
        let annotations = [(key.clone(), "some value of no meaning".to_owned())].into();
        let settings = read(&annotations, false, &mut reporter);
        let problems = reporter.finish();
        assert_eq!(problems.len(), 1, "{}", row.name);
        assert_eq!(
            problems[0].field,
            format!("metadata.annotations[\"{key}\"]")
        );
        assert!(!problems[0].consequence.is_empty(), "{}", row.name);
        let restricts = !settings.guards.over(&BTreeSet::new()).is_empty();
        let is_exempt = ["backend-protocol", "canary", "auth-tls-match-cn"].contains(&row.name);
        assert!(
            restricts == (problems[0].severity == Severity::Error) || is_exempt,
            "{}",
            row.name
        );
    }
}

#[test]
fn directives_that_refuse_requests_are_access_control() {
    let refuse = [
        "deny all;",
        "if ($http_x = \"\") { return 403; }",
        "if ($bad) {return 444;}",
        "location ~ /\\.git { deny all; return 404; }",
        "auth_basic \"x\";",
        "satisfy any; allow 10.0.0.0/8; deny all;",
        "access_by_lua_block { ngx.exit(403) }",
        "modsecurity on;",
        "valid_referers none blocked;",
        "ssl_verify_client on;",
    ];
    for text in refuse {
        assert_eq!(access_control::snippet(text), Guard::On, "{text}");
    }
    let pass = [
        "",
        "more_set_headers \"X-Frame-Options: DENY\";",
        "add_header Allow-Origin *;",
        "return 301 https://example.com$request_uri;",
        "proxy_set_header X-Denied no;",
    ];
    for text in pass {
        assert!(
            matches!(access_control::snippet(text), Guard::Other(_)),
            "{text}"
        );
    }
}
