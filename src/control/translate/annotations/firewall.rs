//! The firewall, as ingress-nginx's ModSecurity is switched on.

use super::settings::AnnotationSettings;
use crate::control::translate::{
    firewall::ModSecurity,
    rows::{Meaning, Row},
};

pub(super) const ROWS: &[Row<AnnotationSettings>] = &[
    Row {
        name: "enable-modsecurity",
        meaning: Meaning::Setting(|value, settings| {
            let (on, result) = ModSecurity::switch(value);
            settings.mod_security.enable = Some(on);
            result
        }),
    },
    Row {
        name: "enable-owasp-core-rules",
        meaning: Meaning::Setting(|value, settings| {
            let (on, result) = ModSecurity::switch(value);
            settings.mod_security.core_rules = on;
            result
        }),
    },
    Row {
        name: "modsecurity-snippet",
        meaning: Meaning::Setting(|value, settings| {
            settings.mod_security.snippet = (!value.is_empty()).then(|| value.into());
            Ok(())
        }),
    },
    Row {
        name: "modsecurity-transaction-id",
        meaning: Meaning::Unsupported {
            harmless: &["$request_id"],
            consequence: "events carry the id of the request",
        },
    },
];
