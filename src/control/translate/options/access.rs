//! Access control for every Ingress, none of which is supported yet.

use super::global::Draft;
use crate::control::translate::{
    access_control::{self, AccessControl, Guard},
    rows::{Meaning, Row},
    values,
};

pub(super) const ROWS: &[Row<Draft>] = &[
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
    row(
        "block-cidrs",
        AccessControl::BlockList,
        access_control::denied_ranges,
    ),
    row(
        "block-referers",
        AccessControl::BlockList,
        access_control::denied_ranges,
    ),
    row(
        "block-user-agents",
        AccessControl::BlockList,
        access_control::denied_ranges,
    ),
    row("global-auth-url", AccessControl::GlobalLogin, not_empty),
    row(
        "http-snippet",
        AccessControl::HostSnippet,
        access_control::snippet,
    ),
    row(
        "location-snippet",
        AccessControl::HostSnippet,
        access_control::snippet,
    ),
    row(
        "server-snippet",
        AccessControl::HostSnippet,
        access_control::snippet,
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
