//! Access control for every Ingress, none of which is supported yet.

use super::global::Draft;
use crate::control::translate::{
    rows::{AccessControl, Guard, Meaning, Row},
    values,
};

pub(super) const ROWS: &[Row<Draft>] = &[
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
    row(
        "block-cidrs",
        AccessControl::BlockList,
        values::denied_ranges,
    ),
    row(
        "block-referers",
        AccessControl::BlockList,
        values::denied_ranges,
    ),
    row(
        "block-user-agents",
        AccessControl::BlockList,
        values::denied_ranges,
    ),
    row("global-auth-url", AccessControl::GlobalLogin, not_empty),
    row(
        "enable-modsecurity",
        AccessControl::Firewall,
        values::main_switch,
    ),
    row(
        "enable-owasp-modsecurity-crs",
        AccessControl::Firewall,
        values::switch,
    ),
    row("modsecurity-snippet", AccessControl::Firewall, not_empty),
    row("http-snippet", AccessControl::HostSnippet, values::snippet),
    row(
        "location-snippet",
        AccessControl::HostSnippet,
        values::snippet,
    ),
    row(
        "server-snippet",
        AccessControl::HostSnippet,
        values::snippet,
    ),
    Row {
        name: "no-auth-locations",
        meaning: Meaning::Setting(|value, draft| {
            draft.no_login = values::list(value).map(Box::from).collect();
            Ok(())
        }),
    },
];

const fn row(name: &'static str, kind: AccessControl, judge: fn(&str) -> Guard) -> Row<Draft> {
    Row {
        name,
        meaning: Meaning::AccessControl { kind, judge },
    }
}

fn not_empty(value: &str) -> Guard {
    if value.is_empty() {
        Guard::Silent
    } else {
        Guard::On
    }
}
