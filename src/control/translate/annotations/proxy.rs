//! Limits on bodies and time.

use super::settings::AnnotationSettings;
use crate::control::translate::{
    rows::{Meaning, Row},
    values,
};

pub(super) const ROWS: &[Row<AnnotationSettings>] = &[
    Row {
        name: "proxy-body-size",
        meaning: Meaning::Setting(|value, settings| {
            settings.body_limit = Some(values::body_limit(value)?);
            Ok(())
        }),
    },
    Row {
        name: "proxy-connect-timeout",
        meaning: Meaning::Setting(|value, settings| {
            settings.connect_timeout = Some(values::seconds(value)?);
            Ok(())
        }),
    },
    Row {
        name: "proxy-read-timeout",
        meaning: Meaning::Setting(|value, settings| {
            settings.read_timeout = Some(values::seconds(value)?);
            Ok(())
        }),
    },
    Row {
        name: "proxy-send-timeout",
        meaning: Meaning::Setting(|value, settings| {
            settings.send_timeout = Some(values::seconds(value)?);
            Ok(())
        }),
    },
];

/// Annotations of our own.
pub(super) const OWN: &[Row<AnnotationSettings>] = &[Row {
    name: "request-timeout",
    meaning: Meaning::Setting(|value, settings| {
        settings.request_timeout = Some(values::seconds_or_never(value)?);
        Ok(())
    }),
}];
