//! Canaries. They are not supported yet, but have to be told: a canary shares its rules with another
//! Ingress and must not compete with it.

use super::settings::AnnotationSettings;
use crate::control::translate::{
    rows::{Fault, Meaning, Row},
    values,
};

pub(super) const ROWS: &[Row<AnnotationSettings>] = &[
    Row {
        name: "canary",
        meaning: Meaning::Setting(|value, settings| {
            if values::boolean(value)? {
                settings.canary = true;
                return Err(Fault::error("canaries are not supported yet", NOT_SERVED));
            }
            Ok(())
        }),
    },
    part("canary-by-cookie"),
    part("canary-by-header"),
    part("canary-by-header-pattern"),
    part("canary-by-header-value"),
    part("canary-weight"),
    part("canary-weight-total"),
];

const NOT_SERVED: &str =
    "the Ingress is not served; all requests go to the Ingress that it is a canary of";

const fn part(name: &'static str) -> Row<AnnotationSettings> {
    Row {
        name,
        meaning: Meaning::Unsupported {
            harmless: &[],
            consequence: "it has no effect",
        },
    }
}
