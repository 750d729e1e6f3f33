//! The choice of an endpoint.

use super::settings::AnnotationSettings;
use crate::control::translate::{
    rows::{Meaning, Row},
    values,
};

pub(super) const ROWS: &[Row<AnnotationSettings>] = &[
    Row {
        name: "load-balance",
        meaning: Meaning::Setting(|value, settings| {
            settings.load_balance = Some(values::balancer(value)?);
            Ok(())
        }),
    },
    Row {
        name: "upstream-hash-by",
        meaning: Meaning::Setting(|value, settings| {
            settings.hash_by = Some(values::hash_keys(value)?);
            Ok(())
        }),
    },
];
