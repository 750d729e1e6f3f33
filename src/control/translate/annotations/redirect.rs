//! Redirects to HTTPS.

use super::settings::AnnotationSettings;
use crate::control::translate::{
    rows::{Meaning, Row},
    values,
};

pub(super) const ROWS: &[Row<AnnotationSettings>] = &[
    Row {
        name: "ssl-redirect",
        meaning: Meaning::Setting(|value, settings| {
            settings.ssl_redirect = Some(values::boolean(value)?);
            Ok(())
        }),
    },
    Row {
        name: "force-ssl-redirect",
        meaning: Meaning::Setting(|value, settings| {
            settings.force_ssl_redirect = Some(values::boolean(value)?);
            Ok(())
        }),
    },
    Row {
        name: "use-port-in-redirects",
        meaning: Meaning::Setting(|value, settings| {
            settings.port_in_redirects = Some(values::boolean(value)?);
            Ok(())
        }),
    },
];
