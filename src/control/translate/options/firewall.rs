//! The firewall for every Ingress, as ingress-nginx's ModSecurity is switched on.

use super::global::Draft;
use crate::control::translate::{
    firewall::ModSecurity,
    rows::{Meaning, Row},
};

pub(super) const ROWS: &[Row<Draft>] = &[
    Row {
        name: "enable-modsecurity",
        meaning: Meaning::Setting(|value, draft| {
            let (on, result) = ModSecurity::switch(value);
            draft.firewall.mod_security.enable = Some(on);
            result
        }),
    },
    Row {
        name: "enable-owasp-modsecurity-crs",
        meaning: Meaning::Setting(|value, draft| {
            let (on, result) = ModSecurity::switch(value);
            draft.firewall.mod_security.core_rules = on;
            result
        }),
    },
    Row {
        name: "modsecurity-snippet",
        meaning: Meaning::Setting(|value, draft| {
            draft.firewall.mod_security.snippet = (!value.is_empty()).then(|| value.into());
            Ok(())
        }),
    },
];
