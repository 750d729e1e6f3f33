//! Access control, none of which is supported yet: rules that ask for it are denied, so that nobody
//! loses protection.

use super::settings::AnnotationSettings;
use crate::control::translate::{
    rows::{AccessControl, Guard, Meaning, Row},
    values,
};

pub(super) const ROWS: &[Row<AnnotationSettings>] = &[
    row(
        "allowlist-source-range",
        AccessControl::AllowedRanges,
        values::allowed_ranges,
    ),
    row(
        "whitelist-source-range",
        AccessControl::AllowedRanges,
        values::allowed_ranges,
    ),
    row(
        "denylist-source-range",
        AccessControl::DeniedRanges,
        values::denied_ranges,
    ),
    row("satisfy", AccessControl::Login, values::always),
    // Passwords.
    row("auth-realm", AccessControl::Login, values::always),
    row("auth-secret", AccessControl::Login, values::always),
    row("auth-secret-type", AccessControl::Login, values::always),
    row("auth-type", AccessControl::Login, values::always),
    // Another service's word.
    row("auth-url", AccessControl::Login, values::always),
    row(
        "auth-always-set-cookie",
        AccessControl::Login,
        values::always,
    ),
    row("auth-cache-duration", AccessControl::Login, values::always),
    row("auth-cache-key", AccessControl::Login, values::always),
    row("auth-keepalive", AccessControl::Login, values::always),
    row(
        "auth-keepalive-requests",
        AccessControl::Login,
        values::always,
    ),
    row(
        "auth-keepalive-share-vars",
        AccessControl::Login,
        values::always,
    ),
    row(
        "auth-keepalive-timeout",
        AccessControl::Login,
        values::always,
    ),
    row("auth-method", AccessControl::Login, values::always),
    row(
        "auth-proxy-set-headers",
        AccessControl::Login,
        values::always,
    ),
    row(
        "auth-request-redirect",
        AccessControl::Login,
        values::always,
    ),
    row(
        "auth-response-headers",
        AccessControl::Login,
        values::always,
    ),
    row("auth-signin", AccessControl::Login, values::always),
    row(
        "auth-signin-redirect-param",
        AccessControl::Login,
        values::always,
    ),
    row("auth-snippet", AccessControl::Login, values::always),
    row(
        "enable-global-auth",
        AccessControl::GlobalLogin,
        values::main_switch,
    ),
    // Client certificates.
    row(
        "auth-tls-error-page",
        AccessControl::ClientCertificate,
        values::always,
    ),
    row(
        "auth-tls-match-cn",
        AccessControl::ClientCertificate,
        values::always,
    ),
    row(
        "auth-tls-pass-certificate-to-upstream",
        AccessControl::ClientCertificate,
        values::switch,
    ),
    row(
        "auth-tls-secret",
        AccessControl::ClientCertificate,
        values::always,
    ),
    row(
        "auth-tls-verify-client",
        AccessControl::ClientCertificate,
        verify_client,
    ),
    row(
        "auth-tls-verify-depth",
        AccessControl::ClientCertificate,
        values::always,
    ),
    // The firewall.
    row(
        "enable-modsecurity",
        AccessControl::Firewall,
        values::main_switch,
    ),
    row(
        "enable-owasp-core-rules",
        AccessControl::Firewall,
        values::switch,
    ),
    row(
        "modsecurity-snippet",
        AccessControl::Firewall,
        values::always,
    ),
    row(
        "modsecurity-transaction-id",
        AccessControl::Firewall,
        values::always,
    ),
    // Directives of nginx.
    row(
        "configuration-snippet",
        AccessControl::Snippet,
        values::snippet,
    ),
    row(
        "server-snippet",
        AccessControl::HostSnippet,
        values::snippet,
    ),
];

const fn row(
    name: &'static str,
    kind: AccessControl,
    judge: fn(&str) -> Guard,
) -> Row<AnnotationSettings> {
    Row {
        name,
        meaning: Meaning::AccessControl { kind, judge },
    }
}

fn verify_client(value: &str) -> Guard {
    if value == "off" {
        Guard::Never
    } else {
        Guard::On
    }
}
