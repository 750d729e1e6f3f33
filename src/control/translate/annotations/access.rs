//! Access control, none of which is supported yet: rules that ask for it are denied, so that nobody
//! loses protection.

use super::settings::AnnotationSettings;
use crate::control::translate::{
    access_control::{self, AccessControl, Guard},
    rows::{Meaning, Row},
};

pub(super) const ROWS: &[Row<AnnotationSettings>] = &[
    row(
        "allowlist-source-range",
        AccessControl::AllowedRanges,
        access_control::allowed_ranges,
    ),
    row(
        "whitelist-source-range",
        AccessControl::AllowedRanges,
        access_control::allowed_ranges,
    ),
    row(
        "denylist-source-range",
        AccessControl::DeniedRanges,
        access_control::denied_ranges,
    ),
    row("satisfy", AccessControl::Login, access_control::always),
    // Passwords.
    row("auth-realm", AccessControl::Login, access_control::always),
    row("auth-secret", AccessControl::Login, access_control::always),
    row(
        "auth-secret-type",
        AccessControl::Login,
        access_control::always,
    ),
    row("auth-type", AccessControl::Login, access_control::always),
    // Another service's word.
    row("auth-url", AccessControl::Login, access_control::always),
    row(
        "auth-always-set-cookie",
        AccessControl::Login,
        access_control::always,
    ),
    row(
        "auth-cache-duration",
        AccessControl::Login,
        access_control::always,
    ),
    row(
        "auth-cache-key",
        AccessControl::Login,
        access_control::always,
    ),
    row(
        "auth-keepalive",
        AccessControl::Login,
        access_control::always,
    ),
    row(
        "auth-keepalive-requests",
        AccessControl::Login,
        access_control::always,
    ),
    row(
        "auth-keepalive-share-vars",
        AccessControl::Login,
        access_control::always,
    ),
    row(
        "auth-keepalive-timeout",
        AccessControl::Login,
        access_control::always,
    ),
    row("auth-method", AccessControl::Login, access_control::always),
    row(
        "auth-proxy-set-headers",
        AccessControl::Login,
        access_control::always,
    ),
    row(
        "auth-request-redirect",
        AccessControl::Login,
        access_control::always,
    ),
    row(
        "auth-response-headers",
        AccessControl::Login,
        access_control::always,
    ),
    row("auth-signin", AccessControl::Login, access_control::always),
    row(
        "auth-signin-redirect-param",
        AccessControl::Login,
        access_control::always,
    ),
    row("auth-snippet", AccessControl::Login, access_control::always),
    row(
        "enable-global-auth",
        AccessControl::GlobalLogin,
        access_control::main_switch,
    ),
    // Directives of nginx.
    row(
        "configuration-snippet",
        AccessControl::Snippet,
        access_control::snippet,
    ),
    row(
        "server-snippet",
        AccessControl::HostSnippet,
        access_control::snippet,
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
